"""Loops found again in recorded programs: what is found, and that it computes the same."""

from __future__ import annotations

import subprocess
import sys
from typing import Any

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

import autograd_lite as al
from autograd_lite.compiler.loops import Loop, find_loops
from autograd_lite.compiler.program import Program, compile_loosely


def native(f: Any, n: int) -> Program:
    """The function's program, all of it native, its variables the parameters."""
    x = al.inputs(n)
    return compile_loosely([f(x)], [], x, gradient=True, executor="native")


def loops_of(f: Any, n: int) -> list[str]:
    """The lines of the plan that name a loop."""
    plan = native(f, n).explain_plan()
    return [line.strip() for line in plan.splitlines() if line.strip().startswith("loop:")]


def found(keys: list[int], operands: list[list[int]]) -> list[Loop]:
    """`find_loops` on nodes given by key and by how long ago their operands were computed."""
    begin = np.concatenate([[0], np.cumsum([len(o) for o in operands])])
    distance = np.array([d for o in operands for d in o], np.int64)
    return find_loops(np.array(keys), begin, distance, np.ones(len(keys), bool))


def test_a_period_is_found_with_its_start_and_count() -> None:
    """7 nodes of their own, then 50 times the pattern 1 2 3, each reading the one before."""
    keys = [10, 11, 12, 13, 14, 15, 16] + [1, 2, 3] * 50
    assert found(keys, [[0]] * 7 + [[1]] * 150) == [Loop(7, 3, 50)]


def test_operands_from_outside_may_differ_from_iteration_to_iteration() -> None:
    """The second operand of each pair is a leaf (0) or long ago: both are addresses."""
    operands = [[1, 0] if i % 4 else [1, 40 + i] for i in range(200)]
    assert found([1, 2] * 100, operands) == [Loop(0, 2, 100)]


def test_an_operand_within_the_iteration_must_stand_at_one_distance() -> None:
    """The first half reads 1 back, the second half 2 back: not one loop."""
    loops = found([1, 2, 3] * 100, [[1]] * 150 + [[2]] * 150)
    assert all(not loop.start < 149 < loop.end - 3 for loop in loops)
    assert len(loops) == 2


def test_few_iterations_are_no_loop() -> None:
    keys = [1, 2, 3, 4, 5, 6, 7, 8] * 3
    assert found(keys, [[1]] * 24) == []


def test_two_loops_of_different_periods() -> None:
    keys = [1, 2, 3] * 60 + [4, 5, 6, 7, 8] * 60
    assert found(keys, [[1]] * len(keys)) == [Loop(0, 3, 60), Loop(180, 5, 60)]


def test_an_integrator_is_one_loop_of_its_step() -> None:
    """A pendulum by leapfrog: v -= h sin(x) / 2, x += h v, v -= h sin(x) / 2; 300 steps."""
    h = 0.01

    def f(p: list[Any]) -> Any:
        x, v = p
        for _ in range(300):
            v = v - 0.5 * h * al.sin(x)
            x = x + h * v
            v = v - 0.5 * h * al.sin(x)
        return x * x + v * v

    # sin, its mul, sub, mul, add, sub: the step's second sin and mul are the next one's first
    assert loops_of(f, 2) == ["loop: 299 times 6 nodes"]


def test_strided_constants_and_parameters_are_one_loop() -> None:
    data = np.random.default_rng(0).normal(size=(200, 3)).tolist()

    def f(w: list[Any]) -> Any:
        total: Any = 0.0
        for row in data:
            z = w[0] * row[0] + w[1] * row[1] + w[2] * row[2]
            total = total + al.softplus(z)
        return total

    # 3 mul, 2 add, softplus and the add of the total
    assert loops_of(f, 3) == ["loop: 200 times 7 nodes"]


# --- the same numbers --------------------------------------------------------------------------


def assert_equal(f: Any, x: list[float], rtol: float = 1e-12) -> None:
    """Native value and gradient against the recorded graph's own backward."""
    program = native(f, len(x))
    value, gradient = program.value_and_grad(None, x)
    leaves = [al.Value(v) for v in x]
    y = f(leaves)
    y.backward()
    expected = np.array([leaf.grad for leaf in leaves])
    np.testing.assert_allclose(value, y.data, rtol=rtol)
    scale = np.abs(expected).max()
    np.testing.assert_allclose(gradient, expected, rtol=rtol, atol=rtol * scale)
    assert program.value(None, x).tolist() == [value]


_ONE = [al.sin, al.tanh, al.exp, al.sigmoid, al.softplus, al.relu, lambda a: a * 0.5, lambda a: -a]
_TWO = [
    lambda a, b: a + b, lambda a, b: a - b, lambda a, b: a * b, lambda a, b: al.hypot(a, b),
    lambda a, b: a / (1.5 + b * b), lambda a, b: al.where(a > b, a, 0.3 * b),
    lambda a, b: al.maximum(a, b), lambda a, b: al.dot([a, b], [b, 0.5], a),
]  # fmt: skip


@settings(max_examples=60, deadline=None)
@given(
    body=st.lists(st.tuples(st.integers(0, 15), st.integers(0, 9), st.integers(0, 9)),
                  min_size=1, max_size=8),
    states=st.integers(1, 3), repeats=st.integers(2, 60), seed=st.integers(0, 99),
    inner=st.integers(1, 3),
)  # fmt: skip
def test_programs_with_loops_strides_reuse_and_branches(
    body: list[tuple[int, int, int]], states: int, repeats: int, seed: int, inner: int
) -> None:
    """A random body, run many times: on states, on strided data and parameters, used again."""
    rng = np.random.default_rng(seed)
    data = rng.normal(size=(repeats, 2)).tolist()
    n = states + repeats

    def f(x: list[Any]) -> Any:
        state, total = list(x[:states]), x[0] * 0.1
        for k in range(repeats):
            pool = [*state, x[states + k], data[k][0], x[0], x[-1 - k % 3], data[k][1]]
            for _ in range(inner):
                for which, i, j in body:
                    a, b = pool[i % len(pool)], pool[j % len(pool)]
                    made = _ONE[which](a) if which < 8 else _TWO[which - 8](a, b)
                    pool.append(al.tanh(made))  # keeps the program tame
            state = [al.sin(p) for p in pool[-states:]] if len(body) >= states else state
            total = total + pool[-1]
        return total

    assert_equal(f, rng.normal(size=n).tolist(), rtol=1e-11)


@pytest.mark.parametrize("count", [5, 64, 65, 200])
def test_sums_and_dots_of_any_length(count: int) -> None:
    def f(x: list[Any]) -> Any:
        total = al.sum([a * a for a in x]) + al.dot(x, x[::-1], x[0])
        return total + al.dot(x[1:], [0.25] * (count - 1))

    assert_equal(f, np.random.default_rng(count).normal(size=count).tolist())


def test_irregular_programs_run_in_the_interpreter() -> None:
    """1,500 operations picked at random: too many for plain code, no loop among them."""
    rng = np.random.default_rng(3)
    picks = rng.integers(0, 1 << 30, size=(1500, 3)).tolist()

    def f(x: list[Any]) -> Any:
        pool = list(x)
        for which, i, j in picks:
            a, b = pool[-1 - i % min(40, len(pool))], pool[j % len(pool)]
            pool.append([a + b, a - 0.5 * b, al.sin(a) * b, al.where(a > b, a, b)][which % 4])
        return al.sum(pool[-20:])

    assert "interpreter: " in native(f, 12).explain_plan()
    assert_equal(f, rng.normal(size=12).tolist(), rtol=1e-10)


_MILLION = """
import resource
import numpy as np
import autograd_lite as al

def f(x):
    x = list(x)
    for k in range(125_000):  # 8 operations each
        a, b = x
        x = [a + 0.001 * b, b - 0.001 * al.sin(a) + 1e-9 * a]
    return x[0] * x[0] + x[1]

F = al.function(f, 2)
value, gradient = F.value_and_grad([1.0, 0.5])
step = 1e-6
ahead, back = F([1.0 + step, 0.5]), F([1.0 - step, 0.5])
assert abs((ahead - back) / (2 * step) - gradient[0]) < 1e-4 * abs(gradient[0]) + 1e-6
del F
print(resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024)
"""


def test_a_million_nodes_fit_in_a_gigabyte() -> None:
    """Recorded, compiled, run, differentiated and freed, in a process of its own."""
    done = subprocess.run(
        [sys.executable, "-c", _MILLION], capture_output=True, text=True, check=True, timeout=300
    )
    assert float(done.stdout) < 1024
