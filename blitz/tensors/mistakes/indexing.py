"""Subscripts: what they may be, where they may point and what can be put there."""

from blitz.tensors.mistakes.mistake import Case, Mistake

_ASSIGNMENT = r"x\[.*= ?v"


def _why_range(case: Case) -> str:
    size, axis, index = int(case.found["size"]), case.found["axis"], case.found["index"]
    where = f" of {case.shapes[0]}" if case.tensors else ""
    if not size:
        return f"axis {axis}{where} has no elements, so no index {index}"
    return f"axis {axis}{where} has {size} elements, 0 to {size - 1}, or -{size} to -1 from the end"


def _mend_range(case: Case) -> str:
    size = int(case.found["size"])
    return f"the last is {size - 1}, also written -1" if size else "there is nothing to choose"


def _why_many(case: Case) -> str:
    rank = len(case.shapes[0]) if case.tensors else "fewer"
    axes = "axis" if rank == 1 else "axes"
    return f"{case.shapes[0] if case.tensors else 'x'} has {rank} {axes}; each index takes one"


def _mend_many(case: Case) -> str:
    rank = len(case.shapes[0]) if case.tensors else 2
    if rank:
        return f"write {rank} or fewer: x[{', '.join(['0'] * rank)}]; None adds an axis"
    return "x.item() is its number"


MISTAKES = (
    Mistake(
        pattern=r"invalid index of a 0-dim tensor",
        why="a 0-d tensor is a single number: it has no axis to choose from",
        mend="its number is x.item()",
    ),
    Mistake(
        pattern=r"too many indices for (tensor|array)",
        why=_why_many,
        mend=_mend_many,
    ),
    Mistake(
        pattern=r"index (?P<index>-?\d+) is out of bounds for (dimension|axis) (?P<axis>\d+) with"
        r" size (?P<size>\d+)",
        why=_why_range,
        mend=_mend_range,
    ),
    Mistake(
        pattern=r"select\(\): index (?P<index>-?\d+) out of range",
        why="there is no element {index} on that axis of {x_shape}",
        mend="indices count from 0, or from the end as -1",
    ),
    Mistake(
        pattern=r"out of range: tried to access index (?P<index>-?\d+) on a tensor of"
        r" (?P<size>\d+)",
        why="take counts the elements of the flattened tensor: 0 to one less than {size}",
        mend="give indices below {size}",
    ),
    Mistake(
        pattern=r"IndexError: index out of range in self",
        operation=r".*embedding.*",
        why="an index chooses a row of the weight {y_shape}; one is below 0 or beyond the last row",
        mend="give indices from 0 to the number of rows less 1, or a longer weight",
    ),
    Mistake(
        pattern=r"IndexError: index out of range in self",
        why="an index is below 0 or not smaller than the size of that axis of {x_shape}",
        mend="give indices from 0 to the size less 1",
    ),
    Mistake(
        pattern=r"start \(-?\d+\) \+ length \(\d+\) exceeds dimension size \((?P<size>\d+)\)",
        why="the piece would end behind the axis, which has {size} elements",
        mend="start plus length may be {size} at most",
    ),
    Mistake(
        pattern=r"(tuple|list|string) index out of range",
        why="there are fewer items than this index counts; the first is 0",
        mend="the last is [-1], the number of them len(…)",
    ),
    Mistake(
        pattern=r"The shape of the mask (?P<mask>\[.*?\]) at index (?P<axis>\d+) does not match the"
        r" shape of the indexed tensor (?P<shape>\[.*?\])",
        why="a mask says yes or no for each element of the axes it covers; {mask} does not cover"
        " {shape}, axis {axis} differs",
        mend="make the mask of the tensor itself, x[x > 0], or of one axis in full length",
    ),
    Mistake(
        pattern=r"boolean index did not match indexed array",
        why="a mask says yes or no for each element of the axes it covers; this one has another"
        " size",
        mend="make the mask of the array itself, x[x > 0]",
    ),
    Mistake(
        pattern=r"indexing (tensors|arrays) could not be broadcast together with shapes"
        r" (?P<shapes>.*)",
        why="lists of indices are taken in pairs, one for each axis; theirs are of shapes {shapes}",
        mend="give lists of one length, or make the first a column for all combinations:"
        " x[torch.tensor([[0], [1]]), torch.tensor([0, 1, 2])]",
    ),
    Mistake(
        pattern=r"value tensor of shape (?P<value>\[.*?\]) cannot be broadcast to indexing result"
        r" of"
        r" shape (?P<place>\[.*?\])",
        why="the place chosen has shape {place}, and values of shape {value} do not stretch to it",
        mend="give one number, or values of shape {place}",
    ),
    Mistake(
        pattern=r"The expanded size of the tensor \(\d+\) must match the existing size"
        r" \(\d+\).*Target"
        r" sizes: (?P<place>\[.*?\])\.\s+Tensor sizes: (?P<value>\[.*?\])",
        operation=_ASSIGNMENT,
        why="the place chosen has shape {place}, and values of shape {value} do not stretch to it",
        mend="give one number, or values of shape {place}",
    ),
    Mistake(
        pattern=r"\{(?P<value>\[.*?\])\}, size=(?P<place>\[.*?\])\): the number of sizes provided",
        operation=_ASSIGNMENT,
        why="the place chosen has shape {place}, and the value has more axes, {value}",
        mend="give one number, or values of shape {place}",
    ),
    Mistake(
        pattern=r"could not broadcast input array from shape (?P<value>\(.*?\)) into shape"
        r" (?P<place>\(.*?\))",
        why="the place chosen has shape {place}, and values of shape {value} do not stretch to it",
        mend="give one number, or values of shape {place}",
    ),
    Mistake(
        pattern=r"only integers, slices .* are valid indices",
        why="elements are counted in whole numbers; a float or a text points between them",
        mend="round it: x[int(index)]; / makes floats, // whole numbers",
    ),
    Mistake(
        pattern=r"tensors used as indices must be long|arrays used as indices must be of integer",
        why="indices are whole numbers or a mask of bool, and these are {y_dtype}",
        mend="x[y.long()] takes them as positions, x[y > 0] as a mask",
    ),
    Mistake(
        pattern=r"step must be greater than zero",
        why="tensors have no negative strides, so no slice can run backwards",
        mend="turn an axis round with x.flip(0)",
    ),
    Mistake(
        pattern=r"slice step cannot be zero",
        why="a step of 0 would stay at one place for ever",
        mend="leave the step out, or give 1 or more",
    ),
    Mistake(
        pattern=r"Index tensor must have the same number of dimensions",
        why="{method} pairs each element of the index with one of the input: both need as many"
        " axes",
        mend="give the index an axis more: index.unsqueeze(0)",
    ),
    Mistake(
        pattern=r"Expected dtype int(32|64)?/?( or )?int64 for index",
        operation=r"(?!F\.).*",
        why="{method} takes positions, which are whole numbers",
        mend="convert the index: index.long()",
    ),
    Mistake(
        pattern=r"can't assign an? (?P<kind>\w+) to a torch\.(?P<holder>\w+)",
        why="a tensor holds numbers of its dtype, and this value is of type {kind}",
        mend="assign a number or a tensor",
    ),
    Mistake(
        pattern=r"selected index k out of range|k not in range for dimension|selected number k"
        r" out of",
        why="there are fewer than k elements along that axis of {x_shape}",
        mend="choose k from 1 to the size of the axis",
    ),
)
