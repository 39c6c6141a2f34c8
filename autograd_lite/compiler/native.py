"""Native code: a trace as LLVM IR, loops as loops, everything else as runs of one row.

All values of a sample stand in one vector of slots: leaves, constants, then the nodes that must
be kept. A *loop* is compiled for its place: operands of its own iteration stay in registers,
others are loaded from addresses that are affine in the iteration, or from a table of indices.
What repeats nowhere is sorted by level and row into *runs*, which a small interpreter hands to
one function per row. The reverse pass loads or computes again what a rule asks for, takes each
cotangent out of its slot and leaves 0.0 there, so that nothing need be cleared.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

import numpy as np

from autograd_lite import ops
from autograd_lite.compiler.loops import LONGEST_BODY, Loop, find_loops
from autograd_lite.compiler.machine import (
    CHEAP,
    DECLARATIONS,
    LONGEST,
    Builder,
    Register,
    number,
)
from autograd_lite.compiler.trace import IS_CONSTANT

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from autograd_lite.compiler.trace import Trace
    from autograd_lite.ops import Op

    Ints = NDArray[np.int64]

#: So many nodes outside of loops are written out as plain code; more of them become runs.
PLAIN = 600


@dataclass
class Runs:
    """Nodes outside of loops in the order in which they run, and where equal rows begin."""

    nodes: Ints
    begins: list[int]
    first: int = 0  # the first of its runs in the table of all


@dataclass
class Layout:
    """Where everything stands, and in what order it runs.

    slot      per number of the trace its place in the vector of values, -1 if it has none
    slots     the length of that vector
    segments  loops and runs in order
    """

    trace: Trace
    key: Ints
    segments: list[Loop | Runs]
    slot: Ints
    slots: int
    read: NDArray[np.bool_]  # which nodes are read from outside their own iteration
    per_iteration: dict[Loop, list[int]]  # a loop's positions that have slots, in slot order
    tables: list[Ints] = field(default_factory=list)  # indices of operands, joined in the end
    table_size: int = 0

    def table(self, indices: Ints) -> int:
        """Where these indices begin in the joined table."""
        self.tables.append(indices.reshape(-1))
        self.table_size += indices.size
        return self.table_size - indices.size


def lay_out(trace: Trace, gradient: bool) -> Layout:
    """Segments and slots of a trace; with `gradient` the reverse pass finds what it needs."""
    key = _keys(trace)
    segments = _segments(trace, key)
    iteration = _iterations(trace, segments)
    owners = trace.owners()
    crossing = iteration[owners] != iteration[trace.args]
    read = np.zeros(len(trace), bool)
    read[trace.args[crossing]] = True
    read[trace.outputs] = True
    layout = Layout(trace, key, segments, np.full(len(trace), -1), 0, read, {})
    leaves = np.concatenate([np.arange(trace.leaves), np.flatnonzero(trace.kind == IS_CONSTANT)])
    layout.slot[leaves] = np.arange(len(leaves))
    layout.slots = len(leaves)
    dear = gradient & ~np.isin(trace.kind, [i for i, op in enumerate(trace.rows) if op in CHEAP])
    for segment in segments:
        _give_slots(layout, segment, dear)
    return layout


def _keys(trace: Trace) -> Ints:
    """(rows,) equal for rows that run the same code: row, operands, and literal constants."""
    first, last = trace.leaves, trace.leaves + int((trace.kind >= 0).sum())
    counts = trace.counts[first:last]
    key = _numbered(trace.kind[first:last] * (1 + counts.max(initial=0)) + counts)
    for back in range(1, 1 + max((op.constants for op in trace.rows), default=0)):
        has = np.array([op.constants >= back for op in trace.rows])[trace.kind[first:last]]
        at = trace.args[trace.start[first + 1 : last + 1][has] - back]
        bits = np.zeros(last - first, np.int64)
        bits[has] = 1 + _numbered(trace.number[at].view(np.int64))
        key = _numbered(key * (1 + bits.max(initial=0)) + bits)
    return key


def _numbered(keys: Ints) -> Ints:
    """Equal keys as equal small numbers."""
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


def _give_slots(layout: Layout, segment: Loop | Runs, dear: NDArray[np.bool_]) -> None:
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


# --- code ---------------------------------------------------------------------------------


@dataclass
class Native:
    """A trace as code: what `block.Machine` compiles and runs.

    ir        a module with `forward(v, table, runs, samples)`,
              `backward(v, d, table, runs, samples)` and `both`, one after the other
    table     indices of operands
    runs      (runs, 5) of the interpreter: function, nodes, first slot, table offset, operands
    slots     numbers per sample; the constants stand at `constant_slots`
    outputs   the slots of the outputs
    """

    ir: str
    table: NDArray[np.int64]
    runs: NDArray[np.int64]
    slots: int
    leaves: int
    constants: NDArray[np.float64]
    outputs: Ints


def generate(trace: Trace, layout: Layout, gradient: bool, strong: bool) -> Native:
    """The code of a trace as it was laid out."""
    layout.tables, layout.table_size = [], 0
    functions, forward, backward = [], [], []
    run_rows: list[list[int]] = []
    functions_of_keys: dict[int, int] = {}
    for i, segment in enumerate(layout.segments):
        if isinstance(segment, Loop):
            writer = _LoopWriter(layout, segment, strong)
            functions.append(writer.forward(f"loop{i}_forward"))
            forward.append(f"  call void @loop{i}_forward(ptr %v, ptr %table)")
            if gradient:
                functions.append(writer.backward(f"loop{i}_backward"))
                backward.append(f"  call void @loop{i}_backward(ptr %v, ptr %d, ptr %table)")
        else:
            first = len(run_rows)
            run_rows += _run_rows(layout, segment, functions_of_keys)
            forward.append(_interpret("forward", first, len(run_rows)))
            backward.append(_interpret("backward", first, len(run_rows)))
    for key, place in functions_of_keys.items():
        row = _RowWriter(layout, key, strong)
        functions.append(row.forward(f"row{place}_forward"))
        if gradient:
            functions.append(row.backward(f"row{place}_backward"))
    directions = {"forward": forward, "backward": backward[::-1]} if gradient else {
        "forward": forward
    }  # fmt: skip
    for direction, calls in directions.items():
        if functions_of_keys:
            functions.append(_interpreter(direction, len(functions_of_keys)))
        functions.append(_driver(direction, calls, layout.slots))
    if gradient:
        functions.append(_BOTH)
    table = np.concatenate([np.empty(0, np.int64), *layout.tables])
    constants = trace.number[trace.kind == IS_CONSTANT]
    return Native(
        "\n".join([DECLARATIONS, *functions]) + "\n", table,
        np.array(run_rows, np.int64).reshape(-1, 5), layout.slots, trace.leaves, constants,
        layout.slot[trace.outputs],
    )  # fmt: skip


class _LoopWriter:
    """The code of one loop."""

    def __init__(self, layout: Layout, loop: Loop, strong: bool) -> None:
        self.layout = layout
        self.loop = loop
        self.strong = strong
        trace = layout.trace
        first = trace.leaves + loop.start
        self.rows: list[Op] = [trace.rows[k] for k in trace.kind[first : first + loop.period]]
        self.columns: list[tuple[str, int, int]] = []  # ("affine", base, stride), ("table", ...)
        self._known: dict[Any, int] = {}
        self.operands = [self._operands(first + m) for m in range(loop.period)]
        each = layout.per_iteration[loop]
        self.place = {m: i for i, m in enumerate(each)}
        self.base = int(layout.slot[first + each[0]]) if each else 0
        at = first + np.arange(loop.period)[:, None] + np.arange(loop.repeats) * loop.period
        self.read = layout.read[at].any(axis=1).tolist()

    def _operands(self, node: int) -> list[tuple[str, Any]]:
        """Per operand ("own", position), ("literal", number) or ("column", which)."""
        trace, loop = self.layout.trace, self.loop
        first = trace.leaves + loop.start
        at = np.arange(loop.repeats) * loop.period
        begins = trace.start[node + at]
        found: list[tuple[str, Any]] = []
        for j in range(int(trace.start[node + 1] - trace.start[node])):
            numbers = trace.args[begins + j]
            own = int(numbers[0]) - first
            if 0 <= own < loop.period:
                found.append(("own", own))
                continue
            values = trace.number[numbers]
            bits = values.view(np.int64)
            if (bits == bits[0]).all() and (trace.kind[numbers] == IS_CONSTANT).all():
                found.append(("literal", float(values[0])))
                continue
            found.append(("column", self._column(self.layout.slot[numbers])))
        return found

    def _column(self, slots: Ints) -> int:
        """The number of a sequence of addresses; equal ones are one column."""
        strides = np.diff(slots)
        if len(slots) == 1 or (strides == strides[0]).all():
            column = ("affine", int(slots[0]), int(strides[0]) if len(slots) > 1 else 0)
            key: Any = column
        else:
            key = slots.tobytes()
            column = ("table", 0, 0)
        if key not in self._known:
            if column[0] == "table":
                column = ("table", self.layout.table(slots), 0)
            self._known[key] = len(self.columns)
            self.columns.append(column)
        return self._known[key]

    def _pointer(self, builder: Builder, vector: str, base: int, stride: int) -> str:
        """Where base + i * stride stands in v or d."""
        if stride:
            moved = builder.emit(f"mul i64 %i, {stride}")
            vector = builder.emit(f"getelementptr double, ptr {vector}, i64 {moved}")
        return builder.emit(f"getelementptr double, ptr {vector}, i64 {base}")

    def _address(self, builder: Builder, vector: str, column: int) -> str:
        way, base, stride = self.columns[column]
        if way == "affine":
            return self._pointer(builder, vector, base, stride)
        entry = builder.emit(f"getelementptr i64, ptr %table, i64 {base}")
        entry = builder.emit(f"getelementptr i64, ptr {entry}, i64 %i")
        index = builder.emit(f"load i64, ptr {entry}")
        return builder.emit(f"getelementptr double, ptr {vector}, i64 {index}")

    def _own(self, builder: Builder, vector: str, position: int) -> str:
        return self._pointer(builder, vector, self.base + self.place[position], len(self.place))

    def _value(self, builder: Builder, operand: tuple[str, Any], values: dict[int, Any]) -> Any:
        way, what = operand
        if way == "own":
            return values[what]
        if way == "literal":
            return what
        return builder.load(self._address(builder, "%v", what))

    def forward(self, name: str) -> str:
        """The function that computes all iterations."""
        builder = Builder(self.strong)
        values: dict[int, Any] = {}
        for m, row in enumerate(self.rows):
            args = tuple([self._value(builder, o, values) for o in self.operands[m]])
            values[m] = _computed(builder, row, args)
            if m in self.place:
                builder.store(values[m], self._own(builder, "%v", m))
        return self._function(name, "", builder, 1)

    def backward(self, name: str) -> str:
        """The function that sweeps through all iterations in reverse."""
        builder = Builder(self.strong)
        values: dict[int, Any] = {}
        for m, row in enumerate(self.rows):
            if m in self.place:
                values[m] = builder.load(self._own(builder, "%v", m))
            else:
                args = tuple([self._value(builder, o, values) for o in self.operands[m]])
                values[m] = _computed(builder, row, args)
        cotangents: dict[int, Any] = {}
        outside: dict[int, Any] = {}
        for m in reversed(range(len(self.rows))):
            g = cotangents.get(m)
            if self.read[m]:
                pointer = self._own(builder, "%d", m)
                taken = builder.load(pointer, shared=False)
                builder.store(0.0, pointer)
                g = taken if g is None else g + taken
            if g is not None:
                args = tuple([self._value(builder, o, values) for o in self.operands[m]])
                self._spread(builder, m, g, values[m], args, cotangents, outside)
        for column, total in outside.items():
            pointer = self._address(builder, "%d", column)
            builder.store(total + builder.load(pointer, shared=False), pointer)
        return self._function(name, ", ptr noalias %d", builder, -1)

    def _spread(
        self, builder: Builder, m: int, g: Any, y: Any, args: tuple[Any, ...],
        cotangents: dict[int, Any], outside: dict[int, Any],
    ) -> None:  # fmt: skip
        for (way, what), partial in zip(self.operands[m], _partials(self.rows[m], y, args)):
            if partial is None or way == "literal":
                continue
            part = builder.product(g, partial)
            place = cotangents if way == "own" else outside
            place[what] = place[what] + part if what in place else part

    def _function(self, name: str, more: str, builder: Builder, step: int) -> str:
        n = self.loop.repeats
        start, test = (0, f"slt i64 %next, {n}") if step > 0 else (n - 1, "sge i64 %next, 0")
        return "\n".join([
            f"define internal void @{name}(ptr noalias %v{more}, ptr noalias %table) {{",
            "entry:", "  br label %body", "body:",
            f"  %i = phi i64 [ {start}, %entry ], [ %next, %body ]", *builder.lines,
            f"  %next = add i64 %i, {step}", f"  %more = icmp {test}",
            "  br i1 %more, label %body, label %end", "end:", "  ret void", "}",
        ])  # fmt: skip


def _computed(builder: Builder, row: Op, args: tuple[Any, ...]) -> Any:
    if row is ops.identity:
        return args[0]
    if not any(isinstance(a, Register) for a in args):
        return row.fn(*args)  # all literal: it was not folded because iterations differ elsewhere
    return builder.kernel(row, args)


def _partials(row: Op, y: Any, args: tuple[Any, ...]) -> tuple[Any, ...]:
    return row.partials(y, *args)


def _run_rows(layout: Layout, runs: Runs, places: dict[int, int]) -> list[list[int]]:
    """The interpreter's entries of these runs, and their operands in the table."""
    trace = layout.trace
    nodes = trace.leaves + runs.nodes
    counts = trace.counts[nodes]
    ends = np.cumsum(counts)
    source = np.arange(ends[-1] if len(ends) else 0) + np.repeat(
        trace.start[nodes] - ends + counts, counts
    )
    offset = layout.table(layout.slot[trace.args[source]])
    begins = np.concatenate([[0], ends]) + offset
    heads = runs.begins[:-1]
    keys = layout.key[runs.nodes[heads]].tolist()
    functions = [places.setdefault(key, len(places)) for key in keys]
    columns = (functions, np.diff(runs.begins).tolist(), layout.slot[nodes[heads]].tolist(),
               begins[heads].tolist(), counts[heads].tolist())  # fmt: skip
    return [list(entry) for entry in zip(*columns)]


class _RowWriter:
    """The code that runs one row over any number of nodes, operands by index."""

    def __init__(self, layout: Layout, key: int, strong: bool) -> None:
        trace = layout.trace
        node = trace.leaves + int(np.flatnonzero(layout.key == key)[0])
        self.row = trace.rows[trace.kind[node]]
        self.strong = strong
        self.count = int(trace.counts[node])
        constants = trace.args[trace.start[node + 1] - self.row.constants : trace.start[node + 1]]
        self.constants = trace.number[constants].tolist()

    def forward(self, name: str) -> str:
        """The function that computes a run."""
        if self.count > LONGEST:
            return _long(self.row, name, "forward", self.strong)
        builder = Builder(self.strong)
        y = _computed(builder, self.row, self._operands(builder)[1])
        builder.store(y, self._own(builder, "%v"))
        return _run_function(name, "", builder)

    def backward(self, name: str) -> str:
        """The function that sweeps back through a run."""
        if self.count > LONGEST:
            return _long(self.row, name, "backward", self.strong)
        builder = Builder(self.strong)
        pointer = self._own(builder, "%d")
        g = builder.load(pointer, shared=False)
        builder.store(0.0, pointer)
        indices, args = self._operands(builder)
        y = builder.load(self._own(builder, "%v"))
        for index, partial in zip(indices, _partials(self.row, y, args)):
            if partial is not None:
                target = builder.emit(f"getelementptr double, ptr %d, i64 {index}")
                part = builder.product(g, partial)
                builder.store(part + builder.load(target, shared=False), target)
        return _run_function(name, ", ptr noalias %d", builder)

    def _operands(self, builder: Builder) -> tuple[list[str], tuple[Any, ...]]:
        """Where the operands stand, and their values."""
        variable = self.count - len(self.constants)
        begin = builder.emit(f"mul i64 %e, {self.count}")
        entry = builder.emit(f"getelementptr i64, ptr %at, i64 {begin}")
        indices, values = [], []
        for j in range(variable):
            place = builder.emit(f"getelementptr i64, ptr {entry}, i64 {j}")
            indices.append(builder.emit(f"load i64, ptr {place}"))
            values.append(
                builder.load(builder.emit(f"getelementptr double, ptr %v, i64 {indices[-1]}"))
            )
        return indices, (*values, *self.constants)

    def _own(self, builder: Builder, vector: str) -> str:
        slot = builder.emit("add i64 %out, %e")
        return builder.emit(f"getelementptr double, ptr {vector}, i64 {slot}")


_RUN_ARGUMENTS = "ptr noalias %at, i64 %n, i64 %out, i64 %k"


def _run_function(name: str, more: str, builder: Builder) -> str:
    return "\n".join([
        f"define internal void @{name}(ptr noalias %v{more}, {_RUN_ARGUMENTS}) {{",
        "entry:", "  br label %body", "body:",
        "  %e = phi i64 [ 0, %entry ], [ %next, %body ]", *builder.lines,
        "  %next = add i64 %e, 1", "  %more = icmp slt i64 %next, %n",
        "  br i1 %more, label %body, label %end", "end:", "  ret void", "}",
    ])  # fmt: skip


def _long(row: Op, name: str, direction: str, strong: bool) -> str:
    """`sum` and `dot` of many operands: a loop over them inside the loop over the run."""
    of = f"{'sum' if row is ops.sum else 'dot'}_{direction}"
    more = ", ptr noalias %d" if direction == "backward" else ""
    head = [
        f"define internal void @{name}(ptr noalias %v{more}, {_RUN_ARGUMENTS}) {{", "entry:",
        "  %half = sdiv i64 %k, 2",
        "  br label %body", "body:", "  %e = phi i64 [ 0, %entry ], [ %next, %done ]",
        "  %begin = mul i64 %e, %k", "  %mine = getelementptr i64, ptr %at, i64 %begin",
        "  %slot = add i64 %out, %e",
    ]  # fmt: skip
    tail = ["  %next = add i64 %e, 1", "  %more = icmp slt i64 %next, %n",
            "  br i1 %more, label %body, label %end", "end:", "  ret void", "}"]  # fmt: skip
    builder = Builder(strong)
    write = {"sum_forward": _sum_forward, "sum_backward": _sum_backward,
             "dot_forward": _dot_forward, "dot_backward": _dot_backward}[of]  # fmt: skip
    write(builder)
    return "\n".join([*head, *builder.lines, *tail])


def _operand(builder: Builder, position: str) -> str:
    entry = builder.emit(f"getelementptr i64, ptr %mine, i64 {position}", shared=False)
    return builder.emit(f"load i64, ptr {entry}", shared=False)


def _at(builder: Builder, vector: str, index: str) -> str:
    return builder.emit(f"getelementptr double, ptr {vector}, i64 {index}", shared=False)


def _each(builder: Builder, count: str, start: str | None) -> None:
    """Open a loop over j below count; with `start` it carries %total."""
    builder.lines += ["  br label %terms", "terms:",
                      "  %j = phi i64 [ 0, %body ], [ %j1, %terms ]"]  # fmt: skip
    if start is not None:
        builder.lines.append(f"  %total = phi double [ {start}, %body ], [ %total1, %terms ]")
    builder.lines += ["  %j1 = add i64 %j, 1", f"  %again = icmp slt i64 %j1, {count}"]


def _close(builder: Builder) -> None:
    builder.lines += ["  br i1 %again, label %terms, label %done", "done:"]


def _sum_forward(builder: Builder) -> None:
    _each(builder, "%k", number(-0.0))
    x = builder.load(_at(builder, "%v", _operand(builder, "%j")), shared=False)
    builder.lines.append(f"  %total1 = fadd double %total, {x.text}")
    _close(builder)
    builder.store(Register(builder, "%total1"), _at(builder, "%v", "%slot"))


def _dot_forward(builder: Builder) -> None:
    last = builder.emit("sub i64 %k, 1")
    bias = builder.load(_at(builder, "%v", _operand(builder, last)))
    _each(builder, "%half", bias.text)
    w, x = _pair(builder)
    builder.lines.append(f"  %total1 = fadd double %total, {(w[1] * x[1]).text}")
    _close(builder)
    builder.store(Register(builder, "%total1"), _at(builder, "%v", "%slot"))


def _pair(builder: Builder) -> list[tuple[str, Any]]:
    """The j-th weight and its operand: where they stand, and their values."""
    second = builder.emit("add i64 %j, %half", shared=False)
    found = []
    for position in ("%j", second):
        index = _operand(builder, position)
        found.append((index, builder.load(_at(builder, "%v", index), shared=False)))
    return found


def _taken(builder: Builder) -> Register:
    pointer = _at(builder, "%d", "%slot")
    g = builder.load(pointer, shared=False)
    builder.store(0.0, pointer)
    return g


def _give(builder: Builder, index: str, part: Any) -> None:
    pointer = _at(builder, "%d", index)
    builder.store(part + builder.load(pointer, shared=False), pointer)


def _sum_backward(builder: Builder) -> None:
    g = _taken(builder)
    _each(builder, "%k", None)
    _give(builder, _operand(builder, "%j"), g)
    _close(builder)


def _dot_backward(builder: Builder) -> None:
    g = _taken(builder)
    last = builder.emit("sub i64 %k, 1")
    _give(builder, _operand(builder, last), g)
    _each(builder, "%half", None)
    (at_w, w), (at_x, x) = _pair(builder)
    _give(builder, at_w, builder.product(g, x))
    _give(builder, at_x, builder.product(g, w))
    _close(builder)


def _interpret(direction: str, first: int, last: int) -> str:
    d = ", ptr %d" if direction == "backward" else ""
    return (f"  call void @interpret_{direction}(ptr %v{d}, ptr %table, ptr %runs, "
            f"i64 {first}, i64 {last})")  # fmt: skip


def _interpreter(direction: str, functions: int) -> str:
    """The function that hands runs first to last to the functions of their rows."""
    back = direction == "backward"
    more, hand = (", ptr noalias %d", ", ptr %d") if back else ("", "")
    start = "%top" if back else "%first"
    lines = [
        f"define internal void @interpret_{direction}(ptr noalias %v{more}, ptr noalias %table, "
        "ptr noalias %runs, i64 %first, i64 %last) {", "entry:", "  %top = sub i64 %last, 1",
        "  br label %run", "run:", f"  %r = phi i64 [ {start}, %entry ], [ %next, %done ]",
        "  %row = mul i64 %r, 5", "  %p0 = getelementptr i64, ptr %runs, i64 %row",
    ]  # fmt: skip
    for i, what in enumerate(("function", "n", "out", "offset", "k")):
        if i:
            lines.append(f"  %p{i} = getelementptr i64, ptr %p0, i64 {i}")
        lines.append(f"  %{what} = load i64, ptr %p{i}")
    lines.append("  %at = getelementptr i64, ptr %table, i64 %offset")
    cases = " ".join(f"i64 {f}, label %f{f}" for f in range(functions))
    lines.append(f"  switch i64 %function, label %done [ {cases} ]")
    for f in range(functions):
        lines += [f"f{f}:", f"  call void @row{f}_{direction}(ptr %v{hand}, ptr %at, i64 %n, "
                  "i64 %out, i64 %k)", "  br label %done"]  # fmt: skip
    test = "sge i64 %next, %first" if back else "slt i64 %next, %last"
    lines += ["done:", f"  %next = add i64 %r, {-1 if back else 1}", f"  %more = icmp {test}",
              "  br i1 %more, label %run, label %end", "end:", "  ret void", "}"]  # fmt: skip
    return "\n".join(lines)


_BOTH = """define void @both(ptr %v, ptr %d, ptr %table, ptr %runs, i64 %samples) {
  call void @forward(ptr %v, ptr %table, ptr %runs, i64 %samples)
  call void @backward(ptr %v, ptr %d, ptr %table, ptr %runs, i64 %samples)
  ret void
}"""


def _driver(direction: str, calls: list[str], slots: int) -> str:
    """The function that runs all segments for one sample after the other."""
    back = direction == "backward"
    lines = [
        f"define void @{direction}(ptr noalias %v0{', ptr noalias %d0' if back else ''}, "
        "ptr noalias %table, ptr noalias %runs, i64 %samples) {", "entry:", "  br label %sample",
        "sample:", "  %s = phi i64 [ 0, %entry ], [ %s1, %sample ]", f"  %o = mul i64 %s, {slots}",
        "  %v = getelementptr double, ptr %v0, i64 %o",
    ]  # fmt: skip
    if back:
        lines.append("  %d = getelementptr double, ptr %d0, i64 %o")
    lines += [*calls, "  %s1 = add i64 %s, 1", "  %again = icmp slt i64 %s1, %samples",
              "  br i1 %again, label %sample, label %end", "end:", "  ret void", "}"]  # fmt: skip
    return "\n".join(lines)
