"""The mutants of the table: of every rule, of the functions that rules call, of what a row says.

A mutant is installed in the running process, where the rows stand: run it in a child.
"""

from __future__ import annotations

import ast
from collections.abc import Callable, Iterator
from functools import partial
from itertools import combinations
from math import inf
from pathlib import Path
from typing import Any, NamedTuple

from rows import COUNTS, ROWS

from autograd_lite import OPS, ops
from autograd_lite.ops import Op
from mutation.edits import edits

#: The rules as they are written, by the row's name; the functions of the table by their own.
_SOURCE = ast.parse(Path(ops.__file__).read_text(encoding="utf-8"))
FUNCTIONS = {node.name: node for node in _SOURCE.body if isinstance(node, ast.FunctionDef)}
#: `partials` calls it for every row with a domain; no rule names it.
GUARD = "_inside"


class Mutant(NamedTuple):
    """One change. `rows` are those whose numbers it may change, the first its own."""

    rows: tuple[str, ...]
    part: str  # "rule 0", "textbook", "select", "array", the name of a function, ...
    change: str
    install: Callable[[], None]

    def __str__(self) -> str:
        return f"{', '.join(self.rows)}: {self.part}: {self.change}"


def mutants() -> Iterator[Mutant]:
    """All mutants of the table but those of its array kernels."""
    for row in ROWS:
        yield from _of_whole_rules(row)
        yield from _of_written_rules(row)
        yield from _of_attributes(row)
    for name in FUNCTIONS:
        yield from _of_function(name)


def count(row: Op) -> int:
    """The number of arguments that samples give the row."""
    return row.arity or COUNTS.get(row.name, 3)


# --- a rule as a whole --------------------------------------------------------------------


def _of_whole_rules(row: Op) -> Iterator[Mutant]:
    """Sign flipped, no edge, y and the arguments exchanged in pairs: of every derivative."""
    for which in ("rules", "textbook"):
        if which == "textbook" and row.textbook is row.rules:
            continue
        for i in range(count(row)):
            if isinstance(row.rules, tuple) and row.rules[i] is None:
                continue
            for change, altered in _changes(row):
                rules = _with(getattr(row, which), i, altered)
                yield Mutant(
                    (row.name,), f"{which}[{i}]", change, partial(_install, row, which, rules)
                )


def _changes(row: Op) -> Iterator[tuple[str, Callable[..., Any] | None]]:
    """What can be done to the derivative d(y, *args), as a function of d, y and args."""
    yield "no edge", None
    yield "sign flipped", lambda d, *numbers: -d(*numbers)
    names = ["y", *(f"argument {i}" for i in range(count(row)))]
    for a, b in combinations(range(len(names)), 2):
        yield f"{names[a]} and {names[b]} exchanged", partial(_exchanged, a, b)


def _exchanged(a: int, b: int, d: Callable[..., Any], *numbers: Any) -> Any:
    swapped = list(numbers)
    swapped[a], swapped[b] = numbers[b], numbers[a]
    return d(*swapped)


def _with(rules: Any, i: int, altered: Callable[..., Any] | None) -> Any:
    """The rules of a row with derivative i altered, None for no edge."""
    if isinstance(rules, tuple):
        return (*rules[:i], altered and partial(altered, rules[i]), *rules[i + 1 :])

    def derivative(*numbers: Any) -> Any:
        return tuple(rules(*numbers))[i]

    def every(*numbers: Any) -> tuple[Any, ...]:
        ds = tuple(rules(*numbers))
        return (*ds[:i], altered and altered(derivative, *numbers), *ds[i + 1 :])

    return every


def _install(row: Op, which: str, rules: Any) -> None:
    if which == "rules" and row.textbook is row.rules:
        row.textbook = rules
    setattr(row, which, rules)


# --- a rule as it is written --------------------------------------------------------------


def written(row: Op) -> dict[str, ast.expr]:
    """The expressions of `rules` and, where the row has its own, `textbook`."""
    for node in ast.walk(_SOURCE):
        match node:
            case ast.Call(func=ast.Name(id="Op"), args=[ast.Constant(value=name), _, rules]):
                if name == row.name:
                    own = {k.arg: k.value for k in node.keywords if k.arg == "textbook"}
                    return {"rules": rules, **own}
    raise LookupError(f"{ops.__file__} has no line for the row {row.name}; is it built by a loop?")


def evaluated(rules: ast.expr) -> Any:
    """The rules that an expression stands for, in the world of the table."""
    return eval(compile(ast.Expression(rules), "<mutant>", "eval"), vars(ops))


def _of_written_rules(row: Op) -> Iterator[Mutant]:
    for which, expression in written(row).items():
        for change, mutant in edits(expression):
            yield Mutant((row.name,), which, change, partial(_rewrite, row, which, mutant))


def _rewrite(row: Op, which: str, expression: ast.expr) -> None:
    _install(row, which, evaluated(expression))


# --- the functions that rules call --------------------------------------------------------


def reached(tree: ast.AST) -> set[str]:
    """The functions of the table that code calls, directly or through others."""
    found: set[str] = set()
    waiting = [tree]
    while waiting:
        names = {node.id for node in ast.walk(waiting.pop()) if isinstance(node, ast.Name)}
        new = (names & FUNCTIONS.keys()) - found
        found |= new
        waiting += [FUNCTIONS[name] for name in new]
    return found


def users(name: str) -> tuple[str, ...]:
    """The rows whose derivatives depend on a function of the table."""
    if name == GUARD:
        return tuple(row.name for row in ROWS if row.domain)
    return tuple(
        row.name
        for row in ROWS
        if any(name in reached(expression) for expression in written(row).values())
    )


def _of_function(name: str) -> Iterator[Mutant]:
    rows = users(name)
    for change, mutant in edits(FUNCTIONS[name]) if rows else ():
        yield Mutant(rows, name, change, partial(_redefine, rows, mutant))


def _redefine(rows: tuple[str, ...], function: ast.FunctionDef) -> None:
    """Define a function of the table anew, and again the rules that have taken hold of it."""
    exec(compile(ast.Module([function], []), "<mutant>", "exec"), vars(ops))
    for name in rows:
        for which, expression in written(OPS[name]).items():
            _rewrite(OPS[name], which, expression)


# --- what a row says of itself ------------------------------------------------------------


def _of_attributes(row: Op) -> Iterator[Mutant]:
    """`select` turned round; the domain taken away, or one of its ends moved."""

    def mutant(name: str, value: Any) -> Mutant:
        change = f"{getattr(row, name)} -> {value}"
        return Mutant((row.name,), name, change, partial(setattr, row, name, value))

    yield mutant("select", not row.select)
    if row.domain:
        ((lo, hi),) = row.domain
        for domain in ((), ((lo + 1.0, hi),), ((lo, hi + 1.0),), ((-inf, hi),), ((lo, inf),)):
            if domain != row.domain:
                yield mutant("domain", domain)
