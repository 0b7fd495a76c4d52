"""The page of `variables_app`: variables of several programs, chosen by the address."""

import streamlit as st
import torch

from blitz.tensors.describe import describe
from blitz.ui.tensors.variables_view import variables_view

st.set_page_config(layout="wide")


def views() -> dict[str, object]:
    x = torch.arange(12.0).reshape(3, 4) - shift
    y = x.T
    column = x[:, 1:2]
    return {"x": x, "y": y, "part": x[:, 1:3], "wide": column.expand(3, 4), "n": x.numpy(), "k": 3}


def kinds() -> dict[str, object]:
    special = torch.tensor([[1.5, float("nan"), -0.25], [float("inf"), 1e-7, float("-inf")]])
    return {
        "special": special,
        "mask": torch.arange(6).reshape(2, 3) > 2,
        "z": torch.tensor([1 + 2j, -3.5j, 0.1]),
        "parts": torch.view_as_real(torch.tensor([1 + 2j, -3.5j])),
        "scalar": torch.tensor(3.25, requires_grad=True),
        "none": torch.zeros(0, 3),
        "large": torch.tensor([2**62 + 1, -5, 7]),
        "names": ("a", 1, None),
        "line": torch.linspace(-1, 1, 40),
        "w": torch.ones(2, requires_grad=True) * 2,
        "": torch.full((2, 2), 0.1, dtype=torch.float64),
    }


def deep() -> dict[str, object]:
    x = torch.arange(120.0).reshape(2, 3, 4, 5)
    return {
        "x": x,
        "y": x[1, :, 2],
        "images": torch.randn(4, 3, 16, 16),
        "five": torch.zeros(2, 2, 2, 2, 3),
    }


def many() -> dict[str, object]:
    return {f"v{i}": torch.randn(32, 32) for i in range(30)}


@st.cache_resource
def huge() -> dict[str, object]:
    x = torch.rand(10_000, 10_000)
    return {"x": x, "row": x[3], "flat": x.view(-1), "deep": x.view(100, 100, 100, 100)}


programs = {f.__name__: f for f in (views, kinds, deep, many, huge)}
shift = st.number_input("Shift", value=0.0)
program = programs[st.query_params.get("program", "views")]
if st.checkbox("Show the variables", value=True):
    shown, storages = describe(program())
    variables_view(shown, storages, key="variables")
st.markdown("What follows.")
