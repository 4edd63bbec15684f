"""Wiring: names, shapes, shared layers, networks inside networks, several ends."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np
import pytest

import syn0
from syn0 import ops
from syn0.errors import (
    ArgumentError,
    DataError,
    DTypeError,
    GraphError,
    NotBuiltError,
    ShapeError,
    UnknownNameError,
)
from syn0.networks import Network

Dense = syn0.Dense


def numbers(*shape: int, seed: int = 0) -> np.ndarray:
    return np.random.default_rng(seed).normal(size=shape).astype("float32")


# ----- names --------------------------------------------------------------


def test_unnamed_layers_are_counted_by_kind_in_each_network() -> None:
    nets = [syn0.Sequential(Dense(2), syn0.Dropout(0.1), Dense(1)) for _ in range(2)]
    for net in nets:
        assert list(net.layers) == ["dense_1", "dropout_1", "dense_2"]


def test_a_count_steps_over_a_name_that_is_given() -> None:
    net = syn0.Sequential(Dense(2), Dense(2, name="dense_2"), Dense(1))
    assert list(net.layers) == ["dense_1", "dense_2", "dense_3"]


def test_a_list_of_layers_is_accepted_too() -> None:
    assert list(syn0.Sequential([Dense(2), Dense(1)]).layers) == ["dense_1", "dense_2"]


def test_a_layer_is_found_by_its_name() -> None:
    hidden = Dense(2, name="hidden")
    net = syn0.Sequential(hidden, Dense(1))
    assert net["hidden"] is hidden
    with pytest.raises(UnknownNameError, match="did you mean 'hidden'"):
        net["hiden"]


@pytest.mark.parametrize("name", ["two words", "class", "1st", "np", "a-b"])
def test_a_name_that_python_cannot_write_is_refused(name: str) -> None:
    with pytest.raises(ArgumentError, match="cannot be the name of a layer"):
        syn0.Sequential(Dense(1, name=name))


def test_two_layers_cannot_share_a_name() -> None:
    with pytest.raises(ArgumentError, match="two layers have the name 'a'"):
        syn0.Sequential(Dense(2, name="a"), Dense(1, name="a"))


def test_two_parameters_cannot_share_a_name() -> None:
    inner = syn0.Sequential(Dense(2, name="a"), name="b")
    with pytest.raises(ArgumentError, match=r"layers 'b' and 'a_b' would both call .* 'W_a_b'"):
        syn0.Sequential(inner, Dense(2, name="a_b")).build((2,))


def test_two_outputs_cannot_share_a_name() -> None:
    x, layer = syn0.Input((2,)), Dense(2)
    with pytest.raises(ArgumentError, match=r"two outputs share the name 'dense_1'"):
        syn0.Model(x, [layer(x), layer(layer(x))])


def test_two_inputs_cannot_share_a_name() -> None:
    a, b = syn0.Input((2,), name="a"), syn0.Input((2,), name="a")
    with pytest.raises(ArgumentError, match="two inputs have the name 'a'"):
        syn0.Model([a, b], syn0.Add()(a, b))


@pytest.mark.parametrize("name", ["y", "sample_weight", "learning_rate"])
def test_an_input_cannot_take_a_name_of_training(name: str) -> None:
    x = syn0.Input((2,), name=name)
    with pytest.raises(ArgumentError, match="training uses that name"):
        syn0.Model(x, Dense(1)(x))


def test_a_network_computes_in_floats_of_two_widths() -> None:
    with pytest.raises(ArgumentError, match="float16"):
        syn0.Sequential(Dense(1), dtype="float16")


# ----- what is no layer ---------------------------------------------------


@pytest.mark.parametrize(
    ("given", "mend"),
    [
        (Dense, r"write Dense\(\.\.\.\)"),
        ("relu", r"syn0\.Activation\('relu'\)"),
        (np.tanh, "wrap a function"),
        (3, "is not a layer"),
    ],
)
def test_what_is_no_layer_is_answered_with_the_layer(given: Any, mend: str) -> None:
    with pytest.raises(ArgumentError, match=mend):
        syn0.Sequential(given, Dense(1))


def test_a_network_needs_layers() -> None:
    with pytest.raises(ArgumentError, match="Sequential got no layers"):
        syn0.Sequential()


def test_layers_are_called_on_layers_not_on_arrays() -> None:
    with pytest.raises(GraphError, match="cannot be called on ndarray"):
        Dense(1)(np.ones((2, 2)))


# ----- wiring -------------------------------------------------------------


def test_merging_layers_take_their_inputs_either_way() -> None:
    a, b = syn0.Input((2,), name="a"), syn0.Input((2,), name="b")
    X = numbers(4, 2), numbers(4, 2, seed=1)
    one = syn0.Model([a, b], syn0.Add()(a, b)).predict(X)
    other = syn0.Model([a, b], syn0.Add()([a, b])).predict(X)
    np.testing.assert_array_equal(one, other)


def test_an_input_that_is_missing_or_unused_is_named() -> None:
    a, b = syn0.Input((2,), name="a"), syn0.Input((2,), name="b")
    with pytest.raises(ArgumentError, match="not among the inputs"):
        syn0.Model(a, syn0.Add()(a, b))
    with pytest.raises(ArgumentError, match="do not depend on"):
        syn0.Model([a, b], Dense(1)(a))


def test_a_deep_network_is_wired_without_recursion() -> None:
    x = syn0.Input((1,))
    node = x
    for _ in range(1500):
        node = syn0.Activation("tanh")(node)
    assert len(syn0.Model(x, node).layers) == 1500


def test_inputs_come_as_a_tuple_or_by_name() -> None:
    a, b = syn0.Input((2,), name="left"), syn0.Input((3,), name="right")
    net = syn0.Model([a, b], Dense(1)(syn0.Concatenate()(a, b)), random_state=0)
    one, two = numbers(5, 2), numbers(5, 3)
    expected = net.predict((one, two))
    np.testing.assert_array_equal(net.predict({"right": two, "left": one}), expected)
    np.testing.assert_array_equal(net.predict_one({"left": one[0], "right": two[0]}), expected[0])
    np.testing.assert_array_equal(net.predict_one((one[0], two[0])), expected[0])
    with pytest.raises(DataError, match="2 inputs, X is one array"):
        net.predict(one)
    with pytest.raises(UnknownNameError, match="did you mean 'right'"):
        net.predict({"left": one, "rigth": two})
    with pytest.raises(DataError, match="left has 5 and right has 4"):
        net.predict((one, two[:4]))
    with pytest.raises(ArgumentError, match="X has 3 items"):
        net.predict((one, two, two))


def test_a_mapping_names_inputs() -> None:
    a, b = syn0.Input((1,)), syn0.Input((1,))
    net = syn0.Model({"left": a, "right": b}, syn0.Add()(a, b))
    assert net.input_names == ("left", "right")
    np.testing.assert_allclose(net.predict({"left": [[1.0]], "right": [[2.0]]}), [[3.0]])


def test_several_outputs_come_back_by_name() -> None:
    x = syn0.Input((2,))
    h = Dense(3, name="hidden")(x)
    net = syn0.Model(x, {"a": Dense(1)(h), "b": Dense(2)(h)}, random_state=0)
    found = net.predict(numbers(4, 2))
    assert {name: v.shape for name, v in found.items()} == {"a": (4, 1), "b": (4, 2)}
    assert {name: v.shape for name, v in net.predict_one(numbers(2)).items()} == {
        "a": (1,),
        "b": (2,),
    }
    assert net.build().output_shape == ((1,), (2,))


def test_a_layer_used_twice_shares_its_parameters() -> None:
    a, b = syn0.Input((2,), name="a"), syn0.Input((2,), name="b")
    shared = Dense(3, name="shared")
    net = syn0.Model([a, b], syn0.Add()(shared(a), shared(b)), random_state=0)
    assert list(net.parameters) == ["W_shared", "b_shared"]
    X = numbers(6, 2), numbers(6, 2, seed=1)
    W = net.parameters["W_shared"]
    np.testing.assert_allclose(net.predict(X), (X[0] + X[1]) @ W, rtol=1e-5, atol=1e-6)
    both = net.gradients(X, np.zeros((6, 3)))["W_shared"]
    np.testing.assert_allclose(
        both, (X[0] + X[1]).T @ ((X[0] + X[1]) @ W) * 2 / 18, rtol=1e-4, atol=1e-5
    )


def test_a_layer_used_twice_on_two_shapes_is_refused() -> None:
    x, layer = syn0.Input((2,)), Dense(3, name="shared")
    with pytest.raises(ShapeError, match="shares its parameters"):
        syn0.Model(x, layer(layer(x)))


def test_equal_layers_are_two_layers() -> None:
    assert Dense(2) == Dense(2)
    net = syn0.Sequential(Dense(2), Dense(2)).build((2,))
    assert len(net.parameters) == 4


# ----- shapes -------------------------------------------------------------


def test_shapes_come_from_rules_without_running_anything() -> None:
    net = syn0.Sequential(Dense(8), syn0.Reshape((2, 4)), syn0.Flatten(), Dense(3))
    assert net.build((5,)).output_shape == (3,)
    assert net.input_shape == (5,)


def test_an_unbuilt_network_says_how_to_build_it() -> None:
    net = syn0.Sequential(Dense(1))
    with pytest.raises(NotBuiltError, match=r"net\.build\(shape\)"):
        net.parameters  # noqa: B018
    with pytest.raises(ShapeError, match=r"net\.build\(\(features,\)\)"):
        net.build()
    with pytest.raises(ShapeError, match=r"write \(3,\)"):
        net.build(3)
    with pytest.raises(ShapeError, match="2 shapes were given"):
        net.build([(2,), (3,)])
    assert net.build({"x": (3,)}).input_shape == (3,)


def test_a_shape_other_than_that_of_input_is_refused() -> None:
    net = syn0.Sequential(syn0.Input((3,)), Dense(1))
    with pytest.raises(ShapeError, match="differs from that of Input"):
        net.build((4,))


def test_a_trained_network_keeps_its_shape() -> None:
    net = syn0.Sequential(Dense(1), random_state=0)
    net.fit(numbers(4, 2), numbers(4), epochs=1, verbose=0)
    with pytest.raises(ShapeError, match="trained on inputs of"):
        net.build((3,))
    assert net.build((2,)) is net


def test_time_may_have_any_length() -> None:
    net = syn0.Sequential(syn0.Input((None, 3)), Dense(4, activation="tanh"), random_state=0)
    net.fit(numbers(6, 5, 3), np.zeros((6, 5, 4)), epochs=2, verbose=0)
    assert net.predict(numbers(2, 7, 3)).shape == (2, 7, 4)
    assert net.predict(numbers(2, 1, 3)).shape == (2, 1, 4)
    built = syn0.Sequential(Dense(4), random_state=0).build((None, 3))
    assert built.predict(numbers(2, 9, 3)).shape == (2, 9, 4)
    assert not any("time" in str(v.shape) for v in net.parameters.values())


def test_images_without_a_channel_have_one() -> None:
    net = syn0.Sequential(syn0.Input((4, 4, 1)), syn0.Flatten(), Dense(2), random_state=0)
    X = numbers(3, 4, 4)
    np.testing.assert_array_equal(net.predict(X), net.predict(X[..., None]))
    with pytest.raises(ShapeError, match=r"X\.transpose\(0, 2, 3, 1\)"):
        net.predict(X[:, None])
    with pytest.raises(ShapeError, match=r"expected: +\(samples, 4, 4, 1\)"):
        net.predict(X.reshape(3, 16))


def test_a_transposed_sequence_is_answered_with_the_transpose() -> None:
    net = syn0.Sequential(syn0.Input((5, 3)), Dense(2))
    with pytest.raises(ShapeError, match=r"X\.transpose\(0, 2, 1\)"):
        net.predict(numbers(2, 3, 5))


# ----- whole numbers ------------------------------------------------------


@pytest.mark.parametrize("inside", [False, True])
def test_an_embedding_takes_whole_numbers_of_its_vocabulary(inside: bool) -> None:
    layers: list[Any] = [syn0.Embedding(5, 2, name="e"), syn0.Flatten()]
    net = syn0.Sequential(syn0.Sequential(*layers) if inside else layers, random_state=0)
    words = np.array([[0, 4, 2], [1, 1, 1]])
    assert net.predict(words).shape == (2, 6)
    np.testing.assert_array_equal(net.predict(words), net.predict(words.astype(float)))
    with pytest.raises(DataError, match=r"(?s)X holds 0 to 5.*Embedding\(vocabulary=6"):
        net.predict(words + np.array([0, 1, 0]))
    with pytest.raises(DTypeError, match="not whole"):
        net.predict(words + 0.5)
    net.fit(words, numbers(2, 6), epochs=1, verbose=0)
    assert syn0.check_gradients(net, words, numbers(2, 6)) < 1e-4


def test_an_input_may_ask_for_its_own_dtype() -> None:
    net = syn0.Sequential(syn0.Input((3,), dtype="uint8"), syn0.Rescaling(1 / 255), Dense(1))
    assert "uint8" in net.code()
    assert net.predict(np.array([[0, 128, 255]], "uint8")).dtype == "float32"


# ----- networks inside networks -------------------------------------------


def test_a_network_is_a_layer_with_its_trained_numbers() -> None:
    inner = syn0.Sequential(Dense(4, activation="tanh", name="a"), Dense(2), name="inner")
    X = numbers(8, 3)
    inner.fit(X, numbers(8, 2, seed=1), epochs=2, verbose=0)
    before = inner.parameters
    outer = syn0.Sequential(inner, Dense(1, name="top"), random_state=1).build((3,))
    assert list(outer.parameters) == [
        "W_a_inner", "b_a_inner", "W_dense_1_inner", "b_dense_1_inner", "W_top", "b_top",
    ]  # fmt: skip
    np.testing.assert_array_equal(outer.activations(X)["inner"], inner.predict(X))
    outer.fit(X, numbers(8), epochs=2, verbose=0)
    assert not np.array_equal(outer.parameters["W_a_inner"], before["W_a"])
    for name, value in inner.parameters.items():
        np.testing.assert_array_equal(value, before[name])  # each has its own from then on


def test_the_network_inside_stays_as_it_is() -> None:
    inner = syn0.Sequential(Dense(2), name="inner")
    syn0.Sequential(inner, Dense(1)).build((3,))
    assert not inner.built
    assert inner.build((5,)).parameters["W_dense_1"].shape == (5, 2)


def test_a_trained_network_inside_refuses_another_shape() -> None:
    inner = syn0.Sequential(Dense(2), name="inner").build((3,))
    with pytest.raises(ShapeError, match=r"W_dense_1 of the network inside"):
        syn0.Sequential(inner, Dense(1)).build((4,))


def test_a_network_inside_keeps_its_penalties_and_frozen_layers() -> None:
    inner = syn0.Sequential(
        Dense(2, kernel_penalty=syn0.L2(10.0), name="a"), Dense(2, name="b"), name="inner"
    )
    inner.build((3,)).freeze("b")
    outer = syn0.Sequential(inner, Dense(1, name="top"), random_state=0).build((3,))
    W = outer.parameters["W_a_inner"]
    X, y = numbers(4, 3), numbers(4)
    plain = np.mean((outer.predict(X)[:, 0] - y) ** 2)
    assert outer.evaluate(X, y)["loss"] == pytest.approx(plain + 10 * np.sum(W**2), rel=1e-4)
    assert outer.trainable() == ["W_a_inner", "b_a_inner", "W_top", "b_top"]
    inner.unfreeze("b")
    assert "W_b_inner" in outer.trainable()
    outer.freeze("inner")
    assert outer.trainable() == ["W_top", "b_top"]


def test_a_network_used_twice_shares_its_numbers() -> None:
    a, b = syn0.Input((2,), name="a"), syn0.Input((2,), name="b")
    tower = syn0.Sequential(Dense(3, name="d"), name="tower")
    net = syn0.Model([a, b], syn0.Add()(tower(a), tower(b)), random_state=0)
    assert list(net.parameters) == ["W_d_tower", "b_d_tower"]


def test_networks_inside_networks_inside_networks() -> None:
    inner = syn0.Sequential(Dense(2, name="d"), syn0.Dropout(0.5), name="inner").build((3,))
    middle = syn0.Sequential(inner, syn0.BatchNormalization(name="norm"), name="middle")
    outer = syn0.Sequential(middle, Dense(1), random_state=0)
    outer.fit(numbers(8, 3), numbers(8), epochs=2, verbose=0)
    assert "W_d_inner_middle" in outer.parameters
    assert np.any(outer.parameters["mean_norm_middle"] != 0)


def test_what_stands_inside_is_shown_by_its_repr() -> None:
    inner = syn0.Sequential(Dense(1), name="inner")
    assert repr(syn0.Sequential(inner, Dense(1))["inner"]) == repr(inner)


def test_a_network_with_several_outputs_is_no_layer() -> None:
    x = syn0.Input((2,))
    inner = syn0.Model(x, [Dense(1)(x), Dense(1)(x)])
    with pytest.raises(ArgumentError, match="several outputs"):
        syn0.Sequential(inner, Dense(1)).build((2,))


def test_a_network_with_several_inputs_is_a_layer() -> None:
    a, b = syn0.Input((2,), name="a"), syn0.Input((3,), name="b")
    inner = syn0.Model([a, b], Dense(1)(syn0.Concatenate()(a, b)), name="inner")
    c, d = syn0.Input((2,), name="c"), syn0.Input((3,), name="d")
    net = syn0.Model([c, d], inner(c, d), random_state=0)
    assert net.predict((numbers(4, 2), numbers(4, 3))).shape == (4, 1)


def test_residual_adds_its_input() -> None:
    net = syn0.Sequential(syn0.Residual(Dense(3, name="f"), name="block"), random_state=0)
    X = numbers(4, 3)
    p = net.build((3,)).parameters
    np.testing.assert_allclose(
        net.predict(X), X + X @ p["W_f_block"] + p["b_f_block"], rtol=1e-5, atol=1e-6
    )
    assert repr(net["block"]).startswith("Residual(Dense(")
    assert list(syn0.Sequential(syn0.Residual([Dense(3)])).layers) == ["residual_1"]
    with pytest.raises(ShapeError, match=r"(?s)keep the shape|layer 'residual_1'"):
        syn0.Sequential(syn0.Residual(Dense(2))).build((3,))
    x = syn0.Input((3,))
    assert syn0.Model(x, syn0.Residual(Dense(3))(x)).output_shape == (3,)


# ----- own layers ---------------------------------------------------------


@dataclass(frozen=True)
class Scale(syn0.Layer):
    start: float = 1.0

    def parameters(self, shape: Any) -> Any:
        return {"gain": (shape[-1:], syn0.initializers.Constant(self.start))}

    def forward(self, p: Any, x: Any, *, training: bool) -> Any:
        return x * p["gain"]


@dataclass(frozen=True)
class Centre(syn0.Layer):
    """Takes away a running mean."""

    def state(self, shape: Any) -> Any:
        return {"mean": (shape[-1:], syn0.initializers.Zeros())}

    def hyperparameters(self) -> Any:
        return {"keep": 0.5}

    def forward(self, p: Any, x: Any, *, training: bool) -> Any:
        if not training:
            return x - p["mean"]
        now = ops.mean(x, axis=0)
        return x - now, {"mean": p["keep"] * p["mean"] + (1 - p["keep"]) * now}


def test_an_own_layer_has_parameters_by_name_and_a_gradient() -> None:
    net = syn0.Sequential(Scale(2.0, name="scale"), Dense(1), random_state=0)
    X, y = numbers(5, 3), numbers(5)
    np.testing.assert_array_equal(net.build((3,)).parameters["gain_scale"], [2, 2, 2])
    assert syn0.check_gradients(net, X, y) < 1e-4
    assert list(syn0.Sequential(Scale(), Scale()).layers) == ["scale_1", "scale_2"]
    assert "gain_scale * x" in net.code() or "x * gain_scale" in net.code()


def test_an_own_layer_keeps_running_statistics() -> None:
    net = syn0.Sequential(Centre(name="centre"), Dense(1), random_state=0)
    X, y = numbers(20, 2) + 3, numbers(20)
    net.fit(X, y, epochs=2, batch_size=None, verbose=0)
    expected = 0.75 * X.mean(axis=0)  # two steps that keep a half
    np.testing.assert_allclose(net.parameters["mean_centre"], expected, rtol=1e-5)
    before = net.parameters["mean_centre"]
    net.freeze("centre").fit(X, y, epochs=1, verbose=0)
    np.testing.assert_array_equal(net.parameters["mean_centre"], before)


@dataclass(frozen=True)
class Wrong(syn0.Layer):
    how: str = ""

    def parameters(self, shape: Any) -> Any:
        return {"w": ((syn0.graph.batch,), syn0.initializers.Zeros())} if self.how == "b" else {}

    def forward(self, p: Any, x: Any, *, training: bool) -> Any:
        if self.how == "entry":
            return x * p["gain"]
        if self.how == "list":
            return [x]
        return (x, {}, {}) if self.how == "three" else x @ ops.concat([x, x], axis=0)


@pytest.mark.parametrize(
    ("how", "text"),
    [
        ("entry", "layer 'wrong_1' declares no parameter 'gain'"),
        ("list", "layer 'wrong_1' returned list"),
        ("three", "layer 'wrong_1' returned 3 things"),
        ("b", "layer 'wrong_1'"),
        ("shape", "wrong_1"),
    ],
)
def test_errors_in_an_own_layer_name_it(how: str, text: str) -> None:
    with pytest.raises((ArgumentError, UnknownNameError, ShapeError), match=text):
        syn0.Sequential(Wrong(how)).build((3,))


def test_a_layer_without_forward_says_so() -> None:
    class Empty(syn0.Layer):
        pass

    with pytest.raises(NotImplementedError, match="Empty defines no forward"):
        syn0.Sequential(Empty()).build((3,))


def test_a_definition_has_no_numbers() -> None:
    x = syn0.Input((2,))
    definition = Network(x, Dense(1, name="a")(x))
    assert definition.held("W_a") is None
    definition.lay_out([(2,)])
    assert [e.name for e in definition.entries()] == ["W_a", "b_a"]
    assert definition.layer_of("b_a") == "a"
    assert definition.layer_of("b_c") is None
