"""Where the rows are computed: 1,000 points over all exponents, 250 where a row is not trivial,
special floats and thresholds. Zeros, infinities and nan are for `edges.py`.
"""

from __future__ import annotations

import sys
from collections.abc import Callable, Iterator
from itertools import product
from math import floor, inf, ldexp, log, nextafter
from random import Random

Point = tuple[float, ...]
Draw = Callable[[Random], Point]

TINY, NORMAL, HUGE = 5e-324, sys.float_info.min, sys.float_info.max
FULL, ACTIVE = 1000, 250


def sized(rng: Random, lo: float = -1074.0, hi: float = 1024.0) -> float:
    """A positive float whose exponent is uniform in [lo, hi], the same on every machine."""
    return max(TINY, ldexp(1.0 + rng.random(), floor(rng.uniform(lo, hi))))


def signed(rng: Random, lo: float = -1074.0, hi: float = 1024.0) -> float:
    return rng.choice((-1.0, 1.0)) * sized(rng, lo, hi)


def share(rng: Random) -> float:
    """Inside (0, 1), close to 0 or close to 1."""
    return sized(rng, -1074, 0) if rng.random() < 0.5 else 1.0 - sized(rng, -53, -1)


def weight(rng: Random) -> float:
    """A target: often exactly 0 or 1."""
    return float(rng.randrange(2)) if rng.random() < 0.5 else share(rng)


def weights(rng: Random, count: int) -> Point:
    """One-hot, or soft of any size."""
    if rng.random() < 0.5:
        hot = rng.randrange(count)
        return tuple(float(k == hot) for k in range(count))
    lowest = rng.choice((-4, -60, -1074))
    return tuple(sized(rng, lowest, 0) for _ in range(count))


def any_floats(count: int) -> Draw:
    return lambda rng: tuple(signed(rng) for _ in range(count))


def near(count: int, lo: float = -10.0, hi: float = 10.0) -> Draw:
    return lambda rng: tuple(signed(rng, lo, hi) for _ in range(count))


def near_a_common(count: int) -> Draw:
    """Logits: a common offset and differences of any size up to 700."""

    def draw(rng: Random) -> Point:
        offset, spread = signed(rng, -10, 10), rng.choice((0.0, 4.0, 9.5))
        return tuple(offset + signed(rng, -10, spread) for _ in range(count))

    return draw


def comparable(rng: Random) -> Point:
    """Two numbers of sizes not further apart than 2**60."""
    a = signed(rng, -1000, 960)
    return a, a * signed(rng, -60, 60)


def equal_or_next(rng: Random) -> Point:
    a = signed(rng)
    return a, rng.choice((a, nextafter(a, inf), nextafter(a, -inf)))


def tied(rng: Random) -> Point:
    pair = near(2)(rng)
    return tuple(rng.choice(pair) for _ in range(3))


def inside_unit(rng: Random) -> Point:
    return (rng.choice((-1.0, 1.0)) * share(rng),)


def above_minus_one(rng: Random) -> Point:
    return (sized(rng) if rng.random() < 0.5 else -share(rng),)


def powers(rng: Random) -> Point:
    """x of any size, or near 1, and c such that x**c is a float."""
    x = sized(rng) if rng.random() < 0.5 else 1.0 + signed(rng, -50, -1)
    return x, rng.uniform(-740.0, 709.0) / log(x)


def constant_powers(rng: Random) -> Point:
    if rng.random() < 0.5:
        return powers(rng)
    return signed(rng, -30, 30), float(rng.choice((-30, -9, -3, -2, -1, 1, 2, 3, 4, 10, 31)))


def products(rng: Random) -> Point:
    """(w0, w1, x0, x1, bias) whose products stay below the overflow, which is an edge."""
    w = any_floats(2)(rng)
    x = [signed(rng, -1074, 1020) for _ in w]
    safe = [b if abs(a * b) < 1e307 else b * 2.0**-1020 for a, b in zip(w, x, strict=True)]
    return *w, *safe, signed(rng, -1074, 1020)


def bounded(rng: Random) -> Point:
    lo, hi = sorted(any_floats(2)(rng))
    return signed(rng), lo, hi


def positive(rng: Random) -> Point:
    return (sized(rng),)


def near_one(rng: Random) -> Point:
    return (1.0 + signed(rng, -52, -1),)


LOGITS = (any_floats(3), near_a_common(3))

#: How to draw over the full range, and where the row is not trivial, by row.
DRAWS: dict[str, tuple[Draw, Draw]] = {
    **dict.fromkeys(("log", "log2", "log10", "sqrt"), (positive, near_one)),
    **dict.fromkeys(("asin", "acos", "atanh"), (inside_unit, near(1, -10, -0.01))),
    **dict.fromkeys(("logsumexp", "softmax", "log_softmax"), LOGITS),
    **dict.fromkeys(("maximum", "minimum"), (any_floats(3), tied)),
    **dict.fromkeys(
        ("greater", "less", "greater_equal", "less_equal"), (any_floats(2), equal_or_next)
    ),
    "log1p": (above_minus_one, near(1, -40, -0.01)),
    "acosh": (lambda rng: (1.0 + sized(rng, -52, 1024),), lambda rng: (1.0 + sized(rng, -9, 9),)),
    "erf": (any_floats(1), near(1, -10, 5)),
    "pow": (lambda rng: (sized(rng), signed(rng)), powers),
    "power": (lambda rng: (sized(rng), signed(rng)), constant_powers),
    "where": (
        lambda rng: (rng.choice((0.0, 1.0, signed(rng))), *any_floats(2)(rng)),
        lambda rng: (weight(rng), *near(2)(rng)),
    ),
    "clamp": (bounded, lambda rng: (*near(1)(rng), -sized(rng, -4, 4), sized(rng, -4, 4))),
    "leaky_relu": (
        lambda rng: (signed(rng), sized(rng, -1074, 0)),
        lambda rng: (signed(rng, -9, 9), rng.choice((0.01, 0.2))),
    ),
    "dot": (products, near(5)),
    "half_squared_error": (any_floats(4), near(4)),
    "cross_entropy": (
        lambda rng: (*any_floats(3)(rng), *weights(rng, 3)),
        lambda rng: (*near_a_common(3)(rng), *weights(rng, 3)),
    ),
    "log_loss": (
        lambda rng: (share(rng), share(rng), *weights(rng, 2)),
        lambda rng: (sized(rng, -9, -0.01), sized(rng, -9, -0.01), *weights(rng, 2)),
    ),
    "bce": (
        lambda rng: (share(rng), weight(rng)),
        lambda rng: (sized(rng, -9, -0.01), rng.random()),
    ),
    "bce_with_logits": (
        lambda rng: (signed(rng), weight(rng)),
        lambda rng: (signed(rng, -10, 10), weight(rng)),
    ),
}
#: The draws of every other row, by its number of arguments (3 where any number is taken).
USUAL: dict[int, tuple[Draw, Draw]] = {
    1: (any_floats(1), near(1)),
    2: (any_floats(2), comparable),
    3: (any_floats(3), near(3)),
}

SPECIAL = (TINY, -TINY, NORMAL, -NORMAL, HUGE, -HUGE, 1.0, -1.0, 0.5, 2.0, 1.0 + 2.0**-52)
BELOW_ONE = 1.0 - 2.0**-53
#: Where an exponential overflows, turns subnormal or vanishes beside 1.
EXPONENTIAL = (709.782712893384, nextafter(709.782712893384, inf), 710.0, 710.4758600739439,
               711.0, 708.3964185322641, 720.5, 740.0, 744.0, 744.7, 745.0, 745.1332191019411,
               745.2, 746.0, 750.0, 751.5, 752.0, 799.9, 800.0, 801.0, 36.7, 37.0, 40.0, 20.8,
               25.0, 19.0, 19.0615, 22.0, 350.0, 372.0, 1e-8, 1e-17)  # fmt: skip
BOTH = (*EXPONENTIAL, *(-x for x in EXPONENTIAL))
NEAR_ENDS = (BELOW_ONE, -BELOW_ONE, 1.0 - 1e-10, -1.0 + 1e-13, 1e-8, 1e-300)
#: Near multiples of pi/2; the last but one is the nearest of all floats.
TURNS = (1.5707963267948966, 3.141592653589793, 1e22, 5.319372648326541e255, 1e300)
EXPONENTS = (2.0, 3.0, -1.0, -2.0, 0.5, -0.5, 1.0, 1 / 3, 0.1, 1e-17, -1e-17, 1e17, BELOW_ONE,
             1.0 + 2.0**-52, 1e-300, -0.97, -3.9999999999999996)  # fmt: skip
BASES = (1.0, TINY, NORMAL, HUGE, BELOW_ONE, 1.0 + 2.0**-52, 0.7, 1.5, 1e-5, 1e300, 1e-300)


def alone(names: tuple[str, ...], numbers: tuple[float, ...]) -> dict[str, list[Point]]:
    """The numbers as points of several rows of one argument."""
    return {name: [(x,) for x in numbers] for name in names}


#: Thresholds and points at which a plain formula loses everything (semantics 2.3, 3.2, 3.3).
THRESHOLDS: dict[str, list[Point]] = {
    **alone(("exp", "expm1", "sinh", "cosh", "tanh", "sigmoid", "softplus", "log_sigmoid"), BOTH),
    "silu": [(x,) for x in (*BOTH, -1.2784645427610738, -1.27846454276, 1e17)],
    "erf": [(x,) for x in (5.8, 5.9, 6.0, 26.0, 26.5, 26.6, 27.2, -27.2, 27.3, 1e154, 1e200)],
    "atan": [(x,) for x in (1e160, -1e160, 1e200, 1e10, 1e154, 1e105, BELOW_ONE)],
    "asinh": [(x,) for x in (1e154, 1e155, -1e160, 1e200, 1e102, 1e103)],
    "acosh": [(x,) for x in (1.0 + 2.0**-52, 1.0 + 1e-10, 1e154, 1e200)],
    **alone(("asin", "acos", "atanh"), NEAR_ENDS),
    "log1p": [(x,) for x in (-BELOW_ONE, -1.0 + 1e-15, 1e-15, -1e-15, 1e17)],
    **alone(("log", "log2", "log10"), (BELOW_ONE, 1e-160, 1e-154, 1e160)),
    **alone(("sin", "cos", "tan"), TURNS),
    "hypot": [(1.7e308, 1e308), (1e200, 1e200), (3e-200, -4e-200), (1.0, 1e-160), (3e-310, 4e-310)],
    "atan2": [(1e-200, 1e-200), (1e200, 1e200), (1.0, 1e-170), (1e170, 1e160), (1.0, 1e-160)],
    "div": [(1e-310, 1e-310), (49.0, 49.0), (1e-200, 1e-200), (1e300, 1e-10), (1e-300, 1e300)],
    "power": [*product(BASES, EXPONENTS), *product((-2.0, -1e-5, -1e200), (2.0, 3.0, -1.0, 1.0))],
    "pow": [*product(BASES, EXPONENTS), *product(BASES, (0.0,))],
    "logsumexp": [(0.0, -40.0, -41.0), (1000.0, 1000.0, 999.0), (-1000.0,) * 3, (1.0, -1.0, 700.0)],
    "softmax": [(40.0, 0.0, 1.0), (0.0, 40.0, 41.0), (1000.0, 1000.0, 999.0), (-740.0, 0.0, 1.0)],
    "log_softmax": [(50.0, 0.0, 1.0), (0.0, -40.0, -41.0), (-1000.0, 0.0, -1.0), (1e3, 1e3, 999.0)],
    "cross_entropy": [(40.0, 0.0, -1.0, 1.0, 0.0, 0.0), (0.0, 40.0, 80.0, 1.0, 0.0, 0.0)],
    "log_loss": [(1e-310, 0.5, 1e-10, 0.5), (TINY, 0.5, 0.0, 1.0), (TINY, BELOW_ONE, TINY, 1.0)],
    "bce": [(1e-310, 1e-10), (1e-50, 1.0), (BELOW_ONE, 0.0), (BELOW_ONE, 1.0), (0.5, 0.5)],
    "bce_with_logits": [*product((40.0, -40.0, 800.0, -800.0, 0.5), (0.0, 1.0, 0.25, 1e-300))],
}  # fmt: skip

#: The open intervals in which a row of one argument is smooth and finite.
SMOOTH = {
    **dict.fromkeys(("log", "log2", "log10", "sqrt"), (0.0, inf)),
    **dict.fromkeys(("asin", "acos", "atanh"), (-1.0, 1.0)),
    "log1p": (-1.0, inf),
    "acosh": (1.0, inf),
}


def specials(name: str, arity: int | None) -> Iterator[Point]:
    """The special floats, alone or in pairs, where the row is smooth and finite."""
    lo, hi = SMOOTH.get(name, (-inf, inf))
    if arity == 1:
        yield from ((x,) for x in SPECIAL if lo < x < hi)
    elif arity == 2 and name not in DRAWS:
        yield from product(SPECIAL[:8], repeat=2)
    yield from THRESHOLDS.get(name, [])


def points(name: str, arity: int | None) -> list[Point]:
    """All points of a row; the same at every call."""
    full, active = DRAWS.get(name) or USUAL[arity or 3]
    rng = Random(f"accuracy {name}")
    drawn = [full(rng) for _ in range(FULL)] + [active(rng) for _ in range(ACTIVE)]
    return [*specials(name, arity), *drawn]
