"""A network's layers for many members at once, in the form that a processor computes fastest.

`vmap` would batch these layers by itself; that is right, but on a processor slow in three places.
A grouped convolution goes group by group; here all members' kernels are a few batched products.
Pooling reads one number at a time unless the channels lie last; here all members' channels do. And
a linear layer's weight gradient comes out transposed and is copied; here it comes out as it lies.
Together that is half the time of a step of small networks.

The results are PyTorch's own up to rounding. An accelerator, where the number of calls counts and
not their form, is left to `vmap` and its library.
"""

from collections.abc import Callable, Mapping, Sequence
from typing import Any

import torch
import torch.nn.functional as F
from torch import Tensor
from torch.autograd import Function
from torch.overrides import TorchFunctionMode


class FastLayers(TorchFunctionMode):
    """While active, layers inside a `vmap` over members are computed in the forms below."""

    def __torch_function__(
        self,
        func: Callable[..., Any],
        types: Sequence[type],
        args: Sequence[Any] = (),
        kwargs: Mapping[str, Any] | None = None,
    ) -> Any:
        return _FORMS.get(func, func)(*args, **kwargs or {})


def linear(images: Tensor, weight: Tensor, bias: Tensor) -> Tensor:
    """As `F.linear`: [batch, inputs], [outputs, inputs], [outputs] → [batch, outputs]."""
    # The weight as the left factor: its gradient is then a product that needs no transposing.
    return (weight @ images.mT).mT + bias


def convolution(
    images: Tensor,
    weight: Tensor,
    bias: Tensor,
    stride: Sequence[int] = (1, 1),
    padding: Sequence[int] = (0, 0),
    dilation: Sequence[int] = (1, 1),
    groups: int = 1,
) -> Tensor:
    """As `F.conv2d`; members' own images only with stride 1 and without padding."""
    is_plain = (*stride, *padding, *dilation, groups) == (1, 1, 0, 0, 1, 1, 1)
    if not is_plain:
        return F.conv2d(images, weight, bias, stride, padding, dilation, groups)
    output: Tensor = _Convolution.apply(images, weight)
    return output + bias[:, None, None]


def max_pool(images: Tensor, size: int, **options: Any) -> Tensor:
    """As `F.max_pool2d`."""
    pooled: Tensor = _MaxPool.apply(images, size, options)
    return pooled


_FORMS: dict[Callable[..., Any], Callable[..., Any]] = {
    F.linear: linear,
    torch.conv2d: convolution,
    F.max_pool2d: max_pool,
}


class _Convolution(Function):
    """One member's convolution; batched over members it is one of two other things."""

    generate_vmap_rule = False

    @staticmethod
    def forward(images: Tensor, weight: Tensor) -> Tensor:
        return F.conv2d(images, weight)

    @staticmethod
    def setup_context(ctx: Any, inputs: Any, output: Any) -> None:
        pass

    @staticmethod
    def vmap(
        info: Any, in_dims: tuple[int | None, ...], images: Tensor, weight: Tensor
    ) -> tuple[Tensor, int]:
        if in_dims[0] is None:
            # All members look at the same images: one convolution with all their kernels.
            members = weight.shape[0]
            output = F.conv2d(
                images.contiguous(memory_format=torch.channels_last),
                weight.flatten(0, 1).contiguous(memory_format=torch.channels_last),
            )  # [batch, members · channels, H, W]
            return output.unflatten(1, (members, -1)), 1
        output, _ = _StackedConvolution.apply(images.movedim(in_dims[0], 0), weight)
        return output, 0


class _StackedConvolution(Function):
    """Each member's convolution of its own images, as one batched product for each kernel row.

    The images are unfolded along their rows only, a fifth of the memory of a full unfolding for
    kernels of 5×5. With the image rows outermost, the pixels that a kernel row meets are one block.
    """

    @staticmethod
    def forward(images: Tensor, weight: Tensor) -> tuple[Tensor, Tensor]:
        members, batch, channels, height, width = images.shape
        side = weight.shape[-1]
        out_height, out_width = height - side + 1, width - side + 1
        unfolded = images.unfold(4, side, 1).permute(0, 2, 5, 3, 1, 4)
        # [members, channels · side, height · batch · out_width]
        columns = unfolded.reshape(members, channels * side, -1)
        output = torch.bmm(_row(weight, 0), _met(columns, 0, height, out_height))
        for row in range(1, side):
            output.baddbmm_(_row(weight, row), _met(columns, row, height, out_height))
        shape = (members, weight.shape[1], out_height, batch, out_width)
        return output.view(shape).permute(0, 3, 1, 2, 4), columns

    @staticmethod
    def setup_context(ctx: Any, inputs: tuple[Tensor, Tensor], output: tuple[Tensor, Any]) -> None:
        images, weight = inputs
        ctx.mark_non_differentiable(output[1])
        ctx.set_materialize_grads(False)
        ctx.save_for_backward(weight, output[1])
        ctx.image_shape = images.shape

    @staticmethod
    def backward(ctx: Any, gradient: Tensor, _: Any) -> tuple[Tensor, Tensor]:
        weight, columns = ctx.saved_tensors
        members, batch, channels, height, width = ctx.image_shape
        side = weight.shape[-1]
        out_height, out_width = gradient.shape[3:]
        # [members, out_channels, out_height · batch · out_width]
        gradient = gradient.permute(0, 2, 3, 1, 4).reshape(members, weight.shape[1], -1)
        of_weight = torch.empty_like(weight)
        of_columns = torch.zeros_like(columns)
        for row in range(side):
            met = _met(columns, row, height, out_height)
            product = torch.bmm(gradient, met.mT)  # [members, out_channels, channels · side]
            of_weight[:, :, :, row] = product.unflatten(2, (channels, side))
            _met(of_columns, row, height, out_height).baddbmm_(_row(weight, row).mT, gradient)
        parts = of_columns.view(members, channels, side, height, batch, out_width)
        of_images = parts.new_zeros(members, channels, height, batch, width)
        for column in range(side):
            of_images[..., column : column + out_width] += parts[:, :, column]
        return of_images.permute(0, 3, 1, 2, 4), of_weight


def _row(weight: Tensor, row: int) -> Tensor:
    """One row of each kernel: [members, out_channels, channels · side]."""
    return weight[:, :, :, row].flatten(2)


def _met(columns: Tensor, row: int, height: int, out_height: int) -> Tensor:
    """The unfolded pixels that kernel row `row` meets, a view."""
    pixels = columns.shape[2] // height  # in one row of all images
    return columns[:, :, row * pixels : (row + out_height) * pixels]


class _MaxPool(Function):
    """One member's pooling; all members' channels side by side are pooled as one image."""

    generate_vmap_rule = False

    @staticmethod
    def forward(images: Tensor, size: int, options: dict[str, Any]) -> Tensor:
        pooled: Tensor = F.max_pool2d(images, size, **options)
        return pooled

    @staticmethod
    def setup_context(ctx: Any, inputs: Any, output: Any) -> None:
        pass

    @staticmethod
    def vmap(
        info: Any, in_dims: tuple[int, ...], images: Tensor, size: int, options: dict[str, Any]
    ) -> tuple[Tensor, int]:
        last = images.movedim(in_dims[0], 1).permute(0, 3, 4, 1, 2)
        # [batch, height, width, members, channels]
        merged = last.flatten(3).permute(0, 3, 1, 2)
        merged = merged.contiguous(memory_format=torch.channels_last)
        pooled = F.max_pool2d(merged, size, **options)
        members = images.shape[in_dims[0]]
        return pooled.unflatten(1, (members, -1)), 1
