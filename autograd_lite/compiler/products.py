"""Products: a matrix of derivatives that is known by its products with vectors."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np

from autograd_lite.compiler.program import compile_loosely
from autograd_lite.compiler.simplify import simplify
from autograd_lite.compiler.sparsity import dependence
from autograd_lite.compiler.trace import record

if TYPE_CHECKING:
    from collections.abc import Sequence

    from numpy.typing import NDArray

    from autograd_lite.compiler.colouring import Compression
    from autograd_lite.compiler.sparsity import Pattern
    from autograd_lite.value import Value

    Floats = NDArray[np.float64]


class Products:
    """A matrix that depends on x, compiled as its product with a vector v.

    compression  by how few vectors the whole matrix is found
    """

    def __init__(
        self, products: Sequence[Value], v: Sequence[Value], x: Sequence[Value],
        compression: Compression, executor: str,
    ) -> None:  # fmt: skip
        self.compression = compression
        self._count = len(products)
        self._program = compile_loosely(products, v, x, gradient=False, executor=executor)

    def __call__(self, x: Floats, v: Floats) -> Floats:
        """At x the product with v, or with each row of v: as rows."""
        result = self._program.value(np.atleast_2d(v), x)
        return result.reshape(*v.shape[:-1], self._count)

    def matrix(self, x: Floats, sparse: bool) -> Any:
        """The matrix at x: an array, or with `sparse` a scipy.sparse.csr_array."""
        products = self(x, self.compression.seeds)
        return self.compression.matrix(products, sparse)


def reach(outputs: Sequence[Value], leaves: Sequence[Value], others: Sequence[Value]) -> Pattern:
    """Which outputs depend on which of the leaves; they may depend on the others too."""
    trace = simplify(record(outputs, leaves, others, strict=False))
    return dependence(trace, 0, len(leaves))
