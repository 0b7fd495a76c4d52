"""The form in which a person puts a run together: what to train on, what, and how.

Leaves its fields to `train_fields`.
"""

import uuid
from collections.abc import Mapping
from typing import Any

import streamlit as st
import torch

from blitz.datasets import BUILTIN_DATASETS, BuiltinDataset, ImageDataset, dataset_title
from blitz.models import MODELS, build_model, check_model, count_parameters
from blitz.training.config import TrainConfig
from blitz.training.presets import PRESETS, Preset
from blitz.training.store import MAX_NAME
from blitz.training.whitening import check_whitening
from blitz.ui.faults import faults_in_plain_words
from blitz.ui.processor_time import show_processor_time
from blitz.ui.services import Services
from blitz.ui.text import plain
from blitz.ui.train_fields import Errors, show_fields
from blitz.ui.train_samples import show_samples
from blitz.ui.train_values import KEY, check_seed, fill_in, fill_in_once, take_up_address
from blitz.ui.visitor import visitor

FORM_WIDTH, SAMPLES_WIDTH = 544, 384


@st.fragment
def show_form(services: Services) -> None:
    """Show the form; on Start, begin the run and open it.

    A fragment: what is changed in it changes nothing of the page around it.
    """
    with faults_in_plain_words():
        _show_form(services)


def _show_form(services: Services) -> None:
    fill_in_once(PRESETS[0].config)
    # What comes and goes has a place of its own: "More" would close as it moved in the page.
    with st.container():
        for complaint in take_up_address(services.settings):
            st.warning(plain(complaint))
    # Widths of their own rather than columns: on a narrow page one goes below the other.
    with st.container(horizontal=True, gap="medium"):
        left, right = st.container(width=FORM_WIDTH), st.container(width=SAMPLES_WIDTH)
    with left:
        _preset_field(services)
        values, errors = show_fields(services)
        config = _checked(values, errors)
    with right:
        # The images stay in view while a number is wrong.
        dataset = show_samples(services, _data_alone(values)) if values["dataset"] else None
    with left:
        if config is not None and _is_buildable(config, dataset, errors):
            _start_row(services, config, dataset)


def _preset_field(services: Services) -> None:
    def choose() -> None:
        preset: Preset | None = st.session_state[KEY + "preset"]
        if preset is not None:
            fill_in(preset.config)

    preset = st.selectbox(
        "Preset",
        PRESETS,
        format_func=lambda preset: preset.title,
        key=KEY + "preset",
        on_change=choose,
        persist_state="session",
    )
    st.caption(preset.description)
    with st.container():
        if preset.is_for_gpu and not _has_gpu(services):
            show_processor_time(preset.config)


def _has_gpu(services: Services) -> bool:
    """Whether the device that is chosen now is one."""
    chosen = st.session_state[KEY + "device"]
    return len(services.launcher.devices()) > 1 if chosen == "auto" else chosen != "cpu"


def _checked(values: Mapping[str, Any], errors: Errors) -> TrainConfig | None:
    """The config of the values, or None with a message below the field that is wrong."""
    if not values["dataset"]:
        return None
    try:
        check_seed(values["seed"])
        return TrainConfig(**values)
    except ValueError as error:
        _show_error(str(error), errors)
        return None


def _data_alone(values: Mapping[str, Any]) -> TrainConfig:
    names = ("dataset", "image_size", "skip_unreadable")
    return TrainConfig(**{name: values[name] for name in names})


def _show_error(message: str, errors: Errors) -> None:
    """Show "field: what is wrong" below that field."""
    name, _, rest = message.partition(": ")
    if name in errors:
        errors[name](plain(rest))
    else:
        st.error(plain(message))


def _is_buildable(
    config: TrainConfig,
    dataset: ImageDataset | None,
    errors: Errors,
) -> bool:
    image_size = config.image_size or (dataset.image_size if dataset else None)
    builtin = BUILTIN_DATASETS.get(config.dataset)
    image_size = image_size or (builtin.image_size if builtin else 32)
    num_train = len(dataset.train_labels) if dataset else (builtin.num_train if builtin else None)
    try:
        check_model(config.model, image_size=image_size, width=config.width)
        if config.whiten:
            _check_whitening(config, image_size, (dataset or builtin))
        if num_train is not None and config.batch_size > num_train:
            raise ValueError(
                f"batch_size: {config.batch_size:,} was given; there are {num_train:,} "
                "training images"
            )
    except ValueError as error:
        _show_error(str(error), errors)
        return False
    return True


def _check_whitening(
    config: TrainConfig, image_size: int, data: ImageDataset | BuiltinDataset | None
) -> None:
    with torch.device("meta"):
        model = build_model(
            config.model,
            channels=data.channels if data else None,
            image_size=image_size,
            width=config.width,
        )
    check_whitening(model, is_pretrained=MODELS[config.model].is_pretrained)


# Start


def _start_row(services: Services, config: TrainConfig, dataset: ImageDataset | None) -> None:
    with st.container(horizontal=True, vertical_alignment="bottom"):
        name = st.text_input(
            "Name of the run",
            key=KEY + "name",
            placeholder="optional",
            max_chars=MAX_NAME,
            width=320,
        )
        is_wanted = st.button("Start", type="primary", icon=":material/play_arrow:")
        if dataset is not None:
            st.caption(_describe(config, dataset))
    if is_wanted:
        _start(services, config, name.strip())
    else:
        # Clicks that arrive before the browser has left the form bring the token of this drawing,
        # and one token is one run.
        st.session_state[KEY + "token"] = uuid.uuid4().hex


def _start(services: Services, config: TrainConfig, name: str) -> None:
    title = name or f"{config.model} on {dataset_title(config.dataset)}"
    token = st.session_state[KEY + "token"]
    try:
        [run] = services.limits.start(
            visitor(),
            lambda: [services.launcher.start(config, name=title[:MAX_NAME], token=token)],
            token=token,
        )
    except ValueError as error:
        st.error(plain(str(error)))
        return
    st.query_params.from_dict({"run": run.id})
    st.rerun()


def _describe(config: TrainConfig, dataset: ImageDataset) -> str:
    parameters = _count(
        config.model, dataset.channels, dataset.image_size, dataset.num_classes, config.width
    )
    steps = -(-len(dataset.train_labels) // config.batch_size)
    return f"{parameters:,} parameters · {steps:,} steps an epoch, {config.epochs * steps:,} in all"


@st.cache_data(max_entries=100, show_spinner=False)
def _count(model: str, channels: int, image_size: int, num_classes: int, width: int) -> int:
    return count_parameters(
        build_model(
            model, channels=channels, image_size=image_size, num_classes=num_classes, width=width
        )
    )
