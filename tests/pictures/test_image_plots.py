"""Plots of pictures: filters, maps, confusions, evidence; their numbers and their mistakes."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np
import pytest

import syn0
from syn0 import plots
from syn0.errors import ArgumentError, DataError, UnknownNameError
from syn0.plots.montage import montage, shade


def network(channels: int = 1, last: str | None = "softmax", **options: Any) -> Any:
    return syn0.Sequential(
        syn0.Input((10, 12, channels)), syn0.Rescaling(1 / 255, name="scaled"),
        syn0.Conv2D(5, 3, activation="relu", name="edges"), syn0.MaxPool2D(2, name="pool"),
        syn0.Conv2D(11, 2, name="shapes"), syn0.Flatten(),
        syn0.Dense(3, activation=last, name="classes"), random_state=1, **options,
    )  # fmt: skip


def pictures(rng: np.random.Generator, count: int = 9, channels: int = 1) -> Any:
    return rng.integers(0, 256, (count, 10, 12, channels), np.uint8)


def test_filters_are_the_weights(tmp_path: Path) -> None:
    net = network()
    plot = plots.filters(net)
    wanted = np.moveaxis(net.parameters["W_edges"], 3, 0)
    np.testing.assert_array_equal(plot.values["filters"], wanted)
    (axes,) = plot.axes
    (image,) = axes.get_images()
    assert image.get_array().shape == (2 * 4, 3 * 4)
    assert -image.norm.vmin == image.norm.vmax == np.abs(wanted).max()
    assert axes.get_title(loc="left") == "edges: 5 filters of 3 x 3"
    assert plot.save(tmp_path / "filters.png").stat().st_size > 1000
    colour = plots.filters(network(3)).axes[0].get_images()[0].get_array()
    assert colour.shape == (8, 12, 3) and 0 <= colour.min() <= colour.max() <= 1


def test_maps_are_what_the_layers_put_out(rng: np.random.Generator) -> None:
    net, x = network(), pictures(rng)
    plot = plots.feature_maps(net, x[0])
    assert list(plot.values["maps"]) == ["edges", "pool", "shapes"] and len(plot.axes) == 4
    found = net.activations(x[:1])
    np.testing.assert_array_equal(plot.values["maps"]["shapes"], found["shapes"][0])
    assert plot.axes[3].get_title(loc="left") == "shapes: 8 of 11 maps, 3 x 4"
    assert list(plots.feature_maps(net, x[0], layers=["scaled"]).values["maps"]) == ["scaled"]
    with pytest.raises(UnknownNameError, match="did you mean 'shapes'"):
        plots.feature_maps(net, x[0], layers=["shape"])


def test_the_surest_mistakes_come_first(rng: np.random.Generator) -> None:
    net, x = network(), pictures(rng, 40)
    y = rng.integers(0, 3, 40)
    plot = plots.confused_images(net, x, y, labels=["a", "b", "c"], most=5)
    values = net.predict(x)
    answers = values.argmax(axis=1)
    listed = plot.values["pictures"]
    assert len(listed) == 5
    for number, true, taken, sure in listed:
        assert (true, taken) == ("abc"[y[number]], "abc"[answers[number]]) and true != taken
        assert sure == pytest.approx(values[number].max())
    rest = set(np.flatnonzero(answers != y)) - {row[0] for row in listed}
    assert min(row[3] for row in listed) >= max(values[list(rest)].max(axis=1))
    np.testing.assert_array_equal(
        plot.values["counts"], plots.confusion(net, x, y).values["counts"]
    )
    right = plots.confused_images(net, x, answers)
    assert right.values["pictures"] == []


def test_images_and_labels_of_a_folder_are_known(rng: np.random.Generator) -> None:
    net = network()
    images = syn0.data.Images(pictures(rng), np.arange(9) % 3, ("cat", "dog", "owl"))
    net.preparation = syn0.data.ImagePreparation.learn(images)
    listed = plots.confused_images(net, images, images.y).values["pictures"]
    assert listed and {row[1] for row in listed} <= {"cat", "dog", "owl"}
    assert len(plots.class_evidence(net, images.X[0], classes=["owl"]).values["evidence"]) == 1


@pytest.mark.parametrize("last", ["softmax", None])
def test_evidence_is_gradient_times_input(last: str | None, rng: np.random.Generator) -> None:
    net = network(3, last, dtype="float64")
    if last is None:
        net.fit(pictures(rng, channels=3), np.arange(9) % 3, loss="cross_entropy", epochs=1,
                verbose=0)  # fmt: skip
    x = pictures(rng, 1, 3)[0].astype(float)
    plot = plots.class_evidence(net, x, classes=[2, 0])

    def scores(picture: Any) -> Any:
        found = net.predict(picture[None])[0]
        return found if last is None else np.log(found)

    at = (4, 7)
    by_hand = np.zeros(3)
    for channel in range(3):
        step = np.zeros_like(x)
        step[(*at, channel)] = 0.01
        slope = (scores(x + step) - scores(x - step)) / 0.02
        by_hand += slope * x[(*at, channel)]
    told = {c: plot.values["evidence"][i][at] for i, c in enumerate((2, 0))}
    # Logarithms of probabilities are scores less something that all classes share.
    assert told[2] - told[0] == pytest.approx(by_hand[2] - by_hand[0], rel=1e-5)
    assert plot.values["probabilities"].sum() < 1


def test_what_cannot_be_drawn_is_said(rng: np.random.Generator) -> None:
    net = network()
    with pytest.raises(ArgumentError, match="'shapes' looks at 5 channels"):
        plots.filters(net, layer="shapes")
    with pytest.raises(ArgumentError, match="'pool' is no convolution"):
        plots.filters(net, layer="pool")
    flat = syn0.Sequential(syn0.Flatten(), syn0.Dense(1, "sigmoid"), random_state=0)
    flat.build((4, 4, 1))
    with pytest.raises(ArgumentError, match="no convolution of pictures"):
        plots.filters(flat)
    with pytest.raises(ArgumentError, match="no layer puts out images"):
        plots.feature_maps(flat, np.zeros((4, 4)))
    with pytest.raises(DataError, match="one output for two classes"):
        plots.class_evidence(flat, np.zeros((4, 4)))


def test_tiles_and_shades() -> None:
    tiles = np.arange(12.0).reshape(3, 2, 2)
    whole = montage(tiles, 2, (1, 3))
    assert whole.shape == (6, 10) and np.isnan(whole).sum() == 60 - 12
    np.testing.assert_array_equal(whole[:2, 5:7], tiles[1])
    np.testing.assert_array_equal(whole[3:5, :2], tiles[2])
    assert montage(np.zeros((1, 2, 2, 3)), 1).shape == (3, 3, 3)
    assert shade(np.uint8([[0, 255]])).tolist() == [[0.0, 1.0]]
    assert shade(np.full((2, 2), 7.0)).tolist() == [[0.0, 0.0], [0.0, 0.0]]
