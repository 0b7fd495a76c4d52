"""How a deep graph is freed without overflowing the C stack.

PyTorch frees the nodes of a graph in a loop. Those that Python has seen, though, free each other by
recursion, and a chain of 100,000 crashes the process. Held in a list they go one by one: a list
lets go of its last item first. Nodes of the graph itself hold the lists, so that these live as long
as the nodes do, whoever else is gone by then, and whichever result is let go of last.
"""

from collections.abc import Iterable, Sequence
from typing import Any

from torch.autograd.graph import Node

BAND = 1_000
"""Recursion of this depth fits any stack."""


def free_one_by_one(nodes: Sequence[Node], anchors: Iterable[int], *, owner: str) -> None:
    """See to it that nodes are freed last first, a band of 1,000 after the other.

    nodes: in forward order. anchors: positions of the nodes that keep all earlier bands; on every
    way from one band to an earlier one there has to be one. What an anchor keeps comes before it,
    so that it never keeps itself. owner: a name among the anchors' metadata, so that two parties do
    not let go of each other's lists.
    """
    if len(nodes) <= BAND:
        return
    earlier: list[list[Any]] = []
    held: list[Any] = []
    for start in range(0, len(nodes), BAND):
        earlier.append(held)
        held = [held, *nodes[start : start + BAND]]
    for at in anchors:
        if at >= BAND:
            nodes[at].metadata[f"blitz_{owner}"] = earlier[at // BAND]  # type: ignore[index]
