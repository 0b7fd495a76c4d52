"""What can be learnt while a computation runs, and not from its graph afterwards.

Which module's forward made a node, on which source line, which variable held the result, and which
results were written in place. Nodes are matched by PyTorch's sequence numbers, which count up with
every node that a thread makes: what was made in between two readings has the numbers in between.

Anomaly mode would tell lines too, but it is one switch for the whole process and formats the whole
stack for every node; tracing lines is a thread's own and costs a tenth of it. Where a graph was
made under anomaly mode anyway, its lines are read from there.
"""

import linecache
import os
import re
import sys
import sysconfig
import threading
from collections import Counter
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, field
from functools import lru_cache
from pathlib import Path
from types import FrameType
from typing import Any

import numpy as np
import numpy.typing as npt
import torch
from torch import Tensor, nn
from torch.autograd import _get_sequence_nr  # type: ignore[attr-defined]
from torch.autograd.graph import Node
from torch.nn.modules.module import (
    register_module_forward_hook,
    register_module_forward_pre_hook,
)
from torch.utils._python_dispatch import TorchDispatchMode

from blitz.autograd.freeing import BAND, free_one_by_one

TRACEBACK_LINE = re.compile(r'File "(.+)", line (\d+), in (\S+)\n\s*(.*)')
TORCH = str(Path(torch.__file__).parent)
PYTHON = sysconfig.get_path("stdlib")
OWN = str(Path(__file__).parent)


@dataclass(frozen=True, kw_only=True, slots=True)
class SourceLine:
    """A line of Python that made a node."""

    file: str
    line: int
    function: str
    text: str


@dataclass(frozen=True, kw_only=True, slots=True)
class ModuleCall:
    """One call of a module's forward."""

    path: str
    """Dotted path from the outermost module; empty for that one itself."""
    class_name: str
    number: int
    """1 for the module's first call, 2 for its second."""
    parent: int
    """Index of the call it was made from, or −1."""
    first: int
    """Sequence numbers of its nodes: first ≤ number < end."""
    end: int


@dataclass(slots=True)
class _Call:
    module: nn.Module
    parent: int
    first: int
    number: int
    end: int = -1


@dataclass(kw_only=True, slots=True)
class Recording:
    """What was learnt; empty where nothing was recorded."""

    results: dict[Node, str] = field(default_factory=dict)
    """Names of the variables that first held the results of operations."""
    written: set[Node] = field(default_factory=set)
    """Operations that wrote their result over an operand."""
    variables: dict[str, Any] = field(default_factory=dict)
    """The outermost recorded frame's variables as they were at its end."""
    _leaves: dict[int, tuple[str, Tensor]] = field(default_factory=dict)
    _calls: list[_Call] = field(default_factory=list)
    _line_starts: list[int] = field(default_factory=list)
    _lines: list[tuple[str, int, str] | None] = field(default_factory=list)

    def tensor_names(self) -> dict[int, str]:
        """Names of leaves by the id of their tensor: parameters by path, others by variable."""
        names = {key: name for key, (name, _) in self._leaves.items()}
        for module, prefix in self._roots().items():
            for name, parameter in module.named_parameters():
                names[id(parameter)] = f"{prefix}.{name}" if prefix else name
        return names

    def calls_of(
        self, sequence: npt.NDArray[np.int64]
    ) -> tuple[npt.NDArray[np.int32], tuple[ModuleCall, ...]]:
        """Of operations with these sequence numbers: index of the innermost call each, or −1."""
        call = np.full(len(sequence), -1, np.int32)
        calls = self._named_calls()
        order = np.argsort(sequence, kind="stable")
        sorted_numbers = sequence[order]
        for index, each in enumerate(calls):  # outer calls come before the ones within them
            low, high = np.searchsorted(sorted_numbers, (each.first, each.end))
            call[order[low:high]] = index
        return call, calls

    def line_of(self, sequence: int) -> SourceLine | None:
        """The line that ran when the node with this sequence number was made."""
        at = int(np.searchsorted(self._line_starts, sequence, side="right")) - 1
        found = self._lines[at] if at >= 0 else None
        if found is None:
            return None
        file, line, function = found
        text = linecache.getline(file, line).strip()
        return SourceLine(file=file, line=line, function=function, text=text)

    def _roots(self) -> dict[nn.Module, str]:
        """Modules called from outside of any, with the prefix of their paths.

        One alone that has parameters has no prefix; others have their variables' names, or their
        classes', numbered from the second on: linear, linear 2.
        """
        roots = list(dict.fromkeys(call.module for call in self._calls if call.parent < 0))
        learning = [root for root in roots if any(True for _ in root.parameters())] or roots
        variable = {id(value): name for name, value in self.variables.items()}
        names: dict[nn.Module, str] = {}
        times_named: Counter[str] = Counter()
        for root in roots:
            name = variable.get(id(root), type(root).__name__.lower())
            times_named[name] += 1
            names[root] = name if times_named[name] == 1 else f"{name} {times_named[name]}"
        return names | ({learning[0]: ""} if len(learning) == 1 else {})

    def _named_calls(self) -> tuple[ModuleCall, ...]:
        roots = self._roots()
        paths_within: dict[nn.Module, dict[nn.Module, str]] = {}
        named: list[ModuleCall] = []
        for call in self._calls:
            path = roots.get(call.module, "")
            if call.parent >= 0:
                outer = self._calls[call.parent].module
                if outer not in paths_within:
                    paths_within[outer] = {m: name for name, m in outer.named_modules()}
                own = paths_within[outer].get(call.module, type(call.module).__name__.lower())
                path = ".".join(filter(None, (named[call.parent].path, own)))
            named.append(
                ModuleCall(
                    path=path,
                    class_name=type(call.module).__name__,
                    number=call.number,
                    parent=call.parent,
                    first=call.first,
                    end=call.end,
                )
            )
        return tuple(named)


@contextmanager
def record() -> Iterator[Recording]:
    """Record what the block's thread computes.

    Nodes made in other threads, and code of PyTorch and of the standard library, are left out of
    lines and variables.
    """
    recording = Recording()
    own_thread = threading.get_ident()
    calls = _CallHooks(recording, own_thread)
    tracer = _LineTracer(recording)
    hooks = (
        register_module_forward_pre_hook(calls.enter),
        register_module_forward_hook(calls.leave, always_call=True),
    )
    watch = _InPlaceWatch(recording)
    earlier = sys.gettrace()
    try:
        with watch:
            sys.settrace(tracer.on_call)
            try:
                yield recording
            finally:
                sys.settrace(earlier)
    finally:
        watch.settle()
        for hook in hooks:
            hook.remove()
        calls.close()
        _free_one_by_one(recording)


def _free_one_by_one(recording: Recording) -> None:
    """Also where nobody traces what was recorded."""
    nodes = sorted({*recording.results, *recording.written}, key=lambda node: node._sequence_nr())
    values = recording.variables.values()
    results = {value.grad_fn for value in values if isinstance(value, Tensor)}
    ends = [at for at, node in enumerate(nodes) if node in results]
    anchors = (*range(0, len(nodes), BAND), *ends, len(nodes) - 1)
    free_one_by_one(nodes, anchors, owner="recording")


class _CallHooks:
    """Hooks on every module of the process; they answer to one thread."""

    def __init__(self, recording: Recording, thread: int) -> None:
        self._calls = recording._calls
        self._thread = thread
        self._open: list[int] = []
        self._times_called: dict[nn.Module, int] = {}

    def enter(self, module: nn.Module, args: Any) -> None:
        if threading.get_ident() != self._thread:
            return
        number = self._times_called[module] = self._times_called.get(module, 0) + 1
        parent = self._open[-1] if self._open else -1
        self._open.append(len(self._calls))
        self._calls.append(
            _Call(module=module, parent=parent, first=_get_sequence_nr(), number=number)
        )

    def leave(self, module: nn.Module, args: Any, output: Any) -> None:
        if threading.get_ident() != self._thread:
            return
        # A forward that raised may have skipped the hooks of those within it.
        while self._open:
            call = self._calls[self._open.pop()]
            call.end = _get_sequence_nr()
            if call.module is module:
                break

    def close(self) -> None:
        while self._open:
            self._calls[self._open.pop()].end = _get_sequence_nr()


class _LineTracer:
    """Follows the lines of people's code, and the variables that come to hold tensors."""

    def __init__(self, recording: Recording) -> None:
        self._recording = recording
        self._stack: list[tuple[str, int, str]] = []

    def on_call(self, frame: FrameType, event: str, argument: Any) -> Any:
        if not _is_followed(frame.f_code.co_filename):
            return None
        self._stack.append((frame.f_code.co_filename, frame.f_lineno, frame.f_code.co_name))
        return self._within

    def _within(self, frame: FrameType, event: str, argument: Any) -> Any:
        if event in ("line", "return"):
            self._notice(frame.f_locals)
        if event == "line":
            self._stack[-1] = (*self._stack[-1][:1], frame.f_lineno, frame.f_code.co_name)
            self._mark()
        elif event == "return":
            self._stack.pop()
            self._mark()
            if not self._stack:
                self._recording.variables = dict(frame.f_locals)
        return self._within

    def _mark(self) -> None:
        self._recording._line_starts.append(_get_sequence_nr())
        self._recording._lines.append(self._stack[-1] if self._stack else None)

    def _notice(self, variables: Mapping[str, Any]) -> None:
        results, leaves = self._recording.results, self._recording._leaves
        for name, value in variables.items():
            if not isinstance(value, Tensor) or not value.requires_grad:
                continue
            if value.grad_fn is None:
                leaves.setdefault(id(value), (name, value))
            else:
                results.setdefault(value.grad_fn, name)


@lru_cache(maxsize=1_000)
def _is_followed(file: str) -> bool:
    """Whether a file holds people's code rather than PyTorch's, Python's or ours that watches."""
    if file.startswith((TORCH, "<frozen")):
        return False
    if "site-packages" in file or "dist-packages" in file:
        return True
    if file.startswith(OWN):
        return file.startswith(f"{OWN}{os.sep}examples")
    return not file.startswith(PYTHON)


class _InPlaceWatch(TorchDispatchMode):
    """Notices results written in place; a node is theirs only once the operation has returned."""

    def __init__(self, recording: Recording) -> None:
        super().__init__()  # type: ignore[no-untyped-call]
        self._written = recording.written
        self._waiting: list[Tensor] = []

    @classmethod
    def _should_skip_dynamo(cls) -> bool:
        # Otherwise the first use imports torch.compile's machinery: 1.5 s for nothing.
        return False

    def __torch_dispatch__(
        self,
        func: Any,
        types: Any,
        args: tuple[Any, ...] = (),
        kwargs: dict[str, Any] | None = None,
    ) -> Any:
        self.settle()
        result = func(*args, **(kwargs or {}))
        if func._schema.is_mutable:
            self._waiting.extend(_written_arguments(func, args))
        return result

    def settle(self) -> None:
        for tensor in self._waiting:
            if tensor.grad_fn is not None:
                self._written.add(tensor.grad_fn)
        self._waiting.clear()


def _written_arguments(func: Any, args: tuple[Any, ...]) -> Iterator[Tensor]:
    for argument, value in zip(func._schema.arguments, args, strict=False):
        if argument.alias_info and argument.alias_info.is_write and isinstance(value, Tensor):
            yield value


def anomaly_line(node: Node) -> SourceLine | None:
    """The line that made a node under anomaly mode: the innermost one outside of PyTorch."""
    metadata: dict[str, Any] = node.metadata  # type: ignore[assignment]
    lines = metadata.get("traceback_")
    for text in reversed(lines or []):
        match = TRACEBACK_LINE.search(text)
        if match and not match[1].startswith(TORCH):
            file, line, function, code = match.groups()
            return SourceLine(file=file, line=int(line), function=function, text=code)
    return None
