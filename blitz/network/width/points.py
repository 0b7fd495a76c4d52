"""Records of the width experiment, and their way through a pipe as lines of JSON."""

import json
import math
from dataclasses import asdict, dataclass

CHANNELS, IMAGE_SIZE, NUM_CLASSES = 3, 32, 10
MAX_WIDTH, MAX_BATCH = 64, 1024


@dataclass(frozen=True, kw_only=True, slots=True)
class WidthPlan:
    """What to measure, on every device; ValueError in one line for a wrong value."""

    widths: tuple[int, ...] = (1, 2, 4, 8, 16, 32)
    batch_sizes: tuple[int, ...] = (4, 64)
    seconds: float = 0.1
    """How long each point is measured, at least."""

    def __post_init__(self) -> None:
        for name, values, high in (
            ("widths", self.widths, MAX_WIDTH),
            ("batch_sizes", self.batch_sizes, MAX_BATCH),
        ):
            if not values or not all(1 <= value <= high for value in values):
                raise ValueError(f"{name}: {values} was given; expected one or more, 1 to {high:,}")
        if not 0 < self.seconds <= 10:
            raise ValueError(f"seconds: {self.seconds:g} was given; expected more than 0, up to 10")


@dataclass(frozen=True, kw_only=True, slots=True)
class Setting:
    """What computes, and how many images at a time."""

    device: str
    """As torch names it."""
    title: str
    threads: int | None
    """Of the CPU; None for another device."""
    batch_size: int

    @property
    def place(self) -> str:
        """What computes, in words."""
        if self.threads is None:
            return self.title
        return "CPU, 1 thread" if self.threads == 1 else f"CPU, {self.threads} threads"


@dataclass(frozen=True, kw_only=True, slots=True)
class WidthPoint:
    """Training steps of one width, measured."""

    setting: Setting
    width: int
    num_channels: int
    """Between the two convolutions."""
    seconds_per_step: float
    macs_per_step: int
    """Multiply-adds of forward and backward."""
    best_macs_per_second: float
    """Of a large product of matrices on this device, measured just before."""

    @property
    def images_per_second(self) -> float:
        """That a step at a time trains."""
        return self.setting.batch_size / self.seconds_per_step

    @property
    def arithmetic_seconds(self) -> float:
        """What the multiply-adds alone would take at the best rate."""
        return self.macs_per_step / self.best_macs_per_second

    @property
    def arithmetic_share(self) -> float:
        """Of the step's time."""
        return self.arithmetic_seconds / self.seconds_per_step


def to_line(point: WidthPoint) -> str:
    """One line of JSON."""
    return json.dumps(asdict(point))


def from_line(line: str) -> WidthPoint:
    """The point of a line; ValueError where it is none."""
    try:
        record = json.loads(line)
        point = WidthPoint(**(record | {"setting": Setting(**record["setting"])}))
    except (ValueError, TypeError, KeyError) as error:
        raise ValueError(f"no measured point: {line[:80]!r}") from error
    times = (point.seconds_per_step, point.best_macs_per_second)
    if not all(math.isfinite(time) and time > 0 for time in times):
        raise ValueError(f"no measured point: {line[:80]!r}")
    return point
