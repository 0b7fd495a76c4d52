"""What came of a run: accuracy, classes, confusions, images with their predictions, downloads."""

import re
from functools import partial

import numpy as np
import streamlit as st
from numpy.typing import NDArray
from torch import Tensor

from blitz.datasets import DatasetError, ImageDataset
from blitz.training.checkpoints import WeightsFormat
from blitz.training.evaluation import confusion_matrix
from blitz.training.figures import class_accuracy_figure, confusion_figure
from blitz.training.predictions import read_predictions
from blitz.training.results import (
    metrics_table,
    most_confident_mistakes_first,
    weights_file,
)
from blitz.training.script import training_script
from blitz.training.store import Run
from blitz.ui.charts import CHART_CONFIG
from blitz.ui.data import images_of, is_at_hand
from blitz.ui.pictures import show_pictures
from blitz.ui.services import Services
from blitz.ui.text import duration_text, plain

PICTURES_A_PAGE = 24
FORMATS: tuple[WeightsFormat, ...] = ("safetensors", "pth")


def show_results(services: Services, run: Run) -> None:
    """Show what the run left behind; what it did not leave is not shown."""
    stored = read_predictions(services.settings.runs_folder / run.id)
    is_shown = stored is not None or is_at_hand(run.config, services.settings)
    dataset = _dataset(services, run) if is_shown else None
    if dataset is None or stored is None:
        _downloads(services, run, dataset)
        return
    probabilities = stored.probabilities
    is_same = stored.labels.equal(dataset.test_labels)
    if not is_same or probabilities.shape[1] != dataset.num_classes:
        st.warning("The data set has changed since this run; its predictions are not shown.")
        _downloads(services, run, None)
        return
    confusion = confusion_matrix(
        dataset.test_labels, probabilities.argmax(1), dataset.num_classes
    ).numpy()
    st.subheader("On the test images")
    accuracy = float(confusion.diagonal().sum() / confusion.sum())
    _numbers(run, accuracy, stored.loss, len(dataset.test_labels))
    cell = _classes(run, dataset, confusion)
    _predictions(run.id, dataset, probabilities, cell)
    _downloads(services, run, dataset)


def _classes(
    run: Run, dataset: ImageDataset, confusion: NDArray[np.int64]
) -> tuple[int, int] | None:
    """Both charts of the classes; the cell of the matrix that was clicked, truth first."""
    # Widths of their own rather than columns: on a narrow page one goes below the other.
    with st.container(horizontal=True, gap="medium"):
        with st.container(width=400):
            st.markdown("##### Accuracy of each class")
            st.plotly_chart(class_accuracy_figure(dataset.classes, confusion), config=CHART_CONFIG)
        with st.container(width=520):
            st.markdown("##### Truth and prediction")
            selection = st.plotly_chart(
                confusion_figure(dataset.classes, confusion),
                key=f"confusion-{run.id}",
                on_select="rerun",
                selection_mode="points",
                config=CHART_CONFIG,
            )
            st.caption("Click a cell to see its images below; click it again for all.")
    points = selection["selection"]["points"]
    if not points:
        return None
    # Not their customdata: the browser sends a row of an array as a dict, keyed by position.
    return int(points[0]["y"]), int(points[0]["x"])


def _dataset(services: Services, run: Run) -> ImageDataset | None:
    try:
        return images_of(run.config, services.settings)
    except DatasetError as error:
        st.warning(f"The images of this run are gone: {plain(str(error))}")
        return None


def _numbers(run: Run, accuracy: float, loss: float, num_test: int) -> None:
    with st.container(horizontal=True, gap="large", key="numbers"):
        st.metric("Test accuracy", f"{accuracy:.2%}", width="content")
        st.metric("Test loss", f"{loss:.4f}", width="content")
        st.metric("Test images", f"{num_test:,}", width="content")
        st.metric("Time in training", duration_text(run.seconds), width="content")
        if run.images_per_second:
            st.metric("Images a second", f"{run.images_per_second:,.0f}", width="content")


def _predictions(
    run_id: str, dataset: ImageDataset, probabilities: Tensor, cell: tuple[int, int] | None
) -> None:
    predicted = probabilities.argmax(1)
    order = most_confident_mistakes_first(probabilities, dataset.test_labels)
    if cell is None:
        st.markdown("##### Most confident mistakes first")
    else:
        truth, prediction = cell
        is_in_cell = (dataset.test_labels == truth) & (predicted == prediction)
        order = order[is_in_cell[order]]
        names = plain(dataset.classes[truth]), plain(dataset.classes[prediction])
        st.markdown(f"##### {names[0]} taken for {names[1]}: {len(order):,} images")
    num_pages = max(1, -(-len(order) // PICTURES_A_PAGE))
    page = 1
    if num_pages > 1:
        # A page number of one run or cell may be too high for another.
        key = f"page-{run_id}-{cell}"
        page = st.number_input(f"Page, of {num_pages:,}", 1, num_pages, 1, key=key, width=160)
    shown = order[(page - 1) * PICTURES_A_PAGE : page * PICTURES_A_PAGE]
    captions = []
    for index in shown.tolist():
        truth, guess = int(dataset.test_labels[index]), int(predicted[index])
        sign = "✓" if truth == guess else "✗"
        names = dataset.classes[truth], dataset.classes[guess]
        told = names[0] if truth == guess else f"{names[0]} → {names[1]}"
        captions.append(f"{sign} {told} {probabilities[index, guess]:.0%}")
    show_pictures(dataset.test_images[shown], captions)
    st.caption("truth → prediction, and how sure the network was")


def _downloads(services: Services, run: Run, dataset: ImageDataset | None) -> None:
    st.markdown("##### To take away")
    folder = services.settings.runs_folder / run.id
    name = re.sub(r"[^\w-]+", "-", run.name).strip("-") or run.id
    saved = {checkpoint.kind for checkpoint in services.store.checkpoints(run.id)}
    kinds = [kind for kind in ("last", "best") if kind in saved]
    if kinds:
        st.page_link(
            "network.py", label="Look inside: this network layer by layer",
            icon=":material/network_node:", query_params={"run": run.id},
        )  # fmt: skip
    with st.container(horizontal=True, vertical_alignment="bottom"):
        if kinds:
            titles = {"last": "of the last step", "best": "with the lowest test loss"}
            kind = st.selectbox("Weights", kinds, format_func=titles.__getitem__, width=260)
            for format in FORMATS:
                st.download_button(
                    f".{format}",
                    data=partial(weights_file, services.store, folder, run.id, kind, format),
                    file_name=f"{name}.{format}",
                    mime="application/octet-stream",
                    on_click="ignore",
                    icon=":material/download:",
                )
        st.download_button(
            "Metrics as CSV",
            data=lambda: metrics_table(services.store.metrics_after(run.id)).to_csv(index=False),
            file_name=f"{name}.csv",
            mime="text/csv",
            on_click="ignore",
            icon=":material/table:",
        )
        if dataset is not None:
            st.download_button(
                "Training script",
                # Made when asked for, like the others: a file that waits on the server would be
                # gone after its restart.
                data=partial(training_script, run.config, dataset),
                file_name=f"{name}.py",
                mime="text/x-python",
                on_click="ignore",
                icon=":material/code:",
            )
