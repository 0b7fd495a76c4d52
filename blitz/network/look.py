"""How charts and pictures look, also to people who do not see all colours."""

COLOURS = ("#d55e00", "#0072b2", "#009e73", "#cc79a7", "#3b9ad9", "#8a6d00")
"""Of lines: Okabe and Ito's, three of them darker or lighter: 3 : 1 on a white and a dark page."""
DASHES = ("solid", "dash", "dot", "dashdot", "longdash", "longdashdot")
SYMBOLS = ("circle", "square", "diamond", "triangle-up", "x", "star")
"""Each line has a dash and a symbol of its own besides."""

STOPS = ((0.0, "#2166ac"), (0.5, "#b8b8b8"), (1.0, "#d95f02"))
"""Of numbers, from the most negative over 0 to the most positive. People with any kind of colour
blindness tell blue and orange apart, and both from grey, on a white page and on a dark one."""
BEFORE = "#2166ac"
AFTER = "#d95f02"
MARK = "#111111"

CLEAR = {
    "margin": {"l": 8, "r": 8, "t": 8, "b": 8},
    "paper_bgcolor": "rgba(0,0,0,0)",
    "plot_bgcolor": "rgba(0,0,0,0)",
}
"""A layout that shows the page's own background."""
LEGEND_BELOW = {"orientation": "h", "y": -0.25, "x": 0}
