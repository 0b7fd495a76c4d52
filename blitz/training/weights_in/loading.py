"""Opens a .pth that `pth` found to be a state dict that fits: on the meta device, then really.

Runs in the limited process of `worker`.
"""

import io
from collections.abc import Mapping

import safetensors.torch
import torch
from torch import Tensor

from blitz.training.weights_in.policy import TensorForm, check_fit
from blitz.training.weights_in.pth import CheckedFile


def as_safetensors(checked: CheckedFile, expected: Mapping[str, TensorForm]) -> bytes:
    """The weights as a safetensors file, under the file's own names."""
    for device in ("meta", "cpu"):
        loaded = torch.load(io.BytesIO(checked.archive), map_location=device, weights_only=True)
        tensors: dict[str, Tensor] = loaded if checked.key is None else loaded[checked.key]
        given = {checked.names[name]: form_of(tensor) for name, tensor in tensors.items()}
        check_fit(expected, given)
    # Copies: tied weights share their memory, and a safetensors file keeps each by itself.
    return safetensors.torch.save(
        {
            name: tensor.clone(memory_format=torch.contiguous_format)
            for name, tensor in tensors.items()
        }
    )


def form_of(tensor: Tensor) -> TensorForm:
    """What is compared of a tensor."""
    dtype = str(tensor.dtype).removeprefix("torch.")
    return TensorForm(dtype=dtype, shape=tuple(tensor.shape))
