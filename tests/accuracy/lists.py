"""The rows of any number of arguments, as `truth.py` has the others.

Of their second derivatives a selection stands here: the diagonal, and what mixes the first
argument, or the two kinds of arguments, with the others.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from mpmath import mp

from .truth import SCALAR, Number, Truth, logistic, of, straight, total, truth


def halves(args: tuple[Any, ...]) -> tuple[tuple[Any, ...], tuple[Any, ...]]:
    n = len(args) // 2
    return args[:n], args[n : 2 * n]


def pairs(n: int) -> list[tuple[int, int]]:
    return [(i, j) for i in range(n) for j in range(i, n)]


def total_sum(*xs: Any) -> Truth:
    return truth(total(*xs), [1] * len(xs), dict.fromkeys(pairs(len(xs)), 0))


def extreme(pick: Callable[..., Any]) -> Callable[..., Truth]:
    """A tie is split equally (P4)."""

    def maximum(*xs: Any) -> Truth:
        y = pick(xs)
        share = mp.mpf(1) / xs.count(y)
        return straight(y, *(share if x == y else 0 for x in xs))

    return maximum


def dot(*args: Any) -> Truth:
    (w, x), bias = halves(args), args[-1]
    n = len(w)
    second: dict[tuple[int, int], Any] = dict.fromkeys(((0, 0), (0, 1), (0, 2 * n)), 0)
    second |= {(k, n + k): 1 for k in range(n)}
    value = total(bias, *(a * b for a, b in zip(w, x, strict=True)))
    return truth(value, [*x, *w, 1], second)


def shares(xs: tuple[Any, ...]) -> tuple[list[Any], list[Any], Any, Any]:
    """p_k = e**x_k / sum of all, 1 - p_k as the others' sum, the maximum M, log(sum) - M."""
    top = max(xs)
    first = xs.index(top)
    terms = [mp.exp(x - top) for x in xs]
    whole = mp.fsum(terms)
    others = [mp.fsum(terms[:k] + terms[k + 1 :]) for k in range(len(xs))]
    p, q = [t / whole for t in terms], [o / whole for o in others]
    return p, q, top, mp.log1p(others[first])


def logsumexp(*xs: Any) -> Truth:
    """dp_i/dx_j = p_i ([i = j] - p_j)."""
    p, q, top, rest = shares(xs)
    second = {(i, j): of(p[i] * q[i], p[i]) if i == j else -p[i] * p[j] for i, j in pairs(len(xs))}
    return truth(total(top, rest), list(p), second)


def softmax(*xs: Any) -> Truth:
    """The share p of the first argument: p(1-p), -p p_k; 1 - 2p is written q - p."""
    p, q, _, _ = shares(xs)
    second: dict[tuple[int, int], Any] = {
        (0, 0): of(p[0] * q[0] * (q[0] - p[0]), p[0], 3 * p[0] ** 2)
    }
    for k in range(1, len(xs)):
        size = p[0] * p[k]
        second[0, k] = of(-size * (q[0] - p[0]), size, 2 * size * p[0])
        second[k, k] = of(-size * (q[k] - p[k]), size, 2 * size * p[k])
    second[1, 2] = 2 * p[0] * p[1] * p[2]
    first = [of(p[0] * q[0], p[0]), *(-p[0] * share for share in p[1:])]
    return truth(p[0], first, second)


def log_softmax(*xs: Any) -> Truth:
    """log p for the first argument: 1 - p, -p_k."""
    p, q, top, rest = shares(xs)
    second = {(i, j): of(-p[i] * q[i], p[i]) if i == j else p[i] * p[j] for i, j in pairs(len(xs))}
    return truth(total(xs[0] - top, -rest), [q[0], *(-share for share in p[1:])], second)


def half_squared_error(*args: Any) -> Truth:
    y, t = halves(args)
    errors = [a - b for a, b in zip(y, t, strict=True)]
    n = len(y)
    second: dict[tuple[int, int], Any] = {(0, 1): 0, (0, n + 1): 0}
    for k in range(n):
        second |= {(k, k): 1, (k, n + k): -1, (n + k, n + k): 1}
    value = total(*(e * e / 2 for e in errors))
    return truth(value, [*errors, *(-e for e in errors)], second)


def cross_entropy(*args: Any) -> Truth:
    """-sum t log p: by z_k it is p_k sum(t) - t_k = p_k (the other t's) - t_k (1 - p_k)."""
    z, t = halves(args)
    p, q, top, rest = shares(z)
    n, whole = len(z), mp.fsum(t)
    logs = [total(z[k] - top, -rest) for k in range(n)]
    first: list[Number] = []
    for k in range(n):
        others = mp.fsum(t[:k] + t[k + 1 :])
        # sum(t) - t_k is exact for one-hot targets only
        lost = p[k] * whole if others else 0
        first.append(of(p[k] * others - t[k] * q[k], t[k] * q[k], lost))
    first += [of(-lp.exact, lp.largest) for lp in logs]
    second: dict[tuple[int, int], Any] = {(0, n): of(-q[0], p[0]), (n, n): 0, (n, n + 1): 0}
    for k in range(1, n):
        second[0, k] = -whole * p[0] * p[k]
        second[0, n + k] = p[0]
    for k in range(n):
        second[k, k] = of(whole * p[k] * q[k], whole * p[k])
    value = total(*(-tk * lp.exact for tk, lp in zip(t, logs, strict=True)))
    largest = max(tk * lp.largest for tk, lp in zip(t, logs, strict=True))
    return truth(of(value.exact, largest), first, second)


def log_loss(*args: Any) -> Truth:
    p, t = halves(args)
    n = len(p)
    second: dict[tuple[int, int], Any] = {(0, 1): 0, (n, n): 0}
    for k in range(n):
        second |= {(k, k): t[k] / p[k] ** 2, (k, n + k): -1 / p[k]}
    logs = [mp.log(x) for x in p]
    value = total(*(-tk * log for tk, log in zip(t, logs, strict=True)))
    return truth(value, [-tk / x for x, tk in zip(p, t, strict=True)] + [-x for x in logs], second)


def bce(p: Any, t: Any) -> Truth:
    """The logarithms of the value end at -100, those of the derivatives do not (D8)."""
    of_one, of_zero, s = mp.log(p), mp.log1p(-p), 1 - t
    value = total(-t * max(of_one, mp.mpf(-100)), -s * max(of_zero, mp.mpf(-100)))
    second = {
        (0, 0): total(s / (1 - p) ** 2, t / p**2),
        (0, 1): total(-1 / (1 - p), -1 / p),
        (1, 1): 0,
    }
    return truth(value, [total(s / (1 - p), -t / p), total(of_zero, -of_one)], second)


def bce_with_logits(z: Any, t: Any) -> Truth:
    """(1-t) s(z) - t s(-z), whose derivative s' comes as s - s**2 (D5)."""
    (s, d), (mirrored, _) = logistic(z), logistic(-z)
    softplus = mp.log1p(mp.exp(-abs(z)))
    value = total(t * (max(-z, mp.mpf(0)) + softplus), (1 - t) * (max(z, mp.mpf(0)) + softplus))
    second = {(0, 0): of(d, (1 - t) * s, t * mirrored), (0, 1): -1, (1, 1): 0}
    return truth(value, [total((1 - t) * s, -t * mirrored), -z], second)


TRUTH: dict[str, Callable[..., Truth]] = SCALAR | {
    "maximum": extreme(max),
    "minimum": extreme(min),
    "sum": total_sum,
    "dot": dot,
    "logsumexp": logsumexp,
    "softmax": softmax,
    "log_softmax": log_softmax,
    "half_squared_error": half_squared_error,
    "cross_entropy": cross_entropy,
    "log_loss": log_loss,
    "bce": bce,
    "bce_with_logits": bce_with_logits,
}
