"""What a network takes for what, with the pictures that it is most surely wrong about."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np
from numpy.typing import NDArray

from syn0.plots.canvas import Plot, draw, fitted
from syn0.plots.classes import confusion_of, draw_confusion
from syn0.plots.montage import montage, shade, tile_corner
from syn0.plots.outputs import (
    Classifier,
    class_numbers,
    class_values,
    known_labels,
    label_texts,
)

Array = NDArray[Any]


def confused_images(
    net: Classifier, X: Any, y: Any, labels: Sequence[Any] | None = None, *, most: int = 12,
    ax: Any = None,
) -> Plot:  # fmt: skip
    """Draw how often each class is taken for each other, and the pictures that were.

    Parameters
    ----------
    net : Model
        A network for classes of pictures.
    X : array of shape (n, height, width) or (n, height, width, channels)
        Pictures, best such as it has not learned from.
    y : array
        Their true classes: numbers, one-hot rows, or the words of `labels`.
    labels : sequence, optional
        What the classes are called.
    most : int
        How many pictures: those of which the network is most sure, and wrong.
    ax : matplotlib.axes.Axes, optional
        Where to draw; a new figure by default.

    Returns
    -------
    Plot
        Its values are those of `confusion`, and ``pictures``: ``(number in X, true class,
        class that it was taken for, how surely)``, the surest first.

    Examples
    --------
    >>> import numpy as np, syn0
    >>> net = syn0.Sequential(syn0.Flatten(), syn0.Dense(2, "softmax"), random_state=0)
    >>> plot = syn0.plots.confused_images(net.build((4, 4, 1)), np.zeros((2, 4, 4)), [0, 1])
    >>> plot.values["pictures"]
    [(1, '1', '0', 0.5)]
    """
    values = class_values(net, X, "confused_images")
    count = values.shape[1]
    labels = known_labels(net, labels)
    texts = label_texts(labels, count)
    truth = class_numbers(y, count, len(values), labels)
    told = confusion_of(values, truth, texts)
    answers, sure = values.argmax(axis=1), values.max(axis=1)
    wrong = np.flatnonzero(answers != truth)
    rows = wrong[np.argsort(-sure[wrong], kind="stable")][:most]
    pixels = np.asarray(getattr(X, "X", X))[rows]

    def draws(matrix: Any, beside: Any) -> Mapping[str, Any]:
        draw_confusion(matrix, told, texts, 6.0)
        beside.set_axis_off()
        listed = [(int(i), texts[truth[i]], texts[answers[i]], float(sure[i])) for i in rows]
        if listed:
            _tell_wrong(beside, pixels, listed)
        return {**told, "pictures": listed}

    return draw(ax, (12.0, 5.6), draws, columns=2)


def _tell_wrong(axes: Any, pixels: Array, listed: Sequence[tuple[int, str, str, float]]) -> None:
    tiles = np.stack([shade(picture) for picture in pixels])
    columns = max(2, int(np.ceil(np.sqrt(len(tiles)))))
    gap = max(2, round(0.4 * tiles.shape[1])), max(1, tiles.shape[2] // 12)  # room for words
    axes.imshow(montage(tiles, columns, gap), cmap="gray", vmin=0, vmax=1)
    axes.set_title("surest and wrong: true > taken for", loc="left", fontsize="small")
    for place, (_, true, taken, sure) in enumerate(listed):
        left, top = tile_corner(place, columns, tiles.shape[1:3], gap)
        text = f"{fitted(true, 8)} > {fitted(taken, 8)}\n{100 * sure:.0f} %"
        axes.text(left, top + tiles.shape[1], text, va="top", fontsize="x-small")
