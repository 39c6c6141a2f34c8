"""The ways a derivative takes through a graph, counted before any is listed.

Their number doubles with every reuse, so it grows exponentially with depth; counting them
takes one pass along the topological order.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, NamedTuple

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping, Sequence

    from autograd_lite.value import Value


class Edge(NamedTuple):
    """One operand of a node, by its position: `a + a` has two edges to a."""

    node: Value
    position: int

    @property
    def parent(self) -> Value:
        """The operand."""
        return self.node.parents[self.position]  # type: ignore[no-any-return]  # any world

    @property
    def partial(self) -> float:
        """The recorded local derivative."""
        return self.node.partials[self.position]  # type: ignore[return-value]  # an edge has one


def path_counts(order: Sequence[Value], start: Value) -> dict[Value, float]:
    """The number of paths from start to each node that it reaches along derivatives.

    `order` is topological. The numbers are exact below 2**53, then rounded; beyond 1e308 inf.

    >>> from autograd_lite import Value, topological
    >>> a = Value(3.0)
    >>> b = a + a
    >>> c = b * b
    >>> path_counts(topological(c), a)[c]
    4.0
    """
    counts = {start: 1.0}
    for node in order:
        ways = 0.0
        for parent, d in zip(node.parents, node.partials):
            if d is not None:
                ways += counts.get(parent, 0.0)
        if ways:
            counts[node] = ways
    return counts


def paths(root: Value, start: Value, counts: Mapping[Value, float]) -> Iterator[list[Edge]]:
    """Every path from root down to start, first operands first; needs `path_counts`.

    >>> from autograd_lite import Value, topological
    >>> a = Value(3.0)
    >>> b = a * a
    >>> [[edge.position for edge in p] for p in paths(b, a, path_counts(topological(b), a))]
    [[0], [1]]
    """
    if root is start:
        yield []
        return
    path: list[Edge] = []
    pending = [iter(_edges_towards(root, counts))]
    while pending:
        edge = next(pending[-1], None)
        if edge is None:
            pending.pop()
            if path:
                path.pop()
        elif edge.parent is start:
            yield [*path, edge]
        else:
            path.append(edge)
            pending.append(iter(_edges_towards(edge.parent, counts)))


def uses(order: Sequence[Value], start: Value) -> list[Edge]:
    """The edges by which start is used in a graph, in topological order."""
    return [edge for node in order for edge in _edges_towards(node, {start: 1.0})]


def stops(order: Sequence[Value], counts: Mapping[Value, float]) -> list[Value]:
    """The nodes where a derivative on its way from start ends: a relu that is off, a step."""
    return [
        node
        for node in order
        if any(d is None and p in counts for p, d in zip(node.parents, node.partials))
    ]


def _edges_towards(node: Value, below: Mapping[Value, float]) -> list[Edge]:
    """The edges of a node, with a derivative, to the nodes in `below`."""
    return [
        Edge(node, i)
        for i, (parent, d) in enumerate(zip(node.parents, node.partials))
        if d is not None and parent in below
    ]
