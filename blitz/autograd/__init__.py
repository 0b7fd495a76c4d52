"""The graph that autograd built: walked, folded, laid out, replayed backward, and exported."""

from blitz.autograd.drawing import draw, layered_layout
from blitz.autograd.graph import (
    AutogradGraph,
    GraphEdge,
    GraphNode,
    NoGraphError,
    capture,
    trace,
)
from blitz.autograd.recording import record
from blitz.autograd.replay import replay

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
