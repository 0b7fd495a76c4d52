"""Panels that compare runs, on runs with made-up answers about the digits."""

import json
from typing import Any

import pytest
import torch
import torch.nn.functional as F
from streamlit.testing.v1 import AppTest
from torch import Tensor

from blitz.datasets import load_dataset
from blitz.training.evaluation import Predictions, confusion_matrix
from blitz.training.predictions import PREDICTIONS_FILE, save_predictions
from blitz.training.store import Run
from blitz.ui.compare.columns import NAME, WIDTH
from blitz.ui.compare.pair import FIRST, PAIR, SECOND
from blitz.ui.compare.state import KEY
from blitz.ui.services import Services
from tests.ui.compare_panels import (
    captions,
    counts,
    ended_run,
    keep_answers,
    panel,
    pictures,
)
from tests.ui.test_pages import texts

CLASSES = tuple("0123456789")


@pytest.fixture
def labels(server: Services) -> Tensor:
    """The truth about the digits' test images."""
    return load_dataset("digits", folder=server.settings.data_folder).test_labels


@pytest.fixture
def two_runs(server: Services, labels: Tensor) -> tuple[Run, Run]:
    """The first is wrong on the first 30 images, the second on the 50 from the 20th on."""
    first, second = ended_run(server, "**one**"), ended_run(server, "two", lr=0.5)
    keep_answers(server, first, labels, lambda index: index < 30)
    keep_answers(server, second, labels, lambda index: 20 <= index < 70)
    return first, second


# Settings


def test_settings_that_differ_and_the_spread_over_seeds(server: Services) -> None:
    runs = [ended_run(server, "same name", seed=seed, width=2) for seed in (3, 4)]
    for run, accuracy in zip(runs, (0.5, 0.7), strict=True):
        server.store.update_run(run.id, accuracy=accuracy)
    app = panel("settings", *runs)
    settings, seeds = (each.value for each in app.dataframe)
    assert list(settings.index) == ["seed"]
    assert settings.to_numpy().tolist() == [["3", "4"]]
    assert seeds["last accuracy"].tolist() == ["60.00% ± 14.14% (50.00% to 70.00%)"]
    assert seeds["best accuracy"].tolist() == ["–"]
    names = [f"same name · {run.number}" for run in runs]
    assert seeds["runs"].tolist() == [", ".join(names)]


def test_runs_of_the_same_settings_say_so(server: Services) -> None:
    app = panel("settings", ended_run(server, "a"), ended_run(server, "b"))
    assert "All settings are the same." in texts(app)


def test_what_is_not_known_of_uploaded_weights_is_not_made_up(server: Services) -> None:
    trained = ended_run(server, "trained", lr=0.5, width=2)
    given = ended_run(server, "given")
    server.store.update_run(given.id, total_steps=0)
    table = panel("settings", trained, given).dataframe[0].value
    assert table.to_dict("split")["data"] == [
        ["trained here", "uploaded"],
        ["2", "1"],
        ["0.5", "–"],
    ]
    assert list(table.index) == ["weights", "width", "learning rate"]


def test_columns_are_of_one_width_however_long_the_names_are(server: Services) -> None:
    runs = [ended_run(server, f"{lr} {'long ' * 38}", lr=lr) for lr in (0.1, 0.2)]
    columns = json.loads(panel("settings", *runs).dataframe[0].proto.columns)
    assert [columns[run.id]["width"] for run in runs] == [WIDTH, WIDTH]
    assert all(len(columns[run.id]["label"]) <= NAME for run in runs)
    assert columns[runs[0].id]["help"].startswith("0\\.1 long long")


# Classes


def test_accuracy_of_each_class_of_each_run(
    server: Services, two_runs: tuple[Run, Run], labels: Tensor
) -> None:
    table = panel("classes", *two_runs).dataframe[0].value
    is_wrong = torch.zeros(len(labels))
    is_wrong[:30] = 1
    for digit in range(10):
        expected = 100 * (1 - float(is_wrong[labels == digit].mean()))
        assert table[two_runs[0].id].iloc[digit] == pytest.approx(expected, abs=1e-4)


def test_a_run_without_answers_or_of_other_data_is_left_out(
    server: Services, two_runs: tuple[Run, Run], labels: Tensor
) -> None:
    empty, elsewhere = ended_run(server, "[empty]"), ended_run(server, "far", dataset="mnist")
    keep_answers(server, elsewhere, labels, lambda _: False)
    app = panel("classes", *two_runs, empty, elsewhere)
    assert set(app.dataframe[0].value.columns) == {run.id for run in two_runs}
    told = [info.value for info in app.info]
    assert len(told) == 2
    assert told[0].startswith("\\[empty\\] is left out")
    assert told[1].startswith("far is left out: dataset\\: digits and mnist")


def test_damaged_answers_are_left_out_until_they_are_whole_again(
    server: Services, two_runs: tuple[Run, Run], labels: Tensor
) -> None:
    path = server.settings.runs_folder / two_runs[1].id / PREDICTIONS_FILE
    path.write_bytes(path.read_bytes()[:1000])
    assert "cannot be read" in panel("classes", *two_runs).info[0].value
    keep_answers(server, two_runs[1], labels, lambda _: False)
    app = panel("classes", *two_runs)
    assert not app.info
    assert (app.dataframe[0].value[two_runs[1].id] == 100).all()


# Images


def test_images_fall_into_four_groups_with_their_counts(
    two_runs: tuple[Run, Run], labels: Tensor
) -> None:
    app = panel("images", *two_runs)
    assert counts(app) == {
        "Only A right": 40, "Only B right": 20, "Both wrong": 10, "Both right": len(labels) - 70
    }  # fmt: skip
    # Of 60 coins 20 or fewer, or 40 or more, show heads in 1.3% of cases.
    assert "A is right on 40 images where B is wrong, B on 20 where A is" in texts(app)
    assert "1.3% of cases" in texts(app)
    assert "##### Images\\: A \\*\\*one\\*\\*, B two" in texts(app).replace("Images:", "Images\\:")


def test_captions_give_the_truth_and_the_most_probable_classes_of_both(
    two_runs: tuple[Run, Run], labels: Tensor
) -> None:
    app = panel("images", *two_runs)
    assert len(captions(app)) == 24
    truth = int(labels[30])  # the first that only the second takes for another
    caption = captions(app)[0]
    assert caption.startswith(f"truth: {truth} A ✓ {truth} 91.0% ")
    assert f" B ✗ {(truth + 1) % 10} 91.0% " in caption
    assert caption.count("%") == 6
    for run in two_runs:
        assert f'href="network?run={run.id}&amp;image=30"' in pictures(app)[0]
    [page] = app.number_input
    page.set_value(2).run()
    assert len(captions(app)) == 40 - 24
    app.segmented_control[0].set_value("both wrong").run()
    assert len(captions(app)) == 10


def test_a_cell_shows_the_images_that_either_run_takes_so(
    two_runs: tuple[Run, Run], labels: Tensor
) -> None:
    pair = tuple(run.id for run in two_runs)
    is_four = labels[:70] == 4
    by_a, by_b, by_both = (int(is_four[part].sum()) for part in (
        slice(0, 30), slice(20, 70), slice(20, 30)))  # fmt: skip
    app = panel("images", *two_runs, compare_cell=(pair, (4, 5)))
    assert "##### 4 taken for 5" in texts(app)
    total = int((labels == 4).sum())
    assert f"Of the {total} images of 4, A takes {by_a} for 5, B takes {by_b}." in texts(app)
    assert "right on" not in texts(app)
    assert counts(app) == {
        "By A or B": by_a + by_b - by_both, "Only by A": by_a - by_both,
        "Only by B": by_b - by_both, "By both": by_both,
    }  # fmt: skip
    assert len(captions(app)) == by_a + by_b - by_both > 0
    assert all(caption.startswith("truth: 4 ") for caption in captions(app))
    [back] = [button for button in app.button if button.label == "All images"]
    back.click().run()
    assert sum(counts(app).values()) == len(labels)
    of_others = panel("images", *two_runs, compare_cell=(pair[::-1], (4, 5)))
    assert sum(counts(of_others).values()) == len(labels)


def test_a_cell_of_the_diagonal_tells_who_is_right(
    two_runs: tuple[Run, Run], labels: Tensor
) -> None:
    pair = tuple(run.id for run in two_runs)
    app = panel("images", *two_runs, compare_cell=(pair, (4, 4)))
    right = [int((labels == 4).sum() - (labels[part] == 4).sum())
             for part in (slice(0, 30), slice(20, 70))]  # fmt: skip
    assert f"A is right on {right[0]}, B on {right[1]}." in texts(app)


def test_equal_answers_are_said_to_be_equal(server: Services, labels: Tensor) -> None:
    runs = [ended_run(server, name) for name in ("a", "b")]
    for run in runs:
        keep_answers(server, run, labels, lambda index: index < 5)
    app = panel("images", *runs)
    assert "A and B are right on the same images." in texts(app)
    assert "No images." in texts(app)


def test_new_answers_of_a_run_are_compared_anew(
    server: Services, two_runs: tuple[Run, Run], labels: Tensor
) -> None:
    app = panel("images", *two_runs)
    keep_answers(server, two_runs[1], labels, lambda _: False)
    app.run()
    assert counts(app)["Only A right"] == 0
    assert counts(app)["Only B right"] == 30


def test_the_pair_is_chosen_among_several_swapped_and_shared_by_the_panels(
    server: Services, two_runs: tuple[Run, Run], labels: Tensor
) -> None:
    third = ended_run(server, "three")
    keep_answers(server, third, labels, lambda index: index < 5)
    app = panel("classes", *two_runs, third)
    assert chosen(app) == [run.id for run in two_runs]
    app.selectbox(SECOND).set_value(third.id).run()
    assert chosen(app) == [two_runs[0].id, third.id]
    assert "B three" in texts(app)
    assert list(app.dataframe[0].value.columns) == [two_runs[0].id, third.id, two_runs[1].id]
    app.button(f"{KEY}pair-swap").click().run()
    assert chosen(app) == [third.id, two_runs[0].id]
    # What is chosen in both places is swapped, too.
    app.selectbox(FIRST).set_value(two_runs[0].id).run()
    assert chosen(app) == [two_runs[0].id, third.id]
    pair = app.session_state[PAIR]
    elsewhere = panel("images", *two_runs, third, compare_pair=pair)
    assert chosen(elsewhere) == [two_runs[0].id, third.id]
    assert counts(elsewhere)["Only B right"] == 25
    # One that is chosen no more leaves its place to another.
    assert chosen(panel("images", *two_runs, compare_pair=pair)) == [run.id for run in two_runs]


def chosen(app: AppTest) -> list[Any]:
    """Ids of A and B."""
    assert not app.exception
    return [app.selectbox(key).value for key in (FIRST, SECOND)]


@pytest.mark.parametrize(("num_classes", "num_matrices"), [(12, 3), (13, 1)])
def test_large_matrices_are_shown_one_at_a_time(
    server: Services, labels: Tensor, num_classes: int, num_matrices: int
) -> None:
    runs = [ended_run(server, name) for name in ("a", "b")]
    for run in runs:
        probabilities = F.one_hot(labels, num_classes).float()
        kept = Predictions(
            probabilities=probabilities,
            loss=1.0,
            confusion=confusion_matrix(labels, labels, num_classes),
        )
        save_predictions(server.settings.runs_folder / run.id, kept, labels, step=1)
    app = panel("classes", *runs)
    choices = [each for each in app.segmented_control if each.label == "Matrix"]
    assert len(choices) == (num_matrices == 1)
    assert (
        sum(name in texts(app) for name in ("**A** a", "**B** b", "**B less A**")) == num_matrices
    )
    for choice in choices:
        choice.set_value("second").run()
        assert "**B** b" in texts(app)
        assert "**B less A**" not in texts(app)


def test_that_a_run_is_left_out_is_said_once(server: Services, two_runs: tuple[Run, Run]) -> None:
    app = panel("classes", ended_run(server, "empty"), *two_runs)
    assert [info.value.split(" is left out")[0] for info in app.info] == ["empty"]


def test_pictures_of_changed_data_are_not_shown(server: Services, labels: Tensor) -> None:
    runs = [ended_run(server, name) for name in ("a", "b")]
    for run in runs:
        keep_answers(server, run, labels.flip(0), lambda index: index < 5)
    app = panel("images", *runs)
    assert "has changed" in app.warning[0].value
    assert not captions(app)
