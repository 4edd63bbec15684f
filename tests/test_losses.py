"""Losses against hand-worked numbers, scikit-learn and SciPy, differences, and their edges."""

from __future__ import annotations

import math
from typing import Any

import numpy as np
import pytest
import scipy.special
import scipy.stats
import sklearn.metrics

from syn0 import activations, graph, losses, ops
from syn0.activations import CustomDerivative
from syn0.errors import ArgumentError, ShapeError, UnknownNameError
from syn0.gradient import backpropagate, check_derivatives
from syn0.losses import (
    BinaryCrossEntropy,
    CrossEntropy,
    Focal,
    HalfSquaredError,
    Huber,
    Loss,
    MeanSquaredError,
    Quantile,
)

NAMES = sorted(losses.catalogue.makers)
RNG = np.random.default_rng(5)
SCORES = RNG.normal(size=(6, 4))
ONE_HOT = np.eye(4)[[0, 3, 1, 1, 2, 0]]
YES = (RNG.normal(size=(6, 4)) > 0).astype(float)


def tensor(name: str, array: Any) -> graph.Tensor:
    return graph.input_tensor(name, np.shape(array), str(np.asarray(array).dtype))


def on_graph(loss: Any, y: Any, z: Any, last: Any = activations.linear) -> Any:
    """Return the values of a loss in a graph, and the gradient of their sum to the scores."""
    y, z = np.asarray(y), np.asarray(z)
    scores = tensor("z", z)
    values = loss(tensor("y", y), last(scores))
    (dz,) = backpropagate(ops.sum(values), [scores])
    with np.errstate(all="raise", under="ignore"):
        return graph.evaluate([values, dz], {"y": y, "z": z})


# ----- by hand ------------------------------------------------------------


@pytest.mark.parametrize(
    ("loss", "y", "p", "value"),
    [
        ("mean_squared_error", 1.0, 3.5, 6.25),
        ("half_squared_error", 1.0, 3.5, 3.125),
        ("mean_absolute_error", 1.0, 3.5, 2.5),
        ("huber", 0.0, 0.5, 0.125),
        ("huber", 0.0, -4.0, 3.5),
        (Huber(2.0), 0.0, -4.0, 6.0),
        ("log_cosh", 1.0, 3.0, math.log(math.cosh(2.0))),
        ("quantile", 3.0, 1.0, 1.0),
        (Quantile(0.9), 3.0, 1.0, 1.8),
        (Quantile(0.9), 1.0, 3.0, 0.2),
        ("poisson", 3.0, 2.0, 2 - 3 * math.log(2)),
        ("hinge", 1.0, 0.25, 0.75),
        ("hinge", -1.0, 0.25, 1.25),
        ("hinge", 0.0, 0.25, 1.25),
        ("hinge", 1.0, 7.0, 0.0),
        ("binary_cross_entropy", 1.0, 0.25, math.log(4)),
        ("binary_cross_entropy", 0.0, 0.25, -math.log(0.75)),
        (BinaryCrossEntropy(0.2), 1.0, 0.25, -0.9 * math.log(0.25) - 0.1 * math.log(0.75)),
    ],
)
def test_elements_by_hand(loss: Any, y: float, p: float, value: float) -> None:
    found = losses.get(loss)(np.array([[y]]), np.array([[p]]))
    assert found.shape == (1, 1)
    assert found[0, 0] == pytest.approx(value, rel=1e-6, abs=1e-6)


@pytest.mark.parametrize(
    ("loss", "y", "p", "value"),
    [
        ("cross_entropy", [0, 1], [0.2, 0.8], -math.log(0.8)),
        (CrossEntropy(0.1), [0, 1], [0.2, 0.8], -0.05 * math.log(0.2) - 0.95 * math.log(0.8)),
        ("kl_divergence", [0.5, 0.5], [0.25, 0.75], 0.5 * math.log(2) + 0.5 * math.log(2 / 3)),
        ("kl_divergence", [0.0, 1.0], [0.25, 0.75], -math.log(0.75)),
        ("focal", [0, 1], [0.2, 0.8], -(0.2**2) * math.log(0.8)),
        (Focal(0.0), [0, 1], [0.2, 0.8], -math.log(0.8)),
        (Focal(1.0, alpha=[0.3, 0.6]), [0, 1], [0.2, 0.8], -0.6 * 0.2 * math.log(0.8)),
    ],
)
def test_rows_by_hand(loss: Any, y: Any, p: Any, value: float) -> None:
    found = losses.get(loss)(np.array([y], float), np.array([p]))
    assert found.shape == (1,)
    assert found[0] == pytest.approx(value, rel=1e-6)


def test_binary_focal_by_hand() -> None:
    found = Focal(2.0, alpha=0.25)(np.array([[1.0], [0.0]]), np.array([[0.8], [0.8]]))
    by_hand = [[-0.25 * 0.2**2 * math.log(0.8)], [-0.75 * 0.8**2 * math.log(0.2)]]
    np.testing.assert_allclose(found, by_hand, rtol=1e-6)


# ----- against others -----------------------------------------------------


def test_cross_entropy_agrees_with_scikit_learn() -> None:
    p = scipy.special.softmax(SCORES, axis=1)
    wanted = sklearn.metrics.log_loss(ONE_HOT.argmax(1), p, labels=range(4))
    values, dz = on_graph(CrossEntropy(), ONE_HOT, SCORES, activations.softmax)
    assert values.mean() == pytest.approx(wanted, rel=1e-12)
    np.testing.assert_allclose(dz, p - ONE_HOT, rtol=1e-12, atol=1e-15)
    assert CrossEntropy()(ONE_HOT, p).mean() == pytest.approx(wanted, rel=1e-12)


def test_label_smoothing_spreads_over_all_classes() -> None:
    log_p = scipy.special.log_softmax(SCORES, axis=1)
    smooth = 0.9 * ONE_HOT + 0.1 / 4
    values, dz = on_graph(CrossEntropy(0.1), ONE_HOT, SCORES, activations.softmax)
    np.testing.assert_allclose(values, -(smooth * log_p).sum(axis=1))
    np.testing.assert_allclose(dz, np.exp(log_p) - smooth, atol=1e-14)


def test_binary_cross_entropy_agrees_with_scikit_learn() -> None:
    p = scipy.special.expit(SCORES)
    wanted = sklearn.metrics.log_loss(YES.ravel(), p.ravel())
    values, dz = on_graph(BinaryCrossEntropy(), YES, SCORES, activations.sigmoid)
    assert values.mean() == pytest.approx(wanted, rel=1e-12)
    np.testing.assert_allclose(dz, p - YES, rtol=1e-12, atol=1e-15)


def test_regression_agrees_with_scikit_learn_and_scipy() -> None:
    y, p = RNG.normal(size=(20, 1)), RNG.normal(size=(20, 1)) * 3
    error = sklearn.metrics.mean_squared_error(y, p)
    assert losses.get("mean_squared_error")(y, p).mean() == pytest.approx(error)
    pinball = sklearn.metrics.mean_pinball_loss(y, p, alpha=0.9)
    assert Quantile(0.9)(y, p).mean() == pytest.approx(pinball)
    np.testing.assert_allclose(Huber(1.5)(y, p), scipy.special.huber(1.5, y - p))
    np.testing.assert_allclose(losses.log_cosh(y, p), np.log(np.cosh(y - p)), atol=1e-12)
    counts, rates = RNG.poisson(3, 20).astype(float), RNG.uniform(0.5, 5, 20)
    minus_log = -scipy.stats.poisson.logpmf(counts, rates) - scipy.special.gammaln(counts + 1)
    np.testing.assert_allclose(losses.poisson(counts, rates), minus_log, rtol=1e-5, atol=1e-6)


def test_hinge_agrees_with_scikit_learn() -> None:
    y, p = np.array([-1, 1, 1, -1.0]), np.array([0.3, -0.2, 3.0, -0.5])
    assert losses.hinge(y, p).mean() == pytest.approx(sklearn.metrics.hinge_loss(y, p))


def test_kl_divergence_agrees_with_scipy() -> None:
    y = scipy.special.softmax(RNG.normal(size=(6, 4)), axis=1)
    p = scipy.special.softmax(SCORES, axis=1)
    wanted = scipy.stats.entropy(y, p, axis=1)
    np.testing.assert_allclose(losses.kl_divergence(y, p), wanted)
    values, dz = on_graph(losses.kl_divergence, y, SCORES, activations.softmax)
    np.testing.assert_allclose(values, wanted)
    np.testing.assert_allclose(dz, p - y, rtol=1e-12)
    assert np.isfinite(
        on_graph(losses.kl_divergence, ONE_HOT, SCORES, activations.softmax)[0]
    ).all()


# ----- derivatives --------------------------------------------------------

POSITIVE = ("poisson",)
ROWS = ("cross_entropy", "kl_divergence", "focal")


@pytest.mark.parametrize("name", NAMES)
def test_derivatives_agree_with_differences(name: str) -> None:
    rng = np.random.default_rng(11)
    y = ONE_HOT if name in ROWS else YES if "binary" in name or name == "hinge" else SCORES + 0.7
    if name in POSITIVE:
        y = np.abs(y)
    last = activations.softplus if name in POSITIVE else activations.linear
    if name in ROWS:
        last = activations.softmax
    z = rng.normal(size=y.shape) * 2
    check_derivatives(lambda z, y: losses.get(name)(y, last(z)), [z, y], data=[1])


@pytest.mark.parametrize("gamma", [0.0, 0.5, 1.0, 2.0, 5.0])
@pytest.mark.parametrize("last", [activations.softmax, activations.sigmoid])
def test_focal_derivatives_for_any_gamma(gamma: float, last: Any) -> None:
    y = ONE_HOT if last is activations.softmax else YES
    check_derivatives(lambda z, y: Focal(gamma)(y, last(z)), [SCORES, y], data=[1])


def test_focal_of_gamma_zero_is_cross_entropy() -> None:
    for last, y, plain in (
        (activations.softmax, ONE_HOT, CrossEntropy()),
        (activations.sigmoid, YES, BinaryCrossEntropy()),
    ):
        ours, theirs = (on_graph(f, y, SCORES, last) for f in (Focal(0.0), plain))
        np.testing.assert_allclose(ours[0], theirs[0], rtol=1e-9)
        np.testing.assert_allclose(ours[1], theirs[1], rtol=1e-9, atol=1e-12)


# ----- edges --------------------------------------------------------------


@pytest.mark.parametrize("dtype", ["float32", "float64"])
@pytest.mark.parametrize(
    ("name", "last"),
    [
        ("cross_entropy", "softmax"),
        ("cross_entropy", "linear"),
        ("kl_divergence", "softmax"),
        ("focal", "softmax"),
        ("focal", "sigmoid"),
        ("binary_cross_entropy", "sigmoid"),
        ("binary_cross_entropy", "linear"),
        ("hinge", "linear"),
        ("log_cosh", "linear"),
        ("huber", "linear"),
        ("poisson", "softplus"),
    ],
)
def test_large_scores_keep_values_and_gradients_finite(name: str, last: str, dtype: str) -> None:
    z = np.array([[800.0, -800.0, 0.0], [-90.0, 90.0, 1e4], [0.0, 0.0, 0.0]], dtype)
    for column in range(3):
        y = np.zeros((3, 3), dtype)
        y[:, column] = 1
        values, dz = on_graph(losses.get(name), y, z, activations.get(last))
        assert values.dtype == dz.dtype == dtype
        assert np.isfinite(values).all()
        assert np.isfinite(dz).all()
        if name != "hinge":
            assert (dz != 0).any()


@pytest.mark.parametrize("gamma", [0.5, 1.0, 2.0])
def test_focal_of_certain_predictions_is_finite(gamma: float) -> None:
    z = np.array([[500.0, -500.0]], "float32")
    for y in ([[1.0, 0.0]], [[0.0, 1.0]]):
        for last in (activations.softmax, activations.sigmoid):
            values, dz = on_graph(Focal(gamma), np.array(y, "float32"), z, last)
            assert np.isfinite(values).all()
            assert np.isfinite(dz).all()


def test_certain_wrong_probabilities_are_finite_on_arrays() -> None:
    assert CrossEntropy()([[1.0, 0.0]], [[0.0, 1.0]])[0] == pytest.approx(-math.log(1e-7))
    assert BinaryCrossEntropy()([1.0], [0.0])[0] == pytest.approx(-math.log(1e-7))


def test_huber_and_quantile_gradients_at_their_corners() -> None:
    y = np.zeros((1, 3))
    _, dz = on_graph(Huber(1.0), y, [[0.0, 1.0, -1.0]])
    assert dz.tolist() == [[0.0, 1.0, -1.0]]
    _, dz = on_graph(Quantile(0.9), y, [[1.0, -1.0, 2.0]])
    np.testing.assert_allclose(dz, [[0.1, -0.9, 0.1]])


# ----- what is a score, what a probability --------------------------------


def hand_softmax(x: Any) -> Any:
    e = ops.exp(x)
    return e / ops.sum(e, axis=-1, keepdims=True)


def hand_sigmoid(x: Any) -> Any:
    return 1 / (1 + np.exp(-x))


BATCHED = graph.input_tensor("z", (graph.batch, 4), "float64")


def batched(loss: Loss, last: Any, y: Any, z: Any) -> Any:
    values = loss(graph.input_tensor("y", (graph.batch, 4), "float64"), last(BATCHED))
    (dz,) = backpropagate(ops.sum(values), [BATCHED])
    return graph.evaluate([values, dz], {"y": y, "z": z})


@pytest.mark.parametrize(
    ("loss", "y", "rule", "by_hand"),
    [
        (CrossEntropy(), ONE_HOT, activations.softmax, hand_softmax),
        (Focal(), ONE_HOT, activations.softmax, hand_softmax),
        (BinaryCrossEntropy(), YES, activations.sigmoid, hand_sigmoid),
        (
            BinaryCrossEntropy(),
            YES,
            activations.sigmoid,
            CustomDerivative(hand_sigmoid, lambda y: y * (1 - y)),
        ),
        (
            BinaryCrossEntropy(),
            YES,
            activations.sigmoid,
            CustomDerivative(ops.sigmoid, lambda y: y * (1 - y)),
        ),
    ],
)
def test_activations_by_hand_are_probabilities(loss: Loss, y: Any, rule: Any, by_hand: Any) -> None:
    ours, theirs = batched(loss, by_hand, y, SCORES), batched(loss, rule, y, SCORES)
    np.testing.assert_allclose(ours[0], theirs[0], rtol=1e-6)
    np.testing.assert_allclose(ours[1], theirs[1], rtol=1e-5, atol=1e-9)


def test_hard_sigmoid_gives_probabilities() -> None:
    values, _ = batched(BinaryCrossEntropy(), activations.hard_sigmoid, YES, SCORES)
    p = np.clip(SCORES / 6 + 0.5, 1e-7, 1)
    q = np.clip(1 - SCORES / 6 - 0.5, 1e-7, 1)
    np.testing.assert_allclose(values, -YES * np.log(p) - (1 - YES) * np.log(q), rtol=1e-6)


def reshaped(z: Any) -> Any:
    return ops.reshape(ops.softmax(ops.reshape(z, (3, 2, 4))), (6, 4))


def turned(z: Any) -> Any:
    return ops.permute_dims(ops.softmax(ops.reshape(z, (6, 1, 4))), (1, 0, 2))[0]


def squeezed(z: Any) -> Any:
    return ops.squeeze(ops.softmax(ops.expand_dims(z, 1)), 1)


@pytest.mark.parametrize("last", [reshaped, turned, squeezed])
def test_moves_after_a_softmax_are_seen_through(last: Any) -> None:
    far = 400 * SCORES  # the logarithm of a probability would be cut off
    found, expected = (on_graph(CrossEntropy(), ONE_HOT, far, f) for f in (last, ops.softmax))
    np.testing.assert_allclose(found[0], expected[0])
    np.testing.assert_allclose(found[1], expected[1], atol=1e-12)


def test_moves_after_a_sigmoid_are_seen_through() -> None:
    far = 400 * SCORES
    ours = on_graph(
        BinaryCrossEntropy(), YES.T, far, lambda z: ops.matrix_transpose(ops.sigmoid(z))
    )
    expected = on_graph(BinaryCrossEntropy(), YES, far, ops.sigmoid)
    np.testing.assert_allclose(ours[0], expected[0].T)
    np.testing.assert_allclose(ours[1], expected[1])
    moved = ops.reshape(ops.sigmoid(tensor("z", SCORES)), (24, 1))
    assert losses.activation_before(moved) == "sigmoid"
    assert losses.get("focal").threshold(moved) == 0.5
    assert losses.activation_before(ops.relu(moved)) is None


DRAWN: Any = {"stream": 0, "shape": (6, 4), "dtype": "float64"}
SEED = graph.constant(3, "uint32"), graph.constant(0, "int64")
COMBINED = {
    "ensemble": lambda z: (ops.softmax(z) + ops.softmax(2 * z)) / 2,
    "rescaled": lambda z: 0.5 * (ops.softmax(z) + ops.softmax(-z)) + 0.0,
    "average": lambda z: ops.mean(ops.stack([ops.softmax(z), ops.softmax(-z)], 0), axis=0),
    "dropout": lambda z: ops.where(
        ops.random_uniform(*SEED, **DRAWN) >= 0.2, ops.softmax(z) / 0.8, 0
    ),
    "mask": lambda z: ops.softmax(z) * (YES + 1),
    "noise": lambda z: ops.softmax(z) + 0.1 * ops.random_normal(*SEED, **DRAWN),
    "floor": lambda z: ops.maximum(ops.softmax(z), 1e-6),
    "log_softmax": lambda z: ops.exp(ops.log_softmax(z)),
    "other way up": lambda z: 1 - ops.softmax(z),
    "other axis": lambda z: ops.matrix_transpose(ops.softmax(ops.matrix_transpose(z))),
    "written twice": lambda z: (
        ops.exp(z - ops.max(z, axis=-1, keepdims=True))
        / ops.sum(ops.exp(z - ops.max(z, axis=-1, keepdims=True)), axis=-1, keepdims=True)
    ),
    "guarded": lambda z: ops.exp(z) / (ops.sum(ops.exp(z), axis=-1, keepdims=True) + 1e-9),
}


@pytest.mark.parametrize("last", COMBINED.values(), ids=COMBINED)
def test_probabilities_combined_are_probabilities(last: Any) -> None:
    assert losses.scores_before("softmax", last(tensor("z", SCORES))) is None


SCORES_BY_HAND = {
    "cosine": lambda z: z / ops.sqrt(ops.sum(z * z, axis=-1, keepdims=True)),
    "temperature": lambda z: z / (1 + ops.sum(z * z, axis=-1, keepdims=True)),
    "gated": lambda z: z * ops.sigmoid(z),
    "residual": lambda z: z + ops.softmax(z),
    "projected": lambda z: ops.softmax(z) @ graph.state_tensor("W", (4, 4), "float64"),
    "both signs": lambda z: 2 * ops.sigmoid(z) - 1,
    "constant": lambda z: z * 0 + 1,
}


@pytest.mark.parametrize("last", SCORES_BY_HAND.values(), ids=SCORES_BY_HAND)
def test_scores_that_end_in_a_quotient_or_a_gate_are_scores(last: Any) -> None:
    y = last(tensor("z", SCORES))
    assert losses.scores_before("softmax", y) is y
    assert losses.scores_before("sigmoid", y) is y


def test_linear_outputs_are_scores() -> None:
    for loss, y, last in (
        (CrossEntropy(), ONE_HOT, activations.softmax),
        (BinaryCrossEntropy(), YES, activations.sigmoid),
    ):
        linear, named = (on_graph(loss, y, SCORES, f) for f in (activations.linear, last))
        np.testing.assert_array_equal(linear[0], named[0])
        np.testing.assert_array_equal(linear[1], named[1])
    halved, _ = on_graph(CrossEntropy(), ONE_HOT, SCORES, lambda z: z / 2.0)
    direct, _ = on_graph(CrossEntropy(), ONE_HOT, SCORES / 2)
    np.testing.assert_allclose(halved, direct)


def test_names_do_not_hide_the_activation() -> None:
    values, _ = on_graph(CrossEntropy(), ONE_HOT, SCORES, lambda z: ops.softmax(z).named("output"))
    np.testing.assert_allclose(values, CrossEntropy()(ONE_HOT, scipy.special.softmax(SCORES, 1)))


def test_cross_entropy_after_a_sigmoid_is_refused() -> None:
    with pytest.raises(ArgumentError, match="'binary_cross_entropy'"):
        on_graph(CrossEntropy(), ONE_HOT, SCORES, activations.sigmoid)


@pytest.mark.parametrize(
    ("loss", "units", "last", "threshold"),
    [
        ("binary_cross_entropy", 1, "sigmoid", 0.5),
        ("binary_cross_entropy", 1, "linear", 0.0),
        ("binary_cross_entropy", 3, "sigmoid", 0.5),
        ("binary_cross_entropy", 1, "hard_sigmoid", 0.5),
        ("hinge", 1, "linear", 0.0),
        ("hinge", 3, "linear", None),
        ("focal", 1, "sigmoid", 0.5),
        ("focal", 1, "linear", 0.0),
        ("focal", 3, "softmax", None),
        ("cross_entropy", 3, "softmax", None),
        ("mean_squared_error", 1, "linear", None),
    ],
)
def test_threshold(loss: str, units: int, last: str, threshold: float | None) -> None:
    y_pred = activations.get(last)(graph.input_tensor("z", (graph.batch, units)))
    assert losses.get(loss).threshold(y_pred) == threshold


def test_which_losses_take_classes_and_which_classes_exclude_each_other() -> None:
    classes = {name for name in NAMES if losses.get(name).targets == "classes"}
    assert classes == {"cross_entropy", "binary_cross_entropy", "focal"}
    z = graph.input_tensor("z", (graph.batch, 3))
    soft, sigmoid = activations.softmax(z), activations.sigmoid(z)
    assert losses.cross_entropy.exclusive(soft)
    assert losses.focal.exclusive(soft)
    assert not losses.focal.exclusive(sigmoid)
    assert not losses.binary_cross_entropy.exclusive(sigmoid)
    assert not losses.mean_squared_error.exclusive(z)


# ----- names and arguments ------------------------------------------------


def test_names() -> None:
    assert len(NAMES) == 12
    for name in NAMES:
        loss = losses.get(name)
        assert loss.name == name
        assert loss is getattr(losses, name)
        assert losses.get(loss) is loss


@pytest.mark.parametrize("name", NAMES)
def test_targets_never_broadcast(name: str) -> None:
    with pytest.raises(ShapeError, match="never broadcast"):
        losses.get(name)(np.ones(4), np.ones((4, 1)))
    with pytest.raises(ShapeError, match=r"\(batch,\) and .* \(batch, 2\)"):
        losses.get(name)(
            graph.input_tensor("y", (graph.batch,)), graph.input_tensor("z", (graph.batch, 2))
        )


def test_own_functions_are_losses() -> None:
    def quartic(y_true: Any, y_pred: Any) -> Any:
        return (y_true - y_pred) ** 4

    loss = losses.get(quartic)
    assert loss.name == "quartic"
    assert loss.targets == "values"
    assert loss([1.0], [3.0]).tolist() == [16.0]
    values, dz = on_graph(loss, [[1.0]], [[3.0]])
    assert (values.item(), dz.item()) == (16.0, 32.0)


def test_reduction_is_kept() -> None:
    assert HalfSquaredError(reduction="sum").reduction == "sum"
    assert losses.get("huber").reduction == "mean"
    assert MeanSquaredError() == MeanSquaredError()
    assert MeanSquaredError() != MeanSquaredError(reduction="sum")


@pytest.mark.parametrize(
    ("word", "use"),
    [
        ("mse", "'mean_squared_error'"),
        ("mae", "'mean_absolute_error'"),
        ("sparse_categorical_crossentropy", "'cross_entropy'"),
        ("SparseCategoricalCrossentropy", "'cross_entropy'"),
        ("categorical_crossentropy", "'cross_entropy'"),
        ("CrossEntropyLoss", "'cross_entropy'"),
        ("BCEWithLogitsLoss", "'binary_cross_entropy' after a linear layer"),
        ("nll_loss", "'cross_entropy'"),
        ("binary_crossentropy", "did you mean 'binary_cross_entropy'"),
        ("log_loss", "'cross_entropy'"),
    ],
)
def test_unknown_names_say_what_to_write(word: str, use: str) -> None:
    with pytest.raises(UnknownNameError) as caught:
        losses.get(word)
    assert use in str(caught.value)


@pytest.mark.parametrize(
    ("make", "text"),
    [
        (lambda: CrossEntropy(from_logits=True), "the graph shows"),
        (lambda: CrossEntropy(1.0), "label_smoothing=1.0"),
        (lambda: Huber(0.0), "delta=0.0"),
        (lambda: Quantile(1.5), "quantile=1.5"),
        (lambda: Quantile(alpha=0.5), "write quantile="),
        (lambda: Focal(-1.0), "gamma=-1.0"),
        (lambda: MeanSquaredError(reduction="none"), "'mean' or 'sum'"),
        (lambda: losses.get(MeanSquaredError), r"write MeanSquaredError\(\)"),
        (lambda: losses.get(None), "not a loss"),
        (lambda: Focal(alpha=0.25)(ONE_HOT, ONE_HOT), "4 weights"),
        (lambda: Focal(alpha=[1, 2])(YES[:, :1], YES[:, :1]), "the weight of yes"),
    ],
)
def test_wrong_arguments_are_refused(make: Any, text: str) -> None:
    with pytest.raises((ArgumentError, UnknownNameError), match=text):
        make()
