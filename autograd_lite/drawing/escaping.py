"""User text made safe for DOT: nothing in a label is ever read as markup or as an attribute.

Labels go into HTML-like labels as escaped text, or into quoted strings; what neither can
hold (control characters, lone surrogates) or what would reorder its neighbours (bidirectional
overrides) becomes U+FFFD.
"""

from __future__ import annotations

import re
from html import escape

# The C0 and C1 controls, surrogates, bidirectional controls, and what XML forbids.
_UNPRINTABLE = re.compile(
    "[\x00-\x1f\x7f-\x9f\ud800-\udfff\u200e\u200f\u202a-\u202e\u2066-\u2069\ufffe\uffff]"
)


def clean(label: str, limit: int = 60) -> str:
    r"""One line of at most `limit` characters that any engine prints.

    White space becomes single spaces, the unprintable U+FFFD; a longer text ends in "…".

    >>> clean("a\n b\x00"), clean("loss" * 9, limit=9)
    ('a b�', 'lossloss…')
    """
    text = _UNPRINTABLE.sub("\ufffd", " ".join(label[: 20 * limit].split())) or "\ufffd"
    return text if len(text) <= limit else text[: limit - 1] + "…"


def markup(text: str) -> str:
    r"""Text as the content of an HTML-like label.

    Graphviz would replace \N by the name of the node even there, hence the doubled backslash.

    >>> print(markup(r"<b>w & \N</b>"))
    &lt;b&gt;w &amp; \\N&lt;/b&gt;
    """
    return escape(text.replace("\\", "\\\\"), quote=True)


def quoted(*lines: str) -> str:
    r"""Lines as one quoted DOT string, left-justified; Graphviz decodes entities in it, too.

    >>> print(quoted(r'\N "a" &amp;'))
    "\\N \"a\" &amp;amp;"
    """
    safe = [line.replace("\\", "\\\\").replace('"', '\\"').replace("&", "&amp;") for line in lines]
    return '"' + (safe[0] if len(safe) == 1 else "".join(line + r"\l" for line in safe)) + '"'
