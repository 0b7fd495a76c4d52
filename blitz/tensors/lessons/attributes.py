"""What a tensor knows of itself."""

from blitz.tensors.lessons.lesson import Lesson

LESSON = Lesson(
    name="attributes",
    title="Attributes",
    text=(
        "**Shape**, **dtype** and **device** say what a tensor is. **Stride** and **offset** say "
        "where its elements lie: a step along axis 0 of `x` goes 4 elements on, along axis 1 one. "
        "`part` takes the lower rows and every second column without copying: it shares the "
        "storage of `x`, begins 4 elements in and takes steps of 2. "
        "Move over the storage strip to see each place in both, and try `x.T`."
    ),
    program="""\
x = torch.rand(3, 4)
print(x.shape, x.dtype, x.device)
print(x.stride(), x.storage_offset(), x.nbytes, x.requires_grad)
part = x[1:, ::2]
print(part.shape, part.stride(), part.storage_offset(), part.nbytes)
part
""",
)
