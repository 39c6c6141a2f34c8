"""Numbers per layer of neurons: activations, deltas, saturated and dead units.

Everything is measured on graphs that live for one sample; no `.grad` is read or written.
"""

from __future__ import annotations

from random import Random
from typing import TYPE_CHECKING, Any, NamedTuple

import numpy as np

from autograd_lite import losses, nn
from autograd_lite.counts import checked_count
from autograd_lite.saturation import shares
from autograd_lite.traversal import exclusive, sweep
from autograd_lite.value import Value

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

    from numpy.typing import ArrayLike, NDArray

    from autograd_lite.training import History

    Array = NDArray[np.float64]
    Loss = Callable[[Sequence[Any], Sequence[Any]], Any]


class LayerStatistics(NamedTuple):
    """One layer of neurons, measured over all its units and all samples.

    activation_mean, activation_std  of the outputs a = g(z)
    delta_mean, delta_std            of dE/dz, E one sample's loss; None without a loss
    saturated  share of (unit, sample) pairs in [0, 1] with |g'(z)| < SATURATED_SLOPE
    dead       share of units in [0, 1] with g'(z) = 0 at every sample: none of them passes
               a derivative to the unit's weights
    """

    activation_mean: float
    activation_std: float
    delta_mean: float | None
    delta_std: float | None
    saturated: float
    dead: float


def layer_statistics(
    mlp: nn.MLP, X: ArrayLike, T: ArrayLike | None = None, loss: Loss | None = None
) -> list[LayerStatistics]:
    """The statistics of every layer of neurons, first hidden to output, on samples X.

    X has the shape (samples, inputs), T (samples, outputs); deltas need both T and loss.
    Standard deviations are the population's. E is the loss of one sample, not of a batch.

    Saturated means a slope |g'(z)| below 0.01, as recorded in the forward pass:

        sigmoid   |z| > 4.6, that is a < 0.0101 or a > 0.9899 (its slope is at most 1/4)
        tanh      |z| > 3.0, that is |a| > 0.995
        relu      z <= 0, the unit is off (half of all pairs in a healthy net at its start)
        identity  never; step and sign: always, and dead, since no derivative passes
        softmax   a(1 - a), the slope by the own logit: the share is near 0 or 1

    A saturated output still learns where the loss cancels the slope: cross entropy's delta
    after a softmax or sigmoid is a - t.
    Raises ValueError where shapes do not fit, or only one of T and loss is given.
    Source: Glorot and Bengio (2010), section 3 and figures 2, 3 (activations), 7 (deltas).

    >>> mlp = nn.MLP.from_weights([[[1.0, -1.0]], [[3.0], [4.0]]],
    ...                           activations=["relu", "identity"])
    >>> hidden, output = layer_statistics(mlp, [[1.0], [2.0]], [[0.0], [0.0]],
    ...                                   losses.half_squared_error)
    >>> hidden.dead, output.delta_mean  # y = 3x; its delta is y - t: 3 and 6
    (0.5, 4.5)
    """
    rows, targets = _checked("layer_statistics", X, T, loss)
    layers = _observed(mlp, rows, targets, loss)
    return [_summary(layer, with_deltas=loss is not None) for layer in layers]


class Recorder:
    """Collects `layer_statistics` on fixed samples over the epochs of one run of `fit`.

    Give it to `fit` as `after_epoch`. It notes every epoch whose number is a multiple of
    `every`. Each note costs a forward and a backward pass over X, so a few hundred samples
    serve better than all. Call `recorder(model, History())` before `fit` to note epoch 0.

    epochs  the numbers of the noted epochs
    layers  per layer of neurons a list with one LayerStatistics for each of them

    Raises ValueError as `layer_statistics`, and for an epoch that is not later than the last
    one: a new run needs a new Recorder.
    Source: Glorot and Bengio (2010), figures 2 and 3.

    >>> from autograd_lite.training import History
    >>> mlp = nn.MLP.from_weights([[[2.0]]], activations="identity")
    >>> recorder = Recorder([[1.0], [3.0]])
    >>> recorder(mlp, History())
    >>> recorder.epochs, [noted.activation_mean for noted in recorder.layers[0]]
    ([0], [4.0])
    """

    def __init__(
        self,
        X: ArrayLike,
        T: ArrayLike | None = None,
        loss: Loss | None = None,
        every: int = 1,
    ) -> None:
        self._rows, self._targets = _checked("Recorder", X, T, loss)
        self._loss = loss
        self._every = checked_count("Recorder", "every", every)
        self.epochs: list[int] = []
        self.layers: list[list[LayerStatistics]] = []

    def __call__(self, model: nn.MLP, history: History) -> None:
        """Note the model's layers if this epoch is one of every `every`."""
        epoch = history.epochs
        if self.epochs and epoch <= self.epochs[-1]:
            raise ValueError(
                f"Recorder: epoch {epoch} follows epoch {self.epochs[-1]}; "
                "take a new Recorder for a new run of fit"
            )
        if epoch % self._every:
            return
        noted = layer_statistics(model, self._rows, self._targets, self._loss)
        if not self.layers:
            self.layers = [[] for _ in noted]
        for series, layer in zip(self.layers, noted, strict=True):
            series.append(layer)
        self.epochs.append(epoch)


def gradient_by_depth(
    activation: nn.Activation,
    initializer: nn.Initializer,
    depth: int = 10,
    width: int = 32,
    samples: int = 32,
    rng: int | Random = 0,
) -> list[float]:
    """The mean |dE/dz| of every layer of a deep net before training, first layer to last.

    The net has `depth` layers of `width` units, all with the same activation, biases 0;
    inputs and targets come from N(0, 1), E is half the squared error of one sample. The mean
    is taken over units and samples. The derivative by a weight is this delta times the
    weight's input. From layer to layer delta shrinks by g'(z) times what the weights do: for
    the sigmoid g' is at most 1/4, so that with Xavier's weights each layer further from the
    output learns at least four times slower: the vanishing gradient.
    Raises ValueError where depth, width or samples is below 1.
    Source: lecture 001, vanishing gradient; Glorot and Bengio (2010), figure 7; He, Zhang,
    Ren and Sun (2015), section 2.2.

    >>> halving = gradient_by_depth("identity", lambda fan_in, fan_out, rng: 0.5, 3, width=1)
    >>> halving[0] / halving[1], halving[1] / halving[2]
    (0.5, 0.5)
    """
    for name, count in (("depth", depth), ("width", width), ("samples", samples)):
        checked_count("gradient_by_depth", name, count)
    rng = rng if isinstance(rng, Random) else Random(rng)
    sizes = [width] * (depth + 1)
    mlp = nn.MLP(sizes, activation, activation, initializer=initializer, rng=rng)
    X, T = ([[rng.gauss(0.0, 1.0) for _ in range(width)] for _ in range(samples)] for _ in "XT")
    layers = _observed(mlp, X, T, losses.half_squared_error)
    return [float(np.abs(layer.deltas).mean()) for layer in layers]


class _Observed(NamedTuple):
    """A layer's numbers, each of shape (samples, units); deltas are 0.0 without a loss."""

    activations: Array
    slopes: Array
    deltas: Array


def _observed(
    mlp: nn.MLP, rows: list[list[float]], targets: list[list[float]] | None, loss: Loss | None
) -> list[_Observed]:
    """Every layer's activations, slopes g'(z) and deltas dE/dz."""
    if len(rows[0]) != mlp.sizes[0]:
        raise ValueError(f"X has {len(rows[0])} columns; the network has {mlp.sizes[0]} inputs")
    per_sample = [
        _sample(mlp, x, targets[i] if targets else None, loss) for i, x in enumerate(rows)
    ]
    # from [sample][layer][kind][unit] to one array (samples, units) per layer and kind
    return [
        _Observed(*(np.array(kind) for kind in zip(*layer, strict=True)))
        for layer in zip(*per_sample, strict=True)
    ]


def _sample(
    mlp: nn.MLP, x: list[float], t: list[float] | None, loss: Loss | None
) -> list[tuple[list[float], list[float], list[float]]]:
    """Per layer the activations, slopes and deltas (0.0 without a loss) at one sample."""
    sums: list[list[Value]] = []
    outputs: list[list[Value]] = []
    slopes: list[list[float]] = []
    signals: list[Any] = x
    for layer in mlp.layers:
        signals = layer(signals)
        # behind an activation stands its linear summation; of softmax the first is its own
        bare = [not layer.softmax and neuron.activation is None for neuron in layer.neurons]
        sums.append([a if own else a.parents[0] for a, own in zip(signals, bare)])
        slopes.append([1.0 if own else (a.partials[0] or 0.0) for a, own in zip(signals, bare)])
        outputs.append(signals)
    deltas = _deltas(sums, loss(signals, t) if loss is not None and t is not None else None)
    activations = [[a.data for a in layer] for layer in outputs]
    return list(zip(activations, slopes, deltas, strict=True))


def _deltas(sums: list[list[Value]], error: Any) -> list[list[float]]:
    """dE/dz of every linear summation, by a sweep that leaves every `.grad` as it is."""
    if error is None:
        return [[0.0] * len(layer) for layer in sums]
    if not isinstance(error, Value):
        raise TypeError(f"the loss gave {error!r:.60}, no Value; it must be computed from outputs")
    with exclusive():
        for layer in sums:
            for z in layer:
                z.cot = 0.0  # the sweep does not come to units that are off
        sweep(error, 1.0)
        return [[z.cot for z in layer] for layer in sums]


def _summary(layer: _Observed, with_deltas: bool) -> LayerStatistics:
    saturated, dead = shares(layer.slopes.T.tolist())
    with np.errstate(all="ignore"):  # of a net that diverged the statistics are nan
        return LayerStatistics(
            float(layer.activations.mean()),
            float(layer.activations.std()),
            float(layer.deltas.mean()) if with_deltas else None,
            float(layer.deltas.std()) if with_deltas else None,
            saturated,
            dead,
        )


def _checked(
    name: str, X: ArrayLike, T: ArrayLike | None, loss: Loss | None
) -> tuple[list[list[float]], list[list[float]] | None]:
    """Samples and, where there is a loss, targets as lists of lists of floats."""
    if (T is None) != (loss is None):
        missing = "T" if T is None else "loss"
        raise ValueError(f"{name}: deltas need both T and loss; {missing} is missing")
    samples = _matrix(name, "X", X)
    if T is None:
        return samples, None
    targets = _matrix(name, "T", T)
    if len(samples) != len(targets):
        raise ValueError(f"{name}: {len(samples)} samples in X but {len(targets)} targets in T")
    return samples, targets


def _matrix(name: str, what: str, given: ArrayLike) -> list[list[float]]:
    array = np.asarray(given, dtype=float)
    if array.ndim != 2 or 0 in array.shape:
        raise ValueError(
            f"{name}: {what} has the shape {array.shape}; it must be (samples, numbers)"
        )
    return array.tolist()  # type: ignore[no-any-return]  # NumPy does not know the nesting
