"""The rooms and who may import whom, read from the source; and what an import costs."""

from __future__ import annotations

import ast
import subprocess
import sys
from pathlib import Path

PACKAGE = Path(__file__).parent.parent / "autograd_lite"

# Each room and the rooms that it may import; design: imports go one way.
CORE = {"errors", "ieee", "ops", "traversal", "value"}
ENGINE = CORE | {"functions", "nesting", "transforms"}
ALLOWED = {
    "errors": set(),
    "ieee": set(),
    "ops": {"errors", "ieee"},
    "traversal": {"errors"},
    "value": {"errors", "ops", "traversal"},
    "functions": CORE,
    "nesting": set(),
    "transforms": CORE | {"nesting"},
    "checking": ENGINE,
    "counts": set(),
    "labels": set(),
    "forms": {"ops"},
    "symbols": {"ops", "forms"},
    "formula": CORE | {"forms", "labels", "symbols"},
    "saturation": set(),
    "sets": set(),
    "stamp": set(),
    "drawing": CORE
    | {"forms", "formula", "labels", "symbols"}
    | {"counts", "saturation", "sets", "stamp", "deltas"},
    "initializers": set(),
    "learning_rules": {"ops"},
    "idx": {"errors"},
    "data": {"errors", "idx"},
    "deltas": CORE | {"labels"},
    "paths": set(),
    "wording": {"ops", "forms", "formula", "labels", "symbols"},
    "layouts": {"forms", "wording"},
    "explanation": CORE | {"layouts", "paths", "wording"},
    "expressions": CORE | {"functions"},
    "testing": {"deltas"},
    "nn": CORE | {"functions", "initializers", "deltas", "stamp"},
    "losses": CORE | {"functions"},
    "optim": CORE,
    "diagnostics": {"counts", "saturation", "traversal", "value", "nn", "losses"},
    "compiler": ENGINE | {"sets"},
    "engines": ENGINE | {"nn", "optim", "checking", "compiler"},
    "storage": CORE | {"nn", "stamp"},
    "resumption": {"errors", "storage"},
    "settings": set(),
    "training": {"engines", "resumption", "settings"}
    | ENGINE
    | {"nn", "losses", "optim", "data", "checking"},
    "demo": ENGINE | {"nn", "losses", "optim", "data", "checking", "training", "drawing"},
    "cli": CORE | {"demo", "drawing", "explanation", "expressions", "forms"},
    "__main__": {"cli"},
}


def rooms() -> dict[str, set[str]]:
    """Each room with the rooms that its source imports (those for type checkers left out)."""
    found: dict[str, set[str]] = {}
    for path in sorted(PACKAGE.rglob("*.py")):
        room = path.relative_to(PACKAGE).parts[0].removesuffix(".py")
        tree = ast.parse(path.read_text(encoding="utf-8"))
        skipped = {
            inner
            for node in ast.walk(tree)
            if isinstance(node, ast.If) and ast.unparse(node.test) == "TYPE_CHECKING"
            for inner in ast.walk(node)
        }
        names = found.setdefault(room, set())
        for node in ast.walk(tree):
            if isinstance(node, ast.ImportFrom) and node not in skipped:
                parts = (node.module or "").split(".")
                if parts[0] == "autograd_lite":
                    names |= {parts[1]} if len(parts) > 1 else {a.name for a in node.names}
    return {room: names - {room} for room, names in found.items() if room != "__init__"}


def test_imports_go_one_way() -> None:
    public = {"__version__"}  # __init__ itself, which is no room
    for room, imported in rooms().items():
        assert imported - public <= ALLOWED[room], f"{room} imports {imported - ALLOWED[room]}"


def test_the_diagram_has_no_cycle() -> None:
    reached: dict[str, set[str]] = {}

    def below(room: str, path: tuple[str, ...] = ()) -> set[str]:
        assert room not in path, f"import cycle: {(*path, room)}"
        if room not in reached:
            inner = ALLOWED[room]
            reached[room] = inner | {x for r in inner for x in below(r, (*path, room))}
        return reached[room]

    for room in ALLOWED:
        below(room)


def test_nobody_imports_the_peers() -> None:
    peers = {"torch", "jax", "micrograd", "casadi", "sklearn"}
    for folder in (PACKAGE, PACKAGE.parent / "tests"):
        for path in folder.rglob("*.py"):
            for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
                names = (
                    [a.name for a in node.names] if isinstance(node, ast.Import)
                    else [node.module or ""] if isinstance(node, ast.ImportFrom) else []
                )  # fmt: skip
                assert not peers & {name.split(".")[0] for name in names}, path


def test_the_bare_import_loads_no_heavy_module() -> None:
    """What keeps it at a few milliseconds: benchmarks/ measures the time itself."""
    heavy = ["numpy", "typing", "graphviz", "tqdm", "dataclasses", "inspect", "safetensors"]
    code = f"import autograd_lite, sys; print([m for m in {heavy} if m in sys.modules])"
    ran = subprocess.run(
        [sys.executable, "-S", "-c", f"import sys; sys.path[:0] = {sys.path!r}; {code}"],
        capture_output=True, text=True, check=True,
    )  # fmt: skip
    assert ran.stdout.strip() == "[]"
