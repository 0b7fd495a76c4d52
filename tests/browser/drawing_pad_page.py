"""The page of `drawing_pad_app`: says what `drawing_pad` returned, pixel by pixel."""

import streamlit as st

from blitz.ui.network.drawing_pad import drawing_pad

st.set_page_config(layout="wide")
st.session_state["runs"] = st.session_state.get("runs", 0) + 1
st.button("Run the script again")
if st.button("Begin a new session"):
    st.session_state.pop("pad-known", None)
drawing = drawing_pad("pad") if st.checkbox("Show the pad", value=True) else None
st.code(f"{st.session_state['runs']} runs", language=None)
st.code(f"{drawing.paper} {drawing.ink.hex()}" if drawing else "blank", language=None)
