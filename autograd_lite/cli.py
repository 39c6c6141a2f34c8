"""The command `autograd-lite`."""

from __future__ import annotations

import argparse
from pathlib import Path
from typing import TYPE_CHECKING

from autograd_lite import __version__

if TYPE_CHECKING:
    from collections.abc import Sequence


def main(arguments: Sequence[str] | None = None) -> int:
    """Run one command; the exit status (0: all went well)."""
    parser = argparse.ArgumentParser(
        prog="autograd-lite",
        description="A scalar autodiff engine whose gradients can be seen and checked.",
    )
    parser.add_argument("--version", action="version", version=f"autograd-lite {__version__}")
    commands = parser.add_subparsers(dest="command", required=True)
    demo = commands.add_parser(
        "demo", help="back-propagation by hand and by the engine, its graph, and digits learned"
    )
    demo.add_argument("--fast", action="store_true", help="train for 3 epochs only")
    demo.add_argument(
        "--out", type=Path, default=Path("autograd-lite-demo"), metavar="DIR",
        help="where the pictures go (default: %(default)s)",
    )  # fmt: skip
    options = parser.parse_args(arguments)
    from autograd_lite.demo import run  # deferred: --help need not load the whole library

    return run(options.out, options.fast)
