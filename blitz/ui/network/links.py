"""What a link from a network to the pages that graph and train it says in its address."""

from collections.abc import Mapping

from blitz.network.plan import NetworkPlan


def graph_link_parameters(plan: NetworkPlan) -> Mapping[str, str]:
    """For the address of the autograd page: this network with random weights, as a program."""
    return {
        "model": plan.model,
        "channels": str(plan.channels),
        "image_size": str(plan.image_size),
        "num_classes": str(plan.num_classes),
        "width": str(plan.width),
        "seed": str(plan.seed),
    }


def train_link_parameters(plan: NetworkPlan, dataset: str) -> Mapping[str, str]:
    """For the address of the train page: this network, and a data set by its name in addresses."""
    return {
        "dataset": dataset,
        "model": plan.model,
        "width": str(plan.width),
        "image_size": str(plan.image_size),
        "seed": str(plan.seed),
    }
