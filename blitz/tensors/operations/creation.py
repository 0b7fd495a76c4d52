"""Tensors from data, from constants, from ranges, and like other tensors."""

from functools import partial

from blitz.tensors.operations import bounds
from blitz.tensors.operations.examples import GRID, VECTOR
from blitz.tensors.operations.operation import Family, operation

function = partial(operation, forms="torch")
method = partial(operation, forms="method")

CREATION = Family(
    name="creation",
    title="Creating tensors",
    operations=(
        function(
            "tensor(data, *, dtype=None, device=None, requires_grad=False)",
            "Copies numbers or nested lists of them; the data type follows from the numbers.",
            "torch.tensor([[1, 2], [3, 4]])",
            bound=bounds.from_data,
        ),
        function(
            "as_tensor(data, dtype=None, device=None)",
            "Makes a tensor of data, without a copy where the data allow it.",
            "n = np.ones(3)\nt = torch.as_tensor(n)\nn[0] = 5\nt",
            bound=bounds.from_data,
        ),
        function(
            "asarray(obj, *, dtype=None, device=None, copy=None, requires_grad=False)",
            "Makes a tensor of data; copy says whether it may share their memory.",
            "torch.asarray([1., 2.], copy=True)",
            bound=bounds.from_data,
        ),
        function(
            "zeros(*size, dtype=None, device=None, requires_grad=False)",
            "Makes a tensor of a shape, full of zeros.",
            "torch.zeros(2, 3)",
        ),
        function(
            "ones(*size, dtype=None, device=None, requires_grad=False)",
            "Makes a tensor of a shape, full of ones.",
            "torch.ones(2, 3)",
        ),
        function(
            "full(size, fill_value, *, dtype=None, device=None, requires_grad=False)",
            "Makes a tensor of a shape, full of one number.",
            "torch.full((2, 3), 7.)",
        ),
        function(
            "arange(start=0, end=None, step=1, *, dtype=None, device=None, requires_grad=False)",
            "Counts from start in steps, end not included; one number alone is the end.",
            "torch.arange(0, 10, 2)",
        ),
        function(
            "linspace(start, end, steps, *, dtype=None, device=None, requires_grad=False)",
            "Places evenly spaced points between two numbers, both included.",
            "torch.linspace(0, 1, steps=5)",
        ),
        function(
            "logspace(start, end, steps, base=10.0, *, dtype=None, device=None, "
            "requires_grad=False)",
            "Places points whose exponents are evenly spaced.",
            "torch.logspace(0, 3, steps=4)",
        ),
        function(
            "eye(n, m=None, *, dtype=None, device=None, requires_grad=False)",
            "Makes a matrix with ones on its diagonal.",
            "torch.eye(3)",
        ),
        function(
            "zeros_like(input, *, dtype=None, device=None, requires_grad=False)",
            "Makes zeros in the shape and data type of another tensor.",
            GRID + "torch.zeros_like(x)",
            bound=bounds.no_larger,
        ),
        function(
            "ones_like(input, *, dtype=None, device=None, requires_grad=False)",
            "Makes ones in the shape and data type of another tensor.",
            "x = torch.tensor([[1, 2], [3, 4]])\ntorch.ones_like(x)",
            bound=bounds.no_larger,
        ),
        function(
            "full_like(input, fill_value, *, dtype=None, device=None, requires_grad=False)",
            "Fills the shape of another tensor with one number.",
            GRID + "torch.full_like(x, 7.)",
            bound=bounds.no_larger,
        ),
        method(
            "new_tensor(input, data, *, dtype=None, device=None, requires_grad=False)",
            "Copies data into a tensor of the same data type and device as this one.",
            VECTOR + "x.new_tensor([1, 2])",
            bound=bounds.from_data,
        ),
        method(
            "new_zeros(input, *size, dtype=None, device=None, requires_grad=False)",
            "Makes zeros of a shape, in the data type and on the device of this tensor.",
            VECTOR + "x.new_zeros(2, 2)",
        ),
        method(
            "new_ones(input, *size, dtype=None, device=None, requires_grad=False)",
            "Makes ones of a shape, in the data type and on the device of this tensor.",
            VECTOR + "x.new_ones((2, 2), dtype=torch.int64)",
        ),
        method(
            "new_full(input, size, fill_value, *, dtype=None, device=None, requires_grad=False)",
            "Fills a shape with one number, in the data type of this tensor.",
            VECTOR + "x.new_full((2, 2), 7)",
        ),
        function(
            "clone(input)",
            "Copies a tensor into memory of its own; autograd sees the copy.",
            VECTOR + "y = torch.clone(x)\ny[0] = 9\nx",
            forms="torch method",
            bound=bounds.no_larger,
        ),
        function(
            "complex(real, imag)",
            "Joins real and imaginary parts to complex numbers.",
            "torch.complex(torch.tensor([1., 2.]), torch.tensor([3., 4.]))",
            bound=bounds.broadcast(2),
        ),
        function(
            "polar(abs, angle)",
            "Makes complex numbers of lengths and angles.",
            "torch.polar(torch.ones(2), torch.tensor([0., torch.pi]))",
            bound=bounds.broadcast(2),
        ),
        function(
            "vander(x, N=None, increasing=False)",
            "Makes a matrix whose columns are powers of a vector.",
            VECTOR + "torch.vander(x, 3)",
        ),
        function(
            "tril_indices(row, col, offset=0, *, dtype=None, device=None)",
            "Lists the coordinates of a matrix on and below its diagonal.",
            "torch.tril_indices(3, 3)",
        ),
        function(
            "triu_indices(row, col, offset=0, *, dtype=None, device=None)",
            "Lists the coordinates of a matrix on and above its diagonal.",
            "torch.triu_indices(3, 3)",
        ),
    ),
)
