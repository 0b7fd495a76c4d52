"""Operations whose pictures the browser tests look at."""

import operator
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

import torch
from torch import Tensor

from blitz.tensors.operations.operation import Picture
from blitz.tensors.pictures import draw, draw_assignment, draw_index
from blitz.tensors.summaries import OperationPicture

X = torch.arange(12.0).reshape(3, 4)


@dataclass(frozen=True, kw_only=True, slots=True)
class Example:
    """A picture, and how its operation is written."""

    operation: str
    picture: OperationPicture | None


def example(name: str) -> Example:
    """The example of this name."""
    return EXAMPLES[name]()


def _call(
    operation: str, kind: Picture, call: Callable[..., Any], args: tuple[Any, ...], *texts: str
) -> Callable[[], Example]:
    return lambda: Example(
        operation=operation, picture=draw(kind, call, args, {}, call(*args), texts)
    )


def _index(text: str, index: Any) -> Callable[[], Example]:
    return lambda: Example(operation="x[...]", picture=draw_index(X, index, X[index], ("x", text)))


def _assignment() -> Example:
    changed, value = X.clone(), torch.tensor([-1.0])
    changed[:, 1] = value
    texts = ("x", ":, 1", "v")
    picture = draw_assignment(X, (slice(None), 1), value, changed, texts)
    return Example(operation="x[...] = v", picture=picture)


def _halves(*shape: int) -> Tensor:
    return torch.arange(torch.Size(shape).numel()).reshape(shape) / 2


EXAMPLES: dict[str, Callable[[], Example]] = {
    "broadcast": _call(
        "+", Picture.ELEMENTWISE, operator.add, (torch.tensor([[1], [2], [3]]),
        torch.tensor([10, 20, 30, 40])), "x", "y",
    ),
    "matmul": _call(
        "@", Picture.MATMUL, operator.matmul, (torch.tensor([[1, 2], [3, -4]]),
        torch.tensor([[3, 1], [4, 1]])), "x", "y",
    ),
    "batched": _call(
        "torch.matmul", Picture.MATMUL, torch.matmul, (_halves(2, 2, 3), _halves(3, 2)), "x", "y",
    ),
    "sum": _call("Tensor.sum", Picture.REDUCTION, Tensor.sum, (X, 1), "x", "1"),
    "mean": _call("Tensor.mean", Picture.REDUCTION, Tensor.mean, (_halves(2, 3, 3), (0, 1)), "x"),
    "cat": _call("torch.cat", Picture.MOVEMENT, torch.cat, ([X[:, :2], X + 20, X[:, 2:] + 40], 1),
                 "[x, y, z]", "1"),
    "stack": _call("torch.stack", Picture.MOVEMENT, torch.stack, ([X, X + 20], 1), "[x, y]", "1"),
    "transpose": _call("Tensor.t", Picture.MOVEMENT, Tensor.t, (X,), "x"),
    "pad": _call("F.pad", Picture.MOVEMENT, torch.nn.functional.pad, (X, (1, 1)), "x", "(1, 1)"),
    "column": _index(":, 1", (slice(None), 1)),
    "mask": _index("x > 5", X > 5),
    "assignment": _assignment,
    "large": _call("+", Picture.ELEMENTWISE, operator.add, (_halves(60, 50), _halves(50)), "a",
                   "b"),
    "four axes": _call("Tensor.exp", Picture.ELEMENTWISE, torch.exp, (_halves(2, 2, 2, 3),), "x"),
}  # fmt: skip
