"""The graph that autograd built: walked, folded, laid out, replayed backward, and exported."""

from blitz.autograd.backward.replay import replay
from blitz.autograd.graph import (
    AutogradGraph,
    GraphEdge,
    GraphNode,
    NoGraphError,
    capture,
    record,
    trace,
)
from blitz.autograd.picture.drawing import draw, layered_layout

__all__ = [
    "AutogradGraph",
    "GraphEdge",
    "GraphNode",
    "NoGraphError",
    "capture",
    "draw",
    "layered_layout",
    "record",
    "replay",
    "trace",
]
