"""Files of parameters and checkpoints, raw, with a mended checksum, and with other facts."""

from __future__ import annotations

import atexit
from copy import deepcopy
from pathlib import Path
from random import Random
from tempfile import TemporaryDirectory
from typing import Any
from zlib import crc32

import numpy as np
from hypothesis import strategies as st

from autograd_lite import Value, losses, nn, optim, storage
from autograd_lite.errors import FormatError
from autograd_lite.storage.container import packed, unpacked

from .target import Target, edited

FOLDER = TemporaryDirectory()
atexit.register(FOLDER.cleanup)
PATH = Path(FOLDER.name) / "file.safetensors"


def model() -> nn.MLP:
    """One with a shared bias and a connection that is missing."""
    mask = [[[True, True, False], [True] * 3], [[True]] * 3]
    return nn.MLP([2, 3, 1], "tanh", bias="shared", mask=mask, rng=1)


def run(mlp: nn.MLP) -> tuple[optim.Adam, Random]:
    """A training run after one step."""
    adam = optim.Adam(mlp.parameters(), 0.1)
    losses.half_squared_error(mlp([0.5, -1.0]), [1.0]).backward()
    adam.step()
    return adam, Random(3)


def valid_files() -> list[bytes]:
    """A model, a dict of Values, and a checkpoint."""
    found = []
    mlp = model()
    tied = Value(0.1)
    for source in (mlp, {"a": tied, "b": Value(float("nan")), "c": tied}):
        storage.save(source, PATH)
        found.append(PATH.read_bytes())
    adam, rng = run(mlp)
    storage.save_checkpoint(PATH, mlp, adam, rng, 3, {"loss": [0.5, 0.25]}, {"X": "2 samples"})
    return [*found, PATH.read_bytes()]


VALID = valid_files()


def signed(content: bytes) -> bytes:
    """The content with its checksum computed anew, where it still has a place for one."""
    place = content.find(b'{\\"crc32\\":\\"')
    if place < 0:
        return content
    start = place + len(b'{\\"crc32\\":\\"')
    blank = content[:start] + b"00000000" + content[start + 8 :]
    return blank[:start] + f"{crc32(blank):08x}".encode() + blank[start + 8 :]


LEAVES = [None, True, False, -1, 0, 1, 2, 3, 2**31, 2**64, 10**30, 0.5, "", "layers.0.weight",
          "__class__", "tanh", "shared", "Adam", "F64", "0.1", "\ud800"]  # fmt: skip
JSON = st.recursive(
    st.sampled_from(LEAVES) | st.text(max_size=5),
    lambda inner: (
        st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=4), inner, max_size=3)
    ),
    max_leaves=5,
)
TYPES = ["<f8", "<f4", "<i8", "<u4"]


@st.composite
def rebuilt(draw: st.DrawFn) -> bytes:
    """A whole file, checksum and all, some of whose facts or arrays are others."""
    arrays, facts = map(dict, unpacked(draw(st.sampled_from(VALID)), "a valid file"))
    facts = deepcopy(facts)
    for _ in range(draw(st.integers(1, 3))):
        if draw(st.booleans()):
            change_fact(draw, facts)
        elif arrays:
            change_array(draw, arrays)
    try:
        return packed(arrays, facts)
    except ValueError:  # a name that no file can hold
        return b""


def change_fact(draw: st.DrawFn, facts: Any) -> None:
    """Replace, remove or add something at any depth."""
    while True:
        keys = list(facts) if isinstance(facts, dict) else list(range(len(facts)))
        if not keys:
            return
        key = draw(st.sampled_from(keys))
        if not isinstance(facts[key], (dict, list)) or draw(st.integers(0, 3)) == 0:
            break
        facts = facts[key]
    what = draw(st.sampled_from(["replace", "remove", "add", "exchange"]))
    if what == "remove":
        del facts[key]
    elif what == "exchange":
        other = draw(st.sampled_from(keys))
        facts[key], facts[other] = facts[other], facts[key]
    elif what == "add" and isinstance(facts, dict):
        facts[draw(st.text(max_size=5))] = draw(JSON)
    else:
        facts[key] = draw(JSON)


def change_array(draw: st.DrawFn, arrays: dict[str, Any]) -> None:
    """Rename, drop, reshape, retype or fill one array."""
    name = draw(st.sampled_from(sorted(arrays)))
    what = draw(st.sampled_from(["rename", "drop", "reshape", "retype", "fill", "add"]))
    array = arrays[name] if what in ("fill", "add") else arrays.pop(name)
    if what == "rename":
        arrays[draw(st.text(max_size=8))] = array
    elif what == "reshape":
        arrays[name] = np.resize(array, draw(st.lists(st.integers(0, 3), max_size=3)))
    elif what == "retype":
        arrays[name] = np.nan_to_num(array).astype(draw(st.sampled_from(TYPES)))
    elif what == "fill":
        arrays[name] = np.full_like(array, draw(st.sampled_from([0, 1, 2**31])))
    elif what == "add":
        arrays[draw(st.text(max_size=8))] = array


def read_storage(content: bytes) -> str:
    """The bytes as a file, read by every reader; what is read into must not change at errors."""
    PATH.write_bytes(content)
    answers = [answer(load) for load in (storage.load_model, storage.load_values)]
    mlp = model()
    adam, rng = run(mlp)
    before = fingerprint(mlp, adam, rng)
    answers.append(answer(lambda path: storage.load_into(mlp, path)))
    if not answers[-1]:
        assert fingerprint(mlp, adam, rng) == before
    mlp = model()
    adam, rng = run(mlp)
    answers.append(answer(lambda path: storage.read_checkpoint(path).restore(mlp, adam, rng)))
    if not answers[-1]:
        assert fingerprint(mlp, adam, rng) == before
    else:
        adam.step()  # whatever was restored belongs together
    kinds = ["a model", "Values", "into a model", "a checkpoint"]
    read = [kind for kind, ok in zip(kinds, answers, strict=True) if ok]
    return "ok, " + " and ".join(read) if read else "FormatError"


def answer(load: Any) -> bool:
    """Whether the file was read; FormatError is the one error that is documented."""
    try:
        load(PATH)
    except FormatError as error:
        message = str(error)
    else:
        return True
    assert message.isprintable(), message
    assert len(message) < 2000, message
    return False


def fingerprint(mlp: nn.MLP, adam: optim.Adam, rng: Random) -> str:
    """All that a failed reader must leave alone."""
    numbers = [(p.data.hex(), p.grad, p.label) for p in mlp.parameters()]
    return repr((numbers, adam.state, adam.learning_rate, rng.getstate(), mlp.sizes))


RAW = edited(st.sampled_from(VALID), st.binary(max_size=8))


def header(text: str) -> bytes:
    """A file of this header alone."""
    return len(text.encode()).to_bytes(8, "little") + text.encode()


STORAGE = Target(
    st.one_of(rebuilt(), RAW, RAW.map(signed), st.binary(max_size=100), rebuilt().map(signed)),
    [
        b"", b"\0" * 7, b"\0" * 8, b"\xff" * 8, header(""), header("{}"), header("[]"),
        header("null"), header('{"__metadata__":{}}'),
        header('{"__metadata__":{"autograd_lite":1}}'),
        header("[" * 100_000), header('{"a":' * 100_000), header("9" * 100_000), header("1e999"),
        header('{"__metadata__":{"autograd_lite":"{\\"crc32\\":\\"00000000\\"}"}}'),
        signed(header('{"__metadata__":{"autograd_lite":"{\\"crc32\\":\\"00000000\\"}"}}')),
        signed(header('{"__metadata__":{"autograd_lite":"{\\"crc32\\":\\"00000000\\",'
                      + '\\"version\\":1,' * 2 + '\\"kind\\":\\"mlp\\"}"}}')),
        signed(header('{"__metadata__":{"autograd_lite":"{\\"crc32\\":\\"00000000\\",\\"version\\":'
                      + "[" * 50_000 + '}"}}')),
        header('{"w":{"dtype":"F64","shape":[1000000000000],"data_offsets":[0,8000000000000]}}'),
        *VALID, *(content[:-1] for content in VALID), *(content + b"\0" for content in VALID),
        *(signed(content[:-1]) for content in VALID),
        *(signed(content + b"\0") for content in VALID),
        *(signed(content.replace(b"layers.0.weight", b"__class__.weig")) for content in VALID),
        *(content.replace(b"F64", b"F32") for content in VALID),
        b"\x80\x04\x8c\x05posix\x8c\x06system\x93\x8c\x04true\x85R.",  # a pickle
    ],
    read_storage,
)  # fmt: skip
