"""What a picture shows, in words."""

import math
from collections.abc import Sequence

import numpy as np

from blitz.tensors.pictures.computing import Ways, dims_of
from blitz.tensors.pictures.operands import Part, Step
from blitz.tensors.summaries import Sources

ORDINALS = ("first", "second", "third", "fourth", "fifth")
Shape = Sequence[int]


def of_elements(step: Step, ways: Ways) -> str:
    """Which elements meet."""
    shapes = [part.shape for part in step.parts]
    numbers = [value for value in step.args if isinstance(value, int | float | complex)]
    if len(shapes) == 1:
        partner = f", with the number {numbers[0]}" if len(numbers) == 1 else ""
        return f"each of the {_count(step.result.numel())} on its own{partner}"
    together = listed([shape_text(shape) for shape in shapes])
    if not any(ways.stretched):
        return f"{together}: elements at the same place meet"
    repeated = [
        f"the {_ordinal(index)} is repeated along {_axes_text(axes)}"
        for index, axes in enumerate(ways.stretched)
        if axes
    ]
    return f"{together} broadcast to {shape_text(step.shape)}: {', '.join(repeated)}"


def of_products(step: Step, letters: Sequence[str], out: str, ways: Ways) -> str:
    """How rows and columns are paired."""
    names = [part.text for part in step.parts]
    pairs = " times ".join(
        f"{_line(own, out)}{name}" for own, name in zip(letters, names, strict=False)
    )
    many = "one product" if ways.num_terms == 1 else f"the sum of {ways.num_terms} products"
    added = "".join(f", plus the element of {name}" for name in names[len(letters) :])
    text = f"each element is {many}: {pairs}{added}"
    batch = [axis for axis, letter in enumerate(out) if letter.isupper()]
    if not batch:
        return text
    sizes = [step.shape[axis] for axis in batch]
    text += f"; for each of {math.prod(sizes)} pairs of matrices along {_axes_text(batch)}"
    repeated = [
        f"{names[index]} is repeated along {_axes_text(axes)}"
        for index, axes in enumerate(ways.stretched)
        if axes
    ]
    return "; ".join([text, *repeated])


def of_reduction(step: Step, ways: Ways) -> str:
    """Which axes are folded, and by what."""
    shape = step.parts[0].shape
    if len(ways.axes) == len(shape):
        return f"all {_count(math.prod(shape))} are folded into one by {step.name}"
    sizes = [shape[axis] for axis in ways.axes]
    verb = "is" if len(ways.axes) == 1 else "are"
    factors = " × ".join(map(str, sizes))
    product = f" = {math.prod(sizes)}" if len(sizes) > 1 else ""
    elements = "element" if sizes == [1] else "elements"
    return (
        f"{_axes_text(ways.axes)} ({factors}{product} {elements}) {verb} folded into one "
        f"by {step.name}"
    )


def of_movement(step: Step, sources: Sources | None) -> str:
    """Where the elements go."""
    shapes = [part.shape for part in step.parts]
    if step.name == "stack" and len(set(shapes)) == 1:
        axis = (dims_of(step) or (0,))[0]
        return f"stack makes a new axis {axis} of {len(shapes)}"
    along = joined_axis(shapes, step.shape)
    if along is not None:
        sizes = [shape[along] for shape in shapes]
        total = " + ".join(map(str, sizes))
        return f"{step.name} joins along the existing axis {along}: {total} = {sum(sizes)}"
    if step.num_results > 1:
        pieces = f"{step.num_results} tensors of {shape_text(step.shape[1:])}"
        return f"{step.name} makes {pieces}, here one behind the other along a first axis"
    change = f"{listed([shape_text(shape) for shape in shapes])} to {shape_text(step.shape)}"
    if sources is None:
        return f"{step.name}: {change}"
    return f"{_taken_text(sources, step.parts)}: {change}"


def of_index(text: str, taken: int, part: Part, sources: Sources | None) -> str:
    """How many elements an index takes."""
    total = part.tensor.numel()
    distinct = taken if sources is None else _num_distinct(sources)
    if distinct < taken:
        return (
            f"{text} takes {_count(taken)}, some of them more than once: "
            f"{distinct} of {_count(total)}"
        )
    return f"{text} takes {taken} of {_count(total)}"


def of_assignment(text: str, changed: int | None, before: Part, value: Part | None) -> str:
    """How many elements an assignment sets."""
    total = _count(before.tensor.numel())
    if changed is None:
        return f"{text} sets elements of {total}"
    if value is not None and value.tensor.numel() < changed:
        return f"{text} sets {changed} of {total}; {shape_text(value.shape)} is repeated"
    return f"{text} sets {changed} of {total}"


def joined_axis(shapes: Sequence[tuple[int, ...]], result: tuple[int, ...]) -> int | None:
    """The axis along which two or more shapes add up to that of the result."""
    if len(shapes) < 2 or any(len(shape) != len(result) for shape in shapes):
        return None
    for axis, size in enumerate(result):
        rest = {shape[:axis] + shape[axis + 1 :] for shape in shapes}
        if rest == {result[:axis] + result[axis + 1 :]} and size == sum(
            shape[axis] for shape in shapes
        ):
            return axis
    return None


def shape_text(shape: Shape) -> str:
    """[3, 4]."""
    return str(list(shape))


def listed(texts: Sequence[str]) -> str:
    """One, two and three."""
    return " and ".join([", ".join(texts[:-1]), texts[-1]] if len(texts) > 1 else texts)


def _taken_text(sources: Sources, parts: Sequence[Part]) -> str:
    """How many elements are taken, from how many, in which order."""
    total = sum(part.tensor.numel() for part in parts if part.is_moved)
    each = np.diff(sources.starts)
    taken, made = len(sources.positions), int((each == 0).sum())
    distinct = _num_distinct(sources)
    added = f", and {_count(made)} made anew" if made else ""
    if distinct < taken:
        return f"{distinct} of {_count(total)}, some of them more than once{added}"
    if taken < total:
        return f"{taken} of {_count(total)}{added}"
    keys = list(zip(sources.operands.tolist(), sources.positions.tolist(), strict=True))
    order = "the same order" if keys == sorted(keys) else "another order"
    return f"all {_count(total)} in {order}{added}"


def _num_distinct(sources: Sources) -> int:
    return len(set(zip(sources.operands.tolist(), sources.positions.tolist(), strict=True)))


def _line(letters: str, out: str) -> str:
    """What of an operand goes into one element."""
    own = letters.lstrip("ABCDEFGHIJKLMNOPQRSTUVWXYZ")
    kept = [letter in out for letter in own]
    if kept == [True, False]:
        return "row of "
    if kept == [False, True]:
        return "column of "
    if all(kept):
        return "element of "
    return "" if len(own) == 1 else "elements of "


def _axes_text(axes: Sequence[int]) -> str:
    return f"{'axis' if len(axes) == 1 else 'axes'} {listed([str(axis) for axis in axes])}"


def _ordinal(index: int) -> str:
    return ORDINALS[index] if index < len(ORDINALS) else f"{index + 1}th"


def _count(number: int) -> str:
    return f"{number} element" if number == 1 else f"{number} elements"
