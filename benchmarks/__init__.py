"""Commands that measure: `python -m benchmarks.NAME`, each a comparison inside one run."""

from __future__ import annotations

import argparse
import importlib
from typing import Any


def parser(name: str, description: str | None) -> argparse.ArgumentParser:
    """What reads the command's arguments; `--help` shows the docstring of its module."""
    return argparse.ArgumentParser(
        prog=f"python -m benchmarks.{name}",
        description=description,
        formatter_class=argparse.RawDescriptionHelpFormatter,
    )


def peer(name: str) -> Any:
    """A module to compare with; where it is missing the command ends and says what helps."""
    package = name.partition(".")[0]
    try:
        return importlib.import_module(name)
    except ModuleNotFoundError as error:
        if error.name != package:
            raise
        raise SystemExit(f"{package} is not installed; run: pip install '.[bench]'") from None
