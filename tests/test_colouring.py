"""Colourings, against their definition: every entry can be read off from one product."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from autograd_lite.compiler.colouring import Compression, by_columns, by_rows, by_symmetry
from autograd_lite.compiler.sparsity import Pattern


def pattern_of(mask: np.ndarray) -> Pattern:
    """The pattern of a matrix of truth values."""
    row, column = np.nonzero(mask)
    return Pattern(row, column, mask.shape)


def banded(n: int, width: int) -> np.ndarray:
    """True where row and column differ by at most width."""
    i = np.arange(n)
    return abs(i[:, None] - i) <= width


def arrow(n: int, hub: int) -> np.ndarray:
    """A diagonal and one full row and column."""
    mask = np.eye(n, dtype=bool)
    mask[hub] = mask[:, hub] = True
    return mask


@st.composite
def masks(draw: st.DrawFn, square: bool = False) -> np.ndarray:
    rows = draw(st.integers(1, 12))
    columns = rows if square else draw(st.integers(1, 12))
    density = draw(st.floats(0.0, 1.0))
    seed = draw(st.integers(0, 2**32 - 1))
    return np.random.default_rng(seed).random((rows, columns)) < density


def numbered(mask: np.ndarray) -> np.ndarray:
    """Another power of two at each place: no sum of some of them is another one."""
    full = np.zeros(mask.shape)
    full[mask] = 2.0 ** np.random.default_rng(0).permutation(int(mask.sum()))
    return full


@given(masks())
def test_products_from_the_right_give_any_matrix(mask: np.ndarray) -> None:
    A, found = numbered(mask), by_columns(pattern_of(mask))
    assert (found.matrix((A @ found.seeds.T).T, sparse=False) == A).all()


@given(masks())
def test_products_from_the_left_give_any_matrix(mask: np.ndarray) -> None:
    A, found = numbered(mask), by_rows(pattern_of(mask))
    assert (found.matrix(found.seeds @ A, sparse=False) == A).all()


@given(masks(square=True))
def test_symmetric_matrices_are_read_off(mask: np.ndarray) -> None:
    half = np.triu(mask)
    A = numbered(half)
    A = A + np.triu(A, 1).T
    found = by_symmetry(pattern_of(half))
    assert (found.matrix(found.seeds @ A, sparse=False) == A).all()


@given(masks(square=True))
def test_every_vertex_has_one_colour(mask: np.ndarray) -> None:
    for found in (by_columns(pattern_of(mask)), by_rows(pattern_of(mask)),
                  by_symmetry(pattern_of(mask))):  # fmt: skip
        assert (found.seeds.sum(axis=0) == 1).all()
        assert (found.seeds.sum(axis=1) > 0).all()


def colours(found: Compression) -> int:
    return len(found.seeds)


def test_bands_need_as_many_products_as_they_are_wide() -> None:
    """2 k + 1 columns overlap pairwise in a band of half width k: fewer colours cannot do."""
    for k in (0, 1, 2, 5):
        assert colours(by_columns(pattern_of(banded(40, k)))) == 2 * k + 1
    assert colours(by_symmetry(pattern_of(banded(40, 0)))) == 1
    assert colours(by_symmetry(pattern_of(banded(40, 1)))) == 3


@pytest.mark.parametrize("hub", [0, 3, 9])
def test_an_arrow_needs_two_products_by_symmetry(hub: int) -> None:
    """As a general matrix its full row makes all columns overlap."""
    assert colours(by_symmetry(pattern_of(arrow(10, hub)))) == 2
    assert colours(by_columns(pattern_of(arrow(10, hub)))) == 10


def test_full_matrices_need_all_unit_vectors() -> None:
    full = np.ones((7, 7), dtype=bool)
    assert colours(by_columns(pattern_of(full))) == 7
    assert colours(by_rows(pattern_of(full))) == 7
    assert colours(by_symmetry(pattern_of(full))) == 7


def test_an_empty_matrix_takes_one_product() -> None:
    empty = np.zeros((3, 3), dtype=bool)
    for found in (by_columns(pattern_of(empty)), by_symmetry(pattern_of(empty))):
        assert colours(found) == 1
        assert (found.matrix(np.ones((1, 3)), sparse=False) == 0.0).all()
