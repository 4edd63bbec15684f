"""`syn0 train`, `syn0 predict`, `syn0 show`: from a CSV to answers, as a newcomer types it."""

from __future__ import annotations

import csv
import io
import re
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import pytest

import syn0
from syn0 import cli
from syn0.lab import training
from syn0.tables import RECIPES
from syn0.tables import training as table_training


def write(path: Path, columns: dict[str, Any]) -> Path:
    with path.open("w", newline="", encoding="utf-8") as file:
        writer = csv.writer(file)
        writer.writerow(columns)
        writer.writerows(zip(*columns.values(), strict=True))
    return path


@pytest.fixture
def flowers(tmp_path: Path, rng: np.random.Generator) -> Path:
    """A table with numbers, a category, a date and missing values; two of them decide."""
    rows = 160
    length = rng.normal(size=rows)
    colour = rng.choice(["red", "blue", "white"], rows)
    kind = np.where(length + (colour == "red") > 0.3, "rose", "iris")
    shown: list[Any] = [f"{x:.3f}" for x in length]
    for row in rng.choice(rows, 8, replace=False):
        shown[row] = ""
    days = [f"2025-0{1 + i % 9}-1{i % 9}" for i in range(rows)]
    columns = {"length": shown, "colour": colour, "seen": days, "kind": kind}
    return write(tmp_path / "flowers.csv", columns)


def run(capsys: pytest.CaptureFixture[str], *arguments: str) -> tuple[str, str]:
    cli.main(arguments)
    printed = capsys.readouterr()
    return printed.out, printed.err


def refused(capsys: pytest.CaptureFixture[str], *arguments: str) -> str:
    with pytest.raises(SystemExit) as caught:
        cli.main(arguments)
    assert caught.value.code not in (0, None)
    return capsys.readouterr().err


@pytest.fixture
def hasty(monkeypatch: pytest.MonkeyPatch) -> None:
    """Train with a sixth of the steps, which is enough for tables that are easily told."""
    quick = tuple(replace(recipe, steps=recipe.steps // 6) for recipe in RECIPES)
    monkeypatch.setattr(table_training, "RECIPES", quick)


@pytest.mark.usefixtures("hasty")
def test_from_a_table_to_answers(
    flowers: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    model = tmp_path / "flowers.syn0"
    text, err = run(
        capsys, "train", str(flowers), "--target", "kind", "--folds", "2", "--out", str(model)
    )
    assert err == ""
    for part in (
        "flowers.csv: 160 rows", "kind, one of 2 classes", "a linear model", "no model at all",
        "3 columns\n  1 numeric: length\n  1 categorical: colour\n  1 date: seen\n",
        "The same in Python", f"syn0 predict {model}",
    ):  # fmt: skip
        assert part in text, part
    (score,) = re.findall(r"the network +([0-9.]+) ±", text)
    assert float(score) > 0.75

    # The printed Python does the same.
    program = text.split("The same in Python\n")[1].split("\n\n  Saved")[0]
    exec(compile(program, "the same in Python", "exec"), {"__name__": "__main__"})
    (again,) = re.findall(r"accuracy +network +([0-9.]+)", capsys.readouterr().out)
    assert float(score) == pytest.approx(float(again), abs=6e-4)

    answers, err = run(capsys, "predict", str(model), str(flowers))
    assert err == ""
    rows = list(csv.DictReader(io.StringIO(answers)))
    assert list(rows[0]) == ["kind", "probability of iris", "probability of rose"]
    truth = list(csv.DictReader(io.StringIO(flowers.read_text(encoding="utf-8"))))
    right = sum(a["kind"] == b["kind"] for a, b in zip(rows, truth, strict=True))
    assert right / len(rows) > 0.8

    shown, _ = run(capsys, "show", str(model))
    for part in ("hidden_1", "length", "colour", "epochs"):
        assert part in shown
    code, _ = run(capsys, "show", str(model), "--code")
    assert "length" in code
    compile(code, "show --code", "exec")
    plan, _ = run(capsys, "show", str(model), "--plan")
    assert "phase 1" in plan


def test_a_number_is_predicted_in_its_own_unit(
    tmp_path: Path, rng: np.random.Generator, capsys: pytest.CaptureFixture[str]
) -> None:
    size = rng.uniform(20, 200, 200)
    columns = {"size": size.round(1), "price": (3_000 * size + 50_000).round()}
    table = write(tmp_path / "flats.csv", columns)
    model = tmp_path / "flats.syn0"
    text, _ = run(
        capsys, "train", str(table), "--target", "price", "--folds", "0", "--out", str(model)
    )
    assert "a number" in text
    assert "On rows held out" not in text
    out = tmp_path / "answers.csv"
    assert run(capsys, "predict", str(model), str(table), "--out", str(out))[0] == ""
    answers = csv.DictReader(io.StringIO(out.read_text(encoding="utf-8")))
    found = np.array([float(row["price"]) for row in answers])
    assert np.abs(found / columns["price"] - 1).mean() < 0.1


@pytest.mark.usefixtures("hasty")
def test_what_training_did_not_meet_is_said(
    flowers: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    model = tmp_path / "flowers.syn0"
    run(capsys, "train", str(flowers), "--target", "kind", "--folds", "0", "--out", str(model))
    other = {
        "colour": ["green", "red"],
        "length": [1, 2],
        "more": [0, 0],
        "seen": ["2025-01-01"] * 2,
    }
    answers, err = run(capsys, "predict", str(model), str(write(tmp_path / "b.csv", other)))
    assert len(answers.splitlines()) == 3
    assert "'green'" in err
    assert "'colour'" in err
    lacking = write(tmp_path / "c.csv", {"colour": ["red"], "lenght": [1], "seen": ["2025-01-01"]})
    assert "did you mean 'lenght'" in refused(capsys, "predict", str(model), str(lacking))


def test_wrong_words_are_answered(
    flowers: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    assert "did you mean 'kind'" in refused(capsys, "train", str(flowers), "--target", "kinds")
    missing = str(tmp_path / "flower.csv")
    assert "flower.csv" in refused(capsys, "train", missing, "--target", "kind")
    assert "--folds" in refused(capsys, "train", str(flowers), "--target", "kind", "--folds", "1")
    nowhere = str(tmp_path / "no" / "x.syn0")
    error = refused(capsys, "train", str(flowers), "--target", "kind", "--out", nowhere)
    assert "no folder" in error
    assert "target" in refused(capsys, "train", str(flowers))
    net = syn0.Sequential(syn0.Dense(2), random_state=0).build((3,))
    net.save(tmp_path / "plain.syn0")
    error = refused(capsys, "predict", str(tmp_path / "plain.syn0"), str(flowers))
    assert "not trained on a table" in error
    assert "flowers.csv" in refused(capsys, "predict", str(flowers), str(flowers))
    both = refused(capsys, "show", str(tmp_path / "plain.syn0"), "--code", "--plan")
    assert "choose one" in both


def test_the_printed_python_holds_what_was_asked() -> None:
    request = training.Request(
        Path('a"b.csv'), "y", "regression", ("id", "name"), 3, 7, "latin-1", Path("m.syn0")
    )
    program = training.python(request)
    compile(program, "program", "exec")
    for part in (
        'read_table("a\\"b.csv", encoding="latin-1")', 'leave_out=["id", "name"]', "folds=3",
        'task="regression"', "random_state=7", 'found.network.save("m.syn0")',
    ):  # fmt: skip
        assert part in program
