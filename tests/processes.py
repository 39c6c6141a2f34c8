"""Programs in a fresh interpreter: what may crash, or must be alone with its memory."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent


def python(program: str, **environment: str) -> subprocess.Popen[str]:
    """A fresh interpreter that runs the program."""
    return subprocess.Popen(
        [sys.executable, "-W", "error", "-c", program],
        cwd=ROOT,
        env={**os.environ, **environment},
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
    )


def output(process: subprocess.Popen[str]) -> str:
    """What the process printed; fails with its error text if it failed."""
    out, err = process.communicate(timeout=120)
    assert process.returncode == 0, err
    return out
