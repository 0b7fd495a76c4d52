"""Which kernels a piece of work gives to a device, and how long each takes."""

from collections.abc import Callable
from dataclasses import dataclass

import torch
from torch._C._autograd import DeviceType
from torch.profiler import ProfilerActivity, profile

from blitz.devices import synchronise


@dataclass(frozen=True, kw_only=True, slots=True)
class Kernel:
    """All calls of one kernel."""

    name: str
    calls: int
    microseconds: float
    """All calls together."""


def kernels_of(work: Callable[[], object], device: torch.device) -> list[Kernel]:
    """The kernels of this work, the longest first; on a CPU its operations stand for them."""
    is_cuda = device.type == "cuda"
    kind = DeviceType.CUDA if is_cuda else DeviceType.CPU
    activity = ProfilerActivity.CUDA if is_cuda else ProfilerActivity.CPU
    work()
    synchronise(device)
    with profile(activities=[activity]) as profiler:
        work()
        synchronise(device)
    found = [
        Kernel(
            name=event.key,
            calls=event.count,
            microseconds=event.self_device_time_total if is_cuda else event.self_cpu_time_total,
        )
        for event in profiler.key_averages()
        if event.device_type == kind
    ]
    return sorted(found, key=lambda kernel: -kernel.microseconds)


def show(kernels: list[Kernel], num_steps: int, limit: int = 20) -> None:
    """Print the longest kernels of a piece of so many steps."""
    calls = sum(kernel.calls for kernel in kernels) / num_steps
    total = sum(kernel.microseconds for kernel in kernels) / num_steps
    print(f"a step: {calls:.1f} kernels, {total:.1f} µs")
    for kernel in kernels[:limit]:
        print(
            f"{kernel.microseconds / num_steps:>9.2f} µs {kernel.calls / num_steps:>6.2f} × "
            f"{kernel.name[:80]}"
        )
