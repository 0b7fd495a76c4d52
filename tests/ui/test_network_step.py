"""A training step, the optimisers and the width experiment as pages, without a browser."""

import math
from typing import Any

import pytest
import torch
import torch.nn.functional as F
from streamlit.testing.v1 import AppTest
from torch import Tensor

from blitz.network.width.measure import places
from blitz.ui.network.step_live import BatchChoice, batch_of
from tests.ui.network_views_app import chosen_network

SECONDS = 240
LOOP = ("zero_grad", "forward", "loss", "backward", "update")


def _page(view: str, model: str, num_classes: int) -> None:
    from tests.ui.network_views_app import show

    show(view, model, num_classes)


def page(view: str, model: str = "net", num_classes: int = 10, **state: Any) -> AppTest:
    app = AppTest.from_function(
        _page, args=(view, model, num_classes), default_timeout=SECONDS
    )  # fmt: skip
    for name, value in state.items():
        app.session_state[f"network-{view}-{name}"] = value
    return run(app)


def run(app: AppTest) -> AppTest:
    app.run()
    assert not app.exception
    return app


def press(app: AppTest, *names: str) -> AppTest:
    for name in names:
        app.button(key=f"network-step-do-{name}").click()
        run(app)
    return app


def table(app: AppTest) -> Any:
    return app.dataframe[0].value.set_index("parameter")


def texts(app: AppTest) -> str:
    elements = [*app.markdown, *app.caption, *app.latex, *app.success, *app.info, *app.code]
    return "\n".join(str(element.value) for element in elements).replace("\\", "")


def primary(app: AppTest) -> list[str]:
    return [button.label for button in app.button if button.proto.type == "primary"]


def batch() -> tuple[torch.nn.Module, Tensor, Tensor]:
    chosen = chosen_network("net")
    images, labels = batch_of(chosen, BatchChoice(size=4, seed=0))
    return chosen.new_model().train(), chosen.inputs(images), labels


def test_a_step_begins_without_gradients_and_zero_grad_is_next() -> None:
    app = page("step")
    assert set(table(app)["gradient"]) == {"None"}
    assert primary(app) == ["1 · zero\\_grad"]
    assert "torch.optim.SGD(model.parameters(), lr=0.01)" in texts(app)


def test_the_five_buttons_in_order_are_a_step_of_a_plain_loop() -> None:
    app = press(page("step"), *LOOP)
    model, images, labels = batch()
    loss = F.cross_entropy(model(images), labels)
    loss.backward()
    torch.optim.SGD(model.parameters(), lr=0.01).step()
    shown = table(app)
    for name, parameter in model.named_parameters():
        assert shown.loc[name, "highest"] == f"{parameter.detach().max():.4g}"
        assert parameter.grad is not None
        assert float(shown.loc[name, "‖gradient‖"]) == pytest.approx(
            float(parameter.grad.norm()), rel=1e-3
        )
    assert set(shown["gradient"]) == {"numbers"}
    assert [metric.value for metric in app.metric] == [f"{loss.item():.6g}"]
    assert primary(app) == ["1 · zero\\_grad"]
    first: Any = app.dataframe[1].value  # of conv1.weight
    after = model.get_parameter("conv1.weight").detach().flatten()[:4].tolist()
    assert first.loc["after"].tolist() == [f"{value:.9g}" for value in after]
    assert len(app.get("plotly_chart")) == 3


def test_gradients_left_alone_accumulate_and_zeros_are_told_from_none() -> None:
    app = press(page("step"), "whole", "forward", "loss", "backward")
    assert set(table(app)["gradient"]) == {"accumulated ×2"}
    app.toggle(key="network-step-zeros").set_value(True)
    press(app, "zero_grad")
    assert set(table(app)["gradient"]) == {"zeros"}
    app.toggle(key="network-step-zeros").set_value(False)
    press(app, "zero_grad")
    assert set(table(app)["gradient"]) == {"None"}


def test_an_action_at_the_wrong_time_is_refused_in_a_line_beside_the_buttons() -> None:
    app = press(page("step"), "backward")
    [error] = app.error
    assert error.value.replace("\\", "") == "backward: there is no loss yet; compute it first"
    press(app, "whole", "backward")
    assert "a second time" in app.error[0].value
    press(app, "forward")
    assert not app.error


def test_an_earlier_state_can_be_looked_back_at() -> None:
    app = press(page("step"), "whole")
    before = set(table(app)["gradient"])
    app.session_state["network-step-shown"] = 2
    run(app)
    assert before == {"numbers"}
    assert set(table(app)["gradient"]) == {"None"}
    assert "logits = model(images)" in texts(app)


def test_frozen_layers_keep_their_values() -> None:
    app = press(page("step", frozen=["conv1", "fc2"]), "whole")
    shown: Any = table(app)
    frozen = shown["gradient"] == "None (frozen)"
    assert list(shown.index[frozen]) == ["conv1.weight", "conv1.bias", "fc2.weight", "fc2.bias"]
    assert list(shown["‖update‖"] == "") == list(frozen)
    assert (shown["‖update‖"] != "0").all()


def test_another_setting_other_images_and_start_again_begin_anew() -> None:
    app = press(page("step"), "whole")
    app.selectbox(key="network-step-optimiser").set_value("adam")
    assert set(table(run(app))["gradient"]) == {"None"}
    for button in ("other", "again"):
        press(app, "whole")
        assert set(table(app)["gradient"]) == {"numbers"}
        assert set(table(press(app, button))["gradient"]) == {"None"}


def test_another_parameter_can_be_shown_in_pictures() -> None:
    app = page("step")
    app.selectbox(key="network-step-parameter").set_value("fc1.bias")
    [picture] = run(app).get("plotly_chart")
    assert picture.proto.alt.startswith("Value of fc1.bias")


@pytest.mark.parametrize(
    ("field", "value", "message"),
    [
        ("lr", math.nan, "learning rate: nan"),
        ("lr", -1.0, "learning rate: -1"),
        ("lr", 1e30, "learning rate: 1e+30"),
        ("lr", None, "learning rate: empty"),
        ("batch_size", 0, "batch size: 0"),
        ("batch_size", 10**9, "batch size: 1e+09"),
    ],
)
def test_a_field_that_holds_no_such_number_is_refused_in_a_line(
    field: str, value: float | None, message: str
) -> None:
    state: dict[str, Any] = {field: value}
    app = page("step", **state)
    [error] = app.error
    assert message in error.value.replace("\\", "")
    app.session_state[f"network-step-{field}"] = 1
    assert not run(app).error


def test_a_learning_rate_too_large_is_said_plainly() -> None:
    app = press(page("step", lr=1e6, loss="mse"), "whole", "whole", "whole")
    [warning] = app.warning
    assert "smaller learning rate" in warning.value
    assert set(table(app)["gradient"]) == {"not finite"}


def test_a_network_with_too_few_outputs_is_refused() -> None:
    for view in ("step", "updates"):
        [error] = page(view, num_classes=7).error
        assert "7 outputs and the data set 10 classes" in error.value


def test_four_ways_to_train_are_shown_as_curves() -> None:
    app = page("step", num_steps=10, lr=0.1)
    press(app, "train")
    charts = app.get("plotly_chart")
    assert len(charts) == 2  # and the picture of the parameter
    assert "as it should be: from" in texts(app)
    assert "learning rate 100" in texts(app)


def test_the_optimisers_show_their_tables_charts_and_formulas() -> None:
    app = page("updates")
    shown: Any = app.dataframe[0].value.set_index("rule")
    assert list(shown.index) == ["by hand", "SGD", "momentum", "Nesterov", "Adam", "RMSprop"]
    for rule in ("SGD", "momentum", "Nesterov"):
        assert shown.loc[rule, "equal to the last bit"] == "150 of 150"
        assert shown.loc[rule, "w after all"] == shown.loc[rule, "PyTorch's w"]
    assert shown.loc["Nesterov", "÷ (−lr · g)"] == pytest.approx(1.9, rel=1e-3)
    assert len(app.get("plotly_chart")) == 2
    assert "v_t = mu v_{t-1} + g" in texts(app)
    assert "all 150 numbers equal optim.SGD's to the last bit" in texts(app)


def test_the_gradient_of_the_optimisers_is_that_of_the_batch() -> None:
    app = page("updates", parameter="fc3.bias", num_steps=1)
    model, images, labels = batch()
    F.cross_entropy(model(images), labels).backward()
    gradient = model.get_parameter("fc3.bias").grad
    assert gradient is not None
    place = int(gradient.abs().argmax())
    assert app.number_input(key="network-updates-element").value == place
    shown = app.dataframe[0].value.set_index("rule")
    assert shown.loc["by hand", "first update"] == pytest.approx(-0.01 * float(gradient[place]))


@pytest.mark.parametrize(
    ("field", "value", "message"),
    [
        ("lr", 1e30, "learning rate: 1e+30"),
        ("momentum", -1.0, "momentum: -1"),
        ("num_steps", 10**9, "steps: 1000000000"),
        ("element", 150, "element: 150"),
        ("element", -1, "element: -1"),
    ],
)
def test_the_optimisers_refuse_numbers_in_a_line(field: str, value: float, message: str) -> None:
    app = page("updates")
    app.session_state[f"network-updates-{field}"] = value
    [error] = run(app).error
    assert message in error.value.replace("\\", "")


def test_the_width_experiment_measures_every_device_and_says_why() -> None:
    app = page("width", batch=16)
    assert "CPU, 1 thread" in texts(app)
    app.button(key="network-width-measure").click()
    run(app)
    assert not app.error
    shown = app.dataframe[0].value
    assert len(shown) == len(places()) * 6 * 2
    assert "million multiply-adds" in texts(app)
    assert len(app.get("plotly_chart")) == 2
    assert len(run(app).get("plotly_chart")) == 2
