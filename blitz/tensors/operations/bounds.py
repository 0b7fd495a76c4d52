"""What calls need at most, where that is known without fake tensors or unknown to them.

A bound is called with the very arguments of the call. It never computes with a tensor's elements,
but where only they tell how large a result is: there it takes their largest. Arguments that the
operation does not take need nothing: the operation itself will say so.
"""

import math
from collections.abc import Sequence

import numpy as np
from torch import Tensor
from torch.autograd.graph import Node

from blitz.tensors.operations.arguments import (
    ENDLESS,
    LEAST_ITEM_BYTES,
    MOST_ITEM_BYTES,
    MOST_REAL_BYTES,
    broadcast_numel,
    item_bytes,
    largest_value,
    num_elements,
    num_members,
    operand_numel,
    operands,
    tensors,
    whole,
)
from blitz.tensors.operations.operation import Bound, Need

ELEMENT_SECONDS = 1e-9
"""About what one element of a simple operation takes on one core."""
MATRIX_SECONDS = 2e-10
"""About what n³ = 1 of a decomposition takes, times the steps it makes."""
PYTHON_SECONDS = 2e-7
"""About what one element takes on its way to or from a number of Python."""
ROW_SECONDS = 5e-6
"""About what it takes to make a tensor of each row."""
PYTHON_BYTES = 40
"""Of a number with its place in a list."""
ROW_BYTES = 500
"""Of a view with its place in a list."""
SCALARS = 8
"""More than the numbers among the arguments, which become tensors of one element."""
NODE_SECONDS = 2e-5
"""About what the graph takes for each of its nodes, besides the arithmetic."""
NODE_BYTES = 1000
"""Of a node of the graph."""
MATRIX_NODES = ("Mm", "Bmm", "Addmm", "Baddbmm", "Mv", "Convolution", "Linalg")
"""How the names of nodes begin that multiply matrices."""


def free(*args: object, **kwargs: object) -> Need:
    """Makes no tensor and computes nothing."""
    return Need(num_bytes=0, seconds=0)


def view(*args: object, **kwargs: object) -> Need:
    """Other tensors on the same storage."""
    return free()


def broadcast(num_tensors: int) -> Bound:
    """So many tensors, results included, in the shape that the operands broadcast to."""

    def bound(*args: object, **kwargs: object) -> Need:
        numel = broadcast_numel(operands(args, kwargs))
        return of_elements(num_tensors * numel + SCALARS, item_bytes(args, kwargs))

    return bound


elementwise = broadcast(1)
"""One result in the shape that the operands broadcast to."""


def copies(num_tensors: int) -> Bound:
    """So many tensors, results included, no larger than the operands together."""

    def bound(*args: object, **kwargs: object) -> Need:
        numel = sum(operand_numel(args, kwargs))
        return of_elements(num_tensors * numel + SCALARS, item_bytes(args, kwargs))

    return bound


no_larger = copies(1)
"""A result, and what is made on the way to it, no larger than the operands together."""


def folding(num_tensors: int = 0) -> Bound:
    """A result for all elements, or one for each place besides `dim`, with its place.

    num_tensors: of the operand's size, made on the way.
    """

    def bound(input: object, dim: object = None, *args: object, **kwargs: object) -> Need:
        if not isinstance(input, Tensor) or isinstance(dim, Tensor):
            return broadcast(1)(input, dim)  # of max(x, y)
        numel = input.numel()
        sizes = [input.shape[each] for each in _dims(dim, input.dim())]
        results = numel // max(math.prod(sizes), 1) if sizes else 1
        on_the_way = num_tensors * numel * item_bytes((input, *kwargs.values()), {})
        return Need(
            num_bytes=on_the_way + 3 * results * MOST_REAL_BYTES,
            seconds=(num_tensors + 2) * numel * ELEMENT_SECONDS,
        )

    return bound


def _dims(dim: object, num_dims: int) -> set[int]:
    """The dimensions that are named; those that there are not are left out."""
    named = dim if isinstance(dim, list | tuple) else [dim]
    whole_named = [each for each in named if isinstance(each, int)]
    return {each % num_dims for each in whole_named if -num_dims <= each < num_dims}


def sorting(*args: object, **kwargs: object) -> Need:
    """Values, places and a copy as large as the operand, n log n comparisons."""
    numel = sum(operand_numel(args, kwargs))
    work = numel * math.log2(max(numel, 2))
    num_bytes = 2 * item_bytes(args, kwargs) + 3 * MOST_REAL_BYTES
    return Need(num_bytes=numel * num_bytes, seconds=10 * work * ELEMENT_SECONDS)


def positions(*args: object, **kwargs: object) -> Need:
    """The coordinates of at most all elements."""
    found = tensors(args, kwargs)
    return Need(
        num_bytes=sum(2 * 8 * operand.numel() * max(operand.dim(), 1) for operand in found),
        seconds=sum(5 * operand.numel() * ELEMENT_SECONDS for operand in found),
    )


def choice(*args: object, **kwargs: object) -> Need:
    """Of where: positions of a condition alone, else one element of two for each condition."""
    return positions(*args) if len(args) + len(kwargs) == 1 else elementwise(*args, **kwargs)


def from_data(*args: object, **kwargs: object) -> Need:
    """A tensor of the numbers in nested lists, or a copy of a tensor or array."""
    numel = num_elements([*args, *kwargs.values()])
    copied = any(isinstance(value, Tensor | np.ndarray) for value in args)
    seconds = ELEMENT_SECONDS if copied else PYTHON_SECONDS
    return Need(num_bytes=numel * MOST_ITEM_BYTES, seconds=numel * seconds)


def numbers(*args: object, **kwargs: object) -> Need:
    """Each element as a number of Python."""
    numel = num_elements([*args, *kwargs.values()])
    return Need(num_bytes=numel * PYTHON_BYTES, seconds=numel * PYTHON_SECONDS)


def rows(*args: object, **kwargs: object) -> Need:
    """Each row of tensors and arrays, each member of lists and ranges."""
    made = sum(
        len(value) for value in args if isinstance(value, Tensor | np.ndarray) and value.ndim
    )
    listed = sum(num_members(value) for value in args if isinstance(value, list | tuple | range))
    return Need(
        num_bytes=made * ROW_BYTES + listed * PYTHON_BYTES,
        seconds=made * ROW_SECONDS + listed * PYTHON_SECONDS,
    )


def counted(*ends: int) -> Need:
    """The numbers that a range counts."""
    return rows(range(*ends))


def round_number(number: object, ndigits: object = None) -> Need:
    """A power of ten is made with all its digits."""
    num_digits = abs(whole(ndigits))
    tensor_need = elementwise(number) if isinstance(number, Tensor | np.ndarray) else free()
    return Need(
        num_bytes=tensor_need.num_bytes + num_digits,
        seconds=tensor_need.seconds + float(min(num_digits, 10**9)) ** 2 * ELEMENT_SECONDS,
    )


def bincount(
    input: object, weights: object = None, minlength: object = 0, **kwargs: object
) -> Need:
    """One count for each number up to the largest element."""
    counts = max(largest_value(input) + 1, whole(minlength))
    return of_elements(2 * (counts + num_elements([input])), MOST_REAL_BYTES)


def histogram(input: object, bins: object = 100, *args: object, **kwargs: object) -> Need:
    """One count for each bin."""
    return of_elements(2 * (whole(bins) + 2 * num_elements([input])), MOST_REAL_BYTES)


def one_hot(input: object, num_classes: object = -1) -> Need:
    """One number for each element and class."""
    classes = max(largest_value(input) + 1, whole(num_classes))
    return of_elements(2 * num_elements([input]) * (classes + 1), MOST_REAL_BYTES)


def repeat_interleave(
    input: object, repeats: object = None, dim: object = None, **kwargs: object
) -> Need:
    """Each element as often as the largest number of repeats."""
    if repeats is None:  # the only argument holds the repeats; what comes out are places
        repeats = input
    most = largest_value(repeats) if isinstance(repeats, Tensor) else whole(repeats)
    places = num_elements([repeats]) * (most + 2)
    return of_elements(2 * num_elements([input]) * most + places, item_bytes((input,), {}))


def combinations(input: object, r: object = 2, with_replacement: object = False) -> Need:
    """All n^r choices of r from n elements are made before the wanted ones are taken."""
    chosen, count = max(whole(r), 1), max(num_elements([input]), 1)
    too_many = chosen * math.log(count) > math.log(1e30) or chosen > 1e6
    choices = ENDLESS if too_many else float(count) ** chosen
    return of_elements(choices * (4 * chosen + 2), MOST_ITEM_BYTES)


def cartesian_prod(*args: object) -> Need:
    """A row of one element of each tensor for each choice."""
    found = tensors(args, {})
    choices = math.prod(operand.numel() for operand in found)
    return of_elements(2 * len(found) * choices, item_bytes(args, {}))


def gradients(outputs: object, *args: object, **kwargs: object) -> Need:
    """The way back through the graph: about twice the way there, a gradient at each node."""
    roots = [output.grad_fn for output in tensors([outputs], {}) if output.grad_fn is not None]
    work, num_bytes = 0.0, 0.0
    waiting, seen = list(roots), set(roots)
    while waiting:
        node = waiting.pop()
        inputs = [parent for parent, _ in node.next_functions if parent is not None]
        sizes = [_gradient_numel(each) for each in (node, *inputs)]
        num_bytes += NODE_BYTES + 2 * sum(sizes) * LEAST_ITEM_BYTES
        work += NODE_SECONDS + 4 * sum(sizes) * ELEMENT_SECONDS
        if node.name().startswith(MATRIX_NODES):  # [m, k], [k, n] and [m, n]: (m k n)² elements
            work += 4 * math.sqrt(math.prod(sorted(sizes)[-3:])) * MATRIX_SECONDS
        waiting.extend(parent for parent in inputs if parent not in seen)
        seen.update(inputs)
    return Need(num_bytes=num_bytes, seconds=work)


def _gradient_numel(node: Node) -> int:
    metadata: Sequence[Tensor] = node._input_metadata
    return sum(math.prod(each.shape) for each in metadata)


def membership(elements: object, test_elements: object, **kwargs: object) -> Need:
    """Both are sorted together, or compared each with each where the second are few."""
    numel = num_elements([elements]) + num_elements([test_elements])
    work = 10 * numel * (math.log2(max(numel, 2)) + 10)
    return Need(num_bytes=16 * numel * MOST_REAL_BYTES, seconds=work * ELEMENT_SECONDS)


def quantiles(input: object, q: object = 0.5, *args: object, **kwargs: object) -> Need:
    """Sorts, then takes as many results from each row as there are shares."""
    ordered = sorting(input)
    taken = 8 * num_elements([input]) * max(num_elements([q]), 1)
    return Need(
        num_bytes=2 * ordered.num_bytes + taken * MOST_REAL_BYTES,
        seconds=ordered.seconds + taken * ELEMENT_SECONDS,
    )


def differences(input: object, n: object = 1, *args: object, **kwargs: object) -> Need:
    """A tensor for each time that differences are taken; at most as often as it is long."""
    longest = max(input.shape, default=0) if isinstance(input, Tensor) else 0
    times = min(max(whole(n), 1), longest + 1) + 1
    return copies(times)(input, *args, **kwargs)


def of_elements(numel: float, num_bytes: int) -> Need:
    """The need of new tensors of so many elements together, each of so many bytes."""
    return Need(num_bytes=numel * num_bytes, seconds=numel * ELEMENT_SECONDS)
