import json
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path
from xml.etree import ElementTree

import pytest

from blitz.__main__ import main

REPOSITORY = str(Path(__file__).parents[2])
PROGRAM = """
import torch
from torch import nn

import beside

net = nn.Sequential(nn.Linear(3, 4), nn.ReLU(), nn.Linear(4, 1))
number = 3


def build():
    return net(torch.ones(2, 3)).sum()


def many():
    x = torch.ones(2, requires_grad=True)
    return {"a": [x.sin(), (x.cos(), None)], "b": 3}


class Builder:
    @staticmethod
    def build():
        return build()


def raises():
    message = "two\\nlines \\x1b[2J"
    raise ValueError(message)


def in_torch():
    return torch.ones(2, 3) @ torch.ones(2, 3)


def leaves():
    raise SystemExit(0)


def holds_itself():
    outputs = [build()]
    outputs.append(outputs)
    return outputs


def needs(x, y=1):
    return x


def nothing():
    return None


def detached():
    return build().detach()


def module():
    return net


def pair():
    return net, torch.ones(2, 3)
"""


@pytest.fixture(autouse=True)
def program(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Path]:
    """A folder with people's modules, in which the command runs."""
    (tmp_path / "people.py").write_text(PROGRAM)
    (tmp_path / "beside.py").write_text("")
    (tmp_path / "broken.py").write_text("import torch\n\n1 / 0\n")
    (tmp_path / "unfinished.py").write_text("def build(:\n")
    (tmp_path / "misses.py").write_text("import no_such_package\n")
    monkeypatch.chdir(tmp_path)
    monkeypatch.setattr(sys, "path", [*sys.path])
    known = set(sys.modules)
    yield tmp_path
    for name in set(sys.modules) - known:
        if name in ("people", "beside", "broken", "unfinished", "misses"):
            del sys.modules[name]


@pytest.mark.parametrize("target", ["people:build", "people.py:build", "people:Builder.build"])
def test_a_graph_is_written_and_said_in_one_line(
    target: str, program: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    assert main(["graph", target, "-o", "graph.json"]) == 0
    captured = capsys.readouterr()
    found = json.loads((program / "graph.json").read_text())
    assert captured.err == ""
    assert captured.out == (
        f"{len(found['nodes'])} nodes, {len(found['edges'])} edges: graph.json, "
        f"{(program / 'graph.json').stat().st_size:,} bytes\n"
    )
    labels = {node["label"] for node in found["nodes"]}
    assert {"0.weight", "2.bias"} <= labels  # so the module's calls were recorded
    assert "return net(torch.ones(2, 3)).sum()" in {node["code"] for node in found["nodes"]}


def test_the_ending_decides_the_format(program: Path) -> None:
    beginnings = {
        "html": "<!DOCTYPE html>", "SVG": "<svg ", "dot": "digraph ", "mmd": "flowchart TD",
        "json": "{",
    }  # fmt: skip
    for ending, beginning in beginnings.items():
        options = ["-o", f"graph.{ending}", "--direction", "down"]
        assert main(["graph", "people:many", *options]) == 0
        assert (program / f"graph.{ending}").read_text().startswith(beginning)


def test_a_list_that_holds_itself_is_traced(program: Path) -> None:
    assert main(["graph", "people:holds_itself", "-o", "a.svg"]) == 0
    assert (program / "a.svg").is_file()


def test_groups_are_opened_on_request(program: Path) -> None:
    text = "\nimport torch\ndef long():\n    x = torch.ones(1, requires_grad=True)\n"
    text += "    for _ in range(60):\n        x = x.sin()\n    return x\n"
    (program / "people.py").write_text(text)
    sizes = {}
    for opened in ("first", "all"):
        assert main(["graph", "people:long", "-o", "a.svg", "--open", opened]) == 0
        root = ElementTree.parse("a.svg").getroot()
        sizes[opened] = sum(1 for each in root if each.get("class") == "operation")
    assert sizes == {"first": 0, "all": 60}


@pytest.mark.parametrize(
    ("target", "line"),
    [
        ("nowhere:build", "there is no module 'nowhere' in this folder or on sys.path"),
        ("nowhere.py:build", "there is no file 'nowhere.py'"),
        ("people", "'people' was given; expected MODULE:FUNCTION or FILE.py:FUNCTION"),
        (":build", "':build' was given; expected MODULE:FUNCTION"),
        ("people:bild", "people:bild: people has no 'bild'"),
        ("people:number", "people:number cannot be called: it is of type int"),
        ("people:net", "people:net is a module; name a function that calls it on an input"),
        ("people:needs", "people:needs needs arguments (x, y=1)"),
        ("people:raises", "people:raises raised ValueError: two lines �[2J (people.py, line 28: "),
        ("people:in_torch", "(people.py, line 32: return torch.ones(2, 3) @ torch.ones(2, 3))"),
        ("people:leaves", "people:leaves raised SystemExit: 0 (people.py, line 36"),
        ("people:nothing", "people:nothing returned nothing with a graph: there is no tensor"),
        ("people:detached", "people:detached returned nothing with a graph: the tensor [scalar]"),
        ("people:module", "people:module returned a module (Sequential); return what it computes"),
        ("people:pair", "people:pair returned a module (Sequential); return what it computes"),
        ("broken:build", "importing broken raised ZeroDivisionError: division by zero (broken.py"),
        ("unfinished:build", "importing unfinished raised SyntaxError: "),
        ("misses:build", "importing misses raised ModuleNotFoundError: No module named 'no_such_"),
    ],
)
def test_what_cannot_be_traced_is_one_line_and_status_2(
    target: str, line: str, program: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    before = sorted(path.name for path in program.glob("*.svg"))
    assert main(["graph", target, "-o", "graph.svg"]) == 2
    captured = capsys.readouterr()
    assert captured.out == ""
    assert captured.err.count("\n") == 1
    assert line in captured.err
    assert sorted(path.name for path in program.glob("*.svg")) == before


@pytest.mark.parametrize(
    ("options", "line"),
    [
        ("-o graph.png", "graph.png: its ending '.png' is of no format; choose .html, .svg, .dot"),
        ("-o graph", "graph: its ending '' is of no format"),
        ("-o none/graph.svg", "none/graph.svg: there is no folder 'none'"),
        ("-o folder.svg", "folder.svg cannot be written: Is a directory"),
        ("-o a.svg --direction left", "Expected one of ('right', 'down')"),
        ("-o a.svg --open some", "Expected one of ('all', 'first')"),
        ("", "-o"),
    ],
)
def test_wrong_options_are_one_line_and_status_2(
    options: str, line: str, program: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    (program / "folder.svg").mkdir()
    assert main(["graph", "people:build", *options.split()]) == 2
    captured = capsys.readouterr()
    assert captured.out == ""
    assert captured.err.count("\n") == 1
    assert line in captured.err


def test_the_command_works_as_a_program_and_needs_no_home(program: Path) -> None:
    process = subprocess.run(
        [sys.executable, "-m", "blitz", "graph", "people:build", "-o", "graph.html"],
        capture_output=True, text=True, check=True, cwd=program,
        env={"PYTHONPATH": REPOSITORY, "BLITZ_HOME": "/nowhere/at/all"},
    )  # fmt: skip
    assert process.stderr == ""
    assert process.stdout.count("\n") == 1


def test_other_commands_do_not_wait_for_torch(program: Path) -> None:
    code = (
        "import sys; from blitz.__main__ import main; main(['runs']); "
        "sys.exit('torch' in sys.modules or 'blitz.autograd' in sys.modules)"
    )
    environment = {"PYTHONPATH": REPOSITORY, "BLITZ_HOME": str(program)}
    subprocess.run([sys.executable, "-c", code], check=True, env=environment)
