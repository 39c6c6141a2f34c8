"""First weights: functions (fan_in, fan_out, rng) -> one number.

fan_in and fan_out count the connections into and out of a layer. Biases start at 0.
Source of all: lecture 000, weight initialization techniques.
"""

from __future__ import annotations

from math import sqrt
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from random import Random


def _check(fan_in: int, fan_out: int) -> None:
    for name, count in (("fan_in", fan_in), ("fan_out", fan_out)):
        if count < 1:
            raise ValueError(f"{name} is {count}; a layer has at least 1 connection each way")


def xavier_sigma(fan_in: int, fan_out: int) -> float:
    """The standard deviation sqrt(2 / (fan_in + fan_out)), for tanh and sigmoid layers.

    Keeps the variance of activations and of gradients level.
    Raises ValueError if either count is below 1.
    Source: Glorot and Bengio (2010), eq. 12.

    >>> xavier_sigma(3, 5)
    0.5
    """
    _check(fan_in, fan_out)
    return sqrt(2.0 / (fan_in + fan_out))


def he_sigma(fan_in: int, fan_out: int = 1) -> float:
    """The standard deviation sqrt(2 / fan_in), for ReLU layers; fan_out plays no part.

    Raises ValueError if either count is below 1.
    Source: He, Zhang, Ren and Sun (2015), eq. 10.

    >>> he_sigma(8)
    0.5
    """
    _check(fan_in, fan_out)
    return sqrt(2.0 / fan_in)


def xavier_normal(fan_in: int, fan_out: int, rng: Random) -> float:
    """One weight from the normal distribution N(0, xavier_sigma**2)."""
    return rng.gauss(0.0, xavier_sigma(fan_in, fan_out))


def xavier_uniform(fan_in: int, fan_out: int, rng: Random) -> float:
    """One weight from U(-r, r), r = sqrt(3) * xavier_sigma = sqrt(6 / (fan_in + fan_out)).

    Source: Glorot and Bengio (2010), eq. 16.
    """
    return _uniform(xavier_sigma(fan_in, fan_out), rng)


def he_normal(fan_in: int, fan_out: int, rng: Random) -> float:
    """One weight from the normal distribution N(0, he_sigma**2)."""
    return rng.gauss(0.0, he_sigma(fan_in, fan_out))


def he_uniform(fan_in: int, fan_out: int, rng: Random) -> float:
    """One weight from U(-r, r), r = sqrt(3) * he_sigma = sqrt(6 / fan_in)."""
    return _uniform(he_sigma(fan_in, fan_out), rng)


def _uniform(sigma: float, rng: Random) -> float:
    r = sqrt(3.0) * sigma  # U(-r, r) has the variance r**2 / 3
    return rng.uniform(-r, r)
