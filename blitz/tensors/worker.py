"""What a worker process may not do: take much memory, write or open files, make connections.

Programs have no words for any of it; this stands behind that, should the table ever let one in.
"""

import importlib
import os
import signal
import sys
from pathlib import Path

import torch

PRELOAD = "blitz.tensors.worker_preload"
"""What the server process of the workers imports before it is forked."""
EXTRA_BYTES = 2**30
"""Beyond a program's own tensors: for what PyTorch computes with, and to describe them."""
FORBIDDEN = (
    "os.exec", "os.fork", "os.forkpty", "os.posix_spawn", "os.spawn", "os.system", "os.remove",
    "os.rename", "os.rmdir", "os.mkdir", "os.link", "os.symlink", "os.chmod", "os.kill",
    "shutil.", "socket.connect", "socket.bind", "socket.getaddrinfo", "subprocess.",
    "ctypes.dlopen", "urllib.",
)  # fmt: skip
"""Beginnings of the events that Python's audit hooks tell and that no program has to do with."""


def be_a_worker(num_bytes: float) -> None:
    """Limit this process: its memory, its files, its connections. Called once, when it begins."""
    importlib.import_module(PRELOAD)  # where processes are not forked it is not there yet
    signal.signal(signal.SIGINT, signal.SIG_IGN)  # Ctrl+C ends the server, which ends its workers
    torch.set_num_threads(os.cpu_count() or 1)
    _limit_memory(int(num_bytes) + EXTRA_BYTES)
    sys.addaudithook(_refuse_outside)


def _limit_memory(num_bytes: int) -> None:
    """So much memory beside what this process has already; where the system can say so."""
    try:
        import resource
    except ImportError:  # Windows
        return
    own = _data_bytes()
    if own is not None:
        resource.setrlimit(resource.RLIMIT_DATA, (own + num_bytes, own + num_bytes))
    signal.signal(signal.SIGXFSZ, signal.SIG_IGN)
    resource.setrlimit(resource.RLIMIT_FSIZE, (0, 0))  # no file can be written


def _data_bytes() -> int | None:
    """Bytes of private memory, as Linux counts them for this limit."""
    try:
        lines = Path("/proc/self/status").read_text().splitlines()
    except OSError:
        return None
    fields = dict(line.split(":", 1) for line in lines)
    return int(fields["VmData"].split()[0]) * 1024


def _refuse_outside(event: str, args: tuple[object, ...]) -> None:
    if event == "open":
        path, mode = str(args[0]), str(args[1] or "r")
        is_library = path.startswith((sys.prefix, sys.base_prefix, "/proc/", "/sys/"))
        if not is_library or set(mode) & set("wax+"):
            raise PermissionError(f"a program opens no files: {path}")
    elif event.startswith(FORBIDDEN):
        raise PermissionError(f"a program has nothing to do with {event}")
