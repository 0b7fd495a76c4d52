"""What can compute here: the processor, the accelerators, and their memory.

Knows nothing about runs; importing it imports torch.
"""

import os
import platform
import sys
from dataclasses import dataclass
from pathlib import Path

import torch


@dataclass(frozen=True, kw_only=True, slots=True)
class Device:
    """One thing that can compute."""

    name: str
    """As torch names it: cpu, cuda:0, mps."""
    title: str
    memory_bytes: int | None
    """Total memory; None where the system does not tell."""


@dataclass(frozen=True, kw_only=True, slots=True)
class Machine:
    """What a person wants to know about the machine that serves the page."""

    devices: tuple[Device, ...]
    num_cores: int
    torch_version: str
    python_version: str
    system: str


def list_devices() -> tuple[Device, ...]:
    """Every device torch can use here, the processor first."""
    devices = [Device(name="cpu", title=_processor_name(), memory_bytes=total_memory())]
    for index in range(torch.cuda.device_count()):
        properties = torch.cuda.get_device_properties(index)
        devices.append(
            Device(
                name=f"cuda:{index}", title=properties.name, memory_bytes=properties.total_memory
            )
        )
    if torch.backends.mps.is_available():
        devices.append(Device(name="mps", title="Apple GPU", memory_bytes=None))
    return tuple(devices)


def describe_machine() -> Machine:
    """The machine that this process runs on."""
    return Machine(
        devices=list_devices(),
        num_cores=os.cpu_count() or 1,
        torch_version=torch.__version__,
        python_version=platform.python_version(),
        system=f"{platform.system()} {platform.machine()}",
    )


def resolve_device(name: str) -> str:
    """The device's full name: auto becomes the first accelerator or the CPU, cuda becomes cuda:0.

    Raises ValueError, naming what there is, for a device that is not here.
    """
    available = [device.name for device in list_devices()]
    if name == "auto":
        return available[1] if len(available) > 1 else "cpu"
    full_name = "cuda:0" if name == "cuda" else name
    if full_name not in available:
        raise ValueError(f"device: {name!r} was given; this machine has {', '.join(available)}")
    return full_name


def total_memory() -> int | None:
    """Bytes of main memory."""
    return _system_pages("SC_PHYS_PAGES")


def memory_in_use(device: torch.device) -> int:
    """Bytes held: by tensors on an accelerator, by this process on the CPU.

    Where the system does not tell what is held now, the most that was; where not even that, 0.
    """
    if device.type == "cuda":
        return torch.cuda.memory_allocated(device)
    if device.type == "mps":
        return torch.mps.current_allocated_memory()
    try:
        resident_pages = int(Path("/proc/self/statm").read_text().split()[1])
    except OSError:
        return _peak_memory()
    return resident_pages * os.sysconf("SC_PAGE_SIZE")


def synchronise(device: torch.device) -> None:
    """Wait until the device has done all that was asked of it."""
    if device.type == "cuda":
        torch.cuda.synchronize(device)
    elif device.type == "mps":
        torch.mps.synchronize()


def _peak_memory() -> int:
    """The most bytes that this process ever held; 0 on Windows."""
    if sys.platform == "win32":
        return 0
    import resource

    peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
    return peak if sys.platform == "darwin" else 1024 * peak  # macOS counts bytes, others KiB


def _system_pages(name: str) -> int | None:
    if name not in getattr(os, "sysconf_names", {}):
        return None
    return os.sysconf(name) * os.sysconf("SC_PAGE_SIZE")


def _processor_name() -> str:
    try:
        lines = Path("/proc/cpuinfo").read_text().splitlines()
    except OSError:
        return platform.processor() or platform.machine()
    names = [line.split(":", 1)[1].strip() for line in lines if line.startswith("model name")]
    return names[0] if names else platform.machine()
