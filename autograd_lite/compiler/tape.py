"""Record: a graph as lists over node numbers, parents before children.

Numbers that appear as operands become constant leaves, one per bit pattern; whatever depends
on constants alone is folded into one.
"""

from __future__ import annotations

import struct
from typing import TYPE_CHECKING

from autograd_lite.errors import CompileError, NotInGraphError
from autograd_lite.traversal import topological

if TYPE_CHECKING:
    from collections.abc import Sequence

    from autograd_lite.ops import Op
    from autograd_lite.value import Value

INPUT, PARAMETER, CONSTANT = "input", "parameter", "constant"


class Tape:
    """The nodes of a graph by number.

    kind     per node its row, or INPUT, PARAMETER or CONSTANT
    args     per node the numbers of its operands
    index    per input or parameter leaf its position
    number   per constant its value
    outputs  the numbers of the roots
    """

    def __init__(self) -> None:
        self.kind: list[Op | str] = []
        self.args: list[tuple[int, ...]] = []
        self.index: dict[int, int] = {}
        self.number: dict[int, float] = {}
        self.outputs: list[int] = []
        self._constants: dict[bytes, int] = {}

    def add(self, kind: Op | str, args: tuple[int, ...] = ()) -> int:
        """A new node's number."""
        self.kind.append(kind)
        self.args.append(args)
        return len(self.kind) - 1

    def constant(self, number: float) -> int:
        """The node of a constant; equal bits share one."""
        bits = struct.pack("<d", number)
        if bits not in self._constants:
            node = self.add(CONSTANT)
            self.number[node] = number
            self._constants[bits] = node
        return self._constants[bits]

    def __len__(self) -> int:
        return len(self.kind)


def record(
    outputs: Sequence[Value], inputs: Sequence[Value], parameters: Sequence[Value], strict: bool
) -> Tape:
    """The tape of a graph; other leaves than inputs and parameters are constants.

    With `strict` an input or parameter that no output depends on is a NotInGraphError.
    """
    tape = Tape()
    number: dict[Value, int] = {}
    for kind, leaves in ((INPUT, inputs), (PARAMETER, parameters)):
        for position, leaf in enumerate(leaves):
            if leaf.op is not None:
                raise CompileError(f"{kind} {leaf!r} was computed by {leaf.op.name}; give leaves")
            if leaf in number:
                raise CompileError(f"{kind} {leaf!r} is given twice")
            number[leaf] = tape.add(kind)
            tape.index[number[leaf]] = position
    order = topological(*outputs)
    if strict:
        present = set(order)
        for leaf in number:
            if leaf not in present:
                raise NotInGraphError(
                    f"compile: no output depends on {leaf.label or repr(leaf)}; leave it out, "
                    "or compute the outputs from it"
                )
    for node in order:
        if node in number:
            continue
        if node.op is None:
            number[node] = tape.constant(node.data)
            continue
        args = tuple([tape.constant(p) if type(p) is float else number[p] for p in node.parents])
        if all(a in tape.number for a in args):
            number[node] = tape.constant(node.op.fn(*[tape.number[a] for a in args]))
        else:
            number[node] = tape.add(node.op, args)
    tape.outputs = [number[root] for root in outputs]
    return tape
