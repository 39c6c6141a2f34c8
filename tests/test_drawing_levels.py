"""Pictures of networks: what stands on neurons, weights and layers, and what is left out."""

from __future__ import annotations

import copy
import json
import os
import pickle
import re
import subprocess
import sys
import time
import xml.etree.ElementTree as ET
from itertools import combinations
from typing import Any

import pytest
import test_drawing
import worked
from hypothesis import given, settings
from hypothesis import strategies as st

import autograd_lite as al
from autograd_lite import NotInGraphError, Value, nn
from autograd_lite.diagnostics import layer_statistics
from autograd_lite.drawing import draw
from autograd_lite.drawing.render import Drawing, run
from autograd_lite.forms import number, plain_name
from autograd_lite.labels import clean
from autograd_lite.losses import batch, half_squared_error

engine = test_drawing.engine
pure = test_drawing.pure
SVG = test_drawing.SVG


def texts(picture: Drawing) -> dict[str, list[str]]:
    """The texts of every box, weight and stub in the SVG, by the node's id."""
    root = ET.fromstring(picture.pipe(encoding="utf-8"))
    return {
        str(group.findtext(f"{SVG}title")): [
            (t.text or "").replace("\xa0", " ").strip() for t in group.iter(f"{SVG}text")
        ]
        for group in root.iter(f"{SVG}g")
        if group.get("class") == "node"
    }


def boxes(picture: Drawing) -> list[list[str]]:
    """The texts of the boxes alone, in the order of their ids."""
    named = texts(picture)
    ids = [name for name in named if re.fullmatch(r"n\d+", name)]
    return [named[name] for name in sorted(ids, key=lambda name: int(name[1:]))]


def titles(picture: Drawing) -> list[str]:
    return [lines[0] for lines in boxes(picture)]


def box(picture: Drawing, title: str) -> dict[str, str]:
    """The lines of the only box with this title as {word: number}."""
    (lines,) = [lines for lines in boxes(picture) if lines[0] == title]
    return dict(zip(lines[1::2], lines[2::2], strict=True))


def links(picture: Drawing) -> dict[tuple[str, str], list[str]]:
    """What stands between two boxes, by their titles."""
    named = texts(picture)
    arrows = re.findall(r"^\t(\w+)(?::e)? -> (\w+)(?::w)?(?: \[|$)", picture.source, re.MULTILINE)
    found = {}
    for tail, head in arrows:
        if re.fullmatch(r"e\d+", head):
            (end,) = [b for a, b in arrows if a == head]
            found[named[tail][0], named[end][0]] = [t for t in named[head] if t]
        elif not re.fullmatch(r"e\d+", tail):
            found[named[tail][0], named[head][0]] = []
    return found


def panels(picture: Drawing) -> dict[str, list[str]]:
    """The titles of the boxes in every cluster, as the engine laid them out."""
    layout = json.loads(run(["-Tjson"], picture.source.encode()))
    named = texts(picture)
    name = {node["_gvid"]: node["name"] for node in layout["objects"]}
    return {
        cluster["label"]: [named[name[i]][0] for i in cluster["nodes"]]
        for cluster in layout["objects"]
        if cluster["name"].startswith("cluster")
    }


def heading(picture: Drawing) -> str:
    """The lines above the picture."""
    found = re.search(r'^\tgraph \[label="(.*)" labelloc=t', picture.source, re.MULTILINE)
    return found[1].replace("\\l", "\n").replace('\\"', '"') if found else ""


def backprop() -> Value:
    """The lectures' network 001-backprop after its backward pass."""
    (case,) = [case for case in worked.cases("network") if case["id"] == "001-backprop"]
    (sample,) = case["samples"]
    loss = worked.loss_of(case)(worked.network(case)(sample["x"]), sample["t"])
    loss.backward()
    return loss


def loss_of(
    sizes: list[int], samples: int = 1, decay: float = 0.0, **options: Any
) -> tuple[nn.MLP, Value]:
    mlp = nn.MLP(sizes, **options)
    xs = [[float((3 * i + j) % 5) - 2.0 for j in range(sizes[0])] for i in range(samples)]
    ts = [[float((i + j) % 2) for j in range(sizes[-1])] for i in range(samples)]
    loss = batch(half_squared_error, [mlp(x) for x in xs], ts)
    if decay:
        loss = loss + decay * al.sum([w * w for w in mlp.parameters()])
    loss.backward()
    return mlp, loss


# --- the stamp --------------------------------------------------------------------------


def test_a_stamp_is_the_plain_label() -> None:
    (y,) = nn.MLP([2, 2, 1])([1.0, 2.0])
    assert y.label == "o1"
    assert repr(y.label) == "'o1'"
    assert f"{y.label}" == "o1"
    assert {y.label: 1}["o1"] == 1
    assert y.label.place[1:5] == (1, 2, 0, "o1")  # layer, depth, unit, name


def test_stamps_are_made_once() -> None:
    neuron = nn.MLP([2, 1], output="tanh").layers[0].neurons[0]
    first, second = neuron([1.0, 2.0]), neuron([3.0, 4.0])
    assert first.label is second.label
    assert first.parents[0].label is second.parents[0].label


@pytest.mark.parametrize("copied", [copy.deepcopy, lambda m: pickle.loads(pickle.dumps(m))])
def test_copies_of_a_model_are_networks_of_their_own(copied: Any) -> None:
    mlp = nn.MLP([2, 2, 1])
    other = copied(mlp)
    loss = half_squared_error([*mlp([1.0, 2.0]), *other([1.0, 2.0])], [0.0, 0.0])
    assert set(panels(draw(loss))) == {
        "inputs", "network 1 · hidden layer · tanh", "network 1 · output layer · identity",
        "network 2 · hidden layer · tanh", "network 2 · output layer · identity",
    }  # fmt: skip


def test_a_renamed_neuron_keeps_its_place(pure: None) -> None:
    mlp = nn.MLP([1, 2, 1])
    mlp.layers[0].neurons[1].name = "edge"
    (y,) = mlp([1.0])
    assert panels(draw(y))["hidden layer · tanh"] == ["h₁", "edge"]
    assert "edge" in mlp.deltas(y).samples[0]


# --- the neuron level -------------------------------------------------------------------


def test_the_lectures_network_by_neurons(engine: str) -> None:
    """Numbers: the case's exact solution in worked_examples.json, to 4 digits."""
    picture = draw(backprop())
    assert boxes(picture) == [
        ["x₁", "value", "0.12"],
        ["x₂", "value", "0.3"],
        ["h₁", "bias", "0.1", "z", "0.178", "h₁ = σ(z)", "0.5444", "δ = ∂E/∂z", "0.006488"],
        ["h₂", "bias", "0.2", "z", "0.314", "h₂ = σ(z)", "0.5779", "δ = ∂E/∂z", "0.00814"],
        ["o₁", "bias", "0.2", "z", "0.7067", "o₁ = σ(z)", "0.6697", "target", "0.1",
         "δ = ∂E/∂z", "0.126"],
        ["o₂", "bias", "0.1", "z", "0.6628", "o₂ = σ(z)", "0.6599", "target", "0.9",
         "δ = ∂E/∂z", "-0.05389"],
        ["E = ½Σ(y − t)²", "value", "0.1911", "grad", "1"],
    ]  # fmt: skip
    assert links(picture) == {
        ("x₁", "h₁"): ["w₁₁(1)", "0.15", "grad", "0.0007785"],
        ("x₁", "h₂"): ["w₁₂(1)", "0.2", "grad", "0.0009768"],
        ("x₂", "h₁"): ["w₂₁(1)", "0.2", "grad", "0.001946"],
        ("x₂", "h₂"): ["w₂₂(1)", "0.3", "grad", "0.002442"],
        ("h₁", "o₁"): ["w₁₁(2)", "0.4", "grad", "0.0686"],
        ("h₁", "o₂"): ["w₁₂(2)", "0.45", "grad", "-0.02934"],
        ("h₂", "o₁"): ["w₂₁(2)", "0.5", "grad", "0.07282"],
        ("h₂", "o₂"): ["w₂₂(2)", "0.55", "grad", "-0.03114"],
        ("o₁", "E = ½Σ(y − t)²"): ["∂E/∂o₁ = o₁ − 0.1 = 0.5697"],  # 0.6697 - 0.1
        ("o₂", "E = ½Σ(y − t)²"): ["∂E/∂o₂ = o₂ − 0.9 = -0.2401"],
    }
    assert panels(picture) == {
        "inputs": ["x₁", "x₂"],
        "hidden layer · sigmoid": ["h₁", "h₂"],
        "output layer · sigmoid": ["o₁", "o₂"],
    }
    assert heading(picture) == ""


@pytest.mark.parametrize("sizes", [[2, 2, 2], [3, 4, 2], [2, 5, 5, 1], [5, 6, 4]])
def test_neurons_stand_in_order_and_nothing_overlaps(sizes: list[int], engine: str) -> None:
    """The rectangles of all boxes and weights, as the engine placed them."""
    layout = json.loads(run(["-Tjson"], draw(loss_of(sizes)[1]).source.encode()))
    nodes = {n["name"]: n for n in layout["objects"] if "pos" in n}
    rectangles = {}
    for name, node in nodes.items():
        x, y = map(float, node["pos"].split(","))
        rectangles[name] = x, y, float(node["width"]) * 72, float(node["height"]) * 72
    for a, b in combinations(rectangles, 2):
        (x, y, w, h), (u, v, s, t) = rectangles[a], rectangles[b]
        assert abs(x - u) >= (w + s) / 2 - 1 or abs(y - v) >= (h + t) / 2 - 1, (a, b)
    order = sorted((n for n in nodes if n[0] == "n"), key=lambda n: int(n[1:]))
    expected = iter(order)
    for size in sizes:
        column = [rectangles[next(expected)][1] for _ in range(size)]
        assert column == sorted(column, reverse=True)  # from above to below
    assert "line" in layout["splines"]


def test_numbers_are_those_of_the_delta_table(pure: None) -> None:
    """Another way to the same numbers: `mlp.deltas` sweeps on its own."""
    mlp, loss = loss_of([3, 4, 3, 2], activation="sigmoid", output="tanh")
    picture, table = draw(loss), mlp.deltas(loss)
    for name, row in table.samples[0].items():
        lines = box(picture, plain_name(name))
        assert lines["z"] == number(row.z)
        assert lines[next(word for word in lines if " = " in word)] == number(row.a)
        assert lines["δ = ∂v₁/∂z" if "δ = ∂v₁/∂z" in lines else "δ = ∂E/∂z"] == number(row.delta)
    shown = {tuple(t) for t in links(picture).values() if len(t) == 4}
    assert shown == {
        (plain_name(p.label or ""), number(p.data), "grad", number(table[str(p.label)].gradient))
        for p in mlp.parameters()
        if str(p.label).startswith("w")
    }


def test_a_shared_bias_shows_its_own_gradient(pure: None) -> None:
    """By hand: y1 = 1 + 2, y2 = 3 + 2, targets 0; the bias gets 3 + 5."""
    mlp = nn.MLP.from_weights([[[1.0, 3.0]]], [2.0], "identity")
    loss = half_squared_error(mlp([1.0]), [0.0, 0.0])
    loss.backward()
    assert box(draw(loss), "o₁") == {
        "bias": "2", "bias grad": "8", "o₁ = z": "3", "target": "0", "δ = ∂E/∂z": "3"
    }  # fmt: skip
    one = half_squared_error(nn.MLP.from_weights([[[1.0]]], [[2.0]], "identity")([1.0]), [0.0])
    one.backward()
    assert "bias grad" not in box(draw(one), "o₁")  # it is δ itself


def test_a_softmax_layer_is_one_layer(pure: None) -> None:
    """By hand: equal logits, shares 1/2; delta of cross entropy is y - t."""
    mlp = nn.MLP.from_weights([[[1.0, 1.0]]], None, ["softmax"])
    loss = al.losses.cross_entropy(mlp([2.0]), [1.0, 0.0])
    loss.backward()
    picture = draw(loss)
    assert panels(picture)["output layer · softmax"] == ["o₁", "o₂"]
    assert box(picture, "o₁") == {
        "z": "2", "o₁ = softmax(z)": "0.5", "target": "1", "δ = ∂E/∂z": "-0.5"
    }  # fmt: skip


def test_inputs_that_are_values_show_their_gradient(pure: None) -> None:
    x, fixed = Value(2.0, label="height"), al.constant(3.0, "one")
    (y,) = nn.MLP.from_weights([[[5.0], [7.0]]], None, "identity")([x, fixed])
    y.backward()
    assert boxes(draw(y))[:2] == [["height", "value", "2", "grad", "5"], ["one", "value", "3"]]
    assert panels(draw(y))["inputs"] == ["height", "one"]


def test_masked_connections_keep_the_numbers_of_their_inputs(pure: None) -> None:
    mask = [[[True, False], [False, True], [True, True]]]
    mlp = nn.MLP([3, 2], mask=mask)
    loss = half_squared_error(mlp([7.0, 8.0, 9.0]), [0.0, 0.0])
    weights = {key for key, shown in links(draw(loss)).items() if len(shown) == 4}
    assert weights == {("x₁", "o₁"), ("x₂", "o₂"), ("x₃", "o₁"), ("x₃", "o₂")}
    assert box(draw(loss), "x₃")["value"] == "9"


def test_targets_may_be_values(pure: None) -> None:
    loss = half_squared_error(nn.MLP([1, 1])([1.0]), [al.constant(4.0, "t")])
    assert box(draw(loss), "o₁")["target"] == "4"
    assert titles(draw(loss)) == ["x₁", "o₁", "E = ½Σ(y − t)²"]


def test_without_backward_the_title_says_so() -> None:
    loss = half_squared_error(nn.MLP([1, 1])([1.0]), [0.5])
    for level in ("neuron", "layer"):
        assert heading(draw(loss, level=level)).startswith("backward() has not run from here: δ")
    loss.backward()
    assert heading(draw(loss)) == ""


def test_a_column_of_many_weights_has_one_line_each(pure: None) -> None:
    source = draw(loss_of([4, 4, 1])[1]).source
    tags = re.findall(r"\te\d+ \[label=<(<table.*?</table>)>", source)
    assert [tag.count("<tr>") for tag in tags] == [1] * 16 + [2] * 4


# --- relabelled nodes, several calls, several networks ------------------------------------


@pytest.mark.parametrize("output", ["sigmoid", "identity"])
@pytest.mark.parametrize("label", ["probability", None])
def test_a_relabelled_output_is_still_a_neuron(output: str, label: str | None, pure: None) -> None:
    (y,) = nn.MLP([2, 2, 1], output=output)([1.0, 2.0])
    y.label = label
    picture = draw(y)
    assert panels(picture)[f"output layer · {output}"] == [label or "o₁"]


def test_a_relabelled_sum_is_still_a_neuron(pure: None) -> None:
    mlp = nn.MLP([2, 2, 1])
    (y,) = mlp([1.0, 2.0])
    for node in al.topological(y):
        if node.label and node.label.startswith("z("):
            node.label = "sum"
    assert panels(draw(y))["hidden layer · tanh"] == ["h₁", "h₂"]


def test_a_stamp_on_a_foreign_node_makes_no_neuron(pure: None) -> None:
    (y,) = nn.MLP([1, 1])([1.0])
    square = y * y
    square.label = y.label
    assert panels(draw(square)) == {"inputs": ["x₁"], "output layer · identity": ["o₁"]}


def test_an_activation_changed_later_is_the_one_that_ran(pure: None) -> None:
    mlp = nn.MLP([1, 2, 1])
    for neuron in mlp.layers[0].neurons:
        neuron.activation = al.OPS["relu"]
    assert panels(draw(mlp([1.0])[0]))["hidden layer · relu"] == ["h₁", "h₂"]


def test_a_neuron_alone_is_a_picture(pure: None) -> None:
    neuron = nn.Neuron([Value(2.0, label="w")], None, al.OPS["relu"], name="n")
    assert panels(draw(neuron([3.0]))) == {"inputs": ["x₁"], "output layer · relu": ["n"]}


def test_of_a_batch_the_first_sample_is_drawn_and_the_title_says_so(pure: None) -> None:
    """By hand: y = 2x, targets 0, mean over 4: delta = 2x/4, weight: (4 + 16 + 36 + 64)/2/4."""
    mlp = nn.MLP.from_weights([[[2.0]]], None, "identity")
    xs = [2.0, 4.0, 6.0, 8.0]
    loss = batch(half_squared_error, [mlp([x]) for x in xs], [[0.0]] * 4)
    loss.backward()
    picture = draw(loss)
    assert heading(picture) == (
        "Sample 1 of 4; gradients of weights and biases add up over all of them."
    )
    assert titles(picture) == [
        "x₁",
        "o₁",
        "v₁ = ½Σ(y − t)²",
        "v₅ = Σ(v₁, v₂, v₃, v₄)",
        "E = v₅ / 4",
    ]
    assert box(picture, "o₁") == {"o₁ = z": "4", "target": "0", "δ = ∂E/∂z": "1"}
    assert links(picture)["x₁", "o₁"] == ["w₁₁[1]", "2", "grad", "60"]  # 2*(4+16+36+64)/4
    assert ["… 3 more"] in texts(picture).values()


def test_around_picks_the_sample(pure: None) -> None:
    _, loss = loss_of([2, 2, 1], samples=4)
    thirds = [node for node in al.topological(loss) if node.label == "h1"]
    picture = draw(loss, around=thirds[2], hops=10)
    assert heading(picture).startswith("Sample 3 of 4;")
    assert box(picture, "h₁")["h₁ = tanh(z)"] == number(thirds[2].data)


def test_around_any_node_of_a_batch_shows_the_sample_it_serves(pure: None) -> None:
    """A target feeds no neuron, only the loss of its own sample."""
    mlp = nn.MLP([1, 2, 1])
    xs, ts = ([Value(float(k), label=f"{name}{k}") for k in (1, 2, 3)] for name in "xt")
    losses = [half_squared_error(mlp([x]), [2.0 * t]) for x, t in zip(xs, ts)]
    scale = Value(0.5, label="scale")
    loss = al.sum(losses) * scale + 0.1 * al.sum([w * w for w in mlp.parameters()])
    own = {al.topological(loss).index(node): k for k, node in enumerate(ts, 1)}
    for place, node in enumerate(al.topological(loss)):
        for level in ("auto", "neuron", "layer", "op"):
            picture = draw(loss, level=level, around=node)
            if place in own and level in ("auto", "neuron"):
                assert heading(picture).startswith(f"Sample {own[place]} of 3;")


def test_calls_in_another_order_are_kept_apart(pure: None) -> None:
    """The second output takes its calls the other way round; sample 1 stays sample 1."""
    mlp = nn.MLP([1, 2, 2])
    a, b = mlp([1.0]), mlp([2.0])
    picture = draw((a[0] - b[0]) ** 2 + (b[1] - a[1]) ** 2)
    assert box(picture, "x₁")["value"] == "1"
    assert box(picture, "o₂")["o₂ = z"] == number(a[1].data)


def test_a_network_after_itself_is_drawn_twice(pure: None) -> None:
    mlp = nn.MLP([1, 2, 1])
    picture = draw(mlp(mlp([1.0]))[0])
    assert heading(picture).startswith("backward()")  # no word of samples
    assert list(panels(picture)) == [
        "inputs", "step 1 · hidden layer · tanh", "step 1 · output layer · identity",
        "step 2 · hidden layer · tanh", "step 2 · output layer · identity",
    ]  # fmt: skip


def test_a_network_that_reads_two_of_its_results_shows_both(pure: None) -> None:
    mlp = nn.MLP([2, 1])
    picture = draw(mlp([mlp([1.0, 2.0])[0], mlp([3.0, 4.0])[0]])[0])
    assert titles(picture).count("o₁") == 3
    assert "Sample" not in heading(picture)


def test_networks_that_feed_each_other(pure: None) -> None:
    first, second = nn.MLP([1, 1], output="tanh"), nn.MLP([1, 2, 1], activation="relu")
    picture = draw(second(first([1.0]))[0])
    assert list(panels(picture)) == [
        "inputs", "network 1 · output layer · tanh", "network 2 · hidden layer · relu",
        "network 2 · output layer · identity",
    ]  # fmt: skip
    assert titles(picture) == ["x₁", "o₁", "h₁", "h₂", "o₁"]


def test_a_weight_that_is_computed_is_linked_to_what_computes_it(pure: None) -> None:
    w = Value(3.0, label="w")
    neuron = nn.Neuron([w * w], None, None, name="n")
    y = neuron([2.0])
    y.label = neuron.name
    picture = draw(y)
    assert links(picture)["v₁ = w·w", "n"] == ["∂n/∂v₁ = 2"]
    assert links(picture)["x₁", "n"] == ["weight", "9", "grad", "0"]


# --- what stands outside of neurons -------------------------------------------------------


def test_operations_before_and_after_are_small_boxes(pure: None) -> None:
    """By hand: y = 2(3x) - x at x = 1, squared; the gradient of x is 2 * 5 * 5."""
    x = Value(1.0, label="x")
    (o,) = nn.MLP.from_weights([[[2.0]]], None, "identity")([x * 3.0])
    loss = (o - x) ** 2
    loss.backward()
    picture = draw(loss)
    assert titles(picture) == ["x", "v₁ = x·3", "o₁", "v₂ = o₁ − x", "E = v₂²"]
    assert box(picture, "x") == {"value": "1", "grad": "50"}
    assert links(picture) == {
        ("x", "v₁ = x·3"): ["∂v₁/∂x = 3"],
        ("v₁ = x·3", "o₁"): ["w₁₁[1]", "2", "grad", "30"],  # 2 * 5 * 3x
        ("o₁", "v₂ = o₁ − x"): ["∂v₂/∂o₁ = 1"],
        ("x", "v₂ = o₁ − x"): ["∂v₂/∂x = -1"],
        ("v₂ = o₁ − x", "E = v₂²"): ["∂E/∂v₂ = 2·v₂ = 10"],
    }
    assert "splines=spline" in picture.source  # a straight x - v2 would cross the neuron


def test_weight_decay_is_one_box(pure: None) -> None:
    """9 parameters: 9 squares, their sum, and the product with the rate."""
    _, loss = loss_of([2, 2, 1], decay=0.5)
    for level in ("neuron", "layer"):
        picture = draw(loss, level=level)
        (penalty,) = [lines for lines in boxes(picture) if lines[0] == "11 operations"]
        assert penalty[1::2] == ["value", "grad"]
        assert penalty[4] == "1"


def test_a_long_loss_is_one_box_with_its_name(pure: None) -> None:
    mlp = nn.MLP([2, 2, 1])
    loss = mlp([1.0, 2.0])[0]
    for _ in range(20):
        loss = loss * 1.5
    loss.label = "loss"
    lines = box(draw(loss), "loss")
    assert lines["operations"] == "20"
    assert links(draw(loss))["o₁", "loss"] == []
    assert "δ = ∂loss/∂z" in box(draw(loss), "h₁")


# --- the layer level ----------------------------------------------------------------------


def test_layers_by_hand(engine: str) -> None:
    """y = 3 relu(x) + 4 relu(-x) at x = 1, 2, targets 0: y = 3, 6; the second unit is off.

    delta of y is 3, 6, of the first unit 9, 18; its weight gets 9 + 36, that of y 3 + 12.
    """
    mlp = nn.MLP.from_weights([[[1.0, -1.0]], [[3.0], [4.0]]], None, ["relu", "identity"])
    loss = batch(half_squared_error, [mlp([1.0]), mlp([2.0])], [[0.0], [0.0]], reduce="sum")
    loss.backward()
    picture = draw(loss, level="layer")
    assert heading(picture) == "Means and shares over 2 samples."
    assert boxes(picture)[:3] == [
        ["inputs", "count", "1"],
        ["hidden layer · relu", "shape", "1 → 2", "parameters", "2", "saturated", "50%",
         "dead", "50%", "mean |grad|", "22.5", "mean |δ|", "6.75"],
        ["output layer · identity", "shape", "2 → 1", "parameters", "2",
         "mean |grad|", "7.5", "mean |δ|", "4.5"],
    ]  # fmt: skip
    found = links(picture)
    assert found["inputs", "hidden layer · relu"] == []
    assert found["hidden layer · relu", "output layer · identity"] == []
    assert set(titles(picture)[3:]) == {
        "v₁ = ½Σ(y − t)²", "v₂ = ½Σ(y − t)²", "E = Σ(v₁, v₂)"
    }  # fmt: skip


def test_shares_are_those_of_the_diagnostics(pure: None) -> None:
    mlp = nn.MLP([3, 10, 10, 2], "relu", output="sigmoid", rng=3)
    for w in mlp.layers[1].parameters():
        w.data *= 9.0
    xs = [[float(i), 1.0 - i, i * i / 9.0] for i in range(-4, 5)]
    loss = batch(half_squared_error, [mlp(x) for x in xs], [[0.0, 1.0]] * 9)
    picture = draw(loss, level="layer")
    shown = [lines for lines in boxes(picture) if "layer" in lines[0]]
    for lines, statistics in zip(shown, layer_statistics(mlp, xs), strict=True):
        assert lines[lines.index("saturated") + 1] == f"{statistics.saturated:.0%}"
        assert lines[lines.index("dead") + 1] == f"{statistics.dead:.0%}"


def test_a_loss_on_logits_leaves_no_share_to_tell(pure: None) -> None:
    mlp = nn.MLP([2, 2], output="softmax")
    y = mlp([1.0, 2.0])
    loss = al.losses.cross_entropy_with_logits([share.parents[0] for share in y], [1.0, 0.0])
    assert "saturated" not in box(draw(loss, level="layer"), "output layer · softmax")
    assert list(box(draw(loss), "o₁")) == ["bias", "z", "target", "δ = ∂E/∂z"]


# --- large networks -----------------------------------------------------------------------


def test_auto_takes_neurons_for_networks_and_operations_else() -> None:
    assert draw(backprop()).source == draw(backprop(), level="neuron").source
    y = (Value(1.0, label="a") * 2.0).tanh()
    assert draw(y).source == draw(y, level="op").source


@pytest.mark.parametrize("sizes", [[2, 16, 16, 1], [8, 40, 40, 4]])
def test_s11_over_the_limit_layers_are_drawn_and_the_title_says_so(
    sizes: list[int], engine: str
) -> None:
    """2-16-16-1: 2 inputs, 33 neurons, 3 operations of the loss, 304 weights, 3 derivatives;
    8-40-40-4: 8, 84, 3, 2,080 and 6.
    """
    _, loss = loss_of(sizes)
    size = {16: 345, 40: 2181}[sizes[1]]
    picture = draw(loss)
    assert heading(picture) == (
        f"Layer level: the neuron level has {size:,} boxes and labels, more than "
        f'max_nodes=200.\nTo see more: draw(root, level="neuron", max_nodes={size}), '
        "or draw(root, around=node).\n"
    )
    assert titles(picture)[1:4] == [
        "hidden layer 1 · tanh", "hidden layer 2 · tanh", "output layer · identity"
    ]  # fmt: skip
    assert len(boxes(draw(loss, max_nodes=size))) == sum(sizes) + 3


def test_an_op_level_that_is_too_large_becomes_the_neuron_level(pure: None) -> None:
    _, loss = loss_of([2, 3, 1], samples=30)
    assert "Neuron level: the op level has" in heading(draw(loss, level="op"))
    assert "Sample 1 of 30" in heading(draw(loss, level="op"))
    nodes = len(al.topological(loss))
    assert "splines" not in draw(loss, level="op", max_nodes=nodes).source


def test_a_deep_network_shows_the_layers_nearest_to_the_root(pure: None) -> None:
    (y,) = nn.MLP([1] * 30)([1.0])
    picture = draw(y, level="layer", max_nodes=5)
    assert len(boxes(picture)) == 5
    assert "5 of 30 boxes: the nearest to output layer · identity." in heading(picture)
    assert ["… 1 more"] in texts(picture).values()


def test_around_a_weight_shows_its_neuron_and_the_way_to_the_root(pure: None) -> None:
    mlp, loss = loss_of([3, 3, 3, 1])
    w = mlp.layers[0].neurons[1].weights[0]
    picture = draw(loss, around=w, hops=1)
    assert titles(picture) == [
        "x₁", "x₂", "x₃", "h₁.₂", "h₂.₁", "h₂.₂", "h₂.₃", "o₁", *titles(draw(loss))[10:]
    ]  # fmt: skip
    assert "11 of 13 boxes: what lies within 1 hop of h₁.₂ and on its way to the root." in (
        heading(picture)
    )
    assert picture.source.count('penwidth="2.5"') == 1
    assert [t for t in texts(picture).values() if t == ["… 2 more"]] == [["… 2 more"]] * 6


def test_around_in_a_large_network_keeps_to_the_limit(pure: None) -> None:
    mlp, loss = loss_of([8, 40, 40, 4])
    picture = draw(loss, around=mlp.layers[0].neurons[2].bias, hops=1)
    drawn = [name for name in texts(picture) if re.fullmatch(r"[ne]\d+", name)]
    assert 50 < len(drawn) <= 200
    assert "the nearest of what lies within 1 hop of h₁.₃" in heading(picture)


@pytest.mark.parametrize("level", ["op", "neuron", "layer"])
def test_around_shows_at_least_its_own_box_and_that_of_the_root(pure: None, level: str) -> None:
    """Two boxes, whatever the limit: a picture of one would say nothing of the way between."""
    mlp, loss = loss_of([2, 2, 1])
    loss.label = "E"
    picture = draw(loss, level=level, around=mlp.layers[0].neurons[0].weights[0], max_nodes=1)
    _, last = titles(picture)
    assert last.startswith("E = ")


def test_around_works_on_layers(pure: None) -> None:
    mlp, loss = loss_of([2, 3, 3, 3, 1])
    node = mlp.layers[1].neurons[0].weights[0]
    picture = draw(loss, level="layer", around=node, hops=1)
    assert titles(picture)[0] == "hidden layer 1 · tanh"
    assert "within 1 hop of hidden layer 2 · tanh" in heading(picture)


def test_a_stranger_or_a_level_that_is_not_there_is_an_error() -> None:
    with pytest.raises(NotInGraphError, match="does not depend on around="):
        draw(backprop(), around=Value(1.0))
    for level in ("neuron", "layer"):
        with pytest.raises(ValueError, match=r'no neuron of an nn model .* level="op"\) shows'):
            draw(Value(1.0).tanh(), level=level)


@pytest.mark.parametrize("sizes", [[2, 16, 16, 1], [8, 40, 40, 4]])
def test_no_picture_takes_long(sizes: list[int], engine: str) -> None:
    """Loosely: benchmarks measure it at a hundredth of that."""
    _, loss = loss_of(sizes, samples=10, decay=0.01)
    start = time.perf_counter()
    for level in ("auto", "op", "neuron", "layer"):
        draw(loss, level=level).pipe()
    assert time.perf_counter() - start < 10.0


def test_a_chain_of_ten_thousand_around_a_network(engine: str) -> None:
    (y,) = nn.MLP([2, 2, 1])([1.0, 2.0])
    for _ in range(10_000):
        y = y * 1.0001
    start = time.perf_counter()
    assert box(draw(y), "E")["operations"] == "10,000"
    assert time.perf_counter() - start < 10.0


# --- themes, bytes, hostile names ---------------------------------------------------------


@pytest.mark.parametrize("level", ["neuron", "layer"])
@pytest.mark.parametrize("theme", ["light", "dark"])
def test_colours_are_those_of_the_theme(level: str, theme: str) -> None:
    source = draw(backprop(), level=level, theme=theme).source
    colours = test_drawing.THEMES[theme]
    known = {colours.background, colours.text, colours.muted, colours.edge, colours.forward,
             colours.backward, *(c for tint in colours.tints.values() for c in tint)}  # fmt: skip
    assert set(re.findall(r"#[0-9a-f]{6}", source)) <= known
    assert f'<font color="{colours.backward}"><b>' in source
    assert set(re.findall(r'fontname="([^"]*)"', source)) == {"Helvetica"}
    assert source.count(f'fillcolor="{colours.tints["output"][0]}"') == 1


def test_the_same_network_gives_the_same_bytes_in_every_process() -> None:
    code = (
        "import sys, autograd_lite as al; m = al.nn.MLP([2, 3, 2]); L = al.losses;"
        "e = L.batch(L.half_squared_error, [m([1., 2.]), m([3., 4.])], [[0., 1.]] * 2);"
        "e = e + 0.1 * al.sum([w * w for w in m.parameters()]); e.backward();"
        "ps = [al.draw(e, level=v) for v in ('neuron', 'layer')];"
        "sys.stdout.buffer.write(b''.join(p.source.encode() + p.pipe() for p in ps))"
    )
    runs = {
        subprocess.run(
            [sys.executable, "-c", code], capture_output=True, check=True,
            env={**os.environ, "PYTHONHASHSEED": seed, "PYTHONPATH": os.pathsep.join(sys.path)},
        ).stdout
        for seed in ("1", "2", "3")
    }  # fmt: skip
    assert len(runs) == 1


def assert_harmless(label: str) -> None:
    """One name on every place that shows it: neuron, weight, input, output, loss, penalty."""
    mlp = nn.MLP([1, 2, 1])
    for layer in mlp.layers:
        for neuron in layer.neurons:
            neuron.name = label
            for w in neuron.weights:
                w.label = label
    (y,) = mlp([Value(1.0, label=label)])
    loss = half_squared_error([y], [0.0])
    loss.label = label
    for level, count in (("neuron", 5 + 5), ("layer", 4)):  # boxes, and what is on links
        svg = draw(loss, level=level).pipe(encoding="utf-8")
        root = ET.fromstring(svg)
        kinds = [group.get("class") for group in root.iter(f"{SVG}g")]
        assert kinds.count("node") == count
        allowed = {"svg", "g", "title", "polygon", "path", "text", "ellipse", "polyline"}
        assert {element.tag.removeprefix(SVG) for element in root.iter()} <= allowed
        assert not re.search(r'(href|on\w+)\s*=\s*"', svg.partition("<g ")[2])
    assert boxes(draw(loss))[1][0] == clean(label, 40)


@pytest.mark.parametrize(
    "label", test_drawing.HOSTILE, ids=range(len(test_drawing.HOSTILE))
)  # fmt: skip
def test_s7_no_name_breaks_the_picture(label: str, engine: str) -> None:
    assert_harmless(label)


@settings(max_examples=30, deadline=None)
@given(st.text(st.characters(exclude_categories=["Nd"]), min_size=1, max_size=12))
def test_no_random_name_breaks_the_picture(label: str) -> None:
    assert_harmless(label)
