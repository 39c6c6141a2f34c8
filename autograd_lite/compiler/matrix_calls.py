"""Matrix calls: statements over views that are calls of matrix_code's functions."""

from __future__ import annotations

from typing import Any

from autograd_lite.compiler.matrix_code import symbol
from autograd_lite.compiler.sheet_code import place
from autograd_lite.compiler.sheets import Samples, View, Width
from autograd_lite.compiler.vectors import literal


class Rows(View):
    """Samples in rows of `padded` numbers: what a transpose leaves."""

    def __init__(self, copy: View, padded: int) -> None:
        super().__init__(copy.sheet, copy.start, copy.shape, copy.strides, copy.recorder)
        self.padded = padded


def fill(view: View, x: float, element: str) -> list[str]:
    """x in all of the view's sheet."""
    lines = place(view, "%d", element)
    n = str(view.sheet.rows)
    if view.sheet.varying:
        lines.append(f"  %n = mul i64 %P, {n}")
        n = "%n"
    number = f"{element} {literal(x, element)}"
    return [*lines, _call("seed", f"ptr %d, i64 {n}, i64 {n}, {number}", element)]


def seed(row: View, element: str) -> list[str]:
    """The seed for every sample, 0 in the padding."""
    call = _call("seed", f"ptr %d, i64 %B, i64 %P, {element} %seed", element)
    return [*place(row, "%d", element), call]


def take(rows: View, first: int, count: int, n_inputs: int, element: str) -> list[str]:
    """Columns of the batch as rows; the padding repeats the last sample."""
    return [
        *place(rows, "%d", element),
        f"  %s = getelementptr {element}, ptr %X, i64 {first}",
        _call("transpose", f"ptr %d, i64 %P, ptr %s, i64 {n_inputs}, i64 %B, i64 {count}", element),
        _call("pad", f"ptr %d, i64 %P, i64 {count}, i64 %B, i64 %P", element),
    ]


def transpose(copy: Rows, view: View, element: str) -> list[str]:
    """A varying matrix with samples in rows."""
    rows, width = view.shape
    lines = [*place(copy, "%d", element), *place(view, "%s", element)]
    stride = _strides(view, "%s", 0, lines)[0]
    n = _length(width, "%n", lines)
    arguments = f"ptr %d, i64 {copy.padded}, ptr %s, i64 {stride}, i64 {rows}, i64 {n}"
    return [*lines, _call("transpose", arguments, element)]


def product(
    out: View, a: View, b: View | Samples, terms: int | Width | str, n_inputs: int, element: str
) -> list[str]:
    """out = a b, where b's rows have their numbers side by side."""
    lines: list[str] = []
    for factor, name in ((out, "%c"), (a, "%a"), (b, "%b")):
        if isinstance(factor, Samples):
            lines.append(f"  {name} = getelementptr {element}, ptr %X, i64 {factor.first}")
        else:
            lines += place(factor, name, element)
    ci, _ = _strides(out, "%c", n_inputs, lines)
    ai, ap = _strides(a, "%a", n_inputs, lines)
    bp, _ = _strides(b, "%b", n_inputs, lines)
    m, width = out.shape
    n = _length(width, "%n", lines)
    k = _length(terms, "%k", lines)
    arguments = (f"ptr %c, i64 {ci}, ptr %a, i64 {ai}, i64 {ap}, ptr %b, i64 {bp}, i64 {k}, "
                 f"i64 {m}, i64 {n}")  # fmt: skip
    return [*lines, _call("product", arguments, element)]


def _call(function: str, arguments: str, element: str) -> str:
    return f"  call void @{symbol(function, element)}({arguments})"


def _strides(matrix: View | Samples, name: str, n_inputs: int, lines: list[str]) -> tuple[str, str]:
    """How far rows and columns of a matrix are apart, in numbers."""
    if isinstance(matrix, Samples):
        return str(n_inputs), "1"
    if isinstance(matrix, Rows):
        return str(matrix.padded), "1"
    if not matrix.sheet.varying:
        return str(matrix.strides[0]), str(matrix.strides[1])
    lines.append(f"  {name}.stride = mul i64 %P, {matrix.strides[0]}")
    return f"{name}.stride", "1"


def _length(n: Any, name: str, lines: list[str]) -> str:
    if not isinstance(n, Width):
        return str(n)
    lines.append(f"  {name} = mul i64 %P, {n.columns}")
    return name
