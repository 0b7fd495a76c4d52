"""Batch normalisation with the means and variances that were kept while training."""

import math
from collections.abc import Sequence
from dataclasses import dataclass
from typing import ClassVar

from torch import Tensor

from blitz.network.layers.elementwise import Elementwise, same_place
from blitz.network.layers.layer import Arithmetic
from blitz.network.notation import number, signed


@dataclass(frozen=True, kw_only=True, slots=True, eq=False)
class BatchNormalisation(Elementwise):
    """out = (in − mean) / √(variance + ε) · γ + β, with one mean, variance, γ and β a channel."""

    title: ClassVar[str] = "batch normalisation"

    mean: Tensor | None
    """[channels]; none where the batch's own are used."""
    variance: Tensor | None
    gamma: Tensor | None
    beta: Tensor | None
    epsilon: float

    @property
    def sizes(self) -> tuple[str, ...]:
        channels = self.output.shape[1]
        count = sum(each.numel() for each in (self.gamma, self.beta) if each is not None)
        same = r"\text{every size as before}"
        if not count:
            return (same,)
        return (
            same,
            rf"\text{{parameters}} = {channels}\ \gamma + {channels}\ \beta = {count}",
        )

    def explain(self, position: Sequence[int]) -> Arithmetic | None:
        self.check(position)
        if self.mean is None or self.variance is None:
            return None
        channel = position[1]
        value, mean, variance = (
            float(self.inputs[0][tuple(position)]),
            float(self.mean[channel]),
            float(self.variance[channel]),
        )
        gamma = 1.0 if self.gamma is None else float(self.gamma[channel])
        beta = 0.0 if self.beta is None else float(self.beta[channel])
        scale = gamma / math.sqrt(variance + self.epsilon)
        computed = (value - mean) * scale + beta
        return Arithmetic(
            value=float(self.output[tuple(position)]),
            computed=computed,
            magnitude=abs(value * scale) + abs(mean * scale) + abs(beta),
            formula=r"\frac{z - \mu}{\sqrt{\sigma^2 + \varepsilon}} \cdot \gamma + \beta",
            substituted=rf"\frac{{{number(value)} - {signed(mean)}}}{{\sqrt{{{number(variance)} + "
            rf"{number(self.epsilon)}}}}} \cdot {signed(gamma)} + {signed(beta)} "
            rf"= {number(computed)}",
            regions=same_place(position, 1),
        )
