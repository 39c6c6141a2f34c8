"""What goes on inside a net while it learns: numbers per layer, and pictures of them.

The numbers need NumPy alone. The pictures need matplotlib (pip install 'autograd-lite[plot]');
every plot takes the Axes to draw on, or makes new ones, and returns them.

>>> from autograd_lite import nn
>>> mlp = nn.MLP.from_weights([[[100.0, 0.0]]], activations="sigmoid")
>>> layer_statistics(mlp, [[1.0], [-1.0]])[0].saturated  # one of two units, at both samples
0.5
"""

from autograd_lite.diagnostics.plots import (
    plot_decision_boundary,
    plot_gradient_by_depth,
    plot_history,
    plot_layers,
)
from autograd_lite.diagnostics.statistics import (
    LayerStatistics,
    Recorder,
    gradient_by_depth,
    layer_statistics,
)
from autograd_lite.saturation import SATURATED_SLOPE

__all__ = [
    "LayerStatistics", "Recorder", "SATURATED_SLOPE", "gradient_by_depth", "layer_statistics",
    "plot_decision_boundary", "plot_gradient_by_depth", "plot_history", "plot_layers",
]  # fmt: skip
