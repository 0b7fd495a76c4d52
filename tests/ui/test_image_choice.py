"""Choosing an image: one of the data set's, or a person's own file."""

from collections.abc import Callable

import numpy as np
import pytest
import torch
from PIL import Image
from streamlit.testing.v1 import AppTest

from blitz.ui.network.image_choice import ANY, CLASS, INDEX, INVERT, SOURCE, ChosenImage
from tests.datasets.helpers import encoded, noise
from tests.images import squares

LABELS = squares().test_labels
LAST = len(LABELS) - 1


def _page() -> None:
    import streamlit as st

    from blitz.ui.network.image_choice import choose_image
    from tests.images import squares

    channels = int(st.query_params.get("channels", 1))
    st.session_state["chosen"] = choose_image(squares(channels=channels))


def page(**state: object) -> AppTest:
    """The choice, shown with something in the session's state."""
    app = AppTest.from_function(_page, default_timeout=60)
    for name, value in state.items():
        app.session_state[name] = value
    return run(app)


def run(app: AppTest) -> AppTest:
    app.run()
    assert not app.exception
    return app


def chosen(app: AppTest) -> ChosenImage:
    found = app.session_state["chosen"]
    assert isinstance(found, ChosenImage)
    return found


def press(app: AppTest, label: str) -> None:
    [button] = [button for button in app.button if button.label == label]
    button.click()
    run(app)


@pytest.mark.parametrize(("given", "index"), [(0, 0), (7, 7), (10**9, LAST), (-3, 0)])
def test_an_index_is_held_within_the_test_images(given: int, index: int) -> None:
    app = page(**{INDEX: given})
    assert app.session_state[INDEX] == index
    assert chosen(app).pixels.equal(squares().test_images[index])
    assert chosen(app).label == LABELS[index]
    assert chosen(app).source == "test"


def test_the_buttons_go_round_all_images() -> None:
    app = page()
    for label, index in (("Next", 1), ("Previous", 0), ("Previous", LAST), ("Next", 0)):
        press(app, label)
        assert app.session_state[INDEX] == app.number_input[0].value == index
    press(app, "Another")
    assert app.session_state[INDEX] != 0


def test_a_class_leads_to_its_images_alone_until_another_number_is_asked_for() -> None:
    app = page()
    app.selectbox[0].set_value(1)
    run(app)
    bright = [index for index, label in enumerate(LABELS.tolist()) if label == 1]
    assert app.session_state[INDEX] == bright[0]
    press(app, "Next")
    assert app.session_state[INDEX] == bright[1]
    press(app, "Another")
    assert app.session_state[INDEX] in bright
    dark = LABELS.tolist().index(0, bright[1])
    app.number_input[0].set_value(dark)  # and in the same moment
    press(app, "Next")
    assert app.session_state[INDEX] == next(index for index in bright if index > dark)
    app.number_input[0].set_value(dark)
    run(app)
    assert chosen(app).label == 0
    assert app.selectbox[0].value == app.session_state[CLASS] == ANY


def test_the_index_and_the_class_are_kept_while_something_else_is_chosen() -> None:
    bright = LABELS.tolist().index(1)
    app = page(**{INDEX: bright, CLASS: 1})
    for source in ("drawing", "upload", "test"):
        app.session_state[SOURCE] = source
        run(app)
        assert app.session_state[INDEX] == bright
        assert app.session_state[CLASS] == 1
    assert chosen(app).pixels.equal(squares().test_images[bright])


def upload(app: AppTest, name: str, content: bytes) -> AppTest:
    app.file_uploader[0].upload(name, content, "image/png")
    return run(app)


def test_an_uploaded_picture_is_read_inverted_and_kept() -> None:
    app = page(**{SOURCE: "upload"})
    assert app.session_state["chosen"] is None
    picture = noise(0, (20, 20))
    upload(app, "a *cat*.png", encoded(picture))
    pixels = torch.from_numpy(np.asarray(picture).copy()).permute(2, 0, 1)
    assert chosen(app).pixels.equal(pixels)
    assert chosen(app).label is None
    assert chosen(app).caption == "a *cat*.png"
    before = chosen(app).digest
    app.checkbox(key=INVERT).check()
    run(app)
    assert chosen(app).pixels.equal(255 - pixels)
    assert chosen(app).digest != before
    for source in ("test", "upload"):
        app.session_state[SOURCE] = source
        run(app)
    assert chosen(app).pixels.equal(255 - pixels)


FAULTS: list[tuple[str, Callable[[], bytes]]] = [
    ("empty file", lambda: b""),
    ("not a known image format", lambda: b"<svg xmlns='http://www.w3.org/2000/svg'></svg>"),
    ("damaged", lambda: encoded(noise(0, (64, 64)))[:700]),
]


def test_a_file_that_is_no_picture_is_told_in_a_line_and_the_next_one_is_read() -> None:
    app = page(**{SOURCE: "upload"})
    for fault, content in FAULTS:
        upload(app, "<b>.png", content())
        [error] = app.error
        assert fault in error.value
        assert "\n" not in error.value
        assert app.session_state["chosen"] is None
    upload(app, "good.png", encoded(Image.new("L", (8, 8), 7)))
    assert not app.error
    assert (chosen(app).pixels == 7).all()


@pytest.mark.parametrize("source", ["drawing", "nonsense", ""])
def test_a_drawing_is_none_at_first_and_an_unknown_source_is_the_test_images(source: str) -> None:
    app = page(**{SOURCE: source})
    is_drawing = source == "drawing"
    assert (app.session_state["chosen"] is None) == is_drawing
    assert app.session_state[SOURCE] == ("drawing" if is_drawing else "test")
