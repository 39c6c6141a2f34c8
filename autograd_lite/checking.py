"""Tools to check: differences against rules, and where a number stopped being finite."""

from __future__ import annotations

from math import inf, isfinite
from typing import TYPE_CHECKING, Any

from autograd_lite.nesting import flatten, places, rebuild
from autograd_lite.transforms import grad, jacobian
from autograd_lite.traversal import topological
from autograd_lite.value import Value

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence


def check_gradients(
    f: Callable[..., Any], *args: Any, order: int = 2, rtol: float = 1e-9, atol: float = 1e-9
) -> None:
    """Raise AssertionError unless f's derivatives equal central differences at args.

    Order 1 compares the gradient by every argument with differences of f (five points and
    more, extrapolated to step 0), order 2 also the Hessian with differences of the gradient.
    f must be smooth near args: at a kink (relu at 0) no difference quotient is right.
    Source of the extrapolation: Ridders (1982), "Accurate computation of F'(x)".

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
            by_differences = _differences(function, flat, i)
            for row, expected in enumerate(by_differences):
                got = by_rules[row][i]
                if not abs(got - expected) <= atol + rtol * abs(expected):
                    of = "" if level == 1 else f" of the gradient by argument {names[row]}"
                    raise AssertionError(
                        f"order {level}, argument {place}{of}: the rules give {got}, "
                        f"central differences {float(f'{expected:.10g}')}"
                    )


def _differences(function: Callable[..., Any], xs: list[float], i: int) -> list[float]:
    """The derivatives of all of the function's outputs by xs[i]."""
    scale = max(1.0, abs(xs[i]))
    quotients = []
    for k in range(4, 14):
        h = scale * 2.0**-k
        before, after = (function([*xs[:i], xs[i] + s * h, *xs[i + 1 :]]) for s in (-1.0, 1.0))
        quotients.append(
            [(_number(y) - _number(x)) / (2.0 * h) for x, y in zip(before, after, strict=True)]
        )
    return [_extrapolated(column) for column in zip(*quotients, strict=True)]


def _number(y: Any) -> float:
    return y.data if isinstance(y, Value) else float(y)


def _extrapolated(quotients: Sequence[float]) -> float:
    """The limit of central quotients whose step is halved each time.

    Column j of the tableau has an error of h**(2j + 2); the first one is the five-point
    formula. Of all entries the one is taken that agrees best with its two neighbours.
    """
    best, smallest = quotients[-1], inf
    row: list[float] = []
    for quotient in quotients:
        above, row = row, [quotient]
        for j, corner in enumerate(above[:4]):
            better = row[j] + (row[j] - corner) / (4.0 ** (j + 1) - 1.0)
            doubt = max(abs(better - row[j]), abs(better - corner))
            row.append(better)
            if doubt < smallest:
                best, smallest = better, doubt
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
                return f"the leaf {node.label or 'without a label'} = {node.data}"
            name = node.op.name if node.label is None else f"{node.label} = {node.op.name}"
            return f"{name}({', '.join(map(_operand, node.parents))}) = {node.data}"
    return None


def _operand(x: Value | float) -> str:
    if isinstance(x, Value):
        return f"{x.label} = {x.data}" if x.label else f"{x.data}"
    return f"{x}"
