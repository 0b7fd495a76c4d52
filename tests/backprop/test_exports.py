"""What is taken away: scripts that print the explained numbers, a table, a LaTeX document."""

import csv
import io
import math
import re
import subprocess
import sys
from collections import Counter
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from blitz.autograd.graph import AutogradGraph
from blitz.autograd.program import program_graph, read_program, run_program
from blitz.backprop import Layer, Network, StepKind
from blitz.backprop.exports import python_script, steps_csv, steps_latex, torch_script
from blitz.backprop.exports.latex_lines import BREAK, WIDTH, broken, visible_length
from blitz.backprop.scenario import Scenario
from tests.backprop.export_scenarios import SCENARIOS, WORKED, make_scenario

RUN_ALL = """
import runpy, sys
for path in sys.argv[1:]:
    runpy.run_path(path, run_name="__main__")
    print("---")
"""

Printed = list[tuple[str, float]]


def explained(scenario: Scenario) -> Printed:
    """What scripts have to print: the error, then gradients and new values by parameter."""
    kinds = (StepKind.TOTAL, StepKind.GRADIENT, StepKind.UPDATE)
    order = {name: place for place, name in enumerate(("E", *scenario.network.parameter_names()))}
    steps = [step for step in scenario.explain().steps if step.kind in kinds]
    totals = [step for step in steps if step.kind != StepKind.TOTAL or not step.sample]
    totals.sort(key=lambda step: (kinds.index(step.kind), order[step.about]))
    prefix = {StepKind.TOTAL: "", StepKind.GRADIENT: "dE_d", StepKind.UPDATE: "new_"}
    return [(prefix[step.kind] + step.about, step.value) for step in totals]


def read(output: str) -> Printed:
    lines = (line.split() for line in output.splitlines())
    return [(name, float(value)) for name, value in lines]


def assert_same(found: Printed, expected: Printed) -> None:
    assert [name for name, _ in found] == [name for name, _ in expected]
    for (name, ours), (_, theirs) in zip(found, expected, strict=True):
        # Where terms cancel, what is left is of the size of their rounding.
        assert math.isclose(ours, theirs, rel_tol=1e-12, abs_tol=1e-15), (name, ours, theirs)


def run(*arguments: str) -> str:
    found = subprocess.run(
        [sys.executable, *arguments], capture_output=True, text=True, check=False, timeout=300
    )
    assert (found.returncode, found.stderr) == (0, "")
    return found.stdout


@pytest.fixture(scope="module")
def torch_outputs(tmp_path_factory: pytest.TempPathFactory) -> dict[str, str]:
    """What each PyTorch script prints; one process runs them all, since importing takes long."""
    folder = tmp_path_factory.mktemp("scripts")
    paths = []
    for name, scenario in SCENARIOS.items():
        paths.append(folder / f"{name}.py")
        paths[-1].write_text(torch_script(scenario), encoding="utf-8")
    outputs = run("-c", RUN_ALL, *map(str, paths)).split("---\n")
    return dict(zip(SCENARIOS, outputs, strict=False))


@pytest.mark.parametrize("name", SCENARIOS)
def test_the_python_script_prints_the_explained_numbers(name: str, tmp_path: Path) -> None:
    script = tmp_path / "script.py"
    script.write_text(python_script(SCENARIOS[name]), encoding="utf-8")
    # Isolated and without site packages: Python itself is enough.
    assert_same(read(run("-I", "-S", str(script))), explained(SCENARIOS[name]))


@pytest.mark.parametrize("name", SCENARIOS)
def test_the_torch_script_prints_the_explained_numbers(
    name: str, torch_outputs: dict[str, str]
) -> None:
    assert_same(read(torch_outputs[name]), explained(SCENARIOS[name]))


def test_scripts_print_the_numbers_of_the_lecture(torch_outputs: dict[str, str]) -> None:
    found = dict(read(torch_outputs["worked example"]))
    assert found["E"] == pytest.approx(0.096867268, abs=1e-9)
    assert found["dE_dw5"] == pytest.approx(-0.018375022, abs=1e-9)
    assert found["new_w1"] == pytest.approx(0.049574763, abs=1e-9)
    assert not {"dE_db1", "new_b1"} & found.keys()


def test_the_torch_script_keeps_the_gradient_of_an_output_that_is_almost_one() -> None:
    almost = make_scenario(
        Network((Layer([[60]], 0),), "binary cross-entropy"), [0.6], [0.5], update_biases=False
    )
    result = run_program(read_program(torch_script(almost), "network"))
    # sigmoid(36) is 1 but for 2e-16; ∂E/∂w = (out − t) · i
    assert result.variables["w1"].grad.item() == pytest.approx((1 - 0.5) * 0.6, rel=1e-12)


def test_a_script_defines_only_the_functions_it_calls() -> None:
    defined = {
        name: set(re.findall(r"^def (\w+)", python_script(SCENARIOS[name]), re.MULTILINE))
        for name in (
            "worked example",
            "XOR",
            "absolute error",
            "binary cross-entropy",
            "softmax",
            "ReLU",
        )
    }
    assert defined == {
        "worked example": {"exp"},
        "XOR": {"tanh"},
        "absolute error": {"sign"},
        "binary cross-entropy": {"tanh", "exp", "softplus"},
        "softmax": {"exp", "log_sum_exp"},
        "ReLU": {"where_positive"},
    }
    assert "import math" not in python_script(SCENARIOS["ReLU"])


def test_a_sigmoid_far_from_zero_does_not_stop_the_script(tmp_path: Path) -> None:
    far = make_scenario(Network((Layer([[-900]], 0),)), [1], [1])
    script = tmp_path / "script.py"
    script.write_text(python_script(far), encoding="utf-8")
    assert dict(read(run("-I", "-S", str(script)))) == {
        "E": 0.5, "dE_dw1": 0, "dE_db1": 0, "new_w1": -900, "new_b1": 0,
    }  # fmt: skip


def test_scripts_are_no_wider_than_a_screen() -> None:
    for scenario in SCENARIOS.values():
        for script in (python_script(scenario), torch_script(scenario)):
            lines = [line for line in script.splitlines() if not line.endswith("),")]
            assert max(map(len, lines)) <= 96  # but for the rows of a table


def graph_of(scenario: Scenario) -> AutogradGraph:
    program = read_program(torch_script(scenario), "network")
    result = run_program(program)
    assert result.error is None, result.error
    return program_graph(program, result)


@pytest.mark.parametrize("name", SCENARIOS)
def test_the_torch_script_is_a_program_whose_leaves_are_what_learns(name: str) -> None:
    scenario = SCENARIOS[name]
    names = scenario.network.parameter_names()
    learned = names if scenario.update_biases else names[: scenario.network.num_weights]
    graph = graph_of(scenario)
    leaves = [node.label for node in graph.nodes if node.kind != "operation"]
    assert sorted(leaves) == sorted(learned)


def test_the_csv_has_a_row_for_each_step() -> None:
    scenario = SCENARIOS["XOR"]
    rows = list(csv.DictReader(io.StringIO(steps_csv(scenario), newline="")))
    steps = scenario.explain().steps
    assert [int(row["number"]) for row in rows] == list(range(1, len(steps) + 1))
    assert [float(row["value"]) for row in rows] == [step.value for step in steps]
    assert [row["name"] for row in rows] == [step.name for step in steps]
    assert Counter(row["sample"] for row in rows).keys() == {"", "1", "2", "3", "4"}


def test_the_csv_tells_the_chain_rule_of_the_lecture() -> None:
    rows = csv.DictReader(io.StringIO(steps_csv(WORKED), newline=""))
    [row] = [row for row in rows if row["name"] == "∂E/∂w5"]
    assert row["formula"] == "∂E/∂out_o1 · ∂out_o1/∂l_o1 · ∂l_o1/∂w5"
    assert row["with numbers"] == "−0.147692493 · 0.209071673 · 0.595078474"
    assert row["kind"] == "gradient"


@pytest.mark.parametrize("name", SCENARIOS)
def test_no_cell_of_text_is_a_spreadsheet_formula(name: str) -> None:
    for row in csv.DictReader(io.StringIO(steps_csv(SCENARIOS[name]), newline="")):
        float(row.pop("value"))  # a number, with its sign
        assert not [cell for cell in row.values() if cell.startswith(("=", "+", "-", "@"))]


def joined(latex: str) -> str:
    """The document with its formulas in one line again."""
    latex = latex.replace(BREAK, " ").replace("\\Bigl(", "\\left(").replace("\\Bigr)", "\\right)")
    return re.sub(r"\\scalebox\{[\d.]+\}\{\$\\displaystyle (.*?)\$\}", r"\1", latex)


@pytest.mark.parametrize("name", SCENARIOS)
def test_the_latex_document_has_every_formula(name: str) -> None:
    scenario = SCENARIOS[name]
    document = joined(steps_latex(scenario)).replace("\n&=", " =").replace(" &=", " =")
    for step in scenario.explain().steps:
        assert step.formula in document
        assert step.substituted.partition(" = ")[2] in document


def balances(latex: str) -> bool:
    """Whether braces and environments close what was opened, in order."""
    opened: list[str] = []
    for begin, end, brace in re.findall(
        r"\\begin\{([a-z*]+)\}|\\end\{([a-z*]+)\}|(\\left|\\right|\\\[|\\\]|[{}])", latex
    ):
        closes = {"}": "{", "\\right": "\\left", "\\]": "\\["}.get(brace) or end
        if not closes:
            opened.append(begin or brace)
        elif not opened or opened.pop() != closes:
            return False
    return not opened


@pytest.mark.parametrize("name", SCENARIOS)
def test_the_latex_document_closes_what_it_opens(name: str) -> None:
    document = steps_latex(SCENARIOS[name])
    assert document.isascii()
    assert balances(document)
    # A line of `aligned` is a cell of its own, in which \left needs its \right.
    for line in re.split(r"\\\\\n|\n", document):
        assert balances(re.sub(r"\\(begin|end)\{(document|align\*|aligned)\}|\\[\[\]]", "", line))
    assert document.count("\\Bigl(") == document.count("\\Bigr)")


def test_the_latex_document_begins_with_the_numbers_of_the_network() -> None:
    document = steps_latex(WORKED)
    start = document[: document.index("Forward pass")]
    for given_number in (
        "w_{1} = 0.05",
        "w_{8} = 0.4",
        "b_{2} = 0.5",
        "i_{2} = 0.2",
        "t_{1} = 0.85",
    ):
        assert given_number in start
    assert "\\eta = 1" in start
    assert document.index("Forward pass") < document.index("Backward pass")


@given(
    st.lists(
        st.sampled_from(["w_{1} \\times 0.123456789", "-0.5", "\\frac{a + b}{c - d}"]), min_size=1
    ),
    st.integers(0, 3),
)
def test_a_broken_line_is_no_wider_than_a_page(terms: list[str], brackets: int) -> None:
    latex = "\\left(" * brackets + " + ".join(terms) + "\\right)" * brackets
    found = broken(latex)
    assert joined(found) == latex
    assert all(visible_length(line) <= WIDTH for line in found.split(BREAK))


def test_what_cannot_be_broken_is_made_smaller() -> None:
    fraction = "\\frac{1}{" + " + ".join(["e^{0.123456789 - 0.987654321}"] * 8) + "}"
    assert broken(fraction).startswith("\\scalebox{0.")
    assert joined(broken(fraction)) == fraction
