"""A network of the network page as a program for the graph, from numbers in the address."""

import re
from collections.abc import Mapping
from functools import lru_cache

from blitz.autograd.program import Program
from blitz.autograd.program.of_model import model_program
from blitz.datasets.loading import MAX_SIZE
from blitz.network.plan import NetworkPlan

MODEL = "model"
"""The parameter that names the network; the others say how it is built."""
MOST_MODELS = 20

_NUMBERS = {"channels": 1, "image_size": 32, "num_classes": 10, "width": 1, "seed": 0}
"""What holds where the address is silent."""


def model_in(parameters: Mapping[str, str]) -> Program:
    """The program of the network in an address; ValueError in one line where it names none.

    The text comes from anybody, and what comes back is run: only numbers and the name of a known
    network get out of it.
    """
    numbers = {
        name: _number(name, parameters.get(name, str(own))) for name, own in _NUMBERS.items()
    }
    if numbers["image_size"] > MAX_SIZE:
        raise ValueError(f"image_size: {numbers['image_size']} was given; expected 1 to {MAX_SIZE}")
    return _program(NetworkPlan(model=_shown(parameters[MODEL]), **numbers))


@lru_cache(maxsize=MOST_MODELS)
def _program(plan: NetworkPlan) -> Program:
    return model_program(
        plan.model,
        channels=plan.channels,
        image_size=plan.image_size,
        num_classes=plan.num_classes,
        width=plan.width,
        seed=plan.seed,
    )


def _number(name: str, text: str) -> int:
    if not re.fullmatch(r"[0-9]{1,19}", text):
        raise ValueError(f"{name}: {_shown(text)!r} was given; expected a whole number")
    return int(text)


def _shown(text: str) -> str:
    """A text of any length as it fits into a line."""
    return text if len(text) <= 40 else f"{text[:40]}…"
