"""The parts that a network is made of, one at a time: neuron, activations, losses, layers.

Each module computes one lesson's numbers as expressions, so that formula and value are one thing.
Knows nothing about pages.
"""

from blitz.backprop.basics.activations import ActivationPoint, Softmax, autograd_slope
from blitz.backprop.basics.equations import Equation
from blitz.backprop.basics.layers import LayerCount, layer_counts, total_count
from blitz.backprop.basics.losses import LineLoss, LossPoint
from blitz.backprop.basics.neuron import Neuron
from blitz.backprop.basics.weight_check import WeightCheck

__all__ = [
    "ActivationPoint",
    "Equation",
    "LayerCount",
    "LineLoss",
    "LossPoint",
    "Neuron",
    "Softmax",
    "WeightCheck",
    "autograd_slope",
    "layer_counts",
    "total_count",
]
