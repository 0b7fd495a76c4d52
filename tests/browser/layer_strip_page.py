"""The page of `layer_strip_app`: says what `layer_strip` returned, and passes it back.

With ?show=images the strip is that of a data set's images.
"""

import streamlit as st

from blitz.ui.network.image_choice import choose_image
from blitz.ui.network.layer_strip import LayerCard, layer_strip
from tests.images import squares

st.set_page_config(layout="wide")
if st.query_params.get("show") == "images":
    chosen = choose_image(squares())
    st.code(chosen and chosen.caption, language=None)
    st.stop()

THUMBNAIL = (  # 2×2 pixels
    "data:image/png;base64,iVBORw0KGgoAAAANSUhEUgAAAAIAAAACCAAAAABX3VL4AAAADklEQVR4nGNg+M+wIAAA"
    "BZIB8MeQDHoAAAAASUVORK5CYII="
)


def block(name: str, start: int, *, is_wider: bool) -> list[LayerCard]:
    """A residual block whose first card has this number."""

    def card(title: str, *sources: int) -> LayerCard:
        return LayerCard(
            title=title, operation="Operation", shape="64 × 56 × 56", thumbnail=THUMBNAIL,
            group=name, sources=sources,
        )  # fmt: skip

    chain = ("conv1", "bn1", "relu", "conv2", "bn2")
    cards = [card(title, start + at - 1) for at, title in enumerate(chain)]
    bn2, past = start + 4, start - 1
    if is_wider:
        past = start + 5
        cards.append(card("downsample", start - 1))
    cards.append(card("add", bn2, past))
    return [*cards, card("relu_1", start + len(cards) - 1)]


def cards(blocks: int) -> list[LayerCard]:
    found = [
        LayerCard(title="conv1", operation="Conv2d 7×7", shape="64 × 112 × 112", sources=(-1,)),
        LayerCard(title='<b>relu</b> & "co"', operation="ReLU", sources=(0,)),
    ]
    for number in range(blocks):
        found += block(f"layer{number}.0", len(found), is_wider=number % 2 == 1)
    found.append(LayerCard(title="both", sources=(len(found) - 1, -1)))
    return found


log: list[int] = st.session_state.setdefault("log", [])
st.session_state.setdefault("chosen", 0)
shown = cards(st.number_input("Blocks", 0, 9, 2))


def move(to: int) -> None:
    st.session_state.chosen = to


st.button("Go to card 3", on_click=move, args=(3,))
st.button("Go to the last card", on_click=move, args=(len(shown) - 1,))
if st.checkbox("Break off a script run that hears of a click"):
    serial = (st.session_state.get("strip", {}).get("click") or {}).get("serial")
    if serial != st.session_state.get("broken_off"):
        st.session_state["broken_off"] = serial
        st.rerun()
if st.checkbox("Show the strip", value=True):
    clicked = layer_strip(shown, chosen=st.session_state.chosen, key="strip", label="Steps")
    if clicked is not None:
        st.session_state.chosen = clicked
        log.append(clicked)
st.code(f"{log}", language=None)
