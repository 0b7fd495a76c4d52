"""Where a guided station's subject can be explored further."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field

import streamlit as st

from blitz.ui.text import plain


@dataclass(frozen=True, kw_only=True, slots=True)
class PageLink:
    """Another page, opened at a place."""

    label: str
    page: str
    icon: str
    parameters: Mapping[str, str] = field(default_factory=dict)


@dataclass(frozen=True, kw_only=True, slots=True)
class ViewLink:
    """Another view of the network page."""

    label: str
    view: str


def _graph(label: str, example: str) -> PageLink:
    icon = ":material/account_tree:"
    return PageLink(label=label, page="autograd.py", icon=icon, parameters={"example": example})


_LAYERS = ViewLink(label="Layer by layer on a real image", view="layers")
_STEP = ViewLink(label="A training step, state by state", view="step")
_OPTIMISERS = ViewLink(label="Optimisers side by side", view="optimisers")
_TRAIN = PageLink(label="Train it", page="train.py", icon=":material/model_training:")
_TENSORS = PageLink(label="Tensor playground", page="tensors.py", icon=":material/grid_on:")

FURTHER: Mapping[str, tuple[PageLink | ViewLink, ...]] = {
    "n1": (_LAYERS,),
    "n2": (_LAYERS,),
    "n3": (_STEP,),
    "n4": (_LAYERS, _TENSORS),
    "n5": (_graph("Jacobian and vector", "jacobian"), _STEP),
    "n6": (_graph("The loss as a graph", "net_mse"), _STEP),
    "n7": (_graph("This walk on the graph", "net_mse"),),
    "n8": (_STEP, _graph("Where gradients add up", "gradients_add_up")),
    "n9": (_STEP, _OPTIMISERS, _graph("In-place on a leaf", "in_place_leaf")),
    "n10": (_OPTIMISERS, _TRAIN),
    "n11": (_graph("A Function of one's own", "custom_function"), _TENSORS),
    "c11": (_LAYERS, _graph("An MLP as a graph", "mlp")),
    "c12": (_LAYERS, _graph("Cross-entropy as a graph", "net_cross_entropy")),
}
"""By the name of the station."""


def show_further(station: str, choose: Callable[[str], None]) -> None:
    """A row of links. choose: opens a view of the network page."""
    with st.container(horizontal=True, gap="small", vertical_alignment="center"):
        for link in FURTHER[station]:
            if isinstance(link, PageLink):
                st.page_link(
                    link.page, label=plain(link.label), icon=link.icon, query_params=link.parameters
                )
            else:
                st.button(
                    plain(link.label), key=f"network_further_{link.view}", type="tertiary",
                    icon=":material/network_node:", on_click=choose, args=(link.view,),
                )  # fmt: skip
