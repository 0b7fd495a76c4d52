"""How a deep graph is freed without overflowing the C stack.

PyTorch frees the nodes of a graph in a loop. Those that Python has seen, though, free each other by
recursion, and a chain of 100,000 crashes the process. Held in one list they go one by one: a list
lets go of its last item first. The ends of the graph hold the list, so that it lives exactly as
long as they do, whoever else is gone by then.
"""

from collections.abc import Iterable

from torch.autograd.graph import Node

FEW_NODES = 1_000
"""Recursion of this depth fits any stack."""


def free_one_by_one(nodes: list[Node], ends: Iterable[Node], *, owner: str) -> None:
    """See to it that nodes are freed last first, once the last of the ends is freed.

    nodes: in forward order. owner: a name for the list among the ends' metadata, so that two
    parties do not let go of each other's.
    """
    if len(nodes) < FEW_NODES:
        return
    # An end among the held nodes would hold itself, for ever.
    last = set(ends)
    held = [node for node in nodes if node not in last]
    for end in last:
        end.metadata[f"blitz_{owner}"] = held  # type: ignore[index]
