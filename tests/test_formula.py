"""Formulas: what a book would print, and that it means what the row computes."""

from __future__ import annotations

import math
import operator
import re
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st
from rows import ROWS, points

import autograd_lite as al
from autograd_lite import Op, Value, constant, ieee, ops
from autograd_lite.forms import LATEX, PLAIN, latex_name, number, plain_name
from autograd_lite.formula import (
    equations,
    expression,
    local_derivative,
    local_derivatives,
    node_names,
)
from autograd_lite.symbols import Symbol, written


def named(number: float, label: str) -> Value:
    return Value(number, label=label)


def labelled(node: Value, label: str) -> Value:
    node.label = label
    return node


# --- numbers and names ------------------------------------------------------------------


@pytest.mark.parametrize(
    ("x", "text"),
    [
        (0.19661193324148185, "0.1966"), (-3.0, "-3"), (36.0, "36"), (0.0, "0"), (-0.0, "-0"),
        (12345.0, "12345"), (1e6, "1e+06"), (1.23e-05, "1.23e-05"), (0.7310585786, "0.7311"),
        (math.inf, "inf"), (-math.inf, "-inf"), (math.nan, "nan"), (5e-324, "4.941e-324"),
        (0.99999, "1"), (-0.39322386, "-0.3932"),
    ],
)  # fmt: skip
def test_numbers_have_four_significant_digits(x: float, text: str) -> None:
    assert number(x) == text


@pytest.mark.parametrize(
    ("label", "plain", "latex"),
    [
        ("w1", "w₁", "w_{1}"), ("w12", "w₁₂", "w_{12}"), ("x_3", "x₃", "x_{3}"),
        ("x", "x", "x"), ("loss", "loss", r"\mathrm{loss}"),
        ("loss2", "loss₂", r"\mathrm{loss}_{2}"), ("z(h1)", "z(h₁)", "z(h_{1})"),
        ("w10,1[2]", "w₁₀,₁[2]", "w_{10,1}[2]"), ("h2.1", "h₂.₁", "h_{2.1}"),
        ("2x", "2x", "2x"), ("sha256sum", "sha256sum", r"\mathrm{sha}256\mathrm{sum}"),
        ("a_b", "a_b", r"a\_b"), ("σ", "σ", "σ"),
        (r"\href{javascript:x}", r"\href{javascript:x}",
         r"\backslash \mathrm{href}\{\mathrm{javascript}:x\}"),
        ("$<&>$", "$<&>$", r"\$\lt \&\gt \$"),
    ],
)  # fmt: skip
def test_numbers_that_end_a_word_become_subscripts(label: str, plain: str, latex: str) -> None:
    assert plain_name(label) == plain
    assert latex_name(label) == latex


def test_nodes_without_a_label_are_counted_in_topological_order() -> None:
    a, c = named(2.0, "a"), named(1.0, "v2")
    y = (a * 3.0 + c).exp()
    names = node_names(al.topological(y))
    assert list(names.values()) == ["a", "v1", "v2", "v3", "v4"]  # v2 is taken by a label
    assert node_names([constant(0.5), constant(0.5, label="half"), Value(2.0, label="")]).values()
    assert list(node_names([constant(0.5), Value(2.0, label="")]).values()) == ["0.5", "v1"]


@pytest.mark.parametrize("label", ["v1", "v_1", "v₁", " v1\n"])
def test_a_counted_name_never_prints_as_a_label_does(label: str) -> None:
    """All of these print as v₁, so the first node without a label is v₂."""
    a = named(2.0, label)
    y = a.exp() * a.sin()
    assert [name for name, _ in equations(a.exp())] == ["v₂"]
    assert [name for name, _ in equations(a.exp(), LATEX)] == ["v_{2}"]
    assert [plain_name(name) for name in list(node_names(al.topological(y)).values())[1:]] == [
        "v₂", "v₃", "v₄",
    ]  # fmt: skip


# --- a node's own expression ------------------------------------------------------------


@pytest.mark.parametrize(
    ("node", "plain", "latex"),
    [
        (lambda a, b: a * b, "a·b", r"a \cdot b"),
        (lambda a, b: a + b, "a + b", "a + b"),
        (lambda a, b: a - 2.0, "a − 2", "a - 2"),
        (lambda a, b: a / b, "a / b", r"\frac{a}{b}"),
        (lambda a, b: -a, "−a", "-a"),
        (lambda a, b: a**2, "a²", "{a}^{2}"),
        (lambda a, b: a**-1.5, "a^(−1.5)", "{a}^{-1.5}"),
        (lambda a, b: a**b, "a^b", "{a}^{b}"),
        (lambda a, b: 2.0**a, "2^a", "{2}^{a}"),
        (lambda a, b: 3.0 * a, "3·a", r"3 \cdot a"),
        (lambda a, b: a * -3.0, "a·(−3)", r"a \cdot (-3)"),
        (lambda a, b: a * 1.0, "a·1", r"a \cdot 1"),  # as typed: nothing is simplified
        (lambda a, b: a + 0.0, "a + 0", "a + 0"),
        (lambda a, b: a * constant(2.0), "a·2", r"a \cdot 2"),
        (lambda a, b: a.exp(), "e^a", "e^{a}"),
        (lambda a, b: a.sigmoid(), "σ(a)", r"\sigma(a)"),
        (lambda a, b: a.sqrt(), "√(a)", r"\sqrt{a}"),
        (lambda a, b: a > b, "[a > b]", "[a > b]"),
        (lambda a, b: abs(a), "|a|", "|a|"),
        (lambda a, b: al.clamp(a, -1.0, 1.0), "clamp(a, −1, 1)",
         r"\operatorname{clamp}(a, -1, 1)"),
        (lambda a, b: al.where(a > 0, a, b), "where(v₁, a, b)",
         r"\operatorname{where}(v_{1}, a, b)"),
        (lambda a, b: al.maximum(a, b, 0.0), "max(a, b, 0)", r"\max(a, b, 0)"),
        (lambda a, b: a * 1e-5, "a·1e-05", r"a \cdot 1 \cdot 10^{-5}"),
        (lambda a, b: 1e-7**a, "1e-07^a", r"{(1 \cdot 10^{-7})}^{a}"),
        (lambda a, b: (-1e-7) ** a, "(−1e-07)^a", r"{(-1 \cdot 10^{-7})}^{a}"),
        (lambda a, b: a - -1e-7, "a − (−1e-07)", r"a - (-1 \cdot 10^{-7})"),
        (lambda a, b: a * -1e-7, "a·(−1e-07)", r"a \cdot (-1 \cdot 10^{-7})"),
        (lambda a, b: a * math.inf, "a·inf", r"a \cdot \infty"),
        (lambda a, b: a - math.nan, "a − nan", r"a - \mathrm{nan}"),
    ],
)  # fmt: skip
def test_an_expression_stands_as_it_was_typed(node: Any, plain: str, latex: str) -> None:
    y = node(named(2.0, "a"), named(3.0, "b"))
    assert expression(y) == plain
    assert expression(y, form=LATEX) == latex


#: The texts of rows that are not closed in themselves, and the brackets that each place needs:
#: in row·x, x − row, row² and −row. A sum of products takes a factor in; ln p·x and ln p² read
#: as ln(p·x) and ln(p²), Σ(…)² as the sum of the squares.
BRACKETED = {
    "add": "1111", "sub": "1111", "dot": "1111",
    "mul": "0010", "div": "1010", "strong_product": "0010", "half_squared_error": "0010",
    "neg": "0111", "cross_entropy": "1111", "log_loss": "1111",
    "log_sigmoid": "1111", "logsumexp": "1111",
    "power": "0010", "pow": "0010", "exp": "0010", "sum": "0010",
}  # fmt: skip


@pytest.mark.parametrize("row", al.OPS.values(), ids=lambda row: row.name)
def test_a_row_inside_a_formula_has_the_brackets_it_needs(row: Op) -> None:
    """Whatever else stands in the table is closed by brackets or bars of its own."""
    count = row.arity or {"dot": 5}.get(row.name, 4)
    args = [Symbol(letter) for letter in "abcde"[:count]]
    text, x = str(written(row, args)), Symbol("x")
    closed = re.fullmatch(r"(\w*|√)\((?:[^()]|\([^()]*\))*\)|\[.*\]|\|.*\||a", text)
    assert row.name in BRACKETED or closed
    often = [
        f"({text})" if bracketed == "1" else text for bracketed in BRACKETED.get(row.name, "0000")
    ]
    inner = written(row, args)
    assert str(written(ops.mul, [inner, x])) == f"{often[0]}·x"
    assert str(written(ops.sub, [x, inner])) == f"x − {often[1]}"
    assert str(written(ops.power, [inner, 2.0])) == f"{often[2]}²"
    assert str(written(ops.neg, [inner])) == f"−{often[3]}"


def test_a_neuron_and_a_loss_inside_a_formula_are_bracketed() -> None:
    w, x, y = named(2.0, "w"), named(3.0, "x"), named(1.0, "y")
    assert equations(al.dot([w], [x], 1.0) * y)[-1][1] == "(Σ w·x + b)·y"
    loss = al.losses.half_squared_error([x], [y])
    assert equations(loss**2)[-1][1] == "(½Σ(y − t)²)²"
    assert al.latex(loss**2) == r"{(\frac{1}{2}\sum(y - t)^2)}^{2}"
    assert al.latex(x - al.dot([w], [x], 1.0)) == r"x - (\sum w x + b)"


def test_the_identity_binds_as_its_operand_does() -> None:
    a, b = named(2.0, "a"), named(3.0, "b")
    assert equations((a + b).identity() * a)[-1][1] == "(a + b)·a"


def test_a_row_that_brackets_its_operand_adds_no_second_pair() -> None:
    a, b = Symbol("a"), Symbol("b")
    assert str(written(ops.log_sigmoid, [written(ops.add, [a, b])])) == "ln σ(a + b)"


def test_the_expression_of_a_leaf_is_its_number() -> None:
    assert expression(named(-0.5, "a")) == "−0.5"


def test_names_can_be_given() -> None:
    w, x = Value(2.0), Value(-1.0)
    assert expression(w * x, {w: "w1", x: "x1"}) == "w₁·x₁"


def test_a_label_that_reads_like_a_sum_is_bracketed() -> None:
    assert expression(named(1.0, "a - b") * named(2.0, "c")) == "(a - b)·c"


def test_a_long_list_of_operands_is_shortened() -> None:
    xs = [named(1.0, f"x{i}") for i in range(1, 785)]
    assert expression(al.sum(xs)) == "Σ(x₁, x₂, …, x₇₈₄)"
    assert expression(al.sum(xs), form=LATEX) == r"\sum(x_{1}, x_{2}, \dots, x_{784})"


# --- derivatives ------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("node", "derivatives"),
    [
        (lambda a, b: a + b, ["1", "1"]),
        (lambda a, b: a - b, ["1", "−1"]),
        (lambda a, b: a * b, ["b", "a"]),
        (lambda a, b: a / b, ["1 / b", "−a / b²"]),
        (lambda a, b: a**2, ["2·a"]),
        (lambda a, b: a**3, ["3·a²"]),
        (lambda a, b: a**1, ["1"]),
        (lambda a, b: a**-1, ["−a^(−2)"]),
        (lambda a, b: a**b, ["b·a^(b − 1)", "y·ln(a)"]),
        (lambda a, b: a.exp(), ["y"]),
        (lambda a, b: a.log(), ["1 / a"]),  # the guard of the domain is hidden
        (lambda a, b: a.sqrt(), ["0.5 / y"]),
        (lambda a, b: a.sin(), ["cos(a)"]),
        (lambda a, b: a.cos(), ["−sin(a)"]),
        (lambda a, b: a.tanh(), ["1 − y²"]),
        (lambda a, b: a.sigmoid(), ["y(1−y)"]),
        (lambda a, b: a.softplus(), ["σ(a)"]),
        (lambda a, b: a.silu(), ["σ(a) + y(1−σ(a))"]),
        (lambda a, b: a.atan(), ["1 / (1 + a²)"]),
        (lambda a, b: (a / 4.0).asin(), ["1 / √(1 − v₁²)"]),
        (lambda a, b: al.hypot(a, b), ["a / y", "b / y"]),
        (lambda a, b: al.atan2(a, b), ["b / (a² + b²)", "−a / (a² + b²)"]),
        (lambda a, b: a.relu(), ["sign(y)"]),
        (lambda a, b: al.sum([a, b]), ["1", "1"]),
        (lambda a, b: al.dot([a], [b], 1.0), ["b", "a"]),
        (lambda a, b: al.logsumexp([a, b]), ["e^(a − y)", "e^(b − y)"]),
        (lambda a, b: al.OPS["half_squared_error"](a, b), ["a − b", "−(a − b)"]),
        (lambda a, b: al.OPS["half_squared_error"](a, 0.01), ["a − 0.01"]),
        (lambda a, b: al.bce_with_logits(a, 1.0), ["σ(a) − 1"]),
        (lambda a, b: al.OPS["bce"](a / 4.0, 1.0), ["(v₁ − 1) / (v₁(1−v₁))"]),
        (lambda a, b: a.identity(), ["1"]),
    ],
)  # fmt: skip
def test_derivatives_read_like_a_book(node: Any, derivatives: list[str]) -> None:
    """From tables of derivatives, with y for the output."""
    y = labelled(node(named(2.0, "a"), named(3.0, "b")), "y")
    found = [local_derivative(y, i) for i, d in enumerate(local_derivatives(y)) if d is not None]
    assert found == derivatives


@pytest.mark.parametrize(
    ("node", "derivatives"),
    [
        (lambda a, b: a / b, [r"\frac{1}{b}", r"-\frac{a}{{b}^{2}}"]),
        (lambda a, b: a.sigmoid(), ["y(1 - y)"]),
        (lambda a, b: a.erf(), [r"1.128 \cdot e^{-{a}^{2}}"]),
        (lambda a, b: a.acosh(), [r"\frac{1}{\sqrt{a - 1} \cdot \sqrt{a + 1}}"]),
    ],
)
def test_derivatives_in_latex(node: Any, derivatives: list[str]) -> None:
    y = labelled(node(named(2.0, "a"), named(3.0, "b")), "y")
    assert [local_derivative(y, i, form=LATEX) for i in range(len(derivatives))] == derivatives


def test_the_neuron_of_the_lectures() -> None:
    """p1 = w1 x1, s = p1 + p2, y = sigmoid(z): the derivatives of designs/d1_neuron.png."""
    w, x = named(2.0, "w1"), named(-1.0, "x1")
    p = labelled(w * x, "p1")
    y = labelled(p.sigmoid(), "y")
    assert expression(p) == "w₁·x₁"
    assert [local_derivative(p, 0), local_derivative(p, 1)] == ["x₁", "w₁"]
    assert local_derivative(y, 0) == "y(1−y)"
    o = labelled(named(1.0, "z(o1)").sigmoid(), "o1")
    assert local_derivative(o, 0) == "o₁(1−o₁)"


def test_of_a_branch_only_the_taken_side_is_printed() -> None:
    a, b = named(2.0, "a"), named(3.0, "b")
    assert local_derivatives(al.maximum(a, b)) == (None, 1.0)
    assert local_derivatives(al.clamp(a, 0.0, 5.0)) == (1.0, None, None)
    assert local_derivatives(al.leaky_relu(named(-1.0, "a"), 0.01)) == (0.01, None)
    assert local_derivatives(al.where(a > b, a, b)) == (None, None, 1.0)


def test_without_a_number_a_branch_stays_open() -> None:
    x = al.inputs(1)[0]
    assert local_derivative(al.leaky_relu(x, 0.01), 0) == (
        "where([x₁ > 0], 1, where([x₁ ≤ 0], 0.01, nan))"
    )


def test_an_operand_without_an_edge_has_no_derivative() -> None:
    node = named(-1.0, "a").relu()
    assert local_derivatives(node) == (None,)
    with pytest.raises(ValueError, match=r"operand 0 of Value\(data=0.0.*receives no derivative"):
        local_derivative(node, 0)


def test_a_users_rule_on_symbols_and_one_on_floats_alone() -> None:
    cube = Op("cube", lambda x: x * x * x, (lambda y, x: 3.0 * x**2,), symbol="{0}³")
    swish = Op("swish", math.cos, (lambda y, x: -math.sin(x),))
    pair = Op("pair", lambda a, b: a * b, lambda y, *ab: (ab[1], math.exp(ab[1]) * ab[0]))
    x, b = named(2.0, "x"), named(3.0, "b")
    assert local_derivative(cube(x), 0) == "3·x²"
    assert local_derivative(swish(x), 0) == "swish′(x)"
    assert local_derivative(swish(x), 0, form=LATEX) == r"\mathrm{swish}'(x)"
    assert local_derivative(pair(x, b), 1) == "pair′₂(x, b)"


def test_constants_alone_have_derivatives_too() -> None:
    two, three = constant(2.0), constant(3.0)
    assert local_derivatives(two * three) == (3.0, 2.0)
    assert local_derivatives(two > three) == (None, None)
    assert local_derivatives(two.log()) == (0.5,)


# --- the text means what the row computes -------------------------------------------------

_PYTHON = [
    ("²", "**2"), ("^", "**"), ("·", "*"), ("−", "-"), ("√(", "sqrt("), ("σ(", "sigmoid("),
    ("ln(", "log("), ("Σ(", "total_sum("), (")(", ")*("),
]  # fmt: skip


def evaluate(text: str, numbers: dict[str, float]) -> float:
    """The number that a plain formula over one-letter names stands for, read as Python."""
    for sign, python in _PYTHON:
        text = text.replace(sign, python)
    text = re.sub(r"\b([a-df-z])\(", r"\1*(", text)  # y(1-y)
    text = re.sub(r"\bmax\(", "largest(", text)
    functions = {name: getattr(ieee, name, getattr(math, name, None))
                 for name in re.findall(r"\b[a-z_]\w+(?=\()", text)}  # fmt: skip
    return float(eval(text, {"__builtins__": {}}, {**functions, "e": math.e, **numbers}))


@pytest.mark.parametrize("row", [row for row in ROWS if not row.select], ids=lambda row: row.name)
def test_every_printed_derivative_is_the_recorded_one(row: Op) -> None:
    """Printed numbers have 4 digits, so 1e-3 relative; the text is read back by Python."""
    for point in points(row, 5):
        count = len(point) - row.constants
        args = [named(x, "abcdfgh"[i]) for i, x in enumerate(point[:count])]
        y = row(*args, *[round(c, 2) for c in point[count:]])
        y.label = "y"
        numbers = {v.label: v.data for v in [*args, y]}
        for symbol, partial in zip(local_derivatives(y), y.partials, strict=True):
            if isinstance(symbol, Symbol):
                text = symbol.text.replace("sign(", "copysign(1, ")
                assert evaluate(text, numbers) == pytest.approx(partial, rel=1e-3, abs=1e-9)
            elif symbol is not None:
                assert symbol == pytest.approx(partial)


NUMBERS = {"a": 1.75, "b": -0.5, "c": 3.0}
LEAVES = st.sampled_from([*NUMBERS, 2.0, -1.5, 1.0, 0.0])
BINARY = {
    ops.add: lambda a, b: a + b, ops.sub: lambda a, b: a - b, ops.mul: lambda a, b: a * b,
    ops.div: lambda a, b: ops.div(a, b),
}  # fmt: skip
TREES = st.recursive(
    LEAVES,
    lambda inner: st.one_of(
        st.tuples(st.sampled_from(list(BINARY)), inner, inner), st.tuples(st.just(ops.neg), inner)
    ),
    max_leaves=8,
)


def value_of(tree: Any) -> float:
    if isinstance(tree, tuple):
        return float(tree[0].fn(*map(value_of, tree[1:])))
    return NUMBERS.get(tree, tree)


def as_written(tree: Any) -> Any:
    if isinstance(tree, tuple):
        return written(tree[0], [as_written(x) for x in tree[1:]])
    return Symbol(tree) if isinstance(tree, str) else tree


def as_simplified(tree):
    if isinstance(tree, tuple):
        parts = [as_simplified(x) for x in tree[1:]]
        return BINARY[tree[0]](*parts) if len(parts) == 2 else -parts[0]
    return Symbol(tree) if isinstance(tree, str) else tree


@given(TREES)
def test_brackets_keep_the_meaning(tree) -> None:
    """Python reads the text back to the tree's own number, wherever that is a plain number."""
    expected = value_of(tree)
    for build in (as_written, as_simplified):
        text = build(tree)
        text = PLAIN.number(text) if isinstance(text, float) else str(text)
        try:
            found = evaluate(text, NUMBERS)
        except (ZeroDivisionError, OverflowError, NameError):  # IEEE has inf and nan for these
            continue
        if math.isfinite(expected) and math.isfinite(found) and "e-" not in text:
            assert found == pytest.approx(expected, rel=2e-3, abs=1e-2), text


@pytest.mark.parametrize(
    ("build", "text"),
    [
        (lambda x, y: 1.0 * x, "x"), (lambda x, y: x * 1.0, "x"), (lambda x, y: x + 0.0, "x"),
        (lambda x, y: 0.0 + x, "x"), (lambda x, y: x - 0.0, "x"), (lambda x, y: 0.0 - x, "−x"),
        (lambda x, y: operator.neg(-x), "x"), (lambda x, y: -1.0 * x, "−x"),
        (lambda x, y: x + -y, "x − y"),
        (lambda x, y: x - -y, "x + y"), (lambda x, y: -x * -y, "x·y"),
        (lambda x, y: x * -y, "−x·y"), (lambda x, y: x * 2.0, "2·x"), (lambda x, y: x * x, "x²"),
        (lambda x, y: (x + y) * (x - y), "(x+y)(x−y)"), (lambda x, y: x * (y + 1), "x(y+1)"),
        (lambda x, y: x - (y - 1), "x − (y − 1)"), (lambda x, y: x + (y - 1), "x + y − 1"),
        (lambda x, y: (x / y) * x, "(x / y)·x"), (lambda x, y: x / (y * x), "x / (y·x)"),
        (lambda x, y: (x * x) ** 3, "(x²)³"), (lambda x, y: x / 1.0, "x"),
        (lambda x, y: -(x + y), "−(x + y)"), (lambda x, y: 2.0 ** -x, "2^(−x)"),
        (lambda x, y: x ** y, "x^y"), (lambda x, y: abs(x) * y, "|x|·y"),
        (lambda x, y: x + -2.0, "x − 2"), (lambda x, y: 1 - x, "1 − x"),
    ],
)  # fmt: skip
def test_rules_are_simplified_as_a_book_does(build, text: str) -> None:
    assert str(build(Symbol("x"), Symbol("y"))) == text


def test_long_names_and_long_brackets_are_not_juxtaposed() -> None:
    loss, y = Symbol("loss"), Symbol("y")
    assert str(loss * (1.0 - loss)) == "loss·(1 − loss)"
    assert str(y * (loss + loss + loss + loss)) == "y·(loss + loss + loss + loss)"


def test_the_base_of_a_printed_power_is_bracketed() -> None:
    """hypot prints as a square root of squares; a sum under it needs brackets."""
    a, b = Symbol("a", form=LATEX), Symbol("b", form=LATEX)
    assert str(written(ops.hypot, [a + b, b], LATEX)) == r"\sqrt{(a + b)^2 + b^2}"


def test_a_symbol_has_no_truth() -> None:
    with pytest.raises(TypeError, match="the truth of the symbol x is unknown; a rule uses"):
        bool(Symbol("x"))


# --- graphs -----------------------------------------------------------------------------


def test_a_graph_as_equations() -> None:
    """Labels and shared results get a line of their own, the rest stands inside."""
    w, x, b = named(2.0, "w1"), named(-1.0, "x1"), named(0.5, "b")
    z = labelled(w * x + b, "z")
    y = z.sigmoid() * (1.0 - z)
    assert equations(y) == [("z", "w₁·x₁ + b"), ("v₁", "σ(z)·(1 − z)")]
    assert equations(y, LATEX) == [
        ("z", r"w_{1} \cdot x_{1} + b"), ("v_{1}", r"\sigma(z) \cdot (1 - z)"),
    ]  # fmt: skip


def test_shared_results_do_not_multiply_the_text() -> None:
    """x squared a hundred times has 2**100 leaves as a tree and 100 lines as equations."""
    y = named(1.0, "x")
    for _ in range(100):
        y = y * y
    lines = equations(y)
    assert len(lines) == 100
    assert lines[:2] == [("v₁", "x·x"), ("v₂", "v₁·v₁")]


def test_a_leaf_alone_and_leaves_without_labels() -> None:
    assert equations(named(2.0, "x")) == [("x", "2")]
    assert equations(Value(2.0) * constant(3.0)) == [("v₁", "2"), ("v₂", "v₁·3")]


def test_a_deep_graph_needs_no_recursion() -> None:
    y = named(1.0, "x")
    for _ in range(20_000):
        y = (y + 1.0).tanh()
    lines = equations(y)
    assert sum(text.count("tanh") for _, text in lines) == 20_000
    assert max(len(text) for _, text in lines) < 100


def test_the_derivative_of_a_class_without_weight_reads_zero() -> None:
    """-t/p with t = 0 is 0, not -0 / p."""
    p, q = Value(0.5, label="p"), Value(0.5, label="q")
    loss = al.losses.cross_entropy([p, q], [0.0, 1.0])
    assert [
        str(d.text if isinstance(d, Symbol) else d + 0.0) for d in local_derivatives(loss)[:2]
    ] == [
        "0.0",
        "−1 / q",
    ]
