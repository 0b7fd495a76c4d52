"""The steps as a list with headings, and where a click on a part of the network leads."""

from collections.abc import Iterator, Sequence

from blitz.backprop.network import Network
from blitz.backprop.steps import Step, StepKind

STOPS = {
    StepKind.LINEAR, StepKind.TOTAL, StepKind.GRADIENT, StepKind.UPDATE,
    StepKind.OUTPUT_GRADIENT, StepKind.ERROR_SLOPE,
}  # fmt: skip


def headings(network: Network, steps: Sequence[Step]) -> list[str]:
    """For each step what it belongs to: a layer on the way forward, the error, or a unit."""
    units = network.unit_names()
    layers = [f"hidden layer {n}" for n in range(1, len(units))] + ["output layer"]
    if len(units) == 2:
        layers[0] = "hidden layer"
    layer_of = {name: layer for names, layer in zip(units, layers, strict=True) for name in names}
    unit_of = dict(_units_of_parameters(network))

    def heading(step: Step) -> str:
        if step.kind in (StepKind.LINEAR, StepKind.ACTIVATION):
            return f"Forward: {layer_of[step.about]}"
        if step.kind.is_forward:
            return "Error"
        return f"Backward: {unit_of.get(step.about, step.about)}"

    return [heading(step) for step in steps]


def stops(network: Network, steps: Sequence[Step]) -> dict[str, list[int]]:
    """For each part of the network the places of its steps that one click after the other goes to.

    A weight's or bias's gradient, then its update; a unit's sum, then its gradient: by its value,
    or by its linear part where loss and activation are gone back through at once; the error's
    total. What has no such step, as an input, leads to the first step that uses it.
    """
    names = (
        *network.input_names(),
        *(name for layer in network.unit_names() for name in layer),
        *network.parameter_names(),
        "E",
    )
    found: dict[str, list[int]] = {name: [] for name in names}
    first_use: dict[str, int] = {}
    at_once = network.unit_names()[-1] if network.loss_function.linear is not None else ()
    for place, step in enumerate(steps):
        is_first_back = step.kind is StepKind.LINEAR_GRADIENT and step.about in at_once
        if step.kind in STOPS or is_first_back:
            found[step.about].append(place)
        for name in step.uses:
            first_use.setdefault(name, place)
    return {
        name: places or ([first_use[name]] if name in first_use else [])
        for name, places in found.items()
    }


def _units_of_parameters(network: Network) -> Iterator[tuple[str, str]]:
    """Each parameter that is one unit's own, and a bias that a layer shares."""
    for layer, names, weights, biases in zip(
        network.layers,
        network.unit_names(),
        network.weight_names(),
        network.bias_names(),
        strict=True,
    ):
        for name, own in zip(names, weights, strict=True):
            yield from ((weight, name) for weight in own)
        if layer.shares_bias:
            yield biases[0], f"{biases[0]}, shared by {names[0]} to {names[-1]}"
        else:
            yield from zip(biases, names, strict=True)
