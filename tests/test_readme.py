"""The README says what is so: its commands run, its files and pictures are there."""

import os
import re
import subprocess
import sys
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[1]
README = (ROOT / "README.md").read_text(encoding="utf-8")


def blocks(language: str) -> list[str]:
    found = re.findall(r"^```(\w*)\n(.*?)^```$", README, re.DOTALL | re.MULTILINE)
    return [content for kind, content in found if kind == language]


def lines() -> list[str]:
    return [line for block in blocks("sh") for line in block.splitlines() if line.strip()]


def environment(home: Path) -> dict[str, str]:
    own = {"BLITZ_HOME": str(home), "BLITZ_DATABASE_URL": "", "BLITZ_DATASETS": ""}
    return {**os.environ, **own, "PYTHONPATH": str(ROOT)}


def test_terminal_commands_run(tmp_path: Path) -> None:
    commands = [line for line in lines() if line.startswith(".venv/bin/python -m blitz")]
    # One of several machines only makes a run, of images that would have to be downloaded.
    commands = [line for line in commands if "--later" not in line]
    assert len(commands) == 3
    for command in commands:
        own_python = command.replace(".venv/bin/python", sys.executable, 1)
        # Files that a command writes belong elsewhere.
        own_file = own_python.replace("-o graph.html", f"-o {tmp_path / 'graph.html'}")
        subprocess.run(own_file, shell=True, cwd=ROOT, env=environment(tmp_path), check=True)
    assert (tmp_path / "graph.html").stat().st_size > 10_000


def test_python_examples_run(tmp_path: Path) -> None:
    examples = blocks("python")
    assert len(examples) == 4
    for example in examples:
        subprocess.run(
            [sys.executable, "-c", example], cwd=tmp_path, env=environment(tmp_path), check=True
        )


def test_the_two_commands_set_everything_up_themselves() -> None:
    first, second = (line for line in lines() if line.startswith("python3 -m venv"))
    assert first.endswith(".venv/bin/streamlit run app.py")
    assert second.endswith(".venv/bin/python -m pytest")
    for command in (first, second):
        [requirements] = re.findall(r"-r (\S+)", command)
        assert (ROOT / requirements).exists()


def test_the_one_check_runs_the_readmes_test_command() -> None:
    script = (ROOT / ".ci" / "run").read_text(encoding="utf-8")
    [pattern] = re.findall(r"grep -m1 '(.*?)' README\.md", script)
    found = [line for line in README.splitlines() if re.search(pattern, line)]
    assert found[0] == next(line for line in lines() if line.endswith("-m pytest"))


@pytest.mark.parametrize("picture", re.findall(r"!\[.+?\]\((.+?)\)", README))
def test_every_picture_is_there(picture: str) -> None:
    assert (ROOT / picture).read_bytes().startswith(b"\x89PNG")


def test_every_file_in_the_tree_is_there() -> None:
    [tree] = [block for block in blocks("") if "app.py" in block]
    folders: list[tuple[int, Path]] = []
    for line in tree.splitlines():
        indent = len(line) - len(line.lstrip())
        folders = [(depth, folder) for depth, folder in folders if depth < indent]
        parent = next((f for _, f in reversed(folders) if indent), ROOT)
        for name in re.split(r"  +", line.strip())[0].split(", "):
            # Files of a folder may be set in below its line more than once.
            places = [parent / name, *(folder / name for _, folder in folders)]
            assert any(place.exists() for place in places), line
            if name.endswith("/"):
                folders.append((indent, parent / name))
