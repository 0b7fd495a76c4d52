"""Programs on tensors: a few lines of PyTorch run safely, and what came of them described."""

from blitz.tensors.evaluation import Evaluation
from blitz.tensors.workers import evaluate

__all__ = ["Evaluation", "evaluate"]
