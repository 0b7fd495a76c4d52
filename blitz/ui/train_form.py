"""The form in which a person puts a run together: what to train on, what, and how."""

import uuid
from collections.abc import Callable, Mapping
from typing import Any, get_args

import streamlit as st
from torch import Generator, randperm

from blitz.datasets import BUILTIN_DATASETS, DatasetError, ImageDataset, UnreadableImages
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
from blitz.ui.data import dataset_choices, dataset_title, images_of, is_at_hand, save_upload
from blitz.ui.pictures import show_pictures
from blitz.ui.services import Services
from blitz.ui.text import plain

UPLOAD, OWN_PATH = "Upload an archive…", "A path on this machine…"
AS_IT_IS = 0
IMAGE_SIZES = (AS_IT_IS, 28, 32, 64, 96, 128, 224)
NUM_SAMPLES = 16
KEY = "train_"


def show_form(services: Services) -> None:
    """Show the form; on Start, begin the run and open it."""
    _fill_in_once(PRESETS[0].config)
    _preset_row()
    left, right = st.columns([3, 2], gap="large")
    with left:
        values, errors = _fields(services)
        config = _checked(values, errors)
    with right:
        dataset = _samples(services, config) if config else None
    with left:
        if config is not None and _is_buildable(config, dataset, errors):
            _start_row(services, config, dataset)


# Values: kept under the widgets' keys, so that a preset can fill them in


def _fill_in_once(config: TrainConfig) -> None:
    if KEY + "dataset" not in st.session_state:
        _fill_in(config)


def _fill_in(config: TrainConfig) -> None:
    for name, value in config.to_dict().items():
        st.session_state[KEY + name] = value
    # A select box takes None for "nothing chosen".
    st.session_state[KEY + "image_size"] = config.image_size or AS_IT_IS


def _preset_row() -> None:
    def choose() -> None:
        preset: Preset | None = st.session_state[KEY + "preset"]
        if preset is not None:
            _fill_in(preset.config)

    left, right = st.columns([3, 2], gap="large", vertical_alignment="bottom")
    preset = left.selectbox(
        "Preset",
        PRESETS,
        format_func=lambda preset: preset.title,
        key=KEY + "preset",
        on_change=choose,
        persist_state="session",
    )
    right.caption(preset.description)


# Fields


def _fields(services: Services) -> tuple[dict[str, Any], dict[str, Callable[[str], Any]]]:
    """All fields; their values, and for each a place below it for what is wrong with it."""
    values: dict[str, Any] = {}
    errors: dict[str, Callable[[str], Any]] = {}

    def field(name: str, widget: Callable[..., Any], label: str, *args: Any, **options: Any) -> Any:
        value = widget(label, *args, key=KEY + name, persist_state="session", **options)
        values[name] = value
        errors[name] = st.empty().error
        return value

    st.markdown("##### Images and network")
    first, second = st.columns(2)
    with first:
        _dataset_field(services, field, values)
    with second:
        field(
            "image_size",
            st.selectbox,
            "Image size",
            IMAGE_SIZES,
            format_func=lambda size: f"{size} × {size}" if size else "as it is",
        )
        values["image_size"] = values["image_size"] or None
    first, second = st.columns(2)
    with first:
        model = field(
            "model",
            st.selectbox,
            "Network",
            list(MODELS),
            format_func=lambda name: MODELS[name].title,
            help="  \n".join(f"**{m.title}** {m.description}" for m in MODELS.values()),
        )
    with second:
        field(
            "width",
            st.number_input,
            "Width",
            step=1,
            disabled=not MODELS[model].has_width,
            help="Multiplies the feature maps between the two convolutions of Net.",
        )
        if not MODELS[model].has_width:
            values["width"] = 1
    st.markdown("##### Learning")
    first, second, third = st.columns(3)
    with first:
        optimizer = field("optimizer", st.selectbox, "Optimiser", get_args(OptimiserName))
        field("epochs", st.number_input, "Epochs", step=1)
    with second:
        field("lr", st.number_input, "Learning rate", format="%g", step=0.001)
        field("batch_size", st.number_input, "Batch size", step=1)
    with third:
        has_momentum = optimizer not in ("adam", "adamw")
        field(
            "momentum",
            st.number_input,
            "Momentum",
            format="%g",
            step=0.1,
            disabled=not has_momentum,
            help=None if has_momentum else f"{optimizer} has its own: 0.9 and 0.999",
        )
        field("schedule", st.selectbox, "Schedule of the rate", get_args(ScheduleName))
    with st.expander("More"):
        first, second, third = st.columns(3)
        with first:
            field("device", st.selectbox, "Device", ["auto", *(d.name for d in list_devices())])
            field("loss", st.selectbox, "Loss", get_args(LossName))
        with second:
            field("precision", st.selectbox, "Precision", get_args(Precision))
            field("weight_decay", st.number_input, "Weight decay", format="%g", step=0.001)
        with third:
            field("seed", st.number_input, "Seed", step=1)
            field(
                "patience",
                st.number_input,
                "Patience",
                step=1,
                help="Stop after this many epochs without a lower test loss; 0 never stops early.",
            )
    return values, errors


def _dataset_field(services: Services, field: Callable[..., Any], values: dict[str, Any]) -> None:
    choices = [*dataset_choices(services.settings), UPLOAD]
    # Only someone at this machine may name any path on it.
    if st.context.ip_address is None:
        choices.append(OWN_PATH)
    if st.session_state[KEY + "dataset"] not in choices:
        choices.insert(0, st.session_state[KEY + "dataset"])
    chosen = field("dataset", st.selectbox, "Data set", choices, format_func=dataset_title)
    values["skip_unreadable"] = bool(st.session_state.get(KEY + "skip_unreadable"))
    if chosen == UPLOAD:
        values["dataset"] = ""
        file = st.file_uploader(
            "One folder a class, or train/ and test/ with one folder a class inside",
            type=["zip", "tar", "gz", "tgz", "bz2", "xz"],
            key=KEY + "upload",
        )
        if file is not None:
            path = save_upload(file.name, file.getvalue(), services.settings.uploads_folder)
            st.session_state.pop(KEY + "dataset")
            st.session_state[KEY + "dataset"] = str(path)
            st.rerun()
    elif chosen == OWN_PATH:
        values["dataset"] = st.text_input(
            "Folder or archive of class folders",
            key=KEY + "path",
            placeholder="/home/me/photos.zip",
            persist_state="session",
        ).strip()


def _checked(
    values: Mapping[str, Any], errors: Mapping[str, Callable[[str], Any]]
) -> TrainConfig | None:
    """The config of the values, or None with a message below the field that is wrong."""
    if not values["dataset"]:
        return None
    try:
        return TrainConfig(**values)
    except ValueError as error:
        _show_error(str(error), errors)
        return None


def _show_error(message: str, errors: Mapping[str, Callable[[str], Any]]) -> None:
    """Show "field: what is wrong" below that field."""
    name, _, rest = message.partition(": ")
    if name in errors:
        errors[name](plain(rest))
    else:
        st.error(plain(message))


def _is_buildable(
    config: TrainConfig,
    dataset: ImageDataset | None,
    errors: Mapping[str, Callable[[str], Any]],
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


# Sample images


def _samples(services: Services, config: TrainConfig) -> ImageDataset | None:
    st.markdown("##### Some training images")
    title = plain(dataset_title(config.dataset))
    if not is_at_hand(config, services.settings):
        builtin = BUILTIN_DATASETS.get(config.dataset)
        size = f" ({builtin.download_megabytes} MB to download)" if builtin else ""
        if not st.button(f"Load {title}{size}", icon=":material/download:"):
            st.caption("Not read yet. Start reads it too.")
            return None
    try:
        dataset = images_of(config, services.settings)
    except UnreadableImages as error:
        st.error(plain(str(error)))
        st.checkbox("Leave these files out", key=KEY + "skip_unreadable")
        return None
    except DatasetError as error:
        st.error(plain(str(error)))
        return None
    # The same images while other fields change; others when asked for.
    draw = st.session_state.setdefault(KEY + "draw", 0)
    order = randperm(len(dataset.train_labels), generator=Generator().manual_seed(draw))
    chosen = order[:NUM_SAMPLES]
    show_pictures(
        dataset.train_images[chosen],
        [dataset.classes[label] for label in dataset.train_labels[chosen].tolist()],
    )
    if st.button("Others", icon=":material/shuffle:"):
        st.session_state[KEY + "draw"] = draw + 1
        st.rerun()
    st.caption(
        f"{title}: {len(dataset.train_labels):,} to train on, {len(dataset.test_labels):,} to "
        f"test on, {dataset.num_classes} classes, {dataset.channels}×{dataset.image_size}×"
        f"{dataset.image_size}"
    )
    return dataset


# Start


def _start_row(services: Services, config: TrainConfig, dataset: ImageDataset | None) -> None:
    with st.container(horizontal=True, vertical_alignment="bottom"):
        name = st.text_input(
            "Name of the run", key=KEY + "name", placeholder="optional", max_chars=200, width=320
        )
        is_wanted = st.button("Start", type="primary", icon=":material/play_arrow:")
        if dataset is not None:
            st.caption(_describe(config, dataset))
    if is_wanted:
        # Two clicks bring the same token, and the same token is one run.
        token = st.session_state.setdefault(KEY + "token", uuid.uuid4().hex)
        title = name.strip() or f"{config.model} on {dataset_title(config.dataset)}"
        run = services.launcher.start(config, name=title, token=token)
        st.session_state.pop(KEY + "token", None)
        st.query_params["run"] = run.id
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
