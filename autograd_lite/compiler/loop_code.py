"""Loop code: one loop of a trace as LLVM IR, compiled for the place where it stands.

Operands of its own iteration stay in registers. Others are loaded, from addresses that are
affine in the iteration or else stand in a table. The reverse pass takes each cotangent out of
its slot and leaves 0.0 there, so that nothing need be cleared.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np

from autograd_lite.compiler.machine import BACKWARD, FORWARD, Builder, computed
from autograd_lite.compiler.trace import IS_CONSTANT, IS_INPUT
from autograd_lite.compiler.vectors import vector

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from autograd_lite.compiler.loops import Loop
    from autograd_lite.compiler.slots import Slots
    from autograd_lite.ops import Op

    Ints = NDArray[np.int64]
    Floats = NDArray[np.float64]


class LoopCode:
    """The code of one loop."""

    def __init__(self, layout: Slots, loop: Loop) -> None:
        self.layout = layout
        self.loop = loop
        trace = layout.trace
        first = trace.leaves + loop.start
        self.rows: list[Op] = [trace.rows[k] for k in trace.kind[first : first + loop.period]]
        # ("affine", base, stride) or ("table", first index, 0), and whether static
        self.columns: list[tuple[str, int, int, bool]] = []
        self.kind = vector(layout.lanes)
        self._known: dict[Any, int] = {}
        self.operands = [self._operands(first + m) for m in range(loop.period)]
        each = layout.per_iteration[loop]
        self.place = {m: i for i, m in enumerate(each)}
        self.base = int(layout.slot[first + each[0]]) if each else 0
        at = first + np.arange(loop.period)[:, None] + np.arange(loop.repeats) * loop.period
        self.read = layout.read[at].any(axis=1).tolist()

    def _operands(self, node: int) -> list[tuple[str, Any]]:
        """Per operand ("own", position), ("literal", number), ("number" or "column", which)."""
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
            if trace.kind[numbers[0]] == IS_CONSTANT and (bits == bits[0]).all():
                found.append(("literal", float(values[0])))
                continue
            if (trace.kind[numbers] == IS_CONSTANT).all():
                found.append(("number", self._numbers(values)))
                continue
            static = bool(numbers[0] < self.layout.statics)
            inputs = (trace.kind[numbers] == IS_INPUT).all()
            way = "number" if inputs else "column"  # neither receives a gradient
            found.append((way, self._column(self.layout.slot[numbers], static)))
        return found

    def _numbers(self, values: Floats) -> int:
        """The column of constants that differ from iteration to iteration."""
        key = ("numbers", values.tobytes())
        if key not in self._known:
            self._known[key] = len(self.columns)
            self.columns.append(("affine", self.layout.add_constants(values), 1, False))
        return self._known[key]

    def _column(self, slots: Ints, static: bool) -> int:
        """The number of a sequence of addresses; equal ones are one column."""
        strides = np.diff(slots)
        affine = len(slots) == 1 or bool((strides == strides[0]).all())
        stride = int(strides[0]) if affine and len(slots) > 1 else 0
        key = ("affine", int(slots[0]), stride, static) if affine else (slots.tobytes(), static)
        if key not in self._known:
            self._known[key] = len(self.columns)
            self.columns.append(
                ("affine", int(slots[0]), stride, static) if affine
                else ("table", self.layout.add_indices(slots), 0, static)
            )  # fmt: skip
        return self._known[key]

    def _pointer(self, builder: Builder, kind: str, vector: str, base: int, stride: int) -> str:
        """Where base + i * stride stands in a vector of that kind of numbers."""
        if stride:
            moved = builder.emit(f"mul i64 %i, {stride}")
            vector = builder.emit(f"getelementptr {kind}, ptr {vector}, i64 {moved}")
        return builder.emit(f"getelementptr {kind}, ptr {vector}, i64 {base}")

    def _address(self, builder: Builder, column: int, cotangent: bool) -> str:
        """Where a column's value or its cotangent stands; static values have one lane."""
        way, base, stride, static = self.columns[column]
        vector = {(False, False): "%v", (False, True): "%p",
                  (True, False): "%d", (True, True): "%dp"}[cotangent, static]  # fmt: skip
        kind = "double" if vector == "%p" else self.kind
        if way == "affine":
            return self._pointer(builder, kind, vector, base, stride)
        entry = builder.emit(f"getelementptr i64, ptr %table, i64 {base}")
        entry = builder.emit(f"getelementptr i64, ptr {entry}, i64 %i")
        index = builder.emit(f"load i64, ptr {entry}")
        return builder.emit(f"getelementptr {kind}, ptr {vector}, i64 {index}")

    def _own(self, builder: Builder, vector: str, position: int) -> str:
        slot, stride = self.base + self.place[position], len(self.place)
        return self._pointer(builder, self.kind, vector, slot, stride)

    def _value(self, builder: Builder, operand: tuple[str, Any], values: dict[int, Any]) -> Any:
        way, what = operand
        if way == "own":
            return values[what]
        if way == "literal":
            return what
        pointer = self._address(builder, what, cotangent=False)
        return builder.load_static(pointer) if self.columns[what][3] else builder.load(pointer)

    def forward(self, name: str, strong: bool) -> str:
        """The function that computes all iterations."""
        builder = Builder(strong, self.layout.lanes)
        values: dict[int, Any] = {}
        for m, row in enumerate(self.rows):
            args = tuple([self._value(builder, o, values) for o in self.operands[m]])
            values[m] = computed(builder, row, args)
            if m in self.place:
                builder.store(values[m], self._own(builder, "%v", m))
        return self._function(name, FORWARD, builder, 1)

    def backward(self, name: str, strong: bool) -> str:
        """The function that sweeps through all iterations in reverse."""
        builder = Builder(strong, self.layout.lanes)
        values: dict[int, Any] = {}
        for m, row in enumerate(self.rows):
            if m in self.place:
                values[m] = builder.load(self._own(builder, "%v", m))
            else:
                args = tuple([self._value(builder, o, values) for o in self.operands[m]])
                values[m] = computed(builder, row, args)
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
            pointer = self._address(builder, column, cotangent=True)
            builder.store(total + builder.load(pointer, shared=False), pointer)
        return self._function(name, BACKWARD, builder, -1)

    def _spread(
        self, builder: Builder, m: int, g: Any, y: Any, args: tuple[Any, ...],
        cotangents: dict[int, Any], outside: dict[int, Any],
    ) -> None:  # fmt: skip
        for (way, what), partial in zip(self.operands[m], self.rows[m].partials(y, *args)):
            if partial is None or way in ("literal", "number"):
                continue
            part = builder.through(self.rows[m], g, partial)
            place = cotangents if way == "own" else outside
            place[what] = place[what] + part if what in place else part

    def _function(self, name: str, vectors: str, builder: Builder, step: int) -> str:
        n = self.loop.repeats
        start, test = (0, f"slt i64 %next, {n}") if step > 0 else (n - 1, "sge i64 %next, 0")
        return "\n".join([
            f"define internal void @{name}({vectors}, ptr noalias %table) {{",
            "entry:", "  br label %body", "body:",
            f"  %i = phi i64 [ {start}, %entry ], [ %next, %body ]", *builder.lines,
            f"  %next = add i64 %i, {step}", f"  %more = icmp {test}",
            "  br i1 %more, label %body, label %end", "end:", "  ret void", "}",
        ])  # fmt: skip
