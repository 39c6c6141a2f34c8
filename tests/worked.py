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
