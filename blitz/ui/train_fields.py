"""The fields of the train page's form, and the groups they stand in.

Leaves what their values mean, and which of them are wrong, to the form.
"""

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import Any, get_args

import streamlit as st

from blitz.datasets import dataset_title
from blitz.models import MODELS
from blitz.training.config import (
    AugmentName,
    AveragingName,
    LossName,
    OptimiserName,
    Precision,
    ScheduleName,
)
from blitz.ui.data import dataset_choices, save_upload
from blitz.ui.services import Services
from blitz.ui.train_values import KEY, image_sizes, whole
from blitz.ui.visitor import is_at_this_machine

UPLOAD, OWN_PATH = "Upload an archive…", "A path on this machine…"
WIDE_FIELD, FIELD, NARROW_FIELD = 264, 170, 158
"""Two beside each other in the form, three, and three in the box within it."""

Errors = dict[str, Callable[[str], Any]]
"""For each field, what shows a message below it."""


class _Fields:
    """The fields drawn so far: their values, and a place below each for what is wrong with it."""

    def __init__(self) -> None:
        self._width = WIDE_FIELD
        self.values: dict[str, Any] = {}
        self.errors: Errors = {}

    @contextmanager
    def row(self, width: int) -> Iterator[None]:
        """Within it, fields of this width stand beside each other."""
        self._width = width
        with st.container(horizontal=True):
            yield

    def add(
        self,
        name: str,
        widget: Callable[..., Any],
        *arguments: Any,
        **options: Any,
    ) -> Any:
        with st.container(width=self._width):
            self.values[name] = widget(
                *arguments, key=KEY + name, persist_state="session", **options
            )
            self.errors[name] = st.empty().error
        return self.values[name]

    def add_count(self, name: str, label: str, **options: Any) -> None:
        """A field for a whole number. It takes any: browsers round silently what is none."""
        number = self.add(name, st.number_input, label, format="%g", step=1.0, **options)
        self.values[name] = whole(number)


def show_fields(services: Services) -> tuple[dict[str, Any], Errors]:
    """All fields; their values, and for each a place below it for what is wrong with it."""
    fields = _Fields()
    with fields.row(WIDE_FIELD):
        _data_and_network(services, fields)
    with fields.row(FIELD):
        _learning(fields)
    with st.expander("More"):
        for heading, draw in _MORE.items():
            st.caption(heading)
            with fields.row(NARROW_FIELD):
                draw(services, fields)
    return fields.values, fields.errors


def _data_and_network(services: Services, fields: _Fields) -> None:
    _dataset_field(services, fields)
    fields.add(
        "image_size",
        st.selectbox,
        "Image size",
        image_sizes(),
        format_func=lambda size: f"{size} × {size}" if size else "as it is",
    )
    fields.values["image_size"] = fields.values["image_size"] or None
    model = fields.add(
        "model",
        st.selectbox,
        "Network",
        list(MODELS),
        format_func=lambda name: MODELS[name].title,
        help="  \n".join(f"**{m.title}** {m.description}" for m in MODELS.values()),
    )
    has_width = MODELS[model].has_width
    fields.add_count(
        "width",
        "Width",
        disabled=not has_width,
        help="Multiplies the feature maps: of Net those between its two convolutions.",
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
    fields.add_count("epochs", "Epochs")
    fields.add_count("batch_size", "Batch size")
    fields.add("schedule", st.selectbox, "Schedule", get_args(ScheduleName))


def _running(services: Services, fields: _Fields) -> None:
    fields.add("device", st.selectbox, "Device", ["auto", *services.launcher.devices()])
    fields.add("precision", st.selectbox, "Precision", get_args(Precision))
    fields.add_count(
        "processes",
        "Processes",
        help="1 to 64 processes of this machine share every batch. On several GPUs each has one.",
    )
    fields.add_count("seed", "Seed")
    fields.add_count(
        "patience",
        "Patience",
        help="Stop after this many epochs without a lower test loss; 0 never stops early.",
    )
    fields.add(
        "keep_epochs",
        st.checkbox,
        "Keep every epoch",
        help="Its weights and answers, as far as they fit, to look back at on the Compare page.",
    )
    fields.add(
        "compiled",
        st.checkbox,
        "Compile",
        help="torch.compile joins the network's small kernels. It takes up to a minute before the "
        "first step, and is meant for long runs on a GPU; a processor gets slower.",
    )


def _learning_more(_services: Services, fields: _Fields) -> None:
    fields.add("loss", st.selectbox, "Loss", get_args(LossName))
    fields.add(
        "label_smoothing",
        st.number_input,
        "Label smoothing",
        format="%g",
        step=0.1,
        help="This part of each label is spread over all classes, so that the network is never "
        "urged to be wholly sure. The test loss is that of the labels as they are.",
    )
    fields.add("weight_decay", st.number_input, "Weight decay", format="%g", step=0.001)
    fields.add(
        "norm_bias_lr",
        st.number_input,
        "Bias rate",
        format="%g",
        step=1.0,
        help="How many times as fast as all else the biases of batch normalisation learn; "
        "networks without it do not notice.",
    )
    fields.add(
        "averaging",
        st.selectbox,
        "Averaged weights",
        get_args(AveragingName),
        help="**ema** tests a moving average of the weights.  \n**lookahead** also sends the "
        "weights back to it every five steps, more strongly towards the end.",
    )


def _images(_services: Services, fields: _Fields) -> None:
    fields.add(
        "augment",
        st.selectbox,
        "Change images",
        get_args(AugmentName),
        help="**flip** mirrors every training image in every second epoch: not for digits.  \n"
        "**flip-and-shift** also moves it by up to a sixteenth of its side.  \n"
        "**flip-shift-cutout** also leaves out a square of three eighths of its side.",
    )
    fields.add(
        "whiten",
        st.checkbox,
        "Whitened layer 1",
        help="Its filters are worked out from the training images, so that their answers are "
        "uncorrelated and equally strong, and stay as they are; its bias learns.",
    )
    fields.add(
        "test_flips",
        st.checkbox,
        "Test both ways",
        help="The answer for a test image is the mean of those for it and its mirror image.",
    )


_MORE = {"How it runs": _running, "The loss and the weights": _learning_more, "The images": _images}


def _dataset_field(services: Services, fields: _Fields) -> None:
    choices = [*dataset_choices(services.settings), UPLOAD]
    if is_at_this_machine():
        choices.append(OWN_PATH)
    if st.session_state[KEY + "dataset"] not in choices:
        choices.insert(0, st.session_state[KEY + "dataset"])
    chosen = fields.add("dataset", st.selectbox, "Data set", choices, format_func=dataset_title)
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
