"""`Value`: a float that remembers how it was computed.

Recording stores, beside the result, the local derivatives at the recorded numbers, so
that a gradient belongs to the values that were computed, whatever happens to `.data`
afterwards. `backward` writes gradients at the very end of its sweep in one call
into C: an exception or Ctrl-C changes all of them or none.
"""

from __future__ import annotations

from collections import deque
from itertools import repeat
from math import isfinite

from autograd_lite import ops
from autograd_lite.errors import GraphError, TraceError
from autograd_lite.ops import Op, to_float
from autograd_lite.traversal import exclusive, has_variables, sweep, topological

TYPE_CHECKING = False  # importing typing would cost half of our import time
if TYPE_CHECKING:
    from collections.abc import Callable, Sequence
    from typing import Any

ADD, SUB, MUL, DIV, NEG, POWER, DOT = (
    ops.add, ops.sub, ops.mul, ops.div, ops.neg, ops.power, ops.dot
)  # fmt: skip

#: What a leaf stands for; pictures tint by it and the compiler chooses by it.
ROLES = ("variable", "parameter", "input", "constant")


class Value:
    """A scalar node of a computation graph.

    `data` is the number, `grad` the derivative of the last root with respect to it
    (leaves add up over several backward passes, interior nodes are set). `op` is the row
    of the table that made it, None for a leaf. Equality and hash are identity.

    Raises TypeError for anything but a real number, OverflowError for an int beyond floats.

    >>> a, b = Value(2.0, label="a"), Value(-3.0, label="b")
    >>> y = a * b + a**2
    >>> y.backward()
    >>> y.data, a.grad, b.grad
    (-2.0, 1.0, 2.0)
    """

    # One or two parents stand in a and b, their local derivatives in da and db (None: no
    # edge). Rows of more arguments keep tuples in b and db, and a is None. A leaf has no
    # parents: its b holds its role. mark and cot belong to the sweep that runs.
    __slots__ = ("_data", "grad", "op", "a", "b", "da", "db", "mark", "cot", "label")

    _data: float
    grad: float
    op: Op | None
    a: Any
    b: Any
    da: float | None
    db: Any
    mark: object
    cot: Any
    label: str | None

    __array_ufunc__ = None  # NumPy scalars and arrays leave the operators to us

    def __init__(self, data: Any, label: str | None = None) -> None:
        if isinstance(data, Value):
            raise TypeError("Value(Value) would lose the graph; use v.detach() for a new leaf")
        self._data = to_float(data)
        self.grad = 0.0
        self.op = self.a = self.da = self.db = self.mark = self.cot = None
        self.b = "variable"
        self.label = label

    # --- what a node holds ------------------------------------------------------------

    @property
    def data(self) -> float:
        """The number. Assigning converts to float and changes no recorded gradient."""
        return self._data

    @data.setter
    def data(self, number: Any) -> None:
        self._data = to_float(number)

    def item(self) -> float:
        """The number as a float; TraceError if it depends on a placeholder."""
        _refuse_placeholders(self, "item()")
        return self._data

    @property
    def role(self) -> str | None:
        """What a leaf stands for (one of ROLES), None for an interior node."""
        return self.b if self.op is None else None

    @property
    def parents(self) -> tuple[Any, ...]:
        """The operands in order: Values, and floats where a constant was given."""
        if self.op is None:
            return ()
        if self.op.arity == 1:
            return (self.a,)
        return (self.a, self.b) if self.op.arity == 2 else tuple(self.b)

    @property
    def partials(self) -> tuple[float | None, ...]:
        """The recorded local derivatives, one per parent; None where no edge is."""
        if self.op is None:
            return ()
        if self.op.arity == 1:
            return (self.da,)
        return (self.da, self.db) if self.op.arity == 2 else tuple(self.db)

    @property
    def _prev(self) -> set[Value]:
        """The parents as micrograd's drawing code reads them."""
        return {p for p in self.parents if isinstance(p, Value)}

    @property
    def _op(self) -> str:
        """The operation's name as micrograd's drawing code reads it, '' for a leaf."""
        return self.op.name if self.op else ""

    def detach(self, label: str | None = None) -> Value:
        """A new leaf with the same number and no edge to this graph.

        TraceError if it depends on a placeholder: its number would be fixed before it is known.
        """
        _refuse_placeholders(self, "detach()")
        return Value(self._data, label)

    # --- the operators ------------------------------------------------------------------
    # + - * and unary minus record without going through their row; a test holds both together.

    def __add__(self, other: Any) -> Value:
        if type(other) is Value:
            return _node(self._data + other._data, ADD, self, other, 1.0, 1.0)
        if type(other) is float:
            return _node(self._data + other, ADD, self, other, 1.0, None)
        if type(other) is int:
            return self + float(other)
        return _binary(ADD, self, other)

    def __radd__(self, other: Any) -> Value:
        if type(other) is float:
            return _node(other + self._data, ADD, other, self, None, 1.0)
        if type(other) is int:
            return float(other) + self
        return _binary(ADD, other, self)

    def __sub__(self, other: Any) -> Value:
        if type(other) is Value:
            return _node(self._data - other._data, SUB, self, other, 1.0, -1.0)
        if type(other) is float:
            return _node(self._data - other, SUB, self, other, 1.0, None)
        if type(other) is int:
            return self - float(other)
        return _binary(SUB, self, other)

    def __rsub__(self, other: Any) -> Value:
        if type(other) is float:
            return _node(other - self._data, SUB, other, self, None, -1.0)
        if type(other) is int:
            return float(other) - self
        return _binary(SUB, other, self)

    def __mul__(self, other: Any) -> Value:
        if type(other) is Value:
            a, b = self._data, other._data
            return _node(a * b, MUL, self, other, b, a)
        if type(other) is float:
            return _node(self._data * other, MUL, self, other, other, None)
        if type(other) is int:
            return self * float(other)
        return _binary(MUL, self, other)

    def __rmul__(self, other: Any) -> Value:
        if type(other) is float:
            return _node(other * self._data, MUL, other, self, None, other)
        if type(other) is int:
            return float(other) * self
        return _binary(MUL, other, self)

    def __truediv__(self, other: Any) -> Value:
        return _binary(DIV, self, other)

    def __rtruediv__(self, other: Any) -> Value:
        return _binary(DIV, other, self)

    def __pow__(self, exponent: Any) -> Value:
        return _binary(ops.pow if isinstance(exponent, Value) else POWER, self, exponent)

    def __rpow__(self, base: Any) -> Value:
        return _binary(ops.pow, base, self)

    def __neg__(self) -> Value:
        return _node(-self._data, NEG, self, None, -1.0, None)

    def __pos__(self) -> Value:
        return self

    def __abs__(self) -> Value:
        return self.apply(ops.absolute, (self,))

    def __gt__(self, other: Any) -> Value:
        return _binary(ops.greater, self, other)

    def __lt__(self, other: Any) -> Value:
        return _binary(ops.less, self, other)

    def __ge__(self, other: Any) -> Value:
        return _binary(ops.greater_equal, self, other)

    def __le__(self, other: Any) -> Value:
        return _binary(ops.less_equal, self, other)

    def relu(self) -> Value:
        """max(x, 0); the derivative at 0 is 0."""
        x = self._data
        if x > 0.0:
            return _node(x, ops.relu, self, None, 1.0, None)
        return self.apply(ops.relu, (self,))

    if TYPE_CHECKING:  # every other unary row becomes a method at the end of this file

        def __getattr__(self, name: str) -> Callable[[], Value]: ...

    def apply(self, op: Op, args: tuple[Any, ...]) -> Value:
        """The node of a row on Values and numbers, with its local derivatives.

        >>> x = Value(0.0)
        >>> x.apply(ops.OPS["sigmoid"], (x,)).partials
        (0.25,)
        """
        if op.constants:
            _refuse_values(op, args)
        if op.arity == 1 and type(args[0]) is Value:
            return _unary(op, args[0])
        kinds = set(map(type, args))
        if not kinds <= _RECORDED:
            args = tuple([x if isinstance(x, Value) else to_float(x) for x in args])
        numbers = [x if type(x) is float else x._data for x in args]
        y = to_float(op.fn(*numbers))
        partials = op.partials(y, *numbers)
        if not set(map(type, partials)) <= _PARTIALS:  # a user's rule may give an int
            partials = tuple([None if d is None else to_float(d) for d in partials])
        if op.select:  # the argument that was not selected is no edge: not even nan passes
            partials = tuple([d or None for d in partials])
        if len(kinds) > 1:
            partials = tuple([None if type(x) is float else d for x, d in zip(args, partials)])
        if op.arity == 1:
            return _node(y, op, args[0], None, partials[0], None)
        if op.arity == 2:
            return _node(y, op, args[0], args[1], partials[0], partials[1])
        return _node(y, op, None, args, None, partials)

    # --- the backward pass --------------------------------------------------------------

    def backward(self, seed: float = 1.0) -> None:
        """Write into every node that leads here the derivative of this one, times seed.

        Leaves add the new gradient to their `.grad`, interior nodes are set. Either every
        `.grad` is written or, after any exception, none is.
        Raises ValueError for a seed that is not finite, GraphError where no leaf can
        receive a gradient, or while another backward of the same thread runs.
        Source: reverse accumulation, Linnainmaa (1970); lecture 003, autodiff.

        >>> x = Value(3.0)
        >>> (x * x * x).backward()
        >>> x.grad
        27.0
        """
        seed = to_float(seed)
        if not isfinite(seed):
            raise ValueError(f"backward: the seed is {seed}; it must be a finite number")
        with exclusive():
            leaves, nodes = sweep(self, seed)
            receiving = [leaf for leaf in leaves if leaf.b != "constant"]
            if not receiving:
                if not has_variables(self):
                    raise GraphError(
                        "nothing to differentiate: the result depends on constants alone; "
                        "make the numbers to differentiate by al.Value(number)"
                    )
                leaves, nodes = sweep(self, seed)  # the search has used the nodes' marks
            gradients = [node.cot for node in nodes]
            gradients += [leaf.grad + leaf.cot for leaf in receiving]
            nodes += receiving
            # One call into C that allocates nothing: neither Ctrl-C nor a lack of memory can
            # come between two of these writes.
            deque(map(setattr, nodes, repeat("grad"), gradients), maxlen=0)

    # --- what Python asks of an object --------------------------------------------------

    def __repr__(self) -> str:
        label = "" if self.label is None else f", label={self.label!r}"
        return f"Value(data={self._data}, grad={self.grad}{label})"

    def __format__(self, spec: str) -> str:
        return format(self._data, spec) if spec else repr(self)

    def __bool__(self) -> bool:
        if self.op is None or not self.op.truth:
            raise TypeError(
                f"the truth of {self!r} is undefined; compare it (v > 0), or use v.data"
            )
        _refuse_placeholders(self, "the truth of a comparison")
        return self._data != 0.0

    def __float__(self) -> float:
        raise TypeError(
            "a Value does not turn into a float by itself, its graph would be lost; "
            "use al.exp(v) and its kin instead of math.exp(v), v.item() for the number"
        )

    def __reduce__(self) -> tuple[Any, ...]:
        """Leaves copy and pickle; an interior node would drag its whole graph along."""
        if self.op is not None:
            raise TypeError(
                f"cannot copy or pickle {self!r}, it is part of a graph; "
                "detach() it, or save the model it belongs to"
            )
        return (_leaf, (self._data, self.b, self.label, self.grad))


_new = object.__new__
_RECORDED = {Value, float}  # the types of parents that need no conversion
_PARTIALS = {float, type(None)}


def _node(data: float, op: Op, a: Any, b: Any, da: float | None, db: Any) -> Value:
    """A recorded operation. Plain stores: a constructor call would cost twice as much."""
    node = _new(Value)
    node._data = data
    node.grad = 0.0
    node.op = op
    node.a = a
    node.b = b
    node.da = da
    node.db = db
    node.mark = None
    node.label = None
    return node


def _unary(op: Op, x: Value) -> Value:
    """The node of a row of one argument.

    Takes half the time of the row's general way; a test holds both together.
    """
    rules: Any = op.rules
    number, rule = x._data, rules[0]
    y = op.fn(number)
    if type(y) is not float:  # a user's row may give an int
        y = to_float(y)
    d = op.partials(y, number)[0] if op.domain else rule and rule(y, number)
    if d is not None and type(d) is not float:
        d = to_float(d)
    return _node(y, op, x, None, (d or None) if op.select else d, None)


def _binary(op: Op, a: Any, b: Any) -> Value:
    """The node of a row on two operands, one of them a Value; NotImplemented for others."""
    node, other = (a, b) if isinstance(a, Value) else (b, a)
    if isinstance(other, (Value, float, int)) or _is_number_like(other):
        return node.apply(op, (a, b))
    return NotImplemented  # type: ignore[no-any-return]  # Python asks operators for it


def dot_node(w: Sequence[Any], x: Sequence[Any], bias: Any) -> Any:
    """The row `dot` on weights, inputs and a bias.

    A neuron whose weights are Values is recorded here in a third of the time that the
    row's general way takes; a test holds both together.
    """
    kinds = {*map(type, x)}
    if {*map(type, w)} != {Value} or len(kinds) > 1 or type(bias) not in _RECORDED:
        return ops.dot(*w, *x, bias)
    weights = [v._data for v in w]
    inputs: Sequence[float]
    of_inputs: Sequence[float | None]
    if kinds == {Value}:
        inputs, of_inputs = [v._data for v in x], weights
    elif kinds == {float}:
        inputs, of_inputs = x, [None] * len(x)
    else:
        return ops.dot(*w, *x, bias)
    total, of_bias = (bias, None) if type(bias) is float else (bias._data, 1.0)
    for a, b in zip(weights, inputs):
        total += a * b
    return _node(total, DOT, None, (*w, *x, bias), None, (*inputs, *of_inputs, of_bias))


def _is_number_like(x: Any) -> bool:
    """Whether `to_float` has an answer, or an error of its own, for x."""
    from decimal import Decimal
    from numbers import Real

    return isinstance(x, (Real, Decimal)) or getattr(x, "dtype", None) is not None


def _refuse_values(op: Op, args: tuple[Any, ...]) -> None:
    for x in args[len(args) - op.constants :]:
        if isinstance(x, Value):
            raise TypeError(f"{op.name}: {x!r} stands where a constant must; use its .data")


# --- leaves ---------------------------------------------------------------------------


def _leaf(number: Any, role: str, label: str | None, grad: float = 0.0) -> Value:
    leaf = Value(number, label)
    leaf.b = role
    leaf.grad = grad
    return leaf


def constant(number: Any, label: str | None = None) -> Value:
    """A leaf that receives no gradient: a number with a name, for pictures.

    >>> two = constant(2.0, label="two")
    >>> (two * Value(3.0)).backward()
    >>> two.grad
    0.0
    """
    return _leaf(number, "constant", label)


def parameter(number: Any, label: str | None = None) -> Value:
    """A leaf that training changes: a weight or a bias.

    >>> parameter(0.5, label="w").role
    'parameter'
    """
    return _leaf(number, "parameter", label)


def inputs(count: int, label: str = "x") -> list[Value]:
    """`count` placeholders for the numbers that differ from sample to sample.

    They hold nan. Asking for a number or a truth that depends on one is a TraceError.

    >>> [x.label for x in inputs(2)]
    ['x1', 'x2']
    """
    global _placeholders_exist
    if isinstance(count, bool) or not isinstance(count, int) or count < 1:
        raise ValueError(f"inputs: count is {count!r}; it must be an int of at least 1")
    _placeholders_exist = True
    return [_leaf(float("nan"), "input", f"{label}{i}") for i in range(1, count + 1)]


_placeholders_exist = False  # spares every `if x > 0` the walk until there is one


def _refuse_placeholders(root: Value, what: str) -> None:
    if _placeholders_exist:
        for node in topological(root):
            if node.role == "input":
                raise TraceError(
                    f"{what} depends on the placeholder {node.label}, whose number changes from "
                    "sample to sample; write a choice as al.where(condition, a, b), al.maximum or "
                    "al.clamp, and do without its number"
                )


def _method(row: Op) -> Callable[[Value], Value]:
    def method(self: Value) -> Value:
        return self.apply(row, (self,))

    method.__name__ = row.name
    method.__doc__ = f"The row {row.name!r} of the table: {row.symbol.format('x', args='x')}."
    return method


for _row in ops.OPS.values():
    if _row.arity == 1 and not hasattr(Value, _row.name):
        setattr(Value, _row.name, _method(_row))
