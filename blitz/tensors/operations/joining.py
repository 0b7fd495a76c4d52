"""Joining tensors to one, and splitting one into several."""

from functools import partial

from blitz.tensors.operations import bounds
from blitz.tensors.operations.examples import GRID, VECTOR
from blitz.tensors.operations.operation import Family, Picture, operation

join = partial(operation, forms="torch", picture=Picture.MOVEMENT, bound=bounds.no_larger)
split = partial(operation, picture=Picture.MOVEMENT, bound=bounds.view)

BLOCK = "x = torch.arange(8).reshape(2, 2, 2)\n"

JOINING = Family(
    name="joining",
    title="Joining and splitting",
    operations=(
        join(
            "cat(tensors, dim=0)",
            "Puts tensors one after another along a dimension that they have.",
            "x = torch.ones(4, 4)\ntorch.cat([x, x, x], dim=1)",
        ),
        join(
            "concat(tensors, dim=0)",
            "Another name of cat.",
            GRID + "torch.concat([x, x])",
        ),
        join(
            "concatenate(tensors, dim=0)",
            "The name that NumPy has for cat.",
            GRID + "torch.concatenate([x, x])",
        ),
        join(
            "stack(tensors, dim=0)",
            "Lays tensors of one shape side by side along a new dimension.",
            "x = torch.ones(4, 4)\ntorch.stack([x, x, x], dim=1)",
        ),
        join(
            "hstack(tensors)",
            "Joins tensors side by side, along the columns.",
            GRID + "torch.hstack([x, x])",
        ),
        join(
            "vstack(tensors)",
            "Joins tensors one below another, along the rows.",
            VECTOR + "torch.vstack([x, x])",
        ),
        join(
            "row_stack(tensors)",
            "Another name of vstack.",
            VECTOR + "torch.row_stack([x, x])",
        ),
        join(
            "dstack(tensors)",
            "Joins tensors along the third dimension.",
            GRID + "torch.dstack([x, x])",
        ),
        join(
            "column_stack(tensors)",
            "Makes vectors the columns of a matrix.",
            VECTOR + "torch.column_stack([x, x])",
        ),
        operation(
            "block_diag(*tensors)",
            "Places matrices along the diagonal of a larger one.",
            "torch.block_diag(torch.ones(2, 2), torch.full((1, 2), 5.))",
            forms="torch",
        ),
        operation(
            "cartesian_prod(*tensors)",
            "Lists every choice of one element from each vector.",
            "torch.cartesian_prod(torch.tensor([1, 2]), torch.tensor([3, 4, 5]))",
            forms="torch",
            bound=bounds.cartesian_prod,
        ),
        operation(
            "combinations(input, r=2, with_replacement=False)",
            "Lists every choice of r elements from a vector.",
            "torch.combinations(torch.tensor([1, 2, 3]), r=2)",
            forms="torch",
            picture=Picture.MOVEMENT,
            bound=bounds.combinations,
        ),
        operation(
            "meshgrid(*tensors, indexing=None)",
            "Spreads vectors over a grid: its coordinates, one tensor for each dimension.",
            "torch.meshgrid(torch.arange(2), torch.arange(3), indexing='ij')",
            forms="torch",
            bound=bounds.view,
        ),
        split(
            "chunk(input, chunks, dim=0)",
            "Splits a tensor into so many views, the last one smaller where it must be.",
            GRID + "x.chunk(3, dim=1)",
        ),
        split(
            "split(tensor, split_size_or_sections, dim=0)",
            "Splits a tensor into views of a size, or of the sizes in a list.",
            GRID + "torch.split(x, [1, 2], dim=1)",
            forms="torch",
        ),
        split(
            "split(input, split_size, dim=0)",
            "Splits this tensor into views of a size, or of the sizes in a list.",
            GRID + "x.split(2, dim=1)",
            forms="method",
        ),
        split(
            "tensor_split(input, indices_or_sections, /, dim=0)",
            "Splits a tensor into nearly equal views, or at places.",
            "x = torch.arange(7)\ntorch.tensor_split(x, 3)",
        ),
        split(
            "hsplit(input, indices_or_sections, /)",
            "Splits a tensor side by side.",
            "torch.arange(8).reshape(2, 4).hsplit(2)",
        ),
        split(
            "vsplit(input, indices_or_sections, /)",
            "Splits a tensor into blocks of rows.",
            "torch.arange(8).reshape(4, 2).vsplit(2)",
        ),
        split(
            "dsplit(input, indices_or_sections, /)",
            "Splits a tensor along its third dimension.",
            BLOCK + "x.dsplit(2)",
        ),
        split(
            "unbind(input, dim=0)",
            "Takes a dimension apart: one view for each of its places.",
            GRID + "x.unbind(dim=1)",
        ),
    ),
)
