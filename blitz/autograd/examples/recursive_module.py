"""A module that calls itself

Each call multiplies its input by a factor and hands the product on to itself, until the depth is
used up: calls within calls. The parameter **factor** is the same leaf at every level, with an arrow
from each. With 1 as input, a factor of 0.5 and a depth of 4 the result is 0.5⁴ = 0.0625, and the
factor's gradient is 4·0.5³ = 0.5.

Graph: loss
"""

import torch
from torch import Tensor, nn

depth = 4  # 1 to 50: how many levels there are
factor_value = 0.5  # -2 to 2: the factor at each level


class Recursive(nn.Module):
    def __init__(self) -> None:
        super().__init__()
        self.factor = nn.Parameter(torch.tensor(factor_value))

    def forward(self, x: Tensor, levels: int) -> Tensor:
        x = self.factor * x
        if levels == 1:
            return x
        deeper: Tensor = self(x, levels - 1)
        return deeper


model = Recursive()
loss = model(torch.tensor(1.0), depth)

loss.backward(retain_graph=True)
print("result", loss.item(), "  factor.grad", model.factor.grad)
