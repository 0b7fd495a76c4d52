"""Products of vectors and matrices, and what is made of them."""

from functools import partial

from blitz.tensors.operations import bounds, matrix_bounds
from blitz.tensors.operations.examples import GRID, PAIR, SQUARE
from blitz.tensors.operations.operation import Family, Picture, operation

product = partial(operation, picture=Picture.MATMUL)

MATRIX_PRODUCTS = Family(
    name="matrix_products",
    title="Matrix products",
    operations=(
        product(
            "matmul(input, other)",
            "Each row of the first with each column of the second; batches broadcast.",
            "x = torch.ones(4, 3)\ntorch.matmul(x, x.T)",
        ),
        product(
            "mm(input, mat2)",
            "The product of two matrices.",
            GRID + "x.mm(x.T)",
        ),
        product(
            "bmm(input, mat2)",
            "The products of two batches of matrices, pair by pair.",
            "torch.bmm(torch.ones(2, 3, 4), torch.ones(2, 4, 5)).shape",
        ),
        product(
            "mv(input, vec)",
            "The product of a matrix and a vector.",
            GRID + "x.mv(torch.tensor([1., 0., 1.]))",
        ),
        product(
            "dot(input, tensor)",
            "The sum of the products of two vectors' elements.",
            PAIR + "x.dot(y)",
        ),
        operation(
            "inner(input, other)",
            "Dot products over the last dimension.",
            PAIR + "x.inner(y)",
        ),
        operation(
            "outer(input, vec2)",
            "Each element of a vector times each of another.",
            PAIR + "x.outer(y)",
        ),
        operation("ger(input, vec2)", "Another name of outer.", PAIR + "x.ger(y)"),
        operation(
            "vdot(input, other)",
            "The dot product with the first vector conjugated.",
            PAIR + "x.vdot(y)",
        ),
        operation(
            "addmm(input, mat1, mat2, *, beta=1, alpha=1)",
            "Adds a product of matrices to a tensor: what a linear layer does.",
            GRID + "torch.addmm(torch.ones(2), x, x.T)",
            forms="torch method in-place",
        ),
        operation(
            "addmv(input, mat, vec, *, beta=1, alpha=1)",
            "Adds the product of a matrix and a vector.",
            GRID + "torch.addmv(torch.ones(2), x, torch.ones(3))",
            forms="torch method in-place",
        ),
        operation(
            "addr(input, vec1, vec2, *, beta=1, alpha=1)",
            "Adds the outer product of two vectors.",
            PAIR + "torch.addr(torch.zeros(3, 3), x, y)",
            forms="torch method in-place",
        ),
        operation(
            "addbmm(input, batch1, batch2, *, beta=1, alpha=1)",
            "Adds up the products of two batches of matrices.",
            "x = torch.ones(2, 3, 3)\ntorch.addbmm(torch.zeros(3, 3), x, x)",
            forms="torch method in-place",
        ),
        operation(
            "baddbmm(input, batch1, batch2, *, beta=1, alpha=1)",
            "Adds the products of two batches of matrices, pair by pair.",
            "x = torch.ones(2, 3, 3)\ntorch.baddbmm(x, x, x)",
            forms="torch method in-place",
        ),
        operation(
            "einsum(equation, /, *operands)",
            "Products and sums as letters say: a letter for each dimension.",
            GRID + "torch.einsum('ij,kj->ik', x, x)",
            forms="torch",
        ),
        operation(
            "tensordot(a, b, dims=2)",
            "Products summed over several dimensions at once.",
            GRID + "torch.tensordot(x, x, dims=2)",
            forms="torch",
        ),
        operation(
            "kron(input, other)",
            "A copy of the second matrix for each element of the first, times it.",
            "torch.kron(torch.eye(2), torch.ones(2, 2))",
        ),
        operation(
            "cross(input, other, dim=None)",
            "The vector at right angles to two others.",
            "torch.cross(torch.tensor([1., 0., 0.]), torch.tensor([0., 1., 0.]), dim=0)",
            bound=bounds.broadcast(4),
        ),
        operation(
            "trace(input)",
            "The sum of the diagonal.",
            SQUARE + "x.trace()",
            bound=bounds.no_larger,
        ),
        operation(
            "cdist(x1, x2, p=2.0)",
            "The distance of each row of one matrix to each row of another.",
            GRID + "torch.cdist(x, torch.zeros(1, 3))",
            forms="torch",
            bound=matrix_bounds.distances,
        ),
        operation(
            "cov(input, *, correction=1)",
            "How the rows of a matrix vary together.",
            SQUARE + "torch.cov(x)",
            bound=matrix_bounds.covariance,
        ),
        operation(
            "corrcoef(input)",
            "The correlations of the rows of a matrix.",
            SQUARE + "torch.corrcoef(x)",
            bound=matrix_bounds.covariance,
        ),
    ),
)
