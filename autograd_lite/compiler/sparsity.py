"""Sparsity: which outputs of a graph depend on which of its leaves."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, NamedTuple

import numpy as np

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from autograd_lite.compiler.trace import Trace

    Ints = NDArray[np.int64]


class Pattern(NamedTuple):
    """The places of a matrix that may differ from zero, row by row.

    row, column  (nonzeros,) sorted by row, then by column
    shape        rows and columns of the matrix
    """

    row: Ints
    column: Ints
    shape: tuple[int, int]

    @property
    def T(self) -> Pattern:  # noqa: N802  # NumPy's name
        """The transposed pattern."""
        order = np.lexsort((self.row, self.column))
        return Pattern(self.column[order], self.row[order], self.shape[::-1])

    def symmetric(self) -> Pattern:
        """The places of this pattern and of its transpose."""
        n = self.shape[0]
        both = np.unique(np.concatenate([self.row * n + self.column, self.column * n + self.row]))
        return Pattern(both // n, both % n, self.shape)

    def rows(self) -> list[list[int]]:
        """Per row the columns that it occupies."""
        ends = np.searchsorted(self.row, np.arange(1, self.shape[0]))
        return [part.tolist() for part in np.split(self.column, ends)]

    def matrix(self, numbers: NDArray[np.float64], sparse: bool) -> Any:
        """The numbers at these places: an array, or with `sparse` a scipy.sparse.csr_array."""
        if sparse:
            return csr(numbers, self)
        full = np.zeros(self.shape)
        full[self.row, self.column] = numbers
        return full


def csr(numbers: NDArray[Any], pattern: Pattern) -> Any:
    """The scipy.sparse.csr_array of these numbers; raises ImportError without SciPy."""
    try:
        from scipy.sparse import csr_array
    except ImportError:
        raise ImportError(
            "sparse matrices need SciPy, which is not installed: "
            "pip install 'autograd-lite[sparse]'; without it ask for dense ones"
        ) from None
    start = np.searchsorted(pattern.row, np.arange(pattern.shape[0] + 1))
    return csr_array((numbers, pattern.column, start), shape=pattern.shape)


def dependence(trace: Trace, first: int, count: int) -> Pattern:
    """Which of the trace's outputs depend on which of `count` leaves from number `first` on.

    One pass over the nodes with a set of leaves for each, held as the bits of an integer. A
    dependence may be zero everywhere all the same (x - x); none is left out.
    """
    sets = [0] * len(trace)
    sets[first : first + count] = [1 << j for j in range(count)]
    start, args = trace.start.tolist(), trace.args.tolist()
    uses = np.bincount(trace.args, minlength=len(trace))
    uses[trace.outputs] += 1
    left = uses.tolist()
    for node in np.flatnonzero(trace.kind >= 0).tolist():
        found = 0
        for operand in args[start[node] : start[node + 1]]:
            found |= sets[operand]
            left[operand] -= 1
            if not left[operand]:
                sets[operand] = 0  # a wide function's sets would not fit into memory all at once
        sets[node] = found
    columns = [_bits(sets[node], count) for node in trace.outputs.tolist()]
    lengths = [len(c) for c in columns]
    row = np.repeat(np.arange(len(columns)), lengths)
    return Pattern(row, np.concatenate([*columns, _bits(0, 0)]), (len(columns), count))


def _bits(number: int, count: int) -> Ints:
    """The positions of the ones in a number of `count` bits."""
    octets = np.frombuffer(number.to_bytes((count + 7) // 8, "little"), np.uint8)
    return np.flatnonzero(np.unpackbits(octets, bitorder="little"))
