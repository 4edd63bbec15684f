"""Arrays larger than memory, in mapped files: read in place, by blocks, and never copied."""

from __future__ import annotations

import tracemalloc
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from chunked import CLASSES, ENGINES, ROWS, X, batches, fitted, mapped, network

import syn0
from syn0 import arrays
from syn0.errors import DataError, DTypeError
from syn0.training.chunks import ChunkFeed
from syn0.training.sources import CHUNK_BYTES


def test_a_view_of_a_mapped_file_is_mapped_and_a_copy_is_not(tmp_path: Path) -> None:
    file = mapped(tmp_path, "X", X)
    np.save(tmp_path / "X.npy", X)
    for view in (file, np.asarray(file)[5:], np.load(tmp_path / "X.npy", mmap_mode="r")[:, 1:]):
        assert arrays.is_mapped(view)
    for copy in (X, file.copy(), file[np.arange(4)], file + 1, file.astype("float64")):
        assert not arrays.is_mapped(copy)


@pytest.mark.parametrize("engine", ENGINES)
def test_a_mapped_file_is_learned_from_predicted_and_measured(engine: str, tmp_path: Path) -> None:
    files = mapped(tmp_path, "X", X), mapped(tmp_path, "y", CLASSES.astype("uint8"))
    net = fitted(*files, engine=engine, validation_data=0.25, class_weight="balanced", epochs=2)
    assert set(net.history) == {"loss", "accuracy", "val_loss", "val_accuracy"}
    memory = fitted(X, CLASSES, engine=engine, validation_data=0.25, epochs=1)
    memory.set_parameters(net.parameters)
    np.testing.assert_array_equal(net.predict(files[0]), memory.predict(X))
    assert net.evaluate(*files) == memory.evaluate(X, CLASSES)
    plain = (
        fitted(*files, engine=engine, shuffle=False),
        fitted(X, CLASSES, engine=engine, shuffle=False),
    )
    for name, value in plain[0].parameters.items():
        np.testing.assert_array_equal(value, plain[1].parameters[name], err_msg=name)


def test_what_is_held_out_or_without_weight_is_not_copied(tmp_path: Path) -> None:
    file, weight = mapped(tmp_path, "X", X), (np.arange(ROWS) % 4).astype(float)
    options = {"validation_data": 0.2, "sample_weight": weight, "batch_size": 50}
    job = network()._trainer.prepare(file, CLASSES, **options)
    like = network()._trainer.prepare(X, CLASSES, **options)
    assert job.validation is not None and like.validation is not None
    for data, other in ((job.data, like.data), (job.validation[1], like.validation[1])):
        assert np.shares_memory(data.inputs["x"], file)
        assert data.samples == other.samples < ROWS
        for name, value in other.all().items():
            np.testing.assert_array_equal(data.all()[name], value)
            np.testing.assert_array_equal(data.rows(slice(3, 9)).all()[name], value[3:9])
    assert isinstance(job.feed, ChunkFeed)
    rows = np.concatenate(batches(job.feed)[0])
    np.testing.assert_array_equal(np.unique(rows, axis=0), np.unique(like.data.inputs["x"], axis=0))


def test_normalization_of_a_mapped_file(tmp_path: Path) -> None:
    net = network(syn0.Normalization(name="n"))
    net.fit(mapped(tmp_path, "X", X * 3 + 5), CLASSES, batch_size=32, epochs=1, verbose=0)
    np.testing.assert_allclose(net.parameters["mean_n"], (X * 3 + 5).mean(axis=0), rtol=1e-5)


def test_metrics_of_the_whole_set_on_a_mapped_file(tmp_path: Path) -> None:
    y = CLASSES == 0
    net = syn0.Sequential(syn0.Dense(1, activation="sigmoid"), random_state=0)
    options: dict[str, Any] = {"metrics": "roc_auc", "validation_data": 0.2, "verbose": 0}
    history = net.fit(mapped(tmp_path, "X", X), y, epochs=2, batch_size=32, **options)
    assert set(history) == {"loss", "roc_auc", "val_loss", "val_roc_auc"}


@pytest.mark.parametrize("engine", ENGINES)
def test_memory_stays_far_below_the_file(engine: str, tmp_path: Path) -> None:
    """A sparse file of 200 MB takes no room on the disk, and must take none in memory."""
    samples, features = 200_000, 250
    file = np.memmap(tmp_path / "X", "float32", "w+", shape=(samples, features))
    labels = np.memmap(tmp_path / "y", "uint8", "w+", shape=(samples,))
    file[::5000], labels[::3] = 1.0, 1
    fitted(X, CLASSES, engine=engine, validation_data=0.2)  # imports what is slow to import
    net, peaks = network(), {}
    tracemalloc.start()
    try:
        for verb, call in {
            "fit": lambda: net.fit(
                file, labels, epochs=1, batch_size=1000, validation_data=0.1, verbose=0,
                sample_weight=(np.arange(samples) % 10 > 0) * 1.0, engine=engine,
            ),
            "predict": lambda: net.predict(file),
            "evaluate": lambda: net.evaluate(file, labels),
        }.items():  # fmt: skip
            tracemalloc.reset_peak()
            call()
            peaks[verb] = tracemalloc.get_traced_memory()[1] / file.nbytes
    finally:
        tracemalloc.stop()
    assert max(peaks.values()) < 0.45, peaks
    assert peaks["fit"] > CHUNK_BYTES / file.nbytes  # something was counted


@pytest.mark.parametrize("engine", ENGINES)
def test_about_three_chunks_are_alive(engine: str) -> None:
    rows = 10_003

    def chunks() -> Iterator[Any]:
        for number in range(8):
            x = np.full((rows, 200), number, "float32")
            x[:, 0] = np.arange(rows) / rows
            yield x, np.arange(rows) % 3

    net = network()
    options: dict[str, Any] = {"batch_size": 1000, "verbose": 0, "engine": engine}
    net.fit([(np.zeros((64, 200), "float32"), np.arange(64) % 3)], epochs=1, **options)
    tracemalloc.start()
    try:
        net.fit(chunks, epochs=2, **options)
        alive = tracemalloc.get_traced_memory()[1] / (rows * 200 * 4)
    finally:
        tracemalloc.stop()
    assert 1 < alive < 3.5


def test_checks_of_a_large_array_go_by_blocks(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(arrays, "BLOCK", 100)
    numbers = np.zeros((40, 3))
    numbers[33, 2] = numbers[35, 0] = np.nan
    for check in (arrays.check_finite, lambda x, what: arrays.check_numbers(x, what, "float64")):
        with pytest.raises(DataError, match="X holds nan at row 33, column 2 and 1 more such"):
            check(numbers, "X")
    wide = np.zeros((40, 3))
    wide[39, 1] = 1e300
    for check in (arrays.check_range, arrays.check_numbers):
        with pytest.raises(DataError, match=r"X holds 1e\+300 at row 39, column 1"):
            check(wide, "X", "float32")
        check(wide, "X", "float64")
    halves = np.zeros(40)
    halves[39] = 0.5
    with pytest.raises(DTypeError, match="not whole"):
        arrays.check_integers(halves, "y")
    one_hot = np.eye(3)[np.arange(60) % 3]
    assert arrays.check_targets(one_hot, (3,), "classes") is one_hot
    one_hot[59] = 1
    with pytest.raises(DataError, match="one sums to 3"):
        arrays.check_targets(one_hot, (3,), "classes")
    starts = [start for start, _ in arrays.blocks(numbers)]
    assert starts == list(range(0, 40, 4))
