"""The one topological order, and the sweep of cotangents along it.

Iterative, so that depth is no limit; deterministic, so that gradients have the same bits in
every process. Marks and cotangents stand in the nodes themselves, which is what makes the
sweep fast, and why one lock is held by every traversal.
"""

from __future__ import annotations

from collections import deque
from itertools import chain, count, repeat
from operator import attrgetter, ne
from threading import RLock

from autograd_lite.errors import GraphError

TYPE_CHECKING = False  # importing typing would cost half of our import time
if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence
    from typing import Any

    from autograd_lite.value import Value

_NO_NODE = (float, type(None))  # what stands in a slot beside nodes: a constant, or nothing
_lock = RLock()


def exclusive() -> RLock:
    """The lock of all traversals: marks and cotangents stand in the shared nodes.

    Raises GraphError where this thread holds it already (a signal handler inside a sweep).
    """
    if _lock._is_owned():  # type: ignore[attr-defined]  # threading.Condition asks the same
        raise GraphError("a traversal by this thread is still running; let it end first")
    return _lock


def topological(*roots: Value, until: Sequence[Value] = ()) -> list[Value]:
    """Every node that leads to the roots, parents before children, each once.

    Depth first along first parents, second parents on the way up: the same order in
    every process. The nodes in `until`, and what only they depend on, are left out.
    Raises GraphError for a graph with a cycle (made by hand).

    >>> from autograd_lite import Value
    >>> a = Value(1.0, label="a"); b = a + 1.0; b.label = "b"
    >>> [node.label for node in topological(a * b)]
    ['a', 'b', None]
    """
    with exclusive():
        token = object()
        for node in until:
            node.mark, node.cot = token, 0.0
        order: list[Value] = []
        for root in roots:
            _visit(root, token, order, order, recorded=True)
        return order


class Numbered:
    """A graph by number: the given leaves, then the nodes in topological order, then other leaves.

    nodes    the nodes
    leaves   the leaves that were not given
    missing  the given leaves that no root depends on
    repeated whether a leaf was given twice
    a, b     per node the number of its operand in that slot, -1 where none stands there
    many     per position in `nodes` of a row of many arguments their numbers, -1 for constants
    roots    the numbers of the roots
    """

    def __init__(
        self, nodes: list[Value], leaves: list[Value], missing: list[Value], repeated: bool,
        a: list[int], b: list[int], many: dict[int, list[int]], roots: list[int],
    ) -> None:  # fmt: skip
        self.nodes = nodes
        self.leaves = leaves
        self.missing = missing
        self.repeated = repeated
        self.a = a
        self.b = b
        self.many = many
        self.roots = roots


def numbered(roots: Sequence[Value], given: Sequence[Value]) -> Numbered:
    """The numbers of all operands, in a few passes whose loops run in C.

    Numbers stand where the marks stood: that touches far less memory than a dict would.
    """
    with exclusive():
        token = object()
        visited: list[Value] = []
        nodes: list[Value] = []
        for root in roots:
            _visit(root, token, visited, nodes, recorded=True)
        missing = [leaf for leaf in given if leaf.mark is not token]
        known = object()
        deque(map(setattr, given, repeat("mark"), repeat(known)), maxlen=0)
        leaves = [leaf for leaf in visited if leaf.mark is not known]
        deque(map(setattr, chain(given, nodes, leaves), repeat("mark"), count()), maxlen=0)
        repeated = any(map(ne, map(attrgetter("mark"), given), count()))
        mark, none = repeat("mark"), repeat(-1)
        of_a = list(map(getattr, [node.a for node in nodes], mark, none))
        empty = [i for i, number in enumerate(of_a) if number < 0] if -1 in of_a else []
        return Numbered(
            nodes, leaves, missing, repeated,
            of_a,
            list(map(getattr, [node.b for node in nodes], mark, none)),
            {i: list(map(getattr, nodes[i].b, mark, none))
             for i in empty if nodes[i].a is None},
            list(map(getattr, roots, mark)),
        )  # fmt: skip


def sweep(root: Value, seed: float) -> tuple[list[Value], list[Value]]:
    """The leaves and the interior nodes below root, their `cot` the cotangents.

    Follows only edges with a derivative. The caller holds `exclusive()`.
    """
    leaves: list[Value] = []
    nodes: list[Value] = []
    _visit(root, object(), leaves, nodes, recorded=False)
    root.cot = seed
    for node in reversed(nodes):
        g = node.cot
        if not g:  # the strong zero: an exact 0.0 propagates nothing
            continue
        if node.a is None:
            for parent, d in zip(node.b, node.db):
                if d is not None:
                    parent.cot += g * d
            continue
        d = node.da
        if d is not None:
            node.a.cot += g * d
        d = node.db
        if d is not None:
            node.b.cot += g * d
    return leaves, nodes


def _visit(
    root: Value, token: object, leaves: list[Value], nodes: list[Value], recorded: bool
) -> None:
    """Append in topological order what leads to root.

    With `recorded` also along edges that have no derivative.
    """
    if root.mark is token:
        return
    path: list[Value] = []
    pending: list[Iterator[Any]] = []  # one iterator per row of many arguments on the path
    node = root
    while True:
        # down along first parents
        while node.mark is not token:
            node.mark = token
            if node.op is None:
                node.cot = 0.0
                leaves.append(node)
                break
            node.cot = None  # until it is complete: meeting it again means a cycle
            path.append(node)
            if node.da is not None:
                node = node.a
            elif node.a is None:
                pending.append(_edges(node, recorded))
                break
            elif recorded and type(node.a) not in _NO_NODE:
                node = node.a
            else:
                break
        else:
            if node.cot is None:
                raise GraphError(f"the graph has a cycle through {node!r}: a node was rewired")
        # up, until a parent is found that was not visited
        while path:
            node = path[-1]
            if node.a is None:
                for parent in pending[-1]:
                    if parent.mark is not token or parent.cot is None:
                        node = parent
                        break
                else:
                    pending.pop()
                    path.pop()
                    node.cot = 0.0
                    nodes.append(node)
                    continue
                break
            if node.db is not None or (recorded and type(node.b) not in _NO_NODE):
                parent = node.b
                if parent.mark is not token or parent.cot is None:
                    node = parent
                    break
            path.pop()
            node.cot = 0.0
            nodes.append(node)
        else:
            return


def _edges(node: Value, recorded: bool) -> Iterator[Value]:
    """The parents of a row of many arguments that the traversal goes to."""
    if recorded:
        return iter([p for p in node.b if type(p) not in _NO_NODE])
    return iter([p for p, d in zip(node.b, node.db) if d is not None])


def has_variables(root: Value) -> bool:
    """Whether a leaf that could receive a gradient was recorded at all."""
    leaves: list[Value] = []
    _visit(root, object(), leaves, [], recorded=True)
    return any(leaf.b != "constant" for leaf in leaves)
