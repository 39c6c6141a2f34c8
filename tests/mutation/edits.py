"""Small changes to Python code, one at a time: the mutants of an expression or a function.

>>> [change for change, _ in edits(ast.parse("y * (1.0 - y)", mode="eval"))]
['y * (1.0 - y) -> y', 'y * (1.0 - y) -> 1.0 - y', '1.0 - y -> 1.0 + y', '1.0 -> 2.0']
"""

from __future__ import annotations

import ast
import copy
from collections.abc import Iterator
from itertools import combinations
from typing import TypeVar

Tree = TypeVar("Tree", bound=ast.AST)

#: Rows and NumPy functions that mean a product or a quotient: each argument is a factor.
PRODUCTS = {"strong_product", "multiply", "np.multiply"}
QUOTIENTS = {"div"}

#: Comparisons that differ at a tie alone, as rows and as Python's own.
AT_A_TIE = {"greater": "greater_equal", "greater_equal": "greater",
            "less": "less_equal", "less_equal": "less"}  # fmt: skip
COMPARISONS: dict[type[ast.cmpop], type[ast.cmpop]] = {
    ast.Eq: ast.NotEq, ast.NotEq: ast.Eq, ast.Lt: ast.LtE, ast.LtE: ast.Lt,
    ast.Gt: ast.GtE, ast.GtE: ast.Gt,
}  # fmt: skip


def edits(tree: Tree) -> Iterator[tuple[str, Tree]]:
    """Every tree that differs from this one by one change, after the words for the change."""
    for node in ast.walk(tree):
        for new in alternatives(node):
            was, now = ast.unparse(node), ast.unparse(new)
            if was == now:
                continue
            # deepcopy takes what its memo holds for a node: the copy has `new` in its place
            mutant = copy.deepcopy(tree, {id(node): new})
            ast.fix_missing_locations(mutant)
            yield f"{was} -> {now}", mutant


def alternatives(node: ast.AST) -> Iterator[ast.AST]:
    """What may stand in the place of one node of a tree."""
    match node:
        case ast.BinOp(left=a, op=ast.Mult(), right=b):
            yield from (a, b)
        case ast.BinOp(left=a, op=ast.Div(), right=b):
            yield from (a, ast.BinOp(ast.Constant(1.0), ast.Div(), b))
        case ast.BinOp(left=a, op=ast.Add(), right=b):
            yield ast.BinOp(a, ast.Sub(), b)
        case ast.BinOp(left=a, op=ast.Sub(), right=b):
            yield ast.BinOp(a, ast.Add(), b)
        case ast.UnaryOp(op=ast.USub(), operand=x):
            yield x
        case ast.Constant(value=c) if type(c) in (int, float):
            yield ast.Constant(c + 1 if c + 1 != c else 1.0)
        case ast.Name(id="inf" | "nan"):
            yield ast.Constant(1.0)
        case ast.Compare(left=a, ops=[op], comparators=[b]) if type(op) in COMPARISONS:
            yield ast.Compare(a, [COMPARISONS[type(op)]()], [b])
        case ast.BoolOp(op=op, values=values):
            yield ast.BoolOp(ast.Or() if isinstance(op, ast.And) else ast.And(), values)
        case ast.Call(func=f, args=args) if not any(isinstance(x, ast.Starred) for x in args):
            yield from _of_call(node, ast.unparse(f), args)


def _of_call(call: ast.Call, name: str, args: list[ast.expr]) -> Iterator[ast.AST]:
    """A factor or the whole function dropped, two arguments swapped, a tie moved."""
    if name in PRODUCTS:
        yield from args
    elif name in QUOTIENTS:
        yield args[0]
        yield ast.Call(call.func, [ast.Constant(1.0), args[1]], [])
    elif len(args) == 1:
        yield args[0]
    if name in AT_A_TIE:
        yield ast.Call(ast.Name(AT_A_TIE[name], ast.Load()), args, call.keywords)
    for i, j in combinations(range(len(args)), 2):
        swapped = list(args)
        swapped[i], swapped[j] = args[j], args[i]
        yield ast.Call(call.func, swapped, call.keywords)


def renamed(tree: Tree, a: str, b: str) -> Tree:
    """The tree with two names exchanged.

    >>> ast.unparse(renamed(ast.parse("a - b * a", mode="eval"), "a", "b"))
    'b - a * b'
    """
    other = {a: b, b: a}
    mutant = copy.deepcopy(tree)
    for node in ast.walk(mutant):
        if isinstance(node, ast.Name):
            node.id = other.get(node.id, node.id)
    return mutant
