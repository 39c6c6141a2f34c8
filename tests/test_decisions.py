"""The decisions D1 to D16, which stand above every other row of the semantics.

D4 is tested with the graph's rows, D5, D8, D10 and D15 with the convention table, D3, D12
and D13 also where second derivatives and programs are.
"""

from __future__ import annotations

import itertools
import math
from collections.abc import Callable, Iterator
from math import inf, isnan, nan, prod
from random import Random
from typing import Any

import numpy as np
import pytest

import autograd_lite as al
from autograd_lite import NonFiniteError, Op, TraceError, Value, losses, nn, optim, training

SPECIAL = (nan, inf, -inf, 0.0, -0.0, 5e-324, -5e-324, 1.0, -1.0, 0.5, -2.5, 3.0, 800.0,
           -800.0, 1.7e308, -1.7e308)  # fmt: skip


def argument_lists(row: Op) -> Iterator[tuple[float, ...]]:
    """Special numbers in every place that a Value may take, small lists for n-ary rows."""
    if row.arity is None:
        # dot takes pairs and a bias, losses take pairs: an even number suits all others
        for count in (1, 3) if row.name == "dot" else (2,):
            yield from itertools.product(SPECIAL, repeat=count)
        few = (nan, inf, -inf, 0.0, 0.25, 800.0)
        yield from itertools.product(few, repeat=5 if row.name == "dot" else 4)
        return
    bounds = {"clamp": [(-1.0, 1.0), (0.0, inf), (-inf, -0.0)]}
    for xs in itertools.product(SPECIAL, repeat=row.arity - row.constants):
        if row.constants == 1:
            yield from ((*xs, c) for c in SPECIAL)
        elif row.constants:
            yield from ((*xs, *bound) for bound in bounds[row.name])
        else:
            yield xs


@pytest.mark.parametrize("row", al.OPS.values(), ids=al.OPS)
def test_d1_p1_no_row_raises_and_every_number_is_a_float(row: Op) -> None:
    for numbers in argument_lists(row):
        free = len(numbers) - row.constants
        leaves = [Value(x) for x in numbers[:free]]
        y = row(*leaves, *numbers[free:])
        y.backward()
        assert type(y.data) is float, numbers
        assert all(d is None or type(d) is float for d in y.partials), numbers
        assert all(type(leaf.grad) is float for leaf in leaves), numbers
        on_floats = row(*numbers)
        assert type(on_floats) is float, numbers
        assert on_floats.hex() == y.data.hex(), numbers


@pytest.mark.parametrize("row", al.OPS.values(), ids=al.OPS)
def test_d1_rules_on_values_raise_as_little_and_give_the_same_numbers(row: Op) -> None:
    """Floats and Values run one rule; only what they do with a number could differ."""
    for numbers in argument_lists(row):
        free = len(numbers) - row.constants
        leaves = [Value(x) for x in numbers[:free]]
        y = row(*leaves, *numbers[free:])
        recorded = row.partials(y, *leaves, *numbers[free:])
        for expected, d in zip(row.partials(y.data, *numbers), recorded, strict=True):
            got = d.data if isinstance(d, Value) else d
            assert got == expected or (isnan(got) and isnan(expected)), numbers
            if isinstance(d, Value):
                d.backward()  # the second derivative, whatever it is, is no exception


def test_d1_nan_travels_and_nothing_is_repaired() -> None:
    x = Value(-1.0)
    y = al.log(x) * 2.0 + 1.0
    y.backward()
    assert isnan(y.data)
    assert isnan(x.grad)


def numbers_of_everything() -> list[Any]:
    """Results of the eager engine, of transforms and of both executors, at poles and overflow."""
    x, w = al.inputs(1), al.parameter(0.0)
    found: list[Any] = []
    for executor in ("arrays", "native"):
        program = al.compile(al.exp(x[0]) / w + al.log(w) * x[0], x, [w], executor=executor)
        for number in (710.0, -746.0, 0.0, nan):
            value, gradient = program.value_and_grad([[number]])
            found += [value, *gradient.tolist(), *program.value([[number]]).tolist()]
    v = Value(0.0)
    y = 1.0 / v + al.log(v) + al.exp(v + 1000.0)
    y.backward()
    found += [y.data, v.grad, al.hessian(lambda xs: xs[0] ** 0.5)([0.0])]
    return [repr(number) for number in found]


def test_d1_no_mode_of_numpy_changes_a_number_or_raises() -> None:
    """There is no global mode: one that a user set for NumPy has no part in it either."""
    expected = numbers_of_everything()
    with np.errstate(all="raise"):
        assert numbers_of_everything() == expected


@pytest.mark.parametrize("engine", ["eager", "compiled"])
@pytest.mark.parametrize(("batch_size", "w"), [(1, 0.9), ("all", 1.0)])
def test_d1_either_engine_names_the_sample_and_its_first_infinite_node(
    engine: Any, batch_size: Any, w: float
) -> None:
    """E = (w - t)**2/2: the first sample alone moves w from 1 by 0.1 * 1; t = 1e200 overflows."""
    mlp = nn.MLP([1, 1], bias="none", rng=1)
    (weight,) = mlp.parameters()
    weight.data = 1.0
    with pytest.raises(NonFiniteError) as error:
        training.fit(
            mlp, losses.half_squared_error, [[1.0]] * 3, [[0.0], [1e200], [0.0]],
            optim.SGD([weight], 0.1), 5, batch_size=batch_size, shuffle=None, engine=engine,
            progress=False,
        )  # fmt: skip
    assert str(error.value) == (
        "epoch 1, sample 1: the loss is inf; the first number that is not finite is "
        f"half_squared_error(o1 = {w}, 1e+200) = inf"
    )
    assert weight.data == w


def test_d1_losses_check_their_targets_and_rows_do_not() -> None:
    """By hand at z = 0: t ln 2 + (1 - t) ln 2 = ln 2 for every t, also outside [0, 1]."""
    with pytest.raises(ValueError, match=r"target 0 is 2\.0"):
        losses.binary_cross_entropy_with_logits([Value(0.0)], [2.0])
    z = Value(0.0)
    y = al.bce_with_logits(z, 2.0)
    y.backward()
    assert y.data == pytest.approx(math.log(2.0), rel=1e-15)
    assert z.grad == -1.5  # sigmoid(0) - 2


def test_d2_where_the_branch_not_taken_is_infinite() -> None:
    """sqrt has derivative inf at 0, log's value there is -inf: neither may leak."""
    x = Value(0.0)
    al.where(x > 0.0, al.log(x) + al.sqrt(x), x * 3.0).backward()
    assert x.grad == 3.0


@pytest.mark.parametrize("zero", [0.0, -0.0])
def test_d2_p2_a_zero_cotangent_passes_nothing_even_against_inf(zero: float) -> None:
    """0 * sqrt(x) + x at 0: the cotangent of the root is 0, its partial inf."""
    x = Value(0.0)
    (al.sqrt(x) * zero + x).backward()
    assert x.grad == 1.0


def test_d2_a_zero_cotangent_passes_nothing_even_against_nan() -> None:
    x = Value(-1.0)
    (al.log(x) * 0.0 + x).backward()
    assert x.grad == 1.0


def test_d2_cotangents_that_cancel_are_a_zero_like_any_other() -> None:
    x = Value(0.0)
    root = al.sqrt(x)
    (root - root + x).backward()
    assert (root.grad, x.grad) == (0.0, 1.0)


@pytest.mark.parametrize(
    "select",
    [
        lambda bad, x: al.where(x > 5.0, bad, x),
        lambda bad, x: al.maximum(-bad, x),
        lambda bad, x: al.maximum(x, -bad, -1.0),
        lambda bad, x: al.minimum(bad, x),
        lambda bad, x: al.relu(-bad) + x,
        lambda bad, x: al.clamp(bad, -1.0, 1.0) + x,
        lambda bad, x: al.abs(al.sqrt(x - x.data)) + x,  # abs'(0) = 0 against sqrt'(0) = inf
    ],
)
def test_d2_a_selecting_row_passes_nothing_to_what_it_did_not_select(
    select: Callable[[Value, Value], Value],
) -> None:
    """bad = 1 / z at z = 0 is inf, with derivative -inf."""
    z, x = Value(0.0), Value(2.0)
    bad = 1.0 / z
    select(bad, x).backward()
    assert (z.grad, x.grad) == (0.0, 1.0)


def test_d2_a_selecting_row_passes_nothing_even_from_an_infinite_cotangent() -> None:
    """sqrt'(relu(-1)) = inf; relu is off, so its argument gets 0, not inf * 0 = nan."""
    x = Value(-1.0)
    al.sqrt(al.relu(x)).backward()
    assert x.grad == 0.0


def test_d2_a_zero_partial_of_any_other_row_is_ieee() -> None:
    """log(c x) at c = 0: inf * 0 is nan, and nothing repairs it."""
    x, c = Value(2.0), Value(0.0)
    al.log(c * x).backward()
    assert isnan(x.grad)
    assert c.grad == inf


def test_d2_vjp_holds_the_strong_zero() -> None:
    assert al.OPS["log"].vjp(0.0, -inf, 0.0) == (0.0,)
    assert al.OPS["mul"].vjp(-0.0, nan, 2.0, nan) == (0.0, 0.0)


@pytest.mark.parametrize("executor", ["arrays", "dense", "native"])
@pytest.mark.parametrize(
    ("f", "gradient"),
    [  # at the parameter 0 and the input 2; each as in the tests above
        (lambda w, x: al.sqrt(w) * 0.0 + w * x, 2.0),
        (lambda w, x: al.log(w - 1.0) * 0.0 + w * x, 2.0),
        (lambda w, x: al.where(x > 5.0, 1.0 / w, w * x), 2.0),
        (lambda w, x: al.maximum(-1.0 / w, w + x), 1.0),
        (lambda w, x: al.relu(-1.0 / w) + w * x, 2.0),
        (lambda w, x: al.clamp(1.0 / w, -1.0, 1.0) + w * x, 2.0),
    ],
)
def test_d2_p2_compiled_code_holds_the_strong_zero(
    f: Callable[[Value, Value], Value], gradient: float, executor: str
) -> None:
    w, x = al.parameter(0.0), al.inputs(1)
    program = al.compile(f(w, x[0]), x, [w], executor=executor)
    assert program.value_and_grad([[2.0]])[1].tolist() == [gradient]
    number = Value(0.0)
    f(number, Value(2.0)).backward()
    assert number.grad == gradient


COMPARISONS: list[tuple[str, Callable[[Any, Any], Value], tuple[float, float, float]]] = [
    ("greater", lambda a, b: a > b, (0.0, 0.0, 1.0)),
    ("less", lambda a, b: a < b, (1.0, 0.0, 0.0)),
    ("greater_equal", lambda a, b: a >= b, (0.0, 1.0, 1.0)),
    ("less_equal", lambda a, b: a <= b, (1.0, 1.0, 0.0)),
]


@pytest.mark.parametrize(("name", "compare", "expected"), COMPARISONS)
def test_d6_a_comparison_is_a_recorded_0_or_1(
    name: str, compare: Callable[[Any, Any], Value], expected: tuple[float, float, float]
) -> None:
    for other, truth in zip((2.0, 1.0, 0.0), expected, strict=True):
        a, b = Value(1.0), Value(other)
        c = compare(a, b)
        assert (type(c), c.data, c.op, c.parents) == (Value, truth, al.OPS[name], (a, b))
        assert bool(c) is (truth == 1.0)
        assert compare(a, other).data == truth  # a number on either side
        assert compare(1.0, b).data == truth
        (c * 5.0 + a).backward()
        assert (a.grad, b.grad) == (1.0, 0.0)


@pytest.mark.parametrize(("name", "compare", "expected"), COMPARISONS)
def test_d6_a_comparison_with_nan_is_false(
    name: str, compare: Callable[[Any, Any], Value], expected: Any
) -> None:
    for a, b in [(nan, 1.0), (1.0, nan), (nan, nan)]:
        assert not compare(Value(a), Value(b))


def test_d6_branches_of_python_work_eagerly() -> None:
    x = Value(-2.0)
    y = x * 2.0 if x > 0 else x * 3.0
    y.backward()
    assert x.grad == 3.0
    assert -3 < x < 0


def placeholders() -> list[Value]:
    return al.inputs(2)


@pytest.mark.parametrize(
    "ask",
    [
        lambda x: bool(x > 0.0),
        lambda x: bool(al.exp(x) * 2.0 <= Value(1.0)),
        lambda x: max(x, Value(1.0)),
        lambda x: sorted([x, Value(1.0)]),
        lambda x: x.item(),
        lambda x: (x * 2.0).item(),
        lambda x: al.where(x > 0.0, x, 1.0).item(),
        lambda x: al.dot([Value(1.0)], [x]).item(),
    ],
)
def test_d6_the_number_of_a_placeholder_is_a_trace_error(ask: Callable[[Value], Any]) -> None:
    x, _ = placeholders()
    with pytest.raises(TraceError, match=r"placeholder x1.*al\.where"):
        ask(x)


def test_d6_graphs_without_a_placeholder_work_while_there_are_some() -> None:
    placeholders()
    v = Value(2.0)
    assert v > 1.0
    assert (v * 2.0).item() == 4.0
    assert max(v, Value(1.0)) is v


def test_d6_item_is_the_number() -> None:
    assert type(Value(2).item()) is float
    assert Value(2).item() == 2.0


def test_d6_where_records_a_choice_by_a_placeholder() -> None:
    x, _ = placeholders()
    y = al.where(x > 0.0, x, -x)
    assert y.parents[0].op is al.OPS["greater"]
    assert y.parents[1] is x


def test_d7_p6_where_records_all_three() -> None:
    c, a, b = Value(1.0) > 0.0, Value(2.0), Value(3.0)
    y = al.where(c, a, b)
    assert y.parents == (c, a, b)
    assert y.data == 2.0
    y.backward()
    assert (c.grad, a.grad, b.grad) == (0.0, 1.0, 0.0)


@pytest.mark.parametrize("executor", ["arrays", "dense", "native"])
def test_d6_where_on_a_comparison_compiles(executor: str) -> None:
    """w x for x > 0, else -w: the derivative by w is x or -1."""
    w, x = al.parameter(3.0), al.inputs(1)
    program = al.compile(al.where(x[0] > 0.0, w * x[0], -w), x, [w], executor=executor)
    samples = [[2.0], [0.0], [-5.0], [nan]]
    assert program.value(samples).tolist() == [6.0, -3.0, -3.0, -3.0]
    gradients = program.value_and_grad(samples, reduce="none")[1]
    assert gradients.tolist() == [[2.0], [-1.0], [-1.0], [-1.0]]


@pytest.mark.parametrize(
    ("c", "chosen"),
    [(True, 0), (False, 1), (1, 0), (0, 1), (0.0, 1), (-0.0, 1), (2.5, 0), (-1.0, 0), (nan, 0)],
)
def test_d7_the_condition_may_be_a_bool_or_a_number(c: Any, chosen: int) -> None:
    """Whatever is not 0 chooses the first, nan too, as `if` and `np.where` have it."""
    branches = Value(2.0), Value(3.0)
    y = al.where(c, *branches)
    y.backward()
    assert y.data == branches[chosen].data
    assert (branches[chosen].grad, branches[1 - chosen].grad) == (1.0, 0.0)


def test_d7_the_branches_may_be_numbers() -> None:
    x = Value(2.0)
    y = al.where(x > 3.0, 10, x)
    y.backward()
    assert (y.data, x.grad) == (2.0, 1.0)
    assert al.where(True, 1.0, 2.0) == 1.0


@pytest.mark.parametrize("executor", ["arrays", "dense", "native"])
def test_d7_a_condition_of_nan_chooses_the_first_in_compiled_code_too(executor: str) -> None:
    c, w = al.inputs(1), al.parameter(2.0)
    program = al.compile(al.where(c[0], w * 5.0, -w), c, [w], executor=executor)
    values, gradients = program.value_and_grad([[nan], [0.0], [-0.0]], reduce="none")
    assert values.tolist() == [10.0, -2.0, -2.0]
    assert gradients.tolist() == [[5.0], [-1.0], [-1.0]]


def test_d8_each_form_of_the_binary_cross_entropy_has_its_own_name() -> None:
    """sigmoid(-40) = e**-40: one is lost in 1 - p, and the logits keep it."""
    on_probabilities = losses.binary_cross_entropy([al.sigmoid(40.0)], [1.0])
    on_logits = losses.binary_cross_entropy_with_logits([40.0], [1.0])
    assert on_probabilities == 0.0
    assert on_logits == pytest.approx(math.exp(-40.0), rel=1e-15)


def test_d9_the_roles_of_leaves() -> None:
    assert Value(1.0).role == "variable"
    assert al.parameter(1.0).role == "parameter"
    assert [x.role for x in al.inputs(3)] == ["input"] * 3
    assert al.constant(1.0).role == "constant"
    assert (Value(1.0) + 1.0).role is None


def test_d9_parameters_and_variables_receive_gradients_constants_none() -> None:
    w, v, c = al.parameter(2.0), Value(3.0), al.constant(5.0)
    (w * v * c + c).backward()
    assert (w.grad, v.grad, c.grad) == (15.0, 10.0, 0.0)


def test_d9_constants_are_folded_when_a_graph_is_compiled() -> None:
    """e**2 is computed once, by the compiler: no exponential is left in the program."""
    x = al.inputs(1)
    constant = al.compile(al.exp(al.constant(2.0)) * x[0], x, [], executor="arrays")
    variable = al.compile(al.exp(v := Value(2.0)) * x[0], x, [v], executor="arrays")
    assert "np.exp" in variable.source
    assert "np.exp" not in constant.source
    assert constant.value([[1.0]]).tolist() == [math.exp(2.0)]


def test_d9_a_plain_number_is_a_float_parent_without_an_edge() -> None:
    y = Value(2.0) * 3
    assert y.parents[1] == 3.0
    assert type(y.parents[1]) is float
    assert y.partials == (3.0, None)


def test_d9_inputs_are_numbered_and_hold_nan() -> None:
    first, second = al.inputs(2, label="p")
    assert (first.label, second.label) == ("p1", "p2")
    assert isnan(first.data)
    assert isnan(second.data)


@pytest.mark.parametrize("count", [0, -1, True, 2.0, "2", None])
def test_d9_inputs_need_a_count(count: Any) -> None:
    with pytest.raises(ValueError, match=r"inputs.*at least 1"):
        al.inputs(count)


def test_d11_grad_starts_as_zero_and_stays_it_for_what_gets_nothing() -> None:
    a, b = Value(1), Value(2)
    y = a * 2
    assert [(v.grad, type(v.grad)) for v in (a, b, y)] == [(0.0, float)] * 3
    y.backward()
    assert (b.grad, type(b.grad)) == (0.0, float)


@pytest.mark.parametrize("number", [3, True, 2.5])
def test_d11_assigning_data_converts_to_float(number: Any) -> None:
    v = Value(1.0)
    v.data = number
    assert (v.data, type(v.data)) == (float(number), float)


@pytest.mark.parametrize("thing", ["1.0", None, [1.0], 1j, Value(1.0)])
def test_d11_assigning_anything_else_to_data_is_a_type_error(thing: Any) -> None:
    v = Value(1.0)
    with pytest.raises(TypeError, match=f"real number.*{type(thing).__name__}"):
        v.data = thing
    assert v.data == 1.0


def test_d11_what_micrograds_drawing_code_reads() -> None:
    a, b = Value(1.0), Value(2.0)
    y = a * b + 1.0
    assert (a._prev, a._op) == (set(), "")
    assert y._prev == {y.parents[0]}
    assert y.parents[0]._prev == {a, b}
    assert isinstance(y._op, str)
    assert y._op
    assert not hasattr(y, "_backward")


EXACT: list[Callable[[Value, Value], Value]] = [
    lambda a, b: a + b,
    lambda a, b: a - b,
    lambda a, b: a * b,
    lambda a, b: a / b,
    lambda a, b: al.sqrt(a),
    lambda a, b: -a,
    lambda a, b: abs(b),
    lambda a, b: al.relu(a),
    lambda a, b: al.maximum(a, b),
    lambda a, b: al.minimum(b, a),
    lambda a, b: a > b,
    lambda a, b: a <= b,
    lambda a, b: al.where(a >= b, a, b),
]


def bits(x: float) -> str:
    return "nan" if isnan(x) else x.hex()


@pytest.mark.parametrize("executor", ["arrays", "dense", "native"])
@pytest.mark.parametrize("f", EXACT)
def test_d12_one_correctly_rounded_operation_has_the_same_bits_compiled(
    f: Callable[[Value, Value], Value], executor: str
) -> None:
    """+ - * / sqrt, unary minus, choices and comparisons, on numbers of all sizes.

    Of the equal numbers 0.0 and -0.0 the maximum and the minimum may be either.
    """
    numbers = Random(12)
    samples = [[numbers.gauss(0.0, 1.0) * 10.0 ** numbers.randrange(-300, 300) for _ in "ab"]
               for _ in range(200)]  # fmt: skip
    samples += [list(pair) for pair in itertools.product(SPECIAL, repeat=2)]
    x = al.inputs(2)
    # both inputs are outputs too, since each must have a part in the program
    program = al.compile([f(*x), *x], x, [], executor=executor)
    for pair, (got, *_) in zip(samples, program.value(samples).tolist(), strict=True):
        expected = f(*map(Value, pair))
        tie_of_zeros = expected.op in (al.OPS["maximum"], al.OPS["minimum"]) and pair == [0.0, 0.0]
        assert bits(got) == bits(expected.data) or (tie_of_zeros and got == 0.0), pair


@pytest.mark.parametrize("executor", ["arrays", "dense", "native"])
@pytest.mark.parametrize("seed", range(10))
def test_d12_chains_without_sums_have_the_same_bits_compiled(seed: int, executor: str) -> None:
    """Only a sum of several terms may be added in another order; all else keeps its bits."""

    def graph(leaves: list[Value]) -> Value:
        numbers, nodes = Random(seed), list(leaves)
        for _ in range(40):
            nodes.append(numbers.choice(EXACT[2:])(*numbers.choices(nodes, k=2)))
        return nodes[-1]

    numbers = Random(seed)
    samples = [[numbers.uniform(-3.0, 3.0) for _ in range(4)] for _ in range(20)]
    x = al.inputs(4)
    program = al.compile([graph(x), *x], x, [], executor=executor)
    for sample, (got, *_) in zip(samples, program.value(samples).tolist(), strict=True):
        assert bits(got) == bits(graph(list(map(Value, sample))).data)


def test_d14_the_tree_of_errors() -> None:
    """Each parent and its children, as the decision draws them."""
    tree = {
        Exception: {al.AutogradLiteError},
        al.AutogradLiteError: {al.GraphError, al.CompileError, al.NonFiniteError, al.FormatError},
        al.GraphError: {al.NotInGraphError, al.StaleGraphError, al.TraceError},
    }
    for parent, children in tree.items():
        for child in children:
            assert parent in child.__bases__
    assert issubclass(al.FormatError, ValueError)


def test_d14_what_the_result_does_not_depend_on() -> None:
    """`grad` gives 0.0; `explain` and `compile` say that it is not in the graph."""
    assert al.grad(lambda x, y: x * x, (0, 1))(3.0, 4.0) == (6.0, 0.0)
    w, stranger = al.parameter(1.0), al.parameter(2.0, label="w3")
    with pytest.raises(al.NotInGraphError, match="w3"):
        al.explain(w * w, stranger)
    with pytest.raises(al.NotInGraphError, match="w3"):
        al.compile(w * w, [], [stranger])


def test_d15_inequality_is_identity_like_equality() -> None:
    a, b = Value(1.0), Value(1.0)
    assert (a != b) is True
    assert (a != a) is False
    assert (a == b) is False


def test_a_users_row_takes_part_in_everything() -> None:
    """A row made by a user, with a rule that returns an int, is recorded and swept."""
    volume = Op("volume", lambda *xs: prod(xs), lambda y, *xs: [y / x for x in xs])
    twice = Op("twice", lambda x: 2 * x, (lambda y, x: 2,))
    a, b, c = Value(2.0), Value(3.0), Value(4.0)
    y = twice(volume(a, b, c))
    y.backward()
    assert (y.data, a.grad, b.grad, c.grad) == (48.0, 24.0, 16.0, 12.0)
    assert type(a.grad) is float


def test_interior_gradients_stand_although_no_leaf_is_reached() -> None:
    """A relu that is off stops the sweep below it, not above: E = 3 relu(-1)."""
    x = al.Value(-1.0)
    h = x.relu()
    E = h * 3.0
    E.backward()
    assert (E.grad, h.grad, x.grad) == (1.0, 3.0, 0.0)
