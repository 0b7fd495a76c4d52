"""Small tables of samples to learn from."""

import math
from dataclasses import dataclass

from blitz.backprop.network import Table


@dataclass(frozen=True, kw_only=True, slots=True)
class SampleTable:
    """Inputs [num_samples, num_inputs] and one target each."""

    name: str
    inputs: Table
    targets: Table


_CORNERS: Table = ((0, 0), (0, 1), (1, 0), (1, 1))


def _moons(samples_each: int) -> SampleTable:
    """Two half circles that reach into each other, rounded to hundredths."""
    angles = [math.pi * step / (samples_each - 1) for step in range(samples_each)]
    upper = [(round(math.cos(a), 2), round(math.sin(a), 2)) for a in angles]
    lower = [(round(1 - math.cos(a), 2), round(0.5 - math.sin(a), 2)) for a in angles]
    targets = ((0.0,),) * samples_each + ((1.0,),) * samples_each
    return SampleTable(name="Two moons", inputs=(*upper, *lower), targets=targets)


def _line() -> SampleTable:
    """Five points of 2x + 1."""
    xs = (0.0, 0.25, 0.5, 0.75, 1.0)
    return SampleTable(
        name="A line: 2x + 1",
        inputs=tuple((x,) for x in xs),
        targets=tuple((2 * x + 1,) for x in xs),
    )


XOR = SampleTable(name="XOR", inputs=_CORNERS, targets=((0,), (1,), (1,), (0,)))
AND = SampleTable(name="AND", inputs=_CORNERS, targets=((0,), (0,), (0,), (1,)))
LINE = _line()
MOONS = _moons(samples_each=8)
SAMPLE_TABLES = (XOR, AND, LINE, MOONS)
