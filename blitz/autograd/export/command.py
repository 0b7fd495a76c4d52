"""A graph from the command line: calls a function that a person names, and exports its graph.

Whatever is wrong with what was named raises CommandError with one line that says so.
"""

import importlib
import importlib.util
import inspect
import sys
import sysconfig
import traceback
from collections.abc import Callable
from pathlib import Path
from types import ModuleType
from typing import Any, Literal

import torch
from torch import nn

from blitz.autograd.export.files import export, format_of
from blitz.autograd.export.texts import counted, printable
from blitz.autograd.graph import AutogradGraph, NoGraphError, record, trace
from blitz.autograd.graph.ends import things_within
from blitz.autograd.layout import Direction

OWN = str(Path(__file__).parents[2])
NOT_THEIRS = (
    str(Path(torch.__file__).parent),
    OWN,
    sysconfig.get_path("stdlib"),
    "<frozen",
)


class CommandError(ValueError):
    """What was named has no graph that could be written."""


class _MissingError(CommandError):
    """There is no such module."""


def export_named(
    target: str, output: Path, *, direction: Direction, opened: Literal["all", "first"]
) -> str:
    """Write the graph of `MODULE:FUNCTION` or `file.py:function`; what was done, in a line."""
    chosen = format_of(output)
    if not output.parent.is_dir():
        raise CommandError(f"{output}: there is no folder {str(output.parent)!r}")
    graph = graph_of(target)
    try:
        text = export(
            graph,
            chosen,
            output,
            opened="all" if opened == "all" else None,
            direction=direction,
            title=target,
        )
    except OSError as error:
        raise CommandError(f"{output} cannot be written: {error.strerror}") from None
    size = f"{counted(len(graph), 'node')}, {counted(len(graph.edges), 'edge')}"
    return f"{size}: {output}, {counted(len(text.encode()), 'byte')}"


def graph_of(target: str) -> AutogradGraph:
    """Call the named function without arguments, and trace what it returns."""
    function = _function(target)
    with record() as recording:
        returned = _called(function, target)
    _refuse_modules(returned, target)
    try:
        return trace(returned, recording=recording)
    except NoGraphError as error:
        raise CommandError(f"{target} returned nothing with a graph: {error}") from None


def _function(target: str) -> Callable[[], object]:
    module_name, colon, name = target.rpartition(":")
    if not (colon and module_name and name):
        raise CommandError(f"{target!r} was given; expected MODULE:FUNCTION or FILE.py:FUNCTION")
    found: Any = _module(module_name)
    for part in name.split("."):
        if not hasattr(found, part):
            raise CommandError(f"{target}: {module_name} has no {name!r}")
        found = getattr(found, part)
    if isinstance(found, nn.Module):
        raise CommandError(f"{target} is a module; name a function that calls it on an input")
    if not callable(found):
        raise CommandError(f"{target} cannot be called: it is of type {type(found).__name__}")
    _refuse_arguments(found, target)
    function: Callable[[], object] = found
    return function


def _refuse_arguments(function: Callable[..., object], target: str) -> None:
    try:
        signature = inspect.signature(function)
    except (ValueError, TypeError):
        return  # some functions of C tell nothing; calling them will show
    try:
        signature.bind()
    except TypeError:
        raise CommandError(
            f"{target} needs arguments {signature}; name a function that needs none"
        ) from None


def _module(name: str) -> ModuleType:
    try:
        return _module_of_file(Path(name)) if name.endswith(".py") else _module_of_name(name)
    except _MissingError:
        raise
    except (Exception, SystemExit) as error:  # noqa: BLE001 (they raise what they like)
        raise CommandError(f"importing {name} raised {_described(error)}") from None


def _module_of_name(name: str) -> ModuleType:
    here = str(Path.cwd())
    if here not in sys.path:
        sys.path.insert(0, here)
    try:
        return importlib.import_module(name)
    except ModuleNotFoundError as error:
        # One that the module itself misses is another matter.
        if error.name and (name == error.name or name.startswith(f"{error.name}.")):
            raise _MissingError(
                f"there is no module {error.name!r} in this folder or on sys.path"
            ) from None
        raise


def _module_of_file(path: Path) -> ModuleType:
    if not path.is_file():
        raise _MissingError(f"there is no file {str(path)!r}")
    place = path.resolve()
    sys.path.insert(0, str(place.parent))  # for the modules beside it
    spec = importlib.util.spec_from_file_location(place.stem, place)
    assert spec is not None
    assert spec.loader is not None
    module = importlib.util.module_from_spec(spec)
    sys.modules.setdefault(place.stem, module)  # classes look up their own module there
    spec.loader.exec_module(module)
    return module


def _called(function: Callable[[], object], target: str) -> object:
    try:
        return function()
    except (Exception, SystemExit) as error:  # noqa: BLE001 (they raise what they like)
        raise CommandError(f"{target} raised {_described(error)}") from None


def _described(error: BaseException) -> str:
    """An exception in one line: its type and message, and the innermost line of people's own."""
    text = " ".join(printable(str(error)).split())
    described = type(error).__name__ + (f": {text}" if text else "")
    if isinstance(error, SyntaxError):
        return described  # it has the line in its message
    frames = traceback.extract_tb(error.__traceback__)
    theirs = [frame for frame in frames if not frame.filename.startswith(NOT_THEIRS)]
    if not theirs:
        return described
    line = theirs[-1]
    return f"{described} ({Path(line.filename).name}, line {line.lineno}: {line.line})"


def _refuse_modules(returned: object, target: str) -> None:
    """A module computes nothing before it is called; inputs beside it do not say how."""
    for value in things_within(returned):
        if isinstance(value, nn.Module):
            raise CommandError(
                f"{target} returned a module ({type(value).__name__}); "
                "return what it computes, such as module(input)"
            )
