"""Functions in, functions out: derivatives of every order, by hand or at forty digits."""

from __future__ import annotations

from math import cos, cosh, exp, isfinite, isnan, sin, tanh
from random import Random
from typing import TYPE_CHECKING, Any

import mpmath
import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from rows import ROWS, points

import autograd_lite as al
from autograd_lite import Op, StaleGraphError, Value, grad, hessian, hvp, jacobian, jvp

if TYPE_CHECKING:
    from collections.abc import Callable

# --- what goes in and what comes out ----------------------------------------------------


def test_the_gradient_by_a_float_is_a_float() -> None:
    """d/dx x^3 = 3 x^2."""
    slope = grad(lambda x: x**3)(2.0)
    assert slope == 12.0
    assert type(slope) is float


def test_ints_bools_and_numpy_scalars_are_numbers() -> None:
    for x in (3, np.float32(3.0), np.int64(3), np.array(3.0)):
        slope = grad(lambda x: x * x)(x)
        assert slope == 6.0
        assert type(slope) is float
    assert grad(lambda x: x * x)(True) == 2.0


def test_the_gradient_nests_as_the_argument_does() -> None:
    """f = a b + c^2: the gradient is (b, a, 2 c)."""

    def f(x: Any) -> Any:
        (a,), (b, [c]) = x
        return a * b + c**2

    assert grad(f)([(2.0,), [3.0, [5.0]]]) == [(3.0,), [2.0, [10.0]]]
    assert grad(f)(([2.0], (3.0, [5.0]))) == ([3.0], (2.0, [10.0]))


def test_a_numpy_vector_reaches_the_function_as_a_list_and_its_gradient_is_a_vector() -> None:
    seen: list[Any] = []

    def f(x: Any) -> Any:
        seen.append(x)
        return x[0] * x[1] ** 2

    gradient = grad(f)(np.array([2.0, 3.0]))
    assert type(seen[0]) is list
    assert isinstance(gradient, np.ndarray)
    assert gradient.dtype == np.float64
    assert gradient.tolist() == [9.0, 12.0]


def test_a_numpy_matrix_gives_a_matrix() -> None:
    gradient = grad(lambda w: w[0][0] * w[1][1] - w[0][1] * w[1][0])(np.array([[1, 2], [3, 4]]))
    assert isinstance(gradient, np.ndarray)
    assert gradient.tolist() == [[4.0, -3.0], [-2.0, 1.0]]  # the cofactors


def test_value_and_grad_calls_the_function_once() -> None:
    calls: list[Any] = []

    def f(x: Any) -> Any:
        calls.append(x)
        return al.exp(x)

    assert al.value_and_grad(f)(0.0) == (1.0, 1.0)
    assert len(calls) == 1


def test_value_and_grad_of_a_numpy_vector() -> None:
    value, gradient = al.value_and_grad(lambda x: x[0] * x[1])(np.array([2.0, 3.0]))
    assert type(value) is float
    assert value == 6.0
    assert isinstance(gradient, np.ndarray)
    assert gradient.tolist() == [3.0, 2.0]


def test_the_jacobian_nests_as_the_result_and_inside_as_the_argument() -> None:
    """f = (x y, (x^2, y)) has the rows (y, x), (2 x, 0) and (0, 1)."""
    rows = jacobian(lambda v: (v[0] * v[1], [v[0] ** 2, v[1]]))([3.0, 2.0])
    assert rows == ([2.0, 3.0], [[6.0, 0.0], [0.0, 1.0]])


def test_the_jacobian_by_a_numpy_vector_is_a_matrix_outputs_by_inputs() -> None:
    J = jacobian(lambda x: [x[0] * x[1], x[0], x[1] ** 2])(np.array([3.0, 2.0]))
    assert isinstance(J, np.ndarray)
    assert J.tolist() == [[2.0, 3.0], [1.0, 0.0], [0.0, 4.0]]


def test_the_jacobian_of_one_number_is_its_gradient() -> None:
    assert jacobian(lambda x: x * x)(3.0) == 6.0
    assert jacobian(lambda x: x[0] * x[1])([3.0, 2.0]) == [2.0, 3.0]


def test_the_jacobian_of_the_identity_is_the_unit_matrix() -> None:
    assert jacobian(lambda x: x)([5.0, 7.0]) == [[1.0, 0.0], [0.0, 1.0]]


def test_outputs_that_are_plain_numbers_have_rows_of_zeros() -> None:
    assert jacobian(lambda x: [x[0], 7.0])([1.0, 2.0]) == [[1.0, 0.0], [0.0, 0.0]]


def test_the_hessian_by_a_numpy_vector_is_a_matrix() -> None:
    """f = x^2 y: ((2 y, 2 x), (2 x, 0))."""
    H = hessian(lambda x: x[0] ** 2 * x[1])(np.array([3.0, 2.0]))
    assert isinstance(H, np.ndarray)
    assert H.tolist() == [[4.0, 6.0], [6.0, 0.0]]


def test_the_hessian_nests_as_the_gradient_and_inside_as_the_argument() -> None:
    """f = a b: the row of a is (0, 1), that of b (1, 0)."""
    of_a, of_b = [(0.0,), 1.0], [(1.0,), 0.0]
    assert hessian(lambda x: x[0][0] * x[1])([(2.0,), 3.0]) == [(of_a,), of_b]


def test_the_hessian_of_a_linear_and_of_a_constant_function_is_zero() -> None:
    assert hessian(lambda x: 2.0 * x[0] - x[1])([3.0, 2.0]) == [[0.0, 0.0], [0.0, 0.0]]
    assert hessian(lambda x: 7.0)([3.0, 2.0]) == [[0.0, 0.0], [0.0, 0.0]]


def test_products_of_a_numpy_vector_are_vectors() -> None:
    x, v = np.array([3.0, 2.0]), np.array([1.0, 10.0])
    Hv = hvp(lambda x: x[0] ** 2 * x[1])(x, v)
    y, Jv = jvp(lambda x: [x[0] * x[1], x[0]])(x, v)
    for got, expected in ((Hv, [64.0, 6.0]), (y, [6.0, 3.0]), (Jv, [32.0, 1.0])):
        assert isinstance(got, np.ndarray)
        assert got.tolist() == expected


def test_jvp_gives_the_value_and_the_directional_derivative() -> None:
    """f = (x y, x^2) along (1, 10): (y + 10 x, 2 x)."""
    f = jvp(lambda x: [x[0] * x[1], x[0] ** 2])
    assert f([3.0, 2.0], [1.0, 10.0]) == ([6.0, 9.0], [32.0, 6.0])
    assert jvp(al.sin)(0.0, 2.0) == (0.0, 2.0)
    assert jvp(lambda x: 7.0)(3.0, 1.0) == (7.0, 0.0)


# --- argnums ------------------------------------------------------------------------------


def product(x: Any, y: Any, z: Any) -> Any:
    """x y^2 z^3 at (2, 3, 1): the derivatives are 9, 12 and 54."""
    return x * y**2 * z**3


@pytest.mark.parametrize(
    ("argnums", "expected"),
    [
        (0, 9.0),
        (1, 12.0),
        (2, 54.0),
        (-1, 54.0),
        (-3, 9.0),
        ((0, 2), (9.0, 54.0)),
        ((2, 0), (54.0, 9.0)),
        ((-1, 0), (54.0, 9.0)),
        ((1,), (12.0,)),
    ],
)
def test_argnums_chooses_the_arguments_and_their_order(argnums: Any, expected: Any) -> None:
    assert grad(product, argnums)(2.0, 3.0, 1.0) == expected


def test_argnums_of_products_and_of_the_hessian() -> None:
    """f = x^2 y at (3, 2): f_xx = 4, f_xy = 6, f_yy = 0."""

    def f(x: Any, y: Any) -> Any:
        return x * x * y

    assert hessian(f, 1)(3.0, 2.0) == 0.0
    assert hessian(f, (0, 1))(3.0, 2.0) == ((4.0, 6.0), (6.0, 0.0))
    assert jvp(f, (0, 1))(3.0, 2.0, (1.0, 10.0)) == (18.0, 12.0 + 90.0)
    assert hvp(f, (0, 1))(3.0, 2.0, (1.0, 10.0)) == (64.0, 6.0)
    assert jacobian(lambda x, y: [x * y, y], -1)(3.0, 2.0) == [3.0, 1.0]


def test_arguments_that_are_not_chosen_reach_the_function_as_they_are() -> None:
    marker = object()

    def f(x: Any, other: Any) -> Any:
        assert other is marker
        return x * x

    assert grad(f)(3.0, marker) == 6.0


@pytest.mark.parametrize(("argnums", "named"), [(3, "3"), (-4, "-4"), ((0, 3), "3")])
def test_an_argument_that_is_not_there_is_a_value_error(argnums: Any, named: str) -> None:
    with pytest.raises(ValueError, match=rf"argnums names argument {named}, but there are 3"):
        grad(product, argnums)(2.0, 3.0, 1.0)


@pytest.mark.parametrize("name", ["grad", "value_and_grad", "jacobian", "hessian", "jvp", "hvp"])
def test_what_is_no_function_is_refused_at_once(name: str) -> None:
    """Easily typed: al.grad(f(x)) for al.grad(f)(x)."""
    with pytest.raises(TypeError) as error:
        getattr(al, name)(al.Value(3.0) * 2.0)
    assert str(error.value) == (
        f"{name}: f is Value(data=6.0, grad=0.0); give the function itself, and its arguments to "
        f"the result: al.{name}(f)(x)"
    )


@pytest.mark.parametrize("argnums", [1.0, "0", None, True, [0], (0, 1.0)])
def test_argnums_that_are_no_ints_are_type_errors(argnums: Any) -> None:
    with pytest.raises(TypeError, match="it must be an int or a tuple of ints"):
        grad(product, argnums)(2.0, 3.0, 1.0)


@pytest.mark.parametrize("argnums", [(0, 0), (0, -3), (1, 0, 1)])
def test_an_argument_named_twice_is_a_value_error(argnums: Any) -> None:
    """It has one derivative; (0.0, f_x), half of it lost, would be a wrong number."""
    with pytest.raises(ValueError, match="argnums"):
        grad(product, argnums)(2.0, 3.0, 1.0)


# --- what is refused ----------------------------------------------------------------------


def test_several_outputs_are_a_type_error_that_names_function_and_way_out() -> None:
    def pair(x: Any) -> Any:
        return [x, x]

    with pytest.raises(TypeError) as error:
        grad(pair)(1.0)
    assert str(error.value) == (
        "grad: pair returned list of 2, not one number; use jacobian, or al.sum of them"
    )
    with pytest.raises(TypeError, match="returned tuple of 3"):
        grad(lambda x: (x, x, x))(1.0)
    with pytest.raises(TypeError, match="returned ndarray of 2"):
        grad(lambda x: np.array([x, x]))(1.0)
    with pytest.raises(TypeError, match="softmax returned list of 2"):
        grad(al.softmax)([1.0, 2.0])


@pytest.mark.parametrize("transform", [al.grad, al.value_and_grad, al.hessian, al.hvp])
def test_an_error_names_the_transformation_that_was_asked_for(transform: Any) -> None:
    more = ([1.0],) if transform is al.hvp else ()
    with pytest.raises(TypeError) as error:
        transform(lambda x: [x[0], x[0]])([1.0], *more)
    assert str(error.value).startswith(f"{transform.__name__}: <lambda> returned list of 2, not")


@pytest.mark.parametrize("transform", [al.jvp, al.hvp])
def test_a_wrong_direction_names_the_transformation_that_was_asked_for(transform: Any) -> None:
    name = transform.__name__
    for args, text in [
        (([1.0],), "call it with the arguments of f and then the direction"),
        (([1.0], [1.0, 2.0]), "the direction has 2 numbers, the argument 1"),
        (([1.0], [[1.0]]), "the direction does not nest as the argument does"),
    ]:
        with pytest.raises((TypeError, ValueError)) as error:
            transform(lambda x: x[0] * x[0])(*args)
        assert str(error.value) == f"{name}: {text}"


@pytest.mark.parametrize("thing", ["abc", None, {"a": 1.0}, 1j])
def test_only_real_numbers_are_differentiated_by_and_returned(thing: Any) -> None:
    with pytest.raises(TypeError, match="a real number is needed"):
        grad(lambda x: x)(thing)
    with pytest.raises(TypeError, match="a real number is needed"):
        grad(lambda x: thing)(1.0)


def test_jvp_without_a_direction_says_how_to_call_it() -> None:
    with pytest.raises(TypeError, match="the arguments of f and then the direction"):
        jvp(al.sin)(1.0)


@pytest.mark.parametrize("transform", [jvp, hvp])
@pytest.mark.parametrize("direction", [[1.0], [1.0, 2.0, 3.0], 1.0])
def test_a_direction_of_another_length_names_both(transform: Any, direction: Any) -> None:
    count = len(direction) if isinstance(direction, list) else 1
    with pytest.raises(ValueError, match=f"direction has {count} numbers, the argument 2"):
        transform(lambda x: x[0] * x[1])([3.0, 2.0], direction)


@pytest.mark.parametrize(
    ("x", "direction"),
    [([[3.0, 2.0], 1.0], [1.0, [2.0, 3.0]]), ([[3.0], [2.0]], [1.0, 2.0]), (3.0, [1.0])],
)
@pytest.mark.parametrize("transform", [jvp, hvp])
def test_a_direction_that_nests_otherwise_is_a_value_error(
    transform: Any, x: Any, direction: Any
) -> None:
    with pytest.raises(ValueError, match="the direction does not nest as the argument does"):
        transform(lambda x: 1.0)(x, direction)


def test_lists_tuples_and_vectors_nest_alike() -> None:
    for direction in ([1.0, 10.0], (1.0, 10.0), np.array([1.0, 10.0])):
        assert jvp(lambda x: x[0] * x[1])([3.0, 2.0], direction) == (6.0, 32.0)


# --- no dependence -------------------------------------------------------------------------


def test_d14_an_argument_that_is_not_used_has_the_gradient_zero() -> None:
    """Semantics D14."""
    assert grad(lambda x, y: x * x, 1)(3.0, 2.0) == 0.0
    assert grad(lambda x: x[0] ** 2)([3.0, [4.0, 5.0]]) == [6.0, [0.0, 0.0]]
    assert grad(lambda x: 7)(3.0) == 0.0
    assert al.value_and_grad(lambda x: 7)(3.0) == (7.0, 0.0)
    v = Value(5.0)
    assert grad(lambda x: v)(3.0) == 0.0


# --- higher orders ------------------------------------------------------------------------


def nth(f: Callable[[Any], Any], order: int) -> Callable[[Any], Any]:
    for _ in range(order):
        f = grad(f)
    return f


@pytest.mark.parametrize(
    ("f", "x", "third", "fourth"),
    [
        (lambda x: x**5, 2.0, 60.0 * 2.0**2, 120.0 * 2.0),
        (lambda x: 1.0 / x, 2.0, -6.0 / 2.0**4, 24.0 / 2.0**5),
        (al.log, 2.0, 2.0 / 2.0**3, -6.0 / 2.0**4),
        (al.sin, 0.7, -cos(0.7), sin(0.7)),
        (al.cosh, 0.7, 0.5 * (exp(0.7) - exp(-0.7)), cosh(0.7)),
        (lambda x: al.exp(2.0 * x), 0.3, 8.0 * exp(0.6), 16.0 * exp(0.6)),
        # Hermite: (-1)^n H_n(x) exp(-x^2), H_3 = 8x^3 - 12x, H_4 = 16x^4 - 48x^2 + 12
        (
            lambda x: al.exp(-x * x),
            0.5,
            -(8.0 * 0.125 - 12.0 * 0.5) * exp(-0.25),
            (16.0 * 0.0625 - 48.0 * 0.25 + 12.0) * exp(-0.25),
        ),
    ],
)
def test_third_and_fourth_derivatives_by_hand(
    f: Any, x: float, third: float, fourth: float
) -> None:
    assert nth(f, 3)(x) == pytest.approx(third, rel=1e-13)
    assert nth(f, 4)(x) == pytest.approx(fourth, rel=1e-13)


def test_third_and_fourth_derivatives_of_tanh() -> None:
    """From t' = 1 - t^2: t''' = (1 - t^2)(6 t^2 - 2), t'''' = (1 - t^2)(16 t - 24 t^3)."""
    t = tanh(0.4)
    assert nth(al.tanh, 3)(0.4) == pytest.approx((1 - t * t) * (6 * t * t - 2), rel=1e-13)
    assert nth(al.tanh, 4)(0.4) == pytest.approx((1 - t * t) * (16 * t - 24 * t**3), rel=1e-13)


def test_mixed_derivatives_by_plain_numbers_are_plain_numbers() -> None:
    """f = x^2 y^3 sin z: f_xy = 6 x y^2 sin z, f_xyz = 6 x y^2 cos z."""

    def f(x: Any, y: Any, z: Any) -> Any:
        return x**2 * y**3 * al.sin(z)

    mixed = grad(grad(f, 0), 1)(2.0, 3.0, 0.5)
    assert mixed == pytest.approx(6.0 * 2.0 * 9.0 * sin(0.5), rel=1e-14)
    mixed = grad(grad(grad(f, 0), 1), 2)(2.0, 3.0, 0.5)
    assert mixed == pytest.approx(6.0 * 2.0 * 9.0 * cos(0.5), rel=1e-14)


NAMES = """
    exp expm1 log log1p log10 sqrt erf sin cos tan asin acos atan
    sinh cosh tanh asinh acosh atanh
"""
#: Every unary row that is smooth, as mpmath has it.
SMOOTH: dict[str, Callable[[Any], Any]] = {
    **{name: getattr(mpmath, name) for name in NAMES.split()},
    "neg": lambda x: -x,
    "identity": lambda x: x,
    "log2": lambda x: mpmath.log(x) / mpmath.log(2),
    "sigmoid": lambda x: 1 / (1 + mpmath.exp(-x)),
    "softplus": lambda x: mpmath.log(1 + mpmath.exp(x)),
    "log_sigmoid": lambda x: -mpmath.log(1 + mpmath.exp(-x)),
    "silu": lambda x: x / (1 + mpmath.exp(-x)),
}
KINKED = {"abs", "relu", "sign", "step"}
UNARY = [row for row in ROWS if row.arity == 1]


def test_every_unary_row_is_smooth_or_has_a_kink() -> None:
    assert {row.name for row in UNARY} == set(SMOOTH) | KINKED


@pytest.mark.parametrize(
    "row", [row for row in UNARY if row.name in SMOOTH], ids=lambda row: row.name
)
def test_second_derivatives_of_smooth_rows_at_forty_digits(row: Op) -> None:
    """Semantics D16: within 1e-13 of the largest term, which 1 + |y| + |y'| + |y''| bounds."""
    f = SMOOTH[row.name]
    with mpmath.workdps(40):
        for (x,) in points(row, 20, seed=8, apart=0.01):
            terms = [mpmath.diff(f, mpmath.mpf(x), n) for n in range(3)]
            scale = 1.0 + float(sum(abs(term) for term in terms))
            assert abs(grad(grad(row))(x) - terms[2]) <= 1e-13 * scale, x


@pytest.mark.parametrize(
    ("f", "x", "first", "second"),
    [
        (lambda x: al.relu(x) ** 2, 3.0, 6.0, 2.0),
        (lambda x: al.relu(x) ** 2, -3.0, 0.0, 0.0),
        (al.relu, 3.0, 1.0, 0.0),
        (lambda x: al.leaky_relu(x, 0.5) ** 2, -3.0, -1.5, 0.5),
        (lambda x: abs(x) ** 3, -2.0, -12.0, 12.0),
        (lambda x: al.maximum(x**3, x), 2.0, 12.0, 12.0),
        (lambda x: al.maximum(x**3, x), -2.0, 1.0, 0.0),
        (lambda x: al.minimum(x**3, x), -2.0, 12.0, -12.0),
        (lambda x: al.where(x > 0.0, x**3, x**2), 2.0, 12.0, 12.0),
        (lambda x: al.where(x > 0.0, x**3, x**2), -2.0, -4.0, 2.0),
        (lambda x: al.clamp(x, -1.0, 1.0) ** 2, 0.5, 1.0, 2.0),
        (lambda x: al.clamp(x, -1.0, 1.0) ** 2, 5.0, 0.0, 0.0),
        (lambda x: al.step(x) * x**2, 2.0, 4.0, 2.0),
        (lambda x: al.sign(x) * x**2, -2.0, 4.0, -2.0),
    ],
)
def test_derivatives_of_what_selects(f: Any, x: float, first: float, second: float) -> None:
    """By hand on the side of the kink where x lies."""
    assert grad(f)(x) == first
    assert grad(grad(f))(x) == second


def test_the_hessian_of_a_maximum_is_that_of_the_larger_argument() -> None:
    f = hessian(lambda v: al.maximum(v[0] ** 2, v[1] ** 3))
    assert f([3.0, 2.0]) == [[2.0, 0.0], [0.0, 0.0]]
    assert f([2.0, 3.0]) == [[0.0, 0.0], [0.0, 18.0]]


def test_nothing_passes_the_branch_not_taken_at_any_order() -> None:
    """Semantics D2: sqrt(-1) is nan, and so are its derivatives; where chose 0."""

    def f(x: Any) -> Any:
        return al.where(x > 0.0, al.sqrt(x), x * x)

    assert [nth(f, order)(-1.0) for order in (1, 2, 3)] == [-2.0, 2.0, 0.0]


# --- whose derivative ----------------------------------------------------------------------


@pytest.mark.parametrize(
    ("f", "x", "expected"),
    [
        # d/dx x (d/dy (x + y)) = d/dx x: 1, and 2 where the perturbations are confused
        (lambda x: x * grad(lambda y: x + y)(1.0), 1.0, 1.0),
        # d/dx x (d/dy x y) = d/dx x^2
        (lambda x: x * grad(lambda y: x * y)(2.0), 3.0, 6.0),
        # the inner one at y = x: d/dy x y^2 = 2 x^2, whose derivative is 4 x
        (lambda x: grad(lambda y: x * y * y)(x), 3.0, 12.0),
        # the inner function closes over x and gets x: d/dy x y = x
        (lambda x: grad(lambda y: x * y)(x), 3.0, 1.0),
        # x does not vary with y
        (lambda x: grad(lambda y: x)(2.0), 3.0, 0.0),
        (lambda x: grad(lambda y: x)(x), 3.0, 0.0),
        # three deep: d/dx x y z -> y z -> at y = x, z = x
        (lambda x: grad(lambda y: grad(lambda z: x * y * z)(x) * y)(x), 3.0, 12.0),
        (lambda x: jvp(lambda y: x * y)(x, 1.0)[1], 3.0, 1.0),
        (lambda x: jvp(lambda y: y**3)(x, x)[1], 2.0, 36.0),
        (lambda x: hvp(lambda y: y**3)(x, x), 2.0, 24.0),
        (lambda x: al.sum(jacobian(lambda y: [x * y, y * y])(x)), 3.0, 3.0),
    ],
)
def test_d13_nested_derivatives_are_never_confused(f: Any, x: float, expected: float) -> None:
    """Semantics D13; the first is Siskind and Pearlmutter's (2005)."""
    assert grad(f)(x) == expected
    assert jvp(f)(x, 1.0)[1] == expected


def test_every_order_of_forward_and_reverse_gives_the_second_derivative() -> None:
    """d2/dx2 x^4 = 12 x^2."""

    def f(x: Any) -> Any:
        return x**4

    def forward(f: Any) -> Any:
        return lambda x: jvp(f)(x, 1.0)[1]

    for outer in (grad, forward):
        for inner in (grad, forward):
            assert outer(inner(f))(3.0) == 108.0


# --- closures over Values --------------------------------------------------------------------


def test_a_closure_over_a_value_gives_a_value_that_can_be_differentiated() -> None:
    """d/dx w x^2 = 2 w x, and that by w is 2 x."""
    w = Value(0.5)
    slope = grad(lambda x: w * x * x)(3.0)
    assert isinstance(slope, Value)
    assert slope.data == 3.0
    slope.backward()
    assert w.grad == 6.0


def test_a_gradient_penalty_trains_weights() -> None:
    """(df/dx - 1)^2 with f = w x^2: its derivative by w is 2 (2 w x - 1) 2 x = 24."""
    w = Value(0.5)
    penalty = (grad(lambda x: w * x * x)(3.0) - 1.0) ** 2
    penalty.backward()
    assert penalty.data == 4.0
    assert w.grad == 24.0


def test_a_gradient_penalty_of_a_network_equals_central_differences() -> None:
    mlp = al.nn.MLP([2, 3, 1], "tanh", rng=3)
    parameters = mlp.parameters()

    def penalty() -> Any:
        slopes = grad(lambda x: mlp(x)[0])([0.3, -0.8])
        return al.sum([s * s for s in slopes])

    mlp.zero_grad()
    penalty().backward()
    h = 1e-5
    for p in parameters:
        middle = p.data
        ends = []
        for p.data in (middle + h, middle - h):
            ends.append(penalty().data)
        p.data = middle
        # the error of a difference: h^2 and 1e-16 / h
        assert p.grad == pytest.approx((ends[0] - ends[1]) / (2 * h), abs=1e-8)


def test_a_value_as_argument_gives_values() -> None:
    x = Value(3.0)
    value, slope = al.value_and_grad(lambda x: x**3)(x)
    slope.backward()
    assert (value.data, slope.data, x.grad) == (27.0, 27.0, 18.0)


def test_a_value_as_direction_gives_values() -> None:
    v = Value(2.0)
    _, tangent = jvp(lambda x: x**3)(3.0, v)
    tangent.backward()
    assert (tangent.data, v.grad) == (54.0, 27.0)


def test_a_closure_over_a_constant_gives_floats() -> None:
    """Semantics D9: no gradient could go there."""
    two = al.constant(2.0)
    slope = grad(lambda x: x * two)(3.0)
    assert slope == 2.0
    assert type(slope) is float


def test_transformations_touch_no_gradient() -> None:
    x, w, node = Value(3.0), Value(2.0), None
    for v in (x, w):
        v.grad = 7.0
    node = w * w
    node.grad = 5.0

    def f(x: Any) -> Any:
        return x**3 * node

    for transform in (grad, jacobian, hessian, al.value_and_grad):
        transform(f)(x)
        transform(f)(1.5)
    jvp(f)(x, 1.0)
    hvp(f)(x, 1.0)
    assert (x.grad, w.grad, node.grad) == (7.0, 7.0, 5.0)


# --- recorded values -------------------------------------------------------------------------


def test_d3_data_changed_after_it_was_recorded_is_stale_where_rules_run_again() -> None:
    """Semantics D3."""
    w = Value(2.0)

    def f(x: Any) -> Any:
        y = x * w
        w.data = 5.0
        return y

    with pytest.raises(StaleGraphError) as error:
        grad(f)(3.0)
    assert str(error.value) == (
        "mul(3.0, 5.0) was recorded as 6.0 and is now 15.0: some .data changed since the "
        "forward pass; compute the graph again"
    )


def test_a_changed_ancestor_is_found_by_its_label() -> None:
    w = Value(2.0)

    def f(x: Any) -> Any:
        u = w * 3.0
        y = al.sin(x * u)
        y.label = "y"
        u.data = 1.0
        return y

    with pytest.raises(StaleGraphError, match=r"mul\(0\.5, 1\.0\) was recorded as 3\.0"):
        grad(f)(0.5)

    def g(x: Any) -> Any:
        u = x * w
        y = al.exp(u)
        y.label = "y"
        u.data = 0.0
        return y

    with pytest.raises(StaleGraphError, match=r"y = exp\(0\.0\) was recorded as"):
        grad(g)(0.5)


def test_d3_a_change_that_keeps_the_value_but_not_the_derivative_is_stale() -> None:
    """|x| is 2 at -2 and at 2; its derivative is not the same."""
    w = Value(2.0)

    def f(x: Any) -> Any:
        u = x * w
        y = abs(u)
        u.data = -u.data
        return y

    with pytest.raises(StaleGraphError, match=r"abs\(-6\.0\) was recorded as 1\.0 and is now -1"):
        grad(f)(3.0)


def test_d3_graphs_recorded_before_keep_their_derivatives_when_leaves_change() -> None:
    """D3: u = w^2 was recorded at w = 3, so du/dw = 6 whatever w.data is later."""
    w = Value(3.0)
    u = w * w
    w.data = 100.0
    slope = grad(lambda x: u * x)(2.0)
    assert slope.data == 9.0
    slope.backward()
    assert w.grad == 6.0


def test_first_derivatives_are_those_at_the_recorded_values() -> None:
    """No rule runs again for plain numbers, so nothing can be stale."""

    def f(xs: Any) -> Any:
        y = xs[0] * xs[1]
        xs[1].data = 50.0
        return y

    assert grad(f)([3.0, 2.0]) == [2.0, 3.0]


def test_nan_is_not_taken_for_a_change() -> None:
    w = Value(-1.0)
    slope = grad(lambda x: x * al.log(w))(1.0)
    assert isnan(slope.data)


@pytest.mark.parametrize("row", [row for row in UNARY if row.domain], ids=lambda row: row.name)
def test_p3_outside_the_domain_derivatives_of_every_order_are_nan(row: Op) -> None:
    """Semantics P3: where the derivative is nan, its derivative is not 0.0."""
    ((lo, hi),) = row.domain
    outside = lo - 0.5 if isfinite(lo) else hi + 0.5
    assert isnan(grad(row)(outside))
    assert isnan(grad(grad(row))(outside))


# --- identities on random functions ----------------------------------------------------------


#: Smooth functions of two numbers that keep their results small.
GROWTH: list[Callable[[Any, Any], Any]] = [
    lambda a, b: al.sin(a),
    lambda a, b: al.tanh(a * b),
    lambda a, b: al.sigmoid(a),
    lambda a, b: a * b / (1.0 + b * b),
    lambda a, b: a - 0.5 * b,
    lambda a, b: al.hypot(a, b + 3.0),
    lambda a, b: al.softplus(a),
    lambda a, b: al.logsumexp([a, b, 0.1]),
]


def random_function(seed: int, outputs: int) -> Callable[[Any], list[Any]]:
    """A function of a list of numbers, grown from a seed by 12 operations."""

    def f(x: Any) -> list[Any]:
        rng, nodes = Random(seed), list(x)
        for _ in range(12):
            nodes.append(rng.choice(GROWTH)(rng.choice(nodes), rng.choice(nodes)))
        return nodes[-outputs:]

    return f


numbers = st.floats(-2.0, 2.0, allow_subnormal=False)
vectors = st.lists(numbers, min_size=3, max_size=3)


@settings(max_examples=60, deadline=None, derandomize=True)
@given(seed=st.integers(0, 10**6), x=vectors, v=vectors)
def test_jvp_is_the_jacobian_times_the_direction(seed: int, x: Any, v: Any) -> None:
    f = random_function(seed, 2)
    J, (_, tangent) = jacobian(f)(x), jvp(f)(x, v)
    for row, got in zip(J, tangent, strict=True):
        terms = [j * vi for j, vi in zip(row, v, strict=True)]
        # both are sums of the same products of local derivatives, in another order
        assert abs(got - sum(terms)) <= 1e-12 * (1.0 + sum(map(abs, terms)))


@settings(max_examples=60, deadline=None, derandomize=True)
@given(seed=st.integers(0, 10**6), x=vectors, v=vectors)
def test_hvp_is_the_hessian_times_the_direction_and_that_is_symmetric(
    seed: int, x: Any, v: Any
) -> None:
    functions = random_function(seed, 1)

    def f(x: Any) -> Any:
        return functions(x)[0]

    H, Hv = hessian(f)(x), hvp(f)(x, v)
    size = 1.0 + max(abs(h) for row in H for h in row)
    for i in range(3):
        for j in range(i):
            assert abs(H[i][j] - H[j][i]) <= 1e-12 * size
        expected = sum(h * vi for h, vi in zip(H[i], v, strict=True))
        assert abs(Hv[i] - expected) <= 1e-11 * size


@settings(max_examples=40, deadline=None, derandomize=True)
@given(seed=st.integers(0, 10**6), x=vectors)
def test_grad_equals_backward_bit_for_bit(seed: int, x: Any) -> None:
    """Two ways to the same sweep: functions in, or leaves written to."""
    f = random_function(seed, 1)
    leaves = [Value(xi) for xi in x]
    root = f(leaves)[0]
    root.backward()
    assert grad(lambda x: f(x)[0])(x) == [leaf.grad for leaf in leaves]


def test_gradients_of_deep_functions_need_no_recursion() -> None:
    """x multiplied by 1.0 ten thousand times: first derivative 1, second 0."""

    def f(x: Any) -> Any:
        y = x * x
        for _ in range(10_000):
            y = y * 1.0
        return y

    assert grad(f)(3.0) == 6.0
    assert grad(grad(f))(3.0) == 2.0
    assert hvp(f)(3.0, 5.0) == 10.0


def test_a_users_row_is_differentiated_to_any_order() -> None:
    """x^4 as one row, its rule in + - * alone: 4 x^3, 12 x^2, 24 x, 24."""
    quartic = Op("quartic", lambda x: x * x * x * x, (lambda y, x: 4.0 * x * x * x,))
    assert [nth(quartic, n)(2.0) for n in (1, 2, 3, 4)] == [32.0, 48.0, 48.0, 24.0]
