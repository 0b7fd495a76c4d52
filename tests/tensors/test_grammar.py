"""Any text at all: programs out of the grammar, and programs with letters changed.

Whatever comes in, out comes a value or one typed fault: no crash, nothing printed, nothing slow.
"""

import os

from hypothesis import given, settings
from hypothesis import strategies as st

from blitz.tensors.faults import ProgramError
from blitz.tensors.lessons import LESSONS
from blitz.tensors.limits import Limits
from blitz.tensors.operations.attributes import ATTRIBUTES
from blitz.tensors.operations.constants import CONSTANTS
from blitz.tensors.operations.table import FUNCTIONS, METHODS, OPERATIONS
from blitz.tensors.running import read_program, report, run

NUM_EXAMPLES = int(os.environ.get("BLITZ_GRAMMAR_EXAMPLES", "250"))
"""Of each kind; many more by hand, as BLITZ_GRAMMAR_EXAMPLES=10000."""
SMALL = Limits(num_bytes=2**24, seconds=0.05)

names = st.sampled_from(["x", "y", "n", "device", "z"])
numbers = st.one_of(
    st.integers(-4, 6), st.sampled_from([2**31, 10**12, 2**53]), st.floats(-3, 3), st.booleans()
).map(repr)
texts = st.sampled_from(['"ij,jk->ik"', '"cpu"', '"float"', '""'])
functions = st.sampled_from(sorted(FUNCTIONS))
methods = st.sampled_from(sorted(METHODS))
attributes = st.sampled_from(sorted(ATTRIBUTES))
constants = st.sampled_from(sorted(CONSTANTS))
SIGNS = ("+", "-", "*", "/", "//", "%", "**", "@", "<<", ">>", "&", "|", "^")
operators = st.sampled_from([*SIGNS, "==", "!=", "<", "<=", ">", ">=", "and", "or", "is", "is not"])
keywords = st.sampled_from(sorted({name for each in OPERATIONS for name in each.keywords}))


def larger(inner: st.SearchStrategy[str]) -> st.SearchStrategy[str]:
    """Expressions that are made of smaller ones."""
    several = st.lists(inner, max_size=3)
    arguments = st.tuples(several, st.lists(st.tuples(keywords, inner), max_size=1)).map(
        lambda parts: ", ".join([*parts[0], *(f"{name}={value}" for name, value in parts[1])])
    )
    index = st.one_of(
        inner,
        st.tuples(inner, inner).map(lambda ends: f"{ends[0]}:{ends[1]}"),
        st.sampled_from([":", "...", "None", "::2", ":, 0", "..., None", "[0, 1]", "x > 0"]),
    )
    return st.one_of(
        st.tuples(inner, operators, inner).map(lambda parts: f"({' '.join(parts)})"),
        st.tuples(functions, arguments).map(lambda parts: f"{parts[0]}({parts[1]})"),
        st.tuples(inner, methods, arguments).map(lambda p: f"{p[0]}.{p[1]}({p[2]})"),
        st.tuples(inner, attributes).map(".".join),
        st.tuples(inner, index).map(lambda parts: f"{parts[0]}[{parts[1]}]"),
        several.map(lambda items: f"[{', '.join(items)}]"),
        several.map(lambda items: f"({', '.join(items)},)" if items else "()"),
        inner.map(lambda operand: f"-{operand}"),
        inner.map(lambda operand: f"not {operand}"),
    )


expressions = st.recursive(st.one_of(names, numbers, texts, constants), larger, max_leaves=6)
statements = st.one_of(
    expressions,
    st.tuples(names, expressions).map(" = ".join),
    st.tuples(names, st.sampled_from(SIGNS), expressions).map(
        lambda parts: f"{parts[0]} {parts[1]}= {parts[2]}"
    ),
    st.tuples(names, expressions, expressions).map(lambda p: f"{p[0]}[{p[1]}] = {p[2]}"),
    st.tuples(names, expressions).map(lambda p: f"{p[0]}, {p[0]} = {p[1]}"),
    expressions.map(lambda expression: f"print({expression})"),
    names.map(lambda name: f"del {name}"),
    st.tuples(expressions, attributes, expressions).map(lambda p: f"{p[0]}.{p[1]} = {p[2]}"),
    expressions.map(lambda expression: f"with torch.no_grad():\n    {expression}"),
)
BEGINNING = "x = torch.arange(6.).reshape(2, 3)\ny = torch.ones(3, requires_grad=True)\n"
programs = st.lists(statements, min_size=1, max_size=4).map(
    lambda lines: BEGINNING + "n = np.ones((2, 3))\nz = torch.arange(4)\n" + "\n".join(lines)
)


def answer(source: str) -> None:
    """Carry a text out; anything but a value or a fault of one line fails the test."""
    try:
        fault = run(read_program(source), limits=SMALL).fault
    except ProgramError as error:
        fault = error.fault
    assert fault is None or fault.line.isprintable()


@settings(max_examples=NUM_EXAMPLES)
@given(source=programs)
def test_programs_out_of_the_grammar_end_in_a_value_or_a_fault(source: str) -> None:
    answer(source)


@settings(max_examples=NUM_EXAMPLES // 5)
@given(source=programs)
def test_whatever_a_program_makes_can_be_described(source: str) -> None:
    found = report(source, "cpu", 0, SMALL)
    assert {variable.name for variable in found.shown} >= set(found.values.values)


@settings(max_examples=NUM_EXAMPLES)
@given(
    source=st.sampled_from([lesson.program for lesson in LESSONS]),
    changes=st.lists(
        st.tuples(st.integers(0, 400), st.integers(0, 3), st.text(max_size=3)), max_size=4
    ),
)
def test_programs_with_letters_changed_end_in_a_value_or_a_fault(
    source: str, changes: list[tuple[int, int, str]]
) -> None:
    for place, dropped, put in changes:
        source = source[:place] + put + source[place + dropped :]
    answer(source)


@settings(max_examples=NUM_EXAMPLES)
@given(source=st.text(max_size=200))
def test_any_text_ends_in_a_value_or_a_fault(source: str) -> None:
    answer(source)
