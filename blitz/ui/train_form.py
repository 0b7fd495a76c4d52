"""The form in which a person puts a run together: what to train on, what, and how."""

import uuid
from collections.abc import Callable, Mapping
from typing import Any, get_args

import streamlit as st

from blitz.datasets import BUILTIN_DATASETS, ImageDataset, dataset_title
from blitz.devices import list_devices
from blitz.models import MODELS, build_model, check_model, count_parameters
from blitz.training.config import (
    LossName,
    OptimiserName,
    Precision,
    ScheduleName,
    TrainConfig,
)
from blitz.training.presets import PRESETS, Preset
from blitz.training.store import MAX_NAME
from blitz.ui.data import dataset_choices, save_upload
from blitz.ui.services import Services
from blitz.ui.text import plain
from blitz.ui.train_samples import show_samples
from blitz.ui.train_values import KEY, fill_in, fill_in_once, image_sizes, take_up_address
from blitz.ui.visitor import is_at_this_machine

UPLOAD, OWN_PATH = "Upload an archive…", "A path on this machine…"
FORM_WIDTH, SAMPLES_WIDTH = 544, 384
WIDE_FIELD, FIELD = 264, 170  # two or three beside each other in the form

Errors = dict[str, Callable[[str], Any]]
"""For each field, what shows a message below it."""


def show_form(services: Services) -> None:
    """Show the form; on Start, begin the run and open it."""
    fill_in_once(PRESETS[0].config)
    for complaint in take_up_address(services.settings):
        st.warning(plain(complaint))
    # Widths of their own rather than columns: on a narrow page one goes below the other.
    with st.container(horizontal=True, gap="medium"):
        left, right = st.container(width=FORM_WIDTH), st.container(width=SAMPLES_WIDTH)
    with left:
        _preset_field()
        values, errors = _fields(services)
        config = _checked(values, errors)
    with right:
        # The images stay in view while a number is wrong.
        dataset = show_samples(services, _data_alone(values)) if values["dataset"] else None
    with left:
        if config is not None and _is_buildable(config, dataset, errors):
            _start_row(services, config, dataset)


def _preset_field() -> None:
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


# Fields


class _Fields:
    """The fields drawn so far: their values, and a place below each for what is wrong with it."""

    def __init__(self) -> None:
        self.values: dict[str, Any] = {}
        self.errors: Errors = {}

    def add(
        self,
        name: str,
        widget: Callable[..., Any],
        *arguments: Any,
        wide: bool = False,
        **options: Any,
    ) -> Any:
        with st.container(width=WIDE_FIELD if wide else FIELD):
            self.values[name] = widget(
                *arguments, key=KEY + name, persist_state="session", **options
            )
            self.errors[name] = st.empty().error
        return self.values[name]


def _fields(services: Services) -> tuple[dict[str, Any], Errors]:
    """All fields; their values, and for each a place below it for what is wrong with it."""
    fields = _Fields()
    with st.container(horizontal=True):
        _data_and_network(services, fields)
    with st.container(horizontal=True):
        _learning(fields)
    with st.expander("More"), st.container(horizontal=True):
        _more(fields)
    return fields.values, fields.errors


def _data_and_network(services: Services, fields: _Fields) -> None:
    _dataset_field(services, fields)
    fields.add(
        "image_size",
        st.selectbox,
        "Image size",
        image_sizes(),
        format_func=lambda size: f"{size} × {size}" if size else "as it is",
        wide=True,
    )
    fields.values["image_size"] = fields.values["image_size"] or None
    model = fields.add(
        "model",
        st.selectbox,
        "Network",
        list(MODELS),
        format_func=lambda name: MODELS[name].title,
        help="  \n".join(f"**{m.title}** {m.description}" for m in MODELS.values()),
        wide=True,
    )
    has_width = MODELS[model].has_width
    fields.add(
        "width",
        st.number_input,
        "Width",
        step=1,
        disabled=not has_width,
        help="Multiplies the feature maps between the two convolutions of Net.",
        wide=True,
    )
    if not has_width:
        fields.values["width"] = 1


def _learning(fields: _Fields) -> None:
    optimizer = fields.add("optimizer", st.selectbox, "Optimiser", get_args(OptimiserName))
    fields.add("lr", st.number_input, "Learning rate", format="%g", step=0.001)
    has_momentum = optimizer not in ("adam", "adamw")
    fields.add(
        "momentum",
        st.number_input,
        "Momentum",
        format="%g",
        step=0.1,
        disabled=not has_momentum,
        help=None if has_momentum else f"{optimizer} has its own: 0.9 and 0.999",
    )
    fields.add("epochs", st.number_input, "Epochs", step=1)
    fields.add("batch_size", st.number_input, "Batch size", step=1)
    fields.add("schedule", st.selectbox, "Schedule", get_args(ScheduleName))


def _more(fields: _Fields) -> None:
    fields.add("device", st.selectbox, "Device", ["auto", *(d.name for d in list_devices())])
    fields.add("precision", st.selectbox, "Precision", get_args(Precision))
    fields.add("loss", st.selectbox, "Loss", get_args(LossName))
    fields.add("seed", st.number_input, "Seed", step=1)
    fields.add("weight_decay", st.number_input, "Weight decay", format="%g", step=0.001)
    fields.add(
        "patience",
        st.number_input,
        "Patience",
        step=1,
        help="Stop after this many epochs without a lower test loss; 0 never stops early.",
    )
    fields.add(
        "keep_epochs",
        st.checkbox,
        "Keep every epoch",
        help="Its weights and answers, as far as they fit, to look back at on the Compare page.",
    )


def _dataset_field(services: Services, fields: _Fields) -> None:
    choices = [*dataset_choices(services.settings), UPLOAD]
    if is_at_this_machine():
        choices.append(OWN_PATH)
    if st.session_state[KEY + "dataset"] not in choices:
        choices.insert(0, st.session_state[KEY + "dataset"])
    chosen = fields.add(
        "dataset", st.selectbox, "Data set", choices, format_func=dataset_title, wide=True
    )
    fields.values["skip_unreadable"] = bool(st.session_state.get(KEY + "skip_unreadable"))
    if chosen == UPLOAD:
        fields.values["dataset"] = ""
        _upload(services)
    elif chosen == OWN_PATH:
        path = st.text_input(
            "Folder or archive of class folders",
            key=KEY + "path",
            placeholder="/home/me/photos.zip",
            persist_state="session",
        )
        fields.values["dataset"] = path.strip()


def _upload(services: Services) -> None:
    file = st.file_uploader(
        "One folder a class, or train/ and test/ with one folder a class inside",
        type=["zip", "tar", "gz", "tgz", "bz2", "xz"],
        key=KEY + "upload",
    )
    if file is not None:
        path = save_upload(file.name, file.getvalue(), services.settings.uploads_folder)
        # A widget's value may be set only while the widget is not there.
        st.session_state.pop(KEY + "dataset")
        st.session_state[KEY + "dataset"] = str(path)
        st.rerun()


def _checked(values: Mapping[str, Any], errors: Errors) -> TrainConfig | None:
    """The config of the values, or None with a message below the field that is wrong."""
    if not values["dataset"]:
        return None
    try:
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
        if num_train is not None and config.batch_size > num_train:
            raise ValueError(
                f"batch_size: {config.batch_size:,} was given; there are {num_train:,} "
                "training images"
            )
    except ValueError as error:
        _show_error(str(error), errors)
        return False
    return True


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
        run = services.launcher.start(config, name=title[:MAX_NAME], token=token)
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
