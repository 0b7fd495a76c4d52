"""Data sets as pages use them: which can be chosen, and loaded once for all sessions."""

import re
from pathlib import Path

import streamlit as st

from blitz.datasets import (
    BUILTIN_DATASETS,
    ImageDataset,
    dataset_name,
    find_datasets,
    load_dataset,
)
from blitz.datasets.readiness import is_quick, state_of
from blitz.settings import Settings
from blitz.training.checkpoints import write_atomically
from blitz.training.config import TrainConfig


def dataset_choices(settings: Settings) -> list[str]:
    """Names and paths that can be chosen: built in, found in the given folders, uploaded."""
    found = find_datasets([*settings.dataset_folders, settings.uploads_folder])
    return [*BUILTIN_DATASETS, *map(str, found)]


def named_dataset(name: str, settings: Settings) -> str | None:
    """The data set that an address names; of several with one name the first that is offered."""
    return next(
        (source for source in dataset_choices(settings) if name in (source, dataset_name(source))),
        None,
    )


@st.cache_resource(max_entries=4, show_spinner=False)
def _loaded(
    source: str, state: str, folder: Path, image_size: int | None, skip_unreadable: bool
) -> ImageDataset:
    # `state` is there for the cache alone: files that changed are another data set.
    bar = st.progress(0.0, text="loading the images")

    def show(what: str, done: int, total: int) -> None:
        bar.progress(done / total if total else 0.0, text=what)

    try:
        return load_dataset(
            source,
            folder=folder,
            image_size=image_size,
            skip_unreadable=skip_unreadable,
            progress=show,
        )
    finally:
        bar.empty()


def images_of(config: TrainConfig, settings: Settings) -> ImageDataset:
    """The images of a config, on the CPU; DatasetError in one line where there are none."""
    return _loaded(
        config.dataset,
        state_of(config.dataset),
        settings.data_folder,
        config.image_size,
        config.skip_unreadable,
    )


def save_upload(name: str, content: bytes, folder: Path) -> Path:
    """Keep an uploaded archive in `folder` under a harmless name; the same one is kept once."""
    stem, dot, suffixes = Path(name).name.partition(".")
    safe_name = re.sub(r"[^\w.-]+", "-", f"{stem[:80]}{dot}{suffixes[-20:]}").lstrip(".-")
    target = folder / (safe_name or "archive.zip")
    number = 2
    while target.exists() and target.read_bytes() != content:
        target = folder / f"{number}-{safe_name}"
        number += 1
    if not target.exists():
        write_atomically(target, content)
    return target


def is_at_hand(config: TrainConfig, settings: Settings) -> bool:
    """Whether the images can be had at once, without a download or a long decoding."""
    return is_quick(
        config.dataset,
        folder=settings.data_folder,
        image_size=config.image_size,
        skip_unreadable=config.skip_unreadable,
    )
