"""A graph's operations in nested groups: calls of modules, and steps that repeat.

A group is an interval of operations in forward order, so groups nest, and taking a group for one
vertex never makes a cycle. Knows nothing about positions; which groups are open is the viewer's
choice and comes as an argument.
"""

import itertools
from collections import Counter
from collections.abc import Collection, Iterator
from dataclasses import dataclass
from typing import Literal

import numpy as np
import numpy.typing as npt

from blitz.autograd.graph import AutogradGraph

Ints = npt.NDArray[np.int32]
GroupKind = Literal["module", "repeat", "step"]
GROUP_KINDS: tuple[GroupKind, ...] = ("module", "repeat", "step")
MODULE, REPEAT, STEP = range(3)

CONTAINERS = frozenset({"Sequential", "ModuleList", "ModuleDict"})
FEW_OPERATIONS = 40
"""So many are surveyed at a glance; there is nothing to fold."""
FEWEST_MODULES = 3
"""As many calls of alike modules in a row are folded into one "× 3"."""
FEWEST_STEPS = 4
FEWEST_SINGLES = 8
LONGEST_STEP = 4_096
MOST_PERIODS = 24


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
    groups = _Groups()
    _add_modules(graph, groups)
    if graph.num_operations > FEW_OPERATIONS:
        _add_repeats(graph, groups)
    return groups.finished(graph)


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


# Putting groups together


class _Groups:
    """Groups while they are found; ids are given in this order, not yet the final one."""

    def __init__(self) -> None:
        self.kind: list[int] = []
        self.parent: list[int] = []
        self.start: list[int] = []
        self.stop: list[int] = []
        self.call: list[int] = []
        self.number: list[int] = []
        self.steps: dict[int, list[int]] = {}
        self.children: dict[int, list[int]] = {-1: []}

    def add(
        self, kind: int, parent: int, start: int, stop: int, *, call: int = -1, number: int = 0
    ) -> int:
        group = len(self.kind)
        self.kind.append(kind)
        self.parent.append(parent)
        self.start.append(start)
        self.stop.append(stop)
        self.call.append(call)
        self.number.append(number)
        return group

    def finished(self, graph: AutogradGraph) -> Folding:
        return Folding(
            graph=graph,
            kind=np.array(self.kind, np.uint8),
            parent=np.array(self.parent, np.int32),
            start=np.array(self.start, np.int32),
            stop=np.array(self.stop, np.int32),
            call=np.array(self.call, np.int32),
            number=np.array(self.number, np.int32),
            steps={k: np.array(v, np.int32) for k, v in self.steps.items()},
            children={k: np.array(v, np.int32) for k, v in self.children.items() if v},
        )


def _add_modules(graph: AutogradGraph, groups: _Groups) -> None:
    """A group for each call of a module that made two operations or more.

    Of calls that made the same operations, the outermost stands for all.
    """
    sequence = graph.sequence[: graph.num_operations]
    if (sequence[1:] < sequence[:-1]).any():
        return  # numbers set by hand or counted in several threads say nothing about intervals
    first = np.array([call.first for call in graph.calls], np.int64)
    end = np.array([call.end for call in graph.calls], np.int64)
    starts, stops = np.searchsorted(sequence, first), np.searchsorted(sequence, end)
    group_of: dict[int, int] = {-1: -1}
    for index, call in enumerate(graph.calls):
        outer = group_of[call.parent]
        start, stop = int(starts[index]), int(stops[index])
        is_outers = outer >= 0 and (groups.start[outer], groups.stop[outer]) == (start, stop)
        if stop - start < 2 or is_outers:
            group_of[index] = outer
            continue
        group = group_of[index] = groups.add(MODULE, outer, start, stop, call=index)
        groups.children.setdefault(outer, []).append(group)


def _add_repeats(graph: AutogradGraph, groups: _Groups) -> None:
    """Within each group: what comes several times in a row becomes a repeat of steps."""
    types = graph.type_index[: graph.num_operations]
    for outer in range(-1, len(groups.kind)):
        start = groups.start[outer] if outer >= 0 else 0
        stop = groups.stop[outer] if outer >= 0 else graph.num_operations
        items = _items(groups, outer, start, stop)
        tokens = _tokens(graph, groups, items, types)
        runs = find_runs(tokens, items >= 0)
        if runs:
            _insert(groups, outer, items, runs)


def _items(groups: _Groups, outer: int, start: int, stop: int) -> npt.NDArray[np.int64]:
    """What a group holds, in order: groups as their index, operations as −1 − index."""
    children = groups.children.get(outer, [])
    if not children:
        return -1 - np.arange(start, stop)
    parts: list[npt.NDArray[np.int64]] = []
    at = start
    for child in children:
        parts += [-1 - np.arange(at, groups.start[child]), np.array([child])]
        at = groups.stop[child]
    return np.concatenate([*parts, -1 - np.arange(at, stop)])


def _tokens(
    graph: AutogradGraph, groups: _Groups, items: npt.NDArray[np.int64], types: Ints
) -> npt.NDArray[np.int64]:
    """A number for each item; alike items have the same.

    Operations are alike when their type is. Modules are when they are one module called again, or
    when class and operations agree; a mere container is like no other.
    """
    is_group = items >= 0
    tokens = np.empty(len(items), np.int64)
    tokens[~is_group] = types[-1 - items[~is_group]]
    modules = items[is_group].tolist()
    calls = [graph.calls[groups.call[group]] for group in modules]
    times_called = Counter(call.path for call in calls)
    known: dict[object, int] = {}
    alike: list[object] = [
        call.path
        if times_called[call.path] > 1 or call.class_name in CONTAINERS
        else (call.class_name, types[groups.start[group] : groups.stop[group]].tobytes())
        for group, call in zip(modules, calls, strict=True)
    ]
    tokens[is_group] = [len(graph.types) + known.setdefault(key, len(known)) for key in alike]
    return tokens


@dataclass(frozen=True, slots=True)
class Run:
    """Items start, …, start + period · count − 1 repeat with this period."""

    start: int
    period: int
    count: int

    @property
    def stop(self) -> int:
        return self.start + self.period * self.count


def find_runs(
    tokens: npt.NDArray[np.int64], is_group: npt.NDArray[np.bool_] | None = None
) -> list[Run]:
    """Repetitions in a sequence, without overlap, in order; the one that covers most goes first.

    Takes time in proportion to the sequence: only the commonest distances between like pieces are
    tried as periods.
    """
    modules = np.zeros(len(tokens), bool) if is_group is None else is_group
    found: list[Run] = []
    for period in _periods(tokens):
        same = np.concatenate([[False], tokens[period:] == tokens[:-period], [False]])
        (changes,) = np.nonzero(same[1:] != same[:-1])
        for start, stop in changes.reshape(-1, 2).tolist():
            count = (stop - start) // period + 1
            if count >= _fewest(period, bool(modules[start])):
                found.append(Run(start, period, count))
    found.sort(key=lambda run: (run.start - run.stop, run.period, run.start))
    taken = np.zeros(len(tokens), bool)
    runs = []
    for run in found:
        if not taken[run.start : run.stop].any():
            taken[run.start : run.stop] = True
            runs.append(run)
    return sorted(runs, key=lambda run: run.start)


def _fewest(period: int, of_modules: bool) -> int:
    if of_modules:
        return FEWEST_MODULES
    return FEWEST_SINGLES if period == 1 else FEWEST_STEPS


def _periods(tokens: npt.NDArray[np.int64]) -> list[int]:
    """Distances at which a repetition is likely: those between like pieces of three items."""
    size = len(tokens)
    if size <= 48:
        return list(range(1, size // 3 + 1))
    kinds = int(tokens.max()) + 1
    pieces = (tokens[:-2] * kinds + tokens[1:-1]) * kinds + tokens[2:]
    order = np.argsort(pieces, kind="stable")
    distance = np.diff(order)[np.diff(pieces[order]) == 0]
    distance = distance[(distance > 0) & (distance <= min(LONGEST_STEP, size // 3))]
    counts = np.bincount(distance) if len(distance) else np.zeros(1, np.int64)
    likely = np.argsort(-counts, kind="stable")[:MOST_PERIODS]
    return sorted(int(period) for period in likely if counts[period] > 0)


def _insert(groups: _Groups, outer: int, items: npt.NDArray[np.int64], runs: list[Run]) -> None:
    """Make groups of repeats and their steps, and give them the groups that are now inside."""
    old = groups.children.get(outer, [])
    starts = [groups.start[i] if i >= 0 else -1 - i for i in items.tolist()]
    starts.append(groups.stop[int(items[-1])] if items[-1] >= 0 else -int(items[-1]))
    held: set[int] = set()
    repeats = []
    for run in runs:
        bounds = starts[run.start : run.stop + 1 : run.period]
        repeat = groups.add(REPEAT, outer, bounds[0], bounds[-1])
        repeats.append(repeat)
        inside = [i for i in items[run.start : run.stop].tolist() if i >= 0]
        held.update(inside)
        if run.period == 1 and inside:
            groups.steps[repeat] = inside
            for group in inside:
                groups.parent[group] = repeat
            continue
        groups.steps[repeat] = [
            groups.add(STEP, repeat, start, stop, number=number)
            for number, (start, stop) in enumerate(itertools.pairwise(bounds), 1)
        ]
        _move_into_steps(groups, inside, groups.steps[repeat])
    kept = [group for group in old if group not in held]
    groups.children[outer] = sorted([*kept, *repeats], key=lambda group: groups.start[group])


def _move_into_steps(groups: _Groups, inside: list[int], steps: list[int]) -> None:
    stops = np.array([groups.stop[step] for step in steps])
    for group in inside:
        step = steps[int(np.searchsorted(stops, groups.start[group], side="right"))]
        groups.parent[group] = step
        groups.children.setdefault(step, []).append(group)
