"""Where a tensor lives."""

from blitz.tensors.lessons.lesson import Lesson, Variant

LESSON = Lesson(
    name="devices",
    title="On an accelerator",
    text=(
        "The device chosen beside the editor is where tensors are made, and programs call it "
        "`device`; the first line asks for the processor, `cpu`, all the same. "
        "`.to(device)` gives the tensor on another device, and copies nothing where it already is "
        "there: with the device `cpu`, `moved` and `x` are one and the same storage. "
        "The operands of an operation must be on one device: with an accelerator chosen, try "
        "`x + moved`."
    ),
    program="""\
x = torch.ones(2, 3, device="cpu")
moved = x.to(device)
back = moved.to("cpu")
print(x.device, moved.device, back.device)
moved
""",
    variants=(
        Variant(
            title="CUDA asked for outright",
            program="""\
x = torch.ones(2, 3)
x.to("cuda")
""",
        ),
    ),
    without_accelerator=(
        "This machine has no accelerator that PyTorch can use: `device` is `cpu`, and everything "
        "stays there. The variant shows what PyTorch says when CUDA is asked for all the same."
    ),
)
