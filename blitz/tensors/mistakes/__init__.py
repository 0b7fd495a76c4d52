"""What the usual mistakes mean: why an operation was refused, and how to write it instead."""

from blitz.tensors.mistakes.explanation import Explanation, explain

__all__ = ["Explanation", "explain"]
