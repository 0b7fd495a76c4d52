"""What a station is, read from its file: a Python program in cells, as notebooks have them.

The docstring holds a title and a text. Cells begin as editors and Jupytext know it:

    # %% [markdown]
    # What to look at in the next cell.
    # %%
    lr = 0.01  # one of 0.001, 0.01, 0.1: learning rate
    # %% tags=["raises-exception"]
    net(image)

A comment such as that behind `lr` lets a person choose among values. Runs nothing.
"""

import ast
import json
import re
import textwrap
from collections.abc import Mapping
from dataclasses import dataclass, replace

from blitz.models import model_source

Value = int | float | str

_MARK = re.compile(r"^# %%(.*)\n", re.MULTILINE)
_CHOICE = re.compile(r"^(\w+) = (.+?)(  # one of ([^:\n]+): (.+))$", re.MULTILINE)
_IMPORT = re.compile(r"^from blitz\.models import .+\n", re.MULTILINE)
_MODELS = {"Net": "net", "Net3x3": "net3x3", "MLP": "mlp"}


@dataclass(frozen=True, kw_only=True, slots=True)
class Cell:
    """A piece of a station's program, and what to know before it."""

    text: str
    """Markdown."""
    code: str
    is_meant_to_fail: bool

    @property
    def choices(self) -> "tuple[Choice, ...]":
        """What may be set in it."""
        return tuple(map(_choice, _CHOICE.finditer(self.code)))


@dataclass(frozen=True, kw_only=True, slots=True)
class Choice:
    """A variable that a person may set to one of a few values."""

    name: str
    value: Value
    options: tuple[Value, ...]
    help: str


@dataclass(frozen=True, kw_only=True, slots=True)
class Station:
    """A short program about one thing, cell by cell."""

    name: str
    """For addresses."""
    title: str
    text: str
    """Markdown: what the station is about."""
    cells: tuple[Cell, ...]

    @property
    def choices(self) -> tuple[Choice, ...]:
        """What may be set, in the order of the program."""
        return tuple(choice for cell in self.cells for choice in cell.choices)

    def with_values(self, values: Mapping[str, Value]) -> "Station":
        """The same station with these values put in; ValueError for any that is not offered."""
        offered = {choice.name: choice for choice in self.choices}
        for name, value in values.items():
            if name not in offered:
                raise ValueError(f"{name}: the station has {', '.join(offered) or 'no choices'}")
            if value not in offered[name].options:
                options = ", ".join(map(repr, offered[name].options))
                raise ValueError(f"{name}: {value!r} was given; choose {options}")

        def put(found: re.Match[str]) -> str:
            name, own, comment = found.group(1, 2, 3)
            literal = json.dumps(values[name]) if name in values else own  # with double quotes
            return f"{name} = {literal}{comment}"

        cells = [replace(cell, code=_CHOICE.sub(put, cell.code)) for cell in self.cells]
        return replace(self, cells=tuple(cells))

    def script(self) -> str:
        """The station as a file that runs by itself, and that notebook editors open in cells."""
        head = f'"""{self.title}\n\n{textwrap.fill(self.text, 100)}\n"""\n'
        return "\n".join([head, *map(_script_cell, self.cells)])


def read_station(source: str, name: str) -> Station:
    """The station of a file's text."""
    docstring = ast.get_docstring(ast.parse(source))
    assert docstring, f"station {name}: its docstring needs a title and a text"
    title, _, text = docstring.partition("\n")
    cells, words = [], ""
    _, *pieces = _MARK.split(source)
    for kind, piece in zip(pieces[::2], pieces[1::2], strict=True):
        if "[markdown]" in kind:
            words = " ".join(line.removeprefix("#").strip() for line in piece.splitlines())
        else:
            fails = "raises-exception" in kind
            cells.append(Cell(text=words.strip(), code=piece.strip(), is_meant_to_fail=fails))
            words = ""
    return Station(name=name, title=title, text=" ".join(text.split()), cells=tuple(cells))


def _choice(found: re.Match[str]) -> Choice:
    return Choice(
        name=found[1],
        value=ast.literal_eval(found[2]),
        options=tuple(ast.literal_eval(option) for option in found[4].split(", ")),
        help=found[5],
    )


def _script_cell(cell: Cell) -> str:
    words = textwrap.fill(cell.text, 98, initial_indent="# ", subsequent_indent="# ")
    code = _IMPORT.sub(_own_source, cell.code + "\n")
    if cell.is_meant_to_fail:  # the script goes on after it, as the page does
        code = f"try:\n{textwrap.indent(code, '    ')}except RuntimeError as error:\n"
        code += "    print(error)\n"
    return (f"# %% [markdown]\n{words}\n\n" if cell.text else "") + f"# %%\n{code}"


def _own_source(imported: re.Match[str]) -> str:
    """The networks themselves in place of their import."""
    names = imported[0].partition(" import ")[2].strip().split(", ")
    sources = [model_source(_MODELS[name]) for name in names if name in _MODELS]
    needs = "import torch\nimport torch.nn.functional as F\nfrom torch import Tensor, nn\n"
    return "\n\n".join([needs, *sources])
