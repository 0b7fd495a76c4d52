"""The example programs of the graph explorer, in the order in which they are best read.

Each one is a file of its own in this folder and runs by itself: `python polynomial.py`.
"""

from dataclasses import dataclass
from functools import lru_cache
from pathlib import Path

from blitz.autograd.program import Program, read_program

FOLDER = Path(__file__).parent


@dataclass(frozen=True, kw_only=True, slots=True)
class ExampleGroup:
    """Examples about one theme."""

    heading: str
    names: tuple[str, ...]


EXAMPLES = (
    ExampleGroup(
        heading="First gradients",
        names=(
            "polynomial",
            "jacobian",
            "dag",
            "requires_grad",
            "shared_leaf",
            "gradients_add_up",
            "several_outputs",
            "sigmoid_network",
        ),
    ),
    ExampleGroup(
        heading="What is left out",
        names=(
            "no_grad",
            "frozen_resnet",
            "integers",
        ),
    ),
    ExampleGroup(
        heading="Graphs that change",
        names=(
            "control_flow",
            "second_backward",
            "module_used_twice",
            "recursive_module",
            "deep_chain",
        ),
    ),
    ExampleGroup(
        heading="In-place operations",
        names=(
            "in_place_error",
            "in_place_leaf",
            "in_place_fine",
            "in_place_view",
        ),
    ),
    ExampleGroup(
        heading="Gradients in depth",
        names=(
            "double_backward",
            "custom_function",
            "hooks",
            "checkpointing",
            "non_finite",
            "reverse_mode",
            "threads",
        ),
    ),
    ExampleGroup(
        heading="Networks",
        names=(
            "net_mse",
            "net_cross_entropy",
            "mlp",
            "resnet18",
            "training_step",
            "densenet121",
            "inception_block",
        ),
    ),
    ExampleGroup(
        heading="Attention",
        names=(
            "attention",
            "multihead_attention",
            "vision_transformer",
        ),
    ),
    ExampleGroup(
        heading="Recurrent networks",
        names=(
            "rnn",
            "lstm",
            "gru",
            "vanishing_gradient",
        ),
    ),
)


@lru_cache(maxsize=100)
def load_example(name: str) -> Program:
    """Read an example; ValueError where there is none of this name."""
    names = [known for group in EXAMPLES for known in group.names]
    if name not in names:
        raise ValueError(f"example: {name!r} was given; choose {', '.join(names)}")
    return read_program((FOLDER / f"{name}.py").read_text(encoding="utf-8"), name)
