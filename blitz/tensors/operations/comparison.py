"""Comparing elements and tensors, logic, order."""

from functools import partial

from blitz.tensors.operations import bounds
from blitz.tensors.operations.examples import GAPS, GRID, MASKS, PAIR, SHUFFLED
from blitz.tensors.operations.operation import Family, Picture, operation

compare = partial(
    operation,
    forms="torch method in-place",
    picture=Picture.ELEMENTWISE,
    bound=bounds.elementwise,
)
order = partial(operation, bound=bounds.sorting)

CLOSE = "x = torch.tensor([0.1 + 0.2])\ny = torch.tensor([0.3])\n"
EDGES = "edges = torch.tensor([1., 3., 5.])\n"

COMPARISON = Family(
    name="comparison",
    title="Comparison, logic and order",
    operations=(
        compare("eq(input, other)", "True where both are equal.", PAIR + "x.eq(y)"),
        compare("ne(input, other)", "True where they differ.", PAIR + "x.ne(y)"),
        compare("lt(input, other)", "True where the first is less.", PAIR + "x.lt(y)"),
        compare("le(input, other)", "True where the first is not greater.", PAIR + "x.le(y)"),
        compare("gt(input, other)", "True where the first is greater.", PAIR + "x.gt(y)"),
        compare("ge(input, other)", "True where the first is not less.", PAIR + "x.ge(y)"),
        compare("not_equal(input, other)", "Another name of ne.", PAIR + "x.not_equal(y)"),
        compare("less(input, other)", "Another name of lt.", PAIR + "x.less(y)"),
        compare("less_equal(input, other)", "Another name of le.", PAIR + "x.less_equal(y)"),
        compare("greater(input, other)", "Another name of gt.", PAIR + "x.greater(y)"),
        compare("greater_equal(input, other)", "Another name of ge.", PAIR + "x.greater_equal(y)"),
        compare(
            "isclose(input, other, rtol=1e-05, atol=1e-08, equal_nan=False)",
            "True where the difference is small next to the numbers.",
            CLOSE + "x.isclose(y)",
            forms="torch method",
            bound=bounds.broadcast(16),
        ),
        operation(
            "allclose(input, other, rtol=1e-05, atol=1e-08, equal_nan=False)",
            "Whether all differences are small: one answer of Python's.",
            CLOSE + "torch.allclose(x, y)",
            bound=bounds.broadcast(16),
        ),
        operation(
            "equal(input, other)",
            "Whether two tensors have the same shape and elements: one answer of Python's.",
            PAIR + "torch.equal(x, x.clone())",
            bound=bounds.no_larger,
        ),
        compare(
            "isnan(input)",
            "True where there is no number.",
            GAPS + "x.isnan()",
            forms="torch method",
        ),
        compare(
            "isinf(input)",
            "True where there is an infinity.",
            GAPS + "x.isinf()",
            forms="torch method",
            bound=bounds.broadcast(2),
        ),
        compare(
            "isposinf(input)",
            "True where there is plus infinity.",
            GAPS + "x.isposinf()",
            forms="torch method",
        ),
        compare(
            "isneginf(input)",
            "True where there is minus infinity.",
            GAPS + "x.isneginf()",
            forms="torch method",
        ),
        compare(
            "isfinite(input)",
            "True where there is a number that is not infinite.",
            GAPS + "x.isfinite()",
            forms="torch method",
            bound=bounds.broadcast(3),
        ),
        compare(
            "isreal(input)",
            "True where the imaginary part is zero.",
            "torch.tensor([1 + 0j, 1j]).isreal()",
            forms="torch method",
            bound=bounds.broadcast(2),
        ),
        compare(
            "signbit(input)",
            "True where the sign is minus, also of minus zero.",
            "torch.tensor([-0., 0.]).signbit()",
            forms="torch method",
        ),
        compare(
            "isin(elements, test_elements, *, assume_unique=False, invert=False)",
            "True where an element is among those of another tensor.",
            PAIR + "torch.isin(x, torch.tensor([2., 5.]))",
            forms="torch",
            picture=Picture.NONE,
            bound=bounds.membership,
        ),
        compare(
            "maximum(input, other)",
            "The larger of two elements.",
            PAIR + "x.maximum(y)",
            forms="torch method",
        ),
        compare(
            "minimum(input, other)",
            "The smaller of two elements.",
            PAIR + "x.minimum(y)",
            forms="torch method",
        ),
        compare(
            "fmax(input, other)",
            "The larger of two elements, or the one that is a number.",
            GAPS + "x.fmax(torch.tensor(2.))",
            forms="torch method",
        ),
        compare(
            "fmin(input, other)",
            "The smaller of two elements, or the one that is a number.",
            GAPS + "x.fmin(torch.tensor(2.))",
            forms="torch method",
        ),
        compare("logical_and(input, other)", "True where both are.", MASKS + "x.logical_and(y)"),
        compare("logical_or(input, other)", "True where either is.", MASKS + "x.logical_or(y)"),
        compare("logical_xor(input, other)", "True where only one is.", MASKS + "x.logical_xor(y)"),
        compare("logical_not(input)", "True where it is false.", MASKS + "x.logical_not()"),
        order(
            "sort(input, dim=-1, descending=False, *, stable=None)",
            "Puts elements in order: their values, and where they were.",
            SHUFFLED + "torch.sort(x)",
        ),
        order(
            "argsort(input, dim=-1, descending=False, *, stable=None)",
            "Says where each element in order was.",
            SHUFFLED + "torch.argsort(x)",
        ),
        order(
            "msort(input)",
            "Sorts along the first dimension, values only.",
            SHUFFLED + "torch.msort(x)",
        ),
        order(
            "topk(input, k, dim=-1, largest=True, sorted=True)",
            "The k largest elements, and where they are.",
            SHUFFLED + "torch.topk(x, 2)",
        ),
        order(
            "kthvalue(input, k, dim=-1, keepdim=False)",
            "The k-th smallest element, and where it is.",
            SHUFFLED + "torch.kthvalue(x, 2)",
        ),
        order(
            "unique(input, sorted=True, return_inverse=False, return_counts=False, dim=None)",
            "Each element once.",
            "torch.unique(torch.tensor([3, 1, 3]), return_counts=True)",
        ),
        order(
            "unique_consecutive(input, return_inverse=False, return_counts=False, dim=None)",
            "Drops elements that repeat the one before.",
            "torch.unique_consecutive(torch.tensor([1, 1, 2, 1]))",
        ),
        operation(
            "searchsorted(sorted_sequence, input, *, out_int32=False, right=False)",
            "Says where elements belong in a sorted sequence.",
            EDGES + "torch.searchsorted(edges, torch.tensor([2., 6.]))",
            forms="torch",
            bound=bounds.copies(2),
        ),
        operation(
            "bucketize(input, boundaries, *, out_int32=False, right=False)",
            "Says between which boundaries each element lies.",
            EDGES + "torch.bucketize(torch.tensor([2., 6.]), edges)",
            forms="torch",
            bound=bounds.copies(2),
        ),
        operation(
            "is_nonzero(input)",
            "Whether the only element is not zero.",
            "torch.is_nonzero(torch.tensor([2.]))",
            bound=bounds.free,
        ),
        operation(
            "is_same_size(input, other)",
            "Whether two tensors have the same shape.",
            GRID + "x.is_same_size(x + 1)",
            forms="method",
            bound=bounds.free,
        ),
    ),
)
