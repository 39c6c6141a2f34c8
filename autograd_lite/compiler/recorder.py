"""Recorder: runs the generated `build` on sheets and writes down what it does as LLVM IR.

It stands where the source says `np`. Every statement becomes lines of IR; what the source does
while it makes its arrays, forward and backward are three lists of statements.
"""

from __future__ import annotations

import operator
from typing import TYPE_CHECKING, Any, cast

import numpy as np

from autograd_lite.compiler import matrix_calls, sheet_code
from autograd_lite.compiler.machine import ROWS_IN_C, Numpy
from autograd_lite.compiler.sheets import (
    Broadcast,
    Expression,
    Samples,
    Seed,
    Sheet,
    Symbol,
    Turned,
    Unsupported,
    View,
    Width,
    common_shape,
    extent,
    shape_of,
    whole,
)
from autograd_lite.compiler.vectors import literal, padded

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

    from autograd_lite.compiler.emit import Source
    from autograd_lite.ops import Op

#: Operators that the source calls by NumPy's names.
_OPERATORS: dict[str, Callable[..., Any]] = {
    "subtract": operator.sub, "multiply": operator.mul, "divide": operator.truediv,
    "negative": operator.neg, "power": operator.pow,
}  # fmt: skip

_PARAMETERS, _GRADIENT = Sheet("%theta", False, 0), "%gradient"


class Recorder:
    """The statements of a program; it raises Unsupported where one has no dense code.

    globals     constants and tables of rows
    statements  lines of IR
    setup, forward, backward  the numbers of statements that prepare the sheets, once per batch
                size, and that run each time
    pointers    per sheet the argument that it stands in, and how far from its beginning
    rows, numbers  how many varying rows and static numbers the sheets take in all
    has_gradient  whether there is a reverse pass
    results     per part of the outputs its first row and how many
    """

    inf, nan, intp = np.inf, np.nan, int

    def __init__(self, source: Source, n_inputs: int, element: str) -> None:
        self.element = element
        self.n_inputs = n_inputs
        self.n_parameters = len(source.order)
        self.globals: list[str] = []
        self.statements: list[list[str]] = []
        self.setup: list[int] = []
        self.forward: list[int] = []
        self.backward: list[int] = []
        self._calls = self.setup
        self._sheets: list[Sheet] = []
        self._bound: dict[str, str] = {}  # sheets that are the caller's own
        self._written: dict[str, Any] = {}  # per static sheet which numbers are
        self._turned: dict[tuple[object, ...], View] = {}
        try:
            outputs = self._run(source)
        except (ArithmeticError, AssertionError, AttributeError, LookupError, TypeError,
                ValueError) as reason:  # fmt: skip
            raise Unsupported(str(reason)) from reason  # a user's kernel may use all of NumPy
        self.rows = self.numbers = 0
        self.pointers = {sheet.base: self._place(sheet) for sheet in self._sheets}
        self.results = [self._result(view) for view in outputs]

    def _run(self, source: Source) -> Sequence[Any]:
        if source.blocks:
            raise Unsupported("native blocks")
        space: dict[str, Any] = {"__builtins__": {}, "np": self}
        space |= {name: _row(row) for name, row in source.rows.items()}
        space |= {name: self._constant(name, a) for name, a in source.arrays.items()}
        exec(source.text, space)  # our own text: names and numbers only, no label reaches it
        forward, backward = space["build"](Width(1), None)
        self.has_gradient = backward is not None
        samples, theta = Samples(0, self.n_inputs), View(
            _PARAMETERS, 0, (self.n_parameters,), (1,), self)  # fmt: skip
        self._calls = self.forward
        outputs: Sequence[Any] = forward(samples, theta, self.multiply)
        if backward is not None:
            self._calls = self.backward
            product = (self.multiply, self.multiply, self.dot, self.dot, self.dot)
            self._return(backward(samples, Seed(), *product))
        return outputs

    def _return(self, gradient: View) -> None:
        """The gradient's sheet is the caller's; what no statement writes there is 0."""
        base = gradient.sheet.base
        self._bound[base] = _GRADIENT
        if not self._written[base].all():
            self._fill(whole(gradient.sheet, self), 0.0)
            self.backward.insert(0, self.backward.pop())

    @property
    def is_backward(self) -> bool:
        """Whether the reverse pass is being recorded."""
        return self._calls is self.backward

    # --- sheets -------------------------------------------------------------------------------

    def empty(self, shape: tuple[Any, ...], _: object = None) -> View:
        """As np.empty."""
        size, columns = extent(shape)
        sheet = Sheet(f"%sheet{len(self._sheets)}", bool(columns), size * max(columns, 1))
        self._sheets.append(sheet)
        if not columns:
            self._written[sheet.base] = np.zeros(sheet.rows, bool)
        return whole(sheet, self).reshape(*shape)

    def ones(self, shape: tuple[Any, ...], _: object = None) -> View:
        """As np.ones."""
        view = self.empty(shape)
        self._fill(view, 1.0)
        return view

    zeros = empty  # the memory of sheets begins as zeros

    def _fill(self, view: View, x: float) -> None:
        """All of a sheet."""
        self.add_statement(view, matrix_calls.fill(view, x, self.element))

    def _place(self, sheet: Sheet) -> tuple[str, int]:
        """The pointer from which a sheet is so many rows or numbers away."""
        if sheet.base in self._bound:
            return self._bound[sheet.base], 0
        if sheet.varying:
            self.rows += sheet.rows
            return "%v", self.rows - sheet.rows
        self.numbers += sheet.rows
        return "%f", self.numbers - sheet.rows

    def _result(self, view: Any) -> tuple[int, int]:
        if not isinstance(view, View) or not view.sheet.varying or view.shape[1:] != (Width(1),):
            raise Unsupported("an output that is the same for all samples")
        return self.pointers[view.sheet.base][1] + view.start, view.shape[0]

    def _constant(self, name: str, array: Any) -> Any:
        """Index arrays as they are; numbers as a sheet that stands in the code."""
        if array.dtype.kind == "i":
            return array
        numbers = ", ".join(f"{self.element} {literal(x, self.element)}" for x in array.tolist())
        self.globals.append(
            f"@{name} = internal constant [{len(array)} x {self.element}] [{numbers}]"
        )
        return whole(Sheet(f"@{name}", False, len(array)), self)

    def table(self, index: Any) -> str:
        """The name of a table of rows."""
        name = f"@table{len(self.globals)}"
        rows = ", ".join(f"i64 {i}" for i in index.tolist())
        self.globals.append(f"{name} = internal constant [{len(index)} x i64] [{rows}]")
        return name

    # --- statements ---------------------------------------------------------------------------

    def add_statement(self, out: View, lines: list[str]) -> None:
        """A statement that writes out."""
        if not out.sheet.varying:
            written = self._written[out.sheet.base]
            if not out.table:  # rows that are picked were written before, with 0.0
                part = np.lib.stride_tricks.as_strided
                part(written[out.start :], out.shape, out.strides)[...] = True
        self._calls.append(len(self.statements))
        self.statements.append(lines)

    def assign(self, out: View, x: Any) -> None:
        """out[...] = x."""
        if common_shape(out.shape, shape_of(x)) != out.shape:
            raise Unsupported(f"shape {shape_of(x)} into {out.shape}")
        if isinstance(x, Symbol) and any(map(out.overlaps, x.views())):
            raise Unsupported("a statement that moves rows within an array")
        if 0 not in out.shape:
            self.add_statement(out, sheet_code.assignment(out, x, self.element))

    def fill(self, out: View, x: Any) -> None:
        """out.fill(x)."""
        if not isinstance(x, Seed):
            self.assign(out, x)
            return
        if out.shape != (1, Width(1)):
            raise Unsupported("a seed for several rows")
        self.add_statement(out, matrix_calls.seed(out, self.element))

    def copyto(self, out: View, x: Any) -> None:
        """As np.copyto; from the batch by a transpose."""
        if isinstance(x, Samples):
            self._take(out, x)
        elif self._is_parameters(x) and self._is_free(out):
            self._bound[out.sheet.base] = "%theta"
        else:
            self.assign(out, x)

    def _is_parameters(self, x: Any) -> bool:
        return isinstance(x, View) and x.sheet is _PARAMETERS

    def _is_free(self, out: View) -> bool:
        """Whether the view is all of a sheet that no statement has written."""
        return out.shape == (out.sheet.rows,) and not self._written[out.sheet.base].any()

    def _take(self, out: View, x: Samples) -> None:
        """Columns of the batch as rows; the padding repeats the last sample."""
        if not x.turned or len(out.shape) != 2 or out.table:
            raise Unsupported("samples as they come")
        columns = [(x.first, x.count)] if x.columns is None else [
            (int(c), 1) for c in x.columns]  # fmt: skip
        pieces = [out] if x.columns is None else [out[i : i + 1] for i in range(len(columns))]
        for piece, (first, count) in zip(pieces, columns, strict=True):
            lines = matrix_calls.take(piece, first, count, self.n_inputs, self.element)
            self.add_statement(piece, lines)

    # --- products -----------------------------------------------------------------------------

    def dot(self, a: Any, b: Any, out: View | None = None) -> View:
        """As np.dot, of matrices."""
        right, terms = self._right(b)
        if not isinstance(a, View) or len(a.shape) != 2 or a.table:
            raise Unsupported("a product with samples in the rows of its left factor")
        inner, columns = (Width(1), b.count) if isinstance(b, Samples) else b.shape
        shape = (a.shape[0], columns)
        if a.shape[1] != inner or 0 in (*shape, inner):
            raise Unsupported(f"a product of {a.shape} and {(inner, columns)}")
        if out is None:
            out = self.empty(shape)
        if out.shape != shape or out.table or (not out.sheet.varying and out.strides[1] != 1):
            raise Unsupported(f"a product of the shape {shape} into {out.shape}")
        if out.sheet == a.sheet or (isinstance(right, View) and out.sheet == right.sheet):
            raise Unsupported("a product into one of its factors")
        lines = matrix_calls.product(out, a, right, terms, self.n_inputs, self.element)
        self.add_statement(out, lines)
        return out

    matmul = dot

    def _right(self, b: Any) -> tuple[Any, Any]:
        """The right factor with its rows side by side, and how many terms a product has."""
        if isinstance(b, Samples):
            if b.turned or b.columns is not None:
                raise Unsupported("a product with the batch transposed")
            return b, "%B"
        if isinstance(b, Turned):
            width = b.shape[0]
            # padded samples have a cotangent of 0.0: they may be left out, and need not
            return self._transposed(b.view), "%B" if width == Width(1) else width
        if not isinstance(b, View) or len(b.shape) != 2 or b.table:
            raise Unsupported("a product with anything but a matrix")
        if not b.sheet.varying and b.strides[1] != 1:
            copy = self.empty(b.shape)
            self.assign(copy, b)
            b = copy
        return b, b.shape[0]

    def _transposed(self, view: View) -> View:
        """A varying matrix with samples in rows, each of whole registers."""
        key = (view.sheet.base, view.start, view.shape, view.strides)
        if key not in self._turned:
            rows, width = view.shape
            length = padded(rows, self.element)
            # as many numbers as so many rows of samples
            copy = matrix_calls.Rows(self.empty((length * width.columns, Width(1))), length)
            self.add_statement(copy, matrix_calls.transpose(copy, view, self.element))
            self._turned[key] = copy
        return self._turned[key]

    # --- functions of NumPy -------------------------------------------------------------------

    def broadcast_to(self, x: Any, shape: tuple[Any, ...]) -> Broadcast:
        """As np.broadcast_to."""
        return Broadcast(x, shape, self)

    def concatenate(self, parts: Sequence[Symbol]) -> View:
        """As np.concatenate, along the first length."""
        shapes = [part.shape for part in parts]
        rest = common_shape(*[shape[1:] for shape in shapes])
        view = self.empty((sum(shape[0] for shape in shapes), *rest))
        first = 0
        for part in parts:
            self.assign(view[first : first + part.shape[0]], part)
            first += part.shape[0]
        return view

    def take(self, x: View, index: Any, axis: int, out: View, mode: str) -> None:
        """As np.take, of rows."""
        del mode
        if axis:
            raise Unsupported("np.take along another length than the first")
        self.assign(out, x[index])

    def sum(self, x: Symbol, axis: int, out: View) -> View:
        """As np.sum."""
        return self.add.reduce(x, axis, out=out)

    def __getattr__(self, name: str) -> _Function:
        if name.startswith("_"):
            raise AttributeError(name)
        return _Function(self, name)


def _row(row: Op) -> Callable[..., Symbol]:
    """A row without an array kernel, which C may have a function for."""
    if row not in ROWS_IN_C:
        raise Unsupported(f"{row.name}, which has no array kernel")

    def call(*args: Any) -> Symbol:
        def kernel(builder: Any) -> Callable[..., Any]:
            return lambda *xs: builder.kernel(row, xs)

        return Expression(kernel, args, common_shape(*map(shape_of, args)))

    return call


class _Function:
    """A function of NumPy's by its name: elementwise, with `out`, and folded over a length."""

    def __init__(self, recorder: Recorder, name: str) -> None:
        self.recorder = recorder
        self.name = name

    def __call__(self, *args: Any, out: View | None = None) -> Any:
        x = Expression(self._function, args, common_shape(*map(shape_of, args)))
        if out is None:
            return x
        self.recorder.assign(out, x)
        return out

    def _function(self, builder: Any) -> Callable[..., Any]:
        return _OPERATORS.get(self.name) or cast(
            "Callable[..., Any]", getattr(Numpy(builder), self.name)
        )

    def reduce(
        self, x: Any, axis: int | None = 0, keepdims: bool = False, dtype: object = None,
        out: View | None = None,
    ) -> View:  # fmt: skip
        """The function folded over the first length, or the sum over samples."""
        if dtype is not None and not getattr(x, "truth", False):
            raise Unsupported(f"np.{self.name} in another dtype")
        recorder, shape = self.recorder, shape_of(x)
        along_samples = axis in (-1, len(shape) - 1) and isinstance(shape[-1], Width)
        if axis == 0 and not keepdims and isinstance(shape[0], int):
            rest = shape[1:]
        elif along_samples and keepdims and self.name == "add" and recorder.is_backward:
            # cotangents are 0.0 in the padding; other numbers are not
            rest = (*shape[:-1], 1)
        else:
            raise Unsupported(f"{self.name} over axis {axis} of {shape}")
        out = recorder.empty(rest) if out is None else out
        if out.shape != rest or 0 in shape or any(out.sheet == v.sheet for v in x.views()):
            raise Unsupported(f"{self.name} of {shape} into {out.shape}")
        if along_samples:
            recorder.add_statement(out, sheet_code.over_samples(out, x, recorder.element))
        else:
            recorder.add_statement(out, sheet_code.folded(out, x, self._function, recorder.element))
        return out

    def at(self, target: View, index: Any, x: Any) -> None:
        """As np.add.at: row after row, so that one may come twice."""
        rows = target[index]
        self.recorder.assign(rows, rows + x)
