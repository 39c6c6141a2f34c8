"""Run code: one row over any number of nodes as LLVM IR, operands by index.

What repeats nowhere in a trace is sorted by level and row into runs; a small interpreter hands
each run to the function of its row.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np

from autograd_lite import ops
from autograd_lite.compiler.machine import (
    BACKWARD,
    FORWARD,
    LONGEST,
    Builder,
    Register,
    computed,
    given,
)
from autograd_lite.compiler.vectors import literal

if TYPE_CHECKING:
    from autograd_lite.compiler.slots import Runs, Slots
    from autograd_lite.ops import Op


def run_table(layout: Slots, runs: Runs, places: dict[int, int]) -> list[list[int]]:
    """The interpreter's entries of these runs, and their operands in the table."""
    trace = layout.trace
    nodes = trace.leaves + runs.nodes
    counts = trace.counts[nodes]
    ends = np.cumsum(counts)
    source = np.arange(ends[-1] if len(ends) else 0) + np.repeat(
        trace.start[nodes] - ends + counts, counts
    )
    offset = layout.add_indices(layout.slot[trace.args[source]])
    begins = np.concatenate([[0], ends]) + offset
    heads = runs.begins[:-1]
    keys = layout.key[runs.nodes[heads]].tolist()
    functions = [places.setdefault(key, len(places)) for key in keys]
    columns = (functions, np.diff(runs.begins).tolist(), layout.slot[nodes[heads]].tolist(),
               begins[heads].tolist(), counts[heads].tolist())  # fmt: skip
    return [list(entry) for entry in zip(*columns)]


class RunCode:
    """The code that runs one row over any number of nodes, operands by index."""

    def __init__(self, layout: Slots, key: int) -> None:
        trace = layout.trace
        node = trace.leaves + int(np.flatnonzero(layout.key == key)[0])
        self.row = trace.rows[trace.kind[node]]
        self.count = int(trace.counts[node])
        constants = trace.args[trace.start[node + 1] - self.row.constants : trace.start[node + 1]]
        self.constants = trace.number[constants].tolist()
        self.lanes = layout.lanes
        operands = trace.args[trace.start[node] : trace.start[node + 1]]
        self.static: list[bool] = (operands < layout.statics).tolist()

    def forward(self, name: str, strong: bool) -> str:
        """The function that computes a run."""
        if self.count > LONGEST:
            return _long(self.row, name, "forward", strong)
        builder = Builder(strong, self.lanes)
        y = computed(builder, self.row, self._operands(builder)[1])
        builder.store(y, self._own(builder, "%v"))
        return _run_function(name, FORWARD, builder)

    def backward(self, name: str, strong: bool) -> str:
        """The function that sweeps back through a run."""
        if self.count > LONGEST:
            return _long(self.row, name, "backward", strong)
        builder = Builder(strong, self.lanes)
        pointer = self._own(builder, "%d")
        g = builder.load(pointer, shared=False)
        builder.store(0.0, pointer)
        indices, args = self._operands(builder)
        y = builder.load(self._own(builder, "%v"))
        for index, static, partial in zip(indices, self.static, self.row.partials(y, *args)):
            if partial is not None:
                vector = "%dp" if static else "%d"
                target = builder.emit(f"getelementptr {builder.kind}, ptr {vector}, i64 {index}")
                part = builder.through(self.row, g, partial)
                builder.store(part + builder.load(target, shared=False), target)
        return _run_function(name, BACKWARD, builder)

    def _operands(self, builder: Builder) -> tuple[list[str], tuple[Any, ...]]:
        """Where the operands stand, and their values."""
        variable = self.count - len(self.constants)
        begin = builder.emit(f"mul i64 %e, {self.count}")
        entry = builder.emit(f"getelementptr i64, ptr %at, i64 {begin}")
        indices, values = [], []
        for j in range(variable):
            place = builder.emit(f"getelementptr i64, ptr {entry}, i64 {j}")
            indices.append(builder.emit(f"load i64, ptr {place}"))
            if self.static[j]:
                one = builder.emit(f"getelementptr double, ptr %p, i64 {indices[-1]}")
                values.append(builder.load_static(one))
            else:
                at = builder.emit(f"getelementptr {builder.kind}, ptr %v, i64 {indices[-1]}")
                values.append(builder.load(at))
        return indices, (*values, *self.constants)

    def _own(self, builder: Builder, vector: str) -> str:
        slot = builder.emit("add i64 %out, %e")
        return builder.emit(f"getelementptr {builder.kind}, ptr {vector}, i64 {slot}")


_RUN_ARGUMENTS = "ptr noalias %at, i64 %n, i64 %out, i64 %k"


def _run_function(name: str, vectors: str, builder: Builder) -> str:
    return "\n".join([
        f"define internal void @{name}({vectors}, {_RUN_ARGUMENTS}) {{",
        "entry:", "  br label %body", "body:",
        "  %e = phi i64 [ 0, %entry ], [ %next, %body ]", *builder.lines,
        "  %next = add i64 %e, 1", "  %more = icmp slt i64 %next, %n",
        "  br i1 %more, label %body, label %end", "end:", "  ret void", "}",
    ])  # fmt: skip


def _long(row: Op, name: str, direction: str, strong: bool) -> str:
    """`sum` and `dot` of many operands: a loop over them inside the loop over the run.

    For one lane alone; `block.lanes_of` sees to that.
    """
    of = f"{'sum' if row is ops.sum else 'dot'}_{direction}"
    vectors = FORWARD if direction == "forward" else BACKWARD
    head = [
        f"define internal void @{name}({vectors}, {_RUN_ARGUMENTS}) {{", "entry:",
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
    _each(builder, "%k", literal(-0.0))
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


def call(direction: str, first: int, last: int) -> str:
    """The statement that runs the entries first to last."""
    return (f"  call void @interpret_{direction}({given(direction)}, ptr %table, ptr %runs, "
            f"i64 {first}, i64 {last})")  # fmt: skip


def interpreter(direction: str, functions: int) -> str:
    """The function that hands runs first to last to the functions of their rows."""
    back = direction == "backward"
    vectors = BACKWARD if back else FORWARD
    start = "%top" if back else "%first"
    lines = [
        f"define internal void @interpret_{direction}({vectors}, ptr noalias %table, "
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
        lines += [f"f{f}:", f"  call void @row{f}_{direction}({given(direction)}, ptr %at, i64 %n, "
                  "i64 %out, i64 %k)", "  br label %done"]  # fmt: skip
    test = "sge i64 %next, %first" if back else "slt i64 %next, %last"
    lines += ["done:", f"  %next = add i64 %r, {-1 if back else 1}", f"  %more = icmp {test}",
              "  br i1 %more, label %run, label %end", "end:", "  ret void", "}"]  # fmt: skip
    return "\n".join(lines)
