"""Simplify: constants folded, common subexpressions shared, identities and dead nodes left out.

No value changes a bit: a folded node is computed by its own row, and two nodes are one only
where row and operands are the same.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np

from autograd_lite import ops
from autograd_lite.compiler.trace import IS_CONSTANT, Trace

if TYPE_CHECKING:
    from numpy.typing import NDArray

    Ints = NDArray[np.int64]

#: So many sweeps over all nodes at once; what is then left takes one sweep node by node.
_SWEEPS = 8


def simplify(trace: Trace) -> Trace:
    """The trace with fewer nodes and the same outputs, bit for bit."""
    place = _originals(trace)
    args = place[trace.args]
    if _foldable(trace, args).any():
        return _one_by_one(trace)
    own = place == np.arange(len(trace))
    alive = np.flatnonzero((trace.kind >= 0) & own)
    if own.all() and _told_apart(trace, alive):
        return trace
    for _ in range(_SWEEPS):
        twins, first = _duplicates(trace, args, alive)
        if not twins.size:
            return _living(trace, place, args, trace.kind, trace.number)
        place[twins] = first
        args = place[args]
        alive = alive[place[alive] == alive]
    return _one_by_one(trace)


def _originals(trace: Trace) -> Ints:
    """(n,) each node's own number, but that of the operand for an identity, and of the first one
    with its bits for a constant.
    """
    place = np.arange(len(trace))
    if ops.identity in trace.rows:
        same = np.flatnonzero(trace.kind == trace.rows.index(ops.identity))
        place[same] = trace.args[trace.start[same]]
        while not np.array_equal(place[place], place):
            place = place[place]  # an identity of an identity, twice as far with each turn
    at = np.flatnonzero(trace.kind == IS_CONSTANT)
    if at.size:
        bits = trace.number[at].view(np.int64)
        _, first, inverse = np.unique(bits, return_index=True, return_inverse=True)
        place[at] = at[first][inverse.reshape(-1)]
        place = place[place]
    return place


def _foldable(trace: Trace, args: Ints) -> NDArray[np.bool_]:
    """(n,) rows all of whose operands are constants."""
    varying = np.zeros(len(trace), bool)
    varying[trace.owners()[trace.kind[args] != IS_CONSTANT]] = True
    found: NDArray[np.bool_] = (trace.kind >= 0) & ~varying
    return found


def _told_apart(trace: Trace, rows: Ints) -> bool:
    """Whether row and first operand alone tell the rows apart, as in layers they do."""
    keys = trace.kind[rows] * len(trace) + trace.args[trace.start[rows]]
    return len(np.unique(keys)) == len(keys)


def _duplicates(trace: Trace, args: Ints, rows: Ints) -> tuple[Ints, Ints]:
    """Those of the rows that compute the same as an earlier one, and these earlier ones."""
    begin, counts = trace.start[:-1], trace.counts
    position = (np.arange(len(args)) - np.repeat(begin, counts)).astype(np.uint64)
    with np.errstate(over="ignore"):
        mixed = (args.astype(np.uint64) + np.uint64(1)) * (
            position * np.uint64(0x9E3779B97F4A7C15) + np.uint64(0xBF58476D1CE4E5B9)
        )
        mixed ^= mixed >> np.uint64(29)
        key = np.zeros(len(trace) + 1, np.uint64)
        key[1:] = trace.kind.astype(np.uint64)
        total = np.concatenate([[np.uint64(0)], np.cumsum(mixed * np.uint64(0x94D049BB133111EB))])
        key = key[1:] * np.uint64(0xD6E8FEB86659FD93) + total[trace.start[1:]] - total[begin]
    key_of_rows = key[rows]
    in_order = np.sort(key_of_rows)  # much faster than argsort, and mostly all that is needed
    if not (in_order[1:] == in_order[:-1]).any():
        return np.empty(0, np.int64), np.empty(0, np.int64)
    order = rows[np.argsort(key_of_rows)]
    new = key[order[1:]] != key[order[:-1]]
    heads = np.flatnonzero(np.concatenate([[True], new]))
    sizes = np.diff(np.concatenate([heads, [len(order)]]))
    first = np.repeat(np.minimum.reduceat(order, heads), sizes)
    twin = order != first
    order, first = order[twin], first[twin]
    alike = _alike(trace, args, order, first)
    return order[alike], first[alike]


def _alike(trace: Trace, args: Ints, nodes: Ints, others: Ints) -> NDArray[np.bool_]:
    """Whether row and operands are the same, not only their hash."""
    counts = trace.counts[nodes]
    alike: NDArray[np.bool_] = (trace.kind[nodes] == trace.kind[others]) & (
        counts == trace.counts[others]
    )
    begin, begin_others = trace.start[nodes], trace.start[others]
    for position in range(int(counts.max(initial=0))):
        here = np.flatnonzero(alike & (counts > position))
        if not here.size:
            break
        alike[here] &= args[begin[here] + position] == args[begin_others[here] + position]
    return alike


def _one_by_one(trace: Trace) -> Trace:
    """All of it in one sweep over the nodes, for graphs in which much is to be done."""
    kind, number = trace.kind.tolist(), trace.number.copy()
    place = _originals(trace).tolist()
    start, args = trace.start.tolist(), trace.args.tolist()
    constant = {int(bits): i for i, bits in enumerate(number.view(np.int64))
                if kind[i] == IS_CONSTANT and place[i] == i}  # fmt: skip
    seen: dict[Any, int] = {}
    for node in range(trace.leaves, len(kind)):
        if kind[node] < 0:
            continue
        if place[node] != node:  # an identity
            place[node] = place[place[node]]
            continue
        operands = tuple([place[a] for a in args[start[node] : start[node + 1]]])
        if all(kind[a] == IS_CONSTANT for a in operands):
            number[node] = trace.rows[kind[node]].fn(*[float(number[a]) for a in operands])
            kind[node] = IS_CONSTANT
            place[node] = constant.setdefault(int(number[node : node + 1].view(np.int64)[0]), node)
        else:
            place[node] = seen.setdefault((kind[node], operands), node)
    moved = np.array(place)
    return _living(trace, moved, moved[trace.args], np.array(kind), number)


def _living(
    trace: Trace, place: Ints, args: Ints, kind: Ints, number: NDArray[np.float64]
) -> Trace:
    """Only leaves and the nodes that stand for themselves, numbered anew in the same order."""
    outputs = place[trace.outputs]
    own = place == np.arange(len(place))
    used = np.zeros(len(trace), bool)
    used[args[(own & (kind >= 0))[trace.owners()]]] = True
    used[outputs] = True
    alive = own & (used | (kind != IS_CONSTANT))
    # rows keep their order; nodes that became constants join the constants at the end
    order = np.argsort(kind == IS_CONSTANT, kind="stable")
    order = order[alive[order]]
    new = np.full(len(kind), -1)
    new[order] = np.arange(len(order))
    counts = np.where(kind[order] >= 0, trace.counts[order], 0)
    start = np.concatenate([[0], np.cumsum(counts)])
    source = np.arange(start[-1]) + np.repeat(trace.start[order] - start[:-1], counts)
    return Trace(
        trace.rows, kind[order], start, new[args[source]], number[order],
        trace.n_inputs, trace.n_parameters, new[outputs],
    )  # fmt: skip
