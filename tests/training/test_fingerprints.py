"""What tells data from other data."""

from __future__ import annotations

import hashlib
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from conftest import seeded

from syn0.training import fingerprints
from syn0.training.fingerprints import of_array, of_chunks, of_data
from syn0.training.samples import Data
from syn0.training.sources import GivenChunks


@pytest.mark.parametrize("shape", [(), (5,), (7, 3), (4, 0), (0, 3), (3, 2, 5)])
def test_the_digest_is_that_of_the_bytes_in_their_order(
    shape: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(fingerprints, "_BLOCK", 16)
    array = seeded("digest", shape).normal(size=shape)
    digest = hashlib.sha256(array.tobytes()).hexdigest()
    assert of_array(array) == f"float64 {array.shape}, SHA-256 {digest}"
    assert of_array(np.array(array, order="F")) == of_array(array)


def test_one_bit_shape_and_dtype_count() -> None:
    one = np.arange(12, dtype="int32").reshape(3, 4)
    other = one.copy()
    other[2, 3] ^= 1
    assert len({*map(of_array, (one, other, one.reshape(4, 3), one.view("uint32")))}) == 4


def test_of_a_large_mapped_file_pieces_count(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(fingerprints, "WHOLE", 2**20)
    whole = np.zeros((300_000, 8), "float32")
    np.save(tmp_path / "x.npy", whole)
    mapped = np.load(tmp_path / "x.npy", mmap_mode="r+")
    before = of_array(mapped)
    assert before.startswith("float32 (300000, 8), SHA-256 of 64 pieces ")
    for row in (0, 299_999):
        mapped[row, 0] = 1
        assert of_array(mapped) != before
        mapped[row, 0] = 0
    assert of_array(mapped) == before


def test_weights_and_chosen_rows_are_data() -> None:
    data = Data({"x": np.ones((3, 2))}, {"y": np.zeros(3)}, np.ones(3), np.arange(3))
    names = ["x", "y", "sample_weight", "rows"]
    assert list(of_data(data)) == names
    assert list(of_data(data, "validation ")) == [f"validation {name}" for name in names]


def test_chunks_are_told_apart_where_they_can_be() -> None:
    def chunks(value: float, count: int) -> dict[str, str]:
        given = [{"x": np.full((2, 2), value)} for _ in range(count)]
        return of_chunks(GivenChunks(given, epoch=0, epochs=1, seed=0, shuffle=True))

    assert chunks(1.0, 2) == chunks(1.0, 2)
    assert len({str(chunks(*x)) for x in ((1.0, 2), (2.0, 2), (1.0, 3))}) == 3
    made = GivenChunks(lambda: iter([{"x": np.ones(2)}]), epoch=0, epochs=1, seed=0, shuffle=True)
    assert of_chunks(made) == {"chunks": "made anew in each epoch"}
