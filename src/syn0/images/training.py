"""`fit_images`: from pictures by class to a trained network, in one call."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from syn0.data.images import Images
from syn0.data.images_preparation import ImagePreparation
from syn0.images.recipe import ImageRecipe
from syn0.model import Sequential
from syn0.training.callbacks import LambdaCallback
from syn0.training.history import History

Array = NDArray[Any]
Progress = Callable[[int, int, str], object]


@dataclass(frozen=True, repr=False)
class ImageFit:
    """A network trained on pictures, and how that was done.

    Parameters
    ----------
    network : Sequential
        The trained network; its `preparation` reads pictures and names classes.
    recipe : ImageRecipe
        What it was made and trained by.
    history : History
        Of the training.
    """

    network: Sequential
    recipe: ImageRecipe
    history: History

    @property
    def preparation(self) -> ImagePreparation:
        """How pictures are read, and what the classes are called."""
        assert isinstance(self.network.preparation, ImagePreparation)
        return self.network.preparation

    def __repr__(self) -> str:
        about = self.preparation
        classes = len(about.target.labels)
        return f"<ImageFit of {classes} classes from {about.pictures:,} pictures: {self.network!r}>"

    def predict(self, images: Any) -> dict[str, Array]:
        """Return the class of each picture, and the probability of each class.

        Parameters
        ----------
        images : Images, str, Path or sequence of these paths
            The pictures.
        """
        return self.preparation.decode(self.network.predict(images))


def fit_images(
    images: Images,
    *,
    recipe: ImageRecipe | None = None,
    validation: Images | None = None,
    random_state: int | None = 0,
    progress: Progress | None = None,
    **options: Any,
) -> ImageFit:
    """Return a network trained to tell pictures apart.

    Parameters
    ----------
    images : Images
        The training pictures.
    recipe : ImageRecipe, optional
        The network, and how it is trained.
    validation : Images, optional
        Pictures to measure after each epoch, for the curve; nothing is learned from them.
    random_state : int, optional
        Seed of everything that is drawn.
    progress : callable, optional
        Called after each epoch with how many are done, of how many, and what it was.
    **options
        More of ``net.fit``, such as `epochs` and `verbose`.

    Returns
    -------
    ImageFit

    Examples
    --------
    >>> from syn0.data import Images
    >>> stripes = np.zeros((16, 8, 8), np.uint8)
    >>> stripes[:8, ::2], stripes[8:, :, ::2] = 255, 255
    >>> images = Images(stripes, np.arange(16) // 8, ["across", "down"])
    >>> found = fit_images(images, epochs=15)
    >>> bool((found.predict(images)["class"] == np.repeat(["across", "down"], 8)).all())
    True
    """
    chosen = recipe or ImageRecipe()
    seed = int(np.random.SeedSequence(random_state).generate_state(1)[0])
    net = chosen.network(ImagePreparation.learn(images), seed)
    settings: dict[str, Any] = {"verbose": 0, **chosen.training(len(images)), **options}
    if progress is not None:
        settings["callbacks"] = [*settings.get("callbacks", ()), _teller(progress, settings)]
    history = net.fit(images, validation_data=validation, **settings)
    return ImageFit(net, chosen, history)


def _teller(progress: Progress, settings: dict[str, Any]) -> LambdaCallback:
    total = settings["epochs"]

    def tell(event: Any, run: Any) -> None:
        progress(event.epoch + 1, total, f"epoch {event.epoch + 1}")

    return LambdaCallback(on_epoch_end=tell)
