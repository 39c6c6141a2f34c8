"""Programs: compiled graphs that run over whole batches."""

from __future__ import annotations

from collections import deque
from collections.abc import Iterable
from itertools import repeat
from math import isfinite
from operator import attrgetter
from threading import Lock
from typing import TYPE_CHECKING, Any, Literal

import numpy as np

from autograd_lite.compiler.account import account
from autograd_lite.compiler.care import careful
from autograd_lite.compiler.collector import paused_collector
from autograd_lite.compiler.direct import Batch, Single
from autograd_lite.compiler.emit import Source, emit
from autograd_lite.compiler.plan import plan
from autograd_lite.compiler.regions import choose
from autograd_lite.compiler.simplify import simplify
from autograd_lite.compiler.tape import unrolled
from autograd_lite.compiler.terms import collect
from autograd_lite.compiler.trace import record
from autograd_lite.errors import CompileError, GraphError
from autograd_lite.traversal import topological
from autograd_lite.value import Value

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

    from numpy.typing import ArrayLike, DTypeLike, NDArray

    from autograd_lite.ops import Op

    Array = NDArray[Any]


#: Python's own compiler takes a second for so many statements, and more than in proportion.
MOST_GROUPS = 2_000
KEPT = 4  # batch sizes with arrays of their own; a training run needs two: batch and remainder


def compile(
    output: Value | Sequence[Value],
    inputs: Sequence[Value] = (),
    parameters: Sequence[Value] | None = None,
    dtype: DTypeLike = float,
    executor: Literal["auto", "arrays", "native"] = "auto",
) -> Program:
    """The program of a recorded scalar graph.

    `inputs` are the leaves that differ from sample to sample, by `al.inputs(n)`; `parameters`
    those to differentiate by: None takes the leaves marked as parameters (as `nn` does), or, if
    there are none, the variables, in topological order. All other leaves are constants.
    `output` is one Value, or several for `Program.value` alone. dtype is float64 or float32.

    executor  "arrays": NumPy calls on whole groups of nodes. "native": machine code, node by
              node (the extra `fast`; float64 inside). "auto": arrays where groups are wide,
              native where they are narrow; `Program.explain_plan` tells which and why

    The program has its own copy of the parameters, `theta`: give value_and_grad another vector
    and, in the end, `write_back` it.

    Raises NotInGraphError for an input or parameter that no output depends on, CompileError
    for a placeholder that is not among the inputs, or where both marked parameters and variables
    are present and `parameters` is not given;
    for "native" ImportError without llvmlite, CompileError for a row without native code.

    >>> x, w = Value(0.0), Value(3.0)
    >>> program = compile(w * x * x, inputs=[x], parameters=[w])
    >>> program.value_and_grad([[1.0], [2.0]])
    (7.5, array([2.5]))
    """
    outputs = [output] if isinstance(output, Value) else _values("output", output)
    if not outputs:
        raise CompileError("compile: no output is given")
    inputs = _values("inputs", inputs)
    chosen = _by_role(outputs, inputs) if parameters is None else _values("parameters", parameters)
    gradient = len(outputs) == 1
    return _compiled(outputs, inputs, chosen, np.dtype(dtype), gradient, executor, strict=True)


def _values(name: str, given: Any) -> list[Value]:
    if isinstance(given, Value) or not isinstance(given, Iterable):
        what = "one Value" if isinstance(given, Value) else f"{given!r:.40}"
        raise TypeError(f"compile: {name} is {what}; give a list of Values")
    values = list(given)
    if not set(map(type, values)) <= {Value}:
        i, x = next((i, x) for i, x in enumerate(values) if type(x) is not Value)
        raise TypeError(f"compile: {name}[{i}] is {x!r:.40}; it must be a Value")
    return values


def compile_loosely(
    outputs: Sequence[Value], inputs: Sequence[Value], parameters: Sequence[Value],
    gradient: bool, dtype: DTypeLike = float, executor: str = "auto",
) -> Program:  # fmt: skip
    """A program that may have inputs and parameters which no output depends on.

    With `gradient` it has, beside all outputs' values, the first one's gradient.
    """
    return _compiled(
        list(outputs),
        list(inputs),
        list(parameters),
        np.dtype(dtype),
        gradient,
        executor,
        strict=False,
    )


def _by_role(outputs: Sequence[Value], inputs: Sequence[Value]) -> list[Value]:
    given = set(inputs)
    leaves = [n for n in topological(*outputs) if n.op is None and n not in given]
    marked = [leaf for leaf in leaves if leaf.role == "parameter"]
    variables = [leaf for leaf in leaves if leaf.role == "variable"]
    if marked and variables:
        raise CompileError(
            f"compile: there are {len(marked)} marked parameters and {len(variables)} variables "
            f"such as {variables[0]!r}; say by parameters=[...] what to differentiate by, or make "
            "numbers that stay fixed by al.constant"
        )
    return marked or variables


def _compiled(
    outputs: list[Value], inputs: list[Value], parameters: list[Value],
    dtype: np.dtype[Any], gradient: bool, executor: str, strict: bool,
) -> Program:  # fmt: skip
    if executor not in ("auto", "arrays", "native"):
        raise ValueError(
            f'compile: executor is {executor!r}; it must be "auto", "arrays" or "native"'
        )
    if dtype not in (np.dtype("f8"), np.dtype("f4")):
        raise CompileError(f"compile: dtype is {dtype}; it must be float64 or float32")
    with paused_collector():
        recorded = record(outputs, inputs, parameters, strict)
        trace = simplify(recorded)
        choice = choose(trace, executor)
        tape, varying = collect(unrolled(trace, choice, gradient))
        groups = plan(tape, varying)
        if len(groups) > MOST_GROUPS:
            raise CompileError(
                f"compile: {len(groups):,} groups would be as many NumPy calls in generated code, "
                f"{MOST_GROUPS:,} are the limit ({choice.why}). Graphs without layers want native "
                "code, pip install 'autograd-lite[fast]'; al.grad runs them op by op"
            )
        source = emit(tape, groups, varying, gradient, careful(trace))
    theta = np.array(list(map(attrgetter("_data"), parameters)), dtype)
    counts = [int((t.kind >= 0).sum()) for t in (recorded, trace)]
    why = account(counts[0], counts[1], choice.why, groups)
    return Program(source, theta, len(inputs), len(outputs), dtype, why, parameters)


class Program:
    """A compiled graph: one function of a batch X and a flat vector theta.

    theta   a copy of the parameters as a vector (P,)
    source  the generated code; constants and index arrays stand in it by name

    X has the shape (B, number of inputs), or () and no X where there are none. A program
    pickles; what comes back can run, but not `write_back`.
    """

    def __init__(
        self, source: Source, theta: Array, n_inputs: int, n_outputs: int,
        dtype: np.dtype[Any], why: str, parameters: list[Value] | None,
    ) -> None:  # fmt: skip
        self._source = source
        self._why = why
        self._theta = theta
        self._n_inputs = n_inputs
        self._n_outputs = n_outputs
        self._dtype = dtype
        self._parameters = parameters
        self._order = np.array(source.order, dtype=np.intp)
        self._identity = bool((self._order == np.arange(len(theta))).all())
        self._build = _load(source)
        self._built: dict[int, tuple[Any, Any]] = {}
        self._lock = Lock()
        self._whole = source.whole
        single = source.whole is not None and not source.whole.block.varying
        alone = single and n_outputs == 1 and not n_inputs and dtype == np.float64
        self._single = Single(source.whole, len(theta)) if alone and source.whole else None
        self._batches: dict[int, Batch] = {}

    def explain_plan(self) -> str:
        """Which part of the graph runs in what way, and why; how much of it is loops.

        >>> x = Value(2.0)
        >>> print(compile(x * x, [], [x], executor="arrays").explain_plan())
        1 node recorded, 1 after simplification.
        NumPy calls throughout, as asked for.
        As arrays: 1 node in 1 group.
        """
        return self._why

    @property
    def source(self) -> str:
        """The generated array code."""
        return self._source.text

    @property
    def theta(self) -> Array:
        """The parameters at the time of compilation as one vector, a copy."""
        return self._theta.copy()

    def value(self, X: ArrayLike | None = None, theta: ArrayLike | None = None) -> Array:
        """The output of every sample (B,), or (B, outputs) for several outputs.

        >>> x = Value(0.0)
        >>> compile(x * x, [x], []).value([[2.0], [3.0]])
        array([4., 9.])
        """
        if X is None and self._single is not None:
            with self._lock:
                return np.array([self._single.value(self._vector(theta))])
        rows = self._checked(X)
        with self._lock, np.errstate(all="ignore"):
            batch = self._batch(len(rows))
            if batch is not None:
                results = batch.values(rows, self._vector(theta)).astype(self._dtype)
            else:
                results = self._outputs(self._forward(rows, theta)[0], len(rows))
        return results[0] if self._n_outputs == 1 else results.T

    def value_and_grad(
        self, X: ArrayLike | None = None, theta: ArrayLike | None = None, reduce: str = "mean"
    ) -> tuple[Any, Array]:
        """The output's mean or sum over the batch, and its gradient (P,) in theta's order.

        reduce="none" gives the outputs (B,) and the gradient of each, (B, P).
        Raises CompileError for a program of several outputs.
        """
        if self._n_outputs > 1:
            raise CompileError(
                f"value_and_grad: the program has {self._n_outputs} outputs; compile the one to "
                "differentiate, or use value"
            )
        if reduce not in ("mean", "sum", "none"):
            raise ValueError(f'reduce is {reduce!r}; it must be "mean", "sum" or "none"')
        if X is None and self._single is not None and reduce != "none":
            with self._lock:
                return self._single.value_and_grad(self._vector(theta))
        rows = self._checked(X)
        if reduce == "none":
            each = [self.value_and_grad(row[None], theta, "sum") for row in rows]
            return np.array([v for v, _ in each]), np.array([g for _, g in each])
        seed = 1.0 / len(rows) if reduce == "mean" else 1.0
        with self._lock, np.errstate(all="ignore"):
            batch = self._batch(len(rows))
            if batch is not None:
                first, gradient = batch.run(rows, self._vector(theta), seed)
                return float(np.add.reduce(first)) * seed, gradient.astype(self._dtype, copy=False)
            results, total = self._forward(rows, theta, 1)
            gradient = self._backward(rows, seed)
        # a static output is the same for every sample
        return float(total) * (len(rows) / results[0].size) * seed, gradient

    def write_back(self, theta: ArrayLike) -> None:
        """Set the parameters' `.data` to this vector.

        Raises GraphError for a program that was unpickled: its graph stayed behind.
        """
        if self._parameters is None:
            raise GraphError("write_back: this program was unpickled and has no Values; set them "
                             "from the vector yourself")  # fmt: skip
        numbers = self._vector(theta).tolist()
        # One call into C: Ctrl-C cannot come between two of these writes.
        deque(map(setattr, self._parameters, repeat("_data"), numbers), maxlen=0)

    def run(self, rows: Array, theta: ArrayLike | None, seed: float) -> tuple[Array, Array]:
        """All outputs (outputs, B), and the gradient (P,) of seed times the sum of the first.

        rows (B, inputs) must have the program's dtype; it is not checked.
        """
        with self._lock, np.errstate(all="ignore"):
            batch = self._batch(len(rows))
            if batch is not None:
                _, gradient = batch.run(rows, self._vector(theta), seed)
                outputs = batch.outputs().astype(self._dtype)
                return outputs, gradient.astype(self._dtype, copy=False)
            outputs = self._outputs(self._forward(rows, theta, 1)[0], len(rows))
            return outputs, self._backward(rows, seed)

    def _batch(self, count: int) -> Batch | None:
        """The direct way for so many samples, if the program is one block."""
        if self._whole is None or not self._whole.block.varying:
            return None
        if count not in self._batches:
            batch = Batch(self._whole, len(self._theta), self._n_inputs, count)
            _keep(self._batches, count, batch)
        return self._batches[count]

    def _forward(
        self, rows: Array, theta: ArrayLike | None, looked_at: int | None = None
    ) -> tuple[tuple[Array, ...], Any]:
        """The outputs, and the sum of those looked at.

        They are computed again with strong zeros where the sum is not finite without.
        """
        forward, _ = self._functions(len(rows))
        vector = self._internal(theta)
        multiply = strong_multiply if self._source.careful else np.multiply
        results: tuple[Array, ...] = forward(rows, vector, multiply)
        total = sum([np.add.reduce(r, axis=None) for r in results[:looked_at]])
        if not isfinite(total):
            results = forward(rows, vector, strong_multiply)
            total = sum([np.add.reduce(r, axis=None) for r in results[:looked_at]])
        return results, total

    def _backward(self, rows: Array, seed: float) -> Array:
        """The gradient of seed times the sum of the first output, after its `_forward`."""
        _, backward = self._functions(len(rows))
        gradient = backward(rows, seed, *_PLAIN)
        if not isfinite(gradient.dot(gradient)):
            # once more with strong zeros: a cotangent of 0.0 propagates nothing
            gradient = backward(rows, seed, *_STRONG)
        return self._external(gradient)

    def _functions(self, count: int) -> tuple[Any, Any]:
        if count not in self._built:
            _keep(self._built, count, self._build(count, self._dtype))
        return self._built[count]

    def _outputs(self, results: tuple[Array, ...], count: int) -> Array:
        """The outputs as rows (outputs, B); a static one is the same for every sample."""
        rows = np.empty((self._n_outputs, count), self._dtype)
        rows[0] = results[0]
        if len(results) > 1:
            rows[1:] = results[1]
        return rows

    def _checked(self, X: ArrayLike | None) -> Array:
        if X is None:
            X = np.empty((1, 0))
        rows = np.asarray(X, dtype=self._dtype)
        if rows.ndim != 2 or rows.shape[1] != self._n_inputs or not len(rows):
            raise ValueError(
                f"X has the shape {rows.shape}; the program needs (samples, {self._n_inputs})"
            )
        return rows

    def _vector(self, theta: ArrayLike | None) -> Array:
        vector = self._theta if theta is None else np.asarray(theta, dtype=self._dtype)
        if vector.shape != self._theta.shape:
            raise ValueError(
                f"theta has the shape {vector.shape}; the program has {len(self._theta)} parameters"
            )
        return vector

    def _internal(self, theta: ArrayLike | None) -> Array:
        vector = self._vector(theta)
        return vector if self._identity else vector[self._order]

    def _external(self, gradient: Array) -> Array:
        if self._identity:
            return gradient.copy()
        result = np.empty_like(gradient)
        result[self._order] = gradient
        return result

    def __getstate__(self) -> dict[str, Any]:
        return {"source": self._source, "theta": self._theta, "n_inputs": self._n_inputs,
                "n_outputs": self._n_outputs, "dtype": self._dtype, "why": self._why}  # fmt: skip

    def __setstate__(self, state: dict[str, Any]) -> None:
        self.__init__(**state, parameters=None)  # type: ignore[misc]  # as a new program

    def __repr__(self) -> str:
        return (f"Program(inputs={self._n_inputs}, parameters={len(self._theta)}, "
                f"outputs={self._n_outputs}, dtype={self._dtype})")  # fmt: skip


def _keep(cache: dict[int, Any], count: int, made: Any) -> None:
    """Put it in, for the one that has been there longest."""
    if len(cache) >= KEPT:
        cache.pop(next(iter(cache)))
    cache[count] = made


def _load(source: Source) -> Callable[..., Any]:
    """The `build` of a generated source, run without builtins."""
    namespace: dict[str, Any] = {"__builtins__": {}, "np": np, **source.arrays}
    namespace |= {name: _elementwise(row) for name, row in source.rows.items()}
    namespace |= source.blocks
    exec(source.text, namespace)  # our own text: names and numbers only, no label reaches it
    found: Callable[..., Any] = namespace["build"]
    return found


def _elementwise(row: Op) -> Callable[..., Array]:
    """A row that has no array kernel, entry by entry."""

    def call(*args: Any) -> Array:
        ufunc = np.frompyfunc(lambda *xs: row.fn(*map(float, xs)), len(args), 1)
        return np.asarray(ufunc(*args), dtype=float)

    return call


def strong_multiply(g: Any, d: Any, out: Any = None) -> Any:
    """g * d, 0 where g is 0."""
    return _into(out, np.where(np.equal(g, 0.0), 0.0, np.multiply(g, d)))


def strong_select(g: Any, d: Any, out: Any = None) -> Any:
    """g * d, 0 where g is 0, or d: what a row did not select passes not even nan."""
    return strong_multiply(np.where(np.equal(d, 0.0), 0.0, g), d, out)


def strong_dot(g: Array, x: Array, out: Any = None) -> Any:
    """g @ x where an entry of g that is 0 contributes nothing."""
    return _into(out, np.array([strong_multiply(row[:, None], x).sum(axis=0) for row in g]))


def strong_dot_back(w: Array, g: Array, out: Any = None) -> Any:
    """w @ g where an entry of g that is 0 contributes nothing."""
    return _into(out, strong_dot(g.T, w.T).T)


def _into(out: Any, result: Array) -> Any:
    if out is None:
        return result
    out[...] = result
    return out


_PLAIN = (np.multiply, np.multiply, np.dot, np.dot, np.matmul)
_STRONG = (strong_multiply, strong_select, strong_dot, strong_dot_back, strong_dot)
