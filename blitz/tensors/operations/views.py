"""The same elements in another shape or order: views where strides allow, copies elsewhere."""

from functools import partial

from blitz.tensors.operations import bounds
from blitz.tensors.operations.examples import GRID, VECTOR
from blitz.tensors.operations.operation import Family, Picture, operation

view = partial(operation, picture=Picture.MOVEMENT, bound=bounds.view)
copy = partial(operation, picture=Picture.MOVEMENT, bound=bounds.no_larger)
repeat = partial(operation, picture=Picture.MOVEMENT)

CUBE = "x = torch.arange(24).reshape(2, 3, 4)\n"
SINGLE = "x = torch.zeros(1, 3, 1)\n"

VIEWS = Family(
    name="views",
    title="Shapes, views and order",
    operations=(
        copy(
            "reshape(input, shape)",
            "Gives the elements another shape, as a view wherever strides allow it.",
            "x = torch.arange(6)\ntorch.reshape(x, (2, -1))",
            forms="torch",
        ),
        copy(
            "reshape(input, *shape)",
            "Gives the elements another shape, as a view wherever strides allow it.",
            "x = torch.arange(12.)\nx.reshape(3, 4)",
            forms="method",
        ),
        copy(
            "reshape_as(input, other)",
            "Gives the elements the shape of another tensor.",
            "x = torch.arange(6)\nx.reshape_as(torch.zeros(3, 2))",
            forms="method",
        ),
        view(
            "view(input, *shape)",
            "Looks at the same memory in another shape, or as another data type.",
            "x = torch.arange(6)\ny = x.view(2, 3)\ny[0, 0] = 9\nx",
            forms="method",
        ),
        view(
            "view_as(input, other)",
            "Looks at the same memory in the shape of another tensor.",
            "x = torch.arange(6)\nx.view_as(torch.zeros(3, 2))",
            forms="method",
        ),
        view(
            "transpose(input, dim0, dim1)",
            "Swaps two dimensions by swapping their strides.",
            GRID + "torch.transpose(x, 0, 1)",
            forms="torch method in-place",
        ),
        view(
            "swapaxes(input, axis0, axis1)",
            "The name that NumPy has for transpose.",
            GRID + "x.swapaxes(0, 1)",
            forms="torch method in-place",
        ),
        view(
            "swapdims(input, dim0, dim1)",
            "Another name of transpose.",
            GRID + "x.swapdims(0, 1)",
            forms="torch method in-place",
        ),
        view(
            "t(input)",
            "Transposes a matrix.",
            GRID + "x.t()",
            forms="torch method in-place",
        ),
        view(
            "adjoint(input)",
            "Swaps the last two dimensions and conjugates.",
            GRID + "x.adjoint()",
        ),
        view(
            "permute(input, dims)",
            "Puts the dimensions into another order.",
            CUBE + "torch.permute(x, (2, 0, 1)).shape",
            forms="torch",
        ),
        view(
            "permute(input, *dims)",
            "Puts the dimensions into another order.",
            CUBE + "x.permute(2, 0, 1).shape",
            forms="method",
        ),
        view(
            "movedim(input, source, destination)",
            "Moves a dimension to another place; the others keep their order.",
            CUBE + "x.movedim(0, -1).shape",
        ),
        view(
            "moveaxis(input, source, destination)",
            "The name that NumPy has for movedim.",
            CUBE + "x.moveaxis(0, -1).shape",
        ),
        view(
            "squeeze(input, dim=None)",
            "Drops dimensions of size one.",
            SINGLE + "x.squeeze().shape",
            forms="torch method in-place",
        ),
        view(
            "unsqueeze(input, dim)",
            "Adds a dimension of size one.",
            VECTOR + "x.unsqueeze(1)",
            forms="torch method in-place",
        ),
        copy(
            "flatten(input, start_dim=0, end_dim=-1)",
            "Makes one dimension of several neighbours.",
            CUBE + "torch.flatten(x, 1).shape",
        ),
        view(
            "unflatten(input, dim, sizes)",
            "Makes several dimensions of one.",
            "torch.arange(12).unflatten(0, (3, 4))",
        ),
        copy(
            "ravel(input)",
            "Makes a vector of all elements.",
            GRID + "x.ravel()",
        ),
        view(
            "expand(input, *sizes)",
            "Stretches dimensions of size one with stride 0, without a copy.",
            "x = torch.tensor([[1.], [2.]])\nx.expand(2, 3)",
            forms="method",
        ),
        view(
            "expand_as(input, other)",
            "Stretches dimensions of size one to the shape of another tensor.",
            VECTOR + "x.expand_as(torch.zeros(2, 3))",
            forms="method",
        ),
        view(
            "broadcast_to(input, size)",
            "Stretches a tensor to a shape, as operations do with their operands.",
            VECTOR + "x.broadcast_to((2, 3))",
        ),
        operation(
            "broadcast_tensors(*tensors)",
            "Stretches tensors to their common shape.",
            "torch.broadcast_tensors(torch.zeros(3, 1), torch.ones(2))",
            forms="torch",
            bound=bounds.view,
        ),
        operation(
            "broadcast_shapes(*shapes)",
            "Says to which shape others broadcast.",
            "torch.broadcast_shapes((3, 1), (1, 4))",
            forms="torch",
            bound=bounds.free,
        ),
        repeat(
            "repeat(input, *repeats)",
            "Copies the whole tensor several times along each dimension.",
            VECTOR + "x.repeat(2, 2)",
            forms="method",
        ),
        repeat(
            "tile(input, dims)",
            "Copies the whole tensor several times, as NumPy's tile.",
            VECTOR + "torch.tile(x, (2, 2))",
            forms="torch",
        ),
        repeat(
            "tile(input, *dims)",
            "Copies the whole tensor several times, as NumPy's tile.",
            VECTOR + "x.tile(2)",
            forms="method",
        ),
        repeat(
            "repeat_interleave(input, repeats=None, dim=None, *, output_size=None)",
            "Repeats each element, the copies next to one another.",
            VECTOR + "torch.repeat_interleave(x, 2)",
            bound=bounds.repeat_interleave,
        ),
        view(
            "narrow(input, dim, start, length)",
            "Looks at a stretch of one dimension.",
            GRID + "x.narrow(1, 1, 2)",
        ),
        view(
            "select(input, dim, index)",
            "Looks at one place of a dimension, which goes away.",
            GRID + "x.select(1, 0)",
        ),
        view(
            "unfold(input, dimension, size, step)",
            "Slides a window along a dimension; windows may share elements.",
            "x = torch.arange(5)\nx.unfold(0, 3, 1)",
            forms="method",
        ),
        view(
            "diagonal(input, offset=0, dim1=0, dim2=1)",
            "Looks at a diagonal.",
            "x = torch.arange(9).reshape(3, 3)\nx.diagonal()",
        ),
        repeat(
            "diag(input, diagonal=0)",
            "Takes the diagonal of a matrix, or makes a matrix of a diagonal.",
            VECTOR + "torch.diag(x)",
        ),
        repeat(
            "diag_embed(input, offset=0, dim1=-2, dim2=-1)",
            "Makes each row the diagonal of a matrix.",
            GRID + "torch.diag_embed(x).shape",
        ),
        repeat(
            "diagflat(input, offset=0)",
            "Makes all elements the diagonal of a matrix.",
            VECTOR + "torch.diagflat(x)",
        ),
        copy(
            "flip(input, dims)",
            "Reverses the order along dimensions, as a copy.",
            GRID + "torch.flip(x, (0, 1))",
            forms="torch",
        ),
        copy(
            "flip(input, *dims)",
            "Reverses the order along dimensions, as a copy.",
            GRID + "x.flip(1)",
            forms="method",
        ),
        copy("fliplr(input)", "Reverses the order of the columns.", GRID + "torch.fliplr(x)"),
        copy("flipud(input)", "Reverses the order of the rows.", GRID + "torch.flipud(x)"),
        copy(
            "roll(input, shifts, dims=None)",
            "Shifts the elements around; what falls off one end comes in at the other.",
            "x = torch.arange(5)\nx.roll(2)",
            bound=bounds.copies(3),
        ),
        copy(
            "rot90(input, k=1, dims=(0, 1))",
            "Turns a matrix by quarter turns.",
            GRID + "torch.rot90(x)",
            bound=bounds.copies(2),
        ),
        copy(
            "tril(input, diagonal=0)",
            "Keeps what is on and below the diagonal, zeros elsewhere.",
            "torch.ones(3, 3).tril()",
            forms="torch method in-place",
        ),
        copy(
            "triu(input, diagonal=0)",
            "Keeps what is on and above the diagonal, zeros elsewhere.",
            "torch.ones(3, 3).triu()",
            forms="torch method in-place",
        ),
        copy(
            "contiguous(input)",
            "Copies the elements into the order of memory, unless they are in it.",
            GRID + "x.T.contiguous().stride()",
            forms="method",
        ),
        view(
            "atleast_1d(input, /)",
            "Makes a vector of a number.",
            "torch.atleast_1d(torch.ones(()))",
            forms="torch",
        ),
        view(
            "atleast_2d(input, /)",
            "Makes a matrix of a vector.",
            VECTOR + "torch.atleast_2d(x)",
            forms="torch",
        ),
        view(
            "atleast_3d(input, /)",
            "Adds dimensions until there are three.",
            GRID + "torch.atleast_3d(x).shape",
            forms="torch",
        ),
        view(
            "view_as_real(input)",
            "Looks at complex numbers as pairs of real ones.",
            "torch.view_as_real(torch.tensor([1 + 2j]))",
            forms="torch",
        ),
        view(
            "view_as_complex(input)",
            "Looks at pairs of real numbers as complex ones.",
            GRID + "torch.view_as_complex(x.T.contiguous())",
            forms="torch",
        ),
    ),
)
