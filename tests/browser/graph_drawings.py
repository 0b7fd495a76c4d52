"""Drawings for the tests of the graph view, written down by hand or by a rule."""

from collections.abc import Callable, Mapping, Sequence

import numpy as np

from blitz.autograd.picture.packing import pack

OPERATION, PARAMETER, INPUT, GROUP, OUTPUT = range(5)
Vertex = tuple[int, str, str, int, float, float]
"""Kind, label, note, node, x, y."""
Edge = tuple[int, int]
"""Source and target: the source is nearer the output."""


def drawing(
    vertices: Sequence[Vertex],
    edges: Sequence[Edge],
    *,
    frames: Sequence[tuple[float, float, float, float, str, int]] = (),
    marks: Mapping[int, int] | None = None,
    title: str = "A small network",
    direction: str = "right",
) -> bytes:
    texts: dict[str, int] = {}

    def index(text: str) -> int:
        return texts.setdefault(text, len(texts)) if text else -1

    n, m = len(vertices), len(edges)
    mark = np.zeros(n, np.uint8)
    for vertex, bits in (marks or {}).items():
        mark[vertex] = bits
    columns: dict[str, np.ndarray] = {
        "vertex_x": np.array([v[4] for v in vertices], np.float32),
        "vertex_y": np.array([v[5] for v in vertices], np.float32),
        "vertex_width": np.full(n, 130, np.float32),
        "vertex_height": np.full(n, 40, np.float32),
        "vertex_kind": np.array([v[0] for v in vertices], np.uint8),
        "vertex_label": np.array([index(v[1]) for v in vertices], np.int32),
        "vertex_note": np.array([index(v[2]) for v in vertices], np.int32),
        "vertex_node": np.array([v[3] for v in vertices], np.int32),
        "vertex_mark": mark,
        "fact_0": np.array([index(f"fc{1 + (i > 5)}") for i in range(n)], np.int32),
        "fact_1": np.array([index(f"net.py:{20 + i}") for i in range(n)], np.int32),
        "edge_source": np.array([e[0] for e in edges], np.int32),
        "edge_target": np.array([e[1] for e in edges], np.int32),
        "edge_route_start": np.zeros(m + 1, np.int32),
        "route": np.array([], np.float32),
        "edge_count": np.ones(m, np.int32),
        "frame_x0": np.array([f[0] for f in frames], np.float32),
        "frame_y0": np.array([f[1] for f in frames], np.float32),
        "frame_x1": np.array([f[2] for f in frames], np.float32),
        "frame_y1": np.array([f[3] for f in frames], np.float32),
        "frame_label": np.array([index(f[4]) for f in frames], np.int32),
        "frame_group": np.array([f[5] for f in frames], np.int32),
    }
    header = {
        "title": title,
        "direction": direction,
        "facts": ["Module", "Source line"],
        "texts": [*texts],
    }
    return pack(columns, header)


def folded() -> bytes:
    """Input, a folded layer, an activation, a second layer that shares the input, the output."""
    return drawing(
        [
            (INPUT, "x", "4 × 8", 0, 0, 0),
            (GROUP, "fc1", "3 operations", -1, 200, 0),
            (OPERATION, "ReluBackward0", "4 × 16", 4, 400, 0),
            (OPERATION, "AddmmBackward0", "4 × 2", 5, 600, 0),
            (PARAMETER, "fc2.weight", "2 × 16", 6, 400, 80),
            (PARAMETER, "fc2.bias", "2", 7, 400, 160),
            (OUTPUT, "loss", "scalar", 9, 1000, 0),
            (OPERATION, "MeanBackward0", "scalar", 8, 800, 0),
            (INPUT, "x", "4 × 8", 0, 600, 160),
        ],
        [(1, 0), (2, 1), (3, 2), (3, 4), (3, 5), (7, 3), (6, 7), (7, 8)],
        marks={2: 2, 7: 8},
    )


def opened() -> bytes:
    """The same with the layer opened."""
    return drawing(
        [
            (INPUT, "x", "4 × 8", 0, 0, 0),
            (PARAMETER, "fc1.weight", "16 × 8", 1, 200, 80),
            (OPERATION, "TBackward0", "8 × 16", 2, 400, 80),
            (OPERATION, "AddmmBackward0", "4 × 16", 3, 600, 0),
            (OPERATION, "ReluBackward0", "4 × 16", 4, 800, 0),
            (OPERATION, "AddmmBackward0", "4 × 2", 5, 1000, 0),
            (PARAMETER, "fc2.weight", "2 × 16", 6, 800, 80),
            (PARAMETER, "fc2.bias", "2", 7, 800, 160),
            (OPERATION, "MeanBackward0", "scalar", 8, 1200, 0),
            (OUTPUT, "loss", "scalar", 9, 1400, 0),
        ],
        [(3, 0), (2, 1), (3, 2), (4, 3), (5, 4), (5, 6), (5, 7), (8, 5), (9, 8)],
        frames=[(120, -50, 680, 120, "fc1", 17)],
        marks={2: 1, 4: 2},
    )


def empty() -> bytes:
    return drawing([], [])


def broken() -> bytes:
    """One vertex without a place, and texts that look like markup."""
    nan = float("nan")
    return drawing(
        [
            (INPUT, "<img src=x onerror=alert(1)>", "<b>bold</b>", 0, 0, 0),
            (OPERATION, "nowhere", "", 1, nan, 0),
            (OUTPUT, "loss", "", 2, 200, 0),
        ],
        [(1, 0), (2, 1), (2, 0)],
        title="<i>title</i>",
    )


DRAWINGS: dict[str, Callable[[], bytes]] = {
    "folded": folded,
    "opened": opened,
    "empty": empty,
    "broken": broken,
}


def backward_of(name: str) -> bytes:
    """A backward pass of the folded drawing: one step for each of its operations."""
    nan, inf = float("nan"), float("inf")
    start = [4, 3, 2, 1, 2, 2, nan, 0, nan]
    end = [4, 3, 2, 1, 2, 2, nan, 0, nan]
    norm = [1e-6, 1e-4, 0.01, 1.0, 0.0, 10.0, nan, inf]
    texts = [f"step {step} of 5" for step in range(1, 6)]
    assert name == "folded"
    m = len(norm)
    values = np.array(norm, np.float32)
    return pack(
        {
            "vertex_start": np.array(start, np.float32),
            "vertex_end": np.array(end, np.float32),
            "edge_time": np.array([3, 2, 1, 1, 1, 0, nan, 0], np.float32),
            "edge_norm": values,
            "edge_min": -values,
            "edge_max": values,
            "edge_mean": values / 2,
            "edge_zeros": np.full(m, 0.25, np.float32),
            "edge_flags": np.array([0, 0, 0, 0, 0, 0, 0, 2], np.uint8),
            "edge_shape": np.zeros(m, np.int32),
            "step_text": np.arange(1, 6, dtype=np.int32),
        },
        {"num_steps": 5, "texts": ["4 × 16", *texts]},
    )


def large_drawing(n: int) -> bytes:
    """Layers of fifty, each vertex fed by one of the layer before; with as many texts as usual."""
    number = np.arange(n)
    layer, place = number // 50, number % 50
    target = np.maximum(0, number - 50 + np.random.default_rng(0).integers(-3, 4, n)) % n
    source = number[50:].astype(np.int32)
    kinds = np.where(place % 7 == 0, PARAMETER, np.where(place % 11 == 0, GROUP, OPERATION))
    labels = [f"Operation{i}Backward0" for i in range(60)]
    lines = [f"model.py:{i}, in forward" for i in range(4000)]
    modules = [f"layers.{i}.block.{j}" for i in range(400) for j in range(10)]
    m = len(source)
    # Rows of layers one below the other, so that the whole is not a thread.
    columns = 250
    x = (layer % columns) * 190.0
    y = (layer // columns) * 2900.0 + place * 54.0
    return pack(
        {
            "vertex_x": x.astype(np.float32),
            "vertex_y": y.astype(np.float32),
            "vertex_width": np.full(n, 130, np.float32),
            "vertex_height": np.full(n, 40, np.float32),
            "vertex_kind": kinds.astype(np.uint8),
            "vertex_label": (number % 60).astype(np.int32),
            "vertex_note": (60 + number % 4000).astype(np.int32),
            "vertex_node": number.astype(np.int32),
            "vertex_mark": np.zeros(n, np.uint8),
            "fact_0": (4060 + number % 4000).astype(np.int32),
            "fact_1": (60 + number % 4000).astype(np.int32),
            "edge_source": source,
            "edge_target": target[50:].astype(np.int32),
            "edge_route_start": np.zeros(m + 1, np.int32),
            "route": np.array([], np.float32),
            "edge_count": np.ones(m, np.int32),
        },
        {
            "title": "A large network",
            "direction": "right",
            "facts": ["Module", "Source line"],
            "texts": [*labels, *lines, *modules],
        },
    )
