"""Graphviz's dot: its time and memory, and how often lines cross in its picture."""

import json
import re
import shutil
import subprocess
import threading
import time
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from bench.graph_limits import watch_memory
from blitz.autograd.layout import Placement, count_crossings
from blitz.autograd.picture.drawing import Drawing

Points = npt.NDArray[np.float64]
"""[k, 2]"""

PIECES_OF_A_CURVE = 7
TIME_UP = "time is up"


@dataclass(frozen=True, kw_only=True, slots=True)
class DotRun:
    """What dot did; without `seconds` and `picture` it did not finish, and `note` says why."""

    seconds: float | None = None
    picture: bytes | None = None
    memory_mb: float = 0.0
    note: str = ""


def run_dot(source: str, form: str, *, limit: float) -> DotRun:
    """Give dot so many seconds for a picture in a form of its, such as -Tsvg."""
    path = shutil.which("dot")
    if path is None:
        return DotRun(note="dot is not installed")
    started = time.perf_counter()
    process = subprocess.Popen(
        [path, form], stdin=subprocess.PIPE, stdout=subprocess.PIPE, stderr=subprocess.DEVNULL
    )
    peak = [0.0]
    ended = threading.Event()
    watching = threading.Thread(target=watch_memory, args=(process.pid, peak, ended))
    watching.start()
    picture: bytes | None = None
    try:
        picture, _ = process.communicate(source.encode(), timeout=max(0.1, limit))
        seconds = time.perf_counter() - started
    except subprocess.TimeoutExpired:
        process.kill()
        process.communicate()
    finally:
        ended.set()
        watching.join()
    if picture is None:
        return DotRun(memory_mb=peak[0], note=TIME_UP)
    if process.returncode:
        return DotRun(memory_mb=peak[0], note=f"dot ended with {process.returncode}")
    return DotRun(seconds=seconds, picture=picture, memory_mb=peak[0])


def dot_crossings(drawing: Drawing, picture: bytes) -> int:
    """Crossings in a picture of dot's, counted as ours are: from centre to centre, in pieces."""
    found = json.loads(picture)
    centres = np.zeros((len(drawing.vertices), 2), np.float32)
    for each in found["objects"]:
        centres[int(each["name"].removeprefix("v"))] = _numbers(each["pos"])[0]
    names = [int(each["name"].removeprefix("v")) for each in found["objects"]]
    tail, head, routes = [], [], []
    for edge in found["edges"]:
        tail.append(names[edge["tail"]])
        head.append(names[edge["head"]])
        routes.append(_line(edge["pos"]))
    placement = Placement(
        x=centres[:, 0],
        y=centres[:, 1],
        route_start=np.cumsum([0, *map(len, routes)], dtype=np.int32),
        route=np.concatenate(routes).astype(np.float32),
    )
    return count_crossings(placement, np.array(tail), np.array(head))


def _line(position: str) -> Points:
    """Points along a spline of dot's: `e,x,y` for its head, then 3n + 1 points.

    None of them is where two curves join: dot leads lines through corners of its own that several
    share, and lines that meet in a point of both would not count as crossing.
    """
    points = _numbers(re.sub(r"[es],\S+\s", "", position))
    share = (np.arange(PIECES_OF_A_CURVE)[:, None] + 0.5) / PIECES_OF_A_CURVE
    rest = 1 - share
    pieces = []
    for start in range(0, len(points) - 1, 3):
        a, b, c, d = points[start : start + 4]
        pieces.append(
            rest**3 * a + 3 * rest**2 * share * b + 3 * rest * share**2 * c + share**3 * d
        )
    return np.concatenate(pieces)


def _numbers(position: str) -> Points:
    return np.array([pair.split(",") for pair in position.split()], np.float64)
