"""Which level a graph with neurons is drawn at, and what the picture says about it."""

from __future__ import annotations

from typing import TYPE_CHECKING

from autograd_lite import formula
from autograd_lite.drawing.captions import not_swept, printable
from autograd_lite.drawing.layers import layer_plan
from autograd_lite.drawing.neighbourhood import nearest, operands, stranger
from autograd_lite.drawing.neurons import neuron_plan
from autograd_lite.drawing.sketch import crop

if TYPE_CHECKING:
    from collections.abc import Sequence

    from autograd_lite.drawing.anatomy import Anatomy
    from autograd_lite.drawing.outside import Plan
    from autograd_lite.drawing.sketch import Box, Sketch
    from autograd_lite.value import Value


def coarse(
    anatomy: Anatomy, level: str, around: Value | None, hops: int, max_nodes: int
) -> tuple[Sketch, Box | None]:
    """The finest picture from `level` on that is small enough, and the box around which it is.

    Raises NotInGraphError where `around` does not lead to the root.
    """
    order = anatomy.order
    root = order[-1]
    if around is not None and around not in anatomy.masks:
        raise stranger(root, around)
    notes: list[str] = []
    plan = None
    if level == "op":
        notes = _instead("Neuron", "op", f"{len(order):,} nodes", len(order), max_nodes)
    if level != "layer":
        visible, number = anatomy.one_sample(around)
        nodes = [node for node in order if node in visible]
        plan = neuron_plan(anatomy, nodes, _names(anatomy, nodes))
        size = plan.sketch().size
        if size > max_nodes and around is None:
            finer = "op" if level == "op" else "neuron"
            much = f"{len(order):,} nodes" if level == "op" else f"{size:,} boxes and labels"
            notes = _instead("Layer", finer, much, len(order) if level == "op" else size, max_nodes)
            plan = None
    if plan is None:
        plan = layer_plan(anatomy, _names(anatomy, order))
        if anatomy.samples > 1:
            notes.insert(0, f"Means and shares over {anatomy.samples:,} samples.")
    elif anatomy.samples > 1:
        which = f"Sample {number:,} of {anatomy.samples:,}"
        notes.insert(0, f"{which}; gradients of weights and biases add up over all of them.")
    if not_swept(root):
        notes.append("backward() has not run from here: δ is 0, other gradients are older or 0.")
    return _cropped(plan, notes, around, hops, max_nodes)


def _names(anatomy: Anatomy, nodes: Sequence[Value]) -> dict[Value, str]:
    """Printable names of nodes and their operands; a loss without a label is E."""
    labels = formula.node_names(anatomy.order)
    root = anatomy.order[-1]
    if not root.label and root not in anatomy.cells and "E" not in labels.values():
        labels[root] = "E"
    return printable(labels, nodes)


def _instead(level: str, finer: str, much: str, size: int, max_nodes: int) -> list[str]:
    return [
        f"{level} level: the {finer} level has {much}, more than max_nodes={max_nodes}.",
        f'To see more: draw(root, level="{finer}", max_nodes={size}), or draw(root, around=node).',
    ]


def _cropped(
    plan: Plan, notes: list[str], around: Value | None, hops: int, max_nodes: int
) -> tuple[Sketch, Box | None]:
    """The plan's sketch, or what of it lies near a box."""
    sketch = plan.sketch()
    sketch.notes = notes
    root = plan.boxes[plan.nodes[-1]]
    if around is None and sketch.size <= max_nodes:
        return sketch, None
    total = len(sketch.boxes)
    centre = root if around is None else plan.boxes[_shown(plan, around)]
    found, cut = crop(sketch, centre, root, total if around is None else hops, max_nodes)
    if len(found.boxes) < total:
        counts = f"{len(found.boxes):,} of {total:,} boxes"
        larger = f"max_nodes={4 * max_nodes}"
        if around is None:
            found.notes += [f"{counts}: the nearest to {centre.title}."]
            found.notes += [f"To see more: draw(root, {larger}), or draw(root, around=node)."]
        else:
            what = f"within {hops} hop{'s' * (hops > 1)} of {centre.title}"
            near = f"the nearest of what lies {what}" if cut else f"what lies {what}"
            more = larger if cut else f"hops={2 * hops}"
            found.notes += [f"{counts}: {near} and on its way to the root."]
            found.notes += [f"To see more: draw(root, around=node, {more})."]
    return found, None if around is None else centre


def _shown(plan: Plan, node: Value) -> Value:
    """The node itself, or the first that uses it and has a box: of a weight, its neuron's z."""
    users: dict[Value, list[Value]] = {}
    for user in plan.nodes:
        for p in operands(user):
            users.setdefault(p, []).append(user)
    return next(n for n in nearest(node, lambda n: users.get(n, []), len(users)) if n in plan.boxes)
