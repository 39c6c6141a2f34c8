"""The mutation test of the table works: it makes the changes it names, and tests notice them.

The whole of it is a command, `python -m tests.mutation`; here are its parts.
"""

from __future__ import annotations

import ast
import re
import signal
import time
from collections.abc import Callable
from functools import cache

import pytest
from mutation import report
from mutation.child import BROKEN, Ending, done
from mutation.edits import edits, renamed
from mutation.kernels import kernel_mutants, texts
from mutation.mutants import FUNCTIONS, Mutant, mutants, reached, users, written
from mutation.sample import differs, measured
from mutation.trial import EQUIVALENT, KILLED, SUBSET, SURVIVED, TESTS, Trial, Verdict
from processes import output, python

from autograd_lite import OPS

# --- changes to code ------------------------------------------------------------------


def changed(source: str) -> list[str]:
    """The code of every mutant of an expression."""
    return [ast.unparse(mutant) for _, mutant in edits(ast.parse(source, mode="eval"))]


@pytest.mark.parametrize(
    ("source", "expected"),
    [
        ("y * x", ["y", "x"]),
        ("y / x", ["y", "1.0 / x"]),
        ("y + x", ["y - x"]),
        ("y - x", ["y + x"]),
        ("-x", ["x"]),
        ("x ** 2.0", ["x ** 3.0"]),
        ("inf", ["1.0"]),
        ("exp(x)", ["x"]),
        ("power(x, c)", ["power(c, x)"]),
        ("div(y, b)", ["y", "div(1.0, b)", "div(b, y)"]),
        ("greater(x, lo)", ["greater_equal(x, lo)", "greater(lo, x)"]),
        ("where(c, a, b)", ["where(a, c, b)", "where(b, a, c)", "where(c, b, a)"]),
        ("a > b", ["a >= b"]),
        ("a and b", ["a or b"]),
        ("lambda y, x: y * (1.0 - y)",
         ["lambda y, x: y", "lambda y, x: 1.0 - y", "lambda y, x: y * (1.0 + y)",
          "lambda y, x: y * (2.0 - y)"]),
        ("y", []),
    ],
)  # fmt: skip
def test_the_mutants_of_an_expression(source: str, expected: list[str]) -> None:
    assert changed(source) == expected


def test_a_mutant_of_a_function_differs_in_one_place_and_leaves_the_function_alone() -> None:
    function = ast.parse("def f(y, x):\n    r = 1.0 / x\n    return r * r\n").body[0]
    before = ast.dump(function)
    found = [ast.unparse(mutant).splitlines()[1:] for _, mutant in edits(function)]
    assert found == [
        ["    r = 1.0", "    return r * r"],
        ["    r = 1.0 / x", "    return r"],
        ["    r = 1.0 / x", "    return r"],
        ["    r = 2.0 / x", "    return r * r"],
    ]
    assert ast.dump(function) == before


def test_names_are_exchanged_everywhere_at_once() -> None:
    assert ast.unparse(renamed(ast.parse("a * a + b", mode="eval"), "a", "b")) == "b * b + a"


def test_the_mutants_of_a_kernel_are_kernels() -> None:
    found = [kernel for _, kernel in texts("{0} / (1.0 + {1})")]
    assert found == [
        "-({0} / (1.0 + {1}))", "{0}", "1.0 / (1.0 + {1})", "{0} / (1.0 - {1})",
        "{0} / (2.0 + {1})", "{1} / (1.0 + {0})",
    ]  # fmt: skip
    assert [*texts("")] == []


# --- mutants of the table -------------------------------------------------------------


@cache
def all_mutants() -> list[Mutant]:
    return [*mutants(), *kernel_mutants()]


def the(row: str, part: str, change: str) -> Mutant:
    """The one mutant with this name."""
    (found,) = (m for m in all_mutants() if m[:3] == ((row,), part, change))
    return found


def after(mutant: Mutant, claim: Callable[[], object]) -> Ending:
    """What a claim gives where a mutant is installed."""

    def work() -> Ending:
        mutant.install()
        return Ending(0, repr(claim()))

    return done(work, 20)


@pytest.mark.parametrize(
    ("part", "change", "expected"),
    [
        ("rules[0]", "no edge", "(None, 2.0)"),
        ("rules[0]", "sign flipped", "(-3.0, 2.0)"),
        ("rules[1]", "y and argument 0 exchanged", "(3.0, 6.0)"),
        ("rules[1]", "argument 0 and argument 1 exchanged", "(3.0, 3.0)"),
    ],
)
def test_a_rule_is_changed_as_it_says_and_in_the_child_alone(
    part: str, change: str, expected: str
) -> None:
    """y = ab = 6 at (2, 3), with the derivatives b = 3 and a = 2."""
    mutant = the("mul", part, change)
    assert after(mutant, lambda: OPS["mul"].partials(6.0, 2.0, 3.0)) == (0, expected)
    assert OPS["mul"].partials(6.0, 2.0, 3.0) == (3.0, 2.0)


def test_rules_that_are_one_function_are_changed_by_the_argument() -> None:
    """The derivatives of w x + b at (2, 3, 5) are 3, 2 and 1."""
    mutant = the("dot", "rules[1]", "sign flipped")
    assert after(mutant, lambda: OPS["dot"].partials(11.0, 2.0, 3.0, 5.0)) == (
        0,
        "(3.0, -2.0, 1.0)",
    )


def test_a_rule_rewritten_from_its_source_still_sees_the_table() -> None:
    """sqrt' = 0.5 / y; at 4 that is 1/4, and y / 0.5 is 4."""
    mutant = the("sqrt", "rules", "div(0.5, y) -> div(y, 0.5)")
    assert after(mutant, lambda: OPS["sqrt"].partials(2.0, 4.0)) == (0, "(4.0,)")


def test_a_function_of_the_table_is_changed_for_the_rows_that_call_it() -> None:
    assert {"half_squared_error", "cross_entropy", "log_loss"} <= set(users("_halves"))
    assert "dot" not in users("_halves")
    assert users("_inside") == tuple(row.name for row in OPS.values() if row.domain)
    assert {"_normal", "_lowered", "_zero"} <= reached(written(OPS["pow"])["rules"])


def test_every_rule_of_every_row_has_mutants() -> None:
    """Of its sign and of its edge, for each argument that a derivative passes to."""
    whole = {(m.rows, m.part, m.change) for m in all_mutants()}
    for row in OPS.values():
        rules = row.rules if isinstance(row.rules, tuple) else (row.rules,)
        for i, rule in enumerate(rules):
            for change in ("no edge", "sign flipped"):
                assert (((row.name,), f"rules[{i}]", change) in whole) == (rule is not None)
    unreached = FUNCTIONS.keys() - {m.part for m in all_mutants()}
    # no derivatives among them
    assert unreached == {"shipped", "_shipped_fixed", "_check_rules", "to_float"}


def test_every_kernel_has_mutants() -> None:
    parts = {(m.rows[0], m.part.split("[")[0]) for m in all_mutants()}
    for row in OPS.values():
        for name in ("array", "array_rules", "shared"):
            assert ((row.name, name) in parts) == bool(getattr(row, name)), (row, name)


# --- what counts ----------------------------------------------------------------------


@pytest.mark.parametrize(
    ("row", "part", "change", "counts"),
    [
        ("mul", "rules[0]", "sign flipped", True),
        ("exp", "rules[0]", "no edge", True),
        ("abs", "select", "True -> False", True),  # a derivative of 0.0 would be an edge
        ("div", "array", "{1} / {0}", True),
        ("div", "rules[0]", "y and argument 0 exchanged", False),  # 1/b reads neither
        ("add", "array", "{1} + {0}", False),
    ],
)
def test_a_mutant_counts_where_some_number_differs(
    row: str, part: str, change: str, counts: bool
) -> None:
    of_table = list(measured(OPS[row]))
    mutant = the(row, part, change)
    assert after(mutant, lambda: differs(OPS[row], of_table)) == (0, repr(counts))
    assert not differs(OPS[row], of_table)


# --- the trial ------------------------------------------------------------------------


def test_a_child_that_raises_or_hangs_is_told_apart_from_one_that_ends() -> None:
    def hang() -> Ending:
        while True:
            time.sleep(1.0)

    assert done(lambda: Ending(7, "words"), 20) == (7, "words")
    assert done(lambda: Ending(1 // 0, ""), 20).status == BROKEN
    assert done(hang, 1) == (-signal.SIGALRM, "signal SIGALRM")


TRIAL = r"""
import sys
sys.path.insert(0, "tests")
from mutation.mutants import mutants
from mutation.trial import run

flipped = [m for m in mutants() if m[:3] == (("sin",), "rules[0]", "sign flipped")]
for test in ("test_first_derivatives", "test_recording"):
    trial = run(flipped, tests={"test_table.py": test + r".*\[sin\]"})
    print([(v.killed, v.survived, v.ending.words) for v in trial.verdicts])
"""


def test_a_wrong_sine_rule_is_killed_by_a_test_of_derivatives_and_by_no_other() -> None:
    """That a node records what its row says is as true of a wrong rule."""
    test = "tests/test_table.py::test_first_derivatives_equal_differences_at_forty_digits[sin]"
    assert output(python(TRIAL)).splitlines() == [
        repr([(True, False, test)]),
        repr([(False, True, "")]),
    ]


def test_every_stated_file_has_tests_whose_names_begin_as_stated() -> None:
    """A test that is renamed would silently leave the subset."""
    for file, beginning in SUBSET.items():
        names = re.findall(r"^def (test_\w+)", (TESTS / file).read_text(), re.MULTILINE)
        assert any(re.match(beginning, name) for name in names), file


@pytest.mark.parametrize(
    ("statuses", "code", "line"),
    [
        ([KILLED, KILLED, EQUIVALENT], 0, "kill rate 100.0 % (2 of 2)"),
        ([KILLED, SURVIVED, EQUIVALENT], 1, "kill rate 50.0 % (1 of 2)"),
        ([KILLED, -signal.SIGALRM], 0, "kill rate 100.0 % (2 of 2)"),  # a test that hangs
        ([BROKEN], 1, "kill rate 0.0 % (0 of 1)"),  # nothing was tested
    ],
)
def test_the_report_counts_and_a_survivor_is_the_commands_failure(
    statuses: list[int],
    code: int,
    line: str,
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
) -> None:
    trial = Trial([], 1, SUBSET)
    trial.unmutated = Ending(SURVIVED, "")
    mutant = Mutant(("mul",), "rules[0]", "sign flipped", lambda: None)
    trial.verdicts = [Verdict(mutant, Ending(status, "")) for status in statuses]
    monkeypatch.setattr(report, "chosen", lambda rows: [])
    monkeypatch.setattr(report, "run", lambda mutants, workers: trial)
    monkeypatch.setattr("sys.argv", ["mutation", "mul"])
    assert report.main() == code
    assert line in capsys.readouterr().out.splitlines()


def test_tests_that_are_red_without_a_mutant_prove_nothing(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    trial = Trial([], 1, SUBSET)
    trial.unmutated = Ending(KILLED, "test_x")
    monkeypatch.setattr(report, "chosen", lambda rows: [])
    monkeypatch.setattr(report, "run", lambda mutants, workers: trial)
    monkeypatch.setattr("sys.argv", ["mutation"])
    assert report.main() == 2
    assert "red is test_x" in capsys.readouterr().out
