"""Direct calls: a program that is one native block runs without array code around it.

Value and gradient take one call of machine code, and two microseconds beside it for a single
vector, seven for a batch.
"""

from __future__ import annotations

from math import isfinite
from typing import TYPE_CHECKING, Any, NamedTuple

import numpy as np

from autograd_lite.compiler.order import Order

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from autograd_lite.compiler.block import Block

    Floats = NDArray[np.float64]
    Array = NDArray[Any]


class Whole(NamedTuple):
    """A block that is all of a program, and where its leaves and outputs come from.

    parameters  the positions in theta of its leaves; in a batch of the static ones
    inputs      the columns of X that it reads
    wanted      the program's outputs among the block's
    careful     whether the forward pass needs strong zeros from the start
    """

    block: Block
    parameters: NDArray[np.intp]
    inputs: NDArray[np.intp]
    wanted: NDArray[np.intp]
    careful: bool

    @property
    def ways(self) -> tuple[bool, ...]:
        """Without strong zeros, and with them where something is not finite without."""
        return (True,) if self.careful else (False, True)


class Single:
    """One output of parameters alone."""

    def __init__(self, whole: Whole, parameters: int) -> None:
        self._machine, self._ways = whole.block.machine, whole.ways
        self._work = work = whole.block.work(1, whole.wanted)  # owns the vectors
        self._v, self._d = work.v[0, :, 0], work.d[0, :, 0]
        self._x, self._output = self._v[: work.leaves], int(work.outputs[0])
        self._gradient = self._d[: work.leaves]
        self._addresses = work.v.ctypes.data, work.d.ctypes.data
        self._order = Order(whole.parameters, parameters)

    def value(self, theta: Floats) -> float:
        """The output at theta (parameters,)."""
        self._x[:] = self._order.read(theta)
        for strong in self._ways:
            self._machine(strong).forward(self._addresses[0], 0, 1)
            if isfinite(self._v[self._output]):
                break
        return float(self._v[self._output])

    def value_and_grad(self, theta: Floats) -> tuple[float, Floats]:
        """The output at theta and its gradient (parameters,)."""
        self._x[:] = self._order.read(theta)
        for strong in self._ways:
            self._gradient.fill(0.0)
            self._d[self._output] = 1.0
            finite = self._machine(strong).single(*self._addresses)
            if finite and isfinite(self._v[self._output]):
                break
        return float(self._v[self._output]), self._order.spread(self._gradient.copy())


class Batch:
    """Outputs for every sample of a batch of one size, and the first one's gradient."""

    def __init__(
        self, whole: Whole, parameters: int, columns: int, samples: int, dtype: np.dtype[Any]
    ) -> None:
        self._dtype = dtype
        self._machine, self._ways = whole.block.machine, whole.ways
        self._work = work = whole.block.work(samples, whole.wanted)
        self._samples = samples
        self._order = Order(whole.parameters, parameters)
        self._columns = Order(whole.inputs, columns)
        lanes = whole.block.lanes
        self._full = samples // lanes
        self._rest = samples - self._full * lanes
        self._shape = (self._full, lanes, len(whole.inputs))
        self._inputs = work.v[: self._full, : work.leaves].swapaxes(1, 2)
        self._last = work.v[self._full :, : work.leaves].swapaxes(1, 2)
        self._seeds = work.d[:, int(work.outputs[0])] if whole.block.gradient else work.d
        first = work.v[:, int(work.outputs[0])]
        self._first = first.reshape(-1) if first.flags.c_contiguous else first
        self._addresses = (work.v.ctypes.data, work.p.ctypes.data, work.d.ctypes.data,
                           work.dp.ctypes.data, work.chunks)  # fmt: skip
        self._ones = np.ones(lanes)

    def run(self, X: Array, theta: Array, seed: float) -> tuple[float, Array]:
        """The sum of the first output, and the gradient of seed times it."""
        self._fill(X, theta)
        work = self._work
        for strong in self._ways:
            work.dp.fill(0.0)
            self._seeds[: self._full] = seed
            if self._rest:
                self._seeds[self._full, : self._rest] = seed
            self._machine(strong).both(*self._addresses)
            with np.errstate(all="ignore"):
                gradient = work.dp @ self._ones
                total = np.add.reduce(self._first.reshape(-1)[: self._samples])
                if isfinite(total) and isfinite(gradient.dot(gradient)):
                    break
        with np.errstate(over="ignore"):
            return float(total), self._order.spread(gradient).astype(self._dtype, copy=False)

    def values(self, X: Array, theta: Array) -> Array:
        """All outputs (outputs, samples)."""
        self._fill(X, theta)
        work = self._work
        for strong in self._ways:
            self._machine(strong).forward(*self._addresses[:2], work.chunks)
            with np.errstate(all="ignore"):
                if isfinite(np.add.reduce(self._found(), axis=None)):
                    break
        return self.outputs()

    def outputs(self) -> Array:
        """All outputs (outputs, samples) of the last run."""
        with np.errstate(over="ignore"):
            return self._found().astype(self._dtype)

    def _found(self) -> Floats:
        """The same as the machine code has them: what float32 makes inf is finite here."""
        work = self._work
        found = work.v[:, work.outputs].swapaxes(0, 1)
        return found.reshape(len(work.outputs), -1)[:, : self._samples]

    def _fill(self, X: Array, theta: Array) -> None:
        self._work.p[:] = self._order.read(theta)
        rows = self._columns.read(X)
        full = self._samples - self._rest
        self._inputs[...] = rows[:full].reshape(self._shape)
        if self._rest:  # the last chunk is filled up with copies of the last sample
            self._last[0, : self._rest] = rows[full:]
            self._last[0, self._rest :] = rows[-1]
