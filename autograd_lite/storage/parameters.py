"""Parameters into a file and back: of an MLP, or of a plain dict of names to Values."""

from __future__ import annotations

from collections import deque
from collections.abc import Mapping
from itertools import repeat
from typing import TYPE_CHECKING, Any, NamedTuple

from autograd_lite.errors import FormatError
from autograd_lite.nn import MLP
from autograd_lite.storage import architecture, places
from autograd_lite.storage.container import packed, unpacked
from autograd_lite.storage.files import read_file, write_file
from autograd_lite.storage.places import Part, Places
from autograd_lite.value import Value

if TYPE_CHECKING:
    import os
    from collections.abc import Sequence

    from numpy.typing import NDArray

    Array = NDArray[Any]
    Path = str | os.PathLike[str]
    Source = MLP | Mapping[str, Value]

VERSION = 1
MOST_BYTES = 2**30  # of a file that is read, unless the caller says otherwise
EXTRA = "training."  # begins the names of a checkpoint's other arrays
_KEYS = {
    "mlp": ("version", "kind", *architecture.KEYS, "ids", "labels", "roles"),
    "values": ("version", "kind", "names", "ids", "labels", "roles"),
}


def save(source: Source, path: Path) -> None:
    """Write the parameters of a model, or of a dict of names to Values, to a file.

    The numbers are kept bit for bit, shared and tied parameters, missing connections, labels
    and roles too. A file that stands there is replaced whole, or kept if writing fails; a new
    one has the mode that the umask says, a replaced one keeps its own; a symbolic link stays,
    and the file that it leads to is replaced. Each layer is one array of the format
    safetensors, `layers.0.weight` (inputs, neurons) and `layers.0.bias`, so that other
    programs can read it; an entry of a dict is an array of one number under its name.
    Raises TypeError or ValueError for what cannot be stored, OSError where writing fails.

    >>> from tempfile import TemporaryDirectory
    >>> with TemporaryDirectory() as folder:
    ...     save(MLP([2, 3, 1], "relu", rng=1), folder + "/model.safetensors")
    ...     load_model(folder + "/model.safetensors")
    MLP(sizes=[2, 3, 1], activations=['relu', 'identity'], parameters=13)
    """
    write_file(path, packed(*contents(source)))


def load_model(path: Path, max_bytes: int = MOST_BYTES) -> MLP:
    """The MLP in a file that `save`, or a training with a checkpoint, has written.

    Raises FormatError for a file that is damaged, longer than max_bytes or not of an MLP, and
    for one with an activation of your own (`load_into` takes it), OSError where the path
    cannot be read.
    """
    stored = read(path, max_bytes)
    if stored.facts["kind"] != "mlp":
        raise FormatError(f"{stored.where}: no MLP is in this file; use load_values")
    labels = architecture.usual_labels(stored.facts["sizes"], stored.facts["bias"])
    values = places.made(labels, stored.arrays, stored.places)
    model = architecture.built(stored.facts, values, stored.where)
    _check_again(model, stored)
    return model


def load_values(path: Path, max_bytes: int = MOST_BYTES) -> dict[str, Value]:
    """The dict of names to Values in a file that `save` has written.

    Raises as `load_model`.

    >>> from tempfile import TemporaryDirectory
    >>> with TemporaryDirectory() as folder:
    ...     save({"w": Value(0.5), "b": Value(-1.0)}, folder + "/line.safetensors")
    ...     {name: v.data for name, v in load_values(folder + "/line.safetensors").items()}
    {'w': 0.5, 'b': -1.0}
    """
    stored = read(path, max_bytes)
    if stored.facts["kind"] != "values":
        raise FormatError(f"{stored.where}: an MLP is in this file; use load_model")
    values = places.made({name: [name] for name in stored.arrays}, stored.arrays, stored.places)
    found = {name: value for name, (value,) in values.items() if value is not None}
    _check_again(found, stored)
    return found


def load_into(source: Source, path: Path, max_bytes: int = MOST_BYTES) -> None:
    """Set the numbers of a model, or of a dict's Values, from a file of just such a one.

    Names and gradients stay as they are. Raises FormatError, as `load_model` and where the
    file's architecture is another one (the text lists what is missing, unexpected or of
    another shape); then nothing has changed.

    >>> from tempfile import TemporaryDirectory
    >>> w = Value(0.5)
    >>> with TemporaryDirectory() as folder:
    ...     save({"w": w}, folder + "/w.safetensors")
    ...     w.data = 0.0
    ...     load_into({"w": w}, folder + "/w.safetensors")
    >>> w.data
    0.5
    """
    assign(*fitted(source, read(path, max_bytes)))


# --- shared with checkpoints --------------------------------------------------------------


class Stored(NamedTuple):
    """A file that was read and found to be in order."""

    where: str
    arrays: dict[str, Array]
    places: Places
    facts: dict[str, Any]
    extra_arrays: dict[str, Array]
    extra: dict[str, Any] | None  # None where the file is no checkpoint


def contents(source: Source) -> tuple[dict[str, Array], dict[str, Any]]:
    """The arrays and the facts that are stored."""
    parts = _parts(source)
    if isinstance(source, MLP):
        facts = {"kind": "mlp", **architecture.model_facts(source)}
    else:
        facts = {"kind": "values", "names": list(parts)}
    facts |= places.facts_of(parts)  # first: it refuses what is no Value
    arrays = {name: places.numbers_of(part) for name, part in parts.items()}
    return arrays, {"version": VERSION, **facts}


def _parts(source: Source) -> dict[str, Part]:
    if isinstance(source, MLP):
        return architecture.model_parts(source)
    if not isinstance(source, Mapping):
        raise TypeError(f"an MLP or a dict of names to Values is stored, got {source!r:.60}")
    if not source:
        raise ValueError("the dict is empty; there is nothing to store")
    for name in source:
        if not isinstance(name, str):
            raise TypeError(f"the name {name!r:.60} is no string")
    return {name: Part((), [value], [name]) for name, value in source.items()}


def read(path: Path, max_bytes: int) -> Stored:
    """The file's content, checked in itself; nothing is assigned."""
    where = str(path)
    try:
        return _checked(*unpacked(read_file(path, max_bytes), where), where)
    except RecursionError:
        raise FormatError(f"{where}: the facts nest too deep") from None


def _checked(arrays: dict[str, Array], facts: dict[str, Any], where: str) -> Stored:
    extra = facts.pop("training", None)
    if extra is not None and not isinstance(extra, dict):
        raise FormatError(f"{where}: the facts about training are no object: {extra!a:.60}")
    others = {
        name: array
        for name, array in arrays.items()
        if extra is not None and name.startswith(EXTRA)
    }
    arrays = {name: a for name, a in arrays.items() if name not in others}
    if type(facts.get("version")) is not int or facts["version"] != VERSION:
        raise FormatError(
            f"{where}: the version of the file is {facts.get('version')!a:.30}; this release of "
            f"autograd_lite reads {VERSION}"
        )
    kind = facts.get("kind")
    keys = _KEYS.get(kind) if isinstance(kind, str) else None
    if keys is None or set(facts) != set(keys):
        raise FormatError(
            f"{where}: kind is {kind!a:.30} with the keys {sorted(facts)!a:.200}; there are "
            f"{' and '.join(f'{kind} with {sorted(keys)}' for kind, keys in _KEYS.items())}"
        )
    if kind == "mlp":
        architecture.check_model_facts(facts, where)
        shapes = architecture.model_shapes(facts["sizes"], facts["bias"])
    else:
        shapes = dict.fromkeys(_checked_names(facts["names"], where), ())
    arrays = places.checked_arrays(arrays, shapes, where)
    return Stored(where, arrays, places.checked_places(facts, arrays, where), facts, others, extra)


def _checked_names(names: Any, where: str) -> list[str]:
    if (not isinstance(names, list) or not names or not all(isinstance(n, str) for n in names)
            or len(set(names)) < len(names)):  # fmt: skip
        raise FormatError(f"{where}: names is {names!a:.60}; a list of distinct names is needed")
    return names


def fitted(source: Source, stored: Stored) -> tuple[list[Value], list[float]]:
    """The Values of a model or dict and the numbers that the file has for them."""
    parts, where = _parts(source), stored.where
    own: dict[str, Any] = {"kind": "mlp" if isinstance(source, MLP) else "values"}
    if own["kind"] != stored.facts["kind"]:
        raise FormatError(
            f"{where}: kind {stored.facts['kind']!r} is in the file, you gave kind {own['kind']!r}"
        )
    shapes = {name: part.shape for name, part in parts.items()}
    places.checked_arrays(stored.arrays, shapes, where)
    parts = {name: parts[name] for name in stored.arrays}  # a dict may have another order
    own |= architecture.model_facts(source) if isinstance(source, MLP) else {}
    own |= places.facts_of(parts)
    for key in ("activations", "bias", "ids"):
        if own.get(key) != stored.facts.get(key):
            what = "shared or missing connections (ids)" if key == "ids" else key
            raise FormatError(
                f"{where}: other {what}: {stored.facts[key]!a:.80} in the file, "
                f"{own[key]!a:.80} in what you gave"
            )
    numbers: dict[Value, float] = {}
    for name, part in parts.items():
        row = zip(part.values, stored.arrays[name].reshape(-1).tolist(), strict=True)
        numbers.update((value, number) for value, number in row if value is not None)
    return list(numbers), list(numbers.values())


def assign(values: Sequence[Value], numbers: Sequence[float]) -> None:
    """Set the Values' numbers in one call into C: Ctrl-C cannot come between two of them."""
    deque(map(setattr, values, repeat("_data"), numbers), maxlen=0)


def _check_again(source: Source, stored: Stored) -> None:
    """What was read must be written again as it stood: nothing in the file was passed over."""
    if contents(source)[1] != stored.facts:
        raise FormatError(f"{stored.where}: the facts are not as autograd_lite writes them")
