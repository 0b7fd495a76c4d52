"""What weights may be like, and how they must agree with the network that is to take them.

Knows names, shapes and types; reads no files.
"""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass

MAX_TENSORS = 10_000
MAX_DIMENSIONS = 8
ITEM_BYTES: Mapping[str, int] = {
    "float64": 8, "float32": 4, "float16": 2, "bfloat16": 2,
    "int64": 8, "int32": 4, "int16": 2, "int8": 1, "uint8": 1, "bool": 1,
}  # fmt: skip
"""The types that a file may hold, by PyTorch's names, and the bytes of one value."""

_WRAPPER_PREFIX = "module."
_MOST_SHOWN = 60
_MOST_LISTED = 3


@dataclass(frozen=True, kw_only=True, slots=True)
class TensorForm:
    """What is known of a tensor before its values are read."""

    dtype: str
    """As in `ITEM_BYTES`."""
    shape: tuple[int, ...]

    def __str__(self) -> str:
        return f"{self.dtype} {list(self.shape)}"


@dataclass(frozen=True, kw_only=True, slots=True)
class Difference:
    """A tensor that the network and the file do not have alike."""

    name: str
    expected: TensorForm | None
    """None where the network has no such tensor."""
    given: TensorForm | None
    """None where the file has no such tensor."""

    def __str__(self) -> str:
        if self.expected is None:
            return f"{shown(self.name)} is not in the network"
        if self.given is None:
            return f"{shown(self.name)} is missing"
        return f"{shown(self.name)} is {self.given}, expected {self.expected}"


class MismatchError(ValueError):
    """Weights that do not fit the network: the message names the first of the differences."""

    def __init__(self, message: str, differences: tuple[Difference, ...]) -> None:
        super().__init__(message)
        self.differences = differences


def check_fit(expected: Mapping[str, TensorForm], given: Mapping[str, TensorForm]) -> None:
    """Raise MismatchError unless names, shapes and types are the same; order does not matter."""
    found = tuple(
        Difference(name=name, expected=expected.get(name), given=given.get(name))
        for name in {**expected, **given}
        if expected.get(name) != given.get(name)
    )
    if found:
        more = len(found) - _MOST_LISTED
        listed = [str(each) for each in found[:_MOST_LISTED]]
        rest = [f"and {more:,} more"] if more > 0 else []
        message = f"does not fit this network: {'; '.join([*listed, *rest])}"
        raise MismatchError(message, found)


def own_names(names: Iterable[str]) -> dict[str, str]:
    """The network's own name for each: DataParallel puts "module." before every one."""
    given = list(names)
    is_wrapped = all(name.startswith(_WRAPPER_PREFIX) for name in given)
    return {name: name.removeprefix(_WRAPPER_PREFIX) if is_wrapped else name for name in given}


def shown(text: str) -> str:
    """A name from a file, for a message: one line, not too long, only signs that can be seen."""
    short = text if len(text) <= _MOST_SHOWN else f"{text[:_MOST_SHOWN]}…"
    return "".join(sign if sign.isprintable() else "\N{REPLACEMENT CHARACTER}" for sign in short)
