"""A sweep: many runs from one, over some of its settings, and the chart that they fill."""

import uuid
from collections.abc import Mapping, Sequence
from dataclasses import replace
from typing import Any

import streamlit as st

from blitz.training.config import TrainConfig
from blitz.training.halving import stop_hopeless
from blitz.training.presets import PRESETS
from blitz.training.store import Run
from blitz.training.sweep_figures.figures import sweep_figure
from blitz.training.sweeps import SWEEP_PRESETS, grid, run_name
from blitz.ui.charts import CHART_CONFIG
from blitz.ui.compare.kept_answers import run_titles
from blitz.ui.compare.state import KEY, SELECTED
from blitz.ui.services import Services
from blitz.ui.text import plain

FIELDS = ("lr", "momentum", "seed", "optimizer", "width", "batch_size", "weight_decay", "schedule")
TOKEN = f"{KEY}sweep-token"
CHART_SECONDS = 3.0


def show_sweep(services: Services, runs: Sequence[Run]) -> None:
    """A form that starts a sweep, and the chosen runs as parallel coordinates."""
    with st.container(horizontal=True, gap="medium"):
        with st.container(width=440):
            _show_form(services, runs)
        with st.container(width=500):
            _show_chart(services)


def _show_form(services: Services, runs: Sequence[Run]) -> None:
    bases = {preset.title: preset.config for preset in PRESETS}
    titles = run_titles(runs)
    bases = {titles[run.id]: run.config for run in runs} | bases
    base_name = st.selectbox("Settings of", list(bases), key=f"{KEY}sweep-base")
    base = bases[base_name]
    preset = st.selectbox(
        "Sweep", SWEEP_PRESETS, format_func=lambda preset: preset.title, key=f"{KEY}sweep-preset"
    )
    st.caption(plain(preset.description))
    fields = st.multiselect(
        "Over", FIELDS, default=list(preset.values), key=f"{KEY}sweep-fields-{preset.title}"
    )
    texts = {
        name: st.text_input(
            name, ", ".join(map(str, preset.values.get(name, (getattr(base, name),)))),
            key=f"{KEY}sweep-{preset.title}-{name}",
        )
        for name in fields
    }  # fmt: skip
    epochs = st.number_input("Epochs of each", 1, 10_000, base.epochs, key=f"{KEY}sweep-epochs")
    try:
        configs = grid(read_values(texts), replace(base, epochs=epochs))
    except ValueError as error:
        st.error(plain(str(error)))
        return
    st.caption(f"{len(configs)} runs; what can be trained together is.")
    if st.button("Start the sweep", type="primary", icon=":material/play_arrow:"):
        names = [run_name("sweep", config, base) for config in configs]
        started = services.launcher.start_sweep(
            configs, names=names, token=st.session_state.get(TOKEN, uuid.uuid4().hex)
        )
        st.session_state[SELECTED] = tuple(run.id for run in started)
        st.session_state.pop(TOKEN, None)
        st.rerun()
    st.session_state.setdefault(TOKEN, uuid.uuid4().hex)


def read_values(texts: Mapping[str, str]) -> dict[str, list[Any]]:
    """The values of each field, as a person separates them with commas; ValueError in one line."""
    return {name: [_read(name, part.strip()) for part in text.split(",")]
            for name, text in texts.items()}  # fmt: skip


def _read(name: str, text: str) -> Any:
    kind = type(getattr(TrainConfig(), name))
    try:
        return kind(text)
    except ValueError:
        raise ValueError(f"{name}: {text[:40]!r} was given; expected a number") from None


@st.fragment(run_every=CHART_SECONDS)
def _show_chart(services: Services) -> None:
    found = [services.launcher.run(run_id) for run_id in st.session_state[SELECTED]]
    runs = [run for run in found if run is not None]
    is_ruthless = st.toggle(
        "Stop hopeless runs", key=f"{KEY}sweep-halving",
        help="Successive halving: after 1, 2, 4, … epochs the worse half of the sweep is stopped.",
    )  # fmt: skip
    if is_ruthless:
        for sweep in {run.sweep for run in runs if run.sweep}:
            stop_hopeless(services.store, services.launcher, sweep)
    if any(run.best_accuracy is not None for run in runs):
        st.plotly_chart(sweep_figure(runs), config=CHART_CONFIG, key=f"{KEY}sweep-chart")
    else:
        st.caption("The runs that are chosen in the table are drawn here as soon as one is tested.")
