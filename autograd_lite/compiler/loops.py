"""Loops: periods of a recorded program, found again in the order of its nodes.

The one topological order follows first parents, so an unrolled loop comes out iteration after
iteration. A stretch repeats with period P where every node has the row of the node P before
it, and every operand computed within the last P nodes stands at the same distance.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, NamedTuple

import numpy as np

if TYPE_CHECKING:
    from numpy.typing import NDArray

    Ints = NDArray[np.int64]

SHORTEST = 4  # iterations that are worth a loop
SMALLEST = 64  # nodes that a loop must save
LONGEST_BODY = 1500  # nodes: these take LLVM 0.7 s, and more than in proportion beyond
_WINDOWS = (8, 32, 128, 512)  # nodes that must recur for their distance to be tried as a period
_SAMPLE = 1 << 17  # nodes among which windows are looked for
_ROUNDS = 8  # different periods that are looked for in one graph
_LOOPS = 64  # the largest loops that are taken: each is code of its own
_NEARLY_ALL = 0.9  # a period that saves this share of the nodes is taken without looking further


class Loop(NamedTuple):
    """`repeats` iterations of `period` nodes from the node `start` on; repeats 1: plain code."""

    start: int
    period: int
    repeats: int

    @property
    def end(self) -> int:
        """The first node after it."""
        return self.start + self.period * self.repeats


def find_loops(key: Ints, begin: Ints, distance: Ints, allowed: NDArray[np.bool_]) -> list[Loop]:
    """The loops of a sequence of nodes, in order.

    key       (n,) equal for nodes that run the same code
    begin     (n + 1,) where each node's operands begin in distance
    distance  per operand how many nodes ago it was computed, 0 for one from outside
    allowed   (n,) which nodes may be in a loop
    """
    free = allowed.copy()
    found: list[Loop] = []
    for _ in range(_ROUNDS):
        best = _best(key, begin, distance, free)[: _LOOPS - len(found)]
        if not best:
            break
        for loop in best:
            free[loop.start : loop.end] = False
        found += best
    return sorted(found)


def _best(key: Ints, begin: Ints, distance: Ints, free: NDArray[np.bool_]) -> list[Loop]:
    """The loops of the period that saves most nodes of a sample."""
    first, last = _sample(free)
    part = slice(first, last)
    operands = slice(int(begin[first]), int(begin[last]))
    sample = (key[part], begin[first : last + 1] - begin[first], distance[operands], free[part])
    best, most = 0, 0.0
    for window in _WINDOWS:
        for period in _periods(sample[0], window):
            saved = _saved(_stretches(*sample, period))
            if saved > 1.05 * most:  # of nearly equal ones the shorter period
                best, most = period, saved
        if most >= _NEARLY_ALL * (last - first):
            break
    return _stretches(key, begin, distance, free, best) if best else []


def _saved(loops: list[Loop]) -> int:
    return sum(loop.period * (loop.repeats - 1) for loop in loops)


def _sample(free: NDArray[np.bool_]) -> tuple[int, int]:
    """The first node of, and the first one after, the middle of the longest free stretch."""
    edges = np.flatnonzero(np.diff(np.concatenate([[False], free, [False]]).view(np.int8)))
    if not edges.size:
        return 0, 0
    longest = int(np.argmax(edges[1::2] - edges[::2]))
    first, last = int(edges[2 * longest]), int(edges[2 * longest + 1])
    middle = (first + last) // 2
    return max(first, middle - _SAMPLE // 2), min(last, middle + _SAMPLE // 2)


def _periods(key: Ints, window: int) -> list[int]:
    """Distances at which windows of nodes recur, the most frequent ones, ascending."""
    if len(key) < max(SMALLEST, 2 * window):
        return []
    hashes = _windows(key.astype(np.uint64), window)
    order = np.argsort(hashes, kind="stable")
    gaps = np.diff(order)[hashes[order[1:]] == hashes[order[:-1]]]
    gaps = gaps[gaps <= LONGEST_BODY]
    if not gaps.size:
        return []
    counts = np.bincount(gaps)
    frequent = np.argsort(-counts, kind="stable")[:4]
    return sorted(int(p) for p in frequent if counts[p] * SHORTEST >= window)


def _windows(sequence: NDArray[np.uint64], window: int) -> NDArray[np.uint64]:
    """A hash of every window of so many entries, by doubling."""
    with np.errstate(over="ignore"):
        hashes = sequence * np.uint64(0x9E3779B97F4A7C15)
        hashes ^= hashes >> np.uint64(31)
        size = 1
        while size < window:
            mixed = hashes[:-size] * np.uint64(0xBF58476D1CE4E5B9) + hashes[size:]
            hashes = mixed ^ (mixed >> np.uint64(29))
            size *= 2
    return hashes


def _stretches(
    key: Ints, begin: Ints, distance: Ints, free: NDArray[np.bool_], period: int
) -> list[Loop]:
    """The maximal loops of this period."""
    code = _code(key, begin, distance, period)
    same = (code[period:] == code[:-period]) & free[period:] & free[:-period]
    edges = np.flatnonzero(np.diff(np.concatenate([[0], same.view(np.int8), [0]])))
    loops = []
    for first, last in zip(edges[::2].tolist(), edges[1::2].tolist()):
        repeats = 1 + (last - first) // period
        if repeats >= SHORTEST and (repeats - 1) * period >= SMALLEST:
            loops.append(Loop(first, period, repeats))
    return sorted(_apart(loops), key=lambda loop: -loop.repeats)  # the largest first


def _apart(loops: list[Loop]) -> list[Loop]:
    """Without what two stretches share: the first one keeps it."""
    kept: list[Loop] = []
    for loop in loops:
        end = kept[-1].end if kept else 0
        late = max(0, end - loop.start)
        repeats = loop.repeats - -(-late // loop.period)
        if repeats >= SHORTEST:
            kept.append(Loop(loop.start + late, loop.period, repeats))
    return kept


def _code(key: Ints, begin: Ints, distance: Ints, period: int) -> NDArray[np.uint64]:
    """(n,) a hash of each node's key and of its operands within the last period."""
    with np.errstate(over="ignore"):
        near = np.where(distance < period, distance, 0).astype(np.uint64)
        position = np.arange(len(near)) - np.repeat(begin[:-1], np.diff(begin))
        weight = position.astype(np.uint64) * np.uint64(0x9E3779B97F4A7C15)
        mixed = near * (weight + np.uint64(0xBF58476D1CE4E5B9))
        mixed ^= mixed >> np.uint64(29)
        total = np.concatenate([[np.uint64(0)], np.cumsum(mixed * np.uint64(0x94D049BB133111EB))])
        own = key.astype(np.uint64) * np.uint64(0xD6E8FEB86659FD93)
        found: NDArray[np.uint64] = total[begin[1:]] - total[begin[:-1]] + own
        return found
