"""Several tensors made into one."""

from blitz.tensors.lessons.lesson import Lesson, Variant

LESSON = Lesson(
    name="joining",
    title="cat and stack",
    text=(
        "`cat` puts tensors one after the other along an axis that they **have**: three of shape "
        "(4, 4) along `dim=1` make (4, 12). "
        "`stack` puts them along a **new** axis at that place: (4, 3, 4). "
        "Watch where the second column, which is 0, of each of the three comes to lie. "
        "Write `dim=0` in both lines: (12, 4) and (3, 4, 4)."
    ),
    program="""\
x = torch.ones(4, 4)
x[:, 1] = 0
longer = torch.cat([x, x, x], dim=1)
deeper = torch.stack([x, x, x], dim=1)
print(longer.shape, deeper.shape)
longer
""",
    variants=(
        Variant(
            title="Shapes that do not fit: the error",
            program="""\
torch.cat([torch.ones(4, 4), torch.ones(3, 4)], dim=1)
""",
        ),
    ),
)
