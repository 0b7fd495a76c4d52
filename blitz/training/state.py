"""The state of a run at one moment: all that a bit-identical resume needs, and nothing else.

A plain record. `loop` takes and restores it, `checkpoints` keeps it in a file.
"""

from dataclasses import dataclass

from torch import Tensor


@dataclass(frozen=True, kw_only=True, slots=True)
class TrainState:
    """Weights, optimiser, random generators, order of the images and counters of a run."""

    tensors: dict[str, Tensor]
    """Clones on the CPU, named "model.conv1.weight", "optimiser.0", "random.cpu" and so on."""
    values: dict[str, int | float | str | bool | None]
    """JSON values: step, seconds, base learning rate, best loss and so on."""

    @property
    def num_bytes(self) -> int:
        """Size of all tensors."""
        return sum(tensor.nbytes for tensor in self.tensors.values())
