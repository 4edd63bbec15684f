"""What `fit` learns from: losses, targets, weights, validation, and what it tells."""

from __future__ import annotations

import itertools
import time
from typing import Any

import numpy as np
import pytest
from nets import CLASSES, Dense, X, Y, first_line, numbers, same_parameters, small

import syn0
from syn0 import losses, ops
from syn0.errors import (
    ArgumentError,
    DataError,
    DTypeError,
    ShapeError,
    UnknownNameError,
)

# ----- losses -------------------------------------------------------------


def own_sigmoid(x: Any) -> Any:
    return 1 / (1 + ops.exp(-x))


def sigmoid(x: Any) -> Any:
    return 1 / (1 + np.exp(-x))


WITH_DERIVATIVE = syn0.Activation("sigmoid", derivative=lambda y: y * (1 - y))


@pytest.mark.sampled(3)
@pytest.mark.parametrize(
    ("units", "activation", "y", "loss"),
    [
        (3, "softmax", CLASSES, "cross_entropy"),
        (1, "sigmoid", CLASSES % 2, "binary_cross_entropy"),
        (1, None, Y, "mean_squared_error"),
        (1, "tanh", Y, "mean_squared_error"),
        (1, WITH_DERIVATIVE, CLASSES % 2, "binary_cross_entropy"),
        (1, sigmoid, CLASSES % 2, "binary_cross_entropy"),
        (1, own_sigmoid, CLASSES % 2, "mean_squared_error"),
    ],
)
def test_the_default_loss_goes_by_the_last_activation(
    units: int, activation: Any, y: Any, loss: str, capsys: pytest.CaptureFixture[str]
) -> None:
    net = small(units, activation)
    line = first_line(capsys, net, X, y)
    assert line.startswith(f"loss {loss} · optimizer Adam(learning_rate=0.001)")
    classes = loss != "mean_squared_error"
    assert list(net.history) == (["loss", "accuracy"] if classes else ["loss"])


def test_an_activation_layer_at_the_end_counts_too() -> None:
    net = syn0.Sequential(Dense(3), syn0.Activation("softmax"), random_state=0)
    assert "accuracy" in net.fit(X, CLASSES, epochs=1, verbose=0)


def test_a_hand_written_sigmoid_learns_like_the_named_one() -> None:
    one, other = small(1, "sigmoid"), small(1, sigmoid)
    for net in (one, other):
        net.fit(X, CLASSES % 2, epochs=5, verbose=0)
    np.testing.assert_allclose(one.history["loss"], other.history["loss"], rtol=1e-9)


def test_a_loss_of_ones_own_takes_targets_and_predictions() -> None:
    def quartic(y_true: Any, y_pred: Any) -> Any:
        assert y_true.shape == y_pred.shape
        return (y_true - y_pred) ** 4

    net = small()
    net.fit(X, Y, loss=quartic, epochs=1, verbose=0)
    expected = np.mean((Y - net.predict(X)[:, 0]) ** 4)
    assert net.evaluate(X, Y)["loss"] == pytest.approx(expected)


def test_a_metric_of_ones_own_gets_what_a_loss_gets() -> None:
    def off(y_true: Any, y_pred: Any) -> Any:
        return ops.abs(y_true - y_pred)

    net = small(3, "softmax")
    net.fit(X, CLASSES, metrics=[off, "accuracy"], epochs=1, verbose=0)
    assert list(net.history) == ["loss", "off", "accuracy"]
    expected = np.abs(np.eye(3)[CLASSES] - net.predict(X)).mean()
    assert net.evaluate(X, CLASSES)["off"] == pytest.approx(expected)


def test_a_penalty_of_ones_own_joins_the_loss() -> None:
    layer = Dense(1, kernel_penalty=lambda W: 3 * ops.sum(ops.abs(W)), name="output")
    net = syn0.Sequential(layer, random_state=0).build((3,))
    plain = np.mean((net.predict(X)[:, 0] - Y) ** 2)
    expected = plain + 3 * np.abs(net.parameters["W_output"]).sum()
    assert net.evaluate(X, Y)["loss"] == pytest.approx(expected, rel=1e-5)


@pytest.mark.parametrize(
    ("loss", "error", "text"),
    [
        (lambda y, p: 3.0, ArgumentError, "returned float"),
        (lambda y, p: ops.mean(y - p, axis=0), ShapeError, "one value a sample or element"),
        ("mse", UnknownNameError, "mean_squared_error"),
        (3, ArgumentError, "is not a loss"),
        (losses.Huber, ArgumentError, r"write Huber\(\)"),
    ],
)
def test_what_is_no_loss_is_refused(loss: Any, error: Any, text: str) -> None:
    with pytest.raises(error, match=text):
        small().fit(X, Y, loss=loss, verbose=0)


@pytest.mark.parametrize("activation", ["softmax", None])
def test_cross_entropy_of_one_unit_is_refused(activation: str | None) -> None:
    net = small(1, activation)
    with pytest.raises(ArgumentError, match=r"(?s)always 1.*binary_cross_entropy"):
        net.fit(X, CLASSES % 2, loss="cross_entropy", verbose=0)


def test_a_loss_that_averages_over_samples_cannot_be_weighted() -> None:
    def averaged(y: Any, p: Any) -> Any:
        return ops.mean((y - p) ** 2)

    net = small()
    net.fit(X, Y, loss=averaged, epochs=1, verbose=0)
    with pytest.raises(ShapeError, match="loss averaged has the shape"):
        net.fit(X, Y, sample_weight=np.arange(30.0), epochs=1, verbose=0)


def test_a_number_that_the_network_computes_is_a_loss_without_y() -> None:
    class Half(syn0.Layer):
        def forward(self, p: Any, x: Any, *, training: bool) -> Any:
            return ops.mean(x[0] * x[0]) + ops.mean(x[1] - x[1])

    x = syn0.Input((3,))
    out = Dense(2, name="output")(x)
    cost = Half()(out, x)
    net = syn0.Model(x, out, random_state=0, dtype="float64")
    history = net.fit(X, loss=cost, epochs=30, verbose=0, optimizer=syn0.Adam(0.1))
    assert history["loss"][-1] < history["loss"][0] / 10
    assert net.evaluate(X)["loss"] == pytest.approx(np.mean(net.predict(X) ** 2))
    with pytest.raises(ArgumentError, match="y is given"):
        net.fit(X, Y, loss=cost, verbose=0)
    with pytest.raises(ArgumentError, match="needs y"):
        net.fit(X, loss=cost, metrics="accuracy", verbose=0)
    with pytest.raises(ShapeError, match=r"expected: +a single number"):
        net.fit(X, loss=out, verbose=0)
    holder = Dense(1)(out)
    with pytest.raises(ArgumentError, match="holds numbers of its own"):
        net.fit(X, loss=holder, verbose=0)


def test_a_loss_of_ones_own_gets_classes_as_one_hot_rows() -> None:
    def wrong(y_true: Any, y_pred: Any) -> Any:
        return ops.sum(y_true * (1 - y_pred), axis=-1)

    net = small(3, "softmax")
    net.fit(X, CLASSES, loss=wrong, epochs=1, verbose=0)
    expected = np.mean(1 - net.predict(X)[np.arange(30), CLASSES])
    assert net.evaluate(X, CLASSES)["loss"] == pytest.approx(expected)


def test_a_sequence_has_a_class_at_each_time() -> None:
    sequences, y = numbers(8, 5, 3), np.arange(40).reshape(8, 5) % 4
    net = syn0.Sequential(syn0.Input((None, 3)), Dense(4, activation="softmax"), random_state=0)
    history = net.fit(sequences, y, validation_data=0.25, epochs=2, verbose=0)
    assert "val_accuracy" in history
    p = net.predict(sequences)
    expected = -np.log(np.take_along_axis(p, y[..., None], axis=-1)).mean()
    assert net.evaluate(sequences, y)["loss"] == pytest.approx(expected, rel=1e-5)
    with pytest.raises(ArgumentError, match="class_weight needs classes"):
        net.fit(sequences, y, class_weight="balanced", verbose=0)


def test_soft_targets_are_probabilities() -> None:
    y = np.full((30, 3), 1 / 3)
    net = small(3, "softmax")
    net.fit(X, y, validation_data=0.2, epochs=1, verbose=0)
    expected = -np.log(net.predict(X)).mean()
    assert net.evaluate(X, y)["loss"] == pytest.approx(expected)


def test_reduction_sum_adds_elements_and_samples() -> None:
    net = small(2).build((3,))
    y, weight = numbers(30, 2), np.arange(30.0)
    squares = (y - net.predict(X)) ** 2
    net.fit(X, y, loss=losses.MeanSquaredError(reduction="sum"), epochs=1, verbose=0, batch_size=7,
            optimizer=syn0.SGD(1e-12))  # fmt: skip
    assert net.history["loss"][0] == pytest.approx(squares.sum(), rel=1e-6)
    assert net.evaluate(X, y)["loss"] == pytest.approx(squares.sum(), rel=1e-6)
    weighted = (squares.sum(axis=1) * weight).sum()
    assert net.evaluate(X, y, sample_weight=weight)["loss"] == pytest.approx(weighted, rel=1e-6)


# ----- targets ------------------------------------------------------------


def test_classes_are_numbers_or_one_hot() -> None:
    one, other = small(3, "softmax"), small(3, "softmax")
    one.fit(X, CLASSES, epochs=3, verbose=0)
    other.fit(X, np.eye(3)[CLASSES], epochs=3, verbose=0)
    same_parameters(one, other)


def test_validation_may_come_in_the_other_form() -> None:
    net = small(3, "softmax")
    history = net.fit(X, CLASSES, validation_data=(X, np.eye(3)[CLASSES]), epochs=2, verbose=0)
    same = net.evaluate(X, CLASSES)
    assert history["val_loss"][-1] == pytest.approx(same["loss"])
    assert history["val_accuracy"][-1] == same["accuracy"]


def test_one_unit_takes_flat_targets_and_nothing_is_broadcast() -> None:
    one, other = small(), small()
    one.fit(X, Y, epochs=2, verbose=0)
    other.fit(X, Y[:, None], epochs=2, verbose=0)
    same_parameters(one, other)
    for wrong in (Y[None], np.ones((30, 2)), Y[:1]):
        with pytest.raises((ShapeError, DataError)):
            one.fit(X, wrong, verbose=0)
    with pytest.raises(ShapeError, match="targets are never broadcast"):
        small(2).fit(X, Y, verbose=0)


def test_rows_of_several_yes_or_no_are_targets_after_sigmoids() -> None:
    y = (numbers(30, 3) > 0).astype(int)
    net = small(3, "sigmoid")
    net.fit(X, y, epochs=2, verbose=0)
    p = net.predict(X)
    expected = -np.mean(y * np.log(p) + (1 - y) * np.log(1 - p))
    assert net.evaluate(X, y)["loss"] == pytest.approx(expected)
    with pytest.raises(ArgumentError, match="class_weight needs classes"):
        net.fit(X, y, class_weight="balanced", verbose=0)


@pytest.mark.parametrize(
    ("units", "activation", "y", "error", "text"),
    [
        (3, "softmax", ["a", "b", "c"] * 10, DTypeError, r"np\.unique\(y, return_inverse=True\)"),
        (3, "softmax", np.arange(30) % 10, DataError, "y has 10 classes.*last layer 3 units"),
        (3, "softmax", np.ones((30, 3)), DataError, "rows of y are not probabilities"),
        (3, "softmax", Y, DTypeError, "not whole"),
        (3, "softmax", None, DataError, "y is None"),
        (1, "sigmoid", CLASSES, DataError, "0 or 1"),
        (1, None, Y[:20], DataError, "x has 30 and y has 20"),
        (1, None, 3.0, ShapeError, "single number"),
        (1, None, np.where(Y > 2, np.nan, Y), DataError, "y holds nan"),
    ],
)
def test_targets_that_do_not_fit_are_refused(
    units: int, activation: Any, y: Any, error: Any, text: str
) -> None:
    y = np.append(Y[:-1], np.nan) if text == "y holds nan" else y
    with pytest.raises(error, match=text):
        small(units, activation).fit(X, y, verbose=0)


def test_after_a_linear_layer_cross_entropy_takes_logits(
    capsys: pytest.CaptureFixture[str],
) -> None:
    logits, probabilities = small(3), small(3, "softmax")
    for net in (logits, probabilities):
        net.fit(X, CLASSES, loss="cross_entropy", epochs=3, verbose=0)
    same_parameters(logits, probabilities, rtol=1e-9)
    z = logits.predict(X)
    np.testing.assert_allclose(
        np.exp(z) / np.exp(z).sum(axis=1, keepdims=True), probabilities.predict(X), rtol=1e-8
    )
    assert logits.history["accuracy"] == probabilities.history["accuracy"]
    logits.summary()
    assert "predict returns logits" in capsys.readouterr().out
    probabilities.summary()
    assert "logits" not in capsys.readouterr().out


# ----- weights ------------------------------------------------------------


@pytest.mark.parametrize("loss", ["mean_squared_error", losses.HalfSquaredError(reduction="sum")])
def test_weight_2_is_a_row_twice_and_weight_0_a_row_absent(loss: Any) -> None:
    weight = np.array([0, 1, 2] * 10)
    rows = np.repeat(np.arange(30), weight)
    weighted, repeated = small(), small()
    options: dict[str, Any] = {"loss": loss, "batch_size": None, "epochs": 1, "verbose": 0}
    weighted.fit(X, Y, sample_weight=weight, optimizer=syn0.SGD(0.01), **options)
    repeated.fit(X[rows], Y[rows], optimizer=syn0.SGD(0.01), **options)
    same_parameters(weighted, repeated, rtol=1e-10)
    assert weighted.history["loss"] == pytest.approx(repeated.history["loss"])
    one = weighted.evaluate(X, Y, sample_weight=weight)
    assert one["loss"] == pytest.approx(repeated.evaluate(X[rows], Y[rows])["loss"])


def test_a_row_without_weight_is_absent_to_the_bit() -> None:
    keep = np.arange(30) % 4 > 0
    net = lambda: syn0.Sequential(  # noqa: E731
        syn0.Normalization(), Dense(4), syn0.BatchNormalization(), Dense(1), random_state=0
    )
    one, other = net(), net()
    one.fit(X, Y, sample_weight=keep.astype(float), batch_size=5, epochs=3, verbose=0)
    other.fit(X[keep], Y[keep], sample_weight=np.ones(keep.sum()), batch_size=5, epochs=3,
              verbose=0)  # fmt: skip
    same_parameters(one, other)


def test_equal_weights_change_nothing_but_rounding() -> None:
    one, other = small(), small()
    one.fit(X, Y, epochs=2, verbose=0)
    other.fit(X, Y, sample_weight=np.full(30, 4.0), epochs=2, verbose=0)
    same_parameters(one, other, rtol=1e-7)


def test_class_weights_are_sample_weights() -> None:
    y = np.array([0] * 20 + [1] * 10)
    by_class, by_sample, mapped = (small(1, "sigmoid") for _ in range(3))
    by_class.fit(X, y, class_weight="balanced", epochs=2, verbose=0)
    by_sample.fit(X, y, sample_weight=np.where(y, 1.5, 0.75), epochs=2, verbose=0)
    mapped.fit(X, y, class_weight={0: 0.75, 1: 1.5}, epochs=2, verbose=0)
    same_parameters(by_class, by_sample)
    same_parameters(by_class, mapped)


def test_class_weights_are_not_applied_to_validation() -> None:
    y = np.array([0] * 20 + [1] * 10)
    weight = np.linspace(1, 2, 30)
    net, other = small(1, "sigmoid"), small(1, "sigmoid")
    net.fit(X, y, class_weight={1: 100.0}, validation_data=(X, y), epochs=1, verbose=0)
    assert net.history["val_loss"][0] == pytest.approx(net.evaluate(X, y)["loss"])
    # Held out from weighted samples: their own weights count, those of classes do not.
    options: dict[str, Any] = {
        "sample_weight": weight, "validation_data": 0.3, "epochs": 1, "verbose": 0,
        "optimizer": syn0.SGD(1e-12),
    }  # fmt: skip
    net.reset().fit(X, y, class_weight={1: 100.0}, **options)
    other.fit(X, y, **options)
    assert net.history["val_loss"][0] == pytest.approx(other.history["val_loss"][0], rel=1e-6)


@pytest.mark.parametrize(
    ("options", "text"),
    [
        ({"sample_weight": np.ones(29)}, r"one weight a sample: \(30,\)"),
        ({"sample_weight": -np.ones(30)}, "not negative"),
        ({"sample_weight": np.zeros(30)}, "zero for every sample"),
        ({"class_weight": {7: 1.0}}, "class 7, which y does not have"),
        ({"class_weight": "fair"}, "class_weight is 'fair'"),
        ({"class_weight": {0: -1.0}}, "not negative"),
    ],
)
def test_weights_that_cannot_be_are_refused(options: Any, text: str) -> None:
    with pytest.raises((ShapeError, DataError, ArgumentError), match=text):
        small(3, "softmax").fit(X, CLASSES, verbose=0, **options)


# ----- validation ---------------------------------------------------------


def test_the_share_held_out_has_each_class_and_depends_on_the_seed() -> None:
    y = np.array([0] * 20 + [1] * 10)
    job = small(1, "sigmoid")._trainer.prepare(X, y, validation_data=0.3)
    assert job.validation is not None
    held = job.validation[1]
    assert (held.samples, job.data.samples) == (9, 21)
    assert held.targets["y"].sum() == 3
    again = small(1, "sigmoid")._trainer.prepare(X, y, validation_data=0.3).validation
    other = small(1, "sigmoid", random_state=1)._trainer.prepare(X, y, validation_data=0.3)
    assert again is not None
    assert other.validation is not None
    np.testing.assert_array_equal(held.inputs["x"], again[1].inputs["x"])
    assert not np.array_equal(held.inputs["x"], other.validation[1].inputs["x"])


@pytest.mark.parametrize("given", [0.0, 1.0, 0.001, -0.5, 1.5])
def test_a_share_that_leaves_a_side_empty_is_refused(given: float) -> None:
    with pytest.raises(ArgumentError, match="leaves one side empty"):
        small().fit(X, Y, validation_data=given, verbose=0)


@pytest.mark.parametrize("given", [X, True, (X,), "half"])
def test_validation_data_in_another_form_is_refused(given: Any) -> None:
    with pytest.raises((ArgumentError, DataError), match="validation_data is a"):
        small().fit(X, Y, validation_data=given, verbose=0)


def test_bad_validation_data_are_called_so() -> None:
    with pytest.raises(ShapeError, match=r"validation X has the shape \(30, 2\)"):
        small().fit(X, Y, validation_data=(X[:, :2], Y), verbose=0)


def test_validation_weights_count() -> None:
    net, weight = small(), np.arange(30.0)
    net.fit(X, Y, validation_data=(X, Y, weight), epochs=1, verbose=0)
    assert net.history["val_loss"][0] == pytest.approx(
        net.evaluate(X, Y, sample_weight=weight)["loss"]
    )


# ----- history ------------------------------------------------------------


def test_history_of_a_call_and_of_the_network() -> None:
    net = small()
    first = net.fit(X, Y, epochs=3, verbose=0)
    second = net.fit(X, Y, epochs=2, verbose=0)
    assert (len(first["loss"]), len(second["loss"])) == (3, 2)
    assert net.history["loss"] == first["loss"] + second["loss"]
    assert second.first_epoch == 3


def test_a_metric_of_the_whole_set_is_measured_after_each_epoch() -> None:
    net = small(1, "sigmoid")
    history = net.fit(
        X, CLASSES % 2, metrics=["roc_auc", "accuracy"], epochs=2, validation_data=(X, CLASSES % 2),
        verbose=0,
    )  # fmt: skip
    assert list(history) == [
        "loss", "accuracy", "roc_auc", "val_loss", "val_roc_auc", "val_accuracy",
    ]  # fmt: skip
    assert history["roc_auc"] == history["val_roc_auc"]
    assert history["roc_auc"][-1] == net.evaluate(X, CLASSES % 2)["roc_auc"]


def test_keys_with_several_outputs() -> None:
    x = syn0.Input((3,))
    ends = {"kind": Dense(3, "softmax")(x), "size": Dense(1)(x)}
    net = syn0.Model(x, ends, random_state=0, dtype="float64")
    y = {"size": Y, "kind": CLASSES}
    history = net.fit(
        X, y, loss_weights={"size": 0.5}, metrics={"size": "r2"}, validation_data=0.2,
        epochs=1, verbose=0,
    )  # fmt: skip
    plain = ["loss", "kind.loss", "kind.accuracy", "size.loss", "size.r2"]
    assert set(history) == {*plain, *(f"val_{name}" for name in plain)}
    found = net.evaluate(X, y)
    assert list(found) == plain
    assert found["loss"] == pytest.approx(found["kind.loss"] + 0.5 * found["size.loss"])
    assert net.evaluate(X, (CLASSES, Y)) == found
    net.fit(X, y, loss={"size": "huber"}, epochs=1, verbose=0)
    with pytest.raises(UnknownNameError, match="did you mean 'size'"):
        net.fit(X, {"sise": Y}, verbose=0)
    with pytest.raises(ArgumentError, match="one reduction"):
        net.fit(X, y, loss={"size": losses.Huber(reduction="sum")}, verbose=0)


def two_outputs() -> syn0.Model:
    x = syn0.Input((3,))
    ends = {"low": Dense(1)(x), "high": Dense(1)(x)}
    return syn0.Model(x, ends, random_state=0, dtype="float64")


@pytest.mark.parametrize(
    "weights", ["a", [1, "b"], (1, np.nan), {"low": None}, [True, 1], [[1], 2]]
)
def test_loss_weights_that_are_no_numbers_are_refused(weights: Any) -> None:
    with pytest.raises(ArgumentError, match=r"the loss weight of the output '(low|high)' is"):
        two_outputs().fit(X, (Y, Y), loss_weights=weights, verbose=0)


@pytest.mark.parametrize("weights", ["a", [1, 2], np.nan, np.inf, []])
def test_loss_weights_of_one_output_are_one_number(weights: Any) -> None:
    with pytest.raises(ArgumentError, match="the loss weight of the output 'output' is"):
        small().fit(X, Y, loss_weights=weights, verbose=0)


def test_loss_weights_may_be_an_array() -> None:
    nets = [two_outputs() for _ in range(2)]
    for net, weights in zip(nets, (np.array([1.0, 2.0]), {"high": 2})):
        net.fit(X, (Y, Y), loss_weights=weights, epochs=1, verbose=0)
    same_parameters(*nets)
    small().fit(X, Y, loss_weights=[2], epochs=1, verbose=0)


def test_one_array_is_no_target_for_two_outputs() -> None:
    net = two_outputs()
    with pytest.raises(DataError, match=r"(?s)2 outputs, y is one ndarray.*low, high.*y=\(y, y\)"):
        net.fit(X, Y, verbose=0)
    net.fit(X, (Y, Y), epochs=1, verbose=0)
    with pytest.raises(DataError, match="2 outputs"):
        net.evaluate(X, Y)


@pytest.mark.parametrize(
    ("returned", "error", "text"),
    [
        (np.ones((2, 2)), ShapeError, r"(?s)W_output returned.*\(2, 2\).*expected: +\(3, 1\)"),
        (1.0, ShapeError, r"(?s)W_output returned.*\(\).*expected: +\(3, 1\)"),
        (np.full((3, 1), np.nan), DataError, "W_output returned holds nan"),
        (np.full((3, 1), 1e300), DataError, "W_output returned holds inf"),
        ([["a"], ["b"], ["c"]], DTypeError, "W_output returned holds"),
    ],
)
def test_an_initializer_is_held_to_shape_and_finite_numbers(
    returned: Any, error: Any, text: str
) -> None:
    layer = Dense(1, initializer=lambda rng, shape, dtype: returned, name="output")
    net = syn0.Sequential(layer, random_state=0)
    with pytest.raises(error, match=text):
        net.fit(X, Y, verbose=0)
    assert not net.built


def test_a_metric_that_returns_no_tensor_is_refused() -> None:
    with pytest.raises(ArgumentError, match="the metric one returned float"):
        small().fit(X, Y, metrics=one, verbose=0)


def one(y_true: Any, y_pred: Any) -> float:
    return 1.0


def test_two_figures_cannot_share_a_name() -> None:
    with pytest.raises(ArgumentError, match="two figures have the name 'accuracy'"):
        small(3, "softmax").fit(X, CLASSES, metrics=["accuracy", "accuracy"], verbose=0)


@pytest.mark.parametrize("engine", ["llvm", "numpy"])
def test_validation_sees_the_step_before_it_though_the_clock_is_late(
    engine: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A span whose time is over as its last step ends is told of before it hands the state over."""
    options: dict[str, Any] = {"epochs": 3, "batch_size": 10, "verbose": 1, "engine": engine}
    options["validation_data"] = (X, Y)
    wanted = small().fit(X, Y, **options)["val_loss"]
    late = itertools.count(0.0, 1000.0)
    monkeypatch.setattr(time, "monotonic", lambda: next(late))
    assert small().fit(X, Y, **options)["val_loss"] == wanted
