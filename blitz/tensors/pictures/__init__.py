"""Pictures of operations: which elements of the operands each element of a result was made of."""

from blitz.tensors.pictures.drawing import draw, draw_assignment, draw_index
from blitz.tensors.pictures.operands import snapshot

__all__ = ["draw", "draw_assignment", "draw_index", "snapshot"]
