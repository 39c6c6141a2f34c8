"""Make the files in autograd_lite/digits from scikit-learn's copy of the UCI digits.

Build time only: the package needs neither this script nor scikit-learn. Run from the top:

    python .ci/make_digits.py

The same digits give the same bytes with the same zlib; what they unpack to is always the
same, and tests/test_data.py holds its checksums.
"""

from pathlib import Path

import numpy as np
from sklearn.datasets import load_digits

from autograd_lite.data import write_idx

FOLDER = Path(__file__).parents[1] / "autograd_lite" / "digits"


def main() -> None:
    """Write the images (1797, 8, 8) of 0 to 16 and the labels (1797,), as unsigned bytes."""
    source = load_digits()
    arrays = {"images-idx3-ubyte.gz": source.images, "labels-idx1-ubyte.gz": source.target}
    for name, numbers in arrays.items():
        exact = numbers.astype(np.uint8)
        if not np.array_equal(exact, numbers):
            raise ValueError(f"{name}: scikit-learn's numbers are no longer integers in 0..255")
        write_idx(FOLDER / name, exact)
        print(f"{FOLDER / name}: {(FOLDER / name).stat().st_size} bytes")


if __name__ == "__main__":
    main()
