"""Values of the train page's form: kept under its widgets' keys, so that they can be filled in.

Leaves the widgets to the form.
"""

import re
from typing import Any

import streamlit as st

from blitz.datasets import BUILTIN_DATASETS
from blitz.models import MODELS
from blitz.settings import Settings
from blitz.training.config import TrainConfig
from blitz.ui import address_line
from blitz.ui.data import named_dataset

KEY = "train_"
AS_IT_IS = 0
_IMAGE_SIZES = (AS_IT_IS, 28, 32, 64, 96, 128, 224)
_IN_ADDRESS = ("dataset", "model", "width", "image_size", "seed")
_PAGE = "train"
EXACT = 2**53
"""From here on browsers leave out whole numbers."""
_LONGEST = 80
"""Characters of a wrong value that are repeated."""


def fill_in_once(config: TrainConfig) -> None:
    """Fill the form in, unless it has been."""
    if KEY + "dataset" not in st.session_state:
        fill_in(config)


def fill_in(config: TrainConfig) -> None:
    """Put all values of a config into the form."""
    for name, value in config.to_dict().items():
        st.session_state[KEY + name] = value
    # A select box takes None for "nothing chosen".
    st.session_state[KEY + "image_size"] = config.image_size or AS_IT_IS


def image_sizes() -> list[int]:
    """Heights and widths to choose from; among them the one that was filled in."""
    return sorted({*_IMAGE_SIZES, st.session_state[KEY + "image_size"]})


def take_up_address(settings: Settings) -> list[str]:
    """Put what the address says into the form, once; a line for each value that is left out.

    The address stays as it is: what is changed in the form afterwards does not go into it.
    """
    given = {name: st.query_params[name] for name in _IN_ADDRESS if name in st.query_params}
    if not given or address_line.is_own(given, _PAGE):
        return []
    address_line.note(given, _PAGE)
    complaints = []
    for name, text in given.items():
        try:
            st.session_state[KEY + name] = _checked(name, text, settings)
        except ValueError as error:
            complaints.append(f"Left as it was: {error}.")
    size, builtin = given.get("image_size"), BUILTIN_DATASETS.get(given.get("dataset", ""))
    if builtin is not None and size == str(builtin.image_size):
        st.session_state[KEY + "image_size"] = AS_IT_IS
    return complaints


def whole(number: float) -> int | float:
    """What was typed into a field that counts; what is no exact whole number is refused later."""
    return int(number) if float(number).is_integer() and abs(number) < EXACT else number


def check_seed(seed: float) -> None:
    """ValueError for one that is none, or that the browser may not have sent as it was typed."""
    if not (isinstance(seed, int) and 0 <= seed < EXACT):
        raise ValueError(f"seed: {seed} was given; expected a whole number from 0 to {EXACT - 1:,}")


def _checked(name: str, text: str, settings: Settings) -> Any:
    """The value of a field; ValueError in one line where it cannot be that."""
    shown = text if len(text) <= _LONGEST else f"{text[:_LONGEST]}…"
    if name == "dataset":
        # A path from anybody's link is read only where this server offers it anyway.
        found = named_dataset(text, settings)
        if found is None:
            raise ValueError(f"dataset: {shown!r} was given; it is not among those offered here")
        return found
    if name == "model":
        if text not in MODELS:
            raise ValueError(f"model: {shown!r} was given; choose {', '.join(MODELS)}")
        return text
    if not re.fullmatch(r"[0-9]{1,16}", text) or int(text) >= EXACT:
        raise ValueError(f"{name}: {shown!r} was given; expected a whole number below 2⁵³")
    return getattr(TrainConfig.from_dict({name: int(text)}), name)
