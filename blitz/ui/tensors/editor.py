"""The editor as a Streamlit component: a person's program, what is wrong with it, and names to use.

What stands in the browser is the truth; a script run brings marks to it, and another text only
under another revision. Two components in truth, as with the stepper: one takes the names as bytes,
which Streamlit sends only once as long as they stay the same; the other one takes what changes
with every script run, and shows nothing.
"""

import json
from collections.abc import Sequence
from dataclasses import asdict, dataclass
from functools import cache
from pathlib import Path
from typing import TYPE_CHECKING

import streamlit as st

from blitz.tensors.faults import Span
from blitz.tensors.syntax import MOST_CHARACTERS

if TYPE_CHECKING:
    from streamlit.components.v2.types import ComponentRenderer


@dataclass(frozen=True, kw_only=True, slots=True)
class EditorEvent:
    """A program that a person wants to see run, and the revision of the text that it came from."""

    source: str
    revision: int


@dataclass(slots=True)
class _Known:
    """What a session knows of its editor in the browser."""

    instance: str = ""  # of the editor; a browser that begins anew has another one
    handled: int = 0  # serial number of the last text taken up


def editor(
    source: str,
    *,
    revision: int,
    fault: Span | None,
    fault_text: str,
    marked: Span | None,
    names: Sequence[tuple[str, str]],
    key: str,
) -> EditorEvent | None:
    """Show a program; return what a person made of it, in the script run that this started.

    source: the program that `fault` and `marked` are about. It replaces what stands in the browser
    only under another `revision` than before, so a page passes the last event's source back and
    leaves the revision as it is; texts of an older revision are not returned.
    fault, fault_text: the piece that is wrong, and why; without a piece, the program as a whole.
    marked: a piece to point at.
    names: to suggest after a dot, with their signatures: ("torch.cat", "cat(tensors, dim=0)");
    names that do not begin with a module, such as Tensor.sum, follow any value.
    """
    # Without a gap, what shows nothing takes no room either.
    with st.container(gap=None):
        # Naming a callback is what makes "typed" a value of the component.
        _view()(key=key, data=_message(key, tuple(names)), on_typed_change=lambda: None)
        event = typed(key, revision=revision)
        _control()(
            key=f"{key}-control",
            data={
                "view": key,
                # A text field knows one kind of line end.
                "source": source.replace("\r\n", "\n").replace("\r", "\n"),
                "revision": revision,
                "fault": fault and asdict(fault),
                "fault_text": fault_text,
                "marked": marked and asdict(marked),
            },
        )
    return event


def typed(key: str, *, revision: int) -> EditorEvent | None:
    """What `editor` would return, before it is shown; then it returns this no more.

    For a page that runs a program and shows the editor with what came of it in the same script run.
    """
    value = st.session_state.get(key, {}).get("typed")
    if not isinstance(value, dict):
        return None
    known: _Known = st.session_state.setdefault(f"{key}-known", _Known())
    if value["instance"] != known.instance:
        known.instance, known.handled = value["instance"], 0
    if value["serial"] <= known.handled:
        return None
    known.handled = value["serial"]
    if value["revision"] != revision:
        return None  # of a text that was replaced since
    return EditorEvent(source=value["source"], revision=revision)


def _message(view: str, names: tuple[tuple[str, str], ...]) -> bytes:
    message = {"view": view, "names": names, "max_length": MOST_CHARACTERS}
    return json.dumps(message, ensure_ascii=False, separators=(",", ":")).encode()


@cache
def _view() -> "ComponentRenderer":
    """The component, registered once a process; all sessions share it."""
    return st.components.v2.component(
        "blitz_editor",
        css=_read("editor.css"),
        js="\n".join(map(_read, ("editor_text.js", "editor_suggestions.js", "editor.js"))),
        # Streamlit's short cuts must see that somebody types in a field of the component.
        isolate_styles=False,
    )


@cache
def _control() -> "ComponentRenderer":
    return st.components.v2.component("blitz_editor_control", js=_read("editor_control.js"))


def _read(name: str) -> str:
    return (Path(__file__).parent / name).read_text(encoding="utf-8")
