"""A training that goes on from a file ends as one that never stopped, bit for bit.

Each run is compared with another one that has no checkpoint and is trained through.
"""

from __future__ import annotations

import errno
import os
import signal
import time
from itertools import pairwise
from math import inf, nan
from pathlib import Path
from random import Random, SystemRandom
from tempfile import TemporaryDirectory
from typing import Any

import numpy as np
import pytest
from forging import bits, parameters
from hypothesis import given, settings
from hypothesis import strategies as st
from processes import output, python
from runs import LISTS, OPTIMIZERS, Run, outcome, seen_state
from test_interrupts import moments

from autograd_lite import FormatError, Value, losses, nn, optim, parameter, storage
from autograd_lite.optim import schedules

ENGINES: dict[str, dict[str, Any]] = {
    "eager": {"engine": "eager"},
    "compiled": {"engine": "compiled"},
    "compiled float32": {"engine": "compiled", "dtype": np.float32},
}
SHUFFLES: dict[str, Any] = {"order kept": None, "a seed": 5, "a generator": Random}


def compare_with_uninterrupted(
    path: Path, pieces: list[int], optimizer: str = "Adam", **options: Any
) -> Run:
    """Train to each number of epochs in turn, every time with all things made anew."""
    through = Run(optimizer)
    expected = outcome(through.fit(pieces[-1], **options))
    for epochs in pieces:
        run = Run(optimizer)
        history = run.fit(epochs, path, **options)
    assert outcome(history) == expected
    assert run.state() == through.state()
    return run


# --- bit for bit --------------------------------------------------------------------------------


@pytest.mark.parametrize("engine", ENGINES)
@pytest.mark.parametrize("optimizer", OPTIMIZERS)
def test_every_optimizer_goes_on_bit_for_bit_with_either_engine(
    tmp_path: Path, optimizer: str, engine: str
) -> None:
    compare_with_uninterrupted(tmp_path / "run", [2, 3, 6], optimizer, **ENGINES[engine])


def test_the_optimizers_above_are_all_there_are() -> None:
    kinds = {type(make([Value(0.0)])) for make in OPTIMIZERS.values()}
    assert kinds == {
        kind for kind in vars(optim).values()
        if isinstance(kind, type) and issubclass(kind, optim.Optimizer)
    } - {optim.Optimizer}  # fmt: skip


@pytest.mark.parametrize("shuffle", [None, 5])
@pytest.mark.parametrize("batch_size", [1, 3, "all"])
def test_the_order_of_samples_goes_on(tmp_path: Path, shuffle: Any, batch_size: Any) -> None:
    """A generator that is given goes on in all other tests."""
    compare_with_uninterrupted(tmp_path / "run", [1, 4], shuffle=shuffle, batch_size=batch_size)


@pytest.mark.parametrize(
    "schedule",
    [schedules.bold_driver(), schedules.step_decay(2), schedules.exponential_decay(0.9),
     schedules.cosine(7), None],
)  # fmt: skip
def test_every_schedule_goes_on(tmp_path: Path, schedule: Any) -> None:
    compare_with_uninterrupted(tmp_path / "run", [3, 5, 8], schedule=schedule)


@pytest.mark.parametrize("rule", [{"patience": 2}, {"stop_loss": 0.2}, {"stop_gradient": 0.2}])
def test_every_rule_to_stop_stops_at_the_same_epoch(tmp_path: Path, rule: Any) -> None:
    """And a training that has stopped is not trained further."""
    run = compare_with_uninterrupted(
        tmp_path / "run", [2, 4, 60, 60, 80], "Momentum", schedule=None, **rule
    )
    history = run.fit(80, tmp_path / "run", schedule=None, **rule)
    assert 4 < history.epochs < 60
    assert history.stopped == next(iter(rule)).removeprefix("stop_")


def test_another_rule_and_more_epochs_may_be_asked_for(tmp_path: Path) -> None:
    through = Run()
    expected = outcome(through.fit(9))
    assert Run().fit(9, tmp_path / "run", stop_loss=inf).stopped == "loss"
    run = Run()
    assert outcome(run.fit(9, tmp_path / "run")) == expected
    assert run.state() == through.state()


def test_without_validation_and_threshold_the_lists_stay_empty(tmp_path: Path) -> None:
    run = compare_with_uninterrupted(tmp_path / "run", [1, 3], validation=None, threshold=None)
    history = run.fit(3, tmp_path / "run", validation=None, threshold=None)
    assert [len(getattr(history, name)) for name in LISTS] == [3, 0, 0, 0, 3]


def test_parameters_that_a_loss_has_go_on_too(tmp_path: Path) -> None:
    """They are trained, but are none of the model's."""

    def end(pieces: list[int], path: Path | None) -> list[int]:
        for epochs in pieces:
            run, scale = Run(), parameter(0.5, "scale")
            run.optimizer = optim.Adam([*run.model.parameters(), scale], 0.02)

            def loss(y: Any, t: Any, scale: Value = scale) -> Any:
                return losses.half_squared_error([y[0] * scale], t)

            run.fit(epochs, path, loss=loss, validation=None)
        return [*parameters(run.model), bits(scale.data)]

    assert end([2, 5], tmp_path / "run") == end([5], None)


def test_parameters_that_are_not_trained_must_be_the_same(tmp_path: Path) -> None:
    def half_trained(first: float) -> Run:
        run = Run()
        frozen, *others = run.model.parameters()
        frozen.data = first
        run.optimizer = optim.Adam(others, 0.02)
        return run

    half_trained(0.5).fit(2, tmp_path / "run")
    through, run = half_trained(0.5), half_trained(0.5)
    assert outcome(run.fit(4, tmp_path / "run")) == outcome(through.fit(4))
    assert run.state() == through.state()
    with pytest.raises(FormatError, match=r"fixed parameters is '1, CRC .*' there, 1, CRC .* here"):
        half_trained(0.25).fit(6, tmp_path / "run")


def test_what_after_epoch_sets_is_in_the_file_as_training_goes_on_from_it(tmp_path: Path) -> None:
    """Eager steps start from the Values, compiled ones from their vector."""
    for engine in ENGINES:

        def clip(model: nn.MLP, history: Any) -> None:
            model.parameters()[0].data = 0.125

        path = tmp_path / engine
        compare_with_uninterrupted(path, [2, 5], after_epoch=clip, **ENGINES[engine])


# --- when it is written -------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("every", "expected"),
    [(1, [0, 1, 2, 3, 4, 5, 6, 7]), (3, [0, 0, 0, 3, 3, 3, 6, 7]), (9, [0] * 7 + [7])],
)
def test_the_file_is_written_after_every_so_many_epochs_and_the_last(
    tmp_path: Path, every: int, expected: list[int]
) -> None:
    """after_epoch comes just before the file of its own epoch."""
    found: list[int] = []

    def look(*_: Any) -> None:
        path = tmp_path / "run"
        found.append(storage.read_checkpoint(path).epoch if path.exists() else 0)

    Run().fit(7, tmp_path / "run", every=every, after_epoch=look)
    look()
    assert found == expected


def test_a_run_that_stops_early_writes_its_last_epoch(tmp_path: Path) -> None:
    history = Run().fit(50, tmp_path / "run", every=40, stop_loss=inf)
    assert storage.read_checkpoint(tmp_path / "run").epoch == history.epochs == 1


@pytest.mark.parametrize("every", [1, 3])
@pytest.mark.parametrize("error", [KeyboardInterrupt, ZeroDivisionError])
def test_an_interrupted_run_goes_on_from_the_last_file(
    tmp_path: Path, every: int, error: type[BaseException]
) -> None:
    """In new objects, and in those that the interrupted run has left."""
    through = Run("Momentum")
    expected = outcome(through.fit(9, schedule=None))

    def interrupt(model: nn.MLP, history: Any) -> None:
        if history.epochs == 5:
            raise error

    for name in ("new", "same"):
        path, run = tmp_path / name, Run("Momentum")
        options = {"schedule": None, "every": every}
        if error is KeyboardInterrupt:
            assert run.fit(9, path, after_epoch=interrupt, **options).stopped == "interrupted"
        else:
            with pytest.raises(error):
                run.fit(9, path, after_epoch=interrupt, **options)
        assert storage.read_checkpoint(path).epoch == {1: 4, 3: 3}[every]
        run = Run("Momentum") if name == "new" else run
        assert outcome(run.fit(9, path, **options)) == expected
        assert run.state() == through.state()


def test_a_run_may_go_on_in_the_same_objects_after_its_rate_has_moved(tmp_path: Path) -> None:
    """And then in new ones: the file keeps the rate that it all began with."""
    through, run, new = Run(), Run(), Run()
    through.fit(6)
    run.fit(3, tmp_path / "run")
    assert run.optimizer.learning_rate != new.optimizer.learning_rate
    run.fit(6, tmp_path / "run")
    assert run.state() == through.state()
    again = Run()
    assert outcome(new.fit(9, tmp_path / "run")) == outcome(again.fit(9))
    assert new.state() == again.state()


def test_the_progress_bar_counts_from_where_training_goes_on(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    Run().fit(3, tmp_path / "run")
    Run().fit(5, tmp_path / "run", progress=True)
    shown = capsys.readouterr().err
    assert "3/5" in shown
    assert "5/5" in shown


def test_other_programs_and_load_model_read_the_weights(tmp_path: Path) -> None:
    run = Run()
    run.fit(3, tmp_path / "run")
    assert parameters(storage.load_model(tmp_path / "run")) == parameters(run.model)
    other = Run().model
    storage.load_into(other, tmp_path / "run")
    assert parameters(other) == parameters(run.model)


# --- of another training ------------------------------------------------------------------------


def moved(X: Any) -> Any:
    """The same samples, but for the last bit of one number."""
    X = np.array(X)
    X[0, 0] = np.nextafter(X[0, 0], inf)
    return X


OTHER: dict[str, tuple[Any, str]] = {
    "optimizer": (lambda: (Run("SGD", 0.02), {}), "its kind is 'Adam' in the checkpoint, 'SGD' in"),
    "rate": (lambda: (Run("Adam", 0.03), {}), r"learning_rate is '0\.02' there, 0\.03 here"),
    "samples": (lambda: (Run(), {"X": Run().X[:9], "T": Run().T[:9]}),
                r"X is '10 x 2, CRC \w{8}' there, 9 x 2, CRC \w{8} here"),
    "a bit of a sample": (lambda: (Run(), {"X": moved(Run().X)}), "X is '10 x 2, CRC .* there, "),
    "targets": (lambda: (Run(), {"T": -Run().T}), "T is '10 x 1, CRC .* there, 10 x 1, CRC "),
    "validation": (lambda: (Run(), {"validation": None}),
                   "validation X is '6 x 2, CRC .*' there, not stated here"),
    "batches": (lambda: (Run(), {"batch_size": 5}), "batch_size is '4' there, 5 here"),
    "reduce": (lambda: (Run(), {"reduce": "sum"}), "reduce is 'mean' there, sum here"),
    "threshold": (lambda: (Run(), {"threshold": 0.5}), r"threshold is '0\.0' there, 0\.5 here"),
    "shuffle": (lambda: (Run(), {"shuffle": 3}), "shuffle is 'Random' there, seed 3 here"),
    "no shuffle": (lambda: (Run(), {"shuffle": None}), "shuffle is 'Random' there, NoneType here"),
    "loss": (lambda: (Run(), {"loss": losses.hinge}),
             "loss is 'half_squared_error' there, hinge here"),
    "engine": (lambda: (Run(), {"engine": "eager"}),
               "engine is 'float64 compiled' there, eager here"),
    "dtype": (lambda: (Run(), {"dtype": np.float32}),
              "engine is 'float64 compiled' there, float32 compiled here"),
}  # fmt: skip


def refused(path: Path, run: Run, text: str | None = None, epochs: int = 6, **options: Any) -> None:
    """fit raises FormatError, and nothing has changed."""
    before, content = run.state(), path.read_bytes()
    with pytest.raises(FormatError, match=text) as error:
        run.fit(epochs, path, **options)
    assert str(error.value).startswith(f"{path}: ")
    assert run.state() == before
    assert path.read_bytes() == content


@pytest.mark.parametrize("what", OTHER)
def test_a_checkpoint_of_another_training_is_refused_with_both_facts(
    tmp_path: Path, what: str
) -> None:
    Run().fit(3, tmp_path / "run")
    make, text = OTHER[what]
    run, options = make()
    refused(tmp_path / "run", run, text, **options)


@pytest.mark.parametrize(
    ("model", "text"),
    [
        (
            lambda: nn.MLP([2, 4, 1], "tanh", "tanh", "shared"),
            r"shape \(2, 3\) in the file, \(2, 4",
        ),
        (
            lambda: nn.MLP([2, 3, 1], "relu", "tanh", "shared"),
            "other activations: .*'relu', 'tanh'",
        ),
        (lambda: nn.MLP([2, 3, 1], "tanh", "tanh"), r"shape \(1,\) in the file, \(3,\) is needed"),
    ],
)
def test_a_checkpoint_of_another_model_is_refused_with_both(
    tmp_path: Path, model: Any, text: str
) -> None:
    Run().fit(3, tmp_path / "run")
    run = Run()
    run.model = model()
    run.optimizer = optim.Adam(run.model.parameters(), 0.02)
    refused(tmp_path / "run", run, text)


def test_settings_and_parameters_of_the_optimizer_must_be_the_same(tmp_path: Path) -> None:
    Run().fit(3, tmp_path / "run")
    run = Run()
    run.optimizer = optim.Adam(run.model.parameters(), 0.02, beta1=0.8)
    refused(tmp_path / "run", run, "its settings is .*'beta1': '0.9'.* checkpoint, .*'0.8'")
    run.optimizer = optim.Adam(run.model.parameters()[::-1], 0.02)
    refused(tmp_path / "run", run, "its parameters is None in the checkpoint, .10, 9, 8, ")


def test_fewer_epochs_than_the_file_has_are_refused(tmp_path: Path) -> None:
    Run().fit(3, tmp_path / "run")
    refused(tmp_path / "run", Run(), "has 3 epochs, fit was asked for 2; give at least 3", 2)


def test_a_damaged_checkpoint_is_refused_and_kept(tmp_path: Path) -> None:
    path = tmp_path / "run"
    Run().fit(3, path)
    content, rng = path.read_bytes(), Random(4)
    for _ in range(40):
        damaged = bytearray(content)
        damaged[rng.randrange(len(content))] ^= 1 << rng.randrange(8)
        path.write_bytes(damaged)
        refused(path, Run())
        path.write_bytes(content[: rng.randrange(len(content))])
        refused(path, Run())


def test_a_file_that_is_no_training_run_is_refused(tmp_path: Path) -> None:
    run = Run()
    storage.save(run.model, tmp_path / "run")
    refused(tmp_path / "run", run, "a model and no training run is in this file; use load_into")
    storage.save({"w": Value(1.0)}, tmp_path / "run")
    refused(tmp_path / "run", run, "a model and no training run")


def test_a_run_that_fit_did_not_write_is_refused(tmp_path: Path) -> None:
    run = Run()
    storage.save_checkpoint(tmp_path / "run", run.model, run.optimizer, run.rng, 2)
    refused(tmp_path / "run", run, "of another training: learning_rate is 'not stated' there")


# --- refused before training --------------------------------------------------------------------


@pytest.mark.parametrize("every", [0, -1, 1.5, True, None, "1"])
def test_every_is_a_number_of_epochs(tmp_path: Path, every: Any) -> None:
    run = Run()
    before = run.state()
    with pytest.raises(ValueError, match=f"every is {every!r}; it must be an int of at least 1"):
        run.fit(2, tmp_path / "run", every=every)
    assert run.state() == before


class Listed(optim.SGD):
    """An optimizer with a setting that no file holds."""

    def __init__(self, parameters: Any) -> None:
        super().__init__(parameters, 0.1)
        self.others = [object()]


def test_what_cannot_be_written_is_an_error_before_the_first_epoch(tmp_path: Path) -> None:
    run = Run()
    before = run.state()
    (tmp_path / "folder").mkdir()
    for path, error, text in [
        (tmp_path / "missing" / "run", FileNotFoundError, "no such folder; make it first"),
        (tmp_path / "folder", IsADirectoryError, "a folder stands here; add a file name"),
    ]:
        with pytest.raises(error, match=text):
            run.fit(2, path)
    with pytest.raises(TypeError, match=r"the state of .*SystemRandom.* cannot be stored"):
        run.fit(2, tmp_path / "run", shuffle=SystemRandom())
    run.optimizer = Listed(run.model.parameters())
    with pytest.raises(TypeError, match=r"Listed.others is \[<object.*; numbers, strings and tup"):
        run.fit(2, tmp_path / "run")
    run.optimizer = OPTIMIZERS["Adam"](run.model.parameters())
    assert run.state() == before
    assert [path.name for path in tmp_path.iterdir()] == ["folder"]


# --- a disk that fails, a process that is killed ------------------------------------------------

PROGRAM = """
import sys
sys.path.insert(0, "tests")
from runs import Run
"""


def test_s6_a_full_disk_ends_training_with_an_error_and_keeps_the_file(tmp_path: Path) -> None:
    """RLIMIT_FSIZE stands in for the disk: the history grows until the file is too long."""
    path = tmp_path / "run"
    Run().fit(3, path)
    limit = path.stat().st_size + 5 * 8 * 4  # five lists: room for 4 more epochs
    said = output(
        python(f"""
{PROGRAM}
import resource, signal
signal.signal(signal.SIGXFSZ, signal.SIG_IGN)
resource.setrlimit(resource.RLIMIT_FSIZE, ({limit}, {limit}))
try:
    Run().fit(50, {str(path)!r})
except OSError as error:
    print(error.errno, *error.__notes__)
""")
    )
    target = os.path.realpath(path)
    assert said == f"{errno.EFBIG} writing {target} failed; what stood there before is unchanged\n"
    assert 3 < storage.read_checkpoint(path).epoch < 50
    assert [left.name for left in tmp_path.iterdir()] == ["run"]
    run, through = Run(), Run()
    assert outcome(run.fit(12, path)) == outcome(through.fit(12))
    assert run.state() == through.state()


def test_s6_a_training_killed_50_times_ends_as_one_that_ran_through(
    tmp_path: Path, tmp_path_factory: pytest.TempPathFactory
) -> None:
    """SIGKILL while it starts, computes, writes or moves the file; it is restarted each time."""
    path, rng = tmp_path / "run", Random(6)
    program = f"""{PROGRAM}
def tell(model, history):
    print(history.epochs, flush=True)
Run().fit(100_000, {str(path)!r}, every=2, after_epoch=tell)
"""
    # compiled modules are kept, beside the tree: a start is twice as fast
    cache = {"PYTHONPYCACHEPREFIX": str(tmp_path_factory.mktemp("cache")),
             "PYTHONDONTWRITEBYTECODE": ""}  # fmt: skip
    lists: list[dict[str, list[float]]] = []
    for k in range(50):
        training = python(program, **cache)
        assert training.stdout is not None
        if k % 10 == 9:
            time.sleep(0.3 * rng.random())
        else:
            for _ in range(rng.randrange(1, 8)):
                training.stdout.readline()
            time.sleep(0.004 * rng.random())
        training.kill()
        training.communicate()
        assert training.returncode == -signal.SIGKILL
        if path.exists():
            lists.append(storage.read_checkpoint(path).history)
        assert len(list(tmp_path.iterdir())) <= 2
    epochs = len(lists[-1]["loss"]) + 3
    run, through = Run(), Run()
    expected = through.fit(epochs)
    assert outcome(run.fit(epochs, path)) == outcome(expected)
    assert run.state() == through.state()
    assert [left.name for left in tmp_path.iterdir()] == ["run"]
    lengths = [len(found["loss"]) for found in lists]
    assert all(a <= b for a, b in pairwise(lengths))
    assert len({*lengths}) > 20
    for found in lists:
        for name in LISTS:
            assert found[name] == getattr(expected, name)[: len(found["loss"])]


# --- without fit --------------------------------------------------------------------------------

NUMBERS = st.floats(width=64) | st.sampled_from([nan, -0.0, 5e-324, inf])
STATES = st.recursive(
    st.none() | st.integers() | NUMBERS
    | st.lists(NUMBERS, max_size=3).map(np.array)
    | st.lists(st.floats(width=32), max_size=3).map(lambda xs: np.array(xs, dtype=np.float32))
    | NUMBERS.map(np.float64),
    lambda inner: st.lists(inner, max_size=3).map(tuple),
    max_leaves=6,
)  # fmt: skip


class Holder(optim.SGD):
    """An optimizer of any state at all."""

    def rule(self, w: Any, g: Any) -> Any:
        return w, self.state


@settings(max_examples=100, deadline=None)
@given(
    st.integers(0, 10**9),
    st.dictionaries(st.text(max_size=5), st.lists(NUMBERS, max_size=4), max_size=3),
    st.dictionaries(st.text(max_size=5), st.text(max_size=5), max_size=3),
    STATES,
    st.none() | st.tuples(st.integers(), st.integers(0, 3)),
)
def test_saving_and_restoring_a_run_is_the_identity(
    epoch: int, history: Any, facts: Any, state: Any, rng: Any
) -> None:
    model, generator = nn.MLP([1, 2, 1], rng=3), None
    if rng is not None:
        generator = Random(rng[0])
        for _ in range(rng[1]):
            generator.gauss(0.0, 1.0)  # of every two it keeps one back
    held = Holder(model.parameters(), 0.5)
    held.state = state
    before = parameters(model), seen_state(state), generator and generator.getstate()
    with TemporaryDirectory() as folder:
        path = Path(folder) / "run"
        storage.save_checkpoint(path, model, held, generator, epoch, history, facts)
        checkpoint = storage.read_checkpoint(path)
    other, again = nn.MLP([1, 2, 1], rng=4), generator and Random(1)
    optimizer = Holder(other.parameters(), 0.25)
    checkpoint.restore(other, optimizer, again)
    assert (parameters(other), seen_state(optimizer.state), again and again.getstate()) == before
    assert optimizer.learning_rate == 0.5
    assert (checkpoint.epoch, checkpoint.facts) == (epoch, facts)
    assert list(checkpoint.history) == list(history)
    for name, numbers in history.items():
        assert [bits(x) for x in checkpoint.history[name]] == [bits(x) for x in numbers]


def test_a_generator_is_needed_where_the_run_had_one_and_only_there(tmp_path: Path) -> None:
    run = Run()
    storage.save_checkpoint(tmp_path / "with", run.model, run.optimizer, run.rng)
    storage.save_checkpoint(tmp_path / "without", run.model, run.optimizer)
    before = run.state()
    text = "no generator is in the checkpoint, you gave a generator"
    with pytest.raises(FormatError, match=text):
        storage.read_checkpoint(tmp_path / "without").restore(run.model, run.optimizer, run.rng)
    text = "a generator is in the checkpoint, you gave no generator"
    with pytest.raises(FormatError, match=text):
        storage.read_checkpoint(tmp_path / "with").restore(run.model, run.optimizer)
    assert run.state() == before


def test_ctrl_c_at_any_moment_of_restoring_tears_no_run(tmp_path: Path) -> None:
    """Weights, the optimizer's state and its rate are all as before or all as in the file."""
    trained, run = Run(), Run()
    trained.fit(3, tmp_path / "run")
    checkpoint = storage.read_checkpoint(tmp_path / "run")
    before, after = run.state()[:3], trained.state()[:3]

    def restore() -> None:
        nonlocal run
        run = Run()
        checkpoint.restore(run.model, run.optimizer, run.rng)

    def look() -> None:
        assert run.state()[:3] in (before, after)

    assert moments(restore, look, ("storage/checkpoints.py",)) > 10
    assert run.state()[:3] == after != before  # the last one was not interrupted


def test_a_state_of_another_number_of_parameters_is_refused(tmp_path: Path) -> None:
    """Such a file is forged, or another release wrote it: the rule is tried before all else."""
    run = Run()
    run.optimizer.state = (np.zeros(3), np.zeros(3), 1)
    storage.save_checkpoint(tmp_path / "run", run.model, run.optimizer)
    run = Run()
    before = run.state()
    with pytest.raises(FormatError, match="the state does not fit Adam of 11 parameters"):
        storage.read_checkpoint(tmp_path / "run").restore(run.model, run.optimizer)
    assert run.state() == before


@pytest.mark.parametrize(
    ("arguments", "error", "text"),
    [
        ({"epoch": -1}, ValueError, "epoch is -1; it must be an int of at least 0"),
        ({"epoch": 1.0}, ValueError, "epoch is 1.0; it must be an int of at least 0"),
        ({"facts": {"X": 1}}, TypeError, "names and facts must be strings"),
        ({"history": {"loss": ["x"]}}, ValueError, "could not convert string to float"),
        ({"rng": SystemRandom()}, TypeError, "cannot be stored .* use random.Random"),
    ],
)
def test_what_is_no_run_is_refused_and_no_file_appears(
    tmp_path: Path, arguments: Any, error: type[Exception], text: str
) -> None:
    run = Run()
    with pytest.raises(error, match=text):
        storage.save_checkpoint(tmp_path / "run", run.model, run.optimizer, **arguments)
    run.optimizer.state = {"m": 1.0}
    with pytest.raises(TypeError, match=r"the state holds .* of type dict; None, ints, floats"):
        storage.save_checkpoint(tmp_path / "run", run.model, run.optimizer)
    assert list(tmp_path.iterdir()) == []
