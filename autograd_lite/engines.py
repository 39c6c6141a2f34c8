"""The two ways in which `fit` takes a step: sample by sample in Values, or compiled."""

from __future__ import annotations

from collections import deque
from math import isfinite
from typing import TYPE_CHECKING, Any, NamedTuple

import numpy as np

from autograd_lite.checking import first_nonfinite
from autograd_lite.compiler.program import compile_loosely
from autograd_lite.errors import CompileError, NonFiniteError, TraceError
from autograd_lite.value import Value, inputs

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

    from numpy.typing import DTypeLike, NDArray

    from autograd_lite.nn import MLP
    from autograd_lite.optim import Optimizer

    Array = NDArray[Any]
    Loss = Callable[[Sequence[Any], Sequence[Any]], Any]


class Step(NamedTuple):
    """What one step saw: losses (B,), outputs (B, n) and the gradient (P,) of the batch."""

    losses: Array
    outputs: Array
    gradient: Array


class Eager:
    """Each sample is a graph of Values; its gradient is added up by its own backward pass."""

    name = "eager"

    def __init__(self, model: MLP, loss: Loss, X: Array, T: Array, optimizer: Optimizer) -> None:
        self.model = model
        self.loss = loss
        self.rows = X.tolist()
        self.targets = T.tolist()
        self.optimizer = optimizer

    def step(self, indices: Sequence[int], share: float, epoch: int) -> Step:
        """Move the parameters along share times the gradient of these samples' losses.

        Raises NonFiniteError, before anything moves, where a loss is inf or nan.
        """
        self.model.zero_grad()
        self.optimizer.zero_grad()  # a loss may have parameters of its own
        losses, results = [], []
        for i in indices:
            outputs = self.model(self.rows[i])
            error = self.loss(outputs, self.targets[i])
            if not isfinite(error.data):
                raise NonFiniteError(
                    f"epoch {epoch + 1}, sample {i}: the loss is {error.data}; "
                    f"the first number that is not finite is {first_nonfinite(error)}"
                )
            error.backward(share)
            losses.append(error.data)
            results.append([y.data for y in outputs])
        gradient = np.array([p.grad for p in self.optimizer.parameters])
        self.optimizer.step()
        return Step(np.array(losses), np.array(results), gradient)

    def write_back(self) -> None:
        """Nothing to do: every step moves the Values themselves."""

    def read_values(self) -> None:
        """Nothing to do: every step reads the Values themselves."""


class Compiled:
    """One sample is recorded, the batch runs as an array program on a flat vector.

    The Values hold the parameters again after `write_back`; `optimizer.state` is always that
    of the vector. Raises CompileError where the graph would differ from sample to sample.
    """

    name = "compiled"

    def __init__(
        self, model: MLP, loss: Loss, X: Array, T: Array, optimizer: Optimizer, dtype: DTypeLike
    ) -> None:
        self.eager = Eager(model, loss, X, T, optimizer)
        self.optimizer = optimizer
        x, t = inputs(X.shape[1]), inputs(T.shape[1], "t")
        outputs = model(x)
        self.program = compile_loosely(
            [loss(outputs, t), *outputs], [*x, *t], optimizer.parameters, True, dtype
        )
        self.theta = self.program.theta
        self.samples = np.ascontiguousarray(np.hstack([X, T]), dtype=dtype)
        self._compare(model, loss, X, T)

    def _compare(self, model: MLP, loss: Loss, X: Array, T: Array) -> None:
        """Hold the program against plain floats, on every sample's first loss."""
        plain = numbers(loss, model.predict(X), T)
        compiled = self.program.value(self.samples)[:, 0]
        tolerance = 1e-9 if self.samples.dtype == np.float64 else 1e-3
        if not np.allclose(compiled, plain, rtol=tolerance, atol=tolerance, equal_nan=True):
            raise CompileError("the loss computes another graph on numbers than on placeholders")

    def step(self, indices: Sequence[int], share: float, epoch: int) -> Step:
        """As `Eager.step`, on the whole batch at once."""
        results, gradient = self.program.run(self.samples[indices], self.theta, share)
        if not np.isfinite(results[0]).all():
            # the sample is replayed in Values, whose error names the operation
            self.write_back()
            bad = int(np.flatnonzero(~np.isfinite(results[0]))[0])
            self.eager.step([indices[bad]], share, epoch)
        with np.errstate(all="ignore"):
            theta, state = self.optimizer.rule(self.theta, gradient)
        # A rule may return float64 for float32 (rprop): a vector finer than the Values, which
        # are what training goes on from another time.
        theta = np.asarray(theta, dtype=self.theta.dtype)
        # One call into C: Ctrl-C cannot come between the vector and the state that belongs to it.
        deque(map(setattr, (self, self.optimizer), ("theta", "state"), (theta, state)), maxlen=0)
        return Step(results[0].astype(float), results[1:].T, gradient)

    def write_back(self) -> None:
        """Set the Values to the vector, all or none."""
        self.program.write_back(self.theta)

    def read_values(self) -> None:
        """Set the vector to the Values, which something else has changed."""
        self.theta = np.array([p.data for p in self.optimizer.parameters], self.theta.dtype)


def numbers(loss: Loss, outputs: Array, targets: Array) -> Array:
    """Each sample's loss (samples,), from plain outputs and targets (samples, outputs).

    A loss that has Values of its own returns Values even so.
    """
    found = [loss(y, t) for y, t in zip(outputs.tolist(), targets.tolist(), strict=True)]
    return np.array([e.data if isinstance(e, Value) else e for e in found], dtype=float)


def choose(
    engine: str, model: MLP, loss: Loss, X: Array, T: Array, optimizer: Optimizer, dtype: DTypeLike
) -> tuple[Eager | Compiled, str]:
    """The engine asked for, or for "auto" the compiled one where it can be; and its name.

    The name says why where "auto" falls back.
    """
    if engine not in ("auto", "compiled", "eager"):
        raise ValueError(f'fit: engine is {engine!r}; it must be "auto", "compiled" or "eager"')
    if engine != "eager":
        try:
            return Compiled(model, loss, X, T, optimizer, dtype), "compiled"
        except (TraceError, CompileError, TypeError) as reason:
            if engine == "compiled":
                raise
            text = f"eager, since it does not compile: {reason}"
            return Eager(model, loss, X, T, optimizer), text
    return Eager(model, loss, X, T, optimizer), "eager"
