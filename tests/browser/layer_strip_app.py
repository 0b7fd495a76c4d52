"""A small app for the tests of the strip of layers."""

import streamlit as st

app = st.App("layer_strip_page.py")
