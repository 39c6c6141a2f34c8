"""The tree of exceptions that `errors` draws is the package's own."""

from __future__ import annotations

import re
from pathlib import Path

from autograd_lite import AutogradLiteError, errors, expressions
from autograd_lite.drawing import render

PACKAGE = Path(errors.__file__).parent


def test_the_tree_names_every_exception_of_the_package() -> None:
    """Those too that a room defines for itself: nothing has to be imported to read of them."""
    sources = [path.read_text(encoding="utf-8") for path in PACKAGE.rglob("*.py")]
    defined = {name for text in sources for name in re.findall(r"^class (\w+Error)\(", text, re.M)}
    drawn = re.findall(r"── (\w+Error) ", errors.__doc__ or "")
    assert sorted(drawn) == sorted(defined - {"AutogradLiteError"})


def test_what_the_tree_says_of_a_rooms_own_exceptions() -> None:
    """Each is where the docstring puts it, and also what its bracket says."""
    also = {
        (expressions, "ExpressionError"): ValueError,
        (render, "EngineNotFoundError"): render.graphviz.ExecutableNotFound,
        (render, "LayoutTimeoutError"): TimeoutError,
        (render, "LayoutSizeError"): Exception,
    }
    for (room, name), kind in also.items():
        assert issubclass(getattr(room, name), AutogradLiteError)
        assert issubclass(getattr(room, name), kind)
