"""The layer that is open: what it is, what it costs, its pictures, and one output in numbers."""

import streamlit as st
from torch import Tensor

from blitz.network.layers import Layer
from blitz.network.records import Flow, LayerStep
from blitz.ui.network.arithmetic_panel import show_arithmetic
from blitz.ui.network.chosen import ChosenNetwork
from blitz.ui.network.image_choice import ChosenImage
from blitz.ui.network.layer_pictures import (
    PART,
    show_inputs,
    show_output,
    show_scale,
)
from blitz.ui.network.layer_weights import show_weights
from blitz.ui.network.unit import chosen_unit
from blitz.ui.network.words import shape_text, time_text
from blitz.ui.pictures import show_pictures
from blitz.ui.text import bytes_text, plain

IMAGE_SIDE = 224


def show_image(chosen: ChosenNetwork, image: ChosenImage, flow: Flow) -> None:
    """The image as the network gets it."""
    st.subheader("image")
    pixels = chosen.adapted(image.pixels[None])
    with st.container(horizontal=True, gap="medium"):
        with st.container(width=IMAGE_SIDE + 16):
            show_pictures(pixels, [image.caption], side=IMAGE_SIDE)
        with st.container(width=560):
            size = chosen.plan.image_size
            given = tuple(image.pixels.shape)
            if given != (chosen.plan.channels, size, size):
                st.markdown(
                    f"Given as {shape_text(given)}, made to fit {shape_text(pixels[0].shape)}."
                )
            mean, std = chosen.dataset.mean, chosen.dataset.std
            st.markdown("Each pixel, 0 to 255, becomes a number for the network:")
            st.latex(rf"x = \frac{{\text{{pixel}} / 255 - {mean:g}}}{{{std:g}}}")
            values = flow.input
            st.markdown(
                f"{shape_text(values.shape)} of float32, {bytes_text(4 * values.numel())}, from "
                f"{float(values.min()):.3g} to {float(values.max()):.3g}. "
                "The axes are image, channel, row and column; the batch is of one image."
            )


def show_layer(chosen: ChosenNetwork, flow: Flow, step: LayerStep) -> None:
    """Everything about one step."""
    title = plain(step.name) + (f", call {step.use}" if step.use > 1 else "")
    st.subheader(title)
    unit = chosen_unit(step)
    # Logits and probabilities; other layers may have as many units as there are classes.
    is_answer = step.index >= len(flow.steps) - 2
    classes = chosen.classes if is_answer else None
    # Widths of their own rather than columns: on a narrow page one goes below the other.
    with st.container(horizontal=True, gap="medium"):
        left, right = st.container(width=PART), st.container(width=PART)
    with left:
        _show_facts(flow, step)
    with right:
        show_scale()
        # First: a click in it chooses the unit that everything else is about.
        show_output(step, unit, classes)
        show_arithmetic(step, unit, classes)
    with left:
        show_inputs(step, unit, classes)
        show_weights(flow, step, unit)


def _show_facts(flow: Flow, step: LayerStep) -> None:
    st.code(step.description, language="python" if step.module else None, wrap_lines=True)
    sources = [flow.steps[source].name if source >= 0 else "the image" for source in step.sources]
    names = zip(sources, step.layer.inputs, strict=False)
    for number, (source, tensor) in enumerate(names):
        word = "in" if number == 0 else "and in"
        st.markdown(f"**{word}** {_shape_with_axes(tensor)} from {plain(source)}")
    st.markdown(f"**out** {_shape_with_axes(step.output, step.layer)}")
    if step.layer.sizes:
        lines = r" \\ ".join(step.layer.sizes)
        st.latex(rf"\begin{{gathered}} {lines} \end{{gathered}}")
    _show_numbers(step)


def _show_numbers(step: LayerStep) -> None:
    lost = int((~step.output.isfinite()).sum())
    multiply_adds = step.layer.multiply_adds
    counted = (
        "no multiply-adds" if multiply_adds is None else f"**{multiply_adds:,}** multiply-adds"
    )
    st.markdown(
        f"**{step.num_parameters:,}** parameters · **{bytes_text(step.num_bytes)}** of output · "
        f"{counted} · **{time_text(step.seconds)}**"
    )
    frozen = [parameter for parameter in step.parameters if parameter.is_frozen]
    if frozen:
        st.caption(f"Frozen: {', '.join(plain(each.name) for each in frozen)} do not learn.")
    if lost:
        st.warning(f"{lost:,} of {step.output.numel():,} outputs are NaN or infinite.")


def _shape_with_axes(tensor: Tensor, layer: Layer | None = None) -> str:
    axes = (layer or Layer(inputs=(), output=tensor)).axes
    named = [
        f"{size} {axis}{'s' * (size != 1)}" for size, axis in zip(tensor.shape, axes, strict=True)
    ]
    return f"{shape_text(tensor.shape)} ({', '.join(named)})"
