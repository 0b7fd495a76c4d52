"""Who looks at the page."""

import streamlit as st

LOOPBACK = ("127.0.0.1", "localhost", "::1")
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
