"""Where samples come from: IDX files, the digits in this package, small textbook examples.

A data set is two arrays with one row per sample: X the inputs, T the targets as losses
take them, a list per sample. *Labels* are one number per sample; `one_hot(labels, classes)`
or `labels[:, None]` makes targets of them. Whatever is random depends on a seed alone.

>>> X, labels = digits()
>>> X_train, T_train, X_test, T_test = split(X, one_hot(labels, 10))
>>> X_train.shape, T_train.shape, X_test.shape, T_test.shape
((1438, 64), (1438, 10), (359, 64), (359, 10))
>>> truth_table("XOR")[1].tolist()
[[0.0], [1.0], [1.0], [0.0]]
"""

from __future__ import annotations

import gzip
import io
import math
import os
import struct
import zlib
from importlib import resources
from numbers import Real
from pathlib import Path
from random import Random
from typing import TYPE_CHECKING, Any, Literal
from uuid import uuid4

import numpy as np

from autograd_lite.errors import FormatError

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Sequence

    from numpy.typing import NDArray

    Array = NDArray[np.float64]

# --- IDX files ------------------------------------------------------------------------
# Two zero bytes, a type code, the number of dimensions; then one unsigned 32-bit size per
# dimension; then the items, the last index running fastest. All numbers are big-endian.
# Source: LeCun, Cortes and Burges, The MNIST database (the file format at its end).

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
    _check_count("read_idx", "max_bytes", max_bytes, least=1)
    if isinstance(source, bytes):
        return _unzip_and_parse(f"the {len(source)} bytes given", io.BytesIO(source), max_bytes)
    if not isinstance(source, (str, os.PathLike)):
        raise TypeError(f"read_idx needs a path or bytes, got {type(source).__name__}: {source!r:.60}")
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


# --- data sets ------------------------------------------------------------------------


def digits() -> tuple[Array, NDArray[np.int64]]:
    """X of shape (1797, 64) in [0, 1] and labels 0 to 9: handwritten digits of 8 x 8 pixels.

    `X[k].reshape(8, 8)` is a picture, its rows from the top, 0 the paper and 1 the ink, in
    steps of 1/16. They ship with the package. Source: E. Alpaydin and C. Kaynak (1998),
    Optical Recognition of Handwritten Digits (the test part), UCI, CC BY 4.0.

    >>> X, labels = digits()
    >>> for row in X[0].reshape(8, 8):
    ...     print("|" + "".join(" .:*#"[round(4 * ink)] for ink in row) + "|")
    |  .*:   |
    |  *#:#. |
    | .#  *: |
    | .*  :: |
    | .:  :: |
    | .*  *: |
    |  #.:*  |
    |  :*:   |
    >>> int(labels[0])
    0
    """
    folder = resources.files("autograd_lite").joinpath("digits")
    images = read_idx(folder.joinpath("images-idx3-ubyte.gz").read_bytes())
    labels = read_idx(folder.joinpath("labels-idx1-ubyte.gz").read_bytes())
    return images.reshape(-1, 64) / 16.0, labels.astype(np.int64)


def two_moons(count: int = 100, noise: float = 0.1, seed: int = 0) -> tuple[Array, Array]:
    """X of shape (count, 2) and labels -1 or +1: two half circles that reach into each other.

    The moons take turns, so that any run of samples holds both. Label -1: (cos t, sin t),
    label +1: (1 - cos t, 1/2 - sin t), with t spaced evenly in (0, pi); `noise` is the standard
    deviation of what is added to each coordinate.

    >>> X, labels = two_moons(2, noise=0.0)
    >>> X.round(12).tolist(), labels.tolist()
    ([[0.0, 1.0], [1.0, -0.5]], [-1.0, 1.0])
    """
    _check_count("two_moons", "count", count, least=2)
    _check_real("two_moons", "noise", noise)
    if not 0.0 <= noise < math.inf:
        raise ValueError(f"two_moons: noise is {noise}; a finite number of at least 0 is needed")
    rng = _seeded("two_moons", seed)
    samples, labels = [], []
    for k in range(count):
        moon = k % 2
        points = (count + 1 - moon) // 2  # the upper moon has the odd sample
        t = math.pi * (k // 2 + 0.5) / points
        x, y = math.cos(t), math.sin(t)
        x, y = (1.0 - x, 0.5 - y) if moon else (x, y)
        samples.append((x + rng.gauss(0.0, noise), y + rng.gauss(0.0, noise)))
        labels.append(1.0 if moon else -1.0)
    return np.array(samples), np.array(labels)


_TRUTHS = {
    "AND": (1.0, 0.0, 0.0, 0.0),
    "OR": (1.0, 1.0, 1.0, 0.0),
    "NAND": (0.0, 1.0, 1.0, 1.0),
    "XOR": (0.0, 1.0, 1.0, 0.0),
}


def truth_table(name: Literal["AND", "OR", "NAND", "XOR"]) -> tuple[Array, Array]:
    """X of shape (4, 2) and T of shape (4, 1): a logical function in numbers 0 and 1.

    The rows stand as in lecture 001: (1, 1), (1, 0), (0, 1), (0, 0).

    >>> X, T = truth_table("AND")
    >>> X.tolist()
    [[1.0, 1.0], [1.0, 0.0], [0.0, 1.0], [0.0, 0.0]]
    >>> T.tolist()
    [[1.0], [0.0], [0.0], [0.0]]
    """
    if name not in _TRUTHS:
        raise ValueError(f"truth_table: {name!r} is none of {', '.join(_TRUTHS)}")
    X = np.array([[1.0, 1.0], [1.0, 0.0], [0.0, 1.0], [0.0, 0.0]])
    return X, np.array(_TRUTHS[name])[:, None]


# --- from a data set to training ------------------------------------------------------


def one_hot(labels: Iterable[int], classes: int) -> Array:
    """One row per label: 1.0 in the label's column, 0.0 in the others.

    Raises ValueError for a label outside 0 to classes - 1, TypeError for one that is no int.

    >>> one_hot([2, 0], 3).tolist()
    [[0.0, 0.0, 1.0], [1.0, 0.0, 0.0]]
    """
    _check_count("one_hot", "classes", classes, least=1)
    columns = list(labels)
    for k, label in enumerate(columns):
        if not _is_int(label):
            raise TypeError(f"one_hot: labels[{k}] is {label!r:.60}; an int is needed")
        if not 0 <= label < classes:
            raise ValueError(
                f"one_hot: labels[{k}] is {label}; {classes} classes are 0 to {classes - 1}"
            )
    rows = np.zeros((len(columns), classes))
    rows[range(len(columns)), columns] = 1.0
    return rows


def split(
    X: Sequence[Any] | NDArray[Any],
    T: Sequence[Any] | NDArray[Any],
    share: float = 0.8,
    seed: int = 0,
) -> tuple[NDArray[Any], NDArray[Any], NDArray[Any], NDArray[Any]]:
    """X_train, T_train, X_test, T_test: samples and their targets, shuffled and divided.

    The training part has round(share * n) of the n samples, by default the lectures' 8:2.
    Lists become arrays, arrays are copied; the same seed gives the same parts. Raises
    ValueError if the lengths differ or a part would be empty.

    >>> X_train, T_train, X_test, T_test = split(range(10), range(10))
    >>> X_train.size, X_test.size
    (8, 2)
    >>> sorted([*T_train.tolist(), *T_test.tolist()])
    [0, 1, 2, 3, 4, 5, 6, 7, 8, 9]
    """
    n = len(X)
    if n != len(T):
        raise ValueError(f"split: {n} samples but {len(T)} targets; each sample needs its own")
    _check_real("split", "share", share)
    if not 0.0 < share < 1.0:
        raise ValueError(f"split: share is {share}; it lies between 0 and 1, as 0.8 does")
    n_train = round(share * n)
    if not 0 < n_train < n:
        side = "the test" if n_train else "training"
        raise ValueError(
            f"split: {n} samples at share {share} leave none for {side}; take more samples or "
            "another share"
        )
    order = list(range(n))
    _seeded("split", seed).shuffle(order)
    train, test = order[:n_train], order[n_train:]
    samples, targets = np.asarray(X), np.asarray(T)
    return samples[train], targets[train], samples[test], targets[test]


def batches(
    count: int, batch_size: int | Literal["all"], rng: Random | None = None
) -> Iterator[list[int]]:
    """The indices 0 to count - 1 of one epoch in lists of batch_size; the last may be shorter.

    "all" makes one batch. A random.Random shuffles at the call, each epoch anew; None keeps
    the order. A list of indices picks the rows of an array: `X[batch]`.

    >>> list(batches(5, 2))
    [[0, 1], [2, 3], [4]]
    >>> sorted(index for batch in batches(5, 2, Random(0)) for index in batch)
    [0, 1, 2, 3, 4]
    """
    _check_count("batches", "count", count, least=1)
    if isinstance(batch_size, str):
        if batch_size != "all":
            raise ValueError(f"batches: batch_size is {batch_size!r}; give an int or 'all'")
        batch_size = count
    _check_count("batches", "batch_size", batch_size, least=1, or_else=" or 'all'")
    order = list(range(count))
    if isinstance(rng, Random):
        rng.shuffle(order)
    elif rng is not None:
        # a seed would give the same batches in every epoch
        raise TypeError(
            f"batches: rng is {rng!r:.60}; make a generator once, for instance "
            "random.Random(0), and give it to every epoch"
        )
    return (order[start : start + batch_size] for start in range(0, count, batch_size))


# --- arguments ------------------------------------------------------------------------


def _is_int(x: object) -> bool:
    return isinstance(x, (int, np.integer)) and not isinstance(x, bool)


def _check_count(function: str, name: str, x: int, least: int, or_else: str = "") -> None:
    if not _is_int(x):
        raise TypeError(f"{function}: {name} is {x!r:.60}; an int{or_else} is needed")
    if x < least:
        raise ValueError(f"{function}: {name} is {x}; it must be at least {least}")


def _check_real(function: str, name: str, x: float) -> None:
    if isinstance(x, bool) or not isinstance(x, Real):
        raise TypeError(f"{function}: {name} is {x!r:.60}; a real number is needed")


def _seeded(function: str, seed: int) -> Random:
    _check_count(function, "seed", seed, least=0)  # Random(-1) would be Random(1)
    return Random(int(seed))
