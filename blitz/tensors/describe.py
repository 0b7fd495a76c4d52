"""Live values described: what each tensor is, what it holds, and who shares its memory.

Knows nothing about programs; makes the records of `summaries`.
"""

import reprlib
from collections.abc import Iterator, Mapping

import numpy as np
from torch import Tensor
from typing_extensions import TypeIs

from blitz.tensors.memory import Array, Memory, as_tensor, memories, strides_of
from blitz.tensors.statistics import statistics_of
from blitz.tensors.summaries import Storage, TensorSummary, Variable
from blitz.tensors.thinning import thinned

MOST_ELEMENTS = 8_000
"""Elements that are kept of all variables together, so that a page gets below 200 kB."""
MOST_IN_STORAGES = 4_000
"""And of all storages."""
MOST_OF_ONE = 1_024
MOST_OF_A_STORAGE = 192
MOST_PARTS = 8
"""Of a list or tuple that are described on their own."""
MOST_TEXT = 2_000


def describe(values: Mapping[str, object]) -> tuple[tuple[Variable, ...], tuple[Storage, ...]]:
    """Every value with its parts and gradients, and the storages behind them.

    Tensors of 10⁸ elements are read once or twice and thinned; what is kept is bounded in all.
    """
    named = dict(_with_parts(values))
    arrays = {name: value for name, value in named.items() if is_array(value)}
    found = memories(arrays)
    most = min(MOST_OF_ONE, MOST_ELEMENTS // max(len(arrays), 1))
    variables = tuple(
        Variable(
            name=name,
            summary=_summary(value, found, name, most) if is_array(value) else None,
            text=text_of(value),
            type_name=type(value).__name__,
        )
        for name, value in named.items()
    )
    most_of_a_storage = min(MOST_OF_A_STORAGE, MOST_IN_STORAGES // max(len(found), 1))
    storages = tuple(
        Storage(
            index=index,
            num_bytes=memory.num_bytes,
            itemsize=memory.flat.dtype.itemsize,
            variables=memory.names,
            elements=thinned(memory.flat, most_of_a_storage),
        )
        for index, memory in enumerate(found)
    )
    return variables, storages


def is_array(value: object) -> TypeIs[Array]:
    """Whether a value is a tensor or a NumPy array."""
    return isinstance(value, Tensor | np.ndarray)


def text_of(value: object) -> str:
    """A value as Python prints it, shortened."""
    if isinstance(value, str):
        text = value
    elif isinstance(value, list | tuple) and len(value) > MOST_TEXT // 3:
        text = reprlib.repr(value)
    else:
        text = repr(value)
    return text if len(text) <= MOST_TEXT else f"{text[:MOST_TEXT]} …"


def _with_parts(values: Mapping[str, object]) -> Iterator[tuple[str, object]]:
    """The values, the tensors in lists and tuples among them, and the gradients of leaves."""
    for name, value in values.items():
        yield name, value
        if isinstance(value, list | tuple) and any(is_array(part) for part in value):
            for index, part in enumerate(value[:MOST_PARTS]):
                yield f"{name or 'result'}[{index}]", part
        # Asked of any other tensor, `grad` warns.
        elif (
            isinstance(value, Tensor)
            and (value.is_leaf or value.retains_grad)
            and (value.grad is not None)
        ):
            yield f"{name or 'result'}.grad", value.grad


def _summary(value: Array, found: list[Memory], name: str, most: int) -> TensorSummary:
    index = next(index for index, memory in enumerate(found) if name in memory.names)
    offset = found[index].offsets[name]
    tensor = value if isinstance(value, Tensor) else as_tensor(value)
    counted = statistics_of(tensor)
    is_tensor = tensor is value
    return TensorSummary(
        kind="tensor" if is_tensor else "array",
        shape=tuple(value.shape),
        dtype=str(value.dtype),
        device=str(tensor.device),
        stride=strides_of(value),
        offset=offset,
        itemsize=value.itemsize,
        storage=index,
        is_contiguous=(
            value.is_contiguous() if isinstance(value, Tensor) else value.flags.c_contiguous
        ),
        requires_grad=tensor.requires_grad,
        is_leaf=is_tensor and tensor.is_leaf,
        grad_fn="" if tensor.grad_fn is None else tensor.grad_fn.name(),
        version=tensor._version if is_tensor else 0,
        values=thinned(tensor, most),
        statistics=counted.statistics,
        num_nan=counted.num_nan,
        num_positive_infinite=counted.num_positive_infinite,
        num_negative_infinite=counted.num_negative_infinite,
    )
