"""A small app for the tests of the variables view: describes the tensors its address asks for."""

import streamlit as st

app = st.App("variables_page.py")
