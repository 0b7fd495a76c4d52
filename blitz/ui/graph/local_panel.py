"""One operation's derivative as a matrix, and the chain rule in numbers."""

import numpy as np
import numpy.typing as npt
import streamlit as st

from blitz.autograd.operations.local import (
    ChainProduct,
    LocalJacobian,
    chain_product,
    local_jacobians,
)
from blitz.ui.graph.scenes import Scene
from blitz.ui.graph.values import matrix_html

MOST_COLUMNS = 8
"""Wider matrices are not shown: no eye multiplies them."""


def show_local_derivatives(scene: Scene, node: int) -> None:
    """Incoming gradient × local derivative = outgoing gradient, where the numbers are few."""
    found = local_jacobians(scene.graph, node, limit=MOST_COLUMNS)
    shown = [jacobian for jacobian in found if jacobian.matrix is not None]
    if not shown:
        return
    st.markdown("**Chain rule**: incoming gradient × local derivative = outgoing")
    for jacobian in shown:
        _show(scene, jacobian)


def _show(scene: Scene, jacobian: LocalJacobian) -> None:
    assert jacobian.matrix is not None
    position = int(scene.graph.input_index[jacobian.edge])
    replayed = scene.replayed
    product = chain_product(scene.graph, jacobian, replayed) if replayed is not None else None
    parts = [f"<span>[{position}]</span>"]
    if product is not None:
        parts += [matrix_html(_row(product.incoming)), "<span>×</span>"]
    parts.append(matrix_html(jacobian.matrix))
    if product is not None:
        parts += ["<span>=</span>", matrix_html(_row(product.outgoing))]
    st.html(
        '<div style="display: flex; flex-wrap: wrap; align-items: center; gap: 0.5rem">'
        + "".join(parts)
        + "</div>"
    )
    if product is not None:
        _show_agreement(product)


def _show_agreement(product: ChainProduct) -> None:
    if product.recorded is None:
        return
    if np.allclose(product.outgoing, product.recorded, rtol=1e-4, atol=1e-7, equal_nan=True):
        st.caption("The same as was recorded on the way back")
    else:
        st.caption("Not what was recorded on the way back: other results add their part")


def _row(vector: npt.NDArray[np.float64]) -> npt.NDArray[np.float64]:
    return vector.reshape(1, -1)
