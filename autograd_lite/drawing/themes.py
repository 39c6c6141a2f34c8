"""The colours of pictures, light and dark."""

from __future__ import annotations

from typing import TYPE_CHECKING, NamedTuple

if TYPE_CHECKING:
    from collections.abc import Mapping


class Theme(NamedTuple):
    """The colours of a picture.

    tints maps each role, 'output', 'layer' (the panel behind its neurons) and None to
    (fill, border).
    """

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
         "output": ("#dcf3e7", "#3d9970"), "layer": ("#f5f7f9", "#cfd6dd"),
         None: ("#ffffff", "#75828f")},
    ),
    "dark": Theme(
        "#10161d", "#e8edf2", "#a9b4bf", "#8593a1", "#6cc0f5", "#ff9f66",
        {"parameter": ("#453814", "#b98f2e"), "input": ("#1c3a55", "#5b9bd0"),
         "variable": ("#332b4d", "#9a84d6"), "constant": ("#2a323b", "#6d7a87"),
         "output": ("#193c2e", "#49a880"), "layer": ("#161e27", "#36424e"),
         None: ("#1c2630", "#6d7a87")},
    ),
}  # fmt: skip
