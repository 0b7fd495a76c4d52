"""The program that the address of the autograd page names.

An example, a network of the backpropagation page, one of the network page, or one's own.
"""

from functools import lru_cache

import streamlit as st

from blitz.autograd.examples import EXAMPLES, load_example
from blitz.autograd.program import Program, read_program
from blitz.backprop.address import decode
from blitz.backprop.exports import torch_script
from blitz.ui.choice_list import ChoiceGroup, show_choices
from blitz.ui.graph.model_program import MODEL, model_in
from blitz.ui.graph.own_program import OWN, first_program, show_own_program
from blitz.ui.text import digest, plain

EXAMPLE = "example"
NETWORK = "network"
"""Its value is what `blitz.backprop.address.encode` makes of a network."""
MOST_NETWORKS = 20


def chosen_program() -> Program | None:
    """The program in the address, else the network, else the example, else the first one.

    Shows the editor of a program; says so where the address names something that cannot be read.
    None where that program cannot be carried out, which is said, too.
    """
    if OWN in st.query_params:
        return show_own_program()
    names = [name for group in EXAMPLES for name in group.names]
    try:
        if NETWORK in st.query_params:
            return network_program(st.query_params[NETWORK])
        if MODEL in st.query_params:
            return model_in(st.query_params.to_dict())
    except ValueError as error:
        st.warning(plain(f"No network to show: {error}. This is the first example instead."))
        return load_example(names[0])
    name = st.query_params.get(EXAMPLE)
    return load_example(name if name in names else names[0])


@lru_cache(maxsize=MOST_NETWORKS)
def network_program(state: str) -> Program:
    """The PyTorch script of an encoded network, as a program; ValueError for any other text.

    The text comes from anybody, and what comes back is run. So nothing of the text gets into the
    program: `decode` makes finite floats and names from closed lists of it, and the script is
    written anew from these.
    """
    # Programs of one name share what Python knows of their lines; few names keep that small.
    name = f"{NETWORK}-{digest(state)[:2]}"
    return read_program(torch_script(decode(state)), name)


def choose_example(name: str) -> None:
    """Name an example in the address, and nothing else."""
    st.query_params.from_dict({OWN: first_program()} if name == OWN else {EXAMPLE: name})


def show_examples(chosen: str) -> None:
    """The examples to choose from; the name of the chosen program marks one, or none."""
    groups = [ChoiceGroup(heading="Your own", choices=[(OWN, "Type a program")])]
    groups += [
        ChoiceGroup(
            heading=group.heading,
            choices=[(name, load_example(name).title) for name in group.names],
        )
        for group in EXAMPLES
    ]
    show_choices(groups, chosen, choose_example, key="example")
