"""The graph of `grad_fn` objects behind tensors, and what can be learnt while it is made."""

from blitz.autograd.graph.graph import (
    AutogradGraph,
    GraphEdge,
    GraphNode,
    NodeKind,
    NoGraphError,
    operation_label,
    shape_text,
)
from blitz.autograd.graph.paths import walk_to
from blitz.autograd.graph.recording import ModuleCall, Recording, SourceLine
from blitz.autograd.graph.walking import capture, trace
from blitz.autograd.graph.watching import record

__all__ = [
    "AutogradGraph",
    "GraphEdge",
    "GraphNode",
    "ModuleCall",
    "NoGraphError",
    "NodeKind",
    "Recording",
    "SourceLine",
    "capture",
    "operation_label",
    "record",
    "shape_text",
    "trace",
    "walk_to",
]
