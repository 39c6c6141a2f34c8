"""The command line: what it prints, what it writes, and one line for every error."""

from __future__ import annotations

import os
import subprocess
import sys
import xml.etree.ElementTree as ET
from pathlib import Path

import pytest

import autograd_lite
from autograd_lite.cli import main

PRODUCT = ["(x+y)*z", "x=-2", "y=5", "z=-4"]


def test_explain_one_variable(capsys: pytest.CaptureFixture[str]) -> None:
    """f = (x + y) z: df/dx = z."""
    assert main(["explain", *PRODUCT, "--wrt", "x"]) == 0
    assert capsys.readouterr().out.splitlines() == [
        "f = (x+y)*z = −12",
        "",
        "∂f/∂x   (1 path from x to f)",
        "  where v₁ = x + y = 3",
        "  ∂f/∂v₁ × ∂v₁/∂x",
        "  = z × 1",
        "  = −4 × 1 = −4",
        "  check: x.grad = −4",
    ]


def test_explain_all_variables_or_some(capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["explain", *PRODUCT]) == 0
    every = capsys.readouterr().out
    assert [line for line in every.splitlines() if line.startswith("∂")] == [
        f"∂f/∂{name}   (1 path from {name} to f)" for name in "xyz"
    ]
    assert main(["explain", "--wrt=z", "(x+y)*z", "x=-2", "--wrt", "x", "y=5", "z=-4"]) == 0
    some = capsys.readouterr().out
    assert [line[:5] for line in some.splitlines() if line.startswith("∂")] == ["∂f/∂z", "∂f/∂x"]


@pytest.mark.parametrize("expression", ["-x*2", "-x", "--x", "-(x)", "-2*x", "-exp(x)"])
def test_an_expression_may_begin_with_a_minus(
    expression: str, capsys: pytest.CaptureFixture[str]
) -> None:
    assert main(["explain", expression, "x=3"]) == 0
    assert capsys.readouterr().out.startswith(f"f = {expression} = ")


def test_a_variable_may_be_a_fraction(capsys: pytest.CaptureFixture[str]) -> None:
    for text, number in (("1/4", "0.25"), ("-3/2", "−1.5"), ("1e2/8", "12.5")):
        assert main(["explain", "x*1", f"x={text}"]) == 0
        assert capsys.readouterr().out.startswith(f"f = x*1 = {number}\n")


@pytest.mark.parametrize("buffering", [[], ["-u"]], ids=["at the end", "at the first line"])
def test_a_reader_that_has_seen_enough_ends_the_command_quietly(buffering: list[str]) -> None:
    """As in `autograd-lite demo | head -3`: the pipe has no reader any more."""
    reader, writer = os.pipe()
    os.close(reader)
    done = subprocess.run(
        [sys.executable, *buffering, "-m", "autograd_lite", "explain", "x*y", "x=2", "y=3"],
        stdout=writer, stderr=subprocess.PIPE, text=True, timeout=60, check=False,
    )  # fmt: skip
    os.close(writer)
    assert (done.returncode, done.stderr) == (141, "")


def test_the_result_is_not_named_as_a_variable(capsys: pytest.CaptureFixture[str]) -> None:
    main(["explain", "f*y", "f=1", "y=2"])
    assert capsys.readouterr().out.startswith("result = f*y = 2\n")
    main(["explain", "x", "x=2"])
    assert capsys.readouterr().out.startswith("x = x = 2\n")


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        (["explain", "x^2", "x=1"], "explain: column 2: '^' cannot be read; a power is"),
        (
            ["explain", "x*y", "x=1"],
            "explain: column 3: the name y has no value; names with one: x",
        ),
        (["explain", "x", "x=a"], "explain: 'x=a': 'a' is no number; write -2, 0.5 or 1/3"),
        (["explain", "x", "x=1/"], "explain: 'x=1/': '1/' is no number; write -2, 0.5 or 1/3"),
        (["explain", "x", "x=1/0"], "explain: 'x=1/0': '1/0' is no number; write"),
        (["explain", "x", "x=1/2/3"], "explain: 'x=1/2/3': '1/2/3' is no number; write"),
        (["explain", "x", "1x=1"], "explain: '1x=1' is no variable; write it as x=-2"),
        (["explain", "x", "x"], "explain: 'x' is no variable; write it as x=-2"),
        (["explain", "x", "x=1", "x=2"], "explain: 'x=2': x has a value already"),
        (["explain", "x", "x=1", "y=2"], "explain: y does not occur in 'x'"),
        (["explain", "1+1"], "explain: there is nothing to differentiate by; use variables"),
        (["explain", "x", "x=1", "--wrt", "q"], "explain: --wrt q: the variables are x"),
        (["draw", "x*x", "x=1", "-o", "f.pdf"], "draw: f.pdf: the name of a picture ends in .svg"),
        (["draw", "x*x", "x=1", "-o", "/no/where/f.dot"], "draw: [Errno 2] No such file or dir"),
    ],
)
def test_an_error_takes_one_line_and_status_2(
    arguments: list[str], message: str, capsys: pytest.CaptureFixture[str]
) -> None:
    assert main(arguments) == 2
    captured = capsys.readouterr()
    assert captured.out == ""
    assert captured.err.startswith(f"autograd-lite {message}")
    assert captured.err.count("\n") == 1


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        ([], "autograd-lite: the following arguments are required: command"),
        (["fly"], "autograd-lite: argument command: invalid choice: 'fly'"),
        (["draw", "x", "x=1"], "autograd-lite draw: the following arguments are required: -o"),
        (["demo", "--slow"], "autograd-lite: unrecognized arguments: --slow"),
    ],
)
def test_a_wrong_call_takes_one_line_and_status_2(
    arguments: list[str], message: str, capsys: pytest.CaptureFixture[str]
) -> None:
    with pytest.raises(SystemExit) as ended:
        main(arguments)
    assert ended.value.code == 2
    error = capsys.readouterr().err
    assert error.startswith(message)
    assert error.count("\n") == 1


def test_draw_writes_what_the_name_says(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    for kind in ("svg", "png", "dot"):
        path = tmp_path / f"f.{kind}"
        assert main(["draw", "(x+y)*z", "-o", str(path), "x=-2", "y=5", "z=-4"]) == 0
        assert capsys.readouterr().out == f"{path}\n"
    text = "".join(ET.parse(tmp_path / "f.svg").getroot().itertext())
    assert "−12" in text or "-12" in text
    assert (tmp_path / "f.png").read_bytes().startswith(b"\x89PNG")
    assert (tmp_path / "f.dot").read_text(encoding="utf-8").startswith("digraph")
    assert len(list(tmp_path.iterdir())) == 3  # nothing left over


def test_draw_writes_the_player(tmp_path: Path) -> None:
    path = tmp_path / "f.html"
    assert main(["draw", "x*x", "x=3", "-o", str(path)]) == 0
    page = path.read_text(encoding="utf-8")
    assert page.startswith("<!doctype html>")
    assert page.count("<script") == 1


def test_demo_gets_its_options(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    from autograd_lite import demo

    calls: list[tuple[Path, bool]] = []
    monkeypatch.setattr(demo, "run", lambda out, fast: calls.append((out, fast)) or 0)
    assert main(["demo", "--fast", "--out", str(tmp_path)]) == 0
    assert main(["demo"]) == 0
    assert calls == [(tmp_path, True), (Path("autograd-lite-demo"), False)]


def test_the_module_runs_as_the_command() -> None:
    """Also where the console's encoding lacks the signs: numbers still arrive."""
    ran = subprocess.run(
        [sys.executable, "-m", "autograd_lite", "explain", "x*x", "x=3"],
        capture_output=True, text=True, check=True, env={"PYTHONIOENCODING": "ascii"},
        cwd=Path(autograd_lite.__file__).parent.parent,
    )  # fmt: skip
    assert ran.stdout.startswith("f = x*x = 9\n")
    assert ran.stderr == ""
    version = subprocess.run(
        [sys.executable, "-m", "autograd_lite", "--version"],
        capture_output=True, text=True, check=True,
        cwd=Path(autograd_lite.__file__).parent.parent,
    )  # fmt: skip
    assert version.stdout == f"autograd-lite {autograd_lite.__version__}\n"
