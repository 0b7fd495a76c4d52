"""What is read from a run's folder, and its charts."""

import io
from pathlib import Path

import numpy as np
import pandas as pd
import pytest
import torch

from blitz.training.evaluation import Predictions
from blitz.training.figures import class_accuracy_figure, confusion_figure
from blitz.training.predictions import (
    PREDICTIONS_FILE,
    forget_predictions,
    read_predictions,
    save_predictions,
)
from blitz.training.results import metrics_table, most_confident_mistakes_first
from blitz.training.store import MetricColumns


def test_predictions_are_read_back_with_what_they_are_about(tmp_path: Path) -> None:
    probabilities, labels = torch.rand(5, 3), torch.tensor([0, 1, 2, 0, 1])
    made = Predictions(
        probabilities=probabilities, loss=0.25, confusion=torch.zeros(3, 3, dtype=torch.int64)
    )
    save_predictions(tmp_path, made, labels, step=7)
    read = read_predictions(tmp_path)
    assert read is not None
    assert read.probabilities.equal(probabilities)
    assert read.labels.equal(labels)
    assert (read.loss, read.step) == (0.25, 7)
    forget_predictions(tmp_path)
    assert read_predictions(tmp_path) is None


@pytest.mark.parametrize("content", [None, b"", b"not safetensors at all"])
def test_missing_or_damaged_predictions_are_none(content: bytes | None, tmp_path: Path) -> None:
    if content is not None:
        (tmp_path / PREDICTIONS_FILE).write_bytes(content)
    assert read_predictions(tmp_path) is None


def test_mistakes_come_first_the_surest_before_the_others() -> None:
    probabilities = torch.tensor([[0.9, 0.1], [0.6, 0.4], [0.2, 0.8], [0.3, 0.7]])
    labels = torch.tensor([0, 1, 0, 1])  # right, wrong at 0.6, wrong at 0.8, right
    assert most_confident_mistakes_first(probabilities, labels).tolist() == [2, 1, 0, 3]


def test_the_table_has_a_row_a_record_and_survives_csv() -> None:
    columns = MetricColumns(
        id=np.array([1, 2]),
        is_test=np.array([False, True]),
        step=np.array([10, 10]),
        epoch=np.array([1.0, 1.0]),
        images=np.array([40, 40]),
        seconds=np.array([0.5, 0.5]),
        loss=np.array([2.25, 2.0]),
        accuracy=np.array([0.25, 0.5]),
        learning_rate=np.array([0.1, np.nan]),
        images_per_second=np.array([80.0, np.nan]),
        memory_bytes=np.array([1e6, np.nan]),
    )
    table = pd.read_csv(io.StringIO(metrics_table(columns).to_csv(index=False)))
    assert table["split"].tolist() == ["train", "test"]
    assert table["loss"].tolist() == [2.25, 2.0]
    assert table["learning_rate"].isna().tolist() == [False, True]


CONFUSION = np.array([[8, 2, 0], [0, 5, 5], [0, 0, 0]])
CLASSES = ("cat", "dog", "<b>bird</b>")
BIRD = "&lt;b&gt;bird&lt;/b&gt;"  # as Plotly must get it to show it as it is


def test_bars_show_each_classes_own_accuracy_the_worst_on_top() -> None:
    [bars] = class_accuracy_figure(CLASSES, CONFUSION).data
    # A horizontal bar chart's first bar is its lowest.
    assert list(zip(bars.y, bars.x, strict=True)) == [("cat", 0.8), ("dog", 0.5), (BIRD, 0.0)]


def test_every_cell_of_the_matrix_can_be_clicked_and_knows_its_classes() -> None:
    heat, cells = confusion_figure(CLASSES, CONFUSION).data
    assert heat.z.tolist() == [[np.float32(0.8), np.float32(0.2), 0], [0, 0.5, 0.5], [0, 0, 0]]
    assert len(cells.x) == 9
    for x, y, text in zip(cells.x, cells.y, cells.text, strict=True):
        names = (*CLASSES[:2], BIRD)
        assert text == f"{names[y]} taken for {names[x]}: {CONFUSION[y, x]}"
    assert f"dog taken for {BIRD}: 5" in cells.text
