"""The picture, and the program, to take away."""

from collections.abc import Callable

import streamlit as st

from blitz.autograd.export import to_dot, to_html, to_json, to_mermaid, to_svg
from blitz.ui.graph.state import View

HTML_SCRIPT = 'from blitz.autograd import trace\n\ntrace({outputs}).to_html("graph.html")\n'


def show_exports(view: View) -> None:
    """A button for each kind of file; each is made when it is asked for."""
    scene = view.scene
    picture = scene.picture(view.opened, view.direction)
    drawing, name = picture.drawing, scene.program.name
    st.caption(
        "The picture as it is folded now. A PNG comes from the button in the picture itself."
    )
    kinds: dict[str, tuple[str, str, Callable[[], str]]] = {
        "SVG": ("svg", "image/svg+xml", lambda: to_svg(drawing)),
        "HTML, opens offline": (
            "html",
            "text/html",
            lambda: to_html(drawing, playback=picture.playback, title=scene.program.title),
        ),
        "Graphviz DOT": ("dot", "text/vnd.graphviz", lambda: to_dot(drawing)),
        "Mermaid": ("mmd", "text/plain", lambda: to_mermaid(drawing)),
        "JSON": ("json", "application/json", lambda: to_json(scene.graph, drawing)),
        "Program": ("py", "text/x-python", lambda: scene.program.listing),
    }
    with st.container(horizontal=True, gap="small"):
        for label, (suffix, mime, make) in kinds.items():
            st.download_button(
                label, make, f"{name}.{suffix}", mime,
                key=f"graph_export_{suffix}", icon=":material/download:", on_click="ignore",
            )  # fmt: skip
    st.caption("From Python, after the program:")
    outputs = ", ".join(scene.program.graph_of)
    st.code(HTML_SCRIPT.format(outputs=outputs), language="python")
