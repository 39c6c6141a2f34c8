"""Learning-rate schedules: functions (rate, losses) -> rate for the next epoch.

`losses` holds the mean loss of every epoch so far. `fit(schedule=...)` asks after each epoch.
"""

from __future__ import annotations

from math import cos, pi
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

    Schedule = Callable[[float, Sequence[float]], float]


def bold_driver(longer: float = 1.05, shorter: float = 0.5) -> Schedule:
    """Longer steps while the error falls, halved when it rises.

    Source: lecture 002, learning rate; Battiti (1989), "bold driver".

    >>> schedule = bold_driver()
    >>> schedule(0.1, [3.0, 4.0])
    0.05
    """

    def schedule(rate: float, losses: Sequence[float]) -> float:
        rose = len(losses) > 1 and losses[-1] > losses[-2]
        return rate * (shorter if rose else longer)

    return schedule


def step_decay(every: int, factor: float = 0.1) -> Schedule:
    """The rate times factor after every so many epochs.

    >>> step_decay(every=2)(0.5, [3.0, 2.0])
    0.05
    """
    if every < 1:
        raise ValueError(f"step_decay: every is {every}; it must be at least 1")

    def schedule(rate: float, losses: Sequence[float]) -> float:
        return rate * factor if len(losses) % every == 0 else rate

    return schedule


def exponential_decay(factor: float) -> Schedule:
    """The rate times factor after each epoch.

    >>> exponential_decay(0.5)(0.2, [3.0])
    0.1
    """

    def schedule(rate: float, losses: Sequence[float]) -> float:  # noqa: ARG001 - one signature
        return rate * factor

    return schedule


def cosine(epochs: int) -> Schedule:
    """From the first rate down to 0 over so many epochs, along half a cosine.

    The rate after n epochs is first * (1 + cos(pi n / epochs)) / 2.
    Source: Loshchilov and Hutter (2017), "SGDR", eq. 5, without restarts.

    >>> round(cosine(epochs=2)(0.2, [1.0]), 12)
    0.1
    """
    if epochs < 1:
        raise ValueError(f"cosine: epochs is {epochs}; it must be at least 1")

    def height(n: int) -> float:
        return 1.0 + cos(pi * n / epochs)

    def schedule(rate: float, losses: Sequence[float]) -> float:
        n = len(losses)
        return rate * height(n) / height(n - 1) if n < epochs else 0.0

    return schedule
