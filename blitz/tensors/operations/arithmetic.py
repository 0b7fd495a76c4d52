"""Sums, products, quotients and bits, element by element."""

from functools import partial

from blitz.tensors.operations import bounds
from blitz.tensors.operations.examples import INTEGERS, PAIR, SIGNED, VECTOR
from blitz.tensors.operations.operation import Family, Picture, operation

pointwise = partial(
    operation,
    forms="torch method in-place",
    picture=Picture.ELEMENTWISE,
    bound=bounds.elementwise,
)

BITS = "x = torch.tensor([0b1100, 0b1010])\ny = torch.tensor([0b1010, 0b0110])\n"
FACTORS = PAIR + "z = torch.tensor([10., 10., 10.])\n"

ARITHMETIC = Family(
    name="arithmetic",
    title="Arithmetic",
    operations=(
        pointwise(
            "add(input, other, *, alpha=1)",
            "Adds, the second operand times alpha.",
            "x = torch.ones(3, 1)\nx.add(torch.arange(4.))",
        ),
        pointwise(
            "sub(input, other, *, alpha=1)",
            "Subtracts, the second operand times alpha.",
            PAIR + "x.sub(y, alpha=2)",
        ),
        pointwise(
            "subtract(input, other, *, alpha=1)",
            "Another name of sub.",
            PAIR + "x.subtract(y)",
        ),
        pointwise(
            "rsub(input, other, *, alpha=1)",
            "Subtracts the first operand from the second.",
            VECTOR + "torch.rsub(x, 1)",
            forms="torch",
        ),
        pointwise("mul(input, other)", "Multiplies element by element.", PAIR + "x.mul(y)"),
        pointwise("multiply(input, other)", "Another name of mul.", PAIR + "x.multiply(y)"),
        pointwise(
            "div(input, other, *, rounding_mode=None)",
            "Divides; with a rounding mode, trunc or floor, to whole numbers.",
            INTEGERS + "x.div(2, rounding_mode='floor')",
        ),
        pointwise(
            "divide(input, other, *, rounding_mode=None)",
            "Another name of div.",
            PAIR + "x.divide(y)",
        ),
        pointwise(
            "true_divide(input, other)",
            "Divides; whole numbers become fractions.",
            INTEGERS + "x.true_divide(2)",
        ),
        pointwise(
            "floor_divide(input, other)",
            "Divides and rounds down.",
            INTEGERS + "x.floor_divide(2)",
        ),
        pointwise(
            "remainder(input, other)",
            "What is left after division, with the sign of the divisor.",
            INTEGERS + "x.remainder(4)",
        ),
        pointwise(
            "fmod(input, other)",
            "What is left after division, with the sign of the number divided.",
            INTEGERS + "x.fmod(4)",
        ),
        pointwise("neg(input)", "Changes the sign.", VECTOR + "x.neg()"),
        pointwise("negative(input)", "Another name of neg.", VECTOR + "x.negative()"),
        pointwise(
            "positive(input)",
            "Leaves every element as it is.",
            VECTOR + "x.positive()",
            forms="torch method",
        ),
        pointwise("abs(input)", "The distance of each element from zero.", SIGNED + "x.abs()"),
        pointwise("absolute(input)", "Another name of abs.", SIGNED + "x.absolute()"),
        pointwise("sign(input)", "−1, 0 or 1, as the sign of each element.", SIGNED + "x.sign()"),
        pointwise(
            "sgn(input)",
            "The sign; for complex numbers the number of length one in the same direction.",
            "torch.sgn(torch.tensor([3 + 4j]))",
        ),
        pointwise(
            "copysign(input, other)",
            "The size of one operand with the sign of the other.",
            VECTOR + "x.copysign(torch.tensor(-1.))",
        ),
        pointwise("reciprocal(input)", "One divided by each element.", VECTOR + "x.reciprocal()"),
        pointwise("square(input)", "Each element times itself.", VECTOR + "x.square()"),
        pointwise(
            "addcmul(input, tensor1, tensor2, *, value=1)",
            "Adds the product of two tensors.",
            FACTORS + "torch.addcmul(x, y, z, value=0.5)",
        ),
        pointwise(
            "addcdiv(input, tensor1, tensor2, *, value=1)",
            "Adds the quotient of two tensors.",
            FACTORS + "torch.addcdiv(x, y, z)",
        ),
        pointwise(
            "lerp(input, end, weight)",
            "Goes part of the way from one tensor to another.",
            PAIR + "x.lerp(y, 0.5)",
        ),
        pointwise("gcd(input, other)", "The greatest common divisor.", INTEGERS + "x.gcd(x + 7)"),
        pointwise(
            "lcm(input, other)",
            "The least common multiple.",
            INTEGERS + "x.lcm(x + 1)",
            bound=bounds.broadcast(4),
        ),
        pointwise("bitwise_and(input, other)", "Bits that both have.", BITS + "x.bitwise_and(y)"),
        pointwise("bitwise_or(input, other)", "Bits that either has.", BITS + "x.bitwise_or(y)"),
        pointwise(
            "bitwise_xor(input, other)", "Bits that only one has.", BITS + "x.bitwise_xor(y)"
        ),
        pointwise("bitwise_not(input)", "All bits turned over.", BITS + "x.bitwise_not()"),
        pointwise(
            "bitwise_left_shift(input, other)",
            "Moves the bits up: times a power of two.",
            BITS + "x.bitwise_left_shift(1)",
        ),
        pointwise(
            "bitwise_right_shift(input, other)",
            "Moves the bits down: divided by a power of two.",
            BITS + "x.bitwise_right_shift(1)",
        ),
        pointwise(
            "fill(input, value)",
            "Writes one number everywhere.",
            "x = torch.zeros(2, 3)\nx.fill_(5)",
            forms="in-place",
        ),
        pointwise(
            "copy(input, src, /)",
            "Writes the elements of another tensor into this one.",
            "x = torch.zeros(2, 3)\nx.copy_(torch.ones(3))",
            forms="in-place",
        ),
        pointwise(
            "conj(input)",
            "The complex conjugate, as a view that conjugates when it is read.",
            "torch.conj(torch.tensor([1 + 2j]))",
            forms="torch method",
        ),
        pointwise(
            "resolve_conj(input)",
            "Copies a conjugating view to plain numbers.",
            "torch.tensor([1 + 2j]).conj().resolve_conj()",
            forms="torch method",
        ),
        pointwise(
            "angle(input)",
            "The angle of complex numbers.",
            "torch.angle(torch.tensor([1 + 1j]))",
            forms="torch method",
            bound=bounds.broadcast(2),
        ),
    ),
)
