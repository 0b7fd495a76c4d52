"""Layered drawings of directed graphs. Plain arrays in and out; nothing here knows autograd."""

from blitz.autograd.layout.placement import Direction, Placement, count_crossings, place

__all__ = ["Direction", "Placement", "count_crossings", "place"]
