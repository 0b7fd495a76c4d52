"""What programs may read of a value, and the little that they may set."""

import operator
from collections.abc import Callable, Mapping
from types import MappingProxyType
from typing import Any

import numpy as np
import torch
from torch import Tensor

Getter = Callable[..., object]
Setter = Callable[[Tensor, object], None]

_RESULTS: Any = torch.return_types
NAMED_RESULTS: tuple[Any, ...] = (
    _RESULTS.aminmax,
    _RESULTS.cummax,
    _RESULTS.cummin,
    _RESULTS.frexp,
    _RESULTS.kthvalue,
    _RESULTS.linalg_eig,
    _RESULTS.linalg_eigh,
    _RESULTS.linalg_lstsq,
    _RESULTS.linalg_lu,
    _RESULTS.linalg_lu_factor,
    _RESULTS.linalg_qr,
    _RESULTS.linalg_slogdet,
    _RESULTS.linalg_svd,
    _RESULTS.max,
    _RESULTS.median,
    _RESULTS.min,
    _RESULTS.mode,
    _RESULTS.nanmedian,
    _RESULTS.slogdet,
    _RESULTS.sort,
    _RESULTS.topk,
)
"""Results of several tensors that have names."""


def node_name(tensor: Tensor) -> str | None:
    """What made the tensor: a name only, the graph is not to be walked."""
    return None if tensor.grad_fn is None else tensor.grad_fn.name()


def set_requires_grad(tensor: Tensor, requires_grad: object) -> None:
    """Asks autograd to follow the tensor, or to leave it."""
    if not isinstance(requires_grad, bool):
        raise TypeError(f"requires_grad is {requires_grad!r}; it is True or False")
    tensor.requires_grad = requires_grad


def set_grad(tensor: Tensor, grad: object) -> None:
    """Replaces the gradient, or drops it."""
    if not (grad is None or isinstance(grad, Tensor)):
        raise TypeError(f"grad is a {type(grad).__name__}; it is a tensor or None")
    tensor.grad = grad


def _plain(*names: str) -> dict[str, Getter]:
    return {name: operator.attrgetter(name) for name in names}


OF_TENSORS: Mapping[str, Getter] = {
    **_plain("shape", "dtype", "device", "ndim", "itemsize", "nbytes", "T", "mT", "H", "mH"),
    **_plain("real", "imag", "grad", "requires_grad", "is_leaf", "_version", "is_cuda"),
    "grad_fn": node_name,
    "data": Tensor.detach,
}
OF_ARRAYS: Mapping[str, Getter] = {
    **_plain("shape", "ndim", "size", "itemsize", "nbytes", "strides", "T"),
    "dtype": lambda array: str(array.dtype),
}
OF_DEVICES: Mapping[str, Getter] = _plain("type", "index")
OF_TYPES: Mapping[str, Getter] = _plain("itemsize", "is_floating_point", "is_complex", "is_signed")

SETTABLE: Mapping[str, Setter] = MappingProxyType(
    {"requires_grad": set_requires_grad, "grad": set_grad}
)
"""What may be set of a tensor."""


def _by_name() -> Mapping[str, Mapping[type, Getter]]:
    owners: dict[type, Mapping[str, Getter]] = {
        Tensor: OF_TENSORS,
        np.ndarray: OF_ARRAYS,
        torch.device: OF_DEVICES,
        torch.dtype: OF_TYPES,
        **{result: _plain(*result.__match_args__) for result in NAMED_RESULTS},
    }
    found: dict[str, dict[type, Getter]] = {}
    for owner, getters in owners.items():
        for name, getter in getters.items():
            found.setdefault(name, {})[owner] = getter
    return MappingProxyType(found)


ATTRIBUTES: Mapping[str, Mapping[type, Getter]] = _by_name()
"""Name of an attribute → type of the value → what reads it."""
