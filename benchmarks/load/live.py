"""L5, L6 and G22: what is done to a graph that lives: copies, pictures, Ctrl-C, threads."""

from __future__ import annotations

import copy
import signal
import subprocess
import sys
import threading
import time
from functools import partial
from random import Random
from tempfile import TemporaryDirectory

import autograd_lite as al
from autograd_lite import nn
from benchmarks.load.figures import MILLION, chain, report, seconds


def live_chain() -> None:
    """What a user may do with a node that has a million others behind it."""
    x, y = chain(MILLION)
    model = nn.MLP([1, 2, 1])
    root = al.sum([y, *model([y])])
    report("repr of a chain of 1e6", seconds(partial(repr, root)), "s", 5.0)
    report("  DOT of at most 200 nodes", seconds(partial(al.draw, y)), "s", 5.0)
    report("  save and load of the leaf", seconds(partial(saved, x)), "s", 5.0)
    report("  copy of a model in the graph", seconds(partial(copy.deepcopy, model)), "s", 5.0)
    report("  deepcopy of the root, refused", seconds(partial(refused, root)), "s", 5.0)
    report("  backward", seconds(root.backward), "s", 5.0)
    start = time.perf_counter()
    del root, y
    report("  del", time.perf_counter() - start, "s", 5.0)


def saved(leaf: al.Value) -> None:
    with TemporaryDirectory() as folder:
        al.storage.save({"x": leaf}, folder + "/leaf.safetensors")
        assert al.storage.load_values(folder + "/leaf.safetensors")["x"].data == leaf.data


def refused(node: al.Value) -> None:
    try:
        copy.deepcopy(node)
    except TypeError:
        return
    raise AssertionError("a node in the middle of a graph was copied")


def compiled_chain() -> None:
    x, y = chain(MILLION)
    programs: list[al.compiler.Program] = []
    time_taken = seconds(lambda: programs.append(al.compile(y, [], [x])))
    gradient = programs[0].value_and_grad()[1][0]
    y.backward()
    assert abs(gradient - x.grad) <= 1e-9, (gradient, x.grad)
    report("compile of a chain of 1e6", time_taken, "s", 5.0)


def exit_with_a_live_chain() -> None:
    program = "import time; from benchmarks.load.figures import chain; x, y = chain(1_000_000); "
    process = subprocess.run([sys.executable, "-c", program + "y.backward(); print(time.time())"],
                             stdout=subprocess.PIPE, text=True, check=True)  # fmt: skip
    report("exit of the interpreter with a live chain of 1e6",
           time.time() - float(process.stdout), "s", 5.0)  # fmt: skip


def interrupts() -> None:
    """A timer gives Ctrl-C's own handler its signal at 20 random moments of a backward."""
    leaves = [al.Value(1.0) for _ in range(MILLION // 2)]
    y, nodes = al.Value(1.0), []
    for leaf in leaves:
        y = y * leaf
        nodes.append(y)
    one = seconds(y.backward)
    signal.signal(signal.SIGALRM, signal.default_int_handler)
    rng, late, before = Random(6), 0.0, 0
    for _ in range(20):
        for node in (*leaves, *nodes):
            node.grad = 0.0
        delay = rng.uniform(0.0, one)
        due = time.perf_counter() + delay
        try:
            signal.setitimer(signal.ITIMER_REAL, delay + 1e-6)
            while True:
                y.backward()
        except KeyboardInterrupt:
            late = max(late, time.perf_counter() - due)
        finished = {leaf.grad for leaf in leaves}
        assert len(finished) == 1, finished
        assert {node.grad for node in nodes} == {min(1.0, *finished)}
        before += finished == {0.0}
        y.backward()
        assert {leaf.grad for leaf in leaves} == {finished.pop() + 1.0}
    report(f"Ctrl-C in a backward of 1e6, answered after (20, {before} in the first)",
           late, "s", 0.5)  # fmt: skip


def eight_threads() -> None:
    leaf = al.Value(1.0)

    def job() -> None:
        for _ in range(1000):
            (leaf * 2.0 + leaf).backward()

    sys.setswitchinterval(1e-6)
    threads = [threading.Thread(target=job) for _ in range(8)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    report("8 threads x 1000 backwards on one leaf, lost", 8 * 3000.0 - leaf.grad, "", 0)
