"""The width experiment: its arithmetic against PyTorch's own count, its process for real."""

import json
import math
import os
import subprocess
import sys
from contextlib import closing

import pytest
import torch
from torch.utils.flop_counter import FlopCounterMode

from blitz.devices import list_devices
from blitz.network.width.__main__ import main
from blitz.network.width.child import MeasurementError, measure_in_child
from blitz.network.width.measure import macs_per_step, places, seconds_a_call, training_step
from blitz.network.width.points import Setting, WidthPlan, WidthPoint, from_line, to_line
from blitz.network.width.reason import reasons

CPU = torch.device("cpu")


def point(
    width: int, milliseconds: float, *, threads: int | None = 1, batch: int = 4
) -> WidthPoint:
    device = "cpu" if threads else "cuda:0"
    return WidthPoint(
        setting=Setting(device=device, title="A chip", threads=threads, batch_size=batch),
        width=width,
        num_channels=6 * width,
        seconds_per_step=milliseconds / 1000,
        macs_per_step=macs_per_step(width, batch),
        best_macs_per_second=1e11,
    )


@pytest.mark.parametrize(("width", "batch"), [(1, 4), (2, 1), (7, 3), (32, 2)])
def test_multiply_adds_are_half_of_the_operations_that_pytorch_counts(
    width: int, batch: int
) -> None:
    step = training_step(width, batch, CPU)
    with FlopCounterMode(display=False) as counter:
        step()
    assert macs_per_step(width, batch) == counter.get_total_flops() / 2


def test_a_call_s_time_is_measured() -> None:
    calls = []
    seconds = seconds_a_call(lambda: calls.append(sum(range(20_000))), CPU, 0.02)
    assert 1e-5 < seconds < 0.02
    assert len(calls) > 5


def test_the_cpu_computes_with_one_thread_and_with_all() -> None:
    found = places()
    threads = [place.threads for place in found if place.device == "cpu"]
    assert threads == sorted({1, len(os.sched_getaffinity(0))})
    assert [place.device for place in found if place.threads is None] == [
        device.name for device in list_devices()[1:]
    ]


def test_a_process_measures_every_point_on_every_device() -> None:
    plan = WidthPlan(widths=(1, 3), batch_sizes=(2,), seconds=0.001)
    before = torch.get_num_threads()
    found = list(measure_in_child(plan))
    assert [(p.width, p.num_channels, p.setting.threads) for p in found] == [
        (width, 6 * width, place.threads) for place in places() for width in (1, 3)
    ]
    for each in found:
        assert each.setting.batch_size == 2
        assert each.macs_per_step == macs_per_step(each.width, 2)
        assert each.images_per_second == 2 / each.seconds_per_step
        assert 0 < each.arithmetic_share < 1  # no kernel is faster than a large product
    assert torch.get_num_threads() == before


def test_a_measurement_that_is_broken_off_leaves_no_process() -> None:
    plan = WidthPlan(widths=(1,) * 500, batch_sizes=(1,), seconds=0.1)
    with closing(measure_in_child(plan)) as points:
        next(points)
        assert _children()
    assert not _children()


def test_a_measurement_ends_at_its_time_limit() -> None:
    with pytest.raises(MeasurementError, match=r"longer than 0\.2 s"):
        list(measure_in_child(WidthPlan(), time_limit=0.2))
    assert not _children()


def test_a_wrong_plan_is_told_as_a_line_of_json(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setattr(sys, "argv", ["width", "--widths", "0"])
    assert main() == 1
    [line] = capsys.readouterr().out.splitlines()
    assert json.loads(line)["error"].startswith("widths: (0,) was given")


def _children() -> list[str]:
    """Commands of this process's children that measure."""
    listed = subprocess.run(
        ["ps", "--ppid", str(os.getpid()), "-o", "args="],
        capture_output=True,
        text=True,
        check=False,
    )
    return [line for line in listed.stdout.splitlines() if "blitz.network.width" in line]


def test_a_point_comes_through_a_pipe_as_it_was() -> None:
    for threads in (1, None):
        given = point(2, 1.5, threads=threads)
        assert from_line(to_line(given)) == given


@pytest.mark.parametrize(
    "line", ["", "{}", "[1]", "null", '{"setting": 1}', "Traceback", "1" * 500]
)
def test_a_line_that_is_no_point_is_refused_in_a_line(line: str) -> None:
    with pytest.raises(ValueError, match="no measured point") as caught:
        from_line(line)
    assert len(str(caught.value)) < 120


def test_a_point_without_time_is_refused() -> None:
    line = to_line(point(1, 1.0)).replace("0.001,", "NaN,")
    with pytest.raises(ValueError, match="no measured point"):
        from_line(line)


@pytest.mark.parametrize(
    "given",
    [
        {"widths": ()}, {"widths": (65,)}, {"batch_sizes": (0,)}, {"batch_sizes": (10**9,)},
        {"seconds": 0.0}, {"seconds": math.nan}, {"seconds": 1e30},
    ],
)  # fmt: skip
def test_plans_are_checked(given: dict[str, object]) -> None:
    with pytest.raises(ValueError, match=next(iter(given))):
        WidthPlan(**given)  # type: ignore[arg-type]


def test_the_reason_is_computed_from_the_points() -> None:
    points = [
        point(1, 1.0), point(32, 8.0), point(1, 3.0, batch=64), point(32, 90.0, batch=64),
        point(1, 0.5, threads=None), point(32, 0.5, threads=None),
    ]  # fmt: skip
    overhead, batch, gain = reasons(points)
    share = macs_per_step(1, 4) / 1e11 / 0.001
    assert f"{share:.0%}" in overhead
    assert f"{macs_per_step(32, 4) / macs_per_step(1, 4):.0f} times" in overhead
    assert "8 times" in overhead
    assert "16 times the arithmetic" in batch
    assert "3 times as long" in batch
    assert "2 times as fast at width 1" in gain
    assert "16 times at width 32" in gain
    assert reasons(points[:1]) == []
