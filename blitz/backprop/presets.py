"""Scenarios to begin with, each with what there is to see in it."""

from dataclasses import dataclass

from blitz.backprop.network import Layer, Network
from blitz.backprop.scenario import Scenario
from blitz.backprop.tables import LINE, MOONS, XOR


@dataclass(frozen=True, kw_only=True, slots=True)
class Preset:
    """A scenario with a title and a sentence on what to watch.

    name: for addresses. updates: made when it is opened. beside: another scenario to compare with,
    and what it is called.
    """

    name: str
    title: str
    watch: str
    scenario: Scenario
    updates: int = 0
    beside: tuple[str, Scenario] | None = None


_WORKED = Scenario(
    network=Network(
        (
            Layer([[0.05, 0.15], [0.10, 0.20]], [0.35]),
            Layer([[0.25, 0.35], [0.30, 0.40]], [0.50]),
        )
    ),
    inputs=((0.10, 0.20),),
    targets=((0.85, 0.30),),
    update_biases=False,
)
_NEURON = Scenario(network=Network((Layer([[2.0]], [1.0]),)), inputs=((0.5,),), targets=((0.5,),))
_XOR = Scenario(
    network=Network(
        (
            Layer([[0.6, -0.4], [-0.3, 0.8]], [0.1, -0.2], "tanh"),
            Layer([[0.7, -0.5]], [0.2]),
        ),
        "binary cross-entropy",
    ),
    inputs=XOR.inputs,
    targets=XOR.targets,
    learning_rate=2.0,
)
_MOONS = Scenario(
    network=Network(
        (
            Layer(
                [[-0.53, -0.79], [-0.21, -0.69], [-0.92, -0.19], [0.81, -0.48]],
                [0.83, -0.1, -0.64, 0.31],
                "tanh",
            ),
            Layer([[0.4, -0.7, 0.2, 0.5]], [0.0]),
        ),
        "binary cross-entropy",
    ),
    inputs=MOONS.inputs,
    targets=MOONS.targets,
    learning_rate=1.0,
)
_DEEP_WEIGHTS = (
    [[0.5, 0.3], [-0.2, 0.6], [0.4, 0.4]],
    [[0.6, 0.2, 0.4], [0.3, 0.5, -0.1], [0.3, 0.4, 0.4]],
    [[0.4, 0.4, 0.3], [0.5, -0.2, 0.6], [0.3, 0.4, 0.4]],
    [[0.4, 0.5, 0.3], [0.6, 0.3, 0.2], [-0.1, 0.4, 0.5]],
    [[0.4, 0.3, 0.6]],
)


def _deep(activation: str) -> Scenario:
    layers = (Layer(weights, [0.0] * len(weights), activation) for weights in _DEEP_WEIGHTS)
    return Scenario(
        network=Network(tuple(layers)), inputs=((1.0, 0.5),), targets=((0.9,),), learning_rate=0.1
    )


_DEAD = Scenario(
    network=Network(
        (Layer([[1.0], [1.0]], [-2.0, 0.1], "ReLU"), Layer([[0.5, 0.5]], [0.0], "linear"))
    ),
    inputs=LINE.inputs,
    targets=LINE.targets,
    learning_rate=0.05,
)
_DIVERGING = Scenario(
    network=Network((Layer([[0.5]], [0.0], "linear"),)),
    inputs=LINE.inputs,
    targets=LINE.targets,
    learning_rate=0.4,
)
_SYMMETRIC = Scenario(
    network=Network(
        (Layer([[0.5, 0.5], [0.5, 0.5]], [0.1, 0.1], "tanh"), Layer([[0.4, 0.4]], [0.0])),
        "binary cross-entropy",
    ),
    inputs=XOR.inputs,
    targets=XOR.targets,
)

PRESETS = (
    Preset(
        name="worked",
        title="Two, two, two",
        watch="Watch what w1 gets back: both outputs send their part, and the two nearly cancel.",
        scenario=_WORKED,
    ),
    Preset(
        name="one-neuron",
        title="One neuron",
        watch="Watch the chain of three factors: error, sigmoid, input. Nothing else is in it.",
        scenario=_NEURON,
    ),
    Preset(
        name="xor",
        title="XOR",
        watch=(
            "Watch the error: it stays near ln 2 until the two hidden units take different sides, "
            "and then falls."
        ),
        scenario=_XOR,
        updates=1_000,
    ),
    Preset(
        name="moons",
        title="Two moons",
        watch="Watch four hidden units bend one line until it passes between the half circles.",
        scenario=_MOONS,
        updates=1_000,
    ),
    Preset(
        name="vanishing",
        title="Vanishing gradients",
        watch=(
            "Watch the gradients shrink from the last layer to the first: each sigmoid passes a "
            "quarter at most, each ReLU all or nothing."
        ),
        scenario=_deep("sigmoid"),
        updates=100,
        beside=("five ReLU layers", _deep("ReLU")),
    ),
    Preset(
        name="dead",
        title="A dead ReLU",
        watch="Watch h1: below 0 for every sample, its slope is 0, and w1 and b1 never move again.",
        scenario=_DEAD,
        updates=100,
    ),
    Preset(
        name="too-fast",
        title="Too large a learning rate",
        watch="Watch each update overshoot further than the last, until numbers end; try 0.1.",
        scenario=_DIVERGING,
        updates=1_000,
    ),
    Preset(
        name="symmetric",
        title="Symmetric weights",
        watch="Watch h1 and h2: they begin alike, get the same gradients, and never part.",
        scenario=_SYMMETRIC,
        updates=300,
    ),
)

_BY_NAME = {preset.name: preset for preset in PRESETS}


def preset_named(name: str) -> Preset:
    """The preset of this name; ValueError where there is none."""
    if name not in _BY_NAME:
        raise ValueError(f"preset: {name!r} was given; choose {', '.join(_BY_NAME)}")
    return _BY_NAME[name]
