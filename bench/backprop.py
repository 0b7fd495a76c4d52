"""The chain rule by hand: how long one update takes to explain, and many to run.

    python -m bench.backprop [--quick] [-o FILE]

The 2-2-2 network is the worked example; the 5×8 one has eight inputs and five layers of eight
units, and one sample. Updates of the 2-2-2 network are compared with the same ones by
torch.autograd and torch.optim.SGD in float64 on one thread, run turn by turn in one process, and
both have to end at the same weights. A surface is a grid of 41 × 41. All figures are medians.

The last line is JSON: milliseconds as explain_2_2_2_ms, explain_5x8_ms and surface_ms; seconds of
10,000 updates as updates_10000_s, autograd_10000_s and history_5x8_s; updates_ratio, how many times
as fast ours are as autograd's; weights_difference, the largest between both. In a browser, on the
same machine as its server: milliseconds from the click that changes the learning rate to the frame
in which the list of steps shows another new weight, as changed_number_ms (its slowest as
changed_number_max_ms), for the 5×8 network as changed_number_5x8_ms, and with the network after
10,000 updates, which are made anew, as changed_number_after_updates_ms.
"""

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from statistics import median
from typing import TYPE_CHECKING

import numpy as np
import torch
from torch import Tensor

from bench.browser import new_page, running_browser
from bench.report import report, seconds
from bench.server import installation, running_server
from blitz.backprop import Layer, Network
from blitz.backprop.address import encode
from blitz.backprop.curves.surface import error_surface
from blitz.backprop.presets import PRESETS
from blitz.backprop.scenario import Scenario

if TYPE_CHECKING:
    from playwright.sync_api import Browser

UPDATES = 10_000
IDLE = "[data-test-connection-state=CONNECTED][data-test-script-state=notRunning]"
GRID = 41
BUDGETS = {
    "explain_2_2_2_ms": 2.0,
    "explain_5x8_ms": 50.0,
    "updates_10000_s": 0.5,
    "changed_number_ms": 300.0,
}
# Clicks a button, and comes back with the milliseconds until a frame shows another text.
CLICK_AND_WATCH = """
async ([button, text]) => {
  const watched = document.querySelector(text);
  const before = watched.textContent;
  const start = performance.now();
  document.querySelector(button).click();
  while (document.querySelector(text)?.textContent === before) {
    await new Promise(requestAnimationFrame);
  }
  return performance.now() - start;
}
"""
RAISE_RATE = "[class*=st-key-backprop_field_rate] [data-testid=stNumberInputStepUp]"
WORKED = PRESETS[0].scenario


@dataclass(frozen=True, kw_only=True, slots=True)
class Extent:
    """How often each is repeated: what takes milliseconds, and what takes seconds."""

    short: int
    long: int
    clicks: int


FULL = Extent(short=101, long=7, clicks=21)
QUICK = Extent(short=31, long=3, clicks=7)


def deep() -> Scenario:
    """Five layers of eight units, the same ones every time."""
    numbers = np.random.default_rng(0)
    layers = tuple(
        Layer(numbers.normal(0, 0.5, (8, 8)), numbers.normal(0, 0.5, 8), "tanh") for _ in range(5)
    )
    return Scenario(
        network=Network(layers),
        inputs=(tuple(numbers.normal(size=8).tolist()),),
        targets=(tuple(numbers.uniform(-0.5, 0.5, 8).tolist()),),
        learning_rate=0.01,
    )


def autograd_updates(updates: int) -> list[Tensor]:
    """Both weight matrices of the worked example after so many updates by autograd and SGD."""
    x, target = (
        torch.tensor(rows, dtype=torch.float64) for rows in (WORKED.inputs, WORKED.targets)
    )
    layers = [
        (
            torch.tensor(layer.weights, dtype=torch.float64, requires_grad=True),
            torch.tensor(layer.biases, dtype=torch.float64),
        )
        for layer in WORKED.network.layers
    ]
    weights = [of_layer for of_layer, _ in layers]
    optimiser = torch.optim.SGD(weights, lr=WORKED.learning_rate)
    for _ in range(updates):
        optimiser.zero_grad()
        out = x
        for of_layer, biases in layers:
            out = torch.sigmoid(out @ of_layer.T + biases)
        error = ((target - out) ** 2).sum() / 2
        error.backward()
        optimiser.step()
    return [of_layer.detach() for of_layer in weights]


def measure(extent: Extent) -> dict[str, float]:
    """All figures, under the names of the JSON."""
    deep_network = deep()
    history = WORKED.run(UPDATES)
    ours, theirs = [], []
    for _ in range(extent.long):  # turn by turn: what else the machine does slows both
        ours.append(seconds(lambda: WORKED.run(UPDATES)))
        theirs.append(seconds(lambda: autograd_updates(UPDATES)))
    return {
        "explain_2_2_2_ms": 1e3 * typical(WORKED.explain, extent.short),
        "explain_5x8_ms": 1e3 * typical(deep_network.explain, extent.short),
        "updates_10000_s": median(ours),
        "autograd_10000_s": median(theirs),
        "updates_ratio": median(theirs) / median(ours),
        "weights_difference": weights_difference(UPDATES),
        "surface_ms": 1e3
        * typical(lambda: error_surface(history, UPDATES // 2, "w1", "w5", GRID), extent.short),
        "history_5x8_s": typical(lambda: deep_network.run(UPDATES), extent.long),
        **in_browser(extent.clicks),
    }


def in_browser(changes: int) -> dict[str, float]:
    """How soon a changed number is on screen, `changes` times for each network."""
    with installation() as place, running_server(place.settings) as url, running_browser() as found:
        worked = list(changed_numbers(found, url, WORKED, changes))
        deep_network = list(changed_numbers(found, url, deep(), changes))
        updated = list(changed_numbers(found, url, WORKED, changes, updates=UPDATES))
    return {
        "changed_number_ms": median(worked),
        "changed_number_max_ms": max(worked),
        "changed_number_5x8_ms": median(deep_network),
        "changed_number_after_updates_ms": median(updated),
    }


def changed_numbers(
    browser: "Browser", url: str, scenario: Scenario, changes: int, updates: int = 0
) -> Iterator[float]:
    """Milliseconds from each click to the frame that shows a new weight, after so many updates."""
    steps = scenario.explain().steps
    [last] = [number for number, step in enumerate(steps) if step.name == "w1⁺"]
    # Looked at early: at the end of them the errors are 0, and no weight moves any more.
    looked_at = f"updates={updates}&shown={updates // 100}"
    with new_page(browser) as page:
        page.goto(f"{url}/backprop?network={encode(scenario)}&{looked_at}")
        watched = f"li[data-step='{last}'] .value"
        for selector in (watched, RAISE_RATE, IDLE):
            page.wait_for_selector(selector, state="attached")
        for turn in range(changes + 1):
            elapsed = page.evaluate(CLICK_AND_WATCH, [RAISE_RATE, watched])
            page.wait_for_selector(IDLE)
            if turn:  # the first click meets a page that still loads its parts
                yield float(elapsed)


def weights_difference(updates: int) -> float:
    """The largest between our weights and autograd's after so many updates."""
    ours = WORKED.run(updates).network_at(updates)
    return max(
        float((torch.tensor(layer.weights, dtype=torch.float64) - theirs).abs().max())
        for layer, theirs in zip(ours.layers, autograd_updates(updates), strict=True)
    )


def typical(work: Callable[[], object], repeats: int) -> float:
    """The median of seconds, after a first run that does not count."""
    work()
    return median(seconds(work) for _ in range(repeats))


def main() -> None:
    torch.set_num_threads(1)
    report(__doc__, lambda is_quick: measure(QUICK if is_quick else FULL), BUDGETS, digits=5)


if __name__ == "__main__":
    main()
