"""A network of `blitz.models` with random weights, images and labels, written as a program.

Knows nothing about where its numbers come from: the text is written anew from them.
"""

import math

from blitz.autograd.program.reading import Program, read_program
from blitz.model_memory import check_memory, most_images
from blitz.models import MODELS

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
    has_batch_norm, is_frozen = MODELS[model].has_batch_norm, model.endswith("frozen")
    fewest = 2 if has_batch_norm else 1
    choices = {
        "channels": channels, "image_size": image_size, "num_classes": num_classes, "width": width,
    }  # fmt: skip
    check_memory(model, **choices, num_images=fewest)
    most = min(MOST_IMAGES, most_images(model, **choices))
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
        note=_FROZEN if is_frozen else _BATCH_NORM if has_batch_norm else _OPEN,
        first=min(FIRST_IMAGES, most),
        fewest=fewest,
        most=most,
    )
    # Programs of one name share what Python knows of their lines; few names keep that small.
    return read_program(source, f"model-{model}-{most}")
