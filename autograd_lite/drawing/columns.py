"""Columns of links between two panels, in the order in which straight lines would pass."""

from __future__ import annotations

from typing import TYPE_CHECKING, TypeVar

if TYPE_CHECKING:
    from collections.abc import Hashable, Mapping

Box = TypeVar("Box", bound="Hashable")
Panel = TypeVar("Panel", bound="Hashable")


def columns(
    panels: Mapping[Box, Panel | None], ends: Mapping[int, tuple[Box, Box]]
) -> dict[tuple[Panel, Panel], list[int]]:
    """Of every pair of panels the numbers of the links between them, from above to below.

    panels gives each box, from above to below, its panel, None outside of any; ends gives each
    link its tail and head. A link stands where a straight line between them has its middle.

    >>> columns({"x": "in", "y": "in", "h": "out"}, {0: ("y", "h"), 1: ("x", "h")})
    {('in', 'out'): [1, 0]}
    """
    members: dict[Panel | None, list[Box]] = {}
    for box, panel in panels.items():
        members.setdefault(panel, []).append(box)
    height = {
        box: i / max(1, len(boxes) - 1) for boxes in members.values() for i, box in enumerate(boxes)
    }
    found: dict[tuple[Panel, Panel], list[int]] = {}
    for k, (tail, head) in ends.items():
        start, end = panels[tail], panels[head]
        if start is not None and end is not None:
            found.setdefault((start, end), []).append(k)
    middle = {k: (height[a] + height[b], height[a]) for k, (a, b) in ends.items()}
    for column in found.values():
        column.sort(key=middle.__getitem__)
    return found
