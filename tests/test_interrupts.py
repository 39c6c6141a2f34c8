"""Ctrl-C at every moment: no gradient torn, weights and optimizer state belong together.

Twice over. Python looks for signals where a function begins and after a call into C; a
profiler stands at exactly these places and can raise KeyboardInterrupt at each of them in
turn. And a timer strikes at random moments of runs that nothing watches.
"""

from __future__ import annotations

import gc
import signal
import sys
import time
from collections.abc import Callable, Iterator
from functools import partial
from random import Random
from types import FrameType
from typing import Any

import pytest
from test_faults import POINT, SHIPPED, T, Witness, X, fifty_nodes, state_of, train

import autograd_lite as al
from autograd_lite import Value, losses, nn, optim
from autograd_lite.training import fit


@pytest.fixture(autouse=True)
def dropped(monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    """Python drops an interrupt that comes while it closes a generator, and tells this hook.

    pytest's own hook does so much that a timer's second strike comes within it.
    """
    kinds: list[Any] = []
    monkeypatch.setattr(sys, "unraisablehook", lambda report: kinds.append(report.exc_type))
    yield
    assert set(kinds) <= {KeyboardInterrupt}


class Strike:
    """A profiler that raises KeyboardInterrupt at the n-th place where a signal is answered."""

    def __init__(self, at: int, files: tuple[str, ...] = ()) -> None:
        self.at, self.count, self.files = at, 0, files

    def __call__(self, frame: FrameType, event: str, argument: Any) -> None:
        name = frame.f_code.co_filename
        if event not in ("call", "c_return") or "autograd_lite" not in name:
            return
        if not self.files or name.endswith(self.files):
            self.count += 1
            if self.count == self.at:
                raise KeyboardInterrupt

    def during(self, action: Callable[[], object]) -> bool:
        """Whether it came to the strike, and the action let it out or took it as its end."""
        previous = sys.getprofile()
        sys.setprofile(self)
        try:
            action()
        except KeyboardInterrupt:
            pass
        finally:
            sys.setprofile(previous)
        return self.count >= self.at


def moments(action: Callable[[], object], at: Callable[[], object], files: Any = ()) -> int:
    """Run the action with a strike at every moment, `at` after each; how many there were."""
    n = 1
    while Strike(n, files).during(action):
        at()
        n += 1
    return n - 1


# --- gradients ------------------------------------------------------------------------------


def test_l6_an_interrupt_at_any_moment_of_a_backward_pass_tears_no_gradient() -> None:
    """In `backward` itself too, before and after the call that commits."""
    leaves = [Value(x) for x in POINT]
    root = al.sum([fifty_nodes(SHIPPED, leaves), leaves[0]])
    nodes = al.topological(root)
    root.backward()
    after = [node.grad for node in nodes]
    seen = []

    def look() -> None:
        found = [node.grad for node in nodes]
        assert found in ([0.0] * len(nodes), after)
        seen.append(found == after)
        forget()
        root.backward()
        assert [node.grad for node in nodes] == after
        forget()

    def forget() -> None:
        for node in nodes:
            node.grad = 0.0

    forget()
    assert moments(root.backward, look) > 100
    assert set(seen) == {False, True}


@pytest.mark.parametrize("transform", [al.grad, al.hessian])
def test_an_interrupted_transformation_leaves_nothing_behind(transform: Any) -> None:
    w = Value(0.7)
    w.grad = 5.0

    def ask() -> list[Any]:
        result = transform(lambda xs: al.tanh(xs[0] * w) * xs[1] + xs[0] / xs[1])([1.5, 2.0])
        rows = result if transform is al.hessian else [result]
        return [x.data for row in rows for x in row]

    expected = ask()

    def look() -> None:
        assert w.grad == 5.0
        assert ask() == expected

    assert moments(ask, look) > 100


def test_an_interrupted_compilation_leaves_the_collector_on() -> None:
    w = al.parameter(0.5)
    y = al.tanh(w * 2.0)
    files = ("compiler/program.py",)

    def look() -> None:
        assert gc.isenabled()

    assert moments(lambda: al.compile(y, [], [w]).value_and_grad(), look, files) > 10


# --- training -------------------------------------------------------------------------------

ROOMS = ("training.py", "engines.py", "optimizers.py", "rules.py", "program.py", "value.py")


def fresh() -> tuple[nn.MLP, Any]:
    model = nn.MLP([1, 2, 1], rng=0)
    return model, optim.Adam(model.parameters(), 0.1)


def witnessed(engine: str, epochs: int) -> list[tuple[Any, ...]]:
    """Weights and state after every step of an uninterrupted training."""
    model, _ = fresh()
    witness = Witness(model.parameters(), 0.1)
    train(model, witness, engine, epochs)
    return witness.pairs


def continued(model: nn.MLP, adam: Any, engine: str) -> tuple[Any, ...]:
    train(model, adam, engine, 1)
    return pair(model, adam)


def pair(model: nn.MLP, adam: Any) -> tuple[Any, ...]:
    return state_of([p.data for p in model.parameters()], adam.state)


def copied(model: nn.MLP, adam: Any) -> tuple[nn.MLP, Any]:
    """The same weights and state in a model and an optimizer that nothing interrupted."""
    other, twin = fresh()
    for p, q in zip(other.parameters(), model.parameters(), strict=True):
        p.data = q.data
    twin.state = adam.state
    return other, twin


@pytest.mark.parametrize("engine", ["eager", "compiled"])
def test_an_interrupt_at_any_moment_of_a_training(engine: str) -> None:
    """Of 4 steps some were taken whole; to continue is to continue from there."""
    pairs, at, seen = witnessed(engine, 2), 1, set()
    # compiling anew for every moment is slow, and most of it comes before anything moves
    step = 1 if engine == "eager" else 3
    while True:
        model, adam = fresh()
        if not Strike(at, ROOMS).during(partial(train, model, adam, engine)):
            break
        found = pair(model, adam)
        seen.add(pairs.index(found))
        if at % 40 == 1:
            other, twin = copied(model, adam)
            assert continued(model, adam, engine) == continued(other, twin, engine)
        at += step
    assert seen == set(range(5))


class Twice(Strike):
    """Raises when the optimizer's rule begins for the n-th time, and at a moment after that."""

    def __init__(self, rule: int, later: int) -> None:
        super().__init__(later)
        self.rule = rule

    def trace(self, frame: FrameType, event: str, argument: Any) -> None:
        if frame.f_code.co_name == "rule":
            self.rule -= 1
            if self.rule == 0:
                sys.settrace(None)
                sys.setprofile(self)
                raise KeyboardInterrupt


@pytest.mark.parametrize("later", range(1, 12))
def test_a_second_interrupt_while_the_first_is_answered(later: int) -> None:
    """The program's vector is ahead of the Values then, and so is the optimizer's state."""
    pairs = witnessed("compiled", 2)
    model, adam = fresh()
    twice = Twice(2, later)
    previous = sys.gettrace(), sys.getprofile()
    sys.settrace(twice.trace)
    stopped = "by an interrupt that was let out"
    try:
        stopped = train(model, adam, "compiled").stopped
    except KeyboardInterrupt:
        pass
    finally:
        sys.settrace(previous[0])
        sys.setprofile(previous[1])
    assert pair(model, adam) == pairs[1]
    assert stopped == "interrupted"


# --- by a timer -----------------------------------------------------------------------------


def struck(action: Callable[[], object], delays: list[float]) -> bool:
    """Run the action under Ctrl-C after each delay; whether one was let out of it."""
    waiting = list(delays)

    def on_alarm(number: int, frame: FrameType | None) -> None:
        if waiting:  # else the action is over
            waiting.pop()
            signal.setitimer(signal.ITIMER_REAL, waiting[-1] if waiting else 0.0)
            raise KeyboardInterrupt

    previous = signal.signal(signal.SIGALRM, on_alarm)
    try:
        signal.setitimer(signal.ITIMER_REAL, waiting[-1])
        action()
        waiting.clear()
    except KeyboardInterrupt:
        waiting.clear()
        return True
    finally:
        signal.setitimer(signal.ITIMER_REAL, 0.0)
        signal.signal(signal.SIGALRM, previous)
    return False


def shortest(action: Callable[[], object]) -> float:
    """Seconds that it takes when nothing else runs, so that most strikes come within it."""
    found = []
    for _ in range(5):
        start = time.perf_counter()
        action()
        found.append(time.perf_counter() - start)
    return min(found)


# Python swallows what is raised inside a __del__, as of llvmlite's objects, and says so: that
# Ctrl-C is lost, which is no fault of a training.
@pytest.mark.filterwarnings("ignore::pytest.PytestUnraisableExceptionWarning")
@pytest.mark.parametrize(("engine", "epochs"), [("eager", 30), ("compiled", 1000)])
def test_ctrl_c_at_random_moments_of_a_training(engine: str, epochs: int) -> None:
    """Half of the trials strike twice within a tenth of a millisecond."""
    pairs, rng, seen = witnessed(engine, epochs), Random(6), set()
    whole = shortest(lambda: train(*fresh(), engine, epochs))
    for k in range(100):
        model, adam = fresh()
        delays = [rng.uniform(1e-5, whole)]
        if k % 2:
            delays.insert(0, rng.uniform(1e-6, 1e-4))
        struck(partial(train, model, adam, engine, epochs), delays)
        seen.add(pairs.index(pair(model, adam)))
        if k % 10 == 0:
            other, twin = copied(model, adam)
            assert continued(model, adam, engine) == continued(other, twin, engine)
    assert len(seen) > 10, "the strikes came too early or too late to tell"


def test_ctrl_c_at_random_moments_of_a_networks_backward_pass() -> None:
    """Rows of many arguments, shared leaves; gradients of 1, 2, ... sweeps or of none."""
    model = nn.MLP([4, 8, 8, 2], rng=0)
    loss = losses.cross_entropy_with_logits(model([0.1, 0.2, -0.3, 0.4]), [1.0, 0.0])
    nodes, rng = al.topological(loss), Random(7)
    loss.backward()
    once = [node.grad for node in nodes]
    whole, interrupted = shortest(loss.backward), 0
    for _ in range(300):
        for node in nodes:
            node.grad = 0.0
        interrupted += struck(loss.backward, [rng.uniform(1e-6, whole)])
        assert [node.grad for node in nodes] in ([0.0] * len(nodes), once)
    assert interrupted > 100


def test_ctrl_c_ends_a_training_with_a_history_of_equal_lengths() -> None:
    rng, ends = Random(8), set()
    histories: list[Any] = []
    for _ in range(30):
        model, adam = fresh()
        training = partial(
            fit, model, losses.half_squared_error, X, T, adam, 200, engine="eager",
            validation=(X, T), progress=False, after_epoch=lambda _, h: histories.append(h),
        )  # fmt: skip
        struck(training, [rng.uniform(1e-3, 0.1)])
        for history in histories[-1:]:
            ends.add(history.stopped)
            assert len(history.loss) == len(history.validation_loss) == len(history.gradient)
    assert "interrupted" in ends
