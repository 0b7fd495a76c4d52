"""The forms of the tensors in a safetensors file, from its header alone.

The file: 8 bytes that say how long the header is, the header in JSON, then the values.
"""

import json
from math import prod
from typing import Any

from blitz.training.weights_in.policy import (
    ITEM_BYTES,
    MAX_DIMENSIONS,
    MAX_TENSORS,
    TensorForm,
    shown,
)

_LENGTH_BYTES = 8
_MAX_HEADER_BYTES = 200 * MAX_TENSORS
_METADATA = "__metadata__"
_DTYPES = {
    "F64": "float64", "F32": "float32", "F16": "float16", "BF16": "bfloat16",
    "I64": "int64", "I32": "int32", "I16": "int16", "I8": "int8", "U8": "uint8", "BOOL": "bool",
}  # fmt: skip


def describe(content: bytes) -> dict[str, TensorForm]:
    """The form of each tensor, by name; ValueError with the reason where the header is wrong."""
    header_length = int.from_bytes(content[:_LENGTH_BYTES], "little")
    num_values_bytes = len(content) - _LENGTH_BYTES - header_length
    if num_values_bytes < 0:
        raise ValueError(
            f"it is cut or no safetensors file: its header is said to have {header_length:,} "
            f"bytes, the file has {len(content):,}"
        )
    if header_length > _MAX_HEADER_BYTES:
        raise ValueError(
            f"its header has {header_length:,} bytes; at most {_MAX_HEADER_BYTES:,} are read, "
            f"which is room for {MAX_TENSORS:,} tensors"
        )
    header = _header(content[_LENGTH_BYTES : _LENGTH_BYTES + header_length])
    if len(header) > MAX_TENSORS:
        raise ValueError(f"it has {len(header):,} tensors; at most {MAX_TENSORS:,} are read")
    spans = []
    forms = {}
    for name, entry in header.items():
        forms[name], span = _entry(name, entry)
        spans.append((*span, name))
    _check_spans(sorted(spans), num_values_bytes)
    return forms


def _header(text: bytes) -> dict[str, Any]:
    try:
        header = json.loads(text, object_pairs_hook=_unique)
    except (ValueError, RecursionError) as error:
        raise ValueError(
            f"its header is no JSON of a safetensors file ({shown(str(error))})"
        ) from None
    if not isinstance(header, dict):
        raise ValueError("its header is no JSON of a safetensors file")  # noqa: TRY004
    header.pop(_METADATA, None)
    return header


def _unique(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
    found = dict(pairs)
    if len(found) != len(pairs):
        raise ValueError("a name stands there twice")
    return found


def _entry(name: str, entry: Any) -> tuple[TensorForm, tuple[int, int]]:
    if not isinstance(entry, dict) or set(entry) != {"dtype", "shape", "data_offsets"}:
        raise ValueError(f"its header does not say what {shown(name)} is")
    code, shape, offsets = entry["dtype"], entry["shape"], entry["data_offsets"]
    dtype = _DTYPES.get(code) if isinstance(code, str) else None
    if dtype is None:
        raise ValueError(
            f"{shown(name)} has the type {shown(str(code))}, which no network here uses"
        )
    if not _are_whole(shape) or len(shape) > MAX_DIMENSIONS:
        raise ValueError(f"the shape of {shown(name)} is not up to {MAX_DIMENSIONS} whole numbers")
    if not _are_whole(offsets) or len(offsets) != 2:
        raise ValueError(f"the offsets of {shown(name)} are not two whole numbers")
    start, end = offsets
    if end - start != prod(shape) * ITEM_BYTES[dtype]:
        raise ValueError(
            f"the offsets of {shown(name)} span {end - start:,} bytes; "
            f"{dtype} {shape} takes {prod(shape) * ITEM_BYTES[dtype]:,}"
        )
    return TensorForm(dtype=dtype, shape=tuple(shape)), (start, end)


def _are_whole(values: Any) -> bool:
    return isinstance(values, list) and all(
        isinstance(value, int) and not isinstance(value, bool) and 0 <= value < 2**63
        for value in values
    )


def _check_spans(spans: list[tuple[int, int, str]], num_bytes: int) -> None:
    """Raise ValueError unless the tensors follow each other from the first byte to the last."""
    reached = 0
    for start, end, name in spans:
        if start != reached:
            kind = "overlaps the tensor" if start < reached else "leaves a gap after the one"
            raise ValueError(f"{shown(name)} {kind} before it")
        reached = end
    if reached != num_bytes:
        raise ValueError(f"its tensors take {reached:,} bytes, the file has {num_bytes:,} for them")
