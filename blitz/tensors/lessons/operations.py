"""A taste of each family of operations."""

from blitz.tensors.lessons.lesson import Lesson

LESSON = Lesson(
    name="operations",
    title="A hundred operations and more",
    text=(
        "Transposing, indexing, slicing, mathematics, linear algebra, random sampling: one line "
        "each. The **catalogue of operations** below holds the others, by family and with an "
        "example each; search it for a word such as *sort* or *norm*. "
        "In the editor, write `x.` or `torch.` to be shown the names that may follow."
    ),
    program="""\
x = torch.arange(12.).reshape(3, 4)
transposed = x.T
corners = x[[0, 2]][:, [0, 3]]
every_second = x[:, ::2]
roots = x.sqrt()
lengths = torch.linalg.norm(x, dim=1)
shuffled = torch.randperm(12)
lengths
""",
)
