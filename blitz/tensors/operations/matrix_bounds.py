"""What calls of linear algebra need at most: time grows with the third power of a side.

A bound is called with the very arguments of the call, as those in bounds.py are.
"""

import math

from torch import Tensor

from blitz.tensors.operations.arguments import (
    MOST_REAL_BYTES,
    broadcast_numel,
    item_bytes,
    tensors,
    whole,
)
from blitz.tensors.operations.bounds import ELEMENT_SECONDS, MATRIX_SECONDS, copies, free
from blitz.tensors.operations.operation import Bound, Need


def decomposition(steps: float, *, reduced: bool = False) -> Bound:
    """A decomposition of matrices [..., m, n]: about steps × m n min(m, n) multiply-adds.

    reduced: no factor is larger than the matrix; otherwise, and unless full_matrices=False is
    among the arguments, factors [m, m] and [n, n] are counted.
    """

    def bound(*args: object, **kwargs: object) -> Need:
        small = reduced or kwargs.get("full_matrices") is False
        work, num_bytes = 0.0, 0.0
        for operand in tensors(args, kwargs):
            if operand.dim() < 2:
                num_bytes += operand.numel()
                continue
            rows, columns = operand.shape[-2:]
            count = math.prod(operand.shape[:-2])
            side = max(rows, columns)
            work += steps * count * rows * columns * min(rows, columns)
            num_bytes += 4 * count * side * (min(rows, columns) if small else side)
        return Need(num_bytes=num_bytes * item_bytes(args, kwargs), seconds=work * MATRIX_SECONDS)

    return bound


def norms(*spectral: object) -> Bound:
    """A few copies; a decomposition where the order is one of those of singular values."""

    def bound(*args: object, **kwargs: object) -> Need:
        copied = copies(4)(*args, **kwargs)
        orders = [*args[1:2], kwargs.get("ord"), kwargs.get("p")]
        if not any(order in spectral for order in orders if isinstance(order, str | int | float)):
            return copied
        found = [operand for operand in tensors(args, kwargs) if operand.dim() > 1]
        work = sum(operand.numel() * sorted(operand.shape)[-2] for operand in found)
        return Need(num_bytes=copied.num_bytes, seconds=20 * work * MATRIX_SECONDS)

    return bound


def matrix_power(input: object, n: object = 1, **kwargs: object) -> Need:
    """Twice a matrix product for each bit of the exponent, and an inverse."""
    num_products = 2 * max(abs(whole(kwargs.get("n", n))).bit_length(), 1) + 2
    one = decomposition(1)(input)
    return Need(num_bytes=num_products * one.num_bytes, seconds=num_products * one.seconds)


def distances(x1: object, x2: object, *args: object, **kwargs: object) -> Need:
    """A result for each pair of rows of [..., m, d] and [..., n, d], d steps for each."""
    if not (isinstance(x1, Tensor) and isinstance(x2, Tensor) and x1.dim() > 1 and x2.dim() > 1):
        return free()
    batch = broadcast_numel([x1[..., 0, 0], x2[..., 0, 0]])
    numel = batch * x1.shape[-2] * x2.shape[-2]
    copied = 3 * batch * (x1.shape[-2] + x2.shape[-2]) * (x1.shape[-1] + 2)
    return Need(
        num_bytes=(4 * numel + copied) * MOST_REAL_BYTES,
        seconds=numel * max(x1.shape[-1], 1) * ELEMENT_SECONDS,
    )


def covariance(input: object, *args: object, **kwargs: object) -> Need:
    """Each of m rows with each other, n products for a pair; copies of [m, n]."""
    if not isinstance(input, Tensor) or input.dim() != 2:
        return copies(6)(input)
    pairs = input.shape[0] ** 2
    copied = copies(6)(input)
    return Need(
        num_bytes=copied.num_bytes + 6 * pairs * item_bytes((input,), {}),
        seconds=copied.seconds + pairs * input.shape[1] * MATRIX_SECONDS,
    )
