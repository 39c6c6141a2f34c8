"""The contestants: each makes of a program a call without arguments, ready to be timed.

Every peer gets its fastest interface: buffers that are bound once for CasADi, ddx-ad and C,
arrays that are already on the device for jax. A peer returns None for a program that it has no
natural form for.
"""

from __future__ import annotations

import time
from collections.abc import Callable
from types import SimpleNamespace
from typing import Any, NamedTuple

import numpy as np

import autograd_lite as al
from benchmarks.scalar import programs
from benchmarks.scalar.programs import Program


class Built(NamedTuple):
    """A contestant that is ready to run.

    call        computes value and gradient, or the Hessian: this is what is timed
    derivative  calls, and returns the gradient or the Hessian as an array
    seconds     what recording and compiling took
    keep        what must live as long as the call, which holds only its address
    """

    call: Callable[[], Any]
    derivative: Callable[[], Any]
    seconds: float
    keep: Any = None


def ours(program: Program) -> Built:
    start = time.process_time()
    F = al.function(lambda x: program.f(x, al), len(program.x))
    run = F.hessian if program.hessian else F.value_and_grad
    run(program.x)  # the Hessian is compiled when it is first asked for
    seconds = time.process_time() - start
    x = program.x.copy()
    return Built(lambda: run(x), lambda: run(x) if program.hessian else run(x)[1], seconds)


def with_casadi(program: Program) -> Built:
    """The virtual machine of an SX function; a Hessian's nonzeros, by its own colouring."""
    import casadi

    start = time.process_time()
    x = casadi.SX.sym("x", len(program.x))
    y = program.f(casadi.vertsplit(x), casadi)
    derived = casadi.hessian(y, x)[0] if program.hessian else casadi.gradient(y, x)
    function = casadi.Function("F", [x], [derived] if program.hessian else [derived, y])
    seconds = time.process_time() - start
    point, found, value = program.x.copy(), np.zeros(derived.nnz()), np.zeros(1)
    buffer, call = function.buffer()
    buffer.set_arg(0, memoryview(point))
    buffer.set_res(0, memoryview(found))
    if not program.hessian:
        buffer.set_res(1, memoryview(value))

    def derivative() -> Any:
        call()
        full = np.zeros(derived.shape)
        full[derived.sparsity().get_triplet()] = found
        return full if program.hessian else full[:, 0]

    return Built(call, derivative, seconds, keep=(function, buffer, point, value))


def ddx_equation(program: Program) -> Any:
    """The program recorded by ddx-ad, whose own cache of kernels is switched off."""
    import ddx

    m = SimpleNamespace(exp=ddx.exp, sqrt=ddx.sqrt, tanh=ddx.tanh,
                        log1p=lambda u: ddx.log(1.0 + u))  # fmt: skip
    names = [f"x{k}" for k in range(len(program.x))]
    equation = ddx.equation(lambda: program.f([ddx.var(name) for name in names], m))
    assert list(equation.symbols) == names
    equation.options = ddx.Options(backend=ddx.Backend.INTERPRET, cache_dir="")
    return equation


def with_ddx(program: Program, compiled: bool = False) -> Built:
    """Its interpreter, or the machine code that LLVM makes of every node."""
    import ddx

    start = time.process_time()
    equation = ddx_equation(program)
    want = ddx.Want.HESSIAN if program.hessian else ddx.Want.JACOBIAN
    if compiled:
        equation.options = ddx.Options(backend=ddx.Backend.COMPILE, cache_dir="")
    call = equation.buffer(program.x.copy(), want=want)
    call()  # the first one derives the graph, and waits for the kernel
    seconds = time.process_time() - start

    def derivative() -> Any:
        call()
        return call.hessian if program.hessian else call.jacobian

    return Built(call, derivative, seconds)


def with_llvm(program: Program) -> Built:
    return with_ddx(program, compiled=True)


def with_jax(program: Program) -> Built:
    """`jax.jit` of the array form; a leapfrog is a `lax.scan`."""
    import jax
    import jax.numpy as jnp

    jax.config.update("jax_enable_x64", True)

    def f(x: Any) -> Any:
        if program.array is None:
            return leapfrog_by_scan(x, program.steps)
        return program.array(x, jnp)

    x = jnp.asarray(program.x)
    derive = jax.hessian if program.hessian else jax.value_and_grad
    start = time.process_time()
    run = jax.jit(derive(f)).lower(x).compile()
    seconds = time.process_time() - start

    def call() -> Any:
        return jax.block_until_ready(run(x))

    return Built(call, lambda: np.asarray(call() if program.hessian else call()[1]), seconds)


def leapfrog_by_scan(x: Any, steps: int) -> Any:
    """`programs.advance` on arrays: four times faster than jax takes the same step in scalars."""
    import jax
    import jax.numpy as jnp

    masses = jnp.array(programs.MASSES)

    def advance(state: Any, _: None) -> Any:
        q, v = state
        q = q + programs.DT / 2 * v
        d = q[None] - q[:, None]
        d2 = jnp.sum(d * d, -1) + programs.SOFTENING
        v = v + programs.DT * jnp.sum((masses / (d2 * jnp.sqrt(d2)))[:, :, None] * d, 1)
        return (q + programs.DT / 2 * v, v), None

    start = x[:6].reshape(3, 2), x[6:].reshape(3, 2)
    (q, _), _ = jax.lax.scan(advance, start, None, length=steps)
    return programs.miss(q.reshape(-1))


def with_hips(program: Program) -> Built | None:
    """HIPS autograd on the array form (NumPy's calls, not compiled)."""
    import autograd
    import autograd.numpy

    if program.array is None:
        return None

    def f(x: Any) -> Any:
        return program.array(x, autograd.numpy)

    run = autograd.hessian(f) if program.hessian else autograd.value_and_grad(f)

    def call() -> Any:
        return run(program.x)

    return Built(call, lambda: call() if program.hessian else call()[1], 0.0)
