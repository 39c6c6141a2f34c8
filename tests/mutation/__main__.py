"""`python -m tests.mutation`: the rate of mutants killed, and exit status 1 if any survives."""

import sys
from pathlib import Path

if __name__ == "__main__":
    # the folder that pytest puts there too, so that every module is imported under one name
    sys.path.insert(0, str(Path(__file__).parents[1]))
    from mutation.report import main

    sys.exit(main())
