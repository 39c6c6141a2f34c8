"""A figure beside its goal, and the graph that most scenarios measure."""

from __future__ import annotations

import time
from collections.abc import Callable

import autograd_lite as al

MILLION = 1_000_000
FACTOR = 1.0000000001


def report(what: str, figure: float, unit: str, limit: float) -> None:
    verdict = "ok" if figure <= limit else "MISSED"
    print(f"  {what:56} {figure:9.3g} {unit:8} goal <= {limit:<7g} {verdict}", flush=True)


def seconds(action: Callable[[], object]) -> float:
    start = time.process_time()
    action()
    return time.process_time() - start


def chain(length: int) -> tuple[al.Value, al.Value]:
    """x and x * FACTOR**length, one node per factor."""
    x = y = al.Value(1.0)
    for _ in range(length):
        y = y * FACTOR
    return x, y
