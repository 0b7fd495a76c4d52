"""Values in a form that goes from process to process, and back.

Tensors and arrays that share memory share it again on the other side. There they are on the CPU
and without a graph; a leaf keeps its gradient.
"""

from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass

import numpy as np
import torch
from torch import Tensor

from blitz.tensors.describe import is_array
from blitz.tensors.memory import Array, Memory, memories, strides_of

MOST_BYTES = 16 * 2**20
"""Of all memories together; what lies in those that are too many or too large stays behind."""


@dataclass(frozen=True, kw_only=True, slots=True)
class _Place:
    """A tensor or array as a place in a memory."""

    memory: int
    dtype: torch.dtype | np.dtype
    offset: int
    shape: tuple[int, ...]
    stride: tuple[int, ...]
    requires_grad: bool
    grad: object


@dataclass(frozen=True, kw_only=True, slots=True)
class Packed:
    """Values, and the bytes of the memories that they look at."""

    values: Mapping[str, object]
    memories: tuple[np.ndarray, ...]


def pack(values: Mapping[str, object], describe: Callable[[Array], object]) -> Packed:
    """Pack values by name; `describe` makes what stands for a tensor of too many bytes."""
    arrays = {str(id(array)): array for array in _arrays(values.values())}
    found = memories(arrays)
    owners = {key: index for index, memory in enumerate(found) for key in memory.names}
    taken = _taken(found)

    def packed(value: object) -> object:
        if is_array(value):
            index = owners[str(id(value))]
            if not taken[index]:
                return describe(value)
            return _place(value, index, found[index].offsets[str(id(value))], packed)
        return _mapped(value, packed)

    tree = {name: packed(value) for name, value in values.items()}
    nothing = np.empty(0, dtype=np.uint8)
    memory_bytes = [
        _bytes_of(memory) if is_taken else nothing
        for memory, is_taken in zip(found, taken, strict=True)
    ]
    return Packed(values=tree, memories=tuple(memory_bytes))


def unpack(packed: Packed) -> dict[str, object]:
    """The values again."""
    storages = [torch.from_numpy(memory).untyped_storage() for memory in packed.memories]

    def unpacked(value: object) -> object:
        if not isinstance(value, _Place):
            return _mapped(value, unpacked)
        if isinstance(value.dtype, torch.dtype):
            return _tensor(value, storages[value.memory], unpacked)
        return np.ndarray(
            value.shape,
            value.dtype,
            buffer=packed.memories[value.memory].data,
            offset=value.offset * value.dtype.itemsize,
            strides=[stride * value.dtype.itemsize for stride in value.stride],
        )

    return {name: unpacked(value) for name, value in packed.values.items()}


def _taken(found: list[Memory]) -> list[bool]:
    """Which memories come along: each that there is still room for."""
    room, taken = MOST_BYTES, []
    for memory in found:
        taken.append(memory.num_bytes <= room)
        room -= memory.num_bytes * taken[-1]
    return taken


def _place(array: Array, memory: int, offset: int, packed: Callable[[object], object]) -> _Place:
    is_leaf = isinstance(array, Tensor) and array.is_leaf and array.requires_grad
    return _Place(
        memory=memory,
        dtype=array.dtype,
        offset=offset,
        shape=tuple(array.shape),
        stride=strides_of(array),
        requires_grad=is_leaf,
        grad=packed(array.grad) if isinstance(array, Tensor) and is_leaf else None,
    )


def _tensor(
    place: _Place, storage: torch.UntypedStorage, unpacked: Callable[[object], object]
) -> Tensor:
    assert isinstance(place.dtype, torch.dtype)
    tensor = torch.empty(0, dtype=place.dtype)
    tensor.set_(storage, place.offset, place.shape, place.stride)
    grad = unpacked(place.grad)
    if place.requires_grad:
        tensor.requires_grad_()
        tensor.grad = grad if isinstance(grad, Tensor) else None
    return tensor


def _arrays(values: object) -> Iterator[Array]:
    """All tensors and arrays in lists and tuples, and the gradients of leaves."""
    for value in values:  # type: ignore[attr-defined]
        if is_array(value):
            yield value
            if isinstance(value, Tensor) and value.is_leaf and value.grad is not None:
                yield value.grad
        elif isinstance(value, list | tuple):
            yield from _arrays(value)


def _mapped(value: object, change: Callable[[object], object]) -> object:
    if isinstance(value, list):
        return [change(item) for item in value]
    # Of torch's named tuples and sizes plain tuples are left.
    return tuple(change(item) for item in value) if isinstance(value, tuple) else value


def _bytes_of(memory: Memory) -> np.ndarray:
    """uint8 [bytes]."""
    flat = memory.flat.detach().resolve_conj().resolve_neg().cpu()
    found: np.ndarray = flat.view(torch.uint8).numpy().copy()
    return found
