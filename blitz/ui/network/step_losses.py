"""The loss over many steps on one batch: as it should be, and with something wrong."""

import streamlit as st

from blitz.network.experiments import LossCurve, loss_points, variants
from blitz.network.step_figures.figures import losses_figure
from blitz.network.step_settings import StepSettings
from blitz.ui.charts import CHART_CONFIG
from blitz.ui.network.chosen import ChosenNetwork
from blitz.ui.network.step_live import KEY, BatchChoice, batch_of, identity_of
from blitz.ui.text import plain

FOUND = f"{KEY}losses"
NUM_STEPS = (10, 30, 100)


def show_losses(chosen: ChosenNetwork, choice: BatchChoice, settings: StepSettings) -> None:
    """A button that trains, and the curves that it led to."""
    st.markdown(
        "The same batch again and again, on a new copy of the network each: as it should be; "
        "**without zero\\_grad**, so that every update uses the sum of all gradients so far; with "
        "**layers frozen**, so that only the others can learn; and with a **learning rate a "
        "thousand times as large**. Without zero\\_grad every update is larger than the one "
        "before: with a small learning rate that runs ahead for a while, with a larger one it "
        "overshoots."
    )
    with st.container(horizontal=True, gap="small", vertical_alignment="bottom"):
        num_steps = st.segmented_control(
            "Steps", NUM_STEPS, default=30, key=f"{KEY}num_steps", required=True,
            persist_state="session",
        )  # fmt: skip
        is_asked = st.button("Train them", key=f"{KEY}do-train", icon=":material/show_chart:")
    identity = (identity_of(chosen, choice, settings), num_steps)
    if is_asked:
        try:
            curves = _trained(chosen, choice, settings, num_steps)
        except ValueError as error:
            st.error(plain(str(error)))
            return
        st.session_state[FOUND] = (identity, curves)
    found = st.session_state.get(FOUND)
    if found is not None and found[0] == identity:
        _show_curves(found[1])


def _trained(
    chosen: ChosenNetwork, choice: BatchChoice, settings: StepSettings, num_steps: int
) -> list[LossCurve]:
    images, labels = batch_of(chosen, choice)
    inputs = chosen.inputs(images)
    ways = variants(chosen.shared_model, settings)
    progress = st.progress(0.0)
    curves = []
    for number, way in enumerate(ways):
        losses = []
        for point in loss_points(chosen.new_model, inputs, labels, way, num_steps):
            losses.append(point.loss)
            share = (number + point.step / num_steps) / len(ways)
            progress.progress(share, text=plain(f"{way.title}: step {point.step}"))
        curves.append(LossCurve(title=way.title, losses=tuple(losses)))
    progress.empty()
    return curves


def _show_curves(curves: list[LossCurve]) -> None:
    st.plotly_chart(
        losses_figure(curves), key=f"{KEY}losses_chart", config=CHART_CONFIG,
        alt="The loss over steps of four ways to train",
    )  # fmt: skip
    lines = [f"- {plain(curve.title)}: {plain(_outcome(curve))}" for curve in curves]
    st.markdown("\n".join(lines))


def _outcome(curve: LossCurve) -> str:
    first = curve.losses[0]
    if curve.ended_at is not None:
        return f"from {first:.4g} to numbers that are not finite, at step {curve.ended_at}"
    return f"from {first:.4g} to {curve.losses[-1]:.4g} after {len(curve.losses) - 1} steps"
