"""Symbols: pieces of formula, on which the table's rules run as they run on floats.

A `Symbol` knows how strongly it binds. Rows print through their own templates (`symbol`,
`latex`), so no derivative is written here. A rule's text is simplified only as far as a book
would.
"""

from __future__ import annotations

import operator
import re
from functools import lru_cache
from math import isnan
from string import Formatter
from typing import TYPE_CHECKING, Any

from autograd_lite import ops
from autograd_lite.forms import PLAIN, SUBSCRIPTS, SUPERSCRIPTS, Form, latex_name
from autograd_lite.ops import ATOM, NEGATION, POWER, PRODUCT, SUM, Op

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping, Sequence

_MANY = 6  # a list of more operands is printed as its first two, dots, and its last


class Symbol:
    """A piece of formula: text that knows how strongly it binds, and maybe its number.

    The operators simplify as a book does (1·x is x, x + 0 is x, −(−x) is x); `value`, where
    known, decides comparisons, so that of a branch only the taken side is printed.

    >>> y = Symbol("y", value=0.7311)
    >>> print(y * (1.0 - y), 1.0 * y, -(-y), ops.where(y > 0.5, y * y, 0.0), sep=", ")
    y(1−y), y, y, y²
    """

    __slots__ = ("text", "power", "form", "value", "negated", "quotient")

    def __init__(
        self,
        text: str,
        power: int = ATOM,
        form: Form = PLAIN,
        value: float | None = None,
        negated: Symbol | float | None = None,
        quotient: bool = False,
    ) -> None:
        self.text = text
        self.power = power
        self.form = form
        self.value = None if value is None or isnan(value) else value
        self.negated = negated  # what stands behind a leading minus
        self.quotient = quotient  # ends in "/ b" on one line: what follows would join the b

    @classmethod
    def named(cls, label: str, form: Form = PLAIN, value: float | None = None) -> Symbol:
        """The symbol of a label; one that reads like a sum is bracketed where it must be."""
        compound = re.search(r"[\s+*/·−-]", label) is not None
        return cls(form.name(label), SUM if compound else ATOM, form, value)

    def __str__(self) -> str:
        return self.text

    def __repr__(self) -> str:
        return f"Symbol({self.text!r})"

    def __bool__(self) -> bool:
        raise TypeError(f"the truth of the symbol {self} is unknown; a rule uses `where`")

    def apply(self, op: Op, args: tuple[Any, ...]) -> Symbol | float:
        """What a row gives where a symbol is among its arguments."""
        if op in _OPERATORS:
            return _OPERATORS[op](*args)  # type: ignore[no-any-return]  # any world
        if op is ops.identity:
            return self
        values = [_known(x) for x in args]
        if op.truth and None not in values:
            return op.fn(*values)
        if op is ops.where and values[0] is not None:
            return args[1] if values[0] else args[2]  # type: ignore[no-any-return]  # any world
        if op is ops.power and args[1] in (0.0, 1.0):
            return self if args[1] else 1.0
        if op is ops.div:
            return self._quotient(*args)
        return self._made(op, *args)

    def _made(self, op: Op, *args: Any, negated: Symbol | float | None = None) -> Symbol:
        """The row as it is written, with the number it has."""
        symbol = written(op, args, self.form)
        values = [_known(x) for x in args]
        if None not in values:
            value = op.fn(*values)
            symbol.value = None if isnan(value) else value
        symbol.negated = negated
        return symbol

    def _quotient(self, a: Any, b: Any) -> Symbol | float:
        if _is(b, 1.0):
            return a  # type: ignore[no-any-return]  # any world
        if _is(a, 0.0):
            return 0.0
        positive = _negated(a)
        return self._made(ops.div, a, b) if positive is None else -ops.div(positive, b)

    def _sum(self, a: Any, b: Any) -> Symbol | float:
        if _is(a, 0.0) or _is(b, 0.0):
            return self
        positive = _negated(b)
        return self._made(ops.add, a, b) if positive is None else a - positive

    def _difference(self, a: Any, b: Any) -> Symbol | float:
        if _is(b, 0.0):
            return self
        if _is(a, 0.0):
            return -self
        positive = _negated(b)
        return self._made(ops.sub, a, b) if positive is None else a + positive

    def _product(self, a: Any, b: Any) -> Symbol | float:
        if _is(a, 0.0) or _is(b, 0.0):
            return 0.0
        if _is(a, 1.0) or _is(b, 1.0):
            return self
        positive: Any = _negated(a)
        if positive is not None:
            return -(positive * b)  # type: ignore[no-any-return]  # any world
        positive = _negated(b)
        if positive is not None:
            return -(a * positive)  # type: ignore[no-any-return]  # any world
        if type(b) is float:
            a, b = b, a
        if type(a) is Symbol and a.text == b.text and a.power == ATOM:
            return self._made(ops.power, a, 2.0)
        product = self._made(ops.mul, a, b)
        product.text = _juxtaposed(a, b) or product.text
        return product

    def __neg__(self) -> Symbol | float:
        if self.negated is not None:
            return self.negated
        return self._made(ops.neg, self, negated=self)

    def __pos__(self) -> Symbol:
        return self

    def __add__(self, other: Any) -> Symbol | float:
        return self._sum(self, _operand(other))

    def __radd__(self, other: Any) -> Symbol | float:
        return self._sum(_operand(other), self)

    def __sub__(self, other: Any) -> Symbol | float:
        return self._difference(self, _operand(other))

    def __rsub__(self, other: Any) -> Symbol | float:
        return self._difference(_operand(other), self)

    def __mul__(self, other: Any) -> Symbol | float:
        return self._product(self, _operand(other))

    def __rmul__(self, other: Any) -> Symbol | float:
        return self._product(_operand(other), self)

    def __truediv__(self, other: Any) -> Any:
        return ops.div(self, _operand(other))

    def __rtruediv__(self, other: Any) -> Any:
        return ops.div(_operand(other), self)

    def __pow__(self, exponent: Any) -> Any:
        row = ops.pow if isinstance(exponent, Symbol) else ops.power
        return row(self, _operand(exponent))

    def __rpow__(self, base: Any) -> Any:
        return ops.pow(_operand(base), self)

    def __abs__(self) -> Any:
        return ops.absolute(self)

    def __gt__(self, other: Any) -> Any:
        return ops.greater(self, _operand(other))

    def __lt__(self, other: Any) -> Any:
        return ops.less(self, _operand(other))

    def __ge__(self, other: Any) -> Any:
        return ops.greater_equal(self, _operand(other))

    def __le__(self, other: Any) -> Any:
        return ops.less_equal(self, _operand(other))


_OPERATORS: Mapping[Op, Callable[..., Any]] = {
    ops.add: operator.add, ops.sub: operator.sub, ops.mul: operator.mul, ops.neg: operator.neg,
    ops.strong_product: operator.mul,
}  # fmt: skip


def _operand(x: Any) -> Symbol | float:
    return x if isinstance(x, Symbol) else ops.to_float(x)


def _is(x: Any, number: float) -> bool:
    return type(x) is float and x == number


def _known(x: Any) -> float | None:
    """The number of a symbol or float, None where it is not known."""
    return x.value if isinstance(x, Symbol) else float(x)


def _negated(x: Any) -> Symbol | float | None:
    """The positive counterpart of whatever is printed with a leading minus."""
    if isinstance(x, Symbol):
        return x.negated
    return -x if x < 0.0 else None


_SHORT_NAME = re.compile(r"[^\W\d_](?:[₀-₉.,]|_\{[^{}]*\})*")


def _juxtaposed(a: Any, b: Any) -> str:
    """A short product by brackets alone, y(1−y) or (1−x)(1+x); '' where that reads badly."""
    if not (isinstance(a, Symbol) and isinstance(b, Symbol) and b.power == SUM):
        return ""
    if len(b.text) > 16 or not (a.power == SUM or _SHORT_NAME.fullmatch(a.text)):
        return ""
    left, right = a.text, b.text
    if not a.form.typeset:
        left, right = [re.sub(r" ([+−]) ", r"\1", text) for text in (left, right)]
    return f"({left})({right})" if a.power == SUM else f"{left}({right})"


# --- templates ------------------------------------------------------------------------


@lru_cache(maxsize=1024)
def _pieces(template: str) -> tuple[list[str], list[str]]:
    """The literal texts of a template and the fields between them: one literal more.

    Braces around anything but a field are text: LaTeX is full of them.
    """
    literals, fields = [""], []
    for literal, field, _, _ in Formatter().parse(template):
        literals[-1] += literal
        if field == "args" or (field is not None and field.isdecimal()):
            fields.append(field)
            literals.append("")
        elif field is not None:
            literals[-1] += f"{{{field}}}"
    return literals, fields


def written(op: Op, args: Sequence[Symbol | float], form: Form = PLAIN) -> Symbol:
    """The row on its operands as it stands: brackets where needed, nothing simplified.

    >>> a, b = Symbol("a"), Symbol("b")
    >>> print(written(ops.mul, [written(ops.add, [a, b]), -2.0]))
    (a + b)·(−2)
    """
    operands = [x if isinstance(x, Symbol) else of_number(x, form) for x in args]
    if op is ops.identity:  # it prints nothing of its own, so it binds as its operand does
        return operands[0]
    literals, fields = _pieces(form.template(op))
    text, quotient = literals[0], op is ops.div and not form.typeset
    for before, field, after in zip(literals, fields, literals[1:]):
        if field == "args":
            text += _listed(operands, form) + after
            continue
        x = operands[int(field)]
        if not form.typeset and before.endswith("^") and x.text.isdecimal():
            text = text.removesuffix("^") + x.text.translate(SUPERSCRIPTS) + after
        elif _needs_brackets(op, x, before, after, form):
            text += f"({x.text}){after}"
        else:
            quotient |= x.quotient and op in (ops.mul, ops.neg)
            text += x.text + after
    return Symbol(text, op.power, form, quotient=quotient)


def of_number(x: float, form: Form) -> Symbol:
    """A number as a symbol."""
    text = form.number(x)
    power = PRODUCT if r"\cdot" in text else NEGATION if text.startswith(form.minus) else ATOM
    return Symbol(text, power, form, x)


def derivative_by_name(op: Op, args: Sequence[Any], index: int, form: Form) -> Symbol:
    """The name of a derivative whose rule cannot be printed: f′(x), f′₂(a, b)."""
    operands = [x if isinstance(x, Symbol) else of_number(x, form) for x in args]
    which = "" if len(args) == 1 else str(index + 1)
    if form.typeset:
        name = rf"{latex_name(op.name)}'" + (f"_{{{which}}}" if which else "")
    else:
        name = f"{op.name}′{which.translate(SUBSCRIPTS)}"
    return Symbol(f"{name}({_listed(operands, form)})", ATOM, form)


def _listed(operands: Sequence[Symbol], form: Form) -> str:
    texts = [x.text for x in operands]
    if len(texts) > _MANY:
        texts = [*texts[:2], form.dots, texts[-1]]
    return ", ".join(texts)


def _needs_brackets(op: Op, x: Symbol, before: str, after: str, form: Form) -> bool:
    """Whether an operand between these two literals of the row's template needs brackets."""
    raised = after.startswith(("^", "}^"))
    if form.typeset and before.endswith("{") and after.startswith("}") and not raised:
        return False
    strength = POWER if raised else PRODUCT if op is ops.neg else op.power
    if strength == ATOM or (before.endswith("(") and after.startswith(")")):
        # the template brings its own delimiters
        return False
    first = before in ("", "{") and not raised
    if x.power != strength:
        return x.power < strength or (not first and x.text.startswith(form.minus))
    if first:
        return strength == POWER or (strength == PRODUCT and x.quotient)
    return op not in (ops.add, ops.mul, ops.neg) or x.text.startswith(form.minus)
