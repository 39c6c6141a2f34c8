# %% [markdown]
# # Logistic regression and eight schools
#
# Two well-known models of statistics, written sample by sample with scalars. The first is fitted by
# SciPy, with gradients, Hessians and products with the Hessian from one recorded graph. From the
# second we draw samples by Hamiltonian Monte Carlo, which asks for nothing but the gradient.
#
# Times are measured and rounded to one digit; they are the only outputs that differ when this page
# is built again.

# %%
from time import perf_counter

import matplotlib.pyplot as plt
import numpy as np
from mlxtend.data import iris_data
from scipy.integrate import quad
from scipy.optimize import minimize

import autograd_lite as al


def rough(number):
    """The number to one digit, with commas."""
    return f"{float(f'{number:.1g}'):,.12g}"


# %% [markdown]
# ## Logistic regression
#
# Fisher's irises: 50 *versicolor* (0) and 50 *virginica* (1), four lengths in cm each. The model is
# $P(1) = \sigma(z)$, $z = w_0 + w_1 x_1 + \dots + w_4 x_4$, and the loss is the sum of the cross
# entropies.

# %%
measured, kind = iris_data()
X = measured[kind > 0]
t = (kind[kind > 0] == 2).astype(float)
assert X.shape == (100, 4)
assert t.sum() == 50


def cross_entropy(w):
    """The sum over the samples of -log P(what it is)."""
    total = 0.0
    for row, target in zip(X.tolist(), t.tolist(), strict=True):
        z = w[0]
        for wi, xi in zip(w[1:], row, strict=True):
            z = z + wi * xi
        total = total + al.bce_with_logits(z, target)
    return total


L = al.function(cross_entropy, 5)
print(L.program.explain_plan())

# %% [markdown]
# By hand: where all weights are 0 every P is 1/2, the loss is $100 \log 2$, and its gradient
# $\sum_n (1/2 - t_n) x_n$.

# %%
value, gradient = L.value_and_grad(np.zeros(5))
ones = np.column_stack([np.ones(100), X])
assert abs(value - 100 * np.log(2)) < 1e-12
assert np.allclose(gradient, (0.5 - t) @ ones, rtol=1e-13, atol=1e-12)

# %% [markdown]
# The minimum, by three of SciPy's methods. The first takes gradients, the second products of the
# Hessian with a vector, the third whole Hessians.

# %%
ways = {
    "BFGS": {},
    "trust-ncg": {"hessp": L.hvp},
    "trust-exact": {"hess": L.hessian},
}
for method, second in ways.items():
    fit = minimize(L.value_and_grad, np.zeros(5), jac=True, method=method, tol=1e-6, **second)
    print(f"{method:12} {fit.nit:3} steps  loss {fit.fun:.9f}  w {fit.x.round(3)}")
    assert fit.success
    assert np.abs(fit.jac).max() < 1e-6

# %% [markdown]
# Newton's method by hand finds the same. Its matrices are written down here without the library:
# the gradient is $X^\top(p - t)$, the Hessian $X^\top \mathrm{diag}(p(1-p))\, X$.

# %%
w = np.zeros(5)
for _ in range(15):
    p = 1.0 / (1.0 + np.exp(-ones @ w))
    hessian = ones.T @ (ones * (p * (1 - p))[:, None])
    w -= np.linalg.solve(hessian, ones.T @ (p - t))
assert np.allclose(fit.x, w, rtol=1e-7)
assert np.allclose(L.hessian(w), hessian, rtol=1e-9)

# %% [markdown]
# R's `glm` gives -42.638, -2.465, -6.681, 9.429, 18.286 and a deviance (twice the loss) of 11.899.
# Its standard errors are the roots of the diagonal of the inverse Hessian.

# %%
assert np.allclose(fit.x, [-42.638, -2.465, -6.681, 9.429, 18.286], rtol=0, atol=6e-4)
assert abs(2 * fit.fun - 11.899) < 6e-4
errors = np.sqrt(np.diag(np.linalg.inv(L.hessian(fit.x))))
print("standard errors", errors.round(2))
assert np.allclose(errors, [25.71, 2.39, 4.48, 4.74, 9.74], rtol=0, atol=0.01)

# %% [markdown]
# ## Eight schools
#
# Eight schools coached their pupils for a test (Rubin 1981). $y_j$ is what they gained, $s_j$ the
# standard error. How far do the schools' true effects $\theta_j$ differ?
# $$y_j \sim N(\theta_j, s_j), \qquad \theta_j \sim N(\mu, \tau),$$
# with flat priors on $\mu$ and on $\tau > 0$: the model of Gelman et al., *Bayesian Data Analysis*
# (BDA, third edition), section 5.5. The non-centred form takes $\theta_j = \mu + \tau z_j$ with
# $z_j \sim N(0, 1)$. As $\tau$ is positive, $\log \tau$ is sampled; the density of $\log \tau$ has
# one more factor $\tau$.

# %%
y = [28.0, 8.0, -3.0, 7.0, -1.0, 1.0, 18.0, 12.0]
s = [15.0, 10.0, 16.0, 11.0, 9.0, 11.0, 10.0, 18.0]


def misfit(mu, tau, z):
    """Minus the logarithm of the density at z, y, but for a constant."""
    return sum(
        0.5 * zj**2 + 0.5 * ((yj - mu - tau * zj) / sj) ** 2
        for yj, sj, zj in zip(y, s, z, strict=True)
    )


U = al.function(lambda x: misfit(x[0], al.exp(x[1]), x[2:]) - x[1], 10)

# %% [markdown]
# ### The most probable point
#
# For a given $\tau$ everything is normal, and the most probable $\mu$ is known (BDA, equation
# 5.20): the mean of the $y_j$ with the weights $1/(s_j^2 + \tau^2)$. SciPy finds it:

# %%
y_array, s_array = np.array(y), np.array(s)


def centre(tau):
    """The best mu for this tau, and the variance of mu: BDA, equation 5.20."""
    weights = 1.0 / (s_array**2 + tau**2)
    return (weights * y_array).sum() / weights.sum(), 1.0 / weights.sum()


misfits = []
for tau in (1.0, 10.0, 100.0):
    G = al.function(lambda x, tau=tau: misfit(x[0], tau, x[1:]), 9)
    best = minimize(
        G.value_and_grad, np.zeros(9), jac=True, method="trust-exact", hess=G.hessian, tol=1e-9
    )
    by_hand = centre(tau)[0]
    print(f"tau {tau:3.0f}: mu {best.x[0]:.4f}, by hand {by_hand:.4f}, misfit {best.fun:.3f}")
    assert abs(best.x[0] - by_hand) < 1e-6
    misfits.append(best.fun)

# %% [markdown]
# The larger $\tau$, the better the best fit: over all ten unknowns there is no most probable point,
# $\tau$ runs away. A point says little here; what is wanted is the whole distribution.

# %%
assert misfits[0] > misfits[1] > misfits[2]
assert misfits[2] < 0.05  # it cannot be less than 0

# %% [markdown]
# ### Hamiltonian Monte Carlo
#
# The point gets a random push p and glides over the landscape U, by the leapfrog; where it comes to
# rest is the next draw, accepted with the probability $e^{-\text{change of energy}}$.


# %%
def draw_samples(x, draws, step, glides, rng):
    """The draws (draws, 10), and the share of proposals that were accepted."""
    samples, accepted, (u, g) = [], 0, U.value_and_grad(x)
    for _ in range(draws):
        p = rng.normal(size=len(x))
        h = step * rng.uniform(0.8, 1.2)  # else a glide may come round to where it began
        new, u_new, g_new, p_new = x, u, g, p
        for _ in range(glides):
            p_new = p_new - 0.5 * h * g_new
            new = new + h * p_new
            u_new, g_new = U.value_and_grad(new)
            p_new = p_new - 0.5 * h * g_new
        if np.log(rng.uniform()) < u + 0.5 * p @ p - u_new - 0.5 * p_new @ p_new:
            x, u, g, accepted = new, u_new, g_new, accepted + 1
        samples.append(x)
    return np.array(samples), accepted / draws


# %% [markdown]
# $\mu$ is wider than the others by a factor of about five, so its steps are.

# %%
wide = np.array([5.0] + [1.0] * 9)
begin = perf_counter()
samples, share = draw_samples(np.zeros(10), 20_000, 0.25 * wide, 8, np.random.default_rng(0))
seconds = perf_counter() - begin
print(f"{share:.2f} accepted; {rough(len(samples) / seconds)} draws a second, 8 gradients each")
assert 0.8 < share < 0.99

# %% [markdown]
# ### The answer, two ways
#
# Here the exact answer can be had for comparison, by an integral over $\tau$ alone: BDA give the
# density of $\tau$ (equation 5.21) and, for every $\tau$, the mean of each $\theta_j$ (equation
# 5.17).


# %%
def density(tau):
    """The density of tau given y, but for a factor: BDA, equation 5.21."""
    mu, variance = centre(tau)
    v = s_array**2 + tau**2
    return np.sqrt(variance) * np.prod(v**-0.5 * np.exp(-0.5 * (y_array - mu) ** 2 / v)) * 1e10


def mean(of):
    """The mean of of(tau) over that density."""
    return quad(lambda x: of(x) * density(x), 0, np.inf, limit=200)[0] / whole


def effect(j, tau):
    """The mean of theta_j for this tau: BDA, equation 5.17."""
    return (y[j] * tau**2 + centre(tau)[0] * s[j] ** 2) / (s[j] ** 2 + tau**2)


whole = quad(density, 0, np.inf, limit=200)[0]
exact = {"mu": mean(lambda tau: centre(tau)[0]), "tau": mean(lambda tau: tau)}
exact |= {name: mean(lambda tau, j=j: effect(j, tau)) for j, name in enumerate("ABCDEFGH")}

# %% [markdown]
# Draws that follow each other are alike. So the error of their mean is taken from the means of 40
# blocks of 500 draws, which hardly depend on each other. Every mean must lie within four such
# errors of the exact one.

# %%
mu, tau = samples[:, 0], np.exp(samples[:, 1])
theta = mu[:, None] + tau[:, None] * samples[:, 2:]
drawn = {"mu": mu, "tau": tau} | dict(zip("ABCDEFGH", theta.T, strict=True))
print("       mean  error  exact  median")
for name, column in drawn.items():
    error = column.reshape(40, 500).mean(axis=1).std(ddof=1) / np.sqrt(40)
    numbers = (column.mean(), error, exact[name], np.median(column))
    print(f"{name:4}" + "".join(f"{number:7.2f}" for number in numbers))
    assert error < 0.15
    assert abs(column.mean() - exact[name]) < 4 * error

# %% [markdown]
# BDA's table 5.3 prints the medians of 200 draws, rounded: 10, 8, 7, 8, 5, 6, 10, 8. A median of
# 200 draws that spread by 6 to 8 has itself an error of about 0.6; rounding adds up to 0.5.

# %%
medians = np.median(theta, axis=0)
assert np.all(np.abs(medians - [10, 8, 7, 8, 5, 6, 10, 8]) < 1.8)

# %%
figure, (left, right) = plt.subplots(1, 2, figsize=(9, 2.8), layout="constrained")
left.plot(tau[:2000], linewidth=0.6, color="#0068a8")
left.set(title="τ, the first 2,000 draws", xlabel="draw")
right.hist(tau, bins=60, range=(0, 30), density=True, color="#0068a8", alpha=0.5, label="draws")
grid = np.linspace(0.01, 30, 200)
right.plot(grid, [density(x) / whole for x in grid], color="#b03c08", label="exact")
right.set(title="τ", xlabel="points")
right.legend()
plt.show()

# %% [markdown]
# The picture claims that the draws follow the exact density. In numbers: the share of draws below
# 2, 5, 10 and 20 is the integral up to there.

# %%
for bound in (2.0, 5.0, 10.0, 20.0):
    share, integral = (tau < bound).mean(), quad(density, 0, bound)[0] / whole
    print(f"tau < {bound:4.0f}: {share:.3f} of the draws, {integral:.3f} exact")
    assert abs(share - integral) < 0.02
