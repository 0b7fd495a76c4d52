"""What was asked of a training step, when script runs overtake each other."""

from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any

import pytest
import streamlit as st

from blitz.datasets import load_dataset
from blitz.network.plan import NetworkPlan, build
from blitz.network.step import StepByStep
from blitz.network.step_settings import StepSettings
from blitz.network.step_states import ACTIONS
from blitz.ui.network.step_live import ask, ask_for_all, do_what_was_asked


@pytest.fixture
def step(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> StepByStep:
    """A step on digits; the session's state is a plain dictionary."""
    state: dict[str, Any] = {}
    monkeypatch.setattr(st, "session_state", state)
    dataset = load_dataset("digits", folder=tmp_path)
    model = build(NetworkPlan(model="net", channels=1, image_size=32, num_classes=10))
    images = dataset.normalise(dataset.train_images[:4])
    return StepByStep(model, images, dataset.train_labels[:4], StepSettings())


def actions(step: StepByStep) -> list[str | None]:
    return [state.action for state in step.states[1:]]


def test_what_was_asked_before_it_was_done_is_done_in_order(step: StepByStep) -> None:
    for action in ACTIONS:
        ask(action)
    assert do_what_was_asked(step) == ""
    assert actions(step) == list(ACTIONS)
    assert do_what_was_asked(step) == ""
    assert len(actions(step)) == 5


def test_two_runs_of_the_page_do_not_mix_their_steps(step: StepByStep) -> None:
    ask_for_all()
    ask_for_all()
    with ThreadPoolExecutor(2) as pool:
        runs = [pool.submit(do_what_was_asked, step) for _ in range(2)]
    assert [run.result() for run in runs] == ["", ""]
    assert actions(step) == [*ACTIONS, *ACTIONS]
    assert [state.number for state in step.states] == list(range(11))


def test_what_is_refused_ends_what_was_asked(step: StepByStep) -> None:
    ask("backward", "update")
    assert do_what_was_asked(step) == "backward: there is no loss yet; compute it first"
    assert actions(step) == []
