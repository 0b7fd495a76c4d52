"""What an operation was given, in a few words each."""

from numbers import Number

import numpy as np
import torch

LONGEST = 80
MOST_ITEMS = 4
DTYPES = {
    "Float": "float32",
    "Double": "float64",
    "Half": "float16",
    "BFloat16": "bfloat16",
    "Long": "int64",
    "Int": "int32",
    "Short": "int16",
    "Char": "int8",
    "Byte": "uint8",
    "Bool": "bool",
    "ComplexFloat": "complex64",
    "ComplexDouble": "complex128",
    "float": "float32",
    "double": "float64",
    "c10::Half": "float16",
    "c10::BFloat16": "bfloat16",
    "long int": "int64",
    "int": "int32",
    "short int": "int16",
    "signed char": "int8",
    "unsigned char": "uint8",
}
"""Names of C++ that messages use, as Python writes them."""

Array = torch.Tensor | np.ndarray


def describe(value: object) -> str:
    """A value in a few words: [3, 4] float32, [2] int64 cuda:0, 2.5."""
    if isinstance(value, list | tuple):
        items = [_item(item) for item in value[:MOST_ITEMS]]
        items += ["…"] if len(value) > MOST_ITEMS else []
        text = "[" + ", ".join(items) + "]"
    else:
        text = _item(value)
    return text if len(text) <= LONGEST else text[: LONGEST - 1] + "…"


def dtype_name(dtype: object) -> str:
    """torch.float32, float32 or Float: float32."""
    name = str(dtype).removeprefix("torch.").removesuffix("_t")
    return DTYPES.get(name, name)


def shape_of(value: Array) -> list[int]:
    return list(value.shape)


def _item(value: object) -> str:
    if isinstance(value, Array):
        device = "" if isinstance(value, np.ndarray) or value.device.type == "cpu" else value.device
        return f"{shape_of(value)} {dtype_name(value.dtype)} {device}".rstrip()
    if isinstance(value, slice):
        ends = (value.start, value.stop, value.step)[: 2 if value.step is None else 3]
        return ":".join("" if end is None else _item(end) for end in ends)
    if isinstance(value, list | tuple):
        return f"{type(value).__name__} of {len(value)}"
    if isinstance(value, int) and value.bit_length() > 64:
        return f"integer of {value.bit_length()} bits"
    if isinstance(value, np.generic):
        return str(value)
    if isinstance(value, torch.dtype | torch.device):
        return dtype_name(value)
    if value is ...:
        return "..."
    if isinstance(value, str | Number) or value is None:
        return repr(value)
    return type(value).__name__
