# %% [markdown]
# # A hanging chain, by Newton's method
#
# A hundred masses on springs hang between two nails. Where? Where their energy is least. The energy
# is written spring by spring; from its graph come the gradient (the forces), the Hessian, and the
# places where the Hessian is zero, so that Newton's method costs no more than the chain is long.
#
# Times are measured and rounded to one digit; they are the only outputs that differ when this page
# is built again.

# %%
from itertools import pairwise
from timeit import timeit

import matplotlib.pyplot as plt
import numpy as np
from scipy.optimize import brentq, minimize
from scipy.sparse.linalg import spsolve

import autograd_lite as al


def rough(number):
    """The number to one digit, with commas."""
    return f"{float(f'{number:.1g}'):,.12g}"


# %% [markdown]
# ## The energy
#
# The nails are 1 apart, the springs together are 1.5 long when nothing pulls, the masses weigh 1
# together. A spring of rest length $r$ has the energy $\frac{k}{2}(l - r)^2$, a mass its weight
# times its height.

# %%
MASSES, SPAN, LENGTH = 100, 1.0, 1.5
SPRINGS = MASSES + 1
REST, WEIGHT = LENGTH / SPRINGS, 1.0 / MASSES
STIFFNESS = 1000.0 / REST  # the whole weight stretches a spring by a thousandth


def energy(x):
    """The energy of the chain; x holds the places x1, y1, x2, y2, ... of the masses."""
    points = [(0.0, 0.0), *zip(x[::2], x[1::2], strict=True), (SPAN, 0.0)]
    total = 0.0
    for (ax, ay), (bx, by) in pairwise(points):
        length = al.sqrt((bx - ax) ** 2 + (by - ay) ** 2)
        total = total + 0.5 * STIFFNESS * (length - REST) ** 2
    for y in x[1::2]:
        total = total + WEIGHT * y
    return total


E = al.function(energy, 2 * MASSES)
print(E.program.explain_plan())
assert "  loop: " in E.program.explain_plan()

# %% [markdown]
# By hand: let all masses lie on the straight line between the nails, a step of $1/101$ apart. Every
# spring is pressed from $1.5/101$ to $1/101$; the heights are 0.

# %%
line = np.zeros(2 * MASSES)
line[::2] = np.arange(1, SPRINGS) / SPRINGS
by_hand = SPRINGS * 0.5 * STIFFNESS * (SPAN / SPRINGS - REST) ** 2
assert abs(E(line) - by_hand) < 1e-12 * by_hand

# %% [markdown]
# ## Where the Hessian is not zero
#
# A mass feels its two neighbours: three blocks of 2 × 2 a row, at the ends two. That is
# $4\,(3 \cdot 100 - 2)$ of 40,000 entries. The library finds them in the graph, and gets all of
# them from a few products of the Hessian with vectors.

# %%
pattern = E.hessian_sparsity()
print(f"{pattern.nnz:,} of {pattern.shape[0] * pattern.shape[1]:,} entries")
assert pattern.nnz == 4 * (3 * MASSES - 2)
row, column = pattern.nonzero()
assert np.abs(row // 2 - column // 2).max() == 1

figure, (left, right) = plt.subplots(1, 2, figsize=(7, 3.4), layout="constrained")
left.spy(pattern, markersize=0.7, color="#0068a8")
left.set_title("100 masses", pad=22)
right.spy(pattern[:16, :16], markersize=6, color="#0068a8")
right.set_title("the first 8", pad=22)
plt.show()

# %% [markdown]
# ## Newton's method
#
# A stretched spring's energy is convex, a pressed one's is not; so the start is a V in which all
# springs are stretched. A step solves $H\, d = -g$ with the sparse Hessian and is halved until the
# energy falls enough.

# %%
start = line.copy()
start[1::2] = -0.8 * (1.0 - np.abs(2.0 * line[::2] - 1.0))


def newton(x):
    """The lowest point near x, and the largest force at every step."""
    forces = []
    for _ in range(100):
        value, gradient = E.value_and_grad(x)
        forces.append(np.abs(gradient).max())
        if forces[-1] < 1e-9:  # rounding leaves STIFFNESS × 1e-16
            break
        step = spsolve(E.hessian(x, sparse=True).tocsc(), -gradient)
        assert gradient @ step < 0.0  # else the Hessian were not positive here
        size = 1.0
        while E(x + size * step) > value + 1e-4 * size * (gradient @ step):
            size /= 2
        x = x + size * step
    return x, forces


x, forces = newton(start)
print(f"{len(forces) - 1} steps, largest force {forces[0]:.0e} -> {forces[-1]:.0e}")
assert forces[-1] < 1e-9

# %%
dense = E.hessian(x)
assert np.array_equal(E.hessian(x, sparse=True).toarray(), dense)
print(f"least eigenvalue of the Hessian {np.linalg.eigvalsh(dense)[0]:.4f}: it is a minimum")
assert np.linalg.eigvalsh(dense)[0] > 0
for name, f in (("value and gradient", E.value_and_grad), ("Hessian", E.hessian)):
    print(f"{name} in {rough(timeit(lambda f=f: f(x), number=100) / 100 * 1e6)} µs")

# %% [markdown]
# ## The same by forces
#
# The residual force on a mass, written down without the library: the pulls of the two springs at it
# and its weight.

# %%
points = np.vstack([[0.0, 0.0], x.reshape(-1, 2), [SPAN, 0.0]])
springs = np.diff(points, axis=0)
lengths = np.hypot(*springs.T)
pulls = (STIFFNESS * (lengths - REST) / lengths)[:, None] * springs
residual = pulls[1:] - pulls[:-1] - [0.0, WEIGHT]
print(f"largest residual force {np.abs(residual).max():.0e}, of a weight of {WEIGHT}")
assert np.abs(residual).max() < 1e-9

# %% [markdown]
# And an independent solution. The horizontal pull $h$ is the same in all springs; the vertical one
# falls by a mass's weight from spring to spring, and is by symmetry $0.5 - n / 100$ in spring $n$,
# counted from 0. So each spring's pull, length and direction follow from the one unknown $h$, and
# $h$ from the span.

# %%
vertical = 0.5 - np.arange(SPRINGS) * WEIGHT


def hung(h):
    """The springs as vectors (101, 2), if the horizontal pull is h."""
    pull = np.hypot(h, vertical)
    length = REST + pull / STIFFNESS
    return (length / pull)[:, None] * np.column_stack([np.full(SPRINGS, h), -vertical])


h = brentq(lambda h: hung(h)[:, 0].sum() - SPAN, 0.01, 10.0, xtol=1e-15)
balanced = np.cumsum(hung(h), axis=0)[:-1]
difference = np.abs(balanced - points[1:-1]).max()
print(f"horizontal pull {h:.6f}, largest difference of places {difference:.0e}")
assert difference < 1e-10

# %% [markdown]
# ## The catenary
#
# A fine chain that does not stretch hangs as $y = a \cosh((x - 1/2)/a) + c$, with $a$ from its
# length: $2 a \sinh(1/(2a)) = 1.5$. Ours is of a hundred pieces and stretches by less than a
# thousandth, and lies that near.

# %%
a = brentq(lambda a: 2 * a * np.sinh(SPAN / (2 * a)) - LENGTH, 0.1, 1.0)
catenary = a * (np.cosh((points[:, 0] - SPAN / 2) / a) - np.cosh(SPAN / (2 * a)))
gap = np.abs(points[:, 1] - catenary).max()
print(f"largest distance in height {gap:.1e}, sag {-catenary.min():.3f}")
assert gap < 1e-3

# %%
figure, (left, right) = plt.subplots(1, 2, figsize=(8, 3), layout="constrained")
left.plot([0, *start[::2], SPAN], [0, *start[1::2], 0], color="0.7", label="start")
left.plot(*points.T, ".", markersize=4, color="#0068a8", label="chain")
left.plot(points[:, 0], catenary, linewidth=0.8, color="#b03c08", label="catenary")
left.set_aspect("equal")
left.legend(fontsize="small")
right.semilogy(forces, ".-", color="#0068a8")
right.set(title="largest force", xlabel="step of Newton's method")
plt.show()

# %% [markdown]
# ## The same by SciPy
#
# `trust-constr` takes the sparse Hessian as it is.

# %%
found = minimize(
    E.value_and_grad, start, jac=True, method="trust-constr",
    hess=lambda x: E.hessian(x, sparse=True), options={"gtol": 1e-9, "maxiter": 2000},
)  # fmt: skip
print(f"{found.nit} steps, largest difference from Newton's {np.abs(found.x - x).max():.0e}")
assert np.abs(found.x - x).max() < 1e-6
