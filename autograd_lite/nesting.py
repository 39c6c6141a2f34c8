"""Nested lists of numbers: how arguments and results of functions are taken apart.

Lists, tuples and NumPy arrays nest; everything else is a number. Arrays are rebuilt as lists.

>>> flatten([1.0, (2.0, [3.0])])
[1.0, 2.0, 3.0]
>>> rebuild([1.0, (2.0, [3.0])], "abc")
['a', ('b', ['c'])]
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator


def is_array(x: Any) -> bool:
    """Whether x is a NumPy array of at least one dimension."""
    return hasattr(x, "dtype") and x.ndim > 0


def flatten(nested: Any) -> list[Any]:
    """The numbers, depth first."""
    if is_array(nested):
        nested = nested.tolist()
    if isinstance(nested, (list, tuple)):
        return [x for part in nested for x in flatten(part)]
    return [nested]


def rebuild(nested: Any, flat: Iterable[Any]) -> Any:
    """The same nesting, holding the entries of flat in order."""
    return _rebuild(nested, iter(flat))


def _rebuild(nested: Any, flat: Iterator[Any]) -> Any:
    if is_array(nested):
        nested = nested.tolist()
    if isinstance(nested, tuple):
        return tuple(_rebuild(part, flat) for part in nested)
    if isinstance(nested, list):
        return [_rebuild(part, flat) for part in nested]
    return next(flat)


def places(nested: Any, prefix: str = "") -> list[str]:
    """The index path of every number.

    >>> places([1.0, [2.0, 3.0]])
    ['0', '1[0]', '1[1]']
    """
    if is_array(nested) or isinstance(nested, (list, tuple)):
        inside = [(f"{prefix}[{i}]" if prefix else f"{i}", x) for i, x in enumerate(nested)]
        return [place for name, x in inside for place in places(x, name)]
    return [prefix]
