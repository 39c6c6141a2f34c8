"""The tables as a file: made, read, and made again at single points."""

from __future__ import annotations

import time
from pathlib import Path
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from autograd_lite import OPS

from .lists import TRUTH
from .points import Point, points
from .rounding import EXACT, PRECISION, surely
from .truth import Number

FILE = Path(__file__).with_name("tables.npz")

#: Rows of sums and products alone: computed exactly, for no precision is enough by doubling.
SUMS = {"add", "sub", "mul", "sum", "dot", "half_squared_error", "strong_product"}


class Table(NamedTuple):
    """A row's points and truths; one column per number, in the order of `columns`.

    largest: the largest term of a book's formula, never below the truth itself; where it
    is above, the file keeps it rounded down to a power of two.
    """

    points: NDArray[np.float64]
    truth: NDArray[np.float64]
    largest: NDArray[np.float64]


def numbers(name: str, point: Point) -> dict[str, Number]:
    """Value, first and second derivatives at a point: y, then d0, d1, ..., then d00, d01, ..."""
    from mpmath import mp

    found = TRUTH[name](*map(mp.mpf, point))
    first = {f"d{i}": d for i, d in enumerate(found.first) if d is not None}
    second = {f"d{i}{j}": found.second[i, j] for i, j in sorted(found.second)}
    return {"y": found.value, **first, **second}


def columns(name: str, point: Point) -> list[str]:
    """The names of a row's columns, the same at every point."""
    return list(numbers(name, point))


def at(name: str, point: Point) -> tuple[list[float], list[float]]:
    """The truths at a point, correctly rounded, and their largest terms."""

    def compute() -> list[object]:
        found = numbers(name, point).values()
        return [x for number in found for x in number]

    both = surely(compute, EXACT if name in SUMS else PRECISION)
    return both[::2], both[1::2]


def power_of_two(x: NDArray[np.float64]) -> NDArray[np.float64]:
    """x rounded down to a power of two: it has the same ulp, and takes less room in a file."""
    _, exponent = np.frexp(x)
    return np.where(np.isfinite(x) & (x > 0.0), np.ldexp(1.0, exponent - 1), x)


def make(name: str) -> Table:
    arity = OPS[name].arity
    where = points(name, arity)
    rows = [at(name, point) for point in where]
    truth = np.array([row for row, _ in rows])
    return Table(np.array(where), truth, np.array([row for _, row in rows]))


def write(tables: dict[str, Table]) -> None:
    """Largest terms that are no larger than the truth itself are not written."""
    arrays = {}
    for name, table in tables.items():
        largest = power_of_two(table.largest)
        plain = largest == power_of_two(np.abs(table.truth))
        arrays[f"{name} points"] = table.points
        arrays[f"{name} truth"] = table.truth
        arrays[f"{name} largest"] = np.where(plain, 0.0, largest)
    np.savez_compressed(FILE, allow_pickle=False, **arrays)


def read() -> dict[str, Table]:
    with np.load(FILE, allow_pickle=False) as file:
        names = dict.fromkeys(key.rsplit(" ", 1)[0] for key in file.files)
        return {name: _table(*(file[f"{name} {part}"] for part in Table._fields)) for name in names}


def _table(
    where: NDArray[np.float64], truth: NDArray[np.float64], largest: NDArray[np.float64]
) -> Table:
    return Table(where, truth, np.maximum(largest, np.abs(truth)))


def remake(names: list[str]) -> None:
    """Makes the tables of the named rows again, or of all."""
    tables = read() if names and FILE.exists() else {}
    for name in names or OPS:
        start = time.perf_counter()
        tables[name] = make(name)
        print(f"{name}: {len(tables[name].points)} points, {time.perf_counter() - start:.1f} s")
    write({name: tables[name] for name in OPS if name in tables})
    print(f"{FILE.name}: {FILE.stat().st_size / 1e6:.2f} MB")
