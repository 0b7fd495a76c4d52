"""Tensors from NumPy arrays and back, without copying."""

from blitz.tensors.lessons.lesson import Lesson, Variant

LESSON = Lesson(
    name="from-numpy",
    title="From NumPy and back",
    text=(
        "`torch.from_numpy` copies nothing: the tensor looks at the array's own memory, and "
        "`.numpy()` hands that memory back. So the 100 that the third line writes into `n` stands "
        "in `x` and in `back`, too; all three are listed under one storage. "
        "The dtype comes along: NumPy's whole numbers are `int64`. "
        "Put `torch.tensor` in place of `torch.from_numpy`: that copies, and the 100 stays in `n`."
    ),
    program="""\
n = np.array([[1, 2], [3, 4]])
x = torch.from_numpy(n)
n[0, 0] = 100
back = x.numpy()
x
""",
    variants=(
        Variant(
            title="With a copy",
            program="""\
n = np.array([[1, 2], [3, 4]])
x = torch.tensor(n)
n[0, 0] = 100
x
""",
        ),
    ),
)
