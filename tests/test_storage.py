"""Parameters in files: what comes back is what was saved, and into what else it may not go."""

from __future__ import annotations

import ast
import pickle
import subprocess
import sys
from itertools import pairwise
from math import inf, nan
from pathlib import Path
from random import Random
from tempfile import TemporaryDirectory
from typing import Any

import pytest
import safetensors.numpy
from forging import bits, edited, number, opened, parameters, seen
from hypothesis import given, settings
from hypothesis import strategies as st
from test_imports import rooms

from autograd_lite import FormatError, Op, Value, constant, inputs, nn, ops, parameter, storage

ROOT = Path(__file__).resolve().parent.parent
SPECIAL = [
    0.0, -0.0, 5e-324, -5e-324, 2.2250738585072014e-308, 1.7976931348623157e308, inf, -inf,
    nan, -nan, number(0x7FF0000000000001), number(0xFFFFDEADBEEF0001), 0.1, 1e-308,
]  # fmt: skip


def round_trip(model: nn.MLP, folder: Path) -> nn.MLP:
    storage.save(model, folder / "model")
    return storage.load_model(folder / "model")


def small(bias: str = "per_neuron", **options: Any) -> nn.MLP:
    return nn.MLP([2, 3, 1], bias=bias, rng=1, **options)


# --- S2: exact ------------------------------------------------------------------------------


def test_s2_ten_thousand_random_bit_patterns_come_back(tmp_path: Path) -> None:
    rng = Random(0)
    patterns = [rng.getrandbits(64) for _ in range(100 * 100)]
    rows = [[number(p) for p in patterns[i : i + 100]] for i in range(0, 10_000, 100)]
    model = nn.MLP.from_weights([rows])
    again = round_trip(model, tmp_path)
    assert [bits(w.data) for n in again.layers[0].neurons for w in n.weights if w is not None] == [
        patterns[i * 100 + j] for j in range(100) for i in range(100)
    ]


def test_s2_special_numbers_come_back_from_a_dict(tmp_path: Path) -> None:
    values = {f"v{k}": Value(x) for k, x in enumerate(SPECIAL)}
    storage.save(values, tmp_path / "v")
    again = storage.load_values(tmp_path / "v")
    assert [bits(v.data) for v in again.values()] == [bits(x) for x in SPECIAL]
    other = {name: Value(1.0) for name in values}
    storage.load_into(other, tmp_path / "v")
    assert [bits(v.data) for v in other.values()] == [bits(x) for x in SPECIAL]


def test_equal_models_give_equal_files_in_every_process(tmp_path: Path) -> None:
    """Python's and Rust's hashes are seeded anew in each."""
    program = (
        "from autograd_lite import nn, storage;"
        "mask = [[[1, 0, 1], [1, 1, 1]], [[1], [1], [1]]];"
        "storage.save(nn.MLP([2, 3, 1], rng=1, mask=mask), {!r})"
    )
    for k in range(3):
        path = str(tmp_path / str(k))
        subprocess.run([sys.executable, "-c", program.format(path)], check=True, cwd=ROOT)
    assert len({(tmp_path / str(k)).read_bytes() for k in range(3)}) == 1


# --- what a file looks like -----------------------------------------------------------------


def test_other_programs_read_an_array_per_layer(tmp_path: Path) -> None:
    weights = [[[1.0, 2.0, 3.0], [4.0, 5.0, 6.0]], [[7.0], [8.0], [9.0]]]
    storage.save(nn.MLP.from_weights(weights, [[0.1, 0.2, 0.3], 0.4]), tmp_path / "m")
    arrays = safetensors.numpy.load_file(tmp_path / "m")
    assert {name: array.tolist() for name, array in arrays.items()} == {
        "layers.0.weight": weights[0],
        "layers.0.bias": [0.1, 0.2, 0.3],
        "layers.1.weight": weights[1],
        "layers.1.bias": [0.4],
    }


@pytest.mark.parametrize(("bias", "shapes"), [("shared", [(1,), (1,)]), ("none", [])])
def test_a_shared_bias_is_one_number_and_no_bias_is_no_array(
    tmp_path: Path, bias: str, shapes: Any
) -> None:
    storage.save(small(bias), tmp_path / "m")
    arrays = safetensors.numpy.load_file(tmp_path / "m")
    assert [a.shape for name, a in sorted(arrays.items()) if "bias" in name] == shapes


def test_the_architecture_stands_in_the_metadata_as_json(tmp_path: Path) -> None:
    storage.save(small("shared", activation="relu", output="sigmoid"), tmp_path / "m")
    header, facts, _ = opened((tmp_path / "m").read_bytes())
    assert list(header["__metadata__"]) == ["autograd_lite"]
    del facts["crc32"]
    assert facts == {
        "version": 1, "kind": "mlp", "sizes": [2, 3, 1], "bias": ["shared", "per_neuron"],
        "activations": ["relu", "sigmoid"], "neurons": [], "ids": {}, "labels": {}, "roles": {},
    }  # fmt: skip


def test_an_entry_of_a_dict_is_an_array_of_one_number_under_its_name(tmp_path: Path) -> None:
    storage.save({"slope": Value(0.5), "é\n": Value(-1.0)}, tmp_path / "v")
    arrays = safetensors.numpy.load_file(tmp_path / "v")
    assert {name: (a.shape, float(a)) for name, a in arrays.items()} == {
        "slope": ((), 0.5),
        "é\n": ((), -1.0),
    }


# --- the model that comes back --------------------------------------------------------------


def masks(sizes: list[int]) -> st.SearchStrategy[Any]:
    return st.tuples(*[
        st.lists(st.lists(st.booleans(), min_size=b, max_size=b), min_size=a, max_size=a)
        for a, b in pairwise(sizes)
    ])  # fmt: skip


UNARY = [name for name, row in ops.OPS.items() if row.arity == 1]
ROWS = st.one_of(
    st.sampled_from(UNARY),
    st.floats(0.0, 1.0).map(lambda a: ops.leaky_relu.fixed(a)),
    st.just("leaky_relu"),
)
BITS = st.one_of(st.integers(0, 2**64 - 1), st.sampled_from([bits(x) for x in SPECIAL]))


@st.composite
def models(draw: Any) -> nn.MLP:
    """Any model: masks, every kind of bias, tied weights, names, roles and all numbers."""
    sizes = draw(st.lists(st.integers(1, 4), min_size=2, max_size=4))
    output = draw(st.one_of(ROWS, st.just("softmax")))
    bias = draw(st.sampled_from(nn.BIAS_KINDS))
    model = nn.MLP(sizes, draw(ROWS), output, bias, mask=draw(masks(sizes)))
    for p in model.parameters():
        p.data = number(draw(BITS))
    neurons = [n for layer in model.layers for n in layer.neurons]
    for neuron in draw(st.lists(st.sampled_from(neurons), max_size=3)):
        change = draw(st.sampled_from(["tie", "bias", "role", "label", "name"]))
        held = [w for w in neuron.weights if w is not None]
        if change == "tie" and held:  # to any other parameter, or the bias to a weight
            one = draw(st.sampled_from(model.parameters()))
            neuron.weights = [one if w is held[0] else w for w in neuron.weights]
        elif change == "bias":
            neuron.bias = draw(st.sampled_from([None, *held]))
        elif change == "role" and held:
            maker = draw(st.sampled_from([Value, constant, parameter]))
            one = maker(held[0].data, draw(st.one_of(st.none(), st.text(max_size=5))))
            neuron.weights = [one if w is held[0] else w for w in neuron.weights]
        elif change == "label" and held:
            held[-1].label = draw(st.one_of(st.none(), st.text(max_size=5)))
        elif neuron.name is not None:  # without a name a neuron forgets its place in the net
            neuron.name = draw(st.one_of(st.none(), st.text(max_size=5)))
    return model


@settings(max_examples=150, deadline=None)
@given(models())
def test_saving_and_loading_is_the_identity(model: nn.MLP) -> None:
    with TemporaryDirectory() as folder:
        again = round_trip(model, Path(folder))
        assert seen(again) == seen(model)
        expected = parameters(model)
        for p in again.parameters():
            p.data = 3.0
        storage.load_into(again, Path(folder) / "model")
        assert parameters(again) == expected
        assert seen(round_trip(again, Path(folder))) == seen(model)


names = st.text(max_size=8).filter(lambda name: name != "__metadata__")


@settings(max_examples=100, deadline=None)
@given(st.lists(st.tuples(names, BITS, st.integers(0, 3)), min_size=1, max_size=6,
                unique_by=lambda entry: entry[0]))  # fmt: skip
def test_a_dict_comes_back_with_its_order_and_shared_values(entries: Any) -> None:
    values = {name: Value(number(pattern), name) for name, pattern, _ in entries}
    for name, _, other in entries:
        values[name] = values[entries[other % len(entries)][0]]
    with TemporaryDirectory() as folder:
        storage.save(values, Path(folder) / "v")
        again = storage.load_values(Path(folder) / "v")
    assert list(again) == list(values)
    for one in values:
        assert bits(again[one].data) == bits(values[one].data)
        assert (again[one].label, again[one].role) == (values[one].label, "variable")
        for two in values:
            assert (again[one] is again[two]) == (values[one] is values[two])


def test_tied_weights_stay_tied_in_training(tmp_path: Path) -> None:
    """d(w x1 + w x2)/dw = x1 + x2: both places lead to one Value."""
    model = nn.MLP.from_weights([[[2.0], [2.0]]], activations="identity")
    (neuron,) = model.layers[0].neurons
    neuron.weights[1] = neuron.weights[0]
    again = round_trip(model, tmp_path)
    (w,) = again.parameters()
    again([3.0, 4.0])[0].backward()
    assert w.grad == 7.0


def test_a_mask_stays_a_missing_connection(tmp_path: Path) -> None:
    model = nn.MLP([2, 2, 1], mask=[[[1, 0], [0, 1]], [[1], [1]]], rng=1)
    again = round_trip(model, tmp_path)
    assert [[w is None for w in n.weights] for n in again.layers[0].neurons] == [
        [False, True],
        [True, False],
    ]


def test_a_slope_of_ones_own_comes_back(tmp_path: Path) -> None:
    model = nn.MLP.from_weights([[[1.0]]], activations=ops.leaky_relu.fixed(0.3))
    assert round_trip(model, tmp_path)([-10.0])[0].data == -3.0


def test_neurons_of_one_layer_may_have_different_activations(tmp_path: Path) -> None:
    model = nn.MLP.from_weights([[[1.0, 1.0, 1.0]]], activations="relu")
    model.layers[0].neurons[1].activation = ops.OPS["tanh"]
    model.layers[0].neurons[2].activation = None
    again = round_trip(model, tmp_path)
    assert [y.data for y in again([-1.0])] == [0.0, -0.7615941559557649, -1.0]  # math.tanh(-1.0)
    assert [n.name.place.activation for n in again.layers[0].neurons] == ["relu", "tanh", None]


def test_names_of_weights_and_neurons_come_back(tmp_path: Path) -> None:
    model = nn.MLP.from_weights([[[1.0], [2.0]]], [0.5], names=[[["w31"], ["w32"]]])
    model.layers[0].neurons[0].name = "y"
    again = round_trip(model, tmp_path)
    assert [p.label for p in again.parameters()] == ["w31", "w32", "b1[1]"]
    assert [y.label for y in again([1.0, 1.0])] == ["y"]


def test_a_row_of_ones_own_is_loaded_into_a_model_that_has_it(tmp_path: Path) -> None:
    cube = Op("cube", lambda x: x * x * x, (lambda y, x: 3.0 * x * x,))
    model = nn.MLP.from_weights([[[2.0]]], activations=cube)
    storage.save(model, tmp_path / "m")
    with pytest.raises(FormatError, match=r"'cube' is a row of your own.*use load_into"):
        storage.load_model(tmp_path / "m")
    other = nn.MLP.from_weights([[[0.0]]], activations=cube)
    storage.load_into(other, tmp_path / "m")
    assert other([1.0])[0].data == 8.0


def test_loading_into_keeps_the_values_their_names_and_gradients(tmp_path: Path) -> None:
    w = Value(1.0, "w")
    storage.save({"w": w}, tmp_path / "v")
    w.data, w.grad, w.label = 5.0, 2.0, "other"
    held = {"w": w}
    storage.load_into(held, tmp_path / "v")
    assert (held["w"] is w, w.data, w.grad, w.label) == (True, 1.0, 2.0, "other")


def test_a_dict_in_another_order_takes_tied_values(tmp_path: Path) -> None:
    one, two = Value(1.0), Value(2.0)
    storage.save({"a": one, "b": two, "c": one}, tmp_path / "v")
    x, y = Value(0.0), Value(0.0)
    storage.load_into({"c": x, "b": y, "a": x}, tmp_path / "v")
    assert (x.data, y.data) == (1.0, 2.0)


def test_a_long_path_of_any_kind_is_taken(tmp_path: Path) -> None:
    for path in (
        str(tmp_path / "s"),
        tmp_path / "p",
        bytes(tmp_path / "b"),
        tmp_path / ("x" * 255),
    ):
        storage.save(small(), path)
        assert parameters(storage.load_model(path)) == parameters(small())


# --- what is not stored ---------------------------------------------------------------------


def test_what_cannot_be_stored_is_refused_and_no_file_appears(tmp_path: Path) -> None:
    w = Value(1.0, "w")
    mixed = nn.MLP([2, 2, 1])
    mixed.layers[0].neurons[1].weights.append(Value(0.0))
    plain = nn.MLP([1, 1])
    plain.layers[0].neurons[0].weights[0] = 0.5  # type: ignore[call-overload]  # a plain number
    cases: list[tuple[Any, type[Exception], str]] = [
        (w, TypeError, "an MLP or a dict of names to Values is stored, got Value"),
        ({}, ValueError, "the dict is empty"),
        ({1: w}, TypeError, "the name 1 is no string"),
        ({"w": 1.0}, TypeError, "'w': 1.0 is no Value"),
        ({"y": w * w}, ValueError, "'y': .* was computed by mul; only leaves"),
        ({"x": inputs(1)[0]}, ValueError, "'x': .* is a placeholder and has no number"),
        ({"w": Value(1.0, 5)}, TypeError, "'w': the label 5 is no string"),  # type: ignore[arg-type]  # on purpose
        ({"__metadata__": w}, ValueError, "'__metadata__' is taken by the format"),
        ({"\ud800": w}, ValueError, r"'\\ud800' is no valid Unicode"),
        (mixed, ValueError, r"layer 0 has neurons of \[2, 3\] weights after 2 nodes"),
        (plain, TypeError, "'layers.0.weight': 0.5 is no Value"),
    ]
    for source, error, text in cases:
        with pytest.raises(error, match=text):
            storage.save(source, tmp_path / "x")
    assert list(tmp_path.iterdir()) == []


def test_labels_and_names_are_any_text(tmp_path: Path) -> None:
    """Also what no UTF-8 can hold: labels stand in JSON, whose escapes can."""
    model = small()
    for p, text in zip(model.parameters(), ['"', "\\", "\0", "\ud800", "\"crc32\":\"", "é", "\n"],
                       strict=False):  # fmt: skip
        p.label = text
    assert seen(round_trip(model, tmp_path)) == seen(model)


# --- S5: another architecture ---------------------------------------------------------------

OTHERS = [
    (lambda: nn.MLP([2, 4, 1]), r"'layers.0.weight' has the shape \(2, 3\) in the file, \(2, 4\)"),
    (lambda: nn.MLP([2, 3, 3, 1]), r"missing 'layers.2.weight'.*'layers.1.weight' has the shape"),
    (lambda: nn.MLP([2, 3]), "unexpected 'layers.1.weight'; unexpected 'layers.1.bias'"),
    (lambda: small("none"), "unexpected 'layers.0.bias'; unexpected 'layers.1.bias'"),
    (lambda: small("shared"), r"'layers.0.bias' has the shape \(3,\) in the file, \(1,\) is"),
    (lambda: small(activation="relu"), r"activations: \['tanh', 'identity'\] in the .*\['relu', "),
    (lambda: small(output="softmax"), r"other activations: .*'softmax'\] in what you gave"),
    (lambda: small(mask=[[[1, 0, 1], [1] * 3], [[1]] * 3]), r"missing connections \(ids\): \{\}"),
    (lambda: {"w": Value(0.5)}, "kind 'mlp' is in the file, you gave kind 'values'"),
]  # fmt: skip


@pytest.mark.parametrize(("other", "text"), OTHERS)
def test_s5_another_architecture_is_refused_with_both(
    tmp_path: Path, other: Any, text: str
) -> None:
    storage.save(small(), tmp_path / "m")
    given = other()
    values = list(given.values()) if isinstance(given, dict) else given.parameters()
    before = [bits(v.data) for v in values]
    with pytest.raises(FormatError, match=text) as error:
        storage.load_into(given, tmp_path / "m")
    assert str(tmp_path / "m") in str(error.value)
    assert [bits(v.data) for v in values] == before


def test_s5_all_faults_are_listed_at_once(tmp_path: Path) -> None:
    storage.save({"a": Value(1.0), "b": Value(1.0)}, tmp_path / "v")
    with pytest.raises(FormatError, match=r"missing 'c'; unexpected 'b'$"):
        storage.load_into({"a": Value(0.0), "c": Value(0.0)}, tmp_path / "v")


def test_s5_a_long_list_of_faults_is_cut_off_with_its_length(tmp_path: Path) -> None:
    storage.save({"a": Value(1.0)}, tmp_path / "v")
    with pytest.raises(FormatError, match=r"missing '18'; missing '19' and 81 more$"):
        storage.load_into({str(k): Value(0.0) for k in range(100)}, tmp_path / "v")


HOSTILE = ["__class__", "..", "a.__init__", "../../etc/passwd", "layers.0.weight.data", "", "\0",
           "__dict__", "parameters", "\u202e", "a" * 10_000]  # fmt: skip


@pytest.mark.parametrize("name", HOSTILE)
def test_s5_names_are_data(tmp_path: Path, name: str) -> None:
    """As a key of a dict any name is as good as another; into a model it does not go."""
    storage.save({name: Value(0.25)}, tmp_path / "v")
    assert [(k, v.data) for k, v in storage.load_values(tmp_path / "v").items()] == [(name, 0.25)]
    model = small()
    before = seen(model)
    storage.save(model, tmp_path / "m")

    def smuggled(header: dict[str, Any]) -> None:
        header[name] = header.pop("layers.0.bias")

    (tmp_path / "x").write_bytes(edited((tmp_path / "m").read_bytes(), header=smuggled))
    for load in (lambda p: storage.load_into(model, p), storage.load_model):
        with pytest.raises(FormatError, match=r"missing 'layers.0.bias'; unexpected "):
            load(tmp_path / "x")
    assert seen(model) == before
    assert type(model) is nn.MLP


def test_s5_no_attribute_is_set_by_a_name_from_a_file() -> None:
    """Every setattr in the room has names that stand in its source."""
    for path in sorted((ROOT / "autograd_lite" / "storage").glob("*.py")):
        for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
            called = ast.unparse(node) if isinstance(node, ast.Call) else ""
            if "setattr" in called or "getattr" in called or "__dict__" in called:
                assert called in (
                    "deque(map(setattr, values, repeat('_data'), numbers), maxlen=0)",
                    "map(setattr, values, repeat('_data'), numbers)",
                    "deque(map(setattr, targets, names, found), maxlen=0)",
                    "map(setattr, targets, names, found)",
                    "getattr(os, 'O_BINARY', 0)",
                ), path


# --- S1: nothing is executed ----------------------------------------------------------------


def reached(room: str = "storage") -> set[str]:
    """The rooms that a room imports, and those that these import."""
    imported = rooms()
    found: set[str] = set()
    new = {room}
    while new:
        found |= new
        new = {inner for name in new for inner in imported[name]} - found
    return found


def test_s1_storage_reaches_no_pickle_and_no_eval() -> None:
    forbidden = {"pickle", "cPickle", "_pickle", "marshal", "shelve", "dill", "cloudpickle",
                 "joblib", "runpy", "importlib", "ctypes", "subprocess"}  # fmt: skip
    reaches = reached()
    assert {"storage", "nn", "value", "ops"} <= reaches
    for room in reaches:
        folder = ROOT / "autograd_lite" / room
        paths = sorted(folder.glob("*.py")) if folder.is_dir() else [folder.with_suffix(".py")]
        for path in paths:
            for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
                if isinstance(node, ast.Import):
                    assert not forbidden & {a.name.split(".")[0] for a in node.names}, path
                elif isinstance(node, ast.ImportFrom):
                    assert (node.module or "").split(".")[0] not in forbidden, path
                elif isinstance(node, ast.Name):
                    assert node.id not in ("eval", "exec", "compile", "__import__"), path
                elif isinstance(node, ast.keyword):
                    assert node.arg != "allow_pickle", path


class Payload:
    """Pickled, it makes a file when it is loaded."""

    def __init__(self, sentinel: Path) -> None:
        self.sentinel = sentinel

    def __reduce__(self) -> Any:
        return open, (str(self.sentinel), "w")


@pytest.mark.parametrize("protocol", range(pickle.HIGHEST_PROTOCOL + 1))
def test_s1_a_pickle_is_refused_and_runs_nothing(tmp_path: Path, protocol: int) -> None:
    sentinel, model = tmp_path / "sentinel", small()
    (tmp_path / "p").write_bytes(pickle.dumps(Payload(sentinel), protocol))
    pickle.loads((tmp_path / "p").read_bytes()).close()
    assert sentinel.exists()  # the payload works, where something runs it
    sentinel.unlink()
    for load in (storage.load_model, storage.load_values, storage.read_checkpoint,
                 lambda path: storage.load_into(model, path)):  # fmt: skip
        with pytest.raises(FormatError, match="or it is no safetensors file"):
            load(tmp_path / "p")
    assert not sentinel.exists()
    assert seen(model) == seen(small())
