"""One gradient under all optimisers side by side, and by hand."""

import numpy as np
import pandas as pd
import streamlit as st
from torch import Tensor

from blitz.network.updates.comparison import RuleResult, UpdateComparison, compare_updates
from blitz.network.updates.figures import path_figure, sizes_figure
from blitz.network.updates.gradients import gradient_of
from blitz.network.updates.rules import UpdateSettings
from blitz.ui.charts import CHART_CONFIG
from blitz.ui.network.chosen import ChosenNetwork
from blitz.ui.network.step_fields import filled, number_field
from blitz.ui.network.step_live import BatchChoice, batch_of, refusal
from blitz.ui.network.updates_formulas import show_formulas, show_rounding
from blitz.ui.text import plain

KEY = "network-updates-"
PARAMETER = f"{KEY}parameter"
ELEMENT = f"{KEY}element"
_GRADIENT = f"{KEY}gradient"
BATCH = BatchChoice(size=4, seed=0)
CHART_WIDTH = 470


def show_updates(chosen: ChosenNetwork) -> None:
    """Show what each rule makes of one parameter's gradient."""
    st.markdown(
        "One parameter and one gradient, of the cross-entropy of four training images. Each rule "
        "makes its own update of them, and with the same gradient again, its own way."
    )
    complaint = refusal(chosen)
    if complaint:
        st.error(plain(complaint))
        return
    try:
        comparison = _compared(chosen)
    except ValueError as error:
        st.error(plain(str(error)), icon=":material/edit:")
        return
    _show_verdict(comparison)
    _show_table(comparison)
    _show_charts(comparison)
    show_formulas(comparison)
    show_rounding(comparison)


def _compared(chosen: ChosenNetwork) -> UpdateComparison:
    names = [name for name, _ in chosen.shared_model.named_parameters()]
    if st.session_state.get(PARAMETER) not in names:
        st.session_state[PARAMETER] = names[0]
    with st.container(horizontal=True, gap="small", vertical_alignment="bottom"):
        name = st.selectbox(
            "Parameter", names, key=PARAMETER, width=220, persist_state="session"
        )  # fmt: skip
        lr = number_field("Learning rate", f"{KEY}lr", 0.01)
        momentum = number_field("Momentum", f"{KEY}momentum", 0.9)
        num_steps = number_field("Updates", f"{KEY}num_steps", 3, format_="%d")
        weight, gradient = _gradient(chosen, name)
        place = _element_field(gradient)
    settings = UpdateSettings(
        lr=filled(lr, "learning rate"),
        momentum=filled(momentum, "momentum"),
        num_steps=int(filled(num_steps, "updates")),
    )
    element = tuple(int(i) for i in np.unravel_index(place, tuple(weight.shape)))
    return compare_updates(weight, gradient, settings, element)


def _element_field(gradient: Tensor) -> int:
    """Which element; the one with the largest gradient until a person chose."""
    largest = int(gradient.abs().argmax())
    shown_for = f"{KEY}element_of"
    identity = (st.session_state[PARAMETER], gradient.shape)
    if st.session_state.get(shown_for) != identity:
        st.session_state[shown_for] = identity
        st.session_state[ELEMENT] = largest
    place = st.number_input(
        f"Element (of {gradient.numel():,})", step=1, key=ELEMENT, width=150, value=None,
        help="Counted from 0 along the rows of the flattened tensor",
    )  # fmt: skip
    number = int(filled(place, "element"))
    if not 0 <= number < gradient.numel():
        raise ValueError(
            f"element: {number:,} was given; expected 0 to {gradient.numel() - 1:,}"
        )  # fmt: skip
    return number


def _gradient(chosen: ChosenNetwork, name: str) -> tuple[Tensor, Tensor]:
    """Kept in the session: the next run of the page asks for the same."""
    identity = (chosen.plan, chosen.weights, chosen.source, name)
    found = st.session_state.get(_GRADIENT)
    if found is None or found[0] != identity:
        images, labels = batch_of(chosen, BATCH)
        pair = gradient_of(chosen.new_model(), chosen.inputs(images), labels, name)
        found = st.session_state[_GRADIENT] = (identity, pair)
    weight, gradient = found[1]
    return weight, gradient


def _show_verdict(comparison: UpdateComparison) -> None:
    """Whether an update by hand is optim.SGD's, to the last bit."""
    hand, sgd = comparison.result("hand"), comparison.result("sgd")
    total = comparison.num_elements
    equal = f"all {total:,}" if sgd.num_equal == total else f"{sgd.num_equal:,} of {total:,}"
    steps = "1 update" if len(hand.element) == 1 else f"{len(hand.element)} updates"
    line = (
        f"By hand as w.sub_(g, alpha=lr): {equal} numbers equal optim.SGD's to the last bit after "
        f"{steps}. As w − lr · g: "
    )
    if hand.num_equal == total:
        line += "all of them, too."
    else:
        line += (
            f"all but {total - hand.num_equal:,}, off by {hand.largest_difference:.2g} at most: "
            "that rounds twice. See why below."
        )
    st.info(plain(line), icon=":material/verified:")


def _show_table(comparison: UpdateComparison) -> None:
    rows = [_row(result, comparison) for result in comparison.results]
    number = st.column_config.NumberColumn
    st.dataframe(
        pd.DataFrame(rows), hide_index=True, key=f"{KEY}table",
        column_config={
            "first update": number(format="%.6g"),
            "÷ (−lr · g)": number(format="%.5g"),
            "w after all": number(format="%.9g"),
            "PyTorch's w": number(format="%.9g"),
            "‖first update‖": number(format="%.4g"),
            "last bits apart": number(
                help="How many 32-bit numbers lie between, at most. It is large where a weight "
                "ended near 0, whose neighbours are very close."
            ),
            "largest difference": number(format="%.2g"),
        },
        alt="Each rule's update by hand beside PyTorch's optimiser",
    )  # fmt: skip


def _row(result: RuleResult, comparison: UpdateComparison) -> dict[str, object]:
    numbers, last = result.element[0].numbers, result.element[-1]
    update = numbers["new"] - numbers["w"]
    plain_update = -comparison.settings.lr * numbers["g"]
    return {
        "rule": result.rule.title,
        "first update": update,
        "÷ (−lr · g)": update / plain_update if plain_update else None,
        "w after all": last.numbers["new"],
        "PyTorch's w": last.by_torch,
        "‖first update‖": float(result.first_update.norm()),
        "equal to the last bit": f"{result.num_equal:,} of {comparison.num_elements:,}",
        "last bits apart": result.most_ulps,
        "largest difference": result.largest_difference,
    }


def _show_charts(comparison: UpdateComparison) -> None:
    index = ", ".join(map(str, comparison.element))
    with st.container(horizontal=True, gap="medium"):
        with st.container(width=CHART_WIDTH):
            st.markdown(f"##### How far element \\[{index}\\] moves")
            st.plotly_chart(
                path_figure(comparison), key=f"{KEY}path", config=CHART_CONFIG,
                alt="How far the chosen weight is from its first value after each update, by rule",
            )  # fmt: skip
        with st.container(width=CHART_WIDTH):
            st.markdown("##### First update of every element over its gradient")
            st.plotly_chart(
                sizes_figure(comparison), key=f"{KEY}sizes", config=CHART_CONFIG,
                alt="Magnitude of the first update over the gradient's, for each rule",
            )  # fmt: skip
            st.caption(
                "SGD's updates are in proportion to the gradient; momentum's first is SGD's. "
                "Adam's first is the learning rate for every gradient well above its ε = 10⁻⁸, "
                "RMSprop's ten times that."
            )
