"""Table 3.3: how many units in the last place the stable forms may be off, against mpmath.

Every bound is the one that the table states for the recommended formula, over arguments of all
sizes for which the result is a float. The usual formulas lose all digits somewhere in these
ranges, or overflow, which is tested too. For the derivatives of sigmoid and tanh D5 stands
above the table: the textbook forms, exact to 1e-16 absolute.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Iterator
from math import isfinite, ulp
from random import Random
from typing import Any, NamedTuple

import mpmath
import pytest

import autograd_lite as al
from autograd_lite import OPS, Value

mpmath.mp.dps = 50
POINTS = 1000
#: The table's figures are the worst of 6,000 points, no proof; other points may cost a rounding.
ONE_ROUNDING = 0.5

Point = tuple[float, ...]
Sampler = Callable[[Random], Point]


def error(got: float, truth: Any, unit: float = 0.0) -> float:
    """The distance in units in the last place of the truth, or in the unit given."""
    return float(abs(mpmath.mpf(got) - truth) / (unit or ulp(float(truth))))


def value(op: str, *args: float) -> float:
    return float(OPS[op](*args))


def partial(op: str, i: int, *args: float) -> float:
    return float(OPS[op].partials(OPS[op](*args), *args)[i])


def everywhere(lo: float, hi: float) -> Sampler:
    """One argument: half of them spread evenly over [lo, hi], half over all sizes near 0."""

    def sample(rng: Random) -> Point:
        if rng.random() < 0.5:
            return (rng.uniform(lo, hi),)
        x = rng.choice((-1.0, 1.0)) * 10.0 ** rng.uniform(-300.0, 2.0)
        return (min(max(x, lo), hi),)

    return sample


def sizes(lo: float, hi: float, count: int = 1, signed: bool = True) -> Sampler:
    """Arguments of 10**lo to 10**hi."""

    def sample(rng: Random) -> Point:
        signs = (-1.0, 1.0) if signed else (1.0,)
        return tuple(rng.choice(signs) * 10.0 ** rng.uniform(lo, hi) for _ in range(count))

    return sample


def inside_the_unit_interval(rng: Random) -> Point:
    """Also as near to the ends as floats come."""
    x = 1.0 - 10.0 ** rng.uniform(-15.9, 0.0)
    return (rng.choice((-1.0, 1.0)) * x,)


def base_and_exponent(rng: Random) -> Point:
    """A power of any size that is a float."""
    return 10.0 ** rng.uniform(-20.0, 20.0), rng.uniform(-15.0, 15.0)


def sigmoid(x: Any) -> Any:
    return 1 / (1 + mpmath.exp(-x))


def softplus(x: Any) -> Any:
    return mpmath.log1p(mpmath.exp(x))


def atan2_slope(a: Any, b: Any) -> Any:
    return b / (a * a + b * b)


def quotient_slope(a: Any, b: Any) -> Any:
    return -a / (b * b)


def atan_slope(x: Any) -> Any:
    return 1 / (1 + x * x)


class Row(NamedTuple):
    """A function, the table's bound in ulp, its form here, the truth, and the usual form."""

    name: str
    bound: float
    sampler: Sampler
    stable: Callable[..., float]
    truth: Callable[..., Any]
    usual: Callable[..., Any] | None = None


TABLE = [
    Row("sigmoid", 1.57, everywhere(-745.0, 745.0), lambda x: value("sigmoid", x), sigmoid,
     lambda x: 1.0 / (1.0 + math.exp(-x))),
    Row("softplus", 0.99, everywhere(-745.0, 745.0), lambda x: value("softplus", x), softplus,
     lambda x: math.log(1.0 + math.exp(x))),
    Row("log_sigmoid", 1.14, everywhere(-745.0, 745.0), lambda x: value("log_sigmoid", x),
     lambda x: -softplus(-x),
     lambda x: math.log(1.0 / (1.0 + math.exp(-x)))),
    Row("tanh", 1.55, everywhere(-30.0, 30.0), lambda x: value("tanh", x), mpmath.tanh,
     lambda x: (math.exp(2.0 * x) - 1.0) / (math.exp(2.0 * x) + 1.0)),
    Row("expm1'", 0.50, everywhere(-740.0, 709.0), lambda x: partial("expm1", 0, x), mpmath.exp,
     lambda x: math.expm1(x) + 1.0),
    Row("asin'", 1.77, inside_the_unit_interval, lambda x: partial("asin", 0, x),
     lambda x: 1 / mpmath.sqrt((1 - x) * (1 + x)),
     lambda x: 1.0 / math.sqrt(1.0 - x * x)),
    Row("acos'", 1.77, inside_the_unit_interval, lambda x: partial("acos", 0, x),
     lambda x: -1 / mpmath.sqrt((1 - x) * (1 + x)),
     lambda x: -1.0 / math.sqrt(1.0 - x * x)),
    Row("atan'", 2.0, sizes(-300.0, 161.0), lambda x: partial("atan", 0, x), atan_slope),
    Row("a/b", 0.5, sizes(-150.0, 150.0, 2), lambda a, b: value("div", a, b), lambda a, b: a / b),
    Row("d(a/b)/db", 1.35, sizes(-200.0, 200.0, 2), lambda a, b: partial("div", 1, a, b),
     quotient_slope,
     lambda a, b: -a / (b * b)),
    Row("datan2/da", 1.96, sizes(-300.0, 300.0, 2), lambda a, b: partial("atan2", 0, a, b),
     atan2_slope,
     lambda a, b: b / (a * a + b * b)),
    Row("datan2/db", 1.96, sizes(-300.0, 300.0, 2), lambda a, b: partial("atan2", 1, a, b),
     lambda a, b: -atan2_slope(b, a),
     lambda a, b: -a / (a * a + b * b)),
    Row("pow dx", 1.82, base_and_exponent, lambda x, y: partial("pow", 0, x, y),
     lambda x, y: y * x ** (y - 1)),
    Row("pow dy", 1.51, base_and_exponent, lambda x, y: partial("pow", 1, x, y),
     lambda x, y: x**y * mpmath.log(x)),
]  # fmt: skip


def logits(rng: Random) -> Point:
    """Two to six logits, some far apart and some close together."""
    spread = 10.0 ** rng.uniform(-2.0, 2.5)
    return tuple(rng.gauss(0.0, spread) for _ in range(rng.randrange(2, 7)))


def logit_and_target(rng: Random) -> Point:
    """A target that is soft, or hard."""
    return rng.choice((-1.0, 1.0)) * 10.0 ** rng.uniform(-5.0, 2.8), rng.choice(
        (0.0, 1.0, rng.random())
    )


def samples(name: str, sampler: Sampler) -> Iterator[Point]:
    rng = Random(name)
    return (sampler(rng) for _ in range(POINTS))


def is_a_float(truth: Any) -> bool:
    """Whether the truth is neither beyond floats nor below all of them."""
    return isfinite(float(truth)) and float(truth) != 0.0


@pytest.mark.parametrize("row", TABLE, ids=lambda row: row.name)
def test_table_3_3_units_in_the_last_place(row: Row) -> None:
    worst = 0.0
    for point in samples(row.name, row.sampler):
        expected = row.truth(*map(mpmath.mpf, point))
        if is_a_float(expected):
            worst = max(worst, error(row.stable(*point), expected))
    assert worst <= row.bound + (0.0 if row.name == "a/b" else ONE_ROUNDING)


@pytest.mark.parametrize("row", [row for row in TABLE if row.usual], ids=lambda row: row.name)
def test_table_3_3_the_usual_form_fails_at_these_very_points(row: Row) -> None:
    """Else the test above could not fail: an exception, or more than 100 ulp."""
    assert row.usual
    worst = 0.0
    for point in samples(row.name, row.sampler):
        expected = row.truth(*map(mpmath.mpf, point))
        try:
            got = row.usual(*point)
        except (OverflowError, ValueError, ZeroDivisionError):
            return
        if is_a_float(expected) and not isinstance(got, complex):
            worst = max(worst, error(got, expected))
    assert worst > 100.0


def test_table_3_3_the_second_derivative_of_atan() -> None:
    """-2 (x d) d with d = atan'; the form -2x / (1 + x*x)**2 overflows from 1e77 on."""
    worst = 0.0
    for (x,) in samples("atan''", sizes(-150.0, 100.0)):
        leaf = Value(x)
        y = al.atan(leaf)
        OPS["atan"].partials(y, leaf)[0].backward()
        truth = -2 * mpmath.mpf(x) / (1 + mpmath.mpf(x) ** 2) ** 2
        if is_a_float(truth):
            worst = max(worst, abs(leaf.grad - float(truth)) / abs(float(truth)))
    assert worst <= 1e-13  # D16, which stands above the table's 3.2 ulp


def test_table_3_3_logsumexp_in_units_of_the_maximum() -> None:
    worst = 0.0
    for xs in samples("logsumexp", logits):
        truth = mpmath.log(sum(mpmath.exp(mpmath.mpf(x)) for x in xs))
        unit = ulp(max(abs(max(xs)), abs(float(truth))))
        worst = max(worst, error(value("logsumexp", *xs), truth, unit))
    assert worst <= 1.85 + ONE_ROUNDING


def test_table_3_3_softmax_by_the_spread_of_its_logits() -> None:
    """x - M is rounded, which exp magnifies: 4 (1 + spread) ulp are accepted."""
    for xs in samples("softmax", logits):
        total = sum(mpmath.exp(mpmath.mpf(x)) for x in xs)
        truth = mpmath.exp(mpmath.mpf(xs[0])) / total
        if is_a_float(truth):
            bound = 4.0 * (1.0 + max(xs) - min(xs))
            assert error(value("softmax", *xs), truth) <= bound, xs


def test_table_3_3_bce_with_logits_at_hard_and_soft_targets() -> None:
    worst = worst_slope = 0.0
    for z, t in samples("bce", logit_and_target):
        zm, tm = mpmath.mpf(z), mpmath.mpf(t)
        truth = tm * softplus(-zm) + (1 - tm) * softplus(zm)
        if is_a_float(truth):
            worst = max(worst, error(value("bce_with_logits", z, t), truth))
        slope = (1 - tm) * sigmoid(zm) - tm * sigmoid(-zm)
        if t in (0.0, 1.0) and is_a_float(slope):
            worst_slope = max(worst_slope, error(partial("bce_with_logits", 0, z, t), slope))
    assert worst <= 1.89 + ONE_ROUNDING
    assert worst_slope <= 1.70 + ONE_ROUNDING


@pytest.mark.parametrize("op", ["sigmoid", "tanh"])
def test_d5_the_textbook_forms_are_exact_to_1e_16_everywhere(op: str) -> None:
    """y(1 - y) and 1 - y*y: one rounding of a number up to 1, beside that of y."""
    for (x,) in samples(op, everywhere(-745.0, 745.0)):
        xm = mpmath.mpf(x)
        y = sigmoid(xm) if op == "sigmoid" else mpmath.tanh(xm)
        truth = y * (1 - y) if op == "sigmoid" else 1 - y * y
        assert abs(partial(op, 0, x) - truth) <= 3.4e-16
