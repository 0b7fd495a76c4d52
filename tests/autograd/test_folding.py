"""Groups nest, repeats are found, and what shows covers every operation once."""

from itertools import pairwise
from typing import Any

import numpy as np
import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st
from torch import Tensor, nn
from torchvision.models import VisionTransformer

from blitz.autograd import AutogradGraph, capture, trace
from blitz.autograd.picture.folding import (
    FEW_OPERATIONS,
    GROUP_KINDS,
    Folding,
    Item,
    fold,
    open_around,
    open_first,
    visible_items,
)
from blitz.autograd.picture.runs import FEWEST_SINGLES, FEWEST_STEPS, Run, find_runs
from tests.autograd.programs import Program, Tree, graph_of_tree, programs, run, trees


def chain(x: Tensor, length: int) -> Tensor:
    for _ in range(length):
        x = x.sin()
    return x


def lstm(steps: int) -> Tensor:
    torch.manual_seed(0)
    cell, given = nn.LSTMCell(2, 3), torch.rand(1, 2)
    hidden = memory = torch.zeros(1, 3)
    for _ in range(steps):
        hidden, memory = cell(given, (hidden, memory))
    return hidden


def kinds(folding: Folding) -> list[str]:
    return [GROUP_KINDS[kind] for kind in folding.kind.tolist()]


def inside(folding: Folding, group: int) -> list[int]:
    """The groups right within a group, by the arrays."""
    found = folding.steps.get(group, folding.children.get(group))
    return [] if found is None else found.tolist()


def assert_groups_nest(folding: Folding) -> None:
    graph = folding.graph
    assert ((folding.start >= 0) & (folding.start < folding.stop)).all()
    assert (folding.stop <= graph.num_operations).all()
    seen = []
    for group in range(-1, len(folding)):
        parts = inside(folding, group)
        seen += parts
        low = int(folding.start[group]) if group >= 0 else 0
        high = int(folding.stop[group]) if group >= 0 else graph.num_operations
        for part in parts:
            assert folding.parent[part] == group
            assert low <= folding.start[part] < folding.stop[part] <= high
        for left, right in pairwise(parts):
            assert folding.stop[left] <= folding.start[right]
    assert sorted(seen) == list(range(len(folding)))
    for group, kind in enumerate(kinds(folding)):
        steps = folding.steps.get(group)
        assert (kind == "repeat") == (steps is not None)
        if kind == "module":
            call = graph.calls[folding.call[group]]
            numbers = graph.sequence[folding.start[group] : folding.stop[group]]
            assert (call.first <= numbers).all()
            assert (numbers < call.end).all()
        if steps is not None:
            assert folding.start[steps[0]] == folding.start[group]
            assert folding.stop[steps[-1]] == folding.stop[group]
            assert (folding.stop[steps[:-1]] == folding.start[steps[1:]]).all()
            assert_steps_are_alike(folding, steps.tolist())


def assert_steps_are_alike(folding: Folding, steps: list[int]) -> None:
    """Steps have the same operations; calls of one module may differ."""
    types = folding.graph.type_index
    made = {tuple(types[folding.start[s] : folding.stop[s]].tolist()) for s in steps}
    calls = [folding.graph.calls[i].path for i in folding.call[steps].tolist() if i >= 0]
    assert len(made) == 1 or len(set(calls)) < len(calls) or len(inside(folding, steps[0])) > 0


def assert_covers_all_once(folding: Folding, opened: frozenset[int]) -> list[Item]:
    items = list(visible_items(folding, opened))
    covered = [operation for item in items for operation in range(item.start, item.stop)]
    assert covered == list(range(folding.graph.num_operations))
    assert all(item.start < item.stop for item in items)
    for item in items:
        assert (item.group >= 0) or item.stop == item.start + 1
        if item.first_step and item.first_step < item.last_step:
            steps = folding.steps[item.group]
            assert item.start == folding.start[steps[item.first_step - 1]]
            assert item.stop == folding.stop[steps[item.last_step - 1]]
        elif item.group >= 0:
            assert item.group not in opened
            assert (item.start, item.stop) == (
                folding.start[item.group],
                folding.stop[item.group],
            )
    return items


@settings(max_examples=30)
@given(trees, st.data())
def test_groups_nest_and_items_cover_every_operation_once(tree: Tree, data: st.DataObject) -> None:
    folding = fold(graph_of_tree(tree))
    assert_groups_nest(folding)
    assert_covers_all_once(folding, frozenset())
    assert_covers_all_once(folding, frozenset(range(len(folding))))
    if len(folding):
        for _ in range(3):
            opened = data.draw(st.frozensets(st.integers(0, len(folding) - 1)))
            assert_covers_all_once(folding, opened)


@settings(max_examples=20)
@given(trees)
def test_opening_around_an_operation_shows_it(tree: Tree) -> None:
    folding = fold(graph_of_tree(tree))
    for operation in range(folding.graph.num_operations):
        around = folding.around(operation)
        assert set(around) == {
            group
            for group in range(len(folding))
            if folding.start[group] <= operation < folding.stop[group]
        }
        assert [folding.parent[group] for group in around] == [-1, *around][: len(around)]
        items = assert_covers_all_once(folding, open_around(folding, operation))
        assert Item(start=operation, stop=operation + 1) in items


@settings(max_examples=40)
@given(trees, st.integers(1, 30))
def test_as_many_groups_open_at_first_as_there_is_room_for(tree: Tree, room: int) -> None:
    folding = fold(graph_of_tree(tree))
    opened = open_first(folding, room)
    items = assert_covers_all_once(folding, opened)
    closed = assert_covers_all_once(folding, frozenset())
    assert len(items) <= max(room, len(closed))
    if folding.graph.num_operations <= room:
        assert len(items) == folding.graph.num_operations


@settings(max_examples=30)
@given(programs)
def test_unrecorded_programs_fold(program: Program) -> None:
    output = run(program)[-1]
    if output.requires_grad:
        folding = fold(trace(output))
        assert_groups_nest(folding)
        assert_covers_all_once(folding, open_first(folding))


def test_the_same_graph_folds_the_same() -> None:
    graph = graph_of_tree([([0, 1, [2, 2]], 5), [1, 1], 2])
    first, second = fold(graph), fold(graph)
    for name in ("kind", "parent", "start", "stop", "call", "number"):
        assert (getattr(first, name) == getattr(second, name)).all()


# Runs


def tokens(text: str) -> Any:
    return np.frombuffer(text.encode(), np.uint8).astype(np.int64) - 32


@pytest.mark.parametrize(
    ("text", "runs"),
    [
        ("", []),
        ("a", []),
        ("abc", []),
        ("abcabcabc", []),  # three steps are too few
        ("abcabcabcabc", [Run(0, 3, 4)]),
        ("xyabcabcabcabcz", [Run(2, 3, 4)]),
        ("aaaaaaa", []),
        ("aaaaaaaa", [Run(0, 1, 8)]),
        ("abababab" + "cdecdecdecde", [Run(0, 2, 4), Run(8, 3, 4)]),
        ("abababab" + "x" + "abababab", [Run(0, 2, 4), Run(9, 2, 4)]),
        ("x" + "abcd" * 100 + "y" + "ef" * 50 + "z", [Run(1, 4, 100), Run(402, 2, 50)]),
    ],
)
def test_known_repetitions_are_found(text: str, runs: list[Run]) -> None:
    assert find_runs(tokens(text)) == runs


def test_whole_steps_are_preferred_to_repetitions_within_them() -> None:
    step = "aaaaaaaaaab"
    (found,) = find_runs(tokens(step * 20))
    assert (found.period, found.count) == (len(step), 20)


@settings(max_examples=80)
@given(
    st.lists(st.tuples(st.text("abc", min_size=1, max_size=5), st.integers(1, 30)), max_size=6),
    st.booleans(),
)
def test_runs_repeat_and_do_not_overlap(pieces: list[tuple[str, int]], of_modules: bool) -> None:
    sequence = tokens("".join(piece * times for piece, times in pieces))
    runs = find_runs(sequence, np.full(len(sequence), of_modules))
    for left, right in pairwise(runs):
        assert left.stop <= right.start
    for each in runs:
        steps = sequence[each.start : each.stop].reshape(each.count, each.period)
        assert (steps == steps[0]).all()
        fewest = FEWEST_SINGLES if each.period == 1 else FEWEST_STEPS
        assert each.count >= (3 if of_modules else fewest)


@settings(max_examples=60)
@given(
    st.text("abcdefgh", min_size=2, max_size=20), st.integers(40, 200), st.text("xyz", max_size=9)
)
def test_one_long_repetition_is_covered(step: str, times: int, around: str) -> None:
    runs = find_runs(tokens(around + step * times + around))
    covered = sum(each.stop - each.start for each in runs)
    assert covered >= len(step) * (times - 1)


def test_a_million_items_are_searched() -> None:
    generator = np.random.default_rng(0)
    noise = generator.integers(0, 30, 100_000)
    step = generator.permutation(60)
    sequence = np.concatenate([noise, np.tile(step, 15_000)])
    (found,) = [each for each in find_runs(sequence) if each.period == 60]
    assert abs(found.start - len(noise)) < 60
    assert found.count >= 14_999


def test_many_period_lengths_do_not_hide_the_commonest() -> None:
    parts = ["".join(chr(97 + (i + j) % 26) for j in range(i)) * 4 for i in range(2, 40)]
    sequence = tokens("".join(parts) + "XYZ" * 1_000)
    assert any(each.period == 3 and each.count >= 999 for each in find_runs(sequence))


# Graphs known from elsewhere


@pytest.mark.parametrize("is_recorded", [True, False])
def test_unrolled_lstm_is_one_vertex_that_opens_at_a_step(is_recorded: bool) -> None:
    graph = capture(lstm, 1_000) if is_recorded else trace(lstm(1_000))
    folding = fold(graph)
    assert_groups_nest(folding)
    items = assert_covers_all_once(folding, open_first(folding))
    repeats = [item for item in items if item.last_step - item.first_step > 100]
    (rest,) = repeats
    assert len(items) < 40
    steps = folding.steps[rest.group]
    assert folding.note(rest.group) == "× 1,000"
    assert folding.label(rest.group) == ("LSTMCell" if is_recorded else "step")
    step = int(steps[500])
    items = assert_covers_all_once(folding, frozenset({step}) | open_first(folding))
    low, high = folding.start[step], folding.stop[step]
    shown = [item for item in items if low <= item.start < high]
    assert len(shown) == high - low == 15
    rests = [item for item in items if item.group == rest.group]
    assert [(item.first_step, item.last_step) for item in rests] == [(1, 500), (502, len(steps))]


def test_blocks_of_a_vision_transformer_fold() -> None:
    model = VisionTransformer(
        image_size=16, patch_size=8, num_layers=6, num_heads=2, hidden_dim=8, mlp_dim=16
    )
    folding = fold(capture(model, torch.rand(1, 3, 16, 16)))
    assert_groups_nest(folding)
    (repeat,) = [g for g, kind in enumerate(kinds(folding)) if kind == "repeat"]
    assert folding.label(repeat) == "EncoderBlock"
    assert folding.note(repeat) == "× 6"
    assert len(list(visible_items(folding, open_first(folding)))) <= 40


class Layers(nn.Module):
    def __init__(self, count: int) -> None:
        super().__init__()
        self.layers = nn.ModuleList(nn.Linear(2, 2) for _ in range(count))

    def forward(self, x: Tensor) -> Tensor:
        for layer in self.layers:
            x = layer(x)
        return chain(x, FEW_OPERATIONS)


def repeated(folding: Folding) -> list[str]:
    return [folding.label(group) for group, kind in enumerate(kinds(folding)) if kind == "repeat"]


def test_three_alike_modules_fold_and_two_do_not() -> None:
    x = torch.ones(1, 2, requires_grad=True)
    assert sorted(repeated(fold(capture(Layers(3), x)))) == ["Linear", "Sin"]
    assert repeated(fold(capture(Layers(2), x))) == ["Sin"]


def test_what_is_surveyed_at_a_glance_has_no_repeats() -> None:
    x = torch.ones(1, requires_grad=True)
    assert repeated(fold(trace(chain(x, FEW_OPERATIONS)))) == []
    assert repeated(fold(trace(chain(x, FEW_OPERATIONS + 1)))) == ["Sin"]


def test_chain_of_20_000_is_one_repeat() -> None:
    folding = fold(trace(chain(torch.ones(1, requires_grad=True), 20_000)))
    (item,) = visible_items(folding, frozenset())
    assert (item.first_step, item.last_step) == (1, 20_000)
    assert folding.label(item.group) == "Sin"
    assert folding.note(item.group) == "× 20,000"


def test_a_graph_of_one_leaf_has_no_groups() -> None:
    folding = fold(trace(torch.ones(2, requires_grad=True)))
    assert len(folding) == 0
    assert open_first(folding) == frozenset()
    assert list(visible_items(folding, frozenset())) == []
    assert folding.around(0) == ()


def test_module_called_twice_is_numbered() -> None:
    graph = graph_of_tree([([0, 1], 2), 0, 0])
    folding = fold(graph)
    named = [folding.label(g) for g in range(len(folding)) if kinds(folding)[g] == "module"]
    assert {"part0", "part0 (2)"} <= set(named)
    notes = [folding.note(g) for g in range(len(folding)) if folding.label(g) == "part0"]
    assert notes == ["Block · 2 operations"]


def test_numbers_set_by_hand_make_no_module_groups() -> None:
    module = nn.Sequential(nn.Linear(2, 2), nn.Tanh(), nn.Linear(2, 2))
    x = torch.ones(1, 2)

    def program() -> Tensor:
        output: Tensor = module(x)
        assert output.grad_fn is not None
        middle = output.grad_fn.next_functions[1][0]
        assert middle is not None
        middle._set_sequence_nr(output.grad_fn._sequence_nr() + 5)  # type: ignore[attr-defined]
        return output

    graph: AutogradGraph = capture(program)
    folding = fold(graph)
    assert_groups_nest(folding)
    assert "module" not in kinds(folding)
