"""One program from its text to what came of it: read, checked, carried out, described.

This is what a worker does. It knows nothing about processes.
"""

import time
import warnings
from dataclasses import dataclass

import torch

from blitz.tensors.describe import describe
from blitz.tensors.expressions import Follow, Interpreter
from blitz.tensors.faults import Fault, ProgramError
from blitz.tensors.limits import Budget, Limits
from blitz.tensors.names import check_names
from blitz.tensors.packing import Packed, pack
from blitz.tensors.recorder import Recorder
from blitz.tensors.summaries import Call, Storage, Variable
from blitz.tensors.syntax import Program, read

RESULT = ""
"""The name of the last expression's value among the variables."""


@dataclass(frozen=True, kw_only=True, slots=True)
class Report:
    """What came of a program."""

    fault: Fault | None
    values: Packed
    shown: tuple[Variable, ...] = ()
    storages: tuple[Storage, ...] = ()
    calls: tuple[Call, ...] = ()
    printed: str = ""
    seconds: float = 0.0


@dataclass(frozen=True, kw_only=True, slots=True)
class Run:
    """A program that was carried out here: its live values."""

    variables: dict[str, object]
    value: object
    fault: Fault | None
    recorder: Recorder
    seconds: float


def read_program(source: str) -> Program:
    """Parse a program and look up its names; ProgramError for the first that is wrong."""
    program = read(source)
    check_names(program)
    return program


def report(source: str, device: str, seed: int, limits: Limits) -> Report:
    """Run a program and describe what came of it."""
    try:
        program = read_program(source)
    except ProgramError as error:
        return Report(fault=error.fault, values=Packed(values={}, memories=()))
    done = run(program, device=device, seed=seed, limits=limits)
    values = dict(done.variables)
    if done.value is not None:
        values[RESULT] = done.value
    shown, storages = describe(values)
    summaries = {variable.name: variable.summary for variable in shown}
    names = {id(value): name for name, value in values.items()}
    return Report(
        fault=done.fault,
        values=pack(values, lambda array: summaries.get(names.get(id(array), ""))),
        shown=shown,
        storages=storages,
        calls=tuple(done.recorder.calls),
        printed=done.recorder.printed,
        seconds=done.seconds,
    )


def run(
    program: Program,
    *,
    device: str = "cpu",
    seed: int = 0,
    limits: Limits,
    follow: Follow | None = None,
) -> Run:
    """Carry out a program in this process, with random numbers from the seed on."""
    recorder = Recorder(program.source)
    interpreter = Interpreter(
        program, device=device, budget=Budget(limits), recorder=recorder, follow=follow
    )
    fault = None
    started = time.perf_counter()
    with warnings.catch_warnings(), torch.random.fork_rng(devices=[]), torch.enable_grad():
        warnings.simplefilter("ignore")
        torch.manual_seed(seed)
        try:
            with torch.device(device):
                interpreter.run()
        except ProgramError as error:
            fault = error.fault
    return Run(
        variables=interpreter.variables,
        value=interpreter.value,
        fault=fault,
        recorder=recorder,
        seconds=time.perf_counter() - started,
    )
