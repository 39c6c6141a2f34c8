"""Every worked example of the lectures: the engine's numbers equal 50-digit arithmetic."""

from __future__ import annotations

from math import sqrt
from typing import Any

import pytest
from worked import assert_close, cases, close, loss_of, measured, name_of, network, trained

import autograd_lite as al


@pytest.mark.parametrize("case", cases("network"), ids=name_of)
def test_every_sample_gives_the_exact_activations_deltas_and_gradients(case: Any) -> None:
    mlp = network(case)
    for number, step in enumerate(case["rounds"]):
        for p in mlp.parameters():
            p.data = step["exact"]["params_before"].get(p.label, p.data)
        for sample, exact in zip(case["samples"], step["exact"]["samples"], strict=True):
            got = measured(mlp, loss_of(case), sample["x"], sample["t"])
            got["grads"] = {name: got["grads"][name] for name in exact["grads"]}
            expected = {key: exact[key] for key in got}
            assert_close(got, expected, f"round {number + 1}")
            if case["loss"]["name"] != "cross_entropy":  # it takes all outputs together
                pairs = zip(mlp(sample["x"]), sample["t"], strict=True)
                shares = [loss_of(case)([y], [t]).data for y, t in pairs]
                assert_close(shares, exact["per_output_loss"])


@pytest.mark.parametrize("case", cases("network"), ids=name_of)
def test_consecutive_updates_give_the_exact_parameters(case: Any) -> None:
    mlp = network(case)
    parameters = trained(case, mlp)
    optimizer = al.optim.SGD(parameters, case["learning_rate"])
    for number, step in enumerate(case["rounds"]):
        where, exact = f"round {number + 1}", step["exact"]
        before = {p.label: p.data for p in parameters}
        assert_close(before, {name: exact["params_before"][name] for name in before}, where)
        optimizer.zero_grad()
        loss = al.losses.batch(
            loss_of(case),
            [mlp(sample["x"]) for sample in case["samples"]],
            [sample["t"] for sample in case["samples"]],
            reduce=case["loss"]["batch"],
        )
        loss.backward()
        assert_close(loss.data, exact["loss"], where)
        gradients = {p.label: p.grad for p in parameters}
        assert_close(gradients, exact["grads"], where)
        if exact.get("updates"):
            optimizer.step()
            moved = {p.label: p.data - before[p.label] for p in parameters}
            for name, update in exact["updates"].items():
                # the difference of two weights keeps their absolute error, not its own digits
                assert abs(moved[name] - update) <= 1e-12 * (abs(before[name]) + abs(update))
            assert_close({p.label: p.data for p in parameters}, exact["params_after"], where)


@pytest.mark.parametrize("case", cases("network"), ids=name_of)
def test_fit_takes_the_same_steps(case: Any) -> None:
    mlp = network(case)
    steps = [step["exact"] for step in case["rounds"] if step["exact"].get("params_after")]
    al.training.fit(
        mlp,
        loss_of(case),
        [sample["x"] for sample in case["samples"]],
        [sample["t"] for sample in case["samples"]],
        al.optim.SGD(trained(case, mlp), case["learning_rate"]),
        epochs=len(steps),
        batch_size="all",
        reduce=case["loss"]["batch"],
        shuffle=None,
        progress=False,
    )
    after = {p.label: p.data for p in mlp.parameters()}
    assert_close(after, {name: steps[-1]["params_after"][name] for name in after})


@pytest.mark.parametrize(
    "case",
    [c for c in cases("network") if c["loss"]["name"].endswith("cross_entropy")],
    ids=name_of,
)
def test_cross_entropies_on_logits_give_the_same_loss_and_deltas(case: Any) -> None:
    """The sigmoid or softmax goes into the loss: delta = y - t (E000-12, E002-04)."""
    mlp = network(case)
    binary = case["loss"]["name"] == "binary_cross_entropy"
    loss = (
        al.losses.binary_cross_entropy_with_logits
        if binary
        else al.losses.cross_entropy_with_logits
    )
    mlp.layers[-1].softmax = False
    for neuron in mlp.layers[-1].neurons:
        neuron.activation = None
    for sample, exact in zip(case["samples"], case["rounds"][0]["exact"]["samples"], strict=True):
        mlp.zero_grad()
        logits = mlp(sample["x"])
        error = loss(logits, sample["t"])
        error.backward()
        assert_close(error.data, exact["loss"])
        assert_close([z.grad for z in logits], exact["delta"][-1])
        got = {p.label: p.grad for p in mlp.parameters()}
        assert_close(got, {name: exact["grads"][name] for name in got})


FUNCTIONS = {
    name: getattr(al, name)
    for name in ("exp", "log", "sin", "cos", "tan", "tanh", "sqrt", "sigmoid", "relu", "abs")
} | {"max": al.maximum}


@pytest.mark.parametrize("case", cases("expression"), ids=name_of)
def test_expressions_give_the_exact_value_gradient_and_hessian(case: Any) -> None:
    code = compile(case["expression"], case["id"], "eval")
    for point in case["points"]:
        names = list(point["at"])

        def f(*xs: Any, names: list[str] = names) -> Any:
            return eval(code, dict(FUNCTIONS), dict(zip(names, xs, strict=True)))

        value, gradient = al.value_and_grad(f, tuple(range(len(names))))(*point["at"].values())
        assert_close(value, point["value"])
        assert_close(dict(zip(names, gradient, strict=True)), point["grad"])
        if point.get("hessian"):
            rows = al.hessian(lambda xs: f(*xs))(list(point["at"].values()))
            assert_close(rows, point["hessian"])


def test_the_intermediate_of_the_computation_graph_gets_its_gradient() -> None:
    """Lecture 003: q = x + y, f = q z at (-2, 5, -4)."""
    x, y, z = al.Value(-2.0), al.Value(5.0), al.Value(-4.0)
    q = x + y
    f = q * z
    f.backward()
    point = next(c for c in cases("expression") if c["id"] == "003-graph")["points"][0]
    assert q.data == point["intermediates"]["q"]
    assert q.grad == point["intermediate_grads"]["q"]


def test_the_toy_step_goes_down_the_error_and_not_up_the_function() -> None:
    """E001-01: the printed plus sign happens to equal descent on (f - 3)^2 / 2."""
    case = next(c for c in cases("expression") if c["id"] == "001-toy")
    right = next(u for u in case["updates"] if u["rule"].startswith("correct"))
    w, b = al.Value(-2.0, label="w"), al.Value(3.0, label="b")
    error = al.losses.half_squared_error([w * 5.0 + b], [3.0])
    error.backward()
    al.optim.SGD([w, b], right["eta"]).step()
    assert_close({"w": w.data, "b": b.data}, right["after"])
    assert_close(error.data, right["loss_before"])


ROWS = {"identity": "identity", "binary_step": "step"}


@pytest.mark.parametrize("case", cases("activation"), ids=name_of)
def test_activations_give_the_exact_value_and_derivative(case: Any) -> None:
    def f(x: Any) -> Any:
        if case["name"] == "leaky_relu":
            return al.leaky_relu(x)
        return al.OPS[ROWS.get(case["name"], case["name"])](x)

    for point in case["points"]:
        assert_close(f(point["x"]), point["value"], str(point["x"]))
        if point["derivative"] is not None:
            assert_close(al.grad(f)(point["x"]), point["derivative"], str(point["x"]))


VJP = {
    "add": lambda x, y: x + y,
    "multiply": lambda x, y: x * y,
    "subtract": lambda x, y: x - y,
    "divide": lambda x, y: x / y,
    "power": lambda x, y: x**y,
    "reciprocal": lambda x: 1.0 / x,
    "exp": al.exp,
    "log": al.log,
}


@pytest.mark.parametrize(
    "row",
    cases("vjp")[0]["rows"],
    ids=lambda row: f"{row['op']}-{row['x']}-{row['y']}",
)
def test_the_vjp_table_of_the_lecture(row: Any) -> None:
    """Lecture 003: autodidact's defvjp lines, by a backward pass seeded with g."""
    leaves = [al.Value(row[k]) for k in ("x", "y") if row[k] is not None]
    y = VJP[row["op"]](*leaves)
    y.backward(seed=row["g"])
    assert_close(y.data, row["value"])
    for leaf, key in zip(leaves, ("vjp_x", "vjp_y"), strict=False):
        assert_close(leaf.grad, row[key], key)


@pytest.mark.parametrize("case", cases("initialization"), ids=name_of)
def test_initializers_have_the_lectures_spread(case: Any) -> None:
    fans = case["n_in"], case["n_out"]
    module = al.initializers
    sigma = {"xavier": module.xavier_sigma, "he": module.he_sigma}[case["scheme"]](*fans)
    assert close(sigma, case["normal_sigma"])
    assert close(sigma**2, case["variance"])
    assert close(sqrt(3.0) * sigma, case["uniform_limit"])


@pytest.mark.parametrize("case", cases("initialization"), ids=name_of)
def test_drawn_weights_keep_to_the_limit_and_the_variance(case: Any) -> None:
    from random import Random

    n, rng = 20_000, Random(0)
    uniform = getattr(al.initializers, f"{case['scheme']}_uniform")
    normal = getattr(al.initializers, f"{case['scheme']}_normal")
    us = [uniform(case["n_in"], case["n_out"], rng) for _ in range(n)]
    ns = [normal(case["n_in"], case["n_out"], rng) for _ in range(n)]
    assert max(map(abs, us)) <= case["uniform_limit"] < 1.001 * max(map(abs, us))
    for xs in (us, ns):
        variance = sum(x * x for x in xs) / n
        # five standard errors of a variance estimated from 20,000 normal numbers
        assert abs(variance / case["variance"] - 1.0) < 5.0 * sqrt(2.0 / n)


def test_two_linear_layers_equal_one() -> None:
    """E002-14: without a non-linear activation, W = W1 W2."""
    case = cases("linear_collapse")[0]
    two = al.nn.MLP.from_weights([case["w1"], case["w2"]], activations="identity")
    one = al.nn.MLP.from_weights([case["product"]], activations="identity")
    assert [y.data for y in two(case["x"])] == case["y"]
    assert [y.data for y in one(case["x"])] == case["y"]


def test_idx_files_and_the_split_of_the_lecture() -> None:
    case = cases("idx")[0]
    images = al.data.read_idx(bytes.fromhex(case["tiny"]["images_hex"]))
    labels = al.data.read_idx(bytes.fromhex(case["tiny"]["labels_hex"]))
    assert images.tolist() == case["tiny"]["images"]
    assert labels.tolist() == case["tiny"]["labels"]
    for row in case["split"]:
        numbers = [[float(i)] for i in range(row["n"])]
        X_train, _, X_test, _ = al.data.split(numbers, numbers)
        assert (len(X_train), len(X_test)) == (row["train"], row["test"])
