"""Code in micrograd's idiom runs with the import line changed.

The programs below are written as one writes for micrograd's `Value`, and only the import
differs. What they must give is derived by hand, or by central differences of the same
program on plain floats.
"""

from __future__ import annotations

import math
import random
from collections.abc import Callable
from itertools import pairwise
from typing import Any

import numpy as np
import pytest

from autograd_lite import Value  # the changed line: from micrograd.engine import Value


def central_difference(f: Callable[..., float], args: list[float], i: int) -> float:
    """df/d(args[i]) from four points around it: the error is O(h**4), about 1e-10."""
    h = 1e-3

    def at(shift: float) -> float:
        return f(*args[:i], args[i] + shift, *args[i + 1 :])

    return (8.0 * (at(h) - at(-h)) - (at(2.0 * h) - at(-2.0 * h))) / (12.0 * h)


def relu(x: Any) -> Any:
    return x.relu() if isinstance(x, Value) else max(x, 0.0)


# --- an expression, as on the first page ------------------------------------------------


def long_expression(a: Any, b: Any) -> Any:
    """Ints on both sides, augmented assignments, a constant power, both kinds of division."""
    c = a * 3 + b
    c += 2 - a
    c += c * b
    d = (a - b) ** 3
    d -= relu(b * a) + 1
    d *= 0.5
    e = relu(a + 2 * b) - relu(a - 4 * b)
    f = c - d / 4.0 + (-e)
    g = f**2 / 2.0
    g += 10.0 / f
    return g


@pytest.mark.parametrize(("a", "b"), [(-4.0, 2.5), (1.5, 0.25), (0.5, -3.0)])
def test_a_long_expression_has_the_gradients_of_its_differences(a: float, b: float) -> None:
    x, y = Value(a), Value(b)
    g = long_expression(x, y)
    assert g.data == pytest.approx(long_expression(a, b), rel=1e-14)
    assert f"{g.data:.4f}" == f"{long_expression(a, b):.4f}"
    g.backward()
    for i, v in enumerate([x, y]):
        assert v.grad == pytest.approx(central_difference(long_expression, [a, b], i), rel=1e-7)


def test_a_neuron_by_hand() -> None:
    """z = 2(-3) + 0 * 1 + 7 = 1, L = 5 relu(z): dL/dx1 = 5 w1 = -15, dL/dw1 = 5 x1 = 10."""
    x1, x2 = Value(2.0), Value(0.0)
    w1, w2 = Value(-3.0), Value(1.0)
    b = Value(7.0)
    n = x1 * w1 + x2 * w2 + b
    o = n.relu()
    loss = 5 * o
    loss.grad = 1.0
    loss.backward()
    assert [v.grad for v in (x1, w1, x2, w2, b)] == [-15.0, 10.0, 5.0, 0.0, 5.0]
    assert (n.grad, o.grad, loss.grad) == (5.0, 5.0, 1.0)


def test_tanh_written_with_exp_equals_tanh() -> None:
    """The lecture's exercise: o = (e**2n - 1) / (e**2n + 1), do/dn = 1 - o**2."""
    n, m = Value(0.8814), Value(0.8814)
    e = (2 * n).exp()
    o = (e - 1) / (e + 1)
    t = m.tanh()
    o.backward()
    t.backward()
    assert o.data == pytest.approx(math.tanh(0.8814), rel=1e-15)
    assert n.grad == pytest.approx(1.0 - math.tanh(0.8814) ** 2, rel=1e-14)
    assert m.grad == pytest.approx(n.grad, rel=1e-14)


# --- a hand-made network ----------------------------------------------------------------


class Module:
    def zero_grad(self) -> None:
        for p in self.parameters():
            p.grad = 0

    def parameters(self) -> list[Value]:
        return []


class Neuron(Module):
    def __init__(self, fan_in: int, nonlinear: bool, rng: random.Random) -> None:
        self.w = [Value(rng.uniform(-1, 1)) for _ in range(fan_in)]
        self.b = Value(0)
        self.nonlinear = nonlinear

    def __call__(self, x: list[Any]) -> Value:
        total = sum((wi * xi for wi, xi in zip(self.w, x, strict=True)), self.b)
        return total.relu() if self.nonlinear else total

    def parameters(self) -> list[Value]:
        return [*self.w, self.b]


class Network(Module):
    def __init__(self, sizes: list[int], rng: random.Random) -> None:
        last = len(sizes) - 2
        self.layers = [
            [Neuron(sizes[i], i != last, rng) for _ in range(sizes[i + 1])] for i in range(last + 1)
        ]

    def __call__(self, x: list[Any]) -> Any:
        for layer in self.layers:
            x = [neuron(x) for neuron in layer]
        return x[0] if len(x) == 1 else x

    def parameters(self) -> list[Value]:
        return [p for layer in self.layers for neuron in layer for p in neuron.parameters()]


XOR = np.array([[0.0, 0.0], [0.0, 1.0], [1.0, 0.0], [1.0, 1.0]])
LABELS = np.array([-1, 1, 1, -1])


def hinge_loss(model: Network) -> tuple[Value, float]:
    """The sum-of-hinges idiom, with NumPy numbers for data and labels, and weight decay."""
    inputs = [list(map(Value, row)) for row in XOR]
    scores = list(map(model, inputs))
    losses = [(1 + -yi * scorei).relu() for yi, scorei in zip(LABELS, scores, strict=True)]
    data_loss = sum(losses) * (1.0 / len(losses))
    reg_loss = 1e-4 * sum(p * p for p in model.parameters())
    total_loss = data_loss + reg_loss
    accuracy = [(yi > 0) == (scorei.data > 0) for yi, scorei in zip(LABELS, scores, strict=True)]
    return total_loss, sum(accuracy) / len(accuracy)


def hinge_loss_on_floats(weights: list[float], sizes: list[int]) -> float:
    """The same loss in plain floats, for the difference quotient."""
    losses = []
    for row, y in zip(XOR.tolist(), LABELS.tolist(), strict=True):
        rest = iter(weights)
        x = row
        for i, (fan_in, width) in enumerate(pairwise(sizes)):
            sums = []
            for _ in range(width):
                w = [next(rest) for _ in range(fan_in)]
                sums.append(next(rest) + math.fsum(a * b for a, b in zip(w, x, strict=True)))
            x = sums if i == len(sizes) - 2 else [max(z, 0.0) for z in sums]
        losses.append(max(1.0 - y * x[0], 0.0))
    return sum(losses) / len(losses) + 1e-4 * sum(w * w for w in weights)


def test_the_hinge_loss_of_a_hand_made_network_has_the_gradients_of_its_differences() -> None:
    sizes = [2, 4, 3, 1]
    model = Network(sizes, random.Random(1))
    for k, p in enumerate(model.parameters()):
        p.data += 0.01 * (k % 7)  # biases away from 0, where relu has its kink
    weights = [p.data for p in model.parameters()]
    loss, _ = hinge_loss(model)
    assert loss.data == pytest.approx(hinge_loss_on_floats(weights, sizes), rel=1e-13)
    loss.backward()
    for i, p in enumerate(model.parameters()):
        expected = central_difference(lambda *w: hinge_loss_on_floats(list(w), sizes), weights, i)
        assert p.grad == pytest.approx(expected, rel=1e-7, abs=1e-9)
    model.zero_grad()
    assert all(p.grad == 0 for p in model.parameters())


def test_a_hand_made_network_learns_xor_by_the_usual_loop() -> None:
    model = Network([2, 8, 8, 1], random.Random(3))
    first, _ = hinge_loss(model)
    for k in range(150):
        total_loss, accuracy = hinge_loss(model)
        model.zero_grad()
        total_loss.backward()
        learning_rate = 0.5 - 0.4 * k / 150
        for p in model.parameters():
            p.data -= learning_rate * p.grad
    assert accuracy == 1.0
    assert total_loss.data < first.data / 5
    assert all(type(p.data) is float for p in model.parameters())


def test_gradients_add_up_until_they_are_zeroed() -> None:
    """The forgotten zero_grad: d(w**2)/dw = 2w = 6 at 3, once more each time."""
    w = Value(3.0)
    for times in (1, 2, 3):
        (w**2).backward()
        assert w.grad == 6.0 * times
    w.grad = 0
    (w**2).backward()
    assert w.grad == 6.0


def test_one_step_of_gradient_descent_by_hand() -> None:
    """L = (w x - y)**2 at w = 2, x = 3, y = 4: dL/dw = 2(6 - 4)3 = 12, so w = 2 - 0.1 * 12."""
    w = Value(2.0)
    loss = (w * 3 - 4) ** 2
    loss.backward()
    w.data += -0.1 * w.grad
    assert w.data == pytest.approx(0.8, rel=1e-15)
    assert w.grad == 12.0


# --- drawing ----------------------------------------------------------------------------


def trace(root: Value) -> tuple[set[Value], set[tuple[Value, Value]]]:
    """All nodes and edges, as drawing code collects them: recursively, from `_prev`."""
    nodes: set[Value] = set()
    edges: set[tuple[Value, Value]] = set()

    def build(v: Value) -> None:
        if v not in nodes:
            nodes.add(v)
            for child in v._prev:
                edges.add((child, v))
                build(child)

    build(root)
    return nodes, edges


def drawn(root: Value) -> list[str]:
    """The lines that drawing code writes: a record per node, a circle per operation."""
    lines = []
    nodes, edges = trace(root)
    for n in nodes:
        uid = str(id(n))
        lines.append(f'{uid} [label="{{ data {n.data:.4f} | grad {n.grad:.4f} }}"]')
        if n._op:
            lines.append(f'{uid + n._op} [label="{n._op}"]')
            lines.append(f"{uid + n._op} -> {uid}")
    lines.extend(f"{id(n1)!s} -> {str(id(n2)) + n2._op}" for n1, n2 in edges)
    return lines


def test_drawing_code_finds_every_node_and_edge() -> None:
    """y = relu(a b + a): five nodes a, b, ab, ab + a, y, and five edges: a is used twice."""
    a, b = Value(2.0), Value(-0.25)
    product = a * b
    total = product + a
    y = total.relu()
    y.backward()
    nodes, edges = trace(y)
    assert nodes == {a, b, product, total, y}
    assert edges == {(a, product), (b, product), (product, total), (a, total), (total, y)}
    lines = drawn(y)
    assert len(lines) == 5 + 3 * 2 + 5
    assert sum("data 2.0000 | grad 0.7500" in line for line in lines) == 1  # dy/da = b + 1


def test_operations_have_names_and_leaves_have_none() -> None:
    a, b = Value(2.0), Value(3.0)
    assert (a._op, a._prev) == ("", set())
    results = [a + b, a * b, a**2, a.relu(), a - b, a / b, -a]
    assert all(isinstance(v._op, str) and v._op for v in results)
    assert len({v._op for v in results}) == len(results)
    assert (a + 1)._prev == {a}  # a plain number is no node
    assert (a * a)._prev == {a}


def test_the_repr_begins_as_micrograds() -> None:
    v = Value(2.0)
    assert repr(v).startswith("Value(data=2.0, grad=0")
    assert str([v]).startswith("[Value(data=2.0")


def test_values_live_in_sets_and_dicts_by_identity() -> None:
    a, b = Value(1.0), Value(1.0)
    visited = {a}
    assert b not in visited
    assert {a: 1, b: 2}[a] == 1
