"""Functions of expressions, arrays and Decimals: one value for all, also where powers overflow."""

from decimal import Decimal, localcontext
from typing import Any

import numpy as np
import pytest
import torch
from hypothesis import given
from hypothesis import strategies as st

from blitz.backprop.exports.python_helpers import helpers_for
from blitz.backprop.expressions import Number, log_sum_exp, softplus

TERMS = st.lists(st.floats(-1e4, 1e4) | st.floats(-40, 40), min_size=1, max_size=5)


@given(TERMS)
def test_log_sum_exp_is_that_of_torch_for_each_kind_of_number(terms: list[float]) -> None:
    expected = torch.logsumexp(torch.tensor([0, *terms], dtype=torch.float64), 0).item()
    arrays = log_sum_exp([0, *(np.full(2, term) for term in terms)])
    for found in (
        log_sum_exp([0, *map(Number, terms)]).value,
        float(log_sum_exp([0, *map(Decimal, terms)])),
        *arrays.tolist(),
        script_function("log_sum_exp")([0, *terms]),
    ):
        assert found == pytest.approx(expected, rel=1e-13, abs=1e-13)


@given(st.floats(-1e308, 1e308) | st.floats(-700, 700))
def test_softplus_keeps_its_digits_for_each_kind_of_number(x: float) -> None:
    with localcontext(prec=350):
        power = Decimal(-abs(x)).exp()
        expected = float(max(Decimal(x), Decimal(0)) + (1 + power).ln())
        by_decimals = float(softplus(Decimal(x)))
    for found in (
        softplus(Number(x)).value,
        by_decimals,
        float(softplus(np.array([x]))[0]),
        script_function("softplus")(x),
    ):
        assert found == pytest.approx(expected, rel=1e-14, abs=1e-300)


def script_function(name: str) -> Any:
    """The function as a script defines it."""
    names: dict[str, Any] = {}
    exec("import math\n" + "\n".join(helpers_for(f"{name}(x)")), names)
    return names[name]
