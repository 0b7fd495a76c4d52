"""Numbers that an operation cannot take: too large, zero, negative, singular, out of range."""

import re

import torch

from blitz.tensors.mistakes.mistake import Case, Mistake
from blitz.tensors.mistakes.operands import describe, dtype_name


def _why_overflow(case: Case) -> str:
    groups = case.found.groupdict()
    name = dtype_name(
        groups["type"] or groups["numpy"] or (groups["python"] and "double") or "int64"
    )
    dtype = getattr(torch, name) if re.fullmatch(r"u?int\d+|b?float\d+", name) else torch.int64
    limits = torch.finfo(dtype) if dtype.is_floating_point else torch.iinfo(dtype)
    outside = [number for number in _numbers(case) if not limits.min <= number <= limits.max]
    value = groups["value"] or (describe(outside[0]) if outside else "")
    ends = (
        f"{limits.min:.4g} to {limits.max:.4g}"
        if dtype.is_floating_point
        else (f"{limits.min} to {limits.max}")
    )
    return f"{name} holds {ends}" + (f"; {value} lies outside" if value else "")


def _numbers(case: Case) -> list[int | float]:
    """Numbers among the arguments, also in a list."""
    given = [
        item for value in case.args for item in (value if isinstance(value, list) else [value])
    ]
    return [item for item in given if isinstance(item, int | float)]


def _why_ragged(case: Case) -> str:
    rows = case.args[0] if case.args else None
    if isinstance(rows, list | tuple):
        lengths = [len(row) if isinstance(row, list | tuple) else "a number" for row in rows[:4]]
        return "all rows must be of one length; here are " + ", ".join(map(str, lengths))
    return "all rows must be of one length"


def _why_square(case: Case) -> str:
    shape = case.shapes[0] if case.tensors else "x"
    return f"{case.operation} is defined for square matrices; {shape} is not"


MISTAKES = (
    Mistake(
        pattern=r"^ZeroDivisionError",
        why="numbers of Python have no infinity to stand for a division by 0",
        mend="tensors of floats have one: torch.tensor(1.) / 0 is inf",
    ),
    Mistake(
        pattern=r"RuntimeError: ZeroDivisionError",
        why="whole numbers have no infinity to stand for a division by 0",
        mend="divide floats, x.float() / 0 is inf, or leave the zeros out with a mask",
    ),
    Mistake(
        pattern=r"Integers to negative integer powers",
        why="2 ** -1 is 0.5, and whole numbers stay whole",
        mend="convert first: x.float() ** -1",
    ),
    Mistake(
        pattern=r"value cannot be converted to type (?P<type>\S+) without overflow"
        r"|Overflow when unpacking long|int too (big|large) to convert( to (?P<python>float))?"
        r"|Python integer (?P<value>-?\d+) out of bounds for (?P<numpy>\w+)",
        why=_why_overflow,
        mend="use a wider dtype, torch.int64 or torch.float32, or limit the value first, clamp(…)",
    ),
    Mistake(
        pattern=r"expected sequence of length \d+ at dim \d+|inhomogeneous shape|not a sequence"
        r"|'(list|tuple)' object cannot be interpreted as an integer|must be real number, not list",
        operation=r"(torch|np)\.(tensor|as_tensor|array|asarray)",
        why=_why_ragged,
        mend="fill the short rows up, such as [[1, 2], [3, 0]], or make one tensor for each row",
    ),
    Mistake(
        pattern=r"invalid data type 'str'|too many dimensions 'str'",
        why="tensors hold numbers and truth values, no texts",
        mend="give each text a number, or a list of numbers",
    ),
    Mistake(
        pattern=r"Could not infer dtype of (?P<kind>\w+)",
        why="tensors hold numbers and truth values, nothing of type {kind}",
        mend='give numbers; float("nan") stands for a missing one',
    ),
    Mistake(
        pattern=r"(input matrix is singular|Singular matrix)",
        why="a row or column is a combination of the others: no matrix undoes it, det is 0",
        mend="torch.linalg.pinv(x) gives the nearest thing to an inverse",
    ),
    Mistake(
        pattern=r"not positive[- ]definite",
        why="cholesky finds L with x = L @ L.T: x must be symmetric with eigenvalues above 0",
        mend="x @ x.T + torch.eye(len(x)) always is; for other matrices there is"
        " torch.linalg.lu(x)",
    ),
    Mistake(
        pattern=r"must be batches of square matrices|must be a square matrix"
        r"|Last 2 dimensions of the array must be square",
        why=_why_square,
        mend="for others there is torch.linalg.pinv(x), or make it square, x @ x.mT",
    ),
    Mistake(
        pattern=r"must have at least 2 dimensions|expected a matrix, but got tensor with dim"
        r"|-dimensional array given. Array must be",
        why="{operation} takes matrices, and {x_shape} has fewer than two axes",
        mend="give it rows and columns: x[None] is one row, x[:, None] one column",
    ),
    Mistake(
        pattern=r"Incompatible shapes of A and B for the equation AX = B",
        why="A of {x_shape} has an equation in each row; B of {y_shape} must have as many values",
        mend="give B as many rows as A",
    ),
    Mistake(
        pattern=r"inputs dimension (?P<dim>-?\d+) must have length 3",
        why="the cross product is of vectors of 3 elements; here are {x_shape} and {y_shape}",
        mend="say along which axis of 3 elements: dim=…",
    ),
    Mistake(
        pattern=r"Class values must be non-negative",
        why="one_hot places a 1 at each index, and there is no place below 0",
        mend="shift or limit the indices: F.one_hot(x.clamp(min=0))",
    ),
    Mistake(
        pattern=r"Class values must be smaller than num_classes",
        why="num_classes places are numbered from 0 on; an index is as large or larger",
        mend="leave num_classes out, F.one_hot(x), or give the largest index plus 1",
    ),
    Mistake(
        pattern=r"Target (?P<target>-?\d+) is out of bounds",
        why="the input {x_shape} has a column for each class, numbered from 0; {target} has none",
        mend="give targets from 0 to the number of columns less 1",
    ),
    Mistake(
        pattern=r"Expected input batch_size \((?P<rows>\d+)\) to match target batch_size"
        r" \((?P<targets>\d+)\)",
        why="each of the {rows} rows of the input needs one target; there are {targets}",
        mend="give {rows} targets",
    ),
    Mistake(
        pattern=r"multi-target not supported",
        why="a target of classes is one number a row, of shape [rows]; this one is {y_shape}",
        mend="take the axis of size 1 away: y.squeeze(1)",
    ),
    Mistake(
        pattern=r"all elements of (input|target) should be between 0 and 1",
        why="binary_cross_entropy takes probabilities",
        mend="make probabilities of them, F.binary_cross_entropy(x.sigmoid(), y), or take the form"
        " with_logits",
    ),
    Mistake(
        pattern=r"expected input\[(?P<input>.*?)\] to have (?P<want>\d+) channels, but got"
        r" (?P<have>\d+)",
        why="the weight {y_shape} reads {want} channels (its second size); the input has {have}",
        mend="the input is [batch, channels, height, width], the weight [outputs, channels, height,"
        " width]: make the channels equal",
    ),
    Mistake(
        pattern=r"Kernel size can't be greater than actual input size|Output size is too small",
        why="the window is larger than the picture {x_shape}",
        mend="use a smaller window, a larger picture, or padding",
    ),
    Mistake(
        pattern=r"Expected \dD \(unbatched\) or \dD \(batched\) input|3D or 4D \(batch mode\)",
        why="a picture is [channels, height, width], a batch of them one axis more; here is"
        " {x_shape}",
        mend="add the axes that are missing: x[None, None]",
    ),
    Mistake(
        pattern=r"Given normalized_shape=(?P<shape>\[.*?\])",
        why="the last sizes of {x_shape} must be {shape}",
        mend="F.layer_norm(x, x.shape[-1:]) normalises the last axis",
    ),
    Mistake(
        pattern=r"upper bound and (lower|larger) bound inconsistent with step sign",
        why="steps in this direction never lead from start to end",
        mend="exchange start and end, or the sign of step",
    ),
    Mistake(
        pattern=r"expects 'from' to be less than 'to'",
        why="numbers are drawn from low to one less than high; between these there is none",
        mend="give the smaller first: torch.randint(2, 5, (3,))",
    ),
    Mistake(
        pattern=r"(number of steps|n) must be (non-negative|greater or equal to 0)|std >= 0"
        r"|to be greater than 0, got",
        why="this number counts or measures something; it is not below 0",
        mend="give a positive one",
    ),
    Mistake(
        pattern=r"q must be in the range \[0, 1\]",
        why="a quantile is a share of the elements: 0 is the smallest, 0.5 the median, 1 the"
        " largest",
        mend="give q from 0 to 1",
    ),
    Mistake(
        pattern=r"[Ee]xpect(ed)? (a 1D vector|0D or 1D tensor)|Supports 1D or 2D tensors",
        why="{method} takes tensors of fewer axes than {x_shape} has",
        mend="make one axis of all: x.flatten()",
    ),
    Mistake(
        pattern=r"not contain infs or NaNs",
        why="infinities and NaN have no place in a decomposition",
        mend="replace them first: x.nan_to_num()",
    ),
    Mistake(
        pattern=r"can't allocate memory|Unable to allocate|std::bad_alloc|MemoryError",
        why="the tensor does not fit in memory",
        mend="use smaller shapes, or expand, which repeats without a copy",
    ),
    Mistake(
        pattern=r"step must be nonzero|Maximum allowed size exceeded",
        why="steps of 0 never lead to the end",
        mend="give a step above or below 0",
    ),
    Mistake(
        pattern=r"cannot sample n_sample > prob_dist",
        why="without replacement each of the {x_shape} can be drawn once",
        mend="draw fewer, or with replacement=True",
    ),
    Mistake(
        pattern=r"probability tensor contains either `inf`, `nan` or element < 0",
        why="weights to draw by are finite and not negative",
        mend="x.softmax(-1) makes weights of any numbers",
    ),
    Mistake(
        pattern=r"Expected p_in >= 0 && p_in <= 1|probability has to be between 0 and 1",
        why="a probability lies between 0 and 1",
        mend="x.sigmoid() or x.clamp(0, 1) brings numbers there",
    ),
    Mistake(
        pattern=r"Expected reduction dim|have non-zero size|zero-size array to reduction operation",
        why="{x_shape} has no elements, so there is no largest or smallest",
        mend="look at x.numel() first, or add an element",
    ),
    Mistake(
        pattern=r"more than one element of the written-to tensor refers to a single memory"
        r" location",
        why="x {x_shape} is expanded: several of its elements are one place in memory (stride 0)",
        mend="give each its own: x.clone() first",
    ),
)
