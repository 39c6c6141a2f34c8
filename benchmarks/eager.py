"""Eager speed and memory against micrograd: `python -m benchmarks.eager`.

The work is micrograd's own: an MLP 2-16-16-1 of ReLU neurons on 100 samples with the hinge
loss, forward and backward. Both engines run the same expressions (mul and add nodes), in
turns within one process, on one core; medians over the rounds; gradients are compared first.
`dot` is the same network with one node per linear summation. Needs the extra `bench`.
"""

from __future__ import annotations

import gc
import os
import resource
import statistics
import subprocess
import sys
import time
from collections.abc import Callable
from itertools import pairwise
from pathlib import Path
from random import Random
from typing import Any

import autograd_lite as al
from benchmarks import parser, peer

SIZES = [2, 16, 16, 1]
SAMPLES = 100
ROUNDS = 11
STATM = Path("/proc/self/statm")


def data() -> list[tuple[list[float], float]]:
    rng = Random(0)
    points = [[rng.uniform(-1.0, 1.0) for _ in range(2)] for _ in range(SAMPLES)]
    return [(x, rng.choice([-1.0, 1.0])) for x in points]


def weights(make: Callable[[float], Any]) -> list[tuple[list[list[Any]], list[Any]]]:
    """Per layer a list of weights per neuron, and the biases."""
    rng = Random(1)
    return [
        ([[make(rng.uniform(-1.0, 1.0)) for _ in range(n_in)] for _ in range(n_out)],
         [make(0.1) for _ in range(n_out)])
        for n_in, n_out in pairwise(SIZES)
    ]  # fmt: skip


def op_by_op(w: list[Any], x: list[Any], b: Any) -> Any:
    z = b
    for wi, xi in zip(w, x):
        z = z + wi * xi
    return z


def hinge(network: Any, make: Callable[[float], Any], summation: Callable[..., Any]) -> Any:
    losses = []
    for point, t in data():
        h: list[Any] = [make(v) for v in point]
        for k, (rows, biases) in enumerate(network):
            z = [summation(w, h, b) for w, b in zip(rows, biases)]
            h = z if k == len(network) - 1 else [zi.relu() for zi in z]
        losses.append((1.0 + -t * h[0]).relu())
    total = losses[0]
    for loss in losses[1:]:
        total = total + loss
    return total * (1.0 / SAMPLES)


def engines() -> dict[str, tuple[Any, Callable[..., Any]]]:
    """Per name: what makes a leaf, and how a neuron sums."""
    return {
        "micrograd": (peer("micrograd.engine").Value, op_by_op),
        "autograd_lite, op by op": (al.Value, op_by_op),
        "autograd_lite, dot": (al.Value, al.dot),
    }


def gradients(network: Any) -> list[float]:
    return [v.grad for rows, biases in network for v in [*(w for r in rows for w in r), *biases]]


def operations(root: al.Value) -> int:
    return sum(node.op is not None for node in al.topological(root))


def compare(contestants: dict[str, tuple[Any, Callable[..., Any]]]) -> None:
    networks = {name: weights(make) for name, (make, _) in contestants.items()}
    for name, (make, summation) in contestants.items():
        hinge(networks[name], make, summation).backward()
    reference = gradients(networks["micrograd"])
    for name in contestants:
        worst = max(abs(g - r) for g, r in zip(gradients(networks[name]), reference, strict=True))
        print(f"{name:26} largest difference of gradients from micrograd's: {worst:.1e}")
        assert worst < 1e-12
    count = operations(hinge(networks["autograd_lite, op by op"], al.Value, op_by_op))
    print(f"\n{count} operations op by op; ns per operation, median of {ROUNDS} interleaved rounds")
    for collecting in (True, False):
        times: dict[str, list[tuple[float, float]]] = {name: [] for name in contestants}
        for _ in range(ROUNDS):
            for name, (make, summation) in contestants.items():
                gc.collect()
                (gc.enable if collecting else gc.disable)()
                start = time.perf_counter()
                root = hinge(networks[name], make, summation)
                middle = time.perf_counter()
                root.backward()
                times[name].append((middle - start, time.perf_counter() - middle))
                gc.enable()
                del root
        medians = {
            name: [statistics.median(part) / count * 1e9 for part in zip(*ts, strict=True)]
            for name, ts in times.items()
        }
        print(f"\ncyclic GC {'on' if collecting else 'off'}")
        base = sum(medians["micrograd"])
        for name, (forward, backward) in medians.items():
            ratio = base / (forward + backward)
            print(f"  {name:26} forward {forward:7.0f}  backward {backward:6.0f}  {ratio:6.2f} x")


def memory_of_mlp() -> None:
    """Resident bytes per operation after backward, of many graphs alive at once."""
    network = weights(al.Value)
    hinge(network, al.Value, op_by_op).backward()  # warm: the network itself is not counted
    before = resident()
    roots = [hinge(network, al.Value, op_by_op) for _ in range(8)]
    for root in roots:
        root.backward()
    grown = resident() - before
    # the samples' input leaves are nodes too
    count = sum(len(al.topological(root)) for root in roots) - len(gradients(network)) * 8
    print(f"MLP graph: {grown / count:.0f} bytes per node after backward ({count} nodes)")


def chain(length: int = 1_000_000) -> None:
    """A chain of a million operations at the default recursion limit."""
    x = al.Value(1.0)
    before, start = resident(), time.perf_counter()
    y = x
    for _ in range(length // 2):
        y = y * 1.0000001 + 1e-9
    forward = time.perf_counter()
    y.backward()
    backward = time.perf_counter()
    peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss * 1024 - before
    assert abs(x.grad - 1.0000001 ** (length // 2)) < 1e-8 * x.grad
    del y
    freed = time.perf_counter()
    print(f"chain of {length} operations, recursion limit {sys.getrecursionlimit()}: forward "
          f"{forward - start:.2f} s, backward {backward - forward:.2f} s, free "
          f"{freed - backward:.2f} s, peak {peak / length:.0f} bytes per operation")  # fmt: skip


def resident() -> int:
    return int(STATM.read_text(encoding="ascii").split()[1]) * resource.getpagesize()


def import_time() -> None:
    """What `import autograd_lite` adds to a bare start of Python (needs compiled bytecode)."""
    code = "from time import perf_counter as now; t = now(); import autograd_lite; print(now() - t)"
    environment = {k: v for k, v in os.environ.items() if k != "PYTHONDONTWRITEBYTECODE"}
    runs = [
        float(subprocess.run([sys.executable, "-c", code], capture_output=True, text=True,
                             check=True, env=environment).stdout)
        for _ in range(ROUNDS)
    ]  # fmt: skip
    print(f"import autograd_lite: {statistics.median(runs) * 1e3:.1f} ms over bare Python")


def main() -> None:
    parser("eager", __doc__).parse_args()
    contestants = engines()
    if hasattr(os, "sched_setaffinity"):
        os.sched_setaffinity(0, {min(os.sched_getaffinity(0))})
    import_time()
    if STATM.exists():
        memory_of_mlp()
        chain()
    else:
        print(f"(no {STATM}: memory and the chain are measured on Linux alone)")
    print()
    compare(contestants)


if __name__ == "__main__":
    main()
