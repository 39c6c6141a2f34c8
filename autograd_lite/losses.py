"""What training makes small: functions (outputs, targets) -> Value, for one sample.

`batch` adds or averages a loss over samples. Both are lists (TypeError) of equal lengths
(ValueError); targets and probabilities are checked where a loss needs them in a range, except
for numbers that are not known yet: nan passes. Classes are one-hot.
"""

from __future__ import annotations

from numbers import Real
from typing import TYPE_CHECKING, Any

from autograd_lite import functions, ops
from autograd_lite.value import Value

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

    Loss = Callable[[Sequence[Any], Sequence[Any]], Any]


def half_squared_error(outputs: Sequence[Any], targets: Sequence[Any]) -> Any:
    """Sum of (y - t)**2 / 2, as one node; its derivative by y is the error y - t.

    Source: lectures 000, 001, 002 and 004 (the delta rule's cost).

    >>> half_squared_error([Value(3.0), Value(1.0)], [1.0, 1.0]).data
    2.0
    """
    _check_lengths("half_squared_error", outputs, targets)
    return ops.half_squared_error(*outputs, *targets)


def squared_error(outputs: Sequence[Any], targets: Sequence[Any]) -> Any:
    """Sum of (y - t)**2, without the half.

    >>> squared_error([Value(3.0), Value(1.0)], [1.0, 1.0]).data
    4.0
    """
    _check_lengths("squared_error", outputs, targets)
    return 2.0 * half_squared_error(outputs, targets)


def binary_cross_entropy(probabilities: Sequence[Any], targets: Sequence[Any]) -> Any:
    """Sum of -t ln p - (1-t) ln(1-p): independent yes-or-no outputs (multi-label).

    The logarithms in the value are at least -100, as PyTorch has them; the derivative is
    not clamped. For outputs that are still to pass a sigmoid use the form on logits: it keeps
    its digits where p is near 0 or 1. Raises ValueError for p or t outside [0, 1].
    Source: lectures 003 and 004 (multi-label classification).

    >>> binary_cross_entropy([Value(0.5)], [1.0]).data
    0.6931471805599453
    """
    _check_lengths("binary_cross_entropy", probabilities, targets)
    _check_shares("binary_cross_entropy", targets)
    _check_probabilities("binary_cross_entropy", probabilities, "sigmoid")
    return _total([ops.bce(p, t) for p, t in zip(probabilities, targets, strict=True)])


def binary_cross_entropy_with_logits(logits: Sequence[Any], targets: Sequence[Any]) -> Any:
    """The binary cross entropy of sigmoid(z); its derivative by z is sigmoid(z) - t.

    Raises ValueError for t outside [0, 1].

    >>> binary_cross_entropy_with_logits([Value(0.0)], [1.0]).data
    0.6931471805599453
    """
    _check_lengths("binary_cross_entropy_with_logits", logits, targets)
    _check_shares("binary_cross_entropy_with_logits", targets)
    pairs = zip(logits, targets, strict=True)
    return _total([ops.bce_with_logits(z, t) for z, t in pairs])


def cross_entropy(probabilities: Sequence[Any], targets: Sequence[Any]) -> Any:
    """-sum of t ln p over classes whose probabilities sum to 1 (multi-class), as one node.

    A class of target 0 is left out, so that it may have the probability 0.
    Raises ValueError for p or t outside [0, 1].
    Source: lectures 001, 002 and 004 (multi-class classification).

    >>> cross_entropy([Value(0.5), Value(0.5)], [1.0, 0.0]).data
    0.6931471805599453
    """
    _check_lengths("cross_entropy", probabilities, targets)
    _check_shares("cross_entropy", targets)
    _check_probabilities("cross_entropy", probabilities, "softmax")
    return ops.log_loss(*probabilities, *targets)


def cross_entropy_with_logits(logits: Sequence[Any], targets: Sequence[Any]) -> Any:
    """The cross entropy of softmax(z), as one node; its derivative by z is softmax(z) - t.

    Raises ValueError for t outside [0, 1].

    >>> cross_entropy_with_logits([Value(0.0), Value(0.0)], [1.0, 0.0]).data
    0.6931471805599453
    """
    _check_lengths("cross_entropy_with_logits", logits, targets)
    _check_shares("cross_entropy_with_logits", targets)
    return ops.cross_entropy(*logits, *targets)


def hinge(outputs: Sequence[Any], targets: Sequence[Any]) -> Any:
    """Sum of max(0, 1 - t*y) for targets -1 and 1.

    Raises ValueError for any other target.
    Source: Cortes and Vapnik (1995), the soft margin.

    >>> hinge([Value(0.25)], [1.0]).data
    0.75
    """
    _check_lengths("hinge", outputs, targets)
    for t in targets:
        if not isinstance(t, Value) and t not in (-1, 1):
            raise ValueError(f"hinge: the target {t} is neither -1 nor 1")
    return _total([ops.relu(1.0 - t * y) for y, t in zip(outputs, targets, strict=True)])


def batch(
    loss: Loss, outputs: Sequence[Sequence[Any]], targets: Sequence[Sequence[Any]],
    reduce: str = "mean",
) -> Any:  # fmt: skip
    """The loss of several samples in one graph, their "sum" or their "mean".

    Averaging with the learning rate eta equals summing with eta / (number of samples)
    (lecture 002). Raises ValueError for an empty batch or another `reduce`.

    >>> batch(half_squared_error, [[Value(3.0)], [Value(1.0)]], [[1.0], [1.0]]).data
    1.0
    """
    if reduce not in ("mean", "sum"):
        raise ValueError(f'batch: reduce is {reduce!r}; it must be "mean" or "sum"')
    _check_lengths("batch", outputs, targets)
    total = functions.sum([loss(y, t) for y, t in zip(outputs, targets, strict=True)])
    return total / float(len(outputs)) if reduce == "mean" else total


def _total(terms: list[Any]) -> Any:
    """The sum as one node; a single term needs none."""
    return functions.sum(terms) if len(terms) > 1 else terms[0]


def _check_lengths(name: str, outputs: Sequence[Any], targets: Sequence[Any]) -> None:
    for which, given in (("outputs", outputs), ("targets", targets)):
        if not hasattr(given, "__len__") or getattr(given, "shape", None) == ():
            remedy = "[x]" if isinstance(given, (Value, Real)) else "list(x)"
            raise TypeError(
                f"{name}: {which} is {_described(given)}; outputs and targets are lists of equal "
                f"length: where x is given now, give {remedy}"
            )
    if len(outputs) != len(targets):
        raise ValueError(f"{name}: {len(outputs)} outputs but {len(targets)} targets")
    if len(outputs) == 0:
        raise ValueError(f"{name}: no outputs")


def _check_shares(name: str, targets: Sequence[Any]) -> None:
    for k, t in enumerate(targets):
        if not isinstance(t, Value) and not 0.0 <= t <= 1.0:
            raise ValueError(f"{name}: target {k} is {t}; it must lie in [0, 1]")


def _check_probabilities(name: str, outputs: Sequence[Any], activation: str) -> None:
    for k, p in enumerate(outputs):
        number = p.data if isinstance(p, Value) else p
        if number < 0.0 or number > 1.0:  # not so for the nan of a placeholder
            raise ValueError(
                f"{name}: output {k} is {number}; a probability lies in [0, 1]: give the last "
                f'layer output="{activation}", or take {name}_with_logits'
            )


def _described(given: Any) -> str:
    kind = type(given).__name__
    return f"the {kind} {given}" if isinstance(given, Real) else f"a {kind}"
