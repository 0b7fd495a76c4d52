"""Shapes and times as the network page writes them."""

from collections.abc import Sequence


def shape_text(shape: Sequence[int]) -> str:
    """A shape as 6 × 28 × 28."""
    return " × ".join(map(str, shape)) or "one number"


def time_text(seconds: float) -> str:
    """A short time as 12 µs or 3.4 ms."""
    if seconds < 1e-3:
        return f"{1e6 * seconds:.0f} µs"
    return f"{1e3 * seconds:.3g} ms" if seconds < 1 else f"{seconds:.3g} s"
