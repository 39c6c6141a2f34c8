"""Explanations: paths by hand, sums that equal gradients, and text as in a textbook."""

from __future__ import annotations

import math
import struct
import time
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st
from worked import assert_close, cases, loss_of, name_of, network

import autograd_lite as al
from autograd_lite import Value, constant, explain
from autograd_lite.paths import path_counts, paths, stops, uses

# --- paths and numbers ------------------------------------------------------------------


def named(number: float, label: str) -> Value:
    return Value(number, label=label)


def labelled(node: Any, label: str) -> Any:
    node.label = label
    return node


def test_the_chain_rule_along_one_path() -> None:
    """y = sigmoid(w x): dy/dw = y (1 - y) x."""
    w, x = named(0.5, "w"), named(2.0, "x")
    z = labelled(w * x, "z")
    y = labelled(z.sigmoid(), "y")
    e = explain(y, w)
    s = 1.0 / (1.0 + math.exp(-1.0))
    assert (e.root, e.wrt, e.count) == ("y", "w", 1)
    assert e.paths == [["y", "z", "w"]]
    assert e.factors == [[s * (1.0 - s), 2.0]]
    assert e.products == [s * (1.0 - s) * 2.0]
    assert e.total == e.gradient == e.products[0]


def test_a_value_used_twice_by_one_operation_makes_two_paths() -> None:
    """b = a + a, c = b b at a = 3: 4 paths of 6 each; dc/da = 8 a = 24."""
    a = named(3.0, "a")
    b = labelled(a + a, "b")
    c = labelled(b * b, "c")
    e = explain(c, a)
    assert e.paths == [["c", "b", "a"]] * 4
    assert e.factors == [[6.0, 1.0]] * 4
    assert (e.products, e.total) == ([6.0] * 4, 24.0)
    firsts = [line.split(":")[0].strip() for line in str(e).splitlines() if "path " in line]
    assert firsts == [
        f"path {k} ({i} b in c = b·b, {j} a in b = a + a)"
        for k, (i, j) in enumerate([(i, j) for i in ("1st", "2nd") for j in ("1st", "2nd")], 1)
    ]


def test_the_derivative_by_the_root_and_by_an_interior_node() -> None:
    x = named(3.0, "x")
    v = labelled(x * x, "v")
    y = labelled(v * 2.0, "y")
    assert (explain(y, y).paths, explain(y, y).total) == ([["y"]], 1.0)
    assert explain(y, y).factors == [[]]
    assert (explain(y, v).paths, explain(y, v).total) == ([["y", "v"]], 2.0)
    assert explain(x, x).total == 1.0


def test_a_list_gives_a_list() -> None:
    x, y = named(2.0, "x"), named(3.0, "y")
    assert [e.total for e in explain(x * y, [x, y])] == [3.0, 2.0]
    assert explain(x * y, []) == []


def test_unlabelled_nodes_are_counted_in_topological_order() -> None:
    x = Value(2.0)
    y = (x + 1.0) * (x * 3.0)
    assert explain(y, x).paths == [["v4", "v2", "v1"], ["v4", "v3", "v1"]]


def test_a_label_of_several_nodes_is_numbered() -> None:
    """Two samples through one neuron: 2 (1·w - 1) 1 + 2 (3·w - 1) 3 with w = 2."""
    neuron = al.nn.Neuron([named(2.0, "w")], None, name="o1")
    loss = labelled(sum((neuron([x]) - 1.0) ** 2 for x in (1.0, 3.0)), "E")
    e = explain(loss, neuron.weights[0])
    assert [path[-2] for path in e.paths] == ["o1⁽¹⁾", "o1⁽²⁾"]
    assert e.total == 2.0 + 30.0
    assert "∂o₁⁽²⁾/∂w" in str(e)
    assert r"\partial o_{1}^{(2)}" in e._repr_latex_()


def test_beside_the_taken_branch_nothing_is_printed() -> None:
    x, big = named(2.0, "x"), named(7.0, "big")
    y = al.where(x > 0.0, x * x, x * big) + al.maximum(x, -x)
    e = explain(y, x)
    assert e.products == [2.0, 2.0, 1.0]
    assert "big" not in str(e)
    assert "v₁ = [x > 0] = 1;" in str(e)
    with pytest.raises(al.NotInGraphError):
        explain(y, named(1.0, "q"))


def test_a_derivative_that_ends_says_where() -> None:
    w = named(-1.0, "w")
    z = labelled(w * 2.0, "z")
    y = labelled(z.relu() * 3.0, "E")
    e = explain(y, w)
    assert (e.count, e.paths, e.products, e.total) == (0, [], [], 0.0)
    assert str(e).splitlines() == [
        "∂E/∂w   (no path from w to E carries a derivative)",
        "  where v₁ = relu(z) = 0",
        "  the derivative ends at v₁ = relu(z) = 0, so it is 0",
        "  check: w.grad = 0",
    ]


def test_an_exact_zero_stops_infinity_as_in_the_engine() -> None:
    """D2: a cotangent of 0.0 propagates nothing, even against inf."""
    x = named(0.0, "x")
    y = x.sqrt() * 0.0
    assert explain(y, x).products == [0.0]
    assert explain(y, x).gradient == 0.0


def test_numbers_are_the_recorded_ones() -> None:
    """D3: a gradient belongs to the values that were computed."""
    x = named(3.0, "x")
    y = x * x
    x.data = 100.0
    assert explain(y, x).factors == [[3.0], [3.0]]


# --- what cannot be explained -------------------------------------------------------------


def test_d14_a_value_outside_the_graph_is_named_with_a_remedy() -> None:
    x, w3 = named(1.0, "x"), named(0.5, "w3")
    loss = labelled(x * 2.0, "loss")
    with pytest.raises(
        al.NotInGraphError,
        match=r"explain: loss does not depend on Value\(data=0.5, grad=0.0, label='w3'\); was "
        r"that created or replaced after the forward pass\? Compute the result again from it",
    ):
        explain(loss, w3)
    with pytest.raises(al.NotInGraphError):
        explain(x, loss)  # the wrong way round


def test_anything_but_values_is_a_type_error() -> None:
    x = named(1.0, "x")
    with pytest.raises(TypeError, match=r"root is a list, not a Value; of a list of outputs take"):
        explain([x], x)  # type: ignore[call-overload]  # wrong on purpose
    with pytest.raises(TypeError, match=r"wrt is a float, not a Value; it must be a node of"):
        explain(x, 1.0)  # type: ignore[call-overload]  # wrong on purpose
    with pytest.raises(
        TypeError, match=r"wrt is a generator, not a Value; .*, or a list or tuple of nodes$"
    ):
        explain(x, (v for v in [x]))  # type: ignore[call-overload]  # wrong on purpose


# --- many paths ---------------------------------------------------------------------------


def ladder(steps: int) -> tuple[Value, Value]:
    """x halved twice and added again, `steps` times: 2**steps paths, derivative 1."""
    x = named(1.0, "x")
    y = x
    for _ in range(steps):
        y = y * 0.5 + y * 0.5
    return labelled(y, "y"), x


def test_eight_paths_are_listed_and_sixteen_are_not() -> None:
    y, x = ladder(3)
    assert (explain(y, x).count, len(explain(y, x).paths)) == (8, 8)
    y, x = ladder(4)
    e = explain(y, x)
    assert e.count == 16
    assert e.paths == [["v1", "x"], ["v2", "x"]]
    assert e.factors == [[0.5, 1.0], [0.5, 1.0]]  # local, upstream: each half leads on alone
    assert (e.products, e.total, e.gradient) == ([0.5, 0.5], 1.0, 1.0)
    assert "  ∂y/∂x = Σ over 2 uses of x (local × upstream)" in str(e).splitlines()


def test_the_number_of_paths_is_counted_not_listed() -> None:
    y, x = ladder(50)
    start = time.perf_counter()
    e = explain(y, x)
    assert time.perf_counter() - start < 1.0
    assert (e.count, e.total) == (2**50, 1.0)
    assert "(1,125,899,906,842,624 paths from x to y; too many to list)" in str(e)
    y, x = ladder(100)
    assert explain(y, x).count == 2.0**100
    assert "(about 1.27e+30 paths" in str(explain(y, x))
    y, x = ladder(1100)
    assert explain(y, x).count == math.inf
    assert len(str(explain(y, x))) < 1000


def test_a_long_chain_shows_its_ends() -> None:
    x = named(1.0, "x")
    y = x
    for _ in range(10_000):
        y = y * 1.0001
    start = time.perf_counter()
    e = explain(y, x)
    assert time.perf_counter() - start < 2.0
    assert len(e.factors[0]) == 10_000
    assert e.total == pytest.approx(math.exp(10_000 * math.log(1.0001)), rel=1e-9)
    assert "(1 path from x to v₁₀₀₀₀; of 10,000 factors)" in str(e)
    assert "× … ×" in str(e)
    assert max(map(len, (str(e), e._repr_markdown_(), e._repr_latex_()))) < 2000


def test_many_uses_are_shown_in_part_and_summed_in_full() -> None:
    x = named(2.0, "x")
    e = explain(labelled(al.sum([x] * 5000), "y"), x)
    assert (len(e.products), e.total) == (5000, 5000.0)
    assert "  and 4,992 more uses, together 4992" in str(e).splitlines()
    assert "sum: 1 + 1 + 1 + 1 + 1 + … + 1 + 1 + 1 + 1 + 1 = 5000" in str(e)


# --- random graphs ------------------------------------------------------------------------

UNARY = ["neg", "tanh", "sigmoid", "sin", "relu", "exp", "abs"]
STEPS = st.lists(
    st.one_of(
        st.tuples(st.sampled_from(UNARY), st.integers(0, 99)),
        st.tuples(
            st.sampled_from(["add", "sub", "mul", "maximum"]),
            st.integers(0, 99),
            st.integers(0, 99),
        ),
    ),
    min_size=1,
    max_size=12,
)


def random_graph(steps: list[Any], data: list[float]) -> list[Value]:
    """Leaves, then one node per step, whose operands are nodes before it, then the root."""
    nodes = [named(x, f"x{k}") for k, x in enumerate(data)]
    for name, *operands in steps:
        node = al.OPS[name](*[nodes[k % len(nodes)] for k in operands])
        nodes.append(node if abs(node.data) < 50.0 else node.tanh())
    return [*nodes, nodes[-1] + nodes[0]]


def products_by_recursion(node: Value, wrt: Value) -> list[float]:
    """The textbook's definition of a sum over paths, without any cleverness."""
    if node is wrt:
        return [1.0]
    return [
        d * rest
        for parent, d in zip(node.parents, node.partials, strict=True)
        if d is not None
        for rest in products_by_recursion(parent, wrt)
    ]


@given(STEPS, st.lists(st.floats(-2.0, 2.0), min_size=1, max_size=3), st.integers(0, 99))
def test_sums_over_paths_are_gradients(steps: list[Any], data: list[float], pick: int) -> None:
    nodes = random_graph(steps, data)
    root = nodes[-1]
    root.backward()
    below = al.topological(root)
    wrt = below[pick % len(below)]
    e = explain(root, wrt)
    products = products_by_recursion(root, wrt)
    size = math.fsum(map(abs, products))
    assert e.count == len(products)
    assert abs(e.total - wrt.grad) <= 1e-12 * size + 1e-300
    assert e.gradient == wrt.grad
    assert e.total == pytest.approx(math.fsum(products), rel=1e-9, abs=1e-12 * size)
    if e.count <= 8:
        assert sorted(e.products) == pytest.approx(sorted(products), rel=1e-12, abs=1e-300)
        assert all(p[0] == e.root and p[-1] == e.wrt for p in e.paths)
    for text in (str(e), e._repr_markdown_(), e._repr_latex_()):
        assert len(text) < 20_000


@given(STEPS, st.lists(st.floats(-2.0, 2.0), min_size=1, max_size=3))
def test_no_gradient_is_read_or_written(steps: list[Any], data: list[float]) -> None:
    nodes = random_graph(steps, data)
    for k, node in enumerate(nodes):
        node.grad = [math.nan, -0.0, 5e-324, math.inf][k % 4]
    before = [struct.pack("d", node.grad) for node in nodes]
    explain(nodes[-1], al.topological(nodes[-1]))
    assert [struct.pack("d", node.grad) for node in nodes] == before


def test_paths_by_hand() -> None:
    """y = (x + x) step(x): two edges carry a derivative, the step does not."""
    x = named(2.0, "x")
    double, one = x + x, x.step()
    y = double * one
    order = al.topological(y)
    counts = path_counts(order, x)
    assert counts == {x: 1.0, double: 2.0, y: 2.0}
    found = [[(e.node, e.position) for e in path] for path in paths(y, x, counts)]
    assert found == [[(y, 0), (double, 0)], [(y, 0), (double, 1)]]
    assert [(e.node, e.position) for e in uses(order, x)] == [(double, 0), (double, 1)]
    assert stops(order, counts) == [one]


# --- the lectures' networks ---------------------------------------------------------------


@pytest.mark.parametrize("case", cases("network"), ids=name_of)
def test_totals_are_the_lectures_exact_gradients(case: Any) -> None:
    mlp = network(case)
    samples = case["rounds"][0]["exact"]["samples"]
    for sample, expected in zip(case["samples"], samples, strict=True):
        loss = loss_of(case)(mlp(sample["x"]), sample["t"])
        parameters = mlp.parameters()
        totals = {p.label: e.total for p, e in zip(parameters, explain(loss, parameters))}
        assert_close(totals, expected["grads"])


# --- the text -----------------------------------------------------------------------------


def test_the_textbook_solution() -> None:
    """Two uses of x, one of them through a quotient: brackets and signs as in a book."""
    x, a = named(2.0, "x"), named(-3.0, "a")
    y = labelled(a * x - 1.0 / x, "y")
    assert str(explain(y, x)).splitlines() == [
        "∂y/∂x   (2 paths from x to y)",
        "  where v₁ = a·x = −6; v₂ = 1 / x = 0.5",
        "  path 1: ∂y/∂v₁ × ∂v₁/∂x",
        "    = 1 × a",
        "    = 1 × (−3) = −3",
        "  path 2: ∂y/∂v₂ × ∂v₂/∂x",
        "    = −1 × (−1 / x²)",
        "    = −1 × (−0.25) = 0.25",
        "  sum: −3 + 0.25 = −2.75",
        "  check: x.grad = −2.75",
    ]


def test_one_factor_needs_no_chain_and_numbers_no_letters() -> None:
    x, w = named(3.0, "x"), named(2.0, "w")
    assert str(explain(labelled(w * x, "p"), w)).splitlines()[1:] == [
        "  = x", "  = 3", "  check: w.grad = 3",
    ]  # fmt: skip
    assert str(explain(labelled(x * 4.0 + 1.0, "p"), x)).splitlines()[2:] == [
        "  ∂p/∂v₁ × ∂v₁/∂x", "  = 1 × 4 = 4", "  check: x.grad = 4",
    ]  # fmt: skip


def test_the_sign_of_the_error_stands_in_the_header() -> None:
    y, t = named(0.75, "y"), constant(1.0, "t")
    for loss, told in [
        (al.losses.half_squared_error([y], [t]), True),
        (al.losses.binary_cross_entropy_with_logits([y], [t]), True),
        (al.losses.cross_entropy([y], [t]), False),  # prints −t / y, no error
        ((t - y) ** 2, False),  # typed by hand: the factors show their own sign
    ]:
        header = str(explain(loss, y)).splitlines()[0]
        assert ("error = output minus target" in header) is told
    loss = labelled(al.losses.half_squared_error([y], [t]), "E")
    assert "= y − t" in str(explain(loss, y))
    assert "= −(y − t)" in str(explain(loss, t))


def test_a_constant_has_a_derivative_but_no_gradient_to_check() -> None:
    y, t = named(0.75, "y"), constant(1.0, "t")
    e = explain(al.losses.half_squared_error([y], [t]), t)
    assert e.total == 0.25
    assert "check" not in str(e)
    assert "check" in str(explain(y * t, y))


def test_ordinals() -> None:
    x = named(1.0, "x")
    text = str(explain(al.sum([x] * 8), x))
    assert [f"({n} x in" in text for n in ("1st", "2nd", "3rd", "4th", "8th")] == [True] * 5


def test_repr_is_short() -> None:
    x = named(2.0, "x")
    assert repr(explain(labelled(x * x, "y"), x)) == "<Explanation: ∂y/∂x = 4.0, paths: 2>"


def test_markdown_and_latex() -> None:
    x, w = named(3.0, "x"), named(2.0, "w1")
    e = explain(labelled(labelled(w * x, "z").sigmoid(), "y"), w)
    rows = (
        r"\frac{\partial y}{\partial w_{1}} & = \frac{\partial y}{\partial z} \times "
        r"\frac{\partial z}{\partial w_{1}} \\",
        r"& = y(1 - y) \times x \\",
    )
    assert e._repr_markdown_().startswith(
        r"$\frac{\partial y}{\partial w_{1}}$ &nbsp; (1 path from $w_{1}$ to $y$)"
    )
    for text in (e._repr_markdown_(), e._repr_latex_()):
        assert all(row in text.splitlines() for row in rows)
        assert text.count("$$") == 2
    assert e._repr_latex_().startswith("$$\n\\begin{aligned}\n")


HOSTILE = [
    'a"b', "<b>x</b>", r'x\"; URL="javascript:alert(1)', "</script><script>",
    "x\n}\n\nattack [label=1", "{a|<p>b}", r"\N \G \E", "nul\0", "\x07", "\ud800",
    "\u202eabc", "L" * 20_000, "$x$", "$$", "`a`", "[l](http://x)", r"\end{aligned}", "}", "{",
    "%", "\\\\", "_", "^", "#", "~", "&amp;",
]  # fmt: skip


@pytest.mark.parametrize("label", HOSTILE)
def test_s8_hostile_labels_stay_text(label: str) -> None:
    """No label ends a line, a formula or a group; none opens one either."""
    u = named(2.0, label)
    y = labelled(u.sigmoid() * u, "y")
    v = named(2.0, "u")
    e, tame = explain(y, u), explain(labelled(v.sigmoid() * v, "y"), v)
    assert len(str(e).splitlines()) == len(str(tame).splitlines())
    for made, model in (
        (e._repr_markdown_(), tame._repr_markdown_()),
        (e._repr_latex_(), tame._repr_latex_()),
        (al.latex(u.tanh()), al.latex(v.tanh())),
    ):
        assert made.count("\n") == model.count("\n")
        assert all(c.isprintable() or c == "\n" for c in made)
        bare = made.replace("\\\\", "").replace(r"\{", "").replace(r"\}", "").replace(r"\$", "")
        assert bare.count("{") == bare.count("}")
        assert bare.count("$") == model.count("$")
        assert bare.count("\\begin") == bare.count("\\end") == model.count("\\end")
        assert "<" not in bare
        assert "`" not in bare


# --- the graph as a formula ----------------------------------------------------------------


def test_a_graph_is_one_formula() -> None:
    x, y = named(2.0, "x"), named(3.0, "y")
    assert al.latex((x + y) / x) == r"\frac{x + y}{x}"
    assert al.latex(labelled(x * y, "f")) == r"f = x \cdot y"
    assert al.latex(x) == "x = 2"


def test_a_formula_of_shared_parts_does_not_explode() -> None:
    y, _ = ladder(50)
    text = al.latex(y)
    assert text.startswith("\\begin{aligned}\nv_{1} &= ")
    assert text.count("\n") <= 51
    deep = named(1.0, "x")
    for _ in range(20_000):
        deep = deep.tanh() * 0.5
    assert al.latex(deep).count(r"\tanh") == 20_000


def test_numbers_that_look_wrong_are_explained() -> None:
    x = Value(1.0, label="x")
    assert "(not the sum: its terms cancel" in str(al.explain(1e20 * x - 1e20 * x + x, x))
    z = Value(0.0, label="x")
    assert "(a factor 0 passes nothing" in str(al.explain(z * al.log(z), z))
    w = Value(2.0, label="w")
    assert "(" not in str(al.explain(w * w * 3.0, w)).split("check:")[1]
