"""The command `autograd-lite`."""

from __future__ import annotations

import argparse
import os
import re
import sys
from pathlib import Path
from typing import TYPE_CHECKING, NoReturn

from autograd_lite import __version__

if TYPE_CHECKING:
    from collections.abc import Sequence

    from autograd_lite.value import Value

PICTURES = (".svg", ".png", ".dot", ".html")


class _Parser(argparse.ArgumentParser):
    """One whose errors take one line."""

    def error(self, message: str) -> NoReturn:
        self.exit(2, f"{self.prog}: {message}; see {self.prog} --help\n")


def main(arguments: Sequence[str] | None = None) -> int:
    """Run one command; the exit status: 0, 2 after an error of the user's, 141 without a reader."""
    options = _options(sys.argv[1:] if arguments is None else arguments)
    if hasattr(sys.stdout, "reconfigure"):
        sys.stdout.reconfigure(errors="replace")  # a console without ∂ still shows the numbers
    from autograd_lite.errors import AutogradLiteError

    try:
        status = int(options.run(options))
        sys.stdout.flush()
        return status
    except BrokenPipeError:  # the reader has seen enough, as `head` has
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())  # for the flush at exit
        return 128 + 13  # what a shell shows for the signal SIGPIPE
    except (AutogradLiteError, ValueError, OSError) as error:
        print(f"autograd-lite {options.command}: {' '.join(str(error).split())}", file=sys.stderr)
        return 2


def _parser() -> argparse.ArgumentParser:
    parser = _Parser(
        prog="autograd-lite",
        allow_abbrev=False,
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
    demo.set_defaults(run=_demo)

    explain = commands.add_parser(
        "explain", help="derivatives of an expression, derived path by path"
    )
    explain.add_argument(
        "--wrt", action="append", metavar="NAME",
        help="differentiate by this variable alone (may be repeated)",
    )  # fmt: skip
    explain.set_defaults(run=_explain)

    draw = commands.add_parser("draw", help="the graph of an expression as a picture")
    draw.add_argument(
        "-o", "--output", type=Path, required=True, metavar="FILE",
        help=f"the picture; its name ends in {', '.join(PICTURES)}",
    )  # fmt: skip
    draw.set_defaults(run=_draw)

    for command in (explain, draw):
        command.add_argument("expression", help='such as "(x+y)*z", in the grammar of Python')
        command.add_argument(
            "variables", nargs="*", metavar="NAME=NUMBER", help="such as x=-2 or x=1/3"
        )
    return parser


# Whatever else begins with a minus is an expression.
_OPTION = re.compile(r"-(?:-(?:wrt|output|out|fast|help|version)\b.*|o.*|h|-)?\Z", re.DOTALL)


def _options(arguments: Sequence[str]) -> argparse.Namespace:
    """The parsed arguments; options may stand between the variables."""
    parser = _parser()
    spared = list(arguments)
    if spared[:1] in (["explain"], ["draw"]):
        spared = [f" {a}" if a[:1] == "-" and not _OPTION.match(a) else a for a in spared]
    options, rest = parser.parse_known_args(spared)
    if rest and not hasattr(options, "variables"):
        parser.error(f"unrecognized arguments: {' '.join(rest)}")
    if rest:
        options.variables += rest
    return options


def _demo(options: argparse.Namespace) -> int:
    from autograd_lite.demo import run  # deferred, as below: --help need not load the library

    return run(options.out, options.fast)


def _explain(options: argparse.Namespace) -> int:
    from autograd_lite.explanation import explain
    from autograd_lite.forms import PLAIN

    root, variables = _graph(options)
    for name in options.wrt or []:
        if name not in variables:
            raise ValueError(f"--wrt {name}: the variables are {', '.join(variables)}")
    print(f"{root.label} = {options.expression.strip()} = {PLAIN.number(root.data)}")
    for explanation in explain(root, [variables[n] for n in options.wrt or variables]):
        print(f"\n{explanation}")
    return 0


def _draw(options: argparse.Namespace) -> int:
    from autograd_lite.drawing import draw, player

    path: Path = options.output
    kind = path.suffix.lower()
    if kind not in PICTURES:
        raise ValueError(f"{path}: the name of a picture ends in {', '.join(PICTURES)}")
    root, _ = _graph(options)
    root.backward()
    if kind == ".html":
        player(root).save(path)
    elif kind == ".dot":
        path.write_text(draw(root).source, encoding="utf-8")
    else:
        path.write_bytes(draw(root).pipe(format=kind[1:]))
    print(path)
    return 0


def _graph(options: argparse.Namespace) -> tuple[Value, dict[str, Value]]:
    """The expression's graph, and its variables by name."""
    from autograd_lite.expressions import parse
    from autograd_lite.traversal import topological
    from autograd_lite.value import Value

    variables: dict[str, Value] = {}
    for given in options.variables:
        name, equals, text = given.strip().partition("=")
        if not (equals and name.isidentifier()):
            raise ValueError(f"{given.strip()!r} is no variable; write it as x=-2")
        if name in variables:
            raise ValueError(f"{given!r}: {name} has a value already")
        try:
            variables[name] = Value(_number(text), name)
        except (ValueError, ZeroDivisionError):
            raise ValueError(f"{given!r}: {text!r} is no number; write -2, 0.5 or 1/3") from None
    root = parse(options.expression, variables)
    used = set(topological(root))
    for name, variable in variables.items():
        if variable not in used:
            raise ValueError(f"{name} does not occur in {options.expression.strip()!r}")
    if not variables:
        raise ValueError("there is nothing to differentiate by; use variables, such as x=-2")
    if not root.label:
        root.label = next(name for name in ("f", "y", "result", "?") if name not in variables)
    return root, variables


def _number(text: str) -> float:
    """A number, or a fraction of two."""
    above, slash, below = text.partition("/")
    return float(above) / float(below) if slash else float(text)
