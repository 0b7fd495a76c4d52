"""A network layer by layer: an image chosen, its way through, and the layer that is open."""

import pandas as pd
import streamlit as st
from torch import Tensor, nn

from blitz.models import count_parameters
from blitz.network.flow import run_flow, with_probabilities
from blitz.network.pictures.thumbnails import image_thumbnail, thumbnail
from blitz.network.plan import NetworkPlan
from blitz.network.records import Flow, LayerStep
from blitz.network.timing import FlowTimes, flow_times
from blitz.ui.faults import faults_in_plain_words
from blitz.ui.network.address_bar import write_address
from blitz.ui.network.choosing import chosen_network
from blitz.ui.network.chosen import ChosenNetwork
from blitz.ui.network.image_choice import ChosenImage, choose_image
from blitz.ui.network.layer_panel import show_image, show_layer
from blitz.ui.network.layer_strip import LayerCard, layer_strip
from blitz.ui.network.recent_flows import RecentFlows
from blitz.ui.network.state import KEY, LAYER, LAYERS
from blitz.ui.network.words import shape_text, time_text
from blitz.ui.text import bytes_text, plain

STRIP = f"{KEY}strip"
TOP = 3
Key = tuple[NetworkPlan, str, str, str]
"""What decides a pass: the network, its weights, whose mean and deviation, and the pixels."""


@st.fragment
def show_layers() -> None:
    """Show the image's way through the network, and the layer that is open.

    Another image or another unit is nothing to the rest of the page, which stays as it is.
    """
    with faults_in_plain_words():
        # Taken anew each time: what a session holds on to, no other memory can be had for.
        chosen = chosen_network()
        if chosen is not None:
            _show(chosen)
        write_address(LAYERS)


def _show(chosen: ChosenNetwork) -> None:
    image = choose_image(chosen.dataset)
    if image is None:
        return
    try:
        key = (chosen.plan, chosen.weights, chosen.source, image.digest)
        flow = _flow(key, chosen, image)
    except ValueError as error:
        st.error(plain(str(error)))
        return
    _show_answer(chosen, image, flow)
    # What was chosen in a longer network may be past the end of this one.
    st.session_state[LAYER] = min(st.session_state[LAYER], len(flow.steps))
    clicked = layer_strip(
        _cards(key, chosen, image, flow),
        chosen=st.session_state[LAYER],
        key=STRIP,
        label="Steps from the image to the probabilities",
    )
    if clicked is not None:
        st.session_state[LAYER] = clicked
    if st.session_state[LAYER] == 0:
        show_image(chosen, image, flow)
    else:
        show_layer(chosen, flow, flow.steps[st.session_state[LAYER] - 1])
    with st.expander("All steps as a table"):
        st.dataframe(_table(flow), hide_index=True)


def _flow(key: Key, chosen: ChosenNetwork, image: ChosenImage) -> Flow:
    def run() -> Flow:
        inputs = chosen.inputs(image.pixels[None])
        times = _times(chosen.plan, chosen.weights, chosen.shared_model, inputs)
        return with_probabilities(run_flow(chosen.shared_model, inputs, times))

    return _recent_flows().get(key, run)


@st.cache_resource(show_spinner=False)
def _recent_flows() -> RecentFlows:
    return RecentFlows()


# Not for good: the machine may have been busy with something else.
@st.cache_resource(max_entries=32, ttl=60, show_spinner=False)
def _times(plan: NetworkPlan, weights: str, _model: nn.Module, _inputs: Tensor) -> FlowTimes:
    return flow_times(_model, _inputs)


@st.cache_data(max_entries=64, show_spinner=False)
def _cards(key: Key, _chosen: ChosenNetwork, _image: ChosenImage, _flow: Flow) -> list[LayerCard]:
    [pixels] = _chosen.adapted(_image.pixels[None])
    first = LayerCard(
        title="image",
        operation="input",
        shape=shape_text(_flow.input.shape[1:]),
        thumbnail=image_thumbnail(pixels),
    )
    return [first, *(_card(step) for step in _flow.steps)]


def _card(step: LayerStep) -> LayerCard:
    group = step.within
    name = step.name.removeprefix(f"{group}.") if group else step.name
    again = f" ({step.use})" if step.use > 1 else ""
    return LayerCard(
        title=name + again,
        operation=step.operation if step.module else step.layer.title or "function",
        shape=shape_text(step.output_shape[1:]),
        thumbnail=thumbnail(step.output[0]),
        group=group,
        sources=tuple(source + 1 for source in step.sources),
    )


def _show_answer(chosen: ChosenNetwork, image: ChosenImage, flow: Flow) -> None:
    probabilities = flow.output[0]
    if probabilities.isnan().any():
        words = ["Answer: **none**, its probabilities are NaN"]
    else:
        best = probabilities.topk(min(TOP, len(probabilities)))
        ranked = [
            f"{plain(chosen.classes[index])} {value:.1%}"
            for value, index in zip(best.values.tolist(), best.indices.tolist(), strict=True)
        ]
        words = [f"Answer: **{ranked[0]}**, then {', '.join(ranked[1:])}"]
    if image.label is not None:
        words.append(f"truth: **{plain(chosen.dataset.classes[image.label])}**")
    multiply_adds = sum(step.layer.multiply_adds or 0 for step in flow.steps)
    st.markdown(" · ".join(words))
    st.caption(
        f"{count_parameters(chosen.shared_model):,} parameters · {multiply_adds:,} multiply-adds · "
        f"{len(flow.steps)} steps · forward pass in {time_text(flow.seconds)}"
    )


def _table(flow: Flow) -> pd.DataFrame:
    return pd.DataFrame(
        {
            "step": [step.index + 1 for step in flow.steps],
            "name": [step.name for step in flow.steps],
            "operation": [step.operation for step in flow.steps],
            "input": [
                ", ".join(shape_text(shape) for shape in step.input_shapes) for step in flow.steps
            ],
            "output": [shape_text(step.output_shape) for step in flow.steps],
            "parameters": [step.num_parameters for step in flow.steps],
            "memory": [bytes_text(step.num_bytes) for step in flow.steps],
            "multiply-adds": [step.layer.multiply_adds for step in flow.steps],
            "microseconds": [round(1e6 * step.seconds, 1) for step in flow.steps],
        }
    )
