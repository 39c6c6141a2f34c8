"""Emit: the groups as Python source over preallocated arrays.

Arrays hold one row per node and one column per sample (static ones a single column). Where
operands are consecutive rows of one array they are views of it, made once; elsewhere they are
gathered. The reverse pass takes each group's derivatives by running the row's rule on
symbols that print code. The transposed products of inner products are derived from the rule of
`mul` here, and in run_code.py for sums and dots too long to be written out: nowhere else does
that happen outside the table.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np

from autograd_lite.compiler.code import Code, assignment, literal, row_name, text_of
from autograd_lite.compiler.direct import Whole
from autograd_lite.compiler.layout import Layout
from autograd_lite.compiler.plan import Group, input_order, parameter_order
from autograd_lite.compiler.tape import INPUT, PARAMETER, Output, Tape
from autograd_lite.compiler.terms import Pairs, Product, Sum
from autograd_lite.ops import Op

if TYPE_CHECKING:
    from collections.abc import Sequence

    from numpy.typing import NDArray

    from autograd_lite.compiler.block import Block
    from autograd_lite.compiler.layout import Array


class Source:
    """Generated source and what it refers to.

    text        a module that defines `build(B, dtype)`
    arrays      constant and index arrays by name
    rows        the rows without an array kernel, by name
    blocks      the native blocks by name
    whole       the block that is all of the program; None where there is more
    order       for each row of the static array s the position in theta
    careful     whether the forward pass needs strong zeros from the start
    """

    def __init__(
        self, text: str, arrays: dict[str, Any], rows: dict[str, Op], blocks: dict[str, Block],
        order: NDArray[np.intp], whole: Whole | None, careful: bool,
    ) -> None:  # fmt: skip
        self.text = text
        self.arrays = arrays
        self.rows = rows
        self.blocks = blocks
        self.order = order
        self.whole = whole
        self.careful = careful


def emit(
    tape: Tape, groups: Sequence[Group], varying: Sequence[bool], gradient: bool, careful: bool
) -> Source:
    """The source of a program; with `gradient` also of the first output's."""
    return _Emitter(tape, groups, varying, careful).run(gradient)


class _Emitter:
    def __init__(
        self, tape: Tape, groups: Sequence[Group], varying: Sequence[bool], careful: bool
    ) -> None:
        self.tape = tape
        self.careful = careful
        self.groups = groups
        self.varying = varying
        self.rows: dict[str, Op] = {}
        self.blocks: dict[str, Block] = {}
        self.forward: list[str] = []
        self.backward: list[str] = []
        self.expressions: dict[int, list[str]] = {}  # per group the expressions of its operands
        self.stack_names: dict[int, dict[str, str]] = {}  # what a row's kernels call their stacks
        self.at = Layout(tape, self.forward)

    # --- forward ----------------------------------------------------------------------------

    def run(self, gradient: bool) -> Source:
        tape = self.tape
        self.at.array("x", self._inputs(), True)
        order = parameter_order(tape, self.groups)
        self.at.array("s", order, False)
        for number, group in enumerate(self.groups, start=1):
            self.at.array(f"t{number}", group.nodes, group.varying)
        self._place_ones()
        for number, group in enumerate(self.groups):
            self.forward.append(f"# {self._title(group)}")
            self._forward(number, group)
        self.forward.append("# outputs")
        parts = [tape.outputs[:1], tape.outputs[1:]]  # the first one is looked at by itself
        results = [self.at.operand(part, str(len(part)), number=False) for part in parts if part]
        if gradient:
            self._seed(tape.outputs[0])
            for number in reversed(range(len(self.groups))):
                self._backward(number, self.groups[number])
        return Source(
            self._text(results, gradient), self.at.constants, self.rows, self.blocks,
            np.array(order, np.intp) - tape.n_inputs, self._whole(gradient), self.careful,
        )  # fmt: skip

    def _whole(self, gradient: bool) -> Whole | None:
        """The block that is the program, if there is nothing beside it."""
        tape, kind = self.tape, self.groups[0].kind if len(self.groups) == 1 else None
        if not isinstance(kind, Output) or (not gradient and not kind.block.varying):
            return None
        places = {node: self._position(node) for node in self.groups[0].nodes}
        if not all(node in places for node in tape.outputs):
            return None
        reads = self.groups[0].operands[0]
        kinds = [tape.kind[node] for node in reads]
        statics = kinds.count(PARAMETER)
        if kinds != [PARAMETER] * statics + [INPUT] * (len(kinds) - statics) or (
            kind.block.varying and kind.block.statics != statics
        ):
            return None
        positions = [tape.index(node) for node in reads]
        return Whole(
            kind.block, np.array(positions[:statics], np.intp),
            np.array(positions[statics:], np.intp), np.array([places[n] for n in tape.outputs]),
            self.careful,
        )  # fmt: skip

    def _place_ones(self) -> None:
        """Rows of ones below the rows that a product with biases reads, if these end an array."""
        for group in self.groups:
            if not group.rows or not isinstance(group.kind, Product):
                continue
            column = group.operands[1]
            body, last = column[: -group.columns], column[-group.columns :]
            if any(self.tape.number.get(node) != 1.0 for node in last) or not body:
                continue
            single = self.at.single(body)
            if single is not None:
                array, first, count = single
                if first + count == array.rows and array.ones in (0, group.columns):
                    array.ones = group.columns

    def _title(self, group: Group) -> str:
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

    def _out(self, group: Group) -> str:
        array, _ = self.at.place(group.nodes[0])
        return array.name if not array.ones else self.at.view(f"{array.name}[:{array.rows}]")

    def _forward(self, number: int, group: Group) -> None:
        kind, n, out = group.kind, len(group.nodes), self._out(group)
        if group.rows:
            weights, operands = self._matrices(group)
            self.expressions[number] = [weights, operands]
            wide = self._wide(group, out)
            # of one term: BLAS would take the product for a scaling, and 0 * nan for 0
            call = "np.dot" if isinstance(kind, Product) and kind.terms > 1 else "np.multiply"
            self.forward.append(f"{call}({weights}, {operands}, out={wide})")
        elif isinstance(kind, (Product, Pairs)):
            k = kind.terms
            left, right = (
                self.at.operand(_stacked(group.operands[a:b]), f"{k}, {n}", number=False)
                for a, b in ((0, k), (k, 2 * k))
            )
            self.expressions[number] = [left, right]
            self.forward.append(f"np.sum({left} * {right}, axis=0, out={out})")
        elif isinstance(kind, Output):
            self._forward_block(group, out)
        elif isinstance(kind, Sum):
            parts = []
            for a, b in ((0, kind.plus), (kind.plus, kind.plus + kind.minus)):
                if b > a:
                    stack = self.at.operand(
                        _stacked(group.operands[a:b]), f"{b - a}, {n}", number=False
                    )
                    parts.append(f"np.add.reduce({stack}, axis=0)")
                else:
                    parts.append("0.0")
            self.forward.append(f"np.subtract({parts[0]}, {parts[1]}, out={out})")
        elif kind.arity is None:
            self._forward_stacked(number, group, out)
        else:
            names = [self.at.operand(column, str(n)) for column in group.operands]
            self.expressions[number] = names
            self._use(kind)
            self.forward.append(assignment(kind, self._symbols(group, names), out))

    def _forward_block(self, group: Group, out: str) -> None:
        """A native block: its work vectors are made with the arrays."""
        assert isinstance(group.kind, Output)
        block = group.kind.block
        name = f"block{len(self.blocks) + 1}"
        self.blocks[name] = block
        wanted = np.array([self._position(node) for node in group.nodes])
        width = "B" if group.varying else "1"
        work = self.at.view(f"{name}.work({width}, {self.at.constant(wanted)})", "n")
        reads = group.operands[0]
        static, varying = (
            self.at.operand(part, str(len(part)), number=False) if part else "0.0"
            for part in (reads[: block.statics], reads[block.statics :])
        )
        self.forward.append(f"{work}.forward({static}, {varying}, {out}, multiply)")

    def _backward_block(self, group: Group, g: str) -> None:
        assert isinstance(group.kind, Output)
        reads, statics = group.operands[0], group.kind.block.statics
        self.backward.append(f"p, q = {self._work(group)}.backward({g}, multiply)")
        if statics:
            self._give(reads[:statics], "p", 1.0, str(statics), varying=False)
        if reads[statics:]:
            n = len(reads) - statics
            self._give(reads[statics:], "q", 1.0, str(n), group.varying)

    def _work(self, group: Group) -> str:
        """The name of a block's work vectors."""
        assert isinstance(group.kind, Output)
        name = next(n for n, block in self.blocks.items() if block is group.kind.block)
        return next(v for text, v in self.at.views.items() if text.startswith(f"{name}.work("))

    def _position(self, node: int) -> int:
        kind = self.tape.kind[node]
        assert isinstance(kind, Output)
        return kind.position

    def _symbols(self, group: Group, names: list[str]) -> tuple[Any, ...]:
        """Operands as symbols; a literal constant as a float, so that rules may look at it."""
        found: list[Any] = []
        for column, name in zip(group.operands, names, strict=True):
            numbers = {literal(self.tape.number[c]) for c in column if c in self.tape.number}
            one = len(numbers) == 1 and all(c in self.tape.number for c in column)
            found.append(self.tape.number[column[0]] if one else Code(name))
        return tuple(found)

    def _use(self, op: Op) -> None:
        if op.array is None:
            self.rows[row_name(op)] = op

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

    def _wide(self, group: Group, out: str) -> str:
        """An array (rows * columns, width) seen as (rows, columns * width)."""
        if group.columns == 1:
            return out
        width = "B" if group.varying else "1"
        return self.at.view(f"{out}.reshape({group.rows}, {group.columns} * {width})")

    def _forward_stacked(self, number: int, group: Group, out: str) -> None:
        """A row of any number of arguments, on stacks of them."""
        assert isinstance(group.kind, Op)
        stacks = self._stacks(group)
        self.expressions[number] = stacks
        if group.kind.array is None:
            self._use(group.kind)
            call = f"{row_name(group.kind)}({', '.join(f'*{s}' for s in stacks)})"
            self.forward.append(f"{out}[...] = {call}")
        else:
            names = _stack_names(stacks)
            if group.kind.shared:
                names["shared"] = self.at.buffer(len(group.nodes), group.varying)
                shared = group.kind.shared.format(**names)
                self.forward.append(f"{names['shared']}[...] = {shared}")
            self.stack_names[number] = names
            self.forward.append(f"{out}[...] = {group.kind.array.format(**names)}")

    def _stacks(self, group: Group) -> list[str]:
        """One stack (arguments, nodes, width), or two halves where the row tells them apart."""
        assert isinstance(group.kind, Op)
        k, n = len(group.operands), len(group.nodes)
        halves = group.kind.array is not None and "{a}" in group.kind.array
        bounds = ((0, k // 2), (k // 2, k)) if halves else ((0, k),)
        return [
            self.at.operand(_stacked(group.operands[a:b]), f"{b - a}, {n}", number=False)
            for a, b in bounds
        ]

    # --- backward ---------------------------------------------------------------------------

    def _seed(self, node: int) -> None:
        if not self.at.has(node):
            return  # the output is a constant
        array, row = self.at.place(node)
        array.has_cotangent = True
        array.written[row] = True
        seed = "seed" if array.varying else "seed * B"
        self.backward.append("# the output")
        self.backward.append(f"{self.at.view(f'd{array.name}[{row}:{row + 1}]')}.fill({seed})")

    def _backward(self, number: int, group: Group) -> None:
        array, _ = self.at.place(group.nodes[0])
        if not group.needs or not array.has_cotangent:
            return
        self.backward.append(f"# back through {self._title(group)}")
        g, kind, n = f"d{array.name}", group.kind, len(group.nodes)
        if group.rows:
            self._backward_product(group, g, *self.expressions[number])
        elif isinstance(kind, (Product, Pairs)):
            k = kind.terms
            left, right = self.expressions[number]
            for a, b, other in ((0, k, right), (k, 2 * k, left)):
                self._give(
                    _stacked(group.operands[a:b]), g, Code(other), f"{k}, {n}", group.varying
                )
        elif isinstance(kind, Output):
            self._backward_block(group, g)
        elif isinstance(kind, Sum):
            for a, b, sign in ((0, kind.plus, 1.0), (kind.plus, kind.plus + kind.minus, -1.0)):
                if b > a:
                    self._give(
                        _stacked(group.operands[a:b]), g, sign, f"{b - a}, {n}", group.varying
                    )
        elif kind.arity is None:
            self._backward_stacked(number, group, g)
        else:
            y = Code(self._out(group))
            symbols = self._symbols(group, self.expressions[number])
            for i, rule in enumerate(kind.rules if isinstance(kind.rules, tuple) else ()):
                if rule is None or not any(self._needs(c) for c in group.operands[i]):
                    continue
                partials = kind.partials(y, *symbols)
                self._give(group.operands[i], g, partials[i], str(n), group.varying, _by(kind))

    def _needs(self, node: int) -> bool:
        if not self.at.has(node):
            return False
        name = self.at.place(node)[0].name
        return name == "s" or (name != "x" and self.groups[int(name[1:]) - 1].needs)

    def _backward_product(self, group: Group, g: str, weights: str, operands: str) -> None:
        """dW = dY X^T and dX = W^T dY: the rule of `mul`, summed as the products are."""
        wide = self._wide(group, g)
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
        self.backward.append(f"matmul({g}, {samples}, out={left})")
        self.backward.append(f"np.add.reduce({g}, axis=1, keepdims=True, out={last})")
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
                self.backward.append(call.format(out=f", out={target}"))
                return
            if all(written):
                self.backward.append(f"np.add({target}, {call.format(out='')}, out={target})")
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
                    self.backward.append(f"np.add({target}, {value}, out={target})")
                elif reduced:
                    self.backward.append(f"{value[:-1]}, out={target})")
                elif type(partial) is float and partial == 1.0:
                    self.backward.append(f"np.copyto({target}, {g})")
                else:
                    self.backward.append(f"{by}({g}, {text_of(partial)}, out={target})")
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
        self.backward.append(f"r = {flat}")
        for array, positions, rows in by_array.values():
            array.has_cotangent = True
            zero = sorted({row for row in rows if not array.written[row]})
            if zero:
                at = self.at.constant(np.array(zero))
                self.backward.append(f"d{array.name}[{at}] = 0.0")
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
                self.backward.append(f"d{array.name}[{index}] += {part}")
            else:
                self.backward.append(f"np.add.at(d{array.name}, {index}, {part})")

    def _backward_stacked(self, number: int, group: Group, g: str) -> None:
        """A row of any number of arguments: its stacked rules, or each rule by itself."""
        kind = group.kind
        assert isinstance(kind, Op)
        stacks, k, n = self.expressions[number], len(group.operands), len(group.nodes)
        y = self._out(group)
        if kind.array is not None and kind.array_rules:
            bounds = ((0, k),) if len(stacks) == 1 else ((0, k // 2), (k // 2, k))
            for (a, b), rule in zip(bounds, kind.array_rules, strict=True):
                if any(self._needs(c) for column in group.operands[a:b] for c in column):
                    text = rule.format(y=y, **self.stack_names[number])
                    partial = 1.0 if text == "1.0" else Code(f"({text})")
                    self._give(
                        _stacked(group.operands[a:b]), g, partial, f"{b - a}, {n}", group.varying,
                        _by(kind),
                    )  # fmt: skip
            return
        symbols = [Code(f"{stacks[0]}[{i}]") for i in range(k)]
        for i, partial in enumerate(kind.partials(Code(y), *symbols)):
            if partial is not None and any(self._needs(c) for c in group.operands[i]):
                self._give(group.operands[i], g, partial, str(n), group.varying, _by(kind))

    # --- the text ---------------------------------------------------------------------------

    def _text(self, results: list[str], gradient: bool) -> str:
        lines = ["def build(B, dtype):"]
        for array in self.at.arrays:
            rows = array.rows + array.ones
            make = "ones" if array.ones else "empty"
            lines.append(f"    {array.name} = np.{make}(({rows}, {array.width}), dtype)")
        if gradient:
            lines += [
                f"    d{array.name} = np.zeros(({array.rows}, {array.width}), dtype)"
                for array in self.at.arrays
                if array.has_cotangent or array.name == "s"
            ]
        lines += [f"    {line}" for line in self.at.buffer_lines + self.at.view_lines]
        lines += ["", "    def forward(X, theta, multiply):"]
        lines += [f"        {line}" for line in self._fill_inputs()]
        static = self.at.arrays[1]
        own = f":{static.rows}" if static.ones else ":"
        lines.append(f"        np.copyto(s[{own}, 0], theta)")
        lines += [f"        {line}" for line in self.forward]
        lines.append(f"        return ({', '.join(results)},)")
        if gradient:
            lines += ["", "    def backward(X, seed, multiply, select, dot, dot_back, matmul):"]
            lines += [f"        {line}" for line in self.backward] or ["        pass"]
            lines.append("        return ds[:, 0]")
            lines.append("    return forward, backward")
        else:
            lines.append("    return forward, None")
        return "\n".join(lines) + "\n"

    def _inputs(self) -> list[int]:
        return input_order(self.tape, self.groups)

    def _fill_inputs(self) -> list[str]:
        """Copies of the samples' columns into the rows of x."""
        columns = [self.tape.index(node) for node in self._inputs()]
        runs: list[list[int]] = []  # first row, first column, count
        for row, column in enumerate(columns):
            if runs and column == runs[-1][1] + runs[-1][2]:
                runs[-1][2] += 1
            else:
                runs.append([row, column, 1])
        if len(runs) > 8:
            return [f"np.copyto(x[:{len(columns)}], X.T[{self.at.constant(np.array(columns))}])"]
        return [
            f"np.copyto(x[{row}:{row + n}], X[:, {column}:{column + n}].T)"
            for row, column, n in runs
        ]


def _by(row: Op) -> str:
    """The function that multiplies a cotangent with a row's partial."""
    return "select" if row.select else "multiply"


def _stacked(columns: Sequence[Sequence[int]]) -> list[int]:
    """Arguments times nodes as one list, argument by argument."""
    return [node for column in columns for node in column]


def _stack_names(stacks: list[str]) -> dict[str, str]:
    return {"x": stacks[0]} if len(stacks) == 1 else {"a": stacks[0], "t": stacks[1]}
