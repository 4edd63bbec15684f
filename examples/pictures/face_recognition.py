"""Who is it? A folder of your own with a folder of portraits for each person, or Olivetti's.

    python face_recognition.py FOLDER

Without a folder it takes `picture_data.people`: five portraits of each person to learn from,
five to test, of which 96 % are right. Five pictures of a person are few: the network learns 40
people at once, and sees each portrait moved, mirrored and turned a little.
"""

from __future__ import annotations

import sys
from typing import Any

import numpy as np
import picture_data

import syn0
from syn0.data import Images, read_images
from syn0.layers import RandomCrop, RandomFlip, RandomRotation

SIZE = 64


def network(classes: int, channels: int = 1, seed: int = 0) -> syn0.Sequential:
    layers: list[Any] = [
        syn0.Input((SIZE, SIZE, channels)),
        syn0.Normalization(),
        RandomFlip("horizontal"),
        syn0.ZeroPadding2D(3),
        RandomCrop(SIZE, SIZE),
        RandomRotation(0.02, fill_mode="nearest"),
    ]
    for filters in (16, 32, 64):
        layers += [
            syn0.Conv2D(filters, 3, padding="same", activation="relu"),
            syn0.MaxPool2D(2),
        ]
    return syn0.Sequential(
        *layers,
        syn0.Flatten(),
        syn0.Dropout(0.5),
        syn0.Dense(classes, activation="softmax"),
        random_state=seed,
    )


def portraits(folder: str | None) -> Images:
    if folder is not None:
        return read_images(folder, size=SIZE, resize="crop")
    X, y = picture_data.people()
    return Images(X, y, [f"person {number:02}" for number in range(y.max() + 1)])


def main(folder: str | None = None, epochs: int = 60, seeds: int = 5) -> float:
    images = portraits(folder)
    scores = []
    for seed in range(seeds):
        learned, held = images.split(0.5, random_state=seed)
        net = network(len(images.labels), images.shape[2], seed)
        steps = epochs * -(-len(learned) // 16)
        optimizer = syn0.Adam(syn0.CosineDecay(1e-3, decay_steps=steps))
        net.fit(learned.X, learned.y, epochs=epochs, batch_size=16, optimizer=optimizer, verbose=0)
        scores.append(net.evaluate(held.X, held.y)["accuracy"])
        print(f"{100 * scores[-1]:.1f} % of {len(held)} portraits are right")
    print(f"mean of {seeds}: {100 * np.mean(scores):.1f} %")
    return float(np.mean(scores))


if __name__ == "__main__":
    main(*sys.argv[1:2])
