# %% [markdown]
# # XOR, learned
#
# The smallest task that needs a hidden layer. First why one unit fails, then a network of nine
# weights before and after training: its graph, the plane it divides, and what its two hidden units
# have found.

# %%
from math import isclose, log, tanh

import matplotlib.pyplot as plt

import autograd_lite as al

X, T = al.data.truth_table("XOR")
for x, t in zip(X, T, strict=True):
    print(f"{x[0]:.0f} xor {x[1]:.0f} = {t[0]:.0f}")

# %% [markdown]
# ## One unit
#
# $p = \sigma(w_1x_1 + w_2x_2 + b)$ with the binary cross entropy. The cost is convex in
# $(w_1, w_2, b)$, so where the gradient is 0 there is nothing better. At $w = 0$, $b = 0$ every
# $p$ is $\frac12$, and
#
# $$\sum_s (p_s - t_s)\, x_s = \tfrac12\binom11 - \tfrac12\binom10 - \tfrac12\binom01
#   + \tfrac12\binom00 = \binom00 :$$
#
# saying "one half" to everything is the best a single unit can do, at a cost of $\ln 2$ a sample.

# %%
unit = al.nn.MLP([2, 1], output="sigmoid", rng=1)
adam = al.optim.Adam(unit.parameters(), learning_rate=0.1)
al.training.fit(unit, al.losses.binary_cross_entropy, X, T, adam, 300, "all", progress=False)
outputs = [unit(x) for x in X]
loss = al.losses.batch(al.losses.binary_cross_entropy, outputs, T)
print("outputs", unit.predict(X).ravel().round(4), f" cost {loss.data:.6f}, ln 2 = {log(2.0):.6f}")
assert isclose(loss.data, log(2.0), rel_tol=1e-6)

# %% [markdown]
# ## Two hidden units
#
# $$h_j = \tanh(w_{1j}x_1 + w_{2j}x_2 + b_j), \qquad p = \sigma(v_1h_1 + v_2h_2 + c)$$
#
# The graph for the input $(1, 0)$, where 1 is wanted, before training:

# %%
net = al.nn.MLP([2, 2, 1], activation="tanh", output="sigmoid", rng=0)


def graph():
    """The loss at (1, 0), where 1 is wanted, with its gradients."""
    net.zero_grad()
    loss = al.losses.binary_cross_entropy(net([1.0, 0.0]), [1.0])
    loss.label = "E"
    loss.backward()
    return loss


picture = al.draw(graph(), level="op")
picture.attr(rankdir="TB")
picture

# %%
before = net.predict(X).ravel()
figure, (left, right) = plt.subplots(1, 2, figsize=(9, 3.4), layout="constrained")
al.diagnostics.plot_decision_boundary(net, X, T, threshold=0.5, ax=left).set_title("before")

adam = al.optim.Adam(net.parameters(), learning_rate=0.1)
history = al.training.fit(
    net,
    al.losses.binary_cross_entropy,
    X,
    T,
    adam,
    epochs=400,
    batch_size="all",
    threshold=0.5,
    stop_loss=0.01,
    progress=False,
)
title = f"after {history.epochs} epochs"
al.diagnostics.plot_decision_boundary(net, X, T, threshold=0.5, ax=right).set_title(title)
print("before", before.round(3), "\nafter ", net.predict(X).ravel().round(3))
assert history.stopped == "loss"
assert history.accuracy[-1] == 1.0

# %%
figure, ax = plt.subplots(figsize=(6, 2.6), layout="constrained")
ax = al.diagnostics.plot_history(history, ax=ax)

# %% [markdown]
# The same graph afterwards. The loss is near 0, and with it every gradient: nothing is left to
# learn from this sample.

# %%
loss = graph()
assert loss.data < 0.05
assert all(abs(p.grad) < 0.05 for p in net.parameters())
picture = al.draw(loss, level="op")
picture.attr(rankdir="TB")
picture

# %% [markdown]
# ## What the hidden units found
#
# Each hidden unit draws a line where its sum is 0 (dashed and dotted, close to the boundary). Here
# the first says "$x_1$ and not $x_2$", the second "not ($x_2$ and not $x_1$)": another pair than
# the textbook's OR and NAND. Which one a run finds depends on its first weights. Seen through the
# two units, the four points can be told apart by one line: the hidden layer has moved them to where
# a single unit suffices.

# %%
hidden = [[unit(list(x)).data for unit in net.layers[0].neurons] for x in X]
print("x1 x2      h1      h2      p")
for x, (h1, h2), p in zip(X, hidden, net.predict(X).ravel(), strict=True):
    print(f"{x[0]:2.0f} {x[1]:2.0f} {h1:7.3f} {h2:7.3f} {p:6.3f}")
assert [h1 > 0.0 for h1, _ in hidden] == [False, True, False, False]
assert [h2 > 0.0 for _, h2 in hidden] == [True, True, False, True]
first = net.layers[0].neurons[0]
w1, w2 = (w.data for w in first.weights)
assert isclose(hidden[1][0], tanh(w1 * 1.0 + w2 * 0.0 + first.bias.data))

output = net.layers[1].neurons[0]
last = al.nn.MLP.from_weights(
    [[[w.data] for w in output.weights]], [[output.bias.data]], activations="sigmoid"
)
figure, (left, right) = plt.subplots(1, 2, figsize=(9, 3.4), layout="constrained")
al.diagnostics.plot_decision_boundary(net, X, T, threshold=0.5, ax=left).set_title("the inputs")
for unit, stroke in zip(net.layers[0].neurons, ("--", ":"), strict=True):
    w1, w2 = (w.data for w in unit.weights)
    xs = [-0.15, 1.15]
    left.plot(xs, [-(w1 * x + unit.bias.data) / w2 for x in xs], stroke, color="black")
left.set_ylim(-0.15, 1.15)
al.diagnostics.plot_decision_boundary(last, hidden, T, threshold=0.5, ax=right)
labels = right.set(title="seen by the output unit", xlabel="h1", ylabel="h2")
for (h1, h2), t in zip(hidden, T, strict=True):
    assert (last.predict([h1, h2])[0] > 0.5) == (t[0] == 1.0)

# %% [markdown]
# ## Not every start arrives
#
# With a hidden layer the cost is no longer convex. From some first weights two hidden units settle
# in a place where one point, or two, stay wrong. More units leave more ways out:

# %%
counts = {}
for hidden_units in (2, 4, 8):
    solved = []
    for seed in range(8):
        net = al.nn.MLP([2, hidden_units, 1], activation="tanh", output="sigmoid", rng=seed)
        adam = al.optim.Adam(net.parameters(), learning_rate=0.1)
        history = al.training.fit(
            net,
            al.losses.binary_cross_entropy,
            X,
            T,
            adam,
            epochs=300,
            batch_size="all",
            stop_loss=0.01,
            progress=False,
        )
        solved.append(history.stopped == "loss")
    counts[hidden_units] = sum(solved)
    print(f"{hidden_units} hidden units: {sum(solved)} of 8 starts solve it")
assert counts[2] < counts[4] <= counts[8] == 8
