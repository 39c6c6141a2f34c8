"""A small training run, for the tests' own process and for one that is killed."""

from __future__ import annotations

from collections.abc import Callable
from random import Random
from typing import Any, NamedTuple

from forging import bits

from autograd_lite import data, losses, nn, optim
from autograd_lite.optim import schedules
from autograd_lite.training import History, fit

#: Every optimizer, and every variant that has a state of its own.
OPTIMIZERS: dict[str, Callable[[Any], optim.Optimizer]] = {
    "SGD": lambda p: optim.SGD(p, 0.1),
    "Momentum": lambda p: optim.Momentum(p, 0.05),
    "Momentum document": lambda p: optim.Momentum(p, 0.05, variant="document"),
    "Nesterov": lambda p: optim.Nesterov(p, 0.05),
    "Rprop": lambda p: optim.Rprop(p),
    "Rprop plus": lambda p: optim.Rprop(p, variant="plus"),
    "Adagrad": lambda p: optim.Adagrad(p),
    "Adadelta": lambda p: optim.Adadelta(p),
    "RMSprop": lambda p: optim.RMSprop(p),
    "Adam": lambda p: optim.Adam(p, 0.02),
    "AdamW": lambda p: optim.AdamW(p, 0.02),
    "AdaMax": lambda p: optim.AdaMax(p, 0.02),
}

LISTS = ("loss", "accuracy", "validation_loss", "validation_accuracy", "gradient")


class Run:
    """A model, its optimizer, its generator and its samples, all made anew."""

    def __init__(self, optimizer: str = "Adam", rate: float | None = None) -> None:
        X, labels = data.two_moons(16, seed=3)
        self.X, self.T = X[:10], labels[:10, None]
        self.validation = X[10:], labels[10:, None]
        self.model = nn.MLP([2, 3, 1], "tanh", "tanh", bias="shared", rng=2)
        self.optimizer = OPTIMIZERS[optimizer](self.model.parameters())
        if rate is not None:
            self.optimizer.learning_rate = rate
        self.rng = Random(7)

    def fit(self, epochs: int, checkpoint: Any = None, **options: Any) -> History:
        """Train; the settings but for those given."""
        usual: dict[str, Any] = {
            "loss": losses.half_squared_error, "X": self.X, "T": self.T, "batch_size": 4,
            "shuffle": self.rng, "validation": self.validation, "threshold": 0.0,
            "schedule": schedules.bold_driver(), "progress": False,
        }  # fmt: skip
        arguments = usual | options
        order = [arguments.pop(name) for name in ("loss", "X", "T")]
        return fit(self.model, *order, self.optimizer, epochs, checkpoint=checkpoint, **arguments)

    def state(self) -> Any:
        """All that training changes, to the bit."""
        weights = [bits(p.data) for p in self.model.parameters()]
        rate = bits(self.optimizer.learning_rate)
        return weights, seen_state(self.optimizer.state), rate, self.rng.getstate()


def seen_state(state: Any) -> Any:
    """An optimizer's state to the bit, with the types of its numbers."""
    if isinstance(state, tuple):
        return [seen_state(part) for part in state]
    if hasattr(state, "tobytes"):
        return type(state).__name__, str(state.dtype), state.shape, state.tobytes()
    return type(state).__name__, repr(state)


class Outcome(NamedTuple):
    """A history to the bit."""

    lists: list[list[int]]
    stopped: str
    engine: str


def outcome(history: History) -> Outcome:
    """What `fit` returned."""
    lists = [[bits(x) for x in getattr(history, name)] for name in LISTS]
    return Outcome(lists, history.stopped, history.engine)
