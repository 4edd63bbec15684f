"""What the tests of networks share: small networks, data, and what to compare."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest

import syn0

Dense = syn0.Dense


def numbers(*shape: int, seed: int = 0) -> np.ndarray:
    return np.random.default_rng(seed).normal(size=shape)


X = numbers(30, 3)
Y = numbers(30, seed=1)
CLASSES = np.arange(30) % 3


def small(units: int = 1, activation: str | None = None, **options: Any) -> syn0.Sequential:
    layers = Dense(4, activation="tanh", name="hidden"), Dense(units, activation, name="output")
    return syn0.Sequential(*layers, **{"random_state": 0, "dtype": "float64", **options})


def same_parameters(one: Any, other: Any, **tolerance: Any) -> None:
    for name, value in one.parameters.items():
        if tolerance:
            np.testing.assert_allclose(value, other.parameters[name], **tolerance)
        else:
            np.testing.assert_array_equal(value, other.parameters[name], err_msg=name)


def first_line(capsys: pytest.CaptureFixture[str], net: Any, *data: Any, **options: Any) -> str:
    net.fit(*data, **{"epochs": 1, "verbose": 2, **options})
    return capsys.readouterr().out.splitlines()[0]
