"""What a lesson is made of."""

from dataclasses import dataclass


@dataclass(frozen=True, kw_only=True, slots=True)
class Variant:
    """Another program about the same thing."""

    title: str
    program: str


@dataclass(frozen=True, kw_only=True, slots=True)
class Lesson:
    """A program to run and to change, with what to watch in it."""

    name: str
    """For addresses."""
    title: str
    text: str
    """Markdown: what to watch, what to try."""
    program: str
    variants: tuple[Variant, ...] = ()
    without_accelerator: str = ""
    """To be said on a machine where only the processor computes."""
