"""What `fit` was asked for, checked before any weight moves."""

from __future__ import annotations

from numbers import Real
from typing import TYPE_CHECKING, Any

import numpy as np

if TYPE_CHECKING:
    from numpy.typing import NDArray

    Array = NDArray[Any]


def check_settings(
    reduce: str, shuffle: Any, counts: dict[str, Any], bounds: dict[str, Any]
) -> None:
    """Refuse what would fail, or pass unnoticed, only after weights have moved.

    Counts are ints of at least 1 epoch, bounds numbers; None asks for neither, except that
    `epochs` and `every` must be given. Raises ValueError, TypeError for a shuffle of True.
    """
    if reduce not in ("mean", "sum"):
        raise ValueError(f'fit: reduce is {reduce!r}; it must be "mean" or "sum"')
    if isinstance(shuffle, bool):
        raise TypeError(f"fit: shuffle is {shuffle}; give a seed, or None to keep the order")
    for name, n in counts.items():
        absent = n is None and name == "patience"
        if not absent and (isinstance(n, bool) or not isinstance(n, (int, np.integer)) or n < 1):
            raise ValueError(f"fit: {name} is {n!r}; it must be an int of at least 1 epoch")
    for name, bound in bounds.items():
        if bound is not None and not _is_number(bound):
            raise ValueError(f"fit: {name} is {bound!r:.40}; it must be a number")


def check_functions(loss: Any, optimizer: Any, others: dict[str, Any]) -> None:
    """Refuse a loss, an optimizer or callbacks (None: not given) of another kind: TypeError."""
    if not callable(loss):
        raise TypeError(f"fit: loss is {loss!r:.40}; give a function of (outputs, targets), "
                        "such as losses.half_squared_error")  # fmt: skip
    if not hasattr(optimizer, "rule"):
        raise TypeError(
            f"fit: optimizer is {optimizer!r:.40}; give one such as optim.Adam(model.parameters())"
        )
    for name, function in others.items():
        if function is not None and not callable(function):
            raise TypeError(f"fit: {name} is {function!r:.40}; it must be a function")


def _is_number(x: Any) -> bool:
    """Whether it has a place among the floats: nan has none, every comparison with it is false."""
    if isinstance(x, np.ndarray) and x.ndim == 0:
        x = x[()]
    return isinstance(x, Real) and not isinstance(x, bool) and x == x


def checked_samples(X: Any, T: Any, held_out: bool = False) -> tuple[Array, Array]:
    """Samples and targets as matrices of floats; errors call held-out ones "validation".

    Raises ValueError for anything but two matrices of as many rows.

    >>> checked_samples([[1, 2]], [[0.5]])
    (array([[1., 2.]]), array([[0.5]]))
    """
    names = ("validation X", "validation T") if held_out else ("X", "T")
    arrays = []
    for name, given in zip(names, (X, T), strict=True):
        try:
            array = np.asarray(given, dtype=float)
        except (TypeError, ValueError) as error:
            raise ValueError(f"fit: {name} is no matrix of numbers: {error}") from None
        if array.ndim != 2 or 0 in array.shape:
            raise ValueError(
                f"fit: {name} has the shape {array.shape}; it must be (samples, numbers)"
            )
        arrays.append(array)
    samples, targets = arrays
    if len(samples) != len(targets):
        raise ValueError(
            f"fit: {len(samples)} samples in {names[0]} but {len(targets)} targets in {names[1]}"
        )
    return samples, targets


def checked_validation(validation: Any, inputs: int) -> tuple[Array, Array]:
    """Held-out samples and targets as matrices, for a network of so many inputs."""
    if not isinstance(validation, (tuple, list)) or len(validation) != 2:
        raise ValueError("fit: validation must be a pair (X, T) of held-out samples")
    X, T = validation
    samples, targets = checked_samples(X, T, held_out=True)
    if samples.shape[1] != inputs:
        raise ValueError(
            f"fit: validation X has {samples.shape[1]} numbers a sample, "
            f"but the network has {inputs} inputs"
        )
    return samples, targets
