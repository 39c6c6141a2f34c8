"""What a player shows: cards, edges, and the steps in which their numbers become known.

A story is plain text and numbers, without places and without markup; every level tells its
own, and the page plays any.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, NamedTuple

from autograd_lite import forms, ops
from autograd_lite.labels import clean
from autograd_lite.symbols import Symbol, written
from autograd_lite.value import Value

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

_FORMULA = 120  # characters of a formula
_MANY = 6  # a sum of more products is printed as its first two, dots, and its last


class Term(NamedTuple):
    """A piece of an equation: a number or text, and the words below it.

    kind is the ink: "forward", "backward", "local", "letters" for a formula, "sign" for a sign
    between two terms, "" for a name.
    """

    text: str | float
    words: str = ""
    kind: str = ""


EQUALS, TIMES, PLUS = Term("=", kind="sign"), Term("×", kind="sign"), Term("+", kind="sign")


class Card(NamedTuple):
    """A box of the picture.

    tint is a role, "output" or "inner"; rows are pairs of a word and the ink of its number,
    "forward" or "backward"; whole is the title uncut; cards with the same panel stand in one
    frame that bears its text, "" for none.
    """

    title: str
    tint: str
    rows: tuple[tuple[str, str], ...]
    whole: str = ""
    panel: str = ""


class Edge(NamedTuple):
    """An arrow between two cards, which go by their places in the list.

    tip is its tooltip; bare: no derivative passes.
    """

    tail: int
    head: int
    tip: str = ""
    bare: bool = False


class Step(NamedTuple):
    """One step; cards and edges go by their places in the lists.

    phase     "start", "forward", "backward" or "done"
    lit       the cards that it is about; sources those that a gradient comes from
    edges     that are lit; chip is what they bear during this step alone; skipped: nothing
              passes along them
    numbers   to be written: (card, row, number)
    labels    that edges bear from now on: (edge, lines), a line being a text and its ink
    """

    phase: str
    title: str
    equation: tuple[Term, ...] = ()
    note: str = ""
    lit: tuple[int, ...] = ()
    sources: tuple[int, ...] = ()
    edges: tuple[int, ...] = ()
    chip: str = ""
    skipped: bool = False
    numbers: tuple[tuple[int, int, float], ...] = ()
    labels: tuple[tuple[int, tuple[tuple[str, str], ...]], ...] = ()


class Story(NamedTuple):
    """Cards in the order of the forward pass, edges, steps, and what stands above them."""

    title: str
    cards: list[Card]
    edges: list[Edge]
    steps: list[Step]


# --- formulas -------------------------------------------------------------------------


def computation(node: Value, names: Mapping[Value, str]) -> tuple[Term, ...]:
    """A node's equation: name = formula = formula in numbers = value.

    >>> a, b = Value(2.0), Value(-3.0)
    >>> y = a * b
    >>> [term.text for term in computation(y, {a: "a", b: "b", y: "y"})]
    ['y', '=', 'a·b', '=', '2·(−3)', '=', -6.0]
    """
    name = forms.plain_name(names[node])
    letters = _spelled(node, [_symbol(p, names) for p in node.parents])
    numbers = _spelled(node, [p.data if isinstance(p, Value) else p for p in node.parents])
    terms = [Term(name, "compute"), EQUALS, Term(letters, "definition", "letters")]
    if numbers != letters:
        terms += [EQUALS, Term(numbers, "in numbers", "letters")]
    return (*terms, EQUALS, Term(node.data, f"value of {name}", "forward"))


def _symbol(x: Value | float, names: Mapping[Value, str]) -> Symbol | float:
    if not isinstance(x, Value):
        return x
    return x.data if x.role == "constant" and not x.label else Symbol.named(names[x])


def _spelled(node: Value, args: Sequence[Symbol | float]) -> str:
    """The row on its operands; the sums that a row abbreviates are written out."""
    row, half = node.op, len(args) // 2
    assert row is not None
    if row is ops.dot:
        *pairs, bias = *zip(args[:half], args[half:-1], strict=True), args[-1]
        products = [written(ops.mul, pair) for pair in pairs]
        biased = node.parents[-1] != 0.0 or not products  # a plain 0.0 stands for no bias
        text = _summed([*products, bias] if biased else products)
    elif row is ops.half_squared_error:
        errors = [written(ops.sub, pair) for pair in zip(args[:half], args[half:])]
        squares = _summed([written(ops.power, (e, 2.0)) for e in errors])
        text = f"½·({squares})" if half > 1 else f"½·{squares}"
    else:
        text = written(row, args).text
    return clean(text, _FORMULA)


def _summed(parts: Sequence[Symbol | float]) -> str:
    if len(parts) > _MANY:
        parts = [*parts[:2], Symbol("…"), parts[-1]]
    total, *others = parts
    for part in others:
        total = written(ops.add, (total, part))
    return str(total) if isinstance(total, Symbol) else forms.PLAIN.number(total)
