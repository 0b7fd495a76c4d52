"""The update rules of gradient descent, as formulas and as arithmetic on tensors.

By hand, with PyTorch's default constants. Leaves PyTorch's own optimisers to `comparison`.
"""

from collections.abc import Callable, Mapping
from dataclasses import dataclass

import torch
from torch import Tensor

from blitz.network.step_settings import OptimiserName, check_rates

BETA1, BETA2 = 0.9, 0.999
ALPHA = 0.99
EPSILON = 1e-8
MAX_STEPS = 10


@dataclass(frozen=True, kw_only=True, slots=True)
class UpdateSettings:
    """What the rules need beside weight and gradient; ValueError for a wrong value."""

    lr: float = 0.01
    momentum: float = 0.9
    num_steps: int = 3
    """Updates with the same gradient."""

    def __post_init__(self) -> None:
        check_rates(self.lr, self.momentum)
        if self.momentum == 0:
            raise ValueError("momentum: 0 was given; expected more, or momentum is plain SGD")
        if not 1 <= self.num_steps <= MAX_STEPS:
            raise ValueError(f"steps: {self.num_steps} was given; expected 1 to {MAX_STEPS}")


Numbers = Mapping[str, Tensor]
"""What an update computes on its way, by name; the ones in `Rule.state` are remembered."""


@dataclass(frozen=True, kw_only=True, slots=True)
class Rule:
    """How a gradient becomes an update."""

    name: str
    title: str
    code: str
    """The update in Python, as `update` computes it."""
    formula: tuple[tuple[str, str], ...]
    """Lines of LaTeX: with symbols, and with places for the numbers, named as in `update`."""
    state: tuple[str, ...]
    """Names of the tensors that are remembered between steps, all zeros at first."""
    oracle: OptimiserName
    """The optimiser of PyTorch that does the same."""
    update: Callable[[Tensor, Tensor, Numbers, int, UpdateSettings], Numbers]
    """(weight, gradient, state, step from 1, settings) → numbers; `new` is the new weight."""


def _hand(w: Tensor, g: Tensor, _: Numbers, step: int, settings: UpdateSettings) -> Numbers:
    product = settings.lr * g
    return {"product": product, "new": w - product}


def _sgd(w: Tensor, g: Tensor, _: Numbers, step: int, settings: UpdateSettings) -> Numbers:
    return {"new": w.sub(g, alpha=settings.lr)}


def _momentum(w: Tensor, g: Tensor, state: Numbers, step: int, settings: UpdateSettings) -> Numbers:
    v = settings.momentum * state["v"] + g
    return {"v": v, "new": w.sub(v, alpha=settings.lr)}


def _nesterov(w: Tensor, g: Tensor, state: Numbers, step: int, settings: UpdateSettings) -> Numbers:
    v = settings.momentum * state["v"] + g
    ahead = g.add(v, alpha=settings.momentum)
    return {"v": v, "d": ahead, "new": w.sub(ahead, alpha=settings.lr)}


def _adam(w: Tensor, g: Tensor, state: Numbers, step: int, settings: UpdateSettings) -> Numbers:
    m = BETA1 * state["m"] + (1 - BETA1) * g
    s = BETA2 * state["s"] + (1 - BETA2) * g * g
    m_corrected = m / (1 - BETA1**step)
    s_corrected = s / (1 - BETA2**step)
    new = w - settings.lr * m_corrected / (s_corrected.sqrt() + EPSILON)
    return {"m": m, "s": s, "m_hat": m_corrected, "s_hat": s_corrected, "new": new}


def _rmsprop(w: Tensor, g: Tensor, state: Numbers, step: int, settings: UpdateSettings) -> Numbers:
    s = ALPHA * state["s"] + (1 - ALPHA) * g * g
    return {"s": s, "new": w - settings.lr * g / (torch.sqrt(s) + EPSILON)}


RULES: tuple[Rule, ...] = (
    Rule(
        name="hand",
        title="by hand",
        code="w = w - lr * g",
        formula=(("w_t = w_{t-1} - \\eta g", "{w} - {lr} \\times {g}"),),
        state=(),
        oracle="sgd",
        update=_hand,
    ),
    Rule(
        name="sgd",
        title="SGD",
        code="w = w.sub(g, alpha=lr)",
        formula=(("w_t = w_{t-1} - \\eta g", "{w} - {lr} \\times {g}"),),
        state=(),
        oracle="sgd",
        update=_sgd,
    ),
    Rule(
        name="momentum",
        title="momentum",
        code="v = mu * v + g\nw = w.sub(v, alpha=lr)",
        formula=(
            ("v_t = \\mu v_{t-1} + g", "{mu} \\times {v_before} + {g}"),
            ("w_t = w_{t-1} - \\eta v_t", "{w} - {lr} \\times {v}"),
        ),
        state=("v",),
        oracle="momentum",
        update=_momentum,
    ),
    Rule(
        name="nesterov",
        title="Nesterov",
        code="v = mu * v + g\nd = g.add(v, alpha=mu)\nw = w.sub(d, alpha=lr)",
        formula=(
            ("v_t = \\mu v_{t-1} + g", "{mu} \\times {v_before} + {g}"),
            ("d_t = g + \\mu v_t", "{g} + {mu} \\times {v}"),
            ("w_t = w_{t-1} - \\eta d_t", "{w} - {lr} \\times {d}"),
        ),
        state=("v",),
        oracle="nesterov",
        update=_nesterov,
    ),
    Rule(
        name="adam",
        title="Adam",
        code=(
            "m = 0.9 * m + (1 - 0.9) * g\n"
            "s = 0.999 * s + (1 - 0.999) * g * g\n"
            "m_hat = m / (1 - 0.9**t)\n"
            "s_hat = s / (1 - 0.999**t)\n"
            "w = w - lr * m_hat / (s_hat.sqrt() + 1e-8)"
        ),
        formula=(
            (
                "m_t = \\beta_1 m_{t-1} + (1 - \\beta_1) g",
                "0.9 \\times {m_before} + 0.1 \\times {g}",
            ),
            (
                "s_t = \\beta_2 s_{t-1} + (1 - \\beta_2) g^2",
                "0.999 \\times {s_before} + 0.001 \\times {g}^2",
            ),
            ("\\hat m = m_t / (1 - \\beta_1^t)", "{m} / (1 - 0.9^{{{t}}})"),
            ("\\hat s = s_t / (1 - \\beta_2^t)", "{s} / (1 - 0.999^{{{t}}})"),
            (
                "w_t = w_{t-1} - \\eta \\hat m / (\\sqrt{\\hat s} + \\epsilon)",
                "{w} - {lr} \\times {m_hat} / (\\sqrt{{{s_hat}}} + 10^{{-8}})",
            ),
        ),
        state=("m", "s"),
        oracle="adam",
        update=_adam,
    ),
    Rule(
        name="rmsprop",
        title="RMSprop",
        code="s = 0.99 * s + (1 - 0.99) * g * g\nw = w - lr * g / (s.sqrt() + 1e-8)",
        formula=(
            (
                "s_t = \\alpha s_{t-1} + (1 - \\alpha) g^2",
                "0.99 \\times {s_before} + 0.01 \\times {g}^2",
            ),
            (
                "w_t = w_{t-1} - \\eta g / (\\sqrt{s_t} + \\epsilon)",
                "{w} - {lr} \\times {g} / (\\sqrt{{{s}}} + 10^{{-8}})",
            ),
        ),
        state=("s",),
        oracle="rmsprop",
        update=_rmsprop,
    ),
)
