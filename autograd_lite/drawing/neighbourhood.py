"""Which nodes a picture shows: all, or what lies near a node. Never a sample."""

from __future__ import annotations

from itertools import islice
from typing import TYPE_CHECKING, NamedTuple, TypeVar

from autograd_lite.errors import NotInGraphError
from autograd_lite.value import Value

if TYPE_CHECKING:
    from collections.abc import Callable, Hashable, Iterator, Sequence

T = TypeVar("T", bound="Hashable")


class Neighbourhood(NamedTuple):
    """The nodes to draw in topological order, and what was cut at their borders.

    cut_operands and cut_uses count, per drawn node, the edges from and to undrawn ones.
    """

    nodes: list[Value]
    cut_operands: dict[Value, int]
    cut_uses: dict[Value, int]


def operands(node: Value) -> list[Value]:
    """The parents that are Values, an operand used twice standing twice."""
    return [p for p in node.parents if isinstance(p, Value)]


def select(
    order: Sequence[Value], around: Value | None, hops: int, max_nodes: int
) -> Neighbourhood:
    """What to draw of a graph in topological order, whose last node is the root.

    The whole graph where it has at most max_nodes, else what lies within hops of the root.
    With `around`: what lies within hops of it, and on its way to the root. The nearest
    max_nodes of them, in the order of a breadth-first search, but at least `around` itself
    and the root.
    Raises NotInGraphError where the root does not depend on `around`.

    >>> x = Value(1.0)
    >>> y = x + 1.0
    >>> z = y * x
    >>> found = select([x, y, z], None, hops=1, max_nodes=2)
    >>> [node is z for node in found.nodes], found.cut_operands[z]
    ([False, True], 1)
    """
    root = order[-1]
    if around is None and len(order) <= max_nodes:
        return Neighbourhood(list(order), {}, {})
    users: dict[Value, list[Value]] = {node: [] for node in order}
    for node in order:
        for p in operands(node):
            users[p].append(node)
    if around is None:
        chosen = dict.fromkeys(islice(nearest(root, operands, hops), max_nodes))
    elif around in users:
        near = nearest(around, lambda node: [*operands(node), *users[node]], hops)
        onward = nearest(around, users.__getitem__, len(order))
        chosen = {around: None, root: None}
        for node in (*near, *onward):
            if len(chosen) >= max_nodes:
                break
            chosen[node] = None
    else:
        raise stranger(root, around)
    nodes = [node for node in order if node in chosen]
    return Neighbourhood(
        nodes,
        {node: sum(p not in chosen for p in operands(node)) for node in nodes},
        {node: sum(user not in chosen for user in users[node]) for node in nodes},
    )


def stranger(root: Value, around: Value) -> NotInGraphError:
    """The error for a node that the root does not depend on."""
    return NotInGraphError(
        f"draw: the root {root!r} does not depend on around={around!r}; was it created "
        "after the forward pass, or does it belong to another graph?"
    )


def nearest(start: T, neighbours: Callable[[T], Sequence[T]], hops: int) -> Iterator[T]:
    """What lies within so many steps, breadth first."""
    seen = {start}
    ring = [start]
    for _ in range(hops + 1):
        yield from ring
        following = [n for node in ring for n in neighbours(node)]
        ring = [n for n in dict.fromkeys(following) if n not in seen]
        seen.update(ring)
        if not ring:
            return
