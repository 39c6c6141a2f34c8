"""Programs: compiled graphs that run over whole batches."""

from __future__ import annotations

from collections import deque
from collections.abc import Iterable
from itertools import repeat
from operator import attrgetter
from threading import Lock
from typing import TYPE_CHECKING, Any, Literal

import numpy as np

from autograd_lite.compiler.account import account
from autograd_lite.compiler.arrays import ArrayRun, load
from autograd_lite.compiler.care import careful
from autograd_lite.compiler.collector import paused_collector
from autograd_lite.compiler.dense import DenseRun, dense
from autograd_lite.compiler.direct import Batch, Single
from autograd_lite.compiler.emit import Source, emit
from autograd_lite.compiler.jit import available, missing
from autograd_lite.compiler.order import Order
from autograd_lite.compiler.plan import plan
from autograd_lite.compiler.regions import MOST_DENSE_STATEMENTS, choose, choose_dense
from autograd_lite.compiler.sheets import Unsupported
from autograd_lite.compiler.simplify import simplify
from autograd_lite.compiler.tape import unrolled
from autograd_lite.compiler.terms import collect
from autograd_lite.compiler.trace import record
from autograd_lite.errors import CompileError, GraphError
from autograd_lite.traversal import topological
from autograd_lite.value import Value

if TYPE_CHECKING:
    from collections.abc import Sequence

    from numpy.typing import ArrayLike, DTypeLike, NDArray

    from autograd_lite.compiler.plan import Group
    from autograd_lite.compiler.regions import Choice
    from autograd_lite.compiler.trace import Trace

    Array = NDArray[Any]


#: Python's own compiler takes a second for so many statements, and more than in proportion.
MOST_GROUPS = 2_000
EXECUTORS = ("auto", "dense", "arrays", "native")
KEPT = 4  # batch sizes with arrays of their own; a training run needs two: batch and remainder


def compile(
    output: Value | Sequence[Value],
    inputs: Sequence[Value] = (),
    parameters: Sequence[Value] | None = None,
    dtype: DTypeLike = float,
    executor: Literal["auto", "dense", "arrays", "native"] = "auto",
) -> Program:
    """The program of a recorded scalar graph.

    `inputs` are the leaves that differ from sample to sample, by `al.inputs(n)`; `parameters`
    those to differentiate by: None takes the leaves marked as parameters (as `nn` does), or, if
    there are none, the variables, in topological order. All other leaves are constants.
    `output` is one Value, or several for `Program.value` alone. dtype is float64 or float32.

    executor  "arrays": NumPy calls on whole groups of nodes. "dense": machine code compiled from
              these. "native": machine code, node by node (float64 inside). The last two need
              the extra `fast`. "auto": dense where it can be and the groups are few; else
              arrays where they are wide, native where narrow. `Program.explain_plan` tells
              which and why

    The program has its own copy of the parameters, `theta`: give value_and_grad another vector
    and, in the end, `write_back` it.

    Raises NotInGraphError for an input or parameter that no output depends on, CompileError
    for a placeholder that is not among the inputs, or where both marked parameters and variables
    are present and `parameters` is not given;
    for "dense" and "native" ImportError without llvmlite, CompileError for what has no such code.

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
    if executor not in EXECUTORS:
        raise ValueError(
            f"compile: executor is {executor!r}; it must be one of {', '.join(EXECUTORS)}"
        )
    if dtype not in (np.dtype("f8"), np.dtype("f4")):
        raise CompileError(f"compile: dtype is {dtype}; it must be float64 or float32")
    with paused_collector():
        recorded = record(outputs, inputs, parameters, strict)
        trace = simplify(recorded)
        counts = [int((t.kind >= 0).sum()) for t in (recorded, trace)]
        theta = np.array(list(map(attrgetter("_data"), parameters)), dtype)

        def program(choice: Choice) -> Program:
            source, groups = _emitted(trace, choice, gradient)
            why = account(counts[0], counts[1], choice.why, groups, choice.dense)
            return Program(
                source, theta, len(inputs), len(outputs), dtype, why, choice.dense, parameters
            )

        choice, undense = choose_dense(trace, executor), ""
        if choice is not None:
            try:
                found = program(choice)
                if executor == "dense" or found.statements <= MOST_DENSE_STATEMENTS:
                    return found
                undense = f"{found.statements:,} statements, which take long to compile"
            except Unsupported as reason:
                if executor == "dense":
                    raise CompileError(
                        f'compile: no dense code for {reason}; use executor="auto"'
                    ) from None
                undense = str(reason)
        return program(choose(trace, executor, undense))


def _emitted(trace: Trace, choice: Choice, gradient: bool) -> tuple[Source, list[Group]]:
    """The generated source of a trace, and its groups."""
    tape, varying = collect(unrolled(trace, choice, gradient))
    groups = plan(tape, varying)
    if choice.dense and len(groups) > choice.most_groups:
        raise Unsupported(f"{len(groups):,} groups, which take long to compile")
    if len(groups) > MOST_GROUPS:
        raise CompileError(
            f"compile: {len(groups):,} groups would be as many NumPy calls in generated code, "
            f"{MOST_GROUPS:,} are the limit ({choice.why}). Graphs without layers want native "
            "code, pip install 'autograd-lite[fast]'; al.grad runs them op by op"
        )
    return emit(tape, groups, varying, gradient, careful(trace)), groups


class Program:
    """A compiled graph: one function of a batch X and a flat vector theta.

    theta   a copy of the parameters as a vector (P,)
    source  the generated code; constants and index arrays stand in it by name

    X has the shape (B, number of inputs), or () and no X where there are none. A program
    pickles; what comes back can run, but not `write_back`.
    """

    def __init__(
        self, source: Source, theta: Array, n_inputs: int, n_outputs: int,
        dtype: np.dtype[Any], why: str, machine_code: bool, parameters: list[Value] | None,
    ) -> None:  # fmt: skip
        self._source = source
        self._why = why
        self._theta = theta
        self._n_inputs = n_inputs
        self._n_outputs = n_outputs
        self._dtype = dtype
        self._machine_code = machine_code
        self._parameters = parameters
        self._order = Order(source.order, len(theta))
        self._build = load(source)
        self._dense = dense(source, n_inputs, dtype) if machine_code and available() else None
        self._lock = Lock()
        whole = source.whole
        self._whole = whole if whole is not None and whole.block.varying else None
        single = whole is not None and not whole.block.varying
        alone = single and n_outputs == 1 and not n_inputs and dtype == np.float64
        self._single = Single(whole, len(theta)) if alone and whole else None
        self._runs: dict[int, ArrayRun | Batch | DenseRun] = {}

    def explain_plan(self) -> str:
        """Which part of the graph runs in what way, and why; how much of it is loops.

        >>> x = Value(2.0)
        >>> print(compile(x * x, [], [x], executor="arrays").explain_plan())
        1 node recorded, 1 after simplification.
        NumPy calls throughout, as asked for.
        As arrays: 1 node in 1 group.
        """
        if self._machine_code and self._dense is None:
            return f"{self._why}\nNumPy calls in place of machine code; {missing()}."
        return self._why

    @property
    def statements(self) -> int:
        """Of how many statements the machine code of array code is made; 0 where there is none."""
        return 0 if self._dense is None else len(self._dense.recorder.statements)

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
        with self._lock:
            results = self._run(len(rows)).values(rows, self._vector(theta))
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
        with self._lock:
            total, gradient = self._run(len(rows)).run(rows, self._vector(theta), seed)
        return total * seed, gradient

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

        rows has the shape (B, inputs).
        """
        rows = self._checked(rows)
        with self._lock:
            run = self._run(len(rows))
            _, gradient = run.run(rows, self._vector(theta), seed)
            return run.outputs(), gradient

    def _run(self, count: int) -> ArrayRun | Batch | DenseRun:
        """What computes batches of so many samples."""
        if count not in self._runs:
            if len(self._runs) >= KEPT:  # for the one that has been there longest
                self._runs.pop(next(iter(self._runs)))
            self._runs[count] = self._new_run(count)
        return self._runs[count]

    def _new_run(self, count: int) -> ArrayRun | Batch | DenseRun:
        if self._whole is not None:
            return Batch(self._whole, len(self._theta), self._n_inputs, count, self._dtype)

        given = self._build, self._source, count, self._n_outputs, self._dtype
        if self._dense is None:
            return ArrayRun(*given)
        # not by way of self: a program, and its machine code, shall go with its last reference
        return DenseRun(self._dense, count, self._order, lambda: ArrayRun(*given))

    def _checked(self, X: ArrayLike | None) -> Array:
        if X is None:
            X = np.empty((1, 0))
        rows = self._numbers(X)
        if rows.ndim != 2 or rows.shape[1] != self._n_inputs or not len(rows):
            raise ValueError(
                f"X has the shape {rows.shape}; the program needs (samples, {self._n_inputs})"
            )
        return rows

    def _numbers(self, x: ArrayLike) -> Array:
        """As a contiguous array of the program's numbers; what these cannot hold becomes inf."""
        if type(x) is np.ndarray and x.dtype == self._dtype:
            return np.ascontiguousarray(x)
        with np.errstate(over="ignore"):
            return np.asarray(x, dtype=self._dtype, order="C")

    def _vector(self, theta: ArrayLike | None) -> Array:
        vector = self._theta if theta is None else self._numbers(theta)
        if vector.shape != self._theta.shape:
            raise ValueError(
                f"theta has the shape {vector.shape}; the program has {len(self._theta)} parameters"
            )
        return vector

    def __getstate__(self) -> dict[str, Any]:
        return {"source": self._source, "theta": self._theta, "n_inputs": self._n_inputs,
                "n_outputs": self._n_outputs, "dtype": self._dtype, "why": self._why,
                "machine_code": self._machine_code}  # fmt: skip

    def __setstate__(self, state: dict[str, Any]) -> None:
        self.__init__(**state, parameters=None)  # type: ignore[misc]  # as a new program

    def __repr__(self) -> str:
        return (f"Program(inputs={self._n_inputs}, parameters={len(self._theta)}, "
                f"outputs={self._n_outputs}, dtype={self._dtype})")  # fmt: skip
