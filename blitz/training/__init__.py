"""Training runs: configuration, loop, evaluation, checkpoints, run store, launcher.

`train` and `Trainer` are loaded when first asked for: a run that waits for its device, and the
launcher, use this package without importing torch.
"""

from typing import TYPE_CHECKING, Any

from blitz.training.config import TrainConfig

if TYPE_CHECKING:
    from blitz.training.loop import Trainer, train

__all__ = ["TrainConfig", "Trainer", "train"]


def __getattr__(name: str) -> Any:
    if name not in ("Trainer", "train"):
        raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
    from blitz.training import loop

    return getattr(loop, name)
