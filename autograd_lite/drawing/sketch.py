"""Boxes and links: what a picture shows before it is DOT text, and how it is written.

Every level prints its boxes by the same rules: a title, then lines of a word and a number,
values blue above gradients orange. What stands on a link is a node of its own between the
two boxes: so nothing runs through it, and the same order of these tags in every column is
what keeps neurons in their order.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING, NamedTuple

from autograd_lite import forms
from autograd_lite.drawing.columns import columns
from autograd_lite.drawing.escaping import markup, quoted
from autograd_lite.drawing.neighbourhood import nearest
from autograd_lite.labels import clean
from autograd_lite.value import Value

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping, Sequence

    from autograd_lite.drawing.themes import Theme

SHORT = 12  # characters of a name beside a number
_TALL = 12  # a column of more weights prints each on one line
_BARE = 'shape=plaintext style="" margin="0.03,0" width=0 height=0'


class Row(NamedTuple):
    """A line of a box: a word, what stands beside it, and its ink, a colour of the Theme."""

    word: str
    text: str
    ink: str


def value(word: str, x: float) -> Row:
    """A line for a number of the forward pass."""
    return Row(word, forms.number(x), "forward")


def gradient(word: str, x: float) -> Row:
    """A line for a number of the backward pass."""
    return Row(word, forms.number(x), "backward")


@dataclass(eq=False)
class Panel:
    """A frame behind the boxes of one column."""

    title: str


@dataclass(eq=False)
class Box:
    """One box; tint is a key of Theme.tints."""

    title: str
    rows: list[Row]
    tint: str | None = None
    panel: Panel | None = None


@dataclass(eq=False)
class Link:
    """An arrow; it bears a weight (a Value, maybe a float), or a derivative, or nothing."""

    tail: Box
    head: Box
    text: str = ""
    weight: Value | float | None = None
    dashed: bool = False

    @property
    def bears(self) -> bool:
        """Whether something stands on it."""
        return self.weight is not None or bool(self.text)


@dataclass
class Sketch:
    """Boxes in the order of the forward pass, the root's last, and their links.

    notes say above the picture what it leaves out. cut_operands and cut_uses count the
    edges of a box from and to what is not drawn.
    """

    boxes: list[Box] = field(default_factory=list)
    links: list[Link] = field(default_factory=list)
    notes: list[str] = field(default_factory=list)
    cut_operands: dict[Box, int] = field(default_factory=dict)
    cut_uses: dict[Box, int] = field(default_factory=dict)

    @property
    def size(self) -> int:
        """How much there is to read: boxes, and links that bear something."""
        return len(self.boxes) + sum(link.bears for link in self.links)


def crop(sketch: Sketch, centre: Box, root: Box, hops: int, limit: int) -> tuple[Sketch, bool]:
    """What lies within hops of a box and on its way to the root's box.

    The nearest boxes, breadth first, as long as the size stays within the limit, but at least
    these two; and whether it cut more of them off.
    """
    into: dict[Box, list[Link]] = {box: [] for box in sketch.boxes}
    out_of: dict[Box, list[Link]] = {box: [] for box in sketch.boxes}
    for link in sketch.links:
        into[link.head].append(link)
        out_of[link.tail].append(link)

    def onward(box: Box) -> list[Box]:
        return [link.head for link in out_of[box]]

    def around(box: Box) -> list[Box]:
        return [*(link.tail for link in into[box]), *onward(box)]

    chosen = dict.fromkeys([centre, root])
    size, cut = len(chosen), False
    queue = [*nearest(centre, around, hops), *nearest(centre, onward, len(into))]
    for box in dict.fromkeys(queue):
        if box in chosen:
            continue
        size += 1 + sum(link.tail in chosen and link.bears for link in into[box])
        size += sum(link.head in chosen and link.bears for link in out_of[box])
        if size > limit:
            cut = True
            break
        chosen[box] = None
    cut_operands, cut_uses = dict(sketch.cut_operands), dict(sketch.cut_uses)
    for box in chosen:
        before = sum(link.tail not in chosen for link in into[box])
        after = sum(link.head not in chosen for link in out_of[box])
        cut_operands[box] = cut_operands.get(box, 0) + before
        cut_uses[box] = cut_uses.get(box, 0) + after
    boxes = [box for box in sketch.boxes if box in chosen]
    links = [link for link in sketch.links if link.tail in chosen and link.head in chosen]
    return Sketch(boxes, links, sketch.notes, cut_operands, cut_uses), cut


# --- as DOT text ----------------------------------------------------------------------


def card(title: str, rows: Sequence[Row], theme: Theme) -> str:
    """The HTML-like label of a box. Titles stand left: engines misjudge the width of ₁."""
    small = f'<font point-size="11" color="{theme.muted}">'
    lines = "".join(
        f'<tr><td align="left" width="44">{small}{markup(row.word)}</font></td>'
        f'<td align="right"><font color="{getattr(theme, row.ink)}"><b>{markup(row.text)}</b>'
        "</font></td></tr>"
        for row in rows
    )
    return (
        '<table border="0" cellborder="0" cellspacing="0" cellpadding="2">'
        f'<tr><td colspan="2" align="left"><b>{markup(title)}</b></td></tr>{lines}</table>'
    )


def stub(own: str, operands: int, uses: int, sides: tuple[str, str] = ("", "")) -> Iterator[str]:
    """The dotted ends of edges from and to what is not drawn; sides are where edges begin, end."""
    start, end = sides
    for count, name, ends in (
        (operands, f"{own}_operands", f"{own}_operands{start} -> {own}{end}"),
        (uses, f"{own}_uses", f"{own}{start} -> {own}_uses{end}"),
    ):
        if count:
            text = quoted(f"… {count:,} more")
            yield f'\t{name} [label={text} shape=plaintext style="" fontsize="12"]\n'
            yield f"\t{ends} [style=dotted]\n"


def heading(lines: Sequence[str]) -> str:
    """What stands above the picture."""
    return f"\tgraph [label={quoted(*lines)} labelloc=t labeljust=l]\n"


def body(sketch: Sketch, theme: Theme, centre: Box | None) -> Iterator[str]:
    """The picture's lines of DOT text; the border of the centre is bold."""
    if sketch.notes:
        yield heading(sketch.notes)
    yield f"\tgraph [nodesep=0.12 {_spread(sketch)}]\n"
    ids = {box: f"n{i}" for i, box in enumerate(sketch.boxes)}
    for k, panel in enumerate(dict.fromkeys(box.panel for box in sketch.boxes)):
        if panel is not None:
            fill, border = theme.tints["layer"]
            yield f"\tsubgraph cluster_{k} {{\n"
            yield (
                f'\tgraph [label={quoted(panel.title)} style="rounded,filled" margin="14" '
                f'labeljust=c fillcolor="{fill}" color="{border}" fontcolor="{theme.muted}"]\n'
            )
        for box in sketch.boxes:
            if box.panel is panel:
                fill, border = theme.tints[box.tint]
                width = 2.5 if box is centre else 1.2
                yield (
                    f"\t{ids[box]} [label=<{card(box.title, box.rows, theme)}> "
                    f'fillcolor="{fill}" color="{border}" penwidth="{width}"]\n'
                )
        if panel is not None:
            yield "\t}\n"
    yield from _links(sketch, ids, theme)
    for box, own in ids.items():
        operands, uses = sketch.cut_operands.get(box, 0), sketch.cut_uses.get(box, 0)
        yield from stub(own, operands, uses, (":e", ":w"))


def _links(sketch: Sketch, ids: Mapping[Box, str], theme: Theme) -> Iterator[str]:
    weights = _columns(sketch)
    borne = {k: len(column) for column in weights.values() for k in column}
    for k, link in enumerate(sketch.links):
        style = " style=dashed" if link.dashed else ""
        tail, head = f"{ids[link.tail]}:e", f"{ids[link.head]}:w"
        if not link.bears:
            yield f"\t{tail} -> {head} [{style.strip()}]\n"
            continue
        short = borne.get(k, 0) > _TALL
        yield f"\te{k} [label=<{_tag(link, short, theme)}> {_BARE}]\n"
        yield f"\t{tail} -> e{k}:w [arrowhead=none{style}]\n"
        yield f"\te{k}:e -> {head} [{style.strip()}]\n"
    for column in weights.values():
        if len(column) > 1:
            yield f"\t{{rank=same {' -> '.join(f'e{k}' for k in column)} [style=invis]}}\n"


def _columns(sketch: Sketch) -> dict[tuple[Panel, Panel], list[int]]:
    """The links that bear weights."""
    links = enumerate(sketch.links)
    ends = {k: (link.tail, link.head) for k, link in links if link.weight is not None}
    return columns({box: box.panel for box in sketch.boxes}, ends)


def _tag(link: Link, short: bool, theme: Theme) -> str:
    """What stands on a link: a weight's name, value and gradient, or a derivative."""
    if link.weight is None:
        return f'<font point-size="12" color="{theme.backward}">{markup(link.text)}</font>'
    cells = [
        f'<td align="left"><font point-size="11" color="{theme.muted}">{markup(row.word)}&#160;'
        f'</font></td><td align="right"><font point-size="12" color="{getattr(theme, row.ink)}">'
        f"<b>{markup(row.text)}</b></font></td>"
        for row in _weight(link.weight)
    ]
    lines = ["<td>&#160;</td>".join(cells)] if short else cells
    table = '<table border="0" cellborder="0" cellspacing="0" cellpadding="1">'
    return table + "".join(f"<tr>{line}</tr>" for line in lines) + "</table>"


def _weight(w: Value | float) -> list[Row]:
    """A weight's name and value, and its gradient."""
    if not isinstance(w, Value):
        return [value("", w)]
    name = forms.plain_name(clean(str(w.label or "weight"), SHORT))
    return [value(name, w.data), gradient("grad", w.grad)]


def _spread(sketch: Sketch) -> str:
    """The room between columns, and straight lines where none can run through a box."""
    rank: dict[Box, int] = {}
    into: dict[Box, list[Box]] = {box: [] for box in sketch.boxes}
    out_of: dict[Box, list[Box]] = {box: [] for box in sketch.boxes}
    for link in sketch.links:
        into[link.head].append(link.tail)
        out_of[link.tail].append(link.head)
    for box in sketch.boxes:
        rank[box] = 1 + max([rank.get(tail, 0) for tail in into[box]], default=0)
    for box in sketch.boxes:  # what nothing leads to stands beside its first user
        if not into[box] and out_of[box]:
            rank[box] = min(rank[head] for head in out_of[box]) - 1
    long = any(rank[link.head] - rank[link.tail] > 1 for link in sketch.links)
    tallest = max(map(len, _columns(sketch).values()), default=0)
    return f'splines={"spline" if long else "line"} ranksep="{0.45 + min(tallest, 60) / 50:.2f}"'
