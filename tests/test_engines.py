"""Compiled training is eager training: the same losses, weights and stops, much faster."""

from __future__ import annotations

import re
from typing import Any

import numpy as np
import pytest

import autograd_lite as al
from autograd_lite import data, engines, losses, nn, optim, training

TASKS: dict[str, tuple[Any, dict[str, Any]]] = {
    "half_squared_error": (losses.half_squared_error, {"output": "sigmoid"}),
    "squared_error": (losses.squared_error, {}),
    "binary_cross_entropy": (losses.binary_cross_entropy, {"output": "sigmoid"}),
    "binary_cross_entropy_with_logits": (losses.binary_cross_entropy_with_logits, {}),
    "cross_entropy": (losses.cross_entropy, {"output": "softmax"}),
    "cross_entropy_with_logits": (losses.cross_entropy_with_logits, {}),
}
OPTIMIZERS = {
    name: getattr(optim, name)
    for name in ("SGD", "Momentum", "Nesterov", "Rprop", "Adagrad", "Adadelta", "RMSprop", "Adam",
                 "AdamW", "AdaMax")
}  # fmt: skip


def task(count: int = 24) -> tuple[Any, Any]:
    X, labels = data.two_moons(count, seed=1)
    return X, data.one_hot((labels > 0).astype(int), 2)


def run(engine: str, loss: Any, kind: dict[str, Any], optimizer: Any, **options: Any) -> Any:
    X, T = task()
    model = nn.MLP([2, 5, 2], "tanh", rng=4, **kind)
    history = training.fit(
        model, loss, X, T, optimizer(model.parameters(), learning_rate=0.05), 6,
        engine=engine, progress=False, **options,
    )  # fmt: skip
    return model, history


def assert_same(loss: Any, kind: Any, optimizer: Any, **options: Any) -> None:
    plain, expected = run("eager", loss, kind, optimizer, **options)
    model, history = run("compiled", loss, kind, optimizer, **options)
    assert (history.engine, expected.engine) == ("compiled", "eager")
    for name in ("loss", "accuracy", "validation_loss", "validation_accuracy", "gradient"):
        np.testing.assert_allclose(
            getattr(history, name), getattr(expected, name), rtol=1e-9, atol=1e-9, err_msg=name
        )
    assert history.stopped == expected.stopped
    got, wanted = ([p.data for p in m.parameters()] for m in (model, plain))
    np.testing.assert_allclose(got, wanted, rtol=1e-9, atol=1e-9)


@pytest.mark.parametrize("name", TASKS)
@pytest.mark.parametrize("batch_size", [1, 7, "all"])
def test_every_loss_and_batch_mode_trains_alike(name: str, batch_size: Any) -> None:
    loss, kind = TASKS[name]
    assert_same(loss, kind, optim.SGD, batch_size=batch_size)


@pytest.mark.parametrize("name", OPTIMIZERS)
@pytest.mark.parametrize("reduce", ["mean", "sum"])
def test_every_optimizer_trains_alike(name: str, reduce: str) -> None:
    assert_same(losses.cross_entropy_with_logits, {}, OPTIMIZERS[name], batch_size=8, reduce=reduce)


def test_validation_schedules_and_stops_are_alike() -> None:
    X, T = task(10)
    assert_same(
        losses.cross_entropy_with_logits, {}, optim.Adam, batch_size=8, validation=(X, T),
        schedule=optim.bold_driver(), patience=2,
    )  # fmt: skip


def test_hinge_with_one_output_trains_alike() -> None:
    X, labels = data.two_moons(20)
    histories = []
    for engine in ("eager", "compiled"):
        model = nn.MLP([2, 4, 1], "relu", rng=1)
        histories.append(
            training.fit(
                model,
                losses.hinge,
                X,
                labels[:, None],
                optim.SGD(model.parameters(), 0.1),
                5,
                4,
                threshold=0.0,
                engine=engine,
                progress=False,
            )
        )
    np.testing.assert_allclose(histories[0].loss, histories[1].loss, rtol=1e-9)
    assert histories[0].accuracy == histories[1].accuracy


def choosing(outputs: Any, targets: Any) -> Any:
    """A loss whose graph depends on the numbers."""
    y, t = outputs[0], targets[0]
    return (y - t) ** 2 if y > t else 3.0 * (y - t) ** 2


def test_a_graph_that_changes_falls_back_and_says_why() -> None:
    model = nn.MLP([2, 1], rng=0)
    X, T = task(8)
    history = training.fit(
        model, choosing, X, T[:, :1], optim.SGD(model.parameters(), 0.1), 2, progress=False
    )
    assert history.engine.startswith("eager, since it does not compile: the truth of a comparison")
    assert "al.where" in history.engine
    with pytest.raises(al.TraceError):
        training.fit(
            model, choosing, X, T[:, :1], optim.SGD(model.parameters(), 0.1), 2,
            engine="compiled", progress=False,
        )  # fmt: skip


def test_a_fall_back_says_that_it_is_not_in_float32() -> None:
    model = nn.MLP([2, 1], rng=0)
    X, T = task(8)
    texts = [
        training.fit(
            model, choosing, X, T[:, :1], optim.SGD(model.parameters(), 0.1), 1,
            progress=False, dtype=dtype,
        ).engine for dtype in (np.float32, float)
    ]  # fmt: skip
    assert texts[0].startswith("eager, in float64 and not in float32, since it does not compile: ")
    assert texts[1].startswith("eager, since it does not compile: ")


def peeking(outputs: Any, targets: Any) -> Any:
    """A loss that reads `.data` of its target: recorded once, it would be wrong for the rest."""
    t = targets[0]
    number = t.data if isinstance(t, al.Value) else t
    y = outputs[0]
    return (y - t) ** 2 if number > 0.5 else 2.0 * (y - t) ** 2


def test_a_loss_that_looks_at_numbers_in_secret_is_found_out() -> None:
    model = nn.MLP([2, 1], rng=0)
    X, T = task(8)
    history = training.fit(
        model, peeking, X, T[:, :1], optim.SGD(model.parameters(), 0.1), 2, progress=False
    )
    assert "another graph on numbers" in history.engine


def test_an_unknown_engine_is_a_value_error() -> None:
    with pytest.raises(ValueError, match='"auto", "compiled" or "eager"'):
        run("fast", *TASKS["squared_error"], optim.SGD)


def test_a_program_that_overflows_where_values_do_not_asks_for_the_eager_engine(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    """Whatever a program does to its numbers, no weight follows a loss that is inf."""
    model = nn.MLP.from_weights([[[1.0]]], activations="identity")
    sgd, ones = optim.SGD(model.parameters(), 0.1), np.ones((2, 1))
    stepper = engines.Compiled(model, losses.half_squared_error, ones, 3 * ones, sgd, float)
    wrong = np.array([[2.0, np.inf], [1.0, 1.0]]), np.array([-2.0])
    monkeypatch.setattr(stepper.program, "run", lambda *_: wrong)
    with pytest.raises(al.NonFiniteError) as error:
        stepper.step([0, 1], 0.5, 3)
    assert str(error.value) == (
        "epoch 4, sample 1: the loss is inf in the compiled program, but 2.0 in Values; "
        'give engine="eager"'
    )
    assert stepper.theta.tolist() == [p.data for p in model.parameters()] == [1.0]


@pytest.mark.parametrize("x", [1e39, 1e30])
def test_numbers_too_large_for_float32_are_not_blamed_on_the_loss(x: float) -> None:
    """1e39 is no float32; 1e30 is one, its square is none. w = 0.5 and t = 0: (w x)^2 / 2."""

    def fit(engine: Any) -> Any:
        model = nn.MLP.from_weights([[[0.5]]], activations="identity")
        sgd = optim.SGD(model.parameters(), 0.0)
        return training.fit(
            model, losses.half_squared_error, [[1.0], [x]], [[0.0], [0.0]], sgd, 1,
            engine=engine, dtype=np.float32, progress=False,
        )  # fmt: skip

    with pytest.raises(al.CompileError) as error:
        fit("compiled")
    for text in (str(error.value), fit("auto").engine):
        found = re.search(
            r"sample 1: the loss is inf in float32, but (\S+) in float64; give dtype=float64$", text
        )
        assert found, text
        assert float(found[1]) == pytest.approx(x * x / 8, rel=1e-14)


def test_parameters_outside_the_optimizer_stay() -> None:
    for engine in ("eager", "compiled"):
        model = nn.MLP([2, 3, 2], rng=0)
        X, T = task(8)
        first = model.layers[0].parameters()
        before = [p.data for p in first]
        training.fit(
            model, losses.squared_error, X, T, optim.SGD(model.layers[1].parameters(), 0.1), 2,
            engine=engine, progress=False,
        )  # fmt: skip
        assert [p.data for p in first] == before


def test_float32_training_reaches_the_same_loss_to_four_digits() -> None:
    loss, kind = TASKS["cross_entropy_with_logits"]
    _, double = run("compiled", loss, kind, optim.Adam, batch_size=8)
    _, single = run("compiled", loss, kind, optim.Adam, batch_size=8, dtype=np.float32)
    np.testing.assert_allclose(single.loss, double.loss, rtol=1e-4)


@pytest.mark.parametrize("name", OPTIMIZERS)
def test_every_optimizer_learns_xor(name: str) -> None:
    """The four samples are all classified right, from the same start."""
    rates = {
        "SGD": 2.0, "Momentum": 0.5, "Nesterov": 0.5, "Rprop": 0.05, "Adagrad": 0.5,
        "Adadelta": 20.0, "RMSprop": 0.02, "Adam": 0.05, "AdamW": 0.05, "AdaMax": 0.1,
    }  # fmt: skip
    X, T = data.truth_table("XOR")
    model = nn.MLP([2, 4, 1], "tanh", "sigmoid", rng=1)
    history = training.fit(
        model, losses.binary_cross_entropy, X, T,
        OPTIMIZERS[name](model.parameters(), learning_rate=rates[name]), 2000, "all",
        threshold=0.5, stop_loss=0.05, progress=False,
    )  # fmt: skip
    assert history.loss[0] > 0.5
    assert history.stopped == "loss"
    assert history.accuracy[-1] == 1.0


@pytest.mark.parametrize("loss", [*TASKS, "hinge"])
@pytest.mark.parametrize(
    "activation", ["identity", "tanh", "sigmoid", "relu", "leaky_relu", "silu"]
)
@pytest.mark.parametrize("bias", ["per_neuron", "shared", "none"])
def test_gradients_of_every_loss_activation_and_bias_pass_the_check(
    loss: str, activation: str, bias: str
) -> None:
    function, kind = TASKS.get(loss, (losses.hinge, {}))
    target = [-1.0, 1.0] if loss == "hinge" else [0.0, 1.0]
    model = nn.MLP([2, 2, 2], activation, bias=bias, rng=3, **kind)
    parameters = model.parameters()
    start = [p.data or 0.1 for p in parameters]

    def f(ws: list[Any]) -> Any:
        copy = nn.MLP([2, 2, 2], activation, bias=bias, rng=3, **kind)
        place = dict(zip(copy.parameters(), ws, strict=True))
        for layer in copy.layers:
            for neuron in layer.neurons:
                neuron.weights = [place[w] for w in neuron.weights]
                neuron.bias = None if neuron.bias is None else place[neuron.bias]
        return function(copy([0.5, -0.4]), target)

    al.check_gradients(f, start, order=1)
