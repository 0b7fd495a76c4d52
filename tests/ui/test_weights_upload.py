"""Weights of one's own, brought in on a page; and the buttons that take runs away."""

import pickle
from collections.abc import Callable
from pathlib import Path

import pytest
import safetensors.torch
import torch
from streamlit.testing.v1 import AppTest

from blitz.models import build_model
from blitz.ui.compare.state import PANEL, SELECTED
from blitz.ui.compare.weights_upload import KEY, LIMIT_BYTES
from blitz.ui.network.run_weights import runs_with_weights, weights_of
from blitz.ui.services import Services
from tests.ui.conftest import SECONDS

PAGE = """
from blitz.ui.compare.weights_upload import show_upload
from blitz.ui.services import services

show_upload(services())
"""
EXPORTS = """
from blitz.ui.compare.exports_panel import show_exports
from blitz.ui.services import services

found = services()
show_exports(found, found.launcher.runs())
"""


@pytest.fixture
def page(server: Services) -> AppTest:
    """The panel alone, shown once."""
    assert server.settings.home.is_dir()
    return AppTest.from_string(PAGE, default_timeout=SECONDS).run()


def upload(page: AppTest, name: str, content: bytes) -> None:
    page.file_uploader[0].upload(name, content, "application/octet-stream").run()
    assert not page.exception


def saved(model: torch.nn.Module) -> bytes:
    return safetensors.torch.save(model.state_dict())


def test_weights_that_fit_become_a_run_that_every_page_knows(
    page: AppTest, server: Services, wait_for: Callable[[Callable[[], bool]], None]
) -> None:
    model = build_model("net")
    upload(page, "mine_*.safetensors", saved(model))
    assert not page.error
    page.button(key=KEY + "evaluate").click().run()
    assert not page.exception
    assert "mine\\_\\* is chosen in the table" in page.success[0].value
    [run] = server.launcher.runs()
    assert run.name == "mine_*"
    assert page.session_state[SELECTED] == (run.id,)
    wait_for(lambda: has_ended(server, run.id))
    [found] = runs_with_weights(server)
    assert (found.status, found.message) == ("finished", "weights of mine_*.safetensors")
    kept = weights_of(run.id, server).tensors
    assert all(kept[name].equal(tensor) for name, tensor in model.state_dict().items())


def test_once_evaluated_nothing_of_the_file_is_kept_and_there_are_ways_on(
    page: AppTest, server: Services
) -> None:
    page.session_state[SELECTED] = ("another",)
    upload(page, "mine.safetensors", saved(build_model("net")))
    outcome = page.session_state[KEY + "outcome"]
    assert len(pickle.dumps(outcome)) < 2_000  # the verdict alone: no weights
    page.button(key=KEY + "evaluate").click().run()
    assert not page.exception
    [run] = server.launcher.runs()
    assert page.session_state[SELECTED] == ("another", run.id)
    assert KEY + "outcome" not in page.session_state
    assert page.file_uploader[0].value is None
    page.button(key=KEY + "to-Classes").click().run()
    assert page.session_state[PANEL] == "Classes"


def test_another_precision_is_told_how_to_be_saved_and_then_taken(
    page: AppTest, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    model = build_model("net").half()
    upload(page, "half.safetensors", saved(model))
    assert "float16" in page.error[0].value
    exec(page.code[0].value, {"model": model, "torch": torch})
    upload(page, "weights.pth", Path("weights.pth").read_bytes())
    assert not page.error
    assert not page.code


def test_a_file_of_the_old_format_is_told_how_to_be_saved_and_then_taken(
    page: AppTest, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    torch.save(build_model("net").state_dict(), "old.pth", _use_new_zipfile_serialization=False)
    upload(page, "old.pth", Path("old.pth").read_bytes())
    assert "is not taken" in page.error[0].value
    exec(page.code[0].value, {"torch": torch})
    upload(page, "weights.pth", Path("weights.pth").read_bytes())
    assert not page.error
    upload(page, "text.pth", b"text")
    assert not page.code


def test_the_limit_is_told_once(page: AppTest) -> None:
    [field] = page.file_uploader
    assert field.proto.max_upload_size_mb == LIMIT_BYTES / 2**20
    assert "MB" not in field.label


def has_ended(server: Services, run_id: str) -> bool:
    run = server.launcher.run(run_id)
    assert run is not None
    return run.ended_at is not None or run.status == "lost"


def test_weights_of_another_network_show_what_differs(page: AppTest) -> None:
    upload(page, "wide.safetensors", saved(build_model("net", width=2)))
    [error] = page.error
    assert "conv1" in error.value
    assert "\n" not in error.value
    table = page.dataframe[0].value
    assert table["tensor"].tolist() == ["conv1.weight", "conv1.bias", "conv2.weight"]
    assert table["given"].tolist()[0] == "float32 [12, 1, 5, 5]"
    page.number_input(key=KEY + "width").set_value(2).run()
    assert not page.error
    assert page.button(key=KEY + "evaluate")


@pytest.mark.parametrize(
    ("name", "content"),
    [("empty.pth", b""), ("a.pth", b"text"), ("b.safetensors", b"\xff" * 40), ("c.pth", b"PK\3\4")],
)
def test_other_files_are_one_line_and_the_next_is_read(
    page: AppTest, name: str, content: bytes
) -> None:
    upload(page, name, content)
    [error] = page.error
    assert "is not taken" in error.value
    assert "\n" not in error.value
    upload(page, "good.safetensors", saved(build_model("net")))
    assert not page.error
    assert page.button(key=KEY + "evaluate")


def test_weights_that_are_not_finite_are_warned_about(page: AppTest) -> None:
    weights = build_model("net").state_dict()
    weights["fc3.bias"][0] = torch.nan
    upload(page, "nan.safetensors", safetensors.torch.save(weights))
    [warning] = page.warning
    assert "1 value is NaN" in warning.value
    assert page.button(key=KEY + "evaluate")


def plain_again(text: str) -> str:
    """The text as a browser shows it."""
    return text.replace("\\", "")


@pytest.mark.parametrize("width", [0, -1, 65, 10**9])
def test_a_width_that_cannot_be_is_said_plainly(page: AppTest, width: int) -> None:
    page.number_input(key=KEY + "width").set_value(width).run()
    [error] = page.error
    assert f"{width} was given; expected a whole number from 1 to 64" in plain_again(error.value)
    assert not page.exception


def test_runs_can_be_taken_away_once_there_are_some(server: Services) -> None:
    from blitz.training.config import TrainConfig

    page = AppTest.from_string(EXPORTS, default_timeout=SECONDS).run()
    assert not page.get("download_button")
    server.store.create_run(
        name="r", config=TrainConfig(dataset="digits", model="mlp"), device="cpu", token="t"
    )
    page.run()
    assert not page.exception
    labels = [button.proto.label for button in page.get("download_button")]
    assert labels == ["Report", "Runs as CSV", "Metrics as CSV", "JSON", "TensorBoard"]
