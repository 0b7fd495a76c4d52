"""What is said of tensors and their memory in words. Knows nothing about how it is shown."""

from collections.abc import Iterable, Sequence

from blitz.tensors.summaries import TensorSummary, Values, Variable

RESULT = "result"
"""What the value of the last expression, which has no name, is called."""
MAX_TEXT = 400
"""Characters of a tensor as Python prints it: what is read out instead of its picture."""


def title_of(name: str) -> str:
    """What a card is called."""
    return name or RESULT


def shortened(text: str) -> str:
    """As much of a text as is read out."""
    return text if len(text) <= MAX_TEXT else f"{text[:MAX_TEXT]} …"


def shape_text(shape: tuple[int, ...]) -> str:
    """As torch.Size shows it; of no axes in words."""
    return f"[{', '.join(map(str, shape))}]" if shape else "[ ] (0-d)"


def flags(summary: TensorSummary) -> Iterable[str]:
    """What one should see of autograd without asking."""
    if summary.grad_fn:
        yield summary.grad_fn
    elif summary.requires_grad:
        yield "requires grad"


def facts(summary: TensorSummary) -> list[tuple[str, str]]:
    """What a card tells when its details are opened, by name."""
    found = [
        ("stride", str(summary.stride)),
        ("storage offset", f"{summary.offset:,}"),
        ("elements", f"{summary.numel:,}"),
        ("bytes", f"{summary.num_bytes:,} ({summary.itemsize} each)"),
        ("contiguous", _yes(summary.is_contiguous)),
    ]
    if summary.kind == "tensor":
        found += [
            ("requires_grad", _yes(summary.requires_grad)),
            ("is_leaf", _yes(summary.is_leaf)),
            ("grad_fn", summary.grad_fn or "none"),
            ("version", str(summary.version)),
        ]
    return found


def _yes(holds: bool) -> str:
    return "yes" if holds else "no"


def note(values: Values) -> str:
    """How much of each axis is in the picture."""
    axes = [
        f"{len(kept):,} of {size:,} along axis {axis}"
        for axis, (kept, size) in enumerate(zip(values.kept, values.shape, strict=True))
        if len(kept) < size
    ]
    return f"Drawn: {_listed(axes)}." if axes else ""


def shares(variable: Variable, summary: TensorSummary, shown: Sequence[Variable]) -> str:
    """Which other variables look at the same memory."""
    others = []
    for other in shown:
        found = other.summary
        if other is variable or found is None or found.storage != summary.storage:
            continue
        is_same = _place(found) == _place(summary)
        others.append(title_of(other.name) + (" (the very same elements)" if is_same else ""))
    return f"shares memory with {_listed(others)}" if others else ""


def _place(summary: TensorSummary) -> tuple[object, ...]:
    return summary.shape, summary.stride, summary.offset, summary.itemsize


def steps(summary: TensorSummary) -> str:
    """What strides and offset mean, in words."""
    if summary.numel == 0:
        return "looks at no element."
    start = f"starts at place {summary.offset:,}"
    parts, is_first = [], True
    for axis, (size, stride) in enumerate(zip(summary.shape, summary.stride, strict=True)):
        if size == 1:
            continue
        if stride == 0:
            parts.append(f"axis {axis} is broadcast: each step stays at the same element")
        elif is_first:
            parts.append(f"one step along axis {axis} is {_elements(stride)} in memory")
            is_first = False
        else:
            parts.append(f"along axis {axis} it is {stride:,}")
    return "; ".join([start, ", ".join(parts)]) + "." if parts else f"{start}."


def _elements(count: int) -> str:
    return f"{count:,} element{'' if abs(count) == 1 else 's'}"


def _listed(parts: Sequence[str]) -> str:
    """a, b and c."""
    return " and ".join(filter(None, [", ".join(parts[:-1]), *parts[-1:]]))


def statistics_lines(summary: TensorSummary) -> list[str]:
    """The statistics, and of how many elements they are; none for a single element."""
    found = summary.statistics
    if found is None or summary.numel == 1:
        return []
    num_finite = summary.numel - (
        summary.num_nan + summary.num_positive_infinite + summary.num_negative_infinite
    )
    if summary.dtype.endswith("bool"):
        lines = [f"{round(found.mean * summary.numel):,} of {summary.numel:,} True"]
    else:
        named = {
            "min": found.minimum, "max": found.maximum, "mean": found.mean, "std": found.std,
        }  # fmt: skip
        lines = [f"{name} {number_text(number)}" for name, number in named.items()]
        if summary.values.elements.dtype.kind == "c":
            lines.append("of the magnitudes")
    if found.num_sampled < num_finite:
        lines.append(f"std and histogram from {found.num_sampled:,} of {num_finite:,} elements")
    return lines


def number_text(number: float) -> str:
    """With five significant digits, integers below a million in full."""
    if isinstance(number, int) and abs(number) < 1e6:
        return str(number).replace("-", "−")
    return f"{number:.5g}".replace("-", "−")
