"""Short programs whose numbers can be set, run for the graph that they build.

A program is a Python file that also runs by itself. Its docstring holds a title, a text and a last
line that names what to trace; comments behind literals say which of them may be changed:

    '''A chain of sines.

    The text, in Markdown.

    Graph: y
    '''

    import torch

    steps = 20  # 1 to 1,000: how often the sine is taken

Knows nothing about pages or about which programs there are. Only files of our own are run, with
numbers that have been checked: what people write never comes here.
"""

import ast
import io
import linecache
import re
import reprlib
import threading
import time
import tokenize
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, field
from types import CodeType, ModuleType
from typing import Any, Literal

import torch
from torch import Tensor, nn

from blitz.autograd.graph import AutogradGraph, NoGraphError, Recording, record, trace

Value = bool | int | float | str | tuple[float, ...]
ControlKind = Literal["switch", "integer", "number", "choice", "numbers"]

NUMBER = r"-?[\d,]*\.?\d+(?:e-?\d+)?"
RANGE = re.compile(rf"({NUMBER}) to ({NUMBER})(?:: (.+))?")
CHOICES = re.compile(r'one of ("[^"]+"(?:, "[^"]+")*)(?:: (.+))?')
SWITCH = re.compile(r"on or off(?:: (.+))?")
GRAPH = re.compile(r"Graph: (\w+(?:, \w+)*)(?: of (\w+))?(?: from (\w+))?")

OUTPUT_LIMIT = 20_000
"""Characters of printed text that are kept."""

# Settings of PyTorch such as the random state are the whole process's, so one program at a time.
_one_at_a_time = threading.Lock()


@dataclass(frozen=True, kw_only=True, slots=True)
class Control:
    """A literal of a program that may be changed, and to what."""

    name: str
    """The variable."""
    kind: ControlKind
    value: Value
    """As it stands in the program; a list of numbers is a tuple here."""
    minimum: float | None = None
    """Of numbers, also of each in a list; an int where the numbers are whole."""
    maximum: float | None = None
    choices: tuple[str, ...] = ()
    help: str = ""

    def checked(self, value: object) -> Value:
        """The value as it goes into the program; ValueError in one line where it cannot."""
        result = self._accepted(value)
        if result is None:
            given = " ".join(reprlib.repr(value).split())
            raise ValueError(f"{self.name}: {given} was given; choose {self.allowed}")
        return result

    @property
    def allowed(self) -> str:
        """What may be chosen, in words."""
        if self.kind == "switch":
            return "True or False"
        if self.kind == "choice":
            return ", ".join(f'"{choice}"' for choice in self.choices)
        noun = "number" if self.is_whole is False else "whole number"
        between = f"from {self.minimum:,} to {self.maximum:,}"
        if isinstance(self.value, tuple):
            return f"a list of {len(self.value)} {noun}s {between}"
        return f"a {noun} {between}"

    @property
    def is_whole(self) -> bool:
        """Whether its numbers are whole ones."""
        numbers = self.value if isinstance(self.value, tuple) else (self.value,)
        return all(isinstance(number, int) for number in numbers)

    def _accepted(self, value: object) -> Value | None:
        if self.kind == "switch":
            return value if isinstance(value, bool) else None
        if self.kind == "choice":
            return value if isinstance(value, str) and value in self.choices else None
        if not isinstance(self.value, tuple):
            return self._number(value)
        if not isinstance(value, list | tuple) or len(value) != len(self.value):
            return None
        numbers = tuple(number for number in map(self._number, value) if number is not None)
        return numbers if len(numbers) == len(self.value) else None

    def _number(self, value: object) -> float | None:
        assert self.minimum is not None
        assert self.maximum is not None
        if isinstance(value, bool) or not isinstance(value, int if self.is_whole else (int, float)):
            return None
        if not self.minimum <= value <= self.maximum:  # NaN is not between any two numbers
            return None
        return int(value) if self.is_whole else float(value)


@dataclass(frozen=True, kw_only=True, slots=True)
class Program:
    """A short program, and what its docstring and comments say about it."""

    name: str
    title: str
    text: str
    """Markdown: what to look for."""
    graph_of: tuple[str, ...]
    """Variables whose graph is shown."""
    module: str | None
    """Variable of the model that gives the parameters their names."""
    gradient: str | None
    """Variable of the gradient that the backward pass starts from, where that is not ones."""
    controls: tuple[Control, ...]
    source: str
    listing: str = field(repr=False)
    """The source without docstring and ranges: what is shown, and to the letter what runs."""

    @property
    def file(self) -> str:
        """Under which name its lines are known."""
        return f"<example {self.name}>"

    def with_values(self, values: Mapping[str, object]) -> "Program":
        """The same program with these values in place of its own.

        Raises ValueError in one line where there is no such control or it does not allow the value.
        """
        controls = {control.name: control for control in self.controls}
        for name in values:
            if name not in controls:
                raise ValueError(f"{name}: the program has {', '.join(controls) or 'no controls'}")
        lines = self.source.splitlines()
        for name, literal in _literals(ast.parse(self.source)).items():
            if name in values:
                value = controls[name].checked(values[name])
                text = repr(list(value)) if isinstance(value, tuple) else repr(value)
                lines[literal.lineno - 1] = _put(lines[literal.lineno - 1], literal, text)
        return read_program("\n".join(lines) + "\n", self.name)


@dataclass(frozen=True, kw_only=True, slots=True)
class ProgramError:
    """What stopped a program."""

    message: str
    """One line."""
    line: int | None
    """Line of the listing, where the error came up from one."""
    exception: Exception = field(repr=False)


@dataclass(frozen=True, kw_only=True, slots=True, eq=False)
class ProgramRun:
    """What came of a program: all of it, or what there was when an error stopped it."""

    variables: Mapping[str, Any]
    """Without what was imported as a module."""
    recording: Recording = field(repr=False)
    output: str
    """What it printed."""
    error: ProgramError | None
    seconds: float


# Reading


def read_program(source: str, name: str) -> Program:
    """Read a program's docstring and controls; ValueError where they are not as described above."""
    tree = ast.parse(source)
    title, text, graph = _read_docstring(ast.get_docstring(tree) or "", name)
    comments = _comments(source)
    controls: dict[int, Control] = {}
    for variable, literal in _literals(tree).items():
        control = _read_control(variable, ast.literal_eval(literal), comments[literal.lineno])
        if control is not None:
            controls[literal.lineno] = control
    return Program(
        name=name,
        title=title,
        text=text,
        graph_of=tuple(graph[1].split(", ")),
        module=graph[2],
        gradient=graph[3],
        controls=tuple(controls.values()),
        source=source,
        listing=_listing(source, tree, controls),
    )


def _read_docstring(docstring: str, name: str) -> tuple[str, str, re.Match[str]]:
    title, _, rest = docstring.partition("\n")
    text, _, last = rest.rpartition("\n")
    found = GRAPH.fullmatch(last)
    if not title or found is None:
        raise ValueError(
            f"example {name}: its docstring needs a title in the first line, and in the last one "
            "what to trace, such as 'Graph: loss', 'Graph: loss of model' or 'Graph: Q from v'"
        )
    return title, text.strip(), found


def _comments(source: str) -> dict[int, str]:
    """Comments by line, without their sign; every line has one, most of them empty."""
    found = dict.fromkeys(range(1, source.count("\n") + 2), "")
    for token in tokenize.generate_tokens(io.StringIO(source).readline):
        if token.type == tokenize.COMMENT:
            found[token.start[0]] = token.string.removeprefix("#").strip()
    return found


def _literals(tree: ast.Module) -> dict[str, ast.expr]:
    """Values of the assignments `name = literal` that are not within anything."""
    found = {}
    for statement in tree.body:
        match statement:
            case ast.Assign(targets=[ast.Name(id=name)], value=value) if _is_literal(value):
                found[name] = value
    return found


def _is_literal(value: ast.expr) -> bool:
    if isinstance(value, ast.UnaryOp):
        return isinstance(value.op, ast.USub) and isinstance(value.operand, ast.Constant)
    if isinstance(value, ast.List):
        return value.lineno == value.end_lineno and all(map(_is_literal, value.elts))
    return isinstance(value, ast.Constant) and value.lineno == value.end_lineno


def _read_control(name: str, found: object, comment: str) -> Control | None:
    """The control that a comment makes of a literal; None where it speaks of something else."""
    value = tuple(found) if isinstance(found, list) else found
    control = None
    if (switch := SWITCH.fullmatch(comment)) and isinstance(value, bool):
        control = Control(name=name, kind="switch", value=value, help=switch[1] or "")
    elif (one_of := CHOICES.fullmatch(comment)) and isinstance(value, str):
        choices = tuple(re.findall('"([^"]+)"', one_of[1]))
        control = Control(
            name=name, kind="choice", value=value, choices=choices, help=one_of[2] or ""
        )
    elif (between := RANGE.fullmatch(comment)) and isinstance(value, int | float | tuple):
        control = _range_control(name, value, between)
    if control is not None:
        control.checked(value)
    return control


def _range_control(name: str, value: float | tuple[float, ...], between: re.Match[str]) -> Control:
    numbers = value if isinstance(value, tuple) else (value,)
    is_whole = all(isinstance(number, int) for number in numbers)
    low, high = (text.replace(",", "") for text in between.group(1, 2))
    single: ControlKind = "integer" if is_whole else "number"
    return Control(
        name=name,
        kind="numbers" if isinstance(value, tuple) else single,
        value=value,
        minimum=int(low) if is_whole else float(low),
        maximum=int(high) if is_whole else float(high),
        help=between[3] or "",
    )


def _listing(source: str, tree: ast.Module, controls: Mapping[int, Control]) -> str:
    lines = source.splitlines()
    for number, control in controls.items():
        code = lines[number - 1].partition("#")[0].rstrip()
        lines[number - 1] = f"{code}  # {control.help}" if control.help else code
    docstring_end = tree.body[0].end_lineno
    return "\n".join(lines[docstring_end:]).strip() + "\n"


def _put(line: str, literal: ast.expr, text: str) -> str:
    # Columns of a syntax tree count bytes of UTF-8.
    encoded = line.encode()
    new = encoded[: literal.col_offset] + text.encode() + encoded[literal.end_col_offset :]
    return new.decode()


# Running


def run_program(program: Program) -> ProgramRun:
    """Run a program in a namespace of its own, and leave PyTorch's settings as they were.

    An error of the program is a result, not an exception. One program runs at a time.
    """
    printed = _Printed()
    namespace: dict[str, Any] = {"__name__": "__main__", "print": printed}
    with _one_at_a_time:
        lines = program.listing.splitlines(keepends=True)
        linecache.cache[program.file] = (len(program.listing), None, lines, program.file)
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
    )


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


# Tracing


def program_graph(program: Program, run: ProgramRun) -> AutogradGraph:
    """The graph of what the program names, or of all there is where an error stopped it earlier.

    Raises NoGraphError where there is none.
    """
    outputs = [run.variables.get(name) for name in program.graph_of]
    if run.error is not None and not all(map(_has_graph, outputs)):
        outputs = _all_results(run.variables)
        if not outputs:
            raise NoGraphError("the program was stopped before it had built a graph")
    module = run.variables.get(program.module) if program.module else None
    assert module is None or isinstance(module, nn.Module)
    return trace(outputs, module=module, recording=run.recording)


def program_gradients(program: Program, run: ProgramRun) -> list[Tensor] | None:
    """What the backward pass of the program's graph starts from; None for ones."""
    value = run.variables.get(program.gradient) if program.gradient else None
    return None if value is None else [torch.as_tensor(value)]


def _has_graph(value: object) -> bool:
    return isinstance(value, Tensor) and value.grad_fn is not None


def _all_results(variables: Mapping[str, Any]) -> list[Any]:
    """Tensors with a graph; where there are none, the leaves that a graph could begin with."""
    results = [value for value in variables.values() if _has_graph(value)]
    return results or [
        value for value in variables.values() if isinstance(value, Tensor) and value.requires_grad
    ]
