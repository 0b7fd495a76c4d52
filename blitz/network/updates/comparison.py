"""The same gradient under every rule, by hand and by PyTorch's optimisers, step after step."""

from collections.abc import Mapping
from dataclasses import dataclass

import torch
from torch import Tensor, nn

from blitz.network.step_settings import StepSettings, new_optimiser
from blitz.network.updates.rules import RULES, Rule, UpdateSettings
from blitz.network.updates.ulps import ulps_between


@dataclass(frozen=True, kw_only=True, slots=True)
class ElementStep:
    """One step of one element of the parameter."""

    numbers: Mapping[str, float]
    """w, g and what the rule computed, by the names in its formula; `new` is the new weight."""
    by_torch: float
    """The new weight as PyTorch's optimiser has it."""


@dataclass(frozen=True, kw_only=True, slots=True, eq=False)
class RuleResult:
    """What a rule made of the weights."""

    rule: Rule
    element: tuple[ElementStep, ...]
    """The chosen element's steps."""
    first_update: Tensor
    """float32 of the parameter's shape: what the first step by hand changed."""
    num_equal: int
    """Elements that equal PyTorch's to the last bit after all steps."""
    most_ulps: int
    """The largest distance from PyTorch's, in float32 numbers between."""
    largest_difference: float


@dataclass(frozen=True, kw_only=True, slots=True, eq=False)
class UpdateComparison:
    """All rules on one parameter."""

    settings: UpdateSettings
    shape: tuple[int, ...]
    element: tuple[int, ...]
    gradient: Tensor
    results: tuple[RuleResult, ...]
    first_unlike: tuple[int, ...] | None
    """An element that `w - lr * g` and PyTorch's SGD round differently; None where all agree."""

    @property
    def num_elements(self) -> int:
        """Of the parameter."""
        return self.gradient.numel()

    def result(self, name: str) -> RuleResult:
        """Of the rule of this name."""
        return next(each for each in self.results if each.rule.name == name)


def compare_updates(
    weight: Tensor, gradient: Tensor, settings: UpdateSettings, element: tuple[int, ...]
) -> UpdateComparison:
    """Update copies of a parameter with the same gradient again and again.

    weight and gradient: float32 of one shape. element: an index into them. Raises ValueError where
    shapes or types are others, numbers are not finite, or there is no such element.
    """
    _check(weight, gradient, element)
    weight, gradient = weight.detach().contiguous(), gradient.detach().contiguous()
    results = []
    first_unlike = None
    for rule in RULES:
        result, unlike = _result(rule, weight, gradient, settings, element)
        results.append(result)
        if rule.name == "hand":
            first_unlike = unlike
    return UpdateComparison(
        settings=settings,
        shape=tuple(weight.shape),
        element=element,
        gradient=gradient,
        results=tuple(results),
        first_unlike=first_unlike,
    )


def by_torch(
    rule: Rule, weight: Tensor, gradient: Tensor, settings: UpdateSettings
) -> list[Tensor]:
    """The weights after each step of PyTorch's optimiser."""
    parameter = nn.Parameter(weight.clone())
    parameter.grad = gradient.clone()
    optimiser = new_optimiser(
        [parameter],
        StepSettings(optimiser=rule.oracle, lr=settings.lr, momentum=settings.momentum),
    )
    after = []
    for _ in range(settings.num_steps):
        optimiser.step()
        after.append(parameter.detach().clone())
    return after


def _result(
    rule: Rule,
    weight: Tensor,
    gradient: Tensor,
    settings: UpdateSettings,
    element: tuple[int, ...],
) -> tuple[RuleResult, tuple[int, ...] | None]:
    """And an element that differs from PyTorch's after the first step."""
    state: Mapping[str, Tensor] = {name: torch.zeros_like(weight) for name in rule.state}
    theirs = by_torch(rule, weight, gradient, settings)
    steps, now, after_first = [], weight, weight
    for step, their in enumerate(theirs, start=1):
        numbers = rule.update(now, gradient, state, step, settings)
        before = {f"{name}_before": state[name] for name in rule.state}
        at_element = {"w": now, "g": gradient, **before, **numbers}
        steps.append(
            ElementStep(
                numbers={name: float(tensor[element]) for name, tensor in at_element.items()},
                by_torch=float(their[element]),
            )
        )
        state = {name: numbers[name] for name in rule.state}
        now = numbers["new"]
        after_first = now if step == 1 else after_first
    result = RuleResult(
        rule=rule,
        element=tuple(steps),
        first_update=after_first - weight,
        num_equal=int((now == theirs[-1]).sum()),
        most_ulps=int(ulps_between(now, theirs[-1]).max()),
        largest_difference=_largest_difference(now, theirs[-1]),
    )
    unlike = (after_first != theirs[0]).nonzero()
    return result, tuple(unlike[0].tolist()) if len(unlike) else None


def _largest_difference(first: Tensor, second: Tensor) -> float:
    difference = torch.where(first == second, 0.0, first - second)  # equal infinities too
    return float(difference.abs().max())


def _check(weight: Tensor, gradient: Tensor, element: tuple[int, ...]) -> None:
    if weight.shape != gradient.shape:
        raise ValueError(
            f"gradient: {list(gradient.shape)} was given; expected {list(weight.shape)}"
        )
    for name, tensor in (("weight", weight), ("gradient", gradient)):
        if tensor.dtype != torch.float32:
            raise ValueError(f"{name}: {tensor.dtype} was given; expected torch.float32")
        if not bool(tensor.isfinite().all()):
            raise ValueError(f"{name}: holds NaN or infinity; expected finite numbers")
    is_inside = len(element) == weight.ndim and all(
        0 <= place < length for place, length in zip(element, weight.shape, strict=True)
    )
    if not is_inside:
        raise ValueError(f"element: {list(element)} was given; the shape is {list(weight.shape)}")
