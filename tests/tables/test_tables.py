"""Networks for tables: what they take, how well they predict, and that scores are honest."""

from __future__ import annotations

import copy
import itertools
from typing import Any

import numpy as np
import pytest
from sklearn.datasets import load_breast_cancer, load_diabetes

import syn0
from syn0.data import Preparation, Table
from syn0.tables import (
    MIDDLE,
    RECIPES,
    STRONG,
    WEAK,
    cross_validate_table,
    fit_table,
    table_network,
)
from syn0.training import LambdaCallback


def people(rng: np.random.Generator, rows: int = 300) -> Table:
    """Return a table with gaps, categories and a rule that takes two columns together."""
    age = rng.integers(20, 90, rows).astype(float)
    sex = rng.choice(["f", "m"], rows)
    city = rng.choice(["Ulm", "Bonn", "Kiel"], rows).astype(object)
    risk = np.where(sex == "f", age - 55, 55 - age) + 30 * (city == "Ulm")
    age[rng.random(rows) < 0.05] = np.nan
    city[rng.random(rows) < 0.05] = None
    return Table({
        "age": age, "sex": sex, "city": city, "noise": rng.normal(size=rows),
        "ill": np.where(risk + rng.normal(0, 5, rows) > 0, "yes", "no"),
    })  # fmt: skip


def of_sklearn(load: Any) -> Table:
    bunch = load()
    return Table({**dict(zip(bunch.feature_names, bunch.data.T, strict=True)), "y": bunch.target})


# ----- networks that take tables ------------------------------------------


def test_a_network_takes_tables_wherever_it_takes_arrays(rng: np.random.Generator) -> None:
    train, held = people(rng).split(0.3, 0, stratify="ill")
    preparation = Preparation.learn(train, "ill")
    nets = [table_network(preparation, random_state=3) for _ in range(3)]
    X, y = preparation.samples(train)
    X_held, y_held = preparation.samples(held)
    nets[0].fit(X, y, epochs=3, validation_data=(X_held, y_held), verbose=0)
    nets[1].fit(train, epochs=3, validation_data=held, verbose=0)
    nets[2].fit(train, y, epochs=3, validation_data=(held, y_held), verbose=0)
    for net in nets[1:]:
        assert dict(net.history) == dict(nets[0].history)
        np.testing.assert_array_equal(net.predict(held), nets[0].predict(X_held))
    net = nets[0]
    assert net.evaluate(held) == net.evaluate(X_held, y_held) == net.evaluate(held, y_held)
    for name, gradient in net.gradients(held).items():
        np.testing.assert_array_equal(gradient, net.gradients(X_held, y_held)[name])
    np.testing.assert_array_equal(net.predict(held.drop("ill")), net.predict(X_held))
    np.testing.assert_array_equal(net.predict(dict(held.columns)), net.predict(X_held))
    for name, values in net.activations(held).items():
        np.testing.assert_array_equal(values, net.activations(X_held)[name])
    assert net.code(train) == net.code(X, y)
    assert net.step(held).keys() == net.step(X_held, y_held).keys()


@pytest.mark.parametrize("library", ["pandas", "polars"])
def test_a_network_takes_data_frames(library: str, rng: np.random.Generator) -> None:
    frames = pytest.importorskip(library)
    table = people(rng)
    frame = frames.DataFrame({name: column.tolist() for name, column in table.columns.items()})
    net = table_network(Preparation.learn(frame, "ill"), random_state=0)
    twin = table_network(Preparation.learn(table, "ill"), random_state=0)
    net.fit(frame, epochs=2, verbose=0)
    twin.fit(table, epochs=2, verbose=0)
    np.testing.assert_array_equal(net.predict(frame), twin.predict(table))


def test_one_row_is_a_mapping(rng: np.random.Generator) -> None:
    table = people(rng)
    net = table_network(Preparation.learn(table, "ill"), random_state=0)
    row = {"sex": "f", "age": None, "city": "Paris", "noise": "0.5"}
    one = net.predict_one(row)
    assert one.shape == (2,)
    whole = net.predict({name: [value] for name, value in row.items()})
    np.testing.assert_array_equal(one, whole[0])
    np.testing.assert_array_equal(net.predict_one(net.preparation.row(row)), one)


def test_without_a_preparation_all_is_as_before(rng: np.random.Generator) -> None:
    net = syn0.Sequential(syn0.Input((3,), name="x"), syn0.Dense(1), random_state=0)
    assert net.preparation is None
    X = rng.normal(size=(4, 3))
    np.testing.assert_array_equal(net.predict({"x": X}), net.predict(X))
    with pytest.raises(syn0.errors.DataError, match="X is a table"):
        net.predict(Table({"x": [1, 2]}))
    with pytest.raises(syn0.errors.ArgumentError, match="validation_data is a ndarray"):
        net.fit(X, X[:, :1], validation_data=X, verbose=0)


def test_copies_keep_the_preparation(rng: np.random.Generator) -> None:
    table = people(rng, 50)
    net = table_network(Preparation.learn(table, "ill"), random_state=0)
    other = copy.deepcopy(net)
    assert other.preparation is net.preparation
    np.testing.assert_array_equal(other.predict(table), net.predict(table))
    assert net.reset().preparation is other.preparation


# ----- recipes ------------------------------------------------------------


def test_recipes_go_from_strong_to_weak() -> None:
    assert RECIPES == (STRONG, MIDDLE, WEAK)
    for one, other in itertools.pairwise(RECIPES):
        assert one.dropout > other.dropout
        assert one.weight_decay > other.weight_decay
        assert one.steps < other.steps


@pytest.mark.parametrize("rows", [1, 7, 60, 300, 1_500, 20_000, 300_000])
def test_training_grows_with_the_table(rows: int) -> None:
    for recipe in RECIPES:
        found = recipe.training(rows)
        batches = -(-rows // found["batch_size"])
        assert 16 <= found["batch_size"] <= 256
        assert 20 <= found["epochs"] <= 400
        assert batches * found["epochs"] >= min(recipe.steps, 400 * batches)
        assert found["optimizer"].learning_rate.decay_steps == batches * found["epochs"]


# ----- from table to network ----------------------------------------------


def test_a_table_is_learned_without_a_word_of_preparation(rng: np.random.Generator) -> None:
    train, held = people(rng, 600).split(0.3, 0, stratify="ill")
    told: list[tuple[int, int, str]] = []
    found = fit_table(
        train, "ill", validation=held, progress=lambda *words: told.append(words), epochs=60
    )
    assert [done for done, _, _ in told] == list(range(1, 14))
    assert {total for _, total, _ in told} == {13}
    assert set(found.losses) == {"strong", "middle", "weak"}
    assert found.recipe.name == min(found.losses, key=found.losses.__getitem__)
    assert len(found.history["val_loss"]) == 60
    answer = found.predict(held)
    right = np.mean(answer["ill"] == held["ill"])
    # No line through the columns one by one comes near: age counts up for one sex, down for
    # the other.
    assert right > 0.75
    np.testing.assert_allclose(
        answer["probability of yes"] + answer["probability of no"], 1, atol=1e-5
    )


def test_the_same_seed_gives_the_same_network(rng: np.random.Generator) -> None:
    table, seed = people(rng, 120), int(rng.integers(2**31))
    one, again, other = (
        fit_table(table, "ill", recipe=STRONG, random_state=s) for s in (seed, seed, seed + 1)
    )
    for name, value in one.network.parameters.items():
        np.testing.assert_array_equal(again.network.parameters[name], value)
    assert any(
        not np.array_equal(other.network.parameters[name], value)
        for name, value in one.network.parameters.items()
    )


def test_options_reach_the_last_training(rng: np.random.Generator) -> None:
    epochs: list[int] = []
    listener = LambdaCallback(on_epoch_end=lambda event, run: epochs.append(event.epoch))
    found = fit_table(people(rng, 60), "ill", recipe=WEAK, epochs=4, callbacks=[listener])
    assert epochs == [0, 1, 2, 3]
    assert found.recipe == WEAK
    assert found.losses == {}


# ----- scores -------------------------------------------------------------


def test_breast_cancer_is_told_in_97_of_100_cases() -> None:
    found = cross_validate_table(of_sklearn(load_breast_cancer), "y", recipe=STRONG)
    assert found.measures == ("accuracy",)
    assert found.mean() >= 0.97
    assert abs(found.mean("dummy") - 0.627) < 0.001
    assert sum(fold.rows for fold in found.folds) == 569


def test_amounts_are_told_as_well_as_by_ridge() -> None:
    found = cross_validate_table(of_sklearn(load_diabetes), "y", recipe=MIDDLE)
    assert found.measures == ("r2",)
    assert found.mean() > found.mean("linear") - 0.02
    assert found.mean("dummy") < 0.01


def test_nothing_is_told_from_noise(rng: np.random.Generator) -> None:
    # Labels drawn anew: any score above chance would come from the rows that are held out.
    table = people(rng, 200)
    table = Table({**table.columns, "ill": rng.permutation(["yes", "no"] * 100)})
    found = cross_validate_table(table, "ill", recipe=STRONG, folds=4)
    assert abs(found.mean() - 0.5) < 0.15
    assert abs(found.mean("linear") - 0.5) < 0.15


def test_unbalanced_classes_have_a_second_measure(rng: np.random.Generator) -> None:
    rows = 200
    x = rng.normal(size=rows)
    table = {"x": x, "rare": np.where(np.argsort(np.argsort(x)) >= 180, "yes", "no")}
    told: list[int] = []
    found = cross_validate_table(
        table, "rare", recipe=WEAK, folds=2, progress=lambda done, total, _: told.append(done)
    )
    assert found.measures == ("accuracy", "balanced_accuracy")
    assert found.mean("dummy") == 0.9
    assert found.mean("dummy", "balanced_accuracy") == 0.5
    assert found.mean(measure="balanced_accuracy") > 0.8
    assert told == [1, 2]
    lines = repr(found).splitlines()
    assert lines[0] == "'rare' of rows that were held out, in 2 folds:"
    assert len(lines) == 7
