"""Operations that write into their operand."""

from blitz.tensors.lessons.lesson import Lesson, Variant

LESSON = Lesson(
    name="in-place",
    title="In-place operations",
    text=(
        "A name that ends in `_` writes into the tensor itself: after `add_(5)` there is no `x` "
        "with ones any more, and `same` is that very tensor. "
        "Each such write raises the **version** of `x`: once for the column, once for `add_`. "
        "Autograd compares versions: where backward needs a value that was overwritten since, "
        "it refuses, as the first variant shows. "
        "There, write `b = b + 5` instead."
    ),
    program="""\
x = torch.ones(4, 4)
x[:, 1] = 0
same = x.add_(5)
x
""",
    variants=(
        Variant(
            title="Overwritten before backward: the error",
            program="""\
a = torch.ones(3, requires_grad=True)
b = a.exp()
b.add_(5)
b.sum().backward()
""",
        ),
        Variant(
            title="A leaf that requires grad: the error",
            program="""\
a = torch.ones(3, requires_grad=True)
a.add_(5)
""",
        ),
        Variant(
            title="Allowed without recording",
            program="""\
a = torch.ones(3, requires_grad=True)
with torch.no_grad():
    a.add_(5)
a
""",
        ),
    ),
)
