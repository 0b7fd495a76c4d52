"""How PyTorch's operations pass their gradient on, by family, as plain data.

In all of them g is the gradient coming in, y the result of the operation, and "grad x" what goes to
operand x. Formulas are those of real numbers; of complex ones the factors are conjugated.
A row: the node's label, what the operation is, its operands, a formula, and the same in LaTeX.
Operands stand in the order of the node's next functions; empty where their number varies.
"""

Row = tuple[str, str, str, str, str]
