"""Calculations that the tests of the stepper show."""

import random
from itertools import pairwise

from blitz.backprop import Layer, Network
from blitz.backprop.scenario import Scenario


def scenario(name: str, first_weight: float) -> Scenario:
    """The lecture's network, or one with random weights: "8-8-8"."""
    if name == "lecture":
        hidden = Layer(((first_weight, 0.15), (0.10, 0.20)), (0.35,))
        output = Layer(((0.25, 0.35), (0.30, 0.40)), (0.50,))
        return Scenario(
            network=Network((hidden, output)), inputs=((0.10, 0.20),), targets=((0.85, 0.30),)
        )
    return random_scenario(*map(int, name.split("-")))


def random_scenario(*sizes: int) -> Scenario:
    """A network of these sizes, with a bias for each unit."""
    dice = random.Random(1)
    layers = tuple(
        Layer([[dice.gauss(0, 1) for _ in range(before)] for _ in range(after)], [0.1] * after)
        for before, after in pairwise(sizes)
    )
    return Scenario(
        network=Network(layers), inputs=((0.5,) * sizes[0],), targets=((0.3,) * sizes[-1],)
    )
