"""The autograd page: examples, their graphs, and the panels, without a browser."""

import gc
import weakref

import pytest
from streamlit.testing.v1 import AppTest

from blitz.autograd.examples import EXAMPLES, load_example
from blitz.autograd.operations.derivatives import table
from blitz.autograd.picture.folding import REPEAT
from blitz.ui.graph.scenes import MOST_SCENES, scene_of
from blitz.ui.graph.state import Selection
from blitz.ui.services import Services
from blitz.ui.text import digest
from tests.ui.conftest import ENTRY, SECONDS
from tests.ui.test_pages import labels, press, texts

POWER = table()["Pow"]
NAMES = [name for group in EXAMPLES for name in group.names]


def open_example(app: AppTest, name: str) -> AppTest:
    return open_address(app, example=name)


def open_address(app: AppTest, **parameters: str) -> AppTest:
    app.run()
    app.switch_page("autograd.py")
    for parameter, value in parameters.items():
        app.query_params[parameter] = value
    app.run()
    assert not app.exception
    return app


def select(app: AppTest, selection: Selection) -> AppTest:
    """What a click in the picture leads to."""
    app.session_state["graph_selection"] = selection
    return show_panel(app, "Selected")


def show_panel(app: AppTest, panel: str) -> AppTest:
    app.session_state["graph_panel"] = panel
    app.run()
    assert not app.exception
    return app


def codes(app: AppTest) -> str:
    return "\n".join(str(element.value) for element in app.code)


@pytest.mark.parametrize("name", NAMES)
def test_every_example_shows_its_program(app: AppTest, name: str) -> None:
    open_example(app, name)
    assert load_example(name).listing.strip() in codes(app)


def test_an_unknown_example_in_the_address_shows_the_first_one(app: AppTest) -> None:
    open_example(app, "no such thing")
    assert load_example(NAMES[0]).listing.strip() in codes(app)


def test_another_number_changes_program_and_graph(app: AppTest) -> None:
    open_example(app, "lstm")
    before = texts(app)
    app.number_input(key="graph_lstm_steps").set_value(7).run()
    assert not app.exception
    assert "steps = 7" in codes(app)
    # 15 operations a step and the sum, four parameters
    assert "110 nodes" in texts(app)
    assert texts(app) != before


def test_a_selected_node_tells_formula_walk_and_saved_tensors(app: AppTest) -> None:
    open_example(app, "polynomial")
    graph = scene_of(load_example("polynomial")).graph
    [multiplication] = [node.index for node in graph.nodes if node.name == "MulBackward0"]
    [cube] = [edge.target for edge in graph.edges if edge.source == multiplication]
    select(app, Selection(node=cube))
    assert "PowBackward0" in texts(app)
    assert [element.value for element in app.latex] == [f"$$\n{POWER.latex}\n$$"]
    # Q = 3 · a³ − b²: from the difference to the product, from there to the power
    assert "Q.grad_fn.next_functions[0][0].next_functions[0][0]" in codes(app)
    kept = [element.label.replace("\\", "") for element in app.expander]
    assert any("self" in label and "[2] float32, 8 bytes" in label for label in kept)
    assert "`exponent` 3" in texts(app)


def test_a_leaf_shows_the_gradient_that_backward_brings(app: AppTest) -> None:
    open_example(app, "polynomial")
    graph = scene_of(load_example("polynomial")).graph
    [leaf] = [node.index for node in graph.nodes if node.label == "a"]
    select(app, Selection(node=leaf))
    shown = "\n".join(str(element.proto.body) for element in app.get("html"))
    assert ">36<" in shown
    assert ">81<" in shown


def test_a_repeat_opens_at_any_step(app: AppTest) -> None:
    open_example(app, "lstm")
    folding = scene_of(load_example("lstm")).folding
    [repeat] = [group for group in range(len(folding)) if folding.kind[group] == REPEAT]
    select(app, Selection(group=repeat, first_step=1, last_step=20))
    [step] = [field for field in app.number_input if field.label == "Step"]
    step.set_value(13).run()
    press(app, "Open this step")
    # the 15 operations of the step, its four parameters, two rests, the sum and the output
    assert int(folding.steps[repeat][12]) in app.session_state["graph_opened"]
    assert "23 boxes shown" in texts(app)


def test_open_more_and_fold_are_inverse(app: AppTest) -> None:
    open_example(app, "resnet18")
    first = app.session_state["graph_opened"]
    press(app, "Open more")
    assert app.session_state["graph_opened"] > first
    press(app, "Fold")
    assert app.session_state["graph_opened"] == first


WHY = [
    ("frozen_resnet", "model.conv1.weight", "frozen", "requires_grad_(True)"),
    ("frozen_resnet", "model.fc.weight", "", ""),
    ("integers", "table", "", ""),
    ("requires_grad", "x", "require", "x.requires_grad_()"),
]


@pytest.mark.parametrize(("name", "tensor", "kind", "fix"), WHY)
def test_why_a_tensor_has_no_gradient(
    app: AppTest, name: str, tensor: str, kind: str, fix: str
) -> None:
    open_example(app, name)
    show_panel(app, "Why?")
    [field] = [field for field in app.selectbox if field.label == "Tensor"]
    field.set_value(tensor).run()
    assert not app.exception
    shown = texts(app).replace("\\", "")
    assert tensor in shown
    assert kind in shown
    assert fix in codes(app)


def test_scenes_nobody_looks_at_any_more_are_freed(server: Services) -> None:
    assert server.settings.home.is_dir()
    gone = []
    for steps in range(2, 2 + 2 * MOST_SCENES):
        session = AppTest.from_file(str(ENTRY), default_timeout=SECONDS)
        open_example(session, "rnn")
        session.number_input(key="graph_rnn_steps").set_value(steps).run()
        show_panel(session, "Export")
        gone.append(
            (session, weakref.ref(scene_of(load_example("rnn").with_values({"steps": steps}))))
        )
    gc.collect()
    alive = sum(scene() is not None for _, scene in gone)
    assert alive <= MOST_SCENES


def test_gradients_are_checked_against_finite_differences(app: AppTest) -> None:
    open_example(app, "polynomial")
    show_panel(app, "Check")
    press(app, "Compare with finite differences")
    assert [element.value for element in app.success] == ["All that was compared agrees."]


def test_a_backward_that_says_otherwise_does_not_agree(app: AppTest) -> None:
    open_example(app, "custom_function")  # rounds, and passes the gradient straight through
    show_panel(app, "Check")
    press(app, "Compare with finite differences")
    assert "1 of 1 gradients do not agree" in texts(app)


def test_the_picture_can_be_taken_away_in_every_format(app: AppTest) -> None:
    open_example(app, "polynomial")
    show_panel(app, "Export")
    offered = {element.proto.label for element in app.get("download_button")}
    assert offered == {
        "SVG", "HTML, opens offline", "Graphviz DOT", "Mermaid", "JSON", "Program",
    }  # fmt: skip


def test_a_selected_edge_tells_its_gradient(app: AppTest) -> None:
    open_example(app, "polynomial")
    scene = scene_of(load_example("polynomial"))
    picture = scene.picture(scene.opened_first(), "down")
    labels_of = [vertex.label for vertex in picture.drawing.vertices]
    ends = zip(picture.drawing.source.tolist(), picture.drawing.target.tolist(), strict=True)
    [edge] = [i for i, (s, t) in enumerate(ends) if (labels_of[s], labels_of[t]) == ("Pow", "a")]
    identity = app.session_state["graph_identity"]
    select(app, Selection(edge=edge, picture=f"{identity}-{digest(repr([]))}-down"))
    # 9a² for a = [2, 3]: 36 and 81, whose norm is √(36² + 81²)
    shown = texts(app).replace("\\", "")
    assert "36 to 81" in shown
    assert f"norm {(36**2 + 81**2) ** 0.5:.4g}" in shown


def test_an_edge_is_not_taken_for_another_picture_s(app: AppTest) -> None:
    open_example(app, "resnet18")
    select(app, Selection(edge=3, picture="another one"))
    assert "Click a box or an edge" in texts(app)


def test_examples_are_listed_by_theme(app: AppTest) -> None:
    open_example(app, NAMES[0])
    assert {group.heading for group in EXAMPLES} <= {caption.value for caption in app.caption}
    titles = {load_example(name).title for name in NAMES}
    assert titles <= {label.replace("\\", "").strip("*") for label in labels(app)}
