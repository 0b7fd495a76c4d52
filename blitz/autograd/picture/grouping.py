"""Which operations of a graph belong together: found as modules' calls, then as repetitions.

Gives columns of numbers; what is made of them, and what of it shows, is the business of `folding`.
"""

import itertools
from collections import Counter
from typing import Literal

import numpy as np
import numpy.typing as npt

from blitz.autograd.graph import AutogradGraph
from blitz.autograd.picture.runs import Run, find_runs

Ints = npt.NDArray[np.int32]
GroupKind = Literal["module", "repeat", "step"]

CONTAINERS = frozenset({"Sequential", "ModuleList", "ModuleDict"})


class Groups:
    """Groups while they are found, in columns; a group is known by its index in them.

    `steps` holds the groups of a repeat, `children` those right within a module or a step, and
    under −1 the outermost ones.
    """

    def __init__(self) -> None:
        self.kind: list[GroupKind] = []
        self.parent: list[int] = []
        self.start: list[int] = []
        self.stop: list[int] = []
        self.call: list[int] = []
        self.number: list[int] = []
        self.steps: dict[int, list[int]] = {}
        self.children: dict[int, list[int]] = {-1: []}

    def add(
        self,
        kind: GroupKind,
        parent: int,
        start: int,
        stop: int,
        *,
        call: int = -1,
        number: int = 0,
    ) -> int:
        """A new group of operations start to stop − 1; its index."""
        group = len(self.kind)
        self.kind.append(kind)
        self.parent.append(parent)
        self.start.append(start)
        self.stop.append(stop)
        self.call.append(call)
        self.number.append(number)
        return group


def add_modules(graph: AutogradGraph, groups: Groups) -> None:
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
        group = group_of[index] = groups.add("module", outer, start, stop, call=index)
        groups.children.setdefault(outer, []).append(group)


def add_repeats(graph: AutogradGraph, groups: Groups) -> None:
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


def _items(groups: Groups, outer: int, start: int, stop: int) -> npt.NDArray[np.int64]:
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
    graph: AutogradGraph, groups: Groups, items: npt.NDArray[np.int64], types: Ints
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


def _insert(groups: Groups, outer: int, items: npt.NDArray[np.int64], runs: list[Run]) -> None:
    """Make groups of repeats and their steps, and give them the groups that are now inside."""
    old = groups.children.get(outer, [])
    starts = [groups.start[i] if i >= 0 else -1 - i for i in items.tolist()]
    starts.append(groups.stop[int(items[-1])] if items[-1] >= 0 else -int(items[-1]))
    held: set[int] = set()
    repeats = []
    for run in runs:
        bounds = starts[run.start : run.stop + 1 : run.period]
        repeat = groups.add("repeat", outer, bounds[0], bounds[-1])
        repeats.append(repeat)
        inside = [i for i in items[run.start : run.stop].tolist() if i >= 0]
        held.update(inside)
        if run.period == 1 and inside:
            groups.steps[repeat] = inside
            for group in inside:
                groups.parent[group] = repeat
            continue
        groups.steps[repeat] = [
            groups.add("step", repeat, start, stop, number=number)
            for number, (start, stop) in enumerate(itertools.pairwise(bounds), 1)
        ]
        _move_into_steps(groups, inside, groups.steps[repeat])
    kept = [group for group in old if group not in held]
    groups.children[outer] = sorted([*kept, *repeats], key=lambda group: groups.start[group])


def _move_into_steps(groups: Groups, inside: list[int], steps: list[int]) -> None:
    stops = np.array([groups.stop[step] for step in steps])
    for group in inside:
        step = steps[int(np.searchsorted(stops, groups.start[group], side="right"))]
        groups.parent[group] = step
        groups.children.setdefault(step, []).append(group)
