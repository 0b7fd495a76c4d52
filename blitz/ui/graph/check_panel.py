"""Gradients compared with finite differences."""

from blitz.ui.graph.scenes import Scene


def show_check(scene: Scene) -> None:
    """Compare the gradients of the program's leaves with finite differences, when asked to."""
