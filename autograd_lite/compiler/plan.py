"""Levels, groups and structure: which nodes run as one array operation, and in what order.

Nodes of one level do not depend on each other. Those of one level that compute the same row
on operands of the same kind are one group. Among inner products the full products
{weight rows} x {operand columns} are found: each is one matrix product.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from itertools import chain
from operator import eq
from typing import TYPE_CHECKING

from autograd_lite.compiler.block import Block
from autograd_lite.compiler.tape import CONSTANT, Output, Tape
from autograd_lite.compiler.terms import Pairs, Product, Sum
from autograd_lite.sets import Sets

if TYPE_CHECKING:
    from collections.abc import Sequence

    from autograd_lite.ops import Op

    Kind = Op | Product | Pairs | Sum | Output


@dataclass
class Group:
    """Nodes that run together, in the order of their rows.

    operands  per argument of the row the node that each row takes it from
    rows      of a matrix product: how many weight rows; then nodes are rows x columns, and
              operands[0][r * k + p] is weight p of row r, operands[1][p * columns + c]
              entry p of column c. 0: not a matrix product
    needs     whether a parameter lies below, so that a gradient passes

    Of a native block's outputs operands[0] is what the block reads.
    """

    kind: Kind
    level: int
    varying: bool
    needs: bool
    nodes: list[int]
    operands: list[list[int]] = field(default_factory=list)
    rows: int = 0
    columns: int = 0


def plan(tape: Tape, varying: Sequence[bool]) -> list[Group]:
    """The groups in the order in which they run."""
    levels = _levels(tape)
    needs = _needs(tape)
    groups = _grouped(tape, varying, levels, needs)
    leaves = tape.leaves
    preference: dict[int, int] = {}
    ordered: list[Group] = []
    for group in sorted(groups, key=lambda g: -g.level):
        # consumers first: they decide in which order they want to find their operands
        group.nodes.sort(key=lambda n: (preference.get(n, len(tape) + n), n))
        parts = _products(tape, group) if isinstance(group.kind, Product) else [group]
        for part in parts:
            if isinstance(part.kind, Output):
                part.operands = [list(tape.args[tape.args[part.nodes[0]][0]])]
            elif not part.operands:
                part.operands = [list(column) for column in zip(*_arguments(tape, part))]
            for column in part.operands:
                if column and max(column) < leaves:
                    continue  # a matrix of weights: many, and all in their place
                for node in column:
                    if node >= leaves:
                        preference.setdefault(node, len(preference))
        ordered += reversed(parts)
    ordered.reverse()
    return ordered


def _levels(tape: Tape) -> list[int]:
    levels = [0] * len(tape)
    for node in range(tape.leaves, len(tape)):
        args = tape.args[node]
        if args:
            levels[node] = 1 + max([levels[a] for a in args])  # a list: it is faster
    return levels


def _needs(tape: Tape) -> list[bool]:
    parameters = tape.leaves - tape.n_inputs
    needs = [False] * tape.n_inputs + [True] * parameters
    for args in tape.args[tape.leaves :]:
        needs.append(any(map(needs.__getitem__, args)))
    return needs


def _grouped(
    tape: Tape, varying: Sequence[bool], levels: list[int], needs: list[bool]
) -> list[Group]:
    """The nodes by level, row, and the kinds of their operands."""
    found: dict[tuple[object, ...], Group] = {}
    for node in range(tape.leaves, len(tape)):
        kind = tape.kind[node]
        if isinstance(kind, (str, Block)):
            continue  # a block runs with its outputs
        args = tape.args[node]
        if isinstance(kind, Product):
            # weights and operands: one answer for each half
            n = kind.terms
            lanes: tuple[object, ...] = (any(needs[a] for a in args[:n]),)
        elif isinstance(kind, tuple):
            lanes = ()
        else:
            lanes = tuple([_lane(tape, varying, a) for a in args])
            fixed = args[len(args) - kind.constants :] if kind.constants else ()
            lanes += tuple([tape.number[a].hex() for a in fixed])
        key = (levels[node], varying[node], needs[node], _identity(kind), lanes)
        if key not in found:
            found[key] = Group(kind, levels[node], varying[node], needs[node], [])
        found[key].nodes.append(node)
    return list(found.values())


def _identity(kind: object) -> object:
    if isinstance(kind, Output):
        return id(kind.block)
    return (type(kind), *kind) if isinstance(kind, tuple) else id(kind)


def _lane(tape: Tape, varying: Sequence[bool], node: int) -> str:
    if varying[node]:
        return "varying"
    return "constant" if tape.kind[node] == CONSTANT else "static"


def _arguments(tape: Tape, group: Group) -> list[tuple[int, ...]]:
    return [tape.args[node] for node in group.nodes]


def _products(tape: Tape, group: Group) -> list[Group]:
    """The full products among inner products of one length; small single ones stay together."""
    assert isinstance(group.kind, Product)
    k = group.kind.terms
    weights = {node: tape.args[node][:k] for node in group.nodes}
    columns = {node: tape.args[node][k:] for node in group.nodes}
    parts: list[Group] = []
    singles: list[int] = []
    for block in _components(group.nodes, weights, columns):
        for piece in _complete(block, weights, columns):
            if len(piece) == 1 and k < 64:
                singles += piece
            else:
                parts.append(_product(group, piece, weights, columns))
    if len(singles) == 1:
        parts.append(_product(group, singles, weights, columns))
    elif singles:
        parts.append(
            Group(group.kind, group.level, group.varying, group.needs, singles,
                  [list(column) for column in zip(*(tape.args[n] for n in singles))])
        )  # fmt: skip
    return parts


def _components(
    nodes: list[int], weights: dict[int, tuple[int, ...]], columns: dict[int, tuple[int, ...]]
) -> list[list[int]]:
    """Nodes that are linked by common weights or common operands."""
    linked = Sets()
    for node in nodes:
        linked.join(("x", columns[node]), ("w", weights[node]))
    found: dict[object, list[int]] = {}
    for node in nodes:
        found.setdefault(linked.find(("w", weights[node])), []).append(node)
    return list(found.values())


def _complete(
    block: list[int], weights: dict[int, tuple[int, ...]], columns: dict[int, tuple[int, ...]]
) -> list[list[int]]:
    """The block itself if it is a full product; else its nodes by common operands, or weights."""
    pairs = {(weights[n], columns[n]) for n in block}
    rows, cols = {w for w, _ in pairs}, {x for _, x in pairs}
    if len(pairs) == len(block) == len(rows) * len(cols):
        return [block]
    by_columns: dict[tuple[int, ...], list[int]] = {}
    by_weights: dict[tuple[int, ...], list[int]] = {}
    for n in block:
        by_columns.setdefault(columns[n], []).append(n)
        by_weights.setdefault(weights[n], []).append(n)
    fewer = min(by_columns, by_weights, key=len)
    pieces = list(fewer.values())
    # the same product typed twice cannot be one row of a matrix: such nodes go one by one
    return [
        piece
        for candidate in pieces
        for piece in (
            [candidate]
            if len({(weights[n], columns[n]) for n in candidate}) == len(candidate)
            else [[n] for n in candidate]
        )
    ]


def _product(
    group: Group, piece: list[int], weights: dict[int, tuple[int, ...]],
    columns: dict[int, tuple[int, ...]],
) -> Group:  # fmt: skip
    """One matrix product; rows and columns in the order in which the nodes are wanted."""
    rows = list(dict.fromkeys(weights[n] for n in piece))
    cols = list(dict.fromkeys(columns[n] for n in piece))
    at = {(weights[n], columns[n]): n for n in piece}
    nodes = [at[w, x] for w in rows for x in cols]
    matrix = [a for w in rows for a in w]
    operands = [x[p] for p in range(len(cols[0])) for x in cols]
    return Group(
        group.kind, group.level, group.varying, group.needs, nodes, [matrix, operands],
        len(rows), len(cols),
    )  # fmt: skip


def parameter_order(tape: Tape, groups: Sequence[Group]) -> list[int]:
    """The parameters' nodes in the order in which products first read them, then the others."""
    first, last = tape.n_inputs, tape.leaves
    flat = list(chain.from_iterable([group.operands[0] for group in groups if group.rows]))
    if len(flat) == last - first and all(map(eq, flat, range(first, last))):
        return flat  # the rule for layers: nothing need be looked up
    order: dict[int, None] = {}  # a key keeps the place where it was first put
    for group in groups:
        weights = group.operands[0] if group.rows else []
        if weights and (min(weights) < first or max(weights) >= last):
            weights = [n for n in weights if first <= n < last]
        order |= dict.fromkeys(weights)
    if len(order) < last - first:
        order |= dict.fromkeys(range(first, last))
    return list(order)


def input_order(tape: Tape, groups: Sequence[Group]) -> list[int]:
    """The inputs' nodes: those that the first product reads come last, so that ones may follow."""
    leaves = list(range(tape.n_inputs))
    for group in groups:
        if group.rows and min(group.operands[1]) < tape.n_inputs:
            read = [n for n in group.operands[1] if n < tape.n_inputs]
            first = dict.fromkeys(read)
            return [n for n in leaves if n not in first] + list(first)
    return leaves
