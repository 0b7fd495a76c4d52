"""The line that tells what a run is."""

from dataclasses import fields, replace

import pytest

from blitz.training.config import TrainConfig
from blitz.training.presets import PRESETS
from blitz.ui.run_view import describe

PLAIN = TrainConfig()
OTHER = TrainConfig(
    dataset="mnist", model="net3x3", width=2, image_size=64, epochs=6, batch_size=32, lr=0.01,
    optimizer="nesterov", momentum=0.5, weight_decay=0.01, schedule="cosine", loss="mse",
    label_smoothing=0.1, augment="flip", whiten=True, norm_bias_lr=8.0, averaging="ema",
    test_flips=True, precision="bf16", compiled=True, seed=1, patience=3, processes=2,
)  # fmt: skip
# Which device it became is told beside it; the others change no outcome of a run that began.
UNTOLD = ("device", "skip_unreadable", "keep_epochs")


@pytest.mark.parametrize("name", [f.name for f in fields(TrainConfig) if f.name not in UNTOLD])
def test_whatever_differs_between_two_runs_is_told(name: str) -> None:
    changed = replace(PLAIN, **{name: getattr(OTHER, name)})
    assert describe(changed, "cpu") != describe(PLAIN, "cpu")


def test_a_plain_run_is_told_shortly_and_a_recipe_with_its_tricks() -> None:
    plain = "net on digits · sgd with momentum 0.9, learning rate 0.001 (constant) · "
    assert describe(PLAIN, "cpu") == (
        f"{plain}batches of 64 · 5 epochs · cross-entropy · float32 · seed 0 · cpu"
    )
    [recipe] = [preset.config for preset in PRESETS if preset.is_for_gpu]
    line = describe(recipe, "cuda:0")
    for trick in (
        "label smoothing 0.2", "weight decay 0.00153", "bias rate ×64", "lookahead",
        "flip-and-shift", "whitened layer 1", "tested both ways", "bf16",
    ):  # fmt: skip
        assert f" · {trick}" in line
