"""What is wrong with a program, and where: the one error that a program can end with."""

from dataclasses import dataclass


@dataclass(frozen=True, kw_only=True, slots=True)
class Span:
    """A piece of the source: from a line and column to another, both 1-based, end exclusive."""

    line: int
    column: int
    end_line: int
    end_column: int


@dataclass(frozen=True, kw_only=True, slots=True)
class Fault:
    """Why a program stopped."""

    message: str
    """One line: what is wrong, without the place."""
    span: Span | None
    """The piece of the source; None: the program as a whole."""
    piece: str = ""
    """The text of the piece, shortened."""
    operands: tuple[str, ...] = ()
    """What the failing operation was given: x [3, 4] float32."""
    why: str = ""
    """One line on why PyTorch refuses this."""
    mend: str = ""
    """One line on how to write it instead."""

    @property
    def line(self) -> str:
        """All in one line: the place, and what is wrong."""
        place = f"line {self.span.line}, column {self.span.column}: " if self.span else ""
        return place + self.message


class ProgramError(Exception):
    """A program that cannot be read or carried out."""

    def __init__(self, fault: Fault) -> None:
        super().__init__(fault.line)
        self.fault = fault
