"""The guided stations: what they print, against PyTorch, arithmetic and published figures."""

import itertools
import math
import runpy
from pathlib import Path

import pytest
import torch
from torch import nn, optim

from blitz.models import MLP, Net, Net3x3
from blitz.network.stations import STATIONS, CellOutcome, Station, Value, run_station
from blitz.network.stations.figures import heat_maps

NAMES = [station.name for station in STATIONS]


def station(name: str, **values: Value) -> Station:
    [found] = [each for each in STATIONS if each.name == name]
    return found.with_values(values)


def outcomes(name: str, **values: Value) -> tuple[CellOutcome, ...]:
    return run_station(station(name, **values))


def printed(name: str, **values: Value) -> str:
    return "\n".join(outcome.printed for outcome in outcomes(name, **values))


def line(name: str, start: str, **values: Value) -> str:
    """The rest of the one printed line that begins so."""
    [found] = [row for row in printed(name, **values).splitlines() if row.startswith(start)]
    return found.removeprefix(start).strip()


def first_step() -> tuple[Net, torch.Tensor, torch.Tensor]:
    """The network, image and target of the stations with a loss."""
    torch.manual_seed(0)
    return Net(), torch.randn(1, 1, 32, 32), torch.randn(1, 10)


# All of them


@pytest.mark.parametrize("name", NAMES)
def test_exactly_the_cells_that_are_meant_to_fail_do(name: str) -> None:
    own = station(name)
    choices = [[(choice.name, option) for option in choice.options] for choice in own.choices]
    for values in itertools.product(*choices):
        for outcome in run_station(own.with_values(dict(values))):
            assert bool(outcome.error) == outcome.cell.is_meant_to_fail
            assert "\n" not in outcome.error


def test_the_process_keeps_its_random_state() -> None:
    torch.manual_seed(7)
    before = torch.random.get_rng_state()
    for name in NAMES:
        outcomes(name)
    assert torch.equal(torch.random.get_rng_state(), before)


@pytest.mark.parametrize("name", NAMES)
def test_a_station_runs_as_a_script_without_the_rest_of_the_project(
    name: str, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    script = tmp_path / f"{name}.py"
    script.write_text(station(name).script(), encoding="utf-8")
    assert "blitz" not in script.read_text(encoding="utf-8")
    runpy.run_path(str(script), run_name="station")
    shown = [(each.printed, each.error.removeprefix("RuntimeError: ")) for each in outcomes(name)]
    wanted = " ".join(itertools.chain.from_iterable(shown))
    assert capsys.readouterr().out.split() == wanted.split()


def test_a_choice_stands_in_the_code_that_runs() -> None:
    changed = station("n10", lr=0.1, kind="Adam")
    code = "\n".join(cell.code for cell in changed.cells)
    assert "\nlr = 0.1  #" in code
    assert '\nkind = "Adam"  #' in f"\n{code}"
    assert station("n10").with_values({}) == station("n10")


@pytest.mark.parametrize("values", [{"lr": 0.3}, {"lr": "0.1"}, {"seed": 0}, {"kind": "import os"}])
def test_a_value_that_is_not_offered_is_refused_in_a_line(values: dict[str, Value]) -> None:
    with pytest.raises(ValueError, match=r"^[a-z]+: ") as refused:
        station("n10", **values)
    assert "\n" not in str(refused.value)


# Each of them


@pytest.mark.parametrize(
    ("channels", "first", "count"), [(1, "[6, 1, 5, 5]", "61,706"), (3, "[6, 3, 5, 5]", "62,006")]
)
def test_the_network_is_printed_with_its_ten_parameters(
    channels: int, first: str, count: str
) -> None:
    assert str(Net(channels)) in printed("n1", channels=channels)
    assert line("n1", "10 parameter tensors", channels=channels) == ""
    assert line("n1", "the first:", channels=channels) == first
    assert f"{count} numbers in all" in printed("n1", channels=channels)
    kernels = outcomes("n1", channels=channels)[-1].maps
    assert kernels is not None
    assert kernels.shape == (6, 5, 5)


def test_kernels_of_3x3_leave_576_numbers() -> None:
    assert line("n2", "flattened:") == "16 · 6 · 6 = 576"
    assert line("n2", "flattened:", kernel=5) == "16 · 5 · 5 = 400"
    assert line("n2", "first parameter:") == "[6, 1, 3, 3]"
    assert str(Net3x3()) in printed("n2")


@pytest.mark.parametrize(("kernel", "network"), [(5, Net()), (3, Net3x3())])
def test_parameters_are_listed_with_name_shape_and_count(kernel: int, network: nn.Module) -> None:
    table = outcomes("n3", kernel=kernel)[0].table
    assert table is not None
    shapes = [(name, str(list(each.shape))) for name, each in network.named_parameters()]
    assert list(zip(table["name"], table["shape"], strict=True)) == shapes
    total = sum(math.prod(each.shape) for each in network.parameters())
    assert table["numbers"].sum() == total
    assert f"{total:,} in all" in printed("n3", kernel=kernel)


def test_a_batch_passes_and_a_single_image_passes_the_convolution_alone() -> None:
    whole, picture, convolution, unbatched, batch = outcomes("n4")
    assert whole.printed.endswith("[1, 10]")
    assert picture.maps is not None
    assert picture.maps.shape == (1, 32, 32)
    assert convolution.printed.startswith("[6, 28, 28]")
    assert convolution.printed.endswith("True")
    assert "16x25 and 400x120" in unbatched.error
    assert batch.printed == "[1, 10]"


def test_another_seed_is_another_image() -> None:
    assert printed("n4", seed=1) != printed("n4", seed=2)


def test_the_last_biass_gradient_is_the_vector_that_backward_was_given() -> None:
    words = " ".join(outcomes("n5")[2].printed.split())
    v, gradient = words.removeprefix("v ").split(" fc3.bias.grad ")
    assert v == f"tensor([{gradient.removeprefix('tensor(').removesuffix(')')}])"


def test_the_loss_is_the_mean_of_squares() -> None:
    net, image, target = first_step()
    wanted = ((net(image) - target) ** 2).mean().item()
    assert float(line("n6", "MSELoss ")) == pytest.approx(wanted, rel=1e-6)
    assert float(line("n6", "mean ")) == pytest.approx(wanted, rel=1e-6)


def test_the_way_back_meets_the_bias_before_the_relu() -> None:
    rows = printed("n7").splitlines()
    assert rows[:4] == [
        "MseLossBackward0", "AddmmBackward0", "AccumulateGrad", "its variable is fc3.bias: True",
    ]  # fmt: skip
    assert [row.split() for row in rows[4:7]] == [
        ["0", "bias", "AccumulateGrad"], ["1", "x", "ReluBackward0"], ["2", "weight", "TBackward0"],
    ]  # fmt: skip
    net = Net()
    kinds = [type(each).__name__ for each in net.children()]
    walk = rows[7].split(" → ")
    assert walk.count("Convolution") == kinds.count("Conv2d")
    assert walk.count("Addmm") == kinds.count("Linear")
    assert walk[-1] == "Convolution"


@pytest.mark.parametrize("passes", [1, 2, 3, 10])
def test_gradients_add_up_from_none(passes: int) -> None:
    assert line("n8", "before backward:") == "None"
    times = line("n8", "times the first:", passes=passes)
    assert [float(each) for each in times[8:-2].split(",")] == [passes] * 6
    assert line("n8", "set_to_none=False:") == str(torch.zeros(6))
    assert line("n8", "as usual:") == "None"


@pytest.mark.parametrize("lr", [0.001, 0.01, 0.1, 0.5])
def test_one_way_by_hand_equals_sgd_to_the_last_bit_and_the_others_but_for_rounding(
    lr: float,
) -> None:
    table = outcomes("n9", lr=lr)[2].table
    assert table is not None
    different = dict(zip(table["way"], table["unlike SGD"], strict=True))
    assert different["w.add_(g, alpha=-lr)"] == 0
    assert len(different) == 3
    # Numbers below 1/2 round by at most 2⁻²⁶; by hand there are two roundings, in SGD at most two.
    assert all(float(far) <= 2**-24 for far in table["at most by"])
    if lr == 0.5:  # a power of two: the product is exact
        assert set(different.values()) == {0}


def test_the_update_is_the_optimisers() -> None:
    net, image, target = first_step()
    nn.MSELoss()(net(image), target).backward()
    assert line("n9", "before ") == str(net.fc3.bias.detach()[:3])
    optim.SGD(net.parameters(), lr=0.01).step()
    assert line("n9", "SGD ") == line("n9", "by hand") == str(net.fc3.bias.detach()[:3])


def test_each_optimiser_makes_its_own_first_step() -> None:
    net, image, target = first_step()
    nn.MSELoss()(net(image), target).backward()
    assert net.fc3.bias.grad is not None
    gradient = net.fc3.bias.grad[:3]
    # By Adam's rule the first step is lr · sign(g); RMSprop's average is then g² / 100.
    by_rule = {
        "SGD": torch.ones(3),
        "Nesterov-SGD": torch.full((3,), 1.9),
        "Adam": 1 / gradient.abs(),
        "RMSprop": 10 / gradient.abs(),
    }
    rows = outcomes("n10")[1].printed.splitlines()
    assert [row.split()[0] for row in rows[::2]] == list(by_rule)
    for row, wanted in zip(rows[1::2], by_rule.values(), strict=True):
        shown = [float(each) for each in row.partition("[")[2].rstrip("])").split(",")]
        assert shown == pytest.approx(wanted.tolist(), rel=1e-4)


def test_the_loop_lowers_the_loss() -> None:
    net, image, target = first_step()
    optimizer = optim.Adam(net.parameters(), lr=0.01)
    losses = []
    for _ in range(20):
        optimizer.zero_grad()
        loss = nn.MSELoss()(net(image), target)
        loss.backward()
        optimizer.step()
        losses.append(loss.item())
    for step in (1, 5, 20):
        shown = float(line("n10", f"loss at step {step:2}:", kind="Adam"))
        assert shown == pytest.approx(losses[step - 1], abs=2e-5)


def test_words_are_checked_live() -> None:
    found = printed("n11").splitlines()
    assert "taken up: ['scale']" in found
    assert "grad_fn: SquareBackward" in found
    assert "gradient, 2x: tensor([2., 4., 6.])" in found
    assert "checked: True" in found
    assert not any(row.endswith("False") for row in found)


def test_three_images_pass_an_mlp_layer_by_layer() -> None:
    rows = printed("c11").splitlines()
    shapes = [row for row in rows if row.startswith("[")]
    assert shapes == ["[3, 28, 28]", "[3, 784]", "[3, 20]", "[3, 10]"]
    assert "669,706 parameters" in rows
    assert str(MLP()) in printed("c11")
    before, after = (each.maps for each in outcomes("c11") if each.maps is not None)
    assert before is not None
    assert after is not None
    assert (after == before.clip(min=0)).all()


def test_probabilities_of_an_image_sum_to_one() -> None:
    [maps] = [each.maps for each in outcomes("c12") if each.maps is not None]
    assert maps.shape == (1, 3, 10)
    assert maps.sum(axis=2) == pytest.approx(1.0, abs=1e-6)
    assert maps.min() > 0
    wanted = float(line("c12", "by hand:"))
    assert float(line("c12", "CrossEntropyLoss:")) == pytest.approx(wanted, rel=1e-6)


def test_a_picture_has_one_scale_with_zero_in_its_middle() -> None:
    [maps] = [each.maps for each in outcomes("n4") if each.maps is not None]
    scale = heat_maps(maps).layout.coloraxis
    assert scale.cmax == -scale.cmin == pytest.approx(abs(maps).max())
