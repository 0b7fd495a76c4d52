"""The ways from a network to its graph and to its training, without a browser."""

from collections.abc import Mapping
from pathlib import Path

import pytest
import torch
from streamlit.testing.v1 import AppTest
from torch import nn

from blitz.autograd.examples import load_example
from blitz.autograd.operations.saved import saved_bytes
from blitz.autograd.program import program_graph, run_program
from blitz.datasets import load_dataset
from blitz.model_memory import MOST_SAVED_BYTES
from blitz.models import MODELS
from blitz.network.plan import NetworkPlan, build
from blitz.training.config import TrainConfig
from blitz.training.loop import Trainer
from blitz.ui.graph.model_program import model_in
from blitz.ui.network.links import graph_link_parameters, train_link_parameters
from tests.ui.test_autograd_page import NAMES, codes, open_address
from tests.ui.test_pages import labels, open_train, press, texts


def plan(model: str = "net", **values: int) -> NetworkPlan:
    own = {"channels": 1, "image_size": 32, "num_classes": 10} | values
    return NetworkPlan(model=model, **own)


# To the graph


def test_a_network_opens_on_the_autograd_page(app: AppTest) -> None:
    open_address(app, **graph_link_parameters(plan("net3x3", channels=3, width=2, seed=5)))
    assert not app.warning
    assert [title.value for title in app.title] == ["Net \\(3×3\\) with cross\\-entropy"]
    code = codes(app)
    assert 'build_model("net3x3", channels=3, image_size=32, num_classes=10, width=2)' in code
    assert "torch.manual_seed(5)" in code
    assert not [label for label in labels(app) if label.startswith("**")]
    [size] = [field for field in app.number_input if field.label == "batch_size"]
    size.set_value(7).run()
    assert not app.exception
    assert "batch_size = 7  #" in codes(app)
    press(app, "ResNet\\-18")
    assert dict(app.query_params) == {"example": "resnet18"}
    assert load_example("resnet18").listing.strip() in codes(app)


@pytest.mark.parametrize("model", MODELS)
def test_the_program_has_the_weights_of_the_plan_and_its_loss(model: str) -> None:
    channels, size = (3, 40) if "resnet" in model else (1, 28)
    own = plan(model, channels=channels, image_size=size, seed=3)
    program = model_in(graph_link_parameters(own))
    run = run_program(program)
    assert run.error is None
    wanted = build(own).state_dict()
    found = run.variables["model"].state_dict()
    assert all(torch.equal(found[name], wanted[name]) for name in wanted if "running" not in name
               and "num_batches" not in name)  # fmt: skip
    images = run.variables["images"]
    assert images.shape == (4, channels, size, size)
    loss = nn.functional.cross_entropy(run.variables["model"](images), run.variables["labels"])
    assert run.variables["loss"].item() == pytest.approx(loss.item(), rel=1e-5)


@pytest.mark.parametrize("model", MODELS)
def test_the_largest_batch_keeps_within_the_memory_allowed(model: str) -> None:
    program = model_in(graph_link_parameters(plan(model, image_size=128)))
    [control] = program.controls
    assert control.maximum is not None
    run = run_program(program.with_values({"batch_size": int(control.maximum)}))
    parameters = sum(each.nbytes for each in run.variables["model"].parameters())
    assert saved_bytes(program_graph(program, run)) <= MOST_SAVED_BYTES + parameters
    with pytest.raises(ValueError, match="batch_size"):
        program.with_values({"batch_size": int(control.maximum) + 1})


WRONG: list[Mapping[str, str]] = [
    {"model": ""},
    {"model": "lenet"},
    {"model": "net" * 10_000},
    {"model": 'net"); import os; ("'},
    {"model": "net", "image_size": "15"},
    {"model": "net", "image_size": "513"},
    {"model": "net", "image_size": "1e2"},
    {"model": "net", "channels": "0"},
    {"model": "net", "channels": "-1"},
    {"model": "net", "width": "65"},
    {"model": "mlp", "width": "2"},
    {"model": "net", "seed": "9" * 5_000},
    {"model": "net", "seed": "١"},
    {"model": "net", "num_classes": "100001"},
    {"model": "mlp", "image_size": "512"},
    {"model": "net", "image_size": "500", "width": "60"},
]


@pytest.mark.parametrize("parameters", WRONG, ids=lambda each: str(each)[:40])
def test_a_network_that_cannot_be_shown_is_refused_in_a_line(
    parameters: Mapping[str, str],
) -> None:
    with pytest.raises(ValueError, match=r"^\w+: ") as refused:
        model_in(parameters)
    assert "\n" not in str(refused.value)
    assert len(str(refused.value)) < 200  # whatever was given


def test_a_wrong_network_in_the_address_shows_the_first_example(app: AppTest) -> None:
    open_address(app, model="net", image_size="3", example="lstm")
    [warning] = app.warning
    assert warning.value.startswith("No network to show")
    assert load_example(NAMES[0]).listing.strip() in codes(app)


def test_the_process_keeps_its_random_state() -> None:
    torch.manual_seed(11)
    before = torch.random.get_rng_state()
    model_in({"model": "net", "image_size": "77"})
    assert torch.equal(torch.random.get_rng_state(), before)


# To the form of the train page


def form(app: AppTest) -> dict[str, object]:
    boxes = {name: app.selectbox(key=f"train_{name}").value
             for name in ("dataset", "model", "image_size", "optimizer")}  # fmt: skip
    numbers = {name: app.number_input(key=f"train_{name}").value
               for name in ("width", "seed", "epochs", "batch_size", "lr")}  # fmt: skip
    return boxes | numbers


def open_form(app: AppTest, parameters: Mapping[str, str]) -> AppTest:
    """The train page as a link opens it."""
    open_train(app)
    for name in list(app.query_params):
        del app.query_params[name]
    for name, value in parameters.items():
        app.query_params[name] = value
    app.run()
    assert not app.exception
    return app


def test_a_network_fills_in_its_fields_and_no_others(app: AppTest) -> None:
    before = form(open_train(app))
    own = plan("net", image_size=40, width=3, seed=8)
    open_form(app, train_link_parameters(own, "digits"))
    filled = {"dataset": "digits", "model": "net", "image_size": 40, "width": 3, "seed": 8}
    assert form(app) == before | filled
    assert not app.warning
    assert "1×40×40" in texts(app)


def test_the_address_is_taken_up_once(app: AppTest) -> None:
    open_form(app, train_link_parameters(plan("net3x3"), "digits"))
    app.selectbox(key="train_model").set_value("mlp").run()
    app.number_input(key="train_epochs").set_value(2).run()
    assert form(app)["model"] == "mlp"
    assert form(app)["seed"] == 0


def test_images_at_their_own_size_stay_as_they_are(app: AppTest) -> None:
    open_form(app, train_link_parameters(plan("mlp", image_size=28), "fashion-mnist"))
    assert form(app)["image_size"] == 0
    assert form(app)["dataset"] == "fashion-mnist"


WRONG_FIELDS = [
    {"dataset": "/etc"},
    {"dataset": "x" * 10_000},
    {"model": "lenet"},
    {"width": "65"},
    {"width": "2.5"},
    {"image_size": "7"},
    {"image_size": "513"},
    {"seed": "-1"},
    {"seed": str(2**53)},
]


def test_a_wrong_value_is_a_line_and_the_field_stays(app: AppTest) -> None:
    before = form(open_train(app))
    for wrong in WRONG_FIELDS:
        open_form(app, wrong)
        [warning] = app.warning
        assert warning.value.startswith("Left as it was")
        assert "\n" not in warning.value
        assert len(warning.value) < 300
        assert form(app) == before
    open_form(app, {"model": "mlp", "width": "none"})
    assert form(app) == before | {"model": "mlp"}


def test_a_run_begins_with_the_weights_that_were_shown(tmp_path: Path) -> None:
    dataset = load_dataset("digits", folder=tmp_path)
    trainer = Trainer(TrainConfig(dataset="digits", model="net", seed=4, device="cpu"), dataset)
    shown = build(plan("net", seed=4)).state_dict()
    first = trainer.model.state_dict()
    assert shown.keys() == first.keys()
    assert all(torch.equal(shown[name], value) for name, value in first.items())
