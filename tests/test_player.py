"""The player's steps, number by number, and its page: what is in it and what cannot be."""

from __future__ import annotations

import base64
import hashlib
import json
import math
import os
import re
import subprocess
import sys
from html.parser import HTMLParser
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

import autograd_lite as al
from autograd_lite import Value, constant, parameter
from autograd_lite.drawing import render
from autograd_lite.drawing.player import Player, player
from autograd_lite.drawing.story import Step, Term
from autograd_lite.forms import PLAIN, plain_name
from autograd_lite.labels import clean

SYSTEM_DOT = render.shutil.which("dot")


@pytest.fixture(params=["graphviz-pure", "dot"])
def engine(request: pytest.FixtureRequest, monkeypatch: pytest.MonkeyPatch) -> str:
    """Either engine, chosen as a user's machine chooses: by what is on the PATH."""
    if request.param == "graphviz-pure":
        monkeypatch.setenv("PATH", "")
    elif SYSTEM_DOT is None:
        pytest.skip("no system dot on this machine")
    return str(request.param)


def labelled(node: Value, label: str) -> Value:
    node.label = label
    return node


def neuron() -> Value:
    """The neuron of designs/d3_neuron_l12.png."""
    w1, w2, b = parameter(2.0, "w1"), parameter(-3.0, "w2"), parameter(-3.0, "b")
    x1, x2 = al.inputs(2)
    x1.data, x2.data = -1.0, -2.0
    p1, p2 = labelled(w1 * x1, "p1"), labelled(w2 * x2, "p2")
    z = labelled(labelled(p1 + p2, "s") + b, "z")
    return labelled(z.sigmoid(), "y")


def mazur() -> Value:
    """The 2-2-2 network of Mazur, "A step by step backpropagation example" (2015)."""
    mlp = al.nn.MLP.from_weights(
        [[[0.15, 0.25], [0.2, 0.3]], [[0.4, 0.5], [0.45, 0.55]]], [0.35, 0.6], "sigmoid",
        names=[[["w1", "w3"], ["w2", "w4"]], [["w5", "w7"], ["w6", "w8"]]],
        bias_names=[["b1"], ["b2"]],
    )  # fmt: skip
    x = [constant(0.05, "x1"), constant(0.1, "x2")]
    t = [constant(0.01, "t1"), constant(0.99, "t2")]
    return labelled(al.losses.half_squared_error(mlp(x), t), "E")


def shown(term: Term) -> str:
    return term.text if isinstance(term.text, str) else PLAIN.number(term.text)


def line(step: Step) -> str:
    """The equation as it is read: words of a factor, then its number."""
    parts = []
    for term in step.equation:
        factor = term.words.startswith(("local ∂", "upstream", "slope"))
        parts.append(f"{term.words} = {shown(term)}" if factor else shown(term))
    return " ".join(parts)


def lines(root: Value, level: str = "op") -> list[str]:
    return [line(step) for step in player(root, level=level).steps if step.equation]


def skipped(root: Value) -> list[str]:
    return [step.note for step in player(root, level="op").steps if step.skipped]


# --- the steps, by hand -------------------------------------------------------------------


def test_the_neuron_of_the_lectures_step_by_step() -> None:
    """By hand: p1 = 2(-1), p2 = (-3)(-2), s = 4, z = 1, y = 1 / (1 + 1/e) = 0.7311;
    y(1 - y) = 0.1966 goes on unchanged through both sums, then times x or w.
    """
    assert lines(neuron()) == [
        "p₁ = w₁·x₁ = 2·(−1) = −2",
        "p₂ = w₂·x₂ = −3·(−2) = 6",
        "s = p₁ + p₂ = −2 + 6 = 4",
        "z = s + b = 4 + (−3) = 1",
        "y = σ(z) = σ(1) = 0.7311",
        "y.grad = 1",
        "z.grad += local ∂y/∂z = y(1−y) = 0.1966 × upstream y.grad = 1 = 0.1966",
        "s.grad += local ∂z/∂s = 1 × upstream z.grad = 0.1966 = 0.1966",
        "b.grad += local ∂z/∂b = 1 × upstream z.grad = 0.1966 = 0.1966",
        "p₁.grad += local ∂s/∂p₁ = 1 × upstream s.grad = 0.1966 = 0.1966",
        "p₂.grad += local ∂s/∂p₂ = 1 × upstream s.grad = 0.1966 = 0.1966",
        "w₂.grad += local ∂p₂/∂w₂ = x₂ = −2 × upstream p₂.grad = 0.1966 = −0.3932",
        "x₂.grad += local ∂p₂/∂x₂ = w₂ = −3 × upstream p₂.grad = 0.1966 = −0.5898",
        "w₁.grad += local ∂p₁/∂w₁ = x₁ = −1 × upstream p₁.grad = 0.1966 = −0.1966",
        "x₁.grad += local ∂p₁/∂x₁ = w₁ = 2 × upstream p₁.grad = 0.1966 = 0.3932",
    ]
    phases = [step.phase for step in player(neuron()).steps]
    assert phases == ["start"] + ["forward"] * 5 + ["backward"] * 10 + ["done"]


def test_a_value_used_twice_gets_a_sum_of_two_paths() -> None:
    """By hand: c = (a + a)^2 at 3: dc/db = 6 + 6, dc/da = 12 + 12."""
    a = Value(3.0, label="a")
    b = labelled(a + a, "b")
    steps = player(labelled(b * b, "c")).steps
    assert [step.note for step in steps[4:8]] == [
        "b is used 2 times, so its gradient is a sum: path 1 of 2.",
        "b is used 2 times, so its gradient is a sum: path 2 of 2: 6 + 6 = 12.",
        "a is used 2 times, so its gradient is a sum: path 1 of 2.",
        "a is used 2 times, so its gradient is a sum: path 2 of 2: 12 + 12 = 24.",
    ]
    assert line(steps[5]) == "b.grad += local ∂c/∂b = b = 6 × upstream c.grad = 1 = 6 → 12"
    assert steps[5].chip == "× 6"
    assert [step.edges for step in steps[4:8]] == [(2,), (3,), (0,), (1,)]


def test_a_diamond_waits_for_both_of_its_sides() -> None:
    """By hand: y = (2x)(x + 1) at 3: p = 6, q = 4; dy/dx = 2q + p = 14, p's part second."""
    x = Value(3.0, label="x")
    p, q = labelled(2.0 * x, "p"), labelled(x + 1.0, "q")
    assert lines(labelled(p * q, "y"))[-4:] == [
        "p.grad += local ∂y/∂p = q = 4 × upstream y.grad = 1 = 4",
        "q.grad += local ∂y/∂q = p = 6 × upstream y.grad = 1 = 6",
        "x.grad += local ∂q/∂x = 1 × upstream q.grad = 6 = 6",
        "x.grad += local ∂p/∂x = 2 × upstream p.grad = 4 = 8 → 14",
    ]


def test_a_relu_that_is_off_is_skipped() -> None:
    x, w = Value(-1.0, label="x"), Value(2.0, label="w")
    h = labelled(labelled(w * x, "z").relu(), "h")
    root = labelled(h + 1.0, "y")
    assert skipped(root) == ["relu(z) does not follow z here: nothing is passed on."]
    assert "∂h/∂z = 0" in lines(root)
    done = player(root).steps[-1]
    assert done.note == (
        "No leaf gets a gradient. No derivative reaches w, x, z: they keep their .grad."
    )


def test_the_branch_not_taken_and_the_condition_are_skipped() -> None:
    a, b = Value(2.0, label="a"), Value(5.0, label="b")
    root = labelled(al.where(labelled(a > 0.0, "c"), a * 3.0, b), "y")
    assert skipped(root) == [
        "where(c, v₁, b) has no derivative by c: nothing is passed on.",
        "where(c, v₁, b) does not follow b here: nothing is passed on.",
    ]
    assert lines(root)[-1] == "a.grad += local ∂v₁/∂a = 3 × upstream v₁.grad = 1 = 3"


def test_constants_and_exact_zeros_are_skipped() -> None:
    """The strong zero: at w = 0 nothing reaches x, whatever dv/dx is."""
    k, w, x = constant(2.0, "k"), Value(0.0, label="w"), Value(1.0, label="x")
    root = labelled(w * labelled(k * x, "v"), "y")
    assert skipped(root) == ["An upstream gradient of exactly 0 passes nothing on to k, x."]
    assert skipped(labelled(k * x, "y")) == ["k is a constant and gets no gradient."]
    both = labelled(al.sum([k, constant(3.0, "m"), x]), "y")
    assert skipped(both) == ["k, m are constants and get no gradient."]


def test_a_leaf_alone_has_a_seed() -> None:
    steps = player(Value(2.0, label="x")).steps
    assert [step.title for step in steps] == ["The start", "Backward starts at x", "Done"]


def test_a_step_is_a_constant_for_the_sweep() -> None:
    root = labelled(Value(2.0, label="x").step(), "y")
    assert skipped(root) == ["step(x) has no derivative by x: nothing is passed on."]


def test_sums_that_a_row_abbreviates_are_written_out() -> None:
    w = [Value(float(i), label=f"w{i}") for i in range(1, 4)]
    z = labelled(al.dot(w, [1.0, -2.0, 0.5], Value(0.0, label="b")), "z")
    assert lines(z)[0] == "z = w₁·1 + w₂·(−2) + w₃·0.5 + b = 1·1 + 2·(−2) + 3·0.5 + 0 = −1.5"
    many = labelled(al.dot(w * 3, [1.0] * 9), "z")
    assert lines(many)[0] == "z = w₁·1 + w₂·1 + … + w₃·1 = 1·1 + 2·1 + … + 3·1 = 18"
    loss = labelled(al.losses.half_squared_error([w[2]], [1.0]), "E")
    assert lines(loss)[0] == "E = ½·(w₃ − 1)² = ½·(3 − 1)² = 2"


# --- the neuron level ---------------------------------------------------------------------


def test_the_2_2_2_example_at_neuron_level() -> None:
    """Numbers of Mazur's text: 0.138498562 for δ(o1), 0.082167041 for w5, 0.000438568 for w1."""
    steps = player(mazur()).steps
    by_title = {step.title: step for step in steps}
    told = {title: line(step) for title, step in by_title.items()}
    assert told["Forward: weighted sum of h₁"] == (
        "z(h₁) = w₁·x₁ + w₂·x₂ + b₁ = 0.15·0.05 + 0.2·0.1 + 0.35 = 0.3775"
    )
    assert told["Forward: activation of h₁"] == "h₁ = σ(z(h₁)) = σ(0.3775) = 0.5933"
    assert told["Forward: E"] == (
        "E = ½·((o₁ − t₁)² + (o₂ − t₂)²) = ½·((0.7514 − 0.01)² + (0.7729 − 0.99)²) = 0.2984"
    )
    assert told["Backward: δ of o₁"] == "δ(o₁) = 0.7414 × slope o₁(1−o₁) = 0.1868 = 0.1385"
    assert by_title["Backward: δ of o₁"].equation[2].words == "∂E/∂o₁ = o₁ − t₁"
    assert told["Backward: gradient of w₅"] == "∂E/∂w₅ = 0.1385 × 0.5933 = 0.08217"
    assert told["Backward: δ of h₁"] == (
        "δ(h₁) = ( 0.5 × (−0.0381) + 0.4 × 0.1385 ) × slope h₁(1−h₁) = 0.2413 = 0.008771"
    )
    gradients = {t: s.equation[-1].text for t, s in by_title.items() if "gradient" in t}
    assert gradients["Backward: gradient of w₅"] == pytest.approx(0.082167041, abs=5e-10)
    assert gradients["Backward: gradient of w₁"] == pytest.approx(0.000438568, abs=5e-10)
    assert by_title["Backward: gradient of b₂"].note == (
        "b₂ is used 2 times, so its gradient is a sum: path 2 of 2: −0.0381 + 0.1385 = 0.1004."
    )


def test_deltas_at_neuron_level_are_those_of_the_delta_table() -> None:
    mlp = al.nn.MLP([3, 4, 2], "tanh", "sigmoid", rng=5)
    loss = labelled(al.losses.half_squared_error(mlp([0.3, -1.0, 2.0]), [1.0, 0.0]), "E")
    table = mlp.deltas(loss)
    deltas = {s.title: s.equation[-1].text for s in player(loss).steps if "δ of" in s.title}
    assert len(deltas) == 6
    for name, row in table.samples[0].items():
        assert deltas[f"Backward: δ of {plain_name(name)}"] == row.delta
    gradients = {
        s.title: s.equation[-1].text for s in player(loss).steps if "gradient of" in s.title
    }
    assert len(gradients) == 3 * 4 + 4 * 2
    for name, weight in table.weights.items():
        if name.startswith("w"):
            assert gradients[f"Backward: gradient of {plain_name(name)}"] == weight.gradient


@pytest.mark.parametrize("output", ["identity", "softmax", "relu"])
def test_every_network_ends_with_the_engines_gradients(output: str) -> None:
    """Every label, read at the last step, is the weight's .grad after backward."""
    mlp = al.nn.MLP([2, 3, 2], "relu", output, rng=3)
    outputs = mlp([1.0, -0.5])
    loss = labelled(outputs[0] ** 2 + outputs[1] * mlp.parameters()[0], "E")
    last = player(loss).steps[-1]
    loss.backward()
    weights = [p for p in mlp.parameters() if str(p.label).startswith("w")]
    expected = sorted(
        (f"{plain_name(str(p.label))} {PLAIN.number(p.data)}", f"∂ {PLAIN.number(p.grad)}")
        for p in weights
    )
    assert sorted((one[0], two[0]) for _, (one, two) in last.labels) == expected


def test_a_loss_of_zero_passes_nothing_on() -> None:
    o = al.nn.MLP([2, 2, 1], "relu", rng=2)([1.0, 1.0])[0]
    steps = player(labelled((o - o.data) ** 2, "E")).steps
    assert [step.title for step in steps if step.skipped][:2] == [
        "Skipped: v₁ → o₁", "Skipped: o₁ → w₁₁[2], w₂₁[2], h₁, h₂, …"
    ]  # fmt: skip
    assert not any("δ of" in step.title for step in steps)


def test_of_many_weights_none_has_a_place_of_its_own(engine: str) -> None:
    mlp = al.nn.MLP([6, 7, 4], rng=4)
    data = data_of(player(al.sum(mlp([0.5] * 6))))
    placed = [edge["label"] is not None for edge in data["edges"]]
    assert placed == [False] * 42 + [True] * 28 + [False] * 4


def test_a_target_that_is_a_variable_has_a_card_and_a_gradient() -> None:
    """E = (o - t)^2 / 2, so dE/dt = t - o."""
    (o,), t = al.nn.MLP([1, 1], rng=1)([1.0]), Value(0.5, label="t")
    page = player(labelled(al.losses.half_squared_error([o], [t]), "E"))
    (step,) = [step for step in page.steps if step.title == "Backward: E → t"]
    assert step.equation[-1].text == t.data - o.data
    (place,) = step.lit
    assert data_of(page)["cards"][place]["title"] == "t"


def test_a_neuron_level_needs_neurons_and_one_sample() -> None:
    with pytest.raises(ValueError, match=r'no neuron of an nn model is in this graph; level="op"'):
        player(neuron(), level="neuron")
    mlp = al.nn.MLP([1, 1], rng=1)
    two = labelled(mlp([1.0])[0] + mlp([2.0])[0], "E")
    with pytest.raises(ValueError, match="runs on 2 samples in this graph; play the loss of one"):
        player(two, level="neuron")
    assert "Backward: E → o₁" in [step.title for step in player(two).steps]


# --- the numbers are the engine's -----------------------------------------------------------


def replayed(steps: list[Step]) -> dict[tuple[int, int], float]:
    """What stands in every row of every card at the end."""
    return {(card, row): x for step in steps for card, row, x in step.numbers}


def assert_equal_to_engine(root: Value) -> None:
    before = [node.grad for node in al.topological(root)]
    found = replayed(player(root, level="op", max_nodes=1000).steps)
    order = al.topological(root)
    assert [node.grad for node in order] == before
    sums: dict[int, float] = {}
    for step in player(root, level="op", max_nodes=1000).steps:
        if step.phase == "backward" and len(step.equation) >= 7:
            local, upstream = step.equation[2].text, step.equation[4].text
            assert isinstance(local, float)
            assert isinstance(upstream, float)
            (card, _, total), *_ = step.numbers
            sums[card] = sums.get(card, 0.0) + upstream * local
            assert same(total, sums[card])
    root.backward()
    for i, node in enumerate(order):
        assert same(found[i, 0], node.data)
        assert same(found[i, 1], node.grad)


def same(a: float, b: float) -> bool:
    return a == b or (math.isnan(a) and math.isnan(b))


@settings(max_examples=40, deadline=None)
@given(st.data())
def test_every_number_of_a_random_graph_is_the_engines(data: st.DataObject) -> None:
    numbers = st.floats(-3, 3, allow_nan=False)
    nodes = [Value(data.draw(numbers)) for _ in range(3)]
    binary = [lambda a, b: a + b, lambda a, b: a * b, lambda a, b: a - b, al.maximum]
    unary = [al.tanh, al.relu, al.exp, abs, lambda x: x * x]
    for _ in range(data.draw(st.integers(1, 12))):
        a, b = (data.draw(st.sampled_from(nodes)) for _ in range(2))
        op = data.draw(st.sampled_from([*binary, *unary]))
        nodes.append(op(a, b) if op in binary else op(a))
    assert_equal_to_engine(nodes[-1])


def test_infinite_and_undefined_numbers_are_told() -> None:
    x = Value(0.0, label="x")
    page = player(labelled(x.log() * x, "y"))
    assert_equal_to_engine(labelled(x.log() * x, "y"))
    assert any("−inf" in line(step) for step in page.steps)
    assert "NaN" not in page.html
    assert "Infinity" not in page.html


def test_no_gradient_is_touched() -> None:
    y = neuron()
    y.backward()
    before = [node.grad for node in al.topological(y)]
    player(y)
    assert [node.grad for node in al.topological(y)] == before


# --- the page -------------------------------------------------------------------------------

TAGS = {
    "html", "head", "meta", "title", "style", "body", "main", "header", "h1", "span", "button",
    "div", "section", "h2", "p", "footer", "input", "kbd", "i", "noscript", "script",
}  # fmt: skip
ATTRIBUTES = {
    "lang", "data-theme", "charset", "http-equiv", "content", "name", "id", "class", "type",
    "title", "aria-label", "aria-live", "aria-atomic", "role", "tabindex", "min", "value",
}  # fmt: skip


class Page(HTMLParser):
    """The tags, attributes and texts of a page."""

    def __init__(self, html: str) -> None:
        super().__init__()
        self.tags: list[str] = []
        self.attributes: list[tuple[str, str]] = []
        self.texts: dict[str, list[str]] = {}
        self.feed(html)
        self.close()

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.tags.append(tag)
        self.attributes += [(name, value or "") for name, value in attrs]

    def handle_data(self, data: str) -> None:
        if self.tags:
            self.texts.setdefault(self.tags[-1], []).append(data)

    def handle_comment(self, data: str) -> None:
        raise AssertionError("a comment in the page")


def data_of(page: Player) -> dict[str, Any]:
    found = re.search(r"^const data = (.*);$", page.html, re.MULTILINE)
    assert found
    return dict(json.loads(found[1]))


def assert_harmless(page: Player) -> None:
    parsed = Page(page.html)
    assert set(parsed.tags) == TAGS
    assert {name for name, _ in parsed.attributes} <= ATTRIBUTES
    assert parsed.tags.count("script") == 1
    assert page.html.count("</script") == 1
    script = page.html.partition("<script>")[2].partition("</script>")[0]
    digest = base64.b64encode(hashlib.sha256(script.encode()).digest()).decode()
    policy = next(value for name, value in parsed.attributes if "default-src" in value)
    assert policy == (
        f"default-src 'none'; style-src 'unsafe-inline'; script-src 'sha256-{digest}'"
    )
    embedded = Page(page._repr_html_())
    assert embedded.tags == ["iframe"]
    assert {name for name, _ in embedded.attributes} == {
        "title", "srcdoc", "width", "height", "style"
    }  # fmt: skip
    assert dict(embedded.attributes)["srcdoc"] == page.html


def test_s8_the_page_is_whole_and_asks_for_nothing(engine: str) -> None:
    page = player(neuron())
    assert_harmless(page)
    assert set(re.findall(r"https?://[^\s\"')]*", page.html)) == {"http://www.w3.org/2000/svg"}
    assert not re.search(r"@import|url\((?!#)|<link|\bsrc=|fetch|XMLHttp|import\(", page.html)


def test_small_graphs_make_small_pages() -> None:
    """seeing.md: about 30 kB."""
    assert len(player(neuron()).html.encode()) < 33_000
    assert len(player(mazur()).html.encode()) < 48_000


def test_the_data_hold_full_precision_and_the_text_four_digits(engine: str) -> None:
    data = data_of(player(neuron()))
    y = 1 / (1 + math.exp(-1.0))
    written = [n for step in data["steps"] for n in step["numbers"] if n[0] == 9 and n[1] == 0]
    assert written == [[9, 0, "0.7311", y]]
    terms = [t for step in data["steps"] for t in step["equation"] if t[1] == "upstream p₂.grad"]
    assert {(t[0], t[3]) for t in terms} == {("0.1966", y * (1 - y))}
    assert [card["title"] for card in data["cards"]] == [
        "w₁", "x₁", "p₁ = w₁·x₁", "w₂", "x₂", "p₂ = w₂·x₂", "s = p₁ + p₂", "b", "z = s + b",
        "y = σ(z)",
    ]  # fmt: skip
    assert data["edges"][0]["tip"] == "∂p₁/∂w₁ = x₁ = −1"


def test_cards_stand_inside_the_picture_and_apart(engine: str) -> None:
    for root in (neuron(), mazur()):
        data = data_of(player(root))
        cards = data["cards"]
        for i, a in enumerate(cards):
            assert a["w"] / 2 - 1 <= a["x"] <= data["width"] - a["w"] / 2 + 1
            assert a["h"] / 2 - 1 <= a["y"] <= data["height"] - a["h"] / 2 + 1
            for b in cards[:i]:
                across, down = abs(a["x"] - b["x"]), abs(a["y"] - b["y"])
                assert across >= (a["w"] + b["w"]) / 2 or down >= (a["h"] + b["h"]) / 2
        for edge in data["edges"]:
            assert re.fullmatch(r"M-?[\d.]+,-?[\d.]+ C[-\d., LC]+", edge["d"])


def test_forward_goes_from_left_to_right(engine: str) -> None:
    data = data_of(player(mazur()))
    for edge, drawn in zip(_edges(data["cards"]), data["edges"], strict=True):
        assert data["cards"][edge[0]]["x"] < data["cards"][edge[1]]["x"]
        assert drawn["tip"] == "" or drawn["tip"].startswith("∂")
    assert [panel["title"] for panel in data["panels"]] == [
        "inputs", "hidden layer · sigmoid", "output layer · sigmoid"
    ]  # fmt: skip


def _edges(cards: list[dict[str, Any]]) -> list[tuple[int, int]]:
    """From which card to which, in the order in which the graph uses them."""
    titles = [card["title"].split(" ")[0] for card in cards]
    place = {title: i for i, title in enumerate(titles)}
    pairs = [("x₁", "h₁"), ("x₂", "h₁"), ("x₁", "h₂"), ("x₂", "h₂")]
    pairs += [("h₁", "o₁"), ("h₂", "o₁"), ("h₁", "o₂"), ("h₂", "o₂"), ("o₁", "E"), ("o₂", "E")]
    return [(place[a], place[b]) for a, b in pairs]


@pytest.mark.parametrize("theme", ["auto", "light", "dark"])
def test_a_theme_can_be_fixed(theme: str) -> None:
    html = player(Value(1.0, label="x"), theme=theme).html
    assert f'<html lang="en" data-theme="{theme}">' in html
    assert "html[data-theme=light] { color-scheme: light; --background: #ffffff;" in html
    assert "html[data-theme=dark] { color-scheme: dark; --background: #10161d;" in html


def test_save_writes_the_page(tmp_path: Path) -> None:
    page = player(neuron())
    assert page.save(tmp_path / "neuron.html") == tmp_path / "neuron.html"
    assert (tmp_path / "neuron.html").read_bytes() == page.html.encode("utf-8")
    assert repr(page) == "<Player: y = σ(z), 17 steps; show it in a notebook, or .save(path)>"


def test_the_same_graph_gives_the_same_bytes_in_every_process() -> None:
    code = (
        "import autograd_lite as al, sys; x = al.Value(1.0); y = al.tanh(x * x) + x;"
        "e = al.losses.half_squared_error(al.nn.MLP([2, 2, 1])([1.0, 2.0]), [1.0]);"
        "sys.stdout.buffer.write((al.player(y).html + al.player(e)._repr_html_()).encode())"
    )
    runs = {
        subprocess.run(
            [sys.executable, "-c", code], capture_output=True, check=True,
            env={**os.environ, "PYTHONHASHSEED": seed, "PYTHONPATH": os.pathsep.join(sys.path)},
        ).stdout
        for seed in ("1", "2", "3")
    }  # fmt: skip
    assert len(runs) == 1


# --- hostile labels ---------------------------------------------------------------------------

HOSTILE = [
    'a"b', "<b>x</b>", "<lambda> <map>", 'x\\"; URL="javascript:alert(1)',
    '<<TABLE HREF="javascript:alert(1)"><TR><TD>x</TD></TR></TABLE>>',
    "</script><script>alert(1)</script>", "<!--<script>", "-->", "]]>", "x\n}\nattack [label=q",
    "{a|<p>b}", r"\N \G \E \L", "a\\", "nul\x00nul", "bell\x07", "half \ud800 half",
    "override \u202egnp.exe", "&lt; &amp; &#q;", "&quot; onload=alert(q) x=&quot;", "'single'",
    "%s {q} {args}", "/*data*/null", "/*colours*/", "${alert(q)}", "line\u2028paragraph\u2029",
    "\x85", "日本語 😀", "   ", "\n", "</style>", "a" * 20_000, "\ud800" * 20_000,
]  # fmt: skip


def assert_label_is_only_text(label: str) -> None:
    leaf = Value(1.0, label=label)
    other = labelled(leaf * leaf, label)
    page = player(labelled(other.tanh(), label))
    assert_harmless(page)
    data = data_of(page)
    assert data["cards"][0]["title"] == clean(label, 36)
    assert data["steps"][1]["equation"][0][0] == clean(label, 24)
    assert not re.search("[\x00-\x09\x0b-\x1f\x7f-\x9f\ud800-\udfff\u202a-\u202e]", page.html)


@pytest.mark.parametrize("label", HOSTILE, ids=range(len(HOSTILE)))
def test_s8_no_label_breaks_the_page(label: str, engine: str) -> None:
    assert_label_is_only_text(label)


@settings(max_examples=60, deadline=None)
@given(st.text(st.characters(exclude_categories=["Nd"]), min_size=1, max_size=12))
def test_s8_no_random_label_breaks_the_page(label: str) -> None:
    """Digits are left out: they would stand as subscripts."""
    assert_label_is_only_text(label)


@pytest.mark.parametrize("label", HOSTILE[:8])
def test_no_label_breaks_the_neuron_level(label: str) -> None:
    names = [[[label], [label]]]
    mlp = al.nn.MLP.from_weights([[[0.5], [1.5]]], [0.1], "tanh", names=names, bias_names=[[label]])
    (y,) = mlp([Value(1.0, label=label), 2.0])
    page = player(labelled(al.losses.half_squared_error([y], [constant(1.0, label)]), label))
    assert_harmless(page)
    assert any("δ of" in step.title for step in page.steps)


def test_a_users_row_cannot_break_the_page() -> None:
    row = al.Op(
        "evil",
        lambda x: x,
        (lambda y, x: 1.0,),
        symbol="</script>\x00\ud800\u202e<img onerror={0}>",
    )
    page = player(labelled(row(Value(1.0, label="x")), "y"))
    assert_harmless(page)
    assert "</script>\ufffd\ufffd\ufffd<img onerror=x>" in data_of(page)["cards"][1]["title"]


# --- arguments --------------------------------------------------------------------------------


def test_a_graph_too_large_to_step_through_is_refused_with_the_remedy() -> None:
    x = Value(1.0, label="x")
    y = x
    for _ in range(150):
        y = y * 2.0
    with pytest.raises(ValueError, match="the graph has 151 nodes, more than max_nodes=150; play"):
        player(y)
    assert len(player(y, max_nodes=151).steps) == 303
    mlp = al.nn.MLP([10, 20, 1])
    with pytest.raises(ValueError, match=r"max_nodes=\d+ plays all"):
        player(mlp([0.5] * 10)[0])


@pytest.mark.parametrize(
    ("arguments", "error", "text"),
    [
        ({"level": "layer"}, ValueError, "level is 'layer'; there are 'auto', 'op' and 'neuron'"),
        ({"theme": "blue"}, ValueError, "theme is 'blue'; there are 'auto', 'light' and 'dark'"),
        ({"max_nodes": 0}, ValueError, "max_nodes is 0; it must be an int of at least 1"),
        ({"max_nodes": True}, ValueError, "max_nodes is True; it must be an int of at least 1"),
    ],
)
def test_wrong_arguments_say_what_is_right(
    arguments: dict[str, Any], error: type[Exception], text: str
) -> None:
    with pytest.raises(error, match=text):
        player(Value(1.0), **arguments)


def test_a_list_of_outputs_is_refused_with_the_remedy() -> None:
    with pytest.raises(TypeError, match=r"got list; play one of its Values, or their al\.sum"):
        player([Value(1.0)])  # type: ignore[arg-type]  # on purpose


def test_it_is_a_public_name() -> None:
    assert al.player is player
    assert "player" in al.__all__
