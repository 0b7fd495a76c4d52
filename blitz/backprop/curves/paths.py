"""How parameters moved over many updates, and which of them moved most."""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray
from tsdownsample import MinMaxDownsampler

from blitz.backprop.passes import Array
from blitz.backprop.training import History

Indices = NDArray[np.int64]
EXPLODED = 1e6
"""An error so many times the first one has left every scale on which a path could be seen."""


@dataclass(frozen=True, kw_only=True, slots=True)
class Path:
    """The way that parameters took.

    updates [num_points]: after how many updates. values [num_points, num_parameters]: what they
    were then, in the order of `Network.parameter_names`.
    """

    updates: Indices
    values: Array


def path_of(history: History) -> Path:
    """All snapshots of a history, and its end."""
    updates = np.arange(len(history.snapshots)) * history.stride
    values = history.snapshots
    if updates[-1] != history.num_updates:
        updates = np.append(updates, history.num_updates)
        values = np.vstack([values, history.parameters_at(history.num_updates)])
    return Path(updates=updates, values=values)


def exploded(history: History) -> bool:
    """Whether the error grew so far that one chart cannot show its beginning and its end."""
    return bool(history.errors.max() / EXPLODED > history.errors[0])


def burst_at(history: History) -> int:
    """The update at which the error of a history that exploded left every scale."""
    return int(np.argmax(history.errors / EXPLODED > history.errors[0]))


def visible_path(history: History, end: int) -> Path:
    """The path; of a history that exploded only as far as the update `end`."""
    path = path_of(history)
    if not exploded(history):
        return path
    before = path.updates < end
    return Path(
        updates=np.append(path.updates[before], end),
        values=np.vstack([path.values[before], history.parameters_at(end)]),
    )


def most_moved(path: Path, places: Sequence[int], count: int) -> list[int]:
    """Those `count` of the places among the parameters whose values spread widest, widest first."""
    with np.errstate(over="ignore"):
        spread = np.ptp(path.values[:, list(places)], axis=0)
    order = np.argsort(-spread, kind="stable")[:count]
    return [places[place] for place in order.tolist()]


def thin(values: Array, max_points: int) -> Indices:
    """Places of the values to draw: the smallest and the largest of each stretch, and both ends."""
    if len(values) <= max_points:
        return np.arange(len(values))
    inner = (max_points - 2) // 2 * 2
    kept = MinMaxDownsampler().downsample(np.ascontiguousarray(values), n_out=inner)
    return np.unique(np.concatenate([[0], kept.astype(np.int64), [len(values) - 1]]))
