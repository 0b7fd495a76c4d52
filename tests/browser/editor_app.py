"""A small app for the tests of the editor."""

import streamlit as st

app = st.App("editor_page.py")
