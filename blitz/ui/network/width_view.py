"""A wider network measured on this machine, and why a tiny one gains little from a fast device."""

import threading
from contextlib import closing

import pandas as pd
import streamlit as st

from blitz.devices import list_devices
from blitz.network.width.child import MeasurementError, measure_in_child
from blitz.network.width.figures import speed_figure, time_figure
from blitz.network.width.measure import places
from blitz.network.width.points import WidthPlan, WidthPoint
from blitz.network.width.reason import reasons
from blitz.ui.charts import CHART_CONFIG
from blitz.ui.text import plain

KEY = "network-width-"
POINTS = f"{KEY}points"
CHART_WIDTH = 470
BATCHES = (16, 64, 256)


def show_width() -> None:
    """A button that measures, and charts that grow while it does."""
    st.markdown(
        "On a GPU the small network of the Blitz is hardly faster than on the CPU: it is too "
        "small. Widen what its two convolutions have between them (conv1's output is conv2's "
        "input, 6 channels times the width) and measure how many images a second it trains: "
        "forward, loss, backward and SGD with momentum, on random images of 3 × 32 × 32."
    )
    _show_devices()
    with st.container(horizontal=True, gap="small", vertical_alignment="bottom"):
        large = st.segmented_control(
            "Batches of 4 and of", BATCHES, default=64, key=f"{KEY}batch", required=True,
            persist_state="session",
        )  # fmt: skip
        is_asked = st.button(
            "Measure", key=f"{KEY}measure", type="primary", icon=":material/speed:"
        )  # fmt: skip
    charts = st.empty()
    problem = _measure(WidthPlan(batch_sizes=(4, large)), charts) if is_asked else ""
    if problem:
        st.error(plain(problem))
    points: list[WidthPoint] = st.session_state.get(POINTS, [])
    if not points:
        return
    if problem or not is_asked:  # a measurement has drawn its own
        _draw(points, charts)
    for reason in reasons(points):
        st.markdown(f"- {plain(reason)}")
    with st.expander("All points as a table", key=f"{KEY}all"):
        st.dataframe(_table(points), hide_index=True, key=f"{KEY}table")


def _show_devices() -> None:
    names = [place.place for place in places()]
    words = f"Here: {'; '.join(names)}."
    if len(list_devices()) == 1:
        words += " This machine has no GPU that PyTorch can use."
    words += (
        " Measuring takes ten seconds or more, in a process of its own; whatever else this "
        "machine does meanwhile shows as a jump in a line."
    )
    st.caption(plain(words))


@st.cache_resource(show_spinner=False)
def _turn() -> threading.Lock:
    """Of all sessions one measures at a time: two at once would measure each other."""
    return threading.Lock()


def _measure(plan: WidthPlan, charts: st.delta_generator.DeltaGenerator) -> str:
    """Draw each point as it comes; what went wrong in a line, or ""."""
    if not _turn().acquire(blocking=False):
        return "Another session is measuring right now: try again in half a minute."
    try:
        st.session_state[POINTS] = points = []
        total = len(places()) * len(plan.widths) * len(plan.batch_sizes)
        with st.spinner("Measuring …", show_time=True), closing(measure_in_child(plan)) as found:
            progress = st.progress(0.0)
            for point in found:
                points.append(point)
                words = f"{point.setting.place}, batch {point.setting.batch_size}"
                progress.progress(len(points) / total, text=plain(f"{words}, width {point.width}"))
                _draw(points, charts)
            progress.empty()
    except MeasurementError as error:
        return str(error)
    finally:
        _turn().release()
    return ""


def _draw(points: list[WidthPoint], charts: st.delta_generator.DeltaGenerator) -> None:
    with charts.container(horizontal=True, gap="medium"):
        with st.container(width=CHART_WIDTH):
            st.markdown("##### Images a second")
            st.plotly_chart(
                speed_figure(points), config=CHART_CONFIG,
                alt="Images trained a second over width, for each device and batch size",
            )  # fmt: skip
        with st.container(width=CHART_WIDTH):
            st.markdown("##### Time of a step; thin: its arithmetic alone")
            st.plotly_chart(
                time_figure(points), config=CHART_CONFIG,
                alt="Milliseconds a step over width, beside those of its arithmetic alone",
            )  # fmt: skip


def _table(points: list[WidthPoint]) -> pd.DataFrame:
    rows = [
        {
            "on": point.setting.place,
            "batch": point.setting.batch_size,
            "width": point.width,
            "images/s": round(point.images_per_second),
            "ms a step": round(1_000 * point.seconds_per_step, 4),
            "million multiply-adds": round(point.macs_per_step / 1e6, 2),
            "ms of arithmetic": round(1_000 * point.arithmetic_seconds, 4),
            "arithmetic": f"{point.arithmetic_share:.0%}",
        }
        for point in points
    ]
    return pd.DataFrame(rows)
