"""The engine's distance from the tables, in ulp or as a fraction of the largest term."""

from __future__ import annotations

import math
from functools import cache
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

import autograd_lite as al
from autograd_lite.ops import Op

from .points import TINY, Point
from .tables import Table, columns, read

Array = NDArray[np.float64]


class Column(NamedTuple):
    """One number of a row at all of its points, as the engine has it and as it is."""

    name: str  # y, d0, d1, ..., d00, d01, ...
    points: Array
    got: Array
    truth: Array
    largest: Array

    @property
    def order(self) -> int:
        """0 for the value, 1 and 2 for the derivatives."""
        return 0 if self.name == "y" else len(self.name) - 1

    def in_ulp(self) -> Array:
        """The distance in units of the last place of the largest term."""
        with np.errstate(over="ignore"):
            return distance(self.got, self.truth) / np.spacing(np.minimum(self.largest, 2.0**1023))

    def relative(self) -> Array:
        """The distance as a fraction of the largest term, less what subnormals cannot resolve."""
        apart = np.maximum(distance(self.got, self.truth) - 4.0 * TINY, 0.0)
        with np.errstate(over="ignore"):
            return apart / np.clip(self.largest, TINY, 2.0**1023)


def halved(x: Array) -> Array:
    """x / 2, where an infinity stands for 2**1024, the float that would follow the largest."""
    return np.where(np.isinf(x), np.copysign(2.0**1023, x), x * 0.5)


def distance(got: Array, truth: Array) -> Array:
    """|got - truth| without overflow; inf where one is nan and the other not."""
    with np.errstate(over="ignore", invalid="ignore"):
        extreme = np.maximum(np.abs(got), np.abs(truth)) > 1e300
        apart = np.where(extreme, 2.0 * np.abs(halved(got) - halved(truth)), np.abs(got - truth))
    same = (got == truth) | (np.isnan(got) & np.isnan(truth))
    return np.where(same, 0.0, np.where(np.isnan(apart), np.inf, apart))


def first_order(row: Op, point: Point, names: list[str]) -> list[float]:
    """y, d0, d1, ... as the row computes them on floats, which is what backward sweeps with."""
    y = row(*point)
    partials = row.partials(y, *point)
    return [y if name == "y" else partials[int(name[1:])] for name in names]


def hessian(row: Op, point: Point) -> list[list[float]]:
    """All second derivatives of a row at a point, by al.hessian; constants stay what they are."""
    free = len(point) - row.constants
    found: list[list[float]] = al.hessian(lambda xs: row(*xs, *point[free:]))(list(point[:free]))
    return found


def second_order(row: Op, point: Point, truths: dict[str, float]) -> list[float]:
    """d00, d01, ...; of the two orders of a mixed one that which is further off."""
    if not truths:
        return []
    matrix = hessian(row, point)
    both = [(matrix[int(i)][int(j)], matrix[int(j)][int(i)], t) for (_, i, j), t in truths.items()]
    return [b if _further(b, a, t) else a for a, b, t in both]


def _further(a: float, b: float, truth: float) -> bool:
    if a == truth or math.isnan(b):
        return False
    return math.isnan(a) or b == truth or abs(a - truth) > abs(b - truth)


@cache
def tables() -> dict[str, Table]:
    return read()


@cache
def measured(row: Op) -> list[Column]:
    """Every column of a row's table beside what the engine gives there."""
    table = tables()[row.name]
    points = list(map(tuple, table.points.tolist()))
    names = columns(row.name, points[0])
    low = [name for name in names if len(name) < 3]
    got = []
    for point, truth in zip(points, table.truth.tolist(), strict=True):
        high = dict(zip(names[len(low) :], truth[len(low) :], strict=True))
        got.append([*first_order(row, point, low), *second_order(row, point, high)])
    by_column = zip(names, np.array(got).T, table.truth.T, table.largest.T, strict=True)
    return [Column(name, table.points, *numbers) for name, *numbers in by_column]


def show(names: list[str]) -> None:
    """Prints the largest error of every column; ulp for the first two orders count."""
    print(f"{'row':20}{'column':8}{'ulp':>10}{'of the largest term':>22}  at")
    for name in names or al.OPS:
        for column in measured(al.OPS[name]):
            ulp, part = column.in_ulp(), column.relative()
            worst = int(np.argmax(part if column.order == 2 else ulp))
            where = tuple(column.points[worst].tolist())
            print(f"{name:20}{column.name:8}{ulp.max():10.4g}{part.max():22.3g}  {where}")
