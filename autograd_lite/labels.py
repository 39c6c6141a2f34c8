"""What a user calls a value, made fit to print: in pictures, formulas, tables and words alike."""

from __future__ import annotations


def clean(label: str, limit: int | None = None) -> str:
    r"""One line of at most `limit` characters, none of which hides or moves the others.

    White space becomes single spaces. What does not print (controls, lone surrogates, signs
    of no width or of another direction) becomes U+FFFD. A longer text ends in "…".

    >>> clean("a\n b\x00"), clean("loss" * 9, limit=9)
    ('a b�', 'lossloss…')
    """
    # of a label of a million characters no more is read than can be shown
    words = (label if limit is None else label[: 20 * limit]).split()
    text = "".join(c if c.isprintable() else "\ufffd" for c in " ".join(words)) or "\ufffd"
    return text if limit is None or len(text) <= limit else text[: limit - 1] + "…"
