"""Real functions of floats that are total: IEEE 754 results, never an exception.

Python's `math` raises at poles, outside domains and on overflow. A node of a
graph must hold what the arithmetic of the machine gives (inf, nan, signed zeros), so
every row of the table computes through the functions here.

The forms of sigmoid, softplus, logsumexp and their kin are the ones that lose no
digits; each states what the plain form would lose.

>>> exp(1000.0), log(0.0), div(1.0, -0.0), power(-8.0, 1 / 3)
(inf, -inf, -inf, nan)
"""

from __future__ import annotations

import math
from math import copysign, fabs, inf, isinf, log1p, nan

TYPE_CHECKING = False  # importing typing would cost half of our import time
if TYPE_CHECKING:
    from collections.abc import Callable


def total(function: Callable[[float], float]) -> Callable[[float], float]:
    """`function` of the math module, nan where that one raises ValueError.

    >>> total(math.asin)(2.0)
    nan
    """

    def result(x: float) -> float:
        try:
            return function(x)
        except ValueError:
            return nan

    result.__name__ = function.__name__
    return result


sin, cos, tan = total(math.sin), total(math.cos), total(math.tan)
asin, acos, acosh = total(math.asin), total(math.acos), total(math.acosh)
sqrt = total(math.sqrt)


def div(a: float, b: float) -> float:
    """a / b, with signed infinities for b = 0 and nan for 0 / 0."""
    try:
        return a / b
    except ZeroDivisionError:
        if a == 0.0 or a != a:
            return nan
        return copysign(inf, a) * copysign(1.0, b)


def power(x: float, y: float) -> float:
    """x ** y as C's pow: nan for a negative base with a broken exponent."""
    try:
        return math.pow(x, y)
    except OverflowError:
        return -inf if x < 0.0 and y % 2.0 == 1.0 else inf
    except ValueError:
        if x != 0.0:
            return nan
        # 0 ** negative is a pole, with the sign of the zero at odd exponents
        return copysign(inf, x) if y % 2.0 == 1.0 else inf


def exp(x: float) -> float:
    """e ** x, inf on overflow."""
    try:
        return math.exp(x)
    except OverflowError:
        return inf


def expm1(x: float) -> float:
    """e ** x - 1 without cancellation near 0, inf on overflow."""
    try:
        return math.expm1(x)
    except OverflowError:
        return inf


def sinh(x: float) -> float:
    """(e**x - e**-x) / 2, infinite on overflow."""
    try:
        return math.sinh(x)
    except OverflowError:
        return copysign(inf, x)


def cosh(x: float) -> float:
    """(e**x + e**-x) / 2, inf on overflow."""
    try:
        return math.cosh(x)
    except OverflowError:
        return inf


def atanh(x: float) -> float:
    """The inverse of tanh, infinite at -1 and 1, nan beyond."""
    try:
        return math.atanh(x)
    except ValueError:
        return copysign(inf, x) if fabs(x) == 1.0 else nan


def _with_pole_at_zero(function: Callable[[float], float]) -> Callable[[float], float]:
    """A logarithm: -inf at its pole, where the math module raises."""

    def result(x: float) -> float:
        try:
            return function(x)
        except ValueError:
            return -inf if x == 0.0 else nan

    return result


log = _with_pole_at_zero(math.log)
log2 = _with_pole_at_zero(math.log2)
log10 = _with_pole_at_zero(math.log10)


def log_one_plus(x: float) -> float:
    """log(1 + x) without cancellation near 0, -inf at x = -1."""
    try:
        return log1p(x)
    except ValueError:
        return -inf if x == -1.0 else nan


def sigmoid(x: float) -> float:
    """1 / (1 + e**-x). The plain form overflows from x = -710 down."""
    if x >= 0.0:
        return 1.0 / (1.0 + math.exp(-x))
    z = math.exp(x)
    return z / (1.0 + z)


def softplus(x: float) -> float:
    """log(1 + e**x). The plain form overflows, and is 0 from x = -37 down."""
    return max(x, 0.0) + log1p(math.exp(-fabs(x)))


def log_sigmoid(x: float) -> float:
    """log(sigmoid(x)) = -softplus(-x), without forming the sigmoid."""
    return min(x, 0.0) - log1p(math.exp(-fabs(x)))


def silu(x: float) -> float:
    """x * sigmoid(x), with its limit -0.0 at x = -inf instead of inf * 0.

    From x = -708 down e**x is subnormal, so the product would inherit its few digits.
    """
    if x < -700.0:
        root = math.exp(0.5 * x)
        return -0.0 if x == -inf else x * root * root
    return x * sigmoid(x)


def relu(x: float) -> float:
    """max(x, 0); nan stays nan."""
    return 0.0 if x <= 0.0 else x


def step(x: float) -> float:
    """1 from x = 0 on, else 0 (the lectures' binary step); nan stays nan."""
    if x >= 0.0:
        return 1.0
    return 0.0 if x < 0.0 else nan


def sign(x: float) -> float:
    """-1, 0 or 1; nan stays nan."""
    if x > 0.0:
        return 1.0
    if x < 0.0:
        return -1.0
    return 0.0 if x == 0.0 else nan


def largest(*xs: float) -> float:
    """The largest number; nan if any is nan. Raises ValueError if there is none."""
    if not xs:
        raise ValueError("no arguments: the largest (or a softmax) of nothing is undefined")
    for x in xs:
        if x != x:
            return nan
    return max(xs)


def smallest(*xs: float) -> float:
    """The smallest number; nan if any is nan. Raises ValueError if there is none."""
    if not xs:
        raise ValueError("no arguments: the smallest of nothing is undefined")
    for x in xs:
        if x != x:
            return nan
    return min(xs)


def clamp(x: float, lo: float, hi: float) -> float:
    """x moved into [lo, hi]; nan stays nan."""
    return lo if x < lo else hi if x > hi else x


def total_sum(*xs: float) -> float:
    """x0 + x1 + ..., left to right, as a chain of additions rounds it.

    Python's own sum compensates from 3.12 on, so it would differ from the chain.
    """
    if not xs:
        return 0.0
    total = xs[0]
    for x in xs[1:]:
        total += x
    return total


def dot(*args: float) -> float:
    """((bias + w0*x0) + w1*x1) + ... of the arguments (w..., x..., bias)."""
    n = len(args) // 2
    total = args[-1]
    for w, x in zip(args[:n], args[n:], strict=False):
        total += w * x
    return total


def _fsum(terms: list[float]) -> float:
    """The correctly rounded sum; IEEE where math.fsum raises."""
    try:
        return math.fsum(terms)
    except (OverflowError, ValueError):  # partial sums beyond floats, or inf - inf
        return total_sum(*terms)


def _others(xs: tuple[float, ...]) -> tuple[float, float]:
    """The maximum M, and the sum of e**(x - M) over all but one maximal x."""
    largest_x = largest(*xs)
    terms = [exp(x - largest_x) for x in xs]
    terms.remove(1.0)
    return largest_x, _fsum(terms)


def logsumexp(*xs: float) -> float:
    """log(e**x0 + e**x1 + ...), as M + log1p(the others): exact for (0, -40) too."""
    largest_x = largest(*xs)
    if isinf(largest_x) or largest_x != largest_x:
        return largest_x
    largest_x, others = _others(xs)
    return largest_x + log1p(others)


def softmax(*xs: float) -> float:
    """e**x0 / (e**x0 + e**x1 + ...): the share of the first argument."""
    largest_x = largest(*xs)
    terms = [exp(x - largest_x) for x in xs]
    return terms[0] / _fsum(terms)


def log_softmax(*xs: float) -> float:
    """log(softmax(*xs)); at the maximum -log1p(the others), which never cancels."""
    largest_x = largest(*xs)
    if isinf(largest_x) or largest_x != largest_x:
        # -inf where another argument is +inf; inf - inf is nan, as softmax has it
        return xs[0] - largest_x
    largest_x, others = _others(xs)
    return (xs[0] - largest_x) - log1p(others)


def half_squared_error(*args: float) -> float:
    """Sum of (y - t)**2 / 2 over the arguments (y..., t...)."""
    n = len(args) // 2
    total = 0.0
    for y, t in zip(args[:n], args[n:], strict=True):
        e = y - t
        total += 0.5 * e * e
    return total


def cross_entropy(*args: float) -> float:
    """-sum of t * log(softmax(z)) over the arguments (z..., t...), logits and targets."""
    n = len(args) // 2
    logits, targets = args[:n], args[n:]
    total = 0.0
    for k in range(n):
        if targets[k]:
            total -= targets[k] * log_softmax(logits[k], *logits[:k], *logits[k + 1 :])
    return total


def log_loss(*args: float) -> float:
    """-sum of t * log(p) over the arguments (p..., t...); a class of target 0 is left out.

    nan where a p is no probability: beyond 1 the sum would fall without end.
    """
    n = len(args) // 2
    if not all(0.0 <= p <= 1.0 for p in args[:n]):
        return nan
    total = 0.0
    for p, t in zip(args[:n], args[n:], strict=True):
        if t:
            total -= t * log(p)
    return total


def bce_with_logits(z: float, t: float) -> float:
    """-t log sigmoid(z) - (1-t) log sigmoid(-z); a term of weight 0 is left out."""
    of_one = t * softplus(-z) if t else 0.0
    of_zero = (1.0 - t) * softplus(z) if t != 1.0 else 0.0
    return of_one + of_zero


def bce(p: float, t: float) -> float:
    """-t log p - (1-t) log(1-p), each logarithm at least -100 (as PyTorch has it).

    nan where p is no probability: beyond 0 and 1 the sum would fall without end.
    """
    if not 0.0 <= p <= 1.0:
        return nan
    of_one = t * clamp(log(p), -100.0, inf) if t else 0.0
    of_zero = (1.0 - t) * clamp(log_one_plus(-p), -100.0, inf) if t != 1.0 else 0.0
    return -(of_one + of_zero)
