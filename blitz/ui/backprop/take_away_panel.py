"""What there is to take away: the steps as a table or a document, the network as a script."""

from collections.abc import Callable

import streamlit as st

from blitz.backprop.address import encode
from blitz.backprop.exports import python_script, steps_csv, steps_latex, torch_script
from blitz.backprop.scenario import Scenario
from blitz.ui.backprop.state import KEY

Format = tuple[str, str, str, Callable[[Scenario], str]]
FORMATS: tuple[Format, ...] = (
    ("Plain Python script", "backprop.py", "python", python_script),
    ("PyTorch script", "backprop_torch.py", "python", torch_script),
    ("Steps as CSV", "steps.csv", "csv", steps_csv),
    ("Steps as LaTeX", "steps.tex", "latex", steps_latex),
)


def show_take_away(scenario: Scenario) -> None:
    """Downloads, each with a look at what is in it, and the way to the graph."""
    state = encode(scenario)
    with st.container(horizontal=True, gap="small", vertical_alignment="center"):
        st.page_link(
            "autograd.py", label="Open its graph", icon=":material/account_tree:",
            query_params={"network": state},
        )  # fmt: skip
        st.caption(
            "The address of this page holds all its numbers: copy it to show somebody the same."
        )
    titles = [title for title, *_ in FORMATS]
    chosen = st.segmented_control(
        "Format", titles, key=f"{KEY}format", default=titles[0], required=True,
        label_visibility="collapsed",
    )  # fmt: skip
    _, name, language, write = FORMATS[titles.index(chosen or titles[0])]
    text = write(scenario)
    st.download_button(
        f"Download {name}", text, file_name=name, key=f"{KEY}download", icon=":material/download:",
        on_click="ignore",
    )  # fmt: skip
    st.code(text, language=language, height=420, wrap_lines=False)
