"""What arrays and native code cost: `python -m benchmarks.executors`.

Prints the figures that `autograd_lite/compiler/regions.py` chooses by: microseconds for the
NumPy calls of one group in both directions, and for one more number there and in native code,
of plain arithmetic, of an elementary function, and of a term of an inner product. Each is the
slope or the offset of a line through the times of growing groups; medians, one thread.
"""

from __future__ import annotations

import os

os.environ["OMP_NUM_THREADS"] = os.environ["OPENBLAS_NUM_THREADS"] = "1"

import statistics
import time
from collections.abc import Callable
from typing import Any

import numpy as np

import autograd_lite as al
from autograd_lite.compiler.program import compile_loosely
from benchmarks import parser

DEPTH = 20  # groups one after the other in each program
SAMPLES = 64


def layers(step: Callable[[Any, Any], Any], width: int, executor: str) -> Any:
    """DEPTH groups of `width` nodes on a batch of inputs."""
    x, w = al.inputs(width), [al.parameter(0.5) for _ in range(width)]
    values: list[Any] = [v * p for v, p in zip(x, w, strict=True)]
    for _ in range(DEPTH):
        values = [step(v, p) for v, p in zip(values, w, strict=True)]
    y = al.sum(values)
    return compile_loosely([y], x, w, gradient=True, executor=executor)


def dots(width: int, executor: str) -> Any:
    """DEPTH dense layers of `width` neurons."""
    x = al.inputs(width)
    w = [[al.parameter(0.5 / width) for _ in range(width)] for _ in range(width)]
    values: list[Any] = list(x)
    for _ in range(DEPTH):
        values = [al.dot(row, values) for row in w]
    flat = [p for row in w for p in row]
    return compile_loosely([al.sum(values)], x, flat, gradient=True, executor=executor)


def microseconds(program: Any, width: int) -> float:
    """The median time of value and gradient on a batch."""
    X = np.random.default_rng(0).random((SAMPLES, width))
    theta, times = program.theta, []
    for _ in range(31):
        start = time.perf_counter()
        program.value_and_grad(X, theta)
        times.append(1e6 * (time.perf_counter() - start))
    return statistics.median(times[1:])


def line(small: float, large: float, numbers: int, more: int) -> tuple[float, float]:
    """Offset per group, and slope per number, of a line through two times."""
    slope = (large - small) / (DEPTH * (more - numbers))
    return small / DEPTH - slope * numbers, slope


def main() -> None:
    parser("executors", __doc__).parse_args()
    steps = {"plain arithmetic": lambda v, p: v * p, "elementary function": lambda v, _: al.tanh(v)}
    print(f"microseconds, batch of {SAMPLES}, both directions")
    for executor in ("arrays", "native"):
        for name, step in steps.items():
            times = [microseconds(layers(step, w, executor), w) for w in (2, 64)]
            offset, slope = line(*times, 2 * SAMPLES, 64 * SAMPLES)
            print(f"{executor:8}{name:22}{offset:8.2f} a group {slope:9.4f} a number")
        times = [microseconds(dots(w, executor), w) for w in (8, 48)]
        offset, slope = line(*times, 64 * SAMPLES, 48 * 48 * SAMPLES)
        print(f"{executor:8}{'inner products':22}{offset:8.2f} a group {slope:9.4f} a term")


if __name__ == "__main__":
    main()
