"""User text made safe for DOT: nothing in a label is ever read as markup or as an attribute.

Cleaned labels go into HTML-like labels as escaped text, or into quoted strings.
"""

from __future__ import annotations

from html import escape


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
