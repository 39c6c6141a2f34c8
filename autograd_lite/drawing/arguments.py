"""What `draw` and `player` were given, refused early where it means nothing."""

from __future__ import annotations

from typing import TYPE_CHECKING

from autograd_lite.value import Value

if TYPE_CHECKING:
    from collections.abc import Sequence


def check_root(where: str, remedy: str, root: object) -> None:
    """Refuse what is no Value; the remedy is told for a list of outputs."""
    if not isinstance(root, Value):
        hint = f"; {remedy}" if isinstance(root, (list, tuple)) else ""
        raise TypeError(f"{where}: root must be a Value, got {type(root).__name__}{hint}")


def check_choice(where: str, name: str, given: object, known: Sequence[str]) -> None:
    """Refuse what is none of the known words, and list these."""
    if given not in known:
        listed = f"{', '.join(map(repr, known[:-1]))} and {known[-1]!r}"
        raise ValueError(f"{where}: {name} is {given!r}; there are {listed}")
