"""How charts and pictures look, also to people who do not see all colours."""

COLOURS = ("#d55e00", "#0072b2", "#009e73", "#cc79a7", "#3b9ad9", "#8a6d00")
"""Of lines: Okabe and Ito's, three of them darker or lighter: 3 : 1 on a white and a dark page."""
DASHES = ("solid", "dash", "dot", "dashdot", "longdash", "longdashdot")
SYMBOLS = ("circle", "square", "diamond", "triangle-up", "x", "star")
"""Each line has a dash and a symbol of its own besides."""

BLUE, ORANGE = "#2166ac", "#d95f02"
"""People with any kind of colour blindness tell these apart, and both from grey, on a white page
and on a dark one."""
STOPS = ((0.0, BLUE), (0.5, "#b8b8b8"), (1.0, ORANGE))
"""Of numbers, from the most negative over 0 to the most positive."""
STRENGTH = 0.72
"""Of the strongest colour that still lets the page's own text be read on it, 4.5 : 1."""
CLEAR_STOPS = (
    (0.0, f"rgba(217, 95, 2, {STRENGTH})"), (0.5, "rgba(217, 95, 2, 0)"),
    (0.5, "rgba(33, 102, 172, 0)"), (1.0, f"rgba(33, 102, 172, {STRENGTH})"),
)  # fmt: skip
"""Of what became worse (orange) or better (blue): what stayed alike shows the page itself."""
BEFORE = BLUE
AFTER = ORANGE
MARK = "#111111"

CLEAR = {
    "margin": {"l": 8, "r": 8, "t": 8, "b": 8},
    "paper_bgcolor": "rgba(0,0,0,0)",
    "plot_bgcolor": "rgba(0,0,0,0)",
}
"""A layout that shows the page's own background."""
LEGEND_BELOW = {"orientation": "h", "y": -0.25, "x": 0}


def shortened(text: str, most: int) -> str:
    """A name of at most `most` signs: of a longer one the middle is left out."""
    if len(text) <= most:
        return text
    end = (most - 1) // 3
    return f"{text[: most - 1 - end]}…{text[len(text) - end :]}"
