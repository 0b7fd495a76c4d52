"""What came of a program in words: its error and what to do about it, what it printed."""

import streamlit as st

from blitz.tensors.evaluation import Evaluation
from blitz.tensors.faults import Fault
from blitz.ui.text import plain


def show_outcome(evaluation: Evaluation) -> None:
    """Show the error, if there is one, and the output."""
    if evaluation.fault is not None:
        _show_fault(evaluation.fault)
    if evaluation.printed:
        st.caption("printed")
        st.code(evaluation.printed.rstrip("\n"), language=None)
    if evaluation.fault is not None and not evaluation.calls:
        return  # it did not come to any
    count = len(evaluation.calls)
    st.caption(
        f"{count} operation{'s' * (count != 1)} in {evaluation.seconds * 1000:.1f} ms, "
        "the limits checked before each"
    )


def fault_text(fault: Fault) -> str:
    """All there is to say of a fault, in one line, for the editor's mark."""
    return "; ".join(part for part in (fault.message, fault.why, fault.mend) if part)


def _show_fault(fault: Fault) -> None:
    lines = [f"**{plain(fault.line)}**"]
    if fault.operands:
        given = ", ".join(fault.operands)
        piece = f"{fault.piece}: " if fault.piece else ""
        lines.append(f"{plain(piece)}given {plain(given)}")
    if fault.why:
        lines.append(f"Why: {plain(fault.why)}")
    if fault.mend:
        lines.append(f"Mend: {plain(fault.mend)}")
    st.error("  \n".join(lines))
