"""Products, transposes and the small functions of machine code, at every size and stride.

Rows stand further apart than they are long, and what lies between them must stay as it was.
"""

from __future__ import annotations

from math import inf, isnan, nan
from typing import Any

import numpy as np
import pytest
from numpy.typing import NDArray

from autograd_lite.compiler import matrix_code

Array = NDArray[Any]

#: Per element its dtype, and one whose sums are exact beside it.
DTYPES: dict[str, tuple[Any, Any]] = {
    "double": (np.float64, np.longdouble),
    "float": (np.float32, np.float64),
}
#: What stands where nothing may be written; in what is only read it is nan.
GUARD = 7.5
every_element = pytest.mark.parametrize("element", DTYPES)


def sizes(limit: int, *steps: int) -> list[tuple[int, ...]]:
    """As many sizes as `limit`; each takes all of 1..limit, as its step has no divisor with it."""
    return [tuple((i * step) % limit + 1 for step in steps) for i in range(limit)]


def called(element: str, name: str, kinds: str, *args: Any, result: str = "") -> Any:
    """A function's result; arrays are given as the pointer to their numbers."""
    given = [a.ctypes.data if isinstance(a, np.ndarray) else a for a in args]
    return matrix_code._module(element).function(name, kinds, result)(*given)


def framed(a: Any, stride: int, guard: float, dtype: Any) -> Array:
    """A copy (rows + 2, stride) with the matrix from its second row on, the rest guards."""
    rows, columns = np.shape(a)
    frame = np.full((rows + 2, stride), guard, dtype)
    frame[1:-1, :columns] = a
    return frame


def multiplied(element: str, a: Array, b: Array, more: int, transposed: bool) -> Array:
    """a @ b by machine code, of matrices whose rows lie `more` numbers apart; guards are checked.

    The left factor may stand transposed.
    """
    dtype = DTYPES[element][0]
    (m, k), n = a.shape, b.shape[1]
    left = framed(a.T if transposed else a, (m if transposed else k) + more, nan, dtype)
    right = framed(b, n + more, nan, dtype)
    out = framed(np.full((m, n), GUARD), n + more, GUARD, dtype)
    ai, ap = (1, left.shape[1]) if transposed else (left.shape[1], 1)
    called(element, "product", "pipiipiiii", out[1:], out.shape[1], left[1:], ai, ap,
           right[1:], right.shape[1], k, m, n)  # fmt: skip
    found = out[1:-1, :n].copy()
    out[1:-1, :n] = GUARD
    assert (out == GUARD).all()
    return found


# --- products -------------------------------------------------------------------------------


@every_element
@pytest.mark.parametrize("more", [0, 3])
@pytest.mark.parametrize("transposed", [False, True])
def test_products_of_integers_are_exact(element: str, more: int, transposed: bool) -> None:
    """All sums are below 40 * 9 * 9, which a float32 holds; every size is 1, 2, ... 40 once."""
    rng = np.random.default_rng(0)
    for m, n, k in sizes(40, 1, 7, 11) + sizes(40, 9, 1, 3):
        a, b = rng.integers(-9, 10, (m, k)), rng.integers(-9, 10, (k, n))
        np.testing.assert_array_equal(multiplied(element, a, b, more, transposed), a @ b)


@every_element
@pytest.mark.parametrize("transposed", [False, True])
def test_products_are_sums_of_k_rounded_terms(element: str, transposed: bool) -> None:
    """K fused steps of half a unit each: no further off than K eps/2 times the sum of |a| |b|.

    Half an ulp more is for the expectation's own rounding (Higham 2002, eq. 3.5).
    """
    dtype, exact = DTYPES[element]
    rng = np.random.default_rng(1)
    for m, n, k in sizes(40, 3, 1, 9):
        a, b = rng.normal(size=(m, k)).astype(dtype), rng.normal(size=(k, n)).astype(dtype)
        found = multiplied(element, a, b, 1, transposed)
        error = np.abs(found - a.astype(exact) @ b.astype(exact))
        bound = (k + 1) / 2.0 * np.finfo(dtype).eps * (np.abs(a) @ np.abs(b))
        assert (error <= bound).all(), (m, n, k)


@every_element
def test_a_long_product_of_one_row_and_one_column(element: str) -> None:
    """1 + 2 + ... + 2000 = 2001000, exact in a float32 (below 2**24)."""
    a, b = np.arange(1, 2001)[None], np.ones((2000, 1))
    assert multiplied(element, a, b, 0, False).tolist() == [[2001000.0]]


@every_element
def test_a_product_replaces_what_stood_there(element: str) -> None:
    """Even nan, in whole tiles (20 columns) and in the masked rest (21)."""
    dtype = DTYPES[element][0]
    for n in (20, 21):
        a, b, out = np.eye(3, dtype=dtype), np.ones((3, n), dtype), np.full((3, n), nan, dtype)
        called(element, "product", "pipiipiiii", out, n, a, 3, 1, b, n, 3, 3, n)
        assert (out == 1.0).all()


@every_element
def test_a_product_passes_inf_and_nan_on_to_their_own_entries_alone(element: str) -> None:
    for n in (3, 16, 37):
        a, b = np.ones((4, 5)), np.ones((5, n))
        a[1, 2], b[3, n - 1] = inf, nan
        found = multiplied(element, a, b, 2, False)
        expected = np.full((4, n), 5.0)
        expected[1], expected[:, n - 1] = inf, nan
        np.testing.assert_array_equal(found, expected)


# --- transposes -----------------------------------------------------------------------------


@every_element
@pytest.mark.parametrize("more", [0, 5])
def test_transposes_are_exact(element: str, more: int) -> None:
    dtype = DTYPES[element][0]
    for rows, columns in sizes(40, 1, 7) + sizes(40, 3, 1) + [(16, 16), (32, 48), (1, 100)]:
        a = np.arange(1.0, rows * columns + 1.0).reshape(rows, columns)
        source = framed(a, columns + more, nan, dtype)
        out = framed(np.full((columns, rows), GUARD), rows + more, GUARD, dtype)
        called(element, "transpose", "pipiii", out[1:], out.shape[1], source[1:],
               source.shape[1], rows, columns)  # fmt: skip
        expected = framed(a.T, rows + more, GUARD, dtype)
        np.testing.assert_array_equal(out, expected)


@every_element
def test_a_transpose_copies_bits(element: str) -> None:
    """-0.0 stays negative, a subnormal is not flushed, nan and inf pass; 20 numbers a row."""
    dtype = DTYPES[element][0]
    tiny = np.finfo(dtype).smallest_subnormal
    a = np.resize(np.array([-0.0, tiny, -tiny, nan, inf, -inf, 1.0], dtype), (20, 20))
    out = np.empty_like(a)
    called(element, "transpose", "pipiii", out, 20, a, 20, 20, 20)
    assert out.tobytes() == np.ascontiguousarray(a.T).tobytes()


# --- padding and seeds ----------------------------------------------------------------------


@every_element
def test_padding_repeats_the_last_number_of_each_row(element: str) -> None:
    """Up to `width`, beyond which the guards stand; where all is there, nothing changes."""
    dtype = DTYPES[element][0]
    for columns, n, padded in sizes(40, 1, 7, 3):
        width = n + padded - 1
        a = np.arange(1.0, columns * n + 1.0).reshape(columns, n)
        rows = framed(a, width + 3, GUARD, dtype)
        called(element, "pad", "piiii", rows[1:], rows.shape[1], columns, n, width)
        repeated = np.hstack([a, np.repeat(a[:, -1:], width - n, axis=1)])
        np.testing.assert_array_equal(rows, framed(repeated, width + 3, GUARD, dtype))


@every_element
def test_a_seed_stands_at_the_samples_and_zero_in_the_padding(element: str) -> None:
    dtype = DTYPES[element][0]
    kinds = f"pii{element[0]}"
    for n in range(1, 41):
        for width in (n, n + 1, -(-n // 16) * 16):
            row = np.full(width + 2, GUARD, dtype)
            called(element, "seed", kinds, row[1:], n, width, 0.1)
            expected = [GUARD, *[dtype(0.1)] * n, *[0.0] * (width - n), GUARD]
            np.testing.assert_array_equal(row, np.array(expected, dtype))


# --- the check ------------------------------------------------------------------------------


def checked(element: str, D: Any, G: Any) -> float:
    """`checked` of two lists."""
    dtype = DTYPES[element][0]
    d, g = np.array(D, dtype), np.array(G, dtype)
    total: float = called(element, "checked", "pipi", d, len(d), g, len(g), result="d")
    return total


@every_element
def test_the_sum_is_one_of_doubles(element: str) -> None:
    """2**24 + 1 + 1 + ... : float32 would lose every 1."""
    for n in range(1, 41):
        assert checked(element, [2.0**24] + [1.0] * (n - 1), [1.0]) == 2.0**24 + n - 1


@every_element
@pytest.mark.parametrize("bad", [inf, -inf, nan])
def test_one_bad_entry_of_a_gradient_makes_the_sum_nan(element: str, bad: float) -> None:
    """Wherever it stands: first, in the middle of a register, in the numbers after the last."""
    for m in (1, 7, 8, 9, 16, 17, 33, 40):
        for i in range(m):
            gradient = [1.0] * m
            gradient[i] = bad
            assert isnan(checked(element, [3.0], gradient)), (m, i)


@every_element
def test_inf_and_minus_inf_do_not_cancel(element: str) -> None:
    """In one lane of two registers, and in two lanes of one."""
    for i in range(1, 40):
        gradient = [0.0] * 40
        gradient[0], gradient[i] = inf, -inf
        assert isnan(checked(element, [3.0], gradient))


@every_element
def test_a_gradient_of_any_finite_numbers_leaves_the_sum_alone(element: str) -> None:
    """Also of the largest ones, which would overflow were they added up."""
    limits = np.finfo(DTYPES[element][0])
    for m in range(41):
        gradient = np.resize([limits.max, limits.max, -0.0, limits.smallest_subnormal], m)
        assert checked(element, [1.5, 2.0], gradient) == 3.5


@every_element
def test_a_sum_that_is_not_finite_shows_it(element: str) -> None:
    assert checked(element, [1.0, inf], [1.0]) == inf
    assert isnan(checked(element, [nan, 1.0], [1.0]))
