"""Rows O1 to O20 of the semantics: what operators and constructors accept and refuse.

Every refusal is tested with its text: an error names what came in and the way out.
"""

from __future__ import annotations

import math
import operator
import re
from collections.abc import Callable
from decimal import Decimal
from fractions import Fraction
from math import copysign, inf, isnan, log, nan
from typing import Any

import numpy as np
import pytest

import autograd_lite as al
from autograd_lite import Value

ARITHMETIC = [operator.add, operator.sub, operator.mul, operator.truediv, operator.pow]
COMPARISONS = [operator.gt, operator.lt, operator.ge, operator.le]
OPERATORS = ARITHMETIC + COMPARISONS
CONCATENATE_OR_REPEAT = [operator.add, operator.mul]
UNSUPPORTED = [operator.floordiv, operator.mod, operator.matmul, divmod]
SYMBOLS = {
    operator.add: "+", operator.sub: "-", operator.mul: "*", operator.truediv: "/",
    operator.pow: "**", operator.gt: ">", operator.lt: "<", operator.ge: ">=",
    operator.le: "<=", operator.floordiv: "//", operator.mod: "%", operator.matmul: "@",
    divmod: "divmod",
}  # fmt: skip

Operator = Callable[[Any, Any], Any]

for_each_operator = pytest.mark.parametrize("apply", OPERATORS, ids=lambda f: f.__name__)


def same(got: float, expected: float) -> bool:
    """Equal bit for bit, any nan equal to any other."""
    return type(got) is float and (got.hex() == float(expected).hex() or isnan(got + expected))


# --- O1 to O5: powers, poles, overflow -------------------------------------------------


def test_o1_value_to_the_power_of_a_value() -> None:
    """d(a**b) = (b a**(b-1), a**b ln a): at (2, 3) that is (12, 8 ln 2)."""
    a, b = Value(2.0), Value(3.0)
    y = a**b
    y.backward()
    assert (y.data, a.grad) == (8.0, 12.0)
    assert b.grad == pytest.approx(8.0 * log(2.0), rel=1e-15)


@pytest.mark.parametrize("base", [2, 2.0, np.float64(2.0), Fraction(2)])
def test_o1_number_to_the_power_of_a_value(base: Any) -> None:
    b = Value(3.0)
    y = base**b
    y.backward()
    assert y.data == 8.0
    assert b.grad == pytest.approx(8.0 * log(2.0), rel=1e-15)


@pytest.mark.parametrize("exponent", [3, 3.0, np.int64(3), Fraction(3)])
def test_o1_value_to_the_power_of_a_number(exponent: Any) -> None:
    a = Value(2.0)
    y = a**exponent
    y.backward()
    assert (y.data, a.grad) == (8.0, 12.0)


def test_o1_pow_with_a_modulus_is_a_type_error() -> None:
    assert pow(Value(2.0), 3).data == 8.0
    with pytest.raises(TypeError, match="pow"):
        pow(Value(2.0), 2, 3)


@pytest.mark.parametrize(
    "y",
    [
        Value(-2) ** 0.5,
        Value(-8) ** (1 / 3),
        Value(-8) ** Value(1 / 3),
        (-8) ** Value(1 / 3),
        (-8.0) ** Value(1 / 3),
    ],
    ids=lambda y: y._op,
)
def test_o2_a_root_of_a_negative_number_is_nan_never_complex(y: Value) -> None:
    y.backward()
    assert type(y.data) is float
    assert isnan(y.data)
    for parent in y.parents:
        assert isinstance(parent, float) or (type(parent.grad) is float and isnan(parent.grad))


@pytest.mark.parametrize(
    ("f", "x", "value", "derivative"),
    [
        (lambda x: x**-1, 0.0, inf, -inf),
        (lambda x: 1 / x, 0, inf, -inf),
        (lambda x: x / 0, 1.0, inf, inf),
        (lambda x: x / 0.0, -1.0, -inf, inf),
        (lambda x: x / -0.0, 1.0, -inf, -inf),
        (lambda x: x**0.0, 0.0, 1.0, 0.0),
        (lambda x: x**0, 0, 1.0, 0.0),
        (lambda x: x**0.5, 0.0, 0.0, inf),
        (lambda x: 0 * x, inf, nan, 0.0),
    ],
)
def test_o3_poles_give_ieee_values_and_no_exception(
    f: Callable[[Value], Value], x: float, value: float, derivative: float
) -> None:
    v = Value(x)
    y = f(v)
    y.backward()
    assert same(y.data, value)
    assert same(v.grad, derivative)


def test_o4_overflow_is_inf() -> None:
    assert (Value(1e200) ** 2).data == inf
    assert (Value(-1e200) ** 3).data == -inf
    assert (Value(1e200) * 1e200).data == inf
    assert al.exp(Value(1000.0)).data == inf
    assert (10.0 ** Value(400.0)).data == inf


def test_o4_division_is_a_true_division() -> None:
    """a * b**-1 would overflow in the first and round twice in the second."""
    assert (Value(1e-310) / Value(1e-310)).data == 1.0
    assert (Value(49.0) / Value(49.0)).data == 1.0
    for b in range(1, 200):
        assert (Value(1.0) / b).data == 1.0 / b
        assert (7.0 / Value(b)).data == 7.0 / b


@pytest.mark.parametrize("number", [10**400, -(10**400), Fraction(10**400, 3)])
def test_o5_a_number_beyond_floats_is_an_overflow_error(number: Any) -> None:
    with pytest.raises(OverflowError, match="too large"):
        Value(number)
    v = Value(1.0)
    with pytest.raises(OverflowError, match="too large"):
        v.data = number
    assert v.data == 1.0


@for_each_operator
@pytest.mark.parametrize("number", [10**400, Fraction(10**400, 3)], ids=["int", "Fraction"])
def test_o5_a_number_beyond_floats_overflows_in_every_operator(
    apply: Operator, number: Any
) -> None:
    with pytest.raises(OverflowError, match="too large"):
        apply(Value(2.0), number)
    with pytest.raises(OverflowError, match="too large"):
        apply(number, Value(2.0))


# --- O6 to O11: what becomes a float --------------------------------------------------


def test_o6_ints_become_floats_at_construction() -> None:
    assert type(Value(3).data) is float
    assert type(Value(-1).relu().data) is float
    assert same((Value(0) * -1).data, -0.0)
    assert Value(2**53 + 1).data == 2.0**53  # the nearest float, ties to even
    assert (Value(7) ** 1000).data == inf  # an int power would have 846 digits


def test_o7_bools_are_0_and_1() -> None:
    assert same(Value(True).data, 1.0)
    assert same(Value(False).data, 0.0)
    assert (Value(True) + Value(True)).data == 2.0
    assert (True + Value(2.0)).data == (Value(2.0) + True).data == 3.0


NOT_NUMBERS = ["1.0", "", b"1", bytearray(b"1"), None, [1.0], [], (1.0,), {}, {"a": 1}, {1},
               object(), len, float, 1j, 0j, ..., range(3)]  # fmt: skip


def kind(thing: Any) -> str:
    return type(thing).__name__


@pytest.mark.parametrize("thing", NOT_NUMBERS, ids=kind)
def test_o8_o9_no_value_is_made_of_what_is_not_a_real_number(thing: Any) -> None:
    with pytest.raises(TypeError, match=f"a real number is needed, got {kind(thing)}: "):
        Value(thing)


def test_o8_a_long_thing_does_not_flood_the_error() -> None:
    with pytest.raises(TypeError) as caught:
        Value("x" * 10_000)
    assert len(str(caught.value)) < 200


@for_each_operator
@pytest.mark.parametrize("thing", NOT_NUMBERS, ids=kind)
def test_o8_o9_every_operator_refuses_what_is_not_a_real_number(
    apply: Operator, thing: Any
) -> None:
    """Python's own text, because the operators return NotImplemented; both types are named."""
    text = rf"{re.escape(SYMBOLS[apply])}.*('Value'.*{kind(thing)}|{kind(thing)}.*'Value')"
    if isinstance(thing, (str, bytes, bytearray, list, tuple)) and apply in CONCATENATE_OR_REPEAT:
        text = "Value"  # sequences speak first: "can't multiply sequence by ... 'Value'"
    with pytest.raises(TypeError, match=text):
        apply(Value(2.0), thing)
    with pytest.raises(TypeError, match=text):
        apply(thing, Value(2.0))


@pytest.mark.parametrize("thing", NOT_NUMBERS, ids=kind)
@pytest.mark.parametrize(
    "function",
    [
        lambda thing: al.exp(thing),
        lambda thing: al.maximum(Value(1.0), thing),
        lambda thing: al.where(True, Value(1.0), thing),
        lambda thing: al.sum([Value(1.0), thing]),
        lambda thing: al.dot([Value(1.0)], [thing]),
        lambda thing: al.leaky_relu(Value(1.0), thing),
        lambda thing: al.atan2(thing, Value(1.0)),
    ],
)
def test_o8_o9_functions_refuse_what_is_not_a_real_number(
    function: Callable[[Any], Any], thing: Any
) -> None:
    with pytest.raises(TypeError, match=f"a real number is needed, got {kind(thing)}: "):
        function(thing)


def test_o9_numpys_complex_numbers_are_refused_by_name() -> None:
    with pytest.raises(TypeError, match="a real number is needed, got complex128"):
        Value(np.complex128(1j))
    for apply in OPERATORS:
        with pytest.raises(TypeError, match=r"complex128|complex"):
            apply(Value(2.0), np.complex128(1j))
        with pytest.raises(TypeError, match=r"complex128|complex"):
            apply(np.complex128(1j), Value(2.0))


DECIMAL_HINT = r"Decimal\('1\.5'\).*float\("


def test_o10_a_decimal_is_refused_with_the_way_out() -> None:
    with pytest.raises(TypeError, match=DECIMAL_HINT):
        Value(Decimal("1.5"))


@for_each_operator
def test_o10_every_operator_refuses_a_decimal_with_the_way_out(apply: Operator) -> None:
    with pytest.raises(TypeError, match=DECIMAL_HINT):
        apply(Value(2.0), Decimal("1.5"))
    with pytest.raises(TypeError, match=DECIMAL_HINT):
        apply(Decimal("1.5"), Value(2.0))


def test_o10_a_fraction_becomes_a_float() -> None:
    assert same(Value(Fraction(1, 3)).data, 1 / 3)


@for_each_operator
def test_o10_every_operator_takes_a_fraction(apply: Operator) -> None:
    for left, right in [(Value(2.0), Fraction(1, 3)), (Fraction(1, 3), Value(2.0))]:
        y = apply(left, right)
        assert type(y) is Value
        plain = [1 / 3 if isinstance(x, Fraction) else x.data for x in (left, right)]
        assert same(y.data, float(apply(*plain)))


def test_o11_d11_a_value_of_a_value_names_detach() -> None:
    with pytest.raises(TypeError, match=r"detach\(\)"):
        Value(Value(1.0))


# --- O12, O13: NumPy ------------------------------------------------------------------

SCALARS = [np.float64(2.0), np.float32(2.0), np.float16(2.0), np.int64(2), np.uint8(2), np.bool_(1)]
ZERO_DIMENSIONAL = [np.array(2.0), np.array(2, dtype=np.int32), np.array(True), np.array(2.0, "f4")]


@for_each_operator
@pytest.mark.parametrize("number", SCALARS + ZERO_DIMENSIONAL, ids=lambda x: f"{kind(x)}-{x.dtype}")
def test_o12_every_operator_takes_numpy_scalars_on_both_sides(apply: Operator, number: Any) -> None:
    for on_the_left in (True, False):
        v = Value(3.0)
        left, right = (number, v) if on_the_left else (v, number)
        y = apply(left, right)
        plain = [x.data if isinstance(x, Value) else float(x) for x in (left, right)]
        assert type(y) is Value
        assert same(y.data, float(apply(*plain)))
        assert all(isinstance(p, Value) or type(p) is float for p in y.parents)
        y.backward()
        assert type(v.grad) is float
        if apply in ARITHMETIC:
            assert v.grad != 0.0 or plain[0] == 1.0  # 1**v is flat


@pytest.mark.parametrize("number", SCALARS + ZERO_DIMENSIONAL, ids=lambda x: f"{x.dtype}")
def test_o12_numpy_scalars_become_floats(number: Any) -> None:
    assert same(Value(number).data, float(number))
    v = Value(0.0)
    v.data = number
    assert same(v.data, float(number))
    assert type(al.exp(number)) is float


def test_o12_a_float32_is_taken_as_the_number_it_is() -> None:
    assert Value(np.float32(0.1)).data == 0.10000000149011612  # 13421773 / 2**27


def test_o12_entries_of_an_array_work_one_by_one() -> None:
    """sum of x**2 over the entries: the gradient is 2x."""
    xs = np.array([1.0, -2.0])
    values = list(map(Value, xs))
    loss = sum(((v * x) for v, x in zip(values, xs, strict=True)), Value(0.0))
    loss.backward()
    assert loss.data == 5.0
    assert [v.grad for v in values] == [1.0, -2.0]


ARRAYS = [np.array([1.0, 2.0]), np.array([[1, 2], [3, 4]]), np.array([1.0]), np.zeros(0),
          np.array([True, False])]  # fmt: skip


@pytest.mark.parametrize("array", ARRAYS, ids=lambda a: f"{a.shape}")
def test_o13_an_array_is_not_a_value(array: Any) -> None:
    with pytest.raises(TypeError, match=r"array of shape \(.*al\.compile"):
        Value(array)


@for_each_operator
@pytest.mark.parametrize("array", ARRAYS, ids=lambda a: f"{a.shape}")
def test_o13_every_operator_refuses_arrays_and_names_compile(apply: Operator, array: Any) -> None:
    with pytest.raises(TypeError, match=r"array of shape \(.*al\.compile"):
        apply(Value(2.0), array)
    with pytest.raises(TypeError, match=r"array of shape \(.*al\.compile"):
        apply(array, Value(2.0))


@pytest.mark.parametrize("array", [np.array(["a"]), np.array([1j]), np.array([None])])
def test_o13_arrays_of_other_things_are_type_errors(array: Any) -> None:
    with pytest.raises(TypeError, match="real number is needed, got ndarray"):
        Value(array)
    with pytest.raises(TypeError, match="real number is needed, got ndarray"):
        Value(2.0) * array


# --- O14 to O20: what a Value does not pretend to be ----------------------------------


def test_o14_float_and_math_functions_name_the_way_out() -> None:
    v = Value(2.0)
    with pytest.raises(TypeError, match=r"al\.exp.*v\.item"):
        float(v)
    with pytest.raises(TypeError, match=r"al\.exp.*v\.item"):
        math.exp(v)


def test_o14_int_complex_and_index_are_type_errors() -> None:
    v: Any = Value(2.0)
    with pytest.raises(TypeError, match=r"int\(\).*'Value'"):
        int(v)
    with pytest.raises(TypeError, match=r"v\.item"):
        complex(v)
    with pytest.raises(TypeError, match="'Value' object cannot be interpreted as an integer"):
        range(v)
    with pytest.raises(TypeError, match="Value"):
        [1, 2, 3][v]


@pytest.mark.parametrize("ufunc", [np.exp, np.sin, np.sqrt, np.abs, np.negative])
def test_o14_numpys_functions_are_type_errors(ufunc: Any) -> None:
    with pytest.raises(TypeError, match=r"'Value' does not support ufuncs"):
        ufunc(Value(2.0))
    with pytest.raises(TypeError, match=r"'Value' does not support ufuncs"):
        np.add(np.array([1.0]), Value(2.0))


@for_each_operator
def test_o15_two_values_compare_and_compute_as_their_numbers(apply: Operator) -> None:
    for a in (-1.5, 0.0, 2.0):
        for b in (-1.5, 1.0, 2.0):
            if apply is operator.pow and (a <= 0.0 and b != 2.0):
                continue  # a pole or nan, where Python's own operator raises or is complex
            assert same(apply(Value(a), Value(b)).data, float(apply(a, b)))


def test_o15_max_min_and_sorted_pick_the_values_themselves() -> None:
    a, b, c = Value(3.0), Value(-1.0), Value(2.0)
    assert max(a, b, c) is a
    assert min([a, b, c]) is b
    assert max(b, 0.5) == 0.5
    ordered = sorted([a, b, c])
    assert [id(v) for v in ordered] == [id(v) for v in (b, c, a)]


def test_o15_builtin_max_does_not_split_a_tie() -> None:
    a, b = Value(1.0), Value(1.0)
    max(a, b).backward()
    assert (a.grad, b.grad) == (1.0, 0.0)
    a.grad = 0.0
    al.maximum(a, b).backward()
    assert (a.grad, b.grad) == (0.5, 0.5)


def test_o16_equality_and_hash_are_identity() -> None:
    a, b = Value(1.0), Value(1.0)
    assert (a == a) is True
    assert (a == b) is False
    assert (a == 1.0) is False
    assert operator.eq(1.0, a) is False
    assert (a != 1.0) is True
    assert (np.float64(1.0) == a) is False
    assert hash(a) == hash(a)
    assert len({a, b, a}) == 2
    assert {a: "a", b: "b"}[b] == "b"


def test_o16_in_and_index_find_by_identity() -> None:
    a, b = Value(1.0), Value(1.0)
    assert a in [b, a]
    assert a not in [b, 1.0]
    assert [b, a].index(a) == 1


def test_o16_changing_data_does_not_change_the_hash() -> None:
    a = Value(1.0)
    known = {a}
    a.data = 2.0
    assert a in known


@pytest.mark.parametrize("v", [Value(0.0), Value(1.0), Value(1.0) + 1.0, al.step(Value(1.0))])
def test_o17_the_truth_of_a_value_is_a_type_error(v: Value) -> None:
    for ask in (bool, lambda v: not v, lambda v: 1 if v else 2, lambda v: v and 1):
        with pytest.raises(TypeError, match=r"truth.*v\.data"):
            ask(v)


def test_o18_abs_and_plus_work() -> None:
    """|x|' = sign x; +x is x itself."""
    v = Value(-2.0)
    y = abs(v) * 3.0
    y.backward()
    assert (y.data, v.grad) == (6.0, -3.0)
    assert (+v).data == -2.0
    (+v).backward()
    assert v.grad == -2.0


@pytest.mark.parametrize("apply", UNSUPPORTED, ids=lambda f: f.__name__)
@pytest.mark.parametrize("number", [2, 2.0, True, Fraction(1, 2), Value(2.0)], ids=kind)
def test_o18_other_operators_are_type_errors(apply: Operator, number: Any) -> None:
    with pytest.raises(
        TypeError, match=rf"unsupported operand.*{re.escape(SYMBOLS[apply])}.*Value"
    ):
        apply(Value(3.0), number)
    with pytest.raises(
        TypeError, match=rf"unsupported operand.*{re.escape(SYMBOLS[apply])}.*Value"
    ):
        apply(number, Value(3.0))


@pytest.mark.parametrize("apply", UNSUPPORTED, ids=lambda f: f.__name__)
@pytest.mark.parametrize("number", [np.float64(2.0), np.int64(2), np.array([1.0])], ids=kind)
def test_o18_other_operators_are_type_errors_for_numpy_too(apply: Operator, number: Any) -> None:
    with pytest.raises(TypeError, match="Value"):
        apply(Value(3.0), number)
    with pytest.raises(TypeError, match="Value"):
        apply(number, Value(3.0))


@pytest.mark.parametrize("function", [round, math.floor, math.ceil, math.trunc, operator.invert])
def test_o18_rounding_and_inverting_are_type_errors(function: Callable[[Any], Any]) -> None:
    with pytest.raises(TypeError, match=r"Value|v\.data"):
        function(Value(2.5))


@pytest.mark.parametrize("apply", [operator.and_, operator.or_, operator.xor, operator.lshift])
def test_o18_bitwise_operators_are_type_errors(apply: Operator) -> None:
    with pytest.raises(TypeError, match=r"unsupported operand.*Value"):
        apply(Value(2.0) > 1.0, Value(2.0) > 1.0)


@pytest.mark.parametrize(
    ("use", "text"),
    [
        (iter, "'Value' object is not iterable"),
        (list, "'Value' object is not iterable"),
        (lambda v: [*v], "Value.*iterable"),
        (lambda v: 1.0 in v, "argument of type 'Value' is not iterable|not a container"),
        (len, r"'Value' has no len\(\)"),
        (lambda v: v[0], "'Value' object is not subscriptable"),
        (lambda v: v[:], "'Value' object is not subscriptable"),
        (reversed, "'Value' object is not reversible"),
        (next, "'Value' object is not an iterator"),
        (lambda v: v(), "'Value' object is not callable"),
        (sum, "'Value' object is not iterable"),
        (al.sum, "'Value' object is not iterable"),
    ],
)
def test_o19_a_value_is_no_sequence(use: Callable[[Any], Any], text: str) -> None:
    with pytest.raises(TypeError, match=text):
        use(Value(2.0))


@pytest.mark.parametrize("name", ["labels", "requires_grad", "size", "foo"])
def test_o19_unknown_attributes_are_errors(name: str) -> None:
    v = Value(2.0)
    with pytest.raises(AttributeError, match=name):
        getattr(v, name)
    with pytest.raises(AttributeError, match=name):
        setattr(v, name, 1.0)


def test_o20_the_sum_of_nothing_is_a_value_of_0() -> None:
    y = al.sum([])
    assert type(y) is Value
    assert same(y.data, 0.0)
    assert sum([]) == 0


@pytest.mark.parametrize(
    "function",
    [
        lambda: al.logsumexp([]),
        lambda: al.softmax([]),
        lambda: al.log_softmax([]),
        lambda: al.maximum(),
        lambda: al.minimum(),
    ],
)
def test_o20_other_functions_of_nothing_are_value_errors(function: Callable[[], Any]) -> None:
    with pytest.raises(ValueError, match=r"undefined"):
        function()


def test_o20_sum_rounds_as_a_chain_of_additions() -> None:
    """1e16 + 1 + 1 is 1e16 left to right; a compensated sum would find 1e16 + 2."""
    numbers = [1e16, 1.0, 1.0, -1e16, 0.1]
    chain = (((1e16 + 1.0) + 1.0) + -1e16) + 0.1
    values = [Value(x) for x in numbers]
    assert same(al.sum(values).data, chain)
    assert same(al.sum(numbers), chain)
    builtin: Any = sum(values)
    assert same(builtin.data, chain)


def test_functions_of_floats_give_floats() -> None:
    assert same(al.relu(-1), 0.0)
    assert same(al.maximum(1, True, 2.0), 2.0)
    assert same(al.sum([1, 2]), 3.0)
    assert same(al.dot([1, 2], [3, 4], bias=5), 16.0)


def test_a_wrong_number_of_arguments_is_a_type_error() -> None:
    with pytest.raises(TypeError, match="atan2 takes 2 arguments, got 1"):
        al.atan2(Value(1.0))
    with pytest.raises(TypeError, match=r"exp takes 1 arguments?, got 2"):
        al.exp(1.0, 2.0)


def test_dot_of_unequal_lengths_names_both() -> None:
    with pytest.raises(ValueError, match="2 weights but 3 inputs"):
        al.dot([Value(1.0)] * 2, [1.0, 2.0, 3.0])


def test_a_constant_argument_cannot_be_a_value() -> None:
    with pytest.raises(TypeError, match=r"clamp.*constant.*\.data"):
        al.OPS["clamp"](Value(1.0), Value(0.0), 1.0)
    with pytest.raises(TypeError, match=r"leaky_relu.*constant.*\.data"):
        al.leaky_relu(Value(1.0), Value(0.1))
    with pytest.raises(ValueError, match=r"lo = 1.* above hi = 0"):
        al.clamp(Value(1.0), 1.0, 0.0)


@pytest.mark.parametrize("sign", [1.0, -1.0])
def test_signed_zeros_survive_construction_and_negation(sign: float) -> None:
    v = Value(copysign(0.0, sign))
    assert same(v.data, copysign(0.0, sign))
    assert same((-v).data, copysign(0.0, -sign))
