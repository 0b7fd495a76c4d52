"""Long formulas in LaTeX, broken into lines at plus, minus and times signs.

Knows LaTeX only as notation.py writes it.
"""

import re
from collections.abc import Iterator

WIDTH = 72
"""About so many digits fit in a line of a page, beside the name of what is computed."""
BREAK = " \\\\\n&\\quad "
"""Between two lines of one formula, within `aligned`."""
EXPONENT_SIZE = 0.7

_TOKEN = re.compile(r"\\left.|\\right.|\\(?:begin|end)\{cases\}| (?:\+|-|\\times) |.")
_SIGN = re.compile(r" (?:\+|-|\\times) ")
_OPENS = re.compile(r"\{|\\left|\\begin")
_CLOSES = re.compile(r"\}|\\right|\\end")


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
    """How many signs are seen, about: both parts of a fraction count, and a function as one."""
    bare = re.sub(r"\\(?:left|right|mathit|text|frac|[Bb]ig[lr])\b", "", latex)
    return len(re.sub(r"[{}_^&\s]", "", re.sub(r"\\[a-z]+", "x", bare)))


def _parts(latex: str) -> Iterator[str]:
    """Pieces that each may begin a line: cut before signs, also of sums within brackets.

    Brackets that are cut cannot find their own size any more, so they get a fixed one.
    """
    part = ""
    around: list[str] = []  # what is open here; nothing but brackets, where one may cut
    for token in _TOKEN.findall(latex):
        found = token
        if _CLOSES.match(token):
            if around.pop() == "(":
                found = "\\Bigr)"
        elif _OPENS.match(token):
            is_bracket = token == "\\left(" and set(around) <= {"("}
            around.append("(" if is_bracket else token)
            found = "\\Bigl(" if is_bracket else token
        elif _SIGN.fullmatch(token) and set(around) <= {"("}:
            yield part
            part = ""
        part += found
    yield part


def _fitted(line: str) -> str:
    length = visible_length(line)
    if length <= WIDTH:
        return line
    size = EXPONENT_SIZE if "e^{" in line else 1  # where exponents are most of it
    scale = min(1, WIDTH / (length * size))
    return f"\\scalebox{{{scale:.2f}}}{{$\\displaystyle {line}$}}"
