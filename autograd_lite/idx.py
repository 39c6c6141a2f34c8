"""IDX files, the format of MNIST: an array of numbers behind a short header.

Two zero bytes, a type code, the number of dimensions; then one unsigned 32-bit size per
dimension; then the items, the last index running fastest. All numbers are big-endian.
Source: LeCun, Cortes and Burges, The MNIST database (the file format at its end).
"""

from __future__ import annotations

import gzip
import io
import math
import os
import struct
import zlib
from pathlib import Path
from typing import TYPE_CHECKING, Any
from uuid import uuid4

import numpy as np

from autograd_lite.errors import FormatError

if TYPE_CHECKING:
    from numpy.typing import NDArray

_DTYPES = {0x08: "|u1", 0x09: "|i1", 0x0B: ">i2", 0x0C: ">i4", 0x0D: ">f4", 0x0E: ">f8"}
_CODES = {dtype: code for code, dtype in _DTYPES.items()}
_MAX_DIMENSIONS = 32  # of every NumPy we support; the format itself would allow 255
_CHUNK = 2**20  # a header that lies costs at most this many bytes more than are there


def read_idx(source: str | os.PathLike[str] | bytes, max_bytes: int = 2**30) -> NDArray[Any]:
    """The array in an IDX file, given by its path or as its bytes, plain or gzipped.

    The shape is the stated one; the type is uint8, int8, int16, int32, float32 or float64,
    as the file says. Items of more than max_bytes in all are refused before they are read
    (MNIST's largest file has 47 million). Raises FormatError for whatever is not exactly one
    array, OSError where the path cannot be read.

    >>> read_idx(bytes.fromhex("00000801 00000002 0702"))
    array([7, 2], dtype=uint8)
    """
    if isinstance(max_bytes, bool) or not isinstance(max_bytes, int):
        raise TypeError(f"read_idx: max_bytes is {max_bytes!r}; it must be an int")
    if max_bytes < 1:
        raise ValueError(f"read_idx: max_bytes is {max_bytes}; it must be at least 1")
    if isinstance(source, bytes):
        return _unzip_and_parse(f"the {len(source)} bytes given", io.BytesIO(source), max_bytes)
    if not isinstance(source, (str, os.PathLike)):
        raise TypeError(
            f"read_idx needs a path or bytes, got {type(source).__name__}: {source!r:.60}"
        )
    with open(source, "rb") as file:
        return _unzip_and_parse(os.fspath(source), file, max_bytes)


def _unzip_and_parse(name: str, file: io.BufferedIOBase, max_bytes: int) -> NDArray[Any]:
    zipped = file.read(2) == b"\x1f\x8b"  # RFC 1952; an IDX file begins with two zeros
    file.seek(0)
    if not zipped:
        return _parse(name, file, max_bytes)
    try:
        with gzip.GzipFile(fileobj=file) as unzipped:
            return _parse(name, unzipped, max_bytes)
    except (EOFError, gzip.BadGzipFile, zlib.error) as error:
        raise FormatError(
            f"{name}: the gzip data is damaged or cut off ({error}); fetch the file again"
        ) from error


def _parse(name: str, stream: io.BufferedIOBase, max_bytes: int) -> NDArray[Any]:
    magic = _take(name, stream, "the magic number", 4, start=0)
    if magic[:2] != b"\0\0":
        raise FormatError(
            f"{name}: bytes 0 and 1 are {magic[:2].hex(' ')}, in an IDX file 00 00; "
            "is it a file of another format, or zipped twice?"
        )
    if magic[2] not in _DTYPES:
        known = ", ".join(f"{code:#04x}" for code in _DTYPES)
        raise FormatError(
            f"{name}: byte 2 is the type code {magic[2]:#04x}, known are {known}; "
            "fetch the file again or write it with write_idx"
        )
    if magic[3] > _MAX_DIMENSIONS:
        raise FormatError(
            f"{name}: byte 3 announces {magic[3]} dimensions, at most {_MAX_DIMENSIONS} are read; "
            "write the array with fewer"
        )
    sizes = _take(name, stream, f"a header of {magic[3]} sizes", 4 * magic[3], start=4)
    shape = struct.unpack(f">{magic[3]}I", sizes)
    dtype = np.dtype(_DTYPES[magic[2]])
    return _read_items(name, stream, shape, dtype, max_bytes)


def _read_items(
    name: str, stream: io.BufferedIOBase, shape: tuple[int, ...], dtype: np.dtype[Any], limit: int
) -> NDArray[Any]:
    start, size = 4 + 4 * len(shape), math.prod(shape) * dtype.itemsize
    if size > limit:
        raise FormatError(
            f"{name}: the header announces shape {shape}, {size} bytes, "
            f"more than max_bytes = {limit}; raise max_bytes if you trust the file"
        )
    items = _take(name, stream, f"shape {shape}", size, start)
    if stream.read(1):  # at the end of gzip data this is also what compares its checksum
        raise FormatError(
            f"{name}: shape {shape} ends at byte {start + size}, but more bytes follow; "
            "a size in the header is wrong, or two files were joined"
        )
    try:
        array = np.frombuffer(items, dtype).reshape(shape)
    except ValueError as error:  # no item, and yet sizes whose product NumPy cannot index
        raise FormatError(
            f"{name}: no array has shape {shape} ({error}); write the file again"
        ) from error
    return array.astype(dtype.newbyteorder("="), copy=False)


def _take(name: str, stream: io.BufferedIOBase, what: str, size: int, start: int) -> bytearray:
    """The next `size` bytes, fetched in chunks: memory follows what is there, not the claim."""
    taken = bytearray()
    while len(taken) < size:
        chunk = stream.read(min(size - len(taken), _CHUNK))
        if not chunk:
            raise FormatError(
                f"{name}: {what} needs {size} bytes from byte {start} on, "
                f"but {len(taken)} are there; the file is cut off, fetch it again"
            )
        taken += chunk
    return taken


def write_idx(path: str | os.PathLike[str], array: NDArray[Any]) -> None:
    """Write an array as an IDX file, gzipped if the path ends in `.gz`.

    A file that stands there is replaced whole, or kept if writing fails; equal arrays give
    equal files. Raises TypeError for types that IDX does not have (bool and int64 among
    them), ValueError for sizes that it cannot state.

    >>> from tempfile import TemporaryDirectory
    >>> with TemporaryDirectory() as folder:
    ...     write_idx(folder + "/labels.gz", np.array([7, 2], dtype=np.uint8))
    ...     read_idx(folder + "/labels.gz")
    array([7, 2], dtype=uint8)
    """
    content = _idx_bytes(np.asarray(array))
    path = Path(path)
    new = path.with_name(f".{uuid4().hex}.tmp")  # the same folder: os.replace cannot cross disks
    try:
        with open(new, "xb") as file:
            if path.suffix == ".gz":
                # without a name and a time: a file depends on its array alone
                with gzip.GzipFile(filename="", mode="wb", fileobj=file, mtime=0) as zipped:
                    zipped.write(content)
            else:
                file.write(content)
            file.flush()
            os.fsync(file.fileno())
        os.replace(new, path)
    finally:
        new.unlink(missing_ok=True)


def _idx_bytes(array: NDArray[Any]) -> bytes:
    dtype = array.dtype.newbyteorder(">")
    if dtype.str not in _CODES:
        raise TypeError(
            f"write_idx: IDX has no type for {array.dtype}; convert first, for instance with "
            "array.astype(numpy.uint8) for 0 to 255, numpy.int32 or numpy.float64"
        )
    if array.ndim > _MAX_DIMENSIONS or max(array.shape, default=0) >= 2**32:
        raise ValueError(
            f"write_idx: shape {array.shape} has {array.ndim} dimensions; an IDX file takes "
            f"{_MAX_DIMENSIONS}, each of at most {2**32 - 1}; reshape or split the array"
        )
    magic = bytes([0, 0, _CODES[dtype.str], array.ndim])
    return magic + struct.pack(f">{array.ndim}I", *array.shape) + array.astype(dtype).tobytes()
