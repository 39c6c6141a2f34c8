"""From mpmath's numbers to the nearest float, with enough digits to be sure of it."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from math import copysign, inf
from typing import Any

from mpmath import mp

#: Bits of the first try: 77 digits.
PRECISION = 256
#: Bits in which sums and products of a few floats are exact: the range from 2**-1074 to 2**1024.
EXACT = 6400


def nearest(x: Any) -> float:
    """The float nearest to an mpmath number: ties to even, subnormals too, inf on overflow.

    mpmath's own conversion rounds a subnormal twice.

    >>> nearest(mp.mpf(2) ** -1075 * 3), nearest(mp.mpf(10) ** 400)
    (1e-323, inf)
    """
    if not mp.isfinite(x):
        return float(x)
    sign, mantissa, exponent, bits = mp.mpf(x)._mpf_
    if exponent + bits > 1100:
        return copysign(inf, -sign)
    if exponent + bits < -1100:
        return copysign(0.0, -sign)
    try:  # the quotient of two ints is correctly rounded
        size = mantissa * 2**exponent / 1 if exponent >= 0 else mantissa / 2**-exponent
    except OverflowError:
        size = inf
    return -size if sign else size


def surely(compute: Callable[[], Sequence[Any]], start: int = PRECISION) -> list[float]:
    """The numbers that `compute` gives, correctly rounded.

    The precision is doubled until two in a row round alike: the digits that a difference
    of nearly equal numbers loses are then far away.
    """
    before = None
    for precision in (start, 2 * start, 4 * start, 8 * start, 16 * start):
        with mp.workprec(precision):
            now = [nearest(x) for x in compute()]
        if now == before:
            return now
        before = now
    raise ArithmeticError(f"{16 * start} bits are not enough: {now}")
