"""`function`: a scalar function of a vector, recorded once and run as array code."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np

from autograd_lite.compiler.program import Program, compile_loosely
from autograd_lite.transforms import hvp
from autograd_lite.value import Value, constant, inputs

if TYPE_CHECKING:
    from collections.abc import Callable

    from numpy.typing import ArrayLike, NDArray


def function(f: Callable[[list[Value]], Any], n: int) -> Function:
    """The compiled form of f, which takes a list of n Values and returns one.

    f is called once, on placeholders: a choice between graphs must be `al.where`, an `if` on
    them is a TraceError. Raises TypeError where f does not return one number.

    >>> F = function(lambda x: (x[0] - 1.0) ** 2 + x[0] * x[1], 2)
    >>> F([3.0, 2.0])
    10.0
    >>> F.value_and_grad([3.0, 2.0])
    (10.0, array([6., 3.]))
    >>> F.hessian([3.0, 2.0])
    array([[2., 1.],
           [1., 0.]])
    """
    return Function(f, n)


class Function:
    """A compiled scalar function of a vector x of shape (n,), with its derivatives.

    Goes straight into SciPy: `scipy.optimize.minimize(F.value_and_grad, x0, jac=True)`.
    """

    def __init__(self, f: Callable[[list[Value]], Any], n: int) -> None:
        self.f = f
        self.n = n
        leaves = inputs(n)
        self.program = compile_loosely([_value(f(leaves))], [], leaves, gradient=True)
        self._second: Program | None = None

    def __call__(self, x: ArrayLike) -> float:
        """The value at x."""
        return float(self.program.value(None, x)[0])

    def value_and_grad(self, x: ArrayLike) -> tuple[float, NDArray[np.float64]]:
        """The value and the gradient (n,) at x."""
        return self.program.value_and_grad(None, x)

    def grad(self, x: ArrayLike) -> NDArray[np.float64]:
        """The gradient (n,) at x."""
        return self.program.value_and_grad(None, x)[1]

    def hvp(self, x: ArrayLike, v: ArrayLike) -> NDArray[np.float64]:
        """The Hessian at x times v (n,), or times each row of v (m, n)."""
        rows = np.atleast_2d(np.asarray(v, dtype=float))
        result = np.reshape(self._hessian_program().value(rows, x), rows.shape)
        return result if np.ndim(v) == 2 else result[0]

    def hessian(self, x: ArrayLike) -> NDArray[np.float64]:
        """The Hessian (n, n) at x: the products with all unit vectors, as one batch."""
        return self.hvp(x, np.eye(self.n))

    def _hessian_program(self) -> Program:
        """Hessian-vector products: x are its parameters, the vector is its input."""
        if self._second is None:
            x, v = inputs(self.n), inputs(self.n, "v")
            products = [_value(p) for p in hvp(lambda xs: _value(self.f(xs)))(x, v)]
            self._second = compile_loosely(products, v, x, gradient=False)
        return self._second

    def __repr__(self) -> str:
        return f"Function({getattr(self.f, '__name__', self.f)}, n={self.n})"


def _value(y: Any) -> Value:
    if isinstance(y, (list, tuple)):
        raise TypeError(f"function: f returned {type(y).__name__}; it must return one number")
    return y if isinstance(y, Value) else constant(y)
