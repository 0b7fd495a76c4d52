"""What a person sees and can do on the tensors page, without a browser.

Components draw in a browser only; what they are given is in the session, and they say nothing here.
"""

import pytest
import torch
from streamlit.testing.v1 import AppTest
from torch import Tensor

from blitz.tensors.address import State, encode
from blitz.tensors.evaluation import Evaluation
from blitz.tensors.lessons import LESSONS
from blitz.tensors.operations.table import OPERATIONS
from blitz.ui.tensors.playground import PANELS
from blitz.ui.tensors.state import FIRST
from blitz.ui.text import plain
from tests.ui.test_pages import press, texts


def open_page(app: AppTest, page: str = "tensors.py", **address: str) -> AppTest:
    app.run()
    app.switch_page(page)
    for name, value in address.items():
        app.query_params[name] = value
    app.run()
    assert not app.exception
    return app


def link(program: str, seed: int = 0) -> str:
    return encode(State(program=program, device="cpu", seed=seed))


def evaluation(app: AppTest) -> Evaluation:
    found: Evaluation = app.session_state["tensors-evaluation"]
    return found


def show(app: AppTest, panel: str) -> AppTest:
    app.session_state["tensors-panel"] = panel
    app.run()
    assert not app.exception
    return app


def test_it_opens_with_a_program_that_ran(app: AppTest) -> None:
    open_page(app)
    assert app.title[0].value == "Tensor playground"
    assert evaluation(app).source == FIRST
    assert evaluation(app).error is None
    x = torch.arange(12.0).reshape(3, 4)
    x[:, 1] = 0
    value = evaluation(app).value
    assert isinstance(value, Tensor)
    assert torch.equal(value, x @ x.T)
    for panel in PANELS:
        show(app, panel)
        assert not app.error


def test_every_lesson_and_variant_opens_with_its_program(app: AppTest) -> None:
    open_page(app)
    for lesson in LESSONS:
        press(app, plain(lesson.title))
        assert app.title[0].value == plain(lesson.title)
        assert app.query_params["lesson"] == lesson.name
        assert evaluation(app).source == lesson.program
        assert evaluation(app).error is None
        for variant in lesson.variants:
            press(app, plain(variant.title))
            assert evaluation(app).source == variant.program
            assert not app.exception


def test_the_address_brings_program_and_seed(app: AppTest) -> None:
    open_page(app, program=link("torch.rand(3)", seed=7))
    torch.manual_seed(7)
    value = evaluation(app).value
    assert isinstance(value, Tensor)
    assert torch.equal(value, torch.rand(3))
    app.number_input(key="tensors-seed-field").set_value(8).run()
    torch.manual_seed(8)
    value = evaluation(app).value
    assert isinstance(value, Tensor)
    assert torch.equal(value, torch.rand(3))


@pytest.mark.parametrize(
    ("address", "complaint"),
    [
        ({"program": "nonsense"}, "The program in the address is damaged: this is another one."),
        ({"lesson": "none"}, "There is no such lesson: this is the playground."),
    ],
)
def test_a_wrong_address_is_said_to_be_wrong(
    app: AppTest, address: dict[str, str], complaint: str
) -> None:
    open_page(app, **address)
    assert [str(warning.value).replace("\\", "") for warning in app.warning] == [complaint]
    assert evaluation(app).error is None


def test_an_error_is_explained_and_everything_before_it_stays(app: AppTest) -> None:
    open_page(app, program=link("x = torch.ones(2, 3)\nx @ x"))
    [error] = [str(error.value).replace("\\", "") for error in app.error]
    assert error.startswith("**line 2, column 1: ")
    assert "x @ x: given [2, 3] float32, [2, 3] float32" in error
    assert "Why: " in error
    assert "Mend: " in error
    assert [variable.name for variable in evaluation(app).shown] == ["x"]


def test_the_catalogue_finds_operations_and_tries_them(app: AppTest) -> None:
    show(open_page(app), "Catalogue")
    assert f"{len(OPERATIONS)} of {len(OPERATIONS)} operations" in texts(app)
    app.text_input(key="tensors-search").input("torch.cat").run()
    cat = next(operation for operation in OPERATIONS if operation.name == "cat")
    assert cat.summary in texts(app).replace("\\", "")
    app.button(key=f"tensors-try-{cat.paths[0]}").click().run()
    assert evaluation(app).source.strip() == cat.example.strip()
    assert evaluation(app).error is None


def test_the_history_brings_programs_back(app: AppTest) -> None:
    open_page(app)
    for name in ("indexing", "joining"):
        press(app, next(plain(lesson.title) for lesson in LESSONS if lesson.name == name))
    show(app, "History")
    app.button(key="tensors-history-2").click().run()
    assert evaluation(app).source == FIRST
    assert app.title[0].value == "Tensor playground"


def test_a_program_with_a_graph_leads_to_it_and_another_does_not(app: AppTest) -> None:
    show(open_page(app), "Take away")
    assert "torch.manual_seed(0)" in app.code[0].value
    assert not app.get("page_link")
    source = "w = torch.ones(2, requires_grad=True)\n(w * 3).sum()"
    app.query_params["program"] = link(source)
    app.run()
    assert app.get("page_link")


def test_the_autograd_page_runs_a_program_of_ones_own(app: AppTest) -> None:
    source = "w = torch.ones(2, requires_grad=True)\nloss = (w * 3).sum()\nprint(loss.item())\nloss"
    open_page(app, "autograd.py", program=link(source))
    assert app.title[0].value == "Your own program"
    # sum, the product, and where the gradient of w is added up
    assert "3 nodes" in texts(app)
    assert not app.error


@pytest.mark.parametrize(
    ("source", "words"),
    [
        ("torch.ones(2) @ torch.ones(3)", "inconsistent tensor size"),
        ("import os", "an import cannot be in a program"),
        ("torch.zeros(10**13)", "of memory"),
    ],
)
def test_the_autograd_page_refuses_what_the_playground_refuses(
    app: AppTest, source: str, words: str
) -> None:
    open_page(app, "autograd.py", program=link(source))
    assert any(words in str(error.value).replace("\\", "") for error in app.error)
    assert "No graph to show" in texts(app)
