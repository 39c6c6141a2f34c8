"""Native code: a trace as a module of LLVM IR, loops as loops, everything else as runs."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from autograd_lite.compiler import run_code
from autograd_lite.compiler.loop_code import LoopCode
from autograd_lite.compiler.loops import Loop
from autograd_lite.compiler.machine import BACKWARD, FORWARD, given
from autograd_lite.compiler.slots import lay_out
from autograd_lite.compiler.vectors import declarations, vector

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from autograd_lite.compiler.slots import Slots
    from autograd_lite.compiler.trace import Trace


class Native:
    """A trace as code.

    layout   where its values stand
    table    indices of operands
    runs     (runs, 5) of the interpreter: function, nodes, first slot, table offset, operands
    """

    def __init__(self, trace: Trace, gradient: bool, lanes: int, statics: int) -> None:
        self.gradient = gradient
        self.layout = lay_out(trace, gradient, lanes, statics)
        self._loops: dict[int, LoopCode] = {}
        self._calls: dict[int, tuple[int, int]] = {}
        places: dict[int, int] = {}
        entries: list[list[int]] = []
        for i, segment in enumerate(self.layout.segments):
            if isinstance(segment, Loop):
                self._loops[i] = LoopCode(self.layout, segment)
            else:
                rows = run_code.run_table(self.layout, segment, places)
                self._calls[i] = (len(entries), len(entries) + len(rows))
                entries += rows
        self._rows = [run_code.RunCode(self.layout, key) for key in places]
        self.table = self.layout.table
        self.runs: NDArray[np.int64] = np.array(entries, np.int64).reshape(-1, 5)

    def ir(self, strong: bool) -> str:
        """A module with `forward(v, p, table, runs, chunks)` over chunks of samples.

        With a gradient also `backward(v, p, d, dp, table, runs, chunks)`, `both` with the same
        arguments, and `single(v, d, table, runs, leaves)` for one sample without lanes: 0.0, or
        nan where a leaf's cotangent is not finite.
        """
        parts = self._direction("forward", strong)
        if self.gradient:
            parts += [*self._direction("backward", strong), _BOTH]
        code = "\n".join(parts)
        return f"{declarations(self.layout.lanes, code)}\n{code}\n"

    def _direction(self, direction: str, strong: bool) -> list[str]:
        functions = [
            getattr(code, direction)(f"loop{i}_{direction}", strong)
            for i, code in self._loops.items()
        ]
        functions += [
            getattr(code, direction)(f"row{place}_{direction}", strong)
            for place, code in enumerate(self._rows)
        ]
        if self._rows:
            functions.append(run_code.interpreter(direction, len(self._rows)))
        calls = []
        for i in range(len(self.layout.segments)):
            if i in self._loops:
                calls.append(f"  call void @loop{i}_{direction}({given(direction)}, ptr %table)")
            else:
                calls.append(run_code.call(direction, *self._calls[i]))
        if direction == "backward":
            calls.reverse()
        return [*functions, _driver(direction, calls, self.layout)]


_BOTH = """define void @both(
  ptr %v, ptr %p, ptr %d, ptr %dp, ptr %table, ptr %runs, i64 %chunks) {
  call void @forward(ptr %v, ptr %p, ptr %table, ptr %runs, i64 %chunks)
  call void @backward(ptr %v, ptr %p, ptr %d, ptr %dp, ptr %table, ptr %runs, i64 %chunks)
  ret void
}

define double @single(ptr %v, ptr %d, ptr %table, ptr %runs, i64 %leaves) {
  call void @forward(ptr %v, ptr null, ptr %table, ptr %runs, i64 1)
  call void @backward(ptr %v, ptr null, ptr %d, ptr null, ptr %table, ptr %runs, i64 1)
  br label %leaf
leaf:
  %i = phi i64 [ 0, %0 ], [ %next, %leaf ]
  %total = phi double [ 0.0, %0 ], [ %sum, %leaf ]
  %p = getelementptr double, ptr %d, i64 %i
  %g = load double, ptr %p
  %zero = fmul double %g, 0.0
  %sum = fadd double %total, %zero
  %next = add i64 %i, 1
  %more = icmp slt i64 %next, %leaves
  br i1 %more, label %leaf, label %end
end:
  ret double %sum
}"""


def _driver(direction: str, calls: list[str], layout: Slots) -> str:
    """The function that runs all segments for one chunk of samples after the other."""
    back = direction == "backward"
    vectors = (BACKWARD if back else FORWARD).replace("%v", "%v0").replace("%d,", "%d0,")
    kind = vector(layout.lanes)
    lines = [
        f"define void @{direction}({vectors}, ptr noalias %table, ptr noalias %runs, "
        "i64 %chunks) {", "entry:", "  br label %chunk",
        "chunk:", "  %s = phi i64 [ 0, %entry ], [ %s1, %chunk ]",
        f"  %o = mul i64 %s, {layout.slots}", f"  %v = getelementptr {kind}, ptr %v0, i64 %o",
    ]  # fmt: skip
    if back:
        lines.append(f"  %d = getelementptr {kind}, ptr %d0, i64 %o")
    lines += [*calls, "  %s1 = add i64 %s, 1", "  %again = icmp slt i64 %s1, %chunks",
              "  br i1 %again, label %chunk, label %end", "end:", "  ret void", "}"]  # fmt: skip
    return "\n".join(lines)
