"""The recorded backward pass, against PyTorch's own."""

import gc
import math
from collections.abc import Callable
from typing import Any

import numpy as np
import pytest
import torch
from hypothesis import assume, given, settings
from hypothesis import strategies as st
from torch import Tensor, nn
from torch.autograd.graph import get_gradient_edge
from torch.utils.checkpoint import checkpoint

from blitz.autograd.backward import replay as replaying
from blitz.autograd.backward.measures import measure
from blitz.autograd.backward.replay import Replay, replay
from blitz.autograd.graph import AutogradGraph, record, trace


def leaf(*shape: int, dtype: torch.dtype = torch.float32) -> Tensor:
    generator = torch.Generator().manual_seed(sum(shape) + 1)
    return torch.randn(*shape, dtype=dtype, generator=generator).requires_grad_()


def backward_gradients(graph: AutogradGraph) -> list[Tensor | None]:
    """`.grad` of all leaves after a real backward from ones, from None and back."""
    leaves = [graph.leaf(i) for i in range(graph.num_operations, len(graph))]
    before = [each.grad for each in leaves]
    for each in leaves:
        each.grad = None
    ends = [output for output in graph.outputs if isinstance(output, Tensor)]
    torch.autograd.backward(ends, [torch.ones_like(end) for end in ends], retain_graph=True)
    found = [each.grad for each in leaves]
    for each, gradient in zip(leaves, before, strict=True):
        each.grad = gradient
    return found


def edges_into(graph: AutogradGraph, node: int) -> list[int]:
    found: list[int] = np.flatnonzero(graph.target == node).tolist()
    return found


def recorders() -> list[Any]:
    """Recorders that something still holds on to, such as a hook."""
    gc.collect()
    return [each for each in gc.get_objects() if type(each) is replaying._Recorder]


def assert_leaves_agree(graph: AutogradGraph, recorded: Replay) -> None:
    assert recorded.error is None
    for wanted, got in zip(
        backward_gradients(graph), recorded.leaf_gradients.values(), strict=True
    ):
        if wanted is None or got is None:
            assert wanted is got
            continue
        if wanted.layout is not torch.strided:
            wanted, got = wanted.to_dense(), got.to_dense()
        # Not to the last bit: matrix products round by where in memory their operands lie.
        torch.testing.assert_close(got, wanted, rtol=1e-5, atol=1e-6, equal_nan=True)


def convolution() -> Any:
    net = nn.Sequential(nn.Conv2d(3, 4, 3), nn.ReLU(), nn.Flatten(), nn.Linear(4 * 16, 5))
    return nn.functional.cross_entropy(net(torch.ones(2, 3, 6, 6)), torch.tensor([1, 3]))


def lstm() -> Any:
    return nn.LSTM(3, 4)(torch.ones(5, 2, 3))[0]


def attention() -> Any:
    return nn.TransformerEncoderLayer(8, 2, 16, dropout=0.0)(torch.ones(3, 2, 8))


def complex_numbers() -> Any:
    x = leaf(3, dtype=torch.complex64)
    return (x * x.conj()).imag.sum() + torch.view_as_real(x.exp()).sum()


def sparse_embedding() -> Any:
    table = nn.Embedding(20, 3, sparse=True)
    return table(torch.tensor([1, 1, 19])).square().sum()


def several_outputs() -> Any:
    x = leaf(4)
    y = x.exp()
    return y, (y * 2).sum(), x


def in_place() -> Any:
    x = leaf(4)
    y = x * 2
    y[1:].mul_(3)
    y.add_(1)
    return y.exp()


def second_order() -> Any:
    x = leaf(4)
    (gradient,) = torch.autograd.grad(x.pow(3).sum(), x, create_graph=True)
    return gradient.norm()


class Double(torch.autograd.Function):
    """Doubles a tensor; its number needs no gradient."""

    @staticmethod
    def forward(ctx: Any, factor: float, x: Tensor) -> Tensor:
        ctx.save_for_backward(x)
        return x * factor

    @staticmethod
    def backward(ctx: Any, *gradients: Any) -> Any:
        return None, gradients[0] * 2


def custom() -> Any:
    return Double.apply(2.0, leaf(3)).sin()


def checkpointed() -> Any:
    x = leaf(3)
    return checkpoint(lambda y: (y * x).sin(), x.exp(), use_reentrant=False)


def checkpointed_reentrantly() -> Any:
    x = leaf(3)
    return checkpoint(lambda y: (y * x).sin(), x.exp(), use_reentrant=True)


def half_precision() -> Any:
    return (leaf(100, dtype=torch.bfloat16) * 3).sum() + leaf(3, dtype=torch.float16).sum()


PROGRAMS = [
    convolution, lstm, attention, complex_numbers, sparse_embedding, several_outputs, in_place,
    second_order, custom, checkpointed, checkpointed_reentrantly, half_precision,
]  # fmt: skip


@pytest.mark.parametrize("program", PROGRAMS, ids=lambda program: program.__name__)
def test_leaf_gradients_are_those_of_backward(program: Callable[[], Any]) -> None:
    graph = trace(program())
    assert_leaves_agree(graph, replay(graph))
    assert_leaves_agree(graph, replay(graph))  # the graph can be used again


@pytest.mark.parametrize("program", PROGRAMS, ids=lambda program: program.__name__)
def test_every_node_runs_once_and_after_its_users(program: Callable[[], Any]) -> None:
    graph = trace(program())
    order = replay(graph).order
    assert sorted(order.tolist()) == list(range(len(graph)))
    assert (order[graph.source] < order[graph.target]).all()


@pytest.mark.parametrize("program", PROGRAMS, ids=lambda program: program.__name__)
def test_no_hook_and_no_gradient_is_left_behind(program: Callable[[], Any]) -> None:
    graph = trace(program())
    for i in range(graph.num_operations, len(graph)):
        graph.leaf(i).grad = torch.full_like(graph.leaf(i), 7)
    kept = [graph.leaf(i).grad for i in range(graph.num_operations, len(graph))]
    recorded = replay(graph)
    for i, gradient in zip(range(graph.num_operations, len(graph)), kept, strict=True):
        assert graph.leaf(i).grad is gradient
        assert gradient is not None
        assert bool((gradient == 7).all())
    assert recorders() == []
    assert recorded.error is None


@pytest.mark.parametrize("program", PROGRAMS, ids=lambda program: program.__name__)
def test_gradients_of_edges_sum_to_what_comes_in(program: Callable[[], Any]) -> None:
    graph = trace(program())
    recorded = replay(graph)
    starts = {node for node, _ in graph.roots}
    for node in range(graph.num_operations):
        edges = edges_into(graph, node)
        incoming = recorded.incoming[node]
        small = len(incoming) == 1 and node not in starts
        samples = [recorded.gradients.samples[edge] for edge in edges]
        if small and incoming[0] is not None and all(each is not None for each in samples):
            total = sum(each.astype(np.complex128) for each in samples if each is not None)
            np.testing.assert_allclose(total, incoming[0], rtol=1e-2, atol=1e-6)


def test_a_tensor_hook_sees_the_sum_of_the_edges() -> None:
    x = leaf(5)
    y = x.exp()
    z = (y * y).sum() + y.sin().sum()
    seen: list[Tensor] = []
    y.register_hook(seen.append)
    graph = trace(z)
    recorded = replay(graph)
    node = graph.functions.index(y.grad_fn)
    samples = [recorded.gradients.samples[edge] for edge in edges_into(graph, node)]
    np.testing.assert_allclose(
        sum(each for each in samples if each is not None), seen[0].numpy(), rtol=1e-6
    )


def test_measures_of_an_edge_are_arithmetic() -> None:
    x = leaf(6)
    weights = torch.tensor([0.0, -2.0, 3.0, 0.0, 1.0, 0.5])
    graph = trace((x * weights).sum())
    edge = replay(graph).edge(int(np.flatnonzero(graph.target == len(graph) - 1)[0]))
    assert edge is not None
    assert edge.shape == (6,)
    assert edge.measure is not None
    assert edge.measure.norm == pytest.approx(float(weights.norm()))
    assert (edge.measure.minimum, edge.measure.maximum) == (-2.0, 3.0)
    assert edge.measure.mean == pytest.approx(2.5 / 6)
    assert edge.measure.zeros == pytest.approx(2 / 6)


@pytest.mark.parametrize("size", [5, 500])
@pytest.mark.parametrize("scale", [1e-30, 1.0, 1e30])
def test_norm_neither_overflows_nor_vanishes(size: int, scale: float) -> None:
    x = leaf(size)
    graph = trace((x * torch.full((size,), scale)).sum())
    norm = replay(graph).gradients.norm
    assert norm[0] == pytest.approx(scale * math.sqrt(size), rel=1e-5)


def test_large_gradients_keep_a_corner() -> None:
    x = leaf(2, 30, 40)
    weights = torch.arange(2400.0).reshape(2, 30, 40)
    recorded = replay(trace((x * weights).sum()))
    corner = recorded.gradients.samples[0]
    assert corner is not None
    np.testing.assert_array_equal(corner, weights[0, :8, :8].numpy())


def test_sparse_gradients_count_their_zeros() -> None:
    table = nn.Embedding(20, 3, sparse=True)
    recorded = replay(trace(table(torch.tensor([1, 1, 19])).sum()))
    edge = recorded.edge(0)
    assert edge is not None
    assert edge.measure is not None
    assert edge.shape == (20, 3)
    assert edge.measure.zeros == pytest.approx(54 / 60)
    assert edge.measure.maximum == 2
    assert edge.measure.norm == pytest.approx(math.sqrt(3 * 4 + 3))
    assert edge.sample is not None
    np.testing.assert_array_equal(edge.sample[1], [2, 2, 2])


def test_own_gradients_start_the_pass() -> None:
    x = leaf(2, 3)
    y = x * 2
    start = torch.tensor([[1.0, 2, 3], [4, 5, 6]])
    recorded = replay(trace(y), [start])
    gradient = recorded.leaf_gradients[1]
    assert gradient is not None
    assert torch.equal(gradient, 2 * start)
    assert recorded.note == ""


def test_ones_for_a_matrix_are_said() -> None:
    assert "[2, 3]" in replay(trace(leaf(2, 3) * 2)).note
    assert replay(trace((leaf(2, 3) * 2).sum())).note == ""


@pytest.mark.parametrize("gradients", [[], [torch.ones(3), torch.ones(3)], [torch.ones(4)]])
def test_wrong_gradients_are_refused(gradients: list[Tensor]) -> None:
    with pytest.raises(ValueError, match="gradient"):
        replay(trace(leaf(3) * 2), gradients)


def test_gradient_edges_can_be_outputs() -> None:
    x = leaf(3)
    y = x.exp()
    recorded = replay(trace(get_gradient_edge(y)))
    gradient = recorded.leaf_gradients[1]
    assert gradient is not None
    assert torch.equal(gradient, y.detach())


def test_an_output_changed_after_tracing_does_not_matter() -> None:
    x = leaf(3)
    y = x * 2
    graph = trace(y)
    y.mul_(5)
    gradient = replay(graph).leaf_gradients[1]
    assert gradient is not None
    assert gradient.tolist() == [2, 2, 2]


def test_leaves_that_get_nothing_have_none() -> None:
    x, w = leaf(3), leaf(3)

    class OnlyFirst(torch.autograd.Function):
        @staticmethod
        def forward(ctx: Any, a: Tensor, b: Tensor) -> Tensor:
            return a * b

        @staticmethod
        def backward(ctx: Any, *gradients: Any) -> Any:
            return gradients[0], None

    graph = trace(OnlyFirst.apply(x, w).sum(), names={"x": x, "w": w})
    recorded = replay(graph)
    names = {graph.leaf_names[i]: gradient for i, gradient in recorded.leaf_gradients.items()}
    assert names["w"] is None
    assert names["x"] is not None
    assert [bool(each) for each in recorded.gradients.flowed] == [True, False, True]
    assert recorded.edge(1) is None


def test_hidden_leaves_of_a_reentrant_checkpoint_keep_their_grad() -> None:
    layer = nn.Linear(3, 3)
    x = leaf(2, 3)
    y = checkpoint(layer, x, use_reentrant=True)
    layer.weight.grad = torch.ones(3, 3)
    kept = layer.weight.grad
    recorded = replay(trace(y))
    assert recorded.error is None
    assert layer.weight.grad is kept
    assert bool((kept == 1).all())
    assert layer.bias.grad is None


def test_replay_works_under_no_grad_and_inference_mode() -> None:
    graph = trace(leaf(3).exp().sum())
    with torch.no_grad():
        assert_leaves = replay(graph)
    with torch.inference_mode():
        inferred = replay(graph)
    assert assert_leaves.error is None
    assert inferred.error is None


def test_meta_tensors_keep_their_shapes() -> None:
    x = torch.ones(3, 4, device="meta", requires_grad=True)
    recorded = replay(trace((x * 2).sum()))
    edge = recorded.edge(0)
    assert edge is not None
    assert edge.shape == (3, 4)
    assert edge.sample is None
    assert edge.measure is None


def test_nested_and_sparse_tensors_are_replayed() -> None:
    rows = [torch.ones(2, 3, requires_grad=True), torch.ones(4, 3, requires_grad=True)]
    nested = torch.nested.as_nested_tensor(rows, layout=torch.jagged)
    recorded = replay(trace(nested.sin().sum()))
    assert recorded.error is None
    assert None in [recorded.gradients.shapes[edge] for edge in range(len(recorded.gradients))]
    for gradient in recorded.leaf_gradients.values():
        assert gradient is not None
        assert torch.allclose(gradient, torch.ones(1).cos())
    sparse = torch.eye(4).to_sparse().requires_grad_()
    graph = trace(torch.sparse.mm(sparse, torch.ones(4, 3, requires_grad=True)).sum())
    assert_leaves_agree(graph, replay(graph))


# Numbers that are not finite


def test_the_operation_that_divides_by_zero_is_named() -> None:
    x = torch.zeros(3, requires_grad=True)
    graph = trace((x.sqrt() * 1).sum())
    recorded = replay(graph)
    assert recorded.first_non_finite is not None
    assert graph.label(recorded.first_non_finite) == "Sqrt"
    assert recorded.non_finite_cause == "made"
    assert recorded.first_non_finite_forward is None


def test_large_gradients_are_searched_too() -> None:
    x = torch.zeros(300, requires_grad=True)
    y = x.norm(dim=0)
    graph = trace((x + 1).log().sum() + x.sqrt().sum() + y)
    recorded = replay(graph)
    assert recorded.first_non_finite is not None
    assert graph.label(recorded.first_non_finite) == "Sqrt"


def test_a_non_finite_start_is_given() -> None:
    graph = trace(leaf(3) * 2)
    recorded = replay(graph, [torch.tensor([1.0, math.nan, 1.0])])
    assert (recorded.first_non_finite, recorded.non_finite_cause) == (0, "given")
    assert recorded.gradients.has_nan[0]
    assert not recorded.gradients.has_inf[0]


def test_non_finite_values_of_the_forward_pass_are_named() -> None:
    x = torch.zeros(3, requires_grad=True)
    y = x.log()
    graph = trace((y * y).exp().sum())
    recorded = replay(graph)
    assert recorded.first_non_finite_forward is not None
    assert graph.label(recorded.first_non_finite_forward) == "Mul"


@pytest.mark.parametrize("size", [4, 400])
def test_nan_and_infinity_are_told_apart(size: int) -> None:
    x = torch.ones(size, requires_grad=True)
    start = torch.ones(size)
    start[0], start[1], start[2] = math.nan, -math.inf, 0
    columns = replay(trace(x * 1), [start]).gradients
    assert columns.has_nan[0]
    assert columns.has_inf[0]
    assert columns.minimum[0] == -math.inf
    assert columns.maximum[0] == 1
    assert columns.zeros[0] == pytest.approx(1 / size)


def test_real_gradients_keep_their_sign_beside_complex_ones() -> None:
    x = torch.tensor([1.0, 2.0, 3.0], requires_grad=True)
    y = torch.fft.rfft(x * 1.0)
    graph = trace(-(y.abs().sum()) - (2 * x).sum())
    seen: dict[int, Tensor] = {}
    for node, function in enumerate(graph.functions[: graph.num_operations]):

        def hook(made: Any, _: Any, node: int = node) -> None:
            places = {int(graph.input_index[e]): e for e in graph.edges_of(node)}
            seen.update({e: made[place] for place, e in places.items()})

        function.register_hook(hook)
    recorded = replay(graph)
    assert {each.is_complex() for each in seen.values()} == {True, False}
    assert len(seen) == len(graph.edges)
    for edge, gradient in seen.items():
        found, wanted = recorded.edge(edge), measure(gradient)
        assert found is not None
        assert found.measure is not None
        for name in ("norm", "minimum", "maximum", "mean", "zeros", "has_nan", "has_inf"):
            assert getattr(found.measure, name) == pytest.approx(getattr(wanted, name), rel=1e-6)


# What a replay leaves as it was


def test_retained_gradients_stay_as_they_were() -> None:
    x = leaf(3)
    with record() as recording:
        hidden, untouched = x * 2, x * 3
        y = (hidden * untouched).sum()
        kept = [hidden]
    for each in (hidden, untouched, y):
        each.retain_grad()
    recording.variables |= {"kept": kept, "untouched": untouched}
    graph = trace(y, recording=recording)
    hidden.grad = torch.tensor([5.0, 6.0, 7.0])
    before = hidden.grad.clone()
    replay(graph)
    assert torch.equal(hidden.grad, before)
    assert untouched.grad is None
    assert y.grad is None
    assert x.grad is None


def test_retained_gradients_stay_where_the_pass_fails() -> None:
    y = leaf(3).exp()
    y.retain_grad()
    graph = trace(y.sin().sum(), y)
    y.sum().backward()
    before = y.grad.clone() if y.grad is not None else None
    assert replay(graph).error is not None
    assert before is not None
    assert y.grad is not None
    assert torch.equal(y.grad, before)


# Passes that fail


def test_freed_buffers_are_explained() -> None:
    x = leaf(3)
    y = x.exp().sin()
    graph = trace(y.sum())
    y.sum().backward()
    recorded = replay(graph)
    assert recorded.error is not None
    assert "freed" in recorded.error.message
    assert recorded.error.node is not None
    assert graph.label(recorded.error.node) == "Sin"
    assert recorded.order[recorded.error.node] == -1
    assert recorded.leaf_gradients == {}
    last = recorded.edge(len(recorded.gradients) - 1)
    assert last is not None  # of what ran before, all is there
    assert last.measure is not None


def test_a_change_in_place_is_explained() -> None:
    x = leaf(3)
    y = x * 1
    z = y * y
    graph = trace(z.sum())
    y.add_(1)
    recorded = replay(graph)
    assert recorded.error is not None
    assert "changed in place" in recorded.error.message
    assert "version 1" in recorded.error.message
    assert "\n" not in recorded.error.message
    assert recorded.error.node is not None
    assert graph.functions[recorded.error.node] is z.grad_fn


def test_a_custom_functions_exception_is_recorded_and_hooks_go() -> None:
    class Fails(torch.autograd.Function):
        @staticmethod
        def forward(ctx: Any, x: Tensor) -> Tensor:
            return x * 1

        @staticmethod
        def backward(ctx: Any, *gradients: Any) -> Any:
            raise KeyError("what\nnow")

    graph = trace(Fails.apply(leaf(3).exp()).sum())
    recorded = replay(graph)
    assert recorded.error is not None
    assert recorded.error.exception == "KeyError"
    assert "\n" not in recorded.error.message
    assert recorded.error.node is not None
    assert graph.label(recorded.error.node) == "Fails"
    assert recorders() == []


def test_deep_graphs_are_replayed() -> None:
    y = x = torch.ones((), requires_grad=True)
    for _ in range(20_000):
        y = y * 1
    recorded = replay(trace(y))
    assert recorded.error is None
    gradient = recorded.leaf_gradients[20_000]
    assert gradient is not None
    assert gradient.item() == 1
    assert x.grad is None


# Random programs

UNARY: tuple[Callable[[Tensor], Tensor], ...] = (
    torch.sin, torch.tanh, torch.sigmoid, torch.relu, torch.abs, torch.clone,
    lambda t: t.t(), lambda t: t.flip(0), lambda t: t.softmax(0), lambda t: t.reshape(9).view(3, 3),
)  # fmt: skip
BINARY: tuple[Callable[[Tensor, Tensor], Tensor], ...] = (
    torch.add, torch.sub, torch.mul, torch.matmul, torch.maximum, torch.minimum,
    lambda a, b: torch.cat([a, b])[1:4], lambda a, b: torch.where(a > b, a, b),
)  # fmt: skip


@st.composite
def programs(draw: st.DrawFn) -> Tensor:
    values = [leaf(3, 3), leaf(3, 3)]
    for _ in range(draw(st.integers(1, 10))):
        at = st.integers(0, len(values) - 1)
        if draw(st.booleans()):
            values.append(draw(st.sampled_from(UNARY))(values[draw(at)]))
        else:
            values.append(draw(st.sampled_from(BINARY))(values[draw(at)], values[draw(at)]))
    return values[-1]


@settings(max_examples=60, deadline=None)
@given(programs())
def test_random_programs_agree_with_backward(output: Tensor) -> None:
    assume(float(output.detach().abs().nan_to_num(1e9).max()) < 1e3)
    graph = trace(output)
    recorded = replay(graph)
    assert_leaves_agree(graph, recorded)
    for node, gradient in recorded.leaf_gradients.items():
        edges = edges_into(graph, node)
        found = [recorded.gradients.samples[edge] for edge in edges]
        samples = [each for each in found if each is not None]
        own = [np.ones((3, 3)) for root, _ in graph.roots if root == node]
        assert gradient is not None
        total = sum([*own, *samples])
        scale = max(float(np.abs(each).max()) for each in (gradient.numpy(), *samples))
        np.testing.assert_allclose(total, gradient.numpy(), rtol=1e-4, atol=1e-5 * max(scale, 1))
