"""The table of a network's layers."""

from __future__ import annotations

import pytest

import syn0

Dense = syn0.Dense


def text(net: syn0.Model, capsys: pytest.CaptureFixture[str]) -> str:
    assert net.summary() is None
    return capsys.readouterr().out


def test_layers_with_shapes_and_numbers_of_parameters(capsys: pytest.CaptureFixture[str]) -> None:
    net = syn0.Sequential(
        syn0.Normalization(), Dense(64, activation="relu", name="hidden"), syn0.Dropout(0.5),
        Dense(1000),
    ).build((100,))  # fmt: skip
    lines = text(net.freeze("hidden"), capsys).splitlines()
    assert lines[0] == "input (100,)"
    assert lines[1].split() == ["layer", "kind", "output", "parameters"]
    assert lines[4].split() == ["hidden", "Dense", "(64,)", "6,464", "(frozen)"]
    assert lines[6].split() == ["dense_1", "Dense", "(1000,)", "65,000"]
    assert lines[-1] == "71,464 parameters, 65,000 of them trainable, float32"


def test_before_shapes_are_known(capsys: pytest.CaptureFixture[str]) -> None:
    found = text(syn0.Sequential(Dense(1)), capsys)
    assert "input ?" in found
    assert "shapes are set by build(shape) or by the first fit" in found


def test_several_inputs_and_networks_inside(capsys: pytest.CaptureFixture[str]) -> None:
    a, b = syn0.Input((2,), name="a"), syn0.Input((None, 2), name="b")
    inner = syn0.Sequential(Dense(2), name="inner")
    net = syn0.Model([a, b], {"one": inner(a), "two": syn0.Residual(Dense(2))(b)})
    found = text(net, capsys)
    assert found.startswith("inputs a (2,), b (time, 2)\n")
    rows = {line.split()[0]: line.split()[1:] for line in found.splitlines()[3:5]}
    assert rows["inner"] == ["Sequential", "(2,)", "6"]
    assert rows["residual_1"] == ["Residual", "(time,", "2)", "6"]


def test_a_notebook_gets_a_table() -> None:
    net = syn0.Sequential(Dense(1, name="output")).build((2,))
    found = net._repr_html_()
    assert "<td>output</td><td>Dense</td><td>(1,)</td><td>3</td>" in found
    assert "<div>3 parameters, 3 of them trainable, float32</div>" in found


@pytest.mark.parametrize(
    ("loss", "word"), [("cross_entropy", "softmax"), ("binary_cross_entropy", "sigmoid")]
)
def test_it_says_where_predict_returns_logits(
    loss: str, word: str, capsys: pytest.CaptureFixture[str]
) -> None:
    X, y = [[0.0, 1.0], [1.0, 0.0]], [[1, 0], [0, 1]]
    for activation, said in ((None, True), (word, False)):
        net = syn0.Sequential(Dense(2, activation=activation), random_state=0)
        net.fit(X, y, loss=loss, epochs=1, verbose=0)
        note = f"dense_1: the loss takes the output as logits; predict returns logits, {word} of"
        assert (note in text(net, capsys)) is said
