"""Functions that formulas call and Python does not have, as source for a script.

Scripts show them to people, so each is the plain one for floats of what expressions.py has for
every kind of number.
"""

import re

_SOURCES = {
    "exp": '''
def exp(x):
    """e to the power of x; infinity where that is too large."""
    try:
        return math.exp(x)
    except OverflowError:
        return math.inf
''',
    "tanh": '''
def tanh(x):
    """The hyperbolic tangent."""
    return math.tanh(x)
''',
    "sign": '''
def sign(x):
    """-1, 0 or 1."""
    return (x > 0) - (x < 0)
''',
    "times_log": '''
def times_log(factor, x):
    """factor * ln(x), and 0 for a factor of 0 whatever x is."""
    return factor * math.log(x) if factor else 0.0
''',
    "over": '''
def over(numerator, denominator):
    """numerator / denominator, and 0 for a numerator of 0 whatever the denominator is."""
    return numerator / denominator if numerator else 0.0
''',
    "where_positive": '''
def where_positive(x, yes, no):
    """The one where x > 0, the other elsewhere."""
    return yes if x > 0 else no
''',
}


def helpers_for(code: str) -> list[str]:
    """The sources of those that a piece of code calls."""
    return [source.strip() for name, source in _SOURCES.items() if re.search(rf"\b{name}\(", code)]
