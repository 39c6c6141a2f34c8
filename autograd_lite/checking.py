"""Tools to check: differences against rules, and where a number stopped being finite."""

from __future__ import annotations

from itertools import pairwise
from math import inf, isfinite, nan, ulp
from typing import TYPE_CHECKING, Any, NamedTuple

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
    Steps begin at 1/16 of the argument (at least of 1) and are made smaller, down to 1e-10 of
    it, where the larger ones do not agree: f may change fast, or its domain may end nearby.
    f must be smooth near args: at a kink (relu at 0) no difference quotient is right, and the
    message says so. abs at 0 passes order 1, since the rule's choice, 0, is both sides' mean.
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
    tolerance = _Tolerance(rtol, atol)
    for level, (function, derivative) in enumerate(levels, start=1):
        by_rules = derivative(flat)
        for i, place in enumerate(names):
            rules = [row[i] for row in by_rules]
            line = _Line(function, flat, i, len(rules))
            for row, found in enumerate(_differences(line, rules, tolerance)):
                if not tolerance.holds(rules[row], found.slope):
                    of = "" if level == 1 else f" of the gradient by argument {names[row]}"
                    raise AssertionError(
                        f"order {level}, argument {place}{of}: the rules give {rules[row]}, "
                        f"central differences {float(f'{found.slope:.10g}')}"
                        f"{_reason(line, row, rules[row], found)}"
                    )


class _Tolerance(NamedTuple):
    rtol: float
    atol: float

    def holds(self, rule: float, slope: float) -> bool:
        return abs(rule - slope) <= self.atol + self.rtol * abs(slope)

    def doubts(self, found: _Slope) -> float:
        """How many tolerances a slope may be off; infinite for one that is no number."""
        if not isfinite(found.slope):
            return inf
        return found.doubt / (self.atol + self.rtol * abs(found.slope) or ulp(0.0))


class _Slope(NamedTuple):
    """A derivative by differences, how far it may be off, the largest and smallest step."""

    slope: float
    doubt: float
    steps: tuple[float, float]

    def contradicts(self, other: _Slope) -> bool:
        return abs(self.slope - other.slope) > 10.0 * (self.doubt + other.doubt)


class _Line(NamedTuple):
    """A function of several outputs along its argument number i."""

    function: Callable[..., Any]
    xs: list[float]
    i: int
    outputs: int

    def at(self, h: float) -> tuple[float, list[float]]:
        """The argument h further on, and the outputs there; nan where f refuses it."""
        x = self.xs[self.i] + h
        try:
            ys = self.function([*self.xs[: self.i], x, *self.xs[self.i + 1 :]])
        except (ValueError, ArithmeticError):  # outside the domain of what f calls
            return x, [nan] * self.outputs
        return x, [y.data if isinstance(y, Value) else float(y) for y in ys]


def _differences(line: _Line, rules: Sequence[float], tolerance: _Tolerance) -> list[_Slope]:
    """The derivatives of all outputs along the line.

    Where one is not what the rules give, smaller steps are tried too. They are believed where
    they doubt themselves less, or contradict the larger ones: far from x a steep tanh is flat,
    which leaves no doubt. What the rules say has no part in that.
    """
    x = abs(line.xs[line.i])
    scales = [max(1.0, x) * 2.0**-k for k in (0, 10, 20)]
    scales += [x] if 0.0 < x < 2.0**-20 else []
    best = _in_window(line, scales[0])
    for scale in scales[1:]:
        if all(tolerance.holds(r, found.slope) for r, found in zip(rules, best, strict=True)):
            break
        pairs = zip(best, _in_window(line, scale), strict=True)
        best = [
            b if tolerance.doubts(b) < tolerance.doubts(a) or b.contradicts(a) else a
            for a, b in pairs
        ]
    return best


def _in_window(line: _Line, scale: float) -> list[_Slope]:
    """The derivatives from ten steps: scale / 16, and so on, each half of the one before."""
    steps = [scale * 2.0**-k for k in range(4, 14)]
    columns: list[list[tuple[float, float]]] = [[] for _ in range(line.outputs)]
    for h in steps:
        (low, before), (high, after) = line.at(-h), line.at(h)
        span = high - low or nan  # rounding may have made it other than 2 h, or 0
        for column, a, b in zip(columns, before, after, strict=True):
            column.append(((b - a) / span, ulp(max(abs(a), abs(b))) / span))
    return [_Slope(*_extrapolated(column), (steps[0], steps[-1])) for column in columns]


def _extrapolated(column: Sequence[tuple[float, float]]) -> tuple[float, float]:
    """The limit of central quotients whose step is halved each time, and its doubt.

    Each quotient comes with what rounding f alone may make of it. Column j of the tableau has
    an error of h**(2j + 2); the first one is the five-point formula. Of all entries the one is
    taken that agrees best with its two neighbours.
    """
    best, smallest = column[-1][0], inf
    row: list[float] = []
    for quotient, noise in column:
        above, row = row, [quotient]
        for j, corner in enumerate(above[:4]):
            better = row[j] + (row[j] - corner) / (4.0 ** (j + 1) - 1.0)
            doubt = max(abs(better - row[j]), abs(better - corner), noise)
            row.append(better)
            if doubt < smallest:
                best, smallest = better, doubt
    return best, smallest


def _reason(line: _Line, row: int, rule: float, found: _Slope) -> str:
    """Why a right rule may differ from the differences here; "" if nothing speaks for that."""
    x, (largest, least) = line.xs[line.i], found.steps
    steps = f"steps from {largest:.2g} to {least:.2g}"
    if not isfinite(found.slope):
        return f"; with {steps} f is no number on both sides of {x}: its domain ends there"
    if found.doubt > 0.1 * abs(rule - found.slope):
        return (
            f" +- {found.doubt:.2g} with {steps}, which settles nothing: there f has a kink or "
            "a jump, or changes too fast or too roughly for such steps"
        )
    sides = [_sides(line, row, h) for h in (least, 2.0 * least, 4.0 * least)]
    gaps = [right - left for left, right in sides]
    # where f is smooth, half the step halves the gap; and rounding f makes one of 1e-6 at most
    level = all(abs(a - b) < 0.1 * abs(b) for a, b in pairwise(gaps))
    if level and abs(gaps[0]) > 1e-6 * max(map(abs, sides[0])):
        left, right = sides[0]
        slopes = f"{left:.4g} on the left, {right:.4g} on the right"
        return f"; the slope is {slopes}: f has a kink there"
    return ""


def _sides(line: _Line, row: int, h: float) -> tuple[float, float]:
    """The slopes on the left and on the right, over a step h."""
    (low, before), (x, here), (high, after) = line.at(-h), line.at(0.0), line.at(h)
    return (here[row] - before[row]) / (x - low), (after[row] - here[row]) / (high - x)


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
