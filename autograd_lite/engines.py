"""The two ways in which `fit` takes a step: sample by sample in Values, or compiled."""

from __future__ import annotations

from collections import deque
from math import isfinite
from typing import TYPE_CHECKING, Any, NamedTuple, NoReturn

import numpy as np

from autograd_lite.checking import first_nonfinite
from autograd_lite.compiler.program import compile_loosely
from autograd_lite.errors import CompileError, NonFiniteError, TraceError
from autograd_lite.value import Value, constant, inputs

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
            outputs, error = self.sample(i, epoch)
            error.backward(share)
            losses.append(error.data)
            results.append([y.data for y in outputs])
        gradient = np.array([p.grad for p in self.optimizer.parameters])
        self.optimizer.step()
        return Step(np.array(losses), np.array(results), gradient)

    def sample(self, i: int, epoch: int) -> tuple[list[Any], Any]:
        """The outputs and the loss of one sample; NonFiniteError where that is inf or nan."""
        outputs = self.model(self.rows[i])
        error = one_value(self.loss(outputs, self.targets[i]))
        if not isfinite(error.data):
            raise NonFiniteError(
                f"epoch {epoch + 1}, sample {i}: the loss is {error.data}; "
                f"the first number that is not finite is {first_nonfinite(error)}"
            )
        return outputs, error

    def write_back(self) -> None:
        """Nothing to do: every step moves the Values themselves."""

    def read_values(self) -> None:
        """Nothing to do: every step reads the Values themselves."""


class Compiled:
    """One sample is recorded, the batch runs as an array program on a flat vector.

    The Values hold the parameters again after `write_back`; `optimizer.state` is always that
    of the vector. Raises CompileError where the graph would differ from sample to sample.
    """

    def __init__(
        self, model: MLP, loss: Loss, X: Array, T: Array, optimizer: Optimizer, dtype: DTypeLike
    ) -> None:
        self.name = f"{np.dtype(dtype)} compiled"
        self.eager = Eager(model, loss, X, T, optimizer)
        self.optimizer = optimizer
        x, t = inputs(X.shape[1]), inputs(T.shape[1], "t")
        outputs = model(x)
        self.program = compile_loosely(
            [one_value(loss(outputs, t)), *outputs], [*x, *t], optimizer.parameters, True, dtype
        )
        self.theta = self.program.theta
        with np.errstate(over="ignore"):  # found below, where it makes a loss inf or nan
            self.samples = np.ascontiguousarray(np.hstack([X, T]), dtype=dtype)
        self._compare(model, loss, X, T)

    def _compare(self, model: MLP, loss: Loss, X: Array, T: Array) -> None:
        """Hold the program against plain floats, on every sample's first loss."""
        plain = numbers(loss, model.predict(X), T)
        compiled = self.program.value(self.samples)[:, 0]
        single = self.samples.dtype == np.float32
        lost = np.flatnonzero(np.isfinite(plain) & ~np.isfinite(compiled))
        if single and lost.size:
            i = int(lost[0])
            raise CompileError(_too_large(i, compiled[i], plain[i]))
        tolerance = 1e-9 if not single else 1e-3
        if not np.allclose(compiled, plain, rtol=tolerance, atol=tolerance, equal_nan=True):
            raise CompileError("the loss computes another graph on numbers than on placeholders")

    def step(self, indices: Sequence[int], share: float, epoch: int) -> Step:
        """As `Eager.step`, on the whole batch at once."""
        results, gradient = self.program.run(self.samples[indices], self.theta, share)
        if not np.isfinite(results[0]).all():
            bad = int(np.flatnonzero(~np.isfinite(results[0]))[0])
            self._refuse(indices[bad], float(results[0][bad]), epoch)
        with np.errstate(all="ignore"):
            theta, state = self.optimizer.rule(self.theta, gradient)
        # A rule may return float64 for float32 (rprop): a vector finer than the Values, which
        # are what training goes on from another time.
        theta = np.asarray(theta, dtype=self.theta.dtype)
        # One call into C: Ctrl-C cannot come between the vector and the state that belongs to it.
        deque(map(setattr, (self, self.optimizer), ("theta", "state"), (theta, state)), maxlen=0)
        return Step(results[0].astype(float), results[1:].T, gradient)

    def _refuse(self, i: int, loss: float, epoch: int) -> NoReturn:
        """Raise NonFiniteError for a sample whose loss is inf or nan in the program.

        It is replayed in Values, whose error names the operation; they may find nothing, since
        a float64 holds what a float32 does not.
        """
        self.write_back()
        _, error = self.eager.sample(i, epoch)
        if self.theta.dtype == np.float32:
            text = _too_large(i, loss, error.data)
        else:
            text = (
                f"sample {i}: the loss is {loss} in the compiled program, "
                f'but {error.data} in Values; give engine="eager"'
            )
        raise NonFiniteError(f"epoch {epoch + 1}, {text}")

    def write_back(self) -> None:
        """Set the Values to the vector, all or none."""
        self.program.write_back(self.theta)

    def read_values(self) -> None:
        """Set the vector to the Values, which something else has changed."""
        self.theta = np.array([p.data for p in self.optimizer.parameters], self.theta.dtype)


def _too_large(i: int, single: float, double: float) -> str:
    return (
        f"sample {i}: the loss is {single} in float32, but {double} in float64; give dtype=float64"
    )


def one_value(error: Any) -> Value:
    """What a loss returned on Values; TypeError where it is no Value."""
    if not isinstance(error, Value):
        raise TypeError(
            f"fit: the loss returned {error!r:.60}; it must return one Value that is computed "
            "from the outputs, such as al.sum of several"
        )
    return error


def numbers(loss: Loss, outputs: Array, targets: Array) -> Array:
    """Each sample's loss (samples,), from plain outputs and targets (samples, outputs).

    A loss that has Values of its own returns Values even so; one written with their methods,
    `y[0].relu()`, is given some.
    """
    pairs = list(zip(outputs.tolist(), targets.tolist(), strict=True))
    try:
        found = [loss(y, t) for y, t in pairs]
    except AttributeError:
        found = [loss([constant(number) for number in y], t) for y, t in pairs]
    return np.array([e.data if isinstance(e, Value) else e for e in found], dtype=float)


def choose(
    engine: str, model: MLP, loss: Loss, X: Array, T: Array, optimizer: Optimizer, dtype: DTypeLike
) -> tuple[Eager | Compiled, str]:
    """The engine asked for, or for "auto" the compiled one where it can be; and its name.

    The name says why where "auto" falls back. Raises ValueError for an unknown engine and for
    a dtype that it does not have.
    """
    if engine not in ("auto", "compiled", "eager"):
        raise ValueError(f'fit: engine is {engine!r}; it must be "auto", "compiled" or "eager"')
    # before the attempt below, where a TypeError means that the loss cannot be recorded
    single = _is_single(dtype)
    if engine == "eager":
        if single:
            raise ValueError(
                'fit: dtype is float32, but engine="eager" computes in float64; '
                'give dtype=float64 or engine="compiled"'
            )
        return Eager(model, loss, X, T, optimizer), "eager"
    try:
        return Compiled(model, loss, X, T, optimizer, dtype), "compiled"
    except (TraceError, CompileError, TypeError) as reason:
        if engine == "compiled":
            raise
        kind = "eager, in float64 and not in float32" if single else "eager"
        text = f"{kind}, since it does not compile: {reason}"
        return Eager(model, loss, X, T, optimizer), text


def _is_single(dtype: DTypeLike) -> bool:
    """Whether it is float32; ValueError where it is not float64 either."""
    try:
        found = np.dtype(dtype)
    except TypeError:  # NumPy knows no such type
        found = None
    if found is None or found not in (np.dtype("f8"), np.dtype("f4")):
        shown = repr(dtype) if found is None else str(found)
        raise ValueError(f"fit: dtype is {shown}; it must be float64 or float32")
    return found == np.dtype("f4")
