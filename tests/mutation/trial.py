"""The trial of the mutants: one child process each, in which the tests run until one fails.

The tests are collected once, by pytest; a child is a copy of that process in which one
mutant is installed. The tests whose names carry one of the mutant's rows come first, then
all others of the stated files.
"""

from __future__ import annotations

import os
import re
import sys
from collections.abc import Iterable
from itertools import pairwise
from pathlib import Path
from typing import Any, NamedTuple

import pytest

from autograd_lite import OPS
from mutation.child import BROKEN, Ending, done, end, start
from mutation.mutants import Mutant
from mutation.sample import differs, measured

TESTS = Path(__file__).parents[1]
#: The files whose tests must notice a mutant, and how the names of these tests begin.
SUBSET = {
    "test_table.py": "",
    "test_edge_conventions.py": "",
    "test_accuracy.py": "",
    "test_compiled_edges.py": "test_rows_of_many",
    "test_compiler.py": "test_d12_every_row",
    "test_decisions.py": "test_d[12]_",
    "test_stable_formulas.py": "",
}
SURVIVED, KILLED, EQUIVALENT = 0, 1, 2  # the status of a child
SECONDS = 120  # tests that run longer hang, which is red too


class Verdict(NamedTuple):
    mutant: Mutant
    ending: Ending

    def __str__(self) -> str:
        why = f"  ({self.ending.words})" if self.ending.words else ""
        broken = "BROKEN " if self.ending.status == BROKEN else ""
        return f"{broken}{self.mutant}{why}"

    @property
    def killed(self) -> bool:
        """Red, or ended by a signal: a crash, or a test that hangs."""
        return self.ending.status == KILLED or self.ending.status < 0

    @property
    def equivalent(self) -> bool:
        return self.ending.status == EQUIVALENT

    @property
    def survived(self) -> bool:
        return self.ending.status in (SURVIVED, BROKEN)


class Trial:
    """A plugin of pytest: the collected tests run once for every mutant.

    `tests` holds files and how the names of their tests begin. Survivors are told at once.
    """

    def __init__(self, mutants: Iterable[Mutant], workers: int, tests: dict[str, str]) -> None:
        self.mutants = list(mutants)
        self.workers = workers
        self.tests = tests
        self.verdicts: list[Verdict] = []
        self.unmutated = Ending(BROKEN, "no test was collected")

    @pytest.hookimpl(trylast=True)
    def pytest_collection_modifyitems(self, items: list[pytest.Item]) -> None:
        items[:] = [item for item in items if re.match(self.tests[item.path.name], item.name)]
        for name in self.tests.keys() - {item.path.name for item in items}:
            # a test was renamed, and without a word the subset would cover less
            raise pytest.UsageError(f"{name}: no test's name begins with {self.tests[name]!r}")

    def pytest_runtestloop(self, session: pytest.Session) -> bool:
        """In the place of pytest's own loop."""
        self.unmutated = done(lambda: first_failure(session, session.items), 10 * SECONDS)
        if self.unmutated.status == SURVIVED:
            self._try_all(session)
        return True

    def _try_all(self, session: pytest.Session) -> None:
        names = {name for mutant in self.mutants for name in mutant.rows}
        of_table = {name: list(measured(OPS[name])) for name in names}
        running: dict[int, tuple[Mutant, int]] = {}
        for mutant in self.mutants:
            if len(running) == self.workers:
                self._wait(running)
            pid, pipe = start(lambda m=mutant: tried(m, of_table, session), SECONDS)
            running[pid] = (mutant, pipe)
        while running:
            self._wait(running)

    def _wait(self, running: dict[int, tuple[Mutant, int]]) -> None:
        pid, status = os.wait()
        mutant, pipe = running.pop(pid)
        verdict = Verdict(mutant, end(pid, pipe, status))
        self.verdicts.append(verdict)
        if verdict.survived:
            print(f"SURVIVED: {verdict}", file=sys.stderr)
        if len(self.verdicts) % 100 == 0:
            print(f"{len(self.verdicts)} of {len(self.mutants)}", file=sys.stderr)


def tried(mutant: Mutant, of_table: dict[str, list[Any]], session: pytest.Session) -> Ending:
    """Install a mutant, see whether a number differs, and run the tests if one does."""
    mutant.install()
    if not any(differs(OPS[name], of_table[name]) for name in mutant.rows):
        return Ending(EQUIVALENT, "")
    named = re.compile(rf"\[.*\b({'|'.join(mutant.rows)})\b")
    return first_failure(session, sorted(session.items, key=lambda i: not named.search(i.name)))


def first_failure(session: pytest.Session, items: list[pytest.Item]) -> Ending:
    """Run tests until one fails; its name."""
    for item, following in pairwise([*items, None]):
        session.config.hook.pytest_runtest_protocol(item=item, nextitem=following)
        if session.testsfailed:
            return Ending(KILLED, item.nodeid)
    return Ending(SURVIVED, "")


def run(mutants: Iterable[Mutant], workers: int = 1, tests: dict[str, str] = SUBSET) -> Trial:
    """Try all mutants; what became of them stands in the trial's `verdicts`."""
    trial = Trial(mutants, workers, tests)
    files = [str(TESTS / name) for name in tests]
    quiet = ("-o", "addopts=", "-p", "no:terminal", "-p", "no:cacheprovider", "--capture=no")
    pytest.main([*files, *quiet], plugins=[trial])
    return trial
