"""Slots: in what order a trace runs as native code, and where its values stand.

All values of a sample stand in one vector: leaves, constants, the nodes that must be kept. The
reverse pass finds there what is dear to compute again; sums and products it repeats.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, NamedTuple

import numpy as np

from autograd_lite.compiler.loops import LONGEST_BODY, Loop, find_loops
from autograd_lite.compiler.machine import CHEAP, LONGEST
from autograd_lite.compiler.trace import IS_CONSTANT

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from autograd_lite.compiler.trace import Trace

    Ints = NDArray[np.int64]
    Floats = NDArray[np.float64]

#: So many nodes outside of loops are written out as plain code; more of them become runs.
PLAIN = 600


class Runs(NamedTuple):
    """Nodes outside of loops in the order in which they run, and where equal rows begin."""

    nodes: Ints
    begins: list[int]


class Slots:
    """Where everything stands, and in what order it runs.

    key            (rows,) equal for rows that run the same code
    segments       loops and runs in order
    slot           per number of the trace its place in the vector, -1 if it has none
    slots          the length of that vector
    read           (n,) which nodes are read from outside of their own iteration
    per_iteration  a loop's positions that have slots, in the order of these
    constants      the numbers that stand in `constant_slots`
    table          indices of operands where addresses are not affine
    lanes          how many samples run at a time; then the first `statics` leaves, which are the
                   same for all samples, stand in a vector of their own
    """

    def __init__(self, trace: Trace, lanes: int, statics: int) -> None:
        self.trace = trace
        self.lanes = lanes
        self.statics = statics
        self.key = _keys(trace, statics)
        self.segments = _segments(trace, self.key)
        self.read = _read_elsewhere(trace, self.segments)
        self.per_iteration: dict[Loop, list[int]] = {}
        numbers = np.flatnonzero(trace.kind == IS_CONSTANT)
        leaves = np.concatenate([np.arange(statics, trace.leaves), numbers])
        self.slot = np.full(len(trace), -1)
        self.slot[:statics] = np.arange(statics)
        self.slot[leaves] = np.arange(len(leaves))
        self.slots = len(leaves)
        self._constants = [trace.number[numbers]]
        self._constant_slots = [self.slot[numbers]]
        self._tables: list[Ints] = []
        self._table_size = 0

    @property
    def table(self) -> Ints:
        """All indices, one after the other."""
        return np.concatenate([np.empty(0, np.int64), *self._tables])

    @property
    def constants(self) -> Floats:
        """The numbers that no run changes."""
        return np.concatenate(self._constants)

    @property
    def constant_slots(self) -> Ints:
        """Where these stand."""
        return np.concatenate(self._constant_slots)

    def add_indices(self, indices: Ints) -> int:
        """Where these begin in the table."""
        self._tables.append(indices)
        self._table_size += len(indices)
        return self._table_size - len(indices)

    def add_constants(self, numbers: Floats) -> int:
        """The first of consecutive slots that hold these."""
        self._constants.append(numbers)
        self._constant_slots.append(self.slots + np.arange(len(numbers)))
        self.slots += len(numbers)
        return self.slots - len(numbers)


def lay_out(trace: Trace, gradient: bool, lanes: int, statics: int) -> Slots:
    """Segments and slots of a trace; with `gradient` the reverse pass finds what it needs."""
    layout = Slots(trace, lanes, statics)
    dear = gradient & ~np.isin(trace.kind, [i for i, op in enumerate(trace.rows) if op in CHEAP])
    for segment in layout.segments:
        _give_slots(layout, segment, dear)
    return layout


def _read_elsewhere(trace: Trace, segments: list[Loop | Runs]) -> NDArray[np.bool_]:
    iteration = _iterations(trace, segments)
    crossing = iteration[trace.owners()] != iteration[trace.args]
    read = np.zeros(len(trace), bool)
    read[trace.args[crossing]] = True
    read[trace.outputs] = True
    return read


def _keys(trace: Trace, statics: int) -> Ints:
    """(rows,) equal for rows that run the same code.

    That is the row, how many operands, which of them are static, and its literal constants.
    """
    first, last = trace.leaves, trace.leaves + int((trace.kind >= 0).sum())
    counts = trace.counts[first:last]
    key = _numbered(trace.kind[first:last] * (1 + counts.max(initial=0)) + counts)
    if statics:
        begin = trace.start[first : last + 1]
        position = np.arange(begin[0], begin[-1]) - np.repeat(begin[:-1], counts)
        odd = np.where(trace.args[begin[0] : begin[-1]] < statics, 2 * position + 1, 0)
        total = np.concatenate([[0], np.cumsum(odd * odd * odd)])  # tells sets of positions apart
        key = _numbered(key + len(key) * _numbered(total[begin[1:] - begin[0]]
                                                   - total[begin[:-1] - begin[0]]))  # fmt: skip
    for back in range(1, 1 + max((op.constants for op in trace.rows), default=0)):
        has = np.array([op.constants >= back for op in trace.rows])[trace.kind[first:last]]
        at = trace.args[trace.start[first + 1 : last + 1][has] - back]
        bits = np.zeros(last - first, np.int64)
        bits[has] = 1 + _numbered(trace.number[at].view(np.int64))
        key = _numbered(key * (1 + bits.max(initial=0)) + bits)
    return key


def _numbered(keys: Ints) -> Ints:
    """Equal keys as equal small numbers."""
    low, high = int(keys.min(initial=0)), int(keys.max(initial=0))
    if low >= 0 and high < len(keys):  # few kinds: no need to sort
        present = np.bincount(keys) > 0
        numbers: Ints = (np.cumsum(present) - 1)[keys]
        return numbers
    found: Ints = np.unique(keys, return_inverse=True)[1].reshape(-1)
    return found


def _segments(trace: Trace, key: Ints) -> list[Loop | Runs]:
    """Loops, and between them plain code or runs."""
    first, n = trace.leaves, len(key)
    begin = trace.start[first : first + n + 1]
    args = trace.args[begin[0] : begin[-1]] - first
    owner = np.repeat(np.arange(n), np.diff(begin))
    distance = np.where((args >= 0) & (args < n), owner - args, 0)
    short = np.diff(begin) <= LONGEST
    loops = find_loops(key, begin - begin[0], distance, short)
    covered = sum(loop.period * loop.repeats for loop in loops)
    plain = n - covered <= PLAIN
    segments: list[Loop | Runs] = []
    position = 0
    for loop in [*loops, Loop(n, 0, 0)]:
        if loop.start > position:
            segments += _between(trace, key, position, loop.start, plain, short)
        if loop.repeats:
            segments.append(loop)
        position = loop.end
    return segments


def _between(
    trace: Trace, key: Ints, first: int, last: int, plain: bool, short: NDArray[np.bool_]
) -> list[Loop | Runs]:
    """Nodes first to last that are in no loop."""
    if not plain or last - first > LONGEST_BODY or not short[first:last].all():
        return [_runs(trace, key, first, last)]
    return [Loop(first, last - first, 1)]


def _runs(trace: Trace, key: Ints, first: int, last: int) -> Runs:
    """Sorted by level and key: what runs together stands together."""
    leaves = trace.leaves
    begin = trace.start[leaves + first : leaves + last + 1].tolist()
    args = (trace.args[begin[0] : begin[-1]] - leaves - first).tolist()
    level = [0] * (last - first)
    offset = begin[0]
    n = last - first
    for node in range(n):
        level[node] = 1 + max(
            [level[a] for a in args[begin[node] - offset : begin[node + 1] - offset] if 0 <= a < n],
            default=0,
        )
    levels = np.array(level)
    order = np.lexsort((np.arange(n), key[first:last], levels))
    sorted_key, sorted_level = key[first:last][order], levels[order]
    change = (np.diff(sorted_key) != 0) | (np.diff(sorted_level) != 0)
    return Runs(order + first, [0, *(np.flatnonzero(change) + 1).tolist(), n])


def _iterations(trace: Trace, segments: list[Loop | Runs]) -> Ints:
    """Per number of the trace which iteration it belongs to; leaves stand alone."""
    iteration = -1 - np.arange(len(trace))
    count = 0
    for segment in segments:
        if isinstance(segment, Loop):
            here = np.repeat(np.arange(segment.repeats), segment.period) + count
            at = trace.leaves + segment.start
            iteration[at : at + len(here)] = here
            count += segment.repeats
    return iteration


def _give_slots(layout: Slots, segment: Loop | Runs, dear: NDArray[np.bool_]) -> None:
    first = layout.trace.leaves
    if isinstance(segment, Runs):
        layout.slot[first + segment.nodes] = layout.slots + np.arange(len(segment.nodes))
        layout.slots += len(segment.nodes)
        return
    shape = (segment.repeats, segment.period)
    block = slice(first + segment.start, first + segment.end)
    read = layout.read[block].reshape(shape).any(axis=0)
    kept = dear[block].reshape(shape)[0]
    # those that others read come first, so that their cotangents lie together
    positions = [*np.flatnonzero(read).tolist(), *np.flatnonzero(kept & ~read).tolist()]
    layout.per_iteration[segment] = positions
    each = np.full(segment.period, -1)
    each[positions] = np.arange(len(positions))
    base = layout.slots + np.arange(segment.repeats)[:, None] * len(positions)
    layout.slot[block] = np.where(each >= 0, base + each, -1).reshape(-1)
    layout.slots += len(positions) * segment.repeats
