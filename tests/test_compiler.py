"""Compiled programs equal the eager engine: values, gradients, on batches (semantics D12)."""

from __future__ import annotations

import functools
import math
import pickle
import re
import sys
from itertools import pairwise
from math import inf, log, nan
from random import Random
from typing import Any

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from rows import ROWS, points
from worked import cases, loss_of, name_of, network

import autograd_lite as al
from autograd_lite.ops import Op


def eager(output: al.Value, inputs: Any, parameters: Any, X: Any, f: Any) -> Any:
    """Mean value and gradient by running f on every sample's numbers."""
    for p in parameters:
        p.grad = 0.0
    values = []
    for row in X:
        y = f(row.tolist())
        values.append(y.data if isinstance(y, al.Value) else y)
        if isinstance(y, al.Value):
            y.backward(1.0 / len(X))
    return values, [p.grad for p in parameters]


def assert_equal(f: Any, n_inputs: int, parameters: list[al.Value], X: Any, **kwargs: Any) -> Any:
    """Compile f at placeholders, compare it with f at numbers, on the batch X.

    All executors must agree with it; the array program is returned.
    """
    placeholders = al.inputs(n_inputs) if n_inputs else []
    program, native = (
        al.compile(f(placeholders), placeholders, parameters, executor=executor, **kwargs)
        for executor in ("arrays", "native")
    )
    compare(native, f, placeholders, parameters, X)
    if placeholders:
        dense = al.compile(f(placeholders), placeholders, parameters, executor="dense", **kwargs)
        compare(dense, f, placeholders, parameters, X)
    return compare(program, f, placeholders, parameters, X)


def compare(program: Any, f: Any, placeholders: Any, parameters: Any, X: Any) -> Any:
    """Hold values and gradients against the graph itself, sample by sample."""
    X = np.asarray(X, dtype=float)
    value, gradient = program.value_and_grad(X)
    values, expected = eager(None, placeholders, parameters, X, f)
    scale = 1.0 + max(map(abs, values), default=0.0)
    np.testing.assert_allclose(program.value(X), values, rtol=1e-12, atol=1e-12 * scale)
    np.testing.assert_allclose(value, np.mean(values), rtol=1e-12, atol=1e-12 * scale)
    size = 1.0 + max(map(abs, expected), default=0.0)
    np.testing.assert_allclose(gradient, expected, rtol=1e-11, atol=1e-12 * size)
    return program


# --- every row ------------------------------------------------------------------------------


@pytest.mark.parametrize("row", ROWS, ids=lambda row: row.name)
@pytest.mark.parametrize("lane", ["parameters", "inputs", "both", "constants"])
def test_d12_every_row_compiles_and_equals_eager(row: Op, lane: str) -> None:
    """Its arguments parameters, inputs scaled by a parameter, a mixture, or partly constants."""
    sample = points(row, 7, seed=11)
    arity = len(sample[0])
    free = arity - row.constants
    w = [al.parameter(x, f"w{i}") for i, x in enumerate(sample[0])]
    one = al.parameter(1.0)

    def f(xs: list[Any]) -> Any:
        args: list[Any] = []
        for i in range(arity):
            if i >= free:
                args.append(sample[0][i])
            elif lane == "parameters" or (lane == "both" and i % 2):
                args.append(w[i])
            elif lane == "constants" and i % 2:
                args.append(sample[0][i])
            else:
                args.append(xs[i] * one)
        return row(*args) * one

    if lane == "parameters":
        assert_equal(lambda _: f([]), 0, [*w[:free], one], np.empty((1, 0)))
        return
    used = [i for i in range(free) if not i % 2 or lane == "inputs"]
    X = np.array([[p[i] for i in used] for p in sample])
    parameters = [one] + [w[i] for i in range(free) if lane == "both" and i % 2]

    def of_used(xs: list[Any]) -> Any:
        full: list[Any] = [None] * arity
        for i, x in zip(used, xs, strict=True):
            full[i] = x
        return f(full)

    assert_equal(of_used, len(used), parameters, X)


# --- networks -------------------------------------------------------------------------------


@pytest.mark.parametrize("case", cases("network"), ids=name_of)
def test_the_lectures_networks_compile(case: Any) -> None:
    mlp = network(case)
    n, m = len(case["samples"][0]["x"]), len(case["samples"][0]["t"])
    X = [[*s["x"], *s["t"]] for s in case["samples"]]
    assert_equal(lambda xs: loss_of(case)(mlp(xs[:n]), xs[n : n + m]), n + m, mlp.parameters(), X)


def random_batch(columns: int, rows: int = 5, seed: int = 0) -> Any:
    return np.random.default_rng(seed).normal(size=(rows, columns))


@pytest.mark.parametrize("activation", ["tanh", "relu", "sigmoid", "softplus", "silu"])
@pytest.mark.parametrize("bias", ["per_neuron", "shared", "none"])
def test_mlps_compile(activation: str, bias: str) -> None:
    mlp = al.nn.MLP([3, 5, 4, 2], activation, "tanh", bias, rng=2)
    for b in mlp.parameters():
        b.data = b.data or 0.1
    assert_equal(
        lambda xs: al.losses.half_squared_error(mlp(xs[:3]), xs[3:]),
        5, mlp.parameters(), random_batch(5),
    )  # fmt: skip


def test_a_partly_connected_network_compiles() -> None:
    mask = [[[1, 0, 1], [1, 1, 0]], [[1], [1], [1]]]
    mlp = al.nn.MLP([2, 3, 1], mask=mask, rng=1)
    assert_equal(lambda xs: mlp(xs)[0] ** 2, 2, mlp.parameters(), random_batch(2))


def test_an_mlp_is_one_matrix_product_per_layer_and_direction() -> None:
    """Forward 3; backward 3 for the weights and 2 for the activations below."""
    mlp = al.nn.MLP([2, 16, 16, 1], activation="relu", rng=0)
    x, t = al.inputs(2), al.inputs(1, "t")
    loss = al.losses.half_squared_error(mlp(x), t)
    program = al.compile(loss, [*x, *t], mlp.parameters())
    assert program.source.count("np.dot(") == 3
    assert len(re.findall(r"(?<!np\.)\bdot\(", program.source)) == 3
    assert program.source.count("dot_back(") == 2
    assert "np.take" not in program.source
    assert "np.add.at" not in program.source


def by_hand(w: list[Any], x: list[Any], b: Any) -> Any:
    """micrograd's neuron: one node per operation."""
    z = b
    for wi, xi in zip(w, x, strict=True):
        z = z + wi * xi
    return z


def test_op_by_op_code_becomes_the_same_products() -> None:
    rng = Random(3)
    sizes = [2, 6, 5, 1]
    layers = [
        ([[al.parameter(rng.gauss(0, 1)) for _ in range(n)] for _ in range(m)],
         [al.parameter(rng.gauss(0, 1)) for _ in range(m)])
        for n, m in pairwise(sizes)
    ]  # fmt: skip

    def f(xs: list[Any]) -> Any:
        h = xs
        for rows, biases in layers:
            h = [by_hand(w, h, b).tanh() for w, b in zip(rows, biases, strict=True)]
        return h[0]

    parameters = [p for rows, biases in layers for p in [*(w for r in rows for w in r), *biases]]
    program = assert_equal(f, 2, parameters, random_batch(2))
    assert program.source.count("np.dot(") == 3


def layer(n: int, m: int, rng: Random) -> tuple[Any, Any]:
    return (
        [[al.parameter(rng.gauss(0, 0.7)) for _ in range(n)] for _ in range(m)],
        [al.parameter(rng.gauss(0, 0.7)) for _ in range(m)],
    )


def flat(*layers: Any) -> list[al.Value]:
    return [p for rows, biases in layers for p in [*(w for r in rows for w in r), *biases]]


def apply_layer(parameters: Any, x: list[Any]) -> list[Any]:
    return [al.dot(w, x, b) for w, b in zip(*parameters, strict=True)]


def test_a_skip_connection_after_an_activation() -> None:
    rng = Random(1)
    one, two = layer(3, 3, rng), layer(3, 2, rng)

    def f(xs: list[Any]) -> Any:
        h = [z.tanh() + x for z, x in zip(apply_layer(one, xs), xs, strict=True)]
        return al.sum([y**2 for y in apply_layer(two, h)])

    assert_equal(f, 3, flat(one, two), random_batch(3))


def test_a_residual_inside_a_neurons_sum() -> None:
    rng = Random(2)
    one, two = layer(4, 4, rng), layer(4, 4, rng)

    def f(xs: list[Any]) -> Any:
        h = [z.tanh() for z in apply_layer(one, xs)]
        z = [al.dot(w, h, b) + x for w, b, x in zip(*two, xs, strict=True)]
        return al.sum([v.sigmoid() for v in z])

    program = assert_equal(f, 4, flat(one, two), random_batch(4))
    assert program.source.count("np.dot(") == 2


def test_tied_weights_over_time() -> None:
    """An RNN: the same matrices at every step."""
    rng = Random(4)
    within, into = layer(3, 3, rng), layer(2, 3, rng)

    def f(xs: list[Any]) -> Any:
        h: list[Any] = [0.0] * 3
        for t in range(4):
            x = xs[2 * t : 2 * t + 2]
            h = [
                (al.dot(u, h, b) + al.dot(w, x, c)).tanh()
                for u, b, w, c in zip(*within, *into, strict=True)
            ]
        return al.sum(h)

    assert_equal(f, 8, flat(within, into), random_batch(8))


@pytest.mark.parametrize("layers", [1, 2])
def test_convolutions(layers: int) -> None:
    rng = Random(5)
    kernels = [[al.parameter(rng.gauss(0, 0.5)) for _ in range(9)] for _ in range(2)]
    bias = [al.parameter(0.1), al.parameter(-0.2)]
    deeper = [al.parameter(rng.gauss(0, 0.5)) for _ in range(8)]

    def f(xs: list[Any]) -> Any:
        maps = [
            [[al.dot(k, [xs[6 * (i + a) + j + c] for a in range(3) for c in range(3)], b).tanh()
              for j in range(4)] for i in range(4)]
            for k, b in zip(kernels, bias, strict=True)
        ]  # fmt: skip
        if layers == 1:
            return al.sum([v for m in maps for r in m for v in r])
        out = [
            al.dot(deeper, [maps[c][i + a][j + b] for c in range(2) for a in range(2)
                            for b in range(2)]).relu()
            for i in range(3) for j in range(3)
        ]  # fmt: skip
        return al.sum(out)

    parameters = [p for k in kernels for p in k] + bias + (deeper if layers == 2 else [])
    program = assert_equal(f, 36, parameters, random_batch(36))
    assert program.source.count("np.dot(") == layers


def test_attention_with_softmax() -> None:
    rng = Random(6)
    d, steps = 3, 4
    q, k, v = (layer(d, d, rng) for _ in range(3))

    def f(xs: list[Any]) -> Any:
        tokens = [xs[d * i : d * i + d] for i in range(steps)]
        Q, K, V = ([apply_layer(m, t) for t in tokens] for m in (q, k, v))
        out = []
        for i in range(steps):
            shares = al.softmax([al.dot(Q[i], K[j]) * (1.0 / d**0.5) for j in range(steps)])
            out += [al.dot(shares, [V[j][c] for j in range(steps)]) for c in range(d)]
        return al.sum([y.tanh() for y in out])

    assert_equal(f, d * steps, flat(q, k, v), random_batch(d * steps))


def test_weight_decay() -> None:
    mlp = al.nn.MLP([2, 3, 1], rng=3)

    def f(xs: list[Any]) -> Any:
        decay = al.sum([p * p for p in mlp.parameters()])
        return al.losses.half_squared_error(mlp(xs[:2]), xs[2:]) + 0.1 * decay

    assert_equal(f, 3, mlp.parameters(), random_batch(3))


def test_the_whole_batch_graph_without_placeholders() -> None:
    """100 samples typed into one graph come back as matrix products."""
    mlp = al.nn.MLP([2, 16, 16, 1], activation="relu", rng=1)
    X, labels = al.data.two_moons(100)

    def f(_: Any) -> Any:
        outputs = [mlp(x) for x in X]
        return al.losses.batch(al.losses.hinge, outputs, [[t] for t in labels.tolist()])

    program = assert_equal(f, 0, mlp.parameters(), np.empty((1, 0)))
    assert program.source.count("np.dot(") == 3


# --- random graphs --------------------------------------------------------------------------


SAFE = ["add", "sub", "mul", "neg", "tanh", "sigmoid", "sin", "cos", "softplus", "atan", "erf",
        "maximum", "minimum", "where", "relu", "abs", "leaky", "square", "div", "sum", "dot",
        "logsumexp", "softmax", "greater"]  # fmt: skip


def grow(leaves: list[Any], choices: list[int]) -> Any:
    """A graph from a list of numbers: any list of numbers is a graph."""
    nodes = list(leaves)
    stream = iter(choices)

    def pick() -> Any:
        return nodes[next(stream, 0) % len(nodes)]

    for code in stream:
        name = SAFE[code % len(SAFE)]
        a, b = pick(), pick()
        if name == "div":
            node = a / (al.softplus(b) + 1.0)
        elif name in ("sum", "logsumexp"):
            node = getattr(al, name)([a, b, pick()]) * 0.3
        elif name == "softmax":
            node = al.softmax([a, b, pick()])[1]
        elif name == "dot":
            node = al.dot([a, b, pick()], [pick(), pick(), a], pick()) * 0.1
        elif name == "where":
            node = al.where(a > 0.1, b, pick())
        elif name == "greater":
            node = al.where(a > b, a, b * 0.5)
        elif name == "leaky":
            node = al.leaky_relu(a, 0.3)
        elif name == "square":
            node = al.tanh(a) ** 2
        elif al.OPS[name].arity == 1:
            node = al.OPS[name](a)
        else:
            node = al.OPS[name](a, b)
        nodes.append(al.tanh(node) if name in ("mul", "add", "sub") else node)
    total = al.sum(nodes[len(leaves) :] or nodes)
    return al.tanh(total * 0.1) + total * 0.01


@settings(max_examples=150, deadline=None)
@given(st.lists(st.integers(0, 10_000), max_size=60), st.integers(0, 1000))
def test_d12_random_graphs_compile_and_equal_eager(choices: list[int], seed: int) -> None:
    rng = Random(seed)
    parameters = [al.parameter(rng.gauss(0, 1)) for _ in range(4)]

    def f(xs: list[Any]) -> Any:
        return grow([*xs, *parameters, al.constant(0.7)], choices) + al.sum(
            [x * p for x in xs for p in parameters]
        )

    assert_equal(f, 3, parameters, random_batch(3, rows=4, seed=seed))


# --- the contract ---------------------------------------------------------------------------


def small() -> tuple[Any, Any, Any]:
    mlp = al.nn.MLP([2, 3, 1], rng=0)
    x, t = al.inputs(2), al.inputs(1, "t")
    loss = al.losses.half_squared_error(mlp(x), t)
    return mlp, al.compile(loss, [*x, *t], mlp.parameters()), random_batch(3)


def test_sum_mean_and_none_agree() -> None:
    _, program, X = small()
    mean, of_mean = program.value_and_grad(X)
    total, of_total = program.value_and_grad(X, reduce="sum")
    each, of_each = program.value_and_grad(X, reduce="none")
    assert (each.shape, of_each.shape) == ((5,), (5, len(program.theta)))
    assert total == pytest.approx(5.0 * mean, rel=1e-14)
    np.testing.assert_allclose(of_total, 5.0 * of_mean, rtol=1e-13)
    np.testing.assert_allclose(of_each.sum(axis=0), of_total, rtol=1e-12, atol=1e-15)
    np.testing.assert_allclose(each, program.value(X), rtol=1e-14)


def test_theta_is_a_copy_and_write_back_is_the_only_way_to_the_values() -> None:
    mlp, program, X = small()
    before = [p.data for p in mlp.parameters()]
    theta = program.theta
    theta += 1.0
    moved, _ = program.value_and_grad(X, theta)
    assert [p.data for p in mlp.parameters()] == before
    assert program.value_and_grad(X)[0] != moved
    program.write_back(theta)
    assert [p.data for p in mlp.parameters()] == [b + 1.0 for b in before]


def test_a_program_pickles_and_then_refuses_to_write_back() -> None:
    _, program, X = small()
    again = pickle.loads(pickle.dumps(program))
    value, gradient = program.value_and_grad(X)
    assert again.value_and_grad(X)[0] == value
    assert (again.value_and_grad(X)[1] == gradient).all()
    with pytest.raises(al.GraphError, match="unpickled"):
        again.write_back(program.theta)


def test_d12_float32_agrees_to_four_digits_in_norm() -> None:
    mlp, program, X = small()
    x, t = al.inputs(2), al.inputs(1, "t")
    loss = al.losses.half_squared_error(mlp(x), t)
    single = al.compile(loss, [*x, *t], mlp.parameters(), dtype=np.float32)
    value, gradient = program.value_and_grad(X)
    value32, gradient32 = single.value_and_grad(X)
    assert gradient32.dtype == np.float32
    assert value32 == pytest.approx(value, rel=1e-4)
    assert np.linalg.norm(gradient32 - gradient) <= 1e-4 * np.linalg.norm(gradient)


def test_s9_labels_never_reach_the_code() -> None:
    """Semantics S9: the source consists of our names, numbers and a few signs."""
    evil = '"); __import__("os").system("touch PWNED") #'
    w, x = al.parameter(2.0, evil), al.inputs(1, evil)[0]
    y = (w * x).tanh() + nan * 0.0 * w + w * -0.0
    y.label = evil
    program = al.compile(y, [x], [w])
    assert "PWNED" not in program.source
    assert re.fullmatch(r"[\w\s()\[\]{}:,.=+\-*/#<>!@']*", program.source)


def test_d9_parameters_by_role() -> None:
    w, v = al.parameter(1.0, "w"), al.Value(2.0, "v")
    x = al.inputs(1)[0]
    assert len(al.compile(w * x, [x]).theta) == 1
    assert len(al.compile(v * x, [x]).theta) == 1
    with pytest.raises(al.CompileError, match=r"1 marked parameters and 1 variables.*parameters="):
        al.compile(w * x + v, [x])
    assert al.compile(w * x + v, [x], [w]).value_and_grad([[3.0]])[1].tolist() == [3.0]


def test_wrong_arguments_of_compile_are_clear() -> None:
    w, x = al.parameter(1.0, "w"), al.inputs(2)
    y = w * x[0]
    with pytest.raises(al.NotInGraphError, match="no output depends on x2"):
        al.compile(y, x, [w])
    with pytest.raises(al.NotInGraphError, match="no output depends on q"):
        al.compile(y, x[:1], [w, al.parameter(1.0, "q")])
    with pytest.raises(al.CompileError, match="placeholder x1 is not among the inputs"):
        al.compile(y, [])
    with pytest.raises(al.CompileError, match="was computed by mul"):
        al.compile(y * 2.0, [y], [w])
    with pytest.raises(al.CompileError, match="given twice"):
        al.compile(y, [x[0], x[0]], [w])
    for wrong, text in (
        (([1.0], []), r"output\[0\] is 1.0; it must be a Value"),
        ((3.0, []), r"output is 3.0; give a list of Values"),
        ((y, x[0]), "inputs is one Value; give a list of Values"),
        ((y, [x[0], 3.0]), r"inputs\[1\] is 3.0; it must be a Value"),
        ((y, x, w), "parameters is one Value; give a list of Values"),
    ):
        with pytest.raises(TypeError, match=text):
            al.compile(*wrong)
    with pytest.raises(al.CompileError, match="no output"):
        al.compile([], [])
    with pytest.raises(al.CompileError, match="float64 or float32"):
        al.compile(y, x[:1], [w], dtype=np.int32)


def test_wrong_batches_are_clear() -> None:
    _, program, X = small()
    for wrong in (X[0], X[:, :2], np.empty((0, 3)), [[[1.0]]]):
        with pytest.raises(ValueError, match=r"the program needs \(samples, 3\)"):
            program.value_and_grad(wrong)
    with pytest.raises(ValueError, match="has 13 parameters"):
        program.value_and_grad(X, [1.0])
    with pytest.raises(ValueError, match='"mean", "sum" or "none"'):
        program.value_and_grad(X, reduce="max")
    x = al.inputs(1)[0]
    both = al.compile([x, x * 2.0], [x])
    assert both.value([[1.0], [2.0]]).tolist() == [[1.0, 2.0], [2.0, 4.0]]
    with pytest.raises(al.CompileError, match="2 outputs"):
        both.value_and_grad([[1.0]])


def test_a_choice_by_if_on_a_placeholder_is_a_trace_error() -> None:
    x = al.inputs(1)[0]
    with pytest.raises(al.TraceError, match=r"x1.*al\.where"):
        bool(x * 2.0 > 0.0)
    with pytest.raises(al.TraceError, match=r"item\(\) depends on the placeholder x1"):
        (x + 1.0).item()


def test_nan_and_inf_flow_as_in_eager() -> None:
    w = al.parameter(2.0)
    x = al.inputs(1)[0]
    program = al.compile(al.exp(w * x), [x], [w])
    value, gradient = program.value_and_grad([[nan]])
    assert np.isnan(value)
    assert np.isnan(gradient).all()
    assert program.value([[1000.0], [-inf]]).tolist() == [inf, 0.0]


def test_d2_a_masked_branch_costs_no_nan_in_compiled_code() -> None:
    """Semantics D2: recomputed once with strong zeros where the plain run is not finite."""
    w = al.parameter(1.0)

    def f(xs: list[Any]) -> Any:
        return al.where(xs[0] > 0.0, al.log(w * xs[0]), 0.0) + al.where(
            xs[0] > 0.0, al.sqrt(w * xs[0]), w * xs[0]
        )

    assert_equal(f, 1, [w], [[2.0], [-1.0], [0.0], [3.0]])


# --- executors --------------------------------------------------------------------------------


def test_an_unknown_executor_is_refused() -> None:
    x = al.inputs(1)
    with pytest.raises(
        ValueError, match="executor is 'gpu'; it must be one of auto, dense, arrays"
    ):
        al.compile(x[0] * 2.0, x, [], executor="gpu")  # type: ignore[arg-type]  # on purpose


def test_too_many_groups_for_arrays_are_refused_with_the_limit() -> None:
    x = al.inputs(1)
    y = x[0]
    for _ in range(2_100):
        y = al.sin(y)
    with pytest.raises(al.CompileError, match=r"2,100 groups.* 2,000 are the limit"):
        al.compile(y, x, [], executor="arrays")
    assert al.compile(y, x, []).value([[0.5]]) == pytest.approx(  # iterated by hand
        functools.reduce(lambda v, _: math.sin(v), range(2_100), 0.5)
    )


def test_without_llvmlite_the_error_names_the_extra(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(sys.modules, "llvmlite.binding", None)  # as if it were not installed
    x = al.inputs(1)
    with pytest.raises(ImportError, match=r"autograd-lite\[fast\]"):
        al.compile(x[0] * 2.0, x, [], executor="native")
    program = al.compile(al.sin(x[0]) * 2.0, x, [])
    assert program.value([[0.5]]) == pytest.approx(2.0 * math.sin(0.5), rel=1e-15)
    assert "llvmlite 0.45, which is not installed" in program.explain_plan()


def test_an_older_llvmlite_is_as_good_as_none(monkeypatch: pytest.MonkeyPatch) -> None:
    """llvmlite 0.43 and 0.44 cannot read the code."""
    monkeypatch.setattr("llvmlite.binding.llvm_version_info", (14, 0, 6))
    monkeypatch.setattr("llvmlite.__version__", "0.43.0")
    x = al.inputs(1)
    with pytest.raises(ImportError, match=r"but 0\.43\.0 is installed, which is older"):
        al.compile(x[0] * 2.0, x, [], executor="native")
    program = al.compile(al.sin(x[0]) * 2.0, x, [])
    assert program.value([[0.5]]) == pytest.approx(2.0 * math.sin(0.5), rel=1e-15)


def test_a_row_without_a_native_kernel_stays_with_arrays() -> None:
    cube = al.Op("cube", lambda x: x**3, (lambda y, x: 3.0 * x * x,))
    w = al.parameter(2.0)
    with pytest.raises(al.CompileError, match="no native code for cube of 1 operands"):
        al.compile(cube(w) * w, [], executor="native")
    program = al.compile(cube(w) * w, [])
    assert "no native code for cube" in program.explain_plan()
    value, gradient = program.value_and_grad()
    assert (value, gradient.tolist()) == (16.0, [32.0])


def test_wide_layers_stay_arrays_and_a_narrow_chain_between_them_is_native() -> None:
    """An MLP of 128 neurons a layer, then 200 operations on one number."""
    mlp = al.nn.MLP([64, 128, 1], "tanh", rng=1)

    def f(x: Any) -> Any:
        y = mlp(x)[0]
        for _ in range(100):
            y = al.sin(y) * 1.01
        return y

    x = al.inputs(64)
    program = al.compile(f(x), x, mlp.parameters())
    plan = program.explain_plan()
    assert "levels are narrow: native code there, NumPy calls elsewhere" in plan
    assert "loop: 100 times 2 nodes" in plan or "loop: 99 times 2 nodes" in plan
    assert "np.dot(" in program.source
    X = np.random.default_rng(0).normal(size=(5, 64))
    compare(program, f, x, mlp.parameters(), X)


@pytest.mark.parametrize(("steps", "blocks"), [(1, 1), (1100, 2)])
def test_what_is_the_same_for_all_samples(steps: int, blocks: int) -> None:
    """A little is computed with each chunk of samples, much once, in a block of its own."""
    w = [al.parameter(v) for v in (0.3, -0.7)]

    def f(x: Any) -> Any:
        scale = al.exp(w[0])
        for _ in range(steps):
            scale = al.sin(scale) * w[1]
        return al.tanh(x[0] * scale) + scale * x[1] + w[0]

    x = al.inputs(2)
    program = al.compile(f(x), x, w, executor="native")
    assert program.explain_plan().count("Native code, ") == blocks
    compare(program, f, x, w, np.random.default_rng(1).normal(size=(7, 2)))


def test_a_native_program_pickles() -> None:
    x = al.inputs(2)
    program = al.compile(al.sin(x[0]) * x[1], x, [], executor="native")
    again = pickle.loads(pickle.dumps(program))
    X = np.array([[0.5, 2.0], [1.5, -1.0]])
    assert again.value(X).tobytes() == program.value(X).tobytes()
    assert again.explain_plan() == program.explain_plan()


def test_strong_zeros_in_native_code() -> None:
    """The branch not taken is infinite; its partial times 0.0 must not become nan."""
    w = al.parameter(0.0)

    def f(_: Any) -> Any:
        return al.where(w > 1.0, al.log(w) * w, w * 3.0)

    for executor in ("arrays", "native"):
        program = al.compile(f(None), [], [w], executor=executor)
        value, gradient = program.value_and_grad()
        assert (value, gradient.tolist()) == (0.0, [3.0])


RULES = {
    "a quotient": (lambda x: 1.0 / x, lambda y, x: -1.0 / (x * x), "1.0 / {0}"),
    "a power": (lambda x: x * x * x, lambda y, x: 3.0 * x**2.0, "{0} * {0} * {0}"),
    "a power of two": (lambda x: 2.0**x, lambda y, x: log(2.0) * 2.0**x, "2.0 ** {0}"),
    "a size": (lambda x: x * x, lambda y, x: 2.0 * abs(x) * al.OPS["sign"](x), "{0} * {0}"),
    "a choice": (
        lambda x: x * x if x > 0.0 else -x,
        lambda y, x: al.where(x >= 0.0, 2.0 * x, -1.0),
        "np.where({0} > 0.0, {0} * {0}, -{0})",
    ),
    "a truth as a number": (
        lambda x: x * x if x > 0.0 else -x,
        lambda y, x: (x > 0.0) * 2.0 * x - (x <= 0.0),
        "np.where({0} > 0.0, {0} * {0}, -{0})",
    ),
}


@pytest.mark.parametrize("executor", ["arrays", "native"])
@pytest.mark.parametrize("name", RULES)
def test_operators_in_a_row_of_ones_own_compile(name: str, executor: Any) -> None:
    """Whatever may be typed on Values may stand in a rule."""
    fn, rule, kernel = RULES[name]
    row = al.Op("own", fn, (rule,), array=kernel)
    w = al.Value(1.5)
    (x,) = al.inputs(1)
    program = al.compile(row(w * x), [x], [w], executor=executor)
    for number in (0.5, -2.0):
        w.grad = 0.0
        y = row(w * number)
        y.backward()
        value, gradient = program.value_and_grad([[number]])
        assert value == pytest.approx(y.data, rel=1e-15)
        assert gradient == pytest.approx([w.grad], rel=1e-14)
