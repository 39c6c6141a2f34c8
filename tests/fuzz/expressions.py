"""The expressions of the command line."""

from __future__ import annotations

import contextlib
import io

from hypothesis import strategies as st

from autograd_lite import Value, cli, topological
from autograd_lite.expressions import FUNCTIONS, ExpressionError, parse

from .target import Target, edited


def read_expression(text: str) -> str:
    """The text as the command reads it; a graph of it must also be swept and explained."""
    try:
        root = parse(text, {"x": 0.5, "y": -2.0})
    except ExpressionError as error:
        message = str(error)
        assert message.isprintable(), message
        assert len(message) < 1000, message
        return "ExpressionError"
    assert type(root) is Value
    assert type(root.data) is float
    if root.role == "constant" or len(text) > 400:
        return "ok"
    root.backward()
    names = {node.label for node in topological(root)}
    return f"ok, told with status {told(text, names)}"


def told(text: str, names: set[str | None]) -> int:
    """The status of `autograd-lite explain`, which is 0, or 2 with one line of error."""
    out, errors = io.StringIO(), io.StringIO()
    with contextlib.redirect_stdout(out), contextlib.redirect_stderr(errors):
        try:
            given = [f"{name}={x}" for name, x in (("x", 0.5), ("y", -2)) if name in names]
            status = cli.main(["explain", text, *given])
        except SystemExit as ended:  # argparse took the text for an option
            status = int(ended.code or 0)
    assert status in (0, 2), status
    assert errors.getvalue().count("\n") == (status == 2), errors.getvalue()
    return status


PIECES = st.sampled_from(
    ["x", "y", "q", "0", "1", "2.5", ".5e-3", "1e999", "-1e-320", "9" * 320, "1_0", "0x1f", "1j",
     "+", "-", "*", "/", "//", "%", "**", "(", ")", ",", "<", ">=", "==", "!=", ":=", "->", "exp",
     "max", "where", "leaky_relu", "clamp", "sum", "softplus", "bce", "pow", "if", "else", "lambda",
     "not", "and", "in", "await", "yield", "=", "[", "]", "{", "}", "'", '"', "'''", "f'", "b'",
     "\\", "#", "\n", "\r", "\t", "\f", "\x0b", " ", ":", ";", ".", "...", "@", "~", "$", "?", "!",
     "é", "ﬁ", "½", "²", "٣", "𝟏", "𝑥", "\0", "\x1a", "\x85", "\u2028", "\u202e", "\ufeff",
     "\ud800", "\U0010ffff", "__class__", "__import__('os')", "None", "True"]
)  # fmt: skip

CALLS = [
    (name, (row.arity or 3) - row.constants)
    for name, row in FUNCTIONS.items()
    if not row.constants or name == "leaky_relu"
]
INFIX = ["+", "-", "*", "/", "**", "<", ">", "<=", ">="]


def written(choices: list[int]) -> str:
    """A valid expression: each number pushes an operand, or joins what stands on the stack."""
    stack = ["x"]
    for k in choices:
        if k < 10:
            stack.append(["x", "y", "0", "1.5", "2", "-3", "1e300", "1e-300", ".5", "7_0"][k])
        elif k < 20:
            stack[-1] = f"({stack[-1]} {INFIX[k % 9]} {stack[0] if k % 2 else 'x'})"
        elif k < 25:
            stack[-1] = f"-{stack[-1]}"
        else:
            name, count = CALLS[k % len(CALLS)]
            stack.append(f"{name}({', '.join((stack * 3)[-count:])})")
        stack = [text for text in stack if len(text) < 1000] or ["y"]
    return f" {INFIX[len(choices) % 6]} ".join(stack[-8:])


VALID = st.lists(st.integers(0, 24 + 2 * len(CALLS)), max_size=16).map(written)


EXPRESSIONS = Target(
    st.one_of(
        VALID,
        edited(VALID, PIECES),
        st.lists(PIECES, max_size=80).map("".join),
        st.text(max_size=80),
        st.tuples(PIECES, st.integers(1, 10_001)).map(lambda x: (x[0] * x[1])[:10_002]),
    ),
    [
        "", " ", " " * 10_000, "x" + "\r" * 9_999, "x+" + " " * 9_990,
        "(", ")", "((((" * 1000, ")" * 5000, "--" * 5000, "not " * 2500, "x." * 5000,
        "1" * 9999, "1" * 10_001, "x**" * 3000 + "x", "2**" * 400 + "x", "x" + "**-x" * 250,
        "exp(" * 50 + "x" + ")" * 50, "exp(" * 51 + "x" + ")" * 51, "x" + "\n+x" * 400,
        "__import__('os').system('true')", "().__class__.__bases__[0]", "f'{x}'", "x if y else x",
        "[x for x in y]", "lambda: x", "(x := y)", "x\0y", "x\x1ay", "\ufeffx", "\ud800", "x\ud800",
        "ﬁ(x)", "𝑥 + 1", "٣*x", "½", "x²", "1_0*x", "1__0*x", "0x10*x", "0777", "1e999*x",
        "9" * 320 + "*x", "x" * 9999, "x*1.e", "1..real", "1if x else 2", "0or x", "x#y", "x\\\n+y",
        "max()", "max(x,)", "max(*x)", "max(x=y)", "where(x>0,x)", "clamp(x, 2, 1)", "clamp(x,y,1)",
        "x<y<x", "x//y", "x<<y", "x>>y", "x//=y", "x==y", "x(y)", "(x)(y)", "3(x)", "3x",
        "x,y", "(x,y)", "...", "print", "-h", "--help",
        "-o", "--wrt", "-", "--", "x=1", "-x*2", "log(-x)/0", "0/0*x", "x**x**x**x**x",
    ],
    read_expression,
)  # fmt: skip
