"""The message of the variables view: what is sent is what the tensors hold and do."""

import json
from base64 import b64decode
from typing import Any

import numpy as np
import pytest
import torch
from hypothesis import given
from hypothesis import strategies as st

from blitz.tensors.describe import describe
from blitz.ui.tensors.variables_view import variables_message

NUMPY = {
    "Uint8Array": np.uint8, "Int8Array": np.int8, "Int16Array": np.int16, "Int32Array": np.int32,
    "BigInt64Array": np.int64, "BigUint64Array": np.uint64, "Float32Array": np.float32,
    "Float64Array": np.float64,
}  # fmt: skip


def message_of(**values: object) -> dict[str, Any]:
    found: dict[str, Any] = json.loads(variables_message(*describe(values)))
    return found


def elements_of(values: dict[str, Any]) -> np.ndarray:
    return np.frombuffer(b64decode(values["data"]), NUMPY[values["number"]])


def tensors_of(message: dict[str, Any]) -> dict[str, Any]:
    return {each["name"]: each["tensor"] for each in message["variables"]}


@pytest.mark.parametrize(
    "tensor",
    [
        torch.tensor([0.1, torch.nan, torch.inf, -torch.inf]),
        torch.tensor([0.1, -0.0, 5e-324], dtype=torch.float64),
        torch.tensor([2**62 + 1, -(2**62) - 1, 0]),
        torch.tensor([2**64 - 1], dtype=torch.uint64),
        torch.tensor([[True, False]]),
        torch.zeros(0, 3),
        torch.tensor(-7),
    ],
)
def test_elements_arrive_bit_for_bit(tensor: torch.Tensor) -> None:
    values = tensors_of(message_of(x=tensor))["x"]["values"]
    expected = tensor.numpy().ravel()
    np.testing.assert_array_equal(elements_of(values), expected)
    assert values["shape"] == list(tensor.shape)


def test_parts_of_complex_numbers_take_turns() -> None:
    values = tensors_of(message_of(x=torch.tensor([1 + 2j, -3.5j])))["x"]["values"]
    assert elements_of(values).tolist() == [1, 2, 0, -3.5]
    assert values["kind"] == "complex"


@given(st.lists(st.integers(-(2**63), 2**63 - 1), min_size=1, max_size=20))
def test_integers_take_no_more_bytes_than_they_need(numbers: list[int]) -> None:
    values = tensors_of(message_of(x=torch.tensor(numbers)))["x"]["values"]
    sent = elements_of(values)
    assert sent.tolist() == numbers
    needed = max(max(n, ~n).bit_length() for n in numbers) + 1  # with the sign
    assert sent.itemsize == next(size for size in (1, 2, 4, 8) if needed <= 8 * size)


def test_kept_indices_are_ranges_that_belong_to_the_elements() -> None:
    x = torch.arange(10**6).reshape(1000, 1000)
    values = tensors_of(message_of(x=x))["x"]["values"]
    kept = [[i for run in runs for i in range(*run)] for runs in values["kept"]]
    assert all(len(runs) == 2 for runs in values["kept"])
    expected = x[torch.tensor(kept[0])][:, torch.tensor(kept[1])]
    assert elements_of(values).tolist() == expected.ravel().tolist()


def test_a_storage_names_all_that_look_at_it_and_says_how() -> None:
    x = torch.arange(12.0).reshape(3, 4)
    message = message_of(x=x, y=x.T, part=x[1:, 1:2], wide=x[:, 1:2].expand(3, 5), alone=x + 1)
    shared, alone = message["storages"]
    assert shared["names"] == ["x", "y", "part", "wide"]
    assert alone["names"] == ["alone"]
    assert shared["size"] == "12 elements, 48 bytes"
    captions = [view["caption"] for view in shared["views"]]
    assert captions == [
        "starts at place 0; one step along axis 0 is 4 elements in memory, along axis 1 it is 1.",
        "starts at place 0; one step along axis 0 is 1 element in memory, along axis 1 it is 4.",
        "starts at place 5; one step along axis 0 is 4 elements in memory.",
        "starts at place 1; one step along axis 0 is 4 elements in memory, "
        "axis 1 is broadcast: each step stays at the same element.",
    ]
    tensors = tensors_of(message)
    assert tensors["x"]["shares"] == "shares memory with y, part and wide"
    assert tensors["alone"]["shares"] == ""


def test_two_names_of_one_tensor_are_told_from_two_views() -> None:
    x = torch.zeros(2, 2)
    shares = tensors_of(message_of(x=x, same=x, y=x.T))["x"]["shares"]
    assert shares == "shares memory with same (the very same elements) and y"


def test_an_element_has_one_colour_wherever_it_is_seen() -> None:
    x = torch.tensor([-8.0, 1.0, 2.0, torch.inf])
    message = message_of(x=x, part=x[1:3])
    scales = [tensor["scale"] for tensor in tensors_of(message).values()]
    assert scales == [[-8, 2], [-8, 2]]
    assert message["storages"][0]["scale"] == [-8, 2]


def test_statistics_and_what_is_not_finite_are_told() -> None:
    x = torch.tensor([1.0, 2.0, 4.0, torch.nan, torch.nan, -torch.inf])
    tensor = tensors_of(message_of(x=x))["x"]
    assert tensor["statistics"] == ["min 1", "max 4", "mean 2.3333", "std 1.2472"]
    assert tensor["marks"] == [2, 0, 1]
    assert sum(tensor["histogram"]["counts"]) == 3
    mask = tensors_of(message_of(x=torch.tensor([True, True, False])))["x"]
    assert mask["statistics"] == ["2 of 3 True"]
    nothing = tensors_of(message_of(x=torch.full((3,), torch.nan)))["x"]
    assert (nothing["statistics"], nothing["scale"], nothing["histogram"]) == ([], None, None)


def test_the_nameless_value_is_the_result_and_others_are_text() -> None:
    message = message_of(**{"k": (1, "a"), "": torch.ones(2)})
    k, result = message["variables"]
    assert (k["tensor"], k["text"], k["type"]) == (None, "(1, 'a')", "tuple")
    assert result["title"] == "result"


def test_facts_tell_stride_offset_bytes_and_autograd() -> None:
    w = torch.ones(3, 4, requires_grad=True)
    tensor = tensors_of(message_of(w=(w * 2)[1:].T))["w"]
    facts = dict(tensor["facts"])
    assert facts == {
        "stride": "(1, 4)", "storage offset": "4", "elements": "8", "bytes": "32 (4 each)",
        "contiguous": "no", "requires_grad": "yes", "is_leaf": "no", "grad_fn": "PermuteBackward0"
        if facts["grad_fn"].startswith("Permute") else "TBackward0", "version": "0",
    }  # fmt: skip


def test_axes_that_no_picture_shows_are_told() -> None:
    tensor = tensors_of(message_of(x=torch.zeros(7, 2, 2, 2, 2)))["x"]
    assert tensor["note"] == "Drawn: 1 of 7 along axis 0."


def test_the_largest_message_stays_small() -> None:
    large = torch.rand(2000, 2000, dtype=torch.float64)
    many = {f"x{i}": torch.rand(40, 40, dtype=torch.float64) for i in range(12)}
    assert len(variables_message(*describe({"x": large, "row": large[3]}))) < 30_000
    assert len(variables_message(*describe(many))) < 200_000
