"""What a person sees and can do on each page, without a browser."""

import io
import zipfile
from collections.abc import Callable

import pytest
import torch
from PIL import Image
from streamlit.testing.v1 import AppTest

from blitz.training.presets import PRESETS
from blitz.training.store import ACTIVE, Run
from blitz.ui.services import Services

WaitFor = Callable[[Callable[[], bool]], None]


def texts(app: AppTest) -> str:
    """All words on the page that AppTest knows."""
    kinds = (app.title, app.subheader, app.markdown, app.caption, app.error, app.warning, app.info)
    return "\n".join(str(element.value) for kind in kinds for element in kind)


def open_train(app: AppTest) -> AppTest:
    app.run()
    app.switch_page("train.py").run()
    assert not app.exception
    return app


def press(app: AppTest, label: str) -> AppTest:
    [button] = [button for button in app.button if button.label == label]
    button.click().run()
    assert not app.exception
    return app


def labels(app: AppTest) -> list[str]:
    return [button.label for button in app.button]


# Home


def test_home_tells_what_this_machine_has(app: AppTest) -> None:
    app.run()
    assert not app.exception
    assert torch.__version__ in texts(app)
    assert "cpu" in texts(app)
    assert "Where to go next" in texts(app)


def test_home_tells_of_the_cluster_that_runs_go_to(
    app: AppTest, monkeypatch: pytest.MonkeyPatch
) -> None:
    assert "Cluster" not in texts(app.run())
    monkeypatch.setenv("BLITZ_RAY_ADDRESS", "http://me:secret@127.0.0.1:1")
    app.run()
    assert not app.exception
    assert "**Cluster** runs are sent to Ray at 127.0.0.1:1" in texts(app).replace("\\", "")
    assert "secret" not in texts(app)
    assert "train on the processor" not in texts(app)


def test_home_lists_runs(app: AppTest, server: Services) -> None:
    ended_run(server, "a first try")
    app.run()
    assert any("a first try" in label for label in labels(app))


# The form


def test_the_form_starts_with_digits_and_shows_samples(app: AppTest) -> None:
    open_train(app)
    assert app.selectbox(key="train_dataset").value == "digits"
    assert "1,438 to train on, 359 to test on" in texts(app)
    assert "61,706 parameters" in texts(app)


@pytest.mark.parametrize("preset", PRESETS, ids=lambda preset: preset.title)
def test_a_preset_fills_in_all_fields(app: AppTest, preset: object) -> None:
    open_train(app)
    chosen = next(p for p in PRESETS if p is preset)
    app.selectbox(key="train_preset").set_value(chosen).run()
    assert not app.exception
    assert app.selectbox(key="train_dataset").value == chosen.config.dataset
    assert app.selectbox(key="train_optimizer").value == chosen.config.optimizer
    assert app.number_input(key="train_lr").value == chosen.config.lr
    assert app.number_input(key="train_batch_size").value == chosen.config.batch_size
    assert app.number_input(key="train_epochs").value == chosen.config.epochs


def test_what_was_filled_in_is_there_again_after_another_page(app: AppTest) -> None:
    open_train(app)
    app.number_input(key="train_epochs").set_value(7).run()
    app.switch_page("home.py").run()
    app.switch_page("train.py").run()
    assert app.number_input(key="train_epochs").value == 7


def archive(classes: tuple[str, ...]) -> bytes:
    file = io.BytesIO()
    with zipfile.ZipFile(file, "w") as packed:
        for shade, name in enumerate(classes):
            for index in range(6):
                image = io.BytesIO()
                Image.new("L", (16, 16), 40 * shade + index).save(image, "PNG")
                packed.writestr(f"{name}/{index}.png", image.getvalue())
    return file.getvalue()


def upload(app: AppTest, content: bytes) -> None:
    app.selectbox(key="train_dataset").set_value("Upload an archive…").run()
    app.file_uploader[0].upload("my pets.zip", content, "application/zip").run()
    assert not app.exception


def test_an_uploaded_archive_becomes_a_data_set(app: AppTest, server: Services) -> None:
    open_train(app)
    upload(app, archive(("cat", "dog")))
    kept = server.settings.uploads_folder / "my-pets.zip"
    assert kept.exists()
    assert app.selectbox(key="train_dataset").value == str(kept)
    press(app, "Load my\\-pets\\.zip")
    assert "2 classes, 1×16×16" in texts(app)


def test_an_archive_of_one_class_is_refused_in_a_line(app: AppTest) -> None:
    open_train(app)
    upload(app, archive(("cat",)))
    press(app, "Load my\\-pets\\.zip")
    assert len(app.error) == 1
    assert "\n" not in app.error[0].value


# Runs


def ended_run(server: Services, name: str) -> Run:
    """A run that nobody starts, as if it had been stopped."""
    run = server.store.create_run(
        name=name, config=PRESETS[0].config, device="cpu", token=f"token of {name}"
    )
    server.store.change_status(run.id, {"starting"}, "stopped", "stopped")
    return run


def open_run(app: AppTest, run_id: str) -> AppTest:
    app.query_params["run"] = run_id
    open_train(app)
    app.query_params["run"] = run_id
    app.run()
    assert not app.exception
    return app


NAMES = ["<script>alert(1)</script>", "'; DROP TABLE runs; --", "../../etc/passwd", "**bold** $x$"]


@pytest.mark.parametrize("name", NAMES)
def test_a_runs_name_is_kept_and_shown_literally(app: AppTest, server: Services, name: str) -> None:
    run = ended_run(server, name)
    assert run.name == name
    open_run(app, run.id)
    assert app.title[0].value.replace("\\", "") == name


def test_a_run_that_does_not_exist_is_told(app: AppTest) -> None:
    open_run(app, "nothing")
    assert "no such run" in app.error[0].value


def test_a_lost_run_can_be_resumed_or_deleted(app: AppTest, server: Services) -> None:
    run = server.store.create_run(
        name="lost one", config=PRESETS[0].config, device="cpu", token="t"
    )
    assert server.store.change_status(run.id, {"starting"}, "running")
    open_run(app, run.id)
    assert {"Resume", "Delete this run"} <= set(labels(app))
    press(app, "Delete this run")
    assert server.store.get_run(run.id) is None


def test_a_run_is_started_watched_and_ends_with_its_results(
    app: AppTest, server: Services, wait_for: WaitFor
) -> None:
    open_train(app)
    app.number_input(key="train_epochs").set_value(2).run()
    app.text_input(key="train_name").set_value("through the page").run()
    press(app, "Start")
    [run] = server.launcher.runs()
    assert run.name == "through the page"
    assert app.query_params["run"] in (run.id, [run.id])
    assert "Stop" in labels(app)
    wait_for(lambda: server.launcher.runs()[0].status not in ACTIVE)
    app.run()
    assert not app.exception
    assert server.launcher.runs()[0].status == "finished"
    assert any(metric.label == "Test accuracy" for metric in app.metric)
    assert "Most confident mistakes first" in texts(app)
    downloads = {element.proto.label for element in app.get("download_button")}
    assert {".safetensors", ".pth", "Metrics as CSV", "Training script"} <= downloads


def test_a_click_keeps_the_forms_token_and_a_new_form_has_a_new_one(
    app: AppTest, server: Services
) -> None:
    open_train(app)
    token = app.session_state["train_token"]
    press(app, "Start")
    # A second click that is on its way would bring this same token: the same run.
    assert app.session_state["train_token"] == token
    run = server.launcher.start(PRESETS[0].config, name="second click", token=token)
    assert [r.id for r in server.launcher.runs()] == [run.id]
    press(app, "New run")
    assert app.session_state["train_token"] != token


def test_a_long_archive_name_can_be_started(app: AppTest, server: Services) -> None:
    open_train(app)
    app.selectbox(key="train_dataset").set_value("Upload an archive…").run()
    app.file_uploader[0].upload("n" * 240 + ".zip", archive(("cat", "dog")), "a/zip").run()
    app.number_input(key="train_batch_size").set_value(4).run()
    press(app, "Start")
    assert len(server.launcher.runs()) == 1


def test_a_fault_of_the_database_is_a_line_not_a_traceback(app: AppTest, server: Services) -> None:
    app.run()
    server.store.close()
    database = server.settings.home / "runs.sqlite"
    intact = database.read_bytes()
    database.write_bytes(b"not a database any more" * 100)
    app.switch_page("train.py").run()
    assert not app.exception
    assert any("database" in str(error.value) for error in app.error)
    server.store.close()
    database.write_bytes(intact)
    app.run()
    assert not app.error
