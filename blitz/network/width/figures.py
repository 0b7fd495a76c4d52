"""Training speed over width. Measured points in, Plotly figures out."""

from collections.abc import Sequence

import plotly.graph_objects as go

from blitz.look import CLEAR, COLOURS, DASHES, LEGEND_BELOW, SYMBOLS
from blitz.network.width.points import Setting, WidthPoint
from blitz.network.width.reason import by_setting

HEIGHT = 360


def speed_figure(points: Sequence[WidthPoint]) -> go.Figure:
    """Images a second over width: a colour for each device, a dash for each batch size."""
    figure = go.Figure()
    for setting, curve, look in _looks(points):
        figure.add_scatter(
            x=[point.width for point in curve],
            y=[point.images_per_second for point in curve],
            name=_name(setting), mode="lines+markers", **look,
            customdata=[point.num_channels for point in curve],
            hovertemplate="%{customdata} channels<br>%{y:,.0f} images/s",
        )  # fmt: skip
    _lay_out(figure, points, "images trained a second")
    return figure


def time_figure(points: Sequence[WidthPoint]) -> go.Figure:
    """A step's time over width, and thin the time that its arithmetic alone would take."""
    figure = go.Figure()
    for setting, curve, look in _looks(points):
        widths = [point.width for point in curve]
        shares = [point.arithmetic_share for point in curve]
        figure.add_scatter(
            x=widths, y=[1_000 * point.seconds_per_step for point in curve],
            name=_name(setting), legendgroup=_name(setting), mode="lines+markers", **look,
            customdata=shares,
            hovertemplate="%{y:.3g} ms a step<br>%{customdata:.0%} arithmetic",
        )  # fmt: skip
        figure.add_scatter(
            x=widths, y=[1_000 * point.arithmetic_seconds for point in curve],
            name="its arithmetic alone", legendgroup=_name(setting), mode="lines",
            line=look["line"] | {"width": 1}, opacity=0.7, showlegend=False,
            hovertemplate="%{y:.3g} ms for the arithmetic alone",
        )  # fmt: skip
    _lay_out(figure, points, "milliseconds")
    return figure


def _looks(
    points: Sequence[WidthPoint],
) -> list[tuple[Setting, list[WidthPoint], dict[str, dict[str, object]]]]:
    """Each curve with its line and markers."""
    curves = by_setting(points)
    places = list(dict.fromkeys(setting.place for setting in curves))
    batches = sorted({setting.batch_size for setting in curves})
    looks = []
    for setting, curve in curves.items():
        place = places.index(setting.place) % len(COLOURS)
        line = {
            "color": COLOURS[place], "width": 2.5,
            "dash": DASHES[batches.index(setting.batch_size) % len(DASHES)],
        }  # fmt: skip
        marker = {"symbol": SYMBOLS[place], "size": 8, "color": COLOURS[place]}
        looks.append((setting, curve, {"line": line, "marker": marker}))
    return looks


def _name(setting: Setting) -> str:
    return f"{setting.place}, batch {setting.batch_size}"


def _lay_out(figure: go.Figure, points: Sequence[WidthPoint], title: str) -> None:
    widths = sorted({point.width for point in points})
    figure.update_layout(
        height=HEIGHT,
        **CLEAR,
        legend=LEGEND_BELOW,
        xaxis={
            "title": "width (times the 6 channels between the convolutions)", "type": "log",
            "tickvals": widths, "ticktext": [str(width) for width in widths],
        },
        yaxis={"title": title, "type": "log", "exponentformat": "none", "dtick": 1},
    )  # fmt: skip
