"""A graph made ready to be told: names, the engine's sweep, and where each number is written.

The edges of the backward pass come in the order in which the engine's sweep takes them, and
the products are added as it adds them: every number is the engine's to the last bit.
"""

from __future__ import annotations

from itertools import groupby
from typing import TYPE_CHECKING, NamedTuple

from autograd_lite import forms, formula, ops
from autograd_lite.drawing.captions import printable
from autograd_lite.drawing.story import EQUALS, TIMES, Step, Term, computation
from autograd_lite.labels import clean
from autograd_lite.symbols import Symbol, written
from autograd_lite.traversal import exclusive, sweep
from autograd_lite.value import Value

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

_LETTERS = 40  # a derivative longer than that is shown as its number alone
_FEW = 4  # of more names the first of these many are listed

number = forms.PLAIN.number


class Arrow(NamedTuple):
    """One operand of a node, by its position: x * x has two arrows to x."""

    node: Value
    position: int
    parent: Value
    partial: float | None


class Use(NamedTuple):
    """What the sweep adds along an arrow: the nth of so many, and the sum before and after."""

    arrow: Arrow
    upstream: float
    product: float
    before: float
    total: float
    nth: int
    of: int


class Scene:
    """A graph in topological order, its names, its derivatives and its picture.

    backwards   the interior nodes in the order in which the sweep hands on their gradient
    reached     these and the leaves that a derivative reaches
    gradients   of every node, 0.0 where no derivative arrives
    cards       the card of a node; edges the edge of an arrow: None where there is none
    spots       the card and row where a node's "value" or "grad" is written
    """

    def __init__(self, root: Value, order: Sequence[Value]) -> None:
        self.root, self.order = root, order
        with exclusive():
            for node in order:
                node.cot = 0.0
            leaves, nodes = sweep(root, 1.0)
            self.gradients = {node: float(node.cot) for node in order}
        self.backwards, self.reached = nodes[::-1], {*leaves, *nodes}
        self.names = printable(formula.node_names(order), order)
        self.shown = {node: forms.plain_name(name) for node, name in self.names.items()}
        self.arrows = {node: _arrows(node) for node in order}
        self._derivatives = {node: formula.local_derivatives(node, self.names) for node in order}
        self.cards: dict[Value, int] = {}
        self.edges: dict[Arrow, int] = {}
        self.spots: dict[tuple[Value, str], tuple[int, int]] = {}
        self.uses = {use.arrow: use for use in self._sums()}

    def _sums(self) -> Iterator[Use]:
        taken = [a for node in self.backwards for a in self.arrows[node] if not self.obstacle(a)]
        of, count = dict.fromkeys(self.order, 0), dict.fromkeys(self.order, 0)
        totals = dict.fromkeys(self.order, 0.0)
        for arrow in taken:
            of[arrow.parent] += 1
        for arrow in taken:
            parent, upstream = arrow.parent, self.gradients[arrow.node]
            before, product = totals[parent], upstream * (arrow.partial or 0.0)
            totals[parent] += product
            count[parent] += 1
            sums = (before, totals[parent], count[parent], of[parent])
            yield Use(arrow, upstream, product, *sums)

    def obstacle(self, arrow: Arrow) -> str:
        """Why the sweep passes nothing along an arrow, "" where it does."""
        if self.gradients[arrow.node] == 0.0:
            return "zero"
        if arrow.parent.role == "constant":
            return "constant"
        if arrow.partial is not None:
            return ""
        rules = arrow.node.op.rules if arrow.node.op else ()
        ruled = not isinstance(rules, tuple) or rules[arrow.position] is not None
        return "unselected" if arrow.node.op and arrow.node.op.select and ruled else "flat"

    # --- texts and numbers

    def title(self, node: Value, limit: int) -> str:
        """What `draw` has as well: name = formula; of a leaf its label."""
        if node.op is None:
            return forms.plain_name(clean(str(node.label or self.names[node]), limit))
        return clean(f"{self.shown[node]} = {formula.expression(node, self.names)}", limit)

    def letters(self, arrow: Arrow) -> str:
        """The local derivative as its rule says it, "" where that is a number or too long."""
        symbol = self._derivatives[arrow.node][arrow.position]
        readable = isinstance(symbol, Symbol) and len(symbol.text) <= _LETTERS
        return clean(str(symbol), _LETTERS) if readable else ""

    def local(self, arrow: Arrow) -> str:
        """∂y/∂x = letters, or ∂y/∂x alone."""
        letters = self.letters(arrow)
        ratio = f"∂{self.shown[arrow.node]}/∂{self.shown[arrow.parent]}"
        return f"{ratio} = {letters}" if letters else ratio

    def write(self, node: Value, kind: str, x: float) -> tuple[tuple[int, int, float], ...]:
        """The number in its place, if the picture has one for it."""
        spot = self.spots.get((node, kind))
        return ((*spot, x),) if spot else ()

    def drawn(self, arrows: Sequence[Arrow]) -> tuple[int, ...]:
        """The edges of arrows."""
        return tuple([self.edges[arrow] for arrow in arrows if arrow in self.edges])

    # --- steps

    def compute(self, node: Value) -> Step:
        """Forward: one value."""
        return Step(
            "forward",
            f"Forward: {self.shown[node]}",
            computation(node, self.names),
            lit=(self.cards[node],),
            edges=self.drawn(self.arrows[node]),
            numbers=self.write(node, "value", node.data),
        )

    def seed(self) -> Step:
        """The first step backward."""
        y = self.shown[self.root]
        return Step(
            "backward",
            f"Backward starts at {y}",
            (Term(f"{y}.grad", "seed"), EQUALS, Term(1.0, f"∂{y}/∂{y}", "backward")),
            "The output changes one for one with itself.",
            lit=(self.cards[self.root],),
            numbers=self.write(self.root, "grad", 1.0),
        )

    def hand_on(self, node: Value) -> Iterator[Step]:
        """Backward: what a node gives to each of its operands."""
        for obstacle, group in groupby(self.arrows[node], self.obstacle):
            if obstacle:
                yield self.skip(node, obstacle, list(group))
            else:
                yield from map(self.pass_on, group)

    def pass_on(self, arrow: Arrow) -> Step:
        """One edge: parent.grad += local × upstream."""
        use = self.uses[arrow]
        a, y = self.shown[arrow.parent], self.shown[arrow.node]
        local = arrow.partial or 0.0
        equation = (
            Term(f"{a}.grad", "add to"), Term("+=", kind="sign"),
            Term(local, f"local {self.local(arrow)}", "local"), TIMES,
            Term(use.upstream, f"upstream {y}.grad", "backward"), EQUALS,
            Term(use.product, "this path" if use.of > 1 else f"{a}.grad", "backward"),
        )  # fmt: skip
        further, note = self.sum_of_paths(use, f"{a}.grad so far")
        return Step(
            "backward",
            f"Backward: {y} → {a}",
            equation + further,
            note,
            lit=(self.cards[arrow.parent],),
            sources=(self.cards[arrow.node],),
            edges=self.drawn([arrow]),
            chip=f"× {number(local)}",
            numbers=self.write(arrow.parent, "grad", use.total),
        )

    def sum_of_paths(self, use: Use, words: str) -> tuple[tuple[Term, ...], str]:
        """What to add to an equation, and a note, where a node is used more than once."""
        if use.of == 1:
            return (), ""
        name = self.shown[use.arrow.parent]
        note = (
            f"{name} is used {use.of} times, so its gradient is a sum: path {use.nth} of {use.of}"
        )
        if use.nth == 1:
            return (), f"{note}."
        sum = written(ops.add, (use.before, use.product))
        terms = (Term("→", kind="sign"), Term(use.total, words, "backward"))
        return terms, f"{note}: {sum} = {number(use.total)}."

    def skip(self, node: Value, obstacle: str, arrows: Sequence[Arrow]) -> Step:
        """Arrows of one node along which nothing passes, and why."""
        y, names = self.shown[node], [self.shown[arrow.parent] for arrow in arrows]
        alone, all = len({*names}) == 1, listed(names)
        rule = clean(formula.expression(node, self.names), _LETTERS)
        equation: tuple[Term, ...] = ()
        if obstacle == "zero":
            equation = (Term(f"{y}.grad", "upstream"), EQUALS, Term(0.0, "exactly", "backward"))
            note = f"An upstream gradient of exactly 0 passes nothing on to {all}."
        elif obstacle == "constant":
            are = "is a constant and gets" if alone else "are constants and get"
            note = f"{all} {are} no gradient."
        elif obstacle == "unselected":
            if alone:
                local = Term(f"∂{y}/∂{names[0]}", "local derivative")
                equation = (local, EQUALS, Term(0.0, "", "local"))
            note = f"{rule} does not follow {all} here: nothing is passed on."
        else:
            note = f"{rule} has no derivative by {all}: nothing is passed on."
        return Step(
            "backward",
            f"Skipped: {y} → {all}",
            equation,
            note,
            sources=(self.cards[node],),
            edges=self.drawn(arrows),
            chip="skipped" if len(arrows) == 1 else "",
            skipped=True,
        )

    def done(self) -> Step:
        """The last step: every gradient in its place."""
        free = [node for node in self.order if node.role != "constant"]
        leaves = [self.shown[n] for n in free if n.op is None and n in self.reached]
        others = [self.shown[n] for n in free if n not in self.reached]
        note = "No leaf gets a gradient."
        if leaves:
            what = "the leaf" if len(leaves) == 1 else "the leaves"
            note = (
                f"{self.shown[self.root]}.backward() adds these gradients to the .grad of {what} "
                f"{listed(leaves)}."
            )
        if others:
            what = "it keeps its .grad" if len(others) == 1 else "they keep their .grad"
            note += f" No derivative reaches {listed(others)}: {what}."
        numbers = [n for node in free for n in self.write(node, "grad", self.gradients[node])]
        return Step("done", "Done", note=note, numbers=tuple(numbers))


def _arrows(node: Value) -> list[Arrow]:
    pairs = enumerate(zip(node.parents, node.partials, strict=True))
    return [Arrow(node, k, p, d) for k, (p, d) in pairs if isinstance(p, Value)]


def listed(names: Sequence[str]) -> str:
    """The names in one line: a, b, c, d, … ."""
    names = list(dict.fromkeys(names))
    return ", ".join(names if len(names) <= _FEW else [*names[:_FEW], "…"])
