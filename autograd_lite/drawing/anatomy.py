"""The neurons in a graph: found by the stamps of `nn`, sorted into layers, calls and samples.

A network may be called several times. A call whose result goes into another call of the same
network is a step before it; calls side by side are samples. What a user relabels is found
from its neighbours: z by its activation, the activation by its z, an output without an
activation by the hidden layer it reads.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from autograd_lite import ops
from autograd_lite.deltas import ON_LOGITS, ON_OUTPUTS
from autograd_lite.drawing.calls import Call, Cell, calls_of
from autograd_lite.drawing.neighbourhood import operands
from autograd_lite.stamp import Place, Stamp
from autograd_lite.value import Value

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Mapping, Sequence


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
        preferred = 0 if around is None else self._served(around)
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

    def _served(self, around: Value) -> int:
        """The bits of the calls that a node depends on, or that depend on it.

        A target has neither: its loss does, the first node of any call that it leads to.
        """
        reached = {around}
        bits = self.masks[around]
        first = 0
        for node in self.order:
            if not reached.isdisjoint(operands(node)) or node is around:
                reached.add(node)
                first = first or self.masks[node]
                if node in self.cells:
                    bits |= self.call_of[self.cells[node]].bit
        return bits or first


def dissect(order: Sequence[Value]) -> Anatomy | None:
    """The anatomy of a graph in topological order; None where no neuron is in it."""
    cells = _cells(order)
    if not cells:
        return None
    by_node = {node: cell for cell in cells for node in (cell.z, cell.output)}
    calls = calls_of(cells, by_node)
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
