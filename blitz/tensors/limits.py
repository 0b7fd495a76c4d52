"""What a call needs, found before it runs, and how much a program may need in all.

A call is first made on fake tensors: they have shapes and types but no memory, so that every
tensor it makes on its way is counted and none is allocated. Where the table knows better, its
bound stands for that.
"""

import logging
import math
from collections.abc import Callable, Iterable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass

import torch
from torch import Tensor
from torch._subclasses.fake_tensor import (
    DataDependentOutputException,
    DynamicOutputShapeException,
    FakeTensorMode,
)
from torch.utils._python_dispatch import TorchDispatchMode
from torch.utils._pytree import tree_leaves, tree_map_only
from torch.utils.flop_counter import flop_registry

from blitz.tensors.operations.operation import Need, Operation

FLOP_SECONDS = 2e-11
"""About what one multiplication or addition of a matrix product takes."""
ELEMENT_SECONDS = 1e-9
"""About what one element of any other operation takes."""

Call = Callable[..., object]


@dataclass(frozen=True, kw_only=True, slots=True)
class Limits:
    """What one program may need."""

    num_bytes: float = 2 * 2**30
    """Bytes of all tensors it makes, also of those that are dropped again."""
    seconds: float = 5.0
    """Computing time by estimate."""
    clock_seconds: float = 10.0
    """Time by the clock, after which it is stopped; on a busy machine all takes longer."""


class OverLimitError(Exception):
    """A call that needs more than is left."""


class Budget:
    """What a program may still need."""

    def __init__(self, limits: Limits) -> None:
        self._limits = limits
        self._num_bytes = 0.0
        self._seconds = 0.0

    def charge(self, need: Need) -> None:
        """Count a call in; OverLimitError if that is too much, and then it is not counted."""
        if self._num_bytes + need.num_bytes > self._limits.num_bytes:
            raise OverLimitError(
                f"this would take {_bytes_text(need.num_bytes)} of memory; a program may take "
                f"{_bytes_text(self._limits.num_bytes)} in all"
            )
        if self._seconds + need.seconds > self._limits.seconds:
            raise OverLimitError(
                f"this would take about {_seconds_text(need.seconds)}; a program may take "
                f"{_seconds_text(self._limits.seconds)} in all"
            )
        self._num_bytes += need.num_bytes
        self._seconds += need.seconds


def need_of(
    operation: Operation, call: Call, args: Iterable[object], kwargs: Mapping[str, object]
) -> Need:
    """What a call of the operation with these arguments needs."""
    if operation.bound is not None:
        return operation.bound(*args, **kwargs)
    return measure(call, args, kwargs)


@torch.no_grad()
def measure(call: Call, args: Iterable[object], kwargs: Mapping[str, object]) -> Need:
    """What a call needs by its shapes alone; OverLimitError where these depend on elements.

    A call that its shapes or types forbid needs nothing: PyTorch refuses the true one as well.
    """
    mode = FakeTensorMode()

    def fake(tensor: Tensor) -> Tensor:
        return mode.from_tensor(tensor.detach())

    fake_args, fake_kwargs = tree_map_only(Tensor, fake, (tuple(args), dict(kwargs)))
    counter = _Counter(fake_args, fake_kwargs)
    try:
        with _unlogged(), mode, counter:
            call(*fake_args, **fake_kwargs)
    except (DataDependentOutputException, DynamicOutputShapeException) as error:
        raise OverLimitError(
            "what this needs depends on its elements, and cannot be told"
        ) from error
    except (AssertionError, AttributeError, LookupError, OverflowError, RuntimeError, TypeError,
            ValueError):  # fmt: skip
        return Need(num_bytes=counter.num_bytes, seconds=counter.seconds)
    return Need(num_bytes=counter.num_bytes, seconds=counter.seconds)


@contextmanager
def _unlogged() -> Iterator[None]:
    """Fake tensors log what they refuse; here PyTorch itself says it to the person."""
    log = logging.getLogger(FakeTensorMode.__module__)
    was_disabled, log.disabled = log.disabled, True
    try:
        yield
    finally:
        log.disabled = was_disabled


class _Counter(TorchDispatchMode):
    """Counts the bytes of new storages and the time of every kernel under it."""

    def __init__(self, *operands: object) -> None:
        super().__init__()  # type: ignore[no-untyped-call]
        self.num_bytes = 0.0
        self.seconds = 0.0
        self._seen = {_storage(operand) for operand in _tensors(operands)}

    @classmethod
    def _should_skip_dynamo(cls) -> bool:
        return False  # else the first use imports a compiler

    def __torch_dispatch__(
        self,
        func: torch._ops.OpOverload,
        types: object,
        args: tuple[object, ...] = (),
        kwargs: dict[str, object] | None = None,
    ) -> object:
        out = func(*args, **(kwargs or {}))
        made, taken = _tensors(out), _tensors(args)
        for tensor in made:
            if _storage(tensor) not in self._seen:
                self._seen.add(_storage(tensor))
                self.num_bytes += tensor.untyped_storage().nbytes()
        flops = flop_registry.get(func._overloadpacket)
        if flops is not None:
            self.seconds += FLOP_SECONDS * flops(*args, **(kwargs or {}), out_val=out)
        elif not func.is_view:
            self.seconds += ELEMENT_SECONDS * sum(tensor.numel() for tensor in [*made, *taken])
        return out


def _tensors(values: object) -> list[Tensor]:
    return [value for value in tree_leaves(values) if isinstance(value, Tensor)]


def _storage(tensor: Tensor) -> int:
    return int(tensor.untyped_storage()._cdata)


def _bytes_text(num_bytes: float) -> str:
    if not math.isfinite(num_bytes) or num_bytes >= 1e18:
        return "more bytes than any computer has"
    for unit, size in (("PB", 1e15), ("TB", 1e12), ("GB", 1e9), ("MB", 1e6)):
        if num_bytes >= size:
            return f"{num_bytes / size:.3g} {unit}"
    return f"{num_bytes:,.0f} bytes"


def _seconds_text(seconds: float) -> str:
    if seconds >= 86_400 * 365:
        return "years"
    if seconds >= 86_400:
        return f"{seconds / 86_400:.0f} days"
    return f"{seconds / 3600:.1f} h" if seconds >= 3600 else f"{seconds:.3g} s"
