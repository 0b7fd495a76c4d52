"""Which tensors and arrays look at the same memory, and where in it each begins."""

from collections.abc import Mapping
from dataclasses import dataclass

import numpy as np
import torch
from torch import Tensor

Array = Tensor | np.ndarray


@dataclass(frozen=True, kw_only=True, slots=True)
class Memory:
    """A piece of memory, and who looks at it."""

    names: tuple[str, ...]
    offsets: Mapping[str, int]
    """From the start of the memory to the first element of each, in its own elements."""
    num_bytes: int
    flat: Tensor
    """All of it, in the type of its first member; one axis."""


@dataclass(frozen=True, kw_only=True, slots=True)
class _Stretch:
    """The memory that a single tensor or array keeps alive."""

    name: str
    value: Array
    device: str
    start: int
    end: int
    first: int
    """Address of the element at index 0, 0, …"""


def memories(arrays: Mapping[str, Array]) -> list[Memory]:
    """The pieces of memory behind tensors and arrays, in the order of their first members."""
    order = {name: index for index, name in enumerate(arrays)}
    stretches = [_stretch(name, array) for name, array in arrays.items()]
    groups: list[list[_Stretch]] = []
    for stretch in sorted(stretches, key=lambda each: (each.device, each.start, -each.end)):
        last = groups[-1] if groups else []
        # An empty tensor has no memory that it could share.
        overlaps = (
            bool(last)
            and stretch.end > stretch.start
            and (
                last[0].device == stretch.device and stretch.start < max(each.end for each in last)
            )
        )
        if overlaps:
            last.append(stretch)
        else:
            groups.append([stretch])
    for group in groups:
        group.sort(key=lambda stretch: order[stretch.name])
    groups.sort(key=lambda group: order[group[0].name])
    return [_memory(group) for group in groups]


def strides_of(array: Array) -> tuple[int, ...]:
    """Strides in elements."""
    if isinstance(array, Tensor):
        return tuple(array.stride())
    return tuple(stride // array.itemsize for stride in array.strides)


def as_tensor(array: np.ndarray) -> Tensor:
    """An array's elements as a tensor; on the same memory where PyTorch can."""
    if not array.flags.writeable or any(stride < 0 for stride in array.strides):
        array = array.copy()
    return torch.from_numpy(array)


def _memory(group: list[_Stretch]) -> Memory:
    start, end = min(each.start for each in group), max(each.end for each in group)
    widest = max(group, key=lambda each: each.end - each.start)
    return Memory(
        names=tuple(each.name for each in group),
        offsets={each.name: (each.first - start) // each.value.itemsize for each in group},
        num_bytes=end - start,
        flat=_flat(widest.value, group[0].value),
    )


def _flat(owner: Array, first: Array) -> Tensor:
    """The memory of `owner` in the type of `first`."""
    flat = _flat_tensor(owner) if isinstance(owner, Tensor) else as_tensor(_root(owner).ravel("K"))
    dtype = first.dtype if isinstance(first, Tensor) else as_tensor(first[..., None]).dtype
    if flat.dtype != dtype and flat.numel() * flat.itemsize % dtype.itemsize == 0:
        flat = flat.view(dtype)
    return flat


def _flat_tensor(tensor: Tensor) -> Tensor:
    storage = tensor.untyped_storage()
    flat = torch.empty(0, dtype=tensor.dtype, device=tensor.device)
    return flat.set_(storage, 0, (storage.nbytes() // tensor.itemsize,), (1,))


def _stretch(name: str, value: Array) -> _Stretch:
    if isinstance(value, Tensor):
        storage = value.untyped_storage()
        start, size, first = storage.data_ptr(), storage.nbytes(), value.data_ptr()
        device = str(value.device)
    else:
        root = _root(value)
        first, device = value.__array_interface__["data"][0], "cpu"
        start, end = np.lib.array_utils.byte_bounds(root)
        size = end - start
    return _Stretch(
        name=name, value=value, device=device, start=start, end=start + size, first=first or start
    )


def _root(array: np.ndarray) -> np.ndarray:
    """The array that an array is a view of."""
    while isinstance(array.base, np.ndarray):
        array = array.base
    return array
