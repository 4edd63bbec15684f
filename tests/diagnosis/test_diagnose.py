"""`net.diagnose` on networks of all kinds; it changes nothing, and all engines agree."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest
from faults import neurons_that_died
from healthy import RUNS, digits, hidden, net_of, table
from nets import numbers

import syn0
from syn0 import Dense, diagnosing, ops
from syn0.diagnosing import choose_samples
from syn0.engines import choose
from syn0.errors import DataError, NotBuiltError, ShapeError
from syn0.probing import Probe
from syn0.training.samples import Data

X, CLASSES = numbers(60, 4), np.arange(60) % 3


def classifier(seed: int = 0) -> syn0.Sequential:
    return net_of(seed, hidden(8, "relu", name="hidden"), hidden(3, "softmax", name="out"))


def everything(net: syn0.Model) -> dict[str, Any]:
    """Return all that a network holds, as bytes where it is numbers."""
    trainer = net._trainer
    return {
        "numbers": {name: (id(v), v.tobytes()) for name, v in net.numbers.items()},
        "history": {name: list(v) for name, v in net.history.items()},
        "epochs": (net.history.epochs, trainer.epochs_done),
        "rest": (net.seed, net.engine, frozenset(net.frozen), frozenset(net._settled)),
        "trainer": (id(trainer.task), id(trainer.plan), id(trainer.record), trainer.settings),
    }


# ----- it changes nothing -------------------------------------------------


def test_nothing_of_the_network_is_touched() -> None:
    net = classifier()
    net.fit(X, CLASSES, epochs=3, verbose=0)
    before = everything(net)
    net.diagnose(X, CLASSES)
    assert everything(net) == before


@pytest.mark.parametrize("engine", ["numpy", "llvm"])
def test_training_goes_on_with_the_same_bits(engine: str) -> None:
    watched, plain = net_of(0, hidden(8, "relu"), syn0.Dropout(0.3), Dense(3)), None
    plain = net_of(0, hidden(8, "relu"), syn0.Dropout(0.3), Dense(3))
    for net in (watched, plain):
        for _ in range(3):
            net.fit(X, CLASSES, loss="cross_entropy", epochs=4, batch_size=7, engine=engine,
                    verbose=0)  # fmt: skip
            if net is watched:
                net.diagnose(X, CLASSES)
    assert {n: v.tobytes() for n, v in watched.numbers.items()} == {
        n: v.tobytes() for n, v in plain.numbers.items()
    }
    assert dict(watched.history) == dict(plain.history)


def test_twice_says_the_same() -> None:
    net, X, y, settings = neurons_that_died(mended=False)
    net.fit(X, y, verbose=0, **settings)
    assert list(net.diagnose(X, y)) == list(net.diagnose(X, y)) != []


def test_the_data_are_not_written_to() -> None:
    net = classifier()
    net.fit(X, CLASSES, epochs=1, verbose=0)
    x, y = X.copy(), CLASSES.copy()
    x.setflags(write=False)
    y.setflags(write=False)
    net.diagnose(x, y)


# ----- what it is given ---------------------------------------------------


def test_an_unbuilt_network_is_an_error_that_says_what_to_call() -> None:
    net = classifier()
    with pytest.raises(NotBuiltError, match="does not know the shape"):
        net.diagnose(X, CLASSES)
    assert not net.built


def test_a_network_that_was_never_trained_is_looked_at_as_it_begins() -> None:
    net = net_of(0, hidden(8, "tanh", name="hidden"), Dense(1)).build((4,))
    report = net.diagnose(1000 * X, X[:, 0] * X[:, 1])
    assert [v.kind for v in report] == ["unscaled_input", "saturation"]
    assert "learning_rate" not in str(report)


def test_data_that_do_not_fit_are_errors() -> None:
    net = classifier()
    net.fit(X, CLASSES, epochs=1, verbose=0)
    with pytest.raises(ShapeError):
        net.diagnose(X[:, :3], CLASSES)
    with pytest.raises(DataError):
        net.diagnose(X)


def test_a_thousand_samples_are_chosen_by_the_seed() -> None:
    data = Data({"x": np.arange(3000)})
    rows = [choose_samples(data, seed).inputs["x"] for seed in (0, 0, 1)]
    assert len(rows[0]) == len(np.unique(rows[0])) == 1000
    assert (np.diff(rows[0]) > 0).all()
    assert (rows[0] == rows[1]).all() and (rows[0] != rows[2]).any()
    assert choose_samples(Data({"x": np.arange(10)}), 0).samples == 10
    x, y = np.tile(X, (50, 1)), np.tile(CLASSES, 50)
    net = classifier()
    net.fit(x, y, epochs=1, verbose=0)
    assert "1,000 of 3,000 samples" in net.diagnose(x, y).text()


# ----- networks of all kinds ----------------------------------------------


def test_several_inputs_and_outputs() -> None:
    run = next(run for run in RUNS if run.name == "two_inputs")
    net, (a, b), y = run.run(0)
    assert list(net.diagnose((a, b), y)) == []
    wrong = net.diagnose({"a": a, "b": 100 * b}, {**y, "strength": 1000 * y["strength"]})
    found = {(v.kind, v.layer) for v in wrong}
    assert {("unscaled_input", "dense_2"), ("unscaled_target", "strength")} <= found
    assert ("unscaled_input", "dense_1") not in found
    b[:, 3] = 7
    assert "column 3 (counted from 0) of X['b'] is 7" in net.diagnose((a, b), y).text()


def test_a_loss_of_ones_own() -> None:
    net = net_of(0, hidden(8, "relu"), Dense(1))
    net.fit(X, X[:, 0] * X[:, 1], loss=lambda y, p: (y - p) ** 4, epochs=30, verbose=0)
    assert list(net.diagnose(X, X[:, 0] * X[:, 1])) == []


def test_a_rare_class_that_was_not_looked_at_is_a_class() -> None:
    x, y = np.tile(X, (50, 1)), np.zeros(3000, dtype=int)
    net = classifier()
    net.fit(x, y, epochs=1, verbose=0)
    (found,) = net.diagnose(x, y)
    assert found.kind == "constant_target" and "is class 0 for all 1,000 samples" in found.message
    y[choose_samples(Data({"x": np.arange(3000)}), net.seed).inputs["x"][0] - 1] = 1
    assert list(net.diagnose(x, y)) == []


def test_features_of_a_table_are_called_by_name() -> None:
    rng = np.random.default_rng(0)
    table = {"size": rng.normal(size=90), "colour": list("rgb") * 30, "price": rng.normal(size=90)}
    net = net_of(0, hidden(8, "relu", name="hidden"), Dense(1))
    net.preparation = syn0.data.Preparation.learn(table, target="price")
    net.fit(table, epochs=2, verbose=0)
    features, y = net.preparation.samples(table)
    features[:, 0] *= 1000
    text = net.diagnose(features, y).text()
    assert "the largest, of feature 'size', are about" in text
    features[:, 0] = 2 * np.ravel(y)
    (leak,) = [v for v in net.diagnose(features, y) if v.kind == "label_leak"]
    assert "column 'size' of X" in leak.message and leak.mend == "leave_out=['size']"


def test_class_numbers_are_no_values_whatever_the_loss() -> None:
    net = classifier()
    loss = lambda y, p: ops.sum((y - p) ** 2, axis=-1)  # noqa: E731
    net.fit(X, CLASSES, loss=loss, epochs=30, optimizer=syn0.Adam(0.01), verbose=0)
    assert list(net.diagnose(X, CLASSES)) == []


def test_a_second_fit_is_measured_by_the_loss_of_the_first() -> None:
    """Noise in a loss that is small already is no loss that rises."""
    x, y = digits()
    net = net_of(0, hidden(64, "relu"), syn0.Dropout(0.5), hidden(10, "softmax"))
    net.fit(x, y, epochs=60, optimizer=syn0.Adam(0.003), verbose=0)
    for _ in range(4):
        history = net.fit(x, y, epochs=6, verbose=0)
        assert list(net.diagnose(x, y)) == [], history["loss"]


def test_a_loss_that_the_network_computes() -> None:
    x = syn0.Input((4,))
    h = hidden(8, "relu", name="hidden")(x)

    class Distance(syn0.Layer):
        def forward(self, p: Any, x: Any, *, training: bool) -> Any:
            return ops.mean(ops.square(x[0] - x[1]))

    back = Dense(4, name="back")(h)
    net = syn0.Model(x, back, random_state=0)
    net.fit(X, loss=Distance()(x, back), epochs=20, verbose=0)
    assert list(net.diagnose(X)) == []
    net.set_parameters({"b_hidden": np.full(8, -100.0)})
    assert [v.kind for v in net.diagnose(X)] == ["dead_units"]


def test_sequences_of_unknown_length_and_whole_numbers() -> None:
    words = np.random.default_rng(0).integers(0, 9, (50, 6))
    words[:, 0] = 3  # each text begins with the same word, which is no constant column
    net = net_of(0, syn0.Input((None,), dtype="int64"), syn0.Embedding(9, 8),
                 syn0.MultiHeadAttention(2, 4), hidden(4, "tanh"),
                 hidden(9, "softmax"))  # fmt: skip
    net.fit(words, words, epochs=30, optimizer=syn0.Adam(0.01), verbose=0)
    assert list(net.diagnose(words, words)) == []


def test_layers_inside_networks_are_named() -> None:
    x, y = digits()
    block = syn0.Residual(hidden(16, "relu", name="inner"), Dense(64), name="block")
    net = net_of(0, block, hidden(10, "softmax")).build((64,))
    net.set_parameters({"b_inner_block": np.full(16, -100.0)})
    net.fit(x, y, epochs=1, verbose=0)
    assert ("dead_units", "inner_block") in [(v.kind, v.layer) for v in net.diagnose(x, y)]


def test_rectifiers_of_ones_own_die_too() -> None:
    def mine(z: Any) -> Any:
        return np.maximum(z, 0)

    for activation in (mine, syn0.Activation("relu", derivative=lambda y: y > 0)):
        net = net_of(0, hidden(8, activation, name="hidden"), Dense(1)).build((4,))
        net.set_parameters({"b_hidden": np.full(8, -100.0)})
        assert net.diagnose(X, X[:, 0] * X[:, 1])[0].layer == "hidden"


@pytest.mark.parametrize(
    "optimizer", ["lbfgs", syn0.SGD(syn0.StepDecay(0.1, 5)), {"W_*": "adam", "b_*": "sgd"}]
)
def test_optimizers_of_all_kinds(optimizer: Any) -> None:
    x, y = table("wine")
    net = net_of(0, hidden(8, "tanh"), hidden(3, "softmax"))
    net.fit(x, y, optimizer=optimizer, epochs=40, verbose=0)
    assert list(net.diagnose(x, y)) == []


def test_layers_that_were_frozen_or_let_go_since() -> None:
    net = classifier().build((4,)).freeze("hidden")
    net.fit(X, CLASSES, epochs=5, verbose=0)
    assert list(net.diagnose(X, CLASSES)) == []
    net.unfreeze("*")
    assert list(net.diagnose(X, CLASSES)) == []


def test_weights_and_chunks_of_the_fit_do_not_matter() -> None:
    net = classifier()
    net.fit(X, CLASSES, sample_weight=np.arange(60) + 1.0, epochs=5, verbose=0)
    assert list(net.diagnose(X, CLASSES)) == []
    net.fit([(X, CLASSES), (X, CLASSES)], epochs=5, verbose=0)
    assert list(net.diagnose(X, CLASSES)) == []


def test_early_stopping_that_restores_is_no_overfitting() -> None:
    from faults import learned_by_heart

    for restore, wanted in ((True, False), (False, True)):
        net, x, y, settings = learned_by_heart(mended=False)
        stop = syn0.EarlyStopping(patience=60, restore_best=restore)
        net.fit(x, y, verbose=0, **{**settings, "callbacks": [stop]})
        assert ("overfitting" in [v.kind for v in net.diagnose(x, y)]) == wanted


def test_only_the_last_fit_counts() -> None:
    x, y = digits()
    net = net_of(0, hidden(32, "tanh"), hidden(10, "softmax"))
    net.fit(x, y, optimizer=syn0.SGD(10.0), epochs=10, verbose=0)
    assert "step_too_high" in [v.kind for v in net.diagnose(x, y)]
    net.reset()
    net.fit(x, y, optimizer=syn0.SGD(0.1), epochs=10, verbose=0)
    assert list(net.diagnose(x, y)) == []


# ----- the probe ----------------------------------------------------------


def probed(net: syn0.Model, x: Any, y: Any, engine: str | None) -> dict[str, np.ndarray]:
    trainer = net._trainer
    task, data = trainer.given(x, y, None)
    net.engine = engine or net.engine
    plan = trainer.plan
    told, updates = Probe(net, data.all(), task, plan, compiled=engine is not None).run(net.numbers)
    return {**told, **{f"new {name}": value for name, value in updates.items()}}


@pytest.mark.parametrize("name", ["digits_residual", "digits_batch_normalized", "two_inputs"])
def test_engines_tell_the_same(name: str) -> None:
    net, x, y = next(run for run in RUNS if run.name == name).run(0, epochs=2)
    plain = probed(net, x, y, None)
    assert any(key.startswith("flat ") for key in plain)
    for engine in ("numpy", "llvm"):
        found = probed(net, x, y, engine)
        assert found.keys() == plain.keys()
        for key, value in plain.items():
            # Where a gradient is noise, as before a batch normalization, so is Adam's step.
            step = 2e-3 if key.startswith("new ") else 1e-5
            np.testing.assert_allclose(found[key], value, rtol=2e-3, atol=step, err_msg=key)


class Penalized(syn0.SGD):
    """An optimizer that adds to the loss."""

    def penalty(self, parameters: Any, h: Any, weight: Any) -> Any:
        return sum(ops.sum(ops.square(w)) for w in parameters.values())


@pytest.mark.parametrize("optimizer", ["adam", Penalized(0.1)])
def test_the_probes_step_is_that_of_the_optimizer(optimizer: Any) -> None:
    net = classifier()
    net.fit(X, CLASSES, epochs=3, optimizer=optimizer, batch_size=None, verbose=0)
    told = probed(net, X, CLASSES, None)
    net.step(X, CLASSES)
    for name, value in net.parameters.items():
        np.testing.assert_allclose(told[f"new {name}"], value, rtol=1e-4, atol=1e-6)


def test_large_networks_are_probed_by_their_engine(monkeypatch: pytest.MonkeyPatch) -> None:
    net, x, y, settings = neurons_that_died(mended=False)
    net.fit(x, y, verbose=0, **settings)
    small = net.diagnose(x, y)
    engine, compiled = type(choose(net.engine)[0]), []
    compile_program = engine.compile

    def watched(self: Any, program: Any) -> Any:
        compiled.append(program.name)
        return compile_program(self, program)

    monkeypatch.setattr(engine, "compile", watched)
    net.diagnose(x, y)
    assert compiled == []
    monkeypatch.setattr(diagnosing, "AT_ONCE", 1.0)
    assert [(v.kind, v.layer, v.number) for v in net.diagnose(x, y)] == [
        (v.kind, v.layer, v.number) for v in small
    ]
    net.diagnose(x, y)
    assert compiled == ["probe"]
