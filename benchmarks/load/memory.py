"""L3, L4, L7 and L8: bytes per operation, growth, the collector, and memory that ends."""

from __future__ import annotations

import gc
import resource
import statistics
import tracemalloc
from collections.abc import Callable
from pathlib import Path
from random import Random
from typing import Any

import autograd_lite as al
from autograd_lite import losses, nn, optim
from benchmarks import peer
from benchmarks.eager import gradients, hinge, op_by_op, operations, resident, weights
from benchmarks.load.figures import MILLION, chain, report, seconds


def bytes_per_operation() -> None:
    network = weights(al.Value)
    warm = hinge(network, al.Value, op_by_op)
    scalar_operations = operations(warm)
    warm.backward()
    once = gradients(network)
    del warm
    for what, summation, limit in ("op by op", op_by_op, 170.0), ("dot nodes", al.dot, 60.0):
        before = resident()
        roots = [hinge(network, al.Value, summation) for _ in range(8)]
        for root in roots:
            root.backward()
        grown = resident() - before
        figure = grown / (8 * scalar_operations)
        report(f"MLP graph after backward, {what}, per scalar operation", figure, "bytes", limit)
        del root, roots
    for g, one in zip(gradients(network), once, strict=True):  # 1 + 8 + 8 backward passes
        assert abs(g - 17 * one) <= 1e-12 * abs(g), (g, one)


def peak_of_a_chain() -> None:
    before = resident()
    _, y = chain(MILLION)
    y.backward()
    peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss * 1024 - before
    report("peak of a chain of 1e6, per operation", peak / MILLION, "bytes", 200.0)


def training(steps: int, first: int = 1000) -> int:
    """Bytes by which training grew after its first steps."""
    model = nn.MLP([2, 3, 1], rng=0)
    adam = optim.Adam(model.parameters())
    rng, before = Random(4), 0
    for step in range(steps):
        if step == first:
            before = resident()
        model.zero_grad()
        x = [rng.random(), rng.random()]
        losses.half_squared_error(model(x), [x[0] * x[1]]).backward()
        adam.step()
    return resident() - before


def hundred_thousand_steps() -> None:
    gc.collect()
    for collecting in (False, True):
        (gc.enable if collecting else gc.disable)()
        name = f"growth in 1e5 training steps, gc {'on' if collecting else 'off'}"
        report(name, training(100_000) / 1e6, "MB", 1.0)
        if not collecting:
            gc.set_debug(gc.DEBUG_SAVEALL)  # what only the collector can free goes to gc.garbage
            gc.collect()
            ours = [o for o in gc.garbage if type(o).__module__.startswith("autograd_lite")]
            report("  objects of ours that the collector found", len(ours), "", 0)
            gc.set_debug(0)
            gc.garbage.clear()


def lines_that_keep_memory() -> None:
    training(1000)
    tracemalloc.start()
    training(1000)
    gc.collect()
    before = tracemalloc.take_snapshot()
    training(10_000)
    gc.collect()
    grown = tracemalloc.take_snapshot().compare_to(before, "lineno")
    ours = [d for d in grown if "/autograd_lite/" in d.traceback[0].filename]
    most = max((d.size_diff for d in ours), default=0)  # numbers of one step differ by some bytes
    report("most that a line of ours holds after 1e4 steps more", most, "bytes", 1000)


def cost_of_the_collector() -> None:
    """Of three shapes, and of micrograd's nodes in the last one.

    A node whose children are all young is first taken for garbage, and put back when the
    collector comes to it from its root: each collection leaves the nodes in the order of a
    breadth-first search. For a chain that is memory's order backwards. In a wide graph every
    step of it misses the cache: a list that holds all nodes, oldest first, takes the ratio of
    the MLP graphs from 8 to 2.6, but would hold them for ever.
    """
    micrograd = peer("micrograd.engine")  # its absence is told before anything is measured

    def leaves() -> al.Value:
        y = al.Value(1.0)
        for x in [al.Value(1.0) for _ in range(MILLION // 2)]:
            y = y * x
        return y

    def networks(make: Callable[[float], Any]) -> Callable[[], object]:
        network = weights(make)
        return lambda: [hinge(network, make, op_by_op) for _ in range(14)]

    shapes: dict[str, Callable[[], object]] = {
        "chain of 1e6 nodes": lambda: chain(MILLION),
        "5e5 products by 5e5 leaves": leaves,
        "MLP graphs of 9e5 nodes": networks(al.Value),
    }
    for name, build in shapes.items():
        report(f"{name}, build with gc on / off", slowdown(build, 5), "x", 3.5)
    ratio = slowdown(networks(micrograd.Value), 1)
    print(f"  {'  the last one by micrograd':56} {ratio:9.3g} x")


def slowdown(build: Callable[[], object], rounds: int) -> float:
    """Seconds with the collector over seconds without it, medians."""
    times: dict[bool, list[float]] = {True: [], False: []}
    for _ in range(rounds):
        for collecting in times:
            gc.collect()
            (gc.enable if collecting else gc.disable)()
            times[collecting].append(seconds(build))
    return statistics.median(times[True]) / statistics.median(times[False])


def out_of_memory() -> None:
    """The address space ends while a graph is built, and then while it is swept."""
    used = int(Path("/proc/self/statm").read_text(encoding="ascii").split()[0])
    used *= resource.getpagesize()
    resource.setrlimit(resource.RLIMIT_AS, (used + 300_000_000, resource.RLIM_INFINITY))
    x = y = al.Value(1.0)
    length = 0
    try:
        while True:
            y = y * 1.0
            length += 1
    except MemoryError:
        assert y.data == 1.0
    try:
        y.backward()
        raise AssertionError("the sweep of a graph that fills the memory found room")
    except MemoryError:
        assert (x.grad, y.grad) == (0.0, 0.0)
    while length > MILLION // 2:  # the newest nodes go
        y = y.parents[0]
        length -= 1
    y.backward()
    assert (x.grad, y.grad) == (1.0, 1.0)
    report("MemoryError in build and sweep; what was lost or torn", 0, "", 0)
