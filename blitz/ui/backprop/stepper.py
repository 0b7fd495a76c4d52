"""The stepper as a Streamlit component: the network, a player, and the list of steps.

Playing happens in the browser; no script runs for it, though each step is told as soon as the
script has answered the one before. Two components in truth, as with the graph viewer: one takes
the calculation as bytes, which Streamlit sends only once as long as they stay the same; the other
one takes the few numbers that change with every script run, and shows nothing.
"""

import json
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from functools import cache, lru_cache
from pathlib import Path
from typing import TYPE_CHECKING, Any

import streamlit as st

from blitz.backprop.diagram.figures import network_figure
from blitz.backprop.diagram.outline import headings, stops
from blitz.backprop.diagram.positions import MAX_LABELLED_WEIGHTS, MAX_LARGE_LABELS, positions
from blitz.backprop.network import Network, Row
from blitz.backprop.notation import number_text
from blitz.backprop.steps import Step, StepKind
from blitz.ui.routes import plotly_version

if TYPE_CHECKING:
    from streamlit.components.v2.types import ComponentRenderer

DIGITS = 5
"""Significant digits in the list and where a pointer rests."""
FEW_DIGITS = 4
"""The same in the diagram."""
MAX_TARGET_LABELS = 5
"""Of more outputs the targets are not written beneath."""
SHOWN_AS = {
    StepKind.LINEAR: "linear",
    StepKind.ACTIVATION: "output",
    StepKind.TOTAL: "output",
    StepKind.GRADIENT: "gradient",
    StepKind.UPDATE: "update",
}
"""What a step adds to the writing in the diagram."""


@dataclass(frozen=True, kw_only=True, slots=True)
class StepperEvent:
    """To which step a person went, counted from 0, and whether it goes on from there."""

    place: int
    is_playing: bool


@dataclass(slots=True)
class _Known:
    """What a session knows of its stepper in the browser."""

    instance: str = ""  # of the sender of events; a browser that begins anew has another one
    handled: int = 0  # serial number of the last event taken up
    given: int = -1  # the place that the page last passed
    told: int = -1  # the place that the browser last told
    place: int = 0  # where the browser was last sent
    place_serial: int = 0
    run: int = 0
    fingerprint: object = None
    message: bytes = b""
    pending: StepperEvent | None = None  # taken up, but not yet returned


def stepper(
    network: Network,
    steps: Sequence[Step],
    *,
    key: str,
    calculation_key: str,
    place: int,
    inputs: Row,
    targets: Row,
) -> StepperEvent | None:
    """Show steps of one sample; return where a person went, in the script run that this started.

    calculation_key: names the calculation. Another one is drawn in the place of the one before; the
    browser stays at its step.
    place: the step to show first. Later the browser is sent there when it is another one than in
    the run before; a page may pass the place of the last event back, and need not.
    inputs, targets: of the sample.
    """
    known: _Known = st.session_state.setdefault(f"{key}-known", _Known())
    place = min(max(place, 0), len(steps) - 1)
    fingerprint = (calculation_key, inputs, targets, [(step.name, step.value) for step in steps])
    if known.fingerprint != fingerprint:
        known.fingerprint = fingerprint
        known.message = _message(key, calculation_key, network, steps, inputs, targets)
    # Without a gap, what shows nothing takes no room either.
    with st.container(gap=None):
        # Naming a callback is what makes "event" a value of the component.
        result = _view()(key=key, data=known.message, on_event_change=lambda: None)
        is_asked = place not in (known.given, known.told)
        known.given = place
        known.pending = _take(known, result.get("event")) or known.pending
        if is_asked:  # the page wants to go elsewhere, wherever the browser was on its way to
            known.pending = None
            known.place, known.told = place, -1
            known.place_serial += 1
        known.run += 1
        _control()(
            key=f"{key}-control",
            data={
                "view": key,
                "instance": known.instance,
                "handled": known.handled,
                "place": known.place,
                "place_serial": known.place_serial,
                "run": known.run,
            },
        )
    # Taken out last: a script run that is broken off above leaves it to the next one.
    event, known.pending = known.pending, None
    return event


def _take(known: _Known, value: Any) -> StepperEvent | None:
    """What the browser tells, unless it was taken up before."""
    if not isinstance(value, dict):
        return None
    if value["instance"] != known.instance:
        known.instance, known.handled = value["instance"], 0
    if value["serial"] <= known.handled:
        return None
    known.handled = value["serial"]
    if value["place_serial"] != known.place_serial:
        return None  # told before the browser heard where the page wants it
    known.told = known.place = value["place"]
    return StepperEvent(place=value["place"], is_playing=value["is_playing"])


def _message(
    key: str,
    calculation_key: str,
    network: Network,
    steps: Sequence[Step],
    inputs: Row,
    targets: Row,
) -> bytes:
    """All that the browser needs for a calculation; parts of the network go by their number."""
    places = positions(network)
    names = [*places.units, *places.weights, *places.biases]
    number = {name: at for at, name in enumerate(names)}
    kinds = list(StepKind)
    has_room = network.num_weights <= MAX_LARGE_LABELS
    label_digits = FEW_DIGITS if has_room else FEW_DIGITS - 1
    message = {
        "view": key,
        "calculation_key": calculation_key,
        "plotly_url": f"/api/plotly.js?v={plotly_version()}",
        "title": f"Network of {'-'.join(map(str, network.sizes))} units",
        "figure": _figure(network),
        "names": names,
        "given": {
            about: [name, number_text(value, DIGITS), number_text(value, label_digits)]
            for about, name, value in _given(network, inputs, targets)
        },
        "has_target_labels": network.sizes[-1] <= MAX_TARGET_LABELS,
        "has_gradient_labels": has_room,
        "has_labels": network.num_weights <= MAX_LABELLED_WEIGHTS,
        # Lines light up where the parts at both numbers do.
        "lines": [
            [*map(number.__getitem__, line.names), *(round(at, 1) for at in line.start + line.end)]
            for line in places.lines
        ],
        "stops": stops(network, steps),
        "kinds": [[kind, kind.is_forward, SHOWN_AS.get(kind, "")] for kind in kinds],
        "steps": {
            "name": [step.name for step in steps],
            "value": [number_text(step.value, DIGITS) for step in steps],
            "label": [number_text(step.value, FEW_DIGITS) if step.kind in SHOWN_AS else ""
                      for step in steps],
            "kind": [kinds.index(step.kind) for step in steps],
            "about": [number[step.about] for step in steps],
            "uses": [[number[name] for name in step.uses] for step in steps],
            "heading": headings(network, steps),
        },
    }  # fmt: skip
    return json.dumps(message, ensure_ascii=False, separators=(",", ":")).encode()


@lru_cache(maxsize=32)
def _figure(network: Network) -> dict[str, Any]:
    """The diagram, which stays the same while the learning rate or the samples change."""
    figure: dict[str, Any] = network_figure(network).to_plotly_json()
    return figure


def _given(network: Network, inputs: Row, targets: Row) -> Iterator[tuple[str, str, float]]:
    """What is known before any step: about what, under which name, and its value."""
    names, outputs = network.input_names(), network.unit_names()[-1]
    yield from zip(names, names, inputs, strict=True)
    for output, target in zip(outputs, targets, strict=True):
        yield output, f"t{output[1:]}", target
    names = network.parameter_names()
    yield from zip(names, names, network.parameters(), strict=True)


@cache
def _view() -> "ComponentRenderer":
    """The component, registered once a process; all sessions share it."""
    own = [f"stepper{name}.js" for name in ("_model", "_sender", "_diagram", "_list", "")]
    return st.components.v2.component(
        "blitz_stepper",
        css=_read("stepper.css"),
        js="\n".join(map(_read, ("../plotly_loading.js", *own))),
        # In a shadow root Plotly's own styles, which it adds to the document, would not apply.
        isolate_styles=False,
    )


@cache
def _control() -> "ComponentRenderer":
    return st.components.v2.component("blitz_stepper_control", js=_read("stepper_control.js"))


def _read(name: str) -> str:
    return (Path(__file__).parent / name).read_text(encoding="utf-8")
