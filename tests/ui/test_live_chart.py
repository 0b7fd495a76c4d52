import json

from streamlit.testing.v1 import AppTest


def page() -> None:
    import streamlit as st

    from blitz.ui.live_chart import live_chart

    name = "<script>alert(1)</script>"
    st.write(f"changed to {live_chart(name, key='live', status='running')}")


def test_the_component_is_given_the_run_and_the_addresses() -> None:
    app = AppTest.from_function(page).run()
    assert not app.exception
    assert app.markdown[0].value == "changed to None"
    [component] = [element.proto for element in app.main if element.type == "bidi_component"]
    data = json.loads(component.json)
    assert data["run_id"] == "<script>alert(1)</script>"
    assert data["status"] == "running"
    assert data["api"] == "/api"
    assert data["plotly_url"].startswith("/api/plotly.js?v=")
    assert "export default function" in component.js_content
    assert component.css_content


def test_sessions_share_one_registration() -> None:
    AppTest.from_function(page).run()
    app = AppTest.from_function(page).run()
    assert not app.exception
    app.run()
    assert not app.exception
