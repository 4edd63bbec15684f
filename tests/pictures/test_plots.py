"""Plots with Matplotlib: the numbers drawn, the words beside them, and nothing else touched."""

from __future__ import annotations

import math
import os
import subprocess
import sys
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import matplotlib
import numpy as np
import pytest
from matplotlib.figure import Figure

import syn0
from syn0.errors import ArgumentError, DataError, FileAccessError, ShapeError, UnknownNameError
from syn0.plots import Plot
from syn0.plots.classes import _inmost
from syn0.plots.reliability import _wilson
from syn0.training import History

Dense = syn0.Dense
RNG = np.random.default_rng(0)
X = RNG.normal(size=(90, 2))
Y = np.arange(90) % 3


class Told:
    """Stands for a network that says what it is told: the rows of X are its answers."""

    task = None
    output_names = ("told",)

    def predict(self, X: Any) -> Any:
        return np.asarray(X, dtype=float)


@pytest.fixture(scope="module")
def net() -> syn0.Sequential:
    made = syn0.Sequential(
        Dense(8, "relu", name="hidden"), Dense(4, "tanh", name="middle"), Dense(3, "softmax"),
        random_state=0,
    )  # fmt: skip
    made.fit(X, Y, epochs=4, validation_data=0.2, verbose=0)
    return made


PLOTS: dict[str, Callable[..., Plot]] = {
    "learning_curve": lambda net, **how: net.history.plot(**how),
    "activations": lambda net, **how: syn0.plots.activations(net, X, **how),
    "gradients": lambda net, **how: syn0.plots.gradients(net, X, Y, **how),
    "decision_boundary": lambda net, **how: syn0.plots.decision_boundary(net, X, Y, **how),
    "confusion": lambda net, **how: syn0.plots.confusion(net, X, Y, **how),
    "calibration": lambda net, **how: syn0.plots.calibration(net, X, Y, **how),
}


@pytest.fixture(params=sorted(PLOTS))
def plot(request: pytest.FixtureRequest) -> Callable[..., Plot]:
    return PLOTS[request.param]


def words(plot: Plot) -> list[str]:
    """Return all that stands in a figure, in the order of drawing."""
    return [t.get_text() for t in plot.figure.findobj(matplotlib.text.Text) if t.get_text()]


# ----- what all plots do --------------------------------------------------------


def test_a_plot_has_figure_axes_and_values_and_is_saved(
    plot: Callable[..., Plot], net: syn0.Sequential, tmp_path: Path
) -> None:
    found = plot(net)
    assert isinstance(found.figure, Figure)
    assert set(found.axes) <= set(found.figure.axes)
    assert found.values
    for ending, first in ((".png", b"\x89PNG"), (".svg", b"<?xml"), (".pdf", b"%PDF")):
        path = found.save(tmp_path / f"plot{ending}")
        assert path.read_bytes().startswith(first)
    assert found._repr_png_()[:4] == b"\x89PNG"  # type: ignore[index]
    for axes in found.axes:
        if axes.axison:
            assert axes.get_title("left")
    assert any(axes.get_xlabel() for axes in found.axes)
    assert any(axes.get_ylabel() or axes.get_yticklabels() for axes in found.axes)


def test_it_draws_on_given_axes_and_leaves_them_to_their_owner(
    plot: Callable[..., Plot], net: syn0.Sequential
) -> None:
    figure = Figure(figsize=(12, 6))
    left, right = figure.subplots(1, 2)
    found = plot(net, ax=right)
    assert found.figure is figure
    assert all(axes is right or axes in right.child_axes for axes in found.axes)
    assert not left.lines and not left.collections and not left.images
    assert found._repr_png_() is None, "who gave the axes shows them"
    figure.savefig("/dev/null", format="png")


def test_what_are_no_axes_is_refused(plot: Callable[..., Plot], net: syn0.Sequential) -> None:
    with pytest.raises(ArgumentError, match="axes of Matplotlib"):
        plot(net, ax=3)


@pytest.fixture
def settings() -> Iterator[dict[str, Any]]:
    before = dict(matplotlib.rcParams)
    yield before
    assert dict(matplotlib.rcParams) == before


def test_no_setting_of_matplotlib_is_touched(
    plot: Callable[..., Plot], net: syn0.Sequential, settings: dict[str, Any]
) -> None:
    plot(net)._repr_png_()
    assert settings


def test_neither_pyplot_nor_a_window_is_needed() -> None:
    code = """
import sys, numpy as np, syn0
X = np.random.default_rng(0).normal(size=(30, 2)); y = np.arange(30) % 2
net = syn0.Sequential(syn0.Dense(2, "softmax"), random_state=0)
assert "matplotlib" not in sys.modules
history = net.fit(X, y, epochs=2, verbose=0)
net.plot(), history._repr_html_(), net._repr_html_(), syn0.plots.terminal_curve(history)
assert "matplotlib" not in sys.modules, "drawings and pages need no Matplotlib"
plots = syn0.plots
for plot in (history.plot(), plots.activations(net, X), plots.gradients(net, X, y),
             plots.decision_boundary(net, X, y), plots.confusion(net, X, y),
             plots.calibration(net, X, y)):
    plot._repr_png_()
assert "matplotlib.pyplot" not in sys.modules
"""
    kept = {name: value for name, value in os.environ.items() if "DISPLAY" not in name}
    kept["PYTHONPATH"] = str(Path(syn0.__file__).parents[1])
    subprocess.run([sys.executable, "-W", "error", "-c", code], check=True, env=kept)


def test_without_matplotlib_the_extra_is_named(
    plot: Callable[..., Plot], net: syn0.Sequential, monkeypatch: pytest.MonkeyPatch
) -> None:
    for name in ("matplotlib", "matplotlib.figure", "matplotlib.backends.backend_agg"):
        monkeypatch.setitem(sys.modules, name, None)
    with pytest.raises(ArgumentError, match=r"pip install 'syn0\[plots\]'"):
        plot(net)


def test_a_file_that_cannot_be_written_is_refused(net: syn0.Sequential, tmp_path: Path) -> None:
    found = net.history.plot()
    with pytest.raises(ArgumentError, match=r"\.png"):
        found.save(tmp_path / "plot.txt")
    with pytest.raises(FileAccessError, match="no folder"):
        found.save(tmp_path / "nowhere" / "plot.png")
    assert not list(tmp_path.iterdir())


# ----- learning curves ------------------------------------------------------------


def test_curves_of_training_and_validation_with_the_best_epoch(net: syn0.Sequential) -> None:
    found = net.history.plot()
    assert [axes.get_title("left") for axes in found.axes] == ["loss", "accuracy"]
    drawn = {line.get_label(): line for line in found.axes[0].lines}
    np.testing.assert_array_equal(drawn["train"].get_ydata(), net.history["loss"])
    np.testing.assert_array_equal(drawn["train"].get_xdata(), [1, 2, 3, 4])
    np.testing.assert_array_equal(drawn["validation"].get_ydata(), net.history["val_loss"])
    assert drawn["train"].get_linestyle() != drawn["validation"].get_linestyle()
    best = int(np.argmin(net.history["val_loss"])) + 1
    assert found.values == {"best_epoch": best, "watched": "val_loss"}
    assert any(f"best epoch {best}, val_loss" in text for text in words(found))


def test_one_figure_can_be_chosen_and_a_wrong_one_is_answered(net: syn0.Sequential) -> None:
    assert len(net.history.plot("accuracy").axes) == 1
    with pytest.raises(UnknownNameError, match="did you mean 'accuracy'"):
        net.history.plot("acuracy")
    with pytest.raises(DataError, match=r"net\.fit"):
        History().plot()


def test_gaps_one_epoch_and_nothing_finite(net: syn0.Sequential) -> None:
    curve = syn0.plots.learning_curve
    gaps = curve({"loss": [1.0, math.nan, 0.5, math.inf, 0.2]})
    assert any("2 epochs without a number" in text for text in words(gaps))
    drawn = gaps.axes[0].lines[0].get_ydata()
    np.testing.assert_array_equal(np.isnan(drawn), [False, True, False, True, False])
    one = curve({"loss": [0.5]}, first_epoch=9)
    assert one.values["best_epoch"] == 10
    assert one.axes[0].lines[0].get_marker() == "o"
    none = curve({"loss": [math.nan] * 3})
    assert none.values["best_epoch"] is None
    assert "no finite number" in words(none)
    for found in (gaps, one, none):
        found._repr_png_()


def test_in_a_long_history_a_number_between_gaps_is_marked() -> None:
    loss = np.linspace(1, 0.5, 100)
    loss[[49, 51]] = math.nan
    found = syn0.plots.learning_curve({"loss": loss.tolist()})
    marks = next(line for line in found.axes[0].lines if line.get_marker() == "o")
    np.testing.assert_array_equal(marks.get_xdata(), [51])


def test_many_decades_get_a_logarithmic_axis() -> None:
    curve = syn0.plots.learning_curve
    assert curve({"loss": [1.0, 1e-4]}).axes[0].get_yscale() == "log"
    assert curve({"loss": [1.0, 1e-2]}).axes[0].get_yscale() == "linear"
    assert curve({"loss": [1.0, 0.0]}).axes[0].get_yscale() == "linear"


# ----- layers -----------------------------------------------------------------------


def test_activations_are_counted_by_layer(net: syn0.Sequential) -> None:
    found = syn0.plots.activations(net, X)
    values = net.activations(X)
    assert found.values["zeros"]["hidden"] == pytest.approx(np.mean(values["hidden"] == 0))
    assert set(found.values["saturated"]) == {"middle"}
    panel = found.axes[0]
    steps, zero = panel.patches
    assert zero.get_height() == pytest.approx(found.values["zeros"]["hidden"])
    assert steps.get_data().values.sum() + zero.get_height() == pytest.approx(1)
    assert "zeros" in panel.get_title("left") and "saturated" in found.axes[1].get_title("left")
    chosen = syn0.plots.activations(net, X, layers=["middle"])
    assert len(chosen.axes) == 1
    with pytest.raises(UnknownNameError, match="did you mean 'hidden'"):
        syn0.plots.activations(net, X, layers=["hiden"])


def test_saturated_units_are_seen() -> None:
    net = syn0.Sequential(Dense(2, "sigmoid", name="s"), Dense(2, "tanh", name="t"))
    net.build((1,)).set_parameters(
        {"W_s": [[100.0, 0.0]], "b_s": [0.0, 0.0], "W_t": [[0.0, 100.0], [0.0, 100.0]]}
    )
    found = syn0.plots.activations(net, [[1.0], [-1.0]])
    assert found.values["saturated"] == {"s": 0.5, "t": 0.5}
    assert found.values["zeros"]["t"] == 0.5


@pytest.mark.parametrize("values", [[0.0, 0.0], [1.0, 1.0], [1.0, 1.0 + 1e-15], [np.nan, 1.0]])
def test_strange_values_are_drawn(values: list[float]) -> None:
    class Fixed:
        layers = {"one": None}

        def activations(self, X: Any) -> dict[str, Any]:
            return {"one": np.array(values)}

    found = syn0.plots.activations(Fixed(), None)  # type: ignore[arg-type]
    found._repr_png_()
    assert ("50 % not finite" in found.axes[0].get_title("left")) is bool(np.isnan(values).any())


def test_gradients_are_measured_by_layer(net: syn0.Sequential) -> None:
    found = syn0.plots.gradients(net, X, Y)
    gradients = net.gradients(X, Y)
    both = np.concatenate([gradients[f"{short}_hidden"].ravel() for short in "Wb"])
    sizes = found.values["root_mean_square"]
    assert list(sizes) == ["hidden", "middle", "dense_1"]
    assert sizes["hidden"] == pytest.approx(np.sqrt(np.mean(np.square(both))))
    axes = found.axes[0]
    assert [label.get_text() for label in axes.get_yticklabels()] == list(sizes)
    assert axes.get_xscale() == "log"
    assert axes.yaxis_inverted(), "the first layer stands above"


def test_a_layer_without_a_gradient_is_marked() -> None:
    net = syn0.Sequential(Dense(3, "relu", name="dead"), Dense(1, name="end"), random_state=0)
    net.build((2,)).set_parameters({"b_dead": [-1e6] * 3})
    found = syn0.plots.gradients(net, X, X[:, 0])
    assert found.values["root_mean_square"]["dead"] == 0
    assert "0 everywhere" in words(found)
    found._repr_png_()


def test_frozen_layers_have_no_gradient() -> None:
    net = syn0.Sequential(Dense(3, name="still"), Dense(1, name="end")).build((2,)).freeze("still")
    assert list(syn0.plots.gradients(net, X, X[:, 0]).values["root_mean_square"]) == ["end"]


def test_deep_networks_and_names_of_any_kind_are_drawn() -> None:
    layers = [Dense(4, "sigmoid", name=f"a_name_that_is_rather_long_{i}") for i in range(40)]
    net = syn0.Sequential(*layers, random_state=0).build((2,))
    for found in (
        syn0.plots.activations(net, X),
        syn0.plots.gradients(net, X, Y[:, None] == range(4)),
    ):
        found._repr_png_()
        assert max(len(text) for text in words(found) if "_long" in text) < 60


# ----- decision boundary ------------------------------------------------------------


def test_the_plane_shows_the_class_of_each_point() -> None:
    net = syn0.Sequential(Dense(1, "sigmoid", name="out")).build((2,))
    net.set_parameters({"W_out": [[4.0], [0.0]], "b_out": [0.0]})
    found = syn0.plots.decision_boundary(net, X, X[:, 0] > 0, labels=["left", "right"])
    first, classes = found.values["first"], found.values["classes"]
    np.testing.assert_array_equal(classes, np.tile(first > 0, (200, 1)))
    assert found.axes[0].get_xlim() == (first[0], first[-1])
    assert {"left", "right", "true class", "feature 0", "feature 1"} <= set(words(found))
    image = found.axes[0].images[0].get_array()
    assert image[0, 0].mean() < image[0, 99].mean(), "paler where the network is less sure"


def test_the_name_of_a_region_stands_inside_of_it() -> None:
    ring = np.hypot(*np.mgrid[-1:1:200j, -1:1:200j])
    for region in ((ring > 0.5) & (ring < 0.8), ring > 0.9, ring < 0.1):
        row, column = _inmost(region)
        near = region[max(row - 5, 0) : row + 6, max(column - 5, 0) : column + 6]
        assert near.all() and near.shape == (11, 11)
    assert _inmost(np.ones((1, 1), dtype=bool)) == (0, 0)


def test_scores_are_made_probabilities() -> None:
    net = syn0.Sequential(Dense(1), random_state=0)
    net.fit(X, X[:, 0] > 0, loss="binary_cross_entropy", epochs=1, verbose=0)
    net.set_parameters({"W_dense_1": [[0.0], [0.0]], "b_dense_1": [3.0]})
    found = syn0.plots.calibration(net, X, np.ones(90, dtype=int))
    assert found.values["probability"] == pytest.approx([1 / (1 + math.exp(-3))])
    several = syn0.Sequential(Dense(3), random_state=0)
    several.fit(X, Y, loss="cross_entropy", epochs=1, verbose=0)
    several.set_parameters({"W_dense_1": np.zeros((2, 3)), "b_dense_1": [0.0, math.log(2), 0.0]})
    found = syn0.plots.calibration(several, X, Y)
    assert found.values["probability"] == pytest.approx([0.5])


def test_two_of_many_features_span_the_plane_and_others_are_held() -> None:
    wide = np.hstack([X, X + 10, X * 0 + [[5.0, 7.0]]])
    seen: list[Any] = []

    class Seen(Told):
        def predict(self, X: Any) -> Any:
            seen.append(X)
            return np.tile([0.5, 0.5], (len(X), 1))

    found = syn0.plots.decision_boundary(Seen(), wide, features=(3, 0))
    (plane,) = seen
    np.testing.assert_array_equal(
        plane[:, [1, 2, 4, 5]], [np.median(wide, 0)[[1, 2, 4, 5]]] * 40_000
    )
    assert plane[:200, 3].min() < plane[:200, 3].max() and np.ptp(plane[:200, 0]) == 0
    assert {"feature 3", "feature 0"} <= set(words(found))
    assert any("4 other features held fixed" in text for text in words(found))
    syn0.plots.decision_boundary(Seen(), wide, features=(0, 1), fixed=np.arange(6.0))
    np.testing.assert_array_equal(seen[1][0, 2:], [2, 3, 4, 5])


@pytest.mark.parametrize(
    ("data", "how", "error", "match"),
    [
        (np.zeros((5, 3)), {}, ArgumentError, r"features=\(0, 1\)"),
        (np.zeros((5, 3)), {"features": (0, 3)}, ArgumentError, "from 0 to 2"),
        (np.zeros((5, 3)), {"features": (1, 1)}, ArgumentError, "different"),
        (np.zeros((5, 3)), {"features": (0, 1), "fixed": [1.0]}, ArgumentError, "3 features"),
        (np.zeros((5, 1)), {}, DataError, "one feature"),
        (np.zeros(5), {}, DataError, "samples in rows"),
        (np.array([[0.0, np.nan]]), {}, DataError, "X"),
    ],
)
def test_no_plane_without_two_features(
    data: Any, how: dict[str, Any], error: type[Exception], match: str
) -> None:
    with pytest.raises(error, match=match):
        syn0.plots.decision_boundary(Told(), data, **how)


def test_columns_of_a_frame_name_the_axes() -> None:
    class Frame:
        columns = ("height in $", "_weight")

        def __array__(self, dtype: Any = None, copy: Any = None) -> Any:
            return X.astype(dtype) if dtype else X

    net = syn0.Sequential(Dense(2, "softmax"), random_state=0).build((2,))
    found = syn0.plots.decision_boundary(net, Frame(), Y % 2, labels=["$a$", "_b"])
    found._repr_png_()
    assert found.axes[0].get_xlabel() == r"height in \$", "no mathematics"
    legend = found.axes[0].get_legend()
    assert [text.get_text() for text in legend.get_texts()] == [r"\$a\$", " _b"]


def test_a_network_of_a_table_knows_the_names() -> None:
    class Target:
        labels = ("ill", "well")

    class Prepared:
        target = Target()
        feature_names = ("age", "weight")

    class OfTable(Told):
        preparation = Prepared()

        def predict(self, X: Any) -> Any:
            return np.tile([0.25, 0.75], (len(X), 1))

    assert {"age", "weight", "well"} <= set(words(syn0.plots.decision_boundary(OfTable(), X)))
    found = syn0.plots.confusion(OfTable(), X, ["ill"] * 90)
    assert found.values["confused"] == [("ill", "well", 90)]


# ----- confusion ----------------------------------------------------------------------


def test_counts_shares_and_the_pairs_most_confused() -> None:
    said = np.eye(3)[[0, 0, 1, 1, 1, 2, 0, 0, 0]]
    true = [0, 0, 1, 1, 0, 2, 2, 2, 1]
    found = syn0.plots.confusion(Told(), said, true, labels=["cat", "dog", "owl"])
    np.testing.assert_array_equal(found.values["counts"], [[2, 1, 0], [1, 2, 0], [2, 0, 1]])
    np.testing.assert_allclose(found.values["shares"].sum(axis=1), 1)
    assert found.values["confused"] == [("owl", "cat", 2), ("cat", "dog", 1), ("dog", "cat", 1)]
    title = " ".join(found.axes[0].get_title("left").split())
    assert title.startswith("55.6 % of 9 samples right")
    assert "owl as cat (2 times), cat as dog (1 time)" in title
    cells = [t.get_text() for t in found.axes[0].texts]
    assert cells == [
        "2\n67 %",
        "1\n33 %",
        "0",
        "1\n33 %",
        "2\n67 %",
        "0",
        "2\n67 %",
        "0",
        "1\n33 %",
    ]


def test_a_class_without_samples_and_a_perfect_network() -> None:
    found = syn0.plots.confusion(Told(), np.eye(3)[[0, 1]], [0, 1])
    np.testing.assert_array_equal(found.values["shares"], np.diag([1, 1, 0]))
    assert "no class is taken for another" in found.axes[0].get_title("left")


@pytest.mark.parametrize("classes", [2, 12, 25, 26, 100])
def test_many_classes_are_drawn(classes: int) -> None:
    names = [f"class_{i} with a long name" for i in range(classes)]
    found = syn0.plots.confusion(Told(), np.eye(classes), np.arange(classes), labels=names)
    found._repr_png_()
    assert bool(found.axes[0].texts) is (classes <= 25)
    assert len(found.axes[0].get_xticks()) <= 25


@pytest.mark.parametrize("y", [[0, 1, 2], np.eye(3), [[0], [1], [2]], ["a", "b", "c"], [0.0, 1, 2]])
def test_classes_are_numbers_rows_or_labels(y: Any) -> None:
    found = syn0.plots.confusion(Told(), np.eye(3), y, labels=np.array(["a", "b", "c"]))
    np.testing.assert_array_equal(found.values["counts"], np.eye(3))


@pytest.mark.parametrize(
    ("said", "y", "labels", "error", "match"),
    [
        (np.eye(3), [0, 1], None, ShapeError, "3 samples"),
        (np.eye(3), [0, 1, 3], None, DataError, "y holds 3"),
        (np.eye(3), [0, 1, 0.5], None, DataError, "y holds 0.5"),
        (np.eye(3), ["a", "b", "d"], ["a", "b", "c"], DataError, "y holds 'd'"),
        (np.eye(3), ["a", "b", "d"], None, DataError, "np.unique"),
        (np.eye(3), [0, 1, 2], ["a"], DataError, "there are 1 labels"),
        (np.array([[2.0], [1.0]]), [0, 1], None, DataError, "no probability"),
        (np.zeros((2, 2, 2)), [0, 1], None, DataError, "a row of classes"),
    ],
)
def test_classes_that_do_not_fit_are_refused(
    said: Any, y: Any, labels: Any, error: type[Exception], match: str
) -> None:
    with pytest.raises(error, match=match):
        syn0.plots.confusion(Told(), said, y, labels=labels)


def test_several_outputs_are_refused() -> None:
    x = syn0.Input((2,))
    net = syn0.Model(x, [Dense(2)(x), Dense(2)(x)])
    with pytest.raises(DataError, match="one output"):
        syn0.plots.confusion(net, X, Y)


# ----- calibration --------------------------------------------------------------------


def test_the_expected_calibration_error_is_that_of_the_definition() -> None:
    said = np.array([[0.8], [0.8], [0.8], [0.8], [0.8], [0.3], [0.3]])
    found = syn0.plots.calibration(Told(), said, [1, 1, 1, 0, 0, 0, 0])
    np.testing.assert_allclose(found.values["probability"], [0.3, 0.8])
    np.testing.assert_allclose(found.values["frequency"], [0, 0.6])
    np.testing.assert_array_equal(found.values["count"], [2, 5])
    assert found.values["expected_calibration_error"] == pytest.approx((2 * 0.3 + 5 * 0.2) / 7)
    assert any("calibration error 0.229, 7 samples" in text for text in words(found))


def test_of_many_classes_it_is_that_of_the_chosen_one() -> None:
    said = np.array([[0.7, 0.2, 0.1], [0.7, 0.2, 0.1], [0.1, 0.1, 0.8]])
    found = syn0.plots.calibration(Told(), said, [0, 1, 2])
    np.testing.assert_allclose(found.values["frequency"], [0.5, 1.0])
    assert any("predicted class" in text for text in words(found))


def test_classes_may_have_words() -> None:
    said, words_of_y = [[0.8], [0.8], [0.3]], ["well", "ill", "ill"]
    found = syn0.plots.calibration(Told(), said, words_of_y, ["ill", "well"])
    np.testing.assert_allclose(found.values["frequency"], [0, 0.5])
    assert any("predicted probability of well\n" in text for text in words(found))
    numbers = syn0.plots.calibration(Told(), said, [1, 0, 0])
    assert any("predicted probability of class 1\n" in text for text in words(numbers))
    with pytest.raises(DataError, match="y holds 'sick'"):
        syn0.plots.calibration(Told(), said, ["sick", "ill", "ill"], labels=["ill", "well"])


def test_a_perfect_and_a_sure_but_wrong_network() -> None:
    right = syn0.plots.calibration(Told(), [[1.0], [0.0]], [1, 0])
    assert right.values["expected_calibration_error"] == 0
    wrong = syn0.plots.calibration(Told(), [[1.0], [0.0]], [0, 1], bins=1)
    assert wrong.values["count"].tolist() == [2]
    assert wrong.values["expected_calibration_error"] == 0, "one part hides it"
    assert syn0.plots.calibration(Told(), [[1.0], [0.0]], [0, 1]).values[
        "expected_calibration_error"
    ] == pytest.approx(1)


def test_intervals_hold_the_share_and_shrink_with_samples() -> None:
    low, high = _wilson(np.array([0.0, 0.5, 0.5, 1.0]), np.array([5, 10, 1000, 5]))
    assert (low <= [0, 0.5, 0.5, 1]).all() and (high >= [0, 0.5, 0.5, 1]).all()
    assert high[1] - low[1] > high[2] - low[2] > 0.05
    np.testing.assert_allclose([low[1], high[1]], [0.2366, 0.7634], atol=1e-4)


def test_what_are_no_probabilities_is_refused() -> None:
    for said in (np.array([[0.9, 0.9]]), np.array([[-0.5, 1.5]]), np.array([[np.nan, 1.0]])):
        with pytest.raises(DataError, match="add up to 1"):
            syn0.plots.calibration(Told(), said, [0])
    with pytest.raises(ArgumentError, match="1 or more"):
        syn0.plots.calibration(Told(), [[0.5]], [0], bins=0)
