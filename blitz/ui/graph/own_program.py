"""A program that a person types on the autograd page, in the language of the tensor playground.

It runs in a limited process first. Only what came through there runs again in this one, still over
the table of operations and within narrower limits: here its graph stays to be looked at.
"""

from dataclasses import replace
from functools import lru_cache

import streamlit as st
from torch import Tensor

from blitz.autograd.program import CarriedOut, Follow, Program, ProgramError
from blitz.tensors.address import State, decode, encode
from blitz.tensors.evaluation import Evaluation
from blitz.tensors.faults import Fault
from blitz.tensors.faults import ProgramError as TensorProgramError
from blitz.tensors.limits import Limits
from blitz.tensors.running import Run, read_program, run
from blitz.tensors.workers import not_carried_out, shared_workers
from blitz.ui.services import services
from blitz.ui.session_limits import LimitError
from blitz.ui.tensors.editor import editor, typed
from blitz.ui.tensors.names import operation_names
from blitz.ui.tensors.outcome import fault_text, show_outcome
from blitz.ui.text import digest
from blitz.ui.visitor import visitor

OWN = "program"
"""The parameter of the address; its value is what `blitz.tensors.address.encode` makes."""
EDITOR = "graph_own"
TITLE = "Your own program"
RESULT = "result"
"""What the value of the last expression is called."""
HERE = Limits(num_bytes=256 * 2**20, seconds=1.0)
MOST_EVALUATIONS = 50
_FIRST = """\
x = torch.tensor([1., 2., 3.], requires_grad=True)
w = torch.randn(2, 3, requires_grad=True)
y = torch.sigmoid(w @ x)
y.sum()
"""
_STATE = f"{EDITOR}-state"
_REVISION = f"{EDITOR}-revision"


def first_program() -> str:
    """What a person begins with, for the address."""
    return encode(State(program=_FIRST, device="cpu", seed=0))


def show_own_program() -> Program | None:
    """Show the editor with the program in the address; the program as it is now.

    None where it did not run or was ended by force, which is said: here it never runs then.
    """
    st.title(TITLE)
    state = _present()
    evaluation = _evaluated(state)
    fault = evaluation.fault
    editor(
        state.program,
        revision=st.session_state[_REVISION],
        fault=fault.span if fault else None,
        fault_text=fault_text(fault) if fault else "",
        marked=None,
        names=operation_names(),
        key=EDITOR,
    )
    if fault is not None:
        show_outcome(evaluation)
        if fault.span is None:
            return None
    return as_program(state)


def as_program(state: State) -> Program:
    """The program for the graph explorer."""

    def carry_out(follow: Follow) -> CarriedOut:
        try:
            program = read_program(state.program)
        except TensorProgramError as error:
            return _stopped(error.fault)
        done = run(program, device=state.device, seed=state.seed, limits=HERE, follow=follow)
        return CarriedOut(
            variables=done.variables | {RESULT: _result(done)},
            output=done.recorder.printed,
            error=_error(done.fault) if done.fault else None,
        )

    return Program(
        name=f"own-{digest(encode(state))}",
        title=TITLE,
        text="The graph of the value of the last line.",
        graph_of=(RESULT,),
        module=None,
        gradient=None,
        controls=(),
        source=encode(state),
        listing=state.program,
        carry_out=carry_out,
    )


def _present() -> State:
    """The program that was just typed, or else the one in the address."""
    given = st.query_params[OWN]
    if given != st.session_state.get(_STATE):  # from a link, from Back, or from the list
        st.session_state[_STATE] = given
        st.session_state[_REVISION] = st.session_state.get(_REVISION, 0) + 1
    try:
        state = decode(given)
    except ValueError as error:
        st.warning(f"{error}: this is another one.")
        state = decode(first_program())
    event = typed(EDITOR, revision=st.session_state[_REVISION])
    if event is None:
        return state
    state = State(program=event.source, device=state.device, seed=state.seed)
    st.query_params[OWN] = st.session_state[_STATE] = encode(state)
    return state


def _evaluated(state: State) -> Evaluation:
    try:
        return _evaluated_once(state)
    except LimitError as error:
        return not_carried_out(state.program, state.device, state.seed, reason=str(error))


@lru_cache(maxsize=MOST_EVALUATIONS)
def _evaluated_once(state: State) -> Evaluation:
    if encode(state) != first_program():
        services().limits.count_program(visitor())
    found = shared_workers().evaluate(state.program, state.device, state.seed)
    return replace(found, value=None, variables={})  # kept for long, and not needed here


def _result(done: Run) -> object:
    """The last line's value; where that is none, the latest variable that autograd recorded."""
    if done.value is not None:
        return done.value
    recorded = [
        value
        for value in done.variables.values()
        if isinstance(value, Tensor) and value.grad_fn is not None
    ]
    return recorded[-1] if recorded else None


def _stopped(fault: Fault) -> CarriedOut:
    return CarriedOut(variables={}, output="", error=_error(fault))


def _error(fault: Fault) -> ProgramError:
    line = fault.span.line if fault.span else None
    return ProgramError(message=fault.message, line=line, exception=TensorProgramError(fault))
