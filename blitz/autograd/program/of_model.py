"""A network of `blitz.models` with random weights, images and labels, written as a program.

Knows nothing about where its numbers come from: the text is written anew from them.
"""

import math

import torch
from torch import Tensor, nn

from blitz.autograd.program.reading import Program, read_program
from blitz.models import MODELS, build_model, count_parameters

MOST_PARAMETERS = 30_000_000
MOST_SAVED_BYTES = 256 * 2**20
"""What autograd may keep for the backward pass."""
MOST_IMAGES = 64
FIRST_IMAGES = 4

_SOURCE = '''\
"""{title} with cross-entropy

Random weights of seed {seed} and random images of {channels}×{size}×{size}, with a random label
each. A network that knows nothing about {num_classes:,} classes is expected to have a loss near
ln {num_classes} = {expected:.3f}. {note}

Graph: loss of model
"""

import torch
from torch import nn

from blitz.models import build_model, count_parameters

batch_size = {first}  # {fewest} to {most}: number of images

torch.manual_seed({seed})
model = build_model("{model}", {arguments})
images = torch.randn(batch_size, {channels}, {size}, {size})
labels = torch.randint({num_classes}, (batch_size,))
logits = model(images)  # [batch, {num_classes}]
loss = nn.functional.cross_entropy(logits, labels)

print("parameters", count_parameters(model))
print("loss", loss.item())
'''
_OPEN = "Open a layer to see its operations."
_BATCH_NORM = (
    "Batch normalisation takes its mean from the batch, so the batch has two images or more."
)
_FROZEN = "Only the last layer needs gradients, so the graph reaches no further back."


def model_program(
    model: str, *, channels: int, image_size: int, num_classes: int, width: int, seed: int
) -> Program:
    """The program; ValueError in one line for a network that is too large or cannot be built."""
    saved = _saved_bytes_of_an_image(
        model, channels=channels, image_size=image_size, num_classes=num_classes, width=width
    )
    is_resnet, is_frozen = model.startswith("resnet18"), model.endswith("frozen")
    fewest = 2 if is_resnet else 1
    most = min(MOST_IMAGES, MOST_SAVED_BYTES // saved)
    if most < fewest:
        raise ValueError(
            f"image_size: {image_size} was given; autograd would keep {saved // 2**20:,} MiB an "
            f"image; at most {MOST_SAVED_BYTES // 2**20} MiB are allowed for {fewest} together"
        )
    arguments = f"channels={channels}, image_size={image_size}, num_classes={num_classes}"
    source = _SOURCE.format(
        title=MODELS[model].title,
        model=model,
        channels=channels,
        size=image_size,
        num_classes=num_classes,
        arguments=arguments if width == 1 else f"{arguments}, width={width}",
        seed=seed,
        expected=math.log(num_classes),
        note=_FROZEN if is_frozen else _BATCH_NORM if is_resnet else _OPEN,
        first=min(FIRST_IMAGES, most),
        fewest=fewest,
        most=most,
    )
    # Programs of one name share what Python knows of their lines; few names keep that small.
    return read_program(source, f"model-{model}-{most}")


def _saved_bytes_of_an_image(
    name: str, *, channels: int, image_size: int, num_classes: int, width: int
) -> int:
    """What the operations keep for each image, found without computing anything."""
    with torch.device("meta"):
        model = build_model(
            name, channels=channels, image_size=image_size, num_classes=num_classes, width=width
        )
        model.requires_grad_()  # a frozen one keeps nothing, yet its layers take as much meanwhile
        num_parameters = count_parameters(model)
        if num_parameters > MOST_PARAMETERS:
            raise ValueError(
                f"model: {name} for images of {image_size}×{image_size} and {num_classes:,} "
                f"classes has {num_parameters:,} parameters; at most {MOST_PARAMETERS:,} are shown"
            )
        images = torch.empty(2, channels, image_size, image_size)
    saved = [images.nbytes]

    def keep(tensor: Tensor) -> Tensor:
        if not isinstance(tensor if tensor._base is None else tensor._base, nn.Parameter):
            saved.append(tensor.nbytes)
        return tensor

    with torch.autograd.graph.saved_tensors_hooks(keep, lambda tensor: tensor):
        model(images)
    return sum(saved) // 2
