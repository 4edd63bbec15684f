"""Bad tables: each is worked as documented, or named by file, row and column, with what to do.

The texts are kept in ``snapshots/bad_tables.txt``, to be read as a page. After a change that
is meant, write them anew: ``SYN0_UPDATE_SNAPSHOTS=1 pytest tests/data/test_bad_tables.py``.
"""

from __future__ import annotations

import functools
import os
import tempfile
from collections.abc import Callable
from datetime import date
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from syn0.data import Preparation, Table, read_table
from syn0.errors import Syn0Error
from syn0.tables import cross_validate_table, fit_table, table_network

SNAPSHOT = Path(__file__).parents[1] / "snapshots" / "bad_tables.txt"
RULE = "-" * 78

PEOPLE = {
    "age": [61, 47, 52, 38, 70, 29],
    "sex": ["f", "m", "f", "m", "f", "m"],
    "smokes": ["yes", "no", "no", "yes", "yes", "no"],
    "seen": ["2026-01-31", "2026-02-01", "2026-02-03", "2026-02-05", "2026-02-07", "2026-02-11"],
    "ill": ["yes", "no", "no", "yes", "yes", "no"],
}
RENAMED = {**{k: v for k, v in PEOPLE.items() if k != "age"}, "Age_": PEOPLE["age"]}


def csv(content: str | bytes, name: str = "people.csv", **options: Any) -> Table:
    """Write a file and read it as a table."""
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / name
        data = content.encode() if isinstance(content, str) else content
        path.write_bytes(data)
        return read_table(path, **options)


def learned(**options: Any) -> Preparation:
    return Preparation.learn(PEOPLE, target="ill", leave_out=["smokes"], **options)


def network() -> Any:
    return table_network(learned(), random_state=0)


def learn_csv(content: str, target: str, **options: Any) -> Callable[[], Any]:
    return lambda: Preparation.learn(csv(content), target, **options)


def people(**columns: Any) -> dict[str, Any]:
    return {**PEOPLE, **columns}


NUMBERS = "\n".join(str(i) for i in range(30))

CALLS: dict[str, Callable[[], Any]] = {
    # ----- files
    "read_table('people.csv')  # empty": lambda: csv(""),
    "read_table('people.csv')  # empty lines alone": lambda: csv("\n\n \n"),
    "read_table('people.csv')  # a header and no rows": lambda: csv("age,sex\n"),
    "read_table('people.csv')  # no header": lambda: csv("61,1\n47,0\n"),
    "read_table('people.csv')  # two columns of one name": lambda: csv("age,sex,age\n61,f,60\n"),
    "read_table('people.csv')  # a field too many": lambda: csv("age,sex\n61,f\n\n47,m,3\n"),
    "read_table('people.csv')  # a field too few": lambda: csv("age;sex\n61;f\n47\n"),
    "read_table('people.csv')  # in cp1252": lambda: csv("age,city\n61,K\xf6ln\n".encode("cp1252")),
    "read_table('people.csv')  # in UTF-16": lambda: csv("age,city\n61,Köln\n".encode("utf-16")),
    "read_table('people.csv')  # in UTF-16 without a mark": lambda: csv(
        "age,city\n61,Ulm\n".encode("utf-16-le")
    ),
    "read_table('people.csv', encoding='utf8mb4')": lambda: csv("a,b\n1,2\n", encoding="utf8mb4"),
    "read_table('people.csv', encoding='ascii')": lambda: csv("a,b\n1,ö\n", encoding="ascii"),
    "read_table('people.csv')  # NUL bytes": lambda: csv(b"age,sex\n61,f\n4\x007,m\n"),
    "read_table('people.csv')  # a quotation mark left open": lambda: csv('a,b\n1,"x\n2,y\n'),
    "read_table('people.csv')  # text after a closing mark": lambda: csv('a,b\n1,"x" y\n'),
    "read_table('people.csv')  # a field of 200,000 characters": lambda: csv(
        "a,b\n1," + "x" * 200_000 + "\n"
    ),
    "read_table('people.csv')  # a workbook": lambda: csv(b"PK\x03\x04....."),
    "read_table('people.csv')  # gzip": lambda: csv(b"\x1f\x8b\x08....."),
    "read_table('people.parquet')  # no Parquet": lambda: csv("a,b\n1,2\n", "people.parquet"),
    "read_table('people.csv', delimiter='::')": lambda: csv("a,b\n1,2\n", delimiter="::"),
    "read_table('people.csv', decimal='comma')": lambda: csv("a,b\n1,2\n", decimal="comma"),
    "read_table(np.eye(3))": lambda: read_table(np.eye(3)),
    "read_table(3)": lambda: read_table(3),
    # ----- columns
    "Table({})": lambda: Table({}),
    "Table({1: [1, 2]})": lambda: Table({1: [1, 2]}),  # type: ignore[dict-item]
    "Table({'age': [1, 2], 'sex': ['f']})": lambda: Table({"age": [1, 2], "sex": ["f"]}),
    "Table({'age': 61})": lambda: Table({"age": 61}),
    "Table({'age': 'sixty'})": lambda: Table({"age": "sixty"}),
    "Table({'age': [[61], [47]]})": lambda: Table({"age": np.array([[61], [47]])}),
    "Table({'age': [61, {}]})": lambda: Table({"age": [61, {}]}),
    "Table({'age': [1j, 2]})": lambda: Table({"age": np.array([1j, 2])}),
    "table['agee']": lambda: Table(PEOPLE)["agee"],
    "table.drop('agee')": lambda: Table(PEOPLE).drop("agee"),
    "table.split(1.5)": lambda: Table(PEOPLE).split(1.5),
    "table.split(0.01)": lambda: Table(PEOPLE).split(0.01),
    "next(table.folds(7))": lambda: next(Table(PEOPLE).folds(7)),
    # ----- learning
    "Preparation.learn(table, 'il')": lambda: Preparation.learn(PEOPLE, "il"),
    "Preparation.learn(table, 'ill', leave_out='agee')": lambda: Preparation.learn(
        PEOPLE, "ill", leave_out="agee"
    ),
    "Preparation.learn(table, 'ill', kinds={'age': 'number'})": lambda: Preparation.learn(
        PEOPLE, "ill", kinds={"age": "number"}
    ),
    "Preparation.learn(table, 'ill', kinds={'sex': 'numeric'})": lambda: Preparation.learn(
        PEOPLE, "ill", kinds={"sex": "numeric"}
    ),
    "Preparation.learn(table, 'ill', kinds={'sex': 'date'})": lambda: Preparation.learn(
        PEOPLE, "ill", kinds={"sex": "date"}
    ),
    "Preparation.learn(table, 'ill', task='classify')": lambda: Preparation.learn(
        PEOPLE, "ill", task="classify"
    ),
    "Preparation.learn(table, 'sex', task='regression')": lambda: Preparation.learn(
        PEOPLE, "sex", task="regression"
    ),
    "Preparation.learn(table, 'seen')  # dates": lambda: Preparation.learn(PEOPLE, "seen"),
    "Preparation.learn(table, 'ill')  # one column": lambda: Preparation.learn(
        {"ill": ["yes", "no"]}, "ill"
    ),
    "Preparation.learn(table, 'ill')  # one class": lambda: Preparation.learn(
        people(ill=["yes"] * 6), "ill"
    ),
    "Preparation.learn(table, 'ill')  # no value": lambda: Preparation.learn(
        people(ill=[None] * 6), "ill"
    ),
    "Preparation.learn(table, 'cost')  # the same everywhere": lambda: Preparation.learn(
        people(cost=[2.5] * 6), "cost"
    ),
    "Preparation.learn(table, 'name')  # a class for each row": lambda: Preparation.learn(
        {"x": np.arange(40.0) ** 2, "name": [f"n{i}" for i in range(40)]}, "name"
    ),
    "Preparation.learn(table, 'ill')  # nothing varies": lambda: Preparation.learn(
        {"a": [1, 1], "b": [None, None], "ill": ["yes", "no"]}, "ill"
    ),
    "Preparation.learn(table, 'ill')  # infinity": lambda: Preparation.learn(
        people(age=[61, 47, np.inf, 38, 70, 29]), "ill"
    ),
    "Preparation.learn(csv, 'y')  # text in a column of numbers": learn_csv(
        "x,y\n" + "\n".join(f"{'forty' if i == 7 else i / 4},{i % 2}" for i in range(40)), "y"
    ),
    # ----- predicting
    "net.predict(table)  # without a column": lambda: network().predict(RENAMED),
    "net.predict(table)  # without several": lambda: network().predict({"x": [1]}),
    "net.predict(table)  # text in a column of numbers": lambda: network().predict(
        people(age=[61, 47, "old", 38, 70, 29])
    ),
    "net.predict(csv)  # text in a column of numbers": lambda: network().predict(
        csv("age,sex,seen\n61,f,2026-01-31\n6l,f,2026-01-31\n")
    ),
    "net.predict(table)  # dates in a column of numbers": lambda: network().predict(
        people(age=[date(2026, 1, 31)] * 6)
    ),
    "net.predict(table)  # numbers in a column of dates": lambda: network().predict(
        people(seen=[1, 2, 3, 4, 5, 6])
    ),
    "net.predict(table)  # dates written in another way": lambda: network().predict(
        people(seen=["31.01.2026"] * 6)
    ),
    "net.predict(table)  # no rows": lambda: network().predict({k: [] for k in PEOPLE}),
    "net.predict_one({'age': 61, 'sex': 'f'})": lambda: network().predict_one(
        {"age": 61, "sex": "f"}
    ),
    "net.evaluate(table)  # a new class": lambda: network().evaluate(people(ill=["maybe"] * 6)),
    "net.evaluate(table)  # without the target": lambda: network().evaluate(
        {k: v for k, v in PEOPLE.items() if k != "ill"}
    ),
    "net.evaluate(table)  # the target is missing": lambda: network().evaluate(
        people(ill=[None] * 6)
    ),
    "preparation.decode(np.zeros((4, 3)))": lambda: learned().decode(np.zeros((4, 3))),
    # ----- training
    "fit_table(table, 'il')": lambda: fit_table(PEOPLE, "il"),
    "cross_validate_table(table, 'ill', folds=1)": lambda: cross_validate_table(
        PEOPLE, "ill", folds=1
    ),
    "cross_validate_table(table, 'ill')  # a class of one row": lambda: cross_validate_table(
        people(ill=["yes", "no", "no", "no", "no", "no"]), "ill", folds=2
    ),
}


@functools.cache
def message(call: str) -> tuple[BaseException | None, str]:
    try:
        CALLS[call]()
    except Exception as error:
        return error, f"{type(error).__name__}: {error}"
    return None, "no error"


def page() -> str:
    parts = [f"{call}\n{RULE}\n{message(call)[1]}\n" for call in CALLS]
    return f"{len(CALLS)} bad tables and their answers.\n\n\n" + "\n\n".join(parts)


def stored() -> dict[str, str]:
    _, *parts = SNAPSHOT.read_text(encoding="utf-8").split("\n\n\n")
    pairs = (part.split(f"\n{RULE}\n") for part in parts)
    return {call: text.rstrip("\n") for call, text in pairs}


@pytest.fixture(scope="module", autouse=True)
def _snapshot() -> None:
    if os.environ.get("SYN0_UPDATE_SNAPSHOTS"):
        SNAPSHOT.write_text(page(), encoding="utf-8")


def test_none_is_left_over() -> None:
    assert list(stored()) == list(CALLS)


@pytest.mark.parametrize("call", CALLS)
def test_the_answer_is_kept(call: str) -> None:
    assert message(call)[1] == stored()[call]


@pytest.mark.parametrize("call", CALLS)
def test_the_answer_says_what_and_what_to_do(call: str) -> None:
    error, text = message(call)
    assert isinstance(error, Syn0Error), text
    assert isinstance(error, (ValueError, TypeError))
    first, *lines = str(error).splitlines()
    assert first.endswith((".", "?")), first
    labels = {line.partition(":")[0].strip() for line in lines}
    assert labels & {"expected", "mend"}
    assert error.__cause__ is None


@pytest.mark.parametrize("call", [call for call in CALLS if "csv" in call])
def test_an_error_in_a_file_names_the_file(call: str) -> None:
    text = message(call)[1]
    named = "people.csv" in text or "people.parquet" in text
    assert named or "encoding" in call


def test_a_file_that_is_not_there_is_answered_with_its_neighbour(tmp_path: Path) -> None:
    (tmp_path / "heart.csv").write_text("a,b\n1,2\n")
    with pytest.raises(Syn0Error, match=r"did you mean 'heart\.csv'\?"):
        read_table(tmp_path / "hart.csv")
    with pytest.raises(Syn0Error, match="is a folder"):
        read_table(tmp_path)
    with pytest.raises(Syn0Error, match="there is no file"):
        read_table(tmp_path / "no" / "heart.csv")


def test_a_frame_with_two_columns_of_one_name_is_refused() -> None:
    pandas = pytest.importorskip("pandas")
    frame = pandas.DataFrame([[1, 2]], columns=["age", "age"])
    with pytest.raises(Syn0Error, match="age"):
        read_table(frame)
