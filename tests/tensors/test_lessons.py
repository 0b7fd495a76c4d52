"""Every lesson run by Python itself shows what it promises."""

import re
from collections.abc import Mapping
from typing import Any

import numpy as np
import pytest
import torch
import torch.nn.functional as F

from blitz.tensors import evaluate
from blitz.tensors.lessons import LESSONS, Lesson
from blitz.tensors.syntax import MOST_CHARACTERS

ALL = {lesson.name: lesson for lesson in LESSONS}
MASK = [[1.0, 0.0, 1.0, 1.0]] * 4


def run(program: str) -> Mapping[str, Any]:
    """The names of a program after Python has run it on the CPU with seed 0."""
    torch.manual_seed(0)
    names: dict[str, Any] = {"torch": torch, "np": np, "F": F, "device": torch.device("cpu")}
    exec(program, names)
    return names


def names_of(lesson: str) -> Mapping[str, Any]:
    return run(ALL[lesson].program)


def variant(lesson: str, word: str) -> str:
    """The program of the one variant with this word in its title."""
    (found,) = [each for each in ALL[lesson].variants if word in each.title]
    return found.program


def test_lists_of_integers_are_int64() -> None:
    names = names_of("from-data")
    assert names["x"].dtype == torch.int64
    assert names["x"].tolist() == [[1, 2], [3, 4]]
    assert (names["decimals"].dtype, names["truths"].dtype) == (torch.float32, torch.bool)
    with pytest.raises(ValueError, match="expected sequence of length 2"):
        run(variant("from-data", "lengths"))


def test_a_tensor_from_numpy_shares_memory_both_ways() -> None:
    names = names_of("from-numpy")
    assert names["x"].data_ptr() == names["n"].ctypes.data == names["back"].ctypes.data
    assert names["x"].tolist() == names["back"].tolist() == [[100, 2], [3, 4]]
    assert run(variant("from-numpy", "copy"))["x"].tolist() == [[1, 2], [3, 4]]


def test_like_keeps_or_overrides_the_dtype() -> None:
    names = names_of("like-another")
    assert names["ones"].dtype == torch.int64
    assert names["ones"].tolist() == [[1, 1], [1, 1]]
    assert names["random"].dtype == torch.float32
    assert names["random"].shape == (2, 2)
    with pytest.raises(NotImplementedError, match="not implemented for 'Long'"):
        run(variant("like-another", "error"))


def test_shapes_and_the_seed() -> None:
    names = names_of("shapes")
    assert names["random"].shape == names["ones"].shape == names["zeros"].shape == (2, 3)
    assert names["ones"].unique().tolist() == [1]
    assert names["zeros"].unique().tolist() == [0]
    # What PyTorch draws on a CPU after manual_seed(0).
    expected = torch.tensor([[0.4963, 0.7682, 0.0885], [0.1320, 0.3074, 0.6341]])
    torch.testing.assert_close(names["random"], expected, atol=5e-5, rtol=0)
    seeded = run(variant("shapes", "seed"))
    assert torch.equal(seeded["first"], seeded["again"])
    assert not torch.equal(seeded["first"], names["random"])
    drawn = run(variant("shapes", "draw"))
    assert drawn["normal"].shape == drawn["digits"].shape == (2, 3)
    assert sorted(drawn["order"].flatten().tolist()) == [0, 1, 2, 3, 4, 5]


def test_attributes(capsys: pytest.CaptureFixture[str]) -> None:
    part = names_of("attributes")["part"]
    assert capsys.readouterr().out.splitlines() == [
        "torch.Size([3, 4]) torch.float32 cpu",
        "(4, 1) 0 48 False",
        "torch.Size([2, 2]) (4, 2) 4 16",
    ]
    assert part.shape == (2, 2)


def test_what_is_there_already_is_not_moved() -> None:
    names = names_of("devices")
    assert names["moved"].device == names["back"].device == torch.device("cpu")
    assert names["moved"] is names["x"]
    assert "no accelerator" in ALL["devices"].without_accelerator


@pytest.mark.skipif(torch.cuda.is_available(), reason="there is CUDA here")
def test_cuda_where_there_is_none_is_an_error() -> None:
    with pytest.raises((RuntimeError, AssertionError), match=r"NVIDIA|CUDA"):
        run(variant("devices", "CUDA"))


@pytest.mark.skipif(not torch.cuda.is_available(), reason="there is no CUDA here")
def test_tensors_move_to_cuda_and_back() -> None:
    names = run("device = torch.device('cuda')\n" + ALL["devices"].program)
    assert names["moved"].is_cuda
    assert names["back"].tolist() == [[1, 1, 1], [1, 1, 1]]


def test_a_column_is_set_to_zero() -> None:
    names = names_of("indexing")
    assert names["x"].tolist() == MASK
    assert names["first_row"].tolist() == [1, 0, 1, 1]
    assert names["first_column"].tolist() == names["last_column"].tolist() == [1, 1, 1, 1]
    pointers = {names[name].untyped_storage().data_ptr()
                for name in ("x", "first_row", "first_column", "last_column")}  # fmt: skip
    assert len(pointers) == 1
    others = run(variant("indexing", "masks"))
    assert others["rows"].tolist() == [[0, 1, 2, 3], [8, 9, 10, 11]]
    assert others["large"].tolist() == [10, 11, 12, 13, 14, 15]


def test_cat_lengthens_an_axis_and_stack_makes_one() -> None:
    names = names_of("joining")
    assert names["longer"].shape == (4, 12)
    assert names["deeper"].shape == (4, 3, 4)
    assert names["longer"].tolist() == [MASK[0] * 3] * 4
    assert names["deeper"].tolist() == [[MASK[0]] * 3] * 4
    with pytest.raises(RuntimeError, match="Sizes of tensors must match"):
        run(variant("joining", "error"))


def test_the_two_products() -> None:
    names = names_of("products")
    assert names["elementwise"].tolist() == MASK
    assert names["matrix"].tolist() == [[3.0] * 4] * 4
    with pytest.raises(RuntimeError, match="2x3 and 4x5"):
        run(variant("products", "error"))


def test_in_place_operations_and_autograd() -> None:
    names = names_of("in-place")
    assert names["same"] is names["x"]
    assert names["x"].tolist() == [[6.0, 5.0, 6.0, 6.0]] * 4
    assert names["x"]._version == 2
    with pytest.raises(RuntimeError, match="modified by an inplace operation"):
        run(variant("in-place", "backward"))
    with pytest.raises(RuntimeError, match="a leaf Variable that requires grad"):
        run(variant("in-place", "leaf"))
    assert run(variant("in-place", "recording"))["a"].tolist() == [6, 6, 6]


def test_the_numpy_bridge_works_both_ways() -> None:
    names = names_of("numpy-bridge")
    assert names["n"].tolist() == names["t"].tolist() == [2] * 5
    assert names["u"].tolist() == names["m"].tolist() == [2] * 5
    assert (names["t"].dtype, names["u"].dtype) == (torch.float32, torch.float64)
    with pytest.raises(RuntimeError, match=r"Use tensor\.detach\(\)\.numpy\(\)"):
        run(variant("numpy-bridge", "error"))


def test_a_line_for_each_family() -> None:
    names = names_of("operations")
    assert names["transposed"].shape == (4, 3)
    assert names["corners"].tolist() == [[0, 3], [8, 11]]
    assert names["every_second"].tolist() == [[0, 2], [4, 6], [8, 10]]
    torch.testing.assert_close(names["roots"] ** 2, names["x"])
    # 0² + 1² + 2² + 3² = 14, and so on
    torch.testing.assert_close(names["lengths"] ** 2, torch.tensor([14.0, 126.0, 366.0]))
    assert sorted(names["shuffled"].tolist()) == list(range(12))


def test_there_are_twelve_lessons_with_names_of_their_own() -> None:
    assert len(LESSONS) == len(ALL) == 12
    assert len({lesson.title for lesson in LESSONS}) == 12
    for lesson in LESSONS:
        titles = [each.title for each in lesson.variants]
        assert len(set(titles)) == len(titles)


@pytest.mark.parametrize("lesson", LESSONS, ids=lambda lesson: lesson.name)
def test_a_lesson_is_short_and_its_name_fits_an_address(lesson: Lesson) -> None:
    assert re.fullmatch(r"[a-z]+(-[a-z]+)*", lesson.name)
    text = re.sub(r"`[^`]*`", "code", lesson.text)
    assert 2 <= len(re.findall(r"[.?](?= |$)", text)) <= 5
    for program in (lesson.program, *(each.program for each in lesson.variants)):
        assert len(program) <= MOST_CHARACTERS // 4
        assert program.endswith("\n")
        assert program == program.strip() + "\n"
        compile(program, lesson.name, "exec")


def test_the_playground_does_with_lessons_what_python_does() -> None:
    for lesson in LESSONS:
        evaluation = evaluate(lesson.program)
        assert evaluation.error is None, lesson.name
        expected = run(lesson.program)
        for name, value in evaluation.variables.items():
            assert repr(value) == repr(expected[name]), f"{name} of {lesson.name}"
        assert repr(evaluation.value) == repr(expected[lesson.program.split()[-1]]), lesson.name
        for each in lesson.variants:
            error = evaluate(each.program).error
            assert "CUDA" in each.title or bool(error) == ("error" in each.title), each.title
