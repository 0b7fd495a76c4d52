"""Whole configs with a name: where to start."""

from dataclasses import dataclass

from blitz.training.config import TrainConfig


@dataclass(frozen=True, kw_only=True, slots=True)
class Preset:
    """A config worth trying, and what it shows."""

    title: str
    description: str
    config: TrainConfig


PRESETS: tuple[Preset, ...] = (
    Preset(
        title="Digits in seconds",
        description="A first run: 1,797 scanned digits, nothing to download, 98% or so.",
        config=TrainConfig(
            dataset="digits",
            model="net",
            optimizer="adamw",
            lr=0.003,
            schedule="one-cycle",
            batch_size=32,
            epochs=15,
        ),
    ),
    Preset(
        title="CIFAR-10 as in the 60 Minute Blitz",
        description="Net, SGD 0.001 with momentum 0.9, batches of 4, two epochs.",
        config=TrainConfig(
            dataset="cifar10", model="net", lr=0.001, momentum=0.9, batch_size=4, epochs=2
        ),
    ),
    Preset(
        title="Fashion-MNIST as in the lecture",
        description="An MLP, SGD 0.001 without momentum, batches of 64, five epochs.",
        config=TrainConfig(
            dataset="fashion-mnist", model="mlp", lr=0.001, momentum=0.0, batch_size=64, epochs=5
        ),
    ),
    Preset(
        title="MNIST with the Blitz's Net",
        description="Handwritten digits enlarged to 32×32, as the network expects.",
        config=TrainConfig(
            dataset="mnist", image_size=32, model="net", lr=0.01, batch_size=64, epochs=3
        ),
    ),
    Preset(
        title="CIFAR-10, a wider network",
        description="Four times the width, AdamW on one cycle: what a better recipe gains.",
        config=TrainConfig(
            dataset="cifar10",
            model="net",
            width=4,
            optimizer="adamw",
            lr=0.002,
            weight_decay=0.01,
            schedule="one-cycle",
            batch_size=64,
            epochs=10,
        ),
    ),
    Preset(
        title="Fine-tune ResNet-18's last layer",
        description="Frozen ImageNet weights where they can be had; only the classifier learns.",
        config=TrainConfig(
            dataset="cifar10",
            model="resnet18-frozen",
            image_size=64,
            optimizer="adam",
            lr=0.001,
            batch_size=64,
            epochs=1,
        ),
    ),
)
