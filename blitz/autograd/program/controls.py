"""Literals of a program that may be changed, as the comments behind them say.

    steps = 20  # 1 to 1,000: how often the sine is taken

Knows nothing about programs.
"""

import re
import reprlib
from dataclasses import dataclass
from typing import Literal

Value = bool | int | float | str | tuple[float, ...]
ControlKind = Literal["switch", "integer", "number", "choice", "numbers"]

NUMBER = r"-?[\d,]*\.?\d+(?:e-?\d+)?"
RANGE = re.compile(rf"({NUMBER}) to ({NUMBER})(?:: (.+))?")
CHOICES = re.compile(r'one of ("[^"]+"(?:, "[^"]+")*)(?:: (.+))?')
SWITCH = re.compile(r"on or off(?:: (.+))?")


@dataclass(frozen=True, kw_only=True, slots=True)
class Control:
    """A literal of a program that may be changed, and to what."""

    name: str
    """The variable."""
    kind: ControlKind
    value: Value
    """As it stands in the program; a list of numbers is a tuple here."""
    minimum: float | None = None
    """Of numbers, also of each in a list; an int where the numbers are whole."""
    maximum: float | None = None
    choices: tuple[str, ...] = ()
    help: str = ""

    def checked(self, value: object) -> Value:
        """The value as it goes into the program; ValueError in one line where it cannot."""
        result = self._accepted(value)
        if result is None:
            given = " ".join(reprlib.repr(value).split())
            raise ValueError(f"{self.name}: {given} was given; choose {self.allowed}")
        return result

    @property
    def allowed(self) -> str:
        """What may be chosen, in words."""
        if self.kind == "switch":
            return "True or False"
        if self.kind == "choice":
            return ", ".join(f'"{choice}"' for choice in self.choices)
        noun = "number" if self.is_whole is False else "whole number"
        between = f"from {self.minimum:,} to {self.maximum:,}"
        if isinstance(self.value, tuple):
            return f"a list of {len(self.value)} {noun}s {between}"
        return f"a {noun} {between}"

    @property
    def is_whole(self) -> bool:
        """Whether its numbers are whole ones."""
        numbers = self.value if isinstance(self.value, tuple) else (self.value,)
        return all(isinstance(number, int) for number in numbers)

    def _accepted(self, value: object) -> Value | None:
        if self.kind == "switch":
            return value if isinstance(value, bool) else None
        if self.kind == "choice":
            return value if isinstance(value, str) and value in self.choices else None
        if not isinstance(self.value, tuple):
            return self._number(value)
        if not isinstance(value, list | tuple) or len(value) != len(self.value):
            return None
        numbers = tuple(number for number in map(self._number, value) if number is not None)
        return numbers if len(numbers) == len(self.value) else None

    def _number(self, value: object) -> float | None:
        assert self.minimum is not None
        assert self.maximum is not None
        if isinstance(value, bool) or not isinstance(value, int if self.is_whole else (int, float)):
            return None
        if not self.minimum <= value <= self.maximum:  # NaN is not between any two numbers
            return None
        return int(value) if self.is_whole else float(value)


def read_control(name: str, found: object, comment: str) -> Control | None:
    """The control that a comment makes of a literal; None where it speaks of something else."""
    value = tuple(found) if isinstance(found, list) else found
    control = None
    if (switch := SWITCH.fullmatch(comment)) and isinstance(value, bool):
        control = Control(name=name, kind="switch", value=value, help=switch[1] or "")
    elif (one_of := CHOICES.fullmatch(comment)) and isinstance(value, str):
        choices = tuple(re.findall('"([^"]+)"', one_of[1]))
        control = Control(
            name=name, kind="choice", value=value, choices=choices, help=one_of[2] or ""
        )
    elif (between := RANGE.fullmatch(comment)) and isinstance(value, int | float | tuple):
        control = _range_control(name, value, between)
    if control is not None:
        control.checked(value)
    return control


def _range_control(name: str, value: float | tuple[float, ...], between: re.Match[str]) -> Control:
    numbers = value if isinstance(value, tuple) else (value,)
    is_whole = all(isinstance(number, int) for number in numbers)
    low, high = (text.replace(",", "") for text in between.group(1, 2))
    single: ControlKind = "integer" if is_whole else "number"
    return Control(
        name=name,
        kind="numbers" if isinstance(value, tuple) else single,
        value=value,
        minimum=int(low) if is_whole else float(low),
        maximum=int(high) if is_whole else float(high),
        help=between[3] or "",
    )
