"""A graph as DOT text, one box per value: its formula, value and gradient.

On every edge stands the local derivative, in letters and as the recorded number. Nodes are
tinted by role. The same graph gives the same bytes in every run.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, NamedTuple

from autograd_lite import formula
from autograd_lite.drawing.escaping import clean, markup, quoted
from autograd_lite.drawing.neighbourhood import Neighbourhood, operands, select
from autograd_lite.drawing.render import Drawing
from autograd_lite.traversal import topological
from autograd_lite.value import Value

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

LEVELS = ("auto", "op")
_TITLE = 60  # characters of a box's title
_NAME = 24  # characters of a label inside a formula
_LETTERS = 30  # a derivative longer than that stands on its edge as a number alone


class Theme(NamedTuple):
    """The colours of a picture; tints maps each role, 'output' and None to (fill, border)."""

    background: str
    text: str
    muted: str
    edge: str
    forward: str
    backward: str
    tints: Mapping[str | None, tuple[str, str]]


# Contrast of numbers: at least 5.5 on the background and 5 on a tint; blue and orange stay
# apart for red-green blindness, and value always stands above gradient.
THEMES = {
    "light": Theme(
        "#ffffff", "#1b2430", "#4a5560", "#75828f", "#0068a8", "#b03c08",
        {"parameter": ("#fdf0d0", "#c08f1f"), "input": ("#e4f0fa", "#4c8cc0"),
         "variable": ("#f2edfb", "#8a72c0"), "constant": ("#eceff3", "#9aa5b0"),
         "output": ("#dcf3e7", "#3d9970"), None: ("#ffffff", "#75828f")},
    ),
    "dark": Theme(
        "#10161d", "#e8edf2", "#a9b4bf", "#8593a1", "#6cc0f5", "#ff9f66",
        {"parameter": ("#453814", "#b98f2e"), "input": ("#1c3a55", "#5b9bd0"),
         "variable": ("#332b4d", "#9a84d6"), "constant": ("#2a323b", "#6d7a87"),
         "output": ("#193c2e", "#49a880"), None: ("#1c2630", "#6d7a87")},
    ),
}  # fmt: skip


def draw(
    root: Value,
    level: str = "auto",
    around: Value | None = None,
    hops: int = 2,
    max_nodes: int = 200,
    theme: str = "light",
) -> Drawing:
    """The graph that leads to root as a picture: a graphviz.Digraph, shown in notebooks.

    level      "op": one box per value; "auto" picks the level, today always "op"
    around     draw what lies within `hops` of this node, and on its way to the root
    max_nodes  of a larger graph what lies within `hops` of the root is drawn; cut edges end
               in a stub, and the title says what was left out
    theme      "light" or "dark"

    Raises NotInGraphError where root does not depend on `around`; ValueError or TypeError
    for arguments that mean nothing.

    >>> a, b = Value(2.0, label="a"), Value(-3.0, label="b")
    >>> c = a * b
    >>> c.label = "c"
    >>> c.backward()
    >>> "∂c/∂a = b = -3" in draw(c).source
    True
    """
    _check(root, level, around, hops, max_nodes, theme)
    order = topological(root)
    shown = select(order, around, hops, max_nodes)
    labels = formula.node_names(order)
    named = [p for node in shown.nodes for p in (*operands(node), node)]
    names = {node: clean(labels[node], _NAME) for node in named}
    picture = Drawing()
    picture.body.extend(_head(THEMES[theme]))
    if len(shown.nodes) < len(order):
        centre = formula.plain_name(names[root if around is None else around])
        title = _title(len(shown.nodes), len(order), centre, around is not None, hops, max_nodes)
        picture.body.append(f"\tgraph [label={quoted(*title)} labelloc=t labeljust=l]\n")
    picture.body.extend(_body(root, shown, around, names, THEMES[theme]))
    return picture


def _check(
    root: Value, level: str, around: Value | None, hops: int, max_nodes: int, theme: str
) -> None:
    if not isinstance(root, Value):
        hint = (
            "; draw one of its Values, or their al.sum" if isinstance(root, (list, tuple)) else ""
        )
        raise TypeError(f"draw: root must be a Value, got {type(root).__name__}{hint}")
    if around is not None and not isinstance(around, Value):
        raise TypeError(f"draw: around must be a Value, got {type(around).__name__}")
    if level not in LEVELS:
        raise ValueError(f"draw: level is {level!r}; there are {' and '.join(map(repr, LEVELS))}")
    if theme not in THEMES:
        raise ValueError(f"draw: theme is {theme!r}; there are {' and '.join(map(repr, THEMES))}")
    for name, count in (("hops", hops), ("max_nodes", max_nodes)):
        if isinstance(count, bool) or not isinstance(count, int) or count < 1:
            raise ValueError(f"draw: {name} is {count!r}; it must be an int of at least 1")


def _head(theme: Theme) -> Iterator[str]:
    # One font name: a list breaks the metrics of graphviz-pure.
    font = f'fontname="Helvetica" fontcolor="{theme.text}"'
    yield f'\tgraph [rankdir=LR ordering=in bgcolor="{theme.background}" pad="0.2" {font}]\n'
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
            f'\t{own} [label=<{_box(node, names, theme)}> fillcolor="{fill}" '
            f'color="{border}" penwidth="{width}"]\n'
        )
    for node, own in ids.items():
        yield from _edges(node, ids, names)
        for count, stub, ends in (
            (shown.cut_operands.get(node, 0), f"{own}_operands", f"{own}_operands -> {own}"),
            (shown.cut_uses.get(node, 0), f"{own}_uses", f"{own} -> {own}_uses"),
        ):
            if count:
                text = quoted(f"… {count:,} more")
                yield f'\t{stub} [label={text} shape=plaintext style="" fontsize="12"]\n'
                yield f"\t{ends} [style=dotted]\n"
    if shown.cut_uses:  # a root whose operands were all cut away would stand at the left
        yield f"\t{{rank=sink {ids[root]}}}\n"


def _box(node: Value, names: Mapping[Value, str], theme: Theme) -> str:
    """Title, value and gradient. Titles are left-aligned: engines misjudge the width of ₁."""
    title = formula.plain_name(names[node])
    rows = [("value", node.data, theme.forward)]
    if node.op is not None:
        title = clean(f"{title} = {formula.expression(node, names)}", _TITLE)
    elif node.label:
        title = formula.plain_name(clean(str(node.label), _TITLE))
    elif node.role == "constant":
        rows.clear()  # its title is its number
    if node.role != "constant":
        rows.append(("grad", node.grad, theme.backward))
    small = f'<font point-size="11" color="{theme.muted}">'
    lines = "".join(
        f'<tr><td align="left" width="44">{small}{word}</font></td>'
        f'<td align="right"><font color="{colour}"><b>{formula.number(x)}</b></font></td></tr>'
        for word, x, colour in rows
    )
    return (
        '<table border="0" cellborder="0" cellspacing="0" cellpadding="2">'
        f'<tr><td colspan="2" align="left"><b>{markup(title)}</b></td></tr>{lines}</table>'
    )


def _edges(node: Value, ids: Mapping[Value, str], names: Mapping[Value, str]) -> Iterator[str]:
    """The edges into a node, dashed where no derivative passes."""
    if not any(p in ids for p in operands(node)):
        return
    symbols = formula.local_derivatives(node, names)
    for p, symbol, partial in zip(node.parents, symbols, node.partials, strict=True):
        if not isinstance(p, Value) or p not in ids:
            continue
        if partial is None or p.role == "constant":
            yield f"\t{ids[p]} -> {ids[node]} [style=dashed]\n"
            continue
        ratio = f"∂{formula.plain_name(names[node])}/∂{formula.plain_name(names[p])}"
        letters = str(symbol) if isinstance(symbol, formula.Symbol) else ""
        parts = [ratio, letters, formula.number(partial)]
        text = " = ".join(part for part in parts if 0 < len(part) <= _LETTERS or part is ratio)
        yield f"\t{ids[p]} -> {ids[node]} [label={quoted(text)}]\n"
