"""A scalar autodiff engine whose every gradient can be seen, stepped through and explained.

>>> import autograd_lite as al
>>> x = al.Value(2.0, label="x")
>>> y = al.exp(x) * x
>>> y.backward()
>>> round(x.grad, 4)
22.1672
"""

from __future__ import annotations

from importlib import import_module

from autograd_lite.errors import (
    AutogradLiteError,
    CompileError,
    FormatError,
    GraphError,
    NonFiniteError,
    NotInGraphError,
    StaleGraphError,
    TraceError,
)
from autograd_lite.functions import (
    clamp,
    dot,
    leaky_relu,
    log_softmax,
    logsumexp,
    softmax,
    sum,
)
from autograd_lite.ops import OPS, Op
from autograd_lite.traversal import topological
from autograd_lite.value import Value, constant, inputs, parameter

__version__ = "0.1.0"

__all__ = [
    "OPS", "Op", "Value", "constant", "inputs", "parameter", "topological",
    # rows of the table and functions over them
    "abs", "acos", "acosh", "asin", "asinh", "atan", "atan2", "atanh", "bce_with_logits", "clamp",
    "cos", "cosh", "dot", "erf", "exp", "expm1", "hypot", "leaky_relu", "log", "log10", "log1p",
    "log2", "log_sigmoid", "log_softmax", "logsumexp", "maximum", "minimum", "relu", "sigmoid",
    "sign", "silu", "sin", "sinh", "softmax", "softplus", "sqrt", "step", "sum", "tan", "tanh",
    "where",
    # functions of functions and of graphs
    "check_gradients", "compile", "draw", "explain", "first_nonfinite", "function", "grad",
    "hessian", "hvp", "jacobian", "jvp", "latex", "player", "value_and_grad",
    # modules
    "data", "diagnostics", "initializers", "learning_rules", "losses", "nn", "optim", "storage",
    "testing", "training",
    # errors
    "AutogradLiteError", "CompileError", "FormatError", "GraphError", "NonFiniteError",
    "NotInGraphError", "StaleGraphError", "TraceError",
]  # fmt: skip

# Names whose modules are imported when first asked for, so that `import autograd_lite` is quick.
_HOMES = {
    "check_gradients": "checking", "first_nonfinite": "checking",
    "compile": "compiler", "function": "compiler",
    "draw": "drawing", "explain": "explanation", "latex": "formula",
    "player": "drawing",
    "grad": "transforms", "hessian": "transforms", "hvp": "transforms",
    "jacobian": "transforms", "jvp": "transforms", "value_and_grad": "transforms",
}  # fmt: skip
_MODULES = {
    "data", "diagnostics", "initializers", "learning_rules", "losses", "nn", "optim", "storage",
    "testing", "training",
}  # fmt: skip


def __getattr__(name: str) -> object:
    if name in _HOMES:
        found = getattr(import_module(f"{__name__}.{_HOMES[name]}"), name)
    elif name in _MODULES:
        return import_module(f"{__name__}.{name}")
    elif name in OPS and name in __all__:
        found = OPS[name]
    else:
        raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
    globals()[name] = found
    return found


def __dir__() -> list[str]:
    return sorted({*globals(), *__all__})
