"""IDX files, plain and gzipped."""

from __future__ import annotations

import gzip
import struct

import numpy as np
from hypothesis import strategies as st

from autograd_lite import data
from autograd_lite.errors import FormatError

from .target import Target, edited


def read_idx(content: bytes) -> str:
    """The bytes as a file of the MNIST format."""
    try:
        array = data.read_idx(content, max_bytes=10**6)
    except FormatError:
        return "FormatError"
    assert type(array) is np.ndarray
    assert array.nbytes <= 10**6
    if content[:2] == b"\0\0":
        assert array.astype(array.dtype.newbyteorder(">")).tobytes() == content[-array.nbytes :] * (
            array.nbytes > 0
        )
    return "ok"


SIZES = st.sampled_from([0, 1, 2, 3, 255, 2**16, 2**31 - 1, 2**31, 2**32 - 1])
CODES = st.sampled_from([0x08, 0x09, 0x0B, 0x0C, 0x0D, 0x0E]) | st.integers(0, 255)


@st.composite
def idx_files(draw: st.DrawFn) -> bytes:
    """Whole files of small arrays."""
    sizes = draw(st.lists(st.integers(0, 4), max_size=4))
    code = draw(st.sampled_from([0x08, 0x09, 0x0B, 0x0C, 0x0D, 0x0E]))
    width = {0x08: 1, 0x09: 1, 0x0B: 2, 0x0C: 4, 0x0D: 4, 0x0E: 8}[code]
    count = int(np.prod(sizes, dtype=int)) * width
    header = bytes([0, 0, code, len(sizes)]) + struct.pack(f">{len(sizes)}I", *sizes)
    return header + draw(st.binary(min_size=count, max_size=count))


HEADERS = st.builds(
    lambda code, sizes, count, items: (
        bytes([0, 0, code, (len(sizes) if count is None else count)])
        + struct.pack(f">{len(sizes)}I", *sizes)
        + items
    ),
    CODES, st.lists(SIZES, max_size=40), st.none() | st.integers(0, 255), st.binary(max_size=40),
)  # fmt: skip
PLAIN = st.one_of(
    idx_files(), edited(idx_files(), st.binary(max_size=8)), HEADERS, st.binary(max_size=100)
)
ZIPPED = PLAIN.map(lambda content: gzip.compress(content, 1, mtime=0))

IDX = Target(
    st.one_of(PLAIN, ZIPPED, edited(ZIPPED, st.binary(max_size=8)),
              st.binary(max_size=60).map(lambda tail: b"\x1f\x8b\x08" + tail)),
    [
        b"", b"\0", b"\0\0", b"\0\0\x08", b"\0\0\x08\0", b"\0\0\x08\0\7", b"\0\0\x08\0\7\7",
        b"\0\0\x0a\0\7", b"\0\0\x08\x01\0\0\0\2\7\2", b"\0\0\x08\x01\0\0\0\2\7",
        b"\0\0\x08\xff", b"\0\0\x08\x20" + bytes(4 * 32), b"\0\0\x08\x21" + bytes(4 * 33),
        b"\0\0\x08\x04" + bytes(4) + b"\xff" * 12, b"\0\0\x0e\x20" + b"\xff" * 128,
        b"\0\0\x0d\x01\0\0\0\1\x7f\xc0\0\1", b"\1\0\x08\x01\0\0\0\0", b"PK\3\4", b"\x1f\x8b",
        b"\x1f\x8b\x08", b"\x1f\x8b\x08\xff" + bytes(40), gzip.compress(b"", mtime=0),
        gzip.compress(b"\0\0\x08\x01\0\0\0\2\7\2", mtime=0),
        gzip.compress(b"\0\0\x08\x01\0\0\0\2\7\2", mtime=0)[:-1],
        gzip.compress(b"\0\0\x08\x01\0\0\0\2\7\2", mtime=0) + b"\0" * 9,
        gzip.compress(b"\0\0\x08\x01", mtime=0) + gzip.compress(b"\0\0\0\2\7\2", mtime=0),
        gzip.compress(gzip.compress(b"\0\0\x08\0\7", mtime=0), mtime=0),
        gzip.compress(b"\0\0\x08\x01\0\0\0\2" + bytes(10**6), mtime=0),
        gzip.compress(b"\0\0\x08\x02\0\x0f\x42\x40\0\x0f\x42\x40", mtime=0),
        b"\x1f\x8b\x08\x04\0\0\0\0\0\xff\xff\xff" + bytes(20),
        b"\x1f\x8b\x08\x10\0\0\0\0\0\xff" + b"n" * 5000,
    ],
    read_idx,
)  # fmt: skip
