"""Regions: which part of a graph runs as native code, and which as array code.

A NumPy call costs a microsecond or two and then next to nothing per number, its matrix products
least of all; native code costs nothing to start and a few nanoseconds a number. So groups that
are wide stay arrays, narrow stretches of levels become native, each by what it is estimated to
take. Static numbers count once, those of a batch for BATCH samples.
"""

from __future__ import annotations

from itertools import groupby
from typing import TYPE_CHECKING, NamedTuple

import numpy as np

from autograd_lite import ops
from autograd_lite.compiler import block, jit
from autograd_lite.compiler.machine import calls_c
from autograd_lite.compiler.trace import IS_CONSTANT, IS_INPUT, IS_PARAMETER, LINEAR, Trace
from autograd_lite.errors import CompileError

if TYPE_CHECKING:
    from numpy.typing import NDArray

    Ints = NDArray[np.int64]
    Bools = NDArray[np.bool_]

#: Samples that a batch is taken to have; how many there will be is not known yet.
BATCH = 64
#: Microseconds in both directions, from `python -m benchmarks.executors`: the NumPy calls of one
#: group, one number of an elementary function or of plain arithmetic there, one term of an inner
#: product; the same in native code; and what a native region must save to be worth its way in.
_CALLS, _FUNCTION, _PLAIN, _PRODUCT = 4.0, 0.002, 0.0015, 0.0005
_NATIVE_FUNCTION, _NATIVE_PLAIN, _NATIVE_PRODUCT = 0.009, 0.0007, 0.0006
_ONE_LANE = 4.0  # times that, for what is computed once for all samples
_SWITCH = 25.0
#: LLVM takes two milliseconds for a group's statements, both ways: more of them compile faster
#: node by node, in a region of their own.
MOST_DENSE_GROUPS = 40
MOST_DENSE_STATEMENTS = 400
MOST_FORCED_GROUPS = 2_000  # where it is asked for
#: Layers have hundreds of nodes; wide graphs of thousands are as a rule no layers, and gathering
#: their operands costs more than native code does.
MOST_DENSE_NODES = 5_000
#: Static nodes that a batch computes again for every chunk rather than in a block of their own.
_FEW_STATIC = 2_000


class Region(NamedTuple):
    """Nodes that run as native code, all at or after `level`: once, or, `varying`, per sample."""

    nodes: Ints
    varying: bool
    level: int


class Choice(NamedTuple):
    """The native regions in the order in which they run, each node's level, and why.

    dense   whether all else, the array code, shall be machine code too, if it has at most
            `most_groups`
    """

    regions: list[Region]
    levels: Ints
    why: str
    dense: bool = False
    most_groups: int = 0


def choose_dense(trace: Trace, executor: str) -> Choice | None:
    """All of it as machine code, group by group; None where that is not worth a try.

    executor "dense" asks for it: an ImportError without llvmlite.
    """
    why = "Machine code throughout, compiled from the array code"
    level = np.zeros(len(trace), np.int64)
    if executor == "dense":
        jit.require()
        return Choice([], level, why, True, MOST_FORCED_GROUPS)
    if executor != "auto" or not jit.available() or not trace.n_inputs:
        return None
    nodes = np.flatnonzero(trace.kind >= 0)
    if not 0 < (~_absorbed(trace)[nodes]).sum() <= MOST_DENSE_NODES:
        return None
    if len(_groups(trace, nodes, _levels(trace))) > MOST_DENSE_GROUPS:
        return None
    return Choice([], level, why, True, MOST_DENSE_GROUPS)


def choose(trace: Trace, executor: str = "auto", undense: str = "") -> Choice:
    """The native regions of a trace; none where llvmlite or a kernel is missing.

    executor "arrays" or "native" asks for one of them throughout: the latter is an ImportError
    without llvmlite, a CompileError for rows without a native kernel. `undense` says why a
    try of dense code failed.
    """
    nodes = np.flatnonzero(trace.kind >= 0)
    level = np.zeros(len(trace), np.int64)
    if executor == "arrays" or not nodes.size:
        return Choice([], level, "NumPy calls throughout, as asked for" if nodes.size else
                      "nothing is computed")  # fmt: skip
    lacking = block.lacking(trace)
    if executor == "native":
        jit.require()
        if lacking:
            raise CompileError(f'compile: no native code for {lacking}; use executor="auto"')
        why = "Native code throughout, as asked for"
        return _throughout(trace, nodes, varying_of(trace), why)
    if not jit.available():
        return Choice([], level, f"NumPy calls throughout; {jit.missing()}")
    if lacking:
        also = f", no dense code for {undense}" if undense else ""
        return Choice([], level, f"NumPy calls throughout: no native code for {lacking}{also}")
    varying = varying_of(trace)
    dots = np.array([op is ops.dot for op in trace.rows])[trace.kind[nodes]]
    products = int(trace.counts[nodes][dots].sum())
    if not varying.any() and 2 * products < len(trace.args):
        why = "Native code throughout: one number at a time, and few inner products"
        return _throughout(trace, nodes, varying, why)
    choice = _by_level(trace, nodes, _levels(trace), varying)
    return choice._replace(why=f"{choice.why}; no dense code for {undense}") if undense else choice


def _throughout(trace: Trace, nodes: Ints, varying: Bools, why: str) -> Choice:
    """All nodes native; what is the same for all samples by itself where it is much."""
    level = np.zeros(len(trace), np.int64)
    of_batch = varying[nodes]
    if of_batch.any() and (~of_batch).sum() <= _FEW_STATIC:
        return Choice([Region(nodes, True, 0)], level, why)
    lanes = ((nodes[~of_batch], False), (nodes[of_batch], True))
    return Choice([Region(part, lane, 0) for part, lane in lanes if part.size], level, why)


def varying_of(trace: Trace) -> Bools:
    """(n,) which nodes depend on an input."""
    varying = trace.kind == IS_INPUT
    if trace.n_inputs:
        found = varying.tolist()
        start, args = trace.start.tolist(), trace.args.tolist()
        for node in np.flatnonzero(trace.kind >= 0).tolist():
            for a in args[start[node] : start[node + 1]]:
                if found[a]:
                    found[node] = True
                    break
        varying = np.array(found)
    return np.asarray(varying, bool)


def _absorbed(trace: Trace) -> Bools:
    """(n,) terms used once, by a sum: they cost no call and no level of their own.

    For an estimate: what is then taken up (terms.py) may be less, such as what is subtracted.
    """
    n = len(trace)
    uses = np.bincount(trace.args, minlength=n)
    np.add.at(uses, trace.outputs, 1)
    linear = np.array([*[op in LINEAR for op in trace.rows], False])
    term = np.array([*[op in LINEAR or op is ops.mul for op in trace.rows], False])
    kind = np.maximum(trace.kind, -1)
    by_sum = np.zeros(n, bool)
    by_sum[trace.args[linear[kind[trace.owners()]]]] = True
    found: Bools = (uses == 1) & by_sum & term[kind]
    return found


def _levels(trace: Trace) -> Ints:
    """(n,) levels; a term that is absorbed stands on its sum's."""
    absorbed = _absorbed(trace).tolist()
    computed = trace.kind[trace.args] >= 0  # leaves stand on level 0: most operands are leaves
    ends = np.concatenate([[0], np.cumsum(computed)])[trace.start].tolist()
    args = trace.args[computed].tolist()
    level = [0] * len(trace)
    nodes = np.flatnonzero(trace.kind >= 0).tolist()
    for node in nodes:
        operands = args[ends[node] : ends[node + 1]]
        level[node] = max([level[a] for a in operands], default=0) + (not absorbed[node])
    for node in reversed(nodes):
        for a in args[ends[node] : ends[node + 1]]:
            if absorbed[a]:
                level[a] = level[node]
    return np.array(level)


def _by_level(trace: Trace, nodes: Ints, level: Ints, varying: Bools) -> Choice:
    """The cheaper way for each level, switching only where it pays."""
    as_arrays, as_native = _costs(trace, nodes, level, varying)
    native = _cheapest(as_arrays, as_native)
    if all(native):
        return _throughout(trace, nodes, varying, "Native code throughout: all levels are narrow")
    regions = []
    first = 1
    for is_native, group in groupby(native):
        count = len(list(group))
        if is_native:
            inside = nodes[(level[nodes] >= first) & (level[nodes] < first + count)]
            for lane in (False, True):
                part = inside[varying[inside] == lane]
                if part.size:
                    regions.append(Region(part, lane, first))
        first += count
    why = "NumPy calls throughout: the groups are wide"
    if regions:
        why = (f"{sum(native)} of {len(native)} levels are narrow: native code there, "
               "NumPy calls elsewhere")  # fmt: skip
    return Choice(regions, level, why)


def _costs(
    trace: Trace, nodes: Ints, level: Ints, varying: Bools
) -> tuple[list[float], list[float]]:
    """Per level from 1 on the microseconds that each way is estimated to take."""
    absorbed = _absorbed(trace)[nodes]
    function = np.array([calls_c(op) for op in trace.rows])[trace.kind[nodes]]
    dot = np.array([op is ops.dot for op in trace.rows])[trace.kind[nodes]]
    numbers = np.where(varying[nodes], BATCH, 1) * np.maximum(1, trace.counts[nodes] // 2)
    product = dot | absorbed
    each = np.where(product, _PRODUCT, np.where(function, _FUNCTION, _PLAIN)) * numbers
    native = np.where(dot, _NATIVE_PRODUCT, np.where(function, _NATIVE_FUNCTION, _NATIVE_PLAIN))
    native = native * np.where(varying[nodes], 1.0, _ONE_LANE)
    at, top = level[nodes] - 1, int(level.max())
    calls = np.bincount(_groups(trace, nodes, level, varying), minlength=top) * _CALLS
    arrays = np.bincount(at, each, top) + calls
    return arrays.tolist(), np.bincount(at, native * numbers, top).tolist()


def _groups(trace: Trace, nodes: Ints, level: Ints, varying: Bools | None = None) -> Ints:
    """Per group of nodes, counted roughly (by level and row), its level less 1."""
    nodes = nodes[~_absorbed(trace)[nodes]]
    kinds = (level[nodes] - 1) * len(trace.rows) + trace.kind[nodes]
    if varying is None:
        return np.unique(kinds) // len(trace.rows)
    return np.unique(kinds * 2 + varying[nodes]) // (2 * len(trace.rows))


def _cheapest(arrays: list[float], native: list[float]) -> list[bool]:
    """The path of least cost through the levels: True where it is native."""
    cost = (0.0, _SWITCH)
    came: list[tuple[bool, bool]] = []
    for a, n in zip(arrays, native):
        stay, change = cost[1] <= cost[0] + _SWITCH, cost[1] < cost[0]
        came.append((change, stay))
        cost = (min(cost) + a, min(cost[1], cost[0] + _SWITCH) + n)
    path = [cost[1] < cost[0]]
    for change, stay in reversed(came[1:]):
        path.append(stay if path[-1] else change)
    return path[::-1]


def cut(trace: Trace, region: Region, others: Ints, varying: Bools) -> tuple[Trace, Ints, Ints]:
    """The region as a trace of its own, the nodes it reads, and those of its nodes that are read.

    others   the nodes outside of this region that are computed, in whatever way
    varying  which nodes depend on an input; what the region reads is sorted by it
    """
    inside = np.zeros(len(trace), bool)
    inside[region.nodes] = True
    owners = trace.owners()
    mine = inside[owners]
    operands = trace.args[mine]
    external = np.unique(operands[~inside[operands] & (trace.kind[operands] != IS_CONSTANT)])
    external = external[np.argsort(varying[external], kind="stable")]
    constants = np.unique(operands[trace.kind[operands] == IS_CONSTANT])
    read = np.zeros(len(trace), bool)
    is_other = np.zeros(len(trace), bool)
    is_other[others] = True
    read[trace.args[is_other[owners]]] = True
    read[trace.outputs] = True
    outputs = np.flatnonzero(read & inside)
    order = np.concatenate([external, region.nodes, constants])
    new = np.full(len(trace), -1)
    new[order] = np.arange(len(order))
    counts = np.concatenate([
        np.zeros(len(external), np.int64), trace.counts[region.nodes],
        np.zeros(len(constants), np.int64),
    ])  # fmt: skip
    kind = trace.kind[order].copy()
    # what stands above a region and is no input receives a gradient from it
    kind[: len(external)] = np.where(kind[: len(external)] == IS_INPUT, IS_INPUT, IS_PARAMETER)
    start = np.concatenate([[0], np.cumsum(counts)])
    sub = Trace(trace.rows, kind, start, new[operands], trace.number[order],
                len(external), 0, new[outputs])  # fmt: skip
    return sub, external, outputs
