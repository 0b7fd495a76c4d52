"""The networks: sizes and shapes as published, and refusals."""

import functools
import hashlib
import http.server
import threading
from collections.abc import Iterator
from pathlib import Path

import pytest
import torch
import torchvision
from torch import nn
from torch.utils.flop_counter import FlopCounterMode

from blitz.models import (
    MODELS,
    build_model,
    check_model,
    count_parameters,
    load_pretrained,
    model_source,
    norm_biases,
)


def test_net_has_the_tutorials_parameters() -> None:
    net = build_model("net")
    parameters = list(net.parameters())
    assert len(parameters) == 10
    assert list(parameters[0].shape) == [6, 1, 5, 5]
    assert count_parameters(net) == 61_706
    assert count_parameters(build_model("net", channels=3)) == 62_006


def test_net3x3_has_the_tutorials_parameters() -> None:
    net = build_model("net3x3")
    assert list(next(net.parameters()).shape) == [6, 1, 3, 3]
    assert list(net.get_parameter("fc1.weight").shape) == [120, 576]


def test_mlp_has_the_lectures_parameters() -> None:
    assert count_parameters(build_model("mlp")) == 669_706


def test_resnet18_is_torchvisions() -> None:
    expected = torchvision.models.resnet18(num_classes=7).state_dict()
    built = build_model("resnet18", num_classes=7).state_dict()
    assert {k: v.shape for k, v in built.items()} == {k: v.shape for k, v in expected.items()}


def test_frozen_resnet_learns_only_its_last_layer() -> None:
    net = build_model("resnet18-frozen", num_classes=10)
    learning = [name for name, p in net.named_parameters() if p.requires_grad]
    assert learning == ["fc.weight", "fc.bias"]


def test_width_widens_what_passes_between_the_convolutions() -> None:
    net = build_model("net", channels=3, width=4)
    assert list(net.get_parameter("conv1.weight").shape) == [24, 3, 5, 5]
    assert list(net.get_parameter("conv2.weight").shape) == [16, 24, 5, 5]


def test_speed_net_has_the_papers_work_and_parameters() -> None:
    net = build_model("speed")
    # Jordan 2024: 1.97 million parameters, 3.6e14 operations in 9.9 epochs of 50,000 images.
    assert count_parameters(net) == pytest.approx(1.97e6, rel=0.01)
    with torch.no_grad(), FlopCounterMode(display=False) as counter:
        net(torch.zeros(1, 3, 32, 32))
    assert 3 * counter.get_total_flops() * 50_000 * 9.9 == pytest.approx(3.6e14, rel=0.03)


def test_speed_nets_square_convolutions_begin_by_passing_everything_on() -> None:
    images = torch.randn(2, 64, 6, 6)
    convolution = build_model("speed").get_submodule("group1.conv2")
    torch.testing.assert_close(convolution(images), images)


def test_biases_of_batch_normalisation_are_found_where_they_learn() -> None:
    net = build_model("resnet18")
    names = {name for name, p in net.named_parameters() if any(p is b for b in norm_biases(net))}
    assert len(names) == 20
    assert all(name.endswith("bias") and name != "fc.bias" for name in names)
    assert len(norm_biases(build_model("speed"))) == 6
    assert norm_biases(build_model("resnet18-frozen")) == norm_biases(build_model("net")) == []


@pytest.mark.parametrize("name", list(MODELS))
def test_whether_a_network_normalises_batches_is_known_before_it_is_built(name: str) -> None:
    kinds = {type(module) for module in build_model(name).modules()}
    assert MODELS[name].has_batch_norm is (nn.BatchNorm2d in kinds)


@pytest.mark.parametrize("name", list(MODELS))
@pytest.mark.parametrize("channels", [1, 3])
@pytest.mark.parametrize("size", [28, 32, 45])
def test_every_network_takes_every_data_sets_images(name: str, channels: int, size: int) -> None:
    net = build_model(name, channels=channels, image_size=size, num_classes=7).eval()
    assert net(torch.zeros(2, channels, size, size)).shape == (2, 7)


@pytest.mark.parametrize("name", list(MODELS))
def test_the_smallest_image_works_and_one_smaller_is_refused(name: str) -> None:
    smallest = MODELS[name].smallest_image
    net = build_model(name, channels=1, image_size=smallest).eval()
    assert net(torch.zeros(1, 1, smallest, smallest)).shape == (1, 10)
    if smallest > 1:
        with pytest.raises(ValueError, match=f"at least {smallest}"):
            build_model(name, channels=1, image_size=smallest - 1)


@pytest.mark.parametrize(
    ("name", "width", "rule"),
    [("vgg", 1, "choose net, net3x3"), ("mlp", 2, "only width 1")],
)
def test_what_cannot_be_built_is_refused_in_a_line(name: str, width: int, rule: str) -> None:
    with pytest.raises(ValueError, match=rule):
        check_model(name, image_size=32, width=width)


@pytest.mark.parametrize("name", list(MODELS))
def test_a_networks_source_builds_it(name: str) -> None:
    names: dict[str, object] = {"torch": torch, "nn": nn, "Tensor": torch.Tensor}
    exec("import torch.nn.functional as F\n" + model_source(name), names)
    classes = {"net": "Net", "net3x3": "Net3x3", "mlp": "MLP", "speed": "SpeedNet"}
    made = classes.get(name, "resnet18")
    builder = names[made]
    assert callable(builder)
    assert count_parameters(builder(1)) == count_parameters(build_model(name, channels=1))


@pytest.fixture
def served_weights(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> Iterator[dict[str, torch.Tensor]]:
    """A server that has ResNet-18 weights where torchvision looks for them."""
    torch.manual_seed(1)
    weights = torchvision.models.resnet18().state_dict()
    folder = tmp_path / "served"
    folder.mkdir()
    torch.save(weights, folder / "weights")
    digest = hashlib.sha256((folder / "weights").read_bytes()).hexdigest()
    # torch.hub checks the file against the part of the hash in its name.
    name = f"resnet18-{digest[:8]}.pth"
    (folder / "weights").rename(folder / name)

    class QuietHandler(http.server.SimpleHTTPRequestHandler):
        def log_message(self, *_: object) -> None:
            pass

    server = http.server.ThreadingHTTPServer(
        ("127.0.0.1", 0), functools.partial(QuietHandler, directory=str(folder))
    )
    thread = threading.Thread(target=server.serve_forever)
    thread.start()
    monkeypatch.setenv("TORCH_HOME", str(tmp_path / "torch"))
    address = f"http://127.0.0.1:{server.server_port}/{name}"
    monkeypatch.setattr(torchvision.models.ResNet18_Weights.DEFAULT.value, "url", address)
    try:
        yield weights
    finally:
        server.shutdown()
        thread.join()
        server.server_close()


def test_pretrained_weights_are_all_taken_but_the_last_layers(
    served_weights: dict[str, torch.Tensor],
) -> None:
    model = build_model("resnet18-frozen", channels=3, num_classes=5)
    last = model.get_parameter("fc.weight").clone()
    assert load_pretrained(model) == "starting from ImageNet weights"
    state = model.state_dict()
    assert all(state[k].equal(v) for k, v in served_weights.items() if not k.startswith("fc."))
    assert model.get_parameter("fc.weight").equal(last)


def test_pretrained_weights_answer_a_grey_image_as_its_three_equal_colours(
    served_weights: dict[str, torch.Tensor],
) -> None:
    grey, colour = (build_model("resnet18", channels=channels) for channels in (1, 3))
    load_pretrained(grey)
    load_pretrained(colour)
    image = torch.randn(2, 1, 32, 32, generator=torch.Generator().manual_seed(0))
    convolved = grey.get_submodule("conv1")(image)
    torch.testing.assert_close(
        convolved, colour.get_submodule("conv1")(image.expand(-1, 3, -1, -1)), atol=1e-5, rtol=1e-4
    )


def test_without_network_the_random_weights_stay_and_that_is_said(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("TORCH_HOME", str(tmp_path))
    weights = torchvision.models.ResNet18_Weights.DEFAULT.value
    monkeypatch.setattr(weights, "url", "http://127.0.0.1:9/resnet18-00000000.pth")
    model = build_model("resnet18")
    before = {k: v.clone() for k, v in model.state_dict().items()}
    assert "could not be downloaded" in load_pretrained(model)
    assert all(before[k].equal(v) for k, v in model.state_dict().items())
