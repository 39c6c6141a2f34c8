"""Tables of derivatives to 40 digits: `python -m tests.accuracy [ROW ...]` makes them again.

All take half a minute. `python -m tests.accuracy errors [ROW ...]` makes none, but prints the
largest error of every column.
"""

import argparse
import sys
from pathlib import Path

if __name__ == "__main__":
    parser = argparse.ArgumentParser(
        prog="python -m tests.accuracy",
        description=__doc__,
        formatter_class=argparse.RawDescriptionHelpFormatter,
    )
    parser.add_argument("rows", nargs="*", metavar="ROW", help="such as sin; by default all")
    given = parser.parse_args().rows
    # the folder that pytest puts there too, so that every module is imported under one name
    sys.path.insert(0, str(Path(__file__).parents[1]))
    from accuracy.errors import show
    from accuracy.tables import remake
    from autograd_lite import OPS

    command = show if given[:1] == ["errors"] else remake
    rows = given[1:] if command is show else given
    for name in rows:
        if name not in OPS:
            parser.error(f"there is no row {name}; there are {', '.join(OPS)}")
    command(rows)
