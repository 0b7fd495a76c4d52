"""The live charts of a training run as a Streamlit component.

The browser's part, live_chart.js, asks the data routes for new points by itself: no script runs
while a chart grows. Its own word to the page is that the run's status changed.
"""

from functools import cache
from pathlib import Path
from typing import TYPE_CHECKING

import streamlit as st

from blitz.ui.routes import plotly_version
from blitz.ui.run_constants import run_constants

if TYPE_CHECKING:
    from streamlit.components.v2.types import ComponentRenderer

API = "/api"


def live_chart(run_id: str, *, key: str, status: str | None = None) -> str | None:
    """Show a run's charts; return its new status in the script run that a change started.

    status: the one that the page shows. Where the run's is another by the time the charts appear,
    that is a change too; without it, the first one seen counts as known.
    """
    data = {
        "run_id": run_id,
        "status": status,
        "api": API,
        "plotly_url": f"{API}/plotly.js?v={plotly_version()}",
    }
    # Naming a callback is what makes "status" a value of the component.
    result = _component()(key=key, data=data, on_status_change=lambda: None)
    changed_to = result.get("status")
    return None if changed_to is None else str(changed_to)


@cache
def _component() -> "ComponentRenderer":
    """The component, registered once a process; all sessions share it."""
    folder = Path(__file__).parent
    scripts = ("plotly_loading.js", "poller.js", "curve_drawing.js", "live_chart.js")
    return st.components.v2.component(
        "blitz_live_chart",
        css=(folder / "live_chart.css").read_text(encoding="utf-8"),
        js="\n".join(
            [
                run_constants(),
                *((folder / name).read_text(encoding="utf-8") for name in scripts),
            ]
        ),
        # In a shadow root Plotly's own styles, which it adds to the document, would not apply.
        isolate_styles=False,
    )
