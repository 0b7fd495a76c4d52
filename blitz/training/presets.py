"""Whole configs with a name: where to start."""

from dataclasses import dataclass, replace

from blitz.training.config import TrainConfig


@dataclass(frozen=True, kw_only=True, slots=True)
class Preset:
    """A config worth trying, and what it shows."""

    title: str
    description: str
    config: TrainConfig
    is_for_gpu: bool = False
    """Whether it is far too much work for a processor to be a matter of seconds."""


def coupled(config: TrainConfig) -> TrainConfig:
    """A config for Nesterov's rule whose rate and decay are given as the speed records give them.

    Jordan (2024) states the learning rate L and the weight decay D for 1,024 images, as independent
    as can be of batch size B and momentum m, and of each other. With s = 1 + 1/(1 − m), his measure
    of how far one gradient carries the weights in all, a step of his on the *sum* of the batch's
    losses has the rate L / (1,024 · s) and shrinks the weights by D · B / (1,024 · s). PyTorch's
    rule, on the *mean* of the losses, multiplies the decay by the rate. So

        lr = L · (B / 1,024) / s         weight_decay = (D · B / (1,024 · s)) / lr = D / L

    to four digits. For L = 10, D = 0.0153, m = 0.85 and B = 1,024: s = 7.667, lr = 1.304,
    weight_decay = 0.00153.
    """
    reach = 1 + 1 / (1 - config.momentum)
    return replace(
        config,
        lr=_four_digits(config.lr * (config.batch_size / 1_024) / reach),
        weight_decay=_four_digits(config.weight_decay / config.lr),
    )


def _four_digits(value: float) -> float:
    return float(f"{value:.4g}")


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
    Preset(
        title="CIFAR-10 in seconds",
        description=(
            "Sixteen epochs with the tricks of the speed records, to 92% or so where the images "
            "were JPEG files: a whitened first layer, label smoothing, Nesterov on a triangle with "
            "fast biases, mirror images taking turns, shifts, lookahead, and answers averaged over "
            "mirror images. After Keller Jordan, “94% on CIFAR-10 in 3.29 Seconds on a Single GPU” "
            "(2024, arXiv 2404.00498), tysam-code, hlb-CIFAR10 (2023), and David Page, “How to "
            "Train Your ResNet” (2018–19). Each trick is a choice under “More”: leave one out and "
            "see what it was worth."
        ),
        config=coupled(
            TrainConfig(
                dataset="cifar10",
                model="speed",
                width=2,
                optimizer="nesterov",
                lr=10.0,
                momentum=0.85,
                weight_decay=0.0153,
                batch_size=1_024,
                epochs=16,
                schedule="triangular",
                label_smoothing=0.2,
                augment="flip-and-shift",
                whiten=True,
                norm_bias_lr=64.0,
                averaging="lookahead",
                test_flips=True,
                precision="bf16",
            )
        ),
        is_for_gpu=True,
    ),
)
