"""Tensors and arrays that are changed through one another."""

from blitz.tensors.lessons.lesson import Lesson, Variant

LESSON = Lesson(
    name="numpy-bridge",
    title="The NumPy bridge",
    text=(
        "Tensor and array look at one memory, whichever was first. "
        "`t.add_(1)` turns the ones in `n` into twos; `np.add(m, 1, out=m)` does the same for `u`. "
        "NumPy makes `float64` where nothing else is said, so `u` takes twice the bytes of `t`. "
        "Put `t = t + 1` in place of `t.add_(1)`: that makes a new tensor, and `n` keeps its ones."
    ),
    program="""\
t = torch.ones(5)
n = t.numpy()
t.add_(1)
print(n)

m = np.ones(5)
u = torch.from_numpy(m)
np.add(m, 1, out=m)
u
""",
    variants=(
        Variant(
            title="A tensor that requires grad: the error",
            program="""\
t = torch.ones(5, requires_grad=True)
t.numpy()
""",
        ),
    ),
)
