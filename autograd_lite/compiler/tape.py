"""Tape: a graph as lists over node numbers, parents before children.

Numbers that appear as operands are constant leaves, one per bit pattern.
"""

from __future__ import annotations

import struct
from typing import TYPE_CHECKING, NamedTuple

import numpy as np

from autograd_lite.compiler.block import Block
from autograd_lite.compiler.regions import Region, cut, varying_of
from autograd_lite.compiler.trace import IS_CONSTANT

if TYPE_CHECKING:
    from autograd_lite.compiler.regions import Choice
    from autograd_lite.compiler.trace import Trace
    from autograd_lite.ops import Op


INPUT, PARAMETER, CONSTANT = "input", "parameter", "constant"


class Output(NamedTuple):
    """Marks an output of a native block; its one argument is the block's node."""

    block: Block
    position: int


class Tape:
    """The nodes of a graph by number.

    kind     per node its row or block, or INPUT, PARAMETER or CONSTANT
    args     per node the numbers of its operands
    n_inputs, leaves  how many inputs, and inputs and parameters, come first
    number   per constant its value
    outputs  the numbers of the roots
    """

    def __init__(self) -> None:
        self.kind: list[Op | Block | Output | str] = []
        self.args: list[tuple[int, ...]] = []
        self.n_inputs = 0
        self.leaves = 0
        self.number: dict[int, float] = {}
        self.outputs: list[int] = []
        self._constants: dict[bytes, int] = {}

    def add(self, kind: Op | Block | Output | str, args: tuple[int, ...] = ()) -> int:
        """A new node's number."""
        self.kind.append(kind)
        self.args.append(args)
        return len(self.kind) - 1

    def add_leaves(self, n_inputs: int, n_parameters: int) -> None:
        """Inputs, then parameters: the first nodes of a tape."""
        self.kind += [INPUT] * n_inputs + [PARAMETER] * n_parameters
        self.args += [()] * (n_inputs + n_parameters)
        self.n_inputs, self.leaves = n_inputs, n_inputs + n_parameters

    def index(self, node: int) -> int:
        """A leaf's position among the inputs, or among the parameters."""
        return node if node < self.n_inputs else node - self.n_inputs

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


def unrolled(trace: Trace, choice: Choice, gradient: bool) -> Tape:
    """The tape of a trace: its regions as blocks, all other nodes one by one.

    A block is a node whose arguments are the numbers it reads; each of its outputs is a node
    that marks which one it is. Constants of equal bits are one node.
    """
    return _Unroller(trace, choice, gradient).run()


class _Unroller:
    def __init__(self, trace: Trace, choice: Choice, gradient: bool) -> None:
        self.trace = trace
        self.choice = choice
        self.gradient = gradient
        self.tape = Tape()
        self.place: list[int] = [-1] * len(trace)
        some = any(region.varying for region in choice.regions)
        self.varying = varying_of(trace) if some else np.zeros(len(trace), bool)

    def run(self) -> Tape:
        trace, tape, place = self.trace, self.tape, self.place
        tape.add_leaves(trace.n_inputs, trace.n_parameters)
        place[: trace.leaves] = range(trace.leaves)
        for node in np.flatnonzero(trace.kind == IS_CONSTANT).tolist():
            place[node] = tape.constant(float(trace.number[node]))
        for step in self._steps():
            if isinstance(step, Region):
                self._block(step)
            else:
                operands = trace.args[trace.start[step] : trace.start[step + 1]].tolist()
                args = tuple(map(place.__getitem__, operands))
                place[step] = tape.add(trace.rows[trace.kind[step]], args)
        tape.outputs = [place[node] for node in trace.outputs.tolist()]
        return tape

    def _steps(self) -> list[int | Region]:
        """Nodes and regions in an order in which each finds its operands."""
        trace, regions = self.trace, self.choice.regions
        free = trace.kind >= 0
        for region in regions:
            free[region.nodes] = False
        nodes = np.flatnonzero(free)
        if not regions:
            return list(nodes.tolist())
        levels = self.choice.levels
        steps: list[tuple[int, int, int | Region]] = [
            (int(levels[node]), 1, node) for node in nodes.tolist()
        ]
        steps += [(region.level, 0, region) for region in regions]
        steps.sort(key=lambda step: step[:2])  # stable: static regions stand before varying ones
        return [step[2] for step in steps]

    def _block(self, region: Region) -> None:
        trace = self.trace
        others = np.setdiff1d(np.flatnonzero(trace.kind >= 0), region.nodes, assume_unique=True)
        part, reads, outputs = cut(trace, region, others, self.varying)
        statics = int((~self.varying[reads]).sum())
        block = Block(part, self.gradient, region.varying, statics)
        node = self.tape.add(block, tuple([self.place[a] for a in reads.tolist()]))
        for position, output in enumerate(outputs.tolist()):
            self.place[output] = self.tape.add(Output(block, position), (node,))
