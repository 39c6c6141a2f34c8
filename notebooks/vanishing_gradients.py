# %% [markdown]
# # Vanishing gradients, by depth
#
# Why a deep net of sigmoids hardly learns in its first layers, what tanh, ReLU and the right first
# weights change, and how to see it in numbers before a single epoch is trained.

# %%
from math import exp, isclose
from statistics import geometric_mean

import matplotlib.pyplot as plt

import autograd_lite as al
from autograd_lite.training import History

# %% [markdown]
# ## A chain, by hand
#
# One unit per layer, $a_l = g(w_l\, a_{l-1})$. The chain rule has one factor for each layer:
#
# $$\frac{\partial a_L}{\partial a_0} = \prod_{l=1}^{L} w_l\, g'(z_l), \qquad
#   \frac{\partial E}{\partial w_1} = (a_L - t)\;g'(z_L)\,w_L \cdots g'(z_2)\,w_2\;g'(z_1)\;a_0 .$$
#
# For the sigmoid $g' = a(1-a) \le \frac14$. With weights of 1, five layers divide by more than
# $4^5 = 1024$. (The weight then moves by *minus* $\eta\,\partial E/\partial w_1$; lecture 001
# prints a plus here as well, E001-01.)

# %%
depth, a0, t = 5, 1.0, 0.0
a, slopes = a0, []
for _ in range(depth):
    a = 1.0 / (1.0 + exp(-1.0 * a))
    slopes.append(a * (1.0 - a))
product = 1.0
for layer in range(depth, 0, -1):
    product *= slopes[layer - 1]
    print(f"layer {layer}: g' = {slopes[layer - 1]:.6f}, delta = {(a - t) * product:.8f}")
by_hand = (a - t) * product * a0

chain = al.nn.MLP.from_weights([[[1.0]]] * depth, activations="sigmoid")
loss = al.losses.half_squared_error(chain([a0]), [t])
table = chain.deltas(loss)
al.testing.assert_deltas(table, {"w11[1]": by_hand, "o1": (a - t) * slopes[-1]})
assert by_hand < (a - t) / 4**depth

# %% [markdown]
# ## Nets of ten layers
#
# Now 32 units a layer, weights drawn as Xavier or as He proposes, biases 0, random inputs and
# targets. For each layer the mean of $|\delta| = |\partial E/\partial z|$, before any training.
# `gradient_by_depth` makes the net, runs 32 samples through it and reads the deltas off the graphs.

# %%
initializers = {"Xavier": al.initializers.xavier_uniform, "He": al.initializers.he_uniform}
curves = {
    f"{activation}, {name}": al.diagnostics.gradient_by_depth(activation, initializer)
    for activation in ("sigmoid", "tanh", "relu")
    for name, initializer in initializers.items()
}
figure, ax = plt.subplots(figsize=(7, 3.8), layout="constrained")
ax = al.diagnostics.plot_gradient_by_depth(curves, ax=ax)

# %% [markdown]
# A straight line on this scale is a constant factor per layer. Nine steps from the last layer to
# the first:

# %%
factors = {}
for name, deltas in curves.items():
    factors[name] = (deltas[-1] / deltas[0]) ** (1 / 9)
    print(
        f"{name:16} last {deltas[-1]:.2f}, first {deltas[0]:.1e}: / {factors[name]:.2f} per layer"
    )
assert factors["sigmoid, Xavier"] > 4.0
assert factors["sigmoid, He"] > 3.0
assert 1.3 < factors["relu, Xavier"] < 1.6
assert max(abs(1.0 - factors[name]) for name in ("relu, He", "tanh, He")) < 0.05

# %% [markdown]
# Where the factors come from. Xavier's variance of a square layer is $1/n$, so that a sum of $n$
# terms is as wide as one of them: what is left is the slope.
#
# * **sigmoid**: near $z = 0$ the slope is $\frac14$ and below elsewhere, so that 4 is the least to
#   expect. With He's weights, $\sqrt2$ times larger, it is $4/\sqrt2 = 2.8$.
# * **tanh**: the slope is 1 at 0 and below elsewhere; a little is lost in each layer.
# * **ReLU**: half of the slopes are 0. With Xavier the signal loses $\sqrt2$ a layer, and that
#   $\sqrt2$ is exactly what He puts in.

# %%
assert factors["sigmoid, He"] > 4.0 / 2.0**0.5
assert isclose(factors["relu, Xavier"], 2.0**0.5, rel_tol=0.1)

# %% [markdown]
# One draw of weights proves little. Five draws of the two extremes, geometric means of the factor:

# %%
for activation, name in (("sigmoid", "Xavier"), ("relu", "He")):
    draws = [
        al.diagnostics.gradient_by_depth(activation, initializers[name], rng=s) for s in range(5)
    ]
    ratios = [(d[-1] / d[0]) ** (1 / 9) for d in draws]
    print(
        f"{activation:8} {name:7} {geometric_mean(ratios):.2f}  of {[round(r, 2) for r in ratios]}"
    )
    assert abs(geometric_mean(ratios) - {"sigmoid": 4.4, "relu": 1.0}[activation]) < 0.2

# %% [markdown]
# ## Saturated and dead
#
# A slope can be small for another reason: weights or biases push units into the flat parts. A
# *saturated* unit has $|g'| < 0.01$ at a sample, a *dead* one $g' = 0$ at all of them; it never
# learns from these samples again. Two moons, four hidden layers of 8 units: tanh with first weights
# as they should be and ten times as large, ReLU with biases 0 and $-1$.

# %%
X, labels = al.data.two_moons(60, noise=0.1, seed=1)
T = (labels[:, None] + 1.0) / 2.0
print("                    saturated, by layer          dead, by layer")
for what, activation, factor, bias in (
    ("tanh", "tanh", 1.0, 0.0),
    ("tanh, weights x 10", "tanh", 10.0, 0.0),
    ("relu", "relu", 1.0, 0.0),
    ("relu, biases -1", "relu", 1.0, -1.0),
):
    net = al.nn.MLP([2, 8, 8, 8, 8, 1], activation, "sigmoid", rng=2)
    for neuron in (neuron for layer in net.layers[:-1] for neuron in layer.neurons):
        neuron.bias.data = bias
        for w in neuron.weights:
            w.data *= factor
    layers = al.diagnostics.layer_statistics(net, X)[:-1]
    columns = [[layer.saturated for layer in layers], [layer.dead for layer in layers]]
    percent = ["".join(f"{share:6.0%}" for share in column) for column in columns]
    print(f"{what:18}{percent[0]}{percent[1]}")
    if factor > 1.0:
        assert sum(columns[0]) / 4 > 0.5
    assert (max(columns[1]) == 1.0) == (bias < 0.0)

# %% [markdown]
# A ReLU is off for about half of all samples, which counts as saturated. That is its nature; it is
# ill only when it is off for all of them. In so narrow a net some units are dead from the start;
# with biases of $-1$ whole layers are, and nothing gets through.
#
# ## Does it matter?
#
# The same task for six hidden layers of 12, with plain momentum: an optimizer that adapts its steps
# would cover up the small gradients.

# %%
figure, (left, right) = plt.subplots(1, 2, figsize=(9, 3.2), layout="constrained")
histories, at_start = {}, {}
for activation, name, stroke, color in (
    ("sigmoid", "Xavier", "-", "#0072B2"),
    ("tanh", "Xavier", "--", "#D55E00"),
    ("relu", "He", "-.", "#009E73"),
):
    net = al.nn.MLP([2, *[12] * 6, 1], activation, "sigmoid", initializer=initializers[name], rng=0)
    recorder = al.diagnostics.Recorder(X, T, al.losses.binary_cross_entropy, every=5)
    recorder(net, History())
    histories[activation] = al.training.fit(
        net,
        al.losses.binary_cross_entropy,
        X,
        T,
        al.optim.Momentum(net.parameters(), 0.01),
        40,
        batch_size=4,
        threshold=0.5,
        after_epoch=recorder,
        progress=False,
    )
    loss = histories[activation].loss
    left.plot(range(1, 41), loss, stroke, color=color, label=f"{activation}, {name}")
    spread = [noted.delta_std for noted in recorder.layers[0]]
    at_start[activation] = spread[0]
    right.plot(recorder.epochs, spread, stroke, color=color, label=f"{activation}, {name}")
    print(f"{activation:8} loss {loss[-1]:.4f}, accuracy {histories[activation].accuracy[-1]:.0%}")
left.set(xlabel="epoch", ylabel="loss (mean over samples)")
right.set(xlabel="epoch", ylabel="spread of δ in the first layer", yscale="log")
legend = left.legend()
assert histories["sigmoid"].loss[-1] > 0.6  # ln 2 = 0.69 is to say one half to everything
assert min(at_start["tanh"], at_start["relu"]) > 1000.0 * at_start["sigmoid"]
assert max(histories[name].loss[-1] for name in ("tanh", "relu")) < 0.1

# %% [markdown]
# The sigmoid net has not begun: its first layer gets a signal thousands of times weaker, and what
# it puts out is still one half for every point.
#
# One correction to the table of activations in lecture 001 (E001-11): ReLU "six times faster"
# was one four-layer convolutional net on CIFAR-10, the time to 25 % training error, against tanh
# (Krizhevsky et al., 2012). It is no constant of nature. And the name is Xavier (Glorot).
