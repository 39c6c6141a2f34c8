"""A file's bytes: arrays by name and facts as JSON, in the format safetensors, with a CRC.

Eight bytes of header length, a JSON header, the numbers. The header's `__metadata__` has one
string, `autograd_lite`, and that is JSON again: first the CRC-32 of the whole file (computed
with zeros in its place), then the facts. safetensors alone reads a file whose weights have
one bit turned, and keys that stand twice; here either is a FormatError.

>>> arrays, facts = unpacked(packed({"w": np.array(0.5)}, {"version": 1}), "here")
>>> arrays, facts
({'w': array(0.5)}, {'version': 1})

Source: https://huggingface.co/docs/safetensors, format.
"""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any, NoReturn
from zlib import crc32

import numpy as np
import safetensors.numpy
from safetensors import SafetensorError

from autograd_lite.errors import FormatError

if TYPE_CHECKING:
    from collections.abc import Mapping

    from numpy.typing import NDArray

    Array = NDArray[Any]

#: The types of arrays that are written and read, by safetensors' names.
DTYPES = {"F64": "float64", "F32": "float32", "I64": "int64", "U32": "uint32"}

_KEY = "autograd_lite"
# No name can imitate it: quotes within a JSON string have a backslash before them.
_BEFORE_CRC = b'"autograd_lite":"{\\"crc32\\":\\"'
_NO_CRC = "00000000"
_LONGEST_HEADER = 100_000_000  # bytes; safetensors reads no longer one


def packed(arrays: Mapping[str, Array], facts: Mapping[str, Any]) -> bytes:
    """The content of a file; equal arrays and facts give equal bytes.

    facts are JSON without floats; "crc32" is not one of their names. Raises ValueError for a
    name that the format cannot hold and for too many arrays.
    """
    for name in arrays:
        _check_name(name)
    text = json.dumps({"crc32": _NO_CRC, **facts}, separators=(",", ":"))
    dense = {name: np.array(array, order="C") for name, array in arrays.items()}
    content = safetensors.numpy.save(dense, {_KEY: text})
    length = int.from_bytes(content[:8], "little")
    if length > _LONGEST_HEADER:
        raise ValueError(
            f"{len(arrays)} names need a header of {length} bytes; safetensors reads at most "
            f"{_LONGEST_HEADER}; save them in several files"
        )
    start = content.index(_BEFORE_CRC) + len(_BEFORE_CRC)
    crc = f"{crc32(content):08x}".encode()
    return content[:start] + crc + content[start + len(crc) :]


def _check_name(name: str) -> None:
    try:
        name.encode()
    except UnicodeEncodeError as error:
        raise ValueError(
            f"the name {name!a:.60} is no valid Unicode ({error.reason}); choose another"
        ) from None
    if name == "__metadata__":
        raise ValueError("the name '__metadata__' is taken by the format safetensors")


def unpacked(content: bytes, where: str) -> tuple[dict[str, Array], dict[str, Any]]:
    """The arrays and the facts in a file's content; `where` begins the text of errors.

    Raises FormatError for whatever `packed` cannot have written. Nothing is allocated for
    arrays before their sizes are held against the length of the content.
    """
    length = int.from_bytes(content[:8], "little")
    if len(content) < 8 or length > len(content) - 8:
        raise FormatError(
            f"{where}: {len(content)} bytes are too few for a header of {length}; the file is "
            "cut off, or it is no safetensors file"
        )
    if length > _LONGEST_HEADER:
        raise FormatError(f"{where}: the header has {length} bytes, the most is {_LONGEST_HEADER}")
    header = content[8 : 8 + length]
    _check_crc(content, header, where)
    try:
        described = _json(header.decode())
        facts = _json(_checked_header(described))
        arrays = safetensors.numpy.load(content)
    except (SafetensorError, ValueError, RecursionError) as error:
        reason = "it nests too deep" if isinstance(error, RecursionError) else str(error)
        raise FormatError(f"{where}: not a file of autograd_lite: {reason:.200}") from error
    if not isinstance(facts, dict) or not isinstance(facts.pop("crc32", None), str):
        raise FormatError(f"{where}: the facts are no JSON object with a CRC; save it again")
    return {name: np.array(arrays[name]) for name in described if name in arrays}, facts


def _check_crc(content: bytes, header: bytes, where: str) -> None:
    start = header.find(_BEFORE_CRC)
    if start < 0:
        raise FormatError(
            f"{where}: the header has no metadata of autograd_lite; the file is damaged, or "
            "another program wrote it (safetensors.numpy.load_file reads such files)"
        )
    start += 8 + len(_BEFORE_CRC)
    stored = content[start : start + len(_NO_CRC)]
    view = memoryview(content)
    crc = crc32(view[start + len(_NO_CRC) :], crc32(_NO_CRC.encode(), crc32(view[:start])))
    if stored != f"{crc:08x}".encode():
        raise FormatError(
            f"{where}: the CRC is {crc:08x}, but the file states {stored!r}; the file is "
            "damaged, take another copy"
        )


def _json(text: str) -> Any:
    """JSON as we write it: no key twice, no floats, no NaN."""
    return json.loads(
        text, object_pairs_hook=_object, parse_float=_refuse_number, parse_constant=_refuse_number
    )


def _object(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
    found = dict(pairs)
    if len(found) < len(pairs):
        keys = [key for key, _ in pairs]
        twice = next(key for key in keys if keys.count(key) > 1)
        raise FormatError(f"the key {twice!a:.60} stands twice")
    return found


def _refuse_number(text: str) -> NoReturn:
    raise FormatError(f"the number {text:.30} stands where no float is written")


def _checked_header(header: Any) -> str:
    """The metadata's one string, of a header with nothing else than the format knows."""
    metadata = header.get("__metadata__") if isinstance(header, dict) else None
    if not isinstance(metadata, dict) or list(metadata) != [_KEY]:
        raise FormatError(f"the metadata must have the one key {_KEY!r}")
    for name, entry in header.items():
        if name == "__metadata__":
            continue
        if not isinstance(entry, dict) or set(entry) != {"dtype", "shape", "data_offsets"}:
            raise FormatError(f"the array {name!a:.60} has not just dtype, shape and data_offsets")
        if entry["dtype"] not in list(DTYPES):  # a list: what is read may be unhashable
            raise FormatError(
                f"the array {name!a:.60} has the type {entry['dtype']!r:.30}; "
                f"there are {', '.join(DTYPES)}"
            )
    text = metadata[_KEY]
    if not isinstance(text, str):
        raise FormatError(f"the metadata {_KEY!r} must be a string")
    return text
