"""Sums and products: chains of + and * become n-ary sums and inner products.

After this pass a tape holds, beside the rows, three kinds of node:

PRODUCT  w0*x0 + w1*x1 + ...  with static w: what can become part of a matrix product
PAIRS    a0*b0 + a1*b1 + ...  of two operands that both vary from sample to sample
SUM      x0 + x1 + ... - y0 - ...

*Static* is what depends on parameters and constants alone, *varying* what depends on an input.
A term of each kind has its own part; a node with several parts is their SUM.
"""

from __future__ import annotations

from itertools import chain
from typing import NamedTuple

import numpy as np

from autograd_lite import ops
from autograd_lite.compiler.tape import CONSTANT, PARAMETER, Tape
from autograd_lite.compiler.trace import LINEAR


class Product(NamedTuple):
    """Marks a PRODUCT node: its arguments are `terms` weights, then as many operands."""

    terms: int


class Pairs(NamedTuple):
    """Marks a PAIRS node: its arguments are `terms` left operands, then as many right ones."""

    terms: int


class Sum(NamedTuple):
    """Marks a SUM node: `plus` arguments that are added, then `minus` that are subtracted."""

    plus: int
    minus: int


def collect(tape: Tape) -> tuple[Tape, list[bool]]:
    """The tape with its sums and products collected, and which nodes vary with the inputs."""
    return _Collector(tape).run()


class _Collector:
    def __init__(self, tape: Tape) -> None:
        self.old = tape
        self.new = Tape()
        self.varying: list[bool] = []
        self.place = [-1] * len(tape)  # per old node the new one

    def run(self) -> tuple[Tape, list[bool]]:
        old, absorbed = self.old, self._absorbed()
        leaves, n_inputs = old.leaves, old.n_inputs
        self.new.add_leaves(n_inputs, leaves - n_inputs)
        self.varying += [True] * n_inputs + [False] * (leaves - n_inputs)
        self.place[:leaves] = range(leaves)
        for node in range(leaves, len(old)):
            kind = old.kind[node]
            if absorbed[node]:
                continue
            if kind == CONSTANT:
                self.place[node] = self._constant(old.number[node])
            elif kind in LINEAR or kind is ops.dot:
                self.place[node] = self._sum(node, absorbed)
            else:
                self.place[node] = self._row(node)
        self.new.outputs = [self.place[node] for node in old.outputs]
        return self.new, self.varying

    def _absorbed(self) -> list[bool]:
        """Nodes used once, by a sum that takes them up with a plus."""
        old, n = self.old, len(self.old)
        if LINEAR.isdisjoint(old.kind[old.leaves :]):
            return [False] * n
        operands = np.fromiter(chain.from_iterable(old.args), np.int64)
        consumer = np.full(n, -1)
        consumer[operands] = np.repeat(np.arange(n), list(map(len, old.args)))
        uses = np.bincount(operands, minlength=n)
        np.add.at(uses, old.outputs, 1)
        absorbed = [False] * n
        for node in np.flatnonzero((uses == 1) & (consumer >= 0)).tolist():
            kind = old.kind[node]
            if isinstance(kind, str):
                continue
            by = old.kind[consumer[node]]
            if by in LINEAR and (kind in LINEAR or kind is ops.mul or kind is ops.dot):
                absorbed[node] = by is not ops.sub or old.args[consumer[node]][0] == node
        return absorbed

    def _add(self, kind: object, args: tuple[int, ...], varying: bool) -> int:
        self.varying.append(varying)
        return self.new.add(kind, args)  # type: ignore[arg-type]  # marks stand beside rows here

    def _constant(self, number: float) -> int:
        before = len(self.new)
        node = self.new.constant(number)
        if len(self.new) > before:
            self.varying.append(False)
        return node

    def _row(self, node: int) -> int:
        args = tuple([self.place[a] for a in self.old.args[node]])
        return self._add(self.old.kind[node], args, any(self.varying[a] for a in args))

    def _is_parameter(self, node: int) -> bool:
        return self.new.kind[node] == PARAMETER

    def _neuron(self, node: int) -> int | None:
        """A dot of static weights and varying operands as it stands; None for any other."""
        args, place, varying = self.old.args[node], self.place, self.varying
        n = len(args) // 2
        weights = [place[a] for a in args[:n]]
        operands = [place[a] for a in args[n : 2 * n]]
        is_varying = varying.__getitem__
        if not n or any(map(is_varying, weights)) or not all(map(is_varying, operands)):
            return None
        bias = place[args[-1]]
        if varying[bias]:
            return None
        if self.new.number.get(bias) != 0.0:
            weights.append(bias)
            operands.append(self._constant(1.0))
        return self._add(Product(len(weights)), (*weights, *operands), True)

    def _sum(self, root: int, absorbed: list[bool]) -> int:
        """The parts of one sum, and the sum of the parts."""
        neuron = self._neuron(root) if self.old.kind[root] is ops.dot else None
        if neuron is not None:
            return neuron
        plus, minus, products, pairs = self._terms(root, absorbed)
        vary = any(self.varying[n] for n in (*plus, *minus))
        vary = vary or any(self.varying[x] for _, x in products) or bool(pairs)
        parts = []
        bias = [n for n in plus if not self.varying[n]]
        if vary or products:
            # a static addend is a weight of the constant 1, inside the product
            if products and len(bias) == 1:
                plus.remove(bias[0])
                products.append((bias[0], self._constant(1.0)))
            elif vary and len(bias) > 1:
                plus = [n for n in plus if self.varying[n]]
                static = self._plain(bias, [])
                if products:
                    products.append((static, self._constant(1.0)))
                else:
                    plus.append(static)
        varying, one = self.varying, self.new.number
        mixed = any(varying[x] for _, x in products)
        for lane in (True, False):
            # a bias, the weight of a constant 1, belongs to the varying product if there is one
            of_lane = [
                p for p in products if (varying[p[1]] or (mixed and one.get(p[1]) == 1.0)) is lane
            ]
            if of_lane:
                args = (*[w for w, _ in of_lane], *[x for _, x in of_lane])
                parts.append(self._add(Product(len(of_lane)), args, lane))
        if pairs:
            args = (*(a for a, _ in pairs), *(b for _, b in pairs))
            parts.append(self._add(Pairs(len(pairs)), args, True))
        if not plus and not minus and len(parts) == 1:
            return parts[0]
        return self._plain(parts + plus, minus)

    def _plain(self, plus: list[int], minus: list[int]) -> int:
        """A sum of plain terms; of two, the row that the user wrote."""
        vary = any(self.varying[n] for n in (*plus, *minus))
        if (len(plus), len(minus)) == (1, 0):
            return plus[0]
        if (len(plus), len(minus)) == (2, 0):
            return self._add(ops.add, tuple(plus), vary)
        if (len(plus), len(minus)) == (1, 1):
            return self._add(ops.sub, (*plus, *minus), vary)
        return self._add(Sum(len(plus), len(minus)), (*plus, *minus), vary)

    def _terms(
        self, root: int, absorbed: list[bool]
    ) -> tuple[list[int], list[int], list[tuple[int, int]], list[tuple[int, int]]]:
        """Plain terms with plus and with minus, products (static, x), and varying pairs."""
        old = self.old
        plus: list[int] = []
        minus: list[int] = []
        products: list[tuple[int, int]] = []
        pairs: list[tuple[int, int]] = []
        muls: list[tuple[int, tuple[int, int]]] = []
        stack = [root]
        while stack:
            node = stack.pop()
            if node != root and not absorbed[node]:
                plus.append(self.place[node])
                continue
            kind, args = old.kind[node], old.args[node]
            if kind is ops.sub:
                minus.append(self.place[args[1]])
                stack.append(args[0])
            elif kind in LINEAR:
                stack.extend(reversed(args))
            elif kind is ops.mul:
                a, b = self.place[args[0]], self.place[args[1]]
                muls.append((node, self._oriented(a, b)))
                plus.append(-1 - len(muls))  # keeps the place of a mul that stays plain
            else:
                self._dot(args, plus, products, pairs)
        worth = [pair for _, pair in muls if self._is_weight(pair)]
        for k, (node, pair) in enumerate(muls):
            mark = plus.index(-2 - k)
            if self._is_weight(pair) and len(worth) + len(products) > 1:
                products.append(pair)
                del plus[mark]
            else:
                plus[mark] = self._row(node)
        return plus, minus, products, pairs

    def _oriented(self, a: int, b: int) -> tuple[int, int]:
        """The pair with the weight first: static before varying, a parameter before the rest."""
        if self.varying[a] != self.varying[b]:
            return (b, a) if self.varying[a] else (a, b)
        return (b, a) if self._is_parameter(b) and not self._is_parameter(a) else (a, b)

    def _is_weight(self, pair: tuple[int, int]) -> bool:
        """Whether a product typed by hand is worth collecting: a weight times something."""
        w, x = pair
        if self.varying[w] or w in self.new.number:
            return False
        return self.varying[x] or self._is_parameter(w)

    def _dot(
        self, args: tuple[int, ...], plus: list[int],
        products: list[tuple[int, int]], pairs: list[tuple[int, int]],
    ) -> None:  # fmt: skip
        n = len(args) // 2
        place = self.place
        varying = self.varying
        weights, operands = ([place[a] for a in half] for half in (args[:n], args[n : 2 * n]))
        if not any(map(varying.__getitem__, weights)) and all(map(varying.__getitem__, operands)):
            products += zip(weights, operands)  # a neuron: no pair needs to be looked at
            weights = operands = []
        for w, x in zip(weights, operands, strict=True):
            if varying[w]:
                if varying[x]:
                    pairs.append((w, x))
                    continue
                w, x = x, w
            elif not varying[x]:
                w, x = self._oriented(w, x)
            products.append((w, x))
        bias = place[args[-1]]
        if self.new.number.get(bias) != 0.0:
            plus.append(bias)
