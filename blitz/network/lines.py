"""How several lines of one chart are told apart, whatever a person's colour vision.

Okabe and Ito's colours, three of them darker or lighter: 3 : 1 against a white and a dark page.
Each has a dash and a symbol of its own besides.
"""

COLOURS = ("#d55e00", "#0072b2", "#009e73", "#cc79a7", "#3b9ad9", "#8a6d00")
DASHES = ("solid", "dash", "dot", "dashdot", "longdash", "longdashdot")
SYMBOLS = ("circle", "square", "diamond", "triangle-up", "x", "star")
