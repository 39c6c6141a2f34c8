# %% [markdown]
# # A shared bias, and nine ways to take a step
#
# First a network of lecture 002 in which all units of a layer share one bias: where paths meet,
# their contributions add up. Then what to do with a gradient once it is there: nine update rules
# on one parabola, each by hand and by the library, and training by sample, by handful, by all.

# %%
from math import exp, isclose, log, sqrt
from random import Random

import matplotlib.pyplot as plt
import numpy as np

import autograd_lite as al

# %% [markdown]
# ## Three inputs, two hidden units, two outputs, two biases
#
# $w_0(0) = 0.5$ is the bias of *both* hidden units and $w_0(1) = 0.5$ that of both outputs.
# This lecture writes $e = t - y$ and $\delta = -\partial E/\partial v$, so that updates read
# $w + \eta\,\delta\,y$. Others write $e = y - t$, $\delta = +\partial E/\partial v$ and subtract.
# The updates are the same as long as nobody mixes the two (E002-17).
#
# $$\delta_k(2) = (t_k - y_k)\,y_k(1-y_k), \qquad
#   \delta_g(1) = \Bigl(\sum_k \delta_k(2)\, w_{gk}(1)\Bigr)\, y_g(1-y_g)$$

# %%
x, t, eta = [1.0, 4.0, 5.0], [0.1, 0.05], 0.01
w_0 = [[0.1, 0.2], [0.3, 0.4], [0.5, 0.6]]  # w_0[i][g]: from input i to hidden unit g
w_1 = [[0.7, 0.8], [0.9, 0.1]]  # w_1[g][k]: from hidden unit g to output k
bias = [0.5, 0.5]  # one for each layer


def sigmoid(v):
    """1 / (1 + e^-v)."""
    return 1.0 / (1.0 + exp(-v))


def forward(bias):
    """Hidden units, outputs and E = 1/2 sum (t - y)^2."""
    hidden = [sigmoid(bias[0] + sum(x[i] * w_0[i][g] for i in range(3))) for g in range(2)]
    y = [sigmoid(bias[1] + sum(hidden[g] * w_1[g][k] for g in range(2))) for k in range(2)]
    return hidden, y, 0.5 * sum((t[k] - y[k]) ** 2 for k in range(2))


hidden, y, E = forward(bias)
slope = [h * (1.0 - h) for h in hidden]
delta_2 = [(t[k] - y[k]) * y[k] * (1.0 - y[k]) for k in range(2)]
delta_1 = [sum(delta_2[k] * w_1[g][k] for k in range(2)) * slope[g] for g in range(2)]
print(f"hidden {hidden[0]:.4f} {hidden[1]:.4f}   outputs {y[0]:.4f} {y[1]:.4f}   E = {E:.10f}")
print(f"delta  {delta_1[0]:.6f} {delta_1[1]:.6f}   {delta_2[0]:.6f} {delta_2[1]:.6f}")
assert [f"{n:.4f}" for n in (*hidden, *y)] == ["0.9866", "0.9950", "0.8896", "0.8004"]

# %%
net = al.nn.MLP.from_weights(
    [w_0, w_1],
    [[0.5], [0.5]],  # a list of one number: shared
    "sigmoid",
    names=[
        [[f"w{i + 1}{g + 1}(0)" for g in range(2)] for i in range(3)],
        [[f"w{g + 1}{k + 1}(1)" for k in range(2)] for g in range(2)],
    ],
    bias_names=[["w0(0)"], ["w0(1)"]],
)
loss = al.losses.half_squared_error(net(x), t)
table = net.deltas(loss, learning_rate=eta, sign=-1)
al.testing.assert_deltas(
    table, {"h1": delta_1[0], "h2": delta_1[1], "o1": delta_2[0], "o2": delta_2[1]}
)
al.testing.assert_deltas(  # as printed, except where the next table says otherwise
    table,
    {"w11(1)": 0.0765, "w12(1)": 0.1183, "w21(1)": 0.0772, "w22(1)": 0.1193, "w0(1)": 0.1975}
    | {"w11(0)": 0.0020, "w12(0)": 0.0004, "w21(0)": 0.0079, "w22(0)": 0.0016}
    | {"w31(0)": 0.0099, "w32(0)": 0.0020, "h1": {"dloss_da": 0.1502}, "h2": {"dloss_da": 0.0818}},
    decimals=4,
)
table

# %% [markdown]
# ### The gradient of a shared weight
#
# $w_0(0)$ enters both hidden units, and each of them enters both outputs: four paths lead from it
# to $E$. Its gradient is their sum, which is also the sum of the layer's deltas:

# %%
paths = {
    (k + 1, g + 1): -delta_2[k] * w_1[g][k] * slope[g] for k in range(2) for g in range(2)
}  # of dE/dw0(0), hence the minus
for (k, g), product in paths.items():
    print(f"output {k}, hidden {g}: {product:12.10f}")
total = sum(paths.values())
print(f"sum                {total:.10f}")
h = 1e-5
difference = (forward([0.5 + h, 0.5])[2] - forward([0.5 - h, 0.5])[2]) / (2.0 * h)
print(f"central difference {difference:.10f}")
assert isclose(total, difference, rel_tol=1e-7)
assert isclose(total, -sum(delta_1))
al.testing.assert_deltas(table, {"w0(0)": total, "w0(1)": -sum(delta_2)})
al.testing.assert_deltas(table, {"w0(0)": 0.0023882012, "w0(1)": 0.1974574978}, decimals=10)

# %% [markdown]
# The engine finds the same four in the graph:

# %%
loss.label = "E"
loss.backward()
explanation = al.explain(loss, net.layers[0].neurons[0].bias)
print(explanation)
assert np.allclose(sorted(explanation.products), sorted(paths.values()), rtol=1e-12)

# %% [markdown]
# | | printed | correct | why |
# |---|---|---|---|
# | $\partial E/\partial w_0(0)$ (E002-09) | 0.0008 | 0.0023882012 | two of the four paths |
# | new $w_{22}(1)$ (E002-08) | 0.9881 | 0.0988071154 | decimal point one place off |
# | $\partial E/\partial w_0(1)$ (E002-10) | 0.1974, then 0.1975 | 0.1974574978 | rounded down |
# | $E$ (E002-12) | 0.5933 | 0.5932448719 | rounded up |
#
# The two paths that were counted are (output 1, hidden 1) and (output 2, hidden 2). The slip does
# not show in the new bias: with $\eta = 0.01$ both print as 0.5000. The lecture's first formula of
# the gradient also lacks the $\frac12$ of its own $E$ (E002-01); the formula after it is right.

# %%
assert f"{paths[1, 1] + paths[2, 2]:.4f}" == "0.0008"
assert f"{0.5 - eta * 0.0008:.4f}" == f"{0.5 - eta * total:.4f}" == "0.5000"
al.testing.assert_deltas(table, {"w22(1)": {"updated": 0.0988071154}}, decimals=10)
assert f"{10.0 * table['w22(1)'].updated:.4f}" == "0.9881"
assert f"{E:.4f}" == "0.5932"

# %% [markdown]
# ### Cross entropy at the output (E002-04)
#
# For $E = -\sum_k t_k \ln y_k$ the lecture gives $\delta_k = \frac{t_k}{y_k} f'(v_k)$. With softmax
# outputs, which that cost is made for, an output depends on *every* $v$:
# $\partial y_j/\partial v_k = y_j([j = k] - y_k)$, and the sum over $j$ leaves
# $\delta_k = t_k - y_k$. The printed rule with $f' = y(1-y)$ gives $t_k(1-y_k)$: right where
# $t_k = 1$, but nothing at all where $t_k = 0$. Such outputs would never be pushed down.

# %%
classifier = al.nn.MLP.from_weights([w_0, w_1], [[0.5], [0.5]], ["sigmoid", "softmax"])
one_hot = [1.0, 0.0]
of_softmax = classifier.deltas(al.losses.cross_entropy(classifier(x), one_hot), sign=-1)
v = [of_softmax[name].z for name in ("o1", "o2")]
shares = [exp(v[k]) / (exp(v[0]) + exp(v[1])) for k in range(2)]
print("output   t   y          printed    correct t - y")
for k in range(2):
    printed = one_hot[k] / shares[k] * shares[k] * (1.0 - shares[k])
    correct = one_hot[k] - shares[k]
    print(f"  {k + 1}     {one_hot[k]:.0f}  {shares[k]:.8f}  {printed:.8f}  {correct:11.8f}")
    al.testing.assert_deltas(of_softmax, {f"o{k + 1}": correct})
assert isclose(shares[0], 0.6676033556, rel_tol=1e-9)
assert isclose(-log(shares[0]), 0.4040610608, rel_tol=1e-9)

# %% [markdown]
# The shared output bias gets nothing: raising all logits alike changes no share.

# %%
assert abs(of_softmax["b[2]"].gradient) < 1e-15

# %% [markdown]
# ### Linear layers collapse
#
# Without an activation between them two layers are one, with the product of their matrices:

# %%
W1, W2 = [[1.0, 2.0, -1.0], [0.0, -1.0, 3.0]], [[2.0, 1.0], [-1.0, 0.0], [1.0, 4.0]]
product = [[sum(W1[i][j] * W2[j][k] for j in range(3)) for k in range(2)] for i in range(2)]
two = al.nn.MLP.from_weights([W1, W2], activations="identity")
one = al.nn.MLP.from_weights([product], activations="identity")
print(f"W1 W2 = {product}, outputs {two.predict([2.0, -3.0])} and {one.predict([2.0, -3.0])}")
assert product == [[-1.0, -3.0], [4.0, 12.0]]
assert two.predict([2.0, -3.0]).tolist() == one.predict([2.0, -3.0]).tolist() == [-14.0, -42.0]

# %% [markdown]
# ## Nine update rules on one parabola
#
# $f(w) = \frac12 w^2$, so that the gradient $g$ is $w$ itself, from $w = 1$. Each rule below is a
# loop by hand; `walk` runs the library's pure rule, `new_w, state = rule(w, g, state)`.


# %%
def walk(rule, steps=8, **settings):
    """The weights of so many steps of a rule on f = w^2 / 2, the start included."""
    w, state, path = 1.0, None, [1.0]
    for _ in range(steps):
        w, state = rule(w, w, state, **settings)
        path.append(float(w))
    return path


def agree(by_hand, path):
    """Print the first weights and the last; raise unless all are the same to 12 digits."""
    assert np.allclose(by_hand, path, rtol=1e-12, atol=1e-15)
    print(" ".join(f"{w:.6f}" for w in path[:4]), "...", f"{path[-1]:.6f}")


# %% [markdown]
# **Gradient descent** $w \leftarrow w - \eta g$, and **momentum**
# $d \leftarrow \mu d - \eta g,\; w \leftarrow w + d$ (Polyak, 1964): the last move is partly
# repeated. PyTorch keeps $v = \mu v + g$ and steps by $-\eta v$; the walk is the same as long as
# $\eta$ is.

# %%
w, by_hand = 1.0, [1.0]
for _ in range(8):
    w -= 0.1 * w
    by_hand.append(w)
agree(by_hand, walk(al.optim.sgd, learning_rate=0.1))

w, d, by_hand = 1.0, 0.0, [1.0]
for _ in range(8):
    d = 0.9 * d - 0.1 * w
    w += d
    by_hand.append(w)
agree(by_hand, walk(al.optim.momentum, learning_rate=0.1, variant="document"))
agree(by_hand, walk(al.optim.momentum, learning_rate=0.1, variant="torch"))
assert isclose(by_hand[8], -0.55322352)

# %% [markdown]
# **Nesterov** (not in the lecture; Sutskever et al., 2013) takes the gradient where the momentum
# is about to lead: $v \leftarrow \mu v - \eta\, g(w + \mu v),\; w \leftarrow w + v$. PyTorch's form
# needs only $g$ at its own $w$, which is this one's $w + \mu v$.

# %%
w, v, ahead = 1.0, 0.0, [1.0]
for _ in range(8):
    v = 0.9 * v - 0.1 * (w + 0.9 * v)
    w += v
    ahead.append(w + 0.9 * v)
agree(ahead, walk(al.optim.nesterov, learning_rate=0.1))

# %% [markdown]
# **Rprop** looks at the sign of the gradient alone. Each weight has a step of its own, 1.2 times
# longer after two like signs, half as long after a change. What happens to the weight at a change
# the lecture leaves open (E002-15), and three rules are in use:
#
# * *plus* (Riedmiller and Braun, 1993) takes the last move back,
# * *minus*, which the lecture's wording suggests, moves on with the halved step,
# * *iminus* (Igel and Hüsken, 2000; PyTorch) stands still once.

# %%
for variant in ("plus", "minus", "iminus"):
    w, step, last_g, move, by_hand = 1.0, 0.1, 0.0, 0.0, [1.0]
    for _ in range(8):
        g = w
        if last_g * g > 0.0:
            step *= 1.2
        elif last_g * g < 0.0:
            step *= 0.5
        if last_g * g < 0.0 and variant != "minus":
            move = -move if variant == "plus" else 0.0
            last_g = 0.0
        else:
            move = -step if g > 0.0 else step
            last_g = g
        w += move
        by_hand.append(w)
    path = walk(al.optim.rprop, learning_rate=0.1, variant=variant)
    assert np.allclose(by_hand, path, rtol=1e-12)
    print(f"{variant:6}", " ".join(f"{w:7.4f}" for w in path[5:]))
assert path[7] == path[8]

# %% [markdown]
# **Adagrad** divides by the root of all squared gradients so far, each weight by its own:
#
# $$G \leftarrow G + g^2, \qquad w \leftarrow w - \eta\frac{g}{\sqrt{G + \varepsilon}}
#   \qquad\text{or}\qquad w \leftarrow w - \eta\frac{g}{\sqrt G + \varepsilon} .$$
#
# The lecture has the first form, the paper (Duchi et al., 2011) and PyTorch the second.

# %%
for variant, epsilon in (("document", 1e-8), ("torch", 1e-10)):
    w, G, by_hand = 1.0, 0.0, [1.0]
    for _ in range(8):
        G += w * w
        w -= 0.1 * w / (sqrt(G + epsilon) if variant == "document" else sqrt(G) + epsilon)
        by_hand.append(w)
    agree(by_hand, walk(al.optim.adagrad, learning_rate=0.1, epsilon=epsilon, variant=variant))

# %% [markdown]
# The lecture calls $G$ the diagonal matrix that is the sum of the outer products $g g^\mathsf T$
# (E002-05). That sum is a full matrix; only its diagonal is used. And where $\varepsilon$ stands
# matters when gradients are tiny:

# %%
g = np.array([3.0, 4.0])
print(f"g g^T = {np.outer(g, g).tolist()}, its diagonal {(g * g).tolist()}")
moved, G = al.optim.adagrad(np.zeros(2), g, learning_rate=0.1)
print(f"first step {moved}, whatever the size of g")
assert G.tolist() == [9.0, 16.0]
inside, _ = al.optim.adagrad(0.0, 1e-6, None, 0.1, 1e-8, variant="document")
outside, _ = al.optim.adagrad(0.0, 1e-6, None, 0.1, 1e-8, variant="torch")
print(f"g = 1e-6: step {-inside:.6f} with epsilon inside the root, {-outside:.6f} outside")
assert -inside < 0.0011 < 0.099 < -outside

# %% [markdown]
# **RMSprop** (Hinton, 2012) forgets: $R$ is a decaying *mean* of $g^2$,
#
# $$R \leftarrow \gamma R + (1-\gamma)\, g^2, \qquad
#   w \leftarrow w - \eta\, g/\sqrt{R + \varepsilon} .$$
#
# The lecture prints $R = \gamma R + \gamma g^2$ (E002-03). With $\gamma = 0.9$ that settles at
# $\frac{\gamma}{1-\gamma} g^2 = 9 g^2$ instead of $g^2$, and all steps are three times too short.

# %%
w, R, by_hand = 1.0, 0.0, [1.0]
for _ in range(8):
    R = 0.9 * R + 0.1 * w * w
    w -= 0.001 * w / sqrt(R + 1e-8)
    by_hand.append(w)
agree(by_hand, walk(al.optim.rmsprop, learning_rate=0.001, alpha=0.9, variant="document"))

right = misprint = 0.0
for _ in range(200):  # the same gradient, 1.0, again and again
    right = 0.9 * right + 0.1 * 1.0
    misprint = 0.9 * misprint + 0.9 * 1.0
print(f"R settles at {right:.6f}, misprinted at {misprint:.6f}")
assert isclose(right, 1.0, rel_tol=1e-6)
assert isclose(misprint, 9.0, rel_tol=1e-6)

# %% [markdown]
# **Adadelta** (Zeiler, 2012) puts the size of past steps on top, so that a learning rate is not
# needed: $d = \sqrt{U+\varepsilon}/\sqrt{R+\varepsilon}\; g$, where $U$ is the decaying mean of
# $d^2$. It is that mean, not a window of fixed size, and the paper's $\rho$ is 0.95; the lecture
# and PyTorch take 0.9 (E002-06).

# %%
w, R, U, by_hand = 1.0, 0.0, 0.0, [1.0]
for _ in range(8):
    R = 0.9 * R + 0.1 * w * w
    d = sqrt(U + 1e-6) / sqrt(R + 1e-6) * w
    U = 0.9 * U + 0.1 * d * d
    w -= d
    by_hand.append(w)
agree(by_hand, walk(al.optim.adadelta))

# %% [markdown]
# **Adam** (Kingma and Ba, 2015) averages $g$ as well, and corrects both means for their start at
# 0; **AdaMax** takes the largest recent $|g|$ in place of the root mean square. The lecture gives
# neither learning rate (0.001 and 0.002), and of AdaMax only the name (E002-07).
#
# $$w \leftarrow w - \eta\, \frac{m/(1-\beta_1^t)}{\sqrt{v/(1-\beta_2^t)} + \varepsilon}, \qquad
#   u \leftarrow \max(\beta_2 u, |g|),\; w \leftarrow w - \frac{\eta}{1-\beta_1^t} \frac mu$$

# %%
w, m, v, by_hand = 1.0, 0.0, 0.0, [1.0]
for k in range(1, 9):
    m = 0.9 * m + 0.1 * w
    v = 0.999 * v + 0.001 * w * w
    w -= 0.001 * (m / (1 - 0.9**k)) / (sqrt(v / (1 - 0.999**k)) + 1e-8)
    by_hand.append(w)
agree(by_hand, walk(al.optim.adam))

w, m, u, by_hand = 1.0, 0.0, 0.0, [1.0]
for k in range(1, 9):
    m = 0.9 * m + 0.1 * w
    u = max(0.999 * u, abs(w))
    w -= 0.002 / (1 - 0.9**k) * m / u
    by_hand.append(w)
agree(by_hand, walk(al.optim.adamax, variant="paper"))

# %% [markdown]
# ### Rprop is for whole batches
#
# The lecture's argument: nine mini-batches with the gradient 0.1 and one with $-0.9$. Gradient
# descent ends where it began, since they sum to 0. Rprop counts only signs, nine against one, and
# walks away.

# %%
gradients = [0.1] * 9 + [-0.9]
w_sgd, w_rprop, state = 0.0, 0.0, None
by_hand, step = 0.0, 0.1
for k, g in enumerate(gradients):
    w_sgd, _ = al.optim.sgd(w_sgd, g, learning_rate=0.1)
    w_rprop, state = al.optim.rprop(w_rprop, g, state, learning_rate=0.1, variant="minus")
    step *= 1.0 if k == 0 else 1.2 if k < 9 else 0.5
    by_hand -= step if g > 0.0 else -step
print(f"gradient descent {abs(w_sgd):.6f}, Rprop {w_rprop:.6f}")
assert abs(w_sgd) < 1e-15
assert isclose(w_rprop, by_hand)
assert isclose(w_rprop, -1.864899328)

# %% [markdown]
# ## The rules on a map
#
# A valley, twenty times steeper across than along: $f = \frac12(x^2 + 20\,y^2)$ from $(-2, 0.8)$.
# The gradients come from the engine, the steps from the optimizers that training uses.

# %%
optimizers = {
    "SGD": (al.optim.SGD, 0.09),
    "momentum": (al.optim.Momentum, 0.01),
    "Nesterov": (al.optim.Nesterov, 0.01),
    "Rprop": (al.optim.Rprop, 0.05),
    "Adagrad": (al.optim.Adagrad, 0.5),
    "RMSprop": (al.optim.RMSprop, 0.05),
    "Adadelta": (al.optim.Adadelta, 20.0),
    "Adam": (al.optim.Adam, 0.15),
    "AdaMax": (al.optim.AdaMax, 0.2),
}
figure, axes = plt.subplots(
    3, 3, figsize=(7.5, 4.4), sharex=True, sharey=True, layout="constrained"
)
across, along = np.meshgrid(np.linspace(-2.3, 1.2, 60), np.linspace(-1.1, 1.1, 60))
for ax, (name, (kind, rate)) in zip(axes.flat, optimizers.items(), strict=True):
    place = [al.Value(-2.0, label="x"), al.Value(0.8, label="y")]
    optimizer = kind(place, rate)
    path = [[p.data for p in place]]
    for _ in range(60):
        optimizer.zero_grad()
        (0.5 * (place[0] ** 2 + 20.0 * place[1] ** 2)).backward()
        optimizer.step()
        path.append([p.data for p in place])
    height = 0.5 * (place[0].data ** 2 + 20.0 * place[1].data ** 2)
    assert height < 0.25 * 8.4, name  # from 8.4
    ax.contour(across, along, 0.5 * (across**2 + 20.0 * along**2), 7, colors="0.8", linewidths=0.7)
    ax.plot(*np.transpose(path), ".-", markersize=3, linewidth=0.9, color="#0068a8")
    ax.plot(0.0, 0.0, "+", color="#b03c08")
    ax.set_title(f"{name}, {rate}: f = {height:.1g}", fontsize=9)

# %% [markdown]
# ### How long a step
#
# On $\frac12 w^2$ gradient descent multiplies $w$ by $1-\eta$: it creeps where $\eta$ is small,
# arrives at once with 1, swings from side to side between 1 and 2, and flies off above.

# %%
figure, ax = plt.subplots(figsize=(6, 3), layout="constrained")
for (rate, stroke), color in zip(
    {0.1: "-", 1.0: "--", 1.9: "-.", 2.1: ":"}.items(),
    ("#0072B2", "#009E73", "#CC79A7", "#D55E00"),
    strict=True,
):
    path = walk(al.optim.sgd, steps=20, learning_rate=rate)
    assert np.allclose(path, (1.0 - rate) ** np.arange(21), atol=1e-12)
    ax.plot(path, stroke, color=color, label=f"η = {rate}")
ax.set(xlabel="step", ylabel="w", xticks=range(0, 21, 5), ylim=(-3, 3))
legend = ax.legend(loc="lower left")

# %% [markdown]
# The lecture's remedy is to let the error decide: longer steps while it falls, half as long when
# it has risen (the *bold driver*). From a rate that is far too small:

# %%
schedule = al.optim.bold_driver(longer=1.2, shorter=0.5)
w, rate, heights = 1.0, 0.01, []
for _ in range(60):
    w -= rate * w
    heights.append(0.5 * w * w)
    rate = schedule(rate, heights)
constant = walk(al.optim.sgd, steps=60, learning_rate=0.01)[-1]
print(f"w after 60 steps: {w:.1e} with the bold driver, {constant:.3f} with 0.01 throughout")
assert abs(w) < 1e-4 < constant

# %% [markdown]
# ## One sample, a few, or all
#
# Stochastic training steps after each sample, batch training once per epoch. Below the same 60
# samples of a noisy sine, the same start and the same learning rate. One sample at a time takes 60
# noisy steps an epoch; the batch one good one.

# %%
rng = Random(0)
X = [[rng.uniform(-2.0, 2.0)] for _ in range(60)]
T = [[al.sin(2.0 * x) + rng.gauss(0.0, 0.1)] for (x,) in X]
figure, ax = plt.subplots(figsize=(6, 3), layout="constrained")
final = {}
for (batch_size, stroke), color in zip(
    {1: "-", 10: "--", "all": "-."}.items(), ("#0072B2", "#D55E00", "#009E73"), strict=True
):
    model = al.nn.MLP([1, 8, 1], activation="tanh", rng=3)
    sgd = al.optim.SGD(model.parameters(), learning_rate=0.1)
    history = al.training.fit(
        model, al.losses.half_squared_error, X, T, sgd, 60, batch_size, progress=False
    )
    final[batch_size] = history.loss[-1]
    ax.plot(range(1, 61), history.loss, stroke, color=color, label=f"batch of {batch_size}")
ax.set(xlabel="epoch", ylabel="loss (mean over samples)", yscale="log")
legend = ax.legend()
assert final[1] < final[10] < final["all"]

# %% [markdown]
# Adding up the gradients of $N$ samples with the learning rate $\eta/N$ is averaging them with
# $\eta$ (E002-16): one number, two places to write the $N$.

# %%
weights = {}
for reduce, rate in (("mean", 0.1), ("sum", 0.1 / 60)):
    model = al.nn.MLP([1, 8, 1], activation="tanh", rng=3)
    sgd = al.optim.SGD(model.parameters(), rate)
    al.training.fit(
        model, al.losses.half_squared_error, X, T, sgd, 3, "all", reduce=reduce, progress=False
    )
    weights[reduce] = [p.data for p in model.parameters()]
assert np.allclose(weights["mean"], weights["sum"], rtol=1e-12)
print("mean with 0.1 and sum with 0.1 / 60 end at the same weights")
