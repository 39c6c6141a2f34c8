"""The README's snippets run and print what stands beneath them."""

from __future__ import annotations

import doctest
import os
import re
import subprocess
import sys
from pathlib import Path

TOP = Path(__file__).parent.parent
README = TOP / "README.md"


def test_every_snippet_prints_what_the_readme_says() -> None:
    snippets = README.read_text(encoding="utf-8").count("```python")
    failed, attempted = doctest.testfile(str(README), module_relative=False)
    assert failed == 0
    assert attempted > 2 * snippets


def test_every_file_that_the_readme_links_to_exists() -> None:
    for target in re.findall(r"\]\((?!http)([^)#]+)", README.read_text(encoding="utf-8")):
        assert (TOP / target).exists(), target


def test_the_demo_agrees_with_the_hand_and_draws(tmp_path: Path) -> None:
    """The README's main command, with its short training."""
    ran = subprocess.run(
        [sys.executable, "-m", "autograd_lite", "demo", "--fast", "--out", str(tmp_path / "out")],
        capture_output=True,
        text=True,
        encoding="utf-8",
        cwd=TOP,
        env={**os.environ, "PYTHONIOENCODING": "utf-8"},
        timeout=120,
    )
    assert ran.returncode == 0, ran.stderr
    assert "every number agrees" in ran.stdout
    # lecture 001, corrected (E001-04): the updated weight w11 of the second layer
    assert re.search(r"w11\[2\]' .* 0\.3656990240 +0\.3656990240", ran.stdout)
    assert (tmp_path / "out" / "backprop.svg").read_text(encoding="utf-8").count("<svg") == 1
    assert "<script" in (tmp_path / "out" / "backprop.html").read_text(encoding="utf-8")
    accuracy = re.search(r"test accuracy (\d+\.\d)%", ran.stdout)
    assert accuracy is not None
    assert float(accuracy[1]) > 90.0
    assert "epoch" in ran.stderr  # the progress bar
