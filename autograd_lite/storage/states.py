"""States of optimizers and of random.Random as arrays and JSON, exactly.

A state is None, a number, an array or a tuple of states. Its JSON is null, ["int", n],
["tuple", [states]], or the kind ("array", "scalar" of NumPy, "float") with the number of
the array that holds it.

>>> arrays: dict[str, Any] = {}
>>> given = (np.array([1.0, 2.0]), 3, None)
>>> written = written_state(given, arrays, "state")
>>> written
['tuple', [['array', 0], ['int', 3], None]]
>>> read_state(written, arrays, "state") == (arrays["state.0"], 3, None)
True
"""

from __future__ import annotations

from random import Random
from typing import TYPE_CHECKING, Any

import numpy as np

from autograd_lite.errors import FormatError
from autograd_lite.storage.container import DTYPES

if TYPE_CHECKING:
    from collections.abc import Mapping

    from numpy.typing import NDArray

    Array = NDArray[Any]

_KINDS = {float: "float", np.ndarray: "array"}
_ARRAYS = ("array", "scalar", "float")
_RNG_VERSION, _RNG_WORDS = 3, 625  # of random.Random.getstate: the Mersenne Twister


def written_state(state: Any, arrays: dict[str, Array], prefix: str) -> Any:
    """The JSON of a state, whose arrays are added as prefix.0, prefix.1, ...

    Raises TypeError for what a state cannot hold.
    """
    if state is None:
        return None
    if type(state) is int:
        return ["int", state]
    if type(state) is tuple:
        return ["tuple", [written_state(part, arrays, prefix) for part in state]]
    kind = "scalar" if isinstance(state, np.generic) else _KINDS.get(type(state))
    if kind is None or np.asarray(state).dtype.name not in DTYPES.values():
        raise TypeError(
            f"the state holds {state!r:.60} of type {type(state).__name__}; None, ints, floats, "
            f"tuples and arrays of {', '.join(DTYPES.values())} can be stored"
        )
    number = sum(name.startswith(f"{prefix}.") for name in arrays)
    arrays[f"{prefix}.{number}"] = np.asarray(state)
    return [kind, number]


def read_state(written: Any, arrays: Mapping[str, Array], prefix: str) -> Any:
    """The state again; FormatError for what `written_state` does not write."""
    if written is None:
        return None
    if not isinstance(written, list) or len(written) != 2:
        raise FormatError(f"{written!a:.60} is no state")
    kind, content = written
    if kind == "tuple" and isinstance(content, list):
        return tuple(read_state(part, arrays, prefix) for part in content)
    if type(content) is not int or kind not in ("int", *_ARRAYS):
        raise FormatError(f"{written!a:.60} is no state")
    if kind == "int":
        return content
    array = arrays.get(f"{prefix}.{content}")
    if array is None:
        raise FormatError(f"the array {prefix}.{content} is missing")
    if kind == "array":
        return array
    if array.shape == ():
        return array[()] if kind == "scalar" else float(array)
    raise FormatError(f"{written!a:.60} is no state, its array has the shape {array.shape}")


def shapes_of(state: Any) -> Any:
    """What two states of one optimizer have in common: tuples, and shapes within."""
    return [shapes_of(s) for s in state] if isinstance(state, tuple) else np.shape(state)


def written_rng(rng: Random, arrays: dict[str, Array], prefix: str) -> Any:
    """The JSON of a generator's state; TypeError for one that does not tell it."""
    try:
        version, words, gauss = rng.getstate()
        if version != _RNG_VERSION or len(words) != _RNG_WORDS:
            raise TypeError(f"its state has version {version!r} and {len(words)} words")
        arrays[f"{prefix}.words"] = np.array(words, dtype=np.uint32)
        return {"gauss": written_state(gauss, arrays, f"{prefix}.gauss")}
    except (TypeError, ValueError, NotImplementedError, OverflowError) as error:
        raise TypeError(
            f"the state of {rng!r:.60} cannot be stored ({error}); use random.Random"
        ) from error


def read_rng(written: Any, arrays: Mapping[str, Array], prefix: str) -> tuple[Any, ...]:
    """What `Random.setstate` takes; FormatError where it would not."""
    words = arrays.get(f"{prefix}.words")
    if not isinstance(written, dict) or set(written) != {"gauss"} or words is None:
        raise FormatError(f"{written!a:.60} is no state of a random.Random")
    gauss = read_state(written["gauss"], arrays, f"{prefix}.gauss")
    state = (_RNG_VERSION, tuple(words.tolist()) if words.ndim == 1 else (), gauss)
    if words.dtype != np.uint32 or type(gauss) not in (float, type(None)):
        raise FormatError("the words or the last number of the random.Random have another type")
    try:
        Random().setstate(state)
    except (TypeError, ValueError) as error:
        raise FormatError(f"no state of a random.Random: {error}") from error
    return state
