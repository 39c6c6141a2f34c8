"""Functions in, functions out: grad, jacobian, hessian and products with them.

The function takes floats or nested lists and is called once, on Values. Where all that
it depends on are plain numbers, the results are floats. Where its arguments are Values,
or it closes over Values, the results are Values that can be differentiated further: the
table's rules run again, this time on Values. That is how `grad(grad(f))` works.

Every transformation wraps its arguments in fresh nodes and stops its sweep there, so that
nested ones never confuse whose derivative is taken (Siskind and Pearlmutter, 2005,
"Perturbation confusion").
"""

from __future__ import annotations

import functools
import operator
from typing import TYPE_CHECKING, Any

from autograd_lite import ops
from autograd_lite.errors import StaleGraphError
from autograd_lite.nesting import flatten, is_array, places, rebuild
from autograd_lite.ops import strong_product, to_float
from autograd_lite.traversal import exclusive, sweep, topological
from autograd_lite.value import Value

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

    Argnums = int | tuple[int, ...]


def grad(f: Callable[..., Any], argnums: Argnums = 0) -> Callable[..., Any]:
    """The function that gives the gradient of f, nested as the arguments are.

    `argnums` says by which arguments to differentiate: a number, or several for a tuple.
    An argument that the result does not depend on has the gradient 0.0. A NumPy vector
    reaches f as a list and its gradient is a NumPy vector.
    Where f also uses Values from outside, such as a network's weights, the results are Values
    that can be differentiated by those; `.data` is the number.
    Raises TypeError where f is no function, or does not return one number; ValueError for a
    bad argnums.

    >>> grad(lambda x: x**3)(2.0)
    12.0
    >>> grad(grad(lambda x: x**3))(2.0)
    12.0
    >>> grad(lambda w, x: w[0] * x + w[1], argnums=(0, 1))([2.0, 1.0], 3.0)
    ([3.0, 1.0], 2.0)
    """
    return _gradient("grad", f, argnums)


def _gradient(asked: str, f: Callable[..., Any], argnums: Argnums) -> Callable[..., Any]:
    """The gradient alone; errors name the transformation that was asked for."""
    both = _value_and_gradient(asked, f, argnums)

    def gradient(*args: Any) -> Any:
        return both(*args)[1]

    return gradient


def value_and_grad(f: Callable[..., Any], argnums: Argnums = 0) -> Callable[..., Any]:
    """The function that gives f's value and its gradient, from one call of f.

    >>> value_and_grad(lambda x: x * x)(3.0)
    (9.0, 6.0)
    """
    return _value_and_gradient("value_and_grad", f, argnums)


def _value_and_gradient(asked: str, f: Callable[..., Any], argnums: Argnums) -> Callable[..., Any]:
    _check_function(asked, f)

    def value_and_gradient(*args: Any) -> tuple[Any, Any]:
        wrapped = _Arguments(args, argnums)
        root = _scalar(asked, f(*wrapped.values), f)
        gradient = wrapped.gradient(root)  # first: it finds out whether Values are to come out
        wrapped.settle()
        return wrapped.plain(root), wrapped.nested(gradient)

    return value_and_gradient


def jacobian(f: Callable[..., Any], argnums: Argnums = 0) -> Callable[..., Any]:
    """The function that gives all derivatives of f's outputs, one reverse sweep per output.

    The result nests as f's result does, and inside as the arguments do; for a NumPy
    argument it is an array.

    >>> jacobian(lambda x: [x[0] * x[1], x[0] ** 2])([3.0, 2.0])
    [[2.0, 3.0], [6.0, 0.0]]
    """
    _check_function("jacobian", f)

    def jacobian_of_f(*args: Any) -> Any:
        wrapped = _Arguments(args, argnums)
        result = f(*wrapped.values)
        gradients = [wrapped.gradient(root) for root in flatten(result)]
        rows = [wrapped.nested(gradient) for gradient in gradients]
        wrapped.settle()
        return wrapped.as_array(rebuild(result, rows))

    return jacobian_of_f


def hessian(f: Callable[..., Any], argnums: Argnums = 0) -> Callable[..., Any]:
    """The function that gives all second derivatives of a scalar function.

    >>> hessian(lambda x: x[0] ** 2 * x[1])([3.0, 2.0])
    [[4.0, 6.0], [6.0, 0.0]]
    """
    return jacobian(_gradient("hessian", f, argnums), argnums)


def jvp(f: Callable[..., Any], argnums: Argnums = 0) -> Callable[..., Any]:
    """The function (*args, direction) -> (value, directional derivative), by forward mode.

    `direction` nests as the argument does (a tuple of them for several argnums).
    Raises ValueError where the two do not nest alike.
    Source: forward accumulation, Wengert (1964).

    >>> jvp(lambda x: [x[0] * x[1], x[0] ** 2])([3.0, 2.0], [1.0, 0.0])
    ([6.0, 9.0], [2.0, 6.0])
    """
    return _forward("jvp", f, argnums)


def _forward(asked: str, f: Callable[..., Any], argnums: Argnums) -> Callable[..., Any]:
    _check_function(asked, f)

    def value_and_tangent(*args: Any) -> tuple[Any, Any]:
        if len(args) < 2:
            raise TypeError(f"{asked}: call it with the arguments of f and then the direction")
        wrapped = _Arguments(args[:-1], argnums)
        direction = wrapped.directions(asked, args[-1])
        result = f(*wrapped.values)
        roots = flatten(result)
        tangents = rebuild(result, wrapped.tangents(roots, direction))
        values = rebuild(result, [wrapped.plain(root) for root in roots])
        wrapped.settle()
        return wrapped.as_array(values), wrapped.as_array(tangents)

    return value_and_tangent


def hvp(f: Callable[..., Any], argnums: Argnums = 0) -> Callable[..., Any]:
    """The function (*args, direction) -> Hessian times direction, forward over reverse.

    Costs a few gradients, whatever the number of arguments.
    Source: Pearlmutter (1994), "Fast exact multiplication by the Hessian".

    >>> hvp(lambda x: x[0] ** 2 * x[1])([3.0, 2.0], [1.0, 0.0])
    [4.0, 6.0]
    """
    forward = _forward("hvp", _gradient("hvp", f, argnums), argnums)

    def hessian_times_direction(*args: Any) -> Any:
        return forward(*args)[1]

    return hessian_times_direction


def _check_function(asked: str, f: object) -> None:
    if not callable(f):
        raise TypeError(
            f"{asked}: f is {f!r:.60}; give the function itself, and its arguments to the result: "
            f"al.{asked}(f)(x)"
        )


class _Arguments:
    """One call's arguments, wrapped in fresh nodes where a derivative is taken."""

    def __init__(self, args: Sequence[Any], argnums: Argnums) -> None:
        self.args = args
        self.argnums = argnums
        chosen = argnums if isinstance(argnums, tuple) else (argnums,)
        for i in chosen:
            if isinstance(i, bool) or not isinstance(i, int):
                raise TypeError(f"argnums is {argnums!r}; it must be an int or a tuple of ints")
            if not -len(args) <= i < len(args):
                raise ValueError(f"argnums names argument {i}, but there are {len(args)}")
        self.chosen = [i % len(args) for i in chosen]
        if len(set(self.chosen)) < len(self.chosen):
            raise ValueError(f"argnums is {argnums}; it names an argument twice")
        originals = [flatten(args[i]) for i in self.chosen]
        self.own = [_fresh(x) for xs in originals for x in xs]
        self.open = any(isinstance(x, Value) for xs in originals for x in xs)
        self.values = list(args)
        for i, own in zip(self.chosen, self._parts(self.own), strict=True):
            self.values[i] = rebuild(args[i], own)

    def gradient(self, root: Any) -> list[Any]:
        """The derivatives of root by every wrapped number; floats where that loses nothing."""
        if not isinstance(root, Value):
            return [0.0] * len(self.own)
        if not self.open:
            with exclusive():
                for leaf in self.own:
                    leaf.cot = 0.0
                leaves, _ = sweep(root, 1.0)
                self.open = self._reaches_others(leaves)
                if not self.open:
                    return [leaf.cot for leaf in self.own]
        return self._gradient_as_values(root)

    def _reaches_others(self, leaves: list[Value]) -> bool:
        own = set(self.own)
        return any(leaf.role != "constant" and leaf not in own for leaf in leaves)

    def _gradient_as_values(self, root: Value) -> list[Any]:
        order = topological(root, until=self.own)
        relevant = self._dependents(order)
        prune = not self._symbolic(order)
        cotangents: dict[Value, Any] = {root: 1.0}
        for node in reversed(order):
            g = cotangents.pop(node, 0.0)
            if node not in relevant or (type(g) is float and g == 0.0):
                continue
            for parent, d, hides in _edges_as_values(node, prune):
                if parent in relevant:
                    term = _product(d, g) if hides else _product(g, d)
                    cotangents[parent] = cotangents[parent] + term if parent in cotangents else term
        return [cotangents.get(node, 0.0) for node in self.own]

    def _symbolic(self, order: list[Value]) -> bool:
        """Whether placeholders take part: then no number says which argument a row selects."""
        outside = [n for x in self.own for n in x.parents if isinstance(n, Value)]
        return any(node.role == "input" for node in [*order, *topological(*outside)])

    def _dependents(self, order: list[Value]) -> set[Value]:
        """The nodes whose value depends on a wrapped argument, these included."""
        found = set(self.own)
        for node in order:
            if any(isinstance(p, Value) and p in found for p in node.parents):
                found.add(node)
        return found

    def tangents(self, roots: list[Any], direction: list[Any]) -> list[Any]:
        """The derivatives of the roots along the direction, one forward pass for all."""
        order = topological(*(r for r in roots if isinstance(r, Value)), until=self.own)
        relevant = self._dependents(order)
        self.open = (
            self.open
            or any(isinstance(v, Value) for v in direction)
            or self._reaches_others([node for node in order if node.op is None])
        )
        prune = not self._symbolic(order)
        found: dict[Value, Any] = dict(zip(self.own, direction, strict=True))
        for node in order:
            if node in relevant:
                edges = _edges_as_values(node, prune) if self.open else _edges(node)
                terms = [
                    _product(d, found[p]) if hides else _product(found[p], d)
                    for p, d, hides in edges
                    if p in found
                ]
                found[node] = functools.reduce(operator.add, terms) if terms else 0.0
        return [found.get(r, 0.0) if isinstance(r, Value) else 0.0 for r in roots]

    def directions(self, asked: str, direction: Any) -> list[Any]:
        """The direction's numbers, in the order of the wrapped ones."""
        parts = direction if isinstance(self.argnums, tuple) else (direction,)
        flat = [x for part in parts for x in flatten(part)]
        if len(flat) != len(self.own):
            raise ValueError(
                f"{asked}: the direction has {len(flat)} numbers, the argument {len(self.own)}"
            )
        given = [self.args[i] for i in self.chosen]
        if len(parts) != len(given) or [places(p) for p in parts] != [places(x) for x in given]:
            raise ValueError(f"{asked}: the direction does not nest as the argument does")
        return [x if isinstance(x, Value) else to_float(x) for x in flat]

    def settle(self) -> None:
        """Make the fresh leaves constants: to a transformation around this one they are numbers."""
        for node in self.own:
            if node.op is None:
                node.b = "constant"

    def plain(self, x: Any) -> Any:
        """The number of a Value, or the Value itself where it may be differentiated further."""
        if not isinstance(x, Value):
            return to_float(x)
        return x if self.open else x.data

    def nested(self, flat: list[Any]) -> Any:
        """The numbers nested as the arguments: one result, or a tuple for several argnums."""
        results = [
            self._as_given(i, rebuild(self.args[i], part))
            for i, part in zip(self.chosen, self._parts(flat), strict=True)
        ]
        return tuple(results) if isinstance(self.argnums, tuple) else results[0]

    def _parts(self, flat: list[Any]) -> list[list[Any]]:
        """The flat list cut into one list per chosen argument."""
        numbers = iter(flat)
        return [[next(numbers) for _ in flatten(self.args[i])] for i in self.chosen]

    def _as_given(self, i: int, nested: Any) -> Any:
        if self.open or not is_array(self.args[i]):
            return nested
        import numpy as np

        return np.array(nested)

    def as_array(self, nested: Any) -> Any:
        """The nested lists as one array where the argument was an array."""
        if isinstance(self.argnums, int) and isinstance(nested, (list, tuple)):
            return self._as_given(self.chosen[0], nested)
        return nested


def _fresh(x: Any) -> Value:
    """A node that only this transformation knows."""
    return x.apply(ops.identity, (x,)) if isinstance(x, Value) else Value(x)


def _scalar(asked: str, result: Any, f: Callable[..., Any]) -> Any:
    if isinstance(result, (list, tuple)) or is_array(result):
        raise TypeError(
            f"{asked}: {getattr(f, '__name__', f)} returned {type(result).__name__} of "
            f"{len(result)}, not one number; use jacobian, or al.sum of them"
        )
    return result if isinstance(result, Value) else to_float(result)


def _edges(node: Value) -> list[tuple[Value, Any, bool]]:
    """The parents that a derivative passes to, with the recorded derivatives."""
    return [
        (p, d, False) for p, d in zip(node.parents, node.partials, strict=True) if d is not None
    ]


def _edges_as_values(node: Value, prune: bool) -> list[tuple[Value, Any, bool]]:
    """The same edges, the row's rules run again, on Values.

    With `prune`, arguments that a selecting row did not select are left out. Without, which
    ones these are is known only later: the third entry says whether a derivative of 0 shall then
    hide even nan. A strong zero is such a choice too, of its second factor.
    Raises StaleGraphError where the graph's numbers were changed since they were recorded.
    """
    op = node.op
    if op is None:
        return []
    _refuse_stale(node, op)
    derivatives = op.partials(node, *node.parents)
    recorded = node.partials
    return [
        (p, d, not prune and (op.select or (op is ops.strong_product and i == 1)))
        for i, (p, d, r) in enumerate(zip(node.parents, derivatives, recorded, strict=True))
        if isinstance(p, Value) and d is not None and (r is not None or not prune)
    ]


def _refuse_stale(node: Value, op: ops.Op) -> None:
    numbers = [p.data if isinstance(p, Value) else p for p in node.parents]
    y = op.fn(*numbers)
    again = [y, *op.partials(y, *numbers)]
    recorded = [node.data, *node.partials]
    for new, old in zip(again, recorded, strict=True):
        if old is not None and new != old and (new == new or old == old):
            name = f"{node.label} = {op.name}" if node.label else op.name
            raise StaleGraphError(
                f"{name}({', '.join(map(str, numbers))}) was recorded as {old} and is now {new}: "
                "some .data changed since the forward pass; compute the graph again"
            )


def _product(g: Any, d: Any) -> Any:
    """g * d with the strong zero of g; no node is spent on a factor that is exactly 1."""
    if type(g) is float and g == 1.0:
        return d
    return g if type(d) is float and d == 1.0 else strong_product(g, d)
