"""What a network with numbers does outside of training: build, set, predict, look in."""

from __future__ import annotations

import contextlib
import copy
import importlib.util
import io
import pickle
from pathlib import Path
from typing import Any

import numpy as np
import pytest

import syn0
from syn0.errors import (
    ArgumentError,
    DataError,
    DTypeError,
    GradientError,
    ShapeError,
    UnknownNameError,
)
from syn0.stateful import KEPT

Dense = syn0.Dense


def numbers(*shape: int, seed: int = 0) -> np.ndarray:
    return np.random.default_rng(seed).normal(size=shape)


def small(**options: Any) -> syn0.Sequential:
    layers = Dense(4, activation="tanh", name="hidden"), Dense(1, name="output")
    return syn0.Sequential(*layers, **{"random_state": 0, **options})


# ----- building and parameters --------------------------------------------


def test_anew_is_untrained_and_its_own() -> None:
    net = syn0.Sequential(syn0.Dense(4, "tanh", name="a"), syn0.Dropout(0.5), random_state=3)
    net.build((2,)).set_parameters({"b_a": np.ones(4)})
    start = net.parameters
    net.fit(np.ones((8, 2)), np.ones((8, 4)), epochs=2, verbose=0)
    other = net.anew()
    assert other.history == {} and other.task is None and other.seed == 3
    assert all(np.array_equal(other.parameters[name], start[name]) for name in start)
    other.fit(np.ones((8, 2)), np.ones((8, 4)), epochs=1, verbose=0)
    assert len(net.history["loss"]) == 2
    wide = net.anew(random_state=4, dtype="float64")
    assert wide.seed == 4 and wide.parameters["W_a"].dtype == "float64"
    assert wide.parameters["b_a"].tolist() == [1.0] * 4
    assert not np.array_equal(wide.parameters["W_a"], start["W_a"])


def test_anew_with_other_layers() -> None:
    x = syn0.Input((3,))
    shared = syn0.Dense(3, name="shared")
    net = syn0.Model(x, syn0.Dense(1)(syn0.Add()(shared(x), shared(shared(x)))), random_state=0)
    linear = {name: syn0.Dense(size) for name, size in (("shared", 3), ("dense_1", 2))}
    other = net.anew(layers=linear)
    assert list(other.parameters) == list(net.parameters)
    assert other.output_shape == (2,) and net.output_shape == (1,)
    same = syn0.Dense(3)
    with pytest.raises(UnknownNameError, match="did you mean 'shared'"):
        net.anew(layers={"shard": same})
    twice = syn0.Sequential(syn0.Dense(3, name="a"), syn0.Dense(3, name="b"))
    assert list(twice.anew(layers={"a": same, "b": same}).build((3,)).parameters) == [
        "W_a", "b_a", "W_b", "b_b",
    ]  # fmt: skip


def test_a_network_with_open_units_is_not_built() -> None:
    net = syn0.Sequential(syn0.Input((3,)), syn0.Dense("auto"))
    assert not net.is_complete and not net.built
    with pytest.raises(ArgumentError, match="does not know its units"):
        net.build()


def test_parameters_are_copies_by_the_names_of_printed_code() -> None:
    net = small().build((3,))
    assert list(net.parameters) == ["W_hidden", "b_hidden", "W_output", "b_output"]
    net.parameters["W_hidden"][:] = 7
    assert not np.any(net.parameters["W_hidden"] == 7)
    assert all(name in net.code() for name in net.parameters)


def test_initial_parameters_depend_on_the_seed_alone() -> None:
    one, same, other = (small(random_state=s).build((3,)).parameters for s in (1, 1, 2))
    np.testing.assert_array_equal(one["W_hidden"], same["W_hidden"])
    assert not np.array_equal(one["W_hidden"], other["W_hidden"])


def test_without_random_state_a_seed_is_drawn_and_kept() -> None:
    one, other = small(random_state=None), small(random_state=None)
    assert one.seed != other.seed
    again = small(random_state=one.seed).build((3,))
    np.testing.assert_array_equal(
        again.parameters["W_hidden"], one.build((3,)).parameters["W_hidden"]
    )


@pytest.mark.parametrize("given", [np.int64(3), np.random.RandomState(3), np.random.default_rng(3)])
def test_a_seed_comes_in_several_forms(given: Any) -> None:
    assert isinstance(small(random_state=given).seed, int)


@pytest.mark.parametrize("given", [-1, 1.5, "one", True, 2**32])
def test_what_is_no_seed_is_refused(given: Any) -> None:
    with pytest.raises(ArgumentError, match="random_state is"):
        small(random_state=given)


def test_set_parameters_changes_all_or_nothing() -> None:
    net = small().build((3,))
    before = net.parameters
    good = np.ones((3, 4))
    bad: list[tuple[dict[str, Any], type[Exception], str]] = [
        ({"W_hidden": good, "W_hiden": good}, UnknownNameError, "did you mean 'W_hidden'"),
        ({"W_hidden": good, "b_hidden": [1, 2]}, ShapeError, r"b_hidden got the shape \(2,\)"),
        ({"W_hidden": good, "b_hidden": ["a"] * 4}, DTypeError, "b_hidden holds text"),
        ({"W_hidden": good, "b_hidden": [np.nan] * 4}, DataError, "b_hidden holds nan"),
        ({"W_hidden": good, "step": 3}, UnknownNameError, "no parameter 'step'"),
    ]
    for mapping, error, text in bad:
        with pytest.raises(error, match=text):
            net.set_parameters(mapping)
        for name, value in net.parameters.items():
            np.testing.assert_array_equal(value, before[name])
    assert net.set_parameters({"W_hidden": good}) is net
    assert net.parameters["W_hidden"].dtype == "float32"
    np.testing.assert_array_equal(net.parameters["W_hidden"], good)


def test_reset_restores_what_was_there_before_training() -> None:
    net = small().build((3,)).set_parameters({"b_output": [5.0]})
    before = net.parameters
    net.fit(numbers(8, 3), numbers(8), epochs=2, verbose=0)
    net.set_parameters({"b_hidden": [1, 2, 3, 4]})
    net.reset()
    for name, value in net.parameters.items():
        np.testing.assert_array_equal(value, before[name])
    assert len(net.history) == 0
    again = net.fit(numbers(8, 3), numbers(8), epochs=2, verbose=0)
    assert again.first_epoch == 0


def test_freeze_takes_patterns() -> None:
    net = syn0.Sequential(Dense(2, name="conv_1"), Dense(2, name="conv_2"), Dense(1)).build((2,))
    assert net.freeze("conv_*").trainable() == ["W_dense_1", "b_dense_1"]
    assert len(net.unfreeze("*").trainable()) == 6
    with pytest.raises(UnknownNameError, match="did you mean 'conv_1'"):
        net.freeze("konv_1")


# ----- predicting ---------------------------------------------------------


def test_predict_returns_what_the_last_layer_puts_out() -> None:
    net = syn0.Sequential(Dense(3, activation="softmax"), random_state=0)
    found = net.predict(numbers(5, 2))
    assert found.shape == (5, 3)
    np.testing.assert_allclose(found.sum(axis=1), 1, rtol=1e-6)


def test_a_single_row_is_answered_with_predict_one() -> None:
    net = small().build((3,))
    with pytest.raises(ShapeError, match=r"net\.predict_one\(x\)"):
        net.predict([1.0, 2.0, 3.0])
    np.testing.assert_array_equal(
        net.predict_one([1.0, 2.0, 3.0]), net.predict([[1.0, 2.0, 3.0]])[0]
    )


@pytest.mark.parametrize("dtype", ["float64", "float32", "float16", "int8", "uint8", "bool"])
def test_any_numbers_are_cast_and_never_scaled(dtype: str) -> None:
    net = small().build((3,))
    X = np.array([[1, 0, 1], [0, 1, 1]])
    expected = net.predict(X.astype("float32"))
    assert expected.dtype == "float32"
    np.testing.assert_array_equal(net.predict(X.astype(dtype)), expected)
    np.testing.assert_array_equal(net.predict(X.tolist()), expected)


def test_tables_of_other_libraries_are_taken_as_arrays() -> None:
    class Table:
        def __array__(self, dtype: Any = None, copy: Any = None) -> np.ndarray:
            return np.array([[1.0, 2.0, 3.0]], dtype=dtype)

    assert small().build((3,)).predict(Table()).shape == (1, 1)
    if importlib.util.find_spec("pandas"):
        import pandas as pd

        assert small().predict(pd.DataFrame({"a": [1, 2], "b": [0.5, 1]})).shape == (2, 1)


def test_many_rows_are_predicted_like_few() -> None:
    net = small(dtype="float64").build((3,))
    X = numbers(5000, 3)
    np.testing.assert_allclose(net.predict(X)[4990:], net.predict(X[4990:]), rtol=1e-12)


def test_an_unbuilt_network_is_built_by_its_data() -> None:
    net = small()
    assert net.predict(numbers(2, 5)).shape == (2, 1)
    assert net.input_shape == (5,)
    with pytest.raises(ShapeError, match=r"expected: +\(samples, 5\)"):
        net.predict(numbers(2, 4))


@pytest.mark.parametrize("X", [[1.0, 2.0], 3.0])
def test_a_shape_that_tells_nothing_builds_nothing(X: Any) -> None:
    net = small()
    with pytest.raises(ShapeError, match=r"reshape\(-1, 1\)"):
        net.predict(X)
    assert not net.built


@pytest.mark.parametrize("dtype", ["float32", "float64"])
def test_a_network_computes_in_its_own_dtype_throughout(dtype: str, tmp_path: Path) -> None:
    other = "float32" if dtype == "float64" else "float64"
    net = syn0.Sequential(
        syn0.Normalization(), Dense(8, activation="gelu"), syn0.BatchNormalization(),
        syn0.Dropout(0.3), syn0.GaussianNoise(0.1), syn0.LayerNormalization(), syn0.PReLU(),
        Dense(3, activation="softmax", kernel_penalty="l2"), dtype=dtype, random_state=0,
    )  # fmt: skip
    X, y, weight = numbers(10, 2).astype(other), np.arange(10) % 3, np.ones(10)
    net.fit(X, y, sample_weight=weight, optimizer=syn0.Adam(clip_global_norm=1.0), verbose=0)
    assert {v.dtype for v in net.parameters.values()} == {np.dtype(dtype)}
    assert {v.dtype for v in net.activations(X).values()} == {np.dtype(dtype)}
    assert {v.dtype for v in net.gradients(X, y).values()} == {np.dtype(dtype)}
    path = net.save_code(tmp_path, X, y, sample_weight=weight)
    values: dict[str, Any] = {}
    with contextlib.chdir(tmp_path), contextlib.redirect_stdout(io.StringIO()):
        exec(path.read_text(), values)
    for name in ("data", "parameters"):
        if name in values:
            values[name].close()
    arrays = {n: v for n, v in values.items() if isinstance(v, np.ndarray) and v.dtype.kind == "f"}
    assert len(arrays) > 20
    assert {n: v.dtype for n, v in arrays.items() if v.dtype != dtype} == {}


# ----- looking in ---------------------------------------------------------


def test_activations_are_those_of_each_layer() -> None:
    net, X = small().build((3,)), numbers(4, 3)
    found = net.activations(X)
    assert list(found) == ["hidden", "output"]
    np.testing.assert_array_equal(found["output"], net.predict(X))


def test_until_is_the_network_that_ends_there() -> None:
    net, X = small(), numbers(6, 3)
    assert not net.until("hidden").built
    net.fit(X, numbers(6), epochs=2, verbose=0)
    part = net.until("hidden")
    np.testing.assert_array_equal(part.predict(X), net.activations(X)["hidden"])
    assert list(part.parameters) == ["W_hidden", "b_hidden"]
    before = part.parameters["b_hidden"]
    part.fit(X, numbers(6, 4), epochs=2, verbose=0)
    assert not np.array_equal(part.parameters["b_hidden"], before)
    np.testing.assert_array_equal(net.parameters["b_hidden"], before)
    np.testing.assert_array_equal(part.reset().parameters["b_hidden"], before)


def test_until_keeps_names_and_takes_only_the_inputs_it_needs() -> None:
    a, b = syn0.Input((2,), name="a"), syn0.Input((3,), name="b")
    first, second = Dense(4)(a), Dense(5)(b)
    net = syn0.Model([a, b], Dense(1)(syn0.Concatenate()(first, second)), random_state=0)
    part = net.until("dense_2")
    assert part.input_names == ("b",)
    assert list(part.layers) == ["dense_2"]
    with pytest.raises(UnknownNameError, match="no layer 'dense_9'"):
        net.until("dense_9")


@pytest.mark.parametrize("loss", ["mean_squared_error", "huber"])
def test_gradients_equal_differences(loss: str) -> None:
    net, X, y = small(dtype="float64").build((3,)), numbers(5, 3), numbers(5, 1, seed=1)
    net.fit(X, y, loss=loss, epochs=1, verbose=0)
    found, epsilon = net.gradients(X, y), 1e-6
    for name, value in net.parameters.items():
        place = (0,) * value.ndim
        losses = []
        for sign in (1, -1):
            moved = value.copy()
            moved[place] += sign * epsilon
            losses.append(net.set_parameters({name: moved}).evaluate(X, y)["loss"])
        net.set_parameters({name: value})
        assert found[name][place] == pytest.approx((losses[0] - losses[1]) / 2e-6, rel=1e-5)


def test_gradients_leave_frozen_layers_out() -> None:
    net = small().build((3,)).freeze("hidden")
    assert list(net.gradients(numbers(4, 3), numbers(4))) == ["W_output", "b_output"]


def test_check_gradients_passes_what_is_right() -> None:
    net = small()
    assert syn0.check_gradients(net, numbers(4, 3), numbers(4, 1)) < 1e-4
    assert syn0.check_gradients(net, numbers(4, 3), numbers(4, 1), loss="huber") < 1e-4
    assert syn0.check_gradients(lambda x: syn0.ops.sum(x * x), numbers(3)) < 1e-6
    assert syn0.check_gradients(lambda x, y: x * y, numbers(3), numbers(3, seed=1)) < 1e-6
    with pytest.raises(ArgumentError, match="cannot be checked"):
        syn0.check_gradients(3, numbers(3))


def sigmoid(x: Any) -> Any:
    return 1 / (1 + np.exp(-x))


def test_an_own_derivative_of_the_output_is_the_one_used() -> None:
    mine = syn0.Activation(sigmoid, derivative=lambda y: y * (1 - y), derivative_of="output")
    net = syn0.Sequential(Dense(3, activation=mine, name="hidden"), Dense(1), random_state=0)
    plain = syn0.Sequential(
        Dense(3, activation="sigmoid", name="hidden"), Dense(1), random_state=0
    ).build((2,))
    X, y = numbers(6, 2), numbers(6)
    net.build((2,)).set_parameters(plain.parameters)
    assert syn0.check_gradients(net, X, y) < 1e-4
    for name, value in net.gradients(X, y).items():
        np.testing.assert_allclose(value, plain.gradients(X, y)[name], rtol=1e-4, atol=1e-6)


@pytest.mark.parametrize("of", ["output", "input"])
def test_check_gradients_names_a_wrong_derivative(of: str) -> None:
    wrong = syn0.Activation(
        sigmoid, derivative=lambda y: y * (1 - y) * 1.1 + 0.01, derivative_of=of
    )
    layers = Dense(3, name="first"), Dense(3, activation=wrong, name="second"), Dense(1)
    net = syn0.Sequential(*layers, random_state=0)
    with pytest.raises(
        GradientError, match=r"(?s)\d\.\d.*layer 'second' or one after it"
    ) as caught:
        syn0.check_gradients(net, numbers(6, 2), numbers(6))
    assert "mend" in str(caught.value)


def test_methods_of_other_libraries_are_answered() -> None:
    net = small()
    with pytest.raises(AttributeError, match="NetworkClassifier"):
        net.predict_proba(numbers(2, 3))
    with pytest.raises(AttributeError, match="nothing is compiled by hand"):
        net.compile()
    with pytest.raises(AttributeError):
        net._nothing  # noqa: B018


def through_bytes(net: Any) -> Any:
    return pickle.loads(pickle.dumps(net))  # noqa: S301 (our own bytes)


@pytest.mark.parametrize("how", [copy.copy, copy.deepcopy, through_bytes])
def test_a_copy_has_numbers_of_its_own_and_continues_alike(how: Any) -> None:
    inner = syn0.Sequential(Dense(2, name="a"), name="inner").build((3,))
    net = syn0.Sequential(inner, syn0.Dropout(0.1), syn0.Residual(Dense(2)), Dense(1))
    X, y = numbers(8, 3), numbers(8)
    net.fit(X, y, epochs=2, batch_size=4, verbose=0, loss="huber")
    other = how(net)
    before = net.parameters
    other.fit(X, y, epochs=2, batch_size=4, verbose=0)
    for name, value in net.parameters.items():
        np.testing.assert_array_equal(value, before[name])
    net.fit(X, y, epochs=2, batch_size=4, verbose=0)
    for name, value in net.parameters.items():
        np.testing.assert_array_equal(value, other.parameters[name])
    assert net.history["loss"] == other.history["loss"]
    assert net.reset().code() == other.reset().code()


def test_a_loss_of_the_network_survives_a_copy() -> None:
    x = syn0.Input((3,))
    out = Dense(1)(x)
    cost = syn0.Activation(lambda v: syn0.ops.mean(v * v))(out)
    net = syn0.Model(x, out, random_state=0)
    net.fit(numbers(4, 3), loss=cost, epochs=1, verbose=0)
    copy.deepcopy(net).fit(numbers(4, 3), epochs=1, verbose=0)


def test_repr_names_the_layers() -> None:
    assert repr(small()) == "<Sequential: hidden, output>"
    assert repr(small(name="mine")) == "<Sequential 'mine': hidden, output>"


# ----- running ------------------------------------------------------------


def test_the_programs_last_used_stay_compiled() -> None:
    net = small().build((3,))
    first = net.executable("predict")
    for _ in range(40):
        net.fit(numbers(4, 3), numbers(4), loss=lambda y, p: (y - p) ** 2, epochs=1, verbose=0)
        assert net.executable("predict") is first
    assert len(net._family) == KEPT


def test_a_value_of_the_whole_set_is_computed_on_the_whole_set(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr("syn0.stateful.CHUNK", 4)
    X = numbers(10, 3)
    for function, wanted in ((lambda x: x.mean(), ()), (lambda x: x.mean(axis=0), (3,))):
        net = syn0.Sequential(syn0.Activation(function), dtype="float64").build((3,))
        found = net.predict(X)
        assert found.shape == wanted
        np.testing.assert_allclose(found, X.mean(axis=0 if wanted else None), rtol=1e-12)
    net = small(dtype="float64").build((3,))
    rows = net.predict(X)
    monkeypatch.undo()
    np.testing.assert_allclose(net.predict(X), rows, rtol=1e-12)


def test_a_build_that_fails_leaves_the_network_unbuilt() -> None:
    def wrong(rng: np.random.Generator, shape: tuple[int, ...], dtype: str) -> np.ndarray:
        return np.zeros(2)

    net = syn0.Sequential(syn0.Dense(3, initializer=wrong))
    with pytest.raises(ShapeError, match="initializer"):
        net.build((4,))
    assert not net.built
