"""A page with the pictures of the operations that the address names."""

import streamlit as st

from blitz.ui.tensors.operation_view import operation_view
from tests.browser.operation_examples import EXAMPLES, example

st.set_page_config(layout="wide")
for name in st.query_params.get_all("operation") or EXAMPLES:
    shown = example(name)
    assert shown.picture is not None
    operation_view(shown.picture, operation=shown.operation, key=f"view-{name}")
