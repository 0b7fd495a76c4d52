"""Random programs and an independent walk, for the tests of graphs."""

from collections import Counter
from collections.abc import Callable, Sequence
from typing import Any

import torch
from hypothesis import strategies as st
from torch import Tensor
from torch.autograd.graph import GradientEdge, Node, get_gradient_edge
from torch.utils.checkpoint import checkpoint

from blitz.autograd import AutogradGraph, record, trace

Step = tuple[int, int, int]
Program = list[Step]


class TwoResults(torch.autograd.Function):
    """Two results, one of which may go unused, and an operand that is no tensor."""

    @staticmethod
    def forward(ctx: Any, x: Tensor, factor: float, y: Tensor) -> tuple[Tensor, Tensor]:
        ctx.factor = factor
        return x * factor, x + y

    @staticmethod
    def backward(ctx: Any, left: Tensor, right: Tensor) -> tuple[Tensor, None, Tensor]:
        return left * ctx.factor + right, None, right


def write_into_view(a: Tensor, b: Tensor) -> Tensor:
    base = a.clone()
    base[0].mul_(b[1])
    return base


def gradient(a: Tensor, b: Tensor) -> Tensor:
    if not a.requires_grad:
        return a
    try:
        (made,) = torch.autograd.grad((a * a * b).sum(), a, create_graph=True, retain_graph=True)
    except RuntimeError as refused:
        if "use_reentrant=True" in str(refused):  # a checkpoint before it
            return a
        raise
    return made


def through_checkpoint(use_reentrant: bool) -> Callable[[Tensor, Tensor], Tensor]:
    def run(a: Tensor, b: Tensor) -> Tensor:
        def inner(x: Tensor, y: Tensor) -> Tensor:
            return (x * y).tanh()

        if not (a.requires_grad or b.requires_grad):
            return inner(a, b)  # a reentrant one would warn
        result: Tensor = checkpoint(inner, a, b, use_reentrant=use_reentrant)
        return result

    return run


OPERATIONS: tuple[Callable[[Tensor, Tensor], Tensor], ...] = (
    lambda a, b: a + b,
    lambda a, b: a * b,
    lambda a, b: a * a,
    lambda a, b: a.sin(),
    lambda a, b: a * 2 - 1,
    lambda a, b: a.detach() * b,
    lambda a, b: a.reshape(8).view(2, 4),
    lambda a, b: a.t().contiguous().t(),
    lambda a, b: (a * 1).mul_(b),
    lambda a, b: (a + 0).relu_(),
    write_into_view,
    lambda a, b: torch.cat([a, b, a])[1:3],
    lambda a, b: torch.cat(a.split(1, 1)[::-1], 1),
    lambda a, b: torch.stack(a.unbind(0)[::-1]),
    lambda a, b: a.chunk(2, 1)[1].repeat(1, 2),
    lambda a, b: a.max(0).values.expand(2, 4) + b,
    lambda a, b: torch.addmm(a, b[:, :2], a[:, :].reshape(2, 4)),
    lambda a, b: torch.where(a > 0, a, b),
    lambda a, b: a[torch.tensor([1, 0])],
    lambda a, b: TwoResults.apply(a, 2.0, b)[0],
    lambda a, b: TwoResults.apply(a, 2.0, b)[1],
    lambda a, b: sum(TwoResults.apply(a, 2.0, b)),
    gradient,
    through_checkpoint(use_reentrant=False),
    through_checkpoint(use_reentrant=True),
)
"""Each makes a [2, 4] of two of them."""

programs: st.SearchStrategy[Program] = st.lists(
    st.tuples(st.integers(0, len(OPERATIONS) - 1), st.integers(0, 50), st.integers(0, 50)),
    min_size=1,
    max_size=14,
)


def run(program: Program, inputs: Sequence[Tensor] | None = None) -> list[Tensor]:
    """All values of a program, the inputs first; numbers choose among the latest values."""
    values = list(new_inputs() if inputs is None else inputs)
    for operation, left, right in program:
        a, b = values[-1 - left % len(values)], values[-1 - right % len(values)]
        values.append(OPERATIONS[operation](a, b))
    return values


def new_inputs() -> tuple[Tensor, Tensor, Tensor]:
    """A parameter, a tensor that requires grad, and one that does not."""
    generator = torch.Generator().manual_seed(0)
    parameter, leaf, constant = (torch.rand(2, 4, generator=generator) + 0.1 for _ in range(3))
    return torch.nn.Parameter(parameter), leaf.requires_grad_(), constant


EdgeKey = tuple[int, int, int, int]


def walk(ends: Sequence[Tensor | GradientEdge]) -> tuple[dict[int, Node], Counter[EdgeKey]]:
    """Nodes by id, and edges as (source's id, place, target's id, output), by next_functions."""
    edges = [end if isinstance(end, GradientEdge) else get_gradient_edge(end) for end in ends]
    nodes: dict[int, Node] = {}
    found: Counter[EdgeKey] = Counter()
    waiting = [edge.node for edge in edges]
    while waiting:
        node = waiting.pop(0)
        if id(node) in nodes:
            continue
        nodes[id(node)] = node
        for place, (following, output) in enumerate(node.next_functions):
            if following is not None:
                waiting.append(following)
                found[id(node), place, id(following), output] += 1
    return nodes, found


# Modules within modules

Tree = list[Any]
"""Operations by number, and trees in place of modules."""

trees: st.SearchStrategy[Tree] = st.recursive(
    st.lists(st.integers(0, 2), min_size=1, max_size=12),
    lambda inner: st.lists(
        st.one_of(st.integers(0, 2), inner, st.tuples(inner, st.integers(2, 12))),
        min_size=1,
        max_size=5,
    ),
    max_leaves=8,
)


class Block(torch.nn.Module):
    """Runs a tree; a pair of a tree and a number is a block called as often as that."""

    def __init__(self, tree: Tree) -> None:
        super().__init__()
        self.weight = torch.nn.Parameter(torch.ones(2))
        self.plan: list[Any] = []
        for at, part in enumerate(tree):
            if isinstance(part, int):
                self.plan.append(part)
                continue
            inner, times = part if isinstance(part, tuple) else (part, 1)
            setattr(self, f"part{at}", Block(inner))
            self.plan += [getattr(self, f"part{at}")] * times

    def forward(self, x: Tensor) -> Tensor:
        for part in self.plan:
            if isinstance(part, torch.nn.Module):
                x = part(x)
            else:
                x = (x.sin(), x * self.weight, x.cos() + x)[part]
        return x


def graph_of_tree(tree: Tree) -> AutogradGraph:
    """Recorded, with a named input."""
    given = torch.full((2,), 0.5, requires_grad=True)
    with record() as recording:
        output = Block(tree)(given)
    return trace(output, recording=recording, names={"given": given})
