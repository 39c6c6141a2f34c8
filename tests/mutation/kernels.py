"""The mutants of the array kernels: of `array`, `array_rules` and `shared`, texts all three.

>>> [change for change, _ in texts("np.exp({x}) / {y}")]
['-(np.exp({x}) / {y})', 'np.exp({x})', '1.0 / {y}', '{x} / {y}', 'np.exp({y}) / {x}']
"""

from __future__ import annotations

import ast
import re
from collections.abc import Iterator
from functools import partial
from itertools import combinations

from rows import ROWS

from mutation.edits import edits, renamed
from mutation.mutants import Mutant

#: A place in a kernel's text, {0} or {x}, while the text is an expression of Python.
_PLACE = re.compile(r"\{(\w+)\}")
_NAME = re.compile(r"\b_place_(\w+)\b")


def kernel_mutants() -> Iterator[Mutant]:
    """All mutants of the kernels of the table."""
    for row in ROWS:
        for name in ("array", "shared"):
            for change, text in texts(getattr(row, name) or ""):
                yield Mutant((row.name,), name, change, partial(setattr, row, name, text))
        for i, rule in enumerate(row.array_rules):
            for change, text in texts(rule):
                rules = (*row.array_rules[:i], text, *row.array_rules[i + 1 :])
                install = partial(setattr, row, "array_rules", rules)
                yield Mutant((row.name,), f"array_rules[{i}]", change, install)


def texts(text: str) -> Iterator[tuple[str, str]]:
    """Every kernel that differs from this one by one change, twice: in words, and as it is."""
    if not text:
        return
    tree = ast.parse(_PLACE.sub(r"_place_\1", text), mode="eval")
    found = [f"-({text})"]
    found += [_written(mutant) for _, mutant in edits(tree)]
    places = sorted({m[0] for m in _PLACE.finditer(text)})
    names = [_PLACE.sub(r"_place_\1", place) for place in places]
    found += [_written(renamed(tree, a, b)) for a, b in combinations(names, 2)]
    for new in dict.fromkeys(found):
        yield new, new


def _written(tree: ast.Expression) -> str:
    return _NAME.sub(r"{\1}", ast.unparse(tree))
