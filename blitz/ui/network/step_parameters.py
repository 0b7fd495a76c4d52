"""All parameters of a state as a table, and one of them in pictures."""

import math

import pandas as pd
import streamlit as st
from torch import Tensor

from blitz.network.pictures.figures import mosaic_figure, plotly_figure
from blitz.network.pictures.mosaic import Mosaic, kernels, matrix
from blitz.network.step import StepByStep
from blitz.network.step_states import ParameterState, StepState
from blitz.ui.charts import CHART_CONFIG
from blitz.ui.network.step_live import KEY
from blitz.ui.network.words import shape_text
from blitz.ui.text import plain

TABLE = f"{KEY}table"
PARAMETER = f"{KEY}parameter"
PICTURE_WIDTH = 340
MOST_ROWS = 12
ROW_HEIGHT = 35
COLUMNS = {
    "gradient": st.column_config.TextColumn(help="What .grad is", width=130),
    **{
        name: st.column_config.TextColumn(width=92)
        for name in ("‖gradient‖", "‖value‖", "‖update‖", "largest change", "lowest", "highest")
    },
}


def show_parameters(step: StepByStep, state: StepState) -> None:
    """The table of a state; pictures of the chosen parameter as it is now."""
    names = [parameter.name for parameter in state.parameters]
    if st.session_state.get(PARAMETER) not in names:
        st.session_state[PARAMETER] = names[0]
    frame = pd.DataFrame([_row(parameter) for parameter in state.parameters])
    is_long = len(frame) > MOST_ROWS
    st.dataframe(
        frame, key=TABLE, hide_index=True, column_config=COLUMNS, selection_mode="single-row",
        on_select=take_selected, height=ROW_HEIGHT * (MOST_ROWS + 1) if is_long else "content",
        placeholder="–", alt="Every parameter: its gradient, and its values before and after",
    )  # fmt: skip
    st.session_state[f"{KEY}names"] = names
    with st.container(horizontal=True, gap="medium", vertical_alignment="bottom"):
        name = st.selectbox(
            "Parameter in pictures", names, key=PARAMETER, width=260, persist_state="session"
        )
        shares = st.toggle(
            "One colour scale", key=f"{KEY}one_scale", persist_state="session",
            help="For value, gradient and update together; else each has its own, and small "
            "numbers show as strongly as large ones.",
        )  # fmt: skip
    _show_first(state.parameter(name))
    if state.number == step.states[-1].number:
        _show_pictures(step, name, shares)
    else:
        st.caption("Pictures are of the last state: pick it above to see them.")


def take_selected() -> None:
    """Show the parameter of the row that was selected; none selected changes nothing."""
    rows = st.session_state[TABLE]["selection"]["rows"]
    names = st.session_state.get(f"{KEY}names", [])
    if rows and rows[0] < len(names):
        st.session_state[PARAMETER] = names[rows[0]]


def _row(parameter: ParameterState) -> dict[str, object]:
    gradient, update = parameter.gradient, parameter.update
    return {
        "parameter": parameter.name,
        "shape": shape_text(parameter.shape),
        "gradient": gradient_text(parameter),
        "‖gradient‖": "" if gradient is None else number_text(gradient.norm),
        "‖value‖": number_text(parameter.values.norm, digits=6),
        "‖update‖": "" if update is None else number_text(update.norm),
        "largest change": "" if update is None else number_text(update.largest),
        "lowest": number_text(parameter.values.minimum),
        "highest": number_text(parameter.values.maximum),
    }


def gradient_text(parameter: ParameterState) -> str:
    """What `.grad` is, in a word or two."""
    if parameter.gradient is None:
        return "None" if parameter.requires_grad else "None (frozen)"
    if not parameter.gradient.is_finite:
        return "not finite"
    if parameter.gradient_is_zero:
        return "zeros"
    if parameter.num_passes > 1:
        return f"accumulated ×{parameter.num_passes}"
    return "numbers"


def number_text(value: float, digits: int = 4) -> str:
    """A number, also where it is none: a table of numbers would show NaN as None."""
    if math.isnan(value):
        return "NaN"
    if math.isinf(value):
        return "∞" if value > 0 else "−∞"
    return f"{value:.{digits}g}"


def _show_first(parameter: ParameterState) -> None:
    """Its first few numbers, before and after the action."""
    changes = [b - a for a, b in zip(parameter.before, parameter.after, strict=True)]
    rows = {"before": parameter.before, "after": parameter.after, "change": changes}
    names = [f"[{index}]" for index in range(len(changes))]
    texts = [[number_text(value, digits=9) for value in values] for values in rows.values()]
    frame = pd.DataFrame(texts, columns=names, index=pd.Index(rows, name="its first numbers"))
    st.dataframe(
        frame, key=f"{KEY}first", width="content",
        alt=f"The first numbers of {parameter.name} before and after",
    )  # fmt: skip


def _show_pictures(step: StepByStep, name: str, shares: bool) -> None:
    live = step.live(name)
    tensors = {"Value": live.value, "Gradient": live.gradient, "Last update": live.update}
    mosaics = {title: _mosaic(each) for title, each in tensors.items() if each is not None}
    common = max(mosaic.limit for mosaic in mosaics.values())
    missing = {"Gradient": "None: there is no gradient.", "Last update": "No update yet."}
    with st.container(horizontal=True, gap="medium"):
        for title in tensors:
            with st.container(width=PICTURE_WIDTH):
                st.markdown(f"##### {title}")
                if title not in mosaics:
                    st.caption(missing[title])
                    continue
                mosaic = mosaics[title]
                figure = mosaic_figure(
                    mosaic, limit=common if shares else mosaic.limit, width=PICTURE_WIDTH,
                    names=_index_names(live.value),
                )  # fmt: skip
                st.plotly_chart(
                    plotly_figure(figure), key=f"{KEY}picture-{title}", config=CHART_CONFIG,
                    alt=f"{title} of {name}; the largest magnitude is {mosaic.limit:.4g}",
                )  # fmt: skip
                _remark(mosaic)


def _mosaic(tensor: Tensor) -> Mosaic:
    """Kernels of a convolution as tiles, anything else as one matrix."""
    if tensor.ndim == 4:
        return kernels(tensor)
    return matrix(tensor.reshape(len(tensor), -1) if tensor.ndim > 1 else tensor.reshape(1, -1))


def _index_names(tensor: Tensor) -> tuple[str, ...]:
    return ("kernel", "channel", "row", "column") if tensor.ndim == 4 else ("row", "column")


def _remark(mosaic: Mosaic) -> None:
    words = []
    if mosaic.num_nan or mosaic.num_infinite:
        words.append(f"{mosaic.num_nan:,} NaN, {mosaic.num_infinite:,} infinite.")
    if len(mosaic.tiles) < mosaic.num_tiles:
        words.append(f"{len(mosaic.tiles)} of {mosaic.num_tiles:,} kernels.")
    if not mosaic.is_whole:
        rows, columns = mosaic.size
        words.append(
            f"{len(mosaic.rows)} of {rows:,} rows, {len(mosaic.columns)} of {columns:,} columns."
        )
    if words:
        st.caption(plain(" ".join(words)))
