"""The neuron level: a box per neuron with z, a and δ, on every link a weight and its gradient."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from autograd_lite import forms, ops, symbols
from autograd_lite.drawing.anatomy import Anatomy, targets
from autograd_lite.drawing.calls import Call, Cell
from autograd_lite.drawing.captions import derivatives
from autograd_lite.drawing.outside import Plan
from autograd_lite.drawing.sketch import SHORT, Box, Link, Panel, Row, gradient, value
from autograd_lite.labels import clean
from autograd_lite.value import Value

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

_TITLE = 40


def neuron_plan(anatomy: Anatomy, nodes: Sequence[Value], names: Mapping[Value, str]) -> Plan:
    """The picture of these nodes, which hold one sample."""
    inner = {node for node in nodes if node in anatomy.cells}
    plan = Plan(nodes, names, inner, few=6)
    cells = list(dict.fromkeys(anatomy.cells[node] for node in nodes if node in inner))
    panels: dict[tuple[Call, int], Panel] = {}
    first: dict[tuple[Call, int], int] = {}
    aims = {y: t for _, y, t in targets(nodes)}
    symbol = f"δ = ∂{clean(forms.plain_name(names[nodes[-1]]), 8)}/∂z"
    for cell in cells:
        column = (anatomy.call_of[cell], cell.place.layer)
        panel = panels.setdefault(column, Panel(layer_title(anatomy, cell)))
        key = first.setdefault(column, plan.places[cell.z])
        shown = [cell.z, cell.output]
        tint = "output" if nodes[-1] in shown else None
        rows = _rows(cell, aims.get(cell.output, aims.get(cell.z)), symbol)
        plan.put(Box(title_of(cell), rows, tint, panel), shown, key, cell.place.unit)
    numbers = _inputs(plan, anatomy, cells)
    plan.surround(anatomy.masks)
    for cell in cells:
        own = {i: box for (call, i), box in numbers.items() if call is anatomy.call_of[cell]}
        _links(plan, cell, own)
    return plan


def title_of(cell: Cell) -> str:
    """The name that a neuron bears: the user's label of its output, else its own."""
    own = cell.output.label if cell.a is not None or cell.activation is None else None
    return forms.plain_name(clean(str(own or cell.place.name), _TITLE))


def input_name(x: Any, i: int) -> str:
    """What a leaf or number that a first layer reads is called: its label, or x1, x2, ..."""
    return str(x.label) if isinstance(x, Value) and x.label else f"x{i + 1}"


def activation_of(cell: Cell, limit: int = _TITLE) -> str:
    """The activation of z in letters: σ(z)."""
    row = cell.a.op if cell.a is not None else None
    if row is None or row is ops.softmax:
        return "softmax(z)"
    return clean(symbols.written(row, [symbols.Symbol("z")]).text, limit)


def layer_title(anatomy: Anatomy, cell: Cell) -> str:
    """What a layer is called: hidden layer 2 · tanh."""
    place, call = cell.place, anatomy.call_of[cell]
    nets = list(dict.fromkeys(id(call.net) for call in anatomy.calls))
    last = place.layer == place.depth - 1
    parts = [
        f"network {nets.index(id(place.net)) + 1}" if len(nets) > 1 else "",
        f"step {call.step + 1}" if any(c.step for c in anatomy.calls if c.net is call.net) else "",
        "output layer" if last else "hidden layer" if place.depth == 2
        else f"hidden layer {place.layer + 1}",
        clean(cell.activation or "identity", _TITLE),
    ]  # fmt: skip
    return " · ".join(part for part in parts if part)


def _rows(cell: Cell, target: Any, delta: str) -> list[Row]:
    rows = []
    if isinstance(cell.bias, Value):
        rows.append(Row("bias", forms.number(cell.bias.data), "text"))
        if cell.bias.grad != cell.z.grad:  # it serves other neurons or samples, too
            rows.append(gradient("bias grad", cell.bias.grad))
    name = clean(title_of(cell), SHORT)
    if cell.a is None:
        rows.append(value("z" if cell.activation else f"{name} = z", cell.z.data))
    else:
        rows += [value("z", cell.z.data), value(f"{name} = {activation_of(cell)}", cell.a.data)]
    if target is not None:
        number = target.data if isinstance(target, Value) else target
        rows.append(Row("target", forms.number(number), "text"))
    return [*rows, gradient(delta, cell.z.grad)]


def _inputs(plan: Plan, anatomy: Anatomy, cells: Sequence[Cell]) -> dict[tuple[Call, int], Box]:
    """Boxes for the leaves and numbers that first layers read; those of the numbers."""
    panels: dict[Call, Panel] = {}
    numbers: dict[tuple[Call, int], Box] = {}
    for cell in cells:
        call = anatomy.call_of[cell]
        for i, x in zip(cell.sources, cell.inputs):
            if (x.op or x in plan.boxes) if isinstance(x, Value) else (call, i) in numbers:
                continue
            rows = [value("value", x.data if isinstance(x, Value) else x)]
            if isinstance(x, Value) and x.role != "constant":
                rows.append(gradient("grad", x.grad))
            panel = panels.setdefault(call, Panel("inputs"))
            title = forms.plain_name(clean(input_name(x, i), _TITLE))
            box = Box(title, rows, "input", panel)
            plan.put(box, [x] if isinstance(x, Value) else [], -1, anatomy.calls.index(call), i)
            if not isinstance(x, Value):
                numbers[call, i] = box
    return numbers


def _links(plan: Plan, cell: Cell, numbers: Mapping[int, Box]) -> None:
    """A link per weight; one more from whatever computes a weight or bias."""
    head = plan.boxes[cell.z]
    for i, w, x in zip(cell.sources, cell.weights, cell.inputs):
        tail = plan.boxes[x] if isinstance(x, Value) else numbers[i]
        plan.links.append(Link(tail, head, weight=w))
    computed = [p for p in (*cell.weights, cell.bias) if isinstance(p, Value) and p in plan.boxes]
    for p, text in derivatives(cell.z, plan.names) if computed else ():
        if p in computed:
            plan.links.append(Link(plan.boxes[p], head, text, dashed=not text))
