"""Sweeps: members trained together against the same members one after another.

    python -m bench.sweep [--quick] [--device cpu]

Both train `net` on noise of CIFAR-10's shape, from the same weights with learning rates around
0.001, alternately, in one process: one after another with the ordinary trainer, then together.
Images a second count every member's images; building networks and data is not counted.

The last line is JSON with together_ratio (16 members at batch 4: together over one after another,
median of the pairs), and the same for other numbers of members and batch sizes.
"""

import statistics
from dataclasses import dataclass, replace

import torch

from bench.report import Figure, command_line, finish
from bench.training import noise, subset
from blitz.datasets import ImageDataset
from blitz.devices import resolve_device
from blitz.training import TrainConfig, Trainer
from blitz.training.events import Finished
from blitz.training.groups import is_worth_it
from blitz.training.together import Group


@dataclass(frozen=True, kw_only=True, slots=True)
class Case:
    members: int
    batch_size: int
    images: int
    """Training images of one epoch for each member."""


CASES = (
    Case(members=16, batch_size=4, images=2_000),
    Case(members=4, batch_size=4, images=4_000),
    Case(members=64, batch_size=4, images=400),
    Case(members=16, batch_size=64, images=4_096),
)
QUICK_SHARE = 4


def configs_of(case: Case, device: torch.device) -> list[TrainConfig]:
    base = TrainConfig(
        dataset="cifar10", epochs=1, batch_size=case.batch_size, momentum=0.9, device=str(device)
    )
    return [
        replace(base, lr=0.0005 + 0.001 * index / case.members, seed=index)
        for index in range(case.members)
    ]


def one_after_another(configs: list[TrainConfig], dataset: ImageDataset) -> float:
    """Images a second of the ordinary trainer, one run after another."""
    images = seconds = 0.0
    for config in configs:
        for event in Trainer(config, dataset).events():
            if isinstance(event, Finished):
                images += event.at.images
                seconds += event.at.seconds
    return images / seconds


def together(configs: list[TrainConfig], dataset: ImageDataset) -> float:
    """Images a second of all members together."""
    group = Group(configs, dataset)
    ends = [event.at for _, event in group.events() if isinstance(event, Finished)]
    return sum(at.images for at in ends) / max(at.seconds for at in ends)


def measure(case: Case, dataset: ImageDataset, device: torch.device, repeats: int) -> list[float]:
    """Medians of images a second alone and together, and of the ratio of each pair."""
    configs = configs_of(case, device)
    images = subset(dataset, case.images).to(device)
    # All members alone would only take longer: each is as fast as the others.
    sample = configs[: max(1, case.members // 8)]
    pairs = [(one_after_another(sample, images), together(configs, images)) for _ in range(repeats)]
    alone, joint = zip(*pairs, strict=True)
    ratio = statistics.median([b / a for a, b in pairs])
    return [statistics.median(alone), statistics.median(joint), ratio]


def main() -> None:
    parser = command_line(__doc__)
    parser.add_argument("--device", default="cpu")
    arguments = parser.parse_args()
    device = torch.device(resolve_device(arguments.device))
    dataset = noise()
    repeats = 3 if arguments.quick else 7
    print(f"net on noise of CIFAR-10's shape, {device}, torch {torch.__version__}, "
          f"{torch.get_num_threads()} threads; images a second, median of {repeats}")  # fmt: skip
    print(
        f"{'members':>7} {'batch':>5} {'one after another':>18} {'together':>9} {'ratio':>6} used"
    )
    summary: dict[str, Figure] = {"device": str(device)}
    for case in CASES:
        if arguments.quick:
            case = replace(case, images=case.images // QUICK_SHARE)
        alone, joint, ratio = measure(case, dataset, device, repeats)
        used = "yes" if is_worth_it(configs_of(case, device)) else "no"
        print(f"{case.members:>7} {case.batch_size:>5} {alone:>18,.0f} {joint:>9,.0f} "
              f"{ratio:>5.2f}× {used}", flush=True)  # fmt: skip
        summary[f"ratio_{case.members}_members_batch_{case.batch_size}"] = ratio
    summary["together_ratio"] = summary["ratio_16_members_batch_4"]
    finish(arguments, summary)


if __name__ == "__main__":
    main()
