"""Why a tiny network gains little from more threads or a GPU, in words made of measured points."""

from collections.abc import Sequence

from blitz.network.width.points import Setting, WidthPoint


def reasons(points: Sequence[WidthPoint]) -> list[str]:
    """Sentences about the narrowest and the widest network; none where only one was measured."""
    curves = by_setting(points)
    ends = {
        setting: (curve[0], curve[-1])
        for setting, curve in curves.items()
        if curve[0].width < curve[-1].width
    }
    if not ends:
        return []
    smallest = min(setting.batch_size for setting in ends)
    compared = {setting: pair for setting, pair in ends.items() if setting.batch_size == smallest}
    first, *others = compared
    larger = [
        setting for setting in ends if setting.place == first.place and setting != first
    ]  # fmt: skip
    return [
        _overhead(first, *compared[first]),
        *(_batch(compared[first][0], ends[setting][0]) for setting in larger),
        *(_gain(first, compared[first], other, compared[other]) for other in others),
    ]


def by_setting(points: Sequence[WidthPoint]) -> dict[Setting, list[WidthPoint]]:
    """The points of each device and batch size, narrowest first; in the order of measuring."""
    curves: dict[Setting, list[WidthPoint]] = {}
    for point in points:
        curves.setdefault(point.setting, []).append(point)
    return {
        setting: sorted(curve, key=lambda point: point.width) for setting, curve in curves.items()
    }


def _overhead(setting: Setting, narrow: WidthPoint, wide: WidthPoint) -> str:
    more_macs = _times(wide.macs_per_step / narrow.macs_per_step)
    more_time = _times(wide.seconds_per_step / narrow.seconds_per_step)
    return (
        f"{setting.place}, batch {setting.batch_size}: at width {narrow.width} a step takes "
        f"{_milliseconds(narrow.seconds_per_step)}. Its {narrow.macs_per_step / 1e6:.3g} million "
        f"multiply-adds would take {_milliseconds(narrow.arithmetic_seconds)} at the rate of a "
        f"large product of matrices: {narrow.arithmetic_share:.0%} of the time. Most of the rest "
        "is what each operation costs before it computes anything. "
        f"Width {wide.width} means {more_macs} as many multiply-adds, and a step takes "
        f"{more_time} as long."
    )


def _batch(small: WidthPoint, large: WidthPoint) -> str:
    """That the same operations on more images cost little more."""
    more_macs = _times(large.macs_per_step / small.macs_per_step)
    more_time = _times(large.seconds_per_step / small.seconds_per_step)
    return (
        f"A batch of {large.setting.batch_size} needs as many operations as one of "
        f"{small.setting.batch_size}, with {more_macs} the arithmetic in them. At width "
        f"{small.width} it takes {more_time} as long."
    )


def _gain(
    base: Setting,
    ends: tuple[WidthPoint, WidthPoint],
    other: Setting,
    others: tuple[WidthPoint, WidthPoint],
) -> str:
    """What a faster device brings at both ends."""
    narrow, wide = (
        ours.seconds_per_step / theirs.seconds_per_step
        for ours, theirs in zip(ends, others, strict=True)
    )
    return (
        f"{other.place} against {base.place}: {_times(narrow)} as fast at width {ends[0].width}, "
        f"{_times(wide)} at width {ends[1].width}."
    )


def _milliseconds(seconds: float) -> str:
    return f"{1_000 * seconds:.3g} ms"


def _times(ratio: float) -> str:
    return f"{ratio:.2g} times" if ratio < 10 else f"{ratio:.0f} times"
