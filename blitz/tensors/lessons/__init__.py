"""The tour of tensors: lessons in the order in which they are best followed.

A lesson is a program in the playground's language. Random numbers in it are those of seed 0.
"""

from blitz.tensors.lessons import (
    attributes,
    devices,
    from_data,
    from_numpy,
    in_place,
    indexing,
    joining,
    like_another,
    numpy_bridge,
    operations,
    products,
    shapes,
)
from blitz.tensors.lessons.lesson import Lesson, Variant

LESSONS = (
    from_data.LESSON,
    from_numpy.LESSON,
    like_another.LESSON,
    shapes.LESSON,
    attributes.LESSON,
    devices.LESSON,
    indexing.LESSON,
    joining.LESSON,
    products.LESSON,
    in_place.LESSON,
    numpy_bridge.LESSON,
    operations.LESSON,
)

__all__ = ["LESSONS", "Lesson", "Variant"]
