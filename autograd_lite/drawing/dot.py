"""`draw`: a graph as DOT text, one box per value, per neuron or per layer.

At op level every box shows a value's formula, value and gradient, every edge the local
derivative, in letters and as the recorded number; nodes are tinted by role. The same graph
gives the same bytes in every run.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from autograd_lite import forms, formula
from autograd_lite.counts import checked_count
from autograd_lite.drawing.anatomy import dissect
from autograd_lite.drawing.arguments import check_choice, check_root
from autograd_lite.drawing.captions import caption, derivatives, not_swept, printable
from autograd_lite.drawing.escaping import quoted
from autograd_lite.drawing.levels import coarse
from autograd_lite.drawing.neighbourhood import Neighbourhood, operands, select
from autograd_lite.drawing.render import Drawing
from autograd_lite.drawing.sketch import body, card, heading, stub
from autograd_lite.drawing.themes import THEMES, Theme
from autograd_lite.traversal import topological
from autograd_lite.value import Value

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping, Sequence

__all__ = ["LEVELS", "THEMES", "Theme", "draw"]

LEVELS = ("auto", "op", "neuron", "layer")


def draw(
    root: Value,
    level: str = "auto",
    around: Value | None = None,
    hops: int = 2,
    max_nodes: int = 200,
    theme: str = "light",
) -> Drawing:
    """The graph that leads to root as a picture: a graphviz.Digraph, shown in notebooks.

    level      "op": one box per value; "neuron": one per neuron of an `nn` model, with z, a
               and δ, and a weight with its gradient on every link; "layer": one per layer,
               with means over all samples; "auto": "neuron" where an `nn` model took part,
               else "op"
    around     draw what lies within `hops` boxes of this node, and on its way to the root
    max_nodes  a larger picture (boxes, and what stands on links) is drawn at the next coarser
               level; where there is none, or with `around`, the nearest boxes are drawn, at
               least those of `around` and of root. The title says what was left out; cut edges
               end in a stub
    theme      "light" or "dark"

    Gradients and δ are each node's `.grad`: 0 before `backward`, and the title says so. Of
    several samples the neuron level shows the first, or the one that `around` belongs to.
    Raises NotInGraphError where root does not depend on `around`; ValueError or TypeError
    for arguments that mean nothing.

    >>> a, b = Value(2.0, label="a"), Value(-3.0, label="b")
    >>> c = a * b
    >>> c.label = "c"
    >>> c.backward()
    >>> "∂c/∂a = b = -3" in draw(c).source
    True
    """
    check_root("draw", "draw one of its Values, or their al.sum", root)
    if around is not None and not isinstance(around, Value):
        raise TypeError(f"draw: around must be a Value, got {type(around).__name__}")
    check_choice("draw", "level", level, LEVELS)
    check_choice("draw", "theme", theme, tuple(THEMES))
    checked_count("draw", "hops", hops)
    checked_count("draw", "max_nodes", max_nodes)
    order = topological(root)
    picture = Drawing()
    small = len(order) <= max_nodes or around is not None
    anatomy = None if level == "op" and small else dissect(order)
    if anatomy is not None:
        sketch, centre = coarse(anatomy, level, around, hops, max_nodes)
        picture.body.extend(_head(THEMES[theme], ordering=""))
        picture.body.extend(body(sketch, THEMES[theme], centre))
        return picture
    if level in ("neuron", "layer"):
        raise ValueError(
            f"draw: level is {level!r}, but no neuron of an nn model is in this graph, or all of "
            'them were relabelled; draw(root, level="op") shows every value'
        )
    picture.body.extend(_ops(order, around, hops, max_nodes, THEMES[theme]))
    return picture


def _ops(
    order: Sequence[Value], around: Value | None, hops: int, max_nodes: int, theme: Theme
) -> Iterator[str]:
    """The lines of the op level."""
    root = order[-1]
    near = select(order, around, hops, max_nodes)
    names = printable(formula.node_names(order), near.nodes)
    yield from _head(theme)
    notes: list[str] = []
    if len(near.nodes) < len(order):
        name = forms.plain_name(names[root if around is None else around])
        notes += _title(len(near.nodes), len(order), name, around is not None, hops, max_nodes)
    if not_swept(root):
        notes.append("backward() has not run from here: gradients are older or 0.")
    if notes:
        yield heading(notes)
    yield from _body(root, near, around, names, theme)


def _head(theme: Theme, ordering: str = "ordering=in ") -> Iterator[str]:
    # One font name: a list breaks the metrics of graphviz-pure.
    font = f'fontname="Helvetica" fontcolor="{theme.text}"'
    yield f'\tgraph [rankdir=LR {ordering}bgcolor="{theme.background}" pad="0.2" {font}]\n'
    yield '\tgraph [nodesep="0.3" ranksep="0.45" fontsize="12"]\n'
    yield f'\tnode [shape=box style="rounded,filled" margin="0.08,0.04" {font} fontsize="14"]\n'
    yield (
        f'\tedge [color="{theme.edge}" fontname="Helvetica" fontcolor="{theme.backward}" '
        'fontsize="12" arrowsize="0.8"]\n'
    )


def _title(
    count: int, total: int, centre: str, around: bool, hops: int, max_nodes: int
) -> tuple[str, str]:
    """What the picture shows of the graph, and how to see more."""
    what = f"what lies within {hops} hop{'s' * (hops > 1)} of {centre}"
    onward = " and on its way to the root" if around else ""
    cut = f"the {count:,} nearest of " if count >= max_nodes else ""
    place = f"around={centre}, " if around else ""
    further = f"hops={2 * hops}" if around and not cut else f"max_nodes={min(total, 4 * max_nodes)}"
    elsewhere = "" if around else ", or draw(root, around=node)"
    return (
        f"{count:,} of {total:,} nodes: {cut}{what}{onward}.",
        f"To see more: draw(root, {place}{further}){elsewhere}.",
    )


def _body(
    root: Value,
    shown: Neighbourhood,
    around: Value | None,
    names: Mapping[Value, str],
    theme: Theme,
) -> Iterator[str]:
    ids = {node: f"n{i}" for i, node in enumerate(shown.nodes)}
    for node, own in ids.items():
        fill, border = theme.tints["output" if node is root else node.role]
        width = 2.5 if node is around else 1.2
        yield (
            f'\t{own} [label=<{card(*caption(node, names), theme)}> fillcolor="{fill}" '
            f'color="{border}" penwidth="{width}"]\n'
        )
    for node, own in ids.items():
        reached = not ids.keys().isdisjoint(operands(node))
        for p, text in derivatives(node, names) if reached else ():
            if p in ids:
                attributes = f"label={quoted(text)}" if text else "style=dashed"
                yield f"\t{ids[p]} -> {own} [{attributes}]\n"
        yield from stub(own, shown.cut_operands.get(node, 0), shown.cut_uses.get(node, 0))
    if shown.cut_uses:  # a root whose operands were all cut away would stand at the left
        yield f"\t{{rank=sink {ids[root]}}}\n"
