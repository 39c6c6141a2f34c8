"""The lectures' worked examples as data (worked_examples.json), read for tests."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import autograd_lite as al

DATA = json.loads(Path(__file__).with_name("worked_examples.json").read_text(encoding="utf-8"))
RTOL, ATOL = DATA["rtol"], DATA["atol"]

LOSSES = {
    "half_squared_error": al.losses.half_squared_error,
    "squared_error": al.losses.squared_error,
    "binary_cross_entropy": al.losses.binary_cross_entropy,
    "cross_entropy": al.losses.cross_entropy,
}


def cases(kind: str) -> list[Any]:
    """All cases of one kind."""
    return [case for case in DATA["cases"] if case["kind"] == kind]


def name_of(case: Any) -> str:
    return case["id"]


def close(got: float, expected: float) -> bool:
    """Within the file's tolerances: they allow for the order of a few roundings."""
    return abs(got - float(expected)) <= max(ATOL, RTOL * abs(float(expected)))


def assert_close(got: Any, expected: Any, what: str = "") -> None:
    """Compare numbers, nested lists or dicts of them, naming the first that differs."""
    if isinstance(expected, dict):
        assert set(got) == set(expected), what
        for key, value in expected.items():
            assert_close(got[key], value, f"{what}[{key!r}]")
    elif isinstance(expected, list):
        assert len(got) == len(expected), what
        for i, value in enumerate(expected):
            assert_close(got[i], value, f"{what}[{i}]")
    else:
        assert close(got, expected), f"{what}: got {got!r}, expected {expected!r}"


def network(case: Any) -> al.nn.MLP:
    """The case's network with its first weights and the document's names."""
    net = case["network"]
    return al.nn.MLP.from_weights(
        net["weights"],
        [bias["values"] for bias in net["bias"]],
        net["activations"],
        names=net["weight_names"],
        bias_names=[bias["names"] for bias in net["bias"]],
    )


def trained(case: Any, mlp: al.nn.MLP) -> list[al.Value]:
    """The parameters that the case trains: without the biases where it says so."""
    biases = {n for bias in case["network"]["bias"] for n in bias["names"]}
    return [p for p in mlp.parameters() if case["train_bias"] or p.label not in biases]


def loss_of(case: Any) -> Any:
    return LOSSES[case["loss"]["name"]]


def nodes_by_label(root: al.Value) -> dict[str, al.Value]:
    return {node.label: node for node in al.topological(root) if node.label}


def measured(mlp: al.nn.MLP, loss: Any, x: list[float], t: list[float]) -> dict[str, Any]:
    """One sample's forward and backward pass in the file's own terms."""
    mlp.zero_grad()
    inputs = [al.Value(xi) for xi in x]
    outputs = mlp(inputs)
    error = loss(outputs, t)
    error.backward()
    nodes = nodes_by_label(error)
    names = [[neuron.name for neuron in layer.neurons] for layer in mlp.layers]
    activations = [[nodes[n] for n in layer] for layer in names]
    summations = [[nodes.get(f"z({n})", nodes[n]) for n in layer] for layer in names]
    return {
        "z": [[v.data for v in layer] for layer in summations],
        "a": [x, *[[v.data for v in layer] for layer in activations]],
        "error": [y.data - ti for y, ti in zip(outputs, t, strict=True)],
        "loss": error.data,
        "delta": [[v.grad for v in layer] for layer in summations],
        "dloss_da": [[v.grad for v in layer] for layer in [inputs, *activations[:-1]]],
        "grads": {p.label: p.grad for p in mlp.parameters()},
    }


def printed_rows(kinds: tuple[str, ...]) -> list[tuple[Any, dict[str, Any], int | None, Any]]:
    """(case, printed row, round or point number, the object that its path starts from)."""
    found = []
    for case in [c for kind in kinds for c in cases(kind)]:
        parts = case.get("rounds") or case.get("points") or [case]
        for number, part in enumerate(parts):
            start = part.get("exact", part)
            found += [(case, row, number, start) for row in part.get("printed", [])]
    return found


def follow(start: Any, path: list[Any]) -> float:
    """The number that a path of keys and indices leads to."""
    for key in path:
        start = start[key]
    return float(start)


def decimals(printed: str) -> int:
    """How many decimals a printed number has."""
    return len(printed.partition(".")[2])


def rounds_to(number: float, printed: str) -> bool:
    """Whether the number, correctly rounded, is the printed one."""
    half = 0.5 * 10.0 ** -decimals(printed)
    return abs(number - float(printed)) <= half * (1.0 + 1e-9)
