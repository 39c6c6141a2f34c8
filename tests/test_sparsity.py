"""Sparse Hessians and Jacobians of compiled functions."""

from __future__ import annotations

import sys
from itertools import pairwise
from typing import Any

import numpy as np
import pytest
from graphs import numbers, program, run, total
from hypothesis import assume, given, settings
from hypothesis import strategies as st
from scipy import optimize, sparse

import autograd_lite as al


def rosenbrock(x: list[Any]) -> Any:
    return al.sum([100.0 * (b - a * a) ** 2 + (1.0 - a) ** 2 for a, b in pairwise(x)])


def springs(x: list[Any]) -> Any:
    """The energy of masses in a plane, each joined to the next by a spring of length 1."""
    points = list(zip(x[::2], x[1::2]))
    return al.sum([
        (al.hypot(c - a, d - b) - 1.0) ** 2 + 0.1 * d for (a, b), (c, d) in pairwise(points)
    ])  # fmt: skip


def eight_schools(x: list[Any]) -> Any:
    """A common mean and spread, one effect per group: an arrow of width 2."""
    mu, tau, *theta = x
    return al.sum([(t - mu) ** 2 * al.exp(-tau) + al.cosh(t) for t in theta]) + mu * mu + tau * tau


def joined_by_where(x: list[Any]) -> Any:
    return al.where(x[0] > 0.0, x[0] * x[1], x[1] * x[2]) + al.maximum(x[2], x[3]) ** 2


FUNCTIONS = {
    "rosenbrock": (rosenbrock, 50), "springs": (springs, 24), "eight schools": (eight_schools, 10),
    "where": (joined_by_where, 4), "linear": (lambda x: 2.0 * x[0] - x[2] + 3.0, 3),
    "constant": (lambda x: 5.0, 2), "product": (lambda x: x[0] * x[1] * x[2], 3),
    "own leaf": (lambda x: x[1], 2),
}  # fmt: skip


@pytest.mark.parametrize("executor", ["auto", "arrays"])
@pytest.mark.parametrize("name", FUNCTIONS)
def test_hessians_equal_those_of_the_graph(name: str, executor: str) -> None:
    f, n = FUNCTIONS[name]
    F = al.function(f, n, executor=executor)
    for seed in range(2):
        x = np.random.default_rng(seed).normal(size=n)
        expected = np.array(al.hessian(f)(x.tolist()))
        scale = max(abs(expected).max(), 1.0)
        found = F.hessian(x, sparse=True)
        assert sparse.issparse(found)
        np.testing.assert_allclose(found.toarray(), expected, rtol=1e-12, atol=1e-12 * scale)
        np.testing.assert_array_equal(F.hessian(x), found.toarray())
        assert not expected[~F.hessian_sparsity().toarray()].any()


def test_patterns_of_known_hessians() -> None:
    band = abs(np.subtract.outer(np.arange(50), np.arange(50))) <= 1
    assert (al.function(rosenbrock, 50).hessian_sparsity().toarray() == band).all()
    arrow = np.eye(10, dtype=bool)
    arrow[:2] = arrow[:, :2] = True
    assert (al.function(eight_schools, 10).hessian_sparsity().toarray() == arrow).all()
    assert al.function(lambda x: 2.0 * x[0] - x[1], 2).hessian_sparsity().nnz == 0
    product = al.function(lambda x: x[0] * x[1], 3).hessian_sparsity().toarray()
    assert product.tolist() == [[False, True, False], [True, False, False], [False] * 3]


@settings(max_examples=30, deadline=None)
@given(numbers, st.lists(st.floats(-2.0, 2.0), min_size=4, max_size=4))
def test_random_functions(choices: list[int], x: list[float]) -> None:
    statements = program(choices, 4)

    def f(x: list[Any]) -> Any:
        return total(run(statements, x)[4:])

    expected = np.array(al.hessian(f)(x))
    assume(np.isfinite(expected).all())  # at poles second derivatives are not specified
    F = al.function(f, 4)
    scale = max(abs(expected).max(), 1.0)
    np.testing.assert_allclose(F.hessian(x), expected, rtol=1e-10, atol=1e-10 * scale)
    np.testing.assert_array_equal(F.hessian(x, sparse=True).toarray(), F.hessian(x))
    assert not expected[~F.hessian_sparsity().toarray()].any()


def test_what_is_not_selected_hides_nan_in_second_derivatives() -> None:
    """atan's rule chooses between two forms, one of which divides by x: atan''(0) = 0."""
    F = al.function(lambda x: al.atan(x[0]), 1)
    assert F.hessian([0.0]).tolist() == [[0.0]]
    G = al.function(lambda x: al.where(x[0] > 0.0, al.log(x[0]), x[0] ** 2), 1)
    assert G.hessian([-3.0]).tolist() == [[2.0]]
    assert G.hessian([2.0]).tolist() == [[-0.25]]
    root = al.function(lambda x: al.where(x[0] > 0.0, al.sqrt(x[0]), 0.0), 1)
    assert root.hessian([0.0]).tolist() == [[0.0]]


def test_a_row_of_ones_own_has_a_sparse_hessian() -> None:
    cube = al.Op("cube", lambda x: x * x * x, (lambda y, x: 3.0 * x * x,))
    F = al.function(lambda x: al.sum([cube(a) for a in x]), 6)
    x = np.arange(1.0, 7.0)
    assert F.hessian_sparsity().nnz == 6
    np.testing.assert_allclose(F.hessian(x), np.diag(6.0 * x), rtol=1e-15)


def residuals(x: list[Any]) -> list[Any]:
    """Rosenbrock as squares: 2 n - 2 numbers, a band of two."""
    return [r for a, b in pairwise(x) for r in (10.0 * (b - a * a), 1.0 - a)]


VECTORS = {
    "residuals": (residuals, 20),  # fewer columns' colours
    "tall": (lambda x: [al.sin(a) * x[0] for a in x] + [7.0], 5),  # a full column
    "wide": (lambda x: [al.sum([a * a for a in x]), x[0]], 9),  # a full row: from the left
    "constants": (lambda x: [1.0, 2.0], 3),
}


@pytest.mark.parametrize("name", VECTORS)
def test_jacobians_equal_those_of_the_graph(name: str) -> None:
    f, n = VECTORS[name]
    F = al.function(f, n)
    x = np.random.default_rng(1).normal(size=n)
    values = [float(getattr(y, "data", y)) for y in f([al.Value(a) for a in x.tolist()])]
    np.testing.assert_allclose(F(x), values, rtol=1e-14)
    expected = np.array(al.jacobian(f)(x.tolist()))
    np.testing.assert_allclose(F.jacobian(x), expected, rtol=1e-13, atol=1e-15)
    found = F.jacobian(x, sparse=True)
    assert sparse.issparse(found)
    np.testing.assert_array_equal(found.toarray(), F.jacobian(x))
    assert not expected[~F.jacobian_sparsity().toarray()].any()


def test_arrays_may_be_returned_too() -> None:
    F = al.function(lambda x: np.array([x[0] * x[1], x[0]]), 2)
    assert F([2.0, 3.0]).tolist() == [6.0, 2.0]
    assert F.jacobian([2.0, 3.0]).tolist() == [[3.0, 2.0], [1.0, 0.0]]
    assert al.function(lambda x: np.array(7.0), 1)([0.0]) == 7.0


def test_the_pattern_of_a_known_jacobian() -> None:
    F = al.function(lambda x: [x[0] * x[1], x[2], 4.0], 3)
    assert F.jacobian_sparsity().toarray().tolist() == [
        [True, True, False], [False, False, True], [False, False, False],
    ]  # fmt: skip


def test_scipy_takes_sparse_matrices() -> None:
    """Both find Rosenbrock's minimum, where all numbers are 1."""
    F, R = al.function(rosenbrock, 30), al.function(residuals, 30)
    newton = optimize.minimize(
        F, np.zeros(30), jac=F.grad, hess=lambda x: F.hessian(x, sparse=True), tol=1e-10,
        method="trust-constr",
    )  # fmt: skip
    np.testing.assert_allclose(newton.x, np.ones(30), atol=1e-7)
    squares = optimize.least_squares(R, np.zeros(30), jac=lambda x: R.jacobian(x, sparse=True))
    np.testing.assert_allclose(squares.x, np.ones(30), atol=1e-7)


def test_without_scipy_dense_matrices_still_come(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(sys.modules, "scipy.sparse", None)
    F = al.function(rosenbrock, 3)
    assert F.hessian([1.0, 1.0, 1.0]).shape == (3, 3)
    with pytest.raises(ImportError, match=r"autograd-lite\[sparse\]"):
        F.hessian([1.0, 1.0, 1.0], sparse=True)
    with pytest.raises(ImportError, match=r"autograd-lite\[sparse\]"):
        F.hessian_sparsity()


def test_results_that_are_no_numbers_are_refused() -> None:
    with pytest.raises(ValueError, match="empty list"):
        al.function(lambda x: [], 2)
    with pytest.raises(TypeError, match="list inside a list"):
        al.function(lambda x: [[x[0]]], 2)
