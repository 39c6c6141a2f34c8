"""Neuron, Layer, MLP: lists of Values and a call.

A neuron's linear summation z = b + w0*x0 + ... is one `dot` node and its activation another;
both carry the neuron's name as label ("z(h1)", "h1"), by which pictures and delta tables
find them; that label is a `Stamp`, made once, which knows the neuron's place. Weights are
named from, to as in the lectures: w21[1] leads from node 2 to node 1 through the first layer
of weights.
"""

from __future__ import annotations

from itertools import chain, pairwise
from random import Random
from typing import TYPE_CHECKING, Any

import numpy as np

from autograd_lite import functions, initializers, ops
from autograd_lite.deltas import Deltas, deltas_of
from autograd_lite.stamp import Place, Stamp
from autograd_lite.value import Value, constant, parameter

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

    Initializer = Callable[[int, int, Random], float]
    #: A unary row or its name; "softmax" takes a whole layer.
    Activation = str | ops.Op

BIAS_KINDS = ("per_neuron", "shared", "none")
_SOFTMAX = "softmax belongs to the last layer; it takes all of its neurons"


class Neuron:
    """Weights (None where there is no connection), a bias (None: there is none), an activation.

    >>> neuron = Neuron([Value(2.0), Value(-3.0)], Value(-3.0), ops.OPS["sigmoid"])
    >>> round(neuron([-1.0, -2.0]).data, 4)
    0.7311
    """

    def __init__(
        self,
        weights: Sequence[Value | None],
        bias: Value | None,
        activation: ops.Op | None = None,
        name: str | None = None,
    ) -> None:
        self.weights = list(weights)
        self.bias = bias
        self.activation = activation
        self._name: Stamp | None = None
        self.name = name

    @property
    def name(self) -> str | None:
        """The label of the activation; z(name) is that of the linear summation."""
        return self._name

    @name.setter
    def name(self, name: str | None) -> None:
        self._z_name: Stamp | None = None
        if name is not None and not isinstance(name, Stamp):
            kind = self.activation.name if self.activation else None
            # outside a network it is a network of its own
            alone = Place(object(), 0, 1, 0, name, _sources(self.weights), kind)
            held = alone if self._name is None else self._name.place._replace(name=name)
            name = Stamp(name, held)
        self._name = name
        if name is not None:
            self._z_name = Stamp(f"z({name})", name.place)

    def preactivation(self, x: Sequence[Any]) -> Any:
        """The linear summation z; ValueError where x has another length than the weights."""
        weights: Sequence[Any] = self.weights
        if len(x) != len(weights):
            raise ValueError(f"a neuron of {len(weights)} inputs was given {len(x)}")
        if None in weights:
            pairs = [(w, xi) for w, xi in zip(weights, x, strict=True) if w is not None]
            weights, x = [w for w, _ in pairs], [xi for _, xi in pairs]
        # a neuron of no connections and no bias gives the constant 0, still a node
        z = functions.dot(weights, x, (0.0 if weights else constant(0.0)) if self.bias is None
                          else self.bias)  # fmt: skip
        if self._name is not None:
            _stamp(z, self._z_name if self.activation else self._name)
        return z

    def __call__(self, x: Sequence[Any]) -> Any:
        """The activation of the linear summation, or that itself without an activation."""
        z = self.preactivation(x)
        if self.activation is None:
            return z
        a = self.activation(z)
        _stamp(a, self._name)
        return a

    def parameters(self) -> list[Value]:
        """The weights that exist, then the bias."""
        values = [w for w in self.weights if w is not None]
        return values if self.bias is None else [*values, self.bias]


def _sources(weights: Sequence[Value | None]) -> tuple[int, ...]:
    return tuple(i for i, w in enumerate(weights) if w is not None)


def _stamp(node: Any, label: str | None) -> None:
    """Name a node; weights that are plain numbers give plain numbers, which bear no name."""
    if isinstance(node, Value):
        node.label = label


class Layer:
    """Neurons side by side. With `softmax` their outputs are shares that sum to 1.

    >>> layer = Layer([Neuron([Value(1.0)], None), Neuron([Value(2.0)], None)])
    >>> [y.data for y in layer([3.0])]
    [3.0, 6.0]
    """

    def __init__(self, neurons: Sequence[Neuron], softmax: bool = False) -> None:
        self.neurons = list(neurons)
        self.softmax = softmax

    def __call__(self, x: Sequence[Any]) -> list[Any]:
        """One output per neuron."""
        if not self.softmax:
            return [neuron(x) for neuron in self.neurons]
        logits = [neuron.preactivation(x) for neuron in self.neurons]
        shares = functions.softmax(logits)
        for neuron, z, y in zip(self.neurons, logits, shares, strict=True):
            if neuron.name is not None:
                _stamp(z, neuron._z_name)
                _stamp(y, neuron._name)
        return shares

    def parameters(self) -> list[Value]:
        """Those of the neurons in order, each Value once."""
        return list(dict.fromkeys(chain.from_iterable(n.parameters() for n in self.neurons)))

    def matrix(self) -> tuple[np.ndarray, np.ndarray]:
        """The weights as an array (inputs, neurons), 0.0 where there is none, and the biases."""
        columns = [[0.0 if w is None else w.data for w in n.weights] for n in self.neurons]
        biases = [0.0 if n.bias is None else n.bias.data for n in self.neurons]
        return np.array(columns).T, np.array(biases)


class MLP:
    """A multi-layer perceptron of scalar Values; calling it returns a list of outputs.

    sizes        [inputs, hidden..., outputs], each at least 1
    activation   of hidden layers: a unary row or its name ("tanh", "relu", "sigmoid", ...;
                 "leaky_relu" has the slope 0.01, ops.leaky_relu.fixed(slope) any other)
    output       of the last layer: likewise, or "softmax"
    bias         "per_neuron", "shared" (one weight for a whole layer) or "none"
    initializer  (fan_in, fan_out, rng) -> weight; None: He's uniform for the ReLU family,
                 else Xavier's uniform. Biases start at 0.
    rng          a seed or a random.Random
    mask         per layer of weights a matrix [from][to]; false: no connection

    Raises TypeError for sizes that are no ints, ValueError for any other wrong argument.

    >>> mlp = MLP([2, 3, 1], rng=1)
    >>> len(mlp.parameters()), len(mlp([1.0, -1.0]))
    (13, 1)
    """

    def __init__(
        self,
        sizes: Sequence[int],
        activation: Activation = "tanh",
        output: Activation = "identity",
        bias: str = "per_neuron",
        initializer: Initializer | None = None,
        rng: int | Random = 0,
        mask: Sequence[Sequence[Sequence[bool]]] | None = None,
    ) -> None:
        sizes = _checked_sizes(sizes)
        if bias not in BIAS_KINDS:
            raise ValueError(f"bias is {bias!r}; it must be one of {', '.join(BIAS_KINDS)}")
        rng = rng if isinstance(rng, Random) else Random(rng)
        if activation == "softmax":
            raise ValueError(f'{_SOFTMAX}: give output="softmax"')
        _row(activation)  # an unknown one is refused even where there is no hidden layer
        if output != "softmax":
            _row(output)
        activations = [activation] * (len(sizes) - 2) + [output]
        weights: list[list[list[float | None]]] = []
        for k, (fan_in, fan_out) in enumerate(pairwise(sizes)):
            draw = initializer or _initializer_for(activations[k])
            matrix = [[draw(fan_in, fan_out, rng) for _ in range(fan_out)] for _ in range(fan_in)]
            weights.append([list(row) for row in matrix])
        if mask is not None:
            _apply_mask(weights, mask)
        biases = [[0.0] * {"per_neuron": n, "shared": 1, "none": 0}[bias] for n in sizes[1:]]
        self.layers = _layers(weights, biases, activations, None, None)

    @classmethod
    def from_weights(
        cls,
        weights: Sequence[Sequence[Sequence[float | None]]],
        biases: Sequence[Sequence[float] | float | None] | None = None,
        activations: Sequence[Activation] | Activation = "tanh",
        names: Sequence[Sequence[Sequence[str]]] | None = None,
        bias_names: Sequence[Sequence[str]] | None = None,
    ) -> MLP:
        """The network with given numbers.

        weights[l][i][j] leads from node i of layer l to node j of layer l + 1 (None: no
        connection). biases[l] is a list of one number per neuron, a list of one number or a
        number alone for a shared bias, None or [] for no bias. names are labels, as weights;
        bias_names as biases. Raises ValueError where the shapes do not fit together.

        >>> mlp = MLP.from_weights([[[1.0, 2.0], [1.0, 1.0]]], [[2.0, 1.0]], "sigmoid")
        >>> [round(y.data, 4) for y in mlp([1.0, 0.0])]
        [0.9526, 0.9526]
        """
        matrices = [[list(row) for row in matrix] for matrix in weights]
        for k, matrix in enumerate(matrices):
            if not matrix:
                raise ValueError(
                    f"weights[{k}] is empty; give a row for each node that it leads from"
                )
        _checked_sizes([len(m) for m in matrices] + [len(matrices[-1][0]) if matrices else 0])
        for k, matrix in enumerate(matrices):
            widths = {len(row) for row in matrix}
            following = len(matrices[k + 1]) if k + 1 < len(matrices) else len(matrix[0])
            if widths != {following}:
                raise ValueError(
                    f"weights[{k}] has rows of {sorted(widths)} entries; {following} nodes follow"
                )
        kinds = list(biases) if biases is not None else [None] * len(matrices)
        if isinstance(activations, (str, ops.Op)):
            activations = [activations] * len(matrices)
        for what, given in (("biases", kinds), ("activations", activations)):
            if len(given) != len(matrices):
                raise ValueError(f"{len(given)} {what} for {len(matrices)} layers of weights")
        if names is not None:
            _check_shape("names", names, matrices)
        if bias_names is not None and len(bias_names) != len(matrices):
            raise ValueError(f"{len(bias_names)} bias_names for {len(matrices)} layers of weights")
        model = cls.__new__(cls)
        model.layers = _layers(matrices, kinds, activations, names, bias_names)
        return model

    @property
    def sizes(self) -> list[int]:
        """The numbers of nodes: inputs, hidden layers, outputs."""
        first = len(self.layers[0].neurons[0].weights)
        return [first] + [len(layer.neurons) for layer in self.layers]

    def __call__(self, x: Sequence[Any]) -> list[Any]:
        """The outputs as Values; x are numbers or Values.

        Raises ValueError where x has another length than the input layer.
        """
        if hasattr(x, "tolist"):
            x = x.tolist()
        if len(x) != self.sizes[0]:
            raise ValueError(f"the network has {self.sizes[0]} inputs, but was given {len(x)}")
        for layer in self.layers:
            x = layer(x)
        return list(x)

    def predict(self, X: Any) -> np.ndarray:
        """The outputs as floats, without recording a graph.

        X has the shape (samples, inputs) and the result (samples, outputs), or (inputs,) and
        (outputs,). Raises ValueError for another number of inputs.

        >>> MLP.from_weights([[[2.0]]], activations="identity").predict([[1.0], [3.0]])
        array([[2.],
               [6.]])
        """
        a = np.asarray(X, dtype=float)
        if a.ndim not in (1, 2) or a.shape[-1] != self.sizes[0]:
            raise ValueError(f"X has the shape {a.shape}; the network has {self.sizes[0]} inputs")
        with np.errstate(all="ignore"):
            for layer in self.layers:
                a = _activate(layer, _summed(layer, a))
        return a

    def parameters(self) -> list[Value]:
        """The distinct weights and biases: layer by layer, neuron by neuron, its bias last."""
        neurons = chain.from_iterable(layer.neurons for layer in self.layers)
        return list(dict.fromkeys(chain.from_iterable(n.parameters() for n in neurons)))

    def zero_grad(self) -> None:
        """Set the gradient of every parameter to 0.0."""
        for p in self.parameters():
            p.grad = 0.0

    def deltas(self, loss: Value, learning_rate: float | None = None, sign: int = 1) -> Deltas:
        """The delta tables of this network in the graph of a loss, see `deltas.deltas_of`."""
        return deltas_of(self, loss, learning_rate, sign)

    def __repr__(self) -> str:
        kinds = ["softmax" if layer.softmax else _name(layer) for layer in self.layers]
        return f"MLP(sizes={self.sizes}, activations={kinds}, parameters={len(self.parameters())})"


def _name(layer: Layer) -> str:
    activation = layer.neurons[0].activation
    return activation.name if activation else "identity"


def _summed(layer: Layer, a: np.ndarray) -> np.ndarray:
    """The layer's linear summations of the activations before it."""
    weights, biases = layer.matrix()
    z = np.asarray(a @ weights + biases)
    if np.isnan(z).any():  # perhaps by 0.0 * inf, where there is no connection
        for j, neuron in enumerate(layer.neurons):
            if None in neuron.weights:
                there = list(_sources(neuron.weights))
                z[..., j] = a[..., there] @ weights[there, j] + biases[j]
    return z


def _activate(layer: Layer, z: np.ndarray) -> np.ndarray:
    """The layer's activation of every entry, or of every row for softmax."""
    if layer.softmax:
        e = np.exp(z - z.max(axis=-1, keepdims=True))
        return np.asarray(e / e.sum(axis=-1, keepdims=True))
    row = layer.neurons[0].activation
    if all(neuron.activation is row for neuron in layer.neurons):
        return _applied(row, z)
    columns = [_applied(neuron.activation, z[..., j]) for j, neuron in enumerate(layer.neurons)]
    return np.stack(columns, axis=-1)


def _applied(row: ops.Op | None, z: np.ndarray) -> np.ndarray:
    return z if row is None else np.asarray(np.frompyfunc(row.fn, 1, 1)(z), dtype=float)


def _checked_sizes(sizes: Sequence[int]) -> list[int]:
    for n in sizes:
        if isinstance(n, bool) or not isinstance(n, int):
            raise TypeError(f"sizes is {list(sizes)}: {n!r} is no int")
    if len(sizes) < 2 or min(sizes) < 1:
        raise ValueError(f"sizes is {list(sizes)}; an MLP needs 2 layers of at least 1 node")
    return list(sizes)


def _row(activation: Activation) -> ops.Op | None:
    """The row of an activation; None for the identity, which needs no node."""
    if isinstance(activation, ops.Op):
        row = activation
    elif activation == "leaky_relu":
        row = ops.leaky_relu.fixed(0.01)
    elif isinstance(activation, str) and activation in ops.OPS:
        row = ops.OPS[activation]
    else:
        known = ", ".join(
            sorted(name for name, op in ops.OPS.items() if op.arity == 1 or name == "leaky_relu")
        )
        raise ValueError(f"no activation {activation!r}; there are softmax, {known}")
    if row.arity != 1:
        raise ValueError(f"the activation {row.name} takes {row.arity or 'many'} arguments, not 1")
    return None if row is ops.identity else row


def _initializer_for(activation: Activation) -> Initializer:
    name = activation if isinstance(activation, str) else activation.name
    if name in ("relu", "leaky_relu", "silu", "softplus"):
        return initializers.he_uniform
    return initializers.xavier_uniform


def _check_shape(name: str, given: Any, weights: Any) -> None:
    """Refuse matrices whose rows differ in number or length from those of the weights."""
    shapes, expected = ([[len(row) for row in m] for m in ms] for ms in (given, weights))
    if shapes != expected:
        raise ValueError(f"{name} has rows of lengths {shapes}; the weights have {expected}")


def _apply_mask(weights: list[list[list[float | None]]], mask: Any) -> None:
    _check_shape("mask", mask, weights)
    for matrix, allowed in zip(weights, mask, strict=True):
        for row, flags in zip(matrix, allowed, strict=True):
            row[:] = [w if flag else None for w, flag in zip(row, flags, strict=True)]


def _layers(
    weights: Sequence[Sequence[Sequence[float | None]]],
    biases: Sequence[Sequence[float] | float | None],
    activations: Sequence[Activation],
    names: Any,
    bias_names: Any,
) -> list[Layer]:
    layers = []
    net = object()
    for k, (matrix, bias, activation) in enumerate(zip(weights, biases, activations, strict=True)):
        softmax = activation == "softmax"
        if softmax and k + 1 < len(weights):
            raise ValueError(_SOFTMAX)
        row = None if softmax else _row(activation)
        width = len(matrix[0])
        numbers = _bias_numbers(bias, width, k)
        own = [_bias(b, k, None if len(numbers) < width else j) for j, b in enumerate(numbers)]
        if bias_names:
            if len(own) != len(bias_names[k]):
                raise ValueError(
                    f"bias_names[{k}] has {len(bias_names[k])} names for {len(own)} biases"
                )
            for value, name in zip(own, bias_names[k], strict=True):
                value.label = name
        neurons = []
        for j in range(width):
            column = [_weight(matrix, k, i, j, names) for i in range(len(matrix))]
            b = own[j if len(own) > 1 else 0] if own else None
            name = neuron_name(k, j, len(weights))
            kind = "softmax" if softmax else row.name if row else None
            place = Place(net, k, len(weights), j, name, _sources(column), kind)
            neurons.append(Neuron(column, b, row, Stamp(name, place)))
        layers.append(Layer(neurons, softmax))
    return layers


def _bias_numbers(bias: Any, width: int, k: int) -> list[float]:
    """[] for no bias, one number for a shared one, else one per neuron."""
    numbers = [] if bias is None else list(bias) if hasattr(bias, "__len__") else [bias]
    if len(numbers) not in (0, 1, width):
        raise ValueError(f"biases[{k}] has {len(numbers)} numbers for {width} neurons")
    return numbers


def _weight(matrix: Any, k: int, i: int, j: int, names: Any) -> Value | None:
    if matrix[i][j] is None:
        return None
    name = names[k][i][j] if names else weight_name(len(matrix), len(matrix[0]), k, i, j)
    return parameter(matrix[i][j], name)


def _bias(number: float, k: int, unit: int | None) -> Value:
    return parameter(number, bias_name(k, unit))


def weight_name(fan_in: int, fan_out: int, k: int, i: int, j: int) -> str:
    """From node i to node j of layer k: w21[1], with a comma in layers of more than 9."""
    comma = "," if max(fan_in, fan_out) > 9 else ""
    return f"w{i + 1}{comma}{j + 1}[{k + 1}]"


def bias_name(k: int, j: int | None) -> str:
    """Of neuron j in layer k: b1[1]; of a layer that shares one: b[1]."""
    return f"b{'' if j is None else j + 1}[{k + 1}]"


def neuron_name(k: int, j: int, depth: int) -> str:
    """o1, o2 for outputs; h1, h2 for one hidden layer; h2.1 in the second of several."""
    if k + 1 == depth:
        return f"o{j + 1}"
    return f"h{j + 1}" if depth == 2 else f"h{k + 1}.{j + 1}"
