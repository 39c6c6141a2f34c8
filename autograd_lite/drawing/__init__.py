"""Pictures of a graph: `draw` gives a Graphviz drawing of every value and local derivative."""

from __future__ import annotations

from autograd_lite.drawing.dot import draw

__all__ = ["draw"]
