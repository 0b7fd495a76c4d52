"""Shows a run on a terminal: one line that moves, or plain lines where the output is a file.

Knows the events of a run and nothing of where they come from.
"""

from typing import TextIO

from blitz.training.events import (
    Diverged,
    EpochFinished,
    Event,
    Finished,
    Intervention,
    Started,
    StepsDone,
)

BAR_WIDTH = 24


class Terminal:
    """A progress bar for one run."""

    def __init__(self, output: TextIO) -> None:
        self._output = output
        self._moves = output.isatty()
        self._total_steps = 0

    def message(self, text: str) -> None:
        """Show what goes on before training begins."""
        self._show(text, stays=False)

    def event(self, event: Event) -> None:
        """Show what happened in training."""
        match event:
            case Started():
                self._total_steps = event.total_steps
                self._show(
                    f"{event.num_train:,} training images, {event.num_test:,} test images, "
                    f"{event.num_parameters:,} parameters, on {event.device}"
                )
                for note in event.notes:
                    self._show(note)
            case StepsDone():
                self._show(self._bar(event), stays=False)
            case EpochFinished():
                self._show(
                    f"epoch {event.at.epoch:g}: test loss {event.loss:.4f}, "
                    f"accuracy {event.accuracy:.1%}"
                )
            case Intervention() | Diverged():
                self._show(event.message)
            case Finished():
                self._show(
                    f"{event.reason} at step {event.at.step:,}: "
                    f"{event.images_per_second:,.0f} images/s"
                )

    def _bar(self, steps: StepsDone) -> str:
        done = steps.at.step / max(1, self._total_steps)
        bar = "━" * round(BAR_WIDTH * done)
        return (
            f"{bar:·<{BAR_WIDTH}} {done:4.0%}  loss {steps.loss:.4f}  "
            f"accuracy {steps.accuracy:.1%}  {steps.images_per_second:,.0f} images/s"
        )

    def _show(self, text: str, *, stays: bool = True) -> None:
        """Write a line; one that does not stay is overwritten, and left out of a file."""
        if self._moves:
            end = "\n" if stays else ""
            self._output.write(f"\r\x1b[K{text}{end}")
        elif stays:
            self._output.write(f"{text}\n")
        self._output.flush()
