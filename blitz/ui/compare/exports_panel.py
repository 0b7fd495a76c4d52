"""Buttons that take runs away; what is in the files, `blitz.training.exports` knows."""

from collections.abc import Callable, Sequence
from functools import partial

import streamlit as st

from blitz.training.exports.report import comparison_report
from blitz.training.exports.tables import metrics_csv, runs_csv, runs_json
from blitz.training.exports.tensorboard import tensorboard_zip
from blitz.training.store import Run
from blitz.ui.services import Services


def show_exports(services: Services, runs: Sequence[Run]) -> None:
    """Show the buttons; a file is made when it is asked for."""
    if not runs:
        st.caption("Choose runs in the table to take them away.")
        return
    store, chosen = services.store, tuple(runs)
    with st.container(horizontal=True):
        report = partial(comparison_report, chosen, store, services.settings.runs_folder)
        _button("Report", report, "comparison.html", "text/html")
        _button("Runs as CSV", partial(runs_csv, chosen), "runs.csv", "text/csv")
        _button("Metrics as CSV", partial(metrics_csv, chosen, store), "metrics.csv", "text/csv")
        _button("JSON", partial(runs_json, chosen, store), "runs.json", "application/json")
        _button(
            "TensorBoard",
            partial(tensorboard_zip, chosen, store),
            "tensorboard.zip",
            "application/zip",
        )
    st.caption(
        "Report: settings, curves and results as one page that opens without a network. "
        "CSV: a row for each run, or for each measured value. JSON: both in one file. "
        "TensorBoard: unpack it into a folder, then `tensorboard --logdir FOLDER`."
    )


def _button(label: str, make: Callable[[], str | bytes], file_name: str, mime: str) -> None:
    st.download_button(
        label,
        data=make,
        file_name=file_name,
        mime=mime,
        on_click="ignore",
        icon=":material/download:",
        key=f"compare_export_{file_name}",
    )
