"""The graph that autograd built: walked, folded, laid out, replayed backward, and exported."""

from blitz.autograd.graph import (
    AutogradGraph,
    GraphEdge,
    GraphNode,
    NoGraphError,
    capture,
    trace,
)
from blitz.autograd.recording import record

__all__ = [
    "AutogradGraph",
    "GraphEdge",
    "GraphNode",
    "NoGraphError",
    "capture",
    "record",
    "trace",
]
