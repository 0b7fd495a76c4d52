"""What a person sees and can do on the network page, without a browser.

Components draw in a browser only; what is clicked in them is put into the session here.
"""

import math
import uuid
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import torch
from PIL import Image
from streamlit.testing.v1 import AppTest
from streamlit.testing.v1.element_tree import ElementList

from blitz.datasets import BUILTIN_DATASETS, load_dataset
from blitz.models import Net, build_model
from blitz.training.checkpoints import save_state
from blitz.training.config import TrainConfig
from blitz.training.state import TrainState
from blitz.training.store import ACTIVE, RunDetails
from blitz.ui.network.image_choice import INDEX
from blitz.ui.network.state import LAYER, MODEL, RUN, VIEW, VIEWS
from blitz.ui.network.unit import UNIT
from blitz.ui.services import Services
from blitz.ui.text import plain
from tests.ui.test_pages import press


def open_page(app: AppTest, **address: str) -> AppTest:
    app.run()
    app.switch_page("network.py")
    for name, value in address.items():
        app.query_params[name] = value
    app.run()
    assert not app.exception
    return app


def told(elements: ElementList[Any]) -> str:
    """The texts of some messages as a person reads them."""
    return "\n".join(element.value.replace("\\", "") for element in elements)


def markdown(app: AppTest) -> str:
    return "\n".join([element.value for element in (*app.markdown, *app.caption)])


def latex(app: AppTest) -> str:
    return "\n".join(element.value for element in app.latex)


def digits(server: Services) -> torch.Tensor:
    return load_dataset("digits", folder=server.settings.data_folder).test_images


def add_run(server: Services, model: torch.nn.Module, config: TrainConfig) -> str:
    """A finished run with these weights, as a training process leaves it."""
    run = server.store.create_run(
        config=config, name="my <b>run</b>", device="cpu", token=uuid.uuid4().hex
    )
    server.store.update_run(
        run.id,
        step=10,
        details=RunDetails(
            classes=BUILTIN_DATASETS[config.dataset].classes, num_train=1_438, num_test=359,
            num_parameters=61_706, notes=(),
        ),
    )  # fmt: skip
    folder = server.settings.runs_folder / run.id
    folder.mkdir(parents=True)
    tensors = {f"model.{name}": tensor for name, tensor in model.state_dict().items()}
    saved = save_state(folder / "last-10.safetensors", TrainState(tensors=tensors, values={}))
    server.store.add_checkpoint(
        run.id, kind="last", file_name=saved.path.name, sha256=saved.sha256, step=10, epoch=1.0,
        loss=None, accuracy=None,
    )  # fmt: skip
    server.store.change_status(run.id, from_=ACTIVE, to="finished")
    return run.id


def test_it_opens_with_a_digit_on_its_way_through_net(app: AppTest) -> None:
    open_page(app)
    assert app.title[0].value == "Layer by layer"
    assert not app.error
    assert "61,706 parameters · 416,520 multiply-adds · 13 steps" in markdown(app)
    assert app.subheader[0].value == "conv1"
    assert "**out** 1 × 6 × 28 × 28 (1 image, 6 channels, 28 rows, 28 columns)" in markdown(app)
    assert r"6 \cdot (1 \cdot 5 \cdot 5) + 6 = 156" in latex(app)
    [table] = [frame.value for frame in app.dataframe if "multiply-adds" in frame.value]
    assert table["parameters"].sum() == 61_706
    assert table["name"].tolist()[:3] == ["conv1", "relu", "max_pool2d"]


def test_each_layer_of_net_and_the_image_can_be_opened(app: AppTest) -> None:
    open_page(app)
    for layer in range(14):
        app.session_state[LAYER] = layer
        app.run()
        assert not app.exception
        assert not app.error
    assert app.subheader[0].value == "softmax"
    assert "All of them add up to 1" in markdown(app)


def test_an_element_of_a_map_is_shown_with_its_arithmetic(app: AppTest, server: Services) -> None:
    open_page(app, seed="3")
    app.session_state[UNIT] = (0, (0, 4, 10, 20))
    app.run()
    with torch.random.fork_rng():
        torch.manual_seed(3)
        net = Net()
    image = digits(server)[:1].float() / 255 * 2 - 1
    expected = net.conv1(image)[0, 4, 10, 20].item()
    assert "z_{4,10,20}" in latex(app)
    assert f"The network has {expected:.4g}" in markdown(app)


def test_the_fields_of_an_element_lead_to_it(app: AppTest) -> None:
    open_page(app, layer="3")
    app.number_input(key="network-unit-1").set_value(5)
    app.number_input(key="network-unit-2").set_value(13).run()
    assert app.session_state[UNIT][1][1:3] == (5, 13)
    assert not app.exception


@pytest.mark.parametrize("model", ["net3x3", "mlp", "speed", "resnet18", "resnet18-frozen"])
def test_every_network_walks_on_every_size_it_can(app: AppTest, model: str) -> None:
    open_page(app, model=model, image_size="64")
    assert not app.error
    app.session_state[LAYER] = 1_000  # more than there are
    app.run()
    assert app.subheader[0].value == "softmax"


def test_what_the_address_says_is_shown_and_what_it_may_not_say_is_told(app: AppTest) -> None:
    open_page(
        app, model="mlp", image="7", layer="2", seed="-1", width="x", view="no", dataset="/etc",
        image_size="7", run="nobody",
    )  # fmt: skip
    complaints = told(app.warning)
    for line in (
        "seed: '-1' was given; expected a whole number from 0",
        "width: 'x' was given; expected a whole number from 1 to 64",
        "view: 'no' was given; choose layers, step, optimisers, width",
        "dataset: '/etc' was given; there is no such data set here",
        "image_size: 7 was given; expected 8 to 512, or 0",
    ):
        assert line in complaints
    assert "there is no such run" in told(app.error)
    app.session_state[RUN] = ""
    app.run()
    assert (app.session_state[MODEL], app.session_state[INDEX]) == ("mlp", 7)
    assert app.subheader[0].value == plain("linear_relu_stack.0")


def test_a_network_that_cannot_take_the_images_is_refused_with_the_reason(
    app: AppTest, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    for name in ("a", "b"):
        (tmp_path / "tiny" / name).mkdir(parents=True)
        for number in range(6):
            pixels = np.full((8, 8), 40 * number, dtype=np.uint8)
            Image.fromarray(pixels).save(tmp_path / "tiny" / name / f"{number}.png")
    monkeypatch.setenv("BLITZ_DATASETS", str(tmp_path))
    open_page(app, dataset="tiny", layer="0")
    press(app, "Load tiny")
    assert "net needs images of at least 16×16 pixels; these have 8×8" in told(app.error)
    app.session_state["network-image_size"] = 32
    app.run()
    assert not app.error
    assert "Given as 1 × 8 × 8, made to fit 1 × 32 × 32" in markdown(app)


def test_a_runs_weights_answer_as_the_run_did(app: AppTest, server: Services) -> None:
    torch.manual_seed(11)
    model = Net()
    run = add_run(server, model, TrainConfig(dataset="digits", model="net"))
    open_page(app, run=run, image="4")
    assert not app.error
    images = digits(server)[4:5].float() / 255 * 2 - 1
    probabilities = model(images).softmax(1)[0]
    best = int(probabilities.argmax())
    assert f"Answer: **{best} {probabilities[best].item():.1%}**" in markdown(app)


def test_weights_of_another_shape_are_listed_tensor_by_tensor(
    app: AppTest, server: Services
) -> None:
    run = add_run(server, Net(), TrainConfig(dataset="digits", model="net"))
    open_page(app, run=run, model="net3x3")
    assert "are of another shape: 3 tensors differ" in told(app.error)
    [table] = [frame.value for frame in app.dataframe]
    assert table.to_dict("records") == [
        {"tensor": "conv1.weight", "this network": "[6, 1, 3, 3]", "the weights": "[6, 1, 5, 5]"},
        {"tensor": "conv2.weight", "this network": "[16, 6, 3, 3]", "the weights": "[16, 6, 5, 5]"},
        {"tensor": "fc1.weight", "this network": "[120, 576]", "the weights": "[120, 400]"},
    ]
    press(app, "Show the run's own network")
    assert not app.error
    assert app.session_state[MODEL] == "net"


def test_a_run_on_images_of_any_size_can_be_looked_into(app: AppTest, server: Services) -> None:
    config = TrainConfig(dataset="digits", model="net", image_size=40)
    open_page(app, run=add_run(server, build_model("net", image_size=40), config))
    assert not app.error
    assert "**out** 1 × 6 × 36 × 36" in markdown(app)


def test_a_network_too_large_for_a_server_is_refused(app: AppTest) -> None:
    open_page(app, model="net", width="64", image_size="224", view="step")
    app.number_input(key="network-step-batch_size").set_value(2).run()
    assert "MiB are allowed: at most 1 together" in told(app.error)
    open_page(app, model="mlp", image_size="512")
    assert "parameters; at most 30,000,000 are shown" in told(app.error)


def test_the_address_of_a_run_alone_shows_its_own_network(app: AppTest, server: Services) -> None:
    config = TrainConfig(dataset="digits", model="net3x3", width=2, image_size=28)
    model = build_model("net3x3", image_size=28, width=2)
    open_page(app, run=add_run(server, model, config))
    assert not app.error
    assert app.session_state[MODEL] == "net3x3"
    assert "**out** 1 × 12 × 26 × 26" in markdown(app)


def test_nan_weights_are_told_and_shown_as_such(app: AppTest, server: Services) -> None:
    model = Net()
    with torch.no_grad():
        model.conv2.weight[0, 0, 0, 0] = math.nan
    run = add_run(server, model, TrainConfig(dataset="digits", model="net"))
    open_page(app, run=run, layer="4")
    assert "1 weights are NaN or infinite" in told(app.warning)
    assert "Answer: **none**, its probabilities are NaN" in markdown(app)
    assert "100 of 1,600 outputs are NaN or infinite" in told(app.warning)
    assert not app.error


def test_a_colour_image_is_made_to_fit_a_network_for_grey_ones(
    app: AppTest, server: Services
) -> None:
    model = build_model("net", channels=3)
    run = add_run(server, model, TrainConfig(dataset="cifar10", model="net"))
    open_page(app, run=run, dataset="digits", layer="0")
    assert not app.error
    assert "learned CIFAR" in told(app.info)
    assert "made to fit 3 × 32 × 32" in markdown(app)


def test_all_views_open_and_the_list_leads_to_them_and_to_the_stations(app: AppTest) -> None:
    open_page(app)
    for name, title in VIEWS.items():
        app.button(key=f"network-list-{name}").click().run()
        assert not app.exception
        assert not app.error
        assert app.title[0].value == title
        assert app.session_state[VIEW] == name
    app.button(key="network-list-n3").click().run()
    assert not app.exception
    assert app.title[0].value != VIEWS["width"]
    app.button(key="network-list-layers").click().run()
    assert app.title[0].value == VIEWS["layers"]
