"""The edges of powers, angles, lists and losses, one by one, as `edges.py` has the others.

Where no derivative has a limit, as logsumexp at (-inf, -inf), nothing is claimed.
"""

from __future__ import annotations

from itertools import product
from math import inf, nan, pi, sqrt

from .edges import GRID, LN2, Edge, plain, straight
from .points import HUGE, TINY

POWERS = [
    *(straight("power", (x, 0.0), 1.0, 0.0, None) for x in (*GRID, -2.0)),
    *(straight("power", (x, 1.0), x, 1.0, None) for x in (0.0, -0.0, inf, -inf, HUGE, TINY)),
    *(Edge("power", (x, 2.0), 0.0, (0.0, None), {(0, 0): 2.0}) for x in (0.0, -0.0)),
    Edge("power", (inf, 2.0), inf, (inf, None), {(0, 0): 2.0}),
    Edge("power", (-inf, 3.0), -inf, (inf, None), {(0, 0): -inf}),
    Edge("power", (0.0, 3.0), 0.0, (0.0, None), {(0, 0): 0.0}),
    Edge("power", (0.0, 0.5), 0.0, (inf, None), {(0, 0): -inf}),
    plain("power", (0.0, 1 / 3), 0.0, inf, None),
    plain("power", (inf, 1 / 3), inf, 0.0, None),
    plain("power", (0.0, -1.0), inf, -inf, None),
    plain("power", (-0.0, -1.0), -inf, -inf, None),
    plain("power", (inf, -1.0), 0.0, 0.0, None),
    plain("power", (nan, 2.0), nan, nan, None),
    plain("power", (2.0, nan), nan, nan, None),
    plain("power", (2.0, inf), inf, inf, None),
    plain("power", (-2.0, 0.5), nan, nan, None),
    Edge("power", (-2.0, 3.0), -8.0, (12.0, None), {(0, 0): -12.0}),
    plain("pow", (0.0, 0.0), 1.0, 0.0, 0.0),
    plain("pow", (0.0, 2.0), 0.0, 0.0, 0.0),
    plain("pow", (0.0, 0.5), 0.0, inf, 0.0),
    plain("pow", (0.0, -1.0), inf, -inf, -inf),
    plain("pow", (-0.0, 3.0), -0.0, 0.0, 0.0),
    plain("pow", (-0.0, -1.0), -inf, -inf, -inf),
    plain("pow", (-2.0, 3.0), -8.0, 12.0, nan),
    plain("pow", (-2.0, 0.5), nan, nan, nan),
    plain("pow", (nan, 0.0), 1.0, 0.0, nan),
    plain("pow", (nan, 3.0), nan, nan, nan),
    plain("pow", (inf, 3.0), inf, inf, inf),
    plain("pow", (-inf, 3.0), -inf, inf, nan),
    plain("pow", (inf, 0.0), 1.0, 0.0, inf),
    plain("pow", (2.0, inf), inf, inf, inf),
    plain("pow", (0.5, -inf), inf, -inf, -inf),
    plain("pow", (0.0, -inf), inf, -inf, -inf),
    plain("pow", (2.0, nan), nan, nan, nan),
    # d2/dxdc = x**(c-1) (1 + c ln x)
    Edge("pow", (2.0, 0.0), 1.0, (0.0, LN2), {(0, 0): 0.0, (0, 1): 0.5, (1, 0): 0.5}),
    Edge("pow", (1.0, 1.0), 1.0, (1.0, 0.0), {(0, 0): 0.0, (0, 1): 1.0, (1, 1): 0.0}),
]

AROUND_ZERO = [
    *(plain("hypot", (a, b), 0.0, 0.0, 0.0) for a, b in product((0.0, -0.0), repeat=2)),
    Edge("hypot", (0.0, 3.0), 3.0, (0.0, 1.0), {(0, 0): 1 / 3, (0, 1): 0.0, (1, 1): 0.0}),
    plain("hypot", (inf, 1.0), inf, 1.0, 0.0),
    plain("hypot", (-inf, 1.0), inf, -1.0, 0.0),
    plain("hypot", (1.0, -inf), inf, 0.0, -1.0),
    # every direction to the corner has its own limit
    *(plain("hypot", corner, inf, nan, nan) for corner in product((inf, -inf), repeat=2)),
    plain("hypot", (nan, 1.0), nan, nan, nan),
    plain("hypot", (TINY, 0.0), TINY, 1.0, 0.0),
    plain("hypot", (HUGE, HUGE), inf, sqrt(0.5), sqrt(0.5)),
    plain("hypot", (1.0, 1.0), sqrt(2.0), sqrt(0.5), sqrt(0.5)),
    plain("atan2", (0.0, 0.0), 0.0, 0.0, 0.0),
    plain("atan2", (-0.0, 0.0), -0.0, 0.0, 0.0),
    plain("atan2", (0.0, -0.0), pi, 0.0, 0.0),
    Edge("atan2", (0.0, 1.0), 0.0, (1.0, -0.0), {(0, 0): 0.0, (0, 1): -1.0, (1, 1): 0.0}),
    Edge("atan2", (0.0, -1.0), pi, (-1.0, -0.0), {(0, 0): 0.0, (0, 1): -1.0, (1, 1): 0.0}),
    Edge("atan2", (1.0, 0.0), pi / 2, (0.0, -1.0), {(0, 0): 0.0, (0, 1): 1.0, (1, 1): 0.0}),
    plain("atan2", (inf, 1.0), pi / 2, 0.0, 0.0),
    plain("atan2", (1.0, inf), 0.0, 0.0, 0.0),
    plain("atan2", (1.0, -inf), pi, 0.0, 0.0),
    plain("atan2", (-inf, inf), -pi / 4, 0.0, 0.0),
    plain("atan2", (nan, 1.0), nan, nan, nan),
    plain("atan2", (TINY, HUGE), 0.0, 2.0**-1024, 0.0),
    plain("atan2", (HUGE, HUGE), pi / 4, 2.0**-1025, -(2.0**-1025)),
]

#: Sums are chains: a partial sum that overflows stays infinite. The weights of dot come first.
LISTS = [
    straight("sum", (inf, -inf, 1.0), nan, 1.0, 1.0, 1.0),
    straight("sum", (HUGE, HUGE, -HUGE), inf, 1.0, 1.0, 1.0),
    straight("sum", (-0.0, -0.0), -0.0, 1.0, 1.0),
    straight("sum", (0.0, -0.0), 0.0, 1.0, 1.0),
    straight("sum", (nan, TINY), nan, 1.0, 1.0),
    straight("sum", (HUGE,), HUGE, 1.0),
    straight("maximum", (-inf,), -inf, 1.0),
    straight("minimum", (1.0, 1.0, 1.0), 1.0, 1 / 3, 1 / 3, 1 / 3),
    straight("dot", (-0.0,), -0.0, 1.0),
    plain("dot", (0.0, inf, 1.0), nan, inf, 0.0, 1.0),
    plain("dot", (nan, 1.0, -0.0), nan, 1.0, nan, 1.0),
    plain("dot", (HUGE, HUGE, 2.0, -2.0, 0.0), nan, 2.0, -2.0, HUGE, HUGE, 1.0),
    plain("dot", (TINY, 0.5, 1.0), 1.0, 0.5, TINY, 1.0),
    plain("dot", (-inf, 1.0, 0.0), -inf, 1.0, -inf, 1.0),
    straight("logsumexp", (-HUGE,), -HUGE, 1.0),
    straight("softmax", (HUGE,), 1.0, 0.0),
    straight("log_softmax", (TINY,), 0.0, 0.0),
    plain("logsumexp", (-inf, 0.0), 0.0, 0.0, 1.0),
    plain("logsumexp", (HUGE, -HUGE), HUGE, 1.0, 0.0),
    plain("logsumexp", (TINY, -0.0), LN2, 0.5, 0.5),
    plain("logsumexp", (1000.0, 1000.0), 1000.0 + LN2, 0.5, 0.5),
    plain("logsumexp", (nan, 0.0), nan, nan, nan),
    plain("softmax", (-inf, 0.0), 0.0, 0.0, 0.0),
    plain("softmax", (0.0, -inf), 1.0, 0.0, 0.0),
    plain("softmax", (HUGE, -HUGE), 1.0, 0.0, 0.0),
    Edge("softmax", (TINY, -0.0), 0.5, (0.25, -0.25), {(0, 0): 0.0, (0, 1): 0.0}),
    plain("softmax", (inf, 0.0), nan, nan, nan),
    plain("softmax", (nan, 0.0), nan, nan, nan),
    plain("log_softmax", (-inf, 0.0), -inf, 1.0, -1.0),
    plain("log_softmax", (0.0, -inf), 0.0, 0.0, 0.0),
    plain("log_softmax", (HUGE, -HUGE), 0.0, 0.0, 0.0),
    Edge("log_softmax", (TINY, -0.0), -LN2, (0.5, -0.5), {(0, 0): -0.25, (0, 1): 0.25}),
    plain("log_softmax", (nan, 0.0), nan, nan, nan),
]
LOSSES = [
    Edge("half_squared_error", (2.0, 2.0), 0.0, (0.0, 0.0), {(0, 0): 1.0, (0, 1): -1.0}),
    plain("half_squared_error", (TINY, -0.0), 0.0, TINY, -TINY),
    plain("half_squared_error", (inf, 0.0), inf, inf, -inf),
    plain("half_squared_error", (inf, inf), nan, nan, nan),
    plain("half_squared_error", (HUGE, -HUGE), inf, inf, -inf),
    plain("half_squared_error", (nan, 0.0), nan, nan, nan),
    plain("cross_entropy", (-inf, 0.0, 0.0, 1.0), 0.0, 0.0, 0.0, inf, 0.0),
    plain("cross_entropy", (HUGE, -HUGE, 1.0, 0.0), 0.0, 0.0, 0.0, 0.0, inf),
    plain("cross_entropy", (TINY, -0.0, 1.0, 0.0), LN2, -0.5, 0.5, LN2, LN2),
    plain("cross_entropy", (nan, 0.0, 1.0, 0.0), nan, nan, nan, nan, nan),
    plain("log_loss", (0.0, 1.0, 0.0, 1.0), 0.0, 0.0, -1.0, inf, 0.0),
    plain("log_loss", (0.0, 0.5, 1.0, 0.0), inf, -inf, 0.0, inf, LN2),
    plain("log_loss", (1.0, 1.0, 1.0, 0.0), 0.0, -1.0, 0.0, 0.0, 0.0),
    plain("log_loss", (nan, 1.0, 1.0, 0.0), nan, nan, 0.0, nan, 0.0),
    plain("bce", (0.0, 1.0), 100.0, -inf, inf),
    plain("bce", (1.0, 0.0), 100.0, inf, -inf),
    plain("bce", (1.0, 1.0), -0.0, -1.0, -inf),
    plain("bce", (0.0, 0.0), -0.0, 1.0, inf),
    plain("bce", (TINY, 1.0), 100.0, -inf, 1074.0 * LN2),
    plain("bce", (nan, 1.0), nan, nan, nan),
    plain("bce_with_logits", (inf, 1.0), 0.0, 0.0, -inf),
    plain("bce_with_logits", (-inf, 0.0), 0.0, 0.0, inf),
    plain("bce_with_logits", (inf, 0.0), inf, 1.0, -inf),
    plain("bce_with_logits", (-inf, 1.0), inf, -1.0, inf),
    plain("bce_with_logits", (HUGE, 0.0), HUGE, 1.0, -HUGE),
    plain("bce_with_logits", (-HUGE, 0.0), 0.0, 0.0, HUGE),
    *(
        Edge("bce_with_logits", (z, t), LN2, (0.5 - t, -z), {(0, 0): 0.25, (0, 1): -1, (1, 1): 0})
        for z, t in product((0.0, -0.0, TINY), (0.0, 0.25, 1.0))
    ),
    plain("bce_with_logits", (nan, 1.0), nan, nan, nan),
]

BY_HAND = [*POWERS, *AROUND_ZERO, *LISTS, *LOSSES]
