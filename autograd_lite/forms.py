"""Forms: how names and numbers are written in formulas, plain or in LaTeX."""

from __future__ import annotations

import operator
import re
from math import isinf, isnan
from typing import TYPE_CHECKING, NamedTuple

if TYPE_CHECKING:
    from collections.abc import Callable

    from autograd_lite.ops import Op

SUBSCRIPTS = str.maketrans("0123456789", "₀₁₂₃₄₅₆₇₈₉")
SUPERSCRIPTS = str.maketrans("0123456789", "⁰¹²³⁴⁵⁶⁷⁸⁹")


def number(x: float) -> str:
    """A float for people: 4 significant digits, but whole numbers below a million in full.

    >>> [number(x) for x in (0.196612, -3.0, 1.23e-5, 12345.0, float("inf"))]
    ['0.1966', '-3', '1.23e-05', '12345', 'inf']
    """
    return f"{x:.0f}" if abs(x) < 1e6 and x == int(x) else f"{x:.4g}"


# A word and the number that ends it: w12, x_3, h2.1, w10,1 but not 2x or sha256sum.
_INDEXED = re.compile(r"(?<!\w)([^\W\d_]+)_?([0-9]+(?:[.,][0-9]+)*)(?!\w)")
_LATEX_TOKEN = re.compile(rf"{_INDEXED.pattern}|(?P<word>[^\W\d_]+)|(?P<other>.)", re.DOTALL)
_LATEX_ESCAPES = {
    "\\": r"\backslash ", "{": r"\{", "}": r"\}", "$": r"\$", "&": r"\&", "#": r"\#",
    "_": r"\_", "%": r"\%", "^": r"\hat{\ }", "~": r"\sim ", " ": r"\ ", "<": r"\lt ",
    ">": r"\gt ", "`": r"{}^{\backprime}",
}  # fmt: skip


def plain_name(label: str) -> str:
    """A label with its numbers as subscripts.

    >>> plain_name("w12"), plain_name("x_3"), plain_name("z(h1)")
    ('w₁₂', 'x₃', 'z(h₁)')
    """
    return _INDEXED.sub(lambda m: m[1] + m[2].translate(SUBSCRIPTS), label)


def latex_name(label: str) -> str:
    r"""A label in LaTeX's math mode; whatever LaTeX would obey is escaped.

    >>> print(latex_name("w12"), latex_name("z(h1)"), latex_name("loss"), latex_name("$a"))
    w_{12} z(h_{1}) \mathrm{loss} \$a
    """

    def token(m: re.Match[str]) -> str:
        if m["other"] is not None:
            return _LATEX_ESCAPES.get(m["other"], m["other"])
        word = m["word"] or m[1]
        upright = word if len(word) == 1 else rf"\mathrm{{{word}}}"
        return upright if m["word"] else f"{upright}_{{{m[2]}}}"

    return _LATEX_TOKEN.sub(token, label)


def _plain_number(x: float) -> str:
    return number(x).replace("-", "−", 1) if x < 0 or number(x) == "-0" else number(x)


def _latex_number(x: float) -> str:
    if isnan(x):
        return r"\mathrm{nan}"
    if isinf(x):
        return r"\infty" if x > 0 else r"-\infty"
    digits, _, exponent = number(x).partition("e")
    return rf"{digits} \cdot 10^{{{int(exponent)}}}" if exponent else digits


class Form(NamedTuple):
    """How text is written: which template of a row, and how names and numbers look."""

    template: Callable[[Op], str]
    name: Callable[[str], str]
    number: Callable[[float], str]
    minus: str
    dots: str
    typeset: bool  # braces delimit operands, raise exponents and draw fractions


PLAIN = Form(operator.attrgetter("symbol"), plain_name, _plain_number, "−", "…", False)
LATEX = Form(operator.attrgetter("latex"), latex_name, _latex_number, "-", r"\dots", True)
