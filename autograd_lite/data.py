"""Where samples come from: IDX files, the digits in this package, small textbook examples.

A data set is two arrays with one row per sample: X the inputs, T the targets as losses
take them, a list per sample. *Labels* are one number per sample; `one_hot(labels, classes)`
or `labels[:, None]` makes targets of them. Whatever is random depends on a seed alone.

>>> X, labels = digits()
>>> X_train, T_train, X_test, T_test = split(X, one_hot(labels, 10))
>>> X_train.shape, T_train.shape, X_test.shape, T_test.shape
((1438, 64), (1438, 10), (359, 64), (359, 10))
>>> truth_table("XOR")[1].tolist()
[[0.0], [1.0], [1.0], [0.0]]
"""

from __future__ import annotations

import math
from importlib import resources
from numbers import Real
from random import Random
from typing import TYPE_CHECKING, Any, Literal

import numpy as np

from autograd_lite.idx import read_idx, write_idx

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Sequence

    from numpy.typing import NDArray

    Array = NDArray[np.float64]

__all__ = [
    "batches", "digits", "one_hot", "read_idx", "split", "truth_table", "two_moons", "write_idx",
]  # fmt: skip


# --- data sets ------------------------------------------------------------------------


def digits() -> tuple[Array, NDArray[np.int64]]:
    """X of shape (1797, 64) in [0, 1] and labels 0 to 9: handwritten digits of 8 x 8 pixels.

    `X[k].reshape(8, 8)` is a picture, its rows from the top, 0 the paper and 1 the ink, in
    steps of 1/16. They ship with the package. Source: E. Alpaydin and C. Kaynak (1998),
    Optical Recognition of Handwritten Digits (the test part), UCI, CC BY 4.0.

    >>> X, labels = digits()
    >>> for row in X[0].reshape(8, 8):
    ...     print("|" + "".join(" .:*#"[round(4 * ink)] for ink in row) + "|")
    |  .*:   |
    |  *#:#. |
    | .#  *: |
    | .*  :: |
    | .:  :: |
    | .*  *: |
    |  #.:*  |
    |  :*:   |
    >>> int(labels[0])
    0

    `fit` takes one output per class: `one_hot` makes T of shape (1797, 10) of the labels.

    >>> labels.shape, one_hot(labels, 10).shape
    ((1797,), (1797, 10))
    """
    folder = resources.files("autograd_lite").joinpath("digits")
    images = read_idx(folder.joinpath("images-idx3-ubyte.gz").read_bytes())
    labels = read_idx(folder.joinpath("labels-idx1-ubyte.gz").read_bytes())
    return images.reshape(-1, 64) / 16.0, labels.astype(np.int64)


def two_moons(count: int = 100, noise: float = 0.1, seed: int = 0) -> tuple[Array, Array]:
    """X of shape (count, 2) and labels -1 or +1: two half circles that reach into each other.

    The moons take turns, so that any run of samples holds both. Label -1: (cos t, sin t),
    label +1: (1 - cos t, 1/2 - sin t), with t spaced evenly in (0, pi); `noise` is the standard
    deviation of what is added to each coordinate.

    >>> X, labels = two_moons(2, noise=0.0)
    >>> X.round(12).tolist(), labels.tolist()
    ([[0.0, 1.0], [1.0, -0.5]], [-1.0, 1.0])

    `fit` takes T of shape (samples, outputs): `labels[:, None]` for one output and the hinge
    loss, and numbers 0 and 1 for the cross entropies.

    >>> X, labels = two_moons()
    >>> labels.shape, labels[:, None].shape
    ((100,), (100, 1))
    >>> from autograd_lite import losses, nn, optim, training
    >>> net = nn.MLP([2, 8, 1], "relu", rng=0)
    >>> adam = optim.Adam(net.parameters(), 0.05)
    >>> history = training.fit(net, losses.hinge, X, labels[:, None], adam, 60, progress=False)
    >>> training.accuracy(net.predict(X), labels[:, None], threshold=0.0) > 0.9
    True
    >>> T = (labels[:, None] + 1.0) / 2.0  # for binary_cross_entropy_with_logits
    >>> T[:2].tolist()
    [[0.0], [1.0]]
    """
    _check_count("two_moons", "count", count, least=2)
    _check_real("two_moons", "noise", noise)
    if not 0.0 <= noise < math.inf:
        raise ValueError(f"two_moons: noise is {noise}; a finite number of at least 0 is needed")
    rng = _seeded("two_moons", seed)
    samples, labels = [], []
    for k in range(count):
        moon = k % 2
        points = (count + 1 - moon) // 2  # the upper moon has the odd sample
        t = math.pi * (k // 2 + 0.5) / points
        x, y = math.cos(t), math.sin(t)
        x, y = (1.0 - x, 0.5 - y) if moon else (x, y)
        samples.append((x + rng.gauss(0.0, noise), y + rng.gauss(0.0, noise)))
        labels.append(1.0 if moon else -1.0)
    return np.array(samples), np.array(labels)


_TRUTHS = {
    "AND": (1.0, 0.0, 0.0, 0.0),
    "OR": (1.0, 1.0, 1.0, 0.0),
    "NAND": (0.0, 1.0, 1.0, 1.0),
    "XOR": (0.0, 1.0, 1.0, 0.0),
}


def truth_table(name: Literal["AND", "OR", "NAND", "XOR"]) -> tuple[Array, Array]:
    """X of shape (4, 2) and T of shape (4, 1): a logical function in numbers 0 and 1.

    The rows stand as in lecture 001: (1, 1), (1, 0), (0, 1), (0, 0).

    >>> X, T = truth_table("AND")
    >>> X.tolist()
    [[1.0, 1.0], [1.0, 0.0], [0.0, 1.0], [0.0, 0.0]]
    >>> T.tolist()
    [[1.0], [0.0], [0.0], [0.0]]
    """
    if name not in _TRUTHS:
        raise ValueError(f"truth_table: {name!r} is none of {', '.join(_TRUTHS)}")
    X = np.array([[1.0, 1.0], [1.0, 0.0], [0.0, 1.0], [0.0, 0.0]])
    return X, np.array(_TRUTHS[name])[:, None]


# --- from a data set to training ------------------------------------------------------


def one_hot(labels: Iterable[int], classes: int) -> Array:
    """One row per label: 1.0 in the label's column, 0.0 in the others.

    Raises ValueError for a label outside 0 to classes - 1, TypeError for one that is no int.

    >>> one_hot([2, 0], 3).tolist()
    [[0.0, 0.0, 1.0], [1.0, 0.0, 0.0]]
    """
    _check_count("one_hot", "classes", classes, least=1)
    columns = list(labels)
    for k, label in enumerate(columns):
        if not _is_int(label):
            raise TypeError(f"one_hot: labels[{k}] is {label!r:.60}; an int is needed")
        if not 0 <= label < classes:
            raise ValueError(
                f"one_hot: labels[{k}] is {label}; {classes} classes are 0 to {classes - 1}"
            )
    rows = np.zeros((len(columns), classes))
    rows[range(len(columns)), columns] = 1.0
    return rows


def split(
    X: Sequence[Any] | NDArray[Any],
    T: Sequence[Any] | NDArray[Any],
    share: float = 0.8,
    seed: int = 0,
) -> tuple[NDArray[Any], NDArray[Any], NDArray[Any], NDArray[Any]]:
    """X_train, T_train, X_test, T_test: samples and their targets, shuffled and divided.

    The training part has round(share * n) of the n samples, by default the lectures' 8:2.
    Lists become arrays, arrays are copied; the same seed gives the same parts. Raises
    ValueError if the lengths differ or a part would be empty.

    >>> X_train, T_train, X_test, T_test = split(range(10), range(10))
    >>> X_train.size, X_test.size
    (8, 2)
    >>> sorted([*T_train.tolist(), *T_test.tolist()])
    [0, 1, 2, 3, 4, 5, 6, 7, 8, 9]
    """
    n = len(X)
    if n != len(T):
        raise ValueError(f"split: {n} samples but {len(T)} targets; each sample needs its own")
    _check_real("split", "share", share)
    if not 0.0 < share < 1.0:
        raise ValueError(f"split: share is {share}; it lies between 0 and 1, as 0.8 does")
    n_train = round(share * n)
    if not 0 < n_train < n:
        side = "the test" if n_train else "training"
        raise ValueError(
            f"split: {n} samples at share {share} leave none for {side}; take more samples or "
            "another share"
        )
    order = list(range(n))
    _seeded("split", seed).shuffle(order)
    train, test = order[:n_train], order[n_train:]
    samples, targets = np.asarray(X), np.asarray(T)
    return samples[train], targets[train], samples[test], targets[test]


def batches(
    count: int, batch_size: int | Literal["all"], rng: Random | None = None
) -> Iterator[list[int]]:
    """The indices 0 to count - 1 of one epoch in lists of batch_size; the last may be shorter.

    "all" makes one batch. A random.Random shuffles at the call, each epoch anew; None keeps
    the order. A list of indices picks the rows of an array: `X[batch]`.

    >>> list(batches(5, 2))
    [[0, 1], [2, 3], [4]]
    >>> sorted(index for batch in batches(5, 2, Random(0)) for index in batch)
    [0, 1, 2, 3, 4]
    """
    _check_count("batches", "count", count, least=1)
    if isinstance(batch_size, str):
        if batch_size != "all":
            raise ValueError(f"batches: batch_size is {batch_size!r}; give an int or 'all'")
        batch_size = count
    _check_count("batches", "batch_size", batch_size, least=1, or_else=" or 'all'")
    order = list(range(count))
    if isinstance(rng, Random):
        rng.shuffle(order)
    elif rng is not None:
        # a seed would give the same batches in every epoch
        raise TypeError(
            f"batches: rng is {rng!r:.60}; make a generator once, for instance "
            "random.Random(0), and give it to every epoch"
        )
    return (order[start : start + batch_size] for start in range(0, count, batch_size))


# --- arguments ------------------------------------------------------------------------


def _is_int(x: object) -> bool:
    return isinstance(x, (int, np.integer)) and not isinstance(x, bool)


def _check_count(function: str, name: str, x: int, least: int, or_else: str = "") -> None:
    if not _is_int(x):
        raise TypeError(f"{function}: {name} is {x!r:.60}; an int{or_else} is needed")
    if x < least:
        raise ValueError(f"{function}: {name} is {x}; it must be at least {least}")


def _check_real(function: str, name: str, x: float) -> None:
    if isinstance(x, bool) or not isinstance(x, Real):
        raise TypeError(f"{function}: {name} is {x!r:.60}; a real number is needed")


def _seeded(function: str, seed: int) -> Random:
    _check_count(function, "seed", seed, least=0)  # Random(-1) would be Random(1)
    return Random(int(seed))
