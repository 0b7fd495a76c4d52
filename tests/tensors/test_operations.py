"""The table of operations against PyTorch and NumPy themselves."""

import ast
import inspect
import warnings
from collections.abc import Mapping
from functools import cache
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import torch
import torch.nn.functional as F
from torch import Tensor
from torch.utils._python_dispatch import TorchDispatchMode
from torch.utils._pytree import tree_leaves

from blitz.tensors.limits import Limits, need_of
from blitz.tensors.operations import (
    ATTRIBUTES,
    CALLABLES,
    CONSTANTS,
    FAMILIES,
    FUNCTIONS,
    METHODS,
    OPERATIONS,
    SETTABLE,
    Operation,
    search,
)
from blitz.tensors.operations.numpy_bridge import PLAIN_TYPES
from blitz.tensors.running import read_program, run

FORBIDDEN = (
    "empty", "as_strided", "resize", "hook", "storage", "sparse", "from_file", "save", "load",
    "default_dtype", "jit", "compile", "distributed", "data_ptr", "tofile", "tobytes", "dump",
    "pin_memory", "share_memory", "frombuffer", "getattr", "__",
)  # fmt: skip
"""No name has any of these in it."""
FORBIDDEN_NAMES = {"set_", "apply_", "map_", "map2_", "ops", "hub", "new", "eval", "exec", "open"}
HARMLESS = {"storage_offset"}
FORBIDDEN_KEYWORDS = {
    "generator", "layout", "memory_format", "names", "pin_memory", "order", "like", "subok",
}  # fmt: skip
NAMESPACE = {"torch": torch, "np": np, "F": F}
RIGHT_BESIDE_STUBS = {"Tensor.requires_grad_": {"requires_grad"}}
"""Keywords that PyTorch takes though its stubs have other names."""
STUBS = Path(torch.__file__).parent / "_C"


def last_value(program: str) -> object:
    """The value of the program's last expression, as Python has it."""
    tree = ast.parse(program)
    last = tree.body.pop()
    assert isinstance(last, ast.Expr), program
    variables = dict(NAMESPACE)
    torch.manual_seed(0)
    exec(compile(tree, "<example>", "exec"), variables)
    value: object = eval(compile(ast.Expression(last.value), "<example>", "eval"), variables)
    return value


def same(first: object, second: object) -> bool:
    """Whether two values are equal in type, shape, data type and elements."""
    if isinstance(first, list | tuple) and isinstance(second, list | tuple):
        pairs = zip(first, second, strict=True)
        return type(first) is type(second) and all(same(*pair) for pair in pairs)
    if isinstance(first, Tensor) and isinstance(second, Tensor):
        torch.testing.assert_close(first, second, rtol=0, atol=0, equal_nan=True)
        return True
    if isinstance(first, np.ndarray):
        np.testing.assert_array_equal(first, second, strict=True)
        return True
    return first == second or (first != first and second != second)


@cache
def stub_parameters(file: str) -> Mapping[str, tuple[set[str], int]]:
    """Of all overloads of a compiled function: names of parameters, most by position."""
    found: dict[str, tuple[set[str], int]] = {}
    for node in ast.walk(ast.parse((STUBS / file).read_text())):
        if isinstance(node, ast.FunctionDef):
            arguments = node.args
            names, most = found.get(node.name, (set(), 0))
            positional = [each.arg for each in arguments.posonlyargs + arguments.args]
            names |= {*positional, *(each.arg for each in arguments.kwonlyargs)}
            count = 99 if arguments.vararg else len(positional)
            found[node.name] = (names, max(most, count))
    return found


def parameters(path: str, function: object) -> tuple[set[str], int] | None:
    """What PyTorch itself says that a function takes, wherever it says so."""
    if inspect.isfunction(function):
        signature = inspect.signature(function).parameters.values()
        kinds = [each.kind for each in signature]
        if inspect.Parameter.VAR_KEYWORD in kinds:
            return None
        positional = sum(kind in (0, 1) for kind in kinds)
        most = 99 if inspect.Parameter.VAR_POSITIONAL in kinds else positional
        return {each.name for each in signature}, most
    owner, _, name = path.rpartition(".")
    if owner == "torch":
        return stub_parameters("_VariableFunctions.pyi").get(name)
    return stub_parameters("__init__.pyi").get(name) if owner == "Tensor" else None


class FreshBytes(TorchDispatchMode):
    """Adds up the bytes of all storages that are made under it."""

    def __init__(self) -> None:
        super().__init__()  # type: ignore[no-untyped-call]
        self.num_bytes = 0
        self._seen: set[int] = set()
        self._kept: list[Tensor] = []

    def __torch_dispatch__(self, func, types, args=(), kwargs=None):  # type: ignore[no-untyped-def]
        result = func(*args, **(kwargs or {}))
        for tensor in tree_leaves((args, kwargs)):
            if isinstance(tensor, Tensor):
                self._seen.add(tensor.untyped_storage()._cdata)
        for tensor in tree_leaves(result):
            if isinstance(tensor, Tensor) and tensor.untyped_storage()._cdata not in self._seen:
                self._seen.add(tensor.untyped_storage()._cdata)
                self._kept.append(tensor)
                self.num_bytes += tensor.untyped_storage().nbytes()
        return result


def test_there_are_more_than_two_hundred_operations() -> None:
    assert len({operation.name for operation in OPERATIONS}) >= 220
    assert len({family.name for family in FAMILIES}) == len(FAMILIES)


def test_each_path_belongs_to_one_operation_and_can_be_called() -> None:
    paths = [path for operation in OPERATIONS for path in operation.paths]
    assert len(paths) == len(set(paths))
    assert set(CALLABLES) == set(paths)
    assert all(callable(CALLABLES[path]) for path in paths)
    assert FUNCTIONS["torch.cat"].name == "cat"
    assert METHODS["sum"][Tensor] is not METHODS["sum"][np.ndarray]
    assert "add_" in METHODS
    assert "add_" not in FUNCTIONS


def test_nothing_forbidden_is_in_the_table() -> None:
    parts = {part for path in (*FUNCTIONS, *CONSTANTS) for part in path.split(".")}
    names = {*parts, *METHODS, *ATTRIBUTES, *SETTABLE} - HARMLESS
    assert not names & FORBIDDEN_NAMES
    assert [name for name in names for word in FORBIDDEN if word in name] == []
    for operation in OPERATIONS:
        assert not operation.keywords & FORBIDDEN_KEYWORDS, operation.signature
        if "out" in operation.keywords:
            assert all(path.startswith("np.") for path in operation.paths)


def test_operations_are_described() -> None:
    for operation in OPERATIONS:
        assert operation.summary.endswith("."), operation.name
        assert operation.signature.startswith(f"{operation.name}(")


def test_what_the_table_admits_is_what_pytorch_takes() -> None:
    num_checked = 0
    for operation in OPERATIONS:
        for path in operation.paths:
            known = None if operation.call else parameters(path, CALLABLES[path])
            if known is None:
                continue
            names, most = known
            names = names | RIGHT_BESIDE_STUBS.get(path, set())
            first = {"input"} if path.startswith("Tensor.") else set()
            assert operation.keywords - first <= names, (path, operation.keywords - names)
            assert (operation.num_positional or 0) <= most, (path, operation.signature)
            num_checked += 1
    assert num_checked > 600


@pytest.fixture(scope="module")
def expected() -> Mapping[str, object]:
    """What each example gives in Python itself, where a warning is an error."""
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        return {operation.example: last_value(operation.example) for operation in OPERATIONS}


def test_every_example_ends_in_a_value(expected: Mapping[str, object]) -> None:
    nothing = [example for example, value in expected.items() if value is None]
    assert set(nothing) <= {"torch.accelerator.current_accelerator()"}


def test_programs_give_what_python_gives(expected: Mapping[str, object]) -> None:
    for operation in OPERATIONS:
        done = run(read_program(operation.example), limits=Limits())
        assert done.fault is None, (operation.example, done.fault)
        value = expected[operation.example]
        value = value.item() if isinstance(value, np.generic) else value
        assert same(done.value, value), operation.example


def example_call(operation: Operation) -> tuple[str, list[Any], dict[str, Any]]:
    """The path and the arguments of the operation's own call in its example."""
    variables = dict(NAMESPACE)
    torch.manual_seed(0)

    def value(node: ast.expr) -> Any:
        return eval(compile(ast.Expression(node), "<example>", "eval"), variables)

    names = {path.rpartition(".")[2]: path for path in operation.paths}
    for statement in ast.parse(operation.example).body:
        for node in ast.walk(statement):
            if not isinstance(node, ast.Call):
                continue
            name = ast.unparse(node.func)
            kwargs = {str(each.arg): value(each.value) for each in node.keywords}
            if name in operation.paths:
                return name, [value(each) for each in node.args], kwargs
            if isinstance(node.func, ast.Attribute) and node.func.attr in names:
                owner = value(node.func.value)
                path = f"{type(owner).__name__}.{node.func.attr}"
                if path in operation.paths:
                    return path, [owner, *(value(each) for each in node.args)], kwargs
        exec(compile(ast.Module([statement], []), "<example>", "exec"), variables)
    raise AssertionError(f"no call of {operation.paths} in {operation.example}")


def test_no_call_makes_more_than_its_bound() -> None:
    for operation in OPERATIONS:
        if operation.name == "cuda":  # its example does not call it: there may be none
            continue
        path, args, kwargs = example_call(operation)
        if operation.bound is None:
            continue
        need = operation.bound(*args, **kwargs)
        with FreshBytes() as fresh:
            CALLABLES[path](*args, **kwargs)
        assert fresh.num_bytes <= need.num_bytes, (operation.signature, fresh.num_bytes, need)


ONES = torch.ones(1)
HUGE = torch.ones(1).expand(10**5, 10**5)
MATRIX = torch.ones(1).expand(8000, 8000)
SMALL = torch.tensor([10**12])
TOO_BIG: list[tuple[str, tuple[object, ...], dict[str, object]]] = [
    ("torch.zeros", (10**13,), {}),
    ("torch.linspace", (0, 1), {"steps": 10**13}),
    ("torch.arange", (10**13,), {}),
    ("torch.sum", (HUGE,), {}),
    ("Tensor.clone", (HUGE,), {}),
    ("Tensor.tolist", (ONES.expand(10**8),), {}),
    ("torch.mul", (ONES.expand(30_000, 1), ONES.expand(1, 30_000)), {}),
    ("torch.einsum", ("ij,kl->ijkl", MATRIX[:1000, :1000], MATRIX[:1000, :1000]), {}),
    ("torch.bincount", (SMALL,), {}),
    ("torch.bincount", (torch.tensor([1]),), {"minlength": 10**12}),
    ("torch.histc", (ONES,), {"bins": 10**12}),
    ("F.one_hot", (SMALL,), {}),
    ("F.one_hot", (torch.tensor([1]), 10**12), {}),
    ("torch.repeat_interleave", (SMALL,), {}),
    ("torch.repeat_interleave", (ONES, SMALL), {}),
    ("Tensor.repeat", (ONES, 10**6, 10**6), {}),
    ("torch.combinations", (torch.arange(1000),), {"r": 6}),
    ("torch.cartesian_prod", (torch.arange(10**4),) * 3, {}),
    ("torch.kron", (MATRIX, MATRIX), {}),
    ("torch.cdist", (ONES.expand(10**5, 3), ONES.expand(10**5, 3)), {}),
    ("torch.cdist", (ONES.expand(10**4, 10**5), ONES.expand(10**4, 10**5)), {}),
    ("torch.matrix_power", (MATRIX, 2**50), {}),
    ("torch.linalg.svd", (MATRIX,), {}),
    ("torch.linalg.eig", (MATRIX,), {}),
    ("torch.linalg.norm", (MATRIX, "nuc"), {}),
    ("torch.sort", (HUGE,), {}),
    ("torch.unique", (HUGE,), {}),
    ("torch.nonzero", (HUGE,), {}),
    ("torch.masked_select", (ONES, ONES.bool().expand(10**5, 10**5)), {}),
    ("torch.allclose", (HUGE, ONES), {}),
    ("np.zeros", (10**13,), {}),
    ("np.ones", ((10**7, 10**7),), {}),
    ("np.arange", (10**13,), {}),
    ("np.linspace", (0, 1, 10**13), {}),
    ("np.eye", (10**6,), {}),
    ("list", (range(10**12),), {}),
    ("max", (range(10**12),), {}),
    ("round", (5, -(10**9)), {}),
]


@pytest.mark.parametrize(
    ("path", "args", "kwargs"), TOO_BIG, ids=[f"{n}-{case[0]}" for n, case in enumerate(TOO_BIG)]
)
def test_what_is_too_big_is_known_before_it_runs(
    path: str, args: tuple[object, ...], kwargs: dict[str, object]
) -> None:
    operation = FUNCTIONS.get(path) or METHODS[path.removeprefix("Tensor.")][Tensor]
    need = need_of(operation, CALLABLES[path], args, kwargs)
    limits = Limits()
    assert need.num_bytes > limits.num_bytes or need.seconds > limits.seconds


@pytest.mark.parametrize(
    ("path", "size"), [("torch.linalg.svd", 200), ("torch.linalg.eig", 200), ("torch.sort", 1000)]
)
def test_small_work_is_known_to_be_small(path: str, size: int) -> None:
    operation = FUNCTIONS[path]
    need = need_of(operation, CALLABLES[path], (torch.ones(size, size),), {})
    assert need.seconds < 1
    assert need.num_bytes < 2**27


def test_lists_of_lists_of_lists_are_counted_without_walking_them() -> None:
    numbers: list[object] = [1, 2]
    for _ in range(100):
        numbers = [numbers, numbers]
    bound = FUNCTIONS["torch.tensor"].bound
    assert bound is not None
    assert bound(numbers).num_bytes > 2**100


def test_the_way_back_costs_what_the_graph_holds() -> None:
    x = torch.ones(1000, requires_grad=True)
    bound = METHODS["backward"][Tensor].bound
    assert bound is not None
    short, long = x.sum(), x
    for _ in range(1000):
        long = long * 2
    assert bound(short).num_bytes >= x.nbytes
    assert bound(long.sum()).num_bytes >= 1000 * x.nbytes
    assert bound(long.sum()).seconds > bound(short).seconds


@pytest.mark.parametrize(
    "dtype", ["O", "S1000000000", "V8", "U5", "M8", ">f8", "f8,f8", "g", object]
)
def test_arrays_hold_numbers_only(dtype: object) -> None:
    for call, args in ((CALLABLES["np.zeros"], (1,)), (CALLABLES["np.array"], ([1, 2],))):
        with pytest.raises(TypeError):
            call(*args, dtype=dtype)
    with pytest.raises(TypeError):
        CALLABLES["ndarray.astype"](np.ones(2), dtype)
    assert np.dtype(object) not in PLAIN_TYPES


@pytest.mark.parametrize("data", [2**64, [10**30], ["text"], [None, object()], {1: 2}, {3}])
def test_arrays_are_not_made_of_objects(data: object) -> None:
    with pytest.raises(TypeError):
        CALLABLES["np.array"](data)
    with pytest.raises(TypeError):
        CALLABLES["np.power"](data, 2)


def test_attributes_are_those_of_the_values() -> None:
    x = (torch.arange(6.0, requires_grad=True) * 2).reshape(2, 3)
    for name, getters in ATTRIBUTES.items():
        if Tensor in getters and name not in ("imag", "grad", "grad_fn", "data"):
            assert same(getters[Tensor](x), getattr(x, name)), name
    assert ATTRIBUTES["grad_fn"][Tensor](x) == type(x.grad_fn).__name__
    data = ATTRIBUTES["data"][Tensor](x)
    assert isinstance(data, Tensor)
    assert data.data_ptr() == x.data_ptr()
    assert not data.requires_grad
    values = torch.sort(torch.tensor([3.0, 1.0]))
    assert same(ATTRIBUTES["indices"][type(values)](values), values.indices)
    assert ATTRIBUTES["dtype"][np.ndarray](np.ones(2)) == "float64"


def test_grad_and_requires_grad_can_be_set() -> None:
    x = torch.ones(2)
    SETTABLE["requires_grad"](x, True)
    assert x.requires_grad
    SETTABLE["grad"](x, torch.full((2,), 3.0))
    assert x.grad is not None
    assert torch.equal(x.grad, torch.full((2,), 3.0))
    SETTABLE["grad"](x, None)
    assert ATTRIBUTES["grad"][Tensor](x) is None
    with pytest.raises(TypeError, match="True or False"):
        SETTABLE["requires_grad"](x, 1)
    with pytest.raises(TypeError, match="a tensor or None"):
        SETTABLE["grad"](x, 5)


def test_constants_are_what_their_names_say() -> None:
    builtin = {"float": float, "int": int, "bool": bool}
    for path, value in CONSTANTS.items():
        module, _, name = path.rpartition(".")
        expected = getattr(NAMESPACE[module], name) if module else builtin[name]
        assert value is expected, path


def test_search_finds_names_first_then_summaries() -> None:
    assert search("cat")[0].name == "cat"
    assert search("CAT") == search("cat")
    assert "torch.linalg.svd" in search("linalg.svd")[0].paths
    assert "logsumexp" in {operation.name for operation in search("overflow")}
    assert search("no such thing") == []
    found = search("stack")
    named = [operation for operation in found if "stack" in operation.name]
    assert found[: len(named)] == named
    assert len(search("")) == len(OPERATIONS)
