"""A rule or a graph as text, by running the table's rules on symbols.

A `Symbol` is a piece of formula that knows how strongly it binds. Rows print through their
own templates (`symbol`, `latex`), and rules run on symbols as they run on floats, so no
derivative is written here. A rule's text is simplified only as far as a book would; a node's
own expression stays as it was typed.

>>> from autograd_lite import Value, sigmoid
>>> x, w = Value(-1.0, label="x1"), Value(2.0, label="w1")
>>> p = w * x; p.label = "p1"
>>> y = sigmoid(p); y.label = "y"
>>> expression(p), local_derivative(p, 0), local_derivative(y, 0)
('w₁·x₁', 'x₁', 'y(1−y)')
"""

from __future__ import annotations

import operator
import re
from functools import lru_cache
from itertools import count
from math import isinf, isnan
from string import Formatter
from typing import TYPE_CHECKING, Any, NamedTuple

from autograd_lite import ops
from autograd_lite.labels import clean
from autograd_lite.ops import ATOM, NEGATION, POWER, PRODUCT, SUM, Op
from autograd_lite.traversal import topological
from autograd_lite.value import Value

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence

_SUBSCRIPTS = str.maketrans("0123456789", "₀₁₂₃₄₅₆₇₈₉")
SUPERSCRIPTS = str.maketrans("0123456789", "⁰¹²³⁴⁵⁶⁷⁸⁹")
_MANY = 6  # a list of more operands is printed as its first two, dots, and its last
_WIDTH = 60  # characters after which `equations` gives an intermediate result a line


# --- names and numbers ----------------------------------------------------------------


def number(x: float) -> str:
    """A float for people: 4 significant digits, but whole numbers below a million in full.

    >>> [number(x) for x in (0.196612, -3.0, 1.23e-5, 12345.0, float("inf"))]
    ['0.1966', '-3', '1.23e-05', '12345', 'inf']
    """
    return f"{x:.0f}" if abs(x) < 1e6 and x == int(x) else f"{x:.4g}"


# A word and the number that ends it: w12, x_3, h2.1, w10,1 but not 2x or sha256sum.
_INDEXED = re.compile(r"(?<!\w)([^\W\d_]+)_?([0-9]+(?:[.,][0-9]+)*)(?!\w)")
_LATEX_TOKEN = re.compile(rf"{_INDEXED.pattern}|(?P<word>[^\W\d_]+)|(?P<other>.)", re.DOTALL)
_LATEX_ESCAPES = {
    "\\": r"\backslash ", "{": r"\{", "}": r"\}", "$": r"\$", "&": r"\&", "#": r"\#",
    "_": r"\_", "%": r"\%", "^": r"\hat{\ }", "~": r"\sim ", " ": r"\ ", "<": r"\lt ",
    ">": r"\gt ", "`": r"{}^{\backprime}",
}  # fmt: skip


def plain_name(label: str) -> str:
    """A label with its numbers as subscripts.

    >>> plain_name("w12"), plain_name("x_3"), plain_name("z(h1)")
    ('w₁₂', 'x₃', 'z(h₁)')
    """
    return _INDEXED.sub(lambda m: m[1] + m[2].translate(_SUBSCRIPTS), label)


def latex_name(label: str) -> str:
    r"""A label in LaTeX's math mode; whatever LaTeX would obey is escaped.

    >>> print(latex_name("w12"), latex_name("z(h1)"), latex_name("loss"), latex_name("$a"))
    w_{12} z(h_{1}) \mathrm{loss} \$a
    """

    def token(m: re.Match[str]) -> str:
        if m["other"] is not None:
            return _LATEX_ESCAPES.get(m["other"], m["other"])
        word = m["word"] or m[1]
        upright = word if len(word) == 1 else rf"\mathrm{{{word}}}"
        return upright if m["word"] else f"{upright}_{{{m[2]}}}"

    return _LATEX_TOKEN.sub(token, label)


def _plain_number(x: float) -> str:
    return number(x).replace("-", "−", 1) if x < 0 or number(x) == "-0" else number(x)


def _latex_number(x: float) -> str:
    if isnan(x):
        return r"\mathrm{nan}"
    if isinf(x):
        return r"\infty" if x > 0 else r"-\infty"
    digits, _, exponent = number(x).partition("e")
    return rf"{digits} \cdot 10^{{{int(exponent)}}}" if exponent else digits


class Form(NamedTuple):
    """How text is written: which template of a row, and how names and numbers look."""

    template: Callable[[Op], str]
    name: Callable[[str], str]
    number: Callable[[float], str]
    minus: str
    dots: str
    typeset: bool  # braces delimit operands, raise exponents and draw fractions


PLAIN = Form(operator.attrgetter("symbol"), plain_name, _plain_number, "−", "…", False)
LATEX = Form(operator.attrgetter("latex"), latex_name, _latex_number, "-", r"\dots", True)


# --- symbols --------------------------------------------------------------------------


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
    operands = [x if isinstance(x, Symbol) else _constant(x, form) for x in args]
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


def _constant(x: float, form: Form) -> Symbol:
    text = form.number(x)
    power = PRODUCT if r"\cdot" in text else NEGATION if text.startswith(form.minus) else ATOM
    return Symbol(text, power, form, x)


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


# --- nodes and graphs -----------------------------------------------------------------


def node_names(nodes: Iterable[Value]) -> dict[Value, str]:
    """A name for every node: its label, else v1, v2, ... in the order given.

    A constant without a label goes by its number. Labels are taken as they are.

    >>> a = Value(2.0, label="a")
    >>> list(node_names(topological(-(a * 3.0))).values())
    ['a', 'v1', 'v2']
    """
    nodes = list(nodes)
    names: dict[Value, str] = {}
    short = _short_names(nodes)
    for node in nodes:
        if node.label:
            names[node] = str(node.label)
        elif node.role == "constant":
            names[node] = number(node.data)
        else:
            names[node] = next(short)
    return names


def _short_names(nodes: Iterable[Value]) -> Iterator[str]:
    """v1, v2, ... without those that some label prints as, v_1 or v₁ for one."""
    labels = {str(node.label) for node in nodes if node.label}
    printed = {plain_name(clean(x)) for x in labels if x.lstrip().startswith("v")}
    return (x for x in map("v{}".format, count(1)) if plain_name(x) not in printed)


def expression(node: Value, names: Mapping[Value, str] | None = None, form: Form = PLAIN) -> str:
    """A node's own formula over the names of its operands; of a leaf its number.

    >>> a, b = Value(2.0, label="a"), Value(3.0, label="b")
    >>> expression(a * b), expression(a**2.0), expression(1.0 - a)
    ('a·b', 'a²', '1 − a')
    """
    if node.op is None:
        return form.number(node.data)
    names = _with_names(node, names)
    return written(node.op, [_symbol(p, names, form) for p in node.parents], form).text


def local_derivatives(
    node: Value, names: Mapping[Value, str] | None = None, form: Form = PLAIN
) -> tuple[Symbol | float | None, ...]:
    """The node's textbook rule run on names, one derivative per operand; None: no edge.

    A derivative that depends on nothing is a float. Of a branch only the side that the
    nodes' present numbers take is printed. A user's rule that runs on floats alone (it
    calls `math.exp`, say) is printed as `name′(x)`.

    >>> x = Value(2.0, label="x")
    >>> local_derivatives(x * 3.0), local_derivatives(x.log())
    ((3.0, None), (Symbol('1 / x'),))
    """
    if node.op is None:
        return ()
    names = _with_names(node, names)
    y = _symbol(node, names, form)
    args = [_symbol(p, names, form) for p in node.parents]
    rules = node.op.textbook
    if isinstance(rules, tuple):
        every = [
            None if rule is None or partial is None else _run(node.op, rule, y, args)
            for rule, partial in zip(rules, node.partials)
        ]
    else:
        every = _run(node.op, rules, y, args) or [None] * len(args)
    every = [_unprintable(node.op, args, i, form) if d is None else d for i, d in enumerate(every)]
    return tuple(
        None if partial is None else d if isinstance(d, Symbol) else ops.to_float(d)
        for d, partial in zip(every, node.partials, strict=True)
    )


def local_derivative(
    node: Value, index: int, names: Mapping[Value, str] | None = None, form: Form = PLAIN
) -> str:
    """The text of one local derivative.

    Raises ValueError where the operand receives no derivative.

    >>> a, b = Value(1.0, label="a"), Value(2.0, label="b")
    >>> local_derivative(a / b, 0), local_derivative(a / b, 1), local_derivative(a + b, 0)
    ('1 / b', '−a / b²', '1')
    """
    derivative = local_derivatives(node, names, form)[index]
    if derivative is None:
        raise ValueError(f"operand {index} of {node!r} receives no derivative")
    return form.number(derivative) if isinstance(derivative, float) else derivative.text


def equations(root: Value, form: Form = PLAIN) -> list[tuple[str, str]]:
    """The graph as lines (name, formula), operands before what uses them, the root last.

    A node stands inside the formula of its only user; one that has a label, several users
    or a long formula gets a line. The text grows with the graph, never faster.

    >>> x = Value(2.0, label="x")
    >>> equations((x * 3.0 + 1.0).tanh())
    [('v₁', 'tanh(x·3 + 1)')]
    """
    order = topological(root)
    uses = dict.fromkeys(order, 0)
    for node in order:
        for p in node.parents:
            if isinstance(p, Value):
                uses[p] += 1
    short = _short_names(order)
    symbols: dict[Value, Symbol] = {}
    lines: list[tuple[str, str]] = []
    for node in order:
        if node.op is None and (node.label or node.role == "constant"):
            named = clean(str(node.label)) if node.label else ""
            symbols[node] = Symbol.named(named, form) if named else _constant(node.data, form)
            if node is not root:
                continue
        operands = [symbols[p] if isinstance(p, Value) else p for p in node.parents]
        right = written(node.op, operands, form) if node.op else _constant(node.data, form)
        inside = node.op and not node.label and uses[node] == 1 and len(right.text) <= _WIDTH
        if inside:
            symbols[node] = right
            continue
        symbols[node] = Symbol.named(clean(str(node.label)) if node.label else next(short), form)
        lines.append((symbols[node].text, right.text))
    return lines


def _with_names(node: Value, names: Mapping[Value, str] | None) -> Mapping[Value, str]:
    if names is not None:
        return names
    return node_names(dict.fromkeys([*(p for p in node.parents if isinstance(p, Value)), node]))


def _symbol(x: Any, names: Mapping[Value, str], form: Form) -> Any:
    """The symbol of an operand; a plain number stays a float, as rules expect."""
    if not isinstance(x, Value):
        return x
    if x.role == "constant" and not x.label:
        return x.data
    return Symbol.named(names[x], form, x.data)


def _run(op: Op, rule: Callable[..., Any], y: Symbol, args: Sequence[Any]) -> Any:
    """What a rule gives on symbols, None where a user's rule runs on floats alone."""
    try:
        return rule(y, *args) if op.arity is not None else list(rule(y, *args))
    except TypeError:
        if ops.OPS.get(op.name) is op:
            raise  # the table's own rules run on symbols: law 1
        return None


def _unprintable(op: Op, args: Sequence[Any], index: int, form: Form) -> Symbol:
    """The name of a derivative whose rule cannot be printed: f′(x), f′₂(a, b)."""
    operands = [x if isinstance(x, Symbol) else _constant(x, form) for x in args]
    which = "" if len(args) == 1 else str(index + 1)
    if form.typeset:
        name = rf"{latex_name(op.name)}'" + (f"_{{{which}}}" if which else "")
    else:
        name = f"{op.name}′{which.translate(_SUBSCRIPTS)}"
    return Symbol(f"{name}({_listed(operands, form)})", ATOM, form)


def latex(root: Value) -> str:
    r"""The graph as one formula in LaTeX's math mode; what is used twice is defined above it.

    Nothing is evaluated or simplified, and the text grows with the graph, never faster. Of a
    value without a label and without definitions the formula stands alone.

    >>> x = Value(2.0, label="x")
    >>> print(latex((x * 3.0 + 1.0).tanh()))
    \tanh(x \cdot 3 + 1)
    >>> v = x.exp()
    >>> print(latex(v / (1.0 + v)))
    \begin{aligned}
    v_{1} &= e^{x} \\
    v_{2} &= \frac{v_{1}}{1 + v_{1}}
    \end{aligned}
    """
    lines = equations(root, LATEX)
    if len(lines) == 1:
        name, right = lines[0]
        return f"{name} = {right}" if root.label else right
    rows = " \\\\\n".join(f"{name} &= {right}" for name, right in lines)
    return f"\\begin{{aligned}}\n{rows}\n\\end{{aligned}}"
