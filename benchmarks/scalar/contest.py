"""The contest: all contestants agree on a derivative, then take turns at computing it."""

from __future__ import annotations

import importlib.util
import shutil
import statistics
import time
from collections.abc import Callable, Collection
from typing import Any, NamedTuple

import numpy as np

import autograd_lite as al
from benchmarks import peer
from benchmarks.scalar.by_hand import with_c, with_numpy
from benchmarks.scalar.peers import (
    Built,
    ours,
    with_casadi,
    with_ddx,
    with_hips,
    with_jax,
    with_llvm,
)
from benchmarks.scalar.programs import Program

mpmath = peer("mpmath")
ROUNDS = 11
SECONDS_PER_ROUND = 0.004
#: Of the largest entry: what the derivatives may differ by. The thousand steps of a leapfrog
#: multiply every rounding by some hundreds.
TOLERANCE = 1e-9

OURS, CASADI, DDX, LLVM = "autograd_lite", "CasADi SX", "ddx-ad interpreter", "ddx-ad LLVM"
C = "C by hand"
#: name, the module or compiler that it needs, the contestant
CONTESTANTS: dict[str, tuple[str, Callable[[Program], Built | None]]] = {
    OURS: ("numpy", ours),
    CASADI: ("casadi", with_casadi),
    DDX: ("ddx", with_ddx),
    LLVM: ("ddx", with_llvm),
    "jax.jit": ("jax", with_jax),
    "HIPS autograd": ("autograd", with_hips),
    "NumPy by hand": ("numpy", with_numpy),
    C: ("gcc", with_c),
}


class Result(NamedTuple):
    """Per contestant the microseconds of a call and the seconds that compiling took."""

    program: Program
    nodes: int
    times: dict[str, float]
    compiled: dict[str, float]

    def ratio(self, peer: str) -> float:
        """How many times as long as we the peer takes."""
        return self.times[peer] / self.times[OURS]


def installed(without: Collection[str]) -> list[str]:
    """The contestants that can take part, but for those that are not wanted."""
    found = []
    for name, (needed, _) in CONTESTANTS.items():
        if name in without:
            continue
        if importlib.util.find_spec(needed) or shutil.which(needed):
            found.append(name)
        else:
            print(f"({needed} is not installed: {name} is left out)")
    return found


def contest(program: Program, names: Collection[str]) -> Result:
    made = {name: CONTESTANTS[name][1](program) for name in names}
    built = {name: found for name, found in made.items() if found is not None}
    nodes = count(program)
    print(f"\n{program.name}: {nodes:,} operations")
    agree(program, built)
    result = Result(
        program, nodes, interleaved(built), {name: b.seconds for name, b in built.items()}
    )
    for name, microseconds in result.times.items():
        seconds = result.compiled[name]
        print(f"  {name:19} {microseconds:10.1f} us  {result.ratio(name):7.2f} x"
              + (f"   compiled in {seconds:6.2f} s" if seconds else ""))  # fmt: skip
    return result


def count(program: Program) -> int:
    """How many operations f records."""
    root = program.f(al.inputs(len(program.x)), al)
    return sum(node.op is not None for node in al.topological(root))


def agree(program: Program, built: dict[str, Built]) -> None:
    """Raises AssertionError unless all derivatives are equal, and right by mpmath."""
    reference = built[OURS].derivative()
    largest = np.abs(reference).max()
    worst = 0.0
    for name, contestant in built.items():
        difference = np.abs(contestant.derivative() - reference).max() / largest
        assert difference <= TOLERANCE, f"{name} differs from {OURS} by {difference:.1e}"
        worst = max(worst, difference)
    error = error_by_mpmath(program, reference)
    assert error <= TOLERANCE, f"{OURS} differs from mpmath by {error:.1e}"
    print(f"  derivatives differ by {worst:.1e} of the largest, along one direction from "
          f"mpmath's by {error:.1e}")  # fmt: skip


def error_by_mpmath(program: Program, derivative: Any) -> float:
    """The derivative along a direction against differences of f in numbers of 80 digits.

    A central difference with a step of 1e-20 is wrong from about the fortieth digit on. The
    error is relative to the sum of the absolute terms.
    """
    v = np.random.default_rng(1).normal(size=len(program.x))
    products = np.outer(v, v) * derivative if program.hessian else v * derivative
    with mpmath.workdps(80):
        h = mpmath.mpf("1e-20")
        below, middle, above = (
            program.f([mpmath.mpf(a) + k * h * b for a, b in zip(program.x, v)], mpmath)
            for k in (-1, 0, 1)
        )
        slope = (above - below) / (2 * h)
        if program.hessian:
            slope = (above - 2 * middle + below) / h**2
        return abs(float(slope) - products.sum()) / np.abs(products).sum()


def interleaved(built: dict[str, Built]) -> dict[str, float]:
    """Microseconds a call: the median of the rounds, in which all take their turns."""
    calls = {name: enough(contestant.call) for name, contestant in built.items()}
    rounds: dict[str, list[float]] = {name: [] for name in built}
    for _ in range(ROUNDS):
        for name, contestant in built.items():
            rounds[name].append(seconds_per_call(contestant.call, calls[name]))
    return {name: 1e6 * statistics.median(seconds) for name, seconds in rounds.items()}


def enough(call: Callable[[], Any]) -> int:
    """So many calls that a round lasts long enough to be timed."""
    calls = 1
    while (seconds := calls * seconds_per_call(call, calls)) < SECONDS_PER_ROUND:
        calls = max(2 * calls, int(calls * SECONDS_PER_ROUND / max(seconds, 1e-6)))
    return calls


def seconds_per_call(call: Callable[[], Any], calls: int) -> float:
    start = time.process_time()
    for _ in range(calls):
        call()
    return (time.process_time() - start) / calls
