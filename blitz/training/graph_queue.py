"""The queue of work of one GPU: work recorded as CUDA graphs, and never too much of it ahead.

Knows nothing of training.
"""

from collections import deque
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager

import torch
from torch import Tensor

SECONDS_AHEAD = 0.06
"""Work that the device may have before it, asked for and not done: enough that it never waits, and
so little that what a person asks for is not behind a long queue."""


class RecordingError(RuntimeError):
    """Work cannot be recorded; one line says why."""


class GraphQueue:
    """A stream of a GPU with the graphs recorded for it."""

    def __init__(self, device: torch.device) -> None:
        self._device = device
        # Recording is possible only beside the default stream, and what it records wants to have
        # run in the same one.
        self._stream = torch.cuda.Stream(device)
        # Graphs that are never replayed at once can use the same memory.
        self._pool = torch.cuda.graph_pool_handle()
        self._marks: deque[tuple[torch.cuda.Event, float]] = deque()
        self.can_record = True
        """Until something could not be."""

    @contextmanager
    def working(self) -> Iterator[None]:
        """What is asked of the device in this context goes into the queue."""
        default = torch.cuda.current_stream(self._device)
        self._stream.wait_stream(default)
        try:
            with torch.cuda.stream(self._stream):
                yield
        finally:
            default.wait_stream(self._stream)
            self._marks.clear()

    def send(self, values: Sequence[float], place: Tensor) -> None:
        """Put numbers into a place on the device, when the queue comes to it."""
        # Pinned memory is given again to others only once the copy is done.
        place.copy_(torch.tensor(values).pin_memory(), non_blocking=True)

    def mark(self, seconds: float) -> None:
        """Say that so much was asked of the device just now, and wait where that is too much."""
        mark = torch.cuda.Event(blocking=True)  # whoever waits leaves its core to others
        mark.record()
        self._marks.append((mark, seconds))
        while sum(seconds for _, seconds in self._marks) > SECONDS_AHEAD:
            self._marks.popleft()[0].synchronize()

    def record(self, work: Callable[[], None]) -> Callable[[], None]:
        """What replays the kernels that this work gives to the device, without doing it now.

        The work must use the same memory each time and never ask the device anything.
        """
        graph = torch.cuda.CUDAGraph()
        # Other threads of this process, as those that write checkpoints, may go on meanwhile.
        recording = torch.cuda.graph(
            graph, pool=self._pool, stream=self._stream, capture_error_mode="thread_local"
        )
        try:
            with recording:
                work()
        except RuntimeError as error:
            self.can_record = False
            torch.cuda.synchronize(self._device)
            # The end of a recording that failed fails, too; what was before says why.
            cause = error.__context__ or error
            raise RecordingError(str(cause).splitlines()[0]) from error
        return graph.replay
