"""What holds of every graph, on random programs over the whole table (`graphs`)."""

from __future__ import annotations

from random import Random
from typing import Any

import numpy as np
import pytest
from graphs import function, numbers, program, run, sizes, total
from hypothesis import given, settings
from hypothesis import strategies as st

import autograd_lite as al
from autograd_lite import Value

LEAVES = 4
points = st.lists(st.floats(-3.0, 3.0), min_size=LEAVES, max_size=LEAVES)


def variables(point: list[float]) -> list[Value]:
    return [Value(x) for x in point]


def gradients(nodes: list[Value]) -> list[str]:
    """The gradients bit for bit."""
    return [node.grad.hex() for node in nodes]


def forget(root: Value) -> None:
    for node in al.topological(root):
        node.grad = 0.0


def test_the_programs_reach_every_row_of_the_table() -> None:
    """Else the properties below would speak of less than they say."""
    rng = Random(0)
    programs = [program([rng.randrange(10_000) for _ in range(60)], LEAVES) for _ in range(200)]
    assert {statement.row for p in programs for statement in p} == set(al.OPS.values())


# --- linearity ------------------------------------------------------------------------------


@settings(max_examples=300, deadline=None)
@given(numbers, points, st.integers(-20, 20), st.sampled_from([1.0, -1.0]))
def test_a_seed_that_is_a_power_of_two_scales_every_gradient_exactly(
    choices: list[int], point: list[float], exponent: int, sign: float
) -> None:
    """Multiplying by 2**k rounds nothing, in no product and in no sum of the sweep."""
    root = total(run(program(choices, LEAVES), variables(point)))
    root.backward()
    nodes = al.topological(root)
    seed = sign * 2.0**exponent
    # where a gradient, or a term of it, comes near the subnormal numbers bits are lost
    whole = [n for n, size in sizes(root).items() if abs(n.grad) > 1e-200 or size == 0.0]
    expected = [node.grad * seed + 0.0 for node in whole]
    forget(root)
    root.backward(seed)
    assert [node.grad + 0.0 for node in whole] == expected
    assert nodes[-1].grad == seed


@settings(max_examples=300, deadline=None)
@given(numbers, points, st.floats(-1e3, 1e3), st.floats(-1e3, 1e3))
def test_the_gradient_is_linear_in_the_seed(
    choices: list[int], point: list[float], s: float, t: float
) -> None:
    """backward(s) and backward(t) together write what backward(s + t) writes."""
    leaves = variables(point)
    root = total(run(program(choices, LEAVES), leaves))
    root.backward(s)
    root.backward(t)
    apart = [leaf.grad for leaf in leaves]
    forget(root)
    root.backward(s + t)
    for leaf, g in zip(leaves, apart, strict=True):
        bound = 1e-13 * (abs(s) + abs(t)) * sizes(root).get(leaf, 0.0) + 1e-300  # subnormals
        assert abs(leaf.grad - g) <= bound


@settings(max_examples=300, deadline=None)
@given(numbers, points, st.integers(0, 100))
def test_the_gradient_of_a_sum_is_the_sum_of_the_gradients(
    choices: list[int], point: list[float], cut: int
) -> None:
    """f and g share leaves and everything that both of them use."""
    leaves = variables(point)
    results = run(program(choices, LEAVES), leaves)
    cut %= len(results)
    f, g = total(results[: cut + 1]), total(results[cut:])
    f.backward()
    g.backward()
    apart = [leaf.grad for leaf in leaves]
    for leaf in leaves:
        leaf.grad = 0.0
    both = f + g
    both.backward()
    for leaf, expected in zip(leaves, apart, strict=True):
        assert abs(leaf.grad - expected) <= 1e-13 * sizes(both).get(leaf, 0.0)


# --- what must not matter -------------------------------------------------------------------


def another_order(operands: list[list[int]], rng: Random) -> list[int]:
    """A random order in which every statement comes after those whose results it uses."""
    waiting, order = set(range(len(operands))), []
    while waiting:
        ready = [i for i in sorted(waiting) if not waiting & set(operands[i])]
        order.append(rng.choice(ready))
        waiting.remove(order[-1])
    return order


@settings(max_examples=300, deadline=None)
@given(numbers, points, st.randoms(use_true_random=False))
def test_the_order_of_statements_changes_no_bit(
    choices: list[int], point: list[float], rng: Random
) -> None:
    statements = program(choices, LEAVES)
    uses = [[k - LEAVES for k in s.operands if k >= LEAVES] for s in statements]
    found = []
    for order in (None, another_order(uses, rng)):
        results = run(statements, variables(point), order)
        total(results).backward()
        found.append(gradients(results))
    assert found[0] == found[1]


@settings(max_examples=300, deadline=None)
@given(numbers, numbers, points)
def test_dead_code_changes_no_bit_and_gets_no_gradient(
    choices: list[int], more: list[int], point: list[float]
) -> None:
    """The second program goes on from the first one's results, which do not need it."""
    statements = program(choices, LEAVES)
    alive = LEAVES + len(statements)
    alone = run(statements, variables(point))
    total(alone).backward()
    results = run([*statements, *program(more, alive)], variables(point))
    total(results[:alive]).backward()
    assert gradients(results[:alive]) == gradients(alone)
    assert not any(node.grad for node in results[alive:])


@settings(max_examples=200, deadline=None)
@given(numbers, points)
def test_a_second_graph_beside_it_changes_no_bit(choices: list[int], point: list[float]) -> None:
    """Marks and cotangents stand in shared nodes; a sweep must not find those of another."""
    statements = program(choices, LEAVES)
    alone = run(statements, variables(point))
    total(alone).backward()
    results = run(statements, variables(point))
    root, other = total(results), total(results[::2])
    other.backward()
    al.topological(other)
    for node in results:
        node.grad = 0.0
    root.backward()
    assert gradients(results) == gradients(alone)


# --- several ways to one number -------------------------------------------------------------


@settings(max_examples=200, deadline=None)
@given(numbers, points)
def test_grad_gives_the_bits_of_backward(choices: list[int], point: list[float]) -> None:
    f = function(choices, LEAVES)
    leaves = variables(point)
    root = f(leaves)
    root.backward()
    value, gradient = al.value_and_grad(f)(point)
    assert value == root.data
    assert [g.hex() for g in gradient] == gradients(leaves)


@settings(max_examples=200, deadline=None)
@given(numbers, points, points)
def test_forward_mode_gives_the_gradient_times_the_direction(
    choices: list[int], point: list[float], direction: list[float]
) -> None:
    """Another algorithm, in the other direction through the graph."""
    f = function(choices, LEAVES)
    leaves = variables(point)
    root = f(leaves)
    root.backward()
    _, tangent = al.jvp(f)(point, direction)
    size = sizes(root)
    expected = sum(leaf.grad * v for leaf, v in zip(leaves, direction, strict=True))
    bound = sum(size.get(leaf, 0.0) * abs(v) for leaf, v in zip(leaves, direction, strict=True))
    assert abs(tangent - expected) <= 1e-13 * bound


@pytest.mark.parametrize("executor", ["auto", "arrays", "native"])
@settings(max_examples=100, deadline=None)
@given(choices=numbers, seed=st.integers(0, 1000))
def test_compiled_equals_eager(choices: list[int], seed: int, executor: Any) -> None:
    """Per sample, within 1e-12 of the sum of absolute terms (semantics D12)."""
    statements = program(choices, LEAVES + 2)
    parameters = [al.parameter(w) for w in np.random.default_rng(seed).normal(size=LEAVES)]
    samples = np.random.default_rng(seed + 1).normal(size=(3, 2))

    def f(xs: list[Any]) -> Any:
        return total(run(statements, [*parameters, *xs]))

    placeholders = al.inputs(2)
    compiled = al.compile(f(placeholders), placeholders, parameters, executor=executor)
    values, rows = compiled.value_and_grad(samples, reduce="none")
    for x, value, row in zip(samples.tolist(), values, rows, strict=True):
        for p in parameters:
            p.grad = 0.0
        root = f(x)
        root.backward()
        size = sizes(root)
        terms = sum(abs(y.data if isinstance(y, Value) else y) for y in root.parents)
        assert abs(value - root.data) <= 1e-12 * terms
        for p, g in zip(parameters, row, strict=True):
            assert abs(g - p.grad) <= 1e-12 * max(size.get(p, 0.0), terms)
