"""The page of `editor_app`: takes up what is typed, and finds fault with the word "wrong".

A program with the word "slow" takes a second.
"""

import time

import streamlit as st

from blitz.tensors.faults import Span
from blitz.ui.tensors.editor import editor, typed

KEY = "editor"
NAMES = (
    ("torch.cat", "cat(tensors, dim=0)"),
    ("torch.arange", "arange(start=0, end, step=1, *, dtype=None)"),
    ("torch.ones", "ones(*size, dtype=None)"),
    ("torch.ones_like", "ones_like(input, *, dtype=None)"),
    ("torch.linalg.norm", "norm(A, ord=None, dim=None, keepdim=False, *, dtype=None)"),
    ("F.relu", "relu(input, inplace=False)"),
    ("np.ones", "ones(shape, dtype=None)"),
    ("Tensor.sum", "sum(input, dim=None, keepdim=False)"),
    ("Tensor.cumsum", "cumsum(input, dim)"),
    ("Tensor.add", "add(input, other, *, alpha=1)"),
    ("Tensor.add_", "add_(input, other, *, alpha=1)"),
    ("Tensor.shape", "shape"),
    ("ndarray.sum", "sum(a, axis=None)"),
)

st.set_page_config(layout="wide")
state = st.session_state
state.setdefault("source", "")
state.setdefault("revision", 0)
state.setdefault("runs", 0)


def choose(source: str) -> None:
    state.source = source
    state.revision += 1


def span_of(word: str) -> Span | None:
    place = state.source.find(word)
    if place < 0:
        return None
    before = state.source[:place].split("\n")
    line, column = len(before), len(before[-1]) + 1
    return Span(line=line, column=column, end_line=line, end_column=column + len(word))


st.button("Another lesson", on_click=choose, args=("y = torch.zeros(2)  # lesson",))
st.button("Run the script again")
event = typed(KEY, revision=state.revision)
if event is not None:
    state.source = event.source
    state.runs += 1
    if "slow" in event.source:
        time.sleep(1)
fault = span_of("wrong")
if state.source.endswith("("):
    lines = state.source.split("\n")
    end = len(lines[-1]) + 1
    fault = Span(line=len(lines), column=end, end_line=len(lines), end_column=end)
if st.checkbox("Show the editor", value=True):
    again = editor(
        state.source,
        revision=state.revision,
        fault=fault,
        fault_text="line 1: this is wrong" if fault else "",
        marked=span_of("x @ x.T"),
        names=NAMES,
        key=KEY,
    )
    assert again is None, "what was taken up before is not returned again"
st.code(state.source, language=None)
st.code(f"{state.runs} runs", language=None)
