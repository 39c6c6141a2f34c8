"""What a target of fuzzing is, and how an example is spoiled."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any, NamedTuple

from hypothesis import strategies as st


class Target(NamedTuple):
    """A reader with its examples: how they are made, those kept, and what one answers."""

    examples: st.SearchStrategy[Any]
    corpus: Sequence[Any]
    run: Callable[[Any], str]


@st.composite
def edited(draw: st.DrawFn, whole: st.SearchStrategy[Any], pieces: st.SearchStrategy[Any]) -> Any:
    """An example with some parts cut out, doubled, or replaced by pieces."""
    text = draw(whole)
    for _ in range(draw(st.integers(1, 4))):
        a = draw(st.integers(0, len(text)))
        b = draw(st.integers(a, min(len(text), a + 12)))
        middle = draw(st.sampled_from([text[:0], text[a:b] * 2, draw(pieces)]))
        text = text[:a] + middle + text[b:]
    return text
