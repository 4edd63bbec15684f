"""Random networks of image layers: the compiler and the printed program learn the same."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

import numpy as np
from hypothesis import given, settings
from hypothesis import strategies as st
from tolerances import TRAINING_RELATIVE

import syn0
from syn0.errors import ArgumentError, ShapeError

# ----- random layers ------------------------------------------------------

PAIRS = st.sampled_from([1, 2, 3, (1, 3), (3, 2), (2, 1)])
ACTIVATIONS = st.sampled_from([None, "tanh", "relu", "swish"])
PADDINGS = st.sampled_from(["valid", "same", "same", 1, (0, 2), ((1, 0), (2, 1))])


def _convolution(draw: Any) -> Any:
    groups = draw(st.sampled_from([1, 1, 1, 2, 3]))
    return syn0.Conv2D(
        groups * draw(st.integers(1, 5)), draw(PAIRS), draw(PAIRS), draw(PADDINGS), draw(PAIRS),
        groups, draw(ACTIVATIONS), draw(st.booleans()),
    )  # fmt: skip


def _depthwise(draw: Any) -> Any:
    return syn0.DepthwiseConv2D(
        draw(PAIRS), draw(PAIRS), draw(PADDINGS), draw(st.integers(1, 3)), draw(PAIRS),
        draw(ACTIVATIONS),
    )  # fmt: skip


def _transposed(draw: Any) -> Any:
    words = st.sampled_from(["valid", "same"])
    return syn0.Conv2DTranspose(draw(st.integers(1, 4)), draw(PAIRS), draw(PAIRS), draw(words))


def _pooling(draw: Any) -> Any:
    kind = draw(st.sampled_from([syn0.MaxPool2D, syn0.AveragePool2D]))
    return kind(draw(PAIRS), draw(st.none() | PAIRS), draw(PADDINGS))


def _resizing(draw: Any) -> Any:
    word = draw(st.sampled_from(["bilinear", "nearest"]))
    return syn0.Resize(draw(st.integers(1, 6)), draw(st.integers(1, 6)), word)


MAKERS: tuple[Callable[[Any], Any], ...] = (
    _convolution, _convolution, _convolution, _depthwise, _transposed, _pooling, _pooling,
    _resizing, lambda draw: syn0.BatchNormalization(decay=0.5), lambda draw: syn0.Dropout(0.2),
    lambda draw: syn0.ZeroPadding2D(draw(PADDINGS.filter(lambda p: not isinstance(p, str)))),
    lambda draw: syn0.Residual(syn0.DepthwiseConv2D(3, padding="same"), syn0.Activation("tanh")),
)  # fmt: skip


@dataclass
class Drawn:
    """Layers that fit on each other, and images for them."""

    layers: list[Any]
    shape: tuple[int, ...]
    rows: int
    dtype: str
    seed: int

    def network(self) -> Any:
        ends = (syn0.Flatten(), syn0.Dense(2))
        options = {"random_state": self.seed, "dtype": self.dtype}
        return syn0.Sequential(syn0.Input(self.shape), *self.layers, *ends, **options)

    def trained(self, engine: str) -> Any:
        rng = np.random.default_rng(self.seed)
        x, y = rng.normal(size=(self.rows, *self.shape)), rng.normal(size=(self.rows, 2))
        net = self.network()
        net.fit(x, y, epochs=2, batch_size=4, optimizer=syn0.SGD(0.01), verbose=0, engine=engine)
        return net


@st.composite
def image_networks(draw: Any, most: int = 9, dtypes: tuple[str, ...] = ("float64",)) -> Drawn:
    """Draw up to five layers for images of up to `most` pixels; those that do not fit are left."""
    shape = (draw(st.integers(1, most)), draw(st.integers(1, most)), draw(st.integers(1, 6)))
    drawn = Drawn([], shape, draw(st.integers(1, 9)), draw(st.sampled_from(dtypes)), 0)
    drawn.seed = draw(st.integers(0, 2**32 - 1))
    for _ in range(draw(st.integers(1, 5))):
        drawn.layers.append(draw(st.sampled_from(MAKERS))(draw))
        try:
            shapes = drawn.network().build(shape).layout.shapes.values()
            fits = all(np.prod(size) < 4000 for size in shapes)
        except (ShapeError, ArgumentError):  # groups that do not share, windows that are larger
            fits = False
        if not fits:
            drawn.layers.pop()
    return drawn


# ----- two engines --------------------------------------------------------


def check(drawn: Drawn) -> None:
    """Train on both engines and compare every parameter and statistic."""
    one, other = drawn.trained("llvm"), drawn.trained("numpy")
    allowed = TRAINING_RELATIVE[drawn.dtype]
    for key, expected in other.parameters.items():
        scale = np.abs(expected).max(initial=1e-3)
        found = one.parameters[key]
        np.testing.assert_allclose(
            found, expected, rtol=allowed, atol=allowed * scale, err_msg=f"{key} {drawn}"
        )


@settings(max_examples=3)  # and more in tests/soak
@given(image_networks())
def test_random_image_networks(drawn: Drawn) -> None:
    check(drawn)
