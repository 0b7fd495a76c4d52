"""A small dense network and the chain rule, by hand: every number with its formula."""

from blitz.backprop.explain import Explanation, explain
from blitz.backprop.network import Layer, Network
from blitz.backprop.steps import Step, StepKind
from blitz.backprop.training import Training, train_network
from blitz.backprop.worksheet import OverflowedError

__all__ = [
    "Explanation",
    "Layer",
    "Network",
    "OverflowedError",
    "Step",
    "StepKind",
    "Training",
    "explain",
    "train_network",
]
