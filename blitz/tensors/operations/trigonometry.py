"""Angles and hyperbolic functions, element by element."""

from functools import partial

from blitz.tensors.operations import bounds
from blitz.tensors.operations.examples import PAIR, UNIT, VECTOR
from blitz.tensors.operations.operation import Family, Picture, operation

pointwise = partial(
    operation,
    forms="torch method in-place",
    picture=Picture.ELEMENTWISE,
    bound=bounds.elementwise,
)

TRIGONOMETRY = Family(
    name="trigonometry",
    title="Trigonometry",
    operations=(
        pointwise("sin(input)", "The sine of angles in radians.", VECTOR + "x.sin()"),
        pointwise("cos(input)", "The cosine of angles in radians.", VECTOR + "x.cos()"),
        pointwise("tan(input)", "The tangent of angles in radians.", VECTOR + "x.tan()"),
        pointwise("asin(input)", "The angle with this sine.", UNIT + "x.asin()"),
        pointwise("acos(input)", "The angle with this cosine.", UNIT + "x.acos()"),
        pointwise("atan(input)", "The angle with this tangent.", UNIT + "x.atan()"),
        pointwise("arcsin(input)", "Another name of asin.", UNIT + "x.arcsin()"),
        pointwise("arccos(input)", "Another name of acos.", UNIT + "x.arccos()"),
        pointwise("arctan(input)", "Another name of atan.", UNIT + "x.arctan()"),
        pointwise(
            "atan2(input, other)",
            "The angle of the point (other, input), over the full circle.",
            PAIR + "x.atan2(y)",
        ),
        pointwise("arctan2(input, other)", "Another name of atan2.", PAIR + "x.arctan2(y)"),
        pointwise("sinh(input)", "The hyperbolic sine.", VECTOR + "x.sinh()"),
        pointwise("cosh(input)", "The hyperbolic cosine.", VECTOR + "x.cosh()"),
        pointwise("tanh(input)", "The hyperbolic tangent: between −1 and 1.", VECTOR + "x.tanh()"),
        pointwise("asinh(input)", "The inverse of sinh.", UNIT + "x.asinh()"),
        pointwise("acosh(input)", "The inverse of cosh.", VECTOR + "x.acosh()"),
        pointwise("atanh(input)", "The inverse of tanh.", UNIT + "x.atanh()"),
        pointwise("sinc(input)", "sin(πx) / (πx), and 1 at zero.", UNIT + "x.sinc()"),
        pointwise("deg2rad(input)", "Degrees to radians.", VECTOR + "(x * 90).deg2rad()"),
        pointwise("rad2deg(input)", "Radians to degrees.", VECTOR + "x.rad2deg()"),
    ),
)
