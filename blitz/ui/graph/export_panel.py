"""The picture, and the program, to take away."""

from collections.abc import Callable

import streamlit as st

from blitz.autograd.export import to_dot, to_html, to_json, to_mermaid, to_svg
from blitz.ui.graph.scenes import Picture, Scene, scene_of
from blitz.ui.graph.state import View

HTML_SCRIPT = 'from blitz.autograd import trace\n\ntrace({outputs}).to_html("graph.html")\n'


def show_exports(view: View) -> None:
    """A button for each kind of file; each is made when it is asked for."""
    program, opened, direction = view.scene.program, view.opened, view.direction

    def scene() -> Scene:  # looked up anew: a waiting button must not keep a graph alive
        return scene_of(program)

    def picture() -> Picture:
        return scene().picture(opened, direction)

    def html() -> str:
        shown = picture()
        return to_html(shown.drawing, playback=shown.playback, title=program.title)

    kinds: dict[str, tuple[str, str, Callable[[], str]]] = {
        "SVG": ("svg", "image/svg+xml", lambda: to_svg(picture().drawing)),
        "HTML, opens offline": ("html", "text/html", html),
        "Graphviz DOT": ("dot", "text/vnd.graphviz", lambda: to_dot(picture().drawing)),
        "Mermaid": ("mmd", "text/plain", lambda: to_mermaid(picture().drawing)),
        "JSON": ("json", "application/json", lambda: to_json(scene().graph, picture().drawing)),
        "Program": ("py", "text/x-python", lambda: program.listing),
    }
    st.caption(
        "The picture as it is folded now. A PNG comes from the button in the picture itself."
    )
    with st.container(horizontal=True, gap="small"):
        for label, (suffix, mime, make) in kinds.items():
            st.download_button(
                label, make, f"{program.name}.{suffix}", mime,
                key=f"graph_export_{suffix}", icon=":material/download:", on_click="ignore",
            )  # fmt: skip
    st.caption("From Python, after the program:")
    outputs = ", ".join(view.scene.program.graph_of)
    st.code(HTML_SCRIPT.format(outputs=outputs), language="python")
