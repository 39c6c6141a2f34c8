"""The convention table: what every operation gives at its poles, kinks, ties and limits.

One line per edge: operation, arguments, value, one derivative per argument, and where the
expectation comes from. "table" is the row of the conventions (section 3.2 of the
semantics), P1 to P6 its policies, D1 to D15 the decisions; the rest is derived beside it.
Inexact numbers are computed by mpmath with 50 digits.
"""

from __future__ import annotations

import itertools
import math
import random
from collections.abc import Callable
from math import copysign, inf, isinf, isnan, nan, pi, ulp
from typing import Any, NamedTuple

import mpmath
import numpy as np
import pytest
from arrays import evaluated, evaluated_rules

import autograd_lite as al
from autograd_lite import OPS, Op, Value

mpmath.mp.dps = 50
LN2 = math.log(2.0)


class Edge(NamedTuple):
    op: str
    args: tuple[float, ...]
    value: float
    partials: tuple[float | None, ...]  # None: a constant argument, or a row without edges
    source: str


def agrees(got: float, expected: float) -> bool:
    """The same IEEE number, within 4 ulp where it is inexact.

    A -0.0 is asked for by its sign; 0.0 stands for both, as the table prints no sign.
    """
    if type(got) is not float:
        return False
    if isnan(expected):
        return isnan(got)
    if expected == 0.0:
        minus_is_wanted = copysign(1.0, expected) < 0.0
        return got == 0.0 and (not minus_is_wanted or copysign(1.0, got) < 0.0)
    # the ulp of an infinity is infinite: everything would be within it
    return got == expected or (not isinf(expected) and abs(got - expected) <= 4.0 * ulp(expected))


def test_nothing_agrees_with_an_infinity_but_itself() -> None:
    """Else the lines below would claim nothing at a pole."""
    for compare in (agrees, same_on_arrays):
        assert [compare(x, inf) for x in (inf, -inf, nan, 0.0, 1.7e308)] == [True, *[False] * 4]
        assert not any(compare(x, 1.7e308) for x in (inf, -inf, nan, 1.6e308))


EDGES = [
    # arithmetic
    Edge("add", (inf, -inf), nan, (1.0, 1.0), "table"),
    Edge("sub", (inf, inf), nan, (1.0, -1.0), "table"),
    Edge("neg", (0.0,), -0.0, (-1.0,), "IEEE 754"),
    Edge("neg", (inf,), -inf, (-1.0,), "IEEE 754"),
    Edge("mul", (0.0, inf), nan, (inf, 0.0), "table"),
    Edge("mul", (inf, 0.0), nan, (0.0, inf), "table, exchanged"),
    Edge("div", (1.0, 0.0), inf, (inf, -inf), "table"),
    Edge("div", (0.0, 0.0), nan, (inf, nan), "table"),
    Edge("div", (1.0, -0.0), -inf, (-inf, -inf), "table; 1/b, -a/b**2"),
    Edge("div", (-1.0, 0.0), -inf, (inf, inf), "1/b, -a/b**2"),
    Edge("div", (1e-310, 1e-310), 1.0, (inf, -inf), "O4; 1/1e-310 overflows"),
    Edge("strong_product", (0.0, inf), 0.0, (inf, 0.0), "D2"),
    Edge("strong_product", (-0.0, nan), 0.0, (nan, 0.0), "D2"),
    Edge("strong_product", (inf, 0.0), nan, (0.0, inf), "IEEE 754: only the first is strong"),
    # power with a constant exponent
    Edge("power", (0.0, 0.0), 1.0, (0.0, None), "table: x**0"),
    Edge("power", (nan, 0.0), 1.0, (0.0, None), "table: x**0"),
    Edge("power", (inf, 0.0), 1.0, (0.0, None), "table: x**0"),
    Edge("power", (-inf, 0.0), 1.0, (0.0, None), "table: x**0"),
    Edge("power", (-3.0, 0.0), 1.0, (0.0, None), "table: x**0"),
    Edge("power", (0.0, 1.0), 0.0, (1.0, None), "table: 0**1"),
    Edge("power", (0.0, 2.0), 0.0, (0.0, None), "table: 0**2"),
    Edge("power", (0.0, 0.5), 0.0, (inf, None), "table: 0**.5"),
    Edge("power", (0.0, -1.0), inf, (-inf, None), "table: 0**-1"),
    Edge("power", (-0.0, -1.0), -inf, (-inf, None), "table: (-0.)**-1"),
    Edge("power", (-2.0, 3.0), -8.0, (12.0, None), "table"),
    Edge("power", (-2.0, 0.5), nan, (nan, None), "table"),
    Edge("power", (-3.0, 2.0), 9.0, (-6.0, None), "P5: no logarithm"),
    Edge("power", (-2.0, -1.0), -0.5, (-0.25, None), "-1/x**2"),
    Edge("power", (nan, 2.0), nan, (nan, None), "P3"),
    Edge("power", (0.0, 0.1), 0.0, (inf, None), "c x**(c - 1)"),
    Edge("power", (0.0, -0.1), inf, (-inf, None), "c x**(c - 1)"),
    Edge("power", (inf, 0.1), inf, (0.0, None), "the limit"),
    Edge("power", (inf, -0.1), 0.0, (0.0, None), "the limit"),
    Edge("power", (-inf, 0.1), inf, (0.0, None), "IEEE 754; c x**(c - 1)"),
    # power with a variable exponent
    Edge("pow", (0.0, 0.0), 1.0, (0.0, 0.0), "table"),
    Edge("pow", (0.0, 2.0), 0.0, (0.0, 0.0), "table"),
    Edge("pow", (0.0, 0.5), 0.0, (inf, 0.0), "table"),
    Edge("pow", (0.0, 1.0), 0.0, (1.0, 0.0), "x' = 1; D15"),
    Edge("pow", (0.0, -1.0), inf, (-inf, -inf), "table"),
    Edge("pow", (-2.0, 3.0), -8.0, (12.0, nan), "table"),
    Edge("pow", (-2.0, 2.0), 4.0, (-4.0, nan), "x < 0 with integral y: dx only"),
    Edge("pow", (-2.0, 0.5), nan, (nan, nan), "outside the domain: P3"),
    Edge("pow", (2.0, 0.0), 1.0, (0.0, LN2), "table"),
    Edge("pow", (nan, 0.0), 1.0, (0.0, nan), "table"),
    Edge("pow", (2.0, 3.0), 8.0, (12.0, 8.0 * LN2), "y x**(y-1), x**y ln x"),
    Edge("pow", (0.5, inf), 0.0, (nan, 0.0), "table: as torch, inf * 0"),
    Edge("power", (0.5, inf), 0.0, (nan, None), "table: as torch, inf * 0"),
    # exponentials and logarithms
    Edge("exp", (710.0,), inf, (inf,), "table"),
    Edge("exp", (-746.0,), 0.0, (0.0,), "table"),
    Edge("exp", (-inf,), 0.0, (0.0,), "the limit"),
    Edge("expm1", (710.0,), inf, (inf,), "table"),
    Edge("expm1", (-746.0,), -1.0, (0.0,), "table; e**x - 1"),
    Edge("log", (0.0,), -inf, (inf,), "table"),
    Edge("log", (-1.0,), nan, (nan,), "table"),
    Edge("log", (-inf,), nan, (nan,), "table"),
    Edge("log", (inf,), inf, (0.0,), "the limit"),
    *(Edge(op, (-0.0,), -inf, (-inf,), "1/x: IEEE 754") for op in ("log", "log2", "log10")),
    Edge("log1p", (-1.0,), -inf, (inf,), "table"),
    Edge("log1p", (-2.0,), nan, (nan,), "table"),
    Edge("log2", (0.0,), -inf, (inf,), "D15: as log"),
    Edge("log2", (-1.0,), nan, (nan,), "D15: as log"),
    Edge("log10", (0.0,), -inf, (inf,), "D15: as log"),
    Edge("log10", (-1.0,), nan, (nan,), "D15: as log"),
    Edge("sqrt", (0.0,), 0.0, (inf,), "table"),
    Edge("sqrt", (-1.0,), nan, (nan,), "table"),
    Edge("sqrt", (-inf,), nan, (nan,), "table"),
    *(Edge(op, (inf,), inf, (0.0,), "the limit") for op in ("log1p", "log2", "log10", "sqrt")),
    # circles and hyperbolas
    *(Edge(op, (x,), nan, (nan,), "table") for op in ("sin", "cos", "tan") for x in (inf, -inf)),
    Edge("asin", (1.0,), pi / 2, (inf,), "table"),
    Edge("asin", (-1.0,), -pi / 2, (inf,), "table, odd"),
    Edge("acos", (1.0,), 0.0, (-inf,), "table"),
    Edge("acos", (-1.0,), pi, (-inf,), "table, mirrored"),
    *(
        Edge(op, (x,), nan, (nan,), "table: outside")
        for op in ("asin", "acos", "atanh")
        for x in (1.5, -1.5, inf, -inf)
    ),
    Edge("atan", (inf,), pi / 2, (0.0,), "table"),
    Edge("atan", (-inf,), -pi / 2, (0.0,), "table, odd"),
    Edge("atan", (1e200,), pi / 2, (0.0,), "1/x**2 is below all floats"),
    Edge("atan", (1e160,), pi / 2, (1e-320,), "1/x**2, a subnormal"),
    Edge("asinh", (inf,), inf, (0.0,), "the limit"),
    Edge("asinh", (-1e200,), -(200.0 * math.log(10.0) + LN2), (1e-200,), "1/sqrt(x**2 + 1)"),
    Edge("acosh", (inf,), inf, (0.0,), "the limit"),
    Edge("acosh", (1.0,), 0.0, (inf,), "D15; 1/sqrt(x**2 - 1)"),
    Edge("acosh", (0.5,), nan, (nan,), "D15"),
    Edge("acosh", (-2.0,), nan, (nan,), "D15"),
    Edge("atanh", (1.0,), inf, (inf,), "D15"),
    Edge("atanh", (-1.0,), -inf, (inf,), "D15"),
    Edge("atan2", (0.0, 0.0), 0.0, (0.0, 0.0), "table"),
    Edge("atan2", (0.0, -1.0), pi, (-1.0, -0.0), "table"),
    Edge("atan2", (-0.0, -1.0), -pi, (-1.0, 0.0), "b/h**2, -a/h**2"),
    Edge("atan2", (1e-200, 1e-200), pi / 4, (5e199, -5e199), "2.3; b/(a**2 + b**2)"),
    Edge("atan2", (0.0, 1e-200), 0.0, (1e200, 0.0), "1/b"),
    Edge("atan2", (1e200, 1e200), pi / 4, (5e-201, -5e-201), "b/(a**2 + b**2)"),
    Edge("atan2", (inf, 1.0), pi / 2, (0.0, 0.0), "the limit"),
    Edge("atan2", (1.0, -inf), pi, (0.0, 0.0), "the limit"),
    Edge("atan2", (1e-300, 1e-300), pi / 4, (5e299, -5e299), "b/(a**2 + b**2)"),
    Edge("atan2", (1e300, 1e300), pi / 4, (5e-301, -5e-301), "b/(a**2 + b**2)"),
    Edge("atan2", (0.5, 5e-324), pi / 2, (2e-323, -2.0), "b/(a**2 + b**2), a subnormal"),
    Edge("cos", (0.0,), 1.0, (0.0,), "-sin x"),
    Edge("cosh", (0.0,), 1.0, (0.0,), "sinh x"),
    Edge("sinh", (711.0,), inf, (inf,), "table"),
    Edge("sinh", (-711.0,), -inf, (inf,), "table, odd"),
    Edge("cosh", (711.0,), inf, (inf,), "table"),
    Edge("cosh", (-711.0,), inf, (-inf,), "table, even"),
    Edge("tanh", (inf,), 1.0, (0.0,), "table"),
    Edge("tanh", (-inf,), -1.0, (0.0,), "table"),
    Edge("hypot", (0.0, 0.0), 0.0, (0.0, 0.0), "table"),
    Edge("hypot", (inf, 1.0), inf, (1.0, 0.0), "D15"),
    Edge("hypot", (-inf, 1.0), inf, (-1.0, 0.0), "D15, odd"),
    Edge("hypot", (1.0, inf), inf, (0.0, 1.0), "D15, exchanged"),
    Edge("hypot", (inf, 1e200), inf, (1.0, 0.0), "D15"),
    Edge("hypot", (3e200, 4e200), 5e200, (0.6, 0.8), "2.3: 3-4-5, where squares overflow"),
    Edge("hypot", (3e-200, -4e-200), 5e-200, (0.6, -0.8), "3-4-5, where squares vanish"),
    Edge("hypot", (5e-324, 0.0), 5e-324, (1.0, 0.0), "a/|a|"),
    Edge("hypot", (1.7e308, 1e308), inf, (17 / 389**0.5, 10 / 389**0.5), "D15: a/h, 17**2 + 10**2"),
    *(
        Edge("hypot", (x, y), inf, (nan, nan), "no limit: each direction has its own")
        for x in (inf, -inf)
        for y in (inf, -inf)
    ),
    Edge("hypot", (inf, nan), inf, (nan, nan), "IEEE 754; P3"),
    Edge("hypot", (nan, 1.0), nan, (nan, nan), "P3"),
    # smooth steps
    Edge("sigmoid", (inf,), 1.0, (0.0,), "table"),
    Edge("sigmoid", (-inf,), 0.0, (0.0,), "table"),
    Edge("sigmoid", (0.0,), 0.5, (0.25,), "2.3"),
    Edge("softplus", (inf,), inf, (1.0,), "table"),
    Edge("softplus", (-inf,), 0.0, (0.0,), "table"),
    Edge("softplus", (0.0,), LN2, (0.5,), "2.3"),
    Edge("log_sigmoid", (inf,), 0.0, (0.0,), "table"),
    Edge("log_sigmoid", (-inf,), -inf, (1.0,), "table"),
    Edge("log_sigmoid", (0.0,), -LN2, (0.5,), "2.3"),
    Edge("silu", (0.0,), 0.0, (0.5,), "2.3"),
    Edge("silu", (inf,), inf, (1.0,), "the limit"),
    Edge("silu", (-inf,), -0.0, (0.0,), "the limit, from below"),
    Edge("silu", (-1e300,), -0.0, (0.0,), "the limit, from below"),
    Edge("erf", (inf,), 1.0, (0.0,), "the limit"),
    Edge("erf", (-inf,), -1.0, (0.0,), "the limit"),
    Edge("erf", (1e200,), 1.0, (0.0,), "e**-x**2, where x**2 overflows"),
    # comparisons
    Edge("greater", (1.0, 1.0), 0.0, (None, None), "D6"),
    Edge("less", (1.0, 1.0), 0.0, (None, None), "D6"),
    Edge("greater_equal", (1.0, 1.0), 1.0, (None, None), "D6"),
    Edge("less_equal", (1.0, 1.0), 1.0, (None, None), "D6"),
    *(
        Edge(op, (nan, 1.0), 0.0, (None, None), "D6; IEEE 754")
        for op in ("greater", "less", "greater_equal", "less_equal")
    ),
    # kinks
    Edge("relu", (0.0,), 0.0, (0.0,), "table"),
    Edge("relu", (-0.0,), 0.0, (0.0,), "table"),
    Edge("relu", (nan,), nan, (nan,), "table"),
    Edge("relu", (inf,), inf, (1.0,), "the limit"),
    Edge("relu", (5e-324,), 5e-324, (1.0,), "x > 0"),
    Edge("leaky_relu", (0.0, 0.01), 0.0, (0.01, None), "table: alpha"),
    Edge("leaky_relu", (-0.0, 0.2), 0.0, (0.2, None), "table: alpha"),
    Edge("leaky_relu", (-2.0, 0.25), -0.5, (0.25, None), "alpha x"),
    Edge("leaky_relu", (-2.0, 0.0), -0.0, (0.0, None), "alpha x"),
    Edge("leaky_relu", (-inf, 0.0), nan, (0.0, None), "IEEE 754: 0 * inf; alpha"),
    Edge("leaky_relu", (nan, 0.01), nan, (nan, None), "P3"),
    Edge("step", (0.0,), 1.0, (None,), "D10"),
    Edge("step", (-0.0,), 1.0, (None,), "D10: -0.0 equals 0.0"),
    Edge("step", (-5e-324,), 0.0, (None,), "x < 0"),
    Edge("sign", (0.0,), 0.0, (None,), "D10"),
    Edge("sign", (-5e-324,), -1.0, (None,), "x < 0"),
    Edge("abs", (0.0,), 0.0, (0.0,), "table"),
    Edge("abs", (-0.0,), 0.0, (0.0,), "table"),
    Edge("abs", (nan,), nan, (nan,), "P3"),
    Edge("abs", (-inf,), inf, (-1.0,), "sign x"),
    Edge("clamp", (1.0, -1.0, 1.0), 1.0, (1.0, None, None), "P4: both bounds"),
    Edge("clamp", (-1.0, -1.0, 1.0), -1.0, (1.0, None, None), "P4: both bounds"),
    Edge("clamp", (1.5, -1.0, 1.0), 1.0, (0.0, None, None), "constant there"),
    Edge("clamp", (-inf, -1.0, 1.0), -1.0, (0.0, None, None), "constant there"),
    Edge("clamp", (nan, -1.0, 1.0), nan, (nan, None, None), "P3"),
    # ties
    Edge("maximum", (1.0, 1.0), 1.0, (0.5, 0.5), "table"),
    Edge("maximum", (2.0, 1.0, 2.0, 2.0), 2.0, (1 / 3, 0.0, 1 / 3, 1 / 3), "table: 1/k"),
    Edge("maximum", (0.0, -0.0), 0.0, (0.5, 0.5), "D15"),
    Edge("maximum", (-0.0, 0.0), 0.0, (0.5, 0.5), "D15"),
    Edge("maximum", (inf, inf), inf, (0.5, 0.5), "table"),
    Edge("maximum", (nan, 1.0), nan, (nan, nan), "table"),
    Edge("maximum", (1.0, nan), nan, (nan, nan), "table"),
    Edge("maximum", (1.0,), 1.0, (1.0,), "alone"),
    Edge("minimum", (1.0, 1.0), 1.0, (0.5, 0.5), "table"),
    Edge("minimum", (2.0, 1.0, 1.0), 1.0, (0.0, 0.5, 0.5), "table: 1/k"),
    Edge("minimum", (0.0, -0.0), 0.0, (0.5, 0.5), "D15"),
    Edge("minimum", (-inf, -inf), -inf, (0.5, 0.5), "table"),
    Edge("minimum", (nan, 1.0), nan, (nan, nan), "table"),
    Edge("minimum", (1.0, nan), nan, (nan, nan), "table"),
    Edge("where", (1.0, nan, 2.0), nan, (None, 1.0, 0.0), "D7"),
    Edge("where", (0.0, inf, 2.0), 2.0, (None, 0.0, 1.0), "D7"),
    Edge("where", (-0.0, inf, 2.0), 2.0, (None, 0.0, 1.0), "D7: -0.0 is false"),
    Edge("where", (nan, 1.0, 2.0), 1.0, (None, 1.0, 0.0), "D7: nan is not 0"),
    # lists
    Edge("logsumexp", (-inf, 0.0), 0.0, (0.0, 1.0), "table"),
    Edge("logsumexp", (1000.0, 1000.0), 1000.0 + LN2, (0.5, 0.5), "table"),
    Edge("logsumexp", (-1000.0, -1000.0), -1000.0 + LN2, (0.5, 0.5), "table, mirrored"),
    Edge("logsumexp", (0.0, -1000.0), 0.0, (1.0, 0.0), "e**-1000 is below all floats"),
    Edge("logsumexp", (7.0,), 7.0, (1.0,), "alone"),
    Edge("softmax", (-inf, 0.0), 0.0, (0.0, 0.0), "table; y(1 - y), -y y2"),
    Edge("softmax", (0.0, -inf), 1.0, (0.0, 0.0), "table; y(1 - y), -y y2"),
    Edge("softmax", (0.0, 0.0), 0.5, (0.25, -0.25), "y(1 - y), -y y2"),
    Edge("softmax", (1000.0, 1000.0), 0.5, (0.25, -0.25), "no overflow"),
    Edge("log_softmax", (0.0, 0.0), -LN2, (0.5, -0.5), "1 - p, -p2"),
    Edge("log_softmax", (-1000.0, 0.0), -1000.0, (1.0, -1.0), "1 - p, -p2"),
    Edge("log_softmax", (0.0, -1000.0), 0.0, (0.0, 0.0), "1 - p, -p2"),
    Edge("dot", (0.0, 3.0, 1.0), 1.0, (3.0, 0.0, 1.0), "w x + b"),
    # losses
    Edge("half_squared_error", (2.0, 2.0), 0.0, (0.0, 0.0), "the minimum"),
    Edge("cross_entropy", (-inf, 0.0, 0.0, 1.0), 0.0, (0.0, 0.0, inf, 0.0), "0 ln 0; p - t, -ln p"),
    Edge("log_loss", (0.0, 1.0, 0.0, 1.0), 0.0, (0.0, -1.0, inf, 0.0), "0 ln 0; -t/p, -ln p"),
    Edge("bce", (0.0, 1.0), 100.0, (-inf, inf), "table, D8: log clamped at -100; -t/p"),
    Edge("bce", (1.0, 0.0), 100.0, (inf, -inf), "table, D8; (1-t)/(1-p)"),
    Edge("bce", (1.0, 1.0), 0.0, (-1.0, -inf), "-t/p"),
    Edge("bce", (0.0, 0.0), 0.0, (1.0, inf), "(1-t)/(1-p)"),
    Edge("bce", (0.5, 0.5), LN2, (0.0, 0.0), "the minimum"),
    Edge("bce_with_logits", (inf, 1.0), 0.0, (0.0, -inf), "table; D15: dt = -z"),
    Edge("bce_with_logits", (-inf, 0.0), 0.0, (0.0, inf), "table, mirrored"),
    Edge("bce_with_logits", (inf, 0.0), inf, (1.0, -inf), "softplus"),
    Edge("bce_with_logits", (-1000.0, 1.0), 1000.0, (-1.0, 1000.0), "softplus(1000)"),
    *(
        Edge("bce_with_logits", (0.0, t), LN2, (0.5 - t, 0.0), "2.3: 0.5 - t")
        for t in (0.0, 0.25, 0.5, 1.0)
    ),
]


def name_of(edge: Edge) -> str:
    """With the decision, policy or table that the expectation comes from."""
    return f"{edge.source.partition(':')[0].partition(';')[0]} {edge.op}{edge.args}"


@pytest.mark.parametrize("edge", EDGES, ids=name_of)
def test_table_3_2_the_row_gives_the_value_and_derivatives(edge: Edge) -> None:
    row = OPS[edge.op]
    y = row(*edge.args)
    assert agrees(y, edge.value)
    for got, expected in zip(row.partials(y, *edge.args), edge.partials, strict=True):
        assert got is None if expected is None else agrees(got, expected), (got, expected)


@pytest.mark.parametrize("edge", EDGES, ids=name_of)
def test_table_3_2_backward_gives_the_derivatives(edge: Edge) -> None:
    row = OPS[edge.op]
    free = len(edge.args) - row.constants
    leaves = [Value(x) for x in edge.args[:free]]
    y = row(*leaves, *edge.args[free:])
    y.backward()
    assert agrees(y.data, edge.value)
    for leaf, expected in zip(leaves, edge.partials, strict=False):
        # a gradient starts at 0.0, and 0.0 + -0.0 is 0.0
        assert agrees(leaf.grad, expected if expected else 0.0), (leaf.grad, expected)


@pytest.mark.parametrize("edge", EDGES, ids=name_of)
def test_table_3_2_the_rules_on_values_give_the_same_derivatives(edge: Edge) -> None:
    """What second derivatives start from: the rule recorded, not only computed."""
    row = OPS[edge.op]
    free = len(edge.args) - row.constants
    leaves = [Value(x) for x in edge.args[:free]]
    y = row(*leaves, *edge.args[free:])
    for got, expected in zip(
        row.partials(y, *leaves, *edge.args[free:]), edge.partials, strict=True
    ):
        number = got.data if isinstance(got, Value) else got
        assert number is None if expected is None else agrees(number, expected), edge


def test_table_3_2_sqrt_of_minus_zero_is_minus_zero_with_an_infinite_derivative() -> None:
    """The table accepts both signs of the derivative."""
    y = OPS["sqrt"](-0.0)
    assert agrees(y, -0.0)
    assert abs(OPS["sqrt"].partials(y, -0.0)[0]) == inf


SELECTING = {"where", "maximum", "minimum", "clamp", "abs", "relu", "leaky_relu"}


@pytest.mark.parametrize("edge", [e for e in EDGES if 0.0 in e.partials], ids=name_of)
def test_d2_a_partial_of_zero_meets_an_infinite_cotangent(edge: Edge) -> None:
    """Where a row selects, nothing passes; anywhere else inf * 0 is IEEE's nan."""
    row = OPS[edge.op]
    free = len(edge.args) - row.constants
    leaves = [Value(x) for x in edge.args[:free]]
    (row(*leaves, *edge.args[free:]) * inf).backward()
    for leaf, expected in zip(leaves, edge.partials, strict=False):
        if expected == 0.0:
            assert leaf.grad == 0.0 if edge.op in SELECTING else isnan(leaf.grad)


def same_on_arrays(got: float, expected: float) -> bool:
    """The same IEEE number, where it is inexact within 1e-12: D12."""
    near = abs(got - expected) <= 1e-12 * max(1.0, abs(expected))
    return agrees(got, expected) or (near and not isinf(expected))


@pytest.mark.parametrize("edge", [e for e in EDGES if OPS[e.op].array], ids=name_of)
def test_d12_the_array_kernel_gives_the_value(edge: Edge) -> None:
    """Guarded as the program is that runs where a result was not finite."""
    row = OPS[edge.op]
    columns = [np.array([x]) for x in edge.args]
    assert row.array is not None
    (got,) = evaluated(row.array, columns, shared=row.shared)
    assert same_on_arrays(float(got), edge.value)


@pytest.mark.parametrize("edge", [e for e in EDGES if OPS[e.op].array_rules], ids=name_of)
def test_d12_the_array_rules_give_the_derivatives(edge: Edge) -> None:
    columns = [np.array([x]) for x in edge.args]
    derivatives = evaluated_rules(OPS[edge.op], columns, np.array([edge.value]))
    for (got,), expected in zip(derivatives, edge.partials, strict=True):
        assert expected is not None
        assert same_on_arrays(float(got), expected)


# --- second derivatives ---------------------------------------------------------------


def second(op: str, args: tuple[float, ...], i: int = 0, j: int = 0) -> float:
    """d2y / d(args[i]) d(args[j]), by the row's rule run on Values."""
    row = OPS[op]
    free = len(args) - row.constants
    leaves = [Value(x) for x in args[:free]]
    y = row(*leaves, *args[free:])
    first = row.partials(y, *leaves, *args[free:])[i]
    if not isinstance(first, Value):
        return 0.0  # a constant rule
    first.backward()
    return leaves[j].grad


SECOND = [
    ("power", (0.0, 2.0), 2.0, "table: 0**2"),
    ("power", (-2.0, 3.0), -12.0, "table: (-2)**3"),
    ("power", (0.0, 1.0), 0.0, "0**1 is a straight line"),
    ("power", (0.0, 0.0), 0.0, "x**0 is constant"),
    ("power", (0.0, 3.0), 0.0, "6x"),
    ("power", (nan, 2.0), 2.0, "x' = 2x is a straight line with slope 2"),
    ("pow", (2.0, 3.0), 12.0, "y(y - 1) x**(y - 2)"),
    ("exp", (710.0,), inf, "e**x"),
    ("exp", (-746.0,), 0.0, "e**x"),
    ("tanh", (inf,), 0.0, "table"),
    ("tanh", (-inf,), 0.0, "table"),
    ("tanh", (0.0,), 0.0, "-2t(1 - t**2)"),
    ("atan", (inf,), 0.0, "table: 0, where others have nan"),
    ("atan", (-inf,), 0.0, "table"),
    ("atan", (1.0,), -0.5, "-2x/(1 + x**2)**2"),
    ("sigmoid", (0.0,), 0.0, "s(1-s)(1-2s)"),
    ("sigmoid", (inf,), 0.0, "the limit"),
    ("sigmoid", (-inf,), 0.0, "the limit"),
    ("softplus", (0.0,), 0.25, "s(1-s)"),
    ("log_sigmoid", (0.0,), -0.25, "-s(1-s)"),
    ("silu", (0.0,), 0.5, "2s' + x s''"),
    ("relu", (0.0,), 0.0, "P4"),
    ("relu", (2.0,), 0.0, "straight"),
    ("abs", (0.0,), 0.0, "P4"),
    ("leaky_relu", (0.0, 0.01), 0.0, "P4"),
    ("clamp", (1.0, -1.0, 1.0), 0.0, "P4"),
    ("neg", (3.0,), 0.0, "straight"),
    ("log", (2.0,), -0.25, "-1/x**2"),
    ("sqrt", (4.0,), -1 / 32, "-x**-1.5 / 4"),
    ("maximum", (2.0, 1.0), 0.0, "straight"),
    ("maximum", (1.0, 1.0), 0.0, "P4"),
]


@pytest.mark.parametrize(("op", "args", "expected", "source"), SECOND)
def test_table_3_2_the_second_derivative(
    op: str, args: tuple[float, ...], expected: float, source: str
) -> None:
    assert agrees(second(op, args), expected), source


def test_table_3_2_the_mixed_second_derivatives() -> None:
    """d2(ab) = 1, d2(a/b) = -1/b**2, d2(a**b)/da db = a**(b-1) (1 + b ln a)."""
    assert second("mul", (3.0, 5.0), 0, 1) == 1.0
    assert second("mul", (3.0, 5.0), 0, 0) == 0.0
    assert second("div", (3.0, 2.0), 0, 1) == -0.25
    assert second("div", (3.0, 2.0), 1, 0) == -0.25
    assert second("div", (3.0, 2.0), 1, 1) == 0.75  # 2a/b**3
    expected = 4.0 * (1.0 + 3.0 * LN2)
    assert second("pow", (2.0, 3.0), 0, 1) == pytest.approx(expected, rel=1e-15)
    assert second("pow", (2.0, 3.0), 1, 0) == pytest.approx(expected, rel=1e-15)
    assert second("hypot", (3.0, 4.0), 0, 0) == pytest.approx(16 / 125, rel=1e-14)  # b**2/h**3
    assert second("hypot", (3.0, 4.0), 0, 1) == pytest.approx(-12 / 125, rel=1e-14)
    assert second("atan2", (3.0, 4.0), 0, 0) == pytest.approx(-24 / 625, rel=1e-14)  # -2ab/h**4
    assert second("atan2", (3.0, 4.0), 0, 1) == pytest.approx(-7 / 625, rel=1e-14)


@pytest.mark.parametrize("t", [0.0, 0.5, 1.0])
def test_table_3_2_a_hard_target_has_the_mixed_second_derivative_of_a_soft_one(t: float) -> None:
    """d2/dp dt of -t ln p is -1/p, of -t ln p - (1 - t) ln(1 - p) it is -1/p - 1/(1 - p)."""
    assert second("log_loss", (0.25, 0.5, t, 1.0 - t), 0, 2) == -4.0
    assert second("log_loss", (0.25, 0.5, t, 1.0 - t), 1, 3) == -2.0
    assert second("log_loss", (0.25, 0.5, t, 1.0 - t), 2, 0) == -4.0
    assert second("bce", (0.25, t), 0, 1) == pytest.approx(-16 / 3, rel=1e-15)
    assert second("bce", (0.25, t), 1, 0) == pytest.approx(-16 / 3, rel=1e-15)


# --- policies -------------------------------------------------------------------------

CONSTANTS = {"power": (3.0,), "leaky_relu": (0.01,), "clamp": (-1.0, 1.0)}
UNARY = [row for row in OPS.values() if row.arity is not None and row.arity - row.constants == 1]
DERIVATIVE_WITHOUT_X = {"neg", "identity", "step", "sign"}


@pytest.mark.parametrize(
    "row", [r for r in UNARY if r.name not in DERIVATIVE_WITHOUT_X], ids=lambda row: row.name
)
def test_p3_nan_in_gives_nan_value_and_derivative(row: Op) -> None:
    x = Value(nan)
    y = row(x, *CONSTANTS.get(row.name, ()))
    y.backward()
    assert isnan(y.data)
    assert isnan(x.grad)


OUTSIDE = [
    *itertools.product(("log", "log2", "log10", "sqrt"), (-1.0, -5e-324, -inf)),
    *itertools.product(("log1p",), (-1.5, -inf)),
    *itertools.product(("asin", "acos", "atanh"), (1.0 + ulp(1.0), -2.0, inf)),
    *itertools.product(("acosh",), (1.0 - ulp(0.5), 0.0, -2.0, -inf)),
]


@pytest.mark.parametrize(("op", "x"), OUTSIDE)
def test_p3_outside_the_domain_value_and_derivative_are_nan(op: str, x: float) -> None:
    leaf = Value(x)
    y = OPS[op](leaf)
    y.backward()
    assert isnan(y.data)
    assert isnan(leaf.grad)
    assert isnan(OPS[op](x))


@pytest.mark.parametrize(("op", "x"), OUTSIDE)
def test_p3_outside_the_domain_the_second_derivative_is_nan_too(op: str, x: float) -> None:
    """The derivative has no value there, so it has no slope: 0.0 would be a wrong number."""
    assert isnan(second(op, (x,)))


def test_p4_subgradients_of_sums_of_kinks() -> None:
    """relu(x) + relu(-x) = |x|: both have derivative 0 at 0, and so has their sum."""
    x = Value(0.0)
    (x.relu() + (-x).relu() + abs(x)).backward()
    assert x.grad == 0.0


def test_p5_a_constant_exponent_has_no_edge_and_meets_no_logarithm() -> None:
    x = Value(-3.0)
    y = x**2
    assert y.op is OPS["power"]
    assert y.partials == (-6.0, None)


@pytest.mark.parametrize(
    ("base", "exponent", "expected"),
    [
        (0.0, 2.0, 0.0),
        (0.0, 0.0, 0.0),
        (0.0, -1.0, -inf),
        (-2.0, 3.0, nan),
        (2.0, 3.0, 8.0 * LN2),
        (1.0, 5.0, 0.0),
    ],
)
def test_d15_a_constant_base_follows_the_row_of_pow(
    base: float, exponent: float, expected: float
) -> None:
    y = Value(exponent)
    (base**y).backward()
    assert agrees(y.grad, expected)


@pytest.mark.parametrize("zero", [0.0, -0.0])
def test_d10_step_is_1_and_sign_is_0_at_0(zero: float) -> None:
    """The binary step of the lectures begins at 0; relu and its derivative are 0 there."""
    assert (al.step(zero), al.sign(zero), al.relu(zero)) == (1.0, 0.0, 0.0)
    x = Value(zero)
    x.relu().backward()
    assert x.grad == 0.0


@pytest.mark.parametrize("zero", [0.0, -0.0])
def test_d10_step_and_sign_have_no_derivative(zero: float) -> None:
    for f in (al.step, al.sign):
        x = Value(zero)
        (f(x) * 3.0 + x).backward()
        assert x.grad == 1.0


# --- traps ----------------------------------------------------------------------------


def test_p4_a_softplus_typed_from_its_parts_has_a_wrong_kink_the_row_has_not() -> None:
    """relu(x) + log1p(exp(-|x|)) has derivative 0 + e/(1+e) * 0 = 0 at 0; the truth is 1/2."""
    x = Value(0.0)
    (al.relu(x) + al.log1p(al.exp(-al.abs(x)))).backward()
    assert x.grad == 0.0
    (al.softplus(x)).backward()
    assert x.grad == 0.5


@pytest.mark.parametrize(
    ("f", "expected"),
    [
        (lambda x: al.softplus(x), 0.5),
        (lambda x: al.log_sigmoid(x), 0.5),
        (lambda x: al.sigmoid(x), 0.25),
        (lambda x: al.silu(x), 0.5),
        (lambda x: al.bce_with_logits(x, 0.0), 0.5),
        (lambda x: al.bce_with_logits(x, 1.0), -0.5),
        (lambda x: al.bce_with_logits(x, 0.25), 0.25),
        (lambda x: al.logsumexp([x, 0.0]), 0.5),  # softplus by another name
        (lambda x: al.softmax([x, 0.0])[0], 0.25),  # sigmoid by another name
        (lambda x: al.log_softmax([x, 0.0])[0], 0.5),
    ],
)
@pytest.mark.parametrize("zero", [0.0, -0.0])
def test_p4_smooth_functions_made_of_kinks_are_smooth_at_0(
    f: Callable[[Value], Value], expected: float, zero: float
) -> None:
    x = Value(zero)
    f(x).backward()
    assert x.grad == expected


@pytest.mark.parametrize("x", [-710.0, -720.5, -740.0, -744.0, -745.0])
def test_table_3_2_the_far_tail_of_the_sigmoid_is_subnormal_not_zero(x: float) -> None:
    """Value and derivative equal e**x to the last bit that a subnormal has."""
    truth = float(mpmath.exp(x) / (1 + mpmath.exp(x)))
    leaf = Value(x)
    y = al.sigmoid(leaf)
    y.backward()
    assert truth > 0.0
    for got in (y.data, leaf.grad):
        assert got > 0.0
        assert abs(got - truth) <= 5e-324


def test_d1_subnormals_are_not_flushed_to_zero() -> None:
    tiny = 5e-324
    assert agrees(OPS["log"](tiny), float(mpmath.log(mpmath.mpf(2) ** -1074)))
    assert OPS["exp"](-745.0) == tiny  # e**-745 = 4.99e-324
    assert agrees(OPS["sqrt"](tiny), 2.0**-537)
    assert OPS["mul"](tiny, 1.0) == OPS["relu"](tiny) == OPS["softplus"](-745.0) == tiny


def mp(x: float) -> Any:
    return mpmath.mpf(x)


ACCURATE: list[tuple[str, tuple[float, ...], int, Callable[..., Any]]] = [
    # asin' near 1: 1 - x*x cancels
    *(
        (op, (x,), 0, lambda x, s=s: s / mpmath.sqrt((1 - x) * (1 + x)))
        for op, s in (("asin", 1), ("acos", -1))
        for x in (1.0 - ulp(0.5), 1.0 - 1e-10, -1.0 + 1e-13)
    ),
    ("atan", (1e10,), 0, lambda x: 1 / (1 + x * x)),
    ("atanh", (1.0 - ulp(0.5),), 0, lambda x: 1 / ((1 - x) * (1 + x))),
    ("acosh", (1.0 + ulp(1.0),), 0, lambda x: 1 / mpmath.sqrt((x - 1) * (x + 1))),
    ("expm1", (-40.0,), 0, lambda x: mpmath.exp(x)),
    ("log1p", (-1.0 + 1e-15,), 0, lambda x: 1 / (1 + x)),
    ("softplus", (-40.0,), 0, lambda x: 1 / (1 + mpmath.exp(-x))),
    ("log_sigmoid", (40.0,), 0, lambda x: 1 / (1 + mpmath.exp(x))),
    ("hypot", (1.7e308, 1e308), 0, lambda a, b: a / mpmath.hypot(a, b)),
    ("hypot", (1.7e308, 1e308), 1, lambda a, b: b / mpmath.hypot(a, b)),
    ("hypot", (1e200, 1e200), 0, lambda a, b: a / mpmath.hypot(a, b)),
    ("hypot", (1.0, 1e-160), 1, lambda a, b: b / mpmath.hypot(a, b)),
    ("atan2", (1.0, 1e-170), 1, lambda a, b: -a / (a * a + b * b)),
    ("atan2", (1e170, 1e160), 0, lambda a, b: b / (a * a + b * b)),
    ("div", (1e-200, 1e-200), 1, lambda a, b: -a / (b * b)),
    ("power", (1e-5, 0.1), 0, lambda x, c: c * x ** (c - 1)),
    ("power", (1.5, 1e-17), 0, lambda x, c: c * x ** (c - 1)),
    ("pow", (0.7, 1.1), 0, lambda x, y: y * x ** (y - 1)),
    ("pow", (0.7, 1.1), 1, lambda x, y: x**y * mpmath.log(x)),
    # the exponent less 1 is no float, or the power has lost its digits
    ("power", (1e-250, 0.1), 0, lambda x, c: c * x ** (c - 1)),
    ("power", (1e250, 0.1), 0, lambda x, c: c * x ** (c - 1)),
    ("power", (1.0 + 6e-14, 1e16), 0, lambda x, c: c * x ** (c - 1)),
    ("pow", (1e-160, 2.0), 0, lambda x, y: y * x ** (y - 1)),
    ("pow", (1e-160, 2.0), 1, lambda x, y: x**y * mpmath.log(x)),
    ("bce_with_logits", (-40.0, 0.0), 0, lambda z, t: 1 / (1 + mpmath.exp(-z))),
    ("bce_with_logits", (40.0, 1.0), 0, lambda z, t: -1 / (1 + mpmath.exp(z))),
    ("log_softmax", (40.0, 0.0), 0, lambda a, b: mpmath.exp(b) / (mpmath.exp(a) + mpmath.exp(b))),
    ("logsumexp", (0.0, -40.0), 1, lambda a, b: mpmath.exp(b) / (mpmath.exp(a) + mpmath.exp(b))),
]


@pytest.mark.parametrize(("op", "args", "i", "truth"), ACCURATE)
def test_d16_derivatives_keep_their_digits_where_textbook_forms_lose_them(
    op: str, args: tuple[float, ...], i: int, truth: Callable[..., Any]
) -> None:
    """Within 4 ulp of the derivative computed with 50 digits."""
    row = OPS[op]
    got = row.partials(row(*args), *args)[i]
    expected = float(truth(*map(mp, args)))
    assert got != 0.0
    assert agrees(got, expected), (got, expected)


VALUES: list[tuple[str, tuple[float, ...], Callable[..., Any]]] = [
    ("softplus", (20.8,), lambda x: mpmath.log1p(mpmath.exp(x))),  # beyond a threshold of 20
    ("softplus", (-40.0,), lambda x: mpmath.log1p(mpmath.exp(x))),
    ("log_sigmoid", (40.0,), lambda x: -mpmath.log1p(mpmath.exp(-x))),
    ("logsumexp", (0.0, -40.0), lambda a, b: mpmath.log1p(mpmath.exp(b))),
    ("log_softmax", (0.0, -40.0), lambda a, b: -mpmath.log1p(mpmath.exp(b))),
    ("log_softmax", (50.0, 0.0), lambda a, b: -mpmath.log1p(mpmath.exp(-a))),
    ("bce_with_logits", (40.0, 1.0), lambda z, t: mpmath.log1p(mpmath.exp(-z))),
    ("expm1", (1e-15,), lambda x: mpmath.expm1(x)),
    ("log1p", (1e-15,), lambda x: mpmath.log1p(x)),
]


@pytest.mark.parametrize(("op", "args", "truth"), VALUES)
def test_d16_values_keep_their_digits_where_textbook_forms_lose_them(
    op: str, args: tuple[float, ...], truth: Callable[..., Any]
) -> None:
    assert agrees(OPS[op](*args), float(truth(*map(mp, args))))


def test_d5_the_second_derivative_of_softplus_does_not_end_at_20() -> None:
    """s(1 - s), in the textbook form exact to 1e-16 (D5): 1.39e-11 at 25, where others have 0."""
    s = 1 / (1 + mpmath.exp(-25))
    got = second("softplus", (25.0,))
    assert got > 0.0
    assert abs(got - float(s * (1 - s))) <= 2e-16


@pytest.mark.parametrize("x", [-40.0, -3.0, 0.5, 3.0, 19.0, 40.0])
def test_d5_the_textbook_forms_are_exact_to_1e_16(x: float) -> None:
    """y(1 - y) and 1 - y*y, against 50 digits; two roundings of numbers below 1."""
    s = 1 / (1 + mpmath.exp(-mp(x)))
    t = mpmath.tanh(mp(x))
    for op, truth in (("sigmoid", s * (1 - s)), ("tanh", 1 - t * t)):
        row = OPS[op]
        (got,) = row.partials(row(x), x)
        assert abs(got - float(truth)) <= 3e-16


# --- lists ----------------------------------------------------------------------------


def numbers_of_all_sizes(count: int, seed: int) -> list[float]:
    generator = random.Random(seed)
    return [generator.gauss(0.0, 1.0) * 10.0 ** generator.randrange(-12, 12) for _ in range(count)]


@pytest.mark.parametrize("count", [1, 2, 3, 10, 1000])
def test_table_3_2_sum_and_dot_round_as_a_chain_of_additions(count: int) -> None:
    """Bit for bit: ((x0 + x1) + x2) + ..., and ((bias + w0 x0) + w1 x1) + ..."""
    w, x = numbers_of_all_sizes(count, 1), numbers_of_all_sizes(count, 2)
    chain = x[0]
    for number in x[1:]:
        chain = chain + number
    assert al.sum(x).hex() == chain.hex()
    assert al.sum(map(Value, x)).data.hex() == chain.hex()
    chain = 0.1
    for wi, xi in zip(w, x, strict=True):
        chain = chain + wi * xi
    assert al.dot(w, x, bias=0.1).hex() == chain.hex()
    assert al.dot(list(map(Value, w)), x, bias=0.1).data.hex() == chain.hex()


def test_table_3_2_sum_and_dot_of_nothing_are_0() -> None:
    assert al.sum([]).data == 0.0
    assert al.dot([], []) == 0.0
    assert al.dot([], [], bias=Value(3.0)).data == 3.0


def test_table_3_2_the_derivatives_of_dot_are_the_other_factors() -> None:
    w, x, b = [Value(2.0), Value(-3.0)], [Value(-1.0), Value(-2.0)], Value(-3.0)
    y = al.dot(w, x, b)
    y.backward()
    assert y.data == 1.0  # -3 + -2 + 6
    assert y.parents == (*w, *x, b)
    assert [v.grad for v in (*w, *x, b)] == [-1.0, -2.0, 2.0, -3.0, 1.0]


def test_table_3_2_dot_meets_infinities_as_its_products_do() -> None:
    """0 * inf is nan, with derivatives (inf, 0), as the row of mul."""
    w, x = Value(0.0), Value(inf)
    y = al.dot([w], [x])
    y.backward()
    assert isnan(y.data)
    assert (w.grad, x.grad) == (inf, 0.0)


@pytest.mark.parametrize(
    "logits", [(-inf, -inf), (inf, 0.0), (0.0, inf), (inf, inf), (nan, 0.0), (0.0, nan)]
)
def test_table_3_2_the_softmax_of_infinities_is_nan(logits: tuple[float, float]) -> None:
    """The table: all -inf, or any inf, gives nan; nan gives nan."""
    assert all(isnan(share) for share in al.softmax(logits))
    assert all(isnan(share.data) for share in al.softmax([Value(z) for z in logits]))


def test_table_3_2_the_logsumexp_of_infinities() -> None:
    assert al.logsumexp([-inf, -inf]) == -inf
    assert al.logsumexp([inf, 0.0]) == inf
    assert isnan(al.logsumexp([nan, 0.0]))
    assert isnan(al.logsumexp([inf, nan]))


def test_the_softmax_adds_up_to_1_and_moves_no_sum() -> None:
    """Its derivatives by one logit add up to 0 over the outputs."""
    logits = [Value(z) for z in (1.0, 2.0, 0.5)]
    shares = al.softmax(logits)
    assert sum(s.data for s in shares) == pytest.approx(1.0, abs=4e-16)
    al.sum(shares).backward()
    assert [z.grad for z in logits] == pytest.approx([0.0] * 3, abs=1e-16)


def test_d15_the_derivative_of_bce_by_a_target_is_minus_the_logit() -> None:
    z, t = Value(0.75), Value(0.25)
    al.bce_with_logits(z, t).backward()
    assert t.grad == -0.75
    assert z.grad == pytest.approx(1.0 / (1.0 + math.exp(-0.75)) - 0.25, rel=1e-15)


@pytest.mark.parametrize("row", ["power", "pow"])
@pytest.mark.parametrize(
    ("x", "c", "dx"),
    [
        (-1.0, 2.0**53, -(2.0**53)), (-1.0, 2.0**53 + 2.0, -(2.0**53) - 2.0),
        (-1.0, -(2.0**53), 2.0**53), (-1.0, -(2.0**53) - 2.0, 2.0**53 + 2.0), (-1.0, 1e20, -1e20),
        (-1.0, 3.0, 3.0), (1.0, 1e20, 1e20), (0.0, -(2.0**53), -inf),
    ],
)  # fmt: skip
def test_an_even_power_falls_below_zero(row: str, x: float, c: float, dx: float) -> None:
    """Also where c - 1 is no float: c is even there, c x**(c-1) has the sign of c x."""
    found = al.OPS[row].partials(al.OPS[row](x, c), x, c)[0]
    assert found == dx
