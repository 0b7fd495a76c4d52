"""The limited process that opens a .pth: `python -m blitz.training.weights_in.worker`.

Reads a line of JSON (what the network expects) and the file from its standard input, and writes a
line of JSON (a note, or why the file is refused) and a safetensors file to its standard output.
It can take only so much memory and time, opens no file, and makes no connection and no process.
"""

import importlib.util
import json
import os
import signal
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from blitz.training.weights_in.policy import MismatchError, TensorForm
from blitz.training.weights_in.pth import check_pth

COPIES = 6
"""Of the file, that there is room for: what was read, the members, the archive, the tensors."""
EXTRA_BYTES = 2**28
_FORBIDDEN = (
    "os.exec", "os.fork", "os.forkpty", "os.posix_spawn", "os.spawn", "os.system", "os.remove",
    "os.rename", "os.rmdir", "os.mkdir", "os.link", "os.symlink", "os.chmod", "os.kill",
    "shutil.", "socket.", "subprocess.", "ctypes.dlopen", "urllib.",
)  # fmt: skip
"""Beginnings of the events that Python's audit hooks tell and that reading has no part in."""


def main() -> int:
    """Do what the standard input asks."""
    asked = json.loads(sys.stdin.buffer.readline())
    num_bytes = COPIES * asked["num_bytes"] + EXTRA_BYTES
    expected = {
        name: TensorForm(dtype=dtype, shape=tuple(shape))
        for name, (dtype, shape) in asked["expected"].items()
    }
    answer: dict[str, Any] = {}
    weights = b""
    try:
        with limited_memory(num_bytes):
            checked = check_pth(sys.stdin.buffer.read(), expected, asked["limit_bytes"])
        from blitz.training.weights_in.loading import as_safetensors  # takes seconds

        answer["note"] = checked.note
        be_limited()
        with limited_memory(num_bytes):
            weights = as_safetensors(checked, expected)
    except MismatchError as error:
        answer["error"] = str(error)
        answer["differences"] = [
            (each.name, _plain(each.expected), _plain(each.given)) for each in error.differences
        ]
    except ValueError as error:
        answer["error"] = str(error)
    except MemoryError:
        answer["error"] = "reading it takes more memory than there is for it"
    sys.stdout.buffer.write(json.dumps(answer).encode() + b"\n")
    sys.stdout.buffer.write(weights)
    return 0


def _plain(form: TensorForm | None) -> tuple[str, tuple[int, ...]] | None:
    return None if form is None else (form.dtype, form.shape)


@contextmanager
def limited_memory(num_bytes: int) -> Iterator[None]:
    """So much memory beside what the process has already; where the system can say so."""
    own = _data_bytes()
    if own is None:
        yield
        return
    import resource

    before = resource.getrlimit(resource.RLIMIT_DATA)
    resource.setrlimit(resource.RLIMIT_DATA, (own + num_bytes, before[1]))
    try:
        yield
    finally:
        resource.setrlimit(resource.RLIMIT_DATA, before)


def be_limited() -> None:
    """No files, connections or processes from now on; but what is installed can be imported."""
    torch = importlib.util.find_spec("torch")
    assert torch is not None
    assert torch.origin is not None
    packages = str(Path(torch.origin).parents[1])
    folders = (packages, sys.prefix, sys.base_prefix, "/proc", "/sys")
    readable = tuple(os.path.realpath(folder) + os.sep for folder in folders)

    def refuse_outside(event: str, args: tuple[object, ...]) -> None:
        if event == "open":
            path, mode = os.path.realpath(str(args[0])), str(args[1] or "r")
            if not path.startswith(readable) or set(mode) & set("wax+"):
                raise PermissionError(f"reading weights opens no files: {path}")
        elif event.startswith(_FORBIDDEN):
            raise PermissionError(f"reading weights has nothing to do with {event}")

    sys.addaudithook(refuse_outside)
    try:
        import resource
    except ImportError:  # Windows
        return
    signal.signal(signal.SIGXFSZ, signal.SIG_IGN)
    resource.setrlimit(resource.RLIMIT_FSIZE, (0, 0))


def _data_bytes() -> int | None:
    """Bytes of private memory, as Linux counts them for this limit."""
    try:
        lines = Path("/proc/self/status").read_text().splitlines()
    except OSError:
        return None
    fields = dict(line.split(":", 1) for line in lines)
    return int(fields["VmData"].split()[0]) * 1024


if __name__ == "__main__":
    sys.exit(main())
