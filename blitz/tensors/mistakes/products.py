"""Matrix products and einsum: sizes that must meet do not."""

from blitz.tensors.mistakes.fitting import Shape, broadcast, inner, multiply, transposed
from blitz.tensors.mistakes.mistake import MATRIX_PRODUCT, Case, Mistake


def _factors(case: Case) -> tuple[Shape, Shape] | None:
    """Shapes of the two that are multiplied; of addmm(input, x, y) the last two."""
    shapes = case.shapes[-2:]
    return (shapes[0], shapes[1]) if len(shapes) == 2 and all(shapes) else None


def _why(case: Case) -> str:
    pair = _factors(case)
    if pair is None:
        return "the first factor's columns must be as many as the second's rows"
    x, y = pair
    if x[-1] == inner(y):
        return (
            f"the axes before the last two are batches, and those of {x} and {y} do not broadcast"
        )
    columns = "columns" if len(x) > 1 else "elements"
    rows = "rows" if len(y) > 1 else "elements"
    return f"the {x[-1]} {columns} of {x} must meet {x[-1]} {rows}; {y} has {inner(y)}"


def _mend(case: Case) -> str:
    pair = _factors(case)
    if pair is None:
        return "give both factors the same inner size: [n, k] @ [k, m]"
    x, y = pair
    tries = [
        ("transpose the second", "x @ y.T" if len(y) == 2 else "x @ y.mT", x, transposed(y)),
        ("transpose the first", "x.T @ y" if len(x) == 2 else "x.mT @ y", transposed(x), y),
        ("exchange them", "y @ x", y, x),
    ]
    for words, text, first, second in tries:
        if multiply(first, second):
            return f"{words}, {text}"
    if broadcast(x, y):
        return "for products of single elements write x * y"
    if x[-1] == inner(y):
        return "give both the same number of matrices, or one of them 1, which is used for all"
    if len(y) == 1:
        return f"give the second {x[-1]} elements"
    return f"give the second {x[-1]} rows: [{x[-1]}, n]"


MISTAKES = (
    Mistake(
        pattern=r"mat1 and mat2 shapes cannot be multiplied|must have same reduction dim",
        operation=r"F\.linear",
        why="the last axis of the input {x_shape} must be as long as that of the weight {y_shape}",
        mend="the weight has shape [outputs, inputs]: transpose it, F.linear(x, y.T), if it lies"
        " the other way",
    ),
    Mistake(
        pattern=r"mat1 and mat2 shapes cannot be multiplied|must have same reduction dim"
        r"|size mismatch, got input|inconsistent tensor size, expected tensor"
        r"|Expected size for first two dimensions of batch2|mismatch in its core dimension"
        r"|shapes .* not aligned|only supports same-length|inner\(\) the last dimension must match",
        why=_why,
        mend=_mend,
    ),
    Mistake(
        pattern=r"must match the size of tensor b|Attempting to broadcast a dimension"
        r"|operands could not be broadcast together",
        operation=MATRIX_PRODUCT,
        why=_why,
        mend=_mend,
    ),
    Mistake(
        pattern=r"both arguments to matmul need to be at least 1D"
        r"|does not have enough dimensions .* gufunc core",
        why="a matrix product sums over an axis that both share; a tensor without axes has none",
        mend="multiply by a single number with x * y",
    ),
    Mistake(
        pattern=r"unsupported operand type\(s\) for @:.*'(int|float|bool|complex)'",
        why="@ is the matrix product, of two tensors; a number is neither row nor column",
        mend="multiply by a number with *",
    ),
    Mistake(
        pattern=r"must be a matrix, got|^\w+: [ab] must be 2D|batch[12] must be a 3D tensor"
        r"|1D tensors expected|vector \+ matrix @ vector expected|matrix @ vector expected",
        why="{operation} takes a certain number of axes; {x_shape} and {y_shape} have another",
        mend="x @ y multiplies vectors, matrices and batches of them",
    ),
    Mistake(
        pattern=r"outer: Expected 1-D argument",
        why="outer pairs the elements of two tensors of one axis; here are {x_shape} and {y_shape}",
        mend="flatten them first: torch.outer(x.flatten(), y.flatten())",
    ),
    Mistake(
        pattern=r"einsum\(\): subscript (?P<letter>\S+) has size (?P<now>\d+) for operand"
        r" (?P<number>\d+) which does not broadcast with previously seen size (?P<before>\d+)",
        why="a letter stands for one size; {letter} is {before} at first and {now} in operand"
        " {number}, of {x_shape} and {y_shape}",
        mend="name axes of different sizes by different letters, or exchange the letters of an"
        " operand that lies transposed",
    ),
    Mistake(
        pattern=r"einsum\(\): subscript (?P<letter>\S+) is repeated for operand",
        why="a letter written twice for one operand takes its diagonal; {x_shape} is not square"
        " there",
        mend="use a letter of its own for each axis",
    ),
    Mistake(
        pattern=r"einsum\(\): the number of subscripts in the equation \((?P<letters>\d+)\) does"
        r" not match the number of dimensions \((?P<axes>\d+)\) for operand (?P<number>\d+)",
        why="operand {number} has {axes} axes, its part of the equation {letters} letters",
        mend="write one letter for each axis, or ... for those that are carried along",
    ),
    Mistake(
        pattern=r"einsum\(\): output subscript (?P<letter>\S+) (?P<fault>does not appear|appears"
        r" more)",
        why="{letter} cannot be an axis of the result: each letter there stands once, and comes"
        " from an operand",
        mend="after -> write only letters that stand before it, each once",
    ),
    Mistake(
        pattern=r"einsum\(\): (?P<fault>fewer|more) operands were provided",
        why="the equation has one part for each tensor, with commas between; {fault} tensors came",
        mend="give as many tensors as the equation has parts",
    ),
    Mistake(
        pattern=r"einsum\(\): invalid subscript",
        why="axes are named by letters a to z and A to Z; ->, commas, ... and spaces are the rest",
        mend="name every axis by one letter, such as 'ij,jk->ik'",
    ),
    Mistake(
        pattern=r"contracted dimensions need to match",
        why="tensordot sums the last axes of {x_shape} with the first of {y_shape}: their sizes"
        " must be equal",
        mend="say which axes meet, dims=([axis of x], [axis of y])",
    ),
)
