"""`cross_validate_images`: how well a network tells pictures that it has not seen."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from syn0.data.images import Images
from syn0.data.images_preparation import ImagePreparation
from syn0.data.splitting import held_in_turn, held_out
from syn0.errors import ArgumentError, DataError
from syn0.images.recipe import ImageRecipe
from syn0.images.training import Progress, fit_images
from syn0.layers import Dense, Flatten, Normalization
from syn0.model import Sequential
from syn0.optimizers import AdamW
from syn0.tables.comparison import CrossValidation, Fold, measures_of
from syn0.training.history import History

Array = NDArray[Any]
_HELD = 0.2  # of the pictures, where they are held out once
_UNSEEN = -1  # the answer for a picture that never was held out


@dataclass(frozen=True, repr=False)
class ImageValidation(CrossValidation):
    """What `cross_validate_images` found.

    Parameters
    ----------
    images : Images
        The pictures.
    answers : array of int, shape (n,)
        The class that each got from the network that had not seen it; -1 where none had.
    history : History
        Of the first network, its pictures held out measured after each epoch.
    """

    images: Images
    answers: Array
    history: History

    @property
    def confused(self) -> list[tuple[str, str, int]]:
        """Which class was taken for which other, how often, from the most frequent on."""
        labels = self.images.labels
        pairs = zip(self.images.y.tolist(), self.answers.tolist(), strict=True)
        counts = Counter((a, b) for a, b in pairs if b not in (a, _UNSEEN))
        return [(labels[a], labels[b], n) for (a, b), n in counts.most_common()]


def cross_validate_images(
    images: Images,
    *,
    folds: int = 5,
    recipe: ImageRecipe | None = None,
    random_state: int | None = 0,
    progress: Progress | None = None,
    **options: Any,
) -> ImageValidation:
    """Return how well networks trained by `fit_images` tell pictures that were held out.

    Beside each network stand a linear model of the pixels and the most frequent class.

    Parameters
    ----------
    images : Images
        The pictures.
    folds : int
        In how many parts they are held out, one after the other; 1 holds out a fifth once.
        Each part has its share of every class.
    recipe, random_state, progress, **options
        As in `fit_images`.

    Returns
    -------
    ImageValidation

    Raises
    ------
    ArgumentError
        If there are fewer pictures than twice the folds.
    DataError
        If a class has a single picture.
    """
    _check(images, folds)
    measures = measures_of(ImagePreparation.learn(images).target)
    answers, found = np.full(len(images), _UNSEEN), []
    history: History | None = None
    for number, (train, held, rows) in enumerate(_parts(images, folds, random_state)):

        def tell(done: int, total: int, what: str, before: int = number) -> None:
            if progress is not None:
                progress(before * total + done, folds * total, f"part {before + 1}, {what}")

        first = held if history is None else None
        fit = fit_images(
            train, recipe=recipe, validation=first, random_state=random_state, progress=tell,
            **options,
        )  # fmt: skip
        history = history or fit.history
        answers[rows] = fit.network.predict(held).argmax(axis=1)
        frequent = np.bincount(train.y).argmax()
        told = (answers[rows], _linear(train, held), np.full(len(held), frequent))
        net, linear, dummy = (_scores(held.y, one, measures) for one in told)
        found.append(Fold(len(held), net, linear, dummy, recipe="pictures"))
    assert history is not None
    return ImageValidation("class", measures, tuple(found), images, answers, history)


def _check(images: Images, folds: int) -> None:
    whole = isinstance(folds, int) and not isinstance(folds, bool)
    if not whole or not 1 <= folds <= len(images) // 2:
        raise ArgumentError(
            f"folds is {folds!r} for {len(images)} pictures.", where="folds=",
            expected=f"a whole number from 1 to {max(1, len(images) // 2)}",
        )  # fmt: skip
    label, count = min(images.counts.items(), key=lambda one: one[1])
    if count < 2:
        raise DataError(
            f"the class {label!r} has {count} picture, which cannot be both learned and held out.",
            where=images.source,
            expected="at least two pictures of each class",
        )


def _parts(images: Images, folds: int, seed: int | None) -> Iterator[tuple[Images, Images, Array]]:
    """Yield what is learned, what is held out, and where the latter stands."""
    if folds == 1:
        parts = iter([held_out(len(images), _HELD, seed, images.y)])
    else:
        parts = held_in_turn(len(images), folds, seed, images.y)
    for held in parts:
        yield images.take(~held), images.take(held), np.flatnonzero(held)


def _linear(train: Images, held: Images) -> Array:
    """Return the answers of one neuron a class on the pixels."""
    net = Sequential(
        Normalization(), Flatten(), Dense(len(train.labels), activation="softmax"), random_state=0
    )
    net.fit(
        train.X, train.y, epochs=30, batch_size=64, verbose=0,
        optimizer=AdamW(1e-3, weight_decay=0.1),
    )  # fmt: skip
    answers: Array = net.predict(held.X).argmax(axis=1)
    return answers


def _scores(truth: Array, answers: Array, measures: tuple[str, ...]) -> dict[str, float]:
    right = truth == answers
    by_class = [right[truth == number].mean() for number in np.unique(truth)]
    found = {"accuracy": float(right.mean()), "balanced_accuracy": float(np.mean(by_class))}
    return {name: found[name] for name in measures}
