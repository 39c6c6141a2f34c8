"""Machine code as symbols: kernels and rules of the table, run on these, print LLVM IR.

Functions that the processor lacks are calls into the C library: in a program that runs node by
node the ones that Python's `math` uses, so that its values and eager ones agree to the bit.
"""

from __future__ import annotations

from contextlib import contextmanager
from itertools import count
from typing import TYPE_CHECKING, Any

from autograd_lite import ops
from autograd_lite.compiler.code import undecided
from autograd_lite.compiler.vectors import (
    C_NAMES,
    arguments_of,
    function_name,
    literal,
    size,
    vector,
)
from autograd_lite.errors import TraceError

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    from autograd_lite.ops import Op

#: Rows without an array kernel that C has a function for.
ROWS_IN_C = {ops.erf: "erf"}
_OWN = frozenset(ops.OPS.values())
#: Rows that cost a processor little: their values are computed again rather than stored.
CHEAP = {ops.add, ops.sub, ops.mul, ops.neg, ops.identity}
#: Rows of more operands are not unrolled: `sum` and `dot` loop over them, others stay arrays.
LONGEST, LONGEST_OF_OTHERS = 260, 64

#: The vectors that functions of each direction get: values and static values, their cotangents.
FORWARD = "ptr noalias %v, ptr noalias %p"
BACKWARD = f"{FORWARD}, ptr noalias %d, ptr noalias %dp"


def given(direction: str) -> str:
    """The same vectors as a call hands them on."""
    return (FORWARD if direction == "forward" else BACKWARD).replace("noalias ", "")


def supported(op: Op, count: int) -> bool:
    """Whether the row, on so many operands, has a native kernel."""
    if op is ops.sum or op is ops.dot:
        return True
    if op in ROWS_IN_C:
        return True
    if op.array is None or count > LONGEST_OF_OTHERS:
        return False
    return op in _OWN or _runs(op, count)


def _runs(op: Op, count: int) -> bool:
    """Whether a user's kernel, which may use all of NumPy, runs on registers."""
    builder = Builder()
    args: list[Any] = [Register(builder, f"%a{i}") for i in range(count)]
    args[count - op.constants :] = [1.0] * op.constants
    try:
        builder.kernel(op, tuple(args))
    except (AttributeError, IndexError, TypeError, ValueError, TraceError):
        return False
    return True


def calls_c(op: Op) -> bool:
    """Whether the row's kernel takes C functions, which cost ten times what arithmetic does."""
    kernel = f"{op.array}{op.shared}"
    names = [f"np.{name}(" for name in C_NAMES] + ["np.logaddexp", "**"]
    return op in ROWS_IN_C or any(name in kernel for name in names)


class Builder:
    """The statements of one function; equal ones share their result.

    strong   whether a product with a cotangent of 0.0 is 0.0, whatever the other factor
    lanes    how many numbers one register holds
    element  what they are, "double" or "float"
    """

    def __init__(self, strong: bool = False, lanes: int = 1, element: str = "double") -> None:
        self.lines: list[str] = []
        self.strong = strong
        self.lanes = lanes
        self.element = element
        self.kind = vector(lanes, element)
        self.truth = "i1" if lanes == 1 else f"<{lanes} x i1>"
        self._known: dict[str, str] = {}
        self._numbers = count(1)

    def of(self, lanes: int) -> Builder:
        """One that goes on with this one's statements, in registers of so many lanes."""
        other = Builder(self.strong, lanes, self.element)
        other.lines, other._known, other._numbers = self.lines, self._known, self._numbers
        return other

    @contextmanager
    def scope(self) -> Iterator[None]:
        """Statements whose results are not known afterwards."""
        before = self._known
        self._known = dict(before)
        yield
        self._known = before

    def name(self) -> str:
        """A new register's name."""
        return f"%r{next(self._numbers)}"

    def emit(self, statement: str, shared: bool = True) -> str:
        """The register that holds the result; loads of what may change are not `shared`."""
        if shared and statement in self._known:
            return self._known[statement]
        register = self.name()
        self.lines.append(f"  {register} = {statement}")
        if shared:
            self._known[statement] = register
        return register

    def load(self, pointer: str, shared: bool = True) -> Register:
        """The number, one a lane, that stands there."""
        text = f"load {self.kind}, ptr {pointer}, align {size(self.element)}"
        return Register(self, self.emit(text, shared))

    def load_static(self, pointer: str) -> Register:
        """The one number that stands there, on every lane."""
        return self.everywhere(self.emit(f"load {self.element}, ptr {pointer}"))

    def everywhere(self, one: str) -> Register:
        """One number on every lane."""
        if self.lanes == 1:
            return Register(self, one)
        first = self.emit(f"insertelement {self.kind} undef, {self.element} {one}, i64 0")
        mask = f"<{self.lanes} x i32> zeroinitializer"
        return Register(
            self, self.emit(f"shufflevector {self.kind} {first}, {self.kind} undef, {mask}")
        )

    def store(self, x: Any, pointer: str) -> None:
        """Write a register or a number there."""
        align = size(self.element)
        self.lines.append(f"  store {self.kind} {self.text(x)}, ptr {pointer}, align {align}")

    def text(self, x: Any) -> str:
        """A register's name, or a number, the same on every lane."""
        if isinstance(x, Condition):
            x = x.number()
        if isinstance(x, Register):
            return x.text
        one = literal(float(x), self.element)
        return one if self.lanes == 1 else f"<{', '.join([f'{self.element} {one}'] * self.lanes)}>"

    def call(self, name: str, *args: Any) -> Register:
        """The result of a C function, or of what the processor has itself."""
        function = function_name(name, self.lanes, self.element)
        texts = ", ".join(f"{self.kind} {self.text(a)}" for a in args)
        return Register(self, self.emit(f"call {self.kind} @{function}({texts})"))

    def kernel(self, op: Op, args: tuple[Any, ...]) -> Any:
        """The row's value: its array kernel, run on registers."""
        args = tuple([a.number() if isinstance(a, Condition) else a for a in args])
        if op is ops.dot:
            return _dot(args)
        if op is ops.power and args[1] in (1.0, 2.0, 3.0, 4.0):
            return _small_power(args[0], args[1])
        if op in ROWS_IN_C:
            return self.call(ROWS_IN_C[op], *args)
        if op is ops.sum:
            return Numpy(self).add.reduce(Stack(args))
        assert op.array is not None
        return self._evaluated(op, args)

    def _evaluated(self, op: Op, args: tuple[Any, ...]) -> Any:
        names = [f"a{i}" for i in range(len(args))]
        lifted = [_lift(self, a) for a in args]
        half = len(args) // 2
        scope = {"__builtins__": {}, "np": Numpy(self), "multiply": self.product,
                 **dict(zip(names, lifted)), "x": Stack(lifted),
                 "a": Stack(lifted[:half]), "t": Stack(lifted[half:])}  # fmt: skip
        if op.shared:
            scope["shared"] = eval(op.shared.format(x="x", a="a", t="t"), scope)
        assert op.array is not None
        text = op.array.format(*names, x="x", a="a", t="t", shared="shared")
        return eval(text, scope)  # the table's own kernel, as the array path executes it

    def product(self, g: Any, d: Any) -> Any:
        """The cotangent g times a partial; strong programs let a 0.0 win over everything."""
        if isinstance(g, Stack) or isinstance(d, Stack):
            return _broadcast(self.product, g, d)
        plain = _lift(self, g) * d
        if not self.strong:
            return plain
        return self._is_zero(g).choose(0.0, plain)

    def through(self, row: Op, g: Any, d: Any) -> Any:
        """The cotangent g times a partial of this row; of a selecting one a 0.0 there wins too."""
        part = self.product(g, d)
        return self._is_zero(d).choose(0.0, part) if self.strong and row.select else part

    def _is_zero(self, x: Any) -> Condition:
        return Condition(self, self.emit(f"fcmp oeq {self.kind} {self.text(x)}, {self.text(0.0)}"))


class Register:
    """A number, or one a lane, in a register: what kernels and rules compute with."""

    __slots__ = ("builder", "text")
    __hash__ = None  # type: ignore[assignment]  # == compares numbers, as in NumPy

    def __init__(self, builder: Builder, text: str) -> None:
        self.builder = builder
        self.text = text

    def apply(self, op: Op, args: tuple[Any, ...]) -> Any:
        """The row on these operands."""
        return self.builder.kernel(op, args)

    def _binary(self, instruction: str, a: Any, b: Any) -> Any:
        if isinstance(a, Stack) or isinstance(b, Stack):
            return _broadcast(lambda x, y: self._binary(instruction, x, y), a, b)
        builder = self.builder
        text = f"{instruction} {builder.kind} {builder.text(a)}, {builder.text(b)}"
        return Register(builder, builder.emit(text))

    def __add__(self, other: Any) -> Any:
        return self._binary("fadd", self, other)

    def __radd__(self, other: Any) -> Any:
        return self._binary("fadd", other, self)

    def __sub__(self, other: Any) -> Any:
        return self._binary("fsub", self, other)

    def __rsub__(self, other: Any) -> Any:
        return self._binary("fsub", other, self)

    def __mul__(self, other: Any) -> Any:
        if type(other) is float and other in (1.0, -1.0):
            return self if other == 1.0 else -self
        return self._binary("fmul", self, other)

    def __rmul__(self, other: Any) -> Any:
        return self.__mul__(other)

    def __truediv__(self, other: Any) -> Any:
        return self._binary("fdiv", self, other)

    def __rtruediv__(self, other: Any) -> Any:
        return self._binary("fdiv", other, self)

    def __pow__(self, other: Any) -> Any:
        return self.builder.call("pow", self, other)

    def __rpow__(self, other: Any) -> Any:
        return self.builder.call("pow", other, self)

    def __bool__(self) -> bool:
        raise undecided()

    def __neg__(self) -> Register:
        return Register(self.builder, self.builder.emit(f"fneg {self.builder.kind} {self.text}"))

    def __abs__(self) -> Any:
        return self.apply(ops.absolute, (self,))

    def _compare(self, relation: str, other: Any) -> Any:
        if isinstance(other, Stack):
            return _broadcast(lambda x, y: x._compare(relation, y), self, other)
        builder = self.builder
        text = f"fcmp {relation} {builder.kind} {self.text}, {builder.text(other)}"
        return Condition(builder, builder.emit(text))

    def __gt__(self, other: Any) -> Any:
        return self._compare("ogt", other)

    def __lt__(self, other: Any) -> Any:
        return self._compare("olt", other)

    def __ge__(self, other: Any) -> Any:
        return self._compare("oge", other)

    def __le__(self, other: Any) -> Any:
        return self._compare("ole", other)

    def __eq__(self, other: Any) -> Any:
        return self._compare("oeq", other)

    def __ne__(self, other: Any) -> Any:
        return self._compare("une", other)


def computed(builder: Builder, row: Op, args: tuple[Any, ...]) -> Any:
    """The row on registers and literals."""
    if row is ops.identity:
        return args[0]
    if not any(isinstance(a, Register) for a in args):
        return row.fn(*args)
    return builder.kernel(row, args)


class Condition:
    """A truth in a register; reckoned with it is 1.0 or 0.0, as a comparison of Values is."""

    __slots__ = ("builder", "text")
    __hash__ = None  # type: ignore[assignment]  # == compares numbers, as of Register

    def __init__(self, builder: Builder, text: str) -> None:
        self.builder = builder
        self.text = text

    def __bool__(self) -> bool:
        raise undecided()

    def choose(self, a: Any, b: Any) -> Any:
        """a where the condition holds, else b."""
        builder, kind = self.builder, self.builder.kind
        chosen = f"{kind} {builder.text(a)}, {kind} {builder.text(b)}"
        return Register(builder, builder.emit(f"select {builder.truth} {self.text}, {chosen}"))

    def number(self) -> Any:
        """1.0 where the condition holds, else 0.0."""
        return self.choose(1.0, 0.0)

    def __add__(self, other: Any) -> Any:
        return self.number() + other

    def __sub__(self, other: Any) -> Any:
        return self.number() - other

    def __rsub__(self, other: Any) -> Any:
        return other - self.number()

    def __mul__(self, other: Any) -> Any:
        return self.number() * other

    def __neg__(self) -> Any:
        return -self.number()

    def __eq__(self, other: Any) -> Any:
        return self.number() == other

    def __ne__(self, other: Any) -> Any:
        return self.number() != other

    __radd__, __rmul__ = __add__, __mul__


class Stack(list[Any]):
    """The operands of a row of many arguments; arithmetic goes entry by entry, as in NumPy."""

    def _each(self, name: str, other: Any) -> Stack:
        return _broadcast(lambda a, b: getattr(_lift(_builder(a, b), a), name)(b), self, other)

    def __add__(self, other: Any) -> Stack:
        return self._each("__add__", other)

    def __sub__(self, other: Any) -> Stack:
        return self._each("__sub__", other)

    def __rsub__(self, other: Any) -> Stack:
        return self._each("__rsub__", other)

    def __mul__(self, other: Any) -> Stack:
        return self._each("__mul__", other)

    __rmul__ = __mul__

    def __neg__(self) -> Stack:
        return Stack([-x for x in self])

    def __rtruediv__(self, other: Any) -> Stack:
        return self._each("__rtruediv__", other)


class _Reduction:
    """A ufunc of two arguments, with the `reduce` that folds it over a stack."""

    def __init__(self, f: Callable[[Any, Any], Any]) -> None:
        self.f = f

    def __call__(self, a: Any, b: Any) -> Any:
        return _broadcast(self.f, a, b) if isinstance(a, Stack) or isinstance(b, Stack) else (
            self.f(a, b)
        )  # fmt: skip

    def reduce(self, stack: Stack, axis: int = 0) -> Any:
        """f over the stack, its only axis, from left to right; 0.0 for an empty one."""
        assert axis == 0
        total = stack[0] if stack else 0.0
        for x in stack[1:]:
            total = self.f(total, x)
        return total


class Numpy:
    """The part of NumPy's vocabulary that kernels use, on registers."""

    inf, nan = float("inf"), float("nan")

    def __init__(self, builder: Builder) -> None:
        self.builder = builder
        self.add = _Reduction(lambda a, b: _lift(builder, a) + b)
        self.maximum = _Reduction(lambda a, b: self._extreme("__gt__", a, b))
        self.minimum = _Reduction(lambda a, b: self._extreme("__lt__", a, b))
        self.logaddexp = _Reduction(self._logaddexp)

    def __getattr__(self, name: str) -> Callable[..., Any]:
        if name not in C_NAMES:
            raise AttributeError(f"np.{name}")
        function = C_NAMES[name]

        def call(*args: Any) -> Any:
            if len(args) != arguments_of(function):
                raise TypeError(f"np.{name} of {len(args)} arguments")
            return self._elementwise(lambda *xs: self.builder.call(function, *xs), *args)

        return call

    def _elementwise(self, f: Callable[..., Any], *args: Any) -> Any:
        if len(args) == 1 and isinstance(args[0], Stack):
            return Stack([f(x) for x in args[0]])
        return f(*args)

    def sqrt(self, x: Any) -> Any:
        """The processor's own."""
        return self._elementwise(lambda a: self.builder.call("sqrt", a), x)

    def abs(self, x: Any) -> Any:
        """The absolute value."""
        return self._elementwise(lambda a: self.builder.call("fabs", a), x)

    def square(self, x: Any) -> Any:
        """x * x."""
        return self._elementwise(lambda a: a * a, x)

    def where(self, condition: Any, a: Any, b: Any) -> Any:
        """a or b."""
        if isinstance(condition, Register):
            condition = condition != 0.0
        if isinstance(condition, Condition):
            return condition.choose(a, b)
        return a if condition else b  # the comparison of two literals

    def sign(self, x: Any) -> Any:
        """-1, 0 (with its sign), 1 or nan."""
        signed = self.builder.call("copysign", 1.0, x)
        return (self.abs(x) > 0.0).choose(signed, x)

    def heaviside(self, x: Any, at_zero: float) -> Any:
        """0, at_zero or 1; nan for nan."""
        x = _lift(self.builder, x)
        return (x > 0.0).choose(1.0, (x < 0.0).choose(0.0, (x == 0.0).choose(at_zero, x)))

    def clip(self, x: Any, lo: Any, hi: Any) -> Any:
        """min(max(x, lo), hi)."""
        return self.minimum(self.maximum(x, lo), hi)

    def _extreme(self, relation: str, a: Any, b: Any) -> Any:
        """The larger or the smaller; nan where one is."""
        a = _lift(self.builder, a)
        builder = self.builder
        a_is_nan = builder.emit(f"fcmp uno {builder.kind} {a.text}, {builder.text(0.0)}")
        better = getattr(a, relation)(b).text
        takes_a = builder.emit(f"or {builder.truth} {better}, {a_is_nan}")
        return Condition(builder, takes_a).choose(a, b)

    def _logaddexp(self, a: Any, b: Any) -> Any:
        """log(e**a + e**b) by way of the larger; both may be infinite."""
        a, b = _lift(self.builder, a), _lift(self.builder, b)
        log1p, exp = self.builder.call, self.builder.call
        apart = self.maximum(a, b) + log1p("log1p", exp("exp", -self.abs(a - b)))
        return (a == b).choose(a + 0.6931471805599453, apart)


def _broadcast(f: Callable[[Any, Any], Any], a: Any, b: Any) -> Stack:
    n = len(a) if isinstance(a, Stack) else len(b)
    left = a if isinstance(a, Stack) else [a] * n
    right = b if isinstance(b, Stack) else [b] * n
    return Stack([f(x, y) for x, y in zip(left, right, strict=True)])


def _builder(*xs: Any) -> Builder:
    return next(x.builder for x in xs if isinstance(x, Register))


def _lift(builder: Builder, x: Any) -> Any:
    """A number as a register's text; a kernel may then use operators on it."""
    return Register(builder, builder.text(x)) if isinstance(x, (int, float)) else x


def _dot(args: tuple[Any, ...]) -> Any:
    n = len(args) // 2
    builder = _builder(*args)
    total = _lift(builder, args[-1])
    for w, x in zip(args[:n], args[n:-1]):
        total = total + _lift(builder, w) * x
    return total


def _small_power(x: Any, c: float) -> Any:
    square = x * x if c > 1.0 else x
    return {1.0: x, 2.0: square, 3.0: square * x}[c] if c < 4.0 else square * square
