"""Ends that a graph can be walked from: tensors and gradient edges, also within containers.

Knows nothing about the graph behind them.
"""

from collections.abc import Iterator, Mapping, Sequence
from typing import Any

import torch
from torch import Tensor
from torch.autograd.graph import GradientEdge, get_gradient_edge

from blitz.autograd.graph.graph import shape_text


def things_within(value: Any) -> Iterator[Any]:
    """What lists, tuples and dicts hold, in order; each container once, whatever refers to it."""
    # Containers are kept: an id is nobody's once its object is freed.
    seen: dict[int, Any] = {}
    stack = [value]
    while stack:
        item = stack.pop()
        is_container = isinstance(item, Mapping | list | tuple)
        if not is_container or isinstance(item, GradientEdge):  # which is a tuple itself
            yield item
        elif id(item) not in seen:
            seen[id(item)] = item
            stack.extend(reversed(list(item.values() if isinstance(item, Mapping) else item)))


def ends_within(value: Any) -> list[Tensor | GradientEdge]:
    """Tensors and gradient edges, those without a graph too."""
    return [each for each in things_within(value) if isinstance(each, Tensor | GradientEdge)]


def is_view_without_graph(tensor: Tensor) -> bool:
    """Whether it is a view made under no_grad: it says that it requires grad, as its base does."""
    base = tensor._base
    return tensor.grad_fn is None and base is not None and base.requires_grad


def edge_of(end: Tensor | GradientEdge) -> GradientEdge | None:
    """Where a gradient for this end goes in; None where it has no graph."""
    if isinstance(end, GradientEdge):
        return end
    if not end.requires_grad or is_view_without_graph(end):
        return None
    try:
        with torch.inference_mode(False):
            return get_gradient_edge(end)
    except RuntimeError:  # of a leaf PyTorch takes a view, and sparse ones have none
        return None


def no_graph_message(ends: Sequence[Tensor | GradientEdge]) -> str:
    """Why none of these has a graph."""
    tensor = next((end for end in ends if isinstance(end, Tensor)), None)
    if tensor is None:
        return "there is no tensor to trace; give the output of a computation"
    dtype = str(tensor.dtype).removeprefix("torch.")
    if not (tensor.is_floating_point() or tensor.is_complex()):
        return f"the tensor has no graph: it holds {dtype}, and only real numbers have gradients"
    shape = "nested" if tensor.is_nested else shape_text(tensor.shape).strip("[]")
    what = f"the tensor [{shape}] has no graph"
    if is_view_without_graph(tensor):
        return f"{what}: it is a view that was made under no_grad"
    if tensor.requires_grad:
        return f"{what}: it is a leaf, and not a dense one"
    return (
        f"{what}: none of the tensors it was made from requires grad, or it was made under no_grad "
        "or detached"
    )
