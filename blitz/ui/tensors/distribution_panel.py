"""How the elements of one variable spread, and a large matrix seen as a whole."""

from collections.abc import Sequence

import streamlit as st

from blitz.tensors.figures import heat_map, histogram
from blitz.tensors.summaries import TensorSummary, Variable
from blitz.ui.charts import CHART_CONFIG
from blitz.ui.tensors.state import KEY
from blitz.ui.text import plain

CHART_WIDTH = 470
RESULT = "result"


def show_distribution(shown: Sequence[Variable]) -> None:
    """Choose a tensor; see its histogram and its values as colours."""
    tensors = {each.name or RESULT: each.summary for each in shown if each.summary is not None}
    if not tensors:
        st.info("No variable of this program is a tensor.")
        return
    name = st.selectbox("Tensor", list(tensors), key=f"{KEY}distribution", width=280)
    summary = tensors[name]
    st.caption(plain(_in_words(summary)))
    if summary.statistics is None:
        return
    with st.container(horizontal=True, gap="medium"):
        with st.container(width=CHART_WIDTH):
            st.plotly_chart(
                histogram(summary.statistics), config=CHART_CONFIG, key=f"{KEY}histogram"
            )
        if len(summary.shape) == 2:
            with st.container(width=CHART_WIDTH):
                st.plotly_chart(heat_map(summary.values), config=CHART_CONFIG, key=f"{KEY}map")


def _in_words(summary: TensorSummary) -> str:
    statistics = summary.statistics
    if statistics is None:
        return "It has no finite element."
    of = "" if statistics.num_sampled >= summary.numel else (
        f"; spread and histogram of {statistics.num_sampled:,} of them"
    )  # fmt: skip
    return (
        f"{summary.numel:,} elements from {statistics.minimum:.6g} to {statistics.maximum:.6g}, "
        f"mean {statistics.mean:.6g}, standard deviation {statistics.std:.6g}{of}."
    )
