# %% [markdown]
# # Back-propagation in a small network
#
# From one multiplication to a 2-2-2 network: each number once with a pencil and once by the
# engine, and the places where the worked example of lecture 001 goes astray, with the slip that
# makes its numbers.

# %%
from decimal import Decimal
from math import exp, isclose, log, tanh

import matplotlib.pyplot as plt

import autograd_lite as al

# %% [markdown]
# ## One step of one product
#
# $f = w x + b$ with $w = -2$, $x = 5$, $b = 3$. The product $g = wx$ is $-10$, so $f = -7$; we
# would like 3.
#
# $$\frac{\partial f}{\partial w} = \frac{\partial f}{\partial g}\frac{\partial g}{\partial w}
#   = 1 \cdot x = 5, \qquad \frac{\partial f}{\partial b} = 1$$

# %%
w, x, b = al.Value(-2.0, label="w"), al.Value(5.0, label="x"), al.Value(3.0, label="b")
g = w * x
g.label = "g"
f = g + b
f.label = "f"
f.backward()
assert (g.data, f.data) == (-10.0, -7.0)
assert (w.grad, x.grad, b.grad) == (5.0, -2.0, 1.0)
al.draw(f)

# %% [markdown]
# ### Plus or minus (E001-01)
#
# The lecture steps by $w + \eta\, \partial f/\partial w$ with $\eta = 0.1$ and gets
# $w = -1.5$, $b = 3.1$. That is *ascent*: it climbs $f$, whichever way the wanted value lies. Here
# it happens to help, since $-7$ is below 3. What is to become small is the error
# $E = \frac12 (f-3)^2$, and one steps *down* it:
#
# $$w \leftarrow w - \eta \frac{\partial E}{\partial w}, \qquad
#   \frac{\partial E}{\partial w} = (f-3)\,x = -50, \qquad
#   \frac{\partial E}{\partial b} = f-3 = -10 .$$


# %%
def error(w, b):
    """Half the squared distance of w x + b from the wanted 3, at x = 5."""
    return 0.5 * (w * 5.0 + b - 3.0) ** 2


def show(what, w, b):
    """One line: the weights, f and E."""
    print(f"{what:32} w = {w:5.2f}  b = {b:5.2f}  f = {w * 5.0 + b:6.2f}  E = {error(w, b):7.2f}")


slope_w, slope_b = al.grad(error, argnums=(0, 1))(-2.0, 3.0)
assert (slope_w, slope_b) == (-50.0, -10.0)
show("at first", -2.0, 3.0)
show("ascent on f, 0.1 (printed)", -2.0 + 0.1 * 5.0, 3.0 + 0.1 * 1.0)
show("descent on E, 0.01", -2.0 - 0.01 * slope_w, 3.0 - 0.01 * slope_b)
show("descent on E, 0.1: overshoots", -2.0 - 0.1 * slope_w, 3.0 - 0.1 * slope_b)
assert isclose(error(-1.5, 3.1), 27.38)
assert error(3.0, 4.0) == 128.0
# and where f is too large already, the printed rule goes the wrong way
assert error(2.0 + 0.1 * 5.0, 3.0 + 0.1) > error(2.0, 3.0)

# %% [markdown]
# Had the wanted value been below $f$, the plus sign would have walked away from it: that is the
# last assertion, which starts from $w = 2$, $f = 13$. All the other lectures, and everybody else,
# subtract.
#
# ## Six activations

# %%
activations = {  # name: (the function, its derivative), by hand
    "step": (lambda x: float(x >= 0.0), lambda _: 0.0),
    "identity": (lambda x: x, lambda _: 1.0),
    "sigmoid": (lambda x: 1 / (1 + exp(-x)), lambda x: exp(-x) / (1 + exp(-x)) ** 2),
    "tanh": (tanh, lambda x: 1.0 - tanh(x) ** 2),
    "relu": (lambda x: max(0.0, x), lambda x: float(x > 0.0)),
    "leaky_relu": (lambda x: x if x > 0 else 0.01 * x, lambda x: 1.0 if x > 0.0 else 0.01),
}
engine = {name: al.OPS[name] for name in activations} | {"leaky_relu": al.leaky_relu}

figure, axes = plt.subplots(2, 3, figsize=(7.5, 3.8), sharex=True, layout="constrained")
points = [k / 20 for k in range(-80, 81)]
for ax, (name, (value, slope)) in zip(axes.flat, activations.items(), strict=True):
    derivative = al.grad(engine[name])
    for point in (-5.0, -1.0, -0.5, 0.5, 1.0, 5.0):
        assert isclose(engine[name](point), value(point), rel_tol=1e-12)
        assert isclose(derivative(point), slope(point), rel_tol=1e-9)
    ax.plot(points, [engine[name](p) for p in points], color="#0068a8")
    ax.plot(points, [derivative(p) for p in points], "--", color="#b03c08")
    ax.set(title=name, ylim=(-1.3, 1.7))
lines = axes[0, 0].get_lines()
legend = figure.legend(lines, ["f(x)", "f'(x)"], loc="outside right center")

# %% [markdown]
# At the kink the lectures disagree (E001-09): ReLU's derivative at 0 is 0 in 000 and 1 in 001.
# There is none. Every number from 0 to 1 is a subgradient, and one has to be chosen; 0 is what
# PyTorch, TensorFlow and JAX take, and so do we. The leaky ReLU takes its slope 0.01. And a step
# at exactly 0 is 1.

# %%
assert al.grad(al.relu)(0.0) == 0.0
assert al.grad(al.leaky_relu)(0.0) == 0.01
assert al.step(0.0) == 1.0

# %% [markdown]
# ## What one unit cannot do
#
# A unit with a step draws one straight line. XOR needs two: above the first line (OR) *and* below
# the second (NAND). In the lecture's order of inputs the printed column $[0, 1, 1, 1]$ is NAND;
# the OR column $[1, 1, 1, 0]$ is lost with the picture (E001-10).

# %%
units = {
    name: al.nn.Neuron([al.Value(w1), al.Value(w2)], al.Value(bias), al.OPS["step"])
    for name, (w1, w2, bias) in {
        "OR": (1.0, 1.0, -0.5),
        "NAND": (-1.0, -1.0, 1.5),
        "AND": (1.0, 1.0, -1.5),
    }.items()
}
columns = {"OR": [], "NAND": [], "XOR": []}
print("x1 x2  OR NAND  XOR = AND(OR, NAND)")
for x1, x2 in [(1, 1), (1, 0), (0, 1), (0, 0)]:
    above, below = units["OR"]([x1, x2]), units["NAND"]([x1, x2])
    both = units["AND"]([above, below])
    for name, node in zip(columns, (above, below, both), strict=True):
        columns[name].append(int(node.data))
    print(f" {x1}  {x2} {above.data:4.0f} {below.data:4.0f} {both.data:4.0f}")
assert columns == {"OR": [1, 1, 1, 0], "NAND": [0, 1, 1, 1], "XOR": [0, 1, 1, 0]}

# %% [markdown]
# ## Softmax
#
# Four outputs become shares in two ways: each squashed and then divided by their sum, or
#
# $$y_k = \frac{e^{z_k}}{\sum_j e^{z_j}}, \qquad H = -\sum_k t_k \ln y_k, \qquad
#   \frac{\partial H}{\partial z_k} = y_k - t_k .$$

# %%
outputs, target = [-5.0, -1.0, 1.0, 5.0], [0.0, 0.0, 0.0, 1.0]
squashed = [1.0 / (1.0 + exp(-z)) for z in outputs]
shares = [s / sum(squashed) for s in squashed]
softmax = [exp(z) / sum(exp(z) for z in outputs) for z in outputs]
H = -sum(t * log(y) for t, y in zip(target, softmax, strict=True))
print("  z    sigmoid   divided   softmax   softmax - t")
for row in zip(outputs, squashed, shares, softmax, target, strict=True):
    print("{:4.0f} {:9.6f} {:9.6f} {:9.6f} {:11.6f}".format(*row[:4], row[3] - row[4]))
print(f"H = {H:.10f}")

# %%
for by_hand, by_engine in zip(softmax, al.softmax(outputs), strict=True):
    assert isclose(by_hand, by_engine)
assert isclose(al.losses.cross_entropy_with_logits(outputs, target), H)
slopes = al.grad(lambda z: al.losses.cross_entropy_with_logits(z, target))(outputs)
for slope, y, t in zip(slopes, softmax, target, strict=True):
    assert isclose(slope, y - t)

# %% [markdown]
# Two of the printed numbers were rounded too early:
#
# | | printed | correct | why |
# |---|---|---|---|
# | $H$ (E001-02) | 0.020621 | 0.020626 | the logarithm of the *rounded* 0.97959 |
# | divided, first (E001-03) | 0.00334 | 0.00335 | 0.00669 / 2, halved after rounding |
# | divided, last (E001-03) | 0.49666 | 0.49665 | 0.99331 / 2, likewise |

# %%
assert f"{H:.6f}" == "0.020626"
assert f"{-log(0.97959):.6f}" == "0.020621"
assert [f"{shares[k]:.5f}" for k in (0, 3)] == ["0.00335", "0.49665"]
assert [f"{Decimal(s) / 2:.5f}" for s in ("0.00669", "0.99331")] == ["0.00334", "0.49666"]

# %% [markdown]
# ## The network
#
# Two inputs, two hidden units, two outputs, all sigmoid, a bias for each unit.
# $z_j$ is a sum, $h_j$ and $y_k$ are outputs (the lecture uses $a$ for sums and changes between
# $y$ before and after the sigmoid, E001-12).
#
# $$z_j = \sum_i w_{ij}^{(1)} x_i + w_{0j}^{(1)},\quad h_j = \sigma(z_j),\qquad
#   v_k = \sum_j w_{jk}^{(2)} h_j + w_{0k}^{(2)},\quad y_k = \sigma(v_k),\qquad
#   E = \tfrac12\sum_k (y_k-t_k)^2$$
#
# ### Forward, by hand


# %%
def sigmoid(z):
    """1 / (1 + e^-z)."""
    return 1.0 / (1.0 + exp(-z))


x, t, eta = [0.12, 0.3], [0.1, 0.9], 0.5
w1, b1 = [[0.15, 0.2], [0.2, 0.3]], [0.1, 0.2]  # w1[i][j]: from input i to hidden unit j
w2, b2 = [[0.4, 0.45], [0.5, 0.55]], [0.2, 0.1]  # w2[j][k]: from hidden unit j to output k


def forward(h):
    """The outputs and the error, given the hidden units."""
    y = [sigmoid(w2[0][k] * h[0] + w2[1][k] * h[1] + b2[k]) for k in range(2)]
    return y, 0.5 * sum((y[k] - t[k]) ** 2 for k in range(2))


z = [w1[0][j] * x[0] + w1[1][j] * x[1] + b1[j] for j in range(2)]
h = [sigmoid(z[j]) for j in range(2)]
y, E = forward(h)
print(f"z = {z[0]:.3f}, {z[1]:.3f}    h = {h[0]:.10f}, {h[1]:.10f}")
print(f"y = {y[0]:.10f}, {y[1]:.10f}    E = {E:.10f}")
assert [f"{number:.3f}" for number in (*z, *h, E)] == ["0.178", "0.314", "0.544", "0.578", "0.191"]

# %% [markdown]
# ### Backward, by hand
#
# An output unit is blamed directly; a hidden unit for what it did to *both* outputs:
#
# $$\delta_k = (y_k - t_k)\, y_k (1-y_k), \qquad
#   \delta_j = \Bigl(\sum_k \delta_k w_{jk}^{(2)}\Bigr) h_j (1-h_j), \qquad
#   \frac{\partial E}{\partial w_{jk}^{(2)}} = \delta_k h_j, \quad
#   \frac{\partial E}{\partial w_{ij}^{(1)}} = \delta_j x_i .$$

# %%
delta_out = [(y[k] - t[k]) * y[k] * (1.0 - y[k]) for k in range(2)]
back = [sum(delta_out[k] * w2[j][k] for k in range(2)) for j in range(2)]  # dE/dh
delta_hidden = [back[j] * h[j] * (1.0 - h[j]) for j in range(2)]
gradient_2 = [[delta_out[k] * h[j] for k in range(2)] for j in range(2)]
gradient_1 = [[delta_hidden[j] * x[i] for j in range(2)] for i in range(2)]
print(
    f"dE/dw11(2) = {gradient_2[0][0]:.10f}    new w11(2) = {w2[0][0] - eta * gradient_2[0][0]:.10f}"
)
print(f"dE/dh1     = {back[0]:.10f}")
print(
    f"dE/dw11(1) = {gradient_1[0][0]:.10f}    new w11(1) = {w1[0][0] - eta * gradient_1[0][0]:.10f}"
)

# %% [markdown]
# ### By the engine

# %%
net = al.nn.MLP.from_weights([w1, w2], [b1, b2], "sigmoid")
inputs = [al.Value(x[0], label="x1"), al.Value(x[1], label="x2")]
loss = al.losses.half_squared_error(net(inputs), t)
loss.label = "E"
table = net.deltas(loss, learning_rate=eta)
by_hand = {"o1": delta_out[0], "o2": delta_out[1], "h1": delta_hidden[0], "h2": delta_hidden[1]}
for i in range(2):
    for j in range(2):
        by_hand[f"w{i + 1}{j + 1}[1]"] = {
            "gradient": gradient_1[i][j],
            "updated": w1[i][j] - eta * gradient_1[i][j],
        }
        by_hand[f"w{i + 1}{j + 1}[2]"] = {
            "gradient": gradient_2[i][j],
            "updated": w2[i][j] - eta * gradient_2[i][j],
        }
al.testing.assert_deltas(table, by_hand)
al.testing.assert_deltas(  # the same in digits, from a calculation with 50 of them
    table,
    {
        "h1": {"a": 0.5443828762, "dloss_da": 0.0261567798},
        "h2": {"a": 0.5778613143},
        "o1": {"z": 0.7066838076, "a": 0.6696679889},
        "o2": {"z": 0.6627960172, "a": 0.6598881950},
        "w11[2]": {"gradient": 0.0686019519, "updated": 0.3656990240},
        "w11[1]": {"gradient": 0.0007785204, "updated": 0.1496107398},
    },
    decimals=10,
)
table

# %% [markdown]
# The way of one weight. $w_{11}^{(1)}$ reaches the error on two paths that part at $h_1$; the
# gradient is the sum over both of the products along them.

# %%
loss.backward()
picture = al.draw(loss, level="op", around=net.layers[0].neurons[0].weights[0], hops=1)
picture.attr(rankdir="TB")  # from top to bottom: six steps would not fit across the page
picture

# %% [markdown]
# Both products by hand, and as the engine tells them: factor by factor, in letters and in numbers.

# %%
to_h1 = x[0] * h[0] * (1.0 - h[0])
paths = [to_h1 * w2[0][k] * y[k] * (1.0 - y[k]) * (y[k] - t[k]) for k in range(2)]
print(f"through y1 {paths[0]:.10f}\nthrough y2 {paths[1]:.10f}\nsum        {sum(paths):.10f}")
assert isclose(sum(paths), net.layers[0].neurons[0].weights[0].grad)

explanation = al.explain(loss, net.layers[0].neurons[0].weights[0])
print(explanation)
assert all(isclose(a, b) for a, b in zip(explanation.products, paths, strict=True))

# %% [markdown]
# ## What the print says
#
# **The hidden units are exchanged** (E001-04). The lecture computes
# $\sigma(0.178) = 0.544$ and $\sigma(0.314) = 0.578$, and then carries $h_1 = 0.578$,
# $h_2 = 0.544$ into the second layer. **And it adds** $\eta\, \partial E/\partial w$
# (E001-01). Both slips together give its numbers:

# %%
exchanged = [h[1], h[0]]
y_x, E_x = forward(exchanged)
delta_x = [(y_x[k] - t[k]) * y_x[k] * (1.0 - y_x[k]) for k in range(2)]
back_x = sum(delta_x[k] * w2[0][k] for k in range(2))
w11_2x = delta_x[0] * exchanged[0]
w11_1x = back_x * exchanged[0] * (1.0 - exchanged[0]) * x[0]
v = [table["o1"].z, table["o2"].z]
v_x = [w2[0][k] * exchanged[0] + w2[1][k] * exchanged[1] + b2[k] for k in range(2)]

rows = [  # what, printed, by the faulty recipe, correct
    ("v1 (a1 of layer 2)", "0.703", v_x[0], v[0]),
    ("v2 (a2 of layer 2)", "0.659", v_x[1], v[1]),
    ("y1", "0.669", y_x[0], y[0]),
    ("y2", "0.659", y_x[1], y[1]),
    ("E", "0.191", E_x, E),
    ("dE/dy1", "0.569", y_x[0] - t[0], y[0] - t[0]),
    ("dE/dy2", "-0.241", y_x[1] - t[1], y[1] - t[1]),
    ("h1 in dE/dw11(2)", "0.578", exchanged[0], h[0]),
    ("dE/dw11(2)", "0.0727", w11_2x, gradient_2[0][0]),
    ("new w11(2)", "0.436", w2[0][0] + eta * w11_2x, w2[0][0] - eta * gradient_2[0][0]),
    ("dE/dh1", "0.0259", back_x, back[0]),
    ("dE/dw11(1)", "0.00075", w11_1x, gradient_1[0][0]),
    ("new w11(1)", "0.1504", w1[0][0] + eta * w11_1x, w1[0][0] - eta * gradient_1[0][0]),
]
print(f"{'':20}{'printed':>9} {'exchanged, plus':>16} {'correct':>14}")
for what, printed, faulty, correct in rows:
    print(f"{what:20}{printed:>9} {faulty:16.10f} {correct:14.10f}")
    unit = 10.0 ** -len(printed.split(".")[1])  # of the last printed digit
    assert abs(faulty - float(printed)) < 2.0 * unit

# %% [markdown]
# Only $E$ hides the exchange: 0.1908 and 0.1911 both print as 0.191. The last digits of the
# printed column wander by one or two more, because each line there starts from rounded numbers.
# For instance $\partial E/\partial h_1$ is printed as $0.0503 - 0.0244 = 0.0259$, and
# $\partial E/\partial w_{11}^{(1)} = 0.12 \cdot 0.2439 \cdot 0.0259 = 0.000758$ should have
# become 0.00076 even so (E001-05). Its slope 0.2439 is $0.578\,(1 - 0.578)$, that of the other
# unit.

# %%
assert f"{0.12 * 0.2439 * 0.0259:.5f}" == "0.00076"
assert f"{0.0503 - 0.0244:.4f}" == "0.0259"
assert f"{h[1] * (1.0 - h[1]):.4f}" == "0.2439"

# %% [markdown]
# **The last backward slide has a product of four factors** for $\partial E/\partial w_{11}^{(1)}$
# (E001-07). It leaves out $\partial v_1/\partial h_1 = w_{11}^{(2)}$ and the second path. With the
# right numbers in it, that product is almost five times too large:

# %%
four_factors = x[0] * h[0] * (1.0 - h[0]) * y[0] * (1.0 - y[0]) * (y[0] - t[0])
print(f"four factors {four_factors:.10f}, correct {gradient_1[0][0]:.10f}")
assert 4.5 < four_factors / gradient_1[0][0] < 5.0

# %% [markdown]
# ## Does it learn?
#
# The test that needs no algebra: after a step down the error must be smaller, and after a step up
# larger.


# %%
def error_after(step):
    """E after every weight moved by step times its gradient."""
    moved = al.nn.MLP.from_weights([w1, w2], [b1, b2], "sigmoid")
    for parameter, row in zip(moved.parameters(), table.weights.values(), strict=True):
        parameter.data += step * row.gradient
    return al.losses.half_squared_error(moved(x), t).data


print(f"before {E:.6f}, down {error_after(-eta):.6f}, up (as printed) {error_after(+eta):.6f}")
assert error_after(-eta) < E < error_after(+eta)
al.check_gradients(lambda inputs: al.losses.half_squared_error(net(inputs), t), x)
