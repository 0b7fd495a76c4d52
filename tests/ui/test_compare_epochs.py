"""The panel that looks back over epochs, on runs with made-up weights and answers."""

import math
import re
from collections.abc import Callable
from typing import Any

import pytest
import torch
from streamlit.testing.v1 import AppTest
from torch import Tensor

from blitz.datasets import load_dataset
from blitz.training.checkpoints import save_state
from blitz.training.config import TrainConfig
from blitz.training.evaluation import Predictions, confusion_matrix
from blitz.training.events import Position
from blitz.training.looking_back import kept_rows
from blitz.training.predictions import with_answers
from blitz.training.runs import RunDetails
from blitz.training.state import TrainState
from blitz.training.store import Checkpoint, Run
from blitz.ui.compare.epoch_answers import CELL
from blitz.ui.compare.epoch_states import Strength, look_at, strengths_of
from blitz.ui.compare.epoch_weights import difference, picture_of
from blitz.ui.compare.fork_panel import CHECKPOINT
from blitz.ui.compare.state import EPOCH, PANEL, SELECTED
from blitz.ui.services import Services
from tests.ui.compare_panels import captions
from tests.ui.test_compare_page import open_page
from tests.ui.test_pages import texts

DIGITS = tuple("0123456789")


@pytest.fixture
def labels(server: Services) -> Tensor:
    """The truth about the digits' test images."""
    return load_dataset("digits", folder=server.settings.data_folder).test_labels


def ended_run(server: Services, name: str, classes: tuple[str, ...] = DIGITS, **given: Any) -> Run:
    config = TrainConfig.from_dict({"dataset": "digits", "device": "cpu", "epochs": 1, **given})
    run = server.store.create_run(name=name, config=config, device="cpu", token=name)
    server.store.change_status(run.id, {"starting"}, "finished")
    details = RunDetails(classes=classes, num_train=1438, num_test=359, num_parameters=1, notes=())
    server.store.update_run(run.id, details=details, total_steps=23)
    (server.settings.runs_folder / run.id).mkdir(parents=True)
    found = server.store.get_run(run.id)
    assert found is not None
    return found


def keep(
    server: Services,
    run: Run,
    epoch: int,
    labels: Tensor,
    is_wrong: Callable[[int], bool],
    *,
    weight: float = 0.0,
    confidence: float = 0.91,
    num_classes: int = 10,
    layer: str = "conv1",
) -> Checkpoint:
    """Keep an epoch that takes the next class where it is wrong, with a first kernel of weight."""
    wrong = torch.tensor([is_wrong(index) for index in range(len(labels))])
    predicted = torch.where(wrong, (labels + 1) % num_classes, labels)
    probabilities = torch.full((len(labels), num_classes), (1 - confidence) / (num_classes - 1))
    probabilities[torch.arange(len(labels)), predicted] = confidence
    answers = Predictions(
        probabilities=probabilities, loss=1.0,
        confusion=confusion_matrix(labels, predicted, num_classes),
    )  # fmt: skip
    kernels = torch.zeros(6, 1, 5, 5)
    kernels[0] = weight
    state = TrainState(
        tensors={
            f"model.{layer}.weight": kernels,
            "model.fc.weight": torch.full((num_classes, 7), float(epoch)),
            f"model.{layer}.bias": torch.zeros(6),
            "optimiser.0": torch.zeros(3),
        },
        values={},
    )
    name = f"epoch-{epoch:08d}-aaaaaa.safetensors"
    path = server.settings.runs_folder / run.id / name
    saved = save_state(path, with_answers(state, answers, labels))
    server.store.add_checkpoint(
        run.id, kind="epoch", file_name=name, sha256=saved.sha256, step=23 * epoch,
        epoch=float(epoch), loss=answers.loss, accuracy=answers.accuracy,
    )  # fmt: skip
    return kept_rows(server.store.checkpoints(run.id))[-1]


@pytest.fixture
def run(server: Services, labels: Tensor) -> Run:
    """Wrong on 40 images at first, then on 12 of them, then on 10 of these and 3 others."""
    run = ended_run(server, "**one**", keep_epochs=True)
    keep(server, run, 0, labels, lambda index: index < 40, weight=0.5)
    keep(server, run, 1, labels, lambda index: index < 12, weight=-2.0)
    keep(server, run, 2, labels, lambda index: 2 <= index < 12 or 50 <= index < 53, weight=1.0)
    return run


def look_back(app: AppTest, *runs: Run, **address: str) -> AppTest:
    ids = ",".join(run.id for run in runs)
    return open_page(app, runs=ids, panel="Epochs", **address)


# What is shown


def test_each_epoch_shows_its_own_mistakes_and_what_changed(app: AppTest, run: Run) -> None:
    look_back(app, run)
    told = "\\*\\*one\\*\\*, epoch 2**: 13 mistakes. Since epoch 1: 2 learned, 3 forgotten."
    assert told in texts(app)
    assert len(captions(app)) == 13
    assert all(re.fullmatch(r"✗ (\d) → \d 91%", caption) for caption in captions(app))
    app.session_state[EPOCH] = 1.0
    app.run()
    assert "epoch 1**: 12 mistakes. Since epoch 0: 28 learned, 0 forgotten." in texts(app)
    app.session_state[EPOCH] = 0.0
    app.run()
    assert "epoch 0**: 40 mistakes." in texts(app)
    assert len(captions(app)) == 24
    assert not app.exception


def test_learned_and_forgotten_images_have_pictures(app: AppTest, run: Run, labels: Tensor) -> None:
    look_back(app, run)
    app.segmented_control(key="compare-epoch-group").set_value("Learned").run()
    expected = sorted(f"✓ {labels[index]} 91%" for index in (0, 1))
    assert sorted(captions(app)) == expected
    app.segmented_control(key="compare-epoch-group").set_value("Forgotten").run()
    assert len(captions(app)) == 3
    app.session_state[EPOCH] = 0.0
    app.run()
    assert captions(app) == []
    assert "There is no epoch before this one to compare with." in texts(app)


def test_a_cell_keeps_its_images_at_every_epoch(app: AppTest, run: Run, labels: Tensor) -> None:
    look_back(app, run)
    truth = int(labels[0])
    app.session_state[CELL] = (truth, (truth + 1) % 10)
    for epoch, wrong in ((0, range(40)), (2, [*range(2, 12), 50, 51, 52])):
        app.session_state[EPOCH] = float(epoch)
        app.run()
        expected = sum(int(labels[index]) == truth for index in wrong)
        assert len(captions(app)) == expected
        assert f"{truth} taken for {(truth + 1) % 10}: {expected}" in texts(app)
    app.button(key="compare-epoch-leave").click().run()
    assert len(captions(app)) == 13


def test_two_runs_stand_beside_each_other_at_the_nearest_epoch(
    app: AppTest, server: Services, run: Run, labels: Tensor
) -> None:
    other = ended_run(server, "other", keep_epochs=True)
    keep(server, other, 0, labels, lambda index: index < 5)
    none = ended_run(server, "none")
    look_back(app, run, none, other, epoch="2")
    assert "epoch 2**: 13 mistakes" in texts(app)
    assert "other, epoch 0**: 5 mistakes" in texts(app)
    assert not app.info


def test_the_address_holds_the_epoch(app: AppTest, run: Run) -> None:
    look_back(app, run, epoch="1")
    assert app.session_state[EPOCH] == 1.0
    assert "epoch 1**: 12 mistakes" in texts(app)
    app.query_params["epoch"] = "1e999"
    app.run()
    assert app.session_state[EPOCH] is None
    assert not app.exception


def test_an_epoch_that_was_let_go_is_shown_by_the_nearest(
    app: AppTest, server: Services, run: Run
) -> None:
    look_back(app, run, epoch="1")
    server.store.remove_checkpoint(kept_rows(server.store.checkpoints(run.id))[1].id)
    app.run()
    assert "epoch 0**: 40 mistakes." in texts(app)


def test_the_last_epoch_is_followed_as_it_comes(
    app: AppTest, server: Services, run: Run, labels: Tensor
) -> None:
    look_back(app, run)
    keep(server, run, 3, labels, lambda index: index == 7)
    app.run()
    assert "epoch 3**: 1 mistake. Since epoch 2: 12 learned, 0 forgotten." in texts(app)


def test_fork_from_here_opens_the_panel_with_these_weights(
    app: AppTest, server: Services, run: Run
) -> None:
    look_back(app, run, epoch="1")
    rows = kept_rows(server.store.checkpoints(run.id))
    app.button(key="compare-epoch-fork-0").click().run()
    assert not app.exception
    assert app.session_state[PANEL] == "Fork"
    assert app.session_state[CHECKPOINT] == rows[1].id


# Scales


def test_the_scale_is_of_all_epochs(server: Services, run: Run) -> None:
    rows = kept_rows(server.store.checkpoints(run.id))
    folder = server.settings.runs_folder / run.id
    found = strengths_of(folder, rows)
    assert [each and each["conv1.weight"] for each in found] == [
        Strength(weight=0.5, change=0.0),
        Strength(weight=2.0, change=2.5),
        Strength(weight=1.0, change=0.5),
    ]
    assert found[0] is not None
    assert list(found[0]) == ["conv1.weight", "fc.weight"]
    (folder / rows[1].file_name).unlink()
    assert [each is None for each in strengths_of(folder, rows)] == [False, True, False]


def test_a_file_that_was_put_right_is_read_again(server: Services, run: Run) -> None:
    row = kept_rows(server.store.checkpoints(run.id))[1]
    path = server.settings.runs_folder / run.id / row.file_name
    whole = path.read_bytes()
    path.write_bytes(whole[:-1] + b"!")
    assert look_at(path.parent, row, "conv1.weight") is None
    path.write_bytes(whole)
    look = look_at(path.parent, row, "conv1.weight")
    assert look is not None
    assert look.picture is not None
    assert look.picture.tiles[0].values.max() == -2.0


def test_the_first_layer_lies_as_the_pixels_that_it_looks_at() -> None:
    weight = torch.arange(24.0).reshape(2, 12)
    picture = picture_of(weight, (1, 3, 4))
    assert [tile.values.shape for tile in picture.tiles] == [(3, 4)] * 2
    assert picture.tiles[1].values[2, 3] == 23
    assert picture_of(weight, (1, 3, 5)).tiles[0].values.shape == (2, 12)
    change = difference(picture, picture_of(2 * weight, (1, 3, 4)))
    assert change.tiles[1].values[2, 3] == -23


# The slider


def _take_twice(sent: dict[str, object]) -> None:
    import streamlit as st

    from blitz.ui.compare.epoch_scrubber import taken_move

    st.session_state["s"] = {"move": sent}
    st.code(f"{taken_move('s')}; {taken_move('s')}")


@pytest.mark.parametrize(
    ("sent", "taken"),
    [
        ({"epoch": 3, "is_last": False}, "Moved(epoch=3.0, is_last=False)"),
        ({"epoch": 1e999, "is_last": False}, "None"),
        ({"epoch": "3", "is_last": False}, "None"),
        ({"epoch": 3}, "None"),
    ],
)
def test_a_move_is_taken_once(sent: dict[str, object], taken: str) -> None:
    about = {"instance": "a", "serial": 1}
    app = AppTest.from_function(_take_twice, args=(about | sent,)).run()
    assert app.code[0].value == f"{taken}; None"


# Where something is missing


def test_an_epoch_without_its_file_leaves_the_others_alone(
    app: AppTest, server: Services, run: Run
) -> None:
    rows = kept_rows(server.store.checkpoints(run.id))
    folder = server.settings.runs_folder / run.id
    (folder / rows[1].file_name).write_bytes(b"cut")
    look_back(app, run, epoch="1")
    assert [each.value.split(":")[0] for each in app.warning] == ["Epoch 1 cannot be shown"]
    app.session_state[EPOCH] = 2.0
    app.run()
    assert not app.warning
    assert "epoch 2**: 13 mistakes." in texts(app)
    (folder / rows[0].file_name).unlink()
    app.toggle(key="compare-epoch-change").set_value(True).run()
    assert "The first epoch cannot be read" in texts(app)
    assert not app.exception


def test_a_network_without_the_layer_says_so(
    app: AppTest, server: Services, run: Run, labels: Tensor
) -> None:
    other = ended_run(server, "other", keep_epochs=True)
    keep(server, other, 0, labels, lambda index: index < 5, layer="features.0")
    look_back(app, other, run)
    assert "This network has no features\\.0\\.weight." in texts(app)
    assert "This network has no conv1" not in texts(app)


def test_other_images_than_answered_are_not_shown(
    app: AppTest, server: Services, labels: Tensor
) -> None:
    run = ended_run(server, "r", keep_epochs=True)
    keep(server, run, 0, labels.flip(0), lambda index: index < 4)
    look_back(app, run)
    assert "The data set has changed since" in texts(app)
    assert captions(app) == []


def test_files_of_the_data_set_may_be_gone(app: AppTest, server: Services, labels: Tensor) -> None:
    run = ended_run(server, "r", dataset=str(server.settings.home / "no-such"), keep_epochs=True)
    keep(server, run, 0, labels, lambda index: index < 4)
    look_back(app, run)
    assert app.warning[0].value.startswith("The images of r are gone")
    assert "4 mistakes" in texts(app)


@pytest.mark.parametrize("num_classes", [2, 100, 101])
def test_few_and_many_classes(
    app: AppTest, server: Services, labels: Tensor, num_classes: int
) -> None:
    classes = tuple(f"class {number}" for number in range(num_classes))
    run = ended_run(server, "r", classes, loss="mse", keep_epochs=True)
    few = labels % num_classes
    keep(server, run, 0, few, lambda index: bool(few[index] == 1), num_classes=num_classes)
    look_back(app, run)
    assert f"{int((few == 1).sum())} mistakes" in texts(app)
    assert ("up to 100 classes" in texts(app)) == (num_classes > 100)


def test_weights_and_answers_may_be_no_numbers(
    app: AppTest, server: Services, labels: Tensor
) -> None:
    run = ended_run(server, "r", keep_epochs=True)
    keep(server, run, 0, labels, lambda index: index < 4, weight=1.0)
    keep(server, run, 1, labels, lambda _: True, weight=math.nan, confidence=math.nan)
    look_back(app, run)
    assert "25 of these weights are no finite numbers." in texts(app)
    app.toggle(key="compare-epoch-change").set_value(True).run()
    assert not app.exception


def test_a_run_that_was_deleted_meanwhile_is_told(
    server: Services, run: Run, monkeypatch: pytest.MonkeyPatch, app: AppTest
) -> None:
    look_back(app, run)
    known = [run]
    server.store.delete_run(run.id)
    monkeypatch.setattr("blitz.ui.compare.overview.chosen_runs", lambda _: known)
    app.run()
    assert [each.value for each in app.info] == ["A run that was chosen here has been deleted."]
    assert not app.exception


# Where nothing was kept


def test_a_run_without_epochs_can_be_trained_again_with_them(
    app: AppTest, server: Services
) -> None:
    run = ended_run(server, "plain", epochs=1, lr=0.05)
    look_back(app, run)
    assert app.info[0].value.startswith("plain did not keep its epochs.")
    [button] = [each for each in app.button if each.label.startswith("Train this run again")]
    button.click().run()
    assert not app.exception
    again, before = app.session_state[SELECTED]
    assert before == run.id
    found = server.store.get_run(again)
    assert found is not None
    assert found.config == TrainConfig.from_dict({**run.config.to_dict(), "keep_epochs": True})
    assert len(server.store.list_runs()) == 2


def test_a_fork_is_not_trained_again_as_if_it_were_none(app: AppTest, server: Services) -> None:
    run = ended_run(server, "fork")
    server.store.update_run(run.id, parent="gone", parent_step=3)
    look_back(app, run)
    assert len(app.info) == 1
    assert not [each for each in app.button if each.label.startswith("Train")]


def test_epochs_that_were_too_large_are_told_so(app: AppTest, server: Services) -> None:
    run = ended_run(server, "large", keep_epochs=True)
    look_back(app, run)
    assert app.info[0].value == "large ended before an epoch was kept."
    at = Position(step=0, epoch=0, images=0, seconds=0.0)
    server.store.append_event(run.id, "not kept", "epochs of 600 MiB are too large", at)
    app.run()
    assert app.info[0].value == "large: epochs of 600 MiB are too large."
