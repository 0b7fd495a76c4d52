"""Measures training steps of `Net` at several widths on every device of this machine.

Sets the number of threads of the process that it runs in: to be run in a process of its own.
"""

import os
import time
from collections.abc import Callable, Iterator

import torch
import torch.nn.functional as F
from torch import Tensor

from blitz.devices import list_devices, synchronise
from blitz.models import build_model
from blitz.network.width.points import (
    CHANNELS,
    IMAGE_SIZE,
    NUM_CLASSES,
    Setting,
    WidthPlan,
    WidthPoint,
)

WARM_UP_CALLS = 1
NUM_RUNS = 8
LEAST_RUNS = 3
RATE_SECONDS = 0.2
MATRIX_SIDE = {"cpu": 1024}
"""Large enough that a product's time is arithmetic; accelerators take larger ones."""
ACCELERATOR_SIDE = 8192


def measure(plan: WidthPlan) -> Iterator[WidthPoint]:
    """Every point as it is measured, device by device and batch size by batch size."""
    for place in places():
        device = torch.device(place.device)
        if place.threads is not None:
            torch.set_num_threads(place.threads)
        best = best_macs_per_second(device)
        for batch_size in plan.batch_sizes:
            setting = Setting(
                device=place.device, title=place.title, threads=place.threads, batch_size=batch_size
            )
            for width in plan.widths:
                step = training_step(width, batch_size, device)
                yield WidthPoint(
                    setting=setting,
                    width=width,
                    num_channels=6 * width,
                    seconds_per_step=seconds_a_call(step, device, plan.seconds),
                    macs_per_step=macs_per_step(width, batch_size),
                    best_macs_per_second=best,
                )


def places() -> list[Setting]:
    """Everything that can compute here: the CPU with one thread and with all, and accelerators."""
    cpu, *accelerators = list_devices()
    num_cores = len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else os.cpu_count()
    return [
        *(
            Setting(device=cpu.name, title=cpu.title, threads=threads, batch_size=1)
            for threads in sorted({1, num_cores or 1})
        ),
        *(
            Setting(device=device.name, title=device.title, threads=None, batch_size=1)
            for device in accelerators
        ),
    ]


def training_step(width: int, batch_size: int, device: torch.device) -> Callable[[], object]:
    """Forward, loss, backward and an update with momentum, always on the same random batch."""
    model = build_model("net", channels=CHANNELS, image_size=IMAGE_SIZE, width=width).to(device)
    optimiser = torch.optim.SGD(model.parameters(), lr=1e-4, momentum=0.9)
    images = torch.randn(batch_size, CHANNELS, IMAGE_SIZE, IMAGE_SIZE, device=device)
    labels = torch.randint(NUM_CLASSES, (batch_size,), device=device)

    def step() -> None:
        optimiser.zero_grad()
        loss: Tensor = F.cross_entropy(model(images), labels)
        loss.backward()
        optimiser.step()

    return step


def macs_per_step(width: int, batch_size: int) -> int:
    """Multiply-adds of the convolutions and linear layers, forward and backward.

    Backward is two products for each of forward: one for the weight's gradient, and one for the
    input's, which the first layer needs not.
    """
    channels = 6 * width
    first = channels * 28 * 28 * CHANNELS * 5 * 5
    others = 16 * 10 * 10 * channels * 5 * 5 + 400 * 120 + 120 * 84 + 84 * NUM_CLASSES
    return batch_size * (2 * first + 3 * others)


def best_macs_per_second(device: torch.device) -> float:
    """The rate of one large product of float32 matrices."""
    before = torch.get_float32_matmul_precision()
    if device.type == "cuda":
        # As the convolutions compute by default: products of shorter numbers, sums of long ones.
        torch.set_float32_matmul_precision("high")
    side = MATRIX_SIDE.get(device.type, ACCELERATOR_SIDE)
    left, right = (torch.randn(side, side, device=device) for _ in range(2))
    seconds = seconds_a_call(lambda: left @ right, device, RATE_SECONDS)
    torch.set_float32_matmul_precision(before)
    return side**3 / seconds


def seconds_a_call(call: Callable[[], object], device: torch.device, seconds: float) -> float:
    """The best of some runs of calls, which take about so many seconds in all.

    The best, since whatever else the machine does only adds to a run. Slow calls take longer, up
    to four times the seconds, so that there is something to choose from.
    """
    timed = _timed_by_events if device.type == "cuda" else _timed_by_the_clock
    timed(call, WARM_UP_CALLS, device)
    best = timed(call, 1, device)
    num_calls = max(1, int(seconds / NUM_RUNS / best))
    num_runs, total = 0, 0.0
    while total < seconds or (num_runs < LEAST_RUNS and total < 4 * seconds):
        elapsed = timed(call, num_calls, device)
        best, num_runs, total = min(best, elapsed / num_calls), num_runs + 1, total + elapsed
    return best


def _timed_by_the_clock(call: Callable[[], object], num_calls: int, device: torch.device) -> float:
    synchronise(device)
    start = time.perf_counter()
    for _ in range(num_calls):
        call()
    synchronise(device)
    return time.perf_counter() - start


def _timed_by_events(call: Callable[[], object], num_calls: int, device: torch.device) -> float:
    """On a GPU, which works through a queue: from when it begins the first to when it ends all."""
    with torch.cuda.device(device):
        start, end = (torch.cuda.Event(enable_timing=True) for _ in range(2))
        synchronise(device)
        start.record()
        for _ in range(num_calls):
            call()
        end.record()
        end.synchronize()
    milliseconds: float = start.elapsed_time(end)
    return milliseconds / 1_000
