"""Pictures of training, drawn with matplotlib, which is imported when one is asked for.

Every function takes the Axes to draw on as `ax` (None: those of a new figure) and returns
them, for the caller to title, rescale, save or show. No global style is touched. Curves
differ in colour (distinct for red-green blindness) and in stroke or marker. Long legends stand
right of the Axes: a figure of your own needs `layout="constrained"` to leave them room.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Literal

import numpy as np

from autograd_lite.diagnostics.statistics import LayerStatistics
from autograd_lite.saturation import SATURATED_SLOPE

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from matplotlib.axes import Axes
    from numpy.typing import ArrayLike, NDArray

    from autograd_lite.diagnostics.statistics import Recorder
    from autograd_lite.nn import MLP
    from autograd_lite.training import History

# Okabe and Ito, "Color Universal Design" (2008), the pale yellow left out
_COLORS = ("#0072B2", "#D55E00", "#009E73", "#CC79A7", "#E69F00", "#56B4E9", "#000000")
_STROKES = ("-", "--", "-.", ":")
_MARKERS = ("o", "s", "^", "D", "v")
_STEPS = 150  # grid points a side of a decision boundary

_MEANINGS = {
    "activation_mean": "mean of activations",
    "activation_std": "standard deviation of activations",
    "delta_mean": r"mean of deltas $\partial E/\partial z$",
    "delta_std": r"standard deviation of deltas $\partial E/\partial z$",
    "saturated": f"saturated: share with |g'(z)| < {SATURATED_SLOPE}",
    "dead": "share of dead units",
}


def plot_history(
    history: History, what: Literal["loss", "accuracy"] = "loss", ax: Axes | None = None
) -> Axes:
    """The loss or the accuracy of every epoch, training and (where known) held-out samples.

    Training numbers are taken as the weights move within the epoch, held-out ones after it;
    therefore the held-out curve can be the better one at first. Raises ValueError where the
    history does not hold what is asked for, ImportError without matplotlib.

    >>> from autograd_lite.training import History
    >>> from matplotlib.figure import Figure
    >>> history = History()
    >>> history.loss = [0.9, 0.5, 0.3]
    >>> ax = plot_history(history, ax=Figure().subplots())
    >>> ax.lines[0].get_ydata().tolist()
    [0.9, 0.5, 0.3]
    """
    labels = {"loss": "loss (mean over samples)", "accuracy": "accuracy (share of samples)"}
    if what not in labels:
        raise ValueError(f'plot_history: what is {what!r}; it must be "loss" or "accuracy"')
    train: list[float] = getattr(history, what)
    held_out: list[float] = getattr(history, f"validation_{what}")
    if not train:
        remedy = "; fit needs a threshold for one output" if history.loss else ""
        raise ValueError(f"plot_history: {history} holds no {what}{remedy}")
    ax = _axes(ax)
    _curve(ax, range(1, len(train) + 1), train, 0, "training")
    if held_out:
        _curve(ax, range(1, len(held_out) + 1), held_out, 1, "held-out")
        ax.legend()
    return _labelled(ax, "epoch", labels[what])


def plot_layers(recorder: Recorder, what: str = "activation_mean", ax: Axes | None = None) -> Axes:
    """One statistic of every layer over the epochs that a `Recorder` noted.

    `what` names a field of `LayerStatistics`. The spread of deltas has a logarithmic scale.
    Layers run from dark to light, the first hidden layer to the output.
    Raises ValueError for another name, a recorder that noted nothing, or deltas from one
    that was given no loss; ImportError without matplotlib.
    Source: Glorot and Bengio (2010), figures 2 and 3.

    >>> from autograd_lite import nn
    >>> from autograd_lite.diagnostics import Recorder
    >>> from autograd_lite.training import History
    >>> from matplotlib.figure import Figure
    >>> recorder = Recorder([[1.0], [3.0]])
    >>> recorder(nn.MLP.from_weights([[[2.0]]], activations="identity"), History())
    >>> ax = plot_layers(recorder, "activation_std", ax=Figure().subplots())
    >>> ax.get_ylabel(), ax.lines[0].get_ydata().tolist()
    ('standard deviation of activations', [2.0])
    """
    if what not in LayerStatistics._fields:
        raise ValueError(
            f"plot_layers: what is {what!r}; it must be one of {', '.join(LayerStatistics._fields)}"
        )
    if not recorder.epochs:
        raise ValueError("plot_layers: the recorder noted no epoch; give it to fit as after_epoch")
    series = [[getattr(noted, what) for noted in layer] for layer in recorder.layers]
    if None in series[0]:
        raise ValueError("plot_layers: the recorder has no deltas; make it with T and loss")
    ax = _axes(ax)
    from matplotlib import colormaps

    # ordered colours for ordered layers; viridis stays ordered for every kind of eye
    colors = colormaps["viridis"](np.linspace(0.0, 0.85, len(series)))
    for k, numbers in enumerate(series):
        name = "output layer" if k + 1 == len(series) else f"layer {k + 1}"
        _curve(ax, recorder.epochs, numbers, k, name, color=colors[k])
    if what == "delta_std" and np.max(series) > 0.0:
        ax.set_yscale("log")
    if what in ("saturated", "dead"):
        ax.set_ylim(-0.03, 1.03)
    if len(series) > 1:
        _legend_beside(ax)
    return _labelled(ax, "epoch", _MEANINGS[what])


def plot_gradient_by_depth(curves: Mapping[str, Sequence[float]], ax: Axes | None = None) -> Axes:
    """The results of `gradient_by_depth` by name, over the layers, on a logarithmic scale.

    A straight line that falls towards layer 1 is a gradient that vanishes by the same factor
    in every layer. Raises ValueError for no curves, ImportError without matplotlib.
    Source: lecture 001, vanishing gradient; Glorot and Bengio (2010), figure 7.

    >>> from autograd_lite.diagnostics import gradient_by_depth
    >>> from autograd_lite.initializers import he_uniform, xavier_uniform
    >>> from matplotlib.figure import Figure
    >>> ax = plot_gradient_by_depth({
    ...     "sigmoid, Xavier": gradient_by_depth("sigmoid", xavier_uniform, 5, 8, 4),
    ...     "ReLU, He": gradient_by_depth("relu", he_uniform, 5, 8, 4),
    ... }, ax=Figure().subplots())
    >>> ax.get_yscale(), len(ax.lines)
    ('log', 2)
    """
    if not curves:
        raise ValueError("plot_gradient_by_depth: no curves; give a dict of names to results")
    ax = _axes(ax)
    ax.set_yscale("log")
    for k, (name, numbers) in enumerate(curves.items()):
        _curve(ax, range(1, len(numbers) + 1), numbers, k, name, marker=_MARKERS[k % len(_MARKERS)])
    if len(curves) > 1:
        ax.legend()
    ax.grid(axis="y", alpha=0.3)
    return _labelled(
        ax, "layer (1 follows the inputs)", r"mean of $|\partial E/\partial z|$ before training"
    )


def plot_decision_boundary(
    mlp: MLP,
    X: ArrayLike,
    labels: ArrayLike,
    threshold: float | None = None,
    ax: Axes | None = None,
) -> Axes:
    """How a net of two inputs divides the plane, with samples X and their labels on it.

    X has the shape (samples, 2), labels (samples,) or (samples, 1). With one output the
    threshold divides outputs and labels into two classes (0.5 for labels 0 and 1, 0.0 for
    labels -1 and 1); with several outputs the largest one wins and labels are its numbers 0, 1, ...
    Regions have the colour of their class, and the boundary is a black line.
    Raises ValueError for shapes or labels that do not fit, a missing or unwanted threshold;
    ImportError without matplotlib.

    >>> from autograd_lite import nn
    >>> from matplotlib.figure import Figure
    >>> xor = nn.MLP.from_weights([[[1.0, 1.0], [1.0, 1.0]], [[1.0], [-2.0]]],
    ...                           [[0.0, -1.0], [0.0]], ["relu", "identity"])
    >>> ax = plot_decision_boundary(xor, [[0, 0], [0, 1], [1, 0], [1, 1]], [0, 1, 1, 0], 0.5,
    ...                             ax=Figure().subplots())
    >>> [text.get_text() for text in ax.get_legend().get_texts()]
    ['label 0', 'label 1']
    """
    points, numbers = _labelled_points(mlp, X, labels)
    outputs = mlp.sizes[-1]
    if threshold is not None and outputs > 1:
        raise ValueError("plot_decision_boundary: a threshold is for one output; the largest wins")
    if threshold is not None:
        classes = np.where(numbers > threshold, 1, 0)
    elif outputs > 1:
        classes = _class_numbers(numbers, outputs)
    else:
        raise ValueError("plot_decision_boundary: one output needs a threshold, for instance 0.5")
    ax = _axes(ax)
    _draw_regions(ax, mlp, points, threshold)
    for number in np.unique(numbers):
        members = numbers == number
        k = classes[members][0]
        x1, x2 = points[members].T
        ax.scatter(
            x1, x2, s=28, color=_COLORS[k % len(_COLORS)], marker=_MARKERS[k % len(_MARKERS)],
            edgecolors="black", linewidths=0.6, label=f"label {number:g}", zorder=3,
        )  # fmt: skip
    _legend_beside(ax)
    ax.set_xlabel("$x_1$")
    ax.set_ylabel("$x_2$")
    return ax


# --- what the pictures share ----------------------------------------------------------


def _axes(ax: Axes | None) -> Axes:
    """The Axes given, or those of a new figure."""
    if ax is not None:
        return ax
    try:
        import matplotlib.pyplot as plt
    except ImportError as error:
        raise ImportError(
            "plots need matplotlib; install it by: pip install 'autograd-lite[plot]'"
        ) from error
    return plt.subplots(layout="constrained")[1]


def _curve(
    ax: Axes, x: Sequence[int], y: Sequence[float], k: int, label: str, **style: Any
) -> None:
    """The k-th curve; a point alone, which makes no line, is marked."""
    look = {
        "color": _COLORS[k % len(_COLORS)],
        "linestyle": _STROKES[k % len(_STROKES)],
        "marker": "." if len(x) == 1 else "",
    }
    ax.plot(x, y, label=label, **(look | style))


def _labelled(ax: Axes, x: str, y: str) -> Axes:
    from matplotlib.ticker import MaxNLocator

    ax.set_xlabel(x)
    ax.set_ylabel(y)
    ax.xaxis.set_major_locator(MaxNLocator("auto", integer=True, steps=[1, 2, 5, 10]))
    return ax


def _legend_beside(ax: Axes) -> None:
    """A legend to the right of the Axes, where it hides no curve and no sample."""
    ax.legend(loc="upper left", bbox_to_anchor=(1.0, 1.0), frameon=False)


# --- the plane of two inputs ----------------------------------------------------------


def _draw_regions(ax: Axes, mlp: MLP, points: NDArray[Any], threshold: float | None) -> None:
    from matplotlib.colors import ListedColormap, to_rgb

    extent = np.ptp(points, axis=0)
    pad = np.where(extent > 0.0, 0.15 * extent, 1.0)
    low, high = points.min(axis=0) - pad, points.max(axis=0) + pad
    grid = np.stack(
        np.meshgrid(*(np.linspace(lo, hi, _STEPS) for lo, hi in zip(low, high))), axis=-1
    )
    outputs = mlp.predict(grid.reshape(-1, 2)).reshape(_STEPS, _STEPS, -1)
    if threshold is not None:
        outputs = np.concatenate([threshold - outputs, outputs - threshold], axis=-1)
    winner = outputs.argmax(axis=-1)
    classes = outputs.shape[-1]
    colors = [np.array(to_rgb(_COLORS[k % len(_COLORS)])) for k in range(classes)]
    pale = ListedColormap([1.0 - 0.3 * (1.0 - color) for color in colors])
    x1, x2 = grid[..., 0], grid[..., 1]
    ax.pcolormesh(
        x1, x2, winner, cmap=pale, vmin=-0.5, vmax=classes - 0.5, shading="nearest", rasterized=True
    )
    for k in range(1, classes):  # every boundary lies between two classes, one of them above 0
        lead = outputs[..., k] - np.delete(outputs, k, axis=-1).max(axis=-1)
        if lead.min() < 0.0 < lead.max():
            ax.contour(x1, x2, lead, levels=[0.0], colors="black", linewidths=1.2)


def _labelled_points(
    mlp: MLP, X: ArrayLike, labels: ArrayLike
) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
    """Samples (samples, 2) and their labels (samples,)."""
    points, numbers = np.asarray(X, dtype=float), np.asarray(labels, dtype=float)
    if mlp.sizes[0] != 2:
        raise ValueError(f"plot_decision_boundary: the network has {mlp.sizes[0]} inputs, not 2")
    if points.ndim != 2 or points.shape[1] != 2 or len(points) == 0:
        raise ValueError(
            f"plot_decision_boundary: X has the shape {points.shape}; it must be (samples, 2)"
        )
    if numbers.shape not in ((len(points),), (len(points), 1)):
        raise ValueError(
            f"plot_decision_boundary: labels have the shape {numbers.shape}; "
            f"{len(points)} samples need one number each"
        )
    return points, numbers.reshape(-1)


def _class_numbers(numbers: NDArray[np.float64], classes: int) -> NDArray[np.int64]:
    for number in numbers:
        if number not in range(classes):
            raise ValueError(
                f"plot_decision_boundary: label {number:g} is no class; "
                f"{classes} outputs have the classes 0 to {classes - 1}"
            )
    return numbers.astype(np.int64)
