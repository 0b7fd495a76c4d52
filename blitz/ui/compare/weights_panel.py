"""The weights of two runs and their gradients, tensor by tensor."""

from functools import cache

import pandas as pd
import streamlit as st
import torch
from torch import Tensor

from blitz.datasets import DatasetError
from blitz.models import build_model
from blitz.training.checkpoints import CheckpointError
from blitz.training.comparing import WeightComparison, compare_weights
from blitz.training.store import Run
from blitz.ui.compare.gradients import compare_gradients
from blitz.ui.compare.kept_answers import run_titles
from blitz.ui.network.run_weights import RunWeights, weights_of
from blitz.ui.services import Services
from blitz.ui.text import plain

MOST_NAMES = 6


def show_weights(services: Services, first: Run, second: Run) -> None:
    """Show how far the weights of the second run's last step are from those of the first's."""
    try:
        a, b = (weights_of(run.id, services) for run in (first, second))
    except CheckpointError as error:
        st.info(plain(str(error)))
        return
    titles = run_titles([first, second])
    _show(_compared(a.sha256, b.sha256, a, b), titles[first.id], titles[second.id], "weights")
    if st.toggle("Gradients, too", key="compare-with-gradients", persist_state="session"):
        try:
            gradients, num_images = compare_gradients(services, a, b)
        except (DatasetError, ValueError) as error:
            st.info(f"There are no gradients to compare: {plain(str(error))}")
            return
        _show(gradients, titles[first.id], titles[second.id], "gradients")
        st.caption(f"Of each run's mean loss over the same {num_images:,} training images.")


def _show(comparison: WeightComparison, first: str, second: str, what: str) -> None:
    """A table of the tensors that both have, and a line about the others."""
    if comparison.not_alike:
        st.info(_not_alike_line(comparison.not_alike))
    if not comparison.tensors:
        return
    st.dataframe(
        _table(comparison),
        column_config={
            "first": st.column_config.NumberColumn(f"norm, {first}", format="%.4g"),
            "second": st.column_config.NumberColumn(f"norm, {second}", format="%.4g"),
            "difference": st.column_config.NumberColumn(
                "difference / norm", format="%.3g",
                help="Norm of the difference, divided by the norm of the first run's tensor.",
            ),
            "cosine": st.column_config.NumberColumn(
                "cosine", format="%.4f",
                help="Of the angle between both: 1 the same direction, 0 at right angles.",
            ),
        },
        hide_index=True,
        key=f"compare-{what}",
    )  # fmt: skip


@st.cache_resource(max_entries=16, show_spinner=False)
def _compared(
    first_sha256: str, second_sha256: str, _first: RunWeights, _second: RunWeights
) -> WeightComparison:
    return compare_weights(_in_layer_order(_first), _in_layer_order(_second))


def _in_layer_order(weights: RunWeights) -> dict[str, Tensor]:
    """The tensors as the network has them one after another: a file keeps no order."""
    config = weights.run.config
    own = {
        name: weights.tensors[name]
        for name in _tensor_names(config.model, config.width)
        if name in weights.tensors
    }
    return {**own, **weights.tensors}


@cache
def _tensor_names(model: str, width: int) -> tuple[str, ...]:
    with torch.device("meta"):  # names without numbers
        return tuple(build_model(model, width=width).state_dict())


def _not_alike_line(names: tuple[str, ...]) -> str:
    told = ", ".join(map(plain, names[:MOST_NAMES]))
    rest = f" and {len(names) - MOST_NAMES} more" if len(names) > MOST_NAMES else ""
    return f"Not compared, since only one run has them or their shapes differ: {told}{rest}."


def _table(comparison: WeightComparison) -> pd.DataFrame:
    tensors = comparison.tensors
    return pd.DataFrame(
        {
            "tensor": [each.name for each in tensors],
            "shape": ["×".join(map(str, each.shape)) or "a number" for each in tensors],
            "first": [each.first_norm for each in tensors],
            "second": [each.second_norm for each in tensors],
            "difference": [each.relative_difference for each in tensors],
            "cosine": [each.cosine for each in tensors],
        }
    )
