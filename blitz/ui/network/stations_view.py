"""A guided station as a notebook shows it: words, code, and what came of the code below it.

The page gives it a title.
"""

from collections.abc import Callable
from functools import lru_cache

import streamlit as st

from blitz.network.stations import STATIONS, Cell, CellOutcome, Station, Value, run_station
from blitz.network.stations.figures import heat_maps
from blitz.ui.charts import CHART_CONFIG
from blitz.ui.network.further import show_further
from blitz.ui.text import plain

WIDTH = 760
MOST_OUTCOMES = 100


def show_station(name: str, choose: Callable[[str], None]) -> None:
    """Show the station of this name; what may be set stands before the cell that sets it.

    choose: opens another station or a view of the page, by its name.
    """
    [place] = [place for place, station in enumerate(STATIONS) if station.name == name]
    station = STATIONS[place]
    with st.container(width=WIDTH):
        st.markdown(station.text)
        cells = [st.container() for _ in station.cells]
        values: dict[str, Value] = {}
        for cell, container in zip(station.cells, cells, strict=True):
            with container:
                values |= _before(cell, name)
        station = station.with_values(values)
        for index, (outcome, container) in enumerate(zip(_outcomes(station), cells, strict=True)):
            with container, st.container(border=True, gap="xsmall"):
                _show_cell(outcome, f"network_{name}_{index}")
        _show_ways_on(station, place, choose)


@lru_cache(maxsize=MOST_OUTCOMES)
def _outcomes(station: Station) -> tuple[CellOutcome, ...]:
    return run_station(station)


def _before(cell: Cell, station: str) -> dict[str, Value]:
    """What to know before a cell, and what may be set in it; the values chosen."""
    if cell.text:
        st.markdown(cell.text)
    values: dict[str, Value] = {}
    for choice in cell.choices:
        values[choice.name] = st.segmented_control(
            plain(f"{choice.name}: {choice.help}"),
            choice.options,
            default=choice.value,
            required=True,
            key=f"network_{station}_{choice.name}",
            persist_state="session",
        )
    return values


def _show_cell(outcome: CellOutcome, key: str) -> None:
    st.code(outcome.cell.code, language="python", wrap_lines=True)
    if outcome.printed:
        st.caption("Printed")
        st.code(outcome.printed, language=None, wrap_lines=True)
    if outcome.error:
        st.error(plain(outcome.error), icon=":material/error:")
    if outcome.value:
        st.code(outcome.value, language=None, wrap_lines=True)
    elif outcome.maps is not None:
        st.plotly_chart(heat_maps(outcome.maps), key=key, config=CHART_CONFIG)
    elif outcome.table is not None:
        st.dataframe(outcome.table, hide_index=True, height="content")


def _show_ways_on(station: Station, place: int, choose: Callable[[str], None]) -> None:
    st.divider()
    show_further(station.name, choose)
    with st.container(horizontal=True, gap="small"):
        if place > 0:
            _button_to(STATIONS[place - 1], "previous", ":material/arrow_back:", choose)
        if place + 1 < len(STATIONS):
            _button_to(STATIONS[place + 1], "next", ":material/arrow_forward:", choose)
        st.download_button(
            f"Download {station.name}.py",
            station.script(),
            file_name=f"{station.name}.py",
            key=f"network_download_{station.name}",
            icon=":material/download:",
            on_click="ignore",
        )


def _button_to(station: Station, key: str, icon: str, choose: Callable[[str], None]) -> None:
    st.button(
        plain(station.title), key=f"network_{key}", icon=icon,
        type="primary" if key == "next" else "secondary",
        on_click=choose, args=(station.name,),
    )  # fmt: skip
