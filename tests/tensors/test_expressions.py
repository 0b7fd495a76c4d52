"""The language does what Python does: each program is also given to Python itself."""

import ast
from typing import Any

import numpy as np
import pytest
import torch
import torch.nn.functional as F
from torch import Tensor

from blitz.tensors.faults import Span
from tests.tensors.programs import carried_out, fault_of

PROGRAMS = {
    "assignment": "x = torch.ones(4, 4)\nx[:, 1] = 0\nx @ x.T",
    "several targets": "a = b = torch.arange(3)\nb[0] = 7\na",
    "unpacking": "values, indices = torch.tensor([[1., 5.]]).max(dim=1)\nvalues + indices",
    "unpacking a tensor": "a, b = torch.arange(6).reshape(2, 3)\na * b",
    "nested unpacking": "(a, b), c = (torch.ones(2), 2), 3\na * b + c",
    "augmented": "x = torch.arange(4.)\ny = x\nx += 1\nx *= 2\ny",
    "augmented subscript": "x = torch.zeros(2, 3)\nx[0] += 5\nx[1, 1] -= 1\nx",
    "augmented number": "n = 3\nn += 4\nn **= 2\nn",
    "chained comparison": "a = 3\n1 < a <= 3 != 4",
    "comparison of tensors": "(torch.arange(4) > 1) & (torch.arange(4) != 3)",
    "identity": "x = torch.ones(2)\ny = x\n(x is y, x.grad is None, x.T is not x)",
    "and, or, not": "x = torch.tensor(0)\n(x or 5, x and 5, not x, 1 and 2)",
    "slices": "x = torch.arange(24).reshape(2, 3, 4)\nx[..., 1::2][:, None, -1, :]",
    "negative step of an array": "np.arange(6)[::-2]",
    "lists and masks": "x = torch.arange(6).reshape(3, 2)\nx[[0, 2]][:, [True, False]]",
    "tensor index": "torch.arange(10)[torch.tensor([[1, 2], [3, 4]])]",
    "mask assignment": "x = torch.arange(5.)\nx[x > 2] = -1\nx",
    "starred": "x = torch.ones(2, 3)\ntorch.zeros(*x.shape, 2).shape",
    "no_grad": "x = torch.ones(2, requires_grad=True)\nwith torch.no_grad():\n    y = x * 2\n"
    "y.requires_grad",
    "nested blocks": "x = torch.ones(2, requires_grad=True)\nwith torch.no_grad():\n"
    "    with torch.enable_grad():\n        y = x * 2\n    z = x * 2\n"
    "(y.requires_grad, z.requires_grad)",
    "backward": "x = torch.tensor([2., 3.], requires_grad=True)\n(x ** 2).sum().backward()\nx.grad",
    "attributes set": "x = torch.ones(2)\nx.requires_grad = True\nx.sum().backward()\n"
    "x.grad = None\nx",
    "imports change nothing": "import torch\nimport numpy as np\nimport torch.nn.functional as F\n"
    "F.relu(torch.tensor([-1., 2.])) + torch.from_numpy(np.ones(2))",
    "long name of F": "torch.nn.functional.relu(torch.tensor([-1., 2.]))",
    "sharing": "n = np.ones(5)\nt = torch.from_numpy(n)\nnp.add(n, 1, out=n)\nt",
    "deleted": "x = 1\ny = x\ndel x\ny",
    "lists": "x = [1, 2] + [3] * 2\nlen(x)",
    "numbers": "(7 // 2, 7 % 4, -7 / 2, 2 ** 10, 5 & 6, 5 | 6, 5 ^ 6, 1 << 4, 256 >> 2, ~5, +3)",
    "seeded": "torch.manual_seed(3)\ntorch.rand(2, 3)",
    "types": "torch.tensor([1.7, -1.7]).to(int)",
    "device": "torch.ones(2).to(device).device",
    "empty": "torch.zeros(0, 3).sum(dim=0)",
    "complex": "(1 + 2j) * torch.tensor([1j, 2])",
}  # fmt: skip


@pytest.mark.parametrize("source", PROGRAMS.values(), ids=PROGRAMS.keys())
def test_a_program_does_what_python_does(source: str) -> None:
    assert same(carried_out(source).value, by_python(source))


def by_python(source: str) -> object:
    """The value of the last expression, as Python itself finds it."""
    names: dict[str, Any] = {"torch": torch, "np": np, "F": F, "device": torch.device("cpu")}
    *statements, last = ast.parse(source).body
    assert isinstance(last, ast.Expr)
    torch.manual_seed(0)
    exec(compile(ast.Module(statements, []), "program", "exec"), names)
    return eval(compile(ast.Expression(last.value), "program", "eval"), names)


def same(found: object, expected: object) -> bool:
    """Whether two values are the same to the last bit."""
    if isinstance(expected, list | tuple):
        assert isinstance(found, list | tuple)
        return len(found) == len(expected) and all(map(same, found, expected))
    if isinstance(expected, Tensor):
        assert isinstance(found, Tensor)
        return found.dtype == expected.dtype and torch.equal(found, expected)
    if isinstance(expected, np.ndarray):
        return found.dtype == expected.dtype and np.array_equal(found, expected)  # type: ignore
    return type(found) is type(expected) and found == expected


def test_an_error_keeps_what_was_there_before_it_and_names_the_piece() -> None:
    fault = fault_of("x = torch.ones(2, 3)\ny = 2 * (x @ x) + 1\nz = 1")
    assert fault.span == Span(line=2, column=10, end_line=2, end_column=15)
    assert fault.piece == "x @ x"
    assert "mat1 and mat2 shapes cannot be multiplied (2x3 and 2x3)" in fault.message
    assert fault.operands == ("[2, 3] float32", "[2, 3] float32")
    assert fault.why
    assert fault.mend


@pytest.mark.parametrize(
    ("source", "words"),
    [
        ("torch.sume(torch.ones(2))", "there is no torch.sume here; the nearest is torch.sum"),
        ("x = torch.ones(2)\nx.sume()", "the nearest is .sum()"),
        ("x = torch.ones(2)\nx.shap", "the nearest is .shape"),
        ("first = 1\nfrist", "there is no variable frist; the nearest is first"),
        ("x = torch.ones(2)\nx.sum", ".sum is an operation: call it"),
        ("torch.sum", "torch.sum is an operation: call it"),
        ("x = torch.ones(2)\nx.shape()", ".shape is not called"),
        ("x = 1\nx(2)", "x is a variable, not an operation"),
        ("torch = 3", "torch has a meaning already"),
        ("x = torch.ones(2)\nx.data = 1", "data cannot be set"),
        ("with torch.ones(2):\n    1", "after “with” stands torch.no_grad() or"),
        ("a, b = 1, 2, 3", "2 names are to take 3 values"),
        ("torch.ones(2, dimension=3)", "torch.ones has no keyword dimension"),
        ("3 .real", "has no attribute .real"),
        ("1 in [1]", "“in” cannot be in a program"),
        ("x = [1]\nx[0] = 2", "only elements of tensors and arrays can be assigned to"),
        ("print(x)", "there is no variable x"),
        ("del x", "there is no variable x"),
        ("x = 1\ndel x\nx", "there is no variable x"),
        ("del device\ndevice", "there is no variable device"),
        ("x += 1", "there is no variable x"),
    ],
)
def test_what_is_not_in_the_language_is_refused_by_name(source: str, words: str) -> None:
    assert words in fault_of(source).message


def test_columns_count_letters_not_bytes() -> None:
    fault = fault_of("äöü = 1\näöü + y")
    assert fault.span == Span(line=2, column=7, end_line=2, end_column=8)


def test_print_is_kept_and_has_no_value() -> None:
    done = carried_out("print('x', torch.ones(2), 3)\nprint()")
    assert done.recorder.printed == "x tensor([1., 1.]) 3\n\n"
    assert done.value is None


def test_random_numbers_come_from_the_seed_and_leave_others_alone() -> None:
    before = torch.get_rng_state()
    first, second = (carried_out("torch.rand(3)").value for _ in range(2))
    assert isinstance(first, Tensor)
    assert isinstance(second, Tensor)
    torch.manual_seed(0)
    assert torch.equal(first, second)
    assert torch.equal(first, torch.rand(3))
    torch.set_rng_state(before)


def test_a_fault_within_no_grad_does_not_leave_gradients_off() -> None:
    fault_of("with torch.no_grad():\n    torch.ones(2) @ torch.ones(3)")
    assert torch.is_grad_enabled()
