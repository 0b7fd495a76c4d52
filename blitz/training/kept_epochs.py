"""Which epochs of a run stay on the disk where a person asked to keep them.

Evenly spread over the run and never more than fit: where they get too many, every second goes.
"""

from collections.abc import Collection, Sequence

MOST_EPOCHS = 100
MOST_BYTES = 512 * 2**20
FEWEST_EPOCHS = 4
"""With fewer there is nothing to look back over."""


def most_epochs(num_bytes: int) -> int:
    """How many epochs of one size are kept; 0 where even a few would be too large."""
    most = min(MOST_EPOCHS, MOST_BYTES // num_bytes)
    return most if most >= FEWEST_EPOCHS else 0


def surplus(epochs: Sequence[float], most: int) -> Collection[float]:
    """The epochs to let go of, so that at most `most` are left, which is at least 2.

    Those that stay are the multiples of the smallest power of two with which all from the first
    to the last are few enough, and the last.
    """
    last = round(max(epochs))
    stride = 1
    while last // stride + 1 + (last % stride != 0) > most:
        stride *= 2
    return {epoch for epoch in epochs if round(epoch) % stride and round(epoch) != last}
