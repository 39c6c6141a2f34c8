"""The pieces of a told derivation: names, chains of factors, sums and the words around them.

Local derivatives are printed by running the table's rules on names (`formula`); here they
are only put in order. Labels are made safe: in LaTeX every sign that it would obey is
escaped, and nothing in a label can end a line.
"""

from __future__ import annotations

import re
from collections import Counter
from math import isclose, isfinite
from typing import TYPE_CHECKING, TypeVar

from autograd_lite import formula, ops
from autograd_lite.forms import LATEX, SUPERSCRIPTS
from autograd_lite.labels import clean
from autograd_lite.symbols import Symbol

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Iterator, Sequence

    from autograd_lite.explanation import Derivation, Term
    from autograd_lite.forms import Form
    from autograd_lite.paths import Edge
    from autograd_lite.value import Value

T = TypeVar("T")

_LABEL = 40  # characters of a label that are shown
_ENDS = 5  # of a product or sum of more than 12 parts the first and the last 5 are shown
_DEFINITIONS = 8  # values without a label that are defined
_USES = 8  # of more uses the first 8 are shown
_STOPS = 3  # of more nodes that stop a derivative the first 3 are named

# The losses whose derivative is the error y − t, the other way round in some textbooks.
_OF_ERRORS = {ops.half_squared_error, ops.bce, ops.cross_entropy, ops.bce_with_logits}

_LOWERED = {raised: digit for digit, raised in SUPERSCRIPTS.items()}
_NUMBERED = re.compile(r"⁽([⁰¹²³⁴⁵⁶⁷⁸⁹]+)⁾\Z")


# --- names ------------------------------------------------------------------------------


def names_of(order: Iterable[Value]) -> dict[Value, str]:
    """A printable name for every node; a label on several nodes is numbered, h1⁽¹⁾, h1⁽²⁾.

    >>> from autograd_lite import Value
    >>> list(names_of([Value(1.0, "a"), Value(2.0, "b"), Value(3.0, "a")]).values())
    ['a⁽¹⁾', 'b', 'a⁽²⁾']
    """
    names = {node: clean(name, _LABEL) for node, name in formula.node_names(order).items()}
    shared = Counter(names[node] for node in names if node.label)
    seen: Counter[str] = Counter()
    for node, name in names.items():
        if node.label and shared[name] > 1:
            seen[name] += 1
            names[node] = f"{name}⁽{str(seen[name]).translate(SUPERSCRIPTS)}⁾"
    return names


def _typeset_name(label: str) -> str:
    match = _NUMBERED.search(label)
    if match is None:
        return LATEX.name(label)
    return f"{LATEX.name(label[: match.start()])}^{{({match[1].translate(_LOWERED)})}}"


TYPESET = LATEX._replace(name=_typeset_name)


# --- a derivation in one form -------------------------------------------------------------


def _cut(parts: Sequence[T]) -> list[T | None]:
    """The parts, of many the first and the last with None between."""
    if len(parts) <= 2 * _ENDS + 2:
        return list(parts)
    return [*parts[:_ENDS], None, *parts[-_ENDS:]]


class Telling:
    """The pieces of a derivation, written in one form.

    `inline` sets a piece of formula into words.
    """

    def __init__(self, told: Derivation, form: Form, inline: Callable[[str], str]) -> None:
        self.told = told
        self.form = form
        self.inline = inline
        self.times = r" \times " if form.typeset else " × "
        self.equations: dict[Value, str] = {}
        self.derivatives: dict[Value, Sequence[Symbol | float | None]] = {}
        shown = told.terms if told.listed else told.terms[:_USES]
        self.terms = [(self.title(k, term), self.rows(term)) for k, term in enumerate(shown, 1)]

    # --- formulas

    def name(self, node: Value) -> str:
        """The node's name as a factor or under a ∂."""
        symbol = Symbol.named(self.told.names[node], self.form)
        return f"({symbol.text})" if symbol.power == ops.SUM else symbol.text

    def ratio(self, above: Value, below: Value) -> str:
        """∂above/∂below."""
        if self.form.typeset:
            return rf"\frac{{\partial {self.name(above)}}}{{\partial {self.name(below)}}}"
        return f"∂{self.name(above)}/∂{self.name(below)}"

    def equation(self, node: Value, value: bool = False) -> str:
        """The node's name and its own formula, with its value where asked for."""
        if node not in self.equations:  # a sum of many terms is written once
            right = formula.expression(node, self.told.names, self.form)
            self.equations[node] = f"{self.name(node)} = {right}"
        number = f" = {self.form.number(node.data)}" if value and node.op else ""
        return self.equations[node] + number

    def derivative(self, edge: Edge) -> Symbol | float:
        """The local derivative as the row's rule says it."""
        if edge.node not in self.derivatives:
            every = formula.local_derivatives(edge.node, self.told.names, self.form)
            self.derivatives[edge.node] = every
        found = self.derivatives[edge.node][edge.position]
        return edge.partial if found is None else found

    def product(self, factors: Sequence[Symbol | float | None]) -> str:
        """The factors with the brackets that they need; None becomes dots."""
        texts = []
        for k, x in enumerate(factors):
            text = self.form.dots if x is None else self.text(x)
            weak = isinstance(x, Symbol) and (x.power == ops.SUM or x.quotient)
            weak = weak or (k > 0 and text.startswith(self.form.minus))
            if weak and len(factors) > 1:
                text = rf"\left({text}\right)" if self.form.typeset else f"({text})"
            texts.append(text)
        return self.times.join(texts)

    def sum(self, numbers: Sequence[float | None]) -> str:
        """x0 + x1 − x2; None becomes dots."""
        text = ""
        for x in numbers:
            digits = self.form.dots if x is None else self.form.number(x)
            if not text:
                text = digits
            elif digits.startswith(self.form.minus):
                text += f" {self.form.minus} {digits.removeprefix(self.form.minus)}"
            else:
                text += f" + {digits}"
        return text

    def text(self, x: Symbol | float) -> str:
        """One derivative in letters or, where it depends on nothing, as its number."""
        return x.text if isinstance(x, Symbol) else self.form.number(x)

    # --- terms

    def title(self, number: int, term: Term) -> str:
        """Which path or use it is, and by which of equal operands it goes."""
        notes = [self.operand(e) for e in term.edges if e.node.parents.count(e.parent) > 1]
        if not self.told.listed:
            title = f"use {number}"
            notes = notes or [f"in {self.inline(self.equation(term.edges[0].node))}"]
        else:
            title = f"path {number}"
        if len(notes) > _STOPS:
            notes = [*notes[:_STOPS], "and so on"]
        return f"{title} ({', '.join(notes)})" if notes else title

    def operand(self, edge: Edge) -> str:
        """Which of several equal operands: 1st a in b = a + a."""
        place = edge.node.parents[: edge.position + 1].count(edge.parent)
        return (
            f"{place}{_ending(place)} {self.inline(self.name(edge.parent))} "
            f"in {self.inline(self.equation(edge.node))}"
        )

    def rows(self, term: Term) -> list[str]:
        """The chain rule, then "= letters", then "= numbers = product".

        Letters that are the numbers already are left out; so is the product of one factor.
        """
        if not term.factors:
            return ["= 1"]
        edges = _cut(term.edges)
        chain = [self.form.dots if e is None else self.ratio(e.node, e.parent) for e in edges]
        letters = [None if e is None else self.derivative(e) for e in edges]
        if not self.told.listed:
            chain.append(self.ratio(self.told.root, term.edges[0].node))
            letters.append(Symbol(chain[-1], form=self.form))
        numbers = self.product(_cut(term.factors))
        rows = [self.times.join(chain), f"= {self.product(letters)}", f"= {numbers}"]
        if rows[1] == rows[2]:
            del rows[1]
        if len(term.factors) > 1:
            rows[-1] += f" = {self.form.number(term.product)}"
        return rows

    # --- words

    def header(self) -> str:
        """How many paths there are, and the sign convention of the error."""
        told, words = self.told, []
        way = f"from {self.inline(self.name(told.wrt))} to {self.inline(self.name(told.root))}"
        if told.wrt is told.root:
            words.append(f"{self.inline(self.name(told.root))} by itself")
        elif not told.ways:
            words.append(f"no path {way} carries a derivative")
        else:
            words.append(f"{_counted(told.ways, 'path')} {way}")
            longest = max(len(term.edges) for term in told.terms)
            if longest > 2 * _ENDS + 2:
                words.append(f"{'' if told.ways == 1 else 'the longest '}of {longest:,} factors")
        if not told.listed:
            words.append("too many to list")
        if told.rows & _OF_ERRORS:
            words.append("error = output minus target")
        return "; ".join(words)

    def uses(self) -> str:
        """The one step of back-propagation that is shown instead of all paths."""
        ratio = self.ratio(self.told.root, self.told.wrt)
        count = _counted(len(self.told.terms), "use")
        if not self.form.typeset:
            return f"{ratio} = Σ over {count} of {self.name(self.told.wrt)} (local × upstream)"
        under = rf"\text{{{count} of }}{self.name(self.told.wrt)}"
        return rf"{ratio} = \sum_{{{under}}} \text{{local}} \times \text{{upstream}}"

    def rest(self) -> str:
        """What the uses that are not shown amount to."""
        hidden = [term.product for term in self.told.terms[_USES:]]
        number = self.inline(self.form.number(ops.sum.fn(*hidden)))
        return f"and {_counted(len(hidden), 'more use')}, together {number}"

    def definitions(self) -> list[str]:
        """The equations of the values without a label that the text names.

        Also of those that these equations name in turn, unless that becomes too long.
        """
        text = " ".join(row for _, rows in self.terms for row in rows)
        direct = self.unlabelled([self.told.root, self.told.wrt])
        for term in self.told.terms[:_USES]:
            for edge in filter(None, _cut(term.edges)):
                direct |= self.unlabelled([edge.node, edge.parent])
                direct |= self.unlabelled(_sides_taken(edge.node), text)
        if not self.told.ways:
            direct |= self.unlabelled(self.told.stops[:_STOPS])
        every = dict(direct)
        for node in (waiting := list(direct)):  # which grows as equations name further values
            if len(every) > _DEFINITIONS:
                break
            new = self.unlabelled(_sides_taken(node), self.equation(node))
            waiting += [p for p in new if p not in every]
            every |= new
        shown = every if len(every) <= _DEFINITIONS else dict.fromkeys([*direct][:_DEFINITIONS])
        return [self.equation(node, value=True) for node in self.told.names if node in shown]

    def unlabelled(self, nodes: Iterable[Value], text: str | None = None) -> dict[Value, None]:
        """Those of the nodes that need a definition, and that the text names."""
        found = [n for n in nodes if not n.label and n.role != "constant"]
        if text is not None:
            names = ((n, re.escape(self.name(n))) for n in found)
            found = [n for n, name in names if re.search(name + "(?![₀₁₂₃₄₅₆₇₈₉])", text)]
        return dict.fromkeys(found)

    def stops(self) -> str:
        """Where the derivatives end that reach nothing."""
        stops = [self.inline(self.equation(n, value=True)) for n in self.told.stops[:_STOPS]]
        return f"the derivative ends at {', '.join(stops)}, so it is {self.inline('0')}"

    def total(self) -> str:
        """The sum of all terms and what it amounts to."""
        numbers = self.sum(_cut([term.product for term in self.told.terms]))
        return self.inline(f"{numbers} = {self.form.number(self.told.total)}")

    def check(self) -> list[str]:
        """The engine's own result; nothing for a constant, which gets no gradient."""
        if self.told.wrt.role == "constant":
            return []
        number = self.inline(self.form.number(self.told.gradient))
        note = self.doubt()
        return [f"check: {self.inline(self.name(self.told.wrt))}.grad = {number}{note}"]

    def doubt(self) -> str:
        """Why the numbers above may look wrong: strong zeros, or a sum that rounding decides."""
        told = self.told
        for term in told.terms:
            numbers = [x for x in term.factors if x is not None]
            if term.product == 0.0 and not all(map(isfinite, numbers)):
                return " (a factor 0 passes nothing, whatever stands beside it)"
        same = isclose(told.total, told.gradient, rel_tol=1e-6) or told.total != told.total
        return "" if same else " (not the sum: its terms cancel, and rounding decides what is left)"

    # --- what the three layouts share

    @property
    def lead(self) -> str:
        """What is derived."""
        return self.ratio(self.told.root, self.told.wrt)

    @property
    def single(self) -> list[str] | None:
        """The rows where there is but one path; one factor needs no chain rule."""
        if not self.told.listed or len(self.terms) != 1:
            return None
        rows = self.terms[0][1]
        return rows[1:] if len(self.told.terms[0].factors) == 1 else rows

    def closing(self) -> list[str]:
        """The lines of words below the terms."""
        lines = []
        if not self.told.ways:
            lines.append(self.stops())
        elif len(self.told.terms) > 1:
            hidden = not self.told.listed and len(self.told.terms) > _USES
            lines += [self.rest()] if hidden else []
            lines.append(f"sum: {self.total()}")
        return [*lines, *self.check()]


def _sides_taken(node: Value) -> Iterator[Value]:
    """The operands of a node, but of a selecting row no side that was not selected."""
    rules = node.op.rules if node.op else ()
    for k, (parent, d) in enumerate(zip(node.parents, node.partials)):
        if isinstance(parent, float):
            continue
        conditional = isinstance(rules, tuple) and rules[k] is None  # where's condition
        if d is not None or conditional or not (node.op and node.op.select):
            yield parent


def _ending(n: int) -> str:
    """Of an ordinal number: 1st, 2nd, 3rd, 4th, 11th."""
    return "th" if n // 10 % 10 == 1 else {1: "st", 2: "nd", 3: "rd"}.get(n % 10, "th")


def _counted(n: float, noun: str) -> str:
    """1 path, 4 paths, about 1.27e+30 paths."""
    number = f"{n:,}" if isinstance(n, int) else f"about {n:.3g}"
    return f"{number} {noun}{'' if n == 1 else 's'}"
