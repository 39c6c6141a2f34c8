"""Pictures: what stands on them, that no label breaks them, and that an engine is found."""

from __future__ import annotations

import os
import re
import subprocess
import sys
import xml.etree.ElementTree as ET
from pathlib import Path
from typing import Any

import graphviz
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

import autograd_lite as al
from autograd_lite import NotInGraphError, Value, constant, parameter
from autograd_lite.drawing import draw, render
from autograd_lite.drawing.dot import THEMES
from autograd_lite.drawing.render import (
    Drawing,
    EngineNotFoundError,
    LayoutSizeError,
    LayoutTimeoutError,
)
from autograd_lite.labels import clean

SVG = "{http://www.w3.org/2000/svg}"
SYSTEM_DOT = render.shutil.which("dot")


@pytest.fixture(params=["graphviz-pure", "dot"])
def engine(request: pytest.FixtureRequest, monkeypatch: pytest.MonkeyPatch) -> str:
    """Either engine, chosen as a user's machine chooses: by what is on the PATH."""
    if request.param == "graphviz-pure":
        monkeypatch.setenv("PATH", "")
    elif SYSTEM_DOT is None:
        pytest.skip("no system dot on this machine")
    return str(request.param)


@pytest.fixture
def pure(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("PATH", "")


def labelled(node: Value, label: str) -> Value:
    node.label = label
    return node


def neuron() -> tuple[Value, Value]:
    """The neuron of designs/d1_neuron.png after its backward pass, and its w2."""
    w1, w2, b = parameter(2.0, "w1"), parameter(-3.0, "w2"), parameter(-3.0, "b")
    x1, x2 = al.inputs(2)
    x1.data, x2.data = -1.0, -2.0
    p1, p2 = labelled(w1 * x1, "p1"), labelled(w2 * x2, "p2")
    z = labelled(labelled(p1 + p2, "s") + b, "z")
    y = labelled(z.sigmoid(), "y")
    y.backward()
    return y, w2


def chain(length: int) -> tuple[Value, Value]:
    """x * 2 * 2 * ..., and its x."""
    x = Value(1.0, label="x")
    y = x
    for _ in range(length):
        y = y * 2.0
    return labelled(y, "y"), x


def parts(picture: Drawing) -> tuple[list[list[str]], list[str]]:
    """The texts of each node's box in order of ids, and of each edge, as the SVG has them."""
    root = ET.fromstring(picture.pipe(encoding="utf-8"))
    nodes, edges = {}, []
    for group in root.iter(f"{SVG}g"):
        texts = [(t.text or "").replace("\xa0", " ") for t in group.iter(f"{SVG}text")]
        if group.get("class") == "node":
            number, _, stub = str(group.findtext(f"{SVG}title"))[1:].partition("_")
            nodes[int(number), stub] = texts
        elif group.get("class") == "edge":
            edges.append("".join(texts))
    return [nodes[key] for key in sorted(nodes)], edges


# --- what stands on it ------------------------------------------------------------------


def test_the_neuron_of_the_lectures(engine: str) -> None:
    """Numbers by hand: y = sigmoid(1) = 0.7311, y(1 - y) = 0.1966, times x or w."""
    nodes, edges = parts(draw(neuron()[0]))
    assert sorted(nodes) == sorted([
        ["w₁", "value", "2", "grad", "-0.1966"],
        ["x₁", "value", "-1", "grad", "0.3932"],
        ["w₂", "value", "-3", "grad", "-0.3932"],
        ["x₂", "value", "-2", "grad", "-0.5898"],
        ["b", "value", "-3", "grad", "0.1966"],
        ["p₁ = w₁·x₁", "value", "-2", "grad", "0.1966"],
        ["p₂ = w₂·x₂", "value", "6", "grad", "0.1966"],
        ["s = p₁ + p₂", "value", "4", "grad", "0.1966"],
        ["z = s + b", "value", "1", "grad", "0.1966"],
        ["y = σ(z)", "value", "0.7311", "grad", "1"],
    ])  # fmt: skip
    assert sorted(edges) == sorted([
        "∂p₁/∂w₁ = x₁ = -1", "∂p₁/∂x₁ = w₁ = 2", "∂p₂/∂w₂ = x₂ = -2", "∂p₂/∂x₂ = w₂ = -3",
        "∂s/∂p₁ = 1", "∂s/∂p₂ = 1", "∂z/∂s = 1", "∂z/∂b = 1", "∂y/∂z = y(1−y) = 0.1966",
    ])  # fmt: skip


def test_a_value_used_twice_has_two_edges(engine: str) -> None:
    a = Value(3.0, label="a")
    b = labelled(a + a, "b")
    nodes, edges = parts(draw(labelled(b * b, "c")))
    assert len(nodes) == 3
    assert sorted(edges) == ["∂b/∂a = 1"] * 2 + ["∂c/∂b = b = 6"] * 2


def test_an_edge_that_no_derivative_passes_is_dashed_and_bare() -> None:
    off = labelled(Value(-1.0, label="x").relu(), "y")
    assert "n0 -> n1 [style=dashed]" in draw(off).source
    scaled = constant(2.0, label="k") * Value(1.0, label="x")
    assert "n0 -> n2 [style=dashed]" in draw(scaled).source


def test_numbers_stand_in_the_formula_and_are_no_nodes(pure: None) -> None:
    nodes, edges = parts(draw(labelled(2.0 * Value(1.5, label="x") ** 2, "y")))
    assert [texts[0] for texts in nodes] == ["x", "v₁ = x²", "y = 2·v₁"]
    assert edges == ["∂v₁/∂x = 2·x = 3", "∂y/∂v₁ = 2"]


def test_constants_have_no_gradient_and_need_no_name(pure: None) -> None:
    nodes, _ = parts(draw(constant(2.0) * constant(3.0, label="k") + Value(1.0)))
    assert nodes == [
        ["2"], ["k", "value", "3"], ["v₁ = 2·k", "value", "6", "grad", "0"],
        ["v₂", "value", "1", "grad", "0"], ["v₃ = v₁ + v₂", "value", "7", "grad", "0"],
    ]  # fmt: skip


def test_a_leaf_alone_is_a_picture(engine: str) -> None:
    assert parts(draw(Value(2.0, label="x"))) == ([["x", "value", "2", "grad", "0"]], [])


def test_a_derivative_too_long_to_read_stands_as_a_number(pure: None) -> None:
    short, long = Value(0.0, label="x"), Value(0.0, label="preactivation")
    _, edges = parts(draw(labelled(al.silu(short), "y")))
    assert edges[0] == "∂y/∂x = σ(x) + y(1−σ(x)) = 0.5"
    _, edges = parts(draw(labelled(al.silu(long), "y")))
    assert edges[0] == "∂y/∂preactivation = 0.5"


def test_a_users_row_of_floats_alone_is_drawn() -> None:
    import math

    row = al.Op("gauss", lambda x: math.exp(-x * x), (lambda y, x: -2.0 * x * math.exp(-x * x),))
    assert "∂y/∂x = gauss′(x) = -0.7358" in draw(labelled(row(Value(1.0, label="x")), "y")).source


@pytest.mark.parametrize("theme", ["light", "dark"])
def test_d9_roles_and_the_output_are_tinted(theme: str) -> None:
    w, x, v, k = parameter(1.0, "w"), al.inputs(1)[0], Value(1.0, label="v"), constant(1.0, "k")
    source = draw(w * x + v * k, theme=theme).source
    for role, start in (("parameter", "w"), ("input", "x₁"), ("variable", "v"), ("constant", "k")):
        line = next(ln for ln in source.splitlines() if f"<b>{start}</b>" in ln)
        assert f'fillcolor="{THEMES[theme].tints[role][0]}"' in line
    assert source.count(f'fillcolor="{THEMES[theme].tints["output"][0]}"') == 1
    assert f'bgcolor="{THEMES[theme].background}"' in source


def luminance(colour: str) -> float:
    """Source: WCAG 2.2, relative luminance."""
    channels = [int(colour[i : i + 2], 16) / 255 for i in (1, 3, 5)]
    linear = [c / 12.92 if c <= 0.04045 else ((c + 0.055) / 1.055) ** 2.4 for c in channels]
    return 0.2126 * linear[0] + 0.7152 * linear[1] + 0.0722 * linear[2]


def contrast(a: str, b: str) -> float:
    low, high = sorted([luminance(a), luminance(b)])
    return (high + 0.05) / (low + 0.05)


@pytest.mark.parametrize("name", ["light", "dark"])
def test_colours_have_contrast(name: str) -> None:
    theme = THEMES[name]
    for ink in (theme.forward, theme.backward, theme.text, theme.muted):
        assert contrast(ink, theme.background) >= 5.5
        for fill, _ in theme.tints.values():
            assert contrast(ink, fill) >= 5.0
    assert contrast(theme.edge, theme.background) >= 3.0  # WCAG: graphical objects


def test_text_rules_of_the_source() -> None:
    source = draw(neuron()[0]).source
    assert set(re.findall(r'fontname="([^"]*)"', source)) == {"Helvetica"}
    assert "rankdir=LR" in source
    assert "ordering=in" in source
    assert "<sub>" not in source.lower()
    assert re.findall(r"^\t(n\d+) \[", source, re.MULTILINE) == [f"n{i}" for i in range(10)]


def test_the_same_graph_gives_the_same_bytes_in_every_process() -> None:
    code = (
        "import autograd_lite as al; x = al.Value(1.0); y = al.tanh(x * x) + x; y.backward();"
        "import sys; sys.stdout.buffer.write(al.draw(y).source.encode() + al.draw(y).pipe())"
    )
    runs = {
        subprocess.run(
            [sys.executable, "-c", code], capture_output=True, check=True,
            env={**os.environ, "PYTHONHASHSEED": seed, "PYTHONPATH": os.pathsep.join(sys.path)},
        ).stdout
        for seed in ("1", "2", "3")
    }  # fmt: skip
    assert len(runs) == 1


# --- large graphs -----------------------------------------------------------------------


def test_s11_a_large_graph_shows_the_roots_neighbourhood(pure: None) -> None:
    """A chain of 301 nodes: the root, two steps back, and a stub for the step that was cut."""
    picture = draw(chain(300)[0])
    nodes, edges = parts(picture)
    assert [texts[0] for texts in nodes] == [
        "v₂₉₈ = v₂₉₇·2", "… 1 more", "v₂₉₉ = v₂₉₈·2", "y = v₂₉₉·2"
    ]  # fmt: skip
    assert sorted(edges) == ["", "∂v₂₉₉/∂v₂₉₈ = 2", "∂y/∂v₂₉₉ = 2"]
    svg = picture.pipe(encoding="utf-8").replace("&#160;", " ")
    assert "3 of 301 nodes: what lies within 2 hops of y." in svg
    assert "To see more: draw(root, max_nodes=301), or draw(root, around=node)." in svg
    assert len(parts(draw(chain(300)[0], max_nodes=301))[0]) == 301


def test_more_neighbours_than_allowed_are_cut_in_their_order(pure: None) -> None:
    picture = draw(labelled(al.sum([Value(1.0, label=f"x{i}") for i in range(1000)]), "y"))
    nodes, _ = parts(picture)
    assert [texts[0] for texts in nodes[:2]] == ["x₀", "x₁"]
    assert nodes[-1] == ["… 801 more"]
    assert "200 of 1,001 nodes: the 200 nearest of what lies within 2 hops of y." in picture.source
    assert "draw(root, max_nodes=800)" in picture.source


def test_around_shows_the_node_and_its_way_to_the_root(pure: None) -> None:
    y, w2 = neuron()
    picture = draw(y, around=w2, hops=1)
    nodes, _ = parts(picture)
    titles = [texts[0] for texts in nodes]
    assert [t for t in titles if t != "… 1 more"] == [
        "w₂", "p₂ = w₂·x₂", "s = p₁ + p₂", "z = s + b", "y = σ(z)"
    ]  # fmt: skip
    assert titles.count("… 1 more") == 3  # x2, p1 and b
    assert "5 of 10 nodes: what lies within 1 hop of w₂ and on its way to the root." in (
        picture.source
    )


def test_around_a_node_far_from_the_root_keeps_the_root(pure: None) -> None:
    y, x = chain(1000)
    nodes, _ = parts(draw(y, around=x, max_nodes=4))
    assert [texts[0] for texts in nodes] == [
        "x", "v₁ = x·2", "v₂ = v₁·2", "… 1 more", "y = v₉₉₉·2", "… 1 more"
    ]  # fmt: skip


def test_around_takes_in_what_else_uses_the_node(pure: None) -> None:
    x = Value(1.0, label="x")
    y = labelled(al.sum([labelled(x * float(i), f"p{i}") for i in range(300)]), "y")
    nodes, _ = parts(draw(y, around=x, max_nodes=5))
    assert [texts[0] for texts in nodes] == [
        "x", "… 297 more", "p₀ = x·0", "p₁ = x·1", "p₂ = x·2",
        "y = Σ(p₀, p₁, …, p₂₉₉)", "… 297 more",
    ]  # fmt: skip


def test_around_a_stranger_is_an_error() -> None:
    with pytest.raises(NotInGraphError, match=r"does not depend on around=Value\(.*label='w3'\)"):
        draw(neuron()[0], around=Value(1.0, label="w3"))


def test_s11_a_huge_graph_is_no_hang() -> None:
    y, x = chain(200_000)
    assert "3 of 200,001 nodes" in draw(y).source
    assert "200 of 200,001 nodes" in draw(y, around=x).source


@pytest.mark.parametrize(
    ("arguments", "error", "text"),
    [
        ({"level": "deep"}, ValueError, "'deep'; there are 'auto', 'op', 'neuron' and 'layer'"),
        ({"theme": "blue"}, ValueError, "theme is 'blue'; there are 'light' and 'dark'"),
        ({"hops": 0}, ValueError, "hops is 0; it must be an int of at least 1"),
        ({"max_nodes": 2.5}, ValueError, "max_nodes is 2.5; it must be an int of at least 1"),
        ({"around": "w"}, TypeError, "around must be a Value, got str"),
    ],
)
def test_wrong_arguments_say_what_is_right(
    arguments: dict[str, object], error: type[Exception], text: str
) -> None:
    with pytest.raises(error, match=text):
        draw(Value(1.0), **arguments)  # type: ignore[arg-type]  # on purpose


def test_a_list_of_outputs_is_refused_with_the_remedy() -> None:
    with pytest.raises(TypeError, match=r"got list; draw one of its Values, or their al\.sum"):
        draw([Value(1.0)])  # type: ignore[arg-type]  # on purpose


# --- hostile labels ---------------------------------------------------------------------

HOSTILE = [
    'a"b', "<b>x</b>", "<lambda> <map>", 'x\\"; URL="javascript:alert(1)',
    '<<TABLE HREF="javascript:alert(1)"><TR><TD>x</TD></TR></TABLE>>',
    "</script><script>", "x\n}\nattack [label=1", "{a|<p>b}", r"\N \G \E \L \n \l", "a\\",
    "nul\x00nul", "bell\x07", "half \ud800 half", "override \u202egnp.exe", "&lt; &amp; &#60;",
    "]]>", "-->", "<!--", "%s {0} {args}", "日本語 😀", "'single'", "   ", "\n", "x;}", "\ufffe",
    "a" * 20_000, "\ud800" * 20_000,
]  # fmt: skip


def assert_harmless(label: str) -> None:
    """One label on every place that shows it: leaf, output, formula, edge, title."""
    leaf = Value(1.0, label=label)
    other = labelled(leaf * leaf, label)
    y = labelled(other.tanh(), label)
    for picture, count in ((draw(y), 3), (draw(y, max_nodes=2), 3), (draw(y, around=leaf), 3)):
        svg = picture.pipe(encoding="utf-8")
        root = ET.fromstring(svg)
        kinds = [group.get("class") for group in root.iter(f"{SVG}g")]
        assert kinds.count("node") == count
        allowed = {"svg", "g", "title", "polygon", "path", "text", "ellipse", "polyline"}
        assert {element.tag.removeprefix(SVG) for element in root.iter()} <= allowed
        assert not re.search(r'(href|on\w+)\s*=\s*"', svg.partition("<g ")[2])
    nodes, edges = parts(draw(leaf))
    assert (len(nodes), edges) == (1, [])
    assert nodes[0][0] == clean(label, 60)


@pytest.mark.parametrize("label", HOSTILE, ids=range(len(HOSTILE)))
def test_s7_no_label_breaks_the_picture(label: str, engine: str) -> None:
    assert_harmless(label)


@settings(max_examples=60, deadline=None)
@given(st.text(st.characters(exclude_categories=["Nd"]), min_size=1, max_size=12))
def test_s7_no_random_label_breaks_the_picture(label: str) -> None:
    """Digits are left out: they would stand as subscripts."""
    assert_harmless(label)


@pytest.mark.parametrize(
    ("label", "shown"),
    [
        ("a\n\tb  c", "a b c"), ("nul\x00", "nul\ufffd"), ("\ud800", "\ufffd"), (" ", "\ufffd"),
        ("x" * 61, "x" * 59 + "…"), ("x" * 60, "x" * 60), ("\u202eabc", "\ufffdabc"),
    ],
)  # fmt: skip
def test_labels_are_cleaned(label: str, shown: str) -> None:
    assert clean(label, 60) == shown


def test_an_edge_shows_its_label_as_it_is(engine: str) -> None:
    x = Value(1.0, label=r'\N "&amp;"')
    assert parts(draw(labelled(x.exp(), "y")))[1] == [r'∂y/∂\N "&amp;" = y = 2.718']


# --- the engine -------------------------------------------------------------------------


def test_without_a_system_dot_the_environments_engine_is_found(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    """Also where the PATH does not hold the environment's bin, as in a Jupyter kernel."""
    monkeypatch.setenv("PATH", str(tmp_path))
    assert Path(render.engine()).stem == "graphviz-pure"
    monkeypatch.setattr(render.metadata, "files", lambda name: None)  # an odd installer
    assert Path(render.engine()).parent == Path(sys.executable).parent.resolve()


def fake_engine(monkeypatch: pytest.MonkeyPatch, folder: Path, script: str) -> Path:
    """A program called dot, the only one on the PATH."""
    fake = folder / "dot"
    fake.write_text(script)
    fake.chmod(0o755)
    monkeypatch.setenv("PATH", str(folder))
    return fake


def test_a_system_dot_is_preferred(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    fake = fake_engine(monkeypatch, tmp_path, "#!/bin/sh\necho fake\n")
    assert render.engine() == str(fake)
    assert draw(Value(1.0)).pipe() == b"fake\n"


def no_engine(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    def missing(name: str) -> None:
        raise render.metadata.PackageNotFoundError(name)

    monkeypatch.setenv("PATH", "")
    monkeypatch.setattr(render.metadata, "files", missing)
    monkeypatch.setattr(render.sys, "executable", str(tmp_path / "python"))


def test_no_engine_is_an_error_with_the_remedy(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    no_engine(monkeypatch, tmp_path)
    picture = draw(Value(1.0, label="x"))
    with pytest.raises(graphviz.ExecutableNotFound, match="run `pip install graphviz-pure`"):
        picture.pipe()
    with pytest.raises(EngineNotFoundError, match=r"The DOT text is there without one: drawing\.s"):
        picture.render(directory=tmp_path)
    assert issubclass(EngineNotFoundError, al.AutogradLiteError)
    assert "digraph" in picture.source


def test_a_player_without_an_engine_names_what_needs_none(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    """A Player has no DOT text to point to."""
    no_engine(monkeypatch, tmp_path)
    x = Value(1.0, label="x")
    y = x.exp()
    with pytest.raises(EngineNotFoundError) as error:
        al.player(y)
    assert "run `pip install graphviz-pure`" in str(error.value)
    assert str(error.value).endswith(
        "al.explain(root, wrt) tells a derivative in words, and needs none"
    )
    assert "source" not in str(error.value)
    assert al.explain(y, x).total == y.data  # as it says


def test_s11_a_slow_engine_is_ended(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    fake_engine(monkeypatch, tmp_path, f"#!{sys.executable}\nimport time\ntime.sleep(60)\n")
    monkeypatch.setattr(render, "TIMEOUT", 0.2)
    with pytest.raises(LayoutTimeoutError, match=r"not finish within 0\.2 s; draw less"):
        draw(Value(1.0)).pipe()
    with pytest.raises(LayoutTimeoutError, match=r"0\.2 s; play a value before the root, or a"):
        al.player(Value(1.0).exp())


def test_s8_an_engine_that_writes_without_end_is_ended(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    fake_engine(monkeypatch, tmp_path, f"#!{sys.executable}\nwhile True: print('<svg>' * 1000)\n")
    monkeypatch.setattr(render, "LARGEST", 100_000)
    with pytest.raises(LayoutSizeError, match=r"more than 100,000 bytes; draw less of the graph"):
        draw(Value(1.0)).pipe()


def test_s8_the_engine_is_run_by_a_list_without_a_shell(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    """A folder named like a command is a name: the engine gets it whole, and nothing runs it."""
    heard: list[tuple[Any, dict[str, Any]]] = []
    popen = subprocess.Popen

    def listening(command: Any, **options: Any) -> Any:
        heard.append((command, options))
        return popen(command, **options)

    monkeypatch.setattr(render.subprocess, "Popen", listening)
    folder = tmp_path / "a; touch PWNED; $(touch PWNED) `touch PWNED`"
    path = draw(Value(1.0, label="$(touch PWNED)")).render("b & touch PWNED", directory=folder)
    assert Path(path).read_text(encoding="utf-8").count('class="node"') == 1
    ((command, options),) = heard
    assert type(command) is list
    assert command[0] == render.engine()
    assert not options.get("shell", False)
    assert not list(tmp_path.rglob("PWNED"))
    assert not Path("PWNED").exists()


def test_a_failing_engine_says_why(engine: str) -> None:
    picture = draw(Value(1.0))
    picture.body.append("\tn0 [\n")
    with pytest.raises(graphviz.CalledProcessError, match="syntax error"):
        picture.pipe()


def test_a_format_that_graphviz_pure_cannot_write(pure: None) -> None:
    with pytest.raises(graphviz.CalledProcessError, match="writes svg, png and jpeg; for others"):
        draw(Value(1.0)).pipe(format="pdf")


def test_warnings_of_the_engine_are_not_printed(
    engine: str, capfd: pytest.CaptureFixture[str], tmp_path: Path
) -> None:
    draw(neuron()[0]).pipe()
    draw(neuron()[0]).render(directory=tmp_path)
    assert capfd.readouterr() == ("", "")


# --- the ways of the package graphviz -----------------------------------------------------


def test_it_is_a_digraph_whose_format_is_svg(engine: str) -> None:
    picture = draw(Value(1.0, label="x"))
    assert isinstance(picture, graphviz.Digraph)
    assert str(picture) == picture.source
    assert picture.pipe().startswith(b"<?xml")
    assert picture.pipe(encoding="utf-8").startswith("<?xml")
    assert picture.pipe(encoding="latin-1").startswith("<?xml")
    assert picture.pipe(format="png").startswith(b"\x89PNG")
    assert picture.copy().source == picture.source
    with pytest.raises(ValueError, match="unknown format: 'gif2'"):
        picture.pipe(format="gif2")


def test_it_displays_itself_in_notebooks(engine: str) -> None:
    bundle = draw(Value(1.0))._repr_mimebundle_()
    assert list(bundle) == ["image/svg+xml"]
    assert bundle["image/svg+xml"].startswith("<?xml")
    assert draw(Value(1.0))._repr_mimebundle_(["image/png"])["image/png"][:4] == b"\x89PNG"


def test_render_names_its_files_as_graphviz_does(engine: str, tmp_path: Path) -> None:
    picture = draw(Value(1.0, label="x"))
    assert picture.render("a", directory=tmp_path) == str(tmp_path / "a.svg")
    assert (tmp_path / "a").read_text(encoding="utf-8") == picture.source
    assert picture.render("b.gv", directory=tmp_path, format="png", cleanup=True) == str(
        tmp_path / "b.gv.png"
    )
    assert not (tmp_path / "b.gv").exists()
    assert draw(Value(1.0)).render(directory=tmp_path) == str(tmp_path / "Drawing.gv.svg")
    assert picture.render(outfile=tmp_path / "c.png") == str(tmp_path / "c.png")
    assert (tmp_path / "c.png").read_bytes().startswith(b"\x89PNG")
    assert (tmp_path / "c.gv").exists()
    with pytest.raises(graphviz.FileExistsError):
        picture.render("a", directory=tmp_path, raise_if_result_exists=True)
    with pytest.raises(ValueError, match=r"outfile 'd\.svg' is the source"):
        picture.render("d.svg", directory=tmp_path, outfile=tmp_path / "d.svg")
    with pytest.raises(graphviz.RequiredArgumentError, match="formatter given without renderer"):
        picture.pipe(formatter="cairo")


@pytest.mark.skipif(SYSTEM_DOT is None, reason="no system dot on this machine")
def test_names_and_bytes_equal_those_of_the_package_itself(tmp_path: Path) -> None:
    ours = draw(neuron()[0])
    theirs = graphviz.Source(ours.source, format="svg")
    assert ours.pipe() == theirs.pipe(quiet=True)
    options = {"format": "png", "renderer": "cairo", "formatter": "cairo", "quiet": True}
    a = ours.render("x.gv", directory=tmp_path / "ours", **options)
    b = theirs.render("x.gv", directory=tmp_path / "theirs", **options)
    assert Path(a).name == Path(b).name
    assert Path(a).read_bytes() == Path(b).read_bytes()


def test_a_picture_of_operations_says_that_backward_has_not_run() -> None:
    y = Value(2.0, label="a") * 3.0
    assert "backward() has not run from here" in al.draw(y, level="op").source
    y.backward()
    assert "backward()" not in al.draw(y, level="op").source
