"""`al.function`: compiled scalar functions with first and second derivatives."""

from __future__ import annotations

from itertools import pairwise
from typing import Any

import numpy as np
import pytest

import autograd_lite as al


def rosenbrock(x: list[Any]) -> Any:
    """Minimum 0 at (1, ..., 1)."""
    return al.sum([100.0 * (b - a * a) ** 2 + (1.0 - a) ** 2 for a, b in pairwise(x)])


def by_hand(x: Any) -> tuple[float, Any, Any]:
    """Rosenbrock's value, gradient and Hessian, from the formulas."""
    n = len(x)
    value = np.sum(100 * (x[1:] - x[:-1] ** 2) ** 2 + (1 - x[:-1]) ** 2)
    g, H = np.zeros(n), np.zeros((n, n))
    for i in range(n - 1):
        d = x[i + 1] - x[i] ** 2
        g[i] += -400 * x[i] * d - 2 * (1 - x[i])
        g[i + 1] += 200 * d
        H[i, i] += -400 * d + 800 * x[i] ** 2 + 2
        H[i, i + 1] += -400 * x[i]
        H[i + 1, i] += -400 * x[i]
        H[i + 1, i + 1] += 200
    return value, g, H


@pytest.mark.parametrize("n", [2, 3, 10, 40])
def test_rosenbrock_equals_the_formulas(n: int) -> None:
    F = al.function(rosenbrock, n)
    for seed in range(3):
        x = np.random.default_rng(seed).normal(size=n)
        value, gradient, hessian = by_hand(x)
        assert F(x) == pytest.approx(value, rel=1e-13)
        got, of_got = F.value_and_grad(x)
        assert got == pytest.approx(value, rel=1e-13)
        scale = np.abs(gradient).max()
        np.testing.assert_allclose(of_got, gradient, rtol=1e-12, atol=1e-12 * scale)
        np.testing.assert_allclose(F.grad(x), of_got)
        np.testing.assert_allclose(F.hessian(x), hessian, rtol=1e-12, atol=1e-11)
        v = np.random.default_rng(seed + 10).normal(size=n)
        np.testing.assert_allclose(F.hvp(x, v), hessian @ v, rtol=1e-10, atol=1e-10)


def test_products_with_several_vectors_come_as_rows() -> None:
    F = al.function(rosenbrock, 3)
    V = np.array([[1.0, 2.0, 0.0], [0.0, -1.0, 1.0]])
    x = np.array([0.5, -1.0, 2.0])
    np.testing.assert_allclose(F.hvp(x, V), V @ by_hand(x)[2], rtol=1e-12)


def test_choices_by_where_have_both_derivatives() -> None:
    """f = x^2 for x > 0, else x^3: f' = 2x or 3x^2, f'' = 2 or 6x."""
    F = al.function(lambda x: al.where(x[0] > 0.0, x[0] ** 2, x[0] ** 3), 1)
    for x, first, second in ((2.0, 4.0, 2.0), (-2.0, 12.0, -12.0)):
        assert F.grad([x]).tolist() == [first]
        assert F.hessian([x]).tolist() == [[second]]


def test_relu_and_maximum_select_at_the_point_of_the_call() -> None:
    F = al.function(lambda x: al.relu(x[0]) ** 2 + al.maximum(x[0], x[1]) ** 3, 2)
    assert F.grad([2.0, 1.0]).tolist() == [4.0 + 12.0, 0.0]
    assert F.hessian([2.0, 1.0]).tolist() == [[2.0 + 12.0, 0.0], [0.0, 0.0]]
    assert F.hessian([-2.0, 1.0]).tolist() == [[0.0, 0.0], [0.0, 6.0]]


def test_an_unused_argument_has_no_derivative() -> None:
    F = al.function(lambda x: x[0] ** 2, 3)
    assert F.grad([3.0, 1.0, 1.0]).tolist() == [6.0, 0.0, 0.0]
    assert F.hessian([3.0, 1.0, 1.0]).tolist() == [[2.0, 0.0, 0.0], [0.0] * 3, [0.0] * 3]


def test_a_constant_function() -> None:
    F = al.function(lambda x: 7.0, 2)
    assert F([1.0, 2.0]) == 7.0
    assert F.grad([1.0, 2.0]).tolist() == [0.0, 0.0]


def test_an_if_on_the_argument_is_a_trace_error() -> None:
    with pytest.raises(al.TraceError, match=r"al\.where"):
        al.function(lambda x: x[0] if x[0] > 0.0 else -x[0], 1)


def test_wrong_vectors_and_results_are_clear() -> None:
    F = al.function(rosenbrock, 3)
    for call in (F, F.grad, F.value_and_grad, F.hessian, lambda x: F.hvp(x, [1.0] * 3)):
        with pytest.raises(ValueError, match=r"x has the shape \(2,\); the function takes 3"):
            call([1.0, 2.0])
    with pytest.raises(ValueError, match=r"v has the shape \(2,\); it must be \(3,\)"):
        F.hvp([1.0] * 3, [1.0, 2.0])
    with pytest.raises(TypeError, match="str"):
        al.function(lambda x: "one", 2)
    with pytest.raises(ValueError, match="count is 0"):
        al.function(rosenbrock, 0)


def test_scipy_finds_the_minimum() -> None:
    optimize = pytest.importorskip("scipy.optimize", reason="SciPy comes with the extra test")
    F = al.function(rosenbrock, 20)
    found = optimize.minimize(F.value_and_grad, np.zeros(20), jac=True, method="BFGS")
    np.testing.assert_allclose(found.x, np.ones(20), atol=1e-4)
    newton = optimize.minimize(
        F, np.zeros(20), jac=F.grad, hessp=F.hvp, method="trust-ncg", tol=1e-10
    )
    np.testing.assert_allclose(newton.x, np.ones(20), atol=1e-8)


def test_f_may_change_its_list() -> None:
    def swap(x: list[Any]) -> Any:
        x[0], x[1] = x[1] + 1.0, x[0]
        return x[0] ** 2 * x[1]

    F = al.function(swap, 2)  # (b + 1)^2 a
    assert F([2.0, 3.0]) == 32.0
    assert F.grad([2.0, 3.0]).tolist() == [16.0, 16.0]
    assert F.hessian([2.0, 3.0]).tolist() == [[0.0, 8.0], [8.0, 4.0]]
    popped = al.function(lambda x: x.pop() * x.pop(), 3)
    assert popped.grad([2.0, 3.0, 4.0]).tolist() == [0.0, 4.0, 3.0]


def test_what_would_freeze_a_placeholder_is_a_trace_error() -> None:
    for f in (lambda x: x[0].detach() * x[1], lambda x: x[0].item() + x[1]):
        with pytest.raises(al.TraceError, match="depends on the placeholder x1"):
            al.function(f, 2)
    other = al.inputs(1, "other")[0]
    with pytest.raises(al.CompileError, match="placeholder other1 is not among the inputs"):
        al.function(lambda x: x[0] * other, 1)


def test_texts_are_no_numbers() -> None:
    F = al.function(rosenbrock, 2)
    for wrong in (["1", "2"], [None, 1.0], [1j, 0.0]):
        with pytest.raises(TypeError, match="vector of real numbers"):
            F(wrong)
    assert F(np.array([1, 1])) == F([True, True]) == 0.0
