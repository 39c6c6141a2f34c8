"""What every row is, with its first and second derivatives, derived by hand.

A function takes mpmath numbers and gives a `Truth`. Where a formula of a book adds terms
that may cancel, `of(exact, *terms)` names them: the error that is allowed goes by the
largest of them (D16), while the exact number comes from a form that cancels nothing.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, NamedTuple

from mpmath import mp

Pair = tuple[int, int]


class Number(NamedTuple):
    """A true number and the size of the largest term that a book's formula adds for it."""

    exact: Any
    largest: Any


class Truth(NamedTuple):
    """A row at one point; a missing derivative is 0 everywhere, None is no edge."""

    value: Number
    first: list[Number | None]
    second: dict[Pair, Number]


def of(exact: Any, *terms: Any) -> Number:
    """A number and the terms that the textbook's formula adds."""
    return Number(mp.mpf(exact), max([abs(mp.mpf(exact)), *map(abs, terms)]))


def total(*terms: Any) -> Number:
    """A plain sum."""
    return of(mp.fsum(terms), *terms)


def known(x: Any) -> Number | None:
    return x if x is None or isinstance(x, Number) else of(x)


def truth(value: Any, first: list[Any], second: dict[Pair, Any]) -> Truth:
    firsts = [known(d) for d in first]
    seconds = {pair: of(d) if not isinstance(d, Number) else d for pair, d in second.items()}
    return Truth(value if isinstance(value, Number) else of(value), firsts, seconds)


def one(value: Any, first: Any, second: Any) -> Truth:
    """A row of one argument."""
    return truth(value, [first], {(0, 0): second})


def straight(value: Any, *first: Any) -> Truth:
    """A row whose derivatives are constant."""
    n = len(first)
    return truth(value, [*first], {(i, j): 0 for i in range(n) for j in range(i, n)})


# --- one argument ---------------------------------------------------------------------


def root(x: Any) -> Truth:
    s = mp.sqrt(x)
    return one(s, 1 / (2 * s), -1 / (4 * x * s))


def logarithm(base: Any) -> Callable[[Any], Truth]:
    def log(x: Any) -> Truth:
        scale = 1 if base is None else mp.log(base)
        return one(mp.log(x) / scale, 1 / (x * scale), -1 / (x * x * scale))

    return log


def sin(x: Any) -> Truth:
    return one(mp.sin(x), mp.cos(x), -mp.sin(x))


def cos(x: Any) -> Truth:
    return one(mp.cos(x), -mp.sin(x), -mp.cos(x))


def tan(x: Any) -> Truth:
    t = mp.tan(x)
    return one(t, 1 + t * t, 2 * t * (1 + t * t))


def arc(function: Callable[[Any], Any], sign: int) -> Callable[[Any], Truth]:
    def asin(x: Any) -> Truth:
        q = (1 - x) * (1 + x)
        return one(function(x), sign / mp.sqrt(q), sign * x / (q * mp.sqrt(q)))

    return asin


def atan(x: Any) -> Truth:
    q = 1 + x * x
    return one(mp.atan(x), 1 / q, -2 * x / q**2)


def tanh(x: Any) -> Truth:
    """1 - t**2 = 4z / (1 + z)**2, z = e**-2|x|, which cancels nothing."""
    t, z = mp.tanh(x), mp.exp(-2 * abs(x))
    d = 4 * z / (1 + z) ** 2
    return one(t, of(d, 1), of(-2 * t * d, 2 * t, 2 * t**3))


def asinh(x: Any) -> Truth:
    h = mp.sqrt(1 + x * x)
    return one(mp.asinh(x), 1 / h, -x / h**3)


def acosh(x: Any) -> Truth:
    h = mp.sqrt((x - 1) * (x + 1))
    return one(mp.acosh(x), 1 / h, -x / h**3)


def atanh(x: Any) -> Truth:
    q = (1 - x) * (1 + x)
    return one(mp.atanh(x), 1 / q, 2 * x / q**2)


def erf(x: Any) -> Truth:
    d = 2 / mp.sqrt(mp.pi) * mp.exp(-x * x)
    return one(mp.erf(x), d, -2 * x * d)


def logistic(x: Any) -> tuple[Any, Any]:
    """s = 1 / (1 + e**-x) and s' = z / (1 + z)**2, z = e**-|x|, without a difference."""
    z = mp.exp(-abs(x))
    return (1 if x >= 0 else z) / (1 + z), z / (1 + z) ** 2


def sigmoid(x: Any) -> Truth:
    """s(1 - s) = s - s**2, then s(1 - s)(1 - 2s) = s - 3s**2 + 2s**3 (D5)."""
    s, d = logistic(x)
    return one(s, of(d, s), of(-d * mp.tanh(x / 2), s, 3 * s * s))


def softplus(x: Any) -> Truth:
    s, d = logistic(x)
    value = of(max(x, mp.mpf(0)) + mp.log1p(mp.exp(-abs(x))))
    return one(value, s, of(d, s))


def log_sigmoid(x: Any) -> Truth:
    s, d = logistic(-x)
    value = of(min(x, mp.mpf(0)) - mp.log1p(mp.exp(-abs(x))))
    return one(value, s, of(-d, s))


def silu(x: Any) -> Truth:
    """(x s)'' = 2s' + x s''; s' = s - s**2 is one of its terms (D5)."""
    s, d = logistic(x)
    bend = -d * mp.tanh(x / 2)
    return one(x * s, total(s, x * d), of(2 * d + x * bend, s, 2 * d, x * bend))


# --- two arguments --------------------------------------------------------------------


def product(a: Any, b: Any) -> Truth:
    return truth(a * b, [b, a], {(0, 0): 0, (0, 1): 1, (1, 1): 0})


def quotient(a: Any, b: Any) -> Truth:
    second = {(0, 0): 0, (0, 1): -1 / b**2, (1, 1): 2 * a / b**3}
    return truth(a / b, [1 / b, -a / b**2], second)


def raised(x: Any, c: Any) -> Any:
    """x**c; a negative x has integral exponents only."""
    return mp.power(x, c) if x > 0 else mp.power(-x, c) * (1 - 2 * (int(c) % 2))


def power(x: Any, c: Any) -> Truth:
    """c (c-1) x**(c-2), without forming c - 1 in the base's exponent."""
    y = raised(x, c)
    return truth(y, [c * y / x, None], {(0, 0): c * (c - 1) * y / (x * x)})


def pow_(x: Any, c: Any) -> Truth:
    y, log = mp.power(x, c), mp.log(x)
    mixed = total(y / x, c * log * y / x)
    second = {(0, 0): c * (c - 1) * y / (x * x), (0, 1): mixed, (1, 1): y * log * log}
    return truth(y, [c * y / x, y * log], second)


def hypot(a: Any, b: Any) -> Truth:
    """(a/h)' = 1/h - a**2/h**3 = b**2/h**3."""
    h = mp.sqrt(a * a + b * b)
    second = {
        (0, 0): of(b * b / h**3, 1 / h),
        (0, 1): -a * b / h**3,
        (1, 1): of(a * a / h**3, 1 / h),
    }
    return truth(h, [a / h, b / h], second)


def atan2(a: Any, b: Any) -> Truth:
    """(b/h**2)' by b = 1/h**2 - 2b**2/h**4 = (a**2 - b**2)/h**4."""
    q = a * a + b * b
    bend = 2 * a * b / q**2
    second = {(0, 0): -bend, (0, 1): of((a * a - b * b) / q**2, 1 / q), (1, 1): bend}
    return truth(mp.atan2(a, b), [b / q, -a / q], second)


def chosen(c: Any, a: Any, b: Any) -> Truth:
    value, first = (a, [None, 1, 0]) if c else (b, [None, 0, 1])
    return truth(value, first, {(1, 1): 0, (1, 2): 0, (2, 2): 0})


def clamp(x: Any, lo: Any, hi: Any) -> Truth:
    """P4: the derivative at both bounds is 1."""
    return truth(max(lo, min(hi, x)), [int(lo <= x <= hi), None, None], {(0, 0): 0})


def leaky_relu(x: Any, alpha: Any) -> Truth:
    return truth(*((x, [1, None]) if x > 0 else (alpha * x, [alpha, None])), {(0, 0): 0})


def compared(holds: Callable[[Any, Any], bool]) -> Callable[[Any, Any], Truth]:
    return lambda a, b: truth(int(holds(a, b)), [None, None], {})


SCALAR: dict[str, Callable[..., Truth]] = {
    "add": lambda a, b: straight(a + b, 1, 1),
    "sub": lambda a, b: straight(a - b, 1, -1),
    "mul": product,
    "div": quotient,
    "neg": lambda x: straight(-x, -1),
    "identity": lambda x: straight(x, 1),
    "strong_product": product,
    "greater": compared(lambda a, b: a > b),
    "less": compared(lambda a, b: a < b),
    "greater_equal": compared(lambda a, b: a >= b),
    "less_equal": compared(lambda a, b: a <= b),
    "where": chosen,
    "step": lambda x: truth(int(x >= 0), [None], {}),
    "sign": lambda x: truth(mp.sign(x), [None], {}),
    "clamp": clamp,
    "abs": lambda x: straight(abs(x), mp.sign(x)),
    "relu": lambda x: straight(max(x, mp.mpf(0)), int(x > 0)),
    "leaky_relu": leaky_relu,
    "power": power,
    "pow": pow_,
    "exp": lambda x: one(mp.exp(x), mp.exp(x), mp.exp(x)),
    "expm1": lambda x: one(mp.expm1(x), mp.exp(x), mp.exp(x)),
    "log": logarithm(None),
    "log1p": lambda x: one(mp.log1p(x), 1 / (1 + x), -1 / (1 + x) ** 2),
    "log2": logarithm(2),
    "log10": logarithm(10),
    "sqrt": root,
    "sin": sin,
    "cos": cos,
    "tan": tan,
    "asin": arc(mp.asin, 1),
    "acos": arc(mp.acos, -1),
    "atan": atan,
    "sinh": lambda x: one(mp.sinh(x), mp.cosh(x), mp.sinh(x)),
    "cosh": lambda x: one(mp.cosh(x), mp.sinh(x), mp.cosh(x)),
    "tanh": tanh,
    "asinh": asinh,
    "acosh": acosh,
    "atanh": atanh,
    "hypot": hypot,
    "atan2": atan2,
    "sigmoid": sigmoid,
    "softplus": softplus,
    "log_sigmoid": log_sigmoid,
    "silu": silu,
    "erf": erf,
}
