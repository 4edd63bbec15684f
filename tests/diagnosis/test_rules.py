"""What the rules leave alone: numbers that look like a fault and are none."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest
from test_report import NUMBERS, TABLE, shares

import syn0
from syn0 import Dense
from syn0.diagnosis.evidence import Answer, Evidence, Flatness
from syn0.diagnosis.judging import judge_all
from syn0.diagnosis.wiring import linear_chain

RANDOM = np.random.default_rng(1)
PIXELS = np.zeros((100, 4))
PIXELS[7, :2] = 5.0  # two corners that are lit in the same picture
YES = np.arange(100) < 50
ONE = np.tile([[0.9, 0.1]], (100, 1))


def answer(kind: str, y_pred: Any, y_true: Any, **options: Any) -> Answer:
    fixed = {"name": "out", "layer": "out", "activation": "add", "scaled": kind == "values"}
    return Answer(**{**fixed, **options}, kind=kind, y_pred=y_pred, y_true=y_true)


QUIET = {
    "few samples": Evidence(samples=29, columns={"x": TABLE[:29]}),
    "columns of zeros, and rare ones": Evidence(samples=100, columns={"x": PIXELS}),
    "a single column that tells the target": Evidence(
        samples=100, columns={"x": NUMBERS}, answers=[answer("values", NUMBERS, 2 * NUMBERS / 300)]
    ),
    "an output for each column": Evidence(
        samples=100, columns={"x": RANDOM.normal(size=(100, 3))},
        answers=[answer("values", RANDOM.normal(size=(100, 3)), RANDOM.normal(size=(100, 3)))],
    ),
    "large targets that were learned": Evidence(
        samples=100, answers=[answer("values", NUMBERS * 1.01 - 7, NUMBERS)]
    ),
    "nearly all samples of one class": Evidence(
        samples=100, answers=[answer("classes", ONE, (np.arange(100) > 97).astype(int))]
    ),
    "targets at the ends of a sigmoid": Evidence(
        samples=100,
        answers=[answer("values", YES[:, None] * 1.0, YES[:, None] * 1.0, activation="sigmoid")],
    ),
    "some dead units": Evidence(
        samples=10, flatness=[Flatness("hidden", "relu", shares(45, 100), False)]
    ),
    "an output at the ends of its sigmoid": Evidence(
        samples=10, flatness=[Flatness("out", "sigmoid", np.ones(4), True)]
    ),
    "no gradient where all is learned": Evidence(samples=10, signals={"a": 0.0, "b": 0.0}),
    "a gradient that is lost in dead units": Evidence(
        samples=10, signals={"a": 0.0, "b": 1.0},
        flatness=[Flatness("b", "relu", shares(2, 5), False)],
    ),
    "noise in a loss that was large": Evidence(
        history={"loss": [0.02, 0.01, 0.015, 0.01, 0.014, 0.01, 0.015]}, first_loss=2.3
    ),
    "a loss of two epochs": Evidence(history={"loss": [0.5, 1.5], "val_loss": [0.5, 1.5]}),
    "validation that rises by little": Evidence(
        history={"loss": [1, 0.1, 0.01, 0.001], "val_loss": [1.0, 0.01, 0.011, 0.02]}
    ),
    "both losses that rise": Evidence(
        history={"loss": [1, 0.5, 0.51, 0.52], "val_loss": [1.0, 0.5, 0.6, 0.8]}
    ),
    "steps of the right length": Evidence(
        samples=10, loss=1.0, history={"loss": [1.02, 1.01, 1.0]},
        loss_after=lambda k: 1.0 + (k / 10) ** 2 - 0.02 * k,
    ),
    "a derivative of one's own in a network that learns": Evidence(
        loss=0.5, history={"loss": [2.0, 1.0, 0.5]}, own_derivatives=("hidden",)
    ),
    "a derivative of one's own where all was learned": Evidence(
        loss=0.01, history={"loss": [0.011, 0.01, 0.01]}, first_loss=2, own_derivatives=("hidden",)
    ),
    "nothing left to learn": Evidence(
        samples=10, loss=0.001, history={"loss": [0.0011, 0.001, 0.001]}, first_loss=2.0,
        loss_after=lambda k: 0.001 / k,
    ),
}  # fmt: skip
LOUD = {"a gradient that is lost in dead units": {"vanishing_gradients"}}


@pytest.mark.parametrize("name", QUIET)
def test_what_is_no_fault_is_left_alone(name: str) -> None:
    assert {verdict.kind for verdict in judge_all(QUIET[name])} == LOUD.get(name, set())


def test_gradients_that_end_at_dead_layers_are_called_dead_alone() -> None:
    found = Evidence(
        samples=10, signals={"a": 0.0, "b": 1.0},
        flatness=[Flatness("b", "relu", shares(5, 5), False)],
    )  # fmt: skip
    assert [verdict.kind for verdict in judge_all(found)] == ["dead_units"]


@pytest.mark.parametrize(
    ("layers", "wanted"),
    [
        ((Dense(8), Dense(3)), ("dense_1", "dense_2")),
        ((Dense(8), Dense(3, activation="softmax")), ("dense_1", "dense_2")),
        ((Dense(8), syn0.Dropout(0.5), Dense(3)), ()),
        ((Dense(8), syn0.Activation("relu"), Dense(3)), ()),
        ((Dense(8), Dense(3), syn0.Activation("softmax")), ("dense_1", "dense_2")),
        ((Dense(2), Dense(3)), ()),
        ((Dense(3),), ()),
        ((syn0.Flatten(), syn0.Normalization(), Dense(8), Dense(1)), ("dense_1", "dense_2")),
    ],
)
def test_a_network_without_activation(layers: Any, wanted: tuple[str, ...]) -> None:
    assert linear_chain(syn0.Sequential(*layers).build((4,))) == wanted
