# %% [markdown]
# # Three bodies on one orbit
#
# In 1993 C. Moore found an orbit on which three equal masses chase each other along a figure eight;
# in 2000 A. Chenciner and R. Montgomery proved that it exists. Here it is found again: we start
# beside it and go downhill through the whole simulation. A thousand steps in time are 86,053
# recorded operations, and the gradient goes through all of them.
#
# Graphs of this size want the extra `fast` (native code). Times are measured and rounded to one
# digit; they are the only outputs that differ when this page is built again.

# %%
from timeit import timeit

import matplotlib.pyplot as plt
import numpy as np
from scipy.optimize import minimize

import autograd_lite as al

STEPS = 1000


def rough(number):
    """The number to one digit, with commas."""
    return f"{float(f'{number:.1g}'):,.12g}"


# %% [markdown]
# ## The bodies
#
# Masses and the constant of gravity are 1. The force between two bodies is $1 / r^2$, along the
# line between them:
# $$\ddot q_i = \sum_{j \ne i} \frac{q_j - q_i}{|q_j - q_i|^3}.$$


# %%
def accelerations(q):
    """The acceleration [x, y] of every body."""
    a = [[0.0, 0.0] for _ in q]
    for i, j in ((0, 1), (0, 2), (1, 2)):
        dx, dy = q[j][0] - q[i][0], q[j][1] - q[i][1]
        square = dx * dx + dy * dy
        w = 1.0 / (square * al.sqrt(square))
        a[i] = [a[i][0] + w * dx, a[i][1] + w * dy]
        a[j] = [a[j][0] - w * dx, a[j][1] - w * dy]
    return a


# %% [markdown]
# By hand: two bodies at distance 2, the third far away. Each is pulled by $1/2^2$ to the other.

# %%
pull = accelerations([[-1.0, 0.0], [1.0, 0.0], [0.0, 1e9]])
assert np.allclose(pull[:2], [[0.25, 0.0], [-0.25, 0.0]], atol=1e-15)

# %% [markdown]
# ## The simulation
#
# The leapfrog: half a step of the velocity, a step of the place, half a step of the velocity. The
# places at the start are given. Unknown are three numbers: the velocity $(v_x, v_y)$ of the body in
# the middle (the two others fly against it at half its speed, so that nothing drifts away) and the
# period $T$. It is plain Python over scalars; floats fly as well as `Value`s.

# %%
CORNER = (0.97000436, -0.24308753)  # Chenciner and Montgomery (2000)


def start(vx, vy):
    """Places and velocities of the three bodies at time 0."""
    q = [list(CORNER), [-CORNER[0], -CORNER[1]], [0.0, 0.0]]
    return q, [[-vx / 2, -vy / 2], [-vx / 2, -vy / 2], [vx, vy]]


def moved(q, v, h):
    """q + h v, for every body and coordinate."""
    return [[qx + h * vx, qy + h * vy] for (qx, qy), (vx, vy) in zip(q, v, strict=True)]


def fly(x, steps=STEPS):
    """The places at every step, and the velocities at the end."""
    vx, vy, T = x
    h = T / steps
    q, v = start(vx, vy)
    path, a = [q], accelerations(q)
    for _ in range(steps):
        v = moved(v, a, h / 2)
        q = moved(q, v, h)
        a = accelerations(q)
        v = moved(v, a, h / 2)
        path.append(q)
    return path, v


# %% [markdown]
# ## What is to be made small
#
# An orbit is periodic if after the time $T$ all places and all velocities are those of the start.
# The miss is the sum of the twelve squared differences.


# %%
def miss(x, steps=STEPS):
    """How far the end lies from the start."""
    path, v_end = fly(x, steps)
    q, v = start(x[0], x[1])
    pairs = zip([*path[-1], *v_end], [*q, *v], strict=True)
    return sum((e - s) ** 2 for end, begin in pairs for e, s in zip(end, begin, strict=True))


F = al.function(miss, 3)
print(F.program.explain_plan())

# %% [markdown]
# The graph was taken apart: what was written as a loop, and recorded as one long list of
# operations, has been found to be a loop again. The count by hand: a pair of bodies takes 16
# operations, so all forces take 48, three moves of 12 take 36, and $h/2$ is computed twice: 86 a
# step.

# %%
plan = F.program.explain_plan()
recorded = int(plan.split()[0].replace(",", ""))
assert recorded // STEPS == 3 * 16 + 3 * 12 + 2
assert "  loop: " in plan

# %% [markdown]
# ## The gradient
#
# We begin beside the orbit: the velocity wrong by 5 percent, the period by 3. The compiled function
# and the plain floats give the same miss, and the gradient is what a central difference says.

# %%
beside = np.array([-0.98, -0.82, 6.14])
value, gradient = F.value_and_grad(beside)
assert abs(value - miss(beside.tolist())) < 1e-9 * value

step = 1e-5
differences = [
    (miss((beside + step * e).tolist()) - miss((beside - step * e).tolist())) / (2 * step)
    for e in np.eye(3)
]
print("gradient   ", gradient)
print("differences", np.array(differences))
# The difference's own error is of the order step², times a third derivative of some thousands.
assert np.allclose(gradient, differences, rtol=1e-5, atol=1e-5)

# %%
calls = 100
seconds = timeit(lambda: F.value_and_grad(beside), number=calls) / calls
print(f"value and gradient in {rough(seconds * 1e6)} µs,")
print(f"{rough(seconds / recorded * 1e9)} ns for each recorded operation")
assert np.array_equal(F.value_and_grad(beside)[1], gradient)

# %% [markdown]
# ## Downhill

# %%
misses = [value]
found = minimize(
    F.value_and_grad, beside, jac=True, method="BFGS", options={"gtol": 1e-9},
    callback=lambda intermediate_result: misses.append(intermediate_result.fun),
)  # fmt: skip
print(f"{found.nit} steps, {found.nfev} gradients, miss {misses[0]:.2g} -> {found.fun:.0e}")
print("vx, vy, T =", found.x)
assert found.success
assert found.fun < 1e-18

# %%
figure, axes = plt.subplots(1, 3, figsize=(10, 3), layout="constrained")
for axis, x, title in ((axes[0], beside, "before"), (axes[1], found.x, "after")):
    path = np.array(fly(x.tolist())[0])
    for body in range(3):
        (line,) = axis.plot(*path[:, body].T, linewidth=1)
        axis.plot(*path[0, body], "o", color=line.get_color())
        axis.plot(*path[-1, body], "x", color="black")
    axis.set(title=title, aspect="equal", xlim=(-1.6, 1.6), ylim=(-0.9, 0.9))
axes[2].semilogy(misses, ".-")
axes[2].set(title="miss", xlabel="step of BFGS")
plt.show()

# %% [markdown]
# Dots are the start, crosses the end. All three bodies now run along the same curve, each a third
# of a period behind the next: after $T / 3$ every body stands where another one stood.

# %%
steps = 1200  # a number that 3 divides
path = np.array(fly(found.x.tolist(), steps)[0])
shift = np.abs(path[steps // 3] - path[0][[2, 0, 1]]).max()
print(f"after T/3 the bodies have changed places, to {shift:.0e}")
assert shift < 1e-4

# %% [markdown]
# ## Compared with what is published
#
# Chenciner and Montgomery print $v = (-0.93240737, -0.86473146)$ and $T = 6.32591398$. Ours is off
# in the fifth digit, which is the leapfrog's error: its order is 2, so that steps of half the
# length leave a quarter of it. And then $(4 x_{2000} - x_{1000}) / 3$ is free of it.

# %%
published = np.array([-0.93240737, -0.86473146, 6.32591398])
finer = minimize(
    al.function(lambda x: miss(x, 2 * STEPS), 3).value_and_grad, found.x, jac=True,
    method="BFGS", options={"gtol": 1e-9},
)  # fmt: skip
errors = [np.abs(x - published).max() for x in (found.x, finer.x, (4 * finer.x - found.x) / 3)]
print("1000 steps {:.1e}, 2000 steps {:.1e}, both together {:.1e}".format(*errors))
assert errors[0] < 1e-4
assert 3.9 < errors[0] / errors[1] < 4.1
assert errors[2] < 1e-7
