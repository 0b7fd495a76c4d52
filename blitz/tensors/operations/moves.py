"""Other data types and devices, and what a tensor says of its memory."""

from functools import partial

import torch
from torch import Tensor

from blitz.tensors.operations import bounds
from blitz.tensors.operations.examples import GRID, VECTOR
from blitz.tensors.operations.operation import Family, Picture, operation


def type_of(input: Tensor, dtype: torch.dtype | None = None) -> str | Tensor:
    """The name of a tensor's type, or the tensor in another data type; no types by name."""
    if dtype is None:
        return input.type()
    if not isinstance(dtype, torch.dtype):
        raise TypeError(f"type: dtype is {dtype!r}; it is one like torch.float32")
    return input.to(dtype)


convert = partial(operation, forms="method", picture=Picture.ELEMENTWISE, bound=bounds.elementwise)
move = partial(operation, forms="method", bound=bounds.no_larger)
ask = partial(operation, forms="method", bound=bounds.free)

MOVES = Family(
    name="moves",
    title="Data types, devices and memory",
    operations=(
        convert(
            "to(input, *target, device=None, dtype=None, non_blocking=False, copy=False)",
            "Goes to another device or data type, or to those of another tensor.",
            VECTOR + "x.to(torch.int64)",
            bound=bounds.copies(2),
        ),
        move("cpu(input)", "Goes to the memory of the processor.", VECTOR + "x.cpu().device"),
        move(
            "cuda(input, device=None, non_blocking=False)",
            "Goes to the memory of a GPU.",
            VECTOR + "x.is_cuda",
        ),
        convert("float(input)", "As 32-bit floating point.", "torch.tensor([1, 2]).float()"),
        convert(
            "double(input)",
            "As 64-bit floating point.",
            VECTOR + "x.double()",
            bound=bounds.broadcast(2),
        ),
        convert("half(input)", "As 16-bit floating point.", VECTOR + "x.half()"),
        convert(
            "bfloat16(input)",
            "As 16 bits with the exponent of 32-bit floating point.",
            VECTOR + "x.bfloat16()",
        ),
        convert("byte(input)", "As whole numbers from 0 to 255.", VECTOR + "x.byte()"),
        convert("char(input)", "As whole numbers from −128 to 127.", VECTOR + "x.char()"),
        convert("short(input)", "As 16-bit whole numbers.", VECTOR + "x.short()"),
        convert("int(input)", "As 32-bit whole numbers.", VECTOR + "x.int()"),
        convert(
            "long(input)",
            "As 64-bit whole numbers.",
            VECTOR + "x.long()",
            bound=bounds.broadcast(2),
        ),
        convert("bool(input)", "True where an element is not zero.", VECTOR + "x.bool()"),
        convert(
            "cfloat(input)",
            "As complex numbers of two 32-bit parts.",
            VECTOR + "x.cfloat()",
            bound=bounds.broadcast(2),
        ),
        convert(
            "cdouble(input)",
            "As complex numbers of two 64-bit parts.",
            VECTOR + "x.cdouble()",
            bound=bounds.broadcast(4),
        ),
        convert(
            "type(input, dtype=None)",
            "The name of the tensor's type, or the tensor in another data type.",
            VECTOR + "x.type(torch.int64)",
            call=type_of,
            bound=bounds.broadcast(2),
        ),
        convert(
            "type_as(input, other)",
            "In the data type and on the device of another tensor.",
            VECTOR + "x.type_as(torch.tensor([1]))",
        ),
        operation(
            "device(type, index=None)",
            "Names a device, such as cpu or cuda:0.",
            "torch.device('cpu')",
            forms="torch",
            bound=bounds.free,
        ),
        operation(
            "is_available()",
            "Whether there is a GPU that CUDA can use.",
            "torch.cuda.is_available()",
            forms="torch.cuda",
            bound=bounds.free,
        ),
        operation(
            "device_count()",
            "How many GPUs CUDA can use.",
            "torch.cuda.device_count()",
            forms="torch.cuda",
            bound=bounds.free,
        ),
        operation(
            "is_available()",
            "Whether there is an accelerator of any kind.",
            "torch.accelerator.is_available()",
            forms="torch.accelerator",
            bound=bounds.free,
        ),
        operation(
            "current_accelerator(check_available=False)",
            "The accelerator that tensors would go to; None where there is none.",
            "torch.accelerator.current_accelerator()",
            forms="torch.accelerator",
            bound=bounds.free,
        ),
        operation(
            "device_count()",
            "How many accelerators there are.",
            "torch.accelerator.device_count()",
            forms="torch.accelerator",
            bound=bounds.free,
        ),
        ask("item(input)", "The only element, as a number of Python.", VECTOR + "x.sum().item()"),
        ask(
            "tolist(input)",
            "All elements, as nested lists of Python's numbers.",
            GRID + "x.tolist()",
            bound=bounds.numbers,
        ),
        ask(
            "numel(input, /)",
            "How many elements there are.",
            GRID + "torch.numel(x)",
            forms="torch method",
        ),
        ask("nelement(input)", "Another name of numel.", GRID + "x.nelement()"),
        ask("dim(input)", "How many dimensions there are.", GRID + "x.dim()"),
        ask("ndimension(input)", "Another name of dim.", GRID + "x.ndimension()"),
        ask("size(input, dim=None)", "The shape, or the size of a dimension.", GRID + "x.size()"),
        ask(
            "stride(input, dim=None)",
            "How many elements of memory lie from one place to the next, for each dimension.",
            GRID + "x.T.stride()",
        ),
        ask(
            "storage_offset(input)",
            "Where in its memory the tensor begins.",
            GRID + "x[1].storage_offset()",
        ),
        ask(
            "is_contiguous(input)",
            "Whether the elements lie in memory in their order.",
            GRID + "x.T.is_contiguous()",
        ),
        ask("element_size(input)", "Bytes of one element.", GRID + "x.element_size()"),
        ask("get_device(input)", "The number of the GPU; −1 for the CPU.", GRID + "x.get_device()"),
        ask(
            "is_floating_point(input)",
            "Whether the data type has fractions.",
            GRID + "x.is_floating_point()",
            forms="torch method",
        ),
        ask(
            "is_complex(input)",
            "Whether the data type is complex.",
            GRID + "x.is_complex()",
            forms="torch method",
        ),
        ask(
            "is_tensor(obj)",
            "Whether something is a tensor.",
            GRID + "torch.is_tensor(x)",
            forms="torch",
        ),
        ask(
            "is_signed(input)",
            "Whether the data type has negative numbers.",
            GRID + "x.is_signed()",
        ),
        ask(
            "result_type(tensor1, tensor2, /)",
            "The data type that arithmetic between two operands has.",
            "torch.result_type(torch.tensor([1, 2]), 1.0)",
            forms="torch",
        ),
        ask(
            "promote_types(type1, type2)",
            "The smallest data type that holds two others.",
            "torch.promote_types(torch.int32, torch.float32)",
            forms="torch",
        ),
        ask(
            "can_cast(from_, to)",
            "Whether numbers of a data type may be written to another.",
            "torch.can_cast(torch.float, torch.int)",
            forms="torch",
        ),
    ),
)
