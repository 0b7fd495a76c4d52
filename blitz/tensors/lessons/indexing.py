"""Parts of a tensor, read and written."""

from blitz.tensors.lessons.lesson import Lesson, Variant

LESSON = Lesson(
    name="indexing",
    title="Indexing and slicing",
    text=(
        "Indices work as in NumPy: a number takes one place along an axis, a slice a range, and "
        "`...` stands for all axes that are left. "
        "An index on the left of `=` writes: `x[:, 1] = 0` empties the second column. "
        "The row and the two columns are views of the storage of `x`, and the zero that is written "
        "afterwards stands in `first_row`, too. "
        "Try `x[1:3, ::2] = 7`, and `x[x > 0]`, which takes a mask and copies."
    ),
    program="""\
x = torch.ones(4, 4)
first_row = x[0]
first_column = x[:, 0]
last_column = x[..., -1]
x[:, 1] = 0
x
""",
    variants=(
        Variant(
            title="Lists and masks",
            program="""\
x = torch.arange(16).reshape(4, 4)
rows = x[[0, 2]]
large = x[x > 9]
large
""",
        ),
    ),
)
