"""`python -m tests.accuracy [ROW ...]` makes the tables again, in half a minute.

`python -m tests.accuracy errors [ROW ...]` prints the largest error of every column.
"""

import sys
from pathlib import Path

if __name__ == "__main__":
    # the folder that pytest puts there too, so that every module is imported under one name
    sys.path.insert(0, str(Path(__file__).parents[1]))
    from accuracy.errors import show
    from accuracy.tables import remake

    if sys.argv[1:2] == ["errors"]:
        show(sys.argv[2:])
    else:
        remake(sys.argv[1:])
