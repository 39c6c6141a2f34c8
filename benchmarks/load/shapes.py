"""L1 and L2: graphs that are deep, wide, or without any order."""

from __future__ import annotations

import gc
import resource
import threading
import time
from collections.abc import Callable
from math import tanh
from random import Random
from typing import Any

import autograd_lite as al
from benchmarks.eager import resident
from benchmarks.load.figures import FACTOR, MILLION, chain, report, seconds


def chain_of_10_million(where: str = "") -> None:
    length = 10 * MILLION
    before, start = resident(), time.process_time()
    x, y = chain(length)
    forward = time.process_time() - start
    backward = seconds(y.backward)
    peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss * 1024
    expected = FACTOR**length
    error = abs(x.grad - expected) / expected
    start = time.process_time()
    del y
    report(f"chain of {length}{where}, forward", forward, "s", 15.0)
    report("  backward", backward, "s", 15.0)
    report("  free", time.process_time() - start, "s", 2.0)
    report("  peak memory", peak / 1e9, "GB", 2.5)
    report("  of it per operation", (peak - before) / length, "bytes", 200.0)
    report(f"  relative error of the gradient {x.grad!r}", error, "", 1e-8)


def chain_without_gc() -> None:
    gc.disable()
    chain_of_10_million(", gc disabled")


def chain_in_a_thread() -> None:
    """A stack of 256 KB: whoever recurses over the graph crashes here."""
    threading.stack_size(256 * 1024)
    failed: list[Any] = []
    threading.excepthook = failed.append
    thread = threading.Thread(target=chain_of_10_million, args=(", thread of 256 KB",))
    thread.start()
    thread.join()
    assert not failed, failed


def check(what: str, build: Callable[[], tuple[al.Value, Callable[[], bool]]]) -> None:
    """Forward and backward of the graph that build gives with a test of its gradients."""
    start = time.process_time()
    root, is_right = build()
    root.backward()
    report(what, time.process_time() - start, "s", 5.0)
    assert is_right(), f"{what}: wrong gradients"


def wide_tree() -> None:
    def build() -> tuple[al.Value, Callable[[], bool]]:
        leaves = row = [al.Value(1.0) for _ in range(MILLION)]
        while len(row) > 1:
            odd = row[len(row) & ~1 :]
            row = [a + b for a, b in zip(row[::2], row[1::2])] + odd
        return row[0], lambda: row[0].data == MILLION and {x.grad for x in leaves} == {1.0}

    check("tree over 1e6 leaves", build)


def left_deep_sums() -> None:
    for name, total in ("builtin sum", sum), ("al.sum", al.sum):

        def build(total: Callable[[Any], Any] = total) -> tuple[al.Value, Callable[[], bool]]:
            leaves = [al.Value(1.0) for _ in range(MILLION)]
            root = total(leaves)
            return root, lambda: root.data == MILLION and {x.grad for x in leaves} == {1.0}

        check(f"{name} of 1e6 Values", build)


def one_leaf_everywhere() -> None:
    def build() -> tuple[al.Value, Callable[[], bool]]:
        x, y = al.Value(1.0), al.Value(0.0)
        for _ in range(MILLION):
            y = y + x
        return y, lambda: x.grad == MILLION

    check("one leaf used 1e6 times", build)


def random_dag() -> None:
    """A million nodes of three operations, their parents drawn from all nodes before."""
    rng = Random(2)
    codes = [(rng.randrange(3), rng.randrange(i + 8), rng.randrange(i + 8)) for i in range(MILLION)]
    numbers = [rng.uniform(-1.0, 1.0) for _ in range(8)]
    leaves = [al.Value(v) for v in numbers]
    start = time.process_time()
    nodes = list(leaves)
    for code, i, j in codes:
        a, b = nodes[i], nodes[j]
        nodes.append(a * b if code == 0 else a - b if code == 1 else al.tanh(a))
    al.sum(nodes).backward()
    report("random graph of 1e6 nodes", time.process_time() - start, "s", 5.0)
    expected = by_hand(codes, numbers)
    for leaf, g in zip(leaves, expected, strict=True):
        assert leaf.grad == g or abs(leaf.grad - g) <= 1e-9 * abs(g), (leaf.grad, g)


def by_hand(codes: list[tuple[int, int, int]], numbers: list[float]) -> list[float]:
    """The gradient of the sum of all nodes, by adjoints in a plain list."""
    v = list(numbers)
    for code, i, j in codes:
        v.append(v[i] * v[j] if code == 0 else v[i] - v[j] if code == 1 else tanh(v[i]))
    adjoint = [1.0] * len(v)
    for k in range(len(v) - 1, 7, -1):
        code, i, j = codes[k - 8]
        g = adjoint[k]
        if code == 0:
            adjoint[i] += g * v[j]
            adjoint[j] += g * v[i]
        elif code == 1:
            adjoint[i] += g
            adjoint[j] -= g
        else:
            adjoint[i] += g * (1.0 - v[k] * v[k])
    return adjoint[:8]
