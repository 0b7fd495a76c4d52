"""A rule's formulas with the numbers of the chosen element, and how they were rounded."""

import numpy as np
import streamlit as st

from blitz.network.updates.comparison import UpdateComparison
from blitz.network.updates.rules import RULES
from blitz.network.updates.substituted import formula_latex
from blitz.network.updates.ulps import roundings
from blitz.ui.text import plain

KEY = "network-updates-"
ELEMENT = f"{KEY}element"
SHOWN_STEP = f"{KEY}shown_step"


def show_formulas(comparison: UpdateComparison) -> None:
    """One rule at a time, at one of the updates."""
    st.markdown("##### The arithmetic of this element")
    titles = {rule.name: rule.title for rule in RULES}
    with st.container(horizontal=True, gap="medium", vertical_alignment="bottom"):
        name = st.segmented_control(
            "Rule", list(titles), default="momentum", required=True, key=f"{KEY}rule",
            format_func=titles.__getitem__, persist_state="session",
        )  # fmt: skip
        step = _choose_step(comparison.settings.num_steps)
    result = comparison.result(name)
    with st.container(key=f"{KEY}formula"):
        st.latex(formula_latex(result.rule, result.element[step - 1], step, comparison.settings))
    st.code(result.rule.code, language="python")


def _choose_step(num_steps: int) -> int:
    if num_steps == 1:
        return 1
    st.session_state[SHOWN_STEP] = min(st.session_state.get(SHOWN_STEP, 1), num_steps)
    return st.slider("Update", 1, num_steps, key=SHOWN_STEP, width=200)


def show_rounding(comparison: UpdateComparison) -> None:
    """The first update of the element in exact fractions: rounded once, and twice."""
    with st.expander(
        "Why by hand may differ in the last bit", icon=":material/exposure_plus_1:", key=f"{KEY}why"
    ):
        st.markdown(
            "A 32-bit number has 24 binary digits. `w - lr * g` rounds the product to 24 digits, "
            "and the difference again. `w.sub_(g, alpha=lr)`, as `optim.SGD` computes it, may use "
            "the processor's fused multiply-add, which keeps all digits of the product and rounds "
            "once. Where PyTorch has no such instruction, both round twice and agree."
        )
        hand, sgd = (comparison.result(name).element[0] for name in ("hand", "sgd"))
        way = roundings(hand.numbers["w"], hand.numbers["g"], comparison.settings.lr)
        exact = f"{float(way.exact):.17g}"
        rows = {
            "": ["exact", "rounded once", "rounded twice", "w - lr * g", "w.sub(g, alpha=lr)",
                 "optim.SGD"],
            "new weight": [
                exact, _digits(way.once), _digits(way.twice), _digits(hand.numbers["new"]),
                _digits(sgd.numbers["new"]), _digits(sgd.by_torch),
            ],
            "bits": [
                "", _bits(way.once), _bits(way.twice), _bits(hand.numbers["new"]),
                _bits(sgd.numbers["new"]), _bits(sgd.by_torch),
            ],
        }  # fmt: skip
        st.dataframe(rows, hide_index=True, key=f"{KEY}rounding")
        _offer_unlike(comparison)


def _offer_unlike(comparison: UpdateComparison) -> None:
    unlike = comparison.first_unlike
    if unlike is None:
        st.caption("In this parameter no first update differs.")
    elif unlike != comparison.element:
        st.button(
            plain(f"Look at {list(unlike)}, where they differ"), key=f"{KEY}unlike",
            icon=":material/search:", on_click=_choose, args=(unlike, comparison.shape),
        )  # fmt: skip


def _choose(element: tuple[int, ...], shape: tuple[int, ...]) -> None:
    st.session_state[ELEMENT] = int(np.ravel_multi_index(element, shape))


def _digits(number: float) -> str:
    return f"{number:.10g}"


def _bits(number: float) -> str:
    """Sign, exponent and fraction of a 32-bit number."""
    bits = f"{int(np.float32(number).view(np.uint32)):032b}"
    return f"{bits[0]} {bits[1:9]} {bits[9:]}"
