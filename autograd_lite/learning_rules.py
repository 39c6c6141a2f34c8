"""The learning rules of the lectures before automatic differentiation, in their own form.

One step of the perceptron and of the delta rule, and back-propagation as matrix products:
an independent way to the same gradients, which tests hold against the engine.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, NamedTuple

import numpy as np

from autograd_lite import ops

if TYPE_CHECKING:
    from collections.abc import Sequence

    from numpy.typing import ArrayLike, NDArray

    Array = NDArray[np.float64]
    Sample = tuple[Sequence[float], float]


def _weighted_sum(w: Sequence[float], x: Sequence[float]) -> float:
    if len(w) != len(x):
        raise ValueError(f"{len(w)} weights but {len(x)} inputs")
    return float(ops.dot(*w, *x, 0.0))


def perceptron(w: Sequence[float], x: Sequence[float], target: float) -> list[float]:
    """The weights after one instance: w + x, w - x or w, as step(w . x) was 0, 1 or right.

    target is 0 or 1 (ValueError else); a bias is the weight of an input that is always 1.
    step(0) = 1. Raises ValueError where w and x differ in length.
    Source: Rosenblatt (1958); lecture 003, perceptron algorithm.

    >>> perceptron([0.0, 0.0], [1.0, 1.0], 0)
    [-1.0, -1.0]
    """
    if target not in (0, 1):
        raise ValueError(f"perceptron: the target is {target}; it must be 0 or 1")
    mistake = target - ops.step(_weighted_sum(w, x))
    return [wi + mistake * xi for wi, xi in zip(w, x, strict=True)]


class PerceptronRun(NamedTuple):
    """The weights, after how many epochs, and whether the last epoch had no mistake."""

    weights: list[float]
    epochs: int
    converged: bool


def train_perceptron(
    samples: Sequence[Sample], w: Sequence[float], max_epochs: int = 1000
) -> PerceptronRun:
    """Apply the perceptron rule to (x, target) in order until an epoch without a mistake.

    It ends by itself if and only if a plane separates the targets (Novikoff, 1962); else
    after max_epochs with converged = False.

    >>> train_perceptron([([1, 0], 0), ([1, 1], 1)], [0, 0])
    PerceptronRun(weights=[-1.0, 1.0], epochs=3, converged=True)
    """
    weights = [float(wi) for wi in w]
    for epoch in range(1, max_epochs + 1):
        before = weights
        mistakes = 0
        for x, target in samples:
            moved = perceptron(weights, x, target)
            mistakes += moved != weights
            weights = moved
        if not mistakes:
            return PerceptronRun(before, epoch, True)
    return PerceptronRun(weights, max_epochs, False)


def delta_rule(
    w: Sequence[float],
    x: Sequence[float],
    target: float,
    learning_rate: float,
    activation: ops.Op = ops.identity,
) -> list[float]:
    """The weights after one instance: w + learning_rate * (t - y) * g'(z) * x.

    y = g(z) and z = w . x; with the identity it is the linear unit's rule (Widrow and Hoff,
    1960; lecture 003), with the row `sigmoid` g' = y(1 - y) (lecture 000).

    >>> delta_rule([0.5, -0.5], [1.0, 1.0], target=1.0, learning_rate=0.5)
    [1.0, 0.0]
    """
    z = _weighted_sum(w, x)
    y = activation(z)
    (slope,) = activation.partials(y, z)
    move = learning_rate * (target - y) * (slope or 0.0)
    return [wi + move * xi for wi, xi in zip(w, x, strict=True)]


class MatrixPass(NamedTuple):
    """One sample's forward and backward pass, a row vector or matrix per layer.

    z, a                 pre-activations; activations, a[0] the input
    errors, deltas       e(l) = dE/da(l) and delta(l) = e(l) * g'(z(l))
    weights, biases      the gradients dE/dW(l) = a(l-1)^T delta(l) and dE/db(l) = delta(l)
    """

    z: list[Array]
    a: list[Array]
    errors: list[Array]
    deltas: list[Array]
    weights: list[Array]
    biases: list[Array]


def back_propagation(
    weights: Sequence[ArrayLike],
    biases: Sequence[ArrayLike],
    activations: Sequence[ops.Op],
    x: ArrayLike,
    target: ArrayLike,
) -> MatrixPass:
    """Back-propagation in matrix form for E = sum of (a - t)**2 / 2.

    weights[l] has the shape (n_in, n_out), biases[l] (n_out,); one unary row per layer.
    e(last) = a - t, delta(l) = e(l) * g'(z(l)), e(l) = delta(l+1) W(l+1)^T: all with the
    weights before the update (E000-07).
    Raises ValueError where the shapes do not fit.
    Source: Rumelhart, Hinton and Williams (1986); lecture 000, back-propagation in matrices.

    >>> run = back_propagation([[[2.0]]], [[0.0]], [ops.identity], [3.0], [5.0])
    >>> run.deltas[0].tolist(), run.weights[0].tolist()
    ([1.0], [[3.0]])
    """
    matrices = [np.asarray(w, dtype=float) for w in weights]
    if not len(matrices) == len(biases) == len(activations):
        raise ValueError(
            f"{len(matrices)} weight matrices, {len(biases)} biases, {len(activations)} activations"
        )
    a = [np.asarray(x, dtype=float)]
    z: list[Array] = []
    for w, b, row in zip(matrices, biases, activations, strict=True):
        z.append(a[-1] @ w + np.asarray(b, dtype=float))
        a.append(_each(row.fn, z[-1]))
    error = a[-1] - np.asarray(target, dtype=float)
    errors: list[Array] = []
    deltas: list[Array] = []
    for k in reversed(range(len(matrices))):
        slopes = _each(lambda y, v, row=activations[k]: row.partials(y, v)[0], a[k + 1], z[k])
        errors.insert(0, error)
        deltas.insert(0, error * slopes)
        error = deltas[0] @ matrices[k].T
    gradients = [np.outer(before, delta) for before, delta in zip(a, deltas)]
    return MatrixPass(z, a, errors, deltas, gradients, list(deltas))


def _each(function: Any, *arrays: Array) -> Array:
    """The function of every entry."""
    return np.asarray(np.frompyfunc(function, len(arrays), 1)(*arrays), dtype=float)
