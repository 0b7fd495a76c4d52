"""The lessons on what a network is made of, each a panel with numbers that can be changed."""

from collections.abc import Callable
from dataclasses import dataclass

from blitz.ui.backprop.basics.activations import show_activations
from blitz.ui.backprop.basics.layers import show_layers
from blitz.ui.backprop.basics.losses import show_losses
from blitz.ui.backprop.basics.neuron import show_neuron
from blitz.ui.backprop.basics.weight_check import show_weight_check


@dataclass(frozen=True, kw_only=True, slots=True)
class Lesson:
    """A panel. name: in the address. show: draws all but the title."""

    name: str
    title: str
    show: Callable[[], None]


LESSONS = (
    Lesson(name="neuron", title="A neuron", show=show_neuron),
    Lesson(name="weight-check", title="A weighted sum that decides", show=show_weight_check),
    Lesson(name="activations", title="Activation functions", show=show_activations),
    Lesson(name="losses", title="Loss functions", show=show_losses),
    Lesson(name="layers", title="Layers", show=show_layers),
)
