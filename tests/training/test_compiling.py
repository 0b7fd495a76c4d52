"""A compiled network learns the same; what cannot be compiled goes on as it was."""

import shutil
from dataclasses import replace

import pytest
import torch
import torch._inductor.config as inductor

from blitz.training import TrainConfig, Trainer
from blitz.training.events import Started
from tests.images import squares

CONFIG = TrainConfig(
    dataset="squares", model="speed", epochs=2, batch_size=16, lr=0.01, device="cpu", seed=3
)
needs_compiler = pytest.mark.skipif(shutil.which("c++") is None, reason="no C++ compiler")


def trained(config: TrainConfig) -> tuple[dict[str, torch.Tensor], tuple[str, ...]]:
    trainer = Trainer(config, squares(channels=1))
    events = list(trainer.events())
    assert isinstance(events[0], Started)
    weights = {k: v for k, v in trainer.state().tensors.items() if k.startswith("model.")}
    return weights, events[0].notes


@needs_compiler
def test_a_compiled_network_learns_what_it_would_have_learned() -> None:
    expected, _ = trained(CONFIG)
    found, notes = trained(replace(CONFIG, compiled=True))
    assert notes == ()
    for name, value in expected.items():
        torch.testing.assert_close(found[name], value, rtol=1e-3, atol=1e-4)


def test_what_cannot_be_compiled_is_trained_as_it_is(monkeypatch: pytest.MonkeyPatch) -> None:
    torch.compiler.reset()
    monkeypatch.setattr(inductor.cpp, "cxx", ("/no/such/compiler",))
    monkeypatch.setattr(inductor, "force_disable_caches", True)
    expected, _ = trained(CONFIG)
    found, notes = trained(replace(CONFIG, compiled=True))
    assert len(notes) == 1
    assert notes[0].startswith("not compiled: ")
    assert "\n" not in notes[0]
    assert all(found[name].equal(value) for name, value in expected.items())
