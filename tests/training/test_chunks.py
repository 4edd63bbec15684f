"""Chunks: each row once an epoch, the same bits, and clear errors."""

from __future__ import annotations

import itertools
import time
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from chunked import (
    CLASSES,
    ENGINES,
    ROWS,
    SIZES,
    Fixed,
    X,
    batches,
    cut,
    fitted,
    mapped,
    network,
    readers,
    same,
)
from fakes import Recorder
from hypothesis import given
from hypothesis import strategies as st

import syn0
from syn0.errors import ArgumentError, DataError, DTypeError, NonFiniteError, ShapeError
from syn0.training.chunks import ChunkFeed
from syn0.training.events import Progress
from syn0.training.feeds import StepTable
from syn0.training.sources import CHUNK_BYTES, RUN_BYTES, GivenChunks, MappedRows, are_chunks

# ----- the order of an epoch -----------------------------------------------


@given(
    st.lists(st.integers(1, 30), min_size=1, max_size=8), st.integers(1, 40), st.booleans()
)  # fmt: skip
def test_each_row_comes_once_an_epoch_and_batches_are_full(sizes, batch_size, shuffle) -> None:
    rows = np.arange(sum(sizes))
    chunks = [{"x": part} for (part,) in cut(rows, sizes=tuple(sizes))]
    feed = ChunkFeed(Fixed(*chunks), batch_size=batch_size, seed=1, shuffle=shuffle)
    for epoch in batches(feed, 2):
        assert sorted(np.concatenate(epoch)) == rows.tolist()
        assert [len(b) for b in epoch[:-1]] == [batch_size] * (len(epoch) - 1)
        assert 1 <= len(epoch[-1]) <= batch_size
        if not shuffle:
            np.testing.assert_array_equal(np.concatenate(epoch), rows)


def test_rows_are_mixed_within_their_chunk_anew_each_epoch() -> None:
    feed = ChunkFeed(Fixed({"x": np.arange(50)}, {"x": np.arange(50, 100)}), batch_size=8, seed=1)
    epochs = [np.concatenate(epoch) for epoch in batches(feed, 2)]
    other = np.concatenate(batches(ChunkFeed(feed.source, batch_size=8, seed=2))[0])
    orders = [part % 50 for order in (*epochs, other) for part in (order[:50], order[50:])]
    assert len({tuple(order.tolist()) for order in orders}) == 6
    assert all(sorted(order) == list(range(50)) for order in orders)
    np.testing.assert_array_equal(epochs[0], np.concatenate(batches(feed)[0]))


def test_a_sequence_is_shuffled_across_its_chunks() -> None:
    chunks = [(np.full((2, 1), i), None) for i in range(20)]
    source = GivenChunks(chunks, epoch=0, epochs=3, seed=4, shuffle=True)
    source.prepared_by(lambda chunk: {"x": chunk[0]}, 2)
    orders = [[int(c["x"][0, 0]) for c in source.chunks(epoch)] for epoch in range(3)]
    assert len(set(map(tuple, orders))) == 3
    assert [sorted(order) for order in orders] == [list(range(20))] * 3
    plain = GivenChunks(chunks, epoch=0, epochs=1, seed=4, shuffle=False)
    plain.prepared_by(lambda chunk: {"x": chunk[0]}, 2)
    assert [int(c["x"][0, 0]) for c in plain.chunks(0)] == list(range(20))


def test_a_file_is_read_by_runs_from_all_over_it() -> None:
    samples, row_bytes = 1_000_000, 256
    run = RUN_BYTES // row_bytes
    source = MappedRows(lambda rows: {"x": rows}, samples=samples, row_bytes=row_bytes, seed=1)
    epochs = [[c["x"] for c in source.chunks(epoch)] for epoch in range(2)]
    for chunks in epochs:
        np.testing.assert_array_equal(np.sort(np.concatenate(chunks)), np.arange(samples))
        for rows in chunks:
            assert rows.size * row_bytes <= CHUNK_BYTES
            assert np.all(np.diff(rows) > 0)  # a disk is read forwards
            starts = rows[np.r_[True, np.diff(rows) > 1]]
            assert np.all(starts % run == 0)  # and never less than a run
    first = epochs[0][0]
    assert first.min() < samples / 4 and first.max() > samples * 3 / 4
    assert not np.array_equal(first, epochs[1][0])


def test_tables_count_the_steps_of_the_fit() -> None:
    tables = {"learning_rate": StepTable(float, "float64", offset=100)}
    chunks = [{"x": np.arange(n)} for n in (5, 4, 8)]
    feed = ChunkFeed(Fixed(*chunks), batch_size=4, seed=0, tables=tables)
    parts = list(feed.parts([c for c in feed.read(0, 1) if c is not None], 7))
    rates = [p.batch(i)["learning_rate"].item() for p in parts for i in range(p.steps)]
    assert rates == [107, 108, 109, 110, 111]
    spans = [p.table("learning_rate", 0, p.steps).tolist() for p in parts]
    assert list(itertools.chain(*spans)) == rates


# ----- results -------------------------------------------------------------


@pytest.mark.parametrize("engine", ENGINES)
def test_unshuffled_chunks_are_one_array(engine: str) -> None:
    options: dict[str, Any] = {"shuffle": False, "engine": engine}
    options["optimizer"] = syn0.SGD(syn0.CosineDecay(0.1, 30), momentum=0.9)
    whole = fitted(X, CLASSES, **options)
    for chunks in (cut(X, CLASSES), lambda: iter(cut(X, CLASSES)), tuple(cut(X, CLASSES))):
        parts = fitted(chunks, **options)
        for name, value in whole.parameters.items():
            np.testing.assert_array_equal(value, parts.parameters[name], err_msg=name)
        np.testing.assert_allclose(whole.history["loss"], parts.history["loss"], rtol=1e-6)


class Slow:
    """Chunks that come when they come."""

    def __init__(self, chunks: list[Any], seconds: float) -> None:
        self.chunks, self.seconds = chunks, seconds

    def __iter__(self) -> Iterator[Any]:
        for chunk in self.chunks:
            time.sleep(self.seconds)
            yield chunk


@pytest.mark.parametrize("engine", ENGINES)
def test_results_do_not_depend_on_when_chunks_come(engine: str) -> None:
    chunks = cut(X, CLASSES)
    slow = fitted(Slow(chunks, 0.02), engine=engine)
    same(slow, fitted(Slow(chunks, 0.0), engine=engine))
    same(slow, fitted(lambda: (list(chunk) for chunk in chunks), engine=engine))
    assert not np.array_equal(
        slow.parameters["W_hidden"], fitted(chunks, engine=engine).parameters["W_hidden"]
    )  # a list is shuffled across


@pytest.mark.parametrize("engine", ENGINES)
def test_results_do_not_depend_on_who_watches_or_how_many_threads_work(
    engine: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    alone = fitted(cut(X, CLASSES), engine=engine, threads=1)
    monkeypatch.setattr("syn0.training.streaming.PROGRESS_INTERVAL", 0.0)
    monkeypatch.setattr("syn0.training.loop.PROGRESS_INTERVAL", 0.0)
    recorder = Recorder(wants_progress=True)
    watch = syn0.LambdaCallback(on_progress=recorder.receive)
    watched = fitted(cut(X, CLASSES), engine=engine, threads=2, verbose=2, callbacks=watch)
    same(alone, watched)
    assert len(recorder.of(Progress)) > 3 * len(SIZES)


class Reusing:
    """Chunks that lie in one array, filled again and again; nobody knows how many there are."""

    def __len__(self) -> int:
        raise TypeError("it has no length")

    def __iter__(self) -> Iterator[Any]:
        x, y = np.empty((100, 6), "float32"), np.empty(100, "int64")
        for start in range(0, 300, 100):
            x[:], y[:] = X[start : start + 100], CLASSES[start : start + 100]
            yield x, y


def test_a_reader_may_fill_the_same_array_again() -> None:
    fresh = cut(X[:300], CLASSES[:300], sizes=(100, 100, 100))
    for engine in ENGINES:
        same(fitted(Reusing(), engine=engine), fitted(lambda: iter(fresh), engine=engine))


def test_engines_agree_on_chunks() -> None:
    one, other = (fitted(cut(X, CLASSES), engine=engine) for engine in ENGINES)
    for name, value in one.parameters.items():
        np.testing.assert_allclose(value, other.parameters[name], rtol=1e-4, atol=1e-6)


@pytest.mark.parametrize("engine", ENGINES)
def test_two_fits_on_chunks_are_one_long_fit(engine: str, tmp_path: Path) -> None:
    file, options = mapped(tmp_path, "X", X), {"batch_size": 32, "verbose": 0, "engine": engine}
    for data in ((cut(X, CLASSES),), (file, CLASSES)):
        long, twice = fitted(*data, epochs=5, engine=engine), network()
        twice.fit(*data, epochs=2, **options)
        twice.fit(*data, epochs=3, **options)
        same(long, twice)


def test_chunks_learn(capsys: pytest.CaptureFixture[str]) -> None:
    net = network()
    history = net.fit(
        cut(X, CLASSES), validation_data=(X, CLASSES), epochs=40, batch_size=16, verbose=2,
        optimizer=syn0.Adam(0.01), callbacks=[syn0.EarlyStopping(target=0.2, monitor="loss")],
    )  # fmt: skip
    lines = capsys.readouterr().out.splitlines()
    assert lines[0].startswith("loss cross_entropy · optimizer Adam(learning_rate=0.01) · 4 chunks")
    assert history["val_accuracy"][-1] > 0.9
    assert len(lines) == 2 + history.epochs < 42  # it stopped at its target
    assert net.history["loss"] == history["loss"]
    steps = -(-ROWS // 16)
    assert int(net.numbers["step"]) == steps * history.epochs
    assert "for epoch in range" in net.code()


def test_weights_come_with_the_chunks() -> None:
    weight = np.arange(ROWS) % 3.0
    by_class = {0: 1.0, 1: 2.0, 2: 0.5}
    options: dict[str, Any] = {"shuffle": False, "class_weight": by_class, "engine": "numpy"}
    parts = fitted(cut(X, CLASSES, weight), **options)
    whole = fitted(X, CLASSES, sample_weight=weight, **options)
    np.testing.assert_allclose(parts.history["loss"], whole.history["loss"], rtol=1e-5)
    by_order = np.argsort(CLASSES)  # a chunk need not have all classes
    sizes = tuple(np.bincount(CLASSES).tolist())
    fitted(cut(X[by_order], CLASSES[by_order], sizes=sizes), class_weight=by_class)


def test_chunks_for_several_inputs() -> None:
    a, b = syn0.Input((2,), name="a"), syn0.Input((4,), name="b")
    out = syn0.Dense(3, activation="softmax")(syn0.Concatenate()(a, b))
    chunks = [((x[:, :2], x[:, 2:]), y) for x, y in cut(X, CLASSES)]
    named = [({"a": x[:, :2], "b": x[:, 2:]}, y) for x, y in cut(X, CLASSES)]
    nets = [syn0.Model((a, b), out, random_state=0) for _ in range(2)]
    for net, given_chunks in zip(nets, (chunks, named), strict=True):
        net.fit(given_chunks, epochs=2, verbose=0)
    same(*nets)  # type: ignore[arg-type]


@pytest.mark.sampled(4)
@pytest.mark.parametrize("engine", ENGINES)
@pytest.mark.parametrize("dtype", ["float16", "float64", "uint8", "bool", ">f4"])
def test_chunks_keep_their_dtype(engine: str, dtype: str) -> None:
    numbers = np.abs(X * 3).astype(dtype)
    net = fitted(cut(numbers, CLASSES), engine=engine, shuffle=False)
    like = fitted(cut(numbers.astype("float32"), CLASSES), engine=engine, shuffle=False)
    np.testing.assert_allclose(net.history["loss"], like.history["loss"], rtol=1e-5)


# ----- what can go wrong ---------------------------------------------------


def good(*more: Any) -> Callable[[], Iterator[Any]]:
    """Chunks of which the first are good, and what comes then."""
    return lambda: iter([*cut(X, CLASSES), *more])


@pytest.mark.parametrize(
    ("chunk", "kind", "text"),
    [
        ((X[:, :5], CLASSES), ShapeError, r"X has the shape \(300, 5\)"),
        ((X, CLASSES + 1), DataError, "numbered 1 to 3"),
        ((X, np.eye(3)[CLASSES]), DataError, "y holds one number a unit"),
        ((X[:9], CLASSES[:8]), DataError, "x has 9 and y has 8"),
        ((np.full_like(X, np.nan), CLASSES), DataError, "X holds nan at row 0, column 0"),
        ((X.astype("float64"), CLASSES), DTypeError, r"x\.astype\('float32'\)"),
        ((X, CLASSES, np.ones(ROWS)), DataError, "there is a sample_weight"),
        ((X[:0], CLASSES[:0]), DataError, "X is empty"),
        (X, DataError, "a chunk is a ndarray"),
        ((X,), DataError, "a chunk is a tuple, 1 items"),
        ((X, None), DataError, "y is None"),
    ],
)
def test_a_chunk_unlike_the_first_is_named_and_the_steps_before_are_kept(chunk, kind, text) -> None:
    net = network()
    with pytest.raises(kind, match=text) as caught:
        net.fit(good(chunk), epochs=2, batch_size=32, verbose=0)
    assert "while reading chunk 5 of epoch 1" in caught.value.__notes__[0]
    assert int(net.numbers["step"]) == ROWS // 32
    assert net.history.epochs == 0
    assert not readers()
    net.fit(good(), epochs=1, verbose=0)
    assert net.history.epochs == 1


def test_a_first_chunk_that_does_not_fit_leaves_the_network_as_it_was() -> None:
    net = network()
    with pytest.raises(DataError, match="a chunk is a str") as caught:
        net.fit(iter(["words"]), epochs=1, verbose=0)
    assert "while reading chunk 1 of epoch 1" in caught.value.__notes__[0]
    with pytest.raises(DataError) as caught:
        net.fit([(X, CLASSES - 1)], verbose=0)
    assert "while reading chunks[0]" in caught.value.__notes__[0]
    assert not net.built
    assert not readers()


def test_an_error_of_the_reading_thread_comes_to_the_caller() -> None:
    def chunks() -> Iterator[Any]:
        yield from cut(X, CLASSES)
        raise OSError("the disk is gone")

    net = network()
    with pytest.raises(OSError, match="the disk is gone") as caught:
        net.fit(chunks, epochs=1, batch_size=32, verbose=0)
    frames = [entry.name for entry in caught.traceback]
    assert frames[-1] == "chunks"  # the place in the caller's own code
    assert "while reading chunk 5 of epoch 1" in caught.value.__notes__[0]
    assert int(net.numbers["step"]) == ROWS // 32
    assert not readers()


def test_a_generator_serves_one_epoch() -> None:
    one = fitted((chunk for chunk in cut(X, CLASSES)), epochs=1)
    same(one, fitted(good(), epochs=1))
    with pytest.raises(ArgumentError, match=r"(?s)gives its chunks once, for 3 epochs.*net\.fit"):
        fitted(chunk for chunk in cut(X, CLASSES))
    spent = iter(cut(X, CLASSES))
    net = network()
    with pytest.raises(DataError, match="epoch 2 has no samples"):
        net.fit(lambda: spent, epochs=2, batch_size=32, verbose=0)
    assert net.history.epochs == 1
    with pytest.raises(DataError, match="there are no chunks"):
        net.fit(spent, epochs=1, verbose=0)


@pytest.mark.parametrize(
    ("options", "text"),
    [
        ({"validation_data": 0.2}, "validation_data=0.2 needs all samples"),
        ({"class_weight": "balanced"}, "'balanced', which needs all samples"),
        ({"batch_size": None}, "batch_size=None needs all samples"),
        ({"optimizer": "lbfgs"}, "the optimizer LBFGS.* needs all samples"),
        ({"sample_weight": np.ones(ROWS)}, "sample_weight is given beside chunks"),
        ({"y": CLASSES}, "y is given beside chunks"),
        ({"resume": True}, "resume=True"),
        ({"batch_size": 0}, "batch_size is 0"),
        ({"metrics": "roc_auc"}, "the metric roc_auc needs all samples"),
    ],
)
def test_what_needs_the_whole_data_is_refused(options: dict[str, Any], text: str) -> None:
    last = syn0.Dense(1, activation="sigmoid") if "metrics" in options else syn0.Dense(3, "softmax")
    net = syn0.Sequential(last, random_state=0)
    chunks = cut(X, CLASSES == 0) if "metrics" in options else cut(X, CLASSES)
    with pytest.raises(ArgumentError, match=text):
        net.fit(lambda: iter(chunks), **{"verbose": 0, **options})
    assert not net.built
    assert not readers()


def test_a_layer_that_measures_the_data_wants_arrays() -> None:
    with pytest.raises(ArgumentError, match="what is measured, mean_n and variance_n, needs all"):
        network(syn0.Normalization(name="n")).fit(cut(X, CLASSES), verbose=0)
    known = syn0.Normalization(mean=X.mean(axis=0), variance=X.var(axis=0))
    network(known).fit(cut(X, CLASSES), epochs=1, verbose=0)


def test_rows_of_numbers_are_not_taken_for_chunks() -> None:
    assert not are_chunks([(1.0, 2.0), (3.0, 4.0)])
    assert not are_chunks(X) and not are_chunks(None) and not are_chunks([])
    assert not are_chunks((X, X)) and not are_chunks({"a": X})
    assert not are_chunks(cut(X, CLASSES), CLASSES)  # rows that happen to look like chunks
    assert are_chunks([(X, CLASSES)]) and are_chunks([[X, CLASSES]])
    assert are_chunks([((X, X), CLASSES)]) and are_chunks([({"a": X}, CLASSES)])
    assert are_chunks(iter([])) and are_chunks(map(tuple, [])) and are_chunks(good())


@pytest.mark.parametrize("engine", ENGINES)
def test_a_step_that_is_not_finite_is_named_and_not_taken_over(engine: str) -> None:
    net = syn0.Sequential(syn0.Dense(1), random_state=0)
    chunks = [(x, x[:, 0] * 1e3) for x, _ in cut(X, CLASSES)]
    with pytest.raises(NonFiniteError, match=r"(?s)keeps the last full step.*step size"):
        net.fit(chunks, optimizer=syn0.SGD(1e12), epochs=9, batch_size=32, verbose=0, engine=engine)
    assert int(net.numbers["step"]) > 0
    assert all(np.all(np.isfinite(value)) for value in net.parameters.values())
    assert not readers()
