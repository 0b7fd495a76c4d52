"""Some images of the data set that the form of the train page names."""

import streamlit as st
from torch import Generator, randperm

from blitz.datasets import (
    BUILTIN_DATASETS,
    DatasetError,
    ImageDataset,
    UnreadableImages,
    dataset_title,
)
from blitz.training.config import TrainConfig
from blitz.ui.data import images_of, is_at_hand
from blitz.ui.pictures import show_pictures
from blitz.ui.services import Services
from blitz.ui.text import plain
from blitz.ui.train_values import KEY

NUM_SAMPLES = 20


def show_samples(services: Services, config: TrainConfig) -> ImageDataset | None:
    """Show them where they are at hand, else offer to load them; the data set, if it is loaded."""
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
        side=64,
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
