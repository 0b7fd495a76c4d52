"""A whole backward pass that leaves every `.grad` as it was.

For graphs that `torch.autograd.grad` refuses: reentrant checkpointing runs a backward of its own
within backward, which adds to the `.grad` of leaves that the graph does not even show.
"""

from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from typing import Any

import torch
from torch import Tensor
from torch.autograd.graph import GradientEdge
from torch.utils._python_dispatch import TorchDispatchMode
from torch.utils._pytree import tree_leaves

from blitz.autograd.graph import AutogradGraph
from blitz.autograd.graph.ends import ends_within


def backward_without_trace(
    leaves: Sequence[Tensor], roots: Sequence[GradientEdge], start: Sequence[Tensor]
) -> list[Tensor | None]:
    """Run backward from roots and return the leaves' gradients.

    While it runs, `.grad` of the leaves is None or holds the new gradient; other threads that read
    it see that.
    """
    borrowed = _Borrowed()
    for leaf in leaves:
        borrowed.take(leaf)
    try:
        with borrowed:
            torch.autograd.backward(roots, start, retain_graph=True)
        return [leaf.grad for leaf in leaves]
    finally:
        borrowed.give_back()


@contextmanager
def retained_gradients_kept(graph: AutogradGraph) -> Iterator[None]:
    """Afterwards the results that were told to `retain_grad` have the `.grad` they had before.

    Backward adds to it whoever asked for the pass. Found are the graph's outputs and what the
    recorded variables hold; a node does not tell its tensor.
    """
    found = ends_within([graph.outputs, graph.recording.variables])
    kept = [(end, end.grad) for end in found if isinstance(end, Tensor) and end.retains_grad]
    try:
        yield
    finally:
        for tensor, gradient in kept:
            tensor.grad = gradient


class _Borrowed(TorchDispatchMode):
    """Takes the gradients away from leaves, also from those that first show up on the way.

    A checkpointed part is computed again before its gradients are added, and its leaves are then
    operands of an operation.
    """

    def __init__(self) -> None:
        super().__init__()  # type: ignore[no-untyped-call]
        self._taken: dict[int, tuple[Tensor, Tensor | None]] = {}

    def __torch_dispatch__(
        self,
        func: Any,
        types: Any,
        args: tuple[Any, ...] = (),
        kwargs: dict[str, Any] | None = None,
    ) -> Any:
        for value in tree_leaves((args, kwargs)):
            if isinstance(value, Tensor) and value.requires_grad and value.is_leaf:
                self.take(value)
        return func(*args, **(kwargs or {}))

    def take(self, leaf: Tensor) -> None:
        if id(leaf) not in self._taken:
            self._taken[id(leaf)] = (leaf, leaf.grad)
            leaf.grad = None

    def give_back(self) -> None:
        for leaf, gradient in self._taken.values():
            leaf.grad = gradient
        self._taken.clear()
