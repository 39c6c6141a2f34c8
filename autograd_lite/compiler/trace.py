"""Trace: a recorded graph as arrays of integers, inputs and parameters first.

The form in which graphs of millions of nodes are looked at: every pass over it is a few
array operations.
"""

from __future__ import annotations

from itertools import repeat
from typing import TYPE_CHECKING, Any

import numpy as np

from autograd_lite.errors import CompileError, NotInGraphError
from autograd_lite.traversal import topological

if TYPE_CHECKING:
    from collections.abc import Sequence

    from numpy.typing import NDArray

    from autograd_lite.ops import Op
    from autograd_lite.value import Value

    Ints = NDArray[np.int64]

#: What stands in `Trace.kind` for leaves; a row has a number from 0 on.
IS_INPUT, IS_PARAMETER, IS_CONSTANT = -1, -2, -3


class Trace:
    """The nodes of a graph by number: inputs, parameters, then rows in recorded order, constants.

    rows     the rows that occur
    kind     (n,) per node the number of its row, or IS_INPUT, IS_PARAMETER, IS_CONSTANT
    start    (n + 1,) where each node's operands begin in args
    args     the operands' numbers
    number   (n,) a constant's value, nan elsewhere
    leaves   how many inputs and parameters come first
    outputs  the numbers of the roots
    """

    def __init__(
        self, rows: list[Op], kind: Ints, start: Ints, args: Ints, number: NDArray[np.float64],
        n_inputs: int, n_parameters: int, outputs: Ints,
    ) -> None:  # fmt: skip
        self.rows = rows
        self.kind = kind
        self.start = start
        self.args = args
        self.number = number
        self.n_inputs = n_inputs
        self.n_parameters = n_parameters
        self.leaves = n_inputs + n_parameters
        self.outputs = outputs

    def __len__(self) -> int:
        return len(self.kind)

    @property
    def counts(self) -> Ints:
        """(n,) how many operands each node has."""
        return np.diff(self.start)

    def owners(self) -> Ints:
        """For each entry of args the node that it belongs to."""
        return np.repeat(np.arange(len(self)), self.counts)


def record(
    outputs: Sequence[Value], inputs: Sequence[Value], parameters: Sequence[Value], strict: bool
) -> Trace:
    """The trace of a graph; other leaves than inputs and parameters are constants.

    With `strict` an input or parameter that no output depends on is a NotInGraphError.
    """
    number: dict[Any, int] = {}
    for kind, given in (("input", inputs), ("parameter", parameters)):
        for leaf in given:
            if leaf.op is not None:
                raise CompileError(f"{kind} {leaf!r} was computed by {leaf.op.name}; give leaves")
            if leaf in number:
                raise CompileError(f"{kind} {leaf!r} is given twice")
            number[leaf] = len(number)
    order = topological(*outputs)
    if strict:
        _require(set(order), number)
    leaves = len(number)
    interior = [node for node in order if node.op is not None]
    number.update(zip(interior, range(leaves, leaves + len(interior))))
    constants = [node for node in order if node.op is None and node not in number]
    number.update(zip(constants, range(len(number), len(number) + len(constants))))
    return _arrays(interior, number, [c.data for c in constants], outputs, inputs, parameters)


def _require(present: set[Value], leaves: dict[Any, int]) -> None:
    for leaf in leaves:
        if leaf not in present:
            raise NotInGraphError(
                f"compile: no output depends on {leaf.label or repr(leaf)}; leave it out, "
                "or compute the outputs from it"
            )


def _arrays(
    interior: list[Value], number: dict[Any, int], numbers: list[float],
    outputs: Sequence[Value], inputs: Sequence[Value], parameters: Sequence[Value],
) -> Trace:  # fmt: skip
    """The trace, its loops over nodes in C: `map` and `fromiter` over slots."""
    k, leaves = len(interior), len(inputs) + len(parameters)
    a, b = [node.a for node in interior], [node.b for node in interior]
    missing = repeat(-1)
    of_a = np.fromiter(map(number.get, a, missing), np.int64, k)
    of_b = np.fromiter(map(number.get, b, missing), np.int64, k)
    counts = np.full(k, 2)
    many: dict[int, list[int]] = {}
    first = len(number) - len(numbers)  # the number of the first constant

    def place(constants: list[float]) -> Ints:
        """The numbers of new constants."""
        numbers.extend(constants)
        return np.arange(first + len(numbers) - len(constants), first + len(numbers))

    empty = np.flatnonzero(of_a < 0)
    n_ary = np.array([a[i] is None for i in empty.tolist()], bool)
    of_a[empty[~n_ary]] = place([a[i] for i in empty[~n_ary].tolist()])
    for i in empty[n_ary].tolist():
        floats = iter(place([p for p in b[i] if type(p) is float]).tolist())
        many[i] = [next(floats) if type(p) is float else number[p] for p in b[i]]
        counts[i] = len(many[i])
    empty = np.flatnonzero((of_b < 0) & (of_a >= 0))
    unary = np.array([b[i] is None for i in empty.tolist()], bool)
    counts[empty[unary]] = 1
    of_b[empty[~unary]] = place([b[i] for i in empty[~unary].tolist()])
    start = np.concatenate([[0], np.cumsum(counts)])
    args = np.empty(start[-1], np.int64)
    plain = np.ones(k, bool)
    plain[list(many)] = False
    args[start[:-1][plain]] = of_a[plain]
    second = plain & (counts == 2)
    args[start[:-1][second] + 1] = of_b[second]
    for i, operands in many.items():
        args[start[i] : start[i + 1]] = operands
    ops = [node.op for node in interior]
    rows = {row: i for i, row in enumerate(dict.fromkeys(ops))}
    kind = np.concatenate([
        np.full(len(inputs), IS_INPUT), np.full(len(parameters), IS_PARAMETER),
        np.fromiter(map(rows.__getitem__, ops), np.int64, k), np.full(len(numbers), IS_CONSTANT),
    ])  # fmt: skip
    values = np.full(len(kind), np.nan)
    values[leaves + k :] = numbers
    tail = np.full(len(numbers), start[-1])
    start = np.concatenate([np.zeros(leaves, np.int64), start, tail])
    roots = np.array([number[root] for root in outputs])
    found: list[Any] = list(rows)
    return Trace(found, kind, start, args, values, len(inputs), len(parameters), roots)
