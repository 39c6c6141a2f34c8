"""executor="dense": array code as machine code gives what NumPy gives, whatever it is handed."""

from __future__ import annotations

import gc
import math
import pickle
import sys
import weakref
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from itertools import pairwise
from math import inf, nan, prod
from random import Random
from typing import Any

import numpy as np
import pytest
from numpy.typing import NDArray
from rows import ROWS, points

import autograd_lite as al
from autograd_lite import losses, nn, ops
from autograd_lite.compiler import Program, compile, jit, vectors
from autograd_lite.compiler.arrays import ArrayRun
from autograd_lite.compiler.jit import aligned
from autograd_lite.ops import Op

Array = NDArray[Any]

#: Every loss, the last layer's activation that it is made for, and what its targets are.
LOSSES: dict[str, tuple[Callable[..., Any], str, str]] = {
    "half_squared_error": (losses.half_squared_error, "identity", "any"),
    "squared_error": (losses.squared_error, "tanh", "any"),
    "binary_cross_entropy": (losses.binary_cross_entropy, "sigmoid", "share"),
    "binary_cross_entropy_with_logits": (
        losses.binary_cross_entropy_with_logits, "identity", "share"),
    "cross_entropy": (losses.cross_entropy, "softmax", "one-hot"),
    "cross_entropy_with_logits": (losses.cross_entropy_with_logits, "identity", "one-hot"),
    "hinge": (losses.hinge, "identity", "sign"),
}  # fmt: skip
ACTIVATIONS = ["tanh", "relu", "sigmoid", "softplus", "silu", "leaky_relu", "atan", "log_sigmoid"]
INPUTS, OUTPUTS = 3, 2
DTYPES = ["float64", "float32"]
#: Differences allowed, as a share of all numbers' norm. In float64 a few hundred roundings and
#: functions 4 ulp off, 2**-52 each; float32 has 1e-7 for one, and outputs may be differences.
TOLERANCE = {"float64": 1e-12, "float32": 1e-4}


def batch(samples: int, targets: str = "any", seed: int = 0) -> Array:
    """Random samples, each with its targets."""
    rng = np.random.default_rng([samples, seed])
    X, T = rng.normal(size=(samples, INPUTS)), rng.normal(size=(samples, OUTPUTS))
    if targets == "one-hot":
        T = np.eye(OUTPUTS)[rng.integers(OUTPUTS, size=samples)]
    elif targets != "any":
        T = np.sign(T) if targets == "sign" else rng.random(T.shape)
    return np.hstack([X, T])


def program(
    executor: Any, loss: str = "half_squared_error", activation: str = "tanh",
    dtype: str = "float64",
) -> Program:  # fmt: skip
    """The loss of a network 3-5-4-2."""
    f, last, _ = LOSSES[loss]
    row = al.OPS[activation]
    mlp = nn.MLP([INPUTS, 5, 4, OUTPUTS], row.fixed(0.1) if row.constants else row, last, rng=3)
    x = al.inputs(INPUTS + OUTPUTS)
    root = f(mlp(x[:INPUTS]), x[INPUTS:])
    return compile(root, x, mlp.parameters(), dtype, executor)


def agree(found: Any, expected: Any, tolerance: float) -> None:
    """Equal but for `tolerance` times the norm."""
    found, expected = np.asarray(found), np.asarray(expected)
    assert found.dtype == expected.dtype
    assert found.shape == expected.shape
    difference = np.linalg.norm(found.astype(float) - expected.astype(float))
    assert difference <= tolerance * np.linalg.norm(expected.astype(float))


def forbid_arrays(monkeypatch: pytest.MonkeyPatch) -> None:
    """From here on NumPy runs no program: what comes out is machine code's."""

    def refuse(*_: object) -> None:
        raise AssertionError("NumPy was asked to run a program")

    monkeypatch.setattr(ArrayRun, "__init__", refuse)


def the_same(dense: Program, arrays: Program, X: Array, monkeypatch: Any) -> None:
    """Hold all that a program gives of one output against the arrays'."""
    expected = [arrays.value(X), *arrays.value_and_grad(X), *arrays.value_and_grad(X, None, "sum")]
    with monkeypatch.context() as patched:
        forbid_arrays(patched)
        found = [dense.value(X), *dense.value_and_grad(X), *dense.value_and_grad(X, None, "sum")]
    for a, b in zip(found, expected, strict=True):
        agree(a, b, TOLERANCE[str(dense.theta.dtype)])


# --- losses and networks --------------------------------------------------------------------


@pytest.mark.parametrize("dtype", DTYPES)
@pytest.mark.parametrize("loss", LOSSES)
def test_every_loss_at_every_batch_size(
    loss: str, dtype: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    """1 to 35 samples: less than one register, some registers, and all remainders between."""
    dense, arrays = (program(executor, loss, dtype=dtype) for executor in ("dense", "arrays"))
    for samples in range(1, 36):
        the_same(dense, arrays, batch(samples, LOSSES[loss][2]), monkeypatch)


def test_no_loss_is_missing_here() -> None:
    """Every function of `losses` that takes outputs and targets, but `batch` of many samples."""
    found = {
        name for name, f in vars(losses).items()
        if callable(f) and getattr(f, "__module__", "") == losses.__name__
        and not name.startswith("_")
    }  # fmt: skip
    assert found - {"batch"} == set(LOSSES)


@pytest.mark.parametrize("dtype", DTYPES)
@pytest.mark.parametrize("activation", ACTIVATIONS)
def test_activations(activation: str, dtype: str, monkeypatch: pytest.MonkeyPatch) -> None:
    dense, arrays = (
        program(executor, activation=activation, dtype=dtype) for executor in ("dense", "arrays")
    )
    for samples in (1, 5, 16, 35):
        the_same(dense, arrays, batch(samples), monkeypatch)


@pytest.mark.parametrize("bias", ["per_neuron", "shared", "none"])
def test_biases_of_all_kinds(bias: str, monkeypatch: pytest.MonkeyPatch) -> None:
    mlp = nn.MLP([INPUTS, 4, OUTPUTS], "tanh", bias=bias, rng=1)
    x = al.inputs(INPUTS + OUTPUTS)
    root = losses.half_squared_error(mlp(x[:INPUTS]), x[INPUTS:])
    dense, arrays = (
        compile(root, x, mlp.parameters(), executor=executor)
        for executor in ("dense", "arrays")
    )  # fmt: skip
    for samples in (1, 9, 32):
        the_same(dense, arrays, batch(samples), monkeypatch)


def test_a_wide_first_layer_reads_the_batch_as_it_came(monkeypatch: pytest.MonkeyPatch) -> None:
    """From 128 inputs on the weights' gradient is a product with X itself, not transposed."""
    mlp = nn.MLP([130, 9, 1], "tanh", rng=1)
    x = al.inputs(131)
    root = losses.half_squared_error(mlp(x[:130]), x[130:])
    dense, arrays = (
        compile(root, x, mlp.parameters(), executor=executor)
        for executor in ("dense", "arrays")
    )  # fmt: skip
    assert "matmul(dt1, X[:, 0:130]" in dense.source
    rng = np.random.default_rng(0)
    for samples in (1, 8, 19):
        the_same(dense, arrays, rng.normal(size=(samples, 131)), monkeypatch)


def test_weights_in_several_places(monkeypatch: pytest.MonkeyPatch) -> None:
    """Two filters of three weights and a bias over eight inputs: one product on six columns."""
    x, rng = al.inputs(8), np.random.default_rng(0)
    filters = [[al.parameter(v) for v in row] for row in rng.normal(size=(2, 4)).tolist()]
    y = [ops.tanh(al.dot(w[:3], x[i : i + 3], w[3])) for w in filters for i in range(6)]
    root, parameters = al.sum([h * h for h in y]), [v for w in filters for v in w]
    dense, arrays = (compile(root, x, parameters, executor=e) for e in ("dense", "arrays"))
    assert "inner products of 4 terms on 6 columns" in dense.source
    for samples in (1, 8, 19):
        the_same(dense, arrays, rng.normal(size=(samples, 8)), monkeypatch)


def test_the_gradient_of_a_line_by_hand() -> None:
    """e = (wx + b - t)**2 / 2 at w, b = 2, 1, of (x, t) = (1, 2) and (3, 4): errors 1 and 3.

    Their mean square is (1 + 9) / 4 = 2.5, de/dw = (1*1 + 3*3) / 2 = 5, de/db = (1 + 3) / 2 = 2.
    """
    x, t = al.inputs(2)
    w, b = al.parameter(2.0), al.parameter(1.0)
    root = losses.half_squared_error([w * x + b], [t])
    dense = compile(root, [x, t], [w, b], executor="dense")
    value, gradient = dense.value_and_grad([[1.0, 2.0], [3.0, 4.0]])
    assert (value, gradient.tolist()) == (2.5, [5.0, 2.0])


# --- what a program gives -------------------------------------------------------------------


@pytest.mark.parametrize("dtype", DTYPES)
def test_values_of_several_outputs(dtype: str, monkeypatch: pytest.MonkeyPatch) -> None:
    """Two of them rows of one array, one the array below, one an input itself."""
    mlp = nn.MLP([INPUTS, 5, OUTPUTS], "tanh", "softmax", rng=1)
    x = al.inputs(INPUTS)
    y = mlp(x)
    dense, arrays = (
        compile([y[1], y[0], y[0] * y[1], x[2]], x, mlp.parameters(), dtype, executor)
        for executor in ("dense", "arrays")
    )  # fmt: skip
    for samples in (1, 6, 16, 33):
        X = batch(samples)[:, :INPUTS]
        expected = arrays.value(X)
        with monkeypatch.context() as patched:
            forbid_arrays(patched)
            found = dense.value(X)
        assert found.shape == (samples, 4)
        agree(found, expected, TOLERANCE[dtype])
        np.testing.assert_array_equal(found[:, 3], X[:, 2].astype(dtype))


@pytest.mark.parametrize("dtype", DTYPES)
def test_sums_and_single_gradients(dtype: str) -> None:
    """The sum is the mean times the samples; single gradients add up to it."""
    dense, X = program("dense", dtype=dtype), batch(11)
    tolerance = TOLERANCE[dtype]
    mean, mean_gradient = dense.value_and_grad(X)
    total, total_gradient = dense.value_and_grad(X, reduce="sum")
    values, gradients = dense.value_and_grad(X, reduce="none")
    assert values.shape == (11,)
    assert gradients.shape == (11, len(dense.theta))
    assert total == pytest.approx(11.0 * mean, rel=tolerance)
    assert values.sum() == pytest.approx(total, rel=tolerance)
    agree(total_gradient, 11.0 * mean_gradient, tolerance)
    agree(gradients.sum(axis=0), total_gradient, tolerance)
    np.testing.assert_allclose(dense.value(X), values, rtol=tolerance)


@pytest.mark.parametrize("dtype", DTYPES)
def test_batches_of_any_layout(dtype: str) -> None:
    """Every other row and column, Fortran's order, a list, integers, another dtype."""
    dense, X = program("dense", dtype=dtype), batch(9)
    X = np.round(8.0 * X) / 8.0  # the same in every dtype
    expected = dense.value_and_grad(X)
    spread = np.full((18, 2 * X.shape[1]), nan)
    spread[::2, 1::2] = X
    raw = np.empty(X.nbytes + 1, np.uint8)
    odd = raw[1:].view(X.dtype).reshape(X.shape)  # an address that is no multiple of 8
    odd[...] = X
    for given in (spread[::2, 1::2], np.asfortranarray(X), X.tolist(), X[::-1].copy()[::-1],
                  X.astype("f4"), X.astype(">f8"), odd):  # fmt: skip
        value, gradient = dense.value_and_grad(given)
        assert value == expected[0]
        assert gradient.tolist() == expected[1].tolist()
        assert dense.value(given).tolist() == dense.value(X).tolist()
    whole = np.arange(10).reshape(2, 5)
    assert dense.value(whole).tolist() == dense.value(whole.astype(float)).tolist()


@pytest.mark.parametrize("dtype", DTYPES)
def test_parameters_of_any_layout(dtype: str) -> None:
    """A strided slice, reversed memory, a list; the caller's vector stays as it was."""
    dense, X = program("dense", dtype=dtype), batch(9)
    theta = dense.theta + dense.theta.dtype.type(0.125)
    value, gradient = dense.value_and_grad(X, theta)
    assert value != dense.value_and_grad(X)[0]
    spread = np.full(3 * len(theta), nan, dtype)
    spread[1::3] = theta
    for given in (spread[1::3], theta[::-1].copy()[::-1], theta.tolist(), theta.astype(">f8")):
        found, found_gradient = dense.value_and_grad(X, given)
        assert found == value
        assert found_gradient.tolist() == gradient.tolist()
    assert spread[1::3].tolist() == theta.tolist()
    assert np.isnan(spread[::3]).all()


def test_parameters_in_another_order_than_the_code_reads_them() -> None:
    """d(ax + bx**2 + c)/d(c, a, b) is (1, x, x**2) = (1, 2, 4) at x = 2."""
    x = al.inputs(1)
    a, b, c = (al.parameter(v) for v in (2.0, 3.0, 5.0))
    dense = compile(a * x[0] + b * x[0] * x[0] + c, x, [c, a, b], executor="dense")
    value, gradient = dense.value_and_grad([[2.0]])
    assert (value, gradient.tolist()) == (21.0, [1.0, 2.0, 4.0])


def test_results_are_the_callers_own() -> None:
    """Later runs change none of them, nor does writing to them change a later run."""
    dense, X = program("dense"), batch(9)
    (_, gradient), values = dense.value_and_grad(X), dense.value(X)
    kept = gradient.tolist(), values.tolist()
    dense.value_and_grad(2.0 * X, -dense.theta)
    dense.value(2.0 * X)
    assert (gradient.tolist(), values.tolist()) == kept
    gradient[:], values[:] = 7.0, 7.0
    assert (dense.value_and_grad(X)[1].tolist(), dense.value(X).tolist()) == kept
    theta = dense.theta
    theta[:] = 0.0
    assert dense.value(X).tolist() == kept[1]


def test_batch_sizes_in_turn_leave_nothing_to_each_other() -> None:
    """More sizes than are kept, each twice: a short batch after a long one reads none of it."""
    dense = program("dense")
    sizes = [33, 1, 16, 7, 8, 9, 2]
    first = [dense.value_and_grad(batch(n)) for n in sizes]
    again = [dense.value_and_grad(batch(n)) for n in reversed(sizes)][::-1]
    for (value, gradient), (value_again, gradient_again) in zip(first, again, strict=True):
        assert value == value_again
        assert gradient.tolist() == gradient_again.tolist()


@pytest.mark.parametrize("dtype", DTYPES)
def test_a_program_pickles(dtype: str, monkeypatch: pytest.MonkeyPatch) -> None:
    """What comes back is machine code again, and gives the same bits."""
    dense, X = program("dense", "cross_entropy", dtype=dtype), batch(9, "one-hot")
    value, gradient = dense.value_and_grad(X)
    loaded = pickle.loads(pickle.dumps(dense))
    forbid_arrays(monkeypatch)
    found, found_gradient = loaded.value_and_grad(X)
    assert found == value
    assert found_gradient.tolist() == gradient.tolist()
    assert loaded.explain_plan() == dense.explain_plan()


def test_a_pickled_program_runs_where_llvmlite_is_missing(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    dense, X = program("dense"), batch(9)
    text, (expected, expected_gradient) = pickle.dumps(dense), dense.value_and_grad(X)
    monkeypatch.setitem(sys.modules, "llvmlite.binding", None)  # as if it were not installed
    value, gradient = pickle.loads(text).value_and_grad(X)
    agree(value, expected, 1e-12)
    agree(gradient, expected_gradient, 1e-12)


@pytest.mark.parametrize("sizes", [(16, 16), (5, 33)])
def test_threads_share_a_program(sizes: tuple[int, int]) -> None:
    """Each gets its own batch's results, whether the batches share their arrays or not."""
    dense = program("dense")
    batches = [batch(n, seed=seed) for seed, n in enumerate(sizes)]
    expected = [dense.value_and_grad(X) for X in batches]
    outputs = [dense.value(X).tolist() for X in batches]

    def work(i: int) -> None:
        for _ in range(200):
            value, gradient = dense.value_and_grad(batches[i])
            assert value == expected[i][0]
            assert gradient.tolist() == expected[i][1].tolist()
            assert dense.value(batches[i]).tolist() == outputs[i]

    with ThreadPoolExecutor(4) as pool:
        for done in [pool.submit(work, i) for i in (0, 1, 0, 1)]:
            done.result()


@pytest.mark.parametrize("arguments", [1, 2, 9])
@pytest.mark.parametrize("name", ["softmax", "log_softmax", "logsumexp", "maximum", "sum"])
def test_nothing_is_written_beyond_a_programs_memory(
    name: str, arguments: int, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Of one argument too, where the kernels' `x[1:]` is a stack of none."""
    guards: list[Array] = []

    def guarded(shape: tuple[int, ...], dtype: Any) -> Array:
        numbers = aligned((prod(shape) + 1000,), dtype)
        numbers[-1000:] = 7.5
        guards.append(numbers[-1000:])
        return numbers[:-1000].reshape(shape)

    monkeypatch.setattr("autograd_lite.compiler.dense.aligned", guarded)
    x, w = al.inputs(arguments), al.parameter(0.5)
    root = al.OPS[name](*[w * a for a in x])
    dense = compile(root, x, [w], executor="dense")
    for samples in (1, 9, 16):
        dense.value_and_grad(np.ones((samples, arguments)))
    assert len(guards) == 6  # rows of samples and plain numbers, per batch size
    assert all((guard == 7.5).all() for guard in guards)


# --- what is not finite ---------------------------------------------------------------------


@pytest.mark.parametrize("dtype", DTYPES)
@pytest.mark.parametrize("bad", [inf, -inf, nan])
@pytest.mark.parametrize("at", [0, 4, 8])
def test_bad_inputs_pass_as_in_numpy_and_leave_no_trace(bad: float, at: int, dtype: str) -> None:
    """In the first, a middle and the last sample of 9, which the padding repeats."""
    dense, arrays = (program(e, "hinge", "relu", dtype) for e in ("dense", "arrays"))
    X = batch(9, "sign")
    value, gradient = dense.value_and_grad(X)
    values = dense.value(X).tolist()
    spoilt = X.copy()
    spoilt[at, 1] = bad
    np.testing.assert_array_equal(dense.value(spoilt), arrays.value(spoilt))
    found, found_gradient = dense.value_and_grad(spoilt)
    expected, expected_gradient = arrays.value_and_grad(spoilt)
    np.testing.assert_array_equal(found, expected)
    np.testing.assert_array_equal(found_gradient, expected_gradient)
    assert not np.isfinite([found, *found_gradient]).all()
    assert dense.value_and_grad(X)[0] == value
    assert dense.value_and_grad(X)[1].tolist() == gradient.tolist()
    assert dense.value(X).tolist() == values


def test_a_cotangent_of_zero_wins_over_an_infinite_partial() -> None:
    """where(x > 0, sqrt(wx), 0) by w: at x = 0 the root's slope is infinite, but not selected.

    At w, x = 4, 1 it is x / (2 sqrt(wx)) = 1/4.
    """
    (x,), w = al.inputs(1), al.Value(4.0)
    dense = compile(ops.where(x > 0.0, ops.sqrt(w * x), 0.0), [x], [w], executor="dense")
    for X in ([[1.0], [0.0]], [[0.0], [1.0]], [[1.0], *[[0.0]] * 8]):
        value, gradient = dense.value_and_grad(X, reduce="sum")
        assert (value, gradient.tolist()) == (2.0, [0.25])


def test_a_weight_of_zero_wins_over_an_infinite_logarithm() -> None:
    """The cross entropy of p = (0, 1) and t = (0, 1): 0 * log 0 counts as 0."""
    p, t = al.inputs(2), al.inputs(2, "t")
    scale = al.Value(3.0)
    root = scale * losses.cross_entropy(p, t)
    dense = compile(root, [*p, *t], [scale], executor="dense")
    assert dense.value([[0.0, 1.0, 0.0, 1.0]]).tolist() == [0.0]
    value, gradient = dense.value_and_grad(
        [[0.0, 1.0, 0.0, 1.0], [0.5, 0.5, 1.0, 0.0]], None, "sum"
    )
    # log 2 is the only term left
    assert value == pytest.approx(3.0 * np.log(2.0), rel=1e-15)
    np.testing.assert_allclose(gradient, [np.log(2.0)], rtol=1e-15)


def test_a_weight_of_zero_wins_in_any_of_several_outputs() -> None:
    """The sum of the targets, then the cross entropy of p = (0, 1) with t = (0, 1): 1 and 0."""
    p, t = al.inputs(2), al.inputs(2, "t")
    outputs = [t[0] + t[1], losses.cross_entropy(p, t), p[0] + p[1]]
    dense = compile(outputs, [*p, *t], [], executor="dense")
    for samples in (1, 9):
        assert dense.value([[0.0, 1.0, 0.0, 1.0]] * samples).tolist() == [[1.0, 0.0, 1.0]] * samples


def test_one_bad_output_of_several_spoils_no_other() -> None:
    """1/x and 2x at x = 0, beside a good sample; the good run that follows is itself again."""
    (x,) = al.inputs(1)
    dense = compile([2.0 * x, 1.0 / x], [x], [], executor="dense")
    good = [[2.0, 1.0], [8.0, 0.25]]
    assert dense.value([[1.0], [4.0]]).tolist() == good
    assert dense.value([[1.0], [0.0]]).tolist() == [[2.0, 1.0], [0.0, inf]]
    assert dense.value([[1.0], [4.0]]).tolist() == good


# --- which programs -------------------------------------------------------------------------


def test_without_llvmlite_the_error_names_the_extra(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(sys.modules, "llvmlite.binding", None)  # as if it were not installed
    (x,) = al.inputs(1)
    with pytest.raises(ImportError, match=r"autograd-lite\[fast\]"):
        compile(x * x, [x], [], executor="dense")
    fallen_back = compile(x * x, [x], [])
    assert fallen_back.value([[3.0], [4.0]]).tolist() == [9.0, 16.0]
    plan = fallen_back.explain_plan()
    assert "NumPy calls throughout" in plan
    assert "llvmlite 0.45, which is not installed" in plan


def test_what_has_no_dense_code_is_refused_with_its_reason() -> None:
    """No inputs, the same output for all samples, strong zeros, a row without an array kernel."""
    (x, t), w = al.inputs(2), al.Value(3.0)
    cube = Op("cube", lambda x: x**3, (lambda y, x: 3.0 * x * x,))
    for root, inputs, reason in (
        (w * w, [], "a program without a batch"),
        (w * (al.OPS["bce"](x, t) > -1.0), [x, t], "strong zeros from the start"),
        (cube(x) * w, [x], "cube, which has no array kernel"),
    ):
        with pytest.raises(al.CompileError, match=f"no dense code for {reason}; use executor"):
            compile(root, inputs, [w], executor="dense")


def test_an_output_that_does_not_depend_on_the_inputs_is_refused() -> None:
    """Though another output beside it does; "auto" repeats it for every sample: 3 * 3 = 9."""
    (x,), w = al.inputs(1), al.Value(3.0)
    with pytest.raises(al.CompileError, match="no dense code for an output that is the same for"):
        compile([w * x, w * w], [x], [w], executor="dense")
    fallen_back = compile([w * x, w * w], [x], [w])
    assert fallen_back.value([[2.0], [4.0]]).tolist() == [[6.0, 9.0], [12.0, 9.0]]


def test_auto_takes_what_dense_refuses() -> None:
    """By hand: 3 * 2**3 = 24, and its derivative by w is 2**3."""
    (x,), w = al.inputs(1), al.Value(3.0)
    cube = Op("cube", lambda x: x**3, (lambda y, x: 3.0 * x * x,))
    fallen_back = compile(cube(x) * w, [x], [w])
    assert "achine code" not in fallen_back.explain_plan()
    value, gradient = fallen_back.value_and_grad([[2.0]])
    assert (value, gradient.tolist()) == (24.0, [8.0])


def test_the_plan_says_machine_code(monkeypatch: pytest.MonkeyPatch) -> None:
    """Asked for or not; and it is what runs."""
    X = batch(5)
    for executor in ("dense", "auto"):
        compiled = program(executor)
        assert "Machine code throughout, compiled from the array code" in compiled.explain_plan()
        assert "np.dot(" in compiled.source
        with monkeypatch.context() as patched:
            forbid_arrays(patched)
            compiled.value_and_grad(X)
    with monkeypatch.context() as patched:
        forbid_arrays(patched)
        with pytest.raises(AssertionError, match="NumPy was asked"):
            program("arrays").value_and_grad(X)


# --- rows of a user's own -------------------------------------------------------------------

#: Kernels that NumPy runs, their functions and numbers of arguments.
KERNELS: list[tuple[str, Callable[..., float], int]] = [
    ("{0} - 2.0 * np.tanh({0})", lambda x: x - 2.0 * float(np.tanh(x)), 1),
    ("np.floor({0})", lambda x: float(np.floor(x)), 1),
    ("({0} > 0.0) / 2.0", lambda x: (x > 0.0) / 2.0, 1),
    ("{0} % 2.0", lambda x: x % 2.0, 1),
    ("np.where(({0} > 0.0) & ({0} < 1.0), 1.0, 0.0)", lambda x: float(0.0 < x < 1.0), 1),
    ("np.where({0}, 1.0, 2.0)", lambda x: 1.0 if x else 2.0, 1),
    ("np.maximum.reduce({x}) - np.minimum.reduce({x})", lambda *x: max(x) - min(x), 3),
    ("np.sum({x}, axis=0)", lambda *x: float(np.sum(x)), 3),
    ("np.mean({x}, axis=0)", lambda *x: float(np.mean(x)), 3),
    ("{x}.max(axis=0)", lambda *x: max(x), 3),
    ("{x}[::-1][0] - {x}[0]", lambda *x: x[-1] - x[0], 3),
    ("{x}[-1] - {x}[0]", lambda *x: x[-1] - x[0], 3),
]


@pytest.mark.parametrize(("kernel", "f", "arity"), KERNELS, ids=[k for k, _, _ in KERNELS])
def test_a_users_kernel_runs_whatever_numpy_it_uses(
    kernel: str, f: Callable[..., float], arity: int
) -> None:
    """Where there is no dense code for it, "auto" is NumPy and "dense" a CompileError."""
    rules: Any = (None,) if arity == 1 else lambda y, *xs: (0.0,) * len(xs)
    row, x = Op("mine", f, rules, array=kernel), al.inputs(arity)
    X = np.array([[0.0, 0.5, -2.0], [1.5, -0.5, 3.0], [-0.25, 1.0, 0.75]])[:, :arity]
    expected = [f(*sample) for sample in X.tolist()]
    auto = compile(row(*x) * 1.0, x, [])
    np.testing.assert_allclose(auto.value(X), expected, rtol=1e-15)
    if "achine code" not in auto.explain_plan():
        with pytest.raises(al.CompileError, match="no dense code for"):
            compile(row(*x) * 1.0, x, [], executor="dense")


# --- functions ------------------------------------------------------------------------------


@pytest.fixture
def fresh_functions() -> Iterator[None]:
    """Before and after it nothing is remembered of which vector functions there are."""
    vectors._vector_version.cache_clear()
    yield
    vectors._vector_version.cache_clear()


def elementary() -> Program:
    """A program of every C function on inputs (a, b), a in [-1, 1] and b in [1, 2]."""
    a, b = al.inputs(2)
    unary = ["exp", "expm1", "sin", "cos", "tan", "asin", "acos", "atan", "sinh", "cosh", "tanh",
             "asinh", "atanh", "erf"]  # fmt: skip
    of_a = [al.OPS[name](0.9 * a) for name in unary]
    of_b = [al.OPS[name](b) for name in ("log", "log1p", "log2", "log10", "acosh", "sqrt")]
    of_both = [al.OPS[name](b, a) for name in ("pow", "atan2", "hypot")]
    return compile([*of_a, *of_b, *of_both], [a, b], [], executor="dense")


def held_against_eager(compiled: Program) -> None:
    """At 21 pairs, by NumPy's functions of the same names, as glibc's scalar ones are 1 ulp off."""
    a, b = np.linspace(-1.0, 1.0, 21), np.linspace(1.0, 2.0, 21)
    z = 0.9 * a
    erf = np.array([al.OPS["erf"](x) for x in z.tolist()])
    expected = [
        np.exp(z), np.expm1(z), np.sin(z), np.cos(z), np.tan(z), np.arcsin(z), np.arccos(z),
        np.arctan(z), np.sinh(z), np.cosh(z), np.tanh(z), np.arcsinh(z), np.arctanh(z), erf,
        np.log(b), np.log1p(b), np.log2(b), np.log10(b), np.arccosh(b), np.sqrt(b),
        b**a, np.arctan2(b, a), np.hypot(b, a),
    ]  # fmt: skip
    found = compiled.value(np.column_stack([a, b]))
    np.testing.assert_allclose(found, np.column_stack(expected), rtol=1e-12, atol=0.0)


def test_functions_without_vector_versions(monkeypatch: pytest.MonkeyPatch) -> None:
    """As where there is no glibc: each lane calls the function itself."""
    monkeypatch.setattr(vectors, "_vector_version", lambda name, element: None)
    held_against_eager(elementary())


@pytest.mark.usefixtures("fresh_functions")
@pytest.mark.parametrize(("variant", "lanes"), list(zip(vectors._VARIANTS, (8, 4, 2))))
def test_functions_in_vectors_of_any_width(
    variant: tuple[str, str, int], lanes: int, monkeypatch: pytest.MonkeyPatch
) -> None:
    """As on a processor with AVX-512, with AVX2, with SSE alone; where it has no such feature,
    or the library is another, lane by lane.
    """
    monkeypatch.setattr(vectors, "_VARIANTS", (variant,))
    found = vectors._vector_version("exp", "double")
    assert found in (None, (f"_ZGV{variant[1]}N{lanes}v_exp", lanes))
    held_against_eager(elementary())


@pytest.mark.parametrize("dtype", DTYPES)
@pytest.mark.parametrize("width", [16, 32, 64])
@pytest.mark.usefixtures("fresh_functions")
def test_networks_with_vectors_of_any_width(
    width: int, dtype: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Pieces of a register, put together in order: each sample keeps its own number."""
    variants = [v for v in vectors._VARIANTS if v[2] == width]
    monkeypatch.setattr(vectors, "_VARIANTS", variants)
    dense, arrays = (program(e, "cross_entropy", dtype=dtype) for e in ("dense", "arrays"))
    for samples in (3, 16, 21):
        the_same(dense, arrays, batch(samples, "one-hot"), monkeypatch)


ELEMENTWISE = [row for row in ROWS if row.arity is not None]


@pytest.mark.parametrize("row", ELEMENTWISE, ids=lambda row: row.name)
def test_values_of_every_elementwise_row(row: Op, monkeypatch: pytest.MonkeyPatch) -> None:
    """At most 8 ulp from the eager one: two vector functions in a row, each 4 ulp off.

    None of these rows takes differences of its functions' values.
    """
    sample = points(row, 200, seed=21)
    free = len(sample[0]) - row.constants
    constants = sample[0][free:]
    x = al.inputs(free)
    dense = compile(row(*x, *constants), x, [], executor="dense")
    X = np.array([point[:free] for point in sample])
    expected = np.array([row(*point, *constants) for point in X.tolist()])
    assert np.isfinite(expected).all()
    forbid_arrays(monkeypatch)
    found = dense.value(X)
    assert (np.abs(found - expected) <= 8.0 * np.spacing(np.abs(expected))).all()


def test_registers_full_and_not_give_the_same_function() -> None:
    """Sample by sample or all at once, to the bit: a batch's size is no part of its results."""
    (x,) = al.inputs(1)
    dense = compile(ops.tanh(x) * ops.exp(x), [x], [], executor="dense")
    X = np.linspace(-2.0, 2.0, 19)[:, None]
    alone = [float(dense.value(sample[None])[0]) for sample in X]
    assert dense.value(X).tolist() == alone
    assert all(a != b for a, b in pairwise(alone))


def test_an_arrays_address_is_the_one_that_numpy_tells() -> None:
    numbers = np.arange(24.0)
    read_only = np.ones(3)
    read_only.flags.writeable = False
    for array in (numbers, numbers[5:], numbers.reshape(4, 6)[2:], np.empty(0), read_only):
        assert jit.address(array) == jit._slow_address(array) == array.ctypes.data


# --- what a review and a new user found ---------------------------------------------------------


def test_auto_leaves_to_others_what_takes_long_to_compile() -> None:
    """Five hundred powers on one level are one kind of row, but as many groups."""
    (x,), w = al.inputs(1), al.parameter(1.0)
    powers = al.sum([(w * x) ** (0.01 * i + 0.013) for i in range(500)])
    program = al.compile(powers, [x], [w])
    assert program.statements == 0
    assert "no dense code for 502 groups, which take long to compile" in program.explain_plan()
    rng = Random(0)
    mask = [[[float(rng.random() < 0.8) for _ in range(40)] for _ in range(100)], [[1.0]] * 40]
    net, inputs = nn.MLP([100, 40, 1], mask=mask, rng=0), al.inputs(100)
    assert al.compile(net(inputs)[0], inputs, net.parameters()).statements == 0


def test_run_checks_what_it_is_given() -> None:
    """Machine code would read whatever lies behind a batch with too few columns."""
    net, x = nn.MLP([4, 3, 1], "tanh", rng=0), al.inputs(4)
    program = al.compile(net(x)[0], x, net.parameters(), executor="dense")
    with pytest.raises(ValueError, match=r"X has the shape \(5, 2\)"):
        program.run(np.ones((5, 2)), None, 1.0)
    rows = np.random.default_rng(0).normal(size=(5, 4))
    expected = program.run(rows, None, 1.0)
    for other in (np.asfortranarray(rows), rows.astype(object), np.repeat(rows, 2, axis=1)[:, ::2]):
        for got, wanted in zip(program.run(other, None, 1.0), expected, strict=True):
            np.testing.assert_array_equal(got, wanted)


def test_a_program_goes_with_its_last_reference() -> None:
    """Its machine code and arrays too: nothing waits for the cyclic collector."""
    net, x = nn.MLP([4, 3, 1], "tanh", rng=0), al.inputs(4)
    program = al.compile(net(x)[0], x, net.parameters(), executor="dense")
    program.value_and_grad(np.ones((5, 4)))
    program.value(np.full((5, 4), inf))  # by arrays too
    gone = weakref.ref(program)
    gc.disable()
    try:
        del program
        assert gone() is None
    finally:
        gc.enable()


def test_the_plan_of_an_unpickled_program_is_the_one_it_follows(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    x = al.inputs(1)
    data = pickle.dumps(al.compile(al.sin(x[0]), x, [], executor="dense"))
    monkeypatch.setitem(sys.modules, "llvmlite.binding", None)  # as if it were not installed
    plan = pickle.loads(data).explain_plan()
    assert "NumPy calls in place of machine code; native code needs llvmlite 0.45" in plan


@pytest.mark.parametrize(
    "kernel",
    ["np.where(0.0 < {0} < 1.0, 1.0, 0.0)", "1.0 if {0} > 0.0 else 2.0", "{0}.reshape(0, -1)"],
)
@pytest.mark.parametrize("executor", ["auto", "arrays"])
def test_a_kernel_that_numpy_refuses_is_refused(kernel: str, executor: Any) -> None:
    row, x = Op("mine", lambda x: x, (None,), array=kernel), al.inputs(1)
    program = al.compile(row(x[0]) * 1.0, x, [], executor=executor)
    with pytest.raises(ValueError, match=r"truth value|reshape"):
        program.value([[-1.0], [0.5], [2.0]])


@pytest.mark.parametrize("executor", ["auto", "arrays"])
def test_a_kernel_that_mixes_samples_sees_no_padding(executor: Any) -> None:
    """Not what a row may do, yet what NumPy does with it: the first line's sum over samples."""
    kernel = "np.add.reduce({x}, axis=-1, keepdims=True)[0] + 0.0 * {x}[0]"
    row, x = Op("mixed", lambda *xs: xs[0], lambda y, *xs: (1.0, 0.0), array=kernel), al.inputs(2)
    program = al.compile(row(*x) * 1.0, x, [], executor=executor)
    X = [[1.0, 5.0], [2.0, 6.0], [4.0, 7.0]]
    assert program.value(X).tolist() == [7.0, 7.0, 7.0]


@pytest.mark.parametrize("executor", ["auto", "arrays"])
def test_sums_in_whole_numbers_are_numpys(executor: Any) -> None:
    kernel = "np.add.reduce({x}, axis=0, dtype=np.intp)"
    row, x = Op("whole", lambda *xs: 0.0, lambda y, *xs: (0.0, 0.0), array=kernel), al.inputs(2)
    program = al.compile(row(*x) * 1.0, x, [], executor=executor)
    assert program.value([[0.75, 0.75], [1.5, 1.75]]).tolist() == [0.0, 2.0]


RULES_THAT_CHOOSE: list[Callable[..., Any]] = [
    lambda y, x: 1.0 if x > 0 else -1.0, lambda y, x: 0.0 if x == 0 else y / x,
    lambda y, x: max(x, 0.0), lambda y, x: 1.0 if x and x > 0 else -1.0,
]  # fmt: skip


@pytest.mark.parametrize("executor", ["auto", "dense", "arrays", "native"])
@pytest.mark.parametrize("rule", RULES_THAT_CHOOSE)
def test_d6_a_rule_that_chooses_by_if_is_a_trace_error(
    rule: Callable[..., Any], executor: Any
) -> None:
    """Right op by op; compiled, one branch would be taken for all samples."""
    row, x, w = Op("ab", abs, (rule,), array="np.abs({0})"), al.inputs(1), al.parameter(1.0)
    with pytest.raises(al.TraceError, match=r"write al\.where\(condition, a, b\)"):
        al.compile(row(w * x[0]), x, [w], executor=executor).value_and_grad([[-2.0]])


def test_a_kernel_without_native_code_stays_with_numpy_in_functions_too() -> None:
    row = Op("sk", lambda x: math.sin(x), (lambda y, x: al.cos(x),), array="np.sinc({0})")
    found = al.function(lambda x: row(x[0]) * x[1], 2)
    value, gradient = found.value_and_grad([0.5, 2.0])
    assert value == pytest.approx(4.0 / math.pi)
    assert gradient.tolist() == pytest.approx([2.0 * math.cos(0.5), 2.0 / math.pi])
    x = al.inputs(1)
    with pytest.raises(al.CompileError, match="no native code for sk of 1 operands"):
        al.compile(row(x[0]), x, [], executor="native")


@pytest.mark.parametrize("executor", ["dense", "arrays", "native"])
def test_what_float32_cannot_hold_is_inf_without_a_word(executor: Any) -> None:
    x, w = al.inputs(1), al.parameter(1e30)
    program = al.compile(w * x[0] * 1e20, x, [w], "f4", executor=executor)
    assert program.value([[1.0], [1e300]]).tolist() == [inf, inf]
    assert program.value_and_grad([[1e300]])[0] == inf
