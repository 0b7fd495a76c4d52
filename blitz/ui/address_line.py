"""What a page shows, in the browser's address line: so that a reload or another person sees it too.

A place that is chosen is a new entry of the browser's history, to which Back returns. A change
within it replaces the entry: nobody wants to go back through every letter that was typed. What the
address says of a page is the page's business; here is told whose it is.
"""

import json
from collections.abc import Mapping
from functools import cache
from typing import TYPE_CHECKING
from urllib.parse import urlencode

import streamlit as st

if TYPE_CHECKING:
    from streamlit.components.v2.types import ComponentRenderer

_MOST_REPLACED = 50
_REPLACE = """
const shown = new WeakMap();

export default ({ data, parentElement }) => {
  const { address } = JSON.parse(new TextDecoder().decode(data));
  // Called again with a new theme, it must not undo what another part of the page has shown since.
  if (shown.get(parentElement) === address) return;
  shown.set(parentElement, address);
  if (location.search !== address) {
    history.replaceState(history.state, "", location.pathname + address + location.hash);
  }
};
"""


def is_own(given: Mapping[str, str], page: str) -> bool:
    """Whether this session's page has put this address there itself."""
    known = st.session_state.get(_known(page))
    return given == known or given in st.session_state.get(_replaced(page), [])


def note(given: Mapping[str, str], page: str) -> None:
    """Take the address that the browser shows for one's own."""
    st.session_state[_known(page)] = dict(given)
    st.session_state[_replaced(page)] = []


def go_to(wanted: Mapping[str, str], page: str) -> None:
    """Have the browser show this address as a new place."""
    st.query_params.from_dict(dict(wanted))
    note(wanted, page)


def replace(wanted: Mapping[str, str], page: str, part: str = "") -> None:
    """Have the browser show this address in place of the one of the present place.

    part: a name for each place of a page that does so; a fragment may be one.
    """
    # The browser may answer with any of those that it was told to show.
    replaced: list[Mapping[str, str]] = st.session_state[_replaced(page)]
    if wanted not in replaced:
        st.session_state[_replaced(page)] = [*replaced, dict(wanted)][-_MOST_REPLACED:]
    address = f"?{urlencode(wanted)}" if wanted else ""
    key = f"{page}{part}-address-line"
    _address_line()(key=key, data=json.dumps({"address": address}).encode())


def _known(page: str) -> str:
    return f"{page}-address"


def _replaced(page: str) -> str:
    return f"{page}-replaced"


@cache
def _address_line() -> "ComponentRenderer":
    return st.components.v2.component("blitz_address_line", js=_REPLACE)
