"""Irregular scalar programs against other tools: `taskset -c 1 python -m benchmarks.scalar`.

Each program (Rosenbrock, three bodies by leapfrog, logistic regression, two Hessians) is written
once as a scalar function, and the very same function is recorded by autograd_lite, CasADi (SX)
and ddx-ad (interpreter and LLVM). `jax.jit` and HIPS autograd get array code, jax a `lax.scan`
for the leapfrog; NumPy and C are written by hand with their own adjoints.

A gradient's call computes value and gradient. Derivatives are compared first, among all and with
mpmath. Times are medians of 11 rounds in which all take turns, within one process and on one
core: processor times, that is what a clock shows while nobody else uses this core. Ratios are
times over ours. Compiling includes recording. Memory and growth of compile time are measured in
processes of their own. Needs the extras `fast` and `bench`, and gcc; a peer that is not installed
is left out and said so.

ddx-ad's LLVM compiles a leapfrog of 1,000 steps for more than a minute: `--without "ddx-ad LLVM"`.
Small: `--only leapfrog --steps 20`, `--only Rosenbrock --variables 100`.
"""

from __future__ import annotations

import os

for _name in ("OMP_NUM_THREADS", "OPENBLAS_NUM_THREADS", "MKL_NUM_THREADS"):
    os.environ[_name] = "1"
os.environ["XLA_FLAGS"] = "--xla_cpu_multi_thread_eigen=false intra_op_parallelism_threads=1"
os.environ["JAX_PLATFORMS"] = "cpu"

import argparse
import sys
import time
from itertools import pairwise

from benchmarks import parser
from benchmarks.scalar.compiling import Cost, cost
from benchmarks.scalar.contest import CASADI, CONTESTANTS, DDX, OURS, C, Result, contest, installed
from benchmarks.scalar.programs import (
    Program,
    hessian_of_rosenbrock,
    leapfrog_program,
    logistic_program,
    mlp_program,
    rosenbrock_program,
)

#: Sizes with about 10,000, 100,000 and 1,000,000 operations.
GROWTH = {"leapfrog": (108, 1_075, 10_753), "rosenbrock": (1_251, 12_501, 125_001)}
MEMORY = {"rosenbrock": 1_000, "leapfrog": 1_000, "logistic": 1_000}

Bar = tuple[str, bool]


def main() -> None:
    options = arguments()
    if hasattr(os, "sched_setaffinity"):
        os.sched_setaffinity(0, {min(os.sched_getaffinity(0))})
    wanted = [p for p in programs(options) if chosen(p.name, options.only)]
    names = installed(options.without)
    bars: list[Bar] = []
    if chosen("growth", options.only):
        bars += growth()
    if chosen("memory", options.only):
        memory([name for name in (OURS, CASADI) if name in names])
    if wanted:
        print(f"\nfirst compilation of the process: {warm_up(names):.2f} s; all others follow it")
    for program in wanted:
        bars += bars_of(contest(program, names))
    print("\nbars" if bars else "")
    for text, reached in bars:
        print(f"  {'ok    ' if reached else 'MISSED'}  {text}")


def arguments() -> argparse.Namespace:
    options = parser("scalar", __doc__)
    names = "programs with these words in their names, 'memory', 'growth'"
    options.add_argument("--only", nargs="+", default=[], metavar="WORD", help=names)
    peers = list(CONTESTANTS)[1:]
    options.add_argument("--without", nargs="+", default=[], choices=peers, metavar="PEER",
                        help=f"contestants to leave out: {', '.join(peers)}")  # fmt: skip
    options.add_argument("--steps", type=int, default=1_000, help="of the long leapfrog")
    options.add_argument("--variables", type=int, default=1_000, help="of Rosenbrock")
    return options.parse_args()


def chosen(name: str, words: list[str]) -> bool:
    return not words or any(word.lower() in name.lower() for word in words)


def programs(options: argparse.Namespace) -> list[Program]:
    leapfrogs = sorted({min(100, options.steps), options.steps})
    return [
        rosenbrock_program(options.variables),
        *map(leapfrog_program, leapfrogs),
        logistic_program(),
        hessian_of_rosenbrock(),
        mlp_program(),
    ]


def warm_up(names: list[str]) -> float:
    """Lets everyone load what the first compilation of a process loads; our seconds for it."""
    tiny = leapfrog_program(2)
    start = time.process_time()
    CONTESTANTS[OURS][1](tiny)
    seconds = time.process_time() - start
    for name in names:
        CONTESTANTS[name][1](tiny)
    return seconds


def bars_of(result: Result) -> list[Bar]:
    """What a gradient should reach; the Hessians have no bar."""
    if result.program.hessian:
        return []
    long = result.program.steps >= 1_000
    bars = []
    for peer, least in ((CASADI, 4.0 if long else 1.3), (DDX, 1.0)):
        if peer in result.times:
            found = result.ratio(peer)
            text = f"{peer} takes {found:.2f} x ours, at least {least}"
            bars.append((text, found >= least))
    if long and C in result.times:
        found = result.ratio(C)
        bars.append((f"{C} takes {found:.2f} x ours, at least 0.5", found >= 0.5))
    seconds, most = result.compiled[OURS], 1e-6 * result.nodes + 0.5
    text = f"compiled in {seconds:.2f} s, under 1 us an operation and 0.5 s = {most:.2f} s"
    bars.append((text, seconds < most))
    return [(f"{result.program.name}: {text}", reached) for text, reached in bars]


def growth(repeats: int = 3) -> list[Bar]:
    """Ten times the operations may take at most 13 times as long to compile."""
    print("\nrecord and compile, each in a new process; the fastest of three")
    bars: list[Bar] = []
    for kind, sizes in GROWTH.items():
        costs = [
            min((cost(OURS, kind, size) for _ in range(repeats)), key=lambda c: c.seconds)
            for size in sizes
        ]
        for c in costs:
            each = c.seconds / c.nodes * 1e6
            print(f"  {kind:10}  {c.nodes:9,} operations  {c.seconds:6.2f} s  {each:5.2f} us and "
                  f"{c.memory / c.nodes:4.0f} bytes an operation")  # fmt: skip
        bars += [grown(kind, small, large) for small, large in pairwise(costs)]
    print(f"  (the first compilation of a process, of tiny programs: {costs[0].first:.2f} s)")
    return bars


def grown(kind: str, small: Cost, large: Cost) -> Bar:
    found = large.seconds / small.seconds
    most = 1.3 * large.nodes / small.nodes
    text = (
        f"{kind}: compile time x {found:.1f} from {small.nodes:,} to {large.nodes:,} operations, "
        f"at most x {most:.1f}"
    )
    return text, found <= most


def memory(names: list[str]) -> None:
    """Growth of the peak of resident memory, per recorded operation."""
    print("\nbytes an operation at the peak of recording and compiling, in a new process")
    for kind, size in MEMORY.items():
        for name in names:
            c = cost(name, kind, size)
            print(f"  {kind:10}  {c.nodes:7,} operations  {name:13}  {c.memory / c.nodes:5.0f}")


if __name__ == "__main__":
    main()
    sys.exit(0)
