"""A graph's operations in nested groups: calls of modules, and steps that repeat.

A group is an interval of operations in forward order, so groups nest, and taking a group for one
vertex never makes a cycle. How groups are found is the business of `grouping`. Knows nothing about
positions; which groups are open is the viewer's choice and comes as an argument.
"""

from collections.abc import Collection, Iterator
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from blitz.autograd.graph import AutogradGraph
from blitz.autograd.picture.grouping import GroupKind, Groups, add_modules, add_repeats

Ints = npt.NDArray[np.int32]
GROUP_KINDS: tuple[GroupKind, ...] = ("module", "repeat", "step")
MODULE, REPEAT, STEP = range(3)

FEW_OPERATIONS = 40
"""So many are surveyed at a glance; there is nothing to fold."""


@dataclass(frozen=True, kw_only=True, slots=True, eq=False)
class Folding:
    """The groups of a graph: calls of modules, outer ones first, then repeats and their steps.

    Arrays have one entry a group. `start` and `stop` are operations: those from start to stop − 1.
    """

    graph: AutogradGraph
    kind: npt.NDArray[np.uint8]
    parent: Ints
    start: Ints
    stop: Ints
    call: Ints
    """Of a module group: its call's index in `graph.calls`; −1 for others."""
    number: Ints
    """Of a step: its number from 1 on."""
    steps: dict[int, Ints]
    """Of a repeat: the groups of its steps, in order."""
    children: dict[int, Ints]
    """Of a module or step with groups in it: those, in order. Under −1 the outermost ones."""

    def __len__(self) -> int:
        return len(self.kind)

    def num_operations(self, group: int) -> int:
        """How many operations a group holds."""
        return int(self.stop[group] - self.start[group])

    def label(self, group: int) -> str:
        """What to call a group: a module's name, step 12, LSTMCell."""
        kind = GROUP_KINDS[self.kind[group]]
        if kind == "module":
            call = self.graph.calls[self.call[group]]
            name = call.path.rpartition(".")[2] or call.class_name
            return name if call.number == 1 else f"{name} ({call.number})"
        if kind == "step":
            return f"step {self.number[group]}"
        return self._repeated(group)

    def note(self, group: int) -> str:
        """A second line: a module's class, how often a step repeats."""
        kind = GROUP_KINDS[self.kind[group]]
        if kind == "repeat":
            return f"× {len(self.steps[group]):,}"
        operations = f"{self.num_operations(group):,} operations"
        if kind == "module":
            return f"{self.graph.calls[self.call[group]].class_name} · {operations}"
        return operations

    def around(self, operation: int) -> tuple[int, ...]:
        """The groups that an operation is in, outermost first."""
        found: list[int] = []
        inside: Ints | None = self.children.get(-1)
        while inside is not None and len(inside):
            at = int(np.searchsorted(self.start[inside], operation, side="right")) - 1
            if at < 0 or operation >= self.stop[inside[at]]:
                break
            group = int(inside[at])
            found.append(group)
            inside = self.steps.get(group, self.children.get(group))
        return tuple(found)

    def _repeated(self, repeat: int) -> str:
        first = int(self.steps[repeat][0])
        if self.kind[first] == MODULE:
            class_name: str = self.graph.calls[self.call[first]].class_name
            return class_name
        if self.num_operations(first) == 1:
            return self.graph.label(int(self.start[first]))
        return "step"


@dataclass(frozen=True, kw_only=True, slots=True)
class Item:
    """What is drawn as one vertex: an operation, a closed group, or some steps of a repeat."""

    start: int
    stop: int
    group: int = -1
    first_step: int = 0
    last_step: int = 0


def fold(graph: AutogradGraph) -> Folding:
    """Group a graph's operations by module calls and by repetition."""
    groups = Groups()
    add_modules(graph, groups)
    if graph.num_operations > FEW_OPERATIONS:
        add_repeats(graph, groups)
    number_of = {kind: number for number, kind in enumerate(GROUP_KINDS)}
    return Folding(
        graph=graph,
        kind=np.array([number_of[kind] for kind in groups.kind], np.uint8),
        parent=np.array(groups.parent, np.int32),
        start=np.array(groups.start, np.int32),
        stop=np.array(groups.stop, np.int32),
        call=np.array(groups.call, np.int32),
        number=np.array(groups.number, np.int32),
        steps={k: np.array(v, np.int32) for k, v in groups.steps.items()},
        children={k: np.array(v, np.int32) for k, v in groups.children.items() if v},
    )


def open_first(folding: Folding, room: int = FEW_OPERATIONS) -> frozenset[int]:
    """Groups to open at first: all where at most `room` vertices show then, or the outer levels.

    A level is opened whole or not at all; repeats stay closed.
    """
    if folding.graph.num_operations <= room:
        return frozenset(np.flatnonzero(folding.kind != REPEAT).tolist())
    opened: frozenset[int] = frozenset()
    level = _foldable(folding, -1)
    while level:
        opened |= frozenset(level)
        if sum(1 for _ in visible_items(folding, opened)) > room:
            return opened - frozenset(level)
        level = [child for group in level for child in _foldable(folding, group)]
    return opened


def _foldable(folding: Folding, group: int) -> list[int]:
    return [child for child in _children(folding, group) if folding.kind[child] != REPEAT]


def open_around(folding: Folding, operation: int) -> frozenset[int]:
    """The groups to open so that an operation shows."""
    return frozenset(g for g in folding.around(operation) if folding.kind[g] != REPEAT)


def visible_items(folding: Folding, opened: Collection[int]) -> Iterator[Item]:
    """What shows when these groups are open, in forward order."""
    return _items_within(folding, -1, opened)


def _items_within(folding: Folding, group: int, opened: Collection[int]) -> Iterator[Item]:
    position = int(folding.start[group]) if group >= 0 else 0
    end = int(folding.stop[group]) if group >= 0 else folding.graph.num_operations
    stack: list[tuple[int, Iterator[int]]] = []
    inside = _children(folding, group)
    while True:
        child = next(inside, -1)
        until = int(folding.start[child]) if child >= 0 else end
        for operation in range(position, until):
            yield Item(start=operation, stop=operation + 1)
        position = until
        if child < 0:
            if not stack:
                return
            end, inside = stack.pop()
        elif folding.kind[child] == REPEAT:
            for piece in _pieces(folding, child, opened):
                if isinstance(piece, Item):
                    yield piece
                else:
                    yield from _items_within(folding, piece, opened)
            position = int(folding.stop[child])
        elif child in opened:
            stack.append((end, inside))
            end, inside = int(folding.stop[child]), _children(folding, child)
        else:
            position = int(folding.stop[child])
            yield Item(start=int(folding.start[child]), stop=position, group=child)


def _children(folding: Folding, group: int) -> Iterator[int]:
    found = folding.children.get(group)
    return iter(()) if found is None else iter(found.tolist())


def _pieces(folding: Folding, repeat: int, opened: Collection[int]) -> Iterator[Item | int]:
    """A repeat as runs of closed steps, and the groups of open ones."""
    steps = folding.steps[repeat]
    is_open = np.isin(steps, np.fromiter(opened, np.int32, len(opened)))
    bounds = np.flatnonzero(is_open).tolist()
    first = 0
    for at in [*bounds, len(steps)]:
        if at > first:
            yield Item(
                start=int(folding.start[steps[first]]),
                stop=int(folding.stop[steps[at - 1]]),
                group=int(steps[first]) if at == first + 1 else repeat,
                first_step=first + 1,
                last_step=at,
            )
        if at < len(steps):
            yield int(steps[at])
        first = at + 1
