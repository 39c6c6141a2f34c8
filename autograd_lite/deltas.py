"""The delta table: a backward pass as the lectures write it by hand.

It is read off the graph of a loss: the neurons are found by their labels and weights, the
numbers by one sweep that changes no `.grad`.
"""

from __future__ import annotations

from html import escape
from typing import TYPE_CHECKING, NamedTuple

from autograd_lite import ops
from autograd_lite.errors import NotInGraphError
from autograd_lite.labels import clean
from autograd_lite.traversal import exclusive, sweep, topological

if TYPE_CHECKING:
    from collections.abc import Sequence

    from autograd_lite.nn import MLP, Neuron
    from autograd_lite.value import Value

#: Rows whose arguments are outputs and then targets.
ON_OUTPUTS = (ops.half_squared_error, ops.log_loss, ops.bce)
#: Rows whose arguments are logits and then targets; their derivative is y - t itself.
ON_LOGITS = (ops.cross_entropy, ops.bce_with_logits)


class NeuronDelta(NamedTuple):
    """One neuron on one sample, all floats; with sign = -1 error and delta change theirs.

    In a loss that is the mean over m samples, E is that mean: delta and dloss_da carry the
    factor 1/m, error does not.

    z, a, slope   the linear summation, a = g(z), and g'(z)
    error         y - t of an output (None where the loss has no row with a target), else
                  the sum of delta times weight over the neurons it leads to
    dloss_da      dE/da
    delta         dE/dz
    """

    neuron: str
    z: float
    a: float
    slope: float
    error: float | None
    dloss_da: float
    delta: float


class WeightUpdate(NamedTuple):
    """One weight or bias: its value, dE/dw over the whole loss, and value - rate * gradient."""

    weight: str
    value: float
    gradient: float
    updated: float | None


class Deltas:
    """The delta tables of all samples in a loss, and every weight's gradient.

    samples holds one dict of neurons by name per sample, in the order of the loss; weights
    all parameters by name. str() and notebooks show both as Markdown tables.
    """

    def __init__(
        self,
        samples: list[dict[str, NeuronDelta]],
        weights: dict[str, WeightUpdate],
        sign: int,
    ) -> None:
        self.samples = samples
        self.weights = weights
        self.sign = sign

    def __getitem__(self, name: str) -> NeuronDelta | WeightUpdate:
        """A weight, or a neuron of the only sample; KeyError names what there is."""
        if name in self.weights:
            return self.weights[name]
        if len(self.samples) == 1 and name in self.samples[0]:
            return self.samples[0][name]
        if len(self.samples) > 1:
            raise KeyError(f"{name}: with {len(self.samples)} samples ask samples[k][name]")
        known = ", ".join([*self.samples[0], *self.weights])
        raise KeyError(f"no neuron or weight {name!r}; there are {known}")

    def rows(self) -> list[tuple[str | float | None, ...]]:
        """All lines as plain tuples: the neurons of every sample, then the weights."""
        return [*(n for sample in self.samples for n in sample.values()), *self.weights.values()]

    def to_markdown(self) -> str:
        """The tables as Markdown, six significant digits."""
        minus = "" if self.sign == 1 else "−"
        error = "e = y − t" if self.sign == 1 else "e = t − y"
        parts = []
        for k, sample in enumerate(self.samples):
            if len(self.samples) > 1:
                parts.append(f"**sample {k + 1}**\n")
            head = ["neuron", "z", "a", "g'(z)", f"{error} or Σ δ·w", "∂E/∂a", f"δ = {minus}∂E/∂z"]
            parts.append(_table(head, list(sample.values())) + "\n")
        head = ["weight", "value", "∂E/∂w", "updated"]
        rows: list[tuple[str | float | None, ...]] = list(self.weights.values())
        if all(w.updated is None for w in self.weights.values()):
            head, rows = head[:3], [row[:3] for row in rows]
        parts.append(_table(head, rows))
        return "\n".join(parts)

    def __str__(self) -> str:
        return self.to_markdown()

    def __repr__(self) -> str:
        samples, weights = len(self.samples), len(self.weights)
        return (f"Deltas({samples} sample{'s' * (samples != 1)}, "
                f"{weights} weight{'s' * (weights != 1)})")  # fmt: skip

    def _repr_markdown_(self) -> str:
        return self.to_markdown()


def deltas_of(mlp: MLP, loss: Value, learning_rate: float | None = None, sign: int = 1) -> Deltas:
    """The delta tables of this network in the graph of a loss.

    sign = 1 gives delta = dE/dz as most lectures have it, -1 gives 002's delta = -dE/dz and
    e = t - y; gradients are dE/dw in both (E002-17). Needs no backward before it and changes
    no `.grad`. Raises NotInGraphError where the network took no part in the loss, ValueError
    for another sign.

    >>> from autograd_lite import losses, nn
    >>> mlp = nn.MLP.from_weights([[[2.0]]], activations="identity")
    >>> table = deltas_of(mlp, losses.half_squared_error(mlp([3.0]), [5.0]), learning_rate=0.5)
    >>> table["o1"].delta, table["w11[1]"]
    (1.0, WeightUpdate(weight='w11[1]', value=2.0, gradient=3.0, updated=0.5))
    """
    if sign not in (1, -1):
        raise ValueError(f"deltas: sign is {sign}; it must be 1 (dE/dz) or -1 (-dE/dz)")
    order = topological(loss)
    parameters = mlp.parameters()
    with exclusive():
        for node in [*order, *parameters]:
            node.cot = 0.0  # a node that the sweep does not reach has no influence
        sweep(loss, 1.0)
        cotangents = {node: node.cot for node in [*order, *parameters]}
    errors = _output_errors(order, cotangents)
    columns = []
    for layer in mlp.layers:
        of_layer = errors if layer is mlp.layers[-1] else cotangents
        columns.append(
            [_lines(n, layer.softmax, order, cotangents, of_layer, sign) for n in layer.neurons]
        )
    counts = {len(column) for layer in columns for column in layer}
    if counts == {0} or len(counts) > 1:
        raise NotInGraphError(
            "deltas: this network's neurons are not in the graph of the loss; "
            "compute the loss from mlp(x), with the weights the network has now"
        )
    flat = [column for layer in columns for column in layer]
    samples = [{row.neuron: row for row in rows} for rows in zip(*flat, strict=True)]
    weights = {
        p.label or f"number {k}": WeightUpdate(
            p.label or f"number {k}",
            p.data,
            cotangents[p],
            None if learning_rate is None else p.data - learning_rate * cotangents[p],
        )
        for k, p in enumerate(parameters)
    }
    return Deltas(samples, weights, sign)


def _output_errors(order: list[Value], cotangents: dict[Value, float]) -> dict[Value, float]:
    """y - t of every node that the row of a loss compares with a target."""
    found: dict[Value, float] = {}
    for node in order:
        half = len(node.parents) // 2
        if node.op in ON_LOGITS:
            found |= {z: cotangents[z] for z in node.parents[:half]}
        elif node.op in ON_OUTPUTS:
            for y, t in zip(node.parents[:half], node.parents[half:], strict=True):
                found[y] = y.data - (t if type(t) is float else t.data)
    return found


def _lines(
    neuron: Neuron, softmax: bool, order: list[Value], cotangents: dict[Value, float],
    errors: dict[Value, float], sign: int,
) -> list[NeuronDelta]:  # fmt: skip
    """One neuron's line for every sample, in the order of the graph."""
    weights = tuple(w for w in neuron.weights if w is not None)
    plain = neuron.activation is None and not softmax
    label = neuron.name if plain else f"z({neuron.name})"
    lines = []
    for z in order:
        if z.label != label or z.op is not ops.dot or z.parents[: len(weights)] != weights:
            continue
        a = z if plain else _activated(z, neuron, order)
        error = errors.get(a)
        lines.append(
            NeuronDelta(
                neuron.name or "",
                z.data,
                a.data,
                1.0 if plain else a.partials[0] or 0.0,
                None if error is None else sign * error,
                cotangents[a],
                sign * cotangents[z],
            )
        )
    return lines


def _activated(z: Value, neuron: Neuron, order: list[Value]) -> Value:
    """The node of the neuron's activation of z."""
    return next(a for a in order if a.label == neuron.name and a.parents and a.parents[0] is z)


def _table(head: list[str], rows: Sequence[Sequence[str | float | None]]) -> str:
    """A Markdown table."""
    lines = [head, ["---"] * len(head), *([_cell(x) for x in row] for row in rows)]
    return "\n".join("| " + " | ".join(line) + " |" for line in lines)


def _cell(x: str | float | None) -> str:
    if x is None:
        return "—"
    return _text(x) if isinstance(x, str) else f"{x:.6g}"


def _text(name: str) -> str:
    r"""A name that ends no cell, and opens no tag, link or formula.

    >>> print(_text("<b>|[x](y) $z"))
    &lt;b&gt;\|[x]\(y) \$z
    """
    line = escape(clean(name).replace("\\", "\\\\"), quote=False)
    return line.replace("|", r"\|").replace("](", r"]\(").replace("$", r"\$")
