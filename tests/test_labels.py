"""Labels as they are printed: one text for a label, wherever it stands."""

from __future__ import annotations

import pytest

import autograd_lite as al
from autograd_lite import Value
from autograd_lite.forms import latex_name
from autograd_lite.labels import clean


@pytest.mark.parametrize(
    ("label", "printed"),
    [
        ("a\u200bb", "a\ufffdb"),  # no width: a reader takes it for ab
        ("a\u202eb", "a\ufffdb"),  # turns what follows round
        ("a\x00b", "a\ufffdb"), ("a\ud800b", "a\ufffdb"), ("a\ufeffb", "a\ufffdb"),
        ("  a\n\tb\u2028", "a b"), ("a\u00a0b", "a b"),
        ("\n", "\ufffd"), ("x⁽²⁾", "x⁽²⁾"), ("Größe", "Größe"), ("重み", "重み"),
    ],
)  # fmt: skip
def test_one_label_has_one_text_in_every_room(label: str, printed: str) -> None:
    assert clean(label) == printed
    x = Value(2.0, label=label)
    y = x.exp()
    y.label = "y"
    assert f">{printed}</b>" in al.draw(y).source
    assert f"∂y/∂{printed}" in str(al.explain(y, x)).replace("(", "").replace(")", "")
    assert latex_name(printed) in al.latex(y)
    mlp = al.nn.MLP.from_weights([[[2.0]]], activations="identity", names=[[[label]]])
    table = mlp.deltas(al.losses.half_squared_error(mlp([3.0]), [5.0]))
    assert f"| {printed} | 2 |" in table.to_markdown()


def test_a_long_label_is_cut_to_its_limit_and_a_huge_one_is_not_read_to_its_end() -> None:
    assert clean("loss" * 9, limit=9) == "lossloss…"
    assert clean("lossloss!", limit=9) == "lossloss!"
    assert clean(" " * 10**6 + "x", limit=9) == "\ufffd"
    assert clean("x" * 10**4) == "x" * 10**4
