"""Weights and gradients of two runs, tensor by tensor."""

import pytest
import torch
import torch.nn.functional as F

from blitz.datasets import load_dataset
from blitz.models import build_model
from blitz.ui.services import Services
from tests.ui.compare_panels import ended_run, keep_weights, panel

CLASSES = tuple("0123456789")


def test_weights_are_listed_in_the_networks_order(server: Services) -> None:
    first, second = ended_run(server, "a"), ended_run(server, "b")
    torch.manual_seed(0)
    model = build_model("net")
    keep_weights(server, first, model)
    with torch.no_grad():
        for parameter in model.parameters():
            parameter.mul_(2)
    keep_weights(server, second, model)
    table = panel("weights", first, second).dataframe[0].value
    assert table["tensor"].tolist() == list(model.state_dict())
    assert table["shape"].tolist()[0] == "6×1×5×5"
    assert table["difference"].tolist() == pytest.approx([1.0] * len(table))
    assert table["cosine"].tolist() == pytest.approx([1.0] * len(table))
    assert table["second"].tolist() == pytest.approx((2 * table["first"]).tolist())


def test_gradients_are_of_the_loss_on_the_same_images(server: Services) -> None:
    first, second = ended_run(server, "a"), ended_run(server, "b", loss="mse")
    dataset = load_dataset("digits", folder=server.settings.data_folder)
    torch.manual_seed(0)
    model = build_model("net", image_size=dataset.image_size)
    keep_weights(server, first, model)
    keep_weights(server, second, model)
    app = panel("weights", first, second)
    assert len(app.dataframe) == 1
    app.toggle[0].set_value(True).run()
    assert not app.exception
    logits = model(dataset.normalise(dataset.train_images[:64]))
    F.cross_entropy(logits, dataset.train_labels[:64]).backward()
    table = app.dataframe[1].value
    assert table["tensor"].tolist() == [name for name, _ in model.named_parameters()]
    norms = [float(each.grad.norm()) for each in model.parameters() if each.grad is not None]
    assert table["first"].tolist() == pytest.approx(norms, rel=1e-4)
    assert table["cosine"].between(-1, 1).all()
    assert not table["difference"].between(-1e-6, 1e-6).any()  # the second has another loss
    far = ended_run(server, "far", dataset="mnist")
    keep_weights(server, far, model)
    told = panel("weights", first, far, compare_with_gradients=True).info[-1].value
    assert "There are no gradients to compare: dataset" in told


def test_networks_of_other_shapes_and_missing_weights_are_said(server: Services) -> None:
    first, wide = ended_run(server, "a"), ended_run(server, "wide", width=2)
    assert "has no weights yet" in panel("weights", first, wide).info[0].value.replace("\\", "")
    keep_weights(server, first, build_model("net"))
    keep_weights(server, wide, build_model("net", width=2))
    app = panel("weights", first, wide)
    assert "conv1.weight" in app.info[0].value.replace("\\", "")
    assert "fc3.bias" in app.dataframe[0].value["tensor"].tolist()
    mlp = ended_run(server, "mlp", model="mlp")
    keep_weights(server, mlp, build_model("mlp", num_classes=3))
    told = panel("weights", first, mlp).info[0].value
    assert told == "a and mlp have no tensor of one name and shape to compare."
    assert not panel("weights", first, mlp).dataframe
    alike = ended_run(server, "mlp 2", model="mlp")
    keep_weights(server, alike, build_model("mlp", num_classes=3))
    assert len(panel("weights", mlp, alike).dataframe) == 1
