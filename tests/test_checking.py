"""check_gradients finds wrong rules and says which; first_nonfinite finds where inf began."""

from __future__ import annotations

from math import inf, nan, sin
from typing import Any

import numpy as np
import pytest

import autograd_lite as al
from autograd_lite import Op, Value, check_gradients, first_nonfinite


def frozen(x: Any) -> float:
    """The number alone: a rule that uses it is right at first order only."""
    return x.data if isinstance(x, Value) else x


right_square = Op("right_square", lambda x: x * x, (lambda y, x: 2.0 * x,))
wrong_square = Op("wrong_square", lambda x: x * x, (lambda y, x: 3.0 * x,))
half_right_square = Op("half_right_square", lambda x: x * x, (lambda y, x: 2.0 * frozen(x),))
swapped = Op("swapped", lambda a, b: a * b * b, (lambda y, a, b: b * b, lambda y, a, b: a * b))


# --- what passes ------------------------------------------------------------------------


def test_right_derivatives_pass_in_silence(capsys: Any) -> None:
    assert check_gradients(right_square, 3.0) is None
    assert check_gradients(lambda x, y: al.sin(x) * y**3, 0.4, -2.0) is None
    assert capsys.readouterr() == ("", "")


def test_floats_nested_lists_and_vectors_are_taken() -> None:
    def f(w: Any, x: Any) -> Any:
        return al.tanh(al.dot(w[0], x, w[1]))

    check_gradients(f, [[0.5, -1.0], 0.25], [1.0, 2.0])
    check_gradients(f, ((0.5, -1.0), 0.25), np.array([1.0, 2.0]))


def test_a_constant_function_passes() -> None:
    check_gradients(lambda x: 7.0, 3.0)


def test_steep_and_flat_functions_pass() -> None:
    """The step is extrapolated to 0, so 1e-9 is reached for 1/x near 0 and for large x too."""
    check_gradients(lambda x: 1.0 / x, 0.25)
    check_gradients(al.exp, 5.0)
    check_gradients(al.log, 1e4)


def test_fast_functions_pass_with_the_smaller_steps_that_they_need() -> None:
    """sin(1e6 x) has 1e5 periods in a step of 1/16 of x = 1."""
    check_gradients(lambda x: al.sin(1e6 * x), 1.0)
    check_gradients(lambda x: al.sin(1e6 * x), 0.3)
    check_gradients(lambda x: al.sin(1e9 * x), 0.3, order=1)


def test_a_function_that_is_flat_from_the_first_step_on_passes() -> None:
    """tanh(1e4 x) is 1 at all of x = 1e-5 + 2**-4 ... 2**-9, without any doubt."""
    check_gradients(lambda x: al.tanh(1e4 * x), 1e-5)


@pytest.mark.parametrize(
    ("f", "x"),
    [(al.log, 1e-8), (al.log, 1e-300), (al.sqrt, 1e-6), (al.asin, 1.0 - 1e-7), (al.abs, 1e-5),
     (al.relu, -1e-5), (lambda x: 1.0 / x, 1e-5), (lambda x: al.clamp(x, -1.0, 1.0), 1.00001)],
)  # fmt: skip
def test_an_edge_or_a_kink_nearby_is_not_stepped_over(f: Any, x: float) -> None:
    check_gradients(f, x, order=1 if x == 1e-300 else 2)  # there log'' is -inf


def test_f_may_refuse_what_lies_outside_its_domain() -> None:
    def f(p: Any) -> Any:
        return al.losses.binary_cross_entropy([p], [0.25])  # a ValueError for p = 0.01 - 1/16

    check_gradients(f, 0.01)


# --- what is found -----------------------------------------------------------------------


def test_a_wrong_first_derivative_is_shown_with_both_numbers() -> None:
    """(x^2)' = 2x is 4 at 2; the rule says 3x = 6."""
    with pytest.raises(AssertionError) as error:
        check_gradients(wrong_square, 2.0)
    assert str(error.value) == ("order 1, argument 0: the rules give 6.0, central differences 4.0")


def test_a_wrong_second_derivative_is_found_at_order_2_alone() -> None:
    """A rule that is right on floats but freezes x on Values: 0 in place of 2."""
    check_gradients(half_right_square, 3.0, order=1)
    with pytest.raises(AssertionError) as error:
        check_gradients(half_right_square, 3.0)
    assert str(error.value) == (
        "order 2, argument 0 of the gradient by argument 0: the rules give 0.0, "
        "central differences 2.0"
    )


def test_the_wrong_argument_of_several_is_named() -> None:
    """a b^2 by b is 2 a b = 12 at (3, 2); the rule forgot the 2."""
    with pytest.raises(AssertionError) as error:
        check_gradients(swapped, 3.0, 2.0)
    assert str(error.value) == ("order 1, argument 1: the rules give 6.0, central differences 12.0")


def test_a_nested_argument_is_named_by_its_path() -> None:
    def f(x: Any, w: Any) -> Any:
        return x * w[0] + wrong_square(w[1][2])

    with pytest.raises(AssertionError, match=r"^order 1, argument 1\[1\]\[2\]: the rules give 9"):
        check_gradients(f, 1.0, [2.0, [5.0, 7.0, 3.0]])
    with pytest.raises(AssertionError, match=r"^order 1, argument 0\[1\]: the rules give 9"):
        check_gradients(lambda x: wrong_square(x[1]), np.array([1.0, 3.0]))


def test_a_mixed_second_derivative_names_both_arguments() -> None:
    """a b with a rule for b that freezes a: d/da (df/db) is 0 in place of 1."""
    row = Op("half_right", lambda a, b: a * b, (lambda y, a, b: b, lambda y, a, b: frozen(a)))
    with pytest.raises(AssertionError, match=r"^order 2, argument 0 of the gradient by argument 1"):
        check_gradients(row, 3.0, 2.0)


def test_an_error_of_a_millionth_of_a_percent_is_found() -> None:
    nearly = Op("nearly", lambda x: x * x, (lambda y, x: (2.0 + 2e-8) * x,))
    with pytest.raises(AssertionError, match="order 1"):
        check_gradients(nearly, 3.0)
    check_gradients(nearly, 3.0, rtol=1e-7)


def test_nan_never_passes() -> None:
    with pytest.raises(AssertionError, match="the rules give nan"):
        check_gradients(al.log, -1.0)
    silent = Op("silent", lambda x: x, (lambda y, x: nan,))
    with pytest.raises(AssertionError, match="order 1, argument 0: the rules give nan"):
        check_gradients(silent, 1.0)


def test_a_rule_that_is_left_out_is_found() -> None:
    missing = Op("missing", lambda a, b: a * b, (lambda y, a, b: b, None))
    with pytest.raises(AssertionError, match=r"argument 1: the rules give 0\.0, central"):
        check_gradients(missing, 2.0, 3.0)


def test_wrong_rules_are_found_at_small_and_fast_arguments_too() -> None:
    with pytest.raises(AssertionError, match=r"central differences 4e-05$"):
        check_gradients(wrong_square, 2e-5)
    # sin(u)^2 has the derivative sin(2 u) du/dx
    with pytest.raises(AssertionError, match=f"central differences {1e6 * sin(2e6):.7g}"):
        check_gradients(lambda x: wrong_square(al.sin(1e6 * x)), 1.0)


def test_steps_that_rounding_swallows_do_not_excuse_a_wrong_rule() -> None:
    """1e9 + x does not move over the smallest steps, as its wrong derivative says."""
    still = Op("still", lambda x: 1e9 + x, (lambda y, x: 0.0,))
    with pytest.raises(AssertionError, match=r"the rules give 0\.0, central differences 1\.0$"):
        check_gradients(still, 0.3)


def message(f: Any, x: float) -> str:
    with pytest.raises(AssertionError) as error:
        check_gradients(f, x)
    return str(error.value)


def test_a_kink_is_named_with_the_slopes_on_both_sides() -> None:
    """relu'(0) = 0 is a choice, the differences give the mean of 0 and 1."""
    assert message(al.relu, 0.0) == (
        "order 1, argument 0: the rules give 0.0, central differences 0.5; the slope is 0 on the "
        "left, 1 on the right: f has a kink there"
    )
    assert message(lambda x: 3.0 * al.clamp(x, -1.0, 1.0), 1.0).endswith(
        "the slope is 3 on the left, 0 on the right: f has a kink there"
    )


@pytest.mark.parametrize(("f", "order"), [(al.abs, 2), (al.step, 1)])
def test_differences_that_settle_nothing_say_so_with_their_steps(f: Any, order: int) -> None:
    """|x| has the gradient sign(x), which jumps as step(x) does: the quotients are 1/h."""
    text = message(f, 0.0)
    assert text.startswith(f"order {order}, argument 0")
    assert text.endswith(
        "with steps from 0.062 to 0.00012, which settles nothing: there f has a kink or a jump, "
        "or changes too fast or too roughly for such steps"
    )


@pytest.mark.parametrize(("f", "x"), [(al.log, 0.0), (al.asin, 1.0), (al.log, -1.0)])
def test_the_end_of_a_domain_is_named(f: Any, x: float) -> None:
    assert message(f, x).endswith(
        "central differences nan; with steps from 0.062 to 0.00012 f is no number on both sides "
        f"of {x}: its domain ends there"
    )


def test_a_wrong_rule_gets_no_excuse() -> None:
    assert message(wrong_square, 3.0).endswith("the rules give 9.0, central differences 6.0")


@pytest.mark.parametrize("order", [0, 3, -1, "2", None])
def test_another_order_is_a_value_error(order: Any) -> None:
    with pytest.raises(ValueError, match=f"order is {order!r}; it must be 1 or 2"):
        check_gradients(al.sin, 1.0, order=order)


def test_checking_touches_no_gradient() -> None:
    w = Value(2.0)
    w.grad = 7.0
    check_gradients(lambda x: x * x * w.data, 3.0)
    assert w.grad == 7.0


# --- first_nonfinite -----------------------------------------------------------------------


def test_a_finite_graph_has_no_such_node() -> None:
    assert first_nonfinite(Value(1e308) * 1.0) is None
    assert first_nonfinite(Value(1.0)) is None


def test_d1_the_first_node_that_is_not_finite_is_named_with_its_operands() -> None:
    x, y = Value(1.0, label="x"), Value(0.0, label="y")
    z = (x / y) * 2.0 - 5.0
    assert first_nonfinite(z.exp()) == "div(x = 1.0, y = 0.0) = inf"


def test_a_labelled_node_is_named_too() -> None:
    x = Value(-4.0, label="x")
    root = al.sqrt(x)
    root.label = "root"
    assert first_nonfinite(root + 1.0) == "root = sqrt(x = -4.0) = nan"


def test_operands_without_a_label_and_plain_numbers_show_their_values() -> None:
    assert first_nonfinite(Value(1e200) * 1e200) == "mul(1e+200, 1e+200) = inf"
    assert first_nonfinite(Value(2.0) + inf) == "add(2.0, inf) = inf"


def test_rows_of_many_arguments_show_all_of_them() -> None:
    w, x = Value(1e200, label="w"), Value(1e200, label="x")
    assert first_nonfinite(al.dot([w], [x], 1.0)) == "dot(w = 1e+200, x = 1e+200, 1.0) = inf"


def test_a_leaf_that_is_not_finite_is_the_first_node() -> None:
    w = Value(nan, label="w")
    assert first_nonfinite(w * 2.0) == "the leaf w = nan"
    assert first_nonfinite(Value(inf) * 2.0) == "the leaf without a label = inf"


def test_d1_of_two_the_one_that_was_computed_first_is_named() -> None:
    """First in topological order, first parents first."""
    a, b = Value(0.0, label="a"), Value(-1.0, label="b")
    assert first_nonfinite(al.log(a) + al.log(b)) == "log(a = 0.0) = -inf"
    assert first_nonfinite(al.log(b) + al.log(a)) == "log(b = -1.0) = nan"


def test_a_value_that_recovers_is_still_found() -> None:
    """1 / inf is 0 again: the overflow is what went wrong."""
    x = Value(800.0, label="x")
    assert first_nonfinite(1.0 / al.exp(x)) == "exp(x = 800.0) = inf"


def test_deep_graphs_are_walked_without_recursion() -> None:
    x = Value(1e308, label="x")
    y = x + 0.0
    for _ in range(20_000):
        y = y * 1.0
    assert first_nonfinite(y) is None
    assert first_nonfinite(y * 10.0) == "mul(1e+308, 10.0) = inf"
