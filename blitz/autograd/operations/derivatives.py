"""How each operation's gradient is computed: a plain formula by the name of its node.

The formulas themselves are data: see `formulas`.
"""

from dataclasses import dataclass
from functools import cache

from blitz.autograd.graph import operation_label
from blitz.autograd.operations.formulas import matrices, networks, pointwise, reductions, shapes


@dataclass(frozen=True, kw_only=True, slots=True)
class Derivative:
    """How an operation passes its gradient on.

    In the formulas g is the gradient coming in and y the operation's result; operands are called
    x, or a, b in their order.
    """

    label: str
    """The node's name without its ending: Addmm."""
    operation: str
    """What the operation is, in plain words."""
    operands: tuple[str, ...]
    """PyTorch's names of the operands by position in the node's next functions; empty where their
    number varies. A node may have fewer: a number in place of a tensor has no position."""
    formula: str
    """What goes to each operand, in Unicode."""
    latex: str


CUSTOM = Derivative(
    label="",
    operation="function of one's own (torch.autograd.Function)",
    operands=(),
    formula="whatever its backward method returns, one gradient for each input",
    latex=r"\nabla x = \mathtt{backward}(\mathit{ctx}, g)",
)
"""What to say of nodes that people's own Functions make."""


def derivative(type_name: str) -> Derivative | None:
    """The derivative of an operation by its node's name (MulBackward0) or label (Mul).

    None for nodes the table does not know; people's own Functions are among them, see `CUSTOM`.
    """
    # A label first: Atan2 would lose its digit as if it were an ending.
    return table().get(type_name) or table().get(operation_label(type_name))


@cache
def table() -> dict[str, Derivative]:
    """All derivatives by label."""
    families = (pointwise, reductions, matrices, networks, shapes)
    return {
        label: Derivative(
            label=label,
            operation=operation,
            operands=tuple(operands.split()),
            formula=formula,
            latex=latex,
        )
        for family in families
        for label, operation, operands, formula, latex in family.ROWS
    }
