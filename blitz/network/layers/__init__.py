"""The mathematics of the layers that networks are made of, one kind a file."""

from blitz.network.layers.layer import Arithmetic, Layer, Region, Window
from blitz.network.layers.reading import read_layer

__all__ = ["Arithmetic", "Layer", "Region", "Window", "read_layer"]
