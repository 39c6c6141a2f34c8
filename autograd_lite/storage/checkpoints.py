"""A training run in a file: model, optimizer's state, random.Random's state and history.

The file is that of the model with more arrays, whose names begin with `training.`, so that
`load_model` reads it too. Whatever goes on from it goes on bit for bit.
"""

from __future__ import annotations

from collections import deque
from copy import copy
from itertools import repeat
from random import Random
from typing import TYPE_CHECKING, Any, NamedTuple

import numpy as np

from autograd_lite.errors import FormatError
from autograd_lite.storage.container import packed
from autograd_lite.storage.files import write_file
from autograd_lite.storage.parameters import EXTRA, MOST_BYTES, Stored, contents, fitted
from autograd_lite.storage.parameters import read as read_stored
from autograd_lite.storage.states import (
    read_rng,
    read_state,
    shapes_of,
    written_rng,
    written_state,
)

if TYPE_CHECKING:
    import os
    from collections.abc import Mapping, Sequence

    from numpy.typing import NDArray

    from autograd_lite.nn import MLP
    from autograd_lite.optim import Optimizer
    from autograd_lite.value import Value

    Array = NDArray[Any]
    Path = str | os.PathLike[str]

_KEYS = {"epoch", "history", "facts", "optimizer", "learning_rate", "state", "rng"}
_STATE, _RATE, _RNG = EXTRA + "state", EXTRA + "learning_rate", EXTRA + "rng"
_HISTORY, _OUTSIDE = EXTRA + "history.", EXTRA + "outside"


def save_checkpoint(
    path: Path,
    model: MLP,
    optimizer: Optimizer,
    rng: Random | None = None,
    epoch: int = 0,
    history: Mapping[str, Sequence[float]] | None = None,
    facts: Mapping[str, str] | None = None,
) -> None:
    """Write a training run between two steps; `fit(checkpoint=...)` does it by itself.

    history are lists of numbers by name, facts any text that says what was trained on what.
    The file is replaced whole, as `save` does. Raises TypeError for a state or a setting of
    the optimizer that is neither number nor array, or a generator that has no state.
    """
    write_file(path, checkpoint_bytes(model, optimizer, rng, epoch, history or {}, facts or {}))


def checkpoint_bytes(
    model: MLP, optimizer: Optimizer, rng: Random | None, epoch: int,
    history: Mapping[str, Sequence[float]], facts: Mapping[str, str],
) -> bytes:  # fmt: skip
    """The content of the file."""
    arrays, model_facts = contents(model)
    if model_facts["kind"] != "mlp":
        raise TypeError("a checkpoint is of an MLP; save a dict of Values by itself")
    if type(epoch) is not int or epoch < 0:
        raise ValueError(f"epoch is {epoch!r}; it must be an int of at least 0")
    if not all(isinstance(text, str) for text in [*facts, *facts.values()]):
        raise TypeError(f"facts is {facts!r:.60}; names and facts must be strings")
    outside = _outside(model, optimizer)
    if outside:
        arrays[_OUTSIDE] = np.array([p.data for p in outside])
    for name, numbers in history.items():
        arrays[_HISTORY + name] = np.array(numbers, dtype=float)
    training = {
        "epoch": epoch,
        "history": list(history),
        "facts": dict(facts),
        "optimizer": _optimizer_facts(model, optimizer),
        "learning_rate": written_state(optimizer.learning_rate, arrays, _RATE),
        "state": written_state(optimizer.state, arrays, _STATE),
        "rng": None if rng is None else written_rng(rng, arrays, _RNG),
    }
    return packed(arrays, {**model_facts, "training": training})


def _outside(model: MLP, optimizer: Optimizer) -> list[Value]:
    """Parameters that are trained but not the model's, such as a loss may have."""
    own = set(model.parameters())
    return [p for p in optimizer.parameters if p not in own]


def _optimizer_facts(model: MLP, optimizer: Optimizer) -> dict[str, Any]:
    """What must be equal for its state to mean the same: kind, settings, which parameters."""
    state = ("parameters", "state", "learning_rate")
    settings = {name: s for name, s in vars(optimizer).items() if name not in state}
    for name, setting in settings.items():
        parts = setting if isinstance(setting, tuple) else (setting,)
        if not all(isinstance(part, int | float | str | None) for part in parts):
            raise TypeError(
                f"{type(optimizer).__name__}.{name} is {setting!r:.60}; numbers, strings and "
                "tuples of them can be stored as settings"
            )
    places = {p: i for i, p in enumerate(model.parameters())}
    order = [places.get(p, -1) for p in optimizer.parameters]
    return {
        "kind": type(optimizer).__name__,
        "settings": {name: repr(setting) for name, setting in sorted(settings.items())},
        # None: all of the model's, in its order
        "parameters": None if order == list(range(len(places))) else order,
    }


class Checkpoint(NamedTuple):
    """What a file holds of a training run.

    epoch, history, facts  as they were given to `save_checkpoint`
    learning_rate, state   of the optimizer
    rng                    what `Random.setstate` takes, or None
    optimizer, stored      what `restore` compares and sets
    """

    epoch: int
    history: dict[str, list[float]]
    facts: dict[str, str]
    learning_rate: Any
    state: Any
    rng: tuple[Any, ...] | None
    optimizer: dict[str, Any]
    stored: Stored

    def restore(self, model: MLP, optimizer: Optimizer, rng: Random | None = None) -> None:
        """Set the model, the optimizer and the generator to what they were.

        Raises FormatError, and changes nothing, where the checkpoint is of another
        architecture, another optimizer or other settings, or has a generator and you give
        none (or the other way round).
        """
        values, numbers = fitted(model, self.stored)
        self._check_optimizer(model, optimizer)
        if (rng is None) != (self.rng is None):
            held, given = ("no generator" if r is None else "a generator" for r in (self.rng, rng))
            raise FormatError(f"{self.stored.where}: {held} is in the checkpoint, you gave {given}")
        outside = _outside(model, optimizer)
        extra = self.stored.extra_arrays.get(_OUTSIDE, np.zeros(0)).tolist()
        if len(extra) != len(outside):
            raise FormatError(
                f"{self.stored.where}: the checkpoint has {len(extra)} parameters outside the "
                f"model, the optimizer {len(outside)}"
            )
        targets = [*values, *outside, optimizer, optimizer]
        names = [*repeat("_data", len(targets) - 2), "state", "learning_rate"]
        found = [*numbers, *extra, self.state, self.learning_rate]
        # One call into C: Ctrl-C cannot come between weights and the state that belongs to them.
        deque(map(setattr, targets, names, found), maxlen=0)
        if rng is not None and self.rng is not None:
            rng.setstate(self.rng)

    def _check_optimizer(self, model: MLP, optimizer: Optimizer) -> None:
        for key, own in _optimizer_facts(model, optimizer).items():
            if self.optimizer[key] != own:
                raise FormatError(
                    f"{self.stored.where}: another optimizer: its {key} is "
                    f"{self.optimizer[key]!a:.120} in the checkpoint, {own!a:.120} in what you gave"
                )
        probe = copy(optimizer)
        probe.state, probe.learning_rate = self.state, self.learning_rate
        w = np.zeros(len(optimizer.parameters))
        try:
            with np.errstate(all="ignore"):
                moved, state = probe.rule(w, w)
            fits = self.state is None or shapes_of(state) == shapes_of(self.state)
            reason = "" if fits and np.shape(moved) == w.shape else "another shape"
        except (ArithmeticError, LookupError, TypeError, ValueError) as error:
            reason = str(error)
        if reason:
            raise FormatError(
                f"{self.stored.where}: the state does not fit {type(optimizer).__name__} of "
                f"{len(w)} parameters: {reason}"
            )


def read_checkpoint(path: Path, max_bytes: int = MOST_BYTES) -> Checkpoint:
    """The training run in a file; `restore` puts it into a model and an optimizer.

    Raises FormatError for a file that is damaged, longer than max_bytes or no checkpoint,
    OSError where the path cannot be read.

    >>> from random import Random
    >>> from tempfile import TemporaryDirectory
    >>> from autograd_lite import nn, optim
    >>> mlp, rng = nn.MLP([2, 1]), Random(0)
    >>> adam = optim.Adam(mlp.parameters())
    >>> with TemporaryDirectory() as folder:
    ...     save_checkpoint(folder + "/run", mlp, adam, rng, epoch=7, history={"loss": [0.5]})
    ...     checkpoint = read_checkpoint(folder + "/run")
    >>> checkpoint.restore(mlp, adam, rng)
    >>> checkpoint.epoch, checkpoint.history
    (7, {'loss': [0.5]})
    """
    stored = read_stored(path, max_bytes)
    try:
        return _checkpoint(stored)
    except RecursionError:
        raise FormatError(f"{path}: the state nests too deep") from None
    except FormatError as error:
        raise FormatError(f"{path}: {error}") from error


def _checkpoint(stored: Stored) -> Checkpoint:
    training, arrays = stored.extra, stored.extra_arrays
    if training is None:
        raise FormatError("a model and no training run is in this file; use load_into")
    if set(training) != _KEYS:
        raise FormatError(f"the facts of training are {sorted(training)!a:.200}")
    epoch, facts, optimizer = (training[key] for key in ("epoch", "facts", "optimizer"))
    if type(epoch) is not int or epoch < 0:
        raise FormatError(f"epoch is {epoch!a:.30}; it must be an int of at least 0")
    if not isinstance(facts, dict) or not all(isinstance(text, str) for text in facts.values()):
        raise FormatError(f"facts is {facts!a:.60}; it must be an object of strings")
    if not isinstance(optimizer, dict) or set(optimizer) != {"kind", "settings", "parameters"}:
        raise FormatError(f"optimizer is {optimizer!a:.60}; it must be an object of three facts")
    rate = read_state(training["learning_rate"], arrays, _RATE)
    if not isinstance(rate, int | float | np.floating):
        raise FormatError(f"the learning rate is {rate!a:.60}; it must be a number")
    state = read_state(training["state"], arrays, _STATE)
    rng = None if training["rng"] is None else read_rng(training["rng"], arrays, _RNG)
    history = _history(training["history"], arrays)
    found = Checkpoint(epoch, history, facts, rate, state, rng, optimizer, stored)
    _check_again(found, training, arrays)
    return found


def _history(names: Any, arrays: Mapping[str, Array]) -> dict[str, list[float]]:
    if not isinstance(names, list) or not all(isinstance(name, str) for name in names):
        raise FormatError(f"history is {names!a:.60}; it must be a list of names")
    found = {name: arrays.get(_HISTORY + name) for name in names}
    for name, array in (found | {"outside": arrays.get(_OUTSIDE, np.zeros(0))}).items():
        if array is None or array.ndim != 1 or array.dtype != np.float64:
            raise FormatError(f"{name!a:.60} must be an array (n,) of float64")
    return {name: array.tolist() for name, array in found.items() if array is not None}


def _check_again(found: Checkpoint, training: dict[str, Any], arrays: dict[str, Array]) -> None:
    """What was read must be written again as it stood: nothing in the file was passed over."""
    again = {_HISTORY + name: np.zeros(0) for name in found.history}
    facts = [
        list(found.history),
        written_state(found.learning_rate, again, _RATE),
        written_state(found.state, again, _STATE),
    ]
    if [training[key] for key in ("history", "learning_rate", "state")] != facts:
        raise FormatError("history, learning_rate and state are not as autograd_lite writes them")
    if found.rng is not None:
        written_rng(_generator(found.rng), again, _RNG)
    unknown = set(arrays) - set(again) - {_OUTSIDE}
    if unknown:
        raise FormatError(f"unexpected arrays {sorted(unknown)!a:.120}")


def _generator(state: tuple[Any, ...]) -> Random:
    rng = Random()
    rng.setstate(state)
    return rng
