"""What no arithmetic decides, by hand: zeros with their signs, infinities, nan, kinks and poles.

Value, first and second derivatives, from the convention table and the decisions; where these
are silent, the limit. `test_edge_conventions.py` has the conventions one by one, with
their sources; here every row meets every special float.
"""

from __future__ import annotations

from collections.abc import Iterator
from itertools import product
from math import inf, isnan, log, nan, pi, sqrt
from typing import NamedTuple

import numpy as np

from .points import HUGE, TINY

Point = tuple[float, ...]

#: Second derivatives at poles and of what is nan are unspecified (D15).
ANY = None


class Edge(NamedTuple):
    """The numbers at one point; `second` may be partial, and a None in it says nothing."""

    row: str
    point: Point
    value: float
    first: tuple[float | None, ...]  # None: no edge
    second: dict[tuple[int, int], float | None]


NAN = (nan, nan, nan)
LN2 = log(2.0)

#: (value, first, second derivative) at 0.0, -0.0, inf, -inf and nan.
AT_SPECIALS: dict[str, tuple[tuple[float, float | None, float | None], ...]] = {
    "neg": ((-0.0, -1, 0), (0.0, -1, 0), (-inf, -1, 0), (inf, -1, 0), (nan, -1, 0)),
    "identity": ((0.0, 1, 0), (-0.0, 1, 0), (inf, 1, 0), (-inf, 1, 0), (nan, 1, 0)),
    "step": ((1, None, 0), (1, None, 0), (1, None, 0), (0, None, 0), (nan, None, 0)),
    "sign": ((0, None, 0), (0, None, 0), (1, None, 0), (-1, None, 0), (nan, None, 0)),
    "abs": ((0, 0, 0), (0, 0, 0), (inf, 1, 0), (inf, -1, 0), (nan, nan, ANY)),
    "relu": ((0, 0, 0), (0, 0, 0), (inf, 1, 0), (0, 0, 0), (nan, nan, ANY)),
    "exp": ((1, 1, 1), (1, 1, 1), (inf, inf, inf), (0, 0, 0), NAN),
    "expm1": ((0.0, 1, 1), (-0.0, 1, 1), (inf, inf, inf), (-1, 0, 0), NAN),
    "log": ((-inf, inf, ANY), (-inf, -inf, ANY), (inf, 0, 0), NAN, NAN),
    "log2": ((-inf, inf, ANY), (-inf, -inf, ANY), (inf, 0, 0), NAN, NAN),
    "log10": ((-inf, inf, ANY), (-inf, -inf, ANY), (inf, 0, 0), NAN, NAN),
    "log1p": ((0.0, 1, -1), (-0.0, 1, -1), (inf, 0, 0), NAN, NAN),
    "sqrt": ((0.0, inf, -inf), (-0.0, -inf, ANY), (inf, 0, 0), NAN, NAN),
    "sin": ((0.0, 1, 0), (-0.0, 1, 0), NAN, NAN, NAN),
    "cos": ((1, 0, -1), (1, 0, -1), NAN, NAN, NAN),
    "tan": ((0.0, 1, 0), (-0.0, 1, 0), NAN, NAN, NAN),
    "asin": ((0.0, 1, 0), (-0.0, 1, 0), NAN, NAN, NAN),
    "acos": ((pi / 2, -1, 0), (pi / 2, -1, 0), NAN, NAN, NAN),
    "atan": ((0.0, 1, 0), (-0.0, 1, 0), (pi / 2, 0, 0), (-pi / 2, 0, 0), NAN),
    "sinh": ((0.0, 1, 0), (-0.0, 1, 0), (inf, inf, inf), (-inf, inf, -inf), NAN),
    "cosh": ((1, 0, 1), (1, 0, 1), (inf, inf, inf), (inf, -inf, inf), NAN),
    "tanh": ((0.0, 1, 0), (-0.0, 1, 0), (1, 0, 0), (-1, 0, 0), NAN),
    "asinh": ((0.0, 1, 0), (-0.0, 1, 0), (inf, 0, 0), (-inf, 0, 0), NAN),
    "acosh": (NAN, NAN, (inf, 0, 0), NAN, NAN),
    "atanh": ((0.0, 1, 0), (-0.0, 1, 0), NAN, NAN, NAN),
    "sigmoid": ((0.5, 0.25, 0), (0.5, 0.25, 0), (1, 0, 0), (0, 0, 0), NAN),
    "softplus": ((LN2, 0.5, 0.25), (LN2, 0.5, 0.25), (inf, 1, 0), (0, 0, 0), NAN),
    "log_sigmoid": ((-LN2, 0.5, -0.25), (-LN2, 0.5, -0.25), (0, 0, 0), (-inf, 1, 0), NAN),
    "silu": ((0.0, 0.5, 0.5), (-0.0, 0.5, 0.5), (inf, 1, 0), (-0.0, 0, 0), NAN),
    "erf": ((0.0, 2 / sqrt(pi), 0), (-0.0, 2 / sqrt(pi), 0), (1, 0, 0), (-1, 0, 0), NAN),
}

#: Poles, and the special floats that lie outside a domain.
AT_ENDS: dict[str, dict[float, tuple[float, float | None, float | None]]] = {
    "log": {-1.0: NAN, -TINY: NAN},
    "log2": {-1.0: NAN, -TINY: NAN},
    "log10": {-1.0: NAN, -TINY: NAN},
    "log1p": {-1.0: (-inf, inf, ANY), -1.0 - 2.0**-52: NAN},
    "sqrt": {-1.0: NAN, -TINY: NAN},
    "asin": {1.0: (pi / 2, inf, ANY), -1.0: (-pi / 2, inf, ANY), 1.0 + 2.0**-52: NAN, HUGE: NAN},
    "acos": {1.0: (0.0, -inf, ANY), -1.0: (pi, -inf, ANY), 1.0 + 2.0**-52: NAN, HUGE: NAN},
    "acosh": {1.0: (0.0, inf, ANY), 1.0 - 2.0**-53: NAN, TINY: NAN},
    "atanh": {1.0: (inf, inf, ANY), -1.0: (-inf, inf, ANY), 1.0 + 2.0**-52: NAN, HUGE: NAN},
}


def plain(row: str, point: Point, value: float, *first: float | None) -> Edge:
    """An edge without a claim on second derivatives."""
    return Edge(row, point, value, first, {})


def straight(row: str, point: Point, value: float, *first: float | None) -> Edge:
    """An edge of a row made of straight lines."""
    return Edge(row, point, value, first, dict.fromkeys(pairs(first), 0.0))


def pairs(first: tuple[float | None, ...]) -> list[tuple[int, int]]:
    """The pairs of arguments with an edge."""
    places = [i for i, d in enumerate(first) if d is not None]
    return [*product(places, repeat=2)]


def of_one_argument() -> Iterator[Edge]:
    zeros_and_beyond = (0.0, -0.0, inf, -inf, nan)
    for row, triples in AT_SPECIALS.items():
        for x, triple in [
            *zip(zeros_and_beyond, triples, strict=True),
            *AT_ENDS.get(row, {}).items(),
        ]:
            value, first, second = triple
            yield Edge(row, (x,), float(value), (first,), {(0, 0): second})


#: Both arguments run through these.
GRID = (0.0, -0.0, inf, -inf, nan, TINY, HUGE, 1.0)


def of_arithmetic() -> Iterator[Edge]:
    """IEEE 754 as NumPy has it; d(a/b)/db is -(a/b)/b, which 0/0 makes nan (table 3.2)."""
    for pair in product(GRID, repeat=2):
        a, b = map(np.float64, pair)
        with np.errstate(all="ignore"):
            yield straight("add", pair, float(a + b), 1, 1)
            yield straight("sub", pair, float(a - b), 1, -1)
            yield Edge("mul", pair, float(a * b), (float(b), float(a)), {(0, 1): 1, (1, 0): 1})
            yield plain("div", pair, float(a / b), float(1 / b), float(-(a / b) / b))
            strong = 0.0 if a == 0.0 else float(a * b)
            yield plain("strong_product", pair, strong, float(b), float(a))


def of_choices() -> Iterator[Edge]:
    """nan is neither greater nor less (D6), and true for where (D7); ties split (P4, D15)."""
    for a, b in product(GRID, repeat=2):
        unordered = isnan(a) or isnan(b)
        yield plain("greater", (a, b), float(a > b), None, None)
        yield plain("less", (a, b), float(a < b), None, None)
        yield plain("greater_equal", (a, b), float(a >= b), None, None)
        yield plain("less_equal", (a, b), float(a <= b), None, None)
        of_a = nan if unordered else 0.5 if a == b else float(a > b)
        top, bottom = (nan, nan) if unordered else (max(a, b), min(a, b))
        # the sign of a zero among two is open: D15 has them equal
        yield straight("maximum", (a, b), abs(top) if top == 0.0 else top, of_a, 1.0 - of_a)
        of_b = 0.5 if of_a == 0.5 else 1.0 - of_a
        yield straight(
            "minimum", (a, b), abs(bottom) if bottom == 0.0 else bottom, of_b, 1.0 - of_b
        )
        yield straight(
            "where", (a, b, 2.0), 2.0 if a == 0.0 else b, None, float(a != 0.0), float(a == 0.0)
        )
    for x, y in ((0.0, 0.0), (-0.0, -0.0), (inf, inf), (-inf, -0.25 * inf), (TINY, TINY)):
        alpha = 1.0 if x > 0.0 else 0.25
        yield straight("leaky_relu", (x, 0.25), y, alpha, None)
    yield plain("leaky_relu", (nan, 0.25), nan, nan, None)
    for x, inside in ((0.0, 1), (-0.0, 1), (1.0, 1), (-1.0, 1), (inf, 0), (-inf, 0), (HUGE, 0)):
        yield straight("clamp", (x, -1.0, 1.0), min(max(x, -1.0), 1.0), float(inside), None, None)
    yield plain("clamp", (nan, -1.0, 1.0), nan, nan, None, None)


def edges() -> list[Edge]:
    """All of them."""
    return [*of_one_argument(), *of_arithmetic(), *of_choices()]
