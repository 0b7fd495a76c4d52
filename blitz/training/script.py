"""A run as a Python script of the tutorial's kind that trains the same thing without Blitz.

The networks, the split and the tricks appear with their own source, so the script cannot drift away
from what was trained. Batches, flips and shifts are drawn otherwise than in the run, so its numbers
differ a little.
"""

import inspect
from pathlib import Path

from blitz.datasets import BUILTIN_DATASETS, ImageDataset, splitting
from blitz.models import MODELS, model_source
from blitz.training import script_tricks
from blitz.training.config import TrainConfig

_TORCHVISION_CLASSES = {"mnist": "MNIST", "fashion-mnist": "FashionMNIST", "cifar10": "CIFAR10"}

# Import lines in order, each with what in the script needs it.
_IMPORTS = (
    ("import shutil", "shutil."),
    ("from collections.abc import Iterator", "Iterator["),
    ("from contextlib import contextmanager", "@contextmanager"),
    ("from pathlib import Path", "Path("),
    ("from typing import Literal", "Literal["),
    ("", ""),
    ("import numpy as np", "np."),
    ("import torch", "torch."),
    ("import torch.nn.functional as F", "F."),
    ("import torchvision", "torchvision."),
    ("from numpy.typing import NDArray", "NDArray"),
    ("from sklearn.datasets import load_digits", "load_digits("),
    ("from torch import Tensor, nn", "nn."),
    ("from torch.utils.data import DataLoader, Dataset, Subset, TensorDataset", "DataLoader("),
    ("from torchvision import transforms", "transforms."),
)


def training_script(config: TrainConfig, dataset: ImageDataset) -> str:
    """The source of a script that trains `config` on `dataset` and prints its test accuracy."""
    body = "\n\n".join(
        part.strip("\n") + "\n"
        for part in (
            _data(config, dataset),
            "# The network\n\n\n" + model_source(config.model),
            script_tricks.definitions(config),
            _construction(config, dataset),
            _loop(config),
            _test(config),
        )
        if part
    )
    imports = "\n".join(line for line, needed_by in _IMPORTS if needed_by in body)
    return (
        f'''"""Train {config.model} as in the PyTorch 60 Minute Blitz. Written by Blitz."""

{imports.strip()}

torch.manual_seed({config.seed})
device = torch.device({_device_expression(config.device)})

'''
        + body
    )


def _device_expression(device: str) -> str:
    if device in ("auto", "cuda"):
        return '"cuda" if torch.cuda.is_available() else "cpu"'
    return repr(device)


# Data


def _data(config: TrainConfig, dataset: ImageDataset) -> str:
    if config.dataset == "digits":
        body = _digits(dataset)
    elif config.dataset in _TORCHVISION_CLASSES:
        body = _torchvision(config, dataset)
    else:
        body = _class_folders(config, dataset)
    return f"""
# The data

{body.strip()}
{script_tricks.changed_images(config, dataset)}batch_size = {config.batch_size}
{_train_loader(config, dataset)}
test_loader = DataLoader(test_set, batch_size=1000)
"""


def _train_loader(config: TrainConfig, dataset: ImageDataset) -> str:
    # Batch normalisation cannot learn from a last image alone.
    is_alone = len(dataset.train_labels) % config.batch_size == 1
    drop = ", drop_last=True" if is_alone and MODELS[config.model].has_batch_norm else ""
    return f"train_loader = DataLoader(train_set, batch_size=batch_size, shuffle=True{drop})"


def _split_source() -> str:
    return (
        f"_TEST_FRACTION, _SEED = {splitting._TEST_FRACTION!r}, {splitting._SEED!r}\n\n\n"
        + inspect.getsource(splitting.split_by_class)
    )


def _digits(dataset: ImageDataset) -> str:
    return f"""
{_split_source()}

digits = load_digits()
images = torch.tensor(digits.images, dtype=torch.float32).unsqueeze(1) / 16  # [1797, 1, 8, 8]
images = F.interpolate(images, size={dataset.image_size}, mode="bilinear")
images = (images - {dataset.mean}) / {dataset.std}
labels = torch.tensor(digits.target)
classes = {dataset.classes!r}
train_indices, test_indices = split_by_class(digits.target)
train_set = TensorDataset(images[train_indices], labels[train_indices])
test_set = TensorDataset(images[test_indices], labels[test_indices])
"""


def _transform(dataset: ImageDataset, *steps: str) -> str:
    means, stds = (dataset.mean,) * dataset.channels, (dataset.std,) * dataset.channels
    all_steps = [*steps, "transforms.ToTensor()", f"transforms.Normalize({means}, {stds})"]
    lines = "".join(f"        {step},\n" for step in all_steps)
    return f"transform = transforms.Compose(\n    [\n{lines}    ]\n)"


def _torchvision(config: TrainConfig, dataset: ImageDataset) -> str:
    name = _TORCHVISION_CLASSES[config.dataset]
    is_own_size = dataset.image_size == BUILTIN_DATASETS[config.dataset].image_size
    steps = () if is_own_size else (f"transforms.Resize({dataset.image_size})",)
    return f"""
{_transform(dataset, *steps)}
train_set = torchvision.datasets.{name}("data", train=True, download=True, transform=transform)
test_set = torchvision.datasets.{name}("data", train=False, download=True, transform=transform)
classes = {dataset.classes!r}
"""


def _class_folders(config: TrainConfig, dataset: ImageDataset) -> str:
    path = Path(config.dataset).expanduser().absolute()
    size = dataset.image_size
    steps = [f"transforms.Resize({size})", f"transforms.CenterCrop({size})"]
    if dataset.channels == 1:
        steps.insert(0, "transforms.Grayscale()")
    return f"""
{_split_source()}

root = Path({str(path)!r})
if root.is_file():  # an archive
    unpacked = Path("data") / root.stem
    safely = {{}} if root.suffix == ".zip" else {{"filter": "data"}}
    shutil.unpack_archive(root, unpacked, **safely)
    root = unpacked
    shutil.rmtree(root / "__MACOSX", ignore_errors=True)
while len(entries := [e for e in root.iterdir() if not e.name.startswith((".", "__"))]) == 1:
    root = entries[0]
{_transform(dataset, *steps)}
classes = {dataset.classes!r}
folders = {{folder.name.lower(): folder for folder in root.iterdir() if folder.is_dir()}}
if "train" in folders:
    test_name = next(n for n in ("test", "val", "validation", "valid") if n in folders)
    train_set = torchvision.datasets.ImageFolder(folders["train"], transform)
    test_set = torchvision.datasets.ImageFolder(folders[test_name], transform)
else:
    whole_set = torchvision.datasets.ImageFolder(root, transform)
    train_indices, test_indices = split_by_class(np.array(whole_set.targets))
    train_set = Subset(whole_set, train_indices.tolist())
    test_set = Subset(whole_set, test_indices.tolist())
"""


# The network and its optimiser


def _construction(config: TrainConfig, dataset: ImageDataset) -> str:
    return f"""
{_build(config, dataset)}
{script_tricks.whitening(config, dataset)}net.to(device)
{_optimiser(config)}
{_schedule(config)}{script_tricks.averaging(config)}"""


def _build(config: TrainConfig, dataset: ImageDataset) -> str:
    size, channels, classes = dataset.image_size, dataset.channels, dataset.num_classes
    match config.model:
        case "net" | "net3x3":
            name = "Net" if config.model == "net" else "Net3x3"
            return (
                f"net = {name}(channels={channels}, image_size={size}, "
                f"num_classes={classes}, width={config.width})"
            )
        case "mlp" | "speed":
            name = "MLP" if config.model == "mlp" else "SpeedNet"
            return f"net = {name}(channels={channels}, image_size={size}, num_classes={classes})"
        case _:
            return _build_resnet(config, channels, classes)


def _build_resnet(config: TrainConfig, channels: int, classes: int) -> str:
    first = (
        'weights["conv1.weight"] = weights["conv1.weight"].sum(dim=1, keepdim=True)\n'
        if channels == 1
        else ""
    )
    freeze = "freeze_all_but_last(net)\n" if config.model == "resnet18-frozen" else ""
    is_pretrained = MODELS[config.model].is_pretrained
    pretrained = f"""
try:
    weights = torchvision.models.ResNet18_Weights.DEFAULT.get_state_dict()
except OSError as error:
    print(f"ImageNet weights could not be downloaded: {{error}}")
    weights = net.state_dict()
else:
    {first}weights = {{k: v for k, v in weights.items() if not k.startswith("fc.")}}
net.load_state_dict(weights, strict=False)
"""
    return f"net = resnet18({channels}, {classes})\n{pretrained if is_pretrained else ''}{freeze}"


def _optimiser(config: TrainConfig) -> str:
    decay = f", weight_decay={config.weight_decay!r}" if config.weight_decay else ""
    momentum = f", momentum={config.momentum!r}" if config.momentum else ""
    arguments = {
        "sgd": f"SGD(learnable, lr={config.lr!r}{momentum}{decay})",
        "nesterov": f"SGD(learnable, lr={config.lr!r}{momentum}, nesterov=True{decay})",
        "adam": f"Adam(learnable, lr={config.lr!r}{decay})",
        # AdamW's own default is not 0.
        "adamw": f"AdamW(learnable, lr={config.lr!r}, weight_decay={config.weight_decay!r})",
        "rmsprop": f"RMSprop(learnable, lr={config.lr!r}{momentum}{decay})",
    }
    return f"""learnable = [p for p in net.parameters() if p.requires_grad]
{script_tricks.parameter_groups(config)}optimizer = torch.optim.{arguments[config.optimizer]}"""


def _schedule(config: TrainConfig) -> str:
    steps = f"total_steps = {config.epochs} * len(train_loader)\n"
    lr = script_tricks.highest_rates(config)
    lines = {
        "constant": "",
        "step": "MultiStepLR(optimizer, [-(-total_steps // 3), -(-2 * total_steps // 3)])",
        "cosine": "CosineAnnealingLR(optimizer, total_steps)",
        "one-cycle": f"OneCycleLR(optimizer, {lr}, total_steps, cycle_momentum=False)",
        "triangular": "LambdaLR(optimizer, lambda step: triangle(step, total_steps))",
    }
    line = lines[config.schedule]
    scheduler = f"scheduler = torch.optim.lr_scheduler.{line}\n" if line else ""
    return steps + scheduler if scheduler or config.averaging != "none" else ""


# Training and testing


def _loop(config: TrainConfig) -> str:
    smoothing = config.label_smoothing
    criterion = f"nn.CrossEntropyLoss({f'label_smoothing={smoothing!r}' if smoothing else ''})"
    if config.loss == "mse":
        target = "F.one_hot(y, len(classes)).float()"
        if smoothing:
            target = f"{target} * {1 - smoothing!r} + {smoothing!r} / len(classes)"
        criterion = f"lambda outputs, y: F.mse_loss(outputs, {target})"
    context, indent = "", ""
    if config.precision == "bf16":
        context = "        with torch.autocast(device.type, torch.bfloat16):\n"
        indent = "    "
    scheduler = "" if config.schedule == "constant" else "        scheduler.step()\n"
    epoch = "" if config.augment == "none" else "    train_set.epoch = epoch\n"
    average = ""
    if config.averaging != "none":
        average = "        average.update(step)\n        step += 1\n"
    return f"""
# Training

criterion = {criterion}
for epoch in range({config.epochs}):
{epoch}    running_loss = 0.0
    for inputs, labels in train_loader:
        inputs, labels = inputs.to(device), labels.to(device)
        optimizer.zero_grad()
{context}{indent}        outputs = net(inputs)
{indent}        loss = criterion(outputs, labels)
        loss.backward()
        optimizer.step()
{scheduler}{average}        running_loss += loss.item()
    print(f"epoch {{epoch + 1}}: training loss {{running_loss / len(train_loader):.3f}}")
"""


def _test(config: TrainConfig) -> str:
    answer = "(net(inputs) + net(inputs.flip(3)))" if config.test_flips else "net(inputs)"
    return f"""
# Testing

net.eval()
correct = torch.zeros(len(classes))
total = torch.zeros(len(classes))
with torch.no_grad():
    for inputs, labels in test_loader:
        inputs = inputs.to(device)
        predicted = {answer}.argmax(1).cpu()
        total += torch.bincount(labels, minlength=len(classes))
        correct += torch.bincount(labels[predicted == labels], minlength=len(classes))
for name, part, whole in zip(classes, correct, total):
    print(f"accuracy of {{name}}: {{100 * part / whole:.1f}}%")
print(f"accuracy on {{int(total.sum())}} test images: {{100 * correct.sum() / total.sum():.2f}}%")

torch.save(net.state_dict(), "weights.pth")
"""
