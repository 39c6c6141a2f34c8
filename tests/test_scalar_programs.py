"""The programs of `benchmarks.scalar`, compiled and op by op."""

from __future__ import annotations

import importlib.util
import sys
from pathlib import Path
from typing import Any

import numpy as np
import pytest

import autograd_lite as al

FILE = Path(__file__).parent.parent / "benchmarks" / "scalar" / "programs.py"


def load() -> Any:
    """The benchmark's module, which is no part of the package."""
    spec = importlib.util.spec_from_file_location("scalar_programs", FILE)
    assert spec is not None
    assert spec.loader is not None
    module = importlib.util.module_from_spec(spec)
    sys.modules[spec.name] = module  # dataclasses look their module up
    spec.loader.exec_module(module)
    return module


scalar = load()
GRADIENTS = [
    scalar.rosenbrock_program(1000), scalar.leapfrog_program(100), scalar.leapfrog_program(1000),
    scalar.logistic_program(),
]  # fmt: skip
HESSIANS = [scalar.hessian_of_rosenbrock(50), scalar.mlp_program()]


@pytest.mark.parametrize("program", GRADIENTS, ids=lambda p: p.name)
def test_compiled_gradients_equal_those_of_the_graph(program: Any) -> None:
    x = [al.Value(a) for a in program.x.tolist()]
    y = program.f(x, al)
    y.backward()
    expected = np.array([leaf.grad for leaf in x])
    value, gradient = al.function(lambda x: program.f(x, al), len(x)).value_and_grad(program.x)
    assert value == pytest.approx(y.data, rel=1e-12)
    np.testing.assert_allclose(gradient, expected, rtol=0, atol=1e-12 * abs(expected).max())


@pytest.mark.parametrize("program", HESSIANS, ids=lambda p: p.name)
def test_compiled_hessians_equal_those_of_the_graph(program: Any) -> None:
    expected = np.array(al.hessian(lambda x: program.f(x, al))(program.x.tolist()))
    found = al.function(lambda x: program.f(x, al), len(program.x)).hessian(program.x)
    np.testing.assert_allclose(found, expected, rtol=0, atol=1e-12 * abs(expected).max())
