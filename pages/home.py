"""What there is, in the Blitz's order, what this machine has, and where to go next."""

from urllib.parse import urlsplit

import streamlit as st

from blitz.devices import Machine, describe_machine
from blitz.ui.run_list import show_recent_runs
from blitz.ui.services import services
from blitz.ui.text import bytes_text, plain


@st.cache_data(show_spinner=False)
def machine() -> Machine:
    return describe_machine()


def show_machine() -> None:
    found = machine()
    st.subheader("This machine")
    with st.container(border=True):
        for device in found.devices:
            memory = f" · {bytes_text(device.memory_bytes)}" if device.memory_bytes else ""
            cores = f" · {found.num_cores} cores" if device.name == "cpu" else ""
            st.markdown(f"**{device.name}** {device.title}{cores}{memory}")
        cluster = services().settings.ray_address
        if len(found.devices) == 1:
            consequence = "" if cluster else ": networks train on the processor"
            st.markdown(f"**GPU** none found{consequence}")
        if cluster:
            head = urlsplit(cluster).netloc.rpartition("@")[2]  # without a password
            st.markdown(f"**Cluster** runs are sent to Ray at {plain(head)}, and train there")
        st.caption(
            f"PyTorch {found.torch_version} · Python {found.python_version} · {found.system}"
        )


def show_next_steps() -> None:
    st.subheader("Where to go next")
    st.markdown(
        """
- **A gradient by hand.** Set the numbers of Q = 3a³ − b² and compare 9a² with what arrives at a.
- **Another optimiser.** Run the same preset with SGD, Nesterov, Adam and RMSprop.
- **A deeper network.** From the MLP to Net to ResNet-18, on the same images.
- **A wider one.** Raise the width of Net: why is a GPU no faster on the narrow one?
- **The learning rate.** Go ten times up and down from 0.001, or change it while a run goes on.
- **Your own images.** Upload a zip with one folder a class.
"""
    )


st.title("Blitz")
st.markdown(
    "PyTorch that you can touch. The dashboard follows the *60 Minute Blitz*: every number on a "
    "page comes from live PyTorch on this machine."
)
# Widths of their own rather than columns: on a narrow page one goes below the other.
with st.container(horizontal=True, gap="medium"):
    left, right = st.container(width=560), st.container(width=384)
with left:
    st.subheader("What there is")
    with st.container(border=True):
        st.page_link("tensors.py", label="**Tensors**", icon=":material/grid_on:")
        st.markdown(
            "Type a few lines of PyTorch and see every tensor: its values, its memory and who "
            "shares it, and how each operation got from its operands to its result."
        )
    with st.container(border=True):
        st.page_link("autograd.py", label="**Autograd graph**", icon=":material/account_tree:")
        st.markdown(
            "Run a short program and see the graph that PyTorch built for it: open its nodes, play "
            "the backward pass step by step, find out why a tensor has no gradient."
        )
    with st.container(border=True):
        st.page_link("backprop.py", label="**Backpropagation**", icon=":material/calculate:")
        st.markdown(
            "Step through a small network number by number, forward and back; change any of them; "
            "make ten thousand updates and look at each; see every gradient proved three ways."
        )
    with st.container(border=True):
        st.page_link("network.py", label="**Network**", icon=":material/network_node:")
        st.markdown(
            "Send an image through a network, yours or drawn with the mouse: every layer's maps "
            "and weights, every number with the arithmetic behind it; then take one training step "
            "apart."
        )
    with st.container(border=True):
        st.page_link("train.py", label="**Train a classifier**", icon=":material/model_training:")
        st.markdown(
            "Choose images, a network and an optimiser; watch loss and accuracy draw themselves; "
            "pause, change the learning rate, resume; see what the network got wrong. Runs go on "
            "when the browser closes."
        )
    with st.container(border=True):
        st.page_link("compare.py", label="**Compare runs**", icon=":material/compare_arrows:")
        st.markdown(
            "All runs in one live table; curves, settings, classes and single images side by side; "
            "sweeps over learning rates or seeds that train together."
        )
    show_recent_runs(limit=5)
with right:
    show_machine()
    show_next_steps()
