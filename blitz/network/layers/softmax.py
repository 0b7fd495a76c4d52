"""Softmax: scores into probabilities that sum to 1."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import ClassVar

import numpy as np

from blitz.network.layers.elementwise import Elementwise
from blitz.network.layers.layer import Arithmetic, Region, Window, float64
from blitz.network.notation import number


@dataclass(frozen=True, kw_only=True, slots=True, eq=False)
class Softmax(Elementwise):
    """out[…, k] = exp(in[…, k]) / Σ exp(in[…, j]), over the last axis."""

    title: ClassVar[str] = "softmax"

    def explain(self, position: Sequence[int]) -> Arithmetic:
        self.check(position)
        *before, unit = position
        logits = float64(self.inputs[0][tuple(before)])
        # The largest is taken away from all: the quotient stays, and nothing overflows.
        powers = np.exp(logits - logits.max())
        computed = float(powers[unit] / powers.sum())
        return Arithmetic(
            value=float(self.output[tuple(position)]),
            computed=computed,
            # Relative to the probability itself, however small: a power of e keeps its digits.
            magnitude=computed * max(1.0, float(logits.max() - logits[unit])),
            formula=rf"p_{{{unit}}} = \frac{{e^{{z_{{{unit}}} - \max z}}}}"
            r"{\sum_j e^{z_j - \max z}}",
            substituted=rf"\frac{{{number(float(powers[unit]))}}}{{{number(float(powers.sum()))}}} "
            rf"= {number(computed)}",
            windows=(Window(label="logits", inputs=logits[None], weights=None),),
            regions=(Region(operand=0, channels=(0, len(logits))),),
        )
