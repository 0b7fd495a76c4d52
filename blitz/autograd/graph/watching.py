"""Watching a computation: hooks on modules, the lines that run, and results written in place.

Nodes are matched by PyTorch's sequence numbers, which count up with every node that a thread makes:
what was made in between two readings has the numbers in between.
"""

import os
import sys
import sysconfig
import threading
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from functools import lru_cache
from pathlib import Path
from types import FrameType
from typing import Any

import torch
from torch import Tensor, nn
from torch.autograd import _get_sequence_nr  # type: ignore[attr-defined]
from torch.nn.modules.module import (
    register_module_forward_hook,
    register_module_forward_pre_hook,
)
from torch.utils._python_dispatch import TorchDispatchMode

from blitz.autograd.graph.freeing import BAND, free_one_by_one
from blitz.autograd.graph.recording import Call, Recording

TORCH = f"{Path(torch.__file__).parent}{os.sep}"
PYTHON = sysconfig.get_path("stdlib")
OWN = str(Path(__file__).parents[2])
EXAMPLES = f"{OWN}{os.sep}autograd{os.sep}examples"


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
        self._calls = recording.calls
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
            Call(module=module, parent=parent, first=_get_sequence_nr(), number=number)
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
        self._recording.mark(self._stack[-1] if self._stack else self._recording.line)

    def _notice(self, variables: Mapping[str, Any]) -> None:
        notice_variables(self._recording, variables)


def follow_line(recording: Recording, file: str, line: int) -> None:
    """What is made from now on is made by this line, for code that Python does not run."""
    recording.line = (file, line, "<module>")
    recording.mark(recording.line)


def notice_variables(recording: Recording, variables: Mapping[str, Any]) -> None:
    """Name the results and leaves that variables hold, where they have no name yet."""
    for name, value in variables.items():
        if not isinstance(value, Tensor) or not value.requires_grad:
            continue
        if value.grad_fn is None:
            recording.leaves.setdefault(id(value), (name, value))
        else:
            recording.results.setdefault(value.grad_fn, name)


@lru_cache(maxsize=1_000)
def _is_followed(file: str) -> bool:
    """Whether a file holds people's code rather than PyTorch's, Python's or ours that watches."""
    if file.startswith((TORCH, "<frozen")):
        return False
    if "site-packages" in file or "dist-packages" in file:
        return True
    if file.startswith(OWN):
        return file.startswith(EXAMPLES)
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
