"""Where a mutant is compared with the table: it counts only if some number differs."""

from __future__ import annotations

from collections.abc import Iterator
from itertools import product, zip_longest
from math import inf, isnan, nan, ulp
from random import Random
from typing import Any

import numpy as np
from arrays import evaluated
from rows import RANGES, points

from autograd_lite import Value
from autograd_lite.ops import Op
from mutation.mutants import count

#: Both may lie within the bar of 4 ulp (semantics D16), one on each side of the truth.
BAR = 8.0

SIZES = (0.0, 5e-324, 1e-200, 0.5, 1.0 - ulp(0.5), 1.0, 2.0, 3.0, 40.0, 1e10, 1e200, inf)
#: Where the squares and powers in rules round, cancel or leave the floats.
HARD = (1e-17, 1.0 - 1e-10, 1.0 + 6e-14, 1.6, 26.1, 1e16, 1e160)
NUMBERS = (*SIZES, *HARD, *(-x for x in (*SIZES, *HARD)), nan)

#: Arguments that mean nothing beyond a range: probabilities, bounds, a slope.
UNIT = (0.0, 1.0)
LIMITS = {
    "bce": (UNIT, UNIT),
    "bce_with_logits": ((-inf, inf), UNIT),
    "log_loss": (UNIT,) * 4,
    "clamp": ((-inf, inf), (-2.0, -0.5), (0.5, 2.0)),
    "leaky_relu": ((-inf, inf), (0.0, 1.0)),
}


def sample(row: Op) -> list[tuple[float, ...]]:
    """Random points of the row's domain, then its edges, ties, poles and limits."""
    arity = count(row)
    ranges = LIMITS.get(row.name, ((-inf, inf),) * arity)
    choices = [
        [x for x in NUMBERS if lo <= x <= hi or (isnan(x) and hi == inf)] for lo, hi in ranges
    ]
    if arity <= 2:
        return [*points(row, 50, seed=9), *product(*choices)]
    rng = Random(row.name)
    return [*points(row, 50, seed=9), *(tuple(map(rng.choice, choices)) for _ in range(400))]


def plain_points(row: Op) -> list[tuple[float, ...]]:
    """Where second derivatives are specified: far from poles, with soft and with hard targets."""
    soft = points(row, 10, seed=9)
    is_target = [limits == UNIT for limits in RANGES.get(row.name, ())]
    if not any(is_target):
        return soft
    hard = [tuple(round(x) * 1.0 if t else x for x, t in zip(p, is_target)) for p in soft]
    return [*soft, *hard]


def measured(row: Op) -> Iterator[Any]:
    """Everything that the row says of derivatives, and its kernels, on its sample."""
    sampled = sample(row)
    yield from attempt(_kernels, row, sampled)
    for function in (_recorded, _shown, _on_values):
        for point in sampled:
            yield from attempt(function, row, point)
    for point in plain_points(row):
        yield from attempt(_second, row, point)


def attempt(function: Any, *args: Any) -> list[Any]:
    """The numbers of a function, or the name of the error that it raises."""
    try:
        return list(function(*args))
    except Exception as error:  # a mutant may raise anything
        return [type(error).__name__]


def _recorded(row: Op, point: tuple[float, ...]) -> Iterator[Any]:
    for d in row.partials(row(*point), *point):
        yield None if d is None or (row.select and d == 0.0) else d


def _on_values(row: Op, point: tuple[float, ...]) -> Iterator[Any]:
    """The rules run on Values, as for second derivatives."""
    free = len(point) - row.constants
    args = [*map(Value, point[:free]), *point[free:]]
    for d in row.partials(row(*args), *args):
        yield d.data if isinstance(d, Value) else d


def _second(row: Op, point: tuple[float, ...]) -> Iterator[float]:
    """To nine decimals: two right forms may differ in the last of their digits."""
    free = len(point) - row.constants
    leaves = [Value(x) for x in point[:free]]
    args = [*leaves, *point[free:]]
    for d in row.partials(row(*args), *args):
        if isinstance(d, Value):
            for leaf in leaves:
                leaf.grad = 0.0
            d.backward()
            yield from (round(leaf.grad, 9) for leaf in leaves)


def _shown(row: Op, point: tuple[float, ...]) -> Iterator[Any]:
    if isinstance(row.textbook, tuple):
        return (rule and rule(row(*point), *point) for rule in row.textbook)
    return iter(row.textbook(row(*point), *point))


def _kernels(row: Op, sampled: list[tuple[float, ...]]) -> Iterator[Any]:
    columns = [np.array(column) for column in zip(*sampled, strict=True)]
    y = np.array([row(*point) for point in sampled])
    for text in (row.array, *row.array_rules):
        if text:
            numbers = evaluated(text, columns, y, row.shared)
            yield from np.ravel(numbers).tolist()


def differs(row: Op, of_table: list[Any]) -> bool:
    """Whether a number of the row is another than the table's: the first one settles it."""
    return not all(_alike(a, b) for a, b in zip_longest(measured(row), of_table))


def _alike(a: Any, b: Any) -> bool:
    if not (isinstance(a, float) and isinstance(b, float)):
        return bool(a == b)
    if isnan(a) or isnan(b):
        return isnan(a) and isnan(b)
    return a == b or (
        abs(a) < inf and abs(b) < inf and abs(a - b) <= BAR * ulp(max(abs(a), abs(b)))
    )
