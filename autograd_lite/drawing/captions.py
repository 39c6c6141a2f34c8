"""What stands on the box of a value and on the edge to an operation that uses it."""

from __future__ import annotations

from typing import TYPE_CHECKING

from autograd_lite import forms, formula
from autograd_lite.drawing.neighbourhood import operands
from autograd_lite.drawing.sketch import Row, gradient, value
from autograd_lite.labels import clean
from autograd_lite.symbols import Symbol
from autograd_lite.value import Value

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Mapping

_TITLE = 60  # characters of a box's title
_NAME = 24  # characters of a label inside a formula
_LETTERS = 30  # a derivative longer than that stands on its edge as a number alone


def printable(labels: Mapping[Value, str], nodes: Iterable[Value]) -> dict[Value, str]:
    """The labels of nodes and of their operands, as they stand inside formulas."""
    named = [p for node in nodes for p in (*operands(node), node)]
    return {node: clean(labels[node], _NAME) for node in named}


def caption(node: Value, names: Mapping[Value, str]) -> tuple[str, list[Row]]:
    """The title of a value's box, and its lines: value and gradient."""
    title = forms.plain_name(names[node])
    if node.op is not None:
        title = clean(f"{title} = {formula.expression(node, names)}", _TITLE)
    elif node.label:
        title = forms.plain_name(clean(str(node.label), _TITLE))
    elif node.role == "constant":
        return title, []  # its title is its number
    rows = [value("value", node.data)]
    if node.role != "constant":
        rows.append(gradient("grad", node.grad))
    return title, rows


def derivatives(node: Value, names: Mapping[Value, str]) -> Iterator[tuple[Value, str]]:
    """Every operand that is a Value with its local derivative; "" where none passes.

    names need to hold the node and these operands.
    """
    symbols = formula.local_derivatives(node, names)
    for p, symbol, partial in zip(node.parents, symbols, node.partials, strict=True):
        if not isinstance(p, Value):
            continue
        if partial is None or p.role == "constant":
            yield p, ""
            continue
        ratio = f"∂{forms.plain_name(names[node])}/∂{forms.plain_name(names[p])}"
        letters = str(symbol) if isinstance(symbol, Symbol) else ""
        parts = [ratio, letters, forms.number(partial)]
        yield p, " = ".join(part for part in parts if 0 < len(part) <= _LETTERS or part is ratio)


def not_swept(root: Value) -> bool:
    """Whether no `backward` has started here: its own gradient would be 1."""
    return root.op is not None and root.grad == 0.0
