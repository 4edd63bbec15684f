"""The printed program: runs with NumPy alone and gives the numbers of the network."""

from __future__ import annotations

import contextlib
import io
import os
import stat
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import pytest

import syn0
from syn0 import script
from syn0.errors import ArgumentError, DataError, NotBuiltError, UnknownNameError

Dense = syn0.Dense


def numbers(*shape: int, seed: int = 0) -> np.ndarray:
    return np.random.default_rng(seed).normal(size=shape)


X, Y = numbers(20, 3), numbers(20, seed=1)
CLASSES = np.arange(20) % 3


def small(*extra: Any, **options: Any) -> syn0.Sequential:
    layers = Dense(4, activation="tanh", name="hidden"), *extra, Dense(1, name="output")
    return syn0.Sequential(*layers, **{"random_state": 0, "dtype": "float64", **options})


def run(folder: Path) -> tuple[dict[str, Any], list[str]]:
    """Run the program of a folder; return its variables and the lines that it printed."""
    values: dict[str, Any] = {"__name__": "__main__"}
    with contextlib.chdir(folder), contextlib.redirect_stdout(io.StringIO()) as printed:
        exec((folder / "program.py").read_text(), values)
    for name in ("data", "parameters"):
        if isinstance(file := values.get(name), np.lib.npyio.NpzFile):
            assert file.zip is None, f"{name} is still open"
    return values, printed.getvalue().splitlines()


def check_training(net: Any, folder: Path, *data: Any, **options: Any) -> dict[str, Any]:
    """Save the program of the last fit, run it and compare all parameters."""
    net.save_code(folder, *data, **options)
    values, _ = run(folder)
    for name, value in net.parameters.items():
        if name in values:
            np.testing.assert_allclose(values[name], value, rtol=1e-9, atol=1e-12, err_msg=name)
    return values


# ----- before any fit -----------------------------------------------------


def test_before_any_fit_it_is_the_forward_pass(tmp_path: Path) -> None:
    net = small().build((3,))
    assert "backward" not in net.code()
    net.save_code(tmp_path, X)
    values, printed = run(tmp_path)
    np.testing.assert_allclose(values["output"], net.predict(X), rtol=1e-12)
    assert len(printed) > 0
    assert "# one row a sample" in net.code()
    values = {}
    with contextlib.redirect_stdout(io.StringIO()):
        exec(net.code(predict=[[1, 2, 3]]), values)
    np.testing.assert_allclose(values["output"], net.predict([[1, 2, 3]]), rtol=1e-12)


def test_an_unbuilt_network_needs_data() -> None:
    with pytest.raises(NotBuiltError):
        small().code()
    assert "np.tanh" in small().code(X)


def test_a_fit_to_come_can_be_printed_and_leaves_the_network_alone(tmp_path: Path) -> None:
    net = small().build((3,))
    before = net.numbers
    options: dict[str, Any] = {"optimizer": syn0.SGD(0.1, momentum=0.5), "epochs": 2}
    net.save_code(tmp_path, X, Y, batch_size=8, **options)
    assert net.numbers == before
    assert len(net.history) == 0
    values, _ = run(tmp_path)
    net.fit(X, Y, batch_size=8, verbose=0, **options)
    np.testing.assert_allclose(values["W_hidden"], net.parameters["W_hidden"], rtol=1e-9)


# ----- after fits ---------------------------------------------------------


@pytest.mark.sampled(4)
@pytest.mark.parametrize(
    "options",
    [
        {"batch_size": 8},
        {"batch_size": None},
        {"batch_size": 8, "shuffle": False},
        {"optimizer": syn0.SGD(0.1)},
        {"optimizer": syn0.SGD(syn0.ExponentialDecay(0.1, 3)), "batch_size": 8},
        {"optimizer": syn0.SGD(syn0.ExponentialDecay(0.1, 3)), "batch_size": None},
        {"optimizer": syn0.Adam(syn0.CosineDecay(0.1, 9)), "batch_size": 8},
        {"optimizer": syn0.Adam(syn0.CosineDecay(0.1, 99)), "batch_size": 4, "epochs": 20},
        {"loss": lambda y, p: (y - p) ** 4},
    ],
)
def test_the_program_of_a_fit_gives_its_numbers(options: Any, tmp_path: Path) -> None:
    net = small(syn0.Dropout(0.2), syn0.BatchNormalization())
    net.fit(X, Y, **{"epochs": 3, "verbose": 0, **options})
    check_training(net, tmp_path, X, Y)


def test_after_two_fits_it_starts_from_the_second(tmp_path: Path) -> None:
    net = small(syn0.Dropout(0.2))
    schedule = syn0.ExponentialDecay(0.1, 3)
    net.fit(X, Y, optimizer=syn0.Adam(schedule), epochs=2, batch_size=8, verbose=0)
    net.fit(X, Y, epochs=3, batch_size=8, verbose=0)
    check_training(net, tmp_path, X, Y)
    assert "for epoch in range(2, 5):" in net.code()
    assert "step = 6" in net.code()
    sgd = small()
    sgd.fit(X, Y, optimizer=syn0.SGD(schedule), epochs=2, batch_size=8, verbose=0)
    sgd.fit(X, Y, epochs=3, batch_size=8, verbose=0)
    check_training(sgd, tmp_path, X, Y)


def test_a_step_after_a_fit_does_not_hide_the_fit() -> None:
    net = small()
    net.fit(X, Y, epochs=3, verbose=0)
    text = net.code()
    net.step(X, Y)
    assert net.code() == text
    fresh = small()
    fresh.step(X, Y)
    assert "for epoch in range(1):" in fresh.code()


def test_weights_of_samples_and_classes_are_given_again(tmp_path: Path) -> None:
    net = syn0.Sequential(Dense(3, activation="softmax"), random_state=0, dtype="float64")
    options: dict[str, Any] = {
        "sample_weight": np.arange(20) % 4, "class_weight": {0: 2.0}, "validation_data": 0.25,
    }  # fmt: skip
    net.fit(X, CLASSES, epochs=3, batch_size=5, verbose=0, **options)
    check_training(net, tmp_path, X, CLASSES, **options)
    with pytest.raises(ArgumentError, match="the last fit weighted its samples"):
        net.code(X, CLASSES)


def test_another_length_can_be_asked_for() -> None:
    net = small()
    net.fit(X, Y, epochs=3, batch_size=8, verbose=0)
    assert "for epoch in range(7):" in net.code(epochs=7)
    assert "range(0, len(X), 5)" in net.code(batch_size=5)
    assert "order" not in net.code(shuffle=False)
    assert "for start" not in net.code(batch_size=None)
    assert "for start" not in net.code(batch_size="auto")
    for wrong in ({"epochs": 0}, {"batch_size": 0}):
        with pytest.raises(ArgumentError, match="whole number from 1"):
            net.code(**wrong)
    with pytest.raises(ArgumentError, match="needs data"):
        net.code(loss="huber")
    with pytest.raises(ArgumentError, match="needs data"):
        small().build((3,)).code(epochs=2)
    with pytest.raises(DataError, match="y is None"):
        net.code(X)
    with pytest.raises(UnknownNameError, match="did you mean 'predict'"):
        net.code(predicts=[[1, 2, 3]])


@pytest.mark.parametrize("optimizer", ["adam", "lbfgs"])
def test_what_is_frozen_after_a_fit_does_not_change_its_program(optimizer: str) -> None:
    net = small(syn0.BatchNormalization(name="normal"))
    net.freeze("output").fit(X, Y, epochs=2, optimizer=optimizer, verbose=0)
    text, whole = net.code(), net.code(X, Y)
    for frozen in ("normal", "hidden", "*"):
        net.unfreeze("*").freeze(frozen)
        assert (net.code(), net.code(X, Y)) == (text, whole)
    assert net.frozen == {"hidden", "normal", "output"}
    net.unfreeze("*")
    assert "W_output = W_output -" in net.code(X, Y, optimizer=syn0.SGD(0.1))


def test_the_printed_loss_says_what_it_is_of() -> None:
    net = small()
    net.fit(X, Y, epochs=3, batch_size=8, verbose=0)
    assert 'print("epoch", epoch + 1, "loss of the last batch", loss)' in net.code()
    assert 'print("epoch", epoch + 1, "loss", loss)' in net.code(batch_size=None)


def test_files_are_closed_when_they_are_read(tmp_path: Path) -> None:
    net = syn0.Sequential(Dense(40), Dense(1), random_state=0, dtype="float64")
    schedule = syn0.ExponentialDecay(0.1, 3)
    net.fit(X, Y, optimizer=syn0.Adam(schedule), epochs=66, verbose=0)
    assert 'with np.load("data.npz") as data:  # written by net.save_code(folder' in net.code()
    text = net.code(X, Y)
    assert 'with np.load("data.npz") as data:\n    x = data["x"]\n' in text
    assert '    learning_rates = parameters["learning_rates"]\n' in text
    assert text.count("np.load(") == text.count("with np.load(") == 3
    check_training(net, tmp_path, X, Y)


@dataclass(frozen=True)
class Gain(syn0.Layer):
    """A layer with a single number to learn, that may become 0 or negative."""

    start: float = 0.0

    def parameters(self, shape: Any) -> Any:
        return {"gain": ((), syn0.initializers.Constant(self.start))}

    def forward(self, p: Any, x: Any, *, training: bool) -> Any:
        return x * p["gain"] + 1 / p["gain"] + p["gain"] ** 0.5


@pytest.mark.parametrize("dtype", ["float32", "float64"])
def test_a_scalar_parameter_is_a_numpy_scalar(dtype: str, tmp_path: Path) -> None:
    for start, wanted in ((0.0, np.inf), (-1.0, np.nan), (4.0, 6.25)):
        net = syn0.Sequential(Gain(start, name="g"), dtype=dtype).build((3,))
        found = net.predict(np.ones((2, 3)))
        assert found.dtype == dtype
        np.testing.assert_array_equal(found, np.full((2, 3), wanted))
        assert f"gain_g = np.{dtype}({start})" in net.code()
    net.fit(X, Y[:, None] * np.ones(3), optimizer="adam", epochs=3, verbose=0)
    assert f"gain_g = np.{dtype}(4.0)" in net.code()
    assert "learning_rate = 0.001" in net.code()
    net.save_code(tmp_path, X, Y[:, None] * np.ones(3))
    values, _ = run(tmp_path)
    assert values["gain_g"].dtype == dtype
    np.testing.assert_allclose(values["gain_g"], net.parameters["gain_g"], rtol=1e-6)


def test_lbfgs_prints_loss_and_gradient(tmp_path: Path) -> None:
    net = small()
    net.fit(X, Y, optimizer="lbfgs", epochs=3, verbose=0)
    start = net._trainer.record.start
    net.save_code(tmp_path, X, Y)
    values, printed = run(tmp_path)
    assert printed[0].startswith("loss ")
    net.set_parameters({name: start[name] for name in net.parameters})
    np.testing.assert_allclose(values["d_W_hidden"], net.gradients(X, Y)["W_hidden"], rtol=1e-9)


# ----- names --------------------------------------------------------------


def test_names_can_be_chosen_and_a_prediction_added(tmp_path: Path) -> None:
    net = small()
    net.fit(X[:4], Y[:4], epochs=2, optimizer=syn0.SGD(0.1), verbose=0)
    names = {"W_hidden": "syn0", "x": "layer0", "hidden": "layer1", "output": "layer2"}
    text = net.code(X[:4], Y[:4], names=names, predict=X[:2])
    assert "layer1 = np.tanh(layer0 @ syn0 + b_hidden)" in text
    assert "W_hidden" not in text.replace("d_W_hidden", "")
    with contextlib.redirect_stdout(io.StringIO()):
        exec(text, values := {})
    np.testing.assert_allclose(values["layer2"], net.predict(X[:2]), rtol=1e-12)


@pytest.mark.parametrize(
    "name", ["order", "start", "X", "Y", "data", "rows", "epoch", "step", "loss", "len", "x"]
)
def test_a_layer_may_have_any_name(name: str, tmp_path: Path) -> None:
    net = syn0.Sequential(
        Dense(3, activation="tanh", name=name), syn0.Dropout(0.1), Dense(1), random_state=0,
        dtype="float64",
    )  # fmt: skip
    net.fit(X, Y, epochs=2, batch_size=6, verbose=0)
    values = check_training(net, tmp_path, X, Y)
    assert f"W_{name}" in values


@pytest.mark.parametrize("name", ["a", "parameter", "dense_1", "X", "rows"])
def test_an_input_may_have_any_name(name: str, tmp_path: Path) -> None:
    x = syn0.Input((3,), name=name)
    net = syn0.Model(x, Dense(1, name="a")(Dense(2)(x)), random_state=0, dtype="float64")
    net.fit(X, Y, epochs=2, batch_size=6, verbose=0)
    check_training(net, tmp_path, X, Y)


def test_tables_and_weights_stand_beside_layers_of_their_names(tmp_path: Path) -> None:
    layers = Dense(3, name="learning_rates"), Dense(2, name="step"), Dense(1, name="sample_weights")
    net = syn0.Sequential(*layers, random_state=0, dtype="float64")
    schedule, weight = syn0.ExponentialDecay(0.1, 3), np.arange(20) + 1.0
    net.fit(X, Y, sample_weight=weight, optimizer=syn0.SGD(schedule), epochs=22, batch_size=6,
            verbose=0)  # fmt: skip
    check_training(net, tmp_path, X, Y, sample_weight=weight)


def test_several_inputs_and_outputs(tmp_path: Path) -> None:
    a, b = syn0.Input((3,), name="left"), syn0.Input((3,), name="right")
    h = Dense(4, activation="tanh")(syn0.Add()(a, b))
    ends = {"kind": Dense(3, "softmax")(h), "size": Dense(1)(h)}
    net = syn0.Model([a, b], ends, random_state=0, dtype="float64")
    data = (X, X[::-1]), {"kind": CLASSES, "size": Y}
    net.fit(*data, epochs=2, batch_size=6, verbose=0)
    check_training(net, tmp_path, *data)


def test_arrays_of_the_network_are_written_too(tmp_path: Path) -> None:
    table = np.arange(3.0) + 1
    net = syn0.Sequential(
        syn0.Activation(lambda x: x * table, name="scaled"), Dense(1), random_state=0,
        dtype="float64",
    )  # fmt: skip
    net.fit(X, Y, epochs=2, verbose=0)
    check_training(net, tmp_path, X, Y)


# ----- text and files -----------------------------------------------------


def test_few_numbers_are_written_inline_and_many_into_a_file(tmp_path: Path) -> None:
    net = small()
    net.fit(X[:4], Y[:4], epochs=1, verbose=0)
    assert "np.load" not in net.code(X[:4], Y[:4])
    large = syn0.Sequential(Dense(100), Dense(1), random_state=0).build((3,))
    assert """with np.load("parameters.npz") as parameters:
    W_dense_1 = parameters["W_dense_1"]
    W_dense_2 = parameters["W_dense_2"]
b_dense_1 = np.zeros""" in large.code()
    assert large.save_code(tmp_path) == tmp_path / "program.py"
    assert sorted(os.listdir(tmp_path)) == ["parameters.npz", "program.py"]


@pytest.mark.parametrize(
    ("value", "text"),
    [
        (np.float32(0.1), "0.1"),
        (np.float64(1e-8), "1e-08"),
        (np.int64(3), "3"),
        (np.float64("inf"), 'float("inf")'),
        (np.float64("nan"), 'float("nan")'),
    ],
)
def test_a_number_is_written_in_the_shortest_way_that_gives_it_back(value: Any, text: str) -> None:
    assert script._number(value) == text


def test_files_are_whole_or_not_there(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    net = syn0.Sequential(Dense(100), random_state=0).build((3,))
    net.save_code(tmp_path)
    before = {p.name: p.read_bytes() for p in tmp_path.iterdir()}

    def fail(handle: int) -> None:
        raise OSError("the disk is full")

    monkeypatch.setattr(os, "fsync", fail)
    with pytest.raises(OSError, match="the disk is full"):
        syn0.Sequential(Dense(50), random_state=1).build((3,)).save_code(tmp_path)
    assert {p.name: p.read_bytes() for p in tmp_path.iterdir()} == before


@pytest.mark.skipif(os.name != "posix", reason="permissions as on Unix")
def test_files_have_the_permissions_of_any_new_file(tmp_path: Path) -> None:
    small().build((3,)).save_code(tmp_path / "deep" / "folder")
    (tmp_path / "plain").write_text("")
    modes = [
        stat.S_IMODE(p.stat().st_mode)
        for p in (tmp_path / "plain", tmp_path / "deep" / "folder" / "program.py")
    ]
    assert modes[0] == modes[1]


def test_show_code_prints_it(capsys: pytest.CaptureFixture[str]) -> None:
    net = small().build((3,))
    assert net.show_code() is None
    assert capsys.readouterr().out == net.code() + "\n"
