"""The error over a grid of two parameters, while all others stay as they are."""

from dataclasses import dataclass

import numpy as np

from blitz.backprop.curves.paths import visible_path
from blitz.backprop.network import Network
from blitz.backprop.passes import Array, Parameters, arrays, forward, total_error
from blitz.backprop.training import History

GRID_SIZE = 61
MARGIN = 0.15
"""Beyond the path on either side, as a part of its width."""
FARTHEST = 1e300
"""Axes end here: a grid's width has to be a 64-bit number, too."""
CHUNK_NUMBERS = 2**20
"""Of one layer at most at once; a number takes 8 bytes."""


@dataclass(frozen=True, kw_only=True, slots=True)
class Surface:
    """The error where two parameters vary, and the way these two took (`visible_path`).

    x, y: values of the two [num_columns], [num_rows]. errors [num_rows, num_columns]: nan where
    too large for 64 bits. path [num_points, 2]. present: the two at the update shown, and its
    error.
    """

    x_name: str
    y_name: str
    x: Array
    y: Array
    errors: Array
    path: Array
    present: tuple[float, float, float]


def error_surface(
    history: History, update: int, x_name: str, y_name: str, size: int = GRID_SIZE
) -> Surface:
    """The surface around the network after so many updates; it covers the path with a margin.

    ValueError for names that are not two different parameters.
    """
    names = history.network.parameter_names()
    for field, name in (("x_name", x_name), ("y_name", y_name)):
        if name not in names:
            raise ValueError(f"{field}: {name!r} was given; choose {', '.join(names)}")
    if x_name == y_name:
        raise ValueError(f"y_name: {y_name!r} is x_name, too; choose two different parameters")
    chosen = [names.index(x_name), names.index(y_name)]
    here = history.parameters_at(update)
    path = visible_path(history, update).values[:, chosen]
    x, y = (_axis(path[:, n], here[chosen[n]], size) for n in range(2))
    grid_y, grid_x = np.meshgrid(y, x, indexing="ij")  # [num_rows, num_columns]
    points = np.stack([grid_x.ravel(), grid_y.ravel()], axis=1)
    errors = _errors(history, here, chosen, points)
    return Surface(
        x_name=x_name, y_name=y_name, x=x, y=y, errors=errors.reshape(grid_x.shape), path=path,
        present=(float(here[chosen[0]]), float(here[chosen[1]]), float(history.errors[update])),
    )  # fmt: skip


def _axis(path: Array, here: float, size: int) -> Array:
    """Values that cover a path, and at least 1 around the present one."""
    path, here = path.clip(-FARTHEST, FARTHEST), min(max(here, -FARTHEST), FARTHEST)
    margin = MARGIN * np.ptp(path)
    reach = max(1.0, abs(here) * 1e-3)  # 1 is nothing beside a large number
    low = min(path.min() - margin, here - reach)
    high = max(path.max() + margin, here + reach)
    return np.linspace(low, high, size)


def _errors(history: History, here: Array, chosen: list[int], points: Array) -> Array:
    """The error at each point [num_points, 2] of the chosen parameters; nan where not finite."""
    network = history.network
    widest = max(network.sizes) ** 2 * len(history.inputs)  # softmax compares all units with all
    num_chunks = -(-len(points) * widest // CHUNK_NUMBERS)
    found = []
    with np.errstate(all="ignore"):
        for chunk in np.array_split(points, num_chunks):
            parameters = _at_points(network, here, chosen, chunk)
            passed = forward(network, parameters, history.inputs)
            found.append(total_error(network, passed, history.targets))
    errors = np.concatenate(found)
    return np.where(np.isfinite(errors), errors, np.nan)


def _at_points(network: Network, here: Array, chosen: list[int], points: Array) -> Parameters:
    """Parameters with a leading axis of points in those arrays that hold a chosen one."""
    parameters = arrays(network.with_parameters(here.tolist()))
    # As `Network.parameters`: all weights, then all biases
    in_order = [weights for weights, _ in parameters] + [biases for _, biases in parameters]
    start = 0
    for place, array in enumerate(in_order):
        stop = start + array.size
        columns = [n for n, parameter in enumerate(chosen) if start <= parameter < stop]
        if columns:
            spread = np.repeat(array.reshape(1, -1), len(points), axis=0)
            for column in columns:
                spread[:, chosen[column] - start] = points[:, column]
            in_order[place] = spread.reshape(len(points), *array.shape)
        start = stop
    num_layers = len(parameters)
    return list(zip(in_order[:num_layers], in_order[num_layers:], strict=True))
