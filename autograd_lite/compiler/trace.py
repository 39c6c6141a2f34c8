"""Trace: a recorded graph as arrays of integers, inputs and parameters first.

The form in which graphs of millions of nodes are looked at: every pass over it is a few
array operations.
"""

from __future__ import annotations

from operator import attrgetter
from typing import TYPE_CHECKING, Any

import numpy as np

from autograd_lite import ops
from autograd_lite.errors import CompileError, NotInGraphError
from autograd_lite.traversal import numbered

if TYPE_CHECKING:
    from collections.abc import Sequence

    from numpy.typing import NDArray

    from autograd_lite.ops import Op
    from autograd_lite.traversal import Numbered
    from autograd_lite.value import Value

    Ints = NDArray[np.int64]

#: What stands in `Trace.kind` for leaves; a row has a number from 0 on.
IS_INPUT, IS_PARAMETER, IS_CONSTANT = -1, -2, -3
#: Rows that are sums, whose terms may be taken up into one.
LINEAR = frozenset((ops.add, ops.sub, ops.sum))


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

    With `strict` an input or parameter that no output depends on is a NotInGraphError. A
    placeholder that is not given is a CompileError.
    """
    given = [*inputs, *parameters]
    if any(map(attrgetter("op"), given)):
        _check_leaves(inputs, parameters)
    found = numbered(outputs, given)
    if found.repeated:
        _check_leaves(inputs, parameters)
    if strict and found.missing:
        leaf = found.missing[0]
        raise NotInGraphError(
            f"compile: no output depends on {leaf.label or repr(leaf)}; leave it out, "
            "or compute the outputs from it"
        )
    for leaf in found.leaves:
        if leaf.role == "input":
            raise CompileError(
                f"compile: the placeholder {leaf.label} is not among the inputs; add it to them"
            )
    return _arrays(found, len(inputs), len(parameters))


def _check_leaves(inputs: Sequence[Value], parameters: Sequence[Value]) -> None:
    """Raise a CompileError for what was computed, or is given twice."""
    seen: set[Value] = set()
    for kind, given in (("input", inputs), ("parameter", parameters)):
        for leaf in given:
            if leaf.op is not None:
                raise CompileError(f"{kind} {leaf!r} was computed by {leaf.op.name}; give leaves")
            if leaf in seen:
                raise CompileError(f"{kind} {leaf!r} is given twice")
            seen.add(leaf)


def _arrays(found: Numbered, n_inputs: int, n_parameters: int) -> Trace:
    nodes, leaves = found.nodes, n_inputs + n_parameters
    k = len(nodes)
    first = leaves + k  # the number of the first constant
    numbers: list[float] = [leaf.data for leaf in found.leaves]

    def place(constants: list[float]) -> Ints:
        """The numbers of new constants, equal ones the same."""
        bits, inverse = np.unique(np.array(constants, float).view(np.int64), return_inverse=True)
        numbers.extend(bits.view(np.float64).tolist())
        return first + len(numbers) - len(bits) + inverse.reshape(-1)

    a, b = np.array(found.a, np.int64), np.array(found.b, np.int64)
    counts = np.full(k, 2)
    many = np.zeros(k, bool)
    many[list(found.many)] = True
    at = np.flatnonzero((a < 0) & ~many)
    a[at] = place([nodes[i].a for i in at.tolist()])
    empty = np.flatnonzero((b < 0) & ~many)
    second = [nodes[i].b for i in empty.tolist()]
    unary = np.array([x is None for x in second], bool)
    counts[empty[unary]] = 1
    b[empty[~unary]] = place([x for x in second if x is not None])
    for i, operands in found.many.items():
        if -1 in operands:
            floats = iter(place([x for x in nodes[i].b if type(x) is float]).tolist())
            found.many[i] = [next(floats) if number < 0 else number for number in operands]
        counts[i] = len(operands)
    start = np.concatenate([[0], np.cumsum(counts)])
    args = np.empty(start[-1], np.int64)
    begin = start[:-1]
    args[begin[~many]] = a[~many]
    args[begin[~many & (counts == 2)] + 1] = b[~many & (counts == 2)]
    for i, operands in found.many.items():
        args[start[i] : start[i + 1]] = operands
    ops = [node.op for node in nodes]
    rows = {row: i for i, row in enumerate(dict.fromkeys(ops))}
    kind = np.concatenate([
        np.full(n_inputs, IS_INPUT), np.full(n_parameters, IS_PARAMETER),
        np.fromiter(map(rows.__getitem__, ops), np.int64, k), np.full(len(numbers), IS_CONSTANT),
    ])  # fmt: skip
    values = np.full(len(kind), np.nan)
    values[first:] = numbers
    start = np.concatenate([np.zeros(leaves, np.int64), start, np.full(len(numbers), start[-1])])
    table: list[Any] = list(rows)
    return Trace(table, kind, start, args, values, n_inputs, n_parameters, np.array(found.roots))
