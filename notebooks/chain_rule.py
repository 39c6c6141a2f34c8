# %% [markdown]
# # From the perceptron to automatic differentiation
#
# Four ideas, each a small step from the last: move the weights when you are wrong; move them by
# how wrong you are; carry "how wrong" through a chain of functions; let a table of rules do the
# carrying. The formulas are those of lecture 003, the numbers mostly ours.

# %%
from math import exp, inf, isclose, isnan, log

import autograd_lite as al

# %% [markdown]
# ## The perceptron
#
# A unit with a step says 1 if $w \cdot x \ge 0$, else 0. If it was right, leave it alone; if it
# said 0 for 1 add the input to the weights, if it said 1 for 0 subtract it. $x_0 = 1$ carries the
# bias. On AND, in order, until an epoch passes without a mistake:

# %%
samples = [([1, 1, 1], 1), ([1, 1, 0], 0), ([1, 0, 1], 0), ([1, 0, 0], 0)]
w, epoch, mistakes = [0, 0, 0], 0, 1
while mistakes:
    epoch, mistakes = epoch + 1, 0
    for x, target in samples:
        said = 1 if sum(w[i] * x[i] for i in range(3)) >= 0 else 0
        if said != target:
            mistakes += 1
            w = [w[i] + (target - said) * x[i] for i in range(3)]
            print(f"epoch {epoch}: {x[1]} AND {x[2]} is {target}, it said {said}; now w = {w}")
print(f"epoch {epoch}: no mistake")
assert (w, epoch) == ([-3, 1, 2], 8)

# %%
run = al.learning_rules.train_perceptron(samples, [0, 0, 0])
assert run == ([-3.0, 1.0, 2.0], 8, True)
run

# %% [markdown]
# It ends if, and only if, a plane separates the ones from the zeros (Novikoff, 1962). XOR has none:

# %%
X, T = al.data.truth_table("XOR")
xor = [([1.0, *x], t) for x, (t,) in zip(X.tolist(), T.tolist(), strict=True)]
print(al.learning_rules.train_perceptron(xor, [0, 0, 0], max_epochs=1000))
assert not al.learning_rules.train_perceptron(xor, [0, 0, 0]).converged

# %% [markdown]
# ## The delta rule
#
# Without the step the error is a smooth function of the weights,
# $E = \frac12 (t - w\cdot x)^2$, and $-\partial E/\partial w_i = (t - w \cdot x)\, x_i$. The unit
# moves a little, by how wrong it was:
#
# $$w_i \leftarrow w_i + \alpha\,(t - w\cdot x)\,x_i .$$


# %%
def half_squared(w, x, target):
    """The error of a linear unit."""
    return 0.5 * (target - al.dot(w, x)) ** 2


alpha, w = 0.1, [0.5, -0.5, 0.25]
for x, target in [([1.0, 1.0, 2.0], 3.0), ([1.0, -1.0, 0.5], -1.0), ([1.0, 2.0, 0.0], 1.0)]:
    by_library = al.learning_rules.delta_rule(w, x, target, alpha)
    gradient = al.grad(half_squared)(w, x, target)
    y = sum(w[i] * x[i] for i in range(3))
    w = [w[i] + alpha * (target - y) * x[i] for i in range(3)]
    assert all(isclose(a, b) for a, b in zip(by_library, w, strict=True))
    print(
        f"said {y:6.3f}, wanted {target:4.1f}: gradient {gradient}, w = {[round(v, 6) for v in w]}"
    )
assert [round(v, 10) for v in w] == [0.56375, 0.09, 0.63125]

# %% [markdown]
# ## The chain rule
#
# For $s = 1/(1+e^{-wx})$ name the steps, $z = wx$, $f = 1 + e^{-z}$, $s = 1/f$, and multiply their
# derivatives:
#
# $$\frac{\partial s}{\partial w}
#   = \underbrace{-\frac{1}{f^2}}_{\partial s/\partial f}\cdot
#     \underbrace{(-e^{-z})}_{\partial f/\partial z}\cdot
#     \underbrace{x}_{\partial z/\partial w}
#   = \frac{x\, e^{-wx}}{(1+e^{-wx})^2} = x\, s(1-s) .$$
#
# A handwritten note in the lecture has $\frac{1}{f^2} e^{-z}$ with $f = \frac{1}{1+e^{-z}}$
# (E003-01). That squares the sigmoid where the *denominator* belongs:


# %%
def unit(w, x):
    """1 / (1 + e^(-w x)), for numbers and for Values."""
    return 1.0 / (1.0 + al.exp(-w * x))


print("   w     x     by hand       by the note   by the engine")
for w, x in [(1.0, 1.0), (0.5, -2.0), (2.0, 3.0), (0.0, 5.0)]:
    s = 1.0 / (1.0 + exp(-w * x))
    by_hand = x * exp(-w * x) / (1.0 + exp(-w * x)) ** 2
    by_note = x * exp(-w * x) / s**2
    engine = al.grad(unit)(w, x)
    print(f"{w:5.1f} {x:5.1f} {by_hand:13.8f} {by_note:13.8f} {engine:13.8f}")
    assert isclose(engine, by_hand)
    assert isclose(engine, x * s * (1.0 - s))
    assert not isclose(by_note, by_hand)

# %% [markdown]
# ## The same as a graph
#
# $q = x + y$ and $f = q z$ are all that is left of the lecture's picture (E003-05); $x = -2$,
# $y = 5$, $z = -4$ are the values this example usually comes with. Forward: $q = 3$, $f = -12$.
# Backward, from $\partial f/\partial f = 1$:
#
# $$\frac{\partial f}{\partial q} = z = -4,\quad \frac{\partial f}{\partial z} = q = 3,\quad
#   \frac{\partial f}{\partial x} = \frac{\partial f}{\partial q}\cdot 1 = -4,\quad
#   \frac{\partial f}{\partial y} = -4 .$$

# %%
x, y, z = (al.Value(v, label=k) for k, v in {"x": -2.0, "y": 5.0, "z": -4.0}.items())
q = x + y
q.label = "q"
f = q * z
f.label = "f"
f.backward()
assert (q.data, f.data) == (3.0, -12.0)
assert (x.grad, y.grad, z.grad, q.grad) == (-4.0, -4.0, 3.0, -4.0)
al.draw(f)

# %% [markdown]
# ## A table of rules
#
# To go back through any operation it is enough to know one thing about it: given $g$, the
# derivative of the end by its output, what is the derivative by each input? These are the
# *vector-Jacobian products*. The lecture shows them as a table from the library *autodidact*:
# `g` is the gradient that arrives, `ans` the output, `x` and `y` the inputs.

# %%
vjps = {  # for two inputs (one rule for each), and for one
    "add": (lambda g, ans, x, y: g, lambda g, ans, x, y: g),
    "multiply": (lambda g, ans, x, y: y * g, lambda g, ans, x, y: x * g),
    "subtract": (lambda g, ans, x, y: g, lambda g, ans, x, y: -g),
    "divide": (lambda g, ans, x, y: g / y, lambda g, ans, x, y: -g * x / y**2),
    "power": (
        lambda g, ans, x, y: g * y * x ** (y - 1 if y else 1.0),
        lambda g, ans, x, y: g * log(x if x else 1.0) * x**y,
    ),
    "exp": (lambda g, ans, x: ans * g,),
    "log": (lambda g, ans, x: g / x,),
    "reciprocal": (lambda g, ans, x: -g / x**2,),
}
functions = {
    "add": lambda x, y: x + y,
    "multiply": lambda x, y: x * y,
    "subtract": lambda x, y: x - y,
    "divide": lambda x, y: x / y,
    "power": lambda x, y: x**y,
    "exp": exp,
    "log": log,
    "reciprocal": lambda x: 1.0 / x,
}

# %% [markdown]
# The table of `autograd_lite` has a row for each operation, too; its rule gives
# $\partial\,\text{ans}/\partial x$ without the $g$, and `row.vjp` multiplies. Both tables must
# give the same numbers:

# %%
rows = {"multiply": "mul", "subtract": "sub", "divide": "div", "power": "pow"}
points = {
    "add": [(1.5, -2.0), (-3.0, 0.25), (2.0, 3.0)],
    "multiply": [(1.5, -2.0), (-3.0, 0.25), (2.0, 3.0)],
    "subtract": [(1.5, -2.0), (-3.0, 0.25), (2.0, 3.0)],
    "divide": [(1.5, -2.0), (-3.0, 0.25), (2.0, 3.0)],
    "power": [(1.5, -2.0), (2.0, 3.0), (0.0, 0.0), (3.0, 0.0), (0.0, 2.0), (0.0, 1.0)],
    "exp": [(0.0,), (-1.5,)],
    "log": [(1.0,), (0.1,)],
    "reciprocal": [(2.0,), (-4.0,)],
}
print("operation   inputs           ans        g * d/dx     g * d/dy")
for name, places in points.items():
    for inputs in places:
        g = 2.5
        ans = functions[name](*inputs)
        theirs = [rule(g, ans, *inputs) for rule in vjps[name]]
        if name == "reciprocal":  # is a division here
            ours = al.OPS["div"].vjp(g, ans, 1.0, *inputs)[1:]
        else:
            ours = al.OPS[rows.get(name, name)].vjp(g, ans, *inputs)
        assert all(isclose(a, b, abs_tol=1e-15) for a, b in zip(ours, theirs, strict=True))
        numbers = "".join(f"{number:13.6f}" for number in (ans, *theirs))
        print(f"{name:11} {inputs!s:12}{numbers}")

# %% [markdown]
# The power rules carry two patches, `y - 1 if y else 1` and `x if x else 1`, against
# $0\cdot 0^{-1}$ and $\ln 0$. At $x = y = 0$ they serve. In three places they do not reach
# (E003-04); plain Python raises there, and our row gives the limit or, where there is none, nan:
#
# | $x$ | $y$ | asked for | the patched rule | our row |
# |---|---|---|---|---|
# | $-2$ | $2$ | $\partial/\partial y = x^y \ln x$ | logarithm of a negative number | nan |
# | $0$ | $-1$ | $\partial/\partial y$ | division by zero | $-\infty$ |
# | $0$ | $\frac12$ | $\partial/\partial x = y\,x^{y-1}$ | division by zero | $+\infty$ |

# %%
by_x, by_y = al.OPS["pow"].vjp(1.0, 4.0, -2.0, 2.0)
assert by_x == -4.0
assert isnan(by_y)
assert al.OPS["pow"].vjp(1.0, inf, 0.0, -1.0)[1] == -inf
assert al.OPS["pow"].vjp(1.0, 0.0, 0.0, 0.5)[0] == inf

by_x, by_y = vjps["power"]
for rule, ans, x, y in ((by_y, 4.0, -2.0, 2.0), (by_y, inf, 0.0, -1.0), (by_x, 0.0, 0.0, 0.5)):
    try:
        rule(1.0, ans, x, y)
    except (ValueError, ZeroDivisionError) as error:
        print(f"x = {x}, y = {y}: {type(error).__name__}: {error}")
    else:
        raise AssertionError("the patched rule gave a number")

# %% [markdown]
# ## From the table to automatic differentiation
#
# Now no thinking is left. Write down every operation as it is done (the *tape*), then walk the
# tape backwards, ask the table, and *add* what each input gets:


# %%
def differentiate(tape, inputs):
    """The value of the tape's last line, and its derivative by every name."""
    values = dict(inputs)
    for name, operation, arguments in tape:
        values[name] = functions[operation](*(values[a] for a in arguments))
    end = tape[-1][0]
    gradients = dict.fromkeys(values, 0.0) | {end: 1.0}
    for name, operation, arguments in reversed(tape):
        numbers = [values[a] for a in arguments]
        for argument, rule in zip(arguments, vjps[operation], strict=True):
            gradients[argument] += rule(gradients[name], values[name], *numbers)
    return values[end], gradients


tape = [
    ("q", "add", ("x", "y")),
    ("f", "multiply", ("q", "z")),
]
value, gradients = differentiate(tape, {"x": -2.0, "y": 5.0, "z": -4.0})
print(value, gradients)
assert (value, gradients["x"], gradients["y"], gradients["z"]) == (-12.0, -4.0, -4.0, 3.0)

# %% [markdown]
# The sigmoid again, which no one differentiated this time:

# %%
tape = [
    ("z", "multiply", ("w", "x")),
    ("-z", "subtract", ("zero", "z")),
    ("e", "exp", ("-z",)),
    ("f", "add", ("one", "e")),
    ("s", "reciprocal", ("f",)),
]
value, gradients = differentiate(tape, {"w": 2.0, "x": 3.0, "zero": 0.0, "one": 1.0})
print(f"s = {value:.10f}, ds/dw = {gradients['w']:.10f}, ds/dx = {gradients['x']:.10f}")
assert isclose(gradients["w"], 0.0073995279, rel_tol=1e-7)
assert isclose(gradients["w"], al.grad(lambda w: al.sigmoid(w * 3.0))(2.0), rel_tol=1e-12)

# %% [markdown]
# That is the whole of it. In `autograd_lite` the tape is the graph itself: each `Value` holds its
# operands and the local derivatives.
#
# ## A network with two misprints
#
# Two inputs, two hidden units, one output, all sigmoid, no biases; the binary cross entropy
# averaged over $m$ samples. In the print the brackets of the cost are lost, and in its derivative
# the sign and the $1/m$ (E003-02). Right is
#
# $$L = -\frac1m \sum_s \bigl[y_s \ln a_s + (1-y_s)\ln(1-a_s)\bigr], \qquad
#   \frac{\partial L}{\partial a_s} = -\frac1m\Bigl(\frac{y_s}{a_s} - \frac{1-y_s}{1-a_s}\Bigr),
#   \qquad \frac{\partial L}{\partial v_s} = \frac{a_s - y_s}{m} .$$
#
# And the last line sums over the hidden units $j$ where none is to be summed (E003-03): $W_{ij}$
# feeds unit $j$ alone,
#
# $$\frac{\partial v}{\partial W_{ij}} = W_j\, s'(z_j)\, X_i .$$

# %%
data = [([1.0, 2.0], 1.0), ([-1.0, 0.5], 0.0)]
W_x, W_h = [[0.1, -0.3], [0.2, 0.4]], [0.5, -0.6]  # W_x[i][j]: from input i to hidden unit j


def sigmoid(z):
    """1 / (1 + e^-z)."""
    return 1.0 / (1.0 + exp(-z))


L = no_brackets = right = summed = wrong_sign = 0.0
for x, y in data:
    h = [sigmoid(x[0] * W_x[0][j] + x[1] * W_x[1][j]) for j in range(2)]
    a = sigmoid(h[0] * W_h[0] + h[1] * W_h[1])
    L += -(y * log(a) + (1.0 - y) * log(1.0 - a)) / 2.0
    no_brackets += -y * log(a) / 2.0 + (1.0 - y) * log(1.0 - a)
    by_v = (a - y) / 2.0
    slopes = [W_h[j] * h[j] * (1.0 - h[j]) * x[0] for j in range(2)]
    right += by_v * slopes[0]  # the derivative by W11
    summed += by_v * sum(slopes)  # as printed, over both hidden units
    wrong_sign += (y / a - (1.0 - y) / (1.0 - a)) * a * (1.0 - a) * slopes[0]

print(f"L       {L:.10f}   without brackets {no_brackets:.10f}")
print(f"dL/dW11 {right:.10f}   summed over j {summed:.10f}   no sign, no 1/m {wrong_sign:.10f}")
assert isclose(wrong_sign, -2.0 * right)

# %%
net = al.nn.MLP.from_weights(
    [W_x, [[w] for w in W_h]],
    activations="sigmoid",
    names=[[["W11", "W12"], ["W21", "W22"]], [["W1"], ["W2"]]],
)
outputs = [net(x) for x, _ in data]
loss = al.losses.batch(al.losses.binary_cross_entropy, outputs, [[y] for _, y in data], "mean")
assert isclose(loss.data, L)
table = net.deltas(loss, learning_rate=0.1)
al.testing.assert_deltas(table, {"W11": right})
al.testing.assert_deltas(
    table,
    {"W11": {"gradient": -0.0596125618, "updated": 0.1059612562}, "W1": -0.0431638998},
    decimals=10,
)
table

# %% [markdown]
# Neither misprint survives a look at the numbers: a cost without brackets is negative here, and a
# central difference knows nothing of formulas.

# %%
assert no_brackets < 0.0 < L


def loss_at(w11):
    """L with another first weight."""
    moved = al.nn.MLP.from_weights(
        [[[w11, -0.3], [0.2, 0.4]], [[0.5], [-0.6]]], activations="sigmoid"
    )
    losses = [al.losses.binary_cross_entropy(moved(x), [y]).data for x, y in data]
    return sum(losses) / 2.0


step = 1e-5
difference = (loss_at(0.1 + step) - loss_at(0.1 - step)) / (2.0 * step)
print(f"central difference {difference:.8f}")
assert isclose(difference, right, rel_tol=1e-7)
assert not isclose(difference, summed, rel_tol=0.1)
