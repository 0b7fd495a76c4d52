"""A program's operations, recorded once and run again on other values, in double precision.

Recorded below autograd, so what custom Functions and modules do is recorded as the operations that
they consist of. Running the tape again calls none of the program's own code. What is done with
two values: see `checks`.
"""

from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Any

import torch
from torch import Tensor
from torch.utils._python_dispatch import TorchDispatchMode
from torch.utils._pytree import TreeSpec, tree_flatten, tree_unflatten

MAX_OPERATIONS = 5_000
WIDER = {
    torch.float16: torch.float64,
    torch.bfloat16: torch.float64,
    torch.float32: torch.float64,
    torch.complex32: torch.complex128,
    torch.complex64: torch.complex128,
}


class RefusedError(Exception):
    """The program cannot be recorded; the message says why in one line."""


@dataclass(frozen=True, kw_only=True, slots=True)
class _Step:
    """One operation: what to call, with which places of its arguments taken from slots."""

    function: Any
    arguments: tuple[Any, ...]
    structure: TreeSpec
    slots: tuple[tuple[int, int], ...]
    """Position among the flat arguments, and the slot whose value stands there."""
    results: tuple[tuple[int, int], ...]
    """Position among the flat results, and the slot they go to."""
    drawn: tuple[tuple[int, Tensor], ...] = ()
    """Slots that the operation filled with random numbers, and these numbers."""


@dataclass(kw_only=True, slots=True)
class Tape:
    """What was recorded: leaves and constants at the beginning, then steps."""

    leaves: list[Tensor] = field(default_factory=list)
    """Tensors that require grad and no operation made, in the order of their first use."""
    outputs: list[int] = field(default_factory=list)
    """Slots of the program's results."""
    _leaf_slots: list[int] = field(default_factory=list)
    _constants: dict[int, Tensor] = field(default_factory=dict)
    _steps: list[_Step] = field(default_factory=list)
    _num_slots: int = 0
    _writes: bool = False

    def __len__(self) -> int:
        return len(self._steps)

    def run(self, leaves: Sequence[Tensor]) -> list[Tensor]:
        """The program's results from these leaves, in float64 or complex128.

        Random numbers are those that were drawn when the program was recorded, and values that
        were detached stay as they were. Raises RefusedError for an operation that cannot run in
        double precision.
        """
        values: list[Any] = [None] * self._num_slots
        for slot, constant in self._constants.items():
            values[slot] = constant.clone() if self._writes else constant
        for slot, leaf in zip(self._leaf_slots, leaves, strict=True):
            values[slot] = leaf.clone() if self._writes else leaf
        with torch.no_grad():
            for step in self._steps:
                try:
                    _run(step, values)
                except (RuntimeError, NotImplementedError) as raised:
                    raise RefusedError(
                        f"{step.function} does not run in double precision here; "
                        "make the program's own tensors float64"
                    ) from raised
        return [values[slot] for slot in self.outputs]


def _run(step: _Step, values: list[Any]) -> None:
    if step.drawn:
        for slot, numbers in step.drawn:
            values[slot].copy_(numbers)
        results: list[Any] = [values[slot] for slot, _ in step.drawn]
    else:
        flat = list(step.arguments)
        for position, slot in step.slots:
            flat[position] = values[slot]
        args, kwargs = tree_unflatten(flat, step.structure)
        results = tree_flatten(step.function(*args, **kwargs))[0]
    for position, slot in step.results:
        values[slot] = results[position]


def record_tape(program: Any) -> tuple[Tape, list[Tensor]]:
    """Call the program and record it; also returns those of its results that have a graph.

    Raises RefusedError where it uses too much or something that cannot be run again. Exceptions of
    the program pass through.
    """
    recorder = _Recorder()
    with torch.enable_grad(), recorder:
        results = program()
    flat = [each for each in tree_flatten(results)[0] if isinstance(each, Tensor)]
    rooted = [each for each in flat if each.requires_grad]
    if not rooted:
        raise RefusedError("no result of the program has a graph, so there is nothing to check")
    recorder.tape.outputs = [recorder.slot_of(each) for each in rooted]
    return recorder.tape, rooted


def widen(tensor: Tensor) -> Tensor:
    """A detached copy in float64 or complex128; integers stay what they are."""
    return tensor.detach().to(WIDER.get(tensor.dtype, tensor.dtype), copy=True)


class _Recorder(TorchDispatchMode):
    """Fills a tape with what is computed while it is entered."""

    def __init__(self) -> None:
        super().__init__()  # type: ignore[no-untyped-call]
        self.tape = Tape()
        # Tensors are kept: a slot is found by a tensor's id, which is nobody's once it is freed.
        self._slots: dict[int, tuple[int, Tensor]] = {}
        self._made_without_grad: set[int] = set()

    def __torch_dispatch__(
        self,
        func: Any,
        types: Any,
        args: tuple[Any, ...] = (),
        kwargs: dict[str, Any] | None = None,
    ) -> Any:
        if self._initialises(func, args):
            return func(*args, **(kwargs or {}))
        flat, structure = tree_flatten((args, kwargs or {}))
        is_random = torch.Tag.nondeterministic_seeded in func.tags
        takes_gradients = any(isinstance(each, Tensor) and each.requires_grad for each in flat)
        if is_random and takes_gradients and _draws(func, args, kwargs or {}):
            raise RefusedError(
                f"{func} draws random numbers that depend on values under check; "
                "switch it off, as with model.eval()"
            )
        slots = tuple((i, self.slot_of(each)) for i, each in enumerate(flat)
                      if isinstance(each, Tensor))  # fmt: skip
        results = func(*args, **(kwargs or {}))
        self._add(func, flat, structure, slots, results, is_random and not takes_gradients)
        return results

    def _initialises(self, func: Any, args: tuple[Any, ...]) -> bool:
        """Whether an operation fills a leaf with its first values, as modules do when made.

        Backward begins after that: the leaf's values are those at its first use.
        """
        if torch.is_grad_enabled() or not func._schema.is_mutable or not args:
            return False
        written = args[0]
        return (
            isinstance(written, Tensor)
            and written.requires_grad
            and id(written) not in self._slots
            and (written._base is None or id(written._base) not in self._slots)
        )

    def slot_of(self, tensor: Tensor) -> int:
        """Where the tape keeps a tensor's value; one seen first is a leaf or a constant."""
        known = self._slots.get(id(tensor))
        if known is None:
            return self._enter(tensor)
        slot = known[0]
        if slot not in self.tape._leaf_slots and _became_leaf(tensor):
            return self._leaf(tensor)
        # What was made under no_grad is a constant for backward, unless a custom Function made it.
        is_cut = slot in self._made_without_grad and torch.is_grad_enabled()
        return self._constant(tensor) if is_cut and not tensor.requires_grad else slot

    def _enter(self, tensor: Tensor) -> int:
        if tensor.layout is not torch.strided or tensor.is_meta:
            raise RefusedError("the program uses a tensor that is sparse or has no values")
        if not tensor.requires_grad:
            return self._constant(tensor)
        if not tensor.is_leaf:
            raise RefusedError(
                "the program uses a tensor that was computed outside of it, "
                f"{list(tensor.shape)}; compute it inside"
            )
        return self._leaf(tensor)

    def _leaf(self, tensor: Tensor) -> int:
        self.tape.leaves.append(tensor)
        slot = self._new(tensor)
        self.tape._leaf_slots.append(slot)
        return slot

    def _constant(self, tensor: Tensor) -> int:
        slot = self._new(tensor) if id(tensor) not in self._slots else self._unnamed()
        self.tape._constants[slot] = widen(tensor)
        return slot

    def _new(self, tensor: Tensor) -> int:
        slot = self._unnamed()
        self._slots[id(tensor)] = (slot, tensor)
        return slot

    def _unnamed(self) -> int:
        self.tape._num_slots += 1
        return self.tape._num_slots - 1

    def _add(
        self,
        func: Any,
        flat: list[Any],
        structure: TreeSpec,
        slots: tuple[tuple[int, int], ...],
        results: Any,
        is_random: bool,
    ) -> None:
        flat_results = enumerate(tree_flatten(results)[0])
        tensors = [(i, each) for i, each in flat_results if isinstance(each, Tensor)]
        is_write = func._schema.is_mutable
        if not is_write and (is_random or (_is_detach(func) and torch.is_grad_enabled())):
            for _, each in tensors:
                self._constant(each)
            return
        self.tape._writes |= is_write
        targets = tuple((i, self._slot_of_result(each)) for i, each in tensors)
        drawn = zip(targets, tensors, strict=True) if is_random else ()
        step = _Step(
            function=func,
            arguments=tuple(None if isinstance(each, Tensor) else _wider_dtype(each)
                            for each in flat),
            structure=structure,
            slots=slots,
            results=targets,
            drawn=tuple((slot, widen(each)) for (_, slot), (_, each) in drawn),
        )  # fmt: skip
        self.tape._steps.append(step)
        if len(self.tape) > MAX_OPERATIONS:
            raise RefusedError(
                f"the program runs more than {MAX_OPERATIONS:,} operations; "
                f"up to {MAX_OPERATIONS:,} are checked"
            )

    def _slot_of_result(self, tensor: Tensor) -> int:
        if id(tensor) in self._slots:  # written in place, or handed on
            return self._slots[id(tensor)][0]
        slot = self._new(tensor)
        if not torch.is_grad_enabled():
            self._made_without_grad.add(slot)
        return slot


def _became_leaf(tensor: Tensor) -> bool:
    """Whether the program has called requires_grad_() on a result; views of leaves look alike."""
    base = tensor._base
    is_view = base is not None and base.requires_grad
    return tensor.requires_grad and tensor.is_leaf and not is_view


def _is_detach(func: Any) -> bool:
    return bool(func is torch.ops.aten.detach.default)


def _draws(func: Any, args: tuple[Any, ...], kwargs: dict[str, Any]) -> bool:
    """Whether an operation that may draw does: attention draws for its dropout alone."""
    for i, argument in enumerate(func._schema.arguments):
        if argument.name == "dropout_p":
            given = args[i] if i < len(args) else kwargs.get("dropout_p", argument.default_value)
            return bool(given)
    return True


def _wider_dtype(argument: Any) -> Any:
    return WIDER.get(argument, argument) if isinstance(argument, torch.dtype) else argument
