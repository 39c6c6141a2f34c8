"""A layout engine found, and run safely; a drawing keeps the ways of the package `graphviz`.

The system's `dot` is taken where there is one, else `graphviz-pure`, which `pip` installs
with us. A Jupyter kernel often has a PATH without its own environment, so the executable is
looked up in the metadata of its distribution.
"""

from __future__ import annotations

import shutil
import subprocess
import sys
from importlib import metadata
from pathlib import Path
from tempfile import TemporaryFile
from threading import Event, Timer
from typing import TYPE_CHECKING, Any, NamedTuple

import graphviz

from autograd_lite.errors import AutogradLiteError

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Sequence

TIMEOUT = 30.0  # seconds
LARGEST = 2**26  # bytes of a picture; one of 5,000 boxes takes 2**22
_PURE = "graphviz-pure"


class Remedy(NamedTuple):
    """What a picture's user can do: without an engine, and where one takes too long."""

    without: str
    less: str


DRAWING = Remedy(
    "The DOT text is there without one: drawing.source",
    "draw less of the graph: al.draw(root, around=node), or a smaller max_nodes",
)


class EngineNotFoundError(AutogradLiteError, graphviz.ExecutableNotFound):  # type: ignore[misc]  # graphviz is untyped
    """No layout engine is installed; `without` says what there is all the same."""

    def __init__(self, without: str = DRAWING.without) -> None:
        Exception.__init__(
            self,
            "no layout engine found: there is no `dot` on the PATH and no `graphviz-pure` in "
            f"the environment of {sys.executable}; run `pip install graphviz-pure` (or install "
            f"Graphviz from https://graphviz.org/download). {without}",
        )


class LayoutTimeoutError(AutogradLiteError, TimeoutError):
    """The layout engine took longer than TIMEOUT."""


class LayoutSizeError(AutogradLiteError):
    """The layout engine wrote more than LARGEST bytes."""


def engine(without: str = DRAWING.without) -> str:
    """The path of the layout engine: the system's `dot`, else that of `graphviz-pure`.

    Raises EngineNotFoundError, a graphviz.ExecutableNotFound, where there is neither.

    >>> Path(engine()).stem in ("dot", "graphviz-pure")
    True
    """
    return shutil.which("dot") or _pure_engine(without)


def _pure_engine(without: str) -> str:
    try:
        files = metadata.files(_PURE) or []
    except metadata.PackageNotFoundError:
        files = []
    beside = Path(sys.executable).parent
    found = [Path(str(file.locate())) for file in files if file.stem == _PURE]
    for path in [*found, beside / _PURE, beside / f"{_PURE}.exe"]:
        if path.is_file():
            return str(path.resolve())
    raise EngineNotFoundError(without)


def run(
    arguments: Sequence[str],
    source: bytes | None = None,
    folder: Path | None = None,
    remedy: Remedy = DRAWING,
) -> bytes:
    """What the engine writes to standard output, given DOT text on standard input.

    Raises EngineNotFoundError; LayoutTimeoutError after 30 s; LayoutSizeError beyond 64 MB;
    graphviz.CalledProcessError with the engine's own words where it fails.

    >>> run(["-Tsvg"], b"digraph { a -> b }").startswith(b"<?xml")
    True
    """
    command = [engine(remedy.without), *arguments]
    status, output, errors = _bounded(command, source or b"", folder, remedy.less)
    if status:
        words = errors.decode("utf-8", "replace").strip()[-2000:]
        if 'Format: "' in words and Path(command[0]).stem == _PURE:
            words += " (graphviz-pure writes svg, png and jpeg; for others install Graphviz)"
        raise graphviz.CalledProcessError(status, command, output, words)
    return output


def _bounded(
    command: Sequence[str], source: bytes, folder: Path | None, less: str
) -> tuple[int, bytes, bytes]:
    """Status, output and errors of a program that is ended at TIMEOUT and beyond LARGEST bytes."""
    with TemporaryFile() as text, TemporaryFile() as words:  # one pipe alone never blocks
        text.write(source)
        text.seek(0)
        with subprocess.Popen(
            command, stdin=text, stdout=subprocess.PIPE, stderr=words, cwd=folder,
            creationflags=getattr(subprocess, "CREATE_NO_WINDOW", 0),
        ) as process:  # fmt: skip
            output = _read(process, less)
        words.seek(0)
        return process.returncode, output, words.read()


def _read(process: subprocess.Popen[bytes], less: str) -> bytes:
    """All that the process writes until it ends; it is killed where that is too late or long."""
    late = Event()

    def end() -> None:
        late.set()
        process.kill()

    timer = Timer(TIMEOUT, end)
    timer.start()
    try:
        assert process.stdout is not None
        output = process.stdout.read(LARGEST + 1)
        if len(output) > LARGEST:
            raise LayoutSizeError(f"the layout engine wrote more than {LARGEST:,} bytes; {less}")
        process.wait()
    except BaseException:  # Ctrl-C must not leave the engine running either
        process.kill()
        raise
    finally:
        timer.cancel()
    if late.is_set():
        raise LayoutTimeoutError(f"the layout engine did not finish within {TIMEOUT:g} s; {less}")
    return output


class Drawing(graphviz.Digraph):  # type: ignore[misc]  # graphviz is untyped
    """A graphviz.Digraph that is laid out by the engine found here; its format is svg.

    `.source`, `.pipe()`, `.render()`, `.save()` and display in notebooks are those of the
    package `graphviz`; the engine's warnings about fonts are dropped.

    >>> picture = Drawing()
    >>> picture.edge("a", "b")
    >>> picture.pipe(encoding="utf-8").count('class="node"')
    2
    """

    _format = "svg"  # graphviz-pure writes no pdf, which is the default of the package

    # The three hooks by which graphviz.Digraph calls its backend: same arguments, our engine.

    @property
    def _pipe_lines(self) -> Callable[..., bytes]:
        return _pipe

    @property
    def _pipe_lines_string(self) -> Callable[..., str]:
        def pipe_string(*args: Any, encoding: str, **options: Any) -> str:
            return _pipe(*args, input_encoding=encoding, **options).decode(encoding)

        return pipe_string

    @property
    def _render(self) -> Callable[..., str]:
        return _render


def _flags(layout: str, kind: str, options: dict[str, Any]) -> list[str]:
    formats = [kind, options.get("renderer"), options.get("formatter")]
    if formats[2] and not formats[1]:
        raise graphviz.RequiredArgumentError("formatter given without renderer")
    flags = [f"-K{layout}", "-T" + ":".join(f for f in formats if f)]
    return flags + ([f"-n{options['neato_no_op']:d}"] if options.get("neato_no_op") else [])


def _pipe(
    layout: str, kind: str, lines: Iterable[str], *, input_encoding: str, **options: Any
) -> bytes:
    return run(_flags(layout, kind, options), "".join(lines).encode(input_encoding))


def _render(
    layout: str,
    kind: str,
    filepath: str,
    *,
    outfile: Any = None,
    raise_if_result_exists: bool = False,
    overwrite_filepath: bool = False,
    **options: Any,
) -> str:
    """Lay out a saved source; the result stands at outfile, or beside it as name.gv.svg."""
    source = Path(filepath)
    suffixes = [options.get("formatter"), options.get("renderer"), kind.lower()]
    target = Path(outfile or ".".join([filepath, *(s for s in suffixes if s)]))
    if raise_if_result_exists and overwrite_filepath:
        raise ValueError("overwrite_source=True contradicts raise_if_result_exists=True")
    if raise_if_result_exists and target.exists():
        raise graphviz.FileExistsError(f"output file exists: {str(target)!r}")
    if target.resolve() == source.resolve() and not overwrite_filepath:
        raise ValueError(f"outfile {target.name!r} is the source; pass overwrite_source=True")
    # the engine runs beside the source, so that images are found relative to it
    flags = [*_flags(layout, kind, options), f"-o{target.resolve()}", str(source.resolve())]
    run(flags, folder=source.parent)
    return str(target)
