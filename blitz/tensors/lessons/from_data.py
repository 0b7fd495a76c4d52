"""Tensors from Python's own numbers."""

from blitz.tensors.lessons.lesson import Lesson, Variant

LESSON = Lesson(
    name="from-data",
    title="From data",
    text=(
        "`torch.tensor` takes nested lists and finds the **dtype** from what is in them: whole "
        "numbers become `int64`. A single decimal point anywhere makes every element `float32`, "
        "and truth values make `bool`. Change one number of `data` to `2.5` and watch the dtype "
        "and the bytes of `x`; make one row longer than the other and read what PyTorch says."
    ),
    program="""\
data = [[1, 2], [3, 4]]
x = torch.tensor(data)
decimals = torch.tensor([[1., 2], [3, 4]])
truths = torch.tensor([True, False])
print(x.dtype, decimals.dtype, truths.dtype)
x
""",
    variants=(
        Variant(
            title="The dtype said outright",
            program="""\
data = [[1, 2], [3, 4]]
x = torch.tensor(data, dtype=torch.float16)
x
""",
        ),
        Variant(
            title="Rows of different lengths: the error",
            program="""\
x = torch.tensor([[1, 2], [3, 4, 5]])
""",
        ),
    ),
)
