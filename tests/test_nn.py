"""Neuron, Layer, MLP: shapes, names, sharing, masks, and what floats and graphs agree on."""

from __future__ import annotations

import copy
import gc
import pickle
import sys
from itertools import pairwise
from math import exp, inf, nan, sqrt, tanh
from random import Random
from typing import Any

import numpy as np
import pytest

import autograd_lite as al
from autograd_lite import OPS, Op, Value
from autograd_lite.nn import MLP, Layer, Neuron

cube = Op("cube", lambda x: x * x * x, (lambda y, x: 3.0 * x * x,))


def labels(mlp: MLP) -> list[str | None]:
    return [p.label for p in mlp.parameters()]


def numbers(mlp: MLP) -> list[float]:
    return [p.data for p in mlp.parameters()]


# --- neuron and layer -------------------------------------------


def test_a_neuron_is_an_activation_of_a_linear_summation() -> None:
    """z = 0.5 + 2*1 + (-3)*2 = -3.5, a = tanh(z)."""
    neuron = Neuron([Value(2.0), Value(-3.0)], Value(0.5), OPS["tanh"])
    assert neuron.preactivation([1.0, 2.0]).data == -3.5
    assert neuron([1.0, 2.0]).data == tanh(-3.5)


def test_a_neuron_is_two_nodes() -> None:
    """One dot with an edge per weight, and one activation: what the lectures draw as boxes."""
    w, b = [Value(2.0), Value(-3.0)], Value(0.5)
    a = Neuron(w, b, OPS["tanh"])([1.0, 2.0])
    (z,) = a.parents
    assert (a.op.name, z.op.name) == ("tanh", "dot")
    assert z.parents == (*w, 1.0, 2.0, b)


def test_without_activation_the_output_is_the_summation() -> None:
    z = Neuron([Value(2.0)], None)([3.0])
    assert (z.op.name, z.data) == ("dot", 6.0)


def test_g18_a_neuron_refuses_another_number_of_inputs() -> None:
    neuron = Neuron([Value(2.0), Value(-3.0), Value(1.0)], None)
    for x in ([1.0, 2.0], [1.0, 2.0, 3.0, 4.0]):
        with pytest.raises(ValueError, match=f"a neuron of 3 inputs was given {len(x)}"):
            neuron(x)


def test_a_neurons_parameters_are_the_weights_that_exist_and_then_the_bias() -> None:
    w1, w3, b = Value(1.0), Value(3.0), Value(0.0)
    assert Neuron([w1, None, w3], b).parameters() == [w1, w3, b]
    assert Neuron([w1, None, w3], None).parameters() == [w1, w3]


def test_a_connection_that_is_none_takes_no_part() -> None:
    """0.5 + 1*10 + 3*30: the input 20 is ignored, and so would inf be."""
    neuron = Neuron([Value(1.0), None, Value(3.0)], Value(0.5))
    assert neuron([10.0, 20.0, 30.0]).data == 100.5
    assert neuron([10.0, float("inf"), 30.0]).data == 100.5


def test_a_layer_is_its_neurons_side_by_side() -> None:
    layer = Layer([Neuron([Value(1.0)], None), Neuron([Value(2.0)], Value(1.0))])
    assert [y.data for y in layer([3.0])] == [3.0, 7.0]


def test_a_softmax_layer_gives_shares_that_sum_to_1() -> None:
    """Logits 1 and 3 for x = 1: e / (e + e^3) and the rest."""
    layer = Layer([Neuron([Value(1.0)], None), Neuron([Value(3.0)], None)], softmax=True)
    got = [y.data for y in layer([1.0])]
    assert got == pytest.approx([1 / (1 + exp(2)), 1 / (1 + exp(-2))], rel=1e-15)


# --- construction -----------------------------------------------


@pytest.mark.parametrize("sizes", [[1, 1], [2, 3, 1], [4, 5, 6, 2], (3, 2)])
def test_shapes_follow_the_sizes(sizes: Any) -> None:
    mlp = MLP(sizes)
    assert mlp.sizes == list(sizes)
    shapes = [[len(n.weights) for n in layer.neurons] for layer in mlp.layers]
    assert shapes == [[m] * n for m, n in pairwise(sizes)]
    assert len(mlp.parameters()) == sum((m + 1) * n for m, n in pairwise(sizes))
    assert len(mlp([0.5] * sizes[0])) == sizes[-1]


def test_g10_d11_calling_returns_a_list_even_of_one_output() -> None:
    """Semantics D11, G10."""
    outputs = MLP([2, 3, 1])([1.0, 2.0])
    assert type(outputs) is list
    assert [type(y) for y in outputs] == [Value]
    with pytest.raises(AttributeError):
        outputs.backward()  # type: ignore[attr-defined]  # on purpose


@pytest.mark.parametrize("sizes", [[-1, 1], [2, 0], [0, 1], [2, 0, 1], [], [2]])
def test_g19_sizes_that_make_no_network_are_value_errors(sizes: Any) -> None:
    """Semantics G19."""
    with pytest.raises(ValueError, match=r"an MLP needs 2 layers of at least 1 node") as error:
        MLP(sizes)
    assert f"sizes is {sizes}" in str(error.value)


@pytest.mark.parametrize("wrong", [True, 1.0, "1", None])
def test_g19_sizes_that_are_no_ints_are_type_errors(wrong: Any) -> None:
    with pytest.raises(TypeError) as error:
        MLP([2, wrong])
    assert str(error.value) == f"sizes is {[2, wrong]}: {wrong!r} is no int"


def test_an_unknown_bias_kind_names_the_known_ones() -> None:
    with pytest.raises(ValueError, match="bias is 'each'; it must be one of per_neuron, shared, n"):
        MLP([2, 1], bias="each")


def test_weights_are_named_from_node_to_node() -> None:
    """w21[1] leads from node 2 to node 1 through the first layer of weights."""
    assert labels(MLP([2, 2, 1])) == [
        *("w11[1]", "w21[1]", "b1[1]", "w12[1]", "w22[1]", "b2[1]"),
        *("w11[2]", "w21[2]", "b1[2]"),
    ]
    mlp = MLP.from_weights([[[1.0, 2.0], [3.0, 4.0]]])
    assert {p.label: p.data for p in mlp.parameters()} == {
        "w11[1]": 1.0, "w12[1]": 2.0, "w21[1]": 3.0, "w22[1]": 4.0,
    }  # fmt: skip


def test_from_ten_nodes_on_a_comma_separates_the_indices() -> None:
    """w111 could be 1 to 11 or 11 to 1."""
    names = labels(MLP([11, 1], bias="none"))
    assert names[0] == "w1,1[1]"
    assert names[-1] == "w11,1[1]"
    assert len(set(names)) == 11


def test_d9_parameters_are_marked_as_such() -> None:
    """Semantics D9."""
    assert {p.role for p in MLP([2, 2, 1]).parameters()} == {"parameter"}


def test_biases_start_at_0() -> None:
    mlp = MLP([3, 4, 2])
    assert [n.bias.data for layer in mlp.layers for n in layer.neurons] == [0.0] * 6


def test_the_same_seed_gives_the_same_weights_and_another_one_others() -> None:
    assert numbers(MLP([3, 4, 2], rng=5)) == numbers(MLP([3, 4, 2], rng=5))
    assert numbers(MLP([3, 4, 2], rng=5)) == numbers(MLP([3, 4, 2], rng=Random(5)))
    assert numbers(MLP([3, 4, 2], rng=5)) != numbers(MLP([3, 4, 2], rng=6))
    assert numbers(MLP([3, 4, 2])) == numbers(MLP([3, 4, 2], rng=0))


def test_one_generator_goes_on_from_network_to_network() -> None:
    rng = Random(5)
    assert numbers(MLP([3, 2], rng=rng)) != numbers(MLP([3, 2], rng=rng))


@pytest.mark.parametrize(
    ("activation", "limit"),
    [
        # Xavier: sqrt(6 / (24 + 8)); He: sqrt(6 / 24)
        ("tanh", sqrt(6 / 32)),
        ("sigmoid", sqrt(6 / 32)),
        ("identity", sqrt(6 / 32)),
        ("softmax", sqrt(6 / 32)),
        (cube, sqrt(6 / 32)),
        ("relu", sqrt(6 / 24)),
        ("silu", sqrt(6 / 24)),
        ("softplus", sqrt(6 / 24)),
        (OPS["relu"], sqrt(6 / 24)),
    ],
)
def test_the_activation_chooses_the_initializer(activation: Any, limit: float) -> None:
    weights = numbers(MLP([24, 8], output=activation, bias="none", rng=1))
    # of 192 numbers from U(-r, r) the largest is above 0.95 r but for odds of 0.95^192 = 5e-5
    assert 0.95 * limit < max(map(abs, weights)) <= limit


def test_an_own_initializer_gets_the_fans_of_each_layer() -> None:
    seen = []

    def initializer(fan_in: int, fan_out: int, rng: Random) -> float:
        seen.append((fan_in, fan_out))
        return 0.25

    mlp = MLP([2, 3, 1], initializer=initializer)
    assert set(seen) == {(2, 3), (3, 1)}
    assert len(seen) == 9
    assert {p.data for p in mlp.parameters()} == {0.25, 0.0}


# --- activations ------------------------------------------------


def test_an_activation_is_a_name_a_row_or_a_users_row() -> None:
    for activation in ("tanh", OPS["tanh"]):
        mlp = MLP.from_weights([[[2.0]]], activations=activation)
        assert mlp([0.5])[0].data == tanh(1.0)
        assert mlp.predict([0.5]).tolist() == [tanh(1.0)]
    mlp = MLP.from_weights([[[2.0]]], activations=cube)
    assert mlp([0.5])[0].data == 1.0
    assert mlp.predict([1.0]).tolist() == [8.0]


def test_a_users_row_trains() -> None:
    """y = (w x)^3 at w = 2, x = 1: dy/dw = 3 (w x)^2 x = 12."""
    mlp = MLP.from_weights([[[2.0]]], activations=cube)
    mlp([1.0])[0].backward()
    assert mlp.parameters()[0].grad == 12.0


def test_identity_adds_no_node() -> None:
    (y,) = MLP.from_weights([[[2.0]]], activations="identity")([3.0])
    assert y.op.name == "dot"


def test_hidden_and_output_layers_have_activations_of_their_own() -> None:
    mlp = MLP([2, 3, 3, 2], "relu", "sigmoid")
    kinds = [[n.activation.name for n in layer.neurons] for layer in mlp.layers]
    assert kinds == [["relu"] * 3, ["relu"] * 3, ["sigmoid"] * 2]
    each = MLP.from_weights([[[1.0]], [[1.0]]], activations=["tanh", "sigmoid"])
    assert [layer.neurons[0].activation.name for layer in each.layers] == ["tanh", "sigmoid"]


def test_an_unknown_activation_names_the_known_ones() -> None:
    with pytest.raises(ValueError, match="no activation 'tan_h'; there are softmax, ") as error:
        MLP([2, 2, 1], "tan_h")
    assert all(name in str(error.value) for name in ("relu", "sigmoid", "silu", "tanh"))


@pytest.mark.parametrize("activation", ["add", OPS["add"], "maximum", OPS["leaky_relu"]])
def test_an_activation_takes_one_argument(activation: Any) -> None:
    with pytest.raises(ValueError, match=r"the activation \w+ takes (2|many) arguments, not 1"):
        MLP([2, 2, 1], activation)


def test_none_is_no_activation() -> None:
    """Every wrong argument but sizes is a ValueError, as the docstring says."""
    with pytest.raises(ValueError, match="no activation None"):
        MLP([2, 2, 1], None)  # type: ignore[arg-type]  # on purpose


def test_softmax_belongs_to_the_last_layer() -> None:
    text = "softmax belongs to the last layer; it takes all of its neurons"
    with pytest.raises(ValueError, match=text):
        MLP([2, 2, 1], "softmax")
    with pytest.raises(ValueError, match=f'{text}: give output="softmax"'):
        MLP([2, 1], activation="softmax")  # no hidden layer would have it
    with pytest.raises(ValueError, match=text):
        MLP.from_weights([[[1.0]], [[1.0]]], activations=["softmax", "tanh"])
    shares = MLP([2, 3], output="softmax")([1.0, 2.0])
    assert sum(y.data for y in shares) == pytest.approx(1.0, rel=1e-15)


# --- labels -----------------------------------------------------


def named(*roots: Value) -> list[str]:
    return [node.label for node in al.topological(*roots) if node.op and node.label]


def test_summations_and_activations_carry_the_neurons_names() -> None:
    outputs = MLP([2, 2, 2], "tanh", "sigmoid")([1.0, 2.0])
    assert sorted(named(*outputs)) == sorted(
        ["z(h1)", "h1", "z(h2)", "h2", "z(o1)", "o1", "z(o2)", "o2"]
    )
    assert [y.label for y in outputs] == ["o1", "o2"]
    assert [y.parents[0].label for y in outputs] == ["z(o1)", "z(o2)"]


def test_a_linear_output_is_its_own_summation() -> None:
    assert named(*MLP([1, 1])([1.0])) == ["o1"]


def test_several_hidden_layers_are_numbered() -> None:
    assert named(*MLP([1, 1, 1, 1])([1.0])) == ["z(h1.1)", "h1.1", "z(h2.1)", "h2.1", "o1"]


def test_softmax_outputs_and_logits_are_labelled() -> None:
    outputs = MLP([2, 2], output="softmax")([1.0, 2.0])
    assert sorted(named(*outputs)) == ["o1", "o2", "z(o1)", "z(o2)"]


# --- biases -----------------------------------------------------


def test_a_shared_bias_gets_the_sum_of_its_layers_deltas() -> None:
    """y_j = b + w_j x and e = sum (y_j - t_j)^2 / 2: de/db = sum (y_j - t_j) = 1 + 5 + 6."""
    mlp = MLP.from_weights([[[1.0, 2.0, 3.0]]], biases=[0.0], activations="identity")
    al.losses.half_squared_error(mlp([2.0]), [1.0, -1.0, 0.0]).backward()
    neurons = mlp.layers[0].neurons
    assert neurons[0].bias is neurons[1].bias is neurons[2].bias
    assert [n.weights[0].grad for n in neurons] == [2.0, 10.0, 12.0]
    assert neurons[0].bias.grad == 1.0 + 5.0 + 6.0


def test_the_three_kinds_of_bias() -> None:
    assert len(MLP([2, 3, 2]).parameters()) == 6 + 3 + 6 + 2
    assert len(MLP([2, 3, 2], bias="shared").parameters()) == 6 + 1 + 6 + 1
    assert len(MLP([2, 3, 2], bias="none").parameters()) == 6 + 6
    assert "b[1]" in labels(MLP([2, 3, 2], bias="shared"))


def test_biases_of_from_weights_are_per_neuron_shared_or_none() -> None:
    def outputs(bias: Any) -> list[float]:
        return [y.data for y in MLP.from_weights([[[1.0, 2.0]]], [bias], "identity")([1.0])]

    assert outputs([10.0, 20.0]) == [11.0, 22.0]
    assert outputs([10.0]) == [11.0, 12.0]
    assert outputs(10.0) == [11.0, 12.0]
    assert outputs([]) == [1.0, 2.0]
    assert outputs(None) == [1.0, 2.0]


# --- from_weights -----------------------------------------------


def test_from_weights_computes_by_hand() -> None:
    """x = (1, 2): h = tanh(0.5 + 1*1 - 1*2) = tanh(-0.5); o = 3 h + 1."""
    mlp = MLP.from_weights([[[1.0], [-1.0]], [[3.0]]], [[0.5], [1.0]], ["tanh", "identity"])
    assert mlp([1.0, 2.0])[0].data == 1.0 + 3.0 * tanh(-0.5)


def test_arrays_are_weights_too() -> None:
    mlp = MLP.from_weights([np.ones((2, 3)), np.ones((3, 1))], [np.zeros(3), np.zeros(1)])
    assert mlp.sizes == [2, 3, 1]
    assert {type(p.data) for p in mlp.parameters()} == {float}


def test_given_names_are_labels() -> None:
    mlp = MLP.from_weights(
        [[[1.0, 2.0]]], [[0.0, 0.0]], names=[[["v", "w"]]], bias_names=[["b", "c"]]
    )
    assert labels(mlp) == ["v", "b", "w", "c"]


@pytest.mark.parametrize(
    ("arguments", "text"),
    [
        ({"weights": []}, r"sizes is \[0\]; an MLP needs 2 layers"),
        ({"weights": [[]]}, r"weights\[0\] is empty; give a row for each node that it leads from"),
        ({"weights": [[[1.0]], []]}, r"weights\[1\] is empty"),
        ({"weights": [[], [[1.0]]]}, r"weights\[0\] is empty"),
        ({"weights": [[[]]]}, r"sizes is \[1, 0\]; an MLP needs 2 layers of at least 1"),
        (
            {"weights": [[[1.0, 2.0], [1.0]]]},
            r"weights\[0\] has rows of \[1, 2\] entries; 2 nodes follow",
        ),
        (
            {"weights": [[[1.0, 2.0]], [[1.0]]]},
            r"weights\[0\] has rows of \[2\] entries; 1 nodes follow",
        ),
        (
            {"weights": [[[1.0, 2.0]], [[1.0], [1.0], [1.0]]]},
            r"weights\[0\] has rows of \[2\] entries; 3 nodes follow",
        ),
        (
            {"weights": [[[1.0, 2.0]]], "biases": [[0.0], [0.0]]},
            "2 biases for 1 layers of weights",
        ),
        (
            {"weights": [[[1.0, 2.0, 3.0]]], "biases": [[0.0, 0.0]]},
            r"biases\[0\] has 2 numbers for 3 neurons",
        ),
        (
            {"weights": [[[1.0]]], "activations": ["tanh", "tanh"]},
            "2 activations for 1 layers of weights",
        ),
        ({"weights": [[[1.0]]], "activations": "tan_h"}, "no activation 'tan_h'"),
        ({"weights": [[[1.0, 2.0]]], "names": [[["a"]]]}, "names"),
        ({"weights": [[[1.0]], [[1.0]]], "names": [[["a"]]]}, "names"),
        ({"weights": [[[1.0, 2.0]]], "biases": [[0.0, 0.0]], "bias_names": [["a"]]}, "bias_names"),
        ({"weights": [[[1.0, 2.0]]], "bias_names": [["a"]]}, "bias_names"),
    ],
)
def test_shapes_that_do_not_fit_together_are_value_errors(arguments: Any, text: str) -> None:
    with pytest.raises(ValueError, match=text):
        MLP.from_weights(**arguments)


def test_a_weight_that_is_no_number_is_a_type_error() -> None:
    with pytest.raises(TypeError, match="a real number is needed, got str: 'a'"):
        MLP.from_weights([[["a"]]])  # type: ignore[list-item]  # on purpose


# --- masks ------------------------------------------------------

MASK = [[[1, 0, 1], [0, 1, 1]], [[1], [0], [1]]]


def test_a_masked_connection_is_no_parameter() -> None:
    mlp = MLP([2, 3, 1], mask=MASK)
    missing = {"w12[1]", "w21[1]", "w21[2]"}
    assert set(labels(MLP([2, 3, 1]))) - set(labels(mlp)) == missing
    assert len(mlp.parameters()) == 13 - 3
    assert mlp.layers[0].neurons[1].weights[0] is None


def test_a_masked_network_equals_the_full_one_with_weight_0() -> None:
    """In its outputs and in the gradients of the connections that are there."""
    for seed in range(5):
        masked, full = MLP([2, 3, 1], rng=seed, mask=MASK), MLP([2, 3, 1], rng=seed)
        of_full = {p.label: p for p in full.parameters()}
        for label in set(of_full) - set(labels(masked)):
            of_full[label].data = 0.0
        x = [0.3 + seed, -0.7]
        y, z = masked(x)[0], full(x)[0]
        y.backward()
        z.backward()
        assert y.data == z.data
        assert masked.predict(x).tolist() == full.predict(x).tolist()
        for p in masked.parameters():
            assert (p.data, p.grad) == (of_full[p.label].data, of_full[p.label].grad)


def test_a_mask_does_not_change_what_the_seed_draws() -> None:
    masked = {p.label: p.data for p in MLP([2, 3, 1], rng=4, mask=MASK).parameters()}
    full = {p.label: p.data for p in MLP([2, 3, 1], rng=4).parameters()}
    assert masked == {label: full[label] for label in masked}


def test_from_weights_leaves_out_what_is_none() -> None:
    mlp = MLP.from_weights([[[1.0, None], [2.0, 3.0]]], activations="identity")
    assert labels(mlp) == ["w11[1]", "w21[1]", "w22[1]"]
    assert [y.data for y in mlp([10.0, 100.0])] == [210.0, 300.0]
    assert mlp.predict([10.0, 100.0]).tolist() == [210.0, 300.0]


@pytest.mark.parametrize("absent", [inf, -inf, nan])
def test_predict_leaves_out_what_does_not_lead_to_a_neuron(absent: float) -> None:
    """0.0 * inf is nan; a connection that is not there is no factor 0.

    o1 = 0.5 + 2 * 0.25 whatever the second input is, and o2 = 1 + 3 * absent.
    """
    mlp = MLP.from_weights([[[2.0, None], [None, 3.0]]], [[0.5, 1.0]], "identity")
    x = [0.25, absent]
    np.testing.assert_array_equal(mlp.predict(x), [1.0, absent])
    np.testing.assert_array_equal(mlp.predict([x, [1.0, 2.0]]), [[1.0, absent], [2.5, 7.0]])
    np.testing.assert_array_equal([y.data for y in mlp(x)], mlp.predict(x))


def test_a_neuron_without_connections_ignores_infinite_inputs() -> None:
    mlp = MLP.from_weights([[[None], [None]]], [[0.5]], "identity")
    assert mlp.predict([inf, nan]).tolist() == [y.data for y in mlp([inf, nan])] == [0.5]


def test_a_neuron_without_connections_gives_its_bias() -> None:
    mlp = MLP.from_weights([[[None], [None]]], [[0.5]], "identity")
    assert mlp([1.0, 2.0])[0].data == 0.5
    assert len(mlp.parameters()) == 1


@pytest.mark.parametrize(
    "mask",
    [
        [[[1]]],
        [[[1, 1], [1, 1]]],
        [[[1], [1], [1]]],
        [[[1], [1]], [[1]]],
        [[[1], [1, 1]]],
        [],
    ],
)
def test_a_mask_of_another_shape_is_a_value_error(mask: Any) -> None:
    with pytest.raises(ValueError, match="mask"):
        MLP([2, 1], mask=mask)


def test_the_masks_error_shows_both_shapes() -> None:
    with pytest.raises(ValueError, match="mask") as error:
        MLP([2, 1], mask=[[[1]]])
    assert str(error.value) == "mask has rows of lengths [[1]]; the weights have [[1, 1]]"


# --- inputs -----------------------------------------------------


def test_g18_a_wrong_number_of_inputs_names_both() -> None:
    """Semantics G18: micrograd cuts the longer one off in silence."""
    mlp = MLP([3, 2, 1])
    for x in ([1.0, 2.0], [1.0] * 5, np.array([1.0, 2.0]), []):
        with pytest.raises(ValueError, match=f"^the network has 3 inputs, but was given {len(x)}$"):
            mlp(x)


def test_inputs_are_numbers_values_or_arrays() -> None:
    mlp = MLP([2, 2, 1], rng=2)
    expected = mlp([1.0, 2.0])[0].data
    for x in ([1, 2], (1.0, 2.0), np.array([1.0, 2.0]), [Value(1.0), Value(2.0)], [Value(1.0), 2]):
        assert mlp(x)[0].data == expected


def test_inputs_that_are_values_get_gradients() -> None:
    x = [Value(3.0)]
    MLP.from_weights([[[2.0]]], activations="identity")(x)[0].backward()
    assert x[0].grad == 2.0


@pytest.mark.parametrize("X", [1.0, [1.0], [1.0, 2.0, 3.0], [[1.0]], [[[1.0, 2.0]]]])
def test_predict_names_the_shape_and_the_inputs(X: Any) -> None:
    with pytest.raises(ValueError, match="X has the shape") as error:
        MLP([2, 1]).predict(X)
    assert str(error.value) == f"X has the shape {np.shape(X)}; the network has 2 inputs"


# --- parameters and ties ----------------------------------------


def test_parameters_come_layer_by_layer_neuron_by_neuron_with_the_bias_last() -> None:
    mlp = MLP.from_weights([[[1.0, 2.0], [3.0, 4.0]], [[5.0], [6.0]]], [[7.0, 8.0], [9.0]])
    assert numbers(mlp) == [1.0, 3.0, 7.0, 2.0, 4.0, 8.0, 5.0, 6.0, 9.0]


def test_g13_a_tied_weight_is_one_parameter_and_gets_both_shares() -> None:
    """Semantics G13. y = w x1 + w x2 at (2, 5): dy/dw = 7, so one step of 0.1 takes 0.7."""
    mlp = MLP.from_weights([[[1.0], [3.0]]], activations="identity")
    neuron = mlp.layers[0].neurons[0]
    neuron.weights[1] = neuron.weights[0]
    assert numbers(mlp) == [1.0]
    (y,) = mlp([2.0, 5.0])
    assert y.data == 7.0
    y.backward()
    assert neuron.weights[0].grad == 7.0
    al.optim.SGD(mlp.parameters(), 0.1).step()
    assert neuron.weights[1].data == pytest.approx(0.3, rel=1e-15)
    assert mlp.predict([2.0, 5.0]) == pytest.approx([2.1], rel=1e-15)


def test_g13_weights_tied_across_layers_are_listed_once_where_they_come_first() -> None:
    mlp = MLP.from_weights([[[2.0]], [[3.0]]], activations="identity")
    first, second = (layer.neurons[0] for layer in mlp.layers)
    second.weights[0] = first.weights[0]
    assert mlp.parameters() == [first.weights[0]]
    mlp([5.0])[0].backward()
    assert first.weights[0].grad == 2 * 2.0 * 5.0  # d/dw w^2 x


def test_zero_grad_clears_every_parameter() -> None:
    mlp = MLP([2, 2, 1])
    for p in mlp.parameters():
        p.grad = 1.0
    mlp.zero_grad()
    assert {p.grad for p in mlp.parameters()} == {0.0}


def test_repr_tells_sizes_activations_and_the_count() -> None:
    mlp = MLP([2, 3, 2], "relu", "softmax")
    assert repr(mlp) == ("MLP(sizes=[2, 3, 2], activations=['relu', 'softmax'], parameters=17)")


# --- predict ----------------------------------------------------


@pytest.mark.parametrize("seed", range(12))
def test_predict_equals_calling(seed: int) -> None:
    """For one sample and for many, every kind of bias, activation and mask."""
    rng = Random(seed)
    sizes = [rng.randint(1, 4) for _ in range(rng.randint(2, 4))]
    hidden = rng.choice(["tanh", "relu", "sigmoid", "silu", "erf", cube])
    output = rng.choice(["identity", "sigmoid", "softmax", "softplus"])
    bias = rng.choice(["per_neuron", "shared", "none"])
    shapes = list(pairwise(sizes))
    mask = [[[rng.random() < 0.8 for _ in range(n)] for _ in range(m)] for m, n in shapes]
    mlp = MLP(sizes, hidden, output, bias, rng=rng, mask=mask if seed % 2 else None)
    for p in mlp.parameters():
        p.data += rng.uniform(-0.5, 0.5)
    X = [[rng.uniform(-2, 2) for _ in range(sizes[0])] for _ in range(7)]
    called = np.array([[y.data for y in mlp(x)] for x in X])
    together = mlp.predict(X)
    assert together.shape == (7, sizes[-1])
    # matrix products add in another order than dot: a few roundings of numbers near 1
    assert together == pytest.approx(called, rel=1e-12, abs=1e-14)
    for x, expected in zip(X, called, strict=True):
        alone = mlp.predict(x)
        assert alone.shape == (sizes[-1],)
        assert alone == pytest.approx(expected, rel=1e-12, abs=1e-14)


def test_predict_of_extreme_inputs_neither_warns_nor_overflows() -> None:
    mlp = MLP.from_weights([[[1000.0, -1000.0]]], activations="softmax")
    assert mlp.predict([1.0]).tolist() == [1.0, 0.0]
    assert mlp.predict([[-1.0], [0.0]]).tolist() == [[0.0, 1.0], [0.5, 0.5]]
    assert MLP.from_weights([[[1000.0]]], activations="sigmoid").predict(
        [[-1.0], [1.0]]
    ).tolist() == [[0.0], [1.0]]


def test_predict_gives_each_neuron_its_own_activation() -> None:
    """relu(-2) = 0, -2 as it is, (-2)^3 = -8."""
    rows = (OPS["relu"], None, cube)
    mlp = MLP.from_weights([[[2.0, 2.0, 2.0]]], activations="identity")
    mlp.layers[0].neurons = [Neuron([Value(2.0)], None, row) for row in rows]
    assert mlp.predict([-1.0]).tolist() == [0.0, -2.0, -8.0]
    assert mlp.predict([[-1.0], [1.0]]).tolist() == [[0.0, -2.0, -8.0], [2.0, 2.0, 8.0]]


def test_predict_of_no_samples_is_empty() -> None:
    for output in ("identity", "tanh", "softmax"):
        assert MLP([2, 3], output=output).predict(np.ones((0, 2))).shape == (0, 3)


def test_predict_follows_the_weights() -> None:
    mlp = MLP.from_weights([[[2.0]]], activations="identity")
    assert mlp.predict([3.0]).tolist() == [6.0]
    mlp.parameters()[0].data = 5.0
    assert mlp.predict([3.0]).tolist() == [15.0]


def test_predict_records_no_graph(monkeypatch: pytest.MonkeyPatch) -> None:
    from autograd_lite import value

    mlp = MLP([2, 3, 2], "tanh", "softmax")

    def refuse(*args: Any) -> Any:
        raise AssertionError("a node was recorded")

    monkeypatch.setattr(value, "_node", refuse)
    with pytest.raises(AssertionError):
        mlp([1.0, 2.0])
    mlp.predict([[1.0, 2.0]])


# --- copies -----------------------------------------------------


@pytest.mark.parametrize(
    "duplicate",
    [copy.deepcopy, lambda m: pickle.loads(pickle.dumps(m))],
    ids=["deepcopy", "pickle"],
)
def test_g25_a_copied_network_has_equal_parameters_of_its_own(duplicate: Any) -> None:
    """Semantics G25."""
    mlp = MLP([2, 3, 2], "relu", "softmax", bias="shared", rng=3, mask=None)
    twin = duplicate(mlp)
    assert numbers(twin) == numbers(mlp)
    assert labels(twin) == labels(mlp)
    assert [p.role for p in twin.parameters()] == ["parameter"] * len(numbers(mlp))
    assert not set(twin.parameters()) & set(mlp.parameters())
    assert twin.predict([1.0, 2.0]).tolist() == mlp.predict([1.0, 2.0]).tolist()
    before = numbers(mlp)
    twin.parameters()[0].data += 1.0
    twin([1.0, 2.0])[0].backward()
    assert numbers(mlp) == before
    assert {p.grad for p in mlp.parameters()} == {0.0}


@pytest.mark.parametrize(
    "duplicate",
    [copy.deepcopy, lambda m: pickle.loads(pickle.dumps(m))],
    ids=["deepcopy", "pickle"],
)
def test_g25_a_copied_network_keeps_its_ties(duplicate: Any) -> None:
    mlp = MLP([2, 2, 1], "tanh", bias="shared")
    neuron = mlp.layers[0].neurons[0]
    neuron.weights[1] = neuron.weights[0]
    twin = duplicate(mlp).layers[0].neurons
    assert twin[0].weights[1] is twin[0].weights[0]
    assert twin[0].bias is twin[1].bias
    assert twin[0].activation is OPS["tanh"]


def test_a_network_of_a_users_row_is_deep_copied() -> None:
    """A row never changes, so that a copy shares it."""
    mlp = MLP([2, 2, 1], cube)
    twin = copy.deepcopy(mlp)
    assert twin.layers[0].neurons[0].activation is cube
    assert twin.predict([1.0, 2.0]).tolist() == mlp.predict([1.0, 2.0]).tolist()


# --- memory -----------------------------------------------------


def test_a_network_keeps_no_graph_alive() -> None:
    """Freed by reference counting, the moment that the outputs are dropped."""
    mlp = MLP([2, 3, 2], "tanh", "softmax")
    gc.collect()
    gc.disable()
    try:
        counts = [sys.getrefcount(p) for p in mlp.parameters()]
        x = [Value(1.0), Value(2.0)]
        of_inputs = [sys.getrefcount(v) for v in x]
        loss = al.losses.cross_entropy(mlp(x), [1.0, 0.0])
        loss.backward()
        assert [sys.getrefcount(p) for p in mlp.parameters()] != counts
        del loss
        assert [sys.getrefcount(p) for p in mlp.parameters()] == counts
        assert [sys.getrefcount(v) for v in x] == of_inputs
    finally:
        gc.enable()


def test_leaky_relu_is_an_activation() -> None:
    """z = -2: a = 0.01 z = -0.02, g'(z) = 0.01; another slope by a fixed row."""
    model = MLP.from_weights([[[2.0]]], activations="leaky_relu")
    assert [y.data for y in model([-1.0])] == [-0.02]
    table = model.deltas(al.losses.half_squared_error(model([-1.0]), [0.0]))
    assert table["o1"].slope == 0.01
    steep = MLP.from_weights([[[2.0]]], activations=al.OPS["leaky_relu"].fixed(0.5))
    assert [y.data for y in steep([-1.0])] == [-1.0]
    for m in (model, steep):
        again = pickle.loads(pickle.dumps(m))
        assert again([-1.0])[0].data == m([-1.0])[0].data
        x = al.inputs(1)
        program = al.compile(m(x)[0], x, m.parameters())
        value, gradient = program.value_and_grad([[-1.0]])
        assert value == m([-1.0])[0].data
        m([-1.0])[0].backward()
        assert gradient.tolist() == [p.grad for p in m.parameters()]
    with pytest.raises(TypeError, match="leaky_relu has 1 constants, got 2"):
        al.OPS["leaky_relu"].fixed(0.1, 0.2)


def test_a_neuron_renamed_twice_keeps_its_place_whatever_the_first_name() -> None:
    neuron = MLP([1, 2, 1]).layers[0].neurons[1]
    neuron.name = ""
    neuron.name = "h"
    assert neuron.name.place[1:5] == (0, 2, 1, "h")  # layer, depth, unit, name
