"""Named arrays of places, each of which holds a Value or none: what is stored of anything.

Two places may hold one Value: a shared bias, tied weights. Values are numbered in the order
in which they are met; the `ids` of an array are the numbers in its places, -1 where there is
no Value. They are written only where they are not just the next new ones, and so are labels
and roles other than the usual.

>>> from autograd_lite.value import parameter
>>> w = parameter(0.5, "w")
>>> part = Part((3,), [w, None, w], ["w", "", ""])
>>> numbers_of(part), facts_of({"a": part})
(array([0.5, 0. , 0.5]), {'ids': {'a': [0, -1, 0]}, 'labels': {}, 'roles': {}})
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, NamedTuple

import numpy as np

from autograd_lite.errors import FormatError
from autograd_lite.value import Value, constant, parameter

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

    from numpy.typing import NDArray

    Array = NDArray[Any]

_MAKERS: dict[str, Callable[[float, str | None], Value]] = {
    "parameter": parameter,
    "variable": Value,
    "constant": constant,
}


class Part(NamedTuple):
    """One array: its shape, the Value in each place (row by row), and their usual labels."""

    shape: tuple[int, ...]
    values: list[Value | None]
    labels: list[str]


class Places(NamedTuple):
    """What a file says of its arrays' places; labels and roles by array and index."""

    ids: dict[str, list[int]]
    labels: dict[str, dict[int, str | None]]
    roles: dict[str, dict[int, str | None]]


# --- written ------------------------------------------------------------------------------


def numbers_of(part: Part) -> Array:
    """The array of the numbers, 0.0 where there is no Value."""
    return np.array([0.0 if v is None else v.data for v in part.values]).reshape(part.shape)


def facts_of(parts: Mapping[str, Part]) -> dict[str, Any]:
    """Which places share Values or have none, unusual labels and roles, as JSON.

    Raises TypeError or ValueError for what is no leaf that holds a number of its own.
    """
    facts: dict[str, dict[str, Any]] = {"ids": {}, "labels": {}, "roles": {}}
    numbers: dict[Value, int] = {}
    for name, part in parts.items():
        usual = list(range(len(numbers), len(numbers) + len(part.values)))
        ids, labels, roles = [], [], []
        for i, value in enumerate(part.values):
            if value is None:
                ids.append(-1)
                continue
            if value not in numbers:
                _check_leaf(value, name)
                numbers[value] = len(numbers)
                if value.label != part.labels[i]:
                    labels.append([i, value.label])
                if value.role != "parameter":
                    roles.append([i, value.role])
            ids.append(numbers[value])
        for what, found in (("ids", ids if ids != usual else []), ("labels", labels),
                            ("roles", roles)):  # fmt: skip
            if found:
                facts[what][name] = found
    return facts


def _check_leaf(value: Value, name: str) -> None:
    if not isinstance(value, Value):
        raise TypeError(f"{name!a}: {value!r:.60} is no Value; only Values are stored")
    if value.op is not None:
        raise ValueError(
            f"{name!a}: {value!r} was computed by {value.op.name}; only leaves are stored, "
            "detach() makes one of its number"
        )
    if value.role not in _MAKERS:
        raise ValueError(f"{name!a}: {value!r} is a placeholder and has no number to store")
    if value.label is not None and not isinstance(value.label, str):
        raise TypeError(f"{name!a}: the label {value.label!r:.60} is no string")


# --- read ---------------------------------------------------------------------------------


def checked_arrays(
    arrays: Mapping[str, Array], shapes: Mapping[str, tuple[int, ...]], where: str
) -> dict[str, Array]:
    """The arrays in the order of the shapes that they must have; FormatError lists all faults."""
    faults = [f"missing {name!a}" for name in shapes if name not in arrays]
    faults += [f"unexpected {name!a}" for name in arrays if name not in shapes]
    faults += [
        f"{name!a} has the shape {arrays[name].shape} in the file, {shape} is needed"
        for name, shape in shapes.items()
        if name in arrays and arrays[name].shape != shape
    ]
    faults += [
        f"{name!a} has the type {array.dtype}, float64 is needed"
        for name, array in arrays.items()
        if name in shapes and array.dtype != np.float64
    ]
    if faults:
        more = f" and {len(faults) - 20} more" if len(faults) > 20 else ""
        raise FormatError(f"{where}: the arrays do not fit: {'; '.join(faults[:20])}{more}")
    return {name: arrays[name] for name in shapes}


def checked_places(facts: Mapping[str, Any], arrays: Mapping[str, Array], where: str) -> Places:
    """The places as the facts describe them; FormatError if the numbers contradict them."""
    given = facts["ids"]
    if not isinstance(given, dict) or not set(given) <= set(arrays):
        raise FormatError(f"{where}: ids must be an object of arrays' names, got {given!a:.60}")
    ids: dict[str, list[int]] = {}
    bits: list[int] = []  # of Value 0, 1, ...
    for name, array in arrays.items():
        numbers = np.ascontiguousarray(array).view(np.int64).reshape(-1).tolist()
        ids[name] = given.get(name, list(range(len(bits), len(bits) + len(numbers))))
        _check_ids(name, ids[name], numbers, bits, where)
    labels, roles = (
        {name: _checked_marks(facts[what], name, ids[name], what, where) for name in arrays}
        for what in ("labels", "roles")
    )
    for what in ("labels", "roles"):
        if not set(facts[what]) <= set(arrays):
            raise FormatError(f"{where}: {what} names arrays that are not there")
    if not all(role in _MAKERS for marks in roles.values() for role in marks.values()):
        raise FormatError(f"{where}: a role is none of {', '.join(_MAKERS)}")
    return Places(ids, labels, roles)


def _check_ids(name: str, ids: Any, numbers: list[int], bits: list[int], where: str) -> None:
    """Hold one array's ids against its numbers, as bits; new ones are added to `bits`."""
    if not isinstance(ids, list) or len(ids) != len(numbers):
        raise FormatError(f"{where}: the ids of {name!a} must be {len(numbers)} numbers")
    for i, number in zip(ids, numbers, strict=True):
        if type(i) is not int or not -1 <= i <= len(bits):
            raise FormatError(
                f"{where}: an id of {name!a} is {i!a:.30}; -1 to {len(bits)} can stand there"
            )
        if i == len(bits):
            bits.append(number)
        elif number != (0 if i < 0 else bits[i]):
            raise FormatError(
                f"{where}: {name!a} has two numbers for one Value, or one where there is none"
            )


def _checked_marks(
    facts: Any, name: str, ids: list[int], what: str, where: str
) -> dict[int, str | None]:
    """The labels or roles of one array, which stand as pairs [index, text]."""
    pairs = facts.get(name, []) if isinstance(facts, dict) else None
    if not isinstance(pairs, list) or not all(
        isinstance(pair, list) and len(pair) == 2 and type(pair[0]) is int
        and 0 <= pair[0] < len(ids) and isinstance(pair[1], str | None)
        for pair in pairs
    ):  # fmt: skip
        raise FormatError(f"{where}: the {what} of {name!a} must be pairs [index, text]")
    return dict(pairs)


def made(
    labels: Mapping[str, list[str]], arrays: Mapping[str, Array], places: Places
) -> dict[str, list[Value | None]]:
    """New Values in each array's places, as the file says; `labels` are the usual ones."""
    found: dict[str, list[Value | None]] = {}
    values: list[Value] = []
    for name, array in arrays.items():
        for i, (id_, number) in enumerate(
            zip(places.ids[name], array.reshape(-1).tolist(), strict=True)
        ):
            if id_ == len(values):
                maker = _MAKERS[places.roles[name].get(i) or "parameter"]
                values.append(maker(number, places.labels[name].get(i, labels[name][i])))
        found[name] = [None if id_ < 0 else values[id_] for id_ in places.ids[name]]
    return found
