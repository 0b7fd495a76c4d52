"""The networks of the Blitz, built for a data set's channels, image size and classes.

Knows nothing about data or training. A network's class is its own documentation: the exported
training script shows its source as it stands here.
"""

import inspect
from collections.abc import Callable
from dataclasses import dataclass

import torch
import torch.nn.functional as F
from torch import Tensor, nn


class Net(nn.Module):
    """Two convolutions of 5×5 with pooling, then three linear layers (LeNet's shape).

    Input [batch, channels, size, size], output logits [batch, num_classes].
    """

    def __init__(
        self, channels: int = 1, image_size: int = 32, num_classes: int = 10, width: int = 1
    ) -> None:
        super().__init__()
        side = ((image_size - 4) // 2 - 4) // 2
        self.conv1 = nn.Conv2d(channels, 6 * width, 5)
        self.conv2 = nn.Conv2d(6 * width, 16, 5)
        self.fc1 = nn.Linear(16 * side * side, 120)
        self.fc2 = nn.Linear(120, 84)
        self.fc3 = nn.Linear(84, num_classes)

    def forward(self, x: Tensor) -> Tensor:
        x = F.max_pool2d(F.relu(self.conv1(x)), 2)  # [batch, 6·width, 14, 14] from 32×32
        x = F.max_pool2d(F.relu(self.conv2(x)), 2)  # [batch, 16, 5, 5]
        x = torch.flatten(x, 1)  # [batch, 400]
        x = F.relu(self.fc1(x))
        x = F.relu(self.fc2(x))
        logits: Tensor = self.fc3(x)
        return logits


class Net3x3(nn.Module):
    """The same network with kernels of 3×3.

    Input [batch, channels, size, size], output logits [batch, num_classes].
    """

    def __init__(
        self, channels: int = 1, image_size: int = 32, num_classes: int = 10, width: int = 1
    ) -> None:
        super().__init__()
        side = ((image_size - 2) // 2 - 2) // 2
        self.conv1 = nn.Conv2d(channels, 6 * width, 3)
        self.conv2 = nn.Conv2d(6 * width, 16, 3)
        self.fc1 = nn.Linear(16 * side * side, 120)
        self.fc2 = nn.Linear(120, 84)
        self.fc3 = nn.Linear(84, num_classes)

    def forward(self, x: Tensor) -> Tensor:
        x = F.max_pool2d(F.relu(self.conv1(x)), 2)  # [batch, 6·width, 15, 15] from 32×32
        x = F.max_pool2d(F.relu(self.conv2(x)), 2)  # [batch, 16, 6, 6]
        x = torch.flatten(x, 1)  # [batch, 576]
        x = F.relu(self.fc1(x))
        x = F.relu(self.fc2(x))
        logits: Tensor = self.fc3(x)
        return logits


class MLP(nn.Module):
    """Every pixel to 512 units, 512 units again, then the classes, with ReLU between.

    Input [batch, channels, size, size], output logits [batch, num_classes].
    """

    def __init__(self, channels: int = 1, image_size: int = 28, num_classes: int = 10) -> None:
        super().__init__()
        self.flatten = nn.Flatten()
        self.linear_relu_stack = nn.Sequential(
            nn.Linear(channels * image_size * image_size, 512),
            nn.ReLU(),
            nn.Linear(512, 512),
            nn.ReLU(),
            nn.Linear(512, num_classes),
        )

    def forward(self, x: Tensor) -> Tensor:
        logits: Tensor = self.linear_relu_stack(self.flatten(x))
        return logits


class ConvGroup(nn.Module):
    """Two convolutions of 3×3, each normalised, with a pooling that halves the side."""

    def __init__(self, channels_in: int, channels_out: int) -> None:
        super().__init__()
        self.conv1 = nn.Conv2d(channels_in, channels_out, 3, padding=1, bias=False)
        self.norm1 = nn.BatchNorm2d(channels_out, momentum=0.4)
        self.conv2 = nn.Conv2d(channels_out, channels_out, 3, padding=1, bias=False)
        self.norm2 = nn.BatchNorm2d(channels_out, momentum=0.4)
        for conv in (self.conv1, self.conv2):
            # As many filters as there are inputs begin by passing one of them on.
            nn.init.dirac_(conv.weight.detach()[: conv.in_channels])
        for norm in (self.norm1, self.norm2):
            norm.weight.requires_grad = False  # the convolution before it has a scale already

    def forward(self, x: Tensor) -> Tensor:
        x = F.gelu(self.norm1(F.max_pool2d(self.conv1(x), 2)))  # [batch, out, side / 2, side / 2]
        return F.gelu(self.norm2(self.conv2(x)))


class SpeedNet(nn.Module):
    """A VGG-like network made for speed records: 2 million parameters at width 1.

    A convolution of 2×2 (to be whitened), three groups of two convolutions, the largest answer of
    each feature map, and a linear layer whose logits are scaled down to a gentle start. After
    Jordan 2024 ("94% on CIFAR-10 in 3.29 Seconds on a Single GPU", arXiv 2404.00498), who builds on
    tysam-code's hlb-CIFAR10 (2023) and Page's "How to Train Your ResNet" (2018).

    Input [batch, channels, size, size], output logits [batch, num_classes].
    """

    def __init__(
        self, channels: int = 3, image_size: int = 32, num_classes: int = 10, width: int = 1
    ) -> None:
        super().__init__()
        # Two filters, one the other's negative, for each direction that a patch can vary in.
        num_filters = 2 * (channels * 2 * 2)
        self.side = (image_size - 1) // 8
        self.first = nn.Conv2d(channels, num_filters, 2)
        self.group1 = ConvGroup(num_filters, 64 * width)
        self.group2 = ConvGroup(64 * width, 256 * width)
        self.group3 = ConvGroup(256 * width, 256 * width)
        self.head = nn.Linear(256 * width, num_classes, bias=False)

    def forward(self, x: Tensor) -> Tensor:
        x = F.gelu(self.first(x))  # [batch, 24, 31, 31] from 3×32×32
        x = self.group1(x)  # [batch, 64, 15, 15]
        x = self.group2(x)  # [batch, 256, 7, 7]
        x = self.group3(x)  # [batch, 256, 3, 3]
        x = F.max_pool2d(x, self.side).flatten(1)  # [batch, 256]
        logits: Tensor = self.head(x) / 9
        return logits


def resnet18(channels: int = 3, num_classes: int = 10) -> nn.Module:
    """ResNet-18 of torchvision with random weights and a last layer of `num_classes`."""
    import torchvision  # takes as long as torch itself, and only ResNet needs it

    model: nn.Module = torchvision.models.resnet18(weights=None, num_classes=num_classes)
    if channels != 3:
        model.conv1 = nn.Conv2d(channels, 64, 7, stride=2, padding=3, bias=False)
    return model


def freeze_all_but_last(model: nn.Module) -> nn.Module:
    """Let only the last linear layer `fc` learn, as in fine-tuning."""
    for name, parameter in model.named_parameters():
        parameter.requires_grad = name.startswith("fc.")
    return model


@dataclass(frozen=True, kw_only=True, slots=True)
class ModelInfo:
    """What there is to know about a network before it is built."""

    title: str
    description: str
    smallest_image: int
    """Height and width in pixels below which a layer would have nothing left to work on."""
    has_width: bool = False
    has_batch_norm: bool = False
    """Whether it learns only from batches of two images or more."""
    is_pretrained: bool = False
    """Whether weights learned on ImageNet are used when they can be had."""


MODELS: dict[str, ModelInfo] = {
    "net": ModelInfo(
        title="Net (5×5)",
        description="Two 5×5 convolutions, three linear layers: the Blitz's network",
        smallest_image=16,
        has_width=True,
    ),
    "net3x3": ModelInfo(
        title="Net (3×3)",
        description="The same with 3×3 kernels",
        smallest_image=10,
        has_width=True,
    ),
    "mlp": ModelInfo(
        title="MLP",
        description="Flatten, 512, 512, classes: no convolution",
        smallest_image=1,
    ),
    "speed": ModelInfo(
        title="SpeedNet",
        description="Seven convolutions made for speed records; in the paper 94% on CIFAR-10 "
        "in ten epochs",
        smallest_image=9,
        has_width=True,
        has_batch_norm=True,
    ),
    "resnet18": ModelInfo(
        title="ResNet-18",
        description="18 layers with residual connections, pretrained when the weights can be had",
        smallest_image=8,
        is_pretrained=True,
        has_batch_norm=True,
    ),
    "resnet18-frozen": ModelInfo(
        title="ResNet-18, frozen",
        description="Only the last layer learns; the others keep their pretrained weights",
        smallest_image=8,
        is_pretrained=True,
        has_batch_norm=True,
    ),
}


def check_model(name: str, *, image_size: int, width: int = 1) -> None:
    """Raise ValueError in one line where this network cannot be built for these images."""
    if name not in MODELS:
        raise ValueError(f"model: {name!r} was given; choose {', '.join(MODELS)}")
    info = MODELS[name]
    if image_size < info.smallest_image:
        raise ValueError(
            f"image_size: {name} needs images of at least {info.smallest_image}×"
            f"{info.smallest_image} pixels; these have {image_size}×{image_size}"
        )
    if width != 1 and not info.has_width:
        raise ValueError(f"width: {width} was given; {name} has only width 1")


def build_model(
    name: str,
    *,
    channels: int | None = None,
    image_size: int | None = None,
    num_classes: int = 10,
    width: int = 1,
) -> nn.Module:
    """Build a network with random weights from the global random state.

    Left out, `channels` and `image_size` are those of the Blitz: 1×32×32 for the small networks,
    1×28×28 for the MLP, 3×32×32 for SpeedNet and 3×224×224 for ResNet. Raises ValueError for what
    cannot be built.
    """
    is_resnet = name.startswith("resnet18")
    channels = channels or (3 if is_resnet or name == "speed" else 1)
    image_size = image_size or {"mlp": 28}.get(name, 224 if is_resnet else 32)
    check_model(name, image_size=image_size, width=width)
    if is_resnet:
        model = resnet18(channels, num_classes)
        return freeze_all_but_last(model) if name == "resnet18-frozen" else model
    if name == "mlp":
        return MLP(channels, image_size, num_classes)
    networks: dict[str, type[Net | Net3x3 | SpeedNet]] = {
        "net": Net, "net3x3": Net3x3, "speed": SpeedNet,
    }  # fmt: skip
    return networks[name](channels, image_size, num_classes, width)


def load_pretrained(model: nn.Module) -> str:
    """Give a ResNet-18 its ImageNet weights, downloading them once; say in a sentence how it went.

    The last layer keeps its random weights. A first convolution for one channel gets the sum of
    the three colours' kernels: the same answer as feeding it the grey image three times.
    """
    import torchvision

    try:
        weights = torchvision.models.ResNet18_Weights.DEFAULT.get_state_dict(
            progress=False, check_hash=True
        )
    except OSError as error:
        reason = getattr(error, "reason", None) or error
        return f"ImageNet weights could not be downloaded ({reason}): training from random weights"
    own = model.state_dict()
    if own["conv1.weight"].shape[1] == 1:
        weights["conv1.weight"] = weights["conv1.weight"].sum(dim=1, keepdim=True)
    model.load_state_dict(own | {k: v for k, v in weights.items() if not k.startswith("fc.")})
    return "starting from ImageNet weights"


def norm_biases(model: nn.Module) -> list[nn.Parameter]:
    """The biases of batch normalisation that learn, in the order of the parameters."""
    norms = [m for m in model.modules() if isinstance(m, nn.modules.batchnorm._BatchNorm)]
    return [norm.bias for norm in norms if norm.bias is not None and norm.bias.requires_grad]


def count_parameters(model: nn.Module) -> int:
    """Number of learnable and frozen values."""
    return sum(parameter.numel() for parameter in model.parameters())


def model_source(name: str) -> str:
    """Python source of what builds the network, for a script that stands alone."""
    parts: dict[str, tuple[Callable[..., nn.Module], ...]] = {
        "net": (Net,),
        "net3x3": (Net3x3,),
        "mlp": (MLP,),
        "speed": (ConvGroup, SpeedNet),
        "resnet18": (resnet18,),
        "resnet18-frozen": (resnet18, freeze_all_but_last),
    }
    return "\n\n".join(inspect.getsource(part) for part in parts[name])
