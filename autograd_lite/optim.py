"""Update rules, and the optimizers that hold their state.

A rule is a pure function `(w, g, state, ...) -> (new w, new state)` of numbers or NumPy
arrays: w the weights, g their gradients. An optimizer gathers the parameters into one
vector, applies its rule and writes all of them back in one call, or none.
"""

from __future__ import annotations

from collections import deque
from itertools import repeat
from math import inf
from typing import TYPE_CHECKING, Any

import numpy as np

from autograd_lite.value import Value

if TYPE_CHECKING:
    from collections.abc import Iterable


def sgd(w: Any, g: Any, state: tuple[()], learning_rate: float) -> tuple[Any, tuple[()]]:
    """w - learning_rate * g: gradient descent.

    Source: Robbins and Monro (1951); lectures 000, 002 and 004 (001 prints a plus).

    >>> sgd(1.0, 0.5, (), learning_rate=0.1)
    (0.95, ())
    """
    return w - learning_rate * g, state


def adam(
    w: Any, g: Any, state: tuple[Any, Any, int] = (0.0, 0.0, 0), learning_rate: float = 0.001,
    beta1: float = 0.9, beta2: float = 0.999, epsilon: float = 1e-8,
) -> tuple[Any, tuple[Any, Any, int]]:  # fmt: skip
    """w - learning_rate * M / (sqrt(V) + epsilon), from decaying means of g and g**2.

    m = beta1*m + (1-beta1)*g and v = beta2*v + (1-beta2)*g**2; M = m / (1 - beta1**t) and
    V = v / (1 - beta2**t) undo their start at 0; the state is (m, v, t).
    Source: Kingma and Ba (2015), Algorithm 1; PyTorch's defaults are the same.

    >>> w, state = adam(1.0, 0.5)
    >>> round(w, 6), state[2]
    (0.999, 1)
    """
    m, v, t = state
    t += 1
    m = beta1 * m + (1.0 - beta1) * g
    v = beta2 * v + (1.0 - beta2) * (g * g)
    mean, square = m / (1.0 - beta1**t), v / (1.0 - beta2**t)
    return w - learning_rate * mean / (square**0.5 + epsilon), (m, v, t)


class Optimizer:
    """Parameters, a learning rate and the state of one rule.

    Raises ValueError for no parameters, for one that appears twice (it would step twice) or
    that is not a leaf, and for a learning rate that is negative or not finite.
    """

    state: tuple[Any, ...] = ()

    def __init__(self, parameters: Iterable[Value], learning_rate: float) -> None:
        self.parameters = list(parameters)
        self.learning_rate = learning_rate
        if not self.parameters:
            raise ValueError("no parameters; give the optimizer model.parameters()")
        for p in self.parameters:
            if not isinstance(p, Value):
                raise TypeError(f"a parameter must be a Value, got {type(p).__name__}")
            if p.op is not None:
                raise ValueError(f"{p!r} was computed by {p.op.name}; only leaves can be stepped")
        if len(set(self.parameters)) < len(self.parameters):
            raise ValueError("a parameter appears twice and would step twice; pass each once")
        if not 0.0 <= learning_rate < inf:
            raise ValueError(f"learning_rate is {learning_rate}; it must be finite and >= 0")

    def rule(self, w: Any, g: Any) -> tuple[Any, tuple[Any, ...]]:
        """The new weights and the new state."""
        raise NotImplementedError

    def step(self, check_finite: bool = False) -> None:
        """Move every parameter along its `.grad`; after any exception none has moved.

        With check_finite a gradient that is inf or nan raises ArithmeticError first.
        """
        g = np.array([p.grad for p in self.parameters])
        if check_finite and not np.isfinite(g).all():
            k = int(np.flatnonzero(~np.isfinite(g))[0])
            name = self.parameters[k].label or f"number {k}"
            raise ArithmeticError(f"the gradient of {name} is {g[k]}; no parameter was changed")
        w = np.array([p.data for p in self.parameters])
        with np.errstate(all="ignore"):  # IEEE results are handed on, not warned about
            new_w, new_state = self.rule(w, g)
        targets = [*self.parameters, self]
        names = [*repeat("_data", len(self.parameters)), "state"]
        # One call into C: Ctrl-C cannot come between two of these writes.
        deque(map(setattr, targets, names, [*new_w.tolist(), new_state]), maxlen=0)

    def zero_grad(self) -> None:
        """Set the gradient of every parameter to 0.0."""
        for p in self.parameters:
            p.grad = 0.0


class SGD(Optimizer):
    """Gradient descent, `optim.sgd`; stochastic when each step sees one sample.

    >>> w = Value(1.0)
    >>> optimizer = SGD([w], learning_rate=0.1)
    >>> (w * w).backward()
    >>> optimizer.step()
    >>> w.data
    0.8
    """

    def rule(self, w: Any, g: Any) -> tuple[Any, tuple[()]]:
        """The rule `sgd` at this learning rate."""
        return sgd(w, g, (), self.learning_rate)


class Adam(Optimizer):
    """Adam, `optim.adam`, with the state (m, v, t).

    Raises ValueError for a beta outside [0, 1) or a negative epsilon.
    """

    state: tuple[Any, Any, int] = (0.0, 0.0, 0)

    def __init__(
        self, parameters: Iterable[Value], learning_rate: float = 0.001,
        beta1: float = 0.9, beta2: float = 0.999, epsilon: float = 1e-8,
    ) -> None:  # fmt: skip
        super().__init__(parameters, learning_rate)
        for name, beta in (("beta1", beta1), ("beta2", beta2)):
            if not 0.0 <= beta < 1.0:
                raise ValueError(f"{name} is {beta}; it must lie in [0, 1)")
        if not 0.0 <= epsilon < inf:
            raise ValueError(f"epsilon is {epsilon}; it must be finite and >= 0")
        self.beta1, self.beta2, self.epsilon = beta1, beta2, epsilon

    def rule(self, w: Any, g: Any) -> tuple[Any, tuple[Any, Any, int]]:
        """The rule `adam` with these settings."""
        return adam(w, g, self.state, self.learning_rate, self.beta1, self.beta2, self.epsilon)
