"""Powers, exponentials, logarithms, rounding and limits, element by element."""

from functools import partial

from blitz.tensors.operations import bounds
from blitz.tensors.operations.examples import GAPS, PAIR, POSITIVE, SIGNED, UNIT, VECTOR
from blitz.tensors.operations.operation import Family, Picture, operation

pointwise = partial(
    operation,
    forms="torch method in-place",
    picture=Picture.ELEMENTWISE,
    bound=bounds.elementwise,
)

MATHEMATICS = Family(
    name="mathematics",
    title="Powers, exponentials and rounding",
    operations=(
        pointwise("pow(input, exponent)", "Raises to a power.", VECTOR + "x.pow(2)"),
        pointwise(
            "float_power(input, exponent)",
            "Raises to a power in double precision.",
            "torch.tensor([2, 3]).float_power(-1)",
            forms="torch method",
            bound=bounds.broadcast(4),
        ),
        pointwise("sqrt(input)", "The square root.", POSITIVE + "x.sqrt()"),
        pointwise("rsqrt(input)", "One over the square root.", POSITIVE + "x.rsqrt()"),
        pointwise(
            "hypot(input, other)",
            "The long side of a right triangle.",
            "torch.tensor([3.]).hypot(torch.tensor([4.]))",
        ),
        pointwise("exp(input)", "e to the power of each element.", VECTOR + "x.exp()"),
        pointwise("exp2(input)", "2 to the power of each element.", VECTOR + "x.exp2()"),
        pointwise(
            "expm1(input)",
            "exp(x) − 1 without losing the digits of a small x.",
            "torch.tensor([1e-10]).expm1()",
        ),
        pointwise("log(input)", "The natural logarithm.", POSITIVE + "x.log()"),
        pointwise("log2(input)", "The logarithm to base 2.", POSITIVE + "x.log2()"),
        pointwise("log10(input)", "The logarithm to base 10.", POSITIVE + "x.log10()"),
        pointwise(
            "log1p(input)",
            "log(1 + x) without losing the digits of a small x.",
            "torch.tensor([1e-10]).log1p()",
        ),
        pointwise(
            "logaddexp(input, other)",
            "The logarithm of a sum of exponentials, without overflow.",
            PAIR + "(x * 500).logaddexp(y * 500)",
            forms="torch method",
        ),
        pointwise(
            "logaddexp2(input, other)",
            "logaddexp with base 2.",
            PAIR + "x.logaddexp2(y)",
            forms="torch method",
        ),
        pointwise(
            "xlogy(input, other)",
            "x log y, and 0 where x is 0.",
            PAIR + "(x - 1).xlogy(y)",
        ),
        pointwise(
            "ldexp(input, other)",
            "Multiplies by a power of two.",
            VECTOR + "x.ldexp(torch.tensor([2]))",
            bound=bounds.broadcast(4),
        ),
        operation(
            "frexp(input)",
            "Takes numbers apart into a fraction and a power of two.",
            POSITIVE + "torch.frexp(x)",
            bound=bounds.broadcast(2),
        ),
        pointwise("ceil(input)", "Rounds up.", SIGNED + "x.ceil()"),
        pointwise("floor(input)", "Rounds down.", SIGNED + "x.floor()"),
        pointwise(
            "round(input, *, decimals=0)",
            "Rounds to the nearest; halves go to the even number.",
            SIGNED + "x.round()",
        ),
        pointwise("trunc(input)", "Cuts off what is behind the point.", SIGNED + "x.trunc()"),
        pointwise("fix(input)", "Another name of trunc.", SIGNED + "x.fix()"),
        pointwise("frac(input)", "What is behind the point.", SIGNED + "x.frac()"),
        pointwise(
            "clamp(input, min=None, max=None)",
            "Brings every element between two limits.",
            SIGNED + "x.clamp(-1, 1)",
            bound=bounds.broadcast(2),
        ),
        pointwise(
            "clamp_min(input, min)",
            "Brings every element up to a limit.",
            SIGNED + "x.clamp_min(0)",
        ),
        pointwise(
            "clamp_max(input, max)",
            "Brings every element down to a limit.",
            SIGNED + "x.clamp_max(0)",
        ),
        pointwise(
            "clip(input, min=None, max=None)",
            "The name that NumPy has for clamp.",
            SIGNED + "x.clip(-1, 1)",
            bound=bounds.broadcast(2),
        ),
        pointwise(
            "nan_to_num(input, nan=0.0, posinf=None, neginf=None)",
            "Replaces what is not a number, and infinities, by numbers.",
            GAPS + "x.nan_to_num(posinf=9.)",
        ),
        pointwise("sigmoid(input)", "1 / (1 + exp(−x)): between 0 and 1.", SIGNED + "x.sigmoid()"),
        pointwise(
            "logit(input, eps=None)",
            "The inverse of the sigmoid.",
            "torch.tensor([0.1, 0.5, 0.9]).logit()",
        ),
        pointwise(
            "heaviside(input, values)",
            "0 below zero, 1 above, a value of yours at zero.",
            UNIT + "x.heaviside(torch.tensor(0.5))",
            bound=bounds.broadcast(2),
        ),
        pointwise("erf(input)", "The error function.", UNIT + "x.erf()"),
        pointwise("erfc(input)", "One minus the error function.", UNIT + "x.erfc()"),
        pointwise("erfinv(input)", "The inverse of the error function.", UNIT + "x.erfinv()"),
        pointwise("lgamma(input)", "The logarithm of the gamma function.", POSITIVE + "x.lgamma()"),
        pointwise("digamma(input)", "The derivative of lgamma.", POSITIVE + "x.digamma()"),
        pointwise(
            "i0(input)",
            "The modified Bessel function of the first kind, of order 0.",
            VECTOR + "x.i0()",
        ),
        pointwise(
            "nextafter(input, other)",
            "The next number that floating point has, in the direction of another.",
            "torch.tensor([1.]).nextafter(torch.tensor([2.])) - 1",
        ),
        pointwise(
            "softmax(input, dim, dtype=None)",
            "Exponentials along a dimension, divided by their sum: they add up to 1.",
            VECTOR + "torch.softmax(x, dim=0)",
            forms="torch method",
            picture=Picture.NONE,
            bound=bounds.copies(2),
        ),
        pointwise(
            "log_softmax(input, dim, dtype=None)",
            "The logarithm of softmax, without overflow.",
            VECTOR + "torch.log_softmax(x, dim=0)",
            forms="torch method",
            picture=Picture.NONE,
            bound=bounds.copies(2),
        ),
    ),
)
