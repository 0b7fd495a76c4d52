"""The fields that choose a network, its weights and the images that go with it."""

from collections.abc import Callable, Mapping, Sequence
from typing import Any

import pandas as pd
import streamlit as st
from torch import Tensor, nn

from blitz.datasets import (
    BUILTIN_DATASETS,
    DatasetError,
    ImageDataset,
    UnreadableImages,
    dataset_title,
)
from blitz.models import MODELS
from blitz.network.plan import MAX_SEED, NetworkPlan, build_empty
from blitz.network.weights import WeightDifference, count_not_finite, differences
from blitz.training.checkpoints import CheckpointError
from blitz.training.config import TrainConfig
from blitz.ui.data import dataset_choices, images_of, is_at_hand
from blitz.ui.network.chosen import ChosenNetwork
from blitz.ui.network.run_weights import (
    RunWeights,
    runs_with_weights,
    shared_model,
    take_up_run,
    weights_of,
)
from blitz.ui.network.state import DATASET, KEY, MAX_WIDTH, MODEL, RUN, SEED, SIZE, SIZES, WIDTH
from blitz.ui.services import Services, services
from blitz.ui.text import plain

SKIP = f"{KEY}skip-unreadable"
NARROW, FIELD = 104, 150
MOST_DIFFERENCES = 20


def choose_network() -> ChosenNetwork | None:
    """Show the fields; the network they choose, or None where the reason is shown instead."""
    with st.container(horizontal=True, gap="small"):
        _show_fields(services())
    chosen = chosen_network()
    if chosen is not None:
        _tell(chosen)
    return chosen


def chosen_network() -> ChosenNetwork | None:
    """The network that the fields say, without them; None where the reason is shown instead."""
    found = services()
    try:
        weights = weights_of(st.session_state[RUN], found) if st.session_state[RUN] else None
    except CheckpointError as error:
        st.error(plain(str(error)))
        return None
    dataset = _images(found)
    if dataset is None:
        return None
    try:
        plan = _plan(dataset, weights)
    except ValueError as error:
        st.error(plain(str(error)))
        return None
    if weights is not None and not _fits(plan, weights):
        return None
    return ChosenNetwork(
        plan=plan,
        source=st.session_state[DATASET],
        dataset=dataset,
        run=weights.run if weights else None,
        weights=weights.sha256 if weights else "",
        shared_model=shared_model(
            plan, weights.sha256 if weights else "", weights.tensors if weights else None
        ),
    )


# Fields


def _show_fields(found: Services) -> None:
    runs = {run.id: run for run in runs_with_weights(found)}
    _select("Data set", DATASET, dataset_choices(found.settings), dataset_title)
    _select("Network", MODEL, list(MODELS), lambda name: MODELS[name].title)
    has_width = MODELS[st.session_state[MODEL]].has_width
    _number("Width", WIDTH, 1, MAX_WIDTH, disabled=not has_width,
            help="Multiplies the feature maps between the two convolutions of Net.")  # fmt: skip
    _select("Image size", SIZE, SIZES, _size_title, width=112)

    def run_title(run_id: str) -> str:
        if run_id not in runs:
            return run_id or "random"
        run = runs[run_id]
        accuracy = f" · {run.accuracy:.1%}" if run.accuracy is not None else ""
        return f"{run.name} (run {run.number}){accuracy}"

    _select("Weights", RUN, ["", *runs], run_title, on_change=_take_up_run, width=230,
            help="Random ones, or those that a training run has learned.")  # fmt: skip
    _number("Seed", SEED, 0, MAX_SEED, disabled=bool(st.session_state[RUN]),
            help="Of the random weights: those that a run with this seed begins with.")  # fmt: skip


def _select(
    label: str,
    key: str,
    options: Sequence[Any],
    format_func: Callable[[Any], str],
    *,
    on_change: Callable[[], None] | None = None,
    width: int = FIELD,
    help: str | None = None,
) -> None:
    # What the address named may be gone since; it stays to be seen.
    is_gone = st.session_state[key] not in options
    options = [*options, st.session_state[key]] if is_gone else options
    st.selectbox(
        label, options, key=key, format_func=format_func, on_change=on_change, width=width,
        help=help, persist_state="session",
    )  # fmt: skip


def _size_title(size: int) -> str:
    return f"{size} × {size}" if size else "as it is"


def _number(label: str, key: str, low: int, high: int, *, disabled: bool, help: str) -> None:
    # A field of its own: one that was emptied has no number.
    field = f"{key}-field"
    st.session_state[field] = st.session_state[key]
    st.number_input(
        label, low, high, key=field, step=1, disabled=disabled, help=help, width=NARROW,
        on_change=_take_number, args=(key, low),
    )  # fmt: skip


def _take_number(key: str, otherwise: int) -> None:
    given = st.session_state[f"{key}-field"]
    st.session_state[key] = otherwise if given is None else given


def _take_up_run() -> None:
    """Show the run's own network and images, since its weights fit no other."""
    take_up_run(st.session_state[RUN])


# Images


def _images(found: Services) -> ImageDataset | None:
    """The images at their own size; None where they have to be asked for, or cannot be had."""
    source = st.session_state[DATASET]
    config = TrainConfig(dataset=source, skip_unreadable=bool(st.session_state.get(SKIP)))
    if not is_at_hand(config, found.settings):
        builtin = BUILTIN_DATASETS.get(source)
        size = f" ({builtin.download_megabytes} MB to download)" if builtin else ""
        if not st.button(f"Load {plain(dataset_title(source))}{size}", icon=":material/download:"):
            st.caption("These images are not read yet. Digits are at hand without a download.")
            return None
    try:
        return images_of(config, found.settings)
    except UnreadableImages as error:
        st.error(plain(str(error)))
        st.checkbox("Leave these files out", key=SKIP)
    except DatasetError as error:
        st.error(plain(str(error)))
    return None


# Weights


def _plan(dataset: ImageDataset, weights: RunWeights | None) -> NetworkPlan:
    """The network for these images; for a run's weights the one for the images it learned."""
    channels, size, num_classes = dataset.channels, dataset.image_size, dataset.num_classes
    if weights is not None:
        learned = BUILTIN_DATASETS.get(weights.run.config.dataset)
        if learned is not None:
            channels, size = learned.channels, learned.image_size
        if weights.run.details is not None:
            num_classes = len(weights.run.details.classes)
    return NetworkPlan(
        model=st.session_state[MODEL],
        channels=channels,
        image_size=st.session_state[SIZE] or size,
        num_classes=num_classes,
        width=st.session_state[WIDTH] if MODELS[st.session_state[MODEL]].has_width else 1,
        seed=0 if weights else st.session_state[SEED],
    )


def _fits(plan: NetworkPlan, weights: RunWeights) -> bool:
    """Whether the weights are of this network; if not, where they differ is shown."""
    found = _differences(plan, weights.sha256, weights.tensors)
    if not found:
        return True
    st.error(
        f"The weights of {plain(weights.run.name)} are of another shape: {len(found)} "
        f"tensor{'s differ' if len(found) > 1 else ' differs'}."
    )
    st.dataframe(
        pd.DataFrame(
            {
                "tensor": [each.name for each in found],
                "this network": [_shape(each.expected) for each in found],
                "the weights": [_shape(each.given) for each in found],
            }
        )[:MOST_DIFFERENCES],
        hide_index=True,
        width="content",
    )
    st.button("Show the run's own network", on_click=_take_up_run, type="primary")
    return False


@st.cache_data(max_entries=100, show_spinner=False)
def _differences(
    plan: NetworkPlan, sha256: str, _tensors: Mapping[str, Tensor]
) -> tuple[WeightDifference, ...]:
    return differences(build_empty(plan), _tensors)


def _shape(shape: tuple[int, ...] | None) -> str:
    return "not there" if shape is None else str(list(shape))


def _tell(chosen: ChosenNetwork) -> None:
    """Say what is not as one might think."""
    lost = _not_finite(chosen.weights, chosen.shared_model) if chosen.run else {}
    if lost:
        listed = ", ".join(f"{name} ({count:,})" for name, count in lost.items())
        st.warning(
            f"{sum(lost.values()):,} weights are NaN or infinite: {plain(listed)}. "
            "What depends on them is NaN, too."
        )
    if not chosen.is_at_home and chosen.run is not None:
        st.info(
            f"{plain(chosen.run.name)} learned {plain(dataset_title(chosen.run.config.dataset))}; "
            f"images of {plain(dataset_title(chosen.source))} are made to fit it, and get one of "
            "the answers that it knows."
        )
    if MODELS[chosen.plan.model].is_pretrained and chosen.run is None:
        st.caption("Random weights here; a training run starts from ImageNet's where it can.")


@st.cache_data(max_entries=100, show_spinner=False)
def _not_finite(weights: str, _model: nn.Module) -> dict[str, int]:
    # Weights of one hash have one answer, whichever copy of them is asked.
    return count_not_finite(_model)
