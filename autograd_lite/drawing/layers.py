"""The layer level: a box per layer with its shape and what training wants to know of it."""

from __future__ import annotations

from typing import TYPE_CHECKING

from autograd_lite import forms
from autograd_lite.drawing.neurons import layer_title
from autograd_lite.drawing.outside import Plan
from autograd_lite.drawing.sketch import Box, Row, gradient
from autograd_lite.saturation import shares
from autograd_lite.value import Value

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from autograd_lite.drawing.anatomy import Anatomy
    from autograd_lite.drawing.calls import Cell


def layer_plan(anatomy: Anatomy, names: Mapping[Value, str]) -> Plan:
    """The picture of all samples, a box for each layer."""
    nodes = anatomy.order
    plan = Plan(nodes, names, set(anatomy.cells), few=3)
    groups: dict[tuple[int, int, int], list[Cell]] = {}
    networks: dict[object, int] = {}
    for call in anatomy.calls:
        network = networks.setdefault(call.net, len(networks))
        for cell in call.cells:
            groups.setdefault((network, call.step, cell.place.layer), []).append(cell)
    root = nodes[-1]
    for key, cells in groups.items():
        shown = {node for cell in cells for node in (cell.z, cell.output)}
        tint = "output" if root in shown else None
        box = Box(layer_title(anatomy, cells[0]), layer_rows(cells), tint)
        plan.put(box, shown, min(plan.places[node] for node in shown), bare=True)
        if not key[2]:
            _inputs(plan, cells, box)
    bits = {key: 1 << k for k, key in enumerate(groups)}
    own = {cell.z: bits[key] for key, cells in groups.items() for cell in cells}
    masks: dict[Value, int] = {}
    for node in nodes:
        mask = own.get(node, 0)
        for p in node.parents:
            if isinstance(p, Value):
                mask |= masks[p]
        masks[node] = mask
    plan.surround(masks)
    for cells in groups.values():
        for cell in cells:
            for p in cell.z.parents:
                if isinstance(p, Value) and p in plan.boxes:
                    plan.arrow(plan.boxes[p], plan.boxes[cell.z])
    return plan


def layer_rows(cells: Sequence[Cell]) -> list[Row]:
    """What a layer's box says of its neurons, over all samples.

    Means of |gradient| over its parameters and of |δ| over (neuron, sample) pairs; saturated
    and dead as in `saturation.shares`.
    """
    units = dict.fromkeys(cell.place.unit for cell in cells)
    fan_in = len({i for cell in cells for i in cell.sources})
    parameters = dict.fromkeys(
        p for cell in cells for p in (*cell.weights, cell.bias) if isinstance(p, Value)
    )
    rows = [
        Row("shape", f"{fan_in:,} → {len(units):,}", "text"),
        Row("parameters", f"{len(parameters):,}", "text"),
    ]
    slopes: dict[int, list[float]] = {}
    for cell in cells:
        if cell.activation is not None and cell.a is not None:
            slopes.setdefault(cell.place.unit, []).append(cell.a.partials[0] or 0.0)
    if slopes:
        saturated, dead = shares(slopes.values())
        rows.append(Row("saturated", f"{saturated:.0%}", "forward"))
        rows.append(Row("dead", f"{dead:.0%}", "forward"))
    if parameters:
        rows.append(gradient("mean |grad|", _mean([p.grad for p in parameters])))
    return [*rows, gradient("mean |δ|", _mean([cell.z.grad for cell in cells]))]


def _mean(numbers: Sequence[float]) -> float:
    return sum(map(abs, numbers)) / len(numbers)


def _inputs(plan: Plan, cells: Sequence[Cell], layer: Box) -> None:
    """One box for the leaves and numbers that a first layer reads."""
    read = [(i, x) for cell in cells for i, x in zip(cell.sources, cell.inputs)]
    own = [(i, x) for i, x in read if not (isinstance(x, Value) and x.op)]
    if own:
        count = len({i for i, _ in own})
        leaves = [x for _, x in own if isinstance(x, Value) and x not in plan.boxes]
        rows = [Row("count", forms.number(float(count)), "text")]
        box = plan.put(Box("inputs", rows, "input"), leaves, -1, bare=True)
        plan.arrow(box, layer)
