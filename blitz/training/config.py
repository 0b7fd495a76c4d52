"""What one training run is: every choice about it, checked when it is made.

Knows the names of choices, not how they are carried out: `models`, `optimisers`, `schedules` and
`loop` do that. A config is plain values, so it can be stored as JSON and compared.
"""

import math
from collections.abc import Mapping
from dataclasses import asdict, dataclass, fields
from typing import Any, Literal, get_args

OptimiserName = Literal["sgd", "nesterov", "adam", "adamw", "rmsprop"]
ScheduleName = Literal["constant", "step", "cosine", "one-cycle", "triangular"]
LossName = Literal["cross-entropy", "mse"]
Precision = Literal["float32", "tf32", "bf16"]
AugmentName = Literal["none", "flip", "flip-and-shift", "flip-shift-cutout"]
AveragingName = Literal["none", "ema", "lookahead"]

MAX_SEED = 2**63 - 1


@dataclass(frozen=True, kw_only=True, slots=True)
class TrainConfig:
    """All choices of one run. A wrong value raises ValueError with the field, value and rule."""

    dataset: str = "digits"
    """A built-in data set's name, or the path of a folder or archive of class folders."""
    model: str = "net"
    """Name of a network in `blitz.models`."""
    width: int = 1
    """How many times as many feature maps a network has: Net between its two convolutions."""
    image_size: int | None = None
    """Height and width that images are resized to; none keeps the data set's own."""
    epochs: int = 5
    """Passes over the training images."""
    batch_size: int = 64
    """Images in one step."""
    lr: float = 0.001
    """Learning rate; with a schedule, its highest value."""
    optimizer: OptimiserName = "sgd"
    """The rule that turns gradients into updates."""
    momentum: float = 0.9
    """Momentum of sgd, nesterov and rmsprop; adam and adamw have their own and ignore it."""
    weight_decay: float = 0.0
    """Pull of every weight towards zero."""
    schedule: ScheduleName = "constant"
    """How the learning rate changes over the run."""
    loss: LossName = "cross-entropy"
    """What is minimised; mse compares the outputs with one-hot labels."""
    label_smoothing: float = 0.0
    """Part of each label that is spread over all classes while training; tests are judged plain."""
    augment: AugmentName = "none"
    """Training images mirrored in every second epoch, or also shifted by some pixels."""
    whiten: bool = False
    """Work the first convolution out from the training images and let only its bias learn."""
    norm_bias_lr: float = 1.0
    """How many times as fast as all else the biases of batch normalisation learn."""
    averaging: AveragingName = "none"
    """Test the weights' moving average; lookahead also trains on from it every few steps."""
    test_flips: bool = False
    """Answer for a test image by the mean of what is said of it and of its mirror image."""
    device: str = "auto"
    """cpu, cuda, cuda:N, mps, or auto for the fastest there is."""
    precision: Precision = "float32"
    """Arithmetic of the forward and backward pass."""
    compiled: bool = False
    """Have torch.compile join the network's kernels: takes a minute, and is meant for a GPU."""
    seed: int = 0
    """Decides the initial weights and the order of the images."""
    patience: int = 0
    """Stop after this many epochs without a lower test loss; 0 never stops early."""
    skip_unreadable: bool = False
    """Leave out image files that cannot be read, rather than refuse the data set."""
    processes: int = 1
    """Processes of this machine that share every batch; of several GPUs each has its own."""
    keep_epochs: bool = False
    """Keep the weights and answers of every epoch, as far as they fit; decides no outcome."""

    def __post_init__(self) -> None:
        self._require(isinstance(self.dataset, str) and self.dataset.strip() != "", "dataset",
                      "expected a name or a path")  # fmt: skip
        self._require_int("width", 1, 64)
        if self.image_size is not None:
            self._require_int("image_size", 8, 512)
        self._require_int("epochs", 1, 10_000)
        self._require_int("batch_size", 1, 65_536)
        self._require_real("lr", 0.0, 100.0, above=True)
        self._require_choice("optimizer", get_args(OptimiserName))
        self._require_real("momentum", 0.0, 0.9999)
        self._require_real("weight_decay", 0.0, 1.0)
        self._require_choice("schedule", get_args(ScheduleName))
        self._require_choice("loss", get_args(LossName))
        self._require_real("label_smoothing", 0.0, 0.99)
        self._require_choice("augment", get_args(AugmentName))
        self._require_bool("whiten")
        self._require_real("norm_bias_lr", 0.0, 1_000.0, above=True)
        self._require_choice("averaging", get_args(AveragingName))
        self._require_bool("test_flips")
        self._require_bool("compiled")
        self._require_choice("precision", get_args(Precision))
        self._require_int("seed", 0, MAX_SEED)
        self._require_int("patience", 0, 10_000)
        self._require_int("processes", 1, 64)
        self._require(
            not (self.optimizer == "nesterov" and self.momentum == 0),
            "momentum",
            "nesterov needs a momentum above 0",
        )

    def _require(self, holds: bool, field: str, rule: str) -> None:
        if not holds:
            raise ValueError(f"{field}: {getattr(self, field)!r} was given; {rule}")

    def _require_bool(self, field: str) -> None:
        self._require(isinstance(getattr(self, field), bool), field, "expected true or false")

    def _require_int(self, field: str, low: int, high: int) -> None:
        value = getattr(self, field)
        is_int = isinstance(value, int) and not isinstance(value, bool)
        rule = f"expected a whole number from {low:,} to {high:,}"
        self._require(is_int and low <= value <= high, field, rule)

    def _require_real(self, field: str, low: float, high: float, *, above: bool = False) -> None:
        value = getattr(self, field)
        is_real = isinstance(value, int | float) and math.isfinite(value)
        in_range = is_real and low <= value <= high and not (above and value == low)
        start = f"above {low:g}" if above else f"from {low:g}"
        self._require(in_range, field, f"expected a number {start} to {high:g}")

    def _require_choice(self, field: str, choices: tuple[str, ...]) -> None:
        self._require(getattr(self, field) in choices, field, f"choose {', '.join(choices)}")

    def to_dict(self) -> dict[str, Any]:
        """The config as plain values, for JSON."""
        return asdict(self)

    @classmethod
    def from_dict(cls, values: Mapping[str, Any]) -> "TrainConfig":
        """A config from plain values; fields that this version does not know are left out."""
        known = {field.name for field in fields(cls)}
        return cls(**{name: value for name, value in values.items() if name in known})
