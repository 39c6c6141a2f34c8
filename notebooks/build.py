"""Build the notebooks: from NAME.py (jupytext, py:percent), the truth, NAME.ipynb with outputs.

    python notebooks/build.py              build all
    python notebooks/build.py xor digits   build these
    python notebooks/build.py --check      run nothing; say where NAME.ipynb has other cells

The same source gives the same bytes: cells are numbered, times and memory addresses left out,
and graphs laid out by graphviz-pure, whatever `dot` there is. A cell that fails, or that writes
to stderr, fails the build. Needs: pip install 'autograd-lite[notebooks]'.
"""

from __future__ import annotations

import argparse
import os
import re
import sys
from pathlib import Path
from time import perf_counter

try:
    import jupytext
    import nbformat
    from nbclient import NotebookClient
except ModuleNotFoundError as error:
    if error.name not in ("jupytext", "nbformat", "nbclient"):
        raise
    raise SystemExit(f"{error.name} is not installed; run: pip install '.[notebooks]'") from None

FOLDER = Path(__file__).resolve().parent
PAGE = 700  # points a column of text is wide on a notebook's page
METADATA = {
    "kernelspec": {"display_name": "Python 3", "language": "python", "name": "python3"},
    "language_info": {"name": "python"},
}
# The kernel finds no system's dot, whose fonts differ from machine to machine, and tqdm does
# not ask for ipywidgets.
SURROUNDINGS = {
    "PATH": str(Path(sys.executable).parent),
    "PYTHONWARNINGS": "ignore:IProgress not found",
}


def main(arguments: list[str]) -> int:
    """Build or check the notebooks named, or all; 1 if a check fails."""
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("names", nargs="*", metavar="NAME", help="by default all")
    parser.add_argument("--check", action="store_true", help="compare the cells, run nothing")
    given = parser.parse_args(arguments)
    for name in given.names:
        if name not in sources():
            parser.error(f"there is no notebook {name}; there are {', '.join(sources())}")
    names = given.names or sources()
    if given.check:
        stale = [name for name in names if not is_current(name)]
        for name in stale:
            print(f"{name}.ipynb differs from {name}.py; run: python notebooks/build.py {name}")
        return 1 if stale else 0
    for name in names:
        start = perf_counter()
        path = build(name)
        print(f"{path.name:28} {perf_counter() - start:5.1f} s {path.stat().st_size / 1e3:6.0f} kB")
    return 0


def sources() -> list[str]:
    """The names of all notebooks, without suffix."""
    return sorted(p.stem for p in FOLDER.glob("*.py") if p.name != Path(__file__).name)


def read(name: str) -> nbformat.NotebookNode:
    """The notebook of a source, without outputs."""
    notebook = jupytext.read(FOLDER / f"{name}.py", fmt="py:percent")
    notebook.metadata = nbformat.from_dict(METADATA)
    notebook.nbformat_minor = 5
    for number, cell in enumerate(notebook.cells, start=1):
        cell.id = f"cell-{number}"
        cell.metadata = nbformat.from_dict({})
    return notebook


def build(name: str) -> Path:
    """Run the source from top to bottom and write the notebook with its outputs."""
    notebook = read(name)
    client = NotebookClient(
        notebook, timeout=120, record_timing=False, resources={"metadata": {"path": str(FOLDER)}}
    )
    client.execute(env=os.environ | SURROUNDINGS)
    notebook.metadata = nbformat.from_dict(METADATA)
    for cell in notebook.cells:
        if cell.cell_type == "code":
            cell.outputs = [stable(output, name) for output in joined(cell.outputs)]
    path = FOLDER / f"{name}.ipynb"
    nbformat.write(notebook, path)
    return path


def joined(outputs: list[nbformat.NotebookNode]) -> list[nbformat.NotebookNode]:
    """Consecutive pieces of a stream as one: where they break depends on timing."""
    whole: list[nbformat.NotebookNode] = []
    for output in outputs:
        last = whole[-1] if whole else None
        if last and last.output_type == output.output_type == "stream" and last.name == output.name:
            last.text += output.text
        else:
            whole.append(output)
    return whole


def stable(output: nbformat.NotebookNode, name: str) -> nbformat.NotebookNode:
    """The output without what changes from run to run; RuntimeError for stderr."""
    if output.output_type == "stream" and output.name == "stderr":
        raise RuntimeError(f"{name}: a cell wrote to stderr:\n{output.text}")
    data = output.get("data", {})
    if "text/plain" in data:
        data["text/plain"] = re.sub(r" at 0x[0-9a-f]+", "", data["text/plain"])
    if "image/svg+xml" in data:
        data["image/svg+xml"] = fitted(data["image/svg+xml"])
    return output


def fitted(svg: str) -> str:
    """A picture that is wider than the page, drawn smaller: web pages would cut it off."""
    size = re.search(r'width="(\d+)pt" height="(\d+)pt"', svg)
    if size is None or int(size[1]) <= PAGE:
        return svg
    height = round(int(size[2]) * PAGE / int(size[1]))
    return svg.replace(size[0], f'width="{PAGE}pt" height="{height}pt"', 1)


def is_current(name: str) -> bool:
    """Whether NAME.ipynb holds the cells of NAME.py."""
    path = FOLDER / f"{name}.ipynb"
    if not path.exists():
        return False
    pairs = [
        [(cell.cell_type, cell.source) for cell in notebook.cells]
        for notebook in (read(name), nbformat.read(path, as_version=4))
    ]
    return pairs[0] == pairs[1]


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
