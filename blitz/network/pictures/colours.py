"""Colours of numbers: blue below 0, grey at 0, orange above.

People with any kind of colour blindness tell blue and orange apart, and both from grey, on a white
page and on a dark one.
"""

STOPS = ((0.0, "#2166ac"), (0.5, "#b8b8b8"), (1.0, "#d95f02"))
"""From the most negative value over 0 to the most positive."""
BEFORE = "#2166ac"
AFTER = "#d95f02"
MARK = "#111111"
