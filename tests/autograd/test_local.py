"""Local derivatives as matrices, against torch.autograd.functional.jacobian and the replay."""

from collections.abc import Callable
from typing import Any

import numpy as np
import pytest
import torch
from hypothesis import assume, given, settings
from hypothesis import strategies as st
from torch import Tensor, nn
from torch.autograd.functional import jacobian
from torch.nn import functional
from torch.utils.checkpoint import checkpoint

from blitz.autograd.backward.replay import replay
from blitz.autograd.graph import AutogradGraph, trace
from blitz.autograd.operations.local import LocalJacobian, chain_product, local_jacobians


def leaf(*shape: int) -> Tensor:
    generator = torch.Generator().manual_seed(sum(shape) + 3)
    values = torch.rand(*shape, dtype=torch.float64, generator=generator)
    return (values + 0.2).requires_grad_()


def matrices(graph: AutogradGraph, node: int) -> list[LocalJacobian]:
    found = local_jacobians(graph, node)
    assert all(each.problem == "" for each in found)
    return found


class Scale(torch.autograd.Function):
    """Multiplies two tensors and a number that stands between them; gives two results."""

    @staticmethod
    def forward(ctx: Any, a: Tensor, factor: float, b: Tensor) -> tuple[Tensor, Tensor]:
        ctx.save_for_backward(a, b)
        ctx.factor = factor
        return a * b * factor, b * 3

    @staticmethod
    def backward(ctx: Any, *gradients: Any) -> Any:
        a, b = ctx.saved_tensors
        return gradients[0] * b * ctx.factor, None, gradients[0] * a * ctx.factor + gradients[1] * 3


def in_place_part(a: Tensor) -> Tensor:
    b = a * 1
    b[1:].mul_(2)
    return b


BINARY: list[tuple[Callable[..., Tensor], tuple[Tensor, ...]]] = [
    (torch.mul, (leaf(2, 3), leaf(2, 3))),
    (torch.mul, (leaf(2, 3), leaf(3))),
    (torch.mm, (leaf(2, 3), leaf(3, 4))),
    (torch.addmm, (leaf(4), leaf(2, 3), leaf(3, 4))),
    (lambda a: a.softmax(1), (leaf(3, 4),)),
    (lambda a: a.sum(), (leaf(3, 4),)),
    (lambda a: a.t(), (leaf(3, 4),)),
    (lambda a, b: torch.cat([a, b]), (leaf(2, 3), leaf(1, 3))),
    (lambda a: functional.max_pool2d(a, 2), (leaf(1, 1, 4, 4),)),
    (lambda a: functional.layer_norm(a, (4,)), (leaf(3, 4),)),
    (lambda a, b: Scale.apply(a, 2.0, b)[0], (leaf(5), leaf(5))),
    (lambda a: Scale.apply(torch.ones(5, dtype=torch.float64), 2.0, a)[0], (leaf(5),)),
]


@pytest.mark.parametrize(("operation", "operands"), BINARY)
def test_matrices_are_pytorchs_jacobians(
    operation: Callable[..., Tensor], operands: tuple[Tensor, ...]
) -> None:
    y = operation(*operands)
    names = {str(i): operand for i, operand in enumerate(operands)}
    graph = trace(y, names=names)
    node, output_index = graph.roots[0]
    wanted: Any = jacobian(operation, operands)
    for each in matrices(graph, node):
        if each.output_index != output_index:
            continue
        i = int(graph.leaf_names[int(graph.target[each.edge])])
        assert each.matrix is not None
        assert each.operand_shape == tuple(operands[i].shape)
        np.testing.assert_allclose(
            each.matrix, wanted[i].reshape(y.numel(), operands[i].numel()).numpy(), atol=1e-12
        )


def test_several_results_have_matrices_of_their_own() -> None:
    a, b = leaf(3), leaf(3)
    y, z = Scale.apply(a, 2.0, b)
    graph = trace(y, z, names={"a": a, "b": b})
    found = {
        (each.output_index, graph.leaf_names[int(graph.target[each.edge])]): each.matrix
        for each in matrices(graph, graph.roots[0][0])
    }
    of_b = found[1, "b"]
    of_a = found[1, "a"]
    assert of_a is not None
    assert of_b is not None
    np.testing.assert_array_equal(of_b, 3 * np.eye(3))
    np.testing.assert_array_equal(of_a, np.zeros((3, 3)))


def test_writing_into_a_part_is_one_matrix() -> None:
    graph = trace(in_place_part(leaf(3)))
    view = next(i for i in range(graph.num_operations) if graph.type_name(i) == "CopySlices")
    (found,) = matrices(graph, view)
    assert found.matrix is not None
    np.testing.assert_array_equal(found.matrix, np.diag([1, 2, 2]))


@pytest.mark.parametrize(("operation", "operands"), BINARY)
def test_the_chain_product_is_what_the_replay_saw(
    operation: Callable[..., Tensor], operands: tuple[Tensor, ...]
) -> None:
    y = operation(*[operand.sin() for operand in operands]).cos()
    graph = trace(y)
    recorded = replay(graph)
    for node in range(graph.num_operations):
        sums: dict[int, Any] = {}
        for each in matrices(graph, node):
            product = chain_product(graph, each, recorded)
            if product is not None and product.recorded is not None:
                before = sums.get(each.edge, (0.0, None))[0]
                sums[each.edge] = (before + product.outgoing, product.recorded)
        for outgoing, seen in sums.values():
            np.testing.assert_allclose(outgoing, seen, atol=1e-12)


STEPS: dict[str, Callable[[Tensor, Tensor], Tensor]] = {
    "sin": lambda v, x: v.sin(),
    "exp": lambda v, x: (v / 8).exp(),
    "tanh": lambda v, x: v.tanh(),
    "t": lambda v, x: v.t(),
    "mul": torch.mul,
    "mm": torch.mm,
    "max": torch.maximum,
}


@settings(max_examples=40, deadline=None)
@given(
    st.lists(st.sampled_from(sorted(STEPS)), max_size=6),
    st.integers(0, 1_000),
)
def test_chain_products_of_random_programs_are_the_recorded_gradients(
    steps: list[str], seed: int
) -> None:
    generator = torch.Generator().manual_seed(seed)
    x = torch.rand(3, 3, dtype=torch.float64, generator=generator).requires_grad_()
    y = x * 1
    for step in steps:
        y = STEPS[step](y, x)
    # An infinity times a zero of the matrix is no number; backward may never multiply the two.
    assume(float(y.detach().abs().max()) < 1e6)
    graph = trace(y)
    recorded = replay(graph)
    for node in range(graph.num_operations):
        for each in matrices(graph, node):
            product = chain_product(graph, each, recorded)
            assert product is not None
            assert product.recorded is not None
            np.testing.assert_allclose(product.outgoing, product.recorded, rtol=1e-9, atol=1e-12)


def test_nothing_is_freed_or_accumulated() -> None:
    x = leaf(3)
    y = x.exp()
    graph = trace(y)
    local_jacobians(graph, 0)
    found = x.grad
    assert found is None
    y.sum().backward()
    (gradient,) = [each.grad for each in (x,)]
    assert gradient is not None
    assert torch.equal(gradient, y.detach())


def test_large_operations_are_refused_with_their_size() -> None:
    graph = trace((leaf(5, 5) * 2).sum(), (leaf(9, 9) * 2).sum())
    for node in range(graph.num_operations):
        for each in local_jacobians(graph, node, limit=30):
            is_large = 81 in (np.prod(each.output_shape), np.prod(each.operand_shape))
            assert (each.matrix is None) == bool(each.problem)
            assert not is_large or "81" in each.problem
    assert any("81" in each.problem for each in local_jacobians(graph, 2, limit=30))


def test_large_tables_are_refused_before_their_gradient_is_made() -> None:
    table = nn.Embedding(1_000, 2)
    graph = trace(table(torch.tensor([1])))
    (found,) = local_jacobians(graph, 0)
    assert "2,000" in found.problem


def test_freed_nodes_and_failing_functions_are_one_line() -> None:
    class Fails(torch.autograd.Function):
        @staticmethod
        def forward(ctx: Any, x: Tensor) -> Tensor:
            return x * 1

        @staticmethod
        def backward(ctx: Any, *gradients: Any) -> Any:
            raise KeyError("no\nidea")

    x = leaf(3)
    y = x.exp()
    graph = trace(y, Fails.apply(x))
    y.sum().backward()
    problems = [local_jacobians(graph, node)[0].problem for node in range(2)]
    assert "freed" in problems[0]
    assert "KeyError" in problems[1]
    assert all("\n" not in problem for problem in problems)


def test_complex_meta_and_reentrant_operations_are_refused() -> None:
    z = torch.ones(2, dtype=torch.complex64, requires_grad=True)
    meta = torch.ones(2, device="meta", requires_grad=True)
    again = checkpoint(torch.sin, leaf(2), use_reentrant=True)
    nested = torch.nested.as_nested_tensor([leaf(2, 3), leaf(4, 3)], layout=torch.jagged)
    for y, why in (
        (nested.sin(), "nested"),
        (z * z, "complex"),
        (meta * 2, "meta"),
        (again, "checkpoint"),
    ):
        graph = trace(y)
        found = local_jacobians(graph, graph.roots[0][0])
        assert found
        assert all(why in each.problem for each in found)
        assert all(each.matrix is None for each in found)


def test_leaves_and_unknown_nodes_are_refused() -> None:
    graph = trace(leaf(3) * 2)
    for node in (-1, 1, 5):
        with pytest.raises(ValueError, match="only operations"):
            local_jacobians(graph, node)


def test_no_product_where_no_gradient_came() -> None:
    graph = trace(leaf(3) * 2)
    y = trace(leaf(9, 9) * 2)
    (found,) = local_jacobians(y, 0)
    assert chain_product(y, found, replay(y)) is None
    (found,) = local_jacobians(graph, 0)
    assert chain_product(graph, found, replay(graph)) is not None
