"""A derivative told as a textbook tells it: the chain rule in names, in letters, in numbers.

Every path from a value to the result is a product of local derivatives; the derivative is
their sum. Where there are too many paths to list, one step of the backward pass is shown:
the uses of the value, each local times upstream. The numbers are the recorded ones, and no
`.grad` is read or written.
"""

from __future__ import annotations

from collections.abc import Sequence
from itertools import islice
from typing import TYPE_CHECKING, NamedTuple, overload

from autograd_lite import layouts, ops, wording
from autograd_lite.errors import NotInGraphError
from autograd_lite.paths import Edge, path_counts, paths, stops, uses
from autograd_lite.traversal import exclusive, sweep, topological
from autograd_lite.value import Value

if TYPE_CHECKING:
    from collections.abc import Mapping

MOST_PATHS = 8  # more are counted, not listed


class Term(NamedTuple):
    """One path from root to wrt, or one use of wrt: its edges, its factors, their product."""

    edges: tuple[Edge, ...]
    factors: tuple[float, ...]
    product: float


class Derivation(NamedTuple):
    """What there is to tell about one derivative, as nodes and numbers.

    ways    the number of paths
    listed  the terms are paths; else they are the uses of wrt
    rows    the operations between wrt and root
    stops   the nodes at which a derivative from wrt ends
    """

    root: Value
    wrt: Value
    names: Mapping[Value, str]
    ways: float
    listed: bool
    terms: list[Term]
    total: float
    gradient: float
    rows: set[ops.Op]
    stops: list[Value]


class Explanation:
    """How one derivative comes about; str() tells it, notebooks typeset it.

    root, wrt   the names of the result and of the value it is differentiated by
    count       the number of paths between them (exact below 2**53; inf beyond 1e308)
    paths       names from root to wrt, one list per path; where there are more than 8 paths,
                one list [user, wrt] per use of wrt
    factors     the local derivatives along each path; of a use (local, upstream)
    products    the product of each list of factors
    total       the sum of the products: the derivative
    gradient    the same derivative by the engine's own sweep

    It keeps names, numbers and text, not the graph.
    """

    __slots__ = (
        "root", "wrt", "count", "paths", "factors", "products", "total", "gradient",
        "_plain", "_markdown", "_latex",
    )  # fmt: skip

    def __init__(self, told: Derivation) -> None:
        self.root = told.names[told.root]
        self.wrt = told.names[told.wrt]
        self.count = told.ways
        self.paths = [[*(told.names[e.node] for e in t.edges), self.wrt] for t in told.terms]
        self.factors = [list(t.factors) for t in told.terms]
        self.products = [t.product for t in told.terms]
        self.total = told.total
        self.gradient = told.gradient
        self._plain = layouts.plain(told)
        self._markdown = layouts.markdown(told)
        self._latex = layouts.latex(told)

    def __str__(self) -> str:
        return self._plain

    def __repr__(self) -> str:
        return f"<Explanation: ∂{self.root}/∂{self.wrt} = {self.total}, paths: {self.count:g}>"

    def _repr_markdown_(self) -> str:
        return self._markdown

    def _repr_latex_(self) -> str:
        return self._latex


@overload
def explain(root: Value, wrt: Value) -> Explanation: ...
@overload
def explain(root: Value, wrt: Sequence[Value]) -> list[Explanation]: ...
def explain(root: Value, wrt: Value | Sequence[Value]) -> Explanation | list[Explanation]:
    """The derivative of root by wrt, derived path by path; a list of values gives a list.

    Needs no backward before it and changes no `.grad`. Up to 8 paths are listed; of more the
    number is told, and the uses of wrt as local times upstream. Values without a label are
    called v1, v2, ... in topological order; a label that several values share is numbered.
    Raises NotInGraphError where root does not depend on wrt, TypeError for anything but Values.

    The 2-2-2 network of Mazur, "A step by step backpropagation example" (2015):

    >>> from autograd_lite import constant, losses, nn
    >>> mlp = nn.MLP.from_weights(
    ...     [[[0.15, 0.25], [0.2, 0.3]], [[0.4, 0.5], [0.45, 0.55]]], [0.35, 0.6], "sigmoid",
    ...     names=[[["w1", "w3"], ["w2", "w4"]], [["w5", "w7"], ["w6", "w8"]]],
    ...     bias_names=[["b1"], ["b2"]],
    ... )
    >>> x = [constant(0.05, "x1"), constant(0.1, "x2")]
    >>> E = losses.half_squared_error(mlp(x), [constant(0.01, "t1"), constant(0.99, "t2")])
    >>> E.label = "E"
    >>> w = {p.label: p for p in mlp.parameters()}
    >>> print(explain(E, w["w5"]))
    ∂E/∂w₅   (1 path from w₅ to E; error = output minus target)
      ∂E/∂o₁ × ∂o₁/∂z(o₁) × ∂z(o₁)/∂w₅
      = (o₁ − t₁) × o₁(1−o₁) × h₁
      = 0.7414 × 0.1868 × 0.5933 = 0.08217
      check: w₅.grad = 0.08217
    >>> print(explain(E, w["w1"]))
    ∂E/∂w₁   (2 paths from w₁ to E; error = output minus target)
      path 1: ∂E/∂o₁ × ∂o₁/∂z(o₁) × ∂z(o₁)/∂h₁ × ∂h₁/∂z(h₁) × ∂z(h₁)/∂w₁
        = (o₁ − t₁) × o₁(1−o₁) × w₅ × h₁(1−h₁) × x₁
        = 0.7414 × 0.1868 × 0.4 × 0.2413 × 0.05 = 0.0006684
      path 2: ∂E/∂o₂ × ∂o₂/∂z(o₂) × ∂z(o₂)/∂h₁ × ∂h₁/∂z(h₁) × ∂z(h₁)/∂w₁
        = (o₂ − t₂) × o₂(1−o₂) × w₇ × h₁(1−h₁) × x₁
        = −0.2171 × 0.1755 × 0.5 × 0.2413 × 0.05 = −0.0002298
      sum: 0.0006684 − 0.0002298 = 0.0004386
      check: w₁.grad = 0.0004386
    """
    several = isinstance(wrt, Sequence)
    values = list(wrt) if isinstance(wrt, Sequence) else [wrt]
    _check(root, values)
    order = topological(root)
    with exclusive():
        for node in order:
            node.cot = 0.0  # a node that the sweep does not reach has no influence
        sweep(root, 1.0)
        cotangents = {node: node.cot for node in order}
    names = wording.names_of(order)
    explanations = [Explanation(_derivation(order, value, names, cotangents)) for value in values]
    return explanations if several else explanations[0]


def _check(root: Value, values: Sequence[Value]) -> None:
    hints = {
        "root": "of a list of outputs take one, or their loss",
        "wrt": "it must be a node of the graph, or a list or tuple of nodes",
    }
    for what, value in [("root", root), *(("wrt", value) for value in values)]:
        if not isinstance(value, Value):
            raise TypeError(
                f"explain: {what} is a {type(value).__name__}, not a Value; {hints[what]}"
            )


def _derivation(
    order: list[Value], wrt: Value, names: Mapping[Value, str], cotangents: Mapping[Value, float]
) -> Derivation:
    root = order[-1]
    if wrt not in cotangents:
        raise NotInGraphError(
            f"explain: {names[root]} does not depend on {wrt!r}; was that created or replaced "
            "after the forward pass? Compute the result again from it"
        )
    counts = path_counts(order, wrt)
    count = counts.get(root, 0.0)
    listed = count <= MOST_PATHS
    if not count:
        terms = []
    elif listed:
        terms = [_of_path(tuple(path)) for path in islice(paths(root, wrt, counts), MOST_PATHS)]
    else:
        terms = [_of_use(edge, cotangents[edge.node]) for edge in uses(order, wrt)]
    return Derivation(
        root, wrt, names, int(count) if count < 2**53 else count, listed, terms,
        ops.sum.fn(*[term.product for term in terms]), cotangents[wrt],
        {node.op for node in counts if node is not wrt and node.op},
        stops(order, counts),
    )  # fmt: skip


def _of_path(edges: tuple[Edge, ...]) -> Term:
    factors = tuple([edge.partial for edge in edges])
    product = 1.0
    for d in factors:
        product = ops.strong_product.fn(product, d)
    return Term(edges, factors, product)


def _of_use(edge: Edge, upstream: float) -> Term:
    return Term((edge,), (edge.partial, upstream), ops.strong_product.fn(upstream, edge.partial))
