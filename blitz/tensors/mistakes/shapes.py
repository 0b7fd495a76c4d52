"""Broadcasting, reshaping, expanding and axes."""

import re

from blitz.tensors.mistakes.fitting import (
    Shape,
    broadcast,
    clash,
    clashing,
    factors,
    numel,
    transposed,
)
from blitz.tensors.mistakes.mistake import IN_PLACE, Case, Mistake


def _pair(case: Case) -> tuple[str, Shape, str, Shape] | None:
    """Names and shapes of the first two tensors that do not broadcast."""
    shapes = case.shapes[:3]
    found = clashing(shapes)
    if found is None:
        return None
    first, second = found
    return "xyz"[first], shapes[first], "xyz"[second], shapes[second]


def _why_broadcast(case: Case) -> str:
    pair = _pair(case)
    if pair is None:
        return "aligned at their last axes, sizes must be equal, or one of them 1"
    _, first, _, second = pair
    found = clash(first, second)
    assert found
    axis, one, other = found
    return (
        f"aligned at their last axes, {first} and {second} have {one} and {other} at axis {axis}:"
        " sizes must be equal, or one of them 1"
    )


def _mend_broadcast(case: Case) -> str:
    pair = _pair(case)
    if pair is None:
        return "make the sizes equal, or one of them 1"
    x, first, y, second = pair
    if broadcast(first, [*second, 1]) and len(second) < len(first):
        return f"give the second an axis of size 1: {y}[:, None] has shape {[*second, 1]}"
    fixed = re.fullmatch(IN_PLACE, case.operation)  # its shape cannot change
    if not fixed and broadcast([*first, 1], second) and len(first) < len(second):
        return f"give the first an axis of size 1: {x}[:, None] has shape {[*first, 1]}"
    if len(second) > 1 and broadcast(first, transposed(second)):
        return f"transpose the second: {y}.mT has shape {transposed(second)}"
    if len(first) == len(second) == 1 and re.fullmatch(r"\W+", case.operation) and not fixed:
        size = [*first, *second]
        return (
            f"make the lengths equal; for all pairs, {size}, make the first a column, {x}[:, None]"
        )
    return "make the sizes equal, or one of them 1 (unsqueeze or [:, None] adds such an axis)"


def _mend_in_place(case: Case) -> str:
    if case.operation.endswith("="):
        return f"write it with a new result: x = x {case.operation.removesuffix('=')} y"
    if case.operation.startswith("Tensor.") and case.operation.endswith("_"):
        return f"take the form that makes a new tensor: x.{case.method.removesuffix('_')}(y)"
    return "leave out= away, or give one of the result's shape"


def _sizes(text: str) -> list[int]:
    return [int(size) for size in text.replace(",", " ").split() if size.lstrip("-").isdigit()]


def _why_reshape(case: Case) -> str:
    sizes, total = _sizes(case.found["sizes"]), int(case.found["total"])
    known = numel([size for size in sizes if size != -1])
    source = f"{case.shapes[0]} has {total}" if case.tensors else f"there are {total}"
    if -1 in sizes:
        return f"{source} elements, which {known} does not divide"
    return f"{sizes} holds {known} elements, {source}"


def _mend_reshape(case: Case) -> str:
    sizes, total = _sizes(case.found["sizes"]), int(case.found["total"])
    first, _ = factors(total, sizes[0] if sizes else 1)
    return f"choose sizes that multiply to {total}, such as x.reshape({first}, -1)"


def _why_view(case: Case) -> str:
    strides = ""
    if case.tensors and hasattr(case.tensors[0], "stride"):
        strides = f" of strides {list(case.tensors[0].stride())}"
    return (
        f"view reads the same memory in another shape; from x{strides} (not contiguous) no"
        " strides lead to this one"
    )


def _mend_view(case: Case) -> str:
    sizes = case.args[1:]
    shape = ", ".join(map(str, sizes)) if sizes and all(isinstance(s, int) for s in sizes) else "-1"
    return f"x.reshape({shape}) copies where it must; so does x.contiguous().view({shape})"


def _mend_expand(case: Case) -> str:
    target = _sizes(case.found["target"])
    shape = case.shapes[0] if case.tensors else []
    sizes = ", ".join(map(str, target))
    if shape and len(target) > len(shape) and [*shape, 1][-len(target) :]:
        wide = [*shape, 1]
        if len(wide) == len(target) and all(
            size in (1, wish) for size, wish in zip(wide, target, strict=True)
        ):
            return f"add the axis of size 1 at the end: x[:, None].expand({sizes})"
    return "x.repeat(…) copies whole axes; expand only axes of size 1, and keep others with -1"


def _why_repeat(case: Case) -> str:
    return (
        f"repeat wants one number for each axis; {case.shapes[0] if case.tensors else 'x'} has more"
    )


def _mend_repeat(case: Case) -> str:
    rank = len(case.shapes[0]) if case.tensors else 2
    times = ", ".join(["2", *["1"] * (rank - 1)])
    return f"give one for each axis, first axis first: x.repeat({times})"


def _why_axis(case: Case) -> str:
    low, high, axis = case.found["low"], case.found["high"], case.found["axis"]
    where = f" for {case.shapes[0]}" if case.tensors else ""
    if high == "0":
        return f"only dim 0, or -1 from the end, is possible{where}; not {axis}"
    return f"dims 0 to {high}, or {low} to -1 from the end, are possible{where}; not {axis}"


def _mend_axis(case: Case) -> str:
    word = "axis" if case.operation.startswith(("np.", "ndarray.")) else "dim"
    return f"the last is {word}=-1 or {word}={case.found['high']}; the first {word}=0"


def _why_numpy_axis(case: Case) -> str:
    axis, axes = case.found["axis"], int(case.found["axes"])
    return f"axes are counted from 0 to {axes - 1}, or from the end as -1; there is no axis {axis}"


def _mend_permute(case: Case) -> str:
    rank = len(case.shapes[0]) if case.tensors else 2
    return f"name each axis once: x.permute({', '.join(map(str, reversed(range(rank))))})"


MISTAKES = (
    Mistake(
        pattern=r"output with shape (torch\.Size\()?(?P<own>\[.*?\])\)? doesn't match the broadcast"
        r" shape (?P<wide>[\[(].*?[\])])|non-broadcastable output operand with shape"
        r" (?P<array>\(.*?\)) doesn't match the broadcast shape (?P<arrays>\(.*?\))",
        why="the result has shape {wide}{arrays}, but what it is written into keeps its own,"
        " {own}{array}",
        mend=_mend_in_place,
    ),
    Mistake(
        pattern=r"must match the size of tensor b|Attempting to broadcast a dimension"
        r"|operands could not be broadcast together|[Tt]arget size .* (input size|the same as)"
        r"|not broadcastable to|Shape mismatch: objects cannot be broadcast"
        # What Tensor.__radd__ of an array comes down to.
        r"|Concatenation operation is not implemented for NumPy arrays",
        why=_why_broadcast,
        mend=_mend_broadcast,
    ),
    Mistake(
        pattern=r"shape '\[(?P<sizes>.*?)\]' is invalid for input of size (?P<total>\d+)",
        why=_why_reshape,
        mend=_mend_reshape,
    ),
    Mistake(
        pattern=r"cannot reshape array of size (?P<total>\d+) into shape \((?P<sizes>.*?)\)",
        why=_why_reshape,
        mend=_mend_reshape,
    ),
    Mistake(
        pattern=r"only one dimension can be inferred|can only specify one unknown dimension",
        why="-1 stands for the size that is left over; two of them would leave a choice",
        mend="write -1 once and the other sizes in numbers",
    ),
    Mistake(
        pattern=r"the unspecified dimension size -1 can be any value",
        why="there are no elements, and a size of 0 times anything is 0: -1 could be any number",
        mend="write the size in numbers",
    ),
    Mistake(
        pattern=r"Provided sizes (?P<sizes>\[.*?\]) don't multiply up to the size of dim"
        r" (?P<dim>-?\d+) \((?P<size>\d+)\)",
        why="unflatten cuts dim {dim}, of size {size}; {sizes} do not multiply to {size}",
        mend="give sizes that multiply to {size}, or -1 for one of them",
    ),
    Mistake(
        pattern=r"view size is not compatible|Cannot view a tensor with shape",
        why=_why_view,
        mend=_mend_view,
    ),
    Mistake(
        pattern=r"The expanded size of the tensor \((?P<wish>\d+)\) must match the existing size"
        r" \((?P<size>\d+)\) at non-singleton dimension (?P<dim>\d+)\.\s+Target sizes:"
        r" \[(?P<target>.*?)\]",
        why="expand repeats axes of size 1 only; {x_shape} has {size} where {wish} is wanted (axis"
        " {dim} of the result)",
        mend=_mend_expand,
    ),
    Mistake(
        pattern=r"number of sizes provided \((?P<given>\d+)\) must be greater or equal to the"
        r" number"
        r" of dimensions in the tensor \((?P<axes>\d+)\)",
        why="expand keeps all {axes} axes of {x_shape}; sizes for {given} were given",
        mend="give one size for each axis, -1 where it stays",
    ),
    Mistake(
        pattern=r"isn't allowed in a leading, non-existing dimension",
        why="-1 keeps the size of an axis that is there; {x_shape} has fewer axes, and expand adds"
        " new ones in front",
        mend="write the sizes of new axes in numbers",
    ),
    Mistake(
        pattern=r"Number of dimensions of repeat dims can not be smaller",
        why=_why_repeat,
        mend=_mend_repeat,
    ),
    Mistake(
        pattern=r"Dimension out of range \(expected to be in range of \[(?P<low>-?\d+),"
        r" (?P<high>-?\d+)\], but got (?P<axis>-?\d+)\)",
        why=_why_axis,
        mend=_mend_axis,
    ),
    Mistake(
        pattern=r"axis (?P<axis>-?\d+) is out of bounds for array of dimension (?P<axes>\d+)",
        why=_why_numpy_axis,
        mend="the last is axis=-1, the first axis=0",
    ),
    Mistake(
        pattern=r"axis to squeeze out which has size not equal to one",
        why="squeeze takes away axes of size 1, and this one is longer",
        mend="choose an element of it, x[0], or fold it, x.sum(0)",
    ),
    Mistake(
        pattern=r"does not match the length of the desired ordering of dimensions"
        r"|axes don't match array|permute\(\): duplicate dims|repeated axis in transpose",
        why="permute orders all axes anew: each of the {x_shape} must be named once",
        mend=_mend_permute,
    ),
    Mistake(
        pattern=r"appears multiple times in the list of dims|duplicate value in the list of dims"
        r"|duplicate value in 'axis'",
        why="the same axis cannot be folded twice",
        mend="name each axis once",
    ),
    Mistake(
        pattern=r"t\(\) expects a tensor with <= 2 dimensions",
        why="t() exchanges the two axes of a matrix; {x_shape} has more",
        mend="exchange the last two with x.mT, any two with x.transpose(0, 1)",
    ),
    Mistake(
        pattern=r"negative dimension|negative dimensions are not allowed",
        why="a size counts elements; it is 0 or more",
        mend="give sizes from 0 on; -1 means the rest in reshape and view only",
    ),
)
