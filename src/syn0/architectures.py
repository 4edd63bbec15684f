"""Networks for images, to be used and to be read: each is a page of layers, nothing else.

They are examples: copy one, change what you like. A network takes images of one size, channels
last; its numbers are those of `Sequential` and `Model`, with all their verbs.

>>> from syn0.architectures import lenet
>>> net = lenet(random_state=0)
>>> net.layers["conv2d_1"].filters, net.output_shape
(32, (10,))
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from syn0.errors import ArgumentError
from syn0.layers import (
    Activation,
    Add,
    BatchNormalization,
    Conv2D,
    Dense,
    DepthwiseConv2D,
    Flatten,
    GlobalAveragePool2D,
    Input,
    MaxPool2D,
)
from syn0.layers.node import Node
from syn0.model import Model, Sequential
from syn0.names import is_count

Shape = Sequence[int]
# Of convolutions whose activation stands behind a batch normalization.
_PLAIN: dict[str, Any] = {"use_bias": False, "initializer": "he_normal"}


def lenet(shape: Shape = (28, 28, 1), classes: int = 10, **options: Any) -> Sequential:
    """Return a small network for digits and the like, after LeNet-5.

    Two convolutions of 3 x 3 pixels, each followed by the largest of every 2 x 2, then two
    dense layers: 421,642 parameters for digits.

    Parameters
    ----------
    shape : (int, int, int)
        Height, width and channels of an image, 4 x 4 pixels at least.
    classes : int
        How many classes to tell apart.
    **options
        Those of `Sequential`: `random_state`, `dtype`, `name`.

    References
    ----------
    LeCun et al. (1998), Gradient-based learning applied to document recognition.

    Examples
    --------
    >>> lenet((8, 8, 1), random_state=0).output_shape
    (10,)
    """
    return Sequential(
        Input(tuple(shape)),
        Conv2D(32, 3, padding="same", activation="relu"),
        MaxPool2D(2),
        Conv2D(64, 3, padding="same", activation="relu"),
        MaxPool2D(2),
        Flatten(),
        Dense(128, activation="relu"),
        Dense(classes, activation="softmax"),
        **options,
    ).build(tuple(shape))


# ----- residual networks --------------------------------------------------


def resnet(
    depth: int = 20,
    width: int = 16,
    *,
    shape: Shape = (32, 32, 3),
    classes: int = 10,
    **options: Any,
) -> Model:
    """Return a residual network for small pictures.

    A convolution, then three stages of ``(depth - 2) / 6`` blocks with `width`, twice and four
    times as many channels; the first block of the second and third stage halves the image.

    Parameters
    ----------
    depth : int
        Layers with weights on the longest way: 6 n + 2, such as 8, 20, 32, 44, 56.
    width : int
        The channels of the first stage.
    shape : (int, int, int)
        Height, width and channels of an image.
    classes : int
        How many classes to tell apart.
    **options
        Those of `Model`: `random_state`, `dtype`, `name`.

    Raises
    ------
    ArgumentError
        If there is no such depth or width.

    Notes
    -----
    Where a block changes the shape, the way around it is a convolution of 1 x 1 with batch
    normalization, option B of the publication; it has 272,474 parameters at depth 20.

    References
    ----------
    He, Zhang, Ren and Sun (2016), Deep residual learning for image recognition, section 4.2.

    Examples
    --------
    >>> net = resnet(8, 4, shape=(8, 8, 3), random_state=0)
    >>> net.layout.shapes["add_3"]
    (2, 2, 16)
    """
    if not is_count(width) or not is_count(depth) or depth % 6 != 2 or depth < 8:
        raise ArgumentError(
            f"there is no residual network with depth={depth!r}, width={width!r}.",
            expected="a depth of 6 n + 2, such as 20, and a width above 0",
        )
    image = Input(tuple(shape))
    x = Activation("relu")(_normalized(image, width, 3))
    for stage in range(3):
        for block in range((depth - 2) // 6):
            strides = 2 if stage > 0 and block == 0 else 1
            x = _residual_block(x, width * 2**stage, strides)
    scores = Dense(classes, activation="softmax")(GlobalAveragePool2D()(x))
    return Model(image, scores, **options).build(tuple(shape))


def _residual_block(x: Node, filters: int, strides: int) -> Node:
    """Add what two convolutions find to what they were given."""
    y = Activation("relu")(_normalized(x, filters, 3, strides))
    y = _normalized(y, filters, 3)
    around = x if strides == 1 else _normalized(x, filters, 1, strides)
    return Activation("relu")(Add()(y, around))


def _normalized(x: Any, filters: int, size: int, strides: int = 1) -> Node:
    """Convolve and normalize over the batch, which makes a bias useless."""
    return BatchNormalization(decay=0.9)(Conv2D(filters, size, strides, size // 2, **_PLAIN)(x))


# ----- separable convolutions ---------------------------------------------


def separable(
    shape: Shape = (32, 32, 3),
    classes: int = 10,
    *,
    widths: Sequence[int] = (32, 64, 64, 128, 128, 256),
    **options: Any,
) -> Sequential:
    """Return a network that needs few multiplications, after MobileNet.

    A convolution of 3 x 3 to 32 channels, then for each of `widths` one of 3 x 3 within each
    channel and one of 1 x 1 between them. Where the channels get more, the image is halved.

    Parameters
    ----------
    shape : (int, int, int)
        Height, width and channels of an image.
    classes : int
        How many classes to tell apart.
    widths : sequence of int
        The channels after each pair of convolutions.
    **options
        Those of `Sequential`: `random_state`, `dtype`, `name`.

    References
    ----------
    Howard et al. (2017), MobileNets: efficient convolutional neural networks for mobile vision
    applications.

    Examples
    --------
    >>> separable(random_state=0).layers["depthwise_conv2d_2"].strides
    2
    """
    layers: list[Any] = [Input(tuple(shape)), Conv2D(32, 3, padding=1, **_PLAIN), *_rectified()]
    before = 32
    for width in widths:
        strides = 2 if width > before else 1
        layers += [DepthwiseConv2D(3, strides, padding=1, **_PLAIN), *_rectified()]
        layers += [Conv2D(width, 1, **_PLAIN), *_rectified()]
        before = width
    layers += [GlobalAveragePool2D(), Dense(classes, activation="softmax")]
    return Sequential(*layers, **options).build(tuple(shape))


def _rectified() -> list[Any]:
    return [BatchNormalization(decay=0.9), Activation("relu")]
