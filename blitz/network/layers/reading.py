"""From a call of PyTorch to the layer that it is.

Every kind is read from the function that is called in the end, whether a module called it or a
`forward` did. A function that is not known here is a plain `Layer`.
"""

from collections.abc import Callable, Mapping, Sequence
from typing import Any

from torch import Tensor

from blitz.network.layers.convolution import Convolution, pair
from blitz.network.layers.elementwise import Addition, Elementwise, ReLU
from blitz.network.layers.layer import Layer
from blitz.network.layers.linear import Linear
from blitz.network.layers.normalisation import BatchNormalisation
from blitz.network.layers.pooling import AdaptivePooling, MaxPooling, MeanPooling
from blitz.network.layers.reshaping import Reshaping
from blitz.network.layers.softmax import Softmax


def read_layer(
    function: str, arguments: Sequence[Any], options: Mapping[str, Any], output: Tensor
) -> Layer:
    """The layer of a call.

    function: its name, such as "conv2d". arguments: as given, tensors with the values of the time
    of the call. Calls in forms that are not known here are plain layers, too.
    """
    name = function.removesuffix("_").strip("_")
    inputs = tuple(each for each in arguments if isinstance(each, Tensor))
    reader = _READERS.get(name)
    if reader is not None:
        try:
            return reader(output, *arguments, **options)
        except TypeError:  # arguments in another form than these readers take
            pass
    return Layer(inputs=inputs, output=output)


def _convolution(
    output: Tensor,
    input: Tensor,
    weight: Tensor,
    bias: Tensor | None = None,
    stride: int | Sequence[int] = 1,
    padding: int | str | Sequence[int] = 0,
    dilation: int | Sequence[int] = 1,
    groups: int = 1,
) -> Layer:
    dilations = pair(dilation)
    if isinstance(padding, str):
        # "same" puts the odd one behind, "valid" pads nothing.
        spread = [step * (size - 1) for step, size in zip(dilations, weight.shape[2:], strict=True)]
        padding = [0, 0] if padding == "valid" else [each // 2 for each in spread]
    return Convolution(
        inputs=(input,), output=output, kernels=weight, bias=bias, stride=pair(stride),
        padding=pair(padding), dilation=dilations, groups=groups,
    )  # fmt: skip


def _linear(output: Tensor, input: Tensor, weight: Tensor, bias: Tensor | None = None) -> Layer:
    return Linear(inputs=(input,), output=output, matrix=weight, bias=bias)


def _max_pooling(
    output: Tensor,
    input: Tensor,
    kernel_size: int | Sequence[int],
    stride: int | Sequence[int] | None = None,
    padding: int | Sequence[int] = 0,
    dilation: int | Sequence[int] = 1,
    ceil_mode: bool = False,
    return_indices: bool = False,
) -> Layer:
    if pair(dilation) != (1, 1) or ceil_mode or return_indices:
        return Layer(inputs=(input,), output=output)
    return MaxPooling(
        inputs=(input,), output=output, kernel=pair(kernel_size),
        stride=pair(stride or kernel_size), padding=pair(padding),
    )  # fmt: skip


def _mean_pooling(
    output: Tensor,
    input: Tensor,
    kernel_size: int | Sequence[int],
    stride: int | Sequence[int] | None = None,
    padding: int | Sequence[int] = 0,
    ceil_mode: bool = False,
    count_include_pad: bool = True,
    divisor_override: int | None = None,
) -> Layer:
    if ceil_mode or divisor_override is not None:
        return Layer(inputs=(input,), output=output)
    return MeanPooling(
        inputs=(input,), output=output, kernel=pair(kernel_size),
        stride=pair(stride or kernel_size), padding=pair(padding),
        counts_padding=count_include_pad,
    )  # fmt: skip


def _adaptive_pooling(output: Tensor, input: Tensor, output_size: object) -> Layer:
    return AdaptivePooling(
        inputs=(input,), output=output, kernel=(1, 1), stride=(1, 1), padding=(0, 0)
    )


def _relu(output: Tensor, input: Tensor, inplace: bool = False) -> Layer:
    return ReLU(inputs=(input,), output=output)


def _addition(output: Tensor, left: object, right: object, **options: object) -> Layer:
    inputs = tuple(each for each in (left, right) if isinstance(each, Tensor))
    if len(inputs) == 2 and not options and inputs[0].shape == inputs[1].shape:
        return Addition(inputs=inputs, output=output)
    return Layer(inputs=inputs, output=output)


def _batch_normalisation(
    output: Tensor,
    input: Tensor,
    running_mean: Tensor | None,
    running_var: Tensor | None,
    weight: Tensor | None = None,
    bias: Tensor | None = None,
    training: bool = False,
    momentum: float = 0.1,
    eps: float = 1e-5,
) -> Layer:
    return BatchNormalisation(
        inputs=(input,), output=output, gamma=weight, beta=bias, epsilon=eps,
        mean=None if training else running_mean, variance=None if training else running_var,
    )  # fmt: skip


def _reshaping(output: Tensor, input: Tensor, *shape: object, **options: object) -> Layer:
    return Reshaping(inputs=(input,), output=output)


def _softmax(output: Tensor, input: Tensor, dim: int | None = None, **options: object) -> Layer:
    kind = Softmax if dim in (-1, input.ndim - 1) else Elementwise
    return kind(inputs=(input,), output=output)


_READERS: Mapping[str, Callable[..., Layer]] = {
    "conv2d": _convolution,
    "linear": _linear,
    "max_pool2d": _max_pooling,
    "avg_pool2d": _mean_pooling,
    "adaptive_avg_pool2d": _adaptive_pooling,
    "relu": _relu,
    "add": _addition,
    "iadd": _addition,
    "batch_norm": _batch_normalisation,
    "flatten": _reshaping,
    "reshape": _reshaping,
    "view": _reshaping,
    "softmax": _softmax,
}
