"""Pictures of a graph: `draw` gives a Graphviz drawing, `player` a page to step through."""

from __future__ import annotations

from autograd_lite.drawing.dot import draw
from autograd_lite.drawing.player import player

__all__ = ["draw", "player"]
