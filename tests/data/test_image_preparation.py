"""Networks that read pictures: their bytes, the names of classes, and both in the file."""

from __future__ import annotations

import tracemalloc
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from pictures import CLASSES, folder_of, pixels, save

import syn0
from syn0.data import ImagePreparation, Images, Preparation, read_images
from syn0.errors import DataError, ShapeError


@pytest.fixture
def images(tmp_path: Path) -> Images:
    return read_images(folder_of(tmp_path / "pets"))


def network(images: Images) -> Any:
    net = syn0.Sequential(
        syn0.Normalization(), syn0.Flatten(), syn0.Dense(len(images.labels), "softmax"),
        random_state=0,
    )  # fmt: skip
    net.preparation = ImagePreparation.learn(images)
    return net


def test_images_are_taken_wherever_arrays_are(images: Images) -> None:
    net, plain = network(images), network(images)
    first = net.fit(images, epochs=3, verbose=0, validation_data=images)
    second = plain.fit(images.X, images.y, epochs=3, verbose=0)
    assert first["loss"] == second["loss"]
    answers = net.predict(images)
    np.testing.assert_array_equal(answers, plain.predict(images.X))
    assert images.paths is not None
    np.testing.assert_array_equal(net.predict(list(images.paths)), answers)
    np.testing.assert_array_equal(net.predict(str(images.paths[4])), answers[4:5])
    np.testing.assert_allclose(net.predict_one(images.paths[4]), answers[4], rtol=1e-6)
    assert net.evaluate(images)["accuracy"] == net.evaluate(images.X, images.y)["accuracy"]
    assert set(net.preparation.decode(answers)["class"]) <= set(CLASSES)


def test_the_file_knows_classes_size_and_statistics(tmp_path: Path) -> None:
    images = read_images(folder_of(tmp_path / "colour", channels=3))
    net = network(images)
    net.fit(images, epochs=1, verbose=0)
    net.save(tmp_path / "pets.syn0")
    again = syn0.load(tmp_path / "pets.syn0")
    assert again.preparation == net.preparation
    measured = again.parameters["mean_normalization_1"]
    assert len(set(measured)) == 3  # a number for each channel
    np.testing.assert_allclose(measured, images.X.mean(axis=(0, 1, 2)), rtol=1e-6)
    large = save(tmp_path / "new" / "large.png", pixels(3, (12, 15), channels=3))
    np.testing.assert_array_equal(again.predict(large), net.predict([large]))
    _, remarks = again.preparation.told_features(large)
    assert dict(remarks) == {"were resized": 1}


def test_what_a_network_cannot_read_is_said(images: Images, tmp_path: Path) -> None:
    net = network(images)
    with pytest.raises(DataError, match=r"no file '.*none\.png'"):
        net.predict("none.png")
    with pytest.raises(DataError, match="do not tell their classes"):
        net.fit([str(path) for path in images.paths or ()], verbose=0)
    other = Images(images.X, images.y, ("ape", "bee", "cow"))
    with pytest.raises(DataError, match="'ape', 'bee', 'cow'"):
        net.fit(other, verbose=0)
    with pytest.raises(ShapeError, match=r"size=\(6, 5\), channels=1"):
        net.predict(Images(images.X[:, :5], images.y, images.labels))
    net.preparation = None
    with pytest.raises(DataError, match=r"ImagePreparation\.learn\(images\)"):
        net.predict(images)
    with pytest.raises(DataError, match="all pictures are of the class 'a'"):
        ImagePreparation.learn(Images(images.X, images.y * 0, ("a",)))


@pytest.mark.parametrize(
    ("change", "text"),
    [
        (lambda p: p.update(kind="sounds"), "'kind' is 'sounds'"),
        (lambda p: p.update(format=2), "'format' is 2"),
        (lambda p: p.update(shape=[6, 5]), "height, width and channels"),
        (lambda p: p.update(shape=[6, 5, 2]), "height, width and channels"),
        (lambda p: p.update(shape=[60_000, 60_000, 3]), "height, width and channels"),
        (lambda p: p.update(shape=[6, True, 1]), "whole numbers above 0"),
        (lambda p: p.update(resize="fold"), "one of stretch, crop, pad"),
        (lambda p: p.update(more=1), "'more' that nothing reads"),
        (lambda p: p["target"].update(labels=["a", "b"]), "3|2 finite numbers"),
        (lambda p: p["target"].update(kind="amount"), "'kind' is 'amount'"),
        (lambda p: p.pop("pictures"), "'pictures' is missing"),
    ],
)
def test_a_damaged_record_is_refused(change: Any, text: str, images: Images) -> None:
    plain, arrays = ImagePreparation.learn(images).to_plain()
    change(plain)
    with pytest.raises(DataError, match=text):
        ImagePreparation.from_plain(plain, arrays)
    with pytest.raises(DataError):
        Preparation.from_plain(plain, arrays)


def test_bytes_are_not_copied_into_floats() -> None:
    rng = np.random.default_rng(0)
    images = Images(
        rng.integers(0, 256, (30_000, 40, 40), np.uint8), np.arange(30_000) % 3, CLASSES
    )
    net = network(images)
    net.build(images.shape).predict(images.X[:50])
    tracemalloc.start()
    net.fit(images, epochs=1, batch_size=50, verbose=0)
    _, most = tracemalloc.get_traced_memory()
    tracemalloc.stop()
    assert most < 1.5 * images.X.nbytes  # in float32 it would be four times that
