"""Dense programs: a program's array code as machine code, for batches of any size.

The generated source is run on symbols (recorder.py) and compiled once; its numbers then take
one call where NumPy takes one a statement.
"""

from __future__ import annotations

from functools import cache
from math import isfinite
from typing import TYPE_CHECKING, Any

import numpy as np

from autograd_lite.compiler import dense_code, matrix_code
from autograd_lite.compiler.jit import Module, address, aligned
from autograd_lite.compiler.recorder import Recorder
from autograd_lite.compiler.sheets import Unsupported
from autograd_lite.compiler.vectors import padded

if TYPE_CHECKING:
    from collections.abc import Callable

    from numpy.typing import NDArray

    from autograd_lite.compiler.arrays import ArrayRun
    from autograd_lite.compiler.emit import Source
    from autograd_lite.compiler.order import Order

    Array = NDArray[Any]


def dense(source: Source, n_inputs: int, dtype: np.dtype[Any]) -> Dense:
    """The program's machine code; raises Unsupported where a statement has none."""
    if source.careful:
        raise Unsupported("strong zeros from the start")
    if not n_inputs:
        raise Unsupported("a program without a batch")
    return Dense(Recorder(source, n_inputs, _element(dtype)), dtype)


def _element(dtype: np.dtype[Any]) -> str:
    return "double" if dtype == np.float64 else "float"


class Dense:
    """Machine code of a program; it is made when it first runs."""

    def __init__(self, recorder: Recorder, dtype: np.dtype[Any]) -> None:
        self.recorder = recorder
        self.dtype = dtype
        self._module: Module | None = None

    @property
    def module(self) -> Module:
        """The compiled functions."""
        if self._module is None:
            functions = matrix_code.functions(self.recorder.element)
            self._module = Module(dense_code.module(self.recorder), functions)
        return self._module


class DenseRun:
    """A dense program's numbers for batches of one size.

    What is not finite is computed again by `arrays`, which knows strong zeros.
    """

    def __init__(
        self, dense: Dense, samples: int, order: Order, arrays: Callable[[], ArrayRun]
    ) -> None:
        recorder, module = dense.recorder, dense.module
        length = padded(samples, recorder.element)
        self._module = module  # owns the code
        self._order = order
        self._arrays = cache(arrays)
        self._replaced = False  # whether the last run was the arrays'
        self._v = aligned((recorder.rows, length), dense.dtype)
        self._f = aligned((recorder.numbers,), dense.dtype)
        self._results = [self._v[row : row + count, :samples] for row, count in recorder.results]
        kinds = "pppppii" + ("d" if dense.dtype == np.float64 else "f")
        self._given = self._v.ctypes.data, self._f.ctypes.data, samples, length
        module.function("setup", kinds)(0, 0, 0, *self._given, 0.0)
        self._values = module.function("values", kinds, "d")
        if recorder.has_gradient:
            self._both = module.function("both", kinds, "d")

    def values(self, X: Array, theta: Array) -> Array:
        """All outputs (outputs, samples)."""
        read = self._order.read(theta)
        total = self._values(address(X), address(read), 0, *self._given, 0.0)
        self._replaced = not isfinite(total)
        return self._arrays().values(X, theta) if self._replaced else self.outputs()

    def run(self, X: Array, theta: Array, seed: float) -> tuple[float, Array]:
        """The sum of the first output, and the gradient of seed times it."""
        read = self._order.read(theta)
        gradient = np.empty_like(read)
        total: float = self._both(address(X), address(read), address(gradient), *self._given, seed)
        self._replaced = not isfinite(total)
        if self._replaced:
            return self._arrays().run(X, theta, seed)
        return total, self._order.spread(gradient)

    def outputs(self) -> Array:
        """All outputs (outputs, samples) of the last run."""
        return self._arrays().outputs() if self._replaced else np.concatenate(self._results)
