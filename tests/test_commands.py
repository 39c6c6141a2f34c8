"""The commands beside the package: what they say when asked, and of what is missing."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parent.parent
BENCHMARKS = ["eager", "executors", "load", "mlp", "optimizers", "scalar"]
COMMANDS = [*[f"benchmarks.{name}" for name in BENCHMARKS], "tests.accuracy", "tests.fuzz"]


def run(*arguments: str) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        [sys.executable, *arguments], cwd=ROOT, capture_output=True, text=True, timeout=60,
        check=False,
    )  # fmt: skip


ABSENT = """
import runpy, sys

class Absent:
    def find_spec(name, path=None, target=None):
        if name == {package!r}:
            raise ModuleNotFoundError(f"No module named {{name!r}}", name=name)

sys.meta_path.insert(0, Absent)
sys.argv[1:] = {arguments}
runpy.run_module({module!r}, run_name="__main__")
"""


def without(package: str, module: str, arguments: list[str]) -> subprocess.CompletedProcess[str]:
    """`python -m module arguments` where the package is not installed."""
    return run("-c", ABSENT.format(package=package, module=module, arguments=arguments))


@pytest.mark.parametrize("module", COMMANDS)
def test_help_shows_the_docstring_and_runs_nothing(module: str) -> None:
    path = ROOT.joinpath(*module.split("."))
    source = path / "__main__.py" if path.is_dir() else path.with_suffix(".py")
    first = source.read_text(encoding="utf-8").splitlines()[0].removeprefix('"""')
    done = run("-m", module, "--help")
    assert (done.returncode, done.stderr) == (0, "")
    assert done.stdout.startswith(f"usage: python -m {module} [-h]")
    assert first in " ".join(done.stdout.split())


@pytest.mark.parametrize(
    ("module", "arguments", "words"),
    [
        ("benchmarks.eager", ["fast"], "unrecognized arguments: fast"),
        ("benchmarks.load", ["L1", "L99"], "there is no row L99; there are L1, L2,"),
        ("tests.accuracy", ["sine"], "there is no row sine; there are add,"),
        ("tests.accuracy", ["errors", "sine"], "there is no row sine; there are add,"),
    ],
)
def test_unknown_arguments_are_refused(module: str, arguments: list[str], words: str) -> None:
    done = run("-m", module, *arguments)
    assert done.returncode == 2
    assert words in done.stderr
    assert "Traceback" not in done.stderr


@pytest.mark.parametrize(
    ("package", "module", "arguments", "extra"),
    [
        ("micrograd", "benchmarks.eager", [], "bench"),
        ("micrograd", "benchmarks.load", ["--alone", "cost_of_the_collector"], "bench"),
        ("mpmath", "benchmarks.scalar", [], "bench"),
        ("hypothesis", "tests.fuzz", ["idx"], "test"),
        ("jupytext", "notebooks.build", ["xor"], "notebooks"),
    ],
)
def test_a_missing_package_is_named_with_the_extra_that_brings_it(
    package: str, module: str, arguments: list[str], extra: str
) -> None:
    done = without(package, module, arguments)
    assert done.returncode == 1
    last = done.stderr.strip().splitlines()[-1]
    assert last == f"{package} is not installed; run: pip install '.[{extra}]'"
    assert "Traceback" not in done.stderr


def test_an_unknown_notebook_is_refused_and_those_there_are_named() -> None:
    stubs = (  # the names are read before anything is built
        "import sys; from types import ModuleType as M; client = M('nbclient'); "
        "client.NotebookClient = None; "
        "sys.modules |= {'jupytext': M('jupytext'), 'nbformat': M('nbformat'), 'nbclient': client}"
    )
    done = run("-c", f"{stubs}; sys.argv[1:] = ['nosuch']; import runpy; "
               "runpy.run_path('notebooks/build.py', run_name='__main__')")  # fmt: skip
    assert done.returncode == 2
    assert "there is no notebook nosuch; there are backpropagation, chain_rule," in done.stderr
    assert "Traceback" not in done.stderr


def test_the_mlp_benchmark_starts_where_no_cpuinfo_is() -> None:
    """Linux alone has /proc."""
    program = (
        "from pathlib import Path; Path.exists = lambda self: '/proc' not in str(self); "
        "import benchmarks.mlp as mlp; print(mlp.AVX512)"
    )
    assert run("-c", program).stdout == "False\n"
