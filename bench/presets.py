"""What the presets reach: test accuracy, and the seconds of training it takes.

    python -m bench.presets [--quick] [--dataset cifar10] [--device cpu] [PRESET …]

PRESET is one of the keys below; without any, those that this device can finish in minutes. Each is
trained once, as its config says; --quick trains one epoch. Times are those of the steps, without
the tests after each epoch, as a run of the dashboard shows them.

The last line is JSON: PRESET_accuracy, PRESET_seconds, PRESET_images_per_second, and for seconds
of training until 93% of the test images were right PRESET_seconds_to_93 (null where never).
"""

from collections.abc import Mapping
from dataclasses import replace

from bench.report import Figure, command_line, finish
from blitz.datasets import load_dataset
from blitz.devices import resolve_device
from blitz.training import TrainConfig, Trainer
from blitz.training.events import EpochFinished, Finished
from blitz.training.presets import PRESETS, Preset

TITLES = {
    "digits": "Digits in seconds",
    "fashion": "Fashion-MNIST as in the lecture",
    "cifar10": "CIFAR-10 as in the 60 Minute Blitz",
    "cifar10_fast": "CIFAR-10 in seconds",
}
TARGET = 0.93


def chosen(names: list[str], device: str) -> dict[str, Preset]:
    """The presets of these keys; without any, those that suit the device."""
    known = {preset.title: preset for preset in PRESETS}
    presets = {name: known[title] for name, title in TITLES.items()}
    for name in names:
        if name not in presets:
            raise SystemExit(f"PRESET: {name!r} was given; choose {', '.join(presets)}")
    if names:
        return {name: presets[name] for name in names}
    is_gpu = device != "cpu"
    return {name: preset for name, preset in presets.items() if is_gpu or not preset.is_for_gpu}


def reached(config: TrainConfig) -> dict[str, Figure]:
    """Train once; the figures."""
    dataset = load_dataset(config.dataset, image_size=config.image_size)
    to_target: float | None = None
    for event in Trainer(config, dataset).events():
        if isinstance(event, EpochFinished):
            seconds = event.at.seconds
            print(f"  epoch {event.at.epoch:g}: {event.accuracy:.2%}, {seconds:.1f} s", flush=True)
            if to_target is None and event.accuracy >= TARGET:
                to_target = event.at.seconds
        if isinstance(event, Finished):
            end = event
    return {
        "accuracy": end.accuracy,
        "seconds": end.at.seconds,
        "images_per_second": end.images_per_second,
        "seconds_to_93": to_target,
    }


def measure(
    presets: Mapping[str, Preset], cifar10: str, device: str, *, is_quick: bool
) -> dict[str, Figure]:
    """All figures under flat keys."""
    figures: dict[str, Figure] = {"device": device}
    for name, preset in presets.items():
        print(f"{preset.title} on {device}", flush=True)
        config = replace(preset.config, device=device)
        if config.dataset == "cifar10":
            config = replace(config, dataset=cifar10)
        if is_quick:
            config = replace(config, epochs=1)
        figures |= {f"{name}_{key}": value for key, value in reached(config).items()}
    return figures


def main() -> None:
    parser = command_line(__doc__)
    parser.add_argument("presets", nargs="*", metavar="PRESET", help=", ".join(TITLES))
    parser.add_argument("--dataset", default="cifar10", help="where CIFAR-10 is, a name or path")
    parser.add_argument("--device", default="cpu")
    arguments = parser.parse_args()
    device = resolve_device(arguments.device)
    presets = chosen(arguments.presets, device)
    finish(arguments, measure(presets, arguments.dataset, device, is_quick=arguments.quick))


if __name__ == "__main__":
    main()
