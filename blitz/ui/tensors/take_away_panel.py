"""What there is to take away: the program as a script, as a link, and its graph."""

import streamlit as st

from blitz.tensors.address import encode
from blitz.tensors.evaluation import Evaluation
from blitz.tensors.script import script
from blitz.ui.tensors.state import KEY, present


def show_take_away(evaluation: Evaluation) -> None:
    """The script with a download, and the way to the graph, where there is one."""
    text = script(evaluation.source, evaluation.device, evaluation.seed)
    with st.container(horizontal=True, gap="small", vertical_alignment="center"):
        st.download_button(
            "Download script", text, file_name="tensors.py", mime="text/x-python",
            icon=":material/download:", key=f"{KEY}download", on_click="ignore",
        )  # fmt: skip
        if has_graph(evaluation):
            st.page_link(
                "autograd.py", label="Open its graph", icon=":material/account_tree:",
                query_params={"program": encode(present())},
            )  # fmt: skip
        st.caption("The address of this page holds the program: copy it to show it to somebody.")
    st.code(text, language="python")


def has_graph(evaluation: Evaluation) -> bool:
    """Whether the last value was made by operations that autograd recorded."""
    return any(
        variable.name == "" and variable.summary is not None and variable.summary.grad_fn
        for variable in evaluation.shown
    )
