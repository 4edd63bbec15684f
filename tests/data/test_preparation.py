"""`Preparation`: what columns are, what is learned of them, and that nothing else is."""

from __future__ import annotations

import copy
import json
from collections import Counter
from collections.abc import Callable
from datetime import date, timedelta
from typing import Any

import numpy as np
import pytest
from conftest import seeded

from syn0.data import Preparation, Table
from syn0.data.columns import Boolean, Categorical, Date, Numeric
from syn0.data.numeric import LIMIT
from syn0.errors import DataError, Syn0Error, UnknownNameError


def people(rng: np.random.Generator, rows: int = 240) -> Table:
    """Return a table with a column of each kind, gaps, rare values and columns that say nothing."""
    age = rng.integers(20, 90, rows).astype(float)
    age[rng.random(rows) < 0.1] = np.nan
    city = rng.choice(["Ulm", "Bonn", "Kiel"], rows).astype(object)
    city[:3], city[3:9] = ["Rom", "Genf", "Linz"], None
    days = [date(2020, 1, 1) + timedelta(days=int(d)) for d in rng.integers(0, 900, rows)]
    return Table(
        {
            "id": np.arange(rows) + 1_000,
            "age": age,
            "height": rng.normal(170, 10, rows),
            "city": city,
            "smokes": rng.choice(["yes", "no"], rows),
            "drinks": rng.random(rows) < 0.3,
            "seen": [d.isoformat() for d in days],
            "name": [f"person {i}" for i in range(rows)],
            "country": ["DE"] * rows,
            "nothing": [None] * rows,
            "size": rng.normal(size=rows),
            "ill": rng.choice(["yes", "no", "maybe"], rows),
        }
    )


def learn(table: Table, **options: Any) -> Preparation:
    return Preparation.learn(table, target="ill", **options)


# ----- kinds --------------------------------------------------------------


def test_columns_are_told_apart(rng: np.random.Generator) -> None:
    table = people(rng)
    table = Table({**table.columns, "size too": table["size"], "verdict": table["ill"]})
    preparation = learn(table)
    kinds = {column.name: type(column) for column in preparation.columns}
    assert kinds == {
        "age": Numeric, "height": Numeric, "city": Categorical, "smokes": Boolean,
        "drinks": Boolean, "seen": Date, "size": Numeric,
    }  # fmt: skip
    reasons = {one.name: one.reason for one in preparation.left_out}
    assert reasons == {
        "id": "numbers the rows",
        "name": "has 240 different values in 240 rows",
        "country": "has the same value in every row",
        "nothing": "has no value in any row",
        "size too": "is a copy of 'size'",
        "verdict": "is a copy of the target 'ill'",
    }
    assert preparation.inputs == list(kinds)
    for name, reason in reasons.items():
        assert f"{name:8}  left out: it {reason}" in repr(preparation)


def test_numbers_in_text_are_numbers() -> None:
    texts = [str(i / 2) for i in range(20)]
    preparation = Preparation.learn({"x": texts, "ill": ["yes", "no"] * 10}, "ill")
    (column,) = preparation.columns
    assert isinstance(column, Numeric)
    assert column.center == np.mean(np.arange(20) / 2)


@pytest.mark.parametrize("values", [2, 3, 6, 7])
def test_whole_numbers_of_few_values_are_codes(values: int, rng: np.random.Generator) -> None:
    codes = np.arange(20 * values) % values
    ill = rng.permutation(len(codes)) % 2
    for column in (codes, [*codes[:-1], None]):
        (found,) = learn(Table({"x": column, "ill": ill})).columns
        assert isinstance(found, Categorical if 3 <= values <= 6 else Numeric)
        (given,) = learn(Table({"x": column, "ill": ill}), kinds={"x": "numeric"}).columns
        assert isinstance(given, Numeric)
    halves = learn(Table({"x": codes / 2, "ill": ill}))
    assert isinstance(halves.columns[0], Numeric)


def test_kinds_can_be_given(rng: np.random.Generator) -> None:
    table = Table({"code": rng.integers(0, 4, 80), "x": rng.normal(size=80), "ill": [0, 1] * 40})
    preparation = learn(table, kinds={"code": "categorical"}, leave_out="x")
    assert preparation.feature_names == [f"code = {i}" for i in range(4)]
    assert [(one.name, one.reason) for one in preparation.left_out] == [("x", "as you asked")]


def test_measured_whole_numbers_are_kept(rng: np.random.Generator) -> None:
    # All different, but far apart: no numbering of rows.
    values = rng.permutation(10_000)[:100] * 7
    preparation = learn(Table({"x": values, "ill": [0, 1] * 50}))
    assert preparation.inputs == ["x"]
    half = learn(Table({"row": np.arange(100), "x": values, "ill": [0, 1] * 50}).take(slice(0, 50)))
    assert half.inputs == ["x"]


def test_a_hundred_thousand_categories_are_left_out() -> None:
    rows = 100_000
    table = Table({
        "name": [f"name {i}" for i in range(rows)],
        "x": np.arange(rows) % 7,
        "ill": np.arange(rows) % 2,
    })  # fmt: skip
    preparation = learn(table)
    assert preparation.inputs == ["x"]
    assert preparation.left_out[0].reason == "has 100,000 different values in 100,000 rows"


def test_decimal_commas_are_answered_with_how_to_read_them() -> None:
    table = {"x": [f"{i},5" for i in range(20)], "ill": [0, 1] * 10}
    with pytest.raises(DataError, match="decimal=','"):
        Preparation.learn(table, "ill")


# ----- targets ------------------------------------------------------------


@pytest.mark.parametrize(
    ("values", "labels"),
    [
        (["yes", "no"] * 10, ("no", "yes")),
        ([True, False] * 10, (False, True)),
        ([3, 1, 2, 1] * 5, (1, 2, 3)),
        ([1.0, 2.0] * 10, (1, 2)),
        ([1.0, None, 2.0, None] * 5, (1, 2)),
        (["1", "2"] * 10, (1, 2)),
        (["10", "9", "x", "10"] * 5, ("10", "9", "x")),
    ],
)
def test_classes_keep_their_type(values: list[Any], labels: tuple[Any, ...]) -> None:
    table = Table({"x": np.arange(20) ** 2, "ill": values})
    preparation = learn(table)
    target = preparation.target
    assert target.kind == "classes"
    assert target.labels == labels
    assert [type(label) for label in target.labels] == [type(label) for label in labels]
    kind = type(labels[0])
    expected = [kind(value) for value in values if value is not None]
    X, y = preparation.samples(table)
    assert len(X) == len(expected)
    assert y.tolist() == list(map(labels.index, expected))
    assert preparation.decode(np.eye(len(labels))[y])["ill"].tolist() == expected


def test_numbers_are_amounts_unless_few(rng: np.random.Generator) -> None:
    x = rng.normal(size=200)
    for values, kind in (
        (rng.normal(size=200), "amount"),
        (rng.permutation(200), "amount"),
        (rng.integers(0, 3, 200), "classes"),
        (np.arange(200) % 21, "amount"),
        (np.arange(200) % 20, "classes"),
    ):
        assert learn(Table({"x": x, "ill": values})).target.kind == kind
    assert learn(Table({"x": x, "ill": np.arange(200) % 3}), task="regression").target.units == 1


def test_amounts_are_scaled_and_scaled_back(rng: np.random.Generator) -> None:
    amounts = rng.normal(1e6, 1e3, 300)
    table = Table({"x": rng.normal(size=300), "ill": amounts})
    preparation = learn(table)
    _, y = preparation.samples(table)
    assert y.shape == (300, 1)
    assert y.dtype == np.float32
    np.testing.assert_allclose([y.mean(), y.std()], [0, 1], atol=1e-4)
    np.testing.assert_allclose(preparation.decode(y)["ill"], amounts, rtol=1e-7)


def test_text_classes_that_look_like_numbers_in_a_part_are_still_found() -> None:
    table = Table({"x": np.arange(30) ** 2, "ill": ["1", "2", "x"] * 10})
    preparation = learn(table)
    part = table.take([0, 1, 3, 4])
    assert preparation.samples(part)[1].tolist() == [0, 1, 0, 1]


def test_probabilities_of_each_class_are_told(rng: np.random.Generator) -> None:
    preparation = learn(people(rng))
    answer = preparation.decode([[0.2, 0.7, 0.1]])
    assert list(answer) == [
        "ill", "probability of maybe", "probability of no", "probability of yes",
    ]  # fmt: skip
    assert answer["ill"].tolist() == ["no"]
    assert preparation.decode([0.2, 0.7, 0.1])["ill"].tolist() == ["no"]


# ----- features -----------------------------------------------------------


def test_features_are_about_one_wide_around_nothing(rng: np.random.Generator) -> None:
    table = people(rng)
    preparation = learn(table)
    X = preparation.features(table)
    assert X.shape == (240, len(preparation.feature_names))
    assert X.dtype == np.float32
    assert np.isfinite(X).all()
    named = dict(zip(preparation.feature_names, X.T, strict=True))
    for name in ("age", "height", "size", "seen: days"):
        np.testing.assert_allclose([named[name].mean(), named[name].std()], [0, 1], atol=1e-4)
    for name, values in named.items():
        if " = " in name or name in ("smokes", "drinks"):
            np.testing.assert_allclose(values.mean(), 0, atol=1e-5)
            np.testing.assert_allclose(np.ptp(values), 1, atol=1e-5)


def test_nothing_is_learned_from_other_rows(rng: np.random.Generator) -> None:
    train, held = people(rng).split(0.3, 0, stratify="ill")
    preparation = learn(train)
    before = preparation.features(train)
    other = people(np.random.default_rng(1))
    preparation.features(held)
    preparation.features(other)
    np.testing.assert_array_equal(preparation.features(train), before)
    # A row's features do not depend on the rows beside it.
    X = preparation.features(held)
    np.testing.assert_array_equal(preparation.features(held.take([5])), X[[5]])


def test_gaps_are_filled_and_told(rng: np.random.Generator) -> None:
    table = people(rng)
    preparation = learn(table)
    named = dict(zip(preparation.feature_names, preparation.features(table).T, strict=True))
    gone = np.isnan(table["age"])
    np.testing.assert_array_equal(named["age is missing"], gone)
    median = np.median(table["age"][~gone])
    age = next(column for column in preparation.columns if column.name == "age")
    assert isinstance(age, Numeric)
    np.testing.assert_allclose(named["age"][gone], (median - age.center) / age.scale, rtol=1e-5)
    assert "height is missing" not in named
    told = np.array([value is None for value in table["city"]])
    np.testing.assert_array_equal(named["city = (missing)"] > 0, told)


def test_rare_values_share_a_slot_with_new_ones(rng: np.random.Generator) -> None:
    table = people(rng)
    preparation = learn(table)
    column = next(column for column in preparation.columns if column.name == "city")
    assert isinstance(column, Categorical)
    assert column.categories == ("Bonn", "Kiel", "Ulm")
    assert column.slots[3:] == ["(other)", "(missing)"]
    X = column.features(Table({"city": ["Rom", "Paris", "Ulm", None]}))
    np.testing.assert_array_equal(X[0], X[1])
    assert X.argmax(axis=1).tolist() == [3, 3, 2, 4]


def test_a_new_value_says_nothing_where_none_was_rare() -> None:
    table = {"sex": ["f", "m"] * 10, "x": list(range(20)), "ill": [0, 1, 1, 0] * 5}
    preparation = Preparation.learn(table, "ill", kinds={"x": "numeric"})
    X = preparation.features({"sex": ["d", None, "f"], "x": [1, 1, 1]})
    assert X[0, :2].tolist() == X[1, :2].tolist() == [0, 0]
    assert X[2, 0] > 0 > X[2, 1]
    unseen = preparation.unseen({"sex": ["d", None, "f", "d"], "x": [1, None, 1, 1]})
    assert unseen == {"sex": Counter({"d": 2, "(missing)": 1}), "x": Counter({"(missing)": 1})}
    assert preparation.unseen(table) == {}


def test_a_slip_of_the_pen_is_drawn_in() -> None:
    preparation = Preparation.learn({"x": np.arange(40.0) ** 2, "ill": [0, 1] * 20}, "ill")
    X = preparation.features({"x": [1e300, -1e300, 20.0**2]})
    assert X[0, 0] == -X[1, 0] == LIMIT
    assert abs(X[2, 0]) < 1


def test_order_and_other_columns_do_not_matter(rng: np.random.Generator) -> None:
    table = people(rng)
    preparation = learn(table)
    names = list(rng.permutation(table.names))
    other = Table({**table.select(*names).columns, "new": np.zeros(table.rows)})
    np.testing.assert_array_equal(preparation.features(other), preparation.features(table))
    with pytest.raises(UnknownNameError, match="'height' is missing"):
        preparation.features(table.drop("height"))


def test_a_column_of_another_type_means_the_same() -> None:
    rows = 40
    table = Table({
        "code": [str(i % 4) for i in range(rows - 1)] + ["x"],
        "flag": ["true", "false"] * (rows // 2),
        "x": np.arange(rows) ** 2,
        "seen": [f"2026-01-{1 + i % 28:02}" for i in range(rows)],
        "ill": ["yes", "no"] * (rows // 2),
    })  # fmt: skip
    preparation = learn(table)
    part = table.take(slice(0, 8))
    expected = preparation.features(part)
    others = {
        "code": [np.arange(8) % 4, np.arange(8) % 4 * 1.0],
        "flag": [[True, False] * 4, [1, 0] * 4, ["Yes", "No"] * 4],
        "x": [[str(i**2) for i in range(8)], [f"{i**2}.0" for i in range(8)]],
        "seen": [[date(2026, 1, 1 + i) for i in range(8)]],
    }
    for name, forms in others.items():
        for values in forms:
            changed = Table({**part.columns, name: values})
            np.testing.assert_array_equal(preparation.features(changed), expected, err_msg=name)


def test_dates_become_days_and_cycles() -> None:
    days = [date(2024, 1, 1) + timedelta(days=30 * i) for i in range(40)]
    table = {"seen": days, "ill": [0, 1] * 20}
    preparation = Preparation.learn(table, "ill")
    assert preparation.feature_names == [
        "seen: days", "seen: year", "seen: month, sine", "seen: month, cosine",
        "seen: weekday, sine", "seen: weekday, cosine",
    ]  # fmt: skip
    named = dict(zip(preparation.feature_names, preparation.features(table).T, strict=True))
    steps = np.diff(named["seen: days"])
    np.testing.assert_allclose(steps, steps[0], rtol=1e-4)
    for day, sine, cosine in zip(
        days, named["seen: weekday, sine"], named["seen: weekday, cosine"], strict=True
    ):
        angle = 2 * np.pi * day.weekday() / 7
        np.testing.assert_allclose([sine, cosine], [np.sin(angle), np.cos(angle)], atol=1e-6)
    hours = {"seen": [f"2026-01-01T{h:02}:00" for h in range(24)], "ill": [0, 1] * 12}
    assert Preparation.learn(hours, "ill").feature_names[1:] == [
        "seen: hour, sine", "seen: hour, cosine",
    ]  # fmt: skip


def test_any_table_gives_finite_features(rng: np.random.Generator) -> None:
    makers: list[Callable[[int], Any]] = [
        lambda n: rng.normal(size=n) * 10.0 ** rng.integers(-30, 30),
        lambda n: np.where(rng.random(n) < rng.random(), np.nan, rng.lognormal(0, 3, n)),
        lambda n: rng.integers(0, int(rng.integers(1, 50)), n),
        lambda n: rng.choice(["a", "b", "c", None], n),
        lambda n: [f"{rng.integers(30)}" for _ in range(n)],
        lambda n: rng.random(n) < 0.5,
        lambda n: np.datetime64("2020-01-01") + rng.integers(0, 5_000, n),
        lambda n: [None if rng.random() < 0.5 else "yes" for _ in range(n)],
        lambda n: 1e15 + rng.integers(0, 3, n),
    ]
    for _ in range(30):
        rows = int(rng.integers(30, 200))
        chosen = rng.choice(len(makers), int(rng.integers(2, 8)))
        columns = {f"c{i}": makers[m](rows) for i, m in enumerate(chosen)}
        table = Table(
            {**columns, "always": rng.normal(size=rows), "ill": rng.permutation(rows) % 2}
        )
        preparation = learn(table)
        X = preparation.features(table)
        assert np.isfinite(X).all()
        assert np.abs(X).max() <= LIMIT
        again = Preparation.from_plain(*through_json(preparation))
        assert again == preparation
        np.testing.assert_array_equal(again.features(table), X)


# ----- plain data ---------------------------------------------------------


def through_json(preparation: Preparation) -> tuple[Any, dict[str, np.ndarray]]:
    found, arrays = preparation.to_plain()
    return json.loads(json.dumps(found, allow_nan=False)), arrays


def test_plain_data_bring_everything_back(rng: np.random.Generator) -> None:
    for target in ("ill", "height", "drinks"):
        table = people(rng)
        preparation = Preparation.learn(table, target)
        again = Preparation.from_plain(*through_json(preparation))
        assert again == preparation
        assert repr(again) == repr(preparation)
        for one, other in zip(again.samples(table), preparation.samples(table), strict=True):
            np.testing.assert_array_equal(one, other)


PLAIN, ARRAYS = through_json(learn(people(np.random.default_rng(0))))
ODD = (None, True, -1, 1.5, float("nan"), float("inf"), 2**80, "", "x", [], [[]], {}, {"x": 1})


def places(value: Any, path: tuple[Any, ...] = ()) -> list[tuple[Any, ...]]:
    """Return the path of every item of plain data."""
    found = [path] if path else []
    if isinstance(value, (dict, list)):
        for key, item in value.items() if isinstance(value, dict) else enumerate(value):
            found += places(item, (*path, key))
    return found


def changed(path: tuple[Any, ...], value: Any) -> Any:
    found = copy.deepcopy(PLAIN)
    inner = found
    for key in path[:-1]:
        inner = inner[key]
    inner[path[-1]] = value
    return found


def check_mutant(plain: Any, arrays: Any) -> bool:
    """Read broken plain data; return whether they were refused, and never anything else."""
    try:
        found = Preparation.from_plain(plain, arrays)
    except Syn0Error:
        return True
    table = people(np.random.default_rng(0))
    try:
        X = found.features(table)
    except Syn0Error:  # a column that the table does not have
        return False
    assert np.isfinite(X).all()
    return False


@pytest.mark.parametrize("path", places(PLAIN), ids=str)
def test_a_broken_item_is_refused_or_harmless(path: tuple[Any, ...]) -> None:
    refused = [check_mutant(changed(path, value), ARRAYS) for value in ODD]
    assert any(refused)
    if isinstance(path[-1], str):
        missing = copy.deepcopy(PLAIN)
        inner = missing
        for key in path[:-1]:
            inner = inner[key]
        del inner[path[-1]]
        assert check_mutant(missing, ARRAYS)


def test_other_items_and_arrays_are_refused() -> None:
    assert check_mutant({**PLAIN, "more": 1}, ARRAYS)
    assert check_mutant(PLAIN, {**ARRAYS, "more": np.zeros(1)})
    assert check_mutant([], ARRAYS)
    assert not check_mutant(PLAIN, ARRAYS)
    rng = seeded("broken arrays")
    for name, array in ARRAYS.items():
        worse = (
            array[:-1], array[None], array.astype("float32"), array * np.nan, array - 2,
            np.append(array, 0.5), list(array), None, rng.normal(size=len(array)) * 1e9,
        )  # fmt: skip
        for other in worse:
            assert check_mutant(PLAIN, {**ARRAYS, name: other})
        assert check_mutant(PLAIN, {k: v for k, v in ARRAYS.items() if k != name})


def test_texts_of_numpy_become_plain_ones(rng: np.random.Generator) -> None:
    names = np.array(["size", "colour", "sort"])
    table = {
        names[0]: rng.normal(size=12),
        names[1]: rng.choice(np.array(["red", "blue"]), 12),
        names[2]: np.array(["a", "b"] * 6),
    }
    preparation = Preparation.learn(table, names[2])
    plain, _ = preparation.to_plain()
    waiting, seen = [plain], 0
    while waiting:
        value = waiting.pop()
        if isinstance(value, dict):
            waiting += [*value, *value.values()]
        elif isinstance(value, (list, tuple)):
            waiting += value
        else:
            assert type(value) in (str, int, float, bool, type(None)), value
            seen += isinstance(value, str)
    assert seen > 5
