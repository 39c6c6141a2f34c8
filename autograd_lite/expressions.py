"""An expression typed as text becomes a graph: `parse("(x + y) * z", {...})`.

Only numbers, names, arithmetic, comparisons, brackets and calls of the table's rows are
taken, and nothing is ever evaluated as Python. A pass over the text's pieces refuses
everything else, and whatever is too long or nested too deep, before Python's own parser
(`ast`) sees it; that one only settles what binds stronger. Arithmetic is IEEE: 1/0 is inf.
"""

from __future__ import annotations

import ast
import re
from itertools import pairwise
from keyword import iskeyword
from math import inf
from typing import TYPE_CHECKING, Any

from autograd_lite import functions, ops
from autograd_lite.errors import AutogradLiteError
from autograd_lite.ops import Op
from autograd_lite.value import Value, constant

if TYPE_CHECKING:
    from collections.abc import Mapping
    from typing import NoReturn

LENGTH = 10_000  # characters
NESTING = 50  # brackets within brackets; with that Python's parser needs less than 256 kB of stack
OPERATORS = 500  # each may be one level of Python's tree, which is built recursively

_BINARY = {
    ast.Add: ops.add, ast.Sub: ops.sub, ast.Mult: ops.mul, ast.Div: ops.div,
    ast.Gt: ops.greater, ast.Lt: ops.less, ast.GtE: ops.greater_equal, ast.LtE: ops.less_equal,
}  # fmt: skip

#: What may be called: rows of a fixed number of arguments, and some that take any number.
FUNCTIONS: Mapping[str, Op] = {
    **{row.name: row for row in ops.OPS.values() if row.arity and row is not ops.strong_product},
    "max": ops.maximum, "maximum": ops.maximum, "min": ops.minimum, "minimum": ops.minimum,
    "sum": ops.sum, "logsumexp": ops.logsumexp, "ln": ops.log,
}  # fmt: skip

_PIECE = re.compile(
    r"""\s*(?:(?P<number>(?:\d[\d_]*\.?[\d_]*|\.\d[\d_]*)(?:[eE][+-]?\d[\d_]*)?)
    |(?P<name>[^\W\d]\w*) | (?P<operator>(?!//|<<|>>)(?:\*\*|[<>]=?|[-+*/])) | (?P<bracket>[(),])
    |(?P<other>==|&&|\|\||//|<<|>>|\S))""",
    re.VERBOSE,
)
_REMEDIES = {
    "^": "a power is written x**2", "==": "compare by >, <, >= or <=",
    "=": "arguments stand in their order, without names", "[": "brackets are round: ( )",
    "{": "brackets are round: ( )", "×": "write *", "·": "write *", "÷": "write /",
    "−": "write - for minus", "√": "write sqrt(x)", "|": "write abs(x)", "||": "write abs(x)",
    "≤": "write <=", "≥": "write >=", ".": "a function stands before its argument: exp(x)",
    "//": "write / for a division",
    "if": "write where(condition, a, b)", "and": "multiply comparisons: (a < b)*(b < c)",
    "or": "take the larger of two comparisons: max(a < b, b < c)",
    "not": "write 1 - condition",
}  # fmt: skip
_SUPERSCRIPTS = dict(zip("⁰¹²³⁴⁵⁶⁷⁸⁹ⁿ", "0123456789n", strict=True))
_CONSTANTS = {"π": "3.141592653589793", "pi": "3.141592653589793", "e": "exp(1)"}


class ExpressionError(AutogradLiteError, ValueError):
    """A text is no expression that can be read; the message says where and what helps."""


def parse(text: str, names: Mapping[str, Value | float]) -> Value:
    """The graph of an expression; `names` says what its names stand for.

    A number becomes one Value that has the name as its label, however often it occurs.
    The grammar is Python's, of + - * / **, > < >= <=, brackets and calls of FUNCTIONS:
    exp(x), max(x, y, 0), where(x > 0, x, 0), leaky_relu(x). An expression without names is a
    constant. Raises ExpressionError (a ValueError) for everything else, and for more than
    10,000 characters, 500 operators or 50 brackets within brackets.

    >>> f = parse("(x + y) * z", {"x": -2.0, "y": 5.0, "z": -4.0})
    >>> f.data, [node.label for node in f.parents]
    (-12.0, [None, 'z'])
    >>> parse("x^2", {"x": 3.0})
    Traceback (most recent call last):
      ...
    autograd_lite.expressions.ExpressionError: column 2: '^' cannot be read; a power is written x**2
    """
    line = "".join(" " if c.isspace() else c for c in text)
    _check_pieces(line)
    return _Reader(line, names).graph()


def _refuse(column: int, what: str) -> NoReturn:
    raise ExpressionError(f"column {column}: {what}")


def _check_pieces(line: str) -> None:
    """Refuse what no expression holds, and texts that could exhaust a parser's stack."""
    if len(line) > LENGTH:
        raise ExpressionError(f"{len(line):,} characters are too many; {LENGTH:,} are read at most")
    # white space that no piece follows would be tried from each of its characters on
    pieces = [*_PIECE.finditer(line.rstrip())]
    if not pieces:
        raise ExpressionError("the expression is empty")
    depth = operators = 0
    for m in pieces:
        piece, column = m[m.lastgroup or 0], m.start(m.lastgroup or 0) + 1
        if m.lastgroup == "other" or iskeyword(piece):
            remedy = _REMEDIES.get(piece, "write numbers, names, + - * / **, > < and calls")
            _refuse(column, f"{piece!r} cannot be read; {remedy}")
        if m.lastgroup == "name" and not piece.isidentifier():
            _refuse_letter(column, piece)
        operators += m.lastgroup == "operator"
        depth += {"(": 1, ")": -1}.get(piece, 0)
        if depth > NESTING:
            _refuse(column, f"more than {NESTING} brackets within brackets; define parts by name")
        if operators > OPERATORS:
            _refuse(column, f"more than {OPERATORS} operators; split the expression")
    for a, b in pairwise(pieces):
        if (a.lastgroup, b.lastgroup) == ("number", "name"):
            number, name = a["number"], b["name"]
            _refuse(b.start("name") + 1, f"write {number:.20}*{name:.20} for a product")


def _refuse_letter(column: int, name: str) -> NoReturn:
    """Of ², ½ and other signs that count as letters, the first in the name."""
    k = next(k for k in range(len(name)) if not f"x{name[: k + 1]}".isidentifier())
    power = _SUPERSCRIPTS.get(name[k])
    remedy = f"a power is written x**{power}" if power else "write numbers as 2 or 0.5"
    _refuse(column + k, f"{name[k]!r} cannot be read; {remedy}")


class _Reader:
    """The tree of one text on its way to a graph."""

    def __init__(self, line: str, names: Mapping[str, Value | float]) -> None:
        self.skipped = len(line) - len(line.lstrip())
        self.line = line.lstrip()
        self.names = names
        self.values: dict[str, Value] = {}

    def graph(self) -> Value:
        """Operands before what uses them, so that no depth of nesting recurses."""
        try:
            order: list[ast.expr] = [ast.parse(self.line, mode="eval").body]
        except SyntaxError as error:
            _refuse((error.offset or 1) + self.skipped, error.msg)
        except (RecursionError, MemoryError):  # called with hardly any stack left
            raise ExpressionError("the expression is nested too deep for this stack") from None
        for node in order:  # which grows
            order += self.operands(node)
        results: dict[ast.expr, Any] = {}
        for node in reversed(order):
            results[node] = self.result(node, [results[x] for x in self.operands(node)])
        y = results[order[0]]
        return y if isinstance(y, Value) else constant(y)

    def operands(self, node: ast.expr) -> list[ast.expr]:
        """The operands of a node of the tree; ExpressionError for one that is not taken."""
        match node:
            case ast.Constant() | ast.Name():
                return []
            case ast.UnaryOp():
                return [node.operand]
            case ast.BinOp():
                return [node.left, node.right]
            case ast.Compare(comparators=[other]):
                return [node.left, other]
            case ast.Compare():
                self.refuse(node, "a chain of comparisons; write (a < b)*(b < c)")
            case ast.Call(func=ast.Name(), keywords=[]):
                return node.args
            case ast.Call():
                self.refuse(node, "this is called like a function; a product is written a*(b)")
            case ast.Tuple():
                self.refuse(node, "a list of values is not one value; was a function meant?")
        self.refuse(node, "this cannot be read here")

    def result(self, node: ast.expr, args: list[Any]) -> Any:
        """The Value or float of a node whose operands are known."""
        match node:
            case ast.Constant():
                return self.number(node)
            case ast.Name():
                return self.value(node)
            case ast.UnaryOp(op=ast.USub()):
                return ops.neg(*args)
            case ast.UnaryOp():
                return args[0]
            case ast.BinOp(op=ast.Pow()):
                return (ops.pow if isinstance(args[1], Value) else ops.power)(*args)
            case ast.BinOp():
                return _BINARY[type(node.op)](*args)
            case ast.Compare():
                return _BINARY[type(node.ops[0])](*args)
            case ast.Call(func=ast.Name(id=name)):
                return self.call(node, name, args)
        raise AssertionError(node)

    def number(self, node: ast.Constant) -> float:
        try:
            return float(node.value)  # type: ignore[arg-type]  # the pieces held no other literal
        except OverflowError:  # an int of more than 308 digits
            return inf

    def value(self, node: ast.Name) -> Value:
        """The one Value of a name."""
        name = node.id
        if name not in self.names:
            if name in FUNCTIONS:
                self.refuse(node, f"{name} is a function; write {name}(...)")
            known = ", ".join(self.names) or "none"
            hint = f"; write {_CONSTANTS[name]}" if name in _CONSTANTS else ""
            self.refuse(
                node, f"the name {name:.40} has no value; names with one: {known:.200}{hint}"
            )
        if name not in self.values:
            given = self.names[name]
            self.values[name] = given if isinstance(given, Value) else Value(given, name)
        return self.values[name]

    def call(self, node: ast.Call, name: str, args: list[Any]) -> Any:
        """A row on its arguments, after a check of their number and kind."""
        row = FUNCTIONS.get(name)
        if row is None and name in self.names:
            self.refuse(node, f"{name} is no function; a product is written {name}*(...)")
        if row is None:
            self.refuse(node, f"there is no function {name:.40}; there are {', '.join(FUNCTIONS)}")
        if row is ops.leaky_relu and len(args) == 1:
            return functions.leaky_relu(args[0])
        if not args or (row.arity is not None and len(args) != row.arity):
            takes = "at least 1" if row.arity is None else row.arity
            self.refuse(node, f"{name} takes {takes}, not {len(args)} arguments")
        if any(isinstance(x, Value) for x in args[len(args) - row.constants :]):
            self.refuse(node, f"the last arguments of {name} must be plain numbers")
        if row is ops.clamp and args[1] > args[2]:
            self.refuse(node, f"clamp has its bounds the wrong way round: {args[1]} > {args[2]}")
        return row(*args)

    def refuse(self, node: ast.expr, what: str) -> NoReturn:
        before = self.line.encode()[: node.col_offset].decode()  # ast counts bytes
        _refuse(self.skipped + len(before) + 1, what)
