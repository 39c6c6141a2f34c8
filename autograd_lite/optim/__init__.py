"""How weights move: update rules, the optimizers that hold their state, and schedules."""

from autograd_lite.optim.optimizers import (
    SGD,
    Adadelta,
    Adagrad,
    Adam,
    AdaMax,
    AdamW,
    Momentum,
    Nesterov,
    Optimizer,
    RMSprop,
    Rprop,
)
from autograd_lite.optim.rules import (
    adadelta,
    adagrad,
    adam,
    adamax,
    adamw,
    momentum,
    nesterov,
    rmsprop,
    rprop,
    sgd,
)
from autograd_lite.optim.schedules import bold_driver, cosine, exponential_decay, step_decay

__all__ = [
    "SGD", "AdaMax", "Adadelta", "Adagrad", "Adam", "AdamW", "Momentum", "Nesterov", "Optimizer",
    "RMSprop", "Rprop",
    "adadelta", "adagrad", "adam", "adamax", "adamw", "momentum", "nesterov", "rmsprop", "rprop",
    "sgd",
    "bold_driver", "cosine", "exponential_decay", "step_decay",
]  # fmt: skip
