"""Care: which programs must compute with strong zeros from the start.

A kernel with a weight, such as t*log(p), is nan where the weight is 0 and the rest infinite.
Programs run without guards and look at their results; where these are not finite they run once
more with strong zeros. That misses a nan which something on the way has hidden, a comparison say.
"""

from __future__ import annotations

from math import inf, isnan, nan
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from autograd_lite.compiler.trace import Trace
    from autograd_lite.ops import Op


def careful(trace: Trace) -> bool:
    """Whether a row that can hide nan depends on one whose kernel has a weight.

    >>> from autograd_lite import OPS, inputs
    >>> from autograd_lite.compiler.trace import record
    >>> p, t = inputs(2)
    >>> loss = OPS["bce"](p, t)
    >>> careful(record([loss], [p, t], [], True)), careful(record([loss > 1.0], [p, t], [], True))
    (False, True)
    """
    weighted = [_weighted(row) for row in trace.rows]
    if not any(weighted):
        return False
    hiding = [not _weighted(row) and _hides_nan(row) for row in trace.rows]
    if not any(hiding):
        return False
    found = [False] * len(trace)
    kinds, start, args = trace.kind.tolist(), trace.start.tolist(), trace.args.tolist()
    for node, kind in enumerate(kinds):
        if kind < 0:
            continue
        below = any(found[a] for a in args[start[node] : start[node + 1]])
        if below and hiding[kind]:
            return True
        found[node] = below or weighted[kind]
    return False


def _weighted(row: Op) -> bool:
    return "multiply(" in f"{row.array} {row.shared}"


def _hides_nan(row: Op) -> bool:
    """Whether a nan among the arguments may leave the value a number: max(nan, 1) does not."""
    n = row.arity or 0  # rows of any number of arguments add up or compare all of them
    cases = ([nan if i == j else x for j in range(n)] for i in range(n) for x in (0.0, 1.0, inf))
    return any(not isnan(row.fn(*case)) for case in cases)
