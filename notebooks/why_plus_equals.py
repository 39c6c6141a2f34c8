# %% [markdown]
# # Why `+=`, and why a topological order?
#
# The two questions asked most about small autodiff engines. The backward pass of such an engine is
# one line inside a loop:
#
#     parent.grad += node.grad * partial
#
# Why `+=` and not `=`? And why must the nodes first be sorted, when one could just as well recurse
# from each node to its parents? Below the wrong ways are written down, their wrong numbers shown,
# and the right way last. The graphs are those of `autograd_lite`: a node knows its `parents` and
# its `partials`, the local derivatives.

# %%
import autograd_lite as al

# %% [markdown]
# ## A value used twice
#
# A number that is used in two places influences the result through both, and a change of it is
# felt twice. That is the chain rule for several paths: *multiply along a path, add over paths*,
#
# $$\frac{\partial f}{\partial a} = \sum_{\text{paths } a \to f}\;\prod_{\text{edges}}
#   \frac{\partial\,\text{child}}{\partial\,\text{parent}} .$$

# %%
a = al.Value(3.0, label="a")
square = a * a
square.label = "f"
square.backward()
assert a.grad == 6.0
al.draw(square)

# %% [markdown]
# Two edges, each with the local derivative 3: $3 + 3 = 6 = 2a$. The shortest program that gets it
# wrong assigns:


# %%
def assigning(root):
    """Wrong: the last use wins."""
    gradient = dict.fromkeys(al.topological(root), 0.0) | {root: 1.0}
    for node in reversed(al.topological(root)):
        for parent, partial in zip(node.parents, node.partials, strict=True):
            if partial is not None:
                gradient[parent] = gradient[node] * partial
    return gradient


def difference(function, x, h=1e-6):
    """What the gradient must be: a central difference."""
    return (function(x + h) - function(x - h)) / (2.0 * h)


cases = {
    "a + a": (lambda a: a + a, 3.0),
    "a * a": (lambda a: a * a, 3.0),
    "a - a": (lambda a: a - a, 3.0),
    "(a * 2) * (a + 1)": (lambda a: (a * 2.0) * (a + 1.0), 3.0),
}
print(f"{'':20}{'=':>8}{'+=':>8}{'difference':>14}")
for name, (function, at) in cases.items():
    a = al.Value(at)
    f = function(a)
    wrong = assigning(f)[a]
    f.backward()
    print(f"{name:20}{wrong:8.3f}{a.grad:8.3f}{difference(function, at):14.6f}")
    assert abs(a.grad - difference(function, at)) < 1e-6
    assert abs(wrong - a.grad) > 0.5

# %% [markdown]
# `+=` adds what each use sends back. So far any order would do: each child of `a` was complete
# when it sent.
#
# ## A value used twice, in the middle
#
# Now let the node that is used twice have parents of its own. $b = a + a$ and $c = b + b$: four
# paths lead from $a$ to $c$, so $\partial c/\partial a = 4$.

# %%
a = al.Value(1.0, label="a")
b = a + a
b.label = "b"
c = b + b
c.label = "c"
c.backward()
assert (b.grad, a.grad) == (2.0, 4.0)
al.draw(c)

# %% [markdown]
# Four paths, told one by one:

# %%
print(al.explain(c, a))
assert al.explain(c, a).products == [1.0, 1.0, 1.0, 1.0]

# %% [markdown]
# The tempting program: give the node's gradient to its parents, then do the same from each of
# them. No sorting, eight lines, and `+=` is there, too.


# %%
def recursing(root):
    """Wrong: a node passes its gradient on before all of it has arrived."""
    gradient = dict.fromkeys(al.topological(root), 0.0) | {root: 1.0}

    def visit(node):
        for parent, partial in zip(node.parents, node.partials, strict=True):
            if partial is not None:
                gradient[parent] += gradient[node] * partial
                visit(parent)

    visit(root)
    return gradient


print(f"dc/da by recursion: {recursing(c)[a]}, right: {a.grad}")
assert recursing(c)[a] == 6.0

# %% [markdown]
# Watch it. `c` gives 1 to `b` and visits it: `b` holds 1 and gives 1 + 1 to `a`. Then `c` gives
# its second 1 to `b`: now `b` holds 2, and *visits again* with all of it: 2 + 2 to `a`. Together 6.
# The first 1 was passed on twice.
#
# A common repair is to visit each node once. It fails the other way: what arrives after the visit
# is never passed on.


# %%
def visiting_once(root):
    """Wrong: what arrives after the visit stays where it is."""
    gradient = dict.fromkeys(al.topological(root), 0.0) | {root: 1.0}
    seen, queue = {root}, [root]
    for node in queue:  # breadth first: the queue grows as we go
        for parent, partial in zip(node.parents, node.partials, strict=True):
            if partial is not None:
                gradient[parent] += gradient[node] * partial
                if parent not in seen:
                    seen.add(parent)
                    queue.append(parent)
    return gradient


# %% [markdown]
# It gets $b + b$ right, because both contributions come from one node. A short cut beside a longer
# way is enough to break it: $u = 2a$, then $f = u + e^{\,\ln u}$. Both terms are $u$, so
# $f = 4a$. The search meets $u$ on the short way, passes its 1 on, and the other 1 comes too late.


# %%
def short_cut(a):
    """4 a, in a roundabout way."""
    u = a * 2.0
    return u + al.exp(al.log(u))


a = al.Value(3.0, label="a")
f = short_cut(a)
print(f"visited once {visiting_once(f)[a]:.6f}, recursion {recursing(f)[a]:.6f}")
f.backward()
print(f"right        {a.grad:.6f}")
assert abs(visiting_once(f)[a] - 2.0) < 1e-12
assert abs(recursing(f)[a] - 6.0) < 1e-12
assert abs(a.grad - 4.0) < 1e-12

# %% [markdown]
# ## What an order buys
#
# Both programs fail for one reason: **a node passed its gradient on before it was complete.** It is
# complete when every node that uses it has sent its share. So: no node before all its users. That
# is a topological order, read backwards.


# %%
def in_order(root):
    """Right: parents come before children in the order, so users come first in its reverse."""
    order = al.topological(root)
    gradient = dict.fromkeys(order, 0.0) | {root: 1.0}
    for node in reversed(order):
        for parent, partial in zip(node.parents, node.partials, strict=True):
            if partial is not None:
                gradient[parent] += gradient[node] * partial
    return gradient


def labelled(value, label):
    """The node with a name."""
    value.label = label
    return value


a, b = al.Value(-2.0, label="a"), al.Value(3.0, label="b")
c, d = labelled(a + b, "c"), labelled(a * b, "d")
e, f = labelled(c + d, "e"), labelled(c * d, "f")
y = labelled(e * f, "y")
print("the order:", " ".join(node.label for node in al.topological(y)))
print(f"{'':16}{'dy/da':>10}{'dy/db':>10}")
for sweep in (assigning, recursing, visiting_once, in_order):
    gradient = sweep(y)
    print(f"{sweep.__name__:16}{gradient[a]:10.2f}{gradient[b]:10.2f}")
y.backward()
print(f"{'backward()':16}{a.grad:10.2f}{b.grad:10.2f}")
assert all(in_order(y)[node] == node.grad for node in al.topological(y))
assert a.grad == al.grad(lambda a: (a + 3.0 + a * 3.0) * ((a + 3.0) * (a * 3.0)))(-2.0)

# %%
al.draw(y)

# %% [markdown]
# (Visiting once happens to be right here: breadth first goes level by level, and this graph has no
# short cut. Tests with diamonds alone do not find that bug.)
#
# ## Could one do without?
#
# Yes: follow every path to its end and send along it only its own product. It is right, and
# hopeless, since paths multiply. A chain of $n$ doublings has $n + 1$ nodes and $2^n$ paths:


# %%
def path_by_path(root, leaf):
    """Right: the sum over all paths, and how many edges were walked."""
    total, edges, pending = 0.0, 0, [(root, 1.0)]
    while pending:
        node, product = pending.pop()
        if node is leaf:
            total += product
        for parent, partial in zip(node.parents, node.partials, strict=True):
            edges += 1
            pending.append((parent, product * partial))
    return total, edges


print("doublings  derivative   edges walked path by path   in order")
for doublings in (1, 2, 4, 8, 16):
    a = b = al.Value(1.0)
    for _ in range(doublings):
        b = b + b
    total, edges = path_by_path(b, a)
    assert total == in_order(b)[a] == 2.0**doublings
    assert edges == 2 * (2**doublings - 1)
    print(f"{doublings:9}{total:12.0f}{edges:28}{2 * doublings:11}")

# %% [markdown]
# In order, each edge is walked once. That is why the gradient of one output by a million inputs
# costs a few times as much as the output itself, and not a million times.
#
# Sorting must not recurse, either: Python gives up after a thousand calls. `al.topological` keeps
# its own stack.

# %%
a = b = al.Value(1.0)
for _ in range(50_000):
    b = b + 1.0
assert in_order(b)[a] == 1.0
try:
    recursing(b)
except RecursionError as error:
    print(type(error).__name__)
else:
    raise AssertionError("the recursion came to an end")

# %% [markdown]
# ## The other side of `+=`
#
# Leaves keep adding up from one `backward` to the next: that is how the gradients of a batch are
# summed, sample by sample, and why training starts each step with `zero_grad`. Interior nodes are
# set anew each time; an engine that adds them up as well counts the first pass again in the second.

# %%
a = al.Value(3.0)
cube = a * a * a
cube.backward()
first = a.grad
cube.backward()
print(f"after one backward {first}, after two {a.grad}, of the root {cube.grad}")
assert (first, a.grad, cube.grad) == (27.0, 54.0, 1.0)
a.grad = 0.0
cube.backward()
assert a.grad == 27.0
