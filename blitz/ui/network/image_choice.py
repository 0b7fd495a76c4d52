"""The image that a network looks at: one of the data set's, a person's own file, or a drawing."""

import hashlib
import random
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Literal

import streamlit as st
import torch
from torch import Tensor

from blitz.datasets import ImageDataset
from blitz.datasets.decoding import IMAGE_SUFFIXES, MAX_FILE_BYTES
from blitz.network.drawing import DIGIT_SHARES, MNIST_SHARE, picture_of
from blitz.network.pictures.thumbnails import image_thumbnail
from blitz.network.uploads import image_from_file
from blitz.ui.network.drawing_pad import drawing_pad
from blitz.ui.network.layer_strip import LayerCard, layer_strip
from blitz.ui.pictures import show_pictures
from blitz.ui.text import plain

Source = Literal["test", "upload", "drawing"]

KEY = "network-image"
SOURCE = f"{KEY}-source"
"""Where the image comes from."""
INDEX = f"{KEY}-index"
"""Which of the test images it is, counted from 0."""
CLASS = f"{KEY}-class"
"""The label of the test images to choose from, or ANY."""
FILE = f"{KEY}-file"
READ = f"{KEY}-read"
"""What was read from the last file."""
INVERT = f"{KEY}-invert"
FIELDS = f"{KEY}-fields"

SOURCES: Mapping[Source, str] = {"test": "Test image", "upload": "Upload", "drawing": "Draw"}
ANY = -1
NUM_THUMBNAILS = 10
PICTURE_SIDE = 168
# As large as a picture: what a person draws on must not move when the first stroke has ended.
NO_PICTURE = (
    f'<figure style="margin: 0; opacity: 0.6"><div style="height: {PICTURE_SIDE}px; '
    'border: 1px dashed; border-radius: 0.25rem"></div>'
    '<figcaption style="font-size: 0.75rem; line-height: 1.2">no image yet</figcaption></figure>'
)


@dataclass(frozen=True, kw_only=True, slots=True, eq=False)
class ChosenImage:
    """An image at its own size, not yet made to fit a network."""

    pixels: Tensor
    """uint8 [1 or 3, S, S]."""
    label: int | None
    """Its class, for an image of the data set."""
    caption: str
    """What it is, in a few words; plain text that may hold any sign."""
    source: Source

    @property
    def digest(self) -> str:
        """A short name for the pixels."""
        content = repr(tuple(self.pixels.shape)).encode() + self.pixels.numpy().tobytes()
        return hashlib.sha1(content, usedforsecurity=False).hexdigest()[:12]


@dataclass(frozen=True, kw_only=True, slots=True, eq=False)
class _ReadFile:
    """A person's file: its pixels, or what is wrong with it."""

    name: str
    pixels: Tensor | None
    fault: str = ""


def choose_image(dataset: ImageDataset) -> ChosenImage | None:
    """Show what there is to choose; the image, or None as long as there is none."""
    if st.session_state.get(SOURCE) not in SOURCES:
        st.session_state[SOURCE] = "test"
    # Where there is no room beside the picture, the fields go beneath it.
    st.html(f"<style>div:has(> .st-key-{FIELDS}) {{ min-width: min(24rem, 100%) }}</style>")
    with st.container(horizontal=True, gap="medium"):
        picture = st.container(width=PICTURE_SIDE)
        with st.container(key=FIELDS):
            source = st.segmented_control(
                "Image", list(SOURCES), format_func=SOURCES.__getitem__, key=SOURCE,
                required=True, persist_state="session", label_visibility="collapsed",
            )  # fmt: skip
            assert source is not None, "one is required"
            choices: Mapping[Source, Callable[[ImageDataset], ChosenImage | None]] = {
                "test": _test_image,
                "upload": _uploaded,
                "drawing": _drawn,
            }
            chosen = choices[source](dataset)
    with picture:
        if chosen is None:
            st.html(NO_PICTURE)
        else:
            show_pictures(chosen.pixels[None], [chosen.caption], side=PICTURE_SIDE)
    return chosen


# An image of the data set


def _test_image(dataset: ImageDataset) -> ChosenImage:
    labels = dataset.test_labels
    index = min(max(int(st.session_state.get(INDEX, 0)), 0), len(labels) - 1)
    # Who asks for an image by its number, or for another data set, wants no class any more.
    if st.session_state.get(CLASS, ANY) != labels[index]:
        st.session_state[CLASS] = ANY
    fields = st.container(horizontal=True, gap="small", vertical_alignment="bottom")
    index = _thumbnails(dataset, index)
    st.session_state[INDEX] = index
    with fields:
        st.number_input(
            "Number", 0, len(labels) - 1, key=INDEX, width=150, persist_state="session",
            help=f"Which of the {len(labels):,} test images, counted from 0.",
        )  # fmt: skip
        st.selectbox(
            "Class", [ANY, *labels.unique().tolist()], key=CLASS, width=190,
            format_func=lambda label: "any" if label == ANY else dataset.classes[label],
            on_change=_follow_class, args=(labels,), persist_state="session",
        )  # fmt: skip
        st.button("Previous", icon=":material/chevron_left:", on_click=_go_back, args=(labels,))
        st.button("Next", icon=":material/chevron_right:", on_click=_go_on, args=(labels,))
        st.button("Another", icon=":material/shuffle:", on_click=_go_anywhere, args=(labels,))
    label = int(labels[index])
    return ChosenImage(
        pixels=dataset.test_images[index],
        label=label,
        caption=f"test image {index:,}: {dataset.classes[label]}",
        source="test",
    )


def _thumbnails(dataset: ImageDataset, index: int) -> int:
    """Some neighbours to click at; which image is the present one then."""
    among = _among(dataset.test_labels)
    place = among.index(index)
    start = place - place % NUM_THUMBNAILS
    shown = among[start : start + NUM_THUMBNAILS]
    cards = [
        LayerCard(
            title=dataset.classes[dataset.test_labels[at]],
            operation=f"image {at:,}",
            thumbnail=image_thumbnail(dataset.test_images[at]),
        )
        for at in shown
    ]
    clicked = layer_strip(
        cards, chosen=place - start, key=f"{KEY}-thumbnails", label="Some test images"
    )
    return index if clicked is None else shown[clicked]


def _among(labels: Tensor) -> list[int]:
    """The images to choose from, by their numbers."""
    wanted = st.session_state[CLASS]
    if wanted == ANY:
        return list(range(len(labels)))
    found: list[int] = torch.nonzero(labels == wanted).flatten().tolist()
    return found


def _go_back(labels: Tensor) -> None:
    # A number that was typed just before may be that of another class.
    among, index = _among(labels), st.session_state[INDEX]
    st.session_state[INDEX] = next((at for at in reversed(among) if at < index), among[-1])


def _go_on(labels: Tensor) -> None:
    among, index = _among(labels), st.session_state[INDEX]
    st.session_state[INDEX] = next((at for at in among if at > index), among[0])


def _go_anywhere(labels: Tensor) -> None:
    others = [index for index in _among(labels) if index != st.session_state[INDEX]]
    if others:
        st.session_state[INDEX] = random.choice(others)


def _follow_class(labels: Tensor) -> None:
    """Go to the next image of the class that was chosen."""
    among, index = _among(labels), st.session_state[INDEX]
    st.session_state[INDEX] = next((at for at in among if at >= index), among[0])


# A person's own file


def _uploaded(_: ImageDataset) -> ChosenImage | None:
    st.file_uploader(
        "Any picture; the middle square of it is taken",
        type=sorted(suffix.removeprefix(".") for suffix in IMAGE_SUFFIXES),
        max_upload_size=MAX_FILE_BYTES // 2**20,
        key=FILE,
        on_change=_take_up_file,
    )
    invert = st.checkbox(
        "Invert", key=INVERT, persist_state="session",
        help="For a network that learnt from white on black, and a picture of dark ink on paper.",
    )  # fmt: skip
    read: _ReadFile | None = st.session_state.get(READ)
    if read is None:
        return None
    if read.pixels is None:
        st.error(plain(f"{read.name}: {read.fault}"))
        return None
    return ChosenImage(
        pixels=255 - read.pixels if invert else read.pixels,
        label=None,
        caption=read.name,
        source="upload",
    )


def _take_up_file() -> None:
    """Read a file once, and keep its pixels while something else is chosen."""
    file = st.session_state[FILE]
    if file is None:
        st.session_state[READ] = None
        return
    try:
        st.session_state[READ] = _ReadFile(name=file.name, pixels=image_from_file(file.getvalue()))
    except ValueError as error:
        st.session_state[READ] = _ReadFile(name=file.name, pixels=None, fault=str(error))


# A drawing


def _drawn(dataset: ImageDataset) -> ChosenImage | None:
    is_digits = dataset.name in DIGIT_SHARES
    is_centred = st.toggle(
        "Size and centre it as the data set's digits" if is_digits else "Centre as MNIST does",
        value=is_digits, key=f"{KEY}-centre-{is_digits}", persist_state="session",
        help="The ink is cut out, scaled to the same extent as in the data set, and its centre of "
        "mass put in the middle: a network knows only digits of that kind.",
    )  # fmt: skip
    drawing = drawing_pad(f"{KEY}-pad")
    if drawing is None:
        st.caption("It is taken as soon as a stroke ends.")
        return None
    share = DIGIT_SHARES.get(dataset.name, MNIST_SHARE) if is_centred else None
    return ChosenImage(
        pixels=picture_of(drawing, share), label=None, caption="your drawing", source="drawing"
    )
