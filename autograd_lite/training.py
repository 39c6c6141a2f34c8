"""`fit`: epochs, batches, a progress bar, a stopping rule and the history of it all."""

from __future__ import annotations

from collections import deque
from itertools import starmap
from math import hypot, inf, isnan
from random import Random
from typing import TYPE_CHECKING, Any, Literal

import numpy as np
from tqdm import tqdm

from autograd_lite.data import batches
from autograd_lite.engines import choose, numbers
from autograd_lite.resumption import Keeper, data_facts, setting_facts
from autograd_lite.settings import (
    check_functions,
    check_settings,
    checked_samples,
    checked_validation,
)

if TYPE_CHECKING:
    import os
    from collections.abc import Callable, Iterable, Sequence

    from numpy.typing import ArrayLike, DTypeLike, NDArray

    from autograd_lite.engines import Compiled, Eager
    from autograd_lite.nn import MLP
    from autograd_lite.optim import Optimizer
    from autograd_lite.optim.schedules import Schedule

    Array = NDArray[Any]


class History:
    """What every epoch gave, as lists of equal length, and why training ended.

    loss, accuracy                        over the epoch's samples, as the weights moved
    validation_loss, validation_accuracy  after the epoch, on the held-out samples
    gradient                              Euclidean norm of the mean gradient of its batches
    stopped                               "epochs", "loss", "patience", "gradient" or
                                          "interrupted"

    engine                                "compiled" or "eager", with the reason for falling back

    A list stays empty where its numbers were not asked for.
    """

    def __init__(self, engine: str = "eager") -> None:
        self.engine = engine
        self.loss: list[float] = []
        self.accuracy: list[float] = []
        self.validation_loss: list[float] = []
        self.validation_accuracy: list[float] = []
        self.gradient: list[float] = []
        self.stopped = "epochs"

    @property
    def epochs(self) -> int:
        """How many epochs were completed."""
        return len(self.loss)

    def __repr__(self) -> str:
        last = f", loss={self.loss[-1]:.6g}" if self.loss else ""
        return f"History(epochs={self.epochs}{last}, stopped={self.stopped!r})"


def fit(
    model: MLP,
    loss: Callable[[Sequence[Any], Sequence[Any]], Any],
    X: ArrayLike,
    T: ArrayLike,
    optimizer: Optimizer,
    epochs: int,
    batch_size: int | Literal["all"] = 1,
    *,
    reduce: str = "mean",
    shuffle: int | Random | None = 0,
    validation: tuple[ArrayLike, ArrayLike] | None = None,
    threshold: float | None = None,
    stop_loss: float | None = None,
    stop_gradient: float | None = None,
    patience: int | None = None,
    schedule: Schedule | None = None,
    after_epoch: Callable[[MLP, History], object] | None = None,
    engine: Literal["auto", "compiled", "eager"] = "auto",
    dtype: DTypeLike = float,
    progress: bool = True,
    checkpoint: str | os.PathLike[str] | None = None,
    every: int = 1,
) -> History:
    """Train the model on samples X with targets T; return the history.

    X has the shape (samples, inputs), T (samples, outputs). All gradients of a batch are
    taken before any weight moves.

    batch_size  1 (stochastic), n (mini-batch) or "all" (batch)
    reduce      "mean" or "sum" of the loss over a batch
    shuffle     a seed or random.Random for the order of samples; None keeps it
    validation  (X, T) held out, looked at after each epoch
    threshold   accuracy of yes-or-no outputs: output and target on the same side. None:
                with several outputs the largest one counts, with one there is no accuracy
    stop_loss   end as soon as an epoch's mean loss is at most this
    stop_gradient  ... or its gradient's norm, as in the history
    patience    end when the loss (the held-out one where there is one) has had no new
                smallest value for so many epochs
    schedule    (rate, losses) -> the rate for the next epoch, as in optim.schedules
    after_epoch called with the model and the history after each epoch
    engine      "compiled" runs batches as an array program, "eager" sample by sample in Values;
                "auto" compiles where it can, else history.engine says why not
    dtype       of the compiled program: float64, or float32 for speed; Values have float64 alone
    checkpoint  a file that is written after every so many epochs (`every`) and the last; where
                it exists, training goes on from it, bit for bit as if it had never stopped

    A checkpoint holds weights, the optimizer's and the generator's state and the history; give
    all other arguments as before (more epochs and other rules to stop are fine). The state of
    an after_epoch or a schedule of your own is not in it.
    Ctrl-C ends training between two steps, never within one: the history so far is
    returned with stopped = "interrupted", and no weight is half updated.
    Raises NonFiniteError, with the operation that did it, where a loss is inf or nan (the
    weights are then those before that batch), ValueError for a wrong argument, FormatError
    for a checkpoint that is damaged or of another training (nothing has changed then).
    Source: lecture 002, training modes; lecture 000, stopping rule.

    >>> from autograd_lite import losses, nn, optim
    >>> mlp = nn.MLP.from_weights([[[0.0]]], activations="identity")
    >>> sgd = optim.SGD(mlp.parameters(), learning_rate=0.25)
    >>> fit(mlp, losses.half_squared_error, [[2.0]], [[4.0]], sgd, 3, progress=False).loss
    [8.0, 0.0, 0.0]
    """
    samples, targets = checked_samples(X, T)
    counts = {"epochs": epochs, "patience": patience, "every": every}
    bounds = {"stop_loss": stop_loss, "stop_gradient": stop_gradient, "threshold": threshold}
    check_settings(reduce, shuffle, counts, bounds)
    check_functions(loss, optimizer, {"schedule": schedule, "after_epoch": after_epoch})
    if not set(optimizer.parameters) & set(model.parameters()):
        raise ValueError("fit: the optimizer holds none of the model's parameters")
    held_out = None
    if validation is not None:
        held_out = checked_validation(validation, model.sizes[0])
        _predicted(model, loss, *held_out)  # a fault of the loss, before any weight moves
    rng = Random(shuffle) if isinstance(shuffle, int) else shuffle
    stepper, engine_name = choose(engine, model, loss, samples, targets, optimizer, dtype)
    history = History(engine_name)
    keeper = None
    if checkpoint is not None:
        names = ("X", "T", "validation X", "validation T")
        arrays = dict(zip(names, (samples, targets, *(held_out or ())), strict=False))
        size = len(next(batches(len(samples), batch_size)))
        facts = data_facts(arrays, model, optimizer)
        facts |= setting_facts(size, reduce, shuffle, threshold, loss, stepper.name)
        keeper = Keeper(checkpoint, every, model, optimizer, rng, history, facts)
        if keeper.resume(epochs):
            stepper.read_values()
            history.stopped = _reason_to_stop(history, stop_loss, stop_gradient, patience)
    first = history.epochs if history.stopped == "epochs" else epochs
    bar = tqdm(
        range(first, epochs), disable=not progress, unit="epoch", initial=first, total=epochs
    )
    try:
        for epoch in bar:
            parts = batches(len(samples), batch_size, rng)
            order, losses, outputs, gradient = _steps(stepper, parts, reduce, epoch)
            stepper.write_back()
            found = [_measured(losses, outputs, targets[order], threshold)]
            if held_out is not None:
                found.append(_measured(*_predicted(model, loss, *held_out), threshold))
            _note(history, found, hypot(*gradient.tolist()))  # no square overflows in hypot
            bar.set_postfix(_shown(history))
            if after_epoch is not None:
                after_epoch(model, history)
            if schedule is not None:
                optimizer.learning_rate = schedule(optimizer.learning_rate, history.loss)
            history.stopped = _reason_to_stop(history, stop_loss, stop_gradient, patience)
            ended = history.stopped != "epochs"
            if keeper is not None:
                stepper.write_back()  # after_epoch may have set Values, from which no step starts
                keeper.keep(last=ended or epoch + 1 == epochs)
            if ended:
                break
    except KeyboardInterrupt:
        history.stopped = "interrupted"
    finally:
        try:
            stepper.write_back()
        except KeyboardInterrupt:  # a second Ctrl-C: the weights still follow the optimizer
            stepper.write_back()
            history.stopped = "interrupted"
        bar.close()
    return history


def _steps(
    stepper: Eager | Compiled, parts: Iterable[list[int]], reduce: str, epoch: int
) -> tuple[list[int], Array, Array, Array]:
    """One epoch: the samples in their order, their losses and outputs, the mean gradient."""
    order: list[int] = []
    losses, outputs = [], []
    gradient: Array = np.zeros(1)  # double precision, whatever the steps have
    for indices in parts:
        share = 1.0 / len(indices) if reduce == "mean" else 1.0
        step = stepper.step(indices, share, epoch)
        losses.append(step.losses)
        outputs.append(step.outputs)
        gradient = gradient + step.gradient
        order += indices
    return order, np.concatenate(losses), np.concatenate(outputs), gradient / len(losses)


def accuracy(outputs: Any, targets: Any, threshold: float | None = None) -> float:
    """The share of samples, in [0, 1], whose outputs decide as the targets do.

    With a threshold every output must lie on its target's side of it; without one the
    largest output must be the largest target. Both have the shape (samples, outputs).

    >>> accuracy([[0.2, 0.8], [0.6, 0.4]], [[0, 1], [0, 1]])
    0.5
    >>> accuracy([[0.2], [0.8]], [[0], [0]], threshold=0.5)
    0.5
    """
    y, t = np.asarray(outputs, dtype=float), np.asarray(targets, dtype=float)
    if y.ndim != 2 or y.shape != t.shape or not y.size:
        raise ValueError(
            f"accuracy: outputs have the shape {y.shape} and targets {t.shape}; both must be "
            "(samples, outputs)"
        )
    if threshold is None and y.shape[1] == 1:
        raise ValueError("accuracy: one output decides nothing by itself; give a threshold")
    if threshold is None:
        return float(np.mean(y.argmax(axis=1) == t.argmax(axis=1)))
    return float(np.mean(((y > threshold) == (t > threshold)).all(axis=1)))


def _predicted(model: MLP, loss: Any, X: Array, T: Array) -> tuple[Array, Array, Array]:
    """Losses, outputs and targets of held-out samples, without a graph."""
    outputs = model.predict(X)
    return numbers(loss, outputs, T), outputs, T


def _measured(
    losses: Array, outputs: Array, targets: Array, threshold: float | None
) -> list[float]:
    """The mean loss, and the accuracy where one is defined."""
    mean = float(np.add.reduce(losses)) / len(losses)
    if threshold is None and targets.shape[1] == 1:
        return [mean]
    return [mean, accuracy(outputs, targets, threshold)]


def _note(history: History, found: list[list[float]], gradient: float) -> None:
    """Add an epoch to the history: what was measured in training, then on held-out samples."""
    trained = (history.loss, history.accuracy)
    held_out = (history.validation_loss, history.validation_accuracy)
    entries = [(history.gradient, gradient)]
    for lists, means in zip((trained, held_out), found, strict=False):
        entries += zip(lists, means, strict=False)
    # One call into C: Ctrl-C cannot leave lists of different lengths.
    deque(starmap(list.append, entries), maxlen=0)


def _reason_to_stop(
    history: History, loss: float | None, gradient: float | None, patience: int | None
) -> str:
    if loss is not None and history.loss[-1] <= loss:
        return "loss"
    if gradient is not None and history.gradient[-1] <= gradient:
        return "gradient"
    # nan is no smallest value; `min` would keep one that comes first
    watched = [inf if isnan(x) else x for x in history.validation_loss or history.loss]
    if patience is not None and len(watched) - 1 - watched.index(min(watched)) >= patience:
        return "patience"
    return "epochs"


def _shown(history: History) -> dict[str, str]:
    names = {"loss": history.loss, "accuracy": history.accuracy,
             "held-out": history.validation_accuracy}  # fmt: skip
    return {name: f"{numbers[-1]:.4f}" for name, numbers in names.items() if numbers}
