"""Wrong calls, what their explanations must name, and the mended programs that they give."""

import operator
from collections.abc import Callable, Mapping
from dataclasses import dataclass

import numpy as np
import torch
import torch.nn.functional as F

from blitz.tensors.mistakes import Explanation, explain

OPERATORS: dict[str, Callable[..., object]] = {
    "+": operator.add,
    "-": operator.sub,
    "//": operator.floordiv,
    "/": operator.truediv,
    "**": operator.pow,
    "@": operator.matmul,
    "&": operator.and_,
    "+=": operator.iadd,
    "x[...]": operator.getitem,
    "x[...] = v": operator.setitem,
}


def leaf(size: int) -> torch.Tensor:
    """A tensor that requires grad."""
    return torch.ones(size, requires_grad=True)


def gone_through() -> torch.Tensor:
    """A result whose graph has been freed."""
    result = (leaf(3) ** 2).sum()
    result.backward()
    return result


def overwritten() -> torch.Tensor:
    """A result whose saved tensor has been changed since."""
    exponential = leaf(3).exp()
    result = exponential.sum()
    exponential.mul_(2)
    return result


NAMES: dict[str, object] = {
    "torch": torch,
    "np": np,
    "F": F,
    "Tensor": torch.Tensor,
    "ndarray": np.ndarray,
    "ones": torch.ones,
    "ints": torch.arange,
    "leaf": leaf,
    "gone_through": gone_through,
    "overwritten": overwritten,
}


@dataclass(frozen=True, slots=True)
class Wrong:
    """A call that fails."""

    operation: str
    args: str
    why: tuple[str, ...] = ()
    """Facts that the reason names."""
    mended: str = ""
    """A program that the explanation gives, with x, y, z for the tensors; it runs."""
    kwargs: str = ""


def provoke(wrong: Wrong) -> tuple[Exception, tuple[object, ...], Mapping[str, object]]:
    """What the call really raises, and what it was given."""
    names = dict(NAMES)
    args: tuple[object, ...] = eval(f"({wrong.args},)" if wrong.args else "()", names)
    kwargs: dict[str, object] = eval(f"dict({wrong.kwargs})", names)
    called = OPERATORS.get(wrong.operation) or eval(wrong.operation, names)
    try:
        called(*args, **kwargs)
    except (RuntimeError, TypeError, ValueError, LookupError, ArithmeticError, AssertionError) as e:
        return e, args, kwargs
    raise AssertionError(f"{wrong} does not fail")


def explained(wrong: Wrong) -> Explanation:
    """What is said of it."""
    error, args, kwargs = provoke(wrong)
    return explain(error, operation=wrong.operation, args=args, kwargs=kwargs)


def run_mended(wrong: Wrong) -> None:
    """Runs the mended program on the tensors of the call."""
    _, args, kwargs = provoke(wrong)
    flat = [
        item
        for value in (*args, *kwargs.values())
        for item in (value if isinstance(value, list | tuple) else [value])
    ]
    tensors = [value for value in flat if isinstance(value, torch.Tensor | np.ndarray)]
    exec(wrong.mended, {**NAMES, **dict(zip("xyz", tensors, strict=False))})


PRODUCTS = (
    Wrong("@", "ones(3, 4), ones(3, 4)", ("4 columns", "4 rows", "has 3"), "x @ y.T"),
    Wrong("@", "ones(3, 4), ones(3)", ("4 columns", "[3] has 3"), "x.T @ y"),
    Wrong("@", "ones(3), ones(4, 3)", ("3 elements", "[4, 3] has 4"), "x @ y.T"),
    Wrong("torch.mm", "ones(2, 3), ones(4, 2)", ("3 columns", "[4, 2] has 4"), "y @ x"),
    Wrong("torch.dot", "ones(3), ones(4)", ("3 elements", "[4] has 4")),
    Wrong("@", "ones(2, 3, 4), ones(2, 3, 4)", ("4 columns", "has 3"), "x @ y.mT"),
    Wrong("@", "ones(2, 3, 4), ones(5, 4, 3)", ("batches", "[2, 3, 4]", "[5, 4, 3]")),
    Wrong("torch.bmm", "ones(2, 3, 4), ones(5, 4, 3)", ("batches", "[5, 4, 3]")),
    Wrong("torch.bmm", "ones(3, 4), ones(4, 3)", ("[3, 4]", "[4, 3]"), "x @ y"),
    Wrong("@", "torch.tensor(2.), ones(3)", ("without axes",), "x * y"),
    Wrong("@", "ones(3), 2", ("number",)),
    Wrong("F.linear", "ones(2, 3), ones(3, 4)", ("[2, 3]", "[3, 4]"), "F.linear(x, y.T)"),
    Wrong("@", "np.ones((2, 3)), np.ones((2, 3))", ("3 columns", "has 2"), "x @ y.T"),
    Wrong(
        "torch.outer", "ones(2, 2), ones(2)", ("[2, 2]",), "torch.outer(x.flatten(), y.flatten())"
    ),
    Wrong("torch.einsum", "'ij,jk->ik', ones(2, 3), ones(2, 3)", ("j is 3", "2 in operand 1")),
    Wrong("torch.einsum", "'ij,jk', ones(2, 3, 4), ones(3, 2)", ("3 axes", "2 letters")),
    Wrong("torch.einsum", "'ij->ik', ones(2, 3)", ("k cannot",)),
    Wrong("torch.einsum", "'ij,jk->ik', ones(2, 3)", ("fewer",)),
    Wrong("torch.einsum", "'ii', ones(2, 3)", ("[2, 3]", "diagonal")),
    Wrong("torch.einsum", "'i1->i', ones(2, 3)", ("letters",)),
)
SHAPES = (
    Wrong("+", "ones(3, 4), ones(3)", ("[3, 4] and [3]", "4 and 3", "axis -1"), "y[:, None]"),
    Wrong("+", "ones(3), ones(3, 4)", ("3 and 4",), "x[:, None]"),
    Wrong("+", "ones(3, 4), ones(4, 3)", ("4 and 3",), "y.mT"),
    Wrong("+", "ones(3), ones(4)", ("3 and 4",), "x[:, None]"),
    Wrong("Tensor.add_", "ones(3, 4), ones(3)", ("4 and 3",), "y[:, None]"),
    Wrong("+=", "ones(3), ones(2, 3)", ("[2, 3]", "[3]"), "x = x + y"),
    Wrong("Tensor.add_", "ones(3), ones(2, 3)", ("[2, 3]", "[3]"), "x.add(y)"),
    Wrong("+", "np.ones(2), ones(3)", ("[2] and [3]", "2 and 3")),
    Wrong("np.add", "np.ones((3, 4)), np.ones(3)", ("4 and 3",), "y[:, None]"),
    Wrong("torch.lerp", "ones(2), ones(3), 0.5", ("2 and 3",)),
    Wrong("Tensor.reshape", "ones(2, 3), 4", ("[4] holds 4", "[2, 3] has 6"), "x.reshape(3, -1)"),
    Wrong("Tensor.reshape", "ones(2, 3), 4, -1", ("4 does not divide",), "x.reshape(3, -1)"),
    Wrong("ndarray.reshape", "np.ones((2, 3)), 4", ("[2, 3] has 6",), "x.reshape(3, -1)"),
    Wrong("Tensor.reshape", "ones(2, 3), -1, -1", ("-1",)),
    Wrong("Tensor.view", "ones(2, 3).t(), 6", ("strides [1, 3]", "contiguous"), "x.reshape(6)"),
    Wrong("Tensor.expand", "ones(3), 3, 4", ("[3] has 3", "4"), "x[:, None].expand(3, 4)"),
    Wrong("Tensor.expand", "ones(3), 4", ("size 1", "[3] has 3")),
    Wrong("Tensor.expand", "ones(3, 4), 4", ("2 axes", "[3, 4]")),
    Wrong("Tensor.expand", "ones(3), -1, 3", ("[3]", "in front")),
    Wrong("Tensor.repeat", "ones(2, 3), 2", ("[2, 3]",), "x.repeat(2, 1)"),
    Wrong("Tensor.sum", "ones(3, 4)", ("0 to 1", "[3, 4]", "not 2"), "", "dim=2"),
    Wrong("Tensor.squeeze", "ones(3), 1", ("[3]", "not 1")),
    Wrong("ndarray.sum", "np.ones((2, 2))", ("0 to 1", "no axis 3"), "", "axis=3"),
    Wrong("ndarray.squeeze", "np.ones(3), 0", ("size 1",), "x.sum(0)"),
    Wrong("Tensor.permute", "ones(3, 4), 0", ("[3, 4]",), "x.permute(1, 0)"),
    Wrong("Tensor.t", "ones(2, 3, 4)", ("[2, 3, 4]",), "x.transpose(0, 1)"),
    Wrong("Tensor.unflatten", "ones(2, 3), 1, (2, 2)", ("size 3", "[2, 2]")),
    Wrong("torch.ones", "-1", ("0 or more",)),
)
JOINING = (
    Wrong("torch.cat", "[ones(2, 3), ones(2, 4)]", ("dim 0", "[2, 4]"), "torch.cat([x, y], dim=1)"),
    Wrong("torch.cat", "[ones(2, 3), ones(3)]", ("[2, 3] and [3]",), "torch.cat([x, y[None]])"),
    Wrong("torch.cat", "[torch.tensor(1.), torch.tensor(2.)]", ("0-d",), "torch.stack([x, y])"),
    Wrong("torch.cat", "ones(2, 3), ones(2, 3)", ("one list",), "torch.cat([x, y])"),
    Wrong("torch.cat", "[ones(2), 3]", ("element 1", "int")),
    Wrong("torch.cat", "[]", ("empty",)),
    Wrong("torch.stack", "[ones(2), ones(3)]", ("[2] and [3]",), "torch.cat([x, y], dim=0)"),
    Wrong(
        "np.concatenate",
        "[np.ones((2, 3)), np.ones((2, 4))]",
        ("[2, 4]",),
        "np.concatenate([x, y], axis=1)",
    ),
    Wrong("torch.split", "ones(3), [1, 1]", ("[1, 1]", "3")),
)
GRADIENTS = (
    Wrong("Tensor.add_", "leaf(3), 1", ("leaf", "Tensor.add_"), "x.clone()"),
    Wrong("x[...] = v", "leaf(3), 0, 1.0", ("part of a leaf",), "x.clone()"),
    Wrong("Tensor.backward", "leaf(3) * 2", ("[3] has many",), "x.sum().backward()"),
    Wrong("Tensor.backward", "leaf(3) * 2", ("[3]",), "x.backward(torch.ones_like(x))"),
    Wrong("Tensor.backward", "gone_through()", ("freed",)),
    Wrong("Tensor.backward", "ones(3).sum()", ("requires grad", "detach")),
    Wrong("Tensor.backward", "overwritten()", ("[3]", "Exp", "version 0", "version 1")),
    Wrong("Tensor.backward", "leaf(3) * 2, ones(2)", ("[3]", "[2]"), "torch.ones_like(x)"),
    Wrong("torch.tensor", "[1, 2]", ("whole numbers",), "", "requires_grad=True"),
    Wrong("Tensor.requires_grad_", "ints(3)", ("whole",), "x.float().requires_grad_()"),
    Wrong("torch.autograd.grad", "leaf(3).sum(), [leaf(3)]", ("not computed from",)),
    Wrong("Tensor.requires_grad_", "leaf(3) * 2, False", ("computed",), "x.detach()"),
    Wrong("Tensor.numpy", "leaf(3)", ("requires grad",), "x.detach().numpy()"),
)
DEVICES = (
    Wrong("+", "ones(2, device='meta'), ones(2)", ("x on meta, y on cpu",), "y.to(x.device)"),
    Wrong("torch.cat", "[ones(2), ones(2, device='meta')]", ("x on cpu, y on meta",)),
    Wrong("Tensor.to", "ones(2), 'float32'", ("float32 is a dtype",), "x.to(torch.float32)"),
    Wrong("Tensor.to", "ones(2), 'gpu'", ("gpu",)),
    Wrong("Tensor.numpy", "ones(2, device='meta')", ("meta",)),
)
INDEXING = (
    Wrong("x[...]", "ones(3, 4), (0, 7)", ("axis 1", "4 elements", "0 to 3")),
    Wrong("x[...]", "ones(3), torch.tensor([5])", ("3 elements", "0 to 2")),
    Wrong("x[...]", "ones(3), (0, 0)", ("[3] has 1 axis",), "x[0]"),
    Wrong("x[...]", "torch.tensor(1.), 0", ("0-d",), "x.item()"),
    Wrong("x[...]", "ones(3), 0.5", ("whole numbers",)),
    Wrong("x[...]", "ones(3), ones(2)", ("float32",), "x[y.long()]"),
    Wrong("x[...]", "ones(3), slice(None, None, -1)", ("negative strides",), "x.flip(0)"),
    Wrong("x[...]", "ones(3, 4), ones(3, 5) > 0", ("[3, 5]", "[3, 4]", "axis 1"), "x[x > 0]"),
    Wrong("x[...]", "ones(3, 4), ([0, 1], [0, 1, 2])", ("[2], [3]",)),
    Wrong("x[...] = v", "ones(3), slice(0, 2), ones(3)", ("shape [2]", "shape [3]")),
    Wrong("x[...] = v", "ones(3), 0, ones(2)", ("[2]",)),
    Wrong("x[...] = v", "ones(3), ones(3) > 0, ones(2)", ("shape [3]", "shape [2]")),
    Wrong("torch.gather", "ones(2, 2), 1, ones(2, 2)", ("whole numbers",)),
    Wrong("F.embedding", "torch.tensor([5]), ones(3, 2)", ("[3, 2]",)),
)
DTYPES = (
    Wrong("@", "ones(2, 3), ints(3)", ("x float32 and y int64",), "y = y.to(torch.float32)"),
    Wrong("@", "ones(2, 3), ones(3).double()", ("y float64",), "x = x.to(torch.float64)"),
    Wrong("@", "ones(2, 2), ints(4).view(2, 2)", ("int64",), "y = y.to(torch.float32)"),
    Wrong("torch.rand_like", "ints(3)", ("int64",), "torch.rand_like(x, dtype=torch.float32)"),
    Wrong("torch.randn_like", "ints(3)", ("int64",), "torch.randn_like(x, dtype=torch.float32)"),
    Wrong("torch.rand", "3", ("int64",), "torch.randint(0, 10, (3,))", "dtype=torch.int64"),
    Wrong("Tensor.mean", "ints(3)", ("int64",), "x.float().mean()"),
    Wrong("Tensor.mean", "ints(6).view(2, 3), 1", ("int64",), "x.float().mean(1)"),
    Wrong("Tensor.std", "ints(3)", ("int64",), "x.float().std()"),
    Wrong("Tensor.softmax", "ints(3), 0", ("int64",), "x.float().softmax(0)"),
    Wrong("Tensor.exp_", "ints(3)", ("float32", "int64"), "x.exp()"),
    Wrong("Tensor.add_", "ints(3), 1.5", ("float32", "int64"), "x.add(1.5)"),
    Wrong("+=", "ints(3), ones(3)", ("float32", "int64"), "x = x + y"),
    Wrong("np.add", "np.arange(3), 1.5", ("float64", "int64"), "", "out=np.arange(3)"),
    Wrong("torch.linalg.inv", "ints(4).view(2, 2)", ("int64",)),
    Wrong("&", "ones(2), ones(2)", ("float32",), "(x > 0) & (x < 2)"),
    Wrong("-", "ones(2) > 0, ones(2) > 0", ("True",), "x ^ y"),
    Wrong("torch.masked_select", "ones(3), ones(3)", ("bool",)),
    Wrong("F.one_hot", "ones(2)", ("float32",), "F.one_hot(x.long())"),
    Wrong("F.cross_entropy", "ones(2, 3), ones(2)", ("float32", "int64"), "y.long()"),
    Wrong("Tensor.numpy", "ones(2).bfloat16()", ("bfloat16",), "x.float().numpy()"),
)
VALUES = (
    Wrong("//", "ints(3), 0", ("whole numbers",), "x.float() / 0"),
    Wrong("/", "1, 0", ("Python",), "torch.tensor(1.) / 0"),
    Wrong("**", "ints(3), -1", ("0.5",), "x.float() ** -1"),
    Wrong("torch.tensor", "300", ("uint8", "0 to 255", "300"), "", "dtype=torch.uint8"),
    Wrong("x[...] = v", "ints(3), 0, 1e30", ("int64", "1e+30")),
    Wrong("torch.tensor", "2**70", ("int64", "71 bits")),
    Wrong("float", "10**400", ("float64",)),
    Wrong("torch.tensor", "[[1, 2], [3]]", ("2, 1",)),
    Wrong("torch.tensor", "[[1, 2], 3]", ("a number",)),
    Wrong("torch.linalg.inv", "torch.zeros(2, 2)", ("det is 0",), "torch.linalg.pinv(x)"),
    Wrong("torch.linalg.inv", "ones(2, 3)", ("square", "[2, 3]"), "torch.linalg.pinv(x)"),
    Wrong("torch.linalg.inv", "ones(3)", ("[3]",)),
    Wrong("torch.linalg.cholesky", "-torch.eye(2)", ("L @ L.T",), "x @ x.T + torch.eye(len(x))"),
    Wrong("F.one_hot", "torch.tensor([-1])", ("below 0",), "F.one_hot(x.clamp(min=0))"),
    Wrong("F.one_hot", "torch.tensor([5]), 3", ("num_classes",), "F.one_hot(x)"),
    Wrong("F.cross_entropy", "ones(2, 3), torch.tensor([0, 5])", ("[2, 3]", "5 has none")),
    Wrong("F.cross_entropy", "ones(2, 3), ints(3)", ("2 rows", "are 3")),
    Wrong("F.conv2d", "ones(1, 3, 8, 8), ones(4, 1, 3, 3)", ("reads 1", "has 3")),
    Wrong("Tensor.add_", "ones(3).expand(2, 3), 1", ("[2, 3]", "stride 0"), "x.clone()"),
    Wrong("torch.arange", "5, 0", ("never",)),
)
SCALARS = (
    Wrong("Tensor.item", "ones(2, 2)", ("[2, 2] has 4",), "x.sum().item()"),
    Wrong("float", "ones(2)", ("[2] has 2",), "x.flatten()[0]"),
    Wrong("bool", "ones(2)", ("[2] has many",), "x.any()"),
    Wrong("bool", "np.ones(2)", ("[2] has many",), "x.all()"),
    Wrong("list", "torch.tensor(1.)", ("0-d",), "x[None]"),
    Wrong("len", "torch.tensor(1.)", ("0-d",), "x.numel()"),
    Wrong("torch.tensor", "[ones(2), ones(2)]", ("many elements",), "torch.stack([x, y])"),
    Wrong("range", "ones(1)", ("[1] float32",), "int(x.flatten()[0])"),
    Wrong("int", "torch.tensor(float('nan'))", ("NaN",), "x.nan_to_num()"),
)
CALLS = (
    Wrong("torch.matmul", "ones(2)", ("other",)),
    Wrong("torch.zeros", "2, 3", ("size_",), "", "size_=1"),
    Wrong("torch.exp", "ones(2), 3", ("torch.exp", "1", "2")),
    Wrong("torch.sum", "ones(2)", ("torch.sum",), "", "axes=1"),
    Wrong("torch.linspace", "0, 1", ("torch.linspace",)),
    Wrong("torch.exp", "2", ("Tensor", "int"), "torch.tensor(2.)"),
    Wrong("torch.ones", "2.5", ("tuple of ints", "float")),
    Wrong("torch.ones", "2", ("torch.dtype", "str"), "torch.float32", "dtype='float32'"),
    Wrong("torch.rand_like", "(2, 3)", ("tuple",), "torch.rand((2, 3))"),
    Wrong("+", "ones(2), [1, 2]", ("Tensor and list",), "torch.tensor([1, 2])"),
    Wrong("np.add", "ones(2), ones(2)", ("out=",), "", "out=ones(2)"),
    Wrong("len", "5", ("int",)),
)
ALL = (
    *PRODUCTS,
    *SHAPES,
    *JOINING,
    *GRADIENTS,
    *DEVICES,
    *INDEXING,
    *DTYPES,
    *VALUES,
    *SCALARS,
    *CALLS,
)
