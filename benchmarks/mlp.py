"""Compiled MLPs against NumPy by hand, torch and jax: `python -m benchmarks.mlp`.

One training step's loss and gradient (value_and_grad on a batch), in float32 and float64, on
three networks, and one whole epoch of the digits. All contestants take turns within one
process and one thread; medians of 11 rounds; gradients are compared first. Ratios are times over
ours: above 1 the other is slower. NumPy is told which
AVX-512 kernels to use where the processor has them. `by hand` is the
faster of a plain NumPy version and one that writes into buffers (`out=`). Needs the extra
`bench` and torch (CPU); a peer that is not installed is left out and said so.
"""

from __future__ import annotations

import os
import sys
from pathlib import Path

# NumPy's BLAS shall use AVX-512 where the processor has it, as jax does: OpenBLAS does not know
# every processor, or is told otherwise, and reads its setting when the process starts.
CPUINFO = Path("/proc/cpuinfo")  # Linux alone has it
AVX512 = CPUINFO.exists() and "avx512f" in CPUINFO.read_text(encoding="ascii")
if __name__ == "__main__" and AVX512 and os.environ.get("OPENBLAS_CORETYPE") != "SkylakeX":
    os.environ["OPENBLAS_CORETYPE"] = "SkylakeX"
    os.execv(sys.executable, [sys.executable, "-m", "benchmarks.mlp", *sys.argv[1:]])
for _name in ("OMP_NUM_THREADS", "OPENBLAS_NUM_THREADS", "MKL_NUM_THREADS"):
    os.environ[_name] = "1"
os.environ["XLA_FLAGS"] = "--xla_cpu_multi_thread_eigen=false intra_op_parallelism_threads=1"
os.environ["JAX_PLATFORMS"] = "cpu"

import statistics
import time
from collections.abc import Callable
from itertools import pairwise
from typing import Any

import numpy as np

import autograd_lite as al
from autograd_lite import data, losses, nn, optim, training
from benchmarks import parser

ROUNDS = 11
Step = Callable[[], tuple[float, list[Any]]]

#: name, sizes, batch, loss
TASKS = [
    ("moons 2-16-16-1, batch 100", [2, 16, 16, 1], 100, "hinge"),
    ("digits 64-32-10, batch 32", [64, 32, 10], 32, "cross_entropy"),
    ("784-128-64-10, batch 64", [784, 128, 64, 10], 64, "cross_entropy"),
]


def batch(sizes: list[int], count: int, loss: str, dtype: Any) -> tuple[Any, Any]:
    """Samples and targets: two moons, digits, or numbers like them."""
    rng = np.random.default_rng(0)
    if loss == "hinge":
        X, labels = data.two_moons(count)
        return X.astype(dtype), labels[:, None].astype(dtype)
    if sizes[0] == 64:
        X, labels = data.digits()
        return X[:count].astype(dtype), data.one_hot(labels[:count], 10).astype(dtype)
    X = rng.random((count, sizes[0]))
    return X.astype(dtype), np.eye(sizes[-1], dtype=dtype)[rng.integers(0, sizes[-1], count)]


def matrices(model: nn.MLP, dtype: Any) -> list[tuple[Any, Any]]:
    """Per layer W (n_in, n_out) and b (n_out,)."""
    return [(w.astype(dtype), b.astype(dtype)) for w, b in (la.matrix() for la in model.layers)]


# --- NumPy by hand ----------------------------------------------------------------------


def plain(layers: list[tuple[Any, Any]], X: Any, T: Any, loss: str) -> Step:
    """As one types it: samples in rows, an array per intermediate."""

    def step() -> tuple[float, list[Any]]:
        activations, a = [X], X
        for k, (w, b) in enumerate(layers):
            z = a @ w + b
            a = np.maximum(z, 0) if k < len(layers) - 1 else z
            activations.append(a)
        n = len(X)
        if loss == "hinge":
            margin = 1 - T * a
            value = np.maximum(margin, 0).mean()
            delta = np.where(margin > 0, -T, 0) / a.dtype.type(n)
        else:
            shifted = a - a.max(axis=1, keepdims=True)
            e = np.exp(shifted)
            s = e.sum(axis=1, keepdims=True)
            value = (np.log(s[:, 0]) - (shifted * T).sum(axis=1)).mean()
            delta = (e / s - T) / a.dtype.type(n)
        gradients = []
        for k in range(len(layers) - 1, -1, -1):
            gradients.append((activations[k].T @ delta, delta.sum(axis=0)))
            if k:
                delta = (delta @ layers[k][0].T) * (activations[k] > 0)
        return float(value), gradients[::-1]

    return step


def buffered(layers: list[tuple[Any, Any]], X: Any, T: Any, loss: str) -> Step:
    """The same into buffers that are made once."""
    n, dtype = len(X), X.dtype
    sizes = [w.shape[1] for w, _ in layers]
    zs = [np.empty((n, m), dtype) for m in sizes]
    ds = [np.empty((n, m), dtype) for m in sizes]
    masks = [np.empty((n, m), bool) for m in sizes]
    gw = [np.empty_like(w) for w, _ in layers]
    gb = [np.empty_like(b) for _, b in layers]
    one, count = dtype.type(1), dtype.type(n)

    def step() -> tuple[float, list[Any]]:
        a = X
        for k, (w, b) in enumerate(layers):
            np.matmul(a, w, out=zs[k])
            np.add(zs[k], b, out=zs[k])
            if k < len(layers) - 1:
                np.maximum(zs[k], 0, out=zs[k])
            a = zs[k]
        d = ds[-1]
        if loss == "hinge":
            np.multiply(T, a, out=d)
            np.subtract(one, d, out=d)
            np.greater(d, 0, out=masks[-1])
            np.multiply(d, masks[-1], out=d)
            value = d.sum() / n
            np.multiply(masks[-1], T, out=d)
            np.divide(d, -count, out=d)
        else:
            np.subtract(a, a.max(axis=1, keepdims=True), out=a)
            np.exp(a, out=d)
            s = d.sum(axis=1, keepdims=True)
            value = (np.log(s[:, 0]) - np.einsum("ij,ij->i", a, T)).sum() / n
            np.divide(d, s, out=d)
            np.subtract(d, T, out=d)
            np.divide(d, count, out=d)
        for k in range(len(layers) - 1, -1, -1):
            below = X if k == 0 else zs[k - 1]
            np.matmul(below.T, ds[k], out=gw[k])
            np.add.reduce(ds[k], axis=0, out=gb[k])
            if k:
                np.matmul(ds[k], layers[k][0].T, out=ds[k - 1])
                np.greater(below, 0, out=masks[k - 1])
                np.multiply(ds[k - 1], masks[k - 1], out=ds[k - 1])
        return float(value), list(zip(gw, gb, strict=True))

    return step


# --- autograd_lite ----------------------------------------------------------------------


def compiled(model: nn.MLP, X: Any, T: Any, loss: str, dtype: Any) -> tuple[Step, float, float]:
    """The compiled program's step, the seconds that recording and compiling took, and those of the
    first step, in which LLVM makes the machine code.
    """
    start = time.perf_counter()
    x, t = al.inputs(X.shape[1]), al.inputs(T.shape[1], "t")
    function = losses.hinge if loss == "hinge" else losses.cross_entropy_with_logits
    program = al.compile(function(model(x), t), [*x, *t], model.parameters(), dtype)
    seconds = time.perf_counter() - start
    samples = np.ascontiguousarray(np.hstack([X, T]), dtype=dtype)
    theta = program.theta

    def step() -> tuple[float, list[Any]]:
        value, gradient = program.value_and_grad(samples, theta)
        return value, [gradient]

    start = time.perf_counter()
    step()
    return step, seconds, time.perf_counter() - start


def by_layer(model: nn.MLP, gradient: Any) -> list[tuple[Any, Any]]:
    """A flat gradient, neuron by neuron with its bias last, as matrices."""
    found, start = [], 0
    for n_in, n_out in pairwise(model.sizes):
        block = gradient[start : start + n_out * (n_in + 1)].reshape(n_out, n_in + 1)
        found.append((block[:, :-1].T, block[:, -1]))
        start += block.size
    return found


# --- the peers --------------------------------------------------------------------------


def with_torch(layers: list[tuple[Any, Any]], X: Any, T: Any, loss: str) -> Step:
    import torch

    torch.set_num_threads(1)
    ws = [(torch.tensor(w, requires_grad=True), torch.tensor(b, requires_grad=True))
          for w, b in layers]  # fmt: skip
    x, t = torch.tensor(X), torch.tensor(T)
    classes = t.argmax(1)

    def step() -> tuple[float, list[Any]]:
        a = x
        for k, (w, b) in enumerate(ws):
            a = torch.addmm(b, a, w)
            if k < len(ws) - 1:
                a = torch.relu(a)
        value = (
            torch.relu(1 - t * a).mean() if loss == "hinge"
            else torch.nn.functional.cross_entropy(a, classes)
        )  # fmt: skip
        for w, b in ws:
            w.grad = b.grad = None
        value.backward()
        return value.item(), [(w.grad.numpy(), b.grad.numpy()) for w, b in ws]

    return step


def with_jax(layers: list[tuple[Any, Any]], X: Any, T: Any, loss: str) -> tuple[Step, float]:
    import jax
    import jax.numpy as jnp

    jax.config.update("jax_enable_x64", X.dtype == np.float64)
    x, t = jnp.asarray(X), jnp.asarray(T)
    ws = [(jnp.asarray(w), jnp.asarray(b)) for w, b in layers]

    def f(ws: Any, x: Any, t: Any) -> Any:
        a = x
        for k, (w, b) in enumerate(ws):
            a = a @ w + b
            if k < len(ws) - 1:
                a = jax.nn.relu(a)
        if loss == "hinge":
            return jax.nn.relu(1 - t * a).mean()
        return -(jax.nn.log_softmax(a) * t).sum(1).mean()

    start = time.perf_counter()
    run = jax.jit(jax.value_and_grad(f)).lower(ws, x, t).compile()
    seconds = time.perf_counter() - start

    def step() -> tuple[float, list[Any]]:
        value, gradients = run(ws, x, t)
        jax.block_until_ready(gradients)
        return float(value), gradients

    return step, seconds


def installed(name: str) -> bool:
    try:
        __import__(name)
    except ImportError:
        print(f"({name} is not installed and left out)")
        return False
    return True


# --- measuring --------------------------------------------------------------------------


def per_call(step: Step, seconds: float = 0.02) -> float:
    """Seconds a call, over about so many seconds of calls."""
    start = time.perf_counter()
    step()
    count = max(3, int(seconds / max(time.perf_counter() - start, 1e-7)))
    start = time.perf_counter()
    for _ in range(count):
        step()
    return (time.perf_counter() - start) / count


def compare(
    title: str, sizes: list[int], count: int, loss: str, dtype: Any, peers: set[str]
) -> None:
    X, T = batch(sizes, count, loss, dtype)
    model = nn.MLP(sizes, "relu", rng=0)
    layers = matrices(model, dtype)
    ours, seconds, first = compiled(model, X, T, loss, dtype)
    steps = {"autograd_lite": ours, "plain": plain(layers, X, T, loss),
             "out=": buffered(layers, X, T, loss)}  # fmt: skip
    jax_seconds = None
    if "torch" in peers:
        steps["torch eager"] = with_torch(layers, X, T, loss)
    if "jax" in peers:
        steps["jax.jit"], jax_seconds = with_jax(layers, X, T, loss)
    reference_value, reference = steps["plain"]()
    tolerance = 1e-4 if dtype == np.float32 else 1e-12
    for name, step in steps.items():
        value, gradients = step()
        if name == "autograd_lite":
            gradients = by_layer(model, gradients[0])
        for got, expected in zip(gradients, reference, strict=True):
            for g, e in zip(got, expected, strict=True):
                assert np.linalg.norm(np.asarray(g) - e) <= tolerance * (1 + np.linalg.norm(e)), (
                    name
                )
        assert abs(value - reference_value) <= tolerance * (1 + abs(reference_value)), name
    times: dict[str, list[float]] = {name: [] for name in steps}
    for _ in range(ROUNDS):
        for name, step in steps.items():
            times[name].append(per_call(step))
    medians = {name: statistics.median(ts) for name, ts in times.items()}
    hand = min(medians["plain"], medians["out="])
    mine = medians["autograd_lite"]
    print(f"\n{title}, {np.dtype(dtype).name}: {mine * 1e6:.1f} us a step, recorded and compiled "
          f"in {seconds:.2f} s, machine code with the first step {first:.2f} s"
          + (f" (jax {jax_seconds:.2f} s)" if jax_seconds else ""))  # fmt: skip
    print(f"  NumPy by hand takes {hand / mine:.2f} x autograd_lite")
    for name in ("torch eager", "jax.jit"):
        if name in medians:
            print(f"  {name} takes {medians[name] / mine:.2f} x autograd_lite")


# --- a whole epoch ----------------------------------------------------------------------


def epochs(peers: set[str]) -> None:
    """One epoch of the digits, batch 32, Adam: `fit`, jax with the loop in lax.scan, torch."""
    X, labels = data.digits()
    X_train, T_train, _, _ = data.split(X, data.one_hot(labels, 10))
    X32, T32 = X_train.astype(np.float32), T_train.astype(np.float32)
    contestants: dict[str, Callable[[], float]] = {"autograd_lite": fit_epochs(X32, T32)}
    if "torch" in peers:
        contestants["torch"] = torch_epochs(X32, T32)
    if "jax" in peers:
        contestants["jax, lax.scan"] = jax_epochs(X32, T32)
    times: dict[str, list[float]] = {name: [] for name in contestants}
    for _ in range(ROUNDS):
        for name, run in contestants.items():
            times[name].append(run())
    medians = {name: statistics.median(ts) for name, ts in times.items()}
    print("\none epoch of the digits, 64-32-10, batch 32, Adam, float32")
    for name, seconds in medians.items():
        print(f"  {name:14} {seconds * 1e3:7.1f} ms  {seconds / medians['autograd_lite']:5.2f} x")


def fit_epochs(X: Any, T: Any, count: int = 5) -> Callable[[], float]:
    """Seconds an epoch of `fit`, without what its start (recording, compiling) takes."""

    def run() -> float:
        model = nn.MLP([64, 32, 10], "relu", rng=0)
        adam = optim.Adam(model.parameters(), 0.01)
        marks: list[float] = []
        training.fit(
            model, losses.cross_entropy_with_logits, X, T, adam, count + 1, 32,
            dtype=np.float32, progress=False,
            after_epoch=lambda *_: marks.append(time.perf_counter()),
        )  # fmt: skip
        return (marks[-1] - marks[0]) / count

    return run


def torch_epochs(X: Any, T: Any) -> Callable[[], float]:
    import torch

    model = torch.nn.Sequential(
        torch.nn.Linear(64, 32), torch.nn.ReLU(), torch.nn.Linear(32, 10)
    )  # fmt: skip
    adam = torch.optim.Adam(model.parameters(), 0.01)
    x, t = torch.tensor(X), torch.tensor(T).argmax(1)

    def run() -> float:
        start = time.perf_counter()
        for at in torch.randperm(len(x)).split(32):
            adam.zero_grad()
            torch.nn.functional.cross_entropy(model(x[at]), t[at]).backward()
            adam.step()
        return time.perf_counter() - start

    return run


def jax_epochs(X: Any, T: Any) -> Callable[[], float]:
    import jax
    import jax.numpy as jnp

    jax.config.update("jax_enable_x64", False)
    model = nn.MLP([64, 32, 10], "relu", rng=0)
    ws = [(jnp.asarray(w), jnp.asarray(b)) for w, b in matrices(model, np.float32)]
    full = len(X) // 32 * 32  # lax.scan needs equal batches; the remainder is left out

    def f(ws: Any, x: Any, t: Any) -> Any:
        a = x
        for k, (w, b) in enumerate(ws):
            a = a @ w + b
            a = jax.nn.relu(a) if k == 0 else a
        return -(jax.nn.log_softmax(a) * t).sum(1).mean()

    def one(carry: Any, sample: Any) -> Any:
        ws, m, v, n = carry
        value, g = jax.value_and_grad(f)(ws, *sample)
        n = n + 1
        tree = jax.tree_util.tree_map
        m = tree(lambda m, g: 0.9 * m + 0.1 * g, m, g)
        v = tree(lambda v, g: 0.999 * v + 0.001 * g * g, v, g)
        ws = tree(
            lambda w, m, v: w - 0.01 * (m / (1 - 0.9**n)) / (jnp.sqrt(v / (1 - 0.999**n)) + 1e-8),
            ws, m, v,
        )  # fmt: skip
        return (ws, m, v, n), value

    @jax.jit
    def epoch(carry: Any, key: Any, x: Any, t: Any) -> Any:
        order = jax.random.permutation(key, len(x))[:full].reshape(-1, 32)
        return jax.lax.scan(one, carry, (x[order], t[order]))

    zeros = jax.tree_util.tree_map(jnp.zeros_like, ws)
    state = (ws, zeros, zeros, jnp.float32(0))
    x, t, key = jnp.asarray(X), jnp.asarray(T), jax.random.PRNGKey(0)
    jax.block_until_ready(epoch(state, key, x, t))

    def run() -> float:
        start = time.perf_counter()
        jax.block_until_ready(epoch(state, key, x, t))
        return time.perf_counter() - start

    return run


if __name__ == "__main__":
    parser("mlp", __doc__).parse_args()
    if hasattr(os, "sched_setaffinity"):
        os.sched_setaffinity(0, {min(os.sched_getaffinity(0))})
    found = {name for name in ("torch", "jax") if installed(name)}
    for dtype in (np.float32, np.float64):
        for title, sizes, count, loss in TASKS:
            compare(title, sizes, count, loss, dtype, found)
    epochs(found)
    sys.exit(0)
