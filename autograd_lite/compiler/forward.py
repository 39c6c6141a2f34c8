"""Forward: each group as the statements that compute it, and what the reverse pass needs of it.

Where operands are consecutive rows of one array they are views of it, made once; elsewhere they
are gathered.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np

from autograd_lite.compiler.code import Code, assignment, literal, row_name
from autograd_lite.compiler.layout import Layout
from autograd_lite.compiler.tape import Output
from autograd_lite.compiler.terms import Pairs, Product, Sum
from autograd_lite.ops import Op

if TYPE_CHECKING:
    from collections.abc import Sequence

    from autograd_lite.compiler.block import Block
    from autograd_lite.compiler.plan import Group
    from autograd_lite.compiler.tape import Tape


class Forward:
    """The forward pass; `add` the groups in the order in which they run.

    lines        its statements
    at           where the nodes stand
    expressions  per group the expressions of its operands
    stack_names  per group what a row's kernels call its stacks of operands
    rows, blocks what the statements refer to by name
    """

    def __init__(self, tape: Tape, varying: Sequence[bool]) -> None:
        self.tape = tape
        self.varying = varying
        self.lines: list[str] = []
        self.at = Layout(tape, self.lines)
        self.expressions: dict[int, list[str]] = {}
        self.stack_names: dict[int, dict[str, str]] = {}
        self.rows: dict[str, Op] = {}
        self.blocks: dict[str, Block] = {}
        self._works: dict[Block, str] = {}

    def add(self, number: int, group: Group) -> None:
        """Compute a group; `number` counts them."""
        self.lines.append(f"# {self.title(group)}")
        kind, n, out = group.kind, len(group.nodes), self.out(group)
        if group.rows:
            weights, operands = self._matrices(group)
            self.expressions[number] = [weights, operands]
            wide = self.wide(group, out)
            # of one term: BLAS would take the product for a scaling, and 0 * nan for 0
            call = "np.dot" if isinstance(kind, Product) and kind.terms > 1 else "np.multiply"
            self.lines.append(f"{call}({weights}, {operands}, out={wide})")
        elif isinstance(kind, (Product, Pairs)):
            k = kind.terms
            left, right = (
                self.at.operand(stacked(group.operands[a:b]), f"{k}, {n}", number=False)
                for a, b in ((0, k), (k, 2 * k))
            )
            self.expressions[number] = [left, right]
            self.lines.append(f"np.sum({left} * {right}, axis=0, out={out})")
        elif isinstance(kind, Output):
            self._block(group, out)
        elif isinstance(kind, Sum):
            parts = []
            for a, b in ((0, kind.plus), (kind.plus, kind.plus + kind.minus)):
                if b > a:
                    stack = self.at.operand(
                        stacked(group.operands[a:b]), f"{b - a}, {n}", number=False
                    )
                    parts.append(f"np.add.reduce({stack}, axis=0)")
                else:
                    parts.append("0.0")
            self.lines.append(f"np.subtract({parts[0]}, {parts[1]}, out={out})")
        elif kind.arity is None:
            self._stacked_row(number, group, out)
        else:
            names = [self.at.operand(column, str(n)) for column in group.operands]
            self.expressions[number] = names
            self._use(kind)
            self.lines.append(assignment(kind, self.symbols(group, names), out))

    def _block(self, group: Group, out: str) -> None:
        """A native block: its work vectors are made with the arrays."""
        assert isinstance(group.kind, Output)
        block = group.kind.block
        name = f"block{len(self.blocks) + 1}"
        self.blocks[name] = block
        wanted = np.array([self.position(node) for node in group.nodes])
        width = "B" if group.varying else "1"
        work = self.at.view(f"{name}.work({width}, {self.at.constant(wanted)})", "n")
        self._works[block] = work
        reads = group.operands[0]
        static, varying = (
            self.at.operand(part, str(len(part)), number=False) if part else "0.0"
            for part in (reads[: block.statics], reads[block.statics :])
        )
        self.lines.append(f"{work}.forward({static}, {varying}, {out}, multiply)")

    def _matrices(self, group: Group) -> tuple[str, str]:
        """The weight matrix (rows, k) and the operands (k, columns * width) of a product."""
        k = len(group.operands[0]) // group.rows
        width = "B" if group.varying else "1"
        single = self.at.single(group.operands[0])
        if single is not None:
            array, first, count = single
            weights = f"{array.name}[{first}:{first + count}]"
        else:
            weights = self.at.operand(group.operands[0], str(len(group.operands[0])), number=False)
        weights = self.at.view(f"{weights}.reshape({group.rows}, {k})", "W")
        column = group.operands[1]
        body = column[: -group.columns]
        single = self.at.single(body)
        if single is not None:
            array, first, count = single
            ones = all(self.tape.number.get(n) == 1.0 for n in column[-group.columns :])
            if ones and array.ones == group.columns and first + count == array.rows:
                text = self.at.slice(array, first, count + array.ones, str(count + array.ones))
                return weights, self._flat(text, k, group.columns, width)
        text = self.at.operand(column, str(len(column)), number=False)
        return weights, self._flat(text, k, group.columns, self._width_of(column, width))

    def _width_of(self, column: Sequence[int], width: str) -> str:
        return width if any(self.varying[n] for n in column) else "1"

    def _flat(self, text: str, k: int, columns: int, width: str) -> str:
        if columns == 1:
            return text
        return self.at.view(f"{text}.reshape({k}, {columns} * {width})")

    def _stacked_row(self, number: int, group: Group, out: str) -> None:
        """A row of any number of arguments, on stacks of them."""
        assert isinstance(group.kind, Op)
        stacks = self._stacks(group)
        self.expressions[number] = stacks
        if group.kind.array is None:
            self._use(group.kind)
            call = f"{row_name(group.kind)}({', '.join(f'*{s}' for s in stacks)})"
            self.lines.append(f"{out}[...] = {call}")
        else:
            names = _stack_names(stacks)
            if group.kind.shared:
                names["shared"] = self.at.buffer(len(group.nodes), group.varying)
                shared = group.kind.shared.format(**names)
                self.lines.append(f"{names['shared']}[...] = {shared}")
            self.stack_names[number] = names
            self.lines.append(f"{out}[...] = {group.kind.array.format(**names)}")

    def _stacks(self, group: Group) -> list[str]:
        """One stack (arguments, nodes, width), or two halves where the row tells them apart."""
        assert isinstance(group.kind, Op)
        k, n = len(group.operands), len(group.nodes)
        halves = group.kind.array is not None and "{a}" in group.kind.array
        bounds = ((0, k // 2), (k // 2, k)) if halves else ((0, k),)
        return [
            self.at.operand(stacked(group.operands[a:b]), f"{b - a}, {n}", number=False)
            for a, b in bounds
        ]

    def _use(self, op: Op) -> None:
        if op.array is None:
            self.rows[row_name(op)] = op

    def title(self, group: Group) -> str:
        """What a group is, in words."""
        kind = group.kind
        lane = "" if group.varying else ", once for all samples"
        if group.rows and isinstance(kind, Product):
            columns = f" on {group.columns} columns" if group.columns > 1 else ""
            return f"{group.rows} inner products of {kind.terms} terms{columns}{lane}"
        if isinstance(kind, (Product, Pairs)):
            return f"{len(group.nodes)} inner products of {kind.terms} pairs{lane}"
        if isinstance(kind, Sum):
            return f"{len(group.nodes)} sums of {kind.plus + kind.minus} terms{lane}"
        if isinstance(kind, Output):
            nodes = int((kind.block.trace.kind >= 0).sum())
            return f"native code of {nodes} nodes, {len(group.nodes)} of them wanted{lane}"
        return f"{len(group.nodes)} x {kind.name}{lane}"

    def out(self, group: Group) -> str:
        """The array of a group's values."""
        array, _ = self.at.place(group.nodes[0])
        return array.name if not array.ones else self.at.view(f"{array.name}[:{array.rows}]")

    def wide(self, group: Group, out: str) -> str:
        """An array (rows * columns, width) seen as (rows, columns * width)."""
        if group.columns == 1:
            return out
        width = "B" if group.varying else "1"
        return self.at.view(f"{out}.reshape({group.rows}, {group.columns} * {width})")

    def work(self, group: Group) -> str:
        """The name of a block's work vectors."""
        assert isinstance(group.kind, Output)
        return self._works[group.kind.block]

    def position(self, node: int) -> int:
        """Which of its block's outputs a node is."""
        kind = self.tape.kind[node]
        assert isinstance(kind, Output)
        return kind.position

    def symbols(self, group: Group, names: list[str]) -> tuple[Any, ...]:
        """Operands as symbols; a literal constant as a float, so that rules may look at it."""
        found: list[Any] = []
        for column, name in zip(group.operands, names, strict=True):
            numbers = {literal(self.tape.number[c]) for c in column if c in self.tape.number}
            one = len(numbers) == 1 and all(c in self.tape.number for c in column)
            found.append(self.tape.number[column[0]] if one else Code(name))
        return tuple(found)


def stacked(columns: Sequence[Sequence[int]]) -> list[int]:
    """Arguments times nodes as one list, argument by argument."""
    return [node for column in columns for node in column]


def _stack_names(stacks: list[str]) -> dict[str, str]:
    return {"x": stacks[0]} if len(stacks) == 1 else {"a": stacks[0], "t": stacks[1]}
