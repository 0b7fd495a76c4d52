"""A place in the page that a browser scrolls to when it is told to, and only then."""

from functools import cache
from typing import TYPE_CHECKING

import streamlit as st

if TYPE_CHECKING:
    from streamlit.components.v2.types import ComponentRenderer

_SCROLL = """
const shown = new WeakMap();

export default ({ data: { serial }, parentElement }) => {
  const before = shown.get(parentElement);
  shown.set(parentElement, serial);
  // A page that is opened stays where it is.
  if (before === undefined || before === serial) return;
  const { top } = parentElement.getBoundingClientRect();
  if (top > 0 && top < 0.6 * innerHeight) return; // what follows can be seen
  const isCalm = matchMedia("(prefers-reduced-motion: reduce)").matches;
  parentElement.style.scrollMarginTop = "45vh"; // what was clicked stays in view above
  parentElement.scrollIntoView({ block: "start", behavior: isCalm ? "auto" : "smooth" });
};
"""


def scroll_target(key: str, serial: int) -> None:
    """Show nothing; with another serial number than before, scroll here if need be."""
    _component()(key=key, data={"serial": serial})


@cache
def _component() -> "ComponentRenderer":
    # In a shadow root the parent would be no element, which has no place.
    return st.components.v2.component("blitz_scroll_target", js=_SCROLL, isolate_styles=False)
