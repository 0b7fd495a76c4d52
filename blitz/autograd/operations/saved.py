"""What operations keep for their backward: saved tensors, sizes, numbers.

Copies a few values of each and lets go of the tensors. What a tensor's numbers are: see `measures`.
"""

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

import torch
from torch import Tensor
from torch.autograd.graph import Node
from torch.utils._pytree import tree_leaves

from blitz.autograd.backward.backward_errors import FREED, plain_line
from blitz.autograd.backward.measures import (
    UNREADABLE,
    Measure,
    Values,
    has_values,
    is_finite,
    measure,
    sample,
    shape_of,
)
from blitz.autograd.graph import AutogradGraph, operation_label
from blitz.turns import one_at_a_time

Places = dict[Node | int, int]
SAVED = "_saved_"
RAW = "_raw_saved_"
MOST_NESTED = 4
"""Lists within lists are read so far: those that a custom Function keeps may hold themselves."""
WRAPPED = 1 << 63
"""PyTorch shows negative numbers of some nodes, such as dim = −1, without their sign."""


@dataclass(frozen=True, kw_only=True, slots=True, eq=False)
class SavedTensor:
    """A tensor that an operation keeps, described."""

    shape: tuple[int, ...] | None
    """None for nested tensors, which have no single one."""
    dtype: str
    device: str
    num_bytes: int
    """Size of its values; views of the same memory count it each for themselves."""
    sample: Values | None
    """All of 64 values or less, a corner of at most 8×8, or the first 16; None if not readable."""
    measure: Measure | None
    is_leaf: bool
    """Whether it is a leaf that requires grad."""
    node: int | None
    """Its own node in the graph: the leaf, or the operation that made it."""
    name: str | None
    """The leaf's name, or that of the variable that held the operation's result."""
    version: int | None
    """How often it was written in place."""


@dataclass(frozen=True, kw_only=True, slots=True, eq=False)
class SavedValue:
    """One thing that an operation keeps."""

    name: str
    """As PyTorch calls it, without the prefix: self, weight, indices[0]."""
    tensor: SavedTensor | None
    value: Any
    """A number, a text, None, or a tuple of these, where it is no tensor."""
    is_freed: bool
    """Whether a backward has freed it."""
    problem: str
    """Why it cannot be read, in one line; empty where it can."""


@one_at_a_time()
def saved_tensors(graph: AutogradGraph, node: int) -> list[SavedValue]:
    """What a node keeps for its backward, in the order of its names.

    A custom Function's saved tensors come first, then what its forward put on `ctx`. Reading the
    saved tensors of a checkpointed part computes that part again, as backward would.
    Raises IndexError for a node that the graph does not have.
    """
    if not 0 <= node < len(graph):
        raise IndexError(f"node {node} is not one of the graph's {len(graph)}")
    function = graph.functions[node]
    # Leaves by their tensors, operations by themselves.
    places: Places = {each: i for i, each in enumerate(graph.functions)}
    leaves = range(graph.num_operations, len(graph))
    places |= {id(graph.leaf(i)): i for i in leaves}
    where = graph.label(node)
    found: list[SavedValue] = []
    for name, read in _readers(function):
        try:
            value = read()
        except Exception as raised:  # noqa: BLE001 — people's hooks raise anything
            found.append(_unreadable(name, raised, where))
            continue
        found.extend(_describe(graph, places, name, value))
    return found


def saved_bytes(graph: AutogradGraph) -> int:
    """Bytes that all operations together keep, each storage counted once.

    Parameters that were saved count too. What a checkpoint will compute again counts nothing.
    """
    sizes: dict[int, int] = {}
    for function in graph.functions[: graph.num_operations]:
        for tensor in _kept(function):
            for part in _strided_parts(tensor):
                storage = part.untyped_storage()
                sizes[storage._cdata] = storage.nbytes()
    return sum(sizes.values())


def first_non_finite_saved(graph: AutogradGraph) -> int | None:
    """The first operation of the forward pass that saved a NaN or an infinity."""
    for node, function in enumerate(graph.functions[: graph.num_operations]):
        for tensor in _kept(function):
            is_real = tensor.is_floating_point() or tensor.is_complex()
            if is_real and not is_finite(tensor):
                return node
    return None


def _readers(function: Node) -> Iterator[tuple[str, Any]]:
    """Names, and what to call to read each: reading unpacks, and may raise."""
    custom: Any = function
    if isinstance(custom, torch.autograd.function.BackwardCFunction):
        yield "saved_tensors", lambda: custom.saved_tensors
        for name, value in vars(custom).items():
            if not name.startswith("_"):
                yield name, lambda value=value: value
        return
    for name in dir(function):
        if name.startswith(SAVED):
            yield name.removeprefix(SAVED), lambda name=name: getattr(function, name)


def _unreadable(name: str, raised: Exception, where: str) -> SavedValue:
    return SavedValue(
        name=name,
        tensor=None,
        value=None,
        is_freed=bool(FREED.search(str(raised))),
        problem=plain_line(raised, where),
    )


def _describe(
    graph: AutogradGraph, places: Places, name: str, value: Any, depth: int = 0
) -> Iterator[SavedValue]:
    has_tensors = isinstance(value, list | tuple) and any(isinstance(v, Tensor) for v in value)
    if has_tensors and depth < MOST_NESTED:
        for i, item in enumerate(value):
            yield from _describe(graph, places, f"{name}[{i}]", item, depth + 1)
        return
    is_tensor = isinstance(value, Tensor)
    yield SavedValue(
        name=name,
        tensor=_describe_tensor(graph, places, value) if is_tensor else None,
        value=None if is_tensor else _plain(value),
        is_freed=False,
        problem="",
    )


def _describe_tensor(graph: AutogradGraph, places: Places, tensor: Tensor) -> SavedTensor:
    made_by = tensor.grad_fn
    node = places.get(id(tensor) if made_by is None else made_by)
    values, measured = None, None
    if has_values(tensor):
        try:
            values, measured = sample(tensor), measure(tensor)
        except UNREADABLE:
            values = None
    name = None
    if node is not None:
        name = graph.leaf_names.get(node) or graph.variables.get(node)
    return SavedTensor(
        shape=shape_of(tensor),
        dtype=str(tensor.dtype).removeprefix("torch."),
        device=str(tensor.device),
        num_bytes=sum(part.numel() * part.element_size() for part in _strided_parts(tensor)),
        sample=values,
        measure=measured,
        is_leaf=tensor.requires_grad and tensor.is_leaf,
        node=node,
        name=name,
        version=None if tensor.is_inference() else tensor._version,
    )


def _plain(value: Any, depth: int = 0) -> Any:
    """Numbers with their sign, tuples of such; of anything else what it is."""
    if isinstance(value, bool) or value is None:
        return value
    if isinstance(value, int):
        return value - 2 * WRAPPED if value >= WRAPPED else value
    if isinstance(value, float | complex | str):
        return value
    if isinstance(value, list | tuple):
        if depth == MOST_NESTED:
            return "…"
        return tuple(_plain(item, depth + 1) for item in value)
    if isinstance(value, torch.dtype | torch.device | torch.layout):
        return str(value)
    return operation_label(type(value).__name__)


def _kept(function: Node) -> Iterator[Tensor]:
    """Saved tensors as they are kept: nothing is unpacked or computed, freed ones are left out."""
    for name in dir(type(function)):
        if not name.startswith(RAW):
            continue
        try:
            raw = getattr(function, name)
        except RuntimeError:  # a custom Function's are freed
            continue
        for each in raw if isinstance(raw, list | tuple) else (raw,):
            yield from (leaf for leaf in tree_leaves(each.data) if isinstance(leaf, Tensor))


def _strided_parts(tensor: Tensor) -> tuple[Tensor, ...]:
    """The dense tensors that a tensor consists of."""
    plain = tensor.detach()
    if plain.layout is torch.sparse_coo:
        return plain._indices(), plain._values()
    if plain.layout in (torch.sparse_csr, torch.sparse_bsr):
        return plain.crow_indices(), plain.col_indices(), plain.values()
    if plain.layout in (torch.sparse_csc, torch.sparse_bsc):
        return plain.ccol_indices(), plain.row_indices(), plain.values()
    return (plain,) if plain.layout is torch.strided else ()
