"""What there is to take away: the steps as a table or a document, the network as a script."""

from collections.abc import Callable
from dataclasses import dataclass

import streamlit as st

from blitz.backprop.address import encode
from blitz.backprop.exports import python_script, steps_csv, steps_latex, torch_script
from blitz.backprop.scenario import Scenario
from blitz.ui.backprop.calculations import SCENARIO_KEY, explanation_of
from blitz.ui.backprop.state import KEY

MOST_STEPS_SHOWN = 3_000
"""A document about more of them is megabytes long, and written only to be downloaded."""


@dataclass(frozen=True, kw_only=True, slots=True)
class Format:
    """Something to take away. encoding: utf-8-sig where a spreadsheet is to know it for UTF-8."""

    title: str
    file_name: str
    language: str
    write: Callable[[Scenario], str]
    encoding: str = "utf-8"


FORMATS = (
    Format(
        title="Plain Python script", file_name="backprop.py", language="python", write=python_script
    ),
    Format(
        title="PyTorch script", file_name="backprop_torch.py", language="python", write=torch_script
    ),
    Format(
        title="Steps as CSV", file_name="steps.csv", language="csv", write=steps_csv,
        encoding="utf-8-sig",
    ),
    Format(title="Steps as LaTeX", file_name="steps.tex", language="latex", write=steps_latex),
)  # fmt: skip


def show_take_away(scenario: Scenario) -> None:
    """Downloads, each with a look at what is in it, and the way to the graph."""
    with st.container(horizontal=True, gap="small", vertical_alignment="center"):
        st.page_link(
            "autograd.py", label="Open its graph", icon=":material/account_tree:",
            query_params={"network": encode(scenario)},
        )  # fmt: skip
        st.caption(
            "The address of this page holds all its numbers: copy it to show somebody the same."
        )
    titles = [each.title for each in FORMATS]
    chosen = st.segmented_control(
        "Format", titles, key=f"{KEY}format", default=titles[0], required=True,
        label_visibility="collapsed",
    )  # fmt: skip
    _show_format(FORMATS[titles.index(chosen)], scenario)


def _show_format(chosen: Format, scenario: Scenario) -> None:
    st.download_button(
        f"Download {chosen.file_name}",
        lambda: _written(chosen.file_name, scenario).encode(chosen.encoding),
        file_name=chosen.file_name, key=f"{KEY}download", icon=":material/download:",
        on_click="ignore",
    )  # fmt: skip
    if len(explanation_of(scenario).steps) > MOST_STEPS_SHOWN and chosen.language != "python":
        st.caption("Too long to be shown here.")
        return
    st.code(_written(chosen.file_name, scenario), language=chosen.language, height=420)


@st.cache_data(max_entries=8, show_spinner=False, hash_funcs=SCENARIO_KEY)
def _written(file_name: str, scenario: Scenario) -> str:
    """The file, not written again for every step that is looked at."""
    [chosen] = [each for each in FORMATS if each.file_name == file_name]
    return chosen.write(scenario)
