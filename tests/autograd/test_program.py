"""Programs: what is read from them, which numbers they take, and what running them leaves."""

import ast
import math
import threading
from typing import Any

import numpy as np
import pytest
import torch
from torch import Tensor

from blitz.autograd.backward.replay import replay
from blitz.autograd.graph import AutogradGraph, NoGraphError
from blitz.autograd.program import (
    OUTPUT_LIMIT,
    Program,
    ProgramRun,
    output_names,
    program_gradients,
    program_graph,
    read_program,
    run_program,
)

SOURCE = '''"""A title.

Some text, **bold**,
over two lines.

Graph: loss, y of model
"""

import torch
from torch import nn

steps = 20  # 1 to 1,000: how often
rate = 1e-2  # -0.5 to 1.5: an angle of 30° – or so
values = [2.0, -3.0]  # -10 to 10: the vector
counts = [1, 2]  # 0 to 9
loud = True  # on or off: whether to print
kind = "relu"  # one of "relu", "tanh": the activation
size = 8  # as in the text
where = "here"

torch.manual_seed(0)
model = nn.Linear(2, 1)
x = torch.tensor(values, requires_grad=True)
y = model(x)
loss = (rate * y).sum()
if loud:
    print("loss", type(loss).__name__, steps, sep=":")
'''


def program(code: str, graph: str = "y") -> Program:
    return read_program(
        f'"""Title.\n\nText.\n\nGraph: {graph}\n"""\n\nimport torch\n{code}', "test"
    )


def ran(code: str, graph: str = "y") -> tuple[Program, ProgramRun]:
    found = program(code, graph)
    return found, run_program(found)


def refusal(name: str, value: object) -> str:
    with pytest.raises(ValueError, match=f"^{name}: ") as caught:
        read_program(SOURCE, "test").with_values({name: value})
    assert "\n" not in str(caught.value)
    return str(caught.value)


def labels(graph: AutogradGraph) -> list[str]:
    return [node.label for node in graph.nodes]


# Reading


def test_docstring_gives_title_text_and_what_to_trace() -> None:
    found = read_program(SOURCE, "test")
    assert (found.name, found.title) == ("test", "A title.")
    assert found.text == "Some text, **bold**,\nover two lines."
    assert (found.graph_of, found.module) == (("loss", "y"), "model")
    assert program("", "y").module is None


@pytest.mark.parametrize(
    "docstring", ["", "Title.", "Title.\n\nGraph:", "Title.\n\nGraph: y\n\nMore.", "Graph: y"]
)
def test_docstring_without_its_parts_is_refused(docstring: str) -> None:
    with pytest.raises(ValueError, match="example test: its docstring"):
        read_program(f'"""{docstring}"""\n', "test")


def test_comments_make_controls_of_literals() -> None:
    found = {control.name: control for control in read_program(SOURCE, "test").controls}
    assert list(found) == ["steps", "rate", "values", "counts", "loud", "kind"]
    kinds = ["integer", "number", "numbers", "numbers", "switch", "choice"]
    assert [control.kind for control in found.values()] == kinds
    assert (found["steps"].value, found["steps"].minimum, found["steps"].maximum) == (20, 1, 1000)
    assert found["steps"].help == "how often"
    assert (found["rate"].value, found["rate"].minimum, found["rate"].maximum) == (0.01, -0.5, 1.5)
    assert found["values"].value == (2.0, -3.0)
    assert (found["counts"].help, found["counts"].is_whole) == ("", True)
    assert found["kind"].choices == ("relu", "tanh")


def test_default_outside_of_its_own_range_is_refused() -> None:
    with pytest.raises(ValueError, match="steps: 0 was given"):
        program("steps = 0  # 1 to 5")


def test_comment_of_another_kind_than_its_literal_makes_no_control() -> None:
    assert program('name = "a"  # 1 to 5\nflag = 3  # on or off').controls == ()


def test_only_assignments_at_the_top_are_controls() -> None:
    assert program("if True:\n    steps = 2  # 1 to 5").controls == ()


# Values


def test_values_take_the_place_of_the_programs_own() -> None:
    values = {
        "steps": 1000, "rate": 1, "values": [0.5, 1e-07], "counts": (9, 0), "loud": False,
        "kind": "tanh",
    }  # fmt: skip
    found = read_program(SOURCE, "test").with_values(values)
    given = {control.name: control.value for control in found.controls}
    assert given == {**values, "values": (0.5, 1e-07)}
    assert "rate = 1.0  # -0.5 to 1.5: an angle of 30° – or so\n" in found.source
    assert "counts = [9, 0]  # 0 to 9\n" in found.source
    assert len(found.source.splitlines()) == len(SOURCE.splitlines())


def test_no_values_give_the_same_program() -> None:
    found = read_program(SOURCE, "test")
    assert found.with_values({}) == found
    assert found.with_values({"steps": 3}).with_values({"steps": 20}) == found


def test_subclasses_of_numbers_are_written_as_plain_numbers() -> None:
    found = read_program(SOURCE, "test").with_values({"rate": np.float64(0.25)})
    assert "rate = 0.25  #" in found.source


@pytest.mark.parametrize("value", [0, 1001, -1, 2.0, math.nan, True, "3", None, [3], 10**400])
def test_whole_number_outside_of_its_range_is_refused(value: object) -> None:
    assert refusal("steps", value).endswith("choose a whole number from 1 to 1,000")


@pytest.mark.parametrize(
    "value", [math.nan, math.inf, -math.inf, -0.6, 2, 10**400, True, "0.1", None, 1j, [0.1]]
)
def test_number_outside_of_its_range_is_refused(value: object) -> None:
    assert refusal("rate", value).endswith("was given; choose a number from -0.5 to 1.5")


@pytest.mark.parametrize(
    "value", [[], [1.0], [1.0, 2.0, 3.0], [1.0, math.nan], [1.0, 11], ["1", 2], 1.0, None, "ab"]
)
def test_list_of_other_numbers_is_refused(value: object) -> None:
    assert refusal("values", value).endswith("choose a list of 2 numbers from -10.0 to 10.0")


@pytest.mark.parametrize("value", [0, 1, "True", None])
def test_switch_takes_only_booleans(value: object) -> None:
    assert refusal("loud", value).endswith("choose True or False")


@pytest.mark.parametrize("value", ["sigmoid", "", None, 1, "relu\n", np.zeros(3)])
def test_choice_takes_only_what_is_offered(value: object) -> None:
    assert refusal("kind", value).endswith('choose "relu", "tanh"')


def test_unknown_control_is_refused_with_those_there_are() -> None:
    assert refusal("size", 3).endswith("the program has steps, rate, values, counts, loud, kind")
    with pytest.raises(ValueError, match="no controls"):
        program("").with_values({"steps": 1})


def test_code_given_as_a_value_never_gets_into_the_program() -> None:
    for name in ("steps", "rate", "values", "loud", "kind"):
        assert "__import__" in refusal(name, "__import__('os')")


# The listing


def test_listing_is_the_program_without_docstring_and_ranges() -> None:
    lines = read_program(SOURCE, "test").listing.splitlines()
    assert lines[0] == "import torch"
    assert "steps = 20  # how often" in lines
    assert "counts = [1, 2]" in lines
    assert "size = 8  # as in the text" in lines
    docstring, *body = ast.parse(SOURCE).body
    assert isinstance(docstring, ast.Expr)
    assert ast.dump(ast.parse("\n".join(lines))) == ast.dump(ast.Module(body, []))


def test_nodes_know_their_line_of_the_listing() -> None:
    found = read_program(SOURCE, "test")
    graph = program_graph(found, run_program(found))
    lines = [node.source for node in graph.nodes if node.label == "Mul"]
    assert [line.text for line in lines if line] == ["loss = (rate * y).sum()"]
    assert lines[0] is not None
    assert found.listing.splitlines()[lines[0].line - 1] == lines[0].text


# Running


def test_run_keeps_variables_output_and_time() -> None:
    run = run_program(read_program(SOURCE, "test"))
    assert run.error is None
    assert run.output == "loss:Tensor:20\n"
    assert {"steps", "x", "y", "loss", "model"} <= set(run.variables)
    assert not {"torch", "nn", "print", "__name__", "__builtins__"} & set(run.variables)
    assert 0 < run.seconds < 60


def test_program_sees_itself_as_main() -> None:
    _, run = ran("name = __name__")
    assert run.output == ""
    assert run.error is None
    _, run = ran('if __name__ == "__main__":\n    print("yes")')
    assert run.output == "yes\n"


def test_output_has_a_limit() -> None:
    _, run = ran('for _ in range(10_000):\n    print("0123456789")')
    assert run.error is None
    assert len(run.output) == OUTPUT_LIMIT
    assert run.output.endswith("…\n")


def test_error_half_way_keeps_what_there_was() -> None:
    found, run = ran(
        'x = torch.ones(2, requires_grad=True)\nz = x * 2\nprint("so far")\n'
        "def fail():\n    return torch.ones(2) @ torch.ones(3)\n"
        "y = fail()\nw = 1\n"
    )
    assert run.error is not None
    assert run.error.message.startswith("RuntimeError: ")
    assert "\n" not in run.error.message
    assert found.listing.splitlines()[run.error.line or 0] == "y = fail()"
    assert found.listing.splitlines()[(run.error.line or 0) - 1].endswith("torch.ones(3)")
    assert run.output == "so far\n"
    assert {"x", "z"} <= set(run.variables)
    assert not {"y", "w"} & set(run.variables)
    assert labels(program_graph(found, run)) == ["Mul", "x"]


def test_error_without_a_text_is_named() -> None:
    _, run = ran("raise MemoryError")
    assert run.error is not None
    assert run.error.message == "MemoryError"


@pytest.mark.parametrize("name", ["KeyboardInterrupt", "SystemExit"])
def test_what_ends_the_process_passes_through(name: str) -> None:
    with pytest.raises((KeyboardInterrupt, SystemExit)):
        ran(f"raise {name}")
    _, run = ran("y = 1")
    assert run.error is None


def test_random_state_is_left_alone() -> None:
    torch.manual_seed(5)
    expected = torch.rand(3)
    torch.manual_seed(5)
    ran("torch.manual_seed(0)\ny = torch.rand(100)")
    ran("y = torch.rand(100)\nraise ValueError")
    assert torch.equal(torch.rand(3), expected)


@pytest.mark.parametrize("end", ["", "raise ValueError"])
def test_settings_are_left_alone(end: str) -> None:
    before = torch.get_default_dtype(), torch.get_num_threads(), torch.is_grad_enabled()
    assert before[1] != 2
    ran(
        "torch.set_default_dtype(torch.float64)\ntorch.set_num_threads(2)\n"
        f"torch.set_grad_enabled(False)\n{end}"
    )
    after = torch.get_default_dtype(), torch.get_num_threads(), torch.is_grad_enabled()
    assert after == before


@pytest.mark.parametrize("mode", [torch.no_grad, torch.inference_mode])
def test_graphs_are_built_also_where_the_caller_builds_none(mode: Any) -> None:
    with mode():
        found, run = ran("x = torch.ones(2, requires_grad=True)\ny = x.sum()")
        assert not torch.is_grad_enabled()
    assert labels(program_graph(found, run)) == ["Sum", "x"]


def test_threads_take_turns() -> None:
    found = program("torch.manual_seed(0)\nn = 1  # 1 to 9\ny = [torch.rand(9) for _ in range(n)]")
    alone = run_program(found.with_values({"n": 9})).variables["y"]
    runs: dict[int, ProgramRun] = {}

    def run(number: int) -> None:
        runs[number] = run_program(found.with_values({"n": number}))

    threads = [threading.Thread(target=run, args=(number,)) for number in range(1, 10)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    for number, result in runs.items():
        drawn = result.variables["y"]
        assert len(drawn) == number
        assert all(torch.equal(one, other) for one, other in zip(drawn, alone, strict=False))


def test_deep_graph_can_be_dropped_untraced() -> None:
    found = program(
        "x = torch.ones((), requires_grad=True)\ny = x\nfor _ in range(20_000):\n    y = -y"
    )
    dropped = []

    def run_and_drop() -> None:
        run_program(found)
        dropped.append(True)

    # With a small stack, freeing by recursion would end the process.
    before = threading.stack_size(512 * 1024)
    try:
        thread = threading.Thread(target=run_and_drop)
        thread.start()
        thread.join()
    finally:
        threading.stack_size(before)
    assert dropped


def test_a_hash_within_a_text_begins_no_comment() -> None:
    found = program('colour = "#fff"  # one of "#fff", "#000": the colour')
    assert found.listing == 'import torch\ncolour = "#fff"  # the colour\n'
    assert found.with_values({"colour": "#000"}).controls[0].value == "#000"


HOOKED = """
limit = 5.0
x = torch.ones(2, requires_grad=True)
hidden = x * 2
hidden.register_hook(lambda gradient: gradient.clamp(-limit, limit))
y = (hidden * 9).sum()"""


def test_graph_keeps_what_its_hooks_need() -> None:
    found, run = ran(HOOKED)
    graph = program_graph(found, run)
    del run
    recorded = replay(graph)
    assert recorded.error is None
    (gradient,) = recorded.leaf_gradients.values()
    assert gradient is not None
    assert gradient.tolist() == [10.0, 10.0]


def test_closed_run_keeps_its_variables_and_lets_go_of_the_namespace() -> None:
    _, run = ran(HOOKED + "\ndef add(a):\n    return a + limit")
    assert run.variables["add"](1) == 6
    run.close()
    run.close()
    assert run.variables["limit"] == 5
    with pytest.raises(NameError):
        run.variables["add"](1)


# Tracing


def test_output_names_are_one_for_each_root() -> None:
    code = "x = torch.ones(2, requires_grad=True)\ny = x.exp()\nn = 3\nz = y * 2"
    found, run = ran(code, "z, n, x")
    assert output_names(found, run) == ("z", "x")
    assert len(program_graph(found, run).roots) == 2
    found, run = ran(code + "\n1 / 0", "w")
    assert output_names(found, run) == ("y", "z")


def test_graph_is_that_of_the_named_variables() -> None:
    code = "x = torch.ones(2, requires_grad=True)\ny = x.exp()\nz = y.sin()\nw = y.cos()"
    assert labels(program_graph(*ran(code, "z"))) == ["Exp", "Sin", "x"]
    assert labels(program_graph(*ran(code, "z, w"))) == ["Exp", "Sin", "Cos", "x"]


def test_module_gives_parameters_their_names() -> None:
    found = read_program(SOURCE, "test")
    graph = program_graph(found, run_program(found))
    leaves = [node.label for node in graph.nodes if node.kind != "operation"]
    assert sorted(leaves) == ["bias", "weight", "x"]


def test_error_after_the_graph_was_built_leaves_it_as_named() -> None:
    code = "x = torch.ones(2, requires_grad=True)\ny = x.exp()\nz = y.sin()\nraise ValueError"
    assert labels(program_graph(*ran(code, "y"))) == ["Exp", "x"]


def test_leaves_alone_are_a_graph_when_nothing_else_was_built() -> None:
    found, run = ran("x = torch.ones(2, requires_grad=True)\nx.add_(1)\ny = x * 2")
    assert run.error is not None
    assert labels(program_graph(found, run)) == ["x"]


def test_nothing_built_is_said() -> None:
    with pytest.raises(NoGraphError, match="stopped before it had built a graph"):
        program_graph(*ran("raise ValueError"))
    with pytest.raises(NoGraphError, match="none of the tensors it was made from requires grad"):
        program_graph(*ran("y = torch.ones(2).sum()"))


def test_run_of_a_replaced_value_is_that_of_the_value() -> None:
    found = program("a = [1.0, 2.0]  # -9 to 9\ny = torch.tensor(a, requires_grad=True) * 2")
    y = run_program(found.with_values({"a": [-9, 4.5]})).variables["y"]
    assert isinstance(y, Tensor)
    assert y.tolist() == [-18.0, 9.0]


def test_the_backward_pass_starts_from_the_gradient_that_the_program_names() -> None:
    code = "v = [0.5, 2.0]\ny = torch.ones(2, requires_grad=True) * 3"
    found, run = ran(code, "y from v")
    [gradient] = program_gradients(found, run) or []
    assert gradient.tolist() == [0.5, 2.0]
    assert program_gradients(*ran(code)) is None
