"""Rows S7 to S13: pictures, pages, generated code, imports and the wheel are safe to use.

Pictures and pages have more of these tests beside them, named test_s7 and test_s8; S1 to S6
are about storage.
"""

from __future__ import annotations

import ast
import re
import subprocess
import sys
import tomllib
import zipfile
from html.parser import HTMLParser
from math import inf, isnan, nan
from pathlib import Path
from typing import Any

import pytest
from test_drawing import HOSTILE

import autograd_lite as al
from autograd_lite import Op, Value, nn

TOP = Path(__file__).resolve().parent.parent
PACKAGE = TOP / "autograd_lite"
SOURCES = sorted(PACKAGE.rglob("*.py"))
EVIL = '"); __import__("os").system("touch PWNED") #'


def python(program: str, folder: Path) -> str:
    """What a fresh interpreter prints that runs the program in a folder."""
    found = f"import sys; sys.path[:0] = {sys.path!r}\n"  # as here, from another folder
    ran = subprocess.run(
        [sys.executable, "-B", "-W", "error", "-c", found + program],
        cwd=folder, capture_output=True, text=True, encoding="utf-8", timeout=120,
    )  # fmt: skip
    assert ran.returncode == 0, ran.stderr
    return ran.stdout


# --- S7, S8: what is shown ------------------------------------------------------------------

#: All that an engine writes for a graph, as a reader of HTML sees it.
TAGS = {"svg", "g", "title", "polygon", "path", "text", "ellipse", "polyline"}
ATTRIBUTES = {
    "svg": {"width", "height", "viewbox", "xmlns", "xmlns:xlink"},
    "g": {"id", "class", "transform"},
    "title": set(),
    "text": {"text-anchor", "x", "y", "font-family", "font-size", "fill", "font-weight",
             "xml:space", "textlength", "lengthadjust"},
    "polygon": {"fill", "stroke", "points", "stroke-width"},
    "path": {"fill", "stroke", "d", "stroke-width", "stroke-dasharray"},
    "polyline": {"fill", "stroke", "points", "stroke-width", "stroke-dasharray"},
    "ellipse": {"fill", "stroke", "cx", "cy", "rx", "ry", "stroke-width"},
}  # fmt: skip


class Picture(HTMLParser):
    """Fails at a tag or an attribute that no picture of ours needs."""

    def __init__(self, text: str) -> None:
        super().__init__()
        self.nodes = 0
        self.feed(text)
        self.close()

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        assert tag in TAGS
        for name, value in attrs:
            assert name in ATTRIBUTES[tag], (tag, name)
            assert name.startswith("xmlns") or "://" not in (value or ""), (tag, name, value)
        self.nodes += ("class", "node") in attrs


@pytest.mark.parametrize("label", HOSTILE, ids=range(len(HOSTILE)))
def test_s8_a_picture_holds_only_known_tags_and_attributes(label: str) -> None:
    """As a browser reads it that takes the SVG for HTML: no script, handler or reference."""
    leaf = Value(1.0, label=label)
    y = (leaf * leaf).tanh()
    y.label = label
    bundle = al.draw(y)._repr_mimebundle_()
    assert set(bundle) == {"image/svg+xml"}
    assert Picture(bundle["image/svg+xml"]).nodes == 3


@pytest.mark.parametrize("label", HOSTILE, ids=range(len(HOSTILE)))
def test_s7_a_hostile_symbol_of_a_users_row_breaks_no_picture(label: str) -> None:
    symbol = label.replace("{", "{{").replace("}", "}}") + "({args})"
    row = Op("row", lambda x: x, (lambda y, x: 1.0,), symbol=symbol)
    picture = al.draw(row(Value(1.0, label="x")))
    assert Picture(picture.pipe(encoding="utf-8")).nodes == 2


def test_s7_ids_are_ours_in_the_order_of_the_graph() -> None:
    a, b = Value(1.0, label="n7"), Value(2.0, label="n0")
    y = a * b + a
    y.backward()
    source = al.draw(y).source
    assert re.findall(r"^\t(\S+) \[label", source, re.MULTILINE) == ["n0", "n1", "n2", "n3"]
    assert re.findall(r"^\t(\S+) -> (\S+) \[", source, re.MULTILINE) == [
        ("n0", "n2"), ("n1", "n2"), ("n2", "n3"), ("n0", "n3"),
    ]  # fmt: skip


@pytest.mark.parametrize("label", HOSTILE, ids=range(len(HOSTILE)))
def test_s8_a_hostile_name_stays_in_its_cell_of_the_delta_table(label: str) -> None:
    """Markdown may hold HTML, links and formulas: the name is none of them, nor a line or cell."""

    def told(name: str) -> str:
        mlp = nn.MLP.from_weights([[[0.5]]], [[0.1]], "tanh", names=[[[name]]])
        (y,) = mlp([1.0])
        return mlp.deltas(al.losses.half_squared_error([y], [0.0]))._repr_markdown_()

    for name in (label, f"[x](javascript:alert(1)){label}", f"${label}$"):
        made, tame = told(name), told("w")
        assert made.count("\n") == tame.count("\n")
        assert re.sub(r"\\.", "", made).count("|") == tame.count("|")
        assert re.sub(r"\\.", "", made).count("$") == 0
        assert "<" not in made
        assert "](" not in made
        assert all(c.isprintable() or c == "\n" for c in made)


# --- S9, S10: generated code ----------------------------------------------------------------


@pytest.mark.parametrize("executor", ["arrays", "dense", "native"])
def test_s9_a_graph_of_hostile_labels_compiles_and_runs_nothing(
    executor: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    w, x, c = al.parameter(2.0, EVIL), al.inputs(1, EVIL)[0], al.constant(3.0, EVIL)
    y = al.erf(w * x + c)
    y.label = EVIL
    program = al.compile(y, [x], [w], executor=executor)
    program.value_and_grad([[0.5]])
    assert "PWNED" not in program.source
    assert re.fullmatch(r"[\w\s()\[\]{}:,.=+\-*/#<>!@']*", program.source)
    assert not list(tmp_path.iterdir())


@pytest.mark.parametrize("name", [EVIL, "a b", "", "x;y", "1a", "a.b", "a\nb"])
def test_s9_a_row_is_named_by_an_identifier(name: str) -> None:
    with pytest.raises(ValueError, match="is not an identifier; generated code uses it"):
        Op(name, lambda x: x, (lambda y, x: 1.0,))


def test_s9_a_row_named_like_a_builtin_or_a_keyword_is_only_a_row() -> None:
    """Its name gets a prefix in the code."""
    for name in ("exec", "np", "build", "class", "__import__", "forward"):
        row = Op(name, lambda x: x + 1.0, (lambda y, x: 1.0,))
        x, w = al.inputs(1), al.parameter(2.0)
        program = al.compile(row(w * x[0]), x, [w], executor="arrays")
        assert program.value_and_grad([[3.0]])[0] == 7.0
        assert f"row_{name}(" in program.source


@pytest.mark.parametrize("thing", ["x * x", b"x", None, 2.0, ["x"], lambda x: x])
def test_s9_what_is_compiled_is_a_graph_never_a_text(thing: Any) -> None:
    with pytest.raises(TypeError):
        al.compile(thing)


@pytest.mark.parametrize("executor", ["arrays", "dense", "native"])
@pytest.mark.parametrize(
    "c", [nan, inf, -inf, 0.0, -0.0, 5e-324, -2.5e-310, 1.7976931348623157e308, 0.1, -1 / 3]
)
def test_s9_every_constant_survives_bit_for_bit(c: float, executor: str) -> None:
    """where hands the constant on as it is."""
    x = al.inputs(1)
    program = al.compile(al.where(x[0] > 0.0, c, -c), x, [], executor=executor)
    got = program.value([[1.0], [-1.0]]).tolist()
    for number, expected in zip(got, (c, -c), strict=True):
        assert number.hex() == expected.hex() or (isnan(number) and isnan(expected))


def test_s9_text_is_executed_in_three_places_of_the_compiler_alone() -> None:
    """The array program, by NumPy or on symbols, and the table's own kernels as registers."""
    found = {}
    for path in SOURCES:
        for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
            name = getattr(node.func, "id", "") if isinstance(node, ast.Call) else ""
            if name in ("exec", "eval", "__import__"):
                found.setdefault(path.relative_to(PACKAGE).as_posix(), []).append(node)
    places = {"compiler/arrays.py", "compiler/recorder.py", "compiler/machine.py"}
    assert set(found) == places
    assert all(len(call.args) == 2 for calls in found.values() for call in calls)  # a namespace
    for path in found:
        assert '"__builtins__": {}' in (PACKAGE / path).read_text(encoding="utf-8")


def test_s9_generated_code_has_no_builtins() -> None:
    x = al.inputs(1)
    program = al.compile(al.tanh(x[0]), x, [], executor="arrays")
    assert program._build.__globals__["__builtins__"] == {}


def test_s10_a_chain_of_100_000_compiles_at_a_recursion_limit_of_200(tmp_path: Path) -> None:
    """x -> sin, tanh, 1.01 x, x + 0.3 in random order: no loop, no nesting, the same gradient."""
    program = """
import random
import autograd_lite as al
al.compile(al.Value(1.0) * 2.0)  # numpy and the compiler are imported
sys.setrecursionlimit(200)
steps = [al.sin, al.tanh, lambda x: 1.01 * x, lambda x: x + 0.3]
choose = random.Random(10)
x = y = al.Value(1.0)
for _ in range(100_000):
    y = choose.choice(steps)(y)
y.backward()
value, gradient = al.compile(y, [], [x]).value_and_grad()
assert abs(value - y.data) <= 1e-12 * abs(y.data), (value, y.data)
assert abs(gradient[0] - x.grad) <= 1e-9 * abs(x.grad), (gradient, x.grad)
print("right")
"""
    assert python(program, tmp_path) == "right\n"


def test_s10_array_code_is_never_nested_and_refuses_beyond_a_stated_limit() -> None:
    def chain(length: int) -> tuple[Value, Value]:
        x = y = Value(0.5)
        for k in range(length):
            y = [al.sin, al.tanh, al.exp, al.sqrt][k % 4](y)
        return y, x

    y, x = chain(1000)
    source = al.compile(y, [], [x], executor="arrays").source
    assert len(source.splitlines()) > 2000  # a statement for each node and direction
    assert max(map(len, source.splitlines())) < 200
    y, x = chain(5000)
    with pytest.raises(al.CompileError, match=r"2,000 are the limit"):
        al.compile(y, [], [x], executor="arrays")


# --- S12: imports ---------------------------------------------------------------------------

AUDIT = """
import os
wrong = []
STARTS = ("socket", "subprocess", "urllib", "ftplib", "http", "smtplib", "pickle", "marshal",
          "shutil", "tempfile", "webbrowser", "os.system", "os.exec", "os.fork", "os.posix_spawn",
          "os.remove", "os.rename", "os.mkdir", "os.chmod", "os.link", "os.symlink")
def hook(event, args):
    if event == "open":
        path, mode, flags = args
        writes = flags & (os.O_WRONLY | os.O_RDWR | os.O_CREAT | os.O_APPEND | os.O_TRUNC)
        if writes and path != os.devnull:
            wrong.append((event, path))
    elif event in ("exec", "marshal.loads"):
        # Python reads and runs every module that it imports so; text is run by a call of ours
        caller = sys._getframe(1).f_code.co_filename
        if not caller.startswith("<frozen importlib") and "autograd_lite" in caller:
            wrong.append((event, caller))
    elif event.startswith(STARTS):
        wrong.append((event, args))
sys.addaudithook(hook)
"""


def test_s12_the_hook_of_these_tests_hears_what_it_should(tmp_path: Path) -> None:
    program = f"""{AUDIT}
import pickle, socket, subprocess
open("file", "w").close()
os.remove("file")
subprocess.run(["true"])
socket.socket().close()
pickle.loads(pickle.dumps(os.getcwd))
source = compile("exec('pass')", "autograd_lite/module.py", "exec")
exec(source)
print(sorted({{event for event, _ in wrong}}))
"""
    heard = set(ast.literal_eval(python(program, tmp_path)))
    assert heard >= {"exec", "open", "os.remove", "pickle.find_class", "socket.__new__"}
    assert heard & {"subprocess.Popen", "os.posix_spawn"}


def test_s12_an_import_writes_opens_and_starts_nothing(tmp_path: Path) -> None:
    """Every module and public name is asked for; an audit hook hears all that is done."""
    modules = [
        ".".join(path.relative_to(TOP).with_suffix("").parts)
        for path in SOURCES
        if path.name not in ("__init__.py", "__main__.py")
    ]
    program = f"""{AUDIT}
import autograd_lite
for name in autograd_lite.__all__:
    getattr(autograd_lite, name)
from importlib import import_module
for name in {modules}:
    import_module(name)
print(wrong)
"""
    assert python(program, tmp_path) == "[]\n"
    assert not list(tmp_path.iterdir())


def test_s12_computing_in_values_writes_opens_and_starts_nothing(tmp_path: Path) -> None:
    program = f"""
import autograd_lite as al
from autograd_lite import losses, nn, optim
al.explain, al.hessian, al.check_gradients
{AUDIT}
net = nn.MLP([2, 3, 1], "tanh", rng=1)
adam = optim.Adam(net.parameters(), 0.1)
loss = losses.half_squared_error(net([0.5, -1.0]), [1.0])
loss.backward()
adam.step()
str(al.explain(loss, net.parameters()[0]))
al.hessian(lambda x: al.exp(x[0]) * x[1])([1.0, 2.0])
al.check_gradients(al.tanh, 0.5)
print(wrong)
"""
    assert python(program, tmp_path) == "[]\n"
    assert not list(tmp_path.iterdir())


def test_s12_loading_writes_executes_and_starts_nothing(tmp_path: Path) -> None:
    """Parameters, a checkpoint, an IDX file and an expression; one damaged file too."""
    program = f"""
from autograd_lite import data, expressions, nn, optim, storage
net = nn.MLP([2, 3, 1], "tanh", rng=1)
storage.save(net, "model")
storage.save_checkpoint("run", net, optim.Adam(net.parameters(), 0.1), epoch=1)
from pathlib import Path
Path("damaged").write_bytes(Path("model").read_bytes()[:-1])
{AUDIT}
storage.load_model("model")
storage.load_into(net, "model")
storage.read_checkpoint("run").restore(net, optim.Adam(net.parameters(), 0.1))
try:
    storage.load_model("damaged")
except ValueError:
    pass
data.digits()
expressions.parse("exp(x) * 2", {{"x": 1.0}})
print(wrong)
"""
    assert python(program, tmp_path) == "[]\n"
    assert {path.name for path in tmp_path.iterdir()} == {"model", "run", "damaged"}


def test_s12_no_environment_variable_is_read() -> None:
    for path in SOURCES:
        for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
            name = node.attr if isinstance(node, ast.Attribute) else getattr(node, "id", "")
            assert name not in ("environ", "environb", "getenv", "getenvb"), path


def test_s12_no_module_of_ours_can_reach_the_network() -> None:
    """One module starts a process, the layout engine; compiled code is called by address."""
    network = {"socket", "ssl", "http", "urllib", "ftplib", "smtplib", "asyncio", "requests",
               "xmlrpc", "webbrowser", "socketserver", "telnetlib"}  # fmt: skip
    beyond = {"subprocess": "render.py", "ctypes": "jit.py", "multiprocessing": "", "pty": ""}
    for path in SOURCES:
        names = set()
        for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
            if isinstance(node, ast.Import):
                names |= {alias.name.split(".")[0] for alias in node.names}
            elif isinstance(node, ast.ImportFrom):
                names.add((node.module or "").split(".")[0])
        assert not names & network, path
        assert all(path.name == beyond[name] for name in names & set(beyond)), path


# --- S13: the wheel -------------------------------------------------------------------------


def test_s13_the_wheel_holds_the_packages_files_and_one_command(tmp_path: Path) -> None:
    """Built from the sources: no file beside the package, nothing that runs when installed."""
    build = [sys.executable, "-m", "hatchling", "build", "-t", "wheel", "-d", str(tmp_path)]
    subprocess.run(build, cwd=TOP, check=True, capture_output=True)
    (wheel,) = tmp_path.iterdir()
    with zipfile.ZipFile(wheel) as archive:
        names = archive.namelist()
        commands = archive.read(next(n for n in names if n.endswith("entry_points.txt"))).decode()
    about = f"autograd_lite-{al.__version__}.dist-info/"
    package = {
        path.relative_to(TOP).as_posix()
        for path in PACKAGE.rglob("*")
        if path.is_file() and "__pycache__" not in path.parts
    }
    assert {name for name in names if not name.startswith(about)} == package
    assert {name.removeprefix(about) for name in names if name.startswith(about)} == {
        "METADATA", "WHEEL", "RECORD", "entry_points.txt", "licenses/LICENSE",
        "licenses/autograd_lite/digits/README.md",
    }  # fmt: skip
    assert {Path(name).suffix for name in package} == {".py", ".typed", ".html", ".gz", ".md"}
    assert commands.split() == ["[console_scripts]", "autograd-lite", "=", "autograd_lite.cli:main"]


def test_s13_the_build_has_no_hook() -> None:
    project = tomllib.loads((TOP / "pyproject.toml").read_text(encoding="utf-8"))
    assert project["build-system"] == {
        "requires": ["hatchling>=1.27"], "build-backend": "hatchling.build"
    }  # fmt: skip
    assert "hooks" not in project["tool"]["hatch"].get("build", {})
    assert set(project["tool"]["hatch"]) == {"version", "build"}
