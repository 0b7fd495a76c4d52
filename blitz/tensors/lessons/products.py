"""Two products that are easily taken for one another."""

from blitz.tensors.lessons.lesson import Lesson, Variant

LESSON = Lesson(
    name="products",
    title="Element-wise and matrix product",
    text=(
        "`*` multiplies elements at the same place: zeros and ones squared are what they were. "
        "`@` multiplies matrices: each row of `x` holds three ones, so every row with every "
        "column of `x.T` adds up to 3. "
        "`x.mul(x)` and `x.matmul(x.T)` are the same two in other words. "
        "Set `x[0] = 2` before the products and look at which elements change."
    ),
    program="""\
x = torch.ones(4, 4)
x[:, 1] = 0
elementwise = x * x
matrix = x @ x.T
matrix
""",
    variants=(
        Variant(
            title="Inner sizes that differ: the error",
            program="""\
torch.ones(2, 3) @ torch.ones(4, 5)
""",
        ),
    ),
)
