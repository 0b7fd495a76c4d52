"""Linear layers: a matrix times a vector, plus a bias."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import ClassVar

from torch import Tensor

from blitz.network.layers.layer import Arithmetic, Layer, Region, Window, float64
from blitz.network.notation import number, signed, total


@dataclass(frozen=True, kw_only=True, slots=True, eq=False)
class Linear(Layer):
    """out[…, o] = Σ in[…, i] · matrix[o, i] + bias[o]."""

    title: ClassVar[str] = "linear layer"

    matrix: Tensor
    """[out_features, in_features]."""
    bias: Tensor | None

    @property
    def sizes(self) -> tuple[str, ...]:
        out, within = self.matrix.shape
        bias = f" + {out}" if self.bias is not None else ""
        count = out * within + (0 if self.bias is None else out)
        return (
            rf"\text{{units}} = \text{{rows of the matrix}} = {out}",
            rf"\text{{parameters}} = {out} \cdot {within}{bias} = {count}",
        )

    @property
    def multiply_adds(self) -> int:
        return self.output.numel() * self.matrix.shape[1]

    def explain(self, position: Sequence[int]) -> Arithmetic:
        self.check(position)
        *before, out = position
        window = Window(
            label="inputs",
            inputs=float64(self.inputs[0][tuple(before)])[None],
            weights=float64(self.matrix[out])[None],
        )
        bias = 0.0 if self.bias is None else float(self.bias[out])
        computed = float(window.products.sum()) + bias
        # The largest first: most of hundreds of terms hardly count.
        products = sorted(window.products[0].tolist(), key=lambda term: -abs(term))
        written = total(products) + (f" + {signed(bias)}" if self.bias is not None else "")
        return Arithmetic(
            value=float(self.output[tuple(position)]),
            computed=computed,
            magnitude=sum(map(abs, products)) + abs(bias),
            formula=rf"z_{{{out}}} = \sum_i x_i \cdot w_{{{out},i}}"
            + (" + b" if self.bias is not None else ""),
            substituted=rf"{written} \\ = {number(computed)}",
            windows=(window,),
            regions=(Region(operand=0, channels=(0, self.matrix.shape[1])),),
        )
