"""Long formulas in LaTeX, broken into lines at plus, minus and times signs.

Knows LaTeX only as notation.py writes it.
"""

import re
from collections.abc import Collection, Iterator, Sequence

WIDTH = 72
"""About so many digits fit in a line of a page, beside the name of what is computed."""
BREAK = " \\\\\n&\\quad "
"""Between two lines of one formula, within `aligned`."""
EXPONENT_SIZE = 0.7
SHORT = 30
"""Brackets around no more than so many signs stay in one line."""
TIMES = " \\times "

_FIXED = {"\\left(": "\\Bigl(", "\\right)": "\\Bigr)"}
_TOKEN = re.compile(r"\\left.|\\right.|\\(?:begin|end)\{cases\}| (?:\+|-|\\times) |[^\\{} ]+|.")
_OPENS = re.compile(r"\{|\\left|\\begin")
_CLOSES = re.compile(r"\}|\\right|\\end")
_COMMAND = re.compile(r"\\(?:left|right|mathit|text|frac|[Bb]ig[lr])\b")
_NUMERATOR = re.compile(r"\\frac\{\\partial(?:[^{}]|\{[^{}]*\})*\}")  # as wide as what is below


def broken(latex: str) -> str:
    """The formula in one line or in several; a part too wide for any line is made smaller."""
    if visible_length(latex) <= WIDTH:
        return latex
    lines = [""]
    for part in _parts(latex):
        if lines != [""] and visible_length(lines[-1] + part) > WIDTH:
            lines.append(part.lstrip())
        else:
            lines[-1] += part
    return BREAK.join(map(_fitted, lines))


def visible_length(latex: str) -> int:
    """How many signs are seen beside each other, about; a function counts as one."""
    bare = _COMMAND.sub("", _NUMERATOR.sub("", latex))
    return len(re.sub(r"[{}_^&\s]", "", re.sub(r"\\[a-z]+", "x", bare)))


def _parts(latex: str) -> Iterator[str]:
    """Pieces that each may begin a line: terms of a sum, also of one in brackets, or else factors.

    Brackets that are cut cannot find their own size any more, so they get a fixed one.
    """
    tokens = _TOKEN.findall(latex)
    may_cut = _long_brackets(tokens)
    depths = list(_depths(tokens, may_cut))
    signs = {token for token, depth in zip(tokens, depths, strict=True) if depth == 0}
    is_sum = not signs.isdisjoint((" + ", " - "))
    part = ""
    for place, (token, depth) in enumerate(zip(tokens, depths, strict=True)):
        is_term = token in (" + ", " - ") and depth is not None
        if is_term or (token == TIMES and depth == 0 and not is_sum):
            yield part
            part = ""
        part += _FIXED[token] if place in may_cut else token
    yield part


def _long_brackets(tokens: Sequence[str]) -> set[int]:
    """Where brackets stand, opening and closing, that may be cut: long ones in nothing else."""
    found: set[int] = set()
    around: list[int] = []
    for place, token in enumerate(tokens):
        if _OPENS.match(token):
            around.append(place)
        elif _CLOSES.match(token):
            start = around.pop()
            is_free = all(tokens[outer] == "\\left(" for outer in (*around, start))
            if is_free and visible_length("".join(tokens[start:place])) > SHORT:
                found |= {start, place}
    return found


def _depths(tokens: Sequence[str], may_cut: Collection[int]) -> Iterator[int | None]:
    """Of each token the number of brackets around it; None within what may not be cut."""
    brackets, others = 0, 0
    for place, token in enumerate(tokens):
        change = bool(_OPENS.match(token)) - bool(_CLOSES.match(token))
        if place in may_cut:
            brackets += change
        else:
            others += change
        yield None if others else brackets


def _fitted(line: str) -> str:
    length = visible_length(line)
    if length <= WIDTH:
        return line
    size = EXPONENT_SIZE if "e^{" in line else 1  # where exponents are most of it
    scale = min(1, WIDTH / (length * size))
    return f"\\scalebox{{{scale:.2f}}}{{$\\displaystyle {line}$}}"
