"""`Table`: columns, parts of rows, and its picture."""

from __future__ import annotations

from collections import Counter

import numpy as np
import pytest

from syn0.data import Table
from syn0.data.table import concatenated


def drawn(rng: np.random.Generator, rows: int) -> Table:
    return Table(
        {
            "row": np.arange(rows),
            "x": np.where(rng.random(rows) < 0.1, np.nan, rng.normal(size=rows)),
            "kind": rng.choice(["a", "b", "c"], rows, p=[0.6, 0.3, 0.1]),
        },
        "people.csv",
        np.arange(rows) + 2,
    )


def test_parts_keep_their_lines(rng: np.random.Generator) -> None:
    table = drawn(rng, 50)
    for rows in ([3, 1, 1], slice(40, None, 3), rng.random(50) < 0.2):
        part = table.take(rows)
        np.testing.assert_array_equal(part["row"], np.arange(50)[rows])
        np.testing.assert_array_equal(part.lines, np.arange(2, 52)[rows])
        np.testing.assert_array_equal(part["x"], table["x"][rows])
    assert table.take([7]).place(0, "x") == "people.csv, line 9, column 'x'"
    assert table.take([]).rows == 0


def test_columns_are_chosen_by_name(rng: np.random.Generator) -> None:
    table = drawn(rng, 5)
    assert table.select("kind", "row").names == ["kind", "row"]
    assert table.drop("x").names == ["row", "kind"]
    assert "x" in table
    assert len(table) == table.rows == 5


def test_a_split_is_a_partition_in_order(rng: np.random.Generator) -> None:
    rows = int(rng.integers(10, 400))
    table = drawn(rng, rows)
    for stratify in (None, "kind"):
        train, held = table.split(0.25, random_state=int(rng.integers(2**31)), stratify=stratify)
        assert held.rows == round(rows * 0.25)
        assert sorted([*train["row"], *held["row"]]) == list(range(rows))
        assert list(train["row"]) == sorted(train["row"])
        assert list(held["row"]) == sorted(held["row"])


def test_a_split_depends_on_the_seed_alone(rng: np.random.Generator) -> None:
    table, seed = drawn(rng, 100), int(rng.integers(2**31))
    first, again, other = (table.split(0.5, s)[1]["row"].tolist() for s in (seed, seed, seed + 1))
    assert first == again != other


@pytest.mark.parametrize("share", [0.1, 0.25, 0.5, 0.8])
def test_a_stratified_split_has_every_class_to_a_row(
    share: float, rng: np.random.Generator
) -> None:
    table = drawn(rng, 300)
    _, held = table.split(share, int(rng.integers(2**31)), stratify="kind")
    whole, part = Counter(table["kind"]), Counter(held["kind"])
    for kind, count in whole.items():
        assert abs(part[kind] - share * count) <= 1


def test_equal_classes_are_spread_over_all_folds() -> None:
    table = Table({"kind": ["a", "b", "c"] * 20})
    for _, held in table.folds(3, random_state=0, stratify="kind"):
        assert set(Counter(held["kind"]).values()) <= {6, 7}


def test_folds_hold_out_each_row_once(rng: np.random.Generator) -> None:
    table = drawn(rng, int(rng.integers(20, 90)))
    seen: list[int] = []
    for train, held in table.folds(7, int(rng.integers(2**31)), stratify="kind"):
        assert train.rows + held.rows == table.rows
        assert not set(train["row"]) & set(held["row"])
        seen += held["row"].tolist()
    assert sorted(seen) == list(range(table.rows))


def test_stratifying_by_a_column_with_gaps() -> None:
    table = Table({"kind": ["a", None] * 10})
    _, held = table.split(0.5, 0, stratify="kind")
    assert Counter(held["kind"]) == {"a": 5, None: 5}


def test_the_picture_fits_a_screen(rng: np.random.Generator) -> None:
    columns = {f"column {i} " + "x" * int(rng.integers(40)): ["y" * 50] * 40 for i in range(60)}
    columns["with\nlines"] = ["one\ntwo"] * 40
    lines = repr(Table(columns)).splitlines()
    assert len(lines) <= 26
    assert max(map(len, lines)) <= 100
    assert lines[0] == "Table: 40 rows, 61 columns"
    assert lines[-1] == "  ... and 37 more"


def test_names_are_listed_briefly() -> None:
    assert concatenated(["a"]) == "'a'"
    assert concatenated(list("abcdefg")) == "'a', 'b', 'c', 'd', 'e' and 2 more"
