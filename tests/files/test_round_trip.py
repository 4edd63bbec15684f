"""A network that was saved and loaded is the same, bit for bit, and goes on in the same way."""

from __future__ import annotations

import copy
import sys
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import wares
from conftest import seeded
from wares import CLASSES, OWN, X, Y, digest, trip

import syn0

TESTS = Path(__file__).parents[1]
sys.path[:0] = [str(TESTS / "engines" / "llvm"), str(TESTS / "layers")]

from trainings import NETWORKS, OPTIMIZERS, Training  # noqa: E402


def same(one: Any, other: Any, x: Any, y: Any, **options: Any) -> None:
    """Hold two networks against each other: numbers, outputs, figures, training, history."""
    assert digest(one) == digest(other)
    found, wanted = other.predict(x), one.predict(x)
    if not isinstance(wanted, dict):
        found, wanted = {"": found}, {"": wanted}
    assert {k: v.tobytes() for k, v in found.items()} == {k: v.tobytes() for k, v in wanted.items()}
    assert one.evaluate(x, y) == other.evaluate(x, y)
    for net in (one, other):
        net.fit(x, y, **{**wares.OPTIONS, **options})
    assert digest(one) == digest(other)
    assert list(one.history) == list(other.history)
    for key, column in one.history.items():
        np.testing.assert_array_equal(column, other.history[key])


def check_training(training: Training, folder: Path) -> None:
    """Fit a network, send it through a file, and let both go on."""
    net = training.run()
    again = trip(net, folder)
    assert type(again) is type(net)
    assert list(again.layers) == list(net.layers)
    assert again._trainer.settings.optimizer == net._trainer.settings.optimizer
    same(net, again, *training.data())
    assert digest(net.reset()) == digest(again.reset())


# Each in one dtype with one optimizer, drawn anew.
@pytest.mark.sampled(6)
@pytest.mark.parametrize("network", NETWORKS)
def test_layers_come_back(network: str, tmp_path: Path) -> None:
    rng = seeded("round trip", network)
    optimizer, dtype = str(rng.choice([*OPTIMIZERS])), str(rng.choice(["float32", "float64"]))
    check_training(Training(network, optimizer, dtype), tmp_path)


@pytest.mark.sampled(3)
@pytest.mark.parametrize("optimizer", OPTIMIZERS)
def test_optimizers_continue(optimizer: str, tmp_path: Path) -> None:
    check_training(Training("Dense", optimizer), tmp_path)


@pytest.mark.sampled(3)
@pytest.mark.parametrize("name", OWN)
def test_parts_of_ones_own_come_back_without_their_classes(name: str, tmp_path: Path) -> None:
    case, dtype = OWN[name], str(seeded("own", name).choice(["float32", "float64"]))
    net = case.make(dtype)
    case.fit(net, **case.options)
    for custom in ((), case.custom):
        one = copy.deepcopy(net)
        again = trip(one, tmp_path, custom=custom)
        third = trip(again, tmp_path)  # and of a graph a graph
        same(copy.deepcopy(one), third, X, case.y)
        same(one, again, X, case.y)
        back = trip(third, tmp_path, custom=case.custom)
        assert digest(one.reset()) == digest(again.reset()) == digest(back.reset())
        options = {k: v for k, v in case.options.items() if k != "metrics"}
        for each in (one, again, back):
            case.fit(each, **options)
        assert digest(one) == digest(again) == digest(back)


def test_custom_brings_the_classes_back(tmp_path: Path) -> None:
    case = OWN["layers"]
    net = case.make()
    case.fit(net)
    plain = trip(net, tmp_path)
    assert type(plain["scale_1"]).__name__ == "StoredLayer"
    assert repr(plain) == repr(net)
    again = syn0.load(tmp_path / "net.syn0", custom=[wares.Scale, wares.gated])
    assert again["scale_1"] == wares.Scale(2.0)
    assert again["dense_1"].activation is wares.gated
    assert type(again["noisy_1"]).__name__ == "StoredLayer"
    named = syn0.load(tmp_path / "net.syn0", custom={"Noisy": wares.Noisy})
    assert named["noisy_1"] == wares.Noisy()


def test_a_class_that_is_not_the_one_is_refused(tmp_path: Path) -> None:
    case = OWN["layers"]
    net = case.make()
    case.fit(net)
    net.save(tmp_path / "net.syn0")
    with pytest.raises(syn0.errors.FileFormatError, match="custom gives Scale, which is no Layer"):
        syn0.load(tmp_path / "net.syn0", custom={"Scale": dict})
    with pytest.raises(syn0.errors.FileFormatError, match=r"unexpected keyword|no argument"):
        syn0.load(tmp_path / "net.syn0", custom={"Scale": syn0.Dense})


def test_a_graph_says_for_what_it_was_drawn(tmp_path: Path) -> None:
    case = OWN["layers"]
    net = case.make()
    case.fit(net)
    layer = trip(net, tmp_path)["noisy_1"]
    with pytest.raises(syn0.errors.FileFormatError, match=r"custom=\[Noisy\]"):
        syn0.Sequential(layer).build((7,))


def test_a_function_of_single_elements_serves_any_shape(tmp_path: Path) -> None:
    net = syn0.Sequential(syn0.Dense(5, wares.gated, name="h"), random_state=0).build((3,))
    function = trip(net, tmp_path)["h"].activation
    other = syn0.Sequential(syn0.Dense(2, function), random_state=0).build((7,))
    wanted = syn0.Sequential(syn0.Dense(2, wares.gated), random_state=0).build((7,))
    # Another name of the function is another initializer, so the weights are set alike.
    other.set_parameters(wanted.parameters)
    x = np.random.default_rng(0).normal(size=(9, 7))
    np.testing.assert_array_equal(other.predict(x), wanted.predict(x))


def test_a_network_that_was_never_fitted(tmp_path: Path) -> None:
    net = syn0.Sequential(syn0.Normalization(), syn0.Dense(2), random_state=4).build((4,))
    net.set_parameters({"b_dense_1": [1.0, 2.0]})
    again = trip(net, tmp_path)
    assert digest(again) == digest(net)
    for one in (net, again):
        one.fit(X, Y, **wares.OPTIONS)
    assert digest(again) == digest(net)
    assert digest(again.reset()) == digest(net.reset())
    np.testing.assert_array_equal(again.parameters["b_dense_1"], [1.0, 2.0])


def test_a_network_without_shapes_says_so(tmp_path: Path) -> None:
    with pytest.raises(syn0.errors.NotBuiltError, match=r"net\.build"):
        syn0.Sequential(syn0.Dense(2)).save(tmp_path / "net.syn0")
    assert not list(tmp_path.iterdir())


def test_a_loss_that_the_network_computes_itself(tmp_path: Path) -> None:
    x = syn0.Input((4,), name="a")
    again = syn0.Dense(4, name="out")(syn0.Dense(3, "tanh", name="h")(x))

    from dataclasses import dataclass

    @dataclass(frozen=True)
    class Error(syn0.Layer):
        def forward(self, p: Any, x: Any, *, training: bool) -> Any:
            return syn0.ops.mean(syn0.ops.square(x[0] - x[1]))

    net = syn0.Model(x, again, random_state=3)
    net.fit(X, loss=Error()(x, again), **wares.OPTIONS)
    loaded = trip(net, tmp_path)
    assert digest(loaded) == digest(net)
    for one in (net, loaded):
        one.fit(X, **wares.OPTIONS)
    assert digest(loaded) == digest(net)


def test_several_inputs_and_times_of_any_length(tmp_path: Path) -> None:
    words, size = syn0.Input((None,), dtype="int64", name="words"), syn0.Input((2,), name="size")
    h = syn0.Embedding(9, 4)(words)
    h = syn0.Attention(causal=False)(h)
    net = syn0.Model(
        {"words": words, "size": size},
        {"a": syn0.Dense(3)(h), "b": syn0.Dense(1)(size)},
        random_state=0,
    ).build()
    loaded = trip(net, tmp_path)
    rng = np.random.default_rng(0)
    for length in (3, 5):
        x = {"words": rng.integers(0, 9, (6, length)), "size": rng.normal(size=(6, 2))}
        one, other = net.predict(x), loaded.predict(x)
        assert one["a"].shape == (6, length, 3)
        assert all(one[k].tobytes() == other[k].tobytes() for k in one)


def test_part_of_a_network(tmp_path: Path) -> None:
    net = Training("classes").run()
    part = net.until("dense_1")
    again = trip(part, tmp_path)
    x, _ = Training("classes").data()
    assert again.predict(x).tobytes() == part.predict(x).tobytes()


# ----- what a file cannot hold --------------------------------------------


def test_a_schedule_of_ones_own_becomes_its_present_rate(tmp_path: Path) -> None:
    net = syn0.Sequential(syn0.Dense(2), random_state=0)
    net.fit(X, Y, optimizer=syn0.SGD(wares.falling), **wares.OPTIONS)
    with pytest.warns(UserWarning, match=r"custom=\[falling\]"):
        net.save(tmp_path / "net.syn0")
    plain = syn0.load(tmp_path / "net.syn0")
    rate = wares.falling(int(net.numbers["step"]))
    assert plain._trainer.settings.optimizer == syn0.SGD(rate)
    np.testing.assert_array_equal(plain.numbers["learning_rate"], np.float32(rate))
    plain.fit(X, Y, **wares.OPTIONS)
    whole = syn0.load(tmp_path / "net.syn0", custom=[wares.falling])
    for one in (net, whole):
        one.fit(X, Y, **wares.OPTIONS)
    same_names = net.parameters.keys() & whole.parameters.keys()
    assert all(net.numbers[k].tobytes() == whole.numbers[k].tobytes() for k in same_names)


def test_an_optimizer_of_ones_own_begins_afresh(tmp_path: Path) -> None:
    net = syn0.Sequential(syn0.Dense(2), random_state=0)
    net.fit(X, Y, optimizer=wares.Plain(0.01), **wares.OPTIONS)
    with pytest.warns(UserWarning, match="the optimizer Plain is not in the file"):
        net.save(tmp_path / "net.syn0")
    with pytest.warns(UserWarning, match=r"custom=\[Plain\]"):
        plain = syn0.load(tmp_path / "net.syn0")
    assert plain.predict(X).tobytes() == net.predict(X).tobytes()
    plain.fit(X, Y, **wares.OPTIONS)
    whole = syn0.load(tmp_path / "net.syn0", custom=[wares.Plain])
    same(net, whole, X, Y)


def test_a_metric_in_python_is_left_out(tmp_path: Path) -> None:
    net = syn0.Sequential(syn0.Dense(2), random_state=0)
    net.fit(X, Y, metrics=[wares.Median(), "r2"], **wares.OPTIONS)
    with pytest.warns(UserWarning, match="the metric median is not in the file"):
        net.save(tmp_path / "net.syn0")
    again = syn0.load(tmp_path / "net.syn0")
    assert list(again.evaluate(X, Y)) == ["loss", "r2"]
    assert list(again.history) == ["loss", "median", "r2"]


def test_a_setting_that_no_file_holds_is_named(tmp_path: Path) -> None:
    net = syn0.Sequential(syn0.Dense(2), random_state=0)
    net.fit(X, Y, **wares.OPTIONS)
    net._trainer.settings = net._trainer.settings.followed_by(None, None, {1, 2}, None)
    with pytest.raises(syn0.errors.ArgumentError, match="a file cannot hold"):
        net.save(tmp_path / "net.syn0")
    assert not list(tmp_path.iterdir())


def test_a_layer_that_reads_what_is_not_its_own_is_named(tmp_path: Path) -> None:
    from dataclasses import dataclass

    foreign = syn0.graph.input_tensor("elsewhere", (5,))

    @dataclass(frozen=True)
    class Strange(syn0.Layer):
        def forward(self, p: Any, x: Any, *, training: bool) -> Any:
            return x + foreign

    net = syn0.Sequential(syn0.Dense(5), Strange(), random_state=0).build((3,))
    with pytest.raises(syn0.errors.ArgumentError, match="Strange cannot be saved"):
        net.save(tmp_path / "net.syn0")


# ----- preparation --------------------------------------------------------


@dataclass
class Foreign:
    """A preparation that is none of ours."""

    plain: Any
    arrays: Any

    def to_plain(self) -> Any:
        return self.plain, self.arrays


def test_the_preparation_travels_along(tmp_path: Path, rng: np.random.Generator) -> None:
    size = [*map(float, rng.normal(size=39)), None]
    table = {
        "size": size,
        "colour": [*rng.choice(["red", "blue\n", ""], 39), "red"],
        "seen": [f"2025-01-{1 + i % 28:02}" for i in range(40)],
        "sort": [*rng.choice(["a", "b"], 38), "a", "b"],
    }
    net = syn0.tables.fit_table(table, "sort", recipe=syn0.tables.STRONG).network
    again = trip(net, tmp_path)
    plain, arrays = net.preparation.to_plain()
    found, others = again.preparation.to_plain()
    assert found == plain
    assert others.keys() == arrays.keys()
    for name, values in arrays.items():
        np.testing.assert_array_equal(others[name], values)
    np.testing.assert_array_equal(again.predict(table), net.predict(table))
    answers = net.preparation.decode(net.predict(table))
    for name, values in again.preparation.decode(again.predict(table)).items():
        np.testing.assert_array_equal(values, answers[name])


def test_a_preparation_that_is_none_is_refused(tmp_path: Path) -> None:
    net = syn0.Sequential(syn0.Dense(3, "softmax"), random_state=0).build((2,))
    net.preparation = Foreign({"version": 2, "columns": ["a"]}, {"means": np.ones(2)})
    with pytest.raises(syn0.errors.FileFormatError, match="cannot be loaded"):
        trip(net, tmp_path)


def test_text_in_an_array_is_nothing_for_a_file(tmp_path: Path) -> None:
    net = syn0.Sequential(syn0.Dense(3), random_state=0).build((2,))
    net.preparation = Foreign({"version": 1}, {"names": np.array(["a", "b"])})
    with pytest.raises(syn0.errors.ArgumentError, match="preparation/names has the dtype <U1"):
        net.save(tmp_path / "net.syn0")
    assert not list(tmp_path.iterdir())


def test_classes_and_history_as_they_were(tmp_path: Path) -> None:
    net = syn0.Sequential(syn0.Dense(3, "softmax"), random_state=0)
    net.fit(X, CLASSES, validation_data=0.2, **wares.OPTIONS)
    net.fit(X, CLASSES, **wares.OPTIONS)  # without validation: NaN in its columns
    again = trip(net, tmp_path)
    assert list(again.history) == list(net.history)
    np.testing.assert_array_equal(again.history["val_loss"], net.history["val_loss"])
    assert again.history.epochs == 6
    assert again._trainer.epochs_done == 6
