"""Gradients of two runs' last weights, worked out on the same images when they are asked for."""

import streamlit as st

from blitz.datasets import ImageDataset
from blitz.model_memory import most_images
from blitz.network.plan import NetworkPlan
from blitz.training.comparing import WeightComparison, compare_weights, loss_gradients
from blitz.ui.data import images_of
from blitz.ui.network.run_weights import RunWeights, shared_model
from blitz.ui.services import Services

MOST_IMAGES = 64


def compare_gradients(
    services: Services, first: RunWeights, second: RunWeights
) -> tuple[WeightComparison, int]:
    """Compare the gradients of both runs' losses on the same training images; how many those are.

    DatasetError or ValueError in one line where that cannot be done.
    """
    sources = [each.run.config.dataset for each in (first, second)]
    if sources[0] != sources[1]:
        raise ValueError("dataset: two were given; gradients are compared on the same images")
    datasets = [images_of(each.run.config, services.settings) for each in (first, second)]
    plans = [_plan(each, data) for each, data in zip((first, second), datasets, strict=True)]
    num_images = min(MOST_IMAGES, len(datasets[0].train_labels), *map(_most_images, plans))
    comparison = _compared(
        first.sha256, second.sha256, num_images, (first, second), tuple(plans), tuple(datasets)
    )
    return comparison, num_images


@st.cache_resource(max_entries=16, show_spinner="working the gradients out")
def _compared(
    first_sha256: str,
    second_sha256: str,
    num_images: int,
    _weights: tuple[RunWeights, ...],
    _plans: tuple[NetworkPlan, ...],
    _datasets: tuple[ImageDataset, ...],
) -> WeightComparison:
    first, second = (
        loss_gradients(
            shared_model(plan, weights.sha256, weights.tensors),
            dataset.normalise(dataset.train_images[:num_images]),
            dataset.train_labels[:num_images],
            weights.run.config.loss,
        )
        for weights, plan, dataset in zip(_weights, _plans, _datasets, strict=True)
    )
    return compare_weights(first, second)


def _plan(weights: RunWeights, dataset: ImageDataset) -> NetworkPlan:
    config = weights.run.config
    return NetworkPlan(
        model=config.model,
        channels=dataset.channels,
        image_size=dataset.image_size,
        num_classes=dataset.num_classes,
        width=config.width,
    )


def _most_images(plan: NetworkPlan) -> int:
    return most_images(
        plan.model,
        channels=plan.channels,
        image_size=plan.image_size,
        num_classes=plan.num_classes,
        width=plan.width,
    )
