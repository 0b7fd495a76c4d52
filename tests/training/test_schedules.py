"""Learning-rate schedules against PyTorch's own."""

import warnings
from typing import Any, get_args

import numpy as np
import pytest
import torch
from torch.optim import lr_scheduler

from blitz.training.config import ScheduleName
from blitz.training.schedules import learning_rate_factor

TOTAL = 60
SCHEDULERS: list[tuple[ScheduleName, Any]] = [
    ("constant", lambda o: lr_scheduler.ConstantLR(o, factor=1.0)),
    ("step", lambda o: lr_scheduler.MultiStepLR(o, [TOTAL // 3, 2 * TOTAL // 3])),
    ("cosine", lambda o: lr_scheduler.CosineAnnealingLR(o, TOTAL)),
    ("one-cycle", lambda o: lr_scheduler.OneCycleLR(o, 1.0, TOTAL, cycle_momentum=False)),
]


@pytest.mark.parametrize(("name", "scheduler"), SCHEDULERS, ids=[name for name, _ in SCHEDULERS])
def test_rates_are_those_of_torchs_scheduler(name: ScheduleName, scheduler: Any) -> None:
    optimizer = torch.optim.SGD([torch.zeros(1, requires_grad=True)], lr=1.0)
    with warnings.catch_warnings():  # about stepping the schedule without the optimizer
        warnings.simplefilter("ignore")
        reference = scheduler(optimizer)
        expected = []
        for _ in range(TOTAL):
            expected.append(optimizer.param_groups[0]["lr"])
            if len(expected) < TOTAL:
                reference.step()
    rates = [learning_rate_factor(name, step, TOTAL) for step in range(TOTAL)]
    assert rates == pytest.approx(expected, rel=1e-9, abs=1e-12)


@pytest.mark.parametrize("total", [490, 100, 7])
def test_the_triangle_is_a_line_up_and_a_line_down(total: int) -> None:
    corners = [0, int(0.23 * total), total]
    expected = np.interp(np.arange(total), corners, [0.2, 1.0, 0.07])
    rates = [learning_rate_factor("triangular", step, total) for step in range(total)]
    assert rates == pytest.approx(expected)


@pytest.mark.parametrize("name", get_args(ScheduleName))
@pytest.mark.parametrize("total", [1, 2, 3, 4, 5])
def test_the_shortest_runs_have_a_rate_too(name: ScheduleName, total: int) -> None:
    rates = [learning_rate_factor(name, step, total) for step in range(total)]
    assert all(0 <= rate <= 1 for rate in rates)
