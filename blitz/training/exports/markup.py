"""Pieces of a report's page: whatever is given stands there as text, never as markup."""

import math
from collections.abc import Iterable
from html import escape
from typing import Any


def table(header: Iterable[str], rows: Iterable[Iterable[Any]]) -> str:
    """A table that scrolls by itself where the page is too narrow for it."""

    def line(tag: str, cells: Iterable[Any]) -> str:
        return "".join(f"<{tag}>{escape(str(cell))}</{tag}>" for cell in cells)

    body = "".join(f"<tr>{line('td', row)}</tr>" for row in rows)
    return (
        f'<div class="wide"><table><thead><tr>{line("th", header)}</tr></thead>'
        f"<tbody>{body}</tbody></table></div>"
    )


def section(title: str, content: str) -> str:
    """A part of the page; empty without content."""
    return f"<h2>{escape(title)}</h2>\n{content}\n" if content else ""


def paragraph(text: str) -> str:
    """A paragraph of plain text."""
    return f"<p>{escape(text)}</p>"


def number(value: float | None, form: str) -> str:
    """The number in this form; a dash for one that is not known."""
    return "–" if value is None or not math.isfinite(value) else f"{value:{form}}"
