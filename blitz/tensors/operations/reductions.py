"""Folding all elements, or those along dimensions, to one; running totals."""

from functools import partial

from blitz.tensors.operations import bounds, matrix_bounds
from blitz.tensors.operations.examples import GAPS, GRID, MASKS, SHUFFLED, VECTOR
from blitz.tensors.operations.operation import Family, Picture, operation

reduction = partial(operation, picture=Picture.REDUCTION, bound=bounds.folding())
running = partial(operation, bound=bounds.folding(1))

COUNTS = "x = torch.tensor([1, 1, 4])\n"

REDUCTIONS = Family(
    name="reductions",
    title="Reductions",
    operations=(
        reduction(
            "sum(input, dim=None, keepdim=False, *, dtype=None)",
            "Adds up all elements, or those along dimensions.",
            GRID + "x.sum(dim=1)",
        ),
        reduction(
            "nansum(input, dim=None, keepdim=False, *, dtype=None)",
            "Adds up, taking what is not a number as zero.",
            "torch.tensor([1., torch.nan]).nansum()",
            bound=bounds.folding(2),
        ),
        reduction(
            "mean(input, dim=None, keepdim=False, *, dtype=None)",
            "The average of all elements, or of those along dimensions.",
            GRID + "x.mean(dim=0)",
            bound=bounds.folding(1),
        ),
        reduction(
            "nanmean(input, dim=None, keepdim=False, *, dtype=None)",
            "The average of those elements that are numbers.",
            "torch.tensor([1., torch.nan, 3.]).nanmean()",
            bound=bounds.folding(5),
        ),
        reduction(
            "prod(input, dim=None, keepdim=False, *, dtype=None)",
            "Multiplies all elements, or those along a dimension.",
            VECTOR + "x.prod()",
        ),
        reduction(
            "max(input, dim=None, keepdim=False)",
            "The largest element; along a dimension also where it is.",
            SHUFFLED + "x.max()",
        ),
        reduction(
            "min(input, dim=None, keepdim=False)",
            "The smallest element; along a dimension also where it is.",
            SHUFFLED + "x.min()",
        ),
        reduction(
            "amax(input, dim=(), keepdim=False)",
            "The largest element along dimensions.",
            GRID + "x.amax(dim=1)",
        ),
        reduction(
            "amin(input, dim=(), keepdim=False)",
            "The smallest element along dimensions.",
            GRID + "x.amin(dim=1)",
        ),
        reduction(
            "aminmax(input, *, dim=None, keepdim=False)",
            "The smallest and the largest element.",
            GRID + "torch.aminmax(x)",
        ),
        reduction(
            "argmax(input, dim=None, keepdim=False)",
            "Where the largest element is.",
            SHUFFLED + "x.argmax()",
        ),
        reduction(
            "argmin(input, dim=None, keepdim=False)",
            "Where the smallest element is.",
            SHUFFLED + "x.argmin()",
        ),
        reduction(
            "median(input, dim=None, keepdim=False)",
            "The middle element, the lower one of two.",
            SHUFFLED + "x.median()",
            bound=bounds.sorting,
        ),
        reduction(
            "nanmedian(input, dim=None, keepdim=False)",
            "The middle of those elements that are numbers.",
            GAPS + "x.nanmedian()",
            bound=bounds.sorting,
        ),
        reduction(
            "mode(input, dim=-1, keepdim=False)",
            "The commonest element along a dimension, and where it is.",
            COUNTS + "x.mode()",
            bound=bounds.sorting,
        ),
        operation(
            "quantile(input, q, dim=None, keepdim=False, *, interpolation='linear')",
            "The number below which a share of the elements lies.",
            VECTOR + "x.quantile(0.25)",
            bound=bounds.quantiles,
        ),
        operation(
            "nanquantile(input, q, dim=None, keepdim=False, *, interpolation='linear')",
            "quantile of those elements that are numbers.",
            "torch.tensor([1., torch.nan, 3.]).nanquantile(0.5)",
            bound=bounds.quantiles,
        ),
        reduction(
            "std(input, dim=None, *, correction=1, keepdim=False)",
            "The standard deviation; correction=0 divides by n instead of n − 1.",
            VECTOR + "x.std(correction=0)",
        ),
        reduction(
            "var(input, dim=None, *, correction=1, keepdim=False)",
            "The variance; correction=0 divides by n instead of n − 1.",
            VECTOR + "x.var()",
        ),
        operation(
            "std_mean(input, dim=None, *, correction=1, keepdim=False)",
            "Standard deviation and mean at once.",
            VECTOR + "torch.std_mean(x)",
            forms="torch",
            bound=bounds.folding(1),
        ),
        operation(
            "var_mean(input, dim=None, *, correction=1, keepdim=False)",
            "Variance and mean at once.",
            VECTOR + "torch.var_mean(x)",
            forms="torch",
            bound=bounds.folding(1),
        ),
        reduction(
            "all(input, dim=None, keepdim=False)",
            "Whether all elements are true.",
            MASKS + "x.all()",
        ),
        reduction(
            "any(input, dim=None, keepdim=False)",
            "Whether any element is true.",
            MASKS + "x.any()",
        ),
        reduction(
            "logsumexp(input, dim, keepdim=False)",
            "The logarithm of a sum of exponentials, without overflow.",
            VECTOR + "x.logsumexp(dim=0)",
            bound=bounds.folding(7),
        ),
        reduction(
            "norm(input, p='fro', dim=None, keepdim=False, dtype=None)",
            "The length: the p-th root of the sum of p-th powers.",
            "torch.norm(torch.tensor([3., 4.]))",
            bound=matrix_bounds.norms("nuc"),
        ),
        reduction(
            "dist(input, other, p=2)",
            "The length of the difference of two tensors.",
            VECTOR + "x.dist(torch.zeros(3))",
            bound=bounds.broadcast(2),
        ),
        reduction(
            "count_nonzero(input, dim=None)",
            "How many elements are not zero.",
            GRID + "x.count_nonzero()",
            bound=bounds.folding(1),
        ),
        operation(
            "bincount(input, weights=None, minlength=0)",
            "Counts how often each number from 0 up occurs.",
            COUNTS + "x.bincount()",
            bound=bounds.bincount,
        ),
        operation(
            "histc(input, bins=100, min=0, max=0)",
            "Counts how many elements fall between evenly spaced limits.",
            VECTOR + "x.histc(bins=4, min=0., max=4.)",
            bound=bounds.histogram,
        ),
        running(
            "cumsum(input, dim, *, dtype=None)",
            "Running sums along a dimension.",
            VECTOR + "x.cumsum(dim=0)",
            forms="torch method in-place",
        ),
        running(
            "cumprod(input, dim, *, dtype=None)",
            "Running products along a dimension.",
            VECTOR + "x.cumprod(dim=0)",
            forms="torch method in-place",
        ),
        running(
            "cummax(input, dim)",
            "The largest element so far along a dimension, and where it was.",
            SHUFFLED + "torch.cummax(x, dim=0)",
        ),
        running(
            "cummin(input, dim)",
            "The smallest element so far along a dimension, and where it was.",
            SHUFFLED + "torch.cummin(x, dim=0)",
        ),
        running(
            "logcumsumexp(input, dim)",
            "Running logsumexp along a dimension.",
            VECTOR + "x.logcumsumexp(dim=0)",
        ),
        operation(
            "diff(input, n=1, dim=-1, prepend=None, append=None)",
            "Differences between neighbours, n times over.",
            "torch.diff(torch.tensor([1, 4, 9]))",
            bound=bounds.differences,
        ),
        running(
            "trapezoid(y, x=None, *, dx=1, dim=-1)",
            "The area under points, by trapezoids.",
            VECTOR + "torch.trapezoid(x)",
            forms="torch",
            bound=bounds.copies(8),
        ),
        running(
            "renorm(input, p, dim, maxnorm)",
            "Shrinks slices whose norm is too large.",
            GRID + "x.renorm(2, 0, 1.)",
            forms="torch method in-place",
            bound=bounds.copies(4),
        ),
    ),
)
