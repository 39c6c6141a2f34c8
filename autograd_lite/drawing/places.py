"""A story with places: cards and curves from the layout engine that `draw` uses.

Sizes of cards are computed here, from the number of characters; the page squeezes a title
that its font makes wider.
"""

from __future__ import annotations

import json
from math import isfinite
from typing import TYPE_CHECKING, Any
from unicodedata import east_asian_width

from autograd_lite import forms
from autograd_lite.drawing.columns import columns
from autograd_lite.drawing.render import Remedy, run
from autograd_lite.labels import clean

if TYPE_CHECKING:
    from collections.abc import Mapping

    from autograd_lite.drawing.story import Card, Edge, Step, Story, Term

_STRIP, _ROW, _WIDTH = 22, 17, 124  # pixels of a card: its title, a number, at least
_TALL = 36  # labels in a column
_REMEDY = Remedy(
    "al.explain(root, wrt) tells a derivative in words, and needs none",
    "play a value before the root, or a smaller example (one sample, a narrower network)",
)


def placed(story: Story) -> dict[str, Any]:
    """The story with places, as plain data for the page's script.

    Raises EngineNotFoundError without a layout engine.
    """
    layout = _layout(story)
    _, _, width, height = map(float, layout["bb"].split(","))
    objects = {item["name"]: item for item in layout["objects"]}
    curves = {item["id"]: item["pos"] for item in layout.get("edges", ()) if "id" in item}
    frames = [(p, objects[f"cluster_{k}"]["bb"]) for k, p in enumerate(_panels(story))]
    return {
        "title": clean(story.title, 60),
        "width": round(width, 1),
        "height": round(height, 1),
        "panels": [_panel(title, box, height) for title, box in frames],
        "cards": [_card(c, objects[f"n{i}"]["pos"], height) for i, c in enumerate(story.cards)],
        "edges": [_edge(i, e, curves, objects, height) for i, e in enumerate(story.edges)],
        "steps": [_step(step) for step in story.steps],
    }


def _size(card: Card) -> tuple[int, int]:
    """Width and height in pixels."""
    em = sum(13.0 if east_asian_width(c) in "WF" else 7.4 for c in card.title)
    words = max((len(word) for word, _ in card.rows), default=0)
    width = max(_WIDTH if card.rows else 40, round(em) + 24, 6 * words + 92)
    return width, _STRIP + 12 + _ROW * len(card.rows) if card.rows else _STRIP + 2


def _layout(story: Story) -> dict[str, Any]:
    """The layout engine's answer; what an edge bears is a node of its own between two edges."""
    weights = _columns(story)
    borne = {i for column in weights for i in column}
    labelled = {edge for step in story.steps for edge, _ in step.labels}
    room = "nodesep=0.25 ranksep=1.15 ordering=in"
    if labelled:  # those without a place of their own show one at a time
        room = f"nodesep=0.2 ranksep={0.7 if labelled == borne else 2}"
    lines = [
        f"digraph {{ graph [rankdir=LR {room}]",
        'node [shape=box fixedsize=true label=""] edge [dir=none]',
    ]
    for i, card in enumerate(story.cards):
        width, height = _size(card)
        lines.append(f"n{i} [width={width / 72:.4f} height={height / 72:.4f}]")
    for k, panel in enumerate(_panels(story)):
        inside = " ".join(f"n{i}" for i, card in enumerate(story.cards) if card.panel == panel)
        lines.append(f"subgraph cluster_{k} {{ margin=22 {inside} }}")
    for i, edge in enumerate(story.edges):
        if i in borne:
            lines.append(f"e{i} [width=1.4 height=0.56]")
            lines.append(f"n{edge.tail}:e -> e{i}:w [id=t{i}] e{i}:e -> n{edge.head}:w [id=h{i}]")
        else:
            lines.append(f"n{edge.tail} -> n{edge.head} [id=t{i}]")
    for column in weights:
        lines.append(f"{{ rank=same {' -> '.join(f'e{i}' for i in column)} [style=invis] }}")
    text = "\n".join([*lines, "}"]).encode()
    answer: dict[str, Any] = json.loads(run(["-Tjson0"], text, remedy=_REMEDY))
    return answer


def _columns(story: Story) -> list[list[int]]:
    """Between two panels the edges that bear labels, from above to below.

    They stand where straight lines between their cards have their middles; of more than
    _TALL in a column none gets a place, and each is shown in its own step alone.
    """
    labelled = sorted({edge for step in story.steps for edge, _ in step.labels})
    ends = {i: (story.edges[i].tail, story.edges[i].head) for i in labelled}
    found = columns({i: card.panel or None for i, card in enumerate(story.cards)}, ends)
    return [column for column in found.values() if len(column) <= _TALL]


def _panels(story: Story) -> list[str]:
    return [panel for panel in dict.fromkeys(card.panel for card in story.cards) if panel]


def _panel(title: str, box: str, height: float) -> dict[str, Any]:
    left, low, right, high = map(float, box.split(","))
    x, y, w, h = (round(v, 1) for v in (left, height - high, right - left, high - low))
    return {"x": x, "y": y, "w": w, "h": h, "title": title}


def _point(pair: str, height: float) -> tuple[float, float]:
    """A place of the engine's, which counts upwards."""
    x, y = map(float, pair.split(","))
    return round(x, 1), round(height - y, 1)


def _card(card: Card, place: str, height: float) -> dict[str, Any]:
    x, y = _point(place, height)
    w, h = _size(card)
    drawn = {"x": x, "y": y, "w": w, "h": h, "title": card.title, "tint": card.tint}
    return {**drawn, "rows": card.rows, "whole": card.whole}


def _edge(
    i: int, edge: Edge, curves: Mapping[str, str], boxes: Mapping[str, Any], height: float
) -> dict[str, Any]:
    parts = [curves[key] for key in (f"t{i}", f"h{i}") if key in curves]
    path = ""
    for curve in parts:
        points = [f"{x:g},{y:g}" for x, y in (_point(pair, height) for pair in curve.split())]
        path += f"{'L' if path else 'M'}{points[0]} C{' '.join(points[1:])}"
    label = _point(boxes[f"e{i}"]["pos"], height) if f"e{i}" in boxes else None
    return {"d": path, "tip": edge.tip, "bare": edge.bare, "label": label}


def _step(step: Step) -> dict[str, Any]:
    return {
        **step._asdict(),
        "equation": [_term(term) for term in step.equation],
        "numbers": [(card, row, *_number(x)) for card, row, x in step.numbers],
    }


def _term(term: Term) -> tuple[Any, ...]:
    if isinstance(term.text, str):
        return term
    text, exact = _number(term.text)
    return (text, term.words, term.kind, exact)


def _number(x: float) -> tuple[str, float | str]:
    """Four digits to read, and the number itself; JSON has no inf and nan."""
    return forms.PLAIN.number(x), x if isfinite(x) else str(x)
