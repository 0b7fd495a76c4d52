"""Runs with made-up answers and weights, the panels that compare them, and what these say."""

import re
from collections.abc import Callable
from typing import Any

import torch
from streamlit.testing.v1 import AppTest
from torch import Tensor

from blitz.training.checkpoints import save_state
from blitz.training.config import TrainConfig
from blitz.training.evaluation import Predictions, confusion_matrix
from blitz.training.predictions import save_predictions
from blitz.training.runs import RunDetails
from blitz.training.state import TrainState
from blitz.training.store import Run
from blitz.ui.services import Services
from tests.ui.conftest import SECONDS

CLASSES = tuple("0123456789")


def _panel(name: str, ids: list[str]) -> None:
    from blitz.ui.compare.classes_panel import show_classes
    from blitz.ui.compare.images_panel import show_images
    from blitz.ui.compare.settings_panel import show_settings
    from blitz.ui.compare.weights_panel import show_weights
    from blitz.ui.services import services

    found = services()
    runs = [run for run in map(found.store.get_run, ids) if run is not None]
    if name == "settings":
        show_settings(runs)
    elif name == "classes":
        show_classes(found, runs)
    elif name == "images":
        show_images(found, runs)
    else:
        show_weights(found, runs)


def panel(name: str, *runs: Run, **state: Any) -> AppTest:
    ids = [run.id for run in runs]
    app = AppTest.from_function(_panel, args=(name, ids), default_timeout=SECONDS)
    for key, value in state.items():
        app.session_state[key.replace("_", "-")] = value
    app.run()
    assert not app.exception
    return app


def ended_run(server: Services, name: str, **settings: Any) -> Run:
    number = len(server.store.list_runs())
    run = server.store.create_run(
        name=name, config=TrainConfig(**settings), device="cpu", token=f"token {number}"
    )
    server.store.change_status(run.id, {"starting"}, "finished")
    details = RunDetails(classes=CLASSES, num_train=1438, num_test=359, num_parameters=1, notes=())
    server.store.update_run(run.id, details=details, total_steps=1)
    (server.settings.runs_folder / run.id).mkdir(parents=True)
    found = server.store.get_run(run.id)
    assert found is not None
    return found


def keep_answers(
    server: Services, run: Run, labels: Tensor, is_wrong: Callable[[int], bool]
) -> None:
    """Sure of the truth, but where it is wrong: there it takes the next digit."""
    indices = torch.tensor([is_wrong(index) for index in range(len(labels))])
    predicted = torch.where(indices, (labels + 1) % 10, labels)
    probabilities = torch.full((len(labels), 10), 0.01)
    probabilities[torch.arange(len(labels)), predicted] = 0.91
    kept = Predictions(
        probabilities=probabilities, loss=1.0, confusion=confusion_matrix(labels, predicted, 10)
    )
    save_predictions(server.settings.runs_folder / run.id, kept, labels, step=1)


def keep_weights(server: Services, run: Run, model: torch.nn.Module) -> None:
    tensors = {f"model.{name}": tensor for name, tensor in model.state_dict().items()}
    path = server.settings.runs_folder / run.id / "last-1.safetensors"
    saved = save_state(path, TrainState(tensors=tensors, values={"step": 1}))
    server.store.add_checkpoint(
        run.id, kind="last", file_name=path.name, sha256=saved.sha256, step=1, epoch=1.0
    )


def counts(app: AppTest) -> dict[str, int]:
    """How many images there are in each group that can be chosen."""
    [groups] = [each for each in app.segmented_control if each.label == "Images"]
    told = (option.content.rpartition(" · ") for option in groups.proto.options)
    return {title: int(count.replace(",", "")) for title, _, count in told}


def pictures(app: AppTest) -> list[str]:
    """What stands below each picture, as HTML."""
    html = "".join(element.proto.body for element in app.get("html"))
    return re.findall(r"<figcaption[^>]*>(.*?)</figcaption>", html, re.DOTALL)


def captions(app: AppTest) -> list[str]:
    """The same, as it is read."""
    return [" ".join(re.sub("<[^>]*>", " ", each).split()) for each in pictures(app)]
