"""What operations keep for their backward."""

import gc
import weakref
from typing import Any

import numpy as np
import pytest
import torch
from torch import Tensor, nn
from torch.utils.checkpoint import checkpoint

from blitz.autograd.graph import AutogradGraph, trace
from blitz.autograd.operations.saved import (
    SavedValue,
    first_non_finite_saved,
    saved_bytes,
    saved_tensors,
)


def by_name(graph: AutogradGraph, node: int) -> dict[str, SavedValue]:
    return {each.name: each for each in saved_tensors(graph, node)}


def test_operands_are_described() -> None:
    x = torch.arange(300.0).reshape(20, 15).requires_grad_()
    y = x + 1
    graph = trace((x * y).sum(), names={"x": x, "y": y})
    node = next(i for i in range(len(graph)) if graph.label(i) == "Mul")
    saved = by_name(graph, node)
    left, right = saved["self"].tensor, saved["other"].tensor
    assert left is not None
    assert right is not None
    assert (left.shape, left.dtype, left.num_bytes) == ((20, 15), "float32", 1200)
    assert (left.is_leaf, left.name, left.node) == (True, "x", len(graph) - 1)
    assert (right.is_leaf, right.name) == (False, "y")
    assert right.node is not None
    assert graph.label(right.node) == "Add"
    assert left.measure is not None
    assert left.measure.mean == pytest.approx(149.5)
    assert left.sample is not None
    np.testing.assert_array_equal(left.sample, x.detach()[:8, :8].numpy())
    assert left.version == 0


def test_numbers_keep_their_sign() -> None:
    x = torch.ones(2, 3, requires_grad=True)
    graph = trace(x.sum(-1))
    saved = by_name(graph, 0)
    assert saved["dim"].value == (-1,)
    assert saved["keepdim"].value is False
    assert saved["self_sym_sizes"].value == (2, 3)


def test_tensors_in_lists_are_told_apart() -> None:
    x = torch.ones(4, 3, requires_grad=True)
    graph = trace(x[torch.tensor([0, 2]), torch.tensor([1, 1])].sum())
    node = next(i for i in range(len(graph)) if graph.label(i) == "Index")
    saved = by_name(graph, node)
    first, second = saved["indices[0]"].tensor, saved["indices[1]"].tensor
    assert first is not None
    assert second is not None
    assert first.dtype == "int64"
    assert first.sample is not None
    assert first.sample.tolist() == [0, 2]


def test_freed_tensors_are_said_to_be_freed() -> None:
    x = torch.ones(3, requires_grad=True)
    y = x.exp()
    graph = trace(y.sum())
    node = next(i for i in range(len(graph)) if graph.label(i) == "Exp")
    assert not by_name(graph, node)["result"].is_freed
    y.sum().backward()
    freed = by_name(graph, node)["result"]
    assert freed.is_freed
    assert freed.tensor is None
    assert "freed" in freed.problem
    assert "\n" not in freed.problem
    assert saved_bytes(graph) == 0


def test_a_tensor_changed_in_place_is_one_line() -> None:
    x = torch.ones(3, requires_grad=True)
    y = x * 1
    z = y * y
    graph = trace(z)
    y.add_(1)
    saved = by_name(graph, graph.functions.index(z.grad_fn))["self"]
    assert not saved.is_freed
    assert "changed in place" in saved.problem


class Scaled(torch.autograd.Function):
    """Keeps a tensor, nothing, a number and an object."""

    @staticmethod
    def forward(ctx: Any, x: Tensor, factor: float) -> Tensor:
        ctx.save_for_backward(x, None)
        ctx.factor = factor
        ctx.helper = object()
        return x * factor

    @staticmethod
    def backward(ctx: Any, *gradients: Any) -> Any:
        return gradients[0] * ctx.factor, None


def test_custom_functions_show_what_they_keep() -> None:
    x = torch.ones(3, requires_grad=True)
    y = Scaled.apply(x, 2.5)
    graph = trace(y.sum(), names={"x": x})
    node = graph.functions.index(y.grad_fn)
    saved = by_name(graph, node)
    kept = saved["saved_tensors[0]"].tensor
    assert kept is not None
    assert kept.name == "x"
    assert saved["saved_tensors[1]"].value is None
    assert saved["factor"].value == 2.5
    assert saved["helper"].value == "object"
    y.sum().backward()
    assert by_name(graph, node)["saved_tensors"].is_freed


class HoldsItself(torch.autograd.Function):
    @staticmethod
    def forward(ctx: Any, x: Tensor) -> Tensor:
        ctx.numbers, ctx.tensors = [1], [x.detach()]
        ctx.numbers.append(ctx.numbers)
        ctx.tensors.append(ctx.tensors)
        return x * 2

    @staticmethod
    def backward(ctx: Any, *gradients: Any) -> Any:
        return gradients[0] * 2


def test_lists_that_hold_themselves_are_read_to_some_depth() -> None:
    saved = by_name(trace(HoldsItself.apply(torch.ones(3, requires_grad=True))), 0)
    assert saved["numbers"].value == (1, (1, (1, (1, "…"))))
    assert saved["tensors[1][1][0]"].tensor is not None
    assert len(saved) < 20


def test_a_leaf_keeps_nothing_and_unknown_nodes_are_refused() -> None:
    graph = trace(torch.ones(3, requires_grad=True) * 2)
    assert saved_tensors(graph, 1) == []
    for node in (-1, 2):
        with pytest.raises(IndexError, match=str(node)):
            saved_tensors(graph, node)


def test_nothing_is_kept_alive() -> None:
    x = torch.ones(3, requires_grad=True)
    y = x.exp()
    graph = trace((y * y).sum())
    found = [saved_tensors(graph, node) for node in range(len(graph))]
    gone = weakref.ref(y)
    del x, y, graph
    gc.collect()
    assert gone() is None
    assert found


def test_storages_are_counted_once() -> None:
    x = torch.ones(100, requires_grad=True)
    y = x * x * x.view(10, 10).view(100)  # x, and the product of 100 floats
    assert saved_bytes(trace(y)) == 800


def test_bytes_of_a_layer_are_its_operands() -> None:
    layer = nn.Linear(10, 20, bias=False)
    batch = torch.ones(5, 10, requires_grad=True)
    assert saved_bytes(trace(layer(batch))) == 4 * (5 * 10 + 10 * 20)


def test_checkpointing_keeps_less_and_is_read_by_computing_again() -> None:
    calls = []

    def part(x: Tensor) -> Tensor:
        calls.append(1)
        return x.exp().sin().cos()

    x = torch.ones(100, requires_grad=True)
    graph = trace(checkpoint(part, x, use_reentrant=False))
    assert saved_bytes(graph) == 0
    assert len(calls) == 1
    cos = by_name(graph, graph.roots[0][0])["self"].tensor
    assert cos is not None
    assert cos.measure is not None
    assert cos.measure.mean == pytest.approx(float(x.detach().exp().sin().mean()), rel=1e-5)
    assert len(calls) == 2


def test_what_an_unpack_hook_raises_is_one_line() -> None:
    def unpack(packed: object) -> Tensor:
        raise KeyError("lost\nit")

    with torch.autograd.graph.saved_tensors_hooks(lambda tensor: 1, unpack):
        y = torch.ones(3, requires_grad=True).exp()
    saved = by_name(trace(y), 0)["result"]
    assert "KeyError" in saved.problem
    assert "\n" not in saved.problem


def test_odd_tensors_are_described() -> None:
    z = torch.ones(3, dtype=torch.complex64, requires_grad=True)
    meta = torch.ones(3, device="meta", requires_grad=True)
    half = torch.ones(300, dtype=torch.bfloat16, requires_grad=True)
    empty = torch.ones(0, requires_grad=True)
    for tensor in (z, meta, half, empty):
        kept = by_name(trace(tensor * tensor), 0)["self"].tensor
        assert kept is not None
        assert kept.shape == tuple(tensor.shape)
        assert (kept.sample is None) == tensor.is_meta


def test_the_first_to_save_a_nan_is_found() -> None:
    x = torch.tensor([1.0, -1.0], requires_grad=True)
    y = x.sqrt()
    graph = trace((y * x).sum())
    found = first_non_finite_saved(graph)
    assert found is not None
    assert graph.label(found) == "Sqrt"
    assert first_non_finite_saved(trace(x.exp())) is None


def test_sparse_and_nested_tensors_are_described() -> None:
    rows = [torch.ones(2, 3, requires_grad=True), torch.ones(4, 3, requires_grad=True)]
    nested = torch.nested.as_nested_tensor(rows, layout=torch.jagged)
    graph = trace(nested.sin())
    kept = [each.tensor for each in saved_tensors(graph, graph.roots[0][0]) if each.tensor]
    assert [each.shape for each in kept] == [None]
    sparse = torch.eye(4).to_sparse().requires_grad_()
    dense = torch.ones(4, 3, requires_grad=True)
    graph = trace(torch.sparse.mm(sparse, dense), names={"sparse": sparse})
    (found,) = [
        each.tensor
        for each in saved_tensors(graph, graph.num_operations - 1)
        if each.tensor and each.tensor.name == "sparse"
    ]
    assert found.num_bytes == 4 * 4 + 4 * 2 * 8  # values, and their places
    assert found.measure is not None
    assert found.measure.zeros == pytest.approx(12 / 16)
