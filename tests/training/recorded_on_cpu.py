"""What a CUDA graph does, on a processor: operations recorded with their memory, done again."""

from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from typing import Any

import torch
from torch import Tensor
from torch.utils._python_dispatch import TorchDispatchMode
from torch.utils._pytree import tree_leaves

from blitz.training.graph_queue import GraphQueue, RecordingError


class RecordedOnCpu(GraphQueue):
    """A queue whose recordings keep every number, shape and address, as a graph of a GPU does.

    Work that asks for a tensor's value cannot be recorded, as there.
    """

    def __init__(self) -> None:
        self.can_record = True
        self.num_recorded = 0
        self.num_replays = 0

    @contextmanager
    def working(self) -> Iterator[None]:
        yield

    def send(self, values: Sequence[float], place: Tensor) -> None:
        place.copy_(torch.tensor(values))

    def mark(self, seconds: float) -> None:
        pass

    def record(self, work: Callable[[], None]) -> Callable[[], None]:
        recording = _Recording()
        try:
            with recording:
                work()
        except RecordingError:
            self.can_record = False
            raise
        finally:
            recording.undo()  # to record is not to do
        self.num_recorded += 1

        def replay() -> None:
            self.num_replays += 1
            recording.replay()

        return replay


_WRITTEN_UNSAID = ("running_mean", "running_var")
"""Batch normalisation changes its statistics, though its declaration does not say so."""


def _value_of(func: Any, name: str, args: Any, kwargs: Any) -> Any:
    names = [argument.name for argument in func._schema.arguments]
    return args[names.index(name)] if names.index(name) < len(args) else kwargs.get(name)


class _Recording(TorchDispatchMode):
    """Every operation with the very tensors it took and gave."""

    def __init__(self) -> None:
        super().__init__()  # type: ignore[no-untyped-call]
        self._calls: list[tuple[Callable[[], Any], list[Tensor]]] = []
        self._before: dict[int, tuple[Tensor, Tensor]] = {}

    def __torch_dispatch__(self, func: Any, types: Any, args: Any = (), kwargs: Any = None) -> Any:
        kwargs = kwargs or {}
        if func is torch.ops.aten._local_scalar_dense.default:
            raise RecordingError("a tensor's value was asked for")
        for argument in func._schema.arguments:
            is_written = argument.alias_info is not None and argument.alias_info.is_write
            if is_written or argument.name in _WRITTEN_UNSAID:
                self._keep(_value_of(func, argument.name, args, kwargs))
        results = func(*args, **kwargs)
        outputs = [leaf for leaf in tree_leaves(results) if isinstance(leaf, Tensor)]
        self._calls.append((lambda: func(*args, **kwargs), outputs))
        return results

    def _keep(self, value: Any) -> None:
        for tensor in tree_leaves(value):
            if isinstance(tensor, Tensor):
                whole = torch.empty(0, dtype=torch.uint8).set_(tensor.untyped_storage())
                self._before.setdefault(whole.data_ptr(), (whole, whole.clone()))

    def undo(self) -> None:
        for whole, before in self._before.values():
            whole.copy_(before)

    @torch.no_grad()
    def replay(self) -> None:
        for call, outputs in self._calls:
            again = [leaf for leaf in tree_leaves(call()) if isinstance(leaf, Tensor)]
            for place, result in zip(outputs, again, strict=True):
                if place.data_ptr() != result.data_ptr():
                    place.copy_(result)
