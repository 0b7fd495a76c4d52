"""Decompositions, inverses and norms: linear algebra beyond products."""

from functools import partial

from blitz.tensors.operations import bounds, matrix_bounds
from blitz.tensors.operations.examples import GRID, PAIR, SQUARE, SYSTEM, VECTOR
from blitz.tensors.operations.operation import Family, Picture, operation

function = partial(operation, forms="torch.linalg")
LU = matrix_bounds.decomposition(1)

LINEAR_ALGEBRA = Family(
    name="linear_algebra",
    title="Linear algebra",
    operations=(
        operation("det(input)", "The determinant.", SQUARE + "x.det()", bound=LU),
        operation(
            "logdet(input)",
            "The logarithm of the determinant.",
            SQUARE + "x.logdet()",
            bound=LU,
        ),
        operation(
            "slogdet(input)",
            "Sign and logarithm of the determinant.",
            SQUARE + "x.slogdet()",
            bound=LU,
        ),
        operation("inverse(input)", "The inverse matrix.", SQUARE + "x.inverse()", bound=LU),
        operation(
            "pinverse(input, rcond=1e-15)",
            "The pseudo-inverse, of matrices that are not square, too.",
            GRID + "x.pinverse()",
            bound=matrix_bounds.decomposition(20, reduced=True),
        ),
        operation(
            "matrix_power(input, n, /)",
            "A matrix times itself, n times.",
            SQUARE + "x.matrix_power(3)",
            forms="torch torch.linalg method",
            bound=matrix_bounds.matrix_power,
        ),
        operation(
            "matrix_exp(input)",
            "The exponential series of a matrix.",
            SQUARE + "x.matrix_exp()",
            bound=matrix_bounds.decomposition(20),
        ),
        function("det(A)", "The determinant.", SQUARE + "torch.linalg.det(x)", bound=LU),
        function(
            "slogdet(A)",
            "Sign and logarithm of the determinant.",
            SQUARE + "torch.linalg.slogdet(x)",
            bound=LU,
        ),
        function("inv(A)", "The inverse matrix.", SQUARE + "torch.linalg.inv(x)", bound=LU),
        function(
            "pinv(A, *, atol=None, rtol=None, hermitian=False)",
            "The pseudo-inverse, of matrices that are not square, too.",
            GRID + "torch.linalg.pinv(x)",
            bound=matrix_bounds.decomposition(20, reduced=True),
        ),
        function(
            "solve(A, B, *, left=True)",
            "Solves A x = B.",
            SYSTEM + "torch.linalg.solve(A, b)",
            bound=LU,
        ),
        function(
            "solve_triangular(A, B, *, upper, left=True, unitriangular=False)",
            "Solves A x = B where A is triangular.",
            SYSTEM + "torch.linalg.solve_triangular(A.triu(), b.unsqueeze(1), upper=True)",
            bound=LU,
        ),
        function(
            "lstsq(A, B, rcond=None, *, driver=None)",
            "Finds the x with the least squares of A x − B.",
            "A = torch.tensor([[1., 0.], [1., 1.], [1., 2.]])\n"
            "torch.linalg.lstsq(A, torch.tensor([[1.], [3.], [5.]])).solution",
            bound=matrix_bounds.decomposition(10, reduced=True),
        ),
        function(
            "cholesky(A, *, upper=False)",
            "The triangular L with L Lᵀ = A.",
            SQUARE + "torch.linalg.cholesky(x)",
            bound=LU,
        ),
        function(
            "qr(A, mode='reduced')",
            "An orthogonal Q and a triangular R with Q R = A.",
            SQUARE + "torch.linalg.qr(x)",
            bound=matrix_bounds.decomposition(4),
        ),
        function(
            "lu(A, *, pivot=True)",
            "A permutation, a lower and an upper triangle whose product is A.",
            SQUARE + "torch.linalg.lu(x)",
            bound=LU,
        ),
        function(
            "lu_factor(A, *, pivot=True)",
            "Both triangles in one matrix, and the pivots.",
            SQUARE + "torch.linalg.lu_factor(x)",
            bound=LU,
        ),
        function(
            "svd(A, full_matrices=True)",
            "Singular values, with the directions that they stretch.",
            SQUARE + "torch.linalg.svd(x).S",
            bound=matrix_bounds.decomposition(20),
        ),
        function(
            "svdvals(A)",
            "Singular values, largest first.",
            SQUARE + "torch.linalg.svdvals(x)",
            bound=matrix_bounds.decomposition(10, reduced=True),
        ),
        function(
            "eig(A)",
            "Eigenvalues and eigenvectors; complex, as they may be.",
            SQUARE + "torch.linalg.eig(x).eigenvalues",
            bound=matrix_bounds.decomposition(30),
        ),
        function(
            "eigvals(A)",
            "Eigenvalues; complex, as they may be.",
            SQUARE + "torch.linalg.eigvals(x)",
            bound=matrix_bounds.decomposition(20),
        ),
        function(
            "eigh(A, UPLO='L')",
            "Eigenvalues and eigenvectors of a symmetric matrix.",
            SQUARE + "torch.linalg.eigh(x).eigenvalues",
            bound=matrix_bounds.decomposition(5),
        ),
        function(
            "eigvalsh(A, UPLO='L')",
            "Eigenvalues of a symmetric matrix, smallest first.",
            SQUARE + "torch.linalg.eigvalsh(x)",
            bound=matrix_bounds.decomposition(5),
        ),
        function(
            "matrix_rank(A, *, atol=None, rtol=None, hermitian=False)",
            "How many rows do not follow from the others.",
            "torch.linalg.matrix_rank(torch.ones(3, 3))",
            bound=matrix_bounds.decomposition(20, reduced=True),
        ),
        function(
            "cond(A, p=None)",
            "How much errors can grow when a system is solved.",
            SQUARE + "torch.linalg.cond(x)",
            bound=matrix_bounds.decomposition(20),
        ),
        function(
            "matrix_norm(A, ord='fro', dim=(-2, -1), keepdim=False, *, dtype=None)",
            "The norm of matrices.",
            SQUARE + "torch.linalg.matrix_norm(x)",
            bound=matrix_bounds.norms("nuc", 2, -2),
        ),
        function(
            "vector_norm(x, ord=2, dim=None, keepdim=False, *, dtype=None)",
            "The norm of vectors.",
            VECTOR + "torch.linalg.vector_norm(x)",
            picture=Picture.REDUCTION,
            bound=bounds.copies(2),
        ),
        function(
            "norm(A, ord=None, dim=None, keepdim=False, *, dtype=None)",
            "The norm of a vector or of matrices.",
            VECTOR + "torch.linalg.norm(x)",
            bound=matrix_bounds.norms("nuc", 2, -2),
        ),
        function(
            "cross(input, other, *, dim=-1)",
            "The vector at right angles to two others.",
            "torch.linalg.cross(torch.tensor([1., 0., 0.]), torch.tensor([0., 1., 0.]))",
            bound=bounds.broadcast(4),
        ),
        function(
            "vecdot(x, y, *, dim=-1)",
            "Dot products along a dimension.",
            PAIR + "torch.linalg.vecdot(x, y)",
            bound=bounds.broadcast(4),
        ),
        function(
            "multi_dot(tensors)",
            "The product of several matrices, in the order that costs least.",
            GRID + "torch.linalg.multi_dot([x, x.T, x])",
        ),
        function(
            "diagonal(A, *, offset=0, dim1=-2, dim2=-1)",
            "Looks at the diagonals of matrices.",
            SQUARE + "torch.linalg.diagonal(x)",
            picture=Picture.MOVEMENT,
            bound=bounds.view,
        ),
    ),
)
