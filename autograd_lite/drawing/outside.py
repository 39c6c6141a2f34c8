"""A sketch that grows around a network: losses, penalties, whatever a user computes.

A few operations stand for themselves; many that hang together and depend on the same
neurons become one box.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from autograd_lite.drawing.anatomy import targets
from autograd_lite.drawing.captions import caption, derivatives
from autograd_lite.drawing.neighbourhood import operands
from autograd_lite.drawing.sketch import Box, Link, Row, Sketch
from autograd_lite.forms import plain_name
from autograd_lite.sets import Sets

if TYPE_CHECKING:
    from collections.abc import Hashable, Iterable, Mapping, Sequence

    from autograd_lite.value import Value


class Plan:
    """Boxes by the nodes that they show, and the order they stand in.

    nodes   what is drawn, in topological order, the root last
    names   of these nodes and their operands
    inner   the nodes that make neurons
    few     so many operations that hang together stand for themselves
    """

    def __init__(
        self, nodes: Sequence[Value], names: Mapping[Value, str], inner: set[Value], few: int
    ) -> None:
        self.nodes = nodes
        self.names = names
        self.places = {node: i for i, node in enumerate(nodes)}
        self.inner = inner
        self.few = few
        self.links: list[Link] = []
        self.boxes: dict[Value, Box] = {}
        self._keys: dict[Box, tuple[int, ...]] = {}
        self._bare: set[Box] = set()
        self._linked: set[tuple[Box, Box]] = set()
        self._cut: dict[Box, int] = {}

    def put(self, box: Box, nodes: Iterable[Value], *key: int, bare: bool = False) -> Box:
        """A box that shows these nodes; boxes are sorted by key, links to a bare one too bare."""
        self._keys[box] = key
        self.boxes |= dict.fromkeys(nodes, box)
        if bare:
            self._bare.add(box)
        return box

    def arrow(self, tail: Box, head: Box) -> None:
        """A link that bears nothing, once for every pair."""
        if tail is not head and (tail, head) not in self._linked:
            self._linked.add((tail, head))
            self.links.append(Link(tail, head))

    def sketch(self) -> Sketch:
        """What has been put together."""
        boxes = sorted(self._keys, key=self._keys.__getitem__)
        return Sketch(boxes, self.links, cut_operands=self._cut)

    def surround(self, depends_on: Mapping[Value, Hashable]) -> None:
        """Boxes for all operations outside neurons, for the leaves they need, and their links.

        Operations that hang together may become one box where depends_on is equal for them.
        """
        outer = [node for node in self.nodes if node.op and node not in self.inner]
        free = set(outer)
        sets = Sets()
        for node in outer:
            for p in operands(node):
                if p in free and depends_on[p] == depends_on[node]:
                    sets.join(p, node)
        groups: dict[Hashable, list[Value]] = {}
        for node in outer:
            groups.setdefault(sets.find(node), []).append(node)
        aims = {(loss, t) for loss, _, t in targets(outer)}
        for group in groups.values():
            if len(group) > self.few:
                self._gather(group)
                continue
            for node in group:
                for p in operands(node):
                    if p.op is None and (node, p) not in aims:
                        self.single(p)
                self.single(node)
        for node in outer:
            self._link(node)

    def single(self, node: Value) -> None:
        """A box for one value, unless it has one or is not drawn."""
        if node not in self.boxes and node in self.places:
            title, rows = caption(node, self.names)
            tint = "output" if node is self.nodes[-1] else node.role
            self.put(Box(title, rows, tint), [node], self.places[node])

    def _gather(self, group: Sequence[Value]) -> None:
        """One box for many operations, with the numbers of the one whose result is used."""
        inside, root = set(group), self.nodes[-1]
        used = {p for node in self.nodes if node not in inside for p in operands(node)}
        results = [node for node in group if node in used or node is root]
        title = f"{len(group):,} operations"
        rows = caption(results[0], self.names)[1] if len(results) == 1 else []
        if rows and (results[0].label or results[0] is root):
            rows.append(Row("operations", f"{len(group):,}", "muted"))
            title = plain_name(self.names[results[0]])
        tint = "output" if root in inside else None
        self.put(Box(title, rows, tint), group, self.places[group[-1]], bare=True)

    def _link(self, node: Value) -> None:
        """The links into an operation, with derivatives between boxes of one value."""
        head = self.boxes[node]
        alone = head not in self._bare
        every = derivatives(node, self.names) if alone else ((p, "") for p in operands(node))
        for p, text in every:
            tail = self.boxes.get(p)
            if p not in self.places:
                if alone:
                    self._cut[head] = self._cut.get(head, 0) + 1
            elif tail is not None and alone and tail not in self._bare:
                self.links.append(Link(tail, head, text, dashed=not text))
            elif tail is not None:
                self.arrow(tail, head)
