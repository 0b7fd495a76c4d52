"""The exported script: plain Python runs it, and it prints what the program's last line is."""

import io
import json
import subprocess
import sys
from contextlib import redirect_stdout
from pathlib import Path

import numpy as np
import pytest
import torch
import torch.nn.functional as F

from blitz.tensors.lessons import LESSONS
from blitz.tensors.script import script

SEED = 7
RUNNER = """
import contextlib, io, json, pathlib, runpy, sys
outputs = {}
for path in sorted(pathlib.Path(sys.argv[1]).glob("*.py")):
    with contextlib.redirect_stdout(io.StringIO()) as output:
        runpy.run_path(str(path), run_name="__main__")
    outputs[path.stem] = output.getvalue()
assert not any(name.startswith("blitz") for name in sys.modules)
print(json.dumps(outputs))
"""

ENDINGS = {
    # a program, and what plain Python prints for it
    "x = torch.arange(3)": "",
    "x = torch.arange(3)\nx": "tensor([0, 1, 2])\n",
    "x = torch.arange(3); x  # the last": "tensor([0, 1, 2])\n",
    "torch.ones(\n    2,\n)": "tensor([1., 1.])\n",
    "(torch.ones(2) +\n torch.ones(2))": "tensor([2., 2.])\n",
    "x = torch.arange(2)\nx, 3": "(tensor([0, 1]), 3)\n",
    "print('once')": "once\n",
    "a = torch.ones(2, requires_grad=True)\na.sum().backward()": "",
    "with torch.no_grad():\n    torch.ones(2)": "",
    "'é' * 2, torch.tensor(1)\n# the end": "('éé', tensor(1))\n",
    "import torch\r\ntorch.zeros(1)\r\n": "tensor([0.])\n",
    "x = torch.zeros(1, device=device)\nx.device": "cpu\n",
    "# nothing": "",
    "": "",
}


def run_all(sources: dict[str, str], folder: Path) -> dict[str, str]:
    """What scripts print, in one process that cannot find Blitz."""
    for name, source in sources.items():
        (folder / f"{name}.py").write_text(source, encoding="utf-8")
    done = subprocess.run(
        [sys.executable, "-I", "-c", RUNNER, str(folder)],
        cwd=folder, capture_output=True, text=True, check=False,
    )  # fmt: skip
    assert done.returncode == 0, done.stderr
    outputs: dict[str, str] = json.loads(done.stdout)
    return outputs


def printed(program: str) -> str:
    """What Python prints for a program whose last line is an expression, and that expression."""
    torch.manual_seed(SEED)
    names = {"torch": torch, "np": np, "F": F, "device": torch.device("cpu")}
    *_, last = program.splitlines()
    with redirect_stdout(io.StringIO()) as output:
        exec(program.removesuffix(f"{last}\n"), names)
        print(eval(last, names))
    return output.getvalue()


def test_scripts_do_what_the_programs_do(tmp_path: Path) -> None:
    lessons = {lesson.name: lesson.program for lesson in LESSONS}
    endings = {f"ending_{at}": program for at, program in enumerate(ENDINGS)}
    sources = lessons | endings
    outputs = run_all(
        {name: script(source, "cpu", SEED) for name, source in sources.items()}, tmp_path
    )
    expected = {name: printed(program) for name, program in lessons.items()}
    expected |= dict(zip(endings, ENDINGS.values(), strict=True))
    assert outputs == expected


def test_the_programs_own_lines_are_unchanged() -> None:
    program = "x = torch.ones( 2 )   # spaces\n\nwith torch.no_grad():\n\ty = x\ny"
    assert script(program, "cpu", 0).endswith(f"\n{program[:-1]}print(y)\n")


def test_device_and_seed_are_those_of_the_page() -> None:
    lines = script("x = 1", "cuda:0", 42).splitlines()
    assert "torch.manual_seed(42)" in lines
    assert "device = torch.device('cuda:0')" in lines
    # Also tensors that are made without a word on the device.
    names: dict[str, object] = {}
    try:
        exec(script("x = torch.zeros(1)", "meta", 0), names)
    finally:
        torch.set_default_device(None)
    assert isinstance(names["x"], torch.Tensor)
    assert names["x"].is_meta


@pytest.mark.parametrize(
    "program",
    ["x = (", "x = 1 +", "\0", "(" * 300, "-" * 100_000 + "1", "\ud800", "1" * 5000, "x\x0c\ny"],
    ids=lambda program: repr(program)[:12],
)
def test_a_program_that_cannot_be_read_still_makes_a_file(program: str) -> None:
    text = script(program, "cpu", 0)
    assert text.encode()
    assert program.encode(errors="replace").decode() in text.replace("print(y)", "y")
