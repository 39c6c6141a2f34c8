"""Update rules and optimizers: the papers' steps by hand, all or nothing, and what is refused."""

from __future__ import annotations

import copy
import pickle
from math import cos, inf, isnan, nan, pi
from random import Random
from typing import Any

import numpy as np
import pytest
from worked import cases, name_of

from autograd_lite import Value, constant, nn, optim

RULES = [
    (optim.sgd, {}),
    (optim.momentum, {"variant": "torch"}),
    (optim.momentum, {"variant": "document"}),
    (optim.nesterov, {"variant": "torch"}),
    (optim.nesterov, {"variant": "lookahead"}),
    (optim.rprop, {"variant": "iminus"}),
    (optim.rprop, {"variant": "minus"}),
    (optim.rprop, {"variant": "plus"}),
    (optim.adagrad, {"variant": "torch"}),
    (optim.adagrad, {"variant": "document"}),
    (optim.adadelta, {}),
    (optim.rmsprop, {"variant": "torch"}),
    (optim.rmsprop, {"variant": "document"}),
    (optim.adam, {}),
    (optim.adamw, {}),
    (optim.adamax, {"variant": "torch"}),
    (optim.adamax, {"variant": "paper"}),
]
OPTIMIZERS = [
    optim.SGD, optim.Momentum, optim.Nesterov, optim.Rprop, optim.Adagrad, optim.Adadelta,
    optim.RMSprop, optim.Adam, optim.AdamW, optim.AdaMax,
]  # fmt: skip


def rule_name(x: Any) -> str | None:
    return x.__name__ if callable(x) else "-".join(x.values()) if isinstance(x, dict) else None


def parameters(*numbers: float) -> list[Value]:
    return [Value(x, label=f"w{i}") for i, x in enumerate(numbers)]


def numbers(ps: list[Value]) -> list[float]:
    return [p.data for p in ps]


# --- trajectories ------------------------------------------------------------------------------

CLASSES = {
    "sgd": optim.SGD, "momentum": optim.Momentum, "rprop": optim.Rprop, "adagrad": optim.Adagrad,
    "adadelta": optim.Adadelta, "rmsprop": optim.RMSprop, "adam": optim.Adam,
    "adamax": optim.AdaMax,
}  # fmt: skip
SETTINGS = {"lr": "learning_rate", "eps": "epsilon"}


def settings_of(case: Any) -> dict[str, Any]:
    """The case's hyper-parameters by our names."""
    found: dict[str, Any] = {}
    for name, value in case["hyper"].items():
        if name == "betas":
            found["beta1"], found["beta2"] = value
        else:
            found[SETTINGS.get(name, name)] = value
    variants = {("rprop", "torch"): "iminus"}
    if case["optimizer"] in ("momentum", "rprop", "adagrad", "rmsprop", "adamax"):
        key = case["optimizer"], case["variant"]
        found["variant"] = variants.get(key, case["variant"])
    return found


@pytest.mark.parametrize("case", cases("optimizer"), ids=name_of)
def test_trajectories_equal_those_of_fifty_digits(case: Any) -> None:
    """Each case minimises w^2 / 2 from 1; its gradient comes from a backward pass."""
    assert case["objective"]["expression"] == "0.5*w**2"
    w = Value(case["x0"][0])
    optimizer = CLASSES[case["optimizer"]]([w], **settings_of(case))
    for (expected,), loss in zip(case["trajectory"], case["losses"], strict=True):
        error = 0.5 * w**2
        # where the path crosses 0 its digits are those of the start, 1
        assert w.data == pytest.approx(expected, rel=case["rtol"], abs=1e-15)
        assert error.data == pytest.approx(loss, rel=2 * case["rtol"], abs=1e-15)
        optimizer.zero_grad()
        error.backward()
        optimizer.step()


def test_gradient_descent_by_hand() -> None:
    """w - 0.1 * 2 w: each step leaves 0.8 of w."""
    w = Value(1.0)
    sgd = optim.SGD([w], learning_rate=0.1)
    for power in range(1, 6):
        sgd.zero_grad()
        (w * w).backward()
        sgd.step()
        assert w.data == pytest.approx(0.8**power, rel=1e-15)


def test_adams_first_step_is_the_learning_rate_whatever_the_gradient() -> None:
    """m / (1 - b1) = g and v / (1 - b2) = g^2, so the step is rate * g / |g|."""
    ps = parameters(1.0, 1.0, 1.0)
    for p, g in zip(ps, (1e-3, -5.0, 1e6), strict=True):
        p.grad = g
    optim.Adam(ps, learning_rate=0.01).step()
    # epsilon = 1e-8 beside |g| = 1e-3 shortens the first one by 1e-5
    assert numbers(ps) == pytest.approx([0.99, 1.01, 0.99], abs=1.1e-7)


def test_adams_second_step_by_hand() -> None:
    """Gradients 1 then 0, rate 1, betas 1/2, no epsilon: m = 1/4, v = 1/4, both over 3/4."""
    w, state = optim.adam(0.0, 1.0, None, 1.0, 0.5, 0.5, 0.0)
    assert (w, state) == (-1.0, (0.5, 0.5, 1))
    w, state = optim.adam(w, 0.0, state, 1.0, 0.5, 0.5, 0.0)
    assert state == (0.25, 0.25, 2)
    assert w == pytest.approx(-1.0 - (1 / 3) / (1 / 3) ** 0.5, rel=1e-15)


def test_nesterovs_two_forms_walk_the_same_path() -> None:
    """Ours is at w + momentum * v of the paper's, whose gradient is taken there."""
    rate, mu = 0.1, 0.9
    ours, v = 1.0, None
    paper, u = 1.0, 0.0
    for _ in range(6):
        assert ours == pytest.approx(paper + mu * u, rel=1e-14)
        ours, v = optim.nesterov(ours, ours, v, rate, mu)
        paper, u = optim.nesterov(paper, paper + mu * u, u, rate, mu, "lookahead")


def test_adamw_decays_the_weight_and_not_the_gradient() -> None:
    """2 (1 - 0.1 * 0.5) = 1.9, and then Adam's first step of 0.1 against the sign of g."""
    w, _ = optim.adamw(2.0, 3.0, learning_rate=0.1, weight_decay=0.5)
    assert w == pytest.approx(1.9 - 0.1, rel=1e-8)


# --- rules are pure ----------------------------------------------------------------------------


@pytest.mark.parametrize(("rule", "settings"), RULES, ids=rule_name)
def test_rules_on_arrays_are_the_rules_on_floats(rule: Any, settings: Any) -> None:
    """Five steps of four weights: together in a vector, and each alone."""
    rng = Random(1)
    start = [rng.uniform(-2, 2) for _ in range(4)]
    gradients = [[rng.uniform(-2, 2) for _ in range(4)] for _ in range(5)]
    together, state = np.array(start), None
    alone, states = list(start), [None] * 4
    for g in gradients:
        together, state = rule(together, np.array(g), state, **settings)
        for i in range(4):
            alone[i], states[i] = rule(alone[i], g[i], states[i], **settings)
    assert together.shape == (4,)
    # NumPy's and Python's power may differ in the last bit
    assert together == pytest.approx(alone, rel=1e-14)
    assert together.tolist() != start


@pytest.mark.parametrize(("rule", "settings"), RULES, ids=rule_name)
def test_rules_change_none_of_their_arguments(rule: Any, settings: Any) -> None:
    w, g = np.array([1.0, 2.0]), np.array([0.5, -1.0])
    _, state = rule(w, g, None, **settings)
    kept = copy.deepcopy(state)
    first = rule(w, g, state, **settings)
    assert w.tolist() == [1.0, 2.0]
    assert g.tolist() == [0.5, -1.0]
    assert repr(state) == repr(kept)
    assert repr(rule(w, g, state, **settings)) == repr(first)


@pytest.mark.parametrize(
    ("rule", "text"),
    [
        (optim.momentum, "there are torch, document"),
        (optim.nesterov, "there are torch, lookahead"),
        (optim.rprop, "there are iminus, minus, plus"),
        (optim.adagrad, "there are torch, document"),
        (optim.rmsprop, "there are torch, document"),
        (optim.adamax, "there are torch, paper"),
    ],
    ids=rule_name,
)
def test_an_unknown_variant_names_the_known_ones(rule: Any, text: str) -> None:
    with pytest.raises(ValueError, match=f"{rule.__name__}: variant is 'mine'; {text}"):
        rule(1.0, 1.0, variant="mine")


@pytest.mark.parametrize(
    "kind", [optim.Momentum, optim.Rprop, optim.Adagrad, optim.RMSprop, optim.AdaMax]
)
def test_an_optimizer_refuses_an_unknown_variant_when_it_is_made(kind: Any) -> None:
    with pytest.raises(ValueError, match="variant is 'mine'"):
        kind(parameters(1.0), learning_rate=0.1, variant="mine")


# --- what an optimizer refuses (semantics G20, G13) ----------------------------------------------


@pytest.mark.parametrize("kind", OPTIMIZERS)
@pytest.mark.parametrize("rate", [nan, inf, -inf, -0.1])
def test_g20_a_learning_rate_is_finite_and_not_negative(kind: Any, rate: float) -> None:
    with pytest.raises(ValueError, match=f"learning_rate is {rate}; it must be finite and >= 0"):
        kind(parameters(1.0), learning_rate=rate)


@pytest.mark.parametrize("rate", ["0.1", None, Value(0.1), [0.1]])
def test_a_learning_rate_that_is_no_number_is_a_type_error(rate: Any) -> None:
    with pytest.raises(TypeError):
        optim.SGD(parameters(1.0), learning_rate=rate)


def test_a_learning_rate_of_0_moves_nothing() -> None:
    (w,) = ps = parameters(1.0)
    w.grad = 5.0
    optim.SGD(ps, learning_rate=0.0).step()
    assert w.data == 1.0


@pytest.mark.parametrize("kind", OPTIMIZERS)
def test_g20_no_parameters_are_a_value_error(kind: Any) -> None:
    for none in ([], (p for p in ())):
        with pytest.raises(ValueError, match=r"no parameters; give .* model\.parameters\(\)"):
            kind(none, learning_rate=0.1)


def test_g13_a_parameter_given_twice_is_a_value_error() -> None:
    """micrograd steps it twice: 0.6 in place of 0.8."""
    w = Value(1.0)
    with pytest.raises(ValueError, match="a parameter appears twice and would step twice"):
        optim.SGD([w, Value(1.0), w], 0.1)


def test_equal_numbers_are_not_the_same_parameter() -> None:
    assert len(optim.SGD([Value(1.0), Value(1.0)], 0.1).parameters) == 2


def test_g20_only_leaves_can_be_stepped() -> None:
    with pytest.raises(ValueError, match="was computed by mul; only leaves can be stepped"):
        optim.SGD([Value(1.0) * 2.0], 0.1)


@pytest.mark.parametrize("kind", OPTIMIZERS)
def test_a_model_in_place_of_its_parameters_is_a_type_error_with_the_remedy(kind: Any) -> None:
    net = nn.MLP([1, 1], rng=0)
    for given, name, remedy in (
        (net, "MLP", "model.parameters()"),
        (net.parameters, "method", "model.parameters()"),
        (Value(1.0), "Value", "[w]"),
    ):
        with pytest.raises(TypeError) as error:
            kind(given, learning_rate=0.1)
        assert str(error.value) == (
            f"parameters has the type {name}; give the optimizer a list of Values: {remedy}"
        )


@pytest.mark.parametrize("thing", [1.0, "w", None])
def test_only_values_are_parameters(thing: Any) -> None:
    with pytest.raises(TypeError, match=f"must be a Value, got {type(thing).__name__}"):
        optim.SGD([thing], 0.1)


@pytest.mark.parametrize("kind", [optim.Adam, optim.AdamW, optim.AdaMax])
@pytest.mark.parametrize("name", ["beta1", "beta2"])
@pytest.mark.parametrize("beta", [1.0, 1.5, -0.1, nan])
def test_g20_betas_lie_from_0_to_below_1(kind: Any, name: str, beta: float) -> None:
    with pytest.raises(ValueError, match=rf"{name} is {beta}; it must be in \[0, 1\)"):
        kind(parameters(1.0), **{name: beta})


@pytest.mark.parametrize(
    ("kind", "name"),
    [
        (optim.Adam, "epsilon"),
        (optim.AdamW, "weight_decay"),
        (optim.Adagrad, "epsilon"),
        (optim.Adadelta, "epsilon"),
        (optim.RMSprop, "epsilon"),
    ],
)
@pytest.mark.parametrize("number", [-1e-8, nan, inf])
def test_epsilons_and_decays_are_finite_and_not_negative(
    kind: Any, name: str, number: float
) -> None:
    with pytest.raises(ValueError, match=f"{name} is {number}; it must be finite and >= 0"):
        kind(parameters(1.0), **{name: number})


@pytest.mark.parametrize(
    ("kind", "name"),
    [
        (optim.Momentum, "momentum"),
        (optim.Nesterov, "momentum"),
        (optim.Adadelta, "rho"),
        (optim.RMSprop, "alpha"),
    ],
)
@pytest.mark.parametrize("number", [1.0, -0.1, nan])
def test_decays_of_means_lie_from_0_to_below_1(kind: Any, name: str, number: float) -> None:
    with pytest.raises(ValueError, match=rf"{name} is {number}; it must be in \[0, 1\)"):
        kind(parameters(1.0), learning_rate=0.1, **{name: number})


@pytest.mark.parametrize(
    "settings",
    [
        {"etas": (1.0, 1.2)},
        {"etas": (0.5, 0.9)},
        {"step_sizes": (0.0, 1.0)},
        {"step_sizes": (2.0, 1.0)},
    ],
)
def test_rprop_refuses_factors_and_steps_out_of_order(settings: Any) -> None:
    (name,) = settings
    with pytest.raises(ValueError, match=f"{name} is "):
        optim.Rprop(parameters(1.0), **settings)


# --- the step is all or nothing -------------------------------------------------------------------


def test_a_step_keeps_identity_type_and_gradient_of_its_parameters() -> None:
    ps = parameters(1.0, 2.0)
    for p in ps:
        p.grad = 1.0
    sgd = optim.SGD(ps, 0.5)
    sgd.step()
    assert all(a is b for a, b in zip(sgd.parameters, ps, strict=True))
    assert numbers(ps) == [0.5, 1.5]
    assert {type(p.data) for p in ps} == {float}
    assert [p.grad for p in ps] == [1.0, 1.0]


@pytest.mark.parametrize("bad", [nan, inf, -inf])
def test_g21_a_gradient_that_is_not_finite_steps_by_ieee_unless_checked(bad: float) -> None:
    """Semantics G21."""
    ps = parameters(1.0, 2.0, 3.0)
    ps[0].grad, ps[1].grad = 1.0, bad
    sgd = optim.SGD(ps, 0.5)
    with pytest.raises(ArithmeticError) as error:
        sgd.step(check_finite=True)
    assert str(error.value) == f"the gradient of w1 is {bad}; no parameter was changed"
    assert numbers(ps) == [1.0, 2.0, 3.0]
    sgd.step()
    assert numbers(ps)[::2] == [0.5, 3.0]
    assert isnan(ps[1].data) if isnan(bad) else ps[1].data == -bad


def test_a_parameter_without_a_label_is_named_by_its_number() -> None:
    ps = [Value(1.0), Value(2.0)]
    ps[1].grad = nan
    with pytest.raises(ArithmeticError, match="the gradient of number 1 is nan"):
        optim.SGD(ps, 0.5).step(check_finite=True)


def test_a_finite_gradient_passes_the_check() -> None:
    ps = parameters(1.0)
    ps[0].grad = 1.0
    optim.SGD(ps, 0.5).step(check_finite=True)
    assert numbers(ps) == [0.5]


@pytest.mark.parametrize("kind", OPTIMIZERS)
@pytest.mark.parametrize("bad", ["x", None, [1.0]])
def test_a_gradient_that_is_no_number_is_an_error_and_moves_nothing(kind: Any, bad: Any) -> None:
    """None would become nan if it were converted in silence."""
    ps = parameters(1.0, 2.0)
    optimizer = kind(ps, learning_rate=0.1)
    for p in ps:
        p.grad = 1.0
    optimizer.step()
    kept, state = numbers(ps), repr(optimizer.state)
    ps[1].grad = bad
    with pytest.raises((TypeError, ValueError)):
        optimizer.step()
    assert numbers(ps) == kept
    assert repr(optimizer.state) == state


@pytest.mark.parametrize("kind", [optim.Adam, optim.Momentum, optim.RMSprop, optim.Adadelta])
def test_a_state_of_another_length_is_an_error_and_moves_nothing(kind: Any) -> None:
    ps = parameters(1.0, 2.0)
    optimizer = kind(ps, learning_rate=0.1)
    for p in ps:
        p.grad = 1.0
    other = kind(parameters(1.0, 2.0, 3.0), learning_rate=0.1)
    other.step()
    optimizer.state = other.state
    with pytest.raises(ValueError, match="shape"):
        optimizer.step()
    assert numbers(ps) == [1.0, 2.0]
    assert optimizer.state is other.state


def test_d4_a_rule_that_is_interrupted_moves_nothing() -> None:
    class Interrupted(optim.SGD):
        def rule(self, w: Any, g: Any) -> Any:
            super().rule(w, g)
            raise KeyboardInterrupt

    ps = parameters(1.0, 2.0)
    ps[0].grad = ps[1].grad = 1.0
    with pytest.raises(KeyboardInterrupt):
        Interrupted(ps, 0.1).step()
    assert numbers(ps) == [1.0, 2.0]


def test_zero_grad_clears_the_gradients_of_its_parameters_alone() -> None:
    (w, other) = parameters(1.0, 2.0)
    w.grad = other.grad = 5.0
    optim.SGD([w], 0.1).zero_grad()
    assert (w.grad, other.grad) == (0.0, 5.0)
    assert w.data == 1.0


def test_the_state_is_none_before_the_first_step_and_continues_elsewhere() -> None:
    """Together with the settings it is all that a continuation needs."""
    one, two = parameters(1.0), parameters(1.0)
    first, second = optim.Adam(one), optim.Adam(two)
    assert first.state is None
    for _ in range(3):
        one[0].grad = two[0].grad = one[0].data
        first.step()
        second.step()
    resumed = optim.Adam(two)
    resumed.state = first.state
    one[0].grad = two[0].grad = 0.5
    first.step()
    resumed.step()
    assert numbers(one) == numbers(two)


def test_the_learning_rate_may_change_between_steps() -> None:
    (w,) = ps = parameters(1.0)
    w.grad = 1.0
    sgd = optim.SGD(ps, 0.5)
    sgd.step()
    sgd.learning_rate = 0.125
    sgd.step()
    assert w.data == 1.0 - 0.5 - 0.125


def test_two_losses_of_shared_parameters_step_by_the_sum() -> None:
    (w,) = ps = parameters(3.0)
    (w * 2.0).backward()
    (w * constant(5.0)).backward()
    optim.SGD(ps, 0.25).step()
    assert w.data == 3.0 - 0.25 * 7.0


# --- schedules -----------------------------------------------------------------------------------


def rates(schedule: Any, first: float, losses: list[float]) -> list[float]:
    """The rate after each epoch."""
    found, rate = [], first
    for n in range(1, len(losses) + 1):
        rate = schedule(rate, losses[:n])
        found.append(rate)
    return found


def test_the_bold_driver_speeds_up_while_the_error_falls() -> None:
    """Lecture 002: longer steps on success, half on failure; the first epoch is no failure."""
    got = rates(optim.bold_driver(longer=1.5, shorter=0.5), 1.0, [4.0, 3.0, 5.0, 5.0])
    assert got == [1.5, 2.25, 1.125, 1.6875]


def test_step_decay_acts_after_every_so_many_epochs() -> None:
    got = rates(optim.step_decay(every=2, factor=0.5), 1.0, [1.0] * 5)
    assert got == [1.0, 0.5, 0.5, 0.25, 0.25]


def test_exponential_decay_is_a_geometric_sequence() -> None:
    assert rates(optim.exponential_decay(0.5), 1.0, [1.0] * 3) == [0.5, 0.25, 0.125]


def test_cosine_goes_from_the_first_rate_to_0() -> None:
    got = rates(optim.cosine(epochs=4), 0.2, [1.0] * 6)
    expected = [0.1 * (1.0 + cos(pi * n / 4)) for n in range(1, 4)] + [0.0] * 3
    assert got == pytest.approx(expected, rel=1e-14)


@pytest.mark.parametrize(
    ("make", "text"),
    [
        (lambda: optim.step_decay(every=0), "step_decay: every is 0; it must be at least 1"),
        (lambda: optim.cosine(epochs=0), "cosine: epochs is 0; it must be at least 1"),
    ],
)
def test_schedules_refuse_no_epochs(make: Any, text: str) -> None:
    with pytest.raises(ValueError, match=text):
        make()


@pytest.mark.parametrize(
    "name", ["Momentum", "Nesterov", "Rprop", "Adagrad", "Adadelta", "RMSprop", "Adam", "AdamW",
             "AdaMax"],
)  # fmt: skip
def test_a_restored_state_continues_bit_for_bit(name: str) -> None:
    """Five steps at once equal two steps, the state pickled into a new optimizer, and three."""

    def steps(optimizer: optim.Optimizer, count: int) -> None:
        for _ in range(count):
            optimizer.zero_grad()
            a, b = optimizer.parameters
            a.grad, b.grad = 3.0 * a.data, b.data**3
            optimizer.step()

    kind = getattr(optim, name)
    whole = kind([Value(1.0), Value(-2.0)], learning_rate=0.1)
    steps(whole, 5)
    first = kind([Value(1.0), Value(-2.0)], learning_rate=0.1)
    steps(first, 2)
    saved = pickle.dumps((first.state, [p.data for p in first.parameters]))
    state, numbers = pickle.loads(saved)
    second = kind([Value(x) for x in numbers], learning_rate=0.1)
    second.state = state
    steps(second, 3)
    assert [p.data for p in second.parameters] == [p.data for p in whole.parameters]
