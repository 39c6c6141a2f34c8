"""`function`: functions of a vector, recorded once and run compiled, with their derivatives."""

from __future__ import annotations

from functools import cached_property
from typing import TYPE_CHECKING, Any, overload

import numpy as np

from autograd_lite.compiler.collector import paused_collector
from autograd_lite.compiler.colouring import by_columns, by_rows, by_symmetry
from autograd_lite.compiler.products import Products, reach
from autograd_lite.compiler.program import compile_loosely
from autograd_lite.compiler.sparsity import csr
from autograd_lite.functions import dot
from autograd_lite.transforms import grad, hvp, jvp
from autograd_lite.value import Value, constant, inputs

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

    from numpy.typing import ArrayLike, NDArray

    from autograd_lite.compiler.sparsity import Pattern

    Floats = NDArray[np.float64]


@overload
def function(
    f: Callable[[list[Value]], Value | float], n: int, executor: str = ...
) -> Function: ...
@overload
def function(
    f: Callable[[list[Value]], Sequence[Value | float]], n: int, executor: str = ...
) -> VectorFunction: ...
def function(
    f: Callable[[list[Value]], Any], n: int, executor: str = "auto"
) -> Function | VectorFunction:
    """The compiled form of f, which takes a list of n Values and returns one, or a list of them.

    f is called on placeholders, once, and again when a Hessian or a Jacobian is first asked for:
    a choice between graphs must be `al.where`, an `if` on them is a TraceError. `executor` as in
    `al.compile`, but for "dense", which wants a batch. Raises TypeError where f returns neither a
    number nor a list of numbers, ValueError for an empty list.

    >>> F = function(lambda x: (x[0] - 1.0) ** 2 + x[0] * x[1], 2)
    >>> F([3.0, 2.0])
    10.0
    >>> F.value_and_grad([3.0, 2.0])
    (10.0, array([6., 3.]))
    >>> F.hessian([3.0, 2.0])
    array([[2., 1.],
           [1., 0.]])
    >>> function(lambda x: [x[0] * x[1], x[0] ** 2], 2).jacobian([3.0, 2.0])
    array([[2., 3.],
           [6., 0.]])
    """
    with paused_collector():
        leaves = inputs(n)
        result = f(list(leaves))  # its own list, which it may change
        if isinstance(result, np.ndarray):
            result = result.tolist()
        if isinstance(result, (list, tuple)):
            return VectorFunction(f, leaves, result, executor)
        return Function(f, leaves, result, executor)


class Function:
    """A compiled scalar function of a vector x of shape (n,), with its derivatives.

    program  its program: x are the parameters, there is no input

    Goes straight into SciPy: `scipy.optimize.minimize(F.value_and_grad, x0, jac=True)`.
    """

    def __init__(
        self, f: Callable[[list[Value]], Any], leaves: list[Value], result: Any, executor: str
    ) -> None:
        self.f = f
        self.n = len(leaves)
        self._executor = executor
        self.program = compile_loosely(
            [_value(result)], [], leaves, gradient=True, executor=executor
        )

    def __call__(self, x: ArrayLike) -> float:
        """The value at x."""
        return float(self.program.value(None, _point(x, self.n))[0])

    def value_and_grad(self, x: ArrayLike) -> tuple[float, Floats]:
        """The value and the gradient (n,) at x."""
        return self.program.value_and_grad(None, _point(x, self.n))

    def grad(self, x: ArrayLike) -> Floats:
        """The gradient (n,) at x."""
        return self.value_and_grad(x)[1]

    def hvp(self, x: ArrayLike, v: ArrayLike) -> Floats:
        """The Hessian at x times v (n,), or times each row of v (m, n)."""
        rows = np.asarray(v, dtype=float)
        if rows.ndim not in (1, 2) or rows.shape[-1] != self.n:
            raise ValueError(f"v has the shape {rows.shape}; it must be ({self.n},) or rows of it")
        return self._products(_point(x, self.n), rows)

    def hessian(self, x: ArrayLike, sparse: bool = False) -> Any:
        """The Hessian (n, n) at x, by as few products with vectors as its zeros allow.

        With `sparse` it is a scipy.sparse.csr_array. Raises ImportError where SciPy is missing.

        >>> chain = function(lambda x: sum((b - a) ** 4 for a, b in zip(x, x[1:])), 4)
        >>> chain.hessian([0.0, 1.0, 1.0, 2.0]).tolist()[0]
        [12.0, -12.0, 0.0, 0.0]
        """
        return self._products.matrix(_point(x, self.n), sparse)

    def hessian_sparsity(self) -> Any:
        """Where the Hessian may differ from zero: a scipy.sparse.csr_array (n, n) of True.

        Raises ImportError where SciPy is missing.
        """
        return _places(self._products.compression.pattern)

    @cached_property
    def _products(self) -> Products:
        """Hessian-vector products: x are the parameters, the vector is the input."""
        with paused_collector():
            x, v = inputs(self.n), inputs(self.n, "v")
            products = [_value(p) for p in hvp(self.f)(x, v)]
            found = by_symmetry(reach(products, v, x))
            return Products(products, v, x, found, self._executor)

    def __repr__(self) -> str:
        return f"Function({_name(self.f)}, n={self.n})"


class VectorFunction:
    """A compiled function of a vector x of shape (n,) that gives m numbers, with its Jacobian.

    program  its program: x are the parameters, there is no input

    Goes straight into SciPy: `scipy.optimize.least_squares(F, x0, jac=F.jacobian)`.
    """

    def __init__(
        self, f: Callable[[list[Value]], Any], leaves: list[Value], result: Sequence[Any],
        executor: str,
    ) -> None:  # fmt: skip
        if not result:
            raise ValueError("function: f returned an empty list; it must return numbers")
        self.f = f
        self.n, self.m = len(leaves), len(result)
        self._executor = executor
        outputs = [_value(y) for y in result]
        self.program = compile_loosely(outputs, [], leaves, gradient=False, executor=executor)

    def __call__(self, x: ArrayLike) -> Floats:
        """The values (m,) at x."""
        return np.reshape(self.program.value(None, _point(x, self.n)), self.m)

    def jacobian(self, x: ArrayLike, sparse: bool = False) -> Any:
        """The Jacobian (m, n) at x, by as few products with vectors as its zeros allow.

        With `sparse` it is a scipy.sparse.csr_array. Raises ImportError where SciPy is missing.
        """
        return self._products.matrix(_point(x, self.n), sparse)

    def jacobian_sparsity(self) -> Any:
        """Where the Jacobian may differ from zero: a scipy.sparse.csr_array (m, n) of True.

        Raises ImportError where SciPy is missing.
        """
        return _places(self._products.compression.pattern)

    @cached_property
    def _products(self) -> Products:
        """Products of the Jacobian with vectors, from the side on which fewer are needed."""
        with paused_collector():
            x = inputs(self.n)
            pattern = reach([_value(y) for y in self.f(list(x))], x, [])
            forward, reverse = by_columns(pattern), by_rows(pattern)
            if len(forward.seeds) <= len(reverse.seeds):
                found, vector = forward, inputs(self.n, "v")
                products = jvp(self.f)(x, vector)[1]
            else:
                found, vector = reverse, inputs(self.m, "u")
                products = grad(lambda x: dot(vector, list(self.f(x))))(x)
            return Products([_value(p) for p in products], vector, x, found, self._executor)

    def __repr__(self) -> str:
        return f"VectorFunction({_name(self.f)}, n={self.n}, m={self.m})"


def _value(y: Any) -> Value:
    if isinstance(y, (list, tuple)):
        raise TypeError(f"function: f returned {type(y).__name__} inside a list; flatten it")
    return y if isinstance(y, Value) else constant(y)


def _point(x: ArrayLike, n: int) -> Floats:
    vector = np.asarray(x)
    if vector.shape != (n,):
        raise ValueError(f"x has the shape {vector.shape}; the function takes {n} numbers")
    if vector.dtype.kind not in "fiub":
        raise TypeError(f"x is {x!r:.60}; it must be a vector of real numbers")
    return vector.astype(float, copy=False)


def _name(f: Any) -> str:
    return str(getattr(f, "__name__", f))


def _places(pattern: Pattern) -> Any:
    return csr(np.ones(len(pattern.row), bool), pattern)
