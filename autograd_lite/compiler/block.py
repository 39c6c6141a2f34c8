"""Block: a trace that runs as native code, with its reverse pass, inside an array program."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np

from autograd_lite.compiler.jit import Module, aligned
from autograd_lite.compiler.machine import LONGEST, supported
from autograd_lite.compiler.native import Native
from autograd_lite.compiler.vectors import lanes_of

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from autograd_lite.compiler.trace import Trace

    Floats = NDArray[np.float64]


def lacking(trace: Trace) -> str:
    """The first row, with its operands, that has no native kernel; "" if all have one."""
    for kind, count in sorted(set(zip(trace.kind.tolist(), trace.counts.tolist()))):
        if kind >= 0 and not supported(trace.rows[kind], count):
            return f"{trace.rows[kind].name} of {count} operands"
    return ""


#: Samples that run at a time: as many doubles as the widest registers hold.
LANES = lanes_of("double")


class Block:
    """A trace as native code: leaves in, outputs out, for every sample of a batch.

    The first `statics` leaves are the same for all samples. It pickles as the trace and is
    compiled again where it arrives; there an ImportError names the extra if llvmlite is missing.
    """

    def __init__(self, trace: Trace, gradient: bool, varying: bool, statics: int) -> None:
        long = (trace.counts > LONGEST).any()  # such sums and dots run one sample at a time
        self.trace = trace
        self.gradient = gradient
        self.varying = varying
        self.lanes = LANES if varying and not long else 1
        self.statics = statics if self.lanes > 1 else 0
        self._given = (trace, gradient, varying, statics)
        self.native = Native(trace, gradient, self.lanes, self.statics)
        self._machines = {False: Machine(self, strong=False)}

    def machine(self, strong: bool) -> Machine:
        """The compiled code; that with strong zeros is made when it is first needed."""
        if strong not in self._machines:
            self._machines[strong] = Machine(self, strong)
        return self._machines[strong]

    def work(self, samples: int, wanted: NDArray[np.intp]) -> Work:
        """The vectors for so many samples; `wanted` are the outputs' numbers in their order."""
        return Work(self, samples, wanted)

    def __reduce__(self) -> tuple[Any, ...]:
        return (Block, self._given)


class Work:
    """A block's numbers for a batch of one size.

    v   (chunks, slots, lanes) values, `lanes` samples to a chunk; the last chunk is filled up
        with copies of the last sample
    p   (statics,) values that are the same for all samples
    d   (chunks, slots, lanes) cotangents, 0.0 between two sweeps
    dp  (statics, lanes) cotangents of p, of all chunks

    `multiply` is np.multiply, or the strong product, as in the rest of the program.
    """

    def __init__(self, block: Block, samples: int, wanted: NDArray[np.intp]) -> None:
        self.block = block
        self.samples = samples
        layout, lanes, statics = block.native.layout, block.lanes, block.statics
        self.chunks = -(-samples // lanes)
        shape = (self.chunks, layout.slots, lanes)
        self.v, self.d = aligned(shape), aligned(shape if block.gradient else (0, 1, lanes))
        self.p, self.dp = aligned((statics,)), aligned((statics, lanes))
        self.v[:, layout.constant_slots] = layout.constants[:, None]
        self.leaves = block.trace.leaves - statics
        self.outputs = layout.slot[block.trace.outputs[wanted]]
        padded = self.chunks * lanes
        self._x, self._g = np.zeros((self.leaves, padded)), np.zeros((len(wanted), padded))
        self._inputs, self._gradient = self.v[:, : self.leaves], self.d[:, : self.leaves]
        self._ones = np.ones((lanes, 1))
        self._forward = (self.v.ctypes.data, self.p.ctypes.data)
        self._backward = (*self._forward, self.d.ctypes.data, self.dp.ctypes.data)

    def forward(self, p: Any, x: Any, out: NDArray[Any], multiply: Any) -> None:
        """From static leaves (statics, 1) and others (leaves, samples or 1) to out (n, samples)."""
        if len(self.p):
            self.p[:, None] = p
        self._x[:, : self.samples] = x
        self._x[:, self.samples :] = self._x[:, self.samples - 1 : self.samples]
        self._inputs[...] = self._chunked(self._x)
        self.block.machine(multiply is not np.multiply).forward(*self._forward, self.chunks)
        found = self.v[:, self.outputs].transpose(1, 0, 2).reshape(len(self.outputs), -1)
        out[...] = found[:, : self.samples]

    def backward(self, g: NDArray[Any], multiply: Any) -> tuple[Floats, Floats]:
        """From the outputs' cotangents to the static leaves' (statics, 1), summed over samples,
        and the others' (leaves, samples).
        """
        self._gradient.fill(0.0)
        self.dp.fill(0.0)
        self._g[:, : self.samples] = g
        np.add.at(self.d.transpose(1, 0, 2), self.outputs, self._chunked(self._g).swapaxes(0, 1))
        self.block.machine(multiply is not np.multiply).backward(*self._backward, self.chunks)
        found = self._gradient.transpose(1, 0, 2).reshape(
            self.leaves, self.chunks * self.block.lanes
        )
        return self.dp @ self._ones, found[:, : self.samples]

    def _chunked(self, rows: Floats) -> Floats:
        """(n, samples) as (chunks, n, lanes)."""
        return rows.reshape(len(rows), self.chunks, self.block.lanes).swapaxes(0, 1)


class Machine:
    """The machine code of a block and the tables that it reads."""

    def __init__(self, block: Block, strong: bool) -> None:
        self._module = Module(block.native.ir(strong))
        self._native = block.native  # owns the tables
        self._tables = block.native.table.ctypes.data, block.native.runs.ctypes.data
        function = self._module.function
        self._forward = function("forward", "ppppi")
        if block.gradient:
            self._backward = function("backward", "ppppppi")
            self._both = function("both", "ppppppi")
            self._single = function("single", "ppppi", "d")
        self._leaves = block.trace.leaves

    def forward(self, v: int, p: int, chunks: int) -> None:
        """Fill the values of all chunks; v and p are addresses."""
        self._forward(v, p, *self._tables, chunks)

    def backward(self, v: int, p: int, d: int, dp: int, chunks: int) -> None:
        """Sweep from the cotangents of the outputs to those of the leaves."""
        self._backward(v, p, d, dp, *self._tables, chunks)

    def both(self, v: int, p: int, d: int, dp: int, chunks: int) -> None:
        """`forward`, then `backward`."""
        self._both(v, p, d, dp, *self._tables, chunks)

    def single(self, v: int, d: int) -> bool:
        """Both for one sample without lanes; whether all leaves' cotangents are finite."""
        finite: float = self._single(v, d, *self._tables, self._leaves)
        return finite == 0.0
