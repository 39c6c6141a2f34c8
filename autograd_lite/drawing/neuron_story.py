"""The story of a network at neuron level: z and a forward; backward δ, then each weight.

A neuron is one card, a weight stands with its gradient on the edge it multiplies, and what
the user computed around the network is told value by value. The steps come in the order of
the engine's sweep; what reaches a neuron is told when its δ is.
"""

from __future__ import annotations

from itertools import groupby
from typing import TYPE_CHECKING, Any

from autograd_lite import forms
from autograd_lite.drawing.anatomy import targets
from autograd_lite.drawing.neurons import activation_of, input_name, layer_title, title_of
from autograd_lite.drawing.op_story import add_card
from autograd_lite.drawing.op_story import edge as plain_edge
from autograd_lite.drawing.scene import Arrow, Scene, Use, number
from autograd_lite.drawing.story import EQUALS, PLUS, TIMES, Card, Edge, Step, Story, Term
from autograd_lite.labels import clean
from autograd_lite.value import Value

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from autograd_lite.drawing.anatomy import Anatomy
    from autograd_lite.drawing.calls import Cell

_SHORT = 12  # characters of a name in a row or on an edge
_MANY = 6  # of a longer sum the first three terms and the last are shown


def neuron_story(root: Value, order: Sequence[Value], anatomy: Anatomy) -> Story:
    """The story of a graph of one sample, given in topological order, and its neurons."""
    told = _NeuronLevel(root, order, anatomy)
    steps = [told.start(), *told.forward(), *told.backward(), told.done()]
    return Story(told.scene.title(root, 60), told.cards, told.edges, steps)


class _NeuronLevel:
    """Cards and edges of a network and of what stands around it, and the steps over them."""

    def __init__(self, root: Value, order: Sequence[Value], anatomy: Anatomy) -> None:
        self.root, self.order, self.anatomy = root, order, anatomy
        self.scene = Scene(root, order)
        self.by_node = anatomy.cells
        self.cells = list(dict.fromkeys(self.by_node[n] for n in order if n in self.by_node))
        self.names = {cell: title_of(cell) for cell in self.cells}
        self.aims = {y: (loss, t) for loss, y, t in targets(order) if y in self.by_node}
        self.cards: list[Card] = []
        self.edges: list[Edge] = []
        self.weights: dict[Arrow, int] = {}  # the edge that bears the weight of an arrow
        self.aim_rows: dict[Value, list[tuple[int, int, float]]] = {}  # known with the loss
        self.bias_rows: dict[Value, list[tuple[int, int]]] = {}
        self.inputs: dict[tuple[object, int], int] = {}  # cards of inputs that are floats
        self.floats: list[tuple[int, int, float]] = []  # and what they hold
        for node in order:
            self._add(node)

    # --- the picture

    def _add(self, node: Value) -> None:
        """The card of a node in topological order, and the edges that lead to it."""
        cell = self.by_node.get(node)
        if cell is None and node.op is not None:
            self._add_outside(node)
        elif cell is not None and node is cell.z:
            self._add_cell(cell)

    def _add_outside(self, node: Value) -> None:
        aims = [t for loss, t in self.aims.values() if loss is node]
        for arrow in self.scene.arrows[node]:
            parent = arrow.parent
            # a constant target stands on its neuron; a variable one has a gradient to show
            known = parent.role == "constant" and parent in aims
            if parent.op is None and parent not in self.scene.cards and not known:
                self.cards.append(add_card(self.scene, parent, len(self.cards)))
        self.cards.append(add_card(self.scene, node, len(self.cards)))
        for arrow in self.scene.arrows[node]:
            if arrow.parent in self.scene.cards:
                self.scene.edges[arrow] = len(self.edges)
                self.edges.append(plain_edge(self.scene, arrow))

    def _add_cell(self, cell: Cell) -> None:
        tails = [self._input(cell, i, x) for i, x in zip(cell.sources, cell.inputs)]
        place, z, a = len(self.cards), cell.z, cell.a
        rows = [("z", "forward")]
        self.scene.cards[z] = place
        if a is None:
            rows[0] = (f"{clean(self.names[cell], _SHORT)} = z", "forward")
        else:
            self.scene.cards[a] = place
            self.scene.spots[a, "value"] = (place, 1)
            activation = activation_of(cell, _SHORT)
            rows.append((f"{clean(self.names[cell], _SHORT)} = {activation}", "forward"))
        self.scene.spots[z, "value"] = (place, 0)
        aim = self.aims.get(cell.output) or self.aims.get(z)
        if aim is not None:
            loss, target = aim
            known = target.data if isinstance(target, Value) else target
            self.aim_rows.setdefault(loss, []).append((place, len(rows), known))
            rows.append(("target", "forward"))
        self.scene.spots[z, "grad"] = (place, len(rows))
        rows.append((f"δ = ∂{clean(self.scene.shown[self.root], _SHORT)}/∂z", "backward"))
        if self._shared(cell.bias):
            self.bias_rows.setdefault(cell.bias, []).append((place, len(rows)))
            rows.append((f"∂{self._short(cell.bias)}", "backward"))
        tint = "output" if cell.output is self.root else "inner"
        panel = f"{layer_title(self.anatomy, cell)}"
        title = self.names[cell]
        if isinstance(cell.bias, Value):
            title += f" ({self._short(cell.bias)} {number(cell.bias.data)})"
        self.cards.append(Card(title, tint, tuple(rows), self.names[cell], panel))
        arrows = {arrow.position: arrow for arrow in self.scene.arrows[z]}
        for i, tail in enumerate(tails):
            for position in (i, len(tails) + i):
                if position in arrows:
                    self.scene.edges[arrows[position]] = len(self.edges)
            if i in arrows:
                self.weights[arrows[i]] = len(self.edges)
            self.edges.append(Edge(tail, place))

    def _input(self, cell: Cell, i: int, x: Any) -> int:
        """The card that an edge into a neuron starts at."""
        if isinstance(x, Value) and x in self.scene.cards:
            return self.scene.cards[x]
        key = (self.anatomy.call_of[cell], i)
        if not isinstance(x, Value) and key in self.inputs:
            return self.inputs[key]
        place = len(self.cards)
        title = forms.plain_name(clean(input_name(x, i), 3 * _SHORT))
        rows = [("value", "forward")]
        if isinstance(x, Value):
            self.scene.cards[x] = place
            self.scene.spots[x, "value"] = (place, 0)
            if x.role != "constant":
                rows.append(("grad", "backward"))
                self.scene.spots[x, "grad"] = (place, 1)
        else:
            self.inputs[key] = place
            self.floats.append((place, 0, float(x)))
        panel = "inputs" if cell.place.layer == 0 else ""
        self.cards.append(Card(title, "input", tuple(rows), title, panel))
        return place

    def _shared(self, bias: Any) -> bool:
        uses = [u for u in self.scene.uses.values() if u.arrow.parent is bias]
        return len(uses) > 1

    def _short(self, node: Value) -> str:
        return forms.plain_name(clean(self.scene.names[node], _SHORT))

    def _label(self, w: Value, gradient: float | None = None) -> tuple[tuple[str, str], ...]:
        lines = [(f"{self._short(w)} {number(w.data)}", "forward")]
        return tuple(lines if gradient is None else [*lines, (f"∂ {number(gradient)}", "backward")])

    # --- forward

    def start(self) -> Step:
        leaves = [node for node in self.order if node.op is None]
        numbers = [n for leaf in leaves for n in self.scene.write(leaf, "value", leaf.data)]
        labels = [(edge, self._label(arrow.parent)) for arrow, edge in self.weights.items()]
        note = "Inputs, weights and biases are known. Press → to run the forward pass."
        return Step(
            "start", "The start", note=note,
            numbers=(*numbers, *self.floats), labels=tuple(labels),
        )  # fmt: skip

    def forward(self) -> Iterator[Step]:
        for node in self.order:
            if node.op is None:
                continue
            step, cell = self.scene.compute(node), self.by_node.get(node)
            if cell is not None:
                part = "weighted sum" if node is cell.z else "activation"
                step = step._replace(title=f"Forward: {part} of {self.names[cell]}")
            yield step._replace(numbers=(*step.numbers, *self.aim_rows.get(node, ())))

    # --- backward

    def backward(self) -> Iterator[Step]:
        if self.root not in self.by_node:
            yield self.scene.seed()
        for node in self.scene.backwards:
            cell = self.by_node.get(node)
            if cell is not None and node is cell.z and self._arrives(cell):
                yield self.delta(cell)
            for obstacle, group in groupby(self.scene.arrows[node], self.scene.obstacle):
                arrows = list(group)
                if obstacle == "constant":  # targets and inputs: a network has too many to tell
                    continue
                if obstacle:
                    yield self.scene.skip(node, obstacle, arrows)
                elif cell is not None and node is cell.z:
                    yield from self.from_z(cell, arrows)
                else:
                    for arrow in arrows:
                        yield from self.pass_on(arrow)

    def _arrives(self, cell: Cell) -> bool:
        """Whether anything does: an exact 0.0 upstream is not handed on."""
        ends = (cell.z, cell.output)
        return self.root in ends or any(u.arrow.parent is cell.z for u in self.scene.uses.values())

    def from_z(self, cell: Cell, arrows: Sequence[Arrow]) -> Iterator[Step]:
        """What a neuron gives to its weights, its bias and to leaves that it reads."""
        for arrow in arrows:
            if arrow in self.weights or arrow.parent is cell.bias:
                if arrow in self.weights or self._shared(cell.bias):
                    yield self.gradient(cell, arrow)
            else:
                yield from self.pass_on(arrow)

    def pass_on(self, arrow: Arrow) -> Iterator[Step]:
        """One step, unless it leads to a neuron; a weight may be used outside of neurons, too."""
        if arrow.parent not in self.by_node:
            labels = self.borne(arrow.parent, self.scene.uses[arrow].total)
            yield self.scene.pass_on(arrow)._replace(labels=labels)

    def borne(
        self, w: Value, gradient: float
    ) -> tuple[tuple[int, tuple[tuple[str, str], ...]], ...]:
        """What every edge with this weight bears from now on."""
        edges = [edge for arrow, edge in self.weights.items() if arrow.parent is w]
        return tuple([(edge, self._label(w, gradient)) for edge in edges])

    def done(self) -> Step:
        ways = [
            borne
            for w in dict.fromkeys(arrow.parent for arrow in self.weights)
            for borne in self.borne(w, self.scene.gradients[w])
            if w.role != "constant"
        ]
        return self.scene.done()._replace(labels=tuple(ways))

    def delta(self, cell: Cell) -> Step:
        """δ = (the sum of what arrives at a) × slope; without an activation the sum alone."""
        scene, z, a = self.scene, cell.z, cell.a
        uses = [use for use in scene.uses.values() if use.arrow.parent is z]
        slope = uses[0].arrow if len(uses) == 1 and uses[0].arrow.node is a else None
        if slope is not None:
            uses = [use for use in scene.uses.values() if use.arrow.parent is a]
        end = a if slope is not None and a is not None else z
        terms = [self.arrival(use) for use in uses]
        if end is self.root:
            terms.insert(0, Term(1.0, f"∂{self.scene.shown[end]}/∂{scene.shown[end]}", "backward"))
        if len(terms) > _MANY:
            terms = [*terms[:3], Term("…", kind="letters"), terms[-1]]
        summed = [part for term in terms for part in (PLUS, term)][1:]
        name = self.names[cell]
        equation = [Term(f"δ({name})", "delta"), EQUALS, *summed]
        if slope is not None:
            if len(terms) > 1:
                equation[2:] = [Term("(", kind="sign"), *summed, Term(")", kind="sign")]
            letters = scene.letters(slope)
            words = f"slope {letters}" if letters else "slope"
            equation += [TIMES, Term(slope.partial or 0.0, words, "local")]
        if len(equation) > 3 or isinstance(equation[2].text, str):
            equation += [EQUALS, Term(scene.gradients[z], f"δ({name})", "backward")]
        heads = [use.arrow.node for use in uses]
        return Step(
            "backward",
            f"Backward: δ of {name}",
            tuple(equation),
            self._about(cell, len(terms)),
            lit=(scene.cards[z],),
            sources=tuple(dict.fromkeys(scene.cards[n] for n in heads if n is not a)),
            edges=tuple(dict.fromkeys(scene.drawn([use.arrow for use in uses]))),
            numbers=scene.write(z, "grad", scene.gradients[z]),
        )

    def _about(self, cell: Cell, count: int) -> str:
        name, root = self.names[cell], self.scene.shown[self.root]
        note = f"δ is ∂{root}/∂z: how fast {root} grows with the weighted sum."
        if count > 1:
            note = f"{name} is used {count} times, so what arrives is a sum over {count} paths."
        if isinstance(cell.bias, Value) and not self._shared(cell.bias):
            bias = self._short(cell.bias)
            note += f" The bias is added to z, so ∂{root}/∂{bias} = δ({name})."
        return note

    def arrival(self, use: Use) -> Term:
        """One path by which a gradient arrives at a neuron: w·δ, or the loss's derivative."""
        arrow, names = use.arrow, self.scene.shown
        y, local = arrow.node, _bracketed(arrow.partial or 0.0)
        cell = self.by_node.get(y)
        if use.upstream == 1.0 and y is self.root:
            return Term(use.product, self.scene.local(arrow), "backward")
        text = f"{local} × {_bracketed(use.upstream)}"
        if cell is not None and y is cell.z:
            w = y.parents[arrow.position - len(cell.inputs)]
            weight = self._short(w) if isinstance(w, Value) else number(float(w))
            return Term(text, f"{weight}·δ({self.names[cell]})", "backward small")
        return Term(text, f"{self.scene.local(arrow)} × {names[y]}.grad", "backward small")

    def gradient(self, cell: Cell, arrow: Arrow) -> Step:
        """∂E/∂w = δ × what the weight multiplies; of a bias that is 1."""
        use, p, scene = self.scene.uses[arrow], arrow.parent, self.scene
        name, root = self._short(p), scene.shown[self.root]
        equation = [
            Term(f"∂{root}/∂{name}", "gradient"), Term("+=", kind="sign") if use.of > 1 else EQUALS,
            Term(use.upstream, f"δ({self.names[cell]})", "backward"),
        ]  # fmt: skip
        if arrow in self.weights:
            x = cell.inputs[arrow.position]
            source = cell.sources[arrow.position]
            shown = scene.shown[x] if isinstance(x, Value) else forms.plain_name(f"x{source + 1}")
            words = f"{shown}, the input of {name}"
            equation += [TIMES, Term(arrow.partial or 0.0, words, "forward"), EQUALS]
            words = "this path" if use.of > 1 else f"∂{root}/∂{name}"
            equation.append(Term(use.product, words, "backward"))
        further, note = scene.sum_of_paths(use, f"∂{root}/∂{name} so far")
        rows = [(*row, use.total) for row in self.bias_rows.get(p, ())]
        return Step(
            "backward",
            f"Backward: gradient of {name}",
            (*equation, *further),
            note,
            sources=(scene.cards[cell.z],),
            edges=(self.weights[arrow],) if arrow in self.weights else (),
            numbers=(*scene.write(p, "grad", use.total), *rows),
            labels=self.borne(p, use.total),
        )


def _bracketed(x: float) -> str:
    text = number(x)
    return f"({text})" if text.startswith("−") else text
