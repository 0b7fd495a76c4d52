"""A figure in plotly.js's own words, without Plotly's Python objects.

Those check every property and copy the whole figure when it is written out, which takes ten times
as long as the rest: too much for pictures of which each change on a page needs several. Whether the
words are right, Plotly tells the tests.
"""

import base64
import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import numpy as np

_TYPES = {"float32": "f4", "float64": "f8", "int16": "i2", "int32": "i4"}
"""What plotly.js calls them."""


@dataclass(frozen=True, kw_only=True, slots=True, eq=False)
class PlainFigure:
    """Traces and a layout; large numbers of numbers are arrays."""

    data: Sequence[Mapping[str, object]]
    layout: Mapping[str, object]

    def to_json(self) -> str:
        """The figure as plotly.js takes it, its arrays as base64."""
        figure = {"data": self.data, "layout": self.layout}
        return json.dumps(figure, default=_packed, allow_nan=False, separators=(",", ":"))


def _packed(value: object) -> dict[str, str]:
    assert isinstance(value, np.ndarray), type(value)
    if value.dtype == np.int64:  # plotly.js has none
        value = value.astype(np.int32)
    packed = {
        "dtype": _TYPES[value.dtype.name],
        "bdata": base64.b64encode(value.tobytes()).decode(),
    }
    return packed | ({"shape": ", ".join(map(str, value.shape))} if value.ndim > 1 else {})
