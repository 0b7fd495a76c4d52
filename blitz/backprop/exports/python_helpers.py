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
    "softplus": '''
def softplus(x):
    """ln(1 + e^x), about x where e^x is too large."""
    return max(x, 0) + math.log1p(math.exp(-abs(x)))
''',
    "log_sum_exp": '''
def log_sum_exp(terms):
    """ln(e^a + e^b + ...), about the largest where its power is too large."""
    *others, largest = sorted(terms)
    return largest + math.log1p(sum(math.exp(x - largest) for x in others))
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
