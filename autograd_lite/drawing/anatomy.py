"""The neurons in a graph: found by the stamps of `nn`, sorted into layers, calls and samples.

A network may be called several times. A call whose result goes into another call of the same
network is a step before it; calls side by side are samples. What a user relabels is found
from its neighbours: z by its activation, the activation by its z, an output without an
activation by the hidden layer it reads.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

from autograd_lite import ops
from autograd_lite.deltas import ON_LOGITS, ON_OUTPUTS
from autograd_lite.drawing.neighbourhood import operands
from autograd_lite.stamp import Place, Stamp
from autograd_lite.value import Value

if TYPE_CHECKING:
    from collections.abc import Hashable, Iterable, Iterator, Mapping, Sequence


@dataclass(eq=False)
class Cell:
    """One neuron in one call; a is None where the graph goes on from z alone."""

    place: Place
    z: Value
    a: Value | None

    @property
    def output(self) -> Value:
        """What the next layer reads."""
        return self.z if self.a is None else self.a

    @property
    def activation(self) -> str | None:
        """The activation's name, None for the identity; the user may have changed it since."""
        return self.place.activation if self.a is None or not self.a.op else self.a.op.name

    @property
    def weights(self) -> tuple[Any, ...]:
        """The weights, in the order of `inputs`."""
        return self.z.parents[: len(self.z.parents) // 2]

    @property
    def inputs(self) -> tuple[Any, ...]:
        """What the weights multiply, Values or floats."""
        return self.z.parents[len(self.z.parents) // 2 : -1]

    @property
    def bias(self) -> Any:
        """A Value, or 0.0 for none."""
        return self.z.parents[-1]

    @property
    def sources(self) -> Sequence[int]:
        """The number of the node before that each input is; weights may be gone since."""
        count = len(self.weights)
        return self.place.sources if len(self.place.sources) == count else range(count)


@dataclass(eq=False)
class Call:
    """The neurons of one call of one network.

    bit     its own in every mask of calls
    before  the bits of the calls of the same network that it depends on
    step    0, or one more than the last of these
    """

    bit: int
    cells: list[Cell] = field(default_factory=list)
    before: int = 0
    step: int = 0

    @property
    def net(self) -> object:
        """The network's own object."""
        return self.cells[0].place.net


@dataclass(eq=False)
class Anatomy:
    """A graph with neurons.

    masks   per node the bits of the calls it depends on, or is part of
    cells   by z and by a
    """

    order: Sequence[Value]
    calls: list[Call]
    masks: Mapping[Value, int]
    cells: Mapping[Value, Cell]
    call_of: Mapping[Cell, Call]

    @property
    def samples(self) -> int:
        """How many calls of one network stand side by side."""
        return max(map(len, self._starts().values()))

    def _starts(self) -> dict[object, list[Call]]:
        """Per network the calls that no other call of it leads to."""
        starts: dict[object, list[Call]] = {}
        for call in self.calls:
            if not call.step:
                starts.setdefault(call.net, []).append(call)
        return {
            net: calls[:1] if self._meet(net, calls) else calls for net, calls in starts.items()
        }

    def _meet(self, net: object, starts: list[Call]) -> bool:
        """Whether a later call reads two of them: they are parts of one sample."""
        bits = sum(call.bit for call in starts)
        return any((call.before & bits).bit_count() > 1 for call in self.calls if call.net is net)

    def one_sample(self, around: Value | None) -> tuple[set[Value], int]:
        """The nodes of the first sample, or of the one that `around` belongs to, and its number.

        What depends on other samples alone, or serves them alone, is left out.
        """
        preferred = 0 if around is None else self.masks[around] | self._uses(around)
        shown, number = 0, 1
        for net, starts in self._starts().items():
            others = sum(call.bit for call in starts)
            picked = next((call for call in starts if call.bit & preferred), starts[0])
            if len(starts) > 1:
                number = starts.index(picked) + 1
            for call in self.calls:
                if call.net is net and not (call.before | call.bit) & others & ~picked.bit:
                    shown |= call.bit
        visible: set[Value] = set()
        used = {self.order[-1]}
        for node in reversed(self.order):
            cell = self.cells.get(node)
            mask = self.masks[node] if cell is None else self.call_of[cell].bit
            if node in used and (not mask or mask & shown):
                visible.add(node)
                used.update(operands(node))
        return visible, number

    def _uses(self, around: Value) -> int:
        """The bits of the calls that depend on a node, where not all of them do."""
        reached = {around}
        bits = 0
        for node in self.order:
            if not reached.isdisjoint(operands(node)) or node is around:
                reached.add(node)
                if node in self.cells:
                    bits |= self.call_of[self.cells[node]].bit
        return bits


def dissect(order: Sequence[Value]) -> Anatomy | None:
    """The anatomy of a graph in topological order; None where no neuron is in it."""
    cells = _cells(order)
    if not cells:
        return None
    by_node = {node: cell for cell in cells for node in (cell.z, cell.output)}
    calls = _calls(cells, by_node)
    call_of = {cell: call for call in calls for cell in call.cells}
    masks: dict[Value, int] = {}
    for node in order:
        mask = 0
        for p in operands(node):
            mask |= masks[p]
        if node in by_node:
            call = call_of[by_node[node]]
            call.before |= mask & ~call.bit
            mask |= call.bit
        masks[node] = mask
    own: dict[object, int] = {}
    for call in calls:
        own[call.net] = own.get(call.net, 0) | call.bit
    for call in calls:
        call.before &= own[call.net]
    for call in sorted(calls, key=lambda call: call.before.bit_count()):
        earlier = [other.step for other in calls if call.before & other.bit] if call.before else []
        call.step = 1 + max(earlier, default=-1)
    return Anatomy(order, calls, masks, by_node, call_of)


def targets(order: Iterable[Value]) -> Iterator[tuple[Value, Value, Any]]:
    """(loss, output, target) wherever the row of a loss compares the two."""
    for node in order:
        if node.op in ON_OUTPUTS or node.op in ON_LOGITS:
            half = len(node.parents) // 2
            for y, t in zip(node.parents[:half], node.parents[half:]):
                if isinstance(y, Value):
                    yield node, y, t


def _cells(order: Sequence[Value]) -> list[Cell]:
    places: dict[Value, Place] = {}
    activated: dict[Value, Value] = {}
    for node in order:
        stamped = node.label.place if isinstance(node.label, Stamp) else None
        if node.op is ops.dot:
            if stamped:
                places[node] = stamped
            continue
        z = node.parents[0] if node.op else None
        if isinstance(z, Value) and z.op is ops.dot:
            place = stamped or places.get(z)
            known = place and node.op and place.activation == node.op.name
            if place and (known or (stamped and node.op and node.op.arity == 1)):
                places.setdefault(z, place)
                if stamped or z not in activated:
                    activated[z] = node
    found = {z: Cell(places[z], z, activated.get(z)) for z in order if z in places}
    return [*found.values(), *_relabelled(order, found)]


def _relabelled(order: Sequence[Value], found: Mapping[Value, Cell]) -> list[Cell]:
    """Outputs without an activation that bear a user's label: they read the last hidden layer."""
    by_output = {cell.output: cell for cell in found.values()}
    siblings: dict[Any, set[int]] = {}
    for cell in found.values():
        if cell.inputs:
            siblings.setdefault(cell.inputs[0], set()).add(cell.place.unit)
    cells = []
    for z in order:
        if z.op is not ops.dot or z in found:
            continue
        half = len(z.parents) // 2
        weights, inputs = z.parents[:half], z.parents[half:-1]
        before = [by_output.get(x) if isinstance(x, Value) else None for x in inputs]
        if not before or before[0] is None or None in before:
            continue
        net, layer, depth = before[0].place[:3]
        same = {(c.place.net, c.place.layer) for c in before if c} == {(net, layer)}
        if not same or layer != depth - 2 or not all(map(_is_parameter, weights)):
            continue
        units = siblings.setdefault(inputs[0], set())
        unit = next(k for k in range(len(units) + 1) if k not in units)
        units.add(unit)
        sources = tuple(c.place.unit for c in before if c)
        place = Place(net, layer + 1, depth, unit, f"o{unit + 1}", sources, None)
        cells.append(Cell(place, z, None))
    return cells


def _is_parameter(w: Any) -> bool:
    return isinstance(w, Value) and w.role == "parameter"


class Sets:
    """Disjoint sets; `join` makes one of two.

    Source: Galler and Fischer (1964), with path halving.
    """

    def __init__(self) -> None:
        self._above: dict[Hashable, Hashable] = {}

    def find(self, x: Hashable) -> Hashable:
        """The member that stands for the whole set of x."""
        above = self._above
        while above.setdefault(x, x) != x:
            above[x] = above.setdefault(above[x], above[x])
            x = above[x]
        return x

    def join(self, a: Hashable, b: Hashable) -> None:
        """Make one set of two."""
        self._above[self.find(b)] = self.find(a)


def _calls(cells: Sequence[Cell], by_node: Mapping[Value, Cell]) -> list[Call]:
    """Neurons that read one another, or share a softmax, belong to one call."""
    sets = Sets()
    for cell in cells:
        peers = cell.a.parents if cell.a is not None and cell.place.activation == "softmax" else ()
        for x in (*cell.inputs, *peers):
            other = by_node.get(x) if isinstance(x, Value) else None
            if other and other.place.net is cell.place.net:
                layers = cell.place.layer - other.place.layer
                if layers == 1 or (layers == 0 and x in peers):
                    sets.join(other, cell)
    parts: dict[Hashable, list[Cell]] = {}
    for cell in cells:
        parts.setdefault(sets.find(cell), []).append(cell)
    calls: list[Call] = []
    seats: dict[Hashable, list[tuple[Call, dict[Hashable, Any]]]] = {}
    for part in parts.values():
        # a part takes the first call of its network where its neurons and inputs fit in
        own: dict[Hashable, Any] = {(c.place.layer, c.place.unit): c for c in part}
        for c in part:
            if not c.place.layer:
                own |= {("x", i): x for i, x in zip(c.sources, c.inputs)}
        waiting = seats.setdefault(part[0].place.net, [])
        fitting = (
            seat
            for seat in waiting
            if all(k not in seat[1] or _equal(seat[1][k], x) for k, x in own.items())
        )
        seat = next(fitting, None)
        if seat is None:
            seat = (Call(1 << len(calls)), {})
            calls.append(seat[0])
            waiting.append(seat)
        seat[0].cells += part
        seat[1].update(own)
    return calls


def _equal(a: Any, b: Any) -> bool:
    """Whether two inputs are one: the same node, or the same number."""
    return a is b or (type(a) is type(b) is float and a == b)
