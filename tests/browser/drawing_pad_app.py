"""A small app for the tests of the drawing pad."""

import streamlit as st

app = st.App("drawing_pad_page.py")
