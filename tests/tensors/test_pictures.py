"""Pictures of operations name the elements that PyTorch took."""

import math
import operator
from collections.abc import Callable
from typing import Any

import numpy as np
import pytest
import torch
import torch.nn.functional as F
from hypothesis import assume, given, settings
from hypothesis import strategies as st
from torch import Tensor

from blitz.tensors.operations.operation import Picture
from blitz.tensors.pictures import draw, draw_assignment, draw_index, snapshot
from blitz.tensors.summaries import OperationPicture

SHAPES = st.lists(st.integers(1, 4), min_size=1, max_size=3).map(tuple)
SETTINGS = settings(max_examples=60)
X = torch.arange(12.0).reshape(3, 4)
MASK = X > 3


def distinct(*shape: int, start: int = 0) -> Tensor:
    """A tensor in which every element is another number."""
    return torch.arange(start, start + math.prod(shape), dtype=torch.float64).reshape(shape)


def drawn(kind: Picture, call: Callable[..., Any], *args: Any, **kwargs: Any) -> OperationPicture:
    texts = [f"t{index}" for index in range(len(args) + len(kwargs))]
    picture = draw(kind, call, args, kwargs, call(*args, **kwargs), texts)
    assert picture is not None
    return picture


def elements(picture: OperationPicture, index: int) -> list[list[Any]]:
    """For each element of the result the elements of one operand that it was made of."""
    assert picture.sources is not None
    numbers = picture.operands[index].values.elements.ravel().tolist()
    return [
        [numbers[position] for operand, position in picture.sources.of(element)
         if operand == index]
        for element in range(math.prod(picture.result.shape))
    ]  # fmt: skip


def result(picture: OperationPicture) -> list[Any]:
    found: list[Any] = picture.result.values.elements.ravel().tolist()
    return found


def check_moved(picture: OperationPicture, made: float | None = None) -> None:
    """Every element is the same as its source; those without any are what was `made`."""
    assert picture.sources is not None
    for element, value in enumerate(result(picture)):
        sources = picture.sources.of(element)
        if not sources:
            assert value == made
            continue
        [(operand, position)] = sources
        assert picture.operands[operand].values.elements.ravel()[position] == value


# Element by element


@SETTINGS
@given(SHAPES, st.data())
def test_broadcast_operands_meet_as_torch_lets_them(shape: tuple[int, ...], data: Any) -> None:
    def smaller() -> tuple[int, ...]:
        start = data.draw(st.integers(0, len(shape)))
        return tuple(data.draw(st.sampled_from([1, size])) for size in shape[start:])

    tensors = [distinct(*smaller()), distinct(*smaller(), start=500)]
    picture = drawn(Picture.ELEMENTWISE, operator.sub, *tensors)
    for index, whole in enumerate(torch.broadcast_tensors(*tensors)):
        assert elements(picture, index) == whole.reshape(-1, 1).tolist()
        own = (1,) * (whole.dim() - tensors[index].dim()) + tuple(tensors[index].shape)
        repeated = [axis for axis in range(whole.dim()) if own[axis] < whole.shape[axis]]
        assert picture.stretched[index] == tuple(repeated)
    pairs = zip(elements(picture, 0), elements(picture, 1), strict=True)
    assert [first - second for [first], [second] in pairs] == result(picture)


def test_the_caption_names_the_axes_that_are_repeated() -> None:
    picture = drawn(Picture.ELEMENTWISE, operator.add, torch.ones(3, 1), torch.ones(4))
    assert picture.caption == (
        "[3, 1] and [4] broadcast to [3, 4]: the first is repeated along axis 1, "
        "the second is repeated along axis 0"
    )


@pytest.mark.parametrize(
    ("call", "args", "kwargs", "formula"),
    [
        (operator.add, (X, 10), {}, "{0} + 10"),
        (operator.sub, (10, X), {}, "10 − {0}"),
        (operator.iadd, (X.clone(), 10), {}, "{0} + 10"),
        (torch.Tensor.mul_, (X.clone(), X), {}, "{0} · {1}"),
        (torch.add, (X, X), {"alpha": 2}, "add({0}, {1}, alpha=2)"),
        (torch.clamp, (X, 0, 1), {}, "clamp({0}, 0, 1)"),
        (torch.where, (MASK, X, 0.5), {}, "where({0}, {1}, 0.5)"),
        (np.add, (X.numpy(), 1), {"out": X.clone().numpy()}, "{0} + 1"),
    ],
)
def test_the_formula_has_a_place_for_every_operand(
    call: Callable[..., Any], args: tuple[Any, ...], kwargs: dict[str, Any], formula: str
) -> None:
    assert drawn(Picture.ELEMENTWISE, call, *args, **kwargs).formula == formula


# Sums of products


PRODUCTS: list[tuple[Callable[..., Any], tuple[Any, ...]]] = [
    (operator.matmul, (distinct(2, 3), distinct(3, 4))),
    (torch.matmul, (distinct(3), distinct(3, start=9))),
    (torch.matmul, (distinct(3), distinct(2, 3, 4))),
    (torch.matmul, (distinct(2, 1, 2, 3), distinct(2, 3, 2))),
    (torch.mv, (distinct(2, 3), distinct(3))),
    (torch.bmm, (distinct(2, 2, 3), distinct(2, 3, 1))),
    (torch.outer, (distinct(2), distinct(3, start=5))),
    (torch.einsum, ("ij,kj->ki", distinct(2, 3), distinct(4, 3))),
    (torch.einsum, ("i,j,k", distinct(2), distinct(3), distinct(2, start=7))),
    (torch.tensordot, (distinct(2, 3, 2), distinct(3, 2, 2))),
    (F.linear, (distinct(2, 2, 3), distinct(2, 3))),
    (F.linear, (distinct(2, 3), distinct(2, 3), distinct(2, start=50))),
    (torch.addmm, (distinct(3), distinct(2, 3), distinct(3, 3))),
    (torch.matmul, (torch.ones(2, 0), torch.ones(0, 3))),
]


@pytest.mark.parametrize(("call", "args"), PRODUCTS)
def test_products_of_the_sources_add_up(call: Callable[..., Any], args: tuple[Any, ...]) -> None:
    picture = drawn(Picture.MATMUL, call, *args)
    num_added = picture.formula.count("{2}")
    factors = [elements(picture, index) for index in range(len(picture.operands) - num_added)]
    added = elements(picture, len(picture.operands) - 1) if num_added else None
    for element, value in enumerate(result(picture)):
        terms = zip(*(own[element] for own in factors), strict=True)
        total = sum(math.prod(term) for term in terms)
        assert total + sum(added[element] if added else []) == value


def test_a_batch_that_is_repeated_is_told() -> None:
    picture = drawn(Picture.MATMUL, torch.matmul, torch.ones(5, 1, 2, 3), torch.ones(4, 3, 2))
    assert picture.stretched == ((1,), (0,))


def test_the_caption_says_which_rows_meet_which_columns() -> None:
    picture = draw(Picture.MATMUL, operator.matmul, (X, X.T), {}, X @ X.T, ("x", "x.T"))
    assert picture is not None
    assert picture.caption == (
        "each element is the sum of 4 products: row of x times column of x.T"
    )


# Reductions


@SETTINGS
@given(SHAPES, st.data())
def test_a_reduction_folds_what_torch_folds(shape: tuple[int, ...], data: Any) -> None:
    axes = st.lists(st.integers(0, len(shape) - 1), min_size=1, max_size=len(shape), unique=True)
    chosen = data.draw(st.one_of(st.none(), st.integers(-len(shape), len(shape) - 1), axes))
    keepdim = data.draw(st.booleans())
    tensor = distinct(*shape)
    kwargs = {} if chosen is None else {"dim": chosen, "keepdim": keepdim}
    picture = drawn(Picture.REDUCTION, torch.sum, tensor, **kwargs)
    assert [sum(folded) for folded in elements(picture, 0)] == result(picture)
    count = math.prod(shape[axis] for axis in picture.axes)
    assert all(len(set(folded)) == count for folded in elements(picture, 0))


@pytest.mark.parametrize(
    ("call", "args", "axes"),
    [
        (torch.argmax, (X,), (0, 1)),
        (torch.argmax, (X, 0), (0,)),
        (torch.max, (X, 1), (1,)),
        (torch.median, (X, -1), (1,)),
        (torch.Tensor.norm, (X, 2, 0), (0,)),
        (torch.linalg.vector_norm, (X, 2, 1), (1,)),
        (torch.logsumexp, (X, 1), (1,)),
        (torch.kthvalue, (X, 2), (1,)),
        (torch.sum, (torch.tensor(3.0),), ()),
        (np.mean, (X.numpy(), 0), (0,)),
    ],
)
def test_the_folded_axes_are_found(
    call: Callable[..., Any], args: tuple[Any, ...], axes: tuple[int, ...]
) -> None:
    assert drawn(Picture.REDUCTION, call, *args).axes == axes


def test_the_greater_of_two_tensors_is_no_reduction() -> None:
    assert drawn(Picture.REDUCTION, torch.max, X, X + 1).kind == "elementwise"


def test_the_caption_says_how_many_elements_are_folded() -> None:
    assert drawn(Picture.REDUCTION, torch.sum, X, 1).caption == (
        "axis 1 (4 elements) is folded into one by sum"
    )


# Movements


MOVEMENTS: list[tuple[Callable[..., Any], tuple[Any, ...], float | None]] = [
    (torch.cat, ([X, X + 20], 1), None),
    (torch.stack, ([X, X + 20], -1), None),
    (torch.hstack, ([X, X],), None),
    (Tensor.reshape, (X, 2, 6), None),
    (Tensor.permute, (X, 1, 0), None),
    (Tensor.expand, (torch.tensor([[1.0], [2.0]]), 2, 3), None),
    (Tensor.repeat, (X, 2, 1), None),
    (Tensor.roll, (X, 1, 0), None),
    (F.pad, (X, (1, 1)), 0),
    (torch.tril, (X,), 0),
    (torch.diag, (torch.tensor([1.0, 2.0]),), 0),
    (torch.gather, (X.long(), 1, torch.tensor([[3], [0], [1]])), None),
    (torch.take, (X, torch.tensor([11, 0])), None),
    (torch.where, (MASK, X, -X), None),
    (torch.where, (MASK, X, 7.0), 7),
    (torch.masked_select, (X, MASK), None),
    (Tensor.masked_fill_, (X.clone(), MASK, -1), -1),
    (torch.masked_fill, (X, MASK, float("-inf")), float("-inf")),
    (Tensor.reshape, (X, 1, 3, 1, 2, 2), None),
    (torch.scatter, (X, 1, torch.tensor([[0], [1], [2]]), 2 * X), None),
    (torch.sort, (X, 1, True), None),
    (torch.topk, (X, 2), None),
    (torch.chunk, (X, 2, 1), None),
    (torch.unbind, (X,), None),
    (np.concatenate, ([X.numpy(), X.numpy()],), None),
    (F.embedding, (torch.tensor([2, 0]), X), None),
]


@pytest.mark.parametrize(("call", "args", "made"), MOVEMENTS)
def test_every_element_is_the_one_it_came_from(
    call: Callable[..., Any], args: tuple[Any, ...], made: float | None
) -> None:
    before = snapshot(args)
    assert before is not None
    picture = draw(Picture.MOVEMENT, call, before, {}, call(*args), ["t0", "t1", "t2"])
    assert picture is not None
    check_moved(picture, made)


def test_a_list_by_its_items_gives_each_operand_its_own_text() -> None:
    picture = draw(Picture.MOVEMENT, torch.cat, ([X, X],), {}, torch.cat([X, X]), ["[x, y[:, 1]]"])
    assert picture is not None
    assert [operand.text for operand in picture.operands] == ["x", "y[:, 1]"]


@pytest.mark.parametrize(
    ("call", "args", "caption"),
    [
        (torch.cat, ([X, X, X], 1), "cat joins along the existing axis 1: 4 + 4 + 4 = 12"),
        (torch.stack, ([X, X, X], 1), "stack makes a new axis 1 of 3"),
        (torch.stack, ([X, X, X], -1), "stack makes a new axis 2 of 3"),
        (Tensor.reshape, (X, 12), "all 12 elements in the same order: [3, 4] to [12]"),
        (Tensor.t, (X,), "all 12 elements in another order: [3, 4] to [4, 3]"),
    ],
)
def test_the_caption_says_where_elements_go(
    call: Callable[..., Any], args: tuple[Any, ...], caption: str
) -> None:
    assert drawn(Picture.MOVEMENT, call, *args).caption == caption


def test_what_computes_is_not_drawn_as_a_movement() -> None:
    assert draw(Picture.MOVEMENT, torch.sin, (X,), {}, torch.sin(X), ["x"]) is None


# Subscripts


@st.composite
def indexes(draw_from: st.DrawFn, shape: tuple[int, ...]) -> Any:
    """Anything that may stand in the brackets after a tensor of this shape."""
    if draw_from(st.booleans()) and draw_from(st.booleans()):
        return torch.tensor(draw_from(st.lists(st.booleans(), min_size=shape[0],
                                               max_size=shape[0])))  # fmt: skip
    items: list[Any] = []
    for size in shape[: draw_from(st.integers(0, len(shape)))]:
        places = st.lists(st.integers(-size, size - 1), min_size=2, max_size=2)
        items.append(
            draw_from(
                st.one_of(
                    st.integers(-size, size - 1),
                    st.builds(slice, st.none() | st.integers(-5, 5), st.none() | st.integers(-5, 5),
                              st.none() | st.integers(1, 3)),
                    places,
                    places.map(torch.tensor),
                )
            )
        )  # fmt: skip
    if draw_from(st.booleans()):
        items.insert(draw_from(st.integers(0, len(items))), None)
    if len(items) < len(shape) and draw_from(st.booleans()):
        items.append(...)
    return tuple(items)


@SETTINGS
@given(SHAPES, st.data())
def test_an_index_takes_what_torch_takes(shape: tuple[int, ...], data: Any) -> None:
    tensor, index = distinct(*shape), data.draw(indexes(shape))
    picture = draw_index(tensor, index, tensor[index], ("x", "…"))
    assert picture is not None
    assert picture.kind == "index"
    check_moved(picture)


@SETTINGS
@given(SHAPES, st.data())
def test_an_assignment_sets_what_torch_sets(shape: tuple[int, ...], data: Any) -> None:
    before, index = distinct(*shape), data.draw(indexes(shape))
    assume(before[index].numel())
    value = data.draw(st.sampled_from([-7, distinct(start=-7), distinct(1, start=-7)]))
    after = before.clone()
    after[index] = value
    picture = draw_assignment(before, index, value, after, ("x", "…", "v"))
    assert picture is not None
    check_moved(picture, made=-7)
    assert picture.sources is not None
    kept = (after != -7).ravel().tolist()
    for element, is_kept in enumerate(kept):
        assert (picture.sources.of(element) == ((0, element),)) == is_kept


def test_negative_steps_of_arrays_are_followed() -> None:
    array = X.numpy()
    index = (slice(None, None, -1), slice(None, None, -2))
    picture = draw_index(array, index, array[index], ("n", "::-1, ::-2"))
    assert picture is not None
    check_moved(picture)


def test_captions_count_what_an_index_takes_and_sets() -> None:
    taken = draw_index(X, (slice(None), 1), X[:, 1], ("x", ":, 1"))
    after = X.clone()
    after[:, 1] = 0
    assigned = draw_assignment(X, (slice(None), 1), 0, after, ("x", ":, 1", "0"))
    assert taken is not None
    assert assigned is not None
    assert taken.caption == "x[:, 1] takes 3 of 12 elements"
    assert assigned.caption == "x[:, 1] = 0 sets 3 of 12 elements"


# What is large, odd, or nothing to draw


def test_large_tensors_have_shapes_and_words_but_no_sources() -> None:
    large = torch.zeros(2000, 2000)
    for picture in (
        drawn(Picture.ELEMENTWISE, operator.add, large, large[0]),
        drawn(Picture.MATMUL, operator.matmul, large[:, :4], large[:4]),
        drawn(Picture.REDUCTION, torch.sum, large, 0),
        drawn(Picture.MOVEMENT, torch.cat, [large, large]),
        drawn(Picture.MOVEMENT, torch.sort, large),
        draw_index(large, 0, large[0], ("x", "0")),
        draw_assignment(large, 0, 1, large, ("x", "0", "1")),
    ):
        assert picture is not None
        assert picture.sources is None
        assert all(operand.values.elements.size <= 1024 for operand in picture.operands)
        assert picture.caption


@pytest.mark.parametrize("picture", Picture)
@pytest.mark.parametrize(
    ("args", "outcome"),
    [
        ((1, 2), 3),
        ((X,), None),
        ((X,), (X, X[0])),
        ((X,), X[:2, :3]),
        ((torch.ones(2, 2).to_sparse(),), X),
        ((np.array(["a"]),), X),
        ((), X),
    ],
)
def test_what_cannot_be_drawn_is_none(
    picture: Picture, args: tuple[Any, ...], outcome: object
) -> None:
    assert draw(picture, lambda *_: outcome, args, {}, outcome, ()) is None or (
        picture is Picture.MOVEMENT and isinstance(outcome, Tensor)
    )


def test_drawing_leaves_values_gradients_and_chance_alone() -> None:
    x = X.clone().requires_grad_()
    state = torch.get_rng_state()
    picture = drawn(Picture.MOVEMENT, torch.cat, [x, x])
    check_moved(picture)
    assert torch.equal(x.detach(), X)
    assert x.grad is None
    assert torch.equal(torch.get_rng_state(), state)


def test_a_snapshot_stays_as_it_was() -> None:
    x = X.clone()
    kept = snapshot((x, [x], 3))
    x.zero_()
    assert kept is not None
    assert torch.equal(kept[0], X)  # type: ignore[arg-type]
    assert kept[2] == 3
    assert snapshot((torch.zeros(1).expand(10**7),)) is None
