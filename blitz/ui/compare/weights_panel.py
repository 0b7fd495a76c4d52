"""The weights of two runs and their gradients, tensor by tensor, in numbers and in pictures."""

from collections.abc import Sequence
from functools import cache

import pandas as pd
import streamlit as st
import torch
from torch import Tensor

from blitz.datasets import DatasetError
from blitz.look import shortened
from blitz.models import build_model
from blitz.training.checkpoints import CheckpointError
from blitz.training.comparing import WeightComparison, compare_weights, run_titles
from blitz.training.store import Run
from blitz.ui.compare.gradients import compare_gradients
from blitz.ui.compare.pair import MOST_SIGNS, choose_pair, pair_heading
from blitz.ui.compare.weights_pictures import show_pictures
from blitz.ui.network.run_weights import RunWeights, weights_of
from blitz.ui.services import Services
from blitz.ui.text import plain

MOST_NAMES = 6
TENSOR, SHAPE, NUMBER = 150, 110, 120
"""Widths of columns in pixels."""


def show_weights(services: Services, runs: Sequence[Run]) -> None:
    """Show how far the weights of B's last step are from those of A's."""
    first, second = choose_pair(runs)
    try:
        a, b = (weights_of(run.id, services) for run in (first, second))
    except CheckpointError as error:
        st.info(plain(str(error)))
        return
    titles = run_titles(runs)
    names = titles[first.id], titles[second.id]
    comparison = _compared(a.sha256, b.sha256, a, b)
    _show(comparison, "weights", names)
    if not comparison.tensors:
        return
    show_pictures(a, b, [each.name for each in comparison.tensors])
    if st.toggle("Gradients, too", key="compare-with-gradients", persist_state="session"):
        try:
            gradients, num_images = compare_gradients(services, a, b)
        except (DatasetError, ValueError) as error:
            st.info(f"There are no gradients to compare: {plain(str(error))}")
            return
        _show(gradients, "gradients", names)
        st.caption(f"Of each run's mean loss over the same {num_images:,} training images.")


def _show(comparison: WeightComparison, what: str, titles: tuple[str, str]) -> None:
    """A table of the tensors that both have, and a line about the others."""
    st.markdown(pair_heading(what.capitalize(), *titles))
    if not comparison.tensors:
        names = [plain(shortened(title, MOST_SIGNS)) for title in titles]
        st.info(f"{names[0]} and {names[1]} have no tensor of one name and shape to compare.")
        return
    if comparison.not_alike:
        st.info(_not_alike_line(comparison.not_alike))
    st.dataframe(
        _table(comparison),
        column_config={
            "tensor": st.column_config.TextColumn(width=TENSOR),
            "shape": st.column_config.TextColumn(width=SHAPE),
            "first": st.column_config.NumberColumn("norm, A", format="%.4g", width=NUMBER),
            "second": st.column_config.NumberColumn("norm, B", format="%.4g", width=NUMBER),
            "difference": st.column_config.NumberColumn(
                "difference / norm", format="%.3f", width=NUMBER + 20
            ),
            "cosine": st.column_config.NumberColumn(format="%.4f", width=NUMBER),
        },
        hide_index=True,
        width="content",
        key=f"compare-{what}",
    )
    st.caption(
        "Norm: the square root of the sum of squares. Difference / norm: the norm of B less A over "
        "the norm of A; 0 where both are the same, 1 where the difference is as large as A. "
        "Cosine: 1 where both have the same direction, 0 where they are at right angles."
    )


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
