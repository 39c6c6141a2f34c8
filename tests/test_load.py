"""Rows L1 to L8 of the semantics: what large graphs and long trainings must not do.

Here at sizes that keep the suite fast; seconds, bytes and full sizes: `benchmarks.load`.
"""

from __future__ import annotations

import gc
import sys
import tracemalloc
from collections.abc import Callable
from math import isclose, tanh
from random import Random
from typing import Any

import pytest
from garbage import freed_by_counting_alone
from processes import output, python

import autograd_lite as al
from autograd_lite import Value, losses, nn, optim

# --- L1, L2: depth and width ----------------------------------------------------------------


@pytest.mark.parametrize("collector", ["gc.enable()", "gc.disable()"])
def test_l1_a_long_chain_has_the_gradient_of_a_power(collector: str) -> None:
    """y = x c**n. In a thread of 256 KB, where a recursion of some hundred calls would crash."""
    program = f"""
import gc, threading
import autograd_lite as al
{collector}
threading.stack_size(256 * 1024)
def work():
    x = y = al.Value(1.0)
    for _ in range(300_000):
        y = y * 1.00001
    y.backward()
    print(x.grad)
    del y
thread = threading.Thread(target=work)
thread.start()
thread.join()
"""
    assert isclose(float(output(python(program))), 1.00001**300_000, rel_tol=1e-8)


def test_l2_a_tree_over_many_leaves() -> None:
    leaves = row = [Value(float(k)) for k in range(100_000)]
    while len(row) > 1:
        odd = row[len(row) & ~1 :]
        row = [a + b for a, b in zip(row[::2], row[1::2])] + odd
    row[0].backward()
    assert row[0].data == sum(range(100_000))
    assert {x.grad for x in leaves} == {1.0}


@pytest.mark.parametrize("total", [sum, al.sum], ids=["left-deep", "one node"])
def test_l2_a_sum_of_many_values(total: Callable[..., Value]) -> None:
    leaves = [Value(float(k)) for k in range(100_000)]
    root = total(leaves)
    root.backward()
    assert root.data == sum(range(100_000))
    assert {x.grad for x in leaves} == {1.0}


def test_l2_one_leaf_used_very_often() -> None:
    x = Value(1.0)
    y = x - x
    for _ in range(100_000):
        y = y + x
    y.backward()
    assert (y.data, x.grad) == (100_000.0, 100_000.0)


def test_l2_a_random_graph_equals_adjoints_in_a_plain_list() -> None:
    """v_k = v_i v_j, v_i - v_j or tanh v_i; every node of 50,000 is a term of the result."""
    rng = Random(2)
    codes = [(rng.randrange(3), rng.randrange(k + 8), rng.randrange(k + 8)) for k in range(50_000)]
    v = [rng.uniform(-1.0, 1.0) for _ in range(8)]
    nodes = [Value(x) for x in v]
    for code, i, j in codes:
        a, b = nodes[i], nodes[j]
        nodes.append([a * b, a - b, al.tanh(a)][code])
        v.append([v[i] * v[j], v[i] - v[j], tanh(v[i])][code])
    al.sum(nodes).backward()
    adjoint = [1.0] * len(v)
    for k in range(len(v) - 1, 7, -1):
        code, i, j = codes[k - 8]
        g = adjoint[k]
        adjoint[i] += g * [v[j], 1.0, 1.0 - v[k] * v[k]][code]
        adjoint[j] += g * [v[i], -1.0, 0.0][code]
    for leaf, expected in zip(nodes[:8], adjoint, strict=False):
        # two orders of adding some ten thousand terms that partly cancel
        assert isclose(leaf.grad, expected, rel_tol=1e-9)


# --- L3, L4, L7: memory ---------------------------------------------------------------------


def bytes_after_backward(build: Callable[[], Value]) -> int:
    """What a graph and its backward pass leave allocated while the graph lives."""
    tracemalloc.start()
    root = build()
    root.backward()
    held, _ = tracemalloc.get_traced_memory()
    tracemalloc.stop()
    return held


def test_l3_a_recorded_operation_takes_at_most_170_bytes() -> None:
    def build() -> Value:
        y = x = Value(0.5)
        for _ in range(5_000):
            y = y * x + 0.5
        return y

    build().backward()  # what is made once, is made
    assert bytes_after_backward(build) / 10_000 <= 170.0


def test_l3_a_neurons_sum_is_one_node() -> None:
    """16 products and sums as one dot take less than two single operations."""
    w, x = [Value(0.1)] * 16, [Value(0.2)] * 16

    def build() -> Value:
        y: Any = 0.0
        for _ in range(500):
            y = al.dot(w, x, y)
        return y

    build().backward()
    # a node, its number and gradient, and two tuples of 33 references
    assert bytes_after_backward(build) / (500 * 32) <= 32.0


def train(steps: int) -> None:
    model = nn.MLP([2, 3, 1], rng=0)
    adam, rng = optim.Adam(model.parameters()), Random(4)
    for _ in range(steps):
        model.zero_grad()
        x = [rng.random(), rng.random()]
        losses.half_squared_error(model(x), [x[0] * x[1]]).backward()
        adam.step()


def test_l4_training_leaves_nothing_to_the_collector() -> None:
    with freed_by_counting_alone():
        train(100)  # fills Python's lists of spare floats and tuples, which a collection empties
        before = sys.getallocatedblocks()
        train(1000)
        # one object kept in every step would be 1000
        assert sys.getallocatedblocks() - before < 100


def test_l4_no_line_of_ours_holds_more_after_longer_training() -> None:
    train(100)
    tracemalloc.start()
    try:
        train(100)
        before = tracemalloc.take_snapshot()
        train(1000)
        grown = tracemalloc.take_snapshot().compare_to(before, "lineno")
    finally:
        tracemalloc.stop()
    ours = [d for d in grown if "/autograd_lite/" in d.traceback[0].filename]
    # a byte a step would be a leak; one number more or less in a last step is none
    assert [d for d in ours if d.size_diff > 1000] == []


@pytest.mark.parametrize(
    ("operate", "most"),
    [
        (lambda a, b: a * b, 1),
        (lambda a, b: al.tanh(a), 1),
        (lambda a, b: a**2, 1),
        (lambda a, b: al.dot([a, b], [b, 2.0], a), 3),  # the node, parents, derivatives
        (lambda a, b: al.maximum(a, b, 1.0), 3),
    ],
)
def test_l7_the_collector_walks_few_objects_per_node(
    operate: Callable[[Value, Value], Value], most: int
) -> None:
    a, b = Value(2.0), Value(3.0)
    gc.collect()
    gc.disable()
    try:
        before = len(gc.get_objects())
        nodes = [operate(a, b) for _ in range(1000)]
        # and the list of them, and what other threads of the process have made meanwhile
        assert len(gc.get_objects()) - before <= 1000 * most + 10
    finally:
        gc.enable()
    assert len(nodes) == 1000


# --- L5, L8: crashes, and memory that ends --------------------------------------------------


def test_l5_a_live_long_chain_hurts_nobody() -> None:
    """repr, picture, copy of a module, refused copy, saved leaf, program, del, exit."""
    program = """
import copy, pickle, sys, tempfile
import autograd_lite as al
sys.setrecursionlimit(200)
def chain():
    x = y = al.parameter(1.0, "x")
    for _ in range(200_000):
        y = y * 1.00001
    return x, y
x, y = chain()
mlp = al.nn.MLP([1, 2, 1])
root = al.sum([y, *mlp([y])])
assert len(repr(root)) < 100
assert len(al.draw(root).source) < 200_000
assert copy.deepcopy(mlp).parameters()[0].data == mlp.parameters()[0].data
assert pickle.loads(pickle.dumps(x)).label == "x"
with tempfile.TemporaryDirectory() as folder:
    al.storage.save({"x": x}, folder + "/leaf")
    assert al.storage.load_values(folder + "/leaf")["x"].data == 1.0
for refused in (copy.copy, copy.deepcopy, pickle.dumps):
    try:
        refused(root)
    except TypeError as error:
        assert "detach()" in str(error)
    else:
        raise AssertionError(refused)
sys.setrecursionlimit(1000)  # numpy, llvmlite and others import more deeply than 200
gradient = al.compile(y, [], [x]).value_and_grad()[1][0]
y.backward()
assert abs(gradient - x.grad) < 1e-9 * x.grad, (gradient, x.grad)
del root, y
x, alive = chain()
print("alive at exit")
"""
    assert output(python(program)) == "alive at exit\n"


def test_l8_a_graph_larger_than_memory_is_a_memory_error_and_no_more() -> None:
    """The address space ends while it is built; then again, most likely, while it is swept."""
    program = """
import resource
from pathlib import Path
import autograd_lite as al
pages = int(Path("/proc/self/statm").read_text().split()[0])
limit = pages * resource.getpagesize() + 60_000_000
resource.setrlimit(resource.RLIMIT_AS, (limit, resource.RLIM_INFINITY))
x = y = al.Value(1.0)
length = 0
try:
    while True:
        y = y * 1.0
        length += 1
except MemoryError:
    pass
assert length > 100_000 and y.data == 1.0
try:
    y.backward()
except MemoryError:
    assert (x.grad, y.grad) == (0.0, 0.0)
    torn = False
else:
    torn = True
while length > 100_000:  # the newest nodes go
    y = y.parents[0]
    length -= 1
x.grad = 0.0
y.backward()
assert (x.grad, y.grad) == (1.0, 1.0)
del y
z = al.tanh(x * 0.5)
z.backward()
print(torn, x.grad > 1.0)
"""
    assert output(python(program)) == "False True\n"
