"""Faults that any page may meet, as one line on the page instead of a traceback."""

from collections.abc import Iterator
from contextlib import contextmanager

import streamlit as st

from blitz.training.store import StoreError
from blitz.ui.text import plain


@contextmanager
def faults_in_plain_words() -> Iterator[None]:
    """Show a fault of the database or the disk where the page would have gone on."""
    try:
        yield
    except StoreError as error:
        st.error(plain(str(error)), icon=":material/database:")
    except OSError as error:
        place = f" ({error.filename})" if error.filename else ""
        st.error(plain(f"{error.strerror or error}{place}"), icon=":material/hard_drive:")
