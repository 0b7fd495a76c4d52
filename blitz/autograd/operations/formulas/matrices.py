"""Products of matrices, and linear algebra."""

from blitz.autograd.operations.formulas import Row

PRODUCT = "grad A = G · Bᵀ, grad B = Aᵀ · G"
PRODUCT_LATEX = r"\nabla A = G B^{\top},\quad \nabla B = A^{\top} G"
ATTENTION = (
    "with P = softmax(Q·Kᵀ/√d): grad V = Pᵀ · G, grad S = P · (G·Vᵀ − its row sums of P·(G·Vᵀ)), "
    "grad Q = grad S · K / √d, grad K = grad Sᵀ · Q / √d"
)
ATTENTION_LATEX = (
    r"\nabla V = P^{\top}G,\quad"
    r" \nabla S = P\odot(GV^{\top}-\operatorname{rowsum}(P\odot GV^{\top})),\quad"
    r" \nabla Q = \tfrac{1}{\sqrt d}\nabla S\,K,\quad"
    r" \nabla K = \tfrac{1}{\sqrt d}\nabla S^{\top}Q"
)

ROWS: tuple[Row, ...] = (
    ("Mm", "matrix product A · B", "self mat2", PRODUCT, PRODUCT_LATEX),
    ("Bmm", "matrix products in a batch", "self mat2", PRODUCT, PRODUCT_LATEX),
    ("Matmul", "matrix product", "self other", PRODUCT, PRODUCT_LATEX),
    ("GroupedMm", "matrix products in groups", "self mat2", PRODUCT, PRODUCT_LATEX),
    ("SparseSparseMatmul", "product of sparse matrices", "self other", PRODUCT, PRODUCT_LATEX),
    ("Addmm", "bias + A · B, a linear layer", "bias mat1 mat2",
     "grad bias = g (summed over repeated rows), grad A = G · Bᵀ, grad B = Aᵀ · G",
     r"\nabla b = G,\quad " + PRODUCT_LATEX),
    ("Addbmm", "bias + Σ A · B over a batch", "bias batch1 batch2", f"grad bias = g; {PRODUCT}",
     r"\nabla b = G,\quad " + PRODUCT_LATEX),
    ("Baddbmm", "bias + A · B in a batch", "bias batch1 batch2", f"grad bias = g; {PRODUCT}",
     r"\nabla b = G,\quad " + PRODUCT_LATEX),
    ("SparseAddmm", "bias + sparse A · B", "bias mat1 mat2", f"grad bias = g; {PRODUCT}",
     r"\nabla b = G,\quad " + PRODUCT_LATEX),
    ("Linear", "linear layer X · Wᵀ + b", "input weight bias",
     "grad X = G · W, grad W = Gᵀ · X, grad b = G summed over the batch",
     r"\nabla X = G W,\quad \nabla W = G^{\top}X,\quad \nabla b = \textstyle\sum_i G_i"),
    ("MkldnnLinear", "linear layer X · Wᵀ + b", "input weight bias",
     "grad X = G · W, grad W = Gᵀ · X, grad b = G summed over the batch",
     r"\nabla X = G W,\quad \nabla W = G^{\top}X,\quad \nabla b = \textstyle\sum_i G_i"),
    ("Mv", "matrix times vector A · v", "self vec", "grad A = g · vᵀ, grad v = Aᵀ · g",
     r"\nabla A = g\,v^{\top},\quad \nabla v = A^{\top}g"),
    ("Addmv", "bias + A · v", "bias mat vec", "grad bias = g, grad A = g · vᵀ, grad v = Aᵀ · g",
     r"\nabla b = g,\quad \nabla A = g\,v^{\top},\quad \nabla v = A^{\top}g"),
    ("Addr", "bias + u · vᵀ", "bias vec1 vec2", "grad bias = G, grad u = G · v, grad v = Gᵀ · u",
     r"\nabla b = G,\quad \nabla u = G v,\quad \nabla v = G^{\top}u"),
    ("Dot", "dot product of vectors", "self tensor", "grad a = g · b, grad b = g · a",
     r"\nabla a = g\,b,\quad \nabla b = g\,a"),
    ("Vdot", "dot product of complex vectors", "self other", "grad a = conj(g) · b, grad b = g · a",
     r"\nabla a = \bar g\,b,\quad \nabla b = g\,a"),
    ("Trilinear", "product of three tensors, summed (bilinear layer)", "i1 i2 i3",
     "the gradient of each is g times the two others, summed over what it does not have",
     r"\nabla a = \textstyle\sum g\,b\,c"),
    ("LinalgCross", "cross product a × b", "self other", "grad a = b × g, grad b = g × a",
     r"\nabla a = b\times g,\quad \nabla b = g\times a"),
    ("Cdist", "distances between two sets of points", "x1 x2",
     "grad a = Σ g · (a − b) / y, grad b = −Σ g · (a − b) / y (for p = 2)",
     r"\nabla a_i = \sum_j g_{ij}\frac{a_i-b_j}{y_{ij}}"),
    ("EuclideanDist", "distances between two sets of points", "x1 x2",
     "grad a = Σ g · (a − b) / y, grad b = −Σ g · (a − b) / y",
     r"\nabla a_i = \sum_j g_{ij}\frac{a_i-b_j}{y_{ij}}"),
    ("Pdist", "distances within a set of points", "self",
     "grad xᵢ = Σⱼ g · (xᵢ − xⱼ) / y (for p = 2)",
     r"\nabla x_i = \sum_j g_{ij}\frac{x_i-x_j}{y_{ij}}"),
    ("BlockDiag", "block diagonal matrix", "", "each block gets its own part of G",
     r"\nabla A_k = G_{kk}"),
    ("LinalgDet", "determinant", "A", "grad A = g · det(A) · A⁻ᵀ",
     r"\nabla A = g\,\det(A)\,A^{-\top}"),
    ("LinalgSlogdet", "logarithm of the determinant", "A", "grad A = g · A⁻ᵀ",
     r"\nabla A = g\,A^{-\top}"),
    ("LinalgInvEx", "inverse matrix", "A", "grad A = −Yᵀ · G · Yᵀ, with Y = A⁻¹",
     r"\nabla A = -A^{-\top}G\,A^{-\top}"),
    ("LinalgPinv", "pseudoinverse", "", "for invertible A: grad A = −Yᵀ · G · Yᵀ, with Y = A⁺",
     r"\nabla A = -Y^{\top}G\,Y^{\top}+\dots"),
    ("LinalgSolveEx", "solution X of A · X = B", "A B", "grad B = A⁻ᵀ · G, grad A = −grad B · Xᵀ",
     r"\nabla B = A^{-\top}G,\quad \nabla A = -\nabla B\,X^{\top}"),
    ("LinalgSolveTriangular", "solution of a triangular system", "self B",
     "grad B = A⁻ᵀ · G, grad A = the triangle of −grad B · Xᵀ",
     r"\nabla B = A^{-\top}G,\quad \nabla A = -\operatorname{tri}(\nabla B\,X^{\top})"),
    ("CholeskySolve", "solution with a Cholesky factor", "self input2",
     "grad B = A⁻¹ · G with A = L·Lᵀ; grad L = −(G′·Xᵀ + X·G′ᵀ) · L, G′ = grad B",
     r"\nabla B = A^{-1}G,\quad \nabla L = -(\nabla B X^{\top}+X\nabla B^{\top})L"),
    ("LinalgCholeskyEx", "Cholesky factor L of A = L · Lᵀ", "self",
     "grad A = sym(L⁻ᵀ · Φ(Lᵀ · G) · L⁻¹); Φ takes the lower triangle and halves the diagonal",
     r"\nabla A = \operatorname{sym}\left(L^{-\top}\Phi(L^{\top}G)L^{-1}\right)"),
    ("LinalgQr", "QR decomposition", "A",
     "grad A = (G_Q + Q · copyltu(R·G_Rᵀ − G_Qᵀ·Q)) · R⁻ᵀ; copyltu mirrors the lower triangle",
     r"\nabla A = \left(G_Q+Q\operatorname{copyltu}(R G_R^{\top}-G_Q^{\top}Q)\right)R^{-\top}"),
    ("LinalgEigh", "eigenvalues λ and -vectors V of a symmetric matrix", "A",
     "grad A = V · (diag(gλ) + (Vᵀ·G_V) / (λⱼ − λᵢ)) · Vᵀ; infinite where eigenvalues are equal",
     r"\nabla A = V\left(\operatorname{diag}(g_\lambda)+"
     r"\frac{V^{\top}G_V}{\lambda_j-\lambda_i}\right)V^{\top}"),
    ("LinalgEig", "eigenvalues and eigenvectors", "self",
     "grad A = V⁻ᴴ · (diag(gλ) + (Vᴴ·G_V − …) / conj(λⱼ − λᵢ)) · Vᴴ",
     r"\nabla A = V^{-H}\left(\operatorname{diag}(g_\lambda)+"
     r"\frac{V^H G_V-\dots}{\overline{\lambda_j-\lambda_i}}\right)V^H"),
    ("LinalgSvd", "singular values S and vectors U, V", "A",
     "from the values alone: grad A = U · diag(gₛ) · Vᵀ; vectors add terms in 1 / (sⱼ² − sᵢ²)",
     r"\nabla A = U\operatorname{diag}(g_s)V^{\top}+\dots"),
    ("LinalgMatrixExp", "matrix exponential", "self",
     "grad A: the upper right block of exp([[Aᵀ, G], [0, Aᵀ]])",
     r"\nabla A = \left[\exp\begin{pmatrix}A^{\top}&G\\0&A^{\top}\end{pmatrix}\right]_{12}"),
    ("FftC2C", "Fourier transform", "self", "grad x = the transform of g with the opposite sign",
     r"\nabla x = F^{H} g"),
    ("FftR2C", "Fourier transform of real numbers", "self",
     "grad x = real part of the transform of g with the opposite sign",
     r"\nabla x = \operatorname{Re}(F^{H}g)"),
    ("FftC2R", "inverse Fourier transform to real numbers", "self",
     "grad x = the transform of g, doubled for the frequencies that stand for two",
     r"\nabla x = F g"),
    *(
        (label, "attention softmax(Q·Kᵀ/√d) · V", "query key value", ATTENTION, ATTENTION_LATEX)
        for label in (
            "ScaledDotProductFlashAttentionForCpu", "ScaledDotProductFlashAttention",
            "ScaledDotProductEfficientAttention", "ScaledDotProductCudnnAttention",
            "ScaledDotProductFusedAttentionOverrideable",
        )
    ),
)  # fmt: skip
