"""What a session's network page shows: which network, which images, which view of it."""

from collections.abc import Collection, Mapping

import streamlit as st

from blitz.models import MODELS
from blitz.network.plan import MAX_SEED
from blitz.network.stations import STATIONS
from blitz.ui.network.image_choice import INDEX

KEY = "network-"
VIEW = f"{KEY}view"
DATASET = f"{KEY}dataset"
MODEL = f"{KEY}model"
WIDTH = f"{KEY}width"
SIZE = f"{KEY}image_size"
"""Height and width that images are made to have; 0 for those of the data set."""
RUN = f"{KEY}run"
"""Id of the run whose weights are shown; empty for random ones."""
SEED = f"{KEY}seed"
LAYER = f"{KEY}layer"
"""Which step is open, from 1 on; 0 is the image."""
STATION = f"{KEY}station"
"""Name of the station that is shown in place of a view; empty for none."""

LAYERS, STEP, OPTIMISERS, WIDTHS = "layers", "step", "optimisers", "width"
VIEWS: Mapping[str, str] = {
    LAYERS: "Layer by layer",
    STEP: "A training step",
    OPTIMISERS: "Optimisers",
    WIDTHS: "Width",
}
SIZES = (0, 28, 32, 64, 96, 128, 224)
"""To choose from; a run may have been trained on another."""
SMALLEST, LARGEST = 8, 512
MAX_WIDTH = 64

DEFAULTS: Mapping[str, str | int] = {
    VIEW: LAYERS,
    DATASET: "digits",
    MODEL: "net",
    WIDTH: 1,
    SIZE: 0,
    RUN: "",
    SEED: 0,
    INDEX: 0,
    LAYER: 1,
    STATION: "",
}
PARAMETERS: Mapping[str, str] = {
    "view": VIEW,
    "station": STATION,
    "dataset": DATASET,
    "model": MODEL,
    "width": WIDTH,
    "image_size": SIZE,
    "run": RUN,
    "seed": SEED,
    "image": INDEX,
    "layer": LAYER,
}
"""Names in the address, and where their values are kept."""


def fill_in() -> None:
    """Give every value that is not there yet its first one."""
    for key, value in DEFAULTS.items():
        st.session_state.setdefault(key, value)


def checked(name: str, text: str) -> str | int:
    """A value of the address; ValueError in one line where it is not allowed.

    Whether there is such a data set or run is found out where it is looked for.
    """
    choices: Mapping[str, Collection[str]] = {
        "view": VIEWS,
        "model": MODELS,
        "station": [station.name for station in STATIONS],
    }
    if name in ("dataset", "run"):
        if len(text) > 1_000:
            raise ValueError(f"{name}: {len(text):,} letters were given; expected 1,000 at most")
        return text
    if name in choices:
        if text not in choices[name]:
            raise ValueError(f"{name}: {text[:40]!r} was given; choose {', '.join(choices[name])}")
        return text
    low, high = (1, MAX_WIDTH) if name == "width" else (0, MAX_SEED)
    value = int(text) if text.isascii() and text.isdecimal() and len(text) <= 20 else -1
    if not low <= value <= high:
        raise ValueError(
            f"{name}: {text[:40]!r} was given; expected a whole number from {low} to {high:,}"
        )
    if name == "image_size" and value and not SMALLEST <= value <= LARGEST:
        raise ValueError(f"{name}: {value} was given; expected {SMALLEST} to {LARGEST}, or 0")
    return value
