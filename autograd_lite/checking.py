"""Tools to check: differences against rules, and where a number stopped being finite."""

from __future__ import annotations

from itertools import pairwise
from math import isfinite
from typing import TYPE_CHECKING, Any

from autograd_lite.nesting import flatten, places, rebuild
from autograd_lite.transforms import grad, jacobian
from autograd_lite.traversal import topological
from autograd_lite.value import Value

if TYPE_CHECKING:
    from collections.abc import Callable


def check_gradients(
    f: Callable[..., Any], *args: Any, order: int = 2, rtol: float = 1e-9, atol: float = 1e-9
) -> None:
    """Raise AssertionError unless f's derivatives equal central differences at args.

    Order 1 compares the gradient by every argument with five-point differences of f,
    order 2 also the Hessian with differences of the gradient. f must be smooth near args:
    at a kink (relu at 0) no difference quotient is right.
    Source of the quotient: Abramowitz and Stegun (1964), 25.3.6.

    >>> from autograd_lite import Op
    >>> wrong = Op("wrong", lambda x: x * x, (lambda y, x: 3.0 * x,))
    >>> check_gradients(wrong, 2.0)
    Traceback (most recent call last):
    ...
    AssertionError: order 1, argument 0: the rules give 6.0, central differences 4.0
    """
    if order not in (1, 2):
        raise ValueError(f"check_gradients: order is {order!r}; it must be 1 or 2")
    names = places(args)
    flat = [float(x) for x in flatten(args)]

    def of_flat(xs: list[Any]) -> Any:
        return f(*rebuild(args, xs))

    levels = [(lambda xs: [of_flat(xs)], jacobian(lambda xs: [of_flat(xs)]))]
    if order == 2:
        first = grad(of_flat)
        levels.append((first, jacobian(first)))
    for level, (function, derivative) in enumerate(levels, start=1):
        by_rules = derivative(flat)
        for i, place in enumerate(names):
            by_differences = _difference(function, flat, i)
            for row, expected in enumerate(by_differences):
                got = by_rules[row][i]
                if not abs(got - expected) <= atol + rtol * abs(expected):
                    of = "" if level == 1 else f" of the gradient by argument {names[row]}"
                    raise AssertionError(
                        f"order {level}, argument {place}{of}: the rules give {got}, "
                        f"central differences {float(f'{expected:.10g}')}"
                    )


def _difference(function: Callable[..., Any], xs: list[float], i: int) -> list[float]:
    """The derivatives by xs[i], from the steps whose quotients agree best."""

    def at(x: float) -> list[float]:
        moved = function([*xs[:i], x, *xs[i + 1 :]])
        return [y.data if isinstance(y, Value) else float(y) for y in moved]

    scale = max(1.0, abs(xs[i]))
    quotients = []
    for k in (6, 8, 10, 12):
        h = scale * 2.0**-k
        far, near, after, beyond = (at(xs[i] + m * h) for m in (-2.0, -1.0, 1.0, 2.0))
        quotients.append(
            [
                (8.0 * (c - b) - (d - a)) / (12.0 * h)
                for a, b, c, d in zip(far, near, after, beyond, strict=True)
            ]
        )
    best = []
    for column in zip(*quotients, strict=True):
        gaps = [abs(later - earlier) for earlier, later in pairwise(column)]
        best.append(column[1 + min(range(len(gaps)), key=lambda k: gaps[k])])
    return best


def first_nonfinite(root: Value) -> str | None:
    """What the first node of the graph that is inf or nan computed, or None.

    >>> x = Value(-1.0, label="x")
    >>> first_nonfinite(x.log() * 2.0)
    'log(x = -1.0) = nan'
    >>> first_nonfinite(x * 2.0) is None
    True
    """
    for node in topological(root):
        if not isfinite(node.data):
            if node.op is None:
                return f"the leaf {node.label or node!r} = {node.data}"
            name = node.op.name if node.label is None else f"{node.label} = {node.op.name}"
            return f"{name}({', '.join(map(_operand, node.parents))}) = {node.data}"
    return None


def _operand(x: Value | float) -> str:
    if isinstance(x, Value):
        return f"{x.label} = {x.data}" if x.label else f"{x.data}"
    return f"{x}"
