"""Backward: each group as the statements that hand its cotangents to its operands.

A group's derivatives are got by running the row's rule on symbols that print code. The transposed
products of inner products are derived from the rule of `mul` here, and in run_code.py for sums
and dots too long to be written out: nowhere else does that happen outside the table. The first
write to a cotangent is `=`, others add.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np

from autograd_lite.compiler.code import Code, text_of
from autograd_lite.compiler.forward import stacked
from autograd_lite.compiler.tape import INPUT, Output
from autograd_lite.compiler.terms import Pairs, Product, Sum
from autograd_lite.ops import Op

if TYPE_CHECKING:
    from collections.abc import Sequence

    from autograd_lite.compiler.forward import Forward
    from autograd_lite.compiler.layout import Array
    from autograd_lite.compiler.plan import Group


class Backward:
    """The reverse pass after a forward one; `seed` the output, then `add` the groups, last first.

    lines   its statements
    """

    def __init__(self, forward: Forward, groups: Sequence[Group]) -> None:
        self.forward = forward
        self.groups = groups
        self.tape = forward.tape
        self.at = forward.at
        self.lines: list[str] = []

    def seed(self, node: int) -> None:
        """Begin at the output."""
        if not self.at.has(node):
            return  # the output is a constant
        array, row = self.at.place(node)
        array.has_cotangent = True
        array.written[row] = True
        seed = "seed" if array.varying else "seed * B"
        self.lines.append("# the output")
        self.lines.append(f"{self.at.view(f'd{array.name}[{row}:{row + 1}]')}.fill({seed})")

    def add(self, number: int, group: Group) -> None:
        """Go back through a group; `number` is the one it had forward."""
        array, _ = self.at.place(group.nodes[0])
        if not group.needs or not array.has_cotangent:
            return
        self.lines.append(f"# back through {self.forward.title(group)}")
        g, kind, n = f"d{array.name}", group.kind, len(group.nodes)
        if group.rows:
            self._product(group, g, *self.forward.expressions[number])
        elif isinstance(kind, (Product, Pairs)):
            k = kind.terms
            left, right = self.forward.expressions[number]
            for a, b, other in ((0, k, right), (k, 2 * k, left)):
                self._give(stacked(group.operands[a:b]), g, Code(other), f"{k}, {n}", group.varying)
        elif isinstance(kind, Output):
            self._block(group, g)
        elif isinstance(kind, Sum):
            for a, b, sign in ((0, kind.plus, 1.0), (kind.plus, kind.plus + kind.minus, -1.0)):
                if b > a:
                    self._give(
                        stacked(group.operands[a:b]), g, sign, f"{b - a}, {n}", group.varying
                    )
        elif kind.arity is None:
            self._stacked_row(number, group, g)
        else:
            y = Code(self.forward.out(group))
            symbols = self.forward.symbols(group, self.forward.expressions[number])
            found = kind.partials(y, *symbols)
            for i, rule in enumerate(kind.rules if isinstance(kind.rules, tuple) else ()):
                if rule is None or not any(self._needs(c) for c in group.operands[i]):
                    continue
                self._give(group.operands[i], g, found[i], str(n), group.varying, _by(kind))

    def _needs(self, node: int) -> bool:
        if not self.at.has(node):
            return False
        name = self.at.place(node)[0].name
        return name == "s" or (name != "x" and self.groups[int(name[1:]) - 1].needs)

    def _block(self, group: Group, g: str) -> None:
        assert isinstance(group.kind, Output)
        reads, statics = group.operands[0], group.kind.block.statics
        self.lines.append(f"p, q = {self.forward.work(group)}.backward({g}, multiply)")
        if statics:
            self._give(reads[:statics], "p", 1.0, str(statics), varying=False)
        if reads[statics:]:
            n = len(reads) - statics
            self._give(reads[statics:], "q", 1.0, str(n), group.varying)

    def _product(self, group: Group, g: str, weights: str, operands: str) -> None:
        """dW = dY X^T and dX = W^T dY: the rule of `mul`, summed as the products are."""
        wide = self.forward.wide(group, g)
        k = len(group.operands[0]) // group.rows
        matrix = f"{group.rows}, {k}"
        if any(self._needs(n) for n in group.operands[0]) and not self._from_samples(group, wide):
            self._give_whole(group.operands[0], f"dot({wide}, {operands}.T{{out}})", matrix, False)
        column = group.operands[1]
        needed = [self._needs(n) for n in column]
        if any(needed):
            last = max(i for i, need in enumerate(needed) if need) // group.columns + 1
            body = column[: last * group.columns]
            rows = weights if last == k else self.at.view(f"{weights}[:, :{last}]")
            width = "B" if group.varying else "1"
            shape = f"{last}, {group.columns} * {width}" if group.columns > 1 else ""
            self._give_whole(body, f"dot_back({rows}.T, {wide}{{out}})", shape, group.varying)

    def _from_samples(self, group: Group, g: str) -> bool:
        """The weights' gradient of a wide first layer, with X as it came: no transposed copy.

        It saved a twentieth of the step of 784-128-64-10 on a batch of 64.
        """
        body = group.operands[1][: -group.columns]
        columns = [self.tape.index(n) for n in body]
        weights = self.at.single(group.operands[0])
        if (
            group.columns > 1 or len(body) < 128 or weights is None or any(
                weights[0].written[weights[1] : weights[1] + weights[2]])
            or not all(self.tape.kind[n] == INPUT for n in body)
            or columns != list(range(columns[0], columns[0] + len(columns)))
            or self.tape.number.get(group.operands[1][-1]) != 1.0
        ):  # fmt: skip
            return False
        array, first, count = weights
        array.has_cotangent = True
        array.written[first : first + count] = [True] * count
        k = len(body)
        matrix = self.at.view(f"ds[{first}:{first + count}].reshape({group.rows}, {k + 1})")
        left, last = self.at.view(f"{matrix}[:, :{k}]"), self.at.view(f"{matrix}[:, {k}:]")
        samples = f"X[:, {columns[0]}:{columns[0] + k}]"
        self.lines.append(f"matmul({g}, {samples}, out={left})")
        self.lines.append(f"np.add.reduce({g}, axis=1, keepdims=True, out={last})")
        return True

    def _give_whole(self, nodes: list[int], call: str, shape: str, varying: bool) -> None:
        """Add a matrix product to the cotangents of its nodes (its entries in order)."""
        single = self.at.single(nodes)
        if single is not None:
            array, first, count = single
            array.has_cotangent = True
            if shape:
                target = self.at.view(f"d{array.name}[{first}:{first + count}].reshape({shape})")
            else:
                target = self._cotangent(array, first, count, "")
            written = array.written[first : first + count]
            if not any(written):
                array.written[first : first + count] = [True] * count
                self.lines.append(call.format(out=f", out={target}"))
                return
            if all(written):
                self.lines.append(f"np.add({target}, {call.format(out='')}, out={target})")
                return
        self._scatter(nodes, f"{call.format(out='')}.reshape({len(nodes)}, -1)", varying)

    def _give(
        self, nodes: list[int], g: str, partial: Any, shape: str, varying: bool,
        by: str = "multiply",
    ) -> None:  # fmt: skip
        """Add g * partial to the cotangents of nodes, summed over samples where they are static."""
        if not any(self._needs(node) for node in nodes):
            return
        single = self.at.single(nodes)
        value = self._times(g, partial, by)
        if single is not None:
            array, first, count = single
            written = array.written[first : first + count]
            if all(written) or not any(written):
                array.has_cotangent = True
                array.written[first : first + count] = [True] * count
                target = self._cotangent(array, first, count, shape)
                reduced = varying and not array.varying
                if reduced:
                    value = f"np.add.reduce({self._full(value, shape)}, axis=-1, keepdims=True)"
                if all(written):
                    self.lines.append(f"np.add({target}, {value}, out={target})")
                elif reduced:
                    self.lines.append(f"{value[:-1]}, out={target})")
                elif type(partial) is float and partial == 1.0:
                    self.lines.append(f"np.copyto({target}, {g})")
                else:
                    self.lines.append(f"{by}({g}, {text_of(partial)}, out={target})")
                return
        width = "B" if varying else "1"
        flat = f"np.broadcast_to({value}, ({shape}, {width})).reshape({len(nodes)}, {width})"
        self._scatter(nodes, flat, varying)

    def _full(self, value: str, shape: str) -> str:
        """The value with its sample axis written out, so that a sum over it counts every sample."""
        return f"np.broadcast_to({value}, ({shape}, B))"

    def _times(self, g: str, partial: Any, by: str) -> str:
        if type(partial) is float and partial == 1.0:
            return g
        return f"{by}({g}, {text_of(partial)})"

    def _cotangent(self, array: Array, first: int, count: int, shape: str) -> str:
        text = f"d{array.name}"
        if first or count < array.rows:
            text += f"[{first}:{first + count}]"
        if "," in shape:
            text += f".reshape({shape}, {array.width})"
        return text if text == f"d{array.name}" else self.at.view(text)

    def _scatter(self, nodes: Sequence[int], flat: str, varying: bool) -> None:
        """Add the rows of an expression to the cotangents of these nodes, wherever they stand."""
        by_array: dict[int, tuple[Array, list[int], list[int]]] = {}
        for i, node in enumerate(nodes):
            if self._needs(node):
                array, row = self.at.place(node)
                entry = by_array.setdefault(id(array), (array, [], []))
                entry[1].append(i)
                entry[2].append(row)
        if not by_array:
            return
        self.lines.append(f"r = {flat}")
        for array, positions, rows in by_array.values():
            array.has_cotangent = True
            zero = sorted({row for row in rows if not array.written[row]})
            if zero:
                at = self.at.constant(np.array(zero))
                self.lines.append(f"d{array.name}[{at}] = 0.0")
                for row in zero:
                    array.written[row] = True
            take = "" if positions == list(range(len(nodes))) else (
                f"[{self.at.constant(np.array(positions))}]"
            )  # fmt: skip
            index = self.at.constant(np.array(rows))
            part = f"r{take}"
            if varying and not array.varying:
                part = f"np.add.reduce({part}, axis=-1, keepdims=True)"
            if len(set(rows)) == len(rows):
                self.lines.append(f"d{array.name}[{index}] += {part}")
            else:
                self.lines.append(f"np.add.at(d{array.name}, {index}, {part})")

    def _stacked_row(self, number: int, group: Group, g: str) -> None:
        """A row of any number of arguments: its stacked rules, or each rule by itself."""
        kind = group.kind
        assert isinstance(kind, Op)
        stacks, k, n = self.forward.expressions[number], len(group.operands), len(group.nodes)
        y = self.forward.out(group)
        if kind.array is not None and kind.array_rules:
            bounds = ((0, k),) if len(stacks) == 1 else ((0, k // 2), (k // 2, k))
            for (a, b), rule in zip(bounds, kind.array_rules, strict=True):
                if any(self._needs(c) for column in group.operands[a:b] for c in column):
                    text = rule.format(y=y, **self.forward.stack_names[number])
                    partial = 1.0 if text == "1.0" else Code(f"({text})")
                    self._give(
                        stacked(group.operands[a:b]), g, partial, f"{b - a}, {n}", group.varying,
                        _by(kind),
                    )  # fmt: skip
            return
        symbols = [Code(f"{stacks[0]}[{i}]") for i in range(k)]
        for i, partial in enumerate(kind.partials(Code(y), *symbols)):
            if partial is not None and any(self._needs(c) for c in group.operands[i]):
                self._give(group.operands[i], g, partial, str(n), group.varying, _by(kind))


def _by(row: Op) -> str:
    """The function that multiplies a cotangent with a row's partial."""
    return "select" if row.select else "multiply"
