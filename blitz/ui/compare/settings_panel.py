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

OWN_WORDS = {"lr": "learning rate", "optimizer": "optimiser"}


def show_settings(runs: Sequence[Run]) -> None:
    """Show only the settings that differ, and mean and spread of runs that differ by the seed."""
    table = different_settings(runs)
    titles = run_titles(runs)
    if table.empty:
        st.caption("All settings are the same.")
    else:
        st.dataframe(
            _in_words(table),
            column_config={run.id: st.column_config.TextColumn(titles[run.id]) for run in runs},
            key="compare-settings",
        )
    groups = [group for group in group_by_seed(runs) if len(group.runs) > 1]
    if groups:
        st.markdown("##### Over seeds")
        st.dataframe(_spread_table(groups, titles), hide_index=True, key="compare-seeds")
        st.caption(
            "Mean ± standard deviation (smallest to largest) of finished runs that differ by seed. "
            "Runs that were trained together saw the images in one order: theirs is the spread of "
            "the initial weights alone."
        )


def _in_words(table: pd.DataFrame) -> pd.DataFrame:
    rows = [
        [_value_text(name, value) for value in row]
        for name, row in zip(table.index, table.to_numpy().tolist(), strict=True)
    ]
    names = [OWN_WORDS.get(name, name.replace("_", " ")) for name in table.index]
    return pd.DataFrame(rows, index=pd.Index(names, name="setting"), columns=table.columns)


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
