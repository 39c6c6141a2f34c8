"""Sheets: arrays as symbols; the generated NumPy source, run on these, prints machine code.

A sheet is one array of the program: rows of one number a sample (varying), padded to whole
registers, or plain numbers (static). Views, expressions and `np` behave as NumPy's do as far
as generated code needs it; what they cannot do raises `Unsupported`.
"""

from __future__ import annotations

import operator
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, NamedTuple

import numpy as np

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Sequence

    from autograd_lite.compiler.machine import Builder

    Load = Callable[["View"], Any]
    Recorder = Any


class Unsupported(Exception):  # noqa: N818  # caught within the compiler, no error to a user
    """The source does what has no dense code; the program stays with NumPy."""


@dataclass(frozen=True)
class Width:
    """A length: so many times the padded batch."""

    columns: int

    def __rmul__(self, times: int) -> Width:
        return Width(times * self.columns)


class Sheet(NamedTuple):
    """One array: the pointer to it, whether it has a row of samples per node, and its length."""

    base: str
    varying: bool
    rows: int


class Symbol:
    """Something of a shape that has a value in every place; arithmetic gives expressions."""

    __hash__ = object.__hash__
    shape: tuple[Any, ...]

    def value(self, builder: Builder, load: Load) -> Any:  # noqa: ARG002  # of those below
        """The register that holds the value at the place where `load` reads."""
        raise Unsupported(f"a {type(self).__name__} place by place")

    def views(self) -> Iterator[View]:
        """The views that it reads."""
        raise Unsupported(f"a {type(self).__name__} place by place")

    def __bool__(self) -> bool:
        raise Unsupported("the truth of an array")

    def __getitem__(self, index: Any) -> Symbol:
        """With None a length of 1 before the others."""
        if index is not None:
            raise Unsupported("a part of an expression")
        return Expression(lambda _: _itself, (self,), (1, *self.shape))

    def __neg__(self) -> Symbol:
        return elementwise(operator.neg, self)

    def __add__(self, other: Any) -> Symbol:
        return elementwise(operator.add, self, other)

    def __radd__(self, other: Any) -> Symbol:
        return elementwise(operator.add, other, self)

    def __sub__(self, other: Any) -> Symbol:
        return elementwise(operator.sub, self, other)

    def __rsub__(self, other: Any) -> Symbol:
        return elementwise(operator.sub, other, self)

    def __mul__(self, other: Any) -> Symbol:
        return elementwise(operator.mul, self, other)

    def __rmul__(self, other: Any) -> Symbol:
        return elementwise(operator.mul, other, self)

    def __truediv__(self, other: Any) -> Symbol:
        return elementwise(operator.truediv, self, other)

    def __rtruediv__(self, other: Any) -> Symbol:
        return elementwise(operator.truediv, other, self)

    def __pow__(self, other: Any) -> Symbol:
        return elementwise(operator.pow, self, other)

    def __rpow__(self, other: Any) -> Symbol:
        return elementwise(operator.pow, other, self)

    def __gt__(self, other: Any) -> Symbol:
        return _compared(operator.gt, self, other)

    def __lt__(self, other: Any) -> Symbol:
        return _compared(operator.lt, self, other)

    def __ge__(self, other: Any) -> Symbol:
        return _compared(operator.ge, self, other)

    def __le__(self, other: Any) -> Symbol:
        return _compared(operator.le, self, other)

    def __eq__(self, other: Any) -> Any:
        return _compared(operator.eq, self, other)

    def __ne__(self, other: Any) -> Any:
        return _compared(operator.ne, self, other)


class Expression(Symbol):
    """A function of other symbols and numbers, place by place."""

    def __init__(
        self, function: Callable[[Builder], Callable[..., Any]], args: tuple[Any, ...],
        shape: tuple[Any, ...],
    ) -> None:  # fmt: skip
        self.function = function
        self.args = args
        self.shape = shape
        self.truth = False  # whether its numbers are those of a comparison

    def value(self, builder: Builder, load: Load) -> Any:
        """The function of the arguments' values."""
        values = [a.value(builder, load) if isinstance(a, Symbol) else a for a in self.args]
        return self.function(builder)(*values)

    def views(self) -> Iterator[View]:
        """Those of the arguments."""
        for a in self.args:
            if isinstance(a, Symbol):
                yield from a.views()


def _itself(x: Any) -> Any:
    return x


def elementwise(function: Callable[..., Any], *args: Any) -> Expression:
    """A function of registers, which needs nothing but its arguments."""
    return Expression(lambda _: function, args, common_shape(*map(shape_of, args)))


def _compared(relation: Callable[..., Any], a: Any, b: Any) -> Expression:
    found = elementwise(relation, a, b)
    found.truth = True
    return found


def shape_of(x: Any) -> tuple[Any, ...]:
    """The shape of a symbol or a number."""
    if isinstance(x, Symbol):
        return x.shape
    if isinstance(x, (int, float)):
        return ()
    raise Unsupported(f"a {type(x).__name__} among the operands")


def common_shape(*shapes: tuple[Any, ...]) -> tuple[Any, ...]:
    """What these shapes broadcast to."""
    found: list[Any] = []
    for shape in shapes:
        found = [1] * (len(shape) - len(found)) + found
        for i, length in enumerate(shape, len(found) - len(shape)):
            if found[i] == 1:
                found[i] = length
            elif length not in (1, found[i]):
                raise Unsupported(f"shapes {shapes}")
    return tuple(found)


class View(Symbol):
    """Part of a sheet.

    start     the first row of a varying sheet, the first number of a static one
    shape     as NumPy's; a varying one ends in a Width
    strides   per length but a Width how far its entries are apart, in the same unit
    table     the name of a table of rows in place of the first length's own order
    """

    def __init__(
        self, sheet: Sheet, start: int, shape: tuple[Any, ...], strides: tuple[int, ...],
        recorder: Recorder, table: str = "",
    ) -> None:  # fmt: skip
        self.sheet = sheet
        self.start = start
        self.shape = shape
        self.strides = strides
        self.recorder = recorder
        self.table = table
        self.picked: tuple[str, int] | None = None  # of which sheet, by which index

    def value(self, builder: Builder, load: Load) -> Any:  # noqa: ARG002  # as of any symbol
        """What stands there."""
        return load(self)

    def views(self) -> Iterator[View]:
        """Itself."""
        yield self

    @property
    def T(self) -> Symbol:  # noqa: N802  # as NumPy calls it
        """The transposed matrix."""
        if len(self.shape) != 2 or self.table:
            raise Unsupported("the transpose of more than a matrix")
        if self.sheet.varying:
            return Turned(self)
        return self._like(self.start, self.shape[::-1], self.strides[::-1])

    def overlaps(self, other: View) -> bool:
        """Whether they have rows in common, but not all of them in the same places."""
        if self.sheet != other.sheet or self is other:
            return False
        same = (self.start, self.shape, self.strides) == (other.start, other.shape, other.strides)
        if same and not self.table and not other.table:
            return False
        first, last = self._reach()
        start, end = other._reach()
        return first <= end and start <= last

    def _reach(self) -> tuple[int, int]:
        """The first and the last row, or number, that it may have."""
        if self.table:
            return 0, self.sheet.rows
        width = self.shape[-1].columns if isinstance(self.shape[-1], Width) else 1
        moves = zip(self._lengths(), self.strides, strict=True)
        return self.start, self.start + sum((n - 1) * move for n, move in moves) + width - 1

    def _like(self, start: int, shape: Sequence[Any], strides: Sequence[int]) -> View:
        return View(self.sheet, start, tuple(shape), tuple(strides), self.recorder)

    def _lengths(self) -> list[int]:
        """The lengths that have strides."""
        return [n for n in self.shape if type(n) is int]

    def astype(self, _: object) -> View:
        """Itself: all sheets hold the program's numbers."""
        return self

    def reshape(self, *shape: Any) -> View:
        """The same numbers in another shape; -1 stands for what is left."""
        size, columns = extent(self.shape)
        if not self._contiguous():
            raise Unsupported("a reshaped part of a matrix")
        wanted = list(shape)
        if -1 in wanted:
            rest = extent([n for n in wanted if n != -1])[0]
            left = size * max(columns, 1) // rest
            wanted[wanted.index(-1)] = Width(left) if columns else left
        found, width = extent(wanted)
        if found * max(width, 1) != size * max(columns, 1) or bool(width) != bool(columns):
            raise Unsupported(f"reshape to {shape}")
        return self._like(self.start, wanted, _strides(wanted))

    def _contiguous(self) -> bool:
        return not self.table and self.strides == _strides(self.shape)

    def __getitem__(self, index: Any) -> Any:
        if index is None:
            return super().__getitem__(index)
        if isinstance(index, np.ndarray):
            if self.table or len(self.shape) != 2 or self.start:
                raise Unsupported("rows picked from a part")
            if index.size and not 0 <= index.min() <= index.max() < self.shape[0]:
                raise Unsupported("rows counted from the end, or beyond it")
            picked = (len(index), *self.shape[1:])
            name = self.recorder.table(index)
            found = View(self.sheet, 0, picked, self.strides, self.recorder, name)
            found.picked = self.sheet.base, id(index)
            return found
        parts = index if isinstance(index, tuple) else (index,)
        if self.table or len(parts) > len(self.shape):
            raise Unsupported("a part of picked rows, or more indices than lengths")
        start = self.start
        shape: list[Any] = []
        strides: list[int] = []
        for i, length in enumerate(self.shape):
            part = parts[i] if i < len(parts) else slice(None)
            if not isinstance(length, int):
                if part != slice(None):
                    raise Unsupported("some of the samples")
                shape.append(length)
            elif isinstance(part, slice):
                first, last, step = part.indices(length)
                if step != 1:
                    raise Unsupported("every other row")
                start += first * self.strides[i]
                shape.append(max(last - first, 0))
                strides.append(self.strides[i])
            else:
                start += range(length)[operator.index(part)] * self.strides[i]
        return self._like(start, shape, strides)

    def __setitem__(self, index: Any, x: Any) -> None:
        if isinstance(x, View) and x.picked == (self.sheet.base, id(index)):
            return  # `view[rows] += x` has written it
        self.recorder.assign(self if index is Ellipsis else self[index], x)

    def __iadd__(self, x: Any) -> View:
        self.recorder.assign(self, self + x)
        return self

    def fill(self, x: Any) -> None:
        """x everywhere; the seed of the reverse pass only where there are samples."""
        self.recorder.fill(self, x)


class Turned(Symbol):
    """A varying matrix transposed: samples in rows. Products read it, nothing else."""

    def __init__(self, view: View) -> None:
        self.view = view
        self.shape = view.shape[::-1]


class Samples:
    """The batch as it comes, a sample a row: columns of it, as they are or transposed."""

    def __init__(self, first: int, count: int, turned: bool = False) -> None:
        self.first = first
        self.count = count
        self.turned = turned
        self.columns: Any = None

    @property
    def T(self) -> Samples:  # noqa: N802  # as NumPy calls it
        """A column a row."""
        return Samples(self.first, self.count, not self.turned)

    def __getitem__(self, index: Any) -> Samples:
        if self.turned and isinstance(index, np.ndarray):
            found = Samples(self.first, len(index), True)
            found.columns = index
            return found
        rows, columns = index
        if rows != slice(None) or self.turned:
            raise Unsupported("some of the samples")
        first, last, step = columns.indices(self.count)
        if step != 1 or last <= first:
            raise Unsupported("every other column of the samples")
        return Samples(self.first + first, last - first)


class Seed:
    """What the reverse pass starts from: a number that the program is given."""

    def __mul__(self, other: object) -> Seed:
        raise Unsupported("an output that is the same for all samples")


class Broadcast(Expression):
    """An expression spread over a larger shape; in another shape it is written out first."""

    def __init__(self, x: Any, shape: tuple[Any, ...], recorder: Recorder) -> None:
        if common_shape(shape, shape_of(x)) != tuple(shape):
            raise Unsupported(f"shape {shape_of(x)} spread to {shape}")
        super().__init__(lambda _: _itself, (x,), shape)
        self.recorder = recorder

    def reshape(self, *shape: Any) -> View:
        """As of arrays."""
        view: View = self.recorder.empty(self.shape)
        self.recorder.assign(view, self)
        return view.reshape(*shape)


def extent(shape: Sequence[Any]) -> tuple[int, int]:
    """The product of the plain lengths, and the columns of the Width; 0 where there is none."""
    size, columns = 1, 0
    for n in shape:
        if isinstance(n, Width):
            columns = n.columns
        else:
            size *= n
    return size, columns


def _strides(shape: Sequence[Any]) -> tuple[int, ...]:
    """Strides of a part without gaps: rows where it ends in a Width, else numbers."""
    unit = extent(shape)[1] or 1
    found: list[int] = []
    for n in reversed([n for n in shape if not isinstance(n, Width)]):
        found.append(unit)
        unit *= n
    return tuple(reversed(found))


def whole(sheet: Sheet, recorder: Recorder) -> View:
    """All of a sheet."""
    if sheet.varying:
        return View(sheet, 0, (sheet.rows, Width(1)), (1,), recorder)
    return View(sheet, 0, (sheet.rows, 1), (1, 1), recorder)
