"""Weights of one's own: choose the network they are for, give the file, see how they do.

Whether a file is taken, `blitz.training.weights_in` decides; what comes of it is a run like others.
"""

import uuid
from dataclasses import dataclass
from pathlib import Path

import pandas as pd
import streamlit as st
import torch
from torch import nn

from blitz.datasets import BUILTIN_DATASETS
from blitz.models import MODELS, build_model
from blitz.training.config import TrainConfig
from blitz.training.store import MAX_NAME
from blitz.training.weights_in.policy import Difference, MismatchError, shown
from blitz.training.weights_in.reading import GivenWeights, read_weights
from blitz.training.weights_in.starting import start_evaluation
from blitz.ui.data import dataset_choices, dataset_title, images_of
from blitz.ui.faults import faults_in_plain_words
from blitz.ui.services import Services
from blitz.ui.text import bytes_text, plain

KEY = "weights_upload_"
LIMIT_BYTES = 200_000_000
"""A ResNet-18 with the state of its optimiser takes about 135 MB."""
AS_IT_IS = 0
_IMAGE_SIZES = (AS_IT_IS, 28, 32, 64, 96, 128, 224)
_FIELD = 200
_MOST_DIFFERENCES = 200


@dataclass(frozen=True, kw_only=True, slots=True)
class _Outcome:
    """What came of reading one file for one network."""

    asked: tuple[str, TrainConfig]
    """The upload and the network that it was read for."""
    weights: GivenWeights | None = None
    fault: str = ""
    differences: tuple[Difference, ...] = ()


def show_upload(services: Services) -> None:
    """Show the fields and the file's place; on Evaluate, make a run of the weights."""
    with st.container(horizontal=True):
        config = _network_fields(services)
    if config is None:
        return
    with faults_in_plain_words():
        try:
            model = _empty_model(config, services)
        except ValueError as error:  # a DatasetError is one
            st.error(plain(str(error)))
            return
        file = st.file_uploader(
            f"Weights, as .safetensors or .pth, up to {bytes_text(LIMIT_BYTES)}",
            type=["safetensors", "pth", "pt"],
            key=KEY + "file",
            help="What `model.state_dict()` holds. Nothing in a file is carried out.",
        )
        if file is None:
            st.session_state.pop(KEY + "outcome", None)
            return
        asked = (file.file_id, config)
        outcome: _Outcome | None = st.session_state.get(KEY + "outcome")
        if outcome is None or outcome.asked != asked:
            with st.spinner("Looking into the file"):
                outcome = _read(asked, file.getvalue(), file.name, model)
            st.session_state[KEY + "outcome"] = outcome
        _show_outcome(services, outcome, config, file.name)


def _network_fields(services: Services) -> TrainConfig | None:
    """The network as a config, or None with a message where it cannot be."""
    dataset = st.selectbox(
        "Data set",
        dataset_choices(services.settings),
        format_func=dataset_title,
        key=KEY + "dataset",
        width=_FIELD,
    )
    size = st.selectbox(
        "Image size",
        _IMAGE_SIZES,
        format_func=lambda size: f"{size} × {size}" if size else "as it is",
        key=KEY + "image_size",
        width=_FIELD,
    )
    model = st.selectbox(
        "Network",
        list(MODELS),
        format_func=lambda name: MODELS[name].title,
        key=KEY + "model",
        width=_FIELD,
    )
    width = st.number_input(
        "Width",
        value=1,
        step=1,
        key=KEY + "width",
        disabled=not MODELS[model].has_width,
        width=_FIELD,
    )
    try:
        return TrainConfig(
            dataset=dataset,
            model=model,
            width=width if MODELS[model].has_width else 1,
            image_size=size or None,
        )
    except ValueError as error:
        st.error(plain(str(error)))
        return None


def _empty_model(config: TrainConfig, services: Services) -> nn.Module:
    """The network on the meta device: its shapes without numbers. Raises ValueError, OSError."""
    builtin = BUILTIN_DATASETS.get(config.dataset)
    if builtin is not None:
        channels, size, num_classes = builtin.channels, builtin.image_size, len(builtin.classes)
    else:
        dataset = images_of(config, services.settings)
        channels, size, num_classes = dataset.channels, dataset.image_size, dataset.num_classes
    with torch.device("meta"):
        return build_model(
            config.model,
            channels=channels,
            image_size=config.image_size or size,
            num_classes=num_classes,
            width=config.width,
        )


def _read(asked: tuple[str, TrainConfig], content: bytes, name: str, model: nn.Module) -> _Outcome:
    try:
        weights = read_weights(content, name, model, limit_bytes=LIMIT_BYTES)
    except MismatchError as error:
        return _Outcome(asked=asked, fault=str(error), differences=error.differences)
    except ValueError as error:
        return _Outcome(asked=asked, fault=str(error))
    return _Outcome(asked=asked, weights=weights)


def _show_outcome(
    services: Services, outcome: _Outcome, config: TrainConfig, file_name: str
) -> None:
    if outcome.weights is None:
        st.error(plain(outcome.fault))
        if outcome.differences:
            st.dataframe(_difference_table(outcome.differences), hide_index=True)
        return
    for note in outcome.weights.notes:
        st.caption(plain(note))
    if outcome.weights.warning:
        st.warning(plain(outcome.weights.warning))
    with st.container(horizontal=True, vertical_alignment="bottom"):
        name = st.text_input(
            "Name of the run",
            key=KEY + "name",
            placeholder=_default_name(file_name),
            max_chars=MAX_NAME,
            width=320,
        )
        is_wanted = st.button("Evaluate", type="primary", key=KEY + "evaluate")
    if is_wanted:
        _evaluate(services, outcome.weights, config, name.strip(), file_name)
    else:
        # Clicks that arrive before this drawing was replaced bring its token: one run.
        st.session_state[KEY + "token"] = uuid.uuid4().hex


def _evaluate(
    services: Services, weights: GivenWeights, config: TrainConfig, name: str, file_name: str
) -> None:
    try:
        run = start_evaluation(
            services.store,
            services.launcher,
            weights,
            config,
            name=name or _default_name(file_name),
            file_name=file_name,
            token=st.session_state[KEY + "token"],
        )
    except ValueError as error:
        st.error(plain(str(error)))
        return
    st.success(f"{plain(run.name)} is in the table of runs and is being evaluated.")


def _default_name(file_name: str) -> str:
    return (shown(Path(file_name).stem).strip() or "weights")[:MAX_NAME]


def _difference_table(differences: tuple[Difference, ...]) -> pd.DataFrame:
    listed = differences[:_MOST_DIFFERENCES]
    return pd.DataFrame(
        {
            "tensor": [shown(each.name) for each in listed],
            "expected": [str(each.expected or "–") for each in listed],
            "given": [str(each.given or "–") for each in listed],
        }
    )
