"""The kernels of the table run on NumPy arrays, as the compiler prints them."""

from __future__ import annotations

from typing import Any

import numpy as np

from autograd_lite.compiler.arrays import strong_multiply
from autograd_lite.ops import Op


def evaluated(template: str, columns: list[Any], y: Any = None, shared: str = "") -> Any:
    """A kernel of the table on one array per argument."""
    half = len(columns) // 2
    values: dict[str, Any] = {"multiply": strong_multiply}
    values |= {f"x{i}": column for i, column in enumerate(columns)} | {
        "x": np.array(columns), "a": np.array(columns[:half]), "t": np.array(columns[half:]),
        "y": y,
    }  # fmt: skip
    names = [f"x{i}" for i in range(len(columns))]
    with np.errstate(all="ignore"):
        if shared:
            values["shared"] = eval(shared.format(x="x", a="a", t="t"), {"np": np} | values)
        text = template.format(*names, x="x", a="a", t="t", y="y", shared="shared")
        return eval(text, {"np": np} | values)


def evaluated_rules(row: Op, columns: list[Any], y: Any) -> Any:
    """(arguments, samples) the derivatives that `array_rules` give, one stack per rule."""
    parts = [evaluated(rule, columns, y, row.shared) for rule in row.array_rules]
    shape = (len(columns) // len(parts), *np.shape(y))
    return np.concatenate([np.broadcast_to(part, shape) for part in parts])
