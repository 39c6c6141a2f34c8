"""The corpora of the fuzzed readers get documented answers, and the command that fuzzes runs."""

from __future__ import annotations

import re
import subprocess
import sys
import time
from pathlib import Path
from typing import Any

import pytest
from fuzz.targets import TARGETS

EXAMPLES = [(name, example) for name, target in TARGETS.items() for example in target.corpus]


@pytest.mark.parametrize(("name", "example"), EXAMPLES, ids=range(len(EXAMPLES)))
def test_every_example_kept_gets_a_documented_answer(name: str, example: Any) -> None:
    """What else is raised fails here; both kinds of answer occur in every corpus (below)."""
    start = time.process_time()
    assert re.fullmatch(r"ok.*|\w+Error", TARGETS[name].run(example))
    assert time.process_time() - start < 2.0  # seconds: none hangs


@pytest.mark.parametrize("name", TARGETS)
def test_a_corpus_holds_what_is_read_and_what_is_refused(name: str) -> None:
    answers = {TARGETS[name].run(example).partition(",")[0] for example in TARGETS[name].corpus}
    assert "ok" in answers
    assert len(answers) >= 2


@pytest.mark.parametrize("name", TARGETS)
def test_the_command_fuzzes_and_prints_its_figures(name: str) -> None:
    ran = subprocess.run(
        [sys.executable, "-m", "tests.fuzz", name, "--minutes", "0.0001", "--batch", "50"],
        cwd=Path(__file__).parent.parent, capture_output=True, text=True, timeout=120,
    )  # fmt: skip
    assert ran.returncode == 0, ran.stderr
    assert re.search(r"[\d,]+ examples in \d+ s: .*(ok|Error) [\d,]+", ran.stdout)


def test_the_command_ends_at_a_finding() -> None:
    """A reader that forgets one error: the example that shows it is printed."""
    program = """
import sys
from tests.fuzz.__main__ import main
from tests.fuzz.targets import TARGETS
def careless(text):
    if "x" in text:
        raise KeyError(text)
    return "ok"
TARGETS["expressions"] = TARGETS["expressions"]._replace(run=careless)
sys.argv = ["fuzz", "expressions", "--minutes", "1", "--batch", "100"]
sys.exit(main())
"""
    ran = subprocess.run(
        [sys.executable, "-c", program],
        cwd=Path(__file__).parent.parent, capture_output=True, text=True, timeout=120,
    )  # fmt: skip
    assert ran.returncode == 1
    assert "KeyError: 'x'" in ran.stderr
