"""Array code as symbols: a rule of the table, run on these, prints NumPy expressions."""

from __future__ import annotations

from math import isfinite, isnan
from typing import TYPE_CHECKING, Any

import numpy as np

from autograd_lite import ops
from autograd_lite.errors import TraceError
from autograd_lite.ops import ATOM, NEGATION, PRODUCT, SUM

if TYPE_CHECKING:
    from autograd_lite.ops import Op

#: Rows that NumPy has an operator for, with the ufunc that writes into an array.
INFIX = {
    ops.add: ("{0} + {1}", SUM, "np.add"),
    ops.sub: ("{0} - {1}", SUM, "np.subtract"),
    ops.mul: ("{0} * {1}", PRODUCT, "np.multiply"),
    ops.div: ("{0} / {1}", PRODUCT, "np.divide"),
    ops.neg: ("-{0}", NEGATION, "np.negative"),
}

#: x**0.5, for which NumPy takes np.sqrt, that differs at -0.0 and -inf
_ROOT = "np.where({0} == -np.inf, np.inf, np.sqrt({0} + 0.0))"


def literal(x: float) -> str:
    """The number as Python code; repr gives every finite float back bit for bit."""
    if isfinite(x):
        return repr(x)
    return "np.nan" if isnan(x) else "np.inf" if x > 0 else "-np.inf"


class Code:
    """An expression over arrays, and how strongly it binds.

    >>> y = Code("t1")
    >>> print((y * (1.0 - y)).text)
    t1 * (1.0 - t1)
    """

    __slots__ = ("power", "text")

    def __init__(self, text: str, power: int = ATOM) -> None:
        self.text = text
        self.power = power

    def apply(self, op: Op, args: tuple[Any, ...]) -> Code:
        """The row's kernel on these operands; rows without one are called by name."""
        if op is ops.power and type(args[1]) is float and args[1] in (1.0, 2.0):
            base: Code = args[0]  # as exact as the power, and much faster
            return base if args[1] == 1.0 else base * base
        if op is ops.power and args[1] == 0.5:
            return Code(_ROOT.format(_operand(args[0], ATOM)))
        if op in INFIX:
            template, power, _ = INFIX[op]
            texts = [_operand(a, power + (i > 0)) for i, a in enumerate(args)]
            return Code(template.format(*texts), power)
        if op.array is None:
            return Code(f"{row_name(op)}({', '.join(_operand(a, 0) for a in args)})")
        texts = [_operand(a, ATOM) for a in args]
        text = op.array.format(*texts, x=f"np.array([{', '.join(texts)}])")
        return Code(text if _is_call(op.array) else f"({text})")

    def __add__(self, other: Any) -> Code:
        return self.apply(ops.add, (self, other))

    def __radd__(self, other: Any) -> Code:
        return self.apply(ops.add, (other, self))

    def __sub__(self, other: Any) -> Code:
        return self.apply(ops.sub, (self, other))

    def __rsub__(self, other: Any) -> Code:
        return self.apply(ops.sub, (other, self))

    def __mul__(self, other: Any) -> Code:
        return self.apply(ops.mul, (self, other))

    def __rmul__(self, other: Any) -> Code:
        return self.apply(ops.mul, (other, self))

    def __truediv__(self, other: Any) -> Code:
        return self.apply(ops.div, (self, other))

    def __rtruediv__(self, other: Any) -> Code:
        return self.apply(ops.div, (other, self))

    def __pow__(self, other: Any) -> Code:
        return self.apply(ops.pow if isinstance(other, Code) else ops.power, (self, other))

    def __rpow__(self, other: Any) -> Code:
        return self.apply(ops.pow, (other, self))

    def __neg__(self) -> Code:
        return self.apply(ops.neg, (self,))

    def __abs__(self) -> Code:
        return self.apply(ops.absolute, (self,))

    def __bool__(self) -> bool:
        raise undecided()

    def __eq__(self, other: object) -> bool:
        raise undecided()

    __hash__ = object.__hash__

    def __gt__(self, other: Any) -> Code:
        return self.apply(ops.greater, (self, other))

    def __lt__(self, other: Any) -> Code:
        return self.apply(ops.less, (self, other))

    def __ge__(self, other: Any) -> Code:
        return self.apply(ops.greater_equal, (self, other))

    def __le__(self, other: Any) -> Code:
        return self.apply(ops.less_equal, (self, other))


def undecided() -> TraceError:
    """The error of a rule that asks for the truth of what differs from sample to sample."""
    return TraceError(
        "compile: the rule of an al.Op chooses by `if`, `and`, max(), min() or == on numbers that "
        "differ from sample to sample; write al.where(condition, a, b), al.maximum, al.minimum"
    )


def text_of(x: Code | float) -> str:
    """The expression, or the number as a literal."""
    return x.text if isinstance(x, Code) else literal(x)


def row_name(op: Op) -> str:
    """What a row without an array kernel is called in the generated code."""
    return f"row_{op.name}"


def _operand(x: Code | float, power: int) -> str:
    if isinstance(x, Code):
        return x.text if x.power >= power else f"({x.text})"
    text = literal(x)
    return text if not text.startswith("-") or power <= SUM else f"({text})"


def _is_call(template: str) -> bool:
    return (
        template.startswith(("np.", "multiply("))
        and template.endswith(")")
        and template.count("(") == 1
    )


def assignment(op: Op, args: tuple[Any, ...], out: str) -> str:
    """The statement that computes a row into an array that exists already."""
    if op is ops.identity:
        return f"np.copyto({out}, {text_of(args[0])})"
    if op in INFIX:
        return f"{INFIX[op][2]}({', '.join(map(text_of, args))}, out={out})"
    if op is ops.power and args[1] == 2.0:
        return f"np.square({text_of(args[0])}, out={out})"
    if (op is ops.power and args[1] != 0.5) or op is ops.pow:
        return f"np.power({text_of(args[0])}, {text_of(args[1])}, out={out})"
    if op.array and op.array.startswith("np.") and _is_call(op.array):
        name = op.array[3 : op.array.index("(")]
        if isinstance(getattr(np, name, None), np.ufunc):
            return op.array.format(*map(text_of, args))[:-1] + f", out={out})"
    return f"{out}[...] = {Code('').apply(op, args).text}"
