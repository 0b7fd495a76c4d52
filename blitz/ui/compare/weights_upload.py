"""Weights of one's own: choose the network they are for, give the file, see how they do.

Whether a file is taken, `blitz.training.weights_in` decides; what comes of it is a run like others.
"""

import uuid
from dataclasses import dataclass, replace
from pathlib import Path
from typing import TYPE_CHECKING

import pandas as pd
import streamlit as st
import torch
from torch import nn

from blitz.datasets import BUILTIN_DATASETS, dataset_title
from blitz.look import shortened
from blitz.models import MODELS, build_model
from blitz.training.config import TrainConfig
from blitz.training.store import MAX_NAME
from blitz.training.weights_in.policy import Difference, MismatchError, shown
from blitz.training.weights_in.reading import read_weights
from blitz.training.weights_in.starting import start_evaluation
from blitz.ui.compare.next_panel import open_panel
from blitz.ui.compare.state import MOST_SELECTED, SELECTED
from blitz.ui.data import dataset_choices, images_of
from blitz.ui.faults import faults_in_plain_words
from blitz.ui.services import Services
from blitz.ui.text import plain
from blitz.ui.uploaded_files import let_go
from blitz.ui.visitor import visitor

if TYPE_CHECKING:
    from streamlit.runtime.uploaded_file_manager import UploadedFile

KEY = "weights_upload_"
LIMIT_MEGABYTES = 200
"""A ResNet-18 with the state of its optimiser takes about 135 MB."""
LIMIT_BYTES = LIMIT_MEGABYTES * 2**20  # as Streamlit counts
EVALUATED = KEY + "evaluated"
"""Id of the run that was made last."""
COMPARING = ("Classes", "Images", "Weights")
"""Panels that show what weights can do."""
SAVE_FLOAT32 = """torch.save(
    {
        name: value.float() if value.is_floating_point() else value
        for name, value in model.state_dict().items()
    },
    "weights.pth",
)"""
SAVE_ANEW = """# as PyTorch before 1.6 saved it; where you trust the file:
torch.save(torch.load("old.pth", weights_only=True), "weights.pth")"""
_PICKLE = b"\x80"
_OTHER_FLOATS = ("float16", "bfloat16", "float64")
AS_IT_IS = 0
_IMAGE_SIZES = (AS_IT_IS, 28, 32, 64, 96, 128, 224)
_FIELD = 200
_MOST_DIFFERENCES = 200


@dataclass(frozen=True, kw_only=True, slots=True)
class _Outcome:
    """What came of reading one file for one network; the weights themselves are not kept."""

    asked: tuple[str, TrainConfig]
    """The upload and the network that it was read for."""
    notes: tuple[str, ...] = ()
    warning: str = ""
    fault: str = ""
    hint: str = ""
    """How the file could be saved so that it is taken; empty where nobody knows."""
    differences: tuple[Difference, ...] = ()


def show_upload(services: Services) -> None:
    """Show the fields and the file's place; on Evaluate, make a run of the weights."""
    _tell_evaluated(services)
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
        # After an evaluation another field takes this one's place, and its file is let go of.
        number = st.session_state.setdefault(KEY + "number", 0)
        file = st.file_uploader(
            "Weights, as .safetensors or .pth",
            type=["safetensors", "pth", "pt"],
            max_upload_size=LIMIT_MEGABYTES,
            key=f"{KEY}file-{number}",
            help="What `model.state_dict()` holds. Nothing in a file is carried out.",
        )
        if file is None:
            forget_upload()
            return
        asked = (file.file_id, config)
        outcome: _Outcome | None = st.session_state.get(KEY + "outcome")
        if outcome is not None and outcome.asked[0] != file.file_id:
            forget_upload()  # another file has taken its place
        if outcome is None or outcome.asked != asked:
            with st.spinner("Looking into the file"):
                outcome = _read(asked, file.getvalue(), file.name, model)
            st.session_state[KEY + "outcome"] = outcome
        if _show_outcome(outcome, file.name):
            _evaluate(services, file, model, config)


def forget_upload() -> None:
    """Let go of the file that was looked into; call it where its field is not drawn."""
    outcome: _Outcome | None = st.session_state.pop(KEY + "outcome", None)
    if outcome is not None:
        let_go(outcome.asked[0])


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
        hint = SAVE_FLOAT32 if _differ_by_precision(error.differences) else ""
        return _Outcome(asked=asked, fault=str(error), hint=hint, differences=error.differences)
    except ValueError as error:
        is_old = content.startswith(_PICKLE) and not name.endswith(".safetensors")
        return _Outcome(asked=asked, fault=str(error), hint=SAVE_ANEW if is_old else "")
    return _Outcome(asked=asked, notes=weights.notes, warning=weights.warning)


def _differ_by_precision(differences: tuple[Difference, ...]) -> bool:
    """Whether all would fit if they were float32."""
    return all(
        each.given is not None
        and each.given.dtype in _OTHER_FLOATS
        and each.expected == replace(each.given, dtype="float32")
        for each in differences
    )


def _show_outcome(outcome: _Outcome, file_name: str) -> bool:
    """Show what came of reading the file; whether it is to be evaluated."""
    if outcome.fault:
        st.error(plain(outcome.fault))
        if outcome.hint:
            st.caption("Saved like this, it is taken:")
            st.code(outcome.hint, language="python")
        if outcome.differences:
            st.dataframe(_difference_table(outcome.differences), hide_index=True)
        return False
    for note in outcome.notes:
        st.caption(plain(note))
    if outcome.warning:
        st.warning(plain(outcome.warning))
    with st.container(horizontal=True, vertical_alignment="bottom"):
        st.text_input(
            "Name of the run",
            key=KEY + "name",
            placeholder=_default_name(file_name),
            max_chars=MAX_NAME,
            width=320,
        )
        is_wanted = st.button("Evaluate", type="primary", key=KEY + "evaluate")
    if not is_wanted:
        # Clicks that arrive before this drawing was replaced bring its token: one run.
        st.session_state[KEY + "token"] = uuid.uuid4().hex
    return is_wanted


def _evaluate(
    services: Services, file: "UploadedFile", model: nn.Module, config: TrainConfig
) -> None:
    """Make a run of the weights, and choose it beside those that are chosen."""
    name = st.session_state[KEY + "name"].strip() or _default_name(file.name)
    try:
        with st.spinner("Starting"):
            # Read anew: as long as nobody decides, they need not lie about.
            weights = read_weights(file.getvalue(), file.name, model, limit_bytes=LIMIT_BYTES)
            token = st.session_state[KEY + "token"]
            [run] = services.limits.start(
                visitor(),
                lambda: [
                    start_evaluation(
                        services.store,
                        services.launcher,
                        weights,
                        config,
                        name=name,
                        file_name=file.name,
                        token=token,
                    )
                ],
                token=token,
            )
    except ValueError as error:
        st.error(plain(str(error)))
        return
    others = [run_id for run_id in st.session_state.get(SELECTED, ()) if run_id != run.id]
    st.session_state[SELECTED] = (*others[: MOST_SELECTED - 1], run.id)
    st.session_state[EVALUATED] = run.id
    st.session_state[KEY + "number"] += 1
    forget_upload()
    st.rerun()


def _tell_evaluated(services: Services) -> None:
    """A line about the last weights that were brought, and the ways on to comparing them."""
    run = services.launcher.run(st.session_state.get(EVALUATED, ""))
    if run is None or run.deleted_at is not None:
        return
    name = plain(shortened(run.name, 60))
    if run.accuracy is None:
        st.success(f"{name} is chosen in the table and is being evaluated.")
    else:
        st.success(f"{name} is chosen in the table. Its test accuracy: {run.accuracy:.2%}")
    with st.container(horizontal=True, gap="small"):
        for panel in COMPARING:
            st.button(
                f"Compare {panel.lower()}", key=f"{KEY}to-{panel}", on_click=open_panel,
                args=(panel,),
            )  # fmt: skip


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
