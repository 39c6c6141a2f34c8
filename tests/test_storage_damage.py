"""Semantics S3 and S4: a file that is not just as it was written is refused; nothing changes.

Damage turns bits or cuts bytes off, and the CRC finds it. A forger computes the CRC anew;
what then stands in the file is checked as if there were none.
"""

from __future__ import annotations

import json
import time
from collections.abc import Callable
from itertools import cycle
from pathlib import Path
from random import Random
from tempfile import TemporaryDirectory
from typing import Any

import pytest
import safetensors.numpy
from forging import closed, edited, opened, seen, signed
from fuzz.storage import STORAGE
from hypothesis import example, given, settings
from hypothesis import strategies as st
from processes import output, python

from autograd_lite import FormatError, Value, nn, optim, storage


class Readers:
    """All that reads a file, and a model, an optimizer and a generator that must not change."""

    def __init__(self, path: Path) -> None:
        self.path = path
        self.model = nn.MLP([1, 1], rng=5)
        self.adam = optim.Adam(self.model.parameters(), 0.5)
        self.values = {"w": Value(7.0), "b": Value(8.0)}
        self.rng = Random(9)
        self.before = self.state()
        # each refuses some whole file for what it holds; damage is refused by all
        self.all: list[Callable[[Path], object]] = [
            storage.load_model, storage.load_values,
            lambda p: storage.load_into(self.model, p), lambda p: storage.load_into(self.values, p),
            lambda p: storage.read_checkpoint(p).restore(self.model, self.adam, self.rng),
        ]  # fmt: skip

    def state(self) -> Any:
        values = [v.data for v in self.values.values()]
        adam = repr((self.adam.state, self.adam.learning_rate))
        return seen(self.model), values, adam, self.rng.getstate()

    def refuse(self, content: bytes, text: str | None = None, readers: Any = None) -> None:
        self.path.write_bytes(content)
        for load in readers or self.all:
            with pytest.raises(FormatError, match=text) as error:
                load(self.path)
            assert str(error.value).startswith(f"{self.path}: ")
            assert str(error.value).isprintable()
        assert self.state() == self.before


@pytest.fixture
def readers(tmp_path: Path) -> Readers:
    return Readers(tmp_path / "file")


def model_file(folder: Path) -> bytes:
    storage.save(nn.MLP([1, 1], rng=3), folder / "small")
    return (folder / "small").read_bytes()


def values_file(folder: Path) -> bytes:
    w = Value(0.5)
    storage.save({"w": w, "b": w}, folder / "small")
    return (folder / "small").read_bytes()


def checkpoint_file(folder: Path) -> bytes:
    model = nn.MLP([1, 1], rng=3)
    adam = optim.Adam(model.parameters(), 0.1)
    adam.step()
    history = {"loss": [0.5, 0.25]}
    storage.save_checkpoint(folder / "small", model, adam, Random(1), 2, history, {"X": "two"})
    return (folder / "small").read_bytes()


FILES = [model_file, values_file, checkpoint_file]


# --- damage -------------------------------------------------------------------------------------


@pytest.mark.parametrize("make", [model_file, values_file])
def test_s3_every_bit_flip_is_refused(tmp_path: Path, readers: Readers, make: Any) -> None:
    """By one reader after the other in turn; all of them read the bytes in one place."""
    content = make(tmp_path)
    readers.path.write_bytes(content)
    turns = cycle(readers.all)
    for k in range(8 * len(content)):
        turned = bytearray(content)
        turned[k // 8] ^= 1 << k % 8
        readers.refuse(bytes(turned), readers=[next(turns)])


def test_s3_every_byte_of_a_checkpoint_counts(tmp_path: Path, readers: Readers) -> None:
    content, rng = checkpoint_file(tmp_path), Random(2)
    turns = cycle(readers.all)
    for k in range(len(content)):
        turned = bytearray(content)
        turned[k] ^= rng.randrange(1, 256)
        readers.refuse(bytes(turned), readers=[next(turns)])


@pytest.mark.parametrize("make", FILES)
def test_s3_a_file_cut_off_at_any_byte_is_refused(
    tmp_path: Path, readers: Readers, make: Any
) -> None:
    content = make(tmp_path)
    turns = cycle(readers.all)
    for length in range(len(content)):
        readers.refuse(content[:length], readers=[next(turns)])


@pytest.mark.parametrize("make", FILES)
def test_s3_bytes_before_within_or_after_are_refused(
    tmp_path: Path, readers: Readers, make: Any
) -> None:
    content = make(tmp_path)
    for place in (0, 8, len(content) // 2, len(content)):
        for more in (b"\0", b" ", content):
            readers.refuse(content[:place] + more + content[place:])
            readers.refuse(signed(content[:place] + more + content[place:]))


def test_s3_another_programs_file_is_refused_with_the_way_to_read_it(
    tmp_path: Path, readers: Readers
) -> None:
    arrays, metadata = safetensors.numpy.load(model_file(tmp_path)), {"format": "pt"}
    text = "another program wrote it .safetensors.numpy.load_file reads such files"
    readers.refuse(safetensors.numpy.save(arrays, metadata), text)
    readers.refuse(safetensors.numpy.save(arrays), text)


# --- forged files -------------------------------------------------------------------------------

DEEP = 100_000


def replaced(old: str, new: str) -> Callable[[str], str]:
    def replace(text: str) -> str:
        assert text.count(old) == 1
        return text.replace(old, new)

    return replace


def held(key: str, thing: Any) -> Callable[[dict[str, Any]], object]:
    return lambda facts: facts.update({key: thing})


def entry(**changes: Any) -> Callable[[dict[str, Any]], object]:
    return lambda header: header["layers.0.weight"].update(changes)


#: What is done to a file of an MLP 1-1, and what the error then says.
FORGED: list[tuple[dict[str, Any], str]] = [
    # keys twice, unknown, missing
    ({"text": replaced('"sizes":', '"sizes":[2,2],"sizes":')}, "the key 'sizes' stands twice"),
    ({"text": replaced('"version":1', '"version":1,"version":1')}, "'version' stands twice"),
    ({"facts": held("more", 1)}, "kind is 'mlp' with the keys .*'more'"),
    ({"facts": lambda facts: facts.pop("sizes")}, "kind is 'mlp' with the keys"),
    ({"facts": lambda facts: facts.pop("kind")}, "kind is None"),
    ({"facts": held("kind", "other")}, "kind is 'other'"),
    ({"facts": held("kind", ["mlp"])}, r"kind is \['mlp'\]"),
    ({"header": entry(more=1)}, "has not just dtype, shape and data_offsets"),
    ({"header": lambda h: h["layers.0.weight"].pop("shape")}, "has not just dtype, shape"),
    ({"header": lambda h: h["__metadata__"].update(more="x")}, "the one key 'autograd_lite'"),
    ({"header": lambda h: h.pop("layers.0.bias")}, "not a file of autograd_lite"),
    ({"header": lambda h: h.pop("layers.0.weight"), "data": lambda d: d[:8]},
     "missing 'layers.0.weight'"),
    # numbers that are none
    ({"facts": held("version", "1")}, "the version of the file is '1'"),
    ({"facts": held("version", True)}, "the version of the file is True"),
    ({"facts": held("version", 2)}, "the version of the file is 2; this release"),
    ({"text": replaced('"version":1', '"version":1.0')}, "1.0 stands where no float is written"),
    ({"text": replaced('"version":1', '"version":1e999')}, "1e999 stands where no float"),
    ({"text": replaced('"version":1', '"version":NaN')}, "NaN stands where no float"),
    ({"text": replaced('"version":1', '"version":' + "9" * 100_000)}, "not a file of"),
    ({"facts": held("sizes", [1, "1"])}, "each must be an int of at least 1"),
    ({"facts": held("sizes", [1, True])}, "each must be an int of at least 1"),
    ({"facts": held("sizes", [1, 0])}, "each must be an int of at least 1"),
    ({"facts": held("sizes", [1, -1])}, "each must be an int of at least 1"),
    ({"facts": held("sizes", [1])}, "a list of 2 or more is needed"),
    ({"facts": held("sizes", {"0": 1})}, "a list of 2 or more is needed"),
    ({"facts": held("sizes", [1, 2])}, r"has the shape \(1, 1\) in the file, \(1, 2\) is needed"),
    ({"facts": held("bias", "none")}, "bias must be a list of 1"),
    ({"facts": held("bias", ["some"])}, "bias is .*; there are"),
    ({"facts": held("bias", [["none"]])}, "bias is .*; there are"),
    ({"facts": held("bias", ["none"])}, "unexpected 'layers.0.bias'"),
    ({"facts": held("activations", ["tanh", "tanh"])}, "activations must be a list of 1"),
    ({"facts": held("activations", [None])}, "None is no activation"),
    ({"facts": held("activations", ["add"])}, "'add' is no activation"),
    ({"facts": held("activations", ["__class__"])}, "'__class__' is no activation"),
    ({"facts": held("activations", [{"row": "leaky_relu", "given": ["x"]}])}, "is no activation"),
    ({"facts": held("activations", [{"row": "leaky_relu", "given": [0.5]}])}, "no float is"),
    ({"facts": held("activations", [{"neurons": ["tanh"] * 2}])}, "no activations of 1 neurons"),
    ({"facts": held("neurons", [[0, 1, "x"]])}, r"is no \[layer, unit, name\] of a neuron"),
    ({"facts": held("neurons", [[0, True, "x"]])}, "is no .layer, unit, name. of a neuron"),
    ({"facts": held("neurons", [[0, 0, 5]])}, "is no .layer, unit, name. of a neuron"),
    ({"facts": held("neurons", {})}, "neurons must be a list"),
    ({"facts": held("ids", [])}, "ids must be an object"),
    ({"facts": held("ids", {"x": [0]})}, "ids must be an object of arrays' names"),
    ({"facts": held("ids", {"layers.0.weight": [0, 1]})}, "must be 1 numbers"),
    ({"facts": held("ids", {"layers.0.weight": [5]})}, "an id of .* is 5; -1 to 0"),
    ({"facts": held("ids", {"layers.0.weight": [-2]})}, "an id of .* is -2; -1 to 0"),
    ({"facts": held("ids", {"layers.0.weight": [False]})}, "an id of .* is False"),
    ({"facts": held("ids", {"layers.0.weight": [-1]})}, "two numbers for one Value, or one where"),
    ({"facts": held("ids", {"layers.0.bias": [0]})}, "two numbers for one Value"),
    ({"facts": held("labels", {"x": []})}, "labels names arrays that are not there"),
    ({"facts": held("labels", {"layers.0.bias": [[1, "x"]]})}, "must be pairs .index, text."),
    ({"facts": held("labels", {"layers.0.bias": [[0, 1]]})}, "must be pairs .index, text."),
    ({"facts": held("roles", {"layers.0.bias": [[0, "input"]]})}, "a role is none of"),
    ({"facts": held("roles", {"layers.0.bias": [[0, None]]})}, "a role is none of"),
    ({"facts": held("training", [])}, "the facts about training are no object"),
    # arrays
    ({"header": entry(dtype="F32")}, "not a file of autograd_lite"),
    ({"header": entry(dtype="BF16")}, "has the type 'BF16'; there are F64"),
    ({"header": entry(dtype=["F64"])}, "there are F64"),
    ({"header": entry(dtype="I64")}, "has the type int64, float64 is needed"),
    ({"header": entry(shape=[1])}, r"has the shape \(1,\) in the file, \(1, 1\) is needed"),
    ({"header": entry(shape=[10**12])}, "not a file of autograd_lite"),
    ({"header": entry(shape="1")}, "not a file of autograd_lite"),
    ({"header": entry(data_offsets=[0, 10**30])}, "not a file of autograd_lite"),
    ({"header": entry(data_offsets=[-8, 0])}, "not a file of autograd_lite"),
    ({"header": held("__class__", 1)}, "'__class__' has not just dtype"),
    ({"header": held("__metadata__", {"autograd_lite": 1})}, "no metadata of autograd_lite"),
    # depth
    ({"facts": lambda f: None, "text": replaced('"neurons":[]', '"neurons":' + "[" * DEEP)},
     "it nests too deep"),
    ({"text": replaced('"neurons":[]', '"neurons":' + "[" * DEEP + "]" * DEEP)},
     "nests? too deep"),
    ({"text": replaced('"neurons":[]', '"neurons":' + '{"a":' * DEEP + "1" + "}" * DEEP)},
     "nests? too deep"),
    ({"text": lambda text: text[:-1]}, "not a file of autograd_lite"),
    ({"text": lambda text: text + "{}"}, "not a file of autograd_lite"),
]  # fmt: skip


@pytest.mark.parametrize(("changes", "text"), FORGED, ids=range(len(FORGED)))
def test_s3_a_forged_file_is_refused_with_the_fault(
    tmp_path: Path, readers: Readers, changes: Any, text: str
) -> None:
    content = edited(model_file(tmp_path), **changes)
    start = time.process_time()
    readers.refuse(content, text, [storage.load_model, readers.all[2]])
    assert time.process_time() - start < 1.0


#: Facts that say what holds anyhow, or say it twice.
IDLE = [
    held("labels", {"layers.0.bias": [[0, "b1[1]"]]}),
    held("labels", {"layers.0.bias": [[0, "x"], [0, "y"]]}),
    held("labels", {"layers.0.bias": []}),
    held("roles", {"layers.0.bias": [[0, "parameter"]]}),
    held("ids", {"layers.0.weight": [0]}),
    held("neurons", [[0, 0, "o1"]]),
    held("neurons", [[0, 0, "x"], [0, 0, "y"]]),
    held("activations", [{"neurons": ["identity"]}]),
]


@pytest.mark.parametrize("change", IDLE, ids=range(len(IDLE)))
def test_s3_facts_that_nobody_writes_are_refused(
    tmp_path: Path, readers: Readers, change: Any
) -> None:
    """What is read is written again, and compared: no fact is passed over."""
    content = edited(model_file(tmp_path), change)
    readers.refuse(content, "the facts are not as autograd_lite writes", [storage.load_model])


#: What is done to the facts and arrays of a checkpoint (Adam, two parameters, one step).
FORGED_RUNS: list[tuple[Callable[[dict[str, Any]], object], str]] = [
    (lambda run: run.pop("epoch"), "the facts of training are"),
    (lambda run: run.update(more=1), "the facts of training are .*'more'"),
    (lambda run: run.update(epoch="2"), "epoch is '2'; it must be an int of at least 0"),
    (lambda run: run.update(epoch=True), "epoch is True"),
    (lambda run: run.update(epoch=-1), "epoch is -1"),
    (lambda run: run.update(facts={"X": 2}), "it must be an object of strings"),
    (lambda run: run.update(facts=[]), "it must be an object of strings"),
    (lambda run: run.update(history="loss"), "history is 'loss'; it must be a list of names"),
    (lambda run: run.update(history=["other"]), "'other' must be an array .n,. of float64"),
    (lambda run: run.update(history=[]), r"unexpected arrays \['training.history.loss'\]"),
    (lambda run: run.update(history=["loss", "loss"]), "not as autograd_lite writes them"),
    (lambda run: run.update(optimizer="Adam"), "it must be an object of three facts"),
    (lambda run: run.update(learning_rate=None), "the learning rate is None"),
    (lambda run: run.update(learning_rate=["array", 0]), "the learning rate is array"),
    (lambda run: run.update(state=["tuple", 5]), "is no state"),
    (lambda run: run.update(state=["int", "5"]), "is no state"),
    (lambda run: run.update(state=["array", 7]), "the array training.state.7 is missing"),
    (lambda run: run.update(state=["float", 0]), "its array has the shape"),
    (lambda run: run.update(state=None), "unexpected arrays"),
    (lambda run: run.update(rng=None), "unexpected arrays"),
    (lambda run: run.update(rng={"gauss": ["int", 1]}), "have another type"),
    (lambda run: run.update(rng={}), "is no state of a random.Random"),
]


@pytest.mark.parametrize(("change", "text"), FORGED_RUNS, ids=range(len(FORGED_RUNS)))
def test_s3_a_forged_checkpoint_is_refused_with_the_fault(
    tmp_path: Path, readers: Readers, change: Any, text: str
) -> None:
    content = checkpoint_file(tmp_path)
    forged = edited(content, lambda facts: change(facts["training"]))
    readers.refuse(forged, text, [storage.read_checkpoint])


def test_s3_a_state_that_nests_deep_is_refused(tmp_path: Path, readers: Readers) -> None:
    """Deep enough for our reader, not for that of JSON, and for that of JSON."""
    for depth in (400, 900, 10_000):
        state = '["tuple",[' * depth + "null" + "]]" * depth
        forged = edited(
            checkpoint_file(tmp_path),
            lambda facts: facts["training"].update(state="here"),
            text=replaced('"here"', state),
        )
        readers.refuse(forged, None, [storage.read_checkpoint])


def test_s3_arrays_nobody_wrote_are_refused(tmp_path: Path, readers: Readers) -> None:
    """In a checkpoint too, where any name could begin with training."""
    for name in ("training.more", "training.state.9", "other"):
        header, _, data = opened(checkpoint_file(tmp_path))
        end = len(data)
        header[name] = {"dtype": "F64", "shape": [1], "data_offsets": [end, end + 8]}
        readers.refuse(closed(header, data + bytes(8)), "unexpected", [storage.read_checkpoint])


def test_s3_what_is_valid_is_not_refused(tmp_path: Path) -> None:
    """The tools of this file change only what they are told to: unchanged files are read."""
    for make, load in zip(
        FILES, (storage.load_model, storage.load_values, storage.read_checkpoint), strict=True
    ):
        content = make(tmp_path)
        assert signed(content) == content
        assert opened(edited(content))[2] == opened(content)[2]
        (tmp_path / "x").write_bytes(edited(content))
        load(tmp_path / "x")


# --- S4: limits before anything is allocated ------------------------------------------------------


def claims(shape: list[int], offsets: list[int]) -> bytes:
    """A file of 1 KB whose one array is said to be larger."""
    weight = {"dtype": "F64", "shape": shape, "data_offsets": offsets}
    facts = {"crc32": "00000000", "version": 1, "kind": "values", "names": ["w"], "ids": {},
             "labels": {}, "roles": {}}  # fmt: skip
    metadata = {"autograd_lite": json.dumps(facts, separators=(",", ":"))}
    return closed({"__metadata__": metadata, "w": weight}, bytes(600))


CLAIMS = [
    claims([10**12], [0, 8 * 10**12]),
    claims([10**6, 10**6], [0, 8 * 10**12]),
    claims([2**61], [0, 2**64]),
    claims([2**32, 2**32], [0, 0]),
    claims([10**12], [0, 600]),
    (10**12).to_bytes(8, "little") + bytes(1000),
    (2**64 - 1).to_bytes(8, "little") + b"{" * 1000,
]


@pytest.mark.parametrize("content", CLAIMS, ids=range(len(CLAIMS)))
def test_s4_claims_of_terabytes_are_refused_at_once(readers: Readers, content: bytes) -> None:
    """Less than 10 ms: the sizes are held against the file's before any array."""
    readers.refuse(content)
    times = []
    for _ in range(5):
        start = time.process_time()
        with pytest.raises(FormatError):
            storage.load_values(readers.path)
        times.append(time.process_time() - start)
    assert min(times) < 0.01


def test_s4_claims_of_terabytes_take_no_memory(tmp_path: Path, readers: Readers) -> None:
    """10 MB more than the process has are enough, also for facts that claim 10^12 weights."""
    forged = edited(model_file(tmp_path), held("sizes", [10**6, 10**6]))
    readers.refuse(forged, "has the shape", [storage.load_model, readers.all[2]])
    paths = [str(tmp_path / f"claim{k}") for k in range(len(CLAIMS) + 1)]
    for path, content in zip(paths, [*CLAIMS, forged], strict=True):
        Path(path).write_bytes(content)
    program = f"""
import resource
from autograd_lite import FormatError, storage
used = int(open("/proc/self/statm").read().split()[0]) * resource.getpagesize()
resource.setrlimit(resource.RLIMIT_AS, (used + 10_000_000,) * 2)
refused = 0
for path in {paths}:
    for load in (storage.load_model, storage.load_values, storage.read_checkpoint):
        try:
            load(path)
        except FormatError:
            refused += 1
print(refused)
"""
    assert output(python(program)) == f"{3 * len(paths)}\n"


@pytest.mark.parametrize(
    "load",
    [
        storage.load_model,
        storage.read_checkpoint,
        lambda path, most: storage.load_into(nn.MLP([1, 1]), path, most),
    ],
)
def test_s4_a_file_longer_than_allowed_is_not_read(tmp_path: Path, load: Any) -> None:
    content = checkpoint_file(tmp_path)
    load(tmp_path / "small", len(content))
    with pytest.raises(FormatError, match=f"{len(content)} bytes are more than max_bytes=100; "):
        load(tmp_path / "small", 100)
    with open(tmp_path / "huge", "wb") as file:
        file.truncate(2**40)  # a hole, which takes no disk
    with pytest.raises(FormatError, match=f"{2**40} bytes are more than max_bytes={2**30}"):
        load(tmp_path / "huge", 2**30)


@pytest.mark.parametrize("limit", [0, -1, 1.5, True, "1", None])
def test_s4_a_limit_is_an_int_of_at_least_1(tmp_path: Path, limit: Any) -> None:
    model_file(tmp_path)
    with pytest.raises(ValueError, match=r"max_bytes is .*; it must be an int of at least 1"):
        storage.load_model(tmp_path / "small", limit)


# --- random and spoiled files -------------------------------------------------------------------


@settings(max_examples=300, deadline=1000)
@given(STORAGE.examples)
@example(b"")
def test_s3_random_and_spoiled_files_are_read_or_refused(content: bytes) -> None:
    """No other error, and nothing read into has changed.

    `python -m tests.fuzz storage` does the same for as long as one likes.
    """
    assert STORAGE.run(content).partition(",")[0] in ("ok", "FormatError")


@settings(max_examples=200, deadline=None)
@given(st.integers(0, 2), st.integers(0), st.integers(1, 255))
def test_s3_a_changed_byte_with_the_right_crc_is_read_as_it_stands_or_refused(
    which: int, place: int, turn: int
) -> None:
    """What is read then, and written again, are the numbers of the file."""
    with TemporaryDirectory() as name:
        folder = Path(name)
        content = bytearray(FILES[which](folder))
        content[place % len(content)] ^= turn
        (folder / "x").write_bytes(signed(bytes(content)))
        load = storage.load_values if which == 1 else storage.load_model
        try:
            found: Any = load(folder / "x")
        except FormatError:
            return
        storage.save(found, folder / "y")
        held = safetensors.numpy.load_file(folder / "x")
        for array, numbers in safetensors.numpy.load_file(folder / "y").items():
            assert numbers.tobytes() == held[array].tobytes()
