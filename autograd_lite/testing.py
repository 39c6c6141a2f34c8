"""Assertions for those who check back-propagation by hand, and for those who grade it."""

from __future__ import annotations

from typing import TYPE_CHECKING

from autograd_lite.deltas import Deltas, NeuronDelta

if TYPE_CHECKING:
    from collections.abc import Mapping


def assert_deltas(
    deltas: Deltas,
    expected: Mapping[str, float | Mapping[str, float]],
    decimals: int | None = None,
    sample: int = 0,
    rtol: float = 1e-9,
    atol: float = 1e-12,
) -> None:
    """Raise AssertionError, with a table of what differs, unless the deltas are as expected.

    expected maps a neuron's name to its delta, or to a dict of columns (z, a, slope, error,
    dloss_da, delta), and a weight's name to its gradient, or to a dict (value, gradient,
    updated). What is not named is not compared. With `decimals` a number agrees if it is
    right to so many decimals, as worked by hand: 0.1385 against 0.13849856 for 4.
    Neurons are looked up in the given sample of the loss, counted from 0.
    Raises KeyError for a name that is not in the table.

    >>> from autograd_lite import losses, nn
    >>> mlp = nn.MLP.from_weights([[[2.0]]], activations="identity")
    >>> table = mlp.deltas(losses.half_squared_error(mlp([3.0]), [5.0]))
    >>> assert_deltas(table, {"o1": 1.0, "w11[1]": 2.0})
    Traceback (most recent call last):
    ...
    AssertionError: 1 of 2 numbers differ
      name    what      expected  got  difference
      w11[1]  gradient  2.0       3.0  1
    """
    lines = []
    count = 0
    for name, wanted in expected.items():
        row = deltas.samples[sample].get(name) or deltas[name]
        main = "delta" if isinstance(row, NeuronDelta) else "gradient"
        columns = wanted if hasattr(wanted, "items") else {main: wanted}
        for column, number in columns.items():
            if column not in row._fields:
                raise KeyError(f"{name} has no column {column!r}; there are {row._fields[1:]}")
            got = getattr(row, column)
            count += 1
            if got is None:
                lines.append((name, column, f"{number}", "none", "no such number here"))
                continue
            allowed = atol + rtol * abs(number)
            if decimals is not None:
                # half a unit in the last decimal, and the roundings of the comparison itself
                allowed = 0.5 * 10.0**-decimals * (1.0 + 1e-9)
            if not abs(got - number) <= allowed:
                lines.append((name, column, f"{number}", f"{got}", f"{got - number:.3g}"))
    if lines:
        table = [("name", "what", "expected", "got", "difference"), *lines]
        widths = [max(len(line[k]) for line in table) for k in range(5)]
        text = [
            "  " + "  ".join(c.ljust(w) for c, w in zip(line, widths, strict=True)).rstrip()
            for line in table
        ]
        raise AssertionError("\n".join([f"{len(lines)} of {count} numbers differ", *text]))
