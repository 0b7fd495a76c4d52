"""The page of `stepper_app`: says what `stepper` returned, and passes it back."""

import streamlit as st

from blitz.ui.backprop.stepper import stepper
from tests.browser.stepper_networks import scenario

st.set_page_config(layout="wide")
name = st.query_params.get("network", "lecture")
log: list[str] = st.session_state.setdefault("log", [])
first_weight = st.number_input("First weight", value=0.05)
st.session_state.setdefault("place", 0)


def go_to(place: int) -> None:
    st.session_state.place = place


st.button("Go to the fourth step", on_click=go_to, args=(3,))
st.button("Run the script again")
if st.checkbox("Show the stepper", value=True):
    shown = scenario(name, first_weight)
    event = stepper(
        shown.network,
        shown.explain().steps,
        key="stepper",
        calculation_key=f"{name} {first_weight}",
        place=st.session_state.place,
        inputs=shown.inputs[0],
        targets=shown.targets[0],
    )
    if event is not None:
        st.session_state.place = event.place
        log.append(f"{event.place} {'playing' if event.is_playing else 'still'}")
st.code("\n".join(log) or "no event", language=None)
