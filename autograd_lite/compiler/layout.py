"""Layout: where every node stands, and operands as views of its array or gathered from many.

An array has one row per node and one column per sample; static ones have a single column.
Consecutive rows are used through views that are made once, when the arrays are.
"""

from __future__ import annotations

from array import array as integers
from operator import eq
from typing import TYPE_CHECKING, Any

import numpy as np

from autograd_lite.compiler.code import literal

if TYPE_CHECKING:
    from collections.abc import Sequence

    from autograd_lite.compiler.tape import Tape

    Run = tuple["Array | None", int, int]


class Array:
    """One array of the program: where its nodes stand, and which cotangent rows are written."""

    def __init__(self, name: str, nodes: list[int], varying: bool) -> None:
        self.name = name
        self.nodes = nodes
        self.rows = len(nodes)
        self.varying = varying
        self.ones = 0  # rows of ones below the nodes, for biases
        self.written = [False] * len(nodes)
        self.has_cotangent = False

    @property
    def width(self) -> str:
        """The number of columns, as code."""
        return "B" if self.varying else "1"


class Layout:
    """The arrays of a program, its views and buffers, and the constants they need.

    `gathers` receives the statements that fill buffers in the forward pass.
    """

    def __init__(self, tape: Tape, gathers: list[str]) -> None:
        self.tape = tape
        self.gathers = gathers
        self.arrays: list[Array] = []
        self._array: list[Array | None] = [None] * len(tape)  # where each node stands,
        self._row = integers("i", [0]) * len(tape)  # and in which row
        self.constants: dict[str, Any] = {}
        self.views: dict[str, str] = {}
        self._taken: dict[str, int] = {}  # how many views begin with a letter
        self.view_lines: list[str] = []
        self.buffer_lines: list[str] = []
        self._named: dict[tuple[str, tuple[int, ...], bytes], str] = {}

    def array(self, name: str, nodes: Sequence[int], varying: bool) -> Array:
        """A new array with these nodes as rows."""
        array = Array(name, list(nodes), varying)
        self.arrays.append(array)
        arrays, rows = self._array, self._row
        n = len(nodes)
        if n and all(map(eq, nodes, range(nodes[0], nodes[0] + n))):
            arrays[nodes[0] : nodes[0] + n] = [array] * n
            rows[nodes[0] : nodes[0] + n] = integers("i", range(n))
            return array
        for row, node in enumerate(nodes):
            arrays[node], rows[node] = array, row
        return array

    def has(self, node: int) -> bool:
        """Whether a node stands in an array; constants do not."""
        return self._array[node] is not None

    def place(self, node: int) -> tuple[Array, int]:
        """The array in which a node stands, and its row there."""
        array = self._array[node]
        assert array is not None
        return array, self._row[node]

    def view(self, expression: str, letter: str = "v") -> str:
        """The name of a view that is made once, when the arrays are."""
        if expression not in self.views:
            self._taken[letter] = self._taken.get(letter, 0) + 1
            self.views[expression] = f"{letter}{self._taken[letter]}"
            self.view_lines.append(f"{self.views[expression]} = {expression}")
        return self.views[expression]

    def constant(self, array: Any) -> str:
        """The name of a constant array; equal ones share it."""
        key = (str(array.dtype), array.shape, array.tobytes())
        if key not in self._named:
            prefix = "i" if array.dtype.kind == "i" else "k"
            self._named[key] = f"{prefix}{len(self.constants) + 1}"
            self.constants[self._named[key]] = array
        return self._named[key]

    def buffer(self, rows: int, varying: bool) -> str:
        """The name of a new array that statements fill."""
        name = f"c{len(self.buffer_lines) + 1}"
        width = "B" if varying else "1"
        self.buffer_lines.append(f"{name} = np.empty(({rows}, {width}), dtype)")
        return name

    def _runs(self, nodes: Sequence[int]) -> list[Run]:
        """Consecutive rows of one array as (array, first row, count); None for one constant."""
        runs: list[Run] = []
        for node, before in zip(nodes, [-1, *nodes]):
            array, row = self._array[node], self._row[node]
            if runs:
                last, first, count = runs[-1]
                follows = node == before if array is None else row == first + count
                if last is array and follows:
                    runs[-1] = (last, first, count + 1)
                    continue
            runs.append((array, row, 1))
        return runs

    def operand(self, nodes: list[int], shape: str, number: bool = True) -> str:
        """An expression for the values of these nodes, of the shape (shape..., width).

        `number` allows a literal where all of them are one constant.
        """
        values = [self.tape.number.get(node) for node in nodes]
        if all(v is not None for v in values):
            if number and len({literal(v) for v in values if v is not None}) == 1:
                return literal(self.tape.number[nodes[0]])
            array = np.array(values, dtype=float)
            return self.view(f"{self.constant(array)}.astype(dtype).reshape({shape}, 1)")
        single = self.single(nodes)
        if single is not None:
            return self.slice(*single, shape)
        return self._gathered(nodes, self._runs(nodes), shape)

    def single(self, nodes: list[int]) -> tuple[Array, int, int] | None:
        """The array, first row and count of nodes that stand in consecutive rows, or None."""
        if not nodes:
            return None
        array, row = self._array[nodes[0]], self._row[nodes[0]]
        last = nodes[-1]
        if array is None or self._array[last] is not array:
            return None
        if self._row[last] != row + len(nodes) - 1:
            return None
        if nodes != array.nodes[row : row + len(nodes)]:
            return None
        return array, row, len(nodes)

    def slice(self, array: Array, first: int, count: int, shape: str) -> str:
        """Consecutive rows of one array, seen in the shape (shape..., width)."""
        whole = first == 0 and count == array.rows + array.ones
        text = array.name if whole else f"{array.name}[{first}:{first + count}]"
        if "," in shape or int(shape) != count:
            text += f".reshape({shape}, {array.width})"
        return text if text == array.name else self.view(text)

    def _gathered(
        self, nodes: Sequence[int], runs: list[tuple[Array | None, int, int]], shape: str
    ) -> str:
        """A buffer that the forward pass fills from several places."""
        sources = {array for array, _, _ in runs}
        width = "B" if any(a is not None and a.varying for a in sources) else "1"
        name = self.buffer(len(nodes), width == "B")
        single = next(iter(sources)) if len(sources) == 1 else None
        if single is not None and len(runs) > 4:
            index = self.constant(np.array([self._row[n] for n in nodes]))
            self.gathers.append(f"np.take({single.name}, {index}, axis=0, out={name}, mode='clip')")
        elif len(runs) > 64:
            self._gather_by_array(nodes, name)
        else:
            start = 0
            for array, first, count in runs:
                target = self.view(f"{name}[{start}:{start + count}]")
                if array is None:
                    number = literal(self.tape.number[nodes[start]])
                    self.view_lines.append(f"{target}[...] = {number}")
                else:
                    source = self.slice(array, first, count, str(count))
                    self.gathers.append(f"np.copyto({target}, {source})")
                start += count
        return self.view(f"{name}.reshape({shape}, {width})") if "," in shape else name

    def _gather_by_array(self, nodes: Sequence[int], name: str) -> None:
        """Fill a buffer with one indexed assignment per array."""
        by_array: dict[str, list[tuple[int, int]]] = {}
        numbers: list[tuple[int, float]] = []
        for i, node in enumerate(nodes):
            if node in self.tape.number:
                numbers.append((i, self.tape.number[node]))
            else:
                array, row = self.place(node)
                by_array.setdefault(array.name, []).append((i, row))
        if numbers:
            at = self.constant(np.array([i for i, _ in numbers]))
            k = self.constant(np.array([v for _, v in numbers]))
            self.view_lines.append(f"{name}[{at}] = {k}.reshape(-1, 1)")
        for source, pairs in by_array.items():
            to = self.constant(np.array([i for i, _ in pairs]))
            rows = self.constant(np.array([row for _, row in pairs]))
            self.gathers.append(f"{name}[{to}] = {source}[{rows}]")
