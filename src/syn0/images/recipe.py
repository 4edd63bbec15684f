"""A network for pictures of any size, and how it is trained."""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import Any

from syn0.data.images_preparation import ImagePreparation
from syn0.layers import (
    Conv2D,
    Dense,
    Dropout,
    Flatten,
    Input,
    MaxPool2D,
    Normalization,
    RandomCrop,
    RandomFlip,
    RandomRotation,
    ZeroPadding2D,
)
from syn0.model import Sequential
from syn0.optimizers import Adam
from syn0.schedules import CosineDecay

_SMALLEST = 6  # pixels that halving leaves at least
_MOST_HALVINGS = 5


@dataclass(frozen=True)
class ImageRecipe:
    """A network after LeNet, as deep as pictures are large, and the settings of its `fit`.

    Parameters
    ----------
    filters : int
        Of the first convolution; each halving of the image doubles them, up to four times.
    units : int
        Of the dense layer before the last.
    dropout : float
        The share of these that is dropped in training.
    shift : float
        How far pictures are moved in training, as a share of their size.
    turn : float
        How far they are turned, as a share of a full turn.
    flip : bool
        Whether they are mirrored left to right: not for letters and digits.
    steps : int
        How many updates; large sets take more, at least ten epochs.
    learning_rate : float
        At the first step; it falls to 0 along a cosine.

    Examples
    --------
    >>> recipe = ImageRecipe()
    >>> recipe.halvings(28, 28), recipe.halvings(224, 320)
    (2, 5)
    >>> recipe.training(300)["epochs"], recipe.training(300)["batch_size"]
    (79, 16)
    """

    filters: int = 32
    units: int = 128
    dropout: float = 0.5
    shift: float = 0.07
    turn: float = 0.03
    flip: bool = False
    steps: int = 1_500
    learning_rate: float = 1e-3

    def halvings(self, height: int, width: int) -> int:
        """Return how often an image is halved until about six pixels are left."""
        most = int(math.log2(max(1, min(height, width) / _SMALLEST)))
        return min(max(1, most), _MOST_HALVINGS)

    def network(self, preparation: ImagePreparation, random_state: int | None = None) -> Sequential:
        """Return the network, untrained; it takes pictures as its preparation reads them."""
        height, width, _ = preparation.shape
        layers: list[Any] = [Input(preparation.shape), Normalization(name="channels")]
        layers += self._augmentation(height, width)
        for i in range(self.halvings(height, width)):
            filters = self.filters * 2 ** min(i, 2)
            layers += [
                Conv2D(filters, 3, padding="same", activation="relu", name=f"conv_{i + 1}"),
                MaxPool2D(2, padding="same", name=f"pool_{i + 1}"),
            ]
        layers += [
            Flatten(),
            Dense(self.units, activation="relu", name="hidden"),
            Dropout(self.dropout),
            Dense(preparation.target.units, activation="softmax", name="output"),
        ]
        net = Sequential(*layers, random_state=random_state)
        net.preparation = preparation
        return net

    def _augmentation(self, height: int, width: int) -> list[Any]:
        layers: list[Any] = []
        border = round(self.shift * height), round(self.shift * width)
        if any(border):
            layers += [ZeroPadding2D(border), RandomCrop(height, width)]
        if self.turn:
            layers.append(RandomRotation(self.turn, fill_mode="constant"))
        return [*layers, RandomFlip("horizontal")] if self.flip else layers

    def training(self, pictures: int) -> dict[str, Any]:
        """Return what to give to ``fit`` for so many pictures."""
        batch_size = min(64, max(8, 2 ** int(math.log2(max(1, pictures / 16)))))
        batches = math.ceil(pictures / batch_size)
        epochs = min(200, max(10, math.ceil(self.steps / batches)))
        rate = CosineDecay(self.learning_rate, decay_steps=epochs * batches)
        return {"epochs": epochs, "batch_size": batch_size, "optimizer": Adam(rate)}


def image_network(
    preparation: ImagePreparation,
    random_state: int | None = None,
    recipe: ImageRecipe | None = None,
) -> Sequential:
    """Return a network for pictures, untrained.

    Parameters
    ----------
    preparation : ImagePreparation
        Their size and classes; the network keeps it.
    random_state : int, optional
        Its seed.
    recipe : ImageRecipe, optional
        How wide it is, and how pictures are varied.

    Examples
    --------
    >>> import numpy as np
    >>> from syn0.data import Images
    >>> images = Images(np.zeros((2, 16, 16), np.uint8), [0, 1], ["cat", "dog"])
    >>> net = image_network(ImagePreparation.learn(images), random_state=0)
    >>> net.output_shape, "conv_1" in net.layers, "conv_2" in net.layers
    ((2,), True, False)
    """
    return (recipe or ImageRecipe()).network(preparation, random_state)
