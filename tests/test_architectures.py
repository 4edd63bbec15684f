"""The networks for images: their layers, that they learn, that what they print is what runs."""

from __future__ import annotations

import math
import os
import subprocess
import sys
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from tolerances import TRAINING_RELATIVE

import syn0
from syn0.architectures import lenet, resnet, separable
from syn0.errors import ArgumentError, ShapeError

RNG = np.random.default_rng(0)
SMALL = {
    "lenet": lambda **kw: lenet((6, 8, 1), 3, **kw),
    "resnet": lambda **kw: resnet(8, 2, shape=(5, 6, 3), classes=3, **kw),
    "separable": lambda **kw: separable((6, 5, 3), 3, widths=(32, 34), **kw),
}


def shapes(net: Any, kind: type) -> list[Any]:
    return [net.layout.shapes[n] for n, layer in net.layers.items() if isinstance(layer, kind)]


def count(net: Any) -> int:
    return sum(math.prod(e.shape) for e in net.entries() if e.role == "parameter")


def test_lenet() -> None:
    net = lenet()
    assert shapes(net, syn0.Conv2D) == [(28, 28, 32), (14, 14, 64)]
    assert count(net) == 320 + 18_496 + 401_536 + 1_290


def test_resnet_has_as_many_layers_as_its_depth() -> None:
    net = resnet(20)
    around = [c for c in net.layers.values() if isinstance(c, syn0.Conv2D) and c.kernel_size == 1]
    assert len(shapes(net, syn0.Conv2D)) - len(around) + 1 == 20
    assert len(around) == 2
    sizes = sorted(set(shapes(net, syn0.Add)))
    assert sizes == [(8, 8, 64), (16, 16, 32), (32, 32, 16)]
    assert count(net) == 272_474


def test_separable_halves_where_channels_get_more() -> None:
    net = separable()
    assert shapes(net, syn0.Conv2D) == [
        (32, 32, 32), (32, 32, 32), (16, 16, 64), (16, 16, 64), (8, 8, 128), (8, 8, 128),
        (4, 4, 256),
    ]  # fmt: skip


@pytest.mark.parametrize("options", [{"depth": 21}, {"depth": 2}, {"width": 0}, {"depth": 20.0}])
def test_a_depth_that_cannot_be_is_refused(options: Any) -> None:
    with pytest.raises(ArgumentError, match="no residual network"):
        resnet(**options)


def test_images_that_are_too_small_are_refused() -> None:
    with pytest.raises(ShapeError, match="windows of 2 x 2"):
        lenet((3, 3, 1))


@pytest.mark.parametrize("name", SMALL)
def test_it_learns_and_prints_the_program_that_did(name: str, tmp_path: Path) -> None:
    net = SMALL[name](random_state=1, dtype="float64")
    y = np.arange(21) % 3
    X = RNG.normal(size=(21, *net.input_shape)) + y[:, None, None, None]
    history = net.fit(
        X, y, epochs=4, batch_size=8, verbose=0, optimizer=syn0.SGD(0.01, momentum=0.9)
    )
    assert history["loss"][-1] < 0.9 * history["loss"][0]
    program = net.save_code(tmp_path, X, y)
    names = list(net.parameters)
    program.write_text(
        program.read_text()
        + f"\nnp.savez('found.npz', **{{name: globals()[name] for name in {names}}})\n"
    )
    options = {"cwd": tmp_path, "env": {**os.environ, "PYTHONPATH": ""}}
    subprocess.run([sys.executable, "-I", program.name], check=True, capture_output=True, **options)
    allowed = TRAINING_RELATIVE["float64"]
    with np.load(tmp_path / "found.npz") as found:
        for key, expected in net.parameters.items():
            scale = np.abs(expected).max(initial=1e-3)
            np.testing.assert_allclose(found[key], expected, rtol=allowed, atol=allowed * scale)
