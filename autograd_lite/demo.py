"""What `autograd-lite demo` shows: a lecture's network by hand, its graph, and digits learned.

The network is the one of lecture 001, 2-2-2 with sigmoid units; each number stands twice,
once from the lecture's formula typed out in plain arithmetic, once from the engine.
"""

from __future__ import annotations

from math import exp
from pathlib import Path
from time import perf_counter

from autograd_lite import data, losses, nn, optim
from autograd_lite.drawing import draw, player
from autograd_lite.training import accuracy, fit
from autograd_lite.value import Value

X = [0.12, 0.3]
T = [0.1, 0.9]
WEIGHTS = [[[0.15, 0.2], [0.2, 0.3]], [[0.4, 0.45], [0.5, 0.55]]]
BIASES = [[0.1, 0.2], [0.2, 0.1]]
LEARNING_RATE = 0.5

#: One line of the table: what it is, the formula, its number by hand.
Row = tuple[str, str, float]


def run(out: Path, fast: bool) -> int:
    """The three parts of the demo, printed; 0 if every number by hand equals the engine's."""
    print("1. Back-propagation by hand and by the engine: 2-2-2, sigmoid, E = ½ Σ (y − t)²\n")
    agree = compare_by_hand(out)
    print("\n3. Handwritten digits: an MLP of scalar Values\n")
    learn_digits(epochs=3 if fast else 12)
    return 0 if agree else 1


def compare_by_hand(out: Path) -> bool:
    """Print the table and draw the graph; whether all numbers agree to 1e-15."""
    mlp = nn.MLP.from_weights(WEIGHTS, BIASES, "sigmoid")
    inputs = [Value(x, f"x{i}") for i, x in enumerate(X, start=1)]
    loss = losses.half_squared_error(mlp(inputs), T)
    loss.label = "E"
    loss.backward()
    engine = by_engine(mlp, loss)
    print(f"   {'':8} {'by hand':44} {'= by hand':>14} {'by engine':>14}")
    agree = True
    for name, formula, number in by_hand():
        same = abs(engine[name] - number) <= 1e-15
        agree = agree and same
        mark = "" if same else "   DIFFERENT"
        print(f"   {name:8} {formula:44} {number:14.10f} {engine[name]:14.10f}{mark}")
    print(f"\n   {'every number agrees' if agree else 'SOME NUMBERS DIFFER'}")
    out.mkdir(parents=True, exist_ok=True)
    path = draw(loss).render(outfile=str(out / "backprop.svg"), cleanup=True)
    page = out / "backprop.html"
    player(loss).save(page)
    print(f"\n2. The graph with its values and gradients: {path}")
    print(f"   The same stepped through, in a browser:     {page}")
    return agree


def by_hand() -> list[Row]:
    """Every delta, gradient and updated weight of the network, by the lecture's formulas."""
    (w1, w2), (b1, b2) = WEIGHTS, BIASES
    h = [1.0 / (1.0 + exp(-(X[0] * w1[0][j] + X[1] * w1[1][j] + b1[j]))) for j in range(2)]
    y = [1.0 / (1.0 + exp(-(h[0] * w2[0][k] + h[1] * w2[1][k] + b2[k]))) for k in range(2)]
    rows: list[Row] = [("E", "½(y1 − t1)² + ½(y2 − t2)²",
                        sum(0.5 * (yk - tk) ** 2 for yk, tk in zip(y, T)))]  # fmt: skip
    output = [(y[k] - T[k]) * y[k] * (1.0 - y[k]) for k in range(2)]
    for k in range(2):
        n = k + 1
        rows.append((f"δ(o{n})", f"(y{n} − t{n}) · y{n}(1 − y{n})", output[k]))
    back = [sum(output[k] * w2[j][k] for k in range(2)) for j in range(2)]
    hidden = [back[j] * h[j] * (1.0 - h[j]) for j in range(2)]
    for j in range(2):
        n = j + 1
        formula = f"(δ(o1)·w{n}1[2] + δ(o2)·w{n}2[2]) · h{n}(1 − h{n})"
        rows.append((f"δ(h{n})", formula, hidden[j]))
    for k, (source, deltas, sign) in enumerate([(X, hidden, "h"), (h, output, "o")], start=1):
        for j in range(2):
            for i in range(2):
                a = f"x{i + 1}" if k == 1 else f"h{i + 1}"
                rows.append((f"∂w{i + 1}{j + 1}[{k}]", f"δ({sign}{j + 1}) · {a}",
                             deltas[j] * source[i]))  # fmt: skip
            rows.append((f"∂b{j + 1}[{k}]", f"δ({sign}{j + 1})", deltas[j]))
    before = {f"w{i + 1}{j + 1}[{k + 1}]": WEIGHTS[k][i][j]
              for k in range(2) for j in range(2) for i in range(2)}  # fmt: skip
    before |= {f"b{j + 1}[{k + 1}]": BIASES[k][j] for k in range(2) for j in range(2)}
    gradients = {name[1:]: number for name, _, number in rows if name.startswith("∂")}
    for name, gradient in gradients.items():
        formula = f"{before[name]} − {LEARNING_RATE} · ∂{name}"
        rows.append((f"{name}'", formula, before[name] - LEARNING_RATE * gradient))
    return rows


def by_engine(mlp: nn.MLP, loss: Value) -> dict[str, float]:
    """The same numbers from the graph of the loss."""
    table = mlp.deltas(loss, learning_rate=LEARNING_RATE)
    numbers = {"E": loss.data}
    numbers |= {f"δ({name})": row.delta for name, row in table.samples[0].items()}
    for name, weight in table.weights.items():
        numbers[f"∂{name}"] = weight.gradient
        numbers[f"{name}'"] = weight.updated or 0.0
    return numbers


def learn_digits(epochs: int) -> float:
    """Train MLP(64, 32, 10) on 80 % of the digits; the accuracy in [0, 1] on the rest."""
    X, labels = data.digits()
    X_train, T_train, X_test, T_test = data.split(X, data.one_hot(labels, 10))
    mlp = nn.MLP([64, 32, 10], activation="relu", rng=0)
    print(f"   {mlp}: every weight is one Value")
    start = perf_counter()
    fit(
        mlp,
        losses.cross_entropy_with_logits,
        X_train,
        T_train,
        optim.Adam(mlp.parameters(), learning_rate=0.01),
        epochs=epochs,
        batch_size=32,
    )
    share = accuracy(mlp.predict(X_test), T_test)
    seconds = perf_counter() - start
    print(f"   test accuracy {share:.1%} on {len(X_test)} unseen images, {epochs} epochs in "
          f"{seconds:.0f} s")  # fmt: skip
    return share
