"""The graph viewer for browsers: plain scripts and styles that know nothing of Streamlit.

00_viewer_interface.js says how it is used. Each script has one noun; they are joined in the order
of their names and share one scope.
"""

from pathlib import Path


def viewer_script() -> str:
    """All scripts as one; the class GraphViewer is what others use of it."""
    return _joined("*.js")


def viewer_styles() -> str:
    """The styles; every rule begins with .blitz-graph."""
    return _joined("*.css")


def _joined(pattern: str) -> str:
    paths = sorted(Path(__file__).parent.glob(pattern))
    return "\n".join(path.read_text(encoding="utf-8") for path in paths)
