"""NumPy beside PyTorch: sharing memory both ways, and the functions that show it.

Arrays hold plain numbers here: no text, no objects, no records.
"""

from collections.abc import Callable
from functools import partial, wraps

import numpy as np
from torch import Tensor

from blitz.tensors.operations import array_bounds, bounds
from blitz.tensors.operations.examples import ARRAY, VECTOR
from blitz.tensors.operations.operation import Family, Picture, operation

PLAIN_TYPES = frozenset(np.dtype(code) for code in "?bhilqBHILQefdFD")
"""Truth values, whole numbers with and without a sign, floating point, complex numbers."""


def plain_type(dtype: object) -> np.dtype[np.generic]:
    """The data type of plain numbers that NumPy knows by this name or type."""
    is_name = isinstance(dtype, str) and dtype.isalnum()
    if not (is_name or isinstance(dtype, type | np.dtype)):
        raise TypeError(f"dtype is {dtype!r}; it is one of NumPy's, like np.float64")
    found: np.dtype[np.generic] = np.dtype(dtype)  # type: ignore[call-overload]
    if found not in PLAIN_TYPES:
        raise TypeError(f"dtype is {dtype!r}; it is one of numbers, like np.float64")
    return found


def check_numbers(*values: object) -> None:
    """Raises TypeError where something is found that is no number: it would make objects."""
    waiting, seen = list(values), set[int]()
    while waiting:
        value = waiting.pop()
        if isinstance(value, list | tuple):
            if id(value) not in seen:
                seen.add(id(value))
                waiting.extend(value)
        elif isinstance(value, int) and not -(2**63) <= value < 2**63:
            raise TypeError(f"{value} has more than the 64 bits of a number in an array")
        elif value is not None and not isinstance(
            value, int | float | complex | range | np.number | np.bool_ | np.ndarray | Tensor
        ):
            raise TypeError(f"{value!r} is a {type(value).__name__}; arrays hold numbers here")


def of_numbers(function: Callable[..., object]) -> Callable[..., object]:
    """The function for numbers only; its results hold numbers, too."""

    @wraps(function)
    def checked(*args: object, **kwargs: object) -> object:
        dtype = kwargs.pop("dtype", None)
        check_numbers(*args, *kwargs.values())
        if dtype is not None:
            kwargs["dtype"] = plain_type(dtype)
        return function(*args, **kwargs)

    return checked


def astype(array: np.ndarray, dtype: object) -> np.ndarray:
    """The array's numbers in another data type."""
    return array.astype(plain_type(dtype))


make = partial(operation, forms="np")
pointwise = partial(
    operation, forms="np", picture=Picture.ELEMENTWISE, bound=array_bounds.broadcast
)
fold = partial(operation, forms="np", bound=bounds.copies(2))
method = partial(operation, forms="ndarray", bound=bounds.copies(2))
view = partial(operation, forms="ndarray", bound=bounds.no_larger)
SUM = "Adds up all elements, or those along an axis."
MEAN = "The average of all elements, or of those along an axis."
SMALLEST = "The smallest element."
LARGEST = "The largest element."
SHAPE = "Gives the elements another shape, as a view where strides allow it."

NUMPY_BRIDGE = Family(
    name="numpy_bridge",
    title="NumPy",
    operations=(
        operation(
            "numpy(input, *, force=False)",
            "An array on the same memory.",
            "t = torch.ones(5)\nn = t.numpy()\nt.add_(1)\nn",
            forms="method",
            bound=bounds.no_larger,
        ),
        operation(
            "from_numpy(ndarray, /)",
            "A tensor on the memory of an array.",
            "n = np.ones(5)\nt = torch.from_numpy(n)\nnp.add(n, 1, out=n)\nt",
            forms="torch",
            bound=bounds.view,
        ),
        make(
            "array(object, *, dtype=None, copy=True)",
            "Copies numbers or nested lists of them.",
            "np.array([[1, 2], [3, 4]])",
            call=of_numbers(np.array),
            bound=bounds.from_data,
        ),
        make(
            "asarray(a, *, dtype=None)",
            "An array of data, without a copy where the data allow it.",
            "np.asarray([1., 2.])",
            call=of_numbers(np.asarray),
            bound=bounds.from_data,
        ),
        make(
            "ones(shape, *, dtype=None)",
            "Makes an array of a shape, full of ones.",
            "np.ones((2, 3))",
            call=of_numbers(np.ones),
            bound=array_bounds.shape,
        ),
        make(
            "zeros(shape, *, dtype=None)",
            "Makes an array of a shape, full of zeros.",
            "np.zeros(5)",
            call=of_numbers(np.zeros),
            bound=array_bounds.shape,
        ),
        make(
            "full(shape, fill_value, *, dtype=None)",
            "Makes an array of a shape, full of one number.",
            "np.full((2, 2), 7.)",
            call=of_numbers(np.full),
            bound=array_bounds.shape,
        ),
        make(
            "eye(N, M=None, *, dtype=float)",
            "Makes a matrix with ones on its diagonal.",
            "np.eye(3)",
            call=of_numbers(np.eye),
            bound=array_bounds.square,
        ),
        make(
            "arange(start, stop=None, step=1, *, dtype=None)",
            "Counts from start in steps, stop not included.",
            "np.arange(5)",
            call=of_numbers(np.arange),
            bound=array_bounds.count,
        ),
        make(
            "linspace(start, stop, num=50, *, dtype=None)",
            "Places evenly spaced points between two numbers, both included.",
            "np.linspace(0, 1, 5)",
            call=of_numbers(np.linspace),
            bound=array_bounds.points,
        ),
        *[
            pointwise(
                f"{function.__name__}(x1, x2, /, *, out=None)",
                f"{summary}; out is an array to write into.",
                f"n = np.ones(3)\nnp.{function.__name__}(n, 2, out=n)\nn",
                call=of_numbers(function),
            )
            for function, summary in (
                (np.add, "Adds"),
                (np.subtract, "Subtracts"),
                (np.multiply, "Multiplies element by element"),
                (np.divide, "Divides"),
                (np.power, "Raises to a power"),
                (np.maximum, "The larger of two elements"),
                (np.minimum, "The smaller of two elements"),
            )
        ],
        *[
            pointwise(
                f"{name}(x, /, *, out=None)",
                f"{summary}; out is an array to write into.",
                f"np.{name}(np.array([0.5, 1., 2.]))",
                call=of_numbers(function),
            )
            for name, function, summary in (
                ("exp", np.exp, "e to the power of each element"),
                ("log", np.log, "The natural logarithm"),
                ("sin", np.sin, "The sine of angles in radians"),
                ("cos", np.cos, "The cosine of angles in radians"),
                ("tanh", np.tanh, "The hyperbolic tangent"),
                ("sqrt", np.sqrt, "The square root"),
                ("abs", np.abs, "The distance of each element from zero"),
            )
        ],
        *[
            fold(
                f"{name}(a, axis=None)",
                summary,
                ARRAY + f"np.{name}(n)",
                call=of_numbers(function),
            )
            for name, function, summary in (
                ("sum", np.sum, SUM),
                ("mean", np.mean, MEAN),
                ("min", np.min, SMALLEST),
                ("max", np.max, LARGEST),
                ("prod", np.prod, "Multiplies all elements, or those along an axis."),
                ("std", np.std, "The standard deviation, dividing by n."),
                ("argmax", np.argmax, "Where the largest element is."),
                ("argmin", np.argmin, "Where the smallest element is."),
            )
        ],
        fold(
            "transpose(a, axes=None)",
            "Turns the order of the axes round.",
            ARRAY + "np.transpose(n)",
            call=of_numbers(np.transpose),
        ),
        fold(
            "reshape(a, shape)",
            SHAPE,
            ARRAY + "np.reshape(n, (3, 2))",
            call=of_numbers(np.reshape),
        ),
        fold(
            "concatenate(arrays, axis=0)",
            "Joins arrays along an axis that they have.",
            ARRAY + "np.concatenate([n, n])",
            call=of_numbers(np.concatenate),
        ),
        fold(
            "stack(arrays, axis=0)",
            "Lays arrays side by side along a new axis.",
            ARRAY + "np.stack([n, n]).shape",
            call=of_numbers(np.stack),
        ),
        make(
            "dot(a, b)",
            "Products of vectors and matrices.",
            ARRAY + "np.dot(n, n.T)",
            call=of_numbers(np.dot),
            bound=array_bounds.product,
        ),
        make(
            "matmul(x1, x2, /)",
            "Each row of the first with each column of the second.",
            ARRAY + "np.matmul(n, n.T)",
            call=of_numbers(np.matmul),
            bound=array_bounds.product,
        ),
        make(
            "allclose(a, b, rtol=1e-05, atol=1e-08, equal_nan=False)",
            "Whether all differences are small.",
            "np.allclose(np.array([0.1 + 0.2]), np.array([0.3]))",
            call=of_numbers(np.allclose),
            bound=array_bounds.broadcast,
        ),
        method("sum(array, axis=None)", SUM, ARRAY + "n.sum(axis=0)"),
        method("mean(array, axis=None)", MEAN, ARRAY + "n.mean()"),
        method("min(array, axis=None)", SMALLEST, ARRAY + "n.min()"),
        method("max(array, axis=None)", LARGEST, ARRAY + "n.max()"),
        method("copy(array)", "Copies into memory of its own.", ARRAY + "n.copy()"),
        method("fill(array, value)", "Writes one number everywhere.", ARRAY + "n.fill(7)\nn"),
        method(
            "astype(array, dtype)",
            "The numbers in another data type.",
            ARRAY + "n.astype(np.int64)",
            call=astype,
        ),
        view("reshape(array, *shape)", SHAPE, ARRAY + "n.reshape(3, 2)"),
        view("transpose(array, *axes)", "Changes the order of the axes.", ARRAY + "n.transpose()"),
        view("flatten(array)", "Copies all elements to one axis.", ARRAY + "n.flatten()"),
        view("squeeze(array)", "Drops axes of size one.", "np.ones((1, 3)).squeeze()"),
        method(
            "tolist(array)",
            "All elements, as nested lists of Python's numbers.",
            ARRAY + "n.tolist()",
            bound=bounds.numbers,
        ),
        method(
            "item(array)",
            "The only element, as a number of Python.",
            VECTOR + "x.sum().numpy().item()",
            bound=bounds.free,
        ),
    ),
)
