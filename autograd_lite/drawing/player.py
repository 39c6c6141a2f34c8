"""The forward and the backward pass as a page to step through, complete in itself.

Places of cards and curves of edges come from the same layout engine as `draw`'s; the page
draws them. Every text of the graph reaches it as data and is set as text, never as markup,
and the page's own policy forbids any other script and any request.
"""

from __future__ import annotations

import base64
import hashlib
import json
from importlib import resources
from pathlib import Path
from typing import TYPE_CHECKING, Any

from autograd_lite.counts import checked_count
from autograd_lite.drawing.anatomy import dissect
from autograd_lite.drawing.arguments import check_choice, check_root
from autograd_lite.drawing.neuron_story import neuron_story
from autograd_lite.drawing.op_story import op_story
from autograd_lite.drawing.places import placed
from autograd_lite.drawing.themes import THEMES
from autograd_lite.traversal import topological
from autograd_lite.value import Value

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence
    from os import PathLike

    from autograd_lite.drawing.story import Step, Story
    from autograd_lite.drawing.themes import Theme

LEVELS = ("auto", "op", "neuron")
PAGE_THEMES = ("auto", "light", "dark")
_AROUND = 270  # pixels of the page beside the picture: heading, equation, buttons


class Player:
    """A page of HTML to step through; notebooks show it, `save` writes it.

    `html` is the whole page, a str; `steps` what is told, step by step.
    """

    def __init__(self, html: str, title: str, steps: Sequence[Step], height: int) -> None:
        self.html = html
        self.title = title
        self.steps = list(steps)
        self._height = height

    def save(self, path: str | PathLike[str]) -> Path:
        """Write the page to a file and give its path; `page.html#s=12` opens it at step 12."""
        target = Path(path)
        target.write_text(self.html, encoding="utf-8", newline="\n")
        return target

    def _repr_html_(self) -> str:
        page = self.html.replace("&", "&amp;").replace('"', "&quot;")
        return (
            f'<iframe title="Back-propagation, step by step" srcdoc="{page}" width="100%" '
            f'height="{self._height}" style="border: 0"></iframe>'
        )

    def __repr__(self) -> str:
        told = f"{self.title}, {len(self.steps)} steps"
        return f"<Player: {told}; show it in a notebook, or .save(path)>"


def player(root: Value, level: str = "auto", max_nodes: int = 150, theme: str = "auto") -> Player:
    """The graph that leads to root as a page: forward value by value, backward edge by edge.

    level      "op": one card per value, one step per edge; "neuron": one card per neuron of an
               `nn` model, forward z and a, backward δ and then each weight; "auto": "neuron"
               where the graph is that of an `nn` model on one sample, else "op"
    max_nodes  a larger graph is refused: nobody steps through it
    theme      "auto" follows the notebook or the system; "light" or "dark"

    Needs no backward before it and changes no `.grad`.
    Raises ValueError for a graph of more nodes and for arguments that mean nothing,
    TypeError for anything but a Value, EngineNotFoundError without a layout engine.

    >>> a, b = Value(2.0, label="a"), Value(-3.0, label="b")
    >>> c = a * b
    >>> c.label = "c"
    >>> player(c)
    <Player: c = a·b, 6 steps; show it in a notebook, or .save(path)>
    >>> [term.text for term in player(c).steps[3].equation]
    ['a.grad', '+=', -3.0, '×', 1.0, '=', -3.0]
    """
    check_root("player", "play one of its Values, or their al.sum", root)
    check_choice("player", "level", level, LEVELS)
    check_choice("player", "theme", theme, PAGE_THEMES)
    checked_count("player", "max_nodes", max_nodes)
    order = topological(root)
    if len(order) > max_nodes:
        raise ValueError(
            f"player: the graph has {len(order):,} nodes, more than max_nodes={max_nodes:,}; play "
            "a value before the root, or a smaller example (one sample, a narrower network); "
            f"al.draw(root) shows an overview, max_nodes={len(order)} plays all"
        )
    story = _story(root, order, level)
    data = placed(story)
    return Player(_page(data, theme), story.title, story.steps, round(data["height"]) + _AROUND)


def _story(root: Value, order: Sequence[Value], level: str) -> Story:
    """The story of the graph at this level, where there is one."""
    anatomy = None if level == "op" else dissect(order)
    samples = anatomy.samples if anatomy else 0
    if anatomy and samples == 1:
        return neuron_story(root, order, anatomy)
    if level != "neuron":
        return op_story(root, order)
    what = f"the network runs on {samples} samples" if samples else "no neuron of an nn model is"
    remedy = "play the loss of one sample" if samples else 'level="op" plays every value'
    raise ValueError(f"player: level is 'neuron', but {what} in this graph; {remedy}")


# --- the page -------------------------------------------------------------------------


def _page(data: dict[str, Any], theme: str) -> str:
    """The template with its data, colours and the fingerprint of its one script."""
    template = resources.files(__package__).joinpath("player.html").read_text(encoding="utf-8")
    page = template.replace('data-theme="auto"', f'data-theme="{theme}"', 1)
    page = page.replace("/*colours*/", "\n".join(_colours()), 1)
    page = page.replace("/*data*/null", _json(data), 1)
    script = page[page.index("<script>") + len("<script>") : page.rindex("</script>")]
    digest = base64.b64encode(hashlib.sha256(script.encode()).digest()).decode()
    return page.replace("script-src 'none'", f"script-src 'sha256-{digest}'", 1)


def _json(data: dict[str, Any]) -> str:
    """JSON that no reader of HTML takes for the end of a script."""
    text = json.dumps(data, ensure_ascii=False, allow_nan=False, separators=(",", ":"))
    return text.replace("&", r"\u0026").replace("<", r"\u003c").replace(">", r"\u003e")


def _colours() -> Iterable[str]:
    for name, theme in THEMES.items():
        variables = "; ".join(f"--{key}: {colour}" for key, colour in _named(theme).items())
        yield f"html[data-theme={name}] {{ color-scheme: {name}; {variables} }}"


def _named(theme: Theme) -> dict[str, str]:
    """The colours of the page by the names that its style sheet has for them."""
    tints = {f"tint-{role or 'inner'}": fill for role, (fill, _) in theme.tints.items()}
    panel, line = theme.tints["layer"]
    return {
        **{key: getattr(theme, key) for key in ("background", "text", "muted", "edge")},
        **{"forward": theme.forward, "backward": theme.backward, "panel": panel, "line": line},
        **{"card": theme.tints[None][0], **tints, "tint-inner": theme.tints["constant"][0]},
    }
