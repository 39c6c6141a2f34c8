"""Neurons and the calls they belong to: one call of a network is one neuron of each place."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

from autograd_lite.sets import Sets
from autograd_lite.value import Value

if TYPE_CHECKING:
    from collections.abc import Hashable, Mapping, Sequence

    from autograd_lite.stamp import Place


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


def calls_of(cells: Sequence[Cell], by_node: Mapping[Value, Cell]) -> list[Call]:
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
