"""Diagnostics: numbers per layer against hand derivations, pictures against the numbers."""

import gc
import sys
from itertools import pairwise
from math import atanh, isnan, log, sqrt
from random import Random

import matplotlib
import matplotlib.pyplot as plt
import numpy as np
import pytest
from matplotlib.figure import Figure

from autograd_lite import Value, data, diagnostics, losses, nn, optim
from autograd_lite.initializers import he_uniform, xavier_uniform
from autograd_lite.training import History, fit

matplotlib.use("Agg")

HALF = losses.half_squared_error


def relu_net():
    """h1 = relu(x), h2 = relu(-x), y = 3 h1 + 4 h2."""
    weights = [[[1.0, -1.0]], [[3.0], [4.0]]]
    return nn.MLP.from_weights(weights, activations=["relu", "identity"])


def one_unit(activation, z=1.0):
    """A single unit whose linear summation is z at the input 1."""
    return nn.MLP.from_weights([[[z]]], activations=activation)


def history_of(**series):
    history = History()
    for name, numbers in series.items():
        setattr(history, name, numbers)
    return history


def after(epochs):
    """The history as it stands after that many epochs."""
    return history_of(loss=[1.0] * epochs)


# --- numbers per layer --------------------------------------------------------------


def test_statistics_of_a_relu_net_by_hand():
    """At x = 1, 2, -1: (h1, h2) = (1, 0), (2, 0), (0, 1) and y = 3, 6, 4, targets 0.

    Deltas of the output are y, hidden ones 3 y or 4 y where the unit is on: 9, 18, 16, else 0.
    """
    X, T = [[1.0], [2.0], [-1.0]], [[0.0]] * 3
    hidden, output = diagnostics.layer_statistics(relu_net(), X, T, HALF)
    assert hidden == pytest.approx(
        (4 / 6, sqrt(6 / 6 - (4 / 6) ** 2), 43 / 6, sqrt(661 / 6 - (43 / 6) ** 2), 0.5, 0.0)
    )
    assert output == pytest.approx((13 / 3, sqrt(14) / 3, 13 / 3, sqrt(14) / 3, 0.0, 0.0))


def test_a_sigmoid_at_zero_passes_a_quarter():
    """a = 1/2, y = 2 a = 1, t = 0: the output's delta is 1, the hidden one 1 * 2 * 1/4."""
    mlp = nn.MLP.from_weights([[[1.0]], [[2.0]]], activations=["sigmoid", "identity"])
    hidden, output = diagnostics.layer_statistics(mlp, [[0.0]], [[0.0]], HALF)
    assert hidden == (0.5, 0.0, 0.5, 0.0, 0.0, 0.0)
    assert output == (1.0, 0.0, 1.0, 0.0, 0.0, 0.0)


@pytest.mark.parametrize("activation", ["sigmoid", "tanh", "softplus", "identity"])
@pytest.mark.parametrize("output", ["identity", "sigmoid", "tanh"])
def test_deltas_are_the_difference_quotients_by_the_biases(activation, output):
    """z = ... + b, so dE/dz = dE/db; central differences of step 1e-5 err by some 1e-10."""
    mlp = nn.MLP([2, 3, 2, 2], activation, output, rng=4)
    X, T = [[0.3, -0.8], [-0.5, 0.9], [1.1, 0.2]], [[0.1, 0.4], [0.6, 0.2], [0.5, 0.7]]
    statistics = diagnostics.layer_statistics(mlp, X, T, HALF)
    for layer, noted in zip(mlp.layers, statistics, strict=True):
        quotients = []
        for neuron in layer.neurons:
            errors = []
            for step in (1e-5, -1e-5):
                neuron.bias.data += step
                errors.append(0.5 * ((mlp.predict(X) - np.array(T)) ** 2).sum(axis=1))
                neuron.bias.data -= step
            quotients.append((errors[0] - errors[1]) / 2e-5)
        assert noted.delta_mean == pytest.approx(np.mean(quotients), abs=1e-8)
        assert noted.delta_std == pytest.approx(np.std(quotients), abs=1e-8)


def test_deltas_of_softmax_under_cross_entropy_are_output_less_target():
    """Goodfellow et al. (2016), 6.2.2: dE/dz = a - t; the mean over all classes is 0."""
    mlp = nn.MLP.from_weights([[[0.0, log(3.0)]]], activations="softmax")
    (noted,) = diagnostics.layer_statistics(mlp, [[1.0]], [[1.0, 0.0]], losses.cross_entropy)
    assert noted.activation_mean == pytest.approx(0.5)
    assert noted.activation_std == pytest.approx(0.25)  # the shares are 1/4 and 3/4
    assert noted.delta_mean == pytest.approx(0.0, abs=1e-15)
    assert noted.delta_std == pytest.approx(0.75)  # -3/4 and 3/4


# sigmoid: y (1 - y) = 1/100 at y = (1 + sqrt(1 - 4/100)) / 2; tanh: 1 - y*y = 1/100
CUTS = {
    "sigmoid": log((1 + sqrt(0.96)) / (1 - sqrt(0.96))),
    "tanh": atanh(sqrt(0.99)),
}


@pytest.mark.parametrize("activation", CUTS)
@pytest.mark.parametrize("sign", [-1.0, 1.0])
def test_saturated_begins_where_the_slope_falls_below_a_hundredth(activation, sign):
    for factor, share in ((0.999, 0.0), (1.001, 1.0)):
        mlp = one_unit(activation, sign * factor * CUTS[activation])
        (noted,) = diagnostics.layer_statistics(mlp, [[1.0]])
        assert (noted.saturated, noted.dead) == (share, 0.0)


def test_the_docstring_states_the_cuts():
    assert [round(cut, 1) for cut in CUTS.values()] == [4.6, 3.0]
    assert [round((1 + sign * sqrt(0.96)) / 2, 4) for sign in (-1, 1)] == [0.0101, 0.9899]
    for number in ("4.6", "0.0101", "0.9899", "3.0", "0.995"):
        assert number in diagnostics.layer_statistics.__doc__


@pytest.mark.parametrize(
    ("activation", "z", "saturated", "dead"),
    [
        ("relu", 1e-9, 0.0, 0.0),
        ("relu", 0.0, 1.0, 1.0),  # the derivative at the kink is 0
        ("relu", -1.0, 1.0, 1.0),
        ("identity", 1e9, 0.0, 0.0),
        ("step", 1.0, 1.0, 1.0),
        ("sigmoid", 40.0, 1.0, 1.0),  # 1 - y is 0 in floats: no derivative is left
        ("softmax", 1.0, 1.0, 1.0),  # one class alone always has the share 1
    ],
)
def test_saturated_and_dead_at_one_sample(activation, z, saturated, dead):
    (noted,) = diagnostics.layer_statistics(one_unit(activation, z), [[1.0]])
    assert (noted.saturated, noted.dead) == (saturated, dead)


def test_a_layer_of_dead_relus_passes_nothing_back():
    """Biases of -10 keep both units off; the output sees 0, so y = 0 and its delta is -1."""
    mlp = nn.MLP.from_weights(
        [[[2.0]], [[1.0, 1.0]], [[1.0], [1.0]]],
        [[0.0], [-10.0, -10.0], [0.0]],
        ["identity", "relu", "identity"],
    )
    first, dead, output = diagnostics.layer_statistics(mlp, [[1.0], [2.0]], [[1.0], [1.0]], HALF)
    assert dead == (0.0, 0.0, 0.0, 0.0, 1.0, 1.0)
    assert (first.delta_mean, first.delta_std, first.dead) == (0.0, 0.0, 0.0)
    assert output.delta_mean == -1.0


def test_a_unit_that_one_sample_wakes_is_not_dead():
    (noted,) = diagnostics.layer_statistics(one_unit("relu"), [[-1.0], [-2.0], [-3.0], [1.0]])
    assert (noted.saturated, noted.dead) == (0.75, 0.0)


def test_without_a_loss_there_are_no_deltas():
    for noted in diagnostics.layer_statistics(relu_net(), [[1.0]]):
        assert (noted.delta_mean, noted.delta_std) == (None, None)


def test_units_without_names_and_missing_connections_are_measured_too():
    w = Value(2.0)
    mlp = nn.MLP([1, 1])
    mlp.layers = [nn.Layer([nn.Neuron([w], None), nn.Neuron([None], Value(5.0))])]
    (noted,) = diagnostics.layer_statistics(mlp, [[3.0]], [[0.0, 0.0]], HALF)
    assert (noted.activation_mean, noted.delta_mean) == (5.5, 5.5)


def test_gradients_stay_and_no_graph_lives_on():
    mlp = nn.MLP([2, 3, 1], rng=1)
    for k, p in enumerate(mlp.parameters()):
        p.grad = float(k)
    X, T = [[1.0, 2.0]] * 4, [[0.0]] * 4

    def count():
        gc.collect()
        return sum(type(thing) is Value for thing in gc.get_objects())

    before = count()
    diagnostics.layer_statistics(mlp, X, T, HALF)
    assert count() == before
    assert [p.grad for p in mlp.parameters()] == [float(k) for k in range(13)]


def test_statistics_between_forward_and_backward_do_not_disturb_either():
    mlp = nn.MLP([2, 3, 1], rng=1)
    error = HALF(mlp([1.0, 2.0]), [0.5])
    diagnostics.layer_statistics(mlp, [[5.0, 6.0]], [[0.0]], HALF)
    error.backward()
    found = [p.grad for p in mlp.parameters()]
    mlp.zero_grad()
    HALF(mlp([1.0, 2.0]), [0.5]).backward()
    assert found == [p.grad for p in mlp.parameters()]


def test_a_net_that_diverged_has_nan_statistics_and_no_warning():
    mlp = nn.MLP.from_weights([[[1e200]], [[1e200]]], activations="identity")
    first, second = diagnostics.layer_statistics(mlp, [[1.0]])
    assert first.activation_mean == 1e200
    assert second.activation_mean == float("inf")
    assert isnan(second.activation_std)


@pytest.mark.parametrize(
    ("arguments", "text"),
    [
        (([1.0],), r"X has the shape \(1,\); it must be \(samples, numbers\)"),
        (([[]],), r"X has the shape \(1, 0\)"),
        (([[1.0, 2.0]],), "X has 2 columns; the network has 1 inputs"),
        (([[1.0]], [[1.0]]), "deltas need both T and loss; loss is missing"),
        (([[1.0]], None, HALF), "deltas need both T and loss; T is missing"),
        (([[1.0]], [[1.0], [2.0]], HALF), "1 samples in X but 2 targets in T"),
        (([[1.0]], [[1.0, 2.0]], HALF), "1 outputs but 2 targets"),
    ],
)
def test_arguments_that_do_not_fit(arguments, text):
    with pytest.raises(ValueError, match=text):
        diagnostics.layer_statistics(relu_net(), *arguments)


def test_a_loss_that_leaves_the_graph_is_refused():
    with pytest.raises(TypeError, match=r"the loss gave 3.0, no Value"):
        diagnostics.layer_statistics(relu_net(), [[1.0]], [[0.0]], lambda y, t: y[0].data)


# --- over training ------------------------------------------------------------------


def test_a_recorder_notes_every_second_epoch_and_the_start():
    recorder = diagnostics.Recorder([[1.0]], [[0.0]], HALF, every=2)
    for epochs in range(5):
        recorder(one_unit("identity", 10.0 + epochs), after(epochs))
    assert recorder.epochs == [0, 2, 4]
    assert [noted.activation_mean for noted in recorder.layers[0]] == [10.0, 12.0, 14.0]
    assert [noted.delta_mean for noted in recorder.layers[0]] == [10.0, 12.0, 14.0]


def test_fit_fills_a_recorder_and_trains_as_without_it():
    X, T = data.truth_table("XOR")

    def trained(recorder):
        mlp = nn.MLP([2, 3, 1], rng=1)
        adam = optim.Adam(mlp.parameters(), learning_rate=0.1)
        fit(mlp, HALF, X, T, adam, 5, progress=False, after_epoch=recorder)
        return mlp

    recorder = diagnostics.Recorder(X, T, HALF)
    mlp = trained(recorder)
    assert [p.data for p in mlp.parameters()] == [p.data for p in trained(None).parameters()]
    assert recorder.epochs == [1, 2, 3, 4, 5]
    last = [layer[-1] for layer in recorder.layers]
    assert last == diagnostics.layer_statistics(mlp, X, T, HALF)


def test_a_recorder_serves_one_run():
    recorder = diagnostics.Recorder([[1.0]])
    recorder(relu_net(), after(3))
    with pytest.raises(ValueError, match="epoch 1 follows epoch 3; take a new Recorder"):
        recorder(relu_net(), after(1))


def test_a_recorder_checks_its_arguments_before_training():
    with pytest.raises(ValueError, match="every is 0; it must be an int of at least 1"):
        diagnostics.Recorder([[1.0]], every=0)
    with pytest.raises(ValueError, match="Recorder: deltas need both T and loss"):
        diagnostics.Recorder([[1.0]], T=[[1.0]])


# --- the vanishing gradient ---------------------------------------------------------


def test_a_chain_of_sigmoids_loses_at_least_a_factor_of_four_per_layer():
    """One unit wide, all weights 1: delta(l) = delta(l+1) g'(z) and g' is at most 1/4."""
    means = diagnostics.gradient_by_depth("sigmoid", lambda i, o, rng: 1.0, 8, width=1)
    for earlier, later in pairwise(means):
        assert 0.0 < earlier <= later / 4


def test_a_chain_of_identities_keeps_the_product_of_its_weights():
    means = diagnostics.gradient_by_depth("identity", lambda i, o, rng: -2.0, 4, width=1)
    assert [mean / means[-1] for mean in means] == [8.0, 4.0, 2.0, 1.0]


@pytest.mark.parametrize("seed", range(3))
def test_sigmoid_gradients_vanish_and_relu_with_he_keeps_its_gradients(seed):
    """Xavier: E|delta(l)|^2 = E g'^2 |delta(l+1)|^2 <= |delta(l+1)|^2 / 16; He: the factor is 1.

    A given net of 32 units strays by some tens of percent a layer: a factor of 8 leaves room
    for it, where ten layers of sigmoids lose 4**9 = 262144.
    """
    sigmoid = diagnostics.gradient_by_depth("sigmoid", xavier_uniform, rng=seed)
    relu = diagnostics.gradient_by_depth("relu", he_uniform, rng=seed)
    assert len(sigmoid) == len(relu) == 10
    assert sigmoid[-1] / sigmoid[0] > 4**9
    assert max(relu) / min(relu) < 8


def test_tanh_with_xavier_stands_between():
    tanh = diagnostics.gradient_by_depth("tanh", xavier_uniform)
    assert 1 < tanh[-1] / tanh[0] < 4**4


def test_the_same_seed_gives_the_same_gradients():
    arguments = ("tanh", xavier_uniform, 3, 4, 2)
    first = diagnostics.gradient_by_depth(*arguments, rng=7)
    assert diagnostics.gradient_by_depth(*arguments, rng=Random(7)) == first
    assert diagnostics.gradient_by_depth(*arguments, rng=8) != first


@pytest.mark.parametrize("name", ["depth", "width", "samples"])
def test_counts_below_one_are_refused(name):
    with pytest.raises(ValueError, match=f"{name} is 0; it must be an int of at least 1"):
        diagnostics.gradient_by_depth("tanh", xavier_uniform, **{name: 0})


# --- pictures -----------------------------------------------------------------------

XOR = nn.MLP.from_weights(  # y = relu(x1 + x2) - 2 relu(x1 + x2 - 1)
    [[[1.0, 1.0], [1.0, 1.0]], [[1.0], [-2.0]]], [[0.0, -1.0], [0.0]], ["relu", "identity"]
)
CORNERS, TRUTHS = data.truth_table("XOR")


def recorder_of_two_epochs():
    recorder = diagnostics.Recorder([[1.0], [2.0], [-1.0]], [[0.0]] * 3, HALF)
    recorder(relu_net(), after(1))
    recorder(relu_net(), after(2))
    return recorder


PLOTS = {
    "history": lambda ax=None: diagnostics.plot_history(
        history_of(loss=[3.0, 1.0], validation_loss=[2.0, 1.5]), ax=ax
    ),
    "layers": lambda ax=None: diagnostics.plot_layers(recorder_of_two_epochs(), ax=ax),
    "gradient": lambda ax=None: diagnostics.plot_gradient_by_depth(
        {"sigmoid": [0.01, 0.1, 1.0], "ReLU": [0.9, 0.8, 1.0]}, ax=ax
    ),
    "boundary": lambda ax=None: diagnostics.plot_decision_boundary(
        XOR, CORNERS, TRUTHS, 0.5, ax=ax
    ),
}


@pytest.fixture
def ax():
    return Figure().subplots()


def drawn(ax):
    """The Axes after they were really drawn, when matplotlib would warn or fail."""
    matplotlib.backends.backend_agg.FigureCanvasAgg(ax.figure).draw()
    return ax


def curves(ax):
    return {line.get_label(): line.get_xydata().tolist() for line in ax.lines}


@pytest.mark.parametrize("plot", PLOTS.values(), ids=PLOTS)
def test_every_plot_draws_on_the_axes_given_and_returns_them(plot, ax, monkeypatch):
    monkeypatch.setattr(plt, "subplots", None)  # would fail if a figure were made
    assert plot(ax=ax) is ax
    assert drawn(ax).get_xlabel()
    assert ax.get_ylabel()
    assert ax.get_legend() is not None


@pytest.mark.parametrize("plot", PLOTS.values(), ids=PLOTS)
def test_every_plot_makes_axes_without_showing_them_or_changing_the_style(plot, monkeypatch):
    monkeypatch.setattr(plt, "show", None)
    style = dict(matplotlib.rcParams)
    ax = drawn(plot())
    assert ax.figure.axes == [ax]
    assert dict(matplotlib.rcParams) == style
    plt.close(ax.figure)


@pytest.mark.parametrize("plot", PLOTS.values(), ids=PLOTS)
def test_without_matplotlib_the_error_names_the_extra(plot, monkeypatch):
    for name in [m for m in sys.modules if m.split(".")[0] == "matplotlib"]:
        monkeypatch.setitem(sys.modules, name, None)
    with pytest.raises(ImportError, match=r"pip install 'autograd-lite\[plot\]'"):
        plot()


@pytest.mark.parametrize("name", ["history", "layers", "gradient"])
def test_curves_differ_in_colour_and_in_stroke(name, ax):
    first, second = PLOTS[name](ax=ax).lines
    assert matplotlib.colors.to_hex(first.get_color()) != matplotlib.colors.to_hex(
        second.get_color()
    )
    assert first.get_linestyle() != second.get_linestyle()


@pytest.mark.parametrize("what", ["loss", "accuracy"])
def test_history_curves_are_its_numbers_over_epochs_from_one(what, ax):
    history = history_of(
        loss=[3.0, 1.0], accuracy=[0.5, 0.75], validation_loss=[2.0], validation_accuracy=[0.25]
    )
    diagnostics.plot_history(history, what, ax=ax)
    train, held_out = getattr(history, what), getattr(history, f"validation_{what}")
    assert curves(ax) == {
        "training": [[1.0, train[0]], [2.0, train[1]]],
        "held-out": [[1.0, held_out[0]]],
    }
    assert what in ax.get_ylabel()


def test_one_curve_needs_no_legend(ax):
    diagnostics.plot_history(after(2), ax=ax)
    assert ax.get_legend() is None


def test_what_a_history_does_not_hold_is_said(ax):
    with pytest.raises(ValueError, match="holds no accuracy; fit needs a threshold for one output"):
        diagnostics.plot_history(after(2), "accuracy", ax=ax)
    with pytest.raises(ValueError, match=r"History\(epochs=0, .*\) holds no loss"):
        diagnostics.plot_history(History(), ax=ax)
    with pytest.raises(ValueError, match=r'what is .error.; it must be "loss" or "accuracy"'):
        diagnostics.plot_history(after(2), "error", ax=ax)


@pytest.mark.parametrize("what", diagnostics.LayerStatistics._fields)
def test_layer_curves_are_the_recorded_numbers(what, ax):
    recorder = recorder_of_two_epochs()
    drawn(diagnostics.plot_layers(recorder, what, ax=ax))
    hidden, output = (getattr(layer[0], what) for layer in recorder.layers)
    assert curves(ax) == {
        "layer 1": [[1.0, hidden], [2.0, hidden]],
        "output layer": [[1.0, output], [2.0, output]],
    }
    assert ax.get_yscale() == ("log" if what == "delta_std" else "linear")


@pytest.mark.parametrize(("x", "scale"), [(1.0, "log"), (0.0, "linear")])
def test_deltas_without_a_spread_are_drawn_without_a_warning(x, scale, ax):
    """The output's spread over one sample is 0; at x = 0 the hidden layer's is 0 too."""
    recorder = diagnostics.Recorder([[x]], [[0.0]], HALF)
    recorder(relu_net(), after(1))
    assert recorder.layers[1][0].delta_std == 0.0
    drawn(diagnostics.plot_layers(recorder, "delta_std", ax=ax))
    assert ax.get_yscale() == scale


def test_layers_that_cannot_be_drawn(ax):
    empty = diagnostics.Recorder([[1.0]])
    with pytest.raises(ValueError, match="noted no epoch; give it to fit as after_epoch"):
        diagnostics.plot_layers(empty, ax=ax)
    empty(relu_net(), after(1))
    with pytest.raises(ValueError, match="has no deltas; make it with T and loss"):
        diagnostics.plot_layers(empty, "delta_mean", ax=ax)
    with pytest.raises(ValueError, match="what is 'mean'; it must be one of activation_mean, "):
        diagnostics.plot_layers(empty, "mean", ax=ax)


def test_gradient_curves_are_the_numbers_over_layers_on_a_log_scale(ax):
    PLOTS["gradient"](ax=ax)
    assert curves(ax) == {
        "sigmoid": [[1.0, 0.01], [2.0, 0.1], [3.0, 1.0]],
        "ReLU": [[1.0, 0.9], [2.0, 0.8], [3.0, 1.0]],
    }
    assert ax.get_yscale() == "log"


def test_a_gradient_that_is_zero_is_drawn_without_a_warning(ax):
    drawn(diagnostics.plot_gradient_by_depth({"dead": [0.0, 0.0, 1.0], "all dead": [0.0]}, ax=ax))


def test_no_curves_is_an_error(ax):
    with pytest.raises(ValueError, match="no curves; give a dict of names to results"):
        diagnostics.plot_gradient_by_depth({}, ax=ax)


def test_the_regions_and_the_boundary_of_xor_by_hand(ax):
    """y > 1/2 between the lines x1 + x2 = 1/2 and x1 + x2 = 3/2, where y is linear."""
    mesh, line = PLOTS["boundary"](ax=ax).collections[:2]
    corners = mesh.get_coordinates()
    centres = (corners[:-1, :-1] + corners[1:, 1:]) / 2
    sums = centres.sum(axis=-1)
    clear = (np.abs(sums - 0.5) > 1e-9) & (np.abs(sums - 1.5) > 1e-9)
    inside = (sums > 0.5) & (sums < 1.5)
    assert (mesh.get_array().reshape(inside.shape) == inside)[clear].all()
    on_line = np.concatenate([path.vertices for path in line.get_paths()]).sum(axis=1)
    assert np.minimum(np.abs(on_line - 0.5), np.abs(on_line - 1.5)).max() < 1e-9


def test_every_sample_is_drawn_with_its_label(ax):
    PLOTS["boundary"](ax=ax)
    points = {c.get_label(): c.get_offsets().tolist() for c in ax.collections[2:]}
    assert points == {
        "label 0": [[1.0, 1.0], [0.0, 0.0]],
        "label 1": [[1.0, 0.0], [0.0, 1.0]],
    }


def test_several_outputs_divide_the_plane_by_the_largest(ax):
    """Outputs x1, x2 and -x1 - x2: three regions that meet at the origin."""
    mlp = nn.MLP.from_weights([[[1.0, 0.0, -1.0], [0.0, 1.0, -1.0]]], activations="identity")
    X, labels = [[2.0, -1.0], [-1.0, 2.0], [-1.0, -1.0]], [0, 1, 2]
    mesh = drawn(diagnostics.plot_decision_boundary(mlp, X, labels, ax=ax)).collections[0]
    corners = mesh.get_coordinates()
    x1, x2 = np.moveaxis((corners[:-1, :-1] + corners[1:, 1:]) / 2, -1, 0)
    winner = mesh.get_array().reshape(x1.shape)
    for number, region in enumerate(
        [(x1 > x2) & (2 * x1 > -x2), (x2 > x1) & (2 * x2 > -x1), (2 * x1 < -x2) & (2 * x2 < -x1)]
    ):
        inside = region & (np.abs(x1 - x2) > 1e-9)
        assert (winner[inside] == number).all()
    assert len(ax.collections) == 1 + 2 + 3  # regions, the boundaries of classes 1 and 2, labels


def test_a_net_that_decides_alike_everywhere_has_no_boundary(ax):
    drawn(diagnostics.plot_decision_boundary(XOR, CORNERS, TRUTHS, threshold=100.0, ax=ax))
    assert len(ax.collections) == 1 + 2  # regions, samples of both labels


def test_a_single_sample_is_enough(ax):
    drawn(diagnostics.plot_decision_boundary(XOR, [[0.0, 0.0]], [0], 0.5, ax=ax))


TWO_OUTPUTS = nn.MLP.from_weights([[[1.0, 0.0], [0.0, 1.0]]], activations="identity")


@pytest.mark.parametrize(
    ("mlp", "X", "labels", "threshold", "text"),
    [
        (relu_net(), [[1.0]], [0], 0.5, "the network has 1 inputs, not 2"),
        (XOR, [[1.0]], [0], 0.5, r"X has the shape \(1, 1\); it must be \(samples, 2\)"),
        (XOR, CORNERS, [0], 0.5, r"labels have the shape \(1,\); 4 samples need one number each"),
        (XOR, CORNERS, TRUTHS, None, "one output needs a threshold"),
        (TWO_OUTPUTS, CORNERS, TRUTHS, 0.5, "a threshold is for one output; the largest wins"),
        (TWO_OUTPUTS, [[0.0, 0.0]], [2], None, "label 2 is no class; 2 outputs have the classes"),
    ],
)
def test_a_plane_that_cannot_be_drawn(mlp, X, labels, threshold, text, ax):
    with pytest.raises(ValueError, match=text):
        diagnostics.plot_decision_boundary(mlp, X, labels, threshold, ax=ax)
