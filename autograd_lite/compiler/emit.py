"""Emit: the groups as Python source over preallocated arrays.

Arrays hold one row per node and one column per sample (static ones a single column); views of
them are made once. forward.py and backward.py write the statements.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np

from autograd_lite.compiler.backward import Backward
from autograd_lite.compiler.direct import Whole
from autograd_lite.compiler.forward import Forward
from autograd_lite.compiler.plan import Group, input_order, parameter_order
from autograd_lite.compiler.tape import INPUT, PARAMETER, Output, Tape
from autograd_lite.compiler.terms import Product

if TYPE_CHECKING:
    from collections.abc import Sequence

    from numpy.typing import NDArray

    from autograd_lite.compiler.block import Block
    from autograd_lite.ops import Op


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
        self.groups = groups
        self.careful = careful
        self.forward = Forward(tape, varying)
        self.backward = Backward(self.forward, groups)
        self.at = self.forward.at

    def run(self, gradient: bool) -> Source:
        tape = self.tape
        self.at.array("x", input_order(tape, self.groups), True)
        order = parameter_order(tape, self.groups)
        self.at.array("s", order, False)
        for number, group in enumerate(self.groups, start=1):
            self.at.array(f"t{number}", group.nodes, group.varying)
        self._place_ones()
        for number, group in enumerate(self.groups):
            self.forward.add(number, group)
        self.forward.lines.append("# outputs")
        parts = [tape.outputs[:1], tape.outputs[1:]]  # the first one is looked at by itself
        results = [self.at.operand(part, str(len(part)), number=False) for part in parts if part]
        if gradient:
            self.backward.seed(tape.outputs[0])
            for number in reversed(range(len(self.groups))):
                self.backward.add(number, self.groups[number])
        return Source(
            self._text(results, gradient), self.at.constants, self.forward.rows,
            self.forward.blocks, np.array(order, np.intp) - tape.n_inputs, self._whole(gradient),
            self.careful,
        )  # fmt: skip

    def _whole(self, gradient: bool) -> Whole | None:
        """The block that is the program, if there is nothing beside it."""
        tape, kind = self.tape, self.groups[0].kind if len(self.groups) == 1 else None
        if not isinstance(kind, Output) or (not gradient and not kind.block.varying):
            return None
        places = {node: self.forward.position(node) for node in self.groups[0].nodes}
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
        lines += [f"        {line}" for line in self.forward.lines]
        lines.append(f"        return ({', '.join(results)},)")
        if gradient:
            lines += ["", "    def backward(X, seed, multiply, select, dot, dot_back, matmul):"]
            lines += [f"        {line}" for line in self.backward.lines] or ["        pass"]
            lines.append("        return ds[:, 0]")
            lines.append("    return forward, backward")
        else:
            lines.append("    return forward, None")
        return "\n".join(lines) + "\n"

    def _fill_inputs(self) -> list[str]:
        """Copies of the samples' columns into the rows of x."""
        columns = [self.tape.index(node) for node in input_order(self.tape, self.groups)]
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
