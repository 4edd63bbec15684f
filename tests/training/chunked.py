"""What the tests of chunks share: data cut into chunks, networks, and a small run."""

from __future__ import annotations

import itertools
import threading
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any

import numpy as np
from fakes import LinearStep, explain, new_state

import syn0
from syn0.engines import Control
from syn0.training.chunks import ChunkFeed
from syn0.training.history import History
from syn0.training.streaming import train_on_chunks

ENGINES = ("numpy", "llvm")
SIZES = (70, 130, 5, 95)
ROWS = sum(SIZES)
LONG = 20.0  # seconds that a test waits before it fails; nothing should take a tenth of it

_drawn = np.random.default_rng(3)
X = _drawn.normal(size=(ROWS, 6)).astype("float32")
CLASSES = (X[:, :3].argmax(axis=1)).astype("int64")


def cut(*columns: np.ndarray, sizes: tuple[int, ...] = SIZES) -> list[tuple[np.ndarray, ...]]:
    ends = np.cumsum(sizes)
    return [tuple(c[end - n : end] for c in columns) for n, end in zip(sizes, ends, strict=True)]


def network(*layers: Any, **options: Any) -> syn0.Sequential:
    layers = layers or (syn0.Dense(8, activation="relu", name="hidden"),)
    last = syn0.Dense(3, activation="softmax", name="output")
    return syn0.Sequential(*layers, last, **{"random_state": 0, **options})


def fitted(given: Any, y: Any = None, **options: Any) -> syn0.Sequential:
    net = network()
    net.fit(given, y, **{"epochs": 3, "batch_size": 32, "verbose": 0, **options})
    return net


def same(one: syn0.Sequential, other: syn0.Sequential) -> None:
    for name, value in one.parameters.items():
        np.testing.assert_array_equal(value, other.parameters[name], err_msg=name)
    assert dict(one.history) == dict(other.history)


def readers() -> list[threading.Thread]:
    return [t for t in threading.enumerate() if t.name == "syn0 reads ahead"]


def mapped(folder: Path, name: str, array: np.ndarray) -> np.memmap:
    file = np.memmap(folder / name, array.dtype, "w+", shape=array.shape)
    file[...] = array
    file.flush()
    return np.memmap(folder / name, array.dtype, "r", shape=array.shape)


class Fixed:
    """A source of chunks that are the same in each epoch."""

    samples = None

    def __init__(self, *chunks: Mapping[str, np.ndarray]) -> None:
        self._chunks = chunks

    def chunks(self, epoch: int) -> Iterator[Mapping[str, np.ndarray]]:
        return iter(self._chunks)


def batches(feed: ChunkFeed, epochs: int = 1) -> list[list[np.ndarray]]:
    """Return the x of each batch, epoch by epoch."""
    found, reading = [], feed.read(0, epochs)
    for _ in range(epochs):
        parts = feed.parts(itertools.takewhile(lambda chunk: chunk is not None, reading))  # type: ignore[arg-type]
        found.append([part.batch(i)["x"] for part in parts for i in range(part.steps)])
    return found


def run_fake(step: LinearStep, feed: ChunkFeed, epochs: int = 1, **options: Any) -> History:
    history = History(options.get("first_epoch", 0))
    train_on_chunks(
        step, new_state(), feed, epochs=epochs, history=history, control=Control(),
        explain=lambda failure, batch, step: explain(failure, step),
        **{"first_epoch": 0, **options},
    )  # fmt: skip
    return history
