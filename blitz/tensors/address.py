"""A program as a piece of an address, so that a link shows another person the same tensors.

JSON, deflated, in the letters that addresses may hold.
"""

import base64
import binascii
import json
import zlib
from dataclasses import dataclass

from blitz.tensors.syntax import MOST_CHARACTERS

MAX_SEED = 2**53 - 1
"""Integers that every browser can hold."""
MAX_LENGTH = 30_000
"""Letters; the largest program needs about 15,000. Web servers refuse addresses above 64 kB."""
_MAX_DEVICE = 40
_MAX_JSON = 40_000


@dataclass(frozen=True, kw_only=True, slots=True)
class State:
    """A program, and what it depends on beside its text."""

    program: str
    device: str
    """As torch names it; whether there is one here is for others to say."""
    seed: int

    def __post_init__(self) -> None:
        if not isinstance(self.program, str) or len(self.program) > MOST_CHARACTERS:
            raise ValueError(f"program: a text of at most {MOST_CHARACTERS:,} characters is needed")
        if not isinstance(self.device, str) or len(self.device) > _MAX_DEVICE:
            raise ValueError(f"device: {self.device!r:.60} was given; a device's name is needed")
        if type(self.seed) is not int or not 0 <= self.seed <= MAX_SEED:
            raise ValueError(f"seed: {self.seed!r:.60} was given; it must be an integer from 0")


def encode(state: State) -> str:
    """The state as letters, digits, - and _."""
    text = json.dumps([state.program, state.device, state.seed], separators=(",", ":"))
    return base64.urlsafe_b64encode(zlib.compress(text.encode(), 9)).decode().rstrip("=")


def decode(text: str) -> State:
    """The state that `encode` made a text of; ValueError for any other text."""
    try:
        program, device, seed = json.loads(_inflated(text))
        return State(program=program, device=device, seed=seed)
    except (ValueError, TypeError, RecursionError, zlib.error, binascii.Error) as error:
        raise ValueError("the program in the address is damaged") from error


def _inflated(text: str) -> bytes:
    if len(text) > MAX_LENGTH or not text.isascii():
        raise ValueError("no address of ours")
    packed = base64.b64decode(text + "=" * (-len(text) % 4), altchars=b"-_", validate=True)
    unpacker = zlib.decompressobj()
    found = unpacker.decompress(packed, _MAX_JSON)
    if not unpacker.eof or unpacker.unused_data:  # cut short, with a tail, or too large
        raise ValueError("no address of ours")
    return found
