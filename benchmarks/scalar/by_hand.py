"""The gradients written by hand: in NumPy, and in C (by_hand.c) as gcc compiles it."""

from __future__ import annotations

import ctypes
import functools
import subprocess
import tempfile
import time
from pathlib import Path
from typing import Any

import numpy as np

from benchmarks.scalar import programs
from benchmarks.scalar.peers import Built
from benchmarks.scalar.programs import Program


def rosenbrock(x: Any) -> Any:
    a, b = x[:-1], x[1:]
    t, s = b - a * a, 1.0 - a
    g = np.empty_like(x)
    g[0] = 0.0
    np.multiply(t, 200.0, out=g[1:])
    g[:-1] -= 400.0 * t * a + 2.0 * s
    return 100.0 * (t @ t) + s @ s, g


def logistic(x: Any, X: Any, T: Any) -> Any:
    e = np.exp(-T * (X @ x[:-1] + x[-1]))
    dz = -T * e / (1.0 + e)
    return np.log1p(e).sum(), np.append(X.T @ dz, dz.sum())


def with_numpy(program: Program) -> Built | None:
    """Whole-array NumPy; not for leapfrog, whose arrays would have six numbers."""
    if program.c == "rosenbrock":
        run = functools.partial(rosenbrock, program.x)
    elif program.c == "logistic":
        run = functools.partial(logistic, program.x, *program.data[2:])
    else:
        return None
    return Built(run, lambda: run()[1], 0.0)


@functools.cache
def library() -> tuple[ctypes.CDLL, float]:
    """The C functions, and the seconds that gcc took."""
    with tempfile.TemporaryDirectory() as folder:
        target = Path(folder) / "by_hand.so"
        source = Path(__file__).with_name("by_hand.c")
        start = time.perf_counter()
        subprocess.run(
            ["gcc", "-O2", "-march=native", "-shared", "-fPIC", "-o", target, source, "-lm"],
            check=True,
        )
        return ctypes.CDLL(str(target)), time.perf_counter() - start


def with_c(program: Program) -> Built | None:
    """gcc -O2 -march=native, called through ctypes with arguments made once."""
    if not program.c:
        return None
    lib, seconds = library()
    function = getattr(lib, program.c)
    function.restype = ctypes.c_double
    gradient = np.zeros(len(program.x))
    values: list[Any] = [program.x, gradient, *program.data]
    if program.steps:
        values += [np.array(programs.MASSES), programs.DT, programs.SOFTENING,
                   np.array(programs.TARGET), np.zeros((program.steps, 6))]  # fmt: skip
    run = functools.partial(function, *map(argument, values))

    def derivative() -> Any:
        run()
        return gradient

    return Built(run, derivative, seconds, keep=values)


def argument(value: Any) -> Any:
    """A value as C takes it: an array by its address."""
    if isinstance(value, np.ndarray):
        assert value.dtype == np.float64, value.dtype
        assert value.flags.c_contiguous
        return ctypes.c_void_p(value.ctypes.data)
    return ctypes.c_long(value) if isinstance(value, int) else ctypes.c_double(value)
