"""fit: batches, sums and means by hand, what stops it, and what it refuses."""

from __future__ import annotations

from math import inf, nan
from random import Random
from typing import TYPE_CHECKING, Any

import numpy as np
import pytest

from autograd_lite import NonFiniteError, data, losses, nn, optim, parameter
from autograd_lite.training import History, accuracy, fit

if TYPE_CHECKING:
    from collections.abc import Callable

# y = w x from w = 0; the gradient of one sample is (w x - t) x
X = [[1.0], [2.0], [3.0]]
T = [[1.0], [1.0], [2.0]]


def line(w: float = 0.0) -> nn.MLP:
    return nn.MLP.from_weights([[[w]]], activations="identity")


def weight(model: nn.MLP) -> float:
    return model.parameters()[0].data


def trained(
    model: nn.MLP, epochs: int = 1, batch_size: Any = 1, rate: float = 0.1,
    loss: Any = losses.half_squared_error, X: Any = X, T: Any = T, **options: Any,
) -> History:  # fmt: skip
    options = {"shuffle": None, "progress": False} | options
    sgd = optim.SGD(model.parameters(), rate)
    return fit(model, loss, X, T, sgd, epochs, batch_size, **options)


# --- steps by hand ----------------------------------------------


def test_stochastic_training_moves_after_every_sample() -> None:
    """0 - 0.1 (-1) = 0.1; e = 0.2 - 1, w = 0.26; e = 0.78 - 2, w = 0.626."""
    model = line()
    history = trained(model)
    assert weight(model) == pytest.approx(0.626, rel=1e-14)
    assert history.loss == pytest.approx([(1.0 + 0.8**2 + 1.22**2) / 2 / 3], rel=1e-14)


def test_batch_training_moves_once_by_the_mean_gradient() -> None:
    """The gradients -1, -2 and -6 have the mean -3; the losses 1/2, 1/2 and 2 the mean 1."""
    model = line()
    history = trained(model, batch_size="all")
    assert weight(model) == pytest.approx(0.3, rel=1e-14)
    assert history.loss == [1.0]


def test_a_summed_batch_moves_by_the_sum_and_reports_the_mean() -> None:
    model = line()
    history = trained(model, batch_size="all", reduce="sum")
    assert weight(model) == pytest.approx(0.9, rel=1e-14)
    assert history.loss == [1.0]


def test_the_last_mini_batch_may_be_smaller_and_is_averaged_over_its_own_size() -> None:
    """(-1 - 2)/2: w = 0.15; then x = 3 alone: e = 0.45 - 2, w = 0.15 + 0.465."""
    model = line()
    trained(model, batch_size=2)
    assert weight(model) == pytest.approx(0.615, rel=1e-14)


def test_mini_batches_are_summed_each() -> None:
    """-1 - 2: w = 0.3; then e = 0.9 - 2, w = 0.3 + 0.33."""
    model = line()
    trained(model, batch_size=2, reduce="sum")
    assert weight(model) == pytest.approx(0.63, rel=1e-14)


@pytest.mark.parametrize("batch_size", [3, 100, np.int64(3)])
def test_a_batch_size_from_the_number_of_samples_on_is_all(batch_size: Any) -> None:
    model = line()
    trained(model, batch_size=batch_size)
    assert weight(model) == pytest.approx(0.3, rel=1e-14)


@pytest.mark.parametrize("size", [1, 2, 4])
def test_averaging_with_eta_is_summing_with_eta_over_n(size: int) -> None:
    """E002-16."""
    samples, targets = data.truth_table("XOR")
    mean, total = nn.MLP([2, 3, 1], rng=1), nn.MLP([2, 3, 1], rng=1)
    options = {"X": samples, "T": targets, "epochs": 5, "batch_size": size}
    trained(mean, rate=0.5, reduce="mean", **options)
    trained(total, rate=0.5 / size, reduce="sum", **options)
    for a, b in zip(mean.parameters(), total.parameters(), strict=True):
        assert a.data == pytest.approx(b.data, rel=1e-12)


def test_gradients_from_before_have_no_part() -> None:
    model = line()
    model.parameters()[0].grad = 1e9
    trained(model, batch_size="all")
    assert weight(model) == pytest.approx(0.3, rel=1e-14)


@pytest.mark.parametrize("engine", ["eager", "compiled"])
def test_a_parameter_of_the_loss_moves_along_its_own_batch_alone(engine: Any) -> None:
    """e = (s w)^2 / 2 from s = w = 1: both fall by 0.1, then by 0.1 s w s = 0.0729 to 0.8271."""
    model, s = line(1.0), parameter(1.0)
    sgd = optim.SGD([*model.parameters(), s], 0.1)

    def loss(y: Any, t: Any) -> Any:
        return losses.half_squared_error([s * y[0]], t)

    X, T = [[1.0]] * 2, [[0.0]] * 2
    history = fit(model, loss, X, T, sgd, 1, engine=engine, progress=False, validation=(X, T))
    assert history.validation_loss == pytest.approx([0.8271**4 / 2], rel=1e-14)
    assert s.data == pytest.approx(0.8271, rel=1e-14)
    assert weight(model) == pytest.approx(0.8271, rel=1e-14)


def test_lists_and_arrays_train_alike() -> None:
    one, two = line(), line()
    assert trained(one).loss == trained(two, X=np.array(X), T=np.array(T, dtype=int)).loss
    assert weight(one) == weight(two)


def test_xor_is_learned() -> None:
    samples, targets = data.truth_table("XOR")
    model = nn.MLP([2, 4, 1], "tanh", "sigmoid", rng=1)
    adam = optim.Adam(model.parameters(), 0.05)
    history = fit(
        model, losses.binary_cross_entropy, samples, targets, adam,
        epochs=250, batch_size="all", threshold=0.5, progress=False,
    )  # fmt: skip
    assert history.accuracy[-1] == 1.0
    assert history.loss[-1] < 0.05 < history.loss[0]
    assert [round(y) for (y,) in model.predict(samples)] == [0, 1, 1, 0]


def test_a_quadratic_is_solved_to_the_least_squares_weight() -> None:
    """w = sum x t / sum x^2 = 9 / 14, where the batch's gradient is 0."""
    model = line()
    trained(model, epochs=200, batch_size="all")
    assert weight(model) == pytest.approx(9.0 / 14.0, rel=1e-12)


# --- order ------------------------------------------------------


def order_of(epochs: int, shuffle: Any) -> list[int]:
    """The samples as the loss saw them."""
    seen: list[int] = []

    def loss(outputs: Any, targets: Any) -> Any:
        seen.append(int(targets[0]))
        return losses.half_squared_error(outputs, targets)

    trained(line(), epochs, X=[[0.0]] * 8, T=[[i] for i in range(8)], loss=loss, shuffle=shuffle)
    return seen


def test_without_shuffle_the_samples_keep_their_order() -> None:
    assert order_of(2, None) == [*range(8), *range(8)]


def test_every_epoch_sees_every_sample_once_in_a_new_order() -> None:
    seen = order_of(3, 0)
    epochs = [seen[:8], seen[8:16], seen[16:]]
    assert [sorted(epoch) for epoch in epochs] == [[*range(8)]] * 3
    assert len({tuple(epoch) for epoch in epochs}) == 3


def test_a_seed_gives_the_same_order_again_and_another_one_another() -> None:
    assert order_of(3, 5) == order_of(3, 5) == order_of(3, Random(5))
    assert order_of(3, 5) != order_of(3, 6)


def test_a_generator_goes_on_where_it_was() -> None:
    rng = Random(5)
    assert order_of(1, rng) + order_of(1, rng) == order_of(2, 5)


def test_the_same_seed_gives_the_same_bits() -> None:
    samples, labels = data.two_moons(30, seed=1)
    targets = labels[:, None]

    def run(seed: int) -> tuple[list[float], list[float]]:
        model = nn.MLP([2, 3, 1], "tanh", "tanh", rng=2)
        history = trained(model, 3, 7, loss=losses.hinge, X=samples, T=targets, shuffle=seed)
        return history.loss, [p.data for p in model.parameters()]

    assert run(3) == run(3)
    assert run(3) != run(4)


# --- history and validation -------------------------------------


def test_a_history_has_one_entry_per_epoch() -> None:
    history = trained(line(), 4, threshold=0.5, validation=(X, T))
    lists = (
        history.loss, history.accuracy, history.validation_loss, history.validation_accuracy,
    )  # fmt: skip
    assert [len(numbers) for numbers in lists] == [4] * 4
    assert history.epochs == 4
    assert history.stopped == "epochs"


def test_the_norm_of_a_gradient_is_finite_where_its_square_is_not() -> None:
    """The loss 1e200 (t - w x - b) has the gradient -1e200 (3, 1), of length sqrt(10) 1e200."""
    model = nn.MLP.from_weights([[[0.0]]], [[0.0]], "identity")
    history = trained(
        model, X=[[3.0]], T=[[1.0]], rate=0.0, loss=lambda y, t: (t[0] - y[0]) * 1e200
    )
    assert history.gradient == pytest.approx([10.0**0.5 * 1e200], rel=1e-14)


def test_lists_that_were_not_asked_for_stay_empty() -> None:
    history = trained(line(), 2)
    assert history.accuracy == history.validation_loss == history.validation_accuracy == []


def test_a_history_prints_its_length_last_loss_and_end() -> None:
    history = trained(line(), batch_size="all")
    assert repr(history) == "History(epochs=1, loss=1, stopped='epochs')"
    assert repr(History()) == "History(epochs=0, stopped='epochs')"


def test_validation_looks_at_held_out_samples_after_the_epoch() -> None:
    """w = 0.3 after one batch: y = 3, (3 - 1)^2 / 2 = 2, on the target's side of 0.5."""
    model = line()
    history = trained(
        model, batch_size="all", validation=([[10.0], [1.0]], [[1.0], [1.0]]), threshold=0.5
    )
    assert history.validation_loss == pytest.approx([(2.0 + 0.7**2 / 2) / 2], rel=1e-14)
    assert history.validation_accuracy == [0.5]
    assert weight(model) == pytest.approx(0.3, rel=1e-14)


def test_validation_leaves_the_training_as_it_is() -> None:
    one, two = line(), line()
    assert trained(one, 3, validation=(X, T)).loss == trained(two, 3).loss
    assert weight(one) == weight(two)


def test_accuracy_by_a_threshold_is_taken_as_the_weight_moves() -> None:
    """Outputs before each step 0, 0.2, 0.78 against targets 1, 1, 2: one of three above 0.5."""
    assert trained(line(), threshold=0.5).accuracy == pytest.approx([1.0 / 3.0])


def test_accuracy_of_several_outputs_needs_no_threshold() -> None:
    """Outputs x (1, 2): the second one is larger for x > 0; targets say 2nd, 1st."""
    model = nn.MLP.from_weights([[[1.0, 2.0]]], activations="identity")
    history = trained(model, X=[[1.0], [1.0]], T=[[0, 1], [1, 0]], rate=0.0)
    assert history.accuracy == [0.5]


# --- accuracy ---------------------------------------------------


def test_accuracy_compares_the_largest_output_with_the_largest_target() -> None:
    outputs = [[0.2, 0.5, 0.3], [0.6, 0.3, 0.1], [0.1, 0.2, 0.7], [0.4, 0.35, 0.25]]
    targets = [[0, 1, 0], [0, 1, 0], [0, 0, 1], [1, 0, 0]]
    assert accuracy(outputs, targets) == 0.75


def test_accuracy_by_a_threshold_needs_every_output_on_its_targets_side() -> None:
    outputs = [[0.9, 0.1], [0.9, 0.9], [0.4, 0.6], [0.1, 0.2]]
    targets = [[1, 0], [1, 0], [0, 1], [0, 0]]
    assert accuracy(outputs, targets, threshold=0.5) == 0.75


def test_the_threshold_itself_is_not_above_it() -> None:
    assert accuracy([[0.5]], [[1]], threshold=0.5) == 0.0
    assert accuracy([[0.5]], [[0]], threshold=0.5) == 1.0


def test_a_threshold_may_lie_between_minus_1_and_1() -> None:
    assert accuracy([[-0.2], [0.3]], [[-1], [1]], threshold=0.0) == 1.0


@pytest.mark.parametrize(
    ("outputs", "targets", "threshold"),
    [
        ([[0.2, 0.8]], [[1, 0], [0, 1]], None),
        ([[0.2], [0.8]], [[1]], 0.5),
        ([[0.2, 0.8]], [[1]], 0.5),
        ([0.2, 0.8], [0, 1], None),
        ([], [], None),
    ],
)
def test_shapes_that_differ_are_a_value_error(outputs: Any, targets: Any, threshold: Any) -> None:
    """Spread over each other they would give a wrong number (as semantics G18 of lists)."""
    with pytest.raises(ValueError, match="accuracy"):
        accuracy(outputs, targets, threshold)


def test_one_output_without_a_threshold_has_no_accuracy() -> None:
    """Its largest output is always its largest target: 1.0 whatever the numbers are."""
    with pytest.raises(ValueError, match="threshold"):
        accuracy([[0.2], [0.9]], [[1], [0]])


# --- what ends training -----------------------------------------


def test_training_stops_as_soon_as_the_loss_is_small_enough() -> None:
    """y = w x, x = 2, rate 1/4: w = 0 -> 2 in one step, then the loss is 0."""
    options: Any = {"X": [[2.0]], "T": [[4.0]], "rate": 0.25}
    history = trained(line(), 10, stop_loss=0.0, **options)
    assert (history.loss, history.stopped) == ([8.0, 0.0], "loss")
    history = trained(line(), 10, stop_loss=8.0, **options)
    assert (history.loss, history.stopped) == ([8.0], "loss")
    history = trained(line(), 3, stop_loss=-1.0, **options)
    assert (history.epochs, history.stopped) == (3, "epochs")


def test_training_stops_at_a_small_gradient() -> None:
    """The gradient (w x - t) x is -8, then 0."""
    options: Any = {"X": [[2.0]], "T": [[4.0]], "rate": 0.25}
    history = trained(line(), 10, stop_gradient=1e-9, **options)
    assert (history.gradient, history.stopped) == ([8.0, 0.0], "gradient")


def test_patience_counts_epochs_without_a_new_smallest_loss() -> None:
    """Rate 1/2 at x = 2 throws w from 0 to 4 and back: the loss is always 8."""
    options: Any = {"X": [[2.0]], "T": [[4.0]], "rate": 0.5}
    history = trained(line(), 10, patience=3, **options)
    assert (history.loss, history.stopped) == ([8.0] * 4, "patience")


def test_patience_watches_the_held_out_loss_where_there_is_one() -> None:
    """Training goes on falling towards w = 2, away from the held-out optimum w = -1."""
    options: Any = {"X": [[1.0]], "T": [[2.0]], "validation": ([[1.0]], [[-1.0]])}
    history = trained(line(), 50, patience=2, **options)
    assert history.stopped == "patience"
    assert history.epochs == 3
    assert history.loss == sorted(history.loss, reverse=True)


@pytest.mark.parametrize(
    ("held_out", "epochs", "stopped"),
    [
        ([nan, 3.0, 2.0, 1.0], 4, "epochs"),
        ([nan, 3.0, 4.0, 5.0], 4, "patience"),
        ([3.0, nan, nan, 1.0], 3, "patience"),
        ([3.0, nan, 2.0, nan], 4, "epochs"),
        ([nan, nan, nan, 1.0], 3, "patience"),
    ],
)
def test_nan_is_never_the_smallest_held_out_loss(
    held_out: list[float], epochs: int, stopped: str
) -> None:
    """Patience 2 counts from the first epoch, or from the smallest number so far."""
    # the loss of the held-out sample, whose target is nan, is read from the list; the first
    # call looks at it before training begins
    coming = [0.0, *held_out]

    def loss(y: Any, t: Any) -> Any:
        return coming.pop(0) if t[0] != t[0] else losses.half_squared_error(y, t)

    history = trained(
        line(), 4, patience=2, engine="eager", loss=loss, validation=([[1.0]], [[nan]])
    )
    assert (history.epochs, history.stopped) == (epochs, stopped)
    assert history.validation_loss == pytest.approx(held_out[:epochs], nan_ok=True)


def test_a_schedule_sets_the_rate_of_the_next_epoch() -> None:
    """Rates 0.1 and 0.05 on the mean gradients -3 and (0.3 * 14 - 9) / 3 = -1.6."""
    model = line()
    trained(model, 2, "all", schedule=optim.exponential_decay(0.5))
    assert weight(model) == pytest.approx(0.3 + 0.05 * 1.6, rel=1e-14)


def test_after_each_epoch_the_caller_sees_model_and_history() -> None:
    model, seen = line(), []

    def look(m: nn.MLP, history: History) -> None:
        assert m is model
        seen.append((history.epochs, weight(m)))

    trained(model, 2, "all", after_epoch=look)
    assert [epoch for epoch, _ in seen] == [1, 2]
    assert [w for _, w in seen] == pytest.approx([0.3, 0.3 + 0.1 * 1.6], rel=1e-14)


# --- interruptions ----------------------------------------------


def raising_at(call: int, error: type[BaseException]) -> Callable[[Any, Any], Any]:
    """The half squared error that raises when it is called for the n-th time."""
    count = 0

    def loss(outputs: Any, targets: Any) -> Any:
        nonlocal count
        count += 1
        if count == call:
            raise error
        return losses.half_squared_error(outputs, targets)

    return loss


def after_steps(count: int) -> float:
    """w after so many steps of one sample each, by the delta rule."""
    w = 0.0
    for i in range(count):
        (x,), (t,) = X[i % 3], T[i % 3]
        w -= 0.1 * (w * x - t) * x
    return w


@pytest.mark.parametrize("call", range(1, 8))
def test_an_interrupt_returns_the_history_and_the_weights_of_the_last_whole_step(
    call: int,
) -> None:
    model = line()
    history = trained(model, 5, engine="eager", loss=raising_at(call, KeyboardInterrupt))
    assert history.stopped == "interrupted"
    assert history.epochs == len(history.loss) == (call - 1) // 3
    assert weight(model) == pytest.approx(after_steps(call - 1), rel=1e-14)


def test_an_interrupt_within_a_batch_leaves_the_weights_of_the_batch_before() -> None:
    """The second epoch's third sample: one step of 0.3 was taken."""
    model = line()
    history = trained(model, 5, "all", engine="eager", loss=raising_at(6, KeyboardInterrupt))
    assert (history.epochs, history.stopped) == (1, "interrupted")
    assert weight(model) == pytest.approx(0.3, rel=1e-14)


def test_an_interrupt_during_validation_leaves_lists_of_equal_length() -> None:
    """Calls 1 to 3 train, call 4 validates; 5 to 7 train, 8 is interrupted."""
    history = trained(
        line(), 5, engine="eager", loss=raising_at(8, KeyboardInterrupt),
        validation=([[1.0]], [[1.0]]),
    )  # fmt: skip
    assert history.stopped == "interrupted"
    assert len(history.loss) == len(history.validation_loss)
    assert len(history.gradient) == len(history.loss)


def test_other_exceptions_are_not_swallowed() -> None:
    model = line()
    with pytest.raises(ZeroDivisionError):
        trained(model, 5, engine="eager", loss=raising_at(3, ZeroDivisionError))
    assert weight(model) == pytest.approx(after_steps(2), rel=1e-14)


# --- numbers that are not finite --------------------------------


def test_d1_an_infinite_loss_names_epoch_sample_and_operation() -> None:
    """The first step throws w from 1 to 1 - 1e200; its square overflows in epoch 2."""
    model = line(1.0)
    with pytest.raises(NonFiniteError) as error:
        trained(model, 5, X=[[1.0]], T=[[0.0]], rate=1e200)
    assert str(error.value) == (
        "epoch 2, sample 0: the loss is inf; the first number that is not finite is "
        "half_squared_error(o1 = -1e+200, 0.0) = inf"
    )
    assert weight(model) == -1e200


def test_d1_the_weights_are_those_before_the_batch_of_the_infinite_loss() -> None:
    """One sample at a time the first step (w = 0.1) was taken; in a batch none was."""
    samples = [[1.0], [1e200], [1.0]]
    targets = [[1.0], [-1e200], [1.0]]
    for batch_size, expected in ((1, 0.1), ("all", 0.0)):
        model = line()
        with pytest.raises(NonFiniteError, match="epoch 1, sample 1: the loss is inf"):
            trained(model, 5, batch_size, X=samples, T=targets)
        assert weight(model) == expected


def test_the_sample_is_named_by_its_place_in_x_however_they_are_shuffled() -> None:
    samples, targets = [[1.0]] * 8, [[1.0]] * 8
    samples[5] = [nan]
    for seed in range(5):
        with pytest.raises(NonFiniteError, match=r"sample 5: the loss is nan") as error:
            trained(line(), X=samples, T=targets, shuffle=seed)
        assert "o1 = dot(w11[1] = " in str(error.value)


def test_the_first_operation_is_named_and_not_the_loss() -> None:
    """exp overflows in the hidden unit: the network's own labels say where."""
    model = nn.MLP.from_weights([[[800.0]], [[0.5]]], activations=["exp", "identity"])
    with pytest.raises(NonFiniteError, match=r"is h1 = exp\(z\(h1\) = 800\.0\) = inf$"):
        trained(model, X=[[1.0]], T=[[1.0]])


@pytest.mark.parametrize("rate", [1e3, 1e6])
def test_float32_that_overflows_where_values_do_not_is_named_before_the_weight_moves(
    rate: float,
) -> None:
    """w -> (1 - rate) w from w = 1; in step n the loss is (1 - rate)^(2n - 2) / 2.

    A float32 ends at 3.4e38: 999^12 / 2 = 4.9e35 is one, 999^14 / 2 = 4.9e41 is none.
    """
    first = next(n for n in range(1, 50) if abs(1 - rate) ** (2 * n - 2) / 2 > 3.4028235e38)
    model, histories = line(1.0), []
    with pytest.raises(NonFiniteError) as error:
        trained(
            model, 50, X=[[1.0]], T=[[0.0]], rate=rate, engine="compiled", dtype=np.float32,
            after_epoch=lambda _, history: histories.append(history),
        )  # fmt: skip
    assert str(error.value).startswith(f"epoch {first}, sample 0: the loss is inf in float32, but ")
    assert str(error.value).endswith(" in float64; give dtype=float64")
    assert weight(model) == pytest.approx((1 - rate) ** (first - 1), rel=1e-5)
    assert histories[-1].epochs == first - 1
    assert np.isfinite(histories[-1].loss).all()


def test_a_replayed_sample_leaves_the_gradients_of_the_values_alone() -> None:
    model = line(1.0)
    model.parameters()[0].grad = 7.0
    with pytest.raises(NonFiniteError, match=r"^epoch 2, sample 0: the loss is inf; the first"):
        trained(model, 5, X=[[1.0]], T=[[0.0]], rate=1e200, engine="compiled")
    assert model.parameters()[0].grad == 7.0


def test_a_non_finite_error_is_an_arithmetic_error() -> None:
    assert issubclass(NonFiniteError, ArithmeticError)


# --- what is refused --------------------------------------------


@pytest.mark.parametrize(
    ("given", "text"),
    [
        ({"X": [1.0, 2.0, 3.0]}, r"fit: X has the shape \(3,\); it must be \(samples, numbers\)"),
        ({"T": [1.0, 2.0, 3.0]}, r"fit: T has the shape \(3,\); it must be \(samples, numbers\)"),
        ({"X": [], "T": []}, r"fit: X has the shape \(0,\)"),
        ({"X": [[], [], []]}, r"fit: X has the shape \(3, 0\)"),
        ({"X": [[[1.0]]]}, r"fit: X has the shape \(1, 1, 1\)"),
        ({"X": [[1.0], [2.0]]}, "fit: 2 samples in X but 3 targets in T"),
        ({"X": [[1.0], [2.0, 3.0], [4.0]]}, "fit: X"),
        ({"T": [[1.0], [2.0, 3.0], [4.0]]}, "fit: T"),
        ({"X": [["a"], ["b"], ["c"]]}, "fit: X"),
        ({"X": [[1.0, 2.0]] * 3}, "the network has 1 inputs, but was given 2"),
        ({"T": [[1.0, 2.0]] * 3}, "half_squared_error: 1 outputs but 2 targets"),
    ],
)
def test_samples_of_a_wrong_shape_are_value_errors(given: Any, text: str) -> None:
    model = line(0.5)
    with pytest.raises(ValueError, match=text):
        trained(model, **given)
    assert weight(model) == 0.5


@pytest.mark.parametrize("epochs", [0, -1, 1.5, True, "2", None])
def test_epochs_are_an_int_of_at_least_1(epochs: Any) -> None:
    with pytest.raises(ValueError, match=f"fit: epochs is {epochs!r}; it must be an int of at le"):
        trained(line(), epochs)


@pytest.mark.parametrize(
    ("batch_size", "error", "text"),
    [
        (0, ValueError, "batch_size is 0; it must be at least 1"),
        (-1, ValueError, "batch_size is -1; it must be at least 1"),
        ("some", ValueError, "batch_size is 'some'; give an int or 'all'"),
        (1.5, TypeError, "batch_size is 1.5; an int or 'all' is needed"),
        (True, TypeError, "batch_size is True; an int or 'all' is needed"),
        (None, TypeError, "batch_size is None; an int or 'all' is needed"),
    ],
)
def test_batch_sizes_are_a_count_or_all(batch_size: Any, error: Any, text: str) -> None:
    with pytest.raises(error, match=text):
        trained(line(), batch_size=batch_size)


@pytest.mark.parametrize("reduce", ["avg", None, "Mean"])
def test_reduce_is_sum_or_mean(reduce: Any) -> None:
    with pytest.raises(ValueError, match=f'fit: reduce is {reduce!r}; it must be "mean" or "sum"'):
        trained(line(), reduce=reduce)


@pytest.mark.parametrize("shuffle", ["yes", 1.5])
def test_shuffle_is_a_seed_or_a_generator(shuffle: Any) -> None:
    with pytest.raises(TypeError, match="rng"):
        trained(line(), shuffle=shuffle)


@pytest.mark.parametrize("name", ["patience", "every"])
@pytest.mark.parametrize("given", [0, -1, 1.5, True, "2", nan])
def test_patience_and_every_count_epochs(name: str, given: Any) -> None:
    """`every` is looked at without a checkpoint too."""
    model = line(0.5)
    text = f"fit: {name} is {given!r}; it must be an int of at least 1 epoch"
    with pytest.raises(ValueError, match=text):
        trained(model, **{name: given})
    assert weight(model) == 0.5


@pytest.mark.parametrize("name", ["stop_loss", "stop_gradient", "threshold"])
@pytest.mark.parametrize("given", ["a", nan, True, [0.5], parameter(0.5), 1j])
def test_bounds_are_numbers_before_any_weight_moves(name: str, given: Any) -> None:
    """nan would compare with nothing: no stop, and every output on its target's side."""
    model = line(0.5)
    with pytest.raises(ValueError, match=rf"fit: {name} is .*; it must be a number"):
        trained(model, **{name: given})
    assert weight(model) == 0.5


@pytest.mark.parametrize("kind", [int, float, np.float32, np.int64, np.array])
def test_bounds_and_counts_may_be_numpy_numbers(kind: Any) -> None:
    history = trained(line(), 3, stop_loss=kind(1), threshold=kind(1), patience=np.int64(3))
    assert history.stopped == "loss"


@pytest.mark.parametrize("dtype", ["nope", "int32", np.float16, complex, object])
@pytest.mark.parametrize("engine", ["auto", "compiled", "eager"])
def test_a_dtype_is_float64_or_float32_with_every_engine(dtype: Any, engine: Any) -> None:
    model = line(0.5)
    with pytest.raises(ValueError, match=r"fit: dtype is .*; it must be float64 or float32"):
        trained(model, dtype=dtype, engine=engine)
    assert weight(model) == 0.5


def test_values_have_no_float32() -> None:
    with pytest.raises(ValueError, match='float32, but engine="eager" computes in float64; give'):
        trained(line(), engine="eager", dtype=np.float32)
    assert trained(line(), engine="eager", dtype="f8").engine == "eager"


@pytest.mark.parametrize(
    ("validation", "text"),
    [
        (
            ([[1.0, 2.0]], [[1.0]]),
            "fit: validation X has 2 numbers a sample, but the network has 1 inputs",
        ),
        (([[1.0]], [[1.0, 2.0]]), "half_squared_error: 1 outputs but 2 targets"),
        (
            ([[1.0]], [[1.0], [2.0]]),
            "fit: 1 samples in validation X but 2 targets in validation T",
        ),
        (([1.0], [1.0]), r"fit: validation X has the shape \(1,\)"),
        (([[1.0]], [1.0]), r"fit: validation T has the shape \(1,\)"),
        (([["a"]], [[1.0]]), "fit: validation X is no matrix of numbers"),
    ],
)
def test_wrong_held_out_samples_are_found_before_any_weight_moves(
    validation: Any, text: str
) -> None:
    model = line(0.5)
    with pytest.raises(ValueError, match=text):
        trained(model, validation=validation)
    assert weight(model) == 0.5


def test_held_out_samples_are_converted_once() -> None:
    """NumPy asks X and T for their array one time each, however many epochs look at them."""
    asked = []

    class Rows:
        def __array__(self, *args: Any, **options: Any) -> Any:
            asked.append("rows")
            return np.array([[1.0]])

    trained(line(), 5, validation=(Rows(), Rows()))
    assert asked == ["rows", "rows"]


# --- the progress bar -------------------------------------------


def test_without_progress_nothing_is_printed(capsys: pytest.CaptureFixture[str]) -> None:
    trained(line(), 3, progress=False)
    assert capsys.readouterr() == ("", "")


def test_the_progress_bar_shows_loss_and_accuracy_on_stderr(
    capsys: pytest.CaptureFixture[str],
) -> None:
    history = trained(line(), 3, progress=True, threshold=0.5, validation=(X, T))
    out, err = capsys.readouterr()
    assert out == ""
    assert "3/3" in err
    assert f"loss={history.loss[-1]:.4f}" in err
    assert f"accuracy={history.accuracy[-1]:.4f}" in err
    assert f"held-out={history.validation_accuracy[-1]:.4f}" in err


def test_the_progress_bar_is_closed_after_an_error(capsys: pytest.CaptureFixture[str]) -> None:
    with pytest.raises(NonFiniteError):
        trained(line(inf), 3, progress=True)
    assert capsys.readouterr().err.endswith("\n")


@pytest.mark.parametrize("engine", ["eager", "compiled"])
def test_a_loss_may_be_written_with_methods_of_values(engine: Any) -> None:
    """max(0, 1 - t y)' = -t for y t < 1: w = 0.1 goes to 0.1 + 0.5 * 2 in one step."""
    model = line(0.1)
    sgd = optim.SGD(model.parameters(), 0.5)
    history = fit(
        model, lambda y, t: (1.0 - t[0] * y[0]).relu(), [[2.0]], [[1.0]], sgd, 1, engine=engine,
        progress=False, validation=([[2.0]], [[1.0]]),
    )  # fmt: skip
    assert weight(model) == pytest.approx(1.1, rel=1e-14)
    assert history.loss == pytest.approx([0.8])
    assert history.validation_loss == [0.0]


def test_wrong_kinds_of_arguments_are_named() -> None:
    model = line()
    sgd = optim.SGD(model.parameters(), 0.1)
    error = losses.half_squared_error
    for args, others, text in (
        (("mse", [[1.0]], [[1.0]], sgd, 1), {}, "loss is 'mse'; give a function"),
        ((error, [[1.0]], [[1.0]], "adam", 1), {}, "optimizer is 'adam'; give one such as"),
        ((error, [[1.0]], [[1.0]], sgd, 1), {"schedule": 0.5}, "schedule is 0.5"),
        ((error, [[1.0]], [[1.0]], sgd, 1), {"after_epoch": 3}, "after_epoch is 3"),
        ((lambda y, t: [y[0]], [[1.0]], [[1.0]], sgd, 1), {"engine": "compiled"}, "one Value"),
        ((lambda y, t: 0.0, [[1.0]], [[1.0]], sgd, 1), {"engine": "eager"}, "one Value"),
    ):  # fmt: skip
        with pytest.raises(TypeError, match=text):
            fit(model, *args, progress=False, **others)  # type: ignore[arg-type]  # on purpose
    assert weight(model) == weight(line())
