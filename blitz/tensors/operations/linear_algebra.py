"""Products of matrices, and what torch.linalg makes of them."""

from functools import partial

from blitz.tensors.operations import bounds
from blitz.tensors.operations.examples import GRID, PAIR, SQUARE, SYSTEM, VECTOR
from blitz.tensors.operations.operation import Family, Picture, operation

product = partial(operation, picture=Picture.MATMUL)
function = partial(operation, forms="torch.linalg")
LU = bounds.decomposition(1)

LINEAR_ALGEBRA = Family(
    name="linear_algebra",
    title="Linear algebra",
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
            "einsum(equation, *operands)",
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
            bound=bounds.distances,
        ),
        operation(
            "cov(input, *, correction=1)",
            "How the rows of a matrix vary together.",
            SQUARE + "torch.cov(x)",
        ),
        operation(
            "corrcoef(input)",
            "The correlations of the rows of a matrix.",
            SQUARE + "torch.corrcoef(x)",
        ),
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
            bound=bounds.decomposition(20, reduced=True),
        ),
        operation(
            "matrix_power(input, n, /)",
            "A matrix times itself, n times.",
            SQUARE + "x.matrix_power(3)",
            forms="torch torch.linalg method",
            bound=bounds.matrix_power,
        ),
        operation(
            "matrix_exp(input)",
            "The exponential series of a matrix.",
            SQUARE + "x.matrix_exp()",
            bound=bounds.decomposition(20),
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
            bound=bounds.decomposition(20, reduced=True),
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
            bound=bounds.decomposition(10, reduced=True),
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
            bound=bounds.decomposition(4),
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
            bound=bounds.decomposition(20),
        ),
        function(
            "svdvals(A)",
            "Singular values, largest first.",
            SQUARE + "torch.linalg.svdvals(x)",
            bound=bounds.decomposition(10, reduced=True),
        ),
        function(
            "eig(A)",
            "Eigenvalues and eigenvectors; complex, as they may be.",
            SQUARE + "torch.linalg.eig(x).eigenvalues",
            bound=bounds.decomposition(30),
        ),
        function(
            "eigvals(A)",
            "Eigenvalues; complex, as they may be.",
            SQUARE + "torch.linalg.eigvals(x)",
            bound=bounds.decomposition(20),
        ),
        function(
            "eigh(A, UPLO='L')",
            "Eigenvalues and eigenvectors of a symmetric matrix.",
            SQUARE + "torch.linalg.eigh(x).eigenvalues",
            bound=bounds.decomposition(5),
        ),
        function(
            "eigvalsh(A, UPLO='L')",
            "Eigenvalues of a symmetric matrix, smallest first.",
            SQUARE + "torch.linalg.eigvalsh(x)",
            bound=bounds.decomposition(5),
        ),
        function(
            "matrix_rank(A, *, atol=None, rtol=None, hermitian=False)",
            "How many rows do not follow from the others.",
            "torch.linalg.matrix_rank(torch.ones(3, 3))",
            bound=bounds.decomposition(20, reduced=True),
        ),
        function(
            "cond(A, p=None)",
            "How much errors can grow when a system is solved.",
            SQUARE + "torch.linalg.cond(x)",
            bound=bounds.decomposition(20),
        ),
        function(
            "matrix_norm(A, ord='fro', dim=(-2, -1), keepdim=False, *, dtype=None)",
            "The norm of matrices.",
            SQUARE + "torch.linalg.matrix_norm(x)",
            bound=bounds.norms("nuc", 2, -2),
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
            bound=bounds.norms("nuc", 2, -2),
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
