"""What backward's exceptions mean, in a line each."""

import re
from dataclasses import dataclass

from blitz.autograd.graph import AutogradGraph

FREED = re.compile(r"backward through the graph a second time|already been freed")
CHANGED = re.compile(r"modified by an in-?place operation")
VERSIONS = re.compile(r"is at version (\d+); expected version (\d+)")


@dataclass(frozen=True, kw_only=True, slots=True)
class BackwardError:
    """Why a backward pass stopped."""

    message: str
    """One plain line."""
    node: int | None
    """The operation in which it was raised, where it was within one."""
    exception: str
    """The exception's type: RuntimeError."""


def explain(graph: AutogradGraph, raised: Exception, node: int | None) -> BackwardError:
    """Say what an exception of backward means; node is the operation that was running."""
    where = graph.label(node) if node is not None else "backward"
    return BackwardError(
        message=plain_line(raised, where), node=node, exception=type(raised).__name__
    )


def plain_line(raised: Exception, where: str) -> str:
    """One line for an exception raised by, or while reading, the operation called `where`."""
    text = str(raised)
    if FREED.search(text):
        return (
            f"{where} no longer has its saved tensors: an earlier backward freed them; run the "
            "forward again, or call that backward with retain_graph=True"
        )
    if CHANGED.search(text):
        versions = VERSIONS.search(text)
        found = f" (version {versions[1]}, saved at {versions[2]})" if versions else ""
        return f"a tensor that {where} saved was changed in place afterwards{found}"
    first = next((line.strip() for line in text.splitlines() if line.strip()), "")
    return f"{where} raised {type(raised).__name__}" + (f": {first}" if first else "")
