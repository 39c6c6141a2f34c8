"""The story of a graph at op level: one card a value, one step an operation or an edge."""

from __future__ import annotations

from typing import TYPE_CHECKING

from autograd_lite.drawing.scene import Arrow, Scene, number
from autograd_lite.drawing.story import Card, Edge, Step, Story

if TYPE_CHECKING:
    from collections.abc import Sequence

    from autograd_lite.value import Value

_TITLE, _WHOLE = 36, 144  # characters of a card's title, and of its tooltip


def op_story(root: Value, order: Sequence[Value]) -> Story:
    """The story of the graph that leads to root, given in topological order.

    >>> from autograd_lite import Value
    >>> x = Value(3.0, label="x")
    >>> y = x * x
    >>> y.label = "y"
    >>> for step in op_story(y, [x, y]).steps[2:]:
    ...     print(step.title, "|", step.note)
    Backward starts at y | The output changes one for one with itself.
    Backward: y → x | x is used 2 times, so its gradient is a sum: path 1 of 2.
    Backward: y → x | x is used 2 times, so its gradient is a sum: path 2 of 2: 3 + 3 = 6.
    Done | y.backward() adds these gradients to the .grad of the leaf x.
    """
    scene = Scene(root, order)
    cards = [add_card(scene, node, i) for i, node in enumerate(order)]
    arrows = [arrow for node in order for arrow in scene.arrows[node]]
    scene.edges = {arrow: i for i, arrow in enumerate(arrows)}
    steps = [start(scene)]
    steps += [scene.compute(node) for node in order if node.op is not None]
    steps.append(scene.seed())
    steps += [step for node in scene.backwards for step in scene.hand_on(node)]
    steps.append(scene.done())
    return Story(scene.title(root, 60), cards, [edge(scene, arrow) for arrow in arrows], steps)


def add_card(scene: Scene, node: Value, place: int) -> Card:
    """The card of one value, which the scene gets to know."""
    rows = [("value", "forward"), ("grad", "backward")]
    if node.role == "constant":
        rows = rows[: bool(node.label)]  # it has no gradient, and without a label is its number
    scene.cards[node] = place
    for i, (word, _) in enumerate(rows):
        scene.spots[node, word] = (place, i)
    tint = "output" if node is scene.root else node.role or "inner"
    return Card(scene.title(node, _TITLE), tint, tuple(rows), scene.title(node, _WHOLE))


def edge(scene: Scene, arrow: Arrow) -> Edge:
    """The edge of an arrow between two cards."""
    ends = scene.cards[arrow.parent], scene.cards[arrow.node]
    if arrow.partial is None or arrow.parent.role == "constant":
        return Edge(*ends, bare=True)
    return Edge(*ends, f"{scene.local(arrow)} = {number(arrow.partial)}")


def start(scene: Scene) -> Step:
    """What is known before the forward pass."""
    leaves = [node for node in scene.order if node.op is None]
    have = "leaves have their values" if len(leaves) > 1 else "leaf has its value"
    note = f"The {have}; nothing else is known yet."
    if scene.root.op:
        note += " Press → to run the forward pass."
    numbers = [n for leaf in leaves for n in scene.write(leaf, "value", leaf.data)]
    return Step("start", "The start", note=note, numbers=tuple(numbers))
