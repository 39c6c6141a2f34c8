"""Colouring: how few products with a vector give a whole sparse matrix.

Columns of one colour are added up by one product; the colours are such that every entry still
stands alone in one of them. Source: Curtis, Powell and Reid (1974) for Jacobians; Powell and
Toint (1979) and Coleman and Moré (1984) for Hessians, where symmetry gives a second place to
read an entry from; Gebremedhin, Manne and Pothen (2005), "What color is your Jacobian?".
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np

from autograd_lite.compiler.sparsity import Pattern

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

    from numpy.typing import NDArray

    Ints = NDArray[np.int64]
    Floats = NDArray[np.float64]


class Compression:
    """A matrix's products with few vectors, and where to read its entries from them.

    seeds    (vectors, their length) of zeros and ones
    pattern  of the matrix
    """

    def __init__(self, pattern: Pattern, colours: Ints, product: Ints, at: Ints) -> None:
        self.pattern = pattern
        self.seeds = np.eye(int(colours.max()) + 1)[:, colours]
        self._product, self._at = product, at

    def matrix(self, products: Floats, sparse: bool) -> Any:
        """The matrix, from its products with the seeds as rows."""
        return self.pattern.matrix(products[self._product, self._at], sparse)


def by_columns(pattern: Pattern) -> Compression:
    """The products that give any matrix: two columns of one colour have no row in common.

    >>> diagonal = Pattern(np.arange(4), np.arange(4), (4, 4))
    >>> by_columns(diagonal).seeds
    array([[1., 1., 1., 1.]])
    """
    rows_of = pattern.T.rows()
    colours = _fewest(rows_of, lambda order: _columns_in(order, rows_of, pattern.shape[0]))
    return Compression(pattern, colours, colours[pattern.column], pattern.row)


def by_rows(pattern: Pattern) -> Compression:
    """The products with vectors from the left that give any matrix."""
    columns_of = pattern.rows()
    colours = _fewest(columns_of, lambda order: _columns_in(order, columns_of, pattern.shape[1]))
    return Compression(pattern, colours, colours[pattern.row], pattern.column)


def by_symmetry(pattern: Pattern) -> Compression:
    """The products that give a symmetric matrix; a place in the pattern stands for its mirror too.

    Neighbours in its graph differ in colour, and so do two neighbours of a vertex whose own
    colour is greater than theirs: an entry is read in the row of greater colour.

    >>> arrow = Pattern(np.array([0, 0, 0, 1, 1, 2, 2]), np.array([0, 1, 2, 0, 1, 0, 2]), (3, 3))
    >>> by_symmetry(arrow).seeds
    array([[1., 0., 0.],
           [0., 1., 1.]])
    """
    pattern = pattern.symmetric()
    neighbours = [[j for j in row if j != i] for i, row in enumerate(pattern.rows())]
    colours = _fewest(neighbours, lambda order: _symmetric_in(order, neighbours))
    i, j = pattern.row, pattern.column
    in_row = colours[i] >= colours[j]
    return Compression(
        pattern, colours, np.where(in_row, colours[j], colours[i]), np.where(in_row, i, j)
    )


def _fewest(neighbours: Sequence[Sequence[int]], colour: Callable[[Sequence[int]], Ints]) -> Ints:
    """The better of two greedy colourings: in the given order, and busy vertices first."""
    given = range(len(neighbours))
    busy = sorted(given, key=lambda v: -len(neighbours[v]))
    return min(colour(given), colour(busy), key=lambda found: found.max(initial=-1))


def _columns_in(order: Sequence[int], rows_of: Sequence[Sequence[int]], rows: int) -> Ints:
    colours = np.zeros(len(rows_of), np.int64)
    met = [0] * rows  # per row the colours that occur in it, as bits
    for column in order:
        taken = 0
        for row in rows_of[column]:
            taken |= met[row]
        free = ~taken & (taken + 1)  # the lowest bit that is not taken
        colours[column] = free.bit_length() - 1
        for row in rows_of[column]:
            met[row] |= free
    return colours


def _symmetric_in(order: Sequence[int], neighbours: Sequence[Sequence[int]]) -> Ints:
    own = [0] * len(neighbours)  # a vertex's colour as a bit; 0: not coloured yet
    met = [0] * len(neighbours)  # the colours among its neighbours
    for vertex in order:
        taken = 0
        for other in neighbours[vertex]:
            # `own - 1` has the bits of lesser colours; -1, for no colour, has all
            taken |= own[other] | met[other] & (own[other] - 1)
        own[vertex] = ~taken & (taken + 1)
        for other in neighbours[vertex]:
            met[other] |= own[vertex]
    return np.array([bit.bit_length() - 1 for bit in own], np.int64)
