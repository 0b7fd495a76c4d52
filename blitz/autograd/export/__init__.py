"""A graph or its drawing as a file for elsewhere: SVG, DOT, Mermaid, JSON, or a page of its own.

Each format has a module. Where things are drawn, and what is folded, is decided before.
"""

from blitz.autograd.export.dot import to_dot
from blitz.autograd.export.files import Format, Opened, export, format_of, open_all
from blitz.autograd.export.flat_json import to_json
from blitz.autograd.export.mermaid import to_mermaid
from blitz.autograd.export.page import in_a_notebook, to_html
from blitz.autograd.export.svg import to_svg

__all__ = [
    "Format",
    "Opened",
    "export",
    "format_of",
    "in_a_notebook",
    "open_all",
    "to_dot",
    "to_html",
    "to_json",
    "to_mermaid",
    "to_svg",
]
