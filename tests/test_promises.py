"""Every promise of the README names tests that exist, and every row has a promise and a test."""

from __future__ import annotations

import ast
import re
import tomllib
from functools import cache
from importlib import metadata
from pathlib import Path
from typing import NamedTuple

TOP = Path(__file__).resolve().parent.parent

#: The rows of the semantics: decisions, graphs, operators, policies, security, load. No row is G23.
ROWS = {
    *(f"D{i}" for i in range(1, 17)),
    *(f"G{i}" for i in range(1, 27) if i != 23),
    *(f"O{i}" for i in range(1, 21)),
    *(f"P{i}" for i in range(1, 7)),
    *(f"S{i}" for i in range(1, 14)),
    *(f"L{i}" for i in range(1, 9)),
}
TABLES = {"table 3.2", "table 3.3"}


class Promise(NamedTuple):
    """A line of the section: the rows it stands for and the tests it names."""

    rows: list[str]
    text: str
    tests: list[tuple[str, str]]


def promises() -> list[Promise]:
    readme = (TOP / "README.md").read_text(encoding="utf-8")
    section = re.search(r"^## What we promise\n(.*?)^## ", readme, re.MULTILINE | re.DOTALL)
    assert section, "README.md has no section 'What we promise'"
    items = re.findall(
        r"^- \*\*(\w[^*]*)\*\* (.*?)(?=^- |^$)", section[1], re.MULTILINE | re.DOTALL
    )
    found = []
    for rows, text in items:
        tests = re.findall(r"`(tests/[\w/]+\.py)::(test_\w+)`", text)
        found.append(Promise(rows.split(", "), text.partition("`tests/")[0].strip(), tests))
    return [promise for promise in found if set(promise.rows) & (ROWS | TABLES)]


@cache
def names_in(path: str) -> frozenset[str]:
    """The names of a file's tests, read from its source."""
    tree = ast.parse((TOP / path).read_text(encoding="utf-8"))
    return frozenset(
        node.name for node in tree.body
        if isinstance(node, ast.FunctionDef) and node.name.startswith("test_")
    )  # fmt: skip


def rows_of(test: str) -> set[str]:
    """The rows that a test is named after: test_g6_l6_sigint gives G6 and L6."""
    named = re.match(r"test_((?:[dgopsl]\d+_)*)", test)
    assert named
    return {row.upper() for row in named[1].split("_") if row}


def test_every_promise_names_tests_that_exist() -> None:
    for promise in promises():
        assert promise.text, f"{promise.rows} says nothing"
        assert promise.tests, f"{promise.rows} names no test"
        for path, test in promise.tests:
            assert (TOP / path).is_file(), f"{promise.rows}: there is no {path}"
            assert test in names_in(path), f"{promise.rows}: there is no {test} in {path}"


def test_every_row_is_promised() -> None:
    promised = [row for promise in promises() for row in promise.rows]
    assert set(promised) == ROWS | TABLES


def test_every_row_has_a_test_that_is_named_after_it() -> None:
    files = [path.relative_to(TOP).as_posix() for path in sorted(TOP.glob("tests/**/test_*.py"))]
    named = {row for path in files for test in names_in(path) for row in rows_of(test)}
    assert named - ROWS == set()  # a name that is a typing error
    assert ROWS - named == set()


def test_a_promise_names_a_test_of_each_of_its_rows() -> None:
    """A test may stand for several rows; D10 of a promise is not shown by a test of G1 alone."""
    for promise in promises():
        shown = {row for _, test in promise.tests for row in rows_of(test)}
        if any("table_3" in test for _, test in promise.tests):
            shown |= {"D15", *TABLES}
        assert set(promise.rows) <= shown, f"{promise.rows}: only {sorted(shown)} are shown"


def test_what_is_installed_is_what_the_readme_says() -> None:
    """Its table names the dependencies of pyproject.toml, and these bring nothing but colorama."""
    project = tomllib.loads((TOP / "pyproject.toml").read_text(encoding="utf-8"))["project"]
    needed = {re.split(r"[<>=~! ]", line)[0] for line in project["dependencies"]}
    readme = (TOP / "README.md").read_text(encoding="utf-8")
    section = readme.partition("## What is installed\n")[2].partition("\n## ")[0]
    assert set(re.findall(r"^\| ([\w-]+) \| (?!licence)", section, re.MULTILINE)) == needed
    brought = {
        re.split(r"[<>=~!; ]", line)[0]
        for name in needed
        for line in metadata.requires(name) or []
        if "extra ==" not in line
    }
    assert brought <= {"colorama"}
