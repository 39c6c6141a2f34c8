"""What the label of a neuron's nodes knows beside its text: which neuron of which network.

A stamp is made once per neuron; a call only assigns it, so that a graph knows its layers and
neurons at the cost of a plain label. Whoever relabels a node takes its stamp off.
"""

from __future__ import annotations

from typing import Any, NamedTuple


class Place(NamedTuple):
    """Where a neuron stands.

    net          an object of its own for every network, copied along with it
    layer, unit  from 0; the first layer of neurons is 0, the last one depth - 1
    name         the neuron's name
    sources      from which nodes of the layer before its weights lead here
    activation   the row's name, "softmax", or None for the identity
    """

    net: object
    layer: int
    depth: int
    unit: int
    name: str
    sources: tuple[int, ...]
    activation: str | None


class Stamp(str):
    """A label with its neuron's place; it equals, prints and hashes as the plain text.

    >>> label = Stamp("z(h1)", Place(object(), 0, 2, 0, "h1", (0, 1), "tanh"))
    >>> label, label == "z(h1)", label.place.unit
    ('z(h1)', True, 0)
    """

    place: Place

    def __new__(cls, text: str, place: Place) -> Stamp:
        """The text that carries a place."""
        stamp = super().__new__(cls, text)
        stamp.place = place
        return stamp

    def __reduce__(self) -> tuple[Any, ...]:
        return (Stamp, (str(self), self.place))
