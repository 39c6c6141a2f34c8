"""Array runs: the generated source as NumPy calls, for batches of one size."""

from __future__ import annotations

from math import isfinite
from typing import TYPE_CHECKING, Any

import numpy as np

from autograd_lite.compiler.order import Order

if TYPE_CHECKING:
    from collections.abc import Callable

    from numpy.typing import NDArray

    from autograd_lite.compiler.emit import Source
    from autograd_lite.ops import Op

    Array = NDArray[Any]


class ArrayRun:
    """The arrays of a program for so many samples, and the calls that fill them.

    What is not finite is computed again with strong zeros: a cotangent of 0.0 propagates nothing.
    """

    def __init__(
        self, build: Callable[..., Any], source: Source, samples: int, n_outputs: int,
        dtype: np.dtype[Any],
    ) -> None:  # fmt: skip
        with np.errstate(all="ignore"):  # constants are rounded to the program's numbers
            self._forward, self._backward = build(samples, dtype)
        self._ways = (strong_multiply,) if source.careful else (np.multiply, strong_multiply)
        self._order = Order(source.order, len(source.order))
        self._samples = samples
        self._results: tuple[Array, ...] = ()
        self._outputs = np.empty((n_outputs, samples), dtype)

    def values(self, X: Array, theta: Array) -> Array:
        """All outputs (outputs, samples)."""
        with np.errstate(all="ignore"):
            self._run(X, theta, None)
        return self.outputs()

    def run(self, X: Array, theta: Array, seed: float) -> tuple[float, Array]:
        """The sum of the first output, and the gradient of seed times it."""
        with np.errstate(all="ignore"):
            total = float(self._run(X, theta, 1))
            gradient = self._backward(X, seed, *_PLAIN)
            if not isfinite(gradient.dot(gradient)):
                gradient = self._backward(X, seed, *_STRONG)
        # a static output is the same for every sample
        return total * (self._samples / self._results[0].size), self._order.spread(gradient.copy())

    def outputs(self) -> Array:
        """All outputs (outputs, samples) of the last run; a static one is repeated."""
        rows = np.empty_like(self._outputs)
        rows[0] = self._results[0]
        if len(self._results) > 1:
            rows[1:] = self._results[1]
        return rows

    def _run(self, X: Array, theta: Array, looked_at: int | None) -> Any:
        """Forward; the sum of the outputs that are looked at."""
        theta = self._order.read(theta)
        for multiply in self._ways:
            self._results = self._forward(X, theta, multiply)
            total = sum([np.add.reduce(r, axis=None) for r in self._results[:looked_at]])
            if isfinite(total):
                break
        return total


def load(source: Source) -> Callable[..., Any]:
    """The `build` of a generated source, run without builtins."""
    namespace: dict[str, Any] = {"__builtins__": {}, "np": np, **source.arrays}
    namespace |= {name: _elementwise(row) for name, row in source.rows.items()}
    namespace |= source.blocks
    exec(source.text, namespace)  # our own text: names and numbers only, no label reaches it
    found: Callable[..., Any] = namespace["build"]
    return found


def _elementwise(row: Op) -> Callable[..., Array]:
    """A row that has no array kernel, entry by entry."""

    def call(*args: Any) -> Array:
        ufunc = np.frompyfunc(lambda *xs: row.fn(*map(float, xs)), len(args), 1)
        return np.asarray(ufunc(*args), dtype=float)

    return call


def strong_multiply(g: Any, d: Any, out: Any = None) -> Any:
    """g * d, 0 where g is 0."""
    return _into(out, np.where(np.equal(g, 0.0), 0.0, np.multiply(g, d)))


def strong_select(g: Any, d: Any, out: Any = None) -> Any:
    """g * d, 0 where g is 0, or d: what a row did not select passes not even nan."""
    return strong_multiply(np.where(np.equal(d, 0.0), 0.0, g), d, out)


def strong_dot(g: Array, x: Array, out: Any = None) -> Any:
    """g @ x where an entry of g that is 0 contributes nothing."""
    return _into(out, np.array([strong_multiply(row[:, None], x).sum(axis=0) for row in g]))


def strong_dot_back(w: Array, g: Array, out: Any = None) -> Any:
    """w @ g where an entry of g that is 0 contributes nothing."""
    return _into(out, strong_dot(g.T, w.T).T)


def _into(out: Any, result: Array) -> Any:
    if out is None:
        return result
    out[...] = result
    return out


_PLAIN = (np.multiply, np.multiply, np.dot, np.dot, np.matmul)
_STRONG = (strong_multiply, strong_select, strong_dot, strong_dot_back, strong_dot)
