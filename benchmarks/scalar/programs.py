"""The programs, each a scalar function f(x, m) of a list of numbers.

m is the namespace that exp, sqrt, tanh and log1p come from: `math` and mpmath run f on numbers,
autograd_lite, CasADi and ddx-ad on their own scalars. Nothing in f knows which.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from itertools import combinations, pairwise
from typing import Any

import numpy as np

Scalars = list[Any]
ScalarFunction = Callable[[Scalars, Any], Any]
#: The same function of an array x, with the namespace of array functions (NumPy's or jax's).
ArrayFunction = Callable[[Any, Any], Any]


@dataclass(frozen=True)
class Program:
    """A function, where to differentiate it, and whether its gradient or Hessian is asked for.

    array  the function over whole arrays, for peers that would be slow on scalars
    c      its name in by_hand.c, and `data` the arguments that the C function takes after x
    steps  of a leapfrog, whose array form is a loop over them
    """

    name: str
    f: ScalarFunction
    x: np.ndarray
    array: ArrayFunction | None = None
    hessian: bool = False
    c: str = ""
    data: tuple[Any, ...] = ()
    steps: int = 0


# --- Rosenbrock -------------------------------------------------------------------------


def rosenbrock(x: Scalars, m: Any) -> Any:  # noqa: ARG001  # no function is needed
    total = 0.0
    for a, b in pairwise(x):
        t = b - a * a
        s = 1.0 - a
        total = total + (100.0 * t * t + s * s)
    return total


def rosenbrock_of_array(x: Any, np: Any) -> Any:
    a, b = x[:-1], x[1:]
    return np.sum(100.0 * (b - a * a) ** 2 + (1.0 - a) ** 2)


def rosenbrock_program(variables: int) -> Program:
    x = np.random.default_rng(0).uniform(-1.5, 1.5, variables)
    return Program(
        f"Rosenbrock, {variables:,} variables", rosenbrock, x, rosenbrock_of_array,
        c="rosenbrock", data=(variables,),
    )  # fmt: skip


# --- three bodies -----------------------------------------------------------------------

MASSES = (1.0, 0.9, 1.1)
DT = 0.01
SOFTENING = 0.01  # added to a squared distance
TARGET = (0.5, -0.25)
#: Positions, then velocities: near the figure of eight (Chenciner and Montgomery, 2000), an
#: orbit without close encounters, so that no gradient is lost in chaos.
START = np.array([
    0.97000436, -0.24308753, -0.97000436, 0.24308753, 0.0, 0.0,
    0.466203685, 0.43236573, 0.466203685, 0.43236573, -0.93240737, -0.86473146,
])  # fmt: skip


def accelerations(q: Scalars, m: Any) -> Scalars:
    """Newton's: every pair attracts by the other's mass over the squared distance."""
    a: Scalars = [0.0] * 6
    for i, j in combinations(range(3), 2):
        dx = q[2 * j] - q[2 * i]
        dy = q[2 * j + 1] - q[2 * i + 1]
        d2 = dx * dx + dy * dy + SOFTENING
        pull = 1.0 / (d2 * m.sqrt(d2))
        fx, fy = dx * pull, dy * pull
        a[2 * i] = a[2 * i] + MASSES[j] * fx
        a[2 * i + 1] = a[2 * i + 1] + MASSES[j] * fy
        a[2 * j] = a[2 * j] - MASSES[i] * fx
        a[2 * j + 1] = a[2 * j + 1] - MASSES[i] * fy
    return a


def advance(q: Scalars, v: Scalars, m: Any) -> tuple[Scalars, Scalars]:
    """One leapfrog step: half a drift, a kick, half a drift."""
    q = [qi + (DT / 2) * vi for qi, vi in zip(q, v)]
    v = [vi + DT * ai for vi, ai in zip(v, accelerations(q, m))]
    q = [qi + (DT / 2) * vi for qi, vi in zip(q, v)]
    return q, v


def miss(q: Scalars) -> Any:
    """The squared distance of the last body from the target."""
    dx, dy = q[4] - TARGET[0], q[5] - TARGET[1]
    return dx * dx + dy * dy


def leapfrog_program(steps: int) -> Program:
    def leapfrog(x: Scalars, m: Any) -> Any:
        q, v = x[:6], x[6:]
        for _ in range(steps):
            q, v = advance(q, v, m)
        return miss(q)

    return Program(f"leapfrog, {steps:,} steps", leapfrog, START, c="leapfrog", data=(steps,),
                   steps=steps)  # fmt: skip


# --- logistic regression ----------------------------------------------------------------


def logistic_program(samples: int = 1000, features: int = 10) -> Program:
    """The samples are constants; x holds the weights, then the bias."""
    rng = np.random.default_rng(0)
    X = rng.normal(size=(samples, features))
    T = np.where(X @ rng.normal(size=features) + rng.normal(size=samples) > 0.0, 1.0, -1.0)
    rows = list(zip(X.tolist(), T.tolist(), strict=True))

    def logistic(x: Scalars, m: Any) -> Any:
        *w, b = x
        total = 0.0
        for row, t in rows:
            z = b
            for wi, xi in zip(w, row):
                z = z + wi * xi
            total = total + m.log1p(m.exp(-t * z))
        return total

    def logistic_of_array(x: Any, np: Any) -> Any:
        return np.sum(np.log1p(np.exp(-T * (X @ x[:-1] + x[-1]))))

    return Program(
        f"logistic regression, {samples:,} x {features}", logistic,
        0.3 * rng.normal(size=features + 1), logistic_of_array,
        c="logistic", data=(samples, features, X, T),
    )  # fmt: skip


# --- a small network --------------------------------------------------------------------


def mlp_program(samples: int = 4, hidden: int = 8) -> Program:
    """2-8-1 of tanh with squared error: 33 parameters, neuron by neuron, the bias last."""
    rng = np.random.default_rng(0)
    X = rng.uniform(-1.0, 1.0, size=(samples, 2))
    T = np.sign(X[:, 0] * X[:, 1])
    rows = list(zip(X.tolist(), T.tolist(), strict=True))

    def mlp(x: Scalars, m: Any) -> Any:
        total = 0.0
        for (a, b), t in rows:
            y = x[-1]
            for k in range(hidden):
                w0, w1, bias = x[3 * k : 3 * k + 3]
                y = y + x[3 * hidden + k] * m.tanh(w0 * a + w1 * b + bias)
            e = m.tanh(y) - t
            total = total + e * e
        return total

    def mlp_of_array(x: Any, np: Any) -> Any:
        W = x[: 3 * hidden].reshape(hidden, 3)
        h = np.tanh(X @ W[:, :2].T + W[:, 2])
        return np.sum((np.tanh(h @ x[3 * hidden : -1] + x[-1]) - T) ** 2)

    x = 0.5 * rng.normal(size=4 * hidden + 1)
    return Program(f"Hessian of an MLP, {len(x)} parameters", mlp, x, mlp_of_array, hessian=True)


def hessian_of_rosenbrock(variables: int = 50) -> Program:
    x = np.random.default_rng(0).uniform(-1.5, 1.5, variables)
    return Program(f"Hessian of Rosenbrock, {variables} variables", rosenbrock, x,
                   rosenbrock_of_array, hessian=True)  # fmt: skip
