"""Disjoint sets, joined two by two."""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Hashable


class Sets:
    """Disjoint sets; `join` makes one of two.

    Source: Galler and Fischer (1964), with path halving.
    """

    def __init__(self) -> None:
        self._above: dict[Hashable, Hashable] = {}

    def find(self, x: Hashable) -> Hashable:
        """The member that stands for the whole set of x."""
        above = self._above
        while above.setdefault(x, x) != x:
            above[x] = above.setdefault(above[x], above[x])
            x = above[x]
        return x

    def join(self, a: Hashable, b: Hashable) -> None:
        """Make one set of two."""
        self._above[self.find(b)] = self.find(a)
