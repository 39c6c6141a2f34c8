# %% [markdown]
# # A gallery of graphs
#
# Forward values are blue, gradients orange, and on every edge stands the local derivative, in
# letters and in numbers. A picture is a `graphviz.Digraph`, so `.source`, `.render()` and `.pipe()`
# work as in that package.

# %%
import autograd_lite as al
from autograd_lite import data, losses, nn, optim, training

# %% [markdown]
# ## One neuron
#
# $y = \sigma(w_1 x_1 + w_2 x_2 + b)$. Every gradient is the product of the derivatives along the
# way from the output.

# %%
x1, x2 = al.Value(-1.0, label="x1"), al.Value(-2.0, label="x2")
w1, w2, b = (al.parameter(v, n) for v, n in ((2.0, "w1"), (-3.0, "w2"), (-3.0, "b")))
y = al.sigmoid(w1 * x1 + w2 * x2 + b)
y.label = "y"
y.backward()
assert abs(w2.grad - y.data * (1.0 - y.data) * x2.data) < 1e-15
al.draw(y)

# %% [markdown]
# The same told in words:

# %%
al.explain(y, w2)

# %% [markdown]
# ## A value used twice
#
# $y = x \cdot x$: two edges lead from x, each carries 3, and the gradient is their sum.

# %%
x = al.Value(3.0, label="x")
y = x * x
y.label = "y"
y.backward()
assert x.grad == 6.0
al.draw(y)

# %% [markdown]
# ## A 2-2-2 network at three levels
#
# Mazur's well-known example, $E = 0.298371$. Layer by layer, neuron by neuron, value by value.

# %%
net = nn.MLP.from_weights(
    [[[0.15, 0.25], [0.20, 0.30]], [[0.40, 0.50], [0.45, 0.55]]],
    [0.35, 0.60],
    "sigmoid",
    names=[[["w1", "w3"], ["w2", "w4"]], [["w5", "w7"], ["w6", "w8"]]],
    bias_names=[["b1"], ["b2"]],
)
inputs = [al.Value(0.05, "x1"), al.Value(0.10, "x2")]
loss = losses.half_squared_error(net(inputs), [0.01, 0.99])
loss.label = "E"
loss.backward()
assert abs(loss.data - 0.298371109) < 1e-9
al.draw(loss, level="layer")

# %%
al.draw(loss, level="neuron")

# %%
al.draw(loss, level="op")

# %% [markdown]
# ## XOR, before and after training

# %%
X, T = data.truth_table("XOR")
mlp = nn.MLP([2, 2, 1], "tanh", "sigmoid", rng=3)


def picture():
    """The network on the first sample, with the gradients of its loss."""
    mlp.zero_grad()
    error = losses.binary_cross_entropy(mlp(X[1].tolist()), T[1].tolist())
    error.label = "E"
    error.backward()
    return al.draw(error, level="neuron")


picture()

# %%
history = training.fit(
    mlp, losses.binary_cross_entropy, X, T, optim.Adam(mlp.parameters(), 0.1), 1000, "all",
    threshold=0.5, stop_loss=0.01, progress=False,
)  # fmt: skip
assert history.stopped == "loss"
assert history.accuracy[-1] == 1.0
picture()
