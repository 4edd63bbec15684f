"""Schedules against hand-worked rates, and on arrays of steps."""

from __future__ import annotations

import math
from typing import Any

import numpy as np
import pytest

from syn0 import schedules
from syn0.errors import ArgumentError, UnknownNameError
from syn0.schedules import (
    ConstantSchedule,
    CosineDecay,
    ExponentialDecay,
    OneCycle,
    Schedule,
    StepDecay,
    WarmupCosine,
)

ALL: list[Schedule] = [
    ConstantSchedule(0.1),
    StepDecay(0.1, 30, 0.1),
    ExponentialDecay(0.1, 30, 0.5),
    CosineDecay(0.1, 50, 0.01),
    OneCycle(0.1, 60),
    WarmupCosine(0.1, 10, 60, 0.001),
]


@pytest.mark.parametrize(
    ("schedule", "step", "rate"),
    [
        (ConstantSchedule(0.1), 10**6, 0.1),
        (StepDecay(0.1, 30, 0.1), 29, 0.1),
        (StepDecay(0.1, 30, 0.1), 30, 0.01),
        (StepDecay(0.1, 30, 0.1), 89, 0.001),
        (ExponentialDecay(0.1, 30, 0.5), 0, 0.1),
        (ExponentialDecay(0.1, 30, 0.5), 15, 0.1 * math.sqrt(0.5)),
        (ExponentialDecay(0.1, 30, 0.5), 60, 0.025),
        (CosineDecay(0.1, 50, 0.02), 0, 0.1),
        (CosineDecay(0.1, 50, 0.02), 25, 0.06),
        (CosineDecay(0.1, 50, 0.02), 50, 0.02),
        (CosineDecay(0.1, 50, 0.02), 500, 0.02),
        (WarmupCosine(0.1, 10, 60), 0, 0.01),
        (WarmupCosine(0.1, 10, 60), 9, 0.1),
        (WarmupCosine(0.1, 10, 60), 10, 0.1),
        (WarmupCosine(0.1, 10, 60), 35, 0.05),
        (WarmupCosine(0.1, 10, 60), 60, 0.0),
        (WarmupCosine(0.1, 0, 50), 0, 0.1),
        (OneCycle(0.1, 101, warmup_share=30 / 101), 0, 0.004),
        (OneCycle(0.1, 101, warmup_share=31 / 101), 30, 0.1),
        (OneCycle(0.1, 101, warmup_share=31 / 101), 65, (0.1 + 4e-7) / 2),
        (OneCycle(0.1, 101), 100, 4e-7),
        (OneCycle(0.1, 101), 1000, 4e-7),
        (OneCycle(0.1, 10, warmup_share=0.0), 0, 0.1),
        (OneCycle(0.1, 10, warmup_share=1.0), 9, 4e-7),
        (OneCycle(0.1, 1), 0, 4e-7),
    ],
)
def test_rates_by_hand(schedule: Schedule, step: int, rate: float) -> None:
    found = schedule(step)
    assert isinstance(found, float)
    assert found == pytest.approx(rate, rel=1e-12, abs=1e-18)


@pytest.mark.parametrize("schedule", [*ALL, schedules.get(lambda step: 1 / (step + 1))])
def test_arrays_of_steps_give_arrays_of_rates(schedule: Schedule) -> None:
    steps = np.arange(80)
    rates = schedule(steps)
    assert rates.shape == (80,)
    assert rates.dtype == np.float64
    np.testing.assert_array_equal(rates, [schedule(int(step)) for step in steps])
    assert rates.flags.writeable
    assert (rates >= 0).all()


@pytest.mark.parametrize("schedule", ALL)
def test_schedules_are_records(schedule: Schedule) -> None:
    assert schedules.get(schedule) is schedule
    assert hash(schedule) == hash(type(schedule)(**vars(schedule)))
    with pytest.raises(AttributeError):
        schedule.learning_rate = 1.0  # type: ignore[attr-defined]


def test_one_cycle_rises_once_and_falls_once() -> None:
    rates = OneCycle(0.1, 200)(np.arange(200))
    turns = np.flatnonzero(np.diff(np.sign(np.diff(rates))))
    assert len(turns) == 1
    assert rates.max() == pytest.approx(0.1, rel=1e-3)
    assert 55 <= rates.argmax() <= 60


def test_numbers_and_functions_are_schedules() -> None:
    assert schedules.get(0.1) == ConstantSchedule(0.1)
    assert schedules.get(1)(5) == 1.0
    assert schedules.get(np.float32(0.5))(0) == 0.5
    assert schedules.get(lambda step: 0.5**step)(3) == 0.125


@pytest.mark.parametrize(
    ("value", "text"),
    [
        ("constant", "write a number"),
        ("adaptive", "ReduceLROnPlateau"),
        ("cosine_decay", r"syn0.CosineDecay\(...\)"),
        ("cosin_decay", "did you mean 'cosine_decay'"),
        (-0.1, "learning_rate=-0.1"),
        (True, "not a schedule"),
        (None, "not a schedule"),
        (StepDecay, "is a class"),
    ],
)
def test_wrong_schedules_are_refused(value: Any, text: str) -> None:
    with pytest.raises((ArgumentError, UnknownNameError), match=text):
        schedules.get(value)


@pytest.mark.parametrize(
    ("make", "text"),
    [
        (lambda: StepDecay(0.1, 0), "decay_steps=0"),
        (lambda: StepDecay(0.1, 10, 2.0), "factor=2.0"),
        (lambda: ExponentialDecay(0.1, 10, 0.0), "factor=0.0"),
        (lambda: WarmupCosine(0.1, 10, 10), "more than warmup_steps=10"),
        (lambda: CosineDecay(0.1, 10, alpha=0.1), "write final_learning_rate="),
        (lambda: CosineDecay(0.1, T_max=10), "write decay_steps="),
        (lambda: OneCycle(max_lr=0.1, total_steps=10), "write learning_rate="),
        (lambda: ExponentialDecay(initial_learning_rate=0.1), "write learning_rate="),
        (lambda: StepDecay(0.1, gamma=0.1), "write factor="),
    ],
)
def test_wrong_arguments_are_refused(make: Any, text: str) -> None:
    with pytest.raises((ArgumentError, UnknownNameError), match=text):
        make()
