"""Order: from the parameters as the caller has them to those that code reads, and back."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np

if TYPE_CHECKING:
    from numpy.typing import ArrayLike, NDArray

    Array = NDArray[Any]


class Order:
    """Which of a number of parameters, or columns, code reads in what order.

    >>> order = Order([2, 0], 3)
    >>> order.read(np.array([1.0, 2.0, 3.0])), order.spread(np.array([30.0, 10.0]))
    (array([3., 1.]), array([10.,  0., 30.]))
    """

    def __init__(self, positions: ArrayLike, count: int) -> None:
        found = np.asarray(positions, dtype=np.intp)
        self.is_all = np.array_equal(found, np.arange(count))
        self._positions = found
        self._count = count

    def read(self, x: Array) -> Array:
        """Those along the last length; x itself where they are all in order."""
        return x if self.is_all else x[..., self._positions]

    def spread(self, found: Array) -> Array:
        """All of them (count,) from those found, 0.0 where none is; `found` itself if possible."""
        if self.is_all:
            return found
        x = np.zeros(self._count, found.dtype)
        x[self._positions] = found
        return x
