"""Which units of a layer learn slowly, and which not at all, told by their slopes g'(z)."""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Collection, Sequence

#: A unit is saturated where its activation's slope |g'(z)| is below this: it hands back to
#: its weights less than a hundredth of the derivative that reaches it.
SATURATED_SLOPE = 0.01


def shares(slopes: Collection[Sequence[float]]) -> tuple[float, float]:
    """The saturated and the dead share of a layer, both in [0, 1].

    slopes holds g'(z) per unit and sample. Saturated is the share of these pairs with
    |g'(z)| < SATURATED_SLOPE; dead the share of units with g'(z) = 0 at every sample.

    >>> shares([[1.0, 0.001], [0.0, 0.0]])  # 3 of 4 pairs, 1 of 2 units
    (0.75, 0.5)
    """
    saturated = [abs(slope) < SATURATED_SLOPE for unit in slopes for slope in unit]
    dead = [not any(unit) for unit in slopes]
    return sum(saturated) / len(saturated), sum(dead) / len(dead)
