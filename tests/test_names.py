"""The words people write: catalogues, arguments checked by name, names of classes."""

from __future__ import annotations

import copy
import pickle
from dataclasses import dataclass, replace
from typing import Any

import pytest

from syn0 import activations, initializers, layers, losses, metrics, optimizers, penalties
from syn0.errors import ArgumentError, UnknownNameError
from syn0.names import Catalogue, Record, snake_case
from syn0.penalties import L1, L2

MODULES = (activations, initializers, losses, metrics, optimizers, penalties)


@dataclass(frozen=True)
class Sample(Record):
    """A record with an argument that others call otherwise."""

    rate: float = 1.0
    foreign = {"p": "rate", "q": "nothing: there is none"}


@pytest.mark.parametrize(
    ("name", "snake"),
    [
        ("Dense", "dense"),
        ("LayerNormalization", "layer_normalization"),
        ("GlobalAveragePool2D", "global_average_pool2d"),
        ("PReLU", "prelu"),
        ("LSTM", "lstm"),
        ("RNN", "rnn"),
        ("MultiHeadAttention", "multi_head_attention"),
        ("Conv2D", "conv2d"),
    ],
)
def test_snake_case(name: str, snake: str) -> None:
    assert snake_case(name) == snake


def test_layers_have_names_of_their_own_as_python_names() -> None:
    kinds = [snake_case(name) for name in layers.__all__]
    assert len(set(kinds)) == len(kinds)
    assert all(kind.isidentifier() for kind in kinds)


@pytest.mark.parametrize(
    ("option", "text"),
    [
        ("p", "write rate="),
        ("q", "write nothing: there is none"),
        ("lr", "write learning_rate"),
        ("ratte", "did you mean 'rate'"),
    ],
)
def test_unknown_arguments_say_what_to_write(option: str, text: str) -> None:
    with pytest.raises(UnknownNameError) as caught:
        Sample(**{option: 1.0})
    message = str(caught.value)
    assert message.startswith(f"Sample has no argument {option!r}.\n")
    assert f"where:    Sample({option}=...)" in message
    assert "expected: rate" in message
    assert text in message


def test_too_many_values_are_python_s_business() -> None:
    with pytest.raises(TypeError, match="positional"):
        Sample(1.0, 2.0)  # type: ignore[call-arg]


def test_a_subclass_with_its_own_init_takes_its_own_arguments() -> None:
    class Own(Record):
        def __init__(self, a: int, **rest: Any) -> None:
            self.a, self.rest = a, rest

    assert Own(a=1, b=2).rest == {"b": 2}


def test_records_copy_and_replace() -> None:
    one = optimizers.Adam(0.1, clip_norm=1.0)
    assert copy.deepcopy(one) == one
    assert pickle.loads(pickle.dumps(one)) == one  # noqa: S301 (our own bytes)
    assert replace(one, beta_1=0.5).beta_1 == 0.5
    assert replace(layers.Dense(3, name="a"), units=4) == layers.Dense(4, name="a")


@pytest.mark.parametrize("module", MODULES)
def test_hints_point_to_names_that_exist(module: Any) -> None:
    """A hint that quotes a name quotes one of the catalogue's."""
    for word, use in module.catalogue.foreign.items():
        quoted = use.split("'")[1::2]
        first = quoted[:1] if use.startswith("'") else []
        assert set(first) <= set(module.catalogue.makers), word
        with pytest.raises(UnknownNameError) as caught:
            module.catalogue.make(word)
        assert use in str(caught.value)


@pytest.mark.parametrize("module", MODULES)
def test_every_name_makes_its_object(module: Any) -> None:
    for name in module.catalogue.makers:
        assert module.get(name) is not None


def test_a_word_without_a_neighbour_lists_all() -> None:
    family: Catalogue[int] = Catalogue("animal", {"cat": lambda: 1, "dog": lambda: 2})
    assert family.make("cat") == 1
    with pytest.raises(UnknownNameError, match="there is no animal 'xyz'"):
        family.make("xyz")
    with pytest.raises(UnknownNameError, match="choose one of cat, dog"):
        family.make("xyz")
    assert str(family.refuse(3, "a name")).startswith("3 of type int is not an animal.")


# ----- penalties ----------------------------------------------------------


def test_penalties_by_hand() -> None:
    W = [[1.0, -2.0], [0.0, 3.0]]
    assert float(L1(0.1)(W)) == pytest.approx(0.6)
    assert float(L2(0.1)(W)) == pytest.approx(1.4)
    assert (penalties.get("l1"), penalties.get("l2")) == (L1(0.01), L2(0.01))
    assert penalties.get(None) is None
    assert penalties.get(abs) is abs


@pytest.mark.parametrize(
    ("make", "text"),
    [
        (lambda: penalties.get("l1_l2"), r"syn0.L1\(0.01\)\(W\) \+ syn0.L2"),
        (lambda: penalties.get(L1), r"write L1\(\)"),
        (lambda: penalties.get(0.1), "not a penalty"),
        (lambda: L2(-1.0), "strength=-1.0"),
        (lambda: L1(alpha=0.1), "write strength="),
    ],
)
def test_wrong_penalties_are_refused(make: Any, text: str) -> None:
    with pytest.raises((ArgumentError, UnknownNameError), match=text):
        make()
