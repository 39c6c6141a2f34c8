"""Array code run by NumPy and compiled by the recorder gives the same numbers.

Each source is written as `emit` prints it: x (6, B) are the samples' columns, s (12, 1) the
parameters, t the outputs, dt a cotangent of t, zero in the padding as all cotangents are.
"""

from __future__ import annotations

from typing import Any, NamedTuple

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from numpy.typing import NDArray

from autograd_lite import OPS, Op
from autograd_lite.compiler.arrays import ArrayRun, load
from autograd_lite.compiler.dense import DenseRun, dense
from autograd_lite.compiler.emit import Source
from autograd_lite.compiler.order import Order
from autograd_lite.compiler.sheets import Unsupported

Array = NDArray[Any]

COLUMNS, PARAMETERS = 6, 12
#: One sample, just below, at and above one register of doubles, of floats, and more of them.
BATCHES = (1, 7, 8, 16, 33)
DTYPES: list[Any] = [np.dtype("f8"), np.dtype("f4")]
every_dtype = pytest.mark.parametrize("dtype", DTYPES, ids=["float64", "float32"])

#: Index and constant arrays that the sources name.
ARRAYS = {
    "i1": np.array([4, 0, 0, 5, 2, 1]),
    "i2": np.array([1, 3, 5]),
    "i3": np.array([2, 0, 2, 2, 1, 0]),
    "i4": np.array([0, 2, 4]),
    "i5": np.array([7, 3, 7]),
    "i6": np.array([0, 5] * 6),
    "i7": np.array([0, 5]),
    "k1": np.array([0.5, -2.0, np.pi]),
}


class Case(NamedTuple):
    """A program: what is made beside x, s, t; its statements; its outputs' rows.

    exact   whether it only copies, adds two numbers or takes the larger
    """

    forward: str
    rows: int
    make: str = ""
    backward: str = ""
    exact: bool = False


def source(case: Case, rows: dict[str, Op] | None = None, results: str = "") -> Source:
    """The case as a generated module."""
    results = results or ("t[0:1], t[1:]" if case.rows > 1 else "t,")
    make = ["x = np.empty((6, B), dtype)", "s = np.empty((12, 1), dtype)",
            f"t = np.empty(({case.rows}, B), dtype)", "ds = np.zeros((12, 1), dtype)",
            f"dt = np.zeros(({case.rows}, B), dtype)",
            "dy = np.zeros((1, B), dtype)", *case.make.splitlines()]  # fmt: skip
    forward = ["np.copyto(x[0:4], X[:, 2:6].T)", "np.copyto(x[4:6], X[:, 0:2].T)",
               "np.copyto(s[:, 0], theta)", *case.forward.splitlines(),
               f"return ({results})"]  # fmt: skip
    backward = [*case.backward.splitlines(), "return ds[:, 0]"]
    text = "\n".join([
        "def build(B, dtype):", *indented(make, 4), "    def forward(X, theta, multiply):",
        *indented(forward, 8),
        "    def backward(X, seed, multiply, select, dot, dot_back, matmul):",
        *indented(backward, 8), f"    return forward, {'backward' if case.backward else None}",
    ])  # fmt: skip
    return Source(text + "\n", ARRAYS, rows or {}, {}, list(range(PARAMETERS)), None, False)


def indented(lines: list[str], spaces: int) -> list[str]:
    """The statements; blanks at their beginnings are the source's own."""
    return [" " * spaces + line.strip() for line in lines if line.strip()]


def never() -> ArrayRun:
    """What a dense run takes for numbers that are not finite."""
    raise AssertionError("the dense numbers are not finite")


def numbers(samples: int, dtype: Any) -> tuple[Array, Array]:
    """A batch and parameters, in [-2, 2] and none of them close to 0."""
    rng = np.random.default_rng(samples)
    X, theta = rng.uniform(0.1, 2.0, (samples, COLUMNS)), rng.uniform(0.1, 2.0, PARAMETERS)
    X *= rng.choice([-1.0, 1.0], X.shape)
    theta *= rng.choice([-1.0, 1.0], PARAMETERS)
    return X.astype(dtype), theta.astype(dtype)


def compare(program: Source, outputs: int, dtype: Any, tolerance: float) -> None:
    """Hold machine code against NumPy on every batch, twice: nothing may be left over."""
    machine = dense(program, COLUMNS, dtype)
    order = Order(program.order, PARAMETERS)
    for samples in BATCHES:
        arrays = ArrayRun(load(program), program, samples, outputs, dtype)
        run = DenseRun(machine, samples, order, never)
        X, theta = numbers(samples, dtype)
        for scale in (dtype.type(1.0), dtype.type(0.75)):
            agree(run.values(X * scale, theta), arrays.values(X * scale, theta), tolerance)
            if machine.recorder.has_gradient:
                total, gradient = run.run(X * scale, theta, 0.25)
                expected_total, expected = arrays.run(X * scale, theta, 0.25)
                agree(gradient, expected, tolerance)
                agree(total, expected_total, samples * float(np.finfo(dtype).eps))


def agree(found: Any, expected: Any, tolerance: float) -> None:
    """Equal within `tolerance` times the largest number, which is that of the terms."""
    size = np.abs(expected).max()
    np.testing.assert_allclose(found, expected, rtol=0.0, atol=tolerance * size)


# --- forward --------------------------------------------------------------------------------

FORWARD = {
    "rows are copied": Case(
        """np.copyto(t[1:3], x[0:2])
           np.copyto(t[0:1], x[5:6])
           t[3:6][...] = x[2:5]""",
        6, exact=True,
    ),
    "no rows are copied": Case("np.copyto(t, x)\nnp.copyto(t[3:3], x[0:0])", 6, exact=True),
    "no parameters are copied": Case("np.copyto(t, x)\nnp.copyto(t[3:3], s[0:0])", 6, exact=True),
    "views are made once": Case(
        """np.copyto(v1, v2)
           np.copyto(v3, v4)""",
        5, make="v1 = t[0:2]\nv2 = x[1:3]\nv3 = t[2:5]\nv4 = x[0:3]", exact=True,
    ),
    "a number fills rows": Case("np.copyto(t[0:2], x[0:2])\nt[2:3].fill(0.5)\nt[3:4][...] = -3.0",
                                4, exact=True),
    "a static column becomes rows": Case("np.copyto(t, s[3:6])", 3, exact=True),
    "constants become rows": Case("np.add(x[0:3], v1, out=t)", 3,
                                  make="v1 = k1.astype(dtype).reshape(3, 1)", exact=True),
    "a matrix of lines and rows": Case("np.copyto(t.reshape(2, 3, B), x.reshape(2, 3, B))", 6,
                                       exact=True),
    "lines added to rows": Case(
        "v1[...] = x[0:2].reshape(2, 1, B) + x[3:6].reshape(1, 3, B)", 6,
        make="v1 = t.reshape(2, 3, B)", exact=True,
    ),
    "a static line to every row": Case("np.add(x.reshape(2, 3, B), s[0:3], out=v1)", 6,
                                       make="v1 = t.reshape(2, 3, B)", exact=True),
    "a static row to every line": Case(
        "np.add(x.reshape(2, 3, B), s[0:2].reshape(2, 1, 1), out=v1)", 6,
        make="v1 = t.reshape(2, 3, B)", exact=True,
    ),
    "one row to all, in place": Case("np.copyto(t, x)\nnp.add(t, x[2:3], out=t)", 6, exact=True),
    "a length of one before the others": Case(
        "v1[...] = np.concatenate(((x[0:3] + 1.0)[None], -x.reshape(2, 3, B)))", 9,
        make="v1 = t.reshape(3, 3, B)", exact=True,
    ),
    "parts one below the other": Case("t[...] = np.concatenate((x[4:6], s[1:2] + x[0:1]))", 3,
                                      exact=True),
    "a broadcast, written out": Case("t[...] = np.broadcast_to(x[1:2], (4, B)).reshape(4, B)", 4,
                                     exact=True),
    "a static broadcast": Case("t[...] = np.broadcast_to(s[1:2], (2, 2, 1)).reshape(4, 1)", 4,
                               exact=True),
    "what is left, by -1": Case("np.copyto(t, x.reshape(6, -1))", 6, exact=True),
    "arithmetic": Case("t[...] = -(x * s[0:6] - 2.0) / (1.5 + x * x) + 3.0 - x", 6),
    "numbers on the left": Case("t[...] = 2.0 - 3.0 * x + 1.0 / (x * x) + 2.0 ** x", 6),
    "powers": Case("np.power(x * x, s[0:6], out=t)", 6),
    "roots and squares": Case("np.square(x, out=t)\nnp.sqrt(t + 1.0, out=t)", 6),
    "choices": Case(
        """t[0:2][...] = np.where(x[0:2] > s[0:2], x[2:4], -1.0)
           t[2:4][...] = np.where(x[0:2] <= 0.0, s[3:4], x[0:2])
           t[4:6][...] = np.where(x[0:2] != x[0:2], np.nan, 1.0)""",
        6, exact=True,
    ),
    "comparisons as numbers": Case(
        """t[0:2][...] = np.where(x[0:2] < s[0:2], 1.0, 0.0) + x[0:2]
           t[2:4][...] = np.where(x[0:2] >= 0.0, 1.0, 0.0)
           t[4:6][...] = (x[0:2] == x[0:1]) * 1.0""",
        6, exact=True,
    ),
    "extremes": Case(
        """np.maximum(x[0:2], s[0:2], out=t[0:2])
           np.minimum(x[0:2], 0.0, out=t[2:4])
           t[4:6][...] = np.clip(x[0:2], -0.5, 0.5)""",
        6, exact=True,
    ),
    "sizes, signs and steps": Case(
        """np.abs(x[0:2], out=t[0:2])
           np.sign(x[0:2], out=t[2:4])
           t[4:6][...] = np.heaviside(x[0:2], 1.0)""",
        6, exact=True,
    ),
    "functions of one": Case(
        """np.exp(x[0:1], out=t[0:1])
           np.log(np.abs(x[0:1]), out=t[1:2])
           np.tanh(x[0:1], out=t[2:3])
           t[3:4][...] = np.sin(x[0:1]) + np.cos(x[0:1]) + np.arctan(x[0:1])
           t[4:5][...] = np.log1p(np.exp(-np.abs(x[0:1]))) + np.maximum(x[0:1], 0.0)""",
        5,
    ),
    "functions of two": Case(
        """np.hypot(x[0:2], s[0:2], out=t[0:2])
           np.arctan2(x[0:2], x[2:4], out=t[2:4])
           np.logaddexp(0.0, x[0:2], out=t[4:6])""",
        6,
    ),
    "a row of C's": Case("t[...] = row_erf(x[0:2])", 2),
    "functions of parameters": Case("t2[...] = np.tanh(s[0:9]) * 2.0\nnp.add(x[0:1], t2, out=t)",
                                    9, make="t2 = np.empty((9, 1), dtype)"),
    "a sum over lines": Case("np.subtract(np.add.reduce(v1, axis=0), 0.0, out=t)", 3,
                             make="v1 = x.reshape(2, 3, B)", exact=True),
    "a difference of sums": Case(
        "np.subtract(np.add.reduce(v1, axis=0), np.add.reduce(s[0:9].reshape(3, 3, 1), axis=0), "
        "out=t)",
        3, make="v1 = x.reshape(2, 3, B)",
    ),
    "a sum of products": Case("np.sum(v1 * v2, axis=0, out=t)", 2,
                              make="v1 = x.reshape(3, 2, B)\nv2 = s[0:6].reshape(3, 2, 1)"),
    "extremes over lines": Case(
        "t[0:2][...] = np.maximum.reduce(v1, axis=0)\nt[2:4][...] = np.minimum.reduce(v1, axis=0)",
        4, make="v1 = x.reshape(3, 2, B)", exact=True,
    ),
    "a log of exponentials over lines": Case(
        "c1[...] = np.logaddexp.reduce(v1, axis=0)\nt[...] = np.exp(v1[0] - c1)", 2,
        make="c1 = np.empty((2, B), dtype)\nv1 = x.reshape(3, 2, B)",
    ),
    "rows by an index": Case("np.take(x, i1, axis=0, out=t, mode='clip')", 6, exact=True),
    "parameters by an index": Case(
        "np.take(s, i5, axis=0, out=c1, mode='clip')\nnp.add(x[0:3], c1, out=t)", 3,
        make="c1 = np.empty((3, 1), dtype)", exact=True,
    ),
    "rows to an index": Case("t[i2] = x[i4]\nt[i4] = s[i5]", 6, exact=True),
    "constants to an index": Case("t[i4] = x[i5 - 3]\nnp.copyto(t[0:1], x[0:1])", 6,
                                  make="t[i2] = k1.reshape(-1, 1)", exact=True),
    "columns of the batch by an index": Case("np.copyto(t, X.T[i1])", 6, exact=True),
    "weights times samples": Case("np.dot(W1, v1, out=t)", 3,
                                  make="W1 = s[0:12].reshape(3, 4)\nv1 = x[1:5]"),
    "weights with a bias": Case(
        "np.copyto(t2[:3], x[0:3])\nnp.dot(W1, t2, out=t)", 3,
        make="t2 = np.ones((4, B), dtype)\nW1 = s.reshape(3, 4)",
    ),
    "a part of the weights": Case("np.dot(W1[:, 1:], x[0:3], out=t)", 3,
                                  make="W1 = s.reshape(3, 4)"),
    "transposed weights": Case("np.dot(W1.T, x[0:3], out=t)", 4, make="W1 = s.reshape(3, 4)"),
    "weights on three columns": Case(
        "np.dot(W1, v1, out=v2)", 9,
        make="W1 = s[2:8].reshape(3, 2)\nv1 = x.reshape(2, 3 * B)\nv2 = t.reshape(3, 3 * B)",
    ),
    "weights times parameters": Case(
        "np.dot(W1, s[0:4], out=t2)\nnp.add(x[0:3], t2, out=t)", 3,
        make="W1 = s.reshape(3, 4)\nt2 = np.empty((3, 1), dtype)",
    ),
    "weights times their transpose": Case(
        "np.copyto(t2, np.dot(W1, W1.T).reshape(9, 1))\nnp.add(x[0:1], t2, out=t)", 9,
        make="W1 = s.reshape(3, 4)\nt2 = np.empty((9, 1), dtype)",
    ),
    "samples times samples": Case("np.dot(W1, x, out=t)", 2, make="W1 = s.reshape(2, 6)"),
}  # fmt: skip

#: The forward pass of what goes back.
SCALED = "np.multiply(s[0:6], x, out=t)"
#: The cotangent of the first output is the seed; dt is seed * x.
DT = "dy.fill(seed)\nmultiply(dy, x, out=dt)\n"

BACKWARD = {
    "the seed is handed to one parameter": Case(
        SCALED, 6, backward="""dt[0:1].fill(seed)
        np.add.reduce(np.broadcast_to(dt[0:1], (1, B)), axis=-1, keepdims=True, out=ds[4:5])""",
    ),
    "sums over samples": Case(
        SCALED, 6, backward=DT + "np.add.reduce(dt, axis=-1, keepdims=True, out=ds[0:6])",
    ),
    "sums over samples, added up": Case(
        SCALED, 6, backward=DT + """
        np.add.reduce(dt, axis=-1, keepdims=True, out=ds[0:6])
        np.add(ds[2:4], np.add.reduce(np.broadcast_to(select(dt[0:2], s[0:2]), (2, B)), axis=-1,\
 keepdims=True), out=ds[2:4])""",
    ),
    "sums over samples of lines and rows": Case(
        SCALED, 6, make="v1 = dt.reshape(2, 3, B)\nv2 = ds[3:9].reshape(2, 3, 1)",
        backward=DT + """
        np.add.reduce(np.broadcast_to(multiply(v1, s[0:3]), (2, 3, B)), axis=-1, keepdims=True,\
 out=v2)""",
    ),
    "sums over samples of one row for many": Case(
        SCALED, 6, make="v1 = dt[0:3].reshape(1, 3, B)\nv2 = ds[3:9].reshape(2, 3, 1)",
        backward=DT + "np.add.reduce(np.broadcast_to(v1, (2, 3, B)), axis=-1, keepdims=True, "
        "out=v2)",
    ),
    "cotangents times samples": Case(
        SCALED, 6, make="v1 = ds[1:9].reshape(2, 4)",
        backward=DT + "dot(dt[0:2], x[1:5].T, out=v1)",
    ),
    "one transpose for two products": Case(
        SCALED, 6, make="v1 = ds[0:4].reshape(1, 4)\nv2 = ds[4:12].reshape(2, 4)\nv3 = x[1:5]",
        backward=DT + "dot(dt[5:6], v3.T, out=v1)\ndot(dt[0:2], v3.T, out=v2)",
    ),
    "products added to what is there": Case(
        SCALED, 6, make="v1 = ds[0:8].reshape(2, 4)",
        backward=DT + """dot(dt[0:2], x[1:5].T, out=v1)
        np.add(v1, dot(dt[2:4], x[1:5].T), out=v1)""",
    ),
    "products on three columns": Case(
        SCALED, 6, make="v1 = ds[2:6].reshape(2, 2)",
        backward=DT + "dot(dt.reshape(2, 3 * B), x.reshape(2, 3 * B).T, out=v1)",
    ),
    "products spread over parameters": Case(
        SCALED, 6,
        backward=DT + """r = dot(dt[0:2], x[0:3].T).reshape(6, -1)
        ds[i1] = 0.0
        np.add.at(ds, i1, r)""",
    ),
    "back through weights": Case(
        SCALED, 6, make="W1 = s.reshape(3, 4)\ndx = np.zeros((4, B), dtype)",
        backward=DT + """dot_back(W1.T, dt[0:3], out=dx)
        np.add.reduce(dx, axis=-1, keepdims=True, out=ds[0:4])""",
    ),
    "back through a part of the weights": Case(
        SCALED, 6, make="W1 = s.reshape(3, 4)\nv1 = W1[:, :3]\ndx = np.zeros((3, B), dtype)",
        backward=DT + """dot_back(v1.T, dt[0:3], out=dx)
        np.add(dx, dot_back(v1.T, dt[3:6]), out=dx)
        np.add.reduce(dx, axis=-1, keepdims=True, out=ds[0:3])""",
    ),
    "back through weights on two columns": Case(
        SCALED, 6, make="W1 = s[0:6].reshape(3, 2)\ndx = np.zeros((4, B), dtype)",
        backward=DT + """dot_back(W1.T, dt.reshape(3, 2 * B), out=dx.reshape(2, 2 * B))
        np.add.reduce(dx, axis=-1, keepdims=True, out=ds[0:4])""",
    ),
    "cotangents times the batch as it came": Case(
        SCALED, 6, make="v1 = ds.reshape(2, 6)\nv2 = v1[:, :5]\nv3 = v1[:, 5:]",
        backward=DT + """matmul(dt[1:3], X[:, 1:6], out=v2)
        np.add.reduce(dt[1:3], axis=1, keepdims=True, out=v3)""",
    ),
    "rows spread over rows": Case(
        SCALED, 6, make="dz = np.zeros((6, B), dtype)",
        backward=DT + """r = np.broadcast_to(multiply(dt[0:3], s[0:3]), (2, 3, B)).reshape(6, B)
        dz[i2] = 0.0
        dz[i2] += r[i4]
        dz[i4] = 0.0
        dz[i4] += r[i2]
        np.add.reduce(dz, axis=-1, keepdims=True, out=ds[6:12])""",
    ),
    "rows that come several times": Case(
        SCALED, 6, make="dz = np.zeros((3, B), dtype)",
        backward=DT + """r = np.broadcast_to(dt, (6, B)).reshape(6, B)
        dz[i4 // 2] = 0.0
        np.add.at(dz, i3, r)
        np.add.reduce(dz, axis=-1, keepdims=True, out=ds[0:3])""",
    ),
    "rows summed into parameters": Case(
        SCALED, 6,
        backward=DT + """r = np.broadcast_to(multiply(dt, s[0:6]), (6, B)).reshape(6, B)
        ds[i2] = 0.0
        ds[i2] += np.add.reduce(r[i4], axis=-1, keepdims=True)
        ds[i4] = 0.0
        np.add.at(ds, i4, np.add.reduce(r[i2], axis=-1, keepdims=True))""",
    ),
    "several cotangents of one parameter": Case(
        SCALED, 6,
        backward=DT + """r = np.broadcast_to(multiply(dt[0:3], s[0:3]), (3, B)).reshape(3, B)
        ds[i2] = 0.0
        ds[i5] = 0.0
        np.add.at(ds, i5, np.add.reduce(r, axis=-1, keepdims=True))""",
    ),
    "two parameters with as many cotangents as there are parameters": Case(
        SCALED, 6,
        backward=DT + """r = np.broadcast_to(dt, (2, 6, B)).reshape(12, B)
        ds[i7] = 0.0
        np.add.at(ds, i6, np.add.reduce(r, axis=-1, keepdims=True))""",
    ),
    "a gradient that nothing writes to is zero": Case(SCALED, 6, backward=DT, exact=True),
    "static cotangents": Case(
        SCALED, 6, make="dp = np.zeros((3, 1), dtype)\nW1 = s.reshape(3, 4)",
        backward=DT + """np.add.reduce(dt[0:3], axis=-1, keepdims=True, out=dp)
        multiply(dp, 1.0 - s[3:6] * s[3:6], out=dp)
        dot_back(W1.T, dp, out=ds[4:8])
        np.copyto(ds[8:11], dp)""",
    ),
    "static cotangents times parameters": Case(
        SCALED, 6, make="dp = np.zeros((3, 1), dtype)\nv1 = ds.reshape(3, 4)",
        backward=DT + """np.add.reduce(dt[0:3], axis=-1, keepdims=True, out=dp)
        dot(dp, s[0:4].T, out=v1)""",
    ),
    "static cotangents on two columns": Case(
        SCALED, 6, make="dp = np.zeros((6, 1), dtype)\nv1 = ds[0:9].reshape(3, 3)\n"
        "v2 = s[0:6].reshape(3, 2 * 1)",
        backward=DT + """np.add.reduce(dt, axis=-1, keepdims=True, out=dp)
        dot(dp.reshape(3, 2 * 1), v2.T, out=v1)""",
    ),
    "stacked partials": Case(
        SCALED, 6, make="v1 = x.reshape(3, 2, B)\ndx = np.zeros((6, B), dtype)",
        backward=DT + """multiply(dt[0:2], (np.concatenate(((t[0:2] * (1.0 - t[0:2]))[None],\
 -t[0:2] * np.exp(v1[1:] - x[0:2])))), out=dx.reshape(3, 2, B))
        np.add.reduce(dx, axis=-1, keepdims=True, out=ds[0:6])""",
    ),
}  # fmt: skip


@every_dtype
@pytest.mark.parametrize("name", FORWARD)
def test_statements_forward(name: str, dtype: Any) -> None:
    """Sums of at most 12 products of numbers below 2, 1/x**2 below 100, and functions 4 ulp off."""
    case = FORWARD[name]
    program = source(case, {"row_erf": OPS["erf"]})
    compare(program, case.rows, dtype, 0.0 if case.exact else 32.0 * float(np.finfo(dtype).eps))


@every_dtype
@pytest.mark.parametrize("name", BACKWARD)
def test_statements_backward(name: str, dtype: Any) -> None:
    """Sums of up to 3 * 33 terms in another order: 99/2 ulp of the sum of their sizes.

    That may be several times the largest sum: the terms' signs differ.
    """
    case = BACKWARD[name]
    tolerance = 0.0 if case.exact else 400.0 * float(np.finfo(dtype).eps)
    compare(source(case), case.rows, dtype, tolerance)


# --- random expressions ---------------------------------------------------------------------


def leaves(lines: bool) -> st.SearchStrategy[str]:
    """Operands that broadcast to (3, B), or, `lines`, to (2, 3, B)."""
    first = st.integers(0, 3)
    names = [
        first.map(lambda i: f"x[{i}:{i + 3}]"), first.map(lambda i: f"s[{i}:{i + 3}]"),
        first.map(lambda i: f"x[{i}:{i + 1}]"), first.map(lambda i: f"s[{i}:{i + 1}]"),
        st.sampled_from(["v1", "0.5", "-1.25"]),
    ]  # fmt: skip
    if lines:
        names += [
            st.sampled_from(["x.reshape(2, 3, B)", "s[2:8].reshape(2, 3, 1)"]),
            first.map(lambda i: f"x[{i}:{i + 2}].reshape(2, 1, B)"),
            first.map(lambda i: f"s[{i}:{i + 2}].reshape(2, 1, 1)"),
            first.map(lambda i: f"x[{i}:{i + 3}][None]"),
        ]  # fmt: skip
    return st.one_of(names)


TEMPLATES = ["({} + {})", "({} - {})", "({} * {})", "np.maximum({}, {})", "np.minimum({}, {})",
             "np.hypot({}, {})", "np.tanh({} - {})", "-np.arctan({} * {})",
             "({} / (1.0 + np.abs({})))", "np.exp(-np.abs({} + {}))",
             "np.log1p(np.abs({} - {}))"]  # fmt: skip


@st.composite
def expressions(draw: st.DrawFn, lines: bool, depth: int = 3) -> str:
    """Expressions whose functions rise no steeper than 1; only leaves are compared, for those
    are the same numbers in both worlds.
    """
    if depth == 0:
        return draw(leaves(lines))
    below = expressions(lines, draw(st.integers(0, depth - 1)))
    if draw(st.integers(0, 5)) == 0:
        a, b = draw(leaves(lines)), draw(leaves(lines))
        return f"np.where({a} > x[0:1] + {b}, {draw(below)}, {draw(below)})"
    return draw(st.sampled_from(TEMPLATES)).format(draw(below), draw(below))


@settings(max_examples=40, deadline=None)  # an example is compiled: a time limit says nothing
@given(expressions(lines=False), expressions(lines=True), st.sampled_from(DTYPES))
def test_random_expressions(plain: str, lines: str, dtype: Any) -> None:
    """Seven functions, 4 ulp off at most, on values of at most 2**8: eight leaves of 2 multiplied.

    The largest output is about 1, so that this is 2**13 ulp of it.
    """
    make = "v1 = k1.astype(dtype).reshape(3, 1)\nv2 = t[3:9].reshape(2, 3, B)"
    case = Case(f"t[0:3][...] = {plain}\nv2[...] = {lines}", 9, make=make)
    compare(source(case), 9, dtype, 2.0**13 * float(np.finfo(dtype).eps))


# --- what has no dense code -----------------------------------------------------------------

REFUSED_FORWARD = {
    "np.copyto(t, X[:, 0:6])": "samples as they come",
    "np.copyto(t, X[0:3, 0:6].T)": "some of the samples",
    "np.add(X.T, x, out=t)": "a Samples among the operands",
    "np.add(x, i1, out=t)": "a ndarray among the operands",
    "np.add(x.T, 1.0, out=t)": "shapes",
    "np.add.reduce(x.T, axis=0)": "a Turned place by place|over axis 0",
    "np.copyto(t, x[0:4])": "shapes",
    "np.copyto(t[0:1], x)": r"shape \(6, .* into \(1, ",
    "np.add(x[0:2], x[0:3], out=t)": "shapes",
    "t[0:1][...] = (x + x)[0:1]": "a part of an expression",
    "np.copyto(t[0:3], x[0:6:2])": "every other row",
    "np.copyto(t, x[:, 1:2])": "some of the samples",
    "np.copyto(t[0:3], x[1:][i2])": "rows picked from a part",
    "np.copyto(t[0:1], x[i2][0:1])": "a part of picked rows",
    "np.copyto(t[0:3], x[i2].reshape(3, B))": "a reshaped part of a matrix",
    "np.copyto(t, x.reshape(4, B))": "reshape to",
    "np.copyto(t, x.reshape(6, 1))": "reshape to",
    "np.copyto(t[0:6], s.reshape(3, 4)[:, 1:3].reshape(6, 1))": "a reshaped part of a matrix",
    "np.copyto(t, x.reshape(2, 3, B).T)": "the transpose of more than a matrix",
    "np.copyto(t[0:3], x[i2].T)": "the transpose of more than a matrix",
    "np.sinc(x, out=t)": "np.sinc",
    "np.copyto(t[0:1], np.add.reduce(x[i2], axis=0))": "a reduction over picked rows",
    "np.add(t, x[i2[:1]], out=t)": "one picked row for many",
    "np.add.reduce(x, axis=-1)": "add over axis -1 of",
    "np.maximum.reduce(x, axis=-1, keepdims=True)": "maximum over axis -1",
    "np.add.reduce(x.reshape(2, 3, B), axis=1)": "add over axis 1",
    "np.add.reduce(x, axis=None)": "add over axis None",
    "np.add.reduce(x, axis=0, keepdims=True)": "add over axis 0",
    "np.add.reduce(s, axis=-1, keepdims=True)": "add over axis -1",
    "np.dot(x.T, x)": "samples in the rows of its left factor",
    "np.dot(x[i2], x.T)": "samples in the rows of its left factor",
    "np.dot(x.reshape(2, 3, B), x.T)": "samples in the rows of its left factor",
    "np.dot(s, X[:, 0:2].T)": "a product with the batch transposed",
    "np.dot(s.reshape(4, 3), x[i2])": "a product with anything but a matrix",
    "np.dot(s.reshape(6, 2), x.reshape(2, 3, B))": "a product with anything but a matrix",
    "np.dot(s.reshape(2, 6), x, out=t)": "a product of the shape",
    "np.dot(s.reshape(2, 6), x, out=t[i5[:2] - 2])": "a product of the shape",
    "np.dot(s[0:3], s[0:2].T, out=s[0:6].reshape(2, 3).T)": "a product of the shape",
}


@pytest.mark.parametrize("statement", REFUSED_FORWARD)
def test_statements_without_dense_code_are_refused(statement: str) -> None:
    case = Case("np.copyto(t, x)\n" + statement, 6)
    with pytest.raises(Unsupported, match=REFUSED_FORWARD[statement]):
        dense(source(case), COLUMNS, DTYPES[0])


#: What `emit` does not print by itself, but a user's kernel may bring.
RARE = [
    "t[0:1][...] = x[-1]", "t[0:1][...] = x.reshape(2, 3, B)[-1][-1]",
    "t[...] = np.where(np.maximum(x, 0.0), 1.0, 2.0)",
    "t[0:1][...] = np.sum(x, axis=0)", "t[0:1][...] = np.mean(x, axis=0)",
    "t[0:1][...] = x.max(axis=0)", "t[0:1][...] = x[0, ...]",
    "t[...] = x % 2.0", "t[...] = +x",
    "t[...] = np.where((x > 0.0) & (x < 1.0), 1.0, 0.0)", "t[...] = np.where(~(x > 0.0), 1.0, 0.0)",
    "t[...] = (x > 0.0) / 2.0", "t[0:5][...] = x[1:] - x[:-1]",
    "np.copyto(t, X.T[0:6])", "np.copyto(t, X[:, i1].T)", "np.copyto(t[0:3], X[:, 0:6:2].T)",
]  # fmt: skip


@pytest.mark.parametrize("statement", RARE)
def test_rare_statements_are_refused_or_right(statement: str) -> None:
    program = source(Case("np.copyto(t, x)\n" + statement, 6))
    try:
        dense(program, COLUMNS, DTYPES[0])
    except Unsupported:
        return
    compare(program, 6, DTYPES[0], 1e-15)


@pytest.mark.parametrize(
    ("statement", "reason"),
    [
        ("dt[0:2].fill(seed)", "a seed for several rows"),
        ("ds[0:1].fill(seed)", "a seed for several rows"),
        ("ds[0:1].fill(seed * B)", "an output that is the same for all samples"),
    ],
)
def test_seeds_of_anything_but_one_varying_row_are_refused(statement: str, reason: str) -> None:
    with pytest.raises(Unsupported, match=reason):
        dense(source(Case(SCALED, 6, backward=statement)), COLUMNS, DTYPES[0])


@pytest.mark.parametrize("results", ["s,", "x[0:1], s", "x + x,", "x.reshape(2, 3, B),"])
def test_outputs_must_be_rows_of_samples(results: str) -> None:
    with pytest.raises(Unsupported, match="an output that is the same for all samples"):
        dense(source(Case(SCALED, 6), results=results), COLUMNS, DTYPES[0])


def test_programs_that_have_no_dense_code_at_all() -> None:
    """No batch, strong zeros from the start, native blocks, a row that C has no function for."""
    program = source(Case(SCALED, 6))
    with pytest.raises(Unsupported, match="a program without a batch"):
        dense(program, 0, DTYPES[0])
    program.careful = True
    with pytest.raises(Unsupported, match="strong zeros from the start"):
        dense(program, COLUMNS, DTYPES[0])
    program.careful = False
    program.blocks["block1"] = object()  # type: ignore[assignment]  # only whether there is one
    with pytest.raises(Unsupported, match="native blocks"):
        dense(program, COLUMNS, DTYPES[0])
    cube = Op("cube", lambda x: x**3, (lambda y, x: 3.0 * x * x,))
    with pytest.raises(Unsupported, match="cube, which has no array kernel"):
        dense(source(Case(SCALED, 6), {"row_cube": cube}), COLUMNS, DTYPES[0])
