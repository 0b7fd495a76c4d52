"""Training speed: our loop against the Blitz's own loop, and against the kernels alone.

    python -m bench.training [--quick] [--dataset cifar10] [--device cpu] [--precision float32]

Both loops train the same network from the same weights on the same batches in the same order with
the same optimiser, alternately, in one process. The Blitz's loop is the tutorial's: images opened
with PIL, ToTensor, Normalize, a DataLoader with two workers, `.item()` after every step; its time
starts when the first batch is there, so its workers' start does not count.

The floor on a CPU is the time of the PyTorch operations of one of our steps, each run alone in a
loop: no autograd, no Python between them. On a GPU it is that of our recorded steps replayed one
after another and nothing else; our own speed there is that of a run's second half, once all is
recorded, and the kernels of a step are counted and timed.

The last line is JSON with ratio_batch_4, ratio_batch_64 (our images a second over theirs),
floor_ratio_batch_4 (our time over the floor's) and loss_difference; on a GPU also ratio_batch_512,
floor_ratio_batch_512, and kernels and kernel_us of each.
"""

import statistics
import time
from collections.abc import Callable
from dataclasses import dataclass, replace
from typing import Any, get_args

import torch
from PIL import Image
from torch import Tensor, nn
from torch.utils._python_dispatch import TorchDispatchMode
from torch.utils.data import DataLoader, Dataset
from torchvision import transforms

from bench.kernels import kernels_of, show
from bench.report import Figure, command_line, finish
from blitz.datasets import DatasetError, ImageDataset, load_dataset
from blitz.devices import resolve_device, synchronise
from blitz.models import build_model
from blitz.training import TrainConfig, Trainer
from blitz.training.batches import Epoch, epoch_batches, epoch_order
from blitz.training.config import Precision
from blitz.training.events import Finished, StepsDone
from blitz.training.replayed import ReplayedSteps
from blitz.training.step import TrainingStep

MOMENTUM, LR = 0.9, 0.001
GPU_SECONDS = 4.0
"""Length of a run on a GPU; its first half is left out."""


@dataclass(frozen=True, slots=True)
class Measured:
    images_per_second: float
    losses: list[float]
    """Mean loss of each tenth of the run."""


class PicturesFromMemory(Dataset[tuple[Tensor, int]]):
    """What torchvision's CIFAR10 class does: an array, a PIL image on each access, a transform."""

    def __init__(self, dataset: ImageDataset) -> None:
        self.arrays = dataset.train_images.permute(0, 2, 3, 1).contiguous().numpy()
        self.labels = dataset.train_labels.tolist()
        channels = dataset.channels
        self.transform = transforms.Compose(
            [transforms.ToTensor(), transforms.Normalize((0.5,) * channels, (0.5,) * channels)]
        )

    def __len__(self) -> int:
        return len(self.labels)

    def __getitem__(self, index: int) -> tuple[Tensor, int]:
        array = self.arrays[index]
        image = Image.fromarray(array if array.shape[2] == 3 else array[:, :, 0])
        return self.transform(image), self.labels[index]


def tutorial_loop(dataset: ImageDataset, batch_size: int, device: torch.device) -> Measured:
    """One epoch of the tutorial's loop."""
    torch.manual_seed(0)
    net = _network(dataset).to(device)
    optimizer = torch.optim.SGD(net.parameters(), lr=LR, momentum=MOMENTUM)
    criterion = torch.nn.CrossEntropyLoss()
    loader = DataLoader(
        PicturesFromMemory(dataset),
        batch_size=batch_size,
        sampler=epoch_order(len(dataset.train_labels), 0, 0).tolist(),
        num_workers=2,
    )
    losses, seen, start = [], 0, 0.0
    for inputs, labels in loader:
        if start == 0.0:
            start = time.perf_counter()
        inputs, labels = inputs.to(device), labels.to(device)
        optimizer.zero_grad()
        loss = criterion(net(inputs), labels)
        loss.backward()
        optimizer.step()
        losses.append(loss.item())
        seen += len(labels)
    return Measured(seen / (time.perf_counter() - start), _means_of_tenths(losses))


def _network(dataset: ImageDataset) -> nn.Module:
    return build_model(
        "net",
        channels=dataset.channels,
        image_size=dataset.image_size,
        num_classes=dataset.num_classes,
    )


def our_loop(dataset: ImageDataset, batch_size: int, device: torch.device) -> Measured:
    """One epoch of ours, as a run of the dashboard takes it."""
    config = TrainConfig(
        dataset=dataset.name, epochs=1, batch_size=batch_size, lr=LR, momentum=MOMENTUM,
        device=str(device),
    )  # fmt: skip
    speed = 0.0
    for event in Trainer(config, dataset).events():
        if isinstance(event, Finished):
            speed = event.images_per_second
    return Measured(speed, [])


def our_loop_on_gpu(
    dataset: ImageDataset, batch_size: int, device: torch.device, precision: Precision
) -> dict[str, float]:
    """Images a second of a run under way and of its replays alone, and its kernels."""
    config = TrainConfig(
        dataset=dataset.name, epochs=10_000, batch_size=batch_size, lr=LR, momentum=MOMENTUM,
        device=str(device), precision=precision,
    )  # fmt: skip
    return figures_of_replays(Trainer(config, dataset))


def figures_of_replays(trainer: Trainer) -> dict[str, float]:
    """Those of a trainer that replays its steps, after so many seconds of training."""
    marks = []
    for event in trainer.events():
        if isinstance(event, StepsDone):
            marks.append(event.at)
        if event.at.seconds > GPU_SECONDS:
            break
    middle, end = marks[len(marks) // 2], marks[-1]
    assert isinstance(trainer.rounds, ReplayedSteps)
    piece = trainer.rounds.largest()
    assert piece.is_recorded, "else the floor would be no replay"
    kernels = kernels_of(piece.run, trainer.device)
    show(kernels, piece.num_steps)
    seconds = _time_of(piece.run, trainer.device)
    return {
        "ours": (end.images - middle.images) / (end.seconds - middle.seconds),
        "floor": piece.num_steps * piece.batch_size / seconds,
        "kernels": sum(kernel.calls for kernel in kernels) / piece.num_steps,
        "kernel_us": sum(kernel.microseconds for kernel in kernels) / piece.num_steps,
    }


def our_losses(dataset: ImageDataset, batch_size: int, device: torch.device) -> list[float]:
    """Losses of our loop step by step; apart from the timing, which it would disturb."""
    config = TrainConfig(
        dataset=dataset.name, epochs=1, batch_size=batch_size, lr=LR, momentum=MOMENTUM,
        device=str(device),
    )  # fmt: skip
    events = Trainer(config, dataset, summary_seconds=0).events()
    return _means_of_tenths([event.loss for event in events if isinstance(event, StepsDone)])


def _means_of_tenths(losses: list[float]) -> list[float]:
    tenth = max(1, len(losses) // 10)
    return [statistics.fmean(losses[i : i + tenth]) for i in range(0, tenth * 10, tenth)]


class Recorder(TorchDispatchMode):
    """Notes every PyTorch operation that runs, with its arguments."""

    def __init__(self) -> None:
        super().__init__()  # type: ignore[no-untyped-call]
        self.calls: list[Callable[[], Any]] = []

    def __torch_dispatch__(self, func: Any, types: Any, args: Any = (), kwargs: Any = None) -> Any:
        kwargs = kwargs or {}
        self.calls.append(lambda: func(*args, **kwargs))
        return func(*args, **kwargs)


def floor_speed(dataset: ImageDataset, batch_size: int, device: torch.device) -> float:
    """Images a second if a step were nothing but its operations' own time."""
    config = TrainConfig(dataset=dataset.name, batch_size=batch_size, lr=LR, momentum=MOMENTUM)
    torch.manual_seed(0)
    on_device = dataset.to(device)
    model = _network(dataset).to(device)
    step = TrainingStep(config, model, on_device)
    epoch = Epoch(order=epoch_order(len(dataset.train_labels), 0, 0))
    images, labels = next(epoch_batches(on_device, epoch, batch_size))
    with step.at_full_speed():
        step.take(images, labels, LR)
        with Recorder() as recorder:
            step.take(images, labels, LR)
        with torch.no_grad():
            seconds = sum(_time_of(call, device) for call in recorder.calls)
    return batch_size / seconds


def _time_of(call: Callable[[], Any], device: torch.device, repeats: int = 7) -> float:
    times = []
    for _ in range(repeats):
        start = time.perf_counter()
        for _ in range(20):
            call()
        synchronise(device)
        times.append((time.perf_counter() - start) / 20)
    return statistics.median(times)


def load_images(source: str) -> ImageDataset:
    """The data set, or noise of CIFAR-10's shape where it cannot be had: speed is the same."""
    try:
        return load_dataset(source)
    except DatasetError as error:
        print(f"{error}\nMeasuring on random images of CIFAR-10's shape instead.")
        return noise()


def noise() -> ImageDataset:
    """Random images of CIFAR-10's shape."""
    generator = torch.Generator().manual_seed(0)

    def images_and_labels(count: int) -> tuple[Tensor, Tensor]:
        images = torch.randint(0, 256, (count, 3, 32, 32), generator=generator, dtype=torch.uint8)
        return images, torch.randint(0, 10, (count,), generator=generator)

    (train, train_labels), (test, test_labels) = images_and_labels(50_000), images_and_labels(1_000)
    return ImageDataset(
        name="noise", classes=tuple("0123456789"), mean=0.5, std=0.5,
        train_images=train, train_labels=train_labels, test_images=test, test_labels=test_labels,
    )  # fmt: skip


def subset(dataset: ImageDataset, count: int) -> ImageDataset:
    """The first `count` training images, and few test images: only training is measured."""
    return replace(
        dataset,
        train_images=dataset.train_images[:count],
        train_labels=dataset.train_labels[:count],
        test_images=dataset.test_images[:100],
        test_labels=dataset.test_labels[:100],
    )


def measure(
    dataset: ImageDataset,
    batch_size: int,
    device: torch.device,
    repeats: int,
    precision: Precision,
) -> dict[str, float]:
    """Medians of alternating runs, as a row of the table and for the JSON."""
    rows: list[dict[str, float]] = []
    theirs_losses: list[float] = []
    for _ in range(repeats):
        tutorial = tutorial_loop(dataset, batch_size, device)
        theirs_losses = tutorial.losses
        if device.type == "cuda":
            own = our_loop_on_gpu(dataset, batch_size, device, precision)
        else:
            own = {
                "ours": our_loop(dataset, batch_size, device).images_per_second,
                "floor": floor_speed(dataset, batch_size, device),
            }
        theirs = tutorial.images_per_second
        rows.append(
            {
                **own,
                "tutorial": theirs,
                "ratio": own["ours"] / theirs,
                "floor_ratio": own["floor"] / own["ours"],
            }
        )
    figures = {name: statistics.median(row[name] for row in rows) for name in rows[0]}
    pairs = zip(theirs_losses, our_losses(dataset, batch_size, device), strict=True)
    figures["loss_difference"] = max(abs(a - b) for a, b in pairs)
    return figures


def main() -> None:
    parser = command_line(__doc__)
    parser.add_argument("--dataset", default="cifar10", help="a data set's name or path")
    parser.add_argument("--device", default="cpu")
    parser.add_argument(
        "--precision", default="float32", choices=get_args(Precision), help="of ours on a GPU"
    )
    arguments = parser.parse_args()
    device = torch.device(resolve_device(arguments.device))
    dataset = load_images(arguments.dataset)
    repeats = 3 if arguments.quick else 5
    summary: dict[str, Figure] = {"device": str(device), "precision": arguments.precision}
    print(f"{dataset.name} on {device}, torch {torch.__version__}, "
          f"{torch.get_num_threads()} threads; images a second, median of {repeats}")  # fmt: skip
    print(f"{'batch':>6} {'tutorial':>9} {'ours':>9} {'floor':>9} {'ratio':>6} {'to floor':>9}"
          f" {'loss apart':>11}")  # fmt: skip
    differences = []
    sizes = {4: 4_000, 64: 19_200}
    if device.type == "cuda":
        sizes = {4: 12_500, 64: 25_000, 512: 25_000}
    for batch_size, count in sizes.items():
        size = count // 2 if arguments.quick else 2 * count
        row = measure(subset(dataset, size), batch_size, device, repeats, arguments.precision)
        print(f"{batch_size:>6} {row['tutorial']:>9,.0f} {row['ours']:>9,.0f} "
              f"{row['floor']:>9,.0f} {row['ratio']:>5.2f}× {row['floor_ratio']:>8.2f}× "
              f"{row['loss_difference']:>11.1e}")  # fmt: skip
        summary[f"ratio_batch_{batch_size}"] = row["ratio"]
        summary[f"floor_ratio_batch_{batch_size}"] = row["floor_ratio"]
        summary[f"images_per_second_batch_{batch_size}"] = row["ours"]
        for name in ("kernels", "kernel_us"):
            if name in row:
                summary[f"{name}_batch_{batch_size}"] = row[name]
        differences.append(row["loss_difference"])
    summary["loss_difference"] = max(differences)
    finish(arguments, summary)


if __name__ == "__main__":
    main()
