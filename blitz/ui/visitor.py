"""Who looks at the page."""

import uuid
from itertools import cycle

import streamlit as st

LOOPBACK = ("127.0.0.1", "localhost", "::1")
COOKIE = "_streamlit_xsrf"
"""Streamlit's own, of the form 2|mask|token|time. The token stays as long as the browser is open;
mask and masked token are others in every answer."""
SESSION_KEY = "visitor"
FORWARDED = ("X-Forwarded-For", "Forwarded", "X-Real-Ip")


def is_at_this_machine() -> bool:
    """Whether only someone at this machine can have sent this request.

    Such a person may name any path on it; others may not look around in its files. A server that
    others can reach, directly or through a proxy on this machine, trusts nobody.
    """
    return (
        st.get_option("server.address") in LOOPBACK
        and st.context.ip_address is None
        and not any(name in st.context.headers for name in FORWARDED)
    )


def visitor() -> str:
    """Who counts as one person: a browser, with all its tabs and whatever is loaded anew.

    Not the address, which a class behind one router has in common. Where no cookie tells browsers
    apart it is the session, a tab until it is loaded anew.
    """
    cookie = st.context.cookies.get(COOKIE, "")
    return _token(cookie) or str(st.session_state.setdefault(SESSION_KEY, uuid.uuid4().hex))


def _token(cookie: str) -> str:
    """The token of a cookie, without its mask; empty where it is none."""
    match cookie.strip("\"'").split("|"):
        case ["2", mask, masked, _]:
            pass
        case _:
            return ""
    try:
        pairs = zip(bytes.fromhex(masked), cycle(bytes.fromhex(mask)), strict=False)
    except ValueError:
        return ""
    return bytes(one ^ other for one, other in pairs).hex()
