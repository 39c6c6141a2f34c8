"""Optimizers: parameters, settings, and the state of one update rule."""

from __future__ import annotations

from collections import deque
from itertools import repeat
from math import inf
from typing import TYPE_CHECKING, Any

import numpy as np

from autograd_lite.ops import to_float
from autograd_lite.optim import rules
from autograd_lite.value import Value

if TYPE_CHECKING:
    from collections.abc import Iterable


class Optimizer:
    """What all optimizers are: one vector of parameters, moved by a rule in one call.

    `state` is what the rule returned last, None before the first step; together with the
    settings it is all that a later continuation needs.
    Raises ValueError for no parameters, for one that appears twice (it would step twice) or
    that is not a leaf, and for a learning rate that is negative or not finite; TypeError for
    what is no list of Values, such as the model itself.
    """

    def __init__(self, parameters: Iterable[Value], learning_rate: float) -> None:
        self.parameters = _listed(parameters)
        self.state: Any = None
        if not self.parameters:
            raise ValueError("no parameters; give the optimizer model.parameters()")
        for p in self.parameters:
            if not isinstance(p, Value):
                raise TypeError(f"a parameter must be a Value, got {type(p).__name__}")
            if p.op is not None:
                raise ValueError(f"{p!r} was computed by {p.op.name}; only leaves can be stepped")
        if len(set(self.parameters)) < len(self.parameters):
            raise ValueError("a parameter appears twice and would step twice; pass each once")
        self.learning_rate = _within("learning_rate", learning_rate, 0.0, inf)

    def rule(self, w: Any, g: Any) -> tuple[Any, Any]:
        """The new weights and the new state; changes nothing."""
        raise NotImplementedError

    def step(self, check_finite: bool = False) -> None:
        """Move every parameter along its `.grad`; after any exception none has moved.

        With check_finite a gradient that is inf or nan raises ArithmeticError first.
        """
        g = np.array([to_float(p.grad) for p in self.parameters])
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


def _listed(parameters: Iterable[Value]) -> list[Value]:
    """The parameters as a list; TypeError with the remedy for what cannot be one."""
    try:
        each = iter(parameters)
    except TypeError:
        remedy = "[w]" if isinstance(parameters, Value) else "model.parameters()"
        raise TypeError(
            f"parameters has the type {type(parameters).__name__}; give the optimizer a list of "
            f"Values: {remedy}"
        ) from None
    return list(each)


def _within(name: str, number: float, lo: float, hi: float) -> float:
    """The number if it lies in [lo, hi); ValueError else, nan included."""
    number = to_float(number)
    if not lo <= number < hi:
        range_ = f"finite and >= {lo:g}" if hi == inf else f"in [{lo:g}, {hi:g})"
        raise ValueError(f"{name} is {number}; it must be {range_}")
    return number


class SGD(Optimizer):
    """Gradient descent, `optim.sgd`; stochastic when each step sees one sample.

    >>> w = Value(1.0)
    >>> optimizer = SGD([w], learning_rate=0.1)
    >>> (w * w).backward()
    >>> optimizer.step()
    >>> w.data
    0.8
    """

    def rule(self, w: Any, g: Any) -> tuple[Any, Any]:
        """The rule `sgd` with these settings."""
        return rules.sgd(w, g, self.state, self.learning_rate)


class Momentum(Optimizer):
    """Gradient descent with momentum, `optim.momentum`."""

    def __init__(
        self, parameters: Iterable[Value], learning_rate: float, momentum: float = 0.9,
        variant: str = "torch",
    ) -> None:  # fmt: skip
        super().__init__(parameters, learning_rate)
        self.momentum = _within("momentum", momentum, 0.0, 1.0)
        self.variant = variant
        self.rule(0.0, 0.0)  # an unknown variant is refused here, not at the first step

    def rule(self, w: Any, g: Any) -> tuple[Any, Any]:
        """The rule `momentum` with these settings."""
        return rules.momentum(w, g, self.state, self.learning_rate, self.momentum, self.variant)


class Nesterov(Optimizer):
    """Nesterov's accelerated gradient, `optim.nesterov` in the form that takes g at w."""

    def __init__(
        self, parameters: Iterable[Value], learning_rate: float, momentum: float = 0.9
    ) -> None:
        super().__init__(parameters, learning_rate)
        self.momentum = _within("momentum", momentum, 0.0, 1.0)

    def rule(self, w: Any, g: Any) -> tuple[Any, Any]:
        """The rule `nesterov` with these settings."""
        return rules.nesterov(w, g, self.state, self.learning_rate, self.momentum)


class Rprop(Optimizer):
    """Resilient back-propagation, `optim.rprop`: for whole batches."""

    def __init__(
        self, parameters: Iterable[Value], learning_rate: float = 0.01,
        etas: tuple[float, float] = (0.5, 1.2), step_sizes: tuple[float, float] = (1e-6, 50.0),
        variant: str = "iminus",
    ) -> None:  # fmt: skip
        super().__init__(parameters, learning_rate)
        if not 0.0 < etas[0] < 1.0 < etas[1] < inf:
            raise ValueError(f"etas is {etas}; it must be (below 1, above 1)")
        if not 0.0 < step_sizes[0] <= step_sizes[1] < inf:
            raise ValueError(f"step_sizes is {step_sizes}; it must be (smallest > 0, largest)")
        self.etas, self.step_sizes, self.variant = etas, step_sizes, variant
        self.rule(0.0, 0.0)

    def rule(self, w: Any, g: Any) -> tuple[Any, Any]:
        """The rule `rprop` with these settings."""
        return rules.rprop(
            w, g, self.state, self.learning_rate, self.etas, self.step_sizes, self.variant
        )


class Adagrad(Optimizer):
    """Steps divided by the root of all squared gradients so far, `optim.adagrad`."""

    def __init__(
        self, parameters: Iterable[Value], learning_rate: float = 0.01, epsilon: float = 1e-10,
        variant: str = "torch",
    ) -> None:  # fmt: skip
        super().__init__(parameters, learning_rate)
        self.epsilon = _within("epsilon", epsilon, 0.0, inf)
        self.variant = variant
        self.rule(0.0, 1.0)

    def rule(self, w: Any, g: Any) -> tuple[Any, Any]:
        """The rule `adagrad` with these settings."""
        return rules.adagrad(w, g, self.state, self.learning_rate, self.epsilon, self.variant)


class Adadelta(Optimizer):
    """Steps scaled by the means of squared moves and gradients, `optim.adadelta`."""

    def __init__(
        self, parameters: Iterable[Value], learning_rate: float = 1.0, rho: float = 0.9,
        epsilon: float = 1e-6,
    ) -> None:  # fmt: skip
        super().__init__(parameters, learning_rate)
        self.rho = _within("rho", rho, 0.0, 1.0)
        self.epsilon = _within("epsilon", epsilon, 0.0, inf)

    def rule(self, w: Any, g: Any) -> tuple[Any, Any]:
        """The rule `adadelta` with these settings."""
        return rules.adadelta(w, g, self.state, self.learning_rate, self.rho, self.epsilon)


class RMSprop(Optimizer):
    """Steps divided by the root mean square of recent gradients, `optim.rmsprop`."""

    def __init__(
        self, parameters: Iterable[Value], learning_rate: float = 0.01, alpha: float = 0.99,
        epsilon: float = 1e-8, variant: str = "torch",
    ) -> None:  # fmt: skip
        super().__init__(parameters, learning_rate)
        self.alpha = _within("alpha", alpha, 0.0, 1.0)
        self.epsilon = _within("epsilon", epsilon, 0.0, inf)
        self.variant = variant
        self.rule(0.0, 1.0)

    def rule(self, w: Any, g: Any) -> tuple[Any, Any]:
        """The rule `rmsprop` with these settings."""
        return rules.rmsprop(
            w, g, self.state, self.learning_rate, self.alpha, self.epsilon, self.variant
        )


class Adam(Optimizer):
    """Adaptive moments, `optim.adam`.

    Raises ValueError for a beta outside [0, 1) or a negative epsilon.
    """

    def __init__(
        self, parameters: Iterable[Value], learning_rate: float = 0.001,
        beta1: float = 0.9, beta2: float = 0.999, epsilon: float = 1e-8,
    ) -> None:  # fmt: skip
        super().__init__(parameters, learning_rate)
        self.beta1 = _within("beta1", beta1, 0.0, 1.0)
        self.beta2 = _within("beta2", beta2, 0.0, 1.0)
        self.epsilon = _within("epsilon", epsilon, 0.0, inf)

    def rule(self, w: Any, g: Any) -> tuple[Any, Any]:
        """The rule `adam` with these settings."""
        return rules.adam(
            w, g, self.state, self.learning_rate, self.beta1, self.beta2, self.epsilon
        )


class AdamW(Adam):
    """Adam with decoupled weight decay, `optim.adamw`."""

    def __init__(
        self, parameters: Iterable[Value], learning_rate: float = 0.001,
        weight_decay: float = 0.01, beta1: float = 0.9, beta2: float = 0.999,
        epsilon: float = 1e-8,
    ) -> None:  # fmt: skip
        super().__init__(parameters, learning_rate, beta1, beta2, epsilon)
        self.weight_decay = _within("weight_decay", weight_decay, 0.0, inf)

    def rule(self, w: Any, g: Any) -> tuple[Any, Any]:
        """The rule `adamw` with these settings."""
        return rules.adamw(
            w, g, self.state, self.learning_rate, self.weight_decay,
            self.beta1, self.beta2, self.epsilon,
        )  # fmt: skip


class AdaMax(Adam):
    """Adam with the infinity norm, `optim.adamax`."""

    def __init__(
        self, parameters: Iterable[Value], learning_rate: float = 0.002,
        beta1: float = 0.9, beta2: float = 0.999, epsilon: float = 1e-8, variant: str = "torch",
    ) -> None:  # fmt: skip
        super().__init__(parameters, learning_rate, beta1, beta2, epsilon)
        self.variant = variant
        rules.adamax(0.0, 1.0, None, variant=variant)

    def rule(self, w: Any, g: Any) -> tuple[Any, Any]:
        """The rule `adamax` with these settings."""
        return rules.adamax(
            w, g, self.state, self.learning_rate, self.beta1, self.beta2, self.epsilon,
            self.variant,
        )  # fmt: skip
