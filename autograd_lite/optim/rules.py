"""Update rules: pure functions (w, g, state, ...) -> (new w, new state).

w are the weights and g their gradients, numbers or NumPy arrays of one shape; state is what
the last call returned, None before the first. All settings are plain numbers. Where a paper,
the lectures and PyTorch differ, `variant` chooses, and PyTorch's is the default, because
that is what people compare with; each docstring says how the others differ.
"""

from __future__ import annotations

from typing import Any

import numpy as np


def _check(name: str, variant: str, known: tuple[str, ...]) -> None:
    if variant not in known:
        raise ValueError(f"{name}: variant is {variant!r}; there are {', '.join(known)}")


def sgd(w: Any, g: Any, state: Any = None, learning_rate: float = 0.01) -> tuple[Any, Any]:
    """w - learning_rate * g: gradient descent. There is no state.

    Lecture 001 prints a plus (E001-01); 000, 002 and 004 subtract, and so do all others.
    Source: Robbins and Monro (1951); Rumelhart, Hinton and Williams (1986).

    >>> sgd(1.0, 0.5, learning_rate=0.1)
    (0.95, None)
    """
    return w - learning_rate * g, state


def momentum(
    w: Any, g: Any, state: Any = None, learning_rate: float = 0.01, momentum: float = 0.9,
    variant: str = "torch",
) -> tuple[Any, Any]:  # fmt: skip
    """w - learning_rate * v, where v = momentum * v + g gathers speed; the state is v.

    variant "document" (lecture 002, Polyak): the state is the last move
    d = momentum * d - learning_rate * g and the new w is w + d. Both give the same weights
    while the learning rate is constant, not when it changes.
    Source: Polyak (1964), "Some methods of speeding up the convergence of iteration methods".

    >>> w, v = momentum(1.0, 1.0, learning_rate=0.1)
    >>> w, v = momentum(w, w, v, learning_rate=0.1)
    >>> round(w, 12), round(v, 12)
    (0.72, 1.8)
    """
    _check("momentum", variant, ("torch", "document"))
    last = 0.0 if state is None else state
    if variant == "document":
        d = momentum * last - learning_rate * g
        return w + d, d
    v = momentum * last + g
    return w - learning_rate * v, v


def nesterov(
    w: Any, g: Any, state: Any = None, learning_rate: float = 0.01, momentum: float = 0.9,
    variant: str = "torch",
) -> tuple[Any, Any]:  # fmt: skip
    """w - learning_rate * (g + momentum * v), v = momentum * v + g; the state is v.

    variant "lookahead" (the paper's): v = momentum * v - learning_rate * g and w + v, where g
    must be the gradient at w + momentum * v (with the last v), not at w. The two walk the
    same path: this form's w is the paper's w + momentum * v. The lectures do not have it.
    Source: Nesterov (1983); Sutskever, Martens, Dahl and Hinton (2013), eqs. 3 and 4.

    >>> w, v = nesterov(1.0, 1.0, learning_rate=0.1)
    >>> round(w, 12), v
    (0.81, 1.0)
    """
    _check("nesterov", variant, ("torch", "lookahead"))
    last = 0.0 if state is None else state
    if variant == "lookahead":
        v = momentum * last - learning_rate * g
        return w + v, v
    v = momentum * last + g
    return w - learning_rate * (g + momentum * v), v


def rprop(
    w: Any, g: Any, state: Any = None, learning_rate: float = 0.01,
    etas: tuple[float, float] = (0.5, 1.2), step_sizes: tuple[float, float] = (1e-6, 50.0),
    variant: str = "iminus",
) -> tuple[Any, Any]:  # fmt: skip
    """w - sign(g) * step: each weight has a step of its own; only the sign of g counts.

    The first step is learning_rate. While g keeps its sign, step grows by etas[1]; when the
    sign changes it shrinks by etas[0]; it stays within step_sizes. The state is (last g,
    step, last move). After a change of sign three rules are in use (E002-15):

    "iminus"  no move in that step, last g = 0: iRprop-, PyTorch's
    "minus"   moves on with the smaller step: Rprop-, what lecture 002 describes
    "plus"    takes the last move back, last g = 0: Rprop+, the paper's

    It is made for whole batches: on mini-batches a rare large gradient of the other sign does
    not outweigh many small ones (lecture 002).
    Source: Riedmiller and Braun (1993); Igel and Huesken (2000).

    >>> w, state = rprop(1.0, 5.0, learning_rate=0.1)
    >>> w, state = rprop(w, 0.001, state)
    >>> round(float(w), 12)
    0.78
    """
    _check("rprop", variant, ("iminus", "minus", "plus"))
    last, step, move = (0.0, learning_rate, 0.0) if state is None else state
    agreement = last * g
    turned = agreement < 0.0
    factor = np.where(agreement > 0.0, etas[1], np.where(turned, etas[0], 1.0))
    step = np.clip(step * factor, *step_sizes)
    if variant == "minus":
        move = -np.sign(g) * step
        return w + move, (g, step, move)
    back = -move if variant == "plus" else 0.0
    move = np.where(turned, back, -np.sign(g) * step)
    return w + move, (np.where(turned, 0.0, g), step, move)


def adagrad(
    w: Any, g: Any, state: Any = None, learning_rate: float = 0.01, epsilon: float = 1e-10,
    variant: str = "torch",
) -> tuple[Any, Any]:  # fmt: skip
    """w - learning_rate * g / (sqrt(G) + epsilon), G the sum of all g**2; the state is G.

    variant "document" (lecture 002): epsilon inside the root, sqrt(G + epsilon). Only the
    diagonal of the sum of outer products is used (E002-05).
    Source: Duchi, Hazan and Singer (2011), Figure 1 (epsilon outside).

    >>> w, G = adagrad(1.0, 2.0, learning_rate=0.1)
    >>> round(w, 9), G
    (0.9, 4.0)
    """
    _check("adagrad", variant, ("torch", "document"))
    G = (0.0 if state is None else state) + g * g
    if variant == "document":
        return w - learning_rate * g / (G + epsilon) ** 0.5, G
    return w - learning_rate * g / (G**0.5 + epsilon), G


def adadelta(
    w: Any, g: Any, state: Any = None, learning_rate: float = 1.0, rho: float = 0.9,
    epsilon: float = 1e-6,
) -> tuple[Any, Any]:  # fmt: skip
    """w - learning_rate * d, d = sqrt(U + epsilon) / sqrt(R + epsilon) * g.

    R and U are decaying means (rho) of g**2 and, after the step, of d**2; the state is (R, U).
    The paper and lecture 002 have no learning rate (1.0); the paper's experiments use
    rho = 0.95, the lecture and PyTorch 0.9 (E002-06).
    Source: Zeiler (2012), Algorithm 1.

    >>> w, (R, U) = adadelta(1.0, 1.0)
    >>> round(R, 12), round(1.0 - w, 9)
    (0.1, 0.003162262)
    """
    R, U = (0.0, 0.0) if state is None else state
    R = rho * R + (1.0 - rho) * (g * g)
    d = (U + epsilon) ** 0.5 / (R + epsilon) ** 0.5 * g
    U = rho * U + (1.0 - rho) * (d * d)
    return w - learning_rate * d, (R, U)


def rmsprop(
    w: Any, g: Any, state: Any = None, learning_rate: float = 0.01, alpha: float = 0.99,
    epsilon: float = 1e-8, variant: str = "torch",
) -> tuple[Any, Any]:  # fmt: skip
    """w - learning_rate * g / (sqrt(R) + epsilon), R = alpha*R + (1-alpha)*g**2; the state is R.

    variant "document" (lecture 002): epsilon inside the root. The lecture prints R without
    the factor 1 - alpha (E002-03), which would make steps three times too short; it has
    alpha = 0.9 and learning_rate = 0.001, as Hinton does.
    Source: Hinton (2012), Neural Networks for Machine Learning, lecture 6e.

    >>> w, R = rmsprop(1.0, 2.0, learning_rate=0.1, alpha=0.75)
    >>> round(w, 6), R
    (0.8, 1.0)
    """
    _check("rmsprop", variant, ("torch", "document"))
    R = alpha * (0.0 if state is None else state) + (1.0 - alpha) * (g * g)
    if variant == "document":
        return w - learning_rate * g / (R + epsilon) ** 0.5, R
    return w - learning_rate * g / (R**0.5 + epsilon), R


def adam(
    w: Any, g: Any, state: Any = None, learning_rate: float = 0.001,
    beta1: float = 0.9, beta2: float = 0.999, epsilon: float = 1e-8,
) -> tuple[Any, Any]:  # fmt: skip
    """w - learning_rate * M / (sqrt(V) + epsilon), from decaying means of g and g**2.

    m = beta1*m + (1-beta1)*g and v = beta2*v + (1-beta2)*g**2; M = m / (1 - beta1**t) and
    V = v / (1 - beta2**t) undo their start at 0; the state is (m, v, t).
    Paper, lecture 002 and PyTorch agree; the lecture leaves out learning_rate (E002-07).
    Source: Kingma and Ba (2015), Algorithm 1.

    >>> w, (m, v, t) = adam(1.0, 0.5)
    >>> round(w, 6), t
    (0.999, 1)
    """
    m, v, t = (0.0, 0.0, 0) if state is None else state
    t += 1
    m = beta1 * m + (1.0 - beta1) * g
    v = beta2 * v + (1.0 - beta2) * (g * g)
    mean, square = m / (1.0 - beta1**t), v / (1.0 - beta2**t)
    return w - learning_rate * mean / (square**0.5 + epsilon), (m, v, t)


def adamw(
    w: Any, g: Any, state: Any = None, learning_rate: float = 0.001, weight_decay: float = 0.01,
    beta1: float = 0.9, beta2: float = 0.999, epsilon: float = 1e-8,
) -> tuple[Any, Any]:  # fmt: skip
    """The step of `adam` on weights shrunk by learning_rate * weight_decay; its state.

    The decay does not go through the adaptive denominator, as it would if weight_decay * w
    were added to g.
    Source: Loshchilov and Hutter (2019), Algorithm 2, with PyTorch's scaling of the decay.

    >>> w, state = adamw(1.0, 0.0, learning_rate=0.1, weight_decay=0.5)
    >>> w
    0.95
    """
    shrunk = w - learning_rate * weight_decay * w
    return adam(shrunk, g, state, learning_rate, beta1, beta2, epsilon)


def adamax(
    w: Any, g: Any, state: Any = None, learning_rate: float = 0.002,
    beta1: float = 0.9, beta2: float = 0.999, epsilon: float = 1e-8, variant: str = "torch",
) -> tuple[Any, Any]:  # fmt: skip
    """w - learning_rate / (1 - beta1**t) * m / u, u = max(beta2 * u, |g| + epsilon).

    m = beta1*m + (1-beta1)*g; the state is (m, u, t). variant "paper" has no epsilon: where a
    gradient stays 0 from the start it divides 0 by 0, and the weight becomes nan.
    Source: Kingma and Ba (2015), Algorithm 2; named in lecture 002.

    >>> w, state = adamax(1.0, 0.5)
    >>> round(float(w), 6)
    0.998
    """
    _check("adamax", variant, ("torch", "paper"))
    m, u, t = (0.0, 0.0, 0) if state is None else state
    t += 1
    m = beta1 * m + (1.0 - beta1) * g
    u = np.maximum(beta2 * u, abs(g) if variant == "paper" else abs(g) + epsilon)
    return w - learning_rate / (1.0 - beta1**t) * m / u, (m, u, t)
