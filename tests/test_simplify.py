"""Fewer nodes, the same bits: constants folded, equal expressions shared, dead nodes gone."""

from __future__ import annotations

from typing import Any

import numpy as np
from hypothesis import given, settings
from hypothesis import strategies as st

import autograd_lite as al
from autograd_lite.compiler.simplify import simplify
from autograd_lite.compiler.trace import Trace, record


def traced(f: Any, n: int) -> Trace:
    x = al.inputs(n)
    return record([f(x)], [], x, strict=False)


def rows(trace: Trace) -> list[str]:
    return [trace.rows[k].name for k in trace.kind.tolist() if k >= 0]


def value(trace: Trace, x: list[float]) -> float:
    """The first output by the rows themselves, node after node."""
    values = [*x, *trace.number[len(x) :].tolist()]
    for node, kind in enumerate(trace.kind.tolist()):
        if kind >= 0:
            operands = trace.args[trace.start[node] : trace.start[node + 1]].tolist()
            values[node] = trace.rows[kind].fn(*[values[a] for a in operands])
    return values[int(trace.outputs[0])]


def test_an_expression_typed_twice_is_computed_once() -> None:
    trace = simplify(traced(lambda x: al.exp(x[0] * x[1]) + al.exp(x[0] * x[1]), 2))
    assert rows(trace) == ["mul", "exp", "add"]


def test_operands_in_another_order_are_another_expression() -> None:
    """a - b is not b - a, and nobody asks whether a row commutes."""
    trace = simplify(traced(lambda x: (x[0] - x[1]) * (x[1] - x[0]), 2))
    assert rows(trace) == ["sub", "sub", "mul"]


def test_what_depends_on_constants_alone_is_folded() -> None:
    two = al.constant(2.0)
    trace = simplify(traced(lambda x: x[0] * al.exp(two * 3.0), 1))
    assert rows(trace) == ["mul"]
    assert np.exp(6.0) in trace.number.tolist()


def test_folding_leaves_no_dead_nodes() -> None:
    two = al.constant(2.0)
    trace = simplify(traced(lambda x: x[0] + (two * two + two), 1))
    assert len(trace) == 3  # the leaf, the addition and its constant


def test_identities_stand_for_their_operand() -> None:
    """Also one of another, one of a constant that is folded, and one that is the output."""

    def same(x: Any, times: int = 1) -> Any:
        for _ in range(times):
            x = al.OPS["identity"](x)
        return x

    assert rows(simplify(traced(lambda x: same(x[0], 3) * same(x[1]), 2))) == ["mul"]
    once = simplify(traced(lambda x: al.exp(same(x[0])) + al.exp(x[0]), 1))
    assert rows(once) == ["exp", "add"]
    two = al.constant(2.0)
    folded = simplify(traced(lambda x: x[0] - same(same(two) * 3.0), 1))
    assert rows(folded) == ["sub"]
    assert value(folded, [10.0]) == 4.0
    leaf = simplify(traced(lambda x: same(x[1]), 2))
    assert (rows(leaf), leaf.outputs.tolist()) == ([], [1])


def test_negative_zero_and_nan_keep_their_bits() -> None:
    trace = simplify(traced(lambda x: (x[0] * 0.0) + (x[0] * -0.0) + (x[0] * float("nan")), 1))
    numbers = trace.number[trace.kind == -3]
    bits = {0, -(2**63), int(np.array(np.nan).view(np.int64))}
    assert set(numbers.view(np.int64).tolist()) == bits
    assert rows(trace).count("mul") == 3


def test_a_long_expression_typed_twice() -> None:
    """300 nodes deep: more than the sweeps over whole arrays follow."""

    def chain(x: Any) -> Any:
        for k in range(300):
            x = al.sin(x) * (1.0 + 0.01 * k)
        return x

    trace = simplify(traced(lambda x: chain(x[0]) * chain(x[0]), 1))
    assert len(rows(trace)) == 601


_MADE = [lambda a, b: a + b, lambda a, b: a * b, lambda a, b: a - b, lambda a, b: al.sin(a),
         lambda a, b: al.maximum(a, b), lambda a, b: al.sum([a, b, a])]  # fmt: skip


@settings(max_examples=100, deadline=None)
@given(picks=st.lists(st.tuples(st.integers(0, 5), st.integers(0, 99), st.integers(0, 99)),
                      min_size=1, max_size=40))  # fmt: skip
def test_the_value_keeps_every_bit(picks: list[tuple[int, int, int]]) -> None:
    """On graphs with many repetitions, small pools and constants."""

    def f(x: list[Any]) -> Any:
        pool = [*x, al.constant(0.75), 2.0]
        for which, i, j in picks:
            a, b = pool[i % len(pool)], pool[j % min(4, len(pool))]
            pool.append(_MADE[which](a, b))
        return al.sum(pool[-5:]) + x[0]

    x = [0.3, -1.25]
    trace = traced(f, 2)
    small = simplify(trace)
    assert len(small) <= len(trace)
    expected = f([al.Value(v) for v in x]).data
    assert np.float64(value(trace, x)).tobytes() == np.float64(expected).tobytes()
    assert np.float64(value(small, x)).tobytes() == np.float64(expected).tobytes()
    pairs = {(trace_row, *small.args[small.start[n] : small.start[n + 1]].tolist())
             for n, trace_row in enumerate(small.kind.tolist()) if trace_row >= 0}  # fmt: skip
    assert len(pairs) == len(rows(small))  # no expression twice
