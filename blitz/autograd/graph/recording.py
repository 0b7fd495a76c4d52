"""What can be learnt while a computation runs, and not from its graph afterwards.

Which module's forward made a node, on which source line, which variable held the result, and which
results were written in place. How it is learnt: see `watching`.

Anomaly mode would tell lines too, but it is one switch for the whole process and formats the whole
stack for every node; tracing lines is a thread's own and costs a tenth of it. Where a graph was
made under anomaly mode anyway, its lines are read from there.
"""

import bisect
import linecache
import os
import re
from collections import Counter
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt
import torch
from torch import Tensor, nn
from torch.autograd import _get_sequence_nr  # type: ignore[attr-defined]
from torch.autograd.graph import Node

TRACEBACK_LINE = re.compile(r'File "(.+)", line (\d+), in (\S+)\n\s*(.*)')
TORCH = f"{Path(torch.__file__).parent}{os.sep}"


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
class Call:
    module: nn.Module
    parent: int
    first: int
    number: int
    end: int = -1


@dataclass(kw_only=True, slots=True, weakref_slot=True)
class Recording:
    """What was learnt; empty where nothing was recorded."""

    results: dict[Node, str] = field(default_factory=dict)
    """Names of the variables that first held the results of operations."""
    written: set[Node] = field(default_factory=set)
    """Operations that wrote their result over an operand."""
    variables: dict[str, Any] = field(default_factory=dict)
    """The outermost recorded frame's variables as they were at its end."""
    leaves: dict[int, tuple[str, Tensor]] = field(default_factory=dict)
    calls: list[Call] = field(default_factory=list)
    line_starts: list[int] = field(default_factory=list)
    lines: list[tuple[str, int, str] | None] = field(default_factory=list)
    line: tuple[str, int, str] | None = None
    """File, line and function of what is made while no recorded frame runs."""

    def mark(self, line: tuple[str, int, str] | None) -> None:
        """What is made from now on is made by this line."""
        self.line_starts.append(_get_sequence_nr())
        self.lines.append(line)

    def tensor_names(self) -> dict[int, str]:
        """Names of leaves by the id of their tensor: parameters by path, others by variable."""
        names = {key: name for key, (name, _) in self.leaves.items()}
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
        at = bisect.bisect_right(self.line_starts, sequence) - 1
        found = self.lines[at] if at >= 0 else None
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
        roots = list(dict.fromkeys(call.module for call in self.calls if call.parent < 0))
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
        for call in self.calls:
            path = roots.get(call.module, "")
            if call.parent >= 0:
                outer = self.calls[call.parent].module
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
