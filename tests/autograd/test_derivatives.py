"""The table of derivatives, against PyTorch's nodes."""

import math
from collections.abc import Callable
from typing import Any

import numpy as np
import pytest
import torch
from torch import Tensor
from torch.nn import functional

from blitz.autograd.graph import operation_label, trace
from blitz.autograd.operations.derivatives import derivative, table

NOT_OF_PYTORCHS_CORE = {"CheckpointFunction"}
EXISTING = {operation_label(name) for name in dir(torch._C._functions)}


def test_every_label_is_a_node_of_pytorch() -> None:
    assert set(table()) - EXISTING == NOT_OF_PYTORCHS_CORE
    assert len(table()) >= 130


def test_rows_are_whole_and_labels_unique() -> None:
    from blitz.autograd.operations.formulas import matrices, networks, pointwise, reductions, shapes

    families = (pointwise, reductions, matrices, networks, shapes)
    labels = [row[0] for family in families for row in family.ROWS]
    assert len(labels) == len(set(labels))
    for each in table().values():
        assert each.operation
        assert each.formula
        assert each.latex.count("{") == each.latex.count("}")


@pytest.mark.parametrize("name", ["MulBackward0", "MulBackward1", "Mul"])
def test_nodes_are_looked_up_by_name_or_label(name: str) -> None:
    found = derivative(name)
    assert found is not None
    assert found.formula == "grad a = g · b, grad b = g · a"
    assert found.operands == ("self", "other")


def test_unknown_nodes_have_none() -> None:
    assert derivative("MyOwnFunctionBackward") is None


def leaf(*shape: int, low: float = 0.2, high: float = 0.8) -> Tensor:
    generator = torch.Generator().manual_seed(sum(shape) + 7)
    values = torch.rand(*shape, dtype=torch.float64, generator=generator)
    return (low + (high - low) * values).requires_grad_()


def spread(*shape: int) -> Tensor:
    """Values on both sides of zero and of the usual limits."""
    count = math.prod(shape)
    return torch.linspace(-4.1, 4.3, count, dtype=torch.float64).reshape(shape).requires_grad_()


def normal_density(x: Tensor) -> Tensor:
    return torch.exp(-x * x / 2) / math.sqrt(2 * math.pi)


def normal_share(x: Tensor) -> Tensor:
    return (1 + torch.erf(x / math.sqrt(2))) / 2


def mish_factor(x: Tensor) -> Tensor:
    t = torch.tanh(torch.log(1 + torch.exp(x)))
    return t + x * torch.sigmoid(x) * (1 - t * t)


Factor = Callable[[Tensor, Tensor], Tensor | float]
# Label: the operation, an operand, and the written factor as a function of x and y.
UNARY: dict[str, tuple[Callable[[Tensor], Tensor], Tensor, Factor]] = {
    "Neg": (torch.neg, spread(8), lambda x, y: -1.0),
    "Abs": (torch.abs, spread(8), lambda x, y: torch.sign(x)),
    "Exp": (torch.exp, spread(8), lambda x, y: y),
    "Exp2": (torch.exp2, spread(8), lambda x, y: 2**x * math.log(2)),
    "Expm1": (torch.expm1, spread(8), lambda x, y: y + 1),
    "Log": (torch.log, leaf(8), lambda x, y: 1 / x),
    "Log2": (torch.log2, leaf(8), lambda x, y: 1 / (x * math.log(2))),
    "Log10": (torch.log10, leaf(8), lambda x, y: 1 / (x * math.log(10))),
    "Log1P": (torch.log1p, leaf(8), lambda x, y: 1 / (1 + x)),
    "Sqrt": (torch.sqrt, leaf(8), lambda x, y: 1 / (2 * x**0.5)),
    "Rsqrt": (torch.rsqrt, leaf(8), lambda x, y: -0.5 * x**-1.5),
    "Reciprocal": (torch.reciprocal, leaf(8), lambda x, y: -1 / x**2),
    "Sin": (torch.sin, spread(8), lambda x, y: torch.cos(x)),
    "Cos": (torch.cos, spread(8), lambda x, y: -torch.sin(x)),
    "Tan": (torch.tan, leaf(8), lambda x, y: 1 + torch.tan(x) ** 2),
    "Asin": (torch.asin, leaf(8), lambda x, y: 1 / (1 - x * x) ** 0.5),
    "Acos": (torch.acos, leaf(8), lambda x, y: -1 / (1 - x * x) ** 0.5),
    "Atan": (torch.atan, spread(8), lambda x, y: 1 / (1 + x * x)),
    "Sinh": (torch.sinh, spread(8), lambda x, y: torch.cosh(x)),
    "Cosh": (torch.cosh, spread(8), lambda x, y: torch.sinh(x)),
    "Tanh": (torch.tanh, spread(8), lambda x, y: 1 - y * y),
    "Asinh": (torch.asinh, spread(8), lambda x, y: 1 / (x * x + 1) ** 0.5),
    "Acosh": (torch.acosh, leaf(8, low=1.5, high=3), lambda x, y: 1 / (x * x - 1) ** 0.5),
    "Atanh": (torch.atanh, leaf(8), lambda x, y: 1 / (1 - x * x)),
    "Sigmoid": (torch.sigmoid, spread(8), lambda x, y: y * (1 - y)),
    "Logit": (torch.logit, leaf(8), lambda x, y: 1 / (x * (1 - x))),
    "Erf": (torch.erf, spread(8), lambda x, y: 2 / math.sqrt(math.pi) * torch.exp(-x * x)),
    "Erfc": (torch.erfc, spread(8), lambda x, y: -2 / math.sqrt(math.pi) * torch.exp(-x * x)),
    "Erfinv": (torch.erfinv, leaf(8), lambda x, y: math.sqrt(math.pi) / 2 * torch.exp(y * y)),
    "Lgamma": (torch.lgamma, leaf(8), lambda x, y: torch.digamma(x)),
    "Digamma": (torch.digamma, leaf(8), lambda x, y: torch.polygamma(1, x)),
    "Sinc": (torch.sinc, leaf(8), lambda x, y: (torch.cos(math.pi * x) - y) / x),
    "SpecialEntr": (torch.special.entr, leaf(8), lambda x, y: -1 - torch.log(x)),
    "Deg2Rad": (torch.deg2rad, spread(8), lambda x, y: math.pi / 180),
    "Rad2Deg": (torch.rad2deg, spread(8), lambda x, y: 180 / math.pi),
    "Frac": (torch.frac, spread(8), lambda x, y: 1.0),
    "Relu": (torch.relu, spread(8), lambda x, y: (x > 0).double()),
    "LeakyRelu": (functional.leaky_relu, spread(8), lambda x, y: torch.where(x > 0, 1, 0.01)),
    "Elu": (functional.elu, spread(8), lambda x, y: torch.where(x > 0, 1.0, torch.exp(x))),
    "Celu": (functional.celu, spread(8), lambda x, y: torch.where(x > 0, 1.0, torch.exp(x))),
    "Silu": (
        functional.silu, spread(8),
        lambda x, y: torch.sigmoid(x) * (1 + x * (1 - torch.sigmoid(x))),
    ),
    "Gelu": (functional.gelu, spread(8), lambda x, y: normal_share(x) + x * normal_density(x)),
    "Mish": (functional.mish, spread(8), lambda x, y: mish_factor(x)),
    "Softplus": (functional.softplus, spread(8), lambda x, y: torch.sigmoid(x)),
    "LogSigmoid": (functional.logsigmoid, spread(8), lambda x, y: 1 - torch.sigmoid(x)),
    "Hardtanh": (functional.hardtanh, spread(8), lambda x, y: (x.abs() < 1).double()),
    "Hardsigmoid": (functional.hardsigmoid, spread(8), lambda x, y: (x.abs() < 3).double() / 6),
    "Hardswish": (
        functional.hardswish, spread(8),
        lambda x, y: (x / 3 + 0.5) * (x.abs() < 3) + (x >= 3).double(),
    ),
    "Hardshrink": (functional.hardshrink, spread(8), lambda x, y: (x.abs() > 0.5).double()),
    "Softshrink": (functional.softshrink, spread(8), lambda x, y: (x.abs() > 0.5).double()),
    "Threshold": (lambda x: functional.threshold(x, 1, 0), spread(8),
                  lambda x, y: (x > 1).double()),
    "Clamp": (lambda x: x.clamp(-1, 2), spread(8), lambda x, y: ((x >= -1) & (x <= 2)).double()),
    "ClampMin": (lambda x: x.clamp_min(1), spread(8), lambda x, y: (x >= 1).double()),
    "ClampMax": (lambda x: x.clamp_max(1), spread(8), lambda x, y: (x <= 1).double()),
    "Round": (torch.round, spread(8), lambda x, y: 0.0),
    "Floor": (torch.floor, spread(8), lambda x, y: 0.0),
    "Ceil": (torch.ceil, spread(8), lambda x, y: 0.0),
    "Trunc": (torch.trunc, spread(8), lambda x, y: 0.0),
    "Sign": (torch.sign, spread(8), lambda x, y: 0.0),
}  # fmt: skip


@pytest.mark.parametrize("label", UNARY)
def test_factors_of_pointwise_operations_agree_with_their_node(label: str) -> None:
    operation, x, factor = UNARY[label]
    y = operation(x)
    node: Any = y.grad_fn
    assert operation_label(node.name()) == label
    assert label in table()
    g = torch.linspace(-2, 3, 8, dtype=torch.float64)
    with torch.no_grad():
        torch.testing.assert_close(node(g).detach(), g * factor(x.detach(), y.detach()))


Gradients = Callable[..., Any]
A, B, C, ROW = leaf(3, 3), spread(3, 3), leaf(3, 3, low=-1), leaf(3)
G = torch.linspace(-1, 2, 9, dtype=torch.float64).reshape(3, 3)
# Label: the operation, its operands, and the written gradients as a function of g, y and operands.
SEVERAL: dict[str, tuple[Callable[..., Tensor], tuple[Tensor, ...], Gradients]] = {
    "Add": (lambda a, b: torch.add(a, b, alpha=3), (A, B), lambda g, y, a, b: (g, 3 * g)),
    "Sub": (lambda a, b: torch.sub(a, b, alpha=3), (A, B), lambda g, y, a, b: (g, -3 * g)),
    "Rsub": (torch.rsub, (A, B), lambda g, y, a, b: (-g, g)),
    "Mul": (torch.mul, (A, B), lambda g, y, a, b: (g * b, g * a)),
    "Div": (torch.div, (A, B), lambda g, y, a, b: (g / b, -g * a / b**2)),
    "Pow": (
        torch.pow, (A, B),
        lambda g, y, a, b: (g * b * a ** (b - 1), g * a**b * torch.log(a)),
    ),
    "Atan2": (
        torch.atan2, (A, B),
        lambda g, y, a, b: (g * b / (a * a + b * b), -g * a / (a * a + b * b)),
    ),
    "Hypot": (torch.hypot, (A, B), lambda g, y, a, b: (g * a / y, g * b / y)),
    "Maximum": (torch.maximum, (A, B), lambda g, y, a, b: (g * (a > b), g * (b > a))),
    "Minimum": (torch.minimum, (A, B), lambda g, y, a, b: (g * (a < b), g * (b < a))),
    "Fmax": (torch.fmax, (A, B), lambda g, y, a, b: (g * (a >= b), g * (b > a))),
    "Fmin": (torch.fmin, (A, B), lambda g, y, a, b: (g * (a <= b), g * (b < a))),
    "Fmod": (torch.fmod, (A, B), lambda g, y, a, b: (g, -g * torch.trunc(a / b))),
    "Remainder": (torch.remainder, (A, B), lambda g, y, a, b: (g, -g * torch.floor(a / b))),
    "Where": (
        lambda a, b: torch.where(B > 0, a, b), (A, C),
        lambda g, y, a, b: (g * (B > 0), g * (B <= 0)),
    ),
    "Lerp": (
        torch.lerp, (A, B, C),
        lambda g, y, a, b, w: (g * (1 - w), g * w, g * (b - a)),
    ),
    "Addcmul": (
        lambda s, a, b: torch.addcmul(s, a, b, value=2), (A, B, C),
        lambda g, y, s, a, b: (g, g * 2 * b, g * 2 * a),
    ),
    "Addcdiv": (
        lambda s, a, b: torch.addcdiv(s, a, b, value=2), (A, C, B),
        lambda g, y, s, a, b: (g, g * 2 / b, -g * 2 * a / b**2),
    ),
    "Logaddexp": (
        torch.logaddexp, (A, B), lambda g, y, a, b: (g * torch.exp(a - y), g * torch.exp(b - y))
    ),
    "Logaddexp2": (
        torch.logaddexp2, (A, B), lambda g, y, a, b: (g * 2 ** (a - y), g * 2 ** (b - y))
    ),
    "Xlogy": (torch.xlogy, (B, A), lambda g, y, a, b: (g * torch.log(b), g * a / b)),
    "Copysign": (
        torch.copysign, (A, B), lambda g, y, a, b: (g * torch.sign(a) * torch.sign(b), 0 * g)
    ),
    "Mm": (torch.mm, (A, B), lambda g, y, a, b: (g @ b.T, a.T @ g)),
    "Addmm": (torch.addmm, (ROW, A, B), lambda g, y, s, a, b: (g, g @ b.T, a.T @ g)),
    "Addr": (torch.addr, (A, ROW, leaf(3)), lambda g, y, s, u, v: (g, g @ v, g.T @ u)),
    "LinalgCross": (
        torch.linalg.cross, (A, B),
        lambda g, y, a, b: (torch.linalg.cross(b, g), torch.linalg.cross(g, a)),
    ),
    "LinalgInvEx": (torch.linalg.inv, (A,), lambda g, y, a: (-y.T @ g @ y.T,)),
    "LinalgSolveEx": (
        torch.linalg.solve, (A, B),
        lambda g, y, a, b: (-(torch.linalg.inv(a).T @ g) @ y.T, torch.linalg.inv(a).T @ g),
    ),
    "Softmax": (
        lambda x: x.softmax(1), (B,), lambda g, y, x: (y * (g - (g * y).sum(1, keepdim=True)),)
    ),
    "LogSoftmax": (
        lambda x: x.log_softmax(1), (B,),
        lambda g, y, x: (g - x.softmax(1) * g.sum(1, keepdim=True),),
    ),
    "Cumsum": (
        lambda x: x.cumsum(0), (B,), lambda g, y, x: (g.flip(0).cumsum(0).flip(0),)
    ),
    "Cumprod": (
        lambda x: x.cumprod(0), (B,), lambda g, y, x: ((g * y).flip(0).cumsum(0).flip(0) / x,)
    ),
    "T": (lambda x: x.t(), (B,), lambda g, y, x: (g.T,)),
    "Flip": (lambda x: x.flip(0), (B,), lambda g, y, x: (g.flip(0),)),
    "MaskedFill": (
        lambda x: x.masked_fill(A > 0.5, 1.0), (B,), lambda g, y, x: (g * (A <= 0.5),)
    ),
    "Tril": (torch.tril, (B,), lambda g, y, x: (g.tril(),)),
    "PreluKernel": (
        lambda x, w: functional.prelu(x, w), (B, leaf(1)),
        lambda g, y, x, w: (
            torch.where(x > 0, g, g * w), torch.where(x > 0, 0, g * x)
        ),
    ),
}  # fmt: skip


@pytest.mark.parametrize("label", SEVERAL)
def test_gradients_of_several_operands_agree_with_backward(label: str) -> None:
    operation, operands, gradients = SEVERAL[label]
    y = operation(*operands)
    assert label in {operation_label(name) for name in trace(y).types}
    got = torch.autograd.grad(y, operands, G)
    values = [operand.detach() for operand in operands]
    for written, found in zip(gradients(G, y.detach(), *values), got, strict=True):
        # An operand that was repeated gets the sum over its copies.
        torch.testing.assert_close(written.sum_to_size(found.shape), found)


def scalar_gradient(label: str) -> tuple[Tensor, Tensor, Tensor]:
    """Of reductions and losses to one number: the operand, and the written and found gradient."""
    x = {"BinaryCrossEntropy": A, "LinalgDet": A, "LinalgSlogdet": A}.get(label, B)
    v, n = x.detach(), x.numel()
    t = A.detach()
    rows: dict[str, tuple[Callable[[], Tensor], Tensor]] = {
        "Sum": (lambda: x.sum(), torch.ones_like(v)),
        "Mean": (lambda: x.mean(), torch.full_like(v, 1 / n)),
        "Prod": (lambda: x.prod(), v.prod() / v),
        "Var": (lambda: x.var(), 2 * (v - v.mean()) / (n - 1)),
        "Std": (lambda: x.std(), (v - v.mean()) / ((n - 1) * v.std())),
        "Max": (lambda: x.max(), (v == v.max()).double()),
        "Min": (lambda: x.min(), (v == v.min()).double()),
        "Amax": (lambda: x.amax(), (v == v.max()).double()),
        "Median": (lambda: x.median(), (v == v.median()).double()),
        "LinalgVectorNorm": (lambda: x.norm(), v / v.norm()),
        "Logsumexp": (lambda: x.logsumexp((0, 1)), torch.exp(v - v.logsumexp((0, 1)))),
        "Trace": (lambda: x.trace(), torch.eye(3, dtype=torch.float64)),
        "LinalgDet": (lambda: torch.linalg.det(x), torch.linalg.det(v) * torch.linalg.inv(v).T),
        "LinalgSlogdet": (lambda: torch.linalg.slogdet(x)[1], torch.linalg.inv(v).T),
        "MseLoss": (lambda: functional.mse_loss(x, t), 2 * (v - t) / n),
        "SmoothL1Loss": (
            lambda: functional.smooth_l1_loss(x, t, beta=2.0), ((v - t) / 2).clamp(-1, 1) / n,
        ),
        "HuberLoss": (lambda: functional.huber_loss(x, t, delta=2), (v - t).clamp(-2, 2) / n),
        "BinaryCrossEntropy": (
            lambda: functional.binary_cross_entropy(x, t * t), (v - t * t) / (v * (1 - v)) / n,
        ),
        "BinaryCrossEntropyWithLogits": (
            lambda: functional.binary_cross_entropy_with_logits(x, t), (torch.sigmoid(v) - t) / n,
        ),
        "SoftMarginLoss": (
            lambda: functional.soft_margin_loss(x, t), -t * torch.sigmoid(-t * v) / n,
        ),
        "NllLoss": (
            lambda: functional.nll_loss(x, torch.tensor([0, 2, 1])),
            -torch.eye(3, dtype=torch.float64)[[0, 2, 1]] / 3,
        ),
    }  # fmt: skip
    y = rows[label][0]()
    assert label in {operation_label(name) for name in trace(y).types}
    return x, rows[label][1], torch.autograd.grad(y, x)[0]


@pytest.mark.parametrize(
    "label",
    ["Sum", "Mean", "Prod", "Var", "Std", "Max", "Min", "Amax", "Median", "LinalgVectorNorm",
     "Logsumexp", "Trace", "LinalgDet", "LinalgSlogdet", "MseLoss", "SmoothL1Loss", "HuberLoss",
     "BinaryCrossEntropy", "BinaryCrossEntropyWithLogits", "SoftMarginLoss", "NllLoss"],
)  # fmt: skip
def test_gradients_of_reductions_and_losses_agree_with_backward(label: str) -> None:
    _, written, found = scalar_gradient(label)
    assert label in table()
    torch.testing.assert_close(written, found)


def test_attentions_formula_agrees_with_backward() -> None:
    q, k, v = (torch.randn(1, 1, 4, 8, dtype=torch.float64, requires_grad=True) for _ in range(3))
    y = functional.scaled_dot_product_attention(q, k, v)
    g = torch.randn_like(y)
    p = (q @ k.mT / math.sqrt(8)).softmax(-1)
    of_p = g @ v.mT
    s = p * (of_p - (p * of_p).sum(-1, keepdim=True))
    written = (s @ k / math.sqrt(8), s.mT @ q / math.sqrt(8), p.mT @ g)
    for mine, found in zip(written, torch.autograd.grad(y, (q, k, v), g), strict=True):
        torch.testing.assert_close(mine, found)


@pytest.mark.parametrize("label", ["NativeLayerNorm", "NativeBatchNorm"])
def test_the_formula_of_normalisation_agrees_with_backward(label: str) -> None:
    x, w, b = spread(5, 4), leaf(4), leaf(4, low=-1)
    if label == "NativeLayerNorm":
        y, along = functional.layer_norm(x, (4,), w, b, eps=0), 1
    else:
        y, along = functional.batch_norm(x, None, None, w, b, True, eps=1e-12), 0
    assert operation_label(y.grad_fn.name()) == label  # type: ignore[union-attr]
    g = torch.randn_like(y)
    unit = (x - x.mean(along, keepdim=True)) / x.std(along, correction=0, keepdim=True)
    h = g * w
    inner = h - h.mean(along, keepdim=True) - unit * (h * unit).mean(along, keepdim=True)
    written = (inner / x.std(along, correction=0, keepdim=True), (g * unit).sum(0), g.sum(0))
    for mine, found in zip(written, torch.autograd.grad(y, (x, w, b), g), strict=True):
        torch.testing.assert_close(mine, found, atol=1e-9, rtol=1e-6)


def bag(weight: Tensor, per_sample_weights: Tensor) -> Tensor:
    return functional.embedding_bag(
        INDEX, weight, INDEX[:1], mode="sum", per_sample_weights=per_sample_weights
    )


INDEX = torch.tensor([0, 1])
IMAGE, VOLUME = leaf(1, 2, 6, 6), leaf(1, 2, 4, 4, 4)
# Label: a call, and leaves by the names of its operands.
CALLS: dict[str, tuple[Callable[..., Any], dict[str, Tensor]]] = {
    **{label: (operation, {"self": x}) for label, (operation, x, _) in UNARY.items()},
    "Addmm": (torch.addmm, {"bias": ROW, "mat1": A, "mat2": B}),
    "Lerp": (torch.lerp, {"self": A, "end": B, "weight": C}),
    "Addcmul": (torch.addcmul, {"self": A, "tensor1": B, "tensor2": C}),
    "Addcdiv": (torch.addcdiv, {"self": A, "tensor1": B, "tensor2": C}),
    "Pow": (torch.pow, {"self": A, "exponent": B}),
    "Div": (torch.div, {"self": A, "other": B}),
    "Sub": (torch.sub, {"self": A, "other": B}),
    "Rsub": (torch.rsub, {"self": A, "other": B}),
    "Where": (lambda self, other: torch.where(B > 0, self, other), {"self": A, "other": C}),
    "Atan2": (torch.atan2, {"self": A, "other": B}),
    "Complex": (torch.complex, {"real": A, "imag": B}),
    "Polar": (torch.polar, {"abs": A, "angle": B}),
    "Mm": (torch.mm, {"self": A, "mat2": B}),
    "Bmm": (torch.bmm, {"self": leaf(2, 3, 3), "mat2": leaf(2, 3, 4)}),
    "Baddbmm": (
        torch.baddbmm,
        {"bias": leaf(2, 3, 4), "batch1": leaf(2, 3, 3), "batch2": leaf(2, 3, 4)},
    ),
    "Addbmm": (
        torch.addbmm, {"bias": leaf(3, 4), "batch1": leaf(2, 3, 3), "batch2": leaf(2, 3, 4)}
    ),
    "Mv": (torch.mv, {"self": A, "vec": ROW}),
    "Addmv": (torch.addmv, {"bias": leaf(3), "mat": A, "vec": ROW}),
    "Addr": (torch.addr, {"bias": A, "vec1": ROW, "vec2": leaf(3)}),
    "Dot": (torch.dot, {"self": ROW, "tensor": leaf(3)}),
    "LinalgCross": (torch.linalg.cross, {"self": A, "other": B}),
    "LinalgDet": (torch.linalg.det, {"A": A}),
    "LinalgSlogdet": (torch.linalg.slogdet, {"A": A}),
    "LinalgInvEx": (torch.linalg.inv, {"A": A}),
    "LinalgSolveEx": (torch.linalg.solve, {"A": A, "B": B}),
    "LinalgSolveTriangular": (
        lambda self, B: torch.linalg.solve_triangular(self, B, upper=True),  # noqa: N803
        {"self": A, "B": B},
    ),
    "CholeskySolve": (torch.cholesky_solve, {"self": B, "input2": A}),
    "LinalgQr": (torch.linalg.qr, {"A": A}),
    "LinalgEigh": (torch.linalg.eigh, {"A": A}),
    "LinalgEig": (torch.linalg.eig, {"self": A}),
    "LinalgSvd": (torch.linalg.svd, {"A": A}),
    "LinalgMatrixExp": (torch.linalg.matrix_exp, {"self": A}),
    "Dist": (torch.dist, {"self": A, "other": B}),
    "Cdist": (lambda x1, x2: torch.cdist(x1, x2, p=3.0), {"x1": A, "x2": B}),
    "Trilinear": (
        lambda i1, i2, i3: functional.bilinear(i1, i3, i2),
        {"i1": leaf(2, 3), "i2": leaf(4, 3, 5), "i3": leaf(2, 5)},
    ),
    "Convolution": (
        functional.conv2d, {"input": IMAGE, "weight": leaf(3, 2, 3, 3), "bias": leaf(3)}
    ),
    "NativeBatchNorm": (
        lambda input, weight, bias: functional.batch_norm(input, None, None, weight, bias, True),
        {"input": IMAGE, "weight": leaf(2), "bias": leaf(2)},
    ),
    "NativeLayerNorm": (
        lambda input, weight, bias: functional.layer_norm(input, (3,), weight, bias),
        {"input": A, "weight": ROW, "bias": leaf(3)},
    ),
    "NativeGroupNorm": (
        lambda input, weight, bias: functional.group_norm(input, 2, weight, bias),
        {"input": IMAGE, "weight": leaf(2), "bias": leaf(2)},
    ),
    "WeightNormInterface": (
        lambda v, g: torch._weight_norm(v, g, 0), {"v": A, "g": leaf(3, 1)}
    ),
    "PreluKernel": (functional.prelu, {"self": B, "weight": leaf(1)}),
    "Embedding": (lambda weight: functional.embedding(INDEX, weight), {"weight": A}),
    "EmbeddingBag": (bag, {"weight": A, "per_sample_weights": leaf(2)}),
    "MseLoss": (functional.mse_loss, {"self": A, "target": B}),
    "SmoothL1Loss": (functional.smooth_l1_loss, {"self": A, "target": B}),
    "HuberLoss": (functional.huber_loss, {"self": A, "target": B}),
    "BinaryCrossEntropy": (functional.binary_cross_entropy, {"self": A, "target": leaf(3, 3)}),
    "BinaryCrossEntropyWithLogits": (
        functional.binary_cross_entropy_with_logits, {"self": A, "target": B}
    ),
    "GridSampler2D": (
        lambda input, grid: functional.grid_sample(input, grid, align_corners=False),
        {"input": IMAGE, "grid": leaf(1, 3, 3, 2)},
    ),
    "MaskedFill": (
        lambda self, value: self.masked_fill(B > 0, value),
        {"self": A, "value": torch.ones((), dtype=torch.float64, requires_grad=True)},
    ),
    "MaskedScatter": (
        lambda self, source: self.masked_scatter(B > 0, source), {"self": A, "source": C}
    ),
    "Scatter": (
        lambda self, src: self.scatter(0, INDEX[None], src), {"self": A, "src": leaf(1, 2)}
    ),
    "ScatterAdd": (
        lambda self, src: self.scatter_add(0, INDEX[None], src), {"self": A, "src": leaf(1, 2)}
    ),
    "ScatterReduce": (
        lambda self, src: self.scatter_reduce(0, INDEX[None], src, "amax"),
        {"self": A, "src": leaf(1, 2)},
    ),
    "IndexAdd": (
        lambda self, source: self.index_add(0, INDEX, source), {"self": A, "source": leaf(2, 3)}
    ),
    "IndexCopy": (
        lambda self, source: self.index_copy(0, INDEX, source), {"self": A, "source": leaf(2, 3)}
    ),
    "IndexPut": (
        lambda self, values: self.index_put((INDEX,), values),
        {"self": A, "values": leaf(2, 3)},
    ),
    "Put": (lambda self, source: self.put(INDEX, source), {"self": A, "source": leaf(2)}),
    "SelectScatter": (
        lambda self, src: torch.select_scatter(self, src, 0, 1), {"self": A, "src": ROW}
    ),
    "SliceScatter": (
        lambda self, src: torch.slice_scatter(self, src, 0, 1), {"self": A, "src": leaf(2, 3)}
    ),
    "ScaledDotProductFlashAttentionForCpu": (
        functional.scaled_dot_product_attention,
        {"query": leaf(1, 1, 4, 8), "key": leaf(1, 1, 4, 8), "value": leaf(1, 1, 4, 8)},
    ),
    "MaxPool2DWithIndices": (lambda self: functional.max_pool2d(self, 2), {"self": IMAGE}),
    "MaxPool3DWithIndices": (lambda self: functional.max_pool3d(self, 2), {"self": VOLUME}),
    "AvgPool2D": (lambda self: functional.avg_pool2d(self, 2), {"self": IMAGE}),
    "AdaptiveAvgPool2D": (lambda self: functional.adaptive_avg_pool2d(self, 2), {"self": IMAGE}),
    "UpsampleNearest2D": (
        lambda self: functional.interpolate(self, scale_factor=2), {"self": IMAGE}
    ),
    "UpsampleBilinear2D": (
        lambda self: functional.interpolate(self, scale_factor=2, mode="bilinear"),
        {"self": IMAGE},
    ),
    "ReflectionPad2D": (lambda self: functional.pad(self, (1, 1, 1, 1), "reflect"),
                        {"self": IMAGE}),
    "NllLoss": (lambda self: functional.nll_loss(self, torch.tensor([0, 1, 2])), {"self": A}),
    "Index": (lambda self: self[INDEX], {"self": A}),
    "Gather": (lambda self: self.gather(0, INDEX[None]), {"self": A}),
    "Expand": (lambda self: self.expand(2, 3), {"self": ROW}),
    "ToCopy": (lambda self: self.float(), {"self": A}),
    "CtcLoss": (
        lambda log_probs: functional.ctc_loss(
            log_probs, torch.tensor([[1, 2]]), torch.tensor([4]), torch.tensor([2])
        ),
        {"log_probs": leaf(4, 1, 3)},
    ),
}  # fmt: skip


@pytest.mark.parametrize("label", CALLS)
def test_operands_stand_where_the_node_has_them(label: str) -> None:
    call, operands = CALLS[label]
    leaves = {name: value.detach().clone().requires_grad_() for name, value in operands.items()}
    graph = trace(call(*leaves.values()), names=leaves)
    node = next(i for i in range(graph.num_operations) if graph.label(i) == label)
    found = derivative(label)
    assert found is not None
    assert len(found.operands) == len(graph.functions[node].next_functions)
    assert set(found.operands) == set(operands)
    for edge in graph.edges_of(node):
        name = graph.leaf_names.get(_leaf_behind(graph, int(graph.target[edge])))
        assert name == found.operands[int(graph.input_index[edge])]


def _leaf_behind(graph: Any, node: int) -> int:
    """The one leaf that a node's gradient ends in."""
    while node < graph.num_operations:
        (edge,) = graph.edges_of(node)
        node = int(graph.target[edge])
    return node


def test_labels_cover_what_common_models_are_made_of() -> None:
    from torchvision import models

    for name in ("resnet18", "mobilenet_v3_small", "swin_t"):
        model = models.get_model(name, weights=None)
        graph = trace(model(torch.rand(2, 3, 64, 64)))
        labels = {operation_label(each) for each in graph.types}
        assert labels <= set(table()), labels - set(table())
    layer = torch.nn.TransformerEncoderLayer(8, 2, 16)
    graph = trace(layer(torch.rand(3, 2, 8)), torch.nn.LSTM(3, 4)(torch.rand(5, 2, 3)))
    labels = {operation_label(each) for each in graph.types}
    assert labels <= set(table()), labels - set(table())
    assert np.all(graph.edge_start >= 0)
