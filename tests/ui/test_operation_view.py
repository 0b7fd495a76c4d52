"""What the browser is given of an operation's picture."""

import operator
from typing import Any

import numpy as np
import pytest
import torch

from blitz.tensors.operations.operation import Picture
from blitz.tensors.pictures import draw
from blitz.ui.tensors.operation_view import payload
from tests.browser.operation_examples import EXAMPLES, example


def payload_of(name: str) -> dict[str, Any]:
    shown = example(name)
    assert shown.picture is not None
    return payload(shown.picture, shown.operation)


def grid(tensor: dict[str, Any]) -> list[str]:
    """The texts of a tensor's cells as drawn."""
    return [tensor["cells"][place] for place in tensor["places"]]


@pytest.mark.parametrize("name", EXAMPLES)
def test_every_cell_has_a_text_and_every_link_a_cell(name: str) -> None:
    found = payload_of(name)
    tensors = found["tensors"]
    for tensor in tensors:
        drawn = np.prod([len(indices) for indices in tensor["kept"]], dtype=int)
        assert drawn == len(tensor["places"] or tensor["cells"])
    if found["starts"] is None:
        assert all(tensor["places"] is None for tensor in tensors[:1])
        return
    assert found["starts"][-1] == len(found["positions"])
    for number, position in zip(found["operands"], found["positions"], strict=True):
        assert position in tensors[number]["places"]


def test_a_repeated_axis_is_drawn_as_far_as_it_is_repeated() -> None:
    first, second, _ = payload_of("broadcast")["tensors"]
    x, y = torch.tensor([[1], [2], [3]]), torch.tensor([10, 20, 30, 40])
    for tensor, whole in ((first, x.expand(3, 4)), (second, y.expand(3, 4))):
        assert grid(tensor) == [str(element) for element in whole.ravel().tolist()]
    # The first copy is the operand itself.
    assert first["ghosts"] == [1, 2, 3, 5, 6, 7, 9, 10, 11]
    assert second["ghosts"] == [4, 5, 6, 7, 8, 9, 10, 11]


def test_a_matrix_is_repeated_for_every_pair_of_a_batch() -> None:
    _, second, _ = payload_of("batched")["tensors"]
    assert [len(indices) for indices in second["kept"]] == [2, 3, 2]
    assert second["ghosts"] == [6, 7, 8, 9, 10, 11]


def test_a_thinned_tensor_has_its_own_indices_and_no_links() -> None:
    found = payload_of("large")
    assert found["starts"] is None
    rows, columns = found["tensors"][-1]["kept"]
    assert rows[0] == columns[0] == 0
    assert (rows[-1], columns[-1]) == (59, 49)
    assert len(rows) < 60


@pytest.mark.parametrize(
    ("tensor", "texts", "is_exact"),
    [
        (torch.tensor([0.1, -2.0]), ["0.1", "−2"], True),
        (torch.tensor([1 / 3]), ["0.3333"], False),
        (torch.tensor([float("nan"), float("-inf")]), ["nan", "−inf"], True),
        (torch.tensor([2**53 + 1]), ["9007199254740993"], True),
        (torch.tensor([True]), ["True"], True),
        (torch.tensor([1 - 2j]), ["1−2j"], True),
        (torch.empty(0), [], True),
    ],
)
def test_rounded_numbers_are_told_from_exact_ones(
    tensor: torch.Tensor, texts: list[str], is_exact: bool
) -> None:
    picture = draw(Picture.ELEMENTWISE, operator.pos, (tensor,), {}, tensor, ["x"])
    assert picture is not None
    found = payload(picture, "+")
    assert found["tensors"][0]["cells"] == texts
    assert found["is_exact"] == is_exact


@pytest.mark.parametrize(
    ("operation", "sign"), [("+", "+"), ("+=", "+"), ("<=", "≤"), ("*", "·"), ("torch.add", ",")]
)
def test_operands_have_their_operator_between_them(operation: str, sign: str) -> None:
    shown = example("broadcast")
    assert shown.picture is not None
    assert payload(shown.picture, operation)["sign"] == sign
