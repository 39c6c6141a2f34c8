"""`fit`'s checkpoint: read when training begins, written every so many epochs."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any
from zlib import crc32

import numpy as np

from autograd_lite.errors import FormatError
from autograd_lite.storage.checkpoints import checkpoint_bytes, read_checkpoint
from autograd_lite.storage.files import writable_target, write_file

if TYPE_CHECKING:
    import os
    from collections.abc import Mapping
    from random import Random

    from numpy.typing import NDArray

    from autograd_lite.nn import MLP
    from autograd_lite.optim import Optimizer
    from autograd_lite.training import History

    Array = NDArray[Any]

_LISTS = ("loss", "accuracy", "validation_loss", "validation_accuracy", "gradient")
_MOST_BYTES = 2**40  # the file is the user's own, and its length is known before it is read


class Keeper:
    """The file of one training run, and all that it must hold.

    facts  what must be the same when training goes on, as text

    Raises OSError where the file could not be written and TypeError where something cannot be
    stored: before training, not after its first epochs.
    """

    def __init__(
        self, path: str | os.PathLike[str], every: int, model: MLP, optimizer: Optimizer,
        rng: Random | None, history: History, facts: Mapping[str, str],
    ) -> None:  # fmt: skip
        self.path = path
        self.every = every
        self.model, self.optimizer, self.rng, self.history = model, optimizer, rng, history
        self.facts = {"learning_rate": repr(optimizer.learning_rate), **facts}
        writable_target(path)
        self._content()

    def _content(self) -> bytes:
        lists = {name: getattr(self.history, name) for name in _LISTS}
        epochs = self.history.epochs
        return checkpoint_bytes(self.model, self.optimizer, self.rng, epochs, lists, self.facts)

    def resume(self, epochs: int) -> bool:
        """Set everything to what the file holds; False where there is no file yet.

        Raises FormatError, and changes nothing, where the file is damaged, of another
        training or of more epochs than these.
        """
        try:
            found = read_checkpoint(self.path, _MOST_BYTES)
        except FileNotFoundError:
            return False
        facts = dict(self.facts)
        if repr(self.optimizer.learning_rate) == repr(found.learning_rate) and (
            "learning_rate" in found.facts
        ):
            # an optimizer that has already been trained so far: the schedule has moved its rate
            facts["learning_rate"] = found.facts["learning_rate"]
        self._compare(found.facts, facts)
        lengths = {name: len(numbers) for name, numbers in found.history.items()}
        if (tuple(lengths) != _LISTS or not set(lengths.values()) <= {0, found.epoch}
                or not 0 < found.epoch == lengths["loss"] == lengths["gradient"]):  # fmt: skip
            raise FormatError(f"{self.path}: the history of {found.epoch} epochs has {lengths}")
        if found.epoch > epochs:
            raise FormatError(
                f"{self.path}: the checkpoint has {found.epoch} epochs, fit was asked for "
                f"{epochs}; give at least {found.epoch}, or another path"
            )
        found.restore(self.model, self.optimizer, self.rng)
        self.facts = facts
        for name in _LISTS:
            getattr(self.history, name)[:] = found.history[name]
        return True

    def _compare(self, found: Mapping[str, str], own: Mapping[str, str]) -> None:
        for name in [*own, *found]:
            if found.get(name) != own.get(name):
                raise FormatError(
                    f"{self.path}: the checkpoint is of another training: {name} is "
                    f"{found.get(name, 'not stated')!a:.120} there, {own.get(name, 'not stated')} "
                    "here; give what was given before, or another path"
                )

    def keep(self, last: bool) -> None:
        """Write the file, if it is time: after every so many epochs, and after the last."""
        if last or self.history.epochs % self.every == 0:
            write_file(self.path, self._content())


def data_facts(arrays: Mapping[str, Array], model: MLP, optimizer: Optimizer) -> dict[str, str]:
    """The data that a training depends on, as text: each array's shape and CRC."""
    trained = set(optimizer.parameters)
    fixed = np.array([p.data for p in model.parameters() if p not in trained])
    return {name: _sum(array) for name, array in {**arrays, "fixed parameters": fixed}.items()}


def setting_facts(
    batch_size: int, reduce: str, shuffle: Any, threshold: float | None, loss: Any, engine: str
) -> dict[str, str]:
    """What else a training depends on, as text: the settings of `fit` that move its weights."""
    return {
        "batch_size": str(batch_size),
        "reduce": reduce,
        "shuffle": f"seed {shuffle}" if isinstance(shuffle, int) else type(shuffle).__name__,
        "threshold": str(threshold),
        "loss": getattr(loss, "__qualname__", type(loss).__qualname__),
        "engine": engine,
    }


def _sum(array: Array) -> str:
    shape = " x ".join(map(str, array.shape))
    return f"{shape}, CRC {crc32(np.ascontiguousarray(array).tobytes()):08x}"
