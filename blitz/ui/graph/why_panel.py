"""Why a tensor has no gradient."""

from collections.abc import Iterator

import streamlit as st
from torch import Tensor, nn

from blitz.autograd.why.reasons import why_no_gradient
from blitz.ui.graph.scenes import Scene
from blitz.ui.text import plain

MOST_TENSORS = 400


def show_why(scene: Scene) -> None:
    """Choose a tensor of the program, and read why it has no gradient and what to do."""
    tensors = dict(_tensors(scene))
    if not tensors:
        st.caption("The program has no tensors.")
        return
    # One that requires no grad is the likeliest to be asked about.
    first = next((i for i, t in enumerate(tensors.values()) if not t.requires_grad), 0)
    name = st.selectbox("Tensor", list(tensors), first, key=f"graph_why_{scene.program.name}")
    if len(tensors) == MOST_TENSORS:
        st.caption(f"The first {MOST_TENSORS} tensors of the program")
    tensor = tensors[name]
    outputs = [scene.run.variables.get(output) for output in scene.program.graph_of]
    reason = why_no_gradient(
        tensor,
        [output for output in outputs if isinstance(output, Tensor)],
        recording=scene.run.recording,
        name=name,
        source=scene.program.listing,
    )
    place = f" (line {reason.line})" if reason.line else ""
    st.markdown(plain(reason.sentence + place))
    if reason.fix:
        st.caption("What helps:")
        st.code(reason.fix, language="python", wrap_lines=True)


def _tensors(scene: Scene) -> Iterator[tuple[str, Tensor]]:
    """The program's tensors, and the parameters of its modules, by name."""
    count = 0
    for name, value in scene.run.variables.items():
        found = [(name, value)] if isinstance(value, Tensor) else []
        if isinstance(value, nn.Module):
            found = [(f"{name}.{path}", each) for path, each in value.named_parameters()]
        for each in found:
            count += 1
            yield each
            if count == MOST_TENSORS:
                return
