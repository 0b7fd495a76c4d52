"""A guided station on its page, without a browser."""

from pathlib import Path

import pytest
from streamlit.testing.v1 import AppTest

from blitz.autograd.examples import EXAMPLES
from blitz.network.stations import STATIONS, run_station
from blitz.ui.network.further import FURTHER, PageLink
from tests.ui.conftest import SECONDS
from tests.ui.test_pages import texts

NAMES = [station.name for station in STATIONS]
PAGES = Path(__file__).parents[2] / "pages"
INDEX = """
import streamlit as st

pages = [st.Page(f"{name}.py") for name in ("network", "autograd", "tensors", "train")]
st.navigation(pages).run()
"""
NETWORK = """
import streamlit as st

from blitz.ui.network.stations_view import show_station


def choose(name):
    st.query_params["view"] = name


view = st.query_params["view"]
if view != "optimisers":
    show_station(view, choose)
"""


@pytest.fixture
def stations(tmp_path: Path) -> AppTest:
    """A page with a station alone, beside empty pages that it may lead to."""
    for name, content in (("index", INDEX), ("network", NETWORK)):
        (tmp_path / f"{name}.py").write_text(content, encoding="utf-8")
    for name in ("autograd", "tensors", "train"):
        (tmp_path / f"{name}.py").touch()
    return AppTest.from_file(str(tmp_path / "index.py"), default_timeout=SECONDS)


def open_station(app: AppTest, name: str) -> AppTest:
    app.query_params["view"] = name
    app.run()
    assert not app.exception
    return app


def codes(app: AppTest) -> list[str]:
    return [str(element.value) for element in app.code]


def test_each_station_shows_its_words_its_code_and_what_came_of_it(stations: AppTest) -> None:
    for station in STATIONS:
        open_station(stations, station.name)
        shown = codes(stations)
        for outcome in run_station(station):
            assert outcome.cell.code in shown
            assert not outcome.printed or outcome.printed.strip() in shown
        assert all(cell.text in texts(stations) for cell in station.cells)
        num_errors = sum(cell.is_meant_to_fail for cell in station.cells)
        assert len(stations.error) == num_errors


def test_a_choice_runs_the_station_again(stations: AppTest) -> None:
    open_station(stations, "n1")
    assert "61,706 numbers in all" in "\n".join(codes(stations))
    stations.segmented_control(key="network_n1_channels").set_value(3).run()
    assert not stations.exception
    assert "62,006 numbers in all" in "\n".join(codes(stations))
    assert any(code.startswith("channels = 3") for code in codes(stations))


def test_one_station_leads_to_the_next_and_back(stations: AppTest) -> None:
    open_station(stations, NAMES[0])
    for name in NAMES[1:]:
        stations.button(key="network_next").click().run()
        assert not stations.exception
        assert stations.query_params["view"] == name
    assert not [button for button in stations.button if button.key == "network_next"]
    for name in reversed(NAMES[:-1]):
        stations.button(key="network_previous").click().run()
        assert stations.query_params["view"] == name


def test_each_station_leads_further_to_places_that_are_there(stations: AppTest) -> None:
    examples = {name for group in EXAMPLES for name in group.names}
    assert set(FURTHER) == set(NAMES)
    for name, links in FURTHER.items():
        open_station(stations, name)
        pages = [link for link in links if isinstance(link, PageLink)]
        assert len(stations.get("page_link")) == len(pages)
        for link in pages:
            assert (PAGES / link.page).exists()
            assert link.parameters.get("example", "dag") in examples


def test_a_view_of_the_same_page_opens_there(stations: AppTest) -> None:
    open_station(stations, "n9")
    stations.button(key="network_further_optimisers").click().run()
    assert not stations.exception
    assert stations.query_params["view"] == "optimisers"
