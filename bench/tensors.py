"""The tensor playground: how soon a program answers, and how soon large tensors are described.

    python -m bench.tensors [--quick] [-o FILE]

Small programs are those of the lessons: evaluated in a warm worker, against the floor of the same
lines run by Python itself in this process. Large tensors have 10⁸ elements; describing one is
everything from the live tensor to what is sent to the browser. All figures are medians.

The last line is JSON: milliseconds as small_program_p50_ms, small_program_p95_ms and
small_program_floor_ms; floor_ratio, the first over the last; first_program_s, from a pool that
was just made to the first answer, and start_s, from then until it could give one; seconds of
describing as describe_rand_s (float32), describe_transposed_s, describe_long_s (int64),
describe_bool_s and describe_expanded_s, and the largest message of these in kB as sent_kb; in a
browser, milliseconds from the key that ends a change to the frame that shows what it prints, as
typed_ms, of which typing rests for 350.
"""

import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from functools import partial
from statistics import median, quantiles
from typing import Any

import numpy as np
import torch
import torch.nn.functional as F
from torch import Tensor

from bench.browser import new_page, running_browser
from bench.report import report, seconds
from bench.server import installation, running_server
from blitz.tensors.describe import describe
from blitz.tensors.lessons import LESSONS
from blitz.tensors.workers import Workers
from blitz.ui.tensors.variables_view import variables_message

IDLE = "[data-test-connection-state=CONNECTED][data-test-script-state=notRunning]"
NUMEL = 10**8
BUDGETS = {
    "small_program_p50_ms": 50.0,
    "first_program_s": 1.5,
    "describe_rand_s": 0.3,
    "describe_transposed_s": 0.3,
    "describe_long_s": 0.3,
    "describe_bool_s": 0.3,
    "describe_expanded_s": 0.3,
    "sent_kb": 200.0,
}
# Puts a text into the editor as typing does, and comes back when a value is on the page.
TYPE_AND_WATCH = """
async ([text, value]) => {
  const area = document.querySelector("textarea");
  area.value = text;
  const start = performance.now();
  area.dispatchEvent(new InputEvent("input", { bubbles: true }));
  const shown = () => document.body.innerText.includes(value);
  while (!shown()) await new Promise(requestAnimationFrame);
  return performance.now() - start;
}
"""
BIG: dict[str, Callable[[], Tensor]] = {
    "rand": lambda: torch.rand(NUMEL),
    "transposed": lambda: torch.rand(10**4, 10**4).T,
    "long": lambda: torch.arange(NUMEL),
    "bool": lambda: torch.rand(NUMEL) > 0.5,
    "expanded": lambda: torch.ones(1).expand(10**4, 10**4),
}


@dataclass(frozen=True, kw_only=True, slots=True)
class Extent:
    """How often each is repeated."""

    programs: int
    tensors: int
    typed: int


FULL = Extent(programs=15, tensors=5, typed=15)
QUICK = Extent(programs=5, tensors=3, typed=5)


def measure(extent: Extent) -> dict[str, float]:
    """All figures, under the names of the JSON."""
    return {
        **first_program(),  # before other workers: their server process is started with these
        **small_programs(extent.programs),
        **large_tensors(extent.tensors),
        "typed_ms": median(typed(extent.typed)),
    }


def small_programs(rounds: int) -> dict[str, float]:
    """The lessons' programs through a worker, turn by turn with Python itself."""
    programs = [lesson.program for lesson in LESSONS]
    workers = Workers()
    workers.start()
    ours, floor = [], []
    try:
        for turn in range(rounds + 1):
            for program in programs:
                through = seconds(partial(workers.evaluate, program))
                bare = seconds(partial(run_by_python, program))
                if turn:  # the first time each side has something to import
                    ours.append(1e3 * through)
                    floor.append(1e3 * bare)
    finally:
        workers.close()
    return {
        "small_program_p50_ms": median(ours),
        "small_program_p95_ms": quantiles(ours, n=20)[-1],
        "small_program_floor_ms": median(floor),
        "floor_ratio": median(ours) / median(floor),
    }


def run_by_python(program: str) -> None:
    """The program as Python runs it. Only for programs of our own."""
    names: dict[str, Any] = {"torch": torch, "np": np, "F": F, "device": torch.device("cpu")}
    names["print"] = lambda *_: None
    exec(program, names)


def first_program() -> dict[str, float]:
    """A new pool: how long until it could answer, and then its first answer."""
    start = time.perf_counter()
    workers = Workers()
    try:
        workers.start()
        ready = time.perf_counter()
        workers.evaluate("x = torch.arange(12.).reshape(3, 4)\nx[:, 1] = 0\nx @ x.T")
        answered = time.perf_counter()
    finally:
        workers.close()
    return {"start_s": ready - start, "first_program_s": answered - ready}


def large_tensors(repeats: int) -> dict[str, float]:
    """From a live tensor to the message for the browser."""
    figures, sizes = {}, []
    for name, make in BIG.items():
        tensor = make()

        def message(tensor: Tensor = tensor) -> bytes:
            return variables_message(*describe({"x": tensor}))

        sizes.append(len(message()))
        figures[f"describe_{name}_s"] = median(seconds(message) for _ in range(repeats))
    return {**figures, "sent_kb": max(sizes) / 1e3}


def typed(changes: int) -> Iterator[float]:
    """Milliseconds from a change in the editor to the frame that shows what it prints."""
    with (
        installation() as place,
        running_server(place.settings) as url,
        running_browser() as found,
        new_page(found) as page,
    ):
        page.goto(f"{url}/tensors")
        page.wait_for_selector("textarea")
        page.wait_for_selector(IDLE)
        for turn in range(changes + 1):
            program = f"print(torch.tensor(500) + {turn})"
            elapsed = page.evaluate(TYPE_AND_WATCH, [program, f"tensor({500 + turn})"])
            page.wait_for_selector(IDLE)
            if turn:  # the first meets a page that still loads its parts
                yield float(elapsed)


def main() -> None:
    report(__doc__, lambda is_quick: measure(QUICK if is_quick else FULL), BUDGETS)


if __name__ == "__main__":
    main()
