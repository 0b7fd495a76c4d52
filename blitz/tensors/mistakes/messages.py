"""PyTorch's and NumPy's own messages in one plain line each."""

import re

LONGEST = 300
SHORTEST = 100
"""A long message ends at a sentence, if that leaves so many characters."""
_COMBINATION = re.compile(
    r"(?P<name>\w+)\(\) received an invalid combination of arguments - got \((?P<given>.*?)\), but"
    r" expected (?:one of:\s*)?(?P<expected>.*)",
    re.DOTALL,
)
_SIGNATURE = re.compile(r"^\s*(?:\* )?\((.*)\)\s*$", re.MULTILINE)
_UNIMPORTANT = re.compile(
    r" (out|dtype|layout|device|pin_memory|requires_grad|memory_format) = | generator$"
)
_NOISE = (
    (r"\(Could this error message be improved\?.*", ""),
    (r"\[enforce fail at [^\]]*\][^.]*\. ", ""),
    (r"\s*(?:,? ?(?:from|see|visit|at))?:?\s*https?://\S+", ""),
    (r"(?: at)? ?\b0x[0-9a-fA-F]{6,}", ""),
    (r"(?<![\w/])(?:[A-Za-z]:\\|~/|\.{0,2}/)(?:[\w.+-]+[/\\])+[\w.+-]+(?::\d+)?", "…"),
    (r"\b[\w/.]+\.(?:cpp|cu|cuh|h|py):\d+", "…"),
    (r"torch\.Size\((\[[^\]]*\])\)", r"\1"),
    (r"\bFakeTensor\b", "Tensor"),
)
_ACCEPTS = {
    "int": {"int", "Number", "float"},
    "float": {"float", "Number"},
    "tuple": {"tuple of ints", "tuple of Tensors"},
    "list": {"tuple of ints", "tuple of Tensors"},
}


def one_line(error: Exception) -> str:
    """What an error says, in at most 300 characters."""
    text = str(error).partition("Exception raised from")[0].strip()
    if isinstance(error, KeyError):
        text = f"there is no key {text}"
    combination = _COMBINATION.search(text)
    if combination:
        text = _without_overloads(combination)
    line = next(iter(text.splitlines()), "")
    for pattern, replacement in _NOISE:
        line = re.sub(pattern, replacement, line)
    line = "".join(sign if sign.isprintable() else " " for sign in line)
    return _shortened(" ".join(line.split())) or type(error).__name__


def _shortened(text: str) -> str:
    if len(text) <= LONGEST:
        return text
    end = text.rfind(". ", SHORTEST, LONGEST)
    return text[: end + 1] if end > 0 else text[: LONGEST - 1] + "…"


def _without_overloads(combination: re.Match[str]) -> str:
    """Which arguments were given, and the one signature that is nearest to them."""
    given = combination["given"].replace("!", "").strip(" ,").replace("FakeTensor", "Tensor")
    signatures = [_parameters(text) for text in _SIGNATURE.findall(combination["expected"])]
    if not signatures:
        return f"{combination['name']}() does not take ({given})"
    nearest = min(
        signatures, key=lambda parameters: (_distance(given, parameters), -len(parameters))
    )
    return f"{combination['name']}() got ({given}), but expects ({', '.join(nearest)})"


def _parameters(signature: str) -> list[str]:
    """Parameters that matter: "Number start", "int dim = 0"."""
    parameters = [text for text in signature.split(", ") if not _UNIMPORTANT.search(text)]
    return parameters[:-1] if parameters and parameters[-1] == "*" else parameters


def _distance(given: str, parameters: list[str]) -> int:
    """How many arguments are missing, too many or of another type."""
    names = {parameter.partition(" = ")[0].rpartition(" ")[2] for parameter in parameters}
    arguments = [argument for argument in given.split(", ") if argument]
    places = [parameter for parameter in parameters if parameter != "*"]
    wrong = max(0, len(arguments) - len(places))
    wrong += sum(" = " not in place for place in places[len(arguments) :])
    for argument, place in zip(arguments, places, strict=False):
        name, equals, _ = argument.partition("=")
        if equals:
            wrong += name not in names
        else:
            kind = place.partition(" = ")[0].rpartition(" ")[0]
            wrong += kind not in _ACCEPTS.get(argument, {argument})
    return wrong
