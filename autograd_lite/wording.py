"""A derivation in words and formulas: as plain text, as Markdown and as LaTeX.

Local derivatives are printed by running the table's rules on names (`formula`); here they
are only put in order. Labels are made safe: in LaTeX every sign that it would obey is
escaped, and nothing in a label can end a line.
"""

from __future__ import annotations

import re
from collections import Counter
from typing import TYPE_CHECKING, TypeVar

from autograd_lite import formula, ops
from autograd_lite.formula import LATEX, PLAIN, Symbol

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Sequence

    from autograd_lite.explanation import Derivation, Term
    from autograd_lite.formula import Form
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

_RAISED = str.maketrans("0123456789", "⁰¹²³⁴⁵⁶⁷⁸⁹")
_LOWERED = str.maketrans("⁰¹²³⁴⁵⁶⁷⁸⁹", "0123456789")
_NUMBERED = re.compile(r"⁽([⁰¹²³⁴⁵⁶⁷⁸⁹]+)⁾\Z")


# --- names ------------------------------------------------------------------------------


def names_of(order: Iterable[Value]) -> dict[Value, str]:
    """A printable name for every node; a label on several nodes is numbered, h1⁽¹⁾, h1⁽²⁾.

    >>> from autograd_lite import Value
    >>> list(names_of([Value(1.0, "a"), Value(2.0, "b"), Value(3.0, "a")]).values())
    ['a⁽¹⁾', 'b', 'a⁽²⁾']
    """
    names = {node: _printable(name) for node, name in formula.node_names(order).items()}
    shared = Counter(names[node] for node in names if node.label)
    seen: Counter[str] = Counter()
    for node, name in names.items():
        if node.label and shared[name] > 1:
            seen[name] += 1
            names[node] = f"{name}⁽{str(seen[name]).translate(_RAISED)}⁾"
    return names


def _printable(label: str) -> str:
    """One line of at most 40 characters, none of which moves the others."""
    text = " ".join(label[: 20 * _LABEL].split())
    text = "".join(c if c.isprintable() else "\ufffd" for c in text) or "\ufffd"
    return text if len(text) <= _LABEL else text[: _LABEL - 1] + "…"


def _typeset_name(label: str) -> str:
    match = _NUMBERED.search(label)
    if match is None:
        return LATEX.name(label)
    return f"{LATEX.name(label[: match.start()])}^{{({match[1].translate(_LOWERED)})}}"


_TYPESET = LATEX._replace(name=_typeset_name)


# --- a derivation in one form -------------------------------------------------------------


def _cut(parts: Sequence[T]) -> list[T | None]:
    """The parts, of many the first and the last with None between."""
    if len(parts) <= 2 * _ENDS + 2:
        return list(parts)
    return [*parts[:_ENDS], None, *parts[-_ENDS:]]


class _Telling:
    """The pieces of a derivation, written in one form.

    `inline` sets a piece of formula into words.
    """

    def __init__(self, told: Derivation, form: Form, inline: Callable[[str], str]) -> None:
        self.told = told
        self.form = form
        self.inline = inline
        self.times = r" \times " if form.typeset else " × "
        self.derivatives: dict[Value, Sequence[Symbol | float | None]] = {}
        shown = told.terms if told.listed else told.terms[:_USES]
        self.terms = [(self.title(k, term), self.rows(term)) for k, term in enumerate(shown, 1)]

    # --- formulas

    def name(self, node: Value) -> str:
        symbol = Symbol.named(self.told.names[node], self.form)
        return f"({symbol.text})" if symbol.power == ops.SUM else symbol.text

    def ratio(self, above: Value, below: Value) -> str:
        if self.form.typeset:
            return rf"\frac{{\partial {self.name(above)}}}{{\partial {self.name(below)}}}"
        return f"∂{self.name(above)}/∂{self.name(below)}"

    def equation(self, node: Value, value: bool = False) -> str:
        """The node's name and its own formula, with its value where asked for."""
        right = formula.expression(node, self.told.names, self.form)
        number = f" = {self.form.number(node.data)}" if value and node.op else ""
        return f"{self.name(node)} = {right}{number}"

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
            texts.append(f"({text})" if weak and len(factors) > 1 else text)
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
                words.append(f"of up to {longest:,} factors")
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
        """The equations of the values without a label that the text names."""
        names = self.told.names
        rows = " ".join(row for _, rows in self.terms for row in rows)
        waiting = [self.told.root, self.told.wrt]
        for term in self.told.terms[:_USES]:
            for edge in filter(None, _cut(term.edges)):
                waiting += [edge.node, edge.parent, *self.named_in(rows, edge.node)]
        found: set[Value] = set()
        for node in waiting:  # which grows as equations name further values
            if len(found) == _DEFINITIONS:
                break
            if node not in found and not node.label and node.role != "constant":
                found.add(node)
                waiting += self.named_in(self.equation(node), node)
        return [self.equation(node, value=True) for node in names if node in found]

    def named_in(self, text: str, node: Value) -> list[Value]:
        """The operands of a node whose names a text contains."""
        return [
            p
            for p in dict.fromkeys(node.parents)
            if not isinstance(p, float)
            and re.search(re.escape(self.name(p)) + r"(?![₀₁₂₃₄₅₆₇₈₉])", text)
        ]

    def stops(self) -> str:
        """Where the derivatives end that reach nothing."""
        stops = [self.inline(self.equation(n, value=True)) for n in self.told.stops[:_STOPS]]
        return f"the derivative ends at {', '.join(stops)}"

    def total(self) -> str:
        numbers = self.sum(_cut([term.product for term in self.told.terms]))
        return self.inline(f"{numbers} = {self.form.number(self.told.total)}")

    def check(self) -> list[str]:
        """The engine's own result; nothing for a constant, which gets no gradient."""
        if self.told.wrt.role == "constant":
            return []
        number = self.inline(self.form.number(self.told.gradient))
        return [f"check: {self.inline(self.name(self.told.wrt))}.grad = {number}"]

    # --- what the three layouts share

    @property
    def lead(self) -> str:
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
            lines += [self.stops()] if self.told.stops else []
        elif self.single is None:
            hidden = not self.told.listed and len(self.told.terms) > _USES
            lines += [self.rest()] if hidden else []
            lines.append(f"sum: {self.total()}")
        return [*lines, *self.check()]


def _ending(n: int) -> str:
    """Of an ordinal number: 1st, 2nd, 3rd, 4th, 11th."""
    return "th" if n // 10 % 10 == 1 else {1: "st", 2: "nd", 3: "rd"}.get(n % 10, "th")


def _counted(n: float, noun: str) -> str:
    """1 path, 4 paths, about 1.27e+30 paths."""
    number = f"{n:,}" if isinstance(n, int) else f"about {n:.3g}"
    return f"{number} {noun}{'' if n == 1 else 's'}"


# --- the three layouts --------------------------------------------------------------------


def plain(told: Derivation) -> str:
    """The derivation as lines of text."""
    telling = _Telling(told, PLAIN, str)
    lines = [f"{telling.lead}   ({telling.header()})"]
    definitions = telling.definitions()
    if definitions:
        lines.append(f"  where {'; '.join(definitions)}")
    if not told.listed:
        lines.append(f"  {telling.uses()}")
    if telling.single is not None:
        lines += [f"  {row}" for row in telling.single]
    else:
        for title, rows in telling.terms:
            lines += [f"  {title}: {rows[0]}", *(f"    {row}" for row in rows[1:])]
    return "\n".join([*lines, *(f"  {line}" for line in telling.closing())])


def markdown(told: Derivation) -> str:
    """The derivation as Markdown, every formula set by MathJax."""
    telling = _Telling(told, _TYPESET, lambda text: f"${text}$")
    parts = [f"{telling.inline(telling.lead)} &nbsp; ({telling.header()})"]
    definitions = telling.definitions()
    if definitions:
        parts.append(f"where {'; '.join(map(telling.inline, definitions))}")
    if not told.listed:
        parts.append(_displayed([f"& {telling.uses()}"]))
    if telling.single is not None:
        parts.append(_displayed(_aligned(telling.lead, telling.single)))
    else:
        for title, rows in telling.terms:
            parts += [f"{title}:", _displayed(_aligned("", rows))]
    return "\n\n".join([*parts, *telling.closing()])


def latex(told: Derivation) -> str:
    """The derivation as one displayed formula in LaTeX."""
    telling = _Telling(told, _TYPESET, lambda text: rf"}}{text}\text{{")
    lines = [rf"& \text{{({telling.header()})}}"]
    lines += [rf"\text{{where }} & {line}" for line in telling.definitions()]
    if not told.listed:
        lines.append(f"& {telling.uses()}")
    if telling.single is not None:
        lines += _aligned(telling.lead, telling.single)
    else:
        lines.append(f"{telling.lead}: &")
        for title, rows in telling.terms:
            lines += [rf"& \text{{{title}:}}", *_aligned("", rows)]
    return _displayed([*lines, *(rf"& \text{{{line}}}" for line in telling.closing())])


def _aligned(lead: str, rows: list[str]) -> list[str]:
    """Rows that stand below each other at their equals signs."""
    first = rows[0] if rows[0].startswith("=") or not lead else f"= {rows[0]}"
    return [f"{lead} & {first}", *(f"& {row}" for row in rows[1:])]


def _displayed(lines: list[str]) -> str:
    body = " \\\\\n".join(lines)
    return f"$$\n\\begin{{aligned}}\n{body}\n\\end{{aligned}}\n$$"
