"""A scenario as a piece of an address, so that a link shows another person the same numbers.

JSON, deflated, in the letters that addresses may hold. Every number keeps all its digits.
"""

import base64
import binascii
import json
import zlib

from blitz.backprop.network import Layer, Network
from blitz.backprop.scenario import Scenario

MAX_LENGTH = 30_000
"""Letters; the largest scenario needs about 12,000. Web servers refuse addresses above 64 kB."""
MAX_JSON = 400_000


def encode(scenario: Scenario) -> str:
    """The scenario as letters, digits, - and _."""
    state = {
        "layers": [
            [layer.activation, layer.weights, layer.biases] for layer in scenario.network.layers
        ],
        "loss": scenario.network.loss,
        "inputs": scenario.inputs,
        "targets": scenario.targets,
        "rate": scenario.learning_rate,
        "biases": scenario.update_biases,
    }
    packed = zlib.compress(json.dumps(state, separators=(",", ":")).encode(), 9)
    return base64.urlsafe_b64encode(packed).decode().rstrip("=")


def decode(text: str) -> Scenario:
    """The scenario that `encode` made a text of; ValueError for any other text."""
    try:
        state = json.loads(_inflated(text))
        layers = tuple(
            Layer(weights, biases, activation) for activation, weights, biases in state["layers"]
        )
        return Scenario(
            network=Network(layers, state["loss"]),
            inputs=state["inputs"],
            targets=state["targets"],
            learning_rate=state["rate"],
            update_biases=bool(state["biases"]),
        )
    except (ValueError, KeyError, TypeError, RecursionError, zlib.error, binascii.Error) as error:
        raise ValueError("the numbers in the address are damaged") from error


def _inflated(text: str) -> bytes:
    if len(text) > MAX_LENGTH or not text.isascii():
        raise ValueError("no address of ours")
    packed = base64.b64decode(text + "=" * (-len(text) % 4), altchars=b"-_", validate=True)
    unpacker = zlib.decompressobj()
    found = unpacker.decompress(packed, MAX_JSON)
    if not unpacker.eof:  # cut short, or larger than any scenario
        raise ValueError("no address of ours")
    return found
