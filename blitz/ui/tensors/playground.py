"""The tensor playground: an editor, what its program makes, and panels about that."""

import streamlit as st

from blitz.tensors.address import MAX_SEED
from blitz.tensors.evaluation import Evaluation
from blitz.tensors.workers import not_carried_out, shared_workers
from blitz.ui.services import services
from blitz.ui.session_limits import LimitError
from blitz.ui.tensors.address_bar import go_to, write_address
from blitz.ui.tensors.catalogue_panel import show_catalogue
from blitz.ui.tensors.distribution_panel import show_distribution
from blitz.ui.tensors.editor import editor, typed
from blitz.ui.tensors.history import remember, show_history
from blitz.ui.tensors.names import operation_names
from blitz.ui.tensors.operations_panel import marked_span, show_operations
from blitz.ui.tensors.outcome import fault_text, show_outcome
from blitz.ui.tensors.state import (
    DEVICE,
    EDITOR,
    KEY,
    PANEL,
    PROGRAM,
    REVISION,
    SEED,
    VARIANT,
    devices,
    is_offered,
    lesson,
    present,
)
from blitz.ui.tensors.take_away_panel import show_take_away
from blitz.ui.tensors.variables_view import variables_view
from blitz.ui.text import plain
from blitz.ui.visitor import visitor

EDITOR_WIDTH = 520
VARIABLES, PICTURES, SPREAD = "Variables", "Operations", "Distribution"
CATALOGUE, TAKE_AWAY, HISTORY = "Catalogue", "Take away", "History"
PANELS = (VARIABLES, PICTURES, SPREAD, CATALOGUE, TAKE_AWAY, HISTORY)
_EVALUATION = f"{KEY}evaluation"


def show_playground() -> None:
    """Show the program in the session's state and what came of it."""
    event = typed(EDITOR, revision=st.session_state[REVISION])
    if event is not None:
        st.session_state[PROGRAM] = event.source
    evaluation = _evaluated()
    remember(evaluation)
    # Widths of their own rather than columns: on a narrow page one goes below the other.
    with st.container(horizontal=True, gap="medium"):
        left, right = st.container(width=EDITOR_WIDTH), st.container(width="stretch")
    with left:
        _show_editor(evaluation)
        _show_settings()
    with right:
        _show_lesson()
        show_outcome(evaluation)
    st.session_state.setdefault(PANEL, VARIABLES)
    panel = st.segmented_control(
        "Panel", PANELS, key=PANEL, label_visibility="collapsed", required=True,
        persist_state="session",
    )  # fmt: skip
    _show_panel(panel or VARIABLES, evaluation)
    write_address()


def _evaluated() -> Evaluation:
    """The evaluation of the present program; it runs again only when something has changed."""
    state = present()
    last: Evaluation | None = st.session_state.get(_EVALUATION)
    wanted = (state.program, state.device, state.seed)
    if last is None or (last.source, last.device, last.seed) != wanted:
        try:
            if not is_offered():
                services().limits.count_program(visitor())
        except LimitError as error:
            return not_carried_out(*wanted, reason=str(error))
        last = shared_workers().evaluate(*wanted)
        st.session_state[_EVALUATION] = last
    return last


def _show_editor(evaluation: Evaluation) -> None:
    fault = evaluation.fault
    marks = st.session_state.get(PANEL) == PICTURES
    editor(
        st.session_state[PROGRAM],
        revision=st.session_state[REVISION],
        fault=fault.span if fault else None,
        fault_text=fault_text(fault) if fault else "",
        marked=marked_span(evaluation.calls) if marks else None,
        names=operation_names(),
        key=EDITOR,
    )


def _show_settings() -> None:
    with st.container(horizontal=True, gap="small", vertical_alignment="bottom"):
        # Set before it is shown: both also change when a lesson or an address is taken up.
        st.session_state[f"{SEED}-field"] = st.session_state[SEED]
        st.number_input(
            "Seed", min_value=0, max_value=MAX_SEED, step=1, key=f"{SEED}-field",
            on_change=_take_seed, width=140, help="Of random numbers: the same each time.",
        )  # fmt: skip
        st.session_state[f"{DEVICE}-field"] = st.session_state[DEVICE]
        st.selectbox(
            "Device", devices(), key=f"{DEVICE}-field", on_change=_take_device, width=140,
            help="Where tensors are made; in a program it is called device.",
        )  # fmt: skip


def _take_seed() -> None:
    given = st.session_state[f"{SEED}-field"]
    st.session_state[SEED] = 0 if given is None else given


def _take_device() -> None:
    st.session_state[DEVICE] = st.session_state[f"{DEVICE}-field"]


def _show_lesson() -> None:
    chosen = lesson()
    if chosen is None:
        st.markdown(
            "Type a few lines of PyTorch: what they make appears below as you type. "
            "`torch`, `np` and `F` are there; the catalogue has every operation."
        )
        return
    st.markdown(chosen.text)
    if chosen.without_accelerator and len(devices()) == 1:
        st.info(chosen.without_accelerator)
    titles = ["The program", *(variant.title for variant in chosen.variants)]
    if len(titles) > 1:
        with st.container(horizontal=True, gap="small"):
            for index, title in enumerate(titles):
                is_chosen = index == st.session_state[VARIANT]
                st.button(
                    plain(title), key=f"{KEY}variant-{chosen.name}-{index}", on_click=go_to,
                    args=(chosen.name, index), type="primary" if is_chosen else "secondary",
                )  # fmt: skip


def _show_panel(panel: str, evaluation: Evaluation) -> None:
    came_to_nothing = evaluation.fault is not None and not (evaluation.shown or evaluation.calls)
    if came_to_nothing and panel in (VARIABLES, PICTURES, SPREAD):
        return  # above stands why
    if panel == VARIABLES:
        if evaluation.shown:
            variables_view(evaluation.shown, evaluation.storages, key=f"{KEY}variables")
        else:
            st.info("No variables yet: write `x = torch.ones(2, 3)`.")
    elif panel == PICTURES:
        show_operations(evaluation.calls)
    elif panel == SPREAD:
        show_distribution(evaluation.shown)
    elif panel == CATALOGUE:
        show_catalogue()
    elif panel == TAKE_AWAY:
        show_take_away(evaluation)
    else:
        show_history()
