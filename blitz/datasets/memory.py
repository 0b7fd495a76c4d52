"""How much memory is free, and whether arrays will fit.

Knows nothing about images.
"""

import os
from pathlib import Path

from blitz.datasets.errors import DatasetError


def available_memory() -> int | None:
    """Bytes that can still be taken without swapping; None where the system does not say."""
    found = [size for size in (_free_on_machine(), _free_in_container()) if size is not None]
    return min(found, default=None)


def check_memory(name: str, needed: int, available: int | None) -> None:
    """Raise DatasetError, with both numbers, when `needed` bytes are more than are available."""
    if available is not None and needed > available:
        raise DatasetError(
            f"{name}: its images would need {_gigabytes(needed)} of memory and "
            f"{_gigabytes(available)} are free; choose a smaller image size or fewer images"
        )


def _gigabytes(num_bytes: int) -> str:
    return f"{num_bytes / 1e9:.1f} GB" if num_bytes >= 1e8 else f"{num_bytes / 1e6:.2f} MB"


def _free_on_machine() -> int | None:
    # Linux's own estimate counts the page cache as free, as it should: sysconf's does not.
    try:
        for line in Path("/proc/meminfo").read_text().splitlines():
            if line.startswith("MemAvailable:"):
                return int(line.split()[1]) * 1024
    except (OSError, ValueError, IndexError):
        pass
    try:
        return os.sysconf("SC_AVPHYS_PAGES") * os.sysconf("SC_PAGE_SIZE")
    except (AttributeError, ValueError, OSError):  # no sysconf on Windows, no such name on macOS
        return None


def _free_in_container(group: Path = Path("/sys/fs/cgroup")) -> int | None:
    try:
        limit = int((group / "memory.max").read_text())
        used = int((group / "memory.current").read_text())
        pairs = (line.split() for line in (group / "memory.stat").read_text().splitlines())
        reclaimable = sum(int(value) for key, value in pairs if key == "inactive_file")
    except (OSError, ValueError):  # no such file, or "max": no limit
        return None
    return max(limit - used + reclaimable, 0)
