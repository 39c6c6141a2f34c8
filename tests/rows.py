"""Sample points for every row of the table, drawn from what the row says of itself."""

from __future__ import annotations

from random import Random

from autograd_lite import OPS
from autograd_lite.ops import Op

ROWS = list(OPS.values())

# Arguments that must lie in a range for the operation to mean anything, by row and position.
RANGES = {
    "pow": [(0.1, 4.0), (-3.0, 3.0)],
    "power": [(0.1, 4.0), (-3.0, 3.0)],
    "log_loss": [(0.05, 1.0), (0.05, 1.0), (0.0, 1.0), (0.0, 1.0)],
    "bce": [(0.05, 0.95), (0.0, 1.0)],
    "bce_with_logits": [(-6.0, 6.0), (0.0, 1.0)],
    "clamp": [(-3.0, 3.0), (-1.5, -1.0), (1.0, 1.5)],
    "leaky_relu": [(-3.0, 3.0), (0.01, 0.5)],
}
COUNTS = {
    "dot": 5,
    "half_squared_error": 4,
    "cross_entropy": 6,
    "log_loss": 4,
}  # others of many arguments: 3


def points(row: Op, count: int, seed: int = 0, apart: float = 0.0) -> list[tuple[float, ...]]:
    """Random points inside the row's domain, `apart` from each other's numbers and from 0."""
    rng, found = Random(f"{row.name}{seed}"), []
    arity = row.arity or COUNTS.get(row.name, 3)
    while len(found) < count:
        point = []
        for i in range(arity):
            lo, hi = RANGES.get(row.name, [(-4.0, 4.0)] * arity)[i]
            if row.domain:
                lo, hi = max(lo, row.domain[i][0] + 0.05), min(hi, row.domain[i][1] - 0.05)
            point.append(rng.uniform(lo, hi))
        marks = [0.0, *point]
        gaps = [abs(a - b) for i, a in enumerate(marks) for b in marks[:i]]
        if row.name == "where":
            point[0] = float(rng.random() < 0.5)
        if min(gaps) > apart or not apart:
            found.append(tuple(point))
    return found


def differentiable(row: Op) -> list[int]:
    """The positions of arguments that a derivative passes to."""
    arity = row.arity or COUNTS.get(row.name, 3)
    if not isinstance(row.rules, tuple):
        return list(range(arity))
    return [i for i in range(arity) if row.rules[i] is not None]
