"""Steps one at a time are done again without a look at what has not changed, and are the same."""

from __future__ import annotations

import copy
import pickle
from collections.abc import Callable
from typing import Any

import numpy as np
import pytest

import syn0
from syn0.engines.llvm.compiling.target import host
from syn0.jobs import JobMaker
from syn0.neural_network import NetworkClassifier, NetworkRegressor
from syn0.stepping import StepAgain
from syn0.training import Callback

pytestmark = pytest.mark.skipif(host() is None, reason="the compiler does not know this processor")

RNG = np.random.default_rng(4)
X = RNG.normal(size=(60, 5)).astype("float32")
CLASSES = RNG.integers(0, 3, 60)
FALLING = syn0.ExponentialDecay(0.02, decay_steps=7, factor=0.5)


@pytest.fixture
def prepared(monkeypatch: pytest.MonkeyPatch) -> list[int]:
    """The calls that went the long way."""
    calls: list[int] = []
    plain = JobMaker.prepare

    def counted(trainer: JobMaker, *given: Any, **options: Any) -> Any:
        calls.append(len(calls))
        return plain(trainer, *given, **options)

    monkeypatch.setattr(JobMaker, "prepare", counted)
    return calls


def network() -> syn0.Sequential:
    return syn0.Sequential(
        syn0.Dense(6, "tanh", name="hidden"), syn0.BatchNormalization(), syn0.Dropout(0.2),
        syn0.Dense(3, "softmax"), random_state=1,
    )  # fmt: skip


def stands(net: Any) -> Any:
    numbers = {name: (v.dtype, v.tobytes()) for name, v in sorted(net.numbers.items())}
    record = net._trainer.record
    start = {name: v.tobytes() for name, v in sorted(record.start.items())}
    place = record.first_epoch, record.epochs, record.batch_size, record.samples, record.frozen
    return numbers, dict(net.history.items()), start, place, net._trainer.epochs_done


def both_ways(monkeypatch: pytest.MonkeyPatch, work: Callable[[], Any]) -> tuple[Any, Any]:
    """Return what some work gives, and what it gives where each call goes the long way."""
    found = work()
    with monkeypatch.context() as patch:
        patch.setattr(StepAgain, "serves", staticmethod(lambda *_: False))
        return found, work()


@pytest.mark.parametrize(("rate", "rows"), [(0.01, 1), (FALLING, 7)], ids=["constant", "falling"])
def test_steps_are_those_of_the_long_way(
    rate: Any, rows: int, prepared: list[int], monkeypatch: pytest.MonkeyPatch
) -> None:
    def work() -> Any:
        net, told = network(), []
        for i in range(20):
            some = slice(2 * i, 2 * i + rows)
            told.append(net.step(X[some], CLASSES[some], optimizer=syn0.Adam(rate)))
        assert len(prepared) in (1, 21)
        return told, stands(net), net.predict(X), net.show_code()

    ours, theirs = both_ways(monkeypatch, work)
    assert str(ours[3]) == str(theirs[3])
    assert ours[:2] == theirs[:2]
    np.testing.assert_array_equal(ours[2], theirs[2])


class Deaf(Callback):
    """Hears all and does nothing."""


def _set_rate(net: Any) -> None:
    net.set_parameters({"learning_rate": 0.5})


BETWEEN: dict[str, Callable[[Any], Any]] = {
    "nothing": lambda net: None,
    "another batch": lambda net: net.step(X[:9], CLASSES[:9]),
    "another dtype": lambda net: net.step(X[:4].astype("float64"), CLASSES[:4]),
    "lists": lambda net: net.step(X[:4].tolist(), CLASSES[:4].tolist()),
    "one-hot targets": lambda net: net.step(X[:4], np.eye(3)[CLASSES[:4]]),
    "weights": lambda net: net.step(X[:4], CLASSES[:4], sample_weight=np.array([1, 2, 0, 1.0])),
    "another optimizer": lambda net: net.step(X[:4], CLASSES[:4], optimizer=syn0.SGD(0.1)),
    "another metric": lambda net: net.step(X[:4], CLASSES[:4], metrics=[]),
    "a callback": lambda net: net.step(X[:4], CLASSES[:4], callbacks=[Deaf()]),
    "an epoch": lambda net: net.fit(X, CLASSES, epochs=1, batch_size=8, verbose=0),
    "a whole epoch": lambda net: net.fit(X[:4], CLASSES[:4], epochs=1, verbose=0),
    "a rate": _set_rate,
    "weights set": lambda net: net.set_parameters({"W_hidden": np.ones((5, 6))}),
    "a frozen layer": lambda net: net.freeze("hidden"),
    "a reset": lambda net: net.reset(),
    "a prediction": lambda net: net.predict(X),
}


@pytest.mark.sampled(6)
@pytest.mark.parametrize("between", BETWEEN)
def test_what_comes_between_two_steps_counts(between: str, monkeypatch: pytest.MonkeyPatch) -> None:
    def work() -> Any:
        net, told = network(), []
        for i in range(9):
            told.append(net.step(X[i : i + 4], CLASSES[i : i + 4]))
            if i in (3, 4):
                BETWEEN[between](net)
        return told, stands(net)

    ours, theirs = both_ways(monkeypatch, work)
    assert ours == theirs


@pytest.mark.parametrize("kind", [list, np.asarray])
def test_arguments_that_change_inside_count(
    kind: Callable[..., Any], prepared: list[int], monkeypatch: pytest.MonkeyPatch
) -> None:
    def work() -> Any:
        net, metrics = network(), ["accuracy"]
        loss = syn0.losses.Focal(alpha=kind([1.0, 2.0, 3.0]))
        for i in range(8):
            if i == 4:
                loss.alpha[1] = 9.0
            if i == 6:
                metrics.append(syn0.metrics.TopKAccuracy(2))
            net.step(X[i : i + 4], CLASSES[i : i + 4], loss=loss, metrics=metrics)
        return stands(net)

    ours, theirs = both_ways(monkeypatch, work)
    assert ours == theirs
    assert len(prepared) == 3 + 8  # the first, and the two that differ from the one before


def test_a_layer_frozen_inside_stays(monkeypatch: pytest.MonkeyPatch) -> None:
    def work() -> Any:
        inner = syn0.Sequential(syn0.Dense(4, "tanh", name="first"), name="inner")
        net = syn0.Sequential(inner, syn0.Dense(3, "softmax"), random_state=1)
        seen = []
        for i in range(6):
            net.step(X[i : i + 4], CLASSES[i : i + 4])
            seen.append({name: value.tolist() for name, value in net.parameters.items()})
            if i == 3:
                inner.freeze("first")
        (name,) = (name for name in seen[0] if name.startswith("W_first"))
        assert seen[3][name] == seen[5][name] != seen[2][name]
        return seen, stands(net)

    ours, theirs = both_ways(monkeypatch, work)
    assert ours == theirs


WRONG: dict[str, tuple[Any, Any]] = {
    "NaN": (np.full((4, 5), np.nan, "float32"), CLASSES[:4]),
    "a class that is not": (X[:4], np.array([0, 1, 2, 3])),
    "too large": (np.full((4, 5), 1e300), CLASSES[:4]),
    "loss that is not finite": (np.full((4, 5), 3e38, "float32"), CLASSES[:4]),
}


@pytest.mark.parametrize("wrong", WRONG)
def test_what_is_wrong_is_refused_as_before(wrong: str, monkeypatch: pytest.MonkeyPatch) -> None:
    def work() -> Any:
        net = network()
        for i in range(3):
            net.step(X[i : i + 4], CLASSES[i : i + 4])
        try:
            net.step(*WRONG[wrong])
            said = "nothing"
        except syn0.errors.Syn0Error as error:
            said = str(error)
        net.step(X[:4], CLASSES[:4])
        return said, stands(net)

    ours, theirs = both_ways(monkeypatch, work)
    assert ours == theirs


@pytest.mark.parametrize("kind", [NetworkClassifier, NetworkRegressor])
def test_streams_of_estimators_take_the_short_way(
    kind: Any, prepared: list[int], monkeypatch: pytest.MonkeyPatch
) -> None:
    def work() -> Any:
        prepared.clear()
        estimator = kind(syn0.Sequential(syn0.Dense(6, "tanh"), syn0.Dense("auto")), random_state=0)
        for i in range(12):
            first = {"classes": np.arange(3)} if kind is NetworkClassifier and i == 0 else {}
            estimator.partial_fit(X[i : i + 2], CLASSES[i : i + 2], **first)
        calls = len(prepared)
        return calls, stands(estimator.network_), estimator.n_iter_, estimator.predict(X).tolist()

    ours, theirs = both_ways(monkeypatch, work)
    assert (ours[0], theirs[0]) == (1, 12)
    assert ours[1:] == theirs[1:]


def test_copies_go_their_own_way() -> None:
    net = network()
    for i in range(3):
        net.step(X[i : i + 4], CLASSES[i : i + 4])
    before = stands(net)
    for other in (copy.deepcopy(net), pickle.loads(pickle.dumps(net))):  # noqa: S301
        other.step(X[:4], CLASSES[:4])
        assert stands(net) == before
    net.step(X[:4], CLASSES[:4])
    assert stands(other)[:2] == stands(net)[:2]
