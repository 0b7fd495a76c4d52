"""Tensors in the shape and dtype of another one."""

from blitz.tensors.lessons.lesson import Lesson, Variant

LESSON = Lesson(
    name="like-another",
    title="Like another tensor",
    text=(
        "The functions ending in `_like` take over shape, dtype and device of a tensor, unless "
        "something else is asked for. `ones_like(x)` stays `int64`; for `rand_like` the line asks "
        "for floats, because random numbers between 0 and 1 have no place among integers. "
        "Take `dtype=torch.float` away, or choose the variant, to see that error."
    ),
    program="""\
x = torch.tensor([[1, 2], [3, 4]])
ones = torch.ones_like(x)
random = torch.rand_like(x, dtype=torch.float)
print(ones.dtype, random.dtype)
random
""",
    variants=(
        Variant(
            title="Without a dtype: the error",
            program="""\
x = torch.tensor([[1, 2], [3, 4]])
torch.rand_like(x)
""",
        ),
    ),
)
