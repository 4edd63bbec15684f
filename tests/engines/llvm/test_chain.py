"""Epochs with a last batch of another size, in one native call."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest

import syn0
from syn0.engines import Control, choose
from syn0.engines.llvm.compiling.target import host
from syn0.engines.llvm.running.chain import Chain
from syn0.engines.llvm.running.span import Span
from syn0.errors import NonFiniteError
from syn0.training import Callback
from syn0.training.events import EpochsEnded

from trainings import digest  # isort: skip

pytestmark = pytest.mark.skipif(host() is None, reason="the compiler does not know this processor")

SAMPLES, BATCH = 23, 5


@pytest.fixture
def links(monkeypatch: pytest.MonkeyPatch) -> list[int]:
    """How many runs of drivers each native call held."""
    counts: list[int] = []
    run = Chain.run

    def counted(chain: Chain, count: int, cycles: int) -> Any:
        found = run(chain, count, cycles)
        counts.append(len(found))
        return found

    monkeypatch.setattr(Chain, "run", counted)
    return counts


def data(samples: int = SAMPLES) -> tuple[np.ndarray, np.ndarray]:
    X = np.random.default_rng(3).normal(size=(samples, 4)).astype("float32")
    return X, X[:, :1] * X[:, 1:2]


def network() -> syn0.Sequential:
    return syn0.Sequential(
        syn0.Dense(6, activation="tanh", name="hidden"), syn0.Dropout(0.2), syn0.Dense(1),
        random_state=1,
    )  # fmt: skip


class EachEpoch(Callback):
    """Hears of each epoch, so that none shares a native call with another."""


RATES: list[Any] = [0.01, syn0.ExponentialDecay(0.02, decay_steps=7, factor=0.5)]


@pytest.mark.parametrize("samples", [SAMPLES, 20])  # with a last batch of its own, and without
@pytest.mark.parametrize("rate", RATES, ids=["constant", "scheduled"])
@pytest.mark.parametrize("shuffle", [True, False])
@pytest.mark.parametrize("threads", [1, 2])
def test_epochs_together_are_epochs_one_by_one(
    samples: int, rate: Any, shuffle: bool, threads: int, links: list[int]
) -> None:
    found = []
    for callbacks in ([], [EachEpoch()]):
        net = network()
        history = net.fit(
            *data(samples), epochs=6, batch_size=BATCH, optimizer=syn0.Adam(rate), verbose=0,
            shuffle=shuffle, callbacks=callbacks, threads=threads, engine="llvm",
        )  # fmt: skip
        found.append((digest(net), history["loss"]))
    assert found[0] == found[1]
    rest = int(samples > 20)
    # Together they are one call; one by one an epoch is a chain only with its last batch.
    assert links == [6 * (1 + rest), *[2] * (6 * rest)]


class Patient(Callback):
    """Hears of every third epoch, and stops after some."""

    hears_epochs = reads_state = False

    def __init__(self, last: int) -> None:
        self.heard: list[float] = []
        self._last = last

    def epochs_ahead(self) -> float:
        return 3 - len(self.heard) % 3

    def receive(self, event: Any, run: Any) -> None:
        if isinstance(event, EpochsEnded):
            self.heard += event.columns["loss"].tolist()
            if len(self.heard) >= self._last:
                run.stop()


@pytest.mark.parametrize("rate", RATES, ids=["constant", "scheduled"])
def test_who_does_without_the_state_hears_within_a_span(
    rate: Any, links: list[int], monkeypatch: pytest.MonkeyPatch
) -> None:
    spans, run = [], Span.run

    def counted(span: Span, first: int, count: int) -> int:
        spans.append(run(span, first, count))
        return spans[-1]

    monkeypatch.setattr(Span, "run", counted)
    found = []
    for epochs, callbacks in ((6, []), (50, [patient := Patient(6)])):
        net = network()
        history = net.fit(
            *data(), epochs=epochs, batch_size=BATCH, optimizer=syn0.Adam(rate), verbose=0,
            callbacks=callbacks, engine="llvm", threads=1,
        )  # fmt: skip
        found.append((digest(net), history["loss"]))
    assert found[0] == found[1]
    assert patient.heard == found[1][1]
    assert links == [12, 6, 6]
    assert spans == [30, 30]


def test_what_is_not_finite_ends_the_chain_in_time(links: list[int]) -> None:
    X, y = data()
    X[17, 2] = 1e30  # its square is not finite
    nets = [network(), network()]
    failed = []
    for net, engine in zip(nets, ("llvm", "numpy"), strict=True):
        net.build((4,))
        with pytest.raises(NonFiniteError) as caught:
            net.fit(X, y * 1e30, epochs=5, batch_size=BATCH, verbose=0, engine=engine)
        failed.append((int(net.numbers["step"]), str(caught.value).splitlines()[0]))
    assert failed[0] == failed[1]
    assert links
    for name, value in nets[0].parameters.items():
        np.testing.assert_allclose(value, nets[1].parameters[name], rtol=1e-4, atol=1e-6)


def test_the_state_between_two_runs_is_its_owners() -> None:
    net = network()
    job = net._trainer.prepare(*data(), batch_size=BATCH, engine="llvm")
    net._trainer._begin(job)
    program = net.program("train_step", task=job.task, plan=job.plan)
    executable = choose("llvm")[0].compile(program)
    found = []
    for keeps in (True, False):
        state, control, first = dict(net.numbers), Control(), 0
        for count, rate, weight in ((7, 0.01, 0.0), (9, 0.1, 0.5), (4, 0.1, -0.5)):
            state["learning_rate"] = np.asarray(rate, "float32")
            state["W_hidden"] = state["W_hidden"] + np.float32(weight)
            assert executable.run_span(state, job.feed, first, count, control) == count
            assert (control.kept is not None) and control.failure is None
            first += count
            if not keeps:
                control.close()
        found.append(digest(state))
    assert found[0] == found[1]
