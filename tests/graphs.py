"""Random programs over the whole table, for properties that hold of every graph.

Any list of numbers is a program: a number picks a row of the table, the next ones its operands
among everything computed so far. Operands are moved smoothly into the range in which the row
means something, so that a new row takes part by existing.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence
from typing import Any, NamedTuple

from hypothesis import strategies as st
from rows import COUNTS, RANGES, ROWS

import autograd_lite as al
from autograd_lite.ops import Op

# Away from poles, where one rounding of an operand would change the result beyond comparison.
AWAY = {"div": [(-4.0, 4.0), (0.5, 4.0)], "tan": [(-1.2, 1.2)]}

codes = st.integers(0, 10_000)
numbers = st.lists(codes, max_size=12) | st.lists(codes, min_size=30, max_size=90)


class Statement(NamedTuple):
    """One row, the numbers of its operands (leaves are counted first), its constants."""

    row: Op
    operands: tuple[int, ...]
    constants: tuple[float, ...]


def ranges(row: Op) -> list[tuple[float, float]]:
    """Per argument the interval that the row's operands are moved into."""
    arity = row.arity or COUNTS.get(row.name, 3)
    found = AWAY.get(row.name) or RANGES.get(row.name, [(-4.0, 4.0)] * arity)
    if row.domain:
        found = [(max(lo, d[0] + 0.05), min(hi, d[1] - 0.05)) for (lo, hi), d in
                 zip(found, row.domain, strict=True)]  # fmt: skip
    return found


def program(choices: Iterable[int], leaves: int) -> list[Statement]:
    """The statements that a list of numbers stands for."""
    stream, statements = iter(choices), []
    for code in stream:
        row = ROWS[code % len(ROWS)]
        intervals = ranges(row)
        free = len(intervals) - row.constants
        known = leaves + len(statements)
        operands = tuple(next(stream, 0) % known for _ in range(free))
        constants = tuple(
            lo + (hi - lo) * (next(stream, 0) % 8) / 8.0 for lo, hi in intervals[free:]
        )
        statements.append(Statement(row, operands, constants))
    return statements


def run(
    statements: Sequence[Statement], leaves: Sequence[Any], order: Iterable[int] | None = None
) -> list[Any]:
    """All results, the leaves first; `order` gives the statements in another sequence."""
    results = [*leaves, *[None] * len(statements)]
    for i in range(len(statements)) if order is None else order:
        row, operands, constants = statements[i]
        args = [
            results[k] if row.name == "identity" else lo + (hi - lo) * al.sigmoid(results[k])
            for k, (lo, hi) in zip(operands, ranges(row), strict=False)
        ]
        if row.name == "where":
            args[0] = args[0] > 0.0
        results[len(leaves) + i] = row(*args, *constants)
    return results


def total(results: Sequence[Any]) -> Any:
    """A root that all of them lead to, of moderate size."""
    return al.sum([al.tanh(y * 0.2) for y in results])


def function(choices: Iterable[int], leaves: int) -> Callable[[Sequence[Any]], Any]:
    """The program as a function of its leaves, its result their total."""
    statements = program(choices, leaves)
    return lambda xs: total(run(statements, xs))


def sizes(root: al.Value) -> dict[al.Value, float]:
    """Per node the sum of the absolute values of all terms of its gradient.

    Adjoints over the recorded derivatives in a plain dict; what rounding may change in a
    gradient is a small part of this.
    """
    found = {root: 1.0}
    for node in reversed(al.topological(root)):
        for parent, d in zip(node.parents, node.partials, strict=True):
            if d is not None:
                found[parent] = found.get(parent, 0.0) + found.get(node, 0.0) * abs(d)
    return found
