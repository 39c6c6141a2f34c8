"""What is fuzzed: readers of other people's bytes, and all that they may answer.

Each target takes one example and gives the kind of answer, "ok" or the name of a documented
error; whatever else is raised is a finding. The corpora hold nasty examples made by hand, and
any that fuzzing found.
"""

from __future__ import annotations

from .expressions import EXPRESSIONS
from .idx import IDX
from .storage import STORAGE

TARGETS = {"expressions": EXPRESSIONS, "idx": IDX, "storage": STORAGE}
