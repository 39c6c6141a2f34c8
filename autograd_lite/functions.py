"""The rows that take lists or defaults, with the signatures users type.

Every other row of the table is called as it stands: `al.exp(x)`, `al.maximum(a, b)`.
All accept floats too, and return a float where no Value takes part.
"""

from __future__ import annotations

from autograd_lite import ops
from autograd_lite.value import Value, dot_node

TYPE_CHECKING = False  # importing typing would cost half of our import time
if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence
    from typing import Any

    Scalar = Any  # a Value, a real number, or a symbol that a formula prints


def sum(xs: Iterable[Scalar]) -> Any:
    """x0 + x1 + ... as one node, added left to right; Value(0.0) for an empty list.

    >>> sum([Value(1.0), 2.0]).data
    3.0
    """
    terms = tuple(xs)
    return ops.sum(*terms) if terms else Value(0.0)


def dot(w: Sequence[Scalar], x: Sequence[Scalar], bias: Scalar = 0.0) -> Any:
    """((bias + w0*x0) + w1*x1) + ... as one node: a neuron's linear summation.

    Raises ValueError where w and x differ in length.

    >>> dot([Value(2.0), Value(-3.0)], [-1.0, -2.0], bias=-3.0).data
    1.0
    """
    if len(w) != len(x):
        raise ValueError(f"dot: {len(w)} weights but {len(x)} inputs")
    return dot_node(w, x, bias)


def logsumexp(xs: Iterable[Scalar]) -> Any:
    """log(sum of e**x), shifted by the maximum; ValueError for an empty list.

    >>> logsumexp([1000.0, 1000.0])
    1000.6931471805599
    """
    return ops.logsumexp(*xs)


def softmax(xs: Iterable[Scalar]) -> list[Any]:
    """The shares e**x / sum of e**x, one node each; ValueError for an empty list.

    >>> softmax([0.0, 0.0])
    [0.5, 0.5]
    """
    return _each_first(ops.softmax, xs)


def log_softmax(xs: Iterable[Scalar]) -> list[Any]:
    """The logarithms of softmax, one node each, exact where a share is near 1.

    >>> log_softmax([50.0, 0.0])
    [-1.9287498479639178e-22, -50.0]
    """
    return _each_first(ops.log_softmax, xs)


def _each_first(row: ops.Op, xs: Iterable[Scalar]) -> list[Any]:
    """The row once per argument, that argument standing first."""
    terms = tuple(xs)
    if not terms:
        raise ValueError(f"{row.name} of an empty list is undefined")
    return [row(x, *terms[:k], *terms[k + 1 :]) for k, x in enumerate(terms)]


def leaky_relu(x: Scalar, alpha: float = 0.01) -> Any:
    """x where x > 0, alpha * x elsewhere; the derivative at 0 is alpha.

    Source: Maas, Hannun and Ng (2013), with their alpha = 0.01.

    >>> leaky_relu(-2.0)
    -0.02
    """
    return ops.leaky_relu(x, alpha)


def clamp(x: Scalar, lo: float, hi: float) -> Any:
    """x moved into [lo, hi]; the derivative is 1 inside and on both bounds, else 0.

    Raises ValueError if lo > hi.

    >>> clamp(5.0, -1.0, 1.0)
    1.0
    """
    if lo > hi:
        raise ValueError(f"clamp: lo = {lo} lies above hi = {hi}")
    return ops.clamp(x, lo, hi)
