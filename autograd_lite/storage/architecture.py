"""An MLP without its numbers, as JSON: sizes, activations, kinds of bias, neurons' names.

    sizes        [inputs, hidden..., outputs]
    bias         per layer "per_neuron", "shared" or "none"
    activations  per layer "softmax" or that of all its neurons; else {"neurons": [each]}.
                 An activation is the name of a row, {"row": name, "given": constants in
                 hexadecimal}, or {"own": name} for a row that is not in the table
    neurons      [layer, unit, name] of those that bear another name than the usual

The arrays are `layers.0.weight` (inputs, neurons) and `layers.0.bias`: one number for each
neuron, a single one that they share, or no array.
"""

from __future__ import annotations

from itertools import pairwise
from typing import TYPE_CHECKING, Any

from autograd_lite.errors import FormatError
from autograd_lite.nn import BIAS_KINDS, MLP, Layer, Neuron, bias_name, neuron_name, weight_name
from autograd_lite.ops import OPS, Op, identity
from autograd_lite.stamp import Stamp
from autograd_lite.storage.places import Part

if TYPE_CHECKING:
    from collections.abc import Mapping

    from autograd_lite.value import Value

KEYS = ("sizes", "bias", "activations", "neurons")


# --- written ------------------------------------------------------------------------------


def model_facts(model: MLP) -> dict[str, Any]:
    """What the docstring above lists."""
    return {
        "sizes": model.sizes,
        "bias": [_bias_kind(layer) for layer in model.layers],
        "activations": [_layer_activation(layer) for layer in model.layers],
        "neurons": [
            [k, j, neuron.name]
            for k, layer in enumerate(model.layers)
            for j, neuron in enumerate(layer.neurons)
            if neuron.name != neuron_name(k, j, len(model.layers))
        ],
    }


def _bias_kind(layer: Layer) -> str:
    first, *others = [neuron.bias for neuron in layer.neurons]
    if all(bias is first for bias in others):
        if first is None:
            return "none"
        if others:
            return "shared"
    return "per_neuron"


def _layer_activation(layer: Layer) -> Any:
    if layer.softmax:
        return "softmax"
    each = [_activation(neuron.activation) for neuron in layer.neurons]
    return each[0] if all(one == each[0] for one in each) else {"neurons": each}


def _activation(row: Op | None) -> Any:
    if row is None:
        return "identity"
    if OPS.get(row.name) is row:
        return row.name
    if row.given and row.name in OPS:
        return {"row": row.name, "given": [c.hex() for c in row.given]}
    return {"own": row.name}


def model_parts(model: MLP) -> dict[str, Part]:
    """The model's arrays, layer by layer; ValueError where layers do not fit together."""
    parts = {}
    sizes, kinds = model.sizes, [_bias_kind(layer) for layer in model.layers]
    labels, shapes = usual_labels(sizes, kinds), model_shapes(sizes, kinds)
    for k, layer in enumerate(model.layers):
        widths = {len(neuron.weights) for neuron in layer.neurons}
        if widths != {sizes[k]}:
            raise ValueError(
                f"layer {k} has neurons of {sorted(widths)} weights after {sizes[k]} nodes; "
                "only layers that fit together are stored"
            )
        rows = zip(*(neuron.weights for neuron in layer.neurons), strict=True)
        values = {"weight": [w for row in rows for w in row]}
        values["bias"] = [neuron.bias for neuron in layer.neurons]
        for what in ("weight", "bias"):
            name = f"layers.{k}.{what}"
            if name in shapes:
                stored = values[what][: len(labels[name])]  # of a shared bias the first
                parts[name] = Part(shapes[name], stored, labels[name])
    return parts


# --- both ---------------------------------------------------------------------------------


def model_shapes(sizes: list[int], kinds: list[str]) -> dict[str, tuple[int, ...]]:
    """The shape of every array, by name."""
    shapes: dict[str, tuple[int, ...]] = {}
    for k, ((fan_in, fan_out), kind) in enumerate(zip(pairwise(sizes), kinds, strict=True)):
        shapes[f"layers.{k}.weight"] = (fan_in, fan_out)
        if kind != "none":
            shapes[f"layers.{k}.bias"] = (1 if kind == "shared" else fan_out,)
    return shapes


def usual_labels(sizes: list[int], kinds: list[str]) -> dict[str, list[str]]:
    """The labels that nn gives to weights and biases, by array."""
    labels = {}
    for k, ((fan_in, fan_out), kind) in enumerate(zip(pairwise(sizes), kinds, strict=True)):
        labels[f"layers.{k}.weight"] = [
            weight_name(fan_in, fan_out, k, i, j) for i in range(fan_in) for j in range(fan_out)
        ]
        units = [None] if kind == "shared" else [] if kind == "none" else range(fan_out)
        labels[f"layers.{k}.bias"] = [bias_name(k, j) for j in units]
    return labels


# --- read ---------------------------------------------------------------------------------


def check_model_facts(facts: Mapping[str, Any], where: str) -> None:
    """Raise FormatError for an architecture that `model_facts` cannot have written."""
    sizes = facts["sizes"]
    if not isinstance(sizes, list) or len(sizes) < 2:
        raise FormatError(f"{where}: sizes is {sizes!a:.60}; a list of 2 or more is needed")
    if not all(type(n) is int and n >= 1 for n in sizes):
        raise FormatError(f"{where}: sizes is {sizes!a:.60}; each must be an int of at least 1")
    depth = len(sizes) - 1
    for key in ("bias", "activations"):
        if not isinstance(facts[key], list) or len(facts[key]) != depth:
            raise FormatError(f"{where}: {key} must be a list of {depth}, one for each layer")
    if not all(kind in BIAS_KINDS for kind in facts["bias"]):
        raise FormatError(f"{where}: bias is {facts['bias']!a:.60}; there are {BIAS_KINDS}")
    if not isinstance(facts["neurons"], list):
        raise FormatError(f"{where}: neurons must be a list")
    for entry in facts["neurons"]:
        if not (isinstance(entry, list) and len(entry) == 3 and isinstance(entry[2], str | None)
                and type(entry[0]) is int and 0 <= entry[0] < depth
                and type(entry[1]) is int and 0 <= entry[1] < sizes[entry[0] + 1]):  # fmt: skip
            raise FormatError(f"{where}: {entry!a:.60} is no [layer, unit, name] of a neuron")
    for k, given in enumerate(facts["activations"]):
        if given != "softmax" or k + 1 < depth:
            for one in _each(given, sizes[k + 1], where):
                _check_activation(one, where)


def _each(given: Any, width: int, where: str) -> list[Any]:
    """The activations of a layer: one for all, or one for each neuron."""
    if not isinstance(given, dict) or "neurons" not in given:
        return [given]
    each = given["neurons"]
    if len(given) != 1 or not isinstance(each, list) or len(each) != width:
        raise FormatError(f"{where}: {given!a:.60} are no activations of {width} neurons")
    return each


def _check_activation(given: Any, where: str) -> None:
    if isinstance(given, dict) and list(given) == ["own"] and isinstance(given["own"], str):
        return
    row = _row(given)
    if row is None or row.arity != 1:
        raise FormatError(f"{where}: {given!a:.60} is no activation in the table of operations")


def _row(given: Any) -> Op | None:
    """The row of an activation that is not the user's own; None if there is none."""
    if isinstance(given, str):
        return OPS.get(given)
    if not isinstance(given, dict) or set(given) != {"row", "given"}:
        return None
    name, constants = given["row"], given["given"]
    if not isinstance(name, str) or name not in OPS or not isinstance(constants, list):
        return None
    try:
        numbers = [float.fromhex(c) for c in constants]
        return OPS[name].fixed(*numbers)
    except (TypeError, ValueError, OverflowError):
        return None


def built(facts: Mapping[str, Any], values: Mapping[str, list[Value | None]], where: str) -> MLP:
    """The model of checked facts with these Values in the places of its arrays.

    Raises FormatError for an activation that is not in the table.
    """
    sizes, kinds = facts["sizes"], facts["bias"]
    matrices = []
    for k, (fan_in, fan_out) in enumerate(pairwise(sizes)):
        held = [None if w is None else w.data for w in values[f"layers.{k}.weight"]]
        matrices.append([held[i * fan_out : (i + 1) * fan_out] for i in range(fan_in)])
    model = MLP.from_weights(matrices)
    for k, (layer, kind) in enumerate(zip(model.layers, kinds, strict=True)):
        weights = values[f"layers.{k}.weight"]
        width = len(layer.neurons)
        biases = [None] if kind == "none" else values[f"layers.{k}.bias"]
        layer.softmax = facts["activations"][k] == "softmax"
        rows = [None] if layer.softmax else [
            _own_or_row(one, where) for one in _each(facts["activations"][k], width, where)
        ]  # fmt: skip
        for j, neuron in enumerate(layer.neurons):
            neuron.weights = weights[j::width]
            neuron.bias = biases[j if len(biases) > 1 else 0]
            _activate(neuron, rows[j if len(rows) > 1 else 0], layer.softmax)
    for k, j, name in facts["neurons"]:
        model.layers[k].neurons[j].name = name
    return model


def _own_or_row(given: Any, where: str) -> Op | None:
    if isinstance(given, dict) and "own" in given:
        raise FormatError(
            f"{where}: the activation {given['own']!a:.60} is a row of your own, which no file "
            "holds; build the model with it and use load_into"
        )
    row = _row(given)
    return None if row is identity else row


def _activate(neuron: Neuron, row: Op | None, softmax: bool) -> None:
    """Give the neuron its activation, and its stamp the name of it."""
    neuron.activation = row
    stamp = neuron.name
    if isinstance(stamp, Stamp):
        kind = "softmax" if softmax else row.name if row else None
        neuron.name = Stamp(stamp, stamp.place._replace(activation=kind))
