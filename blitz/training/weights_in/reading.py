"""Weights from a file that anybody may have made, for a network whose shapes are known.

A safetensors file is read here: it has no code, and its header is compared before its values are
looked at. A .pth is opened in the process of `worker`, which hands a safetensors file over.
"""

import json
import os
import subprocess
import sys
import threading
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

import safetensors.torch
import torch
from safetensors import SafetensorError
from torch import Tensor, nn

from blitz.training.processes import import_path
from blitz.training.weights_in import safetensors_checks
from blitz.training.weights_in.loading import form_of
from blitz.training.weights_in.policy import (
    Difference,
    MismatchError,
    TensorForm,
    check_fit,
    own_names,
    shown,
)

_ZIP = b"PK\x03\x04"
_SECONDS = 120.0
_INHERITED = ("PATH", "HOME", "LANG", "LD_LIBRARY_PATH", "SYSTEMROOT", "TEMP", "TMPDIR")
_one_at_a_time = threading.Lock()
"""Each such process may take a gigabyte: several visitors wait for each other."""


@dataclass(frozen=True, kw_only=True, slots=True, eq=False)
class GivenWeights:
    """Weights that fit the network, with all that a person should know about them."""

    tensors: Mapping[str, Tensor]
    notes: tuple[str, ...]
    """What was done to them."""
    warning: str
    """What is wrong with their values; empty where all are finite."""


def read_weights(
    content: bytes, file_name: str, model: nn.Module, *, limit_bytes: int
) -> GivenWeights:
    """The weights in a file, checked before they are believed.

    `model` may be on the meta device: only names, shapes and types of its state dict are read.
    Raises ValueError in one line with the reason; MismatchError lists what does not fit.
    """
    name = shown(file_name.replace("\\", "/").rpartition("/")[2])
    expected = {key: form_of(tensor) for key, tensor in model.state_dict().items()}
    try:
        return _read(content, file_name, expected, limit_bytes)
    except MismatchError as error:
        raise MismatchError(f"{name} {error}", error.differences) from None
    except ValueError as error:
        raise ValueError(f"{name} is not taken: {error}") from None


def _read(
    content: bytes, file_name: str, expected: Mapping[str, TensorForm], limit_bytes: int
) -> GivenWeights:
    if not content:
        raise ValueError("it is empty (0 bytes)")
    if len(content) > limit_bytes:
        raise ValueError(f"it has {len(content):,} bytes; at most {limit_bytes:,} are read")
    note = ""
    if content.startswith(_ZIP):
        content, note = _converted(content, expected, limit_bytes)
    elif not file_name.lower().endswith(".safetensors") and content[8:9] != b"{":
        raise ValueError(
            "it is neither a safetensors file nor a zip archive as torch.save writes it"
        )
    tensors, is_unwrapped = _safetensors(content, expected)
    unwrapping = '"module." of DataParallel taken off the names' if is_unwrapped else ""
    notes = tuple(filter(None, (note, unwrapping)))
    return GivenWeights(tensors=tensors, notes=notes, warning=_warning(tensors))


def _safetensors(
    content: bytes, expected: Mapping[str, TensorForm]
) -> tuple[dict[str, Tensor], bool]:
    """The tensors by the network's names, and whether the file had others."""
    forms = safetensors_checks.describe(content)
    names = own_names(forms)
    check_fit(expected, {names[name]: form for name, form in forms.items()})
    try:
        tensors = safetensors.torch.load(content)
    except SafetensorError as error:
        raise ValueError(f"it is damaged ({shown(str(error))})") from None
    given = {names[name]: tensor for name, tensor in tensors.items()}
    is_unwrapped = any(name != own for name, own in names.items())
    return {name: given[name] for name in expected}, is_unwrapped  # in the network's order


def _converted(
    content: bytes, expected: Mapping[str, TensorForm], limit_bytes: int
) -> tuple[bytes, str]:
    """A .pth as a safetensors file and a note, by a process that may not do much."""
    asked = {
        "expected": {name: (form.dtype, form.shape) for name, form in expected.items()},
        "num_bytes": len(content),
        "limit_bytes": limit_bytes,
    }
    if not _one_at_a_time.acquire(timeout=_SECONDS):
        raise ValueError("other files are being read; try again in a minute")
    try:
        done = subprocess.run(
            [sys.executable, "-m", "blitz.training.weights_in.worker"],
            input=json.dumps(asked).encode() + b"\n" + content,
            stdout=subprocess.PIPE,
            stderr=subprocess.DEVNULL,
            timeout=_SECONDS,
            env=environment(),
            check=False,
        )
    except subprocess.TimeoutExpired:
        raise ValueError(f"reading it was stopped after {_SECONDS:g} s") from None
    finally:
        _one_at_a_time.release()
    if done.returncode:
        raise ValueError(
            "the process that read it gave up: it takes too much memory, or torch refuses it"
        )
    line, _, weights = done.stdout.partition(b"\n")
    answer = json.loads(line)
    if "differences" in answer:
        raise MismatchError(answer["error"], tuple(map(_difference, answer["differences"])))
    if "error" in answer:
        raise ValueError(answer["error"])
    return weights, answer["note"]


def environment() -> dict[str, str]:
    """What Python and torch need to start, and none of this server's secrets."""
    inherited = {name: os.environ[name] for name in _INHERITED if name in os.environ}
    return {**inherited, "PYTHONPATH": import_path(), "OMP_NUM_THREADS": "1"}


def _difference(values: tuple[str, Any, Any]) -> Difference:
    name, *forms = values
    expected, given = (
        None if form is None else TensorForm(dtype=form[0], shape=tuple(form[1])) for form in forms
    )
    return Difference(name=name, expected=expected, given=given)


def _warning(tensors: Mapping[str, Tensor]) -> str:
    counts = {name: int((~torch.isfinite(tensor)).sum()) for name, tensor in tensors.items()}
    bad = {name: count for name, count in counts.items() if count}
    if not bad:
        return ""
    total = sum(bad.values())
    return (
        f"{total:,} {'value is' if total == 1 else 'values are'} NaN or infinite, "
        f"in {', '.join(list(bad)[:3])}{' and others' if len(bad) > 3 else ''}"
    )
