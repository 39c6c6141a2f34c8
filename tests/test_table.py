"""The table's promises, for every row: a new row is tested by existing."""

from __future__ import annotations

import math
from collections.abc import Callable
from math import inf, isnan, nan
from typing import Any

import mpmath
import numpy as np
import pytest
from arrays import evaluated, evaluated_rules
from rows import ROWS, differentiable, points

import autograd_lite as al
from autograd_lite import ops
from autograd_lite.ops import Op

SMOOTH = [row for row in ROWS if differentiable(row)]


def by_name(row: Op) -> str:
    return row.name


def halves(xs: tuple[Any, ...]) -> zip[tuple[Any, Any]]:
    n = len(xs) // 2
    return zip(xs[:n], xs[n : 2 * n], strict=True)


def mp_softmax(*xs: Any) -> Any:
    return mpmath.exp(xs[0]) / mpmath.fsum(mpmath.exp(x) for x in xs)


def mp_cross_entropy(*xs: Any) -> Any:
    z, t = xs[: len(xs) // 2], xs[len(xs) // 2 :]
    lse = mpmath.log(mpmath.fsum(map(mpmath.exp, z)))
    return mpmath.fsum(tk * (lse - zk) for zk, tk in zip(z, t, strict=True))


def mp_sigmoid(x: Any) -> Any:
    return 1 / (1 + mpmath.exp(-x))


def mp_bce(p: Any, t: Any) -> Any:
    return -t * mpmath.log(p) - (1 - t) * mpmath.log(1 - p)


#: What each row means, in 40-digit arithmetic and the plainest form there is.
MEANING: dict[str, Callable[..., Any]] = {
    "add": lambda a, b: a + b,
    "sub": lambda a, b: a - b,
    "mul": lambda a, b: a * b,
    "div": lambda a, b: a / b,
    "neg": lambda x: -x,
    "identity": lambda x: x,
    "strong_product": lambda g, d: g * d,
    "greater": lambda a, b: mpmath.mpf(a > b),
    "less": lambda a, b: mpmath.mpf(a < b),
    "greater_equal": lambda a, b: mpmath.mpf(a >= b),
    "less_equal": lambda a, b: mpmath.mpf(a <= b),
    "where": lambda c, a, b: a if c else b,
    "step": lambda x: mpmath.mpf(x >= 0),
    "sign": mpmath.sign,
    "maximum": lambda *xs: max(xs),
    "minimum": lambda *xs: min(xs),
    "clamp": lambda x, lo, hi: max(lo, min(hi, x)),
    "abs": abs,
    "relu": lambda x: max(x, mpmath.mpf(0)),
    "leaky_relu": lambda x, alpha: x if x > 0 else alpha * x,
    "power": mpmath.power,
    "pow": mpmath.power,
    "exp": mpmath.exp,
    "expm1": lambda x: mpmath.exp(x) - 1,
    "log": mpmath.log,
    "log1p": lambda x: mpmath.log(1 + x),
    "log2": lambda x: mpmath.log(x) / mpmath.log(2),
    "log10": lambda x: mpmath.log(x) / mpmath.log(10),
    "sqrt": mpmath.sqrt,
    **{name: getattr(mpmath, name) for name in
       ("sin", "cos", "tan", "asin", "acos", "atan", "sinh", "cosh", "tanh",
        "asinh", "acosh", "atanh", "erf", "atan2", "hypot")},
    "sigmoid": mp_sigmoid,
    "softplus": lambda x: mpmath.log(1 + mpmath.exp(x)),
    "log_sigmoid": lambda x: mpmath.log(mp_sigmoid(x)),
    "silu": lambda x: x * mp_sigmoid(x),
    "sum": lambda *xs: mpmath.fsum(xs),
    "dot": lambda *xs: xs[-1] + mpmath.fsum(w * x for w, x in halves(xs)),
    "logsumexp": lambda *xs: mpmath.log(mpmath.fsum(map(mpmath.exp, xs))),
    "softmax": mp_softmax,
    "log_softmax": lambda *xs: mpmath.log(mp_softmax(*xs)),
    "half_squared_error": lambda *xs: mpmath.fsum((y - t) ** 2 / 2 for y, t in halves(xs)),
    "cross_entropy": mp_cross_entropy,
    "log_loss": lambda *xs: -mpmath.fsum(t * mpmath.log(p) for p, t in halves(xs)),
    "bce": mp_bce,
    "bce_with_logits": lambda z, t: mp_bce(mp_sigmoid(z), t),
}  # fmt: skip


def meaning(row: Op, point: tuple[float, ...]) -> mpmath.mpf:
    return MEANING[row.name](*map(mpmath.mpf, point))


def test_every_row_has_a_meaning_to_be_tested_against() -> None:
    assert set(MEANING) == set(al.OPS)


def scale(row: Op, point: tuple[float, ...]) -> float:
    """The size of the terms that a row adds up: their rounding cannot be undone."""
    return 1.0 if row.arity == 1 else max(1.0, *(abs(a * b) for a in point for b in point))


@pytest.mark.parametrize("row", ROWS, ids=by_name)
def test_value_equals_the_meaning(row: Op) -> None:
    with mpmath.workdps(40):
        for point in points(row, 100):
            expected = float(meaning(row, point))
            # 4 ulp of the result, or of the largest term where several are added
            allowed = 4.0 * max(math.ulp(expected), math.ulp(scale(row, point)))
            assert abs(row(*point) - expected) <= allowed, point


#: The arguments that no derivative passes to: truths, conditions, jumps and constants.
NO_EDGE: dict[str, tuple[int, ...]] = {
    "greater": (0, 1), "less": (0, 1), "greater_equal": (0, 1), "less_equal": (0, 1),
    "where": (0,), "step": (0,), "sign": (0,), "clamp": (1, 2), "leaky_relu": (1,), "power": (1,),
}  # fmt: skip


@pytest.mark.parametrize("row", ROWS, ids=by_name)
def test_every_argument_but_conditions_and_constants_has_an_edge(row: Op) -> None:
    """Else a rule that is missing would only be missing from the tests of derivatives."""
    (point,) = points(row, 1, seed=10)
    partials = row.partials(row(*point), *point)
    without = [i for i, d in enumerate(partials) if d is None]
    assert (len(partials), without) == (len(point), [*NO_EDGE.get(row.name, ())])


@pytest.mark.parametrize("row", SMOOTH, ids=by_name)
def test_first_derivatives_equal_differences_at_forty_digits(row: Op) -> None:
    with mpmath.workdps(40):
        for point in points(row, 40, apart=0.01):
            partials = row.partials(row(*point), *point)
            for i in differentiable(row):

                def along(x: Any, point: tuple[float, ...] = point, i: int = i) -> Any:
                    xs = [*map(mpmath.mpf, point)]
                    xs[i] = x
                    return MEANING[row.name](*xs)

                expected = float(mpmath.diff(along, mpmath.mpf(point[i]), h=mpmath.mpf("1e-15")))
                allowed = 1e-13 * max(1.0, abs(expected))
                assert abs(partials[i] - expected) <= allowed, (point, i)


@pytest.mark.parametrize("row", SMOOTH, ids=by_name)
def test_first_and_second_derivatives_equal_central_differences(row: Op) -> None:
    """The gradient is differenced too, so the rules are checked running on Values."""
    chosen = differentiable(row)
    for point in points(row, 5, seed=1, apart=0.2):

        def f(*xs: Any, point: tuple[float, ...] = point) -> Any:
            args = list(point)
            for i, x in zip(chosen, xs, strict=True):
                args[i] = x
            return row(*args)

        al.check_gradients(f, *(point[i] for i in chosen))


@pytest.mark.parametrize("row", ROWS, ids=by_name)
def test_recording_gives_the_rows_bits(row: Op) -> None:
    """Value and stored derivatives, also where value.py has a fast path of its own."""
    for point in points(row, 30, seed=2):
        args: list[Any] = [al.Value(x) for x in point]
        for k in range(row.constants):
            args[-1 - k] = point[-1 - k]
        node = row(*args)
        y = row(*point)
        assert node.data == y
        recorded = list(row.partials(y, *point))
        for i, (got, expected) in enumerate(zip(node.partials, recorded, strict=True)):
            if not isinstance(args[i], al.Value) or (row.select and expected == 0.0):
                expected = None
            assert got == expected, (point, i)
        assert node.parents == tuple(args)


@pytest.mark.parametrize("arity", [1, 2])
def test_ints_that_a_users_row_gives_are_recorded_as_floats(arity: int) -> None:
    row = Op("seven", lambda *xs: 7, (lambda y, *xs: 3,) * arity)
    node = row(*[al.Value(1.0)] * arity)
    assert [type(x) for x in (node.data, *node.partials)] == [float] * (1 + arity)
    assert (node.data, node.partials) == (7.0, (3.0,) * arity)


OPERATORS: dict[str, Callable[..., Any]] = {
    "add": lambda a, b: a + b,
    "sub": lambda a, b: a - b,
    "mul": lambda a, b: a * b,
    "div": lambda a, b: a / b,
    "pow": lambda a, b: a**b,
    "greater": lambda a, b: a > b,
    "less": lambda a, b: a < b,
    "greater_equal": lambda a, b: a >= b,
    "less_equal": lambda a, b: a <= b,
}


@pytest.mark.parametrize("name", OPERATORS)
@pytest.mark.parametrize("kind", ["both", "left", "right", "left int", "right int"])
def test_operators_record_the_rows_bits(name: str, kind: str) -> None:
    row, operate = al.OPS[name], OPERATORS[name]
    for a, b in points(row, 20, seed=3):
        if "int" in kind:
            a, b = round(a) + 1.0, round(b) + 1.0
        x: Any = al.Value(a) if kind != "right" and kind != "right int" else a
        y: Any = al.Value(b) if kind != "left" and kind != "left int" else b
        if kind == "left int":
            y = int(b)
        if kind == "right int":
            x = int(a)
        node = operate(x, y)
        if name == "pow" and kind.startswith("left"):
            row = al.OPS["power"]
        elif node.op is not row:  # 2 > v is recorded as v < 2
            assert {node.op.name, name} in ({"greater", "less"}, {"greater_equal", "less_equal"})
            continue
        value = row.fn(float(a), float(b))
        assert node.data == value
        for got, parent, expected in zip(
            node.partials, node.parents, row.partials(value, float(a), float(b)), strict=True
        ):
            assert got == (expected if isinstance(parent, al.Value) else None)


@pytest.mark.parametrize("inputs", ["Values", "floats", "ints", "mixed"])
@pytest.mark.parametrize("bias", ["Value", "float", "int"])
def test_dot_records_the_rows_bits(inputs: str, bias: str) -> None:
    numbers = [0.3, -1.0 / 3.0, 1.1, 2.0, -7.0, 3.0, 5.0]
    y = al.OPS["dot"](*numbers)
    derivatives = al.OPS["dot"].partials(y, *numbers)
    w = [al.Value(x) for x in numbers[:3]]
    x: list[Any] = {
        "Values": [al.Value(v) for v in numbers[3:6]],
        "floats": numbers[3:6],
        "ints": [2, -7, 3],
        "mixed": [al.Value(2.0), -7.0, 3],
    }[inputs]
    b: Any = {"Value": al.Value(5.0), "float": 5.0, "int": 5}[bias]
    node = al.dot(w, x, b)
    assert (node.data, node.op) == (y, al.OPS["dot"])
    for parent, got, d, number in zip(
        node.parents, node.partials, derivatives, numbers, strict=True
    ):
        if isinstance(parent, al.Value):
            assert (parent.data, got) == (number, d)
        else:
            assert (type(parent), parent, got) == (float, number, None)


UNARY = [row for row in ROWS if row.arity == 1]


@pytest.mark.parametrize("row", UNARY, ids=by_name)
def test_unary_rows_are_methods_with_the_rows_bits(row: Op) -> None:
    for (x,) in [*points(row, 20, seed=4), (0.0,), (-0.0,), (nan,), (inf,)]:
        if row.name == "neg":
            node = -al.Value(x)
        elif row.name == "abs":
            node = abs(al.Value(x))
        else:
            node = getattr(al.Value(x), row.name)()
        y = row(x)
        assert node.data == y or (isnan(node.data) and isnan(y))
        expected = row.partials(y, x)[0]
        if row.select and expected == 0.0:
            expected = None
        got = node.partials[0]
        assert got == expected or (isnan(got) and isnan(expected))


@pytest.mark.parametrize("row", ROWS, ids=by_name)
def test_p2_a_cotangent_of_zero_propagates_nothing_even_against_nan(row: Op) -> None:
    """Semantics D2: the strong zero."""
    for point in points(row, 3, seed=5):
        for bad in (nan, inf, -inf, 0.0):
            args = [bad] * (len(point) - row.constants) + list(point[len(point) - row.constants :])
            products = row.vjp(0.0, row(*args), *args)
            assert all(p is None or p == 0.0 for p in products), args


#: Their derivatives do not read the argument that is nan (add, where), or read it as a weight.
READS_OTHERS = {"add", "sub", "neg", "mul", "identity", "strong_product", "where", "sum", "dot"}


@pytest.mark.parametrize(
    "row", [r for r in UNARY if r.name not in READS_OTHERS and differentiable(r)], ids=by_name
)
def test_p3_nan_in_gives_nan_value_and_derivative(row: Op) -> None:
    """Semantics P3, the rule of Stan."""
    y = row(nan)
    assert isnan(y)
    assert isnan(row.partials(y, nan)[0])


@pytest.mark.parametrize("row", [r for r in ROWS if r.domain], ids=by_name)
def test_p3_outside_the_domain_value_and_derivative_are_nan(row: Op) -> None:
    ((lo, hi),) = row.domain
    outside = [x for x in (lo - 0.5, lo - 1e3, hi + 0.5, hi + 1e3) if abs(x) != inf]
    assert outside
    for x in outside:
        y = row(x)
        assert isnan(y), x
        assert isnan(row.partials(y, x)[0]), x
        leaf = al.Value(x)
        row(leaf).backward()
        assert isnan(leaf.grad)


EXACT = {"add", "sub", "mul", "div", "neg", "identity", "sqrt", "abs", "relu", "maximum",
         "minimum", "clamp", "where", "step", "sign", "greater", "less", "greater_equal",
         "less_equal", "leaky_relu", "strong_product"}  # fmt: skip


@pytest.mark.parametrize("row", [r for r in ROWS if r.array_rules], ids=by_name)
def test_array_rules_equal_the_rules(row: Op) -> None:
    sample = points(row, 100, seed=8)
    columns = [np.array(column) for column in zip(*sample, strict=True)]
    y = np.array([row(*point) for point in sample])
    got = evaluated_rules(row, columns, y)
    assert got.shape == (len(columns), len(sample))
    for derivatives, point in zip(got.T, sample, strict=True):
        expected = row.partials(row(*point), *point)
        np.testing.assert_allclose(derivatives, expected, rtol=1e-13, atol=1e-14)


@pytest.mark.parametrize("row", [r for r in ROWS if r.array], ids=by_name)
def test_array_kernel_equals_the_function(row: Op) -> None:
    assert row.array is not None
    sample = points(row, 200, seed=6)
    columns = [np.array(column) for column in zip(*sample, strict=True)]
    got = evaluated(row.array, columns, shared=row.shared)
    for g, point in zip(got, sample, strict=True):
        expected = row(*point)
        # NumPy's routines and Python's differ in the last digit (semantics 3.4)
        # log_softmax and cross_entropy subtract a logsumexp: the ulp is that of their arguments
        size = max(abs(expected), 1e-3, *map(abs, point))
        allowed = 0.0 if row.name in EXACT else 8.0 * math.ulp(size)
        assert abs(g - expected) <= allowed, point


@pytest.mark.parametrize("row", [r for r in SMOOTH if r.textbook is not r.rules], ids=by_name)
def test_the_textbook_form_is_the_same_derivative(row: Op) -> None:
    for point in points(row, 50, seed=7):
        y = row(*point)
        if isinstance(row.textbook, tuple):
            shown = [None if rule is None else rule(y, *point) for rule in row.textbook]
        else:
            shown = list(row.textbook(y, *point))
        for got, expected in zip(shown, row.partials(y, *point), strict=True):
            if expected is not None:
                assert math.isclose(got, expected, rel_tol=1e-11, abs_tol=1e-12), point


def test_a_users_row_works_everywhere_at_once() -> None:
    """A row needs no registration: eager, twice differentiated, checked, as a method argument."""
    cube = Op("cube", lambda x: x * x * x, (lambda y, x: 3.0 * x * x,))
    assert cube(2.0) == 8.0
    assert al.grad(cube)(2.0) == 12.0
    assert al.grad(al.grad(cube))(2.0) == 12.0
    al.check_gradients(cube, 1.5)
    assert al.nn.Neuron([al.Value(2.0)], None, cube)([1.0]).data == 8.0


def test_a_rule_that_returns_an_int_is_recorded_as_a_float() -> None:
    twice = Op("twice", lambda x: 2 * x, (lambda y, x: 2,))
    node = twice(al.Value(1.5))
    assert node.partials == (2.0,)
    assert type(node.partials[0]) is float


def test_rows_refuse_what_they_cannot_mean() -> None:
    with pytest.raises(TypeError, match="exp takes 1 argument, got 2"):
        al.exp(1.0, 2.0)
    with pytest.raises(TypeError, match=r"leaky_relu: Value.* stands where a constant must"):
        ops.leaky_relu(al.Value(1.0), al.Value(0.1))
    with pytest.raises(ValueError, match="name 'a b' is not an identifier"):
        Op("a b", abs, (None,))
    with pytest.raises(ValueError, match="domain needs one interval per rule"):
        Op("half", abs, (None, None), domain=((0.0, 1.0),))
    with pytest.raises(TypeError, match="a real number is needed, got str: 'x'"):
        al.exp("x")


def test_every_public_row_is_exported() -> None:
    """`__all__` is written out; no unary row of the table may be missing from it."""
    hidden = {"neg", "identity"}
    names = {row.name for row in UNARY} - hidden
    assert names <= set(al.__all__)
    for name in al.__all__:
        assert getattr(al, name) is not None


def test_rules_are_one_per_argument() -> None:
    """Told when the row is written, not when it first runs."""
    with pytest.raises(ValueError, match=r"fn takes 2 arguments, there are 1 rules"):
        Op("two", lambda x, z: x * z, (lambda y, x, z: z,))
    with pytest.raises(ValueError, match=r"a tuple of one rule per argument, \(rule,\)"):
        Op("bare", lambda x: x * x, lambda y, x: 2.0 * x)


def test_a_rule_that_runs_on_floats_alone_names_its_row() -> None:
    """In second derivatives and in compiled code rules run on other things."""
    row = Op("mine", lambda x: math.sin(x), (lambda y, x: math.cos(x),))
    for run in (lambda: al.grad(al.grad(row))(1.0), lambda: al.function(lambda x: row(x[0]), 1)):
        with pytest.raises(TypeError) as caught:
            run()
        assert "in a rule of the row 'mine'" in "".join(caught.value.__notes__)
