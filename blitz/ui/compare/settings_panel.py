"""What was set differently in runs, and what the seed alone changes."""

from collections.abc import Sequence
from typing import Any

import pandas as pd
import streamlit as st

from blitz.datasets import dataset_title
from blitz.training.comparing import (
    SeedGroup,
    Spread,
    different_settings,
    group_by_seed,
    run_titles,
)
from blitz.training.store import Run
from blitz.training.sweeps import field_title
from blitz.ui.compare.columns import run_text

OF_THE_NETWORK = ("dataset", "model", "width", "image_size", "skip_unreadable")
"""What is true of uploaded weights, too."""
NOT_KNOWN = "–"
SETTING, RUNS, SEEDS, SPREAD = 130, 220, 70, 220
"""Widths of columns in pixels."""
MEASURED = ("best accuracy", "last accuracy", "last loss")


def show_settings(runs: Sequence[Run]) -> None:
    """Show only the settings that differ, and mean and spread of runs that differ by the seed."""
    table = _in_words(different_settings(runs), runs)
    titles = run_titles(runs)
    if table.empty:
        st.caption("All settings are the same.")
    else:
        st.dataframe(
            table,
            column_config={
                "_index": st.column_config.TextColumn(width=SETTING),
                **{run.id: run_text(titles[run.id]) for run in runs},
            },
            width="content",
            key="compare-settings",
        )
    groups = [group for group in group_by_seed(runs) if len(group.runs) > 1]
    if groups:
        st.markdown("##### Over seeds")
        st.dataframe(
            _spread_table(groups, titles),
            column_config={
                "runs": st.column_config.TextColumn(width=RUNS),
                "seeds": st.column_config.NumberColumn(width=SEEDS),
                **{name: st.column_config.TextColumn(width=SPREAD) for name in MEASURED},
            },
            hide_index=True,
            width="content",
            key="compare-seeds",
        )
        st.caption(
            "Mean ± standard deviation (smallest to largest) of finished runs that differ by seed. "
            "Runs that were trained together saw the images in one order: theirs is the spread of "
            "the initial weights alone."
        )


def _in_words(table: pd.DataFrame, runs: Sequence[Run]) -> pd.DataFrame:
    """The settings as people call them; of weights that were uploaded only what is known."""
    uploaded = {run.id for run in runs if _is_uploaded(run)}
    rows = {
        field_title(name): [
            NOT_KNOWN
            if name not in OF_THE_NETWORK and run.id in uploaded
            else _value_text(name, table.at[name, run.id])
            for run in runs
        ]
        for name in map(str, table.index)
    }
    if uploaded:
        origins = ["uploaded" if run.id in uploaded else "trained here" for run in runs]
        rows = {"weights": origins, **rows}
    different = {name: row for name, row in rows.items() if len(set(row)) > 1}
    return pd.DataFrame(
        list(different.values()),
        index=pd.Index(list(different), name="setting"),
        columns=table.columns,
    )


def _is_uploaded(run: Run) -> bool:
    """Whether its weights were only evaluated: all that its config says of training is made up."""
    return run.status == "finished" and run.total_steps == 0


def _value_text(name: str, value: Any) -> str:
    if name == "dataset":
        return dataset_title(value)  # of a path its last part: the others are the server's own
    if name == "image_size" and value is None:
        return "as they are"
    if isinstance(value, bool):
        return "yes" if value else "no"
    return f"{value:g}" if isinstance(value, float) else str(value)


def _spread_table(groups: Sequence[SeedGroup], titles: dict[str, str]) -> pd.DataFrame:
    return pd.DataFrame(
        {
            "runs": [", ".join(titles[run.id] for run in group.runs) for group in groups],
            "seeds": [len(group.runs) for group in groups],
            "best accuracy": [_spread_text(group.best_accuracy, ".2%") for group in groups],
            "last accuracy": [_spread_text(group.accuracy, ".2%") for group in groups],
            "last loss": [_spread_text(group.loss, ".4f") for group in groups],
        }
    )


def _spread_text(spread: Spread | None, form: str) -> str:
    if spread is None:
        return "–"
    if spread.deviation is None:
        return f"{spread.mean:{form}} (one run)"
    return (
        f"{spread.mean:{form}} ± {spread.deviation:{form}} "
        f"({spread.smallest:{form}} to {spread.largest:{form}})"
    )
