"""A node, its derivatives or its graph as text, by running the table's rules on symbols.

A node's own expression stays as it was typed.

>>> from autograd_lite import Value, sigmoid
>>> x, w = Value(-1.0, label="x1"), Value(2.0, label="w1")
>>> p = w * x; p.label = "p1"
>>> y = sigmoid(p); y.label = "y"
>>> expression(p), local_derivative(p, 0), local_derivative(y, 0)
('w₁·x₁', 'x₁', 'y(1−y)')
"""

from __future__ import annotations

from itertools import count
from typing import TYPE_CHECKING, Any

from autograd_lite import ops
from autograd_lite.forms import LATEX, PLAIN, Form, number, plain_name
from autograd_lite.labels import clean
from autograd_lite.symbols import Symbol, derivative_by_name, of_number, written
from autograd_lite.traversal import topological
from autograd_lite.value import Value

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence

    from autograd_lite.ops import Op

_WIDTH = 60  # characters after which `equations` gives an intermediate result a line


def node_names(nodes: Iterable[Value]) -> dict[Value, str]:
    """A name for every node: its label, else v1, v2, ... in the order given.

    A constant without a label goes by its number. Labels are taken as they are.

    >>> a = Value(2.0, label="a")
    >>> list(node_names(topological(-(a * 3.0))).values())
    ['a', 'v1', 'v2']
    """
    nodes = list(nodes)
    names: dict[Value, str] = {}
    short = _short_names(nodes)
    for node in nodes:
        if node.label:
            names[node] = str(node.label)
        elif node.role == "constant":
            names[node] = number(node.data)
        else:
            names[node] = next(short)
    return names


def _short_names(nodes: Iterable[Value]) -> Iterator[str]:
    """v1, v2, ... without those that some label prints as, v_1 or v₁ for one."""
    labels = {str(node.label) for node in nodes if node.label}
    printed = {plain_name(clean(x)) for x in labels if x.lstrip().startswith("v")}
    return (x for x in map("v{}".format, count(1)) if plain_name(x) not in printed)


def expression(node: Value, names: Mapping[Value, str] | None = None, form: Form = PLAIN) -> str:
    """A node's own formula over the names of its operands; of a leaf its number.

    >>> a, b = Value(2.0, label="a"), Value(3.0, label="b")
    >>> expression(a * b), expression(a**2.0), expression(1.0 - a)
    ('a·b', 'a²', '1 − a')
    """
    if node.op is None:
        return form.number(node.data)
    names = _with_names(node, names)
    return written(node.op, [_symbol(p, names, form) for p in node.parents], form).text


def local_derivatives(
    node: Value, names: Mapping[Value, str] | None = None, form: Form = PLAIN
) -> tuple[Symbol | float | None, ...]:
    """The node's textbook rule run on names, one derivative per operand; None: no edge.

    A derivative that depends on nothing is a float. Of a branch only the side that the
    nodes' present numbers take is printed. A user's rule that runs on floats alone (it
    calls `math.exp`, say) is printed as `name′(x)`.

    >>> x = Value(2.0, label="x")
    >>> local_derivatives(x * 3.0), local_derivatives(x.log())
    ((3.0, None), (Symbol('1 / x'),))
    """
    if node.op is None:
        return ()
    names = _with_names(node, names)
    y = _symbol(node, names, form)
    args = [_symbol(p, names, form) for p in node.parents]
    rules = node.op.textbook
    if isinstance(rules, tuple):
        every = [
            None if rule is None or partial is None else _run(node.op, rule, y, args)
            for rule, partial in zip(rules, node.partials)
        ]
    else:
        every = _run(node.op, rules, y, args) or [None] * len(args)
    every = [
        derivative_by_name(node.op, args, i, form) if d is None else d for i, d in enumerate(every)
    ]
    return tuple(
        None if partial is None else d if isinstance(d, Symbol) else ops.to_float(d)
        for d, partial in zip(every, node.partials, strict=True)
    )


def local_derivative(
    node: Value, index: int, names: Mapping[Value, str] | None = None, form: Form = PLAIN
) -> str:
    """The text of one local derivative.

    Raises ValueError where the operand receives no derivative.

    >>> a, b = Value(1.0, label="a"), Value(2.0, label="b")
    >>> local_derivative(a / b, 0), local_derivative(a / b, 1), local_derivative(a + b, 0)
    ('1 / b', '−a / b²', '1')
    """
    derivative = local_derivatives(node, names, form)[index]
    if derivative is None:
        raise ValueError(f"operand {index} of {node!r} receives no derivative")
    return form.number(derivative) if isinstance(derivative, float) else derivative.text


def equations(root: Value, form: Form = PLAIN) -> list[tuple[str, str]]:
    """The graph as lines (name, formula), operands before what uses them, the root last.

    A node stands inside the formula of its only user; one that has a label, several users
    or a long formula gets a line. The text grows with the graph, never faster.

    >>> x = Value(2.0, label="x")
    >>> equations((x * 3.0 + 1.0).tanh())
    [('v₁', 'tanh(x·3 + 1)')]
    """
    order = topological(root)
    uses = dict.fromkeys(order, 0)
    for node in order:
        for p in node.parents:
            if isinstance(p, Value):
                uses[p] += 1
    short = _short_names(order)
    symbols: dict[Value, Symbol] = {}
    lines: list[tuple[str, str]] = []
    for node in order:
        if node.op is None and (node.label or node.role == "constant"):
            named = clean(str(node.label)) if node.label else ""
            symbols[node] = Symbol.named(named, form) if named else of_number(node.data, form)
            if node is not root:
                continue
        operands = [symbols[p] if isinstance(p, Value) else p for p in node.parents]
        right = written(node.op, operands, form) if node.op else of_number(node.data, form)
        inside = node.op and not node.label and uses[node] == 1 and len(right.text) <= _WIDTH
        if inside:
            symbols[node] = right
            continue
        symbols[node] = Symbol.named(clean(str(node.label)) if node.label else next(short), form)
        lines.append((symbols[node].text, right.text))
    return lines


def _with_names(node: Value, names: Mapping[Value, str] | None) -> Mapping[Value, str]:
    if names is not None:
        return names
    return node_names(dict.fromkeys([*(p for p in node.parents if isinstance(p, Value)), node]))


def _symbol(x: Any, names: Mapping[Value, str], form: Form) -> Any:
    """The symbol of an operand; a plain number stays a float, as rules expect."""
    if not isinstance(x, Value):
        return x
    if x.role == "constant" and not x.label:
        return x.data
    return Symbol.named(names[x], form, x.data)


def _run(op: Op, rule: Callable[..., Any], y: Symbol, args: Sequence[Any]) -> Any:
    """What a rule gives on symbols, None where a user's rule runs on floats alone."""
    try:
        return rule(y, *args) if op.arity is not None else list(rule(y, *args))
    except TypeError:
        if ops.OPS.get(op.name) is op:
            raise  # the table's own rules run on symbols: law 1
        return None


def latex(root: Value) -> str:
    r"""The graph as one formula in LaTeX's math mode; what is used twice is defined above it.

    Nothing is evaluated or simplified, and the text grows with the graph, never faster. Of a
    value without a label and without definitions the formula stands alone.

    >>> x = Value(2.0, label="x")
    >>> print(latex((x * 3.0 + 1.0).tanh()))
    \tanh(x \cdot 3 + 1)
    >>> v = x.exp()
    >>> print(latex(v / (1.0 + v)))
    \begin{aligned}
    v_{1} &= e^{x} \\
    v_{2} &= \frac{v_{1}}{1 + v_{1}}
    \end{aligned}
    """
    lines = equations(root, LATEX)
    if len(lines) == 1:
        name, right = lines[0]
        return f"{name} = {right}" if root.label else right
    rows = " \\\\\n".join(f"{name} &= {right}" for name, right in lines)
    return f"\\begin{{aligned}}\n{rows}\n\\end{{aligned}}"
