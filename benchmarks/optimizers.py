"""Epochs to 95 % on the held-out digits, per optimizer: `python -m benchmarks.optimizers`.

Prints the README's table. MLP 64-32-10 (ReLU), cross entropy on logits, batch 32, split and
first weights from seed 0, at most 60 epochs. The learning rate of each is the best of those tried
(RATES), by epochs to 95 % and then by the last accuracy; Rprop sees the whole batch.
"""

from __future__ import annotations

from typing import Any

from autograd_lite import data, losses, nn, optim, training
from benchmarks import parser

EPOCHS = 60
RATES = {
    "SGD": [0.01, 0.03, 0.1, 0.3, 1.0],
    "Momentum": [0.001, 0.003, 0.01, 0.03, 0.1],
    "Nesterov": [0.001, 0.003, 0.01, 0.03, 0.1],
    "Rprop": [0.0001, 0.001, 0.01, 0.1],
    "Adagrad": [0.003, 0.01, 0.03, 0.1, 0.3],
    "Adadelta": [0.1, 0.3, 1.0, 3.0, 10.0],
    "RMSprop": [0.0003, 0.001, 0.003, 0.01, 0.03],
    "Adam": [0.0003, 0.001, 0.003, 0.01, 0.03],
    "AdamW": [0.0003, 0.001, 0.003, 0.01, 0.03],
    "AdaMax": [0.001, 0.003, 0.01, 0.03, 0.1],
}


def run(name: str, rate: float, splits: Any) -> tuple[int | None, float]:
    """Epochs until 95 % of the held-out digits are right (None: never), and the last share."""
    X_train, T_train, X_test, T_test = splits
    model = nn.MLP([64, 32, 10], "relu", rng=0)
    batch_size: Any = "all" if name == "Rprop" else 32  # made for whole batches
    try:
        history = training.fit(
            model, losses.cross_entropy_with_logits, X_train, T_train,
            getattr(optim, name)(model.parameters(), learning_rate=rate), EPOCHS, batch_size,
            validation=(X_test, T_test), progress=False,
        )  # fmt: skip
    except ArithmeticError:  # the rate is too large: the loss is no number any more
        return None, 0.0
    shares = history.validation_accuracy
    reached = next((k for k, share in enumerate(shares, start=1) if share >= 0.95), None)
    return reached, shares[-1]


def main() -> None:
    parser("optimizers", __doc__).parse_args()
    X, labels = data.digits()
    splits = data.split(X, data.one_hot(labels, 10), seed=0)
    print("| optimizer | learning rate | epochs to 95 % | after 60 epochs |")
    print("|---|---|---|---|")
    for name, rates in RATES.items():
        results = [(rate, *run(name, rate, splits)) for rate in rates]
        rate, reached, share = min(results, key=lambda r: (r[1] or EPOCHS + 1, -r[2]))
        print(f"| {name} | {rate:g} | {reached or 'not in 60'} | {share:.1%} |")


if __name__ == "__main__":
    main()
