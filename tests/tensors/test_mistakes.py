"""Errors of real calls are explained: by their facts, in one line, with a way that works."""

import re
import warnings

import numpy as np
import pytest
import torch
from hypothesis import given
from hypothesis import strategies as st

from blitz.tensors.mistakes import explain
from blitz.tensors.mistakes.messages import LONGEST, one_line
from blitz.tensors.mistakes.operands import describe
from tests.tensors.mistaken_calls import ALL, Wrong, explained, provoke, run_mended

CPU = "leave out"
OF_OTHER_MACHINES = (
    (AssertionError("Torch not compiled with CUDA enabled"), "without CUDA", CPU),
    (
        RuntimeError(
            "Found no NVIDIA driver on your system. Please check that you have an NVIDIA GPU and"
            " installed a driver from http://www.nvidia.com/Download/index.aspx"
        ),
        "no NVIDIA GPU",
        CPU,
    ),
    (
        RuntimeError(
            "CUDA error: invalid device ordinal\nCUDA kernel errors might be asynchronously"
            " reported at some other API call\nException raised from f at /opt/x.cpp:3"
        ),
        "counted from 0",
        "cuda:0",
    ),
    (
        RuntimeError(
            "Expected all tensors to be on the same device, but found at least two devices,"
            " cuda:0 and cpu!"
        ),
        "one device",
        "y.to(x.device)",
    ),
    (
        TypeError(
            "can't convert cuda:0 device type tensor to numpy. Use Tensor.cpu() to copy the"
            " tensor to host memory first."
        ),
        "cuda:0",
        "x.cpu().numpy()",
    ),
)
# What shape inference on tensors without elements says instead.
OF_FAKE_TENSORS = (
    ("a and b must have same reduction dim, but got [3, 4] X [3, 4].", "@", "x @ y.T"),
    (
        "Attempting to broadcast a dimension of length 3 at -1! Mismatching argument at index 1 had"
        " torch.Size([3]); but expected shape should be broadcastable to [3, 4]",
        "+",
        "sizes equal",
    ),
    ("Cannot view a tensor with shape torch.Size([3, 2]) and strides (1, 3)", "", "reshape"),
    ("result type torch.float32 can't be cast to the desired output type torch.int64", "", "float"),
    ("mean(): could not infer output dtype. Got: torch.int64", "", "x.float().mean()"),
    ("expected a floating-point or complex dtype, but got dtype=torch.int64", "", "x.float()"),
)


@pytest.mark.parametrize("wrong", ALL, ids=lambda wrong: f"{wrong.operation}({wrong.args})")
def test_why_names_the_facts_and_mend_runs(wrong: Wrong) -> None:
    said = explained(wrong)
    assert said.why
    assert said.mend
    for fact in wrong.why:
        assert fact in said.why
    if wrong.mended:
        assert wrong.mended in said.mend
        run_mended(wrong)


def test_there_is_an_explanation_for_far_more_than_the_commonest_mistakes() -> None:
    assert len({explained(wrong).why for wrong in ALL}) >= 100


def test_every_text_is_one_short_line_without_paths_and_addresses() -> None:
    for wrong in ALL:
        said = explained(wrong)
        assert "{" not in said.why + said.mend, wrong
        for text in (said.message, said.why, said.mend, *said.operands):
            assert text.isprintable(), wrong
            assert "0x" not in text, wrong
            assert len(text) <= LONGEST, wrong
            assert not re.search(r"https?:|\.(cpp|py|h)\b|(?<!\w)/\w+/", text), wrong


def test_operands_tell_shape_dtype_and_device_of_each_argument() -> None:
    said = explained(Wrong("torch.cat", "[ones(2, 3), ints(3)]", kwargs="dim=0"))
    assert said.operands == ("[[2, 3] float32, [3] int64]", "0")
    assert describe(torch.ones(2, device="meta")) == "[2] float32 meta"
    assert describe(np.ones((2, 3))) == "[2, 3] float64"
    assert describe(2.5) == "2.5"
    assert describe(slice(1, None)) == "1:"
    assert describe(2**100) == "integer of 101 bits"
    assert len(describe("a" * 1000)) <= 80


@pytest.mark.parametrize(
    ("error", "why", "mend"), OF_OTHER_MACHINES, ids=lambda value: str(value)[:30]
)
def test_errors_of_machines_with_other_devices(error: Exception, why: str, mend: str) -> None:
    said = explain(error, operation="Tensor.to", args=(torch.ones(2), "cuda"), kwargs={})
    assert why in said.why
    assert mend in said.mend
    assert "\n" not in said.message
    assert "http" not in said.message


@pytest.mark.parametrize(("message", "operation", "mend"), OF_FAKE_TENSORS)
def test_errors_of_shape_inference(message: str, operation: str, mend: str) -> None:
    args = (torch.ones(3, 4), torch.ones(3, 4)) if operation else ()
    said = explain(RuntimeError(message), operation=operation, args=args, kwargs={})
    assert mend in said.mend
    assert said.why


def test_of_many_signatures_the_nearest_is_told() -> None:
    assert explained(Wrong("torch.linspace", "0, 1")).message == (
        "linspace() got (int, int), but expects (Number start, Number end, int steps)"
    )
    dim = explained(Wrong("torch.sum", "ones(2)", kwargs="axes=1")).message
    assert dim == (
        "sum() got (Tensor, axes=int), but expects"
        " (Tensor input, tuple of ints dim, bool keepdim = False)"
    )


def test_messages_lose_frames_paths_addresses_and_links() -> None:
    raw = (
        "bad <object at 0x7f2a11223344> in /usr/lib/python3/x.py:12 see https://a.b/c\n"
        "Exception raised from f at ../aten/src/ATen/x.cpp:3\nframe #0: 0xdeadbeef"
    )
    assert one_line(RuntimeError(raw)) == "bad <object> in …"
    assert one_line(KeyError("b")) == "there is no key 'b'"
    assert one_line(RuntimeError("")) == "RuntimeError"
    assert one_line(RuntimeError("a" * 1000)) == "a" * (LONGEST - 1) + "…"
    assert one_line(RuntimeError("int32/int64 differ")) == "int32/int64 differ"


SHAPE = st.lists(st.integers(0, 4), max_size=3).map(tuple)
TENSOR = st.builds(
    lambda shape, dtype: torch.ones(shape, dtype=dtype),
    SHAPE,
    st.sampled_from([torch.float32, torch.float64, torch.int64, torch.bool, torch.complex64]),
)
ARGUMENT = TENSOR | st.integers(-9, 9) | st.floats() | st.text(max_size=5) | st.none() | SHAPE
CALLED = [
    "matmul",
    "add",
    "cat",
    "stack",
    "sum",
    "softmax",
    "mean",
    "gather",
    "index_select",
    "bmm",
    "einsum",
    "reshape",
    "permute",
    "clamp",
    "where",
    "linspace",
    "tensor",
    "rand_like",
    "dot",
    "outer",
    "take",
    "flip",
    "roll",
    "topk",
]


@given(st.sampled_from(CALLED), st.lists(ARGUMENT, max_size=3), st.booleans())
def test_any_wrong_call_is_explained_in_one_line(
    name: str, args: list[object], is_listed: bool
) -> None:
    given_args: list[object] = [args] if is_listed else args
    function = getattr(torch, name)
    try:
        with warnings.catch_warnings(action="ignore"):
            function(*given_args)
    except (RuntimeError, TypeError, ValueError, LookupError, ArithmeticError) as error:
        said = explain(error, operation=f"torch.{name}", args=given_args, kwargs={})
        for text in (said.message, said.why, said.mend, *said.operands):
            assert "\n" not in text
            assert len(text) <= LONGEST


@given(st.sampled_from(ALL), st.lists(ARGUMENT, max_size=3), st.sampled_from(["@", "+=", "x[...]"]))
def test_an_explanation_never_fails_whatever_the_arguments(
    wrong: Wrong, args: list[object], operation: str
) -> None:
    error, _, _ = provoke(wrong)
    for name in (operation, wrong.operation):
        assert explain(error, operation=name, args=args, kwargs={}).message
