"""The program whose graph is shown: its text, controls for its numbers, its code and output."""

from collections.abc import Mapping
from decimal import Decimal

import streamlit as st

from blitz.autograd.program import Control, Program, ProgramRun, Value
from blitz.ui.text import plain

NUMBER_WIDTH = 104


def control_values(program: Program) -> dict[str, Value]:
    """Show a field for each number that may be changed; the values chosen."""
    if not program.controls:
        return {}
    with st.container(horizontal=True, gap="small"):
        return {control.name: _field(program, control) for control in program.controls}


def show_program(program: Program, run: ProgramRun) -> None:
    """What to look for, the code to the letter as it ran, and what it printed."""
    st.markdown(program.text)
    st.code(program.listing, language="python", line_numbers=True, wrap_lines=True)
    if run.output:
        st.caption("Printed")
        st.code(run.output, language=None, wrap_lines=True)
    st.caption(f"Ran in {run.seconds * 1000:,.0f} ms")


def show_error(run: ProgramRun) -> None:
    """What stopped the program, if anything did."""
    if run.error is not None:
        place = f"Line {run.error.line}: " if run.error.line else ""
        st.error(plain(place + run.error.message), icon=":material/error:")


def _field(program: Program, control: Control) -> Value:
    key = f"graph_{program.name}_{control.name}"
    label, about = control.name, control.help or None
    value = control.value
    if control.kind == "switch":
        return bool(st.toggle(label, bool(value), key=key, help=about, persist_state="session"))
    if control.kind == "choice":
        chosen = st.selectbox(
            label, control.choices, index=control.choices.index(str(value)), key=key, help=about,
            persist_state="session", width=200,
        )  # fmt: skip
        return str(chosen)
    if isinstance(value, tuple):
        names = [f"{control.name}[{place}]" for place in range(len(value))]
        fields = enumerate(zip(names, value, strict=True))
        return tuple(_number(control, n, f"{key}_{i}", v, about) for i, (n, v) in fields)
    assert isinstance(value, int | float)
    return _number(control, control.name, key, value, about)


def _number(control: Control, label: str, key: str, value: float, about: str | None) -> int | float:
    whole = control.is_whole
    kind = int if whole else float
    assert control.minimum is not None
    assert control.maximum is not None
    found = st.number_input(
        label,
        min_value=kind(control.minimum),
        max_value=kind(control.maximum),
        value=kind(value),
        step=1 if whole else _step(control),
        format="%d" if whole else None,
        key=key,
        help=about,
        persist_state="session",
        width=NUMBER_WIDTH,
    )
    return kind(value) if found is None else kind(found)


def _step(control: Control) -> float:
    """A step of the size of the digits that the program's own numbers have."""
    numbers = control.value if isinstance(control.value, tuple) else (control.value,)
    exponents = [Decimal(repr(number)).as_tuple().exponent for number in numbers]
    return float(10.0 ** min(int(exponent) for exponent in exponents))


def changed_values(program: Program, values: Mapping[str, Value]) -> dict[str, Value]:
    """Only those values that are not the program's own."""
    own = {control.name: control.value for control in program.controls}
    return {name: value for name, value in values.items() if value != own[name]}
