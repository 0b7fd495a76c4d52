"""Tensors where Python wants one number, one truth value or a sequence."""

from blitz.tensors.mistakes.mistake import Mistake

MISTAKES = (
    Mistake(
        pattern=r"a Tensor with (?P<size>\d+) elements cannot be converted to Scalar"
        r"|can only convert an array of size 1 to a Python scalar",
        why="item() needs exactly one element, and {x_shape} has {x_numel}",
        mend="choose one, x.flatten()[0].item(), fold them, x.sum().item(), or take all,"
        " x.tolist()",
    ),
    Mistake(
        pattern=r"only one element tensors can be converted to Python scalars",
        operation=r"torch\.(tensor|as_tensor)",
        why="torch.tensor reads numbers; tensors of many elements inside a list are not taken"
        " apart",
        mend="stack them: torch.stack([x, y])",
    ),
    Mistake(
        pattern=r"only one element tensors can be converted to Python scalars"
        r"|only (length-1|0-dimensional) arrays can be converted",
        why="{operation} makes one number of exactly one element, and {x_shape} has {x_numel}",
        mend="convert the dtype of all elements, x.float() or x.long(), or choose one,"
        " x.flatten()[0]",
    ),
    Mistake(
        pattern=r"Boolean value of Tensor with no values|truth value of an empty array",
        why="there is no element that could be true or false",
        mend="ask for the number of elements: x.numel() > 0",
    ),
    Mistake(
        pattern=r"Boolean value of Tensor with more than one value|truth value of an array with"
        r" more",
        why="if, and, or, not, in and comparisons of lists want one truth value; {x_shape} has"
        " many",
        mend="x.any() or x.all() makes one of them; element by element it is x & y, x | y, ~x",
    ),
    Mistake(
        pattern=r"iteration over a 0-d (tensor|array)",
        why="a 0-d tensor is a single number: there are no items to go through or to unpack",
        mend="x.item() is its number; x[None] has one item",
    ),
    Mistake(
        pattern=r"len\(\) of (a 0-d tensor|unsized object)",
        why="len counts the first axis, and a 0-d tensor has no axes",
        mend="x.numel() counts elements, x.ndim axes",
    ),
    Mistake(
        pattern=r"only integer (tensors|scalar arrays?) .*can be converted to (an|a scalar) index",
        why="a size or an index is one whole number; here is {x}",
        mend="take it as such: int(x.flatten()[0])",
    ),
    Mistake(
        pattern=r"(too many|not enough) values to unpack \(expected (?P<names>\d+)",
        why="there must be one value for each of the {names} names; a tensor is unpacked along its"
        " first axis",
        mend="write as many names as there are values, or choose by index",
    ),
    Mistake(
        pattern=r"cannot convert float (?P<value>NaN|infinity) to integer",
        why="no whole number stands for {value}",
        mend="replace it first: x.nan_to_num()",
    ),
)
