# %% [markdown]
# # Handwritten digits with scalar Values
#
# Every weight of this network is one `Value`, every gradient one number. It reads digits all the
# same: 97 of 100 that it has never seen.

# %%
from random import Random

import matplotlib.pyplot as plt
import numpy as np

import autograd_lite as al

# %% [markdown]
# ## The data
#
# 1,797 digits of 8 × 8 pixels in 17 shades of grey come with the package (Alpaydin and Kaynak,
# 1998, UCI, CC BY 4.0).

# %%
X, labels = al.data.digits()
figure, axes = plt.subplots(2, 10, figsize=(7, 1.6), layout="constrained")
for ax, k in zip(axes.flat, range(20), strict=True):
    ax.imshow(X[k].reshape(8, 8), cmap="gray_r")
    ax.set_axis_off()
print(X.shape, "labels", labels[:20])
assert X.shape == (1797, 64)
assert labels[:10].tolist() == list(range(10))

# %% [markdown]
# ### The file format
#
# They are stored in the format of MNIST, IDX: two zero bytes, a code for the type (8: bytes), the
# number of dimensions, each size as four bytes with the highest first, then the numbers. By hand
# on two pictures of 2 × 3 pixels:

# %%
blob = bytes.fromhex("00000803 00000002 00000002 00000003 000102030405 fafbfcfdfeff")
assert blob[:3] == b"\x00\x00\x08"
sizes = [int.from_bytes(blob[4 + 4 * k : 8 + 4 * k], "big") for k in range(blob[3])]
pictures = np.array(list(blob[4 + 4 * blob[3] :])).reshape(sizes)
print(sizes, pictures.tolist())
assert pictures.tolist() == [[[0, 1, 2], [3, 4, 5]], [[250, 251, 252], [253, 254, 255]]]
assert np.array_equal(al.data.read_idx(blob), pictures)

# %% [markdown]
# So `al.data.read_idx` opens MNIST's own files, too. Lecture 000 lists them; the two of the test
# set begin with a small letter, `t10k-images-idx3-ubyte.gz` and `t10k-labels-idx1-ubyte.gz`
# (E000-09).
#
# ### Three parts
#
# The lecture divides 8 : 2 and, in the step on over-fitting, validates with the *training* set
# (E000-06); what one learned by heart one recites well. One validates on samples that were held
# out; and since the choice of epochs and sizes is made by looking at those, the final number needs
# a third part that nobody looked at. 8 : 2 is a habit, no law: MNIST itself is 60,000 + 10,000,
# 6 : 1 (E000-10).

# %%
T = al.data.one_hot(labels, 10)
X_rest, T_rest, X_test, T_test = al.data.split(X, T, share=0.8, seed=0)
X_train, T_train, X_val, T_val = al.data.split(X_rest, T_rest, share=0.8, seed=0)
print(len(X_train), "to learn from,", len(X_val), "to choose by,", len(X_test), "to report")
assert (len(X_train), len(X_val), len(X_test)) == (1150, 288, 359)
assert [round(0.8 * n) for n in (10, 70_000)] == [8, 56_000]

# %% [markdown]
# ## The network
#
# 64 inputs, 24 ReLU units, 10 outputs; softmax and cross entropy, whose derivative by the logits
# is $y - t$. One sample by hand, before training: were all ten shares a tenth, its loss would be
# $\ln 10 = 2.30$.

# %%
net = al.nn.MLP([64, 24, 10], activation="relu", rng=0)
logits = net(X_train[0])
loss = al.losses.cross_entropy_with_logits(logits, T_train[0])
loss.backward()
shares = np.exp([z.data for z in logits])
shares /= shares.sum()
assert np.allclose([z.grad for z in logits], shares - T_train[0], atol=1e-15)
assert abs(loss.data - -np.log(shares @ T_train[0])) < 1e-12
print(net)
print(f"one sample is a graph of {len(al.topological(loss))} nodes; its loss is {loss.data:.4f}")

# %%
history = al.training.fit(
    net,
    al.losses.cross_entropy_with_logits,
    X_train,
    T_train,
    al.optim.Adam(net.parameters(), learning_rate=0.01),
    epochs=10,
    batch_size=32,
    validation=(X_val, T_val),
    progress=False,
)
figure, (left, right) = plt.subplots(1, 2, figsize=(8, 2.8), layout="constrained")
al.diagnostics.plot_history(history, "loss", ax=left).set_yscale("log")
right = al.diagnostics.plot_history(history, "accuracy", ax=right)
print(history, f"held-out accuracy {history.validation_accuracy[-1]:.1%}")
assert history.validation_accuracy[-1] > 0.93

# %% [markdown]
# `fit` recorded the graph of Values once and ran it as an array program, all samples of a batch
# side by side. With `engine="eager"` it walks the graph Value by Value, sample by sample; that
# takes longer and gives the same weights. On the first hundred digits:

# %%
weights = {}
for engine in ("compiled", "eager"):
    small = al.nn.MLP([64, 24, 10], activation="relu", rng=0)
    al.training.fit(
        small,
        al.losses.cross_entropy_with_logits,
        X_train[:100],
        T_train[:100],
        al.optim.Momentum(small.parameters(), learning_rate=0.05),
        epochs=2,
        batch_size=10,
        engine=engine,
        progress=False,
    )
    weights[engine] = np.array([w.data for w in small.parameters()])
assert np.allclose(weights["compiled"], weights["eager"], rtol=1e-9, atol=1e-12)

# %% [markdown]
# ## The part nobody looked at

# %%
outputs = net.predict(X_test)
said, right_answer = outputs.argmax(axis=1), T_test.argmax(axis=1)
accuracy = al.training.accuracy(outputs, T_test)
print(f"{accuracy:.1%} of {len(X_test)} digits")
assert accuracy == (said == right_answer).mean()
assert accuracy > 0.93

# %% [markdown]
# Which ones are taken for which? A row for each digit, a column for each answer:

# %%
confusion = np.zeros((10, 10), dtype=int)
for row, column in zip(right_answer, said, strict=True):
    confusion[row, column] += 1
print("      said " + "".join(f"{k:4}" for k in range(10)))
for k, row in enumerate(confusion):
    print(f"digit {k}    " + "".join(f"{n:4}" if n else "   ." for n in row))
assert confusion.trace() == (said == right_answer).sum()
assert (confusion.sum(axis=1) == T_test.sum(axis=0)).all()

# %% [markdown]
# And the misread ones, with the shares the net gives to its answer and to the right one:

# %%
shares = np.exp(outputs - outputs.max(axis=1, keepdims=True))
shares /= shares.sum(axis=1, keepdims=True)
wrong = np.flatnonzero(said != right_answer)[:8]
figure, axes = plt.subplots(1, 8, figsize=(9, 1.9), layout="constrained")
for ax in axes:
    ax.set_axis_off()
for ax, k in zip(axes, wrong, strict=False):
    ax.imshow(X_test[k].reshape(8, 8), cmap="gray_r")
    answer, truth = said[k], right_answer[k]
    ax.set_title(
        f"says {answer}: {shares[k, answer]:.0%}\nis {truth}: {shares[k, truth]:.0%}", fontsize=8
    )

# %% [markdown]
# ## What a hidden unit looks for
#
# The 64 weights into one unit are a picture, too: blue ink speaks for it, red against.

# %%
figure, axes = plt.subplots(2, 12, figsize=(9, 1.7), layout="constrained")
for ax, unit in zip(axes.flat, net.layers[0].neurons, strict=True):
    picture = np.array([w.data for w in unit.weights]).reshape(8, 8)
    largest = abs(picture).max()
    ax.imshow(picture, cmap="RdBu", vmin=-largest, vmax=largest)
    ax.set_axis_off()

# %% [markdown]
# ## Trust, and check
#
# The gradient that trained it, at a digit it misreads, against central differences at five weights
# drawn by lot from those that have a gradient (ReLUs that are off have none):


# %%
def cost():
    """The loss at the first misread digit."""
    return al.losses.cross_entropy_with_logits(net(X_test[wrong[0]]), T_test[wrong[0]])


net.zero_grad()
cost().backward()
h = 1e-5
for w in Random(0).sample([w for w in net.parameters() if w.grad], 5):
    here = w.data
    w.data = here + h
    above = cost().data
    w.data = here - h
    difference = (above - cost().data) / (2.0 * h)
    w.data = here
    print(f"{w.label:10} engine {w.grad:14.10f}  difference {difference:14.10f}")
    assert abs(w.grad - difference) < 1e-8
