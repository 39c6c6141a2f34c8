# %% [markdown]
# # The delta rule, and what the cost function does to it
#
# One layer of sigmoid units, worked with a pencil, in plain Python and by the library. Then
# the same layer with another cost, two layers, and the numbers to start from.
#
# The worked exercise is the one of lecture 000, *training in a single layer*. Where its print
# is wrong or silent, this page says so, shows the number and gives the reason. E000-07 and its
# like are the names under which the tests of `autograd_lite` know these places.

# %%
from math import exp, isclose, log, sqrt
from random import Random

import matplotlib.pyplot as plt
import numpy as np

import autograd_lite as al

# %% [markdown]
# ## The rule
#
# A unit adds up what comes in and squashes the sum; the error is what it should not have said:
#
# $$z_j = \sum_i x_i w_{ij}, \qquad h_j = \sigma(z_j) = \frac{1}{1+e^{-z_j}}, \qquad
#   e_j = h_j - d_j, \qquad J = \tfrac12 \sum_j e_j^2 .$$
#
# The chain rule runs back through the same three steps. With $\sigma' = h(1-h)$
#
# $$\frac{\partial J}{\partial w_{ij}}
#   = \underbrace{e_j}_{\partial J/\partial h_j}
#     \underbrace{h_j(1-h_j)}_{\partial h_j/\partial z_j}
#     \underbrace{x_i}_{\partial z_j/\partial w_{ij}}
#   = \delta_j x_i, \qquad w_{ij} \leftarrow w_{ij} - \alpha\, \delta_j x_i .$$
#
# ## By hand
#
# Two inputs and the bias input $x_0 = 1$, two units. The exercise does not print the learning
# rate $\alpha$; its row of updates equals $-\delta x$, so $\alpha = 1$ (E000-05).

# %%
x = [1.0, 1.0, 0.0]  # x[0] = 1 carries the bias
w = [[2.0, 1.0], [1.0, 2.0], [1.0, 1.0]]  # w[i][j] leads from input i to unit j
d = [1.0, 0.0]
alpha = 1.0

z = [sum(x[i] * w[i][j] for i in range(3)) for j in range(2)]
h = [1.0 / (1.0 + exp(-z[j])) for j in range(2)]
e = [h[j] - d[j] for j in range(2)]
delta = [e[j] * h[j] * (1.0 - h[j]) for j in range(2)]
new_w = [[w[i][j] - alpha * delta[j] * x[i] for j in range(2)] for i in range(3)]

print("unit     z         h         e      delta    new w0j   new w1j   new w2j")
for j in range(2):
    numbers = [z[j], h[j], e[j], delta[j], *(new_w[i][j] for i in range(3))]
    print(f"  {j + 1} " + "".join(f"{number:10.6f}" for number in numbers))

# %% [markdown]
# All of these are the exercise's printed digits:

# %%
assert z == [3.0, 3.0]
assert [f"{number:.6f}" for number in h] == ["0.952574", "0.952574"]
assert f"{e[0]:.5f}" == "-0.04743"
assert f"{e[1]:.6f}" == "0.952574"
assert f"{delta[0]:.5f}" == "-0.00214"
assert f"{delta[1]:.6f}" == "0.043034"
assert [f"{new_w[i][0]:.6f}" for i in range(3)] == ["2.002143", "1.002143", "1.000000"]
assert [f"{new_w[i][1]:.6f}" for i in range(3)] == ["0.956966", "1.956966", "1.000000"]

# %% [markdown]
# $w_{21}$ and $w_{22}$ do not move: their input was 0, and a weight that had no part in the
# answer has no part in the blame.
#
# ## By the library
#
# The network is a list of numbers; the delta table is read off the graph of its loss.

# %%
layer = al.nn.MLP.from_weights(
    [[[1.0, 2.0], [1.0, 1.0]]],
    [[2.0, 1.0]],
    "sigmoid",
    names=[[["w11", "w12"], ["w21", "w22"]]],
    bias_names=[["w01", "w02"]],
)
loss = al.losses.half_squared_error(layer([1.0, 0.0]), d)
loss.label = "J"
table = layer.deltas(loss, learning_rate=alpha)
table

# %%
by_hand = {f"o{j + 1}": {"z": z[j], "a": h[j], "error": e[j], "delta": delta[j]} for j in range(2)}
by_hand |= {f"w{i}{j + 1}": {"updated": new_w[i][j]} for i in range(3) for j in range(2)}
al.testing.assert_deltas(table, by_hand)

# %% [markdown]
# Every box of the graph is a number, every edge a local derivative. Blue was computed forward,
# orange backward; a gradient is the product of what stands on the way to $J$.

# %%
loss.backward()
al.draw(loss, level="op")

# %% [markdown]
# The rule alone, one unit at a time, is a function:

# %%
for j in range(2):
    column = [w[i][j] for i in range(3)]
    moved = al.learning_rules.delta_rule(column, x, d[j], alpha, al.OPS["sigmoid"])
    assert all(isclose(moved[i], new_w[i][j]) for i in range(3))
    print(f"unit {j + 1}: {[round(number, 6) for number in moved]}")

# %% [markdown]
# ## The half in front of the sum
#
# The lecture's first slide of updates sets $\sum e_n^2$ equal to $\sum \frac12 e_n^2$ (E000-01).
# They differ by the factor 2, and so do their gradients: only with the half is
# $\partial J/\partial h$ the bare error $e$. Forgetting it doubles the learning rate.

# %%
with_half = layer.deltas(al.losses.half_squared_error(layer([1.0, 0.0]), d))
without = layer.deltas(al.losses.squared_error(layer([1.0, 0.0]), d))
for name in ("o1", "o2"):
    print(f"{name}: {with_half[name].delta:9.6f} with the half, {without[name].delta:9.6f} without")
    assert isclose(without[name].delta, 2.0 * with_half[name].delta)

# %% [markdown]
# ## Another cost: the cross entropy
#
# Unit 2 is badly wrong: it says 0.95 and should say 0. Yet its $\delta$ is 0.043, because
# $h(1-h)$ is small wherever the unit is sure of itself, rightly or wrongly. The binary cross
# entropy
#
# $$J = -\sum_j \bigl[d_j \ln h_j + (1-d_j) \ln(1-h_j)\bigr], \qquad
#   \frac{\partial J}{\partial h_j} = \frac{h_j - d_j}{h_j(1-h_j)}$$
#
# has exactly that factor in the denominator. It cancels: $\delta_j = e_j$.

# %%
cross_entropy = -sum(d[j] * log(h[j]) + (1.0 - d[j]) * log(1.0 - h[j]) for j in range(2))
new_w_ce = [[w[i][j] - alpha * e[j] * x[i] for j in range(2)] for i in range(3)]

loss_ce = al.losses.binary_cross_entropy(layer([1.0, 0.0]), d)
table_ce = layer.deltas(loss_ce, learning_rate=alpha)
assert isclose(loss_ce.data, cross_entropy)
al.testing.assert_deltas(
    table_ce,
    {
        "o1": e[0],
        "o2": e[1],
        "w12": {"updated": new_w_ce[1][1]},
        "w02": {"updated": new_w_ce[0][1]},
    },
)
assert isclose(new_w_ce[0][1], 0.0474258732, rel_tol=1e-9)

print(f"cost           half squared error {loss.data:.6f}     cross entropy {loss_ce.data:.6f}")
for j in range(2):
    print(f"delta of unit {j + 1}        {delta[j]:18.6f}  {e[j]:20.6f}")
print(f"unit 2 learns {e[1] / delta[1]:.1f} times faster")
assert round(e[1] / delta[1]) == 22

# %% [markdown]
# The whole picture: the signal $\delta$ that a unit gets whose target is 0, whatever its $z$.
# Both curves are derivatives taken by the engine.

# %%
zs = [k / 10 for k in range(-60, 61)]
squared = al.grad(lambda z: al.losses.half_squared_error([al.sigmoid(z)], [0.0]))
entropy = al.grad(lambda z: al.losses.binary_cross_entropy_with_logits([z], [0.0]))

figure, ax = plt.subplots(figsize=(6, 3.2), layout="constrained")
ax.plot(zs, [entropy(z) for z in zs], color="#0068a8", label="cross entropy: δ = e")
ax.plot(zs, [squared(z) for z in zs], "--", color="#b03c08", label="squared error: δ = e h(1 − h)")
ax.set(xlabel="z of a unit whose target is 0", ylabel="δ = ∂J/∂z")
legend = ax.legend()

# %% [markdown]
# At $z = 6$ the unit is as wrong as can be. The squared error hardly tells it so; the cross
# entropy does. It is not that one cost is more *sensitive* than the other (E000-11): the slope
# of the sigmoid drops out.

# %%
assert entropy(6.0) > 0.99
assert squared(6.0) < 0.003

# %% [markdown]
# ### When is $\delta = e$?
#
# The lecture writes $\delta^{(3)} = e^{(3)}$ for the cross entropy as such (E000-12). It holds
# for a sigmoid output with the binary cross entropy, and for softmax with the multi-class one,
# because there the slopes cancel. Two counter-examples:
#
# * the sigmoid with the squared error: $\delta = e\,h(1-h)$, as above;
# * a tanh output read as the probability $p = \frac12(1+\tanh z)$ with the binary cross
#   entropy. Since $p = \sigma(2z)$, it gives $\delta = 2e$.


# %%
def cost_of_tanh(z):
    """The cross entropy of p = (1 + tanh z) / 2 for the target 1."""
    return al.losses.binary_cross_entropy([0.5 * (1.0 + al.tanh(z))], [1.0])


error = 0.5 * (1.0 + al.tanh(0.3)) - 1.0
print(f"error {error:.6f}, delta {al.grad(cost_of_tanh)(0.3):.6f}")
assert isclose(al.grad(cost_of_tanh)(0.3), 2.0 * error)

# %% [markdown]
# ## Two layers: use the old weights
#
# Counting layers of nodes from 1, $x^{(1)}$ is the input, and (E000-03: the print counts $z$
# one too low)
#
# $$z^{(2)} = x^{(1)} w^{(1)},\; x^{(2)} = g(z^{(2)}),\quad
#   z^{(3)} = x^{(2)} w^{(2)},\; x^{(3)} = g(z^{(3)}) = h .$$
#
# Backward:
#
# $$e^{(3)} = h - d,\quad \delta^{(3)} = e^{(3)} g'(z^{(3)}),\quad
#   e^{(2)} = \delta^{(3)} w^{(2)\mathsf T},\quad \delta^{(2)} = e^{(2)} g'(z^{(2)}),\quad
#   \frac{\partial J}{\partial w^{(l)}} = x^{(l)\mathsf T} \delta^{(l+1)} .$$
#
# The weights and data below are ours; the lecture has the formulas alone.

# %%
x1, target = np.array([[1.0, 2.0]]), np.array([[1.0, 0.0]])
w1 = np.array([[0.1, -0.2], [0.4, 0.3]])
w2 = np.array([[0.5, -0.6], [0.7, 0.8]])


def sigmoid(z):
    """1 / (1 + e^-z) of every entry."""
    return 1.0 / (1.0 + np.exp(-z))


x2 = sigmoid(x1 @ w1)
x3 = sigmoid(x2 @ w2)
e3 = x3 - target
delta3 = e3 * x3 * (1.0 - x3)
e2 = delta3 @ w2.T
delta2 = e2 * x2 * (1.0 - x2)
gradient1, gradient2 = x1.T @ delta2, x2.T @ delta3
print("delta(3) =", delta3.round(6), "   delta(2) =", delta2.round(6))

# %%
net = al.nn.MLP.from_weights([w1.tolist(), w2.tolist()], activations="sigmoid")
two_layers = net.deltas(al.losses.half_squared_error(net([1.0, 2.0]), [1.0, 0.0]), 0.5)
al.testing.assert_deltas(
    two_layers,
    {
        "h1": delta2[0, 0],
        "h2": delta2[0, 1],
        "o1": delta3[0, 0],
        "o2": delta3[0, 1],
        "w11[1]": gradient1[0, 0],
        "w21[2]": gradient2[1, 0],
    },
)
al.testing.assert_deltas(two_layers, {"w11[1]": {"updated": 0.1114029821}}, decimals=10)
matrices = al.learning_rules.back_propagation(
    [w1, w2], [[0.0, 0.0]] * 2, [al.OPS["sigmoid"]] * 2, x1[0], target[0]
)
assert np.allclose(matrices.weights[0], gradient1)
assert np.allclose(matrices.weights[1], gradient2)
two_layers

# %% [markdown]
# The order of the lecture's slides is: update $w^{(2)}$, then $e^{(2)} = \delta^{(3)}
# w^{(2)\mathsf T}$ (E000-07). Its own summary has it the other way round, and that one is right:
# a gradient belongs to one point, so every factor is taken before any weight moves. The
# faulty order, and a central difference to judge between the two:

# %%
moved_w2 = w2 - 0.5 * gradient2
faulty = ((delta3 @ moved_w2.T) * x2 * (1.0 - x2))[0, 0] * x1[0, 0]


def cost_at(w11):
    """J with another first weight, everything else as above."""
    changed = w1.copy()
    changed[0, 0] = w11
    return 0.5 * ((sigmoid(sigmoid(x1 @ changed) @ w2) - target) ** 2).sum()


step = 1e-5
difference = (cost_at(0.1 + step) - cost_at(0.1 - step)) / (2.0 * step)
print(f"w(2) updated first {faulty:.10f}")
print(f"old w(2)           {gradient1[0, 0]:.10f}")
print(f"difference         {difference:.10f}")
assert isclose(difference, gradient1[0, 0], rel_tol=1e-8)
assert not isclose(difference, faulty, rel_tol=0.05)

# %% [markdown]
# With the cross entropy only the last layer's $\delta$ loses its slope; the hidden one keeps it:

# %%
delta3_ce = e3
delta2_ce = (delta3_ce @ w2.T) * x2 * (1.0 - x2)
two_layers_ce = net.deltas(al.losses.binary_cross_entropy(net([1.0, 2.0]), [1.0, 0.0]))
al.testing.assert_deltas(
    two_layers_ce,
    {
        "o1": delta3_ce[0, 0],
        "o2": delta3_ce[0, 1],
        "h1": delta2_ce[0, 0],
        "h2": delta2_ce[0, 1],
    },
)
al.testing.assert_deltas(
    two_layers_ce,
    {"o1": -0.3154943525, "o2": 0.5130921134, "h1": -0.0956814454, "h2": 0.0455600791},
    decimals=10,
)
print("delta(3) =", delta3_ce.round(6), "   delta(2) =", delta2_ce.round(6))

# %% [markdown]
# ### What is wrong with the sigmoid
#
# Two things are true of it, and the lecture's wording blurs both (E000-08). Its slope is at most
# $\frac14$, so every layer takes a factor of at least four away from $\delta$; and its outputs are
# all positive, so that all weights *into* one unit of the next layer get gradients of the same
# sign, $\delta_j x_i$ with every $x_i > 0$. Such a unit can only raise all its weights or lower
# all of them. Column by column:

# %%
print(gradient2.round(6))
assert (np.sign(gradient2) == np.sign(delta3)).all()
assert max(al.grad(al.sigmoid)(z) for z in zs) == 0.25 == al.grad(al.sigmoid)(0.0)

# %% [markdown]
# ## The numbers to start from
#
# A sum of $n$ independent terms has $n$ times the variance of one. So that signals neither
# swell nor fade from layer to layer, the variance of a weight is made small where many meet:
#
# | | variance $\sigma^2$ | normal | uniform on $(-r, r)$ | meant for |
# |---|---|---|---|---|
# | Xavier | $2/(n_{in}+n_{out})$ | $N(0,\sigma^2)$ | $r=\sqrt3\,\sigma$ | tanh, sigmoid |
# | He | $2/n_{in}$ | $N(0,\sigma^2)$ | $r=\sqrt3\,\sigma$ | ReLU |
#
# $U(-r,r)$ has the variance $r^2/3$; hence the $\sqrt3$, and both forms are equally wide. He's
# variance is Xavier's doubled for a square layer: a ReLU throws half of the signal away.

# %%
expected = {  # by hand to ten digits: Xavier's sigma and r, He's sigma and r
    (3, 2): (0.6324555320, 1.0954451150, 0.8164965809, 1.4142135624),
    (784, 100): (0.0475651494, 0.0823852555, 0.0505076272, 0.0874817765),
    (100, 10): (0.1348399725, 0.2335496832, 0.1414213562, 0.2449489743),
    (1, 1): (1.0, 1.7320508076, 1.4142135624, 2.4494897428),
}
print(" n_in n_out   Xavier: sigma       r       He: sigma       r")
for (n_in, n_out), by_hand in expected.items():
    xavier = al.initializers.xavier_sigma(n_in, n_out)
    he = al.initializers.he_sigma(n_in, n_out)
    assert isclose(xavier, sqrt(2.0 / (n_in + n_out)))
    assert isclose(he, sqrt(2.0 / n_in))
    numbers = [xavier, sqrt(3.0) * xavier, he, sqrt(3.0) * he]
    assert [round(number, 10) for number in numbers] == list(by_hand)
    print(f"{n_in:5} {n_out:5}" + "{:15.6f}{:10.6f}{:15.6f}{:10.6f}".format(*numbers))

# %% [markdown]
# And drawn: 20,000 weights of each kind for a layer of 100 inputs and 10 units. The variance of
# so many is known to about one part in a hundred.

# %%
rng = Random(0)
figure, axes = plt.subplots(1, 2, figsize=(7, 2.6), sharey=True, layout="constrained")
for ax, scheme in zip(axes, ("xavier", "he"), strict=True):
    sigma = getattr(al.initializers, f"{scheme}_sigma")(100, 10)
    for shape, color in (("normal", "#0068a8"), ("uniform", "#b03c08")):
        draw_one = getattr(al.initializers, f"{scheme}_{shape}")
        weights = [draw_one(100, 10, rng) for _ in range(20_000)]
        assert isclose(np.var(weights), sigma**2, rel_tol=0.05)
        ax.hist(weights, bins=60, histtype="step", color=color, label=shape)
    ax.set(title=f"{scheme}: σ = {sigma:.3f}", xlabel="weight")
axes[0].set_ylabel("count")
legend = axes[0].legend()
