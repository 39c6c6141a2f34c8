"""Losses: values and gradients by hand, the extremes, and what is refused."""

from __future__ import annotations

from functools import partial
from math import exp, inf, isnan, log, nan
from typing import Any

import mpmath
import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from autograd_lite import (
    Value,
    check_gradients,
    constant,
    data,
    inputs,
    losses,
    nn,
    optim,
    sigmoid,
    softmax,
    training,
)  # fmt: skip

ALL = [
    losses.half_squared_error,
    losses.squared_error,
    losses.binary_cross_entropy,
    losses.binary_cross_entropy_with_logits,
    losses.cross_entropy,
    losses.cross_entropy_with_logits,
    losses.hinge,
]
IN_UNIT = ALL[2:6]


def by_name(loss: Any) -> str:
    return loss.__name__


def measured(loss: Any, outputs: list[float], targets: Any) -> tuple[float, list[float]]:
    """The loss and its derivatives by the outputs."""
    ys = [Value(y) for y in outputs]
    error = loss(ys, targets)
    error.backward()
    return error.data, [y.grad for y in ys]


# --- by hand --------------------------------------------------------------------------------


def test_half_squared_error_by_hand() -> None:
    """((3 - 1)^2 + (1 - 4)^2) / 2 = 6.5; the derivative is the error y - t."""
    assert measured(losses.half_squared_error, [3.0, 1.0], [1.0, 4.0]) == (6.5, [2.0, -3.0])


def test_squared_error_by_hand() -> None:
    """Without the half: 13, and 2 (y - t)."""
    assert measured(losses.squared_error, [3.0, 1.0], [1.0, 4.0]) == (13.0, [4.0, -6.0])


def test_squared_errors_take_any_target() -> None:
    assert measured(losses.half_squared_error, [0.0], [-7.0]) == (24.5, [7.0])


def test_binary_cross_entropy_by_hand() -> None:
    """-ln 0.25 - ln(1 - 0.2); derivatives -1/p for t = 1 and 1/(1-p) for t = 0."""
    value, gradient = measured(losses.binary_cross_entropy, [0.25, 0.2], [1.0, 0.0])
    assert value == pytest.approx(-log(0.25) - log(0.8), rel=1e-15)
    assert gradient == pytest.approx([-4.0, 1.25], rel=1e-15)


def test_cross_entropy_by_hand() -> None:
    """-ln 0.25; -1/p for the right class alone."""
    value, gradient = measured(losses.cross_entropy, [0.75, 0.25], [0.0, 1.0])
    assert value == pytest.approx(log(4.0), rel=1e-15)
    assert gradient == [0.0, -4.0]


def test_binary_cross_entropy_on_logits_by_hand() -> None:
    """E000-12: the g' cancels, delta = y - t; here y = sigmoid(ln 3) = 3/4."""
    z = log(3.0)
    loss = losses.binary_cross_entropy_with_logits
    for t, value in ((1.0, -log(0.75)), (0.0, -log(0.25))):
        got, (delta,) = measured(loss, [z], [t])
        assert got == pytest.approx(value, rel=1e-15)
        assert delta == pytest.approx(0.75 - t, rel=1e-15)


def test_cross_entropy_on_logits_by_hand() -> None:
    """E002-04: delta = y - t in every class; softmax(ln 1, ln 2, ln 5) = (1, 2, 5) / 8."""
    logits = [log(1.0), log(2.0), log(5.0)]
    value, delta = measured(losses.cross_entropy_with_logits, logits, [0.0, 1.0, 0.0])
    assert value == pytest.approx(log(4.0), rel=1e-15)
    assert delta == pytest.approx([1 / 8, 2 / 8 - 1.0, 5 / 8], rel=1e-15)


def test_hinge_by_hand() -> None:
    """max(0, 1 - t y): 1 - 0.25, 1 + 0.5 and 0 beyond the margin; the derivative is -t or 0."""
    value, gradient = measured(losses.hinge, [0.25, 0.5, 3.0, -2.0], [1.0, -1.0, 1.0, -1.0])
    assert value == 0.75 + 1.5
    assert gradient == [-1.0, 1.0, 0.0, 0.0]


def test_on_the_margin_hinge_has_no_derivative_and_chooses_0() -> None:
    """relu'(0) = 0 (semantics D10)."""
    assert measured(losses.hinge, [1.0], [1.0]) == (0.0, [0.0])


# --- both forms of one loss ---------------------------------------------------------------------


@settings(max_examples=50, deadline=None, derandomize=True)
@given(z=st.floats(-6.0, 6.0), t=st.floats(0.0, 1.0))
def test_delta_of_sigmoid_and_binary_cross_entropy_is_y_minus_t(z: float, t: float) -> None:
    """E000-12, for soft targets too, through either form."""
    y = 1.0 / (1.0 + exp(-z))
    logit = Value(z)
    probability_form = losses.binary_cross_entropy([sigmoid(logit)], [t])
    probability_form.backward()
    value, (delta,) = measured(losses.binary_cross_entropy_with_logits, [z], [t])
    assert delta == pytest.approx(y - t, abs=1e-15)
    # through p the factors 1/p and y(1-y) meet: near |z| = 6 that amplifies 400 fold
    assert logit.grad == pytest.approx(y - t, abs=1e-13)
    assert probability_form.data == pytest.approx(value, rel=1e-12, abs=1e-13)


@settings(max_examples=50, deadline=None, derandomize=True)
@given(
    zs=st.lists(st.floats(-5.0, 5.0), min_size=2, max_size=5),
    weights=st.lists(st.floats(0.0, 1.0), min_size=5, max_size=5),
)
def test_delta_of_softmax_and_cross_entropy(zs: list[float], weights: list[float]) -> None:
    """E002-04: y_k sum(t) - t_k, which is y - t where the targets sum to 1."""
    t = weights[: len(zs)]
    total = sum(exp(z) for z in zs)
    expected = [exp(z) / total * sum(t) - tk for z, tk in zip(zs, t, strict=True)]
    logits = [Value(z) for z in zs]
    probability_form = losses.cross_entropy(softmax(logits), t)
    if any(t):
        probability_form.backward()
    value, delta = measured(losses.cross_entropy_with_logits, zs, t)
    assert delta == pytest.approx(expected, abs=1e-14)
    assert [z.grad for z in logits] == pytest.approx(expected, abs=1e-13)
    assert probability_form.data == pytest.approx(value, rel=1e-12, abs=1e-13)


@pytest.mark.parametrize("loss", IN_UNIT, ids=by_name)
def test_soft_targets_have_right_first_and_second_derivatives(loss: Any) -> None:
    check_gradients(lambda y: loss(y, [0.3, 0.7]), [0.2, 0.6])


def test_soft_binary_targets_by_hand() -> None:
    """t = 0.25, p = 0.5: ln 2, and (p - t) / (p (1 - p)) = 1."""
    value, (slope,) = measured(losses.binary_cross_entropy, [0.5], [0.25])
    assert value == pytest.approx(log(2.0), rel=1e-15)
    assert slope == pytest.approx(1.0, rel=1e-15)


# --- the extremes -------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("p", "t", "value", "slope"),
    [
        (1.0, 1.0, 0.0, -1.0),
        (0.0, 0.0, 0.0, 1.0),
        (0.0, 1.0, 100.0, -inf),
        (1.0, 0.0, 100.0, inf),
        (0.0, 0.5, 50.0, -inf),
    ],
)
def test_d8_probabilities_of_exactly_0_and_1(
    p: float, t: float, value: float, slope: float
) -> None:
    """Semantics D8: logarithms from -100 on in the value, the derivative is IEEE's."""
    got, (derivative,) = measured(losses.binary_cross_entropy, [p], [t])
    assert got == value
    assert derivative == slope


def test_a_class_of_target_0_may_have_the_probability_0() -> None:
    assert measured(losses.cross_entropy, [0.0, 1.0], [0.0, 1.0]) == (0.0, [0.0, -1.0])


def test_a_right_class_of_probability_0_is_an_infinite_loss() -> None:
    """Semantics D1: no epsilon hides it, fit's NonFiniteError tells of it."""
    value, gradient = measured(losses.cross_entropy, [1.0, 0.0], [0.0, 1.0])
    assert value == inf
    assert gradient == [0.0, -inf]


@pytest.mark.parametrize(
    ("z", "t", "value", "delta"),
    [
        (800.0, 1.0, 0.0, 0.0),
        (-800.0, 0.0, 0.0, 0.0),
        (-800.0, 1.0, 800.0, -1.0),
        (800.0, 0.0, 800.0, 1.0),
        (800.0, 0.25, 600.0, 0.75),
        (inf, 1.0, 0.0, 0.0),
        (-inf, 1.0, inf, -1.0),
    ],
)
def test_large_logits_of_the_binary_form(z: float, t: float, value: float, delta: float) -> None:
    """-t ln s(z) - (1-t) ln s(-z) with ln s(-800) = -800; torch gives nan at z = inf."""
    got = measured(losses.binary_cross_entropy_with_logits, [z], [t])
    assert got == (value, [delta])


def test_confident_right_logits_keep_their_digits() -> None:
    """At z = 40, t = 1 the loss is e^-40 and its derivative -e^-40, not 0."""
    with mpmath.workdps(40):
        small = float(mpmath.log(1 + mpmath.exp(-40)))
        slope = -float(mpmath.exp(-40) / (1 + mpmath.exp(-40)))
    value, (delta,) = measured(losses.binary_cross_entropy_with_logits, [40.0], [1.0])
    assert (value, delta) == pytest.approx((small, slope), rel=1e-15, abs=0.0)
    value, deltas = measured(losses.cross_entropy_with_logits, [40.0, 0.0], [1.0, 0.0])
    assert value == pytest.approx(small, rel=1e-15, abs=0.0)
    assert deltas == pytest.approx([slope, -slope], rel=1e-14, abs=0.0)


@pytest.mark.parametrize(
    ("t", "value", "delta"),
    [([1.0, 0.0], 0.0, [0.0, 0.0]), ([0.0, 1.0], 1600.0, [1.0, -1.0])],
)
def test_large_logits_of_the_multi_class_form(t: Any, value: float, delta: list[float]) -> None:
    got = measured(losses.cross_entropy_with_logits, [800.0, -800.0], t)
    assert got == (value, delta)


# --- what is taken and refused --------------------------------------------------------------------


@pytest.mark.parametrize("loss", ALL, ids=by_name)
def test_another_number_of_targets_names_both(loss: Any) -> None:
    """Semantics G18."""
    for count in (1, 3):
        with pytest.raises(ValueError, match=f"2 outputs but {count} targets") as error:
            loss([Value(0.5), Value(0.5)], [1.0] * count)
        assert str(error.value).startswith(f"{loss.__name__}: ")


@pytest.mark.parametrize("loss", ALL, ids=by_name)
def test_no_outputs_are_a_value_error(loss: Any) -> None:
    with pytest.raises(ValueError, match=f"^{loss.__name__}: no outputs$"):
        loss([], [])


@pytest.mark.parametrize("loss", IN_UNIT, ids=by_name)
@pytest.mark.parametrize("t", [1.5, -0.1, nan, inf, 7])
def test_d1_targets_outside_the_unit_interval_are_value_errors(loss: Any, t: float) -> None:
    with pytest.raises(ValueError, match="must lie in") as error:
        loss([Value(0.5), Value(0.5)], [0.0, t])
    assert str(error.value) == f"{loss.__name__}: target 1 is {t}; it must lie in [0, 1]"


@pytest.mark.parametrize("t", [0.0, 0.5, 2.0, nan])
def test_hinge_takes_the_targets_minus_1_and_1_alone(t: float) -> None:
    with pytest.raises(ValueError, match=f"hinge: the target {t} is neither -1 nor 1"):
        losses.hinge([Value(0.5)], [t])


@pytest.mark.parametrize("loss", ALL, ids=by_name)
def test_ints_arrays_and_constants_are_targets_too(loss: Any) -> None:
    expected = measured(loss, [0.5, 0.25], [1.0, 1.0])
    for targets in ([1, 1], (1.0, 1), np.array([1.0, 1.0]), np.array([1, 1])):
        assert measured(loss, [0.5, 0.25], targets) == expected
    assert measured(loss, [0.5, 0.25], [constant(1.0), constant(1.0)]) == expected


@pytest.mark.parametrize("loss", ALL, ids=by_name)
def test_floats_give_the_float_that_values_hold(loss: Any) -> None:
    got = loss([0.5, 0.25], [1.0, 1.0])
    assert type(got) is float
    assert got == measured(loss, [0.5, 0.25], [1.0, 1.0])[0]


@pytest.mark.parametrize("loss", [losses.half_squared_error, losses.cross_entropy_with_logits])
def test_what_the_lectures_draw_as_one_box_is_one_node(loss: Any) -> None:
    ys = [Value(0.5), Value(0.25)]
    assert loss(ys, [1.0, 0.0]).parents == (*ys, 1.0, 0.0)


def test_targets_that_are_values_get_gradients() -> None:
    """d/dt (y - t)^2 / 2 = t - y; d/dt BCE on logits = -z."""
    t = Value(1.0)
    losses.half_squared_error([Value(3.0)], [t]).backward()
    assert t.grad == -2.0
    t = Value(0.5)
    losses.binary_cross_entropy_with_logits([Value(3.0)], [t]).backward()
    assert t.grad == -3.0


@pytest.mark.parametrize("p", [-1e-300, -0.4, 1.5, inf, -inf])
@pytest.mark.parametrize("make", [float, Value], ids=["float", "Value"])
@pytest.mark.parametrize("name", ["binary_cross_entropy", "cross_entropy"])
def test_outputs_that_are_no_probabilities_are_value_errors(name: str, make: Any, p: float) -> None:
    """-ln 1.5 would be a negative loss, which training makes ever more negative."""
    activation = {"binary_cross_entropy": "sigmoid", "cross_entropy": "softmax"}[name]
    with pytest.raises(ValueError, match="a probability lies in") as error:
        getattr(losses, name)([make(0.5), make(p)], [0.0, 1.0])
    assert str(error.value) == (
        f"{name}: output 1 is {p}; a probability lies in [0, 1]: give the last layer "
        f'output="{activation}", or take {name}_with_logits'
    )


@pytest.mark.parametrize("engine", ["eager", "compiled"])
def test_training_without_a_sigmoid_is_refused_before_a_weight_moves(engine: str) -> None:
    """x1 + x2 + 0.5 is 1.5 or 2.5 in three samples; which comes first is chance."""
    X, T = data.truth_table("XOR")
    net = nn.MLP.from_weights([[[1.0], [1.0]]], [[0.5]], "identity")
    with pytest.raises(ValueError, match=r'output 0 is [12]\.5; .* output="sigmoid"'):
        training.fit(net, losses.binary_cross_entropy, X, T, optim.SGD(net.parameters(), 0.1),
                     epochs=3, engine=engine, progress=False)  # fmt: skip
    assert [p.data for p in net.parameters()] == [1.0, 1.0, 0.5]


@pytest.mark.parametrize("engine", ["eager", "compiled"])
def test_an_output_that_training_moves_out_of_the_unit_interval_is_refused(engine: str) -> None:
    """An MLP's last layer is the identity by default; -ln p falls below 0 beyond p = 1."""
    X, T = data.truth_table("XOR")
    net = nn.MLP([2, 4, 1], "tanh", rng=1)
    assert ((net.predict(X) >= 0.0) & (net.predict(X) <= 1.0)).all()
    with pytest.raises(ValueError, match="binary_cross_entropy: output 0 is -0"):
        training.fit(net, losses.binary_cross_entropy, X, T, optim.Adam(net.parameters(), 0.01),
                     epochs=500, engine=engine, progress=False)  # fmt: skip


@pytest.mark.parametrize("loss", ALL, ids=by_name)
def test_outputs_that_are_not_known_yet_pass(loss: Any) -> None:
    """Placeholders hold nan until the compiled program runs."""
    x, y = inputs(2)
    assert isnan(loss([x, y], [1.0, 1.0]).data)
    assert isnan(loss([nan, nan], [1.0, 1.0]))


@pytest.mark.parametrize("loss", [*ALL, partial(losses.batch, losses.half_squared_error)], ids=str)
def test_a_single_number_in_place_of_a_list_is_a_type_error_with_the_remedy(loss: Any) -> None:
    both = "outputs and targets are lists of equal length: where x is given now, give "
    for outputs, targets, words in (
        ([Value(0.5)], 1.0, f"targets is the float 1.0; {both}[x]"),
        ([Value(0.5)], Value(1.0), f"targets is a Value; {both}[x]"),
        ([Value(0.5)], np.array(1.0), f"targets is a ndarray; {both}list(x)"),
        (Value(0.5), 1, f"outputs is a Value; {both}[x]"),
        (iter([0.5]), [1], f"outputs is a list_iterator; {both}list(x)"),
    ):
        with pytest.raises(TypeError) as error:
            loss(outputs, targets)
        assert str(error.value).partition(": ")[2] == words


# --- batches -------------------------------------------------------------------------------------


def test_a_batch_is_summed_or_averaged() -> None:
    """Errors 2, 1 and 4: half squares 2, 0.5 and 8."""
    for reduce, value, gradient in (
        ("sum", 10.5, [2.0, -1.0, 4.0]),
        ("mean", 3.5, [2.0 / 3.0, -1.0 / 3.0, 4.0 / 3.0]),
    ):
        ys = [Value(3.0), Value(0.0), Value(5.0)]
        error = losses.batch(
            losses.half_squared_error, [[y] for y in ys], [[1.0], [1.0], [1.0]], reduce
        )
        error.backward()
        assert error.data == value
        assert [y.grad for y in ys] == pytest.approx(gradient, rel=1e-15)


def test_the_mean_is_the_default_and_over_samples_not_outputs() -> None:
    """Two samples of two outputs: (0.5 + 0.5 + 2 + 2) / 2, not / 4."""
    outputs = [[Value(1.0), Value(1.0)], [Value(2.0), Value(2.0)]]
    targets = [[0.0, 0.0], [0.0, 0.0]]
    assert losses.batch(losses.half_squared_error, outputs, targets).data == 2.5


def test_batches_refuse_what_they_cannot_reduce() -> None:
    loss = losses.half_squared_error
    with pytest.raises(ValueError, match='batch: reduce is \'avg\'; it must be "mean" or "sum"'):
        losses.batch(loss, [[Value(1.0)]], [[1.0]], "avg")
    with pytest.raises(ValueError, match="batch: no outputs"):
        losses.batch(loss, [], [])
    with pytest.raises(ValueError, match="batch: 2 outputs but 1 targets"):
        losses.batch(loss, [[Value(1.0)], [Value(1.0)]], [[1.0]])
