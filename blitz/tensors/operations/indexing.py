"""Choosing elements by place or by condition, and writing to chosen places."""

from functools import partial

from blitz.tensors.operations import bounds
from blitz.tensors.operations.examples import GRID, SIGNED
from blitz.tensors.operations.operation import Family, Picture, operation

choose = partial(operation, picture=Picture.MOVEMENT)
write = partial(operation, forms="torch method in-place", bound=bounds.no_larger)

GATHER = GRID + "torch.gather(x, 1, torch.tensor([[0, 0], [2, 1]]))"
PLACES = "x = torch.zeros(3, 2)\nplaces = torch.tensor([0, 2])\n"
SCATTER = "x = torch.zeros(2, 3)\nplaces = torch.tensor([[0], [2]])\n"

INDEXING = Family(
    name="indexing",
    title="Indexing and choosing",
    operations=(
        choose(
            "gather(input, dim, index)",
            "Takes, at each place of the index, the element that it names along a dimension.",
            GATHER,
            bound=bounds.no_larger,
        ),
        choose(
            "take(input, index)",
            "Takes elements by their number in the flattened tensor.",
            GRID + "x.take(torch.tensor([0, 4]))",
            bound=bounds.no_larger,
        ),
        choose(
            "take_along_dim(input, indices, dim=None)",
            "Takes the elements that argsort and its like name; the index is broadcast.",
            "x = torch.tensor([[3., 1., 2.]])\nx.take_along_dim(x.argsort(dim=1), dim=1)",
        ),
        choose(
            "index_select(input, dim, index)",
            "Copies whole rows, columns or slices, in the order of the index.",
            GRID + "x.index_select(1, torch.tensor([2, 0]))",
        ),
        choose(
            "masked_select(input, mask)",
            "Copies the elements where the mask is true to a vector.",
            SIGNED + "x.masked_select(x > 0)",
            bound=bounds.broadcast(4),
        ),
        choose(
            "where(condition, input=None, other=None)",
            "Takes from one tensor where a condition holds, from the other elsewhere.",
            SIGNED + "torch.where(x > 0, x, 0.)",
            forms="torch",
            bound=bounds.choice,
        ),
        operation(
            "where(input, condition, other)",
            "Keeps this tensor where a condition holds and takes the other elsewhere.",
            SIGNED + "x.where(x > 0, 0.)",
            forms="method",
            bound=bounds.elementwise,
        ),
        operation(
            "nonzero(input, *, as_tuple=False)",
            "Lists the coordinates of all elements that are not zero.",
            "torch.nonzero(torch.tensor([[0, 5], [7, 0]]))",
            bound=bounds.positions,
        ),
        operation(
            "argwhere(input)",
            "Lists the coordinates of all elements that are not zero, a row for each.",
            SIGNED + "torch.argwhere(x > 0)",
            bound=bounds.positions,
        ),
        write(
            "scatter(input, dim, index, src, *, reduce=None)",
            "Writes elements to the places that an index names along a dimension.",
            SCATTER + "x.scatter(1, places, torch.tensor([[5.], [7.]]))",
            forms="torch method",
        ),
        write(
            "scatter(input, dim, index, src=None, *, value=None, reduce=None)",
            "Writes elements to the places that an index names, in this tensor.",
            SCATTER + "x.scatter_(1, places, value=1.)",
            forms="in-place",
        ),
        write(
            "scatter_add(input, dim, index, src)",
            "Adds elements to the places that an index names; several may meet in one.",
            SCATTER + "x.scatter_add(1, places, torch.ones(2, 1))",
        ),
        write(
            "scatter_reduce(input, dim, index, src, reduce, *, include_self=True)",
            "Folds all elements that meet in one place: sum, prod, mean, amax or amin.",
            SCATTER + "x.scatter_reduce(1, places, torch.ones(2, 1), reduce='amax')",
            bound=bounds.copies(4),
        ),
        write(
            "index_add(input, dim, index, source, *, alpha=1)",
            "Adds slices to the rows or columns that an index names.",
            PLACES + "x.index_add(0, places, torch.ones(2, 2))",
        ),
        write(
            "index_copy(input, dim, index, source)",
            "Replaces the rows or columns that an index names.",
            PLACES + "x.index_copy(0, places, torch.ones(2, 2))",
        ),
        write(
            "index_fill(input, dim, index, value)",
            "Fills the rows or columns that an index names with one number.",
            PLACES + "x.index_fill(0, places, 7.)",
        ),
        write(
            "index_put(input, indices, values, accumulate=False)",
            "Writes to the places that one index for each dimension names.",
            PLACES + "x.index_put((places, torch.tensor([0, 1])), torch.tensor(5.))",
            bound=bounds.copies(4),
        ),
        write(
            "masked_fill(input, mask, value)",
            "Writes one number where the mask is true.",
            SIGNED + "x.masked_fill(x < 0, 0.)",
            forms="method in-place",
            bound=bounds.broadcast(2),
        ),
        write(
            "masked_scatter(input, mask, source)",
            "Writes the elements of a source, one after another, where the mask is true.",
            SIGNED + "x.masked_scatter(x < 0, torch.tensor([10., 20.]))",
            forms="method in-place",
            bound=bounds.copies(4),
        ),
        write(
            "select_scatter(input, src, dim, index)",
            "Copies a tensor with one slice of a dimension replaced.",
            GRID + "x.select_scatter(torch.zeros(2), 1, 0)",
            forms="torch method",
        ),
        write(
            "slice_scatter(input, src, dim=0, start=None, end=None, step=1)",
            "Copies a tensor with a range of a dimension replaced.",
            GRID + "x.slice_scatter(torch.zeros(2, 2), dim=1, start=1)",
            forms="torch method",
            bound=bounds.copies(2),
        ),
        write(
            "diagonal_scatter(input, src, offset=0, dim1=0, dim2=1)",
            "Copies a tensor with its diagonal replaced.",
            "torch.zeros(2, 2).diagonal_scatter(torch.ones(2))",
            forms="torch method",
        ),
        write(
            "put(input, index, source, accumulate=False)",
            "Writes to elements by their number in the flattened tensor.",
            GRID + "x.put_(torch.tensor([0, 4]), torch.tensor([10., 20.]))",
            forms="method in-place",
        ),
    ),
)
