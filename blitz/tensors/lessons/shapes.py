"""Tensors of a given shape."""

from blitz.tensors.lessons.lesson import Lesson, Variant

LESSON = Lesson(
    name="shapes",
    title="Random numbers and constants",
    text=(
        "A **shape** is a tuple with the length of each axis: `(2, 3)` is two rows of three. "
        "`rand` draws evenly between 0 and 1, and from the same seed always the same numbers: "
        "choose another seed beside the editor, then 0 again. "
        "Write `(2, 3, 4)` for the shape and count the elements."
    ),
    program="""\
shape = (2, 3)
random = torch.rand(shape)
ones = torch.ones(shape)
zeros = torch.zeros(shape)
random
""",
    variants=(
        Variant(
            title="The seed in the program",
            program="""\
torch.manual_seed(1)
first = torch.rand(2, 3)
torch.manual_seed(1)
again = torch.rand(2, 3)
first == again
""",
        ),
        Variant(
            title="Other ways to draw",
            program="""\
shape = (2, 3)
normal = torch.randn(shape)
digits = torch.randint(0, 10, shape)
order = torch.randperm(6).reshape(shape)
normal
""",
        ),
    ),
)
