"""Running a program in a namespace of its own, with PyTorch's settings as they usually are.

What its graph is: see `tracing`.
"""

import linecache
import time
import weakref
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, field
from types import CodeType, ModuleType
from typing import Any

import torch

from blitz.autograd.graph import Recording, record
from blitz.autograd.graph.watching import follow_line, notice_variables
from blitz.autograd.program.reading import Program, ProgramError
from blitz.turns import one_at_a_time

OUTPUT_LIMIT = 20_000
"""Characters of printed text that are kept."""


@dataclass(frozen=True, kw_only=True, slots=True, eq=False)
class ProgramRun:
    """What came of a program: all of it, or what there was when an error stopped it.

    Its functions and hooks find the program's variables until `close`, or until both the run and
    the graphs traced with its recording are gone.
    """

    variables: Mapping[str, Any]
    """Without what was imported as a module."""
    recording: Recording = field(repr=False)
    output: str
    """What it printed."""
    error: ProgramError | None
    seconds: float
    _free: Callable[[], object] = field(repr=False)

    def close(self) -> None:
        """Let go of the program's namespace; `variables` stay, its functions no longer work.

        A hook knows its function, that the namespace, and that the tensor which PyTorch hangs the
        hook on: a circle that Python's garbage collector does not see, so it is cut here.
        """
        self._free()


def run_program(program: Program) -> ProgramRun:
    """Run a program in a namespace of its own, and leave PyTorch's settings as they were.

    An error of the program is a result, not an exception. One program runs at a time.
    """
    return _run_by_python(program) if program.carry_out is None else _run_otherwise(program)


def _run_by_python(program: Program) -> ProgramRun:
    printed = _Printed()
    namespace: dict[str, Any] = {"__name__": "__main__", "print": printed}
    with one_at_a_time():
        _show_lines(program)
        code = compile(program.listing, program.file, "exec", dont_inherit=True)
        started = time.perf_counter()
        with _settings_kept(), record() as recording:
            error = _execute(code, namespace)
        seconds = time.perf_counter() - started
    variables = {
        name: value
        for name, value in namespace.items()
        if not name.startswith("__") and value is not printed and not isinstance(value, ModuleType)
    }
    return ProgramRun(
        variables=variables,
        recording=recording,
        output=printed.text,
        error=error,
        seconds=seconds,
        _free=_freed_with(recording, namespace),
    )


def _run_otherwise(program: Program) -> ProgramRun:
    assert program.carry_out is not None
    with one_at_a_time():
        _show_lines(program)
        started = time.perf_counter()
        with _settings_kept(), record() as recording:

            def follow(line: int, variables: Mapping[str, object]) -> None:
                notice_variables(recording, variables)
                follow_line(recording, program.file, line)

            left = program.carry_out(follow)
            notice_variables(recording, left.variables)
        seconds = time.perf_counter() - started
    return ProgramRun(
        variables=left.variables,
        recording=recording,
        output=left.output,
        error=left.error,
        seconds=seconds,
        _free=lambda: None,  # it has no functions of its own
    )


def _show_lines(program: Program) -> None:
    """Let Python find the text of the program's lines."""
    lines = program.listing.splitlines(keepends=True)
    linecache.cache[program.file] = (len(program.listing), None, lines, program.file)


def _freed_with(recording: Recording, namespace: dict[str, Any]) -> Callable[[], object]:
    """Clears a namespace once: when called, or when nobody has the recording any more.

    The recording, since graphs keep it, and their hooks need the namespace as well.
    """
    free = weakref.finalize(recording, namespace.clear)
    free.atexit = False
    return free


def _execute(code: CodeType, namespace: dict[str, Any]) -> ProgramError | None:
    try:
        exec(code, namespace)
    except Exception as error:  # noqa: BLE001 - whatever stops a program is its result
        return _describe(error, code.co_filename)
    return None


def _describe(error: Exception, file: str) -> ProgramError:
    line = None
    traceback = error.__traceback__
    while traceback is not None:
        if traceback.tb_frame.f_code.co_filename == file:
            line = traceback.tb_lineno
        traceback = traceback.tb_next
    # PyTorch's hints are about options that a person does not have here.
    text = str(error).partition(" Hint: ")[0]
    message = " ".join(f"{type(error).__name__}: {text}".split())
    return ProgramError(message=message.removesuffix(":"), line=line, exception=error)


class _Printed:
    """Stands in for `print`: keeps what is printed, up to a limit."""

    def __init__(self) -> None:
        self.text = ""

    def __call__(self, *values: object, sep: str = " ", end: str = "\n") -> None:
        if len(self.text) < OUTPUT_LIMIT:
            self.text += sep.join(map(str, values)) + end
            if len(self.text) >= OUTPUT_LIMIT:
                self.text = self.text[: OUTPUT_LIMIT - 2] + "…\n"


@contextmanager
def _settings_kept() -> Iterator[None]:
    """PyTorch's usual settings within; afterwards those that were there before."""
    dtype, threads = torch.get_default_dtype(), torch.get_num_threads()
    devices = range(torch.cuda.device_count()) if torch.cuda.is_initialized() else ()
    try:
        torch.set_default_dtype(torch.float32)
        # The inner modes are for a caller who is within no_grad or inference_mode.
        with torch.random.fork_rng(devices), torch.inference_mode(False), torch.enable_grad():
            yield
    finally:
        torch.set_default_dtype(dtype)
        if torch.get_num_threads() != threads:
            torch.set_num_threads(threads)
