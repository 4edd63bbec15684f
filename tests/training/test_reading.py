"""Reading ahead: a thread that is one chunk ahead, what is told, and Ctrl-C."""

from __future__ import annotations

import itertools
import os
import signal
import sys
import threading
import time
from collections.abc import Iterator, Mapping
from types import SimpleNamespace
from typing import Any

import numpy as np
import pytest
from chunked import CLASSES, ENGINES, LONG, ROWS, Fixed, X, cut, network, readers, run_fake
from fakes import LinearStep, Recorder

import syn0
from syn0.training.chunks import ChunkFeed
from syn0.training.events import EpochEnded, FitEnded, FitStarted, Progress
from syn0.training.reading import ReadAhead
from syn0.training.sources import MappedRows


def test_the_next_item_is_read_while_the_last_is_worked_on_and_no_more() -> None:
    begun = [threading.Event() for _ in range(4)]

    def items() -> Iterator[int]:
        for number, event in enumerate(begun):
            event.set()
            yield number

    with ReadAhead(items()) as reader:
        assert begun[0].wait(LONG)
        assert not begun[1].wait(0.05)  # nobody has taken the first
        for number in range(3):
            assert reader.take() == number
            assert begun[number + 1].wait(LONG)
        assert reader.take() == 3
        assert reader.take() is None
    assert not readers()


def test_steps_and_reading_overlap() -> None:
    reading = threading.Event()
    rng = np.random.default_rng(0)
    chunks = [{"x": rng.normal(size=(8, 3)), "y": rng.normal(size=8)} for _ in range(2)]

    class Source(Fixed):
        def chunks(self, epoch: int) -> Iterator[Mapping[str, np.ndarray]]:
            yield chunks[0]
            reading.set()
            yield chunks[1]

    class Waiting(LinearStep):
        def run_span(self, *given: Any) -> int:
            assert reading.wait(LONG), "the second chunk is not read while the first is trained on"
            return super().run_span(*given)

    feed = ChunkFeed(Source(), batch_size=4, seed=0)
    history = run_fake(Waiting(), feed)
    assert history.epochs == 1


def test_events_tell_epochs_and_steps() -> None:
    rng = np.random.default_rng(0)
    chunk = {"x": rng.normal(size=(10, 3)), "y": rng.normal(size=10)}
    recorder = Recorder(every_epoch=True, wants_progress=True)
    feed = ChunkFeed(Fixed(chunk, chunk), batch_size=4, seed=0)
    history = run_fake(
        LinearStep(itertools.cycle([1])), feed, 3, first_epoch=2, listeners=[recorder]
    )
    (start,) = recorder.of(FitStarted)
    assert divmod(start.first_step, start.steps_per_epoch) == (2, 0)
    assert [event.epoch for event in recorder.of(EpochEnded)] == [2, 3, 4]
    assert all(event.step == 0 for event in recorder.of(Progress))  # an epoch's length is unknown
    (end,) = recorder.of(FitEnded)
    assert (end.reason, end.step - start.first_step) == ("completed", 15)
    assert end.message.startswith("3 epochs in")
    assert (history.epochs, history.first_epoch, recorder.closed) == (3, 2, 1)


def test_the_speed_counts_reading_and_steps(monkeypatch: pytest.MonkeyPatch) -> None:
    clock = SimpleNamespace(perf_counter=itertools.count().__next__, monotonic=time.monotonic)
    monkeypatch.setattr("syn0.training.streaming.time", clock)  # each look takes a second
    rows, recorder = {"x": np.ones((10, 3)), "y": np.ones(10)}, Recorder()
    feed = ChunkFeed(Fixed(rows, rows), batch_size=4, seed=0)
    run_fake(LinearStep(), feed, listeners=[recorder])
    (end,) = recorder.of(EpochEnded)
    assert end.samples_per_second == 20 / (4 + 3)  # four waits, the last for nothing; three spans


def test_progress_of_a_known_length_counts_steps(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("syn0.training.streaming.PROGRESS_INTERVAL", 0.0)
    monkeypatch.setattr("syn0.training.loop.PROGRESS_INTERVAL", 0.0)
    rows = {"x": np.ones((10, 3)), "y": np.ones(10)}
    source = MappedRows(
        lambda chosen: {name: x[chosen] for name, x in rows.items()}, samples=10, row_bytes=2**22
    )
    recorder = Recorder(wants_progress=True)
    feed = ChunkFeed(source, batch_size=4, seed=0)
    run_fake(LinearStep(itertools.cycle([1])), feed, 2, listeners=[recorder])
    (start,) = recorder.of(FitStarted)
    assert (start.steps_per_epoch, start.samples) == (3, 10)
    places = [(event.epoch, event.step) for event in recorder.of(Progress)]
    assert places == [(epoch, step) for epoch in (0, 1) for step in (1, 2, 3)]


# ----- Ctrl-C --------------------------------------------------------------


@pytest.mark.skipif(sys.platform == "win32", reason="signals are sent as on Unix")
@pytest.mark.parametrize("engine", ENGINES)
def test_ctrl_c_does_not_wait_for_a_chunk(engine: str) -> None:
    let_go, reading = threading.Event(), threading.Event()

    def chunks() -> Iterator[Any]:
        yield from cut(X, CLASSES)
        reading.set()
        os.kill(os.getpid(), signal.SIGINT)
        let_go.wait(LONG)
        yield X, CLASSES

    net = network()
    try:
        history = net.fit(chunks, epochs=1, batch_size=32, verbose=0, engine=engine)
        assert reading.is_set()
        assert len(readers()) == 1  # it hangs in the read, and the fit did not wait for it
    finally:
        let_go.set()
    for thread in readers():
        thread.join(LONG)
    assert not readers()
    assert history.epochs == 0
    assert 0 < int(net.numbers["step"]) <= ROWS // 32
    assert signal.getsignal(signal.SIGINT) is signal.default_int_handler


def test_an_interruption_says_where(capsys: pytest.CaptureFixture[str]) -> None:
    def stop(event: Any, run: Any) -> None:
        signal.raise_signal(signal.SIGINT)

    net = network()
    net.fit(
        cut(X, CLASSES), epochs=3, batch_size=32, verbose=0,
        callbacks=syn0.LambdaCallback(on_epoch_end=stop),
    )  # fmt: skip
    message = capsys.readouterr().err
    assert message.startswith("interrupted after epoch 1, which is kept")
    assert net.history.epochs == 1
    assert not readers()
