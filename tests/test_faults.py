"""When something fails in the middle: nothing is torn, nothing is lost, a retry is right.

A user's row raises at any of its calls, memory ends within the commit of a backward pass, a
program goes to another process. Ctrl-C is in test_interrupts, the disk in test_storage.
"""

from __future__ import annotations

import gc
import math
import multiprocessing
from collections.abc import Callable
from random import Random
from typing import Any

import numpy as np
import pytest

import autograd_lite as al
from autograd_lite import Op, Value, losses, nn, optim
from autograd_lite.training import fit


class RowError(Exception):
    """What a user's row raises."""


class Fuse:
    """Counts the calls that pass through it and raises at one of them (0: at none)."""

    def __init__(self) -> None:
        self.at = self.calls = 0

    def set(self, at: int) -> None:
        self.at, self.calls = at, 0

    def __call__(self) -> None:
        self.calls += 1
        if self.calls == self.at:
            raise RowError


def users_rows(fuse: Fuse, part: str) -> list[Op]:
    """A user's own product, tanh and sum, with a fuse in their fn or in their (first) rule."""

    def fused(wanted: str, f: Callable[..., Any]) -> Callable[..., Any]:
        def call(*args: Any) -> Any:
            fuse()
            return f(*args)

        return call if part == wanted else f

    return [
        Op("product", fused("fn", lambda a, b: a * b),
           (fused("rules", lambda y, a, b: b), lambda y, a, b: a)),
        Op("bend", fused("fn", math.tanh), (fused("rules", lambda y, x: 1.0 - y * y),)),
        Op("gather", fused("fn", lambda *xs: math.fsum(xs[:1]) + xs[1] + xs[2]),
           fused("rules", lambda y, *xs: (1.0,) * len(xs))),
    ]  # fmt: skip


SHIPPED = [al.OPS["mul"], al.OPS["tanh"], al.OPS["sum"]]


def fifty_nodes(rows: list[Op], xs: list[Any]) -> Any:
    """The last of 50 operations on earlier results, the same for every set of three rows."""
    rng, results = Random(50), list(xs)
    for k in range(50):
        row = rows[k % 3]
        others = rng.sample(results, 2)
        results.append(row(*[results[-1], *others][: row.arity or 3]))
    return results[-1]


POINT = [0.9, -0.4, 1.1]
PARTS = pytest.mark.parametrize("part", ["fn", "rules"])


# --- while a graph is recorded and swept ----------------------------------------------------


@PARTS
@pytest.mark.parametrize("position", range(1, 51))
def test_a_users_row_that_raises_changes_no_gradient_and_a_retry_is_right(
    position: int, part: str
) -> None:
    fuse, expected = Fuse(), [Value(x) for x in POINT]
    fifty_nodes(SHIPPED, expected).backward()
    rows, leaves = users_rows(fuse, part), [Value(x) for x in POINT]
    earlier = fifty_nodes(rows, leaves)
    nodes = al.topological(earlier)
    for k, node in enumerate(nodes):
        node.grad = float(k)
    before = [leaf.grad for leaf in leaves]
    fuse.set(position)
    with pytest.raises(RowError):
        fifty_nodes(rows, leaves).backward()
    assert [node.grad for node in nodes] == [float(k) for k in range(len(nodes))]
    fifty_nodes(rows, leaves).backward()
    earlier.backward()
    for leaf, g, e in zip(leaves, before, expected, strict=True):
        assert leaf.grad == g + e.grad + e.grad


def trials(calls: int) -> list[int]:
    """Some 40 of the calls, the first and the last among them."""
    return sorted({1, calls, *range(1, calls + 1, max(1, calls // 40))})


@PARTS
@pytest.mark.parametrize("transform", [al.grad, al.hessian, al.jacobian, al.value_and_grad])
def test_a_transformation_that_a_row_ends_leaves_nothing_behind(
    transform: Callable[..., Any], part: str
) -> None:
    """w is a Value from outside: its `.grad` stays, and results are Values themselves."""
    fuse, w = Fuse(), Value(0.7)
    rows = users_rows(fuse, part)

    def numbers(result: Any) -> Any:
        if isinstance(result, (list, tuple)):
            return [numbers(x) for x in result]
        return result.data if isinstance(result, Value) else result

    def by(rows: list[Op]) -> Any:
        return numbers(transform(lambda xs: fifty_nodes(rows, [*xs, w]))(POINT))

    expected = by(SHIPPED)
    w.grad = 5.0
    fuse.set(0)
    by(rows)
    for at in trials(fuse.calls):
        fuse.set(at)
        with pytest.raises(RowError):
            by(rows)
        assert w.grad == 5.0
        assert by(rows) == expected


# --- compiled -------------------------------------------------------------------------------


def compiled(rows: list[Op]) -> al.compiler.Program:
    x, w = al.inputs(1), [al.parameter(p) for p in POINT[1:]]
    return al.compile(fifty_nodes(rows, [*x, *w]), x, w)


BATCH = [[0.9], [-0.3]]


@PARTS
def test_a_row_that_raises_while_a_graph_is_compiled(part: str) -> None:
    """The graph is recorded at placeholders and its rules run on symbols."""
    fuse = Fuse()
    rows = users_rows(fuse, part)
    value, gradient = compiled(rows).value_and_grad(BATCH)
    fuse.set(0)
    compiled(rows)
    for at in trials(fuse.calls):
        fuse.set(at)
        with pytest.raises(RowError):
            compiled(rows)
        assert gc.isenabled()
    again = compiled(rows).value_and_grad(BATCH)
    assert (again[0], again[1].tolist()) == (value, gradient.tolist())


def test_a_row_that_raises_while_a_program_runs() -> None:
    """A row without an array kernel runs its fn on every entry."""
    fuse = Fuse()
    program = compiled(users_rows(fuse, "fn"))
    fuse.set(0)
    value, gradient = program.value_and_grad(BATCH)
    calls, theta = fuse.calls, program.theta.tolist()
    assert calls >= 50
    for at in trials(calls):
        fuse.set(at)
        with pytest.raises(RowError):
            program.value_and_grad(BATCH)
        assert program.theta.tolist() == theta
        again = program.value_and_grad(BATCH)
        assert (again[0], again[1].tolist()) == (value, gradient.tolist())


# --- training -------------------------------------------------------------------------------

X, T = [[0.1], [0.5], [-0.3]], [[1.0], [0.2], [0.4]]


def train(model: nn.MLP, adam: optim.Adam, engine: Any, epochs: int = 2) -> Any:
    loss = losses.half_squared_error
    return fit(model, loss, X, T, adam, epochs, 2, engine=engine, progress=False)


def state_of(weights: Any, state: Any) -> tuple[Any, ...]:
    """Weights and optimizer state as plain numbers."""
    return (*map(float, weights), *([] if state is None else [np.array(s).tolist() for s in state]))


class Witness(optim.Adam):
    """Adam that writes down every pair of weights and state that belong together."""

    def __init__(self, parameters: list[Value], learning_rate: float) -> None:
        super().__init__(parameters, learning_rate)
        self.pairs = [state_of([p.data for p in parameters], None)]

    def rule(self, w: Any, g: Any) -> tuple[Any, Any]:
        new_w, new_state = super().rule(w, g)
        self.pairs.append(state_of(new_w, new_state))
        return new_w, new_state


@pytest.mark.parametrize("engine", ["eager", "compiled"])
def test_weights_and_optimizer_state_belong_together_after_a_row_raised(engine: str) -> None:
    fuse = Fuse()
    bend = users_rows(fuse, "fn")[1]
    witnessed = nn.MLP([1, 2, 1], bend, rng=0)
    witness = Witness(witnessed.parameters(), 0.1)
    train(witnessed, witness, engine)
    fuse.set(0)
    model = nn.MLP([1, 2, 1], bend, rng=0)
    train(model, optim.Adam(model.parameters(), 0.1), engine)
    found = set()
    for at in trials(fuse.calls):
        model = nn.MLP([1, 2, 1], bend, rng=0)
        adam = optim.Adam(model.parameters(), 0.1)
        fuse.set(at)
        with pytest.raises(RowError):
            train(model, adam, engine)
        pair = state_of([p.data for p in model.parameters()], adam.state)
        found.add(witness.pairs.index(pair))
    assert found == set(range(4))  # 2 epochs of 2 steps; the faults came before each of them


# --- memory ---------------------------------------------------------------------------------


def test_no_failed_allocation_tears_the_commit_of_a_backward_pass() -> None:
    """CPython's own test support refuses the k-th allocation, for every k that there is."""
    support = pytest.importorskip("_testcapi", reason="this Python came without its test support")
    leaves = [Value(x) for x in POINT]
    root = fifty_nodes(SHIPPED, leaves)
    root.backward()
    nodes = al.topological(root)
    after = [node.grad for node in nodes]
    failures, fine = 0, 0
    for k in range(2000):
        for node in nodes:
            node.grad = 0.0
        support.set_nomemory(k, k + 1)
        try:
            root.backward()
        except MemoryError:
            failed = True
        else:
            failed = False
        finally:
            support.remove_mem_hooks()
        assert [node.grad for node in nodes] == ([0.0] * len(nodes) if failed else after)
        failures, fine = failures + failed, 0 if failed else fine + 1
        if fine > 200:  # the sweep needs fewer allocations than k
            break
    assert failures > 50


# --- another process ------------------------------------------------------------------------


def run_program(program: al.compiler.Program, batch: list[list[float]]) -> tuple[str, list[str]]:
    """Value and gradient, bit for bit."""
    value, gradient = program.value_and_grad(batch)
    return float(value).hex(), [float(g).hex() for g in gradient]


def programs() -> list[al.compiler.Program]:
    """A wide one, run by arrays, and a narrow one, run natively, in both precisions."""
    mlp, x, w = nn.MLP([3, 16, 16, 1], rng=0), al.inputs(3), al.parameter(0.9)
    narrow = x[0]
    for k in range(200):
        narrow = al.sin(narrow * w + x[1 + k % 2])
    wide = mlp(x)[0] ** 2
    return [
        al.compile(wide, x, mlp.parameters(), executor="arrays"),
        al.compile(wide, x, mlp.parameters(), np.float32),
        al.compile(narrow, x, [w], executor="native"),
    ]


def test_a_program_gives_the_same_bits_in_another_process() -> None:
    """It travels by pickle to an interpreter that starts from nothing."""
    rng = Random(3)
    batch = [[rng.uniform(-1.0, 1.0) for _ in range(3)] for _ in range(7)]
    here = programs()
    with multiprocessing.get_context("spawn").Pool(1) as pool:
        there = pool.starmap(run_program, [(program, batch) for program in here])
    assert there == [run_program(program, batch) for program in here]
