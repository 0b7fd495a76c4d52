"""What a pickle describes, found out without unpickling it.

A pickle is a program for a machine with a stack. This machine knows the few instructions of which
state dicts are made, and calls nothing: where a real one would build a tensor, it notes the
tensor's form after comparing sizes, strides and offset with the storage. Anything else is refused.
"""

import pickletools
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from math import prod
from typing import Any

from blitz.training.weights_in.policy import (
    ITEM_BYTES,
    MAX_DIMENSIONS,
    MAX_TENSORS,
    TensorForm,
    shown,
)

_ORDERED_DICT = "collections OrderedDict"
_REBUILD = "torch._utils _rebuild_tensor_v2"
_STORAGES = {
    f"torch {kind}Storage": dtype
    for kind, dtype in (
        ("Double", "float64"), ("Float", "float32"), ("Half", "float16"),
        ("BFloat16", "bfloat16"), ("Long", "int64"), ("Int", "int32"), ("Short", "int16"),
        ("Char", "int8"), ("Byte", "uint8"), ("Bool", "bool"),
    )
}  # fmt: skip
_SPECIAL = {"sparse": "sparse tensors", "qtensor": "quantised tensors"}
_PROTOCOL = 2
_LARGEST = 2**63 - 1
_CONSTANTS = {"NONE": None, "NEWTRUE": True, "NEWFALSE": False}
_VALUES = {"BINUNICODE", "BININT", "BININT1", "BININT2", "LONG1", "BINFLOAT"}
_TUPLES = {"EMPTY_TUPLE": 0, "TUPLE1": 1, "TUPLE2": 2, "TUPLE3": 3}


@dataclass(frozen=True, kw_only=True, slots=True)
class _Global:
    name: str


@dataclass(frozen=True, kw_only=True, slots=True)
class _Storage:
    dtype: str
    num_values: int


def describe(pickle: bytes, storage_bytes: Mapping[str, int]) -> Any:
    """Dicts, lists, tuples and plain values as the pickle has them, a TensorForm for each tensor.

    storage_bytes: how many bytes there are of each storage. Raises ValueError with the reason.
    """
    machine = _Machine(storage_bytes)
    try:
        for opcode, argument, _ in pickletools.genops(pickle):
            machine.step(opcode.name, argument)
    except (IndexError, KeyError, AttributeError, TypeError):
        # Too little on the stack, nothing noted there, or something of another kind.
        raise ValueError("its pickle is damaged") from None
    except ValueError as error:
        if isinstance(error, _Refusal):
            raise
        raise ValueError(f"its pickle is damaged ({shown(str(error))})") from None
    return machine.result


class _Refusal(ValueError):  # noqa: N818 - an answer, not a fault
    """Why a pickle is not taken."""


class _Machine:
    def __init__(self, storage_bytes: Mapping[str, int]) -> None:
        self._storage_bytes = storage_bytes
        self._stack: list[Any] = []
        self._marks: list[int] = []
        self._memo: dict[int, Any] = {}
        self._num_tensors = 0
        self.result: Any = None

    def step(self, name: str, argument: Any) -> None:
        """Carry out one instruction."""
        if name in _VALUES:
            self._stack.append(argument)
        elif name in _CONSTANTS:
            self._stack.append(_CONSTANTS[name])
        elif name in _TUPLES:
            self._stack.append(self._pop(_TUPLES[name]))
        elif name in ("BINPUT", "LONG_BINPUT"):
            self._memo[argument] = self._stack[-1]
        elif name in ("BINGET", "LONG_BINGET"):
            self._stack.append(self._memo[argument])
        elif (instruction := _INSTRUCTIONS.get(name)) is not None:
            instruction(self, argument)
        else:
            raise _Refusal(f"its pickle has the instruction {name}, which no state dict needs")

    def _pop(self, count: int) -> tuple[Any, ...]:
        start = len(self._stack) - count
        if start < (self._marks[-1] if self._marks else 0):
            raise IndexError
        taken = tuple(self._stack[start:])
        del self._stack[start:]
        return taken

    def _pop_to_mark(self) -> tuple[Any, ...]:
        return self._pop(len(self._stack) - self._marks.pop())

    def protocol(self, version: int) -> None:
        if version != _PROTOCOL:
            raise _Refusal(
                f"its pickle has protocol {version}; torch.save writes protocol {_PROTOCOL}"
            )

    def mark(self, _: None) -> None:
        self._marks.append(len(self._stack))

    def empty_dict(self, _: None) -> None:
        self._stack.append({})

    def empty_list(self, _: None) -> None:
        self._stack.append([])

    def close_tuple(self, _: None) -> None:
        self._stack.append(self._pop_to_mark())

    def append(self, _: None) -> None:
        self._extend(self._pop(1))

    def appends(self, _: None) -> None:
        self._extend(self._pop_to_mark())

    def _extend(self, values: tuple[Any, ...]) -> None:
        target = self._stack[-1]
        if not isinstance(target, list):
            raise TypeError
        target.extend(values)

    def set_item(self, _: None) -> None:
        self._update(self._pop(2))

    def set_items(self, _: None) -> None:
        self._update(self._pop_to_mark())

    def _update(self, pairs: tuple[Any, ...]) -> None:
        target, keys = self._stack[-1], pairs[::2]
        # Tuples as keys could be nested such that their hash takes for ever.
        if not isinstance(target, dict) or not all(isinstance(key, str | int) for key in keys):
            raise TypeError
        target.update(zip(keys, pairs[1::2], strict=True))

    def global_(self, name: str) -> None:
        if name not in (_ORDERED_DICT, _REBUILD) and name not in _STORAGES:
            for part, what in _SPECIAL.items():
                if name.startswith("torch") and part in name:
                    raise _Refusal(f"it holds {what}, which no network here uses")
            raise _Refusal(
                f"its pickle asks for {shown(name.replace(' ', '.'))}, which no state dict needs; "
                "save model.state_dict() alone"
            )
        self._stack.append(_Global(name=name))

    def persistent_id(self, _: None) -> None:
        [given] = self._pop(1)
        word, kind, key, location, num_values = given
        if word != "storage" or not isinstance(key, str) or not isinstance(location, str):
            raise TypeError
        dtype = _STORAGES[kind.name]
        num_values = _whole(num_values)
        claimed, there = num_values * ITEM_BYTES[dtype], self._storage_bytes.get(key)
        if claimed != there:
            raise _Refusal(
                f"its storage {shown(key)} is said to have {claimed:,} bytes and has {there or 0:,}"
            )
        self._stack.append(_Storage(dtype=dtype, num_values=num_values))

    def reduce(self, _: None) -> None:
        function, arguments = self._pop(2)
        if function.name == _ORDERED_DICT and arguments == ():
            self._stack.append({})
        elif function.name == _REBUILD:
            self._num_tensors += 1
            if self._num_tensors > MAX_TENSORS:
                raise _Refusal(f"it has more than {MAX_TENSORS:,} tensors")
            self._stack.append(_form(*arguments))
        else:
            raise _Refusal(f"its pickle calls {shown(function.name)} as no state dict does")

    def build(self, _: None) -> None:
        """The versions of its modules, which a state dict carries along as an attribute."""
        [state] = self._pop(1)
        is_known = isinstance(state, dict) and list(state) == ["_metadata"]
        if not isinstance(self._stack[-1], dict) or not is_known:
            raise _Refusal("its pickle sets attributes, which no state dict needs")

    def stop(self, _: None) -> None:
        [self.result] = self._pop(1)


_INSTRUCTIONS: dict[str, Callable[[_Machine, Any], None]] = {
    "PROTO": _Machine.protocol,
    "MARK": _Machine.mark,
    "EMPTY_DICT": _Machine.empty_dict,
    "EMPTY_LIST": _Machine.empty_list,
    "TUPLE": _Machine.close_tuple,
    "APPEND": _Machine.append,
    "APPENDS": _Machine.appends,
    "SETITEM": _Machine.set_item,
    "SETITEMS": _Machine.set_items,
    "GLOBAL": _Machine.global_,
    "BINPERSID": _Machine.persistent_id,
    "REDUCE": _Machine.reduce,
    "BUILD": _Machine.build,
    "STOP": _Machine.stop,
}


def _form(
    storage: _Storage,
    offset: int,
    sizes: tuple[int, ...],
    strides: tuple[int, ...],
    requires_grad: bool,
    hooks: dict[Any, Any],
) -> TensorForm:
    """The form of a tensor, if all its values are in its storage and none is there at no cost."""
    if not isinstance(storage, _Storage) or not isinstance(requires_grad, bool) or hooks != {}:
        raise TypeError
    if len(sizes) != len(strides) or len(sizes) > MAX_DIMENSIONS:
        raise _Refusal(f"a tensor has {len(sizes)} sizes and {len(strides)} strides")
    last = _whole(offset)
    for size, stride in zip(map(_whole, sizes), map(_whole, strides), strict=True):
        if stride == 0 and size > 1:
            raise _Refusal(f"a tensor of {list(sizes)} repeats its values (a stride of 0)")
        last += max(size - 1, 0) * stride
    num_values = prod(sizes)
    if num_values > storage.num_values or (num_values and last >= storage.num_values):
        raise _Refusal(
            f"a tensor of {list(sizes)} reaches beyond its storage of {storage.num_values:,} values"
        )
    return TensorForm(dtype=storage.dtype, shape=tuple(sizes))


def _whole(value: Any) -> int:
    if not isinstance(value, int) or isinstance(value, bool) or not 0 <= value <= _LARGEST:
        raise _Refusal("its pickle has a size, stride or offset that is no whole number below 2⁶³")
    return value
