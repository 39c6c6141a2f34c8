"""Counts that a user gives, checked where they are given."""

from __future__ import annotations


def checked_count(where: str, name: str, count: object) -> int:
    """The count itself; ValueError for anything but an int of at least 1.

    >>> checked_count("draw", "hops", 2)
    2
    >>> checked_count("draw", "hops", 0)
    Traceback (most recent call last):
    ValueError: draw: hops is 0; it must be an int of at least 1
    """
    if isinstance(count, bool) or not isinstance(count, int) or count < 1:
        raise ValueError(f"{where}: {name} is {count!r}; it must be an int of at least 1")
    return count
