"""What a report looks like, and what each verdict says.

The texts are kept in ``snapshots/verdicts.txt``. After a change that is meant, write them anew:
``SYN0_UPDATE_SNAPSHOTS=1 pytest tests/diagnosis/test_report.py``.
"""

from __future__ import annotations

import os
from pathlib import Path

import numpy as np

from syn0.diagnosis import KINDS, Report, Verdict
from syn0.diagnosis.evidence import Answer, Evidence, Flatness, Weights
from syn0.diagnosis.judging import judge_all

SNAPSHOT = Path(__file__).parents[1] / "snapshots" / "verdicts.txt"


def shares(flat: int, units: int) -> np.ndarray:
    return (np.arange(units) < flat).astype(float)


def valley(k: float) -> float:
    """The loss after a step k times as long, where 1e4 times would be right."""
    return 1.0 + (k / 1e4 - 1) ** 2


CLASSES = np.arange(100) % 4
ALWAYS = np.tile([0.1, 0.7, 0.1, 0.1], (100, 1))
NUMBERS = np.linspace(100, 300, 100)[:, None]
TABLE = np.random.default_rng(0).standard_normal((100, 6))
TABLE[:, 2] = -3 * TABLE[:, 0] + 1
TABLE[:, 4] = 2.5
TABLE[:, 5] = NUMBERS[:, 0]
WORDS = ("age", "size", "age again", "weight", "planet", "answer")

CASES = {
    "layers": Evidence(
        samples=1000, learning_rate=0.03, history={"loss": [1.0, 0.9]},
        flatness=[
            Flatness("hidden", "relu", shares(30, 64), False),
            Flatness("single", "relu", shares(1, 2), False),
            Flatness("bent", "tanh", np.full(8, 0.93), False),
            Flatness("answer", "relu", shares(1, 1), True),
        ],
        weights=[Weights("W_same", "same", 1.0, 0.25, True)],
    ),
    "gradients that fade": Evidence(
        samples=10, signals={"first": 3e-6, "second": 1e-3, "last": 2.0},
        flatness=[Flatness("first", "sigmoid", shares(0, 3), False)],
    ),
    "gradients that grow": Evidence(samples=1, signals={"first": 4e7, "last": 2.0}),
    "data": Evidence(
        samples=100,
        entering={"first": np.array([0.5, 4254.0]), "alone": np.array([1e-4])},
        columns={"x": TABLE},
        answers=[Answer("size", "size", NUMBERS * 0.1, NUMBERS, "values", "add", True)],
    ),
    "answers": Evidence(
        samples=100, learning_rate=0.1,
        answers=[
            Answer("kind", "kind", ALWAYS, CLASSES, "classes", "softmax", False),
            Answer("rare", "rare", ALWAYS[:, :1], (np.arange(100) < 5), "questions", "sigmoid",
                   False),
            Answer("level", "level", NUMBERS * 0, NUMBERS, "values", "sigmoid", False),
            Answer("same", "same", ALWAYS, CLASSES * 0 + 3, "classes", "softmax", False, False),
            Answer("flat", "flat", NUMBERS, NUMBERS * 0 + 2.5, "values", "add", False, False),
        ],
        doubled=[("kind", "`again` takes the softmax of what is a softmax already, of `kind`")],
        linear=("first", "second", "third"),
    ),
    "columns with names": Evidence(
        samples=100, columns={"x": TABLE}, entering={"first": np.array([0.5, 4254.0])},
        answers=[Answer("size", "size", NUMBERS * 0.1, NUMBERS, "values", "add", False)],
        names={name: [(f"{word}, scaled", word) for word in WORDS] for name in ("x", "first")},
    ),
    "derivatives of one's own": Evidence(
        loss=2.3, history={"loss": [2.0, 2.1, 2.3]}, own_derivatives=("hidden", "next"),
    ),
    "a loss that rises": Evidence(history={"loss": [2.0, 0.5, 1.5]}, learning_rate=0.1),
    "a loss that swings": Evidence(history={"loss": [2.0, 1.0, 1.8, 1.1, 1.7, 1.0, 1.8, 1.1]}),
    "a step that misses": Evidence(
        samples=10, loss=1.0, loss_after=lambda k: 1 + 3 * k**2 - 0.5 * k, learning_rate=0.5
    ),
    "steps too short": Evidence(
        samples=10, loss=2.0, loss_after=valley, learning_rate=1e-6,
        history={"loss": [2.02, 2.01, 2.0]},
    ),
    "a loss that is none": Evidence(samples=10, loss=np.nan, learning_rate=0.1),
    "overfitting": Evidence(
        history={"loss": [1.0, 0.5, 0.3, 0.1], "val_loss": [1.1, 0.8, 0.9, 1.3]}
    ),
    "nothing": Evidence(),
}  # fmt: skip


def test_the_texts_are_those_of_the_snapshot() -> None:
    reports = {name: judge_all(found, f"case: {name}") for name, found in CASES.items()}
    page = ("\n" + "=" * 100 + "\n").join(report.text() for report in reports.values()) + "\n"
    if os.environ.get("SYN0_UPDATE_SNAPSHOTS"):
        SNAPSHOT.write_text(page, encoding="utf-8")
    assert page == SNAPSHOT.read_text(encoding="utf-8")
    assert {verdict.kind for report in reports.values() for verdict in report} == set(KINDS)


def test_each_verdict_is_one_line_with_a_change_and_a_source() -> None:
    for found in CASES.values():
        for verdict in judge_all(found):
            line = str(verdict)
            assert line.startswith(verdict.message)
            assert line.endswith(f"; try {verdict.mend} ({verdict.source})")
            assert "\n" not in line and "  " not in line


def verdict(kind: str, number: float) -> Verdict:
    row = KINDS[kind]
    return Verdict(kind, "hidden", "It is so", number, row.threshold, "this", row.source)


def test_causes_come_before_what_follows_and_the_worse_first() -> None:
    few, many = verdict("dead_units", 0.5), verdict("dead_units", 0.9)
    scale, end = verdict("unscaled_input", 31), verdict("collapse", 1)
    faint, fainter = verdict("vanishing_gradients", 1e-4), verdict("vanishing_gradients", 1e-6)
    report = Report([end, few, faint, many, scale, fainter])
    assert list(report) == [scale, many, few, fainter, faint, end]
    assert report[0] is scale and list(report[1:3]) == [many, few] and end in report


def test_an_empty_report_is_false_and_says_so() -> None:
    report = Report([], "12 samples")
    assert not report
    assert str(report) == repr(report) == report.text() == "nothing found (12 samples)"


def test_the_table_has_what_was_measured_beside_its_limit() -> None:
    text = Report([verdict("unscaled_input", 812)], "8 samples").text()
    assert text.splitlines()[0] == "1 finding, the gravest first (8 samples)"
    assert text.splitlines()[-3].split() == "1 hidden unscaled input 812 up to 30".split()
    text = Report([verdict("dead_units", 0.625)], "8 samples").text()
    assert text.splitlines()[-3].split() == "1 hidden dead units 62 % up to 45 %".split()
