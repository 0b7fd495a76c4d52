"""One tensor of two runs in pictures: how its values spread, and its filters side by side."""

from collections.abc import Sequence

import streamlit as st

from blitz.datasets import BUILTIN_DATASETS
from blitz.network.pictures.mosaic import largest_magnitude
from blitz.training.comparing_figures.figures import weights_figure
from blitz.training.config import TrainConfig
from blitz.ui.compare.epoch_weights import NAMES, picture_of, show_picture
from blitz.ui.compare.state import KEY
from blitz.ui.figure_view import figure_view
from blitz.ui.network.run_weights import RunWeights

TENSOR = f"{KEY}weights-of"
PART = 470
"""Width of a picture in pixels."""


def show_pictures(first: RunWeights, second: RunWeights, names: Sequence[str]) -> None:
    """Show one of the tensors that both runs have alike; by default the first of them."""
    if st.session_state.get(TENSOR) not in names:
        st.session_state[TENSOR] = names[0]
    name = st.selectbox("Tensor", names, key=TENSOR, persist_state="session", width=260)
    a, b = (each.tensors[name].float() for each in (first, second))
    figure_view(
        weights_figure(a.numpy(), b.numpy()),
        key=f"{KEY}weights-spread",
        label=f"how the values of {name} spread in A and B",
    )
    if a.ndim not in NAMES:
        return
    limit = max(map(largest_magnitude, (a, b))) or 1.0
    image_shape = _image_shape(first.run.config) if name == names[0] else ()
    with st.container(horizontal=True, gap="medium"):
        for letter, tensor in (("A", a), ("B", b)):
            with st.container(width=PART):
                st.markdown(f"**{letter}**")
                show_picture(
                    picture_of(tensor, image_shape), limit=limit, key=f"{KEY}weights-{letter}",
                    label=f"{name} of {letter}",
                )  # fmt: skip
    st.caption("Blue below 0, grey 0, orange above; one scale for both.")


def _image_shape(config: TrainConfig) -> tuple[int, ...]:
    """Channels, height and width of the images, where they are known without loading any."""
    known = BUILTIN_DATASETS.get(config.dataset)
    if known is None:
        return ()
    size = config.image_size or known.image_size
    return (known.channels, size, size)
