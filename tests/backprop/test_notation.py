"""Written formulas: brackets where they are needed, digits as promised, and true."""

import math
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from blitz.backprop.expressions import (
    Expression,
    Function,
    Number,
    Symbol,
    exp,
    log_sum_exp,
    over,
    sign,
    softplus,
    tanh,
    times_log,
    where_positive,
)
from blitz.backprop.notation import (
    latex,
    latex_numbers,
    number_latex,
    number_text,
    python,
    superscript,
    text,
    text_numbers,
)
from tests.backprop.reading import (
    is_balanced_latex,
    parts_of,
    value_of_python,
    value_of_text,
    value_of_text_numbers,
)


def symbol(name: str, value: float) -> Symbol:
    return Symbol(name, f"{name[0]}_{{{name[1:]}}}", name, value)


W, X, Y = symbol("w1", -0.5), symbol("x1", 4e-5), symbol("y1", 3.0)


@pytest.mark.parametrize(
    ("value", "written"),
    [
        (0.385, "0.385"),
        (9.7, "9.7"),
        (-0.14769249336, "−0.147692493"),
        (4.25236590820787e-4, "4.25236591·10⁻⁴"),
        (0.00110594364831, "0.00110594365"),
        (0.0, "0"),
        (-0.0, "0"),
        (1.0, "1"),
        (100.0, "100"),
        (123456789.0, "123456789"),
        (1234567890.0, "1.23456789·10⁹"),
        (0.9999999999, "1"),
        (999999999.9, "1·10⁹"),
        (1e-300, "1·10⁻³⁰⁰"),
        (-2e22, "−2·10²²"),
        (1 / 3, "0.333333333"),
    ],
)
def test_numbers_for_people_have_nine_digits(value: float, written: str) -> None:
    assert number_text(value) == written


@pytest.mark.parametrize(
    ("value", "written"),
    [
        (4.25236590820787e-4, "4.25236591 \\times 10^{-4}"),
        (-0.5, "-0.5"),
        (1e22, "1 \\times 10^{22}"),
        (math.inf, "\\infty"),
        (-math.inf, "-\\infty"),
        (math.nan, "\\text{nan}"),
    ],
)
def test_numbers_in_latex(value: float, written: str) -> None:
    assert number_latex(value) == written


def test_results_have_as_many_digits_as_asked_for() -> None:
    assert number_text(4.25236590820787e-4, 12) == "4.25236590821·10⁻⁴"
    assert number_text(math.pi, 3) == "3.14"


@given(st.floats(allow_nan=False, allow_infinity=False), st.integers(2, 15))
def test_a_written_number_is_the_number_to_its_digits(value: float, digits: int) -> None:
    read = value_of_text_numbers(Number(value))
    assert read == pytest.approx(value, rel=1e-8, abs=1e-320)
    mantissa = number_text(value, digits).partition("·")[0].strip("−").replace(".", "")
    assert len(mantissa.lstrip("0")) <= digits


def test_superscripts_name_samples() -> None:
    assert superscript(12) == "⁽¹²⁾"


@pytest.mark.parametrize(
    ("expression", "names", "numbers"),
    [
        (W * X + Y, "w1 · x1 + y1", "−0.5 · 4·10⁻⁵ + 3"),
        (Y - W, "y1 − w1", "3 − (−0.5)"),
        (Y + W, "y1 + w1", "3 + (−0.5)"),
        (W + Y, "w1 + y1", "−0.5 + 3"),
        (Y * W, "y1 · w1", "3 · (−0.5)"),
        (Y * (W + X), "y1 · (w1 + x1)", "3 · (−0.5 + 4·10⁻⁵)"),
        (Y - (W - X), "y1 − (w1 − x1)", "3 − (−0.5 − 4·10⁻⁵)"),
        (-(W + X), "−(w1 + x1)", "−(−0.5 + 4·10⁻⁵)"),
        (W**2, "w1^2", "(−0.5)^2"),
        (X**2, "x1^2", "(4·10⁻⁵)^2"),
        ((W - Y) ** 2 / 2, "(w1 − y1)^2 / 2", "(−0.5 − 3)^2 / 2"),
        (Y / X, "y1 / x1", "3 / (4·10⁻⁵)"),
        (Y / (X * W), "y1 / (x1 · w1)", "3 / (4·10⁻⁵ · (−0.5))"),
        (1 / (1 + exp(-W)), "1 / (1 + exp(−w1))", "1 / (1 + exp(−(−0.5)))"),
        (abs(W - Y), "|w1 − y1|", "|−0.5 − 3|"),
        (sign(W), "sign(w1)", "sign(−0.5)"),
        (times_log(Y, X), "y1 · ln(x1)", "3 · ln(4·10⁻⁵)"),
        (over(W, Y), "w1 / y1", "(−0.5) / 3"),
        (softplus(W), "ln(1 + exp(w1))", "ln(1 + exp(−0.5))"),
        (Y * softplus(-W), "y1 · ln(1 + exp(−w1))", "3 · ln(1 + exp(−(−0.5)))"),
        (
            log_sum_exp([0, Y - W, W - Y]),
            "ln(1 + exp(y1 − w1) + exp(w1 − y1))",
            "ln(1 + exp(3 − (−0.5)) + exp(−0.5 − 3))",
        ),
        (where_positive(W, 1, 0), "(1 if w1 > 0, otherwise 0)", "(1 if −0.5 > 0, otherwise 0)"),
    ],
)
def test_brackets_stand_where_they_are_needed(
    expression: Expression, names: str, numbers: str
) -> None:
    assert text(expression) == names
    assert text_numbers(expression) == numbers


@pytest.mark.parametrize(
    ("expression", "written"),
    [
        (W * X, "-0.5 \\times 4 \\times 10^{-5}"),
        (X**2, "\\left(4 \\times 10^{-5}\\right)^{2}"),
        (Y * W, "3 \\times \\left(-0.5\\right)"),
        (Y / W, "\\frac{3}{-0.5}"),
        ((Y / X) ** 2, "\\left(\\frac{3}{4 \\times 10^{-5}}\\right)^{2}"),
        (tanh(W) ** 2, "\\left(\\tanh\\left(-0.5\\right)\\right)^{2}"),
        (exp(-Y), "e^{-3}"),
        (softplus(Y), "\\ln\\left(1 + e^{3}\\right)"),
        (log_sum_exp([0, Y, W]), "\\ln\\left(1 + e^{3} + e^{-0.5}\\right)"),
    ],
)
def test_latex_of_numbers(expression: Expression, written: str) -> None:
    assert latex_numbers(expression) == written


def test_a_function_without_a_notation_is_a_mistake_of_ours() -> None:
    with pytest.raises(TypeError, match="sine"):
        text(Function("sine", 0.0, W))


def numbers() -> st.SearchStrategy[float]:
    return st.one_of(
        st.floats(-5, 5).map(lambda x: round(x, 4)), st.sampled_from((0.0, 1e-6, -3e-7, 1.0, -1.0))
    )


def leaves() -> st.SearchStrategy[Expression]:
    # A number has a name of its own, so that every name stands for one value.
    named = st.builds(
        lambda value: Symbol(f"v{value!r}", "v", f"v{abs(hash(value))}", value), numbers()
    )
    return st.one_of(named, numbers().map(Number))


def grown(parts: st.SearchStrategy[Expression]) -> st.SearchStrategy[Expression]:
    return st.one_of(
        st.builds(lambda a, b: a + b, parts, parts),
        st.builds(lambda a, b: a - b, parts, parts),
        st.builds(lambda a, b: a * b, parts, parts),
        st.builds(lambda a, b: a / (1 + b * b), parts, parts),
        st.builds(lambda a: -a, parts),
        st.builds(lambda a: a**2, parts),
        st.builds(lambda a: exp(tanh(a)), parts),
        st.builds(tanh, parts),
        st.builds(abs, parts),
        st.builds(sign, parts),
        st.builds(lambda a: softplus(tanh(a)), parts),
        st.builds(lambda a, b: log_sum_exp([0, tanh(a), tanh(b)]), parts, parts),
        st.builds(where_positive, parts, parts, parts),
    )


def expressions() -> st.SearchStrategy[Expression]:
    return st.recursive(leaves(), grown, max_leaves=10).filter(lambda e: abs(e.value) < 1e100)


def close_to(expression: Expression, share: float) -> Any:
    """Its value, but for rounding of the largest number within it."""
    largest = max(abs(part.value) for part in parts_of(expression))
    return pytest.approx(expression.value, rel=0, abs=share * (1 + largest))


@settings(max_examples=400)
@given(expressions())
def test_python_comes_to_the_value(expression: Expression) -> None:
    assert value_of_python(expression) == close_to(expression, 1e-13)


@settings(max_examples=300)
@given(expressions())
def test_latex_is_whole(expression: Expression) -> None:
    assert is_balanced_latex(latex(expression))
    assert is_balanced_latex(latex_numbers(expression))


@settings(max_examples=300)
@given(st.recursive(leaves(), lambda parts: st.one_of(
    st.builds(lambda a, b: a + b, parts, parts),
    st.builds(lambda a, b: a - b, parts, parts),
    st.builds(lambda a, b: a * b, parts, parts),
    st.builds(lambda a, b: a / (1 + b * b), parts, parts),
    st.builds(lambda a: -a, parts),
    st.builds(lambda a: a**2, parts),
), max_leaves=8))  # fmt: skip
def test_text_comes_to_the_value(expression: Expression) -> None:
    assert value_of_text(expression) == close_to(expression, 1e-9)  # numbers have nine digits


def test_python_calls_the_functions_by_name() -> None:
    assert python(1 / (1 + exp(-W))) == "1 / (1 + exp(-w1))"
    assert python(softplus(-W)) == "softplus(-w1)"
    assert python(log_sum_exp([0, W - Y, X])) == "log_sum_exp([0, w1 - y1, x1])"
    assert python(where_positive(W, W, 0)) == "where_positive(w1, w1, 0)"
