"""A told derivation laid out: as plain text, as Markdown and as one formula in LaTeX."""

from __future__ import annotations

from typing import TYPE_CHECKING

from autograd_lite.forms import PLAIN
from autograd_lite.wording import TYPESET, Telling

if TYPE_CHECKING:
    from autograd_lite.explanation import Derivation


def plain(told: Derivation) -> str:
    """The derivation as lines of text."""
    telling = Telling(told, PLAIN, str)
    lines = [f"{telling.lead}   ({telling.header()})"]
    definitions = telling.definitions()
    if definitions:
        lines.append(f"  where {'; '.join(definitions)}")
    if not told.listed:
        lines.append(f"  {telling.uses()}")
    if telling.single is not None:
        lines += [f"  {row}" for row in telling.single]
    else:
        for title, rows in telling.terms:
            lines += [f"  {title}: {rows[0]}", *(f"    {row}" for row in rows[1:])]
    return "\n".join([*lines, *(f"  {line}" for line in telling.closing())])


def markdown(told: Derivation) -> str:
    """The derivation as Markdown, every formula set by MathJax."""
    telling = Telling(told, TYPESET, lambda text: f"${text}$")
    parts = [f"{telling.inline(telling.lead)} &nbsp; ({telling.header()})"]
    definitions = telling.definitions()
    if definitions:
        parts.append(f"where {'; '.join(map(telling.inline, definitions))}")
    if not told.listed:
        parts.append(_displayed([f"& {telling.uses()}"]))
    if telling.single is not None:
        parts.append(_displayed(_aligned(telling.lead, telling.single)))
    else:
        for title, rows in telling.terms:
            parts += [f"{title}:", _displayed(_aligned("", rows))]
    return "\n\n".join([*parts, *telling.closing()])


def latex(told: Derivation) -> str:
    """The derivation as one displayed formula in LaTeX."""
    telling = Telling(told, TYPESET, lambda text: rf"}}{text}\text{{")
    lead = telling.lead if telling.single is None else ""
    lines = [rf"{lead} & \quad \text{{({telling.header()})}}".lstrip()]
    for k, line in enumerate(telling.definitions()):
        lines.append(rf"& {line}" if k else rf"\text{{where }} & {line}")
    if not told.listed:
        lines.append(f"& {telling.uses()}")
    if telling.single is not None:
        lines += _aligned(telling.lead, telling.single)
    else:
        for title, rows in telling.terms:
            lines += [rf"& \text{{{title}:}}", *_aligned("", rows)]
    lines += [rf"& \text{{{line}}}" for line in telling.closing()]
    return _displayed([line.replace(r"\text{}", "") for line in lines])


def _aligned(lead: str, rows: list[str]) -> list[str]:
    """Rows that stand below each other at their equals signs."""
    first = rows[0] if rows[0].startswith("=") or not lead else f"= {rows[0]}"
    return [f"{lead} & {first}".lstrip(), *(f"& {row}" for row in rows[1:])]


def _displayed(lines: list[str]) -> str:
    body = " \\\\\n".join(lines)
    return f"$$\n\\begin{{aligned}}\n{body}\n\\end{{aligned}}\n$$"
